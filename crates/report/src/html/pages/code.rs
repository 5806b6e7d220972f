//! The page of a code.

use askama::Template;
use chrono::NaiveDate;

use super::super::title::{Mark, Run};
use super::life::{LifeLine, SpanRow, TurnLink, spans, turns};
use super::lineage::LineageView;
use super::notes::{Level, NotePart, level};
use super::place::{Crumb, Message, crumb, said};
use super::verdict::{CodeLine, CodeList, VerdictView, code_href};
use super::{Frame, PageRequest, Site, address, long_day, render};
use crate::page::{index_name, poa_lists, visual_row};
use crate::tree::What;
use crate::{cut, index_reference};
use codeyear_core::error::Result;
use codeyear_core::model::{
    Basis, Book, CodePage, CodeSet, DocumentKind, DocumentSource, Entry, FileRef, IndexEntries,
    PcsPage, PlaceInBook, PlaceKind, PoaSpan, Verdict, day_before,
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
    verdict: VerdictView,
    before: Option<TurnLink>,
    after: Option<TurnLink>,
    basis: Option<BasisView>,
    tabular: Option<Message>,
    notes: Vec<Level>,
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
    poa: Option<String>,
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
    changes: Option<String>,
}

/// What the verdict was checked against.
struct BasisView {
    release: String,
    file: String,
    short_hash: String,
    loaded_on: Option<NaiveDate>,
    through: Option<NaiveDate>,
    patch: Option<String>,
}

struct PcsView {
    said: Vec<Message>,
    rows: Vec<PcsRow>,
    allowed: Vec<(char, String)>,
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
        let title = page
            .entry
            .as_ref()
            .map_or("In no release loaded".to_owned(), |entry| {
                entry.long_title.clone()
            });
        let path = address::code_path(code_set, &page.code);
        let history = page.history.as_ref();
        let turns = history.map(turns).unwrap_or_default();
        let link = |turn: &super::life::LifeEvent| TurnLink {
            href: address::on(&path, turn.day),
            day: turn.day,
            what: turn.what.clone(),
        };
        let asked = PageRequest::on(day, code_set);
        let own_path = address::code(code_set, &page.code, day);
        let is_covered = !matches!(page.answer.verdict, Verdict::NotCovered { .. });
        let part = code_set.facts().path;
        let mut html = CodeHtml {
            frame: Frame::new(site, asked, part, format!("{code} {title}")),
            crumbs: crumbs(page, day),
            verdict: VerdictView::new(&page.answer),
            before: turns.iter().rev().find(|turn| turn.day < day).map(link),
            after: turns.iter().find(|turn| turn.day > day).map(link),
            basis: page
                .answer
                .basis
                .as_ref()
                .map(|basis| BasisView::new(site, code_set, basis, day)),
            tabular: page.tabular.as_ref().and_then(|consulted| {
                said(
                    consulted,
                    DocumentKind::Tabular.label(),
                    &format!("{own_path}&nearest=1"),
                )
            }),
            notes: page
                .notes
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
            pcs: page
                .pcs
                .as_ref()
                .map(|pcs| PcsView::new(pcs, &format!("{own_path}&nearest=1"))),
            children: list("Below it", code_set, &page.children, day).filter(|_| is_covered),
            siblings: list("Beside it", code_set, &page.siblings, day),
            indexes: page
                .index
                .iter()
                .filter(|entries| !entries.links.is_empty())
                .filter_map(IndexView::new)
                .collect(),
            index_missing: index_missing(page, &format!("{own_path}&nearest=1")),
            index_none: index_none(page),
            poa: page.asks_for_poa().then(|| poa_words(page.poa.as_ref())),
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
                                "No loaded release governs {} to {}.",
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
                .map(|history| LineageView::new(&history.lineage, day)),
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
            changes: changes(site, page, day),
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
        add(self.page.tabular.is_some(), "notes", "Notes");
        add(self.children.is_some(), "below", "Below it");
        add(self.siblings.is_some(), "beside", "Beside it");
        add(!self.spans.is_empty(), "life", "Life and titles");
        add(self.lineage.is_some(), "lineage", "Lineage");
        add(!self.page.index.is_empty(), "index", "Index entries");
        add(true, "sources", "Who says so");
        jumps
    }

    fn code_set(&self) -> CodeSet {
        self.page.answer.code_set
    }

    fn day(&self) -> NaiveDate {
        self.page.answer.date
    }
}

/// Returns the address of the last change report that reaches the day, narrowed to the category.
fn changes(site: &Site, page: &CodePage, day: NaiveDate) -> Option<String> {
    let code_set = page.answer.code_set;
    // Below what neither release lists there is nothing to report.
    let is_listed = matches!(
        page.answer.verdict,
        Verdict::Billable { .. } | Verdict::Header { .. }
    );
    let has_category = page
        .breadcrumb
        .iter()
        .any(|place| place.kind == PlaceKind::Code);
    if !is_listed && !has_category {
        return None;
    }
    let governing = site.governing(code_set);
    let at = governing.iter().rposition(|(_, from, _)| *from <= day)?;
    let (old, _, _) = governing.get(at.checked_sub(1)?)?;
    let (new, _, _) = governing.get(at)?;
    Some(address::with_fields(
        "/diff",
        &[
            ("set", code_set.id()),
            ("old", &old.to_string()),
            ("new", &new.to_string()),
            ("under", &page.code.category().to_string()),
            ("on", &day.to_string()),
        ],
    ))
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

impl BasisView {
    fn new(site: &Site, code_set: CodeSet, basis: &Basis, day: NaiveDate) -> BasisView {
        BasisView {
            release: basis.release.to_string(),
            file: basis.file.file_name().to_owned(),
            short_hash: basis.file.short_sha256().to_owned(),
            loaded_on: site
                .stored(code_set, basis.release)
                .map(|stored| stored.listing_file.imported_on),
            through: site.in_force(code_set, day).map(|(_, through)| through),
            patch: basis.patch.clone(),
        }
    }
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
            allowed: pcs.allowed.clone(),
        }
    }
}

impl<'a> IndexView<'a> {
    fn new(entries: &'a IndexEntries) -> Option<IndexView<'a>> {
        let mut heading = index_name(entries)?;
        if let DocumentSource::Nearest { missing, .. } = &entries.consulted {
            heading.push_str(&format!(", for {missing} has none"));
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
        link: is_near.then(|| (nearest_at.to_owned(), "Show the nearest instead".to_owned())),
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

fn poa_words(span: Option<&PoaSpan>) -> String {
    let Some(span) = span else {
        return "No POA-exempt list that governs this day is loaded.".to_owned();
    };
    format!(
        "{} from {} to {} ({}).",
        if span.exempt {
            "Exempt from reporting whether it was present on admission,"
        } else {
            "Not exempt: report whether it was present on admission,"
        },
        long_day(span.from),
        long_day(day_before(span.until)),
        poa_lists(span)
    )
}

/// Lists every file that the page rests on.
fn sources<'a>(site: &'a Site, page: &'a CodePage) -> Vec<Source<'a>> {
    let code_set = page.answer.code_set;
    let mut sources = Vec::new();
    if let Some(basis) = &page.answer.basis {
        let stored = site.stored(code_set, basis.release);
        let file = stored.map(|stored| &stored.listing_file);
        sources.push(Source {
            what: format!("The verdict and the titles: listing of {}", basis.release),
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
            what: format!("{} of {}", document.label, document.release),
            published: document.file,
            provenance: "",
            loaded_on: file.map(|file| file.imported_on),
            archive: file.and_then(|file| file.archive.as_deref()),
            url: file.and_then(|file| file.url.as_deref()),
        });
    }
    sources
}
