//! How often a table uses each code: the named columns are counted, a row at a time, and nothing else is
//! looked at.
//!
//! The table may be a claims file of any size: what is held is one row and one number for each distinct
//! code. No error holds a value of it. The names of its columns are told only where its first line cannot
//! be a row of data.

use std::collections::HashMap;
use std::io::{self, Cursor, Read};
use std::path::Path;

use csv::ByteRecord;

use super::columns::matches;
use super::delimited::sniff_delimiter;
use super::input;
use super::likely::is_plain_name;
use super::not_judged::looks_like;
use codeyear_core::error::{Error, ErrorKind, Result};
use codeyear_core::model::{Code, CodeSet, Usage};

/// How much of the file its delimiter is told by.
const HEAD: u64 = 1 << 16;

/// The longest row that is read. A quote that is opened and not closed makes one row of all that follows.
const LONGEST_ROW: u64 = 1 << 24;

/// The most distinct texts with the shape of a code. All releases of a code set together have a third of it.
pub(super) const MAX_CODES: usize = 500_000;

/// The most names of columns that an error tells.
const MAX_NAMES: usize = 40;

/// Returns the error of a file with more different texts that could be codes than a code set ever had.
pub(super) fn too_many_codes(code_set: CodeSet) -> Error {
    Error::usage(format!(
        "the columns have more than {MAX_CODES} different values that could be codes, more than {} has",
        code_set.name()
    ))
    .with_hint("name the column with the codes with --code")
}

/// What of a table is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageOptions {
    /// The code set of the codes.
    pub code_set: CodeSet,
    /// The columns with codes, by name, in any case and with `*` for any characters, or by number from 1.
    pub columns: Vec<String>,
    /// What stands between two fields; told by the first line if not given.
    pub delimiter: Option<u8>,
}

/// Checks whether the first line of a file of text has several fields, so that it is a table and no list of codes.
///
/// # Errors
/// [`ErrorKind::NotFound`] and [`ErrorKind::Io`] if it cannot be read.
pub fn has_several_columns(path: &Path, delimiter: Option<u8>) -> Result<bool> {
    let mut head = Vec::new();
    input::open(path, Box::new(io::empty()))?
        .take(HEAD)
        .read_to_end(&mut head)
        .map_err(|error| input::read_error(path, error))?;
    let delimiter = delimiter.unwrap_or_else(|| sniff_delimiter(&head));
    let first_line = head.split(|byte| *byte == b'\n').next();
    Ok(first_line.is_some_and(|line| line.contains(&delimiter)))
}

/// Counts how often the named columns of a table (CSV or TSV with a header; plain, gzip or zstd) hold each
/// code; the path `-` is the standard input, which is passed in.
///
/// A row with more fields than the header (empty ones at its end aside), or with too few for any of these columns, is
/// counted as such and not looked at: nobody knows which of its fields is the code. Columns that are named by number need no header; then the first line is
/// one if none of these columns holds a code there.
///
/// # Errors
/// [`ErrorKind::Usage`] if a column is not there, no code is found, or the columns cannot be columns of
/// codes; [`ErrorKind::Format`] if the file is no such table: not UTF-8 in a named column, a quote that is
/// not closed, compressed data that is cut off; [`ErrorKind::NotFound`] and [`ErrorKind::Io`] if it cannot
/// be read.
pub fn read_usage(
    path: &Path,
    stdin: Box<dyn Read + Send>,
    options: &UsageOptions,
) -> Result<Usage> {
    let mut bytes = input::open(path, stdin)?;
    let mut head = Vec::new();
    bytes
        .by_ref()
        .take(HEAD)
        .read_to_end(&mut head)
        .map_err(|error| input::read_error(path, error))?;
    check_head(&head).map_err(|error| error.in_file(input::name(path)))?;
    let delimiter = options.delimiter.unwrap_or_else(|| sniff_delimiter(&head));
    let watched = Watched {
        inner: Cursor::new(head).chain(bytes),
        given: 0,
        row_from: 0,
        odd_quotes: false,
    };
    let reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(1 << 16)
        .from_reader(watched);
    Counter {
        reader,
        path,
        code_set: options.code_set,
        codes: HashMap::new(),
        usage: Usage::default(),
        spare: ByteRecord::new(),
    }
    .count(&options.columns)
}

/// Refuses what is no text.
fn check_head(head: &[u8]) -> Result<()> {
    let fail = |message: &str, hint: &str| {
        Err(Error::format(message.to_owned()).with_hint(hint.to_owned()))
    };
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return fail(
            "the text is UTF-16, and UTF-8 is expected",
            "save it as CSV UTF-8",
        );
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PAR1") || head.contains(&0) {
        return fail(
            "this is not text; a table as CSV or TSV is expected",
            "write it as CSV, plain or as gzip or zstd",
        );
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if text.trim_ascii().is_empty() {
        return fail(
            "the file is empty",
            "name a table whose first line has the column names",
        );
    }
    Ok(())
}

/// A stream that knows how long the row is that is being read.
struct Watched<R> {
    inner: R,
    /// Bytes given so far.
    given: u64,
    /// Where the row begins.
    row_from: u64,
    /// Whether an odd number of quotation marks was given.
    odd_quotes: bool,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given.saturating_sub(self.row_from) > LONGEST_ROW {
            return Err(io::Error::other(LongRow));
        }
        let length = self.inner.read(buffer)?;
        let given = buffer.get(..length).unwrap_or_default();
        self.given += length as u64;
        self.odd_quotes ^= memchr::memchr_iter(b'"', given).count() % 2 == 1;
        Ok(length)
    }
}

/// A row that is longer than any is.
#[derive(Debug, thiserror::Error)]
#[error("a row is longer than 16 MB")]
struct LongRow;

/// A table while it is counted.
struct Counter<'a, R> {
    reader: csv::Reader<Watched<R>>,
    path: &'a Path,
    code_set: CodeSet,
    codes: HashMap<Code, u64>,
    usage: Usage,
    /// What the next row is read into.
    spare: ByteRecord,
}

impl<R: Read> Counter<'_, R> {
    fn count(mut self, wanted: &[String]) -> Result<Usage> {
        let mut header = ByteRecord::new();
        if !self.read(&mut header)? {
            return Err(self
                .fail(ErrorKind::Format, "the file is empty")
                .with_hint("name a table whose first line has the column names"));
        }
        let mut row = ByteRecord::new();
        let mut is_row = self.read(&mut row)?;
        let columns = self.columns(wanted, &header, is_row.then_some(&row))?;
        self.usage.columns = columns.places.len() as u64;
        if columns.is_headless {
            self.add(&header, &columns.places)?;
        }
        while is_row {
            let surplus = row.iter().skip(header.len());
            // As an audit does: empty cells at the end of a row may be left out.
            let has_code = columns.places.iter().any(|place| *place < row.len());
            let is_whole = (row.len() >= header.len() || has_code)
                && surplus.into_iter().all(<[u8]>::is_empty);
            if is_whole {
                self.add(&row, &columns.places)?;
            } else {
                let line = row.position().map(csv::Position::line);
                self.usage.ragged_rows += 1;
                self.usage.first_ragged_line = self.usage.first_ragged_line.or(line);
            }
            is_row = self.read(&mut row)?;
        }
        self.check_end(&row)?;
        self.usage.codes = self.codes.drain().collect();
        if self.usage.codes.is_empty() {
            return Err(self.nothing(header.len()));
        }
        Ok(self.usage)
    }

    /// Reads the next row; the last one is left as it is when there is none.
    fn read(&mut self, row: &mut ByteRecord) -> Result<bool> {
        let end = self.reader.position().byte();
        self.reader.get_mut().row_from = end;
        let line = self.reader.position().line();
        match self.reader.read_byte_record(&mut self.spare) {
            Ok(true) => {
                std::mem::swap(row, &mut self.spare);
                Ok(true)
            }
            Ok(false) => Ok(false),
            Err(error) => Err(self.read_failed(error, line)),
        }
    }

    fn read_failed(&self, error: csv::Error, line: u64) -> Error {
        match error.into_kind() {
            csv::ErrorKind::Io(error)
                if error.get_ref().is_some_and(|inner| inner.is::<LongRow>()) =>
            {
                self.open_quote(line)
            }
            csv::ErrorKind::Io(error) => input::read_error(self.path, error),
            _ => self
                .fail(ErrorKind::Format, "this line cannot be read as CSV")
                .at_line(line)
                .with_hint("write the table as CSV or TSV, in UTF-8"),
        }
    }

    fn open_quote(&self, line: u64) -> Error {
        self.fail(ErrorKind::Format, "an opening quote is never closed")
            .at_line(line)
            .with_hint("close the quote, and write a quote within a field twice")
    }

    /// A file that ends within a quote ends in a row of several lines, and a quote has no partner.
    fn check_end(&self, last: &ByteRecord) -> Result<()> {
        let is_long = last.iter().any(|field| field.contains(&b'\n'));
        if is_long && self.reader.get_ref().odd_quotes {
            let line = last.position().map_or(1, csv::Position::line);
            return Err(self.open_quote(line));
        }
        Ok(())
    }

    /// Counts the codes of a row.
    fn add(&mut self, row: &ByteRecord, places: &[usize]) -> Result<()> {
        self.usage.rows += 1;
        for place in places {
            let field = row.get(*place).unwrap_or_default().trim_ascii();
            if field.is_empty() {
                continue;
            }
            let Ok(text) = std::str::from_utf8(field) else {
                let line = row.position().map_or(1, csv::Position::line);
                let message = format!("column {} is not UTF-8 text", place + 1);
                return Err(self
                    .fail(ErrorKind::Format, message)
                    .at_line(line)
                    .with_hint("save the file as UTF-8, or name the column with the codes"));
            };
            let Ok(code) = self.code_set.parse_code(text) else {
                let mut sets = CodeSet::ALL.into_iter();
                match sets.any(|other| other.parse_code(text).is_ok()) || looks_like(text).is_some()
                {
                    true => self.usage.of_other_sets += 1,
                    false => self.usage.no_codes += 1,
                }
                continue;
            };
            *self.codes.entry(code).or_default() += 1;
            if self.codes.len() > MAX_CODES {
                return Err(too_many_codes(self.code_set).in_file(input::name(self.path)));
            }
        }
        Ok(())
    }

    /// Finds the columns. `second` is the row after the first, if there is one.
    fn columns(
        &self,
        wanted: &[String],
        header: &ByteRecord,
        second: Option<&ByteRecord>,
    ) -> Result<Columns> {
        let mut places: Vec<usize> = Vec::new();
        let mut is_named = false;
        for one in wanted {
            let pattern = one.trim().to_ascii_lowercase();
            let named: Vec<usize> = header
                .iter()
                .enumerate()
                .filter(|(_, name)| {
                    let name = String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase();
                    !pattern.is_empty() && matches(&pattern, &name)
                })
                .map(|(place, _)| place)
                .collect();
            let number = pattern.parse::<usize>().ok();
            let numbered = number.and_then(|number| number.checked_sub(1));
            match numbered.filter(|place| *place < header.len()) {
                _ if !named.is_empty() => {
                    is_named = true;
                    places.extend(named);
                }
                Some(place) => places.push(place),
                None => return Err(self.no_column(one, header, second)),
            }
        }
        places.sort_unstable();
        places.dedup();
        let holds_code = |place: &usize| {
            header
                .get(*place)
                .is_some_and(|cell| looks_like_code(self.code_set, cell))
        };
        Ok(Columns {
            is_headless: !is_named && places.iter().any(holds_code),
            places,
        })
    }

    fn no_column(&self, wanted: &str, header: &ByteRecord, second: Option<&ByteRecord>) -> Error {
        let number = header.len();
        let plural = if number == 1 { "" } else { "s" };
        let mut message =
            format!("the file has no column {wanted:?}; it has {number} column{plural}");
        let names: Vec<String> = header
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_owned())
            .collect();
        let shown: Vec<String> = names
            .iter()
            .filter(|name| is_plain_name(name))
            .take(MAX_NAMES)
            .map(|name| format!("{name:?}"))
            .collect();
        let hint = if self.is_header(header, second) && !shown.is_empty() {
            message.push_str(&format!(": {}", shown.join(", ")));
            if number > shown.len() {
                message.push_str(&format!(" and {} more", number - shown.len()));
            }
            "name a column as the first line has it (dx* for all that begin so), or give its number from 1"
        } else {
            "name a column as the first line has it, or give its number from 1; the first line is not shown here, because it may be data"
        };
        self.fail(ErrorKind::Usage, message).with_hint(hint)
    }

    /// Checks whether the first line can be nothing but the names of columns: all its cells could be names,
    /// and the line after it holds data.
    fn is_header(&self, header: &ByteRecord, second: Option<&ByteRecord>) -> bool {
        let is_name = |cell: &[u8]| {
            let cell = cell.trim_ascii();
            let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" _-.#/()".contains(byte);
            cell.first().is_none_or(u8::is_ascii_alphabetic)
                && cell.len() <= 40
                && cell.iter().all(plain)
                && longest_number(cell) < 4
                && !looks_like_code(self.code_set, cell)
        };
        let is_data = |cell: &[u8]| {
            let cell = cell.trim_ascii();
            cell.first().is_some_and(u8::is_ascii_digit)
                || longest_number(cell) >= 4
                || looks_like_code(self.code_set, cell)
        };
        header.iter().all(is_name) && second.is_some_and(|row| row.iter().any(is_data))
    }

    /// Returns the error that says why there is nothing to weigh by.
    fn nothing(&self, width: usize) -> Error {
        let usage = &self.usage;
        if usage.rows == 0 && usage.ragged_rows > 0 {
            return self
                .fail(
                    ErrorKind::Format,
                    format!("no row has {width} fields as the first line has"),
                )
                .with_hint("state the delimiter with --delimiter");
        }
        let others = usage.no_codes + usage.of_other_sets;
        if others > 0 {
            return self
                .fail(
                    ErrorKind::Usage,
                    format!(
                        "none of the {} values of the named columns is in the format of an {} code",
                        others,
                        self.code_set.name()
                    ),
                )
                .with_hint(
                    "name the column with the codes with --code, or the code set with --code-set",
                );
        }
        self.fail(ErrorKind::Usage, "the named columns have no codes")
            .with_hint("name the column with the codes with --code")
    }

    fn fail(&self, kind: ErrorKind, message: impl Into<String>) -> Error {
        Error::new(kind, message).in_file(input::name(self.path))
    }
}

/// The columns that are counted.
struct Columns {
    places: Vec<usize>,
    /// Whether the first line is a row like the others.
    is_headless: bool,
}

/// Checks whether a cell is rather a code than the name of a column: `dx1` has the shape of a code too.
fn looks_like_code(code_set: CodeSet, cell: &[u8]) -> bool {
    let cell = cell.trim_ascii();
    let is_code = std::str::from_utf8(cell).is_ok_and(|text| code_set.parse_code(text).is_ok());
    is_code && (code_set.facts().looks_usual)(cell)
}

/// Counts the digits of the longest number in a cell.
fn longest_number(cell: &[u8]) -> usize {
    cell.split(|byte| !byte.is_ascii_digit())
        .map(<[u8]>::len)
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &[u8], columns: &[&str]) -> Result<Usage> {
        let options = UsageOptions {
            code_set: CodeSet::Icd10Cm,
            columns: columns.iter().map(|one| (*one).to_owned()).collect(),
            delimiter: None,
        };
        read_usage(
            Path::new("-"),
            Box::new(Cursor::new(text.to_vec())),
            &options,
        )
    }

    fn codes(usage: &Usage) -> Vec<(&str, u64)> {
        let codes = usage.codes.iter();
        codes.map(|(code, uses)| (code.as_str(), *uses)).collect()
    }

    const CLAIMS: &str = "claim,dx1,dx2,charge\n\
        1001,G35,e11.9,10\n\
        1002, C7B.00 ,,20\n\
        1003,G35,n/a,30\n";

    #[test]
    fn every_cell_of_every_named_column_counts() {
        let usage = count(CLAIMS.as_bytes(), &["dx1", "DX2"]).unwrap();
        assert_eq!(codes(&usage), [("C7B00", 1), ("E119", 1), ("G35", 2)]);
        assert_eq!((usage.rows, usage.no_codes, usage.columns), (3, 1, 2));
        assert_eq!(usage.uses(), 4);
        for columns in [
            &["dx*"][..],
            &["2", "3"],
            &["dx1", "d*2"],
            &["*x*"],
            &["dx*", "dx1"],
        ] {
            assert_eq!(
                count(CLAIMS.as_bytes(), columns).unwrap(),
                usage,
                "{columns:?}"
            );
        }
    }

    #[test]
    fn the_delimiter_is_told_by_the_first_line() {
        let expected = count(CLAIMS.as_bytes(), &["dx*"]).unwrap();
        for delimiter in ["\t", ";", "|"] {
            let text = CLAIMS.replace(',', delimiter);
            assert_eq!(count(text.as_bytes(), &["dx*"]).unwrap(), expected);
        }
        let quoted = "\"a;b;c\",dx\n\"1;2;3\",G35\n";
        assert_eq!(
            codes(&count(quoted.as_bytes(), &["dx"]).unwrap()),
            [("G35", 1)]
        );
        let marked = "\u{feff}dx;n\r\nG35;1\r\n";
        assert_eq!(
            codes(&count(marked.as_bytes(), &["dx"]).unwrap()),
            [("G35", 1)]
        );
    }

    #[test]
    fn a_row_of_another_width_is_counted_apart_and_a_quoted_line_break_is_none() {
        let text = "claim,note,dx\n1,\"two\nlines\",G35\n2,a, b,C7A\n3,x\n4,,C7B,,\n";
        let usage = count(text.as_bytes(), &["dx"]).unwrap();
        assert_eq!(codes(&usage), [("C7B", 1), ("G35", 1)]);
        assert_eq!((usage.rows, usage.ragged_rows), (2, 2));
        assert_eq!(usage.first_ragged_line, Some(4));
        let error = count(b"a,dx\nSECRET\n", &["dx"]).unwrap_err();
        assert_eq!(error.hint(), Some("state the delimiter with --delimiter"));
    }

    #[test]
    fn a_column_that_is_not_there_is_told_with_those_that_are() {
        let error = count(CLAIMS.as_bytes(), &["dx1", "proc*"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "standard input: the file has no column \"proc*\"; it has 4 columns: \"claim\", \"dx1\", \"dx2\" and 1 more"
        );
    }

    #[test]
    fn a_first_line_that_may_be_data_is_not_told() {
        for text in [
            "SECRET,G35\nSECRET,C7A\n",
            "SECRET,1958-03-04\nSECRET,1958-03-04\n",
            "SECRET,Jane\nSECRET,Rick\n",
            "SECRET7777,x\nSECRET7778,1\n",
            "SECRET,x\n",
            "SECR\u{c9}T,x\n1,2\n",
        ] {
            let error = count(text.as_bytes(), &["dx"]).unwrap_err();
            let told = format!("{error} {}", error.hint().unwrap());
            assert!(!told.contains("SECR"), "{told}");
            assert!(told.contains("it has 2 columns"), "{told}");
        }
    }

    #[test]
    fn a_table_without_header_is_counted_by_number() {
        let usage = count(b"1,G35\n2,C7A\n", &["2"]).unwrap();
        assert_eq!(codes(&usage), [("C7A", 1), ("G35", 1)]);
        assert_eq!(usage.rows, 2);
        let usage = count(b"n,Diagnosis code\n2,C7A\n", &["2"]).unwrap();
        assert_eq!((codes(&usage), usage.no_codes), (vec![("C7A", 1)], 0));
    }

    #[test]
    fn what_is_no_table_of_text_is_refused_with_its_place() {
        let line = |text: &[u8]| {
            let error = count(text, &["dx"]).unwrap_err();
            assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
            (
                error.place().and_then(|place| place.line),
                error.to_string(),
            )
        };
        let (at, text) = line(b"dx,n\nG35,\"a\nb\"\nSECR\xc9T,1\n");
        assert_eq!(at, Some(4));
        assert!(text.contains("column 1 is not UTF-8 text"), "{text}");
        let (at, text) = line(b"dx,n\nG35,1\nC7A,\"SECRET\nC7B,2\n");
        assert_eq!(at, Some(3));
        assert!(text.contains("an opening quote is never closed"), "{text}");
        for (bytes, expected) in [
            (b"".as_slice(), "the file is empty"),
            (b"\xef\xbb\xbf\n\n", "the file is empty"),
            (b"\xff\xfed\0x\0", "UTF-16"),
            (b"d\0x\0\n\0", "not text"),
            (b"PK\x03\x04", "not text"),
            (b"dx,n\n", "have no codes"),
            (b"dx,n\n,1\n", "have no codes"),
            (b"dx,n\nSECRET,1\n", "none of the 1 values"),
        ] {
            let (_, text) = line(bytes);
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_in_another_column_are_not_looked_at() {
        let usage = count(b"n,dx\nJos\xe9,G35\n", &["dx"]).unwrap();
        assert_eq!(codes(&usage), [("G35", 1)]);
    }

    #[test]
    fn a_quote_that_is_never_closed_ends_the_count_before_the_memory_does() {
        let mut text = b"n,dx\n1,G35\n2,\"".to_vec();
        text.resize(3 * LONGEST_ROW as usize, b'x');
        let error = count(&text, &["dx"]).unwrap_err();
        assert_eq!(error.place().and_then(|place| place.line), Some(3));
    }

    #[test]
    fn the_wrong_column_of_a_large_file_is_refused() {
        let mut text = "member\n".to_owned();
        for number in 0..=MAX_CODES {
            text.push_str(&format!("A{number:06}\n"));
        }
        let error = count(text.as_bytes(), &["member"]).unwrap_err();
        assert!(error.to_string().contains("different values"), "{error}");
    }
}
