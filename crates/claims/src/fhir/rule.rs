//! Which of its dates a claim or an encounter goes by.

use super::concept::{Gathered, codes_of};
use super::dates::{Days, Period, period};
use super::node::{At, Wrong};
use crate::ProblemKind;
use crate::x12::Stay;

/// Which of its dates a resource is judged on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// The dates of the items, or the days of the period.
    Service,
    /// The dates of the items, or the start of the period, which is the from date.
    From,
    /// The end of the period, which is the discharge.
    Discharge,
    /// The end of the period.
    Through,
    /// One that does not say which: it may be either end of the period.
    Unknown,
}

impl Rule {
    /// Returns the days of what no item points to; `None` if the period says none.
    pub(super) fn days(self, period: &Period) -> Option<Days> {
        let open = || match (&period.start, &period.end) {
            (Some(Ok((first, _))), Some(Ok((_, last)))) if first < last => {
                Some(Days::between(*first, *last))
            }
            _ => None,
        };
        if period.is_reversed() && self != Rule::Discharge {
            return Some(Days::of(Err(ProblemKind::Malformed(
                "the period ends before it begins".to_owned(),
            ))));
        }
        let end = match self {
            // A range of days says not on which of them the service was.
            Rule::Service => {
                let either = || period.start.clone().or_else(|| period.end.clone());
                return open().or_else(|| either().map(Days::of_end));
            }
            Rule::From => period.start.clone(),
            Rule::Discharge if period.is_reversed() => {
                Some(Err(ProblemKind::DischargeBeforeAdmission))
            }
            Rule::Discharge => Some(period.end.clone().unwrap_or(Err(ProblemKind::NoDischarge))),
            Rule::Through => period.end.clone(),
            Rule::Unknown => match (&period.start, &period.end) {
                (Some(Ok(start)), Some(Ok(end))) if start == end => Some(Ok(*start)),
                (Some(Err(wrong)), _) | (_, Some(Err(wrong))) => Some(Err(wrong.clone())),
                (None, None) => None,
                _ => {
                    return open().or_else(|| {
                        Some(Days::of(Err(ProblemKind::Malformed(
                            "expected whether the stay was inpatient, which decides the date to use"
                                .to_owned(),
                        ))))
                    });
                }
            },
        };
        end.map(Days::of_end)
    }
}

/// Returns by which date a Claim or ExplanationOfBenefit goes.
pub(super) fn rule(at: At<'_, '_>, gathered: &mut Gathered<'_>) -> Result<Rule, Wrong> {
    let types = gathered.pass(at.read("type", codes_of))?.flatten();
    let types = types.unwrap_or_default();
    // A list in R4B and before it in STU3.
    let mut subtypes = Vec::new();
    let read = at.one_or_each("subType", |one, _| {
        subtypes.extend(codes_of(one)?);
        Ok(())
    });
    gathered.pass(read)?;
    let has = |codes: &[&str], wanted: &[&str]| {
        let mut codes = codes.iter();
        codes.any(|code| {
            wanted
                .iter()
                .any(|wanted| code.eq_ignore_ascii_case(wanted))
        })
    };
    let is_institutional = has(
        &types,
        &[
            "institutional",
            "INPATIENT",
            "OUTPATIENT",
            "SNF",
            "HHA",
            "HOSPICE",
        ],
    );
    if !is_institutional {
        return Ok(Rule::Service);
    }
    let stay = type_of_bill(at);
    if let Some(stay) = gathered.pass(stay)?.flatten() {
        return Ok(match stay {
            Stay::Inpatient => Rule::Discharge,
            Stay::HomeHealth => Rule::Through,
            Stay::Outpatient => Rule::From,
        });
    }
    Ok(if has(&subtypes, &["inpatient"]) {
        Rule::Discharge
    } else if has(&subtypes, &["outpatient"]) {
        Rule::From
    } else if has(&types, &["INPATIENT", "SNF"]) {
        Rule::Discharge
    } else if has(&types, &["HHA"]) {
        Rule::Through
    } else if has(&types, &["OUTPATIENT", "HOSPICE"]) {
        Rule::From
    } else {
        Rule::Unknown
    })
}

/// Goes through the supporting information; in STU3 it is called information.
fn each_information<'n>(
    at: At<'n, '_>,
    mut read: impl FnMut(At<'n, '_>) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    for name in ["supportingInfo", "information"] {
        at.each(name, |info, _| read(info))?;
    }
    Ok(())
}

/// Reads the type of bill of the CARIN profiles: three digits, or four with a leading 0.
fn type_of_bill(at: At<'_, '_>) -> Result<Option<Stay>, Wrong> {
    let mut stay = None;
    each_information(at, |info| {
        let categories = info.read("category", codes_of)?.unwrap_or_default();
        if !categories.contains(&"typeofbill") {
            return Ok(());
        }
        for code in info.read("code", codes_of)?.unwrap_or_default() {
            let is_whole =
                matches!(code.len(), 3 | 4) && code.starts_with(|c: char| c.is_ascii_digit());
            stay = stay.or_else(|| is_whole.then(|| Stay::of(code.as_bytes())).flatten());
        }
        Ok(())
    })?;
    Ok(stay)
}

/// Reads the days of a stay where the billable period does not say when it ended: the admission period of the CARIN
/// profiles, the hospitalization of the other versions.
pub(super) fn stay_of(at: At<'_, '_>) -> Result<Option<Period>, Wrong> {
    let mut stay = at.read("hospitalization", period)?;
    each_information(at, |info| {
        let categories = info.read("category", codes_of)?.unwrap_or_default();
        if categories
            .iter()
            .any(|code| matches!(*code, "admissionperiod" | "hospitalized"))
        {
            let found = info.read("timingPeriod", period)?;
            stay = stay.take().or(found);
        }
        Ok(())
    })?;
    Ok(stay)
}
