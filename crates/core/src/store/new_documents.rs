//! Writing documents: each with the release that it was published with.

use chrono::NaiveDate;

use super::book;
use super::documents::{compare_stored, find};
use super::files::{self, NewFile};
use super::rows::{parsed, release_number};
use super::write::Writer;
use crate::error::{Error, Result, without_release};
use crate::model::{
    Added, CodeSet, Document, DocumentKind, ReleaseId, StoredDocument, TabularDifference,
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

/// Returns what to do where a release has another document or addenda than the one that comes.
pub(super) fn another_hint(code_set: CodeSet, id: ReleaseId) -> String {
    format!(
        "if the stored one is wrong, remove the release with codeyear remove {id} --code-set {}, then import all its files; if the release was posted again with other rows, import its order file and this file together with --revision",
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
        let file = files::insert(
            self.connection(),
            release,
            new.kind.name(),
            new.file,
            None,
            new.today,
        )?;
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

    /// Stores how the tabular list of a release differs from its order file. Without `found` the stored
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
