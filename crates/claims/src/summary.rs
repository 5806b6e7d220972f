//! What an audit found.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::claim::{ClaimPlace, ClaimProblem, ProblemKind};
use super::clean::Writing;
use super::counts::{ClaimCounts, VerdictCounts};
use super::not_judged::NotJudged;
use super::tally::FailingCode;
use super::usage::{MAX_CODES, too_many_codes};
use codeyear_core::error::Result;
use codeyear_core::model::{
    Code, CodeSet, Provenance, ReleaseId, StoreKind, Usage, VerdictKind, Warning,
};

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditSummary {
    /// How many files were read.
    pub files: u64,
    /// The files that could not be read, and why.
    pub unread_files: Vec<(String, String)>,
    /// Claims by what becomes of them.
    pub claims: ClaimCounts,
    /// Whether it rests on full releases or on the sample.
    pub store_kind: StoreKind,
    /// Rows, objects, claims or resources read, those included that could not be.
    pub rows: u64,
    /// Codes without a verdict, by the reason. With those of `total` they are all that stand in what was asked for.
    pub not_judged: BTreeMap<NotJudged, u64>,
    /// Fields that hold a marker such as NULL in place of a code.
    pub nulls: u64,
    /// Texts that are no code of any release and would be one without what stands around them, by what that is.
    pub writings: BTreeMap<Writing, u64>,
    /// What was read although it is not written as the format wants it, and how often.
    pub remarks: BTreeMap<&'static str, u64>,
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
    /// With [`RowOptions::count_codes`](super::RowOptions::count_codes) how often the file has each text with the format
    /// of a code, whether a release lists it or not; `None` for all others.
    pub codes: Vec<(CodeSet, Option<Code>, u64)>,
    /// How many columns have the codes, of a table; 0 of any other format.
    pub code_columns: u64,
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
    /// Returns how often each code of a code set is used, of an audit that counted codes
    /// ([`RowOptions::count_codes`](super::RowOptions::count_codes)).
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Usage`] if there are more different texts that could be codes than a code set ever
    /// had.
    pub fn usage(&self, code_set: CodeSet) -> Result<Usage> {
        if self.codes.len() > MAX_CODES {
            return Err(too_many_codes(code_set));
        }
        let of_set = self.codes.iter().filter(|(of, _, _)| *of == code_set);
        let not_judged = self.not_judged.iter();
        let is_other = |why: &NotJudged| !matches!(why, NotJudged::NotRead | NotJudged::NotInFile);
        let others = not_judged.filter(|(why, _)| is_other(why));
        let is_ragged = |kind: &ProblemKind| matches!(kind, ProblemKind::Ragged { .. });
        let ragged = self
            .problem_counts
            .iter()
            .filter(|(kind, _)| is_ragged(kind));
        let ragged: u64 = ragged.map(|(_, count)| count).sum();
        let mut first_ragged = self
            .problems
            .iter()
            .filter(|problem| is_ragged(&problem.kind));
        let of_other_sets = self.codes.iter().filter(|(of, _, _)| *of != code_set);
        let mut usage = Usage {
            of_other_sets: others.map(|(_, count)| count).sum::<u64>()
                + of_other_sets.map(|(_, _, count)| count).sum::<u64>(),
            rows: self.rows.saturating_sub(ragged),
            ragged_rows: ragged,
            first_ragged_line: first_ragged.find_map(|problem| match problem.place {
                ClaimPlace::Line(line) => Some(line),
                _ => None,
            }),
            unread: self.unread() - ragged,
            columns: self.code_columns,
            ..Usage::default()
        };
        for (_, code, count) in of_set {
            match code {
                Some(code) => *usage.codes.entry(*code).or_default() += count,
                None => usage.no_codes += count,
            }
        }
        Ok(usage)
    }

    /// Checks whether no code at all was judged: what there is has no verdict, or lies on days that no loaded release
    /// governs.
    pub fn judged_nothing(&self) -> bool {
        self.total.total() == self.total.of(VerdictKind::NotCovered)
    }

    /// Returns how many codes have no verdict.
    pub fn not_judged_count(&self) -> u64 {
        self.not_judged.values().sum()
    }

    /// Checks whether something that was asked for could not be judged or read; a file of which nothing was judged
    /// counts as such.
    pub fn is_undetermined(&self) -> bool {
        let mut reasons = self.not_judged.keys();
        self.unread() > 0
            || !self.unread_files.is_empty()
            || self.total.of(VerdictKind::NotCovered) > 0
            || self.total.total() == 0
            || reasons.any(NotJudged::is_undetermined)
    }

    /// Returns how many things cannot be read.
    pub fn unread(&self) -> u64 {
        self.problem_counts.iter().map(|(_, count)| count).sum()
    }

    /// Returns how many amounts cannot be read: sums of charges are without them.
    pub fn unread_amounts(&self) -> u64 {
        let mut counts = self.problem_counts.iter();
        let found = counts.find(|(kind, _)| *kind == ProblemKind::NoAmount);
        found.map_or(0, |(_, count)| *count)
    }

    /// Returns the first and last day of the codes judged, by month: the first day of each month.
    pub fn span(&self) -> Option<(NaiveDate, NaiveDate)> {
        let (first, _) = self.months.first()?;
        let (last, _) = self.months.last()?;
        Some((*first, *last))
    }
}
