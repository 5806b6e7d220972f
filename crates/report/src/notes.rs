//! What changed in the tabular list: as text, as Markdown, and as rows of the CSV.

use std::fmt::Write;

use super::changes::{escape, marked_line, marked_markdown};
use super::marks::mark;
use super::{Style, grouped};
use codeyear_core::model::{
    Chapter, Code, DocumentKind, NodeKind, NodeName, NodeStanding, NoteChange, NoteChangeKind,
    NoteEdit, NoteKind, NotePlace, NotesReport, chapters,
};

/// Returns the words for a kind of note, as coders say them.
pub fn note_kind_label(kind: NoteKind) -> &'static str {
    match kind {
        NoteKind::InclusionTerm => "inclusion term",
        NoteKind::Includes => "includes",
        NoteKind::Excludes1 => "Excludes1",
        NoteKind::Excludes2 => "Excludes2",
        NoteKind::CodeFirst => "code first",
        NoteKind::UseAdditionalCode => "use additional code",
        NoteKind::CodeAlso => "code also",
        NoteKind::Note => "note",
        NoteKind::SeventhCharacterNote => "7th character note",
    }
}

/// Returns how a node that only one list has stands to the other: `new code`; nothing of one that both have.
pub fn standing_words(place: &NotePlace) -> &'static str {
    match (place.standing, place.node.kind) {
        (NodeStanding::InBoth, _) => "",
        (NodeStanding::New, NodeKind::Code) => "new code",
        (NodeStanding::New, NodeKind::Block) => "new block",
        (NodeStanding::New, NodeKind::Chapter) => "new chapter",
        (NodeStanding::New, NodeKind::Introduction) => "new section",
        (NodeStanding::Gone, NodeKind::Code) => "deleted code",
        (NodeStanding::Gone, NodeKind::Block) => "removed block",
        (NodeStanding::Gone, NodeKind::Chapter) => "removed chapter",
        (NodeStanding::Gone, NodeKind::Introduction) => "removed section",
    }
}

/// Names a node as the book does: `chapter 2`, `C00-C14`, `C7A.0`.
pub fn node_name(node: &NodeName, style: Style) -> String {
    match node.kind {
        NodeKind::Introduction => "Introduction".to_owned(),
        NodeKind::Chapter => format!("chapter {}", node.name),
        NodeKind::Block => node.name.clone(),
        NodeKind::Code => code_of(node).map_or_else(|| node.name.clone(), |code| style.code(&code)),
    }
}

/// Names a node with what it is, where the name alone does not tell: a block of one category has its name.
fn place_name(node: &NodeName, style: Style) -> String {
    match node.kind {
        NodeKind::Block => format!("block {}", node.name),
        _ => node_name(node, style),
    }
}

pub(super) fn code_of(node: &NodeName) -> Option<Code> {
    match node.kind {
        NodeKind::Code => DocumentKind::Tabular.code_set().parse_code(&node.name).ok(),
        _ => None,
    }
}

/// One line of a change: what it is about, and what it was and is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EditLine {
    /// What is said before the wording: `Excludes1`, `Excludes1 to Excludes2`, `D`.
    pub(super) what: String,
    /// The old wording, if there is one.
    pub(super) old: Option<String>,
    /// The new wording, if there is one.
    pub(super) new: Option<String>,
}

impl EditLine {
    fn new(what: impl Into<String>, old: Option<&str>, new: Option<&str>) -> EditLine {
        EditLine {
            what: what.into(),
            old: old.map(str::to_owned),
            new: new.map(str::to_owned),
        }
    }
}

/// Cuts a change into lines: one, but for 7th characters and tables, where each that differs has its own.
pub(super) fn lines(change: &NoteChange, style: Style) -> Vec<EditLine> {
    let title = change.place.title.as_str();
    let line = match &change.edit {
        NoteEdit::HeadingAdded => EditLine::new("", None, Some(title)),
        NoteEdit::HeadingRemoved => EditLine::new("", Some(title), None),
        NoteEdit::RangeChanged { old, new } => EditLine::new("", Some(old), Some(new)),
        NoteEdit::TitleRevised { old, new } => EditLine::new("", Some(old), Some(new)),
        NoteEdit::PlaceMoved { from, to } => EditLine::new(
            "stands under",
            Some(&place_name(from, style)),
            Some(&place_name(to, style)),
        ),
        NoteEdit::Placeholder { is_placeholder } => {
            let words = |is: bool| if is { "yes" } else { "no" };
            EditLine::new(
                "only a placeholder X",
                Some(words(!is_placeholder)),
                Some(words(*is_placeholder)),
            )
        }
        NoteEdit::NoteAdded { kind, note } => {
            EditLine::new(note_kind_label(*kind), None, Some(note))
        }
        NoteEdit::NoteRemoved { kind, note } => {
            EditLine::new(note_kind_label(*kind), Some(note), None)
        }
        NoteEdit::NoteReworded { kind, old, new } => {
            EditLine::new(note_kind_label(*kind), Some(old), Some(new))
        }
        NoteEdit::NoteMoved { from, to, old, new } => EditLine::new(
            format!("{} to {}", note_kind_label(*from), note_kind_label(*to)),
            Some(old),
            Some(new),
        ),
        NoteEdit::SeventhCharacters { changes } => {
            return changes
                .iter()
                .map(|one| {
                    let (old, new) = (one.old.as_deref(), one.new.as_deref());
                    EditLine::new(one.character, old, new)
                })
                .collect();
        }
        NoteEdit::VisualImpairment { rows } => {
            return rows
                .iter()
                .map(|row| EditLine::new("row", row.old.as_deref(), row.new.as_deref()))
                .collect();
        }
    };
    vec![line]
}

/// Returns the word that begins a change.
pub(super) fn label(edit: &NoteEdit) -> &'static str {
    match edit {
        NoteEdit::NoteMoved { .. } | NoteEdit::PlaceMoved { .. } => "moved",
        NoteEdit::NoteReworded { .. } if edit.is_spacing_only() => "spacing",
        _ => edit.kind().label(),
    }
}

/// A change with the headings that begin with it.
pub(super) struct Step<'a> {
    /// The chapter, if it begins; without one, the introduction.
    pub(super) chapter: Option<Option<&'static Chapter>>,
    /// The category that begins, if the change stands in one: code and title.
    pub(super) category: Option<(Code, &'a str)>,
    /// The node that begins, if it is not that category.
    pub(super) node: Option<&'a NotePlace>,
    /// The change.
    pub(super) change: &'a NoteChange,
}

/// Walks the changes in the order of the book.
pub(super) fn steps(report: &NotesReport) -> impl Iterator<Item = Step<'_>> {
    let mut last: Option<(&NotePlace, Option<Code>)> = None;
    report.changes.iter().map(move |change| {
        let place = &change.place;
        let category = code_of(&place.node).map(|code| code.category());
        let chapter_begins = last.is_none_or(|(last, _)| last.chapter != place.chapter);
        let category_begins = chapter_begins || last.is_none_or(|(_, last)| last != category);
        let node_begins = chapter_begins || last.is_none_or(|(last, _)| last.node != place.node);
        let is_category = category.is_some_and(|code| code.as_str() == place.node.name);
        last = Some((place, category));
        Step {
            chapter: chapter_begins.then(|| chapter_of_number(&place.chapter)),
            category: category
                .filter(|_| category_begins)
                .map(|code| (code, place.category_title.as_str())),
            node: (node_begins && !(is_category && place.standing == NodeStanding::InBoth))
                .then_some(place),
            change,
        }
    })
}

fn chapter_of_number(number: &str) -> Option<&'static Chapter> {
    chapters(DocumentKind::Tabular.code_set())
        .iter()
        .find(|chapter| chapter.label == number)
}

/// The counts of one kind of note.
pub(super) struct NoteCountLine {
    /// The kind, in words.
    pub(super) label: &'static str,
    /// Added, of these with new codes; removed, of these with deleted codes; reworded; moved here.
    pub(super) counts: [u64; 6],
}

/// What the columns of [`NoteCountLine::counts`] are.
pub(super) const COUNT_COLUMNS: [&str; 6] = [
    "added",
    "of new codes",
    "removed",
    "of deleted codes",
    "reworded",
    "moved here",
];

/// Counts each kind of note that changed.
pub(super) fn note_counts(report: &NotesReport) -> Vec<NoteCountLine> {
    let line = |kind: NoteKind| {
        let count = |change| report.count_notes(change, kind);
        let added = count(NoteChangeKind::NoteAdded);
        let removed = count(NoteChangeKind::NoteRemoved);
        NoteCountLine {
            label: note_kind_label(kind),
            counts: [
                added.all,
                added.with_node,
                removed.all,
                removed.with_node,
                count(NoteChangeKind::NoteReworded).all,
                count(NoteChangeKind::NoteMoved).all,
            ],
        }
    };
    let lines = NoteKind::ALL.into_iter().map(line);
    lines
        .filter(|line| line.counts.iter().any(|count| *count > 0))
        .collect()
}

/// Returns in lines what else is to be counted: moves between kinds, 7th characters, the book's places.
pub(super) fn other_counts(report: &NotesReport) -> Vec<String> {
    let mut sentences: Vec<String> = report
        .moves()
        .into_iter()
        .map(|(from, to, count)| {
            format!(
                "moved from {} to {}: {}",
                note_kind_label(from),
                note_kind_label(to),
                grouped(count)
            )
        })
        .collect();
    for kind in NoteChangeKind::ALL {
        let count = report.count(kind).all;
        let words = match kind {
            NoteChangeKind::NoteAdded
            | NoteChangeKind::NoteRemoved
            | NoteChangeKind::NoteReworded
            | NoteChangeKind::NoteMoved => continue,
            NoteChangeKind::SeventhCharacters => "7th characters defined otherwise",
            NoteChangeKind::HeadingAdded => "new chapters, blocks or sections",
            NoteChangeKind::HeadingRemoved => "removed chapters, blocks or sections",
            NoteChangeKind::RangeChanged => "blocks with another range",
            NoteChangeKind::TitleRevised => "revised titles of chapters or blocks",
            NoteChangeKind::PlaceMoved => "codes, categories or blocks moved in the book",
            NoteChangeKind::Placeholder => "changed flags of a placeholder X",
            NoteChangeKind::VisualImpairment => "changed tables of visual impairment",
        };
        if count > 0 {
            sentences.push(format!("{words}: {}", grouped(count)));
        }
    }
    sentences
}

/// Writes the changes of the notes as text, to stand below those of the codes.
pub(super) fn text(out: &mut String, report: &NotesReport, style: Style) {
    let _ = writeln!(out, "\n{}", style.bold("Tabular list"));
    if report.changes.is_empty() {
        let _ = writeln!(out, "Nothing changed in the notes.");
        return;
    }
    let counts = note_counts(report);
    if !counts.is_empty() {
        let _ = write!(out, "{:<20}", "notes");
        for column in COUNT_COLUMNS {
            let _ = write!(out, "  {column:>width$}", width = column.len().max(7));
        }
        out.push('\n');
    }
    for line in counts {
        let _ = write!(out, "{:<20}", line.label);
        for (column, count) in COUNT_COLUMNS.into_iter().zip(line.counts) {
            let count = grouped(count);
            let _ = write!(out, "  {count:>width$}", width = column.len().max(7));
        }
        out.push('\n');
    }
    for sentence in other_counts(report) {
        let _ = writeln!(out, "{sentence}");
    }
    for step in steps(report) {
        if let Some(chapter) = step.chapter {
            let heading = chapter.map_or_else(
                || "Introduction".to_owned(),
                super::changes::chapter_heading,
            );
            let _ = writeln!(out, "\n{}", style.bold(&heading));
        }
        if let Some((code, title)) = step.category {
            let code = style.bold(&style.code(&code));
            let _ = writeln!(out, "  {code}  {title}");
        }
        if let Some(place) = step.node {
            let indent = if place.node.kind == NodeKind::Code {
                "    "
            } else {
                "  "
            };
            let _ = writeln!(out, "{indent}{}", node_heading(place, style));
        }
        one(out, step.change, style);
    }
}

fn node_heading(place: &NotePlace, style: Style) -> String {
    let words = standing_words(place);
    let name = style.bold(&node_name(&place.node, style));
    if words.is_empty() {
        return format!("{name}  {}", place.title);
    }
    let words = match place.standing {
        NodeStanding::Gone => style.bad(&format!("({words})")),
        _ => style.good(&format!("({words})")),
    };
    format!("{name}  {}  {words}", place.title)
}

fn one(out: &mut String, change: &NoteChange, style: Style) {
    let word = format!("{:<9}", label(&change.edit));
    let painted = match &change.edit {
        NoteEdit::NoteAdded { .. } | NoteEdit::HeadingAdded => style.good(&word),
        NoteEdit::NoteRemoved { .. } | NoteEdit::HeadingRemoved => style.bad(&word),
        _ => style.doubtful(&word),
    };
    let lines = lines(change, style);
    let is_list = matches!(
        change.edit,
        NoteEdit::SeventhCharacters { .. } | NoteEdit::VisualImpairment { .. }
    );
    if is_list {
        let _ = writeln!(out, "      {painted}");
        for line in lines {
            for (word, text) in [("old", &line.old), ("new", &line.new)] {
                if let Some(text) = text {
                    let _ = writeln!(out, "        {word}  {}  {text}", line.what);
                }
            }
        }
        return;
    }
    for line in lines {
        let what = line.what;
        match (line.old, line.new) {
            (Some(old), Some(new)) if old != new => {
                let (old, new) = marked_line(&old, &new, style);
                let _ = writeln!(out, "      {painted} {what}");
                let _ = writeln!(out, "        old  {old}\n        new  {new}");
            }
            (old, new) => {
                let text = new.or(old).unwrap_or_default();
                let colon = if what.is_empty() { "" } else { ": " };
                let _ = writeln!(out, "      {painted} {what}{colon}{text}");
            }
        }
    }
}

/// Writes the changes of the notes as Markdown, to stand below those of the codes.
pub(super) fn markdown(out: &mut String, report: &NotesReport, style: Style) {
    let _ = writeln!(out, "\n# Tabular list\n");
    if report.changes.is_empty() {
        let _ = writeln!(out, "Nothing changed in the notes.");
        return;
    }
    let counts = note_counts(report);
    if !counts.is_empty() {
        let _ = writeln!(out, "| notes | {} |", COUNT_COLUMNS.join(" | "));
        let _ = writeln!(out, "|---|{}", "---:|".repeat(COUNT_COLUMNS.len()));
    }
    for line in counts {
        let counts: Vec<String> = line.counts.into_iter().map(grouped).collect();
        let _ = writeln!(out, "| {} | {} |", line.label, counts.join(" | "));
    }
    let others = other_counts(report);
    if !others.is_empty() {
        let _ = writeln!(out);
    }
    for sentence in others {
        let _ = writeln!(out, "- {sentence}");
    }
    for step in steps(report) {
        if let Some(chapter) = step.chapter {
            let heading = chapter.map_or_else(
                || "Introduction".to_owned(),
                super::changes::chapter_heading,
            );
            let _ = writeln!(out, "\n## {}", escape(&heading));
        }
        if let Some((code, title)) = step.category {
            let code = style.code(&code);
            let _ = writeln!(out, "\n### {code} {}\n", escape(title));
        } else if step.chapter.is_some() {
            let _ = writeln!(out);
        }
        let place = &step.change.place;
        let name = node_name(&place.node, style);
        let words = standing_words(place);
        let comma = if words.is_empty() { "" } else { ", " };
        let about = format!("{}{comma}{words}", label(&step.change.edit));
        for line in lines(step.change, style) {
            let what = escape(&line.what);
            match (line.old, line.new) {
                (Some(old), Some(new)) if old != new => {
                    let (old, new) = mark(&old, &new);
                    let (old, new) = (marked_markdown(&old, "~~"), marked_markdown(&new, "**"));
                    let _ = writeln!(out, "- **{name}** ({about}) {what}");
                    let _ = writeln!(out, "  - old: {old}\n  - new: {new}");
                }
                (old, new) => {
                    let text = escape(&new.or(old).unwrap_or_default());
                    let colon = if what.is_empty() { "" } else { ": " };
                    let _ = writeln!(out, "- **{name}** ({about}) {what}{colon}{text}");
                }
            }
        }
    }
}

/// The columns that notes add to the CSV.
pub const CSV_COLUMNS: [&str; 8] = [
    "node_kind",
    "node",
    "node_title",
    "standing",
    "old_note_kind",
    "new_note_kind",
    "old_note",
    "new_note",
];

/// Returns the rows of a change for the CSV: of 7th characters and tables one for each that differs.
pub(super) fn csv_rows(change: &NoteChange) -> Vec<[String; 8]> {
    let place = &change.place;
    let kind_name = |kind: Option<NoteKind>| kind.map_or("", NoteKind::name).to_owned();
    let (old_kind, new_kind) = match &change.edit {
        NoteEdit::NoteMoved { from, to, .. } => (Some(*from), Some(*to)),
        NoteEdit::NoteAdded { kind, .. } => (None, Some(*kind)),
        NoteEdit::NoteRemoved { kind, .. } => (Some(*kind), None),
        edit => (edit.note_kind(), edit.note_kind()),
    };
    let is_seventh = matches!(change.edit, NoteEdit::SeventhCharacters { .. });
    lines(change, Style::PLAIN)
        .into_iter()
        .map(|line| {
            let text = |text: Option<String>| match text {
                Some(text) if is_seventh => format!("{}: {text}", line.what),
                text => text.unwrap_or_default(),
            };
            [
                place.node.kind.name().to_owned(),
                place.node.name.clone(),
                place.title.clone(),
                place.standing.name().to_owned(),
                kind_name(old_kind),
                kind_name(new_kind),
                text(line.old),
                text(line.new),
            ]
        })
        .collect()
}
