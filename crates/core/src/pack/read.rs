//! Reading a pack: each stream is unpacked once, from its beginning.

use std::io::{BufReader, Read};
use std::sync::{Arc, Mutex};

use super::format::{MAX_WINDOW_LOG, PackedFile, refused};
use super::open::Pack;
use crate::error::{Error, Result};
use crate::source::archive::{ArchiveFile, FoundFile, SuppliedFile, Supply};
use crate::source::kind::FileKind;
use crate::source::sha256_hex;

impl Pack {
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
}

/// The streams of a pack while files are read from them.
#[derive(Debug)]
struct Streams {
    pack: Pack,
    /// Which files will be asked for.
    is_wanted: Vec<bool>,
    streams: Vec<Mutex<Option<Open>>>,
}

/// What was read of a file: its bytes, and their hash.
type Contents = Result<(Vec<u8>, String)>;

/// A stream that is being unpacked, by whoever asks: its thread waits for the one that writes anyway, and a file
/// that is unpacked ahead is one more in memory.
struct Open {
    /// The first file that it may still give.
    next: usize,
    decoder: Decoder,
    pack: Pack,
    /// The files, and whether they are wanted.
    files: std::vec::IntoIter<(usize, PackedFile, bool)>,
    /// Whether the last of them is the last of the stream.
    is_to_end: bool,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl Streams {
    fn new(pack: Pack, is_wanted: Vec<bool>) -> Streams {
        let streams = pack.streams().iter().map(|_| Mutex::new(None)).collect();
        Streams {
            pack,
            is_wanted,
            streams,
        }
    }

    /// Begins to unpack a stream, for the files that are wanted from one on.
    fn open(&self, stream: usize, first: usize) -> Result<Open> {
        let all = self.pack.files().iter().zip(&self.is_wanted).enumerate();
        let mut files: Vec<(usize, PackedFile, bool)> = all
            .filter(|(_, (file, _))| file.stream == stream)
            .map(|(number, (file, wanted))| (number, file.clone(), *wanted && number >= first))
            .collect();
        let last = files.iter().rposition(|(.., is_wanted)| *is_wanted);
        let wanted = last.map_or(0, |last| last + 1);
        let is_to_end = wanted == files.len();
        files.truncate(wanted);
        Ok(Open {
            next: first,
            decoder: decoder(&self.pack, stream)?,
            pack: self.pack.clone(),
            files: files.into_iter(),
            is_to_end,
        })
    }
}

impl Supply for Streams {
    fn read(&self, number: usize) -> Contents {
        let missing = || Error::format("the file is not in the pack");
        let file = self.pack.files().get(number).ok_or_else(missing)?;
        let stream = self.streams.get(file.stream).ok_or_else(missing)?;
        // Whoever held it ended in the middle: it begins again.
        let mut open = stream.lock().unwrap_or_else(|poisoned| {
            let mut open = poisoned.into_inner();
            *open = None;
            open
        });
        // What lies before can only be reached from the beginning.
        let mut current = match open.take() {
            Some(current) if current.next <= number => current,
            _ => self.open(file.stream, number)?,
        };
        loop {
            let (given, contents) = current.next_file().ok_or_else(missing)?;
            current.next = given + 1;
            if given == number || contents.is_err() {
                let contents = contents?;
                if current.files.as_slice().is_empty() {
                    // It holds its window for nothing now, once what stands behind the last file is read.
                    current.end()?;
                } else {
                    *open = Some(current);
                }
                return Ok(contents);
            }
        }
    }
}

impl Open {
    /// Reads what a stream has behind its last file: the sum by which the decoder proves all of it.
    fn end(mut self) -> Result<()> {
        if !self.is_to_end {
            return Ok(());
        }
        let damaged = |error| damaged(&self.pack, None, &error);
        match std::io::copy(&mut self.decoder, &mut std::io::sink()).map_err(damaged)? {
            0 => Ok(()),
            _ => Err(refused(
                &self.pack.label,
                "the pack is damaged: a stream holds more than its files",
            )),
        }
    }

    /// Unpacks the next file that is wanted, and proves it by its hash.
    fn next_file(&mut self) -> Option<(usize, Contents)> {
        for (number, file, is_wanted) in self.files.by_ref() {
            if is_wanted {
                return Some((number, read_file(&mut self.decoder, &self.pack, &file)));
            }
            if let Err(error) = skip(&mut self.decoder, &self.pack, &file) {
                return Some((number, Err(error)));
            }
        }
        None
    }
}

type Decoder = zstd::Decoder<'static, BufReader<Box<dyn Read + Send>>>;

fn decoder(pack: &Pack, stream: usize) -> Result<Decoder> {
    let facts = pack.streams();
    let before = facts.iter().take(stream).map(|stream| stream.bytes);
    let length = facts.get(stream).map_or(0, |stream| stream.bytes);
    let at = pack.streams_at + before.sum::<u64>();
    let (_, reader) = pack.source.open_at(at, &pack.label)?;
    let reader: Box<dyn Read + Send> = Box::new(reader.take(length));
    let fail = |error| damaged(pack, None, &error);
    let mut decoder = zstd::Decoder::with_buffer(BufReader::new(reader)).map_err(fail)?;
    decoder.window_log_max(MAX_WINDOW_LOG).map_err(fail)?;
    Ok(decoder.single_frame())
}

fn read_file(reader: &mut Decoder, pack: &Pack, file: &PackedFile) -> Result<(Vec<u8>, String)> {
    let length = usize::try_from(file.bytes).unwrap_or_default();
    let mut bytes = Vec::with_capacity(length);
    reader
        .by_ref()
        .take(file.bytes)
        .read_to_end(&mut bytes)
        .map_err(|error| damaged(pack, Some(file), &error))?;
    if bytes.len() != length {
        return Err(refused(
            &pack.shown(file),
            "the pack ends before this file does",
        ));
    }
    let sha256 = sha256_hex(&bytes);
    if sha256 != file.sha256 {
        return Err(refused(
            &pack.shown(file),
            &format!(
                "the pack is damaged: expected SHA-256 {}, found {sha256}",
                file.sha256
            ),
        ));
    }
    Ok((bytes, sha256))
}

fn skip(reader: &mut Decoder, pack: &Pack, file: &PackedFile) -> Result<()> {
    let skipped = std::io::copy(&mut reader.by_ref().take(file.bytes), &mut std::io::sink())
        .map_err(|error| damaged(pack, Some(file), &error))?;
    match skipped == file.bytes {
        true => Ok(()),
        false => Err(refused(
            &pack.shown(file),
            "the pack ends before this file does",
        )),
    }
}

fn damaged(pack: &Pack, file: Option<&PackedFile>, error: &std::io::Error) -> Error {
    let shown = file.map_or_else(|| pack.label.clone(), |file| pack.shown(file));
    refused(&shown, &format!("the pack is damaged: {error}"))
}
