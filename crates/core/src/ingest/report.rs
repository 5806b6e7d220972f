//! What an import is asked for, how far it has come, and what it did.

use chrono::NaiveDate;
use serde::Serialize;

use crate::error::Error;
use crate::model::{Added, CodeSet, ReleaseId, ReleaseName, ReleasePart};

/// What the user states about the files.
#[derive(Debug, Clone, Copy)]
pub struct ImportOptions {
    /// The release, where content and name do not tell it or tell it wrongly.
    pub release: Option<ReleaseName>,
    /// The code set, where content tells it wrongly.
    pub code_set: Option<CodeSet>,
    /// Take other rows for a known or stored release as a correction of it, beside the first.
    pub revision: bool,
    /// Insist on the stated release against a hash or a footer: every answer says so ever after.
    pub force: bool,
    /// Take a part of a release: every answer says so.
    pub allow_incomplete: bool,
    /// Take all or nothing.
    pub strict: bool,
    /// Store nothing, and report what would be stored.
    pub dry_run: bool,
    /// The day of the import, which is recorded.
    pub today: NaiveDate,
}

impl ImportOptions {
    /// Nothing stated.
    pub fn on(today: NaiveDate) -> ImportOptions {
        ImportOptions {
            release: None,
            code_set: None,
            revision: false,
            force: false,
            allow_incomplete: false,
            strict: false,
            dry_run: false,
            today,
        }
    }
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// What was taken, in the order of the files.
    pub taken: Vec<Imported>,
    /// What was left, and why: files of kinds that are not taken, and copies.
    pub left: Vec<Skipped>,
    /// What should have been taken and could not be.
    pub failed: Vec<Failed>,
    /// Whether nothing was stored because the user only asked what would be.
    pub dry_run: bool,
}

impl ImportReport {
    /// Checks whether anything new was stored.
    pub fn changed(&self) -> bool {
        self.taken.iter().any(|taken| taken.added.is_change())
    }
}

/// A file that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The file.
    pub file: String,
    /// What it is.
    pub kind: ReleasePart,
    /// Its code set.
    pub code_set: CodeSet,
    /// Its release.
    pub release: ReleaseId,
    /// How the release was identified: `hash`, `rows`, `archive`, `footer`, `name`,
    /// `statement`, `sample`.
    pub identified_by: &'static str,
    /// Its rows; of an addenda its lines of changes, of a document its items.
    pub rows: u64,
    /// Of an order file, its rows with flag 1.
    pub billable: u64,
    /// Whether it is new or was there already.
    pub added: Added,
    /// What the user should know of it.
    pub notes: Vec<String>,
    /// Of a document, how many things this version does not know of it; they are kept as they stand.
    pub unread: u64,
}

/// A file that was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The file.
    pub file: String,
    /// What it is, or why it was left.
    pub why: String,
}

/// A file that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// The file.
    pub file: String,
    /// The line, where the reason has one, from 1.
    pub line: Option<u64>,
    /// Why it could not be taken.
    pub why: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failed {
    /// Makes one of what an error says of a file.
    #[doc(hidden)]
    pub fn new(error: &Error) -> Failed {
        let place = error.place();
        Failed {
            file: place.map(|place| place.file.clone()).unwrap_or_default(),
            line: place.and_then(|place| place.line),
            why: error.message().to_owned(),
            hint: error.hint().map(str::to_owned),
        }
    }
}

/// How far an import has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportProgress {
    /// The files are known.
    Found {
        /// The number of order files and addenda to come.
        files: usize,
    },
    /// A file is stored, or was there already.
    Done {
        /// The file.
        file: String,
        /// The release.
        release: ReleaseId,
    },
    /// Another import is running; this one waits for it to end.
    Waiting,
    /// Everything is stored; the transaction is being ended.
    Committing,
}
