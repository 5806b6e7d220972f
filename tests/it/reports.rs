//! What README.md and the pages of docs/ say of the program, held against the program: both ways.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory};
use codeyear::cli::Cli;
use codeyear::model::CodeSet;
use codeyear::present::json;
use serde_json::Value;

use crate::documents::{code, code_without_output, documents, read, root};
use crate::notes::{world_with_conversion_table, world_with_tabular_lists};
use crate::world::World;

/// Returns the text of all documents, one after the other.
fn text_of_documents() -> String {
    let texts: Vec<String> = documents().into_iter().map(|(_, text)| text).collect();
    texts.join("\n")
}

fn command() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// The options that a verb takes, written `--db`; without a verb, those of all.
fn options_of(verb: Option<&str>) -> BTreeSet<String> {
    let command = command();
    let verbs = command
        .get_subcommands()
        .filter(|one| verb.is_none_or(|verb| one.get_name() == verb));
    verbs
        // A verb may have verbs of its own.
        .flat_map(|verb| verb.get_subcommands().chain([verb]))
        .chain([&command])
        .flat_map(Command::get_arguments)
        .filter_map(|argument| argument.get_long_and_visible_aliases())
        .flatten()
        .map(|long| format!("--{long}"))
        .chain(["--help".to_owned(), "--version".to_owned()])
        .collect()
}

fn verbs() -> BTreeSet<String> {
    let command = command();
    let names = command
        .get_subcommands()
        .map(|verb| verb.get_name().to_owned());
    names.filter(|name| name != "help").collect()
}

/// The words after the program's name in a piece of code, and its comment; `None` if it is no command
/// of this program.
fn arguments(piece: &str) -> Option<(Vec<String>, String)> {
    let (call, comment) = piece.split_once(" #").unwrap_or((piece, ""));
    let words: Vec<&str> = call.split_whitespace().collect();
    let is_cargo = words.starts_with(&["cargo", "run"]);
    if is_cargo && words.contains(&"--example") {
        return None;
    }
    let program = if is_cargo { "--" } else { "codeyear" };
    let at = words.iter().position(|word| *word == program)?;
    // What follows a pipe is another program's.
    let arguments: Vec<String> = words[at + 1..]
        .iter()
        .take_while(|word| !matches!(**word, "|" | ">" | "&" | "&&" | "||" | ";"))
        .map(|word| word.trim_matches(['"', '\'']).to_owned())
        .collect();
    (!arguments.is_empty()).then_some((arguments, comment.to_owned()))
}

fn long_options(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter(|word| word.starts_with("--") && word.len() > 2)
}

#[test]
fn every_command_in_the_documents_is_one_that_the_program_takes() {
    let mut found = 0;
    for (name, text) in documents() {
        for piece in code(&text) {
            let Some((arguments, comment)) = arguments(&piece) else {
                continue;
            };
            found += 1;
            let words = ["codeyear".to_owned()].into_iter().chain(arguments.clone());
            match command()
                .try_get_matches_from(words)
                .map_err(|error| error.kind())
            {
                Ok(_) => {}
                // A value may be a placeholder, as in `completions SHELL`, or left out.
                Err(
                    ErrorKind::InvalidValue
                    | ErrorKind::ValueValidation
                    | ErrorKind::MissingRequiredArgument
                    | ErrorKind::DisplayHelp
                    | ErrorKind::DisplayVersion,
                ) => {}
                Err(kind) => panic!("{name}: {piece}: {kind}"),
            }
            let verb = arguments.iter().find(|word| verbs().contains(*word));
            for option in long_options(&comment) {
                assert!(
                    options_of(verb.map(String::as_str)).contains(option),
                    "{name}: {piece}: {verb:?} takes no {option}"
                );
            }
        }
    }
    assert!(
        found >= 8,
        "only {found} commands are found in the documents"
    );
}

#[test]
fn every_option_in_the_documents_is_one_that_a_verb_takes() {
    let options = options_of(None);
    let mut found = 0;
    for (name, text) in documents() {
        for piece in code(&text).iter().filter(|piece| piece.starts_with("--")) {
            // A block of SQL has its comments so.
            for option in long_options(piece).filter(|_| !piece.starts_with("-- ")) {
                found += 1;
                assert!(options.contains(option), "{name}: no verb takes {option}");
            }
        }
    }
    assert!(
        found >= 5,
        "only {found} options are found in the documents"
    );
}

#[test]
fn every_verb_is_in_the_list_of_commands() {
    let mentioned: BTreeSet<String> = code(&read("docs/commands.md"))
        .iter()
        .filter_map(|piece| arguments(piece))
        .flat_map(|(arguments, _)| arguments)
        .collect();
    let missing: Vec<String> = verbs().difference(&mentioned).cloned().collect();
    assert_eq!(
        missing, [""; 0],
        "docs/commands.md shows no command with these verbs"
    );
}

#[test]
fn the_documents_name_every_verdict_and_every_format() {
    let pieces: BTreeSet<String> = code(&read("docs/verdicts.md")).into_iter().collect();
    for verdict in [
        "billable",
        "header",
        "not-yet-effective",
        "deleted",
        "unknown",
        "not-in-force",
        "not-covered",
    ] {
        assert!(
            pieces.contains(verdict),
            "docs/verdicts.md lacks the verdict {verdict}"
        );
    }
    let pieces: BTreeSet<String> = code(&read("docs/commands.md")).into_iter().collect();
    let command = command();
    let diff = command.find_subcommand("diff").unwrap();
    let format = diff
        .get_arguments()
        .find(|one| one.get_long() == Some("format"))
        .unwrap();
    for value in format.get_possible_values() {
        assert!(
            pieces.contains(value.get_name()),
            "docs/commands.md lacks the format {}",
            value.get_name()
        );
    }
}

#[test]
fn every_place_that_contributors_are_told_of_is_there() {
    let page = read("CONTRIBUTING.md");
    let table = page.split("## Where things are").nth(1).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let mut found = 0;
    for row in rows {
        for place in code(row) {
            found += 1;
            assert!(
                root().join(&place).exists(),
                "CONTRIBUTING.md names {place}, which is not there"
            );
        }
    }
    assert!(found >= 5);
}

#[test]
fn every_link_and_picture_of_the_documents_leads_to_a_file_that_is_there() {
    for (name, text) in documents() {
        let folder = root().join(Path::new(&name).parent().unwrap());
        let after = |mark: &'static str, end: char| {
            let rests = text.split(mark).skip(1);
            rests.map(move |rest| rest.split(end).next().unwrap())
        };
        let pictures = after(" src=\"", '"').chain(after(" srcset=\"", '"'));
        for link in after("](", ')').chain(pictures) {
            let file = link.split('#').next().unwrap();
            if !file.is_empty() && !file.contains("://") {
                assert!(
                    folder.join(file).exists(),
                    "{name} links to {link}, which is not there"
                );
            }
        }
    }
}

// ---- JSON ----

/// Every key of a JSON value, however deep.
fn keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                found.insert(key.clone());
                keys(value, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| keys(value, found)),
        _ => {}
    }
}

fn json_of(world: &World, args: &[&str]) -> Value {
    let run = world.run(&[args, &["--format", "json"]].concat());
    serde_json::from_str(&run.stdout)
        .unwrap_or_else(|error| panic!("{args:?}: {error}: {}{}", run.stdout, run.stderr))
}

/// The sample's newest order file without one category, so that no known release has these bytes.
fn book_without(category: &str, mark: &str) -> String {
    let path = root().join("releases/sample/icd10cm/FY2026/icd10cm_order_2026.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|line| !line[6..].starts_with(category));
    rows.enumerate()
        .map(|(index, line)| format!("{:05}{}{mark}\r\n", index + 1, &line[5..]))
        .collect()
}

/// H54.8 and the levels above it in the tabular list of FY2026-04, and the head of its table.
const VISUAL_IMPAIRMENT: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular>
  <version>2026</version>
  <introduction><introSection type="title"><title>ICD-10-CM TABULAR LIST of DISEASES and INJURIES</title></introSection></introduction>
  <chapter>
    <name>7</name>
    <desc>Diseases of the eye and adnexa (H00-H59)</desc>
    <sectionIndex><sectionRef first="H53" last="H54" id="H53-H54">Visual disturbances and blindness</sectionRef></sectionIndex>
    <section id="H53-H54">
      <desc>Visual disturbances and blindness (H53-H54)</desc>
      <diag>
        <name>H54</name>
        <desc>Blindness and low vision</desc>
        <diag>
          <name>H54.8</name>
          <desc>Legal blindness, as defined in USA</desc>
          <visualImpairment>
            <visCategory>
              <heading>Category of visual impairment</heading>
              <visRange>
                <heading>Visual acuity with best possible correction</heading>
                <visMax><heading>Maximum less than:</heading></visMax>
                <visMin><heading>Minimum equal to or better than:</heading></visMin>
              </visRange>
            </visCategory>
            <visCategory>
              <value>1</value>
              <visRange>
                <visMax><value>6/18</value></visMax>
                <visMin><value>6/60</value></visMin>
              </visRange>
            </visCategory>
          </visualImpairment>
        </diag>
      </diag>
    </section>
  </chapter>
</ICD10CM.tabular>
"#;

/// What the program prints, by schema: each verb, with every case in which it prints another field.
fn printed() -> BTreeMap<String, BTreeSet<String>> {
    let sample = World::with_sample();
    let damaged = World::with_sample();
    rusqlite::Connection::open(damaged.database())
        .unwrap()
        .execute_batch("UPDATE poa_exempt SET title = 'another'")
        .unwrap();
    sample.write("codes.csv", "dx,n\nG35,1\nQ51.20,1\nA00.0,1\nn/a,1\n");
    let mut values = vec![
        json_of(&sample, &["releases"]),
        json_of(&sample, &["status"]),
        json_of(&sample, &["verify"]),
        json_of(&sample, &["backup", "copy.db"]),
        json_of(&damaged, &["verify"]),
        json_of(&sample, &["verify", "FY2022", "--base", "FY2020"]),
        // With the proofs that have just been made.
        json_of(&sample, &["releases"]),
    ];
    for (code, date) in [
        ("C7B.1", "2026-03-01"),
        ("C7B", "2026-03-01"),
        ("U07.1", "2020-03-31"),
        ("S30.1XXA", "2025-10-01"),
        ("C7.B", "2026-03-01"),
        ("O40.1XX", "2026-03-01"),
        ("C7B.05", "2026-03-01"),
        ("A00", "2015-09-30"),
        ("A00", "2018-11-01"),
    ] {
        values.push(json_of(&sample, &["check", code, "--on", date]));
    }
    let claims =
        "id,dx,dos,paid\n1,M54.5,2021-10-01,5\n2,C7B.00,2026-02-30,1\n3,U07.1,2020-03-31,1\n";
    sample.write("audit.csv", claims);
    sample.write(
        "odd.csv",
        "dx,dos,note\n'C7B.00',2026-03-01\nJ1885,2026-03-01,\n",
    );
    values.push(json_of(
        &sample,
        &["audit", "odd.csv", "--code", "dx", "--date", "dos"],
    ));
    let audit = ["audit", "audit.csv", "--code", "dx", "--date", "dos"];
    values.push(json_of(
        &sample,
        &[&audit[..], &["--amount", "paid", "--show-values"]].concat(),
    ));
    sample.write("undated.csv", "dx\nM54.50\nZ28.3\nM54.5\n");
    values.push(json_of(
        &sample,
        &["audit", "undated.csv", "--code", "dx", "--infer"],
    ));
    // With one release of the sample alone.
    let partial = World::empty();
    let folder = root().join("releases/sample/icd10cm/FY2022");
    partial.run(&["import", "--allow-incomplete", folder.to_str().unwrap()]);
    partial.write("audit.csv", "dx,dos\nM54.50,2022-05-01\n");
    values.push(json_of(
        &partial,
        &["audit", "audit.csv", "--code", "dx", "--date", "dos"],
    ));
    values.push(json_of(&sample, &["check", "M54.5", "--year", "2021"]));
    for code in ["U07.1", "T81.4XXA"] {
        values.push(json_of(&sample, &["history", code]));
    }
    let args = [
        "diff",
        "FY2025",
        "FY2026",
        "--under",
        "G35,P09,S30",
        "--under",
        "A00-E11",
    ];
    values.push(json_of(&sample, &args));
    values.push(json_of(
        &sample,
        &[
            "diff",
            "FY2025",
            "FY2026",
            "--only",
            "codes.csv",
            "--code",
            "dx",
        ],
    ));
    sample.write("codes.txt", "G35\nQ51.20\n");
    let list = ["diff", "FY2025", "FY2026", "--only", "codes.txt"];
    values.push(json_of(&sample, &list));

    for (code, date) in [
        ("C7B.1", "2026-05-01"),
        ("S30.11XA", "2026-05-01"),
        // A release without a tabular list, and another's in its place.
        ("G35", "2026-03-01"),
        ("A00", "2018-11-01"),
    ] {
        values.push(json_of(&sample, &["show", code, "--on", date]));
    }
    let nearest = ["show", "G35", "--on", "2026-03-01", "--nearest"];
    values.push(json_of(&sample, &nearest));
    for code in ["02703DZ", "0270318"] {
        values.push(json_of(&sample, &["show", code, "--on", "2022-05-01"]));
    }
    let codes = ["compare", "C7A.00", "C4A", "--on", "2026-05-01"];
    values.push(json_of(&sample, &codes));
    for words in ["carcinoid liver", "low back pain", "G35", "htn"] {
        let args = ["search", words, "--on", "2026-05-01", "--unlisted"];
        values.push(json_of(&sample, &args));
    }

    // The one table of visual impairment stands where the sample has no codes.
    let eyes = World::empty();
    eyes.write("icd10cm-tabular-FY2026-04.xml", VISUAL_IMPAIRMENT);
    values.push(json_of(
        &eyes,
        &[
            "import",
            "--allow-incomplete",
            ".",
            "--release",
            "FY2026-04",
        ],
    ));
    values.push(json_of(&eyes, &["show", "H54.8", "--on", "2026-05-01"]));

    // A code that is listed again, one that was listed before the code set was in force, and files
    // that are left.
    let other = World::empty();
    other.write("all/icd10cm-FY2030.txt", book_without("none", "!"));
    other.write("all/icd10cm-FY2031.txt", book_without("A00", "!"));
    other.write("all/icd10cm-FY2032.txt", book_without("none", "."));
    other.write("all/ReadMe.pdf", "%PDF-1.5");
    // And one that cannot be taken.
    let cut = book_without("none", ",").replace("\r\n", "\r\n!");
    other.write("all/icd10cm-FY2033.txt", cut);
    values.push(json_of(&other, &["import", "--allow-incomplete", "all"]));
    values.push(json_of(&other, &["check", "A00", "--on", "2030-10-01"]));
    other.write("early/icd10cm-FY2013.txt", book_without("none", "?"));
    values.push(json_of(&other, &["import", "--allow-incomplete", "early"]));
    values.push(json_of(&other, &["check", "A00", "--on", "2013-09-30"]));

    // Two tabular lists; in the second one a level more carries a placeholder.
    let lists = world_with_tabular_lists();
    values.push(json_of(&lists, &["diff", "FY2031", "FY2032", "--notes"]));
    values.push(json_of(&lists, &["diff", "FY2032", "FY2033", "--notes"]));
    let table = world_with_conversion_table();
    values.push(json_of(&table, &["diff", "FY2031", "FY2032"]));
    let failure = json::failure(404, "nothing found at this address", Some("look elsewhere"));
    values.push(serde_json::from_str(&failure).unwrap());

    #[cfg(feature = "fetch")]
    values.extend(fetched());

    let mut printed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for value in &values {
        let schema = value["schema"].as_str().unwrap().to_owned();
        keys(value, printed.entry(schema).or_default());
    }
    printed
}

/// What a fetch prints: files, failures, what is left, and what is posted.
#[cfg(feature = "fetch")]
fn fetched() -> Vec<Value> {
    use crate::fetch::server::{Manner, Server};
    let server = Server::start();
    let refused = Manner::Status(403, usize::MAX);
    server.put("/2027-conversion-table.zip", "", refused);
    let posted = "/files/zip/2028-conversion-table.zip";
    server.put(posted, "PK", Manner::Well);
    let world = World::empty();
    let mirror = server.address();
    let cm = ["--code-set", "icd10cm", "--mirror", &mirror];
    [
        &["fetch", "FY2026", "--dry-run"][..],
        &["fetch", "FY2027", "--to", "files"],
        &["fetch", "--check", "FY2028"],
    ]
    .map(|args| json_of(&world, &[args, &cm].concat()))
    .into()
}

/// The fields that docs/json.md describes: what stands in the first column of its tables.
fn documented() -> BTreeSet<String> {
    let text = read("docs/json.md");
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.flat_map(|row| code(row.trim_start_matches('|').split('|').next().unwrap()))
        .collect()
}

/// The keys of the rows that are exported as NDJSON, and of what an audit adds to objects.
fn exported() -> BTreeSet<String> {
    let world = World::with_sample();
    let mut found = BTreeSet::new();
    for table in ["spans", "periods", "findings", "labels"] {
        let run = world.run(&["export", table, "--format", "ndjson"]);
        for line in run.stdout.lines() {
            keys(&serde_json::from_str(line).unwrap(), &mut found);
        }
    }
    let claims = "{\"dx\": \"M54.5\", \"dos\": \"2021-10-01\"}\n{\"dx\": \"C7B\"}\n";
    let claims = world.write("claims.ndjson", claims);
    let claims = claims.to_str().unwrap();
    let run = world.run(&["audit", claims, "--code", "dx", "--date", "dos", "-o", "-"]);
    for line in run.stdout.lines() {
        let annotated: Value = serde_json::from_str(line).unwrap();
        keys(&annotated["codeyear"], &mut found);
        found.insert("codeyear".to_owned());
    }
    found
}

#[test]
fn every_json_field_that_is_printed_is_described_and_the_reverse() {
    let mut printed: BTreeSet<String> = printed().into_values().flatten().collect();
    printed.extend(exported());
    let documented = documented();
    let not_described: Vec<&String> = printed.difference(&documented).collect();
    assert!(
        not_described.is_empty(),
        "docs/json.md does not describe {not_described:?}"
    );
    let not_printed: Vec<&String> = documented.difference(&printed).collect();
    assert!(
        not_printed.is_empty(),
        "docs/json.md describes {not_printed:?}, which nothing prints"
    );
}

#[test]
fn every_json_schema_that_is_printed_is_named_in_the_documents_and_the_reverse() {
    let text = read("docs/json.md");
    let named: BTreeSet<String> = code(&text)
        .into_iter()
        .filter(|piece| piece.starts_with("codeyear/") && piece.ends_with(char::is_numeric))
        .collect();
    let schemas: BTreeSet<String> = printed().into_keys().collect();
    assert_eq!(named, schemas);
}

#[test]
fn every_code_in_the_documents_is_one_that_the_sample_lists() {
    let world = World::with_sample();
    let store = world.store();
    let mut found = 0;
    for piece in code_without_output(&text_of_documents()) {
        let Some((arguments, _)) = arguments(&piece) else {
            continue;
        };
        let is_verb =
            |word: &String| matches!(word.as_str(), "check" | "history" | "show" | "compare");
        let codes = arguments.iter().skip_while(|word| !is_verb(word)).skip(1);
        for text in codes.take_while(|word| !word.starts_with('-')) {
            let Ok(code) = CodeSet::Icd10Cm.parse_code(text) else {
                continue;
            };
            found += 1;
            assert!(
                !store.spans(CodeSet::Icd10Cm, &code).unwrap().is_empty(),
                "{piece}: {text}"
            );
        }
    }
    assert!(found >= 3);
}
