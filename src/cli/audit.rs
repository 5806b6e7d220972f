//! `codeyear audit`.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Context, Format, Outcome, parse_code_set, write_whole};
use crate::claims::{
    self, Annotated, AuditSummary, CodeColumn, ColumnsAsked, DateFormat, Index, Keep, RowOptions,
    TableOptions, VerdictKind,
};
use crate::error::{Error, ErrorKind, Result};
use crate::model::CodeSet;
use crate::present::{Style, json, text};

/// Check every code of a claims file against the release in force on its own date
///
/// Reads CSV and TSV with a header; gzip and zstd are unpacked. Each code gets the verdict of `check` on its
/// date: the discharge date of an inpatient claim, the date of service of every other. Only the columns that
/// you name leave the program, and no value of the file stands in a message.
#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// Audit this file; - for stdin
    #[arg(value_name = "CLAIMS")]
    claims: PathBuf,
    /// Take codes from these columns: dx1,dx2 or dx*; px*=icd10pcs states their code set
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    code: Vec<CodeColumn>,
    /// Take the date of service from this column; of several the first that is not empty
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    date: Vec<String>,
    /// Take the discharge date from this column: inpatient claims are judged on it
    #[arg(long, value_name = "COLUMN")]
    discharge: Option<String>,
    /// Take the admission date from this column: a claim that has one is an inpatient claim
    #[arg(long, value_name = "COLUMN")]
    admit: Option<String>,
    /// State how dates are written [default: told by the first rows]
    #[arg(long, value_name = "FORM")]
    date_format: Option<DateForm>,
    /// State the code set of all codes [default: told by each code]
    #[arg(long, value_name = "SET", value_parser = parse_code_set)]
    code_set: Option<CodeSet>,
    /// Take each row's code set from this column (ICD-10-CM, ABK, BBR, an OID, ...)
    #[arg(long, value_name = "COLUMN", conflicts_with = "code_set")]
    code_set_by: Option<String>,
    /// Add up what failing claims charge by this column, in dollars
    #[arg(long, value_name = "COLUMN")]
    amount: Option<String>,
    /// State what stands between fields [default: told by the header]
    #[arg(long, value_name = "CHARACTER", value_parser = parse_delimiter)]
    delimiter: Option<u8>,
    /// Write the rows with their verdicts to this file; - for stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Keep these columns too in the output: claim_id or claim_* or all
    #[arg(
        long,
        value_name = "COLUMN",
        value_delimiter = ',',
        requires = "output"
    )]
    keep: Vec<String>,
    /// Write only rows that fail or cannot be read
    #[arg(long, requires = "output")]
    failures: bool,
    /// End at the first row that cannot be read
    #[arg(long)]
    strict: bool,
    /// Show values that cannot be read: they are patients' data, and messages hold none without this
    #[arg(long)]
    show_values: bool,
    /// List every failing code and month in the summary
    #[arg(long)]
    all: bool,
    /// Use this many threads [default: one a core]
    #[arg(
        long,
        value_name = "NUMBER",
        default_value = "0",
        hide_default_value = true
    )]
    threads: usize,
    /// Write the summary as text or JSON
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DateForm {
    /// YYYY-MM-DD
    Iso,
    /// MM/DD/YYYY
    Us,
    /// YYYYMMDD
    Compact,
}

impl From<DateForm> for DateFormat {
    fn from(form: DateForm) -> DateFormat {
        match form {
            DateForm::Iso => DateFormat::Iso,
            DateForm::Us => DateFormat::Us,
            DateForm::Compact => DateFormat::Compact,
        }
    }
}

fn parse_delimiter(text: &str) -> Result<u8, String> {
    match text {
        "tab" | "\\t" | "\t" => Ok(b'\t'),
        _ => match text.as_bytes() {
            [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'"' => {
                Ok(*byte)
            }
            _ => Err("expected one character such as , or ; or |, or tab".to_owned()),
        },
    }
}

pub(super) fn run(args: &AuditArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let options = table_options(args, context)?;
    let file = claims::input_name(&args.claims);
    let input = claims::open_input(&args.claims, Box::new(std::io::stdin()))?;
    let index = Index::open(context.store()?)?;
    let bar = progress_bar(args);
    let mut progress = |bytes| bar.inc(bytes);
    let to_stdout = args
        .output
        .as_ref()
        .is_some_and(|path| claims::is_stdin(path));
    let audited = match &args.output {
        None => {
            claims::audit_delimited(&index, input, &file, &options, Annotated::No, &mut progress)
        }
        Some(_) if to_stdout => {
            let to = Annotated::To(&mut *context.out);
            claims::audit_delimited(&index, input, &file, &options, to, &mut progress)
        }
        Some(path) => {
            let mut input = Some(input);
            write_whole(path, &mut |out| {
                let input = input.take().unwrap_or_else(|| Box::new(std::io::empty()));
                let to = Annotated::To(out);
                claims::audit_delimited(&index, input, &file, &options, to, &mut progress)
            })
        }
    };
    bar.finish_and_clear();
    let summary = audited?;
    let report = match args.format {
        Format::Text => {
            let style = Style {
                whole_lists: args.all,
                ..context.style()
            };
            text::audit(&summary, style)
        }
        Format::Json => json::audit(&summary)?,
    };
    if to_stdout {
        context.say(&report)?;
    } else {
        context.print(&report)?;
    }
    Ok(outcome(&summary))
}

fn table_options(args: &AuditArgs, context: &Context<'_>) -> Result<TableOptions> {
    let usage =
        |message: &str, hint: &str| Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
    if args.code.is_empty() {
        return usage(
            "no column of codes is named",
            "name it: --code dx1, or --code dx1,dx2, or --code 'dx*'",
        );
    }
    if args.date.is_empty() && args.discharge.is_none() {
        return usage(
            "no column of dates is named",
            "name it: --date service_date; for inpatient claims --admit admitted --discharge discharged",
        );
    }
    if args.admit.is_some() && args.discharge.is_none() {
        return usage(
            "an admission date alone does not say on which day a claim is judged",
            "inpatient claims go by the discharge date: name its column with --discharge",
        );
    }
    Ok(TableOptions {
        columns: ColumnsAsked {
            codes: args.code.clone(),
            dates: args.date.clone(),
            admit: args.admit.clone(),
            discharge: args.discharge.clone(),
            code_set_by: args.code_set_by.clone(),
            amount: args.amount.clone(),
            keep: if args.keep.iter().any(|keep| keep == "all") {
                Keep::All
            } else {
                Keep::Named(args.keep.clone())
            },
            code_set: args.code_set,
        },
        date_format: args.date_format.map(DateFormat::from),
        delimiter: args.delimiter,
        rows: RowOptions {
            only_failures: args.failures,
            strict: args.strict,
            plain_codes: context.global.no_dots,
            show_values: args.show_values,
            threads: args.threads,
        },
    })
}

/// Every code billable, some not, or some that could not be told.
fn outcome(summary: &AuditSummary) -> Outcome {
    if summary.unread() > 0 || summary.total.of(VerdictKind::NotCovered) > 0 {
        Outcome::Untold
    } else if summary.total.failing() > 0 {
        Outcome::Bad
    } else {
        Outcome::Good
    }
}

fn progress_bar(args: &AuditArgs) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    // Of a packed file the bytes unpacked are counted, whose number is not known before.
    let bar = match std::fs::metadata(&args.claims) {
        Ok(file) if file.is_file() => ProgressBar::new(file.len()),
        _ => ProgressBar::no_length(),
    };
    if let Ok(style) =
        ProgressStyle::with_template("{bar:30} {bytes} at {bytes_per_sec}, {eta} left")
    {
        bar.set_style(style);
    }
    bar
}
