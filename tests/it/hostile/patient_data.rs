//! Claims data: nothing of it is ever written.

use std::fs;

use super::{assert_refused, world};
use crate::world::World;

const CLAIMS: &str = "patient,member,note,dx,dos\n\
    PATIENT-SECRET-1,MEMBER-SECRET-2,\"NOTE-SECRET-3\nNOTE-SECRET-4, more\",G35,2025-11-02\n\
    PATIENT-SECRET-5,MEMBER-SECRET-6,NOTE-SECRET-7,C7B.00,2025-11-03\n\
    PATIENT-SECRET-8,MEMBER-SECRET-9,,NOT-A-CODE-SECRET,2025-11-04\n";

fn assert_no_secret(text: &str, what: &str) {
    let plain: String = text
        .to_ascii_uppercase()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    for secret in ["SECRET", "S3CR3T", "2025110"] {
        assert!(!plain.contains(secret), "{what} tells {secret}: {text}");
    }
}

#[test]
fn no_patient_data_is_ever_written_to_a_report_or_an_error() {
    let world = World::with_sample();
    let latin1: Vec<u8> = CLAIMS
        .replace("PATIENT", "PATI\u{e9}NT")
        .chars()
        .map(|c| c as u8)
        .collect();
    let files: [(&str, Vec<u8>); 5] = [
        ("claims.csv", CLAIMS.as_bytes().to_vec()),
        ("latin1.csv", latin1),
        (
            "unclosed.csv",
            CLAIMS.replace("more\"", "more").into_bytes(),
        ),
        (
            "headless.csv",
            CLAIMS.split_once('\n').unwrap().1.as_bytes().to_vec(),
        ),
        (
            "utf16.csv",
            CLAIMS.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
    ];
    for (name, bytes) in &files {
        world.write(name, bytes);
        for column in [
            None,
            Some("dx"),
            Some("4"),
            Some("patient"),
            Some("member"),
            Some("note"),
            Some("dos"),
            Some("1"),
            Some("3"),
            Some("no such column"),
            Some("99"),
        ] {
            for format in ["text", "markdown", "html", "csv", "json"] {
                let mut args = vec![
                    "diff",
                    "FY2025",
                    "FY2026",
                    "--only",
                    name,
                    "--format",
                    format,
                    "-o",
                    "report.out",
                ];
                if let Some(column) = column {
                    args.extend(["--code", column]);
                }
                // An error does not depend on the format; a report does.
                let run = world.run(&args);
                let what = format!("{name} {column:?} {format}");
                assert_no_secret(&run.stdout, &what);
                assert_no_secret(&run.stderr, &what);
                assert!(!run.stderr.contains("defect of codeyear"), "{run:?}");
                if let Ok(report) = fs::read_to_string(world.path("report.out")) {
                    assert_no_secret(&report, &what);
                    fs::remove_file(world.path("report.out")).unwrap();
                }
                if run.exit == 2 {
                    assert_refused(&run, &[name]);
                    break;
                }
            }
        }
    }
    // An error in another argument, and without a database.
    let run = world.run(&[
        "diff",
        "FY2025",
        "FY1999",
        "--only",
        "claims.csv",
        "--code",
        "dx",
    ]);
    assert_no_secret(&run.stderr, "a wrong release");
    let run = world.run(&[
        "diff",
        "FY2025",
        "FY2026",
        "--only",
        "claims.csv",
        "--code",
        "dx",
        "--under",
        "C7",
    ]);
    assert_no_secret(&run.stderr, "a wrong range");
}

#[test]
fn an_identifier_that_has_the_shape_of_a_code_is_never_written() {
    // A wrong column with identifiers that could be codes by their letters, such as S3CR3T1.
    let world = World::with_sample();
    world.write(
        "claims.csv",
        "member,dx\nS3CR3T1,G35\ns3cr3t2,C7B00\nS3C.R3T4,C7B01\n",
    );
    for format in ["text", "markdown", "html", "csv", "json"] {
        let run = world.run(&[
            "diff",
            "FY2025",
            "FY2026",
            "--only",
            "claims.csv",
            "--code",
            "member",
            "--format",
            format,
        ]);
        assert_no_secret(&run.stdout, format);
        assert_no_secret(&run.stderr, format);
    }
}

#[test]
fn a_claims_file_given_to_import_is_refused_without_a_word_of_it() {
    let world = world();
    world.write("claims.csv", CLAIMS);
    let run = world.run(&["import", "--allow-incomplete", "claims.csv"]);
    assert_refused(&run, &["claims.csv", "nothing to import"]);
    assert_no_secret(&run.stderr, "import");
}
