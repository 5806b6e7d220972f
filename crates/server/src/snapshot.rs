//! One state of the database, and the watch for the next one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, RwLock, Weak};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use codeyear_claims::Index;
use codeyear_core::answer;
use codeyear_core::error::{Error, Result};
use codeyear_core::model::CodeSet;
use codeyear_core::store::{CodeSource, Store};
use codeyear_report::html::pages::Site;
use codeyear_report::json;

/// How often the database is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// The handles of a snapshot: so many questions are asked of the database at a time.
const HANDLES: usize = 4;

/// How often a snapshot is begun anew because an import came between.
const MAX_TRIES: usize = 20;

/// One state of the database: the index in memory, and handles that keep to that state whatever is imported
/// meanwhile.
#[derive(Debug)]
pub(super) struct Snapshot {
    index: Index,
    idle: Mutex<Vec<Store>>,
    places: Arc<Semaphore>,
    content_hash: OnceLock<String>,
    /// A digest of all that answers can tell of this state: contents, days of import, proofs.
    state: OnceLock<String>,
    /// What every page says of the database.
    site: OnceLock<Site>,
    /// Of a file that SQLite takes for unchanging: how it looked.
    look: Option<Look>,
}

impl Snapshot {
    /// Opens all handles on one state.
    fn open(path: &Path) -> Result<(Snapshot, Watch)> {
        for _ in 0..MAX_TRIES {
            let watch = Watch::begin(path)?;
            let index_store = Store::open_read_only(path)?;
            index_store.pin()?;
            let mut idle = Vec::with_capacity(HANDLES);
            for _ in 0..HANDLES {
                let store = Store::open_read_only(path)?;
                store.pin()?;
                idle.push(store);
            }
            let look = index_store
                .is_taken_for_unchanging()
                .then(|| watch.look.clone());
            // An import that ended between the first handle and the last shows here.
            if !watch.has_changed()? {
                let snapshot = Snapshot {
                    index: Index::open(index_store)?,
                    idle: Mutex::new(idle),
                    places: Arc::new(Semaphore::new(HANDLES)),
                    content_hash: OnceLock::new(),
                    state: OnceLock::new(),
                    site: OnceLock::new(),
                    look,
                };
                return Ok((snapshot, watch));
            }
        }
        Err(Error::busy("the database changes all the time")
            .in_file(path.display().to_string())
            .with_hint("wait until the imports have ended and try again"))
    }

    /// Returns the index.
    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    /// Returns the content hash, once it is known.
    pub(super) fn content_hash(&self) -> Option<&str> {
        self.content_hash.get().map(String::as_str)
    }

    /// Returns what every page says of the database, once it is known.
    pub(super) fn known_site(&self) -> Option<&Site> {
        self.site.get()
    }

    /// Returns what every page says of the database. The first question takes a pass through it.
    pub(super) fn site(&self, store: &Store) -> Result<&Site> {
        if let Some(site) = self.site.get() {
            return Ok(site);
        }
        let site = Site::new(answer::releases(Some(store), None)?);
        Ok(self.site.get_or_init(|| site))
    }

    /// Returns a digest that differs whenever an answer may, once it is known.
    pub(super) fn state(&self) -> Option<&str> {
        self.state.get().map(String::as_str)
    }

    /// Asks the database, on a thread where it may take its time.
    pub(super) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&Snapshot, &Store) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let snapshot = Arc::clone(self);
        let place = Arc::clone(&self.places).acquire_owned();
        let place = place.await.map_err(|_| gone())?;
        let asked = tokio::task::spawn_blocking(move || {
            // The place is free when the handle is back, whether or not anyone still waits for the answer.
            let _place = place;
            let store = snapshot.take()?;
            let answer = question(&snapshot, &store);
            let unchanged = snapshot.is_unchanged();
            snapshot.idle.lock().map_err(|_| gone())?.push(store);
            unchanged.and(answer)
        });
        asked.await.map_err(|_| gone())?
    }

    /// Returns a code set to ask questions of: in memory, as soon as titles are there.
    pub(super) fn codes<'a>(
        &'a self,
        store: &'a Store,
        code_set: CodeSet,
    ) -> Result<Box<dyn CodeSource + 'a>> {
        Ok(if self.index.has_titles() {
            Box::new(self.index.codes_with(code_set, store))
        } else {
            Box::new(store.codes(code_set)?)
        })
    }

    fn take(&self) -> Result<Store> {
        self.idle.lock().map_err(|_| gone())?.pop().ok_or_else(gone)
    }

    /// A file that SQLite takes for unchanging may have changed beneath the question, whose answer is then
    /// worth nothing.
    fn is_unchanged(&self) -> Result<()> {
        match &self.look {
            Some(look) if *look != Look::at(&look.path) => {
                Err(Error::busy("the database was changed while it was read")
                    .with_hint("ask again"))
            }
            _ => Ok(()),
        }
    }

    /// Reads what answers are faster with: titles, and the content hash.
    fn warm(&self) -> Result<()> {
        self.index.read_titles()?;
        let store = self.take()?;
        let overview = answer::releases(Some(&store), None);
        self.idle.lock().map_err(|_| gone())?.push(store);
        self.is_unchanged()?;
        let overview = overview?;
        // Two databases of the same contents may have been imported on different days, or not both verified.
        let told = json::releases(&overview, &[])?;
        let digest = codeyear_core::source::hex(&Sha256::digest(told.as_bytes()));
        // Only this thread sets them.
        let _ = self.content_hash.set(overview.content_hash);
        let _ = self.state.set(digest);
        Ok(())
    }
}

fn gone() -> Error {
    Error::store("the question was given up").with_hint("ask again; this is a defect of codeyear")
}

/// How a file looks from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Look {
    path: PathBuf,
    bytes: Option<u64>,
    changed: Option<SystemTime>,
    /// The number of the file in its folder's disk: another one has been put in its place.
    number: Option<u64>,
    /// Whether an import has begun.
    has_log: bool,
}

impl Look {
    fn at(path: &Path) -> Look {
        let file = std::fs::metadata(path).ok();
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Look {
            path: path.to_path_buf(),
            bytes: file.as_ref().map(std::fs::Metadata::len),
            changed: file.as_ref().and_then(|file| file.modified().ok()),
            number: file.as_ref().and_then(file_number),
            has_log: std::fs::metadata(log).is_ok_and(|log| log.len() > 0),
        }
    }
}

#[cfg(unix)]
fn file_number(file: &std::fs::Metadata) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    Some(file.ino())
}

#[cfg(not(unix))]
fn file_number(_: &std::fs::Metadata) -> Option<u64> {
    None
}

/// Checks whether a database has changed.
#[derive(Debug)]
struct Watch {
    store: Store,
    version: i64,
    look: Look,
}

impl Watch {
    fn begin(path: &Path) -> Result<Watch> {
        let look = Look::at(path);
        let store = Store::open_read_only(path)?;
        let version = store.data_version()?;
        Ok(Watch {
            store,
            version,
            look,
        })
    }

    fn has_changed(&self) -> Result<bool> {
        let look = Look::at(&self.look.path);
        // Where SQLite can look, it tells; the log is no sign, because it stays after an import.
        let from_outside = if self.store.is_taken_for_unchanging() {
            look != self.look
        } else {
            look.number != self.look.number
        };
        Ok(from_outside || self.store.data_version()? != self.version)
    }
}

/// The snapshot of now.
#[derive(Debug)]
pub(super) struct Snapshots {
    path: PathBuf,
    current: Arc<RwLock<Arc<Snapshot>>>,
    /// Until the watch begins.
    first_watch: Mutex<Option<Watch>>,
}

impl Snapshots {
    /// Opens a database. Titles are not read yet.
    pub(super) fn open(path: &Path) -> Result<Snapshots> {
        // What an ended import left in the log is brought into the file, where that may be written.
        Store::open(path)?;
        let (snapshot, watch) = Snapshot::open(path)?;
        Ok(Snapshots {
            path: path.to_path_buf(),
            current: Arc::new(RwLock::new(Arc::new(snapshot))),
            first_watch: Mutex::new(Some(watch)),
        })
    }

    /// Returns the snapshot of now.
    pub(super) fn current(&self) -> Arc<Snapshot> {
        match self.current.read() {
            Ok(current) => Arc::clone(&current),
            // Whoever held it only put a whole one in its place.
            Err(poisoned) => Arc::clone(&poisoned.into_inner()),
        }
    }

    /// Begins to look for changes, on a thread of its own that ends with this value.
    pub(super) fn watch(&self) -> Result<()> {
        let Some(mut watch) = self.first_watch.lock().map_err(|_| gone())?.take() else {
            return Ok(());
        };
        let path = self.path.clone();
        let current: Weak<RwLock<Arc<Snapshot>>> = Arc::downgrade(&self.current);
        let first = self.current();
        std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || {
                if let Err(error) = first.warm() {
                    tracing::warn!(%error, "titles cannot be read ahead");
                }
                drop(first);
                let mut failed = false;
                loop {
                    std::thread::sleep(LOOK);
                    let Some(current) = current.upgrade() else {
                        return;
                    };
                    if !watch.has_changed().unwrap_or(true) {
                        continue;
                    }
                    match next(&path) {
                        Ok((snapshot, next)) => {
                            let hash = snapshot.content_hash().unwrap_or_default();
                            tracing::info!(content_hash = hash, "the database has changed");
                            match current.write() {
                                Ok(mut current) => *current = Arc::new(snapshot),
                                Err(poisoned) => *poisoned.into_inner() = Arc::new(snapshot),
                            }
                            watch = next;
                            failed = false;
                        }
                        // The file may be about to be replaced: what is known stays until it is there.
                        Err(error) if !failed => {
                            tracing::warn!(%error, "the database has changed and cannot be read; the state before answers");
                            failed = true;
                        }
                        Err(_) => {}
                    }
                }
            })
            .map(|_| ())
            .map_err(super::socket_error)
    }
}

fn next(path: &Path) -> Result<(Snapshot, Watch)> {
    let (snapshot, watch) = Snapshot::open(path)?;
    snapshot.warm()?;
    Ok((snapshot, watch))
}
