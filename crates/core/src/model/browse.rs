//! The book as it is browsed on a day: chapters, blocks and categories; sections, body systems and tables.

use chrono::NaiveDate;

use crate::model::{Basis, CodeSet, DocumentSource, Entry, NoteGroup, PlaceInBook, Warning};

/// How many codes a level of the book holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holding {
    /// Its rows in the listing, headers and itself included.
    pub codes: u64,
    /// Those with flag 1.
    pub billable: u64,
}

impl Holding {
    /// Adds what another level holds.
    pub fn add(&mut self, other: Holding) {
        self.codes += other.codes;
        self.billable += other.billable;
    }
}

/// A category of ICD-10-CM or a table of ICD-10-PCS with what stands below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowsedCode {
    /// Its entry.
    pub entry: Entry,
    /// What stands at and below it.
    pub holds: Holding,
}

/// A chapter, section, block or body system that can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowsedPlace {
    /// What it is. The title of a body system is empty where no tables are loaded that would name it.
    pub place: PlaceInBook,
    /// Its first and last category, as the book writes them: `C00-D49`; empty for ICD-10-PCS.
    pub range: String,
    /// The block that reaches over this one, such as C00-C96 over C00-C14.
    pub within: Option<String>,
    /// What it holds.
    pub holds: Holding,
}

/// One level of the book on a day, with what stands directly below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browse {
    /// The code set.
    pub code_set: CodeSet,
    /// The day.
    pub date: NaiveDate,
    /// The release in force, with the file that its rows come from.
    pub basis: Basis,
    /// The levels down to this one, itself last; empty for the whole book.
    pub breadcrumb: Vec<PlaceInBook>,
    /// The document that blocks, or the titles of body systems, come from; `None` where none is needed.
    pub consulted: Option<DocumentSource>,
    /// The notes that stand at this level, in their order.
    pub notes: Vec<NoteGroup>,
    /// The chapters, sections, blocks or body systems below it, in the order of the book.
    pub places: Vec<BrowsedPlace>,
    /// The categories or tables directly below it, in the order of the book.
    pub categories: Vec<BrowsedCode>,
    /// What could make it other than it is.
    pub warnings: Vec<Warning>,
}
