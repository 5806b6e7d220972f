//! How far a release can be trusted, said in every answer that rests on it: in text, JSON, Markdown, CSV, HTML,
//! workbooks, pages and FHIR.

use codeyear::fhir::FhirVersion;
use codeyear::store::Store;
use serde_json::Value;

use crate::fhir::{CM, Server, parts, value};
#[cfg(feature = "serve")]
use crate::web::Served;
use crate::world::World;

const DERIVED: &str =
    "the order file of FY2032 is derived from another release; the official file may differ";

/// A world with the rows of the sample's FY2021 as FY2031, whose file is official, and those of FY2022 as FY2032,
/// whose file is derived.
fn world() -> World {
    let world = World::empty();
    let old = include_str!("../../releases/sample/icd10cm/FY2021/icd10cm_order_2021.txt");
    let new = include_str!("../../releases/sample/icd10cm/FY2022/icd10cm_order_2022.txt");
    let unknown = |text: &str| text.replace("Cholera", "CHOLERA");
    world.write("in/icd10cm-FY2031.txt", unknown(old));
    world.write("in/icd10cm-FY2032.txt", unknown(new));
    let run = world.run(&["import", "--allow-incomplete", "in"]);
    assert_eq!(run.exit, 0, "{run:?}");
    rusqlite::Connection::open(world.database())
        .unwrap()
        .execute_batch(
            "UPDATE release SET incomplete = NULL, provenance = 'official';
             UPDATE release SET provenance = 'derived' WHERE name = 'FY2032'",
        )
        .unwrap();
    world
}

fn printed(world: &World, args: &[&str]) -> String {
    let run = world.run(&[&["--today", "2032-01-01"], args].concat());
    assert_ne!(run.exit, 2, "{args:?}: {run:?}");
    run.stdout
}

fn json(world: &World, args: &[&str]) -> Value {
    serde_json::from_str(&printed(world, &[args, &["--format", "json"]].concat())).unwrap()
}

/// The releases that a list of warnings calls derived.
fn derived(answer: &Value) -> Vec<&str> {
    let warnings = answer["warnings"].as_array().unwrap().iter();
    warnings
        .filter(|warning| warning["kind"] == "derived")
        .map(|warning| warning["release"].as_str().unwrap())
        .collect()
}

#[test]
fn an_answer_on_a_day_says_that_the_order_file_is_derived_and_no_other_answer_does() {
    let world = world();
    for (args, of_old) in [
        // The derived release tells the day from which the codes are valid.
        (vec!["check", "M54.50", "--on"], true),
        (vec!["show", "M54.50", "--on"], true),
        (vec!["compare", "M54.50", "M54.51", "--on"], true),
        (vec!["check", "A00.0", "--on"], false),
        (vec!["search", "pain", "--on"], false),
    ] {
        let on = |day| printed(&world, &[&args[..], &[day]].concat());
        let warning = format!("warning: {DERIVED}");
        assert!(on("2031-11-01").contains(&warning), "{args:?}");
        assert_eq!(on("2030-11-01").contains(&warning), of_old, "{args:?}");
    }
    let compared = printed(
        &world,
        &["compare", "M54.50", "M54.51", "--on", "2031-11-01"],
    );
    assert!(compared.contains("source: FY2032, icd10cm-FY2032.txt (derived)"));
    let answer = json(&world, &["check", "M54.50", "--on", "2031-11-01"]);
    let answer = &answer["answers"][0];
    assert_eq!(answer["basis"]["provenance"], "derived");
    assert_eq!(derived(answer), ["FY2032"]);
    let answer = json(&world, &["check", "A00.0", "--on", "2030-11-01"]);
    let answer = &answer["answers"][0];
    assert_eq!(answer["basis"]["provenance"], "official");
    assert!(derived(answer).is_empty());
}

#[test]
fn a_history_names_the_derived_releases_of_the_life() {
    let world = world();
    let life = json(&world, &["history", "A00.0"]);
    assert_eq!(derived(&life), ["FY2032"]);
    let text = printed(&world, &["history", "A00.0"]);
    assert_eq!(text.matches(DERIVED).count(), 1, "{text}");
}

#[test]
fn a_comparison_of_releases_says_how_well_each_file_is_known() {
    let world = world();
    let diff = ["diff", "FY2031", "FY2032"];
    let with = |more: &[&str]| printed(&world, &[&diff[..], more].concat());
    let text = with(&[]);
    assert_eq!(text.matches(&format!("warning: {DERIVED}")).count(), 1);
    assert!(
        text.contains("icd10cm-FY2031.txt  official, sha256 "),
        "{text}"
    );
    assert!(
        text.contains("icd10cm-FY2032.txt  derived, sha256 "),
        "{text}"
    );
    let markdown = with(&["--format", "markdown"]);
    assert!(
        markdown.contains(&format!("**Warning: {DERIVED}.**")),
        "{markdown}"
    );
    assert!(
        markdown.contains("icd10cm-FY2032.txt (derived, sha256 `"),
        "{markdown}"
    );
    let html = with(&["--format", "html"]);
    let in_html = DERIVED.replace('\'', "&#39;");
    assert!(html.contains(&format!("<strong>Warning:</strong> {in_html}.")));
    assert!(html.contains("(derived from another release; the official file may differ)"));
    assert!(html.contains("(official file)"));
    let found = json(&world, &diff);
    assert_eq!(found["old"]["provenance"], "official");
    assert_eq!(found["new"]["provenance"], "derived");
    assert_eq!(derived(&found), ["FY2032"]);
    // A table of changes has no place for it.
    let run = world.run(&["diff", "FY2031", "FY2032", "--format", "csv"]);
    assert!(
        run.stderr.contains(&format!("warning: {DERIVED}")),
        "{run:?}"
    );
    assert!(!run.stdout.contains("derived"));
    let run = world.run(&["export", "order", "--release", "FY2032"]);
    assert!(run.stderr.contains(DERIVED), "{}", run.stderr);
    // Of one release and itself it is said once.
    let same = json(&world, &["diff", "FY2032", "FY2032"]);
    assert_eq!(derived(&same), ["FY2032"]);
}

#[test]
fn a_workbook_and_a_weighed_comparison_say_it_too() {
    let world = world();
    world.write("mine.csv", "dx\nM54.5\n");
    let weighed = [
        "diff", "FY2031", "FY2032", "--only", "mine.csv", "--code", "dx",
    ];
    for (format, warning) in [
        ("text", format!("warning: {DERIVED}")),
        ("markdown", format!("**Warning: {DERIVED}.**")),
        ("html", DERIVED.replace('\'', "&#39;")),
        ("json", DERIVED.to_owned()),
    ] {
        let report = printed(&world, &[&weighed[..], &["--format", format]].concat());
        assert_eq!(report.matches(&warning).count(), 1, "{format}: {report}");
    }
    let run = world.run(&["diff", "FY2031", "FY2032", "-o", "changes.xlsx"]);
    assert_eq!(run.exit, 0, "{run:?}");
    let book = std::fs::File::open(world.path("changes.xlsx")).unwrap();
    let mut book = zip::ZipArchive::new(book).unwrap();
    let mut strings = book.by_name("xl/sharedStrings.xml").unwrap();
    let strings = std::io::read_to_string(&mut strings).unwrap();
    let strings = strings.replace("&apos;", "'");
    assert!(
        strings.contains(&format!("Warning: {DERIVED}")),
        "{strings}"
    );
    assert!(strings.contains("icd10cm-FY2032.txt  derived, sha256 "));
}

#[test]
fn an_audit_warns_of_the_releases_that_judge_a_code_of_the_file() {
    let world = world();
    world.write("both.csv", "dx,day\nA00.0,2030-11-01\nA00.0,2031-11-01\n");
    // Between these days lies FY2032, and no code is judged by it.
    world.write("ends.csv", "dx,day\nA00.0,2030-11-01\nA00.0,2032-11-01\n");
    // It tells from which day this code is valid.
    world.write("early.csv", "dx,day\nM54.50,2030-11-01\n");
    let audit = |file| ["audit", file, "--code", "dx", "--date", "day"];
    assert_eq!(derived(&json(&world, &audit("early.csv"))), ["FY2032"]);
    let text = printed(&world, &audit("both.csv"));
    assert_eq!(
        text.matches(&format!("warning: ICD-10-CM: {DERIVED}"))
            .count(),
        1
    );
    let row = text.lines().find(|line| line.contains("FY2032  ")).unwrap();
    assert_eq!(row.split_whitespace().nth(2), Some("derived"), "{text}");
    let found = json(&world, &audit("both.csv"));
    assert_eq!(derived(&found), ["FY2032"]);
    let provenance: Vec<&Value> = found["by_release"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["provenance"])
        .collect();
    assert_eq!(provenance, ["official", "derived"]);
    let run = world.run(&[&audit("both.csv")[..], &["--report", "audit.html"]].concat());
    assert_ne!(run.exit, 2, "{run:?}");
    let page = std::fs::read_to_string(world.path("audit.html")).unwrap();
    assert!(page.contains(&DERIVED.replace('\'', "&#39;")));
    let run = world.run(&[&audit("ends.csv")[..], &["--format", "json"]].concat());
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(derived(&found).is_empty(), "{found}");
}

#[test]
fn fhir_says_it_in_each_operation_and_in_the_code_system() {
    let world = world();
    for server in [
        Server::over(Store::open(&world.database()).unwrap()),
        Server::over(Store::open(&world.database()).unwrap()).r5(),
    ] {
        let ask = |operation: &str, date: &str| {
            let mut query = vec![("system", CM), ("code", "A00.0"), ("date", date)];
            if operation.contains("validate") {
                query[0].0 = "url";
            }
            server.get(operation, &query)
        };
        let looked = |date: &str| {
            let properties = parts(&ask("CodeSystem/$lookup", date), "property");
            let is_it = |part: &Vec<(String, Value)>| part[0].1 == "provenance";
            properties.into_iter().find(is_it).unwrap()
        };
        let found = looked("2031-11-01");
        assert_eq!(
            (&found[1].1, &found[2].1),
            (&"derived".into(), &DERIVED.into())
        );
        let found = looked("2030-11-01");
        assert_eq!((&found[1].1, found.len()), (&"official".into(), 2));

        let valid = ask("CodeSystem/$validate-code", "2031-11-01");
        assert_eq!(value(&valid, "result"), true);
        assert_eq!(value(&valid, "message"), DERIVED);
        let issue = &value(&valid, "issues")["issue"][0];
        assert_eq!(issue["severity"], "warning");
        assert_eq!(issue["details"]["text"], DERIVED);
        let valid = ask("CodeSystem/$validate-code", "2030-11-01");
        assert_eq!(value(&valid, "issues"), Value::Null);

        let translated = ask("ConceptMap/$translate", "2031-11-01");
        let message = value(&translated, "message");
        assert!(message.as_str().unwrap().ends_with(DERIVED), "{message}");

        let set = format!("{CM}?fhir_vs=isa/A00");
        let expanded = server.get("ValueSet/$expand", &[("url", &set), ("date", "2031-11-01")]);
        let parameters = expanded["expansion"]["parameter"].as_array().unwrap();
        let warnings: Vec<&Value> = parameters
            .iter()
            .filter(|parameter| parameter["name"] == "warning")
            .map(|parameter| &parameter["valueString"])
            .collect();
        assert_eq!(warnings, [DERIVED]);

        let system = server.get("CodeSystem/icd-10-cm-2032", &[]);
        assert_eq!(
            system["description"],
            "order file: derived from another release; the official file may differ"
        );
        let system = server.get("CodeSystem/icd-10-cm-2031", &[]);
        assert_eq!(system["description"], "order file: official file");
        assert!(matches!(server.version, FhirVersion::R4 | FhirVersion::R5));
    }
}

#[cfg(feature = "serve")]
#[test]
fn the_pages_say_it_where_they_rest_on_the_release() {
    let world = world();
    let served = Served::start(&world, &[]).warm();
    let in_html = DERIVED.replace('\'', "&#39;");
    for target in [
        "/icd10cm/A00.0?on=2031-11-01",
        "/icd10cm/A00.0?on=2030-11-01",
        "/icd10cm?on=2031-11-01",
        "/compare?left=A00.0&right=A00.1&on=2031-11-01",
        "/diff?set=icd10cm&old=FY2031&new=FY2032",
    ] {
        let page = served.get(target);
        assert_eq!(page.status, 200, "{target}");
        let said = page.text().matches(&in_html).count();
        assert_eq!(said, 1, "{target}: {}", page.text());
    }
    let page = served.get("/releases");
    assert!(
        page.text()
            .contains("derived from another release; the official file may differ")
    );
    let api = served.get("/api/diff?old=FY2031&new=FY2032").json();
    assert_eq!(derived(&api), ["FY2032"]);
}
