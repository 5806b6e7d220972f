//! `$validate-code` of code systems.

use serde_json::{Value, json};

use super::{CM, PCS, Server, issues, parameters, value};

fn validate(server: &Server, query: &[(&str, &str)]) -> Value {
    let mut all = vec![("url", CM)];
    all.extend(query);
    server.get("CodeSystem/$validate-code", &all)
}

fn pair(severity: &str, kind: &str) -> (String, String) {
    (severity.to_owned(), kind.to_owned())
}

#[test]
fn a_code_is_valid_to_the_eve_of_the_release_that_made_it_a_header() {
    let server = Server::with_sample();
    let on = |day: &str, more: &[(&'static str, &'static str)]| {
        let mut query = vec![("code", "Z28.3"), ("date", day)];
        query.extend(more);
        validate(&server, &query)
    };
    let before = on("2022-03-31", &[("abstract", "false")]);
    assert_eq!(value(&before, "result"), true);
    assert_eq!(value(&before, "version"), "2022");
    assert_eq!(value(&before, "display"), "Underimmunization status");
    assert_eq!(value(&before, "issues"), Value::Null);
    let after = on("2022-04-01", &[("abstract", "false")]);
    assert_eq!(value(&after, "result"), false);
    assert_eq!(issues(&after), [pair("error", "code-rule")]);
    let message = value(&after, "message");
    assert!(
        message
            .as_str()
            .unwrap()
            .contains("is abstract, and not allowed"),
        "{message}"
    );
    // Whoever does not say otherwise may ask for headers, and is told.
    let after = on("2022-04-01", &[]);
    assert_eq!(value(&after, "result"), true);
    assert_eq!(issues(&after), [pair("information", "code-rule")]);
    let after = on("2022-04-01", &[("abstract", "true")]);
    assert_eq!(
        (value(&after, "result"), issues(&after)),
        (json!(true), vec![])
    );
}

#[test]
fn a_code_that_is_not_listed_says_why() {
    let server = Server::with_sample();
    for (code, day, inactive, part) in [
        (
            "U07.1",
            "2020-03-31",
            Value::Null,
            "is first listed on 2020-04-01",
        ),
        (
            "C7B.0Z",
            "2026-03-01",
            Value::Null,
            "no loaded version lists it",
        ),
        ("CAT", "2026-03-01", Value::Null, "must be a digit"),
        ("", "2026-03-01", Value::Null, ""),
    ] {
        if code.is_empty() {
            let (status, text) =
                server.refused("CodeSystem/$validate-code", &[("url", CM), ("code", "")]);
            assert_eq!((status, text.as_str()), (400, "code is empty"));
            continue;
        }
        let answer = validate(&server, &[("code", code), ("date", day)]);
        assert_eq!(value(&answer, "result"), false);
        assert_eq!(issues(&answer), [pair("error", "invalid-code")]);
        assert_eq!(value(&answer, "inactive"), inactive);
        let message = value(&answer, "message");
        assert!(message.as_str().unwrap().contains(part), "{message}");
        assert!(
            message.as_str().unwrap().contains("the bundled sample"),
            "{message}"
        );
    }
}

#[test]
fn a_deleted_code_is_inactive() {
    let server = Server::with_sample();
    let answer = validate(&server, &[("code", "S30.1XXA"), ("version", "2026")]);
    assert_eq!(value(&answer, "result"), false);
    assert_eq!(value(&answer, "inactive"), true);
    let message = value(&answer, "message");
    assert!(
        message
            .as_str()
            .unwrap()
            .contains("was deleted from 2025-10-01 on"),
        "{message}"
    );
}

#[test]
fn every_spelling_is_understood_and_the_dotted_one_given_back() {
    let server = Server::with_sample();
    for code in ["c7b.00", "C7B00", "c7b00"] {
        let answer = validate(&server, &[("code", code)]);
        assert_eq!(value(&answer, "result"), true);
        assert_eq!(value(&answer, "code"), "C7B.00");
        assert_eq!(value(&answer, "normalized-code"), "C7B.00");
        assert_eq!(issues(&answer), [pair("information", "code-rule")]);
    }
    let answer = validate(&server, &[("code", "C7B.00")]);
    assert_eq!(value(&answer, "issues"), Value::Null);
    let query = [("system", PCS), ("code", "02703dz"), ("version", "2022-04")];
    let answer = server.get("CodeSystem/$validate-code", &query);
    assert_eq!(value(&answer, "code"), "02703DZ");
}

#[test]
fn a_title_has_to_be_that_of_the_day() {
    let server = Server::with_sample();
    let with = |display: &str, day: &str| {
        validate(
            &server,
            &[("code", "Z28.3"), ("display", display), ("date", day)],
        )
    };
    for display in ["Underimmunization status", "UNDERIMMUNIZATION  status "] {
        assert_eq!(value(&with(display, "2022-03-01"), "result"), true);
    }
    let wrong = with("Low back pain", "2022-03-01");
    assert_eq!(value(&wrong, "result"), false);
    assert_eq!(issues(&wrong), [pair("error", "invalid-display")]);
    assert_eq!(value(&wrong, "display"), "Underimmunization status");
    let lenient = validate(
        &server,
        &[
            ("code", "Z28.3"),
            ("display", "Low back pain"),
            ("date", "2022-03-01"),
            ("lenient-display-validation", "true"),
        ],
    );
    assert_eq!(value(&lenient, "result"), true);
    assert_eq!(issues(&lenient), [pair("warning", "invalid-display")]);
    // The short title is a designation.
    let short = validate(
        &server,
        &[
            ("code", "C7A.019"),
            (
                "display",
                "malignant carcinoid tumor of the SM int, unsp portion",
            ),
        ],
    );
    assert_eq!(value(&short, "result"), true);
}

#[test]
fn parameters_of_a_body_have_their_types() {
    let server = Server::with_sample();
    let (status, answer) = server.post(
        "CodeSystem/$validate-code",
        &parameters(&[
            ("url", "valueUri", json!(CM)),
            ("code", "valueCode", json!("M54.5")),
            ("date", "valueDateTime", json!("2021-09-30")),
            ("abstract", "valueBoolean", json!(false)),
        ]),
    );
    assert_eq!((status, value(&answer, "result")), (200, json!(true)));
    let coding =
        json!({ "system": CM, "version": "2022", "code": "M54.5", "display": "Low back pain" });
    let (_, answer) = server.post(
        "CodeSystem/$validate-code",
        &parameters(&[("coding", "valueCoding", coding)]),
    );
    assert_eq!(value(&answer, "version"), "2022");
    let instance = server.get(
        "CodeSystem/icd-10-cm-2021/$validate-code",
        &[("code", "M54.5"), ("abstract", "false")],
    );
    assert_eq!(
        (value(&instance, "result"), value(&instance, "version")),
        (json!(true), json!("2021"))
    );
}

#[test]
fn of_several_codings_one_has_to_hold_and_none_may_be_wrong() {
    let server = Server::with_sample();
    let validate = |codings: Value| {
        let concept = json!({ "coding": codings, "text": "as written" });
        server.post(
            "CodeSystem/$validate-code",
            &parameters(&[("codeableConcept", "valueCodeableConcept", concept)]),
        )
    };
    let good = json!({ "system": CM, "code": "C7B.00" });
    let foreign = json!({ "system": "http://snomed.info/sct", "code": "22298006" });
    let bad = json!({ "system": CM, "code": "C7B.0Z" });
    let (_, answer) = validate(json!([foreign, good]));
    assert_eq!(value(&answer, "result"), true);
    assert_eq!(value(&answer, "code"), "C7B.00");
    assert_eq!(issues(&answer), [pair("warning", "not-found")]);
    assert_eq!(
        value(&answer, "codeableConcept")["coding"][1]["code"],
        "C7B.00"
    );
    let (_, answer) = validate(json!([good, bad]));
    assert_eq!(value(&answer, "result"), false);
    let (status, _) = validate(json!([foreign]));
    assert_eq!(status, 404);
    assert_eq!(validate(json!([])).0, 400);
}
