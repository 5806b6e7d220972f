//! The stored outcomes of verification.

use chrono::NaiveDate;
use rusqlite::params;

use super::{Store, rows};
use crate::error::Result;
use crate::model::{CodeSet, ReleaseId};

/// What was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofSubject {
    /// The order file, written back from the store, has the hash of the official file.
    OrderFile,
    /// The order addenda, replayed on its base, gives the release.
    OrderAddenda,
}

impl ProofSubject {
    /// Gives the fixed name: `order_file`, `order_addenda`.
    pub fn name(self) -> &'static str {
        match self {
            ProofSubject::OrderFile => "order_file",
            ProofSubject::OrderAddenda => "order_addenda",
        }
    }
}

/// How a verification ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

impl ProofOutcome {
    /// Gives the fixed name: `exact`, `near`, `failed`, `not-checked`.
    pub fn name(self) -> &'static str {
        match self {
            ProofOutcome::Exact => "exact",
            ProofOutcome::Near => "near",
            ProofOutcome::Failed => "failed",
            ProofOutcome::NotChecked => "not-checked",
        }
    }

    pub(super) fn from_name(name: &str) -> ProofOutcome {
        match name {
            "exact" => ProofOutcome::Exact,
            "near" => ProofOutcome::Near,
            "failed" => ProofOutcome::Failed,
            _ => ProofOutcome::NotChecked,
        }
    }
}

/// A stored outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl Store {
    /// Keeps the outcome of a verification.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be written.
    pub fn record_proof(&self, code_set: CodeSet, id: ReleaseId, proof: &Proof) -> Result<()> {
        let record = || -> rusqlite::Result<()> {
            let release = rows::release_number(&self.connection, code_set, id)?;
            self.connection.execute(
                "INSERT OR REPLACE INTO proof (release, subject, base, outcome, detail, checked_on) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    release,
                    proof.subject.name(),
                    proof.base.map(|base| base.to_string()),
                    proof.outcome.name(),
                    proof.detail,
                    proof.checked_on.to_string(),
                ],
            )?;
            Ok(())
        };
        record().map_err(|error| self.error(error))
    }
}
