//! Documents and the releases that they were published with.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::book;
use super::database::Store;
use super::rows::{code_set_id, date, parsed};
use crate::error::Result;
use crate::model::{
    CodeSet, DocumentKind, FileRef, ListedRow, ReleaseId, SourceFile, StoredDocument, Tabular,
    TabularDifference, UnreadList,
};

impl Store {
    /// Finds the document of a kind that was published with a release; `None` if none is stored.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn document(&self, id: ReleaseId, kind: DocumentKind) -> Result<Option<StoredDocument>> {
        find(&self.connection, kind.code_set(), id, kind).map_err(|error| self.error(error))
    }

    /// Lists the stored documents of a kind, oldest release first.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn documents(&self, kind: DocumentKind) -> Result<Vec<StoredDocument>> {
        list(&self.connection, kind).map_err(|error| self.error(error))
    }

    /// Reads a stored tabular list whole.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn tabular(&self, document: &StoredDocument) -> Result<Tabular> {
        book::tabular::read(&self.connection, document.number).map_err(|error| self.error(error))
    }

    /// Reads what a document holds and the version that stored it did not know.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn document_unread(&self, document: &StoredDocument) -> Result<UnreadList> {
        book::unread::read(&self.connection, document.number).map_err(|error| self.error(error))
    }

    /// Lists how the tabular list of a release differs from its order file, by code; empty if they agree
    /// and if one of the two is not stored.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn tabular_differences(&self, id: ReleaseId) -> Result<Vec<TabularDifference>> {
        let query = || -> rusqlite::Result<Vec<TabularDifference>> {
            self.connection
                .prepare_cached(
                    "SELECT code, kind, tabular, order_file FROM tabular_difference
                     JOIN release ON release.id = tabular_difference.release
                     WHERE release.code_set = ?1 AND release.name = ?2 ORDER BY code, kind",
                )?
                .query_map(
                    params![
                        code_set_id(DocumentKind::Tabular.code_set()),
                        id.to_string()
                    ],
                    |row| {
                        let code = row.get_ref(0)?.as_bytes()?;
                        Ok(TabularDifference {
                            code: crate::model::Code::from_plain(
                                DocumentKind::Tabular.code_set(),
                                code,
                            )
                            .ok_or_else(|| super::rows::malformed_code(0))?,
                            kind: parsed(row, 1)?,
                            tabular: row.get(2)?,
                            order_file: row.get(3)?,
                        })
                    },
                )?
                .collect()
        };
        query().map_err(|error| self.error(error))
    }

    /// Compares the stored tabular list of a release with its stored rows anew.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn compare_tabular(&self, id: ReleaseId) -> Result<Vec<TabularDifference>> {
        compare_stored(&self.connection, id).map_err(|error| self.error(error))
    }
}

/// Compares the stored tabular list of a release with its stored rows.
pub(super) fn compare_stored(
    connection: &Connection,
    id: ReleaseId,
) -> rusqlite::Result<Vec<TabularDifference>> {
    let Some(document) = find(
        connection,
        DocumentKind::Tabular.code_set(),
        id,
        DocumentKind::Tabular,
    )?
    else {
        return Ok(Vec::new());
    };
    let listed_by: String = connection.query_row(
        "SELECT listed_by FROM release WHERE code_set = ?1 AND name = ?2",
        params![
            code_set_id(DocumentKind::Tabular.code_set()),
            id.to_string()
        ],
        |row| row.get(0),
    )?;
    // Rows that come from the list itself agree with it.
    if listed_by == DocumentKind::Tabular.name() {
        return Ok(Vec::new());
    }
    let tabular = book::tabular::read(connection, document.number)?;
    let entries = super::listing::entries(connection, DocumentKind::Tabular.code_set(), id)?;
    Ok(tabular.compare(entries.iter().map(|entry| ListedRow {
        code: entry.code,
        billable: entry.billable,
        long_title: &entry.long_title,
    })))
}

const COLUMNS: &str = "SELECT source_file.kind, release.name, document.item_count, document.id,
        source_file.name, archive, url, source_file.sha256, bytes, imported_on, release.id
     FROM source_file JOIN release ON release.id = source_file.release
     JOIN document ON document.id = source_file.document";

fn stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredDocument> {
    Ok(StoredDocument {
        kind: parsed(row, 0)?,
        release: parsed(row, 1)?,
        items: row.get::<_, i64>(2)?.unsigned_abs(),
        number: row.get(3)?,
        file: SourceFile {
            published: FileRef {
                name: row.get(4)?,
                sha256: row.get(7)?,
            },
            archive: row.get(5)?,
            url: row.get(6)?,
            bytes: row.get::<_, i64>(8)?.unsigned_abs(),
            imported_on: date(row, 9)?,
        },
    })
}

pub(super) fn find(
    connection: &Connection,
    code_set: CodeSet,
    id: ReleaseId,
    kind: DocumentKind,
) -> rusqlite::Result<Option<StoredDocument>> {
    connection
        .prepare_cached(&format!(
            "{COLUMNS} WHERE release.code_set = ?1 AND release.name = ?2 AND source_file.kind = ?3"
        ))?
        .query_row(
            params![code_set_id(code_set), id.to_string(), kind.name()],
            stored,
        )
        .optional()
}

pub(super) fn list(
    connection: &Connection,
    kind: DocumentKind,
) -> rusqlite::Result<Vec<StoredDocument>> {
    connection
        .prepare_cached(&format!(
            "{COLUMNS} WHERE release.code_set = ?1 AND source_file.kind = ?2
             ORDER BY release.effective_from, release.revision"
        ))?
        .query_map(params![code_set_id(kind.code_set()), kind.name()], stored)?
        .collect()
}

/// Lists the documents of all releases by the number of the release, those of one in the order of their kinds.
pub(super) fn by_release(
    connection: &Connection,
) -> rusqlite::Result<BTreeMap<i64, Vec<StoredDocument>>> {
    let mut documents: BTreeMap<i64, Vec<StoredDocument>> = BTreeMap::new();
    let mut statement = connection.prepare_cached(COLUMNS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let of_release = documents.entry(row.get(10)?).or_default();
        of_release.push(stored(row)?);
    }
    for of_release in documents.values_mut() {
        of_release.sort_by_key(|document| document.kind);
    }
    Ok(documents)
}
