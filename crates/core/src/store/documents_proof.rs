//! What a verification asks of stored documents.

use std::collections::BTreeSet;

use rusqlite::params;

use super::book::{self, document_runs};
use super::database::Store;
use super::rows::{code_set_id, listing_number, runs_of};
use crate::error::Result;
use crate::model::{Code, CodeSet, DocumentKind, ReleaseId, StoredDocument};

impl Store {
    /// Returns the codes that the tables of ICD-10-PCS allow.
    pub(crate) fn pcs_codes(&self, document: &StoredDocument) -> Result<BTreeSet<Code>> {
        let query = || -> rusqlite::Result<BTreeSet<Code>> {
            let runs = document_runs(&self.connection, document.number)?;
            let mut codes = BTreeSet::new();
            for run in runs.runs() {
                for number in run.first..run.first + run.length {
                    let table: String = self
                        .connection
                        .prepare_cached("SELECT table_code FROM pcs_row WHERE id = ?1")?
                        .query_row([number], |row| row.get(0))?;
                    let Some(table) =
                        Code::from_plain(DocumentKind::PcsTables.code_set(), table.as_bytes())
                    else {
                        continue;
                    };
                    let read = book::pcs::read_table(&self.connection, table, &[number])?;
                    codes.extend(read.iter().flat_map(|table| table.expand()));
                }
            }
            Ok(codes)
        };
        query().map_err(|error| self.error(error))
    }

    /// Returns the codes that a document names: of an index those that references and cells lead to, of a
    /// conversion table the current ones, of a list its own, of the index of ICD-10-PCS what codes begin with.
    pub(crate) fn codes_named(&self, document: &StoredDocument) -> Result<BTreeSet<Code>> {
        let sql = match document.kind {
            DocumentKind::Index(_) => {
                "SELECT term, first FROM index_reference WHERE target IN ('code', 'below')"
            }
            DocumentKind::ConversionTable => {
                "SELECT id, code FROM conversion_row WHERE code IS NOT NULL"
            }
            DocumentKind::PoaExemptList => "SELECT id, code FROM poa_exempt",
            DocumentKind::Tabular => "SELECT id, name FROM tabular_node WHERE kind = 'code'",
            DocumentKind::PcsTables => "SELECT id, table_code FROM pcs_row",
            DocumentKind::PcsIndex => {
                "SELECT term, beginning FROM pcs_index_reference WHERE beginning <> ''"
            }
            DocumentKind::PcsDefinitions => return Ok(BTreeSet::new()),
        };
        let query = || -> rusqlite::Result<BTreeSet<Code>> {
            let runs = document_runs(&self.connection, document.number)?;
            let mut codes = BTreeSet::new();
            let mut statement = self.connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if runs.contains(row.get(0)?) {
                    codes.extend(Code::from_plain(
                        document.kind.code_set(),
                        row.get_ref(1)?.as_bytes()?,
                    ));
                }
            }
            Ok(codes)
        };
        query().map_err(|error| self.error(error))
    }

    /// Counts the cells of a document that cannot be read.
    pub(crate) fn unreadable_cells(&self, document: &StoredDocument) -> Result<u64> {
        let sql = match document.kind {
            DocumentKind::Index(_) => {
                "SELECT term FROM index_reference WHERE target = 'unreadable'"
            }
            DocumentKind::ConversionTable => {
                "SELECT id FROM conversion_row WHERE code IS NULL OR effective_from IS NULL OR reading = 'unreadable'"
            }
            _ => return Ok(0),
        };
        let query = || -> rusqlite::Result<u64> {
            let runs = document_runs(&self.connection, document.number)?;
            let mut statement = self.connection.prepare(sql)?;
            let items = statement.query_map([], |row| row.get::<_, i64>(0))?;
            let mut count = 0;
            for item in items {
                count += u64::from(runs.contains(item?));
            }
            Ok(count)
        };
        query().map_err(|error| self.error(error))
    }

    /// Returns those of some codes of a set that a release does not list.
    pub(crate) fn unlisted_in(
        &self,
        code_set: CodeSet,
        id: ReleaseId,
        codes: &BTreeSet<Code>,
    ) -> Result<Vec<Code>> {
        let query = || -> rusqlite::Result<Vec<Code>> {
            let listing = listing_number(&self.connection, code_set, id)?;
            let runs = runs_of(&self.connection, listing)?;
            let mut statement = self
                .connection
                .prepare("SELECT id FROM entry WHERE code_set = ?1 AND code = ?2")?;
            let mut unlisted = Vec::new();
            for code in codes {
                let mut rows = statement.query(params![code_set_id(code_set), code.as_str()])?;
                let mut listed = false;
                while let Some(row) = rows.next()? {
                    listed |= runs.contains(row.get(0)?);
                }
                if !listed {
                    unlisted.push(*code);
                }
            }
            Ok(unlisted)
        };
        query().map_err(|error| self.error(error))
    }

    /// Returns those of some codes that no loaded release lists.
    pub(crate) fn unlisted_anywhere(&self, codes: &BTreeSet<Code>) -> Result<Vec<Code>> {
        let mut unlisted = Vec::new();
        for code in codes {
            if self.spans(code.code_set(), code)?.is_empty() {
                unlisted.push(*code);
            }
        }
        Ok(unlisted)
    }
}
