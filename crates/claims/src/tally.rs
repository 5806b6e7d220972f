//! What is counted while claims are judged, and the summary of it.

#![allow(
    clippy::indexing_slicing,
    reason = "there is a count for every verdict"
)]

use std::collections::{BTreeMap, HashMap};

use chrono::{Months, NaiveDate};

use super::auditor::Day;
use super::claim::{ClaimProblem, ProblemKind};
use super::finding::Finding;
use super::index::{Index, SegmentNumber};
use super::packed::unpack;
use codeyear_core::answer::warnings;
use codeyear_core::error::Result;
use codeyear_core::model::{
    Code, CodeSet, Provenance, ReleaseId, Sets, VerdictKind, Warning, day_before,
};
use codeyear_core::store::StoreKind;

/// The most failing codes of which a summary tells all there is to say.
const MAX_EXPLAINED: usize = 1_000;
/// The most codes in no release that are told apart: only a file of garbage has more. Codes that some release
/// lists are all told apart.
const MAX_UNKNOWN: usize = 100_000;
/// The most problems that are kept with their place.
const MAX_PROBLEMS: usize = 100;
/// Months counted in a row; others in a map.
const FIRST_YEAR: i32 = 1990;
const MONTHS: usize = 71 * 12;

/// How many codes have each verdict, in the order of [`VerdictKind::ALL`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerdictCounts {
    codes: [u64; 7],
    cents: [i64; 7],
}

impl VerdictCounts {
    /// Returns how many codes have a verdict.
    pub fn of(&self, kind: VerdictKind) -> u64 {
        self.codes[kind as usize]
    }

    /// Returns what the claims of these codes charge, in cents; a claim counts once for each of its codes.
    pub fn cents_of(&self, kind: VerdictKind) -> i64 {
        self.cents[kind as usize]
    }

    /// Returns how many codes there are.
    pub fn total(&self) -> u64 {
        self.codes.iter().sum()
    }

    /// Returns how many codes are known not to be billable: those on a day that no loaded release governs are
    /// not among them.
    pub fn failing(&self) -> u64 {
        let failing = VerdictKind::ALL
            .into_iter()
            .filter(|kind| kind.is_failure());
        failing.map(|kind| self.of(kind)).sum()
    }

    /// Returns what the claims of failing codes charge, in cents.
    pub fn failing_cents(&self) -> i64 {
        let failing = VerdictKind::ALL
            .into_iter()
            .filter(|kind| kind.is_failure());
        failing.map(|kind| self.cents_of(kind)).sum()
    }

    fn count(&mut self, kind: VerdictKind, cents: Option<i64>) {
        self.codes[kind as usize] += 1;
        self.cents[kind as usize] += cents.unwrap_or(0);
    }

    fn add(&mut self, other: &VerdictCounts) {
        for (sum, count) in self.codes.iter_mut().zip(other.codes) {
            *sum += count;
        }
        for (sum, cents) in self.cents.iter_mut().zip(other.cents) {
            *sum += cents;
        }
    }
}

/// One way in which one code fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailingCode {
    /// How many times.
    pub codes: u64,
    /// What these claims charge, in cents.
    pub cents: i64,
    /// The earliest day.
    pub first: NaiveDate,
    /// The latest day.
    pub last: NaiveDate,
    /// What there is to say of it on the latest day. Its `code` is `None` for texts that can be no code, and
    /// for what was too much to tell apart.
    pub finding: Finding,
}

type FailureKey = (CodeSet, Option<Code>, VerdictKind);

/// How often a code fails, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct FailureCount {
    codes: u64,
    cents: i64,
    first: NaiveDate,
    last: NaiveDate,
}

impl FailureCount {
    pub(super) fn one(day: NaiveDate, cents: Option<i64>) -> FailureCount {
        FailureCount {
            codes: 1,
            cents: cents.unwrap_or_default(),
            first: day,
            last: day,
        }
    }

    pub(super) fn add(&mut self, other: &FailureCount) {
        self.codes += other.codes;
        self.cents += other.cents;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// Counts, in the middle of an audit: one a thread, added up at the end.
#[derive(Debug)]
pub(super) struct Tally {
    rows: u64,
    not_judged: u64,
    /// By code set and segment; the last is for days that no segment holds.
    segments: Sets<Vec<VerdictCounts>>,
    months: Vec<VerdictCounts>,
    other_months: BTreeMap<(i32, u32), VerdictCounts>,
    failures: HashMap<FailureKey, FailureCount>,
    /// How many codes in no release are told apart; `None` from when there were too many.
    unknown: Option<usize>,
    problems: Vec<ClaimProblem>,
    problem_counts: BTreeMap<ProblemKind, u64>,
    /// Packed codes that some release lists; `None` for all others.
    codes: HashMap<(CodeSet, Option<u64>), u64>,
}

impl Tally {
    pub(super) fn new(index: &Index) -> Tally {
        let segments = |set| {
            let count = index.set(set).segments.len() + 1;
            vec![VerdictCounts::default(); count]
        };
        Tally {
            rows: 0,
            not_judged: 0,
            segments: Sets::new(segments),
            months: vec![VerdictCounts::default(); MONTHS],
            other_months: BTreeMap::new(),
            failures: HashMap::new(),
            unknown: Some(0),
            problems: Vec::new(),
            problem_counts: BTreeMap::new(),
            codes: HashMap::new(),
        }
    }

    pub(super) fn count_code(&mut self, code_set: CodeSet, packed: Option<u64>) {
        *self.codes.entry((code_set, packed)).or_default() += 1;
    }

    pub(super) fn count_rows(&mut self, rows: u64) {
        self.rows += rows;
    }

    pub(super) fn count_not_judged(&mut self) {
        self.not_judged += 1;
    }

    pub(super) fn count(
        &mut self,
        code_set: CodeSet,
        segment: Option<SegmentNumber>,
        kind: VerdictKind,
        day: Day,
        cents: Option<i64>,
    ) {
        let segments = &mut self.segments[code_set];
        let counts = match segment {
            Some(segment) => segments.get_mut(usize::from(segment)),
            None => segments.last_mut(),
        };
        if let Some(counts) = counts {
            counts.count(kind, cents);
        }
        let month = (day.year - FIRST_YEAR) * 12 + day.month as i32 - 1;
        match usize::try_from(month)
            .ok()
            .and_then(|at| self.months.get_mut(at))
        {
            Some(counts) => counts.count(kind, cents),
            None => self
                .other_months
                .entry((day.year, day.month))
                .or_default()
                .count(kind, cents),
        }
    }

    pub(super) fn fail(
        &mut self,
        code_set: CodeSet,
        code: Option<Code>,
        verdict: VerdictKind,
        count: &FailureCount,
    ) {
        if !verdict.is_failure() {
            return;
        }
        let mut key = (code_set, code, verdict);
        if verdict == VerdictKind::Unknown && code.is_some() {
            match self.unknown {
                None => key.1 = None,
                Some(_) if self.failures.contains_key(&key) => {}
                Some(MAX_UNKNOWN) => {
                    self.lump_unknown();
                    key.1 = None;
                }
                Some(known) => self.unknown = Some(known + 1),
            }
        }
        self.failures
            .entry(key)
            .and_modify(|sum| sum.add(count))
            .or_insert(*count);
    }

    /// Counts codes in no release together from here on: all of them, so that it does not matter which came first.
    fn lump_unknown(&mut self) {
        self.unknown = None;
        let is_unknown = |key: &FailureKey| key.2 == VerdictKind::Unknown && key.1.is_some();
        let lumped: Vec<(FailureKey, FailureCount)> =
            self.failures.extract_if(|key, _| is_unknown(key)).collect();
        for ((code_set, _, verdict), count) in lumped {
            self.failures
                .entry((code_set, None, verdict))
                .and_modify(|sum| sum.add(&count))
                .or_insert(count);
        }
    }

    pub(super) fn problem(&mut self, problem: ClaimProblem) {
        *self.problem_counts.entry(problem.kind.clone()).or_default() += 1;
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// Adds what another thread counted.
    pub(super) fn add(&mut self, other: Tally) {
        self.rows += other.rows;
        self.not_judged += other.not_judged;
        for (code_set, others) in other.segments.iter() {
            let own = &mut self.segments[code_set];
            for (sum, counts) in own.iter_mut().zip(others) {
                sum.add(counts);
            }
        }
        for (sum, counts) in self.months.iter_mut().zip(&other.months) {
            sum.add(counts);
        }
        for (month, counts) in &other.other_months {
            self.other_months.entry(*month).or_default().add(counts);
        }
        if other.unknown.is_none() && self.unknown.is_some() {
            self.lump_unknown();
        }
        #[allow(
            clippy::iter_over_hash_type,
            reason = "sums do not depend on the order, and codes are told apart all or none"
        )]
        for ((code_set, code, verdict), count) in other.failures {
            self.fail(code_set, code, verdict, &count);
        }
        #[allow(
            clippy::iter_over_hash_type,
            reason = "sums do not depend on the order"
        )]
        for (code, count) in other.codes {
            *self.codes.entry(code).or_default() += count;
        }
        for (kind, count) in other.problem_counts {
            *self.problem_counts.entry(kind).or_default() += count;
        }
        self.problems.extend(other.problems);
        self.problems.sort_by_key(|problem| problem.place);
        self.problems.truncate(MAX_PROBLEMS);
    }

    /// Sums up; what there is to say of failing codes is asked of the index.
    pub(super) fn into_summary(self, index: &Index) -> Result<AuditSummary> {
        let mut total = VerdictCounts::default();
        let mut releases: BTreeMap<(CodeSet, Option<ReleaseId>), VerdictCounts> = BTreeMap::new();
        for (code_set, counts) in self.segments.iter() {
            let segments = &index.set(code_set).segments;
            for (at, counts) in counts
                .iter()
                .enumerate()
                .filter(|(_, counts)| counts.total() > 0)
            {
                total.add(counts);
                let release = segments.get(at).and_then(|segment| segment.release);
                releases.entry((code_set, release)).or_default().add(counts);
            }
        }
        let month = |(at, counts): (usize, &VerdictCounts)| {
            let at = i32::try_from(at).unwrap_or_default();
            let first = NaiveDate::from_ymd_opt(
                FIRST_YEAR + at / 12,
                u32::try_from(at % 12).unwrap_or_default() + 1,
                1,
            )?;
            (counts.total() > 0).then_some((first, *counts))
        };
        let mut months: BTreeMap<NaiveDate, VerdictCounts> =
            self.months.iter().enumerate().filter_map(month).collect();
        for ((year, month), counts) in self.other_months {
            if let Some(first) = NaiveDate::from_ymd_opt(year, month, 1) {
                months.entry(first).or_default().add(&counts);
            }
        }
        let mut warnings = warnings_of(index, &months, &releases);
        let provenance = releases.keys().filter_map(|(code_set, release)| {
            let key = (*code_set, (*release)?);
            Some((key, index.timeline(key.0).trust(key.1)?.provenance))
        });
        let provenance = provenance.collect();
        let mut failures: Vec<(FailureKey, FailureCount)> = self.failures.into_iter().collect();
        let mut causes: BTreeMap<(CodeSet, Option<ReleaseId>), u64> = BTreeMap::new();
        for ((code_set, code, verdict), count) in &failures {
            let cause = code
                .and_then(|code| index.breaking_release(*code_set, &code, *verdict, count.last));
            *causes.entry((*code_set, cause)).or_default() += count.codes;
        }
        let mut causes: Vec<(CodeSet, Option<ReleaseId>, u64)> = causes
            .into_iter()
            .map(|((code_set, release), codes)| (code_set, release, codes))
            .collect();
        causes.sort_by_key(|(_, _, codes)| std::cmp::Reverse(*codes));
        // That a code came or went is told by another release than the one of the day.
        for (code_set, cause, _) in &causes {
            let doubts = cause.map(|cause| index.timeline(*code_set).doubts(cause));
            for warning in doubts.into_iter().flatten() {
                if !warnings.contains(&(*code_set, warning.clone())) {
                    warnings.push((*code_set, warning));
                }
            }
        }
        let notes = match self.unknown {
            Some(_) => Vec::new(),
            None => vec![format!(
                "more than {MAX_UNKNOWN} different codes are in no release; they are not told apart"
            )],
        };
        let more_failures = failures.len().saturating_sub(MAX_EXPLAINED) as u64;
        let place =
            |(key, count): &(FailureKey, FailureCount)| (std::cmp::Reverse(count.codes), *key);
        // Those that are told are put in order, not the hundred times as many that are only counted.
        if more_failures > 0 {
            failures.select_nth_unstable_by_key(MAX_EXPLAINED, place);
            failures.truncate(MAX_EXPLAINED);
        }
        failures.sort_by_key(place);
        let failures = failures
            .into_iter()
            .map(|(key, count)| FailingCode::explained(index, key, &count))
            .collect::<Result<Vec<FailingCode>>>()?;
        let mut codes: Vec<(CodeSet, Option<Code>, u64)> = self
            .codes
            .into_iter()
            .map(|((code_set, packed), count)| {
                let code = packed.and_then(|packed| unpack(code_set, packed));
                (code_set, code, count)
            })
            .collect();
        codes.sort_unstable();
        Ok(AuditSummary {
            store_kind: index.kind(),
            rows: self.rows,
            not_judged: self.not_judged,
            total,
            releases: releases
                .into_iter()
                .map(|((code_set, release), counts)| (code_set, release, counts))
                .collect(),
            months: months.into_iter().collect(),
            failures,
            more_failures,
            causes,
            problems: self.problems,
            problem_counts: self.problem_counts.into_iter().collect(),
            codes,
            has_amounts: false,
            provenance,
            warnings,
            notes,
        })
    }
}

impl FailingCode {
    fn explained(
        index: &Index,
        (code_set, code, verdict): FailureKey,
        count: &FailureCount,
    ) -> Result<FailingCode> {
        let mut finding = match &code {
            Some(code) => index.find(code_set, code.as_str(), count.last)?,
            // Of any text that is no code the same can be said.
            None => index.find(code_set, "", count.last)?,
        };
        if code.is_none() {
            finding.verdict = verdict;
            finding.why = format!("no code of {} looks like that", code_set.name());
        }
        Ok(FailingCode {
            codes: count.codes,
            cents: count.cents,
            first: count.first,
            last: count.last,
            finding,
        })
    }
}

/// Lists what could make verdicts of these months other than they are, for each code set that has any.
fn warnings_of(
    index: &Index,
    months: &BTreeMap<NaiveDate, VerdictCounts>,
    releases: &BTreeMap<(CodeSet, Option<ReleaseId>), VerdictCounts>,
) -> Vec<(CodeSet, Warning)> {
    let mut found = Vec::new();
    let (Some((first, _)), Some((last, _))) = (months.first_key_value(), months.last_key_value())
    else {
        return found;
    };
    let last = last.checked_add_months(Months::new(1)).unwrap_or(*last);
    for code_set in CodeSet::ALL {
        if releases.keys().any(|(of, _)| *of == code_set) {
            let all = warnings(
                index.kind(),
                code_set,
                index.timeline(code_set),
                *first,
                day_before(last),
            );
            let matters = |warning: &Warning| match warning {
                // The sample is told of once, by the kind of the store.
                Warning::Sample => false,
                // A release that no code of the file is judged by changes nothing.
                Warning::Derived { release }
                | Warning::Incomplete { release, .. }
                | Warning::Forced { release, .. } => {
                    releases.contains_key(&(code_set, Some(*release)))
                }
                Warning::MissingRelease { .. }
                | Warning::MissingReleases { .. }
                | Warning::BeyondKnown { .. } => true,
            };
            let all = all.into_iter().filter(matters);
            found.extend(all.map(|warning| (code_set, warning)));
        }
    }
    found
}

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditSummary {
    /// Whether it rests on full releases or on the sample.
    pub store_kind: StoreKind,
    /// Rows, objects, claims or resources read, those included that could not be.
    pub rows: u64,
    /// Codes of code sets that codeyear does not keep.
    pub not_judged: u64,
    /// Codes by verdict.
    pub total: VerdictCounts,
    /// Codes by code set, release in force on their day (`None` where none was) and verdict.
    pub releases: Vec<(CodeSet, Option<ReleaseId>, VerdictCounts)>,
    /// Codes by the month of their day, given by its first day, and verdict.
    pub months: Vec<(NaiveDate, VerdictCounts)>,
    /// What fails, the most frequent first; at most a thousand codes.
    pub failures: Vec<FailingCode>,
    /// How many more codes fail, each less often.
    pub more_failures: u64,
    /// Failing codes by the release that made them fail (`None` where none did), the most frequent first.
    pub causes: Vec<(CodeSet, Option<ReleaseId>, u64)>,
    /// The first of what cannot be read, at most a hundred, by place.
    pub problems: Vec<ClaimProblem>,
    /// How often each thing cannot be read.
    pub problem_counts: Vec<(ProblemKind, u64)>,
    /// With [`RowOptions::count_codes`](super::RowOptions::count_codes) how often each code stands there;
    /// `None` for texts that no release lists.
    pub codes: Vec<(CodeSet, Option<Code>, u64)>,
    /// Whether amounts were added up.
    pub has_amounts: bool,
    /// How well the files are known that the verdicts rest on, by code set and release in force.
    pub provenance: BTreeMap<(CodeSet, ReleaseId), Provenance>,
    /// What could make verdicts other than they are.
    pub warnings: Vec<(CodeSet, Warning)>,
    /// What was told from the file rather than stated: the form of its dates, its delimiter.
    pub notes: Vec<String>,
}

impl AuditSummary {
    /// Returns how many things cannot be read.
    pub fn unread(&self) -> u64 {
        self.problem_counts.iter().map(|(_, count)| count).sum()
    }

    /// Returns the first and last day of the codes judged, by month: the first day of each month.
    pub fn span(&self) -> Option<(NaiveDate, NaiveDate)> {
        let (first, _) = self.months.first()?;
        let (last, _) = self.months.last()?;
        Some((*first, *last))
    }
}
