//! What the conversion tables say, in words.

use crate::tree::Text;
use codeyear_core::model::{
    Fate, LineageKind, LineageLink, ListedAs, PreviousGroup, PreviousPart, ReleaseId,
};

/// Returns a kind of lineage in words.
pub(crate) fn kind_label(kind: LineageKind) -> &'static str {
    match kind {
        LineageKind::OneToOne => "one to one",
        LineageKind::Split => "split",
        LineageKind::Merge => "merged with others",
        LineageKind::SplitAndMerge => "split and merged with others",
        LineageKind::SplitOff => "part of it moved; it stays valid",
    }
}

/// Returns what became of a code that a row names as previous, in words; empty if no loaded release says.
pub(crate) fn fate_words(fate: Fate) -> &'static str {
    match fate {
        Fate::StaysBillable => "still billable",
        Fate::BecameHeader => "became a header",
        Fate::Deleted => "deleted",
        Fate::WasNotBillable => "was not billable",
        Fate::NotCovered => "",
    }
}

/// Returns how the code that a row leads to is listed, where that is worth saying.
pub(crate) fn listed_words(listed: ListedAs) -> Option<&'static str> {
    match listed {
        ListedAs::Billable => None,
        ListedAs::Header => Some("a header"),
        ListedAs::Unlisted => {
            Some("not found in any release of that date: probably an error in the table")
        }
        ListedAs::NotCovered => Some("no release loaded for that date"),
    }
}

/// Returns the row that says so: `FY2026 table row 12`.
pub(crate) fn row_of(link: &LineageLink) -> String {
    row_named(link.table, link.row)
}

/// Returns the name of a row of the conversion table of a release.
pub(crate) fn row_named(table: ReleaseId, row: u32) -> String {
    format!("{table} table row {row}")
}

/// Returns what was reported together with the old code, if anything was.
pub(crate) fn together(link: &LineageLink) -> Option<Text> {
    (!link.together_with.is_empty()).then(|| groups(&link.together_with))
}

/// Returns what was reported together, as the cell of a table has it.
pub(crate) fn groups(groups: &[PreviousGroup]) -> Text {
    let part = |part: &PreviousPart| match part {
        PreviousPart::Code(code) => Text::default().code(*code),
        PreviousPart::Below(code) => Text::default().code(*code).words("-"),
        PreviousPart::Range { first, last } | PreviousPart::Categories { first, last } => {
            Text::default().code(*first).words("-").code(*last)
        }
    };
    let group = |group: &PreviousGroup| Text::joined(group.alternatives.iter().map(part), " or ");
    Text::joined(groups.iter().map(group), " and ")
}
