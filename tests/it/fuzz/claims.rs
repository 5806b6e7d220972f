//! Files of claims, in every format.

use std::io::Cursor;
use std::path::Path;

use codeyear::ErrorKind;
use codeyear::claims::{
    Annotated, AuditOptions, ClaimsFile, CodeColumn, ColumnsAsked, Index, OutputForm, TableOptions,
    audit,
};
use codeyear::ingest::import_sample;
use codeyear::store::Store;

use super::fuzz;
use crate::world::today;

/// The made-up claims of the fixtures whose names have any of these endings.
fn fixtures(endings: &[&str]) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/claims");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let is_asked = |path: &&std::path::PathBuf| {
        path.extension()
            .is_some_and(|ending| endings.iter().any(|asked| ending == *asked))
    };
    let seeds: Vec<Vec<u8>> = paths
        .iter()
        .filter(is_asked)
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    assert!(!seeds.is_empty());
    seeds
}

/// Audits each input twice: with the columns that it should have, and with those that are likely. What is counted must
/// add up.
fn try_claims(name: &str, seeds: &[Vec<u8>], words: &[&str]) {
    let mut store = Store::in_memory().unwrap();
    import_sample(&mut store, today()).unwrap();
    let index = Index::open(store).unwrap();
    let stated = ColumnsAsked {
        codes: vec![CodeColumn {
            name: "dx*".to_owned(),
            code_set: None,
        }],
        dates: vec!["dos".to_owned()],
        ..ColumnsAsked::default()
    };
    let likely = ColumnsAsked {
        guess: true,
        ..ColumnsAsked::default()
    };
    fuzz(name, seeds, words, |input| {
        let mut is_taken = false;
        for columns in [&stated, &likely] {
            let options = AuditOptions {
                format: None,
                table: TableOptions {
                    columns: columns.clone(),
                    ..TableOptions::default()
                },
                layout: None,
                use_onset: false,
                output: OutputForm::Csv,
            };
            let input = Box::new(Cursor::new(input.to_vec()));
            let Ok(file) = ClaimsFile::recognise(input, "claims", None) else {
                continue;
            };
            let mut out = Vec::new();
            let audited = audit(&index, file, &options, Annotated::To(&mut out), &mut |_| {});
            match audited.and_then(|audited| audited.into_summary()) {
                Ok(summary) => {
                    let months = summary.months.iter();
                    let of_months: u64 = months.map(|(_, counts)| counts.total()).sum();
                    assert_eq!(of_months, summary.total.total());
                    assert!(summary.claims.failing + summary.claims.undetermined <= summary.rows);
                    is_taken = true;
                }
                // What cannot be read is an error of the format; of the input, a thread that ended early is one.
                Err(error) => assert_ne!(error.kind(), ErrorKind::Io, "{error}"),
            }
        }
        is_taken
    });
}

#[test]
fn tables_are_audited_or_refused() {
    let words = [
        "\"",
        "\"\"",
        ",",
        "\r",
        "\n",
        "\t",
        ";",
        "dx1",
        "dos",
        "2026-03-01",
        "C7B.00",
        "NULL",
        "é",
        "\0",
        "sep=;\n",
    ];
    try_claims("tables", &fixtures(&["csv", "txt"]), &words);
}

#[test]
fn objects_of_a_line_are_audited_or_refused() {
    let words = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "null",
        "\"dx\"",
        "\"dos\"",
        "\\u0000",
        "\"2026-03-01\"",
        "\n",
        "[]",
    ];
    let seeds = [
        &b"{\"dx\":\"C7B\",\"dos\":\"2026-03-01\"}\n{\"dx\":[\"C7B.00\",\"M545\"],\"dos\":20260301}\n"[..],
        b"{\"dx\":[{\"code\":\"C7B\"}],\"dos\":null,\"more\":{\"deep\":[1,2,{}]}}\n",
    ];
    try_claims("objects", &seeds.map(<[u8]>::to_vec), &words);
}

#[test]
fn x12_is_audited_or_refused() {
    let words = [
        "~",
        "*",
        ":",
        "HI*ABK:C7B00",
        "LX*1",
        "CLM*",
        "DTP*434*RD8*",
        "DTP*472*D8*20260301",
        "SV1*",
        "IEA*1*",
        "GE*",
        "SE*",
        "^",
    ];
    try_claims("x12", &fixtures(&["837"]), &words);
}

#[test]
fn fhir_is_audited_or_refused() {
    let words = [
        "{",
        "}",
        "[",
        "]",
        "\"resourceType\":\"Claim\"",
        "\"diagnosis\"",
        "\"diagnosisSequence\":[1]",
        "\"reference\":\"Condition/1\"",
        "\"billablePeriod\"",
        "\"2026-03-01T23:00:00-05:00\"",
        "\"2026\"",
        "null",
        "\"code\":\"C7B\"",
        "\"system\"",
        "\n",
        "\\ud800",
    ];
    try_claims("fhir", &fixtures(&["json", "ndjson"]), &words);
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_is_audited_or_refused() {
    let words = ["PAR1", "\0\0\0\0", "\u{7f}\u{7f}\u{7f}\u{7f}", "dx", "dos"];
    try_claims("parquet", &fixtures(&["parquet"]), &words);
}

#[test]
fn workbooks_are_audited_or_refused() {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, (code, day)) in (0..).zip([("dx", "dos"), ("C7B", "2026-03-01"), ("M54.5", "46082")])
    {
        sheet.write(row, 0, code).unwrap();
        sheet.write(row, 1, day).unwrap();
    }
    let words = [
        "PK\u{1}\u{2}",
        "PK\u{3}\u{4}",
        "<row",
        "<c r=\"XFD1048576\"",
        "t=\"s\"",
        "\0\0\0\0",
    ];
    try_claims("workbooks", &[workbook.save_to_buffer().unwrap()], &words);
}
