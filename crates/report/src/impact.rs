//! What the changes mean to whoever uses the codes of a file, as text, Markdown and columns of the CSV.

use std::fmt::Write;

use super::changes::{
    change_lines, escape, marked_markdown, sources, title, titles, warning_lines,
    warning_paragraphs,
};
use super::marks::mark;
use super::{Style, counted, grouped, notes, rounded, share, successors};
use codeyear_core::model::{
    Change, ChangeSet, Effect, Impact, LineageWay, Relation, Severity, Touch, UseCount,
};

/// The most codes in use that a line names for one change; JSON and CSV have all.
const MAX_CODES: usize = 6;

/// Returns in words what a severity means.
pub(super) fn meaning(changes: &ChangeSet, severity: Severity) -> String {
    match severity {
        Severity::Breaking => format!("no longer valid for submission in {}", changes.new),
        Severity::Review => "changed in another way: title, became billable, new".to_owned(),
        Severity::Info => {
            "new codes, which you do not use, in place of, below or beside yours".to_owned()
        }
    }
}

/// A line of the totals: what it counts, its fixed name, and the codes in use.
pub(super) struct Total {
    pub label: &'static str,
    pub used: UseCount,
    /// The changes that say so, of a severity.
    pub changes: Option<u64>,
}

/// Lists the totals; those of codes outside the range only where there are ranges.
pub(super) fn totals(changes: &ChangeSet, impact: &Impact) -> Vec<Total> {
    let mut totals: Vec<Total> = Severity::ALL
        .into_iter()
        .map(|severity| Total {
            label: severity.name(),
            used: impact.count(severity),
            changes: Some(impact.of(severity).len() as u64),
        })
        .collect();
    let mut more = |label, used| {
        totals.push(Total {
            label,
            used,
            changes: None,
        });
    };
    more("untouched", impact.untouched);
    if !changes.under.is_empty() {
        more("outside the range", impact.outside);
    }
    more("in neither release", impact.unknown());
    totals
}

/// Returns what the file held: `6 rows, 9 uses of 7 codes`.
pub(super) fn file_line(impact: &Impact) -> String {
    let mut text = format!(
        "{} of your file, {} of {} in {}",
        counted(impact.rows, "row"),
        counted(impact.all.uses, "use"),
        counted(impact.all.codes, "code"),
        counted(impact.columns, "column"),
    );
    if impact.no_codes > 0 {
        let _ = write!(
            text,
            "; {} that cannot be codes",
            counted(impact.no_codes, "text")
        );
    }
    text
}

/// Returns what of the file was not counted.
pub(super) fn ragged_line(impact: &Impact) -> Option<String> {
    (impact.ragged_rows > 0).then(|| {
        let first = impact.first_ragged_line.unwrap_or(0);
        format!(
            "{} not counted: another number of fields than the header, first on line {first}",
            counted(impact.ragged_rows, "row")
        )
    })
}

/// Names the codes in neither release that other releases list, and counts the rest.
pub(super) fn unknown_line(impact: &Impact, style: Style) -> Option<String> {
    if impact.unknown().codes == 0 {
        return None;
    }
    let mut parts = Vec::new();
    if !impact.in_neither.is_empty() {
        let most = if style.whole_lists {
            usize::MAX
        } else {
            2 * MAX_CODES
        };
        let codes: Vec<String> = impact
            .in_neither
            .iter()
            .take(most)
            .map(|(code, uses)| {
                let code = style.code(code);
                format!("{code} ({})", grouped(*uses))
            })
            .collect();
        let more = impact.in_neither.len().saturating_sub(most);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        parts.push(format!(
            "listed by another loaded release: {}{more}",
            codes.join(", ")
        ));
    }
    if impact.never_listed.codes > 0 {
        parts.push(format!(
            "listed by no loaded release: {}, {}",
            counted(impact.never_listed.codes, "code"),
            counted(impact.never_listed.uses, "use"),
        ));
    }
    Some(parts.join("; "))
}

/// Returns which codes in use a new code is related to: `successor of E11.9 (12); beside E11.8 (2)`. Nothing
/// of a change of a code in use.
pub(super) fn touches(effect: &Effect, style: Style) -> Option<String> {
    let mut parts = Vec::new();
    for of_one in effect.touches.chunk_by(|a, b| a.relation == b.relation) {
        let Some(Touch { relation, .. }) = of_one.first() else {
            continue;
        };
        if *relation == Relation::Itself {
            return None;
        }
        let most = if style.whole_lists {
            usize::MAX
        } else {
            MAX_CODES
        };
        let codes: Vec<String> = of_one
            .iter()
            .take(most)
            .map(|touch| {
                let code = style.code(&touch.code);
                format!("{code} ({})", grouped(touch.uses))
            })
            .collect();
        let more = of_one.len().saturating_sub(most);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        parts.push(format!("{} {}{more}", relation.words(), codes.join(", ")));
    }
    Some(parts.join("; "))
}

/// Lists the effects of a severity with their changes.
pub(super) fn effects<'a>(
    changes: &'a ChangeSet,
    impact: &'a Impact,
    severity: Severity,
) -> impl Iterator<Item = (&'a Effect, &'a Change)> {
    let of_it = impact.of(severity).iter();
    of_it.filter_map(|effect| Some((effect, changes.changes.get(effect.change)?)))
}

/// Returns the heading of a report.
pub(super) fn heading(changes: &ChangeSet) -> String {
    format!("What of yours breaks: {}", title(changes))
}

/// Names the ranges that the question was narrowed to.
pub(super) fn under(changes: &ChangeSet, style: Style) -> Option<String> {
    let unweighed = super::changes::under(changes, style)?;
    Some(format!("{unweighed}; the other uses are outside the range"))
}

fn capital(severity: Severity) -> &'static str {
    match severity {
        Severity::Breaking => "Breaking",
        Severity::Review => "Review",
        Severity::Info => "Info",
    }
}

/// Returns the heading of a severity's list: `Breaking: no longer valid for submission in FY2026`.
pub(super) fn severity_heading(changes: &ChangeSet, severity: Severity) -> String {
    format!("{}: {}", capital(severity), meaning(changes, severity))
}

/// Returns what was left out.
pub(super) fn left_out_line(impact: &Impact) -> String {
    match impact.left_out {
        1 => "1 change touches none of your codes and is left out".to_owned(),
        number => format!(
            "{} changes touch none of your codes and are left out",
            grouped(number)
        ),
    }
}

/// Writes the report as text.
pub(super) fn text(changes: &ChangeSet, impact: &Impact, style: Style) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", style.bold(&heading(changes)));
    if changes.sample {
        let warning = "From the bundled sample, not the whole code set.";
        let _ = writeln!(out, "{}", style.doubtful(warning));
    }
    warning_lines(&mut out, changes, style);
    if let Some(under) = under(changes, style) {
        let _ = writeln!(out, "{under}");
    }
    let _ = writeln!(out, "{}", file_line(impact));
    if let Some(ragged) = ragged_line(impact) {
        let _ = writeln!(out, "{}", style.doubtful(&ragged));
    }
    let _ = writeln!(
        out,
        "\n{:<20} {:>8} {:>12} {:>8} {:>9}",
        "", "codes", "uses", "share", "changes"
    );
    for total in totals(changes, impact) {
        let line = format!(
            "{:<20} {:>8} {:>12} {:>8} {:>9}",
            total.label,
            grouped(total.used.codes),
            grouped(total.used.uses),
            share(total.used.uses, impact.all.uses),
            total.changes.map(grouped).unwrap_or_default()
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let _ = writeln!(
        out,
        "{:<20} {:>8} {:>12}",
        "all",
        grouped(impact.all.codes),
        grouped(impact.all.uses)
    );
    if let Some(unknown) = unknown_line(impact, style) {
        let _ = writeln!(out, "\nin neither release: {unknown}");
    }
    let _ = writeln!(out, "\n{}", style.dim(&left_out_line(impact)));
    for severity in Severity::ALL {
        let mut is_first = true;
        for (effect, change) in effects(changes, impact, severity) {
            if std::mem::take(&mut is_first) {
                let heading = severity_heading(changes, severity);
                let _ = writeln!(out, "\n{}", style.bold(&heading));
            }
            let uses = format!("{:>9}x ", grouped(effect.uses));
            change_lines(&mut out, change, &uses, style);
            if let Some((way, words)) = successors::line(changes, &change.code, style)
                && (severity != Severity::Info || effect.touches.is_empty())
            {
                let _ = writeln!(out, "      {} {words}", successors::arrow(way));
            }
            if let Some(touches) = touches(effect, style) {
                let _ = writeln!(out, "      {touches}");
            }
        }
    }
    if impact.effects.is_empty() {
        let _ = writeln!(out, "\nNothing that you use changed.");
    }
    if let Some(report) = &changes.notes {
        notes::text(&mut out, report, style);
    }
    let _ = writeln!(out, "\n{}", style.dim("sources:"));
    for source in sources(changes) {
        let _ = writeln!(out, "{}", style.dim(&format!("  {}", source.line())));
    }
    out
}

/// Writes the report as Markdown.
pub(super) fn markdown(changes: &ChangeSet, impact: &Impact, style: Style) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {}\n", escape(&heading(changes)));
    if changes.sample {
        let _ = writeln!(
            out,
            "**From the bundled sample, not the whole code set.**\n"
        );
    }
    warning_paragraphs(&mut out, changes);
    if let Some(under) = under(changes, style) {
        let _ = writeln!(out, "{}\n", escape(&under));
    }
    let _ = writeln!(out, "{}.\n", escape(&file_line(impact)));
    if let Some(ragged) = ragged_line(impact) {
        let _ = writeln!(out, "**{}.**\n", escape(&ragged));
    }
    let _ = writeln!(
        out,
        "| your codes | codes | uses | share | changes |\n|---|---:|---:|---:|---:|"
    );
    for total in totals(changes, impact) {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            total.label,
            grouped(total.used.codes),
            grouped(total.used.uses),
            escape(&share(total.used.uses, impact.all.uses)),
            total.changes.map(grouped).unwrap_or_default()
        );
    }
    let all = impact.all;
    let _ = writeln!(
        out,
        "| all | {} | {} | | |\n",
        grouped(all.codes),
        grouped(all.uses)
    );
    if let Some(unknown) = unknown_line(impact, style) {
        let _ = writeln!(out, "In neither release: {}.\n", escape(&unknown));
    }
    let _ = writeln!(out, "{}.", left_out_line(impact));
    for severity in Severity::ALL {
        let mut is_first = true;
        for (effect, change) in effects(changes, impact, severity) {
            if std::mem::take(&mut is_first) {
                let heading = severity_heading(changes, severity);
                let _ = writeln!(out, "\n## {}\n", escape(&heading));
            }
            markdown_item(&mut out, changes, effect, change, style);
        }
    }
    if impact.effects.is_empty() {
        let _ = writeln!(out, "\nNothing that you use changed.");
    }
    if let Some(report) = &changes.notes {
        notes::markdown(&mut out, report, style);
    }
    let _ = writeln!(out, "\n## Sources\n");
    for source in sources(changes) {
        let _ = writeln!(out, "{}", source.markdown());
    }
    out
}

fn markdown_item(
    out: &mut String,
    changes: &ChangeSet,
    effect: &Effect,
    change: &Change,
    style: Style,
) {
    let code = style.code(&change.code);
    let title = change.entry().map_or("", |entry| entry.long_title.as_str());
    let _ = writeln!(
        out,
        "- **{code}** ({}, {}) {}",
        change.kind.label(),
        counted(effect.uses, "use"),
        escape(title)
    );
    for (what, old, new) in titles(change) {
        let (old, new) = mark(old, new);
        let old = marked_markdown(&old, "~~");
        let new = marked_markdown(&new, "**");
        let _ = writeln!(out, "  - {what}old: {old}\n  - {what}new: {new}");
    }
    if effect.severity != Severity::Info
        && let Some((way, words)) = successors::line(changes, &change.code, style)
    {
        let arrow = match way {
            LineageWay::Forward => "\u{2192}",
            LineageWay::Back => "\u{2190}",
        };
        let _ = writeln!(out, "  - {arrow} {}", escape(&words));
    }
    if let Some(touches) = touches(effect, style) {
        let _ = writeln!(out, "  - {}", escape(&touches));
    }
}

/// The columns that a weighed report has after the others of a change.
pub const CSV_COLUMNS: [&str; 4] = ["severity", "uses", "share_of_uses", "touches"];

/// Returns the cells of these columns. The codes in use stand without dots, each with its relation and uses:
/// `successor:E119:12 beside:E118:2`.
pub(super) fn csv_cells(impact: &Impact, effect: &Effect) -> [String; 4] {
    let touches: Vec<String> = effect
        .touches
        .iter()
        .map(|touch| {
            format!(
                "{}:{}:{}",
                touch.relation.name(),
                touch.code.as_str(),
                touch.uses
            )
        })
        .collect();
    [
        effect.severity.name().to_owned(),
        effect.uses.to_string(),
        fraction(effect.uses, impact.all.uses),
        touches.join(" "),
    ]
}

/// Returns a share as a fraction of 1 with six decimals.
pub(super) fn fraction(part: u64, whole: u64) -> String {
    let millionths = rounded(part, whole, 1_000_000);
    format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
}
