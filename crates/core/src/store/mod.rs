//! The one place with SQL: facts in, history out.
//!
//! A [`Store`] is one SQLite file. Releases go in through a [`Writer`], which is one transaction:
//! whatever ends it early leaves the file as it was. Spans are derived in that same transaction.

mod addenda;
mod backup;
mod book;
mod create;
mod days;
mod derive;
mod digests;
mod documents;
mod documents_proof;
mod earlier;
mod entries;
mod fresh;
mod histories;
mod lineage;
mod listing;
mod orders;
mod proof;
mod query;
mod remove;
mod rows;
mod runs;
mod schema;
mod search;
mod soundness;
mod source;
mod spans;
mod tree;
mod write;

use crate::store::schema::FoundSchema;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

pub use addenda::NewAddenda;
pub use documents::{Contents, NewDocument, StoredDocument};
pub use listing::Listing;
pub(crate) use listing::{Differences, FoundCode};
pub use proof::{Proof, ProofOutcome, ProofSubject};
#[doc(hidden)]
pub use query::StoredPatch;
pub use query::{SourceFile, StoredRelease};
pub use schema::SCHEMA_VERSION;
pub use soundness::{StoreFault, StoreProof};
pub use source::{CodeSource, StoreRef, StoredCodes};
pub use write::{Added, NewFile, NewRelease, Rows, Writer};

use crate::error::{Error, ErrorKind, Result};
use crate::model::CodeSet;

#[doc(hidden)]
pub use histories::Histories;
#[doc(hidden)]
pub use search::{FoundItem, Words};

/// The entries that are listed on a day.
#[derive(Debug)]
pub(crate) struct ListedEntries(runs::RunSet);

impl ListedEntries {
    /// Returns the place of an entry in the order of the book; `None` if it is not listed. A patch has no
    /// place of its own and comes last.
    pub(crate) fn position(&self, number: i64) -> Option<i64> {
        self.0.position(number)
    }
}

/// How long an operation waits for another import to end.
const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// Whether a database holds full releases or the bundled sample; the two never mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// Nothing has been imported yet.
    Empty,
    /// Full official releases.
    Full,
    /// The bundled sample.
    Sample,
}

/// An open database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    /// Whether SQLite was told that nobody changes the file, because it cannot look.
    taken_for_unchanging: bool,
}

impl Store {
    /// Opens a database to ask it. Nothing is ever written through it but the outcome of a
    /// verification.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if there is no such file, [`ErrorKind::Store`] if it is not a codeyear
    /// database or of another schema, [`ErrorKind::Busy`] if it is locked.
    pub fn open(path: &Path) -> Result<Store> {
        let shown = path.display().to_string();
        refuse_other_file(path)?;
        let (connection, taken_for_unchanging) = open_to_read(path, &TO_MEND)?;
        if schema::found(&connection, &shown)? == FoundSchema::Empty {
            return Err(empty(shown));
        }
        Store::not_empty(connection, path, taken_for_unchanging)
    }

    /// Opens a database as [`Store::open`] does, but through a handle that cannot write.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_read_only(path: &Path) -> Result<Store> {
        let shown = path.display().to_string();
        refuse_other_file(path)?;
        let (connection, taken_for_unchanging) = open_to_read(path, &TO_READ)?;
        if schema::found(&connection, &shown)? == FoundSchema::Empty {
            return Err(empty(shown));
        }
        Store::not_empty(connection, path, taken_for_unchanging)
    }

    fn not_empty(connection: Connection, path: &Path, taken_for_unchanging: bool) -> Result<Store> {
        let store = Store {
            connection,
            path: path.to_path_buf(),
            taken_for_unchanging,
        };
        if store.kind()? == StoreKind::Empty {
            return Err(empty(path.display().to_string()));
        }
        Ok(store)
    }

    /// Returns a number that differs after another program has written to the database. It says nothing to
    /// another value, and nothing of a file that is [taken for unchanging](Store::is_taken_for_unchanging).
    ///
    /// # Errors
    /// [`ErrorKind::Store`] if the database cannot be read.
    pub fn data_version(&self) -> Result<i64> {
        self.connection
            .pragma_query_value(None, "data_version", |row| row.get(0))
            .map_err(|error| self.error(error))
    }

    /// Checks whether the file stands where nothing can be written, so that SQLite cannot see if another
    /// program changes it. Who keeps it open has to look at the file.
    pub fn is_taken_for_unchanging(&self) -> bool {
        self.taken_for_unchanging
    }

    /// Keeps to the state of now: whatever is imported from here on, this value does not see it. Without
    /// it each question sees the newest state, and two questions may see two.
    ///
    /// # Errors
    /// [`ErrorKind::Store`] if the database cannot be read.
    pub fn pin(&self) -> Result<()> {
        // A transaction sees the state of its first read.
        self.connection
            .execute_batch("BEGIN DEFERRED; SELECT count(*) FROM meta")
            .map_err(|error| self.error(error))
    }

    /// Opens a database to import into; makes it, and its folder, if it is not there.
    ///
    /// # Errors
    /// As [`Store::open`], and [`ErrorKind::Io`] if the folder cannot be made.
    pub fn open_or_create(path: &Path) -> Result<Store> {
        let shown = path.display().to_string();
        if let Some(parent) = path.parent()
            && !parent.as_os_str().is_empty()
        {
            std::fs::create_dir_all(parent)
                .map_err(|error| crate::error::io_error("make the folder", parent, error))?;
        }
        refuse_other_file(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        // SQLite takes `:memory:` for no file at all, and what is stored there is lost.
        let absolute = std::path::absolute(path)
            .map_err(|error| crate::error::io_error("open", path, error))?;
        let mut connection = Connection::open_with_flags(absolute, flags)
            .map_err(|error| store_error(&shown, error))?;
        connection
            .busy_timeout(BUSY_TIMEOUT)
            .and_then(|()| set_up(&connection))
            .map_err(|error| store_error(&shown, error))?;
        if schema::found(&connection, &shown)? == FoundSchema::Empty {
            // Readers keep the old state while an import runs only with a write-ahead log.
            connection
                .pragma_update(None, "journal_mode", "WAL")
                .map_err(|error| store_error(&shown, error))?;
            schema::create(&mut connection, &shown)?;
        }
        Ok(Store {
            connection,
            path: path.to_path_buf(),
            taken_for_unchanging: false,
        })
    }

    /// Makes a database in memory, which ends with the value: for tests and trials.
    ///
    /// # Errors
    /// [`ErrorKind::Store`] if SQLite cannot.
    pub fn in_memory() -> Result<Store> {
        let mut connection =
            Connection::open_in_memory().map_err(|error| store_error(":memory:", error))?;
        schema::create(&mut connection, ":memory:")?;
        Ok(Store {
            connection,
            path: PathBuf::from(":memory:"),
            taken_for_unchanging: false,
        })
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn error(&self, error: rusqlite::Error) -> Error {
        store_error(&self.path.display().to_string(), error)
    }
}

/// Refuses a folder, a file that is not empty and no SQLite file (read as unchangeable, a short text looks like an empty
/// database), and a database of an earlier schema, before anything could write to it.
fn refuse_other_file(path: &Path) -> Result<()> {
    use std::io::Read;
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let fail = |message: &str, hint: &str| {
        Err(Error::store(message)
            .in_file(path.display().to_string())
            .with_hint(hint))
    };
    if path.is_dir() {
        return fail(
            "the database cannot be opened: this is a folder",
            "name the path of a file with --db",
        );
    }
    // What cannot be opened here SQLite reports better.
    let Ok(file) = std::fs::File::open(path) else {
        return Ok(());
    };
    let mut head = Vec::new();
    let read = file.take(schema::HEADER).read_to_end(&mut head);
    if read.is_ok() && !head.is_empty() && !head.starts_with(MAGIC) {
        return fail(
            "this file is not a database",
            "name another file with --db, or move this one away",
        );
    }
    match schema::earlier_version(&head) {
        Some(version) => Err(earlier::refuse(path, version)),
        None => Ok(()),
    }
}

/// A file left by a process that was killed is mended by whoever opens it next, so even a reader opens it for
/// writing where it may.
const TO_MEND: [OpenFlags; 2] = [
    OpenFlags::SQLITE_OPEN_READ_WRITE,
    OpenFlags::SQLITE_OPEN_READ_ONLY,
];
const TO_READ: [OpenFlags; 1] = [OpenFlags::SQLITE_OPEN_READ_ONLY];

/// What to do where no release is stored.
const NO_RELEASE_HINT: &str =
    "codeyear init brings the official history, codeyear demo shows the sample";

fn empty(shown: String) -> Error {
    Error::not_found("the database is empty")
        .in_file(shown)
        .with_hint(NO_RELEASE_HINT)
}

/// Opens a file in the first of some ways that works. Tells too whether SQLite had to be told that nobody
/// changes it.
fn open_to_read(path: &Path, attempts: &[OpenFlags]) -> Result<(Connection, bool)> {
    let shown = path.display().to_string();
    if !path.exists() {
        return Err(Error::not_found("there is no database here yet")
            .in_file(shown)
            .with_hint(NO_RELEASE_HINT));
    }
    let absolute =
        std::path::absolute(path).map_err(|error| crate::error::io_error("open", path, error))?;
    let mut last = None;
    for flags in attempts.iter().copied() {
        let opened =
            Connection::open_with_flags(&absolute, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
                .and_then(|connection| {
                    connection.busy_timeout(BUSY_TIMEOUT)?;
                    set_up(&connection)?;
                    // The first read finds out whether the file can be used so.
                    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
                    Ok(connection)
                });
        match opened {
            Ok(connection) => return Ok((connection, false)),
            Err(error) => last = Some(error),
        }
    }
    // A write-ahead log cannot be set up in a folder that may not be written to. If none is left over
    // the file is complete, and no one can change it while it is read.
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if !Path::new(&log).exists()
        && let Some(Ok(connection)) = open_unchanging(&absolute)
    {
        return Ok((connection, true));
    }
    Err(match last {
        Some(error) => store_error(&shown, error),
        None => Error::store("the database cannot be opened").in_file(shown),
    })
}

/// Opens a file as one that nobody changes, so that nothing is written beside it either; `None` if its path is no text.
fn open_unchanging(absolute: &Path) -> Option<rusqlite::Result<Connection>> {
    let escaped = absolute
        .to_str()?
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags);
    Some(opened.and_then(|connection| {
        set_up(&connection)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    }))
}

/// Sets up a connection: temporary tables stay in memory, and a statement keeps its plan whatever is bound to it.
/// Else SQLite would plan anew, from the text on, for every row that is looked up by a number.
fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(|_| ())?;
    // Where the database may not be written, a file for temporary tables may have no place either.
    connection.pragma_update(None, "temp_store", "MEMORY")
}

/// Returns the number by which the schema knows a code set.
fn code_set_id(code_set: CodeSet) -> i64 {
    code_set.facts().number
}

/// Returns in a user's words what SQLite reports.
fn store_error(path: &str, error: rusqlite::Error) -> Error {
    let code = error.sqlite_error_code();
    let (kind, message, hint) = match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            ErrorKind::Busy,
            "another program is writing to this database".to_owned(),
            "wait until the other import has ended and try again",
        ),
        Some(ErrorCode::NotADatabase) => (
            ErrorKind::Store,
            "this file is not a database".to_owned(),
            "name another file with --db, or move this one away",
        ),
        Some(ErrorCode::DatabaseCorrupt) => (
            ErrorKind::Store,
            "the database is damaged".to_owned(),
            "move it away and import the releases again",
        ),
        Some(ErrorCode::ReadOnly) => (
            ErrorKind::Store,
            "the database is read-only".to_owned(),
            "give write permission to the file and its folder, or name another with --db",
        ),
        Some(ErrorCode::DiskFull) => (
            ErrorKind::Store,
            "the disk is full; the database is as it was before".to_owned(),
            "free some space and import again",
        ),
        Some(ErrorCode::SystemIoFailure) => (
            ErrorKind::Store,
            format!(
                "the database cannot be read or written ({error}); what was stored before is as it was"
            ),
            "check the disk (is it full?) and try again",
        ),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => (
            ErrorKind::Store,
            "the database cannot be opened".to_owned(),
            "check that the path is a file and its permissions",
        ),
        _ => (
            ErrorKind::Store,
            format!("the database reports: {error}"),
            "this is a defect of codeyear if the file was made by it",
        ),
    };
    Error::new(kind, message)
        .in_file(path)
        .with_hint(hint)
        .caused_by(error)
}
