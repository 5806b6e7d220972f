//! Whether the database is as its imports left it: the file, its schema, its references, the digests of its
//! rows, and all that is derived from them.
//!
//! Nothing is written but temporary tables in memory, so that a database on read-only media is proven as well.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, ErrorCode};

use super::database::Store;
use super::digests::{self, GROUPED, LARGE, SMALL, Segment};
use super::entries::EntryIndex;
use super::rows::{code_set_id, timeline};
use super::{histories, schema, spans};
use crate::error::Result;
use crate::model::{CodeSet, StoreFault, StoreProof};

/// The most reports of SQLite on a damaged file that are looked at.
const REPORTS: u32 = 20;

impl Store {
    /// Checks the file, the schema, the references, and the digests of all rows.
    ///
    /// Damage is a fault in the answer, not an error.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read for another reason.
    pub fn prove_rows(&self) -> Result<StoreProof> {
        let mut proof = StoreProof::default();
        let parts: [fn(&Connection, &mut StoreProof) -> rusqlite::Result<()>; 4] =
            [check_schema, check_file, check_references, check_digests];
        for part in parts {
            match part(&self.connection, &mut proof) {
                Ok(()) => {}
                Err(error) if is_damage(&error) => {
                    proof.faults.push(StoreFault::File(error.to_string()));
                }
                Err(error) => return Err(self.error(error)),
            }
        }
        proof.faults.dedup();
        Ok(proof)
    }

    /// Returns the SHA-256 of all imported files, each with that of the archive that it was in.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub(crate) fn file_hashes(&self) -> Result<Vec<(String, Option<String>)>> {
        let query = || -> rusqlite::Result<Vec<(String, Option<String>)>> {
            self.connection
                .prepare("SELECT sha256, archive_sha256 FROM source_file ORDER BY id")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        query().map_err(|error| self.error(error))
    }

    /// Derives the days that releases govern and the spans of a code set anew from the facts, and counts the
    /// rows that the stored ones lack or have too many, and what is derived from them in turn: 0 proves that
    /// they are equal.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn compare_spans(&self, code_set: CodeSet) -> Result<u64> {
        let connection = &self.connection;
        let query = || -> rusqlite::Result<u64> {
            // A temporary table takes the name of the stored one: the one rule, run again, writes there.
            connection.execute_batch(SHADOWS)?;
            spans::write_timeline(connection, &timeline(connection, code_set)?)?;
            let index = EntryIndex::load(connection, code_set)?;
            spans::rebuild(connection, code_set, Some(&index))?;
            let mut differing = u64::from(!histories::is_derived(connection, code_set)?);
            for table in ["period", "coverage", "span"] {
                for (one, other) in [("main", "temp"), ("temp", "main")] {
                    let count: i64 = connection.query_row(
                        &format!(
                            "SELECT count(*) FROM (SELECT * FROM {one}.{table} WHERE code_set = ?1
                             EXCEPT SELECT * FROM {other}.{table} WHERE code_set = ?1)"
                        ),
                        [code_set_id(code_set)],
                        |row| row.get(0),
                    )?;
                    differing += count.unsigned_abs();
                }
            }
            Ok(differing)
        };
        let found = query();
        let dropped = connection.execute_batch(
            "DROP TABLE IF EXISTS temp.period; DROP TABLE IF EXISTS temp.coverage; DROP TABLE IF EXISTS temp.span",
        );
        found
            .and_then(|found| dropped.map(|()| found))
            .map_err(|error| self.error(error))
    }

    /// Checks whether the full-text index holds exactly what is stored.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn search_is_sound(&self) -> Result<bool> {
        let connection = &self.connection;
        let checked = check_search(connection);
        let dropped = connection.execute_batch(
            "DROP TABLE IF EXISTS temp.proven_search; DROP VIEW IF EXISTS temp.searchable",
        );
        match checked.and(dropped) {
            Ok(()) => Ok(true),
            Err(error) if is_damage(&error) => Ok(false),
            Err(error) => Err(self.error(error)),
        }
    }
}

const SHADOWS: &str = "
CREATE TEMP TABLE period (
    code_set INTEGER NOT NULL, governs_from TEXT NOT NULL, governs_until TEXT NOT NULL, release INTEGER NOT NULL,
    PRIMARY KEY (code_set, governs_from)
) WITHOUT ROWID;
CREATE TEMP TABLE coverage (
    code_set INTEGER NOT NULL, covered_from TEXT NOT NULL, covered_until TEXT NOT NULL,
    PRIMARY KEY (code_set, covered_from)
) WITHOUT ROWID;
CREATE TEMP TABLE span (
    code_set INTEGER NOT NULL, code TEXT NOT NULL, listed_from TEXT NOT NULL, delisted_from TEXT, entry INTEGER NOT NULL,
    PRIMARY KEY (code_set, code, listed_from)
) WITHOUT ROWID;";

impl Store {
    /// Checks whether the file is put together as SQLite puts files together. What it holds is proven by
    /// [`Store::verify`] only.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] or [`crate::ErrorKind::Busy`] if it cannot be read.
    #[doc(hidden)]
    pub fn is_intact(&self) -> Result<bool> {
        let query = "PRAGMA main.quick_check(1)";
        let report = self
            .connection
            .query_row(query, [], |row| row.get::<_, String>(0));
        match report {
            Ok(report) => Ok(report == "ok"),
            Err(error) if is_damage(&error) => Ok(false),
            Err(error) => Err(self.error(error)),
        }
    }
}

/// Checks whether SQLite's report means that the file holds something else than was written.
fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::QueryReturnedNoRows
            | rusqlite::Error::SqlInputError { .. }
    ) || matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
                | ErrorCode::TooBig
                | ErrorCode::Unknown
        )
    )
}

fn check_file(connection: &Connection, proof: &mut StoreProof) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("PRAGMA main.integrity_check({REPORTS})"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let report = String::from_utf8_lossy(row.get_ref(0)?.as_bytes()?).into_owned();
        if report != "ok" {
            proof.faults.push(StoreFault::File(report));
        }
    }
    Ok(())
}

fn check_schema(connection: &Connection, proof: &mut StoreProof) -> rusqlite::Result<()> {
    type Objects = BTreeMap<(String, String), (String, Option<String>)>;
    let read = |connection: &Connection| -> rusqlite::Result<Objects> {
        connection
            .prepare("SELECT type, name, tbl_name, sql FROM main.sqlite_schema")?
            .query_map([], |row| {
                Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?)))
            })?
            .collect()
    };
    let expected_in = Connection::open_in_memory()?;
    schema::apply(&expected_in, 0, schema::version(connection)?)?;
    let (stored, expected) = (read(connection)?, read(&expected_in)?);
    let names: BTreeSet<_> = stored.keys().chain(expected.keys()).collect();
    for name in names {
        if stored.get(name) != expected.get(name) {
            proof
                .faults
                .push(StoreFault::Schema(format!("{} {}", name.0, name.1)));
        }
    }
    Ok(())
}

fn check_references(connection: &Connection, proof: &mut StoreProof) -> rusqlite::Result<()> {
    let mut found: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut statement = connection.prepare("PRAGMA main.foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        *found.entry((row.get(0)?, row.get(2)?)).or_default() += 1;
    }
    for ((table, names), rows) in found {
        proof
            .faults
            .push(StoreFault::Reference { table, names, rows });
    }
    Ok(())
}

fn check_digests(connection: &Connection, proof: &mut StoreProof) -> rusqlite::Result<()> {
    let mut stored: BTreeMap<String, Vec<Segment>> = BTreeMap::new();
    {
        let mut statement = connection.prepare(
            "SELECT subject, after, last, row_count, sha256 FROM digest ORDER BY subject, after",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let segment = Segment {
                subject: row.get(0)?,
                after: row.get(1)?,
                last: row.get(2)?,
                rows: row.get(3)?,
                sha256: row.get(4)?,
            };
            stored
                .entry(segment.subject.clone())
                .or_default()
                .push(segment);
        }
    }
    let small = SMALL.iter().map(|table| (*table, None));
    let large = LARGE.iter().map(|(table, key)| (*table, Some(*key)));
    let grouped = GROUPED.iter().map(|(table, key, _)| (*table, Some(*key)));
    for (table, key) in small.chain(large).chain(grouped) {
        // One that came with a later version than that of the database; what else is missing the schema tells.
        if !connection.table_exists(Some("main"), table)? {
            continue;
        }
        let segments = stored.remove(table).unwrap_or_default();
        check_table(connection, table, key, &segments, proof)?;
    }
    for table in stored.into_keys() {
        proof.faults.push(StoreFault::Strangers { table });
    }
    Ok(())
}

fn check_table(
    connection: &Connection,
    table: &str,
    key: Option<&'static str>,
    segments: &[Segment],
    proof: &mut StoreProof,
) -> rusqlite::Result<()> {
    let mut hashed = 0;
    for segment in segments {
        let found = digests::hash(connection, table, key, segment.after, segment.last)?;
        hashed += found.rows;
        if found != *segment {
            proof.faults.push(StoreFault::Rows {
                table: table.to_owned(),
                keys: key.map(|key| (key, segment.after.saturating_add(1), segment.last)),
            });
        }
    }
    // Segments that overlap or leave rows out do not add up to the table.
    let rows: i64 =
        connection.query_row(&format!("SELECT count(*) FROM main.{table}"), [], |row| {
            row.get(0)
        })?;
    if rows != hashed {
        proof.faults.push(StoreFault::Strangers {
            table: table.to_owned(),
        });
    }
    proof.tables += 1;
    proof.rows += rows.unsigned_abs();
    Ok(())
}

/// Checks with the full-text engine whether its index fits what it is of. Its check is a write, so it is asked of a
/// temporary index with the stored one's pages.
fn check_search(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TEMP VIEW searchable AS SELECT * FROM main.searchable;
         CREATE VIRTUAL TABLE temp.proven_search USING fts5(
             words, content = 'searchable', content_rowid = 'item',
             tokenize = 'porter unicode61 remove_diacritics 2', prefix = '2 3', detail = none, columnsize = 0
         );
         DELETE FROM temp.proven_search_data;
         DELETE FROM temp.proven_search_idx;
         DELETE FROM temp.proven_search_config;
         INSERT INTO temp.proven_search_data SELECT * FROM main.search_data;
         INSERT INTO temp.proven_search_idx SELECT * FROM main.search_idx;
         INSERT INTO temp.proven_search_config SELECT * FROM main.search_config;
         INSERT INTO temp.proven_search (proven_search, rank) VALUES ('integrity-check', 1);",
    )
}
