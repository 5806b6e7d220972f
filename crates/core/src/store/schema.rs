//! The schema of the database, and which databases this program reads.

use rusqlite::{Connection, params};

use super::digests;
use super::sqlite::store_error;
use crate::error::{Error, Result};
use crate::model::CodeSet;

/// `PRAGMA application_id` of a codeyear database: the letters `cdyr`.
pub(super) const APPLICATION_ID: i64 = 0x6364_7972;

/// Returns a file of the folder `migrations/` of the repository.
macro_rules! migration {
    ($name:literal) => {
        include_str!(concat!(env!("CODEYEAR_MIGRATIONS_FOLDER"), "/", $name))
    };
}

/// The schema as it was first published, and each change since, by the version that it leads to. What is published is
/// never changed: a later program has its changes in a file with the number of the next version.
const SCHEMA: [(i64, &str); 2] = [
    (FIRST_PUBLISHED, migration!("0006_schema.sql")),
    (7, migration!("0007_pcs_index.sql")),
];

/// The schema version that this program writes.
pub const SCHEMA_VERSION: i64 = 7;

/// The first version that was published: databases from here on are read as they are, and an import that stores
/// something brings them to the newest. Versions 1 to 5 were those before.
const FIRST_PUBLISHED: i64 = 6;

/// The tables that came after the first publication, empty: a database that has not got them yet is asked as one that
/// holds nothing in them.
const STAND_INS: &str = "
CREATE TEMP TABLE IF NOT EXISTS pcs_index_term (
    id INTEGER PRIMARY KEY, letter TEXT NOT NULL, depth INTEGER NOT NULL, path TEXT NOT NULL, title TEXT, digest BLOB NOT NULL
);
CREATE TEMP TABLE IF NOT EXISTS pcs_index_reference (
    term INTEGER NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, wording TEXT NOT NULL, beginning TEXT NOT NULL,
    PRIMARY KEY (term, position)
) WITHOUT ROWID;";

const DROP_STAND_INS: &str = "
DROP TABLE IF EXISTS temp.pcs_index_term;
DROP TABLE IF EXISTS temp.pcs_index_reference;";

/// How many bytes of a file [`earlier_version`] looks at.
pub(super) const HEADER: u64 = 72;

/// Returns the version of a database from before the first publication, by the first bytes of its file: the numbers that SQLite keeps
/// in its header (`PRAGMA user_version`, `PRAGMA application_id`).
pub(super) fn earlier_version(head: &[u8]) -> Option<i64> {
    let number = |at: usize| {
        let bytes = head.get(at..at + 4)?.try_into().ok()?;
        Some(i64::from(i32::from_be_bytes(bytes)))
    };
    let version = number(60)?;
    (number(68)? == APPLICATION_ID && (1..FIRST_PUBLISHED).contains(&version)).then_some(version)
}

/// What a database file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FoundSchema {
    Empty,
    Present,
    /// That of a version before the first publication.
    Earlier(i64),
}

/// Looks which schema an open database has.
pub(super) fn found(connection: &Connection, path: &str) -> Result<FoundSchema> {
    // One state for all three questions: another program may be making the database at this moment.
    let transaction = connection
        .unchecked_transaction()
        .map_err(|error| store_error(path, error))?;
    let pragma = |name: &str| {
        transaction
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(|error| store_error(path, error))
    };
    let application = pragma("application_id")?;
    let version = pragma("user_version")?;
    if application == 0 && version == 0 {
        let tables: i64 = transaction
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(|error| store_error(path, error))?;
        if tables == 0 {
            return Ok(FoundSchema::Empty);
        }
    }
    if application != APPLICATION_ID {
        return Err(Error::store("this SQLite file was not made by codeyear")
            .in_file(path)
            .with_hint("name another file with --db"));
    }
    if !has_schema_in_text(&transaction).map_err(|error| store_error(path, error))? {
        return Err(Error::store("the schema is no text: the file is damaged")
            .in_file(path)
            .with_hint(
                "build the database again: codeyear init, or codeyear import into a new file",
            ));
    }
    if version > SCHEMA_VERSION {
        return Err(Error::store(format!(
            "the database has schema version {version}; this program knows up to {SCHEMA_VERSION}"
        ))
        .in_file(path)
        .with_hint("a newer codeyear wrote it: update this one"));
    }
    if version < FIRST_PUBLISHED {
        return Ok(FoundSchema::Earlier(version));
    }
    if version < SCHEMA_VERSION {
        transaction
            .execute_batch(STAND_INS)
            .and_then(|()| transaction.commit())
            .map_err(|error| store_error(path, error))?;
    }
    Ok(FoundSchema::Present)
}

/// Reads the version of the schema.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings a database of an earlier published schema to this one, within the transaction of an import.
pub(super) fn bring_up_to_date(connection: &Connection) -> rusqlite::Result<()> {
    // Another program may have brought it there since this one made its stand-ins, which would be written to.
    connection.execute_batch(DROP_STAND_INS)?;
    let from = version(connection)?;
    if from < SCHEMA_VERSION {
        apply(connection, from, SCHEMA_VERSION)?;
    }
    Ok(())
}

/// Applies the migrations after one version, up to another.
pub(super) fn apply(connection: &Connection, after: i64, by: i64) -> rusqlite::Result<()> {
    for (version, sql) in SCHEMA {
        if version > after && version <= by {
            connection.execute_batch(sql)?;
        }
    }
    connection.pragma_update(None, "user_version", by)
}

/// Checks whether the schema is text in UTF-8. A damaged name would be read by every statement on its table.
fn has_schema_in_text(connection: &Connection) -> rusqlite::Result<bool> {
    let mut statement = connection
        .prepare("SELECT CAST(name || coalesce(sql, '') AS BLOB) FROM main.sqlite_schema")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text: Vec<u8> = row.get(0)?;
        if std::str::from_utf8(&text).is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes the schema of an empty database, in one transaction.
pub(super) fn create(connection: &mut Connection, path: &str) -> Result<()> {
    make(connection).map_err(|error| store_error(path, error))
}

/// Makes the schema of an empty database, in one transaction. Another process may have made it while this one waited.
pub(super) fn make(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    if version(&transaction)? == 0 {
        apply(&transaction, 0, SCHEMA_VERSION)?;
        add_code_sets(&transaction)?;
        digests::rewrite_all(&transaction)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    transaction.commit()
}

/// Adds the code sets that a database does not know yet.
pub(super) fn add_code_sets(connection: &Connection) -> rusqlite::Result<()> {
    let mut insert = connection.prepare(
        "INSERT OR IGNORE INTO code_set (id, name, title, in_force_from, has_seventh_characters)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for code_set in CodeSet::ALL {
        let facts = code_set.facts();
        insert.execute(params![
            facts.number,
            facts.id,
            facts.name,
            facts.in_force_from.to_string(),
            facts.has_seventh_characters,
        ])?;
    }
    Ok(())
}
