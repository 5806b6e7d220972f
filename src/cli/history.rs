//! `codeyear history`.

use clap::Args;

use super::context::{AnswerFormat, CodeSetParser, Context, Outcome, codes_of};
use crate::answer;
use crate::error::Result;
use crate::model::CodeSet;
use crate::present::{Style, json, page};

/// Show the history of a code: every span of dates with its flag and titles
#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// Show the history of these codes
    #[arg(required = true, value_name = "CODE")]
    codes: Vec<String>,
    /// State the code set [default: detected from the code]
    #[arg(long, value_name = "SET", value_parser = CodeSetParser)]
    code_set: Option<CodeSet>,
    /// Show complete lists
    #[arg(long)]
    all: bool,
    /// Write in this format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: AnswerFormat,
}

pub(super) fn run(args: &HistoryArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let asked = codes_of(&args.codes)?;
    let store = context.store()?;
    let mut histories = Vec::new();
    for code in &asked {
        let code_set = answer::code_set_of(&store, args.code_set, code)?;
        histories.push(answer::history(&store.codes(code_set)?, code)?);
    }
    let style = Style {
        whole_lists: args.all,
        ..context.style()
    };
    for (at, history) in histories.iter().enumerate() {
        let report = |style| page::history(history, style);
        let written = args
            .format
            .write(report, || json::history(history), style)?;
        context.print(args.format.between(at))?;
        context.print(&written)?;
    }
    Ok(Outcome::Good)
}
