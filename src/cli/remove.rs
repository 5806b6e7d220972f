//! `codeyear remove`.

use clap::Args;
use codeyear_core::model::ReleaseName;

use super::context::{CodeSetParser, Context, Outcome, ReleaseParser};
use crate::error::{Error, Result, not_loaded};
use crate::ingest;
use crate::model::CodeSet;
use crate::store::Store;

/// Remove a release and its files from the database
///
/// Its dates are then covered by the release before it, within its fiscal year, or by none. Its files are not kept:
/// import them again to undo this.
#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    /// Remove this release (FY2026, FY2022-04, FY2022-04-errata)
    #[arg(value_name = "RELEASE", value_parser = ReleaseParser::named(), hide_possible_values = true)]
    release: ReleaseName,
    /// State the code set, if several have the release
    #[arg(long, value_name = "SET", value_parser = CodeSetParser)]
    code_set: Option<CodeSet>,
}

pub(super) fn run(args: &RemoveArgs, context: &mut Context<'_>) -> Result<Outcome> {
    // Says it if there is no database yet.
    let store = context.existing_store()?;
    let held: Vec<CodeSet> = store
        .releases()?
        .into_iter()
        .map(|stored| stored.release)
        .filter(|stored| stored.id == args.release.of(stored.code_set))
        .map(|stored| stored.code_set)
        .filter(|held| args.code_set.is_none_or(|wanted| wanted == *held))
        .collect();
    let code_set = match held.as_slice() {
        [one] => *one,
        [] => {
            // A correction does not stand for the release that it corrects here: only the very one goes.
            let code_set = args.code_set.map(|set| format!("{} ", set.name()));
            let release = args.release.of(args.code_set.unwrap_or_default());
            let release = format!("{}{release}", code_set.unwrap_or_default());
            return Err(not_loaded(&release));
        }
        several => {
            let names: Vec<&str> = several.iter().map(|set| set.name()).collect();
            let ways: Vec<String> = several
                .iter()
                .map(|set| format!("--code-set {set}"))
                .collect();
            let release = args
                .release
                .of(several.first().copied().unwrap_or_default());
            let message = format!("{} have {release}", names.join(" and "));
            let hint = format!("state which with {}", ways.join(" or "));
            return Err(Error::usage(message).with_hint(hint));
        }
    };
    drop(store);
    let mut store = Store::open_or_create(&context.database()?)?;
    let release = args.release.of(code_set);
    ingest::remove(&mut store, code_set, release)?;
    context.fold_log(&store);
    context.print(&format!("{} {release} removed\n", code_set.name()))?;
    Ok(Outcome::Good)
}
