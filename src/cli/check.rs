//! `codeyear check`.

use codeyear_core::model::ReleaseName;
use std::io::Read;

use chrono::NaiveDate;
use clap::Args;

use super::{CodeSetParser, Context, Format, Outcome, parse_date};
use crate::answer;
use crate::error::{Error, Result};
use crate::model::{Answer, CodeSet, Verdict};
use crate::present::{Style, json, text};

/// Tell whether codes are valid on a date, and what to use instead
///
/// Verdicts: billable, header, not-yet-effective, deleted, unknown, not-in-force, not-covered. Inpatient
/// claims go by the discharge date, all others by the date of service.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Check these codes, with or without dot; - reads them from stdin, one a line
    #[arg(required = true, value_name = "CODE")]
    codes: Vec<String>,
    /// Check on this date [default: today]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    on: Option<NaiveDate>,
    /// Check on every day of this fiscal year (2026 is 2025-10-01 to 2026-09-30)
    #[arg(long, value_name = "YEAR", value_parser = parse_year, conflicts_with = "on")]
    year: Option<ReleaseName>,
    /// State the code set [default: told by each code]
    #[arg(long, value_name = "SET", value_parser = CodeSetParser)]
    code_set: Option<CodeSet>,
    /// Show long lists of suggestions whole
    #[arg(long)]
    all: bool,
    /// Write text or JSON
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

fn parse_year(text: &str) -> Result<ReleaseName, String> {
    match text.parse::<ReleaseName>() {
        Ok(name) if name.is_year() => Ok(name),
        _ => Err(format!(
            "{text:?} is not a fiscal year: expected four digits as in 2026"
        )),
    }
}

pub(super) fn run(args: &CheckArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let codes = read_codes(&args.codes)?;
    let store = context.store()?;
    let mut answers: Vec<Answer> = Vec::new();
    for code in &codes {
        let code_set = answer::code_set_of(&store, args.code_set, code)?;
        match args.year {
            Some(year) => {
                let (from, through) = year.days_of(code_set);
                let codes = store.codes(code_set)?;
                answers.extend(answer::check_span(&codes, code, from, through)?);
            }
            None => answers.push(answer::check(
                &store.codes(code_set)?,
                code,
                args.on.unwrap_or(context.today),
            )?),
        }
    }
    match args.format {
        Format::Text => {
            let style = Style {
                whole_lists: args.all,
                ..context.style()
            };
            context.print(&text::answers(&answers, style))?;
        }
        Format::Json => context.print(&json::answers(&answers)?)?,
    }
    Ok(outcome(&answers))
}

/// Every code billable, some not, or some that could not be told.
pub(super) fn outcome(answers: &[Answer]) -> Outcome {
    if answers
        .iter()
        .any(|answer| matches!(answer.verdict, Verdict::NotCovered { .. }))
    {
        Outcome::Undetermined
    } else if answers
        .iter()
        .all(|answer| matches!(answer.verdict, Verdict::Billable { .. }))
    {
        Outcome::Good
    } else {
        Outcome::Bad
    }
}

fn read_codes(codes: &[String]) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for code in codes {
        if code == "-" {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| {
                    Error::io(format!("cannot read codes from stdin: {error}"))
                        .with_hint("write one code a line, as UTF-8 text")
                })?;
            all.extend(
                text.trim_start_matches('\u{feff}')
                    .lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty())
                    .map(str::to_owned),
            );
        } else {
            all.push(code.clone());
        }
    }
    if all.is_empty() {
        return Err(Error::usage("stdin holds no codes").with_hint("write one code a line"));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{day, sample};

    #[test]
    fn a_year_is_a_fiscal_year_and_no_update_of_one() {
        for text in ["2026", "FY2026", "fy2026"] {
            let (first, last) = parse_year(text).unwrap().days_of(CodeSet::Icd10Cm);
            assert_eq!((first, last), (day("2025-10-01"), day("2026-09-30")));
        }
        for text in ["26", "2022-04", "FY2022-04-errata", "2026-10-01", ""] {
            assert!(parse_year(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_could_not_be_told_outweighs_what_is_not_valid() {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        let of = |asked: &[(&str, &str)]| {
            let answers = asked
                .iter()
                .map(|(code, date)| answer::check(&codes, code, day(date)));
            outcome(&answers.collect::<Result<Vec<_>>>().unwrap())
        };
        let (valid, header) = (("C7B.1", "2026-03-01"), ("C7B", "2026-03-01"));
        let uncovered = ("C7B.1", "2018-03-01");
        assert_eq!(of(&[valid]), Outcome::Good);
        assert_eq!(of(&[valid, header]), Outcome::Bad);
        assert_eq!(of(&[("A00", "2015-09-30")]), Outcome::Bad);
        assert_eq!(of(&[uncovered, header, valid]), Outcome::Undetermined);
    }
}
