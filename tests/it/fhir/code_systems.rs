//! Reading, searching, `$lookup` and `$subsumes`.

use serde_json::json;

use super::{BASE, CM, PCS, Server, parameters, parts, property, value};

#[test]
fn a_code_is_told_as_it_was_on_the_day() {
    let server = Server::with_sample();
    let on = |day: &str| {
        server.get(
            "CodeSystem/$lookup",
            &[("system", CM), ("code", "M54.5"), ("date", day)],
        )
    };
    let before = on("2021-09-30");
    assert_eq!(value(&before, "display"), "Low back pain");
    assert_eq!(value(&before, "version"), "2021-01");
    assert_eq!(property(&before, "notSelectable"), [json!(false)]);
    assert_eq!(property(&before, "parent"), [json!("M54")]);
    assert_eq!(property(&before, "retirementDate"), [json!("2021-10-01")]);
    let after = on("2021-10-01");
    assert_eq!(value(&after, "version"), "2022");
    assert_eq!(property(&after, "notSelectable"), [json!(true)]);
    assert_eq!(property(&after, "effectiveDate"), [json!("2021-10-01")]);
    let new = [json!("M54.50"), json!("M54.51"), json!("M54.59")];
    assert_eq!(property(&after, "child"), new);
    assert_eq!(property(&after, "successor"), new);
}

#[test]
fn a_short_title_is_a_designation_and_properties_can_be_chosen() {
    let server = Server::with_sample();
    let asked = [("system", CM), ("code", "C7A019"), ("version", "2026")];
    let whole = server.get("CodeSystem/$lookup", &asked);
    let designation = &parts(&whole, "designation")[0];
    assert!(
        designation.iter().any(|(name, value)| name == "value"
            && *value == "Malignant carcinoid tumor of the sm int, unsp portion"),
        "{designation:?}"
    );
    assert!(value(&whole, "name").as_str().unwrap().contains("sample"));
    let mut chosen = asked.to_vec();
    chosen.push(("property", "parent"));
    let chosen = server.get("CodeSystem/$lookup", &chosen);
    assert_eq!(property(&chosen, "parent"), [json!("C7A.01")]);
    assert_eq!(parts(&chosen, "property").len(), 1);
    assert_eq!(parts(&chosen, "designation").len(), 0);
}

#[test]
fn a_version_is_one_release_and_a_date_a_day_of_it() {
    let server = Server::with_sample();
    let version = |asked: &[(&str, &str)]| {
        let mut query = vec![("system", CM), ("code", "C7B")];
        query.extend(asked);
        value(&server.get("CodeSystem/$lookup", &query), "version")
    };
    assert_eq!(version(&[("version", "2026")]), "2026");
    assert_eq!(version(&[("version", "FY2026-04")]), "2026-04");
    assert_eq!(version(&[("version", "2025-10-01")]), "2026");
    assert_eq!(version(&[("date", "2026-04-01")]), "2026-04");
    assert_eq!(version(&[("date", "2026-04-01T08:00:00-05:00")]), "2026-04");
    assert_eq!(
        version(&[("version", "2026"), ("date", "2026-03-31")]),
        "2026"
    );
    // Today is a day of March 2026.
    assert_eq!(version(&[]), "2026");
    let instance = server.get("CodeSystem/icd-10-cm-2022/$lookup", &[("code", "C7B")]);
    assert_eq!(value(&instance, "version"), "2022");
}

#[test]
fn a_patch_holds_from_its_day_on() {
    let server = Server::with_sample();
    let asked = |extra: &[(&'static str, &'static str)]| {
        let mut query = vec![("system", CM), ("code", "U07.1")];
        query.extend(extra);
        query
    };
    let found = server.get("CodeSystem/$lookup", &asked(&[("date", "2020-04-01")]));
    assert_eq!(value(&found, "display"), "COVID-19");
    assert_eq!(value(&found, "version"), "2020");
    let (status, text) = server.refused("CodeSystem/$lookup", &asked(&[("date", "2020-03-31")]));
    assert_eq!(status, 404);
    assert!(text.contains("is first listed on 2020-04-01"), "{text}");
    let (_, text) = server.refused("CodeSystem/$lookup", &asked(&[("version", "2020")]));
    assert!(text.contains("on 2019-10-01"), "{text}");
}

#[test]
fn what_is_not_loaded_is_never_answered_from_a_neighbour() {
    let server = Server::with_sample();
    for asked in [
        &[("version", "2023")][..],
        &[("version", "2028")],
        &[("version", "2025-10")],
        &[("version", "nonsense")],
        &[("date", "2022-10-01")],
        &[("date", "2027-10-01")],
        &[("date", "2019-09-30")],
    ] {
        let mut query = vec![("system", CM), ("code", "C7B")];
        query.extend(asked);
        for operation in ["CodeSystem/$lookup", "CodeSystem/$validate-code"] {
            let (status, text) = server.refused(operation, &query);
            assert_eq!(status, 404, "{asked:?}");
            assert!(
                text.contains("Valid versions: 2016, 2020, 2021, 2021-01, 2022, 2022-04, 2024"),
                "{text}"
            );
        }
    }
    let (_, text) = server.refused(
        "CodeSystem/$lookup",
        &[("system", CM), ("code", "C7B"), ("date", "2015-09-30")],
    );
    assert!(text.contains("was not in force on 2015-09-30"), "{text}");
    let outside = [
        ("system", CM),
        ("code", "C7B"),
        ("version", "2026"),
        ("date", "2026-04-01"),
    ];
    let (status, text) = server.refused("CodeSystem/$lookup", &outside);
    assert_eq!(status, 400);
    assert!(text.contains("governs 2025-10-01 to 2026-03-31"), "{text}");
}

#[test]
fn a_day_that_is_not_covered_is_refused_with_the_last_known_state_and_where_the_release_is() {
    let server = Server::with_sample();
    for operation in ["CodeSystem/$lookup", "CodeSystem/$validate-code"] {
        let asked = |code, date| {
            let system = ["system", "url"][usize::from(operation.ends_with("validate-code"))];
            let query = [(system, PCS), ("code", code), ("date", date)];
            server.refused(operation, &query)
        };
        // The sample lacks ICD-10-PCS of FY2026, which the catalogue knows.
        let (status, text) = asked("0270346", "2025-11-01");
        assert_eq!(status, 404, "{text}");
        for expected in [
            "no loaded version of 'http://www.cms.gov/Medicare/Coding/ICD10' governs 2025-11-01: version 2026 would have to be loaded",
            "; the newest version before it, ",
            "on that date it was billable: ",
            " Version 2026 is at https://",
            "Valid versions: ",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        let (_, text) = asked("0270349", "2025-11-01");
        assert!(text.contains("on that date it was not listed"), "{text}");
    }
    let query = [("system", PCS), ("code", "0270346"), ("version", "2026")];
    let (status, text) = server.refused("CodeSystem/$lookup", &query);
    assert_eq!(status, 404);
    assert!(text.contains("Version 2026 is at https://"), "{text}");
}

#[test]
fn a_correction_stands_for_the_release_that_it_corrects() {
    let server = Server::with_sample();
    let found = server.get(
        "CodeSystem/$lookup",
        &[("system", PCS), ("code", "02703DZ"), ("version", "2022-04")],
    );
    assert_eq!(value(&found, "version"), "2022-04-errata");
    assert_eq!(property(&found, "parent"), [json!("027")]);
}

#[test]
fn codes_stand_to_each_other_as_in_the_tree_of_the_day() {
    let server = Server::with_sample();
    let stand = |a: &str, b: &str| {
        let query = [
            ("system", CM),
            ("codeA", a),
            ("codeB", b),
            ("version", "2026"),
        ];
        value(&server.get("CodeSystem/$subsumes", &query), "outcome")
    };
    assert_eq!(stand("C7B", "C7B.00"), "subsumes");
    assert_eq!(stand("C7B.00", "c7b0"), "subsumed-by");
    assert_eq!(stand("M54.5", "M545"), "equivalent");
    // C4A stands between C43 and C44, and below neither.
    assert_eq!(stand("C43", "C4A"), "not-subsumed");
    let (status, _) = server.refused(
        "CodeSystem/$subsumes",
        &[
            ("system", CM),
            ("codeA", "M54.5"),
            ("codeB", "M54.50"),
            ("version", "2021"),
        ],
    );
    assert_eq!(status, 404, "M54.50 came with FY2022");
    let coding = |code: &str| json!({ "system": CM, "version": "2022", "code": code });
    let (status, json) = server.post(
        "CodeSystem/$subsumes",
        &parameters(&[
            ("codingA", "valueCoding", coding("M54.5")),
            ("codingB", "valueCoding", coding("M54.50")),
        ]),
    );
    assert_eq!((status, value(&json, "outcome")), (200, json!("subsumes")));
}

#[test]
fn a_code_system_says_how_many_concepts_it_has_and_names_none() {
    let server = Server::with_sample();
    let system = server.get("CodeSystem/icd-10-cm-2026-04", &[]);
    assert_eq!(system["version"], "2026-04");
    assert_eq!(system["content"], "not-present");
    assert_eq!(system["count"], 505);
    assert_eq!(system["extension"][0]["valuePeriod"]["start"], "2026-04-01");
    assert!(system.get("concept").is_none());
    let system = Server::with_sample()
        .r5()
        .get("CodeSystem/icd-10-cm-2026", &[]);
    assert_eq!(
        system["effectivePeriod"],
        json!({ "start": "2025-10-01", "end": "2026-03-31" })
    );
    for id in [
        "icd-10-cm",
        "icd-10-cm-2023",
        "icd-10-cm-FY2026",
        "icd-10-pcs-2022-04",
        "x",
    ] {
        assert_eq!(
            server.refused(&format!("CodeSystem/{id}"), &[]).0,
            404,
            "{id}"
        );
    }
}

#[test]
fn a_search_finds_versions_and_says_how_many() {
    let server = Server::with_sample();
    let found = |query: &[(&str, &str)]| {
        let bundle = server.get("CodeSystem", query);
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        let ids: Vec<String> = entries
            .iter()
            .map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned())
            .collect();
        (bundle["total"].as_u64().unwrap(), ids)
    };
    assert_eq!(found(&[]).0, 14);
    assert_eq!(found(&[("url", CM)]).0, 13);
    assert_eq!(found(&[("system", PCS)]).1, ["icd-10-pcs-2022-04-errata"]);
    assert_eq!(
        found(&[("url", CM), ("version", "2026")]).1,
        ["icd-10-cm-2026"]
    );
    assert_eq!(found(&[("_id", "icd-10-cm-2024,icd-10-cm-2025")]).0, 2);
    assert_eq!(found(&[("date", "2021-10-01")]).1, ["icd-10-cm-2022"]);
    assert_eq!(found(&[("date", "ge2025-01"), ("name", "icd10cm")]).0, 4);
    assert_eq!(found(&[("name", "no such")]), (0, vec![]));
    assert_eq!(found(&[("_summary", "count")]), (14, vec![]));
    assert_eq!(found(&[("_count", "2"), ("_offset", "13")]).1.len(), 1);
    let bundle = server.get(
        "CodeSystem",
        &[("_count", "5"), ("url", CM), ("surplus", "1")],
    );
    assert_eq!(bundle["type"], "searchset");
    let link = |at: usize| bundle["link"][at]["url"].as_str().unwrap();
    assert_eq!(
        link(0),
        format!("{BASE}/CodeSystem?_count=5&url=http://hl7.org/fhir/sid/icd-10-cm")
    );
    assert!(link(1).ends_with("&_offset=5"), "{bundle}");
}

#[test]
fn what_is_offered_is_said() {
    for server in [Server::with_sample(), Server::with_sample().r5()] {
        let statement = server.get("metadata", &[]);
        assert_eq!(statement["fhirVersion"], server.version.number());
        let operations: usize = statement["rest"][0]["resource"]
            .as_array()
            .unwrap()
            .iter()
            .map(|resource| resource["operation"].as_array().unwrap().len())
            .sum();
        assert_eq!(operations, 6);
        let terms = server.get("metadata", &[("mode", "terminology")]);
        assert_eq!(terms["codeSystem"][0]["uri"], CM);
        let versions = terms["codeSystem"][0]["version"].as_array().unwrap();
        let current: Vec<&str> = versions
            .iter()
            .filter(|version| version["isDefault"] == true)
            .map(|version| version["code"].as_str().unwrap())
            .collect();
        assert_eq!((versions.len(), current), (13, vec!["2026"]));
    }
}
