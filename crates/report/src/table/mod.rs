//! Rows of a table, one after the other, as CSV, NDJSON or Parquet. Nothing is kept but the rows of a batch.

#[cfg(feature = "parquet")]
mod parquet;

use std::io::Write;
use strum::IntoStaticStr;

use chrono::NaiveDate;

use super::json;
use codeyear_core::error::{Error, Result};
use codeyear_core::model::named;

named!(TableFormat);

/// The format of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum TableFormat {
    /// Comma-separated, with a header; quoted where needed, lines end with LF.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// Apache Parquet, compressed with Zstandard. Not in a program built without the feature `parquet`.
    Parquet,
}

impl TableFormat {
    /// Returns the format by the end of a file's name, in lower case and without dot.
    pub fn of_extension(end: &str) -> Option<TableFormat> {
        match end {
            "csv" => Some(TableFormat::Csv),
            "ndjson" | "jsonl" => Some(TableFormat::Ndjson),
            "parquet" | "pq" => Some(TableFormat::Parquet),
            _ => None,
        }
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// Text that a row may lack: empty in CSV, null in NDJSON and Parquet.
    OptionalText,
    /// `true` or `false`.
    Flag,
    /// A day, ISO 8601; in Parquet a date.
    Day,
    /// A day that a row may lack.
    OptionalDay,
    /// A whole number that a row may lack; in Parquet of 32 bits.
    OptionalCount,
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
}

impl Column {
    /// Makes a column.
    pub const fn new(name: &'static str, kind: ColumnKind) -> Column {
        Column { name, kind }
    }
}

/// What a row holds in one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Text. Empty text in an optional column is none.
    Text(&'a str),
    /// A flag.
    Flag(bool),
    /// A day.
    Day(NaiveDate),
    /// A day, or none.
    OptionalDay(Option<NaiveDate>),
    /// A whole number, or none.
    OptionalCount(Option<i32>),
}

/// A table that is being written.
pub struct TableWriter<'w>(Format<'w>);

enum Format<'w> {
    Csv(Box<csv::Writer<&'w mut (dyn Write + Send)>>),
    Ndjson {
        columns: &'static [Column],
        line: Vec<u8>,
        out: &'w mut (dyn Write + Send),
    },
    #[cfg(feature = "parquet")]
    Parquet(Box<parquet::ParquetWriter<'w>>),
}

impl std::fmt::Debug for TableWriter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableWriter").finish_non_exhaustive()
    }
}

impl<'w> TableWriter<'w> {
    /// Begins a table. `about` is what the file says of itself, as pairs of key and value; CSV and NDJSON
    /// have no place for it.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Usage`] for Parquet in a program built without it, [`codeyear_core::ErrorKind::Io`] if the writer fails.
    pub fn begin(
        format: TableFormat,
        columns: &'static [Column],
        about: &[(&str, String)],
        out: &'w mut (dyn Write + Send),
    ) -> Result<TableWriter<'w>> {
        check_format(format)?;
        Ok(TableWriter(match format {
            TableFormat::Csv => {
                let mut writer = csv::WriterBuilder::new()
                    .buffer_capacity(1 << 16)
                    .from_writer(out);
                writer
                    .write_record(columns.iter().map(|column| column.name))
                    .map_err(csv_failed)?;
                Format::Csv(Box::new(writer))
            }
            TableFormat::Ndjson => Format::Ndjson {
                columns,
                line: Vec::new(),
                out,
            },
            #[cfg(feature = "parquet")]
            TableFormat::Parquet => Format::Parquet(Box::new(parquet::ParquetWriter::begin(
                columns, about, out,
            )?)),
            #[cfg(not(feature = "parquet"))]
            TableFormat::Parquet => {
                let _ = about;
                return Err(no_parquet());
            }
        }))
    }

    /// Writes a row: a cell for each column, in their order.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Io`] if the writer fails.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        match &mut self.0 {
            Format::Csv(writer) => {
                let mut write = || -> csv::Result<()> {
                    for cell in cells {
                        match cell {
                            Cell::Text(text) => writer.write_field(text)?,
                            Cell::Flag(flag) => writer.write_field(flag_name(*flag))?,
                            Cell::Day(day) => writer.write_field(iso(*day))?,
                            Cell::OptionalDay(day) => {
                                writer.write_field(day.map(iso).unwrap_or_default())?;
                            }
                            Cell::OptionalCount(count) => {
                                let count = count.map(|count| count.to_string());
                                writer.write_field(count.unwrap_or_default())?;
                            }
                        }
                    }
                    writer.write_record(None::<&[u8]>)
                };
                write().map_err(csv_failed)
            }
            Format::Ndjson { columns, line, out } => {
                line.clear();
                json::row(columns, cells, line)?;
                line.push(b'\n');
                out.write_all(line)
                    .map_err(|error| unwritable("the NDJSON", error))
            }
            #[cfg(feature = "parquet")]
            Format::Parquet(writer) => writer.row(cells),
        }
    }

    /// Ends the table. A table that is dropped before is not whole.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Io`] if the writer fails.
    pub fn end(self) -> Result<()> {
        match self.0 {
            Format::Csv(mut writer) => writer.flush().map_err(|error| unwritable("the CSV", error)),
            Format::Ndjson { out, .. } => {
                out.flush().map_err(|error| unwritable("the NDJSON", error))
            }
            #[cfg(feature = "parquet")]
            Format::Parquet(writer) => writer.end(),
        }
    }
}

/// Refuses a format that this program was built without.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Usage`] for Parquet in a program built without it.
pub fn check_format(format: TableFormat) -> Result<()> {
    if format == TableFormat::Parquet && cfg!(not(feature = "parquet")) {
        return Err(no_parquet());
    }
    Ok(())
}

fn no_parquet() -> Error {
    Error::usage("this codeyear was built without Parquet",
    )
    .with_hint("build it with the feature parquet (cargo build --features parquet), or write csv or ndjson")
}

/// Writes a day as `2026-03-01`.
pub(super) fn iso(day: NaiveDate) -> String {
    day.to_string()
}

fn flag_name(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}

/// Makes the error for output that could not be written, with the system's reason as its cause.
pub(super) fn unwritable(what: &str, error: std::io::Error) -> Error {
    Error::io(format!("{what} cannot be written: {error}"))
        .with_hint("check where the output goes, and try again")
        .caused_by(error)
}

fn csv_failed(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => unwritable("the CSV", error),
        other => Error::io(format!("the CSV cannot be written: {other:?}")),
    }
}
