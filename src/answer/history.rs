//! The life of a code: every span with the title as it stood.

use chrono::NaiveDate;

use crate::answer::{missing_between, warnings};
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
/// # use codeyear::{answer, ingest, model::CodeSet, store::Store};
/// # let mut store = Store::in_memory()?;
/// # ingest::import_sample(&mut store, "2026-03-01".parse().unwrap())?;
/// let life = answer::history(&store.codes(CodeSet::Icd10Cm)?, "M54.5")?;
/// let last = life.spans.last().unwrap();
/// assert!(!last.entry.billable);
/// # Ok::<(), codeyear::Error>(())
/// ```
pub fn history(codes: &dyn CodeSource, text: &str) -> Result<CodeHistory> {
    let timeline = codes.timeline();
    let code_set = timeline.code_set();
    let code = code_set.parse_code(text).map_err(|error| {
        Error::usage(error.to_string())
            .with_hint("write a code as in C7B.00, with or without its dot")
    })?;
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
            "no loaded {} release lists {}",
            code_set.name(),
            code
        ))
        .with_hint(format!("codeyear check {} says what is nearest", code)));
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
        lineage: super::lineage(codes, &code)?,
        warnings,
        rebuilt: timeline
            .periods()
            .iter()
            .filter(|period| period.from < end && first.valid_from < period.until)
            .map(|period| period.release)
            .filter(|release| super::provenance_of(timeline, *release) == Provenance::Rebuilt)
            .collect(),
        gaps,
        deleted_by,
        covered_through: day_before(last.until),
        spans,
    })
}
