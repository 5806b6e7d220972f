//! The head of a pack: magic, format, and the index of all files, which is hashed.

use std::io::Read;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::{CodeSet, Provenance, ReleaseId, ReleasePart};
use crate::source::archive::is_safe_name;
use crate::source::sha256_hex;

/// The largest window of a stream, as a power of two: a reader keeps so many bytes in memory.
pub(super) const MAX_WINDOW_LOG: u32 = 27;

/// How every pack begins. The first byte is in no text, and the last one is changed by what changes line ends.
pub(super) const MAGIC: &[u8; 8] = b"\x89CYPACK\n";
/// The format that this program writes, and the newest that it reads.
pub(super) const FORMAT: u32 = 1;
/// The bytes before the index.
pub(super) const HEAD: u64 = 8 + 4 + 4 + 32;
/// The most bytes of an index. That of all releases has 80,000.
const MAX_INDEX: u32 = 16 << 20;
/// The most bytes that one file may unpack to, as in an archive.
const MAX_FILE: u64 = 128 << 20;

/// What is in a pack.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PackIndex {
    pub(super) streams: Vec<StreamFacts>,
    pub(super) files: Vec<PackedFile>,
}

/// A stream of files, packed together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamFacts {
    /// What it holds: `icd10cm order_file`.
    pub name: String,
    /// Its size in the pack.
    pub bytes: u64,
    /// The sum of the sizes of its files.
    pub unpacked: u64,
}

/// A file of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedFile {
    /// Its code set.
    pub code_set: CodeSet,
    /// Its release.
    pub release: ReleaseId,
    /// What it is.
    pub part: ReleasePart,
    /// Its name, with its folder within the archive.
    pub name: String,
    /// The archive that it was taken from.
    pub archive: Option<PackedArchive>,
    /// The official address of that archive, where it is known.
    pub url: Option<String>,
    /// How well its bytes are known.
    pub provenance: Provenance,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// The number of its stream.
    pub stream: usize,
}

/// The archive that a file of a pack was taken from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackedArchive {
    /// Its name.
    pub name: String,
    /// Its SHA-256.
    pub sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IndexJson {
    schema: String,
    streams: Vec<StreamFacts>,
    files: Vec<FileJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileJson {
    code_set: String,
    release: String,
    kind: String,
    name: String,
    archive: Option<PackedArchive>,
    url: Option<String>,
    provenance: String,
    bytes: u64,
    sha256: String,
    stream: usize,
}

const SCHEMA: &str = "codeyear/pack-index/1";

/// Returns the head of a pack: all that stands before the streams.
pub(super) fn write_head(index: &PackIndex) -> Result<Vec<u8>> {
    let json = IndexJson {
        schema: SCHEMA.to_owned(),
        streams: index.streams.clone(),
        files: index
            .files
            .iter()
            .map(|file| FileJson {
                code_set: file.code_set.id().to_owned(),
                release: file.release.to_string(),
                kind: file.part.name().to_owned(),
                name: file.name.clone(),
                archive: file.archive.clone(),
                url: file.url.clone(),
                provenance: file.provenance.name().to_owned(),
                bytes: file.bytes,
                sha256: file.sha256.clone(),
                stream: file.stream,
            })
            .collect(),
    };
    let fail = |message: String| Error::format(message);
    let json = serde_json::to_vec(&json).map_err(|error| fail(error.to_string()))?;
    let length = u32::try_from(json.len())
        .ok()
        .filter(|length| *length <= MAX_INDEX)
        .ok_or_else(|| fail("the index of the pack is too long".to_owned()))?;
    let mut head = Vec::with_capacity(json.len() + HEAD as usize);
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&FORMAT.to_le_bytes());
    head.extend_from_slice(&length.to_le_bytes());
    head.extend_from_slice(&digest(&json));
    head.extend_from_slice(&json);
    Ok(head)
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).into()
}

/// Reads the head of a pack of some size. Returns its index, and where the first stream begins.
pub(super) fn read_head(
    reader: &mut dyn Read,
    bytes: u64,
    label: &str,
) -> Result<(PackIndex, u64)> {
    let refuse = |message: &str| refused(label, message);
    let cut = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => refuse("the pack is cut off"),
        _ => Error::io(format!("the pack cannot be read: {error}"))
            .in_file(label)
            .with_hint("check the disk and try again"),
    };
    let mut magic = [0; MAGIC.len()];
    reader
        .read_exact(&mut magic)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => refuse("this file is not a pack"),
            _ => cut(error),
        })?;
    if magic != *MAGIC {
        return Err(refuse("this file is not a pack"));
    }
    let mut number = [0; 4];
    reader.read_exact(&mut number).map_err(cut)?;
    let format = u32::from_le_bytes(number);
    if format != FORMAT {
        return Err(Error::format(format!(
            "the pack has format {format}, and this program reads format {FORMAT}"
        ))
        .in_file(label)
        .with_hint("a newer codeyear wrote it: update this one"));
    }
    reader.read_exact(&mut number).map_err(cut)?;
    let length = u32::from_le_bytes(number);
    if length > MAX_INDEX {
        return Err(refuse("the length of its index is damaged"));
    }
    if u64::from(length) + HEAD > bytes {
        return Err(refuse("the pack is cut off"));
    }
    let mut stated = [0; 32];
    reader.read_exact(&mut stated).map_err(cut)?;
    let mut json = vec![0; length as usize];
    reader.read_exact(&mut json).map_err(cut)?;
    if digest(&json) != stated {
        return Err(refuse(&format!(
            "the index of the pack is damaged: it has SHA-256 {}",
            sha256_hex(&json)
        )));
    }
    let index = parse(&json).map_err(|message| refuse(&format!("its index: {message}")))?;
    let streams_at = HEAD + u64::from(length);
    let expected = index
        .streams
        .iter()
        .try_fold(streams_at, |sum, stream| sum.checked_add(stream.bytes));
    match expected {
        Some(expected) if expected == bytes => Ok((index, streams_at)),
        Some(expected) if expected > bytes => Err(refuse(&format!(
            "the pack is cut off: expected {expected} bytes, found {bytes}"
        ))),
        _ => Err(refuse(&format!(
            "the pack holds more than its index says: {bytes} bytes"
        ))),
    }
}

/// Parses an index whose hash is right.
fn parse(json: &[u8]) -> Result<PackIndex, String> {
    let json: IndexJson = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    if json.schema != SCHEMA {
        return Err(format!("expected {SCHEMA}, found {:?}", json.schema));
    }
    let mut files = Vec::with_capacity(json.files.len());
    for file in json.files {
        let code_set: CodeSet = file.code_set.parse()?;
        let part = file.kind.parse().ok().filter(|part| match part {
            ReleasePart::OrderFile | ReleasePart::OrderAddenda => true,
            ReleasePart::Document(kind) => kind.code_set() == code_set,
        });
        let part = part
            .ok_or_else(|| format!("{:?} is no kind of file of {}", file.kind, code_set.name()))?;
        let is_safe = {
            let archive = file.archive.as_ref().map(|archive| archive.name.as_str());
            let mut names = [Some(file.name.as_str()), archive].into_iter().flatten();
            let url = file.url.as_deref().unwrap_or_default();
            names.all(is_safe_name) && !url.contains(char::is_control)
        };
        if !is_safe {
            return Err(format!("the name or address of {:?}", file.name));
        }
        if file.bytes > MAX_FILE || file.stream >= json.streams.len() {
            return Err(format!("the size or stream of {:?}", file.name));
        }
        files.push(PackedFile {
            code_set,
            release: file.release.parse()?,
            part,
            provenance: file
                .provenance
                .parse()
                .ok()
                .ok_or_else(|| format!("{:?} is no provenance", file.provenance))?,
            name: file.name,
            archive: file.archive,
            url: file.url,
            bytes: file.bytes,
            sha256: file.sha256,
            stream: file.stream,
        });
    }
    Ok(PackIndex {
        streams: json.streams,
        files,
    })
}

/// Makes the error of a pack that cannot be used.
pub(super) fn refused(label: &str, message: &str) -> Error {
    Error::format(message)
        .in_file(label)
        .with_hint("get the pack again, or name another one with --pack")
}
