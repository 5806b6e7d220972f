//! Reports that cannot be written, and lists of codes that can hardly be read.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{assert_refused, leftovers, run_patiently};
use crate::world::{Run, World, is_on};

#[test]
fn a_report_that_cannot_be_written_leaves_nothing_half_written() {
    let world = World::with_sample();
    fs::create_dir(world.path("folder")).unwrap();
    world.write("file", "kept");
    for output in [
        "no/such/folder/out.html",
        "folder",
        "file/out.html",
        "/dev/full",
    ] {
        let run = run_patiently(&mut world.command(&["diff", "FY2025", "FY2026", "-o", output]));
        assert_refused(&run, &[output, "cannot write"]);
    }
    assert_eq!(fs::read_to_string(world.path("file")).unwrap(), "kept");
    assert_eq!(fs::read_dir(world.path("folder")).unwrap().count(), 0);
    assert_eq!(leftovers(&world), Vec::<PathBuf>::new());
    assert!(!world.path("no").exists());
}

#[test]
fn a_report_that_fails_leaves_the_one_before_it() {
    let world = World::with_sample();
    world.write("report.html", "the one before");
    let run = world.run(&["diff", "FY2025", "FY2099", "-o", "report.html"]);
    assert_refused(&run, &["FY2099"]);
    if !is_on("Unix") {
        return;
    }
    // Too large for the disk, as the shell says.
    world.write("report.json", "the one before");
    let run = limited(
        &world,
        70,
        &["diff", "FY2016", "FY2026", "-o", "report.json"],
    );
    assert_refused(&run, &["report.json", "cannot write"]);
    assert_eq!(
        fs::read_to_string(world.path("report.json")).unwrap(),
        "the one before"
    );
    assert_eq!(leftovers(&world), Vec::<PathBuf>::new());
}

/// Runs the program with a limit on the size of each file that it writes, in blocks of 512 bytes.
fn limited(world: &World, blocks: u32, args: &[&str]) -> Run {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""
        ))
        .arg(env!("CARGO_BIN_EXE_codeyear"))
        .args(args)
        .current_dir(world.folder())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", world.folder())
        .env("CODEYEAR_DB", world.database())
        .stdin(Stdio::null());
    run_patiently(&mut command)
}

#[test]
fn a_list_of_codes_in_any_encoding_is_read() {
    let world = World::with_sample();
    for (name, bytes, code) in [
        ("plain.txt", b"G35\nC7B\n".to_vec(), None),
        ("crlf.txt", b"G35\r\nC7B\r\n".to_vec(), None),
        ("mark.txt", b"\xef\xbb\xbfG35\nC7B\n".to_vec(), None),
        (
            "latin1.csv",
            b"nom,dx\nH\xe9l\xe8ne,G35\nZo\xeb,C7B\n".to_vec(),
            Some("dx"),
        ),
        (
            "mark.csv",
            b"\xef\xbb\xbfdx,n\r\nG35,1\r\nC7B,2\r\n".to_vec(),
            Some("dx"),
        ),
        (
            "quoted.csv",
            b"\"a\nnote\",dx\n\"two\nlines, and a comma\",G35\n\"say \"\"hi\"\"\",\"C7B\"\n"
                .to_vec(),
            Some("dx"),
        ),
        ("tabs.tsv", b"n\tdx\n1\tG35\n2\tC7B\n".to_vec(), Some("dx")),
        (
            "semicolons.csv",
            b"n;dx\n1;G35\n2;C7B\n".to_vec(),
            Some("2"),
        ),
        (
            "ragged.csv",
            b"n,dx\n1,G35\n2\n3,C7B,4\n".to_vec(),
            Some("dx"),
        ),
    ] {
        world.write(name, bytes);
        let mut args = vec![
            "diff", "FY2025", "FY2026", "--only", name, "--format", "json",
        ];
        // Of a row with too many or too few fields nobody knows which one is the code.
        let read = if name == "ragged.csv" { 1 } else { 2 };
        if let Some(code) = code {
            args.extend(["--code", code]);
        }
        args.extend(["--fail-on", "never"]);
        let run = world.run(&args);
        assert_eq!(run.exit, 0, "{name}: {run:?}");
        let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let codes = match code {
            None => &json["only"]["codes"],
            Some(_) => &json["impact"]["all"]["codes"],
        };
        assert_eq!(*codes, read, "{name}: {}", run.stdout);
        assert!(run.stdout.contains("G35"), "{name}");
    }
}

#[test]
fn a_list_of_codes_that_cannot_be_read_is_refused() {
    let world = World::with_sample();
    fs::create_dir(world.path("folder")).unwrap();
    for (name, bytes, code, part) in [
        (
            "a.csv",
            &b"n,dx\n1,G35\n"[..],
            Some("icd"),
            "no column \"icd\"",
        ),
        ("b.csv", b"n,dx\n1,G35\n", Some("7"), "no column \"7\""),
        ("c.csv", b"n,dx\n1,G35\n", Some("0"), "no column \"0\""),
        (
            "d.csv",
            b"n,what\n1,G35\n",
            None,
            "no column name suggests codes",
        ),
        ("e.csv", b"", None, "no codes"),
        ("f.csv", b"dx\n", Some("dx"), "no codes"),
        ("g.csv", b"\n\n\n", None, "no codes"),
    ] {
        world.write(name, bytes);
        let mut args = vec!["diff", "FY2025", "FY2026", "--only", name];
        if let Some(code) = code {
            args.extend(["--code", code]);
        }
        assert_refused(&world.run(&args), &[name, part]);
    }
    for name in ["missing.csv", "folder"] {
        let run = world.run(&["diff", "FY2025", "FY2026", "--only", name]);
        assert_refused(&run, &[name, "cannot read"]);
    }
}
