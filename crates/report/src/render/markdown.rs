//! Markdown, for a ticket or a wiki.

use super::markup::{Markup, write};
use crate::Style;
use crate::tree::{Report, Table};

/// Writes a report.
pub fn markdown(report: &Report<'_>, style: Style) -> String {
    write(&Markdown, report, style)
}

struct Markdown;

impl Markup for Markdown {
    fn escape(&self, words: &str) -> String {
        let mut out = String::with_capacity(words.len());
        let mut rest = words.chars();
        while let Some(c) = rest.next() {
            // A reference to a character begins so.
            let next = rest.as_str().chars().next();
            let is_reference =
                c == '&' && next.is_some_and(|next| next == '#' || next.is_ascii_alphabetic());
            if is_reference
                || matches!(
                    c,
                    '\\' | '*' | '_' | '[' | ']' | '|' | '<' | '>' | '`' | '~' | '#'
                )
            {
                out.push('\\');
            }
            out.push(c);
        }
        out
    }

    fn heading(&self, level: u8, words: &str) -> String {
        format!("{} {words}", "#".repeat(usize::from(level.max(1))))
    }

    fn banner(&self, is_warning: bool, sentence: &str) -> String {
        let warning = if is_warning { "Warning: " } else { "" };
        self.strong(&format!("{warning}{sentence}"))
    }

    fn item(&self, depth: usize, words: &str) -> String {
        // Four blanks nest in every Markdown; two do not in those that are older than CommonMark.
        format!("{}- {words}", "    ".repeat(depth))
    }

    fn strong(&self, words: &str) -> String {
        format!("**{words}**")
    }

    fn digest(&self, digest: &str) -> String {
        format!("`{digest}`")
    }

    fn changed(&self, is_old: bool, words: &str) -> String {
        // A sign beside punctuation is none.
        let ends = [words.chars().next(), words.chars().next_back()];
        let touches_words = ends.iter().flatten().all(|end| end.is_alphanumeric());
        match (touches_words, is_old) {
            (true, true) => format!("~~{words}~~"),
            (true, false) => format!("**{words}**"),
            (false, true) => format!("<del>{words}</del>"),
            (false, false) => format!("<ins>{words}</ins>"),
        }
    }

    fn table(&self, table: &Table, headings: &[String], rows: &[Vec<String>]) -> String {
        let aligned = table.columns.iter();
        let aligned = aligned.map(|column| if column.is_number { "---:|" } else { "---|" });
        let head = [
            format!("| {} |", headings.join(" | ")),
            format!("|{}", aligned.collect::<String>()),
        ];
        let row = |row: &Vec<String>| {
            let missing = headings.len().saturating_sub(row.len());
            format!("| {} |{}", row.join(" | "), " |".repeat(missing))
        };
        let lines: Vec<String> = head.into_iter().chain(rows.iter().map(row)).collect();
        lines.join("\n")
    }
}
