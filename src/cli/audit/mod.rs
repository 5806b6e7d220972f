//! `codeyear audit`.

mod files;

use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum, ValueHint};
use indicatif::ProgressBar;

use self::files::{
    audit_bar, files_of, layout_of, refuse_form, refuse_own_files, refuse_report, text_form,
};
use super::context::{CodeSetParser, Context, Format, Outcome};
use super::output::{write_file, write_whole};
#[cfg(feature = "parquet")]
use crate::claims::ParquetOutput;
use crate::claims::{
    self, Annotated, AuditOptions, AuditSummary, Audited, ClaimsFile, CodeColumn, ColumnsAsked,
    DateFormat, FoundColumns, Index, InputFormat, Keep, LabelMapping, Labels, Layout, Nulls,
    OutputForm, RowOptions, Separators, TableOptions,
};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CodeSet, TypedDay};
use crate::present::report::{ReportFormat, audit_report};
use crate::present::{Style, json, text};

/// Check every code of a claims file against the release in force on its date
///
/// Reads CSV and TSV with a header, NDJSON, Parquet, workbooks, X12 837P and 837I, and FHIR R4 (a Bundle or
/// NDJSON); gzip and zstd are unpacked. Each code gets the verdict of `check` on its date: the discharge date of an
/// inpatient claim, the date of service of any other. Only the columns that you name, or that are detected, are
/// written, and no message shows a value from the file.
#[derive(Debug, Clone, Args)]
pub(super) struct AuditArgs {
    /// Audit this file, all files of this folder, or several; - for stdin
    #[arg(value_name = "CLAIMS", required = true)]
    claims: Vec<PathBuf>,
    /// State the format of the file [default: detected from how it begins]
    #[arg(long, value_name = "FORMAT")]
    input: Option<InputForm>,
    /// Take codes from these columns: dx1,dx2 or dx*; px*=icd10pcs states their code set, !*_poa leaves columns
    /// out, in NDJSON dx[].code names a field within objects [default: the columns whose names say so]
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    code: Vec<CodeColumn>,
    /// Take the date of service from this column; of several the first that is not empty [default: the columns whose
    /// names say so, with admission and discharge]
    #[arg(
        long,
        visible_alias = "dos",
        value_name = "COLUMN",
        value_delimiter = ','
    )]
    date: Vec<String>,
    /// Check all codes on this one date, whatever the file says
    #[arg(long, value_name = "DATE", conflicts_with_all = ["date", "discharge", "admit", "infer"])]
    on: Option<TypedDay>,
    /// Find the release, or the range of dates, that best explains a file without dates
    #[arg(long, conflicts_with_all = ["date", "discharge", "admit", "output"])]
    infer: bool,
    /// Take the discharge date from this column: inpatient claims are checked on it
    #[arg(long, value_name = "COLUMN")]
    discharge: Option<String>,
    /// Take the admission date from this column: a claim that has one is an inpatient claim
    #[arg(long, value_name = "COLUMN")]
    admit: Option<String>,
    /// State how dates are written: iso, us, compact, excel, unix, or a pattern such as DD/MM/YYYY or DD-MON-YY [default:
    /// detected from the first rows]
    #[arg(long, value_name = "FORM")]
    date_format: Option<DateFormat>,
    /// State the code set of all codes [default: detected from each code]
    #[arg(long, value_name = "SET", value_parser = CodeSetParser)]
    code_set: Option<CodeSet>,
    /// Take each row's code set from this column (ICD-10-CM, ABK, BBR, an OID, ...)
    #[arg(long, value_name = "COLUMN", conflicts_with = "code_set")]
    code_set_by: Option<String>,
    /// Define a code set label: X=icd10cm, or X=other for a code set that is not checked; for columns, X12 and
    /// FHIR; repeatable
    #[arg(long, value_name = "LABEL=SET")]
    system: Vec<LabelMapping>,
    /// Treat this as an empty cell too, like NULL, NA and nan; repeatable
    #[arg(long, value_name = "TEXT")]
    null: Vec<String>,
    /// Split cells with several codes at these characters [default: , ; | ^ ~ and blanks]; a row is written for
    /// each code
    #[arg(long, value_name = "CHARACTERS", num_args = 0..=1, require_equals = true, default_missing_value = ",;|^~ ")]
    split: Option<Separators>,
    /// Read codes that have quotes, signs, a label or words around them
    #[arg(long)]
    clean_codes: bool,
    /// Compare the POA indicators in these columns with the POA-exempt list in force: dx1_poa is of dx1, columns with
    /// other names are of the columns of codes in their order (X12 and FHIR need no columns)
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    poa: Vec<String>,
    /// Check a claim without a date of service on the date of onset of illness (X12, FHIR)
    #[arg(long)]
    use_onset: bool,
    /// Add up the charges of failing claims from this column, in dollars (X12 and FHIR: any name)
    #[arg(long, value_name = "COLUMN")]
    amount: Option<String>,
    /// Read a fixed-width file with this layout: cclf1, cclf3, cclf4, cclf5 (CMS claim and claim line feed), or a
    /// TOML file with the positions of its fields
    #[arg(long, value_name = "LAYOUT", conflicts_with = "input")]
    layout: Option<String>,
    /// State the delimiter [default: detected from the header]
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
    /// Write only these columns of each code: verdict, release, day, use, use_count, use_by, why
    #[arg(
        long,
        value_name = "COLUMN",
        value_delimiter = ',',
        requires = "output",
        value_parser = PossibleValuesParser::new(FoundColumns::NAMES)
    )]
    columns: Vec<String>,
    /// Write only rows that fail or cannot be read
    #[arg(long, requires = "output")]
    failures: bool,
    /// Stop at the first row that cannot be read
    #[arg(long)]
    strict: bool,
    /// Show values that cannot be read; they may be patient data, and are never shown without this option
    #[arg(long)]
    show_values: bool,
    /// Choose which exit code has priority: bad (1 if any code fails, else 2 if something could not be checked) or
    /// undetermined (the reverse)
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "bad",
        hide_default_value = true
    )]
    fail_on: FailOn,
    /// List every failing code and month in the summary
    #[arg(long)]
    all: bool,
    /// Use this many threads [default: one per core]
    #[arg(
        long,
        value_name = "NUMBER",
        default_value = "0",
        hide_default_value = true
    )]
    threads: usize,
    /// Write the summary to this file too: a page to look at (.html), JSON (.json), Markdown (.md), AsciiDoc (.adoc) or
    /// text (.txt); repeatable
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "infer",
        value_parser = parse_report,
        value_hint = ValueHint::FilePath
    )]
    report: Vec<(PathBuf, ReportFormat)>,
    /// Write the summary as text or JSON
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A failing code has priority
    Bad,
    /// A code that could not be checked has priority
    Undetermined,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InputForm {
    /// CSV, TSV: a table of text with a header
    Table,
    /// One JSON object per line
    Ndjson,
    Parquet,
    /// X12 837P and 837I
    X12,
    /// FHIR R4: a Bundle, NDJSON of resources, or one resource
    Fhir,
    /// A workbook: .xlsx, .xls
    Workbook,
}

impl From<InputForm> for InputFormat {
    fn from(form: InputForm) -> InputFormat {
        match form {
            InputForm::Table => InputFormat::Table,
            InputForm::Ndjson => InputFormat::Ndjson,
            InputForm::Parquet => InputFormat::Parquet,
            InputForm::X12 => InputFormat::X12,
            InputForm::Fhir => InputFormat::Fhir,
            InputForm::Workbook => InputFormat::Workbook,
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

/// How the names of the reports that are written may end.
const REPORTS: &str = "a name that ends in .html, .json, .md, .adoc or .txt";

fn parse_report(text: &str) -> Result<(PathBuf, ReportFormat), String> {
    let path = PathBuf::from(text);
    let end = path.extension().and_then(std::ffi::OsStr::to_str);
    match end.and_then(ReportFormat::of_extension) {
        Some(format) if format.is_of_audits() => Ok((path, format)),
        _ => Err(format!(
            "the ending of the name of a report decides its format: expected {REPORTS}"
        )),
    }
}

pub(super) fn run(args: &AuditArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let args = &AuditArgs {
        on: match args.on {
            Some(on) => Some(context.day_of_all(on)?.into()),
            None => None,
        },
        ..args.clone()
    };
    refuse_report(args.output.as_deref())?;
    let files = files_of(&args.claims)?;
    refuse_own_files(args, &files)?;
    // What is wrong with the file or the options is said before the database is opened.
    let first = match files.as_slice() {
        [only] => Some(opened(args, only, context)?),
        _ => None,
    };
    let index = Index::open(context.store()?)?;
    let bar = audit_bar(&files);
    let mut run = AuditRun {
        args,
        index: &index,
        rows: row_options(args, context, files.len() > 1),
        files: &files,
        first,
        header: None,
        bar: &bar,
    };
    let to_stdout = args.output.as_deref().is_some_and(claims::is_stdin);
    let audited = match &args.output {
        None => run.all(None),
        Some(_) if to_stdout => run.all(Some(&mut *context.out)),
        Some(path) if run.writes_parquet() => write_whole(path, &mut |out| run.one_as_parquet(out)),
        Some(path) => write_whole(path, &mut |out| run.all(Some(out))),
    };
    bar.finish_and_clear();
    let summary = audited?.into_summary()?;
    if args.infer {
        let inference = claims::infer(&index, &summary)?;
        match args.format {
            Format::Text => context.print(&text::inference(&inference, context.style()))?,
            Format::Json => context.print(&json::inference(&inference)?)?,
        }
        return Ok(Outcome::Good);
    }
    let style = Style {
        whole_lists: args.all,
        ..context.style()
    };
    for (path, format) in &args.report {
        let style = Style {
            colour: false,
            ..style
        };
        let report = audit_report(&summary, *format, style, context.today)?;
        write_file(path, report.as_bytes())?;
    }
    let format = match args.format {
        Format::Text => ReportFormat::Text,
        Format::Json => ReportFormat::Json,
    };
    let report = audit_report(&summary, format, style, context.today)?;
    if to_stdout {
        context.say(&report)?;
    } else {
        context.print(&report)?;
    }
    Ok(outcome(&summary, args.fail_on))
}

/// A file that is open, and how it is audited.
type Opened = (ClaimsFile<'static>, AuditOptions);

fn opened(args: &AuditArgs, path: &Path, context: &Context<'_>) -> Result<Opened> {
    open_with(args, path, row_options(args, context, false), true)
}

/// Opens a file, and finds how it is audited. Where it is the only one, an option that its format has no use for is
/// refused.
fn open_with(args: &AuditArgs, path: &Path, rows: RowOptions, is_only: bool) -> Result<Opened> {
    let name = claims::input_name(path);
    let input = claims::open_input(path, Box::new(std::io::stdin()))?;
    let layout = args.layout.as_deref().map(layout_of).transpose()?;
    let stated = args.input.map(InputFormat::from);
    let stated = stated.or(layout.as_ref().map(|_| InputFormat::FixedWidth));
    let file = ClaimsFile::recognise(input, &name, stated)?;
    let format = file.format();
    let options = options(args, format, layout, rows, is_only).map_err(|error| match is_only {
        true => error,
        false => error.in_file(name),
    })?;
    if format == InputFormat::Parquet && claims::is_stdin(path) {
        return Err(
            Error::usage("Parquet is read from a file, not from a stream")
                .in_file(claims::input_name(path))
                .with_hint("its directory is at its end: name the file itself"),
        );
    }
    Ok((file, options))
}

/// The files of a run on their way through the audit.
struct AuditRun<'r> {
    args: &'r AuditArgs,
    index: &'r Index,
    rows: RowOptions,
    files: &'r [PathBuf],
    /// The only file, if there is one, opened.
    first: Option<Opened>,
    /// The header of what is written of several.
    header: Option<Vec<u8>>,
    bar: &'r ProgressBar,
}

impl<'r> AuditRun<'r> {
    /// Audits all files. One of several that cannot be read is named in the summary, and the others are audited.
    fn all(&mut self, mut out: Option<&mut dyn Write>) -> Result<Audited<'r>> {
        let mut all = Audited::of_none(self.index);
        let mut first_error = None;
        for path in self.files {
            let is_only = self.files.len() == 1;
            let opened = match self.first.take() {
                Some(opened) => Ok(opened),
                None => open_with(self.args, path, self.rows, is_only),
            };
            let mut header = self.header.take();
            let annotated = match &mut out {
                None => Annotated::No,
                Some(out) if is_only => Annotated::To(&mut **out),
                Some(out) => Annotated::Behind(&mut **out, &mut header),
            };
            let audited = opened.and_then(|opened| self.one(path, opened, annotated));
            self.header = header;
            match audited {
                Ok(audited) => all.add(audited),
                // What cannot be written ends the run; what cannot be read is one file.
                Err(error) if is_only || self.args.strict => return Err(error),
                Err(error) if matches!(error.kind(), ErrorKind::Store | ErrorKind::Busy) => {
                    return Err(error);
                }
                Err(error) if error.kind() == ErrorKind::Io && error.place().is_none() => {
                    return Err(error);
                }
                Err(error) => {
                    all.add_unread(&claims::input_name(path), &error);
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            Some(error) if all.is_empty() => Err(error),
            _ => Ok(all),
        }
    }

    fn one(
        &self,
        path: &Path,
        (file, options): Opened,
        annotated: Annotated<'_>,
    ) -> Result<Audited<'r>> {
        let mut progress = |bytes| self.bar.inc(bytes);
        match file.format() {
            InputFormat::Parquet => parquet(self.index, path, &options, annotated, &mut progress),
            _ => claims::audit(self.index, file, &options, annotated, &mut progress),
        }
    }

    /// Checks whether the annotated file is Parquet.
    fn writes_parquet(&self) -> bool {
        let is_text = self
            .args
            .output
            .as_deref()
            .is_some_and(|path| text_form(path).is_some());
        let format = self.first.as_ref().map(|(file, _)| file.format());
        format == Some(InputFormat::Parquet) && !is_text
    }

    #[cfg(feature = "parquet")]
    fn one_as_parquet(&mut self, out: &mut (dyn Write + Send)) -> Result<Audited<'r>> {
        let (Some((_, options)), [path]) = (self.first.take(), self.files) else {
            return Err(Error::io("the file was read already"));
        };
        let mut progress = |bytes| self.bar.inc(bytes);
        let to = ParquetOutput::Parquet(out);
        claims::audit_parquet(self.index, path, &options.table, to, &mut progress)
    }

    #[cfg(not(feature = "parquet"))]
    fn one_as_parquet(&mut self, _: &mut (dyn Write + Send)) -> Result<Audited<'r>> {
        self.all(None)
    }
}

#[cfg(feature = "parquet")]
pub(super) fn parquet<'i>(
    index: &'i Index,
    path: &Path,
    options: &AuditOptions,
    annotated: Annotated<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Audited<'i>> {
    let to = ParquetOutput::Text(options.output, annotated);
    claims::audit_parquet(index, path, &options.table, to, progress)
}

#[cfg(not(feature = "parquet"))]
pub(super) fn parquet<'i>(
    _: &'i Index,
    path: &Path,
    _: &AuditOptions,
    _: Annotated<'_>,
    _: &mut dyn FnMut(u64),
) -> Result<Audited<'i>> {
    Err(Error::usage("this codeyear was built without Parquet")
        .in_file(claims::input_name(path))
        .with_hint("build it with the feature parquet, or write the claims as CSV"))
}

fn options(
    args: &AuditArgs,
    format: InputFormat,
    layout: Option<Layout>,
    rows: RowOptions,
    is_only: bool,
) -> Result<AuditOptions> {
    if layout.as_ref().is_some_and(Layout::is_whole) {
        // It says where codes and days stand.
    } else if format.has_columns() {
        refuse_admission_alone(args)?;
    } else if is_only {
        refuse_columns(args, format)?;
    }
    if let Some(path) = &args.output {
        refuse_form(path, format)?;
    }
    Ok(AuditOptions {
        format: Some(format),
        table: table_options(args, rows),
        layout,
        use_onset: args.use_onset,
        output: args
            .output
            .as_deref()
            .and_then(text_form)
            .unwrap_or(OutputForm::Csv),
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
            "{option} is for tables, and this is {}",
            format.name()
        ))
        .with_hint(
            "codes, code sets and dates come from the format; state another one with --input",
        )),
    }
}

/// Refuses an admission without a discharge. Other columns that nobody names are detected by their names.
fn refuse_admission_alone(args: &AuditArgs) -> Result<()> {
    if args.admit.is_some() && args.discharge.is_none() {
        return Err(
            Error::usage("an admission date alone does not decide the date of a claim").with_hint(
                "inpatient claims use the discharge date: name its column with --discharge",
            ),
        );
    }
    Ok(())
}

fn row_options(args: &AuditArgs, context: &Context<'_>, names_files: bool) -> RowOptions {
    let columns = args.columns.iter().map(String::as_str);
    RowOptions {
        only_failures: args.failures,
        strict: args.strict,
        plain_codes: context.global.no_dots,
        show_values: args.show_values,
        clean_codes: args.clean_codes,
        columns: match args.columns.is_empty() {
            true => FoundColumns::default(),
            false => FoundColumns::named(columns),
        },
        names_files,
        count_codes: args.infer,
        threads: args.threads,
        ends: None,
    }
}

fn table_options(args: &AuditArgs, rows: RowOptions) -> TableOptions {
    TableOptions {
        columns: ColumnsAsked {
            codes: args.code.clone(),
            dates: args.date.clone(),
            admit: args.admit.clone(),
            discharge: args.discharge.clone(),
            code_set_by: args.code_set_by.clone(),
            labels: Labels::new(args.system.iter().cloned()),
            nulls: Nulls::new(args.null.clone()),
            poa: args.poa.clone(),
            amount: args.amount.clone(),
            keep: if args.keep.iter().any(|keep| keep == "all") {
                Keep::All
            } else {
                Keep::Named(args.keep.clone())
            },
            code_set: args.code_set,
            on: match args.on {
                Some(TypedDay::Day(day)) => Some(day),
                _ => args.infer.then_some(NaiveDate::MIN),
            },
            guess: true,
            ..ColumnsAsked::default()
        },
        date_format: args.date_format,
        delimiter: args.delimiter,
        split: args.split.clone(),
        rows,
    }
}

/// Every code billable, some not, or some that could not be judged.
fn outcome(summary: &AuditSummary, fail_on: FailOn) -> Outcome {
    let fails = summary.total.failing() > 0;
    match fail_on {
        FailOn::Bad if fails => Outcome::Bad,
        _ if summary.is_undetermined() => Outcome::Undetermined,
        _ if fails => Outcome::Bad,
        _ => Outcome::Good,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Verb, parsed};

    fn args(rest: &[&str]) -> AuditArgs {
        let cli = parsed(&[&["audit", "claims"], rest].concat()).unwrap();
        match cli.verb {
            Verb::Audit(args) => *args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_admission_alone_is_refused() {
        let alone = args(&["--admit", "admitted"]);
        let error = refuse_admission_alone(&alone).unwrap_err();
        assert_eq!(
            error.to_string(),
            "an admission date alone does not decide the date of a claim"
        );
        let both = args(&["--admit", "admitted", "--discharge", "discharged"]);
        assert!(refuse_admission_alone(&both).is_ok());
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
            let args = args(rest);
            table_options(&args, row_options(&args, &context, false))
                .columns
                .keep
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
    fn a_report_is_of_a_format_that_its_name_tells() {
        for (text, format) in [
            ("summary.html", ReportFormat::Html),
            ("summary.JSON", ReportFormat::Json),
            ("summary.md", ReportFormat::Markdown),
            ("summary.adoc", ReportFormat::AsciiDoc),
            ("summary.txt", ReportFormat::Text),
        ] {
            assert_eq!(parse_report(text).unwrap().1, format, "{text:?}");
        }
        for text in ["summary.csv", "summary.xlsx", "summary", "json", ""] {
            assert!(parse_report(text).is_err(), "{text:?}");
        }
    }
}
