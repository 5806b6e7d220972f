//! The notes of the change report: what the template shows of the tabular list.

use super::{Title, marked};
use crate::Style;
use crate::changes::chapter_heading;
use crate::notes::{
    COUNT_COLUMNS, EditLine, NoteCountLine, label, lines, node_name, note_counts, other_counts,
    standing_words, steps,
};
use codeyear_core::model::{ChangeSet, NodeKind, NoteChange, NoteEdit, NotesReport};

/// The part of the report that is about the tabular list.
pub(super) struct NotesView<'a> {
    pub(super) report: &'a NotesReport,
    pub(super) columns: [&'static str; 6],
    pub(super) counts: Vec<NoteCountLine>,
    pub(super) others: Vec<String>,
    pub(super) chapters: Vec<NotesChapter<'a>>,
}

/// A run of changes in one chapter.
pub(super) struct NotesChapter<'a> {
    pub(super) heading: String,
    pub(super) nodes: Vec<NotesNode<'a>>,
}

/// A node with its changes.
pub(super) struct NotesNode<'a> {
    /// The category that begins with it: code and title.
    pub(super) category: Option<(String, &'a str)>,
    /// Its name and title, if it is not that category.
    pub(super) name: Option<(String, &'a str)>,
    /// `new code`, `deleted code`; empty if both lists have it.
    pub(super) standing: &'static str,
    pub(super) rows: Vec<NotesRow>,
}

/// One change.
pub(super) struct NotesRow {
    /// What colours it: the name of a kind of change of codes that says the same.
    pub(super) class: &'static str,
    pub(super) label: &'static str,
    pub(super) lines: Vec<NotesLine>,
}

/// What a change was and is.
pub(super) struct NotesLine {
    pub(super) what: String,
    pub(super) wording: Wording,
}

/// A wording, one that only one side has, or the old one and the new one.
pub(super) enum Wording {
    Only(String),
    Was(String),
    Now(String),
    Differs(Title, Title),
}

impl<'a> NotesView<'a> {
    pub(super) fn of(set: &'a ChangeSet) -> Option<NotesView<'a>> {
        let report = set.notes.as_ref()?;
        let mut chapters: Vec<NotesChapter<'a>> = Vec::new();
        for step in steps(report) {
            if let Some(chapter) = step.chapter {
                chapters.push(NotesChapter {
                    heading: chapter.map_or_else(
                        || "Introduction".to_owned(),
                        |chapter| format!("Chapter {}", chapter_heading(chapter)),
                    ),
                    nodes: Vec::new(),
                });
            }
            let Some(chapter) = chapters.last_mut() else {
                continue;
            };
            if step.category.is_some() || step.node.is_some() || chapter.nodes.is_empty() {
                let name = step.node.map(|place| {
                    let block = if place.node.kind == NodeKind::Block {
                        "Block "
                    } else {
                        ""
                    };
                    let name = node_name(&place.node, Style::PLAIN);
                    (format!("{block}{name}"), place.title.as_str())
                });
                chapter.nodes.push(NotesNode {
                    category: step
                        .category
                        .map(|(code, title)| (code.as_str().to_owned(), title)),
                    name,
                    standing: standing_words(&step.change.place),
                    rows: Vec::new(),
                });
            }
            if let Some(node) = chapter.nodes.last_mut() {
                node.rows.push(row(step.change));
            }
        }
        Some(NotesView {
            report,
            columns: COUNT_COLUMNS,
            counts: note_counts(report),
            others: other_counts(report),
            chapters,
        })
    }
}

fn row(change: &NoteChange) -> NotesRow {
    let is_list = matches!(
        change.edit,
        NoteEdit::SeventhCharacters { .. } | NoteEdit::VisualImpairment { .. }
    );
    NotesRow {
        class: match &change.edit {
            NoteEdit::NoteAdded { .. } | NoteEdit::HeadingAdded => "new",
            NoteEdit::NoteRemoved { .. } | NoteEdit::HeadingRemoved => "deleted",
            NoteEdit::NoteMoved { .. } | NoteEdit::PlaceMoved { .. } => "became-header",
            edit if edit.is_spacing_only() => "spacing-only",
            _ => "revised",
        },
        label: label(&change.edit),
        lines: lines(change, Style::PLAIN)
            .into_iter()
            .map(|one| line(one, is_list))
            .collect(),
    }
}

fn line(line: EditLine, is_list: bool) -> NotesLine {
    let wording = match (line.old, line.new) {
        (Some(old), Some(new)) if old != new => {
            let (old, new) = marked(&old, &new);
            Wording::Differs(old, new)
        }
        (Some(old), None) if is_list => Wording::Was(old),
        (None, Some(new)) if is_list => Wording::Now(new),
        (old, new) => Wording::Only(new.or(old).unwrap_or_default()),
    };
    NotesLine {
        what: line.what,
        wording,
    }
}
