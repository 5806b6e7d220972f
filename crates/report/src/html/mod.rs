//! The change report as one HTML page that needs nothing but itself.
//!
//! The page is `templates/changes.html` with its style sheet and script beside it; here a
//! [`ChangeSet`] is cut into what the template shows. Neither counts what the model can count, and
//! neither ever writes a value unescaped. The page loads nothing from a network, so that it can be
//! mailed, archived and printed; without its script only the filter is missing.

mod audit;
mod impact;
mod notes;
pub mod pages;

pub use audit::audit_report;

use std::collections::BTreeSet;

use askama::Template;
use chrono::NaiveDate;

use self::impact::ImpactReport;
use self::notes::{NotesView, Wording};
use crate::marks::{Piece, mark};
use crate::{Style, cms, grouped, percent, successors};
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{
    Change, ChangeKind, ChangeSet, Chapter, Code, CodeSet, Counts, FileRef, LineageWay, Provenance,
    TitleChange, chapter_of, count_by_kind,
};

/// How many codes below a header are named in its row; they all have rows of their own.
const NAMED_BELOW: usize = 12;

/// Writes the change report: one page with its style sheet and script in it.
///
/// The same changes and day give the same bytes.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Format`] if the template fails, which no change set makes it do.
///
/// ```
/// # use codeyear_report::html;
/// # use codeyear_core::{answer, ingest, model::CodeSet, store::Store};
/// # let mut store = Store::in_memory()?;
/// # let today = "2026-03-01".parse().unwrap();
/// # ingest::import_sample(&mut store, today)?;
/// let (old, new) = ("FY2025-04".parse().unwrap(), "FY2026".parse().unwrap());
/// let changes = answer::diff(&store, CodeSet::Icd10Cm, old, new, &Default::default())?;
/// let page = html::change_report(&changes, today)?;
/// assert!(page.contains("<h1>What changed from FY2025-04 to FY2026</h1>"));
/// # Ok::<(), codeyear_core::Error>(())
/// ```
pub fn change_report(changes: &ChangeSet, generated_on: NaiveDate) -> Result<String> {
    match &changes.impact {
        Some(weighed) => ImpactReport::new(changes, weighed, generated_on).render(),
        None => Report::new(changes, generated_on).render(),
    }
    .map_err(|error| Error::format("cannot write the HTML report").caused_by(error))
}

/// What the template shows.
#[derive(Template)]
#[template(path = "changes.html", whitespace = "minimize")]
struct Report<'a> {
    set: &'a ChangeSet,
    generated_on: NaiveDate,
    version: &'static str,
    css: &'static str,
    js: &'static str,
    /// What a coder of this set might look for.
    placeholder: &'static str,
    /// What the book's coarse places are called.
    chapter_word: &'static str,
    kinds: Vec<KindLine>,
    total: u64,
    total_billable: u64,
    cms: [CmsLine; 3],
    cms_source: String,
    /// Changes of headers, which CMS does not count.
    not_in_cms: u64,
    bars: Vec<Bar>,
    chapters: Vec<ChapterGroup<'a>>,
    notes: Option<NotesView<'a>>,
}

impl<'a> Report<'a> {
    fn new(set: &'a ChangeSet, generated_on: NaiveDate) -> Report<'a> {
        let kinds: Vec<KindLine> = ChangeKind::ALL
            .into_iter()
            .map(|kind| KindLine::new(set, kind))
            .collect();
        let total = set.changes.len() as u64;
        let chapters = group(set);
        let cms = set.cms_counts();
        Report {
            set,
            generated_on,
            version: env!("CARGO_PKG_VERSION"),
            css: include_str!("../../templates/changes.css"),
            js: include_str!("../../templates/changes.js"),
            placeholder: set.code_set.facts().example,
            chapter_word: chapter_word(set.code_set),
            total,
            total_billable: kinds.iter().map(|kind| kind.counts.billable).sum(),
            cms: cms_lines(set),
            cms_source: cms_source(set),
            not_in_cms: total.saturating_sub(cms.new + cms.deleted + cms.revised),
            bars: bars(&chapters),
            chapters,
            notes: NotesView::of(set),
            kinds,
        }
    }

    fn narrowed(&self) -> bool {
        !self.set.under.is_empty() || self.set.only.is_some()
    }

    /// Names the ranges that the question was narrowed to: `C7A, C76–C80`.
    fn under(&self) -> String {
        let ranges: Vec<String> = self
            .set
            .under
            .iter()
            .map(|range| {
                let (first, last) = (range.first.to_string(), range.last.to_string());
                if range.first == range.last {
                    first
                } else {
                    format!("{first}\u{2013}{last}")
                }
            })
            .collect();
        ranges.join(", ")
    }

    /// Counts the codes of the user's list that neither release has.
    fn in_neither(&self) -> String {
        grouped(
            self.set
                .only
                .as_ref()
                .map_or(0, |only| only.in_neither.len() as u64),
        )
    }

    fn same_bytes(&self) -> bool {
        let [old, new] = &self.set.sources;
        old.sha256 == new.sha256
    }

    fn sources(&self) -> Vec<SourceLine<'_>> {
        sources(self.set)
    }
}

/// A file that was compared, as a page names it.
struct SourceLine<'a> {
    release: String,
    file: &'a FileRef,
    /// How well its bytes are known, in words; empty if nothing is known of it.
    provenance: &'static str,
}

/// Returns each release with the files compared.
fn sources(set: &ChangeSet) -> Vec<SourceLine<'_>> {
    super::changes::sources(set)
        .into_iter()
        .map(|source| SourceLine {
            release: source.release.to_string(),
            file: source.file,
            provenance: source.provenance.map_or("", Provenance::label),
        })
        .collect()
}

/// One kind of change in the summary.
struct KindLine {
    name: &'static str,
    label: &'static str,
    short_label: &'static str,
    meaning: String,
    counts: Counts,
}

impl KindLine {
    fn new(set: &ChangeSet, kind: ChangeKind) -> KindLine {
        let (old, new) = (set.old, set.new);
        let meaning = match kind {
            ChangeKind::New => format!("in {new}, not in {old}"),
            ChangeKind::Deleted => format!("in {old}, not in {new}"),
            ChangeKind::BecameHeader => "was billable, no longer valid for submission".to_owned(),
            ChangeKind::BecameBillable => "was a header, now valid for submission".to_owned(),
            ChangeKind::Revised => "the long title has other words".to_owned(),
            ChangeKind::ShortTitleOnly => "only the short title has other words".to_owned(),
            ChangeKind::SpacingOnly => "the same words in the same order".to_owned(),
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
fn short_label(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::SpacingOnly => "spacing or punctuation",
        _ => kind.label(),
    }
}

/// A count in CMS's way, and what it is made of.
struct CmsLine {
    word: &'static str,
    made_of: String,
    /// What CMS says itself, where its addenda is at hand.
    official: Option<u64>,
    count: u64,
}

fn cms_lines(set: &ChangeSet) -> [CmsLine; 3] {
    let official = |word: &str| {
        let counts = set.cms_footer.as_ref()?.counts;
        Some(match word {
            "new" => counts.new,
            "deleted" => counts.deleted,
            _ => counts.revised,
        })
    };
    cms::cms_sums(set).map(|(word, count, made_of)| CmsLine {
        word,
        made_of,
        official: official(word),
        count,
    })
}

/// Returns where CMS's own counts stand and what they leave out; empty without them.
fn cms_source(set: &ChangeSet) -> String {
    let Some(footer) = &set.cms_footer else {
        return String::new();
    };
    match cms::left_out(footer) {
        Some(left_out) => format!("CMS: footer of {}; {left_out}.", footer.file),
        None => format!("CMS: footer of {}.", footer.file),
    }
}

/// A chapter of the chart.
struct Bar {
    anchor: String,
    label: &'static str,
    title: &'static str,
    range: &'static str,
    /// The bar in words.
    spoken: String,
    segments: Vec<Segment>,
    cells: Vec<Cell>,
    total: u64,
}

/// A stretch of a bar; lengths are in percent, so that the chart fits any width while its text keeps its size.
struct Segment {
    name: &'static str,
    from: String,
    width: String,
}

/// A number of the chart's table.
struct Cell {
    label: &'static str,
    count: u64,
}

/// Draws the chapters in the order of the list; a chapter that the list comes back to is one bar.
fn bars(groups: &[ChapterGroup]) -> Vec<Bar> {
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

fn sums(all: impl Iterator<Item = [u64; 7]>) -> [u64; 7] {
    all.fold([0; 7], |mut sums, counts| {
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum += count;
        }
        sums
    })
}

fn bar(place: Option<&'static Chapter>, counts: [u64; 7], overall: [u64; 7], longest: u64) -> Bar {
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

/// The heading of codes that belong to no chapter codeyear knows, as a future book might have.
const NO_CHAPTER: &str = "In no known chapter";

fn anchor(place: Option<&Chapter>) -> String {
    format!(
        "chapter-{}",
        place
            .map_or("none", |chapter| chapter.label)
            .to_ascii_lowercase()
    )
}

/// A run of changes in one chapter.
struct ChapterGroup<'a> {
    place: Option<&'static Chapter>,
    /// By kind, in the order of [`ChangeKind::ALL`].
    counts: [u64; 7],
    anchor: String,
    /// Whether it is the first run of its chapter: an anchor must stand once.
    is_first: bool,
    heading: String,
    range: &'static str,
    categories: Vec<CategoryGroup<'a>>,
}

/// A run of changes in one category.
struct CategoryGroup<'a> {
    code: Code,
    /// Its anchor, if this is the category's first run.
    id: Option<Code>,
    title: &'a str,
    rows: Vec<Row<'a>>,
}

/// One changed code.
struct Row<'a> {
    /// Its anchor; a category's own row has its group's.
    id: Option<Code>,
    code: String,
    kind: ChangeKind,
    flag: &'static str,
    touches_billable: bool,
    long: Line<'a>,
    short: Option<(Title, Title)>,
    note: Option<Note>,
    /// What the conversion tables say: the way in words, and the codes.
    lineage: Option<(&'static str, String)>,
}

/// A title, or the old one and the new one.
enum Line<'a> {
    Same(&'a str),
    Differs(Title, Title),
}

/// What a coder must do about a flag that changed, and the codes it is about.
struct Note {
    text: String,
    codes: Vec<Code>,
    more: u64,
}

/// Cuts the changes, in the order given, into chapters and these into categories.
fn group(set: &ChangeSet) -> Vec<ChapterGroup<'_>> {
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

fn chapter_word(code_set: CodeSet) -> &'static str {
    code_set.facts().levels.chapter.one
}

fn heading(code_set: CodeSet, place: Option<&Chapter>) -> String {
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

fn row<'a>(set: &ChangeSet, below: &Below<'_>, change: &'a Change) -> Row<'a> {
    let billable = change.entry().is_some_and(|entry| entry.billable);
    let flag = match (change.kind, billable) {
        (ChangeKind::Deleted, true) => "was billable",
        (ChangeKind::Deleted, false) => "was header",
        (_, true) => "billable",
        (_, false) => "header",
    };
    let (long, short) = titles(change);
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
fn titles(change: &Change) -> (Line<'_>, Option<(Title, Title)>) {
    let (Some(old), Some(new)) = (&change.old, &change.new) else {
        let title = change.entry().map_or("", |entry| entry.long_title.as_str());
        return (Line::Same(title), None);
    };
    let long_differs = old.long_title != new.long_title;
    let long = if long_differs {
        let (old, new) = marked(&old.long_title, &new.long_title);
        Line::Differs(old, new)
    } else {
        Line::Same(&new.long_title)
    };
    let short_tells = match change.title {
        TitleChange::None | TitleChange::Long => false,
        TitleChange::ShortOnly => true,
        TitleChange::SpacingOnly => !long_differs,
    };
    (
        long,
        short_tells.then(|| marked(&old.short_title, &new.short_title)),
    )
}

fn lineage(set: &ChangeSet, change: &Change) -> Option<(&'static str, String)> {
    let (way, words) = successors::line(set, &change.code, Style::PLAIN)?;
    let way = match way {
        LineageWay::Forward => "successors",
        LineageWay::Back => "predecessors",
    };
    Some((way, words))
}

fn note(set: &ChangeSet, below: &Below<'_>, change: &Change) -> Option<Note> {
    let new = set.new;
    let (text, codes) = match change.kind {
        ChangeKind::BecameHeader => {
            let codes = below.of(&change.code, |below| {
                below.new.as_ref().is_some_and(|entry| entry.billable)
                    && below.old.as_ref().is_none_or(|entry| !entry.billable)
            });
            // A list of the user's codes holds only some of the codes below, so it cannot say "these".
            let text = if codes.is_empty() {
                format!("No longer valid for submission in {new}; use the billable codes below it")
            } else if set.only.is_some() {
                format!(
                    "No longer valid for submission in {new}; use the billable codes below it, of which this list has"
                )
            } else {
                format!("No longer valid for submission in {new}; use the codes below it")
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
                format!("Valid for submission in {new}; deleted below it")
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
struct Below<'a> {
    /// Each change with its place in the report, by the characters of its code: what lies below a
    /// code then stands together right after it.
    by_code: Vec<(usize, &'a Change)>,
}

impl<'a> Below<'a> {
    fn new(set: &'a ChangeSet) -> Below<'a> {
        let mut by_code: Vec<(usize, &Change)> = set.changes.iter().enumerate().collect();
        by_code.sort_by_key(|(_, change)| change.code);
        Below { by_code }
    }

    /// Lists the codes strictly below a code whose change is wanted, in the order of the report.
    fn of(&self, code: &Code, wanted: impl Fn(&Change) -> bool) -> Vec<Code> {
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

/// A title cut into what the other one has and what it has not.
type Title = Vec<Stretch>;

/// A part of a title.
struct Stretch {
    mark: Mark,
    runs: Vec<Run>,
}

/// Whether a part of a title is in the other one too.
#[derive(Clone, Copy)]
enum Mark {
    Same,
    Gone,
    Added,
}

/// Text as it is, or a blank that must be seen to be noticed.
enum Run {
    Text(String),
    Blank,
}

fn marked(old: &str, new: &str) -> (Title, Title) {
    let (old, new) = mark(old, new);
    (stretches(old, Mark::Gone), stretches(new, Mark::Added))
}

fn stretches(pieces: Vec<Piece>, changed: Mark) -> Title {
    let last = pieces.len().saturating_sub(1);
    pieces
        .into_iter()
        .enumerate()
        .map(|(index, piece)| Stretch {
            mark: if piece.changed { changed } else { Mark::Same },
            runs: runs(&piece, index == 0, index == last),
        })
        .collect()
}

/// Cuts a piece so that the blanks which HTML would hide or a reader overlook stand alone: two and
/// more in a row, those at either end of the title, and a changed piece that is nothing but blanks.
fn runs(piece: &Piece, opens: bool, closes: bool) -> Vec<Run> {
    let only_blanks = piece.changed && piece.text.chars().all(char::is_whitespace);
    let mut runs = Vec::new();
    let mut rest = piece.text.as_str();
    let mut at_start = opens;
    while !rest.is_empty() {
        let words = rest.trim_start();
        let blanks = rest.chars().count() - words.chars().count();
        let at_end = closes && words.is_empty();
        if blanks > 1 || (blanks == 1 && (only_blanks || at_start || at_end)) {
            runs.extend(std::iter::repeat_with(|| Run::Blank).take(blanks));
        } else if blanks == 1 {
            push_text(&mut runs, " ");
        }
        let word = words.split(char::is_whitespace).next().unwrap_or_default();
        push_text(&mut runs, word);
        rest = words.strip_prefix(word).unwrap_or_default();
        at_start = false;
    }
    runs
}

fn push_text(runs: &mut Vec<Run>, text: &str) {
    match runs.last_mut() {
        _ if text.is_empty() => {}
        Some(Run::Text(last)) => last.push_str(text),
        _ => runs.push(Run::Text(text.to_owned())),
    }
}

/// Writes how much more or less the second number is, with its sign.
fn difference(old: u64, new: u64) -> String {
    let sign = match new.cmp(&old) {
        std::cmp::Ordering::Less => "\u{2212}",
        std::cmp::Ordering::Equal => "",
        std::cmp::Ordering::Greater => "+",
    };
    format!("{sign}{}", grouped(old.abs_diff(new)))
}

#[cfg(test)]
mod tests;
