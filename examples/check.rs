//! Imports releases and checks codes on a date:
//! `cargo run --example check -- 2026-03-01 C7B M54.5 [ZIP...]`. Without zips it asks the bundled sample.

use std::path::PathBuf;

use codeyear::ingest::{ImportOptions, import, import_sample};
use codeyear::present::{Style, text};
use codeyear::store::Store;
use codeyear::{Result, answer};

#[allow(clippy::print_stdout, reason = "an example prints its result")]
fn main() -> Result<()> {
    let mut args = std::env::args().skip(1).peekable();
    let date = args.next().unwrap_or_else(|| "2026-03-01".to_owned());
    let date: chrono::NaiveDate = date
        .parse()
        .map_err(|error| codeyear::Error::usage(format!("{date:?} is not a date: {error}")))?;
    let (archives, mut codes): (Vec<String>, Vec<String>) =
        args.partition(|arg| arg.ends_with(".zip"));
    if codes.is_empty() {
        codes.push("C7B".to_owned());
    }
    let today = chrono::Local::now().date_naive();
    let mut store = Store::in_memory()?;
    if archives.is_empty() {
        import_sample(&mut store, today)?;
    } else {
        let paths: Vec<PathBuf> = archives.iter().map(PathBuf::from).collect();
        import(&mut store, &paths, &ImportOptions::on(today), &mut |_| {})?;
    }
    let mut answers = Vec::new();
    for code in &codes {
        let code_set = answer::code_set_of(&store, None, code)?;
        answers.push(answer::check(&store.codes(code_set)?, code, date)?);
    }
    print!("{}", text::answers(&answers, Style::PLAIN));
    Ok(())
}
