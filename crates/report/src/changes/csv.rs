//! The changes as CSV, one row a code.

use super::{notes, successors, weighed};
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{ChangeSet, Code, Effect, LineageWay, TitleChange, chapter_of};

/// The columns of the CSV.
pub const CSV_COLUMNS: [&str; 15] = [
    "kind",
    "code",
    "code_dotted",
    "category",
    "chapter",
    "old_billable",
    "new_billable",
    "title_change",
    "old_short_title",
    "new_short_title",
    "old_long_title",
    "new_long_title",
    "position",
    "successors",
    "predecessors",
];

/// Writes the changes as CSV, one row a code, with [`CSV_COLUMNS`] as its header.
///
/// Changes that were weighed by a file stand in the order of their effects, with [`weighed::CSV_COLUMNS`]
/// after the others; `position` is still their place in the book. Notes that were asked for follow, one row
/// a note, with [`notes::CSV_COLUMNS`] after the others.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the writer fails.
pub fn csv(changes: &ChangeSet) -> Result<String> {
    let fail = |error: csv::Error| Error::io(format!("the CSV cannot be written: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let of_notes = changes
        .notes
        .as_ref()
        .map_or(&[][..], |_| &notes::CSV_COLUMNS);
    let of_impact = changes
        .impact
        .as_ref()
        .map_or(&[][..], |_| &weighed::CSV_COLUMNS);
    let of_change = CSV_COLUMNS.len() + of_impact.len();
    writer
        .write_record(CSV_COLUMNS.iter().chain(of_impact).chain(of_notes))
        .map_err(fail)?;
    for (index, effect) in in_order(changes) {
        let Some(change) = changes.changes.get(index) else {
            continue;
        };
        let flag = |entry: &Option<codeyear_core::model::Entry>| match entry {
            Some(entry) => u8::from(entry.billable).to_string(),
            None => String::new(),
        };
        let (old, new) = (&change.old, &change.new);
        let title = |entry: &Option<codeyear_core::model::Entry>, long: bool| {
            entry.as_ref().map_or_else(String::new, |entry| {
                if long {
                    entry.long_title.clone()
                } else {
                    entry.short_title.clone()
                }
            })
        };
        let mut record = vec![
            change.kind.name().to_owned(),
            change.code.as_str().to_owned(),
            change.code.to_string(),
            change.code.category().as_str().to_owned(),
            chapter_of(changes.code_set, &change.code)
                .map_or("", |chapter| chapter.label)
                .to_owned(),
            flag(old),
            flag(new),
            title_change_name(change.title).to_owned(),
            title(old, false),
            title(new, false),
            title(old, true),
            title(new, true),
            (index + 1).to_string(),
            successors::codes(changes, &change.code, LineageWay::Forward),
            successors::codes(changes, &change.code, LineageWay::Back),
        ];
        if let (Some(weighed), Some(effect)) = (&changes.impact, effect) {
            record.extend(weighed::csv_cells(weighed, effect));
        }
        record.resize(of_change + of_notes.len(), String::new());
        writer.write_record(record).map_err(fail)?;
    }
    let in_notes = changes.notes.iter().flat_map(|notes| &notes.changes);
    for (change, position) in in_notes.zip(changes.changes.len() + 1..) {
        let code = notes::code_of(&change.place.node);
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        for row in notes::csv_rows(change) {
            let mut record = vec![String::new(); of_change];
            let of_code = [
                change.edit.kind().name().to_owned(),
                text(code.as_ref().map(Code::as_str)),
                code.map_or_else(String::new, |code| code.to_string()),
                text(code.map(|code| code.category()).as_ref().map(Code::as_str)),
                change.place.chapter.clone(),
            ];
            record.splice(..of_code.len(), of_code);
            if let Some(place) = CSV_COLUMNS.iter().position(|column| *column == "position")
                && let Some(cell) = record.get_mut(place)
            {
                *cell = position.to_string();
            }
            record.extend(row);
            writer.write_record(record).map_err(fail)?;
        }
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| Error::io(format!("the CSV cannot be written: {error}")))?;
    String::from_utf8(bytes).map_err(|error| Error::io(error.to_string()))
}

/// Returns the places of the changes in the order of a report: that of their effects if they were weighed, else
/// that of the book.
fn in_order(changes: &ChangeSet) -> Vec<(usize, Option<&Effect>)> {
    match &changes.impact {
        Some(weighed) => weighed
            .effects
            .iter()
            .map(|effect| (effect.change, Some(effect)))
            .collect(),
        None => (0..changes.changes.len()).map(|at| (at, None)).collect(),
    }
}

/// Returns the fixed name of a title change: `none`, `long`, `short-only`, `spacing-only`.
pub(crate) fn title_change_name(title: TitleChange) -> &'static str {
    match title {
        TitleChange::None => "none",
        TitleChange::Long => "long",
        TitleChange::ShortOnly => "short-only",
        TitleChange::SpacingOnly => "spacing-only",
    }
}
