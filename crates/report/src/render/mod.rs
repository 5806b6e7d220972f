//! A report in each of the formats that say it in words: a file each, and nothing of the contents.
//!
//! A format is one function of a [`Report`]. Those that show something else than words, a
//! table of data, a workbook, a page with pictures, stand elsewhere and take what they share from the tree.

mod asciidoc;
mod markdown;
mod markup;
mod terminal;

pub use asciidoc::asciidoc;
pub use markdown::markdown;
pub use terminal::{text, wrapped};

use codeyear_core::model::Chapter;

use crate::Style;
use crate::tree::{Report, SourceFile, Text, What};

/// A format that says a report in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// Text for a terminal.
    Text,
    /// Markdown.
    Markdown,
    /// AsciiDoc.
    AsciiDoc,
}

impl Words {
    /// Writes a report. Only a terminal cuts long lists, unless the style wants them whole; a document has them all.
    pub fn write<'a>(self, report: impl FnOnce(Style) -> Report<'a>, style: Style) -> String {
        let whole = Style {
            whole_lists: true,
            ..style
        };
        match self {
            Words::Text => text(&report(style), style),
            Words::Markdown => markdown(&report(whole), whole),
            Words::AsciiDoc => asciidoc(&report(whole), whole),
        }
    }
}

impl Words {
    /// Returns what stands before a part of a report that is written part by part, by how many come before it.
    pub fn between(before: usize) -> &'static str {
        if before == 0 { "" } else { "\n" }
    }
}

/// Returns what a stretch of a text is, as plain words.
fn words(what: &What, style: Style, arrow: &str) -> String {
    match what {
        What::Words(words) => words.clone(),
        What::Code(code) => style.code(code),
        What::Day(day) => day.to_string(),
        What::Arrow => arrow.to_owned(),
    }
}

/// Returns a text as plain words.
fn plain(text: &Text, style: Style, arrow: &str) -> String {
    let spans = text.spans.iter();
    spans.map(|span| words(&span.what, style, arrow)).collect()
}

/// Returns the heading of a chapter: `2 Neoplasms (C00-D49)`.
pub(crate) fn chapter_heading(chapter: &Chapter) -> String {
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

/// Returns what is known of the bytes of a file: `official, sha256 `, or `sha256 `.
fn known_as(source: &SourceFile<'_>) -> String {
    let provenance = source.provenance.map(|known| format!("{}, ", known.name()));
    format!("{}sha256 ", provenance.unwrap_or_default())
}

/// Returns a text as plain words, for what needs no more.
pub(crate) fn plain_words(text: &Text) -> String {
    plain(text, Style::PLAIN, " \u{2192} ")
}

/// Returns a file on a line: `icd10cm_order_2026.txt  official, sha256 cc3756b0...`.
pub(crate) fn source_line(source: &SourceFile<'_>) -> String {
    let file = source.file;
    format!("{}  {}{}", file.name, known_as(source), file.sha256)
}
