//! `codeyear demo`.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;

use super::context::{Context, Outcome};
use super::output::write_file;
use crate::answer;
use crate::error::{Error, Result, io_error};
use crate::ingest::import_sample;
use crate::model::{CodeSet, ReleaseId, ReleasePart};
use crate::present::{changes, html, text};
use crate::store::Store;

/// Try codeyear on the bundled sample: a few hundred real codes of 15 releases, nothing downloaded
///
/// Imports the sample into a database of its own, checks some codes on several dates, and writes an HTML
/// report of what changed from FY2025 to FY2026.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Write the sample database and the report into this folder
    #[arg(long, value_name = "FOLDER", default_value = "codeyear-demo")]
    folder: PathBuf,
}

const QUESTIONS: [(&str, [&str; 2]); 3] = [
    ("C7B", ["2026-03-01", "2015-09-30"]),
    ("C7B.1", ["2026-03-01", "2018-11-01"]),
    ("M54.5", ["2021-09-30", "2021-10-01"]),
];

pub(super) fn run(args: &DemoArgs, context: &mut Context<'_>) -> Result<Outcome> {
    std::fs::create_dir_all(&args.folder)
        .map_err(|error| io_error("make the folder", &args.folder, error))?;
    let database = args.folder.join("sample.db");
    let report = args.folder.join("FY2025-to-FY2026.html");
    let style = context.style();
    let mut store = Store::open_or_create(&database)?;
    let imported = import_sample(&mut store, context.today)?;
    let order_files = imported
        .taken
        .iter()
        .filter(|taken| taken.kind == ReleasePart::OrderFile)
        .count();
    context.print(&format!(
        "Imported the bundled sample, {order_files} releases in part, into {}\n\n",
        database.display()
    ))?;
    let codes = store.codes(CodeSet::default())?;
    let mut answers = Vec::new();
    for (code, dates) in QUESTIONS {
        for date in dates {
            answers.push(answer::check(&codes, code, day(date)?)?);
        }
    }
    context.print(&text::answers(&answers, style))?;
    context.print("\nSearch \"low back pain\" on 2021-10-01:\n")?;
    let searched = answer::search(
        &store,
        CodeSet::default(),
        "low back pain",
        day("2021-10-01")?,
        answer::SearchOptions {
            most: 5,
            unlisted: false,
        },
    )?;
    context.print(&text::search(&searched, style))?;
    let found = answer::diff(
        &store,
        CodeSet::default(),
        ReleaseId::october(2025),
        ReleaseId::october(2026),
        &answer::DiffScope::default(),
    )?;
    let page = html::change_report(&found, context.today)?;
    write_file(&report, page.as_bytes())?;
    context.print(&format!(
        "\n{}: {} changes in the sample\n{}\nReport: {}\n\nNext:\n  codeyear --db {db} check G35 --on 2025-10-01\n  codeyear --db {db} history Z51.5\n  codeyear --db {db} show C7B.1 --on 2026-05-01\n  codeyear --db {db} compare C7A C7B --on 2026-05-01\n  codeyear --db {db} search carcinoid liver --on 2026-05-01\n  codeyear --db {db} show 02703DZ --on 2022-05-01\n  codeyear --db {db} diff FY2025 FY2026 --under G35 --under S30\n  codeyear --db {db} releases\nThe sample is not complete: for real answers import official releases (codeyear import PATH...).\n",
        changes::title(&found),
        found.changes.len(),
        changes::cms_sentence(&found),
        report.display(),
        db = database.display(),
    ))?;
    Ok(Outcome::Good)
}

fn day(text: &str) -> Result<NaiveDate> {
    text.parse()
        .map_err(|_| Error::usage(format!("{text:?} is not a date")))
}
