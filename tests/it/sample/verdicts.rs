//! What `check` and `history` say of a code, and with which exit code.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use super::{json, names, outline, transcript};
use crate::world::{Run, World};

fn run_with_stdin(world: &World, args: &[&str], stdin: &str) -> Run {
    let mut child = world
        .command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(stdin.as_bytes())
        .unwrap();
    Run::from(child.wait_with_output().unwrap())
}

#[test]
fn each_of_the_seven_verdicts_says_what_a_coder_needs_next() {
    let world = World::with_sample();
    let text = transcript(
        &world,
        &[
            &["check", "C7B.1", "--on", "2026-03-01"],
            &["check", "C7B", "--on", "2026-03-01"],
            &["check", "U07.1", "--on", "2020-03-31"],
            &["check", "S06.1XAA", "--on", "2022-09-30"],
            &["check", "S30.1XXA", "--on", "2025-10-01"],
            &["check", "I60.20", "--on", "2020-01-01"],
            &["check", "C7.B", "C7B.05", "O40.1XX", "--on", "2026-03-01"],
            &["check", "A00", "--on", "2015-09-30"],
            &["check", "C7B", "--on", "2018-11-01"],
            &["check", "C7B", "--on", "2026-11-28"],
            &["check", "C7B", "--on", "2027-10-01"],
        ],
    );
    for verdict in [
        "billable",
        "header",
        "not-yet-effective",
        "deleted",
        "unknown",
        "not-in-force",
        "not-covered",
    ] {
        assert!(text.contains(&format!("  {verdict}  ")), "{verdict}");
    }
    insta::assert_snapshot!("verdicts", text);
}

/// The answer to one code on one day as JSON, with the exit code.
fn answered(world: &World, code: &str, date: &str) -> (i32, Value) {
    let (exit, mut json) = json(world, &["check", code, "--on", date]);
    assert_eq!(json["schema"], "codeyear/check/1");
    assert_eq!(json["answers"].as_array().unwrap().len(), 1);
    (exit, json["answers"][0].take())
}

#[test]
fn an_answer_is_told_as_json_with_what_it_rests_on() {
    let world = World::with_sample();
    let (exit, answer) = answered(&world, "C7B.1", "2026-03-01");
    assert_eq!(exit, 0);
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer).unwrap(), @r#"
    {
      "asked": "C7B.1",
      "basis": {
        "file": "icd10cm/FY2026/icd10cm_order_2026.txt",
        "patch": null,
        "provenance": "sample",
        "release": "FY2026",
        "sha256": "28acdbeb85a09b6da53126756240c5b0dce6984165b4df2fe0dc73d6b87e2a80"
      },
      "code": "C7B1",
      "code_dotted": "C7B.1",
      "code_set": "icd10cm",
      "date": "2026-03-01",
      "download": null,
      "entry": {
        "billable": true,
        "code": "C7B1",
        "code_dotted": "C7B.1",
        "long_title": "Secondary Merkel cell carcinoma",
        "short_title": "Secondary Merkel cell carcinoma"
      },
      "last_known": null,
      "later_bases": [],
      "release": "FY2026",
      "through": null,
      "valid": true,
      "verdict": "billable",
      "warnings": [
        {
          "kind": "sample",
          "release": null,
          "text": "this is the bundled sample, not the whole code set"
        }
      ]
    }
    "#);
}

#[test]
fn each_of_the_other_verdicts_is_told_as_json() {
    let world = World::with_sample();
    let billable = answered(&world, "C7B.1", "2026-03-01").1;
    let told = |code: &str, date: &str, expected: i32| {
        let (exit, answer) = answered(&world, code, date);
        assert_eq!(exit, expected, "{code}");
        // Every answer has the fields of the billable one, and its lists hold entries as that has its own.
        assert!(names(&answer).is_superset(&names(&billable)), "{answer}");
        for list in ["billable_below", "nearest", "new_beside", "siblings"] {
            for entry in answer[list].as_array().into_iter().flatten() {
                assert_eq!(names(entry), names(&billable["entry"]), "{code} {list}");
            }
        }
        assert_eq!(answer["warnings"], billable["warnings"]);
        let same = [
            "asked",
            "code",
            "code_set",
            "basis",
            "later_bases",
            "warnings",
        ];
        outline(&answer, &same)
    };
    insta::assert_snapshot!(told("C7B.0", "2026-03-01", 1), @r#"
    billable_below: C7B.00 C7B.01 C7B.02 C7B.03 C7B.04 C7B.09
    billable_below_count: 6
    code_dotted: "C7B.0"
    date: "2026-03-01"
    entry: {"billable":false,"code":"C7B0","code_dotted":"C7B.0","long_title":"Secondary carcinoid tumors","short_title":"Secondary carcinoid tumors"}
    release: "FY2026"
    valid: false
    verdict: "header"
    "#);
    insta::assert_snapshot!(told("C7.B", "2026-03-01", 1), @r#"
    date: "2026-03-01"
    malformed_because: "the dot of an ICD-10-CM code comes after the third character"
    reason: "malformed"
    release: "FY2026"
    valid: false
    verdict: "unknown"
    "#);
    insta::assert_snapshot!(told("O40.1XX", "2026-03-01", 1), @r#"
    code_dotted: "O40.1XX"
    date: "2026-03-01"
    nearest: O40.1XX0 O40.1XX1 O40.1XX2 O40.1XX3 O40.1XX4 O40.1XX5 O40.1XX9
    nearest_count: 7
    reason: "missing-seventh-character"
    release: "FY2026"
    valid: false
    verdict: "unknown"
    "#);
    insta::assert_snapshot!(told("C7B.05", "2026-03-01", 1), @r#"
    code_dotted: "C7B.05"
    date: "2026-03-01"
    nearest: C7B.00 C7B.01 C7B.02 C7B.03 C7B.04 C7B.09
    nearest_count: 6
    parent: {"billable":false,"code":"C7B0","code_dotted":"C7B.0","long_title":"Secondary carcinoid tumors","short_title":"Secondary carcinoid tumors"}
    reason: "not-listed"
    release: "FY2026"
    valid: false
    verdict: "unknown"
    "#);
    insta::assert_snapshot!(told("U07.1", "2020-03-31", 1), @r#"
    code_dotted: "U07.1"
    date: "2020-03-31"
    entry: {"billable":true,"code":"U071","code_dotted":"U07.1","long_title":"COVID-19","short_title":"COVID-19"}
    exact: true
    first_day: "2020-04-01"
    release: "FY2020"
    valid: false
    verdict: "not-yet-effective"
    "#);
    insta::assert_snapshot!(told("A00", "2015-09-30", 1), @r#"
    code_dotted: "A00"
    date: "2015-09-30"
    in_force_from: "2015-10-01"
    valid: false
    verdict: "not-in-force"
    "#);
    insta::assert_snapshot!(told("C7B", "2018-11-01", 2), @r#"
    code_dotted: "C7B"
    date: "2018-11-01"
    download: "https://ftp.cdc.gov/pub/Health_Statistics/NCHS/Publications/ICD10CM/2019/icd10cm_order_2019.txt"
    last_known: {"billable":false,"code":"C7B","code_dotted":"C7B","long_title":"Secondary neuroendocrine tumors","short_title":"Secondary neuroendocrine tumors"}
    needed: "FY2019"
    previous_last_day: "2016-09-30"
    previous_release: "FY2016"
    valid: false
    verdict: "not-covered"
    "#);
    let patch = &answered(&world, "U07.1", "2020-03-31").1["basis"]["patch"];
    assert!(
        patch
            .as_str()
            .unwrap()
            .starts_with("NCHS ICD-10-CM conversion table FY2026")
    );
}

#[test]
fn a_deleted_code_is_told_as_json_with_its_successors() {
    let world = World::with_sample();
    let (exit, mut answer) = answered(&world, "S30.1XXA", "2025-10-01");
    assert_eq!(exit, 1);
    let retirement = answer["retirement"].take();
    insta::assert_snapshot!(
        outline(&answer, &["asked", "code_set", "basis", "later_bases", "warnings"]),
        @r#"
        code: "S301XXA"
        code_dotted: "S30.1XXA"
        date: "2025-10-01"
        entry: {"billable":true,"code":"S301XXA","code_dotted":"S30.1XXA","long_title":"Contusion of abdominal wall, initial encounter","short_title":"Contusion of abdominal wall, initial encounter"}
        exact: true
        last_day: "2025-09-30"
        new_beside: S30.11XA S30.11XD S30.11XS S30.12XA S30.12XD S30.12XS S30.13XA S30.13XD S30.13XS
        new_beside_count: 9
        release: "FY2026"
        siblings: S30.11XA S30.11XD S30.11XS S30.12XA S30.12XD S30.12XS S30.13XA S30.13XD S30.13XS
        siblings_count: 9
        valid: false
        verdict: "deleted"
        "#
    );
    insta::assert_snapshot!(outline(&retirement, &[]), @r#"
    fate: "deleted"
    guess: []
    kind: "split"
    last_day: "2025-09-30"
    retired_from: "2025-10-01"
    successors: S30.11XA S30.12XA S30.13XA
    table: "FY2026"
    "#);
    let successor = &retirement["successors"][0];
    assert_eq!(names(&successor["entry"]), names(&answer["entry"]));
    insta::assert_snapshot!(outline(successor, &["entry"]), @r#"
    code: "S3011XA"
    code_dotted: "S30.11XA"
    steps:
      {"cell":"S30.1XXA","combination":false,"effective_from":"2025-10-01","fate":"deleted","named":true,"new":"S3011XA","new_listed":"billable","old":"S301XXA","row":64,"table":"FY2026"}
    "#);
}

#[test]
fn a_check_over_a_year_shows_what_changed_within_it() {
    let world = World::with_sample();
    let text = transcript(
        &world,
        &[
            &["check", "Z28.3", "--year", "2022"],
            &["check", "Z28.3", "--year", "FY2022", "--no-dots"],
            &["check", "Z28", "--year", "2022", "--all"],
            &["check", "U07.1", "--year", "2020"],
            &["check", "M35.8", "--year", "2021"],
            &["check", "XW023X7", "--year", "2022"],
            &["check", "C7B", "--year", "2018"],
        ],
    );
    insta::assert_snapshot!("check_year", text);
}

#[test]
fn a_history_shows_flag_and_title_as_they_stood() {
    let world = World::with_sample();
    let text = transcript(
        &world,
        &[
            &["history", "G35"],
            &["history", "Z28.3"],
            &["history", "U07.1"],
            &["history", "T81.4XXA"],
            &["history", "T46.4X"],
            &["history", "P09.6"],
            &["history", "xw023x7"],
            &["history", "Z28.3", "--no-dots"],
            &["history", "U07.1", "--format", "json"],
            &["history", "C7B.05"],
            &["history", "C7.B"],
        ],
    );
    insta::assert_snapshot!("history", text);
}

#[test]
fn the_exit_code_of_check_is_0_if_all_are_valid_1_if_not_and_2_if_it_cannot_be_told() {
    let world = World::with_sample();
    for (codes, date, exit) in [
        (vec!["C7B.00"], "2026-03-01", 0),
        (vec!["C7B.00", "A00.0", "U07.1"], "2026-03-01", 0),
        (vec!["C7B.00", "C7B"], "2026-03-01", 1),
        (vec!["C7B.05"], "2026-03-01", 1),
        (vec!["S30.1XXA"], "2026-03-01", 1),
        (vec!["U07.1"], "2020-03-31", 1),
        (vec!["A00.0"], "2015-09-30", 1),
        (vec!["A00.0"], "2018-11-01", 2),
        // What could not be told outweighs what is not valid.
        (vec!["C7.B", "A00.0"], "2018-11-01", 2),
    ] {
        let mut args = vec!["check", "--on", date];
        args.extend(&codes);
        let run = world.run(&args);
        assert_eq!(run.exit, exit, "{codes:?} on {date}: {}", run.stdout);
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn codes_on_stdin_are_read_one_a_line() {
    let world = World::with_sample();
    let dash = run_with_stdin(
        &world,
        &["check", "-", "--on", "2026-03-01"],
        "\n  c7b.00 \r\nA000\n\nQA0.0101\n",
    );
    let named = world.run(&["check", "c7b.00", "A000", "QA0.0101", "--on", "2026-03-01"]);
    assert_eq!(dash.exit, 0, "{}", dash.stdout);
    assert_eq!(dash.stdout, named.stdout);
    let mixed = run_with_stdin(
        &world,
        &["check", "G35", "-", "--on", "2026-03-01"],
        "C7B.1\n",
    );
    let asked: Vec<&str> = mixed
        .stdout
        .lines()
        .filter(|line| line.contains("  on 20"))
        .collect();
    assert_eq!(asked.len(), 2);
    assert!(
        asked[0].starts_with("G35 ") && asked[1].starts_with("C7B.1 "),
        "{asked:?}"
    );
    assert_eq!(mixed.exit, 1);
    assert_eq!(run_with_stdin(&world, &["check", "-"], "\n \n").exit, 2);
}

#[test]
fn a_check_without_a_date_is_of_today() {
    let world = World::with_sample();
    let before = chrono::Local::now().date_naive();
    let run = world.run(&["check", "C7B", "--format", "json"]);
    let after = chrono::Local::now().date_naive();
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let date: chrono::NaiveDate = json["answers"][0]["date"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(before <= date && date <= after);
}

#[test]
fn a_code_is_read_in_every_spelling_and_written_with_or_without_its_dot() {
    let world = World::with_sample();
    for spelling in ["C7B.00", "c7b00", " C7B.00 ", "C7b.00"] {
        let run = world.run(&["check", spelling, "--on", "2026-03-01"]);
        assert!(run.stdout.starts_with("C7B.00  on"), "{}", run.stdout);
        let run = world.run(&["--no-dots", "check", spelling, "--on", "2026-03-01"]);
        assert!(run.stdout.starts_with("C7B00  on"), "{}", run.stdout);
    }
    let header = world
        .run(&["check", "C7B", "--on", "2026-03-01", "--no-dots"])
        .stdout;
    assert!(
        header.contains("C7B00 ") && !header.contains("C7B."),
        "{header}"
    );
}

#[test]
fn a_procedure_code_is_told_from_a_diagnosis_code() {
    let world = World::with_sample();
    let set_of = |args: &[&str]| {
        let mut all = vec!["check", "--on", "2022-04-01", "--format", "json"];
        all.extend(args);
        let json: serde_json::Value = serde_json::from_str(&world.run(&all).stdout).unwrap();
        json["answers"][0]["code_set"].as_str().unwrap().to_owned()
    };
    assert_eq!(set_of(&["XW023X7"]), "icd10pcs");
    assert_eq!(set_of(&["XW0"]), "icd10pcs");
    assert_eq!(set_of(&["S06.1X0A"]), "icd10cm");
    assert_eq!(set_of(&["S061X0A"]), "icd10cm");
    assert_eq!(set_of(&["XW023X7", "--code-set", "cm"]), "icd10cm");
    // No diagnosis code begins with a digit.
    assert_eq!(set_of(&["0016070"]), "icd10pcs");
}

#[test]
fn what_is_said_of_a_code_is_the_same_in_markup() {
    let world = World::with_sample();
    let show = ["show", "G35", "--on", "2025-10-01", "--format"];
    let with = |format: &'static str| [&show[..], &[format]].concat();
    insta::assert_snapshot!("show_markdown", transcript(&world, &[&with("markdown")]));
    let asciidoc = world.run(&with("asciidoc")).stdout;
    let markdown = world.run(&with("markdown")).stdout;
    let headings = |text: &str, sign: char| -> Vec<String> {
        let lines = text.lines().filter(|line| line.starts_with(sign));
        lines
            .map(|line| line.trim_start_matches(sign).trim().to_owned())
            .collect()
    };
    assert_eq!(headings(&asciidoc, '='), headings(&markdown, '#'));
    let pcs = [
        "show",
        "02703DZ",
        "--on",
        "2022-05-01",
        "--format",
        "markdown",
    ];
    insta::assert_snapshot!("show_pcs_markdown", transcript(&world, &[&pcs]));
    for args in [
        &["check", "C7B", "G35", "--on", "2026-03-01"][..],
        &["check", "02703DY", "--on", "2022-05-01"],
        &["history", "G35"],
        &["compare", "C7A", "C7B", "--on", "2026-05-01"],
    ] {
        let run = world.run(&[args, &["--format", "markdown"]].concat());
        let text = world.run(&[args, &["--all"]].concat());
        let adoc = world.run(&[args, &["--format", "asciidoc"]].concat());
        assert_eq!(adoc.stdout.lines().count(), run.stdout.lines().count());
        assert_eq!(run.exit, text.exit, "{args:?}");
        // All words of the text, whatever stands around them.
        let words = |text: &str| -> Vec<String> {
            let words = text.split(|c: char| !c.is_alphanumeric());
            let words = words.filter(|word| !word.is_empty());
            words.map(str::to_lowercase).collect()
        };
        assert_eq!(words(&run.stdout), words(&text.stdout), "{args:?}");
    }
}
