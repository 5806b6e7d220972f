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
        } => format!("has a part of {of} since {from}: conversion table of {release}, row {row}"),
        FoundIn::Below { header } => format!("below {header}"),
    };
    if !found.left_out.is_empty() {
        if !why.is_empty() {
            why.push_str("; ");
        }
        why.push_str("without: ");
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
            format!("not searched for, because they are too many words: {typed}")
        }
    }
}

/// Returns which words no code has beside the others, as one sentence without its full stop; `None` if the first one
/// has all.
pub(crate) fn left_out(report: &SearchReport) -> Option<String> {
    let first = report.found.first()?;
    (!first.left_out.is_empty()).then(|| {
        format!(
            "no code has all of these words; the first has not: {}",
            first.left_out.join(", ")
        )
    })
}

/// Returns where else to look, as one sentence without its full stop.
pub(crate) fn elsewhere(place: LookElsewhere) -> String {
    match place {
        LookElsewhere::CodeSet(code_set) => format!("{} has codes for it", code_set.name()),
        LookElsewhere::Unlisted => {
            "codes that are not listed on this date have these words: deleted ones, or those to come"
                .to_owned()
        }
        LookElsewhere::NotKept(name) => {
            format!("it looks like a code of {name}, which codeyear does not hold")
        }
        LookElsewhere::Above(code) => format!(
            "no such code is listed on this date; the nearest level above it is {}",
            code
        ),
    }
}
