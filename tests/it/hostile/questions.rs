//! Questions with absurd codes, days and years.

use std::fs;

use super::{assert_refused, run_patiently, world};
use crate::world::{Run, is_on};

#[test]
fn absurd_codes_are_unknown_and_say_why() {
    let world = world();
    let long = "A".repeat(10_000);
    let combining = format!("A00{}", "\u{301}".repeat(5000));
    for code in [
        "",
        "   ",
        ".",
        "...",
        "A",
        "A00.0000000",
        "\u{1b}[31mA00\u{1b}[0m",
        "A00\r\nlow back",
        "A00\u{7}",
        "\u{9b}31mA00",
        "\u{202e}A00",
        "\u{661}\u{662}\u{663}",
        "A\u{660}\u{660}",
        "\u{ff21}\u{ff10}\u{ff10}",
        "'; DROP TABLE entry; --",
        "%",
        "*",
        "A00{",
        "ß00",
        "-",
        long.as_str(),
        combining.as_str(),
    ] {
        for format in ["text", "json"] {
            for verb in ["check", "history"] {
                let mut args = vec![verb, "--format", format];
                if verb == "check" {
                    args.extend(["--on", "2029-10-01"]);
                }
                args.extend(["--", code]);
                let run = run_patiently(&mut world.command(&args));
                assert_harmless(&run, code);
                if verb == "check" && code != "-" {
                    assert_eq!(run.exit, 1, "{code:?}: {run:?}");
                    assert!(run.stdout.contains("unknown"), "{code:?}: {run:?}");
                }
            }
        }
    }
}

fn assert_harmless(run: &Run, code: &str) {
    let is_json = run.stdout.starts_with('{');
    assert!((0..=2).contains(&run.exit), "{code:?}: {run:?}");
    assert!(
        !run.stderr.contains("defect of codeyear"),
        "{code:?}: {run:?}"
    );
    for text in [&run.stdout, &run.stderr] {
        let raw = text.chars().find(|c| {
            let bad = c.is_control() && *c != '\n' || *c == '\u{202e}';
            // JSON need not escape what is beyond ASCII.
            bad && (!is_json || *c < ' ')
        });
        assert_eq!(raw, None, "{code:?} reaches the terminal raw");
    }
    let shown = run.stderr.len();
    assert!(shown < 2000, "an error of {shown} bytes");
}

#[test]
fn dates_that_do_not_exist_are_refused() {
    let world = world();
    for date in [
        "2021-02-30",
        "2021-13-01",
        "2021-00-10",
        "2021-2",
        "2021-02-01 or so",
        "31/12/2021",
        "the day before yesterday",
        "",
        "99999-01-01",
        "\u{662}\u{660}\u{662}\u{661}-\u{660}\u{661}-\u{660}\u{661}",
    ] {
        let run = world.run(&["check", "A00", "--on", date]);
        assert_eq!(run.exit, 2, "{date}: {run:?}");
        assert_eq!(run.stdout, "");
        assert!(run.stderr.contains("--on"), "{date}: {run:?}");
    }
    for (date, said) in [
        ("2021-02-30", "February 2021 has 28 days"),
        ("30/2/2021", "month first"),
    ] {
        let run = world.run(&["check", "A00", "--on", date]);
        assert!(run.stderr.contains(said), "{run:?}");
    }
}

#[test]
fn days_at_the_end_of_time_are_not_covered() {
    let world = world();
    for date in [
        "+99999-01-01",
        "+262142-12-31",
        "-0001-01-01",
        "0000-01-01",
        "9999-12-31",
        "0001-01-01",
    ] {
        let on = format!("--on={date}");
        let run = world.run(&["check", "A000", &on]);
        assert!((1..=2).contains(&run.exit), "{date}: {run:?}");
        assert!(
            !run.stderr.contains("defect of codeyear"),
            "{date}: {run:?}"
        );
        assert!(!run.stdout.contains("billable  valid"), "{date}: {run:?}");
    }
}

#[test]
fn years_that_are_none_are_refused() {
    let world = world();
    for year in [
        "99999",
        "0",
        "-1",
        "026",
        "2026-04",
        "MMXXVI",
        "",
        "99999999999999999999",
        "1999",
    ] {
        let stated = format!("--year={year}");
        let run = world.run(&["check", "A00", &stated]);
        assert_eq!(run.exit, 2, "{year}: {run:?}");
        assert!(run.stderr.contains("--year"), "{year}: {run:?}");
        let run = world.run(&["diff", "--", year, "FY2030"]);
        assert_eq!(run.exit, 2, "{year}: {run:?}");
        assert!(
            !run.stderr.contains("defect of codeyear"),
            "{year}: {run:?}"
        );
    }
}

#[test]
fn codes_on_stdin_may_be_anything() {
    let world = world();
    for (bytes, exit) in [
        (&b"A000\n"[..], 0),
        (b"\xef\xbb\xbfA000\r\n", 0),
        (b"A000\n\n  \nA000", 0),
        (b"", 2),
        (b"\n\n", 2),
        (b"A00\xff\n", 2),
    ] {
        let path = world.write("codes.txt", bytes);
        let mut command = world.command(&["check", "-", "--on", "2029-10-01"]);
        command.stdin(fs::File::open(path).unwrap());
        let run = run_patiently(&mut command);
        assert_eq!(run.exit, exit, "{bytes:?}: {run:?}");
        if exit == 2 {
            assert_refused(&run, &["stdin"]);
        }
    }
}

/// What writes to a terminal, breaks a line, or turns the direction of writing.
const UNSEEN: [&str; 14] = [
    "\u{1}",
    "\r",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{85}",
    "\u{9b}31m",
    "\u{61c}",
    "\u{200e}",
    "\u{200f}",
    "\u{2028}",
    "\u{2029}",
    "\u{202e}",
    "\u{2066}",
    "\u{2069}",
];

#[test]
fn nothing_that_is_not_seen_comes_back_from_an_argument() {
    let world = world();
    for unseen in UNSEEN {
        let text = |before: &str| format!("{before}{unseen}x");
        let (day, code, year, word) = (text("2026"), text("C7B"), text("FY2026"), text("pain"));
        for args in [
            vec!["--today", &day, "check", "C7B"],
            vec!["check", &code],
            vec!["check", &code, "--format", "json"],
            vec!["check", "C7B", "--on", &day],
            vec!["history", &code],
            vec!["show", &code],
            vec!["compare", &code, &code, "--format", "json"],
            vec!["search", &word],
            vec!["search", &word, "--format", "json"],
            vec!["diff", &year, "FY2026"],
            vec!["verify", &year],
            vec!["remove", &year],
            vec![&word],
            vec!["check", "C7B", &text("--")],
            vec!["import", &word],
            vec!["serve", "--listen", &day],
            vec!["serve", "--host", &word, "--base-url", &word],
            vec!["serve", "--allow-origin", &word],
            vec!["audit", &word, "--code", &word],
            vec!["--db", &word, "check", "C7B"],
        ] {
            let run = run_patiently(&mut world.command(&args));
            let said = format!("{}{}", run.stdout, run.stderr);
            let is_unseen = |c: char| {
                c.is_control() && c != '\n'
                    || "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202e}\u{2066}\u{2069}".contains(c)
            };
            assert!(!said.contains(is_unseen), "{args:?}: {said:?}");
        }
    }
}

#[test]
fn help_that_cannot_be_written_is_no_success() {
    if !is_on("Linux") {
        return;
    }
    let world = world();
    for args in [&["--help"][..], &["--version"], &["check", "--help"]] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let run = world.command(args).stdout(full).output().unwrap();
        assert_eq!(run.status.code(), Some(2), "{args:?}");
    }
}
