//! `codeyear completions` and `codeyear man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::context::{Context, Outcome};
use super::output::write_all;
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

/// Writes the completions of the program's command.
pub(super) fn completions(
    args: &CompletionsArgs,
    mut command: clap::Command,
    context: &mut Context<'_>,
) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "codeyear", &mut script);
    write_all(context.out, &script)?;
    Ok(Outcome::Good)
}

/// Writes the man pages of the program's command.
pub(super) fn man(
    args: &ManArgs,
    command: clap::Command,
    context: &mut Context<'_>,
) -> Result<Outcome> {
    let fail = |error| io_error("write man pages to", &args.folder, error);
    std::fs::create_dir_all(&args.folder).map_err(fail)?;
    clap_mangen::generate_to(command, &args.folder).map_err(fail)?;
    context.say(&format!("man pages written to {}\n", args.folder.display()))?;
    Ok(Outcome::Good)
}
