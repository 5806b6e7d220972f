//! Several files in one run, workbooks, files of fixed widths, chosen columns, and what is named for what it is.

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use super::column;
use crate::world::{Run, World, shown};

/// Audits a file with the columns `dx` and `dos`.
fn audit_of(world: &World, file: &str, rest: &[&str]) -> Run {
    world.run(&[&["audit", file, "--code=dx", "--date=dos"], rest].concat())
}

const TABLE: &str = "id,dx,dos\n1,C7B,2026-03-01\n2,C7B.00,2026-03-01\n";

#[test]
fn files_of_a_folder_are_audited_in_one_run_and_one_that_cannot_be_read_is_named() {
    let world = World::with_sample();
    world.write("claims/a.csv", TABLE);
    world.write("claims/more/b.csv", TABLE);
    world.write("claims/more/notes.txt", "SECRET\nof a person\n");
    world.write("claims/.hidden.csv", TABLE);
    let run = audit_of(&world, "claims", &["-o=all.csv", "--keep=id"]);
    assert_eq!(run.exit, 1, "{}", run.stderr);
    assert!(run.stdout.contains("2 of 4 codes"), "{}", run.stdout);
    assert!(
        run.stdout.contains("2 of 4 rows (50%) would be rejected"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains(&shown("claims/more/notes.txt: there is no column")),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("SECRET"), "{}", run.stdout);
    let all = std::fs::read_to_string(world.path("all.csv")).unwrap();
    assert_eq!(
        column(&all, "file"),
        [
            "claims/a.csv",
            "claims/a.csv",
            "claims/more/b.csv",
            "claims/more/b.csv"
        ]
        .map(shown)
    );
    assert_eq!(
        column(&all, "verdict"),
        ["header", "billable", "header", "billable"]
    );
    // What one thread and many give of several files is the same.
    let names = ["claims/a.csv", "claims/more/b.csv"];
    let one = world.run(
        &[
            &["audit"],
            &names[..],
            &["--code=dx", "--date=dos", "--threads=1"],
        ]
        .concat(),
    );
    let many = world.run(
        &[
            &["audit"],
            &names[..],
            &["--code=dx", "--date=dos", "--threads=3"],
        ]
        .concat(),
    );
    assert_eq!(one.stdout, many.stdout);
    assert_eq!(one.exit, 1);
}

#[test]
fn what_would_be_written_of_several_files_has_the_same_columns() {
    let world = World::with_sample();
    world.write("a.csv", TABLE);
    world.write("b.csv", TABLE.replace("id,", "other,"));
    let keep = [
        "audit",
        "a.csv",
        "b.csv",
        "--code=dx",
        "--date=dos",
        "-o=all.csv",
        "--keep=all",
    ];
    let run = world.run(&keep);
    assert!(
        run.stdout
            .contains("b.csv: the columns that would be written"),
        "{}",
        run.stdout
    );
    assert_eq!(run.exit, 1);
}

#[test]
fn only_the_columns_that_are_chosen_are_written_in_every_form() {
    let world = World::with_sample();
    world.write("a.csv", TABLE);
    let chosen = "--columns=verdict,use_count";
    let run = audit_of(&world, "a.csv", &["-o=o.csv", chosen]);
    assert_eq!(run.exit, 1, "{}", run.stderr);
    let written = std::fs::read_to_string(world.path("o.csv")).unwrap();
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(lines[0], "dx,dos,verdict,use_count");
    assert!(lines[1].starts_with("C7B,2026-03-01,header,"), "{written}");
    assert_eq!(lines[2], "C7B.00,2026-03-01,billable,");
    let run = audit_of(&world, "a.csv", &["-o=o.csv", "--columns=odd"]);
    assert_eq!(run.exit, 2);
    world.write("c.ndjson", "{\"dx\":\"C7B\",\"dos\":\"2026-03-01\"}\n");
    audit_of(&world, "c.ndjson", &["-o=o.ndjson", "--columns=verdict"]);
    let written = std::fs::read_to_string(world.path("o.ndjson")).unwrap();
    assert!(written.ends_with("\"codeyear\":[{\"field\":\"dx\",\"code\":\"C7B\",\"date\":\"2026-03-01\",\"verdict\":\"header\"}]}\n"), "{written}");
}

#[test]
fn a_workbook_is_read_by_its_first_sheet_with_the_columns() {
    let world = World::with_sample();
    let mut workbook = Workbook::new();
    workbook
        .add_worksheet()
        .write(0, 0, "A title, SECRET")
        .unwrap();
    let sheet = workbook.add_worksheet();
    let day = Format::new().set_num_format("yyyy-mm-dd");
    for (at, name) in ["name", "dx", "dos"].into_iter().enumerate() {
        sheet.write(0, u16::try_from(at).unwrap(), name).unwrap();
    }
    sheet.write(1, 0, "SECRET").unwrap();
    sheet.write(1, 1, "C7B").unwrap();
    let date = ExcelDateTime::from_ymd(2026, 3, 1).unwrap();
    sheet.write_datetime_with_format(1, 2, &date, &day).unwrap();
    sheet.write(2, 1, "C7B.00").unwrap();
    sheet.write(2, 2, "03/01/2026").unwrap();
    sheet.write(3, 1, "C7B.00").unwrap();
    world.write("claims.xlsx", workbook.save_to_buffer().unwrap());
    let run = audit_of(&world, "claims.xlsx", &["-o=o.csv"]);
    assert_eq!(run.exit, 1, "{}", run.stderr);
    assert!(run.stdout.contains("1 of 2 codes"), "{}", run.stdout);
    assert!(run.stdout.contains("row 4: dos: no date"), "{}", run.stdout);
    let written = std::fs::read_to_string(world.path("o.csv")).unwrap();
    assert_eq!(
        column(&written, "verdict"),
        ["header", "billable", "unreadable"]
    );
    assert!(!written.contains("SECRET") && !run.stdout.contains("SECRET"));
    let run = world.run(&["audit", "claims.xlsx", "--code=nope", "--date=dos"]);
    assert_eq!(run.exit, 2);
    assert!(!run.stderr.contains("SECRET"), "{}", run.stderr);
}

#[test]
fn a_workbook_whose_first_row_is_a_claim_is_refused_as_a_table_of_text_is() {
    let world = World::with_sample();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, code) in ["G35", "C7B.00"].into_iter().enumerate() {
        sheet.write(row as u32, 0, code).unwrap();
    }
    world.write("bare.xlsx", workbook.save_to_buffer().unwrap());
    world.write("bare.csv", "G35\nC7B.00\n");
    for file in ["bare.xlsx", "bare.csv"] {
        let run = world.run(&["audit", file, "--code=1", "--on=2026-03-01"]);
        assert_eq!(run.exit, 2, "{file}: {run:?}");
        assert!(run.stderr.contains("the first line is a claim"), "{run:?}");
    }
}

#[test]
fn a_file_of_fixed_widths_is_read_by_a_layout() {
    let world = World::with_sample();
    world.write(
        "layout.toml",
        "name = \"ours\"\ncodes = [\"dx\"]\nfrom = \"dos\"\nfields = [\n\
         { name = \"name\", start = 1, end = 6 },\n{ name = \"dx\", start = 7, end = 13 },\n{ name = \"dos\", start = 14, end = 21 }]\n",
    );
    world.write(
        "claims.txt",
        "SECRETC7B    20260301\nSECRETC7B00  20260301\r\n\nSECRET\n",
    );
    let run = world.run(&["audit", "claims.txt", "--layout=layout.toml", "-o=o.csv"]);
    assert_eq!(run.exit, 1, "{}", run.stderr);
    assert!(run.stdout.contains("1 of 2 codes"), "{}", run.stdout);
    let written = std::fs::read_to_string(world.path("o.csv")).unwrap();
    assert_eq!(column(&written, "verdict"), ["header", "billable", ""]);
    assert_eq!(
        column(&written, "judged_on"),
        ["2026-03-01", "2026-03-01", ""]
    );
    assert!(!written.contains("SECRET"), "{written}");
    let run = world.run(&["audit", "claims.txt", "--layout=nope"]);
    assert!(
        run.stderr.contains("cclf1, cclf3, cclf4, cclf5"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_is_no_claims_file_is_named_for_what_it_is() {
    let world = World::with_sample();
    for (text, part) in [
        ("<!DOCTYPE html><html>SECRET", "a web page"),
        ("<Bundle xmlns=\"http://hl7.org/fhir\">SECRET", "XML"),
        ("%PDF-1.7 SECRET", "a PDF"),
        ("[{\"dx\":\"SECRET\"}]", "a JSON array"),
        ("GS*HC*SECRET*X*20260301*1*X~ST*837*1~", "X12 without"),
        ("ST*837*0001*SECRET~", "X12 without"),
        ("PK\u{3}\u{4}SECRET", "not a workbook"),
        (
            "Claims of SECRET\nid,dx,dos\n1,C7B,2026-03-01\n",
            "there is no column",
        ),
    ] {
        world.write("claims", text);
        let run = audit_of(&world, "claims", &[]);
        assert_eq!(run.exit, 2, "{text}");
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
        assert!(
            run.stderr.contains("hint:") && !run.stderr.contains("SECRET"),
            "{}",
            run.stderr
        );
    }
    let title = audit_of(&world, "claims", &[]);
    assert!(title.stderr.contains("is it a title?"), "{}", title.stderr);
    world.write("claims", "sep=;\nid;dx;dos\n1;C7B;2026-03-01\n");
    let run = audit_of(&world, "claims", &[]);
    assert_eq!(run.exit, 1, "{}", run.stderr);
}

#[test]
fn the_changes_of_a_release_are_weighed_by_claims_of_any_format() {
    let world = World::with_sample();
    let fhir = r#"{"resourceType":"Condition","recordedDate":"2021-10-05","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"M54.5"}]}}"#;
    world.write("claims.ndjson", fhir);
    world.write("lines.ndjson", "{\"dx\":[\"M545\"]}\n");
    world.write("claims.csv", "dx,set\nM545,10\nM545,9\n");
    for rest in [
        &["--only=claims.ndjson"][..],
        &["--only=lines.ndjson", "--code=dx"],
        &["--only=lines.ndjson"],
        &["--only=claims.csv", "--code=dx", "--code-set-by=set"],
    ] {
        let run = world.run(&[&["diff", "FY2021", "FY2022"], rest].concat());
        assert!(
            run.stdout.contains("1 use of 1 code"),
            "{rest:?}: {}{}",
            run.stdout,
            run.stderr
        );
        assert_eq!(run.exit, 1, "{rest:?}: {}", run.stderr);
    }
    world.write("other.ndjson", "{\"what\":\"M545\"}\n");
    let run = world.run(&["diff", "FY2021", "FY2022", "--only=other.ndjson"]);
    assert_eq!(run.exit, 2);
    assert!(
        run.stderr.contains("no column name suggests codes"),
        "{}",
        run.stderr
    );
}

#[test]
fn which_poa_indicator_is_of_which_code_is_said_and_refused_where_it_is_not_clear() {
    let world = World::with_sample();
    world.write(
        "a.csv",
        "dx1,dx2,dx2_poa,dx1_poa,dos\nC7B.00,Z79.85,,Y,2026-03-01\n",
    );
    world.write(
        "a.ndjson",
        "{\"dx1\":\"C7B.00\",\"dx1_poa\":\"Y\",\"dos\":\"2026-03-01\"}\n",
    );
    let ask = |file: &str, poa: &str| {
        world.run(&["audit", file, "--code=dx1", "--code=dx2", "--date=dos", poa])
    };
    let by_name = ask("a.csv", "--poa=dx*_poa").stdout;
    assert!(
        by_name.contains("POA indicators: dx1_poa of dx1, dx2_poa of dx2"),
        "{by_name}"
    );
    assert!(!by_name.contains("exempt"), "{by_name}");
    let one = ask("a.csv", "--poa=dx2_poa").stdout;
    assert!(one.contains("none of dx1, dx2_poa of dx2"), "{one}");
    let unclear = ask("a.csv", "--poa=dos");
    assert!(
        unclear.stderr.contains("cannot pair the 1 columns"),
        "{unclear:?}"
    );
    let objects = ask("a.ndjson", "--poa=dx1_poa");
    assert_eq!(objects.exit, 2, "{objects:?}");
    assert!(
        objects.stderr.contains("not read from objects"),
        "{objects:?}"
    );
}

#[test]
fn a_poa_indicator_is_compared_with_the_list_of_the_day_and_changes_no_verdict() {
    let world = World::with_sample();
    // The sample lists Z79.85 as exempt, and C7B.00 not.
    world.write(
        "a.csv",
        "dx1,dx2,p1,p2,dos\nC7B.00,C7B.00,Y,1,2026-03-01\nC7B.00,,Q,,2026-03-01\n",
    );
    let run = world.run(&[
        "audit",
        "a.csv",
        "--code=dx1,dx2",
        "--date=dos",
        "--poa=p1,p2",
    ]);
    assert_eq!(run.exit, 0, "{}{}", run.stdout, run.stderr);
    for part in [
        "a POA indicator other than Y, N, U, W or 1",
        "a POA indicator of exempt for a code that is not exempt on its date",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    let many = world.run(&["audit", "a.csv", "--code=dx1", "--date=dos", "--poa=p1,p2"]);
    assert_eq!(many.exit, 2);
}

#[test]
fn a_file_that_is_audited_is_never_written_over() {
    let world = World::with_sample();
    world.write("claims.csv", TABLE);
    world.write("more/b.csv", TABLE);
    for args in [
        vec!["claims.csv", "-o", "./claims.csv"],
        vec!["claims.csv", "more", "-o", "more/b.csv"],
        vec!["claims.csv", "--report", "claims.csv"],
    ] {
        let run = world.run(&[&["audit", "--code=dx", "--date=dos"], &args[..]].concat());
        assert_eq!(run.exit, 2, "{args:?}: {}", run.stdout);
    }
    for file in ["claims.csv", "more/b.csv"] {
        let kept = std::fs::read_to_string(world.path(file)).unwrap();
        assert_eq!(kept, TABLE, "{file}");
    }
}

#[test]
fn files_of_which_none_can_be_read_are_an_error_and_with_strict_the_first_is() {
    let world = World::with_sample();
    world.write("a.csv", TABLE);
    world.write("b.csv", "x,y\n1,2\n");
    let run = world.run(&["audit", "b.csv", "b.csv", "--code=dx", "--date=dos"]);
    assert_eq!(run.exit, 2);
    assert!(run.stderr.contains("there is no column"), "{}", run.stderr);
    let strict = ["audit", "a.csv", "b.csv", "--code=dx", "--date=dos"];
    let run = world.run(&[&strict[..], &["--strict"]].concat());
    assert_eq!(run.exit, 2);
    assert!(run.stderr.contains("b.csv"), "{}", run.stderr);
    assert_eq!(world.run(&strict).exit, 1);
}

#[test]
fn a_cell_far_off_takes_no_memory_and_hides_no_row() {
    let world = World::with_sample();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, cells) in [["dx", "dos"], ["C7B", "2026-03-01"]].iter().enumerate() {
        for (at, cell) in cells.iter().enumerate() {
            let (row, at) = (u32::try_from(row).unwrap(), u16::try_from(at).unwrap());
            sheet.write(row, at, *cell).unwrap();
        }
    }
    sheet.write(1_048_575, 16_383, "SECRET").unwrap();
    world.write("claims.xlsx", workbook.save_to_buffer().unwrap());
    let run = audit_of(&world, "claims.xlsx", &[]);
    assert_eq!(run.exit, 1, "{}", run.stderr);
    assert!(run.stdout.contains("1 of 1 code"), "{}", run.stdout);
    assert!(run.stdout.contains("row 1048576"), "{}", run.stdout);
    assert!(!run.stdout.contains("SECRET"));
}

/// A workbook of sheets with columns `dx` and `dos`.
fn workbook_of(rows: &[&[(&str, &str)]]) -> Workbook {
    let mut workbook = Workbook::new();
    for rows in rows {
        let sheet = workbook.add_worksheet();
        for (at, (code, day)) in [("dx", "dos")].iter().chain(*rows).enumerate() {
            let at = u32::try_from(at).unwrap();
            sheet.write(at, 0, *code).unwrap();
            sheet.write(at, 1, *day).unwrap();
        }
    }
    workbook
}

#[test]
fn codes_of_a_sheet_that_is_not_read_are_counted() {
    let world = World::with_sample();
    let good: &[(&str, &str)] = &[("C7B.00", "2026-03-01")];
    let more: &[(&str, &str)] = &[("C7B", "2026-03-01"), ("NULL", "2026-03-01")];
    for (rows, exit, unread) in [(vec![good], 0, 0), (vec![good, more], 2, 1)] {
        let workbook = workbook_of(&rows).save_to_buffer().unwrap();
        world.write("claims.xlsx", workbook);
        let run = audit_of(&world, "claims.xlsx", &["--format=json"]);
        assert_eq!(run.exit, exit, "{run:?}");
        let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(json["not_judged"], unread, "{}", run.stdout);
    }
}

#[test]
fn a_file_of_days_that_no_release_governs_says_that_nothing_was_judged() {
    let world = World::with_sample();
    world.write("claims.csv", "dx,dos\nC7B.00,2018-03-01\nC7B,2018-03-02\n");
    let run = audit_of(&world, "claims.csv", &["--report=r.md"]);
    assert_eq!(run.exit, 2, "{run:?}");
    let said = "nothing was checked: no release loaded for the dates of the 2 codes, in 2 rows";
    assert!(run.stdout.contains(said), "{}", run.stdout);
    let report = std::fs::read_to_string(world.path("r.md")).unwrap();
    assert!(report.starts_with("# Nothing was checked\n"), "{report}");
}

#[test]
fn a_code_of_a_code_set_that_ended_is_not_read_without_its_day() {
    let world = World::with_sample();
    for day in ["", "2021-13-05", "2021-02-30", "NULL"] {
        let table = format!("dx,set,dos\n4019,9,{day}\nC7B.00,10,2026-03-01\n99213,CPT,{day}\n");
        world.write("claims.csv", table);
        let run = audit_of(&world, "claims.csv", &["--code-set-by=set"]);
        assert_eq!(run.exit, 2, "{day}: {run:?}");
        assert!(!run.stdout.contains("ICD-9-CM"), "{day}: {}", run.stdout);
        assert!(run.stdout.contains("1 of CPT"), "{day}: {}", run.stdout);
    }
    world.write(
        "claims.csv",
        "dx,set,dos\n4019,9,2014-03-01\nC7B.00,10,2026-03-01\n",
    );
    let args = [
        "audit",
        "claims.csv",
        "--code=dx",
        "--date=dos",
        "--code-set-by=set",
    ];
    assert_eq!(world.run(&args).exit, 0);
}

#[test]
fn codes_of_a_row_that_cannot_be_told_apart_are_counted() {
    let world = World::with_sample();
    world.write("claims.csv", "dx,dos,id\nC7B.00,2026-03-01,1\nC7B\nNULL\n");
    let run = audit_of(&world, "claims.csv", &["--format=json"]);
    assert_eq!(run.exit, 2, "{run:?}");
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["not_judged"], 1, "{}", run.stdout);
}

#[test]
fn a_claim_counts_once_with_the_conditions_that_it_points_to() {
    let world = World::with_sample();
    let claim = |id: &str, code: &str, dollars: u32| {
        format!(
            r#"{{"resourceType":"Claim","id":"{id}","billablePeriod":{{"start":"2026-03-01","end":"2026-03-01"}},"diagnosis":[{{"sequence":1,"diagnosisCodeableConcept":{{"coding":[{{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"{code}"}}]}}}},{{"sequence":2,"diagnosisReference":{{"reference":"Condition/d{id}"}}}}],"total":{{"value":{dollars},"currency":"USD"}}}}"#
        )
    };
    let condition = |id: &str, code: &str| {
        format!(
            r#"{{"resourceType":"Condition","id":"d{id}","code":{{"coding":[{{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"{code}"}}]}}}}"#
        )
    };
    // a fails by its own code and by its condition, b by its condition alone, c by none.
    let lines = [
        claim("a", "C7B", 100),
        condition("b", "M54.5"),
        claim("b", "C7B.00", 50),
        claim("c", "C7B.00", 7),
        condition("a", "M54.5"),
        condition("c", "M54.50"),
    ];
    world.write("claims.ndjson", lines.join("\n"));
    let json = world.run(&["audit", "claims.ndjson", "--amount=total", "--format=json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let failures = json["failures"].as_array().unwrap();
    let rejects: u64 = failures
        .iter()
        .map(|one| one["rejected"].as_u64().unwrap())
        .sum();
    assert_eq!((&json["rejected"], rejects), (&2.into(), 2), "{json}");
    let run = world.run(&["audit", "claims.ndjson", "--amount=total"]);
    assert_eq!(run.exit, 1, "{run:?}");
    assert!(run.stdout.contains("2 of 3 rows"), "{}", run.stdout);
    assert!(run.stdout.contains("$150.00"), "{}", run.stdout);
}

#[test]
fn a_chart_beside_the_claims_is_passed_over() {
    let world = World::with_sample();
    let mut workbook = workbook_of(&[&[("C7B.00", "2026-03-01")]]);
    let mut chart = rust_xlsxwriter::Chart::new(rust_xlsxwriter::ChartType::Column);
    chart.add_series().set_values("Sheet1!$A$2:$A$2");
    workbook
        .add_chartsheet()
        .insert_chart(0, 0, &chart)
        .unwrap();
    world.write("claims.xlsx", workbook.save_to_buffer().unwrap());
    let run = audit_of(&world, "claims.xlsx", &[]);
    assert_eq!(run.exit, 0, "{run:?}");
}

#[test]
fn what_stands_around_a_code_does_not_rest_on_how_it_was_labelled_before() {
    let world = World::with_sample();
    let found = |labels: [&str; 2]| {
        let rows = labels.map(|label| format!("27034Z,{label},2022-05-01\n"));
        world.write("claims.csv", format!("dx,set,dos\n{}", rows.concat()));
        let rest = [
            "--code-set-by=set",
            "--clean-codes",
            "--threads=1",
            "-o=o.csv",
        ];
        let run = audit_of(&world, "claims.csv", &rest);
        assert!(run.exit < 2, "{run:?}");
        let written = std::fs::read_to_string(world.path("o.csv")).unwrap();
        let verdicts = column(&written, "verdict");
        [verdicts[0].to_owned(), verdicts[1].to_owned()]
    };
    // Where the set is stated, the zeros that a workbook took away are put back.
    let [open, stated] = found(["10", "ICD-10-PCS"]);
    assert_eq!([open.as_str(), stated.as_str()], ["unknown", "billable"]);
    assert_eq!(found(["ICD-10-PCS", "10"]), [stated, open]);
}

#[test]
fn columns_that_nobody_names_are_detected_by_their_names_and_reported() {
    let world = World::with_sample();
    world.write(
        "claims.csv",
        "patient,dx1,dx2,service_date\n1,C7B,I10,2026-01-02\n",
    );
    let run = world.run(&["audit", "claims.csv"]);
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(
        said.contains("columns detected by name: codes in dx1, dx2; dates in service_date"),
        "{said}"
    );
    assert_eq!(run.exit, 1, "{said}");
    // What is named is not guessed beside.
    let named = world.run(&["audit", "claims.csv", "--code=dx2"]);
    let said = format!("{}{}", named.stdout, named.stderr);
    assert!(
        said.contains("columns detected by name: dates in service_date"),
        "{said}"
    );
    world.write("other.csv", "a,b\nC7B,2026-01-02\n");
    for (rest, message, hint) in [
        (&[][..], "no column name suggests codes", "--code dx1"),
        (
            &["--code=a"],
            "no column name suggests a date of service",
            "--date service_date",
        ),
    ] {
        let run = world.run(&[&["audit", "other.csv"], rest].concat());
        assert_eq!(run.exit, 2, "{rest:?}");
        assert!(run.stderr.contains(message), "{}", run.stderr);
        assert!(run.stderr.contains(hint), "{}", run.stderr);
    }
    // A first line that is a claim is no header, and nothing of it is shown.
    world.write(
        "claim.csv",
        "Jane Doe,Diagnosis discussed with Jane Doe,C7B,2026-01-02\n",
    );
    let run = world.run(&["audit", "claim.csv", "--on", "2026-01-02"]);
    assert_eq!(run.exit, 2);
    assert!(
        run.stderr.contains("a claim, not a header"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("Jane"), "{}", run.stderr);
}
