//! `codeyear export fhir` on the sample.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::world::World;

fn concepts(list: &Value) -> Vec<&Value> {
    let mut all = Vec::new();
    for concept in list.as_array().into_iter().flatten() {
        all.push(concept);
        all.extend(concepts(&concept["concept"]));
    }
    all
}

#[test]
fn a_file_for_each_resource_holds_every_concept() {
    let world = World::with_sample();
    let run = world.run(&["export", "fhir", "-o", "fhir"]);
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(run.stderr.contains("the bundled sample"), "{run:?}");
    assert!(run.stderr.contains("15 code systems with 5,"), "{run:?}");
    let read = |name: &str| -> Value {
        let text = std::fs::read_to_string(world.path("fhir").join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let system = read("CodeSystem-icd-10-cm-2022.json");
    assert_eq!(system["content"], "fragment");
    let all = concepts(&system["concept"]);
    assert_eq!(all.len(), 417);
    assert_eq!(system["count"], 417);
    let back = all
        .iter()
        .find(|concept| concept["code"] == "M54.5")
        .unwrap();
    assert_eq!(back["property"][0]["code"], "notSelectable");
    assert_eq!(back["concept"].as_array().unwrap().len(), 3);
    assert_eq!(
        read("CodeSystem-icd-10-pcs-2022-04.json")["status"],
        "retired"
    );
    assert_eq!(
        read("CodeSystem-icd-10-pcs-2022-04-errata.json")["status"],
        "active"
    );
    let map = read("ConceptMap-icd-10-cm-from-2021-10-01.json");
    assert!(
        map["group"][0]["element"]
            .as_array()
            .unwrap()
            .iter()
            .any(|element| element["code"] == "M54.5")
    );
}

#[test]
fn stdout_is_a_bundle_a_resource_or_a_resource_a_line() {
    let world = World::with_sample();
    let bundle = world.run(&["export", "fhir", "--fhir", "r5"]);
    let json: Value = serde_json::from_str(&bundle.stdout).unwrap();
    assert_eq!(json["type"], "collection");
    let entries = json["entry"].as_array().unwrap();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in entries {
        *kinds
            .entry(entry["resource"]["resourceType"].as_str().unwrap())
            .or_default() += 1;
        assert!(entry["fullUrl"].as_str().unwrap().starts_with("urn:uuid:"));
    }
    assert_eq!(kinds["CodeSystem"], 15);
    let lines = world.run(&[
        "export",
        "fhir",
        "--format",
        "ndjson",
        "--code-set",
        "icd10cm",
    ]);
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let resources: Vec<Value> = lines.stdout.lines().map(read).collect();
    assert_eq!(resources.len(), 13 + kinds["ConceptMap"]);
    let one = world.run(&[
        "export",
        "fhir",
        "--release",
        "FY2022-04-errata",
        "--code-set",
        "icd10pcs",
    ]);
    assert_eq!(read(&one.stdout)["resourceType"], "CodeSystem");
    assert_eq!(
        one.stdout,
        world
            .run(&[
                "export",
                "fhir",
                "--release",
                "FY2022-04-errata",
                "--code-set",
                "icd10pcs"
            ])
            .stdout
    );
    let run = world.run(&["export", "fhir", "--format", "ndjson", "-o", "lines"]);
    assert_eq!(run.exit, 0, "{run:?}");
    let text = std::fs::read_to_string(world.path("lines/CodeSystem.ndjson")).unwrap();
    assert_eq!(text.lines().count(), 15);
    assert!(world.path("lines/ConceptMap.ndjson").is_file());
}

#[test]
fn an_export_that_cannot_be_made_leaves_nothing() {
    let world = World::with_sample();
    world.write("file", "kept");
    for (args, part) in [
        (&["--release", "FY2023"][..], "is not loaded"),
        (
            &["--release", "FY2023", "--code-set", "icd10cm"],
            "is not loaded",
        ),
        (&["--fhir", "r3"], "invalid value"),
        (&["-o", "file"], "cannot make the folder"),
    ] {
        let mut all = vec!["export", "fhir"];
        all.extend(args);
        let run = world.run(&all);
        assert_eq!(run.exit, 2, "{run:?}");
        assert!(run.stderr.contains(part), "{run:?}");
        assert_eq!(run.stdout, "");
    }
    assert_eq!(std::fs::read_to_string(world.path("file")).unwrap(), "kept");
}
