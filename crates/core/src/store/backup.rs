//! Copies of a database: the write-ahead log folded into the one file, and a whole copy while others use it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::database::Store;
use super::sqlite::{BUSY_TIMEOUT, store_error};
use crate::error::{Error, ErrorKind, Result, io_error};

/// How often, and how long each time, it is waited for readers that keep an older state. A server takes up the
/// new one within a second.
const FOLD_ATTEMPTS: u32 = 30;
const FOLD_PAUSE: Duration = Duration::from_millis(100);

/// Pages that are copied at a time: 4 MB.
const PAGES: i32 = 1024;

impl Store {
    /// Folds the write-ahead log into the database file, so that the one file holds all that is stored. Waits up
    /// to three seconds for readers of an older state; returns whether the file is whole.
    ///
    /// Where nobody else has the database open, SQLite does so when it is closed.
    pub fn fold_log(&self) -> bool {
        // Not whole yet is no failure, and neither is a log that cannot be folded: nothing is lost.
        let fold = |mode: &str| -> rusqlite::Result<bool> {
            self.connection
                .query_row(&format!("PRAGMA main.wal_checkpoint({mode})"), [], |row| {
                    let (busy, log, folded): (i64, i64, i64) =
                        (row.get(0)?, row.get(1)?, row.get(2)?);
                    // Pages that readers still look up in the log are in the file as well.
                    Ok(log == folded || (busy == 0 && log < 1))
                })
        };
        if self.connection.busy_timeout(Duration::ZERO).is_err() {
            return false;
        }
        let mut whole = false;
        for attempt in 0..FOLD_ATTEMPTS {
            if attempt > 0 {
                std::thread::sleep(FOLD_PAUSE);
            }
            whole = fold("PASSIVE").unwrap_or(false);
            if whole {
                // The log itself is emptied if nobody reads it.
                let _ = fold("TRUNCATE");
                break;
            }
        }
        let _ = self.connection.busy_timeout(BUSY_TIMEOUT);
        whole
    }

    /// Copies the database, as it is at this moment, into another file, whatever is imported and served
    /// meanwhile. The file is written beside its place and put there whole. `progress` is told the pages that
    /// are copied, and all of them. Returns the size of the file.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] if there is a file already and `replace` is not set, or if the file there is a
    /// database in use; [`ErrorKind::Usage`] if it is this database; [`ErrorKind::Io`] and [`ErrorKind::Store`]
    /// if it cannot be written.
    pub fn back_up(
        &self,
        target: &Path,
        replace: bool,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<u64> {
        self.refuse_target(target, replace)?;
        let folder = target
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            std::fs::metadata(folder).map_err(|error| io_error("write", target, error))?;
        }
        let beside = Beside::new(target);
        let bytes = self.in_one_state(|| self.copy_to(&beside.0, progress))?;
        std::fs::rename(&beside.0, target).map_err(|error| io_error("write", target, error))?;
        Ok(bytes)
    }

    fn refuse_target(&self, target: &Path, replace: bool) -> Result<()> {
        let refuse = |kind, message: &str, hint: &str| {
            Err(Error::new(kind, message)
                .in_file(target.display().to_string())
                .with_hint(hint))
        };
        let is_this = match (target.canonicalize(), self.path.canonicalize()) {
            (Ok(target), Ok(this)) => target == this,
            _ => false,
        };
        if is_this {
            return refuse(
                ErrorKind::Usage,
                "this is the database itself",
                "name another file",
            );
        }
        if target.is_dir() {
            return refuse(ErrorKind::Usage, "this is a folder", "name a file in it");
        }
        if target.exists() && !target.is_file() {
            return refuse(
                ErrorKind::Usage,
                "this is a pipe or a device",
                "name a file",
            );
        }
        // A log beside it would be taken for the copy's own, and change what it holds.
        for end in ["-wal", "-journal"] {
            if with_end(target, end).exists() {
                return refuse(
                    ErrorKind::Conflict,
                    "the file there is a database in use: there is a log for it",
                    "end the program that uses it, or name another file",
                );
            }
        }
        if !replace && target.exists() {
            return refuse(
                ErrorKind::Conflict,
                "the file already exists",
                "replace it with --force, or name another file",
            );
        }
        Ok(())
    }

    fn copy_to(&self, path: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<u64> {
        let shown = path.display().to_string();
        let fail = |error| store_error(&shown, error);
        // SQLite's own message for a folder that is missing or may not be written says too little.
        std::fs::File::create(path).map_err(|error| io_error("write", path, error))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let absolute = std::path::absolute(path).map_err(|error| io_error("write", path, error))?;
        let mut copy = Connection::open_with_flags(absolute, flags).map_err(fail)?;
        {
            let backup = Backup::new(&self.connection, &mut copy).map_err(fail)?;
            loop {
                let step = backup.step(PAGES).map_err(fail)?;
                let done = backup.progress();
                let all = u64::try_from(done.pagecount).unwrap_or_default();
                let rest = u64::try_from(done.remaining).unwrap_or_default();
                progress(all.saturating_sub(rest), all);
                match step {
                    StepResult::Done => break,
                    StepResult::More => {}
                    // Someone has opened the copy that is being written.
                    _ => std::thread::sleep(Duration::from_millis(20)),
                }
            }
        }
        copy.close().map_err(|(_, error)| fail(error))?;
        sync(path)
    }
}

/// Waits until the disk has all of a file, and returns its size.
pub(super) fn sync(path: &Path) -> Result<u64> {
    // Windows does so only for who may write.
    let file = std::fs::OpenOptions::new().write(true).open(path);
    file.and_then(|file| {
        file.sync_all()?;
        file.metadata().map(|data| data.len())
    })
    .map_err(|error| io_error("write", path, error))
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// The file beside its place, which is removed with all that belongs to it unless it is put there.
struct Beside(PathBuf);

impl Beside {
    fn new(target: &Path) -> Beside {
        Beside(with_end(target, &format!(".{}.part", std::process::id())))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm", "-journal"] {
            // Mostly there is none.
            let _ = std::fs::remove_file(with_end(&self.0, end));
        }
    }
}
