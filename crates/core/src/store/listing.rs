//! Listings: a release's rows in tabular order, written back, and compared with another's.

use std::io::Write;

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, params};

use super::database::Store;
use super::rows::{code_set_id, entry, envelope, listing_number, release_number, row_ref, runs_of};
use super::runs::{Run, RunSet};
use super::spans::patched_runs;
use crate::error::{Error, Result, not_loaded};
use crate::model::{Code, CodeSet, DaysOf, Entry, ReleaseId, RowRef};
use crate::parse::listing_format;

/// A release's rows in tabular order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The rows; the first has order number 1.
    pub entries: Vec<Entry>,
}

/// One side's entries that the other side does not have, with their positions.
pub(crate) type Positioned = (i64, Entry);

/// What differs between two listings.
#[derive(Debug)]
pub(crate) struct Differences {
    /// Entries of the old listing only, in its order.
    pub old: Vec<Positioned>,
    /// Entries of the new listing only, in its order.
    pub new: Vec<Positioned>,
    old_runs: RunSet,
    old_by_position: Vec<Run>,
    new_runs: RunSet,
}

impl Differences {
    /// Returns the position in the new listing of the entry at a position of the old one, if the new
    /// listing has the very entry.
    pub(crate) fn new_position_of_old(&self, position: i64) -> Option<i64> {
        let after = self
            .old_by_position
            .partition_point(|run| run.position <= position);
        let run = self.old_by_position.get(after.checked_sub(1)?)?;
        let offset = position - run.position;
        (offset < run.length)
            .then_some(run.first + offset)
            .and_then(|entry| self.new_runs.position(entry))
    }
}

/// A code looked for in two listings.
#[derive(Debug)]
pub(crate) struct FoundCode {
    pub code: Code,
    /// Whether any release, of the two or not, has an entry of the code.
    pub is_stored: bool,
    pub old: Option<Positioned>,
    pub new: Option<Positioned>,
    /// The last position of anything at or below the code.
    pub old_last: Option<i64>,
    pub new_last: Option<i64>,
}

impl FoundCode {
    /// Checks whether it is a header wherever one of the two releases lists it.
    pub(crate) fn is_header(&self) -> bool {
        let mut listed = [&self.old, &self.new].into_iter().flatten().peekable();
        listed.peek().is_some() && listed.all(|(_, entry)| !entry.billable)
    }
}

impl Store {
    /// Returns the rows of a release in tabular order, as its order file has them.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] if the release is not stored, [`crate::ErrorKind::Store`] if the database cannot
    /// be read.
    pub fn listing(&self, code_set: CodeSet, id: ReleaseId) -> Result<Listing> {
        // Says which release is missing.
        self.runs(code_set, id)?;
        Ok(Listing {
            entries: entries(&self.connection, code_set, id).map_err(|error| self.error(error))?,
        })
    }

    /// Returns the codes of a release: its rows, or, where rows name their days, those that it says to be valid on its
    /// first day.
    ///
    /// # Errors
    /// As [`Store::listing`].
    #[doc(hidden)]
    pub fn codes_of_release(&self, code_set: CodeSet, id: ReleaseId) -> Result<Vec<Entry>> {
        let runs = self.compared_runs(code_set, id)?;
        entries_of(&self.connection, code_set, &runs).map_err(|error| self.error(error))
    }

    /// Returns the entries that are listed on a day, patches included, in tabular order of the release that
    /// governs the day. A patch has no place in the order file; it comes last.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    #[doc(hidden)]
    pub fn listing_on(&self, code_set: CodeSet, on: NaiveDate) -> Result<Vec<Entry>> {
        let query = || -> rusqlite::Result<Vec<Entry>> {
            let runs = patched_runs(&self.connection, code_set, &on.to_string(), None)?;
            entries_of(&self.connection, code_set, &runs)
        };
        query().map_err(|error| self.error(error))
    }

    /// Writes the official order file of a release back, byte for byte.
    ///
    /// # Errors
    /// As [`Store::listing`], and [`crate::ErrorKind::Io`] if the writer fails.
    pub fn write_order_file(
        &self,
        code_set: CodeSet,
        id: ReleaseId,
        out: &mut dyn Write,
    ) -> Result<()> {
        let runs = self.runs(code_set, id)?;
        let envelope = release_number(&self.connection, code_set, id)
            .and_then(|release| envelope(&self.connection, release))
            .map_err(|error| self.error(error))?;
        if envelope.byte_order_mark {
            out.write_all("\u{feff}".as_bytes()).map_err(cannot_write)?;
        }
        let format = listing_format(code_set);
        let mut failure = None;
        for run in runs.by_position() {
            each_of_run(&self.connection, code_set, &run, &mut |position, row| {
                if failure.is_some() {
                    return;
                }
                let mut write = || -> std::io::Result<()> {
                    if position > 1 {
                        out.write_all(envelope.line_ending.as_str().as_bytes())?;
                    }
                    (format.write_row)(out, envelope.numbering, position.unsigned_abs(), row)
                };
                failure = write().err();
            })
            .map_err(|error| self.error(error))?;
        }
        match failure {
            None => out
                .write_all(envelope.tail.as_bytes())
                .map_err(cannot_write),
            Some(error) => Err(cannot_write(error)),
        }
    }

    /// Lists what differs between two stored releases.
    pub(crate) fn differences(
        &self,
        code_set: CodeSet,
        old: ReleaseId,
        new: ReleaseId,
    ) -> Result<Differences> {
        let old_runs = self.compared_runs(code_set, old)?;
        let new_runs = self.compared_runs(code_set, new)?;
        let fetch = |numbers: Vec<i64>, runs: &RunSet| -> rusqlite::Result<Vec<Positioned>> {
            let mut found = Vec::with_capacity(numbers.len());
            let mut statement = self.connection.prepare_cached(
                "SELECT code, billable, short_title, long_title FROM entry WHERE id = ?1",
            )?;
            for number in numbers {
                let entry = statement.query_row([number], |row| entry(code_set, row, 0))?;
                found.push((runs.position(number).unwrap_or(i64::MAX), entry));
            }
            found.sort_by_key(|(position, _)| *position);
            Ok(found)
        };
        let fail = |error| self.error(error);
        Ok(Differences {
            old: fetch(old_runs.minus(&new_runs), &old_runs).map_err(fail)?,
            new: fetch(new_runs.minus(&old_runs), &new_runs).map_err(fail)?,
            old_by_position: old_runs.by_position(),
            old_runs,
            new_runs,
        })
    }

    /// Returns the category nearest to one that neither of two releases lists, among those with the same first
    /// character that one of them does: the first after it, or the last before it.
    ///
    /// Categories of one first character are in the order of their characters in every official file, but for
    /// those with a letter further on (M1A stands before M10, C7A between C75 and C76): of ICD-10-CM these are
    /// nearest to none. Tables of ICD-10-PCS are in that order throughout.
    pub(crate) fn nearest_category(
        &self,
        code_set: CodeSet,
        differences: &Differences,
        category: &Code,
        after: bool,
    ) -> Result<Option<Code>> {
        let query = || -> rusqlite::Result<Option<Code>> {
            let letter: String = category.as_str().chars().take(1).collect();
            let mut entries = self.connection.prepare_cached(
                "SELECT id, code FROM entry
                 WHERE code_set = ?1 AND code >= ?2 AND code < ?3 AND length(code) = ?4 ORDER BY code",
            )?;
            let (from, to) = if after {
                (category.as_str().to_owned(), format!("{letter}{{"))
            } else {
                (letter, category.as_str().to_owned())
            };
            let mut nearest = None;
            let mut rows = entries.query(params![
                code_set_id(code_set),
                from,
                to,
                category.len() as i64
            ])?;
            while let Some(row) = rows.next()? {
                let number: i64 = row.get(0)?;
                let is_listed = differences.old_runs.position(number).is_some()
                    || differences.new_runs.position(number).is_some();
                let code = row.get_ref(1)?.as_bytes()?;
                let in_order = (code_set.facts().is_in_order)(code);
                if !is_listed || !in_order {
                    continue;
                }
                nearest = Code::from_plain(code_set, code);
                if after {
                    break;
                }
            }
            Ok(nearest)
        };
        query().map_err(|error| self.error(error))
    }

    /// Finds the entries of codes in the listings of two releases, with their positions: for each code
    /// that a listing has, new side and old side.
    pub(crate) fn find_codes(
        &self,
        code_set: CodeSet,
        differences: &Differences,
        codes: &[Code],
        with_below: bool,
    ) -> Result<Vec<FoundCode>> {
        let query = || -> rusqlite::Result<Vec<FoundCode>> {
            let mut entries = self.connection.prepare_cached(
                "SELECT id, code, billable, short_title, long_title FROM entry
                 WHERE code_set = ?1 AND code >= ?2 AND code < ?3",
            )?;
            let mut all = Vec::new();
            for code in codes {
                let from = code.as_str();
                let to = if with_below {
                    format!("{from}{{")
                } else {
                    format!("{from}\u{1}")
                };
                let mut found = FoundCode {
                    code: *code,
                    is_stored: false,
                    old: None,
                    new: None,
                    old_last: None,
                    new_last: None,
                };
                let mut rows = entries.query(params![code_set_id(code_set), from, to])?;
                while let Some(row) = rows.next()? {
                    let number: i64 = row.get(0)?;
                    let entry = entry(code_set, row, 1)?;
                    let old = differences.old_runs.position(number);
                    let new = differences.new_runs.position(number);
                    found.old_last = found.old_last.max(old);
                    found.new_last = found.new_last.max(new);
                    if entry.code == *code {
                        found.is_stored = true;
                        if let Some(at) = old {
                            found.old = Some((at, entry.clone()));
                        }
                        if let Some(at) = new {
                            found.new = Some((at, entry));
                        }
                    }
                }
                all.push(found);
            }
            Ok(all)
        };
        query().map_err(|error| self.error(error))
    }

    /// Returns the entries by which a release is compared with another: those that it lists, or, where rows name their
    /// days, those that it says to be valid on its first day. Of entries that differ in their days alone the first
    /// stands for all.
    fn compared_runs(&self, code_set: CodeSet, id: ReleaseId) -> Result<RunSet> {
        let runs = self.runs(code_set, id)?;
        if code_set.facts().days == DaysOf::Releases {
            return Ok(runs);
        }
        let day = id.effective_from().to_string();
        let query = || -> rusqlite::Result<RunSet> {
            let mut statement = self.connection.prepare_cached(
                "SELECT (SELECT min(id) FROM entry WHERE code_set = own.code_set AND code = own.code
                     AND billable = own.billable AND short_title = own.short_title AND long_title = own.long_title)
                 FROM entry AS own
                 WHERE id = ?1 AND first_day <= ?2 AND (last_day IS NULL OR last_day >= ?2)",
            )?;
            let mut valid: Vec<i64> = Vec::new();
            for run in runs.by_position() {
                for number in run.first..run.first + run.length {
                    let found =
                        statement.query_row(params![number, day], |row| row.get::<_, i64>(0));
                    valid.extend(found.optional()?);
                }
            }
            Ok(RunSet::gather(valid))
        };
        query().map_err(|error| self.error(error))
    }

    fn runs(&self, code_set: CodeSet, id: ReleaseId) -> Result<RunSet> {
        let listing = listing_number(&self.connection, code_set, id)
            .optional()
            .map_err(|error| self.error(error))?;
        let Some(listing) = listing else {
            return Err(not_loaded(&format!("{} {id}", code_set.name())));
        };
        runs_of(&self.connection, listing).map_err(|error| self.error(error))
    }
}

/// Reads the rows of a release in tabular order.
pub(super) fn entries(
    connection: &Connection,
    code_set: CodeSet,
    id: ReleaseId,
) -> rusqlite::Result<Vec<Entry>> {
    let runs = runs_of(connection, listing_number(connection, code_set, id)?)?;
    entries_of(connection, code_set, &runs)
}

/// Reads the entries of runs in their order.
fn entries_of(
    connection: &Connection,
    code_set: CodeSet,
    runs: &RunSet,
) -> rusqlite::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for run in runs.by_position() {
        each_of_run(connection, code_set, &run, &mut |_, row| {
            entries.push(row.to_entry())
        })?;
    }
    Ok(entries)
}

fn cannot_write(error: std::io::Error) -> Error {
    Error::io(format!("the order file cannot be written: {error}")).caused_by(error)
}

fn each_of_run(
    connection: &Connection,
    code_set: CodeSet,
    run: &Run,
    take: &mut dyn FnMut(i64, &RowRef<'_>),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT code, billable, short_title, long_title, first_day, last_day FROM entry WHERE id >= ?1 AND id < ?2 ORDER BY id",
    )?;
    let mut rows = statement.query((run.first, run.first + run.length))?;
    let mut position = run.position;
    while let Some(row) = rows.next()? {
        take(position, &row_ref(code_set, row, 0)?);
        position += 1;
    }
    Ok(())
}
