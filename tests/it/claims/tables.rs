//! CSV and TSV.

use super::{audit, column, rows};
use crate::world::World;

const CLAIMS: &str = "id,patient,dx,dos\n\
    1,P-SECRET,C7B.00,2026-03-01\n\
    2,P-SECRET,c7b,2026-03-01\n\
    3,P-SECRET,M54.5,2021-09-30\n\
    4,P-SECRET,M545,2021-10-01\n\
    5,P-SECRET,M54.50,2021-09-30\n\
    6,P-SECRET,U07.1,2020-03-31\n\
    7,P-SECRET,U07.1,2020-04-01\n\
    8,P-SECRET,C7B.00,2015-09-30\n\
    9,P-SECRET,C7B.00,2027-10-01\n\
    10,P-SECRET,not a code,2026-03-01\n\
    11,P-SECRET,,2026-03-01\n";

#[test]
fn each_row_gets_the_verdict_of_its_own_date() {
    let world = World::with_sample();
    let (run, annotated) = audit(&world, CLAIMS, &["--keep", "id"]);
    assert_eq!(run.exit, 1, "{}", run.stderr);
    assert_eq!(
        rows(&annotated)[0],
        [
            "id",
            "dx",
            "dos",
            "verdict",
            "release",
            "day",
            "use",
            "use_count",
            "use_by",
            "why"
        ]
    );
    assert_eq!(
        column(&annotated, "verdict"),
        [
            "billable",
            "header",
            "billable",
            "header",
            "not-yet-effective",
            "not-yet-effective",
            "billable",
            "not-in-force",
            "not-covered",
            "unknown",
            ""
        ]
    );
    let uses = column(&annotated, "use");
    assert!(uses[1].starts_with("C7B.00 C7B.01"), "{uses:?}");
    assert_eq!(uses[3], "M54.50 M54.51 M54.59");
    assert_eq!(column(&annotated, "use_by")[3], "conversion-table");
    assert_eq!(column(&annotated, "day")[5], "2020-04-01");
    assert!(
        !annotated.contains("SECRET"),
        "only the columns asked for leave"
    );
    assert!(run.stdout.contains("6 of 10 codes"), "{}", run.stdout);
}

#[test]
fn each_way_to_write_a_table_gives_the_same_verdicts() {
    let world = World::with_sample();
    let (_, expected) = audit(&world, CLAIMS, &[]);
    let verdicts = column(&expected, "verdict");
    let us = |text: &str| {
        let lines = text.lines().map(|line| match line.rsplit_once(',') {
            Some((rest, date)) if date.len() == 10 => {
                let parts: Vec<&str> = date.split('-').collect();
                format!("{rest},{}/{}/{}\n", parts[1], parts[2], parts[0])
            }
            _ => format!("{line}\n"),
        });
        lines.collect::<String>()
    };
    let quoted: String = CLAIMS
        .lines()
        .map(|line| {
            let cells: Vec<String> = line.split(',').map(|cell| format!("\"{cell}\"")).collect();
            cells.join(",") + "\r\n"
        })
        .collect();
    for (name, text) in [
        ("tabs", CLAIMS.replace(',', "\t")),
        ("semicolons", CLAIMS.replace(',', ";")),
        ("bars", CLAIMS.replace(',', "|")),
        ("CRLF", CLAIMS.replace('\n', "\r\n")),
        ("CR", CLAIMS.replace('\n', "\r")),
        ("a BOM", format!("\u{feff}{CLAIMS}")),
        ("US dates", us(CLAIMS)),
        ("no dashes", CLAIMS.replace('-', "").replace("PSECRET", "P")),
        ("times", CLAIMS.replace("-01\n", "-01T08:30:00\n")),
        ("quotes", quoted),
        (
            "a quoted line end",
            CLAIMS.replacen("P-SECRET", "\"P\nSECRET, \"\"x\"\"\"", 3),
        ),
        ("no last line end", CLAIMS.trim_end().to_owned()),
        ("blank lines", CLAIMS.replace("\n3,", "\n\n\n3,")),
    ] {
        let (run, annotated) = audit(&world, &text, &[]);
        assert_eq!(
            column(&annotated, "verdict"),
            verdicts,
            "{name}: {}",
            run.stderr
        );
    }
}

#[test]
fn failures_alone_stand_with_their_lines() {
    let world = World::with_sample();
    let text = CLAIMS.replacen("P-SECRET", "\"P\nSECRET\"", 1);
    let (_, annotated) = audit(&world, text, &["--failures"]);
    assert_eq!(column(&annotated, "line")[..2], ["4", "6"]);
    assert!(!column(&annotated, "verdict").contains(&"billable".to_owned()));
}

#[test]
fn several_codes_of_a_row_are_all_judged() {
    let world = World::with_sample();
    let claims =
        "id,dx1,dx2,px1,dos\n1,C7B.00,M54.5,02703DZ,2022-05-01\n2,C7B,,0270X46,2022-05-01\n";
    let file = world.write("claims.csv", claims);
    let output = world.path("out.csv");
    let run = world.run(&[
        "audit",
        file.to_str().unwrap(),
        "--code",
        "dx*,px*=icd10pcs",
        "--date",
        "dos",
        "-o",
        output.to_str().unwrap(),
    ]);
    assert_eq!(run.exit, 1, "{}", run.stderr);
    let annotated = std::fs::read_to_string(output).unwrap();
    assert_eq!(column(&annotated, "dx1_verdict"), ["billable", "header"]);
    assert_eq!(column(&annotated, "dx2_verdict"), ["header", ""]);
    assert_eq!(column(&annotated, "px1_verdict"), ["billable", "unknown"]);
}

#[test]
fn an_inpatient_claim_goes_by_its_discharge() {
    let world = World::with_sample();
    let claims = "dx,dos,admitted,discharged\n\
        M54.5,2021-09-29,2021-09-29,2021-10-02\n\
        M54.5,2021-09-29,,\n\
        M54.5,2021-09-29,2021-09-29,\n\
        M54.5,2021-09-29,2021-10-03,2021-10-02\n";
    let file = world.write("claims.csv", claims);
    let output = world.path("out.csv");
    let run = world.run(&[
        "audit",
        file.to_str().unwrap(),
        "--code=dx",
        "--date=dos",
        "--admit=admitted",
        "--discharge=discharged",
        "-o",
        output.to_str().unwrap(),
    ]);
    assert_eq!(run.exit, 1, "{}", run.stderr);
    let annotated = std::fs::read_to_string(output).unwrap();
    assert_eq!(
        column(&annotated, "verdict"),
        ["header", "billable", "unreadable", "unreadable"]
    );
    assert!(
        run.stdout
            .contains("inpatient claim without a discharge date")
    );
    assert!(run.stdout.contains("discharge before admission"));
}

#[test]
fn charges_are_added_up() {
    let world = World::with_sample();
    let claims =
        "dx,dos,charge\nC7B,2026-03-01,\"$1,200.50\"\nC7B,2026-03-02,10\nC7B.00,2026-03-01,5.5\n";
    let (run, _) = audit(&world, claims, &["--amount", "charge"]);
    assert_eq!(run.exit, 1, "{}", run.stderr);
    assert!(run.stdout.contains("$1,210.50"), "{}", run.stdout);
}

#[test]
fn stdin_and_stdout_and_packed_files_do_as_well() {
    use std::io::Write;
    let world = World::with_sample();
    let (_, expected) = audit(&world, CLAIMS, &[]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(CLAIMS.as_bytes()).unwrap();
    let packed = [
        gzip.finish().unwrap(),
        zstd::encode_all(CLAIMS.as_bytes(), 1).unwrap(),
    ];
    for bytes in packed {
        let (_, annotated) = audit(&world, bytes, &[]);
        assert_eq!(annotated, expected);
    }
    let mut child = world
        .command(&["audit", "-", "--code", "dx", "--date", "dos", "-o", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(CLAIMS.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("results")
    );
}

#[test]
fn the_date_of_service_may_be_called_dos() {
    let world = World::with_sample();
    let (by_date, expected) = audit(&world, CLAIMS, &[]);
    let file = world.path("claims.csv");
    let output = world.path("by-dos.csv");
    let run = world.run(&[
        "audit",
        file.to_str().unwrap(),
        "--code=dx",
        "--dos=dos",
        "-o",
        output.to_str().unwrap(),
    ]);
    assert_eq!(run.exit, by_date.exit, "{run:?}");
    assert_eq!(std::fs::read_to_string(output).unwrap(), expected);
}

#[test]
fn a_file_without_dates_tells_when_it_was_written() {
    let world = World::with_sample();
    let claims = "dx\nM54.50\nM54.50\nC7B.00\nZ28.3\nM54.5\n";
    let file = world.write("claims.csv", claims);
    let run = world.run(&["audit", file.to_str().unwrap(), "--code", "dx", "--infer"]);
    assert_eq!(run.exit, 0, "{}", run.stderr);
    assert!(
        run.stdout
            .starts_with("2021-10-01 to 2022-03-31, ICD-10-CM FY2022\n"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("4 of 5 codes (80%)"), "{}", run.stdout);
    let json = world.run(&[
        "audit",
        file.to_str().unwrap(),
        "--code",
        "dx",
        "--infer",
        "--format",
        "json",
    ]);
    let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(value["windows"][0]["through"], "2022-03-31");
    assert_eq!(value["not_before"][0]["code"], "M5450");
    assert_eq!(value["not_after"][0]["code"], "Z283");
    assert_eq!(value["unexplained"][0]["code"], "M545");
}

#[test]
fn codes_are_found_behind_more_other_texts_than_are_held() {
    let world = World::with_sample();
    let mut text = String::from("dx,n\n");
    for number in 0..500_100 {
        text.push_str(&format!("A{number:06},1\n"));
    }
    text.push_str("M54.50,1\n");
    world.write("garbage.csv", text);
    let run = world.run(&["audit", "garbage.csv", "--code", "dx", "--infer"]);
    assert!(
        run.stdout.contains("1 of 500,101 codes"),
        "{}{}",
        run.stdout,
        run.stderr
    );
    // A diff needs them all, and says that it is the wrong column.
    let run = world.run(&["diff", "FY2021", "FY2022", "--only", "garbage.csv"]);
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(
        run.stderr.contains("more than 500000 different values"),
        "{run:?}"
    );
}

#[test]
fn one_thread_and_many_write_the_same() {
    let world = World::with_sample();
    let mut text = String::from("id,dx,dos\n");
    for number in 0..40_000 {
        let (code, quote) = match number % 5 {
            0 => ("C7B", ""),
            1 => ("M54.5", ""),
            2 => ("G35", "\""),
            _ => ("C7B.00", ""),
        };
        text.push_str(&format!(
            "{number},{quote}{code}{quote},20{:02}-0{}-15\n",
            16 + number % 10,
            1 + number % 9
        ));
    }
    let (one, first) = audit(&world, &text, &["--threads", "1"]);
    let (many, second) = audit(&world, &text, &["--threads", "7"]);
    assert_eq!(first, second);
    assert_eq!(one.stdout, many.stdout);
    assert_eq!(first.lines().count(), 40_001);
}

#[test]
fn the_summary_is_the_same_report_in_each_format_that_is_named() {
    let world = World::with_sample();
    let names = ["summary.txt", "summary.md", "summary.adoc"];
    let more: Vec<&str> = names.iter().flat_map(|name| ["--report", name]).collect();
    let (run, _) = audit(&world, CLAIMS, &more);
    let read = |name: &str| std::fs::read_to_string(world.path(name)).unwrap();
    assert_eq!(read("summary.txt"), run.stdout);
    insta::assert_snapshot!("summary_markdown", read("summary.md"));
    for code in ["C7B", "M54.5", "M54.50", "U07.1", "C7B.00"] {
        assert!(
            read("summary.adoc").contains(&format!("|{code} |")),
            "{code}"
        );
    }
    for name in names {
        assert!(!read(name).contains("SECRET"), "{name}");
    }
}
