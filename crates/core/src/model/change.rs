//! What changed between two releases.

use serde::Serialize;
use std::collections::BTreeMap;
use strum::IntoStaticStr;

use chrono::NaiveDate;

use crate::model::{
    ChangeLineage, Code, CodeRange, CodeSet, Entry, FileRef, Impact, NotesReport, Provenance,
    ReleaseId, Warning, named,
};

named!(ChangeKind);

/// What became of a code from one release to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum ChangeKind {
    /// Listed in the new release only.
    New,
    /// Listed in the old release only.
    Deleted,
    /// Flag 1 before, flag 0 now.
    BecameHeader,
    /// Flag 0 before, flag 1 now.
    BecameBillable,
    /// The long title says something else.
    Revised,
    /// Only the short title says something else.
    ShortTitleOnly,
    /// The titles differ in blanks, punctuation or accents only: the same words in the same order.
    SpacingOnly,
}

impl ChangeKind {
    /// Every kind, in the order of a report.
    pub const ALL: [ChangeKind; 7] = [
        ChangeKind::New,
        ChangeKind::Deleted,
        ChangeKind::BecameHeader,
        ChangeKind::BecameBillable,
        ChangeKind::Revised,
        ChangeKind::ShortTitleOnly,
        ChangeKind::SpacingOnly,
    ];

    /// Returns the words for people: `became header`.
    pub fn label(self) -> &'static str {
        match self {
            ChangeKind::New => "new",
            ChangeKind::Deleted => "deleted",
            ChangeKind::BecameHeader => "became header",
            ChangeKind::BecameBillable => "became billable",
            ChangeKind::Revised => "revised",
            ChangeKind::ShortTitleOnly => "short title only",
            ChangeKind::SpacingOnly => "spacing or punctuation only",
        }
    }
}

/// How the titles of two entries of one code differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TitleChange {
    /// Not at all.
    None,
    /// The long title has other words.
    Long,
    /// The long title is the same; the short one has other words.
    ShortOnly,
    /// Blanks, punctuation or accents only.
    SpacingOnly,
}

/// Compares the titles of two entries of one code.
///
/// Two titles are the same words when their runs of letters and digits are the same, in the same
/// order and case: `[BMI]30.0` and `[BMI] 30.0` are, `joints` and `joint(s)` are not.
pub fn compare_titles(old: &Entry, new: &Entry) -> TitleChange {
    // A release that is listed from its tabular list has no short titles: nothing to compare.
    let both_short = !old.short_title.is_empty() && !new.short_title.is_empty();
    let short_differs = both_short && old.short_title != new.short_title;
    let same_short = !both_short || same_words(&old.short_title, &new.short_title);
    if old.long_title != new.long_title {
        let same_long = same_words(&old.long_title, &new.long_title);
        match (same_long, same_short) {
            (true, true) => TitleChange::SpacingOnly,
            // The short title's words changed and the long one's punctuation: the words weigh more.
            (true, false) => TitleChange::ShortOnly,
            (false, _) => TitleChange::Long,
        }
    } else if short_differs {
        if same_short {
            TitleChange::SpacingOnly
        } else {
            TitleChange::ShortOnly
        }
    } else {
        TitleChange::None
    }
}

/// Checks whether two titles have the same words; an accent does not make another word, because order files
/// are written without.
fn same_words(a: &str, b: &str) -> bool {
    fn words(text: &str) -> impl Iterator<Item = String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(|word| crate::model::tabular::plain(word).collect())
    }
    words(a).eq(words(b))
}

/// One changed code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The code.
    pub code: Code,
    /// The kind that counts: a flag change outweighs a title change.
    pub kind: ChangeKind,
    /// The entry in the old release.
    pub old: Option<Entry>,
    /// The entry in the new release.
    pub new: Option<Entry>,
    /// How the titles differ, whatever the kind.
    pub title: TitleChange,
}

impl Change {
    /// Classifies a code's entries in two releases; `None` if they are the same or both absent.
    pub fn classify(old: Option<Entry>, new: Option<Entry>) -> Option<Change> {
        let (code, kind, title) = match (&old, &new) {
            (None, None) => return None,
            (None, Some(new)) => (new.code, ChangeKind::New, TitleChange::None),
            (Some(old), None) => (old.code, ChangeKind::Deleted, TitleChange::None),
            (Some(old), Some(new)) => {
                let title = compare_titles(old, new);
                let kind = match (old.billable, new.billable, title) {
                    (true, false, _) => ChangeKind::BecameHeader,
                    (false, true, _) => ChangeKind::BecameBillable,
                    (_, _, TitleChange::Long) => ChangeKind::Revised,
                    (_, _, TitleChange::ShortOnly) => ChangeKind::ShortTitleOnly,
                    (_, _, TitleChange::SpacingOnly) => ChangeKind::SpacingOnly,
                    (_, _, TitleChange::None) => return None,
                };
                (new.code, kind, title)
            }
        };
        Some(Change {
            code,
            kind,
            old,
            new,
            title,
        })
    }

    /// Returns the entry to show: the new one, or the old one of a deleted code.
    pub fn entry(&self) -> Option<&Entry> {
        self.new.as_ref().or(self.old.as_ref())
    }

    /// Checks whether the code can be billed before or after.
    pub fn touches_billable(&self) -> bool {
        self.old.as_ref().is_some_and(|entry| entry.billable)
            || self.new.as_ref().is_some_and(|entry| entry.billable)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(billable: bool, short: &str, long: &str) -> Entry {
        Entry {
            code: CodeSet::Icd10Cm.parse_code("Z68.30").unwrap(),
            billable,
            short_title: short.into(),
            long_title: long.into(),
        }
    }

    fn kind(old: Entry, new: Entry) -> Option<ChangeKind> {
        Change::classify(Some(old), Some(new)).map(|change| change.kind)
    }

    #[test]
    fn the_same_words_with_other_blanks_are_a_spacing_change() {
        let old = entry(true, "BMI", "Body mass index [BMI]30.0-30.9, adult");
        let new = entry(true, "BMI", "Body mass index [BMI] 30.0-30.9, adult");
        assert_eq!(kind(old, new), Some(ChangeKind::SpacingOnly));
    }

    #[test]
    fn an_accent_and_a_short_title_that_is_not_known_are_no_revision() {
        let old = entry(
            true,
            "Sezary disease, unspecified site",
            "Sezary disease, unspecified site",
        );
        let new = entry(true, "", "S\u{e9}zary disease, unspecified site");
        assert_eq!(kind(old, new), Some(ChangeKind::SpacingOnly));
    }

    #[test]
    fn a_letter_in_brackets_is_a_revision() {
        let old = entry(true, "Loose body", "Loose body in unspecified toe joints");
        let new = entry(true, "Loose body", "Loose body in unspecified toe joint(s)");
        assert_eq!(kind(old, new), Some(ChangeKind::Revised));
    }

    #[test]
    fn a_flag_change_outweighs_a_title_change_and_keeps_it() {
        let change =
            Change::classify(Some(entry(true, "a", "a")), Some(entry(false, "b", "b"))).unwrap();
        assert_eq!(change.kind, ChangeKind::BecameHeader);
        assert_eq!(change.title, TitleChange::Long);
    }

    #[test]
    fn equal_entries_are_no_change() {
        assert_eq!(kind(entry(true, "a", "a"), entry(true, "a", "a")), None);
        assert!(Change::classify(None, None).is_none());
    }
}
