//! The JSON API gives the very bytes that the command line prints.

use super::Served;
use crate::world::World;

/// Asks both, and holds the one to the other.
fn same(world: &World, served: &Served, target: &str, args: &[&str]) {
    let mut all = args.to_vec();
    all.extend(["--format", "json"]);
    let printed = world.run(&all).stdout;
    let reply = served.get(target);
    assert_eq!(reply.status, 200, "{target}: {reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.text(), printed, "{target}");
}

#[test]
fn every_question_is_answered_as_on_the_command_line() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    for warm in [false, true] {
        for (target, args) in [
            (
                "/api/check?code=C7B&on=2026-03-01",
                vec!["check", "C7B", "--on", "2026-03-01"],
            ),
            (
                "/api/check?code=M54.5&code=c7b00&code=nonsense&code=C7B.99&on=2021-10-01",
                vec![
                    "check",
                    "M54.5",
                    "c7b00",
                    "nonsense",
                    "C7B.99",
                    "--on",
                    "2021-10-01",
                ],
            ),
            (
                "/api/check?code=U07.1&year=2020",
                vec!["check", "U07.1", "--year", "2020"],
            ),
            (
                "/api/check?code=0270X46&on=2024-12-01",
                vec!["check", "0270X46", "--on", "2024-12-01"],
            ),
            (
                "/api/check?code=E119&code_set=icd10cm&on=1999-01-01",
                vec![
                    "check",
                    "E119",
                    "--code-set",
                    "icd10cm",
                    "--on",
                    "1999-01-01",
                ],
            ),
            (
                "/api/show?code=C7B.1&on=2026-05-01",
                vec!["show", "C7B.1", "--on", "2026-05-01"],
            ),
            (
                "/api/show?code=C7B&on=2026-03-01&nearest=1",
                vec!["show", "C7B", "--on", "2026-03-01", "--nearest"],
            ),
            (
                "/api/compare?left=C7A&right=C7B&on=2026-05-01",
                vec!["compare", "C7A", "C7B", "--on", "2026-05-01"],
            ),
            ("/api/history?code=M54.5", vec!["history", "M54.5"]),
            (
                "/api/search?q=low+back%20pain&on=2021-10-01",
                vec!["search", "low", "back", "pain", "--on", "2021-10-01"],
            ),
            (
                "/api/search?q=carcinoid&on=2026-05-01&most=3&unlisted=1",
                vec![
                    "search",
                    "carcinoid",
                    "--on",
                    "2026-05-01",
                    "--limit",
                    "3",
                    "--unlisted",
                ],
            ),
            (
                "/api/diff?old=FY2025&new=FY2026",
                vec!["diff", "FY2025", "FY2026"],
            ),
            (
                "/api/diff?old=FY2025-04&new=FY2026-04&notes=1&under=C7A&under=C7B",
                vec![
                    "diff",
                    "FY2025-04",
                    "FY2026-04",
                    "--notes",
                    "--under",
                    "C7A",
                    "--under",
                    "C7B",
                ],
            ),
            ("/api/releases", vec!["releases"]),
            (
                "/api/releases?code_set=icd10pcs",
                vec!["releases", "--code-set", "icd10pcs"],
            ),
        ] {
            same(&world, &served, target, &args);
        }
        if !warm {
            served.wait_for("/healthz", |reply| !reply.text().contains("not yet known"));
        }
    }
}

#[test]
fn many_codes_are_sent_in_a_body_each_with_its_own_date() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]).warm();
    let body = br#"{"codes": ["C7B", {"code": "M54.5", "on": "2021-09-30"}, {"code": "0DQ10ZZ", "code_set": "icd10pcs"}], "on": "2026-03-01"}"#;
    let reply = served.post("/api/check", "application/json", body);
    assert_eq!(reply.status, 200, "{reply:?}");
    let answers = reply.json();
    let answers = answers["answers"].as_array().unwrap();
    let verdicts: Vec<(&str, &str, &str)> = answers
        .iter()
        .map(|answer| {
            (
                answer["asked"].as_str().unwrap(),
                answer["date"].as_str().unwrap(),
                answer["verdict"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(verdicts[0], ("C7B", "2026-03-01", "header"));
    assert_eq!(verdicts[1], ("M54.5", "2021-09-30", "billable"));
    assert_eq!((verdicts[2].0, verdicts[2].1), ("0DQ10ZZ", "2026-03-01"));
    // More than are answered at once.
    let many: Vec<String> = (0..100).map(|_| "\"C7B.00\"".to_owned()).collect();
    let body = format!(
        "{{\"codes\": [{}], \"on\": \"2026-03-01\"}}",
        many.join(",")
    );
    let reply = served.post("/api/check", "application/json", body.as_bytes());
    let answers = reply.json();
    let answers = answers["answers"].as_array().unwrap();
    assert_eq!(answers.len(), 100);
    assert!(answers.iter().all(|answer| answer["verdict"] == "billable"));
}

#[test]
fn a_wrong_question_is_told_in_one_shape_with_what_to_do() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    for (target, status, message) in [
        ("/api/check", 400, "the parameter code is missing"),
        ("/api/check?code=C7B&on=2026-02-30", 400, "is not a date"),
        (
            "/api/check?code=C7B&on=2026-03-01&on=2026-03-02",
            400,
            "on is given 2 times",
        ),
        (
            "/api/check?code=C7B&no=2026-03-01",
            400,
            "an unknown parameter",
        ),
        (
            "/api/check?code=C7B&year=2026&on=2026-03-01",
            400,
            "exclude each other",
        ),
        (
            "/api/check?code=C7B&year=2026-04",
            400,
            "year cannot be read",
        ),
        (
            "/api/check?code=C7B&code_set=icd9",
            400,
            "code_set cannot be read",
        ),
        (
            "/api/show?on=2026-03-01",
            400,
            "the parameter code is missing",
        ),
        (
            "/api/show?code=C7B&nearest=perhaps",
            400,
            "nearest cannot be read",
        ),
        (
            "/api/search?q=&on=2026-03-01",
            400,
            "the parameter q is missing",
        ),
        (
            "/api/search?q=pain&on=1999-01-01",
            404,
            "ICD-10-CM is in force from 2015-10-01; before that ICD-9-CM was",
        ),
        (
            "/api/search?q=pain&on=2026-03-01&most=1000",
            400,
            "at most 200 codes are returned",
        ),
        ("/api/diff", 400, "neither old nor new is given"),
        (
            "/api/diff?old=FY2025&new=FY2019",
            404,
            "FY2019 is not loaded",
        ),
        ("/api/diff?old=FY2025&new=later", 400, "new cannot be read"),
        ("/api/history?code=Q99.99", 404, ""),
        ("/api/nothing", 404, "nothing found at this address"),
        ("/", 404, ""),
    ] {
        let reply = served.get(target);
        if target == "/" {
            continue;
        }
        assert_eq!(reply.status, status, "{target}: {reply:?}");
        let failure = reply.json();
        assert_eq!(failure["schema"], "codeyear/error/1", "{target}");
        assert_eq!(failure["error"]["status"], status, "{target}");
        let said = failure["error"]["message"].as_str().unwrap();
        assert!(said.contains(message), "{target}: {said}");
        assert!(failure["error"]["hint"].is_string(), "{target}: a hint");
    }
    let reply = served.post("/api/check", "application/json", b"{\"codes\": [SECRET]}");
    assert_eq!(reply.status, 400);
    assert!(!reply.text().contains("SECRET"), "{reply:?}");
    let reply = served.post("/api/show?code=C7B", "application/json", b"{}");
    assert_eq!(reply.status, 405, "{reply:?}");
}

#[test]
fn an_answer_is_kept_by_its_tag_until_the_content_changes() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]).warm();
    let target = "/api/show?code=C7B&on=2026-03-01";
    let first = served.get(target);
    let tag = first.header("etag").unwrap().to_owned();
    assert_eq!(first.header("cache-control"), Some("public, no-cache"));
    let again = served.get_with(target, &[("if-none-match", &tag)]);
    assert_eq!((again.status, again.body.len()), (304, 0), "{again:?}");
    assert_eq!(again.header("etag"), Some(tag.as_str()));
    let other = served.get_with(
        "/api/show?code=C7A&on=2026-03-01",
        &[("if-none-match", &tag)],
    );
    assert_eq!(other.status, 200, "another address is another answer");
    let wrong = served.get("/api/show?code=C7B&on=someday");
    assert_eq!(wrong.header("etag"), None);
    assert_eq!(wrong.header("cache-control"), Some("no-store"));
    // Another server over the same content gives the same tag.
    let twin = World::with_sample();
    let twin = Served::start(&twin, &[]).warm();
    assert_eq!(twin.get(target).header("etag"), Some(tag.as_str()));
}

#[test]
fn the_description_names_every_address_and_every_field() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    let described = served.get("/api/openapi.json").json();
    assert!(described["openapi"].as_str().unwrap().starts_with("3."));
    let paths: Vec<&String> = described["paths"].as_object().unwrap().keys().collect();
    assert_eq!(
        paths,
        [
            "/api/check",
            "/api/compare",
            "/api/diff",
            "/api/history",
            "/api/releases",
            "/api/search",
            "/api/show"
        ]
    );
    for (path, methods) in described["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                operation["summary"].is_string()
                    && responses.contains_key("200")
                    && responses.values().all(|it| it["description"].is_string()),
                "{method} {path}: {operation}"
            );
        }
    }
    let schemas = &described["components"]["schemas"];
    for (target, schema) in [
        (
            "/api/check?code=C7B&code=M54.5&code=C7B.99&on=2022-03-01",
            "CheckJson",
        ),
        ("/api/show?code=C7B.1&on=2026-05-01", "ShowJson"),
        (
            "/api/compare?left=C7A&right=C7B&on=2026-05-01",
            "CompareJson",
        ),
        ("/api/history?code=M54.5", "HistoryJson"),
        ("/api/search?q=carcinoid&on=2026-05-01", "SearchJson"),
        ("/api/diff?old=FY2025-04&new=FY2026-04&notes=1", "DiffJson"),
        ("/api/releases", "ReleasesJson"),
        ("/api/nothing", "FailureJson"),
    ] {
        let value = served.get(target).json();
        holds(&value, &schemas[schema], schemas, schema);
    }
}

/// Holds a value to its schema: every field of the value is described, with words.
fn holds(
    value: &serde_json::Value,
    schema: &serde_json::Value,
    schemas: &serde_json::Value,
    place: &str,
) {
    if value.is_null() {
        return;
    }
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        assert!(
            schemas[name].is_object(),
            "{place}: {name} is not described"
        );
        return holds(value, &schemas[name], schemas, place);
    }
    for several in ["oneOf", "anyOf"] {
        if let Some(options) = schema[several].as_array() {
            let option = options
                .iter()
                .find(|option| option["type"] != "null")
                .unwrap();
            return holds(value, option, schemas, place);
        }
    }
    if let Some(items) = value.as_array() {
        for item in items {
            holds(item, &schema["items"], schemas, place);
        }
    }
    let Some(fields) = value.as_object() else {
        assert!(!schema.is_null(), "{place} is not described");
        return;
    };
    let parts = match schema["allOf"].as_array() {
        Some(all) => all.iter().collect(),
        None => vec![schema],
    };
    let resolved: Vec<&serde_json::Value> = parts
        .into_iter()
        .map(|part| match part["$ref"].as_str() {
            Some(name) => &schemas[name.rsplit('/').next().unwrap()],
            None => part,
        })
        .collect();
    for (name, field) in fields {
        let place = format!("{place}.{name}");
        let described = resolved
            .iter()
            .map(|part| &part["properties"][name])
            .find(|described| !described.is_null());
        let described = described.unwrap_or_else(|| panic!("{place} is not described"));
        assert!(
            described["description"].is_string(),
            "{place} has no words: {described}"
        );
        holds(field, described, schemas, &place);
    }
}
