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

/// Returns an answer as a row: code, date, verdict, the first codes to use instead with the number of the others, title,
/// or why there is none. On a terminal the title is cut where the line ends.
pub fn answer_row(answer: &Answer, style: Style) -> String {
    let code = match &answer.code {
        Some(code) => style.code(code),
        None => codeyear_core::error::printable(&answer.asked),
    };
    let found = Finding::of(answer);
    let verdict = format!("{:VERDICT$}", answer.verdict.name());
    let title = match answer.verdict.entry() {
        Some(entry) => &entry.long_title,
        None => &found.why,
    };
    let uses = uses(&found.uses, found.use_count, style);
    // What is longer than its column moves the others, and is never joined to the next.
    let gap = |text: &str, width: usize| {
        if text.chars().count() < width {
            ""
        } else {
            "  "
        }
    };
    let (code_gap, uses_gap) = (gap(&code, CODE), gap(&uses, USES));
    let before = format!("{code:CODE$}{code_gap}{:DATE$}", answer.date.to_string());
    let after = format!("{uses:USES$}{uses_gap}");
    let left = before.chars().count() + VERDICT + after.chars().count();
    let title = match style.width {
        Some(width) if title.chars().count() > width.saturating_sub(left) => {
            let room = width.saturating_sub(left + 1);
            format!("{}\u{2026}", title.chars().take(room).collect::<String>())
        }
        _ => title.clone(),
    };
    let verdict = style.toned(tone(&answer.verdict), &verdict);
    format!(
        "{}\n",
        format!("{before}{verdict}{after}{title}").trim_end()
    )
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

#[cfg(test)]
mod tests {
    use codeyear_core::answer;
    use codeyear_core::model::CodeSet;

    use super::*;
    use crate::testing::{day, sample};

    #[test]
    fn each_answer_is_a_row_whose_columns_never_touch() {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        let rows = |style: Style| {
            let asked = ["C7B", "C7B.00", "M54.5", "Z77222222222222", "E11.6"];
            let answers = asked.map(|code| answer::check(&codes, code, day("2026-03-01")).unwrap());
            let rows = answers.iter().map(|answer| answer_row(answer, style));
            answer_headings(style) + &rows.collect::<String>()
        };
        insta::assert_snapshot!(rows(Style::PLAIN), @"
        code     date        verdict            use instead             title
        C7B      2026-03-01  header             C7B.00 C7B.01 +6        Secondary neuroendocrine tumors
        C7B.00   2026-03-01  billable                                   Secondary carcinoid tumors, unspecified site
        M54.5    2026-03-01  header             M54.50 M54.51 +1        Low back pain
        Z77222222222222  2026-03-01  unknown                                    not a valid ICD-10-CM code format: it has more than 7 characters
        E11.6    2026-03-01  unknown            E11.9 E11.A             not found in any loaded release
        ");
        let narrow = Style {
            width: Some(80),
            ..Style::PLAIN
        };
        for line in rows(narrow).lines() {
            assert!(
                line.chars().count() <= 80 || line.starts_with("Z7722"),
                "{line}"
            );
        }
    }
}
