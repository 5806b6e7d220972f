//! What a search finds.

use chrono::NaiveDate;
use strum::IntoStaticStr;

use crate::model::{
    Code, CodeSet, DocumentKind, Entry, Provenance, ReleaseId, VerdictKind, Warning,
};

/// What of a code the words of a search were found in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundIn {
    /// The code itself was asked for, or the beginning of it.
    Code,
    /// Its official title.
    Title,
    /// An inclusion term of it, or of the level above a 7-character code.
    InclusionTerm {
        /// The term.
        term: String,
        /// The release whose tabular list has it, the nearest to the day asked for.
        release: ReleaseId,
    },
    /// A term of an index or table that leads to it.
    Index {
        /// Which index.
        kind: DocumentKind,
        /// The term's path.
        path: String,
        /// The release whose index has it, the nearest to the day asked for.
        release: ReleaseId,
    },
    /// A code that has a part of the meaning of another one, which older words lead to.
    NewerCode {
        /// The code that the words lead to.
        of: Code,
        /// The first day of the newer code.
        from: NaiveDate,
        /// The release whose conversion table says so.
        release: ReleaseId,
        /// The row of that table.
        row: u32,
    },
    /// A code below one that the words were found in.
    Below {
        /// The header.
        header: Code,
    },
}

/// How a found code stands on the day asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundStanding {
    /// Listed with flag 1.
    Billable,
    /// Listed with flag 0; a code below it takes its place on a claim.
    Header,
    /// Listed by an earlier release only; its last day.
    Deleted(NaiveDate),
    /// First listed by a later release; its first day.
    NotYetEffective(NaiveDate),
    /// Listed, on a day before the code set was in force.
    NotInForce,
}

impl FoundStanding {
    /// Returns the verdict.
    pub fn kind(self) -> VerdictKind {
        match self {
            FoundStanding::Billable => VerdictKind::Billable,
            FoundStanding::Header => VerdictKind::Header,
            FoundStanding::Deleted(_) => VerdictKind::Deleted,
            FoundStanding::NotYetEffective(_) => VerdictKind::NotYetEffective,
            FoundStanding::NotInForce => VerdictKind::NotInForce,
        }
    }
}

/// A code that a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundEntry {
    /// The code.
    pub code: Code,
    /// Its entry, on the day or the nearest in time.
    pub entry: Entry,
    /// How it stands on the day.
    pub standing: FoundStanding,
    /// What the words were found in.
    pub found_in: FoundIn,
    /// The words asked for that it has not, as they were typed.
    pub left_out: Vec<String>,
}

/// Why a search looked for other words than those typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum ReadAsKind {
    /// An abbreviation or shorthand of the clinic.
    Abbreviation,
    /// Words of everyday speech.
    LayWord,
    /// A misspelt word.
    Spelling,
    /// A term of the index that only says where to look.
    See,
    /// More words than a search reads: these were not searched for.
    NotRead,
}

impl ReadAsKind {
    /// Returns the fixed name: `abbreviation`, `lay-word`, `spelling`, `see`, `not-read`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// What a search read some of its words as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadAs {
    /// As they were typed.
    pub typed: String,
    /// The words looked for instead, or beside them; none of those that are not read.
    pub words: String,
    /// Why.
    pub kind: ReadAsKind,
}

/// Where else to look when a search finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookElsewhere {
    /// Another code set has codes with these words.
    CodeSet(CodeSet),
    /// Another code set, which no loaded release covers on the day, has codes with these words on the last day before it
    /// that one covers.
    NotCovered(CodeSet, NaiveDate),
    /// Codes that are not listed on the day have them: deleted ones, or those to come.
    Unlisted,
    /// The text looks like a code of a set that is not kept: its name.
    NotKept(&'static str),
    /// The text is a code that is not listed on the day; the nearest level above it that is.
    Above(Code),
}

/// What a search found, the code that a coder most likely means first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchReport {
    /// The code set.
    pub code_set: CodeSet,
    /// The words as they were asked for.
    pub words: String,
    /// What some of them were read as.
    pub read_as: Vec<ReadAs>,
    /// Where else to look; empty if codes with all words were found.
    pub elsewhere: Vec<LookElsewhere>,
    /// The day.
    pub date: NaiveDate,
    /// The release in force.
    pub release: ReleaseId,
    /// How well the file that its rows come from is known.
    pub provenance: Provenance,
    /// What was found, as many as were asked for.
    pub found: Vec<FoundEntry>,
    /// Whether there is more than was asked for.
    pub more: bool,
    /// What could make it other than it is.
    pub warnings: Vec<Warning>,
}
