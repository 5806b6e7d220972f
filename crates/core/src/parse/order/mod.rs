//! The order file of ICD-10-CM and ICD-10-PCS: one row for every header and code, in tabular order.
//!
//! Layout (columns counted from 1; `icd10OrderFiles.pdf` in the official archives): 1-5 order
//! number, zero-filled; 6 blank; 7-13 code, left-justified; 14 blank; 15 flag, `0` header or `1`
//! billable; 16 blank; 17-76 short title, blank-padded; 77 blank; 78 to the end long title. Titles
//! may hold double blanks and the short one a leading blank, so rows are cut by column and kept
//! verbatim.
//!
//! The same rows come in other bytes when a file went through an editor or another system: with LF, a
//! byte order mark, blank lines at the end, or without the last line's end. They are read, and what
//! stands around the rows is kept as an [`Envelope`], so that the file is written back byte for byte.

mod envelope;

use std::collections::HashSet;
use std::io::Write;
use std::ops::Range;

use crate::error::{Error, Result};
use crate::model::{Code, CodeHash, CodeSet, RowRef, ValidDays};
use crate::parse::refusal::{broken, not_utf8, shown};

pub use envelope::{Envelope, LineEnding, Numbering};
use envelope::{LAST_OF_FIVE, LAST_OF_SIX};

/// The first byte of the long title.
const LONG_TITLE: usize = 77;

/// A row, with its titles as ranges of the file's text.
#[derive(Debug, Clone)]
pub struct OrderRow {
    /// The code.
    pub code: Code,
    /// Flag 1.
    pub billable: bool,
    /// The days that it is valid on, in the files of sets whose rows name them.
    pub days: Option<ValidDays>,
    short_title: Range<u32>,
    long_title: Range<u32>,
}

impl OrderRow {
    /// Makes a row of a file without flags, with the places of its titles in the text.
    #[cfg(feature = "toy")]
    pub(super) fn new(
        code: Code,
        days: Option<ValidDays>,
        short_title: Range<usize>,
        long_title: Range<usize>,
    ) -> Result<OrderRow> {
        Ok(OrderRow {
            code,
            billable: true,
            days,
            short_title: offset(short_title.start)?..offset(short_title.end)?,
            long_title: offset(long_title.start)?..offset(long_title.end)?,
        })
    }
}

/// A parsed order file.
#[derive(Debug, Clone)]
pub struct OrderFile {
    text: String,
    rows: Vec<OrderRow>,
    envelope: Envelope,
}

/// The most bytes that are read after the last row.
const LONGEST_TAIL: usize = 4096;

impl OrderFile {
    /// Parses an order file of a code set.
    ///
    /// A file without an end of its last line is read: whether it is whole is for the caller to say, by
    /// [`Envelope::ends_without_line_end`] or by rows that are known.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Format`] with line and column for whatever the layout does not allow: a gap in the
    /// order numbers, a duplicate code, a flag other than 0 or 1, bad UTF-8, a shifted column.
    pub fn parse(code_set: CodeSet, bytes: Vec<u8>) -> Result<OrderFile> {
        let text = String::from_utf8(bytes)
            .map_err(|error| not_utf8(error.as_bytes(), error.utf8_error()))?;
        let byte_order_mark = text.starts_with('\u{feff}');
        let first = if byte_order_mark {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        let (body, tail) = split_tail(text.get(first..).unwrap_or_default());
        if body.trim().is_empty() {
            return Err(Error::format("expected an order file, found an empty file"));
        }
        if tail.len() > LONGEST_TAIL {
            return Err(broken(
                body.matches('\n').count() + 2,
                1,
                format!("expected the end of the file, found more than {LONGEST_TAIL} blanks"),
            ));
        }
        // A file of one line without an end has none that could differ.
        let line_ending = match text.find('\n') {
            Some(at) if at > 0 && text.as_bytes().get(at - 1) == Some(&b'\r') => LineEnding::Crlf,
            Some(_) => LineEnding::Lf,
            None => LineEnding::Crlf,
        };
        let mut envelope = Envelope {
            byte_order_mark,
            line_ending,
            tail: tail.to_owned(),
            numbering: Numbering::FiveColumns,
        };
        // The shortest line of an official file is longer than 100 bytes.
        let mut rows = Vec::with_capacity(body.len() / 128);
        let mut seen = HashSet::with_capacity_and_hasher(body.len() / 128, CodeHash::default());
        let mut start = first;
        for (index, line) in body.split('\n').enumerate() {
            let number = index + 1;
            // The last row ends with the tail, in which the bytes of its line end are the first.
            let is_last = start + line.len() == first + body.len();
            let is_crlf = match is_last {
                true if envelope.ends_without_line_end() => line_ending == LineEnding::Crlf,
                true => tail.starts_with("\r\n"),
                false => line.as_bytes().last() == Some(&b'\r'),
            };
            let content = match (line_ending, is_crlf) {
                (LineEnding::Crlf, true) if is_last => line,
                (LineEnding::Crlf, true) => line.get(..line.len() - 1).unwrap_or(line),
                (LineEnding::Crlf, false) => {
                    return Err(broken(
                        number,
                        line.len() + 1,
                        "expected CR LF at the end of the line, as in the lines before it, found LF alone",
                    ));
                }
                (LineEnding::Lf, false) => line,
                (LineEnding::Lf, true) => {
                    return Err(broken(
                        number,
                        line.len(),
                        "expected LF at the end of the line, as in the lines before it, found CR LF",
                    ));
                }
            };
            if number == LAST_OF_FIVE + 1 {
                envelope.numbering = numbering_of(content, number)?;
            }
            let row = parse_line(code_set, content, number, start, envelope.numbering)?;
            if !seen.insert(row.code) {
                return Err(broken(
                    number,
                    7,
                    format!("code {} is listed twice", row.code.as_str()),
                ));
            }
            rows.push(row);
            start += line.len() + 1;
        }
        Ok(OrderFile {
            text,
            rows,
            envelope,
        })
    }

    /// Makes a file of a set of another format from its text, its rows and what stands around them.
    #[cfg(feature = "toy")]
    pub(super) fn from_parts(text: String, rows: Vec<OrderRow>, envelope: Envelope) -> OrderFile {
        OrderFile {
            text,
            rows,
            envelope,
        }
    }

    /// Returns what stands around the rows.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Returns the rows in tabular order.
    pub fn rows(&self) -> &[OrderRow] {
        &self.rows
    }

    /// Returns a row with its titles.
    pub fn row(&self, row: &OrderRow) -> RowRef<'_> {
        RowRef {
            code: row.code,
            billable: row.billable,
            days: row.days,
            short_title: self.short_title(row),
            long_title: self.long_title(row),
        }
    }

    /// Returns the short title of a row: without its padding, with a leading blank if it has one.
    pub fn short_title(&self, row: &OrderRow) -> &str {
        self.slice(&row.short_title)
    }

    /// Returns the long title of a row, verbatim: two official ICD-10-PCS files have one with a trailing blank.
    pub fn long_title(&self, row: &OrderRow) -> &str {
        self.slice(&row.long_title)
    }

    fn slice(&self, range: &Range<u32>) -> &str {
        self.text
            .get(range.start as usize..range.end as usize)
            .unwrap_or_default()
    }

    /// Counts the rows with flag 1.
    pub fn billable(&self) -> u64 {
        self.rows.iter().filter(|row| row.billable).count() as u64
    }
}

/// Checks whether the first lines have the columns of an order file, and of which code set:
/// ICD-10-PCS has codes of 3 and 7 characters only, ICD-10-CM has those between as well.
pub(crate) fn looks_like_order(text: &str) -> Option<CodeSet> {
    let mut lines = text.lines().filter(|line| !line.is_empty());
    let code = |line| order_code(CodeSet::Icd10Pcs, line);
    let first = code(lines.next()?)?;
    let mut codes = std::iter::once(first).chain(lines.map_while(code));
    if codes.all(|code| CodeSet::Icd10Pcs.accepts(&code)) {
        Some(CodeSet::Icd10Pcs)
    } else {
        Some(CodeSet::Icd10Cm)
    }
}

fn order_code(code_set: CodeSet, line: &str) -> Option<Code> {
    let bytes = line.as_bytes();
    let number = bytes.get(..5)?;
    let blank = |at: usize| bytes.get(at) == Some(&b' ');
    if number.iter().all(u8::is_ascii_digit) && blank(5) && blank(13) && blank(15) {
        Code::from_padded(code_set, bytes.get(6..13)?)
    } else {
        None
    }
}

/// Splits a text into its rows, without the end of the last, and all that follows them: blanks and line
/// ends. A blank directly behind the last long title belongs to it.
fn split_tail(text: &str) -> (&str, &str) {
    let end = text.trim_end_matches([' ', '\t', '\r', '\n']).len();
    let rest = text.get(end..).unwrap_or_default();
    let blanks = match rest.find('\n') {
        Some(at) => rest.get(..at).unwrap_or_default(),
        None => rest,
    };
    let title_end = end + blanks.strip_suffix('\r').unwrap_or(blanks).len();
    text.split_at_checked(title_end).unwrap_or((text, ""))
}

/// Returns the numbering of the rows after the 99,999th, by the first of them.
fn numbering_of(line: &str, number: usize) -> Result<Numbering> {
    let bytes = line.as_bytes();
    let is_blank = |column: usize| bytes.get(column - 1) == Some(&b' ');
    // The blanks of the other columns tell six digits from five and a code without a blank before it.
    if bytes.starts_with(b"100000 ") && [15, 17].into_iter().all(is_blank) {
        return Ok(Numbering::SixDigits);
    }
    match bytes.get(..6) {
        Some(b"00000 ") => Ok(Numbering::AgainFromZero),
        Some(b"00001 ") => Ok(Numbering::AgainFromOne),
        found => Err(broken(
            number,
            1,
            format!(
                "the order number has five columns and ends at 99999; this row is number {number}, and it is read only if \
                 it and all that follow have six digits and are shifted by one column, or are numbered from 00000 or 00001 again; found {}",
                shown(found.unwrap_or(bytes))
            ),
        )
        .with_hint("the layout of this file is new: report it")),
    }
}

fn parse_line(
    code_set: CodeSet,
    line: &str,
    number: usize,
    start: usize,
    numbering: Numbering,
) -> Result<OrderRow> {
    let is_shifted = numbering == Numbering::SixDigits && number > LAST_OF_FIVE;
    // Where all is shifted by one column, the columns are counted from the second one.
    let shift = usize::from(is_shifted);
    let broken =
        |number: usize, column: usize, message: String| broken(number, column + shift, message);
    let digits = line.as_bytes().get(..5 + shift).unwrap_or_default();
    let Some(line) = line.get(shift..) else {
        return Err(broken(number, 1, "expected an order number".to_owned()));
    };
    let start = start + shift;
    let bytes = line.as_bytes();
    if bytes.len() <= LONG_TITLE {
        return Err(broken(
            number,
            bytes.len() + 1,
            format!(
                "expected a row of at least {} columns (order number, code, flag, short title, long title), found {}",
                LONG_TITLE + 1,
                bytes.len()
            ),
        )
        .with_hint("the file is cut off, or it is not an order file"));
    }
    let field = |range: Range<usize>| bytes.get(range).unwrap_or_default();
    for column in [6usize, 14, 16, 77] {
        let found = field(column - 1..column);
        if found != b" " {
            return Err(broken(
                number,
                column,
                format!(
                    "column {} must be blank, found {}",
                    column + shift,
                    shown(found)
                ),
            )
            .with_hint("the columns of this line are shifted"));
        }
    }
    if digits.iter().any(|b| !b.is_ascii_digit()) {
        return Err(broken(
            number,
            1,
            format!(
                "columns 1-{} must be the order number, {} digits, found {}",
                5 + shift,
                if is_shifted { "six" } else { "five" },
                shown(digits)
            ),
        ));
    }
    let order = digits
        .iter()
        .fold(0u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    let expected = numbering.order_number(number as u64);
    if order != expected {
        return Err(broken(
            number,
            1,
            format!(
                "expected order number {expected:05}, found {order:05}: the order numbers have a gap"
            ),
        )
        .with_hint("rows are missing or repeated; download the file again"));
    }
    if is_shifted && number > LAST_OF_SIX {
        return Err(broken(
            number,
            1,
            format!("expected at most {LAST_OF_SIX} rows, found more"),
        ));
    }
    let padded = field(6..13);
    let code = Code::from_padded(code_set, padded)
        .filter(|code| code_set.accepts(code))
        .ok_or_else(|| {
            broken(
                number,
                7,
                format!(
                    "columns {}-{} must be an {} code, left-justified, found {}",
                    7 + shift,
                    13 + shift,
                    code_set.name(),
                    shown(padded)
                ),
            )
        })?;
    let billable = match field(14..15) {
        b"0" => false,
        b"1" => true,
        other => {
            return Err(broken(
                number,
                15,
                format!(
                    "column {} must be 0 (header) or 1 (billable), found {}",
                    15 + shift,
                    shown(other)
                ),
            ));
        }
    };
    let title = |range: Range<usize>, what: &str, is_padded: bool| -> Result<Range<u32>> {
        let column = range.start + 1;
        let text = line.get(range.clone()).ok_or_else(|| {
            broken(
                number,
                column,
                format!("the {what} is cut within a character"),
            )
        })?;
        let is_title = |byte: &u8| *byte != b' ';
        let length = text.as_bytes().iter().rposition(is_title);
        let trimmed = text.get(..length.map_or(0, |at| at + 1)).unwrap_or(text);
        if trimmed.is_empty() {
            return Err(broken(
                number,
                column,
                format!("expected a {what}, found blanks"),
            ));
        }
        // Only the short title is padded.
        let kept = if is_padded { trimmed } else { text };
        if let Some(at) = first_control(kept) {
            return Err(broken(
                number,
                column + at,
                format!("the {what} holds a control character"),
            ));
        }
        let from = start + range.start;
        Ok(offset(from)?..offset(from + kept.len())?)
    };
    let short_title = title(16..76, "short title", true)?;
    let long_title = title(LONG_TITLE..bytes.len(), "long title", false)?;
    Ok(OrderRow {
        code,
        billable,
        days: None,
        short_title,
        long_title,
    })
}

/// Returns where the first control character of a text is.
fn first_control(text: &str) -> Option<usize> {
    // Those beyond ASCII begin with this byte; nearly no title has one of these.
    let may_be = |byte: u8| byte < b' ' || byte == 0x7f || byte == 0xc2;
    // Without an end in the middle the loop takes many bytes at once.
    match text.bytes().fold(false, |found, byte| found | may_be(byte)) {
        true => text.find(char::is_control),
        false => None,
    }
}

fn offset(at: usize) -> Result<u32> {
    u32::try_from(at).map_err(|_| Error::format("the file is larger than 4 GiB"))
}

/// Writes one row as the official order file has it, without the line's end. `position` counts from 1.
///
/// # Errors
/// Whatever the writer reports.
pub fn write_row(
    out: &mut (impl Write + ?Sized),
    numbering: Numbering,
    position: u64,
    row: &RowRef<'_>,
) -> std::io::Result<()> {
    let RowRef {
        code,
        billable,
        short_title,
        long_title,
        ..
    } = *row;
    // The columns are counted in bytes, so a title with an accent is padded with fewer blanks.
    let padding = 60usize.saturating_sub(short_title.len());
    write!(
        out,
        "{:05} {:<7} {} {short_title}{:padding$} {long_title}",
        numbering.order_number(position),
        code.as_str(),
        u8::from(billable),
        "",
    )
}

#[cfg(test)]
mod tests;
