//! The change report as a workbook: a summary, and a sheet a kind of change or, where the changes were
//! weighed by a file, a sheet a severity.
//!
//! Codes are texts whatever they look like (`0E1`), dates are dates, and the changed words of a title are
//! marked. The same changes and day give the same bytes: nothing here asks a clock.

mod sheet;
mod summary;

use chrono::{Datelike, NaiveDate};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use self::sheet::{Cell, Column, Sheet};
use super::marks::mark;
use super::{Style, changes};
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{
    Change, ChangeKind, ChangeSet, Code, Effect, Impact, LineageWay, Severity, chapter_of,
};

/// Writes the change report as a workbook.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Format`] if the workbook cannot hold the changes, as a sheet has 1,048,576 rows.
///
/// ```
/// # use codeyear_report::{Style, xlsx};
/// # use codeyear_core::{answer, ingest, model::CodeSet, store::Store};
/// # let mut store = Store::in_memory()?;
/// # let today = "2026-03-01".parse().unwrap();
/// # ingest::import_sample(&mut store, today)?;
/// let (old, new) = ("FY2025-04".parse().unwrap(), "FY2026".parse().unwrap());
/// let changes = answer::diff(&store, CodeSet::Icd10Cm, old, new, &Default::default())?;
/// let workbook = xlsx::change_report(&changes, Style::PLAIN, today)?;
/// assert!(workbook.starts_with(b"PK"));
/// # Ok::<(), codeyear_core::Error>(())
/// ```
pub fn change_report(
    changes: &ChangeSet,
    style: Style,
    generated_on: NaiveDate,
) -> Result<Vec<u8>> {
    // The library of workbooks asks the clock, and panics before 1970 in UTC.
    if generated_on.year() < 1971 {
        return Err(Error::usage(format!(
            "the workbook cannot be written: the clock of this machine says {generated_on}"
        ))
        .with_hint("set the clock, or write .csv"));
    }
    write(changes, style, generated_on).map_err(|error| {
        Error::format(format!("the workbook cannot be written: {error}"))
            .with_hint("write .csv, or narrow the report with --under")
            .caused_by(error)
    })
}

fn write(changes: &ChangeSet, style: Style, generated_on: NaiveDate) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let title = match &changes.impact {
        Some(_) => changes::heading(changes),
        None => changes::title(changes),
    };
    workbook.set_properties(
        &DocProperties::new()
            .set_title(title)
            .set_author("")
            .set_comment(format!("codeyear {}", env!("CARGO_PKG_VERSION")))
            .set_creation_datetime(&date(generated_on)?),
    );
    summary::write(workbook.add_worksheet(), changes, style, generated_on)?;
    match &changes.impact {
        None => {
            for kind in ChangeKind::ALL {
                if changes.count(kind).all > 0 {
                    of_kind(changes, kind, style).write(workbook.add_worksheet())?;
                }
            }
        }
        Some(weighed) => {
            for severity in Severity::ALL {
                of_severity(changes, weighed, severity, style).write(workbook.add_worksheet())?;
            }
            if !weighed.in_neither.is_empty() {
                in_neither(weighed, style).write(workbook.add_worksheet())?;
            }
        }
    }
    if changes.notes.is_some() {
        of_notes(changes, style).write(workbook.add_worksheet())?;
    }
    workbook.save_to_buffer()
}

fn date(day: NaiveDate) -> Result<ExcelDateTime, XlsxError> {
    let year = u16::try_from(day.year()).unwrap_or_default();
    let month = u8::try_from(day.month()).unwrap_or_default();
    let day = u8::try_from(day.day()).unwrap_or_default();
    ExcelDateTime::from_ymd(year, month, day)
}

/// Returns the name of the sheet of a kind.
fn sheet_name(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::New => "New",
        ChangeKind::Deleted => "Deleted",
        ChangeKind::BecameHeader => "Became header",
        ChangeKind::BecameBillable => "Became billable",
        ChangeKind::Revised => "Revised",
        ChangeKind::ShortTitleOnly => "Short title only",
        ChangeKind::SpacingOnly => "Spacing or punctuation only",
    }
}

/// The columns that every change has.
const OF_A_CHANGE: [Column; 11] = [
    Column::new("Flag", 13),
    Column::new("Title before", 55),
    Column::new("Title now", 55),
    Column::new("Short title before", 40),
    Column::new("Short title now", 40),
    Column::new("Replaced by", 45),
    Column::new("Previous codes", 45),
    Column::new("Category", 10),
    Column::new("Category title", 40),
    Column::new("Chapter", 9),
    Column::new("Tabular order", 10),
];

fn of_kind(changes: &ChangeSet, kind: ChangeKind, style: Style) -> Sheet {
    let mut sheet = Sheet::new(sheet_name(kind));
    sheet.columns.push(Column::new("Code", 12));
    sheet.columns.extend(OF_A_CHANGE);
    for (place, change) in changes.changes.iter().enumerate() {
        if change.kind == kind {
            let mut row = vec![code(&change.code, style)];
            row.extend(of_change(changes, change, place, style));
            sheet.rows.push(row);
        }
    }
    sheet
}

fn of_severity(changes: &ChangeSet, weighed: &Impact, severity: Severity, style: Style) -> Sheet {
    let mut sheet = Sheet::new(match severity {
        Severity::Breaking => "Breaking",
        Severity::Review => "Review",
        Severity::Info => "Info",
    });
    sheet.columns = vec![
        Column::new("Code", 12),
        Column::new("Uses", 11),
        Column::new("Share of uses", 10),
        Column::new("Change", 17),
    ];
    if severity == Severity::Info {
        sheet.columns.push(Column::new("Your codes (uses)", 45));
    }
    sheet.columns.extend(OF_A_CHANGE);
    let whole = Style {
        whole_lists: true,
        ..style
    };
    for (effect, change) in changes::effects(changes, weighed, severity) {
        let Effect { uses, .. } = effect;
        let mut row = vec![
            code(&change.code, style),
            Cell::Number(*uses),
            Cell::Share(*uses, weighed.all.uses),
            Cell::text(change.kind.label()),
        ];
        if severity == Severity::Info {
            let touches = changes::touches(effect, whole).unwrap_or_default();
            row.push(Cell::Text(touches));
        }
        row.extend(of_change(changes, change, effect.change, style));
        sheet.rows.push(row);
    }
    sheet
}

fn in_neither(weighed: &Impact, style: Style) -> Sheet {
    let mut sheet = Sheet::new("In neither release");
    sheet.columns = vec![Column::new("Code", 12), Column::new("Uses", 11)];
    for (one, uses) in &weighed.in_neither {
        let row = vec![code(one, style), Cell::Number(*uses)];
        sheet.rows.push(row);
    }
    sheet
}

fn code(code: &Code, style: Style) -> Cell {
    Cell::Code(style.code(code))
}

/// Returns the cells of [`OF_A_CHANGE`].
fn of_change(changes: &ChangeSet, change: &Change, place: usize, style: Style) -> Vec<Cell> {
    let flag = match (
        change.kind,
        change.entry().is_some_and(|entry| entry.billable),
    ) {
        (ChangeKind::Deleted, true) => "was billable",
        (ChangeKind::Deleted, false) => "was header",
        (_, true) => "billable",
        (_, false) => "header",
    };
    let (long_old, long_new) = titles(change, |entry| &entry.long_title);
    let (short_old, short_new) = titles(change, |entry| &entry.short_title);
    let category = change.code.category();
    let lineage = |way| {
        let whole = Style {
            whole_lists: true,
            ..style
        };
        let line = changes::successors(changes, &change.code, whole);
        let words = line.filter(|(found, _)| *found == way);
        Cell::Text(words.map(|(_, words)| words).unwrap_or_default())
    };
    let chapter = chapter_of(changes.code_set, &change.code);
    vec![
        Cell::text(flag),
        long_old,
        long_new,
        short_old,
        short_new,
        lineage(LineageWay::Forward),
        lineage(LineageWay::Back),
        code(&category, style),
        Cell::text(changes.category_title(&category).unwrap_or_default()),
        Cell::text(chapter.map_or("", |chapter| chapter.label)),
        Cell::Number(place as u64 + 1),
    ]
}

/// Returns the old and the new title, with the words marked that differ.
fn titles(
    change: &Change,
    title: impl Fn(&codeyear_core::model::Entry) -> &String,
) -> (Cell, Cell) {
    match (&change.old, &change.new) {
        (Some(old), Some(new)) if title(old) != title(new) => {
            let (old, new) = mark(title(old), title(new));
            (Cell::Gone(old), Cell::Added(new))
        }
        (old, new) => {
            let text = |entry: &Option<codeyear_core::model::Entry>| {
                Cell::Text(entry.as_ref().map(&title).cloned().unwrap_or_default())
            };
            (text(old), text(new))
        }
    }
}

/// The changes of the tabular list, as the CSV has them.
fn of_notes(changes: &ChangeSet, style: Style) -> Sheet {
    let mut sheet = Sheet::new("Notes");
    sheet.columns = vec![
        Column::new("Code", 12),
        Column::new("Change", 17),
        Column::new("Location", 10),
        Column::new("Name", 12),
        Column::new("Title", 40),
        Column::new("In", 10),
        Column::new("Kind before", 17),
        Column::new("Kind now", 17),
        Column::new("Before", 60),
        Column::new("Now", 60),
    ];
    for change in changes.notes.iter().flat_map(|notes| &notes.changes) {
        let of_code = changes::code_of(&change.place.node);
        for row in changes::csv_rows(change) {
            let mut cells = vec![
                of_code.map_or(Cell::Empty, |one| code(&one, style)),
                Cell::text(change.edit.kind().name()),
            ];
            cells.extend(row.into_iter().map(Cell::Text));
            sheet.rows.push(cells);
        }
    }
    sheet
}
