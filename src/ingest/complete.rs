//! Whether the rows of a release are all there, beside those of the nearest release that the catalogue knows.

use std::collections::BTreeSet;

use crate::model::{Code, CodeSet, Entry, ReleaseId};
use crate::parse::order::OrderFile;
use crate::source::catalogue::OrderFileFacts;
use crate::source::{RowsHash, rows_sha256};

/// How many percent of the nearest release's rows a release has at least. The largest official fall is that of
/// ICD-10-PCS FY2020: 1.7 %.
const LEAST_PERCENT: u64 = 98;

/// What is there of a release.
#[derive(Debug, Clone)]
pub(super) struct Extent {
    pub(super) code_set: CodeSet,
    /// Its rows.
    pub(super) rows: u64,
    /// Those with flag 1.
    pub(super) billable: u64,
    /// The hash of its rows.
    pub(super) rows_sha256: String,
    /// The first characters of its codes.
    letters: BTreeSet<char>,
    /// Its categories or tables.
    categories: BTreeSet<Code>,
}

impl Extent {
    /// Returns the extent of a parsed order file. Of bytes that the catalogue knows it takes the hash of the rows from there.
    pub(super) fn of_order_file(
        code_set: CodeSet,
        order: &OrderFile,
        known: Option<&OrderFileFacts>,
    ) -> Extent {
        Extent::new(
            code_set,
            order.rows().len() as u64,
            order.billable(),
            known.map_or_else(|| rows_sha256(order), |facts| facts.rows_sha256.clone()),
            order.rows().iter().map(|row| row.code),
        )
    }

    /// Returns the extent of the rows that a tabular list expands to.
    pub(super) fn of_entries(code_set: CodeSet, entries: &[Entry]) -> Extent {
        let mut hash = RowsHash::new();
        for entry in entries {
            hash.add(
                &entry.code,
                entry.billable,
                &entry.short_title,
                &entry.long_title,
            );
        }
        Extent::new(
            code_set,
            entries.len() as u64,
            entries.iter().filter(|entry| entry.billable).count() as u64,
            hash.finish(),
            entries.iter().map(|entry| entry.code),
        )
    }

    /// Returns the extent that the catalogue has of an order file with the same bytes.
    pub(super) fn of_known(code_set: CodeSet, facts: &OrderFileFacts) -> Extent {
        Extent {
            code_set,
            rows: facts.rows,
            billable: facts.billable,
            rows_sha256: facts.rows_sha256.clone(),
            letters: facts.letters.chars().collect(),
            categories: Code::from_plain(facts.last_category.as_bytes())
                .into_iter()
                .collect(),
        }
    }

    fn new(
        code_set: CodeSet,
        rows: u64,
        billable: u64,
        rows_sha256: String,
        codes: impl Iterator<Item = Code>,
    ) -> Extent {
        let mut letters = BTreeSet::new();
        let mut categories = BTreeSet::new();
        let mut last = None;
        for category in codes.map(|code| code.category()) {
            // Codes of one category stand together.
            if last != Some(category) {
                letters.extend(category.as_str().chars().next());
                categories.insert(category);
                last = Some(category);
            }
        }
        Extent {
            code_set,
            rows,
            billable,
            rows_sha256,
            letters,
            categories,
        }
    }
}

/// Returns what a release lacks that the nearest known one has: rows, a chapter letter, the last category; `None`
/// if it is whole.
pub(super) fn lacks(extent: &Extent, nearest: ReleaseId, facts: &OrderFileFacts) -> Option<String> {
    if extent.rows_sha256 == facts.rows_sha256 {
        return None;
    }
    if extent.rows * 100 < facts.rows * LEAST_PERCENT {
        return Some(format!(
            "it has {} rows and {nearest} has {}",
            extent.rows, facts.rows
        ));
    }
    let missing: String = facts
        .letters
        .chars()
        .filter(|letter| !extent.letters.contains(letter))
        .collect();
    if !missing.is_empty() {
        return Some(format!(
            "no code begins with {} as in {nearest}",
            missing
                .chars()
                .map(String::from)
                .collect::<Vec<_>>()
                .join(", ")
        ));
    }
    let last = Code::from_plain(facts.last_category.as_bytes());
    if last.is_some_and(|last| !extent.categories.contains(&last)) {
        return Some(format!(
            "it does not list {}, the last category of {nearest}",
            facts.last_category
        ));
    }
    None
}
