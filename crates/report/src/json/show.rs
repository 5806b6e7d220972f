//! The coder's page, the comparison of two codes, and what a search found.

use chrono::NaiveDate;
use serde::Serialize;

use super::answers::{AnswerJson, HistoryBody, answer_json, history_body};
use super::lineage::{self, PoaJson};
use super::pcs::{ConsultedJson, PcsJson, consulted, pcs};
use super::{WarningJson, to_text, warnings_json};
use codeyear_core::error::Result;
use codeyear_core::model::{
    Code, CodePage, CodeSet, Comparison, Difference, DocumentKind, Entry, FoundIn, FoundStanding,
    LastChange, LookElsewhere, Mention, Neighbors, NotesAt, NotesNaming, PlaceInBook, Provenance,
    RecentChange, ReleaseId, SearchReport, SeventhCharacters, VerdictKind, VisualCategory,
};

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct ShowJson<'a> {
    schema: &'static str,
    page: PageJson<'a>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct CompareJson<'a> {
    schema: &'static str,
    common: &'a [PlaceInBook],
    mentions: &'a [Mention],
    left: PageJson<'a>,
    right: PageJson<'a>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct PageJson<'a> {
    answer: AnswerJson<'a>,
    breadcrumb: &'a [PlaceInBook],
    tabular: Option<ConsultedJson<'a>>,
    notes: &'a [NotesAt],
    seventh_characters: Option<&'a SeventhCharacters>,
    visual_impairment: &'a [VisualCategory],
    children: &'a [Entry],
    siblings: &'a [Entry],
    index: Vec<IndexJson<'a>>,
    poa_on_date: Option<PoaJson>,
    last_changed: Option<NaiveDate>,
    last_changed_by: Option<ReleaseId>,
    unchanged_since: Option<ReleaseId>,
    history: Option<HistoryBody<'a>>,
    pcs: Option<PcsJson<'a>>,
    neighbors: &'a Neighbors,
    named_in: &'a [NotesNaming],
    difference: Option<&'a Difference>,
    recent_change: Option<RecentChange>,
    verified_on: Option<NaiveDate>,
    verified_outcome: Option<&'static str>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct IndexJson<'a> {
    consulted: ConsultedJson<'a>,
    links: Vec<IndexLinkJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct IndexLinkJson<'a> {
    path: &'a str,
    kind: &'a str,
    heading: Option<&'a str>,
    reference: &'a str,
}

fn page(page: &CodePage) -> PageJson<'_> {
    let (changed, unchanged_since) = match page.last_change {
        Some(LastChange::On { day, release }) => (Some((day, release)), None),
        Some(LastChange::UnchangedSince { release, .. }) => (None, Some(release)),
        None => (None, None),
    };
    PageJson {
        answer: answer_json(&page.answer, usize::MAX),
        breadcrumb: &page.breadcrumb,
        tabular: page
            .tabular
            .as_ref()
            .map(|found| consulted(found, DocumentKind::Tabular)),
        notes: &page.notes,
        seventh_characters: page.seventh_characters.as_ref(),
        visual_impairment: &page.visual_impairment,
        children: &page.children,
        siblings: &page.siblings,
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
        last_changed: changed.map(|(day, _)| day),
        last_changed_by: changed.map(|(_, release)| release),
        unchanged_since,
        history: page.history.as_ref().map(history_body),
        pcs: page.pcs.as_ref().map(pcs),
        neighbors: &page.neighbors,
        named_in: &page.named_in,
        difference: page.difference.as_ref(),
        recent_change: page.recent_change,
        verified_on: page.verified.as_ref().map(|proof| proof.checked_on),
        verified_outcome: page.verified.as_ref().map(|proof| proof.outcome.name()),
    }
}

/// Writes the coder's page of a code.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
pub fn show(found: &CodePage) -> Result<String> {
    to_text(&ShowJson {
        schema: "codeyear/show/1",
        page: page(found),
    })
}

/// Writes how two codes differ.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
pub fn compare(comparison: &Comparison) -> Result<String> {
    to_text(&CompareJson {
        schema: "codeyear/compare/1",
        common: &comparison.common,
        mentions: &comparison.mentions,
        left: page(&comparison.left),
        right: page(&comparison.right),
    })
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct SearchJson<'a> {
    schema: &'static str,
    code_set: CodeSet,
    words: &'a str,
    date: NaiveDate,
    release: ReleaseId,
    provenance: Provenance,
    more: bool,
    found: Vec<FoundJson<'a>>,
    read_as: Vec<ReadAsJson<'a>>,
    elsewhere: Vec<ElsewhereJson>,
    warnings: Vec<WarningJson>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct ReadAsJson<'a> {
    typed: &'a str,
    words: &'a str,
    kind: &'static str,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct ElsewhereJson {
    kind: &'static str,
    code_set: Option<CodeSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<NaiveDate>,
    code: Option<String>,
    text: String,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct FoundJson<'a> {
    #[serde(flatten, serialize_with = "codeyear_core::model::both_forms")]
    #[cfg_attr(feature = "schema", schema(value_type = codeyear_core::model::BothForms))]
    code: Code,
    standing: VerdictKind,
    first_day: Option<NaiveDate>,
    last_day: Option<NaiveDate>,
    entry: &'a Entry,
    found_in: &'static str,
    text: Option<&'a str>,
    document: Option<DocumentKind>,
    document_release: Option<ReleaseId>,
    left_out: &'a [String],
    instead_of: Option<Code>,
    from: Option<NaiveDate>,
    row: Option<u32>,
}

/// Writes what a search found.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
pub fn search(report: &SearchReport) -> Result<String> {
    to_text(&SearchJson {
        schema: "codeyear/search/1",
        code_set: report.code_set,
        words: &report.words,
        date: report.date,
        release: report.release,
        provenance: report.provenance,
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
                    } => ("index", Some(path.as_str()), Some(*kind), Some(release)),
                    FoundIn::NewerCode { release, .. } => (
                        "newer-code",
                        None,
                        Some(DocumentKind::ConversionTable),
                        Some(release),
                    ),
                    FoundIn::Below { .. } => ("below", None, None, None),
                };
                let (instead_of, from, row) = match found.found_in {
                    FoundIn::NewerCode { of, from, row, .. } => (Some(of), Some(from), Some(row)),
                    _ => (None, None, None),
                };
                FoundJson {
                    code: found.code,
                    standing: found.standing.kind(),
                    first_day: match found.standing {
                        FoundStanding::NotYetEffective(day) => Some(day),
                        _ => None,
                    },
                    last_day: match found.standing {
                        FoundStanding::Deleted(day) => Some(day),
                        _ => None,
                    },
                    entry: &found.entry,
                    found_in,
                    text,
                    document,
                    document_release: release.copied(),
                    left_out: &found.left_out,
                    instead_of,
                    from,
                    row,
                }
            })
            .collect(),
        read_as: report
            .read_as
            .iter()
            .map(|read| ReadAsJson {
                typed: &read.typed,
                words: &read.words,
                kind: read.kind.name(),
            })
            .collect(),
        elsewhere: report
            .elsewhere
            .iter()
            .map(|place| ElsewhereJson {
                kind: match place {
                    LookElsewhere::CodeSet(_) => "code-set",
                    LookElsewhere::NotCovered(..) => "not-covered",
                    LookElsewhere::Unlisted => "unlisted",
                    LookElsewhere::NotKept(_) => "not-kept",
                    LookElsewhere::Above(_) => "above",
                },
                code_set: match place {
                    LookElsewhere::CodeSet(code_set) | LookElsewhere::NotCovered(code_set, _) => {
                        Some(*code_set)
                    }
                    _ => None,
                },
                date: match place {
                    LookElsewhere::NotCovered(_, last) => Some(*last),
                    _ => None,
                },
                code: match place {
                    LookElsewhere::Above(code) => Some(code.as_str().to_owned()),
                    _ => None,
                },
                text: crate::found::elsewhere(*place),
            })
            .collect(),
        warnings: warnings_json(&report.warnings),
    })
}
