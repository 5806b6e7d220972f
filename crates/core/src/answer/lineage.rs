//! Where a code came from, what became of it, and when it was exempt from POA reporting.
//!
//! The conversion tables name codes, the releases say whether they could be reported; here the two are
//! joined. Where the tables name no successor the tree may suggest one, which is a guess and kept apart.

use std::cell::RefCell;

use chrono::NaiveDate;

use crate::error::{Error, Result};
use crate::model::{
    Code, CodeLineage, DocumentKind, Entry, Fate, Lineage, ListedAs, PoaSpan, Retirement, Status,
    Successor, Timeline, Verdict, ended_by, judge,
};
use crate::store::CodeSource;

/// Returns where a code came from, what became of it, and its POA exemptions.
///
/// # Errors
/// [`crate::ErrorKind::Store`] if the database cannot be read.
pub fn lineage(codes: &dyn CodeSource, code: &Code) -> Result<CodeLineage> {
    if !codes
        .timeline()
        .code_set()
        .has(DocumentKind::ConversionTable)
    {
        // Conversion tables and POA lists are of ICD-10-CM.
        return Ok(CodeLineage {
            lineage: Lineage {
                code: *code,
                predecessors: Vec::new(),
                from_nothing: Vec::new(),
                conversions: Vec::new(),
            },
            tables: Vec::new(),
            poa: Vec::new(),
        });
    }
    let conversions = codes.conversions(code)?;
    let lineage = with_listings(codes, |listed| conversions.lineage(code, listed))?;
    Ok(CodeLineage {
        lineage,
        tables: codes.conversion_tables()?.into_owned(),
        poa: poa_spans(codes, code)?,
    })
}

/// Returns whether a code is exempt from POA reporting on a day; `None` if the code is not billable on that
/// day, so that no claim reports it, or if no loaded list governs the day.
///
/// A list governs from its release's first day to the next list, or to the end of its fiscal year.
///
/// # Errors
/// [`crate::ErrorKind::Store`] if the database cannot be read.
pub fn poa_on(codes: &dyn CodeSource, code: &Code, date: NaiveDate) -> Result<Option<PoaSpan>> {
    Ok(poa_spans(codes, code)?
        .into_iter()
        .find(|span| span.contains(date)))
}

/// Returns the stretches of days on which a code is billable and a loaded list governs, oldest first.
///
/// # Errors
/// As [`poa_on`].
pub fn poa_spans(codes: &dyn CodeSource, code: &Code) -> Result<Vec<PoaSpan>> {
    let lists = codes.store()?.poa_exemptions(code)?;
    let life = codes.spans(code)?;
    let governing = Timeline::new(
        code.code_set(),
        lists.iter().map(|(document, _)| document.release),
    );
    let mut spans: Vec<PoaSpan> = Vec::new();
    // A list says nothing of a header, nor of a code before its first day or after its last.
    for listed in life.iter().filter(|listed| listed.value.billable) {
        for period in governing.cut(listed.from, listed.until) {
            let (from, until) = (period.from, period.until);
            let exempt = lists
                .iter()
                .any(|(document, listed)| document.release == period.release && *listed);
            match spans.last_mut() {
                Some(last) if last.exempt == exempt && last.until == from => {
                    last.until = until;
                    last.last_list = period.release;
                }
                _ => spans.push(PoaSpan {
                    exempt,
                    from,
                    until,
                    first_list: period.release,
                    last_list: period.release,
                }),
            }
        }
    }
    Ok(spans)
}

/// Returns what became of a code by a day, if it could be reported before that day and no longer can.
///
/// # Errors
/// [`crate::ErrorKind::Store`] if the database cannot be read.
pub fn retirement(
    codes: &dyn CodeSource,
    code: &Code,
    verdict: &Verdict,
    date: NaiveDate,
) -> Result<Option<Retirement>> {
    let code_set = codes.timeline().code_set();
    let life = match verdict {
        Verdict::Header { .. } | Verdict::Deleted { .. } => codes.spans(code)?,
        _ => return Ok(None),
    };
    let Some(retired_from) = ended_by(&life, date, |entry| entry.billable) else {
        return Ok(None);
    };
    let fate = if matches!(verdict, Verdict::Deleted { .. }) {
        Fate::Deleted
    } else {
        Fate::BecameHeader
    };
    let last_day = codes.timeline().last_day_before(retired_from);
    let mut retirement = Retirement {
        retired_from,
        last_day,
        fate,
        kind: None,
        successors: Vec::new(),
        table: None,
        guess: Vec::new(),
    };
    if code_set.has(DocumentKind::ConversionTable) {
        retirement.table = codes
            .conversion_tables()?
            .iter()
            .rev()
            .find(|table| table.effective_from() >= retired_from)
            .copied();
        let conversions = codes.conversions(code)?;
        let (lineage, ends) = with_listings(codes, |listed| {
            (
                conversions.lineage(code, listed),
                conversions.trace(code, last_day, date, listed),
            )
        })?;
        retirement.kind = lineage
            .conversions
            .iter()
            .find(|conversion| {
                last_day < conversion.effective_from && conversion.effective_from <= retired_from
            })
            .map(|conversion| conversion.kind);
        for end in ends.into_iter().filter(|end| !end.steps.is_empty()) {
            retirement.successors.push(Successor {
                code: end.code,
                entry: entry_in_force(codes, &end.code, date)?,
                steps: end.steps,
            });
        }
    }
    if retirement.successors.is_empty() {
        if codes.is_sample()? {
            // That a table in part is silent says nothing of the official one.
            retirement.table = None;
        }
        retirement.guess = guess(codes, code, verdict, retired_from, date)?;
    }
    Ok(Some(retirement))
}

/// Guesses from the tree what took a code's place: billable codes that came in below it, or beside it,
/// on the day it went.
fn guess(
    codes: &dyn CodeSource,
    code: &Code,
    verdict: &Verdict,
    retired_from: NaiveDate,
    date: NaiveDate,
) -> Result<Vec<Entry>> {
    let candidates = match verdict {
        Verdict::Header { billable_below, .. } => billable_below.clone(),
        Verdict::Deleted { new_beside, .. } => {
            let mut candidates = Vec::new();
            if let Some(period) = codes.timeline().governing(date) {
                candidates = codes.below(period.release, date, code)?;
                candidates.retain(|entry| entry.billable);
            }
            if candidates.is_empty() {
                candidates.clone_from(new_beside);
            }
            candidates
        }
        _ => Vec::new(),
    };
    let mut guess = Vec::new();
    for entry in candidates {
        if codes.first_listed(&entry.code)? == Some(retired_from) {
            guess.push(entry);
        }
    }
    Ok(guess)
}

fn entry_in_force(codes: &dyn CodeSource, code: &Code, date: NaiveDate) -> Result<Option<Entry>> {
    let life = codes.spans(code)?;
    Ok(match judge(date, codes.timeline(), &life) {
        Status::Listed { entry, .. } => Some(entry),
        _ => None,
    })
}

/// Runs a pure question that needs to know how codes are listed, and gives its answer or the first
/// failure to read the store.
pub fn with_listings<T>(
    codes: &dyn CodeSource,
    question: impl FnOnce(&dyn Fn(&Code, NaiveDate) -> ListedAs) -> T,
) -> Result<T> {
    let failed: RefCell<Option<Error>> = RefCell::new(None);
    let listed = |code: &Code, date: NaiveDate| {
        codes.listed_as(code, date).unwrap_or_else(|error| {
            failed.borrow_mut().get_or_insert(error);
            ListedAs::Unlisted
        })
    };
    let answer = question(&listed);
    match failed.into_inner() {
        Some(error) => Err(error),
        None => Ok(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::check;
    use crate::model::CodeSet;
    use crate::testing::{cm, codes_of, day, dotted, release, sample};

    #[test]
    fn a_code_is_exempt_from_poa_reporting_only_while_it_can_be_reported() {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        let on = |date: &str| poa_on(&codes, &cm("Z28.3"), day(date)).unwrap();
        let exempt = on("2022-03-31").unwrap();
        assert!(exempt.exempt);
        assert_eq!(
            (exempt.from, exempt.until),
            (day("2019-10-01"), day("2022-04-01"))
        );
        assert_eq!(exempt.first_list, release("FY2020"));
        assert_eq!(exempt.last_list, release("FY2022"));
        assert_eq!(on("2022-04-01"), None, "a header from that day on");
        assert_eq!(on("2018-10-01"), None, "no list governs that day");
    }

    #[test]
    fn a_code_comes_from_those_that_the_tables_name_before_it() {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        let found = lineage(&codes, &cm("U07.1")).unwrap();
        let links = &found.lineage.predecessors;
        assert_eq!(dotted(links.iter().map(|link| &link.old)), ["B97.29"]);
        assert_eq!(links.first().unwrap().fate, Fate::StaysBillable);
        assert_eq!(found.tables, [release("FY2020"), release("FY2026")]);
        let procedures = store.codes(CodeSet::Icd10Pcs).unwrap();
        let code = CodeSet::Icd10Pcs.parse_code("XW023X7").unwrap();
        assert_eq!(lineage(&procedures, &code).unwrap().tables, []);
    }

    #[test]
    fn a_code_is_retired_once_it_can_no_longer_be_reported_and_not_before() {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        let retired = |code: &str, date: &str| check(&codes, code, day(date)).unwrap().retirement;
        assert_eq!(retired("M54.5", "2021-09-30"), None);
        assert_eq!(retired("C7B", "2026-03-01"), None, "never billable");
        let header = retired("M54.5", "2021-10-01").unwrap();
        assert_eq!(header.fate, Fate::BecameHeader);
        assert_eq!(header.retired_from, day("2021-10-01"));
        assert_eq!(header.table, Some(release("FY2026")));
        let successors = dotted(header.successors.iter().map(|one| &one.code));
        assert_eq!(successors, ["M54.50", "M54.51", "M54.59"]);
        assert_eq!(header.guess, []);
    }

    #[test]
    fn where_the_tables_of_the_sample_are_silent_none_of_them_is_named() {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        let answer = check(&codes, "S06.1X7D", day("2020-01-01")).unwrap();
        let retirement = answer.retirement.unwrap();
        assert_eq!((retirement.table, retirement.kind), (None, None));
        // S06.1X7A stands beside it and was listed before: no successor.
        assert_eq!(codes_of(&retirement.guess), [""; 0]);
    }
}
