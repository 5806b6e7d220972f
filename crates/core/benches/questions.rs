//! How long the smallest steps take, on the bundled sample: `cargo bench -p codeyear-core`. How long whole jobs take on
//! the official files, `benches/bench.py` measures.

#![allow(
    clippy::expect_used,
    reason = "a measurement that cannot begin ends the program"
)]

use chrono::NaiveDate;
use codeyear_core::answer::{self, SearchOptions};
use codeyear_core::model::{CodeSet, judge};
use codeyear_core::parse::order::OrderFile;
use codeyear_core::store::{CodeSource, Store};
use divan::{Bencher, black_box, counter::BytesCount};

fn main() {
    divan::main();
}

fn day() -> NaiveDate {
    "2026-03-01".parse().expect("a day")
}

fn sample() -> Store {
    let mut store = Store::in_memory().expect("a database in memory");
    codeyear_core::ingest::import_sample(&mut store, day()).expect("the bundled sample");
    store
}

/// Parses an order file.
#[divan::bench]
fn parse(bencher: Bencher<'_, '_>) {
    let bytes = include_bytes!(concat!(
        env!("CODEYEAR_CATALOGUE_FOLDER"),
        "/sample/icd10cm/FY2026/icd10cm_order_2026.txt"
    ));
    let bencher = bencher.counter(BytesCount::new(bytes.len()));
    let bencher = bencher.with_inputs(|| bytes.to_vec());
    bencher.bench_values(|bytes| OrderFile::parse(CodeSet::Icd10Cm, bytes));
}

/// Judges a code on a day from its spans: the one rule.
#[divan::bench]
fn judge_spans(bencher: Bencher<'_, '_>) {
    let store = sample();
    let codes = store.codes(CodeSet::Icd10Cm).expect("the code set");
    let code = CodeSet::Icd10Cm.parse_code("G35").expect("a code");
    let spans = codes.spans(&code).expect("its spans");
    bencher.bench_local(|| judge(black_box(day()), codes.timeline(), black_box(&spans)));
}

/// Answers `check` for a header, with the codes to use instead.
#[divan::bench]
fn look_up(bencher: Bencher<'_, '_>) {
    let store = sample();
    let codes = store.codes(CodeSet::Icd10Cm).expect("the code set");
    bencher.bench_local(|| answer::check(&codes, black_box("C7B"), day()));
}

/// Finds codes by words.
#[divan::bench]
fn search(bencher: Bencher<'_, '_>) {
    let store = sample();
    let options = SearchOptions {
        most: 20,
        unlisted: false,
    };
    bencher.bench_local(|| {
        let words = black_box("carcinoid liver");
        answer::search(&store, CodeSet::Icd10Cm, words, day(), options)
    });
}
