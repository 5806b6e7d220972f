//! Broken claims: reported with their lines, never judged wrong, and nothing of them told.

use super::{audit, column};
use crate::world::{Run, World};

const HEADER: &str = "id,dx,dos\n";

fn problem(world: &World, claims: impl AsRef<[u8]>) -> Run {
    let (run, annotated) = audit(world, claims, &[]);
    assert_eq!(run.exit, 2, "{}{}", run.stdout, run.stderr);
    assert!(!run.stdout.contains("SECRET") && !run.stderr.contains("SECRET"));
    assert!(!run.stderr.contains("defect of codeyear"), "{}", run.stderr);
    if run.stderr.contains("error:") {
        assert!(run.stderr.contains("hint:"), "{}", run.stderr);
        assert_eq!(annotated, "", "nothing half-written");
    }
    run
}

#[test]
fn a_damaged_file_at_which_a_library_panics_is_an_error_and_no_defect() {
    let world = World::with_sample();
    let damaged = include_bytes!("../../fixtures/damaged/dictionary-index.parquet");
    world.write("claims.parquet", damaged);
    let run = world.run(&["audit", "claims.parquet", "--code=dx", "--date=dos"]);
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    assert!(run.stderr.contains("it is damaged"), "{}", run.stderr);
}

#[test]
fn a_row_that_cannot_be_read_is_reported_with_its_line_and_the_rest_is_judged() {
    let world = World::with_sample();
    let rows: [(&[u8], &str); 9] = [
        (
            b"1,C7B.00,2021-02-30",
            "line 3: dos: no date in the format YYYY-MM-DD",
        ),
        (
            b"1,C7B.00,SECRET",
            "line 3: dos: no date in the format YYYY-MM-DD",
        ),
        (
            b"1,C7B.00,02/03/2021",
            "line 3: dos: no date in the format YYYY-MM-DD",
        ),
        (b"1,C7B.00,", "line 3: dos: no date"),
        (b"1,C7B.00", "line 3: 2 fields, and the header has 3"),
        (
            b"1,C7B.00,2026-03-01,SECRET",
            "line 3: 4 fields, and the header has 3",
        ),
        (b"SE\0CRET,C7B.00,2026-03-01", "line 3: a NUL byte"),
        (b"1,C7B.\xe9,2026-03-01", "line 3: dx: not UTF-8 text"),
        (
            b"\"SECRET\",\"\xff\",2026-03-01",
            "line 3: dx: not UTF-8 text",
        ),
    ];
    for (row, expected) in rows {
        let mut claims = format!("{HEADER}0,C7B.00,2026-03-01\n").into_bytes();
        claims.extend(row);
        claims.extend(b"\n2,C7B,2026-03-01\n");
        let (run, annotated) = audit(&world, &claims, &["--fail-on", "undetermined"]);
        assert_eq!(run.exit, 2, "{}", run.stderr);
        assert!(run.stdout.contains(expected), "{expected}: {}", run.stdout);
        assert!(!run.stdout.contains("SECRET"), "{}", run.stdout);
        assert_eq!(
            column(&annotated, "verdict"),
            ["billable", "unreadable", "header"],
            "{expected}"
        );
        let strict = audit(&world, &claims, &["--strict"]);
        assert_eq!(strict.0.exit, 2);
        assert!(
            strict.0.stderr.contains("claims.csv, line 3"),
            "{}",
            strict.0.stderr
        );
        assert_eq!(strict.1, annotated, "the file of the run before stays");
        std::fs::remove_file(world.path("annotated.csv")).unwrap();
    }
}

#[test]
fn values_are_shown_only_if_asked_for() {
    let world = World::with_sample();
    let claims = format!("{HEADER}1,C7B.00,2026-03-01\n1,C7B.00,2021-02-30\n");
    let (silent, _) = audit(&world, &claims, &[]);
    assert!(!silent.stdout.contains("2021-02-30"));
    let (shown, _) = audit(&world, &claims, &["--show-values"]);
    assert!(shown.stdout.contains("\"2021-02-30\""), "{}", shown.stdout);
}

#[test]
fn what_is_no_table_is_refused() {
    let world = World::with_sample();
    let utf16: Vec<u8> = HEADER.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let with_mark = [&[0xff, 0xfe][..], &utf16].concat();
    for (claims, expected) in [
        (b"".to_vec(), "the file is empty"),
        (b"\n\n  \n".to_vec(), "the file is empty"),
        (with_mark, "UTF-16"),
        (b"id,d\xe9,dos\n".to_vec(), "the header is not UTF-8"),
        (b"i\0d,dx,dos\n".to_vec(), "NUL byte"),
        (b"id,dx\n1,C7B.00\n".to_vec(), "there is no column \"dos\""),
        (
            b"1,SECRET,2026-03-01\n".to_vec(),
            "there is no column \"dx\"",
        ),
        (
            b"dx,dx,dos\nC7B,C7B,2026-03-01\n".to_vec(),
            "two columns have the name \"dx\"",
        ),
        (
            b"id,dx,dos\n1,C7B.00,31/12/2025\n".to_vec(),
            "day before the month",
        ),
        (
            b"id,dx,dos\n1,C7B.00,SECRET\n".to_vec(),
            "no date in a known format",
        ),
    ] {
        let run = problem(&world, claims);
        assert!(run.stderr.contains(expected), "{expected}: {}", run.stderr);
    }
}

#[test]
fn a_file_without_a_header_does_not_lose_its_first_claim() {
    let world = World::with_sample();
    let dated = world.write("dated.csv", "1,SECRET,2026-03-01\n2,C7B,2026-03-01\n");
    let undated = world.write("undated.csv", "C7B,SECRET\nC7B.00,x\n");
    let (dated, undated) = (dated.to_str().unwrap(), undated.to_str().unwrap());
    for run in [
        world.run(&["audit", dated, "--code=2", "--date=3"]),
        world.run(&["audit", undated, "--code=1", "--on=2026-03-01"]),
    ] {
        assert_eq!(run.exit, 2, "{}", run.stdout);
        assert!(
            run.stderr
                .contains("the first line is a claim, not a header"),
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains("SECRET"), "{}", run.stderr);
    }
}

#[test]
fn a_header_alone_is_an_audit_of_nothing() {
    let world = World::with_sample();
    let (run, annotated) = audit(&world, HEADER, &[]);
    assert_eq!(run.exit, 2, "{}", run.stderr);
    assert!(
        run.stdout.starts_with("Checked against the bundled sample"),
        "{}",
        run.stdout
    );
    let nothing = "nothing was checked: no codes in the columns or files, in 0 rows";
    assert!(run.stdout.contains(nothing), "{}", run.stdout);
    assert_eq!(annotated.lines().count(), 1);
}

#[test]
fn a_quote_that_is_never_closed_is_found() {
    let world = World::with_sample();
    let claims =
        format!("{HEADER}1,C7B.00,2026-03-01\n\"SECRET,C7B.00,2026-03-01\n2,C7B,2026-03-01\n");
    let (run, annotated) = audit(&world, claims, &[]);
    assert!(
        run.stdout
            .contains("line 3: an opening quote is never closed"),
        "{}",
        run.stdout
    );
    assert_eq!(column(&annotated, "verdict"), ["billable", "unreadable"]);
}

#[test]
fn a_field_of_a_gigabyte_is_refused_at_once() {
    use std::io::Write;
    let world = World::with_sample();
    let mut child = world
        .command(&["audit", "-", "--code", "dx", "--date", "dos"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let chunk = vec![b'x'; 1 << 20];
    stdin.write_all(b"id,dx,dos\n1,C7B,2026-03-01\n2,").unwrap();
    // It stops reading long before the end.
    let ended = (0..1024).any(|_| stdin.write_all(&chunk).is_err());
    drop(stdin);
    let run = Run::from(child.wait_with_output().unwrap());
    assert!(ended, "the whole gigabyte was read");
    assert_eq!(run.exit, 2);
    assert!(
        run.stderr.contains("a row is longer than 16 MiB"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_first_line_is_read_whole_however_long_it_is() {
    let world = World::with_sample();
    let names: String = (0..12_000)
        .map(|at| format!("a_column_with_a_long_name_{at},"))
        .collect();
    assert!(names.len() > 300_000);
    let values = "x,".repeat(12_000);
    let table = format!("{names}dx1,dos\n{values}C7B,03/01/2026\n");
    world.write("wide.csv", table);
    let run = world.run(&["audit", "wide.csv", "--code", "dx1", "--date", "dos"]);
    assert_eq!(run.exit, 1, "{run:?}");
    assert!(run.stdout.contains("header"), "{run:?}");
}

#[test]
fn a_packed_file_that_was_cut_off_is_read_as_far_as_it_goes() {
    use std::io::Write;
    let world = World::with_sample();
    let mut text = String::from(HEADER);
    for number in 0..50_000u64 {
        text.push_str(&format!(
            "{},C7B.00,2026-03-01\n",
            number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ));
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let whole = gzip.finish().unwrap();
    let zstd = zstd::encode_all(text.as_bytes(), 1).unwrap();
    for packed in [whole, zstd] {
        let (run, annotated) = audit(&world, &packed[..packed.len() / 2], &[]);
        assert_eq!(run.exit, 2, "{}", run.stderr);
        let cut_off = "data is cut off before its end; the rest is missing";
        assert!(run.stdout.contains(cut_off), "{}", run.stdout);
        // The row that was cut is not taken for a whole one.
        let judged = annotated.lines().filter(|line| line.contains(",billable,"));
        let rows = judged.count();
        assert!(rows > 10_000 && rows < 40_000, "{rows}");
        let found = run.stdout.replace(',', "");
        assert!(found.contains(&format!("0 of {rows} codes")), "{found}");
    }
}

#[test]
fn options_that_do_not_go_together_say_so() {
    let world = World::with_sample();
    let file = world.write("claims.csv", format!("{HEADER}1,C7B.00,2026-03-01\n"));
    let file = file.to_str().unwrap();
    for (args, expected) in [
        (
            vec!["--code", "dx", "--admit", "dos", "--date", "dos"],
            "an admission date alone",
        ),
        (
            vec!["--code", "dx=snomed", "--date", "dos"],
            "unknown code set",
        ),
        (
            vec!["--code", "dx", "--date", "dos", "--keep", "id"],
            "--output",
        ),
        (vec!["--code", "DX", "--date", "dos"], "is it \"dx\"?"),
    ] {
        let run = world.run(&[&["audit", file][..], &args[..]].concat());
        assert_eq!(run.exit, 2, "{args:?}");
        assert!(run.stderr.contains(expected), "{args:?}: {}", run.stderr);
    }
    let missing = world.run(&["audit", "nowhere.csv", "--code", "dx", "--date", "dos"]);
    assert_eq!(missing.exit, 2);
    assert!(missing.stderr.contains("nowhere.csv"), "{}", missing.stderr);
}
