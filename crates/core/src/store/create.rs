//! A database that is made beside its place, by one program alone, and put there when it is whole.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::backup::sync;
use super::database::Store;
use super::schema;
use super::sqlite::{BUSY_TIMEOUT, set_up, store_error};
use crate::error::{Result, io_error};

impl Store {
    /// Makes a database for an import that nobody sees before [`Store::finish_new`]: no log, and nothing waits
    /// for the disk. What ends it early leaves a file of no use.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the file cannot be written.
    pub fn create_new(path: &Path) -> Result<Store> {
        let shown = path.display().to_string();
        let fail = |error| store_error(&shown, error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let absolute = std::path::absolute(path).map_err(|error| io_error("open", path, error))?;
        let mut connection = Connection::open_with_flags(absolute, flags).map_err(fail)?;
        connection
            .busy_timeout(BUSY_TIMEOUT)
            .and_then(|()| set_up(&connection))
            .and_then(|()| connection.pragma_update(None, "journal_mode", "MEMORY"))
            .and_then(|()| connection.pragma_update(None, "synchronous", "OFF"))
            .map_err(fail)?;
        schema::create(&mut connection, &shown)?;
        Ok(Store {
            connection,
            path: path.to_path_buf(),
            taken_for_unchanging: false,
            given_up: None,
            vocabulary: Default::default(),
            note_codes: Default::default(),
        })
    }

    /// Ends the making of a database, and waits until the disk has all of it: from here on it is one like any
    /// other.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] or [`crate::ErrorKind::Io`] if the file cannot be written.
    pub fn finish_new(self) -> Result<()> {
        let shown = self.path.display().to_string();
        self.connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(|error| store_error(&shown, error))?;
        self.connection
            .close()
            .map_err(|(_, error)| store_error(&shown, error))?;
        sync(&self.path).map(drop)
    }
}
