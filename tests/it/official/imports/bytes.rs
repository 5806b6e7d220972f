//! The same rows in other bytes, and texts that are packed or encoded otherwise.

use std::io::Write as _;

use codeyear::model::{Added, CodeSet, Provenance};
use codeyear::store::Store;

use super::{
    BEFORE_APRIL, Folder, alone, fy2027, fy2028, into, on, order_files, releases_of, said,
};
use crate::soundness::Chance;

/// Writes the rows of an official file in other bytes.
fn otherwise(order: &[u8], mark: bool, end: &str, tail: &str) -> Vec<u8> {
    let text = std::str::from_utf8(order).unwrap();
    let mut bytes = Vec::with_capacity(text.len() + 16);
    if mark {
        bytes.extend_from_slice("\u{feff}".as_bytes());
    }
    bytes.extend_from_slice(text.trim_end().replace("\r\n", end).as_bytes());
    bytes.extend_from_slice(tail.as_bytes());
    bytes
}

/// Ways to write a file, each but the first another than the official one: mark, end of lines, tail.
const WAYS: [(bool, &str, &str); 7] = [
    (false, "\r\n", "\r\n"),
    (false, "\n", "\n"),
    (true, "\r\n", "\r\n"),
    (false, "\r\n", "\r\n\r\n"),
    (false, "\r\n", ""),
    (true, "\n", "\n\n\n"),
    (true, "\n", ""),
];

#[test]
fn the_rows_of_a_known_release_are_that_release_in_any_bytes_and_the_note_says_what_differs() {
    let Some(official) = fy2027("known rows in other bytes") else {
        return;
    };
    let folder = Folder::new();
    let official_file = folder.write("official/icd10cm_order_2027.txt", &official.order);
    // All of them after the official file.
    let mut store = Store::in_memory().unwrap();
    into(
        &mut store,
        std::slice::from_ref(&official_file),
        &on("2026-11-28"),
    )
    .unwrap();
    let before = store.content_hash().unwrap();
    let mut paths = Vec::new();
    for (number, (mark, end, tail)) in WAYS.into_iter().enumerate().skip(1) {
        let bytes = otherwise(&official.order, mark, end, tail);
        // The name says nothing: the rows do.
        paths.push(folder.write(&format!("{number}/list.txt"), bytes));
    }
    let report = into(&mut store, &paths, &on("2026-11-28")).unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    for taken in &report.taken {
        assert_eq!(taken.added, Added::AlreadyThere, "{taken:?}");
        let notes = taken.notes.join("; ");
        assert!(notes.contains("in other bytes"), "{taken:?}");
    }
    assert_eq!(report.taken.len(), 6);
    assert_eq!(releases_of(&report), ["FY2027".to_owned()].into());
    assert_eq!(store.content_hash().unwrap(), before);
    // One of them before it: the official file takes its place.
    let mut store = Store::in_memory().unwrap();
    let first = paths.swap_remove(Chance::new().below(paths.len()));
    let report = into(&mut store, &[first], &on("2026-11-28")).unwrap();
    assert_eq!(report.taken[0].identified_by, "rows");
    let trust = store.releases().unwrap()[0].release.trust.clone();
    assert_eq!(trust.provenance, Provenance::SameRows);
    assert_eq!(trust.incomplete, None);
    let report = into(&mut store, &[official_file], &on("2026-11-28")).unwrap();
    assert_eq!(report.taken[0].added, Added::Better);
    assert_eq!(store.content_hash().unwrap(), before);
}

#[test]
fn the_rows_of_a_known_release_need_no_final_line_end() {
    let Some(official) = fy2027("known rows without final end") else {
        return;
    };
    let folder = Folder::new();
    let path = folder.write("list.txt", otherwise(&official.order, false, "\r\n", ""));
    let report = alone(&[path], &super::dry("2026-11-28")).unwrap();
    assert_eq!(
        order_files(&report),
        [(CodeSet::Icd10Cm, "FY2027".to_owned())]
    );
}

#[test]
fn a_release_to_come_in_other_bytes_is_the_same_release_in_either_order() {
    let Some(official) = fy2027("a release to come in other bytes") else {
        return;
    };
    let made = fy2028(official);
    let folder = Folder::new();
    let mut paths = Vec::new();
    // The first has no end behind its last line: alone it would be refused as cut off.
    for (mark, end, tail) in [WAYS[6], WAYS[1], WAYS[2], WAYS[3]] {
        let bytes = otherwise(&made.order, mark, end, tail);
        let name = format!("{}/icd10cm-FY2028.txt", paths.len());
        paths.push(folder.write(&name, bytes));
    }
    let error = alone(&paths[..1], &super::dry(BEFORE_APRIL)).unwrap_err();
    assert!(said(&error).contains("looks cut off"), "{error}");
    let mut contents = Vec::new();
    for _ in 0..2 {
        let mut store = Store::in_memory().unwrap();
        let report = into(&mut store, &paths, &on(BEFORE_APRIL)).unwrap();
        assert!(report.failed.is_empty(), "{:?}", report.failed);
        let new = report.taken.iter().filter(|one| one.added == Added::New);
        assert_eq!(new.count(), 1);
        assert_eq!(releases_of(&report), ["FY2028".to_owned()].into());
        contents.push(
            store.releases().unwrap()[0]
                .release
                .trust
                .rows_sha256
                .clone(),
        );
        paths.reverse();
    }
    assert_eq!(contents[0], contents[1]);
}

#[test]
fn a_packed_file_is_read_and_an_encoded_one_is_named() {
    let Some(official) = fy2027("packed and encoded files") else {
        return;
    };
    let folder = Folder::new();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&official.order).unwrap();
    let packed = folder.write("icd10cm_order_2027.txt.gz", packer.finish().unwrap());
    let report = alone(&[packed], &super::dry("2026-11-28")).unwrap();
    assert_eq!(releases_of(&report), ["FY2027".to_owned()].into());
    let text = std::str::from_utf8(&official.order).unwrap();
    for mark in [true, false] {
        let start = if mark { "\u{feff}" } else { "" };
        let units = start.encode_utf16().chain(text.encode_utf16());
        let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
        let path = folder.write("icd10cm_order_2027.txt", bytes);
        let error = alone(&[path], &super::dry("2026-11-28")).unwrap_err();
        assert!(said(&error).contains("UTF-16"), "{error}");
    }
}
