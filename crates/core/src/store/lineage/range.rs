//! The conversions of a stretch of days, or of all, at once.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::Connection;

use super::{Gathering, Tables};
use crate::error::Result;
use crate::model::{ConversionFact, DocumentKind, ReleaseId, Timeline};
use crate::store::book::document_runs;
use crate::store::database::Store;
use crate::store::documents::list;
use crate::store::rows::date;

impl Store {
    /// Returns every row of the stored conversion tables whose current code took effect after one day and by
    /// another, whatever code it is about.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn conversion_facts_between(
        &self,
        timeline: &Timeline,
        after: NaiveDate,
        through: NaiveDate,
    ) -> Result<Vec<ConversionFact>> {
        self.facts_of_rows(timeline, |connection| {
            connection
                .prepare_cached(
                    "SELECT id FROM conversion_row
                     WHERE effective_from > ?1 AND effective_from <= ?2 ORDER BY id",
                )?
                .query_map((after.to_string(), through.to_string()), |row| row.get(0))?
                .collect()
        })
    }

    /// Returns every row of the stored conversion tables.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn all_conversion_facts(&self, timeline: &Timeline) -> Result<Vec<ConversionFact>> {
        self.facts_of_rows(timeline, |connection| {
            connection
                .prepare_cached("SELECT id FROM conversion_row ORDER BY id")?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }

    fn facts_of_rows(
        &self,
        timeline: &Timeline,
        rows: impl Fn(&Connection) -> rusqlite::Result<Vec<i64>>,
    ) -> Result<Vec<ConversionFact>> {
        let query = || -> rusqlite::Result<Vec<ConversionFact>> {
            let tables = list(&self.connection, DocumentKind::ConversionTable)?;
            if tables.is_empty() {
                return Ok(Vec::new());
            }
            let mut gathering = Gathering {
                connection: &self.connection,
                timeline,
                tables: Tables::Loaded(
                    tables
                        .iter()
                        .map(|table| {
                            let runs = document_runs(&self.connection, table.number)?;
                            Ok((table.release, runs))
                        })
                        .collect::<rusqlite::Result<_>>()?,
                ),
                listings: BTreeMap::new(),
                facts: BTreeMap::new(),
            };
            for row in rows(&self.connection)? {
                gathering.take(row)?;
            }
            Ok(gathering.facts.into_values().flatten().collect())
        };
        query().map_err(|error| self.error(error))
    }

    /// Lists the days on which codes of the stored conversion tables took effect, in any order.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    #[doc(hidden)]
    pub fn conversion_days(&self) -> Result<Vec<NaiveDate>> {
        let query = || -> rusqlite::Result<Vec<NaiveDate>> {
            self.connection
                .prepare_cached(
                    "SELECT DISTINCT effective_from FROM conversion_row WHERE effective_from IS NOT NULL",
                )?
                .query_map([], |row| date(row, 0))?
                .collect()
        };
        query().map_err(|error| self.error(error))
    }

    /// Lists the releases whose conversion tables are stored, oldest first.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn conversion_tables(&self) -> Result<Vec<ReleaseId>> {
        let tables = self.documents(DocumentKind::ConversionTable)?;
        Ok(tables
            .into_iter()
            .map(|document| document.release)
            .collect())
    }
}
