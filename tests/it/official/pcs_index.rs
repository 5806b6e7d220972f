//! The index of ICD-10-PCS, stored and searched.

use std::collections::BTreeMap;

use codeyear::answer::{self, SearchOptions};
use codeyear::model::{CodeSet, DocumentKind, FoundIn, ProofOutcome};
use codeyear::store::Store;

use super::index::{counts_of, member};
use super::{everything, holding, id, verified};
use crate::world::official_releases;

const SET: CodeSet = CodeSet::Icd10Pcs;

/// The releases whose archives hold an index.
const WITH_INDEX: [&str; 5] = [
    "FY2020",
    "FY2021-01",
    "FY2022-04-errata",
    "FY2023-04",
    "FY2025",
];

/// Counts what is stored of an index: terms, and references by their elements.
fn stored(store: &Store, sha256: &str) -> BTreeMap<String, i64> {
    let connection = rusqlite::Connection::open(store.path()).unwrap();
    let items = "FROM document JOIN document_run AS run ON run.document = document.id
        JOIN pcs_index_term AS term ON term.id BETWEEN run.first_item AND run.first_item + run.length - 1";
    let mut counts = BTreeMap::new();
    let mut count = |sql: &str| {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement
            .query_map([sha256], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        for row in rows {
            let (name, found): (String, i64) = row.unwrap();
            *counts.entry(name).or_default() += found;
        }
    };
    count(&format!(
        "SELECT CASE depth WHEN 0 THEN 'mainTerm' ELSE 'term' END, count(*) {items} WHERE sha256 = ?1 GROUP BY 1"
    ));
    count(&format!(
        "SELECT reference.kind, count(*) {items} JOIN pcs_index_reference AS reference ON reference.term = term.id
         WHERE sha256 = ?1 GROUP BY 1"
    ));
    // The pointers within see and use.
    count(&format!(
        "SELECT CASE length(beginning) WHEN 7 THEN 'code' WHEN 3 THEN 'tab' ELSE 'codes' END, count(*)
         {items} JOIN pcs_index_reference AS reference ON reference.term = term.id
         WHERE sha256 = ?1 AND reference.kind IN ('see', 'use') AND beginning <> '' GROUP BY 1"
    ));
    counts
}

#[test]
fn the_index_of_every_release_is_stored_whole() {
    let Some(releases) = official_releases("the stored index of ICD-10-PCS") else {
        return;
    };
    let store = everything(&releases);
    let documents = store.documents(DocumentKind::PcsIndex).unwrap();
    let loaded: Vec<String> = documents
        .iter()
        .map(|document| document.release.to_string())
        .collect();
    assert_eq!(loaded, WITH_INDEX);
    for document in documents {
        let release = document.release.to_string();
        let bytes = member(&releases, SET, &release, "icd10pcs_index_20");
        // By a plain walk that knows no layout.
        let counts = counts_of(&bytes).into_iter();
        let expected: BTreeMap<String, i64> = counts
            .map(|(name, (count, _))| (name, count as i64))
            .filter(|(name, _)| {
                !["ICD10PCS.index", "letter", "title", "version"].contains(&name.as_str())
            })
            .collect();
        assert_eq!(
            document.items as i64,
            expected["mainTerm"] + expected["term"]
        );
        assert_eq!(
            stored(&store, &document.file.published.sha256),
            expected,
            "{release}"
        );
        assert_eq!(store.document_unread(&document).unwrap().count(), 0);
    }
}

#[test]
fn what_the_index_names_is_compared_with_the_order_file() {
    let Some(releases) = official_releases("the index of ICD-10-PCS beside the order files") else {
        return;
    };
    let report = verified(&releases, SET);
    let mut proven = 0;
    for release in &report.releases {
        for proof in &release.documents {
            if proof.kind == DocumentKind::PcsIndex {
                super::say(&format!("{proof:?}"));
                assert_ne!(proof.outcome, ProofOutcome::Failed, "{}", proof.detail);
                proven += 1;
            }
        }
    }
    assert_eq!(proven, WITH_INDEX.len());
}

fn first(store: &Store, words: &str, day: &str) -> (String, FoundIn) {
    let options = SearchOptions {
        most: 10,
        unlisted: false,
    };
    let report = answer::search(store, SET, words, day.parse().unwrap(), options).unwrap();
    let first = report.found.into_iter().next();
    let first = first.unwrap_or_else(|| panic!("{words}: nothing found"));
    assert!(first.left_out.is_empty(), "{words}: {:?}", first.left_out);
    (first.code.to_string(), first.found_in)
}

#[test]
fn common_procedures_are_found_in_their_tables() {
    let Some(releases) = official_releases("common procedures") else {
        return;
    };
    let store = everything(&releases);
    for (words, beginning) in [
        ("appendectomy", "0DTJ0ZZ"),
        ("lap appendectomy", "0DTJ4ZZ"),
        ("cabg", "0210"),
        ("coronary bypass", "0210"),
        ("colonoscopy", "0DJD8ZZ"),
        ("cesarean section", "10D00Z"),
        ("hysterectomy", "0UT90ZZ"),
        ("cholecystectomy", "0FT40ZZ"),
        ("tonsillectomy", "0CTP"),
        ("knee replacement", "0SR"),
        // Not in the reviewed file: by the index alone.
        ("abdominoplasty", "0WQF0ZZ"),
        ("tonsillotomy", "0C9P0ZZ"),
        ("bronchoplasty", "0BQ"),
        ("chondrectomy knee", "0SBC0ZZ"),
        ("right hallux amputation", "0Y6P"),
    ] {
        let (code, _) = first(&store, words, "2026-03-01");
        assert!(code.starts_with(beginning), "{words}: {code}");
    }
}

#[test]
fn the_index_that_led_to_a_code_is_that_of_the_release_in_force_or_the_nearest() {
    let Some(releases) = official_releases("which index of ICD-10-PCS is asked") else {
        return;
    };
    let store = everything(&releases);
    for (day, release) in [
        ("2019-12-01", "FY2020"),
        ("2024-12-01", "FY2025"),
        // FY2026 has none.
        ("2026-03-01", "FY2025"),
    ] {
        let (_, found_in) = first(&store, "abdominoplasty", day);
        let FoundIn::Index {
            kind,
            path,
            release: named,
        } = found_in
        else {
            panic!("{day}: {found_in:?}");
        };
        assert_eq!(
            (kind, named),
            (DocumentKind::PcsIndex, id(release)),
            "{day}"
        );
        assert!(path.starts_with("Abdominoplasty > see "), "{path}");
    }
}

#[test]
fn answers_and_contents_are_the_same_in_whatever_order_indexes_came() {
    let Some(releases) = official_releases("the order of imports of the index of ICD-10-PCS")
    else {
        return;
    };
    let ids = ["FY2025", "FY2020", "FY2023-04"];
    let one = holding(&releases, SET, &ids);
    let other = holding(&releases, SET, &[ids[2], ids[0], ids[1]]);
    assert_eq!(one.content_hash().unwrap(), other.content_hash().unwrap());
    for words in ["abdominoplasty", "coronary bypass", "colopexy", "biopsy"] {
        let ask = |store: &Store| {
            let options = SearchOptions {
                most: 20,
                unlisted: false,
            };
            let day = "2025-03-01".parse().unwrap();
            answer::search(store, SET, words, day, options).unwrap()
        };
        assert_eq!(ask(&one), ask(&other), "{words}");
    }
}
