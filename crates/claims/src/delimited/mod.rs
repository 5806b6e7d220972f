//! CSV and TSV: read, judged and written by as many threads as there are cores.

mod marks;
mod plain;
mod row;
mod suffix;

use std::io::{Read, Write};

use super::auditor::Purpose;
use super::blocks::{Blocks, Records, run};
use super::columns::{Columns, ColumnsAsked};
use super::day::{DateFormat, Undetermined};
use super::index::Index;
use super::tally::{AuditSummary, Tally};
use codeyear_core::error::{Error, Result};
use codeyear_core::model::CodeSet;
use row::RowWork;
pub(super) use suffix::{COLUMNS, NOT_JUDGED, UNREADABLE, cells};

/// The most rows that the form of dates is told from.
const MAX_SNIFFED: usize = 1000;

/// How a table of claims is audited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableOptions {
    /// Which columns hold what.
    pub columns: ColumnsAsked,
    /// How dates are written; told from the file if not stated.
    pub date_format: Option<DateFormat>,
    /// What stands between fields; told from the header if not stated.
    pub delimiter: Option<u8>,
    /// How rows are judged and written.
    pub rows: RowOptions,
}

/// How rows are judged and written, whatever the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowOptions {
    /// Write only rows with a code that is not billable, or that cannot be read.
    pub only_failures: bool,
    /// End at the first row that cannot be read.
    pub strict: bool,
    /// Write codes without dots.
    pub plain_codes: bool,
    /// Keep the values that cannot be read beside their places: they are a patient's.
    pub show_values: bool,
    /// Count each code instead of judging it: what [`infer`](super::infer) goes by.
    pub count_codes: bool,
    /// Use this many threads; 0 for as many as there are cores.
    pub threads: usize,
}

impl RowOptions {
    /// Returns what is done with codes; `writes` if rows are written.
    pub(super) fn purpose(&self, writes: bool) -> Purpose {
        match (self.count_codes, writes) {
            (true, _) => Purpose::Census,
            (false, true) => Purpose::Write,
            (false, false) => Purpose::Count,
        }
    }
}

/// Where the annotated rows go.
pub enum Annotated<'o> {
    /// Nowhere: only the summary is asked for.
    No,
    /// Here.
    To(&'o mut dyn Write),
}

/// Audits a table with a header.
///
/// Each code gets the verdict of [`check`](codeyear_core::answer::check) on the row's own date. An annotated row is
/// the columns asked for, as they stand, and for each code its verdict, the release in force, the day and the
/// codes to use instead.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Usage`] if a column is not there or the form of the dates cannot be told,
/// [`codeyear_core::ErrorKind::Format`] if the file is no such table, with [`RowOptions::strict`] if a row cannot be read,
/// [`codeyear_core::ErrorKind::Io`] if reading or writing fails. None of them holds a value of the file.
pub fn audit_delimited<'r>(
    index: &Index,
    input: Box<dyn Read + Send + 'r>,
    file: &str,
    options: &TableOptions,
    annotated: Annotated<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<AuditSummary> {
    let mut blocks = Blocks::new(input, file);
    let mut notes = Vec::new();
    let start = blocks.peek()?;
    refuse_other_text(start, file)?;
    let delimiter = match options.delimiter {
        Some(delimiter) => delimiter,
        None => sniff_delimiter(start),
    };
    let (names, length) = read_header(start, delimiter, file)?;
    let columns = Columns::find(&options.columns, names, file)?;
    refuse_data_as_header(index, &columns, file)?;
    let format = match options.date_format {
        Some(format) => format,
        None if columns.on.is_some() => DateFormat::Iso,
        None => {
            let format = sniff_dates(
                start.get(length..).unwrap_or_default(),
                delimiter,
                &columns,
                file,
            )?;
            notes.push(format!(
                "dates are read as {format}, as the first rows have them"
            ));
            format
        }
    };
    blocks.skip(length);
    blocks.set_records(Records::Quoted { delimiter });
    let writes = matches!(annotated, Annotated::To(_));
    let work = |_| {
        RowWork::new(
            index,
            &columns,
            format,
            delimiter,
            file,
            options.rows,
            writes,
        )
    };
    let mut nowhere = std::io::sink();
    let out: &mut dyn Write = match annotated {
        Annotated::No => &mut nowhere,
        Annotated::To(out) => {
            let header = work(0)?.header()?;
            out.write_all(&header).map_err(|error| {
                Error::io(format!("cannot write the output: {error}"))
                    .with_hint("check where the output goes, and try again")
                    .caused_by(error)
            })?;
            out
        }
    };
    let workers = (0..threads(options.rows.threads))
        .map(work)
        .collect::<Result<Vec<RowWork<'_>>>>()?;
    let tally = run(blocks, workers, out, progress)?;
    let mut summary = tally
        .unwrap_or_else(|| Tally::new(index))
        .into_summary(index)?;
    summary.notes.extend(notes);
    summary.has_amounts = columns.amount.is_some();
    Ok(summary)
}

pub(super) fn threads(asked: usize) -> usize {
    match asked {
        0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        asked => asked,
    }
}

/// Refuses what is no text in UTF-8 or a code page that agrees with it in ASCII.
pub(super) fn refuse_other_text(start: &[u8], file: &str) -> Result<()> {
    let fail =
        |message: &str, hint: &str| Err(Error::format(message).in_file(file).with_hint(hint));
    if start.iter().all(u8::is_ascii_whitespace) {
        return fail(
            "the file is empty",
            "expected a header and a row for each claim",
        );
    }
    if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        return fail("the file is in UTF-16", "save it as UTF-8 and try again");
    }
    Ok(())
}

/// Recognises the delimiter from the header: the one that stands there most often outside quotes.
pub(super) fn sniff_delimiter(start: &[u8]) -> u8 {
    let mut counts = [(b',', 0u32), (b'\t', 0), (b';', 0), (b'|', 0)];
    let mut quoted = false;
    for byte in start {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            _ => {
                for (delimiter, count) in &mut counts {
                    *count += u32::from(delimiter == byte);
                }
            }
        }
    }
    let most = counts.iter().rev().max_by_key(|(_, count)| *count);
    most.map_or(b',', |(delimiter, _)| *delimiter)
}

pub(super) fn csv_reader(bytes: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(bytes)
}

/// Reads the header, and gives the names and its length in bytes.
fn read_header(start: &[u8], delimiter: u8, file: &str) -> Result<(Vec<String>, usize)> {
    let mut reader = csv_reader(start, delimiter);
    let mut record = csv::ByteRecord::new();
    let fail = |message: &str| {
        Error::format(message)
            .in_file(file)
            .at_line(1)
            .with_hint("the first line has to hold the names of the columns, as UTF-8 text")
    };
    reader
        .read_byte_record(&mut record)
        .map_err(|_| fail("the header cannot be read"))?;
    let mut names = Vec::new();
    for name in &record {
        let name = std::str::from_utf8(name).map_err(|_| fail("the header is not UTF-8 text"))?;
        if name.contains('\0') {
            return Err(fail("the header holds a NUL byte"));
        }
        names.push(name.trim().to_owned());
    }
    let length = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
    // The reader stands behind the carriage return of a line that ends in both.
    let line_feed = start.get(length - usize::from(length > 0)) == Some(&b'\r')
        && start.get(length) == Some(&b'\n');
    Ok((names, length + usize::from(line_feed)))
}

/// Refuses a first line that is a claim: taken for the header it would be judged by nobody.
fn refuse_data_as_header(index: &Index, columns: &Columns, file: &str) -> Result<()> {
    let name = |at: usize| {
        columns
            .names
            .get(at)
            .map_or(&[][..], |name| name.as_bytes())
    };
    let is_date = |at: usize| {
        DateFormat::ALL
            .into_iter()
            .any(|format| format.read(name(at)).is_some())
    };
    let is_code = |at: usize| {
        CodeSet::ALL
            .into_iter()
            .any(|code_set| index.set(code_set).find(name(at)).is_some())
    };
    if columns.date_columns().any(is_date) || columns.codes.iter().any(|code| is_code(code.at)) {
        return Err(Error::format("the first line is a claim and no header")
            .in_file(file)
            .at_line(1)
            .with_hint("put a line with the names of the columns before it"));
    }
    Ok(())
}

/// Recognises the form of the dates from the first rows.
fn sniff_dates(rows: &[u8], delimiter: u8, columns: &Columns, file: &str) -> Result<DateFormat> {
    let mut reader = csv_reader(rows, delimiter);
    let mut values: Vec<Vec<u8>> = Vec::new();
    let mut record = csv::ByteRecord::new();
    for _ in 0..MAX_SNIFFED {
        if !reader.read_byte_record(&mut record).unwrap_or(false) {
            break;
        }
        let dates = columns.date_columns().filter_map(|at| record.get(at));
        values.extend(dates.map(<[u8]>::to_vec));
    }
    told(DateFormat::sniff(values.iter().map(Vec::as_slice)), file)
}

/// Returns what to do where the form of the dates cannot be told.
pub(super) fn told(sniffed: Result<DateFormat, Undetermined>, file: &str) -> Result<DateFormat> {
    let (message, hint) = match sniffed {
        Ok(format) => return Ok(format),
        // No row will need it.
        Err(Undetermined::Empty) => return Ok(DateFormat::Iso),
        Err(Undetermined::NoForm) => (
            "the first rows hold no date of a known form",
            "dates may be YYYY-MM-DD, MM/DD/YYYY or YYYYMMDD; is it the right column? --date-format states the form",
        ),
        Err(Undetermined::DayFirst) => (
            "some dates are days only if the day stands before the month",
            "DD/MM/YYYY is not read: write dates as YYYY-MM-DD, or state --date-format us to have such rows reported",
        ),
    };
    Err(Error::usage(message).in_file(file).with_hint(hint))
}
