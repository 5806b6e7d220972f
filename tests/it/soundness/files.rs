//! Bytes of the file changed under SQLite.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::{Chance, tables, verdict};
use crate::world::World;

/// Everything that the tables hold, or nothing if it cannot be read.
fn dump(path: &Path) -> Option<Vec<Vec<Value>>> {
    let connection = Connection::open(path).ok()?;
    let mut all = Vec::new();
    // A schema that cannot be read has no tables to dump.
    connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
        .ok()?;
    for table in std::panic::catch_unwind(|| tables(&Connection::open(path).unwrap())).ok()? {
        let columns = table.columns.join(", ");
        let key = table.key.join(", ");
        // By the table itself, not by one of its indexes.
        let sql = format!(
            "SELECT {columns} FROM {} NOT INDEXED ORDER BY {key}",
            table.name
        );
        let mut statement = connection.prepare(&sql).ok()?;
        let mut rows = statement.query([]).ok()?;
        while let Some(row) = rows.next().ok()? {
            let row = (0..table.columns.len()).map(|at| row.get(at));
            all.push(row.collect::<rusqlite::Result<_>>().ok()?);
        }
    }
    Some(all)
}

#[test]
fn a_flipped_byte_of_the_file_is_found_or_changes_nothing_that_is_stored() {
    let world = World::with_sample();
    assert_eq!(verdict(&world.database()), Ok(()));
    let mut chance = Chance::new();
    let bytes = fs::read(world.database()).unwrap();
    let before = dump(&world.database()).unwrap();
    let (mut found, mut harmless) = (0, 0);
    for _ in 0..250 {
        let copy = World::empty();
        let mut changed = bytes.clone();
        let at = chance.below(bytes.len());
        let bit = 1 << chance.below(8);
        changed[at] ^= bit;
        copy.write("codeyear.db", &changed);
        let holds = dump(&copy.database());
        copy.write("codeyear.db", &changed);
        match verdict(&copy.database()) {
            Err(_) => found += 1,
            Ok(()) => {
                assert!(
                    holds.as_ref() == Some(&before),
                    "byte {at} of {} flipped by {bit}: called sound",
                    bytes.len()
                );
                harmless += 1;
            }
        }
    }
    say(&format!(
        "250 bytes flipped: {found} found, {harmless} in unused parts"
    ));
}

#[allow(clippy::print_stdout, reason = "the runner shows it on request only")]
fn say(text: &str) {
    println!("{text}");
}

#[test]
fn a_schema_that_is_no_text_is_an_error_of_every_question() {
    let world = World::with_sample();
    let bytes = fs::read(world.database()).unwrap();
    let begins: Vec<usize> = bytes
        .windows(12)
        .enumerate()
        .filter(|(_, window)| *window == b"CREATE TABLE")
        .map(|(at, _)| at)
        .collect();
    assert!(begins.len() > 20, "{}", begins.len());
    let mut chance = Chance::new();
    let mut errors = 0;
    for _ in 0..12 {
        let begin = begins[chance.below(begins.len())];
        let mut changed = bytes.clone();
        // Within the names of the table and its first column; some lie in unused parts of the file.
        changed[begin + 13 + chance.below(20)] |= 1 << 7;
        let copy = World::empty();
        copy.write("codeyear.db", &changed);
        let questions = [
            &["verify"][..],
            &["check", "C7B"],
            &["show", "C7B.00"],
            &["releases"],
        ];
        let runs = questions.map(|question| copy.run(question));
        let said = runs.iter().filter(|run| run.exit == 2);
        let is_damaged = said.clone().all(|run| run.stderr.contains("damaged"));
        assert!(is_damaged, "{begin}: {runs:?}");
        // Where one of them finds it, all do.
        assert!([0, 4].contains(&said.count()), "{begin}: {runs:?}");
        errors += usize::from(runs.iter().all(|run| run.exit == 2));
    }
    assert!(errors > 0);
}
