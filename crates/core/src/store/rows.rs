//! The small reads that every other room of the store needs: values from rows, numbers of releases.

use chrono::NaiveDate;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use super::runs::{Run, RunSet};
use crate::model::{Code, CodeSet, DaysOf, Entry, ReleaseId, RowRef, Timeline, Trust, ValidDays};
use crate::parse::order::{Envelope, LineEnding, Numbering};

/// Returns the number by which the schema knows a code set.
pub(super) fn code_set_id(code_set: CodeSet) -> i64 {
    code_set.facts().number
}

pub(super) fn release_ids(
    connection: &Connection,
    code_set: CodeSet,
) -> rusqlite::Result<Vec<ReleaseId>> {
    connection
        .prepare_cached("SELECT name FROM release WHERE code_set = ?1")?
        .query_map([code_set_id(code_set)], |row| parsed(row, 0))?
        .collect()
}

pub(super) fn timeline(connection: &Connection, code_set: CodeSet) -> rusqlite::Result<Timeline> {
    let releases = connection
        .prepare_cached(
            "SELECT name, rows_sha256, provenance, incomplete, forced FROM release WHERE code_set = ?1",
        )?
        .query_map([code_set_id(code_set)], |row| {
            Ok((parsed(row, 0)?, trust(row, 1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Timeline::with_trust(code_set, releases))
}

/// Reads how far a release can be trusted, from four columns on.
pub(super) fn trust(row: &Row<'_>, at: usize) -> rusqlite::Result<Trust> {
    Ok(Trust {
        rows_sha256: row.get(at)?,
        provenance: parsed(row, at + 1)?,
        incomplete: row.get(at + 2)?,
        forced: row.get(at + 3)?,
    })
}

pub(super) fn release_number(
    connection: &Connection,
    code_set: CodeSet,
    id: ReleaseId,
) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT id FROM release WHERE code_set = ?1 AND name = ?2")?
        .query_row(params![code_set_id(code_set), id.to_string()], |row| {
            row.get(0)
        })
}

/// Returns the number of a release's listing, which releases with the same order file share.
pub(super) fn listing_number(
    connection: &Connection,
    code_set: CodeSet,
    id: ReleaseId,
) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT listing FROM release WHERE code_set = ?1 AND name = ?2")?
        .query_row(params![code_set_id(code_set), id.to_string()], |row| {
            row.get(0)
        })
}

pub(super) fn runs_of(connection: &Connection, listing: i64) -> rusqlite::Result<RunSet> {
    let runs = connection
        .prepare_cached("SELECT first_entry, length, position FROM listing_run WHERE listing = ?1")?
        .query_map([listing], |row| {
            Ok(Run {
                first: row.get(0)?,
                length: row.get(1)?,
                position: row.get(2)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<Run>>>()?;
    Ok(RunSet::new(runs))
}

/// Reads what stands around the rows of a release's order file.
pub(super) fn envelope(connection: &Connection, release: i64) -> rusqlite::Result<Envelope> {
    connection
        .prepare_cached(
            "SELECT byte_order_mark, line_ending, tail, numbering FROM source_file
             WHERE release = ?1 AND kind = 'order_file'",
        )?
        .query_row([release], |row| {
            let line_ending: LineEnding = parsed(row, 1)?;
            let numbering: Numbering = parsed(row, 3)?;
            Ok(Envelope {
                byte_order_mark: row.get(0)?,
                line_ending,
                tail: row.get(2)?,
                numbering,
            })
        })
}

pub(super) fn entry(code_set: CodeSet, row: &Row<'_>, at: usize) -> rusqlite::Result<Entry> {
    Ok(Entry {
        code: Code::from_plain(code_set, row.get_ref(at)?.as_bytes()?)
            .ok_or_else(|| malformed_code(at))?,
        billable: row.get(at + 1)?,
        short_title: row.get(at + 2)?,
        long_title: row.get(at + 3)?,
    })
}

/// Reads code, flag, titles and the days that a row names, which stand in the columns from `at` on.
pub(super) fn row_ref<'r>(
    code_set: CodeSet,
    row: &'r Row<'_>,
    at: usize,
) -> rusqlite::Result<RowRef<'r>> {
    let days = match code_set.facts().days {
        DaysOf::Releases => None,
        DaysOf::Rows => {
            let is_set = row.get_ref(at + 5)? != rusqlite::types::ValueRef::Null;
            Some(ValidDays {
                first: date(row, at + 4)?,
                last: is_set.then(|| date(row, at + 5)).transpose()?,
            })
        }
    };
    Ok(RowRef {
        code: Code::from_plain(code_set, row.get_ref(at)?.as_bytes()?)
            .ok_or_else(|| malformed_code(at))?,
        billable: row.get(at + 1)?,
        days,
        short_title: row.get_ref(at + 2)?.as_str()?,
        long_title: row.get_ref(at + 3)?.as_str()?,
    })
}

pub(super) fn date(row: &Row<'_>, at: usize) -> rusqlite::Result<NaiveDate> {
    parsed(row, at)
}

pub(super) fn parsed<T: std::str::FromStr>(row: &Row<'_>, at: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(at)?.as_str()?;
    text.parse().map_err(|_| malformed(at, text))
}

pub(super) fn malformed(at: usize, text: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        at,
        Type::Text,
        format!("unexpected value {text:?}").into(),
    )
}

pub(super) fn malformed_code(at: usize) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(at, Type::Text, "not a code".into())
}
