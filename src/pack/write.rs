//! Writing a pack: the same files give the same bytes.

use std::io::Write;

use zstd::stream::raw::CParameter;

use super::format::{Index, PackedArchive, PackedFile, StreamFacts, kind_name, write_head};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CodeSet, Provenance, ReleaseId};
use crate::source::archive::Found;
use crate::source::recognise::FileKind;

/// The level of compression: a pack is written once and read often.
pub const LEVEL: i32 = 19;

/// A file to be packed.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// Its code set.
    pub code_set: CodeSet,
    /// Its release.
    pub release: ReleaseId,
    /// The official address of its archive, where it is known.
    pub url: Option<String>,
    /// How well its bytes are known.
    pub provenance: Provenance,
    /// The file.
    pub found: Found,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The size of the pack.
    pub bytes: u64,
    /// The size of its head.
    pub head: u64,
    /// Its streams.
    pub streams: Vec<StreamFacts>,
    /// Its files, in the sequence in which they are imported.
    pub files: Vec<PackedFile>,
}

/// What a stream holds: a code set, and either order files and addenda or all other files.
type StreamKey = (CodeSet, bool);

/// Writes a pack of some files at a [`LEVEL`] of compression. `progress` is told each file when it is packed.
///
/// # Errors
/// Whatever is wrong with a file; [`ErrorKind::Usage`] for a kind of file that no import takes, for two files of
/// one kind for a release, and for no files at all; [`ErrorKind::Io`] if the pack cannot be written.
pub fn write(
    files: &[NewFile],
    level: i32,
    out: &mut dyn Write,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Written> {
    let files = in_order(files)?;
    let mut keys: Vec<StreamKey> = files.iter().map(|file| key(file)).collect();
    keys.sort_unstable_by_key(|(code_set, is_document)| (*code_set, *is_document));
    keys.dedup();
    // One thread a stream: they have nothing in common.
    let packed: Vec<Result<(Vec<u8>, Vec<PackedFile>)>> = std::thread::scope(|scope| {
        let threads: Vec<_> = keys
            .iter()
            .enumerate()
            .map(|(number, wanted)| {
                let files: Vec<&NewFile> = files
                    .iter()
                    .copied()
                    .filter(|file| key(file) == *wanted)
                    .collect();
                scope.spawn(move || pack_stream(&files, number, level, progress))
            })
            .collect();
        let ended = threads.into_iter().map(|thread| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        ended.collect()
    });
    let mut index = Index {
        streams: Vec::new(),
        files: Vec::new(),
    };
    let mut streams = Vec::new();
    for ((code_set, is_document), packed) in keys.into_iter().zip(packed) {
        let (bytes, files) = packed?;
        let what = if is_document { "documents" } else { "listings" };
        index.streams.push(StreamFacts {
            name: format!("{} {what}", code_set.id()),
            bytes: bytes.len() as u64,
            unpacked: files.iter().map(|file| file.bytes).sum(),
        });
        index.files.extend(files);
        streams.push(bytes);
    }
    index
        .files
        .sort_by_key(|file| order(file.code_set, file.release, file.kind));
    let head = write_head(&index)?;
    for part in std::iter::once(&head).chain(&streams) {
        out.write_all(part).map_err(|error| {
            Error::new(ErrorKind::Io, format!("cannot write the pack: {error}"))
                .with_hint("check the disk and try again")
                .caused_by(error)
        })?;
    }
    Ok(Written {
        bytes: head.len() as u64 + index.streams.iter().map(|stream| stream.bytes).sum::<u64>(),
        head: head.len() as u64,
        streams: index.streams,
        files: index.files,
    })
}

fn key(file: &NewFile) -> StreamKey {
    let is_document = matches!(file.found.kind, FileKind::Document(_));
    (file.code_set, is_document)
}

/// The place of a file: release after release, each in the sequence in which an import takes its files.
fn order(
    code_set: CodeSet,
    release: ReleaseId,
    kind: FileKind,
) -> (CodeSet, ReleaseId, u8, Option<crate::model::DocumentKind>) {
    match kind {
        FileKind::OrderAddenda(_) => (code_set, release, 0, None),
        FileKind::OrderFile(_) => (code_set, release, 1, None),
        FileKind::Document(kind) => (code_set, release, 2, Some(kind)),
        FileKind::Zip | FileKind::SavedPage | FileKind::Other(_) => (code_set, release, 3, None),
    }
}

fn in_order(files: &[NewFile]) -> Result<Vec<&NewFile>> {
    let place = |file: &&NewFile| order(file.code_set, file.release, file.found.kind);
    let mut files: Vec<&NewFile> = files.iter().collect();
    files.sort_by_key(place);
    let refuse = |file: &NewFile, message: &str| {
        Err(Error::new(ErrorKind::Usage, message)
            .in_file(file.found.shown.as_str())
            .with_hint("leave it out"))
    };
    if files.is_empty() {
        return Err(Error::new(ErrorKind::Usage, "there is no file to pack")
            .with_hint("name a folder with official files: codeyear pack -o FILE --from FOLDER"));
    }
    for (at, file) in files.iter().enumerate() {
        if kind_name(file.found.kind).is_none() {
            return refuse(file, "no import takes this kind of file");
        }
        if files
            .get(at + 1)
            .is_some_and(|next| place(next) == place(file))
        {
            return refuse(file, "another file is this of the same release as well");
        }
    }
    Ok(files)
}

/// Packs the files of one stream, one after the other.
fn pack_stream(
    files: &[&NewFile],
    stream: usize,
    level: i32,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<(Vec<u8>, Vec<PackedFile>)> {
    let fail = |error: std::io::Error| {
        Error::new(ErrorKind::Io, format!("zstd cannot pack: {error}")).caused_by(error)
    };
    let mut encoder = zstd::Encoder::new(Vec::new(), level).map_err(fail)?;
    for parameter in [
        CParameter::WindowLog(super::read::WINDOW_LOG),
        CParameter::EnableLongDistanceMatching(true),
        CParameter::ChecksumFlag(true),
    ] {
        encoder.set_parameter(parameter).map_err(fail)?;
    }
    let mut packed = Vec::with_capacity(files.len());
    for file in files {
        let (bytes, sha256) = file.found.read_hashed()?;
        encoder.write_all(&bytes).map_err(fail)?;
        progress(&file.found.shown);
        packed.push(PackedFile {
            code_set: file.code_set,
            release: file.release,
            kind: file.found.kind,
            name: file.found.name.clone(),
            archive: file.found.archive.as_ref().map(|archive| PackedArchive {
                name: archive.name.clone(),
                sha256: archive.sha256.clone(),
            }),
            url: file.url.clone(),
            provenance: file.provenance,
            bytes: bytes.len() as u64,
            sha256,
            stream,
        });
    }
    let bytes = encoder.finish().map_err(fail)?;
    Ok((bytes, packed))
}
