//! What changed between two releases, as a whole.

use serde::Serialize;
use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::model::{
    Change, ChangeKind, ChangeLineage, Code, CodeRange, CodeSet, Entry, FileRef, Impact,
    NotesReport, Provenance, ReleaseId, Warning,
};

/// How many codes changed in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// All codes.
    pub all: u64,
    /// Those that are billable (in the new release; of deleted codes, in the old one).
    pub billable: u64,
}

/// Counts of billable codes as CMS and the official addenda count.
///
/// There a flag change is a deletion and an addition of the same code, each under its own flag, so
/// that "deleted codes" are the billable codes that are gone *or became headers*; and "revised" counts
/// every reworded title of a billable code, long or short, down to a comma.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = CmsCountsJson))]
pub struct CmsCounts {
    /// New billable codes and those that became billable.
    pub new: u64,
    /// Billable codes that are gone and those that became headers.
    pub deleted: u64,
    /// Codes billable in both whose title differs in any way.
    pub revised: u64,
}

/// CMS's own counts of a whole release, from the footer of the order addenda that leads to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CmsFooter {
    /// The addenda's name as published.
    pub file: String,
    /// The footer's counts of codes with flag 1: additions, deletions, revisions.
    pub counts: CmsCounts,
    /// The codes that are billable on both sides and whose titles differ in the order files, and of which the
    /// addenda has no revision, by kind in the order of [`ChangeKind::ALL`]. Addenda leave out some short
    /// titles, and changes of blanks.
    pub left_out: [u64; 7],
}

/// What changed from one release to another, in the order of the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSet {
    /// The code set.
    pub code_set: CodeSet,
    /// The old side.
    pub old: ReleaseId,
    /// The new side; it may be the earlier release.
    pub new: ReleaseId,
    /// First day of the old side.
    pub old_from: NaiveDate,
    /// First day of the new side.
    pub new_from: NaiveDate,
    /// Rows and billable rows of the old side.
    pub old_rows: Counts,
    /// Rows and billable rows of the new side.
    pub new_rows: Counts,
    /// The changed codes, in the order of the book: deleted codes where they stood.
    pub changes: Vec<Change>,
    /// The titles of the categories that the changed codes are in, as far as a side lists them.
    pub categories: Vec<Entry>,
    /// The ranges that the question was narrowed to; empty for the whole book.
    pub under: Vec<CodeRange>,
    /// What became of the list of codes that the question was narrowed to, if it was.
    pub only: Option<OnlyList>,
    /// What the changes mean to whoever uses the codes of a file, if the question was weighed by one: then
    /// only the changes that touch a code in use are here.
    pub impact: Option<Impact>,
    /// The order files compared: old, then new.
    pub sources: [FileRef; 2],
    /// How well the bytes of these files are known: old, then new.
    pub provenance: [Provenance; 2],
    /// What limits the trust in the two releases.
    pub warnings: Vec<Warning>,
    /// What the conversion tables say of the changed codes: of each that could be reported and no longer
    /// can, and of each that can and could not, unless no loaded table reaches the day on which it changed.
    /// Empty if the new side does not take effect after the old one.
    pub lineage: BTreeMap<Code, ChangeLineage>,
    /// What changed in the tabular list, if that was asked for.
    pub notes: Option<NotesReport>,
    /// What CMS counts in its addenda, if that is loaded, leads from the old side to the new one, and has a
    /// footer, and if the question was not narrowed.
    pub cms_footer: Option<CmsFooter>,
    /// Whether the store holds the bundled sample only.
    pub sample: bool,
}

/// The codes that a diff was narrowed to: "what of mine changes?".
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = OnlyJson))]
pub struct OnlyList {
    /// Distinct codes in the list.
    pub codes: u64,
    /// Of these, listed outside the ranges that the question was narrowed to as well, changed or not.
    pub outside: u64,
    /// Of the others, listed in both releases and the same in both.
    pub unchanged: u64,
    /// Of the unchanged, those that are headers in both releases: they can be reported in neither.
    pub headers: Vec<Code>,
    /// Codes that neither release lists, and another loaded one does.
    pub in_neither: Vec<Code>,
    /// Values that have the shape of a code and that no loaded release lists. They are counted and never
    /// shown, like those that cannot be codes: a list may be a claims file, and the wrong column of it may
    /// hold patient data.
    pub never_listed: u64,
    /// Values that cannot be codes.
    pub malformed: u64,
}

impl ChangeSet {
    /// Counts the changes of one kind.
    pub fn count(&self, kind: ChangeKind) -> Counts {
        let mut counts = Counts::default();
        for change in self.changes.iter().filter(|change| change.kind == kind) {
            counts.all += 1;
            if change.entry().is_some_and(|entry| entry.billable) {
                counts.billable += 1;
            }
        }
        counts
    }

    /// Returns our own count of these changes, made as CMS counts. What CMS says itself is
    /// [`ChangeSet::cms_footer`].
    pub fn cms_counts(&self) -> CmsCounts {
        let mut counts = CmsCounts::default();
        for change in &self.changes {
            let old = change.old.as_ref().is_some_and(|entry| entry.billable);
            let new = change.new.as_ref().is_some_and(|entry| entry.billable);
            match (old, new) {
                (false, true) => counts.new += 1,
                (true, false) => counts.deleted += 1,
                (true, true) => counts.revised += 1,
                (false, false) => {}
            }
        }
        counts
    }

    /// Returns the title of a category, as the new side has it, else the old.
    pub fn category_title(&self, category: &Code) -> Option<&str> {
        self.categories
            .iter()
            .find(|entry| entry.code == *category)
            .map(|entry| entry.long_title.as_str())
    }
}

/// Counts changes by kind, in the order of [`ChangeKind::ALL`].
pub fn count_by_kind<'a>(changes: impl IntoIterator<Item = &'a Change>) -> [u64; 7] {
    let mut counts = [0; 7];
    for change in changes {
        if let Some(count) = counts.get_mut(change.kind as usize) {
            *count += 1;
        }
    }
    counts
}
