//! Archives under the names they were published with.

use codeyear::model::CodeSet;
use codeyear::store::Store;

use super::{id, import_all, truth};
use crate::world::{official_releases, options};

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
        let report = import_all(&mut store, &[published.join(archive)], &options());
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
        assert_eq!(one.order_file.archive.as_deref(), Some(archive));
    }
}
