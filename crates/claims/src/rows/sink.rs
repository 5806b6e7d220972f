//! Annotated rows as CSV: the columns asked for, and those of each code beside them.

use super::suffix::Suffixes;
use crate::auditor::{AuditRules, Auditor, CodeOutcome};
use crate::claim::{ClaimProblem, ProblemKind};
use crate::columns::{Columns, Fields};
use crate::found::Found;
use crate::pipeline::{AuditedClaim, Sink};
use crate::sinks::write_row;
use crate::table::TableRow;
use crate::{Index, RowOptions};
use codeyear_core::error::Result;

/// The fields of a row that know how they are written again.
pub(crate) trait KeptFields: Fields {
    /// Writes the columns asked for.
    fn write_kept(&self, columns: &Columns, delimiter: u8, out: &mut Vec<u8>) -> Result<()>;
}

impl Fields for csv::ByteRecord {
    fn field(&self, at: usize) -> &[u8] {
        self.get(at).unwrap_or_default()
    }
}

impl KeptFields for csv::ByteRecord {
    fn write_kept(&self, columns: &Columns, delimiter: u8, out: &mut Vec<u8>) -> Result<()> {
        write_cells(self, columns, delimiter, out)
    }
}

/// Writes the columns asked for, quoted where they have to be.
pub(crate) fn write_cells(
    fields: &impl Fields,
    columns: &Columns,
    delimiter: u8,
    out: &mut Vec<u8>,
) -> Result<()> {
    let kept = columns.kept.iter().map(|column| fields.field(*column));
    write_row(kept, delimiter, out)?;
    // The row does not end there.
    out.pop();
    Ok(())
}

/// Returns the header of the annotated file.
pub(crate) fn header(columns: &Columns, delimiter: u8, options: &RowOptions) -> Result<Vec<u8>> {
    let mut names: Vec<String> = Vec::new();
    names.extend(options.names_files.then(|| "file".to_owned()));
    if options.only_failures {
        names.push("line".to_owned());
    }
    let kept = columns.kept.iter();
    names.extend(kept.filter_map(|at| columns.names.get(*at).cloned()));
    names.extend(columns.added(options.columns).map(|(name, _)| name));
    let mut header = Vec::new();
    write_row(&names, delimiter, &mut header)?;
    Ok(header)
}

/// Returns the name of the file as the first cell of a row, if it is wanted.
fn file_cell(rules: AuditRules<'_>, delimiter: u8) -> Result<Vec<u8>> {
    let mut cell = Vec::new();
    if rules.options.names_files {
        write_row([rules.file], delimiter, &mut cell)?;
        // The row does not end there.
        cell.pop();
        cell.push(delimiter);
    }
    Ok(cell)
}

/// Writes the rows of one thread.
pub(crate) struct RowSink<'w> {
    columns: &'w Columns,
    delimiter: u8,
    only_failures: bool,
    pub(crate) suffixes: Suffixes,
    /// What stands before each row: the name of the file, if it is wanted.
    prefix: Vec<u8>,
    /// Where the row begins.
    start: usize,
}

impl<'w> RowSink<'w> {
    pub(crate) fn new(
        index: &Index,
        columns: &'w Columns,
        delimiter: u8,
        rules: AuditRules<'_>,
    ) -> Result<RowSink<'w>> {
        Ok(RowSink {
            columns,
            delimiter,
            only_failures: rules.options.only_failures,
            suffixes: Suffixes::new(index, delimiter, &rules.options)?,
            prefix: file_cell(rules, delimiter)?,
            start: 0,
        })
    }

    /// Writes what stands before each row.
    pub(crate) fn write_prefix(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.prefix);
    }

    fn write_line_number(&self, line: u64, out: &mut Vec<u8>) {
        self.write_prefix(out);
        if self.only_failures {
            out.extend_from_slice(line.to_string().as_bytes());
            out.push(self.delimiter);
        }
    }

    fn write_unreadable(&self, kind: &ProblemKind, out: &mut Vec<u8>) -> Result<()> {
        for _ in &self.columns.codes {
            self.suffixes.write_found(Found::Unreadable(kind), out)?;
        }
        Ok(())
    }
}

impl<F: KeptFields> Sink<TableRow<'_, F>> for RowSink<'_> {
    type Out = Vec<u8>;

    fn begin(&mut self, row: &TableRow<'_, F>, out: &mut Vec<u8>) -> Result<()> {
        self.start = out.len();
        self.write_line_number(row.place.number(), out);
        row.fields.write_kept(self.columns, self.delimiter, out)?;
        Ok(())
    }

    fn code(
        &mut self,
        (row, at): (&TableRow<'_, F>, usize),
        outcome: &CodeOutcome,
        auditor: &mut Auditor<'_>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        match outcome {
            CodeOutcome::Unreadable(kind) if **kind != ProblemKind::NotUtf8 => {
                for at in at..self.columns.codes.len() {
                    let found = row
                        .code(at)
                        .map_or(Found::Nothing, |_| Found::Unreadable(kind));
                    self.suffixes.write_found(found, out)?;
                }
                Ok(())
            }
            outcome => self.suffixes.write(outcome, auditor, out),
        }
    }

    fn end(&mut self, fails: bool, out: &mut Vec<u8>) {
        if self.only_failures && !fails {
            out.truncate(self.start);
        } else {
            out.push(b'\n');
        }
    }

    fn problem(&mut self, problem: &ClaimProblem, out: &mut Vec<u8>) -> Result<()> {
        self.write_line_number(problem.place.number(), out);
        out.extend(std::iter::repeat_n(
            self.delimiter,
            self.columns.kept.len().saturating_sub(1),
        ));
        self.write_unreadable(&problem.kind, out)?;
        out.push(b'\n');
        Ok(())
    }
}
