//! What a change report is about: the two releases, what it was narrowed to, the files compared.

use std::fmt::Write;

use super::weighed;
use crate::tree::{Banner, Block, SourceFile};
use crate::{Style, counted, grouped, long_day};
use codeyear_core::model::{ChangeSet, Chapter, CodeRange, chapter_of};

/// Returns the two sides: `ICD-10-CM FY2025 (2024-10-01) to FY2026 (2025-10-01)`.
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

/// Returns what changed in words, as the first paragraph of a report: how many billable codes are new, deleted and
/// revised, and the chapter with the most changes.
pub(crate) fn in_words(changes: &ChangeSet) -> String {
    let counts = changes.cms_counts();
    let is = |count: u64| if count == 1 { "is" } else { "are" };
    let parts = [
        (counts.new, format!("{} new", is(counts.new))),
        (counts.deleted, "can no longer be reported".to_owned()),
        (
            counts.revised,
            match counts.revised {
                1 => "has a revised title".to_owned(),
                _ => "have a revised title".to_owned(),
            },
        ),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", grouped(count)))
        .collect();
    let listed = match parts.as_slice() {
        [] => "none is new, deleted or revised".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    let mut words = format!(
        "Of the billable codes, {listed} in {}, effective {}.",
        changes.new,
        long_day(changes.new_from)
    );
    let mut by_chapter: Vec<(u64, &'static Chapter)> = Vec::new();
    for change in &changes.changes {
        let Some(chapter) = chapter_of(changes.code_set, &change.code) else {
            continue;
        };
        match by_chapter.iter_mut().find(|(_, of)| *of == chapter) {
            Some((count, _)) => *count += 1,
            None => by_chapter.push((1, chapter)),
        }
    }
    let all = changes.changes.len() as u64;
    // The first of several with as many.
    let most = by_chapter.iter().rev().max_by_key(|(count, _)| *count);
    if let Some((count, chapter)) = most.filter(|_| by_chapter.len() > 1) {
        let level = changes.code_set.facts().levels.chapter.one.to_lowercase();
        let _ = write!(
            words,
            " Most changes are in {level} {}, {}: {} of {}.",
            chapter.label,
            chapter.title,
            grouped(*count),
            grouped(all)
        );
    }
    words
}

/// Returns what the change set was narrowed to; `None` if it was not.
pub(crate) fn scope(changes: &ChangeSet, style: Style) -> Option<String> {
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
        if !only.headers.is_empty() {
            let codes = only.headers.iter().map(|code| style.code(code));
            let codes = weighed::NAMED.joined(codes, style);
            let words = weighed::headers_words(only.headers.len() as u64, &codes);
            let _ = write!(text, "; of the unchanged {words}");
        }
        if only.never_listed > 0 {
            let _ = write!(
                text,
                ", {} not found in any loaded release",
                grouped(only.never_listed)
            );
        }
        if only.malformed > 0 {
            let _ = write!(
                text,
                ", {} not a valid code format",
                counted(only.malformed, "value")
            );
        }
        parts.push(text);
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Returns that the change set was narrowed to ranges: `only under C7A, C76-C80`.
pub(super) fn under(changes: &ChangeSet, style: Style) -> Option<String> {
    let ranges = ranges(changes, "-", style);
    (!ranges.is_empty()).then(|| format!("only under {ranges}"))
}

/// Returns the ranges that the change set was narrowed to, with a sign between the ends of each; empty if it was not.
pub(crate) fn ranges(changes: &ChangeSet, to: &str, style: Style) -> String {
    let range = |range: &CodeRange| {
        let (first, last) = (style.code(&range.first), style.code(&range.last));
        if range.first == range.last {
            first
        } else {
            format!("{first}{to}{last}")
        }
    };
    let ranges: Vec<String> = changes.under.iter().map(range).collect();
    ranges.join(", ")
}

/// Returns the files compared: the release, the file, how well its bytes are known, and its SHA-256. Of a tabular
/// list that is compared beside the rows no provenance is known.
pub(crate) fn sources(changes: &ChangeSet) -> Vec<SourceFile<'_>> {
    let releases = [changes.old, changes.new];
    let of_rows = changes.sources.iter().zip(changes.provenance.map(Some));
    let of_notes = changes.notes.iter().flat_map(|notes| &notes.sources);
    let compared = of_rows
        .chain(of_notes.map(|source| (source, None)))
        .zip(releases.into_iter().cycle());
    let mut files: Vec<SourceFile<'_>> = Vec::new();
    for ((file, provenance), release) in compared {
        // The rows of a release without order file come from its tabular list, whose notes are compared too.
        let is_named =
            |one: &SourceFile<'_>| one.release == release && one.file.sha256 == file.sha256;
        if !files.iter().any(is_named) {
            files.push(SourceFile {
                release,
                file,
                provenance,
            });
        }
    }
    files
}

/// Returns what limits the trust in the two releases, and that they are a sample.
pub(super) fn banners(changes: &ChangeSet) -> impl Iterator<Item = Block<'_>> {
    let sample = changes.sample.then(|| Banner {
        is_warning: false,
        words: "From the bundled sample, not the whole code set.".to_owned(),
    });
    let warnings = changes.warnings.iter().map(|warning| Banner {
        is_warning: true,
        words: warning.to_string(),
    });
    sample.into_iter().chain(warnings).map(Block::Banner)
}
