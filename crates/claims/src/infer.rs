//! Which release explains a file without dates: the one in which most of its codes are billable.

use serde::Serialize;
use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::index::Index;
use super::summary::AuditSummary;
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{Code, CodeSet, ReleaseId, VerdictKind};

/// The most codes that are named as evidence for either end of the window.
const MAX_EVIDENCE: usize = 10;

/// Days on which the same releases of all code sets of the file are in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The first day.
    pub from: NaiveDate,
    /// The day after the last one.
    pub until: NaiveDate,
    /// The release in force of each code set that the file has codes of.
    pub releases: Vec<(CodeSet, ReleaseId)>,
    /// How many codes of the file are billable on these days, each as often as it stands there.
    pub billable: u64,
}

/// A code that tells one end of the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnEvidence {
    /// The code set.
    pub code_set: CodeSet,
    /// The code: billable within the window and not beyond its end.
    #[serde(flatten, serialize_with = "codeyear_core::model::both_forms")]
    pub code: Code,
    /// How often it stands in the file.
    pub count: u64,
}

/// What was inferred, and from what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inference {
    /// How many codes were looked at, those included that no release lists.
    pub codes: u64,
    /// How many of them no release lists as billable on any day.
    pub never_billable: u64,
    /// The windows that explain the file, the best first; neighbours that explain it equally well are one.
    pub windows: Vec<Window>,
    /// Codes that the days before the best window do not explain, the most frequent first.
    pub not_before: Vec<ColumnEvidence>,
    /// Codes that the days after it do not explain.
    pub not_after: Vec<ColumnEvidence>,
    /// Codes that the best window does not explain, though other days do.
    pub unexplained: Vec<ColumnEvidence>,
}

/// Infers from the counts of an audit that counted codes
/// ([`RowOptions::count_codes`](super::RowOptions::count_codes)) on which days they were used.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Usage`] if the file holds no code that could tell.
pub fn infer(index: &Index, counted: &AuditSummary) -> Result<Inference> {
    let codes: u64 = counted.codes.iter().map(|(_, _, count)| count).sum();
    let listed: Vec<(CodeSet, Code, u64)> = counted
        .codes
        .iter()
        .filter_map(|(code_set, code, count)| Some((*code_set, (*code)?, *count)))
        .filter(|(code_set, code, _)| {
            index
                .set(*code_set)
                .find(code.as_str().as_bytes())
                .is_some()
        })
        .collect();
    let sets: BTreeSet<CodeSet> = listed.iter().map(|(code_set, _, _)| *code_set).collect();
    // The days on which anything begins in any of the code sets.
    let mut days: BTreeSet<NaiveDate> = BTreeSet::new();
    for code_set in &sets {
        let segments = &index.set(*code_set).segments;
        days.extend(segments.iter().map(|segment| segment.from));
    }
    let days: Vec<NaiveDate> = days.into_iter().collect();
    let mut windows: Vec<Window> = Vec::new();
    for (at, from) in days.iter().enumerate() {
        let releases: Vec<(CodeSet, ReleaseId)> = sets
            .iter()
            .filter_map(|code_set| Some((*code_set, index.release_on(*code_set, *from)?)))
            .collect();
        // A window in which a code set of the file is not covered explains nothing of it.
        let (true, Some(until)) = (
            releases.len() == sets.len() && !sets.is_empty(),
            days.get(at + 1),
        ) else {
            continue;
        };
        let billable = listed
            .iter()
            .filter(|(code_set, code, _)| is_billable(index, *code_set, code, *from))
            .map(|(_, _, count)| count)
            .sum();
        match windows.last_mut() {
            // Nothing that the file uses changed on that day.
            Some(last) if last.until == *from && last.billable == billable => {
                last.until = *until;
                let new = releases
                    .into_iter()
                    .filter(|release| !last.releases.contains(release));
                let new: Vec<_> = new.collect();
                last.releases.extend(new);
            }
            _ => windows.push(Window {
                from: *from,
                until: *until,
                releases,
                billable,
            }),
        }
    }
    let in_time = windows.clone();
    windows.sort_by_key(|window| (std::cmp::Reverse(window.billable), window.from));
    let best = match windows.first() {
        Some(best) if best.billable > 0 => best.clone(),
        _ => {
            return Err(Error::usage(
                "no code in the file is billable in any loaded release, so nothing can be inferred",
            )
            .with_hint("is it the right column? state the code set with --code-set"));
        }
    };
    let within = |day| move |(set, code): (CodeSet, &Code)| is_billable(index, set, code, day);
    let beside = |day: Option<NaiveDate>| -> Vec<ColumnEvidence> {
        let Some(day) = day else { return Vec::new() };
        evidence(&listed, |set, code| {
            within(best.from)((set, code)) && !within(day)((set, code))
        })
    };
    let before = in_time
        .iter()
        .rev()
        .find(|window| window.until <= best.from);
    let after = in_time.iter().find(|window| window.from >= best.until);
    let ever = |code_set: CodeSet, code: &Code| {
        in_time
            .iter()
            .any(|window| is_billable(index, code_set, code, window.from))
    };
    let explained: u64 = listed
        .iter()
        .filter(|(code_set, code, _)| ever(*code_set, code))
        .map(|(_, _, count)| count)
        .sum();
    Ok(Inference {
        codes,
        never_billable: codes - explained,
        not_before: beside(before.map(|window| window.from)),
        not_after: beside(after.map(|window| window.from)),
        unexplained: evidence(&listed, |set, code| {
            ever(set, code) && !is_billable(index, set, code, best.from)
        }),
        windows,
    })
}

/// Lists the most frequent codes of which something holds.
fn evidence(
    listed: &[(CodeSet, Code, u64)],
    holds: impl Fn(CodeSet, &Code) -> bool,
) -> Vec<ColumnEvidence> {
    let mut evidence: Vec<ColumnEvidence> = listed
        .iter()
        .filter(|(code_set, code, _)| holds(*code_set, code))
        .map(|(code_set, code, count)| ColumnEvidence {
            code_set: *code_set,
            code: *code,
            count: *count,
        })
        .collect();
    evidence.sort_by_key(|evidence| {
        (
            std::cmp::Reverse(evidence.count),
            evidence.code_set,
            evidence.code,
        )
    });
    evidence.truncate(MAX_EVIDENCE);
    evidence
}

fn is_billable(index: &Index, code_set: CodeSet, code: &Code, day: NaiveDate) -> bool {
    index.verdict_of(code_set, code, day) == VerdictKind::Billable
}
