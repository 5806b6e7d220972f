//! Answers as text for a terminal.

mod answers;
mod lineage;
mod releases;
mod search;
mod show;

use std::fmt::Write;

pub use answers::{answers, history};
pub use releases::{import, releases, verify};
pub use search::search;
pub use show::{compare, show};

fn line(out: &mut String, indent: usize, text: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{:indent$}{text}", "");
}

/// Begins a part of a page.
fn heading(out: &mut String, text: &str, style: crate::present::Style) {
    out.push('\n');
    line(out, 0, &style.bold(text));
}
