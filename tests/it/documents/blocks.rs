//! The blocks of a page, and what their info strings say.
//!
//! | info string | what becomes of the block |
//! |---|---|
//! | `console` | lines that begin with `$ ` are run; what follows is their output, standard output and errors as a terminal shows both. A line of `...` stands for any number of lines, `[..]` for anything within one. |
//! | `sh` | each line is a command that is run; its output is not compared |
//! | `sh not run: REASON` | is read by the command line's parser only, and is counted with its reason |
//! | `sql` | each query has to find something in the database of the block |
//! | `python` | runs if python3 has what it imports |
//! | `json` | has to be JSON, apart from `...` |
//! | `rust`, `text` | `rust` is left to the doc tests; `text` is only shown |
//!
//! A second word names the data: `full` the history of all official files, `empty` no database; without one it is
//! the bundled sample. A command ends with 0 or 1, or with N if its comment is `# exit code N`. A backslash at the end
//! of a line continues the command.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Console,
    Sh,
    Sql,
    Python,
    Json,
    /// Not run: `rust`, `text`.
    Other,
}

/// The data that a block is run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Data {
    Sample,
    Full,
    Empty,
}

#[derive(Debug, Clone)]
pub(super) struct Block {
    /// The line of the fence, counted from 1.
    pub line: usize,
    pub language: Language,
    pub data: Data,
    /// Why it is not run.
    pub not_run: Option<String>,
    pub text: String,
    /// Where its text is in the page.
    pub range: Range<usize>,
}

/// A command of a block, and the output that follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub command: String,
    /// The line of the command, counted from 1.
    pub line: usize,
    /// Its lines as the page has them, with the prompt.
    pub shown: String,
    pub output: String,
}

impl Step {
    /// Returns the exit code that the comment of the command states.
    pub(super) fn stated_exit(&self) -> Option<i32> {
        let (_, stated) = self.command.rsplit_once("# exit code ")?;
        stated.split_whitespace().next()?.parse().ok()
    }
}

impl Block {
    /// Returns the commands of a `console` or `sh` block.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        let mut is_continued = false;
        for (index, line) in self.text.lines().enumerate() {
            let is_console = self.language == Language::Console;
            let command = match is_console {
                true => line.strip_prefix("$ "),
                false => {
                    Some(line.trim()).filter(|line| !line.is_empty() && !line.starts_with('#'))
                }
            };
            match (command, steps.last_mut()) {
                (_, Some(step)) if is_continued => {
                    let more = line.strip_prefix("> ").unwrap_or(line).trim();
                    step.command = format!("{} {more}", step.command.trim_end_matches(['\\', ' ']));
                    step.shown = format!("{}\n{line}", step.shown);
                }
                (Some(command), _) => steps.push(Step {
                    command: command.to_owned(),
                    line: self.line + 1 + index,
                    shown: line.to_owned(),
                    output: String::new(),
                }),
                (None, Some(step)) if is_console => step.output.push_str(&format!("{line}\n")),
                (None, _) => {}
            }
            is_continued = steps
                .last()
                .is_some_and(|step| step.command.ends_with('\\'));
        }
        steps
    }
}

/// Reads what an info string says: language, data, and why the block is not run.
fn declared(info: &str) -> Result<(Language, Data, Option<String>), String> {
    let (name, rest) = info.split_once(' ').unwrap_or((info, ""));
    let language = match name {
        "" => return Err("a block without an info string: console, sh, text ...".to_owned()),
        "console" => Language::Console,
        "sh" => Language::Sh,
        "sql" => Language::Sql,
        "python" => Language::Python,
        "json" => Language::Json,
        "rust" | "text" => Language::Other,
        other => return Err(format!("a block of {other:?}, for which there is no rule")),
    };
    if let Some(reason) = rest.strip_prefix("not run:") {
        return match reason.trim() {
            "" => Err("a block that is not run, without a reason".to_owned()),
            reason => Ok((language, Data::Sample, Some(reason.to_owned()))),
        };
    }
    let data = match rest.trim() {
        "" => Data::Sample,
        "full" => Data::Full,
        "empty" => Data::Empty,
        other => {
            return Err(format!(
                "a block on {other:?}, which is no data: full, empty"
            ));
        }
    };
    Ok((language, data, None))
}

/// Returns the blocks of a page in their order.
///
/// # Errors
/// The page and line of a block that says nothing of itself, or what has no meaning.
pub(super) fn all(page: &str, text: &str) -> Result<Vec<Block>, String> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_block = false;
    for (event, range) in Parser::new(text).into_offset_iter() {
        let line = 1 + text[..range.start].matches('\n').count();
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let info = match kind {
                    CodeBlockKind::Fenced(info) => info.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                let (language, data, not_run) =
                    declared(&info).map_err(|error| format!("{page}:{line}: {error}"))?;
                is_block = true;
                blocks.push(Block {
                    line,
                    language,
                    data,
                    not_run,
                    text: String::new(),
                    range: 0..0,
                });
            }
            Event::End(TagEnd::CodeBlock) => is_block = false,
            Event::Text(part) if is_block => {
                if let Some(block) = blocks.last_mut() {
                    let start = if block.text.is_empty() {
                        range.start
                    } else {
                        block.range.start
                    };
                    block.range = start..range.end;
                    block.text.push_str(&part);
                }
            }
            _ => {}
        }
    }
    Ok(blocks)
}

/// Returns what is between backticks in the prose of a page.
pub(super) fn inline(text: &str) -> Vec<String> {
    let options = pulldown_cmark::Options::ENABLE_TABLES;
    Parser::new_ext(text, options)
        .filter_map(|event| match event {
            Event::Code(piece) => Some(piece.to_string()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_block_says_on_what_it_runs_and_with_which_exit_code() {
    let page = "# T\n\n```console full\n$ codeyear check C7B  # exit code 1\nC7B\n  ...\n$ codeyear \\\n>   status\n\n```\n";
    let blocks = all("page", page).unwrap();
    let [block] = blocks.as_slice() else {
        panic!("{blocks:?}");
    };
    assert_eq!((block.line, block.data), (3, Data::Full));
    assert_eq!(&page[block.range.clone()], block.text);
    let steps = block.steps();
    assert_eq!(steps[0].stated_exit(), Some(1));
    assert_eq!(
        (steps[0].output.as_str(), steps[0].line),
        ("C7B\n  ...\n", 4)
    );
    assert_eq!(steps[1].command, "codeyear status");
    assert_eq!(steps[1].stated_exit(), None);
}

#[test]
fn a_block_that_is_not_run_says_why() {
    let blocks = all(
        "page",
        "```sh not run: it needs a network\ncodeyear init\n```\n",
    )
    .unwrap();
    assert_eq!(blocks[0].not_run.as_deref(), Some("it needs a network"));
    assert_eq!(blocks[0].steps()[0].shown, "codeyear init");
}

#[test]
fn a_block_that_says_nothing_of_itself_is_an_error_with_its_line() {
    for (page, expected) in [
        (
            "a\n\n```\nls\n```\n",
            "page:3: a block without an info string",
        ),
        ("    ls\n", "page:1: a block without an info string"),
        (
            "```sh not run:\nls\n```\n",
            "page:1: a block that is not run, without a reason",
        ),
        (
            "```sh part\nls\n```\n",
            "page:1: a block on \"part\", which is no data",
        ),
        (
            "```perl\n```\n",
            "page:1: a block of \"perl\", for which there is no rule",
        ),
    ] {
        let error = all("page", page).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}
