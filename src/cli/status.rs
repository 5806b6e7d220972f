//! `codeyear status`.

use clap::Args;

use super::context::{CodeSetParser, Context, Format, Outcome};
use crate::answer::{self, CoverageOfDay};
use crate::error::Result;
use crate::model::{CodeSet, StoreKind};
use crate::present::{json, text};
use crate::store::Store;

/// Check whether today is covered and no known release is missing (exit code 1 if not), for example in a cron job
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Check one code set only
    #[arg(long, value_name = "SET", value_parser = CodeSetParser)]
    code_set: Option<CodeSet>,
    /// Write text or JSON
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &StatusArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let store = context.store_if_any()?;
    let days = answer::coverage_on(store.as_ref(), args.code_set, context.today)?;
    let is_sample = match store.as_ref().map(Store::kind).transpose()? {
        Some(kind) => kind == StoreKind::Sample,
        None => false,
    };
    match args.format {
        Format::Text => {
            context.print(&text::status(&days, is_sample, context.style()))?;
        }
        Format::Json => context.print(&json::status(&days, is_sample)?)?,
    }
    if store.is_none() {
        context.say_nothing_loaded()?;
    }
    Ok(match days.iter().all(CoverageOfDay::is_complete) {
        true => Outcome::Good,
        false => Outcome::Bad,
    })
}
