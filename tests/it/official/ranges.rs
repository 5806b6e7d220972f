//! Every block and chapter range of the official tabular lists, asked of every pair of neighbouring releases.

use std::collections::BTreeSet;

use codeyear::answer::{self, DiffScope};
use codeyear::model::{Change, CodeRange, CodeSet, DocumentKind, NodeKind};

use super::{everything, id, say};
use crate::world::official_releases;

const CM: CodeSet = CodeSet::Icd10Cm;

#[test]
fn every_block_and_chapter_range_of_the_book_is_taken() {
    let Some(releases) = official_releases("every official range with --under") else {
        return;
    };
    let store = everything(&releases);
    let mut ranges: BTreeSet<String> = BTreeSet::new();
    for document in store.documents(DocumentKind::Tabular).unwrap() {
        let tabular = store.tabular(&document).unwrap();
        for node in &tabular.nodes {
            let title = node.title.as_str();
            ranges.extend(
                node.index
                    .iter()
                    .map(|block| format!("{}-{}", block.first, block.last)),
            );
            let range = match node.kind {
                // The range of a chapter stands in its title: `Neoplasms (C00-D49)`.
                NodeKind::Chapter => title
                    .rsplit_once('(')
                    .map(|(_, range)| range.trim_end_matches(')').to_owned()),
                NodeKind::Block => Some(node.name.clone()),
                _ => None,
            };
            ranges.extend(range);
        }
    }
    for asked in ["U00-U49", "U00-U85", "C00-D49", "O00-O9A", "Q00-QA0"] {
        assert!(ranges.contains(asked), "{asked}: {ranges:?}");
    }
    // FY2027 adds the categories K6A and QA1, and its tabular list, which would name their ranges, is not at hand.
    ranges.extend(["K65-K6A", "Q00-QA1"].map(str::to_owned));
    let scope = DiffScope {
        under: ranges
            .iter()
            .map(|range| CodeRange::parse(CM, range).unwrap_or_else(|e| panic!("{range}: {e}")))
            .collect(),
        ..DiffScope::default()
    };
    say(&format!("{} ranges", scope.under.len()));
    let periods = store.timeline(CM).unwrap();
    let mut refused = Vec::new();
    for pair in periods.periods().windows(2) {
        let (old, new) = (pair[0].release, pair[1].release);
        // Taken together, less those that are refused one after another, they are the whole book.
        let mut taken = scope.clone();
        let of_ranges = loop {
            match answer::diff(&store, CM, old, new, &taken) {
                Ok(changes) => break changes,
                Err(error) => {
                    let message = error.to_string();
                    let what = message.rsplit_once("lists ").map_or("", |(_, what)| what);
                    let before = taken.under.len();
                    // Of several ranges that begin there each is asked alone.
                    taken.under.retain(|range| {
                        let alone = DiffScope {
                            under: vec![*range],
                            ..DiffScope::default()
                        };
                        range.first.to_string() != what
                            || answer::diff(&store, CM, old, new, &alone).is_ok()
                    });
                    assert!(taken.under.len() < before, "{message}");
                    refused.push(format!("{old} {new}: {message}"));
                }
            }
        };
        let whole = answer::diff(&store, CM, old, new, &DiffScope::default()).unwrap();
        let codes = |changes: &[Change]| changes.iter().map(|one| one.code).collect::<Vec<_>>();
        assert_eq!(
            codes(&of_ranges.changes),
            codes(&whole.changes),
            "{old} {new}"
        );
        assert!(of_ranges.changes == whole.changes, "{old} {new}");
    }
    // A block of one category is that category, which a release may not have yet.
    let is_one = |text: &String| {
        let what = text.rsplit_once("lists ").map_or("", |(_, what)| what);
        what.len() == 3
    };
    say(&format!("refused: {refused:?}"));
    assert!(refused.iter().all(is_one), "{refused:?}");
}

#[test]
fn a_range_with_numbers_that_are_not_taken_has_what_is_listed_within_it() {
    let Some(releases) = official_releases("U00-U49") else {
        return;
    };
    let store = everything(&releases);
    let codes = |old: &str, new: &str, range: &str| -> Vec<String> {
        let scope = DiffScope {
            under: vec![CodeRange::parse(CM, range).unwrap()],
            ..DiffScope::default()
        };
        let changes = answer::diff(&store, CM, id(old), id(new), &scope).unwrap();
        let codes = changes.changes.iter().map(|change| change.code.to_string());
        codes.collect()
    };
    for range in ["U00-U49", "U00-U85"] {
        assert_eq!(codes("FY2020", "FY2021", range), ["U07", "U07.0", "U07.1"]);
        assert_eq!(codes("FY2021-01", "FY2022", range), ["U09", "U09.9"]);
    }
    // What is not listed and is no category of a range is still refused.
    for wrong in ["U49", "U50-U85", "U07.5-U07.9"] {
        let scope = DiffScope {
            under: vec![CodeRange::parse(CM, wrong).unwrap()],
            ..DiffScope::default()
        };
        let error = answer::diff(&store, CM, id("FY2021"), id("FY2022"), &scope).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("neither FY2021 nor FY2022 lists"),
            "{error}"
        );
    }
}
