//! Spans: history derived from the listings.
//!
//! The loaded releases of a code set, newest revisions only, are points on a line; a patch makes a
//! point of its own within its release. Between two neighbouring points the spans of the codes that
//! differ end and begin. A new point changes only what differs between it and its two neighbours, so
//! an import costs what it changes and not what is stored.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::days;
use super::entries::{EntryIndex, code_of, numbers_of};
use super::rows::{code_set_id, runs_of};
use super::runs::RunSet;
use crate::model::{Code, CodeSet, DaysOf, Timeline};

/// A point on the line of a code set: a first day, and the entries listed from it on.
pub(super) struct Point {
    pub(super) from: String,
    pub(super) runs: RunSet,
}

/// Writes the derived tables that follow from the list of releases alone.
pub(super) fn write_timeline(connection: &Connection, timeline: &Timeline) -> rusqlite::Result<()> {
    let code_set = code_set_id(timeline.code_set());
    connection.execute("DELETE FROM period WHERE code_set = ?1", [code_set])?;
    connection.execute("DELETE FROM coverage WHERE code_set = ?1", [code_set])?;
    for period in timeline.periods() {
        connection.execute(
            "INSERT INTO period (code_set, governs_from, governs_until, release)
             SELECT ?1, ?2, ?3, id FROM release WHERE code_set = ?1 AND name = ?4",
            params![
                code_set,
                period.from.to_string(),
                period.until.to_string(),
                period.release.to_string()
            ],
        )?;
    }
    for (from, until) in timeline.coverage() {
        connection.execute(
            "INSERT INTO coverage (code_set, covered_from, covered_until) VALUES (?1, ?2, ?3)",
            params![code_set, from.to_string(), until.to_string()],
        )?;
    }
    Ok(())
}

/// Derives all spans of a code set anew, as if its releases had come in the order of their days.
pub(super) fn rebuild(
    connection: &Connection,
    code_set: CodeSet,
    index: Option<&EntryIndex>,
) -> rusqlite::Result<()> {
    if code_set.facts().days == DaysOf::Rows {
        return days::rebuild(connection, code_set);
    }
    connection.execute(
        "DELETE FROM span WHERE code_set = ?1",
        [code_set_id(code_set)],
    )?;
    let mut before: Option<Point> = None;
    for from in point_dates(connection, code_set)? {
        let runs = patched_runs(connection, code_set, &from, index)?;
        let point = Point { from, runs };
        insert_point(connection, code_set, index, before.as_ref(), &point, None)?;
        before = Some(point);
    }
    Ok(())
}

/// Amends the spans for one new point between its neighbours, and gives the codes whose spans may have changed.
pub(super) fn insert_point(
    connection: &Connection,
    code_set: CodeSet,
    index: Option<&EntryIndex>,
    before: Option<&Point>,
    point: &Point,
    after: Option<&Point>,
) -> rusqlite::Result<Vec<Code>> {
    let empty = RunSet::default();
    let before_runs = before.map_or(&empty, |point| &point.runs);
    let mut affected: BTreeMap<Code, [Option<i64>; 3]> = BTreeMap::new();
    let mut differing = before_runs.minus(&point.runs);
    differing.extend(point.runs.minus(before_runs));
    if let Some(after) = after {
        differing.extend(after.runs.minus(&point.runs));
        differing.extend(point.runs.minus(&after.runs));
    }
    for entry in differing {
        let Some(code) = code_of(connection, index, code_set, entry)? else {
            continue;
        };
        let sides = affected.entry(code).or_default();
        let sets = [
            Some(before_runs),
            Some(&point.runs),
            after.map(|point| &point.runs),
        ];
        for (side, set) in sides.iter_mut().zip(sets) {
            if set.is_some_and(|set| set.contains(entry)) {
                *side = Some(entry);
            }
        }
    }
    let mut edit = Edit::new(connection, code_set)?;
    let from = point.from.as_str();
    let codes = affected.keys().copied().collect();
    for (code, [old, new, next]) in affected {
        let code = code.as_str();
        match after {
            None => {
                if old != new {
                    if old.is_some() {
                        edit.end_open(code, from)?;
                    }
                    if let Some(entry) = new {
                        edit.add(code, from, None, entry)?;
                    }
                }
            }
            Some(after) => {
                let to = after.from.as_str();
                if old == next {
                    if old == new {
                        continue;
                    }
                    if let (Some(entry), Some(before)) = (old, before) {
                        let ended = edit.end_covering(code, &before.from, from)?;
                        edit.add(code, to, ended.as_deref(), entry)?;
                    }
                    if let Some(entry) = new {
                        edit.add(code, from, Some(to), entry)?;
                    }
                } else if old == new {
                    // The span of `old` ends at the next point already.
                } else {
                    if old.is_some() {
                        edit.end_at(code, to, from)?;
                    }
                    if new == next {
                        edit.begin_earlier(code, to, from)?;
                    } else if let Some(entry) = new {
                        edit.add(code, from, Some(to), entry)?;
                    }
                }
            }
        }
    }
    Ok(codes)
}

/// The few ways in which spans change.
struct Edit<'c> {
    code_set: i64,
    add: rusqlite::Statement<'c>,
    end_open: rusqlite::Statement<'c>,
    end_at: rusqlite::Statement<'c>,
    covering: rusqlite::Statement<'c>,
    end_from: rusqlite::Statement<'c>,
    begin_earlier: rusqlite::Statement<'c>,
}

impl<'c> Edit<'c> {
    fn new(connection: &'c Connection, code_set: CodeSet) -> rusqlite::Result<Edit<'c>> {
        Ok(Edit {
            code_set: code_set_id(code_set),
            add: connection.prepare(
                "INSERT INTO span (code_set, code, listed_from, delisted_from, entry) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?,
            end_open: connection.prepare(
                "UPDATE span SET delisted_from = ?3 WHERE code_set = ?1 AND code = ?2 AND delisted_from IS NULL",
            )?,
            end_at: connection.prepare(
                "UPDATE span SET delisted_from = ?4 WHERE code_set = ?1 AND code = ?2 AND delisted_from = ?3",
            )?,
            covering: connection.prepare(
                "SELECT listed_from, delisted_from FROM span WHERE code_set = ?1 AND code = ?2
                 AND listed_from <= ?3 AND (delisted_from IS NULL OR delisted_from > ?3)",
            )?,
            end_from: connection.prepare(
                "UPDATE span SET delisted_from = ?4 WHERE code_set = ?1 AND code = ?2 AND listed_from = ?3",
            )?,
            begin_earlier: connection.prepare(
                "UPDATE span SET listed_from = ?4 WHERE code_set = ?1 AND code = ?2 AND listed_from = ?3",
            )?,
        })
    }

    fn add(
        &mut self,
        code: &str,
        from: &str,
        to: Option<&str>,
        entry: i64,
    ) -> rusqlite::Result<()> {
        self.add
            .execute(params![self.code_set, code, from, to, entry])?;
        Ok(())
    }

    /// Ends the span that is still open.
    fn end_open(&mut self, code: &str, at: &str) -> rusqlite::Result<()> {
        self.end_open.execute(params![self.code_set, code, at])?;
        Ok(())
    }

    /// Ends the span that ended at `was` at `at` instead.
    fn end_at(&mut self, code: &str, was: &str, at: &str) -> rusqlite::Result<()> {
        self.end_at.execute(params![self.code_set, code, was, at])?;
        Ok(())
    }

    /// Ends the span that a day lies in, and gives the day on which it ended before.
    fn end_covering(
        &mut self,
        code: &str,
        day: &str,
        at: &str,
    ) -> rusqlite::Result<Option<String>> {
        let found: Option<(String, Option<String>)> = self
            .covering
            .query_row(params![self.code_set, code, day], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((from, ended)) = found else {
            return Ok(None);
        };
        self.end_from
            .execute(params![self.code_set, code, from, at])?;
        Ok(ended)
    }

    /// Begins the span that began at `was` at `at` instead.
    fn begin_earlier(&mut self, code: &str, was: &str, at: &str) -> rusqlite::Result<()> {
        self.begin_earlier
            .execute(params![self.code_set, code, was, at])?;
        Ok(())
    }
}

/// Lists the days on which a listing or a patch begins, in order.
pub(super) fn point_dates(
    connection: &Connection,
    code_set: CodeSet,
) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(
            "SELECT governs_from FROM period WHERE code_set = ?1
             UNION
             SELECT patch.effective_from FROM patch JOIN period ON period.release = patch.release
             WHERE period.code_set = ?1 AND patch.effective_from > governs_from AND patch.effective_from < governs_until
             ORDER BY 1",
        )?
        .query_map([code_set_id(code_set)], |row| row.get(0))?
        .collect()
}

/// Returns the entries that are listed on a day: the release's, as patched; where rows name their days, those that are
/// valid on it, by their codes.
pub(super) fn patched_runs(
    connection: &Connection,
    code_set: CodeSet,
    day: &str,
    index: Option<&EntryIndex>,
) -> rusqlite::Result<RunSet> {
    if code_set.facts().days == DaysOf::Rows {
        return valid_on(connection, code_set, day);
    }
    let (release, listing): (i64, i64) = connection
        .prepare_cached(
            "SELECT release, listing FROM period JOIN release ON release.id = period.release
             WHERE period.code_set = ?1 AND governs_from <= ?2 ORDER BY governs_from DESC LIMIT 1",
        )?
        .query_row(params![code_set_id(code_set), day], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let mut runs = runs_of(connection, listing)?;
    let patches: Vec<i64> = connection
        .prepare_cached("SELECT entry FROM patch WHERE release = ?1 AND effective_from <= ?2 ORDER BY effective_from, entry")?
        .query_map(params![release, day], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for patch in patches {
        if let Some(code) = code_of(connection, index, code_set, patch)? {
            for number in numbers_of(connection, index, code_set, &code)? {
                runs.remove(number);
            }
        }
        runs.insert(patch);
    }
    Ok(runs)
}

/// Returns the entries whose spans hold a day, in the order of their codes.
fn valid_on(connection: &Connection, code_set: CodeSet, day: &str) -> rusqlite::Result<RunSet> {
    let numbers = connection
        .prepare_cached(
            "SELECT entry FROM span WHERE code_set = ?1
             AND listed_from <= ?2 AND (delisted_from IS NULL OR delisted_from > ?2) ORDER BY code",
        )?
        .query_map(params![code_set_id(code_set), day], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    Ok(RunSet::gather(numbers))
}
