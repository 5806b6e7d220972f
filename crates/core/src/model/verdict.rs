//! The verdict on a code on a day: the one rule, and the seven answers that it gives.

use chrono::NaiveDate;
use strum::IntoStaticStr;

use crate::model::{
    Entry, ListedAs, Malformed, ReleaseId, Span, Spans, Timeline, day_before, named,
};

named!(VerdictKind);

/// One of the seven verdicts, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum VerdictKind {
    /// Listed with flag 1 in the release in force.
    Billable,
    /// Listed with flag 0.
    Header,
    /// First listed by a later release.
    NotYetEffective,
    /// Listed by an earlier release only.
    Deleted,
    /// In no release loaded, or no code at all.
    Unknown,
    /// The code set did not govern that day.
    NotInForce,
    /// No loaded release governs that day.
    NotCovered,
}

impl VerdictKind {
    /// All seven, in the order in which they are reported.
    pub const ALL: [VerdictKind; 7] = [
        VerdictKind::Billable,
        VerdictKind::Header,
        VerdictKind::NotYetEffective,
        VerdictKind::Deleted,
        VerdictKind::Unknown,
        VerdictKind::NotInForce,
        VerdictKind::NotCovered,
    ];

    /// Checks whether a code with this verdict is known not to be billable.
    pub fn is_failure(self) -> bool {
        !matches!(self, VerdictKind::Billable | VerdictKind::NotCovered)
    }
}

/// Where a code stands on a day, before anyone has looked for suggestions: the pure rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status<T> {
    /// The code set did not govern that day.
    NotInForce,
    /// No loaded release governs that day.
    NotCovered,
    /// The release in force lists the code.
    Listed {
        /// The release in force.
        release: ReleaseId,
        /// What it says of it.
        entry: T,
    },
    /// Only later releases list the code.
    NotYet {
        /// The release in force.
        release: ReleaseId,
        /// What the first of them says of it.
        entry: T,
        /// The first day on which a loaded release lists it.
        first_day: NaiveDate,
        /// Whether the releases leave no gap before that day, so that it is the true first day.
        exact: bool,
    },
    /// Only earlier releases list the code (a later one may list it again).
    Deleted {
        /// The release in force.
        release: ReleaseId,
        /// What the last of them says of it.
        entry: T,
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

impl<T> Status<T> {
    /// Returns how the release in force lists the code.
    pub fn listed_as(&self, is_billable: impl Fn(&T) -> bool) -> ListedAs {
        match self {
            Status::NotInForce | Status::NotCovered => ListedAs::NotCovered,
            Status::Listed { entry, .. } if is_billable(entry) => ListedAs::Billable,
            Status::Listed { .. } => ListedAs::Header,
            Status::NotYet { .. } | Status::Deleted { .. } | Status::Unknown { .. } => {
                ListedAs::Unlisted
            }
        }
    }
}

impl Status<bool> {
    /// Returns the verdict, where all that is known of a code is whether it is listed with flag 1.
    pub fn kind(&self) -> VerdictKind {
        match self {
            Status::NotInForce => VerdictKind::NotInForce,
            Status::NotCovered => VerdictKind::NotCovered,
            Status::Listed { entry: true, .. } => VerdictKind::Billable,
            Status::Listed { entry: false, .. } => VerdictKind::Header,
            Status::NotYet { .. } => VerdictKind::NotYetEffective,
            Status::Deleted { .. } => VerdictKind::Deleted,
            Status::Unknown { .. } => VerdictKind::Unknown,
        }
    }
}

/// Judges a code on a day from all that the loaded releases say of it, and the timeline of its code set: the one rule
/// for what is valid on a day.
pub fn judge<T: Clone>(date: NaiveDate, timeline: &Timeline, spans: &[Span<T>]) -> Status<T> {
    if date < timeline.code_set().in_force_from() {
        return Status::NotInForce;
    }
    judge_listing(date, timeline, spans)
}

/// Judges a code on a day as [`judge`] does, whether or not its code set was in force: by what the releases list.
pub fn judge_listing<T: Clone>(
    date: NaiveDate,
    timeline: &Timeline,
    spans: &[Span<T>],
) -> Status<T> {
    let Some(period) = timeline.governing(date) else {
        return Status::NotCovered;
    };
    let release = period.release;
    if let Some(listed) = spans.at(date) {
        return Status::Listed {
            release,
            entry: listed.value.clone(),
        };
    }
    match (spans.begun_by(date), spans.next_after(date)) {
        (Some(listed), later) => {
            let deleted_from = listed.until.unwrap_or(date);
            let last_day = timeline.last_day_before(deleted_from);
            Status::Deleted {
                release,
                entry: listed.value.clone(),
                last_day,
                deleted_from,
                exact: last_day == day_before(deleted_from),
                listed_again: later.map(|listed| listed.from),
            }
        }
        (None, Some(listed)) => Status::NotYet {
            release,
            entry: listed.value.clone(),
            first_day: listed.from,
            exact: timeline
                .before(listed.from)
                .is_some_and(|before| before.until >= listed.from),
        },
        (None, None) => Status::Unknown { release },
    }
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
    /// Returns which of the seven it is.
    pub fn kind(&self) -> VerdictKind {
        match self {
            Verdict::Billable { .. } => VerdictKind::Billable,
            Verdict::Header { .. } => VerdictKind::Header,
            Verdict::NotYetEffective { .. } => VerdictKind::NotYetEffective,
            Verdict::Deleted { .. } => VerdictKind::Deleted,
            Verdict::Unknown { .. } => VerdictKind::Unknown,
            Verdict::NotInForce { .. } => VerdictKind::NotInForce,
            Verdict::NotCovered { .. } => VerdictKind::NotCovered,
        }
    }

    /// Returns the verdict's fixed name: `billable`, `header`, `not-yet-effective`, `deleted`,
    /// `unknown`, `not-in-force`, `not-covered`.
    pub fn name(&self) -> &'static str {
        self.kind().name()
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
