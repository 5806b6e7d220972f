//! The program: arguments to the library's command line, and its outcome to an exit code.

fn main() -> std::process::ExitCode {
    codeyear::cli::main(std::env::args_os()).into()
}
