//! What changed of one code between two releases.

use strum::IntoStaticStr;

use crate::model::{Code, Entry, named};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CodeSet;

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
