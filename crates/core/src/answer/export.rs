//! All codes with their true dates, for engines that judge by themselves.
//!
//! With the spans and the periods of the releases an engine gives the verdicts of [`check`](super::check):
//! a day before `in_force_from` is not in force, a day in no period is not covered, and any other day is
//! judged by the spans of the code, as [`judge`](crate::model::judge) does.

use std::io::Write;

use chrono::NaiveDate;

use crate::error::{Error, Result};
use crate::model::{
    Code, CodeFlag, CodeSet, Conversions, DocumentKind, ExportedPeriod, ExportedSpan, ListedBy,
    Listings, ReleaseId,
};
use crate::store::Store;

/// Returns which code sets an export is of: the one asked for, or all that are loaded.
///
/// # Errors
/// [`crate::ErrorKind::NotFound`] if no release of the one asked for is loaded.
pub fn exported_code_sets(store: &Store, asked: Option<CodeSet>) -> Result<Vec<CodeSet>> {
    let mut loaded = Vec::new();
    for code_set in CodeSet::ALL {
        if !store.timeline(code_set)?.periods().is_empty() {
            loaded.push(code_set);
        }
    }
    match asked {
        None => Ok(loaded),
        Some(code_set) if loaded.contains(&code_set) => Ok(vec![code_set]),
        Some(code_set) => Err(Error::not_found(format!(
            "no {} release is loaded",
            code_set.name()
        ))
        .with_hint("import one with codeyear import, or name another code set with --code-set")),
    }
}

/// Returns every span of the code sets, by code set, code and first day, one after the other.
///
/// # Errors
/// [`crate::ErrorKind::Store`] if the database cannot be read, and whatever `take` fails with.
///
/// ```
/// # use codeyear_core::{answer, ingest, model::CodeSet, store::Store};
/// # let mut store = Store::in_memory()?;
/// # ingest::import_sample(&mut store, "2026-03-01".parse().unwrap())?;
/// let mut ended = Vec::new();
/// answer::export_spans(&store, &[CodeSet::Icd10Cm], &mut |span| {
///     if span.entry.code.as_str() == "M545" && span.entry.billable {
///         ended.push((span.days.to.to_string(), span.successors.len()));
///     }
///     Ok(())
/// })?;
/// assert_eq!(ended.last().unwrap(), &("2021-10-01".to_owned(), 3));
/// # Ok::<(), codeyear_core::Error>(())
/// ```
pub fn export_spans(
    store: &Store,
    code_sets: &[CodeSet],
    take: &mut dyn FnMut(&ExportedSpan) -> Result<()>,
) -> Result<()> {
    for code_set in code_sets {
        let retirements = Retirements::load(store, *code_set)?;
        store.each_listed(*code_set, &mut |listed| {
            let span = listed.map(|entry| CodeFlag {
                code: entry.code,
                billable: entry.billable,
            });
            let mut successors = match retirements.listings.retired_from(&span) {
                Some(day) => retirements.successors(&span.value.code, day),
                None => Vec::new(),
            };
            let timeline = retirements.listings.timeline();
            let stretches = timeline.listed_days(listed.from, listed.until);
            let last = stretches.len().saturating_sub(1);
            let mut exported = ExportedSpan {
                code_set: *code_set,
                entry: listed.value,
                days: match stretches.first() {
                    Some(first) => *first,
                    None => return Ok(()),
                },
                successors: Vec::new(),
            };
            for (index, days) in stretches.into_iter().enumerate() {
                exported.days = days;
                if index == last {
                    exported.successors = std::mem::take(&mut successors);
                }
                take(&exported)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Returns the days that each loaded release governs, by code set and day.
///
/// # Errors
/// [`crate::ErrorKind::Store`] if the database cannot be read.
pub fn export_periods(store: &Store, code_sets: &[CodeSet]) -> Result<Vec<ExportedPeriod>> {
    let mut exported = Vec::new();
    for code_set in code_sets {
        let timeline = store.timeline(*code_set)?;
        exported.extend(timeline.periods().iter().map(|period| ExportedPeriod {
            code_set: *code_set,
            release: period.release,
            governs_from: period.from,
            governs_to: period.until,
            in_force_from: code_set.in_force_from(),
        }));
    }
    Ok(exported)
}

/// Writes the official order file of a release, byte for byte, and gives the release that it is of.
///
/// # Errors
/// [`crate::ErrorKind::NotFound`] if the release is not loaded, or is listed from its tabular list because it has
/// no order file; [`crate::ErrorKind::Io`] if the writer fails.
pub fn export_order_file(
    store: &Store,
    code_set: CodeSet,
    id: ReleaseId,
    out: &mut dyn Write,
) -> Result<ReleaseId> {
    let id = super::basis::find_release(store, code_set, id)?;
    let is_tabular = store.releases()?.iter().any(|stored| {
        let release = &stored.release;
        (release.code_set, release.id) == (code_set, id) && release.listed_by == ListedBy::Tabular
    });
    if is_tabular {
        return Err(Error::not_found(format!(
            "no order file of {} {id} is loaded; it is listed from its tabular list",
            code_set.name()
        ))
        .with_hint("import its order file, or take its codes from codeyear export spans"));
    }
    store.write_order_file(code_set, id, out)?;
    Ok(id)
}

/// What became of all retired codes of a code set, from memory.
pub(super) struct Retirements {
    /// How every code is listed on every day.
    pub(super) listings: Listings,
    conversions: Conversions,
}

impl Retirements {
    pub(super) fn load(store: &Store, code_set: CodeSet) -> Result<Retirements> {
        let timeline = store.timeline(code_set)?;
        let facts = match code_set.has(DocumentKind::ConversionTable) {
            true => store.all_conversion_facts(&timeline)?,
            false => Vec::new(),
        };
        Ok(Retirements {
            conversions: Conversions::new(facts),
            listings: Listings::new(timeline, store.code_spans(code_set)?),
        })
    }

    /// Returns the codes that the conversion tables lead to from a code that could no longer be reported from
    /// a day on, as [`retirement`](super::retirement) gives them for that day.
    pub(super) fn successors(&self, code: &Code, retired_from: NaiveDate) -> Vec<Code> {
        let listed = |code: &Code, date: NaiveDate| self.listings.listed_as(code, date);
        let last_day = self.listings.timeline().last_day_before(retired_from);
        self.conversions
            .trace(code, last_day, retired_from, &listed)
            .into_iter()
            .filter(|end| !end.steps.is_empty())
            .map(|end| end.code)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::testing::{cm, day, dotted, release, sample};

    #[test]
    fn a_life_is_one_row_for_each_stretch_and_the_last_one_names_the_successors() {
        let store = sample();
        let mut rows = Vec::new();
        export_spans(&store, &[CodeSet::Icd10Cm], &mut |span| {
            if span.entry.code == cm("Z28.3") {
                let days = (span.days.from, span.days.to, span.days.is_open);
                rows.push((span.entry.billable, days, dotted(&span.successors)));
            }
            Ok(())
        })
        .unwrap();
        let row = |billable, from: &str, to: &str, is_open, successors: &[&str]| {
            let successors = successors.iter().map(|code| (*code).to_owned());
            (
                billable,
                (day(from), day(to), is_open),
                successors.collect::<Vec<_>>(),
            )
        };
        assert_eq!(
            rows,
            [
                row(true, "2015-10-01", "2016-10-01", false, &[]),
                row(
                    true,
                    "2019-10-01",
                    "2022-04-01",
                    false,
                    &["Z28.310", "Z28.311", "Z28.39"]
                ),
                row(false, "2022-04-01", "2022-10-01", false, &[]),
                row(false, "2023-10-01", "2027-10-01", true, &[]),
            ]
        );
    }

    #[test]
    fn an_export_ends_with_the_failure_of_whoever_takes_its_rows() {
        let mut taken = 0;
        let failed = export_spans(&sample(), &CodeSet::ALL, &mut |_| {
            taken += 1;
            Err(Error::io("full"))
        });
        assert_eq!((failed.unwrap_err().kind(), taken), (ErrorKind::Io, 1));
    }

    #[test]
    fn periods_are_those_of_the_newest_revisions() {
        let periods = export_periods(&sample(), &[CodeSet::Icd10Pcs]).unwrap();
        assert_eq!(
            periods,
            [ExportedPeriod {
                code_set: CodeSet::Icd10Pcs,
                release: release("FY2022-04-errata"),
                governs_from: day("2022-04-01"),
                governs_to: day("2022-10-01"),
                in_force_from: day("2015-10-01"),
            }]
        );
    }

    #[test]
    fn what_is_not_loaded_cannot_be_exported() {
        let empty = Store::in_memory().unwrap();
        assert_eq!(exported_code_sets(&empty, None).unwrap(), []);
        let asked = exported_code_sets(&empty, Some(CodeSet::Icd10Cm));
        assert_eq!(asked.unwrap_err().kind(), ErrorKind::NotFound);
        let mut out = Vec::new();
        let order = export_order_file(&sample(), CodeSet::Icd10Cm, release("FY2023"), &mut out);
        assert_eq!(
            (order.unwrap_err().kind(), out.len()),
            (ErrorKind::NotFound, 0)
        );
    }
}
