//! The program in a shell: demo, help, man pages, colours, wrong requests, and the same bytes again.

use clap::CommandFactory;

use super::transcript;
use crate::world::World;

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
    assert_eq!(commands.len(), 8);
    for rest in commands {
        let mut args = vec!["--db", "codeyear-demo/sample.db"];
        args.extend(&rest[1..]);
        assert_ne!(world.run(&args).exit, 2, "{args:?}");
    }
}

#[test]
fn help_of_each_verb_tells_the_rest() {
    let world = World::empty();
    let program = codeyear::cli::Cli::command();
    let mut commands = vec![vec!["--help"]];
    for verb in program.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        commands.push(vec![verb.get_name(), "--help"]);
        for what in verb.get_subcommands() {
            commands.push(vec![verb.get_name(), what.get_name(), "--help"]);
        }
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
            &["check", "C7B", "--on", "31/01/2026"],
            &["check", "C7B", "--year", "026"],
            &["check", "C7B", "--year", "2022-04"],
            &["check", "C7B", "--year", "2026", "--on", "2026-03-01"],
            &["check"],
            &["check", "-"],
            &["check", "C7B", "--code-set", "icd9"],
            &["diff", "FY2023", "FY2025"],
            &["diff", "FY2O25", "FY2026"],
            &["diff"],
            &["diff", "FY2025", "FY2026", "--under", "C76-C43"],
            &["diff", "FY2025", "FY2026", "--under", "C80-C96"],
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

#[test]
fn colours_come_on_request_only() {
    let world = World::with_sample();
    let plain = world.run(&["check", "C7B", "--on", "2026-03-01"]);
    assert!(!plain.stdout.contains('\u{1b}'));
    let coloured = world.run(&["check", "C7B", "--on", "2026-03-01", "--color", "always"]);
    assert!(coloured.stdout.contains('\u{1b}'));
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
