//! The life of a code: every span with the title as it stood.

use chrono::NaiveDate;

use super::basis::{missing_between, provenance_of, warnings};
use super::lineage::lineage;
use super::typed::typed_code_of;
use crate::error::{Error, Result};
use crate::model::{CodeHistory, HistorySpan, Provenance, day_before};
use crate::store::CodeSource;

/// Returns the life of a code over all loaded releases.
///
/// # Errors
/// [`crate::ErrorKind::Usage`] for a text that cannot be a code, [`crate::ErrorKind::NotFound`] for a code that no
/// loaded release lists.
///
/// ```
/// # use codeyear_core::{answer, ingest, model::CodeSet, store::Store};
/// # let mut store = Store::in_memory()?;
/// # ingest::import_sample(&mut store, "2026-03-01".parse().unwrap())?;
/// let life = answer::history(&store.codes(CodeSet::Icd10Cm)?, "M54.5")?;
/// let last = life.spans.last().unwrap();
/// assert!(!last.entry.billable);
/// # Ok::<(), codeyear_core::Error>(())
/// ```
pub fn history(codes: &dyn CodeSource, text: &str) -> Result<CodeHistory> {
    let timeline = codes.timeline();
    let code_set = timeline.code_set();
    let code = typed_code_of(code_set, text)?;
    let life = codes.spans(&code)?;
    let in_force_from = code_set.in_force_from();
    let mut spans: Vec<HistorySpan> = Vec::new();
    for listed in &life {
        for period in timeline.cut(listed.from, listed.until) {
            let (from, to) = (period.from, period.until);
            let in_force = from >= in_force_from;
            if let Some(last) = spans.last_mut()
                && last.entry == listed.value
                && last.valid_to == from
                && last.in_force == in_force
            {
                last.valid_to = to;
                last.last_release = period.release;
                continue;
            }
            let patch = codes.patch_citation(period.release, &code, from)?;
            spans.push(HistorySpan {
                entry: listed.value.clone(),
                valid_from: from,
                valid_to: to,
                first_release: period.release,
                last_release: period.release,
                in_force,
                patch,
            });
        }
    }
    let (Some(first), Some(last)) = (spans.first(), timeline.periods().last()) else {
        return Err(Error::not_found(format!(
            "not found in any loaded {} release: {}",
            code_set.name(),
            code
        ))
        .with_hint(format!("codeyear check {} suggests similar codes", code)));
    };
    // The days that nothing governs: before the first span, so that it may have begun earlier, and after it.
    let coverage = timeline.coverage();
    let begins = coverage.iter().map(|(begin, _)| *begin);
    let ends = coverage.iter().map(|(_, end)| *end);
    let gaps: Vec<(NaiveDate, NaiveDate)> = std::iter::once(code_set.in_force_from())
        .chain(ends)
        .zip(begins)
        .filter(|(end, next)| end < next && *next >= first.valid_from)
        .map(|(end, next)| (end, day_before(next)))
        .collect();
    let mut warnings = warnings(
        codes.kind()?,
        code_set,
        timeline,
        first.valid_from,
        day_before(last.until),
    );
    let days = gaps
        .iter()
        .filter_map(|(from, through)| Some((*from, through.succ_opt()?)));
    for (from, until) in days.chain([(last.until, NaiveDate::MAX)]) {
        warnings.extend(missing_between(codes.kind()?, timeline, from, until));
    }
    let end = spans.last().map_or(last.until, |span| span.valid_to);
    let deleted_by = timeline
        .periods()
        .iter()
        .find(|period| period.from >= end)
        .map(|period| (period.release, period.from));
    Ok(CodeHistory {
        code_set,
        code,
        lineage: lineage(codes, &code)?,
        warnings,
        rebuilt: timeline
            .periods()
            .iter()
            .filter(|period| period.from < end && first.valid_from < period.until)
            .map(|period| period.release)
            .filter(|release| provenance_of(timeline, *release) == Provenance::Rebuilt)
            .collect(),
        gaps,
        deleted_by,
        covered_through: day_before(last.until),
        spans,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::CodeSet;
    use crate::testing::{day, release, sample};

    fn life(code: &str) -> CodeHistory {
        history(&sample().codes(CodeSet::Icd10Cm).unwrap(), code).unwrap()
    }

    #[test]
    fn a_life_is_parted_by_gaps_and_where_the_flag_changes() {
        let life = life("G35");
        let spans: Vec<_> = life
            .spans
            .iter()
            .map(|span| {
                let releases = format!("{} {}", span.first_release, span.last_release);
                (
                    span.valid_from,
                    span.valid_to,
                    span.entry.billable,
                    releases,
                )
            })
            .collect();
        let span = |from: &str, to: &str, billable, releases: &str| {
            (day(from), day(to), billable, releases.to_owned())
        };
        assert_eq!(
            spans,
            [
                span("2015-10-01", "2016-10-01", true, "FY2016 FY2016"),
                span("2019-10-01", "2022-10-01", true, "FY2020 FY2022-04"),
                span("2023-10-01", "2025-10-01", true, "FY2024 FY2025-04"),
                span("2025-10-01", "2027-10-01", false, "FY2026 FY2027"),
            ]
        );
        assert_eq!(
            life.gaps,
            [
                (day("2016-10-01"), day("2019-09-30")),
                (day("2022-10-01"), day("2023-09-30")),
            ]
        );
        assert_eq!(
            (life.deleted_by, life.covered_through),
            (None, day("2027-09-30"))
        );
    }

    #[test]
    fn a_gap_before_a_first_day_that_is_known_says_nothing_of_the_code() {
        let life = life("U07.1");
        assert_eq!(life.gaps, [(day("2022-10-01"), day("2023-09-30"))]);
        let first = life.spans.first().unwrap();
        assert_eq!(first.valid_from, day("2020-04-01"));
        assert!(first.patch.is_some() && first.in_force);
        assert!(life.spans.iter().skip(1).all(|span| span.patch.is_none()));
    }

    #[test]
    fn a_deleted_code_is_deleted_by_the_first_loaded_release_without_it() {
        // FY2026 takes over where S30.1XXA ends; before FY2020 three years are missing.
        for (code, by, from) in [
            ("S30.1XXA", "FY2026", "2025-10-01"),
            ("T81.4XXA", "FY2020", "2019-10-01"),
        ] {
            let deleted_by = Some((release(by), day(from)));
            assert_eq!(life(code).deleted_by, deleted_by, "{code}");
        }
        let life = life("T81.4XXA");
        assert_eq!(life.spans.len(), 1);
        assert_eq!(life.spans.first().unwrap().valid_to, day("2016-10-01"));
    }

    #[test]
    fn a_title_stands_with_the_days_on_which_it_stood() {
        let life = life("P09.6");
        let titles: Vec<&str> = life
            .spans
            .iter()
            .map(|span| span.entry.long_title.as_str())
            .collect();
        let before = "Abnormal findings on neonatal screening for neonatal hearing loss";
        let now = "Abnormal findings on neonatal hearing screening";
        assert_eq!(titles, [before, before, now]);
        assert_eq!(life.spans.last().unwrap().first_release, release("FY2026"));
    }

    #[test]
    fn what_cannot_be_a_code_is_a_wrong_request_and_what_is_not_listed_is_not_found() {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        for (code, kind) in [("C7.B", ErrorKind::Usage), ("C7B.05", ErrorKind::NotFound)] {
            assert_eq!(history(&codes, code).unwrap_err().kind(), kind, "{code}");
        }
    }
}
