//! The summary of an audit.

use comfy_table::CellAlignment;

use super::{heading, line, plain_table, table_lines};
use crate::{Style, counted, dollars, grouped, share};
use codeyear_claims::{AuditSummary, FailingCode, Inference, Window};
use codeyear_core::model::{CodeSet, ReleaseId, VerdictKind, day_before};
use codeyear_core::store::StoreKind;

/// The most failing codes, and problems, that are listed unless the whole lists are asked for.
const MAX_LISTED: usize = 20;

/// Writes the summary of an audit.
pub fn audit(summary: &AuditSummary, style: Style) -> String {
    let mut out = String::new();
    if summary.store_kind == StoreKind::Sample {
        line(
            &mut out,
            0,
            &style.doubtful("Judged by the bundled sample, not by the whole code sets."),
        );
        out.push('\n');
    }
    for (code_set, warning) in &summary.warnings {
        let text = format!("warning: {}: {}", code_set.name(), warning);
        line(&mut out, 0, &style.doubtful(&text));
    }
    let total = summary.total.total();
    let failing = summary.total.failing();
    let mut first = format!(
        "{} of {} ({}) not billable on their dates, in {}",
        grouped(failing),
        counted(total, "code"),
        share(failing, total),
        counted(summary.rows, "row"),
    );
    if summary.has_amounts {
        first.push_str(&format!(
            "; their claims charge {}",
            dollars(summary.total.failing_cents())
        ));
    }
    let first = if failing == 0 {
        style.good(&first)
    } else {
        style.bad(&first)
    };
    line(&mut out, 0, &first);
    let untold = summary.total.of(VerdictKind::NotCovered);
    if untold > 0 {
        let text = format!(
            "{} could not be told: no loaded release governs their day",
            counted(untold, "code")
        );
        line(&mut out, 0, &style.doubtful(&text));
    }
    if summary.not_judged > 0 {
        line(
            &mut out,
            0,
            &format!(
                "{} of other code sets, not judged",
                counted(summary.not_judged, "code")
            ),
        );
    }
    for note in &summary.notes {
        line(&mut out, 0, &style.dim(note));
    }
    verdicts(&mut out, summary, style);
    failures(&mut out, summary, style);
    releases(&mut out, summary, style);
    causes(&mut out, summary, style);
    months(&mut out, summary, style);
    problems(&mut out, summary, style);
    out
}

/// Writes what was inferred.
pub fn inference(inference: &Inference, style: Style) -> String {
    const MAX_WINDOWS: usize = 5;
    let mut out = String::new();
    let Some(best) = inference.windows.first() else {
        return out;
    };
    let releases = |window: &Window| {
        let names: Vec<String> = window
            .releases
            .iter()
            .map(|(code_set, release)| format!("{} {release}", code_set.name()))
            .collect();
        names.join(", ")
    };
    let days = |window: &Window| format!("{} to {}", window.from, day_before(window.until));
    let first = format!("{}, {}", days(best), releases(best));
    line(&mut out, 0, &style.good(&first));
    let text = format!(
        "{} of {} ({}) are billable on these days",
        grouped(best.billable),
        counted(inference.codes, "code"),
        share(best.billable, inference.codes)
    );
    line(&mut out, 0, &text);
    if inference.never_billable > 0 {
        let text = format!("{} billable on no day", grouped(inference.never_billable));
        line(&mut out, 0, &text);
    }
    for (title, evidence) in [
        (
            "not before: billable on these days and not just before",
            &inference.not_before,
        ),
        (
            "not after: billable on these days and not just after",
            &inference.not_after,
        ),
        (
            "not explained: billable on other days only",
            &inference.unexplained,
        ),
    ] {
        if evidence.is_empty() {
            continue;
        }
        heading(&mut out, title, style);
        for evidence in evidence {
            let code = style.code(&evidence.code);
            line(
                &mut out,
                2,
                &format!("{code:<9} {}", counted(evidence.count, "time")),
            );
        }
    }
    if inference.windows.len() > 1 {
        heading(&mut out, "next best", style);
        for window in inference.windows.iter().skip(1).take(MAX_WINDOWS) {
            let text = format!(
                "{}  {}  {}",
                days(window),
                share(window.billable, inference.codes),
                releases(window)
            );
            line(&mut out, 2, &text);
        }
    }
    out
}

fn verdicts(out: &mut String, summary: &AuditSummary, style: Style) {
    let total = summary.total.total();
    heading(out, "by verdict", style);
    let mut columns = vec!["verdict", "codes", "share"];
    if summary.has_amounts {
        columns.push("charges");
    }
    let mut table = plain_table(&columns);
    right(&mut table, 1..columns.len());
    for kind in VerdictKind::ALL {
        let codes = summary.total.of(kind);
        if codes == 0 {
            continue;
        }
        let mut row = vec![kind.name().to_owned(), grouped(codes), share(codes, total)];
        if summary.has_amounts {
            row.push(dollars(summary.total.cents_of(kind)));
        }
        table.add_row(row);
    }
    table_lines(out, &table);
}

fn failures(out: &mut String, summary: &AuditSummary, style: Style) {
    if summary.failures.is_empty() {
        return;
    }
    heading(out, "what fails", style);
    let mut columns = vec!["code", "verdict", "codes", "first", "last", "why", "use"];
    if summary.has_amounts {
        columns.insert(3, "charges");
    }
    let mut table = plain_table(&columns);
    right(&mut table, 2..if summary.has_amounts { 4 } else { 3 });
    let most = if style.whole_lists {
        usize::MAX
    } else {
        MAX_LISTED
    };
    for failure in summary.failures.iter().take(most) {
        let finding = &failure.finding;
        let mut row = vec![
            code_of(failure, style),
            finding.verdict.name().to_owned(),
            grouped(failure.codes),
            failure.first.to_string(),
            failure.last.to_string(),
            finding.why.clone(),
            uses(failure, style),
        ];
        if summary.has_amounts {
            row.insert(3, dollars(failure.cents));
        }
        table.add_row(row);
    }
    table_lines(out, &table);
    let listed = summary.failures.len().min(most) as u64;
    let left = summary.failures.len() as u64 + summary.more_failures - listed;
    if left > 0 {
        let how = if style.whole_lists {
            ""
        } else {
            " (--all lists them)"
        };
        let text = format!("{} more{how}", grouped(left));
        line(out, 0, &style.dim(&text));
    }
}

fn code_of(failure: &FailingCode, style: Style) -> String {
    let finding = &failure.finding;
    match &finding.code {
        Some(code) => style.code(code),
        None => format!("(no {} code)", finding.code_set.name()),
    }
}

fn uses(failure: &FailingCode, style: Style) -> String {
    const MOST: usize = 3;
    let finding = &failure.finding;
    let mut uses: Vec<String> = finding
        .uses
        .iter()
        .take(MOST)
        .map(|code| style.code(code))
        .collect();
    if finding.use_count > uses.len() {
        uses.push(format!(
            "and {} more",
            grouped((finding.use_count - uses.len()) as u64)
        ));
    }
    match finding.use_basis {
        Some(basis) => format!("{} ({})", uses.join(" "), basis.name()),
        None => String::new(),
    }
}

/// Returns the name of how well the file of a release is known.
fn provenance(
    summary: &AuditSummary,
    code_set: CodeSet,
    release: Option<ReleaseId>,
) -> Option<&'static str> {
    let known = summary.provenance.get(&(code_set, release?))?;
    Some(known.name())
}

fn releases(out: &mut String, summary: &AuditSummary, style: Style) {
    if summary.releases.is_empty() {
        return;
    }
    heading(out, "by the release in force", style);
    let mut table = plain_table(&[
        "code set",
        "release",
        "provenance",
        "codes",
        "not billable",
        "share",
    ]);
    right(&mut table, 3..6);
    for (code_set, release, counts) in &summary.releases {
        table.add_row(vec![
            code_set.name().to_owned(),
            release.map_or("none".to_owned(), |release| release.to_string()),
            provenance(summary, *code_set, *release).map_or(String::new(), str::to_owned),
            grouped(counts.total()),
            grouped(counts.failing()),
            share(counts.failing(), counts.total()),
        ]);
    }
    table_lines(out, &table);
}

fn causes(out: &mut String, summary: &AuditSummary, style: Style) {
    let causes = &summary.causes;
    if !causes.iter().any(|(_, release, _)| release.is_some()) {
        return;
    }
    heading(out, "by the release that changed the code", style);
    let mut table = plain_table(&["code set", "release", "codes"]);
    right(&mut table, 2..3);
    for (code_set, release, codes) in causes {
        table.add_row(vec![
            code_set.name().to_owned(),
            release
                .as_ref()
                .map_or("none".to_owned(), ReleaseId::to_string),
            grouped(*codes),
        ]);
    }
    table_lines(out, &table);
}

fn months(out: &mut String, summary: &AuditSummary, style: Style) {
    const MOST: usize = 24;
    if summary.months.len() < 2 {
        return;
    }
    heading(out, "by month", style);
    let mut table = plain_table(&["month", "codes", "not billable", "share"]);
    right(&mut table, 1..4);
    let most = if style.whole_lists { usize::MAX } else { MOST };
    let skipped = summary.months.len().saturating_sub(most);
    for (month, counts) in summary.months.iter().skip(skipped) {
        table.add_row(vec![
            month.format("%Y-%m").to_string(),
            grouped(counts.total()),
            grouped(counts.failing()),
            share(counts.failing(), counts.total()),
        ]);
    }
    table_lines(out, &table);
    if skipped > 0 {
        let text = format!(
            "{} before (--all lists them)",
            counted(skipped as u64, "month")
        );
        line(out, 0, &style.dim(&text));
    }
}

fn problems(out: &mut String, summary: &AuditSummary, style: Style) {
    if summary.problem_counts.is_empty() {
        return;
    }
    heading(out, "not read", style);
    for (kind, count) in &summary.problem_counts {
        line(out, 0, &style.bad(&format!("{}: {kind}", grouped(*count))));
    }
    let most = if style.whole_lists {
        usize::MAX
    } else {
        MAX_LISTED
    };
    for problem in summary.problems.iter().take(most) {
        line(out, 2, &format!("{}: {problem}", problem.place));
    }
    let listed = summary.problems.len().min(most) as u64;
    if summary.unread() > listed {
        let text = format!("{} more", grouped(summary.unread() - listed));
        line(out, 2, &style.dim(&text));
    }
}

fn right(table: &mut comfy_table::Table, columns: std::ops::Range<usize>) {
    for at in columns {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}
