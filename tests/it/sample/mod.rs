//! The bundled sample through the program: whole outputs, exit codes, and what its README says it shows.

mod changes;
mod exports;
mod impact;
mod imports;
mod readme;
mod shell;
mod verdicts;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

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
    let text = text.replace(&world.folder().display().to_string(), "<folder>");
    match cfg!(windows) {
        true => as_on_unix(&text),
        false => text,
    }
}

/// Returns what Windows shows as Unix shows it: the folders of a path, and the reason why it cannot be used.
fn as_on_unix(text: &str) -> String {
    // What Markdown marks so is no letter.
    let mut text = text.replace(r"\\", "/");
    for letter in ('a'..='z').chain('A'..='Z').chain('0'..='9') {
        text = text.replace(&format!(r"\{letter}"), &format!("/{letter}"));
    }
    let lines = text.lines().map(|line| {
        for (windows, unix) in [
            (&[2, 3][..], "No such file or directory (os error 2)"),
            (&[80, 183], "File exists (os error 17)"),
        ] {
            let is_it = |number: &i32| line.ends_with(&format!("(os error {number})"));
            if windows.iter().any(is_it)
                && let Some(at) = line.find(": cannot ")
                && let Some(reason) = line[at + 2..].find(": ")
            {
                return format!("{}{unix}\n", &line[..at + 2 + reason + 2]);
            }
        }
        format!("{line}\n")
    });
    lines.collect()
}

#[test]
fn what_windows_shows_is_told_as_unix_shows_it() {
    let text = "error: a\\b.csv: cannot write: Path not found. (os error 3)\n\"file\": \"a\\\\b.csv\"\na\\_b\n\n";
    let expected = "error: a/b.csv: cannot write: No such file or directory (os error 2)\n\"file\": \"a/b.csv\"\na\\_b\n\n";
    assert_eq!(as_on_unix(text), expected);
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

/// Runs the program and reads what it prints as JSON.
fn json(world: &World, args: &[&str]) -> (i32, Value) {
    let run = world.run(&[args, &["--format", "json"]].concat());
    // What it is stands first, for whoever reads no further.
    assert!(
        run.stdout.starts_with("{\n  \"schema\": \"codeyear/"),
        "{run:?}"
    );
    (run.exit, serde_json::from_str(&run.stdout).unwrap())
}

/// An object of JSON on a screen: a line for each field that is not null, and for each object of a list. Of a list of
/// codes only these are shown.
fn outline(object: &Value, left_out: &[&str]) -> String {
    let mut text = String::new();
    for (name, value) in object.as_object().unwrap() {
        if value.is_null() || left_out.contains(&name.as_str()) {
            continue;
        }
        let items: &[Value] = value.as_array().map_or(&[], Vec::as_slice);
        let codes: Vec<&str> = items
            .iter()
            .filter_map(|item| item["code_dotted"].as_str())
            .collect();
        if !codes.is_empty() {
            text.push_str(&format!("{name}: {}\n", codes.join(" ")));
        } else if items.first().is_some_and(Value::is_object) {
            text.push_str(&format!("{name}:\n"));
            items
                .iter()
                .for_each(|item| text.push_str(&format!("  {item}\n")));
        } else {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    text
}

/// The names of the fields of an object of JSON.
fn names(object: &Value) -> BTreeSet<&str> {
    let object = object.as_object().unwrap();
    object.keys().map(String::as_str).collect()
}
