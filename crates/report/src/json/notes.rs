//! What changed in the tabular list.

use serde::Serialize;

use super::change::{MarkedJson, marked};
use crate::changes::code_of;
use codeyear_core::model::{
    Code, FileRef, NodeName, NodeStanding, NoteChange, NoteChangeKind, NoteCounts, NoteEdit,
    NoteKind, NotesReport,
};

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct NotesJson<'a> {
    counts: Vec<NoteCountJson>,
    moves: Vec<MoveJson>,
    sources: &'a [FileRef],
    changes: Vec<NoteChangeJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct NoteCountJson {
    kind: NoteChangeKind,
    note_kind: Option<NoteKind>,
    all: u64,
    with_node: u64,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct MoveJson {
    from: NoteKind,
    to: NoteKind,
    all: u64,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct NoteChangeJson<'a> {
    kind: NoteChangeKind,
    #[serde(flatten)]
    node: &'a NodeName,
    node_title: &'a str,
    standing: NodeStanding,
    chapter: &'a str,
    code: Option<Code>,
    code_dotted: Option<String>,
    category: Option<Code>,
    note_kind: Option<NoteKind>,
    old_note_kind: Option<NoteKind>,
    old_text: Option<&'a str>,
    new_text: Option<&'a str>,
    spacing_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marked: Option<MarkedJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<MovedJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    placeholder: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<PartJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct MovedJson<'a> {
    from: &'a NodeName,
    to: &'a NodeName,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct PartJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    character: Option<char>,
    old_text: Option<&'a str>,
    new_text: Option<&'a str>,
}

pub(super) fn notes(report: &NotesReport) -> NotesJson<'_> {
    NotesJson {
        counts: counts(report),
        moves: report
            .moves()
            .into_iter()
            .map(|(from, to, all)| MoveJson { from, to, all })
            .collect(),
        sources: &report.sources,
        changes: report.changes.iter().map(change).collect(),
    }
}

/// Counts each kind of change, those of notes for each kind of note, and leaves out what has none.
fn counts(report: &NotesReport) -> Vec<NoteCountJson> {
    let mut counts = Vec::new();
    for kind in NoteChangeKind::ALL {
        let mut push = |of: Option<NoteKind>, count: NoteCounts| {
            if count.all > 0 {
                counts.push(NoteCountJson {
                    kind,
                    note_kind: of,
                    all: count.all,
                    with_node: count.with_node,
                });
            }
        };
        match kind {
            NoteChangeKind::NoteAdded
            | NoteChangeKind::NoteRemoved
            | NoteChangeKind::NoteReworded
            | NoteChangeKind::NoteMoved => {
                for of in NoteKind::ALL {
                    push(Some(of), report.count_notes(kind, of));
                }
            }
            _ => push(None, report.count(kind)),
        }
    }
    counts
}

fn change(change: &NoteChange) -> NoteChangeJson<'_> {
    let place = &change.place;
    let code = code_of(&place.node);
    let mut json = NoteChangeJson {
        kind: change.edit.kind(),
        node: &place.node,
        node_title: &place.title,
        standing: place.standing,
        chapter: &place.chapter,
        code,
        code_dotted: code.map(|code| code.to_string()),
        category: code.map(|code| code.category()),
        note_kind: change.edit.note_kind(),
        old_note_kind: None,
        old_text: None,
        new_text: None,
        spacing_only: change.edit.is_spacing_only(),
        marked: None,
        moved: None,
        placeholder: None,
        parts: Vec::new(),
    };
    match &change.edit {
        NoteEdit::HeadingAdded | NoteEdit::HeadingRemoved => {}
        NoteEdit::NoteAdded { note, .. } => json.new_text = Some(note),
        NoteEdit::NoteRemoved { note, .. } => json.old_text = Some(note),
        NoteEdit::NoteReworded { old, new, .. }
        | NoteEdit::TitleRevised { old, new }
        | NoteEdit::RangeChanged { old, new } => {
            json.old_text = Some(old);
            json.new_text = Some(new);
            json.marked = Some(marked(old, new));
        }
        NoteEdit::NoteMoved { from, old, new, .. } => {
            json.old_note_kind = Some(*from);
            json.old_text = Some(old);
            json.new_text = Some(new);
            json.marked = (old != new).then(|| marked(old, new));
        }
        NoteEdit::PlaceMoved { from, to } => {
            json.moved = Some(MovedJson { from, to });
        }
        NoteEdit::Placeholder { is_placeholder } => json.placeholder = Some(*is_placeholder),
        NoteEdit::SeventhCharacters { changes } => {
            json.parts = changes
                .iter()
                .map(|one| PartJson {
                    character: Some(one.character),
                    old_text: one.old.as_deref(),
                    new_text: one.new.as_deref(),
                })
                .collect();
        }
        NoteEdit::VisualImpairment { rows } => {
            json.parts = rows
                .iter()
                .map(|row| PartJson {
                    character: None,
                    old_text: row.old.as_deref(),
                    new_text: row.new.as_deref(),
                })
                .collect();
        }
    }
    json
}
