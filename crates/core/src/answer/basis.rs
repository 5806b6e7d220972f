//! What answers rest on, and what the loaded releases leave open.

use chrono::NaiveDate;

use crate::error::{Error, Result, not_loaded};
use crate::model::{
    Basis, CodeSet, Entry, FileRef, Period, Provenance, ReleaseId, StoreKind, Timeline, Warning,
    day_before,
};
use crate::source::catalogue::{has_known_hash, known_releases, known_rows, order_file_url};
use crate::store::Store;

/// Returns the warnings about what could change an answer for some days: the sample; releases that the catalogue knows
/// to govern one of those days and that are not loaded; what limits the trust in the releases that govern
/// them; and an update that could have come since the newest known.
pub fn warnings(
    store_kind: StoreKind,
    code_set: CodeSet,
    timeline: &Timeline,
    from: NaiveDate,
    through: NaiveDate,
) -> Vec<Warning> {
    // The sample never claims to be the whole, so what it lacks is no news.
    if store_kind == StoreKind::Sample {
        return vec![Warning::Sample];
    }
    let mut warnings = Vec::new();
    let touched: Vec<&Period> = timeline
        .periods()
        .iter()
        .filter(|period| period.from <= through && from < period.until)
        .collect();
    let known = known_releases(code_set);
    for id in known {
        let starts = id.effective_from();
        let missing = touched.iter().any(|period| {
            let same_edition = period.release.edition() == id.edition();
            (same_edition && *id > period.release)
                || (!same_edition
                    && starts > period.from
                    && starts < period.until
                    && starts <= through)
        });
        if missing && !is_loaded(timeline, *id) {
            warnings.push(Warning::MissingRelease { release: *id });
        }
    }
    for period in &touched {
        warnings.extend(timeline.doubts(period.release));
    }
    let newest = touched.last().map(|period| period.release);
    if let Some(newest) = newest.max(known.last().copied()).map(|id| id.edition())
        && !touched.is_empty()
    {
        let possible = newest.next_possible();
        if possible.effective_from() <= through {
            warnings.push(Warning::BeyondKnown { newest, possible });
        }
    }
    warnings
}

/// Returns the warning of releases that the catalogue knows to take effect from `from` to the day before `until` and
/// that are not loaded; `None` if there are none.
pub fn missing_between(
    store_kind: StoreKind,
    timeline: &Timeline,
    from: NaiveDate,
    until: NaiveDate,
) -> Option<Warning> {
    if store_kind == StoreKind::Sample || until <= from {
        return None;
    }
    let code_set = timeline.code_set();
    let mut releases: Vec<ReleaseId> = known_releases(code_set)
        .iter()
        .filter(|id| (from..until).contains(&id.effective_from()) && !is_loaded(timeline, **id))
        .copied()
        .collect();
    // Of a correction and what it corrects one is named.
    releases.dedup_by_key(|id| id.edition());
    match releases.as_slice() {
        [] => None,
        [release] => Some(Warning::MissingRelease { release: *release }),
        _ => Some(Warning::MissingReleases { releases }),
    }
}

/// Returns the warning of all releases that the catalogue knows, that take effect from the first day of the code set
/// on, and that are not loaded; `None` if there are none.
///
/// # Errors
/// [`crate::ErrorKind::Store`] if the database cannot be read.
pub fn missing_releases(store: &Store, timeline: &Timeline) -> Result<Option<Warning>> {
    let from = timeline.code_set().in_force_from();
    Ok(missing_between(
        store.kind()?,
        timeline,
        from,
        NaiveDate::MAX,
    ))
}

/// Returns what an answer rests on: the file of a release, or a patch of the catalogue.
pub(super) fn basis_of(
    timeline: &Timeline,
    release: ReleaseId,
    file: FileRef,
    patch: Option<String>,
) -> Basis {
    Basis {
        release,
        file,
        provenance: provenance_of(timeline, release),
        patch,
    }
}

/// Returns how well the file is known that the rows of a loaded release come from.
pub(super) fn provenance_of(timeline: &Timeline, release: ReleaseId) -> Provenance {
    let trust = timeline.trust(release);
    debug_assert!(trust.is_some(), "{release} is loaded without its trust");
    trust.map_or(Provenance::Unlisted, |trust| trust.provenance)
}

/// Returns the error of a question on a day that no loaded release governs.
pub(super) fn not_covered(timeline: &Timeline, date: NaiveDate) -> Error {
    let code_set = timeline.code_set();
    let first = code_set.in_force_from();
    if date < first {
        let before = code_set.facts().predecessor;
        let before = before.map(|before| format!("; before that {before} was"));
        return Error::not_found(format!(
            "{} is in force from {first}{}",
            code_set.name(),
            before.unwrap_or_default()
        ))
        .with_hint(format!("ask for a date from {first} on"));
    }
    let needed = timeline.needed_for(date, known_releases(code_set));
    let mut message = format!("no {} release loaded for {date}", code_set.name());
    if let Some(period) = timeline.latest_before(date) {
        message.push_str(&format!(
            "; the latest before it, {}, covers dates through {}",
            period.release,
            day_before(period.until)
        ));
    }
    let url = order_file_url(code_set, needed);
    let how = how_to_get(code_set, needed, url.as_deref());
    Error::not_found(message).with_hint(format!("to answer this date, import {needed}: {how}"))
}

/// Returns the error of a release that is asked for and not loaded: with how to get it.
pub(super) fn release_not_loaded(code_set: CodeSet, id: ReleaseId) -> Error {
    let how = how_to_get(code_set, id, order_file_url(code_set, id).as_deref());
    not_loaded(&format!("{} {id}", code_set.name()))
        .with_hint(format!("{how}; codeyear releases lists what is loaded"))
}

/// Returns how to get a release that is not loaded; `url` is the address of its order file, where one is known.
pub fn how_to_get(code_set: CodeSet, release: ReleaseId, url: Option<&str>) -> String {
    match url {
        Some(url) if !cfg!(feature = "fetch") => format!("download {url} and import it"),
        Some(url) => {
            let unverified = match has_known_hash(code_set, release) {
                true => "",
                false => " --unverified",
            };
            format!(
                "codeyear fetch {release} --code-set {}{unverified}, or download {url} and import it",
                code_set.id()
            )
        }
        None if known_releases(code_set).contains(&release) => {
            "no address of its files is known; codeyear import PATH takes them from your disk"
                .to_owned()
        }
        None if !cfg!(feature = "fetch") => "not known to this version of codeyear".to_owned(),
        None => format!(
            "not known to this version of codeyear; codeyear fetch {release} --check looks for it"
        ),
    }
}

/// Returns what a code was on the last day that is covered.
pub fn last_state(entry: Option<&Entry>) -> String {
    match entry {
        Some(entry) if entry.billable => {
            format!("on that date it was billable: {}", entry.long_title)
        }
        Some(entry) => format!("on that date it was a header: {}", entry.long_title),
        None => "on that date it was not listed".to_owned(),
    }
}

/// Checks whether a release is loaded, it or a correction of it, or is known to have the very rows of the loaded one
/// that governs its first day.
pub(super) fn is_loaded(timeline: &Timeline, id: ReleaseId) -> bool {
    let mut loaded = timeline.periods().iter().map(|period| period.release);
    if loaded.any(|loaded| loaded.edition() == id.edition() && loaded >= id) {
        return true;
    }
    let governing = timeline.governing(id.effective_from());
    let trust = governing.and_then(|period| timeline.trust(period.release));
    trust.is_some_and(|trust| {
        known_rows(timeline.code_set(), id).is_some_and(|rows| rows == trust.rows_sha256)
    })
}

/// Finds a loaded release by name. If only corrections of it are loaded, it stands for the newest.
///
/// # Errors
/// [`crate::ErrorKind::NotFound`] with how to get the release as a hint; of the sample with the releases that it has.
pub fn find_release(store: &Store, code_set: CodeSet, id: ReleaseId) -> Result<ReleaseId> {
    let loaded: Vec<ReleaseId> = store
        .releases()?
        .into_iter()
        .filter(|stored| stored.release.code_set == code_set)
        .map(|stored| stored.release.id)
        .collect();
    if loaded.contains(&id) {
        return Ok(id);
    }
    let revisions = loaded.iter().filter(|loaded| loaded.edition() == id);
    if let Some(newest) = revisions.max() {
        return Ok(*newest);
    }
    if store.kind()? == StoreKind::Sample {
        let list: Vec<String> = loaded.iter().map(ReleaseId::to_string).collect();
        return Err(not_loaded(&format!("{} {id}", code_set.name()))
            .with_hint(format!("loaded: {}", list.join(", "))));
    }
    Err(release_not_loaded(code_set, id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{day, release, sample};

    fn timeline(code_set: CodeSet, releases: &[&str]) -> Timeline {
        Timeline::new(code_set, releases.iter().map(|id| release(id)))
    }

    #[test]
    fn an_update_that_is_not_loaded_is_a_warning_only_where_its_days_are_asked_for() {
        let loaded = timeline(
            CodeSet::Icd10Cm,
            &["FY2021", "FY2022", "FY2022-04", "FY2023"],
        );
        let through = |through: &str| {
            let from = day("2020-10-01");
            warnings(
                StoreKind::Full,
                CodeSet::Icd10Cm,
                &loaded,
                from,
                day(through),
            )
        };
        assert_eq!(through("2020-12-31"), []);
        let missing = Warning::MissingRelease {
            release: release("FY2021-01"),
        };
        assert_eq!(through("2021-01-01"), std::slice::from_ref(&missing));
        // FY2023 is loaded and the update within it is not, from 2023-04-01 on.
        assert_eq!(through("2023-03-31"), [missing]);
    }

    #[test]
    fn a_correction_stands_for_what_it_corrects_and_not_the_reverse() {
        let warned = |releases: &[&str]| {
            let loaded = timeline(CodeSet::Icd10Pcs, releases);
            let day = day("2022-05-01");
            warnings(StoreKind::Full, CodeSet::Icd10Pcs, &loaded, day, day)
        };
        assert_eq!(warned(&["FY2022-04-errata"]), []);
        assert_eq!(
            warned(&["FY2022-04"]),
            [Warning::MissingRelease {
                release: release("FY2022-04-errata")
            }]
        );
    }

    #[test]
    fn several_releases_that_are_missing_are_one_warning_the_oldest_first() {
        let loaded = timeline(CodeSet::Icd10Cm, &["FY2020", "FY2022"]);
        let missing =
            |kind, until: &str| missing_between(kind, &loaded, day("2020-10-01"), day(until));
        let full = |until: &str| missing(StoreKind::Full, until);
        assert_eq!(full("2020-10-01"), None);
        let one = release("FY2021");
        assert_eq!(
            full("2020-10-02"),
            Some(Warning::MissingRelease { release: one })
        );
        let releases = ["FY2021", "FY2021-01", "FY2022-04"].map(release).to_vec();
        assert_eq!(
            full("2022-10-01"),
            Some(Warning::MissingReleases { releases })
        );
        assert_eq!(missing(StoreKind::Sample, "2022-10-01"), None);
    }

    #[test]
    fn past_the_newest_update_that_is_known_another_could_have_come() {
        let next = known_releases(CodeSet::Icd10Cm).last().unwrap().year() + 1;
        let october = ReleaseId::october(next);
        let loaded = Timeline::new(CodeSet::Icd10Cm, [october]);
        let on = |date: NaiveDate| warnings(StoreKind::Full, CodeSet::Icd10Cm, &loaded, date, date);
        let possible = october.next_possible();
        assert_eq!(on(day_before(possible.effective_from())), []);
        assert_eq!(
            on(possible.effective_from()),
            [Warning::BeyondKnown {
                newest: october,
                possible
            }]
        );
        let sample = warnings(
            StoreKind::Sample,
            CodeSet::Icd10Cm,
            &loaded,
            possible.effective_from(),
            possible.effective_from(),
        );
        assert_eq!(sample, [Warning::Sample]);
    }

    #[test]
    fn a_release_that_is_not_loaded_is_answered_with_how_to_get_it() {
        let store = sample();
        let find = |id: &str| find_release(&store, CodeSet::Icd10Pcs, release(id));
        assert_eq!(find("FY2022-04").unwrap(), release("FY2022-04"));
        let error = find("FY2025").unwrap_err();
        assert_eq!(error.hint(), Some("loaded: FY2022-04, FY2022-04-errata"));
        let empty = find_release(
            &Store::in_memory().unwrap(),
            CodeSet::Icd10Pcs,
            release("FY2025"),
        );
        assert!(
            empty
                .unwrap_err()
                .hint()
                .unwrap()
                .ends_with("codeyear releases lists what is loaded")
        );
    }

    #[test]
    fn a_day_without_release_names_the_newest_before_it_and_the_one_that_would_answer() {
        let store = sample();
        let timeline = store.timeline(CodeSet::Icd10Cm).unwrap();
        let error = not_covered(&timeline, day("2018-11-01"));
        assert_eq!(
            error.to_string(),
            "no ICD-10-CM release loaded for 2018-11-01; the latest before it, FY2016, covers dates through 2016-09-30"
        );
        assert!(
            error
                .hint()
                .unwrap()
                .starts_with("to answer this date, import FY2019: ")
        );
    }
}
