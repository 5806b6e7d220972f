//! Nobody listens: output that is read in part, closed or full.

use std::fs;
use std::process::{Command, Stdio};

use super::{YEARS, assert_refused, write_years};
use crate::world::{Run, World};

/// Runs a line of shell with `$PROGRAM` and gives its outcome.
fn shell(world: &World, line: &str) -> Run {
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(world.folder())
        .env("PROGRAM", env!("CARGO_BIN_EXE_codeyear"))
        .env("HOME", world.folder())
        .env("CODEYEAR_DB", world.database())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Run::from(output)
}

#[test]
fn a_report_that_is_read_in_part_ends_without_an_error() {
    let world = World::with_sample();
    for format in ["text", "csv", "json", "html", "markdown"] {
        let run = shell(
            &world,
            &format!(
                "{{ \"$PROGRAM\" diff FY2016 FY2026 --format {format}; echo $? >status; }} | head -n 1"
            ),
        );
        assert_eq!(run.exit, 0, "{run:?}");
        assert_eq!(run.stderr, "", "{format}");
        assert!(run.stdout.lines().count() <= 1, "{format}");
        let status = fs::read_to_string(world.path("status")).unwrap();
        assert_eq!(status.trim(), "0", "{format}");
    }
}

#[test]
fn a_reader_that_is_gone_before_the_first_word_is_no_error() {
    let world = World::with_sample();
    for args in [
        "diff FY2016 FY2026",
        "check C7B",
        "history C7B",
        "releases",
        "verify",
        "completions bash",
        "--help",
        "diff --help",
        "--version",
    ] {
        let run = shell(
            &world,
            &format!("{{ sleep 0.1; \"$PROGRAM\" {args}; echo $? >status; }} | true"),
        );
        assert_eq!(run.stderr, "", "{args}");
        let status = fs::read_to_string(world.path("status")).unwrap();
        assert_ne!(status.trim(), "2", "{args}: {run:?}");
        assert_ne!(status.trim(), "101", "{args}: {run:?}");
    }
}

#[test]
fn a_closed_stdout_is_no_panic() {
    let world = World::with_sample();
    for (line, exit) in [
        ("\"$PROGRAM\" diff FY2025 FY2026 >&-", 0),
        ("\"$PROGRAM\" check C7B --on 2026-03-01 >&-", 1),
        ("\"$PROGRAM\" check C7B --on 2026-03-01 >&- 2>&- <&-", 1),
        ("\"$PROGRAM\" check C7B --on nonsense 2>&-", 2),
        ("\"$PROGRAM\" diff FY2025 FY2099 2>&-", 2),
    ] {
        let run = shell(&world, line);
        assert_eq!(run.exit, exit, "{line}: {run:?}");
        assert!(!run.stderr.contains("panicked"), "{line}: {run:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout_is_an_error() {
    let world = World::with_sample();
    for args in ["diff FY2025 FY2026", "check C7B", "releases"] {
        let run = shell(&world, &format!("\"$PROGRAM\" {args} >/dev/full"));
        assert_refused(&run, &["cannot write the output"]);
    }
}

#[test]
fn an_import_whose_report_nobody_reads_is_stored_all_the_same() {
    let world = World::empty();
    write_years(&world, &YEARS[..2]);
    shell(&world, "{ sleep 0.1; \"$PROGRAM\" import in; } | true");
    assert_eq!(world.store().releases().unwrap().len(), 2);
    let world = World::empty();
    write_years(&world, &YEARS[..2]);
    shell(&world, "\"$PROGRAM\" import in >&- 2>&-");
    assert_eq!(world.store().releases().unwrap().len(), 2);
}
