//! README.md and the pages of docs/, and every command, query and output that they show.
//!
//! A fence says by its info string what becomes of its block; [`blocks`] has the list. Nothing is left out in
//! silence: a block without an info string is an error, and what does not run is counted with its reason.

mod blocks;
#[cfg(all(unix, feature = "fetch", feature = "parquet", feature = "serve"))]
mod page;
#[cfg(all(unix, feature = "fetch", feature = "parquet", feature = "serve"))]
mod runs;

use std::path::{Path, PathBuf};

use blocks::{Block, Data, Language};

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(name: &str) -> String {
    let path = root().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the name and the text of README.md and of every page below docs/, by name.
pub fn documents() -> Vec<(String, String)> {
    let mut names = vec!["README.md".to_owned()];
    pages_below("docs", &mut names);
    names.sort();
    names
        .into_iter()
        .map(|name| (name.clone(), read(&name)))
        .collect()
}

fn pages_below(folder: &str, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{folder}/{}", entry.file_name().into_string().unwrap());
        if entry.path().is_dir() {
            pages_below(&name, names);
        } else if Path::new(&name).extension().is_some_and(|end| end == "md") {
            names.push(name);
        }
    }
}

/// Returns the pieces of code of a Markdown text: the lines of its blocks (of a `console` block the commands
/// alone), and what is between backticks.
pub fn code(text: &str) -> Vec<String> {
    let blocks = blocks::all("", text).unwrap_or_else(|error| panic!("{error}"));
    let mut pieces = blocks::inline(text);
    for block in &blocks {
        pieces.extend(lines_of(block));
    }
    pieces
}

/// Returns those pieces of code whose codes nothing else proves. The output of a `console` block does, and so does a
/// stated exit code; what needs the full history names codes that the sample lacks.
pub fn code_without_output(text: &str) -> Vec<String> {
    let blocks = blocks::all("", text).unwrap_or_else(|error| panic!("{error}"));
    let without_output = blocks
        .iter()
        .filter(|block| block.data != Data::Full && block.language != Language::Console);
    blocks::inline(text)
        .into_iter()
        .chain(without_output.flat_map(lines_of))
        .filter(|piece| !piece.contains("# exit code "))
        .collect()
}

fn lines_of(block: &Block) -> Vec<String> {
    match block.language {
        Language::Console | Language::Sh => {
            block.steps().into_iter().map(|step| step.command).collect()
        }
        _ => block
            .text
            .lines()
            .map(|line| line.trim().to_owned())
            .collect(),
    }
}

#[test]
fn every_block_of_the_documents_declares_what_it_is() {
    let mut errors = Vec::new();
    for (name, text) in documents() {
        if let Err(error) = blocks::all(&name, &text) {
            errors.push(error);
        }
    }
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}
