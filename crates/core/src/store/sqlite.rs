//! How SQLite opens a file, and its errors in a user's words.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::{Error, ErrorKind, Result};

/// How long an operation waits for another import to end.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// A file left by a process that was killed is mended by whoever opens it next, so even a reader opens it for
/// writing where it may.
pub(super) const TO_MEND: [OpenFlags; 2] = [
    OpenFlags::SQLITE_OPEN_READ_WRITE,
    OpenFlags::SQLITE_OPEN_READ_ONLY,
];
pub(super) const TO_READ: [OpenFlags; 1] = [OpenFlags::SQLITE_OPEN_READ_ONLY];

/// What to do where no release is stored.
pub(super) const NO_RELEASE_HINT: &str =
    "load the official history with codeyear init, or try the sample with codeyear demo";

/// Opens a file in the first of some ways that works. Tells too whether SQLite had to be told that nobody
/// changes it.
pub(super) fn open_to_read(path: &Path, attempts: &[OpenFlags]) -> Result<(Connection, bool)> {
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
pub(super) fn open_unchanging(absolute: &Path) -> Option<rusqlite::Result<Connection>> {
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
pub(super) fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(|_| ())?;
    // Where the database may not be written, a file for temporary tables may have no place either.
    connection.pragma_update(None, "temp_store", "MEMORY")
}

/// Returns in a user's words what SQLite reports.
pub(super) fn store_error(path: &str, error: rusqlite::Error) -> Error {
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
