//! Answers as text for a terminal.

mod answers;
mod lineage;
mod releases;

use std::fmt::Write;

pub use answers::{answers, history};
pub use releases::{import, releases, verify};

fn line(out: &mut String, indent: usize, text: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{:indent$}{text}", "");
}
