//! Digests of stored rows: written with the rows, compared by a verification.
//!
//! Facts are written once, so a table with a growing key is hashed in segments: an import adds one segment for
//! the rows that it added, and costs what it adds. Small tables are hashed whole with every import. Where rows of
//! a large table were changed or removed after all (a removed release), its segments are written anew; triggers
//! of the import's own connection notice that, so that nobody has to say so.
//!
//! An import does not cover up what was changed by hand before it: the digest of a small table that does not
//! fit stays as it is, and so do the segments of large tables that nothing is removed from.
//!
//! A digest guards against damage and against changes by hand. It does not guard against a program that rewrites
//! the digests as well.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

/// The tables that are hashed whole with every import: they are small, or their rows are replaced.
pub(super) const SMALL: [&str; 12] = [
    "addenda_footer",
    "code_set",
    "document",
    "index_heading",
    "meta",
    "patch",
    "proof",
    "release",
    "removed",
    "search_config",
    "source_file",
    "tabular_difference",
];

/// The tables that are hashed in segments, each with the key that grows from import to import.
pub(super) const LARGE: [(&str, &str); 21] = [
    ("addenda_row", "source_file"),
    ("block_reference", "node"),
    ("conversion_part", "conversion_row"),
    ("conversion_row", "id"),
    ("document_run", "document"),
    ("document_unread", "document"),
    ("entry", "id"),
    ("index_reference", "term"),
    ("index_term", "id"),
    ("listing_run", "listing"),
    ("pcs_definition", "id"),
    ("pcs_definition_text", "pcs_definition"),
    ("pcs_index_reference", "term"),
    ("pcs_index_term", "id"),
    ("pcs_row", "id"),
    ("pcs_value", "pcs_row"),
    ("poa_exempt", "id"),
    ("seventh_character", "node"),
    ("tabular_node", "id"),
    ("tabular_note", "id"),
    ("visual_impairment", "node"),
];

#[cfg(test)]
/// The tables without digests, which a verification derives again, and the digests, which cover themselves. The
/// table `search` has its rows in others.
pub(super) const DERIVED: [&str; 6] = ["coverage", "digest", "lives", "period", "search", "span"];

/// The tables of the full-text index, which an import writes in groups of rows and takes apart again, each with
/// the key, and by how many bits it is longer than the number of the group. They are hashed by groups, those that
/// an import touched. The engine's own check compares what they say with the titles and terms, but not how they
/// lead there.
pub(super) const GROUPED: [(&str, &str, u32); 2] = [
    ("search_data", "id", SEGMENT_BITS),
    ("search_idx", "segid", 0),
];

/// FTS5 numbers a page by its segment and, in so many bits, its place there.
const SEGMENT_BITS: u32 = 37;

/// A digest as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) subject: String,
    pub(super) after: i64,
    pub(super) last: i64,
    pub(super) rows: i64,
    pub(super) sha256: Vec<u8>,
}

/// The groups of rows of the full-text index that were written or removed.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups(Arc<Mutex<BTreeSet<i64>>>);

/// Records from here on which groups of the full-text index change, on this connection only. A trigger on a table
/// of the full-text engine would call the engine again.
pub(super) fn notice_groups(connection: &mut Connection) -> rusqlite::Result<Groups> {
    let groups = Groups::default();
    let noticed = groups.clone();
    connection.update_hook(Some(move |_, _: &str, table: &str, id: i64| {
        if table == "search_data"
            && let Ok(mut noticed) = noticed.0.lock()
        {
            noticed.insert(id >> SEGMENT_BITS);
        }
    }))?;
    Ok(groups)
}

/// Records from here on which large tables lose or change rows, on this connection only.
pub(super) fn watch(connection: &Connection) -> rusqlite::Result<()> {
    // Else what REPLACE removes is not noticed.
    connection.pragma_update(None, "recursive_triggers", true)?;
    let mut sql = String::from(
        "CREATE TEMP TABLE IF NOT EXISTS touched (subject TEXT PRIMARY KEY) WITHOUT ROWID; DELETE FROM temp.touched;
         CREATE TEMP TABLE IF NOT EXISTS damaged (subject TEXT PRIMARY KEY) WITHOUT ROWID; DELETE FROM temp.damaged;
         CREATE TEMP TABLE IF NOT EXISTS before (subject TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID; DELETE FROM temp.before;",
    );
    for (table, _) in LARGE {
        for event in ["UPDATE", "DELETE"] {
            sql.push_str(&format!(
                "CREATE TEMP TRIGGER IF NOT EXISTS {table}_{event} AFTER {event} ON main.{table}
                 BEGIN INSERT OR IGNORE INTO touched VALUES ('{table}'); END;"
            ));
        }
    }
    connection.execute_batch(&sql)?;
    // What was changed or added by hand before this import is not to be covered up by it.
    for (table, key) in LARGE {
        connection.execute(
            &format!(
                "INSERT INTO temp.before SELECT ?1, coalesce(max({key}), 0) FROM main.{table}"
            ),
            [table],
        )?;
    }
    for table in SMALL {
        if !is_whole(connection, table)? {
            connection.execute("INSERT INTO temp.damaged VALUES (?1)", [table])?;
        }
    }
    Ok(())
}

/// Checks whether a small table holds what was stored last.
pub(super) fn is_whole(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    let now = hash(connection, table, None, 0, 0)?;
    let stored: Option<(i64, i64, i64, Vec<u8>)> = connection
        .prepare_cached("SELECT after, last, row_count, sha256 FROM digest WHERE subject = ?1")?
        .query_row([table], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    Ok(match stored {
        Some(stored) => stored == (now.after, now.last, now.rows, now.sha256),
        None => now.rows == 0,
    })
}

/// Updates the digests with all that was stored, changed and removed since [`watch`].
pub(super) fn extend(connection: &Connection, groups: &Groups) -> rusqlite::Result<()> {
    // The full-text engine writes what it still holds back when a savepoint begins, else at the very end.
    connection.execute_batch("SAVEPOINT digests; RELEASE digests")?;
    let subjects = |sql: &str| -> rusqlite::Result<Vec<String>> {
        connection
            .prepare(sql)?
            .query_map([], |row| row.get(0))?
            .collect()
    };
    let damaged = subjects("SELECT subject FROM temp.damaged")?;
    for table in SMALL {
        if damaged.iter().all(|damaged| damaged != table) {
            write_whole(connection, table)?;
        }
    }
    let touched = subjects("SELECT subject FROM temp.touched")?;
    for (table, key) in LARGE {
        let is_touched = touched.iter().any(|touched| touched == table);
        let before: i64 = match is_touched {
            true => 0,
            false => connection.query_row(
                "SELECT last FROM temp.before WHERE subject = ?1",
                [table],
                |row| row.get(0),
            )?,
        };
        if is_touched {
            remove(connection, table)?;
        }
        append(connection, table, key, before)?;
    }
    let groups: Vec<i64> = match groups.0.lock() {
        Ok(groups) => groups.iter().copied().collect(),
        // Whoever held it ended in the middle: the numbers are there all the same.
        Err(poisoned) => poisoned.into_inner().iter().copied().collect(),
    };
    for (table, key, bits) in GROUPED {
        write_groups(connection, table, key, bits, &groups)?;
    }
    connection.execute_batch(
        "DELETE FROM temp.touched; DELETE FROM temp.damaged; DELETE FROM temp.before",
    )
}

/// Writes the digests of all tables anew.
pub(super) fn rewrite_all(connection: &Connection) -> rusqlite::Result<()> {
    for table in SMALL {
        write_whole(connection, table)?;
    }
    for (table, key) in LARGE {
        remove(connection, table)?;
        append(connection, table, key, 0)?;
    }
    for (table, key, bits) in GROUPED {
        remove(connection, table)?;
        let groups: Vec<i64> = connection
            .prepare(&format!("SELECT DISTINCT {key} >> {bits} FROM {table}"))?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        write_groups(connection, table, key, bits, &groups)?;
    }
    Ok(())
}

/// Writes the digests of some groups of rows anew; a group without rows has none.
fn write_groups(
    connection: &Connection,
    table: &str,
    key: &str,
    bits: u32,
    groups: &[i64],
) -> rusqlite::Result<()> {
    for group in groups {
        let (after, last) = ((group << bits) - 1, ((group + 1) << bits) - 1);
        connection
            .prepare_cached("DELETE FROM digest WHERE subject = ?1 AND after = ?2")?
            .execute((table, after))?;
        let segment = hash(connection, table, Some(key), after, last)?;
        if segment.rows > 0 {
            insert(connection, &segment)?;
        }
    }
    Ok(())
}

/// Writes the digest of a small table anew.
pub(super) fn write_whole(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    remove(connection, table)?;
    let segment = hash(connection, table, None, 0, 0)?;
    if segment.rows > 0 {
        insert(connection, &segment)?;
    }
    Ok(())
}

/// Adds a segment for the rows above those that have one, and above those that were there before the import.
fn append(connection: &Connection, table: &str, key: &str, before: i64) -> rusqlite::Result<()> {
    let covered: i64 = connection
        .prepare_cached("SELECT coalesce(max(last), 0) FROM digest WHERE subject = ?1")?
        .query_row([table], |row| row.get(0))?;
    let after = covered.max(before);
    let last: i64 = connection
        .prepare_cached(&format!("SELECT coalesce(max({key}), 0) FROM {table}"))?
        .query_row([], |row| row.get(0))?;
    if last > after {
        insert(
            connection,
            &hash(connection, table, Some(key), after, last)?,
        )?;
    }
    Ok(())
}

fn remove(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM digest WHERE subject = ?1")?
        .execute([table])
        .map(drop)
}

fn insert(connection: &Connection, segment: &Segment) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO digest (subject, after, last, row_count, sha256) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            segment.subject,
            segment.after,
            segment.last,
            segment.rows,
            segment.sha256
        ])
        .map(drop)
}

/// How many bytes are gathered before they are hashed.
const GATHERED: usize = 1 << 16;

/// Hashes the rows of a table: all, or those whose key is above `after` and not above `last`.
pub(super) fn hash(
    connection: &Connection,
    table: &str,
    key: Option<&str>,
    after: i64,
    last: i64,
) -> rusqlite::Result<Segment> {
    // By the primary key, in which the rows lie.
    let order: Vec<String> = connection
        .prepare_cached("SELECT name FROM pragma_table_info(?1, 'main') WHERE pk > 0 ORDER BY pk")?
        .query_map([table], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let order = order.join(", ");
    let mut statement = match key {
        None => {
            connection.prepare_cached(&format!("SELECT * FROM main.{table} ORDER BY {order}"))?
        }
        Some(key) => connection.prepare_cached(&format!(
            "SELECT * FROM main.{table} WHERE {key} > ?1 AND {key} <= ?2 ORDER BY {order}"
        ))?,
    };
    let mut gathered = Vec::with_capacity(2 * GATHERED);
    text(&mut gathered, table.as_bytes());
    for name in statement.column_names() {
        text(&mut gathered, name.as_bytes());
    }
    number(&mut gathered, after);
    number(&mut gathered, last);
    let mut hasher = Sha256::new();
    let columns = statement.column_count();
    let mut rows = match key {
        None => statement.query([])?,
        Some(_) => statement.query([after, last])?,
    };
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        for column in 0..columns {
            match row.get_ref(column)? {
                ValueRef::Null => gathered.push(0),
                ValueRef::Integer(value) => number(&mut gathered, value),
                ValueRef::Real(value) => {
                    gathered.push(2);
                    gathered.extend_from_slice(&value.to_bits().to_le_bytes());
                }
                ValueRef::Text(value) => text(&mut gathered, value),
                ValueRef::Blob(value) => {
                    gathered.push(4);
                    gathered.extend_from_slice(&(value.len() as u64).to_le_bytes());
                    gathered.extend_from_slice(value);
                }
            }
        }
        if gathered.len() >= GATHERED {
            hasher.update(&gathered);
            gathered.clear();
        }
    }
    number(&mut gathered, count);
    hasher.update(&gathered);
    Ok(Segment {
        subject: table.to_owned(),
        after,
        last,
        rows: count,
        sha256: hasher.finalize().to_vec(),
    })
}

fn number(gathered: &mut Vec<u8>, value: i64) {
    gathered.push(1);
    gathered.extend_from_slice(&value.to_le_bytes());
}

fn text(gathered: &mut Vec<u8>, value: &[u8]) {
    gathered.push(3);
    gathered.extend_from_slice(&(value.len() as u64).to_le_bytes());
    gathered.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::database::Store;

    #[test]
    fn every_table_of_the_schema_is_hashed_or_derived() {
        let store = Store::in_memory().unwrap();
        let mut stored: Vec<String> = store
            .connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        stored.sort();
        let mut known: Vec<&str> = SMALL.to_vec();
        known.extend(LARGE.map(|(table, _)| table));
        known.extend(GROUPED.map(|(table, _, _)| table));
        known.extend(DERIVED);
        known.sort_unstable();
        assert_eq!(
            stored, known,
            "a new table belongs into SMALL, LARGE, GROUPED or DERIVED of crates/core/src/store/digests.rs"
        );
    }

    #[test]
    fn the_key_of_a_large_table_is_the_first_of_its_primary_key() {
        let store = Store::in_memory().unwrap();
        for (table, key) in LARGE {
            let first: String = store
                .connection
                .query_row(
                    "SELECT name FROM pragma_table_info(?1) WHERE pk = 1",
                    [table],
                    |row| row.get(0),
                )
                .unwrap();
            assert_eq!(first, key, "{table}");
        }
    }

    #[test]
    fn values_are_told_from_each_other_by_type_and_length() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)")
            .unwrap();
        let mut seen = std::collections::BTreeSet::new();
        let values = [
            "NULL", "''", "x''", "0", "0.0", "'0'", "x'30'", "'ab'", "'a'", "'bc'", "'c'",
        ];
        for a in values {
            for b in values {
                connection
                    .execute_batch(&format!(
                        "DELETE FROM t; INSERT INTO t VALUES (1, {a}, {b})"
                    ))
                    .unwrap();
                let digest = hash(&connection, "t", Some("id"), 0, 1).unwrap();
                assert!(seen.insert(digest.sha256), "{a}, {b}");
            }
        }
    }

    #[test]
    fn what_is_removed_and_changed_in_a_large_table_is_noticed() {
        let mut store = Store::in_memory().unwrap();
        let groups = notice_groups(&mut store.connection).unwrap();
        let connection = &store.connection;
        let row = |id: i64| format!("INSERT INTO poa_exempt VALUES ({id}, 'A00', 'a', x'00')");
        let segments = || -> i64 {
            connection
                .query_row(
                    "SELECT count(*) FROM digest WHERE subject = 'poa_exempt'",
                    [],
                    |row| row.get(0),
                )
                .unwrap()
        };
        for id in 1..=3 {
            watch(connection).unwrap();
            connection.execute_batch(&row(id)).unwrap();
            extend(connection, &groups).unwrap();
            assert_eq!(segments(), id);
        }
        for change in [
            "DELETE FROM poa_exempt WHERE id = 2",
            "UPDATE poa_exempt SET title = 'b' WHERE id = 1",
        ] {
            watch(connection).unwrap();
            connection.execute_batch(change).unwrap();
            extend(connection, &groups).unwrap();
            assert_eq!(segments(), 1);
            let now = hash(connection, "poa_exempt", Some("id"), 0, 3).unwrap();
            let stored: Vec<u8> = connection
                .query_row(
                    "SELECT sha256 FROM digest WHERE subject = 'poa_exempt'",
                    [],
                    |row| row.get(0),
                )
                .unwrap();
            assert_eq!(stored, now.sha256, "{change}");
        }
    }
}
