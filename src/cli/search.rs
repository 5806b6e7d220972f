//! `codeyear search`.

use clap::Args;

use super::context::{CodeSetParser, Context, Format, Outcome};
use crate::answer::{self, SearchOptions};
use crate::error::{Error, Result};
use crate::model::{CodeSet, TypedDay};
use crate::present::{json, text};

/// Find codes by words in titles, inclusion terms and index entries, as of a date
///
/// Abbreviations, lay words and misspelt words are read as what they mean, and that is shown; the last word may be
/// only begun. The code most likely meant comes first. Where no code has all words the least telling are left out. A
/// text that is a code, or begins one, finds it and what stands below it.
#[derive(Debug, Args)]
pub(super) struct SearchArgs {
    /// Find these words
    #[arg(required = true, value_name = "WORDS")]
    words: Vec<String>,
    /// Find what is listed on this date [default: today]
    #[arg(long, visible_alias = "date", aliases = ["dos", "day", "as-of"], value_name = "DATE")]
    on: Option<TypedDay>,
    /// Find deleted codes and those to come as well
    #[arg(long)]
    unlisted: bool,
    /// Show at most this many
    #[arg(long, visible_alias = "most", aliases = ["max", "top"], value_name = "NUMBER", default_value_t = 20)]
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
        return Err(Error::usage("--limit is 0").with_hint("show one code at least"));
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
