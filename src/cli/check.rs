//! `codeyear check`.

use std::collections::{BTreeSet, HashMap};
use std::io::Read;
use std::path::Path;

use clap::{Args, ValueEnum};

use super::context::{AnswerFormat, CodeSetParser, Context, Outcome, codes_in, refuse_dates};
use crate::answer::{self, SpeltOut};
use crate::error::{Error, Result, printable};
use crate::model::{
    Answer, CodeSet, Timeline, TypedCode, TypedDay, TypedYear, Verdict, typed_codes,
};
use crate::present::export::check_csv;
use crate::present::json::AnswerWriter;
use crate::present::render::Words;
use crate::present::{Style, counted, page};
use crate::store::{CodeSource, Store};

/// Check whether codes are valid on a date, and what to use instead
///
/// Verdicts: billable, header, not-yet-effective, deleted, unknown, not-in-force, not-covered. Inpatient claims use
/// the discharge date, all others the date of service.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Check these codes, with or without dot; a range (E11.0-E11.9) means its billable codes, - reads codes from
    /// stdin
    #[arg(required = true, value_name = "CODE")]
    codes: Vec<String>,
    /// Check on this date [default: today]
    #[arg(short = 'd', long, visible_alias = "date", aliases = ["dos", "day", "as-of"], value_name = "DATE")]
    on: Option<TypedDay>,
    /// Check on every day of this fiscal year (2026 is 2025-10-01 to 2026-09-30)
    #[arg(long, alias = "fy", value_name = "YEAR", conflicts_with = "on")]
    year: Option<TypedYear>,
    /// State the code set [default: detected from each code]
    #[arg(long, value_name = "SET", value_parser = CodeSetParser)]
    code_set: Option<CodeSet>,
    /// Show all suggestions
    #[arg(long)]
    all: bool,
    /// Write in this format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: CheckFormat,
}

/// A format of what is said of a code, or a row a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    Text,
    Markdown,
    #[value(name = "asciidoc")]
    AsciiDoc,
    Json,
    Table,
    Csv,
}

impl CheckFormat {
    /// Returns the format of a report; `None` where each answer is a row.
    fn of_answers(self) -> Option<AnswerFormat> {
        Some(match self {
            CheckFormat::Text => AnswerFormat::Text,
            CheckFormat::Markdown => AnswerFormat::Markdown,
            CheckFormat::AsciiDoc => AnswerFormat::AsciiDoc,
            CheckFormat::Json => AnswerFormat::Json,
            CheckFormat::Table | CheckFormat::Csv => return None,
        })
    }
}

pub(super) fn run(args: &CheckArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let typed = read_codes(&args.codes)?;
    let store = context.store()?;
    let codes = spell_out(&store, &typed, args, context)?;
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
    // A row has no place for them.
    let mut warnings: BTreeSet<String> = BTreeSet::new();
    for code in &codes {
        let anew;
        let said = match said.get(code.as_str()) {
            Some(said) => said,
            None => {
                let answers = ask(&store, code, args, context)?;
                if writer.format.of_answers().is_none() {
                    let of_them = answers.iter().flat_map(|answer| &answer.warnings);
                    warnings.extend(of_them.map(ToString::to_string));
                }
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
    for warning in &warnings {
        context.say(&format!("warning: {warning}\n"))?;
    }
    Ok(outcome)
}

/// Returns the codes that are asked for: of a range those that are billable on its days.
fn spell_out(
    store: &Store,
    typed: &[TypedCode],
    args: &CheckArgs,
    context: &mut Context<'_>,
) -> Result<Vec<String>> {
    let mut codes = Vec::with_capacity(typed.len());
    let mut ranges = answer::TypedRanges::new(store);
    for typed in typed {
        let days = |loaded: &Timeline| match args.year {
            Some(year) => year.first_days(loaded),
            None => vec![context.day(args.on, loaded)],
        };
        match ranges.spell_out(typed, args.code_set, days)? {
            SpeltOut::One(code) => {
                if args.code_set.is_none() && answer::may_be_of_another_book(&code) {
                    context.say(&format!(
                        "note: {} may be a code of HCPCS, CPT or ICD-9-CM, which codeyear does not include; it was read as a code of {}\n",
                        printable(&code),
                        CodeSet::all_names(" or "),
                    ))?;
                }
                if (8..=40).contains(&code.len())
                    && code.bytes().all(|byte| byte.is_ascii_alphabetic())
                {
                    context.say(&format!(
                        "note: codeyear search {code} finds codes by words\n"
                    ))?;
                } else if code.contains('.') && Path::new(&code).is_file() {
                    let file = printable(&code);
                    context.say(&format!(
                        "note: {file} is a file; codeyear check - < {file} checks the codes in it\n"
                    ))?;
                }
                codes.push(code);
            }
            SpeltOut::Range { range, codes: held } => {
                context.say(&format!(
                    "note: {}-{}: {}; {} left out\n",
                    range.first,
                    range.last,
                    counted(held.billable.len() as u64, "billable code"),
                    counted(held.headers as u64, "header"),
                ))?;
                codes.extend(held.billable.iter().map(ToString::to_string));
            }
        }
    }
    Ok(codes)
}

fn ask(store: &Store, code: &str, args: &CheckArgs, context: &Context<'_>) -> Result<Vec<Answer>> {
    let code_set = answer::code_set_of(store, args.code_set, code)?;
    let codes = store.codes(code_set)?;
    match args.year {
        Some(TypedYear(year)) => {
            let (from, through) = year.days_of(code_set);
            answer::check_span(&codes, code, from, through)
        }
        None => {
            let date = context.day(args.on, codes.timeline());
            Ok(vec![answer::check(&codes, code, date)?])
        }
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
    format: CheckFormat,
    style: Style,
    json: AnswerWriter,
}

impl Writer {
    fn begin(&self) -> Result<String> {
        match self.format {
            CheckFormat::Csv => check_csv(&[]),
            CheckFormat::Table => Ok(page::answer_headings(self.style)),
            CheckFormat::Json => self.json.begin(),
            _ => Ok(String::new()),
        }
    }

    fn answer(&self, answer: &Answer) -> Result<String> {
        let one = std::slice::from_ref(answer);
        let Some(format) = self.format.of_answers() else {
            if self.format == CheckFormat::Table {
                return Ok(page::answer_row(answer, self.style));
            }
            // The names of the columns stand at the beginning of all.
            let (names, table) = (check_csv(&[])?, check_csv(one)?);
            return Ok(table.get(names.len()..).unwrap_or_default().to_owned());
        };
        let report = |style| page::answers(one, style);
        format.write(report, || self.json.answer(answer), self.style)
    }

    fn between(&self, before: usize) -> &'static str {
        match self.format {
            CheckFormat::Csv | CheckFormat::Table => "",
            CheckFormat::Json => AnswerWriter::between(before),
            _ => Words::between(before),
        }
    }

    fn end(&self, answers: usize) -> &'static str {
        match self.format {
            CheckFormat::Json => AnswerWriter::end(answers),
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

fn read_codes(codes: &[String]) -> Result<Vec<TypedCode>> {
    let mut all = Vec::new();
    for code in codes {
        if code == "-" {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| {
                    Error::io(format!("cannot read codes from stdin: {error}"))
                        .with_hint("write one code per line, as UTF-8 text")
                })?;
            all.extend(typed_codes(text.trim_start_matches('\u{feff}')));
        } else {
            all.extend(codes_in(code));
        }
    }
    if all.is_empty() {
        return Err(Error::usage("stdin has no codes")
            .with_hint("write one code per line, or several with commas between them"));
    }
    refuse_dates(&all)?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{day, sample};

    #[test]
    fn a_table_says_of_each_code_what_an_audit_does() {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        let rows = |code: &str| {
            let answer = answer::check(&codes, code, day("2026-03-01")).unwrap();
            let text = check_csv(&[answer]).unwrap();
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            assert_eq!(lines.len(), 2, "{text}");
            lines[1].clone()
        };
        assert_eq!(
            rows("C7B.1"),
            "C7B.1,icd10cm,2026-03-01,,billable,Secondary Merkel cell carcinoma,FY2026,,,,,"
        );
        let retired = rows("M54.5");
        assert!(
            retired.ends_with(
                ",M54.50 M54.51 M54.59,3,conversion-table,not billable since 2021-10-01"
            ),
            "{retired}"
        );
        assert!(rows("C7B.").starts_with("C7B."), "{}", rows("C7B."));
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
