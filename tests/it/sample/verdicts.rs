//! What `check` and `history` say of a code, and with which exit code.

use std::io::Write;
use std::process::Stdio;

use super::transcript;
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

#[test]
fn each_of_the_seven_verdicts_is_told_as_json() {
    let world = World::with_sample();
    let text = transcript(
        &world,
        &[
            &[
                "check",
                "C7B.1",
                "C7B.0",
                "C7.B",
                "O40.1XX",
                "--on",
                "2026-03-01",
                "--format",
                "json",
            ],
            &["check", "C7B.05", "--on", "2026-03-01", "--format", "json"],
            &["check", "U07.1", "--on", "2020-03-31", "--format", "json"],
            &[
                "check",
                "S30.1XXA",
                "--on",
                "2025-10-01",
                "--format",
                "json",
            ],
            &["check", "A00", "--on", "2015-09-30", "--format", "json"],
            &["check", "C7B", "--on", "2018-11-01", "--format", "json"],
        ],
    );
    insta::assert_snapshot!("verdicts_json", text);
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
