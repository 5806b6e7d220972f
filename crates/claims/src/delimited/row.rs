//! One block of rows after another: fields found, codes judged, rows written.

use super::RowOptions;
use super::plain::{FastPath, RowBatch};
use super::suffix::{COLUMNS, Suffixes};
use super::{csv_reader, threads};
use crate::Index;
use crate::auditor::{Auditor, Day};
use crate::blocks::{Block, Work};
use crate::claim::{ClaimPlace, ClaimProblem, ProblemKind};
use crate::columns::{Columns, Fields, cents};
use crate::day::DateFormat;
use crate::tally::Tally;
use codeyear_core::error::{Error, Result};

/// The most codes of which it is kept what is written of them, by all threads: some 60 MB.
const MAX_KEPT: usize = 256_000;

/// The work of one thread.
pub(super) struct RowWork<'w> {
    pub(super) columns: &'w Columns,
    pub(super) format: DateFormat,
    pub(super) delimiter: u8,
    file: &'w str,
    pub(super) options: RowOptions,
    pub(super) writes: bool,
    pub(super) judge: Auditor<'w>,
    pub(super) suffixes: Suffixes,
    pub(super) fast_path: Option<FastPath>,
    pub(super) waiting: RowBatch,
}

/// Whether any code of a row fails, or why the row cannot be read.
type CodesOf = std::result::Result<bool, (Option<usize>, ProblemKind)>;

impl Fields for csv::ByteRecord {
    fn field(&self, at: usize) -> &[u8] {
        self.get(at).unwrap_or_default()
    }
}

impl Work for RowWork<'_> {
    fn work(&mut self, block: &Block, out: &mut Vec<u8>) -> Result<()> {
        if block.has_quotes || !has_plain_lines(&block.bytes) {
            self.any_rows(block, out)
        } else {
            self.plain_rows(block, out)
        }
    }

    fn finish(self) -> Tally {
        self.judge.into_tally()
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

/// Returns how many lines a record stands below the first one. The library's place of a record is before the
/// blank lines that it passes by.
fn line_of(bytes: &[u8], position: &csv::Position) -> u64 {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = bytes.get(start..).unwrap_or_default();
    let blank = rest.iter().take_while(|byte| b"\r\n".contains(byte));
    position.line() - 1 + blank.filter(|byte| **byte == b'\n').count() as u64
}

impl<'w> RowWork<'w> {
    pub(super) fn new(
        index: &'w Index,
        columns: &'w Columns,
        format: DateFormat,
        delimiter: u8,
        file: &'w str,
        options: RowOptions,
        writes: bool,
    ) -> Result<RowWork<'w>> {
        let most_kept = MAX_KEPT / threads(options.threads);
        Ok(RowWork {
            columns,
            format,
            delimiter,
            file,
            options,
            writes,
            judge: Auditor::new(index, options.purpose(writes)).keeping(most_kept),
            suffixes: Suffixes::new(index, delimiter, !options.plain_codes)?,
            fast_path: FastPath::of(columns, options.purpose(writes)),
            waiting: RowBatch::default(),
        })
    }

    /// Returns the header of the annotated file.
    pub(super) fn header(&self) -> Result<Vec<u8>> {
        let mut names: Vec<String> = Vec::new();
        if self.options.only_failures {
            names.push("line".to_owned());
        }
        let kept = self.columns.kept.iter();
        names.extend(kept.filter_map(|at| self.columns.names.get(*at).cloned()));
        let many = self.columns.codes.len() > 1;
        for code in &self.columns.codes {
            names.extend(COLUMNS.map(|column| {
                if many {
                    format!("{}_{column}", code.name)
                } else {
                    column.to_owned()
                }
            }));
        }
        let mut header = Vec::new();
        self.write_quoted(names.iter().map(String::as_bytes), &mut header)?;
        header.push(b'\n');
        Ok(header)
    }

    /// Rows of a block with quotes, or with other oddities.
    fn any_rows(&mut self, block: &Block, out: &mut Vec<u8>) -> Result<()> {
        let mut reader = csv_reader(&block.bytes, self.delimiter);
        let mut record = csv::ByteRecord::new();
        loop {
            let more = reader.read_byte_record(&mut record).map_err(|error| {
                Error::format(format!("a row cannot be read: {error}"))
                    .in_file(self.file)
                    .with_hint("is this a table?")
            })?;
            if !more {
                return Ok(());
            }
            let position = record.position();
            let line = block.first_line + position.map_or(0, |at| line_of(&block.bytes, at));
            let is_last = reader.position().byte() >= block.bytes.len() as u64;
            if is_last && block.open_quote {
                self.judge.tally_mut().count_rows(1);
                self.problem(line, ProblemKind::OpenQuote, out)?;
                continue;
            }
            if record.iter().any(|field| field.contains(&0)) {
                self.judge.tally_mut().count_rows(1);
                self.problem(line, ProblemKind::Nul, out)?;
                continue;
            }
            self.row(&record, record.len(), line, out, |work, out| {
                let kept = work.columns.kept.iter();
                work.write_quoted(kept.map(|column| record.field(*column)), out)
            })?;
        }
    }

    /// Judges a row and writes it; `kept` writes the columns asked for.
    pub(super) fn row<F: Fields>(
        &mut self,
        fields: &F,
        count: usize,
        line: u64,
        out: &mut Vec<u8>,
        kept: impl FnOnce(&Self, &mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        self.judge.tally_mut().count_rows(1);
        if count != self.columns.count {
            let kind = ProblemKind::Ragged {
                expected: self.columns.count,
                found: count,
            };
            return self.problem(line, kind, out);
        }
        let start = out.len();
        if self.writes {
            self.write_line_number(line, out);
            kept(self, out)?;
        }
        let written = out.len();
        match self.codes_of(fields, line, out)? {
            Ok(fails) => self.end_row(fails, start, out),
            Err((column, kind)) => {
                out.truncate(written);
                let value = column.map(|at| fields.field(at));
                self.report(line, column, value, kind.clone())?;
                if self.writes {
                    for _ in 0..self.columns.codes.len() {
                        out.extend(self.suffixes.unreadable(&kind)?);
                    }
                    self.end_row(true, start, out);
                }
            }
        }
        Ok(())
    }

    /// Judges the codes of a row and writes what is found of each; tells whether any fails, or why the row
    /// cannot be read.
    fn codes_of<F: Fields>(&mut self, fields: &F, line: u64, out: &mut Vec<u8>) -> Result<CodesOf> {
        let columns = self.columns;
        let day = if columns.has_one_date() {
            // The day is looked up when a code is; only what is no date at all is told here.
            let text = columns
                .dates
                .first()
                .map_or(&[][..], |at| fields.field(*at));
            match self.format.parts(text) {
                Some((year, month, day)) => Ok(Day { year, month, day }),
                None => columns.day(fields, self.format),
            }
        } else {
            columns.day(fields, self.format)
        };
        let cents = match self.columns.amount {
            Some(at) if !fields.field(at).trim_ascii().is_empty() => {
                let read = cents(fields.field(at));
                if read.is_none() {
                    let kind = ProblemKind::Malformed("no amount in dollars".to_owned());
                    self.report(line, Some(at), Some(fields.field(at)), kind)?;
                }
                read
            }
            _ => None,
        };
        // Of several columns it takes a closer look which one.
        let date_column = columns
            .dates
            .first()
            .copied()
            .filter(|_| columns.has_one_date());
        let mut fails = false;
        for code in &columns.codes {
            let text = fields.field(code.at);
            let judged = if text.trim_ascii().is_empty() {
                None
            } else {
                // A row without codes needs no date.
                let day = match &day {
                    Ok(day) => *day,
                    Err(kind) => return Ok(Err((date_column, kind.clone()))),
                };
                if !text.is_ascii() && std::str::from_utf8(text).is_err() {
                    return Ok(Err((Some(code.at), ProblemKind::NotUtf8)));
                }
                let system = columns.system(code, fields);
                match self.judge.judge(system, text, day, cents)? {
                    Some(judged) => Some(judged),
                    None => {
                        let expected = self.format.pattern();
                        return Ok(Err((date_column, ProblemKind::BadDate { expected })));
                    }
                }
            };
            fails |= judged.is_some_and(|judged| self.judge.fails(judged));
            if self.writes {
                self.suffixes.write(judged, &mut self.judge, out)?;
            }
        }
        Ok(Ok(fails))
    }

    /// Reports a row of which not even the columns can be told, and writes that.
    fn problem(&mut self, line: u64, kind: ProblemKind, out: &mut Vec<u8>) -> Result<()> {
        self.report(line, None, None, kind.clone())?;
        if self.writes {
            let start = out.len();
            self.write_line_number(line, out);
            for _ in 1..self.columns.kept.len() {
                out.push(self.delimiter);
            }
            for _ in 0..self.columns.codes.len() {
                out.extend(self.suffixes.unreadable(&kind)?);
            }
            self.end_row(true, start, out);
        }
        Ok(())
    }

    /// Counts what cannot be read; with `strict` it ends the audit.
    fn report(
        &mut self,
        line: u64,
        column: Option<usize>,
        value: Option<&[u8]>,
        kind: ProblemKind,
    ) -> Result<()> {
        let problem = ClaimProblem {
            place: ClaimPlace::Line(line),
            field: column.and_then(|at| self.columns.names.get(at).cloned()),
            kind,
            value: value
                .filter(|_| self.options.show_values)
                .map(|value| String::from_utf8_lossy(value).into_owned()),
        };
        if self.options.strict {
            return Err(Error::format(problem.to_string())
                .in_file(self.file)
                .at_line(line)
                .with_hint(
                    "without --strict such rows are reported and counted, and the rest is judged",
                ));
        }
        self.judge.tally_mut().problem(problem);
        Ok(())
    }

    fn write_line_number(&self, line: u64, out: &mut Vec<u8>) {
        if self.options.only_failures {
            out.extend_from_slice(line.to_string().as_bytes());
            out.push(self.delimiter);
        }
    }

    fn end_row(&self, fails: bool, start: usize, out: &mut Vec<u8>) {
        if !self.writes {
            return;
        }
        if self.options.only_failures && !fails {
            out.truncate(start);
        } else {
            out.push(b'\n');
        }
    }

    fn write_quoted<'f>(
        &self,
        fields: impl Iterator<Item = &'f [u8]>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let start = out.len();
        let mut writer = csv::WriterBuilder::new()
            .delimiter(self.delimiter)
            .from_writer(&mut *out);
        let written = writer
            .write_record(fields)
            .and_then(|()| Ok(writer.flush()?));
        drop(writer);
        written.map_err(|error| {
            Error::io(format!("a row cannot be written: {error}"))
                .with_hint("this is a defect of codeyear")
        })?;
        if out.len() > start {
            out.pop();
        }
        Ok(())
    }
}
