//! One file from one address: hashed as it comes, into a `.part` file beside its place, resumed where it broke off.
//!
//! The file is put in its place only when it is whole and its hash is right. One fetch at a time writes into a
//! folder; a second one waits, and finds the file there.

#![allow(
    clippy::indexing_slicing,
    reason = "a read fills no more than the buffer"
)]

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use ureq::http::HeaderMap;

use super::fetched::FetchProgress;
use super::http::{Client, FetchProblem, Method, number, text};
use codeyear_core::error::{Result, io_error};
use codeyear_core::source::hex;
use codeyear_core::source::kind::FileKind;
use codeyear_core::source::recognise::{HEAD, SAVED_PAGE, recognise};

/// The most bytes of a file. The largest official one has 25 MB.
const MAX_BYTES: u64 = 1 << 30;
/// The most attempts of which none brings a byte.
const MAX_IDLE: u32 = 4;
/// The most attempts at all: a server may cut every connection after a byte.
const MAX_ATTEMPTS: u32 = 40;
/// The longest pause between two attempts.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// The file to get.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) file: &'a str,
    pub(super) path: &'a Path,
    pub(super) bytes: Option<u64>,
    pub(super) sha256: Option<&'a str>,
}

/// A file that is in its place.
#[derive(Debug)]
pub(super) struct Downloaded {
    pub(super) bytes: u64,
    pub(super) sha256: String,
    pub(super) how: Came,
}

/// How a file came into its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// It was there.
    Before,
    /// An earlier fetch left it whole, but for its name: nobody was asked.
    Left,
    /// From the server.
    Asked,
}

/// Gets files.
pub(super) struct Downloader<'a> {
    pub(super) client: &'a mut Client,
    pub(super) pause: Duration,
    pub(super) progress: &'a mut dyn FnMut(FetchProgress),
}

/// What is there of a file: the `.part` beside its place, and the hash so far.
struct Part {
    path: PathBuf,
    file: File,
    bytes: u64,
    hasher: Sha256,
    /// What the server calls the version that the bytes are of.
    version: Option<String>,
    /// The whole size, if the server says it.
    whole: Option<u64>,
}

/// How an attempt ended without the whole file.
enum Ended {
    /// The server or the connection failed; what came so far is kept.
    Failed(FetchProblem, Option<Duration>),
    /// What was kept does not fit what the server has: from the first byte again.
    Stale,
}

impl Downloader<'_> {
    /// Gets a file, unless it is there. An address that does not give it is the inner error.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Io`] if the folder cannot be written.
    pub(super) fn download(
        &mut self,
        url: &str,
        target: &Target<'_>,
    ) -> Result<Result<Downloaded, FetchProblem>> {
        let folder = target.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)
            .map_err(|error| io_error("make the folder", folder, error))?;
        let _lock = self.lock(folder)?;
        if let Some(there) = there(target)? {
            return Ok(Ok(there));
        }
        let mut part = Part::open(target)?;
        let mut was_kept = part.bytes > 0;
        (self.progress)(FetchProgress::Begins {
            file: target.file.to_owned(),
            bytes: target.bytes,
        });
        let mut idle = 0;
        let mut done = Err(FetchProblem::NoAnswer {
            why: "too many attempts".to_owned(),
            is_passing: true,
        });
        for _ in 0..MAX_ATTEMPTS {
            let before = part.bytes;
            // A part that a crash left whole is not asked for again.
            let is_whole = part.bytes > 0 && target.sha256 == Some(&part.sha256());
            let ended = match is_whole {
                true => Ok(()),
                false => self.attempt(url, target, &mut part)?,
            };
            match ended {
                Ok(()) => {
                    let found = part.sha256();
                    match target.sha256 {
                        Some(expected) if expected != found => {
                            part.restart()?;
                            done = Err(FetchProblem::WrongHash {
                                found,
                                expected: expected.to_owned(),
                            });
                            if was_kept {
                                // The bytes of an earlier fetch may be those of another edition.
                                was_kept = false;
                                continue;
                            }
                        }
                        _ => {
                            part.put(target.path, folder)?;
                            (self.progress)(FetchProgress::Ended);
                            return Ok(Ok(Downloaded {
                                bytes: part.bytes,
                                sha256: found,
                                how: if is_whole { Came::Left } else { Came::Asked },
                            }));
                        }
                    }
                    break;
                }
                Err(Ended::Stale) => {
                    done = Err(FetchProblem::Damaged(
                        "the server gives parts that do not go together".to_owned(),
                    ));
                    part.restart()?;
                    was_kept = false;
                    idle += 1;
                    if idle > MAX_IDLE {
                        break;
                    }
                }
                Err(Ended::Failed(problem, asked)) => {
                    idle = if part.bytes > before { 0 } else { idle + 1 };
                    let is_over = idle >= MAX_IDLE || !problem.is_passing();
                    done = Err(problem.clone());
                    if is_over {
                        break;
                    }
                    let pause = asked
                        .unwrap_or(
                            self.pause
                                .saturating_mul(1 << idle.saturating_sub(1).min(6)),
                        )
                        .min(MAX_PAUSE);
                    (self.progress)(FetchProgress::Retries {
                        file: target.file.to_owned(),
                        problem,
                        pause,
                    });
                    std::thread::sleep(pause);
                }
            }
        }
        // What cannot be gone on with is of no use to the next fetch.
        if part.bytes == 0 || target.sha256.is_none() {
            part.remove();
        }
        (self.progress)(FetchProgress::Ended);
        Ok(done)
    }

    /// Asks for what is missing and writes it to the part.
    fn attempt(
        &mut self,
        url: &str,
        target: &Target<'_>,
        part: &mut Part,
    ) -> Result<Result<(), Ended>> {
        let failed = |problem| Ok(Err(Ended::Failed(problem, None)));
        if part.bytes > 0 && target.sha256.is_none() && part.version.is_none() {
            // Nothing would show that the rest is of the same file.
            part.restart()?;
        }
        let mut headers = vec![("Accept-Encoding", "identity".to_owned())];
        if part.bytes > 0 {
            headers.push(("Range", format!("bytes={}-", part.bytes)));
            if let Some(version) = &part.version {
                headers.push(("If-Range", version.clone()));
            }
        }
        let response = match self.client.ask(Method::Get, url, &headers) {
            Ok(response) => response,
            Err((problem, pause)) => return Ok(Err(Ended::Failed(problem, pause))),
        };
        let headers = response.headers();
        match response.status().as_u16() {
            206 if part.bytes > 0 => {
                let Some((from, whole)) = content_range(headers) else {
                    return Ok(Err(Ended::Stale));
                };
                let is_other = whole.is_some() && whole != part.whole.or(whole);
                if from != part.bytes || is_other {
                    return Ok(Err(Ended::Stale));
                }
                part.whole = whole;
            }
            // There is nothing behind what is there: it is whole, or of another edition.
            416 => return Ok(Err(Ended::Stale)),
            200 => {
                if part.bytes > 0 {
                    part.restart()?;
                }
                part.whole = number(headers, "content-length");
                part.version = version(headers);
            }
            status => return failed(FetchProblem::Status(status)),
        }
        let most = match (target.sha256, target.bytes) {
            (Some(_), Some(bytes)) => bytes,
            _ => MAX_BYTES,
        };
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; 1 << 16];
        let mut head = Vec::new();
        let mut is_checked = part.bytes > 0;
        loop {
            let read = match body.read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            let Some(new) = buffer.get(..read).filter(|new| !new.is_empty()) else {
                if !is_checked {
                    if let Some(problem) = is_something_else(target.file, &head) {
                        return failed(problem);
                    }
                    is_checked = true;
                    part.write(&head)?;
                }
                // Some servers end a body without saying how long it is.
                if part.whole.is_none_or(|whole| whole == part.bytes) {
                    return Ok(Ok(()));
                }
                break;
            };
            if !is_checked {
                head.extend_from_slice(new);
                if head.len() < HEAD {
                    continue;
                }
                if let Some(problem) = is_something_else(target.file, &head) {
                    return failed(problem);
                }
                is_checked = true;
                part.write(&head)?;
            } else {
                part.write(new)?;
            }
            if part.bytes > most {
                part.restart()?;
                return failed(match (target.sha256, target.bytes) {
                    // A file of another size has another hash, which need not be waited for.
                    (Some(_), Some(bytes)) => FetchProblem::WrongSize {
                        found: part.whole,
                        expected: bytes,
                    },
                    _ => FetchProblem::TooLong(most),
                });
            }
            (self.progress)(FetchProgress::At { bytes: part.bytes });
        }
        if !is_checked {
            // A byte or two say nothing yet.
            let problem = is_something_else(target.file, &head);
            if let Some(problem) = problem.filter(|_| head.len() >= 4) {
                return failed(problem);
            }
            part.write(&head)?;
        }
        failed(FetchProblem::BrokenOff {
            got: part.bytes,
            of: part.whole.or(target.bytes),
            is_kept: part.bytes > 0 && target.sha256.is_some(),
        })
    }

    /// Waits until no other fetch writes into the folder. The lock is gone with the process that holds it.
    fn lock(&mut self, folder: &Path) -> Result<Option<File>> {
        let file = lock_file(folder)?;
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            // Some network disks know no locks.
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) => (self.progress)(FetchProgress::Waits),
        }
        Ok(file.lock().is_ok().then_some(file))
    }
}

/// Opens what stands for the folder in a lock: where the system allows it the folder itself, which leaves no file.
fn lock_file(folder: &Path) -> Result<File> {
    let file = if cfg!(unix) {
        File::open(folder)
    } else {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        options.open(folder.join(".codeyear-fetch.lock"))
    };
    file.map_err(|error| io_error("open", folder, error))
}

impl Part {
    /// Opens what an earlier fetch left. Without a hash nothing would show that the halves are of one file.
    fn open(target: &Target<'_>) -> Result<Part> {
        let mut path = target.path.as_os_str().to_owned();
        path.push(".part");
        let path = PathBuf::from(path);
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        let file = options
            .open(&path)
            .map_err(|error| io_error("write", &path, error))?;
        let mut part = Part {
            path,
            file,
            bytes: 0,
            hasher: Sha256::new(),
            version: None,
            whole: None,
        };
        if target.sha256.is_none() {
            part.restart()?;
            return Ok(part);
        }
        let (bytes, hasher) =
            hash(&mut part.file).map_err(|error| io_error("read", &part.path, error))?;
        (part.bytes, part.hasher) = (bytes, hasher);
        if target.bytes.is_some_and(|whole| part.bytes > whole) {
            part.restart()?;
        }
        Ok(part)
    }

    fn sha256(&self) -> String {
        hex(&self.hasher.clone().finalize())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file
            .write_all(bytes)
            .map_err(|error| io_error("write", &self.path, error))?;
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Throws away what is there.
    fn restart(&mut self) -> Result<()> {
        self.file
            .set_len(0)
            .and_then(|()| self.file.seek(SeekFrom::Start(0)))
            .map_err(|error| io_error("write", &self.path, error))?;
        self.bytes = 0;
        self.hasher = Sha256::new();
        self.version = None;
        Ok(())
    }

    /// Moves the file to its place: it is on the disk before it has its name.
    fn put(&mut self, path: &Path, folder: &Path) -> Result<()> {
        self.file
            .sync_all()
            .and_then(|()| std::fs::rename(&self.path, path))
            .map_err(|error| io_error("write", path, error))?;
        // The name as well. Where a folder cannot be written through, the system does it in its time.
        if cfg!(unix)
            && let Ok(folder) = File::open(folder)
        {
            let _ = folder.sync_all();
        }
        Ok(())
    }

    fn remove(&self) {
        // The failure to tell of is the one that kept the file from its place.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Returns the file if it is in its place. One of other bytes than the known hash's is fetched anew.
pub(super) fn there(target: &Target<'_>) -> Result<Option<Downloaded>> {
    let mut file = match File::open(target.path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("open", target.path, error)),
    };
    let (bytes, hasher) = hash(&mut file).map_err(|error| io_error("read", target.path, error))?;
    let sha256 = hex(&hasher.finalize());
    let is_right = target.sha256.is_none_or(|expected| expected == sha256);
    Ok(is_right.then_some(Downloaded {
        bytes,
        sha256,
        how: Came::Before,
    }))
}

/// Hashes what is left of a file.
fn hash(file: &mut File) -> std::io::Result<(u64, Sha256)> {
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((bytes, hasher)),
            Ok(read) => {
                hasher.update(&buffer[..read]);
                bytes += read as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Returns what came in the place of a file, by its first bytes: a web page, or something that is no zip.
fn is_something_else(file: &str, head: &[u8]) -> Option<FetchProblem> {
    if recognise(file, head) == FileKind::Broken(SAVED_PAGE) {
        return Some(FetchProblem::WebPage);
    }
    let lower = file.to_ascii_lowercase();
    let is_zip = lower.ends_with(".zip") || lower.ends_with(".xlsx");
    (is_zip && !head.starts_with(b"PK")).then_some(FetchProblem::NotAZip)
}

/// Returns what the server calls this version of a file, if it can be asked to go on with the same one.
fn version(headers: &HeaderMap) -> Option<String> {
    let strong = text(headers, "etag").filter(|tag| !tag.starts_with("W/"));
    let version = strong.or_else(|| text(headers, "last-modified"))?;
    Some(version.to_owned())
}

/// Reads where a part of a file begins and how long the whole is: `bytes 100-199/200`.
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let range = text(headers, "content-range")?
        .trim()
        .strip_prefix("bytes ")?;
    let (span, whole) = range.split_once('/')?;
    let (from, _) = span.split_once('-')?;
    Some((from.trim().parse().ok()?, whole.trim().parse().ok()))
}
