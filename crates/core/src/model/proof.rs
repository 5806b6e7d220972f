//! How a verification ended: of a release, and of the database as its imports left it.

use chrono::NaiveDate;
use serde::Serialize;
use strum::{EnumString, IntoStaticStr};

use crate::model::{ReleaseId, named};

named!(ProofSubject, ProofOutcome);

/// What was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum ProofSubject {
    /// The order file, written back from the store, has the hash of the official file.
    OrderFile,
    /// The order addenda, replayed on its base, gives the release.
    OrderAddenda,
}

/// How a verification ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum ProofOutcome {
    /// Everything agrees.
    Exact,
    /// Every code and flag agrees; some titles differ between the official files themselves.
    Near,
    /// Something does not agree.
    Failed,
    /// It could not be checked: no addenda, or its base is not loaded.
    NotChecked,
}

/// A stored outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = ProofJson))]
pub struct Proof {
    /// What was verified.
    pub subject: ProofSubject,
    /// The release that an addenda was replayed on.
    pub base: Option<ReleaseId>,
    /// How it ended.
    pub outcome: ProofOutcome,
    /// In words.
    pub detail: String,
    /// The day of the verification.
    pub checked_on: NaiveDate,
}

impl Proof {
    /// Returns the proof of a release that decides whether it is verified: the worst of all.
    pub fn deciding(proofs: &[Proof]) -> Option<&Proof> {
        let rank = |proof: &&Proof| match proof.outcome {
            ProofOutcome::Failed => 0,
            ProofOutcome::Near => 1,
            ProofOutcome::NotChecked => 2,
            ProofOutcome::Exact => 3,
        };
        proofs.iter().min_by_key(rank)
    }
}

/// What is not as the imports left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreFault {
    /// SQLite finds the file damaged, in its words.
    File(String),
    /// A table, index or view is missing, is another or does not belong here: its name.
    Schema(String),
    /// Rows of a table name rows of another that are not there.
    Reference {
        /// The table.
        table: String,
        /// The other table.
        names: String,
        /// How many rows do.
        rows: u64,
    },
    /// Rows of a table are not those that were imported: some were changed, added or removed.
    Rows {
        /// The table.
        table: String,
        /// The key that its rows are told apart by, with the first and the last one of the segment; `None` for
        /// a small table, which has one segment.
        keys: Option<(&'static str, i64, i64)>,
    },
    /// Rows of a table that no import is known to have added, or digests of no rows.
    Strangers {
        /// The table.
        table: String,
    },
    /// Something could not be read at all: what, and why.
    Unreadable(String),
}

impl StoreFault {
    /// Returns the fixed name: `file`, `schema`, `reference`, `rows`, `unknown-rows`, `unreadable`.
    pub fn name(&self) -> &'static str {
        match self {
            StoreFault::File(_) => "file",
            StoreFault::Schema(_) => "schema",
            StoreFault::Reference { .. } => "reference",
            StoreFault::Rows { .. } => "rows",
            StoreFault::Strangers { .. } => "unknown-rows",
            StoreFault::Unreadable(_) => "unreadable",
        }
    }

    /// Returns the table that it is about, if it is about one.
    pub fn table(&self) -> Option<&str> {
        match self {
            StoreFault::Reference { table, .. }
            | StoreFault::Rows { table, .. }
            | StoreFault::Strangers { table } => Some(table),
            StoreFault::File(_) | StoreFault::Schema(_) | StoreFault::Unreadable(_) => None,
        }
    }

    /// Returns it in words.
    pub fn detail(&self) -> String {
        match self {
            StoreFault::File(report) => format!("SQLite finds the file damaged: {report}"),
            StoreFault::Schema(name) => format!("{name} is not what this program's schema has"),
            StoreFault::Reference { table, names, rows } => {
                format!("{rows} rows of {table} name rows of {names} that are not there")
            }
            StoreFault::Rows { table, keys: None } => {
                format!("rows of {table} are not those that were stored")
            }
            StoreFault::Rows {
                table,
                keys: Some((key, first, last)),
            } => format!(
                "rows of {table} with {key} {first} to {last} are not those that were imported"
            ),
            StoreFault::Strangers { table } => {
                format!("{table} holds rows that no import has added, or lacks rows")
            }
            StoreFault::Unreadable(what) => what.clone(),
        }
    }
}

/// Whether the database is as its imports left it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreProof {
    /// What is not.
    pub faults: Vec<StoreFault>,
    /// The tables whose rows were hashed.
    pub tables: u64,
    /// The rows that were hashed.
    pub rows: u64,
}
