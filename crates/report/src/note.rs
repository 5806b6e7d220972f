//! Notes of the tabular list, in words.

use codeyear_core::model::{NoteGroup, NoteKind, ReleaseId};

/// Returns the name of one note of a kind, as in the tabular list.
pub(crate) fn note_kind_label(kind: NoteKind) -> &'static str {
    match kind {
        NoteKind::InclusionTerm => "Inclusion term",
        NoteKind::Includes => "Includes",
        NoteKind::Excludes1 => "Excludes1",
        NoteKind::Excludes2 => "Excludes2",
        NoteKind::CodeFirst => "Code first",
        NoteKind::UseAdditionalCode => "Use additional code",
        NoteKind::CodeAlso => "Code also",
        NoteKind::Note => "Note",
        NoteKind::SeventhCharacterNote => "7th character note",
    }
}

/// Returns the heading of the notes of a kind, with the official meaning of an exclusion.
pub(crate) fn note_label(kind: NoteKind) -> &'static str {
    match kind {
        NoteKind::InclusionTerm => "Inclusion terms",
        NoteKind::Includes => "Includes",
        NoteKind::Excludes1 => "Excludes1 – not coded here",
        NoteKind::Excludes2 => "Excludes2 – not included here; code both if both are documented",
        NoteKind::CodeFirst => "Code first",
        NoteKind::UseAdditionalCode => "Use additional code",
        NoteKind::CodeAlso => "Code also",
        NoteKind::Note => "Note",
        NoteKind::SeventhCharacterNote => "7th character",
    }
}

/// Returns that a document is another release's than the one in force: `tabular list of FY2026-04; FY2026's is not
/// loaded`.
pub(crate) fn stands_in(document: &str, missing: ReleaseId) -> String {
    format!("{document}; {missing}'s is not loaded")
}

/// Lists the notes of a group, each with whether it stands below the first, which ends in a colon.
pub(crate) fn notes_of(group: &NoteGroup) -> impl Iterator<Item = (bool, &str)> {
    let first = group.notes.first();
    let heads_list = first.is_some_and(|note| note.ends_with(':'));
    let notes = group.notes.iter().enumerate();
    notes.map(move |(at, note)| (heads_list && at > 0, note.trim()))
}
