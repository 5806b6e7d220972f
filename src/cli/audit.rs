//! `codeyear audit`.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;

use super::{
    CodeSetParser, Context, Format, Outcome, parse_date, progress_bar, write_file, write_whole,
};
use crate::claims::{
    self, Annotated, AuditOptions, AuditSummary, ClaimsFile, CodeColumn, ColumnsAsked, DateFormat,
    Index, InputFormat, Keep, OutputForm, RowOptions, TableOptions,
};
use crate::error::{Error, Result};
use crate::model::{CodeSet, VerdictKind};
use crate::present::{Style, html, json, text};

/// Check every code of a claims file against the release in force on its own date
///
/// Reads CSV and TSV with a header, NDJSON, Parquet, X12 837P and 837I, and FHIR R4 (a Bundle or NDJSON); gzip
/// and zstd are unpacked. Each code gets the verdict of `check` on its
/// date: the discharge date of an inpatient claim, the date of service of every other. Only the columns that
/// you name leave the program, and no value of the file stands in a message.
#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// Audit this file; - for stdin
    #[arg(value_name = "CLAIMS")]
    claims: PathBuf,
    /// State the format of the file [default: told by how it begins]
    #[arg(long, value_name = "FORMAT")]
    input: Option<InputForm>,
    /// Take codes from these columns: dx1,dx2 or dx*; px*=icd10pcs states their code set
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    code: Vec<CodeColumn>,
    /// Take the date of service from this column; of several the first that is not empty
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    date: Vec<String>,
    /// Judge all codes on this one date, whatever the file says
    #[arg(long, value_name = "DATE", value_parser = parse_date, conflicts_with_all = ["date", "discharge", "admit", "infer"])]
    on: Option<NaiveDate>,
    /// Name the release, or the window of dates, that best explains a file without dates
    #[arg(long, conflicts_with_all = ["date", "discharge", "admit", "output"])]
    infer: bool,
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
    #[arg(long, value_name = "SET", value_parser = CodeSetParser)]
    code_set: Option<CodeSet>,
    /// Take each row's code set from this column (ICD-10-CM, ABK, BBR, an OID, ...)
    #[arg(long, value_name = "COLUMN", conflicts_with = "code_set")]
    code_set_by: Option<String>,
    /// Judge a claim without a date of service by the onset of the illness (X12, FHIR)
    #[arg(long)]
    use_onset: bool,
    /// Add up what failing claims charge by this column, in dollars (of X12 and FHIR: any name)
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
    /// Write the summary to this file too: a page to look at (.html) or JSON (.json); repeatable
    #[arg(long, value_name = "FILE", conflicts_with = "infer", value_parser = parse_report)]
    report: Vec<PathBuf>,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InputForm {
    /// CSV, TSV: a table of text with a header
    Table,
    /// One JSON object a line
    Ndjson,
    Parquet,
    /// X12 837P and 837I
    X12,
    /// FHIR R4: a Bundle, NDJSON of resources, or one resource
    Fhir,
}

impl From<InputForm> for InputFormat {
    fn from(form: InputForm) -> InputFormat {
        match form {
            InputForm::Table => InputFormat::Table,
            InputForm::Ndjson => InputFormat::Ndjson,
            InputForm::Parquet => InputFormat::Parquet,
            InputForm::X12 => InputFormat::X12,
            InputForm::Fhir => InputFormat::Fhir,
        }
    }
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
            [byte]
                if byte.is_ascii()
                    && !byte.is_ascii_alphanumeric()
                    && !matches!(*byte, b'"' | b'\r' | b'\n') =>
            {
                Ok(*byte)
            }
            _ => Err("expected one character such as , or ; or |, or tab".to_owned()),
        },
    }
}

fn parse_report(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().and_then(std::ffi::OsStr::to_str) {
        Some("html" | "htm" | "json") => Ok(path),
        _ => Err(
            "a report is a page or JSON: expected a name that ends in .html or .json".to_owned(),
        ),
    }
}

pub(super) fn run(args: &AuditArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let name = claims::input_name(&args.claims);
    let input = claims::open_input(&args.claims, Box::new(std::io::stdin()))?;
    let file = ClaimsFile::recognise(input, &name, args.input.map(InputFormat::from))?;
    let options = options(args, file.format(), context)?;
    let index = Index::open(context.store()?)?;
    let bar = audit_bar(args);
    let mut progress = |bytes| bar.inc(bytes);
    let to_stdout = args
        .output
        .as_ref()
        .is_some_and(|path| claims::is_stdin(path));
    let mut file = Some(file);
    let mut audit = |to: Annotated<'_>| match file.take() {
        Some(file) => claims::audit(&index, file, &options, to, &mut progress),
        None => Err(Error::io("the file was read already")),
    };
    let audited = match &args.output {
        _ if options.format == Some(InputFormat::Parquet) => {
            parquet(args, &index, &options.table, &mut |bytes| bar.inc(bytes))
        }
        None => audit(Annotated::No),
        Some(_) if to_stdout => audit(Annotated::To(&mut *context.out)),
        Some(path) => write_whole(path, &mut |out| audit(Annotated::To(out))),
    };
    bar.finish_and_clear();
    let summary = audited?;
    if args.infer {
        let inference = claims::infer(&index, &summary)?;
        match args.format {
            Format::Text => context.print(&text::inference(&inference, context.style()))?,
            Format::Json => context.print(&json::inference(&inference)?)?,
        }
        return Ok(Outcome::Good);
    }
    for path in &args.report {
        let is_json = path
            .extension()
            .is_some_and(|extension| extension == "json");
        let report = if is_json {
            json::audit(&summary)?
        } else {
            html::audit_report(&summary, context.today)?
        };
        write_file(path, report.as_bytes())?;
    }
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

#[cfg(feature = "parquet")]
fn parquet(
    args: &AuditArgs,
    index: &Index,
    options: &TableOptions,
    progress: &mut dyn FnMut(u64),
) -> Result<AuditSummary> {
    let usage = |message: &str, hint: &str| {
        Err(Error::usage(message)
            .in_file(claims::input_name(&args.claims))
            .with_hint(hint))
    };
    if claims::is_stdin(&args.claims) {
        return usage(
            "Parquet is read from a file, not from a stream",
            "its directory stands at its end: name the file itself",
        );
    }
    match &args.output {
        None => claims::audit_parquet(index, &args.claims, options, None, progress),
        Some(path) if claims::is_stdin(path) => usage(
            "the annotated file is Parquet, which is written to a file",
            "name it: -o annotated.parquet",
        ),
        Some(path) => write_whole(path, &mut |out| {
            claims::audit_parquet(index, &args.claims, options, Some(out), progress)
        }),
    }
}

#[cfg(not(feature = "parquet"))]
fn parquet(
    args: &AuditArgs,
    _: &Index,
    _: &TableOptions,
    _: &mut dyn FnMut(u64),
) -> Result<AuditSummary> {
    Err(Error::usage("this codeyear was built without Parquet")
        .in_file(claims::input_name(&args.claims))
        .with_hint("build it with the feature parquet, or write the claims as CSV"))
}

fn options(args: &AuditArgs, format: InputFormat, context: &Context<'_>) -> Result<AuditOptions> {
    if format.has_columns() {
        refuse_missing_columns(args)?;
    } else {
        refuse_columns(args, format)?;
    }
    let is_ndjson = |path: &PathBuf| {
        let extension = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        extension.is_some_and(|extension| extension == "ndjson" || extension == "jsonl")
    };
    Ok(AuditOptions {
        format: Some(format),
        table: table_options(args, context),
        use_onset: args.use_onset,
        output: if args.output.as_ref().is_some_and(is_ndjson) {
            OutputForm::Ndjson
        } else {
            OutputForm::Csv
        },
    })
}

/// Refuses what only a table has.
fn refuse_columns(args: &AuditArgs, format: InputFormat) -> Result<()> {
    let named = [
        ("--code", !args.code.is_empty()),
        ("--date", !args.date.is_empty()),
        ("--on", args.on.is_some()),
        ("--discharge", args.discharge.is_some()),
        ("--admit", args.admit.is_some()),
        ("--code-set-by", args.code_set_by.is_some()),
        ("--code-set", args.code_set.is_some()),
        ("--date-format", args.date_format.is_some()),
        ("--delimiter", args.delimiter.is_some()),
    ];
    match named.into_iter().find(|(_, named)| *named) {
        None => Ok(()),
        Some((option, _)) => Err(Error::usage(format!(
            "{option} is of tables, and this is {}",
            format.name()
        ))
        .with_hint(
            "codes, their code sets and their dates are told by the format; --input states another",
        )),
    }
}

fn refuse_missing_columns(args: &AuditArgs) -> Result<()> {
    let usage = |message: &str, hint: &str| Err(Error::usage(message).with_hint(hint));
    if args.code.is_empty() {
        return usage(
            "no column of codes is named",
            "name it: --code dx1, or --code dx1,dx2, or --code 'dx*'",
        );
    }
    let is_dated = args.on.is_some() || args.infer;
    if args.date.is_empty() && args.discharge.is_none() && !is_dated {
        return usage(
            "no column of dates is named",
            "name it: --date service_date; for inpatient claims --admit admitted --discharge discharged; of a file without dates --infer names the release",
        );
    }
    if args.admit.is_some() && args.discharge.is_none() {
        return usage(
            "an admission date alone does not say on which day a claim is judged",
            "inpatient claims go by the discharge date: name its column with --discharge",
        );
    }
    Ok(())
}

fn table_options(args: &AuditArgs, context: &Context<'_>) -> TableOptions {
    TableOptions {
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
            on: args.on.or(args.infer.then_some(NaiveDate::MIN)),
        },
        date_format: args.date_format.map(DateFormat::from),
        delimiter: args.delimiter,
        rows: RowOptions {
            only_failures: args.failures,
            strict: args.strict,
            plain_codes: context.global.no_dots,
            show_values: args.show_values,
            count_codes: args.infer,
            threads: args.threads,
        },
    }
}

/// Every code billable, some not, or some that could not be told.
fn outcome(summary: &AuditSummary) -> Outcome {
    if summary.unread() > 0 || summary.total.of(VerdictKind::NotCovered) > 0 {
        Outcome::Undetermined
    } else if summary.total.failing() > 0 {
        Outcome::Bad
    } else {
        Outcome::Good
    }
}

/// Returns the bar of an audit. Of a packed file the bytes unpacked are counted, whose number is not known before.
fn audit_bar(args: &AuditArgs) -> ProgressBar {
    let file = std::fs::metadata(&args.claims).ok();
    let length = file
        .filter(std::fs::Metadata::is_file)
        .map(|file| file.len());
    progress_bar(length, "{bar:30} {bytes} at {bytes_per_sec}, {eta} left")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Verb, parsed};

    fn args(rest: &[&str]) -> AuditArgs {
        let cli = parsed(&[&["audit", "claims"], rest].concat()).unwrap();
        match cli.verb {
            Verb::Audit(args) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_table_needs_its_columns_of_codes_and_of_the_day_that_counts() {
        for (rest, message) in [
            (&["--date", "served"][..], "no column of codes is named"),
            (&["--code", "dx*"], "no column of dates is named"),
            (
                &["--code", "dx*", "--date", "served", "--admit", "admitted"],
                "an admission date alone does not say on which day a claim is judged",
            ),
        ] {
            let error = refuse_missing_columns(&args(rest)).unwrap_err();
            assert_eq!(error.to_string(), message, "{rest:?}");
        }
        for dated in [
            &["--date", "served"][..],
            &["--on", "2026-03-01"],
            &["--infer"],
            &["--admit", "admitted", "--discharge", "discharged"],
        ] {
            let args = args(&[&["--code", "dx1"], dated].concat());
            assert!(refuse_missing_columns(&args).is_ok(), "{dated:?}");
        }
    }

    #[test]
    fn what_only_a_table_has_is_refused_of_a_format_that_tells_it_by_itself() {
        for (rest, option) in [
            (&["--code", "dx1"][..], "--code"),
            (&["--on", "2026-03-01"], "--on"),
            (&["--delimiter", ";"], "--delimiter"),
        ] {
            let error = refuse_columns(&args(rest), InputFormat::X12).unwrap_err();
            assert!(error.to_string().starts_with(option), "{error}");
        }
        assert!(refuse_columns(&args(&["--use-onset"]), InputFormat::Fhir).is_ok());
    }

    #[test]
    fn kept_columns_are_all_as_soon_as_all_is_among_them() {
        let keep = |rest: &[&str]| {
            let mut out = Vec::new();
            let mut err = Vec::new();
            let cli = parsed(&["releases"]).unwrap();
            let context = Context {
                global: &cli.global,
                out: &mut out,
                err: &mut err,
                out_is_terminal: false,
                today: NaiveDate::MIN,
            };
            table_options(&args(rest), &context).columns.keep
        };
        let output = ["-o", "rows.csv", "--keep"];
        assert!(matches!(
            keep(&[&output[..], &["id,all"]].concat()),
            Keep::All
        ));
        assert!(matches!(
            keep(&[&output[..], &["id,member"]].concat()),
            Keep::Named(names) if names == ["id", "member"]
        ));
    }

    #[test]
    fn a_report_is_a_page_or_json() {
        assert!(parse_report("summary.html").is_ok() && parse_report("summary.json").is_ok());
        for text in ["summary.csv", "summary", "json", ""] {
            assert!(parse_report(text).is_err(), "{text:?}");
        }
    }
}
