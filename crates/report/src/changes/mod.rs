//! The change report: what it says, in which order. How each format writes it is said in [`render`](crate::render).

mod book;
mod cms;
mod csv;
mod notes;
mod subject;
mod successors;
mod weighed;

use codeyear_core::model::ChangeSet;

use crate::Style;
use crate::tree::Report;

pub use cms::{cms_sentence, counting_explained};
pub use csv::{CSV_COLUMNS, csv};
pub use notes::CSV_COLUMNS as NOTE_CSV_COLUMNS;
pub use subject::title;
pub use weighed::CSV_COLUMNS as IMPACT_CSV_COLUMNS;

pub(crate) use cms::{CMS_RULE, cms_sums, left_out};
pub(crate) use csv::title_change_name;
pub(crate) use notes::{blocks as note_blocks, code_of, csv_rows};
pub(crate) use subject::{in_words, ranges, scope, sources};
pub(crate) use successors::{end_notes, line as successors};
#[cfg(test)]
pub(crate) use weighed::fraction;
pub(crate) use weighed::{
    effects, effects_once, file_line, file_notes, heading, left_out_line, meaning,
    named_above_line, new_titles, replacements, totals, touches, under,
};

/// Returns the report of some changes. Lists are as long as the style says; changes that were weighed by a file stand
/// in the order of their effects.
pub fn report(changes: &ChangeSet, style: Style) -> Report<'_> {
    let mut report = match &changes.impact {
        Some(impact) => weighed::report(changes, impact, style),
        None => book::report(changes, style),
    };
    if let Some(found) = &changes.notes {
        report.blocks.extend(notes::blocks(found, style));
    }
    report
        .blocks
        .push(crate::tree::Block::Sources(sources(changes)));
    report
}
