//! The answers of a check and the life of a code.

use super::{line, lineage};
use crate::verdict::in_force;
use crate::verdict::meaning;
use crate::{Style, marks};
use codeyear_core::error::printable;
use codeyear_core::model::{
    Answer, CodeHistory, Entry, Provenance, UnknownReason, Verdict, day_before,
};

/// How many codes of a list are shown unless the user wants all.
const SHORT_LIST: usize = 12;

/// Writes the answers of a check.
pub fn answers(answers: &[Answer], style: Style) -> String {
    let mut out = String::new();
    for (index, answer) in answers.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        answer_lines(&mut out, answer, style);
    }
    out
}

/// Writes one answer.
pub(super) fn answer_lines(out: &mut String, answer: &Answer, style: Style) {
    let code_set = answer.code_set;
    let code = answer
        .code
        .map_or_else(|| shown(&answer.asked), |code| style.code(&code));
    let days = match answer.through {
        Some(through) if through != answer.date => {
            format!("from {} through {through}", answer.date)
        }
        _ => format!("on {}", answer.date),
    };
    let (word, meaning) = headline(&answer.verdict, style);
    line(
        out,
        0,
        &format!("{}  {days}  {word}  {meaning}", style.bold(&code)),
    );
    if let Some(entry) = answer.verdict.entry() {
        line(out, 2, &entry.long_title);
    }
    match &answer.verdict {
        Verdict::Billable { .. } => {}
        Verdict::Header { billable_below, .. } => {
            let mut heading = "use a billable code below it";
            if let Some(retirement) = &answer.retirement {
                lineage::retirement(out, retirement, style);
                heading = "other billable codes below it";
            }
            let below = answer.not_named(billable_below);
            list(out, heading, &below, style);
        }
        Verdict::NotYetEffective {
            first_day, exact, ..
        } => {
            let release = if *exact {
                "it takes effect on"
            } else {
                "the first loaded release that lists it takes effect on"
            };
            line(out, 2, &format!("{release} {first_day}"));
            if !exact {
                line(
                    out,
                    2,
                    "a release before that one is not loaded and may list it earlier",
                );
            }
        }
        Verdict::Deleted {
            last_day,
            exact,
            listed_again,
            new_beside,
            siblings,
            ..
        } => {
            if *exact {
                line(out, 2, &format!("its last day was {last_day}"));
            } else {
                line(
                    out,
                    2,
                    &format!(
                        "the last loaded release that lists it governed through {last_day}; a release after it is not loaded"
                    ),
                );
            }
            if let Some(day) = listed_again {
                line(out, 2, &format!("it is listed again from {day}"));
            }
            if let Some(retirement) = &answer.retirement {
                lineage::retirement(out, retirement, style);
            } else {
                list(
                    out,
                    "codes that came in beside it when it went",
                    new_beside,
                    style,
                );
            }
            let mut others = answer.not_named(siblings);
            if answer.retirement.is_none() {
                others.retain(|entry| !new_beside.contains(entry));
            }
            list(out, "other billable codes beside it", &others, style);
        }
        Verdict::Unknown { reason } => match reason {
            UnknownReason::Malformed { reason } => line(out, 2, &reason.to_string()),
            UnknownReason::MissingSeventhCharacter { options } => {
                list(out, "it lacks its 7th character; with it", options, style);
            }
            UnknownReason::NotListed { parent, nearest } => {
                if let Some(parent) = parent {
                    let what = if parent.billable {
                        "billable, with nothing below it"
                    } else {
                        "a header"
                    };
                    line(
                        out,
                        2,
                        &format!(
                            "the code above it is {} ({what}): {}",
                            style.code(&parent.code),
                            parent.long_title
                        ),
                    );
                }
                list(out, "nearest codes", nearest, style);
            }
        },
        Verdict::NotInForce {
            in_force_from,
            listed_by,
        } => {
            line(out, 2, &in_force(code_set, &in_force_from.to_string()));
            if let Some((release, entry)) = listed_by {
                let what = if entry.billable {
                    "a billable code"
                } else {
                    "a header"
                };
                line(
                    out,
                    2,
                    &format!(
                        "{release} was published for that day and lists it as {what}, but was not valid for HIPAA transactions"
                    ),
                );
            }
        }
        Verdict::NotCovered {
            needed,
            previous,
            last,
        } => {
            if let Some((release, last_day)) = previous {
                line(
                    out,
                    2,
                    &format!(
                        "the newest release loaded before it, {release}, governs through {last_day}; {}",
                        codeyear_core::answer::last_state(last.as_ref())
                    ),
                );
            }
            let how = codeyear_core::answer::how_to_get(
                answer.code_set,
                *needed,
                answer.download.as_deref(),
            );
            line(out, 2, &format!("{needed} would answer: {how}"));
        }
    }
    if let Some(pcs) = &answer.pcs {
        super::show::refusal(out, pcs, style);
    }
    for basis in answer.basis.iter().chain(&answer.later_bases) {
        line(
            out,
            2,
            &style.dim(&format!(
                "rests on {}: {} ({}, sha256 {}...)",
                basis.release,
                basis.file.file_name(),
                basis.provenance.name(),
                basis.file.short_sha256()
            )),
        );
        if let Some(citation) = &basis.patch {
            line(
                out,
                2,
                &style.dim(&format!("and on a patch of the catalogue: {citation}")),
            );
        }
    }
    for warning in &answer.warnings {
        line(
            out,
            2,
            &format!("{} {}", style.doubtful("warning:"), warning),
        );
    }
}

/// Shows text that is no code, cut to a readable length.
fn shown(text: &str) -> String {
    let cut: String = text.chars().take(40).collect();
    if cut.is_empty() {
        "(empty)".to_owned()
    } else {
        printable(&cut)
    }
}

fn headline(verdict: &Verdict, style: Style) -> (String, &'static str) {
    let name = verdict.name();
    let word = match verdict {
        Verdict::Billable { .. } => style.good(name),
        Verdict::NotCovered { .. } => style.doubtful(name),
        _ => style.bad(name),
    };
    (word, meaning(verdict))
}

fn list(out: &mut String, heading: &str, entries: &[Entry], style: Style) {
    if entries.is_empty() {
        return;
    }
    line(out, 2, &format!("{heading} ({}):", entries.len()));
    entry_list(out, entries, style);
}

/// Writes codes with their titles, one a line, cut to a short list unless the user wants all.
pub(super) fn entry_list(out: &mut String, entries: &[Entry], style: Style) {
    let shown = if style.whole_lists || entries.len() <= SHORT_LIST + 2 {
        entries.len()
    } else {
        SHORT_LIST
    };
    let width = entries
        .iter()
        .take(shown)
        .map(|entry| style.code(&entry.code).len())
        .max()
        .unwrap_or_default();
    for entry in entries.iter().take(shown) {
        let code = style.code(&entry.code);
        line(out, 4, &format!("{code:<width$}  {}", entry.long_title));
    }
    if shown < entries.len() {
        line(
            out,
            4,
            &style.dim(&format!(
                "... and {} more (--all shows them)",
                entries.len() - shown
            )),
        );
    }
}

/// Writes the life of a code.
pub fn history(history: &CodeHistory, style: Style) -> String {
    let mut out = String::new();
    let code_set = history.code_set;
    line(
        &mut out,
        0,
        &format!(
            "{}  {}",
            style.bold(&style.code(&history.code)),
            code_set.name()
        ),
    );
    life_lines(&mut out, history, style);
    out
}

/// Writes the spans of a life, with its lineage, gaps and warnings.
pub(super) fn life_lines(out: &mut String, history: &CodeHistory, style: Style) {
    let mut before: Option<&Entry> = None;
    for span in &history.spans {
        let through = day_before(span.valid_to);
        let end = if through == history.covered_through {
            format!("{through} (end of the loaded releases)")
        } else {
            through.to_string()
        };
        let what = match (span.in_force, span.entry.billable) {
            (false, _) => style.dim("published, not in force"),
            (true, true) => style.good("billable"),
            (true, false) => style.bad("header"),
        };
        let releases = if span.first_release == span.last_release {
            span.first_release.to_string()
        } else {
            format!("{} to {}", span.first_release, span.last_release)
        };
        line(
            out,
            2,
            &format!(
                "{} - {end}  {what}  {}",
                span.valid_from,
                style.dim(&releases)
            ),
        );
        let title = match before {
            Some(old) if old.long_title != span.entry.long_title => {
                let (_, new) = marks::mark(&old.long_title, &span.entry.long_title);
                if style.colour {
                    marks::joined(&new, "\u{1b}[1;4m", "\u{1b}[0m")
                } else {
                    span.entry.long_title.clone()
                }
            }
            _ => span.entry.long_title.clone(),
        };
        line(out, 4, &title);
        if before.is_some_and(|old| {
            old.long_title == span.entry.long_title && old.short_title != span.entry.short_title
        }) {
            line(
                out,
                4,
                &style.dim(&format!("short title: {}", span.entry.short_title)),
            );
        }
        if let Some(citation) = &span.patch {
            line(
                out,
                4,
                &style.dim(&format!("patch of the catalogue: {citation}")),
            );
        }
        before = Some(&span.entry);
    }
    if let Some((release, from)) = history.deleted_by {
        line(
            out,
            2,
            &format!(
                "{from}  {}  {}",
                style.bad("deleted"),
                style.dim(&format!("{release} no longer lists it"))
            ),
        );
    }
    lineage::lineage(out, &history.lineage, style);
    for (from, through) in &history.gaps {
        line(
            out,
            2,
            &format!(
                "{} no loaded release governs {from} - {through}",
                style.doubtful("gap:")
            ),
        );
    }
    for release in &history.rebuilt {
        let rests = format!("rests on {release} ({})", Provenance::Rebuilt.label());
        line(out, 2, &style.dim(&rests));
    }
    for warning in &history.warnings {
        line(
            out,
            2,
            &format!("{} {}", style.doubtful("warning:"), warning),
        );
    }
}
