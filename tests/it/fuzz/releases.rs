//! The files of releases.

use std::io::Write;

use codeyear::answer::{self, VerifyOptions};
use codeyear::ingest::import;
use codeyear::model::CodeSet;
use codeyear::parse::order::OrderFile;
use codeyear::source::sample::{sample_bytes, sample_files};
use codeyear::store::Store;

use super::fuzz;
use crate::laws::parsers::{TAGS, XML, read_as_every_xml, read_as_everything};
use crate::world::{options, today};

/// The first lines of each file of the sample.
fn texts() -> Vec<Vec<u8>> {
    let files = sample_files().unwrap();
    let lines = |bytes: &[u8]| {
        bytes
            .split_inclusive(|byte| *byte == b'\n')
            .take(40)
            .collect::<Vec<_>>()
            .concat()
    };
    files.iter().map(|file| lines(sample_bytes(file))).collect()
}

#[test]
fn texts_of_releases_are_read_or_refused() {
    let words = [
        "\r\n",
        "\t",
        "    ",
        "00001",
        "A00",
        "Delete",
        "Add",
        "Revise from",
        "Revise to",
        "C7B.00",
        "FY 2026",
    ];
    fuzz("texts", &texts(), &words, |input| {
        read_as_everything(input);
        CodeSet::ALL
            .into_iter()
            .any(|code_set| OrderFile::parse(code_set, input.to_vec()).is_ok())
    });
}

#[test]
fn xml_of_releases_is_read_or_refused() {
    let seeds: Vec<Vec<u8>> = XML.iter().map(|text| text.as_bytes().to_vec()).collect();
    fuzz("xml", &seeds, &TAGS, |input| read_as_every_xml(input) > 0);
}

#[test]
fn archives_are_imported_or_refused_and_leave_the_database_sound() {
    let files = sample_files().unwrap();
    let archive = |name: &str, bytes: &[u8], method| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let how = zip::write::SimpleFileOptions::default().compression_method(method);
        zip.start_file(name, how).unwrap();
        zip.write_all(bytes).unwrap();
        zip.finish().unwrap().into_inner()
    };
    let mut seeds = Vec::new();
    for file in files.iter().take(6) {
        let bytes = sample_bytes(file);
        for method in [
            zip::CompressionMethod::Stored,
            zip::CompressionMethod::Deflated,
        ] {
            seeds.push(archive(&file.path, bytes, method));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder
        .path()
        .join("2026-code-descriptions-tabular-order.zip");
    let words = [
        "PK\u{1}\u{2}",
        "PK\u{3}\u{4}",
        "PK\u{5}\u{6}",
        "icd10cm_order_2026.txt",
        "../",
        "\0\0\0\0",
    ];
    let mut store = Store::in_memory().unwrap();
    fuzz("archives", &seeds, &words, |input| {
        std::fs::write(&path, input).unwrap();
        let done = import(
            &mut store,
            std::slice::from_ref(&path),
            &options(),
            &mut |_| {},
        );
        done.is_ok_and(|report| report.changed())
    });
    let all = VerifyOptions::default();
    let report = answer::verify(&store, &all, today(), &mut |_, _| {}).unwrap();
    assert!(report.is_sound(), "{report:?}");
}
