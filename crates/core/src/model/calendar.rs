//! When the releases of a code set take effect, and what they are called.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use chrono::{Datelike, Months, NaiveDate};

use crate::model::{CodeSet, day_before};

/// The months of fiscal years in which releases take effect: the first begins the year.
const FISCAL_MONTHS: [u32; 3] = [10, 1, 4];

/// The first months of the quarters.
const QUARTERS: [u32; 4] = [1, 4, 7, 10];

/// Makes a day from literals that are known to be valid; an impossible one becomes the first day
/// that chrono knows, which no release has.
pub(crate) const fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(day) => day,
        None => NaiveDate::MIN,
    }
}

/// When the releases of a code set take effect, and what they are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Calendar {
    /// On October 1 for a fiscal year, with updates within it: `FY2026`, `FY2026-04`. Fiscal year N runs from October 1
    /// of N-1 to September 30 of N.
    FiscalYears,
    /// On the first day of a quarter of the calendar year: `2026-07`.
    Quarters,
}

impl Calendar {
    /// Returns the year that a day lies in.
    pub fn year_of(self, date: NaiveDate) -> i32 {
        match self {
            Calendar::FiscalYears if date.month() >= 10 => date.year() + 1,
            Calendar::FiscalYears | Calendar::Quarters => date.year(),
        }
    }

    /// Returns the release that takes effect in a month of a year.
    pub fn release(self, year: i32, month: u32) -> ReleaseId {
        ReleaseId::new(self, year, month)
    }

    /// Returns the months in which releases take effect, the one that begins the year first.
    pub fn months(self) -> &'static [u32] {
        match self {
            Calendar::FiscalYears => &FISCAL_MONTHS,
            Calendar::Quarters => &QUARTERS,
        }
    }

    /// Returns the release that begins a year.
    pub fn first_of_year(self, year: i32) -> ReleaseId {
        ReleaseId::new(self, year, self.first_month())
    }

    /// Returns the releases, as first posted, that a year can have, oldest first.
    pub fn of_year(self, year: i32) -> Vec<ReleaseId> {
        let ids = self
            .months()
            .iter()
            .map(|month| ReleaseId::new(self, year, *month));
        ids.filter(ReleaseId::fits_calendar).collect()
    }

    /// Returns the releases that every year has, oldest first: updates within a fiscal year need not come.
    pub fn certain_of_year(self, year: i32) -> Vec<ReleaseId> {
        match self {
            Calendar::FiscalYears => vec![self.first_of_year(year)],
            Calendar::Quarters => self.of_year(year),
        }
    }

    /// Returns the release that a day lies in, if none is known: the October release of its fiscal year, or that of its
    /// quarter.
    pub fn release_of(self, date: NaiveDate) -> ReleaseId {
        let year = self.year_of(date);
        match self {
            Calendar::FiscalYears => self.first_of_year(year),
            Calendar::Quarters => ReleaseId::new(self, year, (date.month0() / 3) * 3 + 1),
        }
    }

    /// Returns the first day of a month of a year.
    fn first_day(self, year: i32, month: u32) -> NaiveDate {
        match self {
            Calendar::FiscalYears if month >= 10 => day(year - 1, month, 1),
            Calendar::FiscalYears | Calendar::Quarters => day(year, month, 1),
        }
    }

    /// Returns the day after the last one of a release that begins in a month of a year, if no update follows.
    fn end(self, year: i32, month: u32) -> NaiveDate {
        match self {
            Calendar::FiscalYears => day(year, 10, 1),
            Calendar::Quarters => {
                let quarter = day(year, month - (month - 1) % 3, 1);
                quarter
                    .checked_add_months(Months::new(3))
                    .unwrap_or(quarter)
            }
        }
    }

    /// Returns the month with which a year begins.
    pub fn first_month(self) -> u32 {
        self.months().first().copied().unwrap_or(1)
    }

    /// Checks whether a release can take effect in a month of a year: in fiscal years in October and April, and in
    /// January of 2021 alone.
    fn has(self, year: i32, month: u32) -> bool {
        let is_once = self == Calendar::FiscalYears && month == 1;
        self.months().contains(&month) && (!is_once || year == 2021)
    }

    /// Returns in words when releases take effect.
    pub fn rule(self) -> &'static str {
        match self {
            Calendar::FiscalYears => {
                "they take effect on October 1 and April 1, and once, in 2021, on January 1"
            }
            Calendar::Quarters => "they take effect on January 1, April 1, July 1 and October 1",
        }
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
    fn new(calendar: Calendar, year: i32, month: u32) -> ReleaseId {
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

/// A release as someone names it who need not say whose calendar it follows: `FY2022-04`, `2022-04`, `2022`.
///
/// ```
/// use codeyear_core::model::{CodeSet, ReleaseName};
/// let name: ReleaseName = "2022-04".parse().unwrap();
/// assert_eq!(name.of(CodeSet::Icd10Cm).to_string(), "FY2022-04");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReleaseName {
    /// The calendar, if the name says it.
    calendar: Option<Calendar>,
    year: i32,
    month: Option<u32>,
    revision: u32,
}

impl ReleaseName {
    /// Returns the release of a code set that it names.
    pub fn of(self, code_set: CodeSet) -> ReleaseId {
        self.within(self.calendar.unwrap_or(code_set.facts().calendar))
    }

    /// Checks whether it names a year: by the year alone, or by the month that begins a fiscal year.
    pub fn is_year(self) -> bool {
        self.month
            .is_none_or(|month| month == Calendar::FiscalYears.first_month())
            && self.revision == 0
    }

    /// Returns the first and the last day of the year that it names, as the releases of a code set count years.
    pub fn days_of(self, code_set: CodeSet) -> (NaiveDate, NaiveDate) {
        let calendar = self.calendar.unwrap_or(code_set.facts().calendar);
        let first = |year: i32| calendar.first_of_year(year).effective_from();
        (first(self.year), day_before(first(self.year + 1)))
    }

    /// Returns the release that it names within a calendar.
    fn within(self, calendar: Calendar) -> ReleaseId {
        let month = self.month.unwrap_or(calendar.first_month());
        ReleaseId::new(calendar, self.year, month).with_revision(self.revision)
    }

    /// Returns the release whose own name it is: a month of a year without `FY` is one of a quarter.
    fn itself(self) -> ReleaseId {
        let calendar = match (self.calendar, self.month) {
            (Some(calendar), _) => calendar,
            (None, None) => Calendar::FiscalYears,
            (None, Some(_)) => Calendar::Quarters,
        };
        self.within(calendar)
    }
}

impl From<ReleaseId> for ReleaseName {
    fn from(id: ReleaseId) -> ReleaseName {
        ReleaseName {
            calendar: Some(id.calendar()),
            year: id.year(),
            month: Some(id.month()),
            revision: id.revision(),
        }
    }
}

impl FromStr for ReleaseName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || {
            format!(
                "{text:?} is not a release: expected FY2026, FY2022-04 or FY2022-04-errata \
                 (a year alone, 2026, is its October release)"
            )
        };
        let upper = text.trim().to_ascii_uppercase();
        let fiscal = upper.strip_prefix("FY");
        let mut parts = fiscal.unwrap_or(&upper).split('-');
        let year = parts.next().unwrap_or_default();
        if year.len() != 4 || !year.bytes().all(|b| b.is_ascii_digit()) {
            return Err(fail());
        }
        let year: i32 = year.parse().map_err(|_| fail())?;
        if !(2000..=2100).contains(&year) {
            return Err(fail());
        }
        let mut name = ReleaseName {
            calendar: fiscal.map(|_| Calendar::FiscalYears),
            year,
            month: None,
            revision: 0,
        };
        let mut next = parts.next();
        if let Some(part) = next
            && part.len() == 2
        {
            let month: u32 = part.parse().map_err(|_| fail())?;
            if !(1..=12).contains(&month) {
                return Err(fail());
            }
            name.month = Some(month);
            next = parts.next();
        }
        if let Some(part) = next {
            let number = part.strip_prefix("ERRATA").ok_or_else(fail)?;
            name.revision = if number.is_empty() {
                1
            } else {
                match number.parse() {
                    Ok(n) if n >= 2 && !number.starts_with('0') => n,
                    _ => return Err(fail()),
                }
            };
        }
        if parts.next().is_some() {
            return Err(fail());
        }
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_runs_to_the_eve_of_the_next() {
        let on = |date: NaiveDate| Calendar::Quarters.release_of(date);
        let july = on(day(2026, 9, 30));
        assert_eq!(july.to_string(), "2026-07");
        assert_eq!(july.effective_from(), day(2026, 7, 1));
        assert_eq!(july.latest_end(), day(2026, 10, 1));
        assert_eq!(july.next_possible(), on(day(2026, 10, 1)));
        assert_eq!(on(day(2026, 12, 31)).next_possible().to_string(), "2027-01");
        assert!(july.is_mid_year() && !on(day(2026, 1, 1)).is_mid_year());
        assert!(!ReleaseId::new(Calendar::Quarters, 2026, 8).fits_calendar());
        let october = on(day(2026, 10, 1));
        assert_eq!(october.effective_from(), day(2026, 10, 1));
        assert_eq!(october.to_string().parse(), Ok(october));
    }

    #[test]
    fn a_name_without_its_calendar_follows_that_of_the_code_set() {
        let name = |text: &str| text.parse::<ReleaseName>().unwrap();
        for (text, release) in [
            ("2022", "FY2022"),
            ("2022-04", "FY2022-04"),
            ("fy2022-04", "FY2022-04"),
            ("2022-04-errata", "FY2022-04-errata"),
        ] {
            assert_eq!(name(text).of(CodeSet::Icd10Cm).to_string(), release);
        }
        assert!(name("2022").is_year() && name("FY2022-10").is_year());
        assert!(!name("2022-04").is_year() && !name("2022-errata").is_year());
    }

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
