//! The full official files against figures that were computed from them with other code.
//!
//! The figures are read at run time from the folder `truth` beside the releases.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use chrono::NaiveDate;
use codeyear::answer::{self, AddendaProof, DiffScope, VerifyOptions, VerifyReport};
use codeyear::ingest::{ImportOptions, ImportReport, import};
use codeyear::model::{
    Answer, ChangeKind, ChangeSet, CmsCounts, CodeSet, Entry, ReleaseId, Verdict, Warning,
};
use codeyear::store::{ProofOutcome, Store};
use sha2::{Digest, Sha256};

use crate::world::{official_releases, options, today};

type Record = BTreeMap<String, String>;

/// The figures of one file of the folder `truth`.
fn truth(releases: &Path, name: &str) -> Vec<Record> {
    let path = releases.parent().unwrap().join("truth").join(name);
    let mut reader =
        csv::Reader::from_path(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let records: Vec<Record> = reader.deserialize().map(Result::unwrap).collect();
    assert!(!records.is_empty(), "{} is empty", path.display());
    records
}

fn number(record: &Record, column: &str) -> u64 {
    record[column].parse().unwrap()
}

fn id(text: &str) -> ReleaseId {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn release_zip(releases: &Path, code_set: CodeSet, release: &str) -> PathBuf {
    let set = code_set.id();
    releases.join(set).join(format!("{set}-{release}.zip"))
}

fn import_all(store: &mut Store, paths: &[PathBuf], options: &ImportOptions) -> ImportReport {
    import(store, paths, options, &mut |_| {}).unwrap_or_else(|error| panic!("{error}"))
}

/// A database of its own with some releases of one code set, imported one after the other.
fn holding(releases: &Path, code_set: CodeSet, ids: &[&str]) -> Store {
    let mut store = Store::in_memory().unwrap();
    for release in ids {
        import_all(
            &mut store,
            &[release_zip(releases, code_set, release)],
            &options(),
        );
    }
    store
}

/// The one database with every release of both code sets, made by the first test that asks.
///
/// It lies in the folder that cargo gives to tests. A test binary ends without a word to its statics,
/// so what an earlier run left there is removed first.
fn everything(releases: &Path) -> Store {
    static DATABASE: OnceLock<PathBuf> = OnceLock::new();
    let database = DATABASE.get_or_init(|| {
        let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
        remove_old_folders(parent);
        let folder = tempfile::Builder::new()
            .prefix("official-")
            .tempdir_in(parent)
            .unwrap();
        let database = folder.keep().join("codeyear.db");
        let mut store = Store::open_or_create(&database).unwrap();
        let folders = [releases.join("icd10cm"), releases.join("icd10pcs")];
        import_all(&mut store, &folders, &options());
        database
    });
    Store::open(database).unwrap()
}

fn remove_old_folders(parent: &Path) {
    for entry in std::fs::read_dir(parent).unwrap().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with("official-");
        let age = entry
            .metadata()
            .and_then(|data| data.modified())
            .map(|at| at.elapsed());
        // A younger one may be in use by another run.
        if is_ours && matches!(age, Ok(Ok(age)) if age.as_secs() > 3600) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// What `verify` says of one code set of that database, computed once.
fn verified(releases: &Path, code_set: CodeSet) -> VerifyReport {
    static REPORTS: Mutex<BTreeMap<CodeSet, VerifyReport>> = Mutex::new(BTreeMap::new());
    let store = everything(releases);
    let mut reports = REPORTS.lock().unwrap();
    reports
        .entry(code_set)
        .or_insert_with(|| {
            let options = VerifyOptions {
                code_set: Some(code_set),
                ..VerifyOptions::default()
            };
            answer::verify(&store, &options, today(), &mut |_, _| {}).unwrap()
        })
        .clone()
}

fn addenda_of(report: &VerifyReport, release: &str) -> AddendaProof {
    let found = report.releases.iter().find(|one| one.id == id(release));
    let addenda = found.and_then(|one| one.addenda.clone());
    addenda.unwrap_or_else(|| panic!("{release} has no addenda"))
}

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

fn check(store: &Store, code_set: CodeSet, code: &str, date: &str) -> Answer {
    answer::check(store, code_set, code, day(date)).unwrap()
}

fn dotted(entries: &[Entry]) -> Vec<String> {
    entries
        .iter()
        .map(|entry| entry.code.dotted(CodeSet::Icd10Cm))
        .collect()
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
            one.order_file.bytes,
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
            "derived spans equal the facts"
        );
        for one in &report.releases {
            let (rows, billable, sha256) = one.order_file.expected.clone().unwrap();
            assert_eq!(
                (rows, billable),
                one.order_file.rows,
                "{code_set} {}",
                one.id
            );
            assert_eq!(sha256, one.order_file.written, "{code_set} {}", one.id);
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
fn every_addenda_of_icd_10_cm_replays_on_its_base_with_the_known_residue() {
    let Some(releases) = official_releases("every addenda of ICD-10-CM replayed") else {
        return;
    };
    let report = verified(&releases, CodeSet::Icd10Cm);
    let expected = truth(&releases, "icd10cm-addenda-reconciliation.csv");
    for record in &expected {
        let next = &record["next"];
        let addenda = addenda_of(&report, next);
        let detail = addenda.detail();
        let replay = addenda.replay.as_ref().unwrap();
        assert_eq!(addenda.base, Some(id(&record["base"])), "{next}: {detail}");
        assert_eq!(
            replay.rows_off() as u64,
            number(record, "rows_off"),
            "{next}: {detail}"
        );
        assert_eq!(replay.footer_differences, [""; 0], "{next}");
        let outcome = if record["result"] == "near" {
            ProofOutcome::Near
        } else {
            ProofOutcome::Exact
        };
        assert_eq!(addenda.outcome(), outcome, "{next}: {detail}");
        // The figures name the codes whose titles differ, unless they break the list off.
        let named = &record["detail"];
        for (_, listed) in replay.differing.iter().filter(|_| !named.contains("...")) {
            let code = listed.code.dotted(CodeSet::Icd10Cm);
            assert!(
                named.contains(&code),
                "{next}: {code} differs, and only {named:?} may"
            );
        }
    }
    let with_addenda = report
        .releases
        .iter()
        .filter(|one| one.addenda.is_some())
        .count();
    assert_eq!(
        with_addenda,
        expected.len(),
        "an addenda that no figure speaks of"
    );
}

#[test]
fn every_addenda_of_icd_10_pcs_replays_on_its_base_with_no_residue() {
    let Some(releases) = official_releases("every addenda of ICD-10-PCS replayed") else {
        return;
    };
    let report = verified(&releases, CodeSet::Icd10Pcs);
    for (release, base) in [
        ("FY2016", "FY2015"),
        ("FY2017", "FY2016"),
        ("FY2018", "FY2017"),
        ("FY2019", "FY2018"),
        ("FY2020", "FY2019"),
        ("FY2021-01", "FY2020"),
        ("FY2022-04", "FY2022"),
        ("FY2022-04-errata", "FY2022-04"),
        ("FY2023-04", "FY2023"),
        ("FY2024-04", "FY2024"),
        ("FY2025", "FY2024-04"),
    ] {
        let addenda = addenda_of(&report, release);
        assert_eq!(
            addenda.base,
            Some(id(base)),
            "{release}: {}",
            addenda.detail()
        );
        let replay = addenda.replay.as_ref().unwrap();
        let residue = (
            replay.missing.len(),
            replay.surplus.len(),
            replay.differing.len(),
        );
        assert_eq!(residue, (0, 0, 0), "{release}: {}", addenda.detail());
        assert_eq!(replay.footer_differences, [""; 0], "{release}");
        assert_eq!(addenda.outcome(), ProofOutcome::Exact, "{release}");
        assert_eq!(
            addenda.detail(),
            format!("replayed on {base}: row for row exact")
        );
    }
}

#[test]
fn an_addenda_of_icd_10_pcs_on_a_wrong_base_leaves_codes_unexplained() {
    let Some(releases) = official_releases("an addenda of ICD-10-PCS on a wrong base") else {
        return;
    };
    let store = everything(&releases);
    for (release, base, right_base, residue) in [
        ("FY2022-04", "FY2021-01", "FY2022", (198, 109, 63)),
        ("FY2023-04", "FY2022-04", "FY2023", (340, 65, 0)),
        ("FY2024-04", "FY2023-04", "FY2024", (83, 6, 14)),
    ] {
        let options = VerifyOptions {
            code_set: Some(CodeSet::Icd10Pcs),
            release: Some(id(release)),
            base: Some(id(base)),
        };
        let report = answer::verify(&store, &options, today(), &mut |_, _| {}).unwrap();
        let addenda = addenda_of(&report, release);
        let replay = addenda.replay.as_ref().unwrap();
        let found = (
            replay.missing.len(),
            replay.surplus.len(),
            replay.differing.len(),
        );
        assert_eq!(found, residue, "{release} on {base}");
        assert_eq!(addenda.outcome(), ProofOutcome::Failed);
        assert_eq!(addenda.fitting_bases, [id(right_base)], "{release}");
        let detail = addenda.detail();
        assert!(
            detail.starts_with(&format!("{} codes unexplained", residue.0)),
            "{detail}"
        );
        assert!(detail.contains(&format!("not against {base}")), "{detail}");
        assert!(
            detail.contains(&format!("it is against {right_base}")),
            "{detail}"
        );
    }
}

#[test]
fn an_addenda_whose_base_is_missing_names_the_missing_release() {
    let Some(releases) = official_releases("an addenda whose base is missing") else {
        return;
    };
    let store = holding(&releases, CodeSet::Icd10Pcs, &["FY2023-04", "FY2024-04"]);
    let options = VerifyOptions {
        release: Some(id("FY2024-04")),
        ..VerifyOptions::default()
    };
    let report = answer::verify(&store, &options, today(), &mut |_, _| {}).unwrap();
    let addenda = addenda_of(&report, "FY2024-04");
    let detail = addenda.detail();
    assert!(detail.contains("83 codes unexplained"), "{detail}");
    assert!(detail.contains("its base FY2024 is not loaded"), "{detail}");
    assert_eq!(
        addenda.outcome(),
        ProofOutcome::NotChecked,
        "a missing base is no failure"
    );
    assert!(report.is_sound());
}

#[test]
fn every_spot_check_has_the_official_answer() {
    let Some(releases) = official_releases("spot checks") else {
        return;
    };
    let store = everything(&releases);
    let mut asked = 0;
    for record in truth(&releases, "icd10cm-spot-checks.csv") {
        if record["code"].ends_with(" POA") {
            continue;
        }
        asked += 1;
        let found = check(&store, CodeSet::Icd10Cm, &record["code"], &record["date"]);
        let what = format!("{} on {}: {found:?}", record["code"], record["date"]);
        assert_eq!(found.warnings, [], "{what}");
        let (expected, rest) = match record["answer"].split_once([';', ',', '(']) {
            Some((expected, rest)) => (expected.trim(), rest.trim()),
            None => (record["answer"].as_str(), ""),
        };
        match (&found.verdict, expected) {
            (Verdict::Header { billable_below, .. }, "header") => {
                if let Some(successors) = rest.strip_prefix("successors ") {
                    let successors: Vec<&str> = successors.split(' ').collect();
                    assert_eq!(dotted(billable_below), successors, "{what}");
                }
            }
            (
                Verdict::NotYetEffective {
                    first_day, exact, ..
                },
                "unknown/not yet effective",
            ) => {
                assert_eq!(first_day.to_string(), "2020-04-01", "{what}");
                assert!(exact, "{what}");
            }
            (
                Verdict::NotInForce {
                    in_force_from,
                    listed_by,
                },
                _,
            ) if expected.starts_with("code set not in force") => {
                assert_eq!(in_force_from.to_string(), "2015-10-01", "{what}");
                let (release, _) = listed_by.as_ref().unwrap();
                assert!(
                    record["answer"].contains(&format!("{release} release lists it")),
                    "{what}"
                );
            }
            (verdict, expected) => assert_eq!(verdict.name(), expected, "{what}"),
        }
    }
    assert_eq!(asked, 19);
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

#[test]
fn a_missing_year_is_not_covered_and_its_release_is_named() {
    let Some(releases) = official_releases("a missing year") else {
        return;
    };
    let store = holding(&releases, CodeSet::Icd10Cm, &["FY2023", "FY2021"]);
    // Billable before and after the missing year, new in it, a header since it, and no code at all.
    for code in ["E11.9", "M54.50", "M54.5", "Z99.999"] {
        let found = check(&store, CodeSet::Icd10Cm, code, "2021-11-01");
        let Verdict::NotCovered { needed, previous } = &found.verdict else {
            panic!("{code}: {found:?}");
        };
        assert_eq!(*needed, id("FY2022"));
        assert_eq!(*previous, Some((id("FY2021"), day("2021-09-30"))));
        assert!(found.basis.is_none());
    }
    let eve = check(&store, CodeSet::Icd10Cm, "E11.9", "2021-09-30");
    assert_eq!(eve.verdict.name(), "billable");
    assert_eq!(eve.basis.unwrap().release, id("FY2021"));
    let next = check(&store, CodeSet::Icd10Cm, "E11.9", "2022-10-01");
    assert_eq!(next.verdict.name(), "billable");
    assert_eq!(next.basis.unwrap().release, id("FY2023"));
}

#[test]
fn a_missing_update_is_a_warning_from_its_first_day_on() {
    let Some(releases) = official_releases("a missing update") else {
        return;
    };
    let store = holding(&releases, CodeSet::Icd10Cm, &["FY2022"]);
    let missing = Warning::MissingRelease {
        release: id("FY2022-04"),
    };
    // The last is new in the missing update, the one before becomes a header in it.
    for code in ["E11.9", "A00", "Z28.3", "Z28.310"] {
        for (date, warnings) in [
            ("2021-12-01", vec![]),
            ("2022-03-31", vec![]),
            ("2022-04-01", vec![missing.clone()]),
            ("2022-05-01", vec![missing.clone()]),
        ] {
            let found = check(&store, CodeSet::Icd10Cm, code, date);
            assert_eq!(found.warnings, warnings, "{code} on {date}");
            assert_eq!(found.basis.unwrap().release, id("FY2022"));
        }
    }
}

#[test]
fn a_missing_update_is_no_warning_where_it_could_change_nothing() {
    let Some(releases) = official_releases("a missing update that could change nothing") else {
        return;
    };
    let store = holding(&releases, CodeSet::Icd10Cm, &["FY2022"]);
    // A text that is no code is none whatever is loaded, asked for a day or for a year.
    let on_day = check(&store, CodeSet::Icd10Cm, "C7.B", "2022-05-01");
    assert_eq!(on_day.warnings, []);
    let (first, last) = (day("2021-10-01"), day("2022-09-30"));
    let over_year = answer::check_span(&store, CodeSet::Icd10Cm, "C7.B", first, last).unwrap();
    for answer in &over_year {
        assert_eq!(answer.verdict.name(), "unknown");
        assert_eq!(answer.warnings, [], "from {}", answer.date);
    }
    // Over a year it is a warning of every code that it could change.
    let over_year = answer::check_span(&store, CodeSet::Icd10Cm, "Z28.3", first, last).unwrap();
    let missing = Warning::MissingRelease {
        release: id("FY2022-04"),
    };
    assert!(
        over_year
            .iter()
            .all(|answer| answer.warnings == [missing.clone()]),
        "{over_year:?}"
    );
}

#[test]
fn a_code_of_the_errata_is_billable_from_the_day_of_the_corrected_release() {
    let Some(releases) = official_releases("a code of the errata") else {
        return;
    };
    let (first, errata) = ("FY2022-04", "FY2022-04-errata");
    let alone = holding(&releases, CodeSet::Icd10Pcs, &[first]);
    let found = check(&alone, CodeSet::Icd10Pcs, "XW023X7", "2022-04-01");
    assert_eq!(found.verdict.name(), "unknown");
    assert_eq!(
        found.warnings,
        [Warning::MissingRelease {
            release: id(errata)
        }]
    );
    let mut hashes = BTreeSet::new();
    for order in [[first, errata], [errata, first]] {
        let store = holding(&releases, CodeSet::Icd10Pcs, &order);
        assert_eq!(store.releases().unwrap().len(), 2, "both are kept");
        for date in ["2022-04-01", "2022-09-30"] {
            let found = check(&store, CodeSet::Icd10Pcs, "XW023X7", date);
            assert_eq!(found.verdict.name(), "billable", "{order:?} on {date}");
            assert_eq!(found.basis.unwrap().release, id(errata));
            assert_eq!(found.warnings, []);
        }
        hashes.insert(store.content_hash().unwrap());
    }
    assert_eq!(hashes.len(), 1, "the order of import shows in the content");
}
