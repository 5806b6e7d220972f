//! What was found of a batch of rows, as columns beside its own.

use std::sync::Arc;

use arrow_array::builder::{Date32Builder, StringBuilder, UInt32Builder};
use arrow_array::{ArrayRef, BooleanArray, RecordBatch, UInt64Array};
use arrow_schema::{ArrowError, Schema};
use arrow_select::filter::filter_record_batch;
use chrono::Datelike;

use super::super::auditor::{Auditor, CodeOutcome};
use super::super::claim::ClaimProblem;
use super::super::columns::Columns;
use super::super::found::Found;
use super::super::options::RowOptions;
use super::super::pipeline::{AuditedClaim, Sink};
use super::super::table::TableRow;
use codeyear_core::error::Result;

/// The day of the first value of a Date32 column.
const UNIX_EPOCH_FROM_CE: i32 = 719_163;

/// Writes what is found of each code into columns.
pub(super) struct BatchSink {
    pub(super) dots: bool,
}

/// What was found in a batch.
pub(super) struct BatchFound {
    /// By column of codes.
    added: Vec<Added>,
    /// Of each row whether any of its codes fails.
    failing: Vec<bool>,
}

impl Sink<TableRow<'_, Vec<String>>> for BatchSink {
    type Out = BatchFound;

    fn code(
        &mut self,
        (row, at): (&TableRow<'_, Vec<String>>, usize),
        outcome: &CodeOutcome,
        auditor: &mut Auditor<'_>,
        out: &mut BatchFound,
    ) -> Result<()> {
        let found = auditor.found(outcome);
        let mut added = out.added.iter_mut().skip(at);
        if let Some(added) = added.next() {
            added.add(found, self.dots);
        }
        if matches!(found, Found::Unreadable(_)) {
            // Without a day none of the codes that follow can be judged.
            for (at, added) in (at + 1..).zip(added) {
                let found = row.code(at).map_or(Found::Nothing, |_| found);
                added.add(found, self.dots);
            }
        }
        Ok(())
    }

    fn end(&mut self, fails: bool, out: &mut BatchFound) {
        out.failing.push(fails);
    }

    fn problem(&mut self, _: &ClaimProblem, _: &mut BatchFound) -> Result<()> {
        // Columns of types have a row for each: none is more or less than that.
        Ok(())
    }
}

impl BatchFound {
    pub(super) fn new(columns: &Columns) -> BatchFound {
        BatchFound {
            added: columns.codes.iter().map(|_| Added::new()).collect(),
            failing: Vec::new(),
        }
    }

    /// Returns the columns asked for and those added; rows are numbered from the first.
    pub(super) fn beside(
        self,
        batch: &RecordBatch,
        first: u64,
        columns: &Columns,
        schema: Arc<Schema>,
        options: RowOptions,
    ) -> std::result::Result<RecordBatch, ArrowError> {
        let mut arrays: Vec<ArrayRef> = Vec::new();
        if options.only_failures {
            let rows = (first..).take(self.failing.len());
            arrays.push(Arc::new(UInt64Array::from_iter_values(rows)));
        }
        arrays.extend(columns.kept.iter().map(|at| batch.column(*at).clone()));
        let added = self.added.into_iter();
        arrays.extend(added.flat_map(|added| options.columns.of(added.finish())));
        let whole = RecordBatch::try_new(schema, arrays)?;
        match options.only_failures {
            true => filter_record_batch(&whole, &BooleanArray::from(self.failing)),
            false => Ok(whole),
        }
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

    /// Adds a row; an empty text is null.
    fn add(&mut self, found: Found<'_>, dots: bool) {
        use std::fmt::Write;
        let [verdict, release, uses, basis, why] = &mut self.texts;
        let add = |builder: &mut StringBuilder, text: &str| {
            builder.append_option(Some(text).filter(|text| !text.is_empty()));
        };
        add(verdict, found.verdict());
        // What is written to a builder is the beginning of its next value; writing to it does not fail.
        match found.release().map(|id| write!(release, "{id}")) {
            Some(_) => release.append_value(""),
            None => release.append_null(),
        }
        add(uses, &found.uses(dots));
        add(basis, found.use_basis().unwrap_or_default());
        add(why, &found.why());
        let day = found.day();
        self.day
            .append_option(day.map(|day| day.num_days_from_ce() - UNIX_EPOCH_FROM_CE));
        let count = found.use_count();
        self.use_count
            .append_option(count.map(|count| u32::try_from(count).unwrap_or(u32::MAX)));
    }

    /// Returns the columns in the order of [`COLUMNS`](super::found::COLUMNS).
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
