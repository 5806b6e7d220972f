//! The program: arguments to the library's command line, and its outcome to an exit code.

use clap::Parser;

fn main() -> std::process::ExitCode {
    codeyear::cli::tell_where_defects_are();
    codeyear::cli::run(&codeyear::cli::Cli::parse())
}
