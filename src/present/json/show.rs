//! The coder's page, the comparison of two codes, and what a search found.

use serde::Serialize;

use super::answers::{AnswerJson, HistoryBody, answer_json, history_body};
use super::lineage::{self, PoaJson};
use super::{EntryJson, WarningJson, to_text, warnings_json};
use crate::error::Result;
use crate::model::{
    CodePage, CodeSet, Comparison, DocumentKind, DocumentSource, FoundIn, FoundStanding,
    LastChange, NotesAt, PcsDefinition, PcsPage, PlaceInBook, SearchReport,
};

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub(super) struct ShowJson<'a> {
    schema: &'static str,
    page: PageJson<'a>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub(super) struct CompareJson<'a> {
    schema: &'static str,
    common: Vec<PlaceJson<'a>>,
    mentions: Vec<MentionJson<'a>>,
    left: PageJson<'a>,
    right: PageJson<'a>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct PageJson<'a> {
    answer: AnswerJson<'a>,
    breadcrumb: Vec<PlaceJson<'a>>,
    tabular: Option<ConsultedJson<'a>>,
    notes: Vec<NoteJson<'a>>,
    seventh_characters: Option<SeventhJson<'a>>,
    visual_impairment: Vec<VisualJson<'a>>,
    children: Vec<EntryJson<'a>>,
    siblings: Vec<EntryJson<'a>>,
    index: Vec<IndexJson<'a>>,
    poa_on_date: Option<PoaJson>,
    last_changed: Option<String>,
    last_changed_by: Option<String>,
    unchanged_since: Option<String>,
    history: Option<HistoryBody<'a>>,
    pcs: Option<PcsJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct PlaceJson<'a> {
    kind: &'static str,
    name: &'a str,
    title: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct ConsultedJson<'a> {
    document: &'static str,
    release: Option<String>,
    missing: Option<String>,
    nearest: Option<String>,
    file: Option<&'a str>,
    sha256: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct NoteJson<'a> {
    place: PlaceJson<'a>,
    groups: Vec<GroupJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct GroupJson<'a> {
    kind: &'static str,
    notes: &'a [String],
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct SeventhJson<'a> {
    defined_at: &'a str,
    characters: Vec<CharacterJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct CharacterJson<'a> {
    character: char,
    meaning: &'a str,
    continuations: &'a [String],
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct VisualJson<'a> {
    category: &'a str,
    ranges: Vec<VisualRangeJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct VisualRangeJson<'a> {
    heading: &'a str,
    less_than: &'a str,
    at_least: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct IndexJson<'a> {
    consulted: ConsultedJson<'a>,
    links: Vec<IndexLinkJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct IndexLinkJson<'a> {
    path: &'a str,
    kind: &'a str,
    heading: Option<&'a str>,
    reference: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct MentionJson<'a> {
    at: &'a str,
    kind: &'static str,
    note: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub(super) struct PcsJson<'a> {
    tables: ConsultedJson<'a>,
    definitions: ConsultedJson<'a>,
    characters: Vec<PcsCharacterJson<'a>>,
    allowed: Vec<AllowedJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct PcsCharacterJson<'a> {
    position: u8,
    axis: &'a str,
    character: char,
    label: Option<&'a str>,
    definition: Option<&'a str>,
    explanation: Option<&'a str>,
    includes: &'a [String],
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct AllowedJson<'a> {
    character: char,
    label: &'a str,
}

fn place(place: &PlaceInBook) -> PlaceJson<'_> {
    PlaceJson {
        kind: place.kind.name(),
        name: &place.name,
        title: &place.title,
    }
}

fn consulted(consulted: &DocumentSource, document: DocumentKind) -> ConsultedJson<'_> {
    let document = document.name();
    match consulted {
        DocumentSource::Own { release, file } => ConsultedJson {
            document,
            release: Some(release.to_string()),
            missing: None,
            nearest: None,
            file: Some(&file.name),
            sha256: Some(&file.sha256),
        },
        DocumentSource::Nearest {
            missing,
            release,
            file,
        } => ConsultedJson {
            document,
            release: Some(release.to_string()),
            missing: Some(missing.to_string()),
            nearest: Some(release.to_string()),
            file: Some(&file.name),
            sha256: Some(&file.sha256),
        },
        DocumentSource::Missing { missing, nearest } => ConsultedJson {
            document,
            release: None,
            missing: Some(missing.to_string()),
            nearest: nearest.map(|nearest| nearest.to_string()),
            file: None,
            sha256: None,
        },
    }
}

fn notes(notes: &NotesAt) -> NoteJson<'_> {
    NoteJson {
        place: place(&notes.place),
        groups: notes
            .groups
            .iter()
            .map(|group| GroupJson {
                kind: group.kind.name(),
                notes: &group.notes,
            })
            .collect(),
    }
}

pub(super) fn pcs(page: &PcsPage) -> PcsJson<'_> {
    PcsJson {
        tables: consulted(&page.tables, DocumentKind::PcsTables),
        definitions: consulted(&page.definitions, DocumentKind::PcsDefinitions),
        characters: page
            .characters
            .iter()
            .map(|character| {
                let found = character.definition.as_ref();
                let text = |of: fn(&PcsDefinition) -> &Option<String>| {
                    found.and_then(|found| of(found).as_deref())
                };
                PcsCharacterJson {
                    position: character.position,
                    axis: &character.axis,
                    character: character.character,
                    label: character.label.as_deref(),
                    definition: text(|found| &found.definition),
                    explanation: text(|found| &found.explanation),
                    includes: found.map_or(&[], |found| found.includes.as_slice()),
                }
            })
            .collect(),
        allowed: page
            .allowed
            .iter()
            .map(|(character, label)| AllowedJson {
                character: *character,
                label,
            })
            .collect(),
    }
}

fn page(page: &CodePage) -> PageJson<'_> {
    let (changed, unchanged_since) = match page.last_change {
        Some(LastChange::On { day, release }) => (Some((day, release)), None),
        Some(LastChange::UnchangedSince { release, .. }) => (None, Some(release)),
        None => (None, None),
    };
    PageJson {
        answer: answer_json(&page.answer),
        breadcrumb: page.breadcrumb.iter().map(place).collect(),
        tabular: page
            .tabular
            .as_ref()
            .map(|found| consulted(found, DocumentKind::Tabular)),
        notes: page.notes.iter().map(notes).collect(),
        seventh_characters: page.seventh_characters.as_ref().map(|seventh| SeventhJson {
            defined_at: seventh.defined_at.as_str(),
            characters: seventh
                .characters
                .iter()
                .map(|character| CharacterJson {
                    character: character.character,
                    meaning: &character.text,
                    continuations: &character.continuations,
                })
                .collect(),
        }),
        visual_impairment: page
            .visual_impairment
            .iter()
            .map(|category| VisualJson {
                category: &category.category,
                ranges: category
                    .ranges
                    .iter()
                    .map(|range| VisualRangeJson {
                        heading: &range.heading,
                        less_than: &range.less_than,
                        at_least: &range.at_least,
                    })
                    .collect(),
            })
            .collect(),
        children: EntryJson::list(&page.children),
        siblings: EntryJson::list(&page.siblings),
        index: page
            .index
            .iter()
            .map(|entries| IndexJson {
                consulted: consulted(&entries.consulted, DocumentKind::Index(entries.kind)),
                links: entries
                    .links
                    .iter()
                    .map(|link| IndexLinkJson {
                        path: &link.path,
                        kind: link.by.name(),
                        heading: link.by.heading(),
                        reference: &link.reference,
                    })
                    .collect(),
            })
            .collect(),
        poa_on_date: page.poa.as_ref().map(lineage::poa_span),
        last_changed: changed.map(|(day, _)| day.to_string()),
        last_changed_by: changed.map(|(_, release)| release.to_string()),
        unchanged_since: unchanged_since.map(|release| release.to_string()),
        history: page.history.as_ref().map(history_body),
        pcs: page.pcs.as_ref().map(pcs),
    }
}

/// Writes the coder's page of a code.
///
/// # Errors
/// [`crate::ErrorKind::Io`] if the JSON cannot be written.
pub fn show(found: &CodePage) -> Result<String> {
    to_text(&ShowJson {
        schema: "codeyear/show/1",
        page: page(found),
    })
}

/// Writes how two codes differ.
///
/// # Errors
/// [`crate::ErrorKind::Io`] if the JSON cannot be written.
pub fn compare(comparison: &Comparison) -> Result<String> {
    to_text(&CompareJson {
        schema: "codeyear/compare/1",
        common: comparison.common.iter().map(place).collect(),
        mentions: comparison
            .mentions
            .iter()
            .map(|mention| MentionJson {
                at: mention.at.as_str(),
                kind: mention.kind.name(),
                note: &mention.note,
            })
            .collect(),
        left: page(&comparison.left),
        right: page(&comparison.right),
    })
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub(super) struct SearchJson<'a> {
    schema: &'static str,
    code_set: &'static str,
    words: &'a str,
    date: String,
    release: String,
    provenance: &'static str,
    more: bool,
    found: Vec<FoundJson<'a>>,
    warnings: Vec<WarningJson>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct FoundJson<'a> {
    code: String,
    code_dotted: String,
    standing: &'static str,
    first_day: Option<String>,
    last_day: Option<String>,
    entry: EntryJson<'a>,
    found_in: &'static str,
    text: Option<&'a str>,
    document: Option<&'static str>,
    document_release: Option<String>,
}

/// Writes what a search found.
///
/// # Errors
/// [`crate::ErrorKind::Io`] if the JSON cannot be written.
pub fn search(report: &SearchReport) -> Result<String> {
    let code_set: CodeSet = report.code_set;
    to_text(&SearchJson {
        schema: "codeyear/search/1",
        code_set: code_set.id(),
        words: &report.words,
        date: report.date.to_string(),
        release: report.release.to_string(),
        provenance: report.provenance.name(),
        more: report.more,
        found: report
            .found
            .iter()
            .map(|found| {
                let (found_in, text, document, release) = match &found.found_in {
                    FoundIn::Code => ("code", None, None, None),
                    FoundIn::Title => ("title", None, None, None),
                    FoundIn::InclusionTerm { term, release } => (
                        "inclusion-term",
                        Some(term.as_str()),
                        Some(DocumentKind::Tabular),
                        Some(release),
                    ),
                    FoundIn::Index {
                        kind,
                        path,
                        release,
                    } => (
                        "index",
                        Some(path.as_str()),
                        Some(DocumentKind::Index(*kind)),
                        Some(release),
                    ),
                };
                FoundJson {
                    code: found.code.as_str().to_owned(),
                    code_dotted: found.code.to_string(),
                    standing: found.standing.kind().name(),
                    first_day: match found.standing {
                        FoundStanding::NotYetEffective(day) => Some(day.to_string()),
                        _ => None,
                    },
                    last_day: match found.standing {
                        FoundStanding::Deleted(day) => Some(day.to_string()),
                        _ => None,
                    },
                    entry: EntryJson::new(&found.entry),
                    found_in,
                    text,
                    document: document.map(DocumentKind::name),
                    document_release: release.map(ToString::to_string),
                }
            })
            .collect(),
        warnings: warnings_json(&report.warnings),
    })
}
