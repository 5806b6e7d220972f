//! The counts of a change report, and the chart of its chapters.

use super::rows::{ChapterGroup, NO_CHAPTER, anchor, sums};
use crate::{changes, grouped, percent};
use codeyear_core::model::{ChangeKind, ChangeSet, Chapter, Counts};

/// One kind of change in the summary.
pub(super) struct KindLine {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) short_label: &'static str,
    pub(super) meaning: String,
    pub(super) counts: Counts,
}

impl KindLine {
    pub(super) fn new(set: &ChangeSet, kind: ChangeKind) -> KindLine {
        let (old, new) = (set.old, set.new);
        let meaning = match kind {
            ChangeKind::New => format!("in {new}, not in {old}"),
            ChangeKind::Deleted => format!("in {old}, not in {new}"),
            ChangeKind::BecameHeader => {
                "was billable, now a more specific code is required".to_owned()
            }
            ChangeKind::BecameBillable => "was a category, now valid for submission".to_owned(),
            ChangeKind::Revised => "long title reworded".to_owned(),
            ChangeKind::ShortTitleOnly => "only the short title reworded".to_owned(),
            ChangeKind::SpacingOnly => "same words in the same order".to_owned(),
        };
        KindLine {
            name: kind.name(),
            label: kind.label(),
            short_label: short_label(kind),
            meaning,
            counts: set.count(kind),
        }
    }
}

/// Returns the words for a narrow column.
pub(super) fn short_label(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::SpacingOnly => "spacing or punctuation",
        _ => kind.label(),
    }
}

/// A count in CMS's way, and what it is made of.
pub(super) struct CmsLine {
    pub(super) word: &'static str,
    pub(super) made_of: String,
    /// What CMS says itself, where its addenda is at hand.
    pub(super) official: Option<u64>,
    pub(super) count: u64,
}

pub(super) fn cms_lines(set: &ChangeSet) -> [CmsLine; 3] {
    let official = |word: &str| {
        let counts = set.cms_footer.as_ref()?.counts;
        Some(match word {
            "new" => counts.new,
            "deleted" => counts.deleted,
            _ => counts.revised,
        })
    };
    changes::cms_sums(set).map(|(word, count, made_of)| CmsLine {
        word,
        made_of,
        official: official(word),
        count,
    })
}

/// Returns where CMS's own counts stand and what they leave out; empty without them.
pub(super) fn cms_source(set: &ChangeSet) -> String {
    let Some(footer) = &set.cms_footer else {
        return String::new();
    };
    match changes::left_out(footer) {
        Some(left_out) => format!("CMS: footer of {}; {left_out}.", footer.file),
        None => format!("CMS: footer of {}.", footer.file),
    }
}

/// A chapter of the chart.
pub(super) struct Bar {
    pub(super) anchor: String,
    pub(super) label: &'static str,
    pub(super) title: &'static str,
    pub(super) range: &'static str,
    /// The bar in words.
    pub(super) spoken: String,
    pub(super) segments: Vec<Segment>,
    pub(super) cells: Vec<Cell>,
    pub(super) total: u64,
}

/// A stretch of a bar; lengths are in percent, so that the chart fits any width while its text keeps its size.
pub(super) struct Segment {
    pub(super) name: &'static str,
    pub(super) from: String,
    pub(super) width: String,
}

/// A number of the chart's table.
pub(super) struct Cell {
    pub(super) label: &'static str,
    pub(super) count: u64,
}

/// Draws the chapters in the order of the list; a chapter that the list comes back to is one bar.
pub(super) fn bars(groups: &[ChapterGroup]) -> Vec<Bar> {
    let counted: Vec<(Option<&'static Chapter>, [u64; 7])> = groups
        .iter()
        .filter(|group| group.is_first)
        .map(|first| {
            let same = groups.iter().filter(|group| group.anchor == first.anchor);
            (first.place, sums(same.map(|group| group.counts)))
        })
        .collect();
    let overall = sums(groups.iter().map(|group| group.counts));
    let longest = counted
        .iter()
        .map(|(_, counts)| counts.iter().sum::<u64>())
        .max()
        .unwrap_or(0);
    counted
        .into_iter()
        .map(|(place, counts)| bar(place, counts, overall, longest))
        .collect()
}

pub(super) fn bar(
    place: Option<&'static Chapter>,
    counts: [u64; 7],
    overall: [u64; 7],
    longest: u64,
) -> Bar {
    let mut segments = Vec::new();
    let mut cells = Vec::new();
    let mut words = Vec::new();
    let mut before = 0;
    for ((kind, count), in_all) in ChangeKind::ALL.into_iter().zip(counts).zip(overall) {
        if in_all > 0 {
            cells.push(Cell {
                label: short_label(kind),
                count,
            });
        }
        if count > 0 {
            segments.push(Segment {
                name: kind.name(),
                from: percent(before, longest),
                width: percent(count, longest),
            });
            words.push(format!("{} {}", grouped(count), kind.label()));
            before += count;
        }
    }
    Bar {
        anchor: anchor(place),
        label: place.map_or("", |chapter| chapter.label),
        title: place.map_or(NO_CHAPTER, |chapter| chapter.title),
        range: place.map_or("", |chapter| chapter.range),
        spoken: words.join(", "),
        segments,
        cells,
        total: before,
    }
}

/// Writes how much more or less the second number is, with its sign.
pub(super) fn difference(old: u64, new: u64) -> String {
    let sign = match new.cmp(&old) {
        std::cmp::Ordering::Less => "\u{2212}",
        std::cmp::Ordering::Equal => "",
        std::cmp::Ordering::Greater => "+",
    };
    format!("{sign}{}", grouped(old.abs_diff(new)))
}
