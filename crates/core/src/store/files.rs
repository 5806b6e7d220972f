//! Official files: where one that is being imported came from, and what is kept of it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::{Connection, params};

use super::rows::date;
use crate::model::{FileRef, SourceFile};
use crate::parse::order::Envelope;

/// Where a file that is being imported came from.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// Its name as published, with its folder within the archive.
    pub name: String,
    /// The archive that it was in: name and SHA-256.
    pub archive: Option<(String, String)>,
    /// The official address of that archive.
    pub url: Option<String>,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

/// Stores where a file of a release came from, and returns its number.
pub(super) fn insert(
    connection: &Connection,
    release: i64,
    kind: &str,
    file: &NewFile,
    envelope: Option<&Envelope>,
    today: NaiveDate,
) -> rusqlite::Result<i64> {
    let (archive, archive_sha256) = file.archive.clone().unzip();
    connection.execute(
        "INSERT INTO source_file (release, kind, name, archive, archive_sha256, url, sha256, bytes, line_ending,
             byte_order_mark, tail, numbering, imported_on)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            release,
            kind,
            file.name,
            archive,
            archive_sha256,
            file.url,
            file.sha256,
            file.bytes as i64,
            envelope.map(|envelope| envelope.line_ending.name()),
            envelope.is_some_and(|envelope| envelope.byte_order_mark),
            envelope.map(|envelope| envelope.tail.as_str()),
            envelope.map(|envelope| envelope.numbering.name()),
            today.to_string(),
        ],
    )?;
    Ok(connection.last_insert_rowid())
}

/// Reads all source files, by the number of their release and their kind.
pub(super) fn by_release(
    connection: &Connection,
) -> rusqlite::Result<BTreeMap<(i64, String), SourceFile>> {
    connection
        .prepare_cached(
            "SELECT release, kind, name, archive, url, sha256, bytes, imported_on FROM source_file",
        )?
        .query_map([], |row| {
            let file = SourceFile {
                published: FileRef {
                    name: row.get(2)?,
                    sha256: row.get(5)?,
                },
                archive: row.get(3)?,
                url: row.get(4)?,
                bytes: row.get::<_, i64>(6)?.unsigned_abs(),
                imported_on: date(row, 7)?,
            };
            Ok(((row.get(0)?, row.get(1)?), file))
        })?
        .collect()
}
