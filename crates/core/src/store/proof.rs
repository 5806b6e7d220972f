//! The stored outcomes of verification.

use rusqlite::{Transaction, TransactionBehavior, params};

use super::database::Store;
use super::{digests, rows};
use crate::error::Result;
use crate::model::{CodeSet, Proof, ReleaseId};

impl Store {
    /// Stores the outcomes of a verification: those of each release take the place of its earlier ones. All or
    /// nothing.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be written, [`crate::ErrorKind::Busy`] if another
    /// program writes to it.
    pub fn record_proofs(&self, outcomes: &[(CodeSet, ReleaseId, Vec<Proof>)]) -> Result<()> {
        let record = || -> rusqlite::Result<()> {
            let transaction =
                Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
            // Outcomes that someone changed are dropped, not covered up.
            if !digests::is_whole(&transaction, "proof")? {
                transaction.execute("DELETE FROM proof", [])?;
            }
            for (code_set, id, proofs) in outcomes {
                let release = rows::release_number(&transaction, *code_set, *id)?;
                transaction.execute("DELETE FROM proof WHERE release = ?1", [release])?;
                for proof in proofs {
                    transaction.execute(
                        "INSERT INTO proof (release, subject, base, outcome, detail, checked_on) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                        params![
                            release,
                            proof.subject.name(),
                            proof.base.map(|base| base.to_string()),
                            proof.outcome.name(),
                            proof.detail,
                            proof.checked_on.to_string(),
                        ],
                    )?;
                }
            }
            digests::write_whole(&transaction, "proof")?;
            transaction.commit()
        };
        record().map_err(|error| self.error(error))
    }

    /// Asks several questions of one state of the database, whatever is imported meanwhile.
    ///
    /// # Errors
    /// Those of the questions, and [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn in_one_state<T>(&self, ask: impl FnOnce() -> Result<T>) -> Result<T> {
        if !self.connection.is_autocommit() {
            return ask();
        }
        self.pin()?;
        let answer = ask();
        let ended = self.connection.execute_batch("ROLLBACK");
        let answer = answer?;
        ended.map_err(|error| self.error(error))?;
        Ok(answer)
    }
}
