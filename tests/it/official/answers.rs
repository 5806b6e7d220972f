//! Answers on given days: the spot checks, missing releases, and the errata.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use codeyear::answer::{self, DiffScope};
use codeyear::model::{Answer, CodeSet, Entry, Provenance, Verdict, Warning};
use codeyear::store::Store;

use super::{everything, holding, id, truth};
use crate::world::official_releases;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn check(store: &Store, code_set: CodeSet, code: &str, date: &str) -> Answer {
    answer::check(&store.codes(code_set).unwrap(), code, day(date)).unwrap()
}

fn dotted(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.code.to_string()).collect()
}

#[test]
fn the_rebuilt_and_the_derived_order_files_are_called_so_in_what_rests_on_them() {
    let Some(releases) = official_releases("provenance") else {
        return;
    };
    let store = everything(&releases);
    let stored = store.releases().unwrap();
    let of = |wanted: Provenance| -> Vec<String> {
        let releases = stored.iter().map(|stored| &stored.release);
        releases
            .filter(|release| release.trust.provenance == wanted)
            .map(|release| format!("{} {}", release.code_set.id(), release.id))
            .collect()
    };
    assert_eq!(of(Provenance::Rebuilt), ["icd10cm FY2021"]);
    assert_eq!(
        of(Provenance::Derived),
        [
            "icd10cm FY2026-04",
            "icd10pcs FY2022",
            "icd10pcs FY2023",
            "icd10pcs FY2024",
            "icd10pcs FY2025-04"
        ]
    );
    let rebuilt = check(&store, CodeSet::Icd10Cm, "A00.0", "2020-11-01");
    assert_eq!(rebuilt.basis.unwrap().provenance, Provenance::Rebuilt);
    let options = answer::SearchOptions {
        most: 20,
        unlisted: false,
    };
    let found = answer::search(
        &store,
        CodeSet::Icd10Cm,
        "cholera",
        day("2020-11-01"),
        options,
    );
    assert_eq!(found.unwrap().provenance, Provenance::Rebuilt);
    let life = answer::history(&store.codes(CodeSet::Icd10Cm).unwrap(), "A00.0").unwrap();
    assert_eq!(life.rebuilt, [id("FY2021")]);
    let life = answer::history(&store.codes(CodeSet::Icd10Cm).unwrap(), "M54.50").unwrap();
    assert!(life.rebuilt.is_empty());
    assert_eq!(rebuilt.warnings, []);
    let release = id("FY2025-04");
    let derived = [Warning::Derived { release }];
    let answer = check(&store, CodeSet::Icd10Pcs, "02703ZZ", "2025-05-01");
    assert_eq!(answer.warnings, derived);
    let (old, scope) = (id("FY2025"), DiffScope::default());
    let changes = answer::diff(&store, CodeSet::Icd10Pcs, old, release, &scope).unwrap();
    assert_eq!(
        changes.provenance,
        [Provenance::Official, Provenance::Derived]
    );
    assert_eq!(changes.warnings, derived);
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
fn a_missing_year_is_not_covered_and_its_release_is_named() {
    let Some(releases) = official_releases("a missing year") else {
        return;
    };
    let store = holding(&releases, CodeSet::Icd10Cm, &["FY2023", "FY2021"]);
    // Billable before and after the missing year, new in it, a header since it, and no code at all.
    for code in ["E11.9", "M54.50", "M54.5", "Z99.999"] {
        let found = check(&store, CodeSet::Icd10Cm, code, "2021-11-01");
        let Verdict::NotCovered {
            needed,
            previous,
            last,
        } = &found.verdict
        else {
            panic!("{code}: {found:?}");
        };
        let was_billable = ["E11.9", "M54.5"].contains(&code);
        assert_eq!(
            last.as_ref().is_some_and(|entry| entry.billable),
            was_billable
        );
        assert!(
            found
                .download
                .as_ref()
                .is_some_and(|url| url.starts_with("https://"))
        );
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
    let over_year =
        answer::check_span(&store.codes(CodeSet::Icd10Cm).unwrap(), "C7.B", first, last).unwrap();
    for answer in &over_year {
        assert_eq!(answer.verdict.name(), "unknown");
        assert_eq!(answer.warnings, [], "from {}", answer.date);
    }
    // Over a year it is a warning of every code that it could change.
    let over_year = answer::check_span(
        &store.codes(CodeSet::Icd10Cm).unwrap(),
        "Z28.3",
        first,
        last,
    )
    .unwrap();
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

#[test]
fn a_code_that_became_a_header_in_a_year_that_is_not_loaded_is_told_with_its_successors() {
    let Some(releases) = official_releases("a header across missing years") else {
        return;
    };
    let store = holding(&releases, CodeSet::Icd10Cm, &["FY2020", "FY2023"]);
    let date = "2023-01-01".parse().unwrap();
    let answer = answer::check(&store.codes(CodeSet::Icd10Cm).unwrap(), "M54.5", date).unwrap();
    let retirement = answer.retirement.unwrap();
    assert_eq!(retirement.last_day.to_string(), "2020-09-30");
    assert_eq!(retirement.retired_from.to_string(), "2022-10-01");
    assert!(!retirement.is_exact());
    let successors = retirement.successors.iter();
    let successors: Vec<String> = successors.map(|one| one.code.as_str().to_owned()).collect();
    assert_eq!(successors, ["M5450", "M5451", "M5459"]);
    let missing = Warning::MissingReleases {
        releases: ["FY2021", "FY2021-01", "FY2022", "FY2022-04"]
            .map(id)
            .into(),
    };
    assert!(answer.warnings.contains(&missing), "{:?}", answer.warnings);
    // Its successor may have been there before the first release that lists it.
    let history = answer::history(&store.codes(CodeSet::Icd10Cm).unwrap(), "M54.50").unwrap();
    assert!(history.warnings.contains(&missing), "{history:?}");
    let hole = ("2020-10-01".parse().unwrap(), "2022-09-30".parse().unwrap());
    assert!(history.gaps.contains(&hole), "{history:?}");
}
