//! The layers of the sources.

use std::path::{Path, PathBuf};

use crate::world::is_on;

/// The layers of the core, and which others each may know. A new one has to be given its place here. What the other
/// packages know of each other, their manifests say.
const LAYERS: [(&str, &[&str]); 8] = [
    ("error", &[]),
    ("model", &[]),
    ("parse", &["error", "model"]),
    ("source", &["error", "model", "parse"]),
    ("pack", &["error", "model", "source"]),
    ("store", &["error", "model", "parse", "source"]),
    (
        "ingest",
        &["error", "model", "parse", "source", "pack", "store"],
    ),
    ("answer", &["error", "model", "parse", "source", "store"]),
];

/// Where code sets are named: the table, the parsers, and tests that stand in a file of their own.
const NAMES_CODE_SETS: &[&str] = &[
    "core/model/code_set/",
    "core/parse/",
    "core/source/recognise.rs",
    "core/source/identify/tests.rs",
    "claims/fhir/tests/",
    "claims/x12/tests/",
    "report/html/tests.rs",
];

/// What only some files may name: the word, who may, and why nobody else does.
const ONLY_IN: [(&str, &[&str], &str); 16] = [
    (
        "CodeSet::Icd10Cm",
        NAMES_CODE_SETS,
        "only the table of code sets and the parsers name one",
    ),
    (
        "CodeSet::Icd10Pcs",
        NAMES_CODE_SETS,
        "only the table of code sets and the parsers name one",
    ),
    ("rusqlite::", &["core/store/"], "SQL is the store's"),
    (
        "codeyear_core::store",
        &[
            "claims/",
            "fetch/",
            "fhir/",
            "report/html/tests.rs",
            "server/",
        ],
        "a report is made of values and asks no database",
    ),
    (
        "similar::",
        &["report/marks.rs"],
        "changed words are marked in one place",
    ),
    (
        "calamine::",
        &["core/parse/conversion/workbook.rs", "claims/workbook.rs"],
        "workbooks of claims and of conversion tables are read in one place each",
    ),
    (
        "rust_xlsxwriter::",
        &["report/xlsx/"],
        "workbooks are written in one place",
    ),
    ("Local::now", &["cli/"], "the day is passed in"),
    ("Utc::now", &["cli/"], "the day is passed in"),
    ("SystemTime::now", &["cli/"], "the day is passed in"),
    ("print!", &[], "stdout and stderr are passed in"),
    ("println!", &[], "stdout and stderr are passed in"),
    (
        "std::io::std",
        &["cli/"],
        "the streams are the command line's",
    ),
    (
        "std::env",
        &["cli/"],
        "the environment is the command line's",
    ),
    (
        "serde_json::",
        &["report/json/", "claims/", "fhir/", "core/pack/format.rs"],
        "JSON is written in one place, and read from claims; FHIR is JSON, and so is the index of a pack",
    ),
    ("process::exit", &[], "the exit code is returned"),
];

/// What the model never names: it has no I/O, no clock and no SQL. It knows what its values are in JSON, and writes none.
const NOT_IN_THE_MODEL: [&str; 9] = [
    "serde_json",
    "quick_xml",
    "rusqlite",
    "std::fs",
    "std::io",
    "std::path",
    "std::process",
    "std::thread",
    "clap",
];

/// How SQL begins.
const SQL: [&str; 8] = [
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "DELETE FROM",
    "CREATE ",
    "DROP ",
    "PRAGMA ",
    "SAVEPOINT ",
];

/// A source file cut into what the compiler reads and the texts that it holds.
#[derive(Debug, Default, PartialEq)]
struct Source {
    /// The code without comments and texts, up to its tests.
    code: String,
    /// The texts.
    texts: Vec<String>,
}

impl Source {
    fn read(text: &str) -> Source {
        // Tests of a module stand at its end, and may know more than the module.
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let mut source = Source::default();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let after = &rest[first.len_utf8()..];
            if rest.starts_with("//") {
                rest = rest.find('\n').map_or("", |end| &rest[end..]);
            } else if rest.starts_with("/*") {
                rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
            } else if let Some((text, end)) = raw_text(rest) {
                source.texts.push(text);
                source.code.push_str("\"\"");
                rest = end;
            } else if first == '"' {
                let (text, end) = plain_text(after);
                source.texts.push(text);
                source.code.push_str("\"\"");
                rest = end;
            } else if first == '\'' {
                rest = character(after);
                source.code.push('\'');
            } else {
                source.code.push(first);
                rest = after;
            }
        }
        source
    }

    /// The most `super::` in a row.
    fn longest_way_up(&self) -> usize {
        let mut longest = 0;
        let mut rest = self.code.as_str();
        while let Some(at) = rest.find("super::") {
            rest = &rest[at..];
            let mut way = 0;
            while let Some(after) = rest.strip_prefix("super::") {
                way += 1;
                rest = after;
            }
            longest = longest.max(way);
        }
        longest
    }

    /// The layers that the code names, as in `crate::model::Code` and `use crate::{answer, model}`.
    fn layers(&self) -> Vec<String> {
        let word = |text: &str| -> String {
            text.trim_start()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        };
        let mut layers = Vec::new();
        for part in self.code.split("crate::").skip(1) {
            let Some(group) = part.strip_prefix('{') else {
                layers.push(word(part));
                continue;
            };
            let mut depth = 0;
            let names = group.split_inclusive(['{', '}', ',']).map_while(|piece| {
                let name = (depth == 0).then(|| word(piece));
                match piece.chars().last() {
                    Some('{') => depth += 1,
                    Some('}') => depth -= 1,
                    _ => {}
                }
                (depth >= 0 || name.is_some()).then_some((depth, name))
            });
            for (depth, name) in names {
                layers.extend(name.filter(|name| !name.is_empty()));
                if depth < 0 {
                    break;
                }
            }
        }
        layers
    }
}

/// Reads `r"..."` and `r#"..."#`: the text, and what follows.
fn raw_text(rest: &str) -> Option<(String, &str)> {
    let start = rest.strip_prefix('r').or_else(|| rest.strip_prefix("br"))?;
    let signs = start.len() - start.trim_start_matches('#').len();
    let text = start[signs..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(signs));
    let at = text.find(&end)?;
    Some((text[..at].to_owned(), &text[at + end.len()..]))
}

/// Reads a text from after its first quotation mark: the text, and what follows.
fn plain_text(rest: &str) -> (String, &str) {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return (rest[..at].to_owned(), &rest[at + 1..]),
            _ => {}
        }
    }
    (rest.to_owned(), "")
}

/// Skips a character (`'"'`, `'\''`) after its first quotation mark; a lifetime has no second one.
fn character(rest: &str) -> &str {
    let mut chars = rest.chars();
    match chars.next() {
        Some('\\') => {
            let at = rest[2..].find('\'').map_or(rest.len(), |at| at + 3);
            &rest[at..]
        }
        Some(c) if chars.next() == Some('\'') => &rest[c.len_utf8() + 1..],
        _ => rest,
    }
}

/// How many modules deep a file lies: `ingest.rs` and `store/mod.rs` 1, `store/query.rs` 2.
fn depth(inner: &str) -> usize {
    let module = inner.strip_suffix("/mod.rs").unwrap_or(inner);
    module.split('/').count()
}

/// Everything that a file does and its place may not. Of a file of the core the path is `core/store/query.rs`, of
/// others `claims/audit.rs`, of the program `cli/check.rs`.
fn offences(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let source = Source::read(text);
    let (package, inner) = path.split_once('/').unwrap();
    let layer = match package {
        "core" => inner.split(['/', '.']).next().unwrap(),
        other => other,
    };
    if package == "core" && inner != "lib.rs" {
        let known = LAYERS.iter().find(|(name, _)| *name == layer);
        if known.is_none() {
            found.push(format!(
                "{path}: the layer {layer} has no place in the order of layers"
            ));
        }
        for other in known.iter().flat_map(|(_, known)| {
            let others = source.layers().into_iter();
            others.filter(|other| other != layer && !known.contains(&other.as_str()))
        }) {
            found.push(format!("{path}: {layer} may not know {other}"));
        }
        if source.longest_way_up() >= depth(inner) {
            found.push(format!(
                "{path}: super:: leads out of the layer; write crate::"
            ));
        }
    }
    for (word, places, why) in ONLY_IN {
        let may = places.iter().any(|place| path.starts_with(place));
        if !may && contains_word(&source.code, word) {
            found.push(format!("{path}: {word} ({why})"));
        }
    }
    if layer == "model" {
        for word in NOT_IN_THE_MODEL {
            if contains_word(&source.code, word) {
                found.push(format!("{path}: {word} (the model is pure)"));
            }
        }
    }
    if layer != "store" {
        for text in &source.texts {
            if SQL.iter().any(|sql| text.trim_start().starts_with(sql)) {
                found.push(format!(
                    "{path}: {text:?} looks like SQL, which is the store's"
                ));
            }
        }
    }
    found
}

/// Tells whether code has a word that is not the end of a longer one: `eprintln!` is not `println!`,
/// but both print.
fn contains_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].trim_end_matches('e').chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    let packages = std::fs::read_dir(root.join("crates")).unwrap();
    let packages = packages.filter_map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name()?.to_str()?.to_owned();
        path.is_dir().then(|| (name, path.join("src")))
    });
    for (name, folder) in packages.chain([("cli".to_owned(), root.join("src/cli"))]) {
        let mut found = Vec::new();
        walk(&folder, &mut found);
        assert!(!found.is_empty(), "{name}");
        for path in found {
            let parts: Vec<_> = path.strip_prefix(&folder).unwrap().iter().collect();
            let parts: Vec<_> = parts.iter().map(|part| part.to_str().unwrap()).collect();
            let text = std::fs::read_to_string(&path).unwrap();
            sources.push((format!("{name}/{}", parts.join("/")), text));
        }
    }
    sources.sort();
    assert!(sources.len() > 200);
    sources
}

#[test]
fn arrows_between_layers_point_one_way() {
    let found: Vec<String> = sources()
        .iter()
        .flat_map(|(path, text)| offences(path, text))
        .collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_layer_of_the_order_has_sources_and_knows_only_layers_before_it() {
    let sources = sources();
    for (index, (layer, known)) in LAYERS.iter().enumerate() {
        let is_there = |(path, _): &(String, String)| {
            *path == format!("core/{layer}.rs") || path.starts_with(&format!("core/{layer}/"))
        };
        assert!(sources.iter().any(is_there), "{layer} has no sources");
        for other in *known {
            let at = LAYERS.iter().position(|(name, _)| name == other);
            assert!(at.is_some_and(|at| at < index), "{layer} knows {other}");
        }
    }
}

/// The functions whose documentation begins with a word that no other begins with.
fn odd_docs(text: &str) -> Vec<&str> {
    const ODD: [&str; 8] = [
        "Gives", "Keeps", "Names", "Puts", "Says", "Spells", "Takes", "Tells",
    ];
    let is_doc = |line: &str| line.trim_start().starts_with("///");
    let lines: Vec<&str> = text.lines().collect();
    let mut odd = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if !is_doc(line) || at.checked_sub(1).is_some_and(|at| is_doc(lines[at])) {
            continue;
        }
        let word = line.trim_start().trim_start_matches("///").trim_start();
        let word = word.split_whitespace().next().unwrap_or_default();
        let mut after = lines[at..].iter().map(|line| line.trim_start());
        let item = after.find(|line| !line.starts_with("///") && !line.starts_with('#'));
        let is_function = item.is_some_and(|item| contains_word(item, "fn "));
        if is_function && ODD.contains(&word) {
            odd.push(*line);
        }
    }
    odd
}

#[test]
fn the_documentation_of_a_function_begins_with_returns_reads_checks_and_their_like() {
    let seen =
        odd_docs("    /// Tells a day.\n    /// More.\n    #[inline]\n    pub fn day() {}\n");
    assert_eq!(seen, ["    /// Tells a day."]);
    for (path, text) in sources() {
        let odd = odd_docs(&text);
        assert!(odd.is_empty(), "{path}: {odd:?}");
    }
}

#[test]
fn an_offence_against_the_layers_is_seen() {
    for (path, text, part) in [
        (
            "core/model/x.rs",
            "use crate::store::Store;",
            "model may not know store",
        ),
        (
            "core/model/x.rs",
            "fn f() { serde_json::to_string(x) }",
            "serde_json",
        ),
        ("core/model/x.rs", "fn f() { std::fs::read(p) }", "std::fs"),
        (
            "core/parse/x.rs",
            "use crate::source::hex;",
            "parse may not know source",
        ),
        (
            "core/source/x.rs",
            "fn f() -> crate::store::Store {}",
            "source may not know store",
        ),
        (
            "core/store/x.rs",
            "use crate::{model::Code, answer::{check, diff}};",
            "may not know answer",
        ),
        (
            "core/answer/x.rs",
            "use crate::{error::{Error, Result}, ingest};",
            "answer may not know ingest",
        ),
        (
            "core/answer/x.rs",
            "use crate::ingest::import;",
            "answer may not know ingest",
        ),
        (
            "core/ingest.rs",
            "use super::present::text;",
            "super:: leads out",
        ),
        (
            "core/store/mod.rs",
            "use super::present::text;",
            "super:: leads out",
        ),
        (
            "core/store/x.rs",
            "use super::super::present::text;",
            "super:: leads out",
        ),
        ("core/answer/x.rs", "use rusqlite::Connection;", "rusqlite"),
        ("report/text.rs", "use similar::TextDiff;", "similar"),
        (
            "core/answer/x.rs",
            "let today = chrono::Local::now();",
            "Local::now",
        ),
        ("core/ingest.rs", "println!(\"x\");", "println!"),
        ("core/ingest.rs", "eprintln!(\"x\");", "println!"),
        ("cli/x.rs", "let sql = \"SELECT 1\";", "looks like SQL"),
        (
            "cli/x.rs",
            "let sql = r#\"DELETE FROM x\"#;",
            "looks like SQL",
        ),
        (
            "cli/x.rs",
            "let c = '\"'; let sql = \"DROP TABLE x\";",
            "looks like SQL",
        ),
        ("core/other/x.rs", "", "no place in the order"),
    ] {
        let found = offences(path, text);
        assert!(
            found.iter().any(|one| one.contains(part)),
            "{path}: {text}: {found:?}"
        );
    }
}

#[test]
fn what_is_no_offence_against_the_layers_is_not_seen() {
    for (path, text) in [
        (
            "core/model/x.rs",
            "// crate::store\n/// [`crate::store::Store`]\nuse crate::model::Code;",
        ),
        (
            "core/model/x.rs",
            "fn f() {}\n#[cfg(test)]\nmod tests { use crate::store::Store; }",
        ),
        (
            "core/parse/x.rs",
            "let text = \"crate::store https://x println!\"; use crate::error::Error;",
        ),
        (
            "core/store/x.rs",
            "pub(super) fn f<'a>(x: &'a str) { x.find('\\''); \"SELECT 1\"; }",
        ),
        (
            "core/store/mod.rs",
            "pub(super) fn f() { rusqlite::params![] }",
        ),
        ("report/json/mod.rs", "use super::marks::mark;"),
        ("report/json/x.rs", "use super::super::marks::mark;"),
        (
            "cli/x.rs",
            "use super::{Context, Outcome}; use crate::{answer, model::{Code, Entry}};",
        ),
        (
            "report/marks.rs",
            "use similar::TextDiff; let c = '\"'; let d = 'x';",
        ),
    ] {
        assert_eq!(offences(path, text), [""; 0], "{path}: {text}");
    }
}

/// Lists the links in a folder and below, but for those that a build or Git makes.
fn links_in(folder: &Path, links: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        let kind = entry.file_type().unwrap();
        if kind.is_symlink() {
            links.push(entry.path());
        } else if kind.is_dir() && name != "target" && name != ".git" {
            links_in(&entry.path(), links);
        }
    }
}

/// Where links cannot be made, Git writes a file with the path in the place of each.
#[test]
fn the_only_links_are_those_that_a_build_script_can_do_without() {
    if !is_on("Unix") {
        return;
    }
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut links = Vec::new();
    links_in(top, &mut links);
    links.sort();
    let names: Vec<_> = links
        .iter()
        .map(|link| link.strip_prefix(top).unwrap().to_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "crates/core/migrations",
            "crates/core/releases",
            "crates/report/json.md"
        ]
    );
    for link in links {
        let package = link.parent().unwrap();
        let script = std::fs::read_to_string(package.join("build.rs")).unwrap();
        let name = link.file_name().unwrap().to_str().unwrap();
        assert!(script.contains(&format!("\"{name}\"")), "{name}");
    }
}
