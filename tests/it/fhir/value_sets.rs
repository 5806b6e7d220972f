//! Value sets: reading, `$expand`, `$validate-code`.

use codeyear::fhir::Method;
use serde_json::{Value, json};

use super::{CM, PCS, Server, issues, parameters, text_of, value};

fn codes(expanded: &Value) -> Vec<&str> {
    expanded["expansion"]["contains"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| item["code"].as_str().unwrap())
        .collect()
}

fn whole() -> String {
    format!("{CM}?fhir_vs")
}

#[test]
fn what_stands_below_a_code_is_a_value_set() {
    let server = Server::with_sample();
    let expand = |url: &str, more: &[(&str, &str)]| {
        let mut query = vec![("url", url)];
        query.extend(more);
        server.get("ValueSet/$expand", &query)
    };
    for url in [
        "?fhir_vs=isa/M54.5",
        "?fhir_vs=isa/M545",
        "?fhir_vs=isa%2Fm54.5",
    ] {
        let url = format!("{CM}{url}");
        let before = expand(&url, &[("date", "2021-09-30")]);
        assert_eq!(codes(&before), ["M54.5"]);
        let after = expand(&url, &[("date", "2021-10-01")]);
        assert_eq!(codes(&after), ["M54.5", "M54.50", "M54.51", "M54.59"]);
        assert_eq!(after["url"], format!("{CM}?fhir_vs=isa/M54.5"));
        assert_eq!(after["expansion"]["contains"][0]["abstract"], true);
        assert_eq!(after["expansion"]["total"], 4);
        assert_eq!(
            after["expansion"]["parameter"][0]["valueUri"],
            format!("{CM}|2022")
        );
    }
    let versioned = expand(&format!("{CM}?fhir_vs=isa/M54.5|2021"), &[]);
    assert_eq!(codes(&versioned), ["M54.5"]);
    let versioned = expand(&format!("{CM}|2021?fhir_vs=isa/M54.5"), &[]);
    assert_eq!(codes(&versioned), ["M54.5"]);
    let selectable = expand(
        &format!("{CM}?fhir_vs=isa/M54.5"),
        &[("excludeNotForUI", "true"), ("includeDesignations", "true")],
    );
    assert_eq!(codes(&selectable), ["M54.50", "M54.51", "M54.59"]);
}

#[test]
fn pages_together_are_the_whole() {
    let server = Server::with_sample();
    let url = whole();
    let page = |query: &[(&str, &str)]| {
        let mut all = vec![
            ("url", url.as_str()),
            ("version", "x"),
            ("date", "2026-03-01"),
        ];
        all.extend(query);
        server.get("ValueSet/$expand", &all)
    };
    let all = page(&[]);
    assert_eq!(all["expansion"]["total"], 505);
    let mut joined: Vec<String> = Vec::new();
    for offset in ["0", "200", "400", "600"] {
        let one = page(&[("count", "200"), ("offset", offset)]);
        assert_eq!(one["expansion"]["total"], 505);
        assert_eq!(one["expansion"]["offset"], offset.parse::<u32>().unwrap());
        joined.extend(codes(&one).into_iter().map(str::to_owned));
    }
    assert_eq!(joined, codes(&all));
    let none = page(&[("count", "0")]);
    assert_eq!(none["expansion"]["total"], 505);
    assert!(codes(&none).is_empty());
    // Tabular order, not that of the letters.
    let place = |code: &str| joined.iter().position(|one| one == code).unwrap();
    assert!(place("C43.0") < place("C4A") || place("C43") < place("C4A"));
    assert!(place("C4A") < place("C44"));
}

#[test]
fn a_patch_is_in_the_whole_from_its_day_on() {
    let server = Server::with_sample();
    let url = whole();
    let holds = |day: &str| {
        let expanded = server.get("ValueSet/$expand", &[("url", &url), ("date", day)]);
        codes(&expanded).contains(&"U07.1")
    };
    assert!(!holds("2020-03-31"));
    assert!(holds("2020-04-01"));
}

#[test]
fn words_begin_words_of_a_title_or_the_code() {
    let server = Server::with_sample();
    let url = whole();
    let found = |filter: &str| {
        let query = [
            ("url", url.as_str()),
            ("filter", filter),
            ("date", "2022-01-01"),
        ];
        let expanded = server.get("ValueSet/$expand", &query);
        codes(&expanded)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<String>>()
    };
    // As a search ranks them, headers last.
    let all = ["M54.50", "M54.59", "M54.51", "M54.5"];
    assert_eq!(found("Low BACK pain"), all);
    assert_eq!(found("other low ba"), ["M54.59"]);
    assert_eq!(found("m54.5"), ["M54.5", "M54.50", "M54.51", "M54.59"]);
    assert_eq!(found("m545"), ["M54.5", "M54.50", "M54.51", "M54.59"]);
    assert_eq!(found("vertebrogenic"), ["M54.51"]);
    assert_eq!(found("ertebrogenic"), ["M54.51"], "misspelt");
    assert_eq!(found("zzyzx"), Vec::<String>::new());
}

#[test]
fn a_value_set_of_the_request_is_read_by_its_clauses() {
    let server = Server::with_sample();
    let expand = |compose: Value| {
        let set = json!({ "resourceType": "ValueSet", "status": "active", "url": "http://localhost/set", "compose": compose });
        let (status, json) = server.post(
            "ValueSet/$expand",
            &parameters(&[
                ("valueSet", "resource", set),
                ("date", "valueDate", json!("2022-01-01")),
            ]),
        );
        assert_eq!(status, 200, "{json}");
        json
    };
    let filter = |property: &str, op: &str, value: &str| json!({ "system": CM, "filter": [{ "property": property, "op": op, "value": value }] });
    let of = |include: Value| {
        let json = expand(json!({ "include": [include] }));
        codes(&json)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<String>>()
    };
    assert_eq!(
        of(filter("concept", "descendent-of", "M54.5")),
        ["M54.50", "M54.51", "M54.59"]
    );
    assert_eq!(
        of(filter("parent", "=", "M54.5")),
        ["M54.50", "M54.51", "M54.59"]
    );
    assert_eq!(of(filter("child", "=", "M54.50")), ["M54.5"]);
    assert_eq!(
        of(filter("code", "in", "M54.51,C7B")),
        ["M54.51", "C7B"]
            .map(str::to_owned)
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
    );
    assert_eq!(
        of(filter("concept", "generalizes", "M54.51")),
        ["M54", "M54.5", "M54.51"]
    );
    let not = of(filter("concept", "is-not-a", "M54"));
    assert_eq!(not.len(), 417 - of(filter("concept", "is-a", "M54")).len());
    let headers = of(filter("notSelectable", "=", "true"));
    assert_eq!(headers.len(), 113);
    let listed = expand(
        json!({ "include": [{ "system": CM, "concept": [{ "code": "M54.51" }, { "code": "M54.52" }] }] }),
    );
    assert_eq!(codes(&listed), ["M54.51"]);
    assert!(
        listed.to_string().contains("'M54.52' is not listed"),
        "{listed}"
    );
    let less = expand(json!({
        "include": [{ "valueSet": [format!("{CM}?fhir_vs=isa/M54.5")] }, { "system": CM, "concept": [{ "code": "M54.50" }] }],
        "exclude": [{ "system": CM, "concept": [{ "code": "M5451" }] }],
    }));
    assert_eq!(codes(&less), ["M54.5", "M54.50", "M54.59"]);
    assert_eq!(less["url"], "http://localhost/set");
    let both = expand(json!({
        "include": [{ "system": CM, "version": "2021", "concept": [{ "code": "M54.5" }] }, { "system": CM, "version": "2022", "concept": [{ "code": "M54.5" }] }],
    }));
    assert_eq!(
        codes(&both),
        ["M54.5", "M54.5"],
        "each version says something else of it"
    );
}

#[test]
fn a_version_can_be_asked_for_from_outside_the_value_set() {
    let server = Server::with_sample();
    let url = format!("{CM}?fhir_vs=isa/M54.5");
    let version = format!("{CM}|2021");
    let expand = |name: &str, extra: &[(&str, &str)]| {
        let mut query = vec![("url", url.as_str()), (name, version.as_str())];
        query.extend(extra);
        server.send(Method::Get, "ValueSet/$expand", &query, None)
    };
    assert_eq!(codes(&expand("system-version", &[]).1), ["M54.5"]);
    assert_eq!(codes(&expand("force-system-version", &[]).1), ["M54.5"]);
    assert_eq!(expand("check-system-version", &[]).0, 422);
    assert_eq!(
        expand("check-system-version", &[("date", "2020-10-01")]).0,
        200
    );
    assert_eq!(
        codes(&expand("exclude-system", &[]).1).len(),
        4,
        "of implicit ones nothing can be left out"
    );
}

#[test]
fn a_header_is_not_to_be_chosen_from_a_value_set() {
    let server = Server::with_sample();
    let url = whole();
    let validate = |query: &[(&str, &str)]| {
        let mut all = vec![("url", url.as_str()), ("system", CM)];
        all.extend(query);
        server.get("ValueSet/$validate-code", &all)
    };
    let on = |code: &str, day: &str| validate(&[("code", code), ("date", day)]);
    assert_eq!(value(&on("Z28.3", "2022-03-31"), "result"), true);
    let after = on("Z28.3", "2022-04-01");
    assert_eq!(value(&after, "result"), false);
    assert_eq!(issues(&after)[0].1, "code-rule");
    let allowed = validate(&[
        ("code", "Z28.3"),
        ("date", "2022-04-01"),
        ("abstract", "true"),
    ]);
    assert_eq!(value(&allowed, "result"), true);
    let versioned = validate(&[("code", "Z28.3"), ("systemVersion", "2022")]);
    assert_eq!(value(&versioned, "result"), true);
    assert_eq!(value(&versioned, "version"), "2022");
}

#[test]
fn a_code_that_is_not_in_the_value_set_is_told_from_one_that_is_no_code() {
    let server = Server::with_sample();
    let url = format!("{CM}?fhir_vs=isa/C7B");
    let validate = |code: &str, system: &str| {
        let query = [
            ("url", url.as_str()),
            ("system", system),
            ("code", code),
            ("date", "2026-03-01"),
        ];
        server.get("ValueSet/$validate-code", &query)
    };
    assert_eq!(value(&validate("C7B.00", CM), "result"), true);
    let other = validate("M54.50", CM);
    assert_eq!(value(&other, "result"), false);
    assert_eq!(
        issues(&other),
        [("error".to_owned(), "not-in-vs".to_owned())]
    );
    let kinds = |answer: &Value| {
        issues(answer)
            .into_iter()
            .map(|(_, kind)| kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        kinds(&validate("M54.5Z", CM)),
        ["not-in-vs", "invalid-code"]
    );
    let foreign = validate("22298006", "http://snomed.info/sct");
    assert_eq!(value(&foreign, "result"), false);
    assert_eq!(kinds(&foreign), ["not-found", "not-in-vs"]);
    assert_eq!(value(&validate("02703DZ", PCS), "result"), false);
    let inferred = server.get(
        "ValueSet/$validate-code",
        &[("url", &url), ("code", "C7B.00"), ("inferSystem", "true")],
    );
    assert_eq!(
        (value(&inferred, "result"), value(&inferred, "system")),
        (json!(true), json!(CM))
    );
    assert_eq!(
        server
            .refused(
                "ValueSet/$validate-code",
                &[("url", &url), ("code", "C7B.00")]
            )
            .0,
        400
    );
    let concept = json!({ "coding": [{ "system": CM, "code": "M54.50" }, { "system": CM, "code": "C7B.00" }] });
    let (_, answer) = server.post(
        "ValueSet/$validate-code",
        &parameters(&[
            ("url", "valueUri", json!(url)),
            ("codeableConcept", "valueCodeableConcept", concept),
        ]),
    );
    assert_eq!(value(&answer, "result"), true);
    assert_eq!(value(&answer, "code"), "C7B.00");
    assert_eq!(
        issues(&answer),
        [("information".to_owned(), "this-code-not-in-vs".to_owned())]
    );
}

#[test]
fn a_coding_of_another_version_than_the_value_set_names_is_told() {
    let server = Server::with_sample();
    let set = json!({ "resourceType": "ValueSet", "status": "active", "compose": { "include": [{ "system": CM, "version": "2022" }] } });
    let coding = json!({ "system": CM, "version": "2026", "code": "C7B.00" });
    let (_, answer) = server.post(
        "ValueSet/$validate-code",
        &parameters(&[
            ("valueSet", "resource", set),
            ("coding", "valueCoding", coding),
        ]),
    );
    assert_eq!(value(&answer, "result"), false);
    assert_eq!(issues(&answer)[0].1, "vs-invalid");
}

#[test]
fn value_sets_are_found_and_none_is_made_up() {
    let server = Server::with_sample();
    let set = server.get("ValueSet/icd-10-cm", &[]);
    assert_eq!(set["url"], whole());
    let found = server.get("ValueSet", &[("url", &format!("{CM}?fhir_vs=isa/C7A0"))]);
    assert_eq!(found["total"], 1);
    assert_eq!(
        found["entry"][0]["resource"]["url"],
        format!("{CM}?fhir_vs=isa/C7A.0")
    );
    assert_eq!(server.get("ValueSet", &[])["total"], 2);
    for url in [
        "http://hl7.org/fhir/ValueSet/icd-10-cm",
        "http://hl7.org/fhir/sid/icd-10-cm",
        "http://hl7.org/fhir/sid/icd-10-cm?fhir_vs=refset",
        "http://hl7.org/fhir/sid/icd-10-cm?fhir_vs=isa/C99",
        "http://hl7.org/fhir/sid/icd-10?fhir_vs",
    ] {
        let (status, json) = server.send(Method::Get, "ValueSet/$expand", &[("url", url)], None);
        assert_eq!(status, 404, "{url}: {}", text_of(&json));
    }
}
