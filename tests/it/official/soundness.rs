//! Rows of the full database changed with plain SQL: all of it is found.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use codeyear::model::CodeSet;
use codeyear::store::Store;

use super::{everything, say};
use crate::soundness::{Chance, Change, Table, by_hand, change, tables};
use crate::world::official_releases;

/// A copy of the database with every release, made anew as often as one is changed.
struct Copies {
    folder: tempfile::TempDir,
    whole: PathBuf,
}

impl Copies {
    fn of(store: &Store) -> Copies {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let whole = folder.path().join("whole.db");
        store.back_up(&whole, false, &mut |_, _| {}).unwrap();
        Copies { folder, whole }
    }

    fn next(&self) -> PathBuf {
        let path = self.folder.path().join("changed.db");
        std::fs::copy(&self.whole, &path).unwrap();
        path
    }
}

/// Changes one row of each of some tables, all in one copy; says what was done, by table.
fn change_each<'t>(
    path: &Path,
    tables: impl Iterator<Item = (&'t Table, Change<'t>)>,
    chance: &mut Chance,
) -> Vec<(&'t str, String)> {
    let connection = by_hand(path);
    connection.execute_batch("BEGIN").unwrap();
    let done = tables
        .filter_map(|(table, one)| {
            let done = change(&connection, table, one, chance)?;
            Some((table.name.as_str(), done))
        })
        .collect();
    connection.execute_batch("COMMIT").unwrap();
    done
}

/// The tables that digests do not cover; what they hold is derived again.
const DERIVED: [&str; 5] = ["period", "coverage", "span", "lives", "digest"];

/// Returns the full database to be copied, its tables, and the chance.
fn ready(releases: &Path) -> (Copies, Vec<Table>, Chance) {
    let copies = Copies::of(&everything(releases));
    let tables = tables(&by_hand(&copies.whole));
    (copies, tables, Chance::new())
}

#[test]
fn a_change_by_hand_of_any_column_of_the_full_database_is_found() {
    let Some(releases) = official_releases("a change by hand of the full database") else {
        return;
    };
    let (copies, tables, mut chance) = ready(&releases);
    let hashed: Vec<&Table> = tables
        .iter()
        .filter(|table| !DERIVED.contains(&table.name.as_str()))
        .collect();
    let most = hashed
        .iter()
        .map(|table| table.columns.len())
        .max()
        .unwrap();
    let begun = std::time::Instant::now();
    let mut tried = 0;
    for round in 0..most + 2 {
        let path = copies.next();
        let of_round = hashed.iter().filter_map(|table| {
            let one = match round {
                0 => Change::Insert,
                1 => Change::Delete,
                _ => Change::Flip(table.columns.get(round - 2)?),
            };
            Some((*table, one))
        });
        let done = change_each(&path, of_round, &mut chance);
        let proof = Store::open(&path).unwrap().prove_rows().unwrap();
        let found: BTreeSet<&str> = proof
            .faults
            .iter()
            .filter(|fault| ["rows", "unknown-rows"].contains(&fault.name()))
            .filter_map(|fault| fault.table())
            .collect();
        for (table, done) in &done {
            assert!(found.contains(table), "missed: {done}");
        }
        assert_eq!(found.len(), done.len(), "{found:?}");
        tried += done.len();
    }
    say(&format!(
        "{tried} changes of {} tables in {} copies found in {:.0} s",
        hashed.len(),
        most + 2,
        begun.elapsed().as_secs_f64()
    ));
    assert!(tried > 150);
}

#[test]
fn a_change_by_hand_of_what_is_derived_in_the_full_database_is_found() {
    let Some(releases) = official_releases("a change by hand of the full database") else {
        return;
    };
    let (copies, tables, mut chance) = ready(&releases);
    for name in DERIVED {
        let table = tables.iter().find(|table| table.name == name).unwrap();
        let column = &table.columns[chance.below(table.columns.len())];
        let path = copies.next();
        let one = (table, Change::Flip(column));
        let done = change_each(&path, std::iter::once(one), &mut chance);
        let store = Store::open(&path).unwrap();
        let is_sound = match name {
            "digest" => store.prove_rows().unwrap().faults.is_empty(),
            // A code set that is none is a reference to nowhere.
            _ if column == "code_set" => store.prove_rows().unwrap().faults.is_empty(),
            _ => CodeSet::ALL
                .into_iter()
                .all(|code_set| store.compare_spans(code_set).is_ok_and(|found| found == 0)),
        };
        assert!(!is_sound, "missed: {done:?}");
    }
}
