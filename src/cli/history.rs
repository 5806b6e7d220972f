//! `codeyear history`.

use clap::Args;

use super::{CodeSetParser, Context, Format, Outcome};
use crate::answer;
use crate::error::Result;
use crate::model::CodeSet;
use crate::present::{json, text};

/// Show the life of a code: every span of days with the flag and title as they stood
#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// Show this code
    #[arg(value_name = "CODE")]
    code: String,
    /// State the code set [default: told by the code]
    #[arg(long, value_name = "SET", value_parser = CodeSetParser)]
    code_set: Option<CodeSet>,
    /// Write text or JSON
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &HistoryArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let store = context.store()?;
    let code_set = answer::code_set_of(&store, args.code_set, &args.code)?;
    let history = answer::history(&store.codes(code_set)?, &args.code)?;
    match args.format {
        Format::Text => context.print(&text::history(&history, context.style()))?,
        Format::Json => context.print(&json::history(&history)?)?,
    }
    Ok(Outcome::Good)
}
