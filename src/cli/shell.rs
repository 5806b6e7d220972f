//! `codeyear completions` and `codeyear man`.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Context, Outcome, write_all};
use crate::error::{Result, io_error};

/// Write the completions of a shell to stdout
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// Write for this shell
    shell: Shell,
}

/// Write the man pages into a folder
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Write into this folder
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub(super) fn completions(args: &CompletionsArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "codeyear", &mut script);
    write_all(context.out, &script)?;
    Ok(Outcome::Good)
}

pub(super) fn man(args: &ManArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let fail = |error| io_error("write man pages to", &args.folder, error);
    std::fs::create_dir_all(&args.folder).map_err(fail)?;
    clap_mangen::generate_to(Cli::command(), &args.folder).map_err(fail)?;
    context.say(&format!("man pages written to {}\n", args.folder.display()))?;
    Ok(Outcome::Good)
}
