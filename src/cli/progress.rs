//! Progress bars on stderr.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use crate::ingest::ImportProgress;

/// The progress bar of an import: files done, of all, and the one that came last.
pub(super) const FILES_BAR: &str = "{bar:30} {pos}/{len} {wide_msg}";

/// Returns a progress bar on stderr by a template, hidden where that is no terminal. Without a length it counts only.
pub(super) fn progress_bar(length: Option<u64>, template: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = match length {
        Some(length) => ProgressBar::new(length),
        None => ProgressBar::no_length(),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Shows how far an import has come.
pub(super) fn show_progress(bar: &ProgressBar, progress: ImportProgress) {
    match progress {
        ImportProgress::Found { files } => bar.set_length(files as u64),
        ImportProgress::Done { file, release } => {
            bar.set_message(format!("{release} {}", short(&file)));
            bar.inc(1);
        }
        ImportProgress::Waiting => {
            bar.set_message("another import is running; waiting for it to end");
            bar.tick();
        }
        ImportProgress::Committing => bar.set_message("ending the transaction"),
    }
}

/// Returns the name of a file without what it lies in.
pub(super) fn short(file: &str) -> &str {
    let is_border = |c: char| c == '>' || std::path::is_separator(c);
    file.rsplit(is_border).next().unwrap_or(file).trim()
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn a_file_is_named_without_what_it_lies_in() {
        assert_eq!(short("in/b.zip > c/d.txt"), "d.txt");
        let path = std::path::Path::new("in").join("b.txt");
        assert_eq!(short(path.to_str().unwrap()), "b.txt");
    }
}
