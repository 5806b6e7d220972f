//! What changed between two tabular lists: notes, 7th characters, and the places of the book.

use crate::model::{FileRef, NodeKind, NoteKind, named};
use serde::Serialize;
use strum::IntoStaticStr;

named!(NodeStanding, NoteChangeKind);

/// Which of the two tabular lists have a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum NodeStanding {
    /// Both; a block whose range changed counts as one that both have.
    InBoth,
    /// The new one only: its notes came with it.
    New,
    /// The old one only: its notes went with it.
    Gone,
}

/// A node of the tabular list by what it is and its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = NodeJson))]
pub struct NodeName {
    /// What it is.
    #[serde(rename = "node_kind")]
    pub kind: NodeKind,
    /// Chapter number, block id or code without dot.
    #[serde(rename = "node")]
    pub name: String,
}

/// The node that a change is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotePlace {
    /// The node as the new list has it; of one that is gone, as the old list had it.
    pub node: NodeName,
    /// Its title there.
    pub title: String,
    /// Which of the two lists have it.
    pub standing: NodeStanding,
    /// The number of the chapter that it is or stands in; empty for the introduction.
    pub chapter: String,
    /// The title of the category that it is or stands in; empty above categories.
    pub category_title: String,
}

/// A 7th character that one list lacks, or to which the two give other meanings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeventhCharacterChange {
    /// The character.
    pub character: char,
    /// Its meaning in the old list, with its continuations after semicolons.
    pub old: Option<String>,
    /// Its meaning in the new list.
    pub new: Option<String>,
}

/// A row of a table that one list lacks or has otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowChange {
    /// The row in the old list.
    pub old: Option<String>,
    /// The row in the new list.
    pub new: Option<String>,
}

/// How a node differs from one tabular list to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoteEdit {
    /// The new list has a chapter, a block or a section of the introduction that the old one lacks.
    HeadingAdded,
    /// The old list had a chapter, a block or a section of the introduction that the new one lacks.
    HeadingRemoved,
    /// A block has another range: I10-I15 became I10-I16.
    RangeChanged {
        /// The block's id before.
        old: String,
        /// The block's id now.
        new: String,
    },
    /// The title of a chapter or a block says something else. Titles of codes are the order file's
    /// matter and reported from there.
    TitleRevised {
        /// The title before.
        old: String,
        /// The title now.
        new: String,
    },
    /// It stands below another node: a category in another block, a block in another chapter, a code
    /// below another code.
    PlaceMoved {
        /// What it stood below.
        from: NodeName,
        /// What it stands below.
        to: NodeName,
    },
    /// The placeholder flag differs: a level made only to carry the placeholder X.
    Placeholder {
        /// The flag now.
        is_placeholder: bool,
    },
    /// A note that the old list lacks.
    NoteAdded {
        /// What it says.
        kind: NoteKind,
        /// The note.
        note: String,
    },
    /// A note that the new list lacks.
    NoteRemoved {
        /// What it said.
        kind: NoteKind,
        /// The note.
        note: String,
    },
    /// A note that is worded otherwise.
    NoteReworded {
        /// What it says.
        kind: NoteKind,
        /// The note before.
        old: String,
        /// The note now.
        new: String,
    },
    /// A note that stands under another heading: from Excludes1, not coded here, to Excludes2, may
    /// be coded together.
    NoteMoved {
        /// The kind before.
        from: NoteKind,
        /// The kind now.
        to: NoteKind,
        /// The note before.
        old: String,
        /// The note now; mostly the same.
        new: String,
    },
    /// The node's own set of 7th characters came, went or differs.
    SeventhCharacters {
        /// The characters that differ, in their order.
        changes: Vec<SeventhCharacterChange>,
    },
    /// The table of visual impairment differs.
    VisualImpairment {
        /// The rows that differ, in their order.
        rows: Vec<RowChange>,
    },
}

/// The kinds of [`NoteEdit`], for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum NoteChangeKind {
    /// [`NoteEdit::NoteAdded`].
    NoteAdded,
    /// [`NoteEdit::NoteRemoved`].
    NoteRemoved,
    /// [`NoteEdit::NoteReworded`].
    NoteReworded,
    /// [`NoteEdit::NoteMoved`].
    NoteMoved,
    /// [`NoteEdit::SeventhCharacters`].
    SeventhCharacters,
    /// [`NoteEdit::HeadingAdded`].
    HeadingAdded,
    /// [`NoteEdit::HeadingRemoved`].
    HeadingRemoved,
    /// [`NoteEdit::RangeChanged`].
    RangeChanged,
    /// [`NoteEdit::TitleRevised`].
    TitleRevised,
    /// [`NoteEdit::PlaceMoved`].
    PlaceMoved,
    /// [`NoteEdit::Placeholder`].
    Placeholder,
    /// [`NoteEdit::VisualImpairment`].
    VisualImpairment,
}

impl NoteChangeKind {
    /// Every kind, in the order of a report.
    pub const ALL: [NoteChangeKind; 12] = [
        NoteChangeKind::NoteAdded,
        NoteChangeKind::NoteRemoved,
        NoteChangeKind::NoteReworded,
        NoteChangeKind::NoteMoved,
        NoteChangeKind::SeventhCharacters,
        NoteChangeKind::HeadingAdded,
        NoteChangeKind::HeadingRemoved,
        NoteChangeKind::RangeChanged,
        NoteChangeKind::TitleRevised,
        NoteChangeKind::PlaceMoved,
        NoteChangeKind::Placeholder,
        NoteChangeKind::VisualImpairment,
    ];

    /// Returns the words for people: `moved to another kind`.
    pub fn label(self) -> &'static str {
        match self {
            NoteChangeKind::NoteAdded => "added",
            NoteChangeKind::NoteRemoved => "removed",
            NoteChangeKind::NoteReworded => "reworded",
            NoteChangeKind::NoteMoved => "moved to another kind",
            NoteChangeKind::SeventhCharacters => "7th characters",
            NoteChangeKind::HeadingAdded => "new heading",
            NoteChangeKind::HeadingRemoved => "removed heading",
            NoteChangeKind::RangeChanged => "new range",
            NoteChangeKind::TitleRevised => "revised title",
            NoteChangeKind::PlaceMoved => "moved in the list",
            NoteChangeKind::Placeholder => "placeholder X",
            NoteChangeKind::VisualImpairment => "visual impairment",
        }
    }
}

impl NoteEdit {
    /// Returns its kind.
    pub fn kind(&self) -> NoteChangeKind {
        match self {
            NoteEdit::HeadingAdded => NoteChangeKind::HeadingAdded,
            NoteEdit::HeadingRemoved => NoteChangeKind::HeadingRemoved,
            NoteEdit::RangeChanged { .. } => NoteChangeKind::RangeChanged,
            NoteEdit::TitleRevised { .. } => NoteChangeKind::TitleRevised,
            NoteEdit::PlaceMoved { .. } => NoteChangeKind::PlaceMoved,
            NoteEdit::Placeholder { .. } => NoteChangeKind::Placeholder,
            NoteEdit::NoteAdded { .. } => NoteChangeKind::NoteAdded,
            NoteEdit::NoteRemoved { .. } => NoteChangeKind::NoteRemoved,
            NoteEdit::NoteReworded { .. } => NoteChangeKind::NoteReworded,
            NoteEdit::NoteMoved { .. } => NoteChangeKind::NoteMoved,
            NoteEdit::SeventhCharacters { .. } => NoteChangeKind::SeventhCharacters,
            NoteEdit::VisualImpairment { .. } => NoteChangeKind::VisualImpairment,
        }
    }

    /// Returns the kind of its note: of one that moved, the kind now.
    pub fn note_kind(&self) -> Option<NoteKind> {
        match self {
            NoteEdit::NoteAdded { kind, .. }
            | NoteEdit::NoteRemoved { kind, .. }
            | NoteEdit::NoteReworded { kind, .. } => Some(*kind),
            NoteEdit::NoteMoved { to, .. } => Some(*to),
            _ => None,
        }
    }

    /// Checks of what is worded otherwise whether only blanks differ. A dash is more than that: `(T86.3-)`
    /// asks for a code with more characters where `(T86.3)` did not.
    pub fn is_spacing_only(&self) -> bool {
        match self {
            NoteEdit::NoteReworded { old, new, .. } | NoteEdit::TitleRevised { old, new } => {
                let solid = |text: &'_ str| -> String { text.split_whitespace().collect() };
                solid(old) == solid(new)
            }
            _ => false,
        }
    }
}

/// One difference between two tabular lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteChange {
    /// The node that it is about.
    pub place: NotePlace,
    /// How it differs.
    pub edit: NoteEdit,
}

/// How many changes are of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoteCounts {
    /// All.
    pub all: u64,
    /// Those that came or went with their node, such as the inclusion terms of a new code.
    pub with_node: u64,
}

/// What changed between the tabular lists of two releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotesReport {
    /// The changes in the order of the book: what is gone, where it stood.
    pub changes: Vec<NoteChange>,
    /// The tabular lists compared: old, then new.
    pub sources: [FileRef; 2],
}

impl NotesReport {
    /// Counts the changes of one kind.
    pub fn count(&self, kind: NoteChangeKind) -> NoteCounts {
        self.count_where(|edit| edit.kind() == kind)
    }

    /// Counts the changes of one kind of notes of one kind; of moved ones, those that moved there.
    pub fn count_notes(&self, kind: NoteChangeKind, of: NoteKind) -> NoteCounts {
        self.count_where(|edit| edit.kind() == kind && edit.note_kind() == Some(of))
    }

    /// Counts the notes that moved from one kind to another, for each pair of kinds that has any.
    pub fn moves(&self) -> Vec<(NoteKind, NoteKind, u64)> {
        let mut moves = Vec::new();
        for from in NoteKind::ALL {
            for to in NoteKind::ALL {
                let is_this = |edit: &NoteEdit| matches!(edit, NoteEdit::NoteMoved { from: a, to: b, .. } if *a == from && *b == to);
                let count = self.count_where(is_this).all;
                if count > 0 {
                    moves.push((from, to, count));
                }
            }
        }
        moves
    }

    fn count_where(&self, wanted: impl Fn(&NoteEdit) -> bool) -> NoteCounts {
        let mut counts = NoteCounts::default();
        for change in self.changes.iter().filter(|change| wanted(&change.edit)) {
            counts.all += 1;
            counts.with_node += u64::from(change.place.standing != NodeStanding::InBoth);
        }
        counts
    }
}
