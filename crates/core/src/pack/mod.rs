//! A pack: the official files of many releases in one file, with their hashes and where they were published.
//!
//! It is made when the program is packaged, and never committed. The files are in it byte for byte, in the
//! sequence in which an import takes them, so that what releases share is stored once and one pass through each
//! stream feeds the import. Nothing is believed: every file's SHA-256 is checked as it is unpacked, and from
//! there on it is a file like any other.
//!
//! ```text
//! magic (8 bytes) | format (u32) | length of the index (u32) | SHA-256 of the index (32) | index (JSON) | streams
//! ```
//!
//! Numbers are little-endian. A stream is one zstd frame with the files of one kind of one code set, release after
//! release: last year's file lies just before this year's, so that a small window finds nearly all that they
//! share, and whoever reads keeps no more than such windows in memory.

mod format;
mod open;
mod read;
mod write;

pub use format::{PackedFile, StreamFacts};
pub use open::{Pack, releases_of};
pub use write::{FileToPack, LEVEL, Written, write};

/// The name of a pack that is looked for beside the program and in the user's data folder.
pub const FILE_NAME: &str = "codeyear.pack";
