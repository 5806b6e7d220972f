//! Changed codes as a page lists them: by chapter and category, each with what a coder must do about it.

use std::collections::BTreeSet;

use super::title::{Title, marked};
use crate::tree::ChangedCode;
use crate::{Style, changes};
use codeyear_core::model::{
    Change, ChangeKind, ChangeSet, Chapter, Code, CodeSet, LineageWay, chapter_of, count_by_kind,
};

/// How many codes below a header are named in its row; they all have rows of their own.
pub(super) const NAMED_BELOW: usize = 12;

/// The heading of codes that belong to no chapter codeyear knows, as a future book might have.
pub(super) const NO_CHAPTER: &str = "In no known chapter";

pub(super) fn anchor(place: Option<&Chapter>) -> String {
    format!(
        "chapter-{}",
        place
            .map_or("none", |chapter| chapter.label)
            .to_ascii_lowercase()
    )
}

/// A run of changes in one chapter.
pub(super) struct ChapterGroup<'a> {
    pub(super) place: Option<&'static Chapter>,
    /// By kind, in the order of [`ChangeKind::ALL`].
    pub(super) counts: [u64; 7],
    pub(super) anchor: String,
    /// Whether it is the first run of its chapter: an anchor must stand once.
    pub(super) is_first: bool,
    pub(super) heading: String,
    pub(super) range: &'static str,
    pub(super) categories: Vec<CategoryGroup<'a>>,
}

/// A run of changes in one category.
pub(super) struct CategoryGroup<'a> {
    pub(super) code: Code,
    /// Its anchor, if this is the category's first run.
    pub(super) id: Option<Code>,
    pub(super) title: &'a str,
    pub(super) rows: Vec<Row<'a>>,
}

/// One changed code.
pub(super) struct Row<'a> {
    /// Its anchor; a category's own row has its group's.
    pub(super) id: Option<Code>,
    pub(super) code: String,
    pub(super) kind: ChangeKind,
    pub(super) flag: &'static str,
    pub(super) touches_billable: bool,
    pub(super) long: Line<'a>,
    pub(super) short: Option<(Title, Title)>,
    pub(super) note: Option<Note>,
    /// What the conversion tables say: the way in words, and the codes.
    pub(super) lineage: Option<(&'static str, String)>,
}

/// A title, or the old one and the new one.
pub(super) enum Line<'a> {
    Same(&'a str),
    Differs(Title, Title),
}

/// What a coder must do about a flag that changed, and the codes it is about.
pub(super) struct Note {
    pub(super) text: String,
    pub(super) codes: Vec<Code>,
    pub(super) more: u64,
}

/// Cuts the changes, in the order given, into chapters and these into categories.
pub(super) fn group(set: &ChangeSet) -> Vec<ChapterGroup<'_>> {
    let below = Below::new(set);
    let mut seen_chapters = BTreeSet::new();
    let mut seen_categories = BTreeSet::new();
    let mut groups = Vec::new();
    for of_category in set
        .changes
        .chunk_by(|a, b| a.code.category() == b.code.category())
    {
        let Some(first) = of_category.first() else {
            continue;
        };
        let category = first.code.category();
        let place = chapter_of(set.code_set, &category);
        let anchor = anchor(place);
        if groups
            .last()
            .is_none_or(|last: &ChapterGroup| last.anchor != anchor)
        {
            groups.push(ChapterGroup {
                place,
                counts: [0; 7],
                is_first: seen_chapters.insert(anchor.clone()),
                anchor,
                heading: heading(set.code_set, place),
                range: place.map_or("", |chapter| chapter.range),
                categories: Vec::new(),
            });
        }
        if let Some(group) = groups.last_mut() {
            group.counts = sums([group.counts, count_by_kind(of_category)].into_iter());
            group.categories.push(CategoryGroup {
                code: category,
                id: seen_categories.insert(category).then_some(category),
                title: set.category_title(&category).unwrap_or_default(),
                rows: of_category
                    .iter()
                    .map(|change| row(set, &below, change))
                    .collect(),
            });
        }
    }
    groups
}

pub(super) fn chapter_word(code_set: CodeSet) -> &'static str {
    code_set.facts().levels.chapter.one
}

pub(super) fn heading(code_set: CodeSet, place: Option<&Chapter>) -> String {
    match place {
        Some(chapter) => format!(
            "{} {}: {}",
            chapter_word(code_set),
            chapter.label,
            chapter.title
        ),
        None => NO_CHAPTER.to_owned(),
    }
}

pub(super) fn row<'a>(set: &ChangeSet, below: &Below<'_>, change: &'a Change) -> Row<'a> {
    let billable = change.entry().is_some_and(|entry| entry.billable);
    let flag = match (change.kind, billable) {
        (ChangeKind::Deleted, true) => "was billable",
        (ChangeKind::Deleted, false) => "was header",
        (_, true) => "billable",
        (_, false) => "header",
    };
    let changed = ChangedCode {
        change,
        uses: None,
        remarks: Vec::new(),
    };
    let (long, short) = titles(&changed);
    Row {
        id: (change.code != change.code.category()).then_some(change.code),
        code: change.code.to_string(),
        kind: change.kind,
        flag,
        touches_billable: change.touches_billable(),
        long,
        short,
        note: note(set, below, change),
        lineage: lineage(set, change),
    }
}

/// Returns the long title or both, and both short ones where the long ones do not show the change.
fn titles<'a>(changed: &ChangedCode<'a>) -> (Line<'a>, Option<(Title, Title)>) {
    let mut long = Line::Same(changed.title());
    let mut short = None;
    for one in changed.rewordings() {
        let (old, new) = marked(one.old, one.new);
        match one.what {
            "" => long = Line::Differs(old, new),
            _ => short = Some((old, new)),
        }
    }
    (long, short)
}

pub(super) fn lineage(set: &ChangeSet, change: &Change) -> Option<(&'static str, String)> {
    let (way, words) = changes::successors(set, &change.code, Style::PLAIN)?;
    let way = match way {
        LineageWay::Forward => "replaced by",
        LineageWay::Back => "previous codes",
    };
    Some((way, words))
}

pub(super) fn note(set: &ChangeSet, below: &Below<'_>, change: &Change) -> Option<Note> {
    let new = set.new;
    let (text, codes) = match change.kind {
        ChangeKind::BecameHeader => {
            let codes = below.of(&change.code, |below| {
                below.new.as_ref().is_some_and(|entry| entry.billable)
                    && below.old.as_ref().is_none_or(|entry| !entry.billable)
            });
            // A list of the user's codes holds only some of the codes below, so it cannot say "these".
            let text = if codes.is_empty() {
                format!("Not billable in {new}; choose a billable code below it")
            } else if set.only.is_some() {
                format!("Not billable in {new}; choose a billable code below it; this list has")
            } else {
                format!("Not billable in {new}; choose a code below it")
            };
            (text, codes)
        }
        ChangeKind::BecameBillable => {
            let codes = below.of(&change.code, |below| {
                below.new.is_none() && below.old.as_ref().is_some_and(|entry| entry.billable)
            });
            let text = if codes.is_empty() {
                format!("Valid for submission in {new}")
            } else {
                format!("Valid for submission in {new}; deleted subcodes")
            };
            (text, codes)
        }
        _ => return None,
    };
    Some(Note {
        text,
        more: codes.len().saturating_sub(NAMED_BELOW) as u64,
        codes: codes.into_iter().take(NAMED_BELOW).collect(),
    })
}

/// Finds the changes below a code without going through all of them.
pub(super) struct Below<'a> {
    /// Each change with its place in the report, by the characters of its code: what lies below a
    /// code then stands together right after it.
    pub(super) by_code: Vec<(usize, &'a Change)>,
}

impl<'a> Below<'a> {
    pub(super) fn new(set: &'a ChangeSet) -> Below<'a> {
        let mut by_code: Vec<(usize, &Change)> = set.changes.iter().enumerate().collect();
        by_code.sort_by_key(|(_, change)| change.code);
        Below { by_code }
    }

    /// Lists the codes strictly below a code whose change is wanted, in the order of the report.
    pub(super) fn of(&self, code: &Code, wanted: impl Fn(&Change) -> bool) -> Vec<Code> {
        let start = self
            .by_code
            .partition_point(|(_, change)| change.code <= *code);
        let mut found: Vec<(usize, Code)> = self
            .by_code
            .iter()
            .skip(start)
            .take_while(|(_, change)| change.code.is_under(code))
            .filter(|(_, change)| wanted(change))
            .map(|(place, change)| (*place, change.code))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, code)| code).collect()
    }
}

/// Adds up counts by kind.
pub(super) fn sums(all: impl Iterator<Item = [u64; 7]>) -> [u64; 7] {
    all.fold([0; 7], |mut sums, counts| {
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum += count;
        }
        sums
    })
}
