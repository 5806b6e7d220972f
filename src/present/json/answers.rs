//! The answers of a check and the life of a code.

use serde::Serialize;

use super::lineage::{self, LineageJson, PoaJson, RetirementJson};
use super::show::{PcsJson, pcs};
use super::{EntryJson, WarningJson, to_text, warnings_json};
use crate::error::Result;
use crate::model::{Answer, Basis, CodeHistory, UnknownReason, Verdict, day_before};

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub(super) struct CheckJson<'a> {
    schema: &'static str,
    answers: Vec<AnswerJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub(super) struct AnswerJson<'a> {
    asked: &'a str,
    code_set: &'static str,
    code: Option<&'a str>,
    code_dotted: Option<String>,
    date: String,
    through: Option<String>,
    verdict: &'static str,
    valid: bool,
    release: Option<String>,
    entry: Option<EntryJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billable_below: Option<Vec<EntryJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_day: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_day: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listed_again: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_beside: Option<Vec<EntryJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    siblings: Option<Vec<EntryJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    malformed_because: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<EntryJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<Vec<EntryJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_force_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<String>,
    last_known: Option<EntryJson<'a>>,
    download: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retirement: Option<RetirementJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pcs: Option<PcsJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_release: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_last_day: Option<String>,
    basis: Option<BasisJson<'a>>,
    later_bases: Vec<BasisJson<'a>>,
    warnings: Vec<WarningJson>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct BasisJson<'a> {
    release: String,
    file: &'a str,
    sha256: &'a str,
    provenance: &'static str,
    patch: Option<&'a str>,
}

fn basis_json(basis: &Basis) -> BasisJson<'_> {
    BasisJson {
        release: basis.release.to_string(),
        file: &basis.file.name,
        sha256: &basis.file.sha256,
        provenance: basis.provenance.name(),
        patch: basis.patch.as_deref(),
    }
}

/// Writes the answers of a check.
///
/// # Errors
/// [`crate::ErrorKind::Io`] if the JSON cannot be written.
pub fn answers(answers: &[Answer]) -> Result<String> {
    to_text(&CheckJson {
        schema: "codeyear/check/1",
        answers: answers.iter().map(answer_json).collect(),
    })
}

pub(super) fn answer_json(answer: &Answer) -> AnswerJson<'_> {
    let code_set = answer.code_set;
    let mut json = AnswerJson {
        asked: &answer.asked,
        code_set: code_set.id(),
        code: answer.code.as_ref().map(|code| code.as_str()),
        code_dotted: answer.code.map(|code| code.to_string()),
        date: answer.date.to_string(),
        through: answer.through.map(|day| day.to_string()),
        verdict: answer.verdict.name(),
        valid: matches!(answer.verdict, Verdict::Billable { .. }),
        release: answer.basis.as_ref().map(|basis| basis.release.to_string()),
        entry: answer.verdict.entry().map(EntryJson::new),
        billable_below: None,
        first_day: None,
        last_day: None,
        exact: None,
        listed_again: None,
        new_beside: None,
        siblings: None,
        reason: None,
        malformed_because: None,
        parent: None,
        nearest: None,
        in_force_from: None,
        listed_by: None,
        needed: None,
        last_known: None,
        download: None,
        retirement: answer
            .retirement
            .as_ref()
            .map(|retirement| lineage::retirement(retirement)),
        pcs: answer.pcs.as_ref().map(pcs),
        previous_release: None,
        previous_last_day: None,
        basis: answer.basis.as_ref().map(basis_json),
        later_bases: answer.later_bases.iter().map(basis_json).collect(),
        warnings: warnings_json(&answer.warnings),
    };
    match &answer.verdict {
        Verdict::Billable { .. } => {}
        Verdict::Header { billable_below, .. } => {
            json.billable_below = Some(EntryJson::list(billable_below));
        }
        Verdict::NotYetEffective {
            first_day, exact, ..
        } => {
            json.first_day = Some(first_day.to_string());
            json.exact = Some(*exact);
        }
        Verdict::Deleted {
            last_day,
            exact,
            listed_again,
            new_beside,
            siblings,
            ..
        } => {
            json.last_day = Some(last_day.to_string());
            json.exact = Some(*exact);
            json.listed_again = listed_again.map(|day| day.to_string());
            json.new_beside = Some(EntryJson::list(new_beside));
            json.siblings = Some(EntryJson::list(siblings));
        }
        Verdict::Unknown { reason } => match reason {
            UnknownReason::Malformed { reason } => {
                json.reason = Some("malformed");
                json.malformed_because = Some(reason.to_string());
            }
            UnknownReason::MissingSeventhCharacter { options } => {
                json.reason = Some("missing-seventh-character");
                json.nearest = Some(EntryJson::list(options));
            }
            UnknownReason::NotListed { parent, nearest } => {
                json.reason = Some("not-listed");
                json.parent = parent.as_ref().map(EntryJson::new);
                json.nearest = Some(EntryJson::list(nearest));
            }
        },
        Verdict::NotInForce {
            in_force_from,
            listed_by,
        } => {
            json.in_force_from = Some(in_force_from.to_string());
            json.listed_by = listed_by.as_ref().map(|(release, _)| release.to_string());
        }
        Verdict::NotCovered {
            needed,
            previous,
            last,
        } => {
            json.needed = Some(needed.to_string());
            json.previous_release = previous.as_ref().map(|(release, _)| release.to_string());
            json.previous_last_day = previous.as_ref().map(|(_, day)| day.to_string());
            json.last_known = last.as_ref().map(EntryJson::new);
            json.download = answer.download.as_deref();
        }
    }
    json
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub(super) struct HistoryJson<'a> {
    schema: &'static str,
    #[serde(flatten)]
    body: HistoryBody<'a>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub(super) struct HistoryBody<'a> {
    code_set: &'static str,
    code: &'a str,
    code_dotted: String,
    covered_through: String,
    deleted_from: Option<String>,
    deleted_by: Option<String>,
    spans: Vec<SpanJson<'a>>,
    lineage: LineageJson<'a>,
    poa: Vec<PoaJson>,
    gaps: Vec<DaysJson>,
    rebuilt: Vec<String>,
    warnings: Vec<WarningJson>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct SpanJson<'a> {
    valid_from: String,
    valid_to: String,
    last_day: String,
    in_force: bool,
    first_release: String,
    last_release: String,
    entry: EntryJson<'a>,
    patch: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct DaysJson {
    from: String,
    through: String,
}

/// Writes the life of a code.
///
/// # Errors
/// [`crate::ErrorKind::Io`] if the JSON cannot be written.
pub fn history(history: &CodeHistory) -> Result<String> {
    to_text(&HistoryJson {
        schema: "codeyear/history/1",
        body: history_body(history),
    })
}

pub(super) fn history_body(history: &CodeHistory) -> HistoryBody<'_> {
    let code_set = history.code_set;
    HistoryBody {
        code_set: code_set.id(),
        code: history.code.as_str(),
        code_dotted: history.code.to_string(),
        covered_through: history.covered_through.to_string(),
        deleted_from: history.deleted_by.map(|(_, day)| day.to_string()),
        deleted_by: history.deleted_by.map(|(release, _)| release.to_string()),
        spans: history
            .spans
            .iter()
            .map(|span| SpanJson {
                valid_from: span.valid_from.to_string(),
                valid_to: span.valid_to.to_string(),
                last_day: day_before(span.valid_to).to_string(),
                in_force: span.in_force,
                first_release: span.first_release.to_string(),
                last_release: span.last_release.to_string(),
                entry: EntryJson::new(&span.entry),
                patch: span.patch.as_deref(),
            })
            .collect(),
        lineage: lineage::lineage(&history.lineage),
        poa: lineage::poa(&history.lineage.poa),
        gaps: history
            .gaps
            .iter()
            .map(|(from, through)| DaysJson {
                from: from.to_string(),
                through: through.to_string(),
            })
            .collect(),
        rebuilt: history.rebuilt.iter().map(ToString::to_string).collect(),
        warnings: warnings_json(&history.warnings),
    }
}
