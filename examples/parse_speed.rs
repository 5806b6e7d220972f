//! Measures how fast official XML is parsed, on one core:
//! `cargo run --profile dist --example parse_speed -- icd10c-tabular-April-1-2026.xml [FILE...]`. For each file
//! the kind, its megabytes, the middle time of the rounds in milliseconds, and MB/s, tab-separated.

use std::hint::black_box;
use std::time::{Duration, Instant};

use codeyear::parse::index::parse_index;
use codeyear::parse::pcs::{parse_pcs_definitions, parse_pcs_tables};
use codeyear::parse::tabular::parse_tabular;
use codeyear::{Error, Result};

const ROUNDS: usize = 15;

type Parse = fn(&[u8]) -> Result<()>;

/// Finds the parser by the root of the XML.
fn parser(bytes: &[u8]) -> Option<(&'static str, Parse)> {
    let head = String::from_utf8_lossy(bytes.get(..2000).unwrap_or(bytes)).into_owned();
    let known: [(&str, &str, Parse); 4] = [
        ("<ICD10CM.tabular", "tabular list", |bytes| {
            parse_tabular(bytes).map(|found| drop(black_box(found)))
        }),
        ("<ICD10CM.index", "index", |bytes| {
            parse_index(bytes).map(|found| drop(black_box(found)))
        }),
        ("<ICD10PCS.tabular", "ICD-10-PCS tables", |bytes| {
            parse_pcs_tables(bytes).map(|found| drop(black_box(found)))
        }),
        ("<ICD10PCS.definitions", "ICD-10-PCS definitions", |bytes| {
            parse_pcs_definitions(bytes).map(|found| drop(black_box(found)))
        }),
    ];
    known
        .into_iter()
        .find(|(root, ..)| head.contains(root))
        .map(|(_, kind, parse)| (kind, parse))
}

#[allow(clippy::print_stdout, reason = "an example prints its result")]
fn main() -> Result<()> {
    for path in std::env::args().skip(1) {
        let failed = |why: String| Error::usage(format!("{path}: {why}"));
        let bytes = std::fs::read(&path).map_err(|error| failed(error.to_string()))?;
        let (kind, parse) = parser(&bytes).ok_or_else(|| failed("no XML that is parsed".into()))?;
        parse(&bytes)?;
        let mut rounds: Vec<Duration> = Vec::new();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            parse(black_box(&bytes))?;
            rounds.push(start.elapsed());
        }
        rounds.sort_unstable();
        let middle = rounds.get(ROUNDS / 2).map_or(0.0, Duration::as_secs_f64);
        #[allow(clippy::cast_precision_loss, reason = "files are small")]
        let megabytes = bytes.len() as f64 / 1e6;
        println!(
            "{kind}\t{megabytes:.2}\t{:.2}\t{:.0}",
            middle * 1e3,
            megabytes / middle
        );
    }
    Ok(())
}
