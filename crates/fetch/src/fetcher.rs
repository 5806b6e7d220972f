//! Fetching releases: the fewest files that have what an import takes, each from the first address that gives it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use codeyear_core::error::{Error, Result, io_error};
use codeyear_core::model::ReleasePart;
use codeyear_core::source::archive::find;
use codeyear_core::source::catalogue::{Catalogue, KnownRelease};

use super::download::{self, Came, Downloader, Target};
use super::fetched::{
    Attempt, FetchProgress, FetchedFile, FetchedRelease, FileOutcome, NotFetched,
};
use super::http::{self, Client, FetchProblem, Proxies};
use super::import::Lacking;
use super::plan::{self, Known, Source, sources};
use super::to_come::guesses;

/// How many files in a row may fail at a host, each after its retries, before it is given up.
const MAX_FAILED: u32 = 3;

/// What a fetch is asked to do.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// The folder for the files.
    pub folder: PathBuf,
    /// An address that stands for the publishers': the path, or the file name alone, is put behind it.
    pub mirror: Option<String>,
    /// Take files whose hash is not known.
    pub unverified: bool,
    /// Connect to nobody, and return what would be fetched.
    pub dry_run: bool,
    /// The proxies to use.
    pub proxies: Proxies,
    /// How long a server may say nothing.
    pub timeout: Duration,
    /// The pause before the first retry; as long as nothing comes, each one after it is twice as long.
    pub pause: Duration,
}

impl FetchOptions {
    /// Fetches into a folder, from the publishers, what has a known hash.
    pub fn into_folder(folder: impl Into<PathBuf>) -> FetchOptions {
        FetchOptions {
            folder: folder.into(),
            mirror: None,
            unverified: false,
            dry_run: false,
            proxies: Proxies::default(),
            timeout: Duration::from_secs(60),
            pause: Duration::from_secs(1),
        }
    }
}

/// Fetches releases, one after the other.
#[derive(Debug)]
pub struct Fetcher {
    pub(super) options: FetchOptions,
    pub(super) client: Client,
    hosts: BTreeMap<String, Host>,
}

/// What is known of a host that was asked.
#[derive(Debug, Default)]
pub(super) struct Host {
    /// Whether it ever answered.
    answered: bool,
    /// How many files in a row it did not give that it may give another time.
    failed: u32,
    /// Why it is given up, if it is.
    given_up: Option<FetchProblem>,
}

impl Host {
    /// Returns why it is not asked again, if it is given up.
    pub(super) fn refusal(&self) -> Option<FetchProblem> {
        let problem = self.given_up.clone()?;
        Some(FetchProblem::GivenUp(Box::new(problem)))
    }

    /// Records what came of a file. A host that never answered is given up after one, one that did after
    /// [`MAX_FAILED`] in a row. Any other answer ends the row; silence that no other attempt can mend costs no time, and
    /// is not counted.
    pub(super) fn note(&mut self, problem: Option<&FetchProblem>) {
        let is_answer = !matches!(problem, Some(FetchProblem::NoAnswer { .. }));
        self.answered |= is_answer;
        match problem {
            Some(problem) if problem.is_passing() => {
                self.failed += 1;
                if !self.answered || self.failed >= MAX_FAILED {
                    self.given_up = Some(problem.clone());
                }
            }
            _ if is_answer => self.failed = 0,
            _ => {}
        }
    }
}

impl Fetcher {
    /// Returns a fetcher. It connects to nobody yet.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Usage`] if the mirror is no address.
    pub fn new(options: FetchOptions) -> Result<Fetcher> {
        if let Some(mirror) = &options.mirror
            && !(mirror.starts_with("http://") || mirror.starts_with("https://"))
        {
            return Err(Error::usage(
                "a mirror is an address that begins with http:// or https://",
            )
            .with_hint("a folder on this machine needs no fetch: codeyear import FOLDER"));
        }
        let client = Client::new(options.proxies.clone(), options.timeout);
        Ok(Fetcher {
            options,
            client,
            hosts: BTreeMap::new(),
        })
    }

    /// Fetches what a release was published with and an import takes, but for what is there already: the fewest
    /// files, those with a known hash first, NCHS before CMS. Where an address fails, the next one that has the same
    /// is asked.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Io`] if the folder cannot be written. An address that fails is part of the value.
    pub fn fetch(
        &mut self,
        lacking: &Lacking,
        progress: &mut dyn FnMut(FetchProgress),
    ) -> Result<FetchedRelease> {
        let Lacking { code_set, id, have } = lacking;
        let (code_set, id) = (*code_set, *id);
        let catalogue = Catalogue::bundled()?;
        let known = catalogue.find(code_set, id);
        let mut sources = known.map(sources).unwrap_or_default();
        if !sources
            .iter()
            .any(|source| source.pieces.contains(&ReleasePart::OrderFile))
        {
            sources.extend(guesses(catalogue, code_set, id));
        }
        let mut wanted: BTreeSet<ReleasePart> = sources
            .iter()
            .filter(|source| source.known != Known::Guess)
            .flat_map(|source| source.pieces.iter().copied())
            .collect();
        wanted.insert(ReleasePart::OrderFile);
        wanted.retain(|piece| !have.contains(piece));
        if self.options.mirror.is_some() {
            sources.push(Source::whole_release(code_set, id, known, &wanted));
        }
        let mut release = FetchedRelease {
            code_set,
            id,
            in_catalogue: known.is_some(),
            files: Vec::new(),
            attempts: Vec::new(),
            left: Vec::new(),
        };
        let mut spent = BTreeSet::new();
        while let Some(next) = plan::next(&sources, &wanted, &spent, self.options.unverified) {
            spent.insert(next);
            let Some(source) = sources.get(next) else {
                break;
            };
            match self.fetch_file(source, progress)? {
                Ok(mut file) => {
                    if let Some(attempt) = self.unproven(&mut file, known)? {
                        release.attempts.push(attempt);
                        continue;
                    }
                    let is_proven = file.source.sha256.is_some();
                    if file.outcome != FileOutcome::Planned {
                        let mut found = pieces_of(&file)?;
                        if is_proven {
                            found.append(&mut file.source.pieces);
                        }
                        found.sort_unstable();
                        found.dedup();
                        // What nobody has seen holds what is found in it, whatever its name promises.
                        file.source.pieces = found;
                    }
                    for piece in &file.source.pieces {
                        wanted.remove(piece);
                    }
                    release.files.push(file);
                }
                Err(attempt) => release.attempts.push(attempt),
            }
        }
        for piece in wanted {
            let has = |of_those: &dyn Fn(&Source) -> bool| {
                sources
                    .iter()
                    .any(|source| source.pieces.contains(&piece) && of_those(source))
            };
            let reason = match () {
                () if !has(&|_| true) => NotFetched::NoAddress,
                // What a mirror might have had is no address of the publishers.
                () if !self.options.unverified && !has(&|source| source.sha256.is_some()) => {
                    NotFetched::NoKnownHash
                }
                () => NotFetched::Failed,
            };
            release.left.push((piece, reason));
        }
        Ok(release)
    }

    /// Fetches the file of one source into the folder. An address that does not give it is the inner error.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Io`] if the folder cannot be written.
    pub fn fetch_file(
        &mut self,
        source: &Source,
        progress: &mut dyn FnMut(FetchProgress),
    ) -> Result<Result<FetchedFile, Attempt>> {
        let urls = source.urls(self.options.mirror.as_deref());
        let path = self.options.folder.join(&source.file);
        let first = urls.first().cloned().unwrap_or_default();
        let mut file = FetchedFile {
            source: source.clone(),
            url: first,
            path,
            bytes: source.bytes,
            sha256: source.sha256.clone(),
            outcome: FileOutcome::Planned,
        };
        if self.options.dry_run {
            return Ok(Ok(file));
        }
        let target = Target {
            file: &source.file,
            path: &file.path,
            bytes: source.bytes,
            sha256: source.sha256.as_deref(),
        };
        let mut failed = Attempt {
            url: file.url.clone(),
            problem: FetchProblem::NotThere(404),
        };
        let mut outcome = download::there(&target)?;
        for url in urls {
            if outcome.is_some() {
                file.url = url;
                break;
            }
            failed.url.clone_from(&url);
            if let Some(problem) = self.host(&url).refusal() {
                failed.problem = problem;
                break;
            }
            let mut downloader = Downloader {
                client: &mut self.client,
                pause: self.options.pause,
                progress,
            };
            match downloader.download(&url, &target)? {
                Ok(found) => {
                    // What came without it says nothing of the host.
                    if found.how == Came::Asked {
                        self.host(&url).note(None);
                    }
                    file.url = url;
                    outcome = Some(found);
                    break;
                }
                Err(problem) => {
                    self.host(&url).note(Some(&problem));
                    let is_there = !matches!(problem, FetchProblem::NotThere(_));
                    failed.problem = problem;
                    if is_there {
                        break;
                    }
                }
            }
        }
        let Some(found) = outcome else {
            return Ok(Err(failed));
        };
        file.bytes = Some(found.bytes);
        file.sha256 = Some(found.sha256);
        file.outcome = match found.how {
            Came::Before => FileOutcome::AlreadyThere,
            Came::Left | Came::Asked => FileOutcome::Fetched,
        };
        let damage = match source.sha256 {
            Some(_) => None,
            None => damage(&file.path)?,
        };
        match damage {
            Some(problem) => self.useless(&file, problem).map(Err),
            None => Ok(Ok(file)),
        }
    }
}

impl Fetcher {
    /// Returns what is known of the host of an address.
    pub(super) fn host(&mut self, url: &str) -> &mut Host {
        self.hosts.entry(http::host(url)).or_default()
    }

    /// Checks what came of a source that is known by the files in it: each that an import takes must be one of the
    /// release's that the catalogue knows. Where one is not, no hash is known of the whole; it is removed then, and why
    /// is returned, unless the user takes what is not known.
    fn unproven(
        &self,
        file: &mut FetchedFile,
        known: Option<&KnownRelease>,
    ) -> Result<Option<Attempt>> {
        if file.source.known != Known::EachFile || file.outcome == FileOutcome::Planned {
            return Ok(None);
        }
        let mut other = None;
        for found in find(std::slice::from_ref(&file.path))?.found {
            if found.kind.part().is_none() {
                continue;
            }
            let sha256 = match found.read_hashed() {
                Ok((_, sha256)) => sha256,
                Err(error) => {
                    let problem = FetchProblem::Damaged(error.message().to_owned());
                    return self.useless(file, problem).map(Some);
                }
            };
            if !known.is_some_and(|known| known.knows_file(found.kind, &sha256, None)) {
                other = Some(found.name);
                break;
            }
        }
        let Some(other) = other else {
            return Ok(None);
        };
        file.source.known = Known::NoHash;
        if self.options.unverified {
            return Ok(None);
        }
        self.useless(file, FetchProblem::UnknownFile(other))
            .map(Some)
    }

    /// Removes a file that is of no use, if this fetch wrote it: what was there is the user's. Returns why the address
    /// did not give it.
    fn useless(&self, file: &FetchedFile, problem: FetchProblem) -> Result<Attempt> {
        let problem = match file.outcome {
            FileOutcome::Fetched => {
                std::fs::remove_file(&file.path)
                    .map_err(|error| io_error("remove", &file.path, error))?;
                problem
            }
            _ => FetchProblem::Damaged(format!(
                "{} was there and cannot be used ({problem}): remove it, or name another folder",
                file.path.display()
            )),
        };
        Ok(Attempt {
            url: file.url.clone(),
            problem,
        })
    }
}

/// Returns what is wrong with a file whose hash is not known: a damaged archive.
fn damage(path: &Path) -> Result<Option<FetchProblem>> {
    let findings = find(&[path.to_path_buf()])?;
    // A member that cannot be taken is for the import to name: the rest of its archive can.
    let error = findings
        .damaged
        .first()
        .filter(|_| findings.found.is_empty());
    Ok(error.map(|error| FetchProblem::Damaged(error.message().to_owned())))
}

/// Returns what a file that is there holds, whatever the catalogue says of it.
fn pieces_of(file: &FetchedFile) -> Result<Vec<ReleasePart>> {
    let findings = find(std::slice::from_ref(&file.path))?;
    let pieces = findings.found.iter().filter_map(|found| found.kind.part());
    Ok(pieces.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns after how many of these a host is given up, if it is.
    fn given_up_after(problems: &[Option<FetchProblem>]) -> Option<usize> {
        let mut host = Host::default();
        let mut after = problems.iter().map(|problem| {
            host.note(problem.as_ref());
            host.given_up.is_some()
        });
        after.position(|is_given_up| is_given_up).map(|at| at + 1)
    }

    #[test]
    fn a_host_is_given_up_for_silence_at_once_and_for_failures_in_a_row() {
        let silence = |is_passing| {
            Some(FetchProblem::NoAnswer {
                why: "timed out".to_owned(),
                is_passing,
            })
        };
        let busy = || Some(FetchProblem::Status(503));
        assert_eq!(given_up_after(&[silence(true)]), Some(1));
        assert_eq!(given_up_after(&[busy(), busy(), busy()]), Some(3));
        // A 503 is an answer, and so is that there is no such file.
        assert_eq!(given_up_after(&[busy(), silence(true), busy()]), Some(3));
        let not_there = || Some(FetchProblem::NotThere(404));
        assert_eq!(
            given_up_after(&[busy(), busy(), not_there(), busy(), None, silence(true)]),
            None
        );
        // A certificate that is refused is no answer.
        assert_eq!(given_up_after(&[silence(false), silence(true)]), Some(2));
    }

    #[test]
    fn a_host_that_is_given_up_is_reported_with_what_it_did() {
        let problem = FetchProblem::GivenUp(Box::new(FetchProblem::Status(503)));
        assert_eq!(problem.name(), "status");
        assert_eq!(problem.hint(), FetchProblem::Status(503).hint());
        assert!(
            problem
                .to_string()
                .starts_with("its host is not asked again")
        );
    }
}
