//! What `import` takes and refuses, and what `releases` and `verify` say of what is loaded.

use std::collections::BTreeSet;

use super::{changed_codes, sample_bytes, sample_folder, transcript, unknown_order_file};
use crate::world::World;

#[test]
fn releases_says_what_is_loaded_and_what_is_known() {
    let world = World::with_sample();
    let text = transcript(
        &world,
        &[
            &["releases", "--today", "2026-11-28"],
            &[
                "releases",
                "--code-set",
                "icd10pcs",
                "--format",
                "json",
                "--today",
                "2026-11-28",
            ],
        ],
    );
    insta::assert_snapshot!("releases", text);
    let empty = World::empty();
    let run = empty.run(&["releases"]);
    assert_eq!(run.exit, 0);
    assert!(run.stdout.contains("missing") && !run.stdout.contains(" loaded "));
    assert!(
        run.stderr.starts_with("No release is loaded yet"),
        "{}",
        run.stderr
    );
    assert!(!empty.database().exists(), "asking makes no database");
}

#[test]
fn verify_proves_the_sample_and_keeps_the_outcome() {
    let world = World::with_sample();
    let text = transcript(
        &world,
        &[
            &["verify"],
            &["verify", "FY2022", "--base", "FY2020"],
            &["verify", "FY2022", "--base", "FY2020", "--format", "json"],
            &[
                "verify",
                "FY2022-04-errata",
                "--base",
                "FY2022-04",
                "--code-set",
                "icd10pcs",
            ],
            &["verify", "FY2030"],
        ],
    );
    insta::assert_snapshot!("verify", text);
    let json = world.run(&["releases", "--format", "json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let release = |name: &str| {
        let releases = json["releases"].as_array().unwrap();
        releases
            .iter()
            .find(|one| one["release"] == name)
            .unwrap()
            .clone()
    };
    let outcomes = |name: &str| -> Vec<String> {
        let proofs = release(name)["proofs"].clone();
        let proofs = proofs.as_array().unwrap();
        proofs
            .iter()
            .map(|proof| format!("{} {}", proof["subject"], proof["outcome"]))
            .collect()
    };
    // The wrong base was a question, and is not kept.
    assert_eq!(
        outcomes("FY2022"),
        ["\"order_addenda\" \"near\"", "\"order_file\" \"exact\""]
    );
    assert_eq!(outcomes("FY2016"), ["\"order_file\" \"exact\""]);
}

#[test]
fn importing_the_sample_names_what_it_took_and_what_it_left() {
    let world = World::empty();
    for file in [
        "icd10cm/FY2022/icd10cm_order_2022.txt",
        "icd10cm/FY2022/icd10cm_order_addenda_2022.txt",
        "icd10cm/FY2022-04/icd10cm_order_2022.txt",
        "icd10pcs/FY2022-04-errata/icd10pcs_order_2022.txt",
        "icd10pcs/FY2022-04-errata/order_addenda_2022.txt",
    ] {
        world.write(&format!("sample/{file}"), sample_bytes(file));
    }
    world.write("sample/ReadMe.txt", "Read me.\r\n");
    world.write("sample/icd10OrderFiles.pdf", "%PDF-1.5\n");
    world.write(
        "sample/icd10cm_codes_2022.txt",
        "A000    Cholera due to Vibrio cholerae 01\r\n",
    );
    let text = transcript(
        &world,
        &[
            &["import", "sample/icd10cm/FY2022", "--format", "json"],
            &["import", "sample"],
            &["import", "sample"],
            &["import", "sample/ReadMe.txt"],
            &["import", "nowhere"],
            &["import"],
        ],
    );
    insta::assert_snapshot!("import", text);
}

#[test]
fn an_import_of_what_is_there_tells_the_same_rows_again() {
    let world = World::empty();
    for file in ["icd10cm_order_2022.txt", "icd10cm_order_addenda_2022.txt"] {
        world.write(
            &format!("FY2022/{file}"),
            sample_bytes(&format!("icd10cm/FY2022/{file}")),
        );
    }
    let rows = || -> Vec<(u64, u64)> {
        let run = world.run(&["import", "--allow-incomplete", "FY2022", "--format", "json"]);
        let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let taken = json["taken"].as_array().unwrap();
        let number = |value: &serde_json::Value| value.as_u64().unwrap();
        taken
            .iter()
            .map(|one| (number(&one["rows"]), number(&one["billable"])))
            .collect()
    };
    let first = rows();
    assert_eq!(first, [(417, 304), (38, 0)]);
    assert_eq!(rows(), first);
}

fn imported_as(name: &str, options: &[&str]) -> Result<BTreeSet<String>, String> {
    let world = World::empty();
    world.write(name, unknown_order_file("."));
    let run = world.run(
        &[
            &["import", "--allow-incomplete", name, "--format", "json"],
            options,
        ]
        .concat(),
    );
    if run.exit != 0 {
        return Err(run.stderr);
    }
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let taken = json["taken"].as_array().unwrap();
    Ok(taken
        .iter()
        .map(|one| one["release"].as_str().unwrap().to_owned())
        .collect())
}

#[test]
fn a_release_that_the_catalogue_does_not_know_is_told_by_its_name_or_by_the_user() {
    for (name, options, release) in [
        ("icd10cm-FY2030.txt", &[][..], "FY2030"),
        ("icd10cm-FY2030-04.txt", &[], "FY2030-04"),
        ("icd10cm-order-April-2030.txt", &[], "FY2030-04"),
        ("icd10cm-order- April 1 2030.txt", &[], "FY2030-04"),
        // A folder is no evidence, and in 2026 no update of 2030 has been posted.
        ("FY2030-04/icd10cm_order_2030.txt", &[], "FY2030"),
        ("icd10cm_order_2030.txt", &["--release", "FY2030"], "FY2030"),
        ("order.txt", &["--release", "2030"], "FY2030"),
    ] {
        let found = imported_as(name, &[&["--today", "2026-11-28"], options].concat());
        assert_eq!(
            found,
            Ok(BTreeSet::from([release.to_owned()])),
            "{name} {options:?}"
        );
    }
    for name in [
        "icd10cm_order_2030.txt",
        "order.txt",
        "icd10cm-order-Jan-2031.txt",
        "icd10cm-FY2031-01.txt",
    ] {
        let error = imported_as(name, &["--today", "2030-03-15"]).unwrap_err();
        assert!(error.contains("hint: state"), "{name}: {error}");
    }
}

#[test]
fn a_file_named_after_a_correction_is_that_correction() {
    for (name, release) in [
        ("icd10cm-FY2030-04-errata.txt", "FY2030-04-errata"),
        ("icd10cm-FY2030-errata.txt", "FY2030-errata"),
        ("icd10cm-FY2030-04-errata2.txt", "FY2030-04-errata2"),
    ] {
        assert_eq!(
            imported_as(name, &[]),
            Ok(BTreeSet::from([release.to_owned()])),
            "{name}"
        );
    }
}

#[test]
fn other_bytes_for_a_release_are_refused_unless_they_are_called_a_correction() {
    let world = World::empty();
    world.write("first/icd10cm-FY2030.txt", unknown_order_file("."));
    world.write("second/icd10cm-FY2030.txt", unknown_order_file("!"));
    assert_eq!(
        world.run(&["import", "--allow-incomplete", "first"]).exit,
        0
    );
    let title = || world.run(&["check", "A00", "--on", "2029-10-01"]).stdout;
    let run = world.run(&["import", "--allow-incomplete", "second"]);
    assert_eq!(run.exit, 2);
    assert!(
        run.stderr
            .contains("FY2030 is already stored with other contents"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("--revision"), "{}", run.stderr);
    assert!(title().contains("Cholera.\n"));
    assert_eq!(
        world
            .run(&["import", "--allow-incomplete", "second", "--revision"])
            .exit,
        0
    );
    assert!(
        title().contains("Cholera!\n"),
        "the correction answers: {}",
        title()
    );
    assert!(title().contains("source: FY2030-errata"));
    let diff = world.run(&["diff", "FY2030", "FY2030-errata", "--format", "csv"]);
    assert_eq!(changed_codes(&diff), ["A00"], "both are kept");
}

#[test]
fn the_sample_and_full_releases_never_mix() {
    let world = World::with_sample();
    world.write("full/icd10cm-FY2030.txt", unknown_order_file("."));
    let run = world.run(&["import", "--allow-incomplete", "full"]);
    assert_eq!(run.exit, 2);
    assert!(
        run.stderr.contains("bundled sample, which is never mixed"),
        "{}",
        run.stderr
    );
    let full = World::empty();
    full.write("full/icd10cm-FY2030.txt", unknown_order_file("."));
    assert_eq!(full.run(&["import", "--allow-incomplete", "full"]).exit, 0);
    let sample = sample_folder().join("icd10cm/FY2026");
    let run = full.run(&["import", "--allow-incomplete", sample.to_str().unwrap()]);
    assert_eq!(run.exit, 2);
    assert!(
        run.stderr.contains("the database has full releases"),
        "{}",
        run.stderr
    );
    let run = full.run(&["check", "A00.0", "--on", "2029-10-01"]);
    assert!(!run.stdout.contains("sample"), "{}", run.stdout);
}
