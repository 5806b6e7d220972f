//! Writes what changed for one specialty between two releases of the bundled sample:
//! `cargo run --example specialty_report -- report.html C7A C7B`.

use codeyear::answer::{DiffScope, diff};
use codeyear::ingest::import_sample;
use codeyear::model::{ChangeKind, CodeRange, CodeSet};
use codeyear::present::html;
use codeyear::store::Store;
use codeyear::{Error, Result};

#[allow(clippy::print_stdout, reason = "an example prints its result")]
fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let file = args.next().unwrap_or_else(|| "report.html".to_owned());
    let usage = |error: String| Error::usage(error);
    let under = args
        .map(|text| {
            CodeRange::parse(CodeSet::Icd10Cm, &text).map_err(|error| usage(error.to_string()))
        })
        .collect::<Result<Vec<CodeRange>>>()?;

    let today = chrono::Local::now().date_naive();
    let mut store = Store::in_memory()?;
    import_sample(&mut store, today)?;

    let old = "FY2016".parse().map_err(usage)?;
    let new = "FY2026".parse().map_err(usage)?;
    let scope = DiffScope {
        under,
        ..DiffScope::default()
    };
    let changes = diff(&store, CodeSet::Icd10Cm, old, new, &scope)?;
    for kind in ChangeKind::ALL {
        println!("{:<28} {}", kind.label(), changes.count(kind).all);
    }
    std::fs::write(&file, html::change_report(&changes, today)?)
        .map_err(|error| Error::io(format!("{file}: {error}")))?;
    println!("written to {file}");
    Ok(())
}
