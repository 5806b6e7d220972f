//! Titles with what is new in them marked, and with the blanks that HTML would hide.

use crate::marks::{Piece, mark};

/// A title cut into what the other one has and what it has not.
pub(super) type Title = Vec<Stretch>;

/// A part of a title.
pub(super) struct Stretch {
    pub(super) mark: Mark,
    pub(super) runs: Vec<Run>,
}

/// Whether a part of a title is in the other one too.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    Same,
    Gone,
    Added,
}

/// Text as it is, or a blank that must be seen to be noticed.
pub(super) enum Run {
    Text(String),
    Blank,
}

pub(super) fn marked(old: &str, new: &str) -> (Title, Title) {
    let (old, new) = mark(old, new);
    (stretches(old, Mark::Gone), stretches(new, Mark::Added))
}

pub(super) fn stretches(pieces: Vec<Piece>, changed: Mark) -> Title {
    let last = pieces.len().saturating_sub(1);
    pieces
        .into_iter()
        .enumerate()
        .map(|(index, piece)| Stretch {
            mark: if piece.changed { changed } else { Mark::Same },
            runs: runs(&piece, index == 0, index == last),
        })
        .collect()
}

/// Cuts a piece so that the blanks which HTML would hide or a reader overlook stand alone: two and
/// more in a row, those at either end of the title, and a changed piece that is nothing but blanks.
pub(super) fn runs(piece: &Piece, opens: bool, closes: bool) -> Vec<Run> {
    let only_blanks = piece.changed && piece.text.chars().all(char::is_whitespace);
    let mut runs = Vec::new();
    let mut rest = piece.text.as_str();
    let mut at_start = opens;
    while !rest.is_empty() {
        let words = rest.trim_start();
        let blanks = rest.chars().count() - words.chars().count();
        let at_end = closes && words.is_empty();
        if blanks > 1 || (blanks == 1 && (only_blanks || at_start || at_end)) {
            runs.extend(std::iter::repeat_with(|| Run::Blank).take(blanks));
        } else if blanks == 1 {
            push_text(&mut runs, " ");
        }
        let word = words.split(char::is_whitespace).next().unwrap_or_default();
        push_text(&mut runs, word);
        rest = words.strip_prefix(word).unwrap_or_default();
        at_start = false;
    }
    runs
}

pub(super) fn push_text(runs: &mut Vec<Run>, text: &str) {
    match runs.last_mut() {
        _ if text.is_empty() => {}
        Some(Run::Text(last)) => last.push_str(text),
        _ => runs.push(Run::Text(text.to_owned())),
    }
}
