//! How claims are audited, and where the annotated ones go.

use std::io::Write;
use std::time::Instant;

use super::columns::ColumnsAsked;
use super::found::FoundColumns;
use super::likely::is_plain_name;
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{DateFormat, UnknownDateFormat};

/// How a table of claims is audited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableOptions {
    /// Which columns hold what.
    pub columns: ColumnsAsked,
    /// How dates are written; told from the file if not stated.
    pub date_format: Option<DateFormat>,
    /// What stands between fields; told from the header if not stated.
    pub delimiter: Option<u8>,
    /// What stands between several codes in one cell, if cells are to be taken apart. Then a row is written for each code.
    pub split: Option<Separators>,
    /// How rows are judged and written.
    pub rows: RowOptions,
}

impl TableOptions {
    /// Returns how dates are written: as stated, or as the first records have them; then a note says so.
    pub(super) fn date_form(
        &self,
        file: &str,
        records: &str,
        dates: Vec<&str>,
        sniff: impl FnOnce() -> std::result::Result<DateFormat, UnknownDateFormat>,
    ) -> Result<(DateFormat, Vec<String>)> {
        let sniffed = match (self.date_format, self.columns.on) {
            (Some(format), _) => return Ok((format, Vec::new())),
            (None, Some(_)) => return Ok((DateFormat::Iso, Vec::new())),
            (None, None) => sniff(),
        };
        let why = match sniffed {
            Ok(format) => {
                let note = format!("dates read as {format}, detected from the first {records}");
                return Ok((format, vec![note]));
            }
            Err(why) => why,
        };
        let hint = self.columns.wording.of_dates(&why);
        let message = match why {
            UnknownDateFormat::Empty => {
                let note =
                    format!("the first {records} have no date; YYYY-MM-DD is expected, or {hint}");
                return Ok((DateFormat::Iso, vec![note]));
            }
            UnknownDateFormat::NoForm => "have no date in a known format",
            UnknownDateFormat::Numbers => "have numbers instead of dates",
            UnknownDateFormat::DayFirst => {
                "have dates that are valid only with the day before the month"
            }
            UnknownDateFormat::Mixed => {
                "have dates that are valid only with the day before the month, and others that are valid only with the month first"
            }
        };
        let dates: Vec<&str> = dates
            .into_iter()
            .filter(|name| is_plain_name(name))
            .collect();
        let place = match dates.as_slice() {
            [] => String::new(),
            [only] => format!(" in column {only}"),
            several => format!(" in columns {}", several.join(", ")),
        };
        let message = format!("the first {records} {message}{place}");
        Err(Error::usage(message).in_file(file).with_hint(hint))
    }
}

/// What stands between several codes in one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Separators(String);

impl Default for Separators {
    /// Returns what mostly does: comma, semicolon, bar, caret, tilde, blank, tab and line end.
    fn default() -> Separators {
        Separators(",;|^~ \t\n".to_owned())
    }
}

impl std::str::FromStr for Separators {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Separators, String> {
        let is_code = |c: char| c.is_alphanumeric() || c == '.';
        match text.is_empty() || text.contains(is_code) {
            true => Err("expected a separator of codes, such as ; or |".to_owned()),
            false => Ok(Separators(text.replace("\\t", "\t"))),
        }
    }
}

impl Separators {
    /// What is put between the items of a column of lists: no text holds it.
    pub(super) const OF_LISTS: char = '\u{1f}';

    /// Returns what stands between the items of a column of lists.
    #[cfg(feature = "parquet")]
    pub(super) fn of_lists() -> Separators {
        Separators(Separators::OF_LISTS.to_string())
    }

    /// Checks whether a character stands between codes: a blank is any white space.
    pub(super) fn contains(&self, c: char) -> bool {
        self.0.contains(c) || (c.is_whitespace() && self.0.contains(' '))
    }
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
    /// Which columns are written of each code.
    pub columns: FoundColumns,
    /// Write the name of the file before each row: there are several.
    pub names_files: bool,
    /// Read the code within a text that has something around it: quotes, a label, words behind it.
    pub clean_codes: bool,
    /// Count each code instead of judging it: what [`infer`](super::infer) goes by.
    pub count_codes: bool,
    /// Use this many threads; 0 for as many as there are cores.
    pub threads: usize,
    /// Give up at this moment: a small file may hold more than a day's work.
    pub ends: Option<Instant>,
}

impl RowOptions {
    /// Returns how many threads work on blocks.
    pub(super) fn thread_count(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            asked => asked,
        }
    }
}

/// How annotated claims are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputForm {
    /// CSV, a row for each code.
    Csv,
    /// NDJSON, an object for each claim.
    Ndjson,
}

/// Where the annotated rows go.
pub enum Annotated<'o> {
    /// Nowhere: only the summary is asked for.
    No,
    /// Here.
    To(&'o mut dyn Write),
    /// Here, behind those of the files before; the header that these have, once there is one.
    Behind(&'o mut dyn Write, &'o mut Option<Vec<u8>>),
}

impl Annotated<'_> {
    /// Checks whether anything is written.
    pub(super) fn is_asked(&self) -> bool {
        !matches!(self, Annotated::No)
    }

    /// Writes the header, once for all files.
    pub(super) fn write_header(&mut self, header: &[u8]) -> Result<()> {
        match self {
            Annotated::Behind(_, Some(first)) if first == header => Ok(()),
            Annotated::Behind(_, Some(_)) => Err(Error::usage(
                "the columns that would be written of this file are others than those of the files before it",
            )
            .with_hint("keep columns that all files have, or audit files of another kind apart")),
            Annotated::Behind(_, first) => {
                **first = Some(header.to_vec());
                self.write(header)
            }
            Annotated::No | Annotated::To(_) => self.write(header),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Annotated::No => Ok(()),
            Annotated::To(out) | Annotated::Behind(out, _) => {
                out.write_all(bytes).map_err(|error| {
                    Error::io(format!("cannot write the output: {error}"))
                        .with_hint("check where the output goes (is the disk full?), and try again")
                        .caused_by(error)
                })
            }
        }
    }
}
