//! The answer to "is this code valid on this date?", with what it rests on and what could change it.

use serde::Serialize;

use chrono::NaiveDate;

use crate::model::{
    Code, CodeLineage, CodeSet, Entry, FileRef, PcsPage, Provenance, ReleaseId, Retirement,
    Verdict, Warning,
};

/// What an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = BasisJson))]
pub struct Basis {
    /// The release in force.
    pub release: ReleaseId,
    /// The official order file of the release.
    #[serde(flatten)]
    pub file: FileRef,
    /// How well the bytes of that file are known.
    pub provenance: Provenance,
    /// The catalogue's citation, where a patch and not the order file says so.
    pub patch: Option<String>,
}

/// The answer for one code on one day, or on several days alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The code set.
    pub code_set: CodeSet,
    /// The code as it was asked for.
    pub asked: String,
    /// The code, if the text can be one.
    pub code: Option<Code>,
    /// The day, or the first of several days with the same answer.
    pub date: NaiveDate,
    /// The last day with the same answer, if the question was for more than one day.
    pub through: Option<NaiveDate>,
    /// The verdict.
    pub verdict: Verdict,
    /// What it rests on; `None` if no loaded release governs the day.
    pub basis: Option<Basis>,
    /// Later releases that say the same, if the question was for more than one day.
    pub later_bases: Vec<Basis>,
    /// What became of a code that could be reported before and no longer can; `None` for every other.
    pub retirement: Option<Retirement>,
    /// Of a code of ICD-10-PCS that no release lists: which of its characters its table does not allow.
    pub pcs: Option<PcsPage>,
    /// Of a day that is not covered: the official address of the release to load, if one is known.
    pub download: Option<String>,
    /// What could make it other than it is.
    pub warnings: Vec<Warning>,
}

impl Answer {
    /// Leaves out of some entries those that are named as successors, or guessed, already.
    pub fn not_named(&self, entries: &[Entry]) -> Vec<Entry> {
        let is_named = |entry: &&Entry| {
            self.retirement.as_ref().is_some_and(|retirement| {
                let mut successors = retirement.successors.iter();
                retirement.guess.contains(entry)
                    || successors.any(|successor| successor.code == entry.code)
            })
        };
        let others = entries.iter().filter(|entry| !is_named(entry));
        others.cloned().collect()
    }
}

/// The life of a code: every span with the title as it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeHistory {
    /// The code set.
    pub code_set: CodeSet,
    /// The code.
    pub code: Code,
    /// The spans, oldest first; never empty.
    pub spans: Vec<HistorySpan>,
    /// Days between the first and the last span that no loaded release governs, as first and last day.
    pub gaps: Vec<(NaiveDate, NaiveDate)>,
    /// Where it came from, what became of it, and its POA exemptions.
    pub lineage: CodeLineage,
    /// The first release after the last span that no longer lists the code, with its first day.
    pub deleted_by: Option<(ReleaseId, NaiveDate)>,
    /// The last day that the loaded releases govern.
    pub covered_through: NaiveDate,
    /// The releases of its spans whose order files were rebuilt.
    pub rebuilt: Vec<ReleaseId>,
    /// What could make it other than it is.
    pub warnings: Vec<Warning>,
}

/// A stretch of days on which a code stood with one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistorySpan {
    /// The entry.
    pub entry: Entry,
    /// The first day.
    pub valid_from: NaiveDate,
    /// The day after the last one.
    pub valid_to: NaiveDate,
    /// The release with which it begins.
    pub first_release: ReleaseId,
    /// The last release of the span.
    pub last_release: ReleaseId,
    /// Whether the code set was in force: a release before 2015-10-01 was published but not valid.
    pub in_force: bool,
    /// The catalogue's citation, where the first day rests on a patch and not on an order file.
    pub patch: Option<String>,
}
