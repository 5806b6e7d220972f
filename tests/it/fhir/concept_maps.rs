//! Concept maps and `$translate`.

use serde_json::{Value, json};

use super::{CM, PCS, Server, parameters, parts, value};

fn matches(answer: &Value, relation: &str) -> Vec<(String, String)> {
    parts(answer, "match")
        .iter()
        .map(|parts| {
            let of = |name: &str| &parts.iter().find(|(part, _)| part == name).unwrap().1;
            (
                of("concept")["code"].as_str().unwrap().to_owned(),
                of(relation).as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(code, relation)| ((*code).to_owned(), (*relation).to_owned()))
        .collect()
}

#[test]
fn a_retired_code_leads_to_those_that_took_its_place() {
    let server = Server::with_sample();
    let query = [
        ("system", CM),
        ("code", "M54.5"),
        ("date", "2021-10-01"),
        ("targetsystem", CM),
    ];
    let answer = server.get("ConceptMap/$translate", &query);
    assert_eq!(value(&answer, "result"), true);
    let narrower = [
        ("M54.50", "narrower"),
        ("M54.51", "narrower"),
        ("M54.59", "narrower"),
    ];
    assert_eq!(matches(&answer, "equivalence"), pairs(&narrower));
    let message = value(&answer, "message");
    assert!(
        message.as_str().unwrap().contains("one of these"),
        "{message}"
    );
    let server = server.r5();
    let query = [
        ("system", CM),
        ("sourceCode", "M54.5"),
        ("date", "2021-10-01"),
        ("targetSystem", CM),
    ];
    let answer = server.get("ConceptMap/$translate", &query);
    assert!(
        matches(&answer, "relationship")
            .iter()
            .all(|(_, relation)| relation == "source-is-broader-than-target")
    );
    let (_, answer) = server.post(
        "ConceptMap/$translate",
        &parameters(&[
            (
                "sourceCoding",
                "valueCoding",
                json!({ "system": CM, "code": "M54.5" }),
            ),
            ("targetSystem", "valueUri", json!(format!("{CM}|2022"))),
        ]),
    );
    assert_eq!(matches(&answer, "relationship").len(), 3);
}

#[test]
fn a_code_that_is_still_valid_is_itself() {
    let server = Server::with_sample();
    let translate = |code: &str, day: &str| {
        server.get(
            "ConceptMap/$translate",
            &[("system", CM), ("code", code), ("date", day)],
        )
    };
    assert_eq!(
        matches(&translate("M54.5", "2021-09-30"), "equivalence"),
        pairs(&[("M54.5", "equivalent")])
    );
    // U07.1 was split off from it.
    let answer = translate("B97.29", "2020-04-01");
    assert_eq!(
        matches(&answer, "equivalence")[..2],
        pairs(&[("B97.29", "relatedto"), ("U07.1", "narrower")])
    );
    assert!(
        value(&answer, "message")
            .as_str()
            .unwrap()
            .contains("part of it moved")
    );
}

#[test]
fn backward_is_what_a_code_came_from() {
    let server = Server::with_sample();
    let query = [("system", CM), ("code", "M54.50"), ("reverse", "true")];
    let answer = server.get("ConceptMap/$translate", &query);
    assert_eq!(
        matches(&answer, "equivalence"),
        pairs(&[("M54.5", "narrower")])
    );
    let server = server.r5();
    let query = [("system", CM), ("targetCode", "M54.50")];
    let answer = server.get("ConceptMap/$translate", &query);
    assert_eq!(
        matches(&answer, "relationship"),
        pairs(&[("M54.5", "source-is-broader-than-target")])
    );
}

#[test]
fn where_the_tables_name_nothing_nothing_is_made_up() {
    let server = Server::with_sample();
    for (code, system, day, part) in [
        ("S06.1X7D", CM, "2021-01-01", "list no replacement"),
        ("C7B", CM, "2026-03-01", "it is a header"),
        ("U07.1", CM, "2020-03-31", "first listed on 2020-04-01"),
        ("C7B.0Z", CM, "2026-03-01", "no loaded version lists it"),
        ("XW023X7", PCS, "2022-04-01", "is valid"),
    ] {
        let query = [("system", system), ("code", code), ("date", day)];
        let answer = server.get("ConceptMap/$translate", &query);
        let message = value(&answer, "message");
        assert!(
            message.as_str().unwrap().contains(part)
                || message
                    .as_str()
                    .unwrap()
                    .contains("no conversion table is loaded"),
            "{message}"
        );
        assert_eq!(value(&answer, "result"), system == PCS);
    }
    let query = [("system", CM), ("code", "M54.5"), ("targetsystem", PCS)];
    assert_eq!(server.refused("ConceptMap/$translate", &query).0, 404);
}

#[test]
fn a_map_holds_the_rows_of_one_day() {
    let server = Server::with_sample();
    let map = server.get("ConceptMap/icd-10-cm-from-2021-10-01", &[]);
    assert_eq!(map["sourceUri"], format!("{CM}?fhir_vs"));
    assert_eq!(map["group"][0]["sourceVersion"], "2021-01");
    assert_eq!(map["group"][0]["targetVersion"], "2022");
    let elements = map["group"][0]["element"].as_array().unwrap();
    let back = elements
        .iter()
        .find(|element| element["code"] == "M54.5")
        .unwrap();
    assert_eq!(back["target"].as_array().unwrap().len(), 3);
    assert_eq!(back["target"][0]["equivalence"], "narrower");
    assert!(
        back["target"][0]["comment"]
            .as_str()
            .unwrap()
            .starts_with("conversion table of FY2026, row ")
    );
    let url = map["url"].as_str().unwrap();
    for query in [
        [("url", url), ("code", "M54.5"), ("system", CM)],
        [
            (
                "url",
                "http://localhost/ConceptMap/icd-10-cm-from-2021-10-01",
            ),
            ("code", "m545"),
            ("system", CM),
        ],
    ] {
        assert_eq!(
            matches(&server.get("ConceptMap/$translate", &query), "equivalence").len(),
            3
        );
    }
    let one = server.get(
        "ConceptMap/icd-10-cm-from-2021-10-01/$translate",
        &[("code", "B97.29"), ("system", CM)],
    );
    assert_eq!(value(&one, "result"), false);
    let found = server.get("ConceptMap", &[("date", "2021-10-01")]);
    assert_eq!(
        (&found["total"], &found["entry"][0]["resource"]["group"]),
        (&json!(1), &Value::Null)
    );
    let map = Server::with_sample()
        .r5()
        .get("ConceptMap/icd-10-cm-from-2021-10-01", &[]);
    assert_eq!(map["group"][0]["source"], format!("{CM}|2021-01"));
    assert!(map["group"][0]["element"][0]["target"][0]["relationship"].is_string());
}
