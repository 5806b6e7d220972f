//! What to type, in the help and the man page of every verb.

use clap::Command;

/// A verb, as it is reached; and command lines of it, each with what it is for.
type Examples = (
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
);

/// What is shown of each verb.
const EXAMPLES: [Examples; 29] = [
    (
        &[],
        &[
            (
                "check C7B --on 2026-03-01",
                "was it billable on that date, and what to use instead",
            ),
            ("search heart attack", "the code for a term"),
            ("diff FY2026", "what changed on October 1, 2025"),
            (
                "audit claims.csv --code dx1,dx2 --date service_date",
                "every code on its date of service",
            ),
        ],
    ),
    (
        &["fetch"],
        &[
            ("fetch --missing", "all releases that are not loaded"),
            ("fetch FY2027 --dry-run", "what would be downloaded"),
        ],
    ),
    (
        &["init"],
        &[("init", "the official history, offline if there is a pack")],
    ),
    (
        &["import"],
        &[
            (
                "import icd10cm-FY2027.zip",
                "an archive as posted by NCHS or CMS",
            ),
            (
                "import downloads --dry-run",
                "what would be imported from a folder",
            ),
        ],
    ),
    (
        &["remove"],
        &[(
            "remove FY2027 --code-set icd10cm",
            "one release of one code set",
        )],
    ),
    (
        &["releases"],
        &[("releases", "what is loaded, and what is missing")],
    ),
    (
        &["status"],
        &[("status", "exit code 1 if today is not covered")],
    ),
    (
        &["check"],
        &[
            ("check C7B --on 10/1/2025", "one code on a date"),
            (
                "check E11.9,I10 M54.5 --year 2026",
                "several codes on every day of a fiscal year",
            ),
            ("check C7A-C7B", "the billable codes of a range, today"),
            (
                "check - --format json < codes.txt",
                "a list, one code a line",
            ),
        ],
    ),
    (
        &["history"],
        &[(
            "history M54.5",
            "its titles and flags over time, and its replacements",
        )],
    ),
    (
        &["show"],
        &[
            (
                "show C7B.00 --on 2026-05-01",
                "notes, index entries and lineage on that date",
            ),
            (
                "show S72.001 --nearest",
                "with the nearest release's notes if the one in force has none",
            ),
        ],
    ),
    (
        &["compare"],
        &[(
            "compare C7A C7B",
            "location, notes and subcodes side by side",
        )],
    ),
    (
        &["search"],
        &[
            ("search type 2 diabetes with ketoacidosis", "by words"),
            (
                "search appendectomy --code-set icd10pcs --limit 5",
                "a procedure",
            ),
            (
                "search M54.5 --unlisted --on 2020-01-01",
                "codes with this prefix, listed on that date or not",
            ),
        ],
    ),
    (
        &["diff"],
        &[
            ("diff FY2025 FY2026", "two releases"),
            ("diff latest", "the newest release and the one before it"),
            (
                "diff FY2025..FY2026 --under C76-C80 -o changes.html",
                "a chapter or range, as a page",
            ),
            (
                "diff FY2026 --only claims.csv --code dx*",
                "only codes in use, weighted by how often",
            ),
        ],
    ),
    (
        &["audit"],
        &[
            (
                "audit claims.csv",
                "a table whose columns have telling names",
            ),
            (
                "audit claims.csv --code dx1,dx2 --date service_date",
                "a table",
            ),
            (
                "audit claims.csv --code dx* --admit admitted --discharge discharged -o failures.csv --failures",
                "inpatient claims; the rows that fail",
            ),
            (
                "audit 837-files --report summary.html",
                "a folder of X12 or FHIR files",
            ),
            (
                "audit old.csv --code dx --infer",
                "the release that fits a file without dates",
            ),
        ],
    ),
    (
        &["export"],
        &[(
            "export spans -o spans.parquet",
            "every code with its effective dates",
        )],
    ),
    (
        &["export", "spans"],
        &[(
            "export spans --code-set icd10cm -o spans.csv",
            "one code set as a table",
        )],
    ),
    (
        &["export", "periods"],
        &[(
            "export periods -o periods.csv",
            "which release covers which dates",
        )],
    ),
    (
        &["export", "findings"],
        &[(
            "export findings -o findings.parquet",
            "the audit result of every code",
        )],
    ),
    (
        &["export", "labels"],
        &[("export labels -o labels.csv", "code set labels of claims")],
    ),
    (
        &["export", "order"],
        &[(
            "export order --release FY2026 -o icd10cm-order-2026.txt",
            "the official file, reproduced",
        )],
    ),
    (
        &["export", "ohdsi"],
        &[(
            "export ohdsi -o vocabulary",
            "CONCEPT.csv and its relationships",
        )],
    ),
    (
        &["export", "fhir"],
        &[(
            "export fhir --release FY2026 -o fhir",
            "code systems and concept maps",
        )],
    ),
    (
        &["serve"],
        &[
            ("serve", "pages, JSON and FHIR for this machine"),
            (
                "serve --listen 0.0.0.0:8470 --host codes.example.org",
                "for other machines, by that name",
            ),
        ],
    ),
    (
        &["verify"],
        &[("verify", "everything"), ("verify FY2026", "one release")],
    ),
    (
        &["backup"],
        &[(
            "backup codeyear-copy.db",
            "a complete copy, while the database is in use",
        )],
    ),
    (
        &["demo"],
        &[("demo", "the bundled sample, nothing downloaded")],
    ),
    (
        &["pack"],
        &[(
            "pack --from downloads --output official.pack",
            "from local files",
        )],
    ),
    (
        &["completions"],
        &[(
            "completions bash > codeyear.bash",
            "to be read by the shell at startup",
        )],
    ),
    (&["man"], &[("man man1", "one page per command")]),
];

/// Adds the examples to the help of a command and of all its verbs.
pub(super) fn add(command: Command) -> Command {
    EXAMPLES.iter().fold(command, |command, (verb, examples)| {
        at(command, verb, examples)
    })
}

fn at(command: Command, verb: &[&str], examples: &[(&str, &str)]) -> Command {
    let Some((first, rest)) = verb.split_first() else {
        let before = command.get_after_help().map(|help| format!("\n{help}"));
        return command.after_help(written(examples) + &before.unwrap_or_default());
    };
    // A build without the verb has no help of it.
    match command.find_subcommand(first) {
        Some(_) => command.mut_subcommand(*first, |inner| at(inner, rest, examples)),
        None => command,
    }
}

/// Writes examples as a shell reads them, each with what it is for.
fn written(examples: &[(&str, &str)]) -> String {
    let lines = examples
        .iter()
        .map(|(line, what)| format!("  # {what}\n  codeyear {line}\n"));
    format!("Examples:\n{}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{command, parsed};

    fn verbs(command: &Command, path: &str, all: &mut Vec<String>) {
        for verb in command.get_subcommands() {
            let name = format!("{path} {}", verb.get_name()).trim().to_owned();
            verbs(verb, &name, all);
            all.push(name);
        }
    }

    #[test]
    fn every_verb_has_examples_and_each_is_read() {
        let mut all = vec![String::new()];
        verbs(&command(), "", &mut all);
        for (verb, examples) in EXAMPLES {
            let path = verb.join(" ");
            let known = all.iter().position(|name| *name == path);
            // A build without some features has fewer verbs.
            let Some(at) = known else {
                let missing = ["fetch", "serve"].contains(&path.as_str());
                assert!(missing, "{path}");
                continue;
            };
            all.remove(at);
            for (line, _) in examples {
                assert!(line.starts_with(&path), "{line}");
                let words: Vec<&str> = line
                    .split_whitespace()
                    .take_while(|word| !["<", ">"].contains(word))
                    .collect();
                assert!(
                    parsed(&words).is_ok(),
                    "{line}: {}",
                    parsed(&words).unwrap_err()
                );
            }
        }
        assert!(all.is_empty(), "without examples: {all:?}");
    }
}
