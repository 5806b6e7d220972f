//! Notes of the tabular list, with the codes that they name as links.

use chrono::NaiveDate;

use super::address;
use super::place::{Crumb, crumb};
use crate::note::{note_label, notes_of};
use codeyear_core::model::{CodePage, CodeSet, NoteGroup, NoteKind, NotesAt, PlaceKind};

/// The notes of one level of the book.
pub(super) struct Level {
    pub(super) crumb: Crumb,
    pub(super) is_own: bool,
    pub(super) groups: Vec<Group>,
}

/// Notes of one kind.
pub(super) struct Group {
    pub(super) kind: &'static str,
    pub(super) label: &'static str,
    pub(super) is_prose: bool,
    pub(super) notes: Vec<Note>,
}

/// One note, cut where it names codes.
pub(super) struct Note {
    pub(super) is_under: bool,
    pub(super) parts: Vec<NotePart>,
}

/// Words, or a code that leads to its page.
pub(super) enum NotePart {
    Words(String),
    Code { href: String, text: String },
}

/// Cuts the notes of one level into what the page of a code shows.
pub(super) fn level(code_set: CodeSet, notes: &NotesAt, page: &CodePage, day: NaiveDate) -> Level {
    Level {
        crumb: crumb(code_set, &notes.place, day),
        is_own: notes.place.kind == PlaceKind::Code && notes.place.name == page.code.as_str(),
        groups: groups(code_set, &notes.groups, day),
    }
}

/// Cuts notes into what a page shows.
pub(super) fn groups(code_set: CodeSet, groups: &[NoteGroup], day: NaiveDate) -> Vec<Group> {
    groups
        .iter()
        .map(|group| Group {
            kind: group.kind.name(),
            label: note_label(group.kind),
            is_prose: group.kind == NoteKind::Note,
            notes: notes_of(group)
                .map(|(is_under, note)| Note {
                    is_under,
                    parts: linked(code_set, note, day),
                })
                .collect(),
        })
        .collect()
}

/// Cuts a note where it names codes. Only what stands in brackets is taken for one: vitamin B12 is none.
fn linked(code_set: CodeSet, note: &str, day: NaiveDate) -> Vec<NotePart> {
    let mut parts = Vec::new();
    let mut words = String::new();
    let mut depth = 0usize;
    let mut rest = note;
    while let Some(first) = rest.chars().next() {
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
            .unwrap_or(rest.len());
        if length == 0 {
            match first {
                '(' | '[' => depth += 1,
                ')' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            words.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        }
        let (word, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let plain = word.trim_end_matches('.');
        let named = (depth > 0 && plain.len() >= 3)
            .then(|| code_set.parse_code(plain).ok())
            .flatten()
            .filter(|code| {
                code.as_str()
                    .as_bytes()
                    .get(1)
                    .is_some_and(u8::is_ascii_digit)
            });
        match named {
            Some(code) => {
                if !words.is_empty() {
                    parts.push(NotePart::Words(std::mem::take(&mut words)));
                }
                parts.push(NotePart::Code {
                    href: address::code(code_set, &code, day),
                    text: plain.to_owned(),
                });
                words.push_str(word.get(plain.len()..).unwrap_or_default());
            }
            None => words.push_str(word),
        }
        rest = after;
    }
    if !words.is_empty() {
        parts.push(NotePart::Words(words));
    }
    parts
}
