//! The point-in-time rule: which release governs a day.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::model::span::is_within;
use crate::model::{CodeSet, DaysOf, ReleaseId, Trust, Warning, day_before};

/// The days that one loaded release governs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The release; of several revisions the newest.
    pub release: ReleaseId,
    /// The first day.
    pub from: NaiveDate,
    /// The day after the last one.
    pub until: NaiveDate,
}

impl Period {
    /// Checks whether a day lies in it.
    pub fn contains(&self, day: NaiveDate) -> bool {
        is_within(day, self.from, Some(self.until))
    }
}

/// Days on which an entry was listed, without a gap between the releases that say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedDays {
    /// The first day.
    pub from: NaiveDate,
    /// The day after the last one.
    pub to: NaiveDate,
    /// The release that governs the first day.
    pub opened_by: ReleaseId,
    /// The release that governs the day after the last one and no longer lists the entry; `None` if no
    /// loaded release governs that day.
    pub closed_by: Option<ReleaseId>,
    /// Whether the newest loaded release still lists the entry, so that the end is only that of the releases.
    pub is_open: bool,
}

/// The loaded releases of one code set in the order of their first days.
///
/// A release governs from its first day to the eve of the next loaded one, or to the end of its fiscal year or quarter,
/// whichever is first: a missing year is a gap, never a neighbour's answer. Only where the rows of a later release tell
/// the days before it ([`DaysOf::Rows`]) is there no gap between loaded releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    code_set: CodeSet,
    periods: Vec<Period>,
    trust: BTreeMap<ReleaseId, Trust>,
}

impl Timeline {
    /// Builds the timeline from the releases that are loaded, in any order, revisions included.
    pub fn new(code_set: CodeSet, releases: impl IntoIterator<Item = ReleaseId>) -> Timeline {
        let days = code_set.facts().days;
        let mut ids: Vec<ReleaseId> = releases.into_iter().collect();
        ids.sort();
        let mut periods: Vec<Period> = Vec::with_capacity(ids.len());
        for id in ids {
            let from = id.effective_from();
            if let Some(last) = periods.last_mut() {
                if last.release.edition() == id.edition() {
                    last.release = id;
                    continue;
                }
                last.until = match days {
                    DaysOf::Releases => last.until.min(from),
                    DaysOf::Rows => from,
                };
            }
            periods.push(Period {
                release: id,
                from,
                until: id.latest_end(),
            });
        }
        Timeline {
            code_set,
            periods,
            trust: BTreeMap::new(),
        }
    }

    /// Builds the timeline from the releases that are loaded, with how far each can be trusted.
    pub fn with_trust(code_set: CodeSet, releases: BTreeMap<ReleaseId, Trust>) -> Timeline {
        Timeline {
            trust: releases.clone(),
            ..Timeline::new(code_set, releases.into_keys())
        }
    }

    /// Returns how far a loaded release can be trusted; `None` if the timeline was built without it.
    pub fn trust(&self, release: ReleaseId) -> Option<&Trust> {
        self.trust.get(&release)
    }

    /// Returns what limits the trust in a loaded release, as far as the timeline knows it.
    pub fn doubts(&self, release: ReleaseId) -> Vec<Warning> {
        self.trust(release)
            .map_or_else(Vec::new, |trust| trust.warnings(release))
    }

    /// Returns the code set.
    pub fn code_set(&self) -> CodeSet {
        self.code_set
    }

    /// Returns the periods, oldest first.
    pub fn periods(&self) -> &[Period] {
        &self.periods
    }

    /// Returns the period that a day lies in; `None` if no loaded release governs it.
    pub fn governing(&self, date: NaiveDate) -> Option<&Period> {
        self.latest_before(date)
            .filter(|period| period.contains(date))
    }

    /// Returns the newest period that begins on or before a day, whether or not it still governs it.
    pub fn latest_before(&self, date: NaiveDate) -> Option<&Period> {
        let after = self.periods.partition_point(|period| period.from <= date);
        self.periods.get(after.checked_sub(1)?)
    }

    /// Returns the period just before the release that begins on `from`.
    pub fn before(&self, from: NaiveDate) -> Option<&Period> {
        let at = self.periods.partition_point(|period| period.from < from);
        self.periods.get(at.checked_sub(1)?)
    }

    /// Returns the last day on which a loaded release governs before a day on which one begins that says otherwise: its
    /// eve, unless a release between is not loaded.
    pub fn last_day_before(&self, day: NaiveDate) -> NaiveDate {
        let before = self.before(day);
        day_before(before.map_or(day, |before| before.until.min(day)))
    }

    /// Returns the stretches of days without a gap, each from its first day to the day after its last.
    pub fn coverage(&self) -> Vec<(NaiveDate, NaiveDate)> {
        let mut runs: Vec<(NaiveDate, NaiveDate)> = Vec::new();
        for period in &self.periods {
            match runs.last_mut() {
                Some(run) if run.1 == period.from => run.1 = period.until,
                _ => runs.push((period.from, period.until)),
            }
        }
        runs
    }

    /// Cuts days of listings by the releases that govern them, oldest first: those that no loaded release governs fall
    /// out. What is left are true dates.
    ///
    /// `from` is the first day of a loaded release or of a patch, `until` the day on which a loaded release
    /// no longer lists the entry so; `None` while the newest one does.
    pub fn cut(
        &self,
        from: NaiveDate,
        until: Option<NaiveDate>,
    ) -> impl Iterator<Item = Period> + '_ {
        let clipped = self.periods.iter().map(move |period| Period {
            release: period.release,
            from: period.from.max(from),
            until: until.map_or(period.until, |until| until.min(period.until)),
        });
        clipped.filter(|period| period.from < period.until)
    }

    /// Returns the true dates of days of listings, as [`Timeline::cut`] does: without a gap in between they are one.
    pub fn listed_days(&self, from: NaiveDate, until: Option<NaiveDate>) -> Vec<ListedDays> {
        let mut days: Vec<ListedDays> = Vec::with_capacity(1);
        for period in self.cut(from, until) {
            match days.last_mut() {
                Some(last) if last.to == period.from => last.to = period.until,
                _ => days.push(ListedDays {
                    from: period.from,
                    to: period.until,
                    opened_by: period.release,
                    closed_by: None,
                    is_open: false,
                }),
            }
        }
        let end = self.periods.last().map(|period| period.until);
        if let Some(last) = days.last_mut() {
            last.is_open = until.is_none() && Some(last.to) == end;
            // After a gap the release that governs the next day is another day's.
            last.closed_by = until
                .filter(|until| *until == last.to)
                .and_then(|until| self.governing(until))
                .map(|period| period.release);
        }
        days
    }

    /// Returns the release that would have to be loaded to answer for a day that nothing governs:
    /// the newest of `known` that can govern that day, else the one that its calendar has for it.
    pub fn needed_for(&self, date: NaiveDate, known: &[ReleaseId]) -> ReleaseId {
        known
            .iter()
            .filter(|id| id.effective_from() <= date && date < id.latest_end())
            .max()
            .copied()
            .unwrap_or_else(|| self.code_set.facts().calendar.release_of(date))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::calendar::day;

    fn timeline(ids: &[&str]) -> Timeline {
        Timeline::new(CodeSet::Icd10Cm, ids.iter().map(|id| id.parse().unwrap()))
    }

    fn governs(timeline: &Timeline, date: NaiveDate) -> Option<String> {
        timeline
            .governing(date)
            .map(|period| period.release.to_string())
    }

    #[test]
    fn a_release_governs_to_the_eve_of_the_next_or_to_the_end_of_its_year() {
        let timeline = timeline(&["FY2022-04", "FY2022", "FY2024"]);
        assert_eq!(governs(&timeline, day(2021, 9, 30)), None);
        assert_eq!(
            governs(&timeline, day(2021, 10, 1)).as_deref(),
            Some("FY2022")
        );
        assert_eq!(
            governs(&timeline, day(2022, 3, 31)).as_deref(),
            Some("FY2022")
        );
        assert_eq!(
            governs(&timeline, day(2022, 4, 1)).as_deref(),
            Some("FY2022-04")
        );
        assert_eq!(
            governs(&timeline, day(2022, 9, 30)).as_deref(),
            Some("FY2022-04")
        );
        assert_eq!(
            governs(&timeline, day(2022, 10, 1)),
            None,
            "FY2023 is missing"
        );
        assert_eq!(
            governs(&timeline, day(2023, 10, 1)).as_deref(),
            Some("FY2024")
        );
        assert_eq!(governs(&timeline, day(2024, 10, 1)), None);
        assert_eq!(timeline.coverage().len(), 2);
    }

    #[test]
    fn days_of_listings_are_cut_where_no_release_governs() {
        let timeline = timeline(&["FY2022", "FY2022-04", "FY2024", "FY2025"]);
        let cut = |from, until| {
            let days = timeline.listed_days(from, until);
            let shown = days.iter().map(|one| {
                let closed_by = one.closed_by.map_or("-".to_owned(), |id| id.to_string());
                let open = if one.is_open { " open" } else { "" };
                format!(
                    "{} {} {} {closed_by}{open}",
                    one.from, one.to, one.opened_by
                )
            });
            shown.collect::<Vec<_>>().join("; ")
        };
        assert_eq!(
            cut(day(2021, 10, 1), None),
            "2021-10-01 2022-10-01 FY2022 -; 2023-10-01 2025-10-01 FY2024 - open"
        );
        // Gone in the update, by the release after the gap, and by the newest.
        assert_eq!(
            cut(day(2021, 10, 1), Some(day(2022, 4, 1))),
            "2021-10-01 2022-04-01 FY2022 FY2022-04"
        );
        assert_eq!(
            cut(day(2022, 4, 1), Some(day(2023, 10, 1))),
            "2022-04-01 2022-10-01 FY2022-04 -"
        );
        assert_eq!(
            cut(day(2022, 4, 1), Some(day(2024, 10, 1))),
            "2022-04-01 2022-10-01 FY2022-04 -; 2023-10-01 2024-10-01 FY2024 FY2025"
        );
        // A patch begins within its release.
        assert_eq!(
            cut(day(2022, 8, 1), Some(day(2023, 10, 1))),
            "2022-08-01 2022-10-01 FY2022-04 -"
        );
    }

    #[test]
    fn the_newest_revision_answers() {
        for ids in [
            ["FY2022-04", "FY2022-04-errata"],
            ["FY2022-04-errata", "FY2022-04"],
        ] {
            let timeline = timeline(&ids);
            assert_eq!(timeline.periods().len(), 1);
            assert_eq!(
                governs(&timeline, day(2022, 4, 1)).as_deref(),
                Some("FY2022-04-errata")
            );
        }
    }
}
