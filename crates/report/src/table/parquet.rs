//! Rows as Parquet.

use std::io::Write;
use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Date32Builder, Int32Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use chrono::NaiveDate;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::{Cell, Column, ColumnKind, unwritable};
use codeyear_core::error::{Error, Result};

/// The rows that are turned into columns at a time.
const BATCH: usize = 8_192;

/// The rows of a row group: few enough to be held in memory, enough for several readers at once.
const ROW_GROUP: usize = 65_536;

pub(super) struct ParquetWriter<'w> {
    schema: SchemaRef,
    columns: Vec<Builder>,
    rows: usize,
    writer: ArrowWriter<&'w mut (dyn Write + Send)>,
}

enum Builder {
    Text(StringBuilder),
    OptionalText(StringBuilder),
    Flag(BooleanBuilder),
    Day(Date32Builder),
    Count(Int32Builder),
}

impl<'w> ParquetWriter<'w> {
    pub(super) fn begin(
        columns: &[Column],
        about: &[(&str, String)],
        out: &'w mut (dyn Write + Send),
    ) -> Result<ParquetWriter<'w>> {
        let field = |column: &Column| match column.kind {
            ColumnKind::Text => Field::new(column.name, DataType::Utf8, false),
            ColumnKind::OptionalText => Field::new(column.name, DataType::Utf8, true),
            ColumnKind::Flag => Field::new(column.name, DataType::Boolean, false),
            ColumnKind::Day => Field::new(column.name, DataType::Date32, false),
            ColumnKind::OptionalDay => Field::new(column.name, DataType::Date32, true),
            ColumnKind::OptionalCount => Field::new(column.name, DataType::Int32, true),
        };
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let about = about
            .iter()
            .map(|(key, value)| KeyValue::new((*key).to_owned(), value.clone()))
            .collect();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .set_key_value_metadata(Some(about))
            .build();
        Ok(ParquetWriter {
            columns: columns.iter().map(Builder::new).collect(),
            rows: 0,
            writer: ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties))
                .map_err(failed)?,
            schema,
        })
    }

    pub(super) fn row(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        for (builder, cell) in self.columns.iter_mut().zip(cells) {
            builder.push(cell);
        }
        self.rows += 1;
        if self.rows == BATCH {
            self.write_batch()?;
        }
        Ok(())
    }

    pub(super) fn end(mut self) -> Result<()> {
        self.write_batch()?;
        self.writer.close().map_err(failed)?;
        Ok(())
    }

    fn write_batch(&mut self) -> Result<()> {
        self.rows = 0;
        let columns = self.columns.iter_mut().map(Builder::finish).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(malformed)?;
        self.writer.write(&batch).map_err(failed)
    }
}

impl Builder {
    fn new(column: &Column) -> Builder {
        match column.kind {
            ColumnKind::Text => Builder::Text(StringBuilder::new()),
            ColumnKind::OptionalText => Builder::OptionalText(StringBuilder::new()),
            ColumnKind::Flag => Builder::Flag(BooleanBuilder::new()),
            ColumnKind::Day | ColumnKind::OptionalDay => Builder::Day(Date32Builder::new()),
            ColumnKind::OptionalCount => Builder::Count(Int32Builder::new()),
        }
    }

    /// Writes a cell. One of another kind than its column is left out, and the batch is then refused
    /// because its columns differ in length.
    fn push(&mut self, cell: &Cell<'_>) {
        match (self, cell) {
            (Builder::OptionalText(builder), Cell::Text("")) => builder.append_null(),
            (Builder::Text(builder) | Builder::OptionalText(builder), Cell::Text(text)) => {
                builder.append_value(text);
            }
            (Builder::Flag(builder), Cell::Flag(flag)) => builder.append_value(*flag),
            (Builder::Day(builder), Cell::Day(day)) => builder.append_value(days(*day)),
            (Builder::Day(builder), Cell::OptionalDay(day)) => {
                builder.append_option(day.map(days));
            }
            (Builder::Count(builder), Cell::OptionalCount(count)) => {
                builder.append_option(*count);
            }
            _ => {}
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Builder::Text(builder) | Builder::OptionalText(builder) => Arc::new(builder.finish()),
            Builder::Flag(builder) => Arc::new(builder.finish()),
            Builder::Day(builder) => Arc::new(builder.finish()),
            Builder::Count(builder) => Arc::new(builder.finish()),
        }
    }
}

/// Counts the days from 1970-01-01.
fn days(day: NaiveDate) -> i32 {
    let days = day.signed_duration_since(NaiveDate::default()).num_days();
    i32::try_from(days).unwrap_or(i32::MAX)
}

fn failed(error: ParquetError) -> Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<std::io::Error>() {
            Ok(error) => unwritable("the Parquet file", *error),
            Err(cause) => broken(&cause.to_string()),
        },
        other => broken(&other.to_string()),
    }
}

fn malformed(error: ArrowError) -> Error {
    broken(&error.to_string())
}

fn broken(reason: &str) -> Error {
    Error::io(format!("the Parquet file cannot be written: {reason}"))
}
