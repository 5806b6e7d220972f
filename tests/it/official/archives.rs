//! Archives under the names they were published with.

use codeyear::ingest::{ImportOptions, import};
use codeyear::model::CodeSet;
use codeyear::store::Store;

use super::index::member;
use super::{holding, id, import_all, release_zip, truth};
use crate::world::{official_releases, whole};

#[test]
fn archives_as_published_are_the_releases_of_their_names() {
    let Some(releases) = official_releases("archives as published") else {
        return;
    };
    let counts = truth(&releases, "order-file-counts.csv");
    let published = releases.join("as-published");
    let expected = [
        ("cms_2016_dx.zip", CodeSet::Icd10Cm, "FY2016"),
        ("cms_2020_dx.zip", CodeSet::Icd10Cm, "FY2020"),
        ("cms_2022_errata.zip", CodeSet::Icd10Pcs, "FY2022-04-errata"),
        ("cms_2024_pr.zip", CodeSet::Icd10Pcs, "FY2024-04"),
        (
            "Code-desciptions-April-2025.zip",
            CodeSet::Icd10Cm,
            "FY2025-04",
        ),
        (
            "icd10cm-Code Descriptions-2026.zip",
            CodeSet::Icd10Cm,
            "FY2026",
        ),
        (
            "icd10cm-code descriptions- April 1 2023.zip",
            CodeSet::Icd10Cm,
            "FY2023-04",
        ),
        (
            "icd10cm-codes-order-Jan-2021.zip",
            CodeSet::Icd10Cm,
            "FY2021-01",
        ),
    ];
    let archives = std::fs::read_dir(&published).unwrap().count();
    assert_eq!(
        archives,
        expected.len(),
        "an archive that no line speaks of"
    );
    for (archive, code_set, release) in expected {
        let mut store = Store::in_memory().unwrap();
        let report = import_all(&mut store, &[published.join(archive)], &whole());
        assert!(
            report
                .taken
                .iter()
                .all(|taken| taken.release == id(release)),
            "{archive}"
        );
        let stored = store.releases().unwrap();
        let [one] = stored.as_slice() else {
            panic!("{archive} holds {} releases", stored.len());
        };
        let repacked = counts
            .iter()
            .find(|record| record["code_set"] == code_set.id() && record["release"] == release)
            .unwrap();
        assert_eq!(
            (one.release.code_set, one.release.id),
            (code_set, id(release)),
            "{archive}"
        );
        assert_eq!(one.release.sha256, repacked["sha256"], "{archive}");
        assert_eq!(one.listing_file.archive.as_deref(), Some(archive));
    }
}

#[test]
fn an_order_file_that_lost_a_tenth_of_its_rows_is_refused_for_a_release_to_come_too() {
    let Some(releases) = official_releases("a cut-off order file") else {
        return;
    };
    let mut store = holding(&releases, CodeSet::Icd10Cm, &["FY2026"]);
    let before = store.content_hash().unwrap();
    let mut whole = Vec::new();
    store
        .write_order_file(CodeSet::Icd10Cm, id("FY2026"), &mut whole)
        .unwrap();
    let cut: Vec<u8> = whole
        .split_inclusive(|byte| *byte == b'\n')
        .take(1000)
        .flatten()
        .copied()
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("icd10cm_order_2028.txt");
    std::fs::write(&path, cut).unwrap();
    for (release, revision) in [("FY2028", false), ("FY2025", true)] {
        let options = ImportOptions {
            release: Some(id(release).into()),
            revision,
            ..crate::world::whole()
        };
        let error = import(
            &mut store,
            std::slice::from_ref(&path),
            &options,
            &mut |_| {},
        )
        .unwrap_err();
        assert!(error.to_string().contains("looks cut off"), "{error}");
    }
    assert_eq!(store.content_hash().unwrap(), before);
}

#[test]
fn the_bytes_of_one_release_are_refused_as_another_even_as_a_correction() {
    let Some(releases) = official_releases("the bytes of another release") else {
        return;
    };
    let mut store = Store::in_memory().unwrap();
    let zip = release_zip(&releases, CodeSet::Icd10Cm, "FY2024-04");
    for (release, revision) in [("FY2025", false), ("FY2025", true), ("FY2027", false)] {
        let options = ImportOptions {
            release: Some(id(release).into()),
            revision,
            ..whole()
        };
        let error = import(
            &mut store,
            std::slice::from_ref(&zip),
            &options,
            &mut |_| {},
        )
        .unwrap_err();
        assert!(
            error.to_string().contains("it has the bytes of FY2024"),
            "{error}"
        );
        assert!(
            error.hint().unwrap().contains("leave --release out"),
            "{error:?}"
        );
    }
    // An update to come may change nothing.
    let folder = tempfile::tempdir().unwrap();
    let last = folder.path().join("icd10cm_order_2027.txt");
    let bytes = member(&releases, CodeSet::Icd10Cm, "FY2027", "icd10cm_order_2027");
    std::fs::write(&last, bytes).unwrap();
    let options = ImportOptions {
        release: Some(id("FY2027-04").into()),
        ..ImportOptions::on("2027-03-01".parse().unwrap())
    };
    let report = import(&mut store, &[last], &options, &mut |_| {}).unwrap();
    assert_eq!(report.taken[0].release, id("FY2027-04"));
}
