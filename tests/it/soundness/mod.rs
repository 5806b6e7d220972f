//! Whether `verify` finds what was changed by hand, by a fault of the disk, or by anyone but an import.
//!
//! What is changed is chosen by a seed, which is printed; `CODEYEAR_SEED` states it.

mod files;
mod rows;

use std::hash::{BuildHasher, Hasher};
use std::path::Path;

use codeyear::answer::{self, VerifyOptions};
use codeyear::store::Store;
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::world::today;

/// Numbers that look random and come from a seed.
pub(crate) struct Chance(u64);

impl Chance {
    /// Begins with the seed that is stated, or another one each time, and prints it.
    #[allow(clippy::print_stdout, reason = "the runner shows it if the test fails")]
    pub(crate) fn new() -> Chance {
        let seed = std::env::var("CODEYEAR_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok())
            .unwrap_or_else(|| std::hash::RandomState::new().build_hasher().finish());
        println!("CODEYEAR_SEED={seed}");
        Chance(seed)
    }

    /// Begins with one seed every time: for what many tests share.
    pub(crate) fn from_seed(seed: u64) -> Chance {
        Chance(seed)
    }

    /// A number below another one.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
    }
}

/// A table as the database describes it.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    /// How a row is found: its primary key, or its number.
    key: Vec<String>,
}

/// All tables that hold rows, as the schema has them.
pub(crate) fn tables(connection: &Connection) -> Vec<Table> {
    let strings = |sql: &str, table: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([table], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let names = strings(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' AND ?1 = '' ORDER BY name",
        "",
    );
    let tables = names.into_iter().map(|name| {
        let columns = strings("SELECT name FROM pragma_table_info(?1)", &name);
        let key = strings(
            "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk",
            &name,
        );
        assert!(!key.is_empty(), "{name} has no primary key");
        Table { name, columns, key }
    });
    tables.collect()
}

/// A change of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change<'c> {
    /// One byte, bit or NULL of a column.
    Flip(&'c str),
    Insert,
    Delete,
}

/// Opens a database as someone would who knows nothing of it but SQL.
pub(crate) fn by_hand(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection
        .pragma_update(None, "foreign_keys", false)
        .unwrap();
    connection
}

/// Changes one row of a table. Says what was done; `None` if the table has no row for that.
pub(crate) fn change(
    connection: &Connection,
    table: &Table,
    change: Change<'_>,
    chance: &mut Chance,
) -> Option<String> {
    let name = &table.name;
    let count: i64 = connection
        .query_row(&format!("SELECT count(*) FROM {name}"), [], |row| {
            row.get(0)
        })
        .unwrap();
    let columns = table.columns.join(", ");
    let row: Option<Vec<Value>> = (count > 0).then(|| {
        let at = chance.below(usize::try_from(count).unwrap());
        connection
            .query_row(
                &format!("SELECT {columns} FROM {name} LIMIT 1 OFFSET {at}"),
                [],
                |row| (0..table.columns.len()).map(|at| row.get(at)).collect(),
            )
            .unwrap()
    });
    let at = |column: &str| {
        table
            .columns
            .iter()
            .position(|name| name == column)
            .unwrap()
    };
    let key_of = |row: &[Value]| -> Vec<Value> {
        table.key.iter().map(|key| row[at(key)].clone()).collect()
    };
    let where_key = |first: usize| -> String {
        let parts = table.key.iter().zip(first..);
        let parts: Vec<String> = parts.map(|(key, at)| format!("{key} IS ?{at}")).collect();
        parts.join(" AND ")
    };
    match change {
        Change::Delete => {
            let row = row?;
            let sql = format!("DELETE FROM {name} WHERE {}", where_key(1));
            let gone = connection.execute(&sql, rusqlite::params_from_iter(key_of(&row)));
            assert_eq!(gone.unwrap(), 1, "{sql}");
            Some(format!("deleted from {name}: {row:?}"))
        }
        Change::Insert => {
            let mut row = row.unwrap_or_else(|| vec![Value::Integer(1); table.columns.len()]);
            let marks: Vec<String> = (1..=row.len()).map(|at| format!("?{at}")).collect();
            let sql = format!(
                "INSERT INTO {name} ({columns}) VALUES ({})",
                marks.join(", ")
            );
            for _ in 0..50 {
                row = row.iter().map(|value| other(value, chance)).collect();
                let added = connection.execute(&sql, rusqlite::params_from_iter(&row));
                if added.is_ok() {
                    return Some(format!("inserted into {name}: {row:?}"));
                }
            }
            panic!("no row could be inserted into {name}");
        }
        Change::Flip(column) => {
            let row = row?;
            let was = &row[at(column)];
            let sql = format!("UPDATE {name} SET {column} = ?1 WHERE {}", where_key(2));
            for _ in 0..50 {
                let now = other(was, chance);
                let mut values = vec![now.clone()];
                values.extend(key_of(&row));
                // Another value may be taken by another row.
                let changed = connection.execute(&sql, rusqlite::params_from_iter(values));
                if changed.is_ok_and(|rows| rows == 1) {
                    return Some(format!("{name}.{column}: {was:?} to {now:?} in {row:?}"));
                }
            }
            panic!("{name}.{column} could not be changed in {row:?}");
        }
    }
}

/// Another value of the same type, which differs in a bit or a byte.
fn other(value: &Value, chance: &mut Chance) -> Value {
    match value {
        Value::Null => Value::Text("x".to_owned()),
        Value::Integer(value) => Value::Integer(value ^ (1 << chance.below(22))),
        Value::Real(value) => Value::Real(value + 1.0),
        Value::Text(text) if text.is_empty() => Value::Text("x".to_owned()),
        Value::Text(text) => {
            let mut characters: Vec<char> = text.chars().collect();
            let at = chance.below(characters.len());
            let was = characters[at];
            while characters[at] == was {
                characters[at] = char::from(b'0' + u8::try_from(chance.below(70)).unwrap());
            }
            Value::Text(characters.into_iter().collect())
        }
        Value::Blob(bytes) => {
            let mut bytes = bytes.clone();
            match bytes.len() {
                0 => bytes.push(1),
                length => bytes[chance.below(length)] ^= 1 << chance.below(8),
            }
            Value::Blob(bytes)
        }
    }
}

/// What `verify` says of a file: `Ok` if it is sound, else why not.
pub(crate) fn verdict(path: &Path) -> Result<(), String> {
    let store = Store::open(path).map_err(|error| format!("not opened: {error}"))?;
    let options = VerifyOptions::default();
    let report = answer::verify(&store, &options, today(), &mut |_, _| {})
        .map_err(|error| format!("not verified: {error}"))?;
    if report.is_sound() {
        return Ok(());
    }
    let faults = report.store.unwrap_or_default().faults;
    let words: Vec<String> = faults.iter().map(|fault| fault.detail()).collect();
    Err(words.join("; "))
}
