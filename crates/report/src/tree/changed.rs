//! A changed code and a changed note: what every format says of them.

use super::Tone;
use codeyear_core::model::{
    Change, ChangeKind, LineageWay, NodeKind, NodeStanding, NoteChange, NoteEdit, TitleChange,
};

/// A changed code.
#[derive(Debug, Clone)]
pub struct ChangedCode<'a> {
    /// What changed.
    pub change: &'a Change,
    /// How often a file uses the code, if the changes were weighed by one.
    pub uses: Option<u64>,
    /// What else there is to say: lines of their own.
    pub remarks: Vec<Remark>,
}

/// What else there is to say of a changed code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Where it leads, if it is about the lineage.
    pub way: Option<LineageWay>,
    /// The words.
    pub words: String,
}

/// An old and a new wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewording<'a> {
    /// What is said before it: `short `, or nothing.
    pub what: &'static str,
    /// The old wording.
    pub old: &'a str,
    /// The new one.
    pub new: &'a str,
}

impl<'a> ChangedCode<'a> {
    /// Returns how the kind of change is meant.
    pub fn tone(&self) -> Tone {
        match self.change.kind {
            ChangeKind::New | ChangeKind::BecameBillable => Tone::Good,
            ChangeKind::Deleted | ChangeKind::BecameHeader => Tone::Bad,
            ChangeKind::Revised => Tone::Doubtful,
            ChangeKind::ShortTitleOnly | ChangeKind::SpacingOnly => Tone::Quiet,
        }
    }

    /// Checks whether it is to be said that the code is a header: the kind of change does not tell.
    pub fn is_header(&self) -> bool {
        let entry = self.change.entry();
        entry.is_some_and(|entry| !entry.billable) && self.change.kind != ChangeKind::BecameHeader
    }

    /// Returns the title of the newer side that has one.
    pub fn title(&self) -> &'a str {
        let entry = self.change.entry();
        entry.map_or("", |entry| entry.long_title.as_str())
    }

    /// Returns the titles that differ: the long ones, and the short ones where the long ones do not show the change.
    pub fn rewordings(&self) -> Vec<Rewording<'a>> {
        let (Some(old), Some(new)) = (&self.change.old, &self.change.new) else {
            return Vec::new();
        };
        let mut all = Vec::new();
        if old.long_title != new.long_title {
            all.push(Rewording {
                what: "",
                old: &old.long_title,
                new: &new.long_title,
            });
        }
        let short_tells_more = old.short_title != new.short_title
            && (all.is_empty() || self.change.title == TitleChange::ShortOnly);
        if short_tells_more {
            all.push(Rewording {
                what: "short ",
                old: &old.short_title,
                new: &new.short_title,
            });
        }
        all
    }
}

/// A change of the tabular list.
#[derive(Debug, Clone)]
pub struct ChangedNote<'a> {
    /// What changed.
    pub change: &'a NoteChange,
    /// Whether it is the first change of its place in the book, and no heading names that place.
    pub begins_place: bool,
    /// The name of the place: `chapter 2`, `C00-C14`, `C7A.0`.
    pub name: String,
    /// How a place that only one list has stands to the other: `new code`; nothing if both have it.
    pub standing: &'static str,
    /// The word for the change.
    pub label: &'static str,
    /// What it was and is.
    pub lines: Vec<EditLine>,
}

/// One line of a change of the tabular list: what it is about, and what it was and is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditLine {
    /// What is said before the wording: `Excludes1`, `Excludes1 to Excludes2`, `D`.
    pub what: String,
    /// The old wording, if there is one.
    pub old: Option<String>,
    /// The new wording, if there is one.
    pub new: Option<String>,
}

impl EditLine {
    pub(crate) fn new(what: impl Into<String>, old: Option<&str>, new: Option<&str>) -> EditLine {
        EditLine {
            what: what.into(),
            old: old.map(str::to_owned),
            new: new.map(str::to_owned),
        }
    }

    /// Returns the old and the new wording, where both are there and differ.
    pub fn rewording(&self) -> Option<(&str, &str)> {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) if old != new => Some((old, new)),
            _ => None,
        }
    }

    /// Returns the only wording, or the new one.
    pub fn wording(&self) -> &str {
        self.new.as_deref().or(self.old.as_deref()).unwrap_or("")
    }
}

impl ChangedNote<'_> {
    /// Returns how the change is meant.
    pub fn tone(&self) -> Tone {
        match &self.change.edit {
            NoteEdit::NoteAdded { .. } | NoteEdit::HeadingAdded => Tone::Good,
            NoteEdit::NoteRemoved { .. } | NoteEdit::HeadingRemoved => Tone::Bad,
            _ => Tone::Doubtful,
        }
    }

    /// Returns how it is meant that only one list has the place.
    pub fn standing_tone(&self) -> Tone {
        match self.change.place.standing {
            NodeStanding::Gone => Tone::Bad,
            NodeStanding::New | NodeStanding::InBoth => Tone::Good,
        }
    }

    /// Checks whether the place is a code, and not a part of the book above the codes.
    pub fn is_at_code(&self) -> bool {
        self.change.place.node.kind == NodeKind::Code
    }

    /// Checks whether each line is a row of a list of its own: 7th characters, tables.
    pub fn is_list(&self) -> bool {
        matches!(
            self.change.edit,
            NoteEdit::SeventhCharacters { .. } | NoteEdit::VisualImpairment { .. }
        )
    }
}
