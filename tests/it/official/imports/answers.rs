//! What an answer says of releases that are not loaded, or not known.

use codeyear::answer;
use codeyear::model::{CodeSet, Warning};
use codeyear::source::catalogue::Catalogue;
use codeyear::store::Store;

use super::{BEFORE_APRIL, Folder, fy2027, fy2028, into, on, order_of, stating};
use crate::official::{id, release_zip};
use crate::world::World;

fn holding_order_file(releases: &std::path::Path, code_set: CodeSet, release: &str) -> Store {
    let folder = Folder::new();
    let order = order_of(releases, code_set, release);
    let path = folder.write("order.txt", order);
    let mut store = Store::in_memory().unwrap();
    into(&mut store, &[path], &stating(release, on("2026-11-28"))).unwrap();
    store
}

fn warnings(store: &Store, code_set: CodeSet, code: &str, day: &str) -> Vec<Warning> {
    let found = answer::check(&store.codes(code_set).unwrap(), code, day.parse().unwrap()).unwrap();
    found.warnings
}

#[test]
fn an_update_that_is_not_loaded_is_warned_of_unless_it_is_known_to_have_the_same_rows() {
    let Some(official) = fy2027("updates that are not loaded") else {
        return;
    };
    let catalogue = Catalogue::bundled().unwrap();
    for (code_set, year) in [
        (CodeSet::Icd10Cm, 2023),
        (CodeSet::Icd10Cm, 2025),
        (CodeSet::Icd10Pcs, 2025),
    ] {
        let october = id(&format!("FY{year}"));
        let april = id(&format!("FY{year}-04"));
        let rows = |release| {
            let known = catalogue.find(code_set, release).unwrap();
            known.order_file.as_ref().map(|order| &order.rows_sha256)
        };
        let differs = rows(october) != rows(april);
        let store = holding_order_file(&official.releases, code_set, &october.to_string());
        let codes = if code_set == CodeSet::Icd10Cm {
            ["A00.0", "A00", "Z99.9999"]
        } else {
            ["30233AZ", "302", "0DTJ4ZZ"]
        };
        for code in codes {
            for (day, may_differ) in [
                (format!("{}-10-01", year - 1), false),
                (format!("{year}-03-31"), false),
                (format!("{year}-04-01"), true),
                (format!("{year}-05-01"), true),
                (format!("{year}-09-30"), true),
            ] {
                let expected = if may_differ && differs {
                    vec![Warning::MissingRelease { release: april }]
                } else {
                    Vec::new()
                };
                let mut found = warnings(&store, code_set, code, &day);
                found.retain(|warning| !matches!(warning, Warning::Derived { .. }));
                assert_eq!(
                    found,
                    expected,
                    "{} {october} {code} on {day}",
                    code_set.id()
                );
            }
        }
    }
}

#[test]
fn a_code_that_april_2026_deleted_is_answered_with_a_warning_that_april_is_not_loaded() {
    let Some(official) = fy2027("30233AZ") else {
        return;
    };
    let store = holding_order_file(&official.releases, CodeSet::Icd10Pcs, "FY2026");
    for code in ["30233AZ", "30243AZ"] {
        let missing = Warning::MissingRelease {
            release: id("FY2026-04"),
        };
        assert_eq!(
            warnings(&store, CodeSet::Icd10Pcs, code, "2026-06-01"),
            [missing]
        );
        assert_eq!(warnings(&store, CodeSet::Icd10Pcs, code, "2026-03-31"), []);
    }
}

#[test]
fn past_the_newest_known_update_every_answer_says_what_could_have_come() {
    let Some(official) = fy2027("days past the newest known") else {
        return;
    };
    let store = holding_order_file(&official.releases, CodeSet::Icd10Cm, "FY2027");
    for (day, beyond) in [
        ("2026-10-01", None),
        ("2027-03-31", None),
        ("2027-04-01", Some(("FY2027", "FY2027-04"))),
        ("2027-09-30", Some(("FY2027", "FY2027-04"))),
    ] {
        let expected: Vec<Warning> = beyond
            .map(|(newest, possible)| Warning::BeyondKnown {
                newest: id(newest),
                possible: id(possible),
            })
            .into_iter()
            .collect();
        assert_eq!(
            warnings(&store, CodeSet::Icd10Cm, "A00.0", day),
            expected,
            "{day}"
        );
    }
    // A release that the catalogue does not know moves that day on.
    let folder = Folder::new();
    let path = folder.write("icd10cm_order_2028.txt", &fy2028(official).order);
    let mut store = store;
    into(&mut store, &[path], &on(BEFORE_APRIL)).unwrap();
    assert_eq!(
        warnings(&store, CodeSet::Icd10Cm, "A00.0", "2028-03-31"),
        []
    );
    assert_eq!(
        warnings(&store, CodeSet::Icd10Cm, "A00.0", "2028-04-01"),
        [Warning::BeyondKnown {
            newest: id("FY2028"),
            possible: id("FY2028-04"),
        }]
    );
}

#[test]
fn the_list_of_releases_says_of_today_what_is_missing_and_what_is_not_known() {
    let Some(official) = fy2027("the list of releases") else {
        return;
    };
    let world = World::empty();
    let zip = release_zip(&official.releases, CodeSet::Icd10Cm, "FY2027");
    let run = world.run(&["--today", "2026-11-28", "import", zip.to_str().unwrap()]);
    assert_eq!(run.exit, 0, "{run:?}");
    for (today, words) in [
        ("2026-11-28", "ICD-10-CM on 2026-11-28: covered"),
        ("2027-03-31", "ICD-10-CM on 2027-03-31: covered"),
        ("2027-05-01", "an update effective 2027-04-01 may exist"),
        ("2027-11-01", "latest date covered: 2027-09-30 (FY2027)"),
    ] {
        let run = world.run(&["--today", today, "releases", "--code-set", "icd10cm"]);
        assert!(run.stdout.contains(words), "{today}: {}", run.stdout);
    }
    let run = world.run(&["check", "A00.0", "--on", "2028-01-01"]);
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(run.stdout.contains("not-covered"), "{run:?}");
    assert!(
        run.stdout.contains("in force through 2027-09-30"),
        "{run:?}"
    );
}
