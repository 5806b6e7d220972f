//! What is said of a search, in every format: why a code was found, what words were read as, where else to look.

use codeyear_core::model::{FoundEntry, FoundIn, LookElsewhere, ReadAs, ReadAsKind, SearchReport};

/// Returns what a code was found in, if that is not its title: `inclusion term of FY2026: Lumbago NOS`.
pub(crate) fn why(found: &FoundEntry) -> String {
    let mut why = match &found.found_in {
        FoundIn::Code | FoundIn::Title => String::new(),
        FoundIn::InclusionTerm { term, release } => {
            format!("inclusion term of {release}: {}", term.trim())
        }
        FoundIn::Index {
            kind,
            path,
            release,
        } => format!("{} of {release}: {path}", kind.label()),
        FoundIn::NewerCode {
            of,
            from,
            release,
            row,
        } => format!("part of {of} moved here on {from}: conversion table of {release}, row {row}"),
        FoundIn::Below { header } => format!("below {header}"),
    };
    if !found.left_out.is_empty() {
        if !why.is_empty() {
            why.push_str("; ");
        }
        why.push_str("not matched: ");
        why.push_str(&found.left_out.join(", "));
    }
    why
}

/// Returns what some words were read as: `htn = hypertension`.
pub(crate) fn read_as(read: &ReadAs) -> String {
    let ReadAs { typed, words, kind } = read;
    match kind {
        ReadAsKind::Abbreviation | ReadAsKind::LayWord => format!("{typed} = {words}"),
        ReadAsKind::Spelling => format!("{typed}: searched for {words}"),
        ReadAsKind::See => format!("{typed}: see {words}"),
        ReadAsKind::NotRead => {
            format!("too many words; not searched for: {typed}")
        }
    }
}

/// Returns which words no code has beside the others, as one sentence without its full stop; `None` if the first one
/// has all.
pub(crate) fn left_out(report: &SearchReport) -> Option<String> {
    let first = report.found.first()?;
    (!first.left_out.is_empty()).then(|| {
        format!(
            "no codes match all of these words on {}; the first does not match: {}",
            report.date,
            first.left_out.join(", ")
        )
    })
}

/// Returns where else to look, as one sentence without its full stop.
pub(crate) fn elsewhere(place: LookElsewhere) -> String {
    match place {
        LookElsewhere::CodeSet(code_set) => format!("{} has matching codes", code_set.name()),
        LookElsewhere::NotCovered(code_set, last) => format!(
            "{} has no release loaded for this date; on {last}, the last date covered, it has matching codes",
            code_set.name()
        ),
        LookElsewhere::Unlisted => "deleted or future codes match these words".to_owned(),
        LookElsewhere::NotKept(name) => {
            format!("this looks like a code of {name}, which codeyear does not include")
        }
        LookElsewhere::Above(code) => {
            format!("no such code on this date; the next level up is {}", code)
        }
    }
}
