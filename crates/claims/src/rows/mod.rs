//! Rows of a table, whatever they are read from: judged, and written as rows or, where a cell may hold several codes, as a
//! row for each code.

mod sink;
mod suffix;

use super::auditor::{AuditRules, Auditor, KnownCode};
use super::claim::{Claim, ClaimPlace, ClaimProblem, ProblemKind};
use super::columns::Columns;
use super::index::Index;
use super::not_judged::NotJudged;
use super::options::Separators;
use super::sinks::CodeRows;
use super::table::TableRow;
use codeyear_core::error::Result;
use codeyear_core::model::DateFormat;
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
            return self.whole_row(fields, &[], place, out);
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
        self.whole_row(&whole, &[], place, out)
    }

    /// Audits a row with all its fields. What was found of its codes before is not looked up again.
    pub(super) fn whole_row<F: KeptFields>(
        &mut self,
        fields: &F,
        known: &[Option<KnownCode>],
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
            known,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CodeColumn, ColumnsAsked, FoundColumns, Keep, RowOptions};
    use codeyear_core::ingest::import_sample;
    use codeyear_core::model::CodeSet;
    use codeyear_core::store::Store;

    /// Writes what is found of codes and days, with room for what is found of so many codes.
    fn written(columns: FoundColumns, room: usize, rows: &[(&str, &str)]) -> String {
        let mut store = Store::in_memory().unwrap();
        import_sample(&mut store, "2026-03-01".parse().unwrap()).unwrap();
        let index = Index::open(store).unwrap();
        let asked = ColumnsAsked {
            codes: vec![CodeColumn {
                name: "dx".to_owned(),
                code_set: Some(CodeSet::Icd10Cm),
            }],
            dates: vec!["dos".to_owned()],
            keep: Keep::All,
            ..ColumnsAsked::default()
        };
        let names = vec!["dx".to_owned(), "dos".to_owned()];
        let table = Columns::find(&asked, names, "claims").unwrap();
        let rules = AuditRules {
            file: "claims",
            options: RowOptions {
                columns,
                ..RowOptions::default()
            },
            are_rows: true,
            writes: true,
        };
        let mut audit = RowAudit {
            columns: &table,
            format: DateFormat::Iso,
            auditor: Auditor::new(&index, rules).keeping(room),
            output: RowOutput::new(&index, &table, b',', rules, None).unwrap(),
            split: None,
        };
        let mut out = Vec::new();
        for (at, (code, day)) in rows.iter().enumerate() {
            let record = csv::ByteRecord::from(vec![*code, *day]);
            let place = ClaimPlace::Line(at as u64 + 2);
            audit.row(&record, record.len(), place, &mut out).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_not_kept_for_want_of_room_is_written_as_what_is() {
        let codes = [
            "C7B", "C7B.00", "M54.5", "C7B.99", "G35", "G35.E", "S06.1X7D", "odd",
        ];
        let days = [
            "2014-10-01",
            "2018-03-01",
            "2020-01-01",
            "2021-09-30",
            "2021-10-01",
            "2026-03-01",
            "2031-01-01",
        ];
        let all = codes.iter().flat_map(|code| days.map(|day| (*code, day)));
        let twice: Vec<(&str, &str)> = all.clone().chain(all).collect();
        for columns in [
            FoundColumns::default(),
            FoundColumns::named(["verdict"]),
            FoundColumns::named(["release", "why"]),
        ] {
            let kept = written(columns, 1_000, &twice);
            assert_eq!(kept.lines().count(), twice.len());
            for room in [0, 4] {
                assert_eq!(written(columns, room, &twice), kept, "{columns:?} {room}");
            }
        }
    }
}
