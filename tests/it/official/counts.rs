//! Rows and changes: every order file as stored, every transition of ICD-10-CM, and FY2026 as announced.

use std::collections::{BTreeMap, BTreeSet};

use codeyear::answer::{self, DiffScope};
use codeyear::model::{ChangeKind, ChangeSet, CmsCounts, CodeSet};
use codeyear::store::Store;
use sha2::{Digest, Sha256};

use super::{everything, id, number, say, truth, verified};
use crate::world::official_releases;

fn diff(store: &Store, old: &str, new: &str) -> ChangeSet {
    answer::diff(
        store,
        CodeSet::Icd10Cm,
        id(old),
        id(new),
        &DiffScope::default(),
    )
    .unwrap()
}

#[test]
fn every_order_file_is_stored_with_the_official_counts_and_written_back_byte_for_byte() {
    let Some(releases) =
        official_releases("order files stored with the official counts and written back")
    else {
        return;
    };
    let store = everything(&releases);
    let stored = store.releases().unwrap();
    let expected = truth(&releases, "order-file-counts.csv");
    assert_eq!(stored.len(), expected.len());
    for record in &expected {
        let code_set: CodeSet = record["code_set"].parse().unwrap();
        let release = id(&record["release"]);
        let one = stored
            .iter()
            .find(|one| one.release.code_set == code_set && one.release.id == release)
            .unwrap_or_else(|| panic!("{code_set} {release} is not stored"));
        assert_eq!(
            one.release.rows,
            number(record, "rows"),
            "{code_set} {release}"
        );
        assert_eq!(
            one.release.billable,
            number(record, "billable"),
            "{code_set} {release}"
        );
        assert_eq!(
            one.listing_file.bytes,
            number(record, "bytes"),
            "{code_set} {release}"
        );
        assert_eq!(
            one.release.sha256, record["sha256"],
            "{code_set} {release} as stored"
        );
        let mut written = Vec::new();
        store
            .write_order_file(code_set, release, &mut written)
            .unwrap();
        let sha256 = Sha256::digest(&written)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>();
        assert_eq!(
            sha256, record["sha256"],
            "{code_set} {release} written back"
        );
    }
}

#[test]
fn the_whole_database_is_sound() {
    let Some(releases) = official_releases("the whole database is sound") else {
        return;
    };
    for code_set in CodeSet::ALL {
        let report = verified(&releases, code_set);
        assert!(report.is_sound());
        assert_eq!(
            report.spans,
            [(code_set, 0)],
            "derived spans match the releases"
        );
        for one in &report.releases {
            let (rows, billable, sha256) =
                one.order_file.as_ref().unwrap().expected.clone().unwrap();
            assert_eq!(
                (rows, billable),
                one.order_file.as_ref().unwrap().rows,
                "{code_set} {}",
                one.id
            );
            assert_eq!(
                sha256,
                one.order_file.as_ref().unwrap().written,
                "{code_set} {}",
                one.id
            );
        }
    }
}

#[test]
fn every_transition_of_icd_10_cm_has_the_official_counts() {
    let Some(releases) = official_releases("counts of every transition of ICD-10-CM") else {
        return;
    };
    let store = everything(&releases);
    for record in truth(&releases, "icd10cm-transitions.csv") {
        let changes = diff(&store, &record["from"], &record["to"]);
        let both = || {
            changes
                .changes
                .iter()
                .filter_map(|change| change.old.as_ref().zip(change.new.as_ref()))
        };
        let words = |title: &str| {
            title
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let long_changed = both()
            .filter(|(old, new)| old.long_title != new.long_title)
            .count();
        let short_only_changed = both()
            .filter(|(old, new)| old.long_title == new.long_title)
            .filter(|(old, new)| words(&old.short_title) != words(&new.short_title))
            .count();
        let count = |kind| changes.count(kind);
        let found = [
            ("from_rows", changes.old_rows.all),
            ("to_rows", changes.new_rows.all),
            ("from_billable", changes.old_rows.billable),
            ("to_billable", changes.new_rows.billable),
            ("added", count(ChangeKind::New).all),
            ("added_billable", count(ChangeKind::New).billable),
            ("deleted", count(ChangeKind::Deleted).all),
            ("deleted_billable", count(ChangeKind::Deleted).billable),
            ("became_header", count(ChangeKind::BecameHeader).all),
            ("became_billable", count(ChangeKind::BecameBillable).all),
            ("long_changed", long_changed as u64),
            ("short_only_changed", short_only_changed as u64),
        ];
        // from, to and effective are the other columns.
        assert_eq!(found.len() + 3, record.len());
        for (column, value) in found {
            assert_eq!(value, number(&record, column), "{} {column}", record["to"]);
        }
        assert_eq!(changes.new_from.to_string(), record["effective"]);
    }
}

#[test]
fn every_added_deleted_and_flipped_code_of_icd_10_cm_is_found_and_no_other() {
    let Some(releases) = official_releases("every added, deleted and flipped code") else {
        return;
    };
    type Row = (String, String, String, String, String);
    let store = everything(&releases);
    let mut expected: BTreeMap<String, BTreeSet<Row>> = BTreeMap::new();
    let transitions = truth(&releases, "icd10cm-transitions.csv");
    for transition in &transitions {
        expected.insert(transition["to"].clone(), BTreeSet::new());
    }
    let mut rows = 0;
    for record in truth(&releases, "icd10cm-changes.csv") {
        let row = ["effective", "change", "code", "flag", "long"].map(|name| record[name].clone());
        let rows_of = expected.get_mut(&record["to"]).unwrap();
        assert!(rows_of.insert(row.into()), "the figures repeat {record:?}");
        rows += 1;
    }
    assert!(rows > 8000);
    for transition in &transitions {
        let to = &transition["to"];
        let changes = diff(&store, &transition["from"], to);
        let found: BTreeSet<Row> = changes
            .changes
            .iter()
            .filter_map(|change| {
                let name = match change.kind {
                    ChangeKind::New => "added",
                    ChangeKind::Deleted => "deleted",
                    ChangeKind::BecameHeader => "became_header",
                    ChangeKind::BecameBillable => "became_billable",
                    _ => return None,
                };
                let entry = change.entry().unwrap();
                Some((
                    changes.new_from.to_string(),
                    name.to_owned(),
                    change.code.as_str().to_owned(),
                    u8::from(entry.billable).to_string(),
                    entry.long_title.clone(),
                ))
            })
            .collect();
        let missing: Vec<&Row> = expected[to].difference(&found).take(5).collect();
        let surplus: Vec<&Row> = found.difference(&expected[to]).take(5).collect();
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "{to}: not found {missing:?}, not expected {surplus:?}"
        );
    }
}

#[test]
fn fy2026_counts_as_cms_announced_it() {
    let Some(releases) = official_releases("FY2026 counts as CMS announced it") else {
        return;
    };
    let store = everything(&releases);
    for old in ["FY2025", "FY2025-04"] {
        let changes = diff(&store, old, "FY2026");
        let announced = CmsCounts {
            new: 487,
            deleted: 28,
            revised: 38,
        };
        assert_eq!(changes.cms_counts(), announced, "from {old}");
        // 28 = 12 deleted + 16 that became headers; 38 = 45 reworded titles less those of 7 headers.
        assert_eq!(changes.count(ChangeKind::Deleted).billable, 12);
        assert_eq!(changes.count(ChangeKind::BecameHeader).all, 16);
        let reworded: Vec<bool> = changes
            .changes
            .iter()
            .filter_map(|change| change.old.as_ref().zip(change.new.as_ref()))
            .filter(|(old, new)| old.long_title != new.long_title)
            .map(|(_, new)| new.billable)
            .collect();
        assert_eq!(reworded.len(), 45);
        assert_eq!(reworded.iter().filter(|billable| !**billable).count(), 7);
    }
}

/// The revisions that CMS's addenda leave out, by release: all others have every one. Of FY2018's 12 other
/// short titles (H35.31) one is of a code whose long title the addenda revises.
const LEFT_OUT: [(CodeSet, &str, u64); 3] = [
    (CodeSet::Icd10Cm, "FY2018", 11),
    (CodeSet::Icd10Cm, "FY2022", 2),
    (CodeSet::Icd10Cm, "FY2024", 1),
];

#[test]
fn what_cms_counts_is_the_footer_of_its_addenda_and_never_our_own_count() {
    let Some(releases) = official_releases("CMS's counts are those of its addenda") else {
        return;
    };
    let store = everything(&releases);
    for (old, new, cms, ours) in [
        ("FY2021-01", "FY2022", [159, 32, 20], 22),
        ("FY2017", "FY2018", [360, 142, 226], 237),
        ("FY2023-04", "FY2024", [395, 25, 22], 23),
        ("FY2025-04", "FY2026", [487, 28, 38], 38),
        // The same order file as FY2025-04's, which the addenda is against.
        ("FY2025", "FY2026", [487, 28, 38], 38),
    ] {
        let changes = diff(&store, old, new);
        let footer = changes.cms_footer.as_ref().unwrap().counts;
        assert_eq!([footer.new, footer.deleted, footer.revised], cms, "{new}");
        assert_eq!(changes.cms_counts().revised, ours, "{new}");
        let said = codeyear::present::changes::cms_sentence(&changes);
        assert!(said.starts_with("CMS counts"), "{said}");
        assert!(
            said.contains(&format!("{} revised (footer of ", cms[2])),
            "{said}"
        );
    }
    // No addenda leads over several releases, nor backwards, nor are its counts those of a part.
    for (old, new) in [
        ("FY2022", "FY2026"),
        ("FY2026", "FY2025"),
        ("FY2021", "FY2022"),
    ] {
        let changes = diff(&store, old, new);
        assert_eq!(changes.cms_footer, None, "{old} to {new}");
        let said = codeyear::present::changes::cms_sentence(&changes);
        assert!(said.starts_with("Counted as CMS counts"), "{said}");
    }
}

#[test]
fn our_count_differs_from_cms_only_by_the_revisions_that_its_addenda_leaves_out() {
    let Some(releases) = official_releases("our counts against every footer") else {
        return;
    };
    let store = everything(&releases);
    let mut footers = 0;
    for code_set in CodeSet::ALL {
        for proof in verified(&releases, code_set).releases {
            let Some(base) = proof.addenda.as_ref().and_then(|addenda| addenda.base) else {
                continue;
            };
            let scope = DiffScope::default();
            let changes = answer::diff(&store, code_set, base, proof.id, &scope).unwrap();
            let Some(footer) = &changes.cms_footer else {
                continue;
            };
            footers += 1;
            let ours = changes.cms_counts();
            let name = format!("{code_set} {}", proof.id);
            assert_eq!(ours.new, footer.counts.new, "{name}");
            assert_eq!(ours.deleted, footer.counts.deleted, "{name}");
            let left_out: u64 = footer.left_out.iter().sum();
            let expected = LEFT_OUT
                .iter()
                .find(|(set, release, _)| *set == code_set && id(release) == proof.id)
                .map_or(0, |(_, _, count)| *count);
            assert_eq!(left_out, expected, "{name}");
            assert_eq!(ours.revised - left_out, footer.counts.revised, "{name}");
        }
    }
    say(&format!("{footers} footers"));
    assert!(footers > 20);
}

#[test]
fn fy2026_leaves_the_order_of_letters_in_56_places() {
    let Some(releases) = official_releases("tabular order of FY2026") else {
        return;
    };
    let store = everything(&releases);
    let entries = store
        .listing(CodeSet::Icd10Cm, id("FY2026"))
        .unwrap()
        .entries;
    let smaller = entries
        .windows(2)
        .filter(|pair| pair[1].code < pair[0].code)
        .count();
    assert_eq!(smaller, 56);
}
