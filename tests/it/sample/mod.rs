//! The bundled sample through the program: whole outputs, exit codes, and what its README says it shows.

mod changes;
mod exports;
mod impact;
mod imports;
mod readme;
mod shell;
mod verdicts;

use std::path::{Path, PathBuf};

use crate::world::{Run, World};

/// Runs the program and writes down what a user sees: the command, its output, its exit code.
fn transcript(world: &World, commands: &[&[&str]]) -> String {
    let mut text = String::new();
    for args in commands {
        let run = world.run(args);
        let args: Vec<String> = args
            .iter()
            .map(|arg| {
                if arg.contains(' ') {
                    format!("{arg:?}")
                } else {
                    (*arg).to_owned()
                }
            })
            .collect();
        text.push_str(&format!("$ codeyear {}\n{}", args.join(" "), run.stdout));
        for line in run.stderr.lines() {
            text.push_str(&format!("stderr: {line}\n"));
        }
        text.push_str(&format!("exit {}\n\n", run.exit));
    }
    // Only the folder differs from one run to the next: no output has the day of today.
    text.replace(&world.folder().display().to_string(), "<folder>")
}

fn sample_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("releases/sample")
}

fn sample_bytes(file: &str) -> Vec<u8> {
    std::fs::read(sample_folder().join(file)).unwrap()
}

/// The codes of a report as CSV.
fn changed_codes(run: &Run) -> Vec<String> {
    assert_eq!(run.exit, 0, "{}", run.stderr);
    let mut reader = csv::Reader::from_reader(run.stdout.as_bytes());
    reader
        .records()
        .map(|record| record.unwrap()[2].to_owned())
        .collect()
}

/// A file of the sample with one title changed, so that it is a file of no known release.
fn unknown_order_file(mark: &str) -> Vec<u8> {
    let text = String::from_utf8(sample_bytes("icd10cm/FY2026/icd10cm_order_2026.txt")).unwrap();
    text.replacen("Cholera\r\n", &format!("Cholera{mark}\r\n"), 1)
        .into_bytes()
}
