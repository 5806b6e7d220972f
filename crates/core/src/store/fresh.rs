//! Filling an empty database: what costs much with every row, and little once all rows are there.

use rusqlite::Connection;

/// The indexes by codes and names: their rows come in any order, so that an import of the whole history would
/// look for the place of each in pages that have long left the memory. The import itself asks none of them.
const BY_CODES: [&str; 12] = [
    "conversion_part_by_code",
    "conversion_range",
    "conversion_row_by_code",
    "entry_by_code",
    "index_range",
    "index_reference_by_code",
    "pcs_definition_by_title",
    "pcs_row_by_table",
    "poa_exempt_by_code",
    "tabular_block",
    "tabular_category",
    "tabular_node_by_name",
];

/// How many bytes of words the full-text engine gathers before it writes them: with the 1 MB of its own it would
/// merge what it has written several times over.
const WORDS_IN_MEMORY: i64 = 8 << 20;

/// What an import into an empty database makes when it ends: these indexes, and what is derived. `None` for a
/// database that holds releases.
#[derive(Debug)]
pub(super) struct Later(Option<Vec<String>>);

impl Later {
    /// Removes the indexes of a database without releases, within the transaction of the import that fills it.
    /// Of one that has releases they stay.
    pub(super) fn take_out(connection: &Connection) -> rusqlite::Result<Later> {
        let is_filled: bool = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM release) OR EXISTS (SELECT 1 FROM entry)",
            [],
            |row| row.get(0),
        )?;
        if is_filled {
            return Ok(Later(None));
        }
        connection.execute(
            "INSERT INTO search (search, rank) VALUES ('hashsize', ?1)",
            [WORDS_IN_MEMORY],
        )?;
        let mut made_by = Vec::with_capacity(BY_CODES.len());
        for name in BY_CODES {
            let sql: String = connection.query_row(
                "SELECT sql FROM main.sqlite_schema WHERE type = 'index' AND name = ?1",
                [name],
                |row| row.get(0),
            )?;
            made_by.push(sql);
            connection.execute_batch(&format!("DROP INDEX main.{name}"))?;
        }
        Ok(Later(Some(made_by)))
    }

    /// Checks whether the import fills an empty database.
    pub(super) fn is_all(&self) -> bool {
        self.0.is_some()
    }

    /// Makes the indexes, as the schema has them. By then all words are taken up.
    pub(super) fn make(self, connection: &Connection) -> rusqlite::Result<()> {
        let Some(made_by) = self.0 else {
            return Ok(());
        };
        for sql in made_by {
            connection.execute_batch(&sql)?;
        }
        connection.execute("DELETE FROM search_config WHERE k = 'hashsize'", [])?;
        Ok(())
    }
}
