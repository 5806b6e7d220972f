//! Parquet: a file of typed columns, read and written a batch of rows at a time.
//!
//! A file of one's own is read from the disk as it is. One that comes as a stream is held in memory and may be from
//! anybody: what it would unpack to is looked at first, see `guard`.

mod added;
mod cells;
mod guard;
mod thrift;

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::timezone::Tz;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema};
use arrow_select::take::take;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::ChunkReader;

use self::added::{BatchFound, BatchSink};
use self::cells::{MAX_CELL, read_text};

use super::audited::Audited;
use super::auditor::{AuditRules, Auditor};
use super::claim::{ClaimPlace, ProblemKind};
use super::columns::{Columns, Fields};
use super::contained::contained;
use super::index::Index;
use super::input::read_error;
use super::options::{Annotated, OutputForm, RowOptions, Separators, TableOptions};
use super::sinks::{ClaimSink, CodeRows, claim_sink};
use super::table::TableRow;
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{DateFormat, UnknownDateFormat};

/// Rows in memory at once.
const BATCH: usize = 32 * 1024;
/// Rows in memory at once of a file that is held there itself.
const HELD_BATCH: usize = 8 * 1024;
/// The most bytes of a file that is held in memory.
const MAX_HELD: u64 = 256 << 20;
/// How much text is gathered before it is written.
const CHUNK: usize = 256 * 1024;

/// Audits a Parquet file as [`audit_delimited`](super::audit_delimited) audits a table of text. Dates may be of
/// a date or timestamp type, or texts; codes are texts.
///
/// The annotated file is Parquet unless a form of text is stated, with a row for each code: the columns asked for with their types, and for each code those that the
/// annotated table has; `day` is a date.
///
/// # Errors
/// As `audit_delimited`; also if a column is of a type that holds no code or date.
pub fn audit_parquet<'i>(
    index: &'i Index,
    path: &Path,
    options: &TableOptions,
    output: ParquetOutput<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Audited<'i>> {
    let name = path.display().to_string();
    let reader =
        File::open(path).map_err(|error| codeyear_core::error::io_error("read", path, error))?;
    let load = || ArrowReaderMetadata::load(&reader, ArrowReaderOptions::default());
    let metadata = by_library(load).map_err(|error| error.in_file(&name))?;
    let opened = Opened {
        reader,
        metadata,
        name,
        length: std::fs::metadata(path).map_or(0, |file| file.len()),
        batch: BATCH,
    };
    let any = |_: &ParquetMetaData, _: &ProjectionMask| Ok(());
    audit_opened(
        index,
        opened,
        any,
        options,
        output,
        (progress, &mut || Ok(())),
    )
}

/// Audits a Parquet file that comes as a stream, from memory. What is written of it is text.
///
/// # Errors
/// As [`audit_parquet`]; also if it is larger than what is held in memory, or would unpack to far more.
pub(super) fn audit_parquet_stream<'i>(
    index: &'i Index,
    mut input: Box<dyn Read + Send + '_>,
    name: &str,
    options: &TableOptions,
    output: (OutputForm, Annotated<'_>),
    progress: &mut dyn FnMut(u64),
) -> Result<Audited<'i>> {
    let bytes = held(&mut input, name)?;
    let opened = Opened {
        metadata: load_held(&bytes).map_err(|error| error.in_file(name))?,
        name: name.to_owned(),
        length: bytes.len() as u64,
        batch: HELD_BATCH,
        reader: bytes.clone(),
    };
    let check = |metadata: &ParquetMetaData, mask: &ProjectionMask| {
        guard::check_pages(&bytes, metadata, mask).map_err(|error| error.in_file(name))
    };
    // A stream that is at its end still says when its time is over.
    let mut is_in_time = || {
        let read = input.read(&mut [0]);
        read.map(|_| ())
            .map_err(|error| read_error(Path::new(name), error))
    };
    let output = ParquetOutput::Text(output.0, output.1);
    audit_opened(
        index,
        opened,
        check,
        options,
        output,
        (progress, &mut is_in_time),
    )
}

/// Reads the names of the columns of a Parquet file that comes as a stream.
///
/// # Errors
/// As [`audit_parquet_stream`].
pub(super) fn parquet_names(input: &mut dyn Read, name: &str) -> Result<Vec<String>> {
    let bytes = held(input, name)?;
    let metadata = load_held(&bytes).map_err(|error| error.in_file(name))?;
    Ok(names_of(metadata.schema()))
}

/// Reads a stream into memory.
fn held(input: &mut dyn Read, name: &str) -> Result<Bytes> {
    let mut bytes = Vec::new();
    input
        .take(MAX_HELD + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| read_error(Path::new(name), error))?;
    if bytes.len() as u64 > MAX_HELD {
        return Err(Error::format(format!(
            "the Parquet file is larger than {} MB",
            MAX_HELD >> 20
        ))
        .in_file(name)
        .with_hint("name the file itself, not a stream, or write it in several"));
    }
    Ok(bytes.into())
}

/// Reads the directory of a file in memory, once it is known to be sound. Texts are read where they stand: written out
/// for each row, one long text of a dictionary would fill the memory.
fn load_held(bytes: &Bytes) -> Result<ArrowReaderMetadata> {
    guard::check_directory(bytes)?;
    let metadata = by_library(|| ArrowReaderMetadata::load(bytes, ArrowReaderOptions::default()))?;
    let fields = metadata.schema().fields().iter().map(in_place);
    let schema = Schema::new(fields.collect::<Vec<_>>());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    by_library(|| ArrowReaderMetadata::try_new(metadata.metadata().clone(), options))
}

/// Runs a step of the library that reads Parquet.
fn by_library<T, E: std::fmt::Display>(
    read: impl FnOnce() -> std::result::Result<T, E>,
) -> Result<T> {
    match contained(read) {
        Some(read) => read.map_err(|error| unreadable_as(&error)),
        None => Err(unreadable_as("it is damaged")),
    }
}

/// Returns a column whose texts are read where they stand.
fn in_place(field: &FieldRef) -> FieldRef {
    let kind = kind_in_place(field.data_type());
    Arc::new(field.as_ref().clone().with_data_type(kind))
}

fn kind_in_place(kind: &DataType) -> DataType {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        DataType::Dictionary(_, values) => kind_in_place(values),
        DataType::List(item) => DataType::List(in_place(item)),
        DataType::LargeList(item) => DataType::LargeList(in_place(item)),
        DataType::FixedSizeList(item, length) => DataType::FixedSizeList(in_place(item), *length),
        kind => kind.clone(),
    }
}

fn names_of(schema: &Schema) -> Vec<String> {
    let fields = schema.fields().iter();
    fields.map(|field| field.name().clone()).collect()
}

/// A file whose directory is read.
struct Opened<R> {
    reader: R,
    metadata: ArrowReaderMetadata,
    name: String,
    length: u64,
    /// How many rows are read at once.
    batch: usize,
}

/// What is told how far the audit is, and what ends it.
type Progress<'p> = (&'p mut dyn FnMut(u64), &'p mut dyn FnMut() -> Result<()>);

fn audit_opened<'i, R: ChunkReader + 'static>(
    index: &'i Index,
    opened: Opened<R>,
    check: impl FnOnce(&ParquetMetaData, &ProjectionMask) -> Result<()>,
    options: &TableOptions,
    output: ParquetOutput<'_>,
    (progress, is_in_time): Progress<'_>,
) -> Result<Audited<'i>> {
    let (name, total_bytes) = (opened.name, opened.length);
    let builder =
        ParquetRecordBatchReaderBuilder::new_with_metadata(opened.reader, opened.metadata);
    let schema = builder.schema().clone();
    let columns = Columns::find(&options.columns, names_of(&schema), &name)?;
    // Only the columns that have a say are read.
    let mut wanted: Vec<usize> = columns.kept.clone();
    wanted.extend(
        columns
            .amount
            .iter()
            .chain(&columns.code_set_by)
            .chain(columns.poa.iter().flatten()),
    );
    wanted.sort_unstable();
    wanted.dedup();
    let codes = columns.codes.iter().map(|code| code.at);
    let others = columns.amount.iter().chain(&columns.code_set_by);
    let others = others.chain(columns.poa.iter().flatten()).copied();
    for at in columns.date_columns().chain(codes).chain(others) {
        refuse_type(&schema, at, &name)?;
    }
    if matches!(output, ParquetOutput::Text(..)) {
        // Rows of Parquet hold anything; in those of text a column would stand empty.
        let also_kept = columns.also_kept.iter();
        also_kept
            .copied()
            .try_for_each(|at| refuse_kept(&schema, at, &name))?;
    }
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted.iter().copied());
    check(builder.metadata(), &mask)?;
    let total_rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
    let builder = builder.with_projection(mask);
    let builder = builder.with_batch_size(opened.batch);
    let mut reader = by_library(|| builder.build()).map_err(|error| error.in_file(&name))?;
    let columns = columns.among(&wanted);
    let schema = reader.schema();
    let read = || {
        let batch = by_library(|| reader.next().transpose()).transpose();
        batch.map(|batch| batch.map_err(|error| error.in_file(&name)))
    };
    let mut batches = std::iter::from_fn(read).peekable();
    let (format, notes) = match batches.peek() {
        Some(Ok(first)) if columns.date_columns().any(|at| !is_day(first.column(at))) => options
            .date_form(&name, "rows", columns.date_names(), || {
                sniff_dates(first, &columns)
            })?,
        _ => (options.date_format.unwrap_or(DateFormat::Iso), Vec::new()),
    };
    let has_lists = columns
        .codes
        .iter()
        .any(|code| is_list(schema.field(code.at)));
    let split = options
        .split
        .clone()
        .or_else(|| has_lists.then(Separators::of_lists));
    if split.is_some() && matches!(output, ParquetOutput::Parquet(_)) {
        return Err(Error::usage(
            "of cells with several codes a row for each code is written, which is no Parquet",
        )
        .in_file(name)
        .with_hint("name a CSV or NDJSON file: -o annotated.csv"));
    }
    let rules = AuditRules {
        file: &name,
        options: options.rows,
        are_rows: split.is_none(),
        writes: match &output {
            ParquetOutput::Parquet(_) => true,
            ParquetOutput::Text(_, annotated) => annotated.is_asked(),
        },
    };
    let mut output = match output {
        ParquetOutput::Text(_, Annotated::No) => BatchOutput::No,
        ParquetOutput::Text(form, mut out) => {
            let (header, sink) = claim_sink(form, rules, columns.also_kept_names())?;
            out.write_header(&header)?;
            BatchOutput::Claims { sink, out }
        }
        ParquetOutput::Parquet(out) => {
            BatchOutput::rows(out, annotated_schema(&columns, &schema, rules.options))?
        }
    };
    let separators = split.unwrap_or_default();
    let mut auditor = Auditor::new(index, rules);
    let mut batch_sink = BatchSink {
        dots: !options.rows.plain_codes,
    };
    let mut bytes = Vec::new();
    let mut first = 1;
    for batch in batches {
        is_in_time()?;
        let batch = batch?;
        let mut found = BatchFound::new(&columns);
        let mut fields = vec![String::new(); columns.count];
        let cells = by_library(|| decoded(&batch)).map_err(|error| error.in_file(&name))?;
        for at in 0..batch.num_rows() {
            let row = read_row(&cells, at, first, &columns, format, &mut fields);
            if row.fields.iter().any(|text| text.len() > MAX_CELL) {
                let (place, most) = (row.place, MAX_CELL >> 20);
                let message = format!("a cell of {place} is longer than {most} MB");
                return Err(Error::format(message)
                    .in_file(&name)
                    .with_hint("is it a table of claims?"));
            }
            match &mut output {
                BatchOutput::Claims { sink, out } => {
                    let claim = row.into_claim(&separators);
                    auditor.claim(&claim, Some(sink.as_mut()), &mut bytes)?;
                    if bytes.len() >= CHUNK {
                        out.write(&bytes)?;
                        bytes.clear();
                    }
                }
                BatchOutput::Rows { .. } => {
                    auditor.claim(&row, Some(&mut batch_sink), &mut found)?;
                }
                BatchOutput::No if rules.are_rows => {
                    auditor.claim(&row, None::<&mut BatchSink>, &mut found)?;
                }
                BatchOutput::No => {
                    let claim = row.into_claim(&separators);
                    auditor.claim(&claim, None::<&mut CodeRows>, &mut bytes)?;
                }
            }
        }
        match &mut output {
            BatchOutput::No => {}
            BatchOutput::Claims { out, .. } => {
                out.write(&bytes)?;
                bytes.clear();
            }
            BatchOutput::Rows { writer, schema } => {
                let annotated = found
                    .beside(&batch, first, &columns, schema.clone(), rules.options)
                    .map_err(|error| unwritable(&error))?;
                writer
                    .write(&annotated)
                    .map_err(|error| unwritable(&error))?;
            }
        }
        first += batch.num_rows() as u64;
        let share = u128::from(total_bytes) * batch.num_rows() as u128;
        progress(u64::try_from(share / u128::from(total_rows.max(1))).unwrap_or(0));
    }
    if let BatchOutput::Rows { writer, .. } = output {
        writer.close().map_err(|error| unwritable(&error))?;
    }
    let tally = auditor.into_tally();
    Ok(Audited::of_table(index, &name, tally, &columns, notes))
}

/// What an annotated Parquet file is written as.
pub enum ParquetOutput<'o> {
    /// Parquet.
    Parquet(&'o mut (dyn Write + Send)),
    /// Text with a row or an object for each code or row.
    Text(OutputForm, Annotated<'o>),
}

/// What the rows of a file are written as.
enum BatchOutput<'o> {
    /// Nothing: they are only counted.
    No,
    /// Rows, with what was found of each of their codes beside them.
    Rows {
        writer: Box<ArrowWriter<&'o mut (dyn Write + Send)>>,
        schema: Arc<Schema>,
    },
    /// Text: an object for each row, or a row for each code.
    Claims { sink: ClaimSink, out: Annotated<'o> },
}

impl<'o> BatchOutput<'o> {
    fn rows(out: &'o mut (dyn Write + Send), schema: Schema) -> Result<BatchOutput<'o>> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        let schema = Arc::new(schema);
        let writer = ArrowWriter::try_new(out, schema.clone(), Some(properties));
        let writer = Box::new(writer.map_err(|error| unwritable(&error))?);
        Ok(BatchOutput::Rows { writer, schema })
    }
}

/// Returns the error of a file that cannot be read, for this reason.
fn unreadable_as(why: impl std::fmt::Display) -> Error {
    Error::format(format!("the Parquet file cannot be read: {why}")).with_hint(
        "is it complete? its directory is at its end, so a file that was cut off cannot be read",
    )
}

fn unwritable(error: &dyn std::fmt::Display) -> Error {
    Error::io(format!(
        "the annotated Parquet file cannot be written: {error}"
    ))
    .with_hint("check where the output goes (is the disk full?), and try again")
}

fn is_list(field: &Field) -> bool {
    matches!(
        field.data_type(),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..)
    )
}

/// Refuses a column of a type that holds no text, number or day.
fn refuse_type(schema: &Schema, at: usize, name: &str) -> Result<()> {
    let Some(field) = schema.fields().get(at) else {
        return Ok(());
    };
    let wrong = |what: String, hint: &str| {
        let message = format!(
            "column {:?} is of type {}, {what}",
            field.name(),
            field.data_type()
        );
        Err(Error::usage(message).in_file(name).with_hint(hint))
    };
    match type_within(field.data_type()) {
        DataType::Timestamp(_, Some(zone)) if zone.parse::<Tz>().is_err() => wrong(
            "with an unknown time zone".to_owned(),
            "write the column without a zone, as days of the place where the service was given",
        ),
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_)
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal128(..)
        | DataType::Decimal256(..)
        | DataType::Date32
        | DataType::Date64
        | DataType::Timestamp(..)
        | DataType::Null => Ok(()),
        _ => wrong(
            "which is not a code, date or amount".to_owned(),
            "codes are texts or lists of texts; dates are of a date or timestamp type, texts or numbers such as 20211001",
        ),
    }
}

/// Refuses a column to be kept in rows of text whose type no text holds.
fn refuse_kept(schema: &Schema, at: usize, name: &str) -> Result<()> {
    let field = schema.fields().get(at);
    match field.map(|field| type_within(field.data_type())) {
        Some(DataType::Boolean) => Ok(()),
        _ => refuse_type(schema, at, name).map_err(|error| {
            error.with_hint("it cannot be kept in rows of text: leave it out, or write Parquet (codeyear audit FILE -o rows.parquet)")
        }),
    }
}

/// Returns the type of the values of a column: of a dictionary and of a list that of what is in it.
fn type_within(kind: &DataType) -> &DataType {
    match kind {
        DataType::Dictionary(_, values) => type_within(values),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            type_within(item.data_type())
        }
        kind => kind,
    }
}

impl Columns {
    /// Numbers the columns anew where only some are read, which are named in their order.
    fn among(mut self, read: &[usize]) -> Columns {
        let single = [&mut self.only_date, &mut self.admit, &mut self.discharge];
        let single = single
            .into_iter()
            .chain([&mut self.code_set_by, &mut self.amount]);
        let many = self.dates.iter_mut().chain(&mut self.kept);
        let many = many
            .chain(&mut self.also_kept)
            .chain(self.poa.iter_mut().flatten());
        let codes = self.codes.iter_mut().map(|code| &mut code.at);
        for at in single.flatten().chain(many).chain(codes) {
            *at = read.iter().position(|read| read == at).unwrap_or(*at);
        }
        let names = read.iter().filter_map(|at| self.names.get(*at).cloned());
        self.names = names.collect();
        self.count = read.len();
        self
    }
}

impl Fields for Vec<String> {
    fn field(&self, at: usize) -> &[u8] {
        self.get(at).map_or(&[], String::as_bytes)
    }
}

/// Returns the schema of the annotated file.
fn annotated_schema(columns: &Columns, input: &Schema, options: RowOptions) -> Schema {
    let number = Arc::new(Field::new("row", DataType::UInt64, false));
    let mut fields: Vec<Arc<Field>> = Vec::new();
    fields.extend(options.only_failures.then_some(number));
    let kept = columns.kept.iter();
    fields.extend(kept.filter_map(|at| input.fields().get(*at).cloned()));
    fields.extend(columns.added(options.columns).map(|(name, column)| {
        let kind = match column {
            "day" => DataType::Date32,
            "use_count" => DataType::UInt32,
            _ => DataType::Utf8,
        };
        Arc::new(Field::new(name, kind, true))
    }));
    Schema::new(fields)
}

/// Checks whether a column holds days and no texts of them.
fn is_day(column: &ArrayRef) -> bool {
    matches!(
        column.data_type(),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)
    )
}

/// Recognises the form of the dates from the first rows.
fn sniff_dates(
    batch: &RecordBatch,
    columns: &Columns,
) -> std::result::Result<DateFormat, UnknownDateFormat> {
    let mut texts: Vec<String> = Vec::new();
    let cells = decoded(batch).unwrap_or_default();
    let dates = columns.date_columns().filter_map(|at| cells.get(at));
    for column in dates.filter(|column| !is_day(column)) {
        for row in 0..batch.num_rows().min(1000) {
            let mut text = String::new();
            read_text(column, row, &mut text);
            texts.push(text);
        }
    }
    let texts = texts.iter().map(String::as_bytes);
    DateFormat::sniff(texts.filter(|text| !columns.nulls.are(text)))
}

/// Returns the columns of a batch, those of a dictionary with their values in place.
fn decoded(batch: &RecordBatch) -> std::result::Result<Vec<ArrayRef>, ArrowError> {
    let plain = |column: &ArrayRef| match column.as_any_dictionary_opt() {
        Some(dictionary) => take(dictionary.values(), dictionary.keys(), None),
        None => Ok(column.clone()),
    };
    batch.columns().iter().map(plain).collect()
}

/// Reads a row of a batch whose first one has a number.
fn read_row<'r>(
    cells: &[ArrayRef],
    at: usize,
    first: u64,
    columns: &'r Columns,
    format: DateFormat,
    fields: &'r mut Vec<String>,
) -> TableRow<'r, Vec<String>> {
    for (number, (column, text)) in cells.iter().zip(fields.iter_mut()).enumerate() {
        text.clear();
        read_text(column, at, text);
        let is_date = columns.date_columns().any(|date| date == number);
        if is_date
            && !is_day(column)
            && let Some(day) = format.read(text.as_bytes())
        {
            // Days of types and of texts side by side are read alike.
            *text = day.to_string();
        }
    }
    let fields: &'r Vec<String> = fields;
    let day = columns
        .day(fields, DateFormat::Iso)
        .map_err(|kind| match kind {
            ProblemKind::BadDate { .. } => ProblemKind::BadDate {
                expected: format.pattern(),
            },
            kind => kind,
        });
    let day = day.and_then(|day| match day.date() {
        Some(_) => Ok(day),
        None => Err(ProblemKind::BadDate {
            expected: format.pattern(),
        }),
    });
    TableRow {
        columns,
        fields,
        place: ClaimPlace::Row(first + at as u64),
        day,
        date_column: columns.only_date,
        amount: columns.amount.map(|at| fields.field(at)),
        format,
        known: &[],
    }
}
