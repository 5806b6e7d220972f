//! `codeyear search`.

use clap::Args;

use super::context::{CodeSetParser, Context, Format, Outcome};
use crate::answer::{self, SearchOptions};
use crate::error::{Error, Result};
use crate::model::{CodeSet, TypedDay};
use crate::present::{json, text};

/// Find codes by words in titles, inclusion terms and index entries, as of a date
///
/// Abbreviations, lay terms and misspelled words are searched for by their meaning, which is shown; the last word
/// may be incomplete. The best match comes first. If no code matches all words, the least specific words are left
/// out. A code or a code prefix finds that code and its subcodes.
#[derive(Debug, Args)]
pub(super) struct SearchArgs {
    /// Words to search for
    #[arg(required = true, value_name = "WORDS")]
    words: Vec<String>,
    /// Search the codes listed on this date [default: today]
    #[arg(short = 'd', long, visible_alias = "date", aliases = ["dos", "day", "as-of"], value_name = "DATE")]
    on: Option<TypedDay>,
    /// Include deleted and future codes
    #[arg(long)]
    unlisted: bool,
    /// Show at most this many codes
    #[arg(long, aliases = ["most", "max", "top"], value_name = "NUMBER", default_value_t = 20)]
    limit: usize,
    /// Search this code set
    #[arg(long, value_name = "SET", value_parser = CodeSetParser, default_value_t)]
    code_set: CodeSet,
    /// Write text or JSON
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &SearchArgs, context: &mut Context<'_>) -> Result<Outcome> {
    if args.limit == 0 {
        return Err(Error::usage("--limit is 0").with_hint("show at least one code"));
    }
    let store = context.store()?;
    let date = context.day(args.on, &store.timeline(args.code_set)?);
    let options = SearchOptions {
        most: args.limit,
        unlisted: args.unlisted,
    };
    let words = args.words.join(" ");
    let report = answer::search(&store, args.code_set, &words, date, options)?;
    match args.format {
        Format::Text => context.print(&text::search(&report, context.style()))?,
        Format::Json => context.print(&json::search(&report)?)?,
    }
    Ok(if report.found.is_empty() {
        Outcome::Bad
    } else {
        Outcome::Good
    })
}
