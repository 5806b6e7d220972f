//! What is said of a code: the answer for a day, its life, the coder's page, the comparison of two.

mod answer;
mod code;
mod life;
mod rows;

use codeyear_core::model::{Answer, CodeHistory, CodePage, Comparison, DocumentSource};

use crate::Style;
use crate::cut::{Cut, more_line};
use crate::note::stands_in;
use crate::tree::{Block, Item, Report, Text, Tone};

pub(crate) use code::{index_name, last_change_words, place_name, visual_row};
pub use rows::{answer_headings, answer_row};

pub(crate) use life::{poa_lists, releases, state_words, stretches};

/// Returns the answers of a check.
pub fn answers(answers: &[Answer], style: Style) -> Report<'static> {
    let blocks = answers
        .iter()
        .flat_map(|answer| answer::answer_blocks(answer, style));
    Report {
        blocks: blocks.collect(),
    }
}

/// Returns the life of a code.
pub fn history(history: &CodeHistory, style: Style) -> Report<'static> {
    let code = Text::default().code_toned(history.code, Tone::Strong);
    let subject = code.words(format!("  {}", history.code_set.name()));
    let life = life::life(history, style);
    Report {
        blocks: vec![Block::Subject(subject), Block::Items(life)],
    }
}

/// Returns the coder's page of a code.
pub fn show(page: &CodePage, style: Style) -> Report<'static> {
    Report {
        blocks: code::page_blocks(page, style),
    }
}

/// Returns how two codes differ.
pub fn compare(comparison: &Comparison, style: Style) -> Report<'static> {
    Report {
        blocks: code::comparison_blocks(comparison, style),
    }
}

/// Returns what a part of a page rests on, where it is not simply the release in force; with how to see the nearest
/// release's instead, where that can be asked for.
fn document_said(consulted: &DocumentSource, what: &str, asks_nearest: bool) -> Option<Text> {
    match consulted {
        DocumentSource::Own { .. } => None,
        DocumentSource::Other {
            missing, release, ..
        } => {
            let note = Text::default().toned("note:", Tone::Doubtful);
            let said = stands_in(&format!("{what} of {release}"), *missing);
            Some(note.words(format!(" {said}")))
        }
        DocumentSource::Missing { missing, nearest } => {
            let how = if asks_nearest {
                " (--nearest shows it)"
            } else {
                ""
            };
            let nearest = nearest.map(|nearest| format!("; nearest {nearest}{how}"));
            let nearest = nearest.unwrap_or_default();
            let said = format!("no {what} is loaded for {missing}{nearest}");
            Some(Text::default().toned(said, Tone::Quiet))
        }
    }
}

/// Lists lines as items, cut unless the user wants all.
fn items_cut(
    depth: usize,
    lines: impl ExactSizeIterator<Item = Text>,
    cut: Cut,
    style: Style,
) -> Vec<Item> {
    let count = lines.len();
    let shown = cut.shown(count, style);
    let lines = lines.take(shown);
    let mut items: Vec<Item> = lines.map(|line| Item::at(depth, line)).collect();
    if shown < count {
        let more = Text::default().toned(more_line(count - shown), Tone::Quiet);
        items.push(Item::at(depth, more));
    }
    items
}
