//! Writing a pack: the same files give the same bytes.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use zstd::stream::raw::CParameter;

use super::format::{
    MAX_WINDOW_LOG, PackIndex, PackedArchive, PackedFile, StreamFacts, write_head,
};
use crate::error::{Error, Result};
use crate::model::{CodeSet, Provenance, ReleaseId, ReleasePart};
use crate::source::archive::FoundFile;

/// The level of compression: a pack is written once and read often.
pub const LEVEL: i32 = 19;

/// A file to be packed.
#[derive(Debug, Clone)]
pub struct FileToPack {
    /// Its code set.
    pub code_set: CodeSet,
    /// Its release.
    pub release: ReleaseId,
    /// The official address of its archive, where it is known.
    pub url: Option<String>,
    /// How well its bytes are known.
    pub provenance: Provenance,
    /// Which file of the release it is.
    pub part: ReleasePart,
    /// The file.
    pub found: FoundFile,
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

/// What a stream holds: the files of one kind, of all releases of a code set.
type StreamKey = (CodeSet, Place);

/// The place of a kind of file among those of its release, in the sequence in which an import takes them.
type Place = (bool, ReleasePart);

/// Writes a pack of some files at a [`LEVEL`] of compression. `progress` is told each file when it is packed.
///
/// # Errors
/// Whatever is wrong with a file; [`crate::ErrorKind::Usage`] for two files of one kind for a release and for no files at all; [`crate::ErrorKind::Io`] if the pack cannot be written.
pub fn write(
    files: &[FileToPack],
    level: i32,
    out: &mut dyn Write,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Written> {
    let files = in_order(files)?;
    let mut keys: Vec<StreamKey> = files.iter().map(|file| key(file)).collect();
    keys.sort_unstable();
    keys.dedup();
    let streams: Vec<Vec<&FileToPack>> = keys
        .iter()
        .map(|wanted| {
            let of_stream = files.iter().copied();
            of_stream.filter(|file| key(file) == *wanted).collect()
        })
        .collect();
    let packed = pack_streams(&streams, level, progress);
    let mut index = PackIndex {
        streams: Vec::new(),
        files: Vec::new(),
    };
    let mut streams = Vec::new();
    for packed in packed {
        let (bytes, files) = packed?;
        let name = files
            .first()
            .map(|file| format!("{} {}", file.code_set.id(), file.part.name()));
        index.streams.push(StreamFacts {
            name: name.unwrap_or_default(),
            bytes: bytes.len() as u64,
            unpacked: files.iter().map(|file| file.bytes).sum(),
        });
        index.files.extend(files);
        streams.push(bytes);
    }
    index
        .files
        .sort_by_key(|file| (file.code_set, file.release, place(file.part)));
    let head = write_head(&index)?;
    for part in std::iter::once(&head).chain(&streams) {
        out.write_all(part).map_err(|error| {
            Error::io(format!("cannot write the pack: {error}"))
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

fn key(file: &FileToPack) -> StreamKey {
    (file.code_set, place(file.part))
}

fn place(part: ReleasePart) -> Place {
    // The addenda goes before the order file that it is compared with.
    (part != ReleasePart::OrderAddenda, part)
}

fn in_order(files: &[FileToPack]) -> Result<Vec<&FileToPack>> {
    let order = |file: &&FileToPack| (file.code_set, file.release, place(file.part));
    let mut files: Vec<&FileToPack> = files.iter().collect();
    files.sort_by_key(order);
    let refuse = |file: &FileToPack, message: &str| {
        Err(Error::usage(message)
            .in_file(file.found.shown.as_str())
            .with_hint("leave it out"))
    };
    if files.is_empty() {
        return Err(Error::usage("there is no file to pack")
            .with_hint("name a folder with official files: codeyear pack -o FILE --from FOLDER"));
    }
    for (at, file) in files.iter().enumerate() {
        if files
            .get(at + 1)
            .is_some_and(|next| order(next) == order(file))
        {
            return refuse(file, "another file is this of the same release as well");
        }
    }
    Ok(files)
}

/// A stream: its bytes, and its files.
type Packed = (Vec<u8>, Vec<PackedFile>);

/// Packs the streams, as many at a time as there are processors: they have nothing in common.
fn pack_streams(
    streams: &[Vec<&FileToPack>],
    level: i32,
    progress: &(dyn Fn(&str) + Sync),
) -> Vec<Result<Packed>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let mut packed: Vec<(usize, Result<Packed>)> = std::thread::scope(|scope| {
        let work = || {
            let mut packed = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(files) = streams.get(number) else {
                    return packed;
                };
                packed.push((number, pack_stream(files, number, level, progress)));
            }
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ended = threads.into_iter().map(|thread| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        ended.flatten().collect()
    });
    packed.sort_by_key(|(number, _)| *number);
    packed.into_iter().map(|(_, packed)| packed).collect()
}

/// The smallest window that is set, as a power of two.
const MIN_WINDOW_LOG: u32 = 20;

/// Returns the window of a stream, as a power of two. An order file and the one before it fit into it; of the other
/// files the place where last year's said the same: their windows are open all at once.
fn window_log(files: &[&FileToPack]) -> u32 {
    let largest = files.iter().map(|file| file.found.bytes).max();
    let largest = largest.unwrap_or_default();
    let is_listing = files
        .first()
        .is_some_and(|file| file.part == ReleasePart::OrderFile);
    let window = if is_listing {
        2 * largest
    } else {
        largest + largest / 8
    };
    window
        .next_power_of_two()
        .ilog2()
        .clamp(MIN_WINDOW_LOG, MAX_WINDOW_LOG)
}

/// Packs the files of one stream, one after the other.
fn pack_stream(
    files: &[&FileToPack],
    stream: usize,
    level: i32,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Packed> {
    let fail =
        |error: std::io::Error| Error::io(format!("zstd cannot pack: {error}")).caused_by(error);
    let mut encoder = zstd::Encoder::new(Vec::new(), level).map_err(fail)?;
    for parameter in [
        CParameter::WindowLog(window_log(files)),
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
            part: file.part,
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
