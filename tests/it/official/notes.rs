//! The notes of the official tabular lists, release to release.

use codeyear::answer::{self, DiffScope};
use codeyear::model::{CodeSet, DocumentKind, NoteChangeKind, NoteEdit, NoteKind, NotesReport};
use codeyear::store::Store;

use super::{everything, id};
use crate::notes::assert_laws;
use crate::world::official_releases;

/// By another reader (Python's ElementTree): for two files and a kind of note, how many notes the new file
/// has more and the old file has more, both taken as multisets of node, kind and text with blanks stripped
/// at the ends. A node is a chapter, a code, a section of the introduction by its type and turn, or a block
/// by its first category, so that one whose range grew is the same. Each row: kind, more in the new file, of
/// these in nodes that the old file lacks, more in the old file, of these in nodes that the new file lacks.
type Surplus = (NoteKind, u64, u64, u64, u64);

const SURPLUSES: [(&str, &str, [Surplus; 9]); 4] = [
    (
        "FY2014",
        "FY2017",
        [
            (NoteKind::Note, 13, 0, 12, 0),
            (NoteKind::InclusionTerm, 682, 250, 192, 2),
            (NoteKind::Includes, 11, 0, 8, 0),
            (NoteKind::CodeFirst, 17, 7, 5, 0),
            (NoteKind::UseAdditionalCode, 83, 3, 62, 1),
            (NoteKind::CodeAlso, 11, 3, 1, 0),
            (NoteKind::Excludes1, 92, 18, 94, 0),
            (NoteKind::Excludes2, 159, 29, 36, 1),
            (NoteKind::SeventhCharacterNote, 40, 11, 2, 0),
        ],
    ),
    (
        "FY2017",
        "FY2021-01",
        [
            (NoteKind::Note, 10, 0, 8, 0),
            (NoteKind::InclusionTerm, 856, 464, 240, 1),
            (NoteKind::Includes, 69, 0, 2, 0),
            (NoteKind::CodeFirst, 71, 38, 18, 0),
            (NoteKind::UseAdditionalCode, 99, 52, 31, 0),
            (NoteKind::CodeAlso, 142, 107, 3, 0),
            (NoteKind::Excludes1, 217, 37, 202, 0),
            (NoteKind::Excludes2, 156, 21, 41, 0),
            (NoteKind::SeventhCharacterNote, 18, 0, 16, 0),
        ],
    ),
    (
        "FY2021-01",
        "FY2025-04",
        [
            (NoteKind::Note, 5, 4, 2, 0),
            (NoteKind::InclusionTerm, 1041, 914, 189, 1),
            (NoteKind::Includes, 13, 0, 4, 0),
            (NoteKind::CodeFirst, 194, 96, 72, 0),
            (NoteKind::UseAdditionalCode, 220, 74, 95, 0),
            (NoteKind::CodeAlso, 246, 146, 17, 0),
            (NoteKind::Excludes1, 229, 68, 238, 0),
            (NoteKind::Excludes2, 234, 48, 47, 0),
            (NoteKind::SeventhCharacterNote, 2, 1, 1, 0),
        ],
    ),
    (
        "FY2025-04",
        "FY2026-04",
        [
            (NoteKind::Note, 1, 0, 0, 0),
            (NoteKind::InclusionTerm, 155, 117, 50, 0),
            (NoteKind::Includes, 0, 0, 0, 0),
            (NoteKind::CodeFirst, 9, 2, 3, 0),
            (NoteKind::UseAdditionalCode, 25, 22, 12, 0),
            (NoteKind::CodeAlso, 76, 49, 2, 0),
            (NoteKind::Excludes1, 50, 21, 75, 0),
            (NoteKind::Excludes2, 88, 10, 8, 0),
            (NoteKind::SeventhCharacterNote, 0, 0, 0, 0),
        ],
    ),
];

fn notes(store: &Store, old: &str, new: &str) -> NotesReport {
    let scope = DiffScope {
        notes: true,
        ..DiffScope::default()
    };
    let found = answer::diff(store, CodeSet::Icd10Cm, id(old), id(new), &scope).unwrap();
    found.notes.unwrap()
}

#[test]
fn added_reworded_and_moved_notes_are_what_another_reader_finds_more_on_each_side() {
    let Some(releases) = official_releases("the comparison of notes") else {
        return;
    };
    let store = everything(&releases);
    for (old, new, surpluses) in SURPLUSES {
        let report = notes(&store, old, new);
        for (kind, in_new, in_new_nodes, in_old, in_old_nodes) in surpluses {
            let count = |change| report.count_notes(change, kind);
            let reworded = count(NoteChangeKind::NoteReworded).all;
            let moved_out = report.changes.iter().filter(
                |change| matches!(change.edit, NoteEdit::NoteMoved { from, .. } if from == kind),
            );
            let added = count(NoteChangeKind::NoteAdded);
            let removed = count(NoteChangeKind::NoteRemoved);
            let found = (
                added.all + reworded + count(NoteChangeKind::NoteMoved).all,
                added.with_node,
                removed.all + reworded + moved_out.count() as u64,
                removed.with_node,
            );
            let expected = (in_new, in_new_nodes, in_old, in_old_nodes);
            assert_eq!(found, expected, "{old} to {new}: {}", kind.name());
        }
    }
}

#[test]
fn blocks_places_and_7th_characters_that_changed_are_found() {
    let Some(releases) = official_releases("the comparison of blocks") else {
        return;
    };
    let store = everything(&releases);
    let of = |old: &str, new: &str, kind: NoteChangeKind| -> Vec<String> {
        let changes = notes(&store, old, new).changes;
        let changes = changes
            .into_iter()
            .filter(|change| change.edit.kind() == kind);
        changes.map(|change| change.place.node.name).collect()
    };
    use NoteChangeKind::{
        HeadingAdded, HeadingRemoved, PlaceMoved, RangeChanged, SeventhCharacters,
    };
    let (first, second) = (("FY2014", "FY2017"), ("FY2021-01", "FY2025-04"));
    assert_eq!(
        of(first.0, first.1, RangeChanged),
        ["I10-I16", "X92-Y09", "Z20-Z29"]
    );
    assert_eq!(
        of(first.0, first.1, HeadingAdded),
        ["M04", "M97", "X50", "Z19"]
    );
    assert_eq!(of(first.0, first.1, HeadingRemoved), [""; 0]);
    // 29 nodes that both files have, and 11 new ones.
    assert_eq!(of(first.0, first.1, SeventhCharacters).len(), 40);
    assert_eq!(of("FY2017", "FY2021-01", HeadingAdded), ["22", "U00-U49"]);
    assert_eq!(
        of(second.0, second.1, RangeChanged),
        ["I10-I1A", "I30-I5A", "J40-J4A"]
    );
    assert_eq!(of(second.0, second.1, PlaceMoved), ["H54512A"]);
    assert_eq!(of("FY2025-04", "FY2026-04", HeadingAdded), ["QA0"]);
}

#[test]
fn the_official_lists_hold_the_laws_of_notes() {
    let Some(releases) = official_releases("the laws of notes") else {
        return;
    };
    let store = everything(&releases);
    let list = |release: &str| {
        let document = store.document(id(release), DocumentKind::Tabular).unwrap();
        store.tabular(&document.unwrap()).unwrap()
    };
    for (old, new, _) in SURPLUSES {
        assert_laws(&list(old), &list(new));
    }
}
