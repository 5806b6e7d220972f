//! What `diff` reports: whole outputs, scopes, lists of codes and output files.

use serde_json::Value;

use super::{changed_codes, json, outline, transcript, unknown_order_file};
use crate::world::World;

#[test]
fn a_diff_as_text_is_the_report_of_a_release() {
    let world = World::with_sample();
    let text = transcript(&world, &[&["diff", "FY2025", "FY2026"]]);
    insta::assert_snapshot!("diff_text", text);
}

#[test]
fn a_diff_backwards_and_over_years_is_a_report_too() {
    let world = World::with_sample();
    let text = transcript(
        &world,
        &[
            &["diff", "FY2022-04", "FY2022"],
            &[
                "diff", "FY2016", "FY2026", "--under", "I60", "--under", "M54", "--under", "T46",
            ],
            &["diff", "FY2024", "FY2024-04"],
            &[
                "diff",
                "FY2022-04",
                "FY2022-04-errata",
                "--code-set",
                "icd10pcs",
            ],
        ],
    );
    insta::assert_snapshot!("diff_directions", text);
}

#[test]
fn a_diff_has_the_same_changes_in_markup_csv_and_json() {
    let world = World::with_sample();
    let scope = [
        "--under", "G35", "--under", "P09", "--under", "W44", "--under", "S30.1",
    ];
    let with = |format: &'static str| -> Vec<&str> {
        let mut args = vec!["diff", "FY2025", "FY2026", "--format", format];
        args.extend(scope);
        args
    };
    for (name, format) in [
        ("diff_markdown", "markdown"),
        ("diff_asciidoc", "asciidoc"),
        ("diff_csv", "csv"),
    ] {
        insta::assert_snapshot!(name, transcript(&world, &[&with(format)]));
    }
    let codes = changed_codes(&world.run(&with("csv")));
    let json: serde_json::Value = serde_json::from_str(&world.run(&with("json")).stdout).unwrap();
    let in_json: Vec<&str> = json["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["code_dotted"].as_str().unwrap())
        .collect();
    assert_eq!(in_json, codes);
    for (format, item, end) in [("markdown", "- **", "**"), ("asciidoc", "* *", "*")] {
        let markup = world.run(&with(format)).stdout;
        let in_markup: Vec<&str> = markup
            .lines()
            .filter_map(|line| line.strip_prefix(item)?.split_once(end))
            .map(|(code, _)| code)
            .collect();
        assert_eq!(in_markup, codes, "{format}");
    }
}

/// The changes of a report as JSON, a line each, with the codes that they came from or went to.
fn listed(changes: &Value) -> String {
    let codes = |change: &Value, list: &str| -> Vec<String> {
        let codes = change[list].as_array().into_iter().flatten();
        codes
            .map(|code| code["code_dotted"].as_str().unwrap().to_owned())
            .collect()
    };
    let line = |change: &Value| {
        let mut line = format!("{} {}", change["kind"], change["code_dotted"]).replace('"', "");
        for (list, mark) in [("predecessors", " <- "), ("successors", " -> ")] {
            let codes = codes(change, list);
            if !codes.is_empty() {
                line.push_str(&format!("{mark}{}", codes.join(" ")));
            }
        }
        line
    };
    let changes = changes.as_array().unwrap();
    changes.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_diff_is_told_as_json_with_its_releases_counts_and_changes() {
    let world = World::with_sample();
    let scope = ["--under", "G35", "--under", "P09", "--under", "S30.1,W44"];
    let (exit, diff) = json(
        &world,
        &[&["diff", "FY2025", "FY2026"], &scope[..]].concat(),
    );
    assert_eq!(exit, 0);
    insta::assert_snapshot!(outline(&diff, &["changes"]), @r#"
    cms_counts: {"deleted":4,"explained":"17 new = 17 new billable; 4 deleted = 3 deleted billable + 1 became header; 1 revised = 1 revised","new":17,"revised":1}
    code_set: "icd10cm"
    counts:
      {"all":22,"billable":17,"kind":"new"}
      {"all":3,"billable":3,"kind":"deleted"}
      {"all":1,"billable":0,"kind":"became-header"}
      {"all":0,"billable":0,"kind":"became-billable"}
      {"all":1,"billable":1,"kind":"revised"}
      {"all":0,"billable":0,"kind":"short-title-only"}
      {"all":1,"billable":0,"kind":"spacing-only"}
    new: {"billable":363,"effective_from":"2025-10-01","file":"icd10cm/FY2026/icd10cm_order_2026.txt","provenance":"sample","release":"FY2026","rows":505,"sha256":"28acdbeb85a09b6da53126756240c5b0dce6984165b4df2fe0dc73d6b87e2a80"}
    old: {"billable":328,"effective_from":"2024-10-01","file":"icd10cm/FY2025/icd10cm_order_2025.txt","provenance":"sample","release":"FY2025","rows":453,"sha256":"b804fbcff608bcec6b24607c52b5d5e092681a8fd491b711a7097595cd50a8c0"}
    sample: true
    schema: "codeyear/diff/1"
    under: ["G35-G35","P09-P09","S301-S301","W44-W44"]
    warnings: []
    "#);
    assert!(diff["only"].is_null() && diff["cms_footer"].is_null());
    insta::assert_snapshot!(listed(&diff["changes"]), @"
    became-header G35 -> G35.A G35.B0 G35.B1 G35.B2 G35.C0 G35.C1 G35.C2 G35.D
    new G35.A <- G35
    new G35.B
    new G35.B0 <- G35
    new G35.B1 <- G35
    new G35.B2 <- G35
    new G35.C
    new G35.C0 <- G35
    new G35.C1 <- G35
    new G35.C2 <- G35
    new G35.D <- G35
    revised P09.6
    deleted S30.1XXA -> S30.11XA S30.12XA S30.13XA
    deleted S30.1XXD -> S30.11XD S30.12XD S30.13XD
    deleted S30.1XXS -> S30.11XS S30.12XS S30.13XS
    new S30.11
    new S30.11XA <- S30.1XXA
    new S30.11XD <- S30.1XXD
    new S30.11XS <- S30.1XXS
    new S30.12
    new S30.12XA <- S30.1XXA
    new S30.12XD <- S30.1XXD
    new S30.12XS <- S30.1XXS
    new S30.13
    new S30.13XA <- S30.1XXA
    new S30.13XD <- S30.1XXD
    new S30.13XS <- S30.1XXS
    spacing-only W44.G
    ");
}

#[test]
fn a_change_is_told_as_json_with_both_entries_and_its_lineage() {
    let world = World::with_sample();
    let (_, diff) = json(&world, &["diff", "FY2025", "FY2026"]);
    let change = |code: &str| {
        let mut changes = diff["changes"].as_array().unwrap().iter();
        let found = changes.find(|change| change["code_dotted"] == code);
        found
            .unwrap_or_else(|| panic!("no change of {code}"))
            .clone()
    };
    insta::assert_snapshot!(outline(&change("G35"), &[]), @r#"
    category: "G35"
    category_title: "Multiple sclerosis"
    chapter: "6"
    code: "G35"
    code_dotted: "G35"
    kind: "became-header"
    new: {"billable":false,"code":"G35","code_dotted":"G35","long_title":"Multiple sclerosis","short_title":"Multiple sclerosis"}
    old: {"billable":true,"code":"G35","code_dotted":"G35","long_title":"Multiple sclerosis","short_title":"Multiple sclerosis"}
    split_off: []
    successors: G35.A G35.B0 G35.B1 G35.B2 G35.C0 G35.C1 G35.C2 G35.D
    table: "FY2026"
    title_change: "none"
    "#);
    insta::assert_snapshot!(outline(&change("G35.A"), &["old", "new"]), @r#"
    category: "G35"
    category_title: "Multiple sclerosis"
    chapter: "6"
    code: "G35A"
    code_dotted: "G35.A"
    kind: "new"
    predecessors: G35
    table: "FY2026"
    title_change: "none"
    "#);
    assert!(change("G35.A")["old"].is_null() && change("S30.1XXA")["new"].is_null());
    // Successors and predecessors are told alike.
    let link = &change("S30.1XXA")["successors"][0];
    insta::assert_snapshot!(serde_json::to_string_pretty(link).unwrap(), @r#"
    {
      "code": "S3011XA",
      "code_dotted": "S30.11XA",
      "listed": "billable",
      "steps": [
        {
          "cell": "S30.1XXA",
          "combination": false,
          "effective_from": "2025-10-01",
          "fate": "deleted",
          "named": true,
          "new": "S3011XA",
          "new_listed": "billable",
          "old": "S301XXA",
          "row": 64,
          "table": "FY2026"
        }
      ]
    }
    "#);
    insta::assert_snapshot!(outline(&change("P09.6"), &["old", "new", "marked"]), @r#"
    category: "P09"
    category_title: "Abnormal findings on neonatal screening"
    chapter: "16"
    code: "P096"
    code_dotted: "P09.6"
    kind: "revised"
    title_change: "long"
    "#);
    let marked = change("P09.6")["marked"].take();
    insta::assert_snapshot!(marked["new"], @r#"[{"changed":false,"text":"Abnormal findings on neonatal hearing "},{"changed":true,"text":"screening"}]"#);
    for side in ["old", "new"] {
        let parts = marked[side].as_array().unwrap().iter();
        let text: String = parts.map(|part| part["text"].as_str().unwrap()).collect();
        assert_eq!(text, change("P09.6")[side]["long_title"]);
    }
}

#[test]
fn several_scopes_are_joined_however_they_are_written() {
    let world = World::with_sample();
    let base = ["diff", "FY2016", "FY2026", "--format", "csv", "--under"];
    let run = |rest: &[&str]| changed_codes(&world.run(&[&base[..], rest].concat()));
    let expected = [run(&["M54"]), run(&["Z28"])].concat();
    assert!(expected.iter().any(|code| code == "M54.5"));
    assert!(expected.iter().any(|code| code == "Z28.310"));
    assert_eq!(run(&["M54", "--under", "Z28"]), expected);
    assert_eq!(run(&["M54,Z28"]), expected);
    assert_eq!(
        run(&["Z28", "--under", "m54", "--under", "M54.5"]),
        expected
    );
    let whole = changed_codes(&world.run(&base[..5]));
    let is_under = |code: &&String| code.starts_with("M54") || code.starts_with("Z28");
    let part: Vec<String> = whole.iter().filter(is_under).cloned().collect();
    assert_eq!(part, expected);
    assert_eq!(run(&["A00", "--under", "C76"]), [""; 0], "neither changed");
}

#[test]
fn codes_of_a_list_outside_the_range_are_counted_apart() {
    let world = World::with_sample();
    world.write("mine.csv", "dx1,pid\nG35,1\nM54.50,2\nC7A,3\nS06.1X7D,4\n");
    let args = [
        "diff", "FY2025", "FY2026", "--under", "C7A", "--only", "mine.csv",
    ];
    for column in ["dx1", "DX1", "1"] {
        let run = world.run(&[&args[..], &["--code", column]].concat());
        for (label, number) in [
            ("untouched", 1),
            ("outside the range", 2),
            ("in neither release", 1),
        ] {
            let expected = format!("{label:<20} {number:>8} {number:>12}");
            assert!(run.stdout.contains(&expected), "{column}: {run:?}");
        }
        assert!(run.stdout.contains("S06.1X7D (1)"), "{column}: {run:?}");
    }
    world.write("mine.csv", "dx1\nG35\nM54.50\nC7A\nS06.1X7D\n");
    let run = world.run(&args);
    let expected = "only your 4 codes: 2 outside the range, 0 changed, 1 unchanged, 1 in neither release (S06.1X7D)";
    assert!(run.stdout.contains(expected), "{run:?}");
}

/// A world with two releases whose titles all differ, so that a report lists the whole book.
fn world_with_every_code_reworded() -> World {
    let world = World::empty();
    let old = unknown_order_file(".");
    let new = String::from_utf8(old.clone())
        .unwrap()
        .replace("\r\n", ", reworded\r\n");
    world.write("icd10cm-FY2030.txt", old);
    world.write("icd10cm-FY2031.txt", new);
    let run = world.run(&[
        "import",
        "--allow-incomplete",
        "icd10cm-FY2030.txt",
        "icd10cm-FY2031.txt",
    ]);
    assert_eq!(run.exit, 0, "{}", run.stderr);
    world
}

#[test]
fn a_range_is_in_the_order_of_the_book_and_not_of_letters() {
    let world = world_with_every_code_reworded();
    let categories = |range: &str| -> Vec<String> {
        let args = [
            "diff", "FY2030", "FY2031", "--format", "csv", "--under", range,
        ];
        let mut categories: Vec<String> = changed_codes(&world.run(&args))
            .iter()
            .map(|code| code[..3].to_owned())
            .collect();
        categories.dedup();
        categories
    };
    assert_eq!(categories("C43-C4A"), ["C43", "C4A"]);
    assert_eq!(categories("C43-C44"), ["C43", "C4A", "C44"]);
    assert_eq!(categories("C75-C76"), ["C75", "C7A", "C7B", "C76"]);
    assert_eq!(categories("D36-D37"), ["D36", "D3A", "D37"]);
    assert_eq!(categories("Q99-R51"), ["Q99", "QA0", "R51"]);
    assert_eq!(categories("Z99-U09"), ["Z99", "U07", "U09"]);
    assert_eq!(categories("C76-D36"), ["C76", "D36"]);
    assert_eq!(categories("C7A-C7B"), ["C7A", "C7B"]);
    let below = |range: &str| {
        changed_codes(&world.run(&[
            "diff", "FY2030", "FY2031", "--format", "csv", "--under", range,
        ]))
    };
    assert_eq!(
        below("S06.1X8-S06.1X9"),
        [
            "S06.1X8", "S06.1X8A", "S06.1XA", "S06.1XAA", "S06.1XAD", "S06.1XAS", "S06.1X9",
            "S06.1X9A", "S06.1X9D", "S06.1X9S"
        ],
        "a letter stands before a digit here"
    );
}

#[test]
fn a_code_deleted_just_after_the_end_of_a_range_is_not_in_it() {
    let world = World::with_sample();
    let under = |range: &str| {
        changed_codes(&world.run(&[
            "diff", "FY2016", "FY2020", "--format", "csv", "--under", range,
        ]))
    };
    // In FY2016 S06.1X7D and S06.1X7S follow S06.1X7A, and FY2020 lists neither.
    assert_eq!(under("S06.1X7"), ["S06.1X7D", "S06.1X7S"]);
    assert_eq!(under("S06.1X7A-S06.1X7D"), ["S06.1X7D"]);
    assert_eq!(under("S06.1X0-S06.1X7A"), [""; 0]);
}

#[test]
fn a_list_of_codes_narrows_the_report_and_is_accounted_for() {
    let world = World::with_sample();
    world.write("codes.txt", "G35\nc7b00\r\n M54.50 \n\nQ51.20\nG35\n");
    let run = world.run(&["diff", "FY2025", "FY2026", "--only", "codes.txt"]);
    assert_eq!(run.exit, 1, "G35 became a header");
    let line = "only your 4 codes: 1 changed, 2 unchanged, 1 in neither release (Q51.20)";
    assert!(
        run.stdout.lines().any(|found| found == line),
        "{}",
        run.stdout
    );
    let args = [
        "diff",
        "FY2025",
        "FY2026",
        "--only",
        "codes.txt",
        "--format",
        "csv",
        "--fail-on",
        "never",
    ];
    assert_eq!(changed_codes(&world.run(&args)), ["G35"]);
    let both = [&args[..], &["--under", "M54"]].concat();
    assert_eq!(changed_codes(&world.run(&both)), [""; 0]);
}

#[test]
fn a_column_of_a_claims_file_is_taken_by_name_or_number() {
    let world = World::with_sample();
    let rows = [
        ["claim", "dx 1", "name"],
        ["1", "G35", "Doe, Jane"],
        ["2", "S30.1XXA", "Roe, Rick"],
        ["3", "A000", "Poe, Ann"],
    ];
    for (file, delimiter) in [
        ("claims.csv", b','),
        ("claims.tsv", b'\t'),
        ("claims.txt", b';'),
    ] {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .from_writer(Vec::new());
        rows.iter()
            .for_each(|row| writer.write_record(row).unwrap());
        world.write(file, writer.into_inner().unwrap());
        for column in ["dx 1", "2"] {
            let args = [
                "diff",
                "FY2025",
                "FY2026",
                "--only",
                file,
                "--code",
                column,
                "--format",
                "csv",
                "--fail-on",
                "never",
            ];
            let codes = changed_codes(&world.run(&args));
            assert_eq!(codes[..2], ["G35", "S30.1XXA"], "{file} {column}");
        }
        for column in ["dx", "0", "4", ""] {
            let run = world.run(&["diff", "FY2025", "FY2026", "--only", file, "--code", column]);
            assert_eq!(run.exit, 2, "{file} {column:?}");
            assert!(run.stderr.contains("it has 3 columns"), "{}", run.stderr);
            assert!(
                !run.stderr.contains("Doe") && !run.stderr.contains("claim,"),
                "{}",
                run.stderr
            );
        }
        // Its name says that it has codes.
        let run = world.run(&["diff", "FY2025", "FY2026", "--only", file]);
        let note = "note: columns detected by name: codes in dx 1\n";
        assert_eq!((run.exit, run.stderr.as_str()), (1, note), "{file}");
    }
    // As a spreadsheet writes it: with a mark of the encoding before the first name.
    world.write("marked.csv", "\u{feff}dx,n\r\nG35,1\r\n");
    let args = [
        "diff",
        "FY2025",
        "FY2026",
        "--only",
        "marked.csv",
        "--code",
        "dx",
        "--format",
        "csv",
        "--fail-on",
        "never",
    ];
    assert_eq!(changed_codes(&world.run(&args))[0], "G35");
}

#[test]
fn values_that_are_no_codes_are_counted_and_never_shown() {
    let world = World::with_sample();
    world.write(
        "claims.csv",
        "dx,patient\nG35,Jane Doe\nDOE,Jane\nn/a,1958-03-04\n555-12-3456,x\nD\u{e9}j\u{e0},x\n",
    );
    for format in ["text", "markdown", "html", "csv", "json"] {
        for column in ["dx", "patient"] {
            let args = [
                "diff",
                "FY2025",
                "FY2026",
                "--only",
                "claims.csv",
                "--code",
                column,
                "--format",
                format,
            ];
            let run = world.run(&args);
            let all = format!("{}{}", run.stdout, run.stderr);
            for value in ["Jane", "DOE", "n/a", "1958", "555-12", "D\u{e9}j"] {
                assert!(
                    !all.contains(value),
                    "{value:?} of {column} is shown in {format}"
                );
            }
        }
    }
    let args = [
        "diff",
        "FY2025",
        "FY2026",
        "--only",
        "claims.csv",
        "--code",
        "dx",
        "--format",
        "json",
    ];
    let json: serde_json::Value = serde_json::from_str(&world.run(&args).stdout).unwrap();
    assert_eq!(json["impact"]["all"]["codes"], 1);
    assert_eq!(json["impact"]["no_codes"], 4);
    assert_eq!(
        json["impact"]["unknown"]["in_neither"],
        serde_json::json!([])
    );
}

#[test]
fn the_name_of_the_output_file_chooses_the_format() {
    let world = World::with_sample();
    for (file, format) in [
        ("report.txt", "text"),
        ("report.md", "markdown"),
        ("report.csv", "csv"),
        ("report.json", "json"),
        ("report.HTML", "html"),
    ] {
        let run = world.run(&["diff", "FY2025", "FY2026", "-o", file]);
        assert_eq!((run.exit, run.stdout.as_str()), (0, ""), "{file}");
        assert_eq!(run.stderr, format!("69 changes written to {file}\n"));
        let printed = world
            .run(&["diff", "FY2025", "FY2026", "--format", format])
            .stdout;
        assert_eq!(
            std::fs::read_to_string(world.path(file)).unwrap(),
            printed,
            "{file}"
        );
    }
    let run = world.run(&[
        "diff",
        "FY2025",
        "FY2026",
        "--format",
        "csv",
        "-o",
        "report.odd",
    ]);
    assert_eq!(run.exit, 0);
    assert!(
        std::fs::read_to_string(world.path("report.odd"))
            .unwrap()
            .starts_with("kind,code,")
    );
}
