//! CSV and TSV: read, judged and written by as many threads as there are cores.

mod marks;
mod plain;
mod row;

use std::io::Read;

use super::audited::Audited;
use super::auditor::{AuditRules, Auditor};
use super::blocks::{Block, Blocks, Records, Work, run};
use super::columns::Columns;
use super::file_columns::refuse_claim_as_header;
use super::index::Index;
use super::input::refuse_other_text;
use super::options::{Annotated, TableOptions};
use super::rows::{RowAudit, RowOutput, header_of};
use super::tally::Tally;
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{DateFormat, UnknownDateFormat};
use plain::PlainRows;
use row::{any_rows, csv_reader};

/// The most rows that the form of dates is told from.
const MAX_SNIFFED: usize = 1000;

/// The most codes of which it is kept what is written of them, by all threads: some 60 MB.
const MAX_KEPT: usize = 256_000;

/// Audits a table with a header.
///
/// Each code gets the verdict of [`check`](codeyear_core::answer::check) on the row's own date. An annotated row is
/// the columns asked for, as they stand, and for each code its verdict, the release in force, the day and the
/// codes to use instead.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Usage`] if a column is not there or the form of the dates cannot be told,
/// [`codeyear_core::ErrorKind::Format`] if the file is no such table, with [`RowOptions::strict`](super::RowOptions::strict) if a row cannot be read,
/// [`codeyear_core::ErrorKind::Io`] if reading or writing fails. None of them holds a value of the file.
pub fn audit_delimited<'i, 'r>(
    index: &'i Index,
    input: Box<dyn Read + Send + 'r>,
    file: &str,
    options: &TableOptions,
    mut annotated: Annotated<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Audited<'i>> {
    let mut blocks = Blocks::new(input, file);
    let start = blocks.peek()?;
    refuse_other_text(start, file)?;
    let stated = stated_delimiter(start);
    if let Some((_, length)) = stated {
        blocks.skip(length);
    }
    let start = blocks.peek()?;
    let delimiter = options.delimiter.or(stated.map(|(delimiter, _)| delimiter));
    let delimiter = delimiter.unwrap_or_else(|| sniff_delimiter(start));
    let (names, length) = read_header(start, delimiter, file)?;
    let rows = start.get(length..).unwrap_or_default();
    let width = names.len();
    let mut columns = Columns::find(&options.columns, names, file)
        .map_err(|error| hint_at_title(error, width, rows, delimiter))?;
    let name = |at: usize| columns.names.get(at).map_or("", String::as_str);
    if columns.guessed.is_some() {
        // Nobody says that the first line is a header.
        let all = || columns.names.iter().map(String::as_str);
        refuse_claim_as_header(index, all(), all(), file)?;
    } else {
        let codes = columns.codes.iter().map(|code| name(code.at));
        refuse_claim_as_header(index, columns.date_columns().map(name), codes, file)?;
    }
    let (format, notes) = options.date_form(file, "rows", columns.date_names(), || {
        sniff_dates(rows, delimiter, &columns)
    })?;
    blocks.skip(length);
    blocks.set_records(Records::Quoted { delimiter });
    let rules = AuditRules {
        file,
        options: options.rows,
        are_rows: options.split.is_none(),
        writes: annotated.is_asked(),
    };
    // Of several files rows come to stand below one another.
    let written = match options.rows.names_files {
        true => b',',
        false => delimiter,
    };
    columns.copies_rows = written == delimiter;
    if rules.writes {
        let split = options.split.as_ref();
        annotated.write_header(&header_of(&columns, written, rules, split)?)?;
    }
    let threads = options.rows.thread_count();
    let split = options.split.as_ref();
    let work = |_| {
        let output = RowOutput::new(index, &columns, written, rules, split)?;
        let auditor = Auditor::new(index, rules);
        Ok(RowWork {
            delimiter,
            rows: RowAudit {
                columns: &columns,
                format,
                auditor: match split {
                    // What is written of each finding is kept, and the findings are not.
                    None => auditor.keeping(MAX_KEPT / threads),
                    Some(_) => auditor,
                },
                output,
                split,
            },
            plain: PlainRows::new(&columns, options),
        })
    };
    let workers = (0..threads)
        .map(work)
        .collect::<Result<Vec<RowWork<'_>>>>()?;
    let tally = run(blocks, workers, annotated, progress)?;
    Ok(Audited::of_table(index, file, tally, &columns, notes))
}

/// Reads the names of the columns of a table, of which the first part will do.
///
/// # Errors
/// As [`audit_delimited`]; also if any name is a code or a date.
pub(super) fn table_names(
    index: &Index,
    input: Box<dyn Read + Send + '_>,
    file: &str,
) -> Result<Vec<String>> {
    let mut blocks = Blocks::new(input, file);
    let stated = stated_delimiter(blocks.peek()?);
    if let Some((_, length)) = stated {
        blocks.skip(length);
    }
    let start = blocks.peek()?;
    let delimiter = stated.map_or_else(|| sniff_delimiter(start), |(delimiter, _)| delimiter);
    let (names, _) = read_header(start, delimiter, file)?;
    let all = || names.iter().map(String::as_str);
    refuse_claim_as_header(index, all(), all(), file)?;
    Ok(names)
}

/// The work of one thread.
struct RowWork<'w> {
    delimiter: u8,
    rows: RowAudit<'w>,
    plain: PlainRows,
}

impl Work for RowWork<'_> {
    fn work(&mut self, block: &Block, out: &mut Vec<u8>) -> Result<()> {
        if block.has_quotes || !has_plain_lines(&block.bytes) {
            any_rows(&mut self.rows, self.delimiter, block, out)
        } else {
            self.plain.work(block, self.delimiter, &mut self.rows, out)
        }
    }

    fn finish(self) -> Tally {
        self.rows.auditor.into_tally()
    }
}

/// Checks whether nothing but line feeds, perhaps after a carriage return, ends a line, and no byte is NUL.
fn has_plain_lines(bytes: &[u8]) -> bool {
    if memchr::memchr(0, bytes).is_some() {
        return false;
    }
    match memchr::memchr(b'\r', bytes) {
        None => true,
        Some(_) => {
            let returns = memchr::memchr_iter(b'\r', bytes).count();
            returns == memchr::memmem::find_iter(bytes, b"\r\n").count()
        }
    }
}

/// Reads the line by which spreadsheet programs state the delimiter (`sep=;`): the delimiter, and how long the line is.
fn stated_delimiter(start: &[u8]) -> Option<(u8, usize)> {
    let end = memchr::memchr(b'\n', start)?;
    let line = start.get(..end)?.trim_ascii();
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let line = line.strip_suffix(b"\"").unwrap_or(line);
    let (word, delimiter) = line.split_at_checked(4)?;
    match delimiter {
        [delimiter] if word.eq_ignore_ascii_case(b"sep=") => Some((*delimiter, end + 1)),
        _ => None,
    }
}

/// Adds to an error that the first line may be a title, where it has fewer fields than the rows below it.
fn hint_at_title(error: Error, width: usize, rows: &[u8], delimiter: u8) -> Error {
    let mut record = csv::ByteRecord::new();
    let is_read = csv_reader(rows, delimiter).read_byte_record(&mut record);
    match is_read {
        Ok(true) if record.len() > width => error.with_hint(format!(
            "the first line has {width} of the {} fields of the line below it: is it a title? remove it, so that the column names come first",
            record.len()
        )),
        _ => error,
    }
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

/// Reads the header, and gives the names and its length in bytes.
fn read_header(start: &[u8], delimiter: u8, file: &str) -> Result<(Vec<String>, usize)> {
    let mut reader = csv_reader(start, delimiter);
    let mut record = csv::ByteRecord::new();
    let fail = |message: &str| {
        Error::format(message)
            .in_file(file)
            .at_line(1)
            .with_hint("the first line has to be the column names, as UTF-8 text")
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

/// Recognises the form of the dates from the first rows.
fn sniff_dates(
    rows: &[u8],
    delimiter: u8,
    columns: &Columns,
) -> std::result::Result<DateFormat, UnknownDateFormat> {
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
    let values = values.iter().map(Vec::as_slice);
    DateFormat::sniff(values.filter(|value| !columns.nulls.are(value)))
}
