//! An open pack: where its bytes are, and its index.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::format::{self, PackIndex, PackedFile, StreamFacts, refused};
use crate::error::{Result, io_error};
use crate::model::{CodeSet, ReleaseId};

/// An open pack. Its index is read and proven, its streams are not yet.
#[derive(Debug, Clone)]
pub struct Pack {
    pub(super) label: String,
    pub(super) source: Source,
    index: Arc<PackIndex>,
    /// Where the first stream begins.
    pub(super) streams_at: u64,
    bytes: u64,
}

/// Where the bytes of a pack are.
#[derive(Debug, Clone)]
pub(super) enum Source {
    File(PathBuf),
    Memory(&'static [u8]),
}

impl Source {
    /// Opens the bytes from some place on. Returns the size of all of them too.
    pub(super) fn open_at(&self, at: u64, label: &str) -> Result<(u64, Box<dyn Read + Send>)> {
        match self {
            Source::Memory(bytes) => {
                let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..));
                let rest = rest.ok_or_else(|| refused(label, "the pack is cut off"))?;
                Ok((bytes.len() as u64, Box::new(rest)))
            }
            Source::File(path) => {
                let mut file = File::open(path).map_err(|error| io_error("open", path, error))?;
                let metadata = file
                    .metadata()
                    .map_err(|error| io_error("open", path, error))?;
                if !metadata.is_file() {
                    return Err(refused(label, "expected a file, found something else"));
                }
                file.seek(SeekFrom::Start(at))
                    .map_err(|error| io_error("read", path, error))?;
                let reader = BufReader::with_capacity(1 << 17, file);
                Ok((metadata.len(), Box::new(reader)))
            }
        }
    }
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

    /// Returns the name of a file to show: `codeyear.pack > archive.zip > member.txt`.
    pub(super) fn shown(&self, file: &PackedFile) -> String {
        match &file.archive {
            Some(archive) => format!("{} > {} > {}", self.label, archive.name, file.name),
            None => format!("{} > {}", self.label, file.name),
        }
    }
}
