//! `codeyear backup`.

use std::path::PathBuf;

use clap::Args;

use super::context::{Context, Format, Outcome};
use super::progress::progress_bar;
use crate::error::Result;
use crate::present::{json, text};

/// Copy the database to another file, even while a server or an import uses it
///
/// The copy is the database as of the start of the copy. The file appears only when it is complete.
#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// Write the copy to this file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
    /// Write the report as text or JSON
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &BackupArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let store = context.existing_store()?;
    let bar = progress_bar(None, "{bar:30} {percent} %");
    let bytes = store.back_up(&args.file, args.force, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let bytes = bytes?;
    // Of the state that was copied: the database is asked in one state throughout.
    let content_hash = store.content_hash()?;
    let (from, to) = (
        store.path().display().to_string(),
        args.file.display().to_string(),
    );
    match args.format {
        Format::Text => context.print(&text::backup(&to, bytes, &content_hash))?,
        Format::Json => context.print(&json::backup(&from, &to, bytes, &content_hash)?)?,
    }
    Ok(Outcome::Good)
}
