//! The program: arguments to the library's command line, and its outcome to an exit code.

fn main() -> std::process::ExitCode {
    codeyear::cli::report_defects();
    match codeyear::cli::parse() {
        Ok(cli) => codeyear::cli::run(&cli),
        Err(code) => code,
    }
}
