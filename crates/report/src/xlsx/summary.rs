//! The first sheet: what was compared, the totals, and the files that say so.

use chrono::NaiveDate;
use rust_xlsxwriter::{Worksheet, XlsxError};

use super::date;
use super::sheet::{Cell, Formats, write_cell};
use crate::render::source_line;
use crate::{Style, changes};
use codeyear_core::model::{ChangeKind, ChangeSet, Impact, Severity};

/// A sheet that is written from top to bottom.
struct Summary<'a> {
    sheet: &'a mut Worksheet,
    formats: Formats,
    row: u32,
}

impl Summary<'_> {
    fn cells(&mut self, cells: &[Cell]) -> Result<(), XlsxError> {
        for (cell, column) in cells.iter().zip(0..) {
            write_cell(self.sheet, self.row, column, cell, &self.formats)?;
        }
        self.row += 1;
        Ok(())
    }

    fn head(&mut self, names: &[&str]) -> Result<(), XlsxError> {
        self.row += 1;
        for (name, column) in names.iter().zip(0..) {
            let format = &self.formats.head;
            self.sheet
                .write_string_with_format(self.row, column, *name, format)?;
        }
        self.row += 1;
        Ok(())
    }

    /// Writes a sentence, which runs on over the cells to its right.
    fn line(&mut self, text: &str) -> Result<(), XlsxError> {
        self.sheet.write_string(self.row, 0, text)?;
        self.row += 1;
        Ok(())
    }

    fn warning(&mut self, text: &str) -> Result<(), XlsxError> {
        let format = &self.formats.warning;
        self.sheet
            .write_string_with_format(self.row, 0, text, format)?;
        self.row += 1;
        Ok(())
    }

    fn day(&mut self, label: &str, name: &str, day: NaiveDate) -> Result<(), XlsxError> {
        let (strong, plain) = (&self.formats.strong, &self.formats.text);
        self.sheet
            .write_string_with_format(self.row, 0, label, strong)?;
        self.sheet
            .write_datetime_with_format(self.row, 1, date(day)?, &self.formats.date)?;
        self.sheet
            .write_string_with_format(self.row, 2, name, plain)?;
        self.row += 1;
        Ok(())
    }
}

pub(super) fn write(
    sheet: &mut Worksheet,
    changes: &ChangeSet,
    style: Style,
    generated_on: NaiveDate,
) -> Result<(), XlsxError> {
    sheet.set_name("Summary")?;
    for (column, width) in [(0, 30), (1, 13), (2, 13), (3, 11), (4, 11), (5, 50)] {
        sheet.set_column_width(column, width)?;
    }
    let mut summary = Summary {
        sheet,
        formats: Formats::new(),
        row: 0,
    };
    let heading = match &changes.impact {
        Some(_) => format!("Your codes affected, {} to {}", changes.old, changes.new),
        None => format!("What changed from {} to {}", changes.old, changes.new),
    };
    let title = &summary.formats.title;
    summary
        .sheet
        .write_string_with_format(0, 0, heading, title)?;
    summary.row = 1;
    summary.line(changes.code_set.name())?;
    if changes.sample {
        summary.warning("From the bundled sample, not the whole code set.")?;
    }
    for warning in &changes.warnings {
        summary.warning(&format!("Warning: {warning}"))?;
    }
    summary.day(&format!("{} from", changes.old), "", changes.old_from)?;
    summary.day(&format!("{} from", changes.new), "", changes.new_from)?;
    summary.day("Written on", "", generated_on)?;
    match &changes.impact {
        Some(weighed) => of_impact(&mut summary, changes, weighed, style)?,
        None => of_kinds(&mut summary, changes, style)?,
    }
    summary.head(&["Release", "Rows", "Billable"])?;
    for (release, rows) in [
        (changes.old, changes.old_rows),
        (changes.new, changes.new_rows),
    ] {
        summary.cells(&[
            Cell::Text(release.to_string()),
            Cell::Number(rows.all),
            Cell::Number(rows.billable),
        ])?;
    }
    summary.row += 1;
    summary.line("Sources")?;
    for source in changes::sources(changes) {
        summary.line(&source_line(&source))?;
    }
    Ok(())
}

fn of_kinds(summary: &mut Summary<'_>, changes: &ChangeSet, style: Style) -> Result<(), XlsxError> {
    if let Some(scope) = changes::scope(changes, style) {
        summary.line(&scope)?;
    }
    summary.head(&["Change", "Codes", "Billable"])?;
    for kind in ChangeKind::ALL {
        let count = changes.count(kind);
        summary.cells(&[
            Cell::text(kind.label()),
            Cell::Number(count.all),
            Cell::Number(count.billable),
        ])?;
    }
    let official = changes.cms_footer.as_ref().map(|footer| footer.counts);
    match official {
        Some(_) => summary.head(&["CMS count", "codeyear", "CMS"])?,
        None => summary.head(&["CMS count", "Codes"])?,
    }
    let official = official.map(|cms| [cms.new, cms.deleted, cms.revised]);
    for (at, (word, count, _)) in changes::cms_sums(changes).into_iter().enumerate() {
        let mut cells = vec![Cell::text(word), Cell::Number(count)];
        cells.extend(official.and_then(|cms| cms.get(at).copied().map(Cell::Number)));
        summary.cells(&cells)?;
    }
    summary.line(&changes::cms_sentence(changes))?;
    summary.line(&changes::counting_explained(changes))
}

fn of_impact(
    summary: &mut Summary<'_>,
    changes: &ChangeSet,
    weighed: &Impact,
    style: Style,
) -> Result<(), XlsxError> {
    if let Some(under) = changes::under(changes, style) {
        summary.line(&under)?;
    }
    summary.line(&changes::file_line(weighed))?;
    for note in changes::file_notes(weighed, style) {
        summary.warning(&note)?;
    }
    summary.head(&[
        "Your codes",
        "Codes",
        "Uses",
        "Share of uses",
        "Changes",
        "Meaning",
    ])?;
    let meanings = Severity::ALL.map(|severity| changes::meaning(changes, severity));
    let mut meanings = meanings.into_iter();
    for total in changes::totals(changes, weighed) {
        summary.cells(&[
            Cell::text(total.label),
            Cell::Number(total.used.codes),
            Cell::Number(total.used.uses),
            Cell::Share(total.used.uses, weighed.all.uses),
            total.changes.map_or(Cell::Empty, Cell::Number),
            meanings.next().map_or(Cell::Empty, Cell::Text),
        ])?;
    }
    summary.cells(&[
        Cell::text("all"),
        Cell::Number(weighed.all.codes),
        Cell::Number(weighed.all.uses),
    ])?;
    summary.line(&changes::left_out_line(weighed))
}
