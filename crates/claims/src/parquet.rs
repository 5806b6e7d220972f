//! Parquet: a file of typed columns, read and written a batch of rows at a time.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{Date32Builder, StringBuilder, UInt32Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal128Type, Float64Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, UInt64Array};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use arrow_select::filter::filter_record_batch;
use chrono::{Datelike, NaiveDate};
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::auditor::{Auditor, CodeOutcome};
use super::claim::{ClaimPlace, ClaimProblem, ProblemKind};
use super::columns::{Columns, Fields, cents};
use super::day::DateFormat;
use super::delimited::{COLUMNS, NOT_JUDGED, RowOptions, TableOptions, UNREADABLE, cells, told};
use super::index::Index;
use super::tally::AuditSummary;
use codeyear_core::error::{Error, Result};
use codeyear_core::model::VerdictKind;

/// Rows in memory at once.
const BATCH: usize = 32 * 1024;
/// The day of the first value of a Date32 column.
const UNIX_EPOCH_FROM_CE: i32 = 719_163;

/// Audits a Parquet file as [`audit_delimited`](super::audit_delimited) audits a table of text. Dates may be of
/// a date or timestamp type, or texts; codes are texts.
///
/// The annotated file is Parquet: the columns asked for with their types, and for each code those that the
/// annotated table has; `day` is a date.
///
/// # Errors
/// As `audit_delimited`; also if a column is of a type that holds no code or date.
pub fn audit_parquet(
    index: &Index,
    path: &Path,
    options: &TableOptions,
    annotated: Option<&mut (dyn Write + Send)>,
    progress: &mut dyn FnMut(u64),
) -> Result<AuditSummary> {
    let name = path.display().to_string();
    let input =
        File::open(path).map_err(|error| codeyear_core::error::io_error("read", path, error))?;
    let fail = |error: &dyn std::fmt::Display| unreadable(&name, error);
    let builder = ParquetRecordBatchReaderBuilder::try_new(input).map_err(|error| fail(&error))?;
    let schema = builder.schema().clone();
    let names = schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let columns = Columns::find(&options.columns, names, &name)?;
    // Only the columns that have a say are read.
    let mut wanted: Vec<usize> = columns.kept.clone();
    wanted.extend(columns.amount.iter().chain(&columns.code_set_by));
    wanted.sort_unstable();
    wanted.dedup();
    for at in columns
        .date_columns()
        .chain(columns.codes.iter().map(|code| code.at))
    {
        refuse_type(&schema, at, &name)?;
    }
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted.iter().copied());
    let total_rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
    let total_bytes = std::fs::metadata(path).map_or(0, |file| file.len());
    let batches = builder
        .with_projection(mask)
        .with_batch_size(BATCH)
        .build()
        .map_err(|error| fail(&error))?;
    let mut audit = BatchAudit {
        judge: Auditor::new(index, options.rows.purpose(annotated.is_some())),
        columns: &columns,
        wanted: &wanted,
        format: options.date_format,
        rows: options.rows,
        name: &name,
        input: schema.clone(),
        row: 0,
    };
    let mut writer = annotated
        .map(|out| {
            let schema = Arc::new(audit.schema(&schema));
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::default()))
                .build();
            ArrowWriter::try_new(out, schema, Some(properties)).map_err(|error| fail(&error))
        })
        .transpose()?;
    let mut notes = Vec::new();
    for batch in batches {
        let batch = batch.map_err(|error| fail(&error))?;
        let stated = audit.format.is_some();
        let judged = audit.batch(&batch, writer.is_some())?;
        if !stated
            && let Some(format) = audit.format
            && audit.has_date_texts(&schema)
        {
            notes.push(format!(
                "dates are read as {format}, as the first rows have them"
            ));
        }
        if let (Some(writer), Some(judged)) = (&mut writer, judged) {
            writer.write(&judged).map_err(|error| fail(&error))?;
        }
        let share = u128::from(total_bytes) * batch.num_rows() as u128;
        progress(u64::try_from(share / u128::from(total_rows.max(1))).unwrap_or(0));
    }
    if let Some(writer) = writer {
        writer.close().map_err(|error| fail(&error))?;
    }
    let mut summary = audit.judge.into_tally().into_summary(index)?;
    summary.notes.extend(notes);
    summary.has_amounts = columns.amount.is_some();
    Ok(summary)
}

fn unreadable(name: &str, error: &dyn std::fmt::Display) -> Error {
    Error::format(format!("the Parquet file cannot be read or written: {error}"))
        .in_file(name)
        .with_hint("is it whole? its directory stands at its end, so that a file that was cut off cannot be read")
}

/// Refuses a column of a type that holds no text, number or day.
fn refuse_type(schema: &Schema, at: usize, name: &str) -> Result<()> {
    let Some(field) = schema.fields().get(at) else {
        return Ok(());
    };
    match field.data_type() {
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Int32
        | DataType::Int64
        | DataType::Date32
        | DataType::Date64
        | DataType::Timestamp(..) => Ok(()),
        other => Err(Error::usage(format!(
            "column {:?} is of type {other}, which holds no code and no date",
            field.name()
        ))
        .in_file(name)
        .with_hint("codes are texts; dates are of a date or timestamp type, or texts")),
    }
}

/// One row of a batch as texts.
struct Row {
    texts: Vec<String>,
    /// By the number of the column in the file, the number of its text.
    at: Vec<Option<usize>>,
}

impl Fields for Row {
    fn field(&self, at: usize) -> &[u8] {
        let text = self
            .at
            .get(at)
            .copied()
            .flatten()
            .and_then(|at| self.texts.get(at));
        text.map_or(&[], String::as_bytes)
    }
}

/// The audit of one batch after another.
struct BatchAudit<'a> {
    judge: Auditor<'a>,
    columns: &'a Columns,
    /// The columns that are read, by their numbers in the file.
    wanted: &'a [usize],
    format: Option<DateFormat>,
    rows: RowOptions,
    name: &'a str,
    input: Arc<Schema>,
    row: u64,
}

impl BatchAudit<'_> {
    /// Returns the schema of the annotated file.
    fn schema(&self, input: &Schema) -> Schema {
        let mut fields: Vec<Arc<Field>> = Vec::new();
        if self.rows.only_failures {
            fields.push(Arc::new(Field::new("row", DataType::UInt64, false)));
        }
        let kept = self.columns.kept.iter();
        fields.extend(kept.filter_map(|at| input.fields().get(*at).cloned()));
        let many = self.columns.codes.len() > 1;
        for code in &self.columns.codes {
            for column in COLUMNS {
                let kind = match column {
                    "day" => DataType::Date32,
                    "use_count" => DataType::UInt32,
                    _ => DataType::Utf8,
                };
                let name = if many {
                    format!("{}_{column}", code.name)
                } else {
                    column.to_owned()
                };
                fields.push(Arc::new(Field::new(name, kind, true)));
            }
        }
        Schema::new(fields)
    }

    /// Checks whether any date column holds texts.
    fn has_date_texts(&self, schema: &Schema) -> bool {
        self.columns.date_columns().any(|at| {
            schema.fields().get(at).is_some_and(|field| {
                !matches!(
                    field.data_type(),
                    DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)
                )
            })
        })
    }

    /// Judges a batch; gives what is to be written of it.
    fn batch(&mut self, batch: &RecordBatch, writes: bool) -> Result<Option<RecordBatch>> {
        let format = match self.format {
            Some(format) => format,
            None if self.columns.on.is_some() => DateFormat::Iso,
            None => self.sniff(batch)?,
        };
        let mut added: Vec<Added> = self.columns.codes.iter().map(|_| Added::new()).collect();
        let mut failing: Vec<bool> = Vec::with_capacity(batch.num_rows());
        let mut row = Row {
            texts: vec![String::new(); self.wanted.len()],
            at: vec![None; self.columns.count],
        };
        for (text, at) in self.wanted.iter().enumerate() {
            if let Some(slot) = row.at.get_mut(*at) {
                *slot = Some(text);
            }
        }
        let dates: Vec<usize> = self.columns.date_columns().collect();
        let first = self.row + 1;
        for number in 0..batch.num_rows() {
            self.row += 1;
            for ((column, text), at) in batch.columns().iter().zip(&mut row.texts).zip(self.wanted)
            {
                text.clear();
                read_text(column, number, dates.contains(at).then_some(format), text);
            }
            let fails = self.row(&row, format, &mut added)?;
            failing.push(fails);
        }
        if writes {
            self.annotated(batch, first, failing, added).map(Some)
        } else {
            Ok(None)
        }
    }

    fn sniff(&mut self, batch: &RecordBatch) -> Result<DateFormat> {
        let mut texts: Vec<String> = Vec::new();
        for at in self.columns.date_columns() {
            let Some(column) = self.wanted.iter().position(|wanted| *wanted == at) else {
                continue;
            };
            let column = batch.column(column);
            if !matches!(
                column.data_type(),
                DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)
            ) {
                for row in 0..batch.num_rows().min(1000) {
                    let mut text = String::new();
                    read_text(column, row, None, &mut text);
                    texts.push(text);
                }
            }
        }
        let format = told(
            DateFormat::sniff(texts.iter().map(String::as_bytes)),
            self.name,
        )?;
        self.format = Some(format);
        Ok(format)
    }

    /// Judges the codes of a row and adds what is found of each; tells whether any fails.
    fn row(&mut self, row: &Row, format: DateFormat, added: &mut [Added]) -> Result<bool> {
        self.judge.tally_mut().count_rows(1);
        let columns = self.columns;
        let day = columns.day(row, format).and_then(|day| match day.date() {
            Some(_) => Ok(day),
            None => Err(ProblemKind::BadDate {
                expected: format.pattern(),
            }),
        });
        let mut amount = None;
        if let Some(at) = columns.amount
            && !row.field(at).is_empty()
        {
            amount = cents(row.field(at));
            if amount.is_none() {
                let kind = ProblemKind::Malformed("no amount in dollars".to_owned());
                self.report(at, row, kind)?;
            }
        }
        let mut fails = false;
        let mut told = false;
        for (code, added) in columns.codes.iter().zip(added) {
            let text = row.field(code.at);
            if text.trim_ascii().is_empty() {
                added.nothing();
                continue;
            }
            match &day {
                Ok(day) => {
                    let system = columns.system(code, row);
                    let judged = self.judge.judge(system, text, *day, amount)?;
                    fails |= judged.is_some_and(|judged| self.judge.fails(judged));
                    added.judged(judged, &self.judge, !self.rows.plain_codes);
                }
                Err(kind) => {
                    if !told {
                        let at = columns.date_columns().next().unwrap_or(code.at);
                        self.report(at, row, kind.clone())?;
                        told = true;
                    }
                    fails = true;
                    added.add([UNREADABLE, "", "", "", &kind.to_string()], None, 0);
                }
            }
        }
        Ok(fails)
    }

    /// Counts what cannot be read; with `strict` it ends the audit.
    fn report(&mut self, at: usize, row: &Row, kind: ProblemKind) -> Result<()> {
        let problem = ClaimProblem {
            place: ClaimPlace::Row(self.row),
            field: self.columns.names.get(at).cloned(),
            kind,
            value: self
                .rows
                .show_values
                .then(|| String::from_utf8_lossy(row.field(at)).into_owned()),
        };
        if self.rows.strict {
            let message = format!("{}: {problem}", problem.place);
            return Err(Error::format(message).in_file(self.name).with_hint(
                "without --strict such rows are reported and counted, and the rest is judged",
            ));
        }
        self.judge.tally_mut().problem(problem);
        Ok(())
    }

    /// Puts the columns asked for and those added together.
    fn annotated(
        &self,
        batch: &RecordBatch,
        first: u64,
        failing: Vec<bool>,
        added: Vec<Added>,
    ) -> Result<RecordBatch> {
        let mut columns: Vec<ArrayRef> = Vec::new();
        if self.rows.only_failures {
            let rows = (first..).take(failing.len());
            columns.push(Arc::new(UInt64Array::from_iter_values(rows)));
        }
        for at in &self.columns.kept {
            if let Some(place) = self.wanted.iter().position(|wanted| wanted == at) {
                columns.push(batch.column(place).clone());
            }
        }
        for added in added {
            columns.extend(added.finish());
        }
        let fail = |error: &dyn std::fmt::Display| unreadable(self.name, error);
        let schema = Arc::new(self.schema(&self.input));
        let whole = RecordBatch::try_new(schema, columns).map_err(|error| fail(&error))?;
        if !self.rows.only_failures {
            return Ok(whole);
        }
        filter_record_batch(&whole, &BooleanArray::from(failing)).map_err(|error| fail(&error))
    }
}

/// The columns that one code column gets, in the making.
struct Added {
    /// Verdict, release, use, basis, why.
    texts: [StringBuilder; 5],
    day: Date32Builder,
    use_count: UInt32Builder,
}

impl Added {
    fn new() -> Added {
        Added {
            texts: std::array::from_fn(|_| StringBuilder::new()),
            day: Date32Builder::new(),
            use_count: UInt32Builder::new(),
        }
    }

    /// Adds a row: verdict, release, use, basis and why; an empty text is null.
    fn add(&mut self, texts: [&str; 5], day: Option<NaiveDate>, use_count: usize) {
        for (builder, text) in self.texts.iter_mut().zip(texts) {
            if text.is_empty() {
                builder.append_null();
            } else {
                builder.append_value(text);
            }
        }
        self.day
            .append_option(day.map(|day| day.num_days_from_ce() - UNIX_EPOCH_FROM_CE));
        let count = u32::try_from(use_count).unwrap_or(u32::MAX);
        self.use_count.append_option((count > 0).then_some(count));
    }

    fn nothing(&mut self) {
        self.add([""; 5], None, 0);
    }

    fn judged(&mut self, judged: Option<CodeOutcome>, judge: &Auditor<'_>, dots: bool) {
        match judged {
            None => self.nothing(),
            Some(CodeOutcome::OtherSet) => self.add([NOT_JUDGED, "", "", "", ""], None, 0),
            Some(CodeOutcome::Billable(code_set, segment)) => {
                let release = judge.release(code_set, segment);
                let release = release
                    .map(|release| release.to_string())
                    .unwrap_or_default();
                self.add(
                    [VerdictKind::Billable.name(), &release, "", "", ""],
                    None,
                    0,
                );
            }
            Some(judged) => match judge.finding(judged) {
                Some(finding) => {
                    let [verdict, release, _, uses, _, basis, why] = cells(finding, dots);
                    self.add(
                        [&verdict, &release, &uses, &basis, &why],
                        finding.day,
                        finding.use_count,
                    );
                }
                None => self.nothing(),
            },
        }
    }

    /// Returns the columns in the order of [`COLUMNS`].
    fn finish(mut self) -> [ArrayRef; 7] {
        let [verdict, release, uses, basis, why] = &mut self.texts;
        [
            Arc::new(verdict.finish()),
            Arc::new(release.finish()),
            Arc::new(self.day.finish()),
            Arc::new(uses.finish()),
            Arc::new(self.use_count.finish()),
            Arc::new(basis.finish()),
            Arc::new(why.finish()),
        ]
    }
}

/// Reads a cell as text; a date of a date type in the form that the dates of the file are read in.
fn read_text(column: &ArrayRef, row: usize, date: Option<DateFormat>, text: &mut String) {
    use std::fmt::Write;
    if column.is_null(row) {
        return;
    }
    let day = |days: i64| {
        let days = i32::try_from(days).ok()?.checked_add(UNIX_EPOCH_FROM_CE)?;
        NaiveDate::from_num_days_from_ce_opt(days)
    };
    let instant = |value: i64, a_day: i64| day(value.div_euclid(a_day));
    let day = match column.data_type() {
        DataType::Utf8 => return text.push_str(column.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => return text.push_str(column.as_string::<i64>().value(row)),
        DataType::Utf8View => return text.push_str(column.as_string_view().value(row)),
        // Writing to a string does not fail.
        DataType::Int32 => {
            let _ = write!(text, "{}", column.as_primitive::<Int32Type>().value(row));
            return;
        }
        DataType::Int64 => {
            let _ = write!(text, "{}", column.as_primitive::<Int64Type>().value(row));
            return;
        }
        DataType::Float64 => {
            let _ = write!(
                text,
                "{:.2}",
                column.as_primitive::<Float64Type>().value(row)
            );
            return;
        }
        DataType::Decimal128(..) => {
            text.push_str(&column.as_primitive::<Decimal128Type>().value_as_string(row));
            return;
        }
        DataType::Date32 => day(i64::from(column.as_primitive::<Date32Type>().value(row))),
        DataType::Date64 => instant(column.as_primitive::<Date64Type>().value(row), 86_400_000),
        DataType::Timestamp(TimeUnit::Second, _) => instant(
            column.as_primitive::<TimestampSecondType>().value(row),
            86_400,
        ),
        DataType::Timestamp(TimeUnit::Millisecond, _) => instant(
            column.as_primitive::<TimestampMillisecondType>().value(row),
            86_400_000,
        ),
        DataType::Timestamp(TimeUnit::Microsecond, _) => instant(
            column.as_primitive::<TimestampMicrosecondType>().value(row),
            86_400_000_000,
        ),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => instant(
            column.as_primitive::<TimestampNanosecondType>().value(row),
            86_400_000_000_000,
        ),
        _ => return,
    };
    let Some(day) = day else { return };
    let pattern = match date {
        Some(DateFormat::Us) => "%m/%d/%Y",
        Some(DateFormat::Compact) => "%Y%m%d",
        Some(DateFormat::Iso) | None => "%Y-%m-%d",
    };
    let _ = write!(text, "{}", day.format(pattern));
}
