//! The page of a code.

use std::collections::BTreeSet;

use askama::Template;
use chrono::NaiveDate;

use super::super::title::{Mark, Run};
use super::life::{LifeLine, SpanRow, TurnLink, spans, turns};
use super::lineage::LineageView;
use super::notes::{Level, NotePart, level, linked};
use super::place::{Crumb, Message, crumb, said};
use super::verdict::{CodeLine, CodeList, VerdictView, code_href};
use super::{Frame, PageRequest, Site, address, render};
use crate::long_day;
use crate::note::{note_kind_label, stands_in};
use crate::page::{index_name, visual_row};
use crate::questions::{Topic, notes_label, other_notes, questions};
use crate::tree::{Text, What, capital};
use crate::{cut, index_reference};
use codeyear_core::error::Result;
use codeyear_core::model::{
    Book, CodePage, CodeSet, DocumentKind, DocumentSource, Entry, FileRef, IndexEntries, PcsPage,
    PlaceInBook, PlaceKind, Verdict,
};

/// Writes the page of a code on a day. `nearest` tells whether another release's documents were asked for
/// where the release in force has none.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Format`] if the template fails, which no page makes it do.
pub fn code(site: &Site, page: &CodePage, nearest: bool) -> Result<String> {
    render(&CodeHtml::new(site, page, nearest))
}

#[derive(Template)]
#[template(path = "pages/code.html", whitespace = "minimize")]
struct CodeHtml<'a> {
    frame: Frame<'a>,
    page: &'a CodePage,
    code: String,
    /// The path without the day, which the form sends.
    path: String,
    title: String,
    nearest: bool,
    crumbs: Vec<Crumb>,
    description: String,
    verdict: VerdictView,
    questions: Vec<QuestionView>,
    before: Option<TurnLink>,
    after: Option<TurnLink>,
    /// What the notes are that no question has, where they are another release's or are not loaded.
    tabular: Option<Message>,
    notes: Vec<Level>,
    /// What the notes are called while they are folded, where they are an earlier year's.
    notes_folded: Option<String>,
    seventh_at: Option<CodeLine>,
    visual: Vec<Vec<String>>,
    pcs: Option<PcsView>,
    children: Option<CodeList>,
    siblings: Option<CodeList>,
    indexes: Vec<IndexView<'a>>,
    /// The indexes that are not loaded for the release in force.
    index_missing: Option<Message>,
    /// The indexes in which nothing leads to the code.
    index_none: String,
    related: Vec<RelatedLine>,
    named_in: NamedIn,
    /// Whose notes name the code, where they are not those of the release in force.
    named_label: Option<String>,
    /// Why it is not known which notes name the code.
    named_unknown: Option<String>,
    life: Option<LifeLine>,
    spans: Vec<SpanRow>,
    gaps: Vec<String>,
    /// What limits the trust in the releases of its life.
    life_warnings: Vec<String>,
    lineage: Option<LineageView>,
    sources: Vec<Source<'a>>,
    jumps: Vec<(&'static str, &'static str)>,
    json: String,
    history_json: String,
    /// The address of the report with the last change in the category, and its words.
    changes: Option<(String, String)>,
}

/// A question with its answer.
struct QuestionView {
    ask: String,
    said: Vec<Text>,
    /// The codes to use instead.
    lists: Vec<CodeList>,
    /// The characters that may stand where a procedure has a wrong one.
    allowed: Vec<(char, String)>,
    notes: Vec<Level>,
    folded: Option<String>,
    source: Option<String>,
    link: Option<(String, String)>,
}

/// A category or block before or after that of the code.
struct RelatedLine {
    what: String,
    crumb: Crumb,
    /// The address of the comparison, of a code.
    compare: Option<String>,
}

/// Notes elsewhere that name the code.
struct NamedIn {
    lines: Vec<NamingLine>,
    rest: Vec<NamingLine>,
}

struct NamingLine {
    crumb: Crumb,
    label: &'static str,
    note: Vec<NotePart>,
}

struct PcsView {
    said: Vec<Message>,
    rows: Vec<PcsRow>,
}

struct PcsRow {
    position: u8,
    axis: String,
    character: char,
    label: Option<String>,
    definition: String,
    includes: Vec<String>,
}

struct IndexView<'a> {
    heading: String,
    links: Vec<IndexLine<'a>>,
    rest: Vec<IndexLine<'a>>,
}

struct IndexLine<'a> {
    path: Vec<&'a str>,
    how: String,
}

struct Source<'a> {
    what: String,
    published: &'a FileRef,
    /// How well its bytes are known; empty of a file that the catalogue has no word on.
    provenance: &'static str,
    loaded_on: Option<NaiveDate>,
    archive: Option<&'a str>,
    url: Option<&'a str>,
}

impl<'a> CodeHtml<'a> {
    fn new(site: &'a Site, page: &'a CodePage, nearest: bool) -> CodeHtml<'a> {
        let code_set = page.answer.code_set;
        let day = page.answer.date;
        let code = page.code.to_string();
        let title = title_of(page);
        let path = address::code_path(code_set, &page.code);
        let history = page.history.as_ref();
        let turns = history.map(turns).unwrap_or_default();
        let link = |turn: &super::life::LifeEvent| TurnLink {
            href: address::on(&path, turn.day),
            day: turn.day,
            what: turn.what.clone(),
        };
        let asked = PageRequest::on(day, code_set);
        let nearest_at = format!("{}&nearest=1", address::code(code_set, &page.code, day));
        let is_covered = !matches!(page.answer.verdict, Verdict::NotCovered { .. });
        let mut verdict = VerdictView::new(&page.answer);
        let lists = std::mem::take(&mut verdict.lists);
        let named = named_codes_of(&lists);
        let questions = QuestionView::all(page, lists, &nearest_at);
        let notes = other_notes(page);
        let tabular = page.tabular.as_ref();
        let children = page.children.iter();
        let is_new = |entry: &&Entry| !named.contains(&entry.code.to_string());
        let has_children = is_covered && children.clone().any(|entry| is_new(&entry));
        let mut html = CodeHtml {
            frame: Frame::new(
                site,
                asked,
                code_set.facts().path,
                format!("{code} {title}"),
            ),
            description: format!(
                "{code} {title} ({}): {} on {}. {}",
                code_set.name(),
                verdict.word,
                long_day(day),
                capital(verdict.meaning),
            ),
            crumbs: crumbs(page, day),
            before: turns.iter().rev().find(|turn| turn.day < day).map(link),
            after: turns.iter().find(|turn| turn.day > day).map(link),
            questions,
            tabular: tabular
                .filter(|_| !notes.is_empty())
                .and_then(|from| said(from, DocumentKind::Tabular.label(), &nearest_at)),
            notes_folded: tabular
                .filter(|from| from.is_earlier())
                .and_then(notes_label),
            notes: notes
                .iter()
                .map(|notes| level(code_set, notes, page, day))
                .collect(),
            seventh_at: page.seventh_characters.as_ref().map(|seventh| CodeLine {
                href: address::code(code_set, &seventh.defined_at, day),
                code: seventh.defined_at.to_string(),
                title: String::new(),
                standing: "",
                word: String::new(),
                remark: String::new(),
            }),
            visual: page.visual_impairment.iter().map(visual_row).collect(),
            pcs: page.pcs.as_ref().map(|pcs| PcsView::new(pcs, &nearest_at)),
            children: list("Subcodes", code_set, &page.children, day).filter(|_| has_children),
            siblings: list(
                "Related codes in the same category",
                code_set,
                &page.siblings,
                day,
            ),
            related: related(page),
            named_in: NamedIn::new(page),
            named_label: tabular.and_then(notes_label),
            named_unknown: tabular
                .and_then(|from| match from {
                    DocumentSource::Missing { missing, .. } => Some(missing),
                    DocumentSource::Other { missing, .. } if from.is_earlier() => Some(missing),
                    _ => None,
                })
                .map(|missing| format!("Not known: the tabular list of {missing} is not loaded.")),
            indexes: page
                .index
                .iter()
                .filter(|entries| !entries.links.is_empty())
                .filter_map(IndexView::new)
                .collect(),
            index_missing: index_missing(page, &nearest_at),
            index_none: index_none(page),
            life: history.and_then(|history| LifeLine::new(site, history, day)),
            spans: history
                .map(|history| spans(history, &path, day))
                .unwrap_or_default(),
            gaps: history
                .map(|history| {
                    history
                        .gaps
                        .iter()
                        .map(|(from, through)| {
                            format!(
                                "No release is loaded for {} to {}.",
                                long_day(*from),
                                long_day(*through)
                            )
                        })
                        .collect()
                })
                .unwrap_or_default(),
            life_warnings: history
                .map(|history| {
                    // What the verdict carries is said there.
                    let said = &page.answer.warnings;
                    let others = history.warnings.iter();
                    let others = others.filter(|warning| !said.contains(warning));
                    others.map(ToString::to_string).collect()
                })
                .unwrap_or_default(),
            lineage: history
                .filter(|_| code_set.has(DocumentKind::ConversionTable))
                .map(|history| LineageView::new(&history.lineage, day, &named)),
            sources: sources(site, page),
            jumps: Vec::new(),
            json: address::with_fields(
                "/api/show",
                &[
                    ("code", &code),
                    ("code_set", code_set.id()),
                    ("on", &day.to_string()),
                ],
            ),
            history_json: address::with_fields(
                "/api/history",
                &[("code", &code), ("code_set", code_set.id())],
            ),
            changes: changes(page),
            verdict,
            code,
            path,
            title,
            nearest,
            page,
        };
        html.jumps = html.jumps();
        html
    }

    fn jumps(&self) -> Vec<(&'static str, &'static str)> {
        let mut jumps = Vec::new();
        let mut add = |is_there: bool, anchor, words| {
            if is_there {
                jumps.push((anchor, words));
            }
        };
        add(self.pcs.is_some(), "characters", "Characters");
        add(!self.notes.is_empty(), "notes", "Notes");
        add(self.children.is_some(), "below", "Subcodes");
        add(self.siblings.is_some(), "beside", "Related codes");
        add(!self.related.is_empty(), "related", "Before and after");
        add(
            !self.named_in.lines.is_empty(),
            "named-in",
            "Named in notes",
        );
        add(!self.spans.is_empty(), "life", "History");
        add(self.lineage.is_some(), "lineage", "Lineage");
        add(!self.page.index.is_empty(), "index", "Index entries");
        add(true, "sources", "Sources");
        jumps
    }

    /// Checks whether the lineage is a picture, beside which the history has room.
    fn is_drawn(&self) -> bool {
        let lineage = self.lineage.as_ref();
        lineage.is_some_and(|lineage| lineage.picture.is_some())
    }

    fn code_set(&self) -> CodeSet {
        self.page.answer.code_set
    }

    fn day(&self) -> NaiveDate {
        self.page.answer.date
    }
}

/// Returns the title of the code, on the day or nearest to it.
fn title_of(page: &CodePage) -> String {
    let entry = page.entry.as_ref();
    entry.map_or("not found in any loaded release".to_owned(), |entry| {
        entry.long_title.clone()
    })
}

/// Returns the codes that lists name.
fn named_codes_of(lists: &[CodeList]) -> BTreeSet<String> {
    let lines = lists
        .iter()
        .flat_map(|list| list.lines.iter().chain(&list.rest));
    lines.map(|line| line.code.clone()).collect()
}

/// Returns the address of the change report with the last change in the category of the code, and its words.
fn changes(page: &CodePage) -> Option<(String, String)> {
    let found = page.recent_change?;
    let category = page.code.category().to_string();
    let href = address::with_fields(
        "/diff",
        &[
            ("set", page.answer.code_set.id()),
            ("old", &found.old.to_string()),
            ("new", &found.new.to_string()),
            ("under", &category),
            ("on", &page.answer.date.to_string()),
        ],
    );
    let day = long_day(found.day);
    Some((
        href,
        format!("Recent changes in {category} ({}, {day})", found.new),
    ))
}

/// Lists the categories and blocks before and after those of the code.
fn related(page: &CodePage) -> Vec<RelatedLine> {
    let (code_set, day) = (page.answer.code_set, page.answer.date);
    let levels = &code_set.facts().levels;
    let neighbors = &page.neighbors;
    let of_code = |what: &str, entry: &Option<Entry>| {
        entry.as_ref().map(|entry| RelatedLine {
            what: format!("{what} {}", levels.category.one.to_lowercase()),
            crumb: Crumb {
                href: address::code(code_set, &entry.code, day),
                name: entry.code.to_string(),
                title: entry.long_title.clone(),
            },
            compare: Some(compare_address(page, &entry.code.to_string())),
        })
    };
    let of_block = |what: &str, place: &Option<PlaceInBook>| {
        place.as_ref().map(|place| RelatedLine {
            what: format!("{what} {}", levels.block.one.to_lowercase()),
            crumb: crumb(code_set, place, day),
            compare: None,
        })
    };
    let lines = [
        of_code("Previous", &neighbors.previous_category),
        of_code("Next", &neighbors.next_category),
        of_block("Previous", &neighbors.previous_block),
        of_block("Next", &neighbors.next_block),
    ];
    lines.into_iter().flatten().collect()
}

/// Returns the address of the comparison of the code with another one.
fn compare_address(page: &CodePage, other: &str) -> String {
    address::with_fields(
        "/compare",
        &[
            ("left", &page.code.to_string()),
            ("right", other),
            ("set", page.answer.code_set.id()),
            ("on", &page.answer.date.to_string()),
        ],
    )
}

impl NamedIn {
    fn new(page: &CodePage) -> NamedIn {
        let (code_set, day) = (page.answer.code_set, page.answer.date);
        let lines = page.named_in.iter().map(|naming| NamingLine {
            crumb: crumb(code_set, &naming.place, day),
            label: note_kind_label(naming.kind),
            note: linked(code_set, naming.note.trim(), day),
        });
        let (lines, rest) = cut::LINES.split(lines.collect());
        NamedIn { lines, rest }
    }
}

impl QuestionView {
    fn all(page: &CodePage, lists: Vec<CodeList>, nearest_at: &str) -> Vec<QuestionView> {
        let day = page.answer.date;
        // A code of a patch is billable, whatever the tables of its year allow.
        let pcs = page.pcs.as_ref();
        let pcs = pcs.filter(|_| !matches!(page.answer.verdict, Verdict::Billable { .. }));
        let allowed = pcs.map(|pcs| pcs.allowed.clone()).unwrap_or_default();
        let has_codes = !lists.is_empty() || !allowed.is_empty();
        let mut of_use = Some((lists, allowed));
        let views = questions(page, has_codes).into_iter().map(|question| {
            let link = match question.topic {
                Topic::Covers => page
                    .tabular
                    .as_ref()
                    .and_then(|from| said(from, DocumentKind::Tabular.label(), nearest_at)?.link),
                Topic::DiffersFrom => page.difference.as_ref().map(|found| {
                    let href = compare_address(page, &found.other.code.to_string());
                    (href, "Compare side by side".to_owned())
                }),
                Topic::Source => Some(("#sources".to_owned(), "All sources".to_owned())),
                _ => None,
            };
            let (lists, allowed) = match question.topic {
                Topic::UseInstead => of_use.take().unwrap_or_default(),
                _ => Default::default(),
            };
            QuestionView {
                notes: question
                    .notes
                    .iter()
                    .map(|notes| level(page.answer.code_set, notes, page, day))
                    .collect(),
                ask: question.ask,
                said: question.said,
                folded: question.folded,
                source: question.source,
                lists,
                allowed,
                link,
            }
        });
        views.collect()
    }
}

fn list(heading: &str, code_set: CodeSet, entries: &[Entry], day: NaiveDate) -> Option<CodeList> {
    let lines: Vec<CodeLine> = entries
        .iter()
        .map(|entry| CodeLine::new(code_set, entry, day).standing(entry.billable))
        .collect();
    (!lines.is_empty()).then(|| CodeList::new(heading, lines))
}

/// Returns the links to the levels above; of a procedure with its body system, which has no row in the listing.
fn crumbs(page: &CodePage, day: NaiveDate) -> Vec<Crumb> {
    let code_set = page.answer.code_set;
    let mut crumbs: Vec<Crumb> = page
        .breadcrumb
        .iter()
        .map(|place| crumb(code_set, place, day))
        .collect();
    if code_set.facts().book == Book::Tables && !crumbs.is_empty() {
        let explained = page.pcs.as_ref().and_then(|pcs| {
            let system = pcs.characters.iter().find(|found| found.position == 2)?;
            system.label.clone()
        });
        let system = PlaceInBook {
            kind: PlaceKind::Block,
            name: page.code.prefix(2).as_str().to_owned(),
            title: explained.unwrap_or_default(),
        };
        crumbs.insert(1, crumb(code_set, &system, day));
    }
    crumbs
}

impl PcsView {
    fn new(pcs: &PcsPage, nearest_at: &str) -> PcsView {
        PcsView {
            said: [
                said(&pcs.tables, "file of tables", nearest_at),
                said(&pcs.definitions, "file of definitions", nearest_at),
            ]
            .into_iter()
            .flatten()
            .collect(),
            rows: pcs
                .characters
                .iter()
                .map(|character| {
                    let definition = character.definition.clone().unwrap_or_default();
                    PcsRow {
                        position: character.position,
                        axis: character.axis.clone(),
                        character: character.character,
                        label: character.label.clone(),
                        definition: definition
                            .definition
                            .into_iter()
                            .chain(definition.explanation)
                            .collect::<Vec<_>>()
                            .join(" "),
                        includes: definition.includes,
                    }
                })
                .collect(),
        }
    }
}

impl<'a> IndexView<'a> {
    fn new(entries: &'a IndexEntries) -> Option<IndexView<'a>> {
        let mut heading = index_name(entries)?;
        if let DocumentSource::Other { missing, .. } = &entries.consulted {
            heading = stands_in(&heading, *missing);
        }
        let links: Vec<IndexLine<'a>> = entries
            .links
            .iter()
            .map(|link| IndexLine {
                path: link.path.split(" > ").collect(),
                how: index_reference(link),
            })
            .collect();
        let (links, rest) = cut::LINES.split(links);
        Some(IndexView {
            heading,
            links,
            rest,
        })
    }

    fn count(&self) -> usize {
        self.links.len() + self.rest.len()
    }
}

/// Returns in one sentence which indexes are not loaded for the release in force.
fn index_missing(page: &CodePage, nearest_at: &str) -> Option<Message> {
    let mut labels = Vec::new();
    let mut of = None;
    let mut is_near = false;
    for entries in &page.index {
        if let DocumentSource::Missing { missing, nearest } = &entries.consulted {
            labels.push(DocumentKind::Index(entries.kind).label());
            of = Some(*missing);
            is_near |= nearest.is_some();
        }
    }
    let of = of?;
    Some(Message {
        text: format!("Not loaded for {of}: {}.", labels.join(", ")),
        link: is_near.then(|| {
            (
                nearest_at.to_owned(),
                "Show those of the nearest release".to_owned(),
            )
        }),
    })
}

/// Lists the indexes in which nothing leads to the code.
fn index_none(page: &CodePage) -> String {
    let named: Vec<String> = page
        .index
        .iter()
        .filter(|entries| entries.links.is_empty())
        .filter_map(index_name)
        .collect();
    named.join(", ")
}

/// Lists every file that the page rests on.
fn sources<'a>(site: &'a Site, page: &'a CodePage) -> Vec<Source<'a>> {
    let code_set = page.answer.code_set;
    let mut sources = Vec::new();
    if let Some(basis) = &page.answer.basis {
        let stored = site.stored(code_set, basis.release);
        let file = stored.map(|stored| &stored.listing_file);
        sources.push(Source {
            what: match &basis.patch {
                Some(patch) => format!(
                    "Order file of {}, which does not list the code; catalogue correction: {patch}",
                    basis.release
                ),
                None => format!("Verdict and titles: order file of {}", basis.release),
            },
            published: &basis.file,
            provenance: basis.provenance.label(),
            loaded_on: file.map(|file| file.imported_on),
            archive: file.and_then(|file| file.archive.as_deref()),
            url: file.and_then(|file| file.url.as_deref()),
        });
    }
    for document in page.documents() {
        let stored = site.stored(code_set, document.release);
        let documents = stored.map(|stored| stored.documents.as_slice());
        let file = documents
            .unwrap_or_default()
            .iter()
            .map(|stored| &stored.file)
            .find(|file| file.published.sha256 == document.file.sha256);
        sources.push(Source {
            what: format!("{} of {}", capital(document.label), document.release),
            published: document.file,
            provenance: "",
            loaded_on: file.map(|file| file.imported_on),
            archive: file.and_then(|file| file.archive.as_deref()),
            url: file.and_then(|file| file.url.as_deref()),
        });
    }
    sources
}
