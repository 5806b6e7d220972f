//! What changed between two releases, some rows a page.

use askama::Template;
use chrono::NaiveDate;

use super::super::counts::{Bar, KindLine, bars, cms_lines, cms_source, difference, short_label};
use super::super::notes::{NotesView, Wording};
use super::super::rows::{
    Below, ChapterGroup, Line, Note, Row, anchor, chapter_word, heading, row, sums,
};
use super::super::title::{Mark, Run};
use super::{Frame, PageRequest, Site, address, render};
use crate::changes::{CMS_RULE, in_words};
use crate::render::{chapter_heading, plain_words};
use crate::tree::{Block, SourceFile};
use crate::{changes, counted, grouped};
use codeyear_core::error::Result;
use codeyear_core::model::{
    Change, ChangeKind, ChangeSet, Chapter, Code, CodeSet, DocumentKind, ReleaseId, chapter_of,
    chapters, count_by_kind,
};

/// How many changes a page has.
const ROWS: usize = 250;

/// What a change report was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiffAsk {
    /// The old side.
    pub old: Option<ReleaseId>,
    /// The new side.
    pub new: Option<ReleaseId>,
    /// Codes or ranges, separated by commas, as they were typed; empty for the whole book.
    pub under: String,
    /// One kind only.
    pub kind: Option<ChangeKind>,
    /// One chapter or section only, by its label.
    pub chapter: String,
    /// Words of titles, or a code prefix.
    pub words: String,
    /// Whether the tabular lists were compared too.
    pub notes: bool,
    /// The page of rows, from 1.
    pub page: usize,
}

/// Writes the changes between two releases; without a change set, the page on which to ask. The set holds all
/// changes below [`DiffAsk::under`]; kind, chapter and words narrow the rows that are shown, not the counts.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Format`] if the template fails, which no change set makes it do.
pub fn diff(
    site: &Site,
    asked: PageRequest<'_>,
    ask: &DiffAsk,
    changes: Option<&ChangeSet>,
) -> Result<String> {
    let title = match changes {
        Some(set) => format!(
            "{}: what changed from {} to {}",
            set.code_set.name(),
            set.old,
            set.new
        ),
        None => "What changed between two releases".to_owned(),
    };
    let loaded: Vec<ReleaseId> = site
        .loaded(asked.code_set)
        .iter()
        .map(|stored| stored.release.id)
        .collect();
    let old = ask.old.or(loaded.get(1).copied());
    let new = ask.new.or(loaded.first().copied());
    let report = changes.map(|set| Report::new(set, asked, ask));
    render(&DiffHtml {
        frame: Frame::new(site, asked, "/diff", title),
        ask,
        loaded,
        old,
        new,
        chapters: chapters(asked.code_set),
        chapter_word: chapter_word(asked.code_set),
        other_set: other_set(asked),
        downloads: changes
            .map(|set| downloads(set, asked, ask))
            .unwrap_or_default(),
        notes: changes.and_then(NotesView::of),
        report,
        set: changes,
    })
}

fn other_set(asked: PageRequest<'_>) -> Vec<(String, &'static str)> {
    CodeSet::ALL
        .into_iter()
        .filter(|code_set| *code_set != asked.code_set)
        .map(|code_set| {
            let day = asked.on.to_string();
            let fields = [("set", code_set.id()), ("on", &day)];
            (address::with_fields("/diff", &fields), code_set.name())
        })
        .collect()
}

#[derive(Template)]
#[template(path = "pages/diff.html", whitespace = "minimize")]
struct DiffHtml<'a> {
    frame: Frame<'a>,
    ask: &'a DiffAsk,
    loaded: Vec<ReleaseId>,
    old: Option<ReleaseId>,
    new: Option<ReleaseId>,
    chapters: &'static [Chapter],
    chapter_word: &'static str,
    other_set: Vec<(String, &'static str)>,
    downloads: Vec<(String, &'static str)>,
    notes: Option<NotesView<'a>>,
    report: Option<Report<'a>>,
    set: Option<&'a ChangeSet>,
}

/// A count in CMS's way, as it is written.
struct CmsRow {
    word: &'static str,
    made_of: String,
    official: Option<String>,
    count: String,
}

struct Report<'a> {
    kinds: Vec<KindRow>,
    total: String,
    total_billable: String,
    cms: Vec<CmsRow>,
    cms_source: String,
    bars: Vec<BarRow>,
    rows: Vec<RowView<'a>>,
    /// How many changes fit what was asked, and which of them are shown.
    status: String,
    page: usize,
    pages: usize,
    before: Option<String>,
    after: Option<String>,
    whole: Option<String>,
    sources: Vec<SourceFile<'a>>,
    old_rows: (String, String),
    new_rows: (String, String),
    difference: (String, String),
}

struct KindRow {
    line: KindLine,
    is_any: bool,
    codes: String,
    billable: String,
    href: String,
}

struct BarRow {
    total: String,
    bar: Bar,
    href: String,
}

struct RowView<'a> {
    row: Row<'a>,
    label: &'static str,
    href: String,
    category: Option<(String, String, &'a str)>,
}

impl DiffHtml<'_> {
    fn narrowed(&self) -> bool {
        !self.ask.under.is_empty()
    }

    /// Checks whether anything narrows the changes: then they come before the summary.
    fn is_filtered(&self) -> bool {
        self.narrowed() || self.is_row_filtered()
    }

    /// Checks whether the rows are filtered beyond the codes that were compared, which no download is.
    fn is_row_filtered(&self) -> bool {
        let ask = self.ask;
        ask.kind.is_some() || !ask.chapter.is_empty() || !ask.words.trim().is_empty()
    }

    /// Returns what narrows the changes, in words: `E11, new, chapter 4`.
    fn filter(&self) -> String {
        let ask = self.ask;
        let chapter = format!("{} {}", self.chapter_word.to_lowercase(), ask.chapter);
        let words = format!("\u{201c}{}\u{201d}", ask.words.trim());
        let parts = [
            self.narrowed().then(|| ask.under.clone()),
            ask.kind.map(|kind| kind.label().to_owned()),
            (!ask.chapter.is_empty()).then_some(chapter),
            (!ask.words.trim().is_empty()).then_some(words),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    fn is_old(&self, id: &ReleaseId) -> bool {
        self.old == Some(*id)
    }

    fn is_new(&self, id: &ReleaseId) -> bool {
        self.new == Some(*id)
    }

    fn is_kind(&self, kind: &ChangeKind) -> bool {
        self.ask.kind == Some(*kind)
    }

    /// Returns the address of a code's page on the first day of the new side.
    fn to_code(&self, code: &Code) -> String {
        let day = self.set.map_or(self.frame.asked.on, |set| set.new_from);
        address::code(self.frame.asked.code_set, code, day)
    }
}

/// Writes the address of this report with other fields.
fn link(
    set: &ChangeSet,
    asked: PageRequest<'_>,
    ask: &DiffAsk,
    path: &str,
    more: &[(&str, &str)],
) -> String {
    let (old, new, day) = (
        set.old.to_string(),
        set.new.to_string(),
        asked.on.to_string(),
    );
    let mut fields = vec![
        ("set", set.code_set.id()),
        ("old", &old),
        ("new", &new),
        ("under", &ask.under),
    ];
    if ask.notes {
        fields.push(("notes", "1"));
    }
    fields.extend(more);
    fields.push(("on", &day));
    address::with_fields(path, &fields)
}

fn downloads(
    set: &ChangeSet,
    asked: PageRequest<'_>,
    ask: &DiffAsk,
) -> Vec<(String, &'static str)> {
    [
        ("html", "Report (HTML)"),
        ("xlsx", "Workbook (XLSX)"),
        ("csv", "CSV"),
        ("markdown", "Markdown"),
        ("text", "Text"),
        ("json", "JSON"),
    ]
    .into_iter()
    .map(|(format, words)| {
        (
            link(set, asked, ask, "/diff/download", &[("format", format)]),
            words,
        )
    })
    .collect()
}

impl<'a> Report<'a> {
    fn new(set: &'a ChangeSet, asked: PageRequest<'_>, ask: &DiffAsk) -> Report<'a> {
        let kinds: Vec<KindRow> = ChangeKind::ALL
            .into_iter()
            .map(|kind| {
                let line = KindLine::new(set, kind);
                KindRow {
                    is_any: line.counts.all > 0,
                    codes: grouped(line.counts.all),
                    billable: grouped(line.counts.billable),
                    href: link(set, asked, ask, "/diff", &[("kind", kind.name())]),
                    line,
                }
            })
            .collect();
        let wanted: Vec<&Change> = set
            .changes
            .iter()
            .filter(|change| fits(set.code_set, change, ask))
            .collect();
        let pages = wanted.len().div_ceil(ROWS).max(1);
        let page = ask.page.clamp(1, pages);
        let first = (page - 1) * ROWS;
        let chosen = [
            ("kind", ask.kind.map_or("", ChangeKind::name)),
            ("chapter", ask.chapter.as_str()),
            ("words", ask.words.as_str()),
        ];
        let turn = |to: usize| {
            let number = to.to_string();
            let mut fields = chosen.to_vec();
            fields.push(("page", &number));
            link(set, asked, ask, "/diff", &fields)
        };
        let is_whole = chosen.iter().all(|(_, value)| value.is_empty());
        Report {
            total: grouped(set.changes.len() as u64),
            total_billable: grouped(kinds.iter().map(|kind| kind.line.counts.billable).sum()),
            cms: cms_lines(set)
                .into_iter()
                .map(|line| CmsRow {
                    word: line.word,
                    made_of: line.made_of,
                    official: line.official.map(grouped),
                    count: grouped(line.count),
                })
                .collect(),
            cms_source: cms_source(set),
            bars: bar_rows(set, asked, ask),
            rows: rows(set, &wanted, first, asked.on),
            status: status(first, wanted.len(), set.changes.len()),
            page,
            pages,
            before: (page > 1).then(|| turn(page - 1)),
            after: (page < pages).then(|| turn(page + 1)),
            whole: (!is_whole).then(|| link(set, asked, ask, "/diff", &[])),
            sources: changes::sources(set),
            old_rows: (grouped(set.old_rows.all), grouped(set.old_rows.billable)),
            new_rows: (grouped(set.new_rows.all), grouped(set.new_rows.billable)),
            difference: (
                difference(set.old_rows.all, set.new_rows.all),
                difference(set.old_rows.billable, set.new_rows.billable),
            ),
            kinds,
        }
    }
}

/// Returns which of the changes that match are shown: `12 of 687 changes.`, `251 to 500 of 612 matches in 1,204
/// changes.`
fn status(first: usize, fitting: usize, all: usize) -> String {
    if fitting == 0 {
        return "No changes match.".to_owned();
    }
    let number = |number: usize| grouped(number as u64);
    let changes = counted(all as u64, "change");
    let shown = format!(
        "{} to {}",
        number(first + 1),
        number((first + ROWS).min(fitting))
    );
    match (fitting > ROWS, fitting < all) {
        (false, false) => format!("{changes}."),
        (false, true) => format!("{} of {changes}.", number(fitting)),
        (true, false) => format!("{shown} of {changes}."),
        (true, true) => format!("{shown} of {} matches in {changes}.", number(fitting)),
    }
}

/// Returns how many codes a note does not name.
fn and_more(note: &Note) -> String {
    match note.more {
        0 => String::new(),
        more => format!(" and {} more", grouped(more)),
    }
}

/// Checks whether a change is one that was asked for.
fn fits(code_set: CodeSet, change: &Change, ask: &DiffAsk) -> bool {
    if ask.kind.is_some_and(|kind| kind != change.kind) {
        return false;
    }
    if !ask.chapter.is_empty()
        && chapter_of(code_set, &change.code).is_none_or(|found| found.label != ask.chapter)
    {
        return false;
    }
    let code = change.code.as_str().to_lowercase();
    let titles = || {
        change
            .old
            .iter()
            .chain(&change.new)
            .map(|entry| entry.long_title.to_lowercase())
    };
    ask.words.to_lowercase().split_whitespace().all(|word| {
        let plain = word.replace('.', "");
        (!plain.is_empty() && code.starts_with(&plain))
            || titles().any(|title| title.contains(word))
    })
}

fn rows<'a>(
    set: &'a ChangeSet,
    wanted: &[&'a Change],
    first: usize,
    day: NaiveDate,
) -> Vec<RowView<'a>> {
    let below = Below::new(set);
    let mut category = None;
    wanted
        .iter()
        .skip(first)
        .take(ROWS)
        .map(|change| {
            let own = change.code.category();
            let heading = (category != Some(own)).then(|| {
                (
                    address::code(set.code_set, &own, day),
                    own.to_string(),
                    set.category_title(&own).unwrap_or_default(),
                )
            });
            category = Some(own);
            // A deleted code is shown on the last day on which it could be seen.
            let shown_on = match (&change.new, set.new_from > set.old_from) {
                (None, true) => set.new_from.pred_opt().unwrap_or(set.old_from),
                (None, false) => set.old_from,
                (Some(_), _) => set.new_from,
            };
            RowView {
                label: short_label(change.kind),
                row: row(set, &below, change),
                href: address::code(set.code_set, &change.code, shown_on),
                category: heading,
            }
        })
        .collect()
}

/// Counts the changes of each chapter, without the words of each change.
fn bar_rows(set: &ChangeSet, asked: PageRequest<'_>, ask: &DiffAsk) -> Vec<BarRow> {
    let mut groups: Vec<ChapterGroup<'_>> = Vec::new();
    let stretches = set
        .changes
        .chunk_by(|a, b| chapter_of(set.code_set, &a.code) == chapter_of(set.code_set, &b.code));
    for stretch in stretches {
        let place = stretch
            .first()
            .and_then(|change| chapter_of(set.code_set, &change.code));
        let counts = count_by_kind(stretch);
        let anchor = anchor(place);
        match groups.iter_mut().find(|group| group.anchor == anchor) {
            Some(group) => group.counts = sums([group.counts, counts].into_iter()),
            None => groups.push(ChapterGroup {
                place,
                counts,
                is_first: true,
                anchor,
                heading: heading(set.code_set, place),
                range: "",
                categories: Vec::new(),
            }),
        }
    }
    bars(&groups)
        .into_iter()
        .map(|bar| BarRow {
            total: grouped(bar.total),
            href: link(set, asked, ask, "/diff", &[("chapter", bar.label)]),
            bar,
        })
        .collect()
}
