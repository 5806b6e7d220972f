//! `codeyear import`.

use codeyear_core::model::ReleaseName;
use std::path::PathBuf;

use clap::Args;

use super::context::{CodeSetParser, Context, Format, Outcome, ReleaseParser};
use super::first::make_new;
use super::progress::{FILES_BAR, progress_bar, show_progress};
use crate::error::{Error, Result, io_error};
use crate::ingest::{ImportOptions, ImportProgress, ImportReport, import};
use crate::model::CodeSet;
use crate::pack::Pack;
use crate::present::{json, text};
use crate::store::Store;

/// Import official releases: zips as CMS and NCHS post them, folders, single files
///
/// Imports order files and order addenda; tabular lists, indexes, tables of drugs and neoplasms, conversion tables
/// and POA-exempt lists of ICD-10-CM; tables and definitions of ICD-10-PCS. Other files are skipped and listed. A
/// file that cannot be imported is listed with the reason, the rest is stored in one transaction, and the exit code
/// is 1. Importing the same contents again changes nothing.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// Import these zips, folders or files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// State the release (FY2026, FY2022-04), if the files do not
    #[arg(long, value_name = "RELEASE", value_parser = ReleaseParser::named(), hide_possible_values = true)]
    release: Option<ReleaseName>,
    /// State the code set, if it is detected wrongly
    #[arg(long, value_name = "SET", value_parser = CodeSetParser)]
    code_set: Option<CodeSet>,
    /// Import different rows for a known release as its correction; both are kept, the correction is used
    #[arg(long)]
    revision: bool,
    /// Use --release even against a hash or a footer; every answer will say so
    #[arg(long, requires = "release")]
    force: bool,
    /// Import part of a release on purpose; every answer will say so
    #[arg(long)]
    allow_incomplete: bool,
    /// Store all or nothing: the first file that cannot be imported ends the import
    #[arg(long)]
    strict: bool,
    /// Show what would be stored, and store nothing
    #[arg(long)]
    dry_run: bool,
    /// Write the report as text or JSON
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &ImportArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let options = ImportOptions {
        release: args.release,
        code_set: args.code_set,
        revision: args.revision,
        force: args.force,
        allow_incomplete: args.allow_incomplete,
        strict: args.strict,
        dry_run: args.dry_run,
        today: context.today,
    };
    // A path that is not there makes no database.
    for path in &args.paths {
        std::fs::metadata(path).map_err(|error| io_error("open", path, error))?;
        if path.is_file() && Pack::open(path).is_ok() {
            return Err(
                Error::usage("this is a pack of the history, and no official file")
                    .in_file(path.display().to_string())
                    .with_hint(format!(
                        "codeyear --pack {} init adds what the database lacks of it",
                        path.display()
                    )),
            );
        }
    }
    let database = context.database()?;
    let bar = progress_bar(None, FILES_BAR);
    let fill = |context: &mut Context<'_>, store: &mut Store| -> Result<ImportReport> {
        import(store, &args.paths, &options, &mut |progress| {
            // Without a terminal there is no bar to say it on. The import goes on if nobody listens.
            if progress == ImportProgress::Waiting && bar.is_hidden() {
                let _ = context.say("another import is running; waiting for it to end\n");
            }
            show_progress(&bar, progress);
        })
    };
    let made = match args.dry_run {
        true => None,
        false => make_new(context, &database, fill).inspect_err(|_| bar.finish_and_clear())?,
    };
    let report = match made {
        Some(report) => report,
        None => {
            // What would be stored in a database that is not there yet needs none.
            let mut store = match args.dry_run && !database.exists() {
                true => Store::in_memory()?,
                false => Store::open_or_create(&database)?,
            };
            let imported = fill(context, &mut store);
            bar.finish_and_clear();
            if !args.dry_run && imported.as_ref().is_ok_and(ImportReport::changed) {
                context.fold_log(&store);
            }
            imported?
        }
    };
    bar.finish_and_clear();
    match args.format {
        Format::Text => context.print(&text::import(&report, context.style()))?,
        Format::Json => context.print(&json::import(&report)?)?,
    }
    Ok(if report.failed.is_empty() {
        Outcome::Good
    } else {
        Outcome::Bad
    })
}
