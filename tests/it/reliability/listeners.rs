//! Nobody listens: output that is read in part, closed or full.

use std::fs;
use std::process::{Command, Stdio};

use super::{YEARS, assert_refused, write_years};
use crate::world::{Run, World, is_on};

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
    if !is_on("Unix") {
        return;
    }
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
    if !is_on("Unix") {
        return;
    }
    let world = World::with_sample();
    for args in [
        "diff FY2016 FY2026",
        "check C7B --on 2026-03-01",
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

/// Runs the program with a pipe as stdout, or as stderr as well, whose reader is closed.
fn into_a_closed_pipe(world: &World, args: &[&str], stderr_too: bool) -> (Option<i32>, String) {
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    let mut command = world.command(args);
    command.stdout(closed());
    if stderr_too {
        command.stderr(closed());
    }
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), told)
}

#[test]
fn a_closed_pipe_changes_no_exit_code_of_an_answer() {
    let world = World::with_sample();
    world.write("codes.csv", "dx\nG35\n");
    let damaged = World::with_sample();
    rusqlite::Connection::open(damaged.database())
        .unwrap()
        .execute_batch("DELETE FROM coverage")
        .unwrap();
    for (world, args, exit) in [
        (&world, "check C7B.1 --on 2026-03-01", 0),
        (&world, "check C7B --on 2026-03-01", 1),
        (&world, "check C7B --on 2026-03-01 --format json", 1),
        (&world, "history C7B", 0),
        (&world, "show C7B.1 --on 2026-05-01", 0),
        (&world, "compare C7A C7B --on 2026-05-01", 0),
        (&world, "search merkel --on 2026-05-01", 0),
        (&world, "diff FY2016 FY2026", 0),
        (&world, "diff FY2016 FY2026 --format html", 0),
        (&world, "diff FY2025 FY2026 --only codes.csv --code dx", 1),
        (&world, "audit codes.csv --code dx --on 2026-03-01", 1),
        (&world, "releases", 0),
        (&world, "verify", 0),
        (&damaged, "verify", 1),
        (&world, "completions bash", 0),
        (&world, "--help", 0),
        (&world, "diff --help", 0),
        (&world, "--version", 0),
        (&world, "backup copy.db --force", 0),
        // Data that ends before its end is not what was asked for.
        (&world, "export spans -o -", 2),
        (&world, "export spans", 2),
        (&world, "export order --release FY2026", 2),
        (&world, "audit codes.csv --code dx --on 2026-03-01 -o -", 2),
    ] {
        let args: Vec<&str> = args.split(' ').collect();
        let (code, told) = into_a_closed_pipe(world, &args, false);
        assert_eq!(code, Some(exit), "{args:?}: {told}");
        // That it is the sample is said before anything is written.
        let told: Vec<&str> = told
            .lines()
            .filter(|line| !line.starts_with("note: this is the bundled"))
            .collect();
        assert_eq!(told, [""; 0], "{args:?}");
        assert_eq!(
            into_a_closed_pipe(world, &args, true).0,
            Some(exit),
            "{args:?}"
        );
    }
}

#[test]
fn a_closed_stdout_is_no_panic() {
    if !is_on("Unix") {
        return;
    }
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
        assert!(
            !run.stderr.contains("defect of codeyear"),
            "{line}: {run:?}"
        );
    }
}

#[test]
fn a_full_disk_behind_stdout_is_an_error() {
    if !is_on("Linux") {
        return;
    }
    let world = World::with_sample();
    for args in ["diff FY2025 FY2026", "check C7B", "releases"] {
        let run = shell(&world, &format!("\"$PROGRAM\" {args} >/dev/full"));
        assert_refused(&run, &["cannot write the output"]);
    }
}

#[test]
fn an_import_whose_report_nobody_reads_is_stored_all_the_same() {
    if !is_on("Unix") {
        return;
    }
    let world = World::empty();
    write_years(&world, &YEARS[..2]);
    shell(
        &world,
        "{ sleep 0.1; \"$PROGRAM\" import --allow-incomplete in; } | true",
    );
    assert_eq!(world.store().releases().unwrap().len(), 2);
    let world = World::empty();
    write_years(&world, &YEARS[..2]);
    shell(&world, "\"$PROGRAM\" import --allow-incomplete in >&- 2>&-");
    assert_eq!(world.store().releases().unwrap().len(), 2);
}
