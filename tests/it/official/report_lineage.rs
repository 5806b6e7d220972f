//! What the official conversion tables say of the codes that a report lists.

use std::time::Instant;

use codeyear::answer::{self, DiffScope};
use codeyear::model::{ChangeSet, CodeSet, LineageWay};
use codeyear::present::{self, Style, text};
use codeyear::store::Store;

use super::{everything, id, say};
use crate::world::official_releases;

const CM: CodeSet = CodeSet::Icd10Cm;

fn diff(store: &Store, old: &str, new: &str) -> ChangeSet {
    answer::diff(store, CM, id(old), id(new), &DiffScope::default()).unwrap()
}

fn ends(changes: &ChangeSet, code: &str) -> Vec<String> {
    let lineage = &changes.lineage[&CM.parse_code(code).unwrap()];
    assert_eq!(lineage.table, id("FY2026"));
    lineage
        .ends
        .iter()
        .map(|end| end.code.to_string())
        .collect()
}

#[test]
fn retired_codes_become_what_the_official_tables_say() {
    let Some(releases) = official_releases("the successors in a report") else {
        return;
    };
    let store = everything(&releases);
    let back_pain = ["M54.50", "M54.51", "M54.59"];
    for (old, new, code, expected) in [
        (
            "FY2025",
            "FY2026",
            "G35",
            &[
                "G35.A", "G35.B0", "G35.B1", "G35.B2", "G35.C0", "G35.C1", "G35.C2", "G35.D",
            ][..],
        ),
        (
            "FY2018",
            "FY2019",
            "T81.4XXA",
            &[
                "T81.40XA", "T81.41XA", "T81.42XA", "T81.43XA", "T81.44XA", "T81.49XA",
            ],
        ),
        ("FY2021-01", "FY2022", "M54.5", &back_pain),
        ("FY2021", "FY2022", "M54.5", &back_pain),
        (
            "FY2022",
            "FY2022-04",
            "Z28.3",
            &["Z28.310", "Z28.311", "Z28.39"],
        ),
    ] {
        let changes = diff(&store, old, new);
        assert_eq!(ends(&changes, code), expected, "{code}, {old} to {new}");
        for successor in expected {
            assert_eq!(ends(&changes, successor), [code], "{successor}");
        }
    }
}

#[test]
fn every_code_that_could_be_reported_on_one_side_only_has_its_lineage_and_backwards_none_has() {
    let Some(releases) = official_releases("the lineage of a whole report") else {
        return;
    };
    let store = everything(&releases);
    let begun = Instant::now();
    let changes = diff(&store, "FY2025", "FY2026");
    say(&format!(
        "diff FY2025 FY2026 with lineage: {:?}",
        begun.elapsed()
    ));
    let cms = changes.cms_counts();
    let count = |way| {
        let of_way = changes
            .lineage
            .values()
            .filter(|lineage| lineage.way == way);
        of_way.count() as u64
    };
    assert_eq!(count(LineageWay::Back), cms.new);
    assert_eq!(count(LineageWay::Forward), cms.deleted);
    for lineage in changes.lineage.values() {
        for step in lineage.ends.iter().flat_map(|end| &end.steps) {
            assert_eq!(step.effective_from, changes.new_from);
        }
    }
    assert!(diff(&store, "FY2026", "FY2025").lineage.is_empty());
    // U07.1 was split off from a code that stays: its predecessor is told, and nothing of B97.29.
    let changes = diff(&store, "FY2020", "FY2021");
    assert_eq!(ends(&changes, "U07.1"), ["B97.29"]);
    assert!(
        !changes
            .lineage
            .contains_key(&CM.parse_code("B97.29").unwrap())
    );
}

#[test]
fn what_was_split_off_while_a_code_stayed_valid_is_told_apart_from_its_successors() {
    let Some(releases) = official_releases("split-offs told apart from successors") else {
        return;
    };
    let store = everything(&releases);
    let changes = diff(&store, "FY2016", "FY2022");
    let fentanyl = CM.parse_code("T40.4X1A").unwrap();
    let lineage = &changes.lineage[&fentanyl];
    assert_eq!(
        ends(&changes, "T40.4X1A"),
        ["T40.411A", "T40.421A", "T40.491A"]
    );
    let split_off: Vec<String> = lineage
        .split_off
        .iter()
        .map(|link| format!("{} {}", link.effective_from, link.new))
        .collect();
    assert_eq!(split_off, ["2016-10-01 K59.03"]);

    let changes = diff(&store, "FY2016", "FY2026-04");
    let retired: Vec<_> = changes
        .lineage
        .iter()
        .filter(|(_, lineage)| lineage.way == LineageWay::Forward)
        .collect();
    let with_split_off = retired
        .iter()
        .filter(|(_, lineage)| !lineage.split_off.is_empty())
        .count();
    say(&format!(
        "{with_split_off} of {} retired codes had something split off",
        retired.len()
    ));
    assert_eq!((with_split_off, retired.len()), (39, 983));
}

#[test]
fn rows_of_one_day_are_not_chained_and_said_as_the_history_says_them() {
    let Some(releases) = official_releases("two rows of one day") else {
        return;
    };
    let store = everything(&releases);
    let changes = diff(&store, "FY2025-04", "FY2026");
    assert_eq!(ends(&changes, "Z80.44"), ["Z40.89"]);
    assert_eq!(ends(&changes, "Z40.89"), ["Z40.8"]);
    let lineage = &changes.lineage[&CM.parse_code("Z80.44").unwrap()];
    let history = answer::history(&store.codes(CM).unwrap(), "Z80.44").unwrap();
    assert_eq!(lineage.ends[0].steps, history.lineage.lineage.predecessors);
    let text = present::render::text(
        &present::changes::report(&changes, Style::PLAIN),
        Style::PLAIN,
    );
    let said = "<- Z40.89 [was not billable] (FY2026 table)";
    assert!(text.contains(said), "{said}");
    assert!(text::history(&history, Style::PLAIN).contains("Z40.89, was not billable"));
}
