//! The full-text index: kept in step with what is stored, and asked.

use rusqlite::Connection;

/// Where the items of a kind begin among the rows of the full-text index, as the view `searchable` has it.
const REGION: i64 = 1 << 40;

/// How far the tables that are searched had been filled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Searchable {
    entry: i64,
    note: i64,
    term: i64,
}

impl Searchable {
    /// Reads how far they are filled now.
    pub(super) fn stored(connection: &Connection) -> rusqlite::Result<Searchable> {
        let last = |table: &str| {
            connection.query_row(
                &format!("SELECT coalesce(max(id), 0) FROM {table}"),
                [],
                |row| row.get(0),
            )
        };
        Ok(Searchable {
            entry: last("entry")?,
            note: last("tabular_note")?,
            term: last("index_term")?,
        })
    }

    /// Takes what has come since into the full-text index.
    pub(super) fn add_new(self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute(
            "INSERT INTO search (rowid, words)
             SELECT id, long_title FROM entry
             WHERE id > ?1 AND NOT (code_set = 1 AND length(code) = 7)",
            [self.entry],
        )?;
        connection.execute(
            "INSERT INTO search (rowid, words)
             SELECT id + ?2, long_title FROM entry
             WHERE id > ?1 AND code_set = 1 AND length(code) = 7",
            [self.entry, REGION],
        )?;
        connection.execute(
            "INSERT INTO search (rowid, words)
             SELECT id + ?2, note FROM tabular_note WHERE id > ?1 AND kind = 'inclusionTerm'",
            [self.note, 2 * REGION],
        )?;
        connection.execute(
            "INSERT INTO search (rowid, words) SELECT id + ?2, path FROM index_term WHERE id > ?1",
            [self.term, 3 * REGION],
        )?;
        Ok(())
    }
}
