//! The answer to "is this code valid on this date?".

use std::fmt;

use chrono::{Days, NaiveDate};

use crate::model::{
    Code, CodeLineage, CodeSet, Entry, FileRef, Malformed, PcsPage, Provenance, ReleaseId,
    Retirement, Timeline,
};

/// A stretch of releases in which a code is listed with one and the same entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The entry.
    pub entry: Entry,
    /// First day of the first loaded release that lists it so.
    pub from: NaiveDate,
    /// First day of the first later loaded release that does not; `None` while the newest one does.
    pub until: Option<NaiveDate>,
}

/// All that the loaded releases say of one code, oldest first. Empty if none lists it.
pub type Life = Vec<Listed>;

/// The stretch of releases of a [`Listed`] without its titles: enough to tell where a code stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeSpan {
    /// The code.
    pub code: Code,
    /// Whether it is listed with flag 1.
    pub billable: bool,
    /// First day of the first loaded release that lists it so.
    pub from: NaiveDate,
    /// First day of the first later loaded release that does not; `None` while the newest one does.
    pub until: Option<NaiveDate>,
}

/// Where a code stands on a day, before anyone has looked for suggestions: the pure rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The code set did not govern that day.
    NotInForce,
    /// No loaded release governs that day.
    NotCovered,
    /// The release in force lists the code.
    Listed {
        /// The release in force.
        release: ReleaseId,
        /// The entry.
        entry: Entry,
    },
    /// Only later releases list the code.
    NotYet {
        /// The release in force.
        release: ReleaseId,
        /// The entry with which the code is first listed.
        entry: Entry,
        /// The first day on which a loaded release lists it.
        first_day: NaiveDate,
        /// Whether the releases leave no gap before that day, so that it is the true first day.
        exact: bool,
    },
    /// Only earlier releases list the code (a later one may list it again).
    Deleted {
        /// The release in force.
        release: ReleaseId,
        /// The entry with which the code was last listed.
        entry: Entry,
        /// The last day on which a loaded release listed it.
        last_day: NaiveDate,
        /// First day of the release that no longer listed it.
        deleted_from: NaiveDate,
        /// Whether the releases leave no gap after the last day, so that it is the true last day.
        exact: bool,
        /// The day from which a later release lists the code again.
        listed_again: Option<NaiveDate>,
    },
    /// No loaded release lists the code.
    Unknown {
        /// The release in force.
        release: ReleaseId,
    },
}

/// Judges a code on a day from its life and the timeline of its code set.
pub fn judge(date: NaiveDate, timeline: &Timeline, life: &[Listed]) -> Standing {
    if date < timeline.code_set().in_force_from() {
        return Standing::NotInForce;
    }
    let Some(period) = timeline.governing(date) else {
        return Standing::NotCovered;
    };
    let release = period.release;
    let active = life
        .iter()
        .find(|listed| listed.from <= date && listed.until.is_none_or(|until| date < until));
    if let Some(listed) = active {
        return Standing::Listed {
            release,
            entry: listed.entry.clone(),
        };
    }
    let earlier = life.iter().rev().find(|listed| listed.from <= date);
    let later = life.iter().find(|listed| listed.from > date);
    match (earlier, later) {
        (Some(listed), later) => {
            let deleted_from = listed.until.unwrap_or(date);
            let last_day = timeline.last_day_before(deleted_from);
            Standing::Deleted {
                release,
                entry: listed.entry.clone(),
                last_day,
                deleted_from,
                exact: last_day == eve(deleted_from),
                listed_again: later.map(|listed| listed.from),
            }
        }
        (None, Some(listed)) => Standing::NotYet {
            release,
            entry: listed.entry.clone(),
            first_day: listed.from,
            exact: timeline
                .before(listed.from)
                .is_some_and(|before| before.until >= listed.from),
        },
        (None, None) => Standing::Unknown { release },
    }
}

/// Returns the day before.
pub(crate) fn eve(date: NaiveDate) -> NaiveDate {
    date.checked_sub_days(Days::new(1)).unwrap_or(date)
}

/// One of the seven verdicts on a code on a day, with what a coder needs next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Listed with flag 1 in the release in force.
    Billable {
        /// The entry.
        entry: Entry,
    },
    /// Listed with flag 0: not valid for submission; a code below it is.
    Header {
        /// The entry.
        entry: Entry,
        /// The billable codes below it, in tabular order.
        billable_below: Vec<Entry>,
    },
    /// First listed by a later release.
    NotYetEffective {
        /// The entry with which it is first listed.
        entry: Entry,
        /// The first day.
        first_day: NaiveDate,
        /// Whether no release is missing just before that day.
        exact: bool,
    },
    /// Listed by an earlier release only.
    Deleted {
        /// The entry with which it was last listed.
        entry: Entry,
        /// The last day.
        last_day: NaiveDate,
        /// Whether no release is missing just after that day.
        exact: bool,
        /// The day from which a later release lists it again.
        listed_again: Option<NaiveDate>,
        /// Billable codes that the deleting release brought in beside it, in tabular order. The order
        /// files name no successor; this is as far as they tell.
        new_beside: Vec<Entry>,
        /// The other billable codes under the same parent on that day, in tabular order.
        siblings: Vec<Entry>,
    },
    /// In no release loaded.
    Unknown {
        /// What can be said of it.
        reason: UnknownReason,
    },
    /// The code set did not govern that day.
    NotInForce {
        /// The first day on which it did.
        in_force_from: NaiveDate,
        /// The release published for that day that lists the code, though none was valid.
        listed_by: Option<(ReleaseId, Entry)>,
    },
    /// No loaded release governs that day.
    NotCovered {
        /// The release that would have to be loaded.
        needed: ReleaseId,
        /// The newest loaded release before that day, with the last day that it governs.
        previous: Option<(ReleaseId, NaiveDate)>,
        /// What the code was on that last day; `None` if it was not listed then.
        last: Option<Entry>,
    },
}

impl Verdict {
    /// Returns the verdict's fixed name: `billable`, `header`, `not-yet-effective`, `deleted`,
    /// `unknown`, `not-in-force`, `not-covered`.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Billable { .. } => "billable",
            Verdict::Header { .. } => "header",
            Verdict::NotYetEffective { .. } => "not-yet-effective",
            Verdict::Deleted { .. } => "deleted",
            Verdict::Unknown { .. } => "unknown",
            Verdict::NotInForce { .. } => "not-in-force",
            Verdict::NotCovered { .. } => "not-covered",
        }
    }

    /// Returns the entry that the verdict speaks of, if a release lists the code.
    pub fn entry(&self) -> Option<&Entry> {
        match self {
            Verdict::Billable { entry }
            | Verdict::Header { entry, .. }
            | Verdict::NotYetEffective { entry, .. }
            | Verdict::Deleted { entry, .. } => Some(entry),
            Verdict::NotInForce { listed_by, .. } => listed_by.as_ref().map(|(_, entry)| entry),
            Verdict::Unknown { .. } | Verdict::NotCovered { .. } => None,
        }
    }
}

/// Why a code is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnknownReason {
    /// No code of the set can look like this.
    Malformed {
        /// What is wrong with it.
        reason: Malformed,
    },
    /// It is the stem of 7-character codes and lacks the 7th character (and perhaps placeholder X).
    MissingSeventhCharacter {
        /// The codes with it, in tabular order.
        options: Vec<Entry>,
    },
    /// It is well formed, but no loaded release lists it.
    NotListed {
        /// The deepest listed code that it would stand below.
        parent: Option<Entry>,
        /// Codes of the release in force that differ from it by one character, or, if there are
        /// none, the billable codes below the parent; at most ten, in tabular order.
        nearest: Vec<Entry>,
    },
}

/// What an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// The release in force.
    pub release: ReleaseId,
    /// The official order file of the release.
    pub file: FileRef,
    /// How well the bytes of that file are known.
    pub provenance: Provenance,
    /// The catalogue's citation, where a patch and not the order file says so.
    pub patch: Option<String>,
}

/// Something that could make an answer other than it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The catalogue knows a release that governs the day, and the store lacks it.
    MissingRelease {
        /// The release.
        release: ReleaseId,
    },
    /// The catalogue knows several releases that the store lacks, and that could change the answer.
    MissingReleases {
        /// The releases, oldest first.
        releases: Vec<ReleaseId>,
    },
    /// The store holds the bundled sample only.
    Sample,
    /// The order file of a release was derived from another release's; the official bytes may differ.
    Derived {
        /// The release.
        release: ReleaseId,
    },
    /// A release is a part only, taken on purpose.
    Incomplete {
        /// The release.
        release: ReleaseId,
        /// What it lacks.
        why: String,
    },
    /// The user insisted on the release, against what speaks for another.
    Forced {
        /// The release.
        release: ReleaseId,
        /// What speaks against it.
        why: String,
    },
    /// The day lies past the newest update that this version of codeyear knows or has loaded, and the
    /// calendar of the code set could have another one by then.
    BeyondKnown {
        /// The newest update known or loaded.
        newest: ReleaseId,
        /// The update that could have taken effect since.
        possible: ReleaseId,
    },
}

/// How many releases a warning names one by one.
const MOST_NAMED: usize = 6;

impl fmt::Display for Warning {
    /// Writes the warning in the words that all formats use.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::MissingRelease { release } => write!(
                f,
                "{release} (from {}) is known and not loaded; it could change this answer",
                release.effective_from()
            ),
            Warning::MissingReleases { releases } => {
                let named: Vec<String> = releases
                    .iter()
                    .take(MOST_NAMED)
                    .map(ReleaseId::to_string)
                    .collect();
                let more = releases.len().saturating_sub(named.len());
                f.write_str(&named.join(", "))?;
                if more > 0 {
                    write!(f, " and {more} more")?;
                }
                f.write_str(" are known and not loaded; they could change this answer")
            }
            Warning::Sample => f.write_str("this is the bundled sample, not the whole code set"),
            Warning::Derived { release } => write!(
                f,
                "the order file of {release} is derived from another release's; the official bytes may differ"
            ),
            Warning::Incomplete { release, why } => write!(
                f,
                "{release} is only a part of the release, taken with --allow-incomplete: {why}"
            ),
            Warning::Forced { release, why } => {
                write!(
                    f,
                    "these files were stored as {release} with --force: {why}"
                )
            }
            Warning::BeyondKnown { newest, possible } => write!(
                f,
                "the newest release that this version of codeyear knows is {newest}; an update of {} would not be known to it",
                possible.effective_from()
            ),
        }
    }
}

impl Warning {
    /// Returns the fixed name: `missing-release`, `missing-releases`, `sample`, `derived`, `incomplete`, `forced`, `beyond-known`.
    pub fn name(&self) -> &'static str {
        match self {
            Warning::MissingRelease { .. } => "missing-release",
            Warning::MissingReleases { .. } => "missing-releases",
            Warning::Sample => "sample",
            Warning::Derived { .. } => "derived",
            Warning::Incomplete { .. } => "incomplete",
            Warning::Forced { .. } => "forced",
            Warning::BeyondKnown { .. } => "beyond-known",
        }
    }

    /// Returns the release that it is about, if it is about one.
    pub fn release(&self) -> Option<ReleaseId> {
        match self {
            Warning::MissingRelease { release }
            | Warning::Derived { release }
            | Warning::Incomplete { release, .. }
            | Warning::Forced { release, .. } => Some(*release),
            Warning::BeyondKnown { possible, .. } => Some(*possible),
            Warning::MissingReleases { releases } => releases.first().copied(),
            Warning::Sample => None,
        }
    }
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
