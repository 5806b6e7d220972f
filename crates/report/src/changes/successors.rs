//! What the conversion tables say of a changed code, in a line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use chrono::NaiveDate;

use crate::Style;
use crate::cut::Cut;
use crate::lineage::fate_words;
use codeyear_core::model::{
    ChangeLineage, ChangeSet, Code, Fate, LineageLink, LineageWay, ListedAs, ReleaseId, TraceEnd,
};

/// The codes that a line names; JSON and CSV have all.
const CODES: Cut = Cut::after(12);

/// Returns what a changed code became or came from, with the table that says so:
/// `-> M54.50, M54.51, M54.59 (FY2026 table)`. Nothing where no loaded table could say it.
pub(crate) fn line(changes: &ChangeSet, code: &Code, style: Style) -> Option<(LineageWay, String)> {
    let lineage = changes.lineage.get(code)?;
    let mut words = if lineage.ends.is_empty() {
        if lineage.says_none {
            format!("none ({} table)", lineage.table)
        } else {
            format!("none listed ({} table)", lineage.table)
        }
    } else {
        let codes = one_cell(lineage).unwrap_or_else(|| listed(changes, lineage, style));
        let steps = lineage.ends.iter().flat_map(|end| &end.steps);
        format!("{codes} ({})", tables(steps))
    };
    for (day, links) in split_off_by_day(lineage) {
        let codes: Vec<String> = links.iter().map(|link| style.code(&link.new)).collect();
        let _ = write!(
            words,
            "; part of it moved to {} on {day}; it stays valid ({})",
            codes.join(", "),
            tables(links.iter().copied())
        );
    }
    Some((lineage.way, words))
}

/// Returns the tables that some links rest on: `FY2021, FY2026 tables`.
fn tables<'a>(links: impl Iterator<Item = &'a LineageLink>) -> String {
    let tables: BTreeSet<ReleaseId> = links.map(|link| link.table).collect();
    let names: Vec<String> = tables.iter().map(ReleaseId::to_string).collect();
    let plural = if names.len() == 1 { "" } else { "s" };
    format!("{} table{plural}", names.join(", "))
}

fn split_off_by_day(lineage: &ChangeLineage) -> BTreeMap<NaiveDate, Vec<&LineageLink>> {
    let mut by_day: BTreeMap<NaiveDate, Vec<&LineageLink>> = BTreeMap::new();
    for link in &lineage.split_off {
        by_day.entry(link.effective_from).or_default().push(link);
    }
    by_day
}

/// Returns the cell of the one row that says what a code came from, where that is codes reported together:
/// `G56.01 and G56.02` tells more than a list.
fn one_cell(lineage: &ChangeLineage) -> Option<String> {
    let mut rows = lineage.ends.iter().flat_map(|end| &end.steps);
    let first = rows.next()?;
    let is_one = rows.all(|step| (step.table, step.row) == (first.table, first.row));
    let is_told = lineage.way == LineageWay::Back && !first.together_with.is_empty();
    (is_one && is_told).then(|| first.cell.clone())
}

fn listed(changes: &ChangeSet, lineage: &ChangeLineage, style: Style) -> String {
    let ends = lineage.ends.iter();
    let ends = ends.map(|end| end_words(changes, lineage.way, end, style));
    CODES.joined(ends, style)
}

fn end_words(changes: &ChangeSet, way: LineageWay, end: &TraceEnd, style: Style) -> String {
    let code = style.code(&end.code);
    let notes = end_notes(changes, way, end);
    if notes.is_empty() {
        code
    } else {
        format!("{code} [{}]", notes.join(", "))
    }
}

/// Lists what is to be minded of a code that a changed one became or came from.
pub(crate) fn end_notes(changes: &ChangeSet, way: LineageWay, end: &TraceEnd) -> Vec<String> {
    let side = match way {
        LineageWay::Forward => changes.new,
        LineageWay::Back => changes.old,
    };
    let mut notes = Vec::new();
    if ChangeLineage::is_combined(end) {
        notes.push("with another code".to_owned());
    }
    let came_unbilled = end
        .steps
        .first()
        .is_some_and(|step| way == LineageWay::Back && step.fate == Fate::WasNotBillable);
    match end.listed {
        // As the history of the code says it: the row names what could not be reported on its eve.
        _ if came_unbilled => notes.push(fate_words(Fate::WasNotBillable).to_owned()),
        ListedAs::Billable | ListedAs::NotCovered => {}
        ListedAs::Header => notes.push(format!("not billable in {side}")),
        ListedAs::Unlisted => notes.push(format!("not in {side}")),
    }
    notes
}

/// Lists the codes that a changed code leads to one way, without dots, separated by blanks.
pub(super) fn codes(changes: &ChangeSet, code: &Code, way: LineageWay) -> String {
    let Some(lineage) = changes
        .lineage
        .get(code)
        .filter(|lineage| lineage.way == way)
    else {
        return String::new();
    };
    let codes: Vec<&str> = lineage.ends.iter().map(|end| end.code.as_str()).collect();
    codes.join(" ")
}
