//! Rows of a table, whatever they are read from: judged, and written as rows or, where a cell may hold several codes, as a
//! row for each code.

mod sink;
mod suffix;

use super::auditor::{AuditRules, Auditor};
use super::claim::{Claim, ClaimPlace, ClaimProblem, ProblemKind};
use super::columns::Columns;
use super::day::DateFormat;
use super::index::Index;
use super::not_judged::NotJudged;
use super::options::Separators;
use super::sinks::CodeRows;
use super::table::TableRow;
use codeyear_core::error::Result;
use sink::header;
pub(crate) use sink::write_cells;
pub(crate) use sink::{KeptFields, RowSink};
pub(crate) use suffix::append;

/// What is noted of a row that ends before its header does, and of one that goes on with nothing.
const SHORT: &str = "a row with fewer fields than the header";
const LONG: &str = "a row with empty fields beyond the header";

/// The rows of one thread.
pub(super) struct RowAudit<'w> {
    pub(super) columns: &'w Columns,
    pub(super) format: DateFormat,
    pub(super) auditor: Auditor<'w>,
    pub(super) output: RowOutput<'w>,
    pub(super) split: Option<&'w Separators>,
}

/// What rows are written as.
pub(super) enum RowOutput<'w> {
    /// Nothing: they are only counted.
    No,
    /// Rows, with what was found of each of their codes beside them.
    Rows(Box<RowSink<'w>>),
    /// A row for each code.
    Codes(CodeRows),
}

impl<'w> RowOutput<'w> {
    pub(super) fn new(
        index: &Index,
        columns: &'w Columns,
        delimiter: u8,
        rules: AuditRules<'_>,
        split: Option<&Separators>,
    ) -> Result<RowOutput<'w>> {
        Ok(match (rules.writes, split) {
            (false, _) => RowOutput::No,
            (true, None) => {
                let sink = RowSink::new(index, columns, delimiter, rules)?;
                RowOutput::Rows(Box::new(sink))
            }
            (true, Some(_)) => RowOutput::Codes(CodeRows::new(rules, columns.also_kept_names())),
        })
    }
}

/// Returns the header of what is written of rows.
pub(super) fn header_of(
    columns: &Columns,
    delimiter: u8,
    rules: AuditRules<'_>,
    split: Option<&Separators>,
) -> Result<Vec<u8>> {
    match split {
        None => header(columns, delimiter, &rules.options),
        Some(_) => CodeRows::new(rules, columns.also_kept_names()).header(),
    }
}

impl RowAudit<'_> {
    /// Audits a row of so many fields. One that ends before its header is read if its dates and any of its codes are
    /// there: what is not is empty.
    pub(super) fn row<F: KeptFields>(
        &mut self,
        fields: &F,
        found: usize,
        place: ClaimPlace,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let expected = self.columns.count;
        if found == expected {
            return self.whole_row(fields, place, out);
        }
        let are_empty = |mut places: std::ops::Range<usize>| {
            places.all(|at| fields.field(at).trim_ascii().is_empty())
        };
        let is_there = |at: usize| at < found;
        let remark = if found > expected && are_empty(expected..found) {
            LONG
        } else if found < expected
            && self.columns.date_columns().all(is_there)
            && self.columns.codes.iter().any(|code| is_there(code.at))
        {
            SHORT
        } else {
            let columns = self.columns;
            let codes = columns.codes.iter().filter(|code| is_there(code.at));
            let unread = codes.filter(|code| !columns.nulls.are(fields.field(code.at)));
            let unread = unread.count() as u64;
            if unread > 0 {
                let tally = self.auditor.tally_mut();
                tally.not_judged.add(NotJudged::NotRead, unread);
            }
            return self.problem(place, ProblemKind::Ragged { expected, found }, out);
        };
        self.auditor.tally_mut().remark(remark);
        let whole: csv::ByteRecord = (0..expected).map(|at| fields.field(at)).collect();
        self.whole_row(&whole, place, out)
    }

    fn whole_row<F: KeptFields>(
        &mut self,
        fields: &F,
        place: ClaimPlace,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let columns = self.columns;
        let row = TableRow {
            columns,
            fields,
            place,
            day: columns.day(fields, self.format),
            // Of several columns it takes a closer look which one.
            date_column: columns.only_date,
            amount: columns.amount.map(|at| fields.field(at).trim_ascii()),
            format: self.format,
        };
        match (self.split, &mut self.output) {
            (Some(separators), RowOutput::Codes(sink)) => {
                self.auditor
                    .claim(&row.into_claim(separators), Some(sink), out)
            }
            (Some(separators), _) => {
                let claim = row.into_claim(separators);
                self.auditor.claim(&claim, None::<&mut CodeRows>, out)
            }
            (None, RowOutput::Rows(sink)) => self.auditor.claim(&row, Some(sink.as_mut()), out),
            (None, _) => self.auditor.claim(&row, None::<&mut RowSink<'_>>, out),
        }
    }

    /// Reports a row of which not even the columns can be told.
    pub(super) fn problem(
        &mut self,
        place: ClaimPlace,
        kind: ProblemKind,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let problem = ClaimProblem::new(place, None, kind);
        match &mut self.output {
            RowOutput::Codes(sink) => self.auditor.problem::<Claim, _>(problem, Some(sink), out),
            RowOutput::Rows(sink) => {
                let sink = Some(sink.as_mut());
                self.auditor
                    .problem::<TableRow<'_, csv::ByteRecord>, _>(problem, sink, out)
            }
            RowOutput::No => self
                .auditor
                .problem::<Claim, _>(problem, None::<&mut CodeRows>, out),
        }
    }
}
