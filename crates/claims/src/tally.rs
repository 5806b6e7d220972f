//! What is counted while claims are judged, and the summary of it.

#![allow(
    clippy::indexing_slicing,
    reason = "there is a count for every verdict"
)]

use std::collections::{BTreeMap, HashMap};

use chrono::{Months, NaiveDate};

use super::auditor::Standing;
use super::claim::{ClaimProblem, ProblemKind};
use super::clean::Writing;
use super::counts::{ClaimCounts, VerdictCounts};
use super::finding::Finding;
use super::index::{Index, SegmentNumber};
use super::not_judged::NotJudgedCounts;
use super::packed::unpack;
use super::summary::AuditSummary;
use super::usage::MAX_CODES;
use codeyear_core::answer::warnings;
use codeyear_core::error::Result;
use codeyear_core::model::{
    Code, CodeSet, DateParts, ReleaseId, Sets, VerdictKind, Warning, day_before,
};

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

/// Returns the number of a month among those that are counted in a row; one that is none of them has a number beyond.
#[inline]
fn month_of(day: DateParts) -> usize {
    let month = (day.year - FIRST_YEAR) * 12 + day.month as i32 - 1;
    usize::try_from(month).unwrap_or(usize::MAX)
}

/// Returns the bit of a column; those beyond share the last.
pub(super) fn bit(at: usize) -> u64 {
    1 << at.min(63)
}

/// One way in which one code fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailingCode {
    /// How many times.
    pub codes: u64,
    /// Of how many claims it is the first code that fails.
    pub claims: u64,
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

/// What fails, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct FailureKey {
    pub(super) code_set: CodeSet,
    /// `None` for texts that can be no code, and for what was too much to tell apart.
    pub(super) code: Option<Code>,
    pub(super) verdict: VerdictKind,
    /// The code set that the claim says, if it ended before the day.
    pub(super) ended: Option<&'static str>,
}

impl FailureKey {
    /// Checks whether it is a code in no release, of which there is no end.
    fn is_many(&self) -> bool {
        self.code.is_some() && (self.verdict == VerdictKind::Unknown || self.ended.is_some())
    }
}

/// How often a code fails, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct FailureCount {
    codes: u64,
    claims: u64,
    cents: i64,
    first: NaiveDate,
    last: NaiveDate,
}

impl FailureCount {
    /// Counts a claim of which it is the first code that fails.
    pub(super) fn count_claim(&mut self) {
        self.claims += 1;
    }

    pub(super) fn one(day: NaiveDate, cents: Option<i64>) -> FailureCount {
        FailureCount {
            codes: 1,
            claims: 0,
            cents: cents.unwrap_or_default(),
            first: day,
            last: day,
        }
    }

    pub(super) fn add(&mut self, other: &FailureCount) {
        self.codes += other.codes;
        self.claims += other.claims;
        self.cents = self.cents.saturating_add(other.cents);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// Counts, in the middle of an audit: one a thread, added up at the end.
#[derive(Debug)]
pub(super) struct Tally {
    rows: u64,
    pub(super) claims: ClaimCounts,
    /// How the claims stand that refer to Conditions and Procedures, and what they charge.
    linked_claims: HashMap<u32, (Standing, i64)>,
    /// Codes without a verdict.
    pub(super) not_judged: NotJudgedCounts,
    /// Fields that hold a marker in place of a code.
    pub(super) nulls: u64,
    remarks: BTreeMap<&'static str, u64>,
    /// Texts that would be codes without what stands around them.
    writings: BTreeMap<Writing, u64>,
    /// By code set and segment; the last is for days that no segment holds.
    segments: Sets<Vec<VerdictCounts>>,
    months: Vec<VerdictCounts>,
    /// Billable codes of rows without an amount, by code set and segment, and by month: most codes are such. They are
    /// added to the others at the end.
    billable: Sets<Vec<u64>>,
    billable_months: Vec<u64>,
    other_months: BTreeMap<(i32, u32), VerdictCounts>,
    failures: HashMap<FailureKey, FailureCount>,
    /// How many codes in no release are told apart; `None` from when there were too many.
    unknown: Option<usize>,
    problems: Vec<ClaimProblem>,
    problem_counts: BTreeMap<ProblemKind, u64>,
    /// The columns of codes, as bits, in which a release lists any of the codes; and how many texts each holds that no
    /// release lists.
    pub(super) listed_columns: u64,
    pub(super) unlisted: Vec<u64>,
    /// Packed texts with the format of a code; `None` for all others.
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
            claims: ClaimCounts::default(),
            linked_claims: HashMap::new(),
            not_judged: NotJudgedCounts::default(),
            nulls: 0,
            remarks: BTreeMap::new(),
            writings: BTreeMap::new(),
            segments: Sets::new(segments),
            months: vec![VerdictCounts::default(); MONTHS],
            billable: Sets::new(|set| vec![0; index.set(set).segments.len()]),
            billable_months: vec![0; MONTHS],
            other_months: BTreeMap::new(),
            failures: HashMap::new(),
            unknown: Some(0),
            problems: Vec::new(),
            problem_counts: BTreeMap::new(),
            listed_columns: 0,
            unlisted: Vec::new(),
            codes: HashMap::new(),
        }
    }

    /// Checks whether codes were counted in place of being judged.
    pub(super) fn has_counted(&self) -> bool {
        !self.codes.is_empty()
    }

    /// Counts a text with the format of a code; `None` is any other.
    pub(super) fn count_code(&mut self, code_set: CodeSet, packed: Option<u64>, is_listed: bool) {
        // A file of garbage has more; they are not held, and whoever asks for them is told so.
        let packed = packed.filter(|_| is_listed || self.codes.len() <= MAX_CODES);
        *self.codes.entry((code_set, packed)).or_default() += 1;
    }

    /// Returns how many rows were read.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn count_rows(&mut self, rows: u64) {
        self.rows += rows;
    }

    /// Counts a code of a column by whether any release lists it.
    pub(super) fn count_column(&mut self, at: usize, is_listed: bool) {
        if is_listed {
            self.listed_columns |= bit(at);
            return;
        }
        if self.unlisted.len() <= at {
            self.unlisted.resize(at + 1, 0);
        }
        if let Some(count) = self.unlisted.get_mut(at) {
            *count += 1;
        }
    }

    /// Returns the columns of which no release lists any code, with how many texts each holds.
    pub(super) fn columns_without_codes(&self) -> Vec<(usize, u64)> {
        let unlisted = self.unlisted.iter().copied().enumerate();
        let without =
            unlisted.filter(|(at, count)| *count > 0 && self.listed_columns & bit(*at) == 0);
        without.collect()
    }

    pub(super) fn count_writing(&mut self, writing: Option<Writing>) {
        if let Some(writing) = writing {
            *self.writings.entry(writing).or_default() += 1;
        }
    }

    pub(super) fn remark(&mut self, remark: &'static str) {
        *self.remarks.entry(remark).or_default() += 1;
    }

    pub(super) fn count(
        &mut self,
        code_set: CodeSet,
        segment: Option<SegmentNumber>,
        kind: VerdictKind,
        day: DateParts,
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
        match self.months.get_mut(month_of(day)) {
            Some(counts) => counts.count(kind, cents),
            None => self
                .other_months
                .entry((day.year, day.month))
                .or_default()
                .count(kind, cents),
        }
    }

    /// Counts a billable code of a row without an amount.
    #[inline]
    pub(super) fn count_billable(
        &mut self,
        code_set: CodeSet,
        segment: SegmentNumber,
        day: DateParts,
    ) {
        let counts = self.billable[code_set].get_mut(usize::from(segment));
        let months = self.billable_months.get_mut(month_of(day));
        match (counts, months) {
            (Some(count), Some(month)) => {
                *count += 1;
                *month += 1;
            }
            _ => self.count(code_set, Some(segment), VerdictKind::Billable, day, None),
        }
    }

    /// Returns the counts with the billable codes among them.
    pub(super) fn settled(mut self) -> Tally {
        let billable = VerdictKind::Billable as usize;
        for (code_set, counts) in self.billable.iter() {
            for (sum, count) in self.segments[code_set].iter_mut().zip(counts) {
                sum.codes[billable] += count;
            }
        }
        for (sum, count) in self.months.iter_mut().zip(&self.billable_months) {
            sum.codes[billable] += count;
        }
        self.billable = Sets::default();
        self.billable_months = Vec::new();
        self
    }

    pub(super) fn fail(&mut self, mut key: FailureKey, count: &FailureCount) {
        if !key.verdict.is_failure() {
            return;
        }
        if key.is_many() {
            match self.unknown {
                None => key.code = None,
                Some(_) if self.failures.contains_key(&key) => {}
                Some(MAX_UNKNOWN) => {
                    self.lump_unknown();
                    key.code = None;
                }
                Some(known) => self.unknown = Some(known + 1),
            }
        }
        self.failures
            .entry(key)
            .and_modify(|sum| sum.add(count))
            .or_insert(*count);
    }

    /// Notes how a claim stands that points to parts which come later.
    pub(super) fn note_linked_claim(&mut self, claim: u32, standing: Standing, cents: Option<i64>) {
        let cents = cents.unwrap_or_default();
        self.linked_claims.insert(claim, (standing, cents));
    }

    /// Counts a claim by a code that it refers to, where it stood better by what came before. Returns whether it fails now
    /// and did not before.
    pub(super) fn fail_linked_claim(&mut self, claim: u32, standing: Standing) -> bool {
        let Some((known, cents)) = self.linked_claims.get_mut(&claim) else {
            return false;
        };
        let was = *known;
        match (was, standing) {
            (Standing::Fails, _) | (_, Standing::Good) | (Standing::Open, Standing::Open) => false,
            (Standing::Good, Standing::Open) => {
                *known = standing;
                self.claims.undetermined += 1;
                false
            }
            (Standing::Good | Standing::Open, Standing::Fails) => {
                *known = standing;
                self.claims.undetermined -= u64::from(was == Standing::Open);
                self.claims.failing += 1;
                self.claims.failing_cents = self.claims.failing_cents.saturating_add(*cents);
                true
            }
        }
    }

    /// Counts a claim of which a code is the first that fails; the code was counted before.
    pub(super) fn count_first_failure(&mut self, mut key: FailureKey) {
        if self.unknown.is_none() && key.is_many() {
            key.code = None;
        }
        if let Some(count) = self.failures.get_mut(&key) {
            count.count_claim();
        }
    }

    /// Counts codes in no release together from here on: all of them, so that it does not matter which came first.
    fn lump_unknown(&mut self) {
        self.unknown = None;
        let lumped: Vec<(FailureKey, FailureCount)> =
            self.failures.extract_if(|key, _| key.is_many()).collect();
        for (key, count) in lumped {
            self.failures
                .entry(FailureKey { code: None, ..key })
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

    /// Adds the name of the file to what cannot be read in it.
    pub(super) fn name_file(&mut self, name: &str) {
        for problem in &mut self.problems {
            problem.file.get_or_insert_with(|| name.into());
        }
    }

    /// Adds what was counted of another file.
    pub(super) fn add_file(&mut self, other: Tally) {
        let before = std::mem::take(&mut self.problems);
        self.add(other);
        let behind = std::mem::replace(&mut self.problems, before);
        self.problems.extend(behind);
        self.problems.truncate(MAX_PROBLEMS);
    }

    /// Adds what another thread counted.
    pub(super) fn add(&mut self, other: Tally) {
        self.rows += other.rows;
        self.claims.add(other.claims);
        self.not_judged.add_all(other.not_judged);
        self.nulls += other.nulls;
        self.listed_columns |= other.listed_columns;
        if self.unlisted.len() < other.unlisted.len() {
            self.unlisted.resize(other.unlisted.len(), 0);
        }
        for (sum, count) in self.unlisted.iter_mut().zip(other.unlisted) {
            *sum += count;
        }
        for (writing, count) in other.writings {
            *self.writings.entry(writing).or_default() += count;
        }
        for (remark, count) in other.remarks {
            *self.remarks.entry(remark).or_default() += count;
        }
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
        for (key, count) in other.failures {
            self.fail(key, &count);
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
        for (key, count) in &failures {
            let code = key.code.filter(|_| key.ended.is_none());
            let cause = code.and_then(|code| {
                index.breaking_release(key.code_set, &code, key.verdict, count.last)
            });
            *causes.entry((key.code_set, cause)).or_default() += count.codes;
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
                "more than {MAX_UNKNOWN} different codes were not found in any release; they are counted together"
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
            files: 1,
            unread_files: Vec::new(),
            claims: self.claims,
            store_kind: index.kind(),
            rows: self.rows,
            not_judged: self.not_judged.into_counts(),
            nulls: self.nulls,
            remarks: self.remarks,
            writings: self.writings,
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
            code_columns: 0,
            provenance,
            warnings,
            notes,
        })
    }
}

impl FailingCode {
    fn explained(index: &Index, key: FailureKey, count: &FailureCount) -> Result<FailingCode> {
        // Of any text that is no code the same can be said.
        let text = key.code.as_ref().map_or("", Code::as_str);
        let finding = index.find(key.code_set, text, count.last)?;
        let mut finding = finding.under(key.ended, key.code_set);
        if key.code.is_none() && key.ended.is_none() {
            finding.verdict = key.verdict;
            finding.why = "wrong format".to_owned();
        }
        Ok(FailingCode {
            codes: count.codes,
            claims: count.claims,
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
                // Said once, by the kind of the store; and by each code that was asked for too early.
                Warning::Sample | Warning::NotInForce { .. } => false,
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
