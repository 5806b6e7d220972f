//! Where a code came from, what became of it, and its POA exemptions.

use super::line;
use crate::Style;
use codeyear_core::model::{
    CodeLineage, Conversion, Fate, LineageKind, LineageLink, ListedAs, PoaSpan, PreviousGroup,
    PreviousPart, Retirement, Successor, day_before,
};

/// How many links of a conversion are shown unless the user wants all.
const SHORT_LIST: usize = 12;

/// Writes what became of a code that can no longer be reported.
pub(super) fn retirement(out: &mut String, retirement: &Retirement, style: Style) {
    // Of a deleted code the last day has been said.
    if retirement.fate == Fate::BecameHeader {
        let said = match retirement.missing_between() {
            Some(missing) => style.doubtful(&format!("it was {missing}")),
            None => format!("it was billable through {}", retirement.last_day),
        };
        line(out, 2, &said);
    }
    if retirement.successors.is_empty() {
        let said = match retirement.table {
            Some(table) => format!("the conversion table of {table} names no successor"),
            None => "no conversion table that reaches this day is loaded: no successor is known"
                .to_owned(),
        };
        line(out, 2, &said);
        if !retirement.guess.is_empty() {
            line(
                out,
                2,
                &format!(
                    "{} codes that came in that day at its place in the tree ({}):",
                    style.doubtful("a guess:"),
                    retirement.guess.len()
                ),
            );
            for entry in &retirement.guess {
                line(
                    out,
                    4,
                    &format!("{}  {}", style.code(&entry.code), entry.long_title),
                );
            }
        }
        return;
    }
    let kind = match retirement.kind {
        Some(kind) => format!(", {}", kind_label(kind)),
        None => String::new(),
    };
    line(
        out,
        2,
        &format!(
            "its successors by the conversion tables ({}{kind}):",
            retirement.successors.len()
        ),
    );
    successors(out, &retirement.successors, style);
}

fn successors(out: &mut String, successors: &[Successor], style: Style) {
    let width = successors
        .iter()
        .map(|successor| style.code(&successor.code).len())
        .max()
        .unwrap_or_default();
    let shown = cut(successors.len(), style);
    for successor in successors.iter().take(shown) {
        let code = style.code(&successor.code);
        let title = match &successor.entry {
            Some(entry) if entry.billable => entry.long_title.clone(),
            Some(entry) => format!("{} (a header)", entry.long_title),
            None => "not listed on this day".to_owned(),
        };
        let mut remarks: Vec<String> = successor
            .steps
            .iter()
            .map(|step| format!("{} from {}", source(step), style.code(&step.old)))
            .collect();
        remarks.extend(
            successor
                .steps
                .iter()
                .filter(|step| !step.together_with.is_empty())
                .map(|step| format!("only together with {}", groups(&step.together_with, style))),
        );
        line(
            out,
            4,
            &format!(
                "{code:<width$}  {title}  {}",
                style.dim(&remarks.join("; "))
            ),
        );
    }
    more(out, successors.len(), shown, style);
}

fn cut(length: usize, style: Style) -> usize {
    if style.whole_lists || length <= SHORT_LIST + 2 {
        length
    } else {
        SHORT_LIST
    }
}

fn more(out: &mut String, length: usize, shown: usize, style: Style) {
    if shown < length {
        line(
            out,
            4,
            &style.dim(&format!(
                "... and {} more (--all shows them)",
                length - shown
            )),
        );
    }
}

/// Names the row that says so.
fn source(link: &LineageLink) -> String {
    format!("{} table row {}", link.table, link.row)
}

/// Returns a kind of lineage in words.
pub(crate) fn kind_label(kind: LineageKind) -> &'static str {
    match kind {
        LineageKind::OneToOne => "one to one",
        LineageKind::Split => "split",
        LineageKind::Merge => "merged with others",
        LineageKind::SplitAndMerge => "split and merged with others",
        LineageKind::SplitOff => "split off; it stays billable",
    }
}

/// Names what was reported together, as the cell of a table has it.
pub(crate) fn groups(groups: &[PreviousGroup], style: Style) -> String {
    let part = |part: &PreviousPart| match part {
        PreviousPart::Code(code) => style.code(code),
        PreviousPart::Below(code) => format!("{}-", style.code(code)),
        PreviousPart::Range { first, last } | PreviousPart::Categories { first, last } => {
            format!("{}-{}", style.code(first), style.code(last))
        }
    };
    groups
        .iter()
        .map(|group| {
            group
                .alternatives
                .iter()
                .map(part)
                .collect::<Vec<_>>()
                .join(" or ")
        })
        .collect::<Vec<_>>()
        .join(" and ")
}

/// Writes where a code came from and what became of it, and its POA exemptions.
pub(super) fn lineage(out: &mut String, lineage: &CodeLineage, style: Style) {
    let found = &lineage.lineage;
    for (day, table, row) in &found.from_nothing {
        line(
            out,
            2,
            &format!(
                "{day}  new, with no code before it  {}",
                style.dim(&format!("{table} table row {row}"))
            ),
        );
    }
    if !found.predecessors.is_empty() {
        line(
            out,
            2,
            &format!("came from ({}):", found.predecessors.len()),
        );
        let shown = cut(found.predecessors.len(), style);
        for link in found.predecessors.iter().take(shown) {
            line(out, 4, &predecessor(link, style));
        }
        more(out, found.predecessors.len(), shown, style);
    }
    for conversion in &found.conversions {
        conversion_lines(out, conversion, style);
    }
    poa(out, &lineage.poa, style);
}

/// Returns what became of a code that a row names as previous, in words; empty if no loaded release says.
pub(crate) fn fate_words(fate: Fate) -> &'static str {
    match fate {
        Fate::StaysBillable => "which stayed billable",
        Fate::BecameHeader => "which became a header",
        Fate::Deleted => "which was deleted",
        Fate::WasNotBillable => "which was not billable",
        Fate::NotCovered => "",
    }
}

fn predecessor(link: &LineageLink, style: Style) -> String {
    let fate = match fate_words(link.fate) {
        "" => String::new(),
        words => format!(", {words}"),
    };
    let together = if link.together_with.is_empty() {
        String::new()
    } else {
        format!(" together with {}", groups(&link.together_with, style))
    };
    format!(
        "{}  {}{together}{fate}  {}",
        link.effective_from,
        style.code(&link.old),
        style.dim(&source(link))
    )
}

fn conversion_lines(out: &mut String, conversion: &Conversion, style: Style) {
    line(
        out,
        2,
        &format!(
            "{}  went to ({}, {}):",
            conversion.effective_from,
            conversion.successors.len(),
            kind_label(conversion.kind)
        ),
    );
    let shown = cut(conversion.successors.len(), style);
    for link in conversion.successors.iter().take(shown) {
        let together = if link.together_with.is_empty() {
            String::new()
        } else {
            format!(
                ", only together with {}",
                groups(&link.together_with, style)
            )
        };
        let listed = match link.new_listed {
            ListedAs::Billable => "",
            ListedAs::Header => " (a header)",
            ListedAs::Unlisted => " (in no release of that day: a slip of the table)",
            ListedAs::NotCovered => " (no loaded release governs that day)",
        };
        line(
            out,
            4,
            &format!(
                "{}{listed}{together}  {}",
                style.code(&link.new),
                style.dim(&source(link))
            ),
        );
    }
    more(out, conversion.successors.len(), shown, style);
}

/// Writes the POA exemptions of a code.
fn poa(out: &mut String, spans: &[PoaSpan], style: Style) {
    // Most codes never were exempt; that is said where a day is asked for.
    if spans.iter().all(|span| !span.exempt) {
        return;
    }
    line(out, 2, "present on admission (POA):");
    for span in spans {
        line(out, 4, &poa_span(span, style));
    }
}

/// Returns in one line whether a code was exempt from POA reporting.
pub(crate) fn poa_span(span: &PoaSpan, style: Style) -> String {
    let what = if span.exempt {
        style.good("exempt")
    } else {
        "not exempt".to_owned()
    };
    let lists = if span.first_list == span.last_list {
        format!("list of {}", span.first_list)
    } else {
        format!("lists of {} to {}", span.first_list, span.last_list)
    };
    format!(
        "{} - {}  {what}  {}",
        span.from,
        day_before(span.until),
        style.dim(&lists)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::day;
    use codeyear_core::model::{CodeSet, Entry};

    #[test]
    fn a_guess_of_a_procedure_has_no_dot() {
        let code = |text: &str| CodeSet::Icd10Pcs.parse_code(text).unwrap();
        let retirement = Retirement {
            retired_from: day("2017-10-01"),
            last_day: day("2017-09-30"),
            fate: Fate::Deleted,
            kind: None,
            table: None,
            successors: Vec::new(),
            guess: vec![Entry {
                code: code("0D9U00Z"),
                billable: true,
                short_title: String::new(),
                long_title: "Drainage of Omentum with Drainage Device, Open Approach".to_owned(),
            }],
        };
        let mut out = String::new();
        super::retirement(&mut out, &retirement, Style::PLAIN);
        assert!(out.contains("0D9U00Z  Drainage of Omentum"), "{out}");
    }
}
