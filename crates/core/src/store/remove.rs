//! Taking a release out again.
//!
//! What only this release holds goes: its rows, files, addenda, patches, proofs, and the documents that no other
//! release shares. Entries and items stay where they are, held by no release: to drop them would mean to look
//! for each in every listing and document.

use rusqlite::{Connection, OptionalExtension, params};

use super::database::Store;
use super::rows;
use super::rows::code_set_id;
use super::spans;
use super::write::{Writer, take_rows_out};
use crate::error::{Result, not_loaded};
use crate::model::{CodeSet, ReleaseId};

impl Writer<'_> {
    /// Removes a stored release, and derives again what followed from it.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] if the release is not stored,
    /// [`crate::ErrorKind::Store`] if the database cannot be written.
    pub fn remove_release(&mut self, code_set: CodeSet, id: ReleaseId) -> Result<()> {
        let release = self
            .connection()
            .query_row(
                "SELECT id, listing FROM release WHERE code_set = ?1 AND name = ?2",
                params![code_set_id(code_set), id.to_string()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(|error| self.error(error))?;
        let Some((release, listing)) = release else {
            return Err(not_loaded(&format!("{} {id}", code_set.name())));
        };
        take_out(self.connection(), code_set, release, listing)
            .and_then(|()| {
                self.connection().execute(
                    "INSERT OR IGNORE INTO removed (code_set, release) VALUES (?1, ?2)",
                    params![code_set_id(code_set), id.to_string()],
                )
            })
            .map_err(|error| self.error(error))?;
        self.changed_all(code_set);
        Ok(())
    }
}

impl Store {
    /// Lists the releases that the user took out and did not import again.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn removed_releases(&self) -> Result<Vec<(CodeSet, ReleaseId)>> {
        let removed = || -> rusqlite::Result<Vec<(CodeSet, ReleaseId)>> {
            self.connection
                .prepare(
                    "SELECT code_set.name, release FROM removed
                     JOIN code_set ON code_set.id = removed.code_set ORDER BY code_set.id, release",
                )?
                .query_map([], |row| Ok((rows::parsed(row, 0)?, rows::parsed(row, 1)?)))?
                .collect()
        };
        removed().map_err(|error| self.error(error))
    }
}

fn take_out(
    connection: &Connection,
    code_set: CodeSet,
    release: i64,
    listing: i64,
) -> rusqlite::Result<()> {
    take_rows_out(connection, release, listing)?;
    for sql in [
        "DELETE FROM addenda_row WHERE source_file IN (SELECT id FROM source_file WHERE release = ?1)",
        "DELETE FROM addenda_footer WHERE source_file IN (SELECT id FROM source_file WHERE release = ?1)",
        "DELETE FROM tabular_difference WHERE release = ?1",
        "DELETE FROM period WHERE release = ?1",
        "DELETE FROM source_file WHERE release = ?1",
        "DELETE FROM release WHERE id = ?1",
    ] {
        connection.execute(sql, [release])?;
    }
    // Documents that no file is left of.
    const UNHELD: &str = "SELECT id FROM document WHERE id NOT IN
        (SELECT document FROM source_file WHERE document IS NOT NULL)";
    for table in ["document_run", "index_heading", "document_unread"] {
        connection.execute(
            &format!("DELETE FROM {table} WHERE document IN ({UNHELD})"),
            [],
        )?;
    }
    connection.execute(&format!("DELETE FROM document WHERE id IN ({UNHELD})"), [])?;
    spans::write_timeline(connection, &rows::timeline(connection, code_set)?)?;
    spans::rebuild(connection, code_set, None)?;
    // A database without releases is an empty one, and can take full releases or the sample.
    connection.execute(
        "DELETE FROM meta WHERE key = 'kind' AND NOT EXISTS (SELECT 1 FROM release)",
        [],
    )?;
    Ok(())
}
