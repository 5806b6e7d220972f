//! Answers as text for a terminal.

mod answers;
mod audit;
#[cfg(feature = "fetch")]
mod fetch;
pub(crate) mod lineage;
mod releases;
mod search;
mod show;

use std::fmt::Write;

use comfy_table::{Table, presets};

pub use answers::{answers, history};
pub use audit::{audit, inference};
#[cfg(feature = "fetch")]
pub use fetch::{fetch, fetch_plan, posted};
pub(crate) use lineage::fate_words;
pub use releases::{backup, import, releases, status, verify};
pub use search::search;
pub use show::{compare, show};
pub(crate) use show::{last_change_words, mentions_heading, note_label};

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
