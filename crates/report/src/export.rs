//! Spans, periods, findings and labels as tables. `docs/exports.md` describes the columns.

use super::table::{Cell, Column, ColumnKind, TableFormat, TableWriter};
use codeyear_claims::{ExportedFinding, Finding, UseBasis};
use codeyear_core::error::Result;
use codeyear_core::model::{
    Answer, Code, CodeSet, ExportedPeriod, ExportedSpan, LabelMeaning, day_before,
};

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

/// The columns of the findings, in order: from `verdict` to `why` those that an audit writes, `release` aside.
pub const FINDING_COLUMNS: [Column; 12] = [
    Column::new("code_set", ColumnKind::Text),
    Column::new("code", ColumnKind::OptionalText),
    Column::new("code_plain", ColumnKind::OptionalText),
    Column::new("valid_from", ColumnKind::OptionalDay),
    Column::new("valid_to", ColumnKind::OptionalDay),
    Column::new("verdict", ColumnKind::Text),
    Column::new("day", ColumnKind::OptionalDay),
    Column::new("use", ColumnKind::OptionalText),
    Column::new("use_count", ColumnKind::OptionalCount),
    Column::new("use_by", ColumnKind::OptionalText),
    Column::new("why", ColumnKind::OptionalText),
    Column::new("below", ColumnKind::OptionalText),
];

/// The columns of a check, in order: from `verdict` to `why` those of an audit.
pub const CHECK_COLUMNS: [Column; 12] = [
    Column::new("asked", ColumnKind::Text),
    Column::new("code_set", ColumnKind::Text),
    Column::new("date", ColumnKind::Day),
    Column::new("through", ColumnKind::OptionalDay),
    Column::new("verdict", ColumnKind::Text),
    Column::new("title", ColumnKind::OptionalText),
    Column::new("release", ColumnKind::OptionalText),
    Column::new("day", ColumnKind::OptionalDay),
    Column::new("use", ColumnKind::OptionalText),
    Column::new("use_count", ColumnKind::OptionalCount),
    Column::new("use_by", ColumnKind::OptionalText),
    Column::new("why", ColumnKind::OptionalText),
];

/// The columns of the labels, in order.
pub const LABEL_COLUMNS: [Column; 4] = [
    Column::new("label", ColumnKind::Text),
    Column::new("code_sets", ColumnKind::OptionalText),
    Column::new("other", ColumnKind::OptionalText),
    Column::new("last_day", ColumnKind::OptionalDay),
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

/// Writes a finding as a row of [`FINDING_COLUMNS`].
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the writer fails.
pub fn finding_row(row: &ExportedFinding, table: &mut TableWriter<'_>) -> Result<()> {
    let written = &row.written;
    let plain = row.code.as_ref().map_or("", Code::as_str);
    let code = row.code.map_or_else(String::new, |code| code.to_string());
    table.row(&[
        Cell::Text(row.code_set.id()),
        Cell::Text(&code),
        Cell::Text(plain),
        Cell::OptionalDay(row.from),
        Cell::OptionalDay(row.to),
        Cell::Text(written.verdict.name()),
        Cell::OptionalDay(written.day),
        Cell::Text(&dotted(&written.uses)),
        Cell::OptionalCount(count_of(written.use_count)),
        Cell::Text(written.use_basis.map_or("", UseBasis::name)),
        Cell::Text(&written.why),
        Cell::Text(&dotted(&written.below)),
    ])
}

/// Writes answers as CSV with the columns of [`CHECK_COLUMNS`].
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the CSV cannot be written.
pub fn check_csv(answers: &[Answer]) -> Result<String> {
    let mut bytes = Vec::new();
    let mut table = TableWriter::begin(TableFormat::Csv, &CHECK_COLUMNS, &[], &mut bytes)?;
    for answer in answers {
        let found = Finding::of(answer);
        let title = answer.verdict.entry().map_or("", |entry| &entry.long_title);
        let release = found.release.map(|release| release.to_string());
        table.row(&[
            Cell::Text(&answer.asked),
            Cell::Text(answer.code_set.id()),
            Cell::Day(answer.date),
            Cell::OptionalDay(answer.through),
            Cell::Text(found.verdict.name()),
            Cell::Text(title),
            Cell::Text(&release.unwrap_or_default()),
            Cell::OptionalDay(found.day),
            Cell::Text(&dotted(&found.uses)),
            Cell::OptionalCount(count_of(found.use_count)),
            Cell::Text(found.use_basis.map_or("", UseBasis::name)),
            Cell::Text(&found.why),
        ])?;
    }
    table.end()?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns how many codes there are to use, if there are any.
fn count_of(uses: usize) -> Option<i32> {
    i32::try_from(uses).ok().filter(|count| *count > 0)
}

/// Writes codes as people write them, with blanks between.
fn dotted(codes: &[Code]) -> String {
    let codes: Vec<String> = codes.iter().map(Code::to_string).collect();
    codes.join(" ")
}

/// Writes what a spelling of a code set means as a row of [`LABEL_COLUMNS`].
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the writer fails.
pub fn label_row(label: &str, meaning: LabelMeaning, table: &mut TableWriter<'_>) -> Result<()> {
    let (code_sets, other) = match meaning {
        LabelMeaning::Of(code_set) => (code_set.id().to_owned(), ""),
        LabelMeaning::OneOf(code_sets) => {
            let ids: Vec<&str> = code_sets.iter().map(|code_set| code_set.id()).collect();
            (ids.join(" "), "")
        }
        LabelMeaning::Other(other) => (String::new(), other.name),
    };
    let ended = CodeSet::successors_of(other)
        .map(CodeSet::in_force_from)
        .min();
    table.row(&[
        Cell::Text(label),
        Cell::Text(&code_sets),
        Cell::Text(other),
        Cell::OptionalDay(ended.map(day_before)),
    ])
}
