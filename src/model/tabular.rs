//! The tabular list: chapters, blocks, codes, and the notes that stand with them.

use crate::model::Code;

/// What a node of the tabular list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeKind {
    /// A chapter; its name is its number.
    Chapter,
    /// A block of categories; its name is its range (`A00-A09`) or, of one category, the category.
    Block,
    /// A category, subcategory or code.
    Code,
}

impl NodeKind {
    /// Gives the fixed name: `chapter`, `block`, `code`.
    pub fn name(self) -> &'static str {
        match self {
            NodeKind::Chapter => "chapter",
            NodeKind::Block => "block",
            NodeKind::Code => "code",
        }
    }
}

/// What a note of the tabular list says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoteKind {
    /// Another term for what the code covers.
    InclusionTerm,
    /// What the level contains.
    Includes,
    /// "Not coded here": never together with the code.
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
    Note,
    /// Introduces the 7th characters.
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

    /// Gives the fixed name: the element's name in the official XML.
    pub fn name(self) -> &'static str {
        match self {
            NoteKind::InclusionTerm => "inclusionTerm",
            NoteKind::Includes => "includes",
            NoteKind::Excludes1 => "excludes1",
            NoteKind::Excludes2 => "excludes2",
            NoteKind::CodeFirst => "codeFirst",
            NoteKind::UseAdditionalCode => "useAdditionalCode",
            NoteKind::CodeAlso => "codeAlso",
            NoteKind::Note => "notes",
            NoteKind::SeventhCharacterNote => "sevenChrNote",
        }
    }

    /// Finds the kind of an element.
    pub fn from_name(name: &str) -> Option<NoteKind> {
        NoteKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Notes of one kind that stand together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NoteGroup {
    /// What they say.
    pub kind: NoteKind,
    /// The notes, verbatim and in their order. A first note that ends with a colon heads a list.
    pub notes: Vec<String>,
}

/// A 7th character and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SeventhCharacter {
    /// The character.
    pub character: char,
    /// Its meaning.
    pub text: String,
    /// Continuations of the meaning, such as "initial encounter for open fracture NOS".
    pub continuations: Vec<String>,
}

/// One row of the table of visual impairment under H54.8.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct VisualCategory {
    /// The category of visual impairment; in the first row the heading of that column.
    pub category: String,
    /// The ranges of visual acuity, one for each scale; in the first row the headings.
    pub ranges: Vec<VisualRange>,
}

/// A range of visual acuity with best possible correction.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
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
    /// Chapter number, block range or dotted code.
    pub name: String,
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

/// A section of the introduction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntroSection {
    /// `title`, `subtitle` or `instruction`.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// Its notes.
    pub notes: Vec<String>,
}

/// A tabular list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tabular {
    /// The file's own version, a bare year: not a release.
    pub version: String,
    /// The introduction.
    pub introduction: Vec<IntroSection>,
    /// Chapters, blocks and codes in the order of the book, each before what stands below it.
    pub nodes: Vec<TabularNode>,
}

/// A code that the tabular list gives, by the rule of 7th characters, and whether it is billable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpandedCode {
    /// The code.
    pub code: Code,
    /// Whether nothing stands below it.
    pub billable: bool,
}

impl Tabular {
    /// Expands the list to the rows of the order file, in their sequence.
    ///
    /// A code without codes below it takes the 7th characters of itself or of its nearest ancestor that
    /// has some, padded with X to six characters; a padded stem is no row of its own unless it is a
    /// placeholder level. In the files from FY2021-01 on, the notes of category S06 say that its codes
    /// with 6th character 7 or 8 do not take D and S; no element says so, and the order file follows it.
    pub fn expand(&self) -> Vec<ExpandedCode> {
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
            let plain: Vec<u8> = node.name.bytes().filter(|byte| *byte != b'.').collect();
            let Some(code) = Code::from_plain(&plain) else {
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
                code,
                billable: !has_children && !takes_seventh,
            });
            if takes_seventh {
                let mut stem = plain;
                stem.resize(6, b'X');
                for character in seventh {
                    if exempt_in_s06 && is_exempt_in_s06(&stem, character.character) {
                        continue;
                    }
                    let mut full = stem.clone();
                    full.push(u8::try_from(character.character).unwrap_or(b'?'));
                    if let Some(code) = Code::from_plain(&full) {
                        rows.push(ExpandedCode {
                            code,
                            billable: true,
                        });
                    }
                }
            }
        }
        rows
    }

    /// Tells whether the notes of S06 hold the prose that exempts codes from 7th characters D and S.
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

/// Tells of a stem of six characters whether the prose of S06 exempts it.
fn is_exempt_in_s06(stem: &[u8], character: char) -> bool {
    stem.starts_with(b"S06")
        && matches!(stem.last(), Some(b'7' | b'8'))
        && matches!(character, 'D' | 'S')
}
