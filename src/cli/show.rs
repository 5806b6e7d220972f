//! `codeyear show` and `codeyear compare`.

use clap::Args;

use super::context::{AnswerFormat, CodeSetParser, Context, Outcome, codes_of};
use crate::answer::{self, ShowOptions};
use crate::error::{Error, Result};
use crate::model::{CodePage, CodeSet, TypedDay, Verdict};
use crate::present::{Style, json, page};
use crate::store::CodeSource;

/// Show the coder's page of a code: location, notes, 7th characters, index entries, POA exemption, lineage and
/// history
///
/// Everything as of one date, with its sources. Notes and index entries are those of the release in force, or of
/// another release of its fiscal year, which is named. Those of another year are shown only with --nearest.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Show these codes
    #[arg(required = true, value_name = "CODE")]
    codes: Vec<String>,
    #[command(flatten)]
    page: PageArgs,
}

/// Compare two codes: location, cross-references, notes and subcodes
#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// Compare these two codes
    #[arg(required = true, value_name = "CODE", num_args = 1..)]
    codes: Vec<String>,
    #[command(flatten)]
    page: PageArgs,
}

#[derive(Debug, Args)]
struct PageArgs {
    /// Show it as of this date [default: today]
    #[arg(short = 'd', long, visible_alias = "date", aliases = ["dos", "day", "as-of"], value_name = "DATE")]
    on: Option<TypedDay>,
    /// If the release in force has no tabular list, index or table, show that of the nearest release and say so
    #[arg(long)]
    nearest: bool,
    /// State the code set [default: detected from the code]
    #[arg(long, value_name = "SET", value_parser = CodeSetParser)]
    code_set: Option<CodeSet>,
    /// Show complete lists
    #[arg(long)]
    all: bool,
    /// Write in this format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: AnswerFormat,
}

impl PageArgs {
    fn options(&self) -> ShowOptions {
        ShowOptions {
            nearest: self.nearest,
            around: true,
            ..ShowOptions::default()
        }
    }

    fn style(&self, context: &Context<'_>) -> Style {
        Style {
            whole_lists: self.all,
            ..context.style()
        }
    }
}

pub(super) fn show(args: &ShowArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let asked = codes_of(&args.codes)?;
    let store = context.store()?;
    let mut pages = Vec::new();
    for code in &asked {
        let code_set = answer::code_set_of(&store, args.page.code_set, code)?;
        let codes = store.codes(code_set)?;
        let date = context.day(args.page.on, codes.timeline());
        pages.push(answer::show(&codes, code, date, args.page.options())?);
    }
    let style = args.page.style(context);
    let format = args.page.format;
    for (at, found) in pages.iter().enumerate() {
        let report = |style| page::show(found, style);
        let written = format.write(report, || json::show(found), style)?;
        context.print(format.between(at))?;
        context.print(&written)?;
    }
    Ok(outcome(&pages.iter().collect::<Vec<_>>()))
}

pub(super) fn compare(args: &CompareArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let asked = codes_of(&args.codes)?;
    let [left, right] = asked.as_slice() else {
        return Err(Error::usage(format!(
            "two codes are compared, and {} given",
            match asked.len() {
                1 => "one is".to_owned(),
                more => format!("{more} are"),
            }
        ))
        .with_hint("name two, as in codeyear compare C7B.00 C7A.00"));
    };
    let store = context.store()?;
    let code_set = answer::code_set_of(&store, args.page.code_set, left)?;
    let of_right = answer::code_set_of(&store, args.page.code_set, right)?;
    if of_right != code_set
        && let Ok(code) = of_right.read_typed(right)
        && !store.spans(of_right, &code)?.is_empty()
    {
        return Err(Error::usage(format!(
            "codes of one code set are compared, and {left} is of {}, {right} of {}",
            code_set.name(),
            of_right.name()
        ))
        .with_hint("codeyear show has the page of each"));
    }
    let codes = store.codes(code_set)?;
    let date = context.day(args.page.on, codes.timeline());
    let options = args.page.options();
    let comparison = answer::compare(&codes, left, right, date, options)?;
    let style = args.page.style(context);
    let report = |style| page::compare(&comparison, style);
    let format = args.page.format;
    context.print(&format.write(report, || json::compare(&comparison), style)?)?;
    Ok(outcome(&[&comparison.left, &comparison.right]))
}

/// A page is shown for what a release says of the code; whether it can be billed is no failure of the page.
fn outcome(pages: &[&CodePage]) -> Outcome {
    let verdicts = || pages.iter().map(|page| &page.answer.verdict);
    if verdicts().any(|verdict| matches!(verdict, Verdict::NotCovered { .. })) {
        Outcome::Undetermined
    } else if verdicts().any(|verdict| matches!(verdict, Verdict::Unknown { .. })) {
        Outcome::Bad
    } else {
        Outcome::Good
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{day, sample};

    #[test]
    fn a_page_fails_only_if_no_release_lists_the_code_or_none_governs_the_day() {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        let of = |asked: &[(&str, &str)]| {
            let show = |(code, date): &(&str, &str)| {
                answer::show(&codes, code, day(date), ShowOptions::default()).unwrap()
            };
            let pages: Vec<CodePage> = asked.iter().map(show).collect();
            outcome(&pages.iter().collect::<Vec<_>>())
        };
        let unknown = ("C7B.05", "2026-03-01");
        for (code, date) in [
            ("C7B", "2026-03-01"),
            ("S30.1XXA", "2026-03-01"),
            ("U07.1", "2020-03-31"),
            ("A00", "2015-09-30"),
        ] {
            assert_eq!(of(&[(code, date)]), Outcome::Good, "{code}");
            assert_eq!(of(&[(code, date), unknown]), Outcome::Bad, "{code}");
        }
        assert_eq!(of(&[unknown, ("C7B", "2018-03-01")]), Outcome::Undetermined);
    }
}
