//! The answers of a check and the life of a code.

use chrono::NaiveDate;
use serde::Serialize;

use super::lineage::{self, LineageJson, PoaJson};
use super::pcs::{PcsJson, pcs};
use super::{WarningJson, to_text, to_text_within, warnings_json};
use codeyear_core::error::{Error, Result};
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
    billable_below_count: Option<usize>,
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
    new_beside_count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    siblings: Option<&'a [Entry]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    siblings_count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    malformed_because: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<&'a Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<&'a [Entry]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest_count: Option<usize>,
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

/// The most entries of a list in an answer among many: a header may stand for thousands of codes, and there may be
/// thousands of headers.
const MAX_LISTED: usize = 20;

/// Writes the answers of a check; where there are several, with the beginnings of long lists and their counts.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
pub fn answers(answers: &[Answer]) -> Result<String> {
    let is_of_days = answers.iter().all(|answer| answer.through.is_none());
    let writer = AnswerWriter::of(answers.len(), is_of_days);
    let mut text = writer.begin()?;
    for (at, answer) in answers.iter().enumerate() {
        text.push_str(AnswerWriter::between(at));
        text.push_str(&writer.answer(answer)?);
    }
    text.push_str(AnswerWriter::end(answers.len()));
    Ok(text)
}

/// Writes the answers of a check one by one, so that of many only one has to be in memory.
#[derive(Debug, Clone, Copy)]
pub struct AnswerWriter {
    /// Whether lists are written whole, however long they are.
    pub whole_lists: bool,
}

impl AnswerWriter {
    /// How [`CheckJson`] ends where there are no answers.
    const NONE: &str = "[]\n}\n";

    /// Returns how so many questions are answered, of single days or of years: one of a day with whole lists.
    pub fn of(questions: usize, is_of_days: bool) -> AnswerWriter {
        AnswerWriter {
            whole_lists: questions <= 1 && is_of_days,
        }
    }

    /// Returns what stands before the first answer.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
    pub fn begin(self) -> Result<String> {
        let empty = to_text(&CheckJson {
            schema: "codeyear/check/1",
            answers: Vec::new(),
        })?;
        let begin = empty.strip_suffix(AnswerWriter::NONE);
        let begin =
            begin.ok_or_else(|| Error::io("the JSON cannot be written: it has no answers"))?;
        Ok(format!("{begin}["))
    }

    /// Returns what stands before an answer, by how many come before it.
    pub fn between(before: usize) -> &'static str {
        if before == 0 { "\n" } else { ",\n" }
    }

    /// Returns an answer.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
    pub fn answer(self, answer: &Answer) -> Result<String> {
        let most = if self.whole_lists {
            usize::MAX
        } else {
            MAX_LISTED
        };
        // Within the object of all answers, and their list.
        let text = to_text_within(&answer_json(answer, most), 2)?;
        Ok(format!("    {text}"))
    }

    /// Returns what stands behind so many answers.
    pub fn end(answers: usize) -> &'static str {
        if answers == 0 { "]\n}\n" } else { "\n  ]\n}\n" }
    }
}

/// Returns an answer with at most so many entries in each list.
pub(super) fn answer_json(answer: &Answer, most: usize) -> AnswerJson<'_> {
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
        billable_below_count: None,
        first_day: None,
        last_day: None,
        exact: None,
        listed_again: None,
        new_beside: None,
        new_beside_count: None,
        siblings: None,
        siblings_count: None,
        reason: None,
        malformed_because: None,
        parent: None,
        nearest: None,
        nearest_count: None,
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
            (json.billable_below, json.billable_below_count) = listed(billable_below, most);
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
            (json.new_beside, json.new_beside_count) = listed(new_beside, most);
            (json.siblings, json.siblings_count) = listed(siblings, most);
        }
        Verdict::Unknown { reason } => match reason {
            UnknownReason::Malformed { reason } => {
                json.reason = Some("malformed");
                json.malformed_because = Some(reason.to_string());
            }
            UnknownReason::MissingSeventhCharacter { options } => {
                json.reason = Some("missing-seventh-character");
                (json.nearest, json.nearest_count) = listed(options, most);
            }
            UnknownReason::NotListed { parent, nearest } => {
                json.reason = Some("not-listed");
                json.parent = parent.as_ref();
                (json.nearest, json.nearest_count) = listed(nearest, most);
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

/// Returns the beginning of a list, and how many there are in all.
fn listed(entries: &[Entry], most: usize) -> (Option<&[Entry]>, Option<usize>) {
    let beginning = entries.get(..most).unwrap_or(entries);
    (Some(beginning), Some(entries.len()))
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
