//! What the unit tests of all packages have in common.

#![allow(dead_code, reason = "each package uses some of it")]

use chrono::NaiveDate;

use codeyear_core::ingest;
use codeyear_core::model::{Code, CodeSet, Entry, ReleaseId};
use codeyear_core::store::Store;

/// Returns a store in memory that holds the bundled sample.
pub(crate) fn sample() -> Store {
    let mut store = Store::in_memory().unwrap();
    ingest::import_sample(&mut store, day("2026-03-01")).unwrap();
    store
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn release(text: &str) -> ReleaseId {
    text.parse().unwrap()
}

/// Reads a code of ICD-10-CM.
pub(crate) fn cm(text: &str) -> Code {
    CodeSet::Icd10Cm.parse_code(text).unwrap()
}

/// Returns codes as people write them, to be compared with what is expected.
pub(crate) fn dotted<'c>(codes: impl IntoIterator<Item = &'c Code>) -> Vec<String> {
    codes.into_iter().map(Code::to_string).collect()
}

/// Returns the codes of entries, as [`dotted`] does.
pub(crate) fn codes_of(entries: &[Entry]) -> Vec<String> {
    dotted(entries.iter().map(|entry| &entry.code))
}
