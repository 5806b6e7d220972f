//! Requests that nobody means well, and those that are merely wrong.

use codeyear::fhir::Method;
use serde_json::{Value, json};

use super::{CM, Server, parameters, text_of};

const OPERATIONS: [&str; 6] = [
    "CodeSystem/$lookup",
    "CodeSystem/$validate-code",
    "CodeSystem/$subsumes",
    "ValueSet/$expand",
    "ValueSet/$validate-code",
    "ConceptMap/$translate",
];

#[test]
fn every_body_has_an_answer() {
    let server = Server::with_sample();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_object = format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"  ".to_vec(),
        b"{".to_vec(),
        b"null".to_vec(),
        b"\xff\xfe\x00".to_vec(),
        b"[]".to_vec(),
        b"\"Parameters\"".to_vec(),
        deep.into_bytes(),
        deep_object.into_bytes(),
        br#"{"resourceType":"Patient"}"#.to_vec(),
        br#"{"resourceType":"Parameters","parameter":{}}"#.to_vec(),
        br#"{"resourceType":"Parameters","parameter":[null]}"#.to_vec(),
        br#"{"resourceType":"Parameters","parameter":[{"name":"code"}]}"#.to_vec(),
        br#"{"resourceType":"Parameters","parameter":[{"name":"code","valueCode":["C7B"]}]}"#.to_vec(),
        br#"{"resourceType":"Parameters","parameter":[{"name":"code","valueCode":"a","valueString":"b"}]}"#.to_vec(),
        br#"{"resourceType":"Parameters","parameter":[{"name":"coding","valueCoding":"C7B"}]}"#.to_vec(),
        br#"{"resourceType":"Parameters","parameter":[{"name":"codeableConcept","valueCodeableConcept":{"coding":{}}}]}"#.to_vec(),
        br#"{"resourceType":"ValueSet"}"#.to_vec(),
        br#"{"resourceType":"ValueSet","compose":{"include":[{"system":7}]}}"#.to_vec(),
        br#"{"resourceType":"ValueSet","compose":{"include":"all"}}"#.to_vec(),
        br#"{"resourceType":"ValueSet","compose":{"include":[]}}"#.to_vec(),
    ];
    for body in &bodies {
        for operation in OPERATIONS {
            let (status, json) = server.send(Method::Post, operation, &[], Some(body));
            assert_eq!(
                status,
                400,
                "{operation} {:?}: {json}",
                String::from_utf8_lossy(body)
                    .chars()
                    .take(90)
                    .collect::<String>()
            );
        }
    }
}

#[test]
fn what_is_wrong_is_said() {
    let server = Server::with_sample();
    for (operation, query, status, part) in [
        (
            "CodeSystem/$lookup",
            &[("code", "C7B")][..],
            400,
            "system is required",
        ),
        (
            "CodeSystem/$lookup",
            &[("system", CM)],
            400,
            "code or coding is required",
        ),
        (
            "CodeSystem/$lookup",
            &[("system", "http://loinc.org"), ("code", "1-8")],
            404,
            "could not be found",
        ),
        (
            "CodeSystem/$lookup",
            &[("system", CM), ("code", "C7B"), ("date", "2026-02-30")],
            400,
            "is not a date",
        ),
        (
            "CodeSystem/$lookup",
            &[("system", CM), ("code", "C7B"), ("date", "2026")],
            400,
            "is not a date",
        ),
        (
            "CodeSystem/$lookup",
            &[("system", CM), ("code", "C7B"), ("code", "C7A")],
            400,
            "more than once",
        ),
        (
            "CodeSystem/$lookup",
            &[("coding", "http://hl7.org/fhir/sid/icd-10-cm|C99.9")],
            404,
            "Unknown code 'C99.9'",
        ),
        (
            "CodeSystem/$validate-code",
            &[("url", CM)],
            400,
            "is required",
        ),
        (
            "CodeSystem/$validate-code",
            &[("url", CM), ("code", "C7B"), ("abstract", "maybe")],
            400,
            "true or false",
        ),
        (
            "CodeSystem/$subsumes",
            &[("system", CM), ("codeA", "C7B")],
            400,
            "are required",
        ),
        ("ValueSet/$expand", &[], 400, "url or valueSet is required"),
        (
            "ValueSet/$expand",
            &[
                ("url", "http://hl7.org/fhir/sid/icd-10-cm?fhir_vs"),
                ("count", "-1"),
            ],
            400,
            "whole number",
        ),
        (
            "ValueSet/$expand",
            &[("context", "x")],
            422,
            "not supported",
        ),
        (
            "ConceptMap/$translate",
            &[("code", "C7B")],
            400,
            "system is required",
        ),
        (
            "ConceptMap/$translate",
            &[("code", "C7B"), ("system", CM), ("url", "urn:x")],
            404,
            "there is no ConceptMap",
        ),
        ("CodeSystem/$find-matches", &[], 404, "has no operation"),
        (
            "Patient/$everything",
            &[],
            404,
            "there are no resources of the type",
        ),
        ("Patient", &[], 404, "there are no resources"),
        ("metadata", &[("mode", "x")], 400, "the mode"),
        ("metadata", &[("_format", "xml")], 406, "answers are JSON"),
        ("CodeSystem", &[("_count", "many")], 400, "whole number"),
        ("CodeSystem", &[("date", "zz2021")], 400, "comparison"),
        ("", &[], 404, "metadata says"),
        ("a/b/c/d", &[], 404, "nothing at"),
    ] {
        let (found, text) = server.refused(operation, query);
        assert_eq!(found, status, "{operation} {query:?}: {text}");
        assert!(text.contains(part), "{operation} {query:?}: {text}");
    }
    let (status, _) = server.send(
        Method::Post,
        "CodeSystem",
        &[],
        Some(b"{\"resourceType\":\"CodeSystem\"}"),
    );
    assert_eq!(status, 405);
}

#[test]
fn what_is_repeated_of_a_request_is_short_and_visible() {
    let server = Server::with_sample();
    let long = "<script>\u{202e}\n".repeat(100_000);
    for operation in OPERATIONS {
        for name in [
            "code", "system", "url", "version", "date", "display", "filter", "codeA",
        ] {
            let mut query = vec![
                ("system", CM),
                ("code", "C7B"),
                ("codeA", "C7B"),
                ("codeB", "C7B"),
                ("display", "x"),
            ];
            query.retain(|(one, _)| *one != name);
            query.push((name, &long));
            let (_, json) = server.send(Method::Get, operation, &query, None);
            let text = json.to_string();
            assert!(
                text.len() < 5_000,
                "{operation} {name}: {} bytes",
                text.len()
            );
            assert!(!text.contains('\u{202e}'), "{operation} {name}");
        }
    }
    let (_, json) = server.send(Method::Get, &"x/".repeat(50_000), &[], None);
    assert!(text_of(&json).len() < 500);
}

#[test]
fn a_filter_that_is_not_understood_is_not_passed_over() {
    let server = Server::with_sample();
    let expand = |include: Value| {
        let set = json!({ "resourceType": "ValueSet", "status": "active", "compose": { "include": [include] } });
        server
            .post(
                "ValueSet/$expand",
                &parameters(&[("valueSet", "resource", set)]),
            )
            .0
    };
    let filter = |filter: Value| json!({ "system": CM, "filter": [filter] });
    assert_eq!(
        expand(filter(
            json!({ "property": "concept", "op": "is-a", "value": "C7B" })
        )),
        200
    );
    for (include, status) in [
        (
            filter(json!({ "property": "concept", "op": "regex", "value": ".*" })),
            422,
        ),
        (
            filter(json!({ "property": "severity", "op": "=", "value": "1" })),
            422,
        ),
        (
            filter(json!({ "property": "concept", "op": "is-a", "value": "C7Z" })),
            404,
        ),
        (filter(json!({ "property": "concept", "op": "is-a" })), 400),
        (
            filter(json!({ "property": "notSelectable", "op": "=", "value": "yes" })),
            400,
        ),
        (filter(json!(7)), 400),
        (json!({ "system": "http://loinc.org" }), 404),
        (json!({ "system": CM, "version": "1999" }), 404),
        (json!({ "concept": [{ "code": "C7B" }] }), 400),
        (
            json!({ "system": CM, "concept": [{ "display": "x" }] }),
            400,
        ),
        (
            json!({ "system": CM, "concept": [{ "code": "C7B" }], "filter": [{ "property": "concept", "op": "=", "value": "C7B" }] }),
            400,
        ),
        (json!({ "valueSet": ["http://localhost/other"] }), 404),
        (json!("all"), 400),
    ] {
        assert_eq!(expand(include.clone()), status, "{include}");
    }
    let many: Vec<Value> = (0..30_000).map(|_| json!({ "code": "C7B" })).collect();
    assert_eq!(expand(json!({ "system": CM, "concept": many })), 422);
}
