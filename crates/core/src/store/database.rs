//! An open database, and the ways to open one.

use crate::model::StoreKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, OpenFlags};

use super::earlier;
use super::schema::{self, FoundSchema};
use super::sqlite::{
    BUSY_TIMEOUT, NO_RELEASE_HINT, TO_MEND, TO_READ, open_to_read, set_up, store_error,
};
use crate::error::{Error, Result};

/// After so many steps of a statement SQLite asks whether it is given up: some ten times in a millisecond.
const STEPS: i32 = 10_000;

/// An open database.
#[derive(Debug)]
pub struct Store {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    /// Whether SQLite was told that nobody changes the file, because it cannot look.
    pub(super) taken_for_unchanging: bool,
    /// Whether the answer to the question that is asked is still waited for.
    pub(super) given_up: Option<Arc<AtomicBool>>,
    /// Its words, once a search asked for them.
    pub(super) vocabulary: super::vocabulary::SharedVocabulary,
    /// The codes that notes of its tabular lists name, once a page asked for them.
    pub(super) note_codes: super::note_codes::SharedNoteCodes,
}

impl Store {
    /// Opens a database to ask it. Nothing is ever written through it but the outcome of a
    /// verification.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] if there is no such file, [`crate::ErrorKind::Store`] if it is not a codeyear
    /// database or of another schema, [`crate::ErrorKind::Busy`] if it is locked.
    pub fn open(path: &Path) -> Result<Store> {
        let shown = path.display().to_string();
        refuse_other_file(path)?;
        let (connection, taken_for_unchanging) = open_to_read(path, &TO_MEND)?;
        if is_empty(&connection, &shown)? {
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
        if is_empty(&connection, &shown)? {
            return Err(empty(shown));
        }
        Store::not_empty(connection, path, taken_for_unchanging)
    }

    fn not_empty(connection: Connection, path: &Path, taken_for_unchanging: bool) -> Result<Store> {
        let store = Store {
            connection,
            path: path.to_path_buf(),
            taken_for_unchanging,
            given_up: None,
            vocabulary: Default::default(),
            note_codes: Default::default(),
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
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
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

    /// Pins the state of now: whatever is imported from here on, this value does not see it. Without
    /// it each question sees the newest state, and two questions may see two.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn pin(&self) -> Result<()> {
        // A transaction sees the state of its first read.
        self.connection
            .execute_batch("BEGIN DEFERRED; SELECT count(*) FROM meta")
            .map_err(|error| self.error(error))
    }

    /// Answers a question until it is given up: from then on no statement is worked on, and the answer is an error.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Busy`] if it was given up, and whatever the question fails with.
    ///
    /// ```
    /// # use codeyear_core::{ErrorKind, ingest, store::Store};
    /// # use std::sync::{Arc, atomic::{AtomicBool, Ordering}};
    /// # let mut store = Store::in_memory()?;
    /// # ingest::import_sample(&mut store, "2026-03-01".parse().unwrap())?;
    /// let given_up = Arc::new(AtomicBool::new(false));
    /// assert!(store.until(&given_up, Store::kind).is_ok());
    /// given_up.store(true, Ordering::Relaxed);
    /// let error = store.until(&given_up, Store::kind).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Busy);
    /// # Ok::<(), codeyear_core::Error>(())
    /// ```
    pub fn until<T>(
        &mut self,
        given_up: &Arc<AtomicBool>,
        question: impl FnOnce(&Store) -> Result<T>,
    ) -> Result<T> {
        self.given_up = Some(Arc::clone(given_up));
        self.check_still_wanted()?;
        let flag = Arc::clone(given_up);
        let is_given_up = move || flag.load(Ordering::Relaxed);
        self.connection
            .progress_handler(STEPS, Some(is_given_up))
            .map_err(|error| self.error(error))?;
        let answer = question(self);
        let unset = self.connection.progress_handler(0, None::<fn() -> bool>);
        unset.map_err(|error| self.error(error))?;
        let still_asked = self.check_still_wanted();
        self.given_up = None;
        still_asked.and(answer)
    }

    /// Checks whether the answer is still waited for: a question that does much beside the database asks from time to
    /// time.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Busy`] if it was given up, as [`Store::until`] has it.
    pub fn check_still_wanted(&self) -> Result<()> {
        let given_up = self.given_up.as_ref();
        match given_up.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            true => Err(Error::busy("the request was canceled")
                .with_hint("ask for less, or try again later")),
            false => Ok(()),
        }
    }

    /// Opens a database to import into; makes it, and its folder, if it is not there.
    ///
    /// # Errors
    /// As [`Store::open`], and [`crate::ErrorKind::Io`] if the folder cannot be made.
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
        if is_empty(&connection, &shown)? {
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
            given_up: None,
            vocabulary: Default::default(),
            note_codes: Default::default(),
        })
    }

    /// Makes a database in memory, which ends with the value: for tests and trials.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if SQLite cannot.
    pub fn in_memory() -> Result<Store> {
        let mut connection =
            Connection::open_in_memory().map_err(|error| store_error(":memory:", error))?;
        schema::create(&mut connection, ":memory:")?;
        Ok(Store {
            connection,
            path: PathBuf::from(":memory:"),
            taken_for_unchanging: false,
            given_up: None,
            vocabulary: Default::default(),
            note_codes: Default::default(),
        })
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Words what SQLite reports of this database.
    pub(super) fn error(&self, error: rusqlite::Error) -> Error {
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
    // A pipe would be waited for.
    if path.exists() && !path.is_file() {
        return fail(
            "the database cannot be opened: this is no file",
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

/// Checks whether an open database has no schema yet. One of an earlier schema is refused, and stays as it is.
fn is_empty(connection: &Connection, shown: &str) -> Result<bool> {
    match schema::found(connection, shown)? {
        FoundSchema::Empty => Ok(true),
        FoundSchema::Present => Ok(false),
        FoundSchema::Earlier(version) => Err(earlier::refusal(Some(connection), shown, version)),
    }
}

fn empty(shown: String) -> Error {
    Error::not_found("the database is empty")
        .in_file(shown)
        .with_hint(NO_RELEASE_HINT)
}
