//! Changes between two releases as text, Markdown and CSV.

use std::fmt::Write;

use super::cms::{cms_sentence, counting_explained};
use super::impact;
use super::marks::{joined, mark};
use super::notes;
use super::successors;
use super::{Style, counted, grouped};
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{
    Change, ChangeKind, ChangeSet, Chapter, Code, Effect, FileRef, LineageWay, Provenance,
    ReleaseId, TitleChange, chapter_of,
};

/// Names the two sides: `ICD-10-CM FY2025 (2024-10-01) to FY2026 (2025-10-01)`.
pub fn title(changes: &ChangeSet) -> String {
    format!(
        "{} {} ({}) to {} ({})",
        changes.code_set.name(),
        changes.old,
        changes.old_from,
        changes.new,
        changes.new_from
    )
}

/// Returns what the change set was narrowed to; `None` if it was not.
pub fn scope(changes: &ChangeSet, style: Style) -> Option<String> {
    let mut parts: Vec<String> = under(changes, style).into_iter().collect();
    if let Some(only) = &changes.only {
        let outside = if only.outside > 0 {
            format!("{} outside the range, ", grouped(only.outside))
        } else {
            String::new()
        };
        let mut text = format!(
            "only your {}: {outside}{} changed, {} unchanged, {} in neither release",
            counted(only.codes, "code"),
            grouped(changes.changes.len() as u64),
            grouped(only.unchanged),
            grouped(only.in_neither.len() as u64)
        );
        if !only.in_neither.is_empty() {
            let list: Vec<String> = only
                .in_neither
                .iter()
                .map(|code| style.code(code))
                .collect();
            let _ = write!(text, " ({})", list.join(", "));
        }
        if only.never_listed > 0 {
            let _ = write!(
                text,
                ", {} that no loaded release lists",
                grouped(only.never_listed)
            );
        }
        if only.malformed > 0 {
            let _ = write!(
                text,
                ", {} that cannot be codes",
                counted(only.malformed, "value")
            );
        }
        parts.push(text);
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Names the ranges that the change set was narrowed to: `only under C7A, C76-C80`.
pub(super) fn under(changes: &ChangeSet, style: Style) -> Option<String> {
    let ranges: Vec<String> = changes
        .under
        .iter()
        .map(|range| {
            let first = style.code(&range.first);
            if range.first == range.last {
                first
            } else {
                format!("{first}-{}", style.code(&range.last))
            }
        })
        .collect();
    (!ranges.is_empty()).then(|| format!("only under {}", ranges.join(", ")))
}

/// Writes the changes as text.
pub fn text(changes: &ChangeSet, style: Style) -> String {
    if let Some(weighed) = &changes.impact {
        return impact::text(changes, weighed, style);
    }
    let mut out = String::new();
    let _ = writeln!(out, "{}", style.bold(&title(changes)));
    if changes.sample {
        let _ = writeln!(
            out,
            "{}",
            style.doubtful("From the bundled sample, not the whole code set.")
        );
    }
    warning_lines(&mut out, changes, style);
    let scope = scope(changes, style);
    if let Some(scope) = &scope {
        let _ = writeln!(out, "{scope}");
    }
    let _ = writeln!(
        out,
        "{}rows {} -> {}, billable {} -> {}\n",
        if scope.is_some() {
            "whole release: "
        } else {
            ""
        },
        grouped(changes.old_rows.all),
        grouped(changes.new_rows.all),
        grouped(changes.old_rows.billable),
        grouped(changes.new_rows.billable)
    );
    let _ = writeln!(out, "{:<28} {:>8} {:>9}", "", "all", "billable");
    for kind in ChangeKind::ALL {
        let count = changes.count(kind);
        let _ = writeln!(
            out,
            "{:<28} {:>8} {:>9}",
            kind.label(),
            grouped(count.all),
            grouped(count.billable)
        );
    }
    let _ = writeln!(out, "\n{}", cms_sentence(changes));
    let _ = writeln!(out, "{}", style.dim(&counting_explained(changes)));
    if changes.changes.is_empty() {
        let _ = writeln!(out, "\nNothing changed.");
    }
    for step in steps(changes) {
        if let Some(chapter) = step.chapter {
            let _ = writeln!(out, "\n{}", style.bold(&chapter_heading(chapter)));
        }
        if let Some((code, title)) = step.category {
            let code = style.bold(&style.code(&code));
            let _ = writeln!(out, "  {code}  {title}");
        }
        change_lines(&mut out, step.change, "", style);
        if let Some((way, words)) = successors::line(changes, &step.change.code, style) {
            let _ = writeln!(out, "      {} {words}", successors::arrow(way));
        }
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

/// Returns the files compared: the release, the file, how well its bytes are known, and its SHA-256. Of a tabular
/// list that is compared beside the rows no provenance is known.
pub(super) fn sources(changes: &ChangeSet) -> Vec<ComparedFile<'_>> {
    let releases = [changes.old, changes.new];
    let of_rows = changes.sources.iter().zip(changes.provenance.map(Some));
    let of_notes = changes.notes.iter().flat_map(|notes| &notes.sources);
    let compared = of_rows
        .chain(of_notes.map(|source| (source, None)))
        .zip(releases.into_iter().cycle());
    let mut files: Vec<ComparedFile<'_>> = Vec::new();
    for ((file, provenance), release) in compared {
        // The rows of a release without order file come from its tabular list, whose notes are compared too.
        let is_named =
            |one: &ComparedFile<'_>| one.release == release && one.file.sha256 == file.sha256;
        if !files.iter().any(is_named) {
            files.push(ComparedFile {
                release,
                file,
                provenance,
            });
        }
    }
    files
}

/// A file that was compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct ComparedFile<'a> {
    pub(super) release: ReleaseId,
    pub(super) file: &'a FileRef,
    pub(super) provenance: Option<Provenance>,
}

impl ComparedFile<'_> {
    /// Writes the file on a line: `icd10cm_order_2026.txt  official, sha256 cc3756b0...`.
    pub(super) fn line(&self) -> String {
        let provenance = self.provenance.map(|known| format!("{}, ", known.name()));
        format!(
            "{}  {}sha256 {}",
            self.file.name,
            provenance.unwrap_or_default(),
            self.file.sha256
        )
    }

    /// Writes the file as an item of a list in Markdown.
    pub(super) fn markdown(&self) -> String {
        let provenance = self.provenance.map(|known| format!("{}, ", known.name()));
        format!(
            "- {} ({}sha256 `{}`)",
            escape(&self.file.name),
            provenance.unwrap_or_default(),
            self.file.sha256
        )
    }
}

/// Writes what limits the trust in the two releases, as text.
pub(super) fn warning_lines(out: &mut String, changes: &ChangeSet, style: Style) {
    for warning in &changes.warnings {
        let _ = writeln!(out, "{} {warning}", style.doubtful("warning:"));
    }
}

/// Writes what limits the trust in the two releases, as Markdown.
pub(super) fn warning_paragraphs(out: &mut String, changes: &ChangeSet) {
    for warning in &changes.warnings {
        let _ = writeln!(out, "**Warning: {}.**\n", escape(&warning.to_string()));
    }
}

pub(super) fn chapter_heading(chapter: &Chapter) -> String {
    let Chapter {
        label,
        title,
        range,
    } = chapter;
    if range.is_empty() {
        format!("{label} {title}")
    } else {
        format!("{label} {title} ({range})")
    }
}

/// A change, with the chapter and the category that begin with it.
struct Step<'a> {
    chapter: Option<&'static Chapter>,
    category: Option<(Code, &'a str)>,
    change: &'a Change,
}

/// Walks the changes in the order of the book.
fn steps(changes: &ChangeSet) -> impl Iterator<Item = Step<'_>> {
    let mut last: (Option<&'static Chapter>, Option<Code>) = (None, None);
    changes.changes.iter().map(move |change| {
        let category = change.code.category();
        let here = (chapter_of(changes.code_set, &change.code), Some(category));
        let step = Step {
            chapter: here.0.filter(|_| here.0 != last.0),
            category: (here.1 != last.1).then(|| {
                (
                    category,
                    changes.category_title(&category).unwrap_or_default(),
                )
            }),
            change,
        };
        last = here;
        step
    })
}

/// Writes a change, with its kind and what stands before its code.
pub(super) fn change_lines(out: &mut String, change: &Change, before: &str, style: Style) {
    let code = style.code(&change.code);
    let label = change.kind.label();
    let painted = match change.kind {
        ChangeKind::New | ChangeKind::BecameBillable => style.good(&format!("{label:<15}")),
        ChangeKind::Deleted | ChangeKind::BecameHeader => style.bad(&format!("{label:<15}")),
        ChangeKind::Revised => style.doubtful(&format!("{label:<15}")),
        ChangeKind::ShortTitleOnly => style.dim(&format!("{:<15}", "short title")),
        ChangeKind::SpacingOnly => style.dim(&format!("{:<15}", "spacing")),
    };
    let flag = match change.entry() {
        Some(entry) if !entry.billable && change.kind != ChangeKind::BecameHeader => " (header)",
        _ => "",
    };
    let titles = titles(change);
    match titles.as_slice() {
        [] => {
            let title = change
                .entry()
                .map(|entry| entry.long_title.as_str())
                .unwrap_or_default();
            let _ = writeln!(out, "    {painted} {before}{code:<8} {title}{flag}");
        }
        pairs => {
            let _ = writeln!(out, "    {painted} {before}{code:<8}{flag}");
            for (what, old, new) in pairs {
                let (old, new) = marked_line(old, new, style);
                let _ = writeln!(out, "      {what}old  {old}");
                let _ = writeln!(out, "      {what}new  {new}");
            }
        }
    }
}

/// Writes an old and a new wording with their different words marked.
pub(super) fn marked_line(old: &str, new: &str, style: Style) -> (String, String) {
    let (old, new) = mark(old, new);
    if style.colour {
        let (del, ins, end) = ("\u{1b}[31;9m", "\u{1b}[32;4m", "\u{1b}[0m");
        (joined(&old, del, end), joined(&new, ins, end))
    } else {
        (joined(&old, "[-", "-]"), joined(&new, "{+", "+}"))
    }
}

/// Returns the pairs of titles to show: what it is, old, new.
pub(super) fn titles(change: &Change) -> Vec<(&'static str, &str, &str)> {
    let (Some(old), Some(new)) = (&change.old, &change.new) else {
        return Vec::new();
    };
    let mut pairs = Vec::new();
    if old.long_title != new.long_title {
        pairs.push(("", old.long_title.as_str(), new.long_title.as_str()));
    }
    let short_tells_more = old.short_title != new.short_title
        && (pairs.is_empty() || change.title == TitleChange::ShortOnly);
    if short_tells_more {
        pairs.push(("short ", old.short_title.as_str(), new.short_title.as_str()));
    }
    pairs
}

/// Writes the changes as Markdown.
pub fn markdown(changes: &ChangeSet, style: Style) -> String {
    if let Some(weighed) = &changes.impact {
        return impact::markdown(changes, weighed, style);
    }
    let mut out = String::new();
    let _ = writeln!(out, "# {}\n", escape(&title(changes)));
    if changes.sample {
        let _ = writeln!(
            out,
            "**From the bundled sample, not the whole code set.**\n"
        );
    }
    warning_paragraphs(&mut out, changes);
    if let Some(scope) = scope(changes, style) {
        let _ = writeln!(out, "{}\n", escape(&scope));
    }
    let _ = writeln!(out, "| change | all | billable |\n|---|---:|---:|");
    for kind in ChangeKind::ALL {
        let count = changes.count(kind);
        let _ = writeln!(
            out,
            "| {} | {} | {} |",
            kind.label(),
            grouped(count.all),
            grouped(count.billable)
        );
    }
    let _ = writeln!(
        out,
        "\nRows {} → {}, billable {} → {}. {}.\n\n{}.",
        grouped(changes.old_rows.all),
        grouped(changes.new_rows.all),
        grouped(changes.old_rows.billable),
        grouped(changes.new_rows.billable),
        cms_sentence(changes),
        counting_explained(changes)
    );
    if changes.changes.is_empty() {
        let _ = writeln!(out, "\nNothing changed.");
    }
    for step in steps(changes) {
        if let Some(chapter) = step.chapter {
            let _ = writeln!(out, "\n## {}", escape(&chapter_heading(chapter)));
        }
        if let Some((code, title)) = step.category {
            let code = style.code(&code);
            let _ = writeln!(out, "\n### {code} {}\n", escape(title));
        }
        let change = step.change;
        let code = style.code(&change.code);
        let pairs = titles(change);
        let flag = match change.entry() {
            Some(entry) if !entry.billable && change.kind != ChangeKind::BecameHeader => ", header",
            _ => "",
        };
        if pairs.is_empty() {
            let title = change
                .entry()
                .map(|entry| entry.long_title.as_str())
                .unwrap_or_default();
            let _ = writeln!(
                out,
                "- **{code}** ({}{flag}) {}",
                change.kind.label(),
                escape(title)
            );
        } else {
            let _ = writeln!(out, "- **{code}** ({}{flag})", change.kind.label());
            for (what, old, new) in pairs {
                let (old, new) = mark(old, new);
                let old = marked_markdown(&old, "~~");
                let new = marked_markdown(&new, "**");
                let _ = writeln!(out, "  - {what}old: {old}\n  - {what}new: {new}");
            }
        }
        if let Some((way, words)) = successors::line(changes, &change.code, style) {
            let arrow = match way {
                LineageWay::Forward => "\u{2192}",
                LineageWay::Back => "\u{2190}",
            };
            let _ = writeln!(out, "  - {arrow} {}", escape(&words));
        }
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

/// Markdown takes a mark only where it touches a word, so blanks at the ends go outside.
pub(super) fn marked_markdown(pieces: &[super::marks::Piece], sign: &str) -> String {
    let mut out = String::new();
    for piece in pieces {
        let inner = piece.text.trim();
        if piece.changed && !inner.is_empty() {
            let from = piece.text.len() - piece.text.trim_start().len();
            let to = piece.text.trim_end().len();
            out.push_str(piece.text.get(..from).unwrap_or_default());
            out.push_str(sign);
            out.push_str(&escape(inner));
            out.push_str(sign);
            out.push_str(piece.text.get(to..).unwrap_or_default());
        } else {
            out.push_str(&escape(&piece.text));
        }
    }
    out
}

pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '*' | '_' | '[' | ']' | '|' | '<' | '>' | '`' | '~' | '#'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The columns of the CSV.
pub const CSV_COLUMNS: [&str; 15] = [
    "kind",
    "code",
    "code_dotted",
    "category",
    "chapter",
    "old_billable",
    "new_billable",
    "title_change",
    "old_short_title",
    "new_short_title",
    "old_long_title",
    "new_long_title",
    "position",
    "successors",
    "predecessors",
];

/// Writes the changes as CSV, one row a code, with [`CSV_COLUMNS`] as its header.
///
/// Changes that were weighed by a file stand in the order of their effects, with [`impact::CSV_COLUMNS`]
/// after the others; `position` is still their place in the book. Notes that were asked for follow, one row
/// a note, with [`notes::CSV_COLUMNS`] after the others.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the writer fails.
pub fn csv(changes: &ChangeSet) -> Result<String> {
    let fail = |error: csv::Error| Error::io(format!("the CSV cannot be written: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let of_notes = changes
        .notes
        .as_ref()
        .map_or(&[][..], |_| &notes::CSV_COLUMNS);
    let of_impact = changes
        .impact
        .as_ref()
        .map_or(&[][..], |_| &impact::CSV_COLUMNS);
    let of_change = CSV_COLUMNS.len() + of_impact.len();
    writer
        .write_record(CSV_COLUMNS.iter().chain(of_impact).chain(of_notes))
        .map_err(fail)?;
    for (index, effect) in in_order(changes) {
        let Some(change) = changes.changes.get(index) else {
            continue;
        };
        let flag = |entry: &Option<codeyear_core::model::Entry>| match entry {
            Some(entry) => u8::from(entry.billable).to_string(),
            None => String::new(),
        };
        let (old, new) = (&change.old, &change.new);
        let title = |entry: &Option<codeyear_core::model::Entry>, long: bool| {
            entry.as_ref().map_or_else(String::new, |entry| {
                if long {
                    entry.long_title.clone()
                } else {
                    entry.short_title.clone()
                }
            })
        };
        let mut record = vec![
            change.kind.name().to_owned(),
            change.code.as_str().to_owned(),
            change.code.to_string(),
            change.code.category().as_str().to_owned(),
            chapter_of(changes.code_set, &change.code)
                .map_or("", |chapter| chapter.label)
                .to_owned(),
            flag(old),
            flag(new),
            title_change_name(change.title).to_owned(),
            title(old, false),
            title(new, false),
            title(old, true),
            title(new, true),
            (index + 1).to_string(),
            successors::codes(changes, &change.code, LineageWay::Forward),
            successors::codes(changes, &change.code, LineageWay::Back),
        ];
        if let (Some(weighed), Some(effect)) = (&changes.impact, effect) {
            record.extend(impact::csv_cells(weighed, effect));
        }
        record.resize(of_change + of_notes.len(), String::new());
        writer.write_record(record).map_err(fail)?;
    }
    let in_notes = changes.notes.iter().flat_map(|notes| &notes.changes);
    for (change, position) in in_notes.zip(changes.changes.len() + 1..) {
        let code = notes::code_of(&change.place.node);
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        for row in notes::csv_rows(change) {
            let mut record = vec![String::new(); of_change];
            let of_code = [
                change.edit.kind().name().to_owned(),
                text(code.as_ref().map(Code::as_str)),
                code.map_or_else(String::new, |code| code.to_string()),
                text(code.map(|code| code.category()).as_ref().map(Code::as_str)),
                change.place.chapter.clone(),
            ];
            record.splice(..of_code.len(), of_code);
            if let Some(place) = CSV_COLUMNS.iter().position(|column| *column == "position")
                && let Some(cell) = record.get_mut(place)
            {
                *cell = position.to_string();
            }
            record.extend(row);
            writer.write_record(record).map_err(fail)?;
        }
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| Error::io(format!("the CSV cannot be written: {error}")))?;
    String::from_utf8(bytes).map_err(|error| Error::io(error.to_string()))
}

/// Returns the places of the changes in the order of a report: that of their effects if they were weighed, else
/// that of the book.
pub(super) fn in_order(changes: &ChangeSet) -> Vec<(usize, Option<&Effect>)> {
    match &changes.impact {
        Some(weighed) => weighed
            .effects
            .iter()
            .map(|effect| (effect.change, Some(effect)))
            .collect(),
        None => (0..changes.changes.len()).map(|at| (at, None)).collect(),
    }
}

/// Returns the fixed name of a title change: `none`, `long`, `short-only`, `spacing-only`.
pub(super) fn title_change_name(title: TitleChange) -> &'static str {
    match title {
        TitleChange::None => "none",
        TitleChange::Long => "long",
        TitleChange::ShortOnly => "short-only",
        TitleChange::SpacingOnly => "spacing-only",
    }
}
