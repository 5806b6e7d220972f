//! The alphabetic index of ICD-10-CM and its kin: the index to external causes, the table of drugs and
//! chemicals, the table of neoplasms. They lead from words to codes.

#![allow(
    clippy::indexing_slicing,
    reason = "the modifiers of a title lie in its text"
)]

use std::ops::Range;
use strum::{EnumString, IntoStaticStr};

use crate::model::{Code, CodeSet, DocumentKind, IndexKind, UnreadList, named};

named!(ReferenceKind);

/// What a reference of a term leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr, EnumString)]
#[strum(serialize_all = "camelCase")]
pub enum ReferenceKind {
    /// The code of the term; where a manifestation follows, the code of the underlying disease.
    Code,
    /// The code of the manifestation, which comes second.
    #[strum(serialize = "manif")]
    Manifestation,
    /// Another term instead of this one.
    See,
    /// Another term that may serve better.
    SeeAlso,
    /// A category whose codes are to be looked through.
    #[strum(serialize = "seecat")]
    SeeCategory,
    /// A subcategory whose codes are to be looked through.
    #[strum(serialize = "subcat")]
    Subcategory,
}

impl ReferenceKind {
    /// Every kind.
    pub const ALL: [ReferenceKind; 6] = [
        ReferenceKind::Code,
        ReferenceKind::Manifestation,
        ReferenceKind::See,
        ReferenceKind::SeeAlso,
        ReferenceKind::SeeCategory,
        ReferenceKind::Subcategory,
    ];
}

/// A title, in which nonessential modifiers keep their place.
///
/// Nonessential modifiers stand in parentheses; their presence or absence in a diagnosis does not change
/// the code. They may stand at the end (`Abasia (-astasia) (hysterical)`), in the middle
/// (`Cancer(o)phobia`) or make up the whole title (`(taser)`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct IndexTitle {
    text: String,
    modifiers: Vec<Range<usize>>,
}

impl IndexTitle {
    /// Adds a piece that is no modifier.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds nonessential modifiers, with their parentheses.
    pub fn push_modifiers(&mut self, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        self.modifiers.push(start..self.text.len());
    }

    /// Returns the whole title as the file has it, which is without a blank before modifiers:
    /// `Abasia(-astasia) (hysterical)`.
    pub fn verbatim(&self) -> &str {
        &self.text
    }

    /// Checks whether nothing stands in it.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Returns the title's pieces in their order, and of each whether it holds nonessential modifiers.
    pub fn pieces(&self) -> Vec<(bool, &str)> {
        let mut pieces = Vec::new();
        let mut at = 0;
        for range in &self.modifiers {
            let before = &self.text[at..range.start];
            let modifiers = self.text.get(range.clone()).unwrap_or_default();
            pieces.push((false, before));
            pieces.push((true, modifiers));
            at = range.end;
        }
        pieces.push((false, &self.text[at..]));
        pieces.retain(|(_, piece)| !piece.is_empty());
        pieces
    }

    /// Returns the nonessential modifiers with their parentheses, one for each `nemod` of the file:
    /// `(-astasia) (hysterical)`.
    pub fn modifiers(&self) -> impl Iterator<Item = &str> {
        self.modifiers
            .iter()
            .filter_map(|range| self.text.get(range.clone()))
    }

    /// Returns the title without nonessential modifiers, blanks folded; the whole title if it is nothing
    /// but modifiers.
    pub fn essential(&self) -> String {
        let mut essential = String::new();
        for (is_modifier, piece) in self.pieces() {
            if !is_modifier {
                essential.push_str(piece);
            }
        }
        let essential = folded(&essential);
        if essential.is_empty() {
            folded(&self.text)
        } else {
            essential
        }
    }

    /// Returns the title as the book prints it, with a blank before modifiers.
    ///
    /// The file does not say where the book has that blank. There is none where a letter or hyphen goes
    /// on after the modifiers (`Cancer(o)phobia`) and before an ending of the word (`person(s)`); a second
    /// half of a compound word such as `road(way)` cannot be told from a word of its own and takes one.
    pub fn printed(&self) -> String {
        const ENDINGS: [&str; 17] = [
            "(s)", "(es)", "(ies)", "(e)", "(d)", "(ed)", "(ing)", "(ism)", "(ty)", "(ry)",
            "(ness)", "(is)", "(us)", "(ous)", "(ized)", "(r)", "(t)",
        ];
        let mut printed = String::new();
        let pieces = self.pieces();
        for (at, (is_modifier, piece)) in pieces.iter().enumerate() {
            let goes_on = pieces.get(at + 1).is_some_and(|(_, next)| {
                next.starts_with(|c: char| c.is_alphanumeric() || c == '-')
            });
            let is_ending = ENDINGS.iter().any(|ending| piece.starts_with(ending));
            if *is_modifier && !goes_on && !is_ending && !printed.is_empty() {
                printed.push(' ');
            }
            printed.push_str(piece);
        }
        folded(&printed)
    }
}

/// Trims a text and makes one blank of many.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A reference of a term, verbatim.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IndexReference {
    /// What it leads to.
    pub kind: ReferenceKind,
    /// Its text: a code (`A02.0`, `C43.-`), or the path of another term (`Neoplasm, skin`).
    pub text: String,
}

impl IndexReference {
    /// Reads what the reference names.
    pub fn target(&self) -> IndexTarget {
        match self.kind {
            ReferenceKind::Code | ReferenceKind::Manifestation => IndexTarget::of_code(&self.text),
            ReferenceKind::SeeCategory | ReferenceKind::Subcategory => {
                match IndexTarget::of_code(&self.text) {
                    IndexTarget::Code(code) => IndexTarget::Below(code),
                    other => other,
                }
            }
            ReferenceKind::See | ReferenceKind::SeeAlso => IndexTarget::of_see(&self.text),
        }
    }
}

/// A cell of the table of drugs or of neoplasms.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IndexCell {
    /// The column, counted from 1, which is the term itself; [`AlphabeticIndex::heading`] names it.
    pub column: u32,
    /// Its text, verbatim: a code, or `-` or `--` for none.
    pub text: String,
}

impl IndexCell {
    /// Reads what the cell names.
    pub fn target(&self) -> IndexTarget {
        IndexTarget::of_code(&self.text)
    }
}

/// What the text of a reference or cell names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum IndexTarget {
    /// One code. It need not be billable: the drug table and the external causes leave out the 7th
    /// character.
    Code(Code),
    /// A code below this one, to be chosen: `C43.-`, a category, a subcategory.
    Below(Code),
    /// Codes from one category to another (of one category, twice the same), and in words which of them:
    /// `E08-E13 with .51`, `V00-V99 with 7th character S`.
    Range {
        /// The first category.
        first: Code,
        /// The last category, with all below it.
        last: Code,
        /// Which codes of the range: `with .51`; blanks folded.
        which: String,
    },
    /// Another term, by its path of titles: `Neoplasm, skin`; blanks trimmed.
    Term(String),
    /// A level without its code, `subcategory`: the next reference of the same term has the code.
    NextReference,
    /// No code: the cell of the table says so by a dash.
    None,
    /// A text that names no code where one is due. The official files hold one: the manifestation
    /// "ventral surface of tongue and floor of mouth" under `book-leaf` in the table of neoplasms, which
    /// was meant as a part of the title.
    Unreadable(String),
}

/// Returns the code set whose codes an index leads to.
fn code_set() -> CodeSet {
    DocumentKind::Index(IndexKind::Diseases).code_set()
}

impl IndexTarget {
    /// Reads a text that is to be a code, a code with `-` for what stands below it, or dashes for none.
    pub fn of_code(text: &str) -> IndexTarget {
        let text = text.trim();
        if matches!(text, "-" | "--") {
            return IndexTarget::None;
        }
        let named = match text.strip_suffix('-') {
            Some(above) => {
                let above = above.strip_suffix('.').unwrap_or(above);
                code_set().parse_code(above).map(IndexTarget::Below)
            }
            None => code_set().parse_code(text).map(IndexTarget::Code),
        };
        named.unwrap_or_else(|_| IndexTarget::Unreadable(text.to_owned()))
    }

    /// Reads the text of a "see" or "see also": the path of another term, or codes in words.
    ///
    /// Some sentences are broken off where their last code begins, which is the next reference of the
    /// term: `subcategory`, `categories T17 and`, `subcategories T74.0,`.
    pub fn of_see(text: &str) -> IndexTarget {
        const LEVELS: [&str; 4] = ["category", "categories", "subcategory", "subcategories"];
        let text = text.trim();
        let words: Vec<&str> = text.split_whitespace().collect();
        let (says_level, words) = match words.split_first() {
            Some((first, rest)) if LEVELS.iter().any(|level| first.eq_ignore_ascii_case(level)) => {
                (true, rest)
            }
            _ => (false, words.as_slice()),
        };
        let otherwise = || {
            if says_level {
                IndexTarget::Unreadable(text.to_owned())
            } else {
                IndexTarget::Term(text.to_owned())
            }
        };
        let Some((codes, rest)) = words.split_first() else {
            return if says_level {
                IndexTarget::NextReference
            } else {
                otherwise()
            };
        };
        let codes = codes.trim_end_matches(',');
        let is_whole = rest.is_empty() || rest == ["and"];
        let is_qualified = rest.first() == Some(&"with");
        if !is_whole && !is_qualified {
            return otherwise();
        }
        let range = match codes.split_once('-') {
            Some((first, last)) if !last.is_empty() => (first, last),
            _ => (codes, codes),
        };
        let code = |text: &str| code_set().parse_code(text).ok();
        match (IndexTarget::of_code(codes), code(range.0), code(range.1)) {
            (IndexTarget::Code(code) | IndexTarget::Below(code), _, _) if is_whole => {
                IndexTarget::Below(code)
            }
            (_, Some(first), Some(last)) => IndexTarget::Range {
                first,
                last,
                which: rest.join(" "),
            },
            _ => otherwise(),
        }
    }
}

/// A term of an index, in the order of the book, each before the terms below it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IndexTerm {
    /// The letter that it stands under; `#` for what begins with a digit.
    pub letter: char,
    /// How deep it stands: a main term 0.
    pub depth: u32,
    /// Its title.
    pub title: IndexTitle,
    /// Its references, in their order.
    pub references: Vec<IndexReference>,
    /// Its cells, by column; in the two tables only.
    pub cells: Vec<IndexCell>,
}

/// The heading of a column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IndexHeading {
    /// The column, counted from 1; the table of neoplasms before 2017 names none for column 1.
    pub column: u32,
    /// Its heading: `Poisoning Assault`, `Malignant Primary`.
    pub text: String,
}

/// An index or table of ICD-10-CM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlphabeticIndex {
    /// Which it is.
    pub kind: IndexKind,
    /// The file's own version, a bare year: not a release.
    pub version: String,
    /// The title; a table has none.
    pub title: String,
    /// The headings of the columns; an index has none.
    pub headings: Vec<IndexHeading>,
    /// The letters, in their order.
    pub letters: Vec<char>,
    /// The terms.
    pub terms: Vec<IndexTerm>,
    /// What this version does not know of it.
    pub unread: UnreadList,
}

impl AlphabeticIndex {
    /// Returns the heading of a column.
    pub fn heading(&self, column: u32) -> Option<&str> {
        self.headings
            .iter()
            .find(|heading| heading.column == column)
            .map(|heading| heading.text.as_str())
    }

    /// Returns the path of the term at a position: its main term first, itself last; empty if there is no
    /// such term.
    pub fn path(&self, position: usize) -> Vec<&IndexTerm> {
        path_to(&self.terms, position, |term| term.depth)
    }

    /// Returns the path of each term, in the order of the terms.
    pub fn paths(&self) -> impl Iterator<Item = Vec<&IndexTerm>> {
        let mut path: Vec<&IndexTerm> = Vec::new();
        self.terms.iter().map(move |term| {
            path.retain(|above| above.depth < term.depth);
            path.push(term);
            path.clone()
        })
    }
}

/// Writes a path as people read it, without nonessential modifiers: `Tumor > carcinoid > liver`.
pub fn path_text(path: &[&IndexTerm]) -> String {
    let titles: Vec<String> = path.iter().map(|term| term.title.essential()).collect();
    titles.join(" > ")
}

/// Returns the path to a position of a list in which each item stands before those below it.
pub(crate) fn path_to<T>(items: &[T], position: usize, depth: impl Fn(&T) -> u32) -> Vec<&T> {
    let mut path: Vec<&T> = Vec::new();
    for item in items.iter().take(position.saturating_add(1)).rev() {
        let is_above = path.last().is_none_or(|below| depth(item) < depth(below));
        if is_above {
            path.push(item);
        }
        if depth(item) == 0 {
            break;
        }
    }
    if position >= items.len() {
        path.clear();
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(pieces: &[(bool, &str)]) -> IndexTitle {
        let mut title = IndexTitle::default();
        for (is_modifier, piece) in pieces {
            if *is_modifier {
                title.push_modifiers(piece);
            } else {
                title.push(piece);
            }
        }
        assert_eq!(title.pieces(), pieces);
        title
    }

    #[test]
    fn a_title_is_read_with_and_without_its_modifiers() {
        for (pieces, verbatim, printed, essential) in [
            (
                vec![(false, "Abasia"), (true, "(-astasia) (hysterical)")],
                "Abasia(-astasia) (hysterical)",
                "Abasia (-astasia) (hysterical)",
                "Abasia",
            ),
            (
                vec![(false, "Cancer"), (true, "(o)"), (false, "phobia")],
                "Cancer(o)phobia",
                "Cancer(o)phobia",
                "Cancerphobia",
            ),
            (
                vec![(false, "auricle"), (true, "(ear)"), (false, ", congenital")],
                "auricle(ear), congenital",
                "auricle (ear), congenital",
                "auricle, congenital",
            ),
            (
                vec![(false, "by other person"), (true, "(s) (accidental)")],
                "by other person(s) (accidental)",
                "by other person(s) (accidental)",
                "by other person",
            ),
            (
                vec![(true, "(somatoform)"), (false, " pain")],
                "(somatoform) pain",
                "(somatoform) pain",
                "pain",
            ),
            (vec![(true, "(taser)")], "(taser)", "(taser)", "(taser)"),
        ] {
            let title = title(&pieces);
            assert_eq!(title.verbatim(), verbatim);
            assert_eq!(title.printed(), printed);
            assert_eq!(title.essential(), essential);
        }
    }

    fn code(text: &str) -> Code {
        CodeSet::Icd10Cm.parse_code(text).unwrap()
    }

    fn range(first: &str, last: &str, which: &str) -> IndexTarget {
        IndexTarget::Range {
            first: code(first),
            last: code(last),
            which: which.to_owned(),
        }
    }

    #[test]
    fn every_way_in_which_the_files_name_codes_is_read() {
        for (text, target) in [
            ("A02.0", IndexTarget::Code(code("A02.0"))),
            ("T36.0X1", IndexTarget::Code(code("T36.0X1"))),
            ("F02.81 ", IndexTarget::Code(code("F02.81"))),
            ("C43.-", IndexTarget::Below(code("C43"))),
            ("C44.00-", IndexTarget::Below(code("C44.00"))),
            ("O46.8X-", IndexTarget::Below(code("O46.8X"))),
            ("-", IndexTarget::None),
            ("--", IndexTarget::None),
            (
                "ventral surface of tongue and floor of mouth",
                IndexTarget::Unreadable("ventral surface of tongue and floor of mouth".into()),
            ),
        ] {
            assert_eq!(IndexTarget::of_code(text), target, "{text:?}");
        }
        for (text, target) in [
            ("Neoplasm, skin", IndexTarget::Term("Neoplasm, skin".into())),
            ("Category C92", IndexTarget::Below(code("C92"))),
            ("subcategory M14.8-", IndexTarget::Below(code("M14.8"))),
            ("categories T17 and", IndexTarget::Below(code("T17"))),
            ("subcategories T74.0,", IndexTarget::Below(code("T74.0"))),
            ("subcategory", IndexTarget::NextReference),
            (" category", IndexTarget::NextReference),
            ("categories  O03-O06", range("O03", "O06", "")),
            ("E08-E13 with  .51", range("E08", "E13", "with .51")),
            (
                " N00-N07 with fourth character .2",
                range("N00", "N07", "with fourth character .2"),
            ),
            (
                "categories F11-F19 with .x5x",
                range("F11", "F19", "with .x5x"),
            ),
            (
                "Y35 with 7th character S",
                range("Y35", "Y35", "with 7th character S"),
            ),
            (
                "Table of Drugs and Chemicals, categories T36-T50, with 6th character 5",
                IndexTarget::Term(
                    "Table of Drugs and Chemicals, categories T36-T50, with 6th character 5".into(),
                ),
            ),
        ] {
            assert_eq!(IndexTarget::of_see(text), target, "{text:?}");
        }
    }

    #[test]
    fn a_category_to_see_names_what_stands_below_it() {
        let reference = IndexReference {
            kind: ReferenceKind::SeeCategory,
            text: "E09".into(),
        };
        assert_eq!(reference.target(), IndexTarget::Below(code("E09")));
    }

    #[test]
    fn a_path_goes_from_the_main_term_down() {
        let term = |depth, text: &str| IndexTerm {
            letter: 'T',
            depth,
            title: title(&[(false, text)]),
            references: Vec::new(),
            cells: Vec::new(),
        };
        let index = AlphabeticIndex {
            kind: IndexKind::Diseases,
            version: "2017".into(),
            title: "ICD-10-CM INDEX TO DISEASES and INJURIES".into(),
            headings: Vec::new(),
            letters: vec!['T'],
            terms: vec![
                term(0, "Tumor"),
                term(1, "Brenner"),
                term(2, "borderline malignancy"),
                term(1, "carcinoid"),
                term(2, "benign"),
                term(2, "malignant"),
                term(0, "Tumorlet"),
            ],
            unread: UnreadList::default(),
        };
        let texts: Vec<String> = index.paths().map(|path| path_text(&path)).collect();
        assert_eq!(texts[5], "Tumor > carcinoid > malignant");
        assert_eq!(texts[6], "Tumorlet");
        for (position, text) in texts.iter().enumerate() {
            assert_eq!(&path_text(&index.path(position)), text);
        }
        assert!(index.path(7).is_empty());
    }

    #[test]
    fn names_are_found_again() {
        for kind in IndexKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        for kind in ReferenceKind::ALL {
            assert_eq!(kind.name().parse().ok(), Some(kind));
        }
        assert!("drugs".parse::<IndexKind>().is_err());
    }
}
