//! `codeyear releases`.

use clap::Args;

use super::context::{CodeSetParser, Context, Format, Outcome};
use crate::answer;
use crate::error::Result;
use crate::model::CodeSet;
use crate::present::{json, text};

/// List the releases that are loaded and those that are missing, with the dates that each covers
#[derive(Debug, Args)]
pub(super) struct ReleasesArgs {
    /// List one code set only
    #[arg(long, value_name = "SET", value_parser = CodeSetParser)]
    code_set: Option<CodeSet>,
    /// Write text or JSON
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &ReleasesArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let store = context.store_if_any()?;
    let overview = answer::releases(store.as_ref(), args.code_set)?;
    let days = answer::coverage_on(store.as_ref(), args.code_set, context.today)?;
    match args.format {
        Format::Text => {
            context.print(&text::releases(&overview, &days, context.style()))?;
            if store.is_none() {
                context.say_nothing_loaded()?;
            }
        }
        Format::Json => context.print(&json::releases(&overview, &days)?)?,
    }
    Ok(Outcome::Good)
}
