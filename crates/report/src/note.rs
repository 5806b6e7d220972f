//! Notes of the tabular list, in words.

use codeyear_core::model::{NoteGroup, NoteKind};

/// Returns the words for one note of a kind, as coders say them.
pub(crate) fn note_kind_label(kind: NoteKind) -> &'static str {
    match kind {
        NoteKind::InclusionTerm => "inclusion term",
        NoteKind::Includes => "includes",
        NoteKind::Excludes1 => "Excludes1",
        NoteKind::Excludes2 => "Excludes2",
        NoteKind::CodeFirst => "code first",
        NoteKind::UseAdditionalCode => "use additional code",
        NoteKind::CodeAlso => "code also",
        NoteKind::Note => "note",
        NoteKind::SeventhCharacterNote => "7th character note",
    }
}

/// Returns the words for the notes of a kind at a place, with what an exclusion means.
pub(crate) fn note_label(kind: NoteKind) -> &'static str {
    match kind {
        NoteKind::InclusionTerm => "inclusion terms",
        NoteKind::Includes => "includes",
        NoteKind::Excludes1 => "excludes1 (never together)",
        NoteKind::Excludes2 => "excludes2 (may be together)",
        NoteKind::CodeFirst => "code first",
        NoteKind::UseAdditionalCode => "use additional code",
        NoteKind::CodeAlso => "code also",
        NoteKind::Note => "note",
        NoteKind::SeventhCharacterNote => "7th character",
    }
}

/// Lists the notes of a group, each with whether it stands below the first, which ends in a colon.
pub(crate) fn notes_of(group: &NoteGroup) -> impl Iterator<Item = (bool, &str)> {
    let first = group.notes.first();
    let heads_list = first.is_some_and(|note| note.ends_with(':'));
    let notes = group.notes.iter().enumerate();
    notes.map(move |(at, note)| (heads_list && at > 0, note.trim()))
}
