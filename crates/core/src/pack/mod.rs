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

mod embedded;
mod format;
mod read;
mod write;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use embedded::embedded;
pub use format::{PackedFile, StreamFacts};
pub use write::{FileToPack, LEVEL, Written, write};

use crate::error::Result;
use crate::model::{CodeSet, ReleaseId};
use crate::source::archive::{ArchiveFile, FoundFile, SuppliedFile};
use crate::source::kind::FileKind;

use format::PackIndex;
use read::Streams;

/// The name of a pack that is looked for beside the program and in the user's data folder.
pub const FILE_NAME: &str = "codeyear.pack";

/// An open pack. Its index is read and proven, its streams are not yet.
#[derive(Debug, Clone)]
pub struct Pack {
    label: String,
    source: Source,
    index: Arc<PackIndex>,
    /// Where the first stream begins.
    streams_at: u64,
    bytes: u64,
}

/// Where the bytes of a pack are.
#[derive(Debug, Clone)]
enum Source {
    File(PathBuf),
    Memory(&'static [u8]),
}

/// Lists the releases of some files, by code set and first day.
pub fn releases_of(files: &[PackedFile]) -> Vec<(CodeSet, ReleaseId)> {
    let releases = files.iter().map(|file| (file.code_set, file.release));
    let releases: BTreeSet<(CodeSet, ReleaseId)> = releases.collect();
    releases.into_iter().collect()
}

impl Pack {
    /// Opens a pack.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] if there is none, [`crate::ErrorKind::Format`] if it is no pack, of a newer format, cut
    /// off, or its index is damaged.
    pub fn open(path: &Path) -> Result<Pack> {
        Pack::new(path.display().to_string(), Source::File(path.to_path_buf()))
    }

    /// Opens a pack that is in memory; `label` is how messages call it.
    ///
    /// # Errors
    /// As [`Pack::open`].
    pub fn of_bytes(label: &str, bytes: &'static [u8]) -> Result<Pack> {
        Pack::new(label.to_owned(), Source::Memory(bytes))
    }

    fn new(label: String, source: Source) -> Result<Pack> {
        let (bytes, mut reader) = source.open_at(0, &label)?;
        let (index, streams_at) = format::read_head(&mut reader, bytes, &label)?;
        Ok(Pack {
            label,
            source,
            index: Arc::new(index),
            streams_at,
            bytes,
        })
    }

    /// Returns what messages call it: its path, or words for the one in the program.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Returns its size.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Lists its files, in the sequence in which they are imported.
    pub fn files(&self) -> &[PackedFile] {
        &self.index.files
    }

    /// Lists its streams.
    pub fn streams(&self) -> &[StreamFacts] {
        &self.index.streams
    }

    /// Lists its releases, by code set and first day.
    pub fn releases(&self) -> Vec<(CodeSet, ReleaseId)> {
        releases_of(self.files())
    }

    /// Finds some files, ready for an import. Those of one release count as posted together.
    pub fn found(&self, wanted: &dyn Fn(&PackedFile) -> bool) -> Vec<FoundFile> {
        let is_wanted: Vec<bool> = self.files().iter().map(wanted).collect();
        let streams = Arc::new(Streams::new(self.clone(), is_wanted.clone()));
        let files = self.files().iter().zip(is_wanted).enumerate();
        files
            .filter(|(_, (_, is_wanted))| *is_wanted)
            .map(|(number, (file, _))| {
                FoundFile::from(SuppliedFile {
                    kind: FileKind::of(file.part, file.code_set),
                    shown: self.shown(file),
                    name: file.name.clone(),
                    bytes: file.bytes,
                    archive: file.archive.as_ref().map(|archive| ArchiveFile {
                        name: archive.name.clone(),
                        sha256: archive.sha256.clone(),
                    }),
                    group: format!("{} > {} {}", self.label, file.code_set.id(), file.release),
                    by: streams.clone(),
                    number,
                })
            })
            .collect()
    }

    /// Returns the name of a file to show: `codeyear.pack > archive.zip > member.txt`.
    fn shown(&self, file: &PackedFile) -> String {
        match &file.archive {
            Some(archive) => format!("{} > {} > {}", self.label, archive.name, file.name),
            None => format!("{} > {}", self.label, file.name),
        }
    }
}
