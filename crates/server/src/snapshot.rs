//! One state of the database, and the watch for the next one.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant, SystemTime};

use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use chrono::NaiveDate;
use codeyear_claims::Index;
use codeyear_core::answer;
use codeyear_core::error::{Error, ErrorKind, Result};
use codeyear_core::model::{CodeSet, TypedCode, TypedDay, typed_code, typed_codes};
use codeyear_core::store::{CodeSource, Store};
use codeyear_report::html::pages::Site;
use codeyear_report::json;

/// How often the database is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// The handles of a snapshot for small questions: so many are asked of the database at a time.
pub(super) const SMALL: usize = 4;
/// Those for large ones, which no small one waits for.
pub(super) const LARGE: usize = 2;

/// How long a file that changed is not examined again: that goes through all of it.
const EXAMINE: Duration = Duration::from_secs(2);

/// After so long it is examined again, changed or not: a disk may lose what nobody wrote.
const EXAMINE_AGAIN: Duration = Duration::from_secs(300);

/// After so long without a look at the file nobody looks any more: titles and whole releases are read within it.
const LOOKED: Duration = Duration::from_secs(300);

/// How often a snapshot is begun anew because an import came between.
const MAX_TRIES: usize = 20;

/// One state of the database: the index in memory, and handles that keep to that state whatever is imported
/// meanwhile.
#[derive(Debug)]
pub(super) struct Snapshot {
    index: Index,
    small: Handles,
    large: Handles,
    /// For what answers are faster with, which is read once.
    first: Mutex<Option<Store>>,
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
            let open = || -> Result<Store> {
                let mut store = Store::open_read_only(path)?;
                store.pin()?;
                store.share_reads(&index_store);
                Ok(store)
            };
            let handles = |count| (0..count).map(|_| open()).collect::<Result<Vec<Store>>>();
            let (small, large, first) = (handles(SMALL)?, handles(LARGE)?, open()?);
            let look = index_store
                .is_taken_for_unchanging()
                .then(|| watch.look.clone());
            // An import that ended between the first handle and the last shows here.
            if !watch.has_changed()? {
                let snapshot = Snapshot {
                    index: Index::open(index_store)?,
                    small: Handles::new(small),
                    large: Handles::new(large),
                    first: Mutex::new(Some(first)),
                    content_hash: OnceLock::new(),
                    state: OnceLock::new(),
                    site: OnceLock::new(),
                    look,
                };
                return Ok((snapshot, watch));
            }
        }
        Err(Error::busy("the database keeps changing")
            .in_file(path.display().to_string())
            .with_hint("wait until the imports are finished and try again"))
    }

    /// Returns the day that is meant in a code set: today, if none is.
    pub(super) fn day_of(
        &self,
        on: Option<TypedDay>,
        today: NaiveDate,
        code_set: CodeSet,
    ) -> NaiveDate {
        on.unwrap_or(TypedDay::Today)
            .on(today, self.index.timeline(code_set))
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

    /// Asks the database, on one of some threads where it may take its time. It is given up when nobody waits for the answer
    /// any more.
    pub(super) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        size: Size,
        threads: &Handle,
        question: impl FnOnce(&Snapshot, &Store) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let snapshot = Arc::clone(self);
        let place = Arc::clone(&self.handles(size).places).acquire_owned();
        let place = place.await.map_err(|_| gone())?;
        let waiting = Waiting::default();
        let given_up = Arc::clone(&waiting.given_up);
        let asked = threads.spawn_blocking(move || {
            // The place is free when the handle is back, whether or not anyone still waits for the answer.
            let _place = place;
            let mut lent = snapshot.handles(size).lend()?;
            let store = lent.store.as_mut().ok_or_else(gone)?;
            let answer = store.until(&given_up, |store| question(&snapshot, store));
            snapshot.is_unchanged().and(answer)
        });
        asked.await.map_err(|_| gone())?
    }

    fn handles(&self, size: Size) -> &Handles {
        match size {
            Size::Small => &self.small,
            Size::Large => &self.large,
        }
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

    /// Reads what answers are faster with: titles, the words that misspelt ones are mended by, and the content hash.
    fn warm(&self) -> Result<()> {
        self.index.read_titles()?;
        let first = self.first.lock().map_err(|_| gone())?.take();
        let Some(store) = first else {
            return Ok(());
        };
        store.read_words()?;
        let overview = answer::releases(Some(&store), None);
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

/// How much work a question is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// A code, a search, a list of what is loaded.
    Small,
    /// What goes through whole releases, or many questions at once.
    Large,
}

impl Size {
    /// Returns how much work it is to show some codes: below a category stand up to a thousand.
    /// Returns the size of a search: a range is looked for in the whole book.
    pub(super) fn of_words(text: &str) -> Size {
        let is_range = |typed: &TypedCode| matches!(typed, TypedCode::Range(..));
        match typed_codes(text).iter().any(is_range) {
            true => Size::Large,
            false => Size::Small,
        }
    }

    pub(super) fn of_codes<'c>(codes: impl IntoIterator<Item = &'c str>) -> Size {
        let is_category = |code: &str| {
            let code = typed_code(code);
            code.bytes().filter(u8::is_ascii_alphanumeric).count() <= 3
        };
        match codes.into_iter().any(is_category) {
            true => Size::Large,
            false => Size::Small,
        }
    }
}

/// Handles on one state, and a place for each.
#[derive(Debug)]
struct Handles {
    idle: Mutex<Vec<Store>>,
    places: Arc<Semaphore>,
}

impl Handles {
    fn new(idle: Vec<Store>) -> Handles {
        Handles {
            places: Arc::new(Semaphore::new(idle.len())),
            idle: Mutex::new(idle),
        }
    }

    fn lend(&self) -> Result<Lent<'_>> {
        let store = self.idle().pop().ok_or_else(gone)?;
        Ok(Lent {
            handles: self,
            store: Some(store),
        })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Store>> {
        // Whoever held it only took one or put one back.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handle that is given back however the question ends.
struct Lent<'h> {
    handles: &'h Handles,
    store: Option<Store>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.handles.idle().extend(self.store.take());
    }
}

/// Somebody who waits for an answer; dropped before it comes, the question is given up.
#[derive(Debug, Default)]
struct Waiting {
    given_up: Arc<AtomicBool>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

fn gone() -> Error {
    Error::store("the request was canceled").with_hint("try again; this is a defect of codeyear")
}

/// How a file looks from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Look {
    path: PathBuf,
    bytes: Option<u64>,
    changed: Option<SystemTime>,
    /// When its contents or what is known of it were last changed, which no program can set back.
    touched: Option<(i64, i64)>,
    /// The number of the file in its folder's disk: another one has been put in its place.
    number: Option<u64>,
    /// Whether an import has begun.
    has_log: bool,
}

/// How the write-ahead log looks: its bytes, and when it was last written.
type LogLook = Option<(u64, Option<SystemTime>)>;

fn log_look(path: &Path) -> LogLook {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log = std::fs::metadata(log).ok()?;
    Some((log.len(), log.modified().ok()))
}

impl Look {
    fn at(path: &Path) -> Look {
        let file = std::fs::metadata(path).ok();
        Look {
            path: path.to_path_buf(),
            bytes: file.as_ref().map(std::fs::Metadata::len),
            changed: file.as_ref().and_then(|file| file.modified().ok()),
            touched: file.as_ref().and_then(touched),
            number: file.as_ref().and_then(file_number),
            has_log: log_look(path).is_some_and(|(bytes, _)| bytes > 0),
        }
    }
}

#[cfg(unix)]
fn file_number(file: &std::fs::Metadata) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    Some(file.ino())
}

#[cfg(unix)]
fn touched(file: &std::fs::Metadata) -> Option<(i64, i64)> {
    use std::os::unix::fs::MetadataExt;
    Some((file.ctime(), file.ctime_nsec()))
}

#[cfg(not(unix))]
fn file_number(_: &std::fs::Metadata) -> Option<u64> {
    None
}

#[cfg(not(unix))]
fn touched(_: &std::fs::Metadata) -> Option<(i64, i64)> {
    None
}

/// Checks whether a database has changed.
#[derive(Debug)]
struct Watch {
    store: Store,
    /// What SQLite counts up with each change. `None` beside a log that it may not write: there each look is a change
    /// to it, and how the files look tells more.
    version: Option<i64>,
    look: Look,
    log: LogLook,
}

impl Watch {
    fn begin(path: &Path) -> Result<Watch> {
        let look = Look::at(path);
        let log = log_look(path);
        let store = Store::open_read_only(path)?;
        let version = store.data_version()?;
        let is_steady = store.data_version()? == version;
        Ok(Watch {
            store,
            version: is_steady.then_some(version),
            look,
            log,
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
        let Some(version) = self.version else {
            return Ok(look != self.look || log_look(&self.look.path) != self.log);
        };
        Ok(from_outside || self.store.data_version()? != version)
    }
}

/// The snapshot of now.
#[derive(Debug)]
pub(super) struct Snapshots {
    path: PathBuf,
    current: Arc<RwLock<Arc<Snapshot>>>,
    /// What is wrong with the file, and when it was last looked at.
    trouble: Arc<RwLock<(Option<&'static str>, Instant)>>,
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
            trouble: Arc::new(RwLock::new((None, Instant::now()))),
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

    /// Returns what is wrong with the file of the database, if anything is: answers come from the state before.
    pub(super) fn trouble(&self) -> Option<&'static str> {
        let (trouble, looked) = *self.trouble.read().unwrap_or_else(PoisonError::into_inner);
        let is_late = looked.elapsed() >= LOOKED;
        trouble.or(is_late.then_some("the file of the database is no longer looked at"))
    }

    /// Begins to look for changes, on a thread of its own that ends with this value.
    pub(super) fn watch(&self) -> Result<()> {
        let Some(mut watch) = self.first_watch.lock().map_err(|_| gone())?.take() else {
            return Ok(());
        };
        let path = self.path.clone();
        let trouble = Arc::clone(&self.trouble);
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
                let mut health = Health::new();
                loop {
                    std::thread::sleep(LOOK);
                    let Some(current) = current.upgrade() else {
                        return;
                    };
                    // A file that could not be read may be whole again, and look to SQLite as it did.
                    if failed || watch.has_changed().unwrap_or(true) {
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
                    let unseen = failed.then_some("the database has changed and cannot be read");
                    let found = health.look(&path).or(unseen);
                    *trouble.write().unwrap_or_else(PoisonError::into_inner) =
                        (found, Instant::now());
                }
            })
            .map(|_| ())
            .map_err(super::problem::socket_error)
    }
}

/// Looks whether the file of a database is there, whole and sound.
#[derive(Debug)]
struct Health {
    /// How the file looked when it was last examined.
    seen: Option<Look>,
    examined: Instant,
    trouble: Option<&'static str>,
}

impl Health {
    fn new() -> Health {
        Health {
            seen: None,
            examined: Instant::now(),
            trouble: None,
        }
    }

    /// Returns what is wrong with the file, if anything is.
    fn look(&mut self, path: &Path) -> Option<&'static str> {
        let look = Look::at(path);
        match look.bytes {
            None => return Some("the database file was not found"),
            Some(_) if !path.is_file() => return Some("the database is not a file any more"),
            Some(0) => return Some("the file of the database is empty"),
            Some(_) => {}
        }
        let is_open = self.trouble.is_some()
            || self.seen.as_ref() != Some(&look)
            || self.examined.elapsed() >= EXAMINE_AGAIN;
        // An import changes it all the time.
        if is_open && (self.seen.is_none() || self.examined.elapsed() >= EXAMINE) {
            // Of a file that somebody holds nothing is known yet.
            if let Some(found) = examine(path) {
                self.trouble = found.err();
                self.seen = Some(look);
            }
            self.examined = Instant::now();
        }
        self.trouble
    }
}

/// Checks whether a file that cannot be read is shorter than its first page says, by SQLite's "Database File Format",
/// 1.3. Of a sound one it says nothing: an import may be about to make it longer.
fn is_cut(path: &Path) -> bool {
    let mut head = [0; 100];
    let read = std::fs::File::open(path).and_then(|mut file| {
        file.read_exact(&mut head)?;
        Ok(file.metadata()?.len())
    });
    let number = |at: usize| -> u64 {
        let bytes = head.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_be_bytes).into()
    };
    // The size of a page stands in two bytes, in which the largest is 1.
    let page = match number(16) >> 16 {
        1 => 65_536,
        page => page,
    };
    // The count of pages holds if whoever wrote last knew of it.
    let is_known = head.starts_with(b"SQLite format 3\0") && number(24) == number(92);
    read.is_ok_and(|bytes| is_known && bytes < page * number(28))
}

/// Checks the file of a database; `None` if it could not be looked at now.
fn examine(path: &Path) -> Option<std::result::Result<(), &'static str>> {
    let is_intact = Store::open_read_only(path).and_then(|store| store.is_intact());
    match is_intact {
        Ok(true) => Some(Ok(())),
        Ok(false) if is_cut(path) => Some(Err("the file of the database is cut off")),
        Ok(false) => Some(Err("the file of the database is damaged")),
        Err(error) if error.kind() == ErrorKind::Busy => None,
        Err(_) if is_cut(path) => Some(Err("the file of the database is cut off")),
        Err(_) => Some(Err("the file of the database cannot be read")),
    }
}

fn next(path: &Path) -> Result<(Snapshot, Watch)> {
    let (snapshot, watch) = Snapshot::open(path)?;
    snapshot.warm()?;
    Ok((snapshot, watch))
}
