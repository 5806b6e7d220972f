//! Tables whose rows come one by one from somewhere else than a stream of text: workbooks, and files of fixed widths.

use std::collections::VecDeque;

use super::audited::Audited;
use super::auditor::{AuditRules, Auditor};
use super::claim::ClaimPlace;
use super::columns::Columns;
use super::index::Index;
use super::options::{Annotated, TableOptions};
use super::rows::{KeptFields, RowAudit, RowOutput, header_of, write_cells};
use codeyear_core::error::Result;
use codeyear_core::model::DateFormat;

/// The most rows that the form of dates is told from.
const MAX_SNIFFED: usize = 1000;

/// How much is gathered before it is written.
const CHUNK: usize = 256 * 1024;

/// A row of cells.
pub(super) struct CellRow {
    pub(super) place: ClaimPlace,
    /// How many bytes of the file it stands for.
    pub(super) bytes: u64,
    pub(super) cells: Vec<Cell>,
}

/// A cell as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cell {
    /// Its text; of a day YYYY-MM-DD.
    pub(super) text: String,
    /// Whether its type says that it is a day.
    pub(super) is_day: bool,
}

impl super::columns::Fields for Vec<Cell> {
    fn field(&self, at: usize) -> &[u8] {
        self.get(at).map_or(&[], |cell| cell.text.as_bytes())
    }
}

impl KeptFields for Vec<Cell> {
    fn write_kept(&self, columns: &Columns, delimiter: u8, out: &mut Vec<u8>) -> Result<()> {
        write_cells(self, columns, delimiter, out)
    }
}

/// Audits rows whose columns are known. What is written of them is CSV.
///
/// # Errors
/// As [`audit_delimited`](super::audit_delimited), and what the rows fail with.
pub(super) fn audit_cells<'i>(
    index: &'i Index,
    file: &str,
    columns: &Columns,
    mut rows: impl Iterator<Item = Result<CellRow>>,
    options: &TableOptions,
    mut annotated: Annotated<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Audited<'i>> {
    const DELIMITER: u8 = b',';
    let first: VecDeque<CellRow> = rows.by_ref().take(MAX_SNIFFED).collect::<Result<_>>()?;
    let dates = first.iter().flat_map(|row| {
        let cells = columns.date_columns().filter_map(|at| row.cells.get(at));
        cells.filter(|cell| !cell.is_day && !columns.nulls.are(cell.text.as_bytes()))
    });
    let mut dates = dates.peekable();
    let (format, notes) = match dates.peek() {
        Some(_) => options.date_form(file, "rows", columns.date_names(), || {
            DateFormat::sniff(dates.map(|cell| cell.text.as_bytes()))
        })?,
        None => (options.date_format.unwrap_or(DateFormat::Iso), Vec::new()),
    };
    let rules = AuditRules {
        file,
        options: options.rows,
        are_rows: options.split.is_none(),
        writes: annotated.is_asked(),
    };
    let split = options.split.as_ref();
    if rules.writes {
        annotated.write_header(&header_of(columns, DELIMITER, rules, split)?)?;
    }
    let mut audit = RowAudit {
        columns,
        format: DateFormat::Iso,
        auditor: Auditor::new(index, rules),
        output: RowOutput::new(index, columns, DELIMITER, rules, split)?,
        split,
    };
    let mut bytes = Vec::new();
    for row in first.into_iter().map(Ok).chain(rows) {
        let mut row = row?;
        for at in columns.date_columns() {
            // Days of types and of texts side by side are read alike.
            if let Some(cell) = row.cells.get_mut(at)
                && !cell.is_day
                && let Some(day) = format.read(cell.text.as_bytes())
            {
                cell.text = day.to_string();
            }
        }
        audit.row(&row.cells, row.cells.len(), row.place, &mut bytes)?;
        if bytes.len() >= CHUNK {
            annotated.write(&bytes)?;
            bytes.clear();
        }
        progress(row.bytes);
    }
    annotated.write(&bytes)?;
    let tally = audit.auditor.into_tally();
    Ok(Audited::of_table(index, file, tally, columns, notes))
}
