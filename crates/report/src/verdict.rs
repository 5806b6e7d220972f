//! What a verdict is called, and the rule behind it: the words that all formats share.

use chrono::NaiveDate;

use crate::tree::{Text, Tone};
use codeyear_core::model::{CodeSet, UnknownReason, Verdict, VerdictKind};

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
            rule: "listed as billable in the release in force",
            explanation: "Listed with flag 1 in the release in force: valid for submission.",
        },
        VerdictKind::Header => VerdictWords {
            headline: "Header, not billable",
            short: "Header",
            rule: "a header: a code below it has to be used",
            explanation: "Listed with flag 0: a billable code below it has to be used, and they are named.",
        },
        VerdictKind::NotYetEffective => VerdictWords {
            headline: "Not yet effective",
            short: "Not yet",
            rule: "first listed by a later release",
            explanation: "First listed by a later release, whose day is named.",
        },
        VerdictKind::Deleted => VerdictWords {
            headline: "Deleted",
            short: "Deleted",
            rule: "listed by an earlier release only",
            explanation: "Listed by an earlier release only: with its last day and, where the official conversion tables name them, its successors.",
        },
        VerdictKind::Unknown => VerdictWords {
            headline: "Unknown code",
            short: "Unknown",
            rule: "in no release, or no code at all",
            explanation: "In no release that is loaded: malformed, without its 7th character, or not listed.",
        },
        VerdictKind::NotInForce => VerdictWords {
            headline: "Not in force",
            short: "Not in force",
            rule: "before the code set was in force",
            explanation: "The code set did not govern that day: ICD-10 before October 1, 2015.",
        },
        VerdictKind::NotCovered => VerdictWords {
            headline: "No answer",
            short: "No answer",
            rule: "no loaded release governs the day: not judged",
            explanation: "No loaded release governs that day. A missing year is never answered with a neighbour’s.",
        },
    }
}

/// Returns in a few words what a verdict means for a claim.
pub(crate) fn meaning(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Billable { .. } => "valid for submission",
        Verdict::Header { .. } => "not valid for submission",
        Verdict::NotYetEffective { .. } => "not valid yet",
        Verdict::Deleted { .. } => "no longer valid",
        Verdict::Unknown { reason } => match reason {
            UnknownReason::Malformed { .. } => "this cannot be a code",
            UnknownReason::MissingSeventhCharacter { .. } => "incomplete",
            UnknownReason::NotListed { .. } => "in no release loaded",
        },
        Verdict::NotInForce { .. } => "the code set was not in force",
        Verdict::NotCovered { .. } => "no loaded release governs this day",
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
        Some(before) => said.words(format!("; before that {before} was")),
        None => said,
    }
}
