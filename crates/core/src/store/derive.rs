//! What follows from the facts, brought up to date: the days that releases govern, and the spans of codes.

use rusqlite::Connection;

use super::entries::EntryIndex;
use super::rows;
use super::spans::{self, Point};
use crate::model::{Code, CodeSet, DaysOf, ReleaseId, Timeline};

/// Brings the derived tables up to date with a release that has just been stored, and returns the codes whose
/// spans may have changed; `None` if all may have.
pub(super) fn of_release(
    connection: &Connection,
    code_set: CodeSet,
    id: ReleaseId,
    before: &Timeline,
    points_before: &[String],
    index: Option<&EntryIndex>,
) -> rusqlite::Result<Option<Vec<Code>>> {
    let ids: Vec<ReleaseId> = rows::release_ids(connection, code_set)?;
    let timeline = Timeline::new(code_set, ids);
    spans::write_timeline(connection, &timeline)?;
    let replaces = before
        .periods()
        .iter()
        .any(|period| period.release.edition() == id.edition());
    if code_set.facts().days == DaysOf::Rows {
        // Whatever a release says of earlier days, it says of all.
        spans::rebuild(connection, code_set, index)?;
        return Ok(None);
    }
    if replaces {
        // A revision takes the place of another: rare, and simplest done from the facts.
        if timeline.periods().iter().any(|period| period.release == id) {
            spans::rebuild(connection, code_set, index)?;
        }
        return Ok(None);
    }
    let after = spans::point_dates(connection, code_set)?;
    if points_before.iter().any(|date| !after.contains(date)) {
        // A published update takes the place of a patch.
        spans::rebuild(connection, code_set, index)?;
        return Ok(None);
    }
    let mut changed = Vec::new();
    // The points of this release: its first day, and a day for each of its patches.
    let is_own = |date: &String| !points_before.contains(date);
    let point = |date: Option<&String>| -> rusqlite::Result<Option<Point>> {
        date.map(|date| {
            Ok(Point {
                runs: spans::patched_runs(connection, code_set, date, index)?,
                from: date.clone(),
            })
        })
        .transpose()
    };
    for (at, date) in after.iter().enumerate().filter(|(_, date)| is_own(date)) {
        let before = point(at.checked_sub(1).and_then(|at| after.get(at)))?;
        // A later point of this same release is not in the spans yet.
        let next = point(after.iter().skip(at + 1).find(|date| !is_own(date)))?;
        if let Some(this) = point(Some(date))? {
            changed.extend(spans::insert_point(
                connection,
                code_set,
                index,
                before.as_ref(),
                &this,
                next.as_ref(),
            )?);
        }
    }
    Ok(Some(changed))
}

/// Derives the days that releases govern and the spans of a code set, of which nothing is derived yet.
pub(super) fn all(
    connection: &Connection,
    code_set: CodeSet,
    index: Option<&EntryIndex>,
) -> rusqlite::Result<()> {
    let ids = rows::release_ids(connection, code_set)?;
    spans::write_timeline(connection, &Timeline::new(code_set, ids))?;
    // Without the index each entry would be looked up by itself.
    let own = match index {
        Some(_) => None,
        None => Some(EntryIndex::load_codes(connection, code_set)?),
    };
    spans::rebuild(connection, code_set, index.or(own.as_ref()))
}
