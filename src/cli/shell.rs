//! `codeyear completions` and `codeyear man`.

use std::collections::BTreeSet;
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
    write_all(
        context.out,
        once_each(&String::from_utf8_lossy(&script)).as_bytes(),
    )?;
    Ok(Outcome::Good)
}

/// Returns a script of bash in which no list of words has one twice: two arguments that take releases would offer each
/// name twice.
fn once_each(script: &str) -> String {
    let mut out = String::with_capacity(script.len());
    for line in script.split_inclusive('\n') {
        let words = line.trim_start().strip_prefix("opts=\"");
        let Some(words) = words.and_then(|words| words.trim_end().strip_suffix('"')) else {
            out.push_str(line);
            continue;
        };
        let mut seen = BTreeSet::new();
        let once: Vec<&str> = words.split(' ').filter(|word| seen.insert(*word)).collect();
        let indent = line.len() - line.trim_start().len();
        out.push_str(&format!("{:indent$}opts=\"{}\"\n", "", once.join(" ")));
    }
    out
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
    for entry in std::fs::read_dir(&args.folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|extension| extension == "1") {
            let page = std::fs::read_to_string(&path).map_err(fail)?;
            std::fs::write(&path, with_examples(&page)).map_err(fail)?;
        }
    }
    context.say(&format!("man pages written to {}\n", args.folder.display()))?;
    Ok(Outcome::Good)
}

/// Returns a man page whose examples have the section that readers look for.
fn with_examples(page: &str) -> String {
    page.replace(".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n.nf\n")
}
