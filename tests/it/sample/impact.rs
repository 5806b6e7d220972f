//! What of a claims file breaks: every format, the exit code, and the workbook as a spreadsheet reads it.

use std::io::{Cursor, Read, Write};
use std::process::Stdio;

use calamine::{Data, Reader, Xlsx};
use serde_json::Value;

use super::{outline, transcript};
use crate::world::{Run, World};

/// Synthetic claims with real codes: three that break, one reworded, one with a new code beside it, one
/// that no change touches, one of an earlier release, one that never was, and a text that is no code.
const CLAIMS: &str = "claim,member,dx1,dx2\n\
    CLM-0001,M-1,G35,E11.9\n\
    CLM-0002,M-2,g35,E119\n\
    CLM-0003,M-3,S30.1XXA,n/a\n\
    CLM-0004,\"M,\n4\",P09.6,A00.0\n\
    CLM-0005,M-5,Q51.20,ZZ9\n\
    CLM-0006,M-6,D71,\n\
    CLM-0007,M-7\n";

fn world() -> World {
    let world = World::with_sample();
    world.write("claims.csv", CLAIMS);
    world
}

const DIFF: [&str; 7] = [
    "diff",
    "FY2025",
    "FY2026",
    "--only",
    "claims.csv",
    "--code",
    "dx*",
];

fn run(world: &World, rest: &[&str]) -> Run {
    world.run(&[&DIFF[..], rest].concat())
}

fn json(world: &World, rest: &[&str]) -> Value {
    let run = run(world, &[rest, &["--format", "json"]].concat());
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

#[test]
fn what_breaks_is_told_in_every_format() {
    let world = world();
    for format in ["text", "markdown", "csv"] {
        let args = [&DIFF[..], &["--format", format]].concat();
        insta::assert_snapshot!(format!("impact_{format}"), transcript(&world, &[&args]));
    }
}

#[test]
fn what_breaks_is_told_as_json_with_the_gravest_first() {
    let world = world();
    let weighed = json(&world, &[]);
    insta::assert_snapshot!(outline(&weighed["impact"], &[]), @r#"
    all: {"codes":8,"uses":10}
    columns: 2
    first_ragged_line: 9
    headers: []
    left_out: 45
    no_codes: 1
    of_other_sets: 0
    outside: {"codes":0,"uses":0}
    ragged_rows: 1
    rows: 6
    severities:
      {"changes":3,"codes":3,"severity":"breaking","share":0.4,"uses":4}
      {"changes":1,"codes":1,"severity":"review","share":0.1,"uses":1}
      {"changes":20,"codes":1,"severity":"info","share":0.2,"uses":2}
    unknown: {"codes":2,"in_neither":[{"code":"Q5120","code_dotted":"Q51.20","uses":1}],"never_listed":{"codes":1,"uses":1},"uses":2}
    unread: 0
    untouched: {"codes":1,"uses":1}
    "#);
    let changes = weighed["changes"].as_array().unwrap();
    let lines: Vec<String> = changes
        .iter()
        .map(|change| {
            let touched = change["touches"].as_array().unwrap().iter();
            let touched = touched.map(|one| format!("{} {}", one["relation"], one["code_dotted"]));
            let touched = touched.collect::<Vec<_>>().join(", ");
            let (kind, code) = (&change["kind"], &change["code_dotted"]);
            let weight = format!(
                "{} {} {}",
                change["severity"], change["uses"], change["share"]
            );
            format!("{weight}: {kind} {code} touches {touched}").replace('"', "")
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    breaking 2 0.2: became-header G35 touches itself G35
    breaking 1 0.1: became-header D71 touches itself D71
    breaking 1 0.1: deleted S30.1XXA touches itself S30.1XXA
    review 1 0.1: revised P09.6 touches itself P09.6
    info 2 0.2: new E11.A touches successor E11.9
    info 2 0.2: new G35.A touches successor G35
    info 2 0.2: new G35.B touches below G35
    info 2 0.2: new G35.B0 touches successor G35
    info 2 0.2: new G35.B1 touches successor G35
    info 2 0.2: new G35.B2 touches successor G35
    info 2 0.2: new G35.C touches below G35
    info 2 0.2: new G35.C0 touches successor G35
    info 2 0.2: new G35.C1 touches successor G35
    info 2 0.2: new G35.C2 touches successor G35
    info 2 0.2: new G35.D touches successor G35
    info 1 0.1: new D71.1 touches successor D71
    info 1 0.1: new D71.8 touches successor D71
    info 1 0.1: new D71.9 touches successor D71
    info 1 0.1: new S30.11 touches beside S30.1XXA
    info 1 0.1: new S30.11XA touches successor S30.1XXA
    info 1 0.1: new S30.12 touches beside S30.1XXA
    info 1 0.1: new S30.12XA touches successor S30.1XXA
    info 1 0.1: new S30.13 touches beside S30.1XXA
    info 1 0.1: new S30.13XA touches successor S30.1XXA
    ");
    insta::assert_snapshot!(changes[0]["touches"][0], @r#"{"code":"G35","code_dotted":"G35","relation":"itself","uses":2}"#);
    // But for its weight a change is told as it is without a file, and those that touch nothing are left out.
    let run = world.run(&["diff", "FY2025", "FY2026", "--format", "json"]);
    let plain: Value = serde_json::from_str(&run.stdout).unwrap();
    let plain = plain["changes"].as_array().unwrap();
    for change in changes {
        let mut change = change.clone();
        for weight in ["severity", "uses", "share", "touches"] {
            change.as_object_mut().unwrap().remove(weight).unwrap();
        }
        assert!(plain.contains(&change), "{change}");
    }
    let left_out = weighed["impact"]["left_out"].as_u64().unwrap();
    assert_eq!(plain.len() as u64, changes.len() as u64 + left_out);
}

#[test]
fn the_page_tells_at_a_glance_what_breaks_and_what_to_use_instead() {
    let world = world();
    let page = run(&world, &["--format", "html"]).stdout;
    for part in [
        "<h1>Your codes affected by FY2026</h1>",
        "<b>3 of your 8 codes are no longer valid</b>: 4 of 10 uses (40%).",
        "<b>2</b> uses <span class=\"share\">20%</span>",
        "<p>Replaced by <span class=\"way\">(FY2026 conversion table)</span></p>",
        "<li><span class=\"code\">G35.A</span> Relapsing-remitting multiple sclerosis</li>",
        "1 row not counted",
        "Q51.20 (1)",
    ] {
        assert!(page.contains(part), "no {part}");
    }
    for absent in ["CLM-", "M-1", "ZZ9", "://", "<script"] {
        assert!(!page.contains(absent), "{absent}");
    }
    world.write("claims.csv", "dx1\nA00.0\n");
    let calm = run(&world, &["--format", "html"]);
    assert_eq!(calm.exit, 0);
    assert!(calm.stdout.contains("<b>No longer valid: none.</b>"));
}

#[test]
fn the_exit_code_is_for_a_pipeline() {
    let world = world();
    for (fail_on, exit) in [("breaking", 1), ("review", 1), ("info", 1), ("never", 0)] {
        assert_eq!(run(&world, &["--fail-on", fail_on]).exit, exit, "{fail_on}");
    }
    assert_eq!(run(&world, &[]).exit, 1);
    for (code, hit) in [("P09.6", "review"), ("E11.9", "info"), ("A00.0", "never")] {
        world.write("claims.csv", format!("dx1\n{code}\n"));
        let order = ["breaking", "review", "info", "never"];
        let from = order.iter().position(|one| *one == hit).unwrap();
        for (at, fail_on) in order.iter().enumerate() {
            let expected = i32::from(at >= from && hit != "never" && *fail_on != "never");
            let found = run(&world, &["--fail-on", fail_on]).exit;
            assert_eq!(found, expected, "{code} {fail_on}");
        }
        assert_eq!(run(&world, &[]).exit, 0, "{code}");
    }
    let plain = world.run(&["diff", "FY2025", "FY2026"]);
    assert_eq!(plain.exit, 0, "without a file a change is no failure");
    for wrong in [&["--fail-on", "info"][..], &["--delimiter", ";"]] {
        let run = world.run(&[&["diff", "FY2025", "FY2026"], wrong].concat());
        assert_eq!(run.exit, 2, "{wrong:?} needs --code");
    }
}

#[test]
fn columns_are_detected_and_other_formats_count_the_same() {
    let world = world();
    let objects = "{\"dx1\":\"G35\",\"dx2\":\"E11.9\"}\n{\"dx1\":\"C7B\",\"dx2\":\"0DTJ4ZZ\"}\n\
        {\"dx1\":\"Q51.20\",\"dx2\":\"Q99.ZZ\"}\n";
    world.write("claims.ndjson", objects);
    world.write(
        "same.csv",
        "dx1,dx2\nG35,E11.9\nC7B,0DTJ4ZZ\nQ51.20,Q99.ZZ\n",
    );
    let ask = |file: &str| {
        let args = [
            "diff", "FY2025", "FY2026", "--only", file, "--format", "json",
        ];
        let run = world.run(&args);
        assert!(
            run.stderr
                .contains("note: columns detected by name: codes in dx1, dx2"),
            "{run:?}"
        );
        let json: Value = serde_json::from_str(&run.stdout).unwrap();
        let mut impact = json["impact"].clone();
        // Objects have no columns.
        let columns = impact["columns"].take();
        assert_eq!(columns, if file.ends_with(".csv") { 2 } else { 0 });
        impact
    };
    let table = ask("same.csv");
    assert_eq!(table, ask("claims.ndjson"));
    // A code of the other set is counted; a header of both releases is named, and what was never listed is not.
    assert_eq!(
        (&table["all"]["uses"], &table["of_other_sets"]),
        (&5.into(), &1.into())
    );
    assert_eq!(table["headers"][0]["code"], "C7B");
    assert_eq!(table["unknown"]["never_listed"]["codes"], 1);
    // A list says the same of them, and has an exit code too.
    world.write("list.txt", "G35\nC7B\nA00.0\n");
    for (fail_on, exit) in [("breaking", 1), ("review", 1), ("never", 0)] {
        let args = [
            "diff",
            "FY2025",
            "FY2026",
            "--only",
            "list.txt",
            "--fail-on",
            fail_on,
        ];
        let run = world.run(&args);
        assert_eq!(run.exit, exit, "{fail_on}");
        assert!(
            run.stdout.contains(
                "of the unchanged 1 is a header in both releases, not billable in either: C7B"
            ),
            "{run:?}"
        );
    }
}

#[test]
fn packed_and_piped_claims_give_the_same_report() {
    let world = world();
    let expected = run(&world, &[]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(CLAIMS.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    for bytes in [gzip, zstd::encode_all(CLAIMS.as_bytes(), 1).unwrap()] {
        // By how it begins, and not by its name.
        world.write("claims.csv", &bytes);
        assert_eq!(run(&world, &[]).stdout, expected.stdout);
        let mut args = DIFF;
        args[4] = "-";
        let mut child = world
            .command(&args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let piped = Run::from(child.wait_with_output().unwrap());
        assert_eq!((piped.exit, piped.stdout), (1, expected.stdout.clone()));
    }
    world.write("claims.csv", CLAIMS.replace(',', "\u{1f}"));
    let run = run(&world, &["--delimiter", "\u{1f}"]);
    assert_eq!(run.exit, 1, "{run:?}");
}

#[test]
fn every_use_is_in_one_total() {
    let world = world();
    for scope in [&[][..], &["--under", "G35"], &["--under", "A00-E11,S30"]] {
        let impact = &json(&world, scope)["impact"];
        let uses = |value: &Value| value["uses"].as_u64().unwrap();
        let severities = impact["severities"].as_array().unwrap();
        let others = ["untouched", "outside", "unknown"].map(|name| uses(&impact[name]));
        let sum: u64 = severities.iter().map(uses).chain(others).sum();
        assert_eq!(sum, uses(&impact["all"]), "{scope:?}: {impact}");
        assert_eq!(sum, 10);
    }
}

// ---- the workbook ----

fn workbook(world: &World, args: &[&str]) -> Xlsx<Cursor<Vec<u8>>> {
    let run = world.run(&[args, &["-o", "report.xlsx"]].concat());
    assert!(run.stderr.contains("written to report.xlsx"), "{run:?}");
    let bytes = std::fs::read(world.path("report.xlsx")).unwrap();
    Xlsx::new(Cursor::new(bytes)).unwrap()
}

fn member(world: &World, name: &str) -> String {
    let file = std::fs::File::open(world.path("report.xlsx")).unwrap();
    let mut archive = zip::ZipArchive::new(file).unwrap();
    let mut text = String::new();
    let mut member = archive.by_name(name).unwrap();
    member.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_workbook_of_a_release_has_a_sheet_a_kind() {
    let world = world();
    let mut book = workbook(&world, &["diff", "FY2025", "FY2026"]);
    let names = book.sheet_names();
    assert_eq!(
        names,
        [
            "Summary",
            "New",
            "Deleted",
            "Became header",
            "Revised",
            "Spacing or punctuation only"
        ]
    );
    let rows = |book: &mut Xlsx<_>, name: &str| book.worksheet_range(name).unwrap().height() - 1;
    assert_eq!(rows(&mut book, "New"), 55);
    assert_eq!(rows(&mut book, "Became header"), 4);
    let revised = book.worksheet_range("Revised").unwrap();
    let first: Vec<String> = revised
        .rows()
        .nth(1)
        .unwrap()
        .iter()
        .map(Data::to_string)
        .collect();
    assert_eq!(first[0], "P09.6");
    assert!(first[3].contains("hearing screening"), "{first:?}");
    let summary = book.worksheet_range("Summary").unwrap();
    let days = summary
        .used_cells()
        .filter(|(.., cell)| matches!(cell, Data::DateTime(_)));
    assert_eq!(days.count(), 3, "two releases, and the day of the report");
    // Changed words are marked: struck through before, bold now.
    let strings = member(&world, "xl/sharedStrings.xml");
    assert!(strings.contains("<strike/>") && strings.contains("<b/>"));
    let sheet = member(&world, "xl/worksheets/sheet2.xml");
    assert!(sheet.contains("ySplit=\"1\"") && sheet.contains("<autoFilter ref=\"A1:"));
}

#[test]
fn a_code_that_looks_like_a_number_is_text_in_the_workbook() {
    let world = World::with_sample();
    let args = [
        "diff",
        "FY2022-04",
        "FY2022-04-errata",
        "--code-set",
        "icd10pcs",
        "--no-dots",
    ];
    let mut book = workbook(&world, &args);
    let mut found = 0;
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).unwrap();
        for row in range.rows().skip(1).filter(|_| name != "Summary") {
            assert!(matches!(row[0], Data::String(_)), "{name}: {row:?}");
            found += 1;
        }
    }
    assert!(found > 0);
}

#[test]
fn the_workbook_of_what_breaks_has_a_sheet_a_severity() {
    let world = world();
    let mut book = workbook(&world, &DIFF);
    assert_eq!(
        book.sheet_names(),
        [
            "Summary",
            "Breaking",
            "Review",
            "Info",
            "In neither release"
        ]
    );
    let breaking = book.worksheet_range("Breaking").unwrap();
    let rows: Vec<Vec<String>> = breaking
        .rows()
        .map(|row| row.iter().map(Data::to_string).collect())
        .collect();
    assert_eq!(rows[0][..4], ["Code", "Uses", "Share of uses", "Change"]);
    assert_eq!(rows[1][..4], ["G35", "2", "0.2", "became header"]);
    assert_eq!(rows.len(), 4);
    let successors = rows[0]
        .iter()
        .position(|name| name == "Replaced by")
        .unwrap();
    assert!(rows[1][successors].contains("G35.A, G35.B0"), "{rows:?}");
}

#[test]
fn the_same_changes_give_the_same_workbook() {
    let world = world();
    let bytes = || {
        workbook(&world, &DIFF);
        std::fs::read(world.path("report.xlsx")).unwrap()
    };
    let first = bytes();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert!(
        first == bytes(),
        "the bytes differ from one second to the next"
    );
    let core = member(&world, "docProps/core.xml");
    assert!(core.contains("T00:00:00Z"), "{core}");
    // The same to a pipe.
    let piped = world
        .command(&[&DIFF[..], &["--format", "xlsx"]].concat())
        .output()
        .unwrap();
    assert!(piped.stdout == first);
}
