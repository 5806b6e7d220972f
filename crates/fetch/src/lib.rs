//! Official archives from their publishers: which ones, from where, and whether they are what they should be.
//!
//! A file is in its place only if its SHA-256 is the catalogue's, or if the user takes files without a known hash.
//! What is in its place goes into the database by the ordinary import. Nothing is asked of the environment. This is
//! the only part that connects to other machines.

mod check;
mod download;
mod fetched;
mod fetcher;
mod http;
mod import;
mod plan;
mod to_come;

pub use check::{CheckedRelease, Posted};
pub use fetched::{Attempt, FetchProgress, FetchedFile, FetchedRelease, FileOutcome, NotFetched};
pub use fetcher::{FetchOptions, Fetcher};
pub use http::{FetchProblem, Proxies, shown_address};
pub use import::{FetchReport, Lacking, import_fetched, missing};
pub use plan::{Known, Source, sources};
pub use to_come::{expected_releases, guesses};
