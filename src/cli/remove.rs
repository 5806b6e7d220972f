//! `codeyear remove`.

use clap::Args;

use super::{Context, Outcome, parse_code_set};
use crate::error::{Error, Result, not_loaded};
use crate::ingest;
use crate::model::{CodeSet, ReleaseId};
use crate::store::Store;

/// Take a release out of the database, with its files
///
/// The days that it governed are governed by the release before it, within its fiscal year, or by none. Its
/// files are not kept: import them again to undo this.
#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    /// Take out this release (FY2026, FY2022-04, FY2022-04-errata)
    #[arg(value_name = "RELEASE")]
    release: ReleaseId,
    /// State the code set (icd10cm, icd10pcs), where both have the release
    #[arg(long, value_name = "SET", value_parser = parse_code_set)]
    code_set: Option<CodeSet>,
}

pub(super) fn run(args: &RemoveArgs, context: &mut Context<'_>) -> Result<Outcome> {
    // Says it if there is no database yet.
    let store = context.existing_store()?;
    let held: Vec<CodeSet> = store
        .releases()?
        .into_iter()
        .map(|stored| stored.release)
        .filter(|stored| stored.id == args.release)
        .map(|stored| stored.code_set)
        .filter(|held| args.code_set.is_none_or(|wanted| wanted == *held))
        .collect();
    let code_set = match held.as_slice() {
        [one] => *one,
        [] => {
            // A correction does not stand for the release that it corrects here: only the very one goes.
            let code_set = args.code_set.map(|set| format!("{} ", set.name()));
            let release = format!("{}{}", code_set.unwrap_or_default(), args.release);
            return Err(not_loaded(&release));
        }
        _ => {
            return Err(
                Error::usage(format!("both code sets have {}", args.release))
                    .with_hint("state which with --code-set icd10cm or --code-set icd10pcs"),
            );
        }
    };
    drop(store);
    let mut store = Store::open_or_create(&context.database()?)?;
    ingest::remove(&mut store, code_set, args.release)?;
    context.fold_log(&store);
    context.print(&format!("{} {} removed\n", code_set.name(), args.release))?;
    Ok(Outcome::Good)
}
