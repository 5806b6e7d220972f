//! The schema: numbered migrations, applied in order, each once.

use rusqlite::Connection;

use super::{digests, histories, store_error, trust};
use crate::error::{Error, Result};
use crate::model::CodeSet;

/// `PRAGMA application_id` of a codeyear database: the letters `cdyr`.
pub(super) const APPLICATION_ID: i64 = 0x6364_7972;

const MIGRATIONS: [&str; 5] = [
    include_str!("../../migrations/0001_core.sql"),
    include_str!("../../migrations/0002_book.sql"),
    include_str!("../../migrations/0003_lives.sql"),
    include_str!("../../migrations/0004_categories.sql"),
    include_str!("../../migrations/0005_trust.sql"),
];

/// The first version that keeps the lives of a code set beside its spans; older ones have spans only.
const FIRST_WITH_LIVES: i64 = 3;

/// The first version that keeps how far a release can be trusted.
const FIRST_WITH_TRUST: i64 = 5;

/// The schema version that this program writes.
pub const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

/// What a database file turned out to be.
pub(super) enum FoundSchema {
    Empty,
    Version(i64),
}

/// Reads the version of an open database.
pub(super) fn version(connection: &Connection, path: &str) -> Result<FoundSchema> {
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
    Ok(FoundSchema::Version(version))
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

/// Brings a database up to this program's schema, in one transaction.
pub(super) fn migrate(connection: &mut Connection, path: &str) -> Result<()> {
    apply(connection).map_err(|error| store_error(path, error))
}

/// Applies the migrations that a database lacks, in one transaction.
pub(super) fn apply(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have migrated while this one waited for the lock.
    let from: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for sql in MIGRATIONS
        .iter()
        .skip(usize::try_from(from).unwrap_or_default())
    {
        transaction.execute_batch(sql)?;
    }
    if (1..FIRST_WITH_LIVES).contains(&from) {
        for code_set in CodeSet::ALL {
            histories::write(&transaction, code_set, &histories::Changed::All, None)?;
        }
    }
    if (1..FIRST_WITH_TRUST).contains(&from) {
        trust::add(&transaction)?;
    }
    if from < SCHEMA_VERSION {
        digests::rewrite_all(&transaction)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()
}
