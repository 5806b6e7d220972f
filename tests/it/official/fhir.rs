//! FHIR answers and exports over every official release, against the figures of the truth.

use std::collections::BTreeMap;

use codeyear::fhir::{ExportScope, FhirExport, FhirVersion};
use codeyear::model::CodeSet;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{everything, id, number, say, truth};
use crate::fhir::{CM, Server, parts, property, value};
use crate::world::official_releases;

/// What is compared of a code system: the rest of its many megabytes is passed over.
#[derive(Deserialize)]
struct System {
    url: String,
    version: String,
    content: String,
    count: u64,
    concept: Vec<Concept>,
}

#[derive(Deserialize)]
struct Concept {
    code: String,
    #[serde(default)]
    property: Vec<Property>,
    #[serde(default)]
    concept: Vec<Concept>,
}

#[derive(Deserialize)]
struct Property {
    #[serde(rename = "valueBoolean")]
    truth: Option<bool>,
}

fn code_set_of(uri: &str) -> CodeSet {
    if uri == CM {
        CodeSet::Icd10Cm
    } else {
        CodeSet::Icd10Pcs
    }
}

/// Walks the concepts of a code system: each code with the one that it stands in.
fn walk<'c>(
    concepts: &'c [Concept],
    above: Option<&'c str>,
    take: &mut dyn FnMut(&'c Concept, Option<&'c str>),
) {
    for concept in concepts {
        take(concept, above);
        walk(&concept.concept, Some(&concept.code), take);
    }
}

#[test]
fn a_code_system_has_every_row_of_its_release_below_the_nearest_listed_code() {
    let Some(releases) = official_releases("FHIR code systems") else {
        return;
    };
    let store = everything(&releases);
    let counts: BTreeMap<(String, String), (u64, u64)> = truth(&releases, "order-file-counts.csv")
        .iter()
        .map(|record| {
            let key = (record["code_set"].clone(), record["release"].clone());
            (key, (number(record, "rows"), number(record, "billable")))
        })
        .collect();
    let scope = ExportScope {
        version: FhirVersion::R4,
        code_sets: CodeSet::ALL.to_vec(),
        release: None,
    };
    let export = FhirExport::new(&store, &scope).unwrap();
    let mut systems = 0;
    for file in export
        .files()
        .iter()
        .filter(|file| file.kind == "CodeSystem")
    {
        let mut bytes = Vec::new();
        let written = export.write(file, &mut bytes).unwrap();
        let system: System = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(system.content, "complete");
        let code_set = code_set_of(&system.url);
        let release = format!("FY{}", system.version);
        let mut listed: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        let mut billable = 0;
        walk(&system.concept, None, &mut |concept, above| {
            let is_header = concept
                .property
                .first()
                .is_some_and(|property| property.truth == Some(true));
            billable += u64::from(!is_header);
            let is_new = listed.insert(&concept.code, above).is_none();
            assert!(is_new, "{release}: {} comes twice", concept.code);
        });
        let expected = counts[&(code_set.id().to_owned(), release.clone())];
        assert_eq!((listed.len() as u64, billable), expected, "{release}");
        assert_eq!((system.count, written), (expected.0, expected.0));
        for (code, above) in &listed {
            let nearest = (3..code.len())
                .rev()
                .map(|length| code[..length].trim_end_matches('.'))
                .find(|prefix| prefix.len() >= 3 && listed.contains_key(prefix));
            assert_eq!(nearest, *above, "{release}: {code}");
        }
        systems += 1;
    }
    assert_eq!(systems, 40);
    let files = export
        .files()
        .iter()
        .filter(|file| file.kind == "ConceptMap");
    let mut rows = 0;
    for file in files {
        let mut bytes = Vec::new();
        rows += export.write(file, &mut bytes).unwrap();
        let map: Value = serde_json::from_slice(&bytes).unwrap();
        let targets: usize = map["group"][0]["element"]
            .as_array()
            .unwrap()
            .iter()
            .map(|element| element["target"].as_array().unwrap().len())
            .sum();
        assert!(targets > 0, "{}", file.id);
    }
    say(&format!(
        "{systems} code systems, {rows} rows of concept maps"
    ));
    assert!(rows > 4_000, "{rows}");
}

#[test]
fn codes_change_on_the_official_day_and_not_a_day_before() {
    let Some(releases) = official_releases("FHIR operations") else {
        return;
    };
    let server = Server::over(everything(&releases));
    let valid = |code: &str, day: &str| {
        let query = [
            ("url", CM),
            ("code", code),
            ("date", day),
            ("abstract", "false"),
        ];
        value(&server.get("CodeSystem/$validate-code", &query), "result") == json!(true)
    };
    for (code, last, first) in [
        ("Z28.3", Some("2022-03-31"), "2022-04-01"),
        ("M54.5", Some("2021-09-30"), "2021-10-01"),
        ("G35", Some("2025-09-30"), "2025-10-01"),
    ] {
        assert!(valid(code, last.unwrap()), "{code}");
        assert!(!valid(code, first), "{code}");
    }
    assert!(!valid("U07.1", "2020-03-31"));
    assert!(valid("U07.1", "2020-04-01"));
    let query = [("system", CM), ("code", "C7B"), ("date", "2026-03-01")];
    let header = server.get("CodeSystem/$lookup", &query);
    assert_eq!(property(&header, "notSelectable"), [json!(true)]);
    assert_eq!(
        property(&header, "child"),
        [json!("C7B.0"), json!("C7B.1"), json!("C7B.8")]
    );
    let query = [("system", CM), ("code", "M54.5"), ("date", "2021-10-01")];
    let translated = server.get("ConceptMap/$translate", &query);
    let codes: Vec<String> = parts(&translated, "match")
        .iter()
        .flatten()
        .filter(|(name, _)| name == "concept")
        .map(|(_, concept)| concept["code"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(codes, ["M54.50", "M54.51", "M54.59"]);
}

#[test]
fn codes_that_became_one_together_say_so() {
    let Some(releases) = official_releases("FHIR translations") else {
        return;
    };
    let server = Server::over(everything(&releases)).r5();
    let query = [
        ("system", CM),
        ("targetCode", "G56.03"),
        ("date", "2026-03-01"),
    ];
    let back = server.get("ConceptMap/$translate", &query);
    let codes: Vec<Value> = parts(&back, "match")
        .iter()
        .flatten()
        .filter(|(name, _)| name == "concept")
        .map(|(_, concept)| concept["code"].clone())
        .collect();
    assert_eq!(codes, ["G56.01", "G56.02"]);
    let message = value(&back, "message");
    assert!(
        message.as_str().unwrap().contains("both codes together"),
        "{message}"
    );
    let map = server.get("ConceptMap/icd-10-cm-from-2016-10-01", &[]);
    assert!(map.to_string().contains("reported-together"));
}

#[test]
fn a_whole_code_set_is_given_in_pages_only() {
    let Some(releases) = official_releases("FHIR expansions") else {
        return;
    };
    let server = Server::over(everything(&releases));
    let url = format!("{CM}?fhir_vs");
    let (status, text) =
        server.refused("ValueSet/$expand", &[("url", &url), ("date", "2026-03-01")]);
    assert_eq!(status, 422);
    let rows = server
        .store
        .listing(CodeSet::Icd10Cm, id("FY2026"))
        .unwrap()
        .entries
        .len();
    assert!(text.contains(&format!("has {rows} codes")), "{text}");
    let page = server.get(
        "ValueSet/$expand",
        &[
            ("url", &url),
            ("date", "2026-03-01"),
            ("count", "10"),
            ("offset", "98000"),
        ],
    );
    assert_eq!(page["expansion"]["total"], rows);
    assert_eq!(page["expansion"]["contains"].as_array().unwrap().len(), 10);
}
