//! The tabular list: chapters, blocks, codes, and the notes that stand with them.

use serde::Serialize;
use std::collections::HashMap;
use strum::{EnumString, IntoStaticStr};

use crate::model::{Code, DocumentKind, UnreadList, named};

named!(NodeKind, NoteKind, DifferenceKind);

/// What a node of the tabular list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr, EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum NodeKind {
    /// A section of the introduction; its name is its type.
    Introduction,
    /// A chapter; its name is its number.
    Chapter,
    /// A block of categories; its name is its range (`A00-A09`) or, of one category, the category.
    Block,
    /// A category, subcategory or code.
    Code,
}

/// What a note of the tabular list says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr, EnumString)]
#[strum(serialize_all = "camelCase")]
pub enum NoteKind {
    /// Another term for what the code covers.
    InclusionTerm,
    /// What the level contains.
    Includes,
    /// "Not coded here": not reported together with the code, but for guideline I.A.12.a.
    Excludes1,
    /// "Not included here": may be coded beside it.
    Excludes2,
    /// The underlying condition is sequenced first.
    CodeFirst,
    /// A further code is to be used.
    UseAdditionalCode,
    /// Two codes may be required, in either sequence.
    CodeAlso,
    /// A note in prose.
    #[strum(serialize = "notes")]
    Note,
    /// Introduces the 7th characters.
    #[strum(serialize = "sevenChrNote")]
    SeventhCharacterNote,
}

impl NoteKind {
    /// Every kind, in the order in which a coder reads them.
    pub const ALL: [NoteKind; 9] = [
        NoteKind::Note,
        NoteKind::InclusionTerm,
        NoteKind::Includes,
        NoteKind::CodeFirst,
        NoteKind::UseAdditionalCode,
        NoteKind::CodeAlso,
        NoteKind::Excludes1,
        NoteKind::Excludes2,
        NoteKind::SeventhCharacterNote,
    ];
}

/// Notes of one kind that stand together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = GroupJson))]
pub struct NoteGroup {
    /// What they say.
    pub kind: NoteKind,
    /// The notes, verbatim and in their order. A first note that ends with a colon heads a list.
    pub notes: Vec<String>,
}

/// A 7th character and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = CharacterJson))]
pub struct SeventhCharacter {
    /// The character.
    pub character: char,
    /// Its meaning.
    #[serde(rename = "meaning")]
    pub text: String,
    /// Continuations of the meaning, such as "initial encounter for open fracture NOS".
    pub continuations: Vec<String>,
}

/// One row of the table of visual impairment under H54.8.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = VisualJson))]
pub struct VisualCategory {
    /// The category of visual impairment; in the first row the heading of that column.
    pub category: String,
    /// The ranges of visual acuity, one for each scale; in the first row the headings.
    pub ranges: Vec<VisualRange>,
}

/// A range of visual acuity with best possible correction.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = VisualRangeJson))]
pub struct VisualRange {
    /// Its heading, in the first row.
    pub heading: String,
    /// Maximum less than this (`6/18`); may be empty.
    pub less_than: String,
    /// Minimum equal to or better than this (`6/60`); may be empty.
    pub at_least: String,
}

/// A node of the tabular list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TabularNode {
    /// What it is.
    pub kind: NodeKind,
    /// Chapter number, block id (`C00-C14`; of a block of one category, the category) or code without dot.
    pub name: String,
    /// The name of the node that it stands below: of a category the block's, of a block the chapter's.
    /// Empty for chapters and the introduction.
    pub parent: String,
    /// Its full title, verbatim, with accents.
    pub title: String,
    /// How deep it stands: a chapter 0, a block 1, a category 2.
    pub depth: u32,
    /// A level made only to carry the placeholder X.
    pub placeholder: bool,
    /// Its notes, in their order.
    pub groups: Vec<NoteGroup>,
    /// Its own 7th characters; empty if it has none of its own.
    pub seventh_characters: Vec<SeventhCharacter>,
    /// The table of visual impairment, under H54.8 only.
    pub visual_impairment: Vec<VisualCategory>,
    /// Of a chapter, the blocks of its index: first and last category, id, title.
    pub index: Vec<BlockReference>,
}

/// A line of a chapter's index of blocks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BlockReference {
    /// First category.
    pub first: String,
    /// Last category.
    pub last: String,
    /// The block's id.
    pub id: String,
    /// The block's title, blanks folded.
    pub title: String,
}

impl TabularNode {
    /// Returns the code of a category, subcategory or code; `None` for what stands above them.
    pub fn code(&self) -> Option<Code> {
        match self.kind {
            NodeKind::Code => {
                Code::from_plain(DocumentKind::Tabular.code_set(), self.name.as_bytes())
            }
            NodeKind::Introduction | NodeKind::Chapter | NodeKind::Block => None,
        }
    }

    /// Lists its notes of one kind.
    pub fn notes(&self, kind: NoteKind) -> impl Iterator<Item = &str> {
        self.groups
            .iter()
            .filter(move |group| group.kind == kind)
            .flat_map(|group| group.notes.iter().map(String::as_str))
    }
}

/// A tabular list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tabular {
    /// The file's own version, a bare year: not a release.
    pub version: String,
    /// The introduction, chapters, blocks and codes in the order of the book, each before what stands
    /// below it.
    pub nodes: Vec<TabularNode>,
    /// What this version does not know of it.
    pub unread: UnreadList,
}

/// A code that the tabular list gives, by the rule of 7th characters, and whether it is billable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpandedCode<'t> {
    /// The node that gives it.
    pub node: &'t TabularNode,
    /// The 7th character that makes it of the node; `None` if it is the node's own code.
    pub seventh_character: Option<&'t SeventhCharacter>,
    /// The code.
    pub code: Code,
    /// Whether nothing stands below it.
    pub billable: bool,
}

impl ExpandedCode<'_> {
    /// Returns its title: the node's, and with a 7th character its meaning after a comma, as the order
    /// files write it.
    pub fn title(&self) -> String {
        match self.seventh_character {
            Some(seventh) => format!("{}, {}", self.node.title, seventh.text),
            None => self.node.title.clone(),
        }
    }
}

impl Tabular {
    /// Expands the list to the rows of the order file, in their sequence.
    ///
    /// A code without codes below it takes the 7th characters of itself or of its nearest ancestor that
    /// has some, padded with X to six characters; a padded stem is no row of its own unless it is a
    /// placeholder level. In the files from FY2021-01 on, the notes of category S06 say that its codes
    /// with 6th character 7 or 8 do not take D and S; no element says so, and the order file follows it.
    pub fn expand(&self) -> Vec<ExpandedCode<'_>> {
        let mut rows = Vec::new();
        let exempt_in_s06 = self.exempts_in_s06();
        let mut inherited: Vec<(u32, &[SeventhCharacter])> = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            while inherited
                .last()
                .is_some_and(|(depth, _)| *depth >= node.depth)
            {
                inherited.pop();
            }
            if !node.seventh_characters.is_empty() {
                inherited.push((node.depth, &node.seventh_characters));
            }
            if node.kind != NodeKind::Code {
                continue;
            }
            let Some(code) = node.code() else {
                continue;
            };
            let has_children = self
                .nodes
                .get(index + 1)
                .is_some_and(|next| next.kind == NodeKind::Code && next.depth > node.depth);
            let seventh = inherited
                .last()
                .map(|(_, characters)| *characters)
                .unwrap_or_default();
            let takes_seventh = !has_children && !seventh.is_empty() && code.len() < 7;
            rows.push(ExpandedCode {
                node,
                seventh_character: None,
                code,
                billable: !has_children && !takes_seventh,
            });
            if takes_seventh {
                let mut stem = code.as_bytes().to_vec();
                stem.resize(6, b'X');
                for character in seventh {
                    if exempt_in_s06 && is_exempt_in_s06(&stem, character.character) {
                        continue;
                    }
                    let mut full = stem.clone();
                    full.push(u8::try_from(character.character).unwrap_or(b'?'));
                    if let Some(code) = Code::from_plain(DocumentKind::Tabular.code_set(), &full) {
                        rows.push(ExpandedCode {
                            node,
                            seventh_character: Some(character),
                            code,
                            billable: true,
                        });
                    }
                }
            }
        }
        rows
    }

    /// Checks whether the notes of S06 hold the prose that exempts codes from 7th characters D and S.
    fn exempts_in_s06(&self) -> bool {
        const PROSE: &str = "7th characters D and S do not apply to codes in category S06";
        self.nodes
            .iter()
            .filter(|node| node.kind == NodeKind::Code && node.name == "S06")
            .flat_map(|node| &node.groups)
            .flat_map(|group| &group.notes)
            .any(|note| note.starts_with(PROSE))
    }
}

/// How a tabular list and the order file of the same release differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr, EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum DifferenceKind {
    /// The order file lists the code, and the tabular list does not give it.
    Missing,
    /// The tabular list gives the code, and the order file does not list it.
    Surplus,
    /// One has it as a header, the other as billable.
    Flag,
    /// From this code on the two stand in another sequence.
    Sequence,
    /// The titles differ in accents only: the order file is plain ASCII.
    Accents,
    /// The titles differ in more than accents.
    Title,
}

impl DifferenceKind {
    /// Every kind, the gravest first.
    pub const ALL: [DifferenceKind; 6] = [
        DifferenceKind::Missing,
        DifferenceKind::Surplus,
        DifferenceKind::Flag,
        DifferenceKind::Sequence,
        DifferenceKind::Title,
        DifferenceKind::Accents,
    ];

    /// Checks whether the codes differ, and not only their titles.
    pub fn is_of_codes(self) -> bool {
        !matches!(self, DifferenceKind::Accents | DifferenceKind::Title)
    }
}

/// One difference between a tabular list and the order file of the same release.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TabularDifference {
    /// In what they differ.
    pub kind: DifferenceKind,
    /// The code.
    pub code: Code,
    /// What the tabular list says: a title or `header`, `billable`; empty if it does not give the code.
    pub tabular: String,
    /// What the order file says.
    pub order_file: String,
}

/// A row of an order file, as far as the tabular list can be compared with it.
#[derive(Debug, Clone, Copy)]
pub struct ListedRow<'a> {
    /// The code.
    pub code: Code,
    /// Flag 1.
    pub billable: bool,
    /// The long title.
    pub long_title: &'a str,
}

impl Tabular {
    /// Compares the list, expanded, with the rows of the order file of the same release, in their order.
    pub fn compare<'a>(
        &self,
        rows: impl IntoIterator<Item = ListedRow<'a>>,
    ) -> Vec<TabularDifference> {
        let expanded = self.expand();
        let rows: Vec<ListedRow<'a>> = rows.into_iter().collect();
        let mut differences = Vec::new();
        let same_codes = expanded.len() == rows.len()
            && expanded.iter().zip(&rows).all(|(a, b)| a.code == b.code);
        if same_codes {
            for (given, row) in expanded.iter().zip(&rows) {
                compare_row(given, row, &mut differences);
            }
            return differences;
        }
        let listed: HashMap<Code, &ListedRow<'a>> =
            rows.iter().map(|row| (row.code, row)).collect();
        let given: HashMap<Code, &ExpandedCode<'_>> =
            expanded.iter().map(|code| (code.code, code)).collect();
        for code in &expanded {
            match listed.get(&code.code) {
                Some(row) => compare_row(code, row, &mut differences),
                None => differences.push(TabularDifference {
                    kind: DifferenceKind::Surplus,
                    code: code.code,
                    tabular: flag_word(code.billable).to_owned(),
                    order_file: String::new(),
                }),
            }
        }
        for row in rows.iter().filter(|row| !given.contains_key(&row.code)) {
            differences.push(TabularDifference {
                kind: DifferenceKind::Missing,
                code: row.code,
                tabular: String::new(),
                order_file: row.long_title.to_owned(),
            });
        }
        let common_given = expanded
            .iter()
            .map(|code| code.code)
            .filter(|code| listed.contains_key(code));
        let common_listed = rows
            .iter()
            .map(|row| row.code)
            .filter(|code| given.contains_key(code));
        if let Some((tabular, order_file)) = common_given
            .zip(common_listed)
            .find(|(tabular, listed)| tabular != listed)
        {
            differences.push(TabularDifference {
                kind: DifferenceKind::Sequence,
                code: tabular,
                tabular: tabular.as_str().to_owned(),
                order_file: order_file.as_str().to_owned(),
            });
        }
        differences
    }
}

fn compare_row(
    given: &ExpandedCode<'_>,
    row: &ListedRow<'_>,
    differences: &mut Vec<TabularDifference>,
) {
    if given.billable != row.billable {
        differences.push(TabularDifference {
            kind: DifferenceKind::Flag,
            code: given.code,
            tabular: flag_word(given.billable).to_owned(),
            order_file: flag_word(row.billable).to_owned(),
        });
    }
    // A 7-character code that is expanded has no title of its own.
    if given.seventh_character.is_some() || given.node.title == row.long_title {
        return;
    }
    let kind = if plain(&given.node.title).eq(plain(row.long_title)) {
        DifferenceKind::Accents
    } else {
        DifferenceKind::Title
    };
    differences.push(TabularDifference {
        kind,
        code: given.code,
        tabular: given.node.title.clone(),
        order_file: row.long_title.to_owned(),
    });
}

fn flag_word(billable: bool) -> &'static str {
    if billable { "billable" } else { "header" }
}

/// Returns the letters of a title as an order file writes them: without accents.
pub(super) fn plain(title: &str) -> impl Iterator<Item = char> {
    use unicode_normalization::UnicodeNormalization;
    title
        .nfd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
}

/// Checks of a stem of six characters whether the prose of S06 exempts it.
fn is_exempt_in_s06(stem: &[u8], character: char) -> bool {
    stem.starts_with(b"S06")
        && matches!(stem.last(), Some(b'7' | b'8'))
        && matches!(character, 'D' | 'S')
}
