//! Documents and the releases that they were published with.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, params};

use super::book;
use super::rows::{date, parsed, release_number};
use super::write::{Added, NewFile, Writer};
use super::{SourceFile, Store, code_set_id};
use crate::error::{Error, Result, without_release};
use crate::model::{
    CodeSet, Document, DocumentKind, FileRef, ListedRow, ReleaseId, Tabular, TabularDifference,
    UnreadList,
};

/// The contents of a document to be stored.
#[derive(Debug, Clone, Copy)]
pub enum Contents<'a> {
    /// Newly parsed.
    Parsed(&'a Document),
    /// Those of a stored document, whose file has the same bytes.
    Stored,
}

/// A document to be stored with its release, which must be stored.
#[derive(Debug)]
pub struct NewDocument<'a> {
    /// The release that it was published with.
    pub id: ReleaseId,
    /// What it is.
    pub kind: DocumentKind,
    /// Its contents.
    pub contents: Contents<'a>,
    /// Where it came from.
    pub file: &'a NewFile,
    /// The day of the import.
    pub today: NaiveDate,
}

/// A stored document as a release has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// What it is.
    pub kind: DocumentKind,
    /// The release that it was published with.
    pub release: ReleaseId,
    /// The number of its items.
    pub items: u64,
    /// The file.
    pub file: SourceFile,
    pub(super) number: i64,
}

/// Returns what to do where a release has another document or addenda than the one that comes.
pub(super) fn another_hint(code_set: CodeSet, id: ReleaseId) -> String {
    format!(
        "if the stored one is wrong, take the release out with codeyear remove {id} --code-set {}, then import all its files; if the release was posted again with other rows, import its order file and this file together with --revision",
        code_set.id()
    )
}

impl Writer<'_> {
    /// Lists the documents whose bytes are stored: kind and SHA-256.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn document_hashes(&self) -> Result<Vec<(DocumentKind, String)>> {
        let query = || -> rusqlite::Result<Vec<(DocumentKind, String)>> {
            self.connection()
                .prepare("SELECT kind, sha256 FROM document ORDER BY id")?
                .query_map([], |row| Ok((parsed(row, 0)?, row.get(1)?)))?
                .collect()
        };
        query().map_err(|error| self.error(error))
    }

    /// Stores a document with its release.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] if the release is not stored, [`crate::ErrorKind::Conflict`] if it has another
    /// document of the kind.
    pub fn add_document(&mut self, new: &NewDocument<'_>) -> Result<Added> {
        let code_set = new.kind.code_set();
        let label = new.kind.label();
        if !self.holds_release(code_set, new.id)? {
            return Err(
                without_release(label, &format!("{} {}", code_set.name(), new.id))
                    .in_file(new.file.name.as_str()),
            );
        }
        let there = find(self.connection(), code_set, new.id, new.kind)
            .map_err(|error| self.error(error))?;
        match there {
            Some(there) if there.file.published.sha256 == new.file.sha256 => {
                Ok(Added::AlreadyThere)
            }
            Some(there) if self.is_copy(&there, new.contents)? => Ok(Added::Copy),
            Some(_) => Err(Error::conflict(format!(
                "{} {} is already stored with another {label}",
                code_set.name(),
                new.id
            ))
            .in_file(new.file.name.as_str())
            .with_hint(another_hint(code_set, new.id))),
            None => {
                self.insert_document(new)
                    .map_err(|error| self.error(error))?;
                Ok(Added::New)
            }
        }
    }

    /// Checks whether a conversion table has the rows of a stored one: the publishers post it as a workbook and as
    /// CSV.
    fn is_copy(&self, stored: &StoredDocument, contents: Contents<'_>) -> Result<bool> {
        let Contents::Parsed(Document::ConversionTable(table)) = contents else {
            return Ok(false);
        };
        book::has_rows(self.connection(), stored.number, table).map_err(|error| self.error(error))
    }

    fn insert_document(&mut self, new: &NewDocument<'_>) -> rusqlite::Result<()> {
        let (connection, known) = self.connection_and_items();
        let stored = book::find_document(connection, new.kind, &new.file.sha256)?;
        let document = match (stored, new.contents) {
            (Some(document), _) => document,
            (None, Contents::Parsed(document)) => {
                book::insert(connection, known, &new.file.sha256, document)?
            }
            (None, Contents::Stored) => return Err(rusqlite::Error::QueryReturnedNoRows),
        };
        let release = release_number(connection, new.kind.code_set(), new.id)?;
        let file = self.insert_file(release, new.kind.name(), new.file, None, new.today)?;
        self.connection().execute(
            "UPDATE source_file SET document = ?2 WHERE id = ?1",
            (file, document),
        )?;
        Ok(())
    }

    /// Reads what this version does not know of a document that a release has.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn document_unread(&self, id: ReleaseId, kind: DocumentKind) -> Result<UnreadList> {
        find(self.connection(), kind.code_set(), id, kind)
            .and_then(|found| match found {
                Some(found) => book::unread::read(self.connection(), found.number),
                None => Ok(UnreadList::default()),
            })
            .map_err(|error| self.error(error))
    }

    /// Counts the items of a document that a release has.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn document_items(&self, id: ReleaseId, kind: DocumentKind) -> Result<u64> {
        find(self.connection(), kind.code_set(), id, kind)
            .map(|found| found.map_or(0, |found| found.items))
            .map_err(|error| self.error(error))
    }

    /// Keeps how the tabular list of a release differs from its order file. Without `found` the stored
    /// list and the stored rows are compared.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read or written.
    pub fn keep_differences(
        &mut self,
        id: ReleaseId,
        found: Option<Vec<TabularDifference>>,
    ) -> Result<Vec<TabularDifference>> {
        let keep = || -> rusqlite::Result<Vec<TabularDifference>> {
            let connection = self.connection();
            let differences = match found {
                Some(found) => found,
                None => compare_stored(connection, id)?,
            };
            let release = release_number(connection, DocumentKind::Tabular.code_set(), id)?;
            connection.execute(
                "DELETE FROM tabular_difference WHERE release = ?1",
                [release],
            )?;
            let mut insert = connection.prepare_cached(
                "INSERT INTO tabular_difference (release, code, kind, tabular, order_file)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for difference in &differences {
                insert.execute((
                    release,
                    difference.code.as_str(),
                    difference.kind.name(),
                    &difference.tabular,
                    &difference.order_file,
                ))?;
            }
            Ok(differences)
        };
        keep().map_err(|error| self.error(error))
    }
}

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

fn compare_stored(
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
