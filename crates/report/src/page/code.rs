//! The coder's page, and the comparison of two codes.

use chrono::NaiveDate;

use super::answer::{allowed, answer_blocks, warnings};
use super::life::{life, poa_span};
use super::{document_said, items_cut};
use crate::cut::{self, Cut, more_line};
use crate::note::{note_kind_label, note_label, notes_of};
use crate::tree::{Block, CodeLine, Item, Text, Tone};
use crate::verdict::{outcome_words, tone};
use crate::{Style, index_reference};
use codeyear_core::model::{
    CodePage, CodeSet, Comparison, DocumentKind, DocumentSource, Entry, IndexEntries, LastChange,
    NotesAt, PcsPage, PlaceInBook, PlaceKind, SeventhCharacters, Verdict, VisualCategory,
};

/// What a value of ICD-10-PCS includes, on a line.
const INCLUDES: Cut = Cut { most: 6, spare: 1 };

/// Returns the coder's page of a code.
pub(super) fn page_blocks(page: &CodePage, style: Style) -> Vec<Block<'static>> {
    let mut blocks = answer_blocks(&page.answer, style);
    let code_set = page.answer.code_set;
    let places = page.breadcrumb.iter();
    let places = places.map(|place| Item::at(0, place_text(place, code_set, style)));
    let located = format!("Location in {}", code_set.name());
    part(&mut blocks, &located, places.collect());
    // What is not allowed is part of the answer.
    if let Some(pcs) = page.pcs.as_ref().filter(|_| page.answer.pcs.is_none()) {
        part(&mut blocks, "Characters", characters(pcs, style));
    }
    if let Some(consulted) = &page.tabular {
        let said = said_of(consulted, DocumentKind::Tabular.label());
        let notes = page
            .notes
            .iter()
            .flat_map(|notes| notes_at(notes, code_set, style));
        let mut items: Vec<Item> = said.into_iter().chain(notes).collect();
        if page.notes.is_empty() && consulted.release().is_some() {
            items.push(Item::at(0, "none"));
        }
        part(&mut blocks, "Notes", items);
    }
    if let Some(seventh) = &page.seventh_characters {
        let at = style.code(&seventh.defined_at);
        let heading = format!("7th characters (defined at {at})");
        part(&mut blocks, &heading, seventh_characters(seventh));
    }
    if !page.visual_impairment.is_empty() {
        let rows = page.visual_impairment.iter().map(|category| {
            let row = visual_row(category);
            let (name, ranges) = row.split_first().unwrap_or((&category.category, &[]));
            Item::at(0, format!("{name}  {}", ranges.join(";  ")))
        });
        part(&mut blocks, "Table of visual impairment", rows.collect());
    }
    let is_covered = !matches!(page.answer.verdict, Verdict::NotCovered { .. });
    for (heading, entries) in [
        ("Subcodes", Some(&page.children).filter(|_| is_covered)),
        ("Related codes in the same category", Some(&page.siblings)),
    ] {
        if let Some(entries) = entries.filter(|entries| !entries.is_empty()) {
            part(
                &mut blocks,
                &format!("{heading} ({})", entries.len()),
                Vec::new(),
            );
            blocks.push(Block::CodeLines {
                depth: 0,
                lines: lines_of(entries),
            });
        }
    }
    part_if_any(&mut blocks, "Before and after", neighbors(page, style));
    if !page.named_in.is_empty() {
        let heading = format!("Named in notes of other codes ({})", page.named_in.len());
        let lines = page.named_in.iter().map(|naming| {
            let at = Text::default().toned(place_name(code_set, &naming.place), Tone::Strong);
            let note = format!("  {}: {}", note_kind_label(naming.kind), naming.note.trim());
            at.words(note)
        });
        let items = items_cut(0, lines, cut::LINES, style);
        part(&mut blocks, &heading, items);
    }
    if !page.index.is_empty() {
        let entries = page.index.iter();
        let items = entries.flat_map(|entries| index_entries(entries, style));
        part(&mut blocks, "Index entries", items.collect());
    }
    if page.asks_for_poa() {
        let said = match &page.poa {
            Some(span) => poa_span(span),
            None => "no POA-exempt list that governs this day is loaded".into(),
        };
        part(
            &mut blocks,
            "Present on admission (POA)",
            vec![Item::at(0, said)],
        );
    }
    if let Some(history) = &page.history {
        let mut items = life(history, style);
        if let Some(change) = &page.recent_change {
            let category = style.code(&page.code.category());
            let said = format!(
                "recent changes in {category}: {} with {}",
                change.day, change.new
            );
            items.push(Item::at(0, said));
        }
        if let Some(change) = &page.last_change {
            let said = last_change_words(change, |day| day.to_string());
            let checked = format!("{said}; checked through {}", history.covered_through);
            items.push(Item::at(0, checked));
        }
        part(&mut blocks, "History", items);
    }
    if page.answer.basis.is_some() {
        let said = match &page.verified {
            Some(proof) => format!(
                "last verified on {}: {}",
                proof.checked_on,
                outcome_words(proof.outcome)
            ),
            None => "not verified".to_owned(),
        };
        part(&mut blocks, "Verification", vec![Item::at(0, said)]);
    }
    let documents = page.documents();
    let files = documents.iter().map(|document| {
        let file = format!(
            "{} of {}: {} (sha256 {}...)",
            document.label,
            document.release,
            document.file.file_name(),
            document.file.short_sha256()
        );
        Item::at(0, Text::default().toned(file, Tone::Quiet))
    });
    let files: Vec<Item> = files.collect();
    if !files.is_empty() {
        part(&mut blocks, "Other source files", files);
    }
    blocks
}

/// Begins a part of a page.
fn part(blocks: &mut Vec<Block<'_>>, heading: &str, items: Vec<Item>) {
    part_at(3, blocks, heading, items);
}

fn part_if_any(blocks: &mut Vec<Block<'_>>, heading: &str, items: Vec<Item>) {
    if !items.is_empty() {
        part(blocks, heading, items);
    }
}

/// Lists the categories and blocks before and after those of the code.
fn neighbors(page: &CodePage, style: Style) -> Vec<Item> {
    let code_set = page.answer.code_set;
    let levels = &code_set.facts().levels;
    let neighbors = &page.neighbors;
    let category = |what: &str, entry: &Option<Entry>| {
        let entry = entry.as_ref()?;
        let level = levels.category.one.to_lowercase();
        let (code, title) = (style.code(&entry.code), &entry.long_title);
        Some(Item::at(0, format!("{what} {level}: {code}  {title}")))
    };
    let block = |what: &str, place: &Option<PlaceInBook>| {
        let place = place.as_ref()?;
        let level = levels.block.one.to_lowercase();
        let (name, title) = (&place.name, &place.title);
        Some(Item::at(0, format!("{what} {level}: {name}  {title}")))
    };
    let lines = [
        category("previous", &neighbors.previous_category),
        category("next", &neighbors.next_category),
        block("previous", &neighbors.previous_block),
        block("next", &neighbors.next_block),
    ];
    lines.into_iter().flatten().collect()
}

fn part_at(level: u8, blocks: &mut Vec<Block<'_>>, heading: &str, items: Vec<Item>) {
    blocks.push(Block::Heading {
        level,
        words: heading.to_owned(),
    });
    if !items.is_empty() {
        blocks.push(Block::Items(items));
    }
}

fn lines_of(entries: &[Entry]) -> Vec<CodeLine> {
    entries.iter().map(CodeLine::of).collect()
}

/// Returns what a part of the page rests on as its first line.
fn said_of(consulted: &DocumentSource, what: &str) -> Option<Item> {
    document_said(consulted, what, true).map(|said| Item::at(0, said))
}

/// Returns when what the releases say of a code last changed, in words.
pub(crate) fn last_change_words(
    change: &LastChange,
    write_day: impl Fn(NaiveDate) -> String,
) -> String {
    match change {
        LastChange::On { day, release } => {
            format!("last changed on {} with {release}", write_day(*day))
        }
        LastChange::UnchangedSince {
            release,
            changes_later: false,
        } => format!("unchanged in all loaded releases (since {release})"),
        LastChange::UnchangedSince {
            release,
            changes_later: true,
        } => format!("unchanged up to this day (since {release})"),
    }
}

/// Returns the name of a level of the book: `Chapter 2`, `Block C00-C96`, `C7B.0`.
pub(crate) fn place_name(code_set: CodeSet, place: &PlaceInBook) -> String {
    let levels = &code_set.facts().levels;
    match place.kind {
        PlaceKind::Chapter => format!("{} {}", levels.chapter.one, place.name),
        PlaceKind::Block => format!("{} {}", levels.block.one, place.name),
        PlaceKind::Code => dotted(&place.name, code_set, Style::PLAIN),
    }
}

fn place_text(place: &PlaceInBook, code_set: CodeSet, style: Style) -> String {
    match place.kind {
        PlaceKind::Chapter => {
            let chapter = code_set.facts().levels.chapter.one.to_lowercase();
            format!("{chapter} {}  {}", place.name, place.title)
        }
        PlaceKind::Block => format!("block {}  {}", place.name, place.title),
        PlaceKind::Code => format!("{}  {}", dotted(&place.name, code_set, style), place.title),
    }
}

fn dotted(name: &str, code_set: CodeSet, style: Style) -> String {
    match code_set.parse_code(name) {
        Ok(code) => style.code(&code),
        Err(_) => name.to_owned(),
    }
}

fn notes_at(notes: &NotesAt, code_set: CodeSet, style: Style) -> Vec<Item> {
    let at = match notes.place.kind {
        PlaceKind::Chapter => format!("chapter {}", notes.place.name),
        PlaceKind::Block => format!("block {}", notes.place.name),
        PlaceKind::Code => dotted(&notes.place.name, code_set, style),
    };
    let mut items = Vec::new();
    for group in &notes.groups {
        let heading = Text::default().toned(&at, Tone::Strong);
        items.push(Item::at(
            0,
            heading.words(format!(" {}", note_label(group.kind))),
        ));
        let notes = notes_of(group);
        items.extend(notes.map(|(is_under, note)| Item::at(1 + usize::from(is_under), note)));
    }
    items
}

fn seventh_characters(seventh: &SeventhCharacters) -> Vec<Item> {
    let mut items = Vec::new();
    for character in &seventh.characters {
        let sign = Text::default().toned(character.character.to_string(), Tone::Strong);
        items.push(Item::at(0, sign.words(format!("  {}", character.text))));
        let more = character.continuations.iter();
        items.extend(more.map(|words| Item::below_sign(3, words.trim())));
    }
    items
}

/// Returns a row of the table of visual impairment: the category, and what it ranges over.
pub(crate) fn visual_row(category: &VisualCategory) -> Vec<String> {
    let ranges = category.ranges.iter().map(|range| {
        let bounds = [&range.heading, &range.less_than, &range.at_least].into_iter();
        let bounds: Vec<&str> = bounds
            .map(String::as_str)
            .filter(|text| !text.is_empty())
            .collect();
        bounds.join(" / ")
    });
    std::iter::once(category.category.clone())
        .chain(ranges)
        .collect()
}

/// Returns the name of an index with the release that it is of.
pub(crate) fn index_name(entries: &IndexEntries) -> Option<String> {
    let release = entries.consulted.release()?;
    let label = DocumentKind::Index(entries.kind).label();
    Some(format!("{label} of {release}"))
}

fn index_entries(entries: &IndexEntries, style: Style) -> Vec<Item> {
    let label = DocumentKind::Index(entries.kind).label();
    let mut items: Vec<Item> = said_of(&entries.consulted, label).into_iter().collect();
    let Some(name) = index_name(entries) else {
        return items;
    };
    if entries.links.is_empty() {
        let none = format!("none in the {label}");
        items.push(Item::at(0, Text::default().toned(none, Tone::Quiet)));
        return items;
    }
    items.push(Item::at(0, format!("{name} ({}):", entries.links.len())));
    let links = entries.links.iter().map(|link| {
        let path = Text::from(format!("{}  ", link.path));
        path.toned(index_reference(link), Tone::Quiet)
    });
    items.extend(items_cut(1, links, cut::LINES, style));
    items
}

fn characters(pcs: &PcsPage, style: Style) -> Vec<Item> {
    let mut items: Vec<Item> = said_of(&pcs.tables, "file of tables").into_iter().collect();
    for character in &pcs.characters {
        let sign = character.character.to_string();
        let text = Text::from(format!("{}  ", character.position)).toned(sign, Tone::Strong);
        let text = text.words(format!("  {}: ", character.axis));
        items.push(Item::at(
            0,
            match &character.label {
                Some(label) => text.words(label),
                None => text.toned("not allowed here", Tone::Bad),
            },
        ));
        if let Some(definition) = &character.definition {
            let words = definition.definition.iter().chain(&definition.explanation);
            let words = words.cloned();
            let included = (!definition.includes.is_empty())
                .then(|| format!("includes: {}", includes(&definition.includes, style)));
            let quiet = |words| Item::below_sign(6, Text::default().toned(words, Tone::Quiet));
            items.extend(words.chain(included).map(quiet));
        }
    }
    items.extend(allowed(pcs, style));
    items
}

/// Returns what a value includes on a line, cut unless the user wants all.
fn includes(includes: &[String], style: Style) -> String {
    let shown = INCLUDES.shown(includes.len(), style);
    let more = includes.len() - shown;
    let named = includes.iter().take(shown).cloned();
    let more = (more > 0).then(|| more_line(more));
    named.chain(more).collect::<Vec<_>>().join("; ")
}

/// Returns how two codes differ.
pub(super) fn comparison_blocks(comparison: &Comparison, style: Style) -> Vec<Block<'static>> {
    let (left, right) = (&comparison.left, &comparison.right);
    let code_set = left.answer.code_set;
    let place = |place: &PlaceInBook| Item::at(0, place_text(place, code_set, style));
    let mut blocks = vec![Block::List(vec![side(left), side(right)])];
    let mut common: Vec<Item> = comparison.common.iter().map(place).collect();
    if common.is_empty() {
        common.push(Item::at(0, "different chapters"));
    }
    part_at(2, &mut blocks, "In common", common);
    let mentions = comparison.mentions.iter().map(|mention| {
        let at = Text::default().code_toned(mention.at, Tone::Strong);
        let note = format!(" {}: {}", note_label(mention.kind), mention.note.trim());
        Item::at(0, at.words(note))
    });
    let mut mentions: Vec<Item> = mentions.collect();
    if mentions.is_empty() {
        let release = left.tabular.as_ref().and_then(DocumentSource::release);
        mentions.push(Item::at(
            0,
            match release {
                Some(_) => "no note",
                None => "notes not available for this date",
            },
        ));
    }
    part_at(2, &mut blocks, "Cross-references", mentions);
    for (page, other) in [(left, right), (right, left)] {
        let places = page.breadcrumb.iter().skip(comparison.common.len());
        let said = page.tabular.as_ref();
        let said = said.and_then(|from| said_of(from, DocumentKind::Tabular.label()));
        let notes = page
            .notes
            .iter()
            .filter(|notes| !other.notes.contains(notes));
        let notes = notes.flat_map(|notes| notes_at(notes, code_set, style));
        let mut items: Vec<Item> = places.map(place).chain(said).chain(notes).collect();
        let below: &[Entry] = match &page.answer.verdict {
            Verdict::Header { billable_below, .. } => billable_below,
            _ => &[],
        };
        if !below.is_empty() {
            let heading = format!("billable codes below it ({}):", below.len());
            items.push(Item::at(0, heading));
        }
        part_at(
            2,
            &mut blocks,
            &format!("{} only", style.code(&page.code)),
            items,
        );
        if !below.is_empty() {
            blocks.push(Block::CodeLines {
                depth: 1,
                lines: lines_of(below),
            });
        }
        if let Some(change) = &page.last_change {
            let said = last_change_words(change, |day| day.to_string());
            blocks.push(Block::Items(vec![Item::at(0, said)]));
        }
    }
    if let Some(basis) = &left.answer.basis {
        let rests = format!(
            "source: {}, {} ({})",
            basis.release,
            basis.file.file_name(),
            basis.provenance.name()
        );
        blocks.push(Block::Sentence(vec![
            Text::default().toned(rests, Tone::Quiet),
        ]));
    }
    blocks.extend(warnings(&left.answer.warnings));
    blocks
}

fn side(page: &CodePage) -> Text {
    let tone = tone(&page.answer.verdict);
    let entry = page.entry.as_ref();
    let title = entry.map_or("in no release loaded", |entry| entry.long_title.as_str());
    Text::default()
        .code_toned(page.code, Tone::Strong)
        .words(format!("  on {}  ", page.answer.date))
        .toned(page.answer.verdict.name(), tone)
        .words(format!("  {title}"))
}
