//! The tables of ICD-10-PCS, from which every procedure code is built, and the definitions and index
//! that go with them.

use crate::model::index::path_to;
use crate::model::{Code, DocumentKind, UnreadList, named};
use strum::{EnumString, IntoStaticStr};

named!(PcsPointerKind);

/// How many characters a code of ICD-10-PCS has.
const CODE_LENGTH: usize = 7;

/// A value that a character of a code may have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PcsLabel {
    /// The character.
    pub character: char,
    /// What it stands for: `Percutaneous`.
    pub text: String,
}

/// One of the seven axes of classification.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PcsAxis {
    /// The position of its character in the code, from 1 to 7.
    pub position: u8,
    /// What the character says: `Body Part`, `Approach`.
    pub title: String,
    /// The values that it may have here, at least one.
    pub labels: Vec<PcsLabel>,
}

impl PcsAxis {
    /// Returns the label of a character, if it may stand here.
    pub fn label(&self, character: char) -> Option<&PcsLabel> {
        self.labels
            .iter()
            .find(|label| label.character == character)
    }
}

/// A row of a table: any value of one axis goes with any value of the others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PcsRow {
    /// The axes of positions 4 to 7.
    pub axes: [PcsAxis; 4],
}

impl PcsRow {
    /// Counts the codes that the row allows.
    pub fn code_count(&self) -> usize {
        self.axes
            .iter()
            .map(|axis| axis.labels.len())
            .fold(1, usize::saturating_mul)
    }

    /// Returns for each of the positions 4 to 7 whether the row allows the code's character there.
    fn allows(&self, characters: &[char]) -> [bool; 4] {
        let mut allows = [false; 4];
        for ((allows, axis), character) in allows
            .iter_mut()
            .zip(&self.axes)
            .zip(characters.iter().skip(3))
        {
            *allows = axis.label(*character).is_some();
        }
        allows
    }
}

/// A table: all codes with the same section, body system and operation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PcsTable {
    /// Its three characters: `027`.
    pub code: Code,
    /// The axes of positions 1 to 3, each with one label.
    pub axes: [PcsAxis; 3],
    /// The definition of the operation, if the table gives one.
    pub definition: Option<String>,
    /// Its rows, in their order.
    pub rows: Vec<PcsRow>,
}

impl PcsTable {
    /// Returns the codes of one row of this table: the last character changes fastest.
    pub fn expand_row(&self, row: &PcsRow) -> Vec<Code> {
        let mut codes = vec![self.code.as_str().to_owned()];
        for axis in &row.axes {
            codes = codes
                .iter()
                .flat_map(|start| {
                    axis.labels
                        .iter()
                        .map(move |label| format!("{start}{}", label.character))
                })
                .collect();
        }
        codes
            .iter()
            .filter_map(|code| {
                Code::from_plain(DocumentKind::PcsTables.code_set(), code.as_bytes())
            })
            .collect()
    }

    /// Returns the codes of the table, row after row.
    pub fn expand(&self) -> Vec<Code> {
        self.rows
            .iter()
            .flat_map(|row| self.expand_row(row))
            .collect()
    }
}

/// The tables of one release of ICD-10-PCS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PcsTables {
    /// The file's own version, a bare year: not a release.
    pub version: String,
    /// The file's title.
    pub title: String,
    /// The tables, in their order.
    pub tables: Vec<PcsTable>,
    /// What this version does not know of it.
    pub unread: UnreadList,
}

/// One character of a code and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PcsCharacter<'t> {
    /// Its position, from 1 to 7.
    pub position: u8,
    /// What it says: `Body Part`.
    pub axis: &'t str,
    /// The character.
    pub character: char,
    /// What it stands for: `Coronary Artery, One Artery`.
    pub label: &'t str,
}

/// The first character of a code that the tables do not allow after those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PcsStop<'t> {
    /// Its position, from 1 to 7.
    pub position: u8,
    /// What it should say: `Device`.
    pub axis: &'t str,
    /// The character.
    pub character: char,
    /// The values that may stand there after the characters before it, by character.
    pub allowed: Vec<&'t PcsLabel>,
}

/// The row of a table that comes closest to a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PcsClosestRow<'t> {
    /// The row.
    pub row: &'t PcsRow,
    /// The positions, from 4 to 7, whose characters the row does not allow.
    pub differing: Vec<u8>,
}

/// Why a code is not in the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PcsRefusal<'t> {
    /// It has not seven characters.
    Length {
        /// How many it has.
        characters: usize,
    },
    /// No table has its first character.
    NoSection(PcsStop<'t>),
    /// No table of the section has its second character.
    NoBodySystem(PcsStop<'t>),
    /// No table of the section and body system has its third character.
    NoOperation(PcsStop<'t>),
    /// The table is there, but no row of it goes on with this character after those before it.
    NotInTable {
        /// The table.
        table: &'t PcsTable,
        /// The character.
        stop: PcsStop<'t>,
        /// The row that allows the most of positions 4 to 7; of several, the one that follows the code
        /// longest, then the first. `None` only of a table without rows, which no file has.
        closest: Option<PcsClosestRow<'t>>,
    },
}

impl PcsRefusal<'_> {
    /// Returns the fixed name: `length`, `no_section`, `no_body_system`, `no_operation`, `not_in_table`.
    pub fn name(&self) -> &'static str {
        match self {
            PcsRefusal::Length { .. } => "length",
            PcsRefusal::NoSection(_) => "no_section",
            PcsRefusal::NoBodySystem(_) => "no_body_system",
            PcsRefusal::NoOperation(_) => "no_operation",
            PcsRefusal::NotInTable { .. } => "not_in_table",
        }
    }

    /// Returns the first character that is not allowed, unless the code has not seven.
    pub fn stop(&self) -> Option<&PcsStop<'_>> {
        match self {
            PcsRefusal::Length { .. } => None,
            PcsRefusal::NoSection(stop)
            | PcsRefusal::NoBodySystem(stop)
            | PcsRefusal::NoOperation(stop)
            | PcsRefusal::NotInTable { stop, .. } => Some(stop),
        }
    }
}

impl PcsTables {
    /// Finds the table of a code by its first three characters.
    pub fn table(&self, code: &Code) -> Option<&PcsTable> {
        let wanted = code.prefix(3);
        self.tables.iter().find(|table| table.code == wanted)
    }

    /// Returns every code that the tables allow, in the sequence of the order file, which for ICD-10-PCS
    /// is that of the characters. They are its billable rows.
    pub fn expand(&self) -> Vec<Code> {
        let mut codes: Vec<Code> = self.tables.iter().flat_map(PcsTable::expand).collect();
        codes.sort_unstable();
        codes
    }

    /// Returns what each of a code's seven characters stands for; `None` if the tables do not allow the
    /// code, of which [`PcsTables::refusal`] tells why.
    pub fn explain(&self, code: &Code) -> Option<Vec<PcsCharacter<'_>>> {
        let characters: Vec<char> = code.as_str().chars().collect();
        if characters.len() != CODE_LENGTH {
            return None;
        }
        let table = self.table(code)?;
        let row = table
            .rows
            .iter()
            .find(|row| row.allows(&characters) == [true; 4])?;
        table
            .axes
            .iter()
            .chain(&row.axes)
            .zip(characters)
            .map(|(axis, character)| {
                Some(PcsCharacter {
                    position: axis.position,
                    axis: &axis.title,
                    character,
                    label: &axis.label(character)?.text,
                })
            })
            .collect()
    }

    /// Returns why a code is not in the tables: which of its characters is the first that may not stand
    /// after those before it, and what may; `None` if the tables allow the code.
    pub fn refusal(&self, code: &Code) -> Option<PcsRefusal<'_>> {
        let characters: Vec<char> = code.as_str().chars().collect();
        if characters.len() != CODE_LENGTH {
            return Some(PcsRefusal::Length {
                characters: characters.len(),
            });
        }
        let Some(table) = self.table(code) else {
            return self.refusal_before_the_table(code, &characters);
        };
        // The rows that the code follows so far; a code that follows one to its end is in the tables.
        let mut rows: Vec<&PcsRow> = table.rows.iter().collect();
        for (index, character) in characters.iter().enumerate().skip(3) {
            let axes = || rows.iter().filter_map(|row| row.axes.get(index - 3));
            let stop = PcsStop {
                position: position(index),
                axis: axes().next().map_or("", |axis| axis.title.as_str()),
                character: *character,
                allowed: allowed(axes()),
            };
            rows.retain(|row| {
                let axis = row.axes.get(index - 3);
                axis.is_some_and(|axis| axis.label(*character).is_some())
            });
            if rows.is_empty() {
                return Some(PcsRefusal::NotInTable {
                    table,
                    stop,
                    closest: closest_row(table, &characters),
                });
            }
        }
        None
    }

    fn refusal_before_the_table(&self, code: &Code, characters: &[char]) -> Option<PcsRefusal<'_>> {
        for (index, character) in characters.iter().enumerate().take(3) {
            let before = code.prefix(index);
            let axes = || {
                let tables = self.tables.iter();
                tables
                    .filter(|table| table.code.prefix(index) == before)
                    .filter_map(|table| table.axes.get(index))
            };
            if axes().any(|axis| axis.label(*character).is_some()) {
                continue;
            }
            let stop = PcsStop {
                position: position(index),
                axis: axes().next().map_or("", |axis| axis.title.as_str()),
                character: *character,
                allowed: allowed(axes()),
            };
            return Some(match index {
                0 => PcsRefusal::NoSection(stop),
                1 => PcsRefusal::NoBodySystem(stop),
                _ => PcsRefusal::NoOperation(stop),
            });
        }
        None
    }
}

fn position(index: usize) -> u8 {
    u8::try_from(index + 1).unwrap_or(u8::MAX)
}

/// The labels of some axes, each once, by character.
fn allowed<'t>(axes: impl Iterator<Item = &'t PcsAxis>) -> Vec<&'t PcsLabel> {
    let mut labels: Vec<&PcsLabel> = axes.flat_map(|axis| &axis.labels).collect();
    labels.sort_by(|a, b| (a.character, &a.text).cmp(&(b.character, &b.text)));
    labels.dedup();
    labels
}

fn closest_row<'t>(table: &'t PcsTable, characters: &[char]) -> Option<PcsClosestRow<'t>> {
    let closeness = |row: &PcsRow| {
        let allows = row.allows(characters);
        let count = allows.iter().filter(|allows| **allows).count();
        let follows = allows.iter().take_while(|allows| **allows).count();
        (count, follows)
    };
    // Of equals `max_by_key` takes the last.
    let row = table.rows.iter().rev().max_by_key(|row| closeness(row))?;
    let differing = row
        .axes
        .iter()
        .zip(row.allows(characters))
        .filter(|(_, allows)| !allows)
        .map(|(axis, _)| axis.position)
        .collect();
    Some(PcsClosestRow { row, differing })
}

/// A section of the definitions, with the axes that it defines terms of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PcsSection {
    /// Its character.
    pub character: char,
    /// Its title: `Medical and Surgical`.
    pub title: String,
    /// The axes, in their order: position and title (`Operation`, `Type`, `Body Part`, `Approach`,
    /// `Device`, `Substance`, `Device / Substance / Technology`, `Type Qualifier`, `Qualifier`).
    pub axes: Vec<(u8, String)>,
}

/// A term that the definitions define or gather words under.
///
/// In section 0 the terms of position 4 are the body part key and those of position 6 the device key; in
/// section 3 those of position 6 are the substance key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PcsTerm {
    /// The character of its section.
    pub section: char,
    /// The position of its axis.
    pub position: u8,
    /// Its titles, at least one: `Abdominal Sympathetic Nerve`; several are told apart by side
    /// (`Foot Muscle, Right`, `Foot Muscle, Left`).
    pub titles: Vec<String>,
    /// What it means.
    pub definition: Option<String>,
    /// How it is meant.
    pub explanation: Option<String>,
    /// What else is coded so: other names, brand names, examples.
    pub includes: Vec<String>,
}

/// A device and the more general value that it is coded to in some body systems.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeviceAggregate {
    /// The specific device: `Autologous Arterial Tissue`.
    pub device: String,
    /// The operations: `All applicable`.
    pub operation: String,
    /// The body systems, at least one.
    pub body_systems: Vec<String>,
    /// The character of the general device.
    pub parent_character: char,
    /// The general device: `Autologous Tissue Substitute`.
    pub parent: String,
}

/// The definitions of one release of ICD-10-PCS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PcsDefinitions {
    /// The file's own version, a bare year: not a release.
    pub version: String,
    /// The file's title.
    pub title: String,
    /// The sections, in their order.
    pub sections: Vec<PcsSection>,
    /// The terms of all sections, in their order.
    pub terms: Vec<PcsTerm>,
    /// The devices that are coded to a general one.
    pub aggregates: Vec<DeviceAggregate>,
    /// What this version does not know of it.
    pub unread: UnreadList,
}

impl PcsDefinitions {
    /// Returns the title of a term's axis: `Operation`, `Body Part`, `Device`.
    pub fn axis_title(&self, term: &PcsTerm) -> Option<&str> {
        let mut sections = self.sections.iter();
        let section = sections.find(|section| section.character == term.section)?;
        let mut axes = section.axes.iter();
        axes.find(|(position, _)| *position == term.position)
            .map(|(_, title)| title.as_str())
    }
}

/// How much of a code the index gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr, EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum PcsPointerKind {
    /// A whole code, of seven characters.
    Code,
    /// The first four to six characters, to be completed by the table.
    Codes,
    /// A table, of three characters.
    #[strum(serialize = "tab")]
    Table,
}

impl PcsPointerKind {
    /// Every kind.
    pub const ALL: [PcsPointerKind; 3] = [
        PcsPointerKind::Code,
        PcsPointerKind::Codes,
        PcsPointerKind::Table,
    ];
}

/// A code, or the beginning of one, that the index gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PcsPointer {
    /// How much of a code it is.
    pub kind: PcsPointerKind,
    /// The characters.
    pub code: Code,
}

/// What a term of the index leads to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PcsReference {
    /// A code or the beginning of one.
    Pointer(PcsPointer),
    /// The term of the tables that is used for this word: `Foot Muscle, Right`; some name the table
    /// that it is used in.
    Use(String, Option<PcsPointer>),
    /// Another term: `Resection, Uterus`, with its table or codes. One text is empty in the files to
    /// FY2021-01.
    See(String, Option<PcsPointer>),
}

/// A term of the index, in the order of the book, each before the terms below it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PcsIndexTerm {
    /// The letter or digit that it stands under.
    pub letter: char,
    /// How deep it stands: a main term 0.
    pub depth: u32,
    /// Its title; one that only holds one of several references of the term above has none.
    pub title: Option<String>,
    /// Its references, in their order.
    pub references: Vec<PcsReference>,
}

/// The index of one release of ICD-10-PCS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PcsIndex {
    /// The file's own version, a bare year: not a release.
    pub version: String,
    /// The file's title.
    pub title: String,
    /// The letters and digits, in their order.
    pub letters: Vec<char>,
    /// The terms.
    pub terms: Vec<PcsIndexTerm>,
    /// What this version does not know of it.
    pub unread: UnreadList,
}

impl PcsIndex {
    /// Returns the path of the term at a position: its main term first, itself last; empty if there is no
    /// such term.
    pub fn path(&self, position: usize) -> Vec<&PcsIndexTerm> {
        path_to(&self.terms, position, |term| term.depth)
    }

    /// Returns the path of each term as one text, terms without title left out:
    /// `Bypass > Artery > Coronary > One Artery`.
    pub fn path_texts(&self) -> impl Iterator<Item = String> {
        let mut above: Vec<Option<&str>> = Vec::new();
        self.terms.iter().map(move |term| {
            above.truncate(term.depth as usize);
            above.push(term.title.as_deref());
            let titles: Vec<&str> = above.iter().copied().flatten().collect();
            titles.join(" > ")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CodeSet;
    use crate::parse::pcs::{X2U, parse_pcs_tables};

    fn code(text: &str) -> Code {
        CodeSet::Icd10Pcs.parse_code(text).unwrap()
    }

    fn shown(labels: &[&PcsLabel]) -> String {
        labels.iter().map(|label| label.character).collect()
    }

    #[test]
    fn a_table_expands_to_its_codes() {
        let tables = parse_pcs_tables(X2U.as_bytes()).unwrap();
        assert_eq!(
            tables.expand(),
            [code("X2U4079"), code("X2UQ0P9"), code("X2UR0P9")]
        );
    }

    #[test]
    fn a_code_is_explained_character_by_character() {
        let tables = parse_pcs_tables(X2U.as_bytes()).unwrap();
        let explained: Vec<(u8, &str, char, &str)> = tables
            .explain(&code("X2UR0P9"))
            .unwrap()
            .iter()
            .map(|one| (one.position, one.axis, one.character, one.label))
            .collect();
        assert_eq!(
            explained,
            [
                (1, "Section", 'X', "New Technology"),
                (2, "Body System", '2', "Cardiovascular System"),
                (3, "Operation", 'U', "Supplement"),
                (4, "Body Part", 'R', "Upper Extremity Vein, Left"),
                (5, "Approach", '0', "Open"),
                (
                    6,
                    "Device / Substance / Technology",
                    'P',
                    "Synthetic Substitute, Extraluminal Support Device"
                ),
                (7, "Qualifier", '9', "New Technology Group 9"),
            ]
        );
        assert_eq!(tables.refusal(&code("X2UR0P9")), None);
        assert_eq!(tables.explain(&code("X2U40P9")), None);
        assert_eq!(tables.explain(&code("X2U")), None);
    }

    #[test]
    fn the_first_character_that_may_not_stand_there_is_named_with_what_may() {
        let tables = parse_pcs_tables(X2U.as_bytes()).unwrap();
        for (text, name, position, axis, allowed) in [
            ("02703DZ", "no_section", 1, "Section", "X"),
            ("XW03302", "no_body_system", 2, "Body System", "2"),
            ("X2A5312", "no_operation", 3, "Operation", "U"),
            ("X2US079", "not_in_table", 4, "Body Part", "4QR"),
            ("X2U4379", "not_in_table", 5, "Approach", "0"),
            // P stands in the table, but not after body part 4.
            (
                "X2U40P9",
                "not_in_table",
                6,
                "Device / Substance / Technology",
                "7",
            ),
            ("X2UQ0P8", "not_in_table", 7, "Qualifier", "9"),
        ] {
            let code = code(text);
            let refusal = tables.refusal(&code).unwrap();
            let stop = refusal.stop().unwrap();
            assert_eq!(
                (
                    refusal.name(),
                    stop.position,
                    stop.axis,
                    shown(&stop.allowed).as_str()
                ),
                (name, position, axis, allowed),
                "{text}"
            );
            assert_eq!(
                Some(stop.character),
                text.chars().nth(usize::from(position) - 1)
            );
        }
        let refusal = tables.refusal(&code("X2U")).unwrap();
        assert_eq!(refusal, PcsRefusal::Length { characters: 3 });
        assert_eq!((refusal.name(), refusal.stop()), ("length", None));
    }

    #[test]
    fn the_closest_row_is_the_one_that_allows_most_characters() {
        let tables = parse_pcs_tables(X2U.as_bytes()).unwrap();
        let table = &tables.tables[0];
        for (text, row, differing) in [
            // Both rows allow three; the first follows the code longer.
            ("X2U40P9", 0, vec![6]),
            ("X2US0P9", 1, vec![4]),
            ("X2US079", 0, vec![4]),
            // Neither is closer: the first.
            ("X2US0Z9", 0, vec![4, 6]),
        ] {
            let code = code(text);
            let Some(PcsRefusal::NotInTable { closest, .. }) = tables.refusal(&code) else {
                panic!("{text} is in table X2U");
            };
            let closest = closest.unwrap();
            assert_eq!(closest.row, &table.rows[row], "{text}");
            assert_eq!(closest.differing, differing, "{text}");
        }
    }
}
