//! `codeyear check`.

use std::collections::HashMap;
use std::io::Read;

use codeyear_core::model::ReleaseName;

use chrono::NaiveDate;
use clap::Args;

use super::context::{AnswerFormat, CodeSetParser, Context, Outcome, parse_date};
use crate::answer;
use crate::error::{Error, Result};
use crate::model::{Answer, CodeSet, Verdict};
use crate::present::json::AnswerWriter;
use crate::present::render::Words;
use crate::present::{Style, page};
use crate::store::Store;

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
    /// State the code set [default: detected from each code]
    #[arg(long, value_name = "SET", value_parser = CodeSetParser)]
    code_set: Option<CodeSet>,
    /// Show long lists of suggestions whole
    #[arg(long)]
    all: bool,
    /// Write in this format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: AnswerFormat,
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
    let writer = Writer {
        format: args.format,
        style: Style {
            whole_lists: args.all,
            ..context.style()
        },
        json: match args.all {
            true => AnswerWriter { whole_lists: true },
            false => AnswerWriter::of(codes.len(), args.year.is_none()),
        },
    };
    context.print(&writer.begin()?)?;
    let mut written = 0;
    let mut outcome = Outcome::Good;
    // A code that comes again has the answers that it had.
    let mut said: HashMap<&str, Said> = HashMap::new();
    let mut kept = 0;
    for code in &codes {
        let anew;
        let said = match said.get(code.as_str()) {
            Some(said) => said,
            None => {
                let answers = ask(&store, code, args, context.today)?;
                let texts = answers.iter().map(|answer| writer.answer(answer));
                let new = Said {
                    texts: texts.collect::<Result<_>>()?,
                    outcome: outcome_of(&answers),
                };
                kept += new.texts.iter().map(String::len).sum::<usize>();
                if kept <= MAX_KEPT {
                    said.entry(code).or_insert(new)
                } else {
                    anew = new;
                    &anew
                }
            }
        };
        for text in &said.texts {
            context.print(writer.between(written))?;
            context.print(text)?;
            written += 1;
        }
        outcome = worse(outcome, said.outcome);
    }
    context.print(writer.end(written))?;
    Ok(outcome)
}

fn ask(store: &Store, code: &str, args: &CheckArgs, today: NaiveDate) -> Result<Vec<Answer>> {
    let code_set = answer::code_set_of(store, args.code_set, code)?;
    let codes = store.codes(code_set)?;
    match args.year {
        Some(year) => {
            let (from, through) = year.days_of(code_set);
            answer::check_span(&codes, code, from, through)
        }
        None => Ok(vec![answer::check(&codes, code, args.on.unwrap_or(today))?]),
    }
}

/// The most bytes of answers that are kept for codes that come again.
const MAX_KEPT: usize = 32 << 20;

/// What was said of a code.
struct Said {
    texts: Vec<String>,
    outcome: Outcome,
}

/// Writes answers one by one: what there is to say of ten thousand headers would fill a memory.
struct Writer {
    format: AnswerFormat,
    style: Style,
    json: AnswerWriter,
}

impl Writer {
    fn begin(&self) -> Result<String> {
        match self.format {
            AnswerFormat::Json => self.json.begin(),
            _ => Ok(String::new()),
        }
    }

    fn answer(&self, answer: &Answer) -> Result<String> {
        let report = |style| page::answers(std::slice::from_ref(answer), style);
        self.format
            .write(report, || self.json.answer(answer), self.style)
    }

    fn between(&self, before: usize) -> &'static str {
        match self.format {
            AnswerFormat::Json => AnswerWriter::between(before),
            _ => Words::between(before),
        }
    }

    fn end(&self, answers: usize) -> &'static str {
        match self.format {
            AnswerFormat::Json => AnswerWriter::end(answers),
            _ => "",
        }
    }
}

/// Every code billable, some not, or some that could not be told.
fn outcome_of(answers: &[Answer]) -> Outcome {
    let each = answers.iter().map(|answer| match answer.verdict {
        Verdict::Billable { .. } => Outcome::Good,
        Verdict::NotCovered { .. } => Outcome::Undetermined,
        _ => Outcome::Bad,
    });
    each.fold(Outcome::Good, worse)
}

/// What could not be told outweighs what is not valid.
fn worse(one: Outcome, other: Outcome) -> Outcome {
    match (one, other) {
        (Outcome::Undetermined, _) | (_, Outcome::Undetermined) => Outcome::Undetermined,
        (Outcome::Bad, _) | (_, Outcome::Bad) => Outcome::Bad,
        (Outcome::Good, Outcome::Good) => Outcome::Good,
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
            outcome_of(&answers.collect::<Result<Vec<_>>>().unwrap())
        };
        let (valid, header) = (("C7B.1", "2026-03-01"), ("C7B", "2026-03-01"));
        let uncovered = ("C7B.1", "2018-03-01");
        assert_eq!(of(&[valid]), Outcome::Good);
        assert_eq!(of(&[valid, header]), Outcome::Bad);
        assert_eq!(of(&[("A00", "2015-09-30")]), Outcome::Bad);
        assert_eq!(of(&[uncovered, header, valid]), Outcome::Undetermined);
    }
}
