//! What is loaded, what the catalogue knows and is missing, and what each covers.

use chrono::NaiveDate;

use crate::error::Result;
use crate::model::{
    Code, CodeSet, Period, ReleaseId, StoreKind, StoredRelease, Timeline, Warning, day_before,
};
use crate::source::catalogue::{Catalogue, KnownRelease};
use crate::store::Store;

/// Where a release stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReleaseStatus {
    /// It is stored.
    Loaded(Box<StoredRelease>),
    /// The catalogue knows it, and the store lacks it.
    Missing {
        /// Official addresses of archives that hold its order file.
        urls: Vec<String>,
    },
}

/// One release of the overview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseLine {
    /// The code set.
    pub code_set: CodeSet,
    /// The release.
    pub id: ReleaseId,
    /// Its first day.
    pub effective_from: NaiveDate,
    /// Where it stands.
    pub status: ReleaseStatus,
    /// The days that it governs, first and last; `None` if it is missing or a newer revision answers.
    pub governs: Option<(NaiveDate, NaiveDate)>,
    /// Rows and billable rows: as stored, else as the catalogue expects; `None` if neither is known.
    pub rows: Option<(u64, u64)>,
    /// Whether the catalogue knows it.
    pub known: bool,
    /// The codes that the catalogue adds within the year, after its order file.
    pub patches: Vec<Code>,
}

/// Whether a day is covered, and what is missing if it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageOfDay {
    /// The code set.
    pub code_set: CodeSet,
    /// The day.
    pub day: NaiveDate,
    /// The loaded release that governs it, with the last day that it governs.
    pub governed_by: Option<(ReleaseId, NaiveDate)>,
    /// What limits the trust in that release.
    pub warnings: Vec<Warning>,
    /// The last day that a loaded release governs, with that release.
    pub latest: Option<(ReleaseId, NaiveDate)>,
    /// The release that the catalogue knows to govern the day, or the newest that it knows where it knows none for the
    /// day, if that is not loaded, with the official addresses of its order file.
    pub missing: Vec<(ReleaseId, Vec<String>)>,
    /// The release that would govern the day and that the catalogue does not know, if no loaded one does.
    pub unknown: Option<ReleaseId>,
    /// The newest update that the catalogue knows, and the first one after it, if the calendar could have had it
    /// by that day.
    pub unknown_since: Option<(ReleaseId, ReleaseId)>,
}

impl CoverageOfDay {
    /// Checks whether the day is covered and no known release is missing for it. That the calendar could have had
    /// an update since the newest known one is no miss: nobody knows whether there is one. A part of a release, or
    /// one that the user insisted on, covers no day for sure.
    pub fn is_complete(&self) -> bool {
        let is_doubtful = self
            .warnings
            .iter()
            .any(|warning| matches!(warning, Warning::Incomplete { .. } | Warning::Forced { .. }));
        self.governed_by.is_some() && self.missing.is_empty() && !is_doubtful
    }
}

/// All releases, loaded and missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasesOverview {
    /// The releases, by code set, first day and revision.
    pub lines: Vec<ReleaseLine>,
    /// Days between loaded releases that none governs: code set, first and last day.
    pub gaps: Vec<(CodeSet, NaiveDate, NaiveDate)>,
    /// Whether the store holds the bundled sample.
    pub sample: bool,
    /// The content hash: the same for the same releases, whatever the order of import.
    pub content_hash: String,
}

/// Returns the codes that the catalogue adds to a release within its year.
fn patched(known: &KnownRelease) -> Vec<Code> {
    known.patches.iter().map(|patch| patch.entry.code).collect()
}

/// Returns the overview; of an absent store, what the catalogue knows.
///
/// # Errors
/// [`crate::ErrorKind::Store`] if the database cannot be read.
pub fn releases(store: Option<&Store>, code_set: Option<CodeSet>) -> Result<ReleasesOverview> {
    let catalogue = Catalogue::bundled()?;
    let stored = store.map(Store::releases).transpose()?.unwrap_or_default();
    let sample = match store {
        Some(store) => store.kind()? == StoreKind::Sample,
        None => false,
    };
    let mut lines = Vec::new();
    let mut gaps = Vec::new();
    for code_set in CodeSet::ALL
        .into_iter()
        .filter(|one| code_set.is_none_or(|wanted| wanted == *one))
    {
        let timeline = store.map(|store| store.timeline(code_set)).transpose()?;
        for pair in timeline
            .iter()
            .flat_map(|timeline| timeline.coverage())
            .collect::<Vec<_>>()
            .windows(2)
        {
            if let [(_, end), (next, _)] = pair {
                gaps.push((code_set, *end, day_before(*next)));
            }
        }
        for known in catalogue
            .releases()
            .iter()
            .filter(|known| known.code_set == code_set && !sample)
        {
            // What the sample lacks, nearly everything, is no news.
            if stored
                .iter()
                .any(|stored| stored.release.code_set == code_set && stored.release.id == known.id)
            {
                continue;
            }
            lines.push(ReleaseLine {
                code_set,
                id: known.id,
                effective_from: known.id.effective_from(),
                status: ReleaseStatus::Missing {
                    urls: known.order_file_urls(),
                },
                governs: None,
                rows: known
                    .order_file
                    .as_ref()
                    .map(|facts| (facts.rows, facts.billable)),
                known: true,
                patches: patched(known),
            });
        }
        for one in stored
            .iter()
            .filter(|stored| stored.release.code_set == code_set)
        {
            let id = one.release.id;
            let known = catalogue.find(code_set, id);
            let governs = timeline
                .iter()
                .flat_map(|timeline| timeline.periods())
                .find(|period| period.release == id)
                .map(|period| (period.from, day_before(period.until)));
            lines.push(ReleaseLine {
                code_set,
                id,
                effective_from: id.effective_from(),
                status: ReleaseStatus::Loaded(Box::new(one.clone())),
                governs,
                rows: Some((one.release.rows, one.release.billable)),
                known: known.is_some(),
                patches: known.map(patched).unwrap_or_default(),
            });
        }
    }
    lines.sort_by_key(|line| (line.code_set, line.id));
    Ok(ReleasesOverview {
        lines,
        gaps,
        sample,
        content_hash: store
            .map(Store::content_hash)
            .transpose()?
            .unwrap_or_default(),
    })
}

/// Returns for each code set whether a day is covered; of an absent store, what would be needed.
///
/// # Errors
/// [`crate::ErrorKind::Store`] if the database cannot be read.
pub fn coverage_on(
    store: Option<&Store>,
    code_set: Option<CodeSet>,
    day: NaiveDate,
) -> Result<Vec<CoverageOfDay>> {
    let catalogue = Catalogue::bundled()?;
    CodeSet::ALL
        .into_iter()
        .filter(|one| code_set.is_none_or(|wanted| wanted == *one))
        .map(|code_set| {
            let timeline = store.map(|store| store.timeline(code_set)).transpose()?;
            Ok(coverage_of(catalogue, timeline.as_ref(), code_set, day))
        })
        .collect()
}

/// Returns whether a day is covered by the loaded releases of a code set.
fn coverage_of(
    catalogue: &Catalogue,
    timeline: Option<&Timeline>,
    code_set: CodeSet,
    day: NaiveDate,
) -> CoverageOfDay {
    let last_day = |period: &Period| (period.release, day_before(period.until));
    let governing = timeline.and_then(|timeline| timeline.governing(day));
    let latest = timeline.and_then(|timeline| timeline.periods().last());
    let known: Vec<&KnownRelease> = catalogue.of(code_set).collect();
    // What the catalogue alone would have govern the day.
    let all = Timeline::new(code_set, known.iter().map(|known| known.id));
    let needed = all.governing(day).map(|period| period.release);
    let is_loaded =
        |id: ReleaseId| timeline.is_some_and(|timeline| super::basis::is_loaded(timeline, id));
    let unknown = (governing.is_none() && needed.is_none())
        .then(|| code_set.facts().calendar.release_of(day))
        .filter(|_| code_set.in_force_from() <= day);
    // Where the catalogue knows none for the day, the newest that it knows is the nearest.
    let newest_known = known.last().map(|known| known.id);
    let is_nearest = |id: ReleaseId| unknown.is_some() && Some(id) == newest_known;
    let missing = known
        .iter()
        .filter(|known| Some(known.id) == needed || is_nearest(known.id))
        .filter(|known| !is_loaded(known.id))
        .map(|known| (known.id, known.order_file_urls()))
        .collect();
    let newest = latest
        .map(|period| period.release)
        .max(known.last().map(|known| known.id))
        .map(|id| id.edition());
    CoverageOfDay {
        code_set,
        day,
        governed_by: governing.map(last_day),
        warnings: match (timeline, governing) {
            (Some(timeline), Some(period)) => timeline.doubts(period.release),
            _ => Vec::new(),
        },
        latest: latest.map(last_day),
        missing,
        unknown,
        unknown_since: newest
            .map(|newest| (newest, newest.next_possible()))
            .filter(|(_, possible)| possible.effective_from() <= day),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{day, release, sample};

    fn on(store: Option<&Store>, date: &str) -> CoverageOfDay {
        let mut all = coverage_on(store, Some(CodeSet::Icd10Cm), day(date)).unwrap();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn a_day_is_covered_if_the_release_that_is_known_to_govern_it_is_loaded() {
        let store = sample();
        let covered = on(Some(&store), "2026-03-01");
        assert_eq!(
            covered.governed_by,
            Some((release("FY2026"), day("2026-03-31")))
        );
        assert!(covered.is_complete());
        let gap = on(Some(&store), "2018-11-01");
        assert_eq!(gap.governed_by, None);
        let missing: Vec<ReleaseId> = gap.missing.iter().map(|(id, _)| *id).collect();
        assert_eq!(missing, [release("FY2019")]);
        assert!(!gap.is_complete());
        assert_eq!(gap.latest, Some((release("FY2027"), day("2027-09-30"))));
    }

    #[test]
    fn of_a_day_past_all_that_is_known_the_release_and_the_newest_known_are_named() {
        let far = on(None, "2039-11-01");
        assert_eq!(far.unknown, Some(release("FY2040")));
        let newest = Catalogue::bundled()
            .unwrap()
            .of(CodeSet::Icd10Cm)
            .last()
            .unwrap()
            .id;
        assert_eq!(far.missing.first().map(|(id, _)| *id), Some(newest));
        assert_eq!(far.unknown_since, Some((newest, newest.next_possible())));
        let before = on(None, "2009-10-01");
        assert_eq!((before.unknown, before.governed_by), (None, None));
    }

    #[test]
    fn an_overview_without_a_database_has_what_the_catalogue_knows_and_nothing_loaded() {
        let overview = releases(None, Some(CodeSet::Icd10Cm)).unwrap();
        let known = Catalogue::bundled().unwrap().of(CodeSet::Icd10Cm).count();
        assert_eq!(overview.lines.len(), known);
        assert!(
            overview
                .lines
                .iter()
                .all(|line| { line.known && matches!(line.status, ReleaseStatus::Missing { .. }) })
        );
        assert_eq!(overview.content_hash, "");
    }

    #[test]
    fn a_release_that_was_corrected_governs_no_day_and_gaps_are_between_loaded_ones() {
        let overview = releases(Some(&sample()), None).unwrap();
        let governs = |id: &str| {
            let line = overview
                .lines
                .iter()
                .find(|line| line.code_set == CodeSet::Icd10Pcs && line.id == release(id));
            line.unwrap().governs
        };
        assert_eq!(governs("FY2022-04"), None);
        let days = (day("2022-04-01"), day("2022-09-30"));
        assert_eq!(governs("FY2022-04-errata"), Some(days));
        let cm = CodeSet::Icd10Cm;
        assert_eq!(
            overview.gaps,
            [
                (cm, day("2016-10-01"), day("2019-09-30")),
                (cm, day("2022-10-01"), day("2023-09-30")),
            ]
        );
        assert!(overview.sample);
    }
}
