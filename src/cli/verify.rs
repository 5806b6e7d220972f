//! `codeyear verify`.

use std::io::IsTerminal;

use clap::Args;
use indicatif::ProgressBar;

use super::context::{CodeSetParser, Context, Format, Outcome, ReleaseParser};
use crate::answer::{self, VerifyOptions};
use crate::error::Result;
use crate::model::{CodeSet, ReleaseName, TypedRelease};
use crate::present::{json, text};

/// Verify the database against the official addenda, hashes and counts
///
/// Checks the file with SQLite's own check, its schema and references, and every row against the digests that were
/// stored with it. Reproduces every order file and compares its hash, applies every order addenda to its base, and
/// derives the history again. The results are stored and shown by codeyear releases.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Verify this release only
    #[arg(value_name = "RELEASE", value_parser = ReleaseParser::<TypedRelease>::typed(), hide_possible_values = true)]
    release: Option<TypedRelease>,
    /// Verify one code set only
    #[arg(long, value_name = "SET", value_parser = CodeSetParser)]
    code_set: Option<CodeSet>,
    /// Apply the addenda to this base instead of its own; the results are not stored
    #[arg(long, value_name = "RELEASE", requires = "release", value_parser = ReleaseParser::named(), hide_possible_values = true)]
    base: Option<ReleaseName>,
    /// Write text or JSON
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &VerifyArgs, context: &mut Context<'_>) -> Result<Outcome> {
    // Not pinned: it keeps the outcomes.
    let store = context.unpinned_store()?;
    // A base belongs to one code set.
    let code_set = args.code_set.or(args.base.map(|_| CodeSet::default()));
    let options = VerifyOptions {
        code_set,
        release: match args.release {
            Some(typed) => Some(context.release(&store, code_set, typed)?),
            None => None,
        },
        base: args.base.map(|base| base.of(code_set.unwrap_or_default())),
    };
    let spinner = if std::io::stderr().is_terminal() {
        ProgressBar::new_spinner()
    } else {
        ProgressBar::hidden()
    };
    let report = answer::verify(&store, &options, context.today, &mut |code_set, release| {
        spinner.set_message(format!("{} {release}", code_set.name()));
        spinner.tick();
    });
    spinner.finish_and_clear();
    let report = report?;
    match args.format {
        Format::Text => context.print(&text::verify(&report, context.style()))?,
        Format::Json => context.print(&json::verify(&report)?)?,
    }
    Ok(if report.is_sound() {
        Outcome::Good
    } else {
        Outcome::Bad
    })
}
