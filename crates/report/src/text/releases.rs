//! Releases, imports and verifications.

use comfy_table::CellAlignment;

use super::{line, plain_table, table_lines};
use crate::render::wrapped;
use crate::{Style, corrections, counted, grouped};
use codeyear_core::answer::{
    CoverageOfDay, OrderFileProof, ReleaseStatus, ReleasesOverview, VerifyReport,
};
use codeyear_core::error::printable;
use codeyear_core::ingest::ImportReport;
use codeyear_core::model::{
    Added, Entry, ListedBy, ProofOutcome, ProofSubject, Provenance, ReleasePart, StoreProof,
    Warning,
};

/// Writes the overview of releases.
pub fn releases(overview: &ReleasesOverview, days: &[CoverageOfDay], style: Style) -> String {
    let mut out = String::new();
    if overview.sample {
        sample_line(&mut out, style);
        out.push('\n');
    }
    for day in days.iter().filter(|_| !overview.sample) {
        day_line(&mut out, day, style);
    }
    let mut table = plain_table(&[
        "code set",
        "release",
        "status",
        "in force",
        "rows",
        "billable",
        "order file",
        "addenda",
        "other files",
    ]);
    for column in [4, 5] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut notes = Vec::new();
    for release in &overview.lines {
        let (status, governs, proof_order, proof_addenda, around) =
            match &release.status {
                ReleaseStatus::Loaded(stored) => {
                    let proof = |subject: ProofSubject| {
                        stored.proofs.iter().find(|proof| proof.subject == subject)
                    };
                    let order = match stored.release.listed_by {
                        ListedBy::OrderFile => proof(ProofSubject::OrderFile)
                            .map_or("not verified", |proof| proof.outcome.name()),
                        ListedBy::Tabular => "none",
                    };
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
                    let trust = &stored.release.trust;
                    if !matches!(trust.provenance, Provenance::Official | Provenance::Sample)
                        || trust.incomplete.is_some()
                        || trust.forced.is_some()
                    {
                        notes.extend(stored.release.trust_notes().into_iter().map(|note| {
                            format!("{} {}: {note}", release.code_set.name(), release.id)
                        }));
                    }
                    let governs = match release.governs {
                        Some((from, through)) => format!("{from} - {through}"),
                        None => "replaced by its correction".to_owned(),
                    };
                    let around: Vec<&str> = stored
                        .documents
                        .iter()
                        .map(|document| document.kind.word())
                        .collect();
                    ("loaded", governs, order, addenda, around.join(" "))
                }
                ReleaseStatus::Missing { .. } => (
                    "missing",
                    format!("from {}", release.effective_from),
                    "",
                    "",
                    String::new(),
                ),
            };
        notes.extend(corrections(&release.patches, style).map(|corrections| {
            format!("{} {}: {corrections}", release.code_set.name(), release.id)
        }));
        table.add_row([
            release.code_set.name(),
            &release.id.to_string(),
            status,
            &governs,
            &release
                .rows
                .map_or(String::new(), |(rows, _)| grouped(rows)),
            &release
                .rows
                .map_or(String::new(), |(_, billable)| grouped(billable)),
            proof_order,
            proof_addenda,
            &around,
        ]);
    }
    table_lines(&mut out, &table);
    for (code_set, from, through) in &overview.gaps {
        line(
            &mut out,
            0,
            &format!(
                "{} {}: no release loaded for {from} - {through}",
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
    wrapped(out, style)
}

/// Writes whether a day is covered, through which day, and what is missing with its address.
fn sample_line(out: &mut String, style: Style) {
    line(
        out,
        0,
        &style.doubtful("This database has the bundled sample, not the whole code sets."),
    );
}

/// Writes whether a day is covered by each code set, and what is missing.
pub fn status(days: &[CoverageOfDay], is_sample: bool, style: Style) -> String {
    let mut out = String::new();
    if is_sample {
        sample_line(&mut out, style);
    }
    for day in days {
        day_line(&mut out, day, style);
    }
    wrapped(out, style)
}

fn day_line(out: &mut String, day: &CoverageOfDay, style: Style) {
    let name = day.code_set.name();
    let date = day.day;
    match (day.governed_by, day.latest) {
        (Some((release, through)), _) => {
            let word = style.good("covered");
            line(
                out,
                0,
                &format!("{name} on {date}: {word} by {release} through {through}"),
            );
        }
        (None, Some((release, through))) => {
            let word = style.bad("not covered");
            line(
                out,
                0,
                &format!("{name} on {date}: {word}; latest date covered: {through} ({release})"),
            );
        }
        (None, None) => {
            let word = style.bad("not covered");
            line(
                out,
                0,
                &format!("{name} on {date}: {word}; no release is loaded"),
            );
        }
    }
    for warning in &day.warnings {
        line(out, 2, &format!("{} {warning}", style.doubtful("warning:")));
    }
    for (release, urls) in &day.missing {
        let url = urls.first().map(String::as_str);
        let how = codeyear_core::answer::how_to_get(day.code_set, *release, url);
        let missing = style.doubtful("missing:");
        line(out, 2, &format!("{missing} {release} is not loaded: {how}"));
    }
    if let Some(release) = day.unknown {
        let how = codeyear_core::answer::how_to_get(day.code_set, release, None);
        let missing = style.doubtful("missing:");
        line(out, 2, &format!("{missing} {release}; {how}"));
    }
    if let Some((newest, possible)) = day.unknown_since {
        line(
            out,
            2,
            &Warning::BeyondKnown { newest, possible }.to_string(),
        );
    }
}

/// Writes what an import did.
pub fn import(report: &ImportReport, style: Style) -> String {
    let mut out = String::new();
    for taken in &report.taken {
        let what = taken.kind.label();
        let state = match (taken.added, taken.kind) {
            (Added::AlreadyThere | Added::Copy, _) => style.dim("already stored, nothing to do"),
            (Added::Better, _) => "already stored, now as the official file".to_owned(),
            (Added::New, ReleasePart::OrderFile) => format!(
                "{} rows, {} billable",
                grouped(taken.rows),
                grouped(taken.billable)
            ),
            (Added::New, ReleasePart::OrderAddenda) => {
                format!("{} lines of changes", grouped(taken.rows))
            }
            (Added::New, ReleasePart::Document(kind)) => counted(taken.rows, kind.item_label()),
        };
        line(
            &mut out,
            0,
            &format!(
                "{} {}  {what}: {state}  {}",
                taken.code_set.name(),
                style.bold(&taken.release.to_string()),
                style.dim(&format!(
                    "(identified by {}; {})",
                    taken.identified_by, taken.file
                ))
            ),
        );
        for note in &taken.notes {
            line(&mut out, 2, &format!("note: {note}"));
        }
    }
    for failed in &report.failed {
        let at = failed
            .line
            .map_or(String::new(), |line| format!(", line {line}"));
        line(
            &mut out,
            0,
            &format!(
                "{} {}{at}: {}",
                style.bad("not imported:"),
                printable(&failed.file),
                failed.why
            ),
        );
        if let Some(hint) = &failed.hint {
            line(&mut out, 2, &format!("hint: {hint}"));
        }
    }
    for left in &report.left {
        line(
            &mut out,
            0,
            &style.dim(&format!("skipped: {}: {}", left.file, left.why)),
        );
    }
    let new = report
        .taken
        .iter()
        .filter(|taken| taken.added.is_change())
        .count();
    let there = report.taken.len() - new;
    let (dry_run, stored) = match report.dry_run {
        true => ("dry run: ", "would be stored"),
        false => ("", "stored"),
    };
    let summary = match (new, there) {
        (0, 0) => "nothing stored".to_owned(),
        (0, _) => "nothing new: every file is already stored".to_owned(),
        (new, 0) => format!("{} {stored}", counted(new as u64, "file")),
        (new, there) => format!(
            "{} {stored}, {there} already stored",
            counted(new as u64, "file")
        ),
    };
    let failed = match report.failed.len() {
        0 => String::new(),
        failed => format!(", {failed} not imported"),
    };
    line(
        &mut out,
        0,
        &format!("{dry_run}{summary}{failed}; {} skipped", report.left.len()),
    );
    wrapped(out, style)
}

/// Writes what a backup did.
pub fn backup(file: &str, bytes: u64, content_hash: &str) -> String {
    format!(
        "backup written: {file} ({} bytes)\ncontent hash {content_hash}\n",
        grouped(bytes)
    )
}

/// Writes a verification.
pub fn verify(report: &VerifyReport, style: Style) -> String {
    let mut out = String::new();
    if report.sample {
        line(
            &mut out,
            0,
            &style.doubtful("This database has the bundled sample, not the whole code sets."),
        );
    }
    for release in &report.releases {
        line(
            &mut out,
            0,
            &format!(
                "{} {}",
                release.code_set.name(),
                style.bold(&release.id.to_string())
            ),
        );
        for note in release.stored.trust_notes() {
            line(&mut out, 2, &note);
        }
        if let Some(order) = &release.order_file {
            order_file_proof(&mut out, order, style);
        }
        if let Some(addenda) = &release.addenda {
            let word = outcome_word(addenda.outcome(), style);
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
                    let code = style.code(&listed.code);
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
        for proof in &release.documents {
            line(
                &mut out,
                2,
                &format!(
                    "{}  {}: {}",
                    outcome_word(proof.outcome, style),
                    proof.kind.label(),
                    proof.detail
                ),
            );
        }
    }
    if let Some(proof) = &report.store {
        store_proof(&mut out, proof, style);
    }
    let search = if report.search_sound {
        format!(
            "{} full-text index: matches the database",
            style.good("exact")
        )
    } else {
        format!(
            "{} full-text index: does not match the database",
            style.bad("failed")
        )
    };
    line(&mut out, 0, &search);
    for (code_set, differing) in &report.spans {
        if *differing == 0 {
            line(
                &mut out,
                0,
                &format!(
                    "{} {}: derived spans match the releases",
                    style.good("exact"),
                    code_set.name()
                ),
            );
        } else {
            line(
                &mut out,
                0,
                &format!(
                    "{} {}: {differing} derived spans differ from the releases",
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
    // A trial on another base says nothing of what is stored.
    let is_trial = report
        .releases
        .iter()
        .filter_map(|release| release.addenda.as_ref())
        .any(|addenda| addenda.base_chosen);
    if is_trial {
        return out;
    }
    for point in report.not_proven() {
        line(&mut out, 0, &style.dim(&format!("not verified: {point}")));
    }
    if let Some(why) = &report.not_kept {
        let text = format!("verified, not stored: {why}");
        line(&mut out, 0, &style.doubtful(&text));
    }
    let verdict = if report.is_sound() {
        style.good("sound")
    } else {
        style.bad("NOT SOUND")
    };
    line(
        &mut out,
        0,
        &format!(
            "{verdict}: {} verified, {unchecked} addenda not checked",
            counted(report.releases.len() as u64, "release")
        ),
    );
    wrapped(out, style)
}

fn store_proof(out: &mut String, proof: &StoreProof, style: Style) {
    if proof.faults.is_empty() {
        let text = format!(
            "{} database: {} rows of {} tables are unchanged since import; file, schema and references are intact",
            style.good("exact"),
            grouped(proof.rows),
            proof.tables
        );
        line(out, 0, &text);
    }
    for fault in &proof.faults {
        let text = format!("{} database: {}", style.bad("failed"), fault.detail());
        line(out, 0, &text);
    }
}

fn titles_that_differ<'a>(a: &'a Entry, b: &'a Entry) -> (&'a str, &'a str) {
    if a.long_title != b.long_title {
        (&a.long_title, &b.long_title)
    } else {
        (&a.short_title, &b.short_title)
    }
}

fn outcome_word(outcome: ProofOutcome, style: Style) -> String {
    match outcome {
        ProofOutcome::Exact => style.good("exact "),
        ProofOutcome::Near => style.doubtful("near  "),
        ProofOutcome::Failed => style.bad("failed"),
        ProofOutcome::NotChecked => style.dim("not checked"),
    }
}

fn order_file_proof(out: &mut String, order: &OrderFileProof, style: Style) {
    let rows = format!(
        "{} rows, {} billable",
        grouped(order.rows.0),
        grouped(order.rows.1)
    );
    let text = if order.is_exact() {
        let known = match &order.expected {
            Some((_, _, sha256)) if *sha256 == order.official => {
                "; the catalogue's hash and counts"
            }
            Some(_) => "; the catalogue's counts, with another hash",
            None => "",
        };
        format!(
            "{}  order file reproduced byte for byte: {rows}{known}",
            style.good("exact ")
        )
    } else {
        format!(
            "{}  order file: {rows}; reproduced it has sha256 {}, imported it had {}",
            style.bad("failed"),
            order.written,
            order.official
        )
    };
    line(out, 2, &text);
}
