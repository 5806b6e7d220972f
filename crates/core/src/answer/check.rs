//! Is this code valid on this date?

use chrono::{Days, NaiveDate};

use super::basis::{basis_of, missing_between, warnings};
use super::consult::ShowOptions;
use super::explain::explain;
use super::lineage::retirement;
use super::verdict::verdict;
use crate::error::Result;
use crate::model::{
    Answer, Basis, Book, Code, ReleaseId, StoreKind, Timeline, UnknownReason, Verdict, Warning,
};
use crate::source::catalogue::order_file_url;
use crate::store::CodeSource;

/// Answers for one code on one day. Any text is answered: one that cannot be a code is `unknown`.
///
/// # Errors
/// [`crate::ErrorKind::Store`] if the database cannot be read.
///
/// ```
/// # use codeyear_core::{answer, ingest, model::CodeSet, store::Store};
/// # let mut store = Store::in_memory()?;
/// # ingest::import_sample(&mut store, "2026-03-01".parse().unwrap())?;
/// let codes = store.codes(CodeSet::Icd10Cm)?;
/// let answer = answer::check(&codes, "C7B", "2026-03-01".parse().unwrap())?;
/// assert_eq!(answer.verdict.name(), "header");
/// assert_eq!(answer.basis.unwrap().release.to_string(), "FY2026");
/// # Ok::<(), codeyear_core::Error>(())
/// ```
pub fn check(codes: &dyn CodeSource, text: &str, date: NaiveDate) -> Result<Answer> {
    let timeline = codes.timeline();
    let code_set = timeline.code_set();
    let (code, verdict, basis) = match code_set.read_typed(text) {
        Ok(code) => {
            let (verdict, release) = verdict(codes, &code, date)?;
            let basis = release
                .map(|release| -> Result<Basis> {
                    let patch = patch(codes, release, &code, &verdict, date)?;
                    basis(codes, release, patch)
                })
                .transpose()?;
            (Some(code), verdict, basis)
        }
        Err(malformed) => {
            let reason = UnknownReason::Malformed {
                reason: malformed.reason,
            };
            let release = timeline.governing(date).map(|period| period.release);
            let basis = release
                .map(|release| basis(codes, release, None))
                .transpose()?;
            (None, Verdict::Unknown { reason }, basis)
        }
    };
    let retirement = match code {
        Some(code) => retirement(codes, &code, &verdict, date)?,
        None => None,
    };
    let pcs = match (&verdict, code, &basis) {
        (Verdict::Unknown { .. }, Some(code), Some(basis))
            if code_set.facts().book == Book::Tables =>
        {
            Some(explain(
                &*codes.store()?,
                &code,
                basis.release,
                ShowOptions::default(),
            )?)
        }
        _ => None,
    };
    let download = match &verdict {
        Verdict::NotCovered { needed, .. } => order_file_url(code_set, *needed),
        _ => None,
    };
    let mut answer = Answer {
        code_set,
        asked: text.trim().to_owned(),
        code,
        date,
        through: None,
        verdict,
        basis,
        later_bases: Vec::new(),
        retirement,
        pcs,
        download,
        warnings: Vec::new(),
    };
    answer.warnings = warnings_of(&answer, codes.kind()?, timeline, date);
    Ok(answer)
}

/// Returns the warnings about what could change an answer, on the days from its own to `through`: of the releases that
/// govern them, of those that tell the day on which a code came or went, and of those that are missing before that
/// day. An unknown code is valid on none of the days, whatever else is loaded.
fn warnings_of(
    answer: &Answer,
    kind: StoreKind,
    timeline: &Timeline,
    through: NaiveDate,
) -> Vec<Warning> {
    let mut found = warnings(kind, answer.code_set, timeline, answer.date, through);
    // A text that is no code is none whatever is loaded, and a code set is in force or not.
    if answer.code.is_none() || matches!(answer.verdict, Verdict::NotInForce { .. }) {
        found.retain(|warning| *warning == Warning::Sample);
        return found;
    }
    let came_or_went = match &answer.verdict {
        Verdict::NotYetEffective { first_day, .. } => Some(*first_day),
        Verdict::Deleted { last_day, .. } => {
            let mut after = timeline.periods().iter().map(|period| period.from);
            after.find(|from| from > last_day)
        }
        _ => answer.retirement.as_ref().map(|one| one.retired_from),
    };
    let Some(day) = came_or_went else {
        return found;
    };
    let before = timeline.before(day).map(|before| before.until);
    let until = before.unwrap_or(answer.code_set.in_force_from());
    let told_by = timeline.governing(day);
    let doubts = told_by.map_or_else(Vec::new, |period| timeline.doubts(period.release));
    let missing = missing_between(kind, timeline, until, day);
    for warning in missing.into_iter().chain(doubts) {
        if !found.contains(&warning) {
            found.push(warning);
        }
    }
    found
}

/// Answers for one code on every day from `from` to `through`: one answer for each stretch of days with
/// the same verdict with the same suggestions, so that an update within a year shows.
///
/// # Errors
/// [`crate::ErrorKind::Store`] if the database cannot be read.
pub fn check_span(
    codes: &dyn CodeSource,
    text: &str,
    from: NaiveDate,
    through: NaiveDate,
) -> Result<Vec<Answer>> {
    let timeline = codes.timeline();
    let code_set = timeline.code_set();
    // The verdict can change only where a release or an entry begins or ends.
    let mut days = vec![from];
    for period in timeline.periods() {
        days.extend([period.from, period.until]);
    }
    days.push(code_set.in_force_from());
    if let Ok(code) = code_set.read_typed(text) {
        for listed in codes.spans(&code)? {
            days.push(listed.from);
            days.extend(listed.until);
        }
    }
    days.retain(|day| from <= *day && *day <= through);
    days.sort();
    days.dedup();
    let kind = codes.kind()?;
    let mut answers: Vec<Answer> = Vec::new();
    for (index, day) in days.iter().enumerate() {
        let last = days
            .get(index + 1)
            .and_then(|next| next.checked_sub_days(Days::new(1)))
            .unwrap_or(through);
        let mut answer = check(codes, text, *day)?;
        match answers.last_mut() {
            Some(before)
                if before.verdict == answer.verdict && before.retirement == answer.retirement =>
            {
                // The same answer, resting on one more release.
                before.through = Some(last);
                before.later_bases.extend(answer.basis);
                before.warnings = warnings_of(before, kind, timeline, last);
            }
            _ => {
                answer.through = Some(last);
                answer.warnings = warnings_of(&answer, kind, timeline, last);
                answers.push(answer);
            }
        }
    }
    Ok(answers)
}

fn basis(codes: &dyn CodeSource, release: ReleaseId, patch: Option<String>) -> Result<Basis> {
    let file = codes.listing_file(release)?;
    Ok(basis_of(codes.timeline(), release, file, patch))
}

/// Returns the citation of the patch that a verdict rests on, if it rests on one.
fn patch(
    codes: &dyn CodeSource,
    release: ReleaseId,
    code: &Code,
    verdict: &Verdict,
    date: NaiveDate,
) -> Result<Option<String>> {
    match verdict {
        Verdict::Billable { .. } | Verdict::Header { .. } => {
            codes.patch_citation(release, code, date)
        }
        // The day of a code that is to come may be a patch's.
        Verdict::NotYetEffective { first_day, .. } => {
            codes.patch_citation(release, code, *first_day)
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::MAX_NEAREST;
    use super::*;
    use crate::model::{CodeSet, Fate, LineageKind, Malformed};
    use crate::testing::{codes_of, day, dotted, release, sample};

    fn asked(code: &str, date: &str) -> Answer {
        let store = sample();
        check(&store.codes(CodeSet::Icd10Cm).unwrap(), code, day(date)).unwrap()
    }

    /// The days and the verdict of each stretch.
    fn stretches(code: &str, from: &str, through: &str) -> Vec<String> {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        let answers = check_span(&codes, code, day(from), day(through)).unwrap();
        let told = answers.iter().map(|answer| {
            let through = answer.through.unwrap();
            format!("{} to {through} {}", answer.date, answer.verdict.name())
        });
        told.collect()
    }

    #[test]
    fn a_deleted_code_names_its_successors_and_apart_from_them_what_came_in_beside_it() {
        let answer = asked("S30.1XXA", "2025-10-01");
        let Verdict::Deleted {
            last_day,
            exact,
            listed_again,
            new_beside,
            siblings,
            ..
        } = &answer.verdict
        else {
            panic!("not deleted");
        };
        assert_eq!((*last_day, *exact), (day("2025-09-30"), true));
        assert_eq!(*listed_again, None);
        assert_eq!((new_beside.len(), siblings.len()), (9, 9));
        let retirement = answer.retirement.as_ref().unwrap();
        assert_eq!(retirement.fate, Fate::Deleted);
        assert_eq!(retirement.kind, Some(LineageKind::Split));
        let successors = retirement.successors.iter().map(|one| &one.code);
        assert_eq!(dotted(successors), ["S30.11XA", "S30.12XA", "S30.13XA"]);
        assert_eq!(
            codes_of(&answer.not_named(new_beside)),
            [
                "S30.11XD", "S30.11XS", "S30.12XD", "S30.12XS", "S30.13XD", "S30.13XS"
            ]
        );
    }

    #[test]
    fn a_day_on_which_a_code_came_or_went_is_exact_only_if_no_release_is_missing_there() {
        let deleted = asked("I60.20", "2020-01-01").verdict;
        assert!(matches!(
            deleted,
            Verdict::Deleted { last_day, exact: false, .. } if last_day == day("2016-09-30")
        ));
        let to_come = asked("S06.1XAA", "2022-09-30");
        assert!(matches!(
            to_come.verdict,
            Verdict::NotYetEffective { first_day, exact: false, .. } if first_day == day("2023-10-01")
        ));
        assert_eq!(to_come.basis.unwrap().patch, None);
    }

    #[test]
    fn a_day_that_only_a_patch_tells_rests_on_the_patch() {
        let before = asked("U07.1", "2020-03-31");
        assert!(matches!(
            before.verdict,
            Verdict::NotYetEffective { first_day, exact: true, .. } if first_day == day("2020-04-01")
        ));
        let patch = |answer: Answer| answer.basis.unwrap().patch;
        assert!(patch(before).unwrap().contains("U07.1 | 2020-04-01"));
        assert!(patch(asked("U07.1", "2020-04-01")).is_some());
        assert_eq!(patch(asked("U07.1", "2020-10-01")), None, "FY2021 lists it");
    }

    #[test]
    fn a_text_that_is_no_code_is_unknown_for_that_reason_whatever_is_loaded() {
        let answer = asked(" C7.B ", "2026-03-01");
        let reason = UnknownReason::Malformed {
            reason: Malformed::Shape(CodeSet::Icd10Cm.facts().dot_rule),
        };
        assert_eq!(answer.verdict, Verdict::Unknown { reason });
        assert_eq!((answer.asked.as_str(), answer.code), ("C7.B", None));
        assert_eq!(answer.basis.unwrap().release, release("FY2026"));
        assert_eq!(asked("C7.B", "2018-01-01").basis, None);
    }

    #[test]
    fn an_unlisted_procedure_is_answered_with_what_its_table_allows_and_ten_codes_at_most() {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Pcs).unwrap();
        let answer = check(&codes, "XW0234X", day("2022-05-01")).unwrap();
        assert!(answer.pcs.is_some());
        let Verdict::Unknown {
            reason: UnknownReason::NotListed { nearest, .. },
        } = answer.verdict
        else {
            panic!("it is listed");
        };
        assert_eq!(nearest.len(), MAX_NEAREST);
    }

    #[test]
    fn a_day_without_release_says_which_would_answer_and_what_the_code_was_last() {
        let answer = asked("C7B", "2018-11-01");
        let Verdict::NotCovered {
            needed,
            previous,
            last,
        } = answer.verdict
        else {
            panic!("it is covered");
        };
        assert_eq!(needed, release("FY2019"));
        assert_eq!(previous, Some((release("FY2016"), day("2016-09-30"))));
        assert!(!last.unwrap().billable);
        assert!(answer.download.unwrap().ends_with("icd10cm_order_2019.txt"));
        assert_eq!(answer.basis, None);
        let unlisted = asked("U07.1", "2018-11-01").verdict;
        assert!(matches!(unlisted, Verdict::NotCovered { last: None, .. }));
        let future = asked("C7B", "2039-10-01");
        assert_eq!(future.download, None, "no address of it is known");
    }

    #[test]
    fn days_are_parted_where_an_update_a_code_set_or_a_gap_begins_or_ends() {
        assert_eq!(
            stretches("Z28.3", "2021-10-01", "2022-09-30"),
            [
                "2021-10-01 to 2022-03-31 billable",
                "2022-04-01 to 2022-09-30 header",
            ]
        );
        assert_eq!(
            stretches("U07.1", "2019-10-01", "2020-09-30"),
            [
                "2019-10-01 to 2020-03-31 not-yet-effective",
                "2020-04-01 to 2020-09-30 billable",
            ]
        );
        assert_eq!(
            stretches("A00.0", "2015-09-01", "2016-10-01"),
            [
                "2015-09-01 to 2015-09-30 not-in-force",
                "2015-10-01 to 2016-09-30 billable",
                "2016-10-01 to 2016-10-01 not-covered",
            ]
        );
        assert_eq!(
            stretches("A00.0", "2019-09-30", "2020-09-30"),
            [
                "2019-09-30 to 2019-09-30 not-covered",
                "2019-10-01 to 2020-09-30 billable",
            ]
        );
    }

    #[test]
    fn an_answer_that_an_update_leaves_as_it_was_rests_on_both_releases() {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        let (from, through) = (day("2023-10-01"), day("2024-09-30"));
        let answers = check_span(&codes, "C7B.1", from, through).unwrap();
        let [answer] = answers.as_slice() else {
            panic!("{} stretches", answers.len());
        };
        assert_eq!(answer.through, Some(through));
        let bases = answer.basis.iter().chain(&answer.later_bases);
        let releases: Vec<ReleaseId> = bases.map(|basis| basis.release).collect();
        assert_eq!(releases, [release("FY2024"), release("FY2024-04")]);
    }
}
