//! The program as it is built, with a pack in it or without, on a machine that has nothing.

#![allow(clippy::unwrap_used, reason = "a helper of tests may panic as they do")]

use std::process::Command;

/// Runs the program with an empty home.
fn run(home: &std::path::Path, args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_codeyear"))
        .args(args)
        .env_clear()
        .env("HOME", home)
        .env("USERPROFILE", home)
        .env("LOCALAPPDATA", home.join("data"))
        .envs(std::env::var_os("SystemRoot").map(|root| ("SystemRoot", root)))
        .current_dir(home)
        .output()
        .unwrap();
    let both = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(both).unwrap())
}

#[test]
fn the_first_answer_of_a_program_comes_from_its_pack_or_says_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let (exit, said) = run(home.path(), &["check", "C7B", "--on", "2026-03-01"]);
    let has_pack = option_env!("CODEYEAR_EMBED_PACK").is_some_and(|file| !file.is_empty());
    if has_pack {
        assert_eq!(exit, Some(1), "{said}");
        assert!(said.contains("C7B  on 2026-03-01  header"), "{said}");
    } else {
        assert_eq!(exit, Some(2), "{said}");
        assert!(said.contains("hint: "), "{said}");
    }
}

#[test]
fn the_demo_runs_and_leaves_the_home_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let (exit, said) = run(home.path(), &["demo", "--folder", "demo"]);
    assert_eq!(exit, Some(0), "{said}");
    let report = std::fs::read_to_string(home.path().join("demo/FY2025-to-FY2026.html")).unwrap();
    assert!(report.contains("</html>"));
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}
