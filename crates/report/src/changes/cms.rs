//! What changed, counted as CMS counts it, in words: CMS's own numbers, ours, and why they differ.

use crate::grouped;
use codeyear_core::model::{ChangeKind, ChangeSet, CmsCounts, CmsFooter};

/// How CMS counts, as the beginning of a sentence.
pub(crate) const CMS_RULE: &str =
    "CMS counts billable codes only, and a code that became a category as deleted";

/// Returns the count in CMS's way in one sentence: CMS's own where its addenda is at hand, else ours, which is
/// then not said to be CMS's.
pub fn cms_sentence(changes: &ChangeSet) -> String {
    let numbers = |counts: CmsCounts| {
        format!(
            "{} new, {} deleted, {} revised",
            grouped(counts.new),
            grouped(counts.deleted),
            grouped(counts.revised)
        )
    };
    match &changes.cms_footer {
        Some(footer) => format!(
            "{CMS_RULE}: {} (footer of {})",
            numbers(footer.counts),
            footer.file
        ),
        None => format!(
            "Counted as CMS counts, billable codes only and a code that became a category as deleted: {}",
            numbers(changes.cms_counts())
        ),
    }
}

/// Explains what our count in CMS's way is made of, and why CMS's own differs from it.
pub fn counting_explained(changes: &ChangeSet) -> String {
    let sums: Vec<String> = cms_sums(changes)
        .into_iter()
        .map(|(word, count, parts)| match parts.as_str() {
            "" => format!("{} {word}", grouped(count)),
            parts => format!("{} {word} = {parts}", grouped(count)),
        })
        .collect();
    let sums = sums.join("; ");
    match &changes.cms_footer {
        None => sums,
        Some(footer) => match left_out(footer) {
            Some(left_out) => {
                format!("codeyear count from the order files: {sums}; {left_out}")
            }
            None => format!("codeyear count from the order files: {sums}"),
        },
    }
}

/// Returns our counts in CMS's way, each with its word and the kinds of changes that it is made of; kinds
/// without a change are left out.
pub(crate) fn cms_sums(changes: &ChangeSet) -> [(&'static str, u64, String); 3] {
    let counts = changes.cms_counts();
    let sum = |kinds: &[ChangeKind]| {
        let parts: Vec<String> = kinds
            .iter()
            .filter_map(|kind| {
                let count = changes.count(*kind);
                let (count, label) = match kind {
                    ChangeKind::New => (count.billable, "new billable"),
                    ChangeKind::Deleted => (count.billable, "deleted billable"),
                    // A change of the flag counts whatever it became.
                    ChangeKind::BecameHeader | ChangeKind::BecameBillable => {
                        (count.all, kind.label())
                    }
                    _ => (count.billable, kind.label()),
                };
                (count > 0).then(|| format!("{} {label}", grouped(count)))
            })
            .collect();
        parts.join(" + ")
    };
    [
        (
            "new",
            counts.new,
            sum(&[ChangeKind::New, ChangeKind::BecameBillable]),
        ),
        (
            "deleted",
            counts.deleted,
            sum(&[ChangeKind::Deleted, ChangeKind::BecameHeader]),
        ),
        (
            "revised",
            counts.revised,
            sum(&[
                ChangeKind::Revised,
                ChangeKind::ShortTitleOnly,
                ChangeKind::SpacingOnly,
            ]),
        ),
    ]
}

/// Returns which revisions the order files have and CMS's addenda leaves out; `None` if it has all.
pub(crate) fn left_out(footer: &CmsFooter) -> Option<String> {
    let all: u64 = footer.left_out.iter().sum();
    let parts: Vec<String> = ChangeKind::ALL
        .into_iter()
        .zip(footer.left_out)
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{} {}", grouped(count), kind.label()))
        .collect();
    (all > 0).then(|| {
        format!(
            "the addenda omits {} of the revised ({})",
            grouped(all),
            parts.join(", ")
        )
    })
}
