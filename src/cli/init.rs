//! `codeyear init`.

use clap::Args;

use super::context::{Context, Format, Outcome};
use super::{first, official};
use crate::error::{Error, Result};
use crate::ingest::{ImportReport, Removed};
use crate::model::{CodeSet, ReleaseId, StoreKind};
use crate::pack::Pack;
use crate::present::{counted, json};
use crate::store::Store;

/// Build the database of all official releases, or add the releases that it lacks
///
/// From the pack, offline: the one in this program, named with --pack, beside the program or in the data folder.
/// Without a pack the missing releases are fetched from the publishers, as with codeyear fetch --missing. What you
/// imported is never replaced, and what you removed with codeyear remove stays out without --removed.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Add what was removed with codeyear remove too
    #[arg(long)]
    removed: bool,
    /// Fetch without asking, if there is no pack
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    how: official::HowToFetch,
    /// Write the report as text or JSON
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &InitArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let database = context.database()?;
    if let Some(store) = context.existing_store_if_any()?
        && store.kind()? == StoreKind::Sample
    {
        return Err(Error::conflict(
            "the database has the bundled sample, which is never mixed with full releases",
        )
        .in_file(database.display().to_string())
        .with_hint("build another one: codeyear --db FILE init"));
    }
    let Some(pack) = first::find_pack(context)? else {
        if args.removed {
            return Err(
                Error::usage("there is no pack to add from what was removed")
                    .with_hint("codeyear fetch RELEASE, or codeyear import PATH, adds it again"),
            );
        }
        return official::fetch_into_database(&args.how, args.yes, args.format, context);
    };
    if args.how.is_given() {
        return Err(Error::usage("there is a pack here, so nothing is fetched")
            .in_file(pack.label())
            .with_hint(
                "leave out --mirror and --unverified, or fetch with codeyear fetch --missing",
            ));
    }
    let removed = match args.removed {
        true => Removed::ComeBack,
        false => Removed::StayOut,
    };
    let report = first::build(context, &pack, &database, removed)?;
    // It may be empty, if all that the pack has was taken out of it.
    let store = Store::open_or_create(&database)?;
    match args.format {
        Format::Json => context.print(&json::import(&report)?)?,
        Format::Text => {
            let text = describe(context, &pack, &report, &store)?;
            context.print(&format!("Database: {}\n{text}", database.display()))?;
        }
    }
    Ok(Outcome::Good)
}

fn describe(
    context: &Context<'_>,
    pack: &Pack,
    report: &ImportReport,
    store: &Store,
) -> Result<String> {
    let new = || {
        let taken = report.taken.iter();
        taken.filter(|taken| taken.added.is_change())
    };
    let mut added: Vec<(CodeSet, ReleaseId)> =
        new().map(|taken| (taken.code_set, taken.release)).collect();
    added.sort_unstable();
    added.dedup();
    let mut text = if added.is_empty() {
        format!("Nothing to add from {}\n", pack.label())
    } else {
        format!(
            "Added from {}: {}, {}\n",
            pack.label(),
            first::describe(&added),
            counted(new().count() as u64, "file")
        )
    };
    let removed = store.removed_releases()?;
    let in_pack = pack.releases();
    let left_out: Vec<(CodeSet, ReleaseId)> = removed
        .into_iter()
        .filter(|removed| in_pack.contains(removed))
        .collect();
    if !left_out.is_empty() {
        text.push_str(&first::left_out(
            &left_out,
            &format!("codeyear{} init --removed", first::named_options(context)),
        ));
    }
    Ok(text)
}
