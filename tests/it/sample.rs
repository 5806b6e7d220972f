//! The bundled sample through the program: whole outputs, exit codes, and what its README says it shows.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use codeyear::answer::{self, DiffScope};
use codeyear::model::{Change, ChangeKind, CodeSet, ReleaseId};

use crate::world::{Run, World};

/// Runs the program and writes down what a user sees: the command, its output, its exit code.
fn transcript(world: &World, commands: &[&[&str]]) -> String {
    let mut text = String::new();
    for args in commands {
        let run = world.run(args);
        let args: Vec<String> = args
            .iter()
            .map(|arg| {
                if arg.contains(' ') {
                    format!("{arg:?}")
                } else {
                    (*arg).to_owned()
                }
            })
            .collect();
        text.push_str(&format!("$ codeyear {}\n{}", args.join(" "), run.stdout));
        for line in run.stderr.lines() {
            text.push_str(&format!("stderr: {line}\n"));
        }
        text.push_str(&format!("exit {}\n\n", run.exit));
    }
    // Only the folder differs from one run to the next: no output has the day of today.
    text.replace(&world.folder().display().to_string(), "<folder>")
}

fn sample_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("releases/sample")
}

fn sample_bytes(file: &str) -> Vec<u8> {
    std::fs::read(sample_folder().join(file)).unwrap()
}

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

/// The codes of a report as CSV.
fn changed_codes(run: &Run) -> Vec<String> {
    assert_eq!(run.exit, 0, "{}", run.stderr);
    let mut reader = csv::Reader::from_reader(run.stdout.as_bytes());
    reader
        .records()
        .map(|record| record.unwrap()[2].to_owned())
        .collect()
}

// ---- whole outputs ----

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
            &["check", "C7B", "--on", "2026-10-01"],
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
fn a_diff_as_text_is_the_report_of_a_release() {
    let world = World::with_sample();
    let text = transcript(&world, &[&["diff", "FY2025", "FY2026"]]);
    insta::assert_snapshot!("diff_text", text);
}

#[test]
fn a_diff_backwards_and_over_years_is_a_report_too() {
    let world = World::with_sample();
    let text = transcript(
        &world,
        &[
            &["diff", "FY2022-04", "FY2022"],
            &[
                "diff", "FY2016", "FY2026", "--under", "I60", "--under", "M54", "--under", "T46",
            ],
            &["diff", "FY2024", "FY2024-04"],
            &[
                "diff",
                "FY2022-04",
                "FY2022-04-errata",
                "--code-set",
                "icd10pcs",
            ],
        ],
    );
    insta::assert_snapshot!("diff_directions", text);
}

#[test]
fn a_diff_has_the_same_changes_as_markdown_csv_and_json() {
    let world = World::with_sample();
    let scope = [
        "--under", "G35", "--under", "P09", "--under", "W44", "--under", "S30.1",
    ];
    let with = |format: &'static str| -> Vec<&str> {
        let mut args = vec!["diff", "FY2025", "FY2026", "--format", format];
        args.extend(scope);
        args
    };
    for (name, format) in [
        ("diff_markdown", "markdown"),
        ("diff_csv", "csv"),
        ("diff_json", "json"),
    ] {
        insta::assert_snapshot!(name, transcript(&world, &[&with(format)]));
    }
    let codes = changed_codes(&world.run(&with("csv")));
    let json: serde_json::Value = serde_json::from_str(&world.run(&with("json")).stdout).unwrap();
    let in_json: Vec<&str> = json["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["code_dotted"].as_str().unwrap())
        .collect();
    assert_eq!(in_json, codes);
    let markdown = world.run(&with("markdown")).stdout;
    let in_markdown: Vec<&str> = markdown
        .lines()
        .filter_map(|line| line.strip_prefix("- **")?.split_once("**"))
        .map(|(code, _)| code)
        .collect();
    assert_eq!(in_markdown, codes);
}

#[test]
fn releases_says_what_is_loaded_and_what_is_known() {
    let world = World::with_sample();
    let text = transcript(
        &world,
        &[
            &["releases"],
            &["releases", "--code-set", "icd10pcs", "--format", "json"],
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
        let run = world.run(&["import", "FY2022", "--format", "json"]);
        let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let taken = json["taken"].as_array().unwrap();
        let number = |value: &serde_json::Value| value.as_u64().unwrap();
        taken
            .iter()
            .map(|one| (number(&one["rows"]), number(&one["billable"])))
            .collect()
    };
    let first = rows();
    assert_eq!(first, [(374, 281), (38, 0)]);
    assert_eq!(rows(), first);
}

#[test]
fn the_demo_shows_the_sample_and_leaves_a_report() {
    let world = World::empty();
    let text = transcript(&world, &[&["demo"], &["demo", "--folder", "again"]]);
    insta::assert_snapshot!("demo", text);
    assert!(
        !world.database().exists(),
        "the demo never touches the user's database"
    );
    for folder in ["codeyear-demo", "again"] {
        let report = world.path(folder).join("FY2025-to-FY2026.html");
        let html = std::fs::read_to_string(report).unwrap();
        for code in ["G35.A", "S30.1XXA", "P09.6"] {
            assert!(html.contains(code), "the report lacks {code}");
        }
    }
    // The commands that the demo names work as they stand.
    let commands: Vec<Vec<&str>> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("codeyear --db codeyear-demo/"))
        .map(|rest| rest.split(' ').collect())
        .collect();
    assert_eq!(commands.len(), 4);
    for rest in commands {
        let mut args = vec!["--db", "codeyear-demo/sample.db"];
        args.extend(&rest[1..]);
        assert_ne!(world.run(&args).exit, 2, "{args:?}");
    }
}

#[test]
fn help_of_each_verb_tells_the_rest() {
    let world = World::empty();
    let mut commands = vec![vec!["--help"]];
    for verb in [
        "import",
        "releases",
        "check",
        "history",
        "diff",
        "verify",
        "demo",
        "completions",
        "man",
    ] {
        commands.push(vec![verb, "--help"]);
    }
    let commands: Vec<&[&str]> = commands.iter().map(Vec::as_slice).collect();
    insta::assert_snapshot!("help", transcript(&world, &commands));
    let version = world.run(&["--version"]);
    assert_eq!(
        version.stdout,
        format!("codeyear {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn completions_and_man_pages_are_written() {
    let world = World::empty();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let run = world.run(&["completions", shell]);
        assert_eq!(run.exit, 0);
        assert!(
            run.stdout.contains("codeyear") && run.stdout.contains("history"),
            "{shell}"
        );
    }
    assert_eq!(world.run(&["man", "pages"]).exit, 0);
    for page in ["codeyear.1", "codeyear-check.1", "codeyear-diff.1"] {
        assert!(world.path("pages").join(page).is_file(), "{page}");
    }
}

#[test]
fn a_request_that_is_wrong_says_what_where_and_what_to_do() {
    let world = World::with_sample();
    let text = transcript(
        &world,
        &[
            &["check", "C7B", "--on", "2026-02-30"],
            &["check", "C7B", "--on", "03/01/2026"],
            &["check", "C7B", "--year", "26"],
            &["check", "C7B", "--year", "2022-04"],
            &["check", "C7B", "--year", "2026", "--on", "2026-03-01"],
            &["check"],
            &["check", "-"],
            &["check", "C7B", "--code-set", "icd9"],
            &["diff", "FY2025", "FY2027"],
            &["diff", "FY25", "FY2026"],
            &["diff", "FY2025"],
            &["diff", "FY2025", "FY2026", "--under", "C76-C43"],
            &["diff", "FY2025", "FY2026", "--under", "C76-C80"],
            &["diff", "FY2025", "FY2026", "--under", "C7.A"],
            &["diff", "FY2025", "FY2026", "--code", "dx"],
            &["diff", "FY2025", "FY2026", "--only", "nowhere.csv"],
            &["verify", "--base", "FY2020"],
            &["--db", "nowhere.db", "check", "C7B"],
            &["forecast"],
        ],
    );
    assert_eq!(text.matches("exit 2\n").count(), 19, "{text}");
    insta::assert_snapshot!("wrong_requests", text);
}

// ---- what the sample's README says ----

/// The rows of a table of the sample's README, by the first cells of its header.
fn readme_table(header: &str) -> Vec<Vec<String>> {
    let readme = String::from_utf8(sample_bytes("README.md")).unwrap();
    let rows: Vec<Vec<String>> = readme
        .lines()
        .skip_while(|line| !line.starts_with(header))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            line.trim_matches('|')
                .split('|')
                .map(|cell| cell.trim().to_owned())
                .collect()
        })
        .collect();
    assert!(!rows.is_empty(), "the README has no table {header}");
    rows
}

#[test]
fn every_code_shows_the_change_that_the_readme_of_the_sample_says() {
    let world = World::with_sample();
    let store = world.store();
    for row in readme_table("| code | from | to |") {
        let [code, from, to, expected, _] = row.as_slice() else {
            panic!("{row:?}");
        };
        let id = |text: &str| text.parse::<ReleaseId>().unwrap();
        let changes = answer::diff(
            &store,
            CodeSet::Icd10Cm,
            id(from),
            id(to),
            &DiffScope::default(),
        )
        .unwrap();
        let change = changes
            .changes
            .iter()
            .find(|change| change.code.dotted(CodeSet::Icd10Cm) == *code)
            .unwrap_or_else(|| panic!("{code} does not change from {from} to {to}"));
        assert_eq!(words_of(change), *expected, "{code} from {from} to {to}");
    }
}

/// A change in the words of the sample's README.
fn words_of(change: &Change) -> String {
    let titles = || {
        let (old, new) = change.old.as_ref().zip(change.new.as_ref()).unwrap();
        match (
            old.short_title != new.short_title,
            old.long_title != new.long_title,
        ) {
            (true, true) => "revised, both titles",
            (false, true) => "revised, long title only",
            (true, false) => "revised, short title only",
            (false, false) => "not revised",
        }
    };
    match change.kind {
        ChangeKind::New if change.entry().unwrap().billable => "new, billable".to_owned(),
        ChangeKind::New => "new, header".to_owned(),
        ChangeKind::Deleted => "deleted".to_owned(),
        ChangeKind::BecameHeader => "became header".to_owned(),
        ChangeKind::BecameBillable => "became billable".to_owned(),
        ChangeKind::Revised | ChangeKind::ShortTitleOnly => titles().to_owned(),
        ChangeKind::SpacingOnly => format!("{} (spacing or punctuation)", titles()),
    }
}

#[test]
fn neighbours_differ_by_the_counts_that_the_readme_of_the_sample_says() {
    let world = World::with_sample();
    let store = world.store();
    for row in readme_table("| code set | from | to |") {
        let code_set: CodeSet = row[0].parse().unwrap();
        let id = |text: &str| text.parse::<ReleaseId>().unwrap();
        let changes = answer::diff(
            &store,
            code_set,
            id(&row[1]),
            id(&row[2]),
            &DiffScope::default(),
        )
        .unwrap();
        let count = |kind| changes.count(kind);
        let new = count(ChangeKind::New);
        let revised = [
            ChangeKind::Revised,
            ChangeKind::ShortTitleOnly,
            ChangeKind::SpacingOnly,
        ];
        let found = [
            new.billable,
            new.all - new.billable,
            count(ChangeKind::Deleted).all,
            count(ChangeKind::BecameHeader).all,
            count(ChangeKind::BecameBillable).all,
            revised.into_iter().map(|kind| count(kind).all).sum(),
        ];
        let expected: Vec<u64> = row[3..].iter().map(|cell| cell.parse().unwrap()).collect();
        assert_eq!(found.as_slice(), expected, "{row:?}");
    }
}

#[test]
fn the_sample_holds_the_releases_that_its_readme_says() {
    let world = World::with_sample();
    let run = world.run(&["verify", "--format", "json"]);
    assert_eq!(run.exit, 0);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let found: Vec<Vec<String>> = json["releases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|release| {
            let code_set: CodeSet = release["code_set"].as_str().unwrap().parse().unwrap();
            let file = &release["order_file"];
            let number = |name: &str| file[name].as_u64().unwrap();
            let base = release["order_addenda"]["base"].as_str();
            vec![
                code_set.name().to_owned(),
                release["release"].as_str().unwrap().to_owned(),
                number("rows").to_string(),
                (number("rows") - number("billable")).to_string(),
                number("billable").to_string(),
                base.map_or("-".to_owned(), |base| format!("on {base}")),
            ]
        })
        .collect();
    assert_eq!(found, readme_table("| code set | release | rows |"));
}

// ---- check ----

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
fn colours_come_on_request_only() {
    let world = World::with_sample();
    let plain = world.run(&["check", "C7B", "--on", "2026-03-01"]);
    assert!(!plain.stdout.contains('\u{1b}'));
    let coloured = world.run(&["check", "C7B", "--on", "2026-03-01", "--color", "always"]);
    assert!(coloured.stdout.contains('\u{1b}'));
}

// ---- diff ----

#[test]
fn several_scopes_are_joined_however_they_are_written() {
    let world = World::with_sample();
    let base = ["diff", "FY2016", "FY2026", "--format", "csv", "--under"];
    let run = |rest: &[&str]| changed_codes(&world.run(&[&base[..], rest].concat()));
    let expected = [run(&["M54"]), run(&["Z28"])].concat();
    assert!(expected.iter().any(|code| code == "M54.5"));
    assert!(expected.iter().any(|code| code == "Z28.310"));
    assert_eq!(run(&["M54", "--under", "Z28"]), expected);
    assert_eq!(run(&["M54,Z28"]), expected);
    assert_eq!(
        run(&["Z28", "--under", "m54", "--under", "M54.5"]),
        expected
    );
    let whole = changed_codes(&world.run(&base[..5]));
    let is_under = |code: &&String| code.starts_with("M54") || code.starts_with("Z28");
    let part: Vec<String> = whole.iter().filter(is_under).cloned().collect();
    assert_eq!(part, expected);
    assert_eq!(run(&["A00", "--under", "C76"]), [""; 0], "neither changed");
}

/// A world with two releases whose titles all differ, so that a report lists the whole book.
fn world_with_every_code_reworded() -> World {
    let world = World::empty();
    let old = unknown_order_file(".");
    let new = String::from_utf8(old.clone())
        .unwrap()
        .replace("\r\n", ", reworded\r\n");
    world.write("icd10cm-FY2030.txt", old);
    world.write("icd10cm-FY2031.txt", new);
    let run = world.run(&["import", "icd10cm-FY2030.txt", "icd10cm-FY2031.txt"]);
    assert_eq!(run.exit, 0, "{}", run.stderr);
    world
}

#[test]
fn a_range_is_in_the_order_of_the_book_and_not_of_letters() {
    let world = world_with_every_code_reworded();
    let categories = |range: &str| -> Vec<String> {
        let args = [
            "diff", "FY2030", "FY2031", "--format", "csv", "--under", range,
        ];
        let mut categories: Vec<String> = changed_codes(&world.run(&args))
            .iter()
            .map(|code| code[..3].to_owned())
            .collect();
        categories.dedup();
        categories
    };
    assert_eq!(categories("C43-C4A"), ["C43", "C4A"]);
    assert_eq!(categories("C43-C44"), ["C43", "C4A", "C44"]);
    assert_eq!(categories("C75-C76"), ["C75", "C7A", "C7B", "C76"]);
    assert_eq!(categories("D36-D37"), ["D36", "D3A", "D37"]);
    assert_eq!(categories("Q99-R51"), ["Q99", "QA0", "R51"]);
    assert_eq!(categories("Z99-U09"), ["Z99", "U07", "U09"]);
    assert_eq!(categories("C76-D36"), ["C76", "D36"]);
    assert_eq!(categories("C7A-C7B"), ["C7A", "C7B"]);
    let below = |range: &str| {
        changed_codes(&world.run(&[
            "diff", "FY2030", "FY2031", "--format", "csv", "--under", range,
        ]))
    };
    assert_eq!(
        below("S06.1X8-S06.1X9"),
        [
            "S06.1X8", "S06.1X8A", "S06.1XA", "S06.1XAA", "S06.1XAD", "S06.1XAS", "S06.1X9",
            "S06.1X9A", "S06.1X9D", "S06.1X9S"
        ],
        "a letter stands before a digit here"
    );
}

#[test]
fn a_code_deleted_just_after_the_end_of_a_range_is_not_in_it() {
    let world = World::with_sample();
    let under = |range: &str| {
        changed_codes(&world.run(&[
            "diff", "FY2016", "FY2020", "--format", "csv", "--under", range,
        ]))
    };
    // In FY2016 S06.1X7D and S06.1X7S follow S06.1X7A, and FY2020 lists neither.
    assert_eq!(under("S06.1X7"), ["S06.1X7D", "S06.1X7S"]);
    assert_eq!(under("S06.1X7A-S06.1X7D"), ["S06.1X7D"]);
    assert_eq!(under("S06.1X0-S06.1X7A"), [""; 0]);
}

#[test]
fn a_list_of_codes_narrows_the_report_and_is_accounted_for() {
    let world = World::with_sample();
    world.write("codes.txt", "G35\nc7b00\r\n M54.50 \n\nQ51.20\nG35\n");
    let run = world.run(&["diff", "FY2025", "FY2026", "--only", "codes.txt"]);
    assert_eq!(run.exit, 0);
    let line = "only your 4 codes: 1 changed, 2 unchanged, 1 in neither release (Q51.20)";
    assert!(
        run.stdout.lines().any(|found| found == line),
        "{}",
        run.stdout
    );
    let args = [
        "diff",
        "FY2025",
        "FY2026",
        "--only",
        "codes.txt",
        "--format",
        "csv",
    ];
    assert_eq!(changed_codes(&world.run(&args)), ["G35"]);
    let both = [&args[..], &["--under", "M54"]].concat();
    assert_eq!(changed_codes(&world.run(&both)), [""; 0]);
}

#[test]
fn a_column_of_a_claims_file_is_taken_by_name_or_number() {
    let world = World::with_sample();
    let rows = [
        ["claim", "dx 1", "name"],
        ["1", "G35", "Doe, Jane"],
        ["2", "S30.1XXA", "Roe, Rick"],
        ["3", "A000", "Poe, Ann"],
    ];
    for (file, delimiter) in [
        ("claims.csv", b','),
        ("claims.tsv", b'\t'),
        ("claims.txt", b';'),
    ] {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .from_writer(Vec::new());
        rows.iter()
            .for_each(|row| writer.write_record(row).unwrap());
        world.write(file, writer.into_inner().unwrap());
        for column in ["dx 1", "2"] {
            let args = [
                "diff", "FY2025", "FY2026", "--only", file, "--code", column, "--format", "csv",
            ];
            assert_eq!(
                changed_codes(&world.run(&args)),
                ["G35", "S30.1XXA"],
                "{file} {column}"
            );
        }
        for column in ["dx", "0", "4", ""] {
            let run = world.run(&["diff", "FY2025", "FY2026", "--only", file, "--code", column]);
            assert_eq!(run.exit, 2, "{file} {column:?}");
            assert!(run.stderr.contains("it has 3 columns"), "{}", run.stderr);
            assert!(
                !run.stderr.contains("Doe") && !run.stderr.contains("claim,"),
                "{}",
                run.stderr
            );
        }
        let run = world.run(&["diff", "FY2025", "FY2026", "--only", file]);
        assert_eq!(run.exit, 2, "{file} without a column");
        assert!(
            run.stderr.contains("the file has 3 columns"),
            "{}",
            run.stderr
        );
        assert!(
            run.stderr.contains("hint: name the column"),
            "{}",
            run.stderr
        );
    }
    // As a spreadsheet writes it: with a mark of the encoding before the first name.
    world.write("marked.csv", "\u{feff}dx,n\r\nG35,1\r\n");
    let args = [
        "diff",
        "FY2025",
        "FY2026",
        "--only",
        "marked.csv",
        "--code",
        "dx",
        "--format",
        "csv",
    ];
    assert_eq!(changed_codes(&world.run(&args)), ["G35"]);
}

#[test]
fn values_that_are_no_codes_are_counted_and_never_shown() {
    let world = World::with_sample();
    world.write(
        "claims.csv",
        "dx,patient\nG35,Jane Doe\nDOE,Jane\nn/a,1958-03-04\n555-12-3456,x\nD\u{e9}j\u{e0},x\n",
    );
    for format in ["text", "markdown", "html", "csv", "json"] {
        for column in ["dx", "patient"] {
            let args = [
                "diff",
                "FY2025",
                "FY2026",
                "--only",
                "claims.csv",
                "--code",
                column,
                "--format",
                format,
            ];
            let run = world.run(&args);
            let all = format!("{}{}", run.stdout, run.stderr);
            for value in ["Jane", "DOE", "n/a", "1958", "555-12", "D\u{e9}j"] {
                assert!(
                    !all.contains(value),
                    "{value:?} of {column} is shown in {format}"
                );
            }
        }
    }
    let args = [
        "diff",
        "FY2025",
        "FY2026",
        "--only",
        "claims.csv",
        "--code",
        "dx",
        "--format",
        "json",
    ];
    let json: serde_json::Value = serde_json::from_str(&world.run(&args).stdout).unwrap();
    assert_eq!(json["only"]["codes"], 1);
    assert_eq!(json["only"]["malformed"], 4);
    assert_eq!(json["only"]["in_neither"], serde_json::json!([]));
}

#[test]
fn the_name_of_the_output_file_chooses_the_format() {
    let world = World::with_sample();
    for (file, format) in [
        ("report.txt", "text"),
        ("report.md", "markdown"),
        ("report.csv", "csv"),
        ("report.json", "json"),
        ("report.HTML", "html"),
    ] {
        let run = world.run(&["diff", "FY2025", "FY2026", "-o", file]);
        assert_eq!((run.exit, run.stdout.as_str()), (0, ""), "{file}");
        assert_eq!(run.stderr, format!("69 changes written to {file}\n"));
        let printed = world
            .run(&["diff", "FY2025", "FY2026", "--format", format])
            .stdout;
        assert_eq!(
            std::fs::read_to_string(world.path(file)).unwrap(),
            printed,
            "{file}"
        );
    }
    let run = world.run(&[
        "diff",
        "FY2025",
        "FY2026",
        "--format",
        "csv",
        "-o",
        "report.odd",
    ]);
    assert_eq!(run.exit, 0);
    assert!(
        std::fs::read_to_string(world.path("report.odd"))
            .unwrap()
            .starts_with("kind,code,")
    );
}

#[test]
fn the_same_question_gives_the_same_bytes() {
    let (a, b) = (World::with_sample(), World::with_sample());
    for args in [
        &["diff", "FY2016", "FY2026"][..],
        &["diff", "FY2016", "FY2026", "--format", "json"],
        &["diff", "FY2016", "FY2026", "--format", "html"],
        &["check", "C7B", "M54.5", "C7B.05", "--on", "2026-03-01"],
        &["releases", "--format", "json"],
    ] {
        assert_eq!(a.run(args).stdout, b.run(args).stdout, "{args:?}");
    }
}

// ---- import ----

/// A file of the sample with one title changed, so that it is a file of no known release.
fn unknown_order_file(mark: &str) -> Vec<u8> {
    let text = String::from_utf8(sample_bytes("icd10cm/FY2026/icd10cm_order_2026.txt")).unwrap();
    text.replacen("Cholera\r\n", &format!("Cholera{mark}\r\n"), 1)
        .into_bytes()
}

fn imported_as(name: &str, options: &[&str]) -> Result<BTreeSet<String>, String> {
    let world = World::empty();
    world.write(name, unknown_order_file("."));
    let run = world.run(&[&["import", name, "--format", "json"], options].concat());
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
        ("icd10cm-order-Jan-2031.txt", &[], "FY2031-01"),
        ("FY2030-04/icd10cm_order_2030.txt", &[], "FY2030-04"),
        ("icd10cm_order_2030.txt", &["--release", "FY2030"], "FY2030"),
        ("order.txt", &["--release", "2030"], "FY2030"),
    ] {
        let found = imported_as(name, options);
        assert_eq!(
            found,
            Ok(BTreeSet::from([release.to_owned()])),
            "{name} {options:?}"
        );
    }
    for name in ["icd10cm_order_2030.txt", "order.txt"] {
        let error = imported_as(name, &[]).unwrap_err();
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
    assert_eq!(world.run(&["import", "first"]).exit, 0);
    let title = || world.run(&["check", "A00", "--on", "2029-10-01"]).stdout;
    let run = world.run(&["import", "second"]);
    assert_eq!(run.exit, 2);
    assert!(
        run.stderr
            .contains("FY2030 is already stored with other contents"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("--revision"), "{}", run.stderr);
    assert!(title().contains("Cholera.\n"));
    assert_eq!(world.run(&["import", "second", "--revision"]).exit, 0);
    assert!(
        title().contains("Cholera!\n"),
        "the correction answers: {}",
        title()
    );
    assert!(title().contains("rests on FY2030-errata"));
    let diff = world.run(&["diff", "FY2030", "FY2030-errata", "--format", "csv"]);
    assert_eq!(changed_codes(&diff), ["A00"], "both are kept");
}

#[test]
fn the_sample_and_full_releases_never_mix() {
    let world = World::with_sample();
    world.write("full/icd10cm-FY2030.txt", unknown_order_file("."));
    let run = world.run(&["import", "full"]);
    assert_eq!(run.exit, 2);
    assert!(
        run.stderr.contains("bundled sample, which never mixes"),
        "{}",
        run.stderr
    );
    let full = World::empty();
    full.write("full/icd10cm-FY2030.txt", unknown_order_file("."));
    assert_eq!(full.run(&["import", "full"]).exit, 0);
    let sample = sample_folder().join("icd10cm/FY2026");
    let run = full.run(&["import", sample.to_str().unwrap()]);
    assert_eq!(run.exit, 2);
    assert!(
        run.stderr.contains("the database holds full releases"),
        "{}",
        run.stderr
    );
    let run = full.run(&["check", "A00.0", "--on", "2029-10-01"]);
    assert!(!run.stdout.contains("sample"), "{}", run.stdout);
}
