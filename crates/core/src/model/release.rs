//! Releases and the days on which they take effect.

use serde::Serialize;
use serde::Serializer;
use std::fmt;
use std::str::FromStr;
use strum::{EnumString, IntoStaticStr};

use chrono::NaiveDate;

use crate::model::{Calendar, CodeSet, ReleaseName, Warning, named};

named!(ListedBy, Provenance);

/// Makes a day from literals that are known to be valid; an impossible one becomes the first day
/// that chrono knows, which no release has.
pub(crate) const fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(day) => day,
        None => NaiveDate::MIN,
    }
}

/// The name of a release: `FY2026`, `FY2022-04`, `FY2021-01`, and of a correction of one,
/// `FY2022-04-errata`; of a release for a quarter `2026-07`.
///
/// What the year and the month mean is told by its [`Calendar`]. A *revision* is the same release posted again with
/// other bytes: `-errata`, then `-errata2`.
///
/// ```
/// use codeyear_core::model::ReleaseId;
/// let id: ReleaseId = "FY2022-04-errata".parse().unwrap();
/// assert_eq!(id.effective_from().to_string(), "2022-04-01");
/// assert_eq!(id.edition().to_string(), "FY2022-04");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReleaseId {
    calendar: Calendar,
    year: i32,
    month: u32,
    revision: u32,
}

impl ReleaseId {
    /// Returns the release of a calendar that takes effect in a month of a year.
    pub(super) fn new(calendar: Calendar, year: i32, month: u32) -> ReleaseId {
        ReleaseId {
            calendar,
            year,
            month,
            revision: 0,
        }
    }

    /// Returns the October 1 release of a fiscal year.
    pub fn october(fiscal_year: i32) -> ReleaseId {
        Calendar::FiscalYears.first_of_year(fiscal_year)
    }

    /// Returns a correction of this release; 0 is the release as first posted.
    #[must_use]
    pub fn with_revision(mut self, revision: u32) -> ReleaseId {
        self.revision = revision;
        self
    }

    /// Returns the calendar that it follows.
    pub fn calendar(&self) -> Calendar {
        self.calendar
    }

    /// Returns its year: the fiscal year, or that of its quarter.
    pub fn year(&self) -> i32 {
        self.year
    }

    /// Returns the month in which it takes effect.
    pub fn month(&self) -> u32 {
        self.month
    }

    /// Checks whether this is an update within the year rather than the release that begins it.
    pub fn is_mid_year(&self) -> bool {
        self.month != self.calendar.first_month()
    }

    /// Returns the number of the correction; 0 is the release as first posted.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// Returns the release without its revision: what all its revisions have in common.
    pub fn edition(&self) -> ReleaseId {
        self.with_revision(0)
    }

    /// Returns the first day of the release.
    pub fn effective_from(&self) -> NaiveDate {
        self.calendar.first_day(self.year, self.month)
    }

    /// Returns the number of days between its first day and another release's.
    pub fn days_from(&self, other: ReleaseId) -> u64 {
        let days = self.effective_from() - other.effective_from();
        days.num_days().unsigned_abs()
    }

    /// Returns the day after the last one that the release governs if none follows: October 1 of its fiscal year, or
    /// the first day of the next quarter.
    pub fn latest_end(&self) -> NaiveDate {
        self.calendar.end(self.year, self.month)
    }

    /// Checks that releases of its calendar take effect in its month.
    pub fn fits_calendar(&self) -> bool {
        self.calendar.has(self.year, self.month)
    }

    /// Returns why the code set can have no such release; `None` if it can.
    pub fn off_calendar(&self, code_set: CodeSet) -> Option<String> {
        let calendar = code_set.facts().calendar;
        (self.calendar != calendar || !self.fits_calendar()).then(|| {
            format!(
                "{} has no release {self}: {}",
                code_set.name(),
                calendar.rule()
            )
        })
    }

    /// Returns the first release that the calendar can have after this one.
    pub fn next_possible(&self) -> ReleaseId {
        let next = [self.year, self.year + 1]
            .into_iter()
            .flat_map(|year| self.calendar.of_year(year))
            .find(|next| next.effective_from() > self.effective_from());
        next.unwrap_or(self.calendar.first_of_year(self.year + 1))
    }
}

impl PartialOrd for ReleaseId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ReleaseId {
    /// By first day, then revision.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.effective_from(), self.revision).cmp(&(other.effective_from(), other.revision))
    }
}

impl Serialize for ReleaseId {
    /// Writes its name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.calendar {
            Calendar::FiscalYears if !self.is_mid_year() => write!(f, "FY{}", self.year)?,
            Calendar::FiscalYears => write!(f, "FY{}-{:02}", self.year, self.month)?,
            Calendar::Quarters => write!(f, "{}-{:02}", self.year, self.month)?,
        }
        match self.revision {
            0 => Ok(()),
            1 => f.write_str("-errata"),
            n => write!(f, "-errata{n}"),
        }
    }
}

impl FromStr for ReleaseId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<ReleaseName>().map(ReleaseName::itself)
    }
}

/// What the rows of a release come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum ListedBy {
    /// Its order file.
    OrderFile,
    /// Its tabular list, expanded by the rule of 7th characters, because no order file of it is loaded.
    /// Such rows have no short titles, and their long titles have accents.
    Tabular,
}

impl ListedBy {
    /// Returns the words for people: `order file`, `tabular list`.
    pub fn label(self) -> &'static str {
        match self {
            ListedBy::OrderFile => "order file",
            ListedBy::Tabular => "tabular list",
        }
    }
}

/// How well the bytes are known that the rows of a release come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum Provenance {
    /// The official file, by the hash that the catalogue has.
    Official,
    /// Rebuilt from the release before it and the official addenda; it has the official file's hash.
    Rebuilt,
    /// Derived from a neighbouring release; the official bytes may differ.
    Derived,
    /// The rows of the official file, in other bytes.
    SameRows,
    /// The catalogue does not know these rows.
    Unlisted,
    /// A file of the bundled sample, which is cut.
    Sample,
}

impl Provenance {
    /// Returns how well such bytes are known, the better the higher: bytes that are known better take the place of
    /// stored ones with the same rows.
    pub fn rank(self) -> u8 {
        match self {
            Provenance::Official => 3,
            Provenance::Rebuilt => 2,
            Provenance::Derived | Provenance::SameRows => 1,
            Provenance::Unlisted | Provenance::Sample => 0,
        }
    }

    /// Every kind.
    pub const ALL: [Provenance; 6] = [
        Provenance::Official,
        Provenance::Rebuilt,
        Provenance::Derived,
        Provenance::SameRows,
        Provenance::Unlisted,
        Provenance::Sample,
    ];

    /// Returns the words for people.
    pub fn label(self) -> &'static str {
        match self {
            Provenance::Official => "official file",
            Provenance::Rebuilt => "rebuilt from official files; it has the official file's hash",
            Provenance::Derived => "derived from another release; the official bytes may differ",
            Provenance::SameRows => "the rows of the official file, in other bytes",
            Provenance::Unlisted => "not in the catalogue: its hash cannot be compared",
            Provenance::Sample => "bundled sample",
        }
    }
}

/// How far a stored release can be trusted, and by what its contents are known again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// The hash of its rows, which the same rows in other bytes have too.
    pub rows_sha256: String,
    /// How well its bytes are known.
    pub provenance: Provenance,
    /// Why it is a part only, taken on purpose; `None` of a whole release.
    pub incomplete: Option<String>,
    /// What speaks against its being this release, where the user insisted; else `None`.
    pub forced: Option<String>,
}

impl Trust {
    /// Returns what limits the trust in a release: that the user insisted on it, that it is a part, that its order
    /// file is derived.
    pub fn warnings(&self, release: ReleaseId) -> Vec<Warning> {
        let forced = self.forced.clone();
        let incomplete = self.incomplete.clone();
        let derived = self.provenance == Provenance::Derived;
        [
            forced.map(|why| Warning::Forced { release, why }),
            incomplete.map(|why| Warning::Incomplete { release, why }),
            derived.then_some(Warning::Derived { release }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A release that the store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedRelease {
    /// Its code set.
    pub code_set: CodeSet,
    /// Its name.
    pub id: ReleaseId,
    /// What its rows come from.
    pub listed_by: ListedBy,
    /// The number of its rows.
    pub rows: u64,
    /// The number of those with flag 1.
    pub billable: u64,
    /// SHA-256 of the file that its rows come from.
    pub sha256: String,
    /// How far it can be trusted.
    pub trust: Trust,
}

impl LoadedRelease {
    /// Returns notes on trust, in words: how well its bytes are known, and what speaks against it.
    pub fn trust_notes(&self) -> Vec<String> {
        let label = self.listed_by.label();
        let mut notes = vec![format!("{label}: {}", self.trust.provenance.label())];
        let warnings = self.trust.warnings(self.id).into_iter();
        // That it is derived has been said.
        let others = warnings.filter(|warning| !matches!(warning, Warning::Derived { .. }));
        notes.extend(others.map(|warning| warning.to_string()));
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_id_is_read_back_as_it_is_written() {
        for text in [
            "FY2026",
            "FY2022-04",
            "FY2021-01",
            "FY2022-04-errata",
            "FY2030-errata2",
        ] {
            let id: ReleaseId = text.parse().unwrap();
            assert_eq!(id.to_string(), text);
        }
        assert_eq!("2026".parse::<ReleaseId>().unwrap().to_string(), "FY2026");
        assert_eq!(
            "2022-04".parse::<ReleaseId>().unwrap().to_string(),
            "2022-04"
        );
        assert_eq!(
            "fy2022-04".parse::<ReleaseId>().unwrap().to_string(),
            "FY2022-04"
        );
    }

    #[test]
    fn what_is_no_release_id_is_refused() {
        for text in [
            "",
            "FY",
            "FY26",
            "FY2022-13",
            "FY2022-4",
            "FY2022-04-x",
            "FY2022-errata1",
            "FY2022-04-errata-2",
            "FY2022-00",
        ] {
            assert!(text.parse::<ReleaseId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_calendar_has_october_april_and_one_january() {
        let fits = |text: &str| text.parse::<ReleaseId>().unwrap().fits_calendar();
        for text in ["FY2021-01", "FY2028", "FY2028-04", "FY2022-04-errata"] {
            assert!(fits(text), "{text}");
        }
        for text in ["FY2027-01", "FY2026-02", "FY2020-01", "FY2026-07"] {
            assert!(!fits(text), "{text}");
        }
        let next = |text: &str| {
            text.parse::<ReleaseId>()
                .unwrap()
                .next_possible()
                .to_string()
        };
        assert_eq!(next("FY2020-04"), "FY2021");
        assert_eq!(next("FY2021"), "FY2021-01");
        assert_eq!(next("FY2021-01"), "FY2021-04");
        assert_eq!(next("FY2027"), "FY2027-04");
    }

    #[test]
    fn a_fiscal_year_begins_in_october_of_the_year_before() {
        let first = |text: &str| {
            text.parse::<ReleaseId>()
                .unwrap()
                .effective_from()
                .to_string()
        };
        assert_eq!(first("FY2026"), "2025-10-01");
        assert_eq!(first("FY2022-04"), "2022-04-01");
        assert_eq!(first("FY2021-01"), "2021-01-01");
        assert_eq!(first("FY2027-11"), "2026-11-01");
        assert_eq!(
            Calendar::FiscalYears
                .release_of(day(2025, 9, 30))
                .to_string(),
            "FY2025"
        );
        assert_eq!(
            Calendar::FiscalYears
                .release_of(day(2025, 10, 1))
                .to_string(),
            "FY2026"
        );
    }
}
