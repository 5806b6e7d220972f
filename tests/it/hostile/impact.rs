//! A table of claims that is broken or full of patient data, weighed by its codes.

use std::io::{Cursor, Read};

use super::assert_refused;
use crate::world::World;

fn diff<'a>(file: &'a str, column: &'a str) -> [&'a str; 7] {
    ["diff", "FY2025", "FY2026", "--only", file, "--code", column]
}

#[test]
fn a_table_that_cannot_be_counted_is_refused_with_its_place() {
    let world = World::with_sample();
    let gzip = {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"claim,dx\n1,G35\n").unwrap();
        encoder.finish().unwrap()
    };
    for (name, bytes, column, parts) in [
        (
            "missing.csv",
            b"claim,dx1,day\n1001,G35,2025-11-02\n".to_vec(),
            "proc*",
            &["no column \"proc*\"", "\"claim\", \"dx1\" and 1 more"][..],
        ),
        (
            "latin1.csv",
            b"claim,dx\n1,G35\n2,SECR\xc9T\n".to_vec(),
            "dx",
            &["line 3", "not UTF-8"],
        ),
        (
            "open.csv",
            b"claim,dx\n1,G35\n2,\"SECRET\n3,C7A\n".to_vec(),
            "dx",
            &["line 3", "quote"],
        ),
        ("empty.csv", Vec::new(), "dx", &["empty"]),
        ("header.csv", b"claim,dx\n".to_vec(), "dx", &["no codes"]),
        (
            "headless.csv",
            b"SECRET,G35\nSECRET,C7A\n".to_vec(),
            "dx",
            &["it has 2 columns"],
        ),
        (
            "ragged.csv",
            b"claim,dx\n1,G35,2\n1\n".to_vec(),
            "dx",
            &["no row has 2 fields"],
        ),
        (
            "wrong.csv",
            b"claim,dx\nSECRET,G35\n".to_vec(),
            "claim",
            &["none of the 1 values"],
        ),
        (
            "cut.csv.gz",
            gzip[..gzip.len() - 4].to_vec(),
            "dx",
            &["gzip data is cut off"],
        ),
        (
            "utf16.csv",
            b"\xff\xfed\0x\0\n\0".to_vec(),
            "dx",
            &["UTF-16"],
        ),
    ] {
        world.write(name, bytes);
        let run = world.run(&diff(name, column));
        assert_refused(&run, &[&[name], parts].concat());
        assert!(!run.stderr.contains("SECR"), "{run:?}");
    }
}

#[test]
fn nothing_of_a_claims_file_but_its_codes_is_ever_written() {
    let world = World::with_sample();
    world.write(
        "claims.csv",
        "claim,SECRET name,note,dx1,dx2\n\
         SECRET1,\"SECRET, Jane\",\"SECRET\nG35.A SECRET\",G35,SECRET\n\
         SECRET2,SECRET,,S30.1XXA,S3CR3T1\n\
         SECRET3,SECRET\n\
         SECRET4,J\u{e9}r\u{f4}me SECRET,,P09.6,\n",
    );
    for format in ["text", "markdown", "html", "csv", "json", "xlsx"] {
        let args = [
            &diff("claims.csv", "dx*")[..],
            &["--format", format, "-o", "report"],
        ]
        .concat();
        let run = world.run(&args);
        assert_eq!(run.exit, 1, "{format}: {run:?}");
        let mut bytes = std::fs::read(world.path("report")).unwrap();
        if format == "xlsx" {
            let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
            bytes = Vec::new();
            for at in 0..archive.len() {
                archive
                    .by_index(at)
                    .unwrap()
                    .read_to_end(&mut bytes)
                    .unwrap();
            }
        }
        let report = String::from_utf8_lossy(&bytes);
        assert!(report.contains("G35"), "{format}");
        for secret in ["SECRET", "S3CR3T", "S3C.R3T", "Jane", "J\u{e9}r"] {
            assert!(!report.contains(secret), "{format} tells {secret}");
            assert!(!run.stderr.contains(secret), "{format}: {}", run.stderr);
        }
    }
}
