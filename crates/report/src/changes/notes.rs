//! What changed in the tabular list: as part of a report, and as rows of the CSV.

use crate::note::note_kind_label;
use crate::tree::{Block, ChangedNote, Column, EditLine, Table, Text};
use crate::{Style, grouped};
use codeyear_core::model::{
    Chapter, Code, DocumentKind, NodeKind, NodeName, NodeStanding, NoteChange, NoteChangeKind,
    NoteEdit, NoteKind, NotePlace, NotesReport, chapters,
};

/// Returns how a node that only one list has stands to the other: `new code`; nothing of one that both have.
fn standing_words(place: &NotePlace) -> &'static str {
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

/// Returns the name of a node as the book has it: `chapter 2`, `C00-C14`, `C7A.0`.
fn node_name(node: &NodeName, style: Style) -> String {
    match node.kind {
        NodeKind::Introduction => "Introduction".to_owned(),
        NodeKind::Chapter => format!("chapter {}", node.name),
        NodeKind::Block => node.name.clone(),
        NodeKind::Code => code_of(node).map_or_else(|| node.name.clone(), |code| style.code(&code)),
    }
}

/// Returns the name of a node with what it is, where the name alone does not tell: a block of one category has its name.
fn place_name(node: &NodeName, style: Style) -> String {
    match node.kind {
        NodeKind::Block => format!("block {}", node.name),
        _ => node_name(node, style),
    }
}

pub(crate) fn code_of(node: &NodeName) -> Option<Code> {
    match node.kind {
        NodeKind::Code => DocumentKind::Tabular.code_set().parse_code(&node.name).ok(),
        _ => None,
    }
}

/// Cuts a change into lines: one, but for 7th characters and tables, where each that differs has its own.
fn lines(change: &NoteChange, style: Style) -> Vec<EditLine> {
    let title = change.place.title.as_str();
    let line = match &change.edit {
        NoteEdit::HeadingAdded => EditLine::new("", None, Some(title)),
        NoteEdit::HeadingRemoved => EditLine::new("", Some(title), None),
        NoteEdit::RangeChanged { old, new } => EditLine::new("", Some(old), Some(new)),
        NoteEdit::TitleRevised { old, new } => EditLine::new("", Some(old), Some(new)),
        NoteEdit::PlaceMoved { from, to } => EditLine::new(
            "location",
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
fn label(edit: &NoteEdit) -> &'static str {
    match edit {
        NoteEdit::NoteMoved { .. } | NoteEdit::PlaceMoved { .. } => "moved",
        NoteEdit::NoteReworded { .. } if edit.is_spacing_only() => "spacing",
        _ => edit.kind().label(),
    }
}

/// A change with the headings that begin with it.
struct Step<'a> {
    /// The chapter, if it begins; without one, the introduction.
    chapter: Option<Option<&'static Chapter>>,
    /// The category that begins, if the change stands in one: code and title.
    category: Option<(Code, &'a str)>,
    /// Whether a place begins that is not that category.
    begins_place: bool,
    /// The change.
    change: &'a NoteChange,
}

/// Walks the changes in the order of the book.
fn steps(report: &NotesReport) -> impl Iterator<Item = Step<'_>> {
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
            begins_place: node_begins && !(is_category && place.standing == NodeStanding::InBoth),
            change,
        }
    })
}

fn chapter_of_number(number: &str) -> Option<&'static Chapter> {
    chapters(DocumentKind::Tabular.code_set())
        .iter()
        .find(|chapter| chapter.label == number)
}

/// What is counted of each kind of note: added, of these with new codes; removed, of these with deleted codes;
/// reworded; moved here.
const COUNT_COLUMNS: [&str; 6] = [
    "added",
    "of new codes",
    "removed",
    "of deleted codes",
    "reworded",
    "moved here",
];

/// Counts each kind of note that changed: its name, and a number for each of [`COUNT_COLUMNS`].
fn note_counts(report: &NotesReport) -> Vec<Vec<String>> {
    let counts = |kind: NoteKind| {
        let count = |change| report.count_notes(change, kind);
        let added = count(NoteChangeKind::NoteAdded);
        let removed = count(NoteChangeKind::NoteRemoved);
        let counts = [
            added.all,
            added.with_node,
            removed.all,
            removed.with_node,
            count(NoteChangeKind::NoteReworded).all,
            count(NoteChangeKind::NoteMoved).all,
        ];
        (kind, counts)
    };
    NoteKind::ALL
        .into_iter()
        .map(counts)
        .filter(|(_, counts)| counts.iter().any(|count| *count > 0))
        .map(|(kind, counts)| {
            let label = note_kind_label(kind).to_owned();
            [label].into_iter().chain(counts.map(grouped)).collect()
        })
        .collect()
}

/// Returns in lines what else is to be counted: moves between kinds, 7th characters, the book's places.
fn other_counts(report: &NotesReport) -> Vec<String> {
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
            NoteChangeKind::SeventhCharacters => "7th characters changed",
            NoteChangeKind::HeadingAdded => "new chapters, blocks or sections",
            NoteChangeKind::HeadingRemoved => "removed chapters, blocks or sections",
            NoteChangeKind::RangeChanged => "blocks with a new range",
            NoteChangeKind::TitleRevised => "revised titles of chapters or blocks",
            NoteChangeKind::PlaceMoved => "codes, categories or blocks moved",
            NoteChangeKind::Placeholder => "changed flags of a placeholder X",
            NoteChangeKind::VisualImpairment => "changed tables of visual impairment",
        };
        if count > 0 {
            sentences.push(format!("{words}: {}", grouped(count)));
        }
    }
    sentences
}

/// Returns what changed in the tabular list, to stand below the changes of the codes.
pub(crate) fn blocks(report: &NotesReport, style: Style) -> Vec<Block<'_>> {
    let mut blocks = vec![Block::Heading {
        level: 1,
        words: "Tabular list".to_owned(),
    }];
    if report.changes.is_empty() {
        blocks.push(Block::Sentence(vec!["No changes in the notes.".into()]));
        return blocks;
    }
    let rows = note_counts(report);
    if !rows.is_empty() {
        let number = |heading: &'static str| Column::number(heading, heading.len().max(7) + 1);
        let columns = [Column::rows("notes", 20)].into_iter();
        blocks.push(Block::Table(Table {
            about: None,
            columns: columns.chain(COUNT_COLUMNS.map(number)).collect(),
            rows,
            more: None,
            note: None,
        }));
    }
    let others = other_counts(report);
    if !others.is_empty() {
        let others = others.into_iter().map(Text::from);
        blocks.push(Block::List(others.collect()));
    }
    for step in steps(report) {
        blocks.extend(step.chapter.map(|chapter| match chapter {
            Some(chapter) => Block::Chapter(chapter),
            None => Block::Heading {
                level: 2,
                words: "Introduction".to_owned(),
            },
        }));
        let category = step.category;
        blocks.extend(category.map(|(code, title)| Block::CodeHeading { code, title }));
        let place = &step.change.place;
        blocks.push(Block::NoteChange(ChangedNote {
            change: step.change,
            begins_place: step.begins_place,
            name: node_name(&place.node, style),
            standing: standing_words(place),
            label: label(&step.change.edit),
            lines: lines(step.change, style),
        }));
    }
    blocks
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
pub(crate) fn csv_rows(change: &NoteChange) -> Vec<[String; 8]> {
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
