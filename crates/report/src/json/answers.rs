//! The answers of a check and the life of a code.

use chrono::NaiveDate;
use serde::Serialize;

use super::lineage::{self, LineageJson, PoaJson};
use super::show::{PcsJson, pcs};
use super::{WarningJson, to_text, warnings_json};
use codeyear_core::error::Result;
use codeyear_core::model::{
    Answer, Basis, Code, CodeHistory, CodeSet, Entry, ReleaseId, Retirement, UnknownReason,
    Verdict, VerdictKind, day_before,
};

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct CheckJson<'a> {
    schema: &'static str,
    answers: Vec<AnswerJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct AnswerJson<'a> {
    asked: &'a str,
    code_set: CodeSet,
    code: Option<Code>,
    code_dotted: Option<String>,
    date: NaiveDate,
    through: Option<NaiveDate>,
    verdict: VerdictKind,
    valid: bool,
    release: Option<ReleaseId>,
    entry: Option<&'a Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billable_below: Option<&'a [Entry]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_day: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_day: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listed_again: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_beside: Option<&'a [Entry]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    siblings: Option<&'a [Entry]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    malformed_because: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<&'a Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<&'a [Entry]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_force_from: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listed_by: Option<ReleaseId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<ReleaseId>,
    last_known: Option<&'a Entry>,
    download: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retirement: Option<&'a Retirement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pcs: Option<PcsJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_release: Option<ReleaseId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_last_day: Option<NaiveDate>,
    basis: Option<&'a Basis>,
    later_bases: &'a [Basis],
    warnings: Vec<WarningJson>,
}

/// Writes the answers of a check.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
pub fn answers(answers: &[Answer]) -> Result<String> {
    to_text(&CheckJson {
        schema: "codeyear/check/1",
        answers: answers.iter().map(answer_json).collect(),
    })
}

pub(super) fn answer_json(answer: &Answer) -> AnswerJson<'_> {
    let mut json = AnswerJson {
        asked: &answer.asked,
        code_set: answer.code_set,
        code: answer.code,
        code_dotted: answer.code.map(|code| code.to_string()),
        date: answer.date,
        through: answer.through,
        verdict: answer.verdict.kind(),
        valid: matches!(answer.verdict, Verdict::Billable { .. }),
        release: answer.basis.as_ref().map(|basis| basis.release),
        entry: answer.verdict.entry(),
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
        retirement: answer.retirement.as_ref(),
        pcs: answer.pcs.as_ref().map(pcs),
        previous_release: None,
        previous_last_day: None,
        basis: answer.basis.as_ref(),
        later_bases: &answer.later_bases,
        warnings: warnings_json(&answer.warnings),
    };
    match &answer.verdict {
        Verdict::Billable { .. } => {}
        Verdict::Header { billable_below, .. } => {
            json.billable_below = Some(billable_below);
        }
        Verdict::NotYetEffective {
            first_day, exact, ..
        } => {
            json.first_day = Some(*first_day);
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
            json.last_day = Some(*last_day);
            json.exact = Some(*exact);
            json.listed_again = *listed_again;
            json.new_beside = Some(new_beside);
            json.siblings = Some(siblings);
        }
        Verdict::Unknown { reason } => match reason {
            UnknownReason::Malformed { reason } => {
                json.reason = Some("malformed");
                json.malformed_because = Some(reason.to_string());
            }
            UnknownReason::MissingSeventhCharacter { options } => {
                json.reason = Some("missing-seventh-character");
                json.nearest = Some(options);
            }
            UnknownReason::NotListed { parent, nearest } => {
                json.reason = Some("not-listed");
                json.parent = parent.as_ref();
                json.nearest = Some(nearest);
            }
        },
        Verdict::NotInForce {
            in_force_from,
            listed_by,
        } => {
            json.in_force_from = Some(*in_force_from);
            json.listed_by = listed_by.as_ref().map(|(release, _)| *release);
        }
        Verdict::NotCovered {
            needed,
            previous,
            last,
        } => {
            json.needed = Some(*needed);
            json.previous_release = previous.map(|(release, _)| release);
            json.previous_last_day = previous.map(|(_, day)| day);
            json.last_known = last.as_ref();
            json.download = answer.download.as_deref();
        }
    }
    json
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct HistoryJson<'a> {
    schema: &'static str,
    #[serde(flatten)]
    body: HistoryBody<'a>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct HistoryBody<'a> {
    code_set: CodeSet,
    #[serde(flatten, serialize_with = "codeyear_core::model::both_forms")]
    #[cfg_attr(feature = "schema", schema(value_type = codeyear_core::model::BothForms))]
    code: Code,
    covered_through: NaiveDate,
    deleted_from: Option<NaiveDate>,
    deleted_by: Option<ReleaseId>,
    spans: Vec<SpanJson<'a>>,
    lineage: LineageJson<'a>,
    poa: Vec<PoaJson>,
    gaps: Vec<DaysJson>,
    rebuilt: &'a [ReleaseId],
    warnings: Vec<WarningJson>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct SpanJson<'a> {
    valid_from: NaiveDate,
    valid_to: NaiveDate,
    last_day: NaiveDate,
    in_force: bool,
    first_release: ReleaseId,
    last_release: ReleaseId,
    entry: &'a Entry,
    patch: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct DaysJson {
    from: NaiveDate,
    through: NaiveDate,
}

/// Writes the life of a code.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
pub fn history(history: &CodeHistory) -> Result<String> {
    to_text(&HistoryJson {
        schema: "codeyear/history/1",
        body: history_body(history),
    })
}

pub(super) fn history_body(history: &CodeHistory) -> HistoryBody<'_> {
    HistoryBody {
        code_set: history.code_set,
        code: history.code,
        covered_through: history.covered_through,
        deleted_from: history.deleted_by.map(|(_, day)| day),
        deleted_by: history.deleted_by.map(|(release, _)| release),
        spans: history
            .spans
            .iter()
            .map(|span| SpanJson {
                valid_from: span.valid_from,
                valid_to: span.valid_to,
                last_day: day_before(span.valid_to),
                in_force: span.in_force,
                first_release: span.first_release,
                last_release: span.last_release,
                entry: &span.entry,
                patch: span.patch.as_deref(),
            })
            .collect(),
        lineage: lineage::lineage(&history.lineage),
        poa: lineage::poa(&history.lineage.poa),
        gaps: history
            .gaps
            .iter()
            .map(|(from, through)| DaysJson {
                from: *from,
                through: *through,
            })
            .collect(),
        rebuilt: &history.rebuilt,
        warnings: warnings_json(&history.warnings),
    }
}
