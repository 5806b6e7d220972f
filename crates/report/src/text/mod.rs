//! Text for a terminal: searches, overviews of releases, imports, proofs and downloads, which no other format words;
//! and in short what is said of a code.

#[cfg(feature = "fetch")]
mod fetch;
mod inference;
mod releases;
mod search;

use std::fmt::Write;

use codeyear_core::model::{Answer, CodeHistory, CodePage, Comparison};
use comfy_table::{Table, presets};

use crate::{Style, page, render};

#[cfg(feature = "fetch")]
pub use fetch::{fetch, fetch_plan, posted};
pub use inference::inference;
pub use releases::{backup, import, releases, status, verify};
pub use search::search;

/// Writes the answers of a check.
pub fn answers(answers: &[Answer], style: Style) -> String {
    render::text(&page::answers(answers, style), style)
}

/// Writes the life of a code.
pub fn history(history: &CodeHistory, style: Style) -> String {
    render::text(&page::history(history, style), style)
}

/// Writes the coder's page of a code.
pub fn show(page: &CodePage, style: Style) -> String {
    render::text(&page::show(page, style), style)
}

/// Writes how two codes differ.
pub fn compare(comparison: &Comparison, style: Style) -> String {
    render::text(&page::compare(comparison, style), style)
}

fn line(out: &mut String, indent: usize, text: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{:indent$}{text}", "");
}

/// Begins a part of a page.
fn heading(out: &mut String, text: &str, style: crate::Style) {
    out.push('\n');
    line(out, 0, &style.bold(text));
}

/// Begins a table without lines.
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
