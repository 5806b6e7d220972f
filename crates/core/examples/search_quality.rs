//! Reports how well a search finds what coders mean: hits first and among the first ten by kind, with the misses named;
//! the same with every entry of the reviewed files left out that only one query uses; and how long a search takes.
//!
//! `cargo run --release -p codeyear-core --example search_quality -- DATABASE QUERIES.tsv [DATE]`, where a line of the
//! queries is what is typed, the accepted codes and the kind, parted by tabs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use codeyear_core::answer::{SearchOptions, search_without};
use codeyear_core::model::{CodeSet, ReadAsKind, SearchReport};
use codeyear_core::store::Store;

struct Query<'q> {
    typed: &'q str,
    accepted: Vec<&'q str>,
    kind: &'q str,
}

#[derive(Default)]
struct Count {
    queries: usize,
    first: usize,
    first_ten: usize,
    misses: Vec<String>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [database, queries, rest @ ..] = arguments.as_slice() else {
        return Err("name the database and the queries".into());
    };
    let date = rest.first().map_or("2026-03-01", String::as_str).parse()?;
    let store = Store::open_read_only(Path::new(database))?;
    let text = std::fs::read_to_string(queries)?;
    let queries: Vec<Query<'_>> = text
        .lines()
        .filter_map(|line| {
            let mut cells = line.split('\t');
            Some(Query {
                typed: cells.next()?,
                accepted: cells.next()?.split_whitespace().collect(),
                kind: cells.next().unwrap_or("all"),
            })
        })
        .collect();
    let mut out = std::io::stdout().lock();
    let began = Instant::now();
    store.read_words()?;
    // As the server and a pack ask it: one state of the database for all.
    store.pin()?;
    writeln!(out, "words read in {:?}", began.elapsed())?;
    let ask = |query: &Query<'_>, without: &BTreeSet<String>| {
        // A code of ICD-10-PCS has seven characters and no dot.
        let is_other = |code: &&str| code.len() == 7 && !code.contains('.');
        let code_set = match query.accepted.iter().all(is_other) {
            true => CodeSet::ALL.get(1).copied().unwrap_or_default(),
            false => CodeSet::default(),
        };
        let options = SearchOptions {
            most: 10,
            unlisted: false,
        };
        search_without(&store, code_set, query.typed, date, options, without)
    };
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    let mut times: Vec<(Duration, String)> = Vec::new();
    let with_all = report(&queries, |query| {
        let asked = Instant::now();
        let found = ask(query, &BTreeSet::new())?;
        times.push((asked.elapsed(), query.typed.to_owned()));
        for read in &found.read_as {
            if matches!(read.kind, ReadAsKind::Abbreviation | ReadAsKind::LayWord) {
                *uses.entry(read.typed.clone()).or_default() += 1;
            }
        }
        Ok(found)
    })?;
    writeln!(out, "with the reviewed files")?;
    write_table(&mut out, &with_all)?;
    let once: BTreeSet<String> = uses
        .into_iter()
        .filter(|(_, count)| *count == 1)
        .map(|(typed, _)| typed)
        .collect();
    let left_out: Vec<&str> = once.iter().map(String::as_str).collect();
    writeln!(
        out,
        "\nwithout the {} entries that one query alone uses: {}",
        once.len(),
        left_out.join(", ")
    )?;
    write_table(&mut out, &report(&queries, |query| ask(query, &once))?)?;
    times.sort_unstable();
    let at = |share: f64| {
        let place = ((times.len() as f64) * share) as usize;
        let time = times.get(place.min(times.len().saturating_sub(1)));
        time.map(|(time, _)| *time).unwrap_or_default()
    };
    writeln!(out, "\np50 {:?}, p99 {:?}", at(0.5), at(0.99))?;
    for (time, typed) in times.iter().rev().take(5) {
        writeln!(out, "  {time:?} {typed}")?;
    }
    Ok(())
}

fn report<'q>(
    queries: &[Query<'q>],
    mut ask: impl FnMut(&Query<'_>) -> codeyear_core::Result<SearchReport>,
) -> codeyear_core::Result<BTreeMap<&'q str, Count>> {
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    for query in queries {
        let found = ask(query)?;
        let codes: Vec<String> = found.found.iter().map(|one| one.code.to_string()).collect();
        let place = codes
            .iter()
            .position(|code| query.accepted.contains(&code.as_str()));
        for kind in [query.kind, "total"] {
            let count = counts.entry(kind).or_default();
            count.queries += 1;
            count.first += usize::from(place == Some(0));
            count.first_ten += usize::from(place.is_some());
        }
        if place != Some(0) {
            let place = place.map_or("not among the first ten".to_owned(), |place| {
                format!("place {}", place + 1)
            });
            let codes: Vec<String> = (found.found.iter().take(3))
                .map(|one| format!("{} {:?} {:?}", one.code, one.found_in, one.left_out))
                .collect();
            counts.entry(query.kind).or_default().misses.push(format!(
                "{} ({}): {place}; {}",
                query.typed,
                query.accepted.join(" "),
                codes.join(" ")
            ));
        }
    }
    Ok(counts)
}

fn write_table(out: &mut impl Write, counts: &BTreeMap<&str, Count>) -> std::io::Result<()> {
    for (kind, count) in counts {
        let share = |hits: usize| 100.0 * hits as f64 / count.queries as f64;
        writeln!(
            out,
            "{kind:<8} {:>3} queries  first {:>3} ({:.0} %)  first ten {:>3} ({:.0} %)",
            count.queries,
            count.first,
            share(count.first),
            count.first_ten,
            share(count.first_ten)
        )?;
    }
    for miss in counts.values().flat_map(|count| &count.misses) {
        writeln!(out, "  {miss}")?;
    }
    Ok(())
}
