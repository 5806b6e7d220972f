//! What the stored conversion tables and POA-exempt lists say of a code.

mod range;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rusqlite::{Connection, params};

use super::book::item_position;
use super::database::Store;
use super::documents::list;
use super::rows::{code_set_id, date, listing_number, runs_of};
use super::runs::RunSet;
use crate::error::Result;
use crate::model::{
    Code, ConversionFact, DocumentKind, Previous, PreviousPart, ReleaseId, StoredDocument,
    TabularOrder, Timeline, day_before,
};
use crate::parse::previous::read_previous;

/// The most codes that a chain of conversions is followed to. The longest official one has 12.
const MAX_CODES: usize = 2_000;

impl Store {
    /// Returns every row of the stored conversion tables that a code's lineage rests on: those of the code,
    /// those that name it as previous, those of what came of it, and so on forward.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn conversion_facts(
        &self,
        timeline: &Timeline,
        code: &Code,
    ) -> Result<Vec<ConversionFact>> {
        let query = || -> rusqlite::Result<Vec<ConversionFact>> {
            let tables = list(&self.connection, DocumentKind::ConversionTable)?;
            if tables.is_empty() {
                return Ok(Vec::new());
            }
            let mut gathering = Gathering {
                connection: &self.connection,
                timeline,
                tables: Tables::Asked(tables),
                listings: BTreeMap::new(),
                facts: BTreeMap::new(),
            };
            gathering.gather(code)?;
            Ok(gathering.facts.into_values().flatten().collect())
        };
        query().map_err(|error| self.error(error))
    }

    /// Returns for each release with a stored POA-exempt list, oldest first, whether the list holds a code.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn poa_exemptions(&self, code: &Code) -> Result<Vec<(StoredDocument, bool)>> {
        let query = || -> rusqlite::Result<Vec<(StoredDocument, bool)>> {
            let items: Vec<i64> = self
                .connection
                .prepare_cached("SELECT id FROM poa_exempt WHERE code = ?1")?
                .query_map([code.as_str()], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let mut lists = Vec::new();
            for document in list(&self.connection, DocumentKind::PoaExemptList)? {
                let mut listed = false;
                for item in &items {
                    listed |= item_position(&self.connection, document.number, *item)?.is_some();
                }
                lists.push((document, listed));
            }
            Ok(lists)
        };
        query().map_err(|error| self.error(error))
    }
}

/// The stored conversion tables, oldest release first.
enum Tables {
    /// Asked for each row: for the few rows of one code.
    Asked(Vec<StoredDocument>),
    /// Loaded: for many rows.
    Loaded(Vec<(ReleaseId, RunSet)>),
}

impl Tables {
    /// Finds the newest table that holds a row, and the row of its sheet.
    fn newest_with(
        &self,
        connection: &Connection,
        number: i64,
    ) -> rusqlite::Result<Option<(ReleaseId, i64)>> {
        match self {
            Tables::Asked(tables) => {
                for table in tables.iter().rev() {
                    if let Some(row) = item_position(connection, table.number, number)? {
                        return Ok(Some((table.release, row)));
                    }
                }
                Ok(None)
            }
            Tables::Loaded(tables) => Ok(tables
                .iter()
                .rev()
                .find_map(|(table, runs)| Some((*table, runs.position(number)?)))),
        }
    }
}

/// Rows of conversion tables, gathered from a code forward.
struct Gathering<'s> {
    connection: &'s Connection,
    timeline: &'s Timeline,
    tables: Tables,
    /// The listings that ranges were expanded over so far.
    listings: BTreeMap<ReleaseId, RunSet>,
    /// By the row's number: the fact, or nothing if the row is not usable as one.
    facts: BTreeMap<i64, Option<ConversionFact>>,
}

impl Gathering<'_> {
    fn gather(&mut self, code: &Code) -> rusqlite::Result<()> {
        let mut seen = BTreeSet::from([*code]);
        let mut open = vec![*code];
        while let Some(code) = open.pop() {
            for row in self.rows_of(&code)? {
                self.take(row)?;
            }
            for row in self.rows_naming(&code)? {
                let Some(new) = self.take(row)? else {
                    continue;
                };
                if seen.len() < MAX_CODES && seen.insert(new) {
                    open.push(new);
                }
            }
        }
        Ok(())
    }

    /// Lists the rows with a current code.
    fn rows_of(&self, code: &Code) -> rusqlite::Result<Vec<i64>> {
        self.connection
            .prepare_cached("SELECT id FROM conversion_row WHERE code = ?1")?
            .query_map([code.as_str()], |row| row.get(0))?
            .collect()
    }

    /// Lists the rows whose third cell names a code, or a range that it lies in.
    fn rows_naming(&mut self, code: &Code) -> rusqlite::Result<Vec<i64>> {
        let mut rows: Vec<i64> = self
            .connection
            .prepare_cached(
                "SELECT DISTINCT conversion_row FROM conversion_part WHERE first = ?1 AND kind = 'code'",
            )?
            .query_map([code.as_str()], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let ranges: Vec<(i64, String, String)> = self
            .connection
            .prepare_cached(
                "SELECT DISTINCT conversion_row, first, last FROM conversion_part WHERE kind <> 'code'",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (row, first, last) in ranges {
            // Two characters are in the order of the book but for U, which stands last: enough to pass by
            // most ranges without expanding them. C4A stands between C43 and C44.
            let two = |text: &str| text.get(..2).map(str::to_owned);
            let own = two(code.as_str());
            let (first, last) = (two(&first), two(&last));
            if first > last || (first <= own && own <= last) {
                self.take(row)?;
                let holds = self
                    .facts
                    .get(&row)
                    .and_then(Option::as_ref)
                    .is_some_and(|fact| fact.expanded.iter().flatten().any(|old| old == code));
                if holds {
                    rows.push(row);
                }
            }
        }
        Ok(rows)
    }

    /// Reads a row, and gives its current code; `None` if it cannot stand in a lineage.
    fn take(&mut self, number: i64) -> rusqlite::Result<Option<Code>> {
        if let Some(fact) = self.facts.get(&number) {
            return Ok(fact.as_ref().map(|fact| fact.code));
        }
        let newest = self.tables.newest_with(self.connection, number)?;
        let (code, day, cell): (Option<String>, Option<NaiveDate>, String) = self
            .connection
            .prepare_cached(
                "SELECT code, effective_from, previous FROM conversion_row WHERE id = ?1",
            )?
            .query_row([number], |row| {
                let has_day = row.get_ref(1)? != rusqlite::types::ValueRef::Null;
                let day = has_day.then(|| date(row, 1)).transpose()?;
                Ok((row.get(0)?, day, row.get(2)?))
            })?;
        let code = code.and_then(|code| {
            Code::from_plain(DocumentKind::ConversionTable.code_set(), code.as_bytes())
        });
        let fact = match (newest, code, day) {
            (Some((table, row)), Some(code), Some(effective_from)) => {
                let previous = read_previous(&cell);
                let expanded = self.expand(&previous, effective_from)?;
                Some(ConversionFact {
                    table,
                    row: u32::try_from(row).unwrap_or(u32::MAX),
                    code,
                    effective_from,
                    previous,
                    expanded,
                    cell,
                })
            }
            _ => None,
        };
        self.facts.insert(number, fact);
        Ok(code)
    }

    /// Expands the groups of a cell over the codes that were billable on the eve of a day. Where no
    /// loaded release governs the eve, ranges stay empty.
    fn expand(
        &mut self,
        previous: &Previous,
        effective_from: NaiveDate,
    ) -> rusqlite::Result<Vec<Vec<Code>>> {
        let ranges: Vec<(Code, Code)> = previous
            .parts()
            .filter_map(|part| match part {
                PreviousPart::Code(_) => None,
                PreviousPart::Below(code) => Some((*code, *code)),
                PreviousPart::Range { first, last } | PreviousPart::Categories { first, last } => {
                    Some((*first, *last))
                }
            })
            .collect();
        let mut slice = Vec::new();
        let period = self.timeline.governing(day_before(effective_from));
        if let Some(period) = period.filter(|_| !ranges.is_empty()) {
            for (first, last) in ranges {
                slice.extend(self.billable_between(period.release, &first, &last)?);
            }
            slice.sort_unstable();
            slice.dedup();
        }
        let codes = slice.into_iter().map(|(_, code)| code).collect();
        Ok(previous.expand(&TabularOrder::new(codes)))
    }

    /// Lists the billable codes of a release from one code to all below another, with their positions.
    fn billable_between(
        &mut self,
        release: ReleaseId,
        first: &Code,
        last: &Code,
    ) -> rusqlite::Result<Vec<(i64, Code)>> {
        if !self.listings.contains_key(&release) {
            let listing = listing_number(
                self.connection,
                DocumentKind::ConversionTable.code_set(),
                release,
            )?;
            self.listings
                .insert(release, runs_of(self.connection, listing)?);
        }
        let Some(runs) = self.listings.get(&release) else {
            return Ok(Vec::new());
        };
        let under =
            |code: &Code| -> rusqlite::Result<Vec<i64>> {
                self.connection
                .prepare_cached(
                    "SELECT id FROM entry WHERE code_set = ?1 AND code >= ?2 AND code < ?2 || '{'",
                )?
                .query_map(
                    params![code_set_id(DocumentKind::ConversionTable.code_set()), code.as_str()],
                    |row| row.get(0),
                )?
                .map(|number| number.map(|number: i64| runs.position(number)))
                .filter_map(Result::transpose)
                .collect()
            };
        let (from, to) = (
            under(first)?.into_iter().min(),
            under(last)?.into_iter().max(),
        );
        let (Some(from), Some(to)) = (from, to) else {
            return Ok(Vec::new());
        };
        let mut codes = Vec::new();
        let mut statement = self.connection.prepare_cached(
            "SELECT id, code FROM entry WHERE id BETWEEN ?1 AND ?2 AND billable = 1",
        )?;
        for run in runs.runs() {
            let begin = from.max(run.position);
            let end = to.min(run.position + run.length - 1);
            if begin > end {
                continue;
            }
            let range = (
                run.first + begin - run.position,
                run.first + end - run.position,
            );
            let mut rows = statement.query(range)?;
            while let Some(row) = rows.next()? {
                let number: i64 = row.get(0)?;
                if let Some(code) = Code::from_plain(
                    DocumentKind::ConversionTable.code_set(),
                    row.get_ref(1)?.as_bytes()?,
                ) {
                    codes.push((run.position + number - run.first, code));
                }
            }
        }
        codes.sort_unstable();
        Ok(codes)
    }
}
