//! The command line: one verb a file, an `Args` struct and a short function each.
//!
//! A verb reads its arguments, asks the library for a value and presents it. stdout is data, stderr
//! talks; the exit code is 0 if all is valid or done, 1 if something is not valid or not sound, 2 if
//! it could not be told or the request was wrong.

mod astray;
mod audit;
mod backup;
mod check;
mod context;
mod defects;
mod demo;
mod diff;
mod examples;
mod export;
#[cfg(feature = "fetch")]
mod fetch;
mod first;
mod history;
mod import;
mod init;
mod official;
mod output;
mod pack;
mod progress;
mod releases;
mod remove;
mod search;
#[cfg(feature = "serve")]
mod serve;
mod shell;
mod show;
mod status;
mod verify;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::error::{Result, printable};

use context::{Context, Global, Outcome, today};
use defects::report_defects;
use output::{has_no_reader, is_broken_pipe};

/// Every release of the US medical code sets in one file: what a code meant on a date, and what changed
/// between releases
#[derive(Debug, Parser)]
#[command(
    name = "codeyear",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(
    after_help = "Exit codes: 0 all valid or done, 1 something is not valid or not sound, 2 not determined or wrong usage"
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    #[cfg(feature = "fetch")]
    Fetch(fetch::FetchArgs),
    Init(init::InitArgs),
    Import(import::ImportArgs),
    Remove(remove::RemoveArgs),
    Releases(releases::ReleasesArgs),
    Status(status::StatusArgs),
    Check(check::CheckArgs),
    History(history::HistoryArgs),
    Show(show::ShowArgs),
    Compare(show::CompareArgs),
    Search(search::SearchArgs),
    Diff(diff::DiffArgs),
    Audit(Box<audit::AuditArgs>),
    Export(export::ExportArgs),
    #[cfg(feature = "serve")]
    Serve(serve::ServeArgs),
    Verify(verify::VerifyArgs),
    Backup(backup::BackupArgs),
    Demo(demo::DemoArgs),
    Pack(pack::PackArgs),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
}

/// Returns the command line, with examples in every help.
fn command() -> clap::Command {
    let command = in_any_case(examples::add(Cli::command()));
    match cfg!(windows) {
        // Not by the name of its file, which has an ending there.
        true => command.bin_name("codeyear"),
        false => command,
    }
}

/// Reads the values that an option lists in any case: `--format JSON`.
fn in_any_case(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| {
        let lists_values = arg.get_action().takes_values() && !arg.get_possible_values().is_empty();
        arg.ignore_case(lists_values)
    });
    command.mut_subcommands(in_any_case)
}

fn read<A: Into<OsString> + Clone>(args: impl IntoIterator<Item = A>) -> Result<Cli, clap::Error> {
    let mut matches = command().try_get_matches_from(args)?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command()))
}

/// Runs the program with its arguments, its own name first, and returns its exit code. What it says goes to stdout
/// and stderr of the process.
pub fn main(args: impl IntoIterator<Item = OsString>) -> u8 {
    report_defects();
    let args: Vec<OsString> = args.into_iter().collect();
    let code = match read(args.clone()) {
        Ok(cli) => run(&cli),
        Err(error) => refuse(error, &args),
    };
    // What is left of stdout is written at the end of a program of Rust's own only, and another may have called this.
    let _ = std::io::stdout().flush();
    code
}

/// Writes help, or what is wrong with the arguments, and returns the exit code.
fn refuse(error: clap::Error, args: &[OsString]) -> u8 {
    // A wrong argument is shown, and it may hold what writes to the terminal.
    let printable_args: Vec<String> = args
        .iter()
        .map(|arg| printable(&arg.to_string_lossy()))
        .collect();
    let mut shown = read(&printable_args).err().unwrap_or(error);
    astray::lead(&mut shown, &command(), &printable_args);
    // Help that could not be written is no help; of what is wrong nobody is left to be told.
    let code = match shown.print() {
        Err(failed) if !shown.use_stderr() && !has_no_reader(&failed) => 2,
        _ => shown.exit_code(),
    };
    u8::try_from(code).unwrap_or(Outcome::Undetermined.exit_code())
}

/// Runs the program on parsed arguments and returns its exit code.
fn run(cli: &Cli) -> u8 {
    let stdout = std::io::stdout();
    let stderr = std::io::stderr();
    let out_is_terminal = stdout.is_terminal();
    // On consoles that know no ANSI the marks are translated or dropped.
    let mut out = anstream::AutoStream::new(stdout, anstream::ColorChoice::AlwaysAnsi);
    let mut err = anstream::AutoStream::auto(stderr);
    let mut context = Context {
        global: &cli.global,
        out: &mut out,
        err: &mut err,
        out_is_terminal,
        today: cli.global.today.unwrap_or_else(today),
    };
    match run_verb(&cli.verb, &mut context) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) if is_broken_pipe(&error) => Outcome::Undetermined.exit_code(),
        Err(error) => {
            let red = anstyle::AnsiColor::Red.on_default().bold();
            let cyan = anstyle::AnsiColor::Cyan.on_default().bold();
            let mut text = format!("{red}error:{red:#} {error}\n");
            if let Some(hint) = error.hint() {
                text.push_str(&format!("{cyan}hint:{cyan:#} {hint}\n"));
            }
            // Nobody is left to tell if stderr is closed.
            let _ = context.say(&text);
            Outcome::Undetermined.exit_code()
        }
    }
}

fn run_verb(verb: &Verb, context: &mut Context<'_>) -> Result<Outcome> {
    match verb {
        #[cfg(feature = "fetch")]
        Verb::Fetch(args) => fetch::run(args, context),
        Verb::Init(args) => init::run(args, context),
        Verb::Import(args) => import::run(args, context),
        Verb::Remove(args) => remove::run(args, context),
        Verb::Releases(args) => releases::run(args, context),
        Verb::Status(args) => status::run(args, context),
        Verb::Check(args) => check::run(args, context),
        Verb::History(args) => history::run(args, context),
        Verb::Show(args) => show::show(args, context),
        Verb::Compare(args) => show::compare(args, context),
        Verb::Search(args) => search::run(args, context),
        Verb::Diff(args) => diff::run(args, context),
        Verb::Audit(args) => audit::run(args, context),
        Verb::Export(args) => export::run(args, context),
        #[cfg(feature = "serve")]
        Verb::Serve(args) => serve::run(args, context),
        Verb::Verify(args) => verify::run(args, context),
        Verb::Backup(args) => backup::run(args, context),
        Verb::Demo(args) => demo::run(args, context),
        Verb::Pack(args) => pack::run(args, context),
        Verb::Completions(args) => shell::completions(args, command(), context),
        Verb::Man(args) => shell::man(args, command(), context),
    }
}

/// Reads a command line as the program does.
#[cfg(test)]
fn parsed(args: &[&str]) -> Result<Cli, clap::Error> {
    read(std::iter::once(&"codeyear").chain(args))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    #[test]
    fn the_arguments_of_all_verbs_go_together() {
        command().debug_assert();
    }

    #[test]
    fn what_excludes_or_needs_each_other_is_a_wrong_request() {
        for wrong in [
            &["check"][..],
            &["check", "C7B", "--on", "2026-03-01", "--year", "2026"],
            &["check", "C7B", "--on", "31/01/2026"],
            &["check", "C7B", "--code-set", "icd9"],
            &["diff"],
            &["diff", "FY2025", "FY2O26"],
            &["diff", "FY2025", "FY2026", "--code", "dx1"],
            &[
                "audit",
                "claims.csv",
                "--on",
                "2026-03-01",
                "--date",
                "served",
            ],
            &["audit", "claims.csv", "--infer", "--output", "rows.csv"],
            &["audit", "claims.csv", "--keep", "all"],
            &["export", "ohdsi"],
        ] {
            let error = parsed(wrong).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{wrong:?}");
        }
    }

    #[test]
    fn a_variable_that_is_set_to_nothing_names_no_database() {
        let named = |db: &str| {
            let cli = parsed(&["--db", db, "releases"]).unwrap();
            cli.global.database().map(Path::to_path_buf)
        };
        assert_eq!(named(""), None);
        assert_eq!(named("my.db"), Some(PathBuf::from("my.db")));
    }
}
