//! `codeyear diff`.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::audit::parquet;
use super::context::{CodeSetParser, Context, Outcome, ReleaseParser};
use super::output::write_file;
use crate::answer::{self, DiffScope};
use crate::claims::{
    self, Annotated, AuditOptions, ClaimsFile, CodeColumn, ColumnsAsked, Index, InputFormat,
    OutputForm, RowOptions, TableOptions, UsageOptions, read_usage,
};
use crate::error::{Error, Result, io_error};
use crate::model::{CodeRange, CodeSet, Severity, TypedRelease, TypedReleases, Usage};
use crate::present::report::{ReportFormat, change_report};
use crate::present::{Style, counted};

/// Report what changed between two releases: new, deleted, became header or billable, revised
///
/// Any two loaded releases, in either direction. The report is in tabular order, and counts both ways: by kind of
/// change, and as CMS counts. With --only and a table or claims it is weighted by how often your file uses each code:
/// breaking (a code you use was deleted or became a header), review (it changed in another way), info (a new code
/// replaces it or is related to it).
///
/// Exit codes: 0, or with --only 1 if a change to a code in use has the severity of --fail-on; 2 if the request or
/// a file was wrong.
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// Old release (FY2025, FY2022-04, a date, latest), or both releases (FY2025..FY2026)
    #[arg(value_name = "OLD", value_parser = ReleaseParser::<TypedReleases>::typed(), hide_possible_values = true)]
    old: TypedReleases,
    /// New release [default: OLD is compared with the release before it]
    #[arg(value_name = "NEW", value_parser = ReleaseParser::<TypedRelease>::typed(), hide_possible_values = true)]
    new: Option<TypedRelease>,
    /// Report only this code and its subcodes (C7A) or this range (C76-C80); repeatable
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    under: Vec<String>,
    /// Report only the codes in this file: one a line, a table, or claims of any format that audit reads; - for stdin (a
    /// list, or a table with --code)
    #[arg(long, value_name = "FILE")]
    only: Option<PathBuf>,
    /// Weight the changes by how often each code is in these columns of --only: names, dx* for a prefix, or numbers
    /// from 1 [default: the columns whose names say so]
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', requires = "only")]
    code: Vec<String>,
    /// State the delimiter of --only [default: detected from its first line]
    #[arg(long, value_name = "CHARACTER", value_parser = parse_delimiter, requires = "only")]
    delimiter: Option<u8>,
    /// Take each row's code set from this column of --only
    #[arg(long, value_name = "COLUMN", requires = "code")]
    code_set_by: Option<String>,
    /// With --only, exit 1 if a change to a code in use has this severity or a higher one; a list, one code a line, has
    /// no related codes, and its changes are breaking or review
    #[arg(
        long,
        value_name = "SEVERITY",
        default_value = "breaking",
        requires = "only"
    )]
    fail_on: FailOn,
    /// Compare the tabular lists too: notes, inclusion terms, 7th characters, blocks
    #[arg(long)]
    notes: bool,
    /// State the code set
    #[arg(long, value_name = "SET", value_parser = CodeSetParser, default_value_t)]
    code_set: CodeSet,
    /// Write in this format [default: by the ending of -o, else text]
    #[arg(long, value_name = "FORMAT", value_parser = report_formats())]
    format: Option<ReportFormat>,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// From which severity on the exit code is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A code in use was deleted or became a header
    Breaking,
    /// Or it changed in another way
    Review,
    /// Or a new code replaces it or is related to it
    Info,
    /// Never: exit 0
    Never,
}

impl FailOn {
    fn severity(self) -> Option<Severity> {
        match self {
            FailOn::Breaking => Some(Severity::Breaking),
            FailOn::Review => Some(Severity::Review),
            FailOn::Info => Some(Severity::Info),
            FailOn::Never => None,
        }
    }
}

fn report_formats() -> impl TypedValueParser<Value = ReportFormat> {
    PossibleValuesParser::new(ReportFormat::ALL.map(ReportFormat::name))
        .try_map(|name| name.parse::<ReportFormat>())
}

fn parse_delimiter(text: &str) -> Result<u8, String> {
    match (text, text.as_bytes()) {
        ("tab" | "\\t", _) => Ok(b'\t'),
        (_, [one])
            if one.is_ascii() && !one.is_ascii_alphanumeric() && !b"\"\r\n".contains(one) =>
        {
            Ok(*one)
        }
        _ => Err("expected one character as , ; | or the word tab".to_owned()),
    }
}

pub(super) fn run(args: &DiffArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let format = format(args)?;
    if format == ReportFormat::Xlsx && args.output.is_none() && context.out_is_terminal {
        return Err(Error::usage("a workbook is not written to a terminal")
            .with_hint("name a file with -o, as in -o changes.xlsx"));
    }
    let store = context.store()?;
    let mut scope = DiffScope {
        notes: args.notes,
        ..DiffScope::default()
    };
    for text in &args.under {
        let range = CodeRange::parse(args.code_set, text).map_err(|error| {
            Error::usage(error.to_string()).with_hint(CodeRange::hint(args.code_set, text))
        })?;
        scope.under.push(range);
    }
    if let Some(path) = &args.only {
        if claims::is_stdin(path) && args.code_set_by.is_some() {
            return Err(Error::usage("--code-set-by needs a file, not stdin"));
        }
        // What is no file can be read once only.
        let is_claims = path.is_file() && is_claims(path, args)?;
        if is_claims {
            scope.usage = Some(claims_usage(path, args, context)?);
        } else if args.code.is_empty() {
            scope.only = Some(read_codes(path)?);
        } else {
            let options = UsageOptions {
                code_set: args.code_set,
                columns: args.code.clone(),
                delimiter: args.delimiter,
            };
            let stdin = Box::new(std::io::stdin());
            scope.usage = Some(read_usage(path, stdin, &options)?);
        }
    }
    let loaded = store.timeline(args.code_set)?;
    let (old, new) = answer::typed_releases(&loaded, releases(args)?, context.today)?;
    let found = answer::diff(&store, args.code_set, old, new, &scope)?;
    if let Some(only) = &found.only
        && only.codes == 0
    {
        return Err(Error::usage(format!(
            "none of the {} values of the list is in the format of an {} code",
            only.malformed,
            args.code_set.name()
        ))
        .in_file(
            args.only
                .as_deref()
                .unwrap_or(Path::new(""))
                .display()
                .to_string(),
        )
        .with_hint("name the column with the codes with --code, or the code set with --code-set"));
    }
    for side in [found.old, found.new] {
        let newest = loaded
            .periods()
            .iter()
            .find(|period| period.release.edition() == side.edition());
        if let Some(period) = newest
            && period.release != side
        {
            context.say(&format!(
                "note: {side} was corrected by {}; this report is about {side}\n",
                period.release
            ))?;
        }
    }
    // A table of changes has no place for it.
    if format == ReportFormat::Csv {
        for warning in &found.warnings {
            context.say(&format!("warning: {warning}\n"))?;
        }
    }
    let style = context.style();
    let written = Style {
        colour: style.colour && args.output.is_none(),
        ..style
    };
    let report = change_report(&found, format, written, context.today)?;
    match &args.output {
        None => context.print_bytes(&report)?,
        Some(path) => {
            write_file(path, &report)?;
            context.say(&format!(
                "{} changes written to {}\n",
                found.changes.len(),
                path.display()
            ))?;
        }
    }
    let is_hit =
        args.fail_on
            .severity()
            .is_some_and(|severity| match (&found.impact, &found.only) {
                (Some(impact), _) => impact.reaches(severity),
                (None, Some(_)) => {
                    let mut kinds = found.changes.iter().map(|change| change.kind);
                    kinds.any(|kind| Severity::of(kind) <= severity)
                }
                (None, None) => false,
            });
    Ok(if is_hit { Outcome::Bad } else { Outcome::Good })
}

/// Returns the releases that are to be compared: two arguments, one with both, or one alone.
fn releases(args: &DiffArgs) -> Result<TypedReleases> {
    args.old.and(args.new).map_err(|error| {
        Error::usage(error).with_hint(
            "name two, as in codeyear diff FY2025 FY2026 or codeyear diff FY2025..FY2026",
        )
    })
}

fn format(args: &DiffArgs) -> Result<ReportFormat> {
    let end = args
        .output
        .as_deref()
        .and_then(Path::extension)
        .map(|end| end.to_string_lossy().to_ascii_lowercase());
    let told = end.as_deref().and_then(ReportFormat::of_extension);
    Ok(match (args.format.or(told), end.as_deref()) {
        (Some(format), _) => format,
        (None, Some("pdf" | "xls" | "docx" | "doc" | "xml")) => {
            let path = args.output.clone().unwrap_or_default();
            return Err(Error::usage(
                "unknown report format; expected .html, .md, .adoc, .csv, .json, .xlsx or .txt",
            )
            .in_file(path.display().to_string())
            .with_hint("write .html and print it, or .xlsx and open it as a table"));
        }
        (None, _) => ReportFormat::Text,
    })
}

/// Checks whether a file is read as `audit` reads it: any format but a table of text, and that too where a column says
/// the code set, or where no column of several is named.
fn is_claims(path: &Path, args: &DiffArgs) -> Result<bool> {
    let input = claims::open_input(path, Box::new(std::io::empty()))?;
    let file = ClaimsFile::recognise(input, &claims::input_name(path), None);
    // What is no claims file may be a list of codes.
    let format = file.map_or(InputFormat::Table, |file| file.format());
    if format != InputFormat::Table || args.code_set_by.is_some() {
        return Ok(true);
    }
    Ok(args.code.is_empty() && claims::has_several_columns(path, args.delimiter)?)
}

/// Counts how often claims of any format use each code.
fn claims_usage(path: &Path, args: &DiffArgs, context: &mut Context<'_>) -> Result<Usage> {
    let name = claims::input_name(path);
    let input = claims::open_input(path, Box::new(std::io::empty()))?;
    let file = ClaimsFile::recognise(input, &name, None)?;
    let columns = args.code.iter().map(|name| CodeColumn {
        name: name.clone(),
        code_set: None,
    });
    let options = AuditOptions {
        format: Some(file.format()),
        table: TableOptions {
            columns: ColumnsAsked {
                codes: columns.collect(),
                code_set_by: args.code_set_by.clone(),
                // Which columns hold the codes of which set is detected together.
                code_set: (args.code_set_by.is_none() && !args.code.is_empty())
                    .then_some(args.code_set),
                on: Some(context.today),
                guess: true,
                ..ColumnsAsked::default()
            },
            delimiter: args.delimiter,
            rows: RowOptions {
                count_codes: true,
                ..RowOptions::default()
            },
            ..TableOptions::default()
        },
        layout: None,
        use_onset: false,
        output: OutputForm::Csv,
    };
    let index = Index::open(context.store()?)?;
    let audited = match file.format() {
        InputFormat::Parquet => parquet(&index, path, &options, Annotated::No, &mut |_| {}),
        _ => claims::audit(&index, file, &options, Annotated::No, &mut |_| {}),
    };
    let summary = audited?.into_summary()?;
    let usage = summary
        .usage(args.code_set)
        .map_err(|error| error.in_file(name.clone()))?;
    if usage.codes.is_empty() {
        let unread = match usage.ragged_rows + usage.unread {
            0 => String::new(),
            unread => format!(", and {} in it cannot be read", counted(unread, "thing")),
        };
        return Err(Error::usage(format!(
            "the file has no {} codes{unread}",
            args.code_set.name()
        ))
        .in_file(name)
        .with_hint("name the column with the codes with --code, or the code set with --code-set"));
    }
    for note in &summary.notes {
        context.say(&format!("note: {note}\n"))?;
    }
    Ok(usage)
}

/// Reads the user's list of codes, one a line.
fn read_codes(path: &Path) -> Result<Vec<String>> {
    let mut bytes = Vec::new();
    claims::open_input(path, Box::new(std::io::stdin()))?
        .read_to_end(&mut bytes)
        .map_err(|error| io_error("read", path, error))?;
    if bytes.contains(&0) {
        return Err(Error::usage("this is no text")
            .in_file(path.display().to_string())
            .with_hint(
                "name a list of codes, one a line, or claims of a format that audit reads",
            ));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let fail = |message: String| Error::usage(message).in_file(path.display().to_string());
    let first_line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let delimiter = [b'\t', b';', b',']
        .into_iter()
        .find(|delimiter| first_line.contains(delimiter));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter.unwrap_or(b','))
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut codes = Vec::new();
    for (row, record) in reader.byte_records().enumerate() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(row as u64 + 1, csv::Position::line);
            fail("this line cannot be read as CSV".to_owned()).at_line(line)
        })?;
        if row == 0 && delimiter.is_some() {
            return Err(
                fail(format!("the file has {} columns", record.len())).with_hint(
                    "name the columns with the codes with --code, by their names or numbers",
                ),
            );
        }
        let field = record.get(0).unwrap_or_default().trim_ascii();
        // A heading names the column and holds no code.
        if field.is_empty() || (row == 0 && is_heading(field)) {
            continue;
        }
        codes.push(String::from_utf8_lossy(field).trim().to_owned());
    }
    if codes.is_empty() {
        return Err(fail("the file has no codes".to_owned())
            .with_hint("write one code per line, or name the columns of a table with --code"));
    }
    Ok(codes)
}

/// Checks whether a field is the usual heading of a column of codes: no code looks like `dx` and a number.
fn is_heading(field: &[u8]) -> bool {
    let lower = field.to_ascii_lowercase();
    let stem: Vec<u8> = lower
        .iter()
        .copied()
        .take_while(|byte| !byte.is_ascii_digit())
        .collect();
    let is_numbered = lower.iter().skip(stem.len()).all(u8::is_ascii_digit);
    (is_numbered
        && matches!(
            stem.as_slice(),
            b"dx" | b"diag" | b"dx_" | b"diag_" | b"code"
        ))
        || CodeSet::ALL.iter().any(|set| set.id().as_bytes() == lower)
        || matches!(
            lower.as_slice(),
            b"codes"
                | b"icd10"
                | b"icd-10"
                | b"icd_code"
                | b"diagnosis"
                | b"diagnoses"
                | b"procedure"
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Verb, parsed};
    use crate::error::ErrorKind;

    fn args(rest: &[&str]) -> DiffArgs {
        let cli = parsed(&[&["diff", "FY2025", "FY2026"], rest].concat()).unwrap();
        match cli.verb {
            Verb::Diff(args) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_format_is_the_one_that_is_named_or_that_the_file_name_tells() {
        for (rest, expected) in [
            (&[][..], ReportFormat::Text),
            (&["-o", "a.html"], ReportFormat::Html),
            (&["-o", "a.MD"], ReportFormat::Markdown),
            (&["-o", "a.xlsx"], ReportFormat::Xlsx),
            (&["-o", "a.adoc"], ReportFormat::AsciiDoc),
            (&["-o", "a"], ReportFormat::Text),
            (&["-o", "a.log"], ReportFormat::Text),
            (&["-o", "a.pdf", "--format", "csv"], ReportFormat::Csv),
        ] {
            assert_eq!(format(&args(rest)).unwrap(), expected, "{rest:?}");
        }
        let refused = format(&args(&["-o", "a.pdf"])).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Usage);
    }

    #[test]
    fn a_delimiter_is_one_character_that_no_field_holds_by_itself() {
        for (text, byte) in [(",", b','), ("tab", b'\t'), ("\\t", b'\t'), ("|", b'|')] {
            assert_eq!(parse_delimiter(text), Ok(byte), "{text}");
        }
        for text in ["", ";;", "a", "7", "\"", "\n", "·"] {
            assert!(parse_delimiter(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_list_of_codes_is_read_without_its_heading_and_a_table_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            let path = folder.path().join("mine.csv");
            std::fs::write(&path, text).unwrap();
            read_codes(&path)
        };
        let codes = ["G35", "C7B.00"];
        for text in [
            "G35\nC7B.00\n",
            "\u{feff}Dx1\r\nG35\r\n\r\n C7B.00 \r\n",
            "ICD-10\n\"G35\"\nC7B.00",
        ] {
            assert_eq!(read(text).unwrap(), codes, "{text:?}");
        }
        // A code is no heading, and a heading is one in the first line only.
        assert_eq!(read("D71\ncode\n").unwrap(), ["D71", "code"]);
        for text in ["G35,1\n", "dx1;dx2\nG35;D71\n", "codes\n", ""] {
            let kind = read(text).unwrap_err().kind();
            assert_eq!(kind, ErrorKind::Usage, "{text:?}");
        }
    }
}
