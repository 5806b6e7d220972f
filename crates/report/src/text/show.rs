//! The coder's page, and the comparison of two codes.

use chrono::NaiveDate;

use super::answers::{answer_lines, entry_list, life_lines};
use super::{heading, line, lineage};
use crate::{Style, index_reference};
use codeyear_core::model::{
    CodePage, CodeSet, Comparison, DocumentKind, DocumentSource, Entry, IndexEntries, IndexLink,
    LastChange, NoteKind, NotesAt, PcsPage, PlaceInBook, PlaceKind, SeventhCharacters, Verdict,
    VisualCategory,
};

/// How many index entries are shown of an index unless the user wants all.
const SHORT_LIST: usize = 12;

/// Writes the coder's page of a code.
pub fn show(page: &CodePage, style: Style) -> String {
    let mut out = String::new();
    answer_lines(&mut out, &page.answer, style);
    let code_set = page.answer.code_set;
    heading(&mut out, "Place in the book", style);
    for place in &page.breadcrumb {
        line(&mut out, 2, &place_text(place, code_set, style));
    }
    // What is not allowed is part of the answer.
    if let Some(pcs) = page.pcs.as_ref().filter(|_| page.answer.pcs.is_none()) {
        characters(&mut out, pcs, style);
    }
    if let Some(consulted) = &page.tabular {
        heading(&mut out, "Notes", style);
        consulted_line(&mut out, consulted, DocumentKind::Tabular.label(), style);
        for notes in &page.notes {
            notes_at(&mut out, notes, code_set, style);
        }
        if page.notes.is_empty() && consulted.release().is_some() {
            line(&mut out, 2, "none");
        }
    }
    if let Some(seventh) = &page.seventh_characters {
        seventh_characters(&mut out, seventh, style);
    }
    visual_impairment(&mut out, &page.visual_impairment, style);
    if !page.children.is_empty() && !matches!(page.answer.verdict, Verdict::NotCovered { .. }) {
        heading(
            &mut out,
            &format!("Below it ({})", page.children.len()),
            style,
        );
        entry_list(&mut out, &page.children, style);
    }
    if !page.siblings.is_empty() {
        heading(
            &mut out,
            &format!("Beside it ({})", page.siblings.len()),
            style,
        );
        entry_list(&mut out, &page.siblings, style);
    }
    if !page.index.is_empty() {
        heading(&mut out, "Index entries that lead here", style);
        for entries in &page.index {
            index_entries(&mut out, entries, style);
        }
    }
    if page.asks_for_poa() {
        heading(&mut out, "Present on admission (POA)", style);
        match &page.poa {
            Some(span) => line(&mut out, 2, &lineage::poa_span(span, style)),
            None => line(
                &mut out,
                2,
                "no POA-exempt list that governs this day is loaded",
            ),
        }
    }
    if let Some(history) = &page.history {
        heading(&mut out, "Life", style);
        life_lines(&mut out, history, style);
        if let Some(change) = &page.last_change {
            let said = last_change_words(change, |day| day.to_string());
            line(
                &mut out,
                2,
                &format!("{said}; checked through {}", history.covered_through),
            );
        }
    }
    sources(&mut out, page, style);
    out
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

/// Returns the heading of the notes in which two codes name each other, or one of them the other.
pub(crate) fn mentions_heading(comparison: &Comparison) -> &'static str {
    if comparison.each_names_the_other() {
        "Each names the other in"
    } else {
        "Notes that name the other"
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

/// Writes what a part of the page rests on, where it is not simply the release in force.
fn consulted_line(out: &mut String, consulted: &DocumentSource, what: &str, style: Style) {
    match consulted {
        DocumentSource::Own { .. } => {}
        DocumentSource::Nearest {
            missing, release, ..
        } => line(
            out,
            2,
            &format!(
                "{} no {what} is loaded for {missing}; this is {release}'s",
                style.doubtful("note:")
            ),
        ),
        DocumentSource::Missing { missing, nearest } => {
            let nearest = match nearest {
                Some(nearest) => format!("; nearest {nearest} (--nearest shows it)"),
                None => String::new(),
            };
            line(
                out,
                2,
                &style.dim(&format!("no {what} is loaded for {missing}{nearest}")),
            );
        }
    }
}

/// Returns the words for a kind of note.
pub(crate) fn note_label(kind: NoteKind) -> &'static str {
    match kind {
        NoteKind::InclusionTerm => "inclusion terms",
        NoteKind::Includes => "includes",
        NoteKind::Excludes1 => "excludes1 (never together)",
        NoteKind::Excludes2 => "excludes2 (may be together)",
        NoteKind::CodeFirst => "code first",
        NoteKind::UseAdditionalCode => "use additional code",
        NoteKind::CodeAlso => "code also",
        NoteKind::Note => "note",
        NoteKind::SeventhCharacterNote => "7th character",
    }
}

fn notes_at(out: &mut String, notes: &NotesAt, code_set: CodeSet, style: Style) {
    let at = match notes.place.kind {
        PlaceKind::Chapter => format!("chapter {}", notes.place.name),
        PlaceKind::Block => format!("block {}", notes.place.name),
        PlaceKind::Code => dotted(&notes.place.name, code_set, style),
    };
    for group in &notes.groups {
        line(
            out,
            2,
            &format!("{} {}", style.bold(&at), note_label(group.kind)),
        );
        let heads_list = group.notes.first().is_some_and(|note| note.ends_with(':'));
        for (index, note) in group.notes.iter().enumerate() {
            let indent = if heads_list && index > 0 { 6 } else { 4 };
            line(out, indent, note.trim());
        }
    }
}

fn seventh_characters(out: &mut String, seventh: &SeventhCharacters, style: Style) {
    let at = style.code(&seventh.defined_at);
    heading(out, &format!("7th characters (defined at {at})"), style);
    for character in &seventh.characters {
        line(
            out,
            2,
            &format!(
                "{}  {}",
                style.bold(&character.character.to_string()),
                character.text
            ),
        );
        for continuation in &character.continuations {
            line(out, 5, continuation.trim());
        }
    }
}

fn visual_impairment(out: &mut String, table: &[VisualCategory], style: Style) {
    if table.is_empty() {
        return;
    }
    heading(out, "Table of visual impairment", style);
    for category in table {
        let ranges: Vec<String> = category
            .ranges
            .iter()
            .map(|range| {
                let bounds: Vec<&str> = [
                    range.heading.as_str(),
                    range.less_than.as_str(),
                    range.at_least.as_str(),
                ]
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect();
                bounds.join(" / ")
            })
            .collect();
        line(
            out,
            2,
            &format!("{}  {}", category.category, ranges.join(";  ")),
        );
    }
}

fn index_entries(out: &mut String, entries: &IndexEntries, style: Style) {
    let label = DocumentKind::Index(entries.kind).label();
    consulted_line(out, &entries.consulted, label, style);
    let Some(release) = entries.consulted.release() else {
        return;
    };
    if entries.links.is_empty() {
        line(out, 2, &style.dim(&format!("none in the {label}")));
        return;
    }
    line(
        out,
        2,
        &format!("{label} of {release} ({}):", entries.links.len()),
    );
    let shown = if style.whole_lists || entries.links.len() <= SHORT_LIST + 2 {
        entries.links.len()
    } else {
        SHORT_LIST
    };
    for link in entries.links.iter().take(shown) {
        line(out, 4, &link_text(link, style));
    }
    if shown < entries.links.len() {
        line(
            out,
            4,
            &style.dim(&format!(
                "... and {} more (--all shows them)",
                entries.links.len() - shown
            )),
        );
    }
}

fn link_text(link: &IndexLink, style: Style) -> String {
    format!("{}  {}", link.path, style.dim(&index_reference(link)))
}

fn characters(out: &mut String, pcs: &PcsPage, style: Style) {
    heading(out, "Characters", style);
    consulted_line(out, &pcs.tables, "file of tables", style);
    for character in &pcs.characters {
        let label = match &character.label {
            Some(label) => label.clone(),
            None => style.bad("not allowed here"),
        };
        line(
            out,
            2,
            &format!(
                "{}  {}  {}: {label}",
                character.position,
                style.bold(&character.character.to_string()),
                character.axis
            ),
        );
        if let Some(definition) = &character.definition {
            for text in definition.definition.iter().chain(&definition.explanation) {
                line(out, 8, &style.dim(text));
            }
            if !definition.includes.is_empty() {
                line(
                    out,
                    8,
                    &style.dim(&format!(
                        "includes: {}",
                        includes(&definition.includes, style)
                    )),
                );
            }
        }
    }
    allowed(out, pcs, style);
}

/// Joins what a value includes, cut to a short list unless the user wants all.
fn includes(includes: &[String], style: Style) -> String {
    const SHOWN: usize = 6;
    if style.whole_lists || includes.len() <= SHOWN + 1 {
        return includes.join("; ");
    }
    let first: Vec<&str> = includes.iter().take(SHOWN).map(String::as_str).collect();
    format!(
        "{}; ... and {} more (--all shows them)",
        first.join("; "),
        includes.len() - SHOWN
    )
}

/// Writes which character of a code its table does not allow, and what it allows there.
pub(super) fn refusal(out: &mut String, pcs: &PcsPage, style: Style) {
    consulted_line(out, &pcs.tables, "file of tables", style);
    let Some(stop) = pcs.characters.last().filter(|last| last.label.is_none()) else {
        return;
    };
    let before: Vec<String> = pcs
        .characters
        .iter()
        .filter_map(|found| Some(format!("{} {}", found.character, found.label.as_ref()?)))
        .collect();
    let after = if before.is_empty() {
        String::new()
    } else {
        format!(" after {}", before.join(", "))
    };
    line(
        out,
        2,
        &format!(
            "character {} ({}) cannot be {}{after}",
            stop.position,
            stop.axis,
            style.bold(&stop.character.to_string())
        ),
    );
    allowed(out, pcs, style);
}

/// Writes what may stand where a code has a character that its table does not allow.
fn allowed(out: &mut String, pcs: &PcsPage, style: Style) {
    if pcs.allowed.is_empty() {
        return;
    }
    line(out, 2, &format!("allowed there ({}):", pcs.allowed.len()));
    let shown = if style.whole_lists || pcs.allowed.len() <= 2 * SHORT_LIST {
        pcs.allowed.len()
    } else {
        2 * SHORT_LIST
    };
    for (character, label) in pcs.allowed.iter().take(shown) {
        line(out, 4, &format!("{character}  {label}"));
    }
    if shown < pcs.allowed.len() {
        line(
            out,
            4,
            &style.dim(&format!(
                "... and {} more (--all shows them)",
                pcs.allowed.len() - shown
            )),
        );
    }
}

fn sources(out: &mut String, page: &CodePage, style: Style) {
    let documents = page.documents();
    let lines: Vec<String> = documents
        .iter()
        .map(|document| {
            format!(
                "{} of {}: {} (sha256 {}...)",
                document.label,
                document.release,
                document.file.file_name(),
                document.file.short_sha256()
            )
        })
        .collect();
    if lines.is_empty() {
        return;
    }
    heading(out, "Files that say so, beside the one above", style);
    for text in lines {
        line(out, 2, &style.dim(&text));
    }
}

/// Writes how two codes differ.
pub fn compare(comparison: &Comparison, style: Style) -> String {
    let mut out = String::new();
    let (left, right) = (&comparison.left, &comparison.right);
    let code_set = left.answer.code_set;
    for page in [left, right] {
        let word = match &page.answer.verdict {
            Verdict::Billable { .. } => style.good("billable"),
            verdict => style.bad(verdict.name()),
        };
        let title = page
            .entry
            .as_ref()
            .map_or("in no release loaded", |entry| entry.long_title.as_str());
        line(
            &mut out,
            0,
            &format!(
                "{}  on {}  {word}  {title}",
                style.bold(&style.code(&page.code)),
                page.answer.date
            ),
        );
    }
    heading(&mut out, "Both stand in", style);
    if comparison.common.is_empty() {
        line(&mut out, 2, "different chapters");
    }
    for place in &comparison.common {
        line(&mut out, 2, &place_text(place, code_set, style));
    }
    heading(&mut out, mentions_heading(comparison), style);
    if comparison.mentions.is_empty() {
        let said = match left.tabular.as_ref().and_then(DocumentSource::release) {
            Some(_) => "no note".to_owned(),
            None => "unknown: there are no notes to look in".to_owned(),
        };
        line(&mut out, 2, &said);
    }
    for mention in &comparison.mentions {
        let kind = note_label(mention.kind);
        line(
            &mut out,
            2,
            &format!(
                "{} {kind}: {}",
                style.bold(&style.code(&mention.at)),
                mention.note.trim()
            ),
        );
    }
    for (page, other) in [(left, right), (right, left)] {
        let code = style.code(&page.code);
        heading(&mut out, &format!("Only {code}"), style);
        for place in page.breadcrumb.iter().skip(comparison.common.len()) {
            line(&mut out, 2, &place_text(place, code_set, style));
        }
        if let Some(consulted) = &page.tabular {
            consulted_line(&mut out, consulted, DocumentKind::Tabular.label(), style);
        }
        for notes in page
            .notes
            .iter()
            .filter(|notes| !other.notes.contains(notes))
        {
            notes_at(&mut out, notes, code_set, style);
        }
        let below: &[Entry] = match &page.answer.verdict {
            Verdict::Header { billable_below, .. } => billable_below,
            _ => &[],
        };
        if !below.is_empty() {
            line(
                &mut out,
                2,
                &format!("billable codes below it ({}):", below.len()),
            );
            entry_list(&mut out, below, style);
        }
        if let Some(change) = &page.last_change {
            line(
                &mut out,
                2,
                &last_change_words(change, |day| day.to_string()),
            );
        }
    }
    if let Some(basis) = &left.answer.basis {
        line(
            &mut out,
            0,
            &style.dim(&format!(
                "rests on {}: {} ({})",
                basis.release,
                basis.file.file_name(),
                basis.provenance.name()
            )),
        );
    }
    for warning in &left.answer.warnings {
        let text = format!("{} {warning}", style.doubtful("warning:"));
        line(&mut out, 0, &text);
    }
    out
}

#[cfg(test)]
mod tests {
    use codeyear_core::answer::{self, ShowOptions};
    use codeyear_core::model::{CodeSet, Mention};

    use super::*;
    use crate::testing::{day, sample};

    #[test]
    fn notes_are_said_to_name_the_other_code_or_each_other() {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        let options = ShowOptions::default();
        // C7A excludes Merkel cell carcinoma (C4A.-); C4A says nothing of C7A.
        let found = answer::compare(&codes, "C7A.00", "C4A.0", day("2026-04-01"), options).unwrap();
        assert_eq!(mentions_heading(&found), "Notes that name the other");
        let mut both = found.clone();
        both.mentions.push(Mention {
            at: both.right.code,
            ..both.mentions.first().unwrap().clone()
        });
        assert_eq!(mentions_heading(&both), "Each names the other in");
    }
}
