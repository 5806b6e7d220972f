//! Every official order zip as it was published, alone into an empty database.

use codeyear::model::CodeSet;

use super::{alone, dry, order_files, releases_of};
use crate::official::{release_zip, say, truth};
use crate::world::official_releases;

fn each_is_told(code_set: CodeSet) {
    let Some(releases) = official_releases("official archives alone") else {
        return;
    };
    let counts = truth(&releases, "order-file-counts.csv");
    let mut told = 0;
    for record in counts
        .iter()
        .filter(|record| record["code_set"] == code_set.id())
    {
        let zip = release_zip(&releases, code_set, &record["release"]);
        let begun = std::time::Instant::now();
        let report =
            alone(&[zip], &dry("2026-11-28")).unwrap_or_else(|error| panic!("{record:?}: {error}"));
        assert!(report.failed.is_empty(), "{record:?}: {:?}", report.failed);
        assert_eq!(
            order_files(&report),
            [(code_set, record["release"].clone())]
        );
        assert_eq!(
            releases_of(&report),
            [record["release"].clone()].into(),
            "{:?}",
            report.taken
        );
        let order = &report.taken[0];
        assert_eq!(order.rows.to_string(), record["rows"], "{record:?}");
        assert_eq!(order.billable.to_string(), record["billable"]);
        told += 1;
        say(&format!("{} {:?}", record["release"], begun.elapsed()));
    }
    let zips = std::fs::read_dir(releases.join(code_set.id())).unwrap();
    assert_eq!(told, zips.count(), "an archive that no line speaks of");
}

#[test]
fn every_archive_of_icd_10_cm_is_told_alone() {
    each_is_told(CodeSet::Icd10Cm);
}

#[test]
fn every_archive_of_icd_10_pcs_is_told_alone() {
    each_is_told(CodeSet::Icd10Pcs);
}
