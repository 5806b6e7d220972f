//! The program: arguments to the library's command line, and its outcome to an exit code.

use clap::Parser;

fn main() -> std::process::ExitCode {
    codeyear::cli::report_defects();
    codeyear::cli::run(&codeyear::cli::Cli::parse())
}
