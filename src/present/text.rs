//! Answers as text for a terminal.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets};

use super::{Style, grouped, warning_text};
use crate::answer::{ReleaseStatus, ReleasesOverview, VerifyReport};
use crate::ingest::ImportReport;
use crate::model::{Answer, CodeHistory, CodeSet, Entry, UnknownReason, Verdict, eve};
use crate::store::{Added, ProofOutcome, ProofSubject};

/// How many codes of a list are shown unless the user wants all.
const SHORT_LIST: usize = 12;

/// Writes the answers of a check.
pub fn answers(answers: &[Answer], style: Style) -> String {
    let mut out = String::new();
    for (index, answer) in answers.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        one_answer(&mut out, answer, style);
    }
    out
}

fn one_answer(out: &mut String, answer: &Answer, style: Style) {
    let code_set = answer.code_set;
    let code = answer.code.map_or_else(
        || printable(&answer.asked),
        |code| style.code(code_set, &code),
    );
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
            list(
                out,
                "use a billable code below it",
                billable_below,
                code_set,
                style,
            );
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
            list(
                out,
                "codes that came in beside it when it went (the order files name no successor)",
                new_beside,
                code_set,
                style,
            );
            let others: Vec<Entry> = siblings
                .iter()
                .filter(|sibling| !new_beside.contains(sibling))
                .cloned()
                .collect();
            list(
                out,
                "other billable codes beside it",
                &others,
                code_set,
                style,
            );
        }
        Verdict::Unknown { reason } => match reason {
            UnknownReason::Malformed { reason } => line(out, 2, reason),
            UnknownReason::MissingSeventhCharacter { options } => {
                list(
                    out,
                    "it lacks its 7th character; with it",
                    options,
                    code_set,
                    style,
                );
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
                            style.code(code_set, &parent.code),
                            parent.long_title
                        ),
                    );
                }
                list(out, "nearest codes", nearest, code_set, style);
            }
        },
        Verdict::NotInForce {
            in_force_from,
            listed_by,
        } => {
            line(
                out,
                2,
                &format!(
                    "{} is in force from {in_force_from}; before that ICD-9-CM was",
                    code_set.name()
                ),
            );
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
        Verdict::NotCovered { needed, previous } => {
            if let Some((release, last_day)) = previous {
                line(
                    out,
                    2,
                    &format!(
                        "the newest release loaded before it, {release}, governs through {last_day}"
                    ),
                );
            }
            line(
                out,
                2,
                &format!("{needed} would answer: import it with codeyear import"),
            );
        }
    }
    if let Some(basis) = &answer.basis {
        let sha256 = basis.sha256.get(..12).unwrap_or_default();
        line(
            out,
            2,
            &style.dim(&format!(
                "rests on {}: {} (sha256 {sha256}...)",
                basis.release,
                file_name(&basis.file)
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
            &format!("{} {}", style.doubtful("warning:"), warning_text(warning)),
        );
    }
}

/// Shows text that is no code without letting it write to the terminal.
fn printable(text: &str) -> String {
    let cut: String = text.chars().take(40).collect();
    if cut.is_empty() {
        "(empty)".to_owned()
    } else {
        cut.chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect()
    }
}

fn headline(verdict: &Verdict, style: Style) -> (String, &'static str) {
    let name = verdict.name();
    match verdict {
        Verdict::Billable { .. } => (style.good(name), "valid for submission"),
        Verdict::Header { .. } => (style.bad(name), "not valid for submission"),
        Verdict::NotYetEffective { .. } => (style.bad(name), "not valid yet"),
        Verdict::Deleted { .. } => (style.bad(name), "no longer valid"),
        Verdict::Unknown { reason } => (
            style.bad(name),
            match reason {
                UnknownReason::Malformed { .. } => "this cannot be a code",
                UnknownReason::MissingSeventhCharacter { .. } => "incomplete",
                UnknownReason::NotListed { .. } => "in no release loaded",
            },
        ),
        Verdict::NotInForce { .. } => (style.bad(name), "the code set was not in force"),
        Verdict::NotCovered { .. } => (style.doubtful(name), "no loaded release governs this day"),
    }
}

fn list(out: &mut String, heading: &str, entries: &[Entry], code_set: CodeSet, style: Style) {
    if entries.is_empty() {
        return;
    }
    let shown = if style.whole_lists || entries.len() <= SHORT_LIST + 2 {
        entries.len()
    } else {
        SHORT_LIST
    };
    line(out, 2, &format!("{heading} ({}):", entries.len()));
    let width = entries
        .iter()
        .take(shown)
        .map(|entry| style.code(code_set, &entry.code).len())
        .max()
        .unwrap_or_default();
    for entry in entries.iter().take(shown) {
        let code = style.code(code_set, &entry.code);
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
            style.bold(&style.code(code_set, &history.code)),
            code_set.name()
        ),
    );
    let mut before: Option<&Entry> = None;
    for span in &history.spans {
        let through = eve(span.valid_to);
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
            &mut out,
            2,
            &format!(
                "{} - {end}  {what}  {}",
                span.valid_from,
                style.dim(&releases)
            ),
        );
        let title = match before {
            Some(old) if old.long_title != span.entry.long_title => {
                let (_, new) = super::marks::mark(&old.long_title, &span.entry.long_title);
                if style.colour {
                    super::marks::joined(&new, "\u{1b}[1;4m", "\u{1b}[0m")
                } else {
                    span.entry.long_title.clone()
                }
            }
            _ => span.entry.long_title.clone(),
        };
        line(&mut out, 4, &title);
        if before.is_some_and(|old| {
            old.long_title == span.entry.long_title && old.short_title != span.entry.short_title
        }) {
            line(
                &mut out,
                4,
                &style.dim(&format!("short title: {}", span.entry.short_title)),
            );
        }
        if let Some(citation) = &span.patch {
            line(
                &mut out,
                4,
                &style.dim(&format!("patch of the catalogue: {citation}")),
            );
        }
        before = Some(&span.entry);
    }
    if let Some(last) = history.spans.last()
        && eve(last.valid_to) != history.covered_through
    {
        line(
            &mut out,
            2,
            &format!(
                "{}  {}",
                last.valid_to,
                style.bad("no longer listed, or not covered")
            ),
        );
    }
    for (from, through) in &history.gaps {
        line(
            &mut out,
            2,
            &format!(
                "{} no loaded release governs {from} - {through}",
                style.doubtful("gap:")
            ),
        );
    }
    for warning in &history.warnings {
        line(
            &mut out,
            2,
            &format!("{} {}", style.doubtful("warning:"), warning_text(warning)),
        );
    }
    out
}

/// Writes the overview of releases.
pub fn releases(overview: &ReleasesOverview, style: Style) -> String {
    let mut out = String::new();
    if overview.sample {
        line(
            &mut out,
            0,
            &style.doubtful("This database holds the bundled sample, not the whole code sets."),
        );
        out.push('\n');
    }
    let mut table = plain_table(&[
        "code set",
        "release",
        "status",
        "governs",
        "rows",
        "billable",
        "order file",
        "addenda",
    ]);
    for column in [4, 5] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut notes = Vec::new();
    for release in &overview.lines {
        let (status, governs, proof_order, proof_addenda) = match &release.status {
            ReleaseStatus::Loaded(stored) => {
                let proof = |subject: ProofSubject| {
                    stored.proofs.iter().find(|proof| proof.subject == subject)
                };
                let order = proof(ProofSubject::OrderFile)
                    .map_or("not verified", |proof| proof.outcome.name());
                let addenda = match (&stored.addenda, proof(ProofSubject::OrderAddenda)) {
                    (None, _) => "none",
                    (Some(_), None) => "not verified",
                    (Some(_), Some(proof)) => {
                        if proof.outcome != ProofOutcome::Exact {
                            notes.push(format!(
                                "{} {}: {}",
                                release.code_set.name(),
                                release.id,
                                proof.detail
                            ));
                        }
                        proof.outcome.name()
                    }
                };
                let governs = match release.governs {
                    Some((from, through)) => format!("{from} - {through}"),
                    None => "replaced by its correction".to_owned(),
                };
                ("loaded", governs, order, addenda)
            }
            ReleaseStatus::Missing { .. } => (
                "missing",
                format!("from {}", release.effective_from),
                "",
                "",
            ),
        };
        if release.patches > 0 {
            notes.push(format!(
                "{} {}: {} facts of the catalogue that no order file of the year tells",
                release.code_set.name(),
                release.id,
                release.patches
            ));
        }
        table.add_row([
            release.code_set.name(),
            &release.id.to_string(),
            status,
            &governs,
            &grouped(release.rows.0),
            &grouped(release.rows.1),
            proof_order,
            proof_addenda,
        ]);
    }
    table_lines(&mut out, &table);
    for (code_set, from, through) in &overview.gaps {
        line(
            &mut out,
            0,
            &format!(
                "{} {}: no loaded release governs {from} - {through}",
                style.doubtful("gap:"),
                code_set.name()
            ),
        );
    }
    for note in &notes {
        line(&mut out, 0, &format!("note: {note}"));
    }
    if !overview.content_hash.is_empty() {
        line(
            &mut out,
            0,
            &style.dim(&format!("content hash {}", overview.content_hash)),
        );
    }
    out
}

fn plain_table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header.iter().copied());
    table
}

fn table_lines(out: &mut String, table: &Table) {
    for text in table.lines() {
        let _ = writeln!(out, "{}", text.trim());
    }
}

/// Writes what an import did.
pub fn import(report: &ImportReport, style: Style) -> String {
    let mut out = String::new();
    for taken in &report.taken {
        let what = if taken.is_order_file {
            "order file"
        } else {
            "order addenda"
        };
        let state = match (taken.added, taken.is_order_file) {
            (Added::AlreadyThere, _) => style.dim("already stored, nothing to do"),
            (Added::New, true) => format!(
                "{} rows, {} billable",
                grouped(taken.rows),
                grouped(taken.billable)
            ),
            (Added::New, false) => format!("{} lines of changes", grouped(taken.rows)),
        };
        line(
            &mut out,
            0,
            &format!(
                "{} {}  {what}: {state}  {}",
                taken.code_set.name(),
                style.bold(&taken.release.to_string()),
                style.dim(&format!(
                    "(release told by {}; {})",
                    taken.identified_by, taken.file
                ))
            ),
        );
        for note in &taken.notes {
            line(&mut out, 2, &format!("note: {note}"));
        }
    }
    for left in &report.left {
        line(
            &mut out,
            0,
            &style.dim(&format!("left: {}: {}", left.file, left.why)),
        );
    }
    let new = report
        .taken
        .iter()
        .filter(|taken| taken.added == Added::New)
        .count();
    let there = report.taken.len() - new;
    let summary = match (new, there) {
        (0, _) => "nothing new: every file was stored already".to_owned(),
        (new, 0) => format!("{new} file{} stored", if new == 1 { "" } else { "s" }),
        (new, there) => format!(
            "{new} file{} stored, {there} stored already",
            if new == 1 { "" } else { "s" }
        ),
    };
    line(
        &mut out,
        0,
        &format!("{summary}; {} left", report.left.len()),
    );
    out
}

/// Writes a verification.
pub fn verify(report: &VerifyReport, style: Style) -> String {
    let mut out = String::new();
    if report.sample {
        line(
            &mut out,
            0,
            &style.doubtful("This database holds the bundled sample, not the whole code sets."),
        );
    }
    for release in &report.releases {
        let order = &release.order_file;
        line(
            &mut out,
            0,
            &format!(
                "{} {}",
                release.code_set.name(),
                style.bold(&release.id.to_string())
            ),
        );
        let rows = format!(
            "{} rows, {} billable",
            grouped(order.rows.0),
            grouped(order.rows.1)
        );
        if order.is_exact() {
            let known = match &order.expected {
                Some((_, _, sha256)) if *sha256 == order.official => {
                    "; the catalogue's hash and counts"
                }
                Some(_) => "; the catalogue's counts, with other bytes",
                None => "",
            };
            line(
                &mut out,
                2,
                &format!(
                    "{}  order file written back byte for byte: {rows}{known}",
                    style.good("exact ")
                ),
            );
        } else {
            line(
                &mut out,
                2,
                &format!(
                    "{}  order file: {rows}; written back it has sha256 {}, imported it had {}",
                    style.bad("failed"),
                    order.written,
                    order.official
                ),
            );
        }
        if let Some(addenda) = &release.addenda {
            let word = match addenda.outcome() {
                ProofOutcome::Exact => style.good("exact "),
                ProofOutcome::Near => style.doubtful("near  "),
                ProofOutcome::Failed => style.bad("failed"),
                ProofOutcome::NotChecked => style.dim("not checked"),
            };
            line(
                &mut out,
                2,
                &format!("{word}  order addenda {}", addenda.detail()),
            );
            if let Some(replay) = &addenda.replay
                && replay.missing.is_empty()
                && replay.surplus.is_empty()
            {
                for (replayed, listed) in &replay.differing {
                    let code = style.code(release.code_set, &listed.code);
                    line(
                        &mut out,
                        4,
                        &format!(
                            "{code}: addenda {:?}, order file {:?}",
                            titles_that_differ(replayed, listed).0,
                            titles_that_differ(replayed, listed).1
                        ),
                    );
                }
            }
        }
    }
    for (code_set, differing) in &report.spans {
        if *differing == 0 {
            line(
                &mut out,
                0,
                &format!(
                    "{} {}: derived spans equal the facts",
                    style.good("exact"),
                    code_set.name()
                ),
            );
        } else {
            line(
                &mut out,
                0,
                &format!(
                    "{} {}: {differing} derived spans differ from the facts",
                    style.bad("failed"),
                    code_set.name()
                ),
            );
        }
    }
    let unchecked = report
        .releases
        .iter()
        .filter(|release| {
            release
                .addenda
                .as_ref()
                .is_some_and(|addenda| addenda.outcome() == ProofOutcome::NotChecked)
        })
        .count();
    let verdict = if report.is_sound() {
        style.good("sound")
    } else {
        style.bad("NOT SOUND")
    };
    line(
        &mut out,
        0,
        &format!(
            "{verdict}: {} releases verified, {unchecked} addenda not checked",
            report.releases.len()
        ),
    );
    out
}

fn titles_that_differ<'a>(a: &'a Entry, b: &'a Entry) -> (&'a str, &'a str) {
    if a.long_title != b.long_title {
        (&a.long_title, &b.long_title)
    } else {
        (&a.short_title, &b.short_title)
    }
}

fn line(out: &mut String, indent: usize, text: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{:indent$}{text}", "");
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
