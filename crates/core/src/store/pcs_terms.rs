//! Terms of the index of ICD-10-PCS: found by words, with what they lead to.

use chrono::NaiveDate;
use rusqlite::params;

use super::book::document_runs;
use super::database::Store;
use super::rows::{code_set_id, entry};
use super::runs::RunSet;
use super::search::PCS_INDEX;
use crate::error::Result;
use crate::model::{Code, DocumentKind, Entry, StoredDocument};

/// The index of one release.
#[derive(Debug)]
pub(crate) struct PcsTerms {
    /// The document.
    pub(crate) document: StoredDocument,
    terms: RunSet,
}

/// A term that holds some words, and leads somewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FoundPcsTerm {
    /// Its place in the index.
    pub(crate) position: i64,
    /// Its number.
    pub(crate) number: i64,
    /// How deep it stands: a main term 0.
    pub(crate) depth: u32,
    /// Its path.
    pub(crate) path: String,
}

/// What a term leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PcsLead {
    /// The element: `code`, `codes`, `tab`, `see`, `use`.
    pub(crate) kind: String,
    /// The words of `see` and `use`.
    pub(crate) words: String,
    /// A code or what it begins with, if one is named.
    pub(crate) beginning: Option<Code>,
}

impl Store {
    /// Returns the terms of an index.
    pub(crate) fn pcs_terms(&self, document: StoredDocument) -> Result<PcsTerms> {
        let terms =
            document_runs(&self.connection, document.number).map_err(|error| self.error(error))?;
        Ok(PcsTerms { document, terms })
    }

    /// Finds the terms of an index that hold all of some words, in the language of the full-text index, and lead
    /// somewhere: in the order of the book.
    pub(crate) fn search_pcs_terms(
        &self,
        index: &PcsTerms,
        query: &str,
        deepest: u32,
    ) -> Result<Vec<FoundPcsTerm>> {
        let find = || -> rusqlite::Result<Vec<FoundPcsTerm>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT id, depth, path FROM search JOIN pcs_index_term ON id = search.rowid - ?2
                 WHERE search MATCH ?1 AND search.rowid > ?2 AND depth <= ?3
                   AND EXISTS (SELECT 1 FROM pcs_index_reference WHERE term = id)",
            )?;
            let mut rows = statement.query(params![query, PCS_INDEX, deepest])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let number = row.get(0)?;
                if let Some(position) = index.terms.position(number) {
                    found.push(FoundPcsTerm {
                        position,
                        number,
                        depth: row.get(1)?,
                        path: row.get(2)?,
                    });
                }
            }
            found.sort_unstable();
            Ok(found)
        };
        find().map_err(|error| self.error(error))
    }

    /// Lists what a term leads to.
    pub(crate) fn pcs_leads(&self, term: i64) -> Result<Vec<PcsLead>> {
        let find = || -> rusqlite::Result<Vec<PcsLead>> {
            self.connection
                .prepare_cached(
                    "SELECT kind, wording, beginning FROM pcs_index_reference WHERE term = ?1 ORDER BY position",
                )?
                .query_map([term], |row| {
                    let beginning = row.get_ref(2)?.as_bytes()?;
                    Ok(PcsLead {
                        kind: row.get(0)?,
                        words: row.get(1)?,
                        beginning: Code::from_plain(DocumentKind::PcsIndex.code_set(), beginning),
                    })
                })?
                .collect()
        };
        find().map_err(|error| self.error(error))
    }

    /// Lists the billable codes of a day that begin as a pointer of the index does, by code.
    pub(crate) fn billable_beginning(&self, on: NaiveDate, beginning: &Code) -> Result<Vec<Entry>> {
        let code_set = beginning.code_set();
        let find = || -> rusqlite::Result<Vec<Entry>> {
            self.connection
                .prepare_cached(
                    "SELECT entry.code, billable, short_title, long_title
                     FROM span JOIN entry ON entry.id = span.entry
                     WHERE span.code_set = ?1 AND span.code >= ?2 AND span.code < ?2 || '{' AND billable
                       AND listed_from <= ?3 AND (delisted_from IS NULL OR delisted_from > ?3)
                     ORDER BY span.code",
                )?
                .query_map(
                    params![code_set_id(code_set), beginning.as_str(), on.to_string()],
                    |row| entry(code_set, row, 0),
                )?
                .collect()
        };
        find().map_err(|error| self.error(error))
    }
}
