//! Spans and periods as tables. `docs/exports.md` describes the columns.

use super::table::{Cell, Column, ColumnKind, TableWriter};
use codeyear_core::error::Result;
use codeyear_core::model::{ExportedPeriod, ExportedSpan};

/// The columns of the spans, in order.
pub const SPAN_COLUMNS: [Column; 12] = [
    Column::new("code_set", ColumnKind::Text),
    Column::new("code", ColumnKind::Text),
    Column::new("code_plain", ColumnKind::Text),
    Column::new("short_title", ColumnKind::OptionalText),
    Column::new("long_title", ColumnKind::Text),
    Column::new("billable", ColumnKind::Flag),
    Column::new("valid_from", ColumnKind::Day),
    Column::new("valid_to", ColumnKind::Day),
    Column::new("is_open", ColumnKind::Flag),
    Column::new("opened_by", ColumnKind::Text),
    Column::new("closed_by", ColumnKind::OptionalText),
    Column::new("successors", ColumnKind::OptionalText),
];

/// The columns of the periods, in order.
pub const PERIOD_COLUMNS: [Column; 5] = [
    Column::new("code_set", ColumnKind::Text),
    Column::new("release", ColumnKind::Text),
    Column::new("governs_from", ColumnKind::Day),
    Column::new("governs_to", ColumnKind::Day),
    Column::new("in_force_from", ColumnKind::Day),
];

/// Writes a span as a row of [`SPAN_COLUMNS`].
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the writer fails.
pub fn span_row(span: &ExportedSpan, table: &mut TableWriter<'_>) -> Result<()> {
    let (entry, days) = (&span.entry, &span.days);
    let successors: Vec<&str> = span.successors.iter().map(|code| code.as_str()).collect();
    table.row(&[
        Cell::Text(span.code_set.id()),
        Cell::Text(&entry.code.to_string()),
        Cell::Text(entry.code.as_str()),
        Cell::Text(&entry.short_title),
        Cell::Text(&entry.long_title),
        Cell::Flag(entry.billable),
        Cell::Day(days.from),
        Cell::Day(days.to),
        Cell::Flag(days.is_open),
        Cell::Text(&days.opened_by.to_string()),
        Cell::Text(&days.closed_by.map_or_else(String::new, |id| id.to_string())),
        Cell::Text(&successors.join(" ")),
    ])
}

/// Writes a period as a row of [`PERIOD_COLUMNS`].
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the writer fails.
pub fn period_row(period: &ExportedPeriod, table: &mut TableWriter<'_>) -> Result<()> {
    table.row(&[
        Cell::Text(period.code_set.id()),
        Cell::Text(&period.release.to_string()),
        Cell::Day(period.governs_from),
        Cell::Day(period.governs_to),
        Cell::Day(period.in_force_from),
    ])
}
