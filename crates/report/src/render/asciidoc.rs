//! AsciiDoc, for manuals that are built from it.

use super::markup::{Markup, write};
use crate::Style;
use crate::tree::{Report, Table};

/// Writes a report.
pub fn asciidoc(report: &Report<'_>, style: Style) -> String {
    write(&AsciiDoc, report, style)
}

struct AsciiDoc;

impl Markup for AsciiDoc {
    /// Signs are written as references to characters, which stand for themselves wherever they are.
    fn escape(&self, words: &str) -> String {
        let mut out = String::with_capacity(words.len());
        for c in words.chars() {
            match c {
                '*' | '_' | '#' | '`' | '+' | '^' | '~' | '{' | '}' | '[' | ']' | '<' | '>'
                | '|' | '&' | '\\' | '\'' | '"' | '@' | ';' | '$' => {
                    out.push_str(&format!("&#{};", u32::from(c)));
                }
                _ => out.push(c),
            }
        }
        // What would become another character.
        for (text, reference) in [
            ("--", "&#45;&#45;"),
            ("((", "&#40;&#40;"),
            ("::", "&#58;&#58;"),
            ("://", "&#58;//"),
            ("...", "&#46;&#46;&#46;"),
            ("(C)", "&#40;C)"),
            ("(R)", "&#40;R)"),
            ("(TM)", "&#40;TM)"),
        ] {
            if out.contains(text) {
                out = out.replace(text, reference);
            }
        }
        out
    }

    fn heading(&self, level: u8, words: &str) -> String {
        // The title of the document is the only one of its level.
        let signs = match level {
            0 => 1,
            1 | 2 => 2,
            deeper => usize::from(deeper),
        };
        format!("{} {words}", "=".repeat(signs))
    }

    fn banner(&self, is_warning: bool, sentence: &str) -> String {
        let kind = if is_warning { "WARNING" } else { "IMPORTANT" };
        format!("{kind}: {sentence}")
    }

    fn item(&self, depth: usize, words: &str) -> String {
        format!("{} {words}", "*".repeat(depth + 1))
    }

    fn strong(&self, words: &str) -> String {
        format!("*{words}*")
    }

    fn digest(&self, digest: &str) -> String {
        format!("`{digest}`")
    }

    fn changed(&self, is_old: bool, words: &str) -> String {
        let role = if is_old { "line-through" } else { "underline" };
        format!("[.{role}]##{words}##")
    }

    fn table(&self, table: &Table, headings: &[String], rows: &[Vec<String>]) -> String {
        let aligned = table.columns.iter();
        let aligned = aligned.map(|column| if column.is_number { ">" } else { "<" });
        let aligned: Vec<&str> = aligned.collect();
        let cells = |row: &[String]| -> String {
            let missing = headings.len().saturating_sub(row.len());
            let cells = row.iter().map(|cell| format!("|{cell} "));
            cells
                .chain(std::iter::repeat_n("|".to_owned(), missing))
                .collect()
        };
        let mut lines = vec![
            format!(
                "[%autowidth,cols=\"{}\",options=\"header\"]",
                aligned.join(",")
            ),
            "|===".to_owned(),
            cells(headings),
        ];
        lines.extend(rows.iter().map(|row| cells(row)));
        lines.push("|===".to_owned());
        lines.join("\n")
    }
}
