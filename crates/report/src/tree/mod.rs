//! A report as headings, sentences, lists of codes, tables, changes and sources: what is said, and in which order.
//!
//! A report is put together once, and every format renders it ([`render`](crate::render)). What a block looks like is
//! the format's affair: a terminal dims and indents, a page links codes and writes days out. Nothing here knows
//! a format.

mod changed;
mod text;

use codeyear_core::model::{Chapter, Code, Entry, FileRef, Provenance, ReleaseId};

pub use changed::{ChangedCode, ChangedNote, EditLine, Remark};
pub use text::{Span, Text, Tone, What};

pub(crate) use text::capital;

/// What is said, in order.
#[derive(Debug, Clone, Default)]
pub struct Report<'a> {
    /// The blocks.
    pub blocks: Vec<Block<'a>>,
}

/// A part of a report.
#[derive(Debug, Clone)]
pub enum Block<'a> {
    /// What the report is about: its first line.
    Title(String),
    /// What must not be overlooked.
    Banner(Banner),
    /// What the blocks after it are about, up to the next subject or heading.
    Subject(Text),
    /// Words that stand as they are.
    Line(Text),
    /// A sentence, which may lack its capital and its full stop. Its clauses stand on lines of their own or are joined by
    /// semicolons.
    Sentence(Vec<Text>),
    /// A sentence that stands apart from those before it.
    Remark(Text),
    /// The heading of a part, from 1 down.
    Heading {
        /// The level: 1 begins another subject of the report, 2 a chapter or a list.
        level: u8,
        /// The words.
        words: String,
    },
    /// A chapter or section of the book, as a heading of what follows.
    Chapter(&'static Chapter),
    /// A code, and its title, as a heading of what follows.
    CodeHeading {
        /// The code.
        code: Code,
        /// Its title.
        title: &'a str,
    },
    /// Figures.
    Table(Table),
    /// Lines of one kind.
    List(Vec<Text>),
    /// Lines below those of the list before it.
    Sublist(Vec<Text>),
    /// Lines below a subject or a heading, some of them below others.
    Items(Vec<Item>),
    /// Codes to use, or to look at.
    Codes(CodeList),
    /// Codes below a heading, or nested in the line before them.
    CodeLines {
        /// How deep they are nested.
        depth: usize,
        /// The codes.
        lines: Vec<CodeLine>,
    },
    /// A changed code.
    Change(ChangedCode<'a>),
    /// A change of the tabular list.
    NoteChange(ChangedNote<'a>),
    /// The files that say so.
    Sources(Vec<SourceFile<'a>>),
}

/// A line below a subject or a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// How deep it is nested: 0 at the top.
    pub depth: usize,
    /// How wide the sign is that begins the line it is nested in, if it stands below the words behind that sign.
    pub sign: Option<usize>,
    /// The words.
    pub text: Text,
}

impl Item {
    /// Makes a line.
    pub fn at(depth: usize, text: impl Into<Text>) -> Item {
        Item {
            depth,
            sign: None,
            text: text.into(),
        }
    }

    /// Makes a line below the words of the line above, which begins with a sign so wide.
    pub fn below_sign(width: usize, text: impl Into<Text>) -> Item {
        Item {
            sign: Some(width),
            ..Item::at(1, text)
        }
    }
}

/// What must not be overlooked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banner {
    /// Whether it is a warning about a release.
    pub is_warning: bool,
    /// The words.
    pub words: String,
}

/// Figures under headings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What is counted, as a sentence.
    pub about: Option<Text>,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows. A row may end before the last column.
    pub rows: Vec<Vec<String>>,
    /// How many rows were left out, as a sentence.
    pub more: Option<String>,
    /// How the same is counted otherwise, as a sentence.
    pub note: Option<String>,
}

impl Table {
    /// Makes a table that explains itself.
    pub fn new(
        columns: impl IntoIterator<Item = Column>,
        rows: impl IntoIterator<Item = Vec<String>>,
    ) -> Table {
        Table {
            about: None,
            columns: columns.into_iter().collect(),
            rows: rows.into_iter().collect(),
            more: None,
            note: None,
        }
    }
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub heading: &'static str,
    /// Whether a terminal leaves the heading out, because the column explains itself.
    pub is_obvious: bool,
    /// Whether it holds numbers, which stand at the right.
    pub is_number: bool,
    /// How many characters a terminal gives it; 0 if as many as it needs.
    pub width: usize,
}

impl Column {
    /// Makes the first column: what each row counts.
    pub const fn rows(heading: &'static str, width: usize) -> Column {
        Column {
            heading,
            is_obvious: false,
            is_number: false,
            width,
        }
    }

    /// Makes a column of numbers.
    pub const fn number(heading: &'static str, width: usize) -> Column {
        Column {
            heading,
            is_obvious: false,
            is_number: true,
            width,
        }
    }

    /// Makes the column one that explains itself.
    pub const fn obvious(mut self) -> Column {
        self.is_obvious = true;
        self
    }
}

/// Codes under a heading. How many are shown at once is the format's affair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeList {
    /// The heading, without capital and colon.
    pub heading: Text,
    /// What is said beside the number of codes: `split`.
    pub manner: Option<&'static str>,
    /// The codes.
    pub lines: Vec<CodeLine>,
    /// Whether no format cuts the list: a guess says nothing without all of its codes.
    pub is_whole: bool,
}

impl CodeList {
    /// Lists codes with their titles.
    pub fn of_entries(heading: impl Into<Text>, entries: &[Entry]) -> CodeList {
        CodeList {
            heading: heading.into(),
            manner: None,
            lines: entries.iter().map(CodeLine::of).collect(),
            is_whole: false,
        }
    }
}

/// A code of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeLine {
    /// The code.
    pub code: Code,
    /// Its title, or what there is to say in its place.
    pub title: String,
    /// Whether it is billable, where that is to be said.
    pub billable: Option<bool>,
    /// What rests on what.
    pub remark: Text,
}

impl CodeLine {
    /// Makes a line of an entry, of which only its title is said.
    pub fn of(entry: &Entry) -> CodeLine {
        CodeLine {
            code: entry.code,
            title: entry.long_title.clone(),
            billable: None,
            remark: Text::default(),
        }
    }
}

/// A file that a report rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceFile<'a> {
    /// The release it is of.
    pub release: ReleaseId,
    /// The file.
    pub file: &'a FileRef,
    /// How well its bytes are known, where that is known.
    pub provenance: Option<Provenance>,
}
