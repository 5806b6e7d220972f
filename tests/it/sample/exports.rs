//! `codeyear export` on the sample: what is written, where to, and what is refused.

use std::collections::BTreeSet;

use codeyear::answer;
use codeyear::ingest::import;
use codeyear::model::CodeSet;
use codeyear::store::Store;
use sha2::{Digest, Sha256};

use super::{sample_bytes, sample_folder, transcript};
use crate::world::{World, options};

fn lines_with(text: &str, words: &[&str]) -> String {
    let mut lines = text.lines();
    let head = lines.next().unwrap().to_owned();
    let found = lines.filter(|line| words.iter().any(|word| line.contains(word)));
    [head]
        .into_iter()
        .chain(found.map(str::to_owned))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn spans_have_true_dates_releases_and_successors() {
    let world = World::with_sample();
    let run = world.run(&["export", "spans"]);
    assert_eq!(run.exit, 0);
    assert!(run.stderr.contains("the bundled sample"), "{run:?}");
    let of = [
        ",M54.5,",
        ",M54.50,",
        ",U07.1,",
        ",S30.1XXA,",
        ",Z28.3,",
        ",02703DZ,",
        ",G35,",
    ];
    insta::assert_snapshot!("spans", lines_with(&run.stdout, &of));
    let ndjson = world.run(&[
        "export",
        "spans",
        "--format",
        "ndjson",
        "--code-set",
        "icd10cm",
    ]);
    assert!(!ndjson.stdout.contains("icd10pcs"));
    let of = ["\"M54.5\"", "\"U07.1\""];
    insta::assert_snapshot!("spans_ndjson", lines_with(&ndjson.stdout, &of));
}

#[test]
fn periods_say_which_days_a_release_governs() {
    let world = World::with_sample();
    let text = transcript(
        &world,
        &[
            &["export", "periods"],
            &[
                "export",
                "periods",
                "--format",
                "ndjson",
                "--code-set",
                "icd10pcs",
            ],
        ],
    );
    insta::assert_snapshot!("periods", text);
}

#[test]
fn findings_are_what_an_audit_writes_of_each_code_by_day() {
    let world = World::with_sample();
    let run = world.run(&["export", "findings"]);
    assert_eq!(run.exit, 0);
    assert!(run.stderr.contains("the bundled sample"), "{run:?}");
    let of = [
        ",M54.5,",
        ",U07.1,",
        ",S30.1XXA,",
        ",Z28.3,",
        ",O40.1X,",
        "icd10cm,,,,",
        "icd10cm,,,2016",
        ",C7B,",
    ];
    insta::assert_snapshot!("findings", lines_with(&run.stdout, &of));
    let ndjson = world.run(&[
        "export",
        "findings",
        "--format",
        "ndjson",
        "--code-set",
        "icd10cm",
    ]);
    assert!(!ndjson.stdout.contains("icd10pcs"));
    assert!(
        ndjson
            .stdout
            .contains("\"use\":\"M54.50 M54.51 M54.59\",\"use_count\":3,"),
        "{ndjson:?}"
    );
}

#[test]
fn labels_say_which_code_set_each_spelling_means() {
    let world = World::with_sample();
    let run = world.run(&["export", "labels"]);
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""), "{run:?}");
    for row in [
        "ICD10CM,icd10cm,,",
        "10,icd10cm icd10pcs,,",
        "ICD9CM,,ICD-9-CM,2015-09-30",
        "hl7.org/fhir/sid/icd-10-cm,icd10cm,,",
        "CPT,,CPT,",
    ] {
        assert!(run.stdout.lines().any(|line| line == row), "{row}");
    }
    let file = world.run(&["export", "labels", "-o", "labels.ndjson"]);
    assert!(
        file.stderr.contains("labels written to labels.ndjson"),
        "{file:?}"
    );
}

#[test]
fn an_export_that_cannot_be_made_says_what_to_do() {
    let world = World::with_sample();
    world.write("cm.csv", "kept");
    let text = transcript(
        &world,
        &[
            &["export"],
            &["export", "spans", "--format", "xlsx"],
            &["export", "spans", "-o", "spans.xlsx"],
            &["export", "spans", "--code-set", "hcpcs"],
            &["export", "spans", "-o", "nowhere/spans.csv"],
            &["export", "order"],
            &["export", "order", "--release", "FY2023"],
            &["export", "ohdsi"],
            &["export", "ohdsi", "-o", "cm.csv"],
            &["--db", "nowhere.db", "export", "spans"],
        ],
    );
    assert_eq!(text.matches("exit 2\n").count(), 10, "{text}");
    insta::assert_snapshot!("wrong_exports", text);
    assert_eq!(
        std::fs::read_to_string(world.path("cm.csv")).unwrap(),
        "kept"
    );
}

#[test]
fn a_code_set_without_releases_is_not_an_empty_table() {
    let world = World::empty();
    let folder = sample_folder().join("icd10cm/FY2026");
    assert_eq!(
        world
            .run(&["import", "--allow-incomplete", folder.to_str().unwrap()])
            .exit,
        0
    );
    let run = world.run(&["export", "spans", "--code-set", "icd10pcs"]);
    assert_eq!((run.exit, run.stdout.as_str()), (2, ""), "{run:?}");
    assert!(
        run.stderr.contains("no ICD-10-PCS release is loaded"),
        "{run:?}"
    );
}

#[test]
fn the_name_of_the_file_tells_the_format_and_a_failed_export_leaves_nothing() {
    let world = World::with_sample();
    for (name, begins) in [
        ("a.csv", &b"code_set,"[..]),
        ("a", b"code_set,"),
        ("a.NDJSON", b"{\"code_set\":"),
        ("a.jsonl", b"{\"code_set\":"),
        #[cfg(feature = "parquet")]
        ("a.parquet", b"PAR1"),
    ] {
        for table in ["spans", "periods", "findings"] {
            let run = world.run(&["export", table, "-o", name]);
            assert_eq!((run.exit, run.stdout.as_str()), (0, ""), "{run:?}");
            assert!(
                run.stderr.contains(&format!("{table} written to {name}")),
                "{run:?}"
            );
            assert!(
                std::fs::read(world.path(name)).unwrap().starts_with(begins),
                "{name}"
            );
        }
    }
    // What is said beats what the name tells.
    assert_eq!(
        world
            .run(&["export", "periods", "--format", "csv", "-o", "b.ndjson"])
            .exit,
        0
    );
    assert!(
        std::fs::read(world.path("b.ndjson"))
            .unwrap()
            .starts_with(b"code_set,")
    );
    let left: Vec<String> = std::fs::read_dir(world.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".part"))
        .collect();
    assert_eq!(left, [""; 0]);
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_program_without_parquet_says_how_to_get_it() {
    let world = World::with_sample();
    let run = world.run(&["export", "spans", "-o", "spans.parquet"]);
    assert_eq!(run.exit, 2);
    assert!(
        run.stderr
            .contains("hint: build it with the feature parquet"),
        "{run:?}"
    );
    assert!(!world.path("spans.parquet").exists());
}

#[test]
fn an_export_into_a_pipe_that_closes_early_or_a_full_disk_ends_well() {
    let world = World::with_sample();
    let run = world.run(&["export", "spans", "-o", "/dev/full"]);
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(
        run.stderr.contains("/dev/full") && run.stderr.contains("hint: "),
        "{run:?}"
    );
    for format in ["csv", "ndjson"] {
        let mut child = world
            .command(&["export", "spans", "--format", format])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        // Not whole, which is the exit code's to say: nobody is left to read a message.
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(
            !String::from_utf8_lossy(&output.stderr).contains("error"),
            "{output:?}"
        );
    }
}

#[test]
fn an_order_file_of_the_sample_is_written_byte_for_byte() {
    let world = World::with_sample();
    let run = world.run(&["export", "order", "--release", "FY2026"]);
    let official = sample_bytes("icd10cm/FY2026/icd10cm_order_2026.txt");
    assert!(run.stdout.as_bytes() == official);
    let file = world.run(&["export", "order", "--release", "2026", "-o", "order.txt"]);
    assert_eq!(file.exit, 0);
    let written = std::fs::read(world.path("order.txt")).unwrap();
    assert_eq!(Sha256::digest(written), Sha256::digest(official));
}

#[test]
fn a_release_without_order_file_has_none_to_write() {
    let world = crate::notes::world_with_tabular_lists();
    let run = world.run(&["export", "order", "--release", "FY2031", "-o", "order.txt"]);
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(
        run.stderr.contains("it is listed from its tabular list"),
        "{run:?}"
    );
    assert!(
        run.stderr.contains("hint: import its order file"),
        "{run:?}"
    );
    assert!(!world.path("order.txt").exists());
    // Its codes have no short titles.
    let spans = world.run(&["export", "spans", "--format", "ndjson"]);
    assert!(spans.stdout.contains("\"short_title\":null"), "{spans:?}");
}

#[test]
fn ohdsi_files_have_true_dates_and_replacements() {
    let world = World::with_sample();
    let run = world.run(&["export", "ohdsi", "-o", "vocabulary"]);
    assert_eq!(run.exit, 0, "{run:?}");
    let read = |name: &str| std::fs::read_to_string(world.path("vocabulary").join(name)).unwrap();
    let concepts = read("CONCEPT.csv");
    let codes = [
        "\tM54.5\t",
        "\tM54.50\t",
        "\tU07.1\t",
        "\tC7B\t",
        "\t02703DZ\t",
        "\t027\t",
    ];
    let shown = lines_with(&concepts, &codes);
    let ids: BTreeSet<&str> = concepts
        .lines()
        .skip(1)
        .map(|line| line.split('\t').next().unwrap())
        .collect();
    assert_eq!(ids.len(), concepts.lines().count() - 1);
    let low_back_pain = shown
        .lines()
        .find(|line| line.contains("\tM54.5\t"))
        .unwrap();
    let id = low_back_pain.split('\t').next().unwrap();
    let pairs = lines_with(&read("CONCEPT_RELATIONSHIP.csv"), &[id]);
    insta::assert_snapshot!("ohdsi", format!("{shown}\n{pairs}"));
    for line in read("CONCEPT_RELATIONSHIP.csv").lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        assert_eq!(cells.len(), 6, "{line}");
        assert!(ids.contains(cells[0]) && ids.contains(cells[1]), "{line}");
    }
    for line in concepts.lines() {
        assert_eq!(line.split('\t').count(), 10, "{line}");
    }
}

#[test]
fn a_code_keeps_its_concept_id_whatever_is_loaded_and_one_that_comes_back_is_told_of() {
    let world = World::with_sample();
    let all = answer::ohdsi_vocabulary(&world.store(), &CodeSet::ALL).unwrap();
    let mut store = Store::in_memory().unwrap();
    let folder = sample_folder().join("icd10cm/FY2026");
    import(&mut store, &[folder], &options(), &mut |_| {}).unwrap();
    let one = answer::ohdsi_vocabulary(&store, &[CodeSet::Icd10Cm]).unwrap();
    assert!(one.concepts.len() > 100);
    for concept in &one.concepts {
        let same = all
            .concepts
            .iter()
            .find(|other| other.code_set == concept.code_set && other.code == concept.code)
            .unwrap();
        assert_eq!(concept.id, same.id, "{:?}", concept.code);
    }

    // G35 is listed, then not, then again; A00 is always there.
    let world = World::empty();
    let book = String::from_utf8(sample_bytes("icd10cm/FY2026/icd10cm_order_2026.txt")).unwrap();
    for (release, without) in [("FY2031", "none"), ("FY2032", "G35"), ("FY2033", "none")] {
        let rows = book.lines().filter(|line| !line[6..].starts_with(without));
        let text: String = rows
            .enumerate()
            .map(|(index, line)| format!("{:05}{}{release}\r\n", index + 1, &line[5..]))
            .collect();
        world.write(&format!("all/icd10cm-{release}.txt"), text);
    }
    let run = world.run(&["import", "--allow-incomplete", "all"]);
    assert_eq!(run.exit, 0, "{run:?}");
    let run = world.run(&["export", "ohdsi", "-o", "vocabulary"]);
    assert!(
        run.stderr
            .contains("note: G35.A was not valid on some dates"),
        "{run:?}"
    );
    assert!(!run.stderr.contains("A00"), "{run:?}");
    let concepts = std::fs::read_to_string(world.path("vocabulary/CONCEPT.csv")).unwrap();
    let came_back: Vec<&str> = concepts
        .lines()
        .filter(|line| line.contains("\tG35.A\t"))
        .collect();
    assert_eq!(came_back.len(), 1);
    assert!(
        came_back[0].ends_with("\t20301001\t20991231\t"),
        "{came_back:?}"
    );
    // The newest title.
    assert!(came_back[0].contains("FY2033"), "{came_back:?}");
}

#[test]
fn the_order_of_import_changes_no_byte_of_an_export() {
    let folders: Vec<String> = ["FY2025", "FY2020", "FY2022", "FY2021", "FY2026"]
        .iter()
        .map(|release| {
            let folder = sample_folder().join("icd10cm").join(release);
            folder.to_str().unwrap().to_owned()
        })
        .collect();
    let mut outputs = BTreeSet::new();
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [1, 3, 2, 0, 4]] {
        let world = World::empty();
        for at in order {
            assert_eq!(
                world
                    .run(&["import", "--allow-incomplete", &folders[at]])
                    .exit,
                0
            );
        }
        let mut files = Vec::new();
        let name = if cfg!(feature = "parquet") {
            "spans.parquet"
        } else {
            "spans.csv"
        };
        for args in [
            ["export", "spans", "-o", name],
            ["export", "spans", "-o", "spans.ndjson"],
            ["export", "periods", "-o", "periods.csv"],
            ["export", "findings", "-o", "findings.csv"],
            ["export", "ohdsi", "-o", "."],
        ] {
            assert_eq!(world.run(&args).exit, 0);
        }
        for file in [
            name,
            "spans.ndjson",
            "periods.csv",
            "findings.csv",
            "CONCEPT.csv",
            "CONCEPT_RELATIONSHIP.csv",
        ] {
            files.push(std::fs::read(world.path(file)).unwrap());
        }
        outputs.insert(files);
    }
    assert_eq!(outputs.len(), 1);
}
