//! The changed words of a title, marked by `similar`: here and nowhere else.

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

/// A stretch of a title that is, or is not, in the other title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = PieceJson))]
pub struct Piece {
    /// Whether the other title lacks it.
    pub changed: bool,
    /// The text.
    pub text: String,
}

/// Cuts two titles into pieces and marks the words that differ: the old title's, then the new one's.
///
/// ```
/// use codeyear_report::marks::mark;
/// let (old, new) = mark("Body mass index [BMI]30.0-30.9, adult", "Body mass index [BMI] 30.0-30.9, adult");
/// assert!(old.iter().any(|piece| piece.changed) || new.iter().any(|piece| piece.changed));
/// assert_eq!(new.iter().map(|piece| piece.text.as_str()).collect::<String>(), "Body mass index [BMI] 30.0-30.9, adult");
/// ```
pub fn mark(old: &str, new: &str) -> (Vec<Piece>, Vec<Piece>) {
    let diff = TextDiff::from_unicode_words(old, new);
    let mut sides = (Vec::new(), Vec::new());
    for change in diff.iter_all_changes() {
        let text = change.value();
        match change.tag() {
            ChangeTag::Equal => {
                push(&mut sides.0, false, text);
                push(&mut sides.1, false, text);
            }
            ChangeTag::Delete => push(&mut sides.0, true, text),
            ChangeTag::Insert => push(&mut sides.1, true, text),
        }
    }
    sides
}

fn push(pieces: &mut Vec<Piece>, changed: bool, text: &str) {
    match pieces.last_mut() {
        Some(last) if last.changed == changed => last.text.push_str(text),
        _ => pieces.push(Piece {
            changed,
            text: text.to_owned(),
        }),
    }
}

/// Writes pieces with the changed ones between an opening and a closing mark.
pub fn joined(pieces: &[Piece], open: &str, close: &str) -> String {
    pieces.iter().fold(String::new(), |mut text, piece| {
        if piece.changed {
            text.push_str(open);
            text.push_str(&piece.text);
            text.push_str(close);
        } else {
            text.push_str(&piece.text);
        }
        text
    })
}
