//! The name and the rule of each verdict, in the words that all formats share.

use chrono::NaiveDate;

use crate::tree::{Text, Tone};
use codeyear_core::model::{CodeSet, ProofOutcome, UnknownReason, Verdict, VerdictKind};

/// The words for one of the seven verdicts.
pub(crate) struct VerdictWords {
    /// The large word of a page.
    pub(crate) headline: &'static str,
    /// The same where there is little room.
    pub(crate) short: &'static str,
    /// The rule, as part of a sentence.
    pub(crate) rule: &'static str,
    /// The rule and the details that an answer adds, in a sentence.
    pub(crate) explanation: &'static str,
}

/// Returns the words for a verdict.
pub(crate) fn words(kind: VerdictKind) -> VerdictWords {
    match kind {
        VerdictKind::Billable => VerdictWords {
            headline: "Billable",
            short: "Billable",
            rule: "valid for submission",
            explanation: "Valid for claims with this date of service.",
        },
        VerdictKind::Header => VerdictWords {
            headline: "Not billable",
            short: "Not billable",
            rule: "a more specific code is required",
            explanation: "Category only; choose a code below it. The billable codes are listed.",
        },
        VerdictKind::NotYetEffective => VerdictWords {
            headline: "Not yet effective",
            short: "Not yet effective",
            rule: "date of service before the effective date",
            explanation: "The date is before the code’s effective date, which is shown.",
        },
        VerdictKind::Deleted => VerdictWords {
            headline: "Deleted",
            short: "Deleted",
            rule: "date of service after the last valid date",
            explanation: "No longer valid: with the last valid date and, where the official conversion tables list them, the replacement codes.",
        },
        VerdictKind::Unknown => VerdictWords {
            headline: "Unknown code",
            short: "Unknown code",
            rule: "not found in any loaded release, or not a valid code format",
            explanation: "Not found in any loaded release, not a valid code format, or 7th character missing.",
        },
        VerdictKind::NotInForce => VerdictWords {
            headline: "Not in force",
            short: "Not in force",
            rule: "date before the code set was in force",
            explanation: "The date is before the code set was in force: ICD-10 before October 1, 2015.",
        },
        VerdictKind::NotCovered => VerdictWords {
            headline: "Not covered",
            short: "Not covered",
            rule: "no release loaded for the date: not checked",
            explanation: "No release loaded for this date. codeyear never answers from another year.",
        },
    }
}

/// Returns in a few words what a verdict means for a claim.
pub(crate) fn meaning(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Billable { .. } => "valid for submission",
        Verdict::Header { .. } => "a more specific code is required",
        Verdict::NotYetEffective { .. } => "not yet valid",
        Verdict::Deleted { .. } => "no longer valid",
        Verdict::Unknown { reason } => match reason {
            UnknownReason::Malformed { .. } => "not a valid code format",
            UnknownReason::MissingSeventhCharacter { .. } => "7th character missing",
            UnknownReason::NotListed { .. } => "not found in any loaded release",
        },
        Verdict::NotInForce { .. } => "the code set was not in force",
        Verdict::NotCovered { .. } => "no release loaded for this date",
    }
}

/// Returns how a verdict is meant.
pub(crate) fn tone(verdict: &Verdict) -> Tone {
    match verdict {
        Verdict::Billable { .. } => Tone::Good,
        Verdict::NotCovered { .. } => Tone::Doubtful,
        _ => Tone::Bad,
    }
}

/// Returns from when a code set is in force, and what was before it.
pub(crate) fn in_force(code_set: CodeSet, day: NaiveDate) -> Text {
    let said = Text::from(format!("{} is in force from ", code_set.name())).day(day);
    match code_set.facts().predecessor {
        Some(before) => said.words(format!("; {before} before that")),
        None => said,
    }
}

/// Returns in words how a verification ended.
pub(crate) fn outcome_words(outcome: ProofOutcome) -> &'static str {
    match outcome {
        ProofOutcome::Exact => "verified",
        ProofOutcome::Near => "verified; some titles differ",
        ProofOutcome::Failed => "failed",
        ProofOutcome::NotChecked => "not checked",
    }
}
