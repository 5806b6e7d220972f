//! `codeyear diff`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Context, Outcome, parse_code_set, write_file};
use crate::answer::{self, DiffScope};
use crate::error::{Error, ErrorKind, Result, io_error};
use crate::model::{CodeRange, CodeSet, ReleaseId};
use crate::present::{changes, html, json};

/// Report what changed between two releases: new, deleted, became header or billable, revised
///
/// Any two loaded releases, in either direction. The report is in the order of the book, and counts both
/// ways: each kind by itself, and as CMS announces it.
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// Compare this release (FY2025, FY2022-04)
    #[arg(value_name = "OLD")]
    old: ReleaseId,
    /// With this one
    #[arg(value_name = "NEW")]
    new: ReleaseId,
    /// Report only what stands under this code (C7A) or in this range of the book (C76-C80); repeatable
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    under: Vec<String>,
    /// Report only the codes in this file: one a line, or a CSV column named with --code
    #[arg(long, value_name = "FILE")]
    only: Option<PathBuf>,
    /// Take the codes of --only from this column: its name, or its number from 1
    #[arg(long, value_name = "COLUMN", requires = "only")]
    code: Option<String>,
    /// Compare the tabular lists too: notes, inclusion terms, 7th characters, blocks
    #[arg(long)]
    notes: bool,
    /// State the code set (icd10cm, icd10pcs)
    #[arg(long, value_name = "SET", value_parser = parse_code_set, default_value = "icd10cm")]
    code_set: CodeSet,
    /// Write in this format [default: told by the name of -o, else text]
    #[arg(long, value_name = "FORMAT")]
    format: Option<ReportFormat>,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    Text,
    Markdown,
    Html,
    Csv,
    Json,
}

pub(super) fn run(args: &DiffArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let store = context.store()?;
    let mut scope = DiffScope {
        notes: args.notes,
        ..DiffScope::default()
    };
    for text in &args.under {
        let range = CodeRange::parse(args.code_set, text).map_err(|error| {
            Error::new(ErrorKind::Usage, error.to_string())
                .with_hint("name a code as in C7A, or a range as in C76-C80")
        })?;
        scope.under.push(range);
    }
    if let Some(path) = &args.only {
        scope.only = Some(read_codes(path, args.code.as_deref())?);
    }
    let found = answer::diff(&store, args.code_set, args.old, args.new, &scope)?;
    if let Some(only) = &found.only
        && only.codes == 0
    {
        return Err(Error::new(
            ErrorKind::Usage,
            format!(
                "none of the {} values of the list can be an {} code",
                only.malformed,
                args.code_set.name()
            ),
        )
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
        let answers = store.timeline(args.code_set)?;
        let newest = answers
            .periods()
            .iter()
            .find(|period| period.release.edition() == side.edition());
        if let Some(period) = newest
            && period.release != side
        {
            context.say(&format!("note: {side} was corrected; {} answers in its place, and this report is of {side}\n", period.release))?;
        }
    }
    let style = context.style();
    let report = match format(args)? {
        ReportFormat::Text => {
            let mut style = style;
            style.colour &= args.output.is_none();
            changes::text(&found, style)
        }
        ReportFormat::Markdown => changes::markdown(&found, style),
        ReportFormat::Html => html::change_report(&found, context.today)?,
        ReportFormat::Csv => changes::csv(&found)?,
        ReportFormat::Json => json::changes(&found)?,
    };
    match &args.output {
        None => context.print(&report)?,
        Some(path) => {
            write_file(path, &report)?;
            context.say(&format!(
                "{} changes written to {}\n",
                found.changes.len(),
                path.display()
            ))?;
        }
    }
    Ok(Outcome::Good)
}

fn format(args: &DiffArgs) -> Result<ReportFormat> {
    let end = args
        .output
        .as_deref()
        .and_then(Path::extension)
        .map(|end| end.to_string_lossy().to_ascii_lowercase());
    Ok(match (args.format, end.as_deref()) {
        (Some(format), _) => format,
        (None, Some("html" | "htm")) => ReportFormat::Html,
        (None, Some("md" | "markdown")) => ReportFormat::Markdown,
        (None, Some("csv")) => ReportFormat::Csv,
        (None, Some("json")) => ReportFormat::Json,
        (None, Some("pdf" | "xlsx" | "xls" | "docx" | "doc" | "xml")) => {
            let path = args.output.clone().unwrap_or_default();
            return Err(Error::new(
                ErrorKind::Usage,
                "a report of this kind is not written; expected .html, .md, .csv, .json or .txt",
            )
            .in_file(path.display().to_string())
            .with_hint("write .html and print it, or .csv and open it as a table"));
        }
        (None, _) => ReportFormat::Text,
    })
}

/// Reads the user's codes. The file may be a claims file: only the named column is looked at, and
/// nothing of it is ever written but codes.
fn read_codes(path: &Path, column: Option<&str>) -> Result<Vec<String>> {
    let bytes = std::fs::read(path).map_err(|error| io_error("read", path, error))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let fail =
        |message: String| Error::new(ErrorKind::Usage, message).in_file(path.display().to_string());
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
    let mut index = 0;
    let mut codes = Vec::new();
    for (row, record) in reader.byte_records().enumerate() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(row as u64 + 1, csv::Position::line);
            fail("this line cannot be read as CSV".to_owned()).at_line(line)
        })?;
        if row == 0 {
            index = match (column, delimiter) {
                (None, None) => 0,
                (None, Some(_)) => {
                    return Err(
                        fail(format!("the file has {} columns", record.len())).with_hint(
                            "name the column with the codes with --code, by its name or its number",
                        ),
                    );
                }
                (Some(column), _) => {
                    let named = record.iter().position(|field| {
                        field.trim_ascii().eq_ignore_ascii_case(column.as_bytes())
                    });
                    let numbered = column
                        .parse::<usize>()
                        .ok()
                        .and_then(|number| number.checked_sub(1));
                    match (named, numbered) {
                        (Some(index), _) => index,
                        (None, Some(index)) if index < record.len() => index,
                        _ => {
                            return Err(fail(format!(
                                "the file has no column {column:?}; it has {} columns",
                                record.len()
                            ))
                            .with_hint(
                                "name a column as the first line has it, or give its number from 1",
                            ));
                        }
                    }
                }
            };
            // A header names the column and holds no code.
            let first = record.get(index).unwrap_or_default().trim_ascii();
            let is_header =
                column.is_some_and(|column| first.eq_ignore_ascii_case(column.as_bytes()));
            if is_header || is_heading(first) {
                continue;
            }
        }
        let Some(field) = record.get(index) else {
            continue;
        };
        let text = String::from_utf8_lossy(field).trim().to_owned();
        if !text.is_empty() {
            codes.push(text);
        }
    }
    if codes.is_empty() {
        return Err(fail("the file holds no codes".to_owned())
            .with_hint("write one code a line, or name a CSV column with --code"));
    }
    Ok(codes)
}

/// Tells whether a field is the usual heading of a column of codes: no code looks like `dx` and a number.
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
        || matches!(
            lower.as_slice(),
            b"codes"
                | b"icd10"
                | b"icd-10"
                | b"icd10cm"
                | b"icd_code"
                | b"diagnosis"
                | b"diagnoses"
                | b"procedure"
        )
}
