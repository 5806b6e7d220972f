//! Spans where the rows of releases name the days that a code is valid on.
//!
//! The newest release that lists a code tells its first and last day, those before that release as well. Its titles on
//! a day are those of the newest release not later than the day, or of the first one that lists it. A code that a later
//! release no longer lists, and of which no last day was set, ends on the eve of that release.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use rusqlite::{Connection, params};

use super::rows::{code_set_id, date, row_ref, runs_of};
use crate::model::{Code, CodeSet, Span, ValidDays, push_merged};

/// A row of a code, with the day from which the release that has it governs.
#[derive(Debug, Clone)]
struct DatedRow {
    from: NaiveDate,
    /// The place of that release, or of the one whose days a patch lies in, among those loaded.
    release: usize,
    entry: i64,
    days: ValidDays,
    contents: Contents,
}

/// A row without its code and days: two with the same contents are one stretch.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Contents {
    billable: bool,
    short_title: String,
    long_title: String,
}

/// Derives all spans of a code set anew.
pub(super) fn rebuild(connection: &Connection, code_set: CodeSet) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM span WHERE code_set = ?1",
        [code_set_id(code_set)],
    )?;
    let releases = governing(connection, code_set)?;
    let mut rows_of: BTreeMap<Code, Vec<DatedRow>> = BTreeMap::new();
    for (place, release) in releases.iter().enumerate() {
        for entry in entries(connection, release)? {
            read(
                connection,
                code_set,
                entry,
                place,
                release.from,
                &mut rows_of,
            )?;
        }
        for (entry, from) in patches(connection, release.number)? {
            read(connection, code_set, entry, place, from, &mut rows_of)?;
        }
    }
    let firsts: Vec<NaiveDate> = releases.iter().map(|release| release.from).collect();
    let mut insert = connection.prepare(
        "INSERT INTO span (code_set, code, listed_from, delisted_from, entry) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (code, rows) in rows_of {
        for span in spans(&rows, &firsts) {
            insert.execute(params![
                code_set_id(code_set),
                code.as_str(),
                span.from.to_string(),
                span.until.map(|until| until.to_string()),
                span.value,
            ])?;
        }
    }
    Ok(())
}

/// A release that governs days.
struct Governing {
    number: i64,
    listing: i64,
    from: NaiveDate,
}

/// Lists the releases that govern days, oldest first.
fn governing(connection: &Connection, code_set: CodeSet) -> rusqlite::Result<Vec<Governing>> {
    connection
        .prepare(
            "SELECT release.id, listing, governs_from FROM period JOIN release ON release.id = period.release
             WHERE period.code_set = ?1 ORDER BY governs_from",
        )?
        .query_map([code_set_id(code_set)], |row| {
            Ok(Governing {
                number: row.get(0)?,
                listing: row.get(1)?,
                from: date(row, 2)?,
            })
        })?
        .collect()
}

/// Lists the entries of a release.
fn entries(connection: &Connection, release: &Governing) -> rusqlite::Result<Vec<i64>> {
    let runs = runs_of(connection, release.listing)?;
    let numbers = runs.runs().iter();
    Ok(numbers
        .flat_map(|run| run.first..run.first + run.length)
        .collect())
}

/// Lists the entries that the catalogue adds to a release, each with its first day.
fn patches(connection: &Connection, release: i64) -> rusqlite::Result<Vec<(i64, NaiveDate)>> {
    connection
        .prepare_cached("SELECT entry, effective_from FROM patch WHERE release = ?1 ORDER BY effective_from, entry")?
        .query_map([release], |row| Ok((row.get(0)?, date(row, 1)?)))?
        .collect()
}

fn read(
    connection: &Connection,
    code_set: CodeSet,
    entry: i64,
    release: usize,
    from: NaiveDate,
    rows_of: &mut BTreeMap<Code, Vec<DatedRow>>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "SELECT code, billable, short_title, long_title, first_day, last_day FROM entry WHERE id = ?1",
        )?
        .query_row([entry], |row| {
            let found = row_ref(code_set, row, 0)?;
            let days = found.days.unwrap_or(ValidDays {
                first: from,
                last: None,
            });
            rows_of.entry(found.code).or_default().push(DatedRow {
                from,
                release,
                entry,
                days,
                contents: Contents {
                    billable: found.billable,
                    short_title: found.short_title.to_owned(),
                    long_title: found.long_title.to_owned(),
                },
            });
            Ok(())
        })
}

/// Returns the spans of a code with the entry that holds on each, from its rows, oldest first, and the first days of
/// all loaded releases.
fn spans(rows: &[DatedRow], releases: &[NaiveDate]) -> Vec<Span<i64>> {
    let (Some(newest), Some(covered_from)) = (rows.last(), releases.first()) else {
        return Vec::new();
    };
    let ended = newest
        .days
        .last
        .and_then(|last| last.checked_add_days(Days::new(1)));
    // The first release that no longer lists it.
    let dropped = releases.get(newest.release + 1).copied();
    let until = match (ended, dropped) {
        (Some(ended), Some(dropped)) => Some(ended.min(dropped)),
        (ended, dropped) => ended.or(dropped),
    };
    // What ended before the first covered day keeps its days: no day shows it as valid, and all as deleted.
    let from = match until {
        Some(until) if until <= *covered_from => newest.days.first,
        _ => newest.days.first.max(*covered_from),
    };
    let mut merged: Vec<Span<&Contents>> = Vec::new();
    let mut found: Vec<Span<i64>> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        // Before the first release that lists it, the code has the titles of that one.
        let begins = if at == 0 { from } else { row.from.max(from) };
        let next = rows.get(at + 1).map(|next| next.from);
        let ends = match (next, until) {
            (Some(next), Some(until)) => Some(next.min(until)),
            (next, until) => next.or(until),
        };
        if ends.is_some_and(|ends| ends <= begins) {
            continue;
        }
        let stretches = merged.len();
        push_merged(
            &mut merged,
            Span {
                from: begins,
                until: ends,
                value: &row.contents,
            },
        );
        match found.last_mut() {
            Some(last) if merged.len() == stretches => last.until = ends,
            _ => found.push(Span {
                from: begins,
                until: ends,
                value: row.entry,
            }),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    fn dated(
        release: usize,
        from: NaiveDate,
        days: (NaiveDate, Option<NaiveDate>),
        title: &str,
    ) -> DatedRow {
        DatedRow {
            from,
            release,
            entry: release as i64,
            days: ValidDays {
                first: days.0,
                last: days.1,
            },
            contents: Contents {
                billable: true,
                short_title: title.to_owned(),
                long_title: title.to_owned(),
            },
        }
    }

    fn shown(rows: &[DatedRow], releases: &[NaiveDate]) -> Vec<String> {
        let shown = spans(rows, releases).into_iter().map(|span| {
            let until = span.until.map_or("-".to_owned(), |until| until.to_string());
            format!("{} {until} {}", span.from, span.value)
        });
        shown.collect()
    }

    #[test]
    fn the_newest_row_tells_the_days_and_each_release_its_titles() {
        let releases = [day(2025, 1, 1), day(2025, 4, 1), day(2025, 7, 1)];
        let row =
            |release: usize, days, title: &str| dated(release, releases[release], days, title);
        let since = (day(2020, 1, 1), None);
        // Listed throughout, with another title in the end.
        let rows = [row(0, since, "a"), row(1, since, "a"), row(2, since, "b")];
        assert_eq!(
            shown(&rows, &releases),
            ["2025-01-01 2025-07-01 0", "2025-07-01 - 2"]
        );
        // The last day is one on which it is valid.
        let ended = (day(2020, 1, 1), Some(day(2025, 3, 31)));
        let rows = [row(0, since, "a"), row(1, ended, "a"), row(2, ended, "a")];
        assert_eq!(shown(&rows, &releases), ["2025-01-01 2025-04-01 0"]);
        // A later release moves the first day, for the days before it too.
        let rows = [
            row(0, (day(2025, 2, 1), None), "a"),
            row(1, (day(2025, 3, 1), None), "a"),
        ];
        assert_eq!(
            shown(&rows, &releases),
            ["2025-03-01 2025-07-01 0"],
            "no longer listed from July on"
        );
        // Ended before anything is covered.
        let gone = (day(2020, 1, 1), Some(day(2024, 12, 31)));
        assert_eq!(
            shown(&[row(0, gone, "a")], &releases),
            ["2020-01-01 2025-01-01 0"]
        );
        // Listed first by a release after the day that it names.
        let rows = [
            row(1, (day(2025, 2, 15), None), "a"),
            row(2, (day(2025, 2, 15), None), "a"),
        ];
        assert_eq!(shown(&rows, &releases), ["2025-02-15 - 1"]);
    }
}
