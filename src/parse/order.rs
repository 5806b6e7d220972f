//! The order file of ICD-10-CM and ICD-10-PCS: one row for every header and code, in tabular order.
//!
//! Layout (columns counted from 1; `icd10OrderFiles.pdf` in the official archives): 1-5 order
//! number, zero-filled; 6 blank; 7-13 code, left-justified; 14 blank; 15 flag, `0` header or `1`
//! billable; 16 blank; 17-76 short title, blank-padded; 77 blank; 78 to the end long title. Titles
//! may hold double blanks and the short one a leading blank, so rows are cut by column and kept
//! verbatim.

use std::collections::HashSet;
use std::io::Write;
use std::ops::Range;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Code, CodeSet};
use crate::parse::{broken, not_utf8, shown};

/// The first byte of the long title.
const LONG_TITLE: usize = 77;

/// How the lines of a file end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnding {
    /// Carriage return and line feed, as in the official files.
    Crlf,
    /// Line feed alone.
    Lf,
}

impl LineEnding {
    /// Gives the bytes.
    pub fn as_str(self) -> &'static str {
        match self {
            LineEnding::Crlf => "\r\n",
            LineEnding::Lf => "\n",
        }
    }
}

/// A row, with its titles as ranges of the file's text.
#[derive(Debug, Clone)]
pub struct OrderRow {
    /// The code.
    pub code: Code,
    /// Flag 1.
    pub billable: bool,
    short_title: Range<u32>,
    long_title: Range<u32>,
}

/// A parsed order file.
#[derive(Debug, Clone)]
pub struct OrderFile {
    text: String,
    rows: Vec<OrderRow>,
    line_ending: LineEnding,
}

impl OrderFile {
    /// Parses an order file of a code set.
    ///
    /// # Errors
    /// [`ErrorKind::Format`] with line and column for whatever the layout does not allow: a gap in the
    /// order numbers, a duplicate code, a flag other than 0 or 1, bad UTF-8, a shifted column.
    pub fn parse(code_set: CodeSet, bytes: Vec<u8>) -> Result<OrderFile> {
        let text = String::from_utf8(bytes)
            .map_err(|error| not_utf8(error.as_bytes(), error.utf8_error()))?;
        if text.is_empty() {
            return Err(Error::new(
                ErrorKind::Format,
                "expected an order file, found an empty file",
            ));
        }
        let line_ending = match text.find('\n') {
            Some(at) if at > 0 && text.as_bytes().get(at - 1) == Some(&b'\r') => LineEnding::Crlf,
            _ => LineEnding::Lf,
        };
        let final_line_ending = text.ends_with('\n');
        let body = match text.strip_suffix('\n') {
            Some(body) => body,
            None => text.as_str(),
        };
        // The shortest line of an official file is longer than 100 bytes.
        let mut rows = Vec::with_capacity(text.len() / 128);
        let mut seen = HashSet::with_capacity(text.len() / 128);
        let mut start = 0usize;
        for (index, line) in body.split('\n').enumerate() {
            let number = index + 1;
            let is_last_without_end = !final_line_ending && start + line.len() == body.len();
            let content = match (line_ending, line.strip_suffix('\r')) {
                (LineEnding::Crlf, Some(content)) => content,
                (LineEnding::Crlf, None) if is_last_without_end => line,
                (LineEnding::Crlf, None) => {
                    return Err(broken(
                        number,
                        line.len() + 1,
                        "expected CR LF at the end of the line, as in the lines before it, found LF alone",
                    ));
                }
                (LineEnding::Lf, None) => line,
                (LineEnding::Lf, Some(_)) => {
                    return Err(broken(
                        number,
                        line.len(),
                        "expected LF at the end of the line, as in the lines before it, found CR LF",
                    ));
                }
            };
            let row = parse_line(code_set, content, number, start)?;
            if is_last_without_end {
                // Every official file ends its last line, and a title that is cut off looks like a shorter
                // one: the missing end is the only sign of it.
                return Err(broken(
                    number,
                    line.len() + 1,
                    "expected the end of the line, found the end of the file",
                )
                .with_hint("the file is cut off; download it again"));
            }
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
            line_ending,
        })
    }

    /// Gives the rows in tabular order.
    pub fn rows(&self) -> &[OrderRow] {
        &self.rows
    }

    /// Gives the short title of a row: without its padding, with a leading blank if it has one.
    pub fn short_title(&self, row: &OrderRow) -> &str {
        self.slice(&row.short_title)
    }

    /// Gives the long title of a row, verbatim: two official ICD-10-PCS files have one with a trailing blank.
    pub fn long_title(&self, row: &OrderRow) -> &str {
        self.slice(&row.long_title)
    }

    fn slice(&self, range: &Range<u32>) -> &str {
        self.text
            .get(range.start as usize..range.end as usize)
            .unwrap_or_default()
    }

    /// Tells how the lines end.
    pub fn line_ending(&self) -> LineEnding {
        self.line_ending
    }

    /// Counts the rows with flag 1.
    pub fn billable(&self) -> u64 {
        self.rows.iter().filter(|row| row.billable).count() as u64
    }
}

fn parse_line(code_set: CodeSet, line: &str, number: usize, start: usize) -> Result<OrderRow> {
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
                format!("column {column} must be blank, found {}", shown(found)),
            )
            .with_hint("the columns of this line are shifted"));
        }
    }
    let order = field(0..5);
    if order.iter().any(|b| !b.is_ascii_digit()) {
        return Err(broken(
            number,
            1,
            format!(
                "columns 1-5 must be the order number, five digits, found {}",
                shown(order)
            ),
        ));
    }
    let order = order
        .iter()
        .fold(0usize, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    if order != number {
        return Err(broken(
            number,
            1,
            format!(
                "expected order number {number:05}, found {order:05}: the order numbers have a gap"
            ),
        )
        .with_hint("rows are missing or repeated; download the file again"));
    }
    let padded = field(6..13);
    let code = Code::from_padded(padded)
        .filter(|code| code_set.accepts(code))
        .ok_or_else(|| {
            broken(
                number,
                7,
                format!(
                    "columns 7-13 must be an {} code, left-justified, found {}",
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
                    "column 15 must be 0 (header) or 1 (billable), found {}",
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
        let trimmed = text.trim_end_matches(' ');
        if trimmed.is_empty() {
            return Err(broken(
                number,
                column,
                format!("expected a {what}, found blanks"),
            ));
        }
        // Only the short title is padded.
        let kept = if is_padded { trimmed } else { text };
        if let Some(at) = kept.find(char::is_control) {
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
        short_title,
        long_title,
    })
}

fn offset(at: usize) -> Result<u32> {
    u32::try_from(at).map_err(|_| Error::new(ErrorKind::Format, "the file is larger than 4 GiB"))
}

/// Writes one row as the official order file has it, without the line's end.
///
/// # Errors
/// Whatever the writer reports.
pub fn write_row(
    out: &mut (impl Write + ?Sized),
    position: u64,
    code: &Code,
    billable: bool,
    short_title: &str,
    long_title: &str,
) -> std::io::Result<()> {
    // The columns are counted in bytes, so a title with an accent is padded with fewer blanks.
    let padding = 60usize.saturating_sub(short_title.len());
    write!(
        out,
        "{position:05} {:<7} {} {short_title}{:padding$} {long_title}",
        code.as_str(),
        u8::from(billable),
        "",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "00001 C7B     0 Secondary neuroendocrine tumors                              Secondary neuroendocrine tumors\r\n";

    fn parse(text: &str) -> Result<OrderFile> {
        OrderFile::parse(CodeSet::Icd10Cm, text.as_bytes().to_vec())
    }

    #[test]
    fn a_row_is_cut_by_column() {
        let file = parse(ROW).unwrap();
        let row = &file.rows()[0];
        assert_eq!(row.code.as_str(), "C7B");
        assert!(!row.billable);
        assert_eq!(file.short_title(row), "Secondary neuroendocrine tumors");
        assert_eq!(file.long_title(row), "Secondary neuroendocrine tumors");
        assert_eq!(file.line_ending(), LineEnding::Crlf);
    }

    #[test]
    fn a_row_is_written_as_it_was_read() {
        let file = parse(ROW).unwrap();
        let row = &file.rows()[0];
        let mut out = Vec::new();
        write_row(
            &mut out,
            1,
            &row.code,
            row.billable,
            file.short_title(row),
            file.long_title(row),
        )
        .unwrap();
        out.extend_from_slice(b"\r\n");
        assert_eq!(String::from_utf8(out).unwrap(), ROW);
    }

    #[test]
    fn what_the_layout_does_not_allow_is_refused_with_its_line() {
        let second = |from: &str, to: &str| {
            format!(
                "{ROW}{}",
                ROW.replacen("00001 C7B    ", "00002 C7B0   ", 1)
                    .replacen(from, to, 1)
            )
        };
        for (text, part) in [
            (
                second("00002", "00003"),
                "line 2: expected order number 00002, found 00003",
            ),
            (second("00002", "0000x"), "line 2: columns 1-5"),
            (second("C7B0 ", "C7B  "), "line 2: code C7B is listed twice"),
            (second("C7B0   ", " C7B0  "), "line 2: columns 7-13"),
            (second("C7B0   ", "c7b0   "), "line 2: columns 7-13"),
            (
                second(" 0 Sec", " 2 Sec"),
                "line 2: column 15 must be 0 (header) or 1 (billable), found \"2\"",
            ),
            (second("00002 ", "00002x"), "line 2: column 6 must be blank"),
            (second("\r\n", "\n"), "line 2: expected CR LF"),
            (
                format!("{ROW}\r\n"),
                "line 2: expected a row of at least 78 columns",
            ),
            (
                ROW[..60].to_owned(),
                "line 1: expected a row of at least 78 columns",
            ),
            (String::new(), "empty file"),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(
                error.to_string().contains(part),
                "expected {part:?} in {error}"
            );
        }
    }

    #[test]
    fn bad_utf8_is_refused_with_its_place() {
        let mut bytes = ROW.as_bytes().to_vec();
        bytes[80] = 0xff;
        let error = OrderFile::parse(CodeSet::Icd10Cm, bytes).unwrap_err();
        assert_eq!(error.place().unwrap().line, Some(1));
        assert_eq!(error.place().unwrap().column, Some(81));
    }

    #[test]
    fn a_blank_at_the_end_of_a_long_title_is_kept() {
        let text = ROW.replace("tumors\r\n", "tumors \r\n");
        let file = parse(&text).unwrap();
        assert_eq!(
            file.long_title(&file.rows()[0]),
            "Secondary neuroendocrine tumors "
        );
    }
}
