//! Reading a pack: each stream is unpacked once, from its beginning, by a thread that is one file ahead.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::format::{PackedFile, refused};
use super::{Pack, Source};
use crate::error::{Error, ErrorKind, Result, io_error};
use crate::source::archive::Supply;
use crate::source::sha256_hex;

/// The largest window of a stream, as a power of two: a reader keeps so many bytes in memory.
pub(super) const WINDOW_LOG: u32 = 27;

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

/// The streams of a pack while files are read from them.
#[derive(Debug)]
pub(super) struct Streams {
    pack: Pack,
    /// Which files will be asked for.
    is_wanted: Vec<bool>,
    streams: Vec<Mutex<Option<Open>>>,
}

type Read1 = (usize, Result<(Vec<u8>, String)>);

/// A stream that is being unpacked.
#[derive(Debug)]
struct Open {
    /// The first file that it may still give.
    next: usize,
    files: Receiver<Read1>,
}

impl Streams {
    pub(super) fn new(pack: Pack, is_wanted: Vec<bool>) -> Streams {
        let streams = pack.streams().iter().map(|_| Mutex::new(None)).collect();
        Streams {
            pack,
            is_wanted,
            streams,
        }
    }

    /// Begins to unpack a stream, for the files that are wanted from one on.
    fn open(&self, stream: usize, first: usize) -> Open {
        let files: Vec<(usize, PackedFile, bool)> = self
            .pack
            .files()
            .iter()
            .zip(&self.is_wanted)
            .enumerate()
            .filter(|(_, (file, _))| file.stream == stream)
            .map(|(number, (file, is_wanted))| {
                (number, file.clone(), *is_wanted && number >= first)
            })
            .collect();
        let (send, receive) = sync_channel(0);
        let pack = self.pack.clone();
        // It ends with the last file, or when nobody takes the next one.
        std::thread::spawn(move || unpack(&pack, stream, &files, &send));
        Open {
            next: first,
            files: receive,
        }
    }
}

impl Supply for Streams {
    fn read(&self, number: usize) -> Result<(Vec<u8>, String)> {
        let ended = || Error::new(ErrorKind::Format, "the pack has no such file");
        let file = self.pack.files().get(number).ok_or_else(ended)?;
        let stream = self.streams.get(file.stream).ok_or_else(ended)?;
        // Whoever held it ended in the middle: it begins again.
        let mut open = stream.lock().unwrap_or_else(|poisoned| {
            let mut open = poisoned.into_inner();
            *open = None;
            open
        });
        // What lies before can only be reached from the beginning.
        let mut current = match open.take() {
            Some(current) if current.next <= number => current,
            _ => self.open(file.stream, number),
        };
        loop {
            let (given, read) = current.files.recv().map_err(|_| ended())?;
            current.next = given + 1;
            if given == number || read.is_err() {
                let read = read?;
                *open = Some(current);
                return Ok(read);
            }
        }
    }
}

/// Unpacks a stream and sends the files that are wanted, each proven by its hash.
fn unpack(
    pack: &Pack,
    stream: usize,
    files: &[(usize, PackedFile, bool)],
    send: &SyncSender<Read1>,
) {
    let last = files.iter().rposition(|(.., is_wanted)| *is_wanted);
    let files = files.get(..=last.unwrap_or_default()).unwrap_or_default();
    let first = files.first().map_or(0, |(number, ..)| *number);
    let mut reader = match decoder(pack, stream) {
        Ok(reader) => reader,
        Err(error) => {
            // Nobody is left to be told if this fails.
            let _ = send.send((first, Err(error)));
            return;
        }
    };
    for (number, file, is_wanted) in files {
        let read = match is_wanted {
            true => read_file(&mut reader, pack, file),
            false => skip(&mut reader, pack, file).map(|()| Default::default()),
        };
        if (*is_wanted || read.is_err()) && send.send((*number, read)).is_err() {
            return;
        }
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
    decoder.window_log_max(WINDOW_LOG).map_err(fail)?;
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
