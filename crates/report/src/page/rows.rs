//! Answers as the rows of a table, a line a code.

use codeyear_core::model::{Answer, Code};

use crate::Style;
use crate::verdict::tone;
use codeyear_claims::Finding;

/// The codes to use instead that a row names.
const MAX_USES: usize = 2;

const CODE: usize = 9;
const DATE: usize = 12;
const VERDICT: usize = 19;
const USES: usize = 24;

/// Returns the headings of the rows.
pub fn answer_headings(style: Style) -> String {
    let line = format!(
        "{:CODE$}{:DATE$}{:VERDICT$}{:USES$}title\n",
        "code", "date", "verdict", "use instead"
    );
    style.dim(&line)
}

/// Returns an answer as a row: code, date, verdict, the first codes to use instead with the number of the others, title.
/// On a terminal the title is cut where the line ends.
pub fn answer_row(answer: &Answer, style: Style) -> String {
    let code = match &answer.code {
        Some(code) => style.code(code),
        None => codeyear_core::error::printable(&answer.asked),
    };
    let found = Finding::of(answer);
    let verdict = format!("{:VERDICT$}", answer.verdict.name());
    let title = answer.verdict.entry().map_or("", |entry| &entry.long_title);
    let before = CODE + DATE + VERDICT + USES;
    let title: String = match style.width {
        Some(width) if width > before => title.chars().take(width - before).collect(),
        _ => title.to_owned(),
    };
    let line = format!(
        "{code:CODE$}{:DATE$}{}{:USES$}{title}",
        answer.date.to_string(),
        style.toned(tone(&answer.verdict), &verdict),
        uses(&found.uses, found.use_count, style),
    );
    format!("{}\n", line.trim_end())
}

/// Returns the first codes, and how many more there are: `C7B.00 C7B.01 +6`.
fn uses(codes: &[Code], count: usize, style: Style) -> String {
    let named: Vec<String> = codes
        .iter()
        .take(MAX_USES)
        .map(|code| style.code(code))
        .collect();
    let more = count.saturating_sub(named.len());
    match more {
        0 => named.join(" "),
        _ => format!("{} +{more}", named.join(" ")),
    }
}
