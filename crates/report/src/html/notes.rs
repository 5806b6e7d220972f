//! The notes of the change report: the blocks of the tree as the template walks them.

use super::title::{Title, marked};
use crate::Style;
use crate::changes::note_blocks;
use crate::tree::{Block, ChangedNote, EditLine};
use codeyear_core::model::{ChangeSet, NodeKind, NoteEdit};

/// The part of the report that is about the tabular list.
pub(super) struct NotesView<'a> {
    pub(super) parts: Vec<NotesPart<'a>>,
}

/// A block, and where the list of changes that it stands in begins and ends.
pub(super) struct NotesPart<'a> {
    pub(super) block: Block<'a>,
    pub(super) opens_list: bool,
    pub(super) closes_list: bool,
}

/// A wording, one that only one side has, or the old one and the new one.
pub(super) enum Wording<'l> {
    Only(&'l str),
    Was(&'l str),
    Now(&'l str),
    Differs(Title, Title),
}

impl<'a> NotesView<'a> {
    pub(super) fn of(set: &'a ChangeSet) -> Option<NotesView<'a>> {
        let report = set.notes.as_ref()?;
        let mut parts: Vec<NotesPart<'a>> = Vec::new();
        // The heading of the section is the page's own.
        for block in note_blocks(report, Style::PLAIN).into_iter().skip(1) {
            let is_note = matches!(block, Block::NoteChange(_));
            let begins_place = matches!(&block, Block::NoteChange(note) if note.begins_place);
            let goes_on = is_note
                && !begins_place
                && parts
                    .last()
                    .is_some_and(|last| matches!(last.block, Block::NoteChange(_)));
            if let Some(last) = parts.last_mut().filter(|_| goes_on) {
                last.closes_list = false;
            }
            parts.push(NotesPart {
                opens_list: is_note && !goes_on,
                closes_list: is_note,
                block,
            });
        }
        Some(NotesView { parts })
    }

    /// Checks whether all there is to say is that nothing changed.
    pub(super) fn is_unchanged(&self) -> bool {
        let is_note = |part: &NotesPart<'_>| matches!(part.block, Block::NoteChange(_));
        !self.parts.iter().any(is_note)
    }
}

impl ChangedNote<'_> {
    /// Returns what colours it: the name of a kind of change of codes that says the same.
    pub(super) fn class(&self) -> &'static str {
        match &self.change.edit {
            NoteEdit::NoteAdded { .. } | NoteEdit::HeadingAdded => "new",
            NoteEdit::NoteRemoved { .. } | NoteEdit::HeadingRemoved => "deleted",
            NoteEdit::NoteMoved { .. } | NoteEdit::PlaceMoved { .. } => "became-header",
            edit if edit.is_spacing_only() => "spacing-only",
            _ => "revised",
        }
    }

    /// Checks whether the place is a block, whose name alone does not tell.
    pub(super) fn is_at_block(&self) -> bool {
        self.change.place.node.kind == NodeKind::Block
    }

    pub(super) fn wording<'l>(&self, line: &'l EditLine) -> Wording<'l> {
        if let Some((old, new)) = line.rewording() {
            let (old, new) = marked(old, new);
            return Wording::Differs(old, new);
        }
        match (&line.old, &line.new) {
            (Some(old), None) if self.is_list() => Wording::Was(old),
            (None, Some(new)) if self.is_list() => Wording::Now(new),
            _ => Wording::Only(line.wording()),
        }
    }
}
