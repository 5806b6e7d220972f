//! Every block of the documents, run in the order of its page.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use snapbox::filter::NormalizeToExpected;
use snapbox::report::{Palette, write_diff};

use super::blocks::{self, Block, Data, Language, Step};
use super::page::{Databases, Page, missing_modules};
use super::{documents, root};
use crate::official::released_at;
use crate::world::{World, official_releases};

/// The last line of an answer from the sample, which says that it is the sample. A page may leave it out.
const SAMPLE_LINE: &str = "this is the bundled sample";

/// What became of the blocks.
#[derive(Debug, Default)]
struct Tally {
    commands: usize,
    outputs: usize,
    queries: usize,
    scripts: usize,
    values: usize,
    /// Why something did not run, and how many commands or blocks that are.
    not_run: BTreeMap<String, usize>,
    failures: Vec<String>,
    /// The blocks with other outputs than the page shows: where, and the new text.
    renewed: BTreeMap<String, Vec<(Range<usize>, String)>>,
}

impl Tally {
    fn leave(&mut self, reason: &str, count: usize) {
        *self.not_run.entry(reason.to_owned()).or_default() += count;
    }

    fn fail(&mut self, page: &str, line: usize, what: &str) {
        self.failures.push(format!("{page}:{line}: {what}"));
    }

    fn say(&self) {
        let mut text = format!(
            "\ndocuments: {} commands ran, {} outputs compared, {} queries, {} scripts, {} JSON values\n",
            self.commands, self.outputs, self.queries, self.scripts, self.values
        );
        for (reason, count) in &self.not_run {
            text.push_str(&format!("NOT RUN: {count} in the documents: {reason}\n"));
        }
        std::io::stderr().write_all(text.as_bytes()).unwrap();
    }
}

#[test]
fn every_command_query_and_output_in_the_documents_is_true() {
    let releases = official_releases("what the documents show of the full history");
    let full = releases.as_deref().map(released_at);
    let sample = World::with_sample();
    let databases = Databases {
        sample: &sample.database(),
        full: full.as_deref(),
    };
    let documents = documents();
    let left: Mutex<Vec<&(String, String)>> = Mutex::new(documents.iter().collect());
    let tally = Mutex::new(Tally::default());
    // Most of the time a page waits for a program.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((name, text)) = { left.lock().unwrap().pop() } {
                    run_page(name, text, databases, &tally);
                }
            });
        }
    });
    let mut tally = tally.into_inner().unwrap();
    tally.say();
    if std::env::var_os("CODEYEAR_RENEW_DOCUMENTS").is_some_and(|set| set == "1") {
        renew(&documents, &tally);
    }
    tally.failures.sort();
    assert!(tally.failures.is_empty(), "{}", tally.failures.join("\n"));
    assert!(
        tally.commands >= 100 && tally.outputs >= 40 && tally.queries >= 6,
        "the documents show too little: {tally:?}"
    );
}

/// Writes the blocks whose outputs differ anew, whole: what was elided is there again.
fn renew(documents: &[(String, String)], tally: &Tally) {
    for (name, text) in documents {
        let Some(blocks) = tally.renewed.get(name) else {
            continue;
        };
        let mut text = text.clone();
        for (range, new) in blocks.iter().rev() {
            text.replace_range(range.clone(), new);
        }
        std::fs::write(root().join(name), text).unwrap();
    }
}

fn run_page(name: &str, text: &str, databases: Databases<'_>, tally: &Mutex<Tally>) {
    let blocks = match blocks::all(name, text) {
        Ok(blocks) => blocks,
        Err(error) => return tally.lock().unwrap().failures.push(error),
    };
    if blocks.is_empty() {
        return;
    }
    let mut page = Page::new(databases);
    for block in &blocks {
        let count = block.steps().len().max(1);
        if let Some(reason) = &block.not_run {
            tally.lock().unwrap().leave(reason, count);
            continue;
        }
        if block.data == Data::Full && databases.full.is_none() {
            let reason = "the official files are not there";
            tally.lock().unwrap().leave(reason, count);
            continue;
        }
        match block.language {
            Language::Console | Language::Sh => commands(name, text, block, &mut page, tally),
            Language::Sql => sql(name, block, &mut page, tally),
            Language::Python => python(name, block, &page, tally),
            Language::Json => {
                let mut tally = tally.lock().unwrap();
                tally.values += 1;
                if let Err(error) = serde_json::from_str::<serde_json::Value>(&whole(&block.text)) {
                    tally.fail(name, block.line, &format!("no JSON: {error}"));
                }
            }
            Language::Other => {}
        }
    }
}

fn commands(name: &str, text: &str, block: &Block, page: &mut Page<'_>, tally: &Mutex<Tally>) {
    let is_console = block.language == Language::Console;
    let mut new = String::new();
    let mut differs = false;
    for step in block.steps() {
        if let Some(program) = page.missing_program(&step.command) {
            tally
                .lock()
                .unwrap()
                .leave(&format!("{program} is not installed"), 1);
            new.push_str(&format!("{}\n{}", step.shown, step.output));
            continue;
        }
        let ran = page.run(block.data, &step.command);
        let mut tally = tally.lock().unwrap();
        tally.commands += 1;
        let is_expected = match step.stated_exit() {
            Some(exit) => ran.exit == Some(exit),
            // codeyear ends with 1 where a code is not valid, which an example may well show.
            None => ran.exit == Some(0) || ran.exit == Some(1) && step.command.contains("codeyear"),
        };
        if !is_expected {
            let what = format!(
                "`{}` ended with {:?}:\n{}",
                step.command, ran.exit, ran.output
            );
            tally.fail(name, step.line, &what);
        }
        if !is_console {
            continue;
        }
        tally.outputs += 1;
        let diff = difference(&step, &ran.output);
        let output = match &diff {
            Some(_) => shown(&ran.output),
            None => step.output.clone(),
        };
        new.push_str(&format!("{}\n{output}", step.shown));
        if let Some(diff) = diff {
            differs = true;
            tally.fail(
                name,
                step.line,
                &format!("`{}` prints something else:\n{diff}", step.command),
            );
        }
    }
    // A block in a list has blanks before each line, which are not known here.
    if differs && text[block.range.clone()] == block.text {
        let mut tally = tally.lock().unwrap();
        let blocks = tally.renewed.entry(name.to_owned()).or_default();
        blocks.push((block.range.clone(), new));
    }
}

/// Returns an output as a block shows it: without blanks at the ends of lines and of the whole.
fn shown(output: &str) -> String {
    let lines: Vec<&str> = output.trim_end().lines().map(str::trim_end).collect();
    match lines.as_slice() {
        [] => String::new(),
        lines => format!("{}\n", lines.join("\n")),
    }
}

/// Returns how what was printed differs from what the page shows; `None` if it does not.
fn difference(step: &Step, printed: &str) -> Option<String> {
    let as_pattern = |line: &str| match line.trim() {
        "..." => "...".to_owned(),
        _ => line.to_owned(),
    };
    let expected: Vec<String> = shown(&step.output).lines().map(as_pattern).collect();
    let mut printed: Vec<String> = shown(printed).lines().map(str::to_owned).collect();
    let says_sample =
        |lines: &[String]| lines.last().is_some_and(|line| line.contains(SAMPLE_LINE));
    if says_sample(&printed) && !says_sample(&expected) {
        printed.pop();
    }
    let of_lines =
        |lines: &[String]| snapbox::Data::text(format!("{}\n", lines.join("\n").trim_end()));
    let expected = of_lines(&expected);
    let found = NormalizeToExpected::new()
        .redact()
        .normalize(of_lines(&printed), &expected);
    if found == expected {
        return None;
    }
    let mut diff = String::new();
    let names: [&dyn std::fmt::Display; 2] = [&"the page", &"the program"];
    let [page, program] = names.map(Some);
    write_diff(
        &mut diff,
        &expected,
        &found,
        page,
        program,
        Palette::plain(),
    )
    .unwrap();
    Some(diff)
}

/// Runs each query of a block; it finds something, and no column of its first row is empty.
fn sql(name: &str, block: &Block, page: &mut Page<'_>, tally: &Mutex<Tally>) {
    let database = page.database(block.data).unwrap();
    let connection =
        Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let queries = block
        .text
        .split(';')
        .filter(|query| query.contains("SELECT"));
    for query in queries {
        let found = first_row(&connection, query);
        let mut tally = tally.lock().unwrap();
        tally.queries += 1;
        if let Err(error) = found {
            tally.fail(name, block.line, &format!("{error}: {query}"));
        }
    }
}

fn first_row(connection: &Connection, query: &str) -> Result<(), String> {
    let text = |error: rusqlite::Error| error.to_string();
    let mut statement = connection.prepare(query).map_err(text)?;
    let columns = statement.column_count();
    let mut rows = statement.query([]).map_err(text)?;
    let row = rows.next().map_err(text)?.ok_or("finds nothing")?;
    for column in 0..columns {
        if row.get_ref(column).map_err(text)? == ValueRef::Null {
            return Err(format!("column {column} is empty"));
        }
    }
    Ok(())
}

fn python(name: &str, block: &Block, page: &Page<'_>, tally: &Mutex<Tally>) {
    let missing = missing_modules(&block.text);
    if let [first, ..] = missing.as_slice() {
        let reason = format!("python3 without {first}");
        return tally.lock().unwrap().leave(&reason, 1);
    }
    let mut python = Command::new("python3");
    let python = python.args(["-c", &block.text]).current_dir(page.folder());
    let Ok(output) = python.stdin(Stdio::null()).output() else {
        return tally.lock().unwrap().leave("python3 is not installed", 1);
    };
    let mut tally = tally.lock().unwrap();
    tally.scripts += 1;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        tally.fail(name, block.line, &format!("python3 fails:\n{said}"));
    }
}

/// Returns a JSON text without the `...` that stand for what is left out.
fn whole(text: &str) -> String {
    let mut whole = text.replace("...", "");
    whole.retain(|c| !c.is_whitespace());
    while let Some(at) = [",]", ",}", "[,", "{,", ",,"]
        .iter()
        .find_map(|two| whole.find(two))
    {
        let comma = at + usize::from(!whole[at..].starts_with(','));
        whole.remove(comma);
    }
    whole
}

#[test]
fn what_is_left_out_of_an_output_may_be_any_number_of_lines() {
    let printed = "a\nb\nc 12 s\n\nwarning: this is the bundled sample\n";
    for (output, is_same) in [
        ("a\n  ...\nc [..] s\n", true),
        ("...\nc 12 s\n\n", true),
        ("a\nb\nc 12 s\n", true),
        ("a\n...\n", true),
        ("a\n...\nd\n", false),
        ("a\nb\n", false),
    ] {
        let step = Step {
            command: String::new(),
            line: 1,
            shown: String::new(),
            output: output.to_owned(),
        };
        assert_eq!(difference(&step, printed).is_none(), is_same, "{output}");
    }
}

#[test]
fn a_value_of_json_may_leave_parts_out() {
    let text = "{\"a\": [1, ...], ...\n \"b\": 2, ...}";
    assert_eq!(whole(text), r#"{"a":[1],"b":2}"#);
}
