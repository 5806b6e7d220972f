//! What is fetched: how far it has come, and what came of each release.

use std::path::PathBuf;
use std::time::Duration;

use strum::IntoStaticStr;

use codeyear_core::model::{CodeSet, ReleaseId, ReleasePart, named};

use super::http::FetchProblem;
use super::plan::Source;

named!(FileOutcome, NotFetched);

/// How a file came into its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum FileOutcome {
    /// It was downloaded.
    Fetched,
    /// It was there already.
    AlreadyThere,
    /// It would be downloaded.
    Planned,
}

/// A file that is in its place, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedFile {
    /// The source that it is of.
    pub source: Source,
    /// The address that gave it.
    pub url: String,
    /// Its place.
    pub path: PathBuf,
    /// Its size; of one that is not there yet, as the catalogue says.
    pub bytes: Option<u64>,
    /// Its SHA-256; of one that is not there yet, as the catalogue says.
    pub sha256: Option<String>,
    /// How it came there.
    pub outcome: FileOutcome,
}

/// An address that did not give its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The address.
    pub url: String,
    /// Why not.
    pub problem: FetchProblem,
}

/// Why a part of a release was not fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum NotFetched {
    /// No address is known.
    NoAddress,
    /// No address has a known hash, and the user did not take files without one.
    NoKnownHash,
    /// Every address failed.
    Failed,
}

/// What was fetched of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedRelease {
    /// The code set.
    pub code_set: CodeSet,
    /// The release.
    pub id: ReleaseId,
    /// Whether the catalogue knows it.
    pub in_catalogue: bool,
    /// The files, in the order in which they were fetched.
    pub files: Vec<FetchedFile>,
    /// The addresses that failed.
    pub attempts: Vec<Attempt>,
    /// What is left, and why.
    pub left: Vec<(ReleasePart, NotFetched)>,
}

/// How far a fetch has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchProgress {
    /// A file begins.
    Begins {
        /// The file.
        file: String,
        /// Its size, if it is known.
        bytes: Option<u64>,
    },
    /// So much of it is there.
    At {
        /// The bytes.
        bytes: u64,
    },
    /// The connection failed, and is tried again after a pause.
    Retries {
        /// The file.
        file: String,
        /// Why it failed.
        problem: FetchProblem,
        /// The pause.
        pause: Duration,
    },
    /// Another fetch writes into the folder; this one waits for it.
    Waits,
    /// The file is there, or is given up.
    Ended,
    /// What came is imported.
    Imports(codeyear_core::ingest::ImportProgress),
}
