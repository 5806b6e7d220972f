//! Notes of the tabular list, with the codes that they name as links.

use chrono::NaiveDate;

use super::address;
use super::place::{Crumb, crumb};
use crate::note::{note_label, notes_of};
use codeyear_core::model::{
    CodePage, CodeSet, NoteGroup, NoteKind, NotesAt, PlaceKind, named_codes,
};

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

/// Cuts a note where it names codes.
pub(super) fn linked(code_set: CodeSet, note: &str, day: NaiveDate) -> Vec<NotePart> {
    let mut parts = Vec::new();
    let mut from = 0;
    for named in named_codes(code_set, note) {
        let before = note.get(from..named.at.start).unwrap_or_default();
        if !before.is_empty() {
            parts.push(NotePart::Words(before.to_owned()));
        }
        from = named.at.end;
        parts.push(NotePart::Code {
            href: address::code(code_set, &named.code, day),
            text: note.get(named.at).unwrap_or_default().to_owned(),
        });
    }
    let rest = note.get(from..).unwrap_or_default();
    if !rest.is_empty() {
        parts.push(NotePart::Words(rest.to_owned()));
    }
    parts
}
