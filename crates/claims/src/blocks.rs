//! A text file in blocks of whole records, worked on by several threads and written in order.

#![allow(
    clippy::indexing_slicing,
    reason = "what is cut was found in the same bytes just before"
)]

use std::collections::BTreeMap;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use memchr::{memchr, memchr_iter, memchr2, memchr3, memrchr};

use super::options::Annotated;
use super::tally::Tally;
use codeyear_core::error::{Error, Result};

/// The size of a block: small enough for the second-level cache, with what is written of it.
const BLOCK: usize = 256 * 1024;
/// The longest record. One that is longer is a quote that was never closed, or no table at all.
const MAX_RECORD: usize = 16 * 1024 * 1024;

/// How records of a file are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Records {
    /// A line is a record.
    Lines,
    /// As a line, but quoted fields may hold line ends.
    Quoted {
        /// What stands between fields.
        delimiter: u8,
    },
}

/// Some whole records of a file.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) bytes: Vec<u8>,
    /// The line of the first record, from 1.
    pub(super) first_line: u64,
    /// Whether any byte is a quote.
    pub(super) has_quotes: bool,
    /// Whether the file ends within a quoted field.
    pub(super) open_quote: bool,
}

/// Cuts a file into blocks.
pub(super) struct Blocks<'r> {
    input: Box<dyn Read + Send + 'r>,
    file: String,
    records: Records,
    carry: Vec<u8>,
    line: u64,
    ended: bool,
    /// Whether lines end in a carriage return alone, which is then read as a line feed.
    has_returns_only: bool,
}

impl<'r> Blocks<'r> {
    pub(super) fn new(input: Box<dyn Read + Send + 'r>, file: &str) -> Blocks<'r> {
        Blocks {
            input,
            file: file.to_owned(),
            records: Records::Lines,
            carry: Vec::new(),
            line: 1,
            ended: false,
            has_returns_only: false,
        }
    }

    /// Returns the beginning of the file without taking it: what a delimiter is told from, the first line whole.
    pub(super) fn peek(&mut self) -> Result<&[u8]> {
        if self.carry.is_empty() && !self.ended {
            let mut carry = std::mem::take(&mut self.carry);
            self.fill(&mut carry, BLOCK)?;
            while !self.ended && memchr2(b'\n', b'\r', &carry).is_none() {
                if carry.len() >= MAX_RECORD {
                    return Err(self.too_long());
                }
                // Rows behind it tell how dates are written.
                let length = carry.len() * 2;
                self.fill(&mut carry, length)?;
            }
            let bom: &[u8] = b"\xef\xbb\xbf";
            if carry.starts_with(bom) {
                carry.drain(..bom.len());
            }
            self.has_returns_only =
                memchr(b'\r', &carry).is_some() && memchr(b'\n', &carry).is_none();
            self.feed_lines(&mut carry);
            self.carry = carry;
        }
        Ok(&self.carry)
    }

    /// Sets how records are told apart from here on.
    pub(super) fn set_records(&mut self, records: Records) {
        self.records = records;
    }

    /// Removes the first bytes: a header that has been read.
    pub(super) fn skip(&mut self, bytes: usize) {
        let skipped = self.carry.drain(..bytes.min(self.carry.len()));
        self.line += skipped.filter(|byte| *byte == b'\n').count() as u64;
    }

    /// Reads until `buffer` holds `length` bytes or the file ends.
    fn fill(&mut self, buffer: &mut Vec<u8>, length: usize) -> Result<()> {
        let before = buffer.len();
        let mut filled = before;
        if self.ended || filled >= length {
            return Ok(());
        }
        // One read of the whole rest: a library's own growing reads cost a copy more.
        buffer.resize(length, 0);
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.input.read(rest) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(read) => filled += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(read_error(&self.file, self.line, error)),
            }
        }
        buffer.truncate(filled);
        self.feed_lines(buffer.get_mut(before..).unwrap_or_default());
        Ok(())
    }

    /// Writes line feeds where lines end in a carriage return alone.
    fn feed_lines(&self, bytes: &mut [u8]) {
        if self.has_returns_only {
            let returns = bytes.iter_mut().filter(|byte| **byte == b'\r');
            returns.for_each(|byte| *byte = b'\n');
        }
    }

    /// Fills a block with the next records; false at the end of the file.
    pub(super) fn next(&mut self, block: &mut Block) -> Result<bool> {
        let mut bytes = std::mem::take(&mut block.bytes);
        bytes.clear();
        bytes.extend_from_slice(&self.carry);
        self.carry.clear();
        let mut length = BLOCK.max(bytes.len());
        loop {
            self.fill(&mut bytes, length)?;
            block.has_quotes = memchr(b'"', &bytes).is_some();
            let (end, open) = self.last_end(&bytes, block.has_quotes);
            if self.ended {
                block.open_quote = open;
                break;
            }
            block.open_quote = false;
            if end > 0 {
                self.carry.extend_from_slice(&bytes[end..]);
                bytes.truncate(end);
                break;
            }
            if bytes.len() >= MAX_RECORD {
                return Err(self.too_long());
            }
            length = (length * 4).min(MAX_RECORD);
        }
        block.first_line = self.line;
        self.line += memchr_iter(b'\n', &bytes).count() as u64;
        let any = !bytes.is_empty();
        block.bytes = bytes;
        Ok(any)
    }

    fn too_long(&self) -> Error {
        Error::format(format!(
            "a row is longer than {} MiB",
            MAX_RECORD / 1024 / 1024
        ))
        .in_file(self.file.as_str())
        .at_line(self.line)
        .with_hint("is an opening quote never closed there, or is this not a text file?")
    }

    /// Returns where the last whole record ends, and whether a quoted field is open at the end.
    fn last_end(&self, bytes: &[u8], has_quotes: bool) -> (usize, bool) {
        match self.records {
            Records::Quoted { delimiter } if has_quotes => last_record_end(bytes, delimiter),
            _ => (memrchr(b'\n', bytes).map_or(0, |at| at + 1), false),
        }
    }
}

/// Walks over quoted fields to the end of the last whole record. A quote opens a field only where the field
/// begins; elsewhere it is a character like any other.
fn last_record_end(bytes: &[u8], delimiter: u8) -> (usize, bool) {
    let mut at = 0;
    let mut end = 0;
    loop {
        let rest = &bytes[at..];
        if rest.first() == Some(&b'"') {
            at += 1;
            loop {
                let rest = &bytes[at..];
                let Some(quote) = memchr(b'"', rest) else {
                    return (end, true);
                };
                at += quote + 1;
                if bytes.get(at) != Some(&b'"') {
                    break;
                }
                at += 1;
            }
        }
        let rest = &bytes[at..];
        let Some(found) = memchr3(delimiter, b'\n', b'\r', rest) else {
            return (end, false);
        };
        at += found + 1;
        match bytes.get(at - 1) {
            Some(b'\n') => end = at,
            // A line feed may be still to come.
            Some(b'\r') if at < bytes.len() && bytes.get(at) != Some(&b'\n') => end = at,
            _ => {}
        }
    }
}

fn read_error(file: &str, line: u64, error: std::io::Error) -> Error {
    Error::io(format!("cannot read on: {error}"))
        .in_file(file)
        .at_line(line)
        .with_hint("is the file complete? a compressed file that was cut off ends like this")
        .caused_by(error)
}

/// What a thread does with blocks.
pub(super) trait Work: Send {
    /// Works on a block and appends what is to be written.
    fn work(&mut self, block: &Block, out: &mut Vec<u8>) -> Result<()>;

    /// Ends, and gives what was counted.
    fn finish(self) -> Tally;
}

/// What a worker has written of a block, on its way to the file.
#[derive(Debug, Default)]
struct Parcel {
    number: u64,
    /// The length of the block.
    read: u64,
    out: Vec<u8>,
    failed: Option<Error>,
}

/// The file that the workers read in turn.
struct Source<'r> {
    blocks: Blocks<'r>,
    /// How many blocks have been read.
    count: u64,
    ended: bool,
}

impl Source<'_> {
    /// Fills a block with what comes next, and gives its number; `None` when there is no more.
    fn next(&mut self, block: &mut Block) -> Option<(u64, Result<()>)> {
        if self.ended {
            return None;
        }
        let read = self.blocks.next(block);
        self.ended = !matches!(read, Ok(true));
        let number = self.count;
        self.count += 1;
        match read {
            Ok(true) => Some((number, Ok(()))),
            Ok(false) => None,
            Err(error) => Some((number, Err(error))),
        }
    }
}

/// Runs all blocks of a file through the workers, and writes what they give in the order of the file.
///
/// Each worker reads its blocks itself, into memory of its own, so that what is read stays in the cache of the core
/// that needs it. As many parcels go round as there are; who has none waits until one has been written. So
/// memory does not grow with the file, however fast or slow any thread is.
pub(super) fn run<W: Work>(
    blocks: Blocks<'_>,
    workers: Vec<W>,
    annotated: Annotated<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Tally> {
    let parcels = workers.len() * 2 + 1;
    let (to_write, done) = sync_channel::<Parcel>(parcels);
    let (to_fill, empty) = channel::<Parcel>();
    for _ in 0..parcels {
        // The receiver is alive: it is a line above.
        let _ = to_fill.send(Parcel::default());
    }
    let empty = Mutex::new(empty);
    let source = Mutex::new(Source {
        blocks,
        count: 0,
        ended: false,
    });
    std::thread::scope(|scope| {
        let threads: Vec<_> = workers
            .into_iter()
            .map(|worker| {
                let (source, empty, to_write) = (&source, &empty, to_write.clone());
                scope.spawn(move || work_on(worker, source, empty, &to_write))
            })
            .collect();
        drop(to_write);
        let written = write_in_order(&done, &to_fill, annotated, progress);
        // Whoever still waits learns that there is no more to do.
        drop((done, to_fill));
        let mut tally: Option<Tally> = None;
        for thread in threads {
            match (thread.join(), &mut tally) {
                (Ok(counted), Some(tally)) => tally.add(counted),
                (Ok(counted), None) => tally = Some(counted),
                (Err(_), _) => return Err(defect()),
            }
        }
        written?;
        tally.ok_or_else(defect)
    })
}

fn defect() -> Error {
    Error::io("a thread of the audit ended early").with_hint("this is a defect of codeyear")
}

fn work_on<W: Work>(
    mut worker: W,
    source: &Mutex<Source<'_>>,
    empty: &Mutex<Receiver<Parcel>>,
    to_write: &SyncSender<Parcel>,
) -> Tally {
    let mut block = Block::default();
    loop {
        // A parcel comes before a block, so that the block that is to be written next never waits for one.
        let parcel = empty.lock().ok().and_then(|empty| empty.recv().ok());
        let Some(mut parcel) = parcel else { break };
        let next = source
            .lock()
            .ok()
            .and_then(|mut source| source.next(&mut block));
        let Some((number, read)) = next else { break };
        parcel.number = number;
        parcel.read = block.bytes.len() as u64;
        parcel.out.clear();
        // A defect ends the audit with an error: a block that never came would be waited for without end.
        let work = AssertUnwindSafe(|| worker.work(&block, &mut parcel.out));
        let worked = read.and_then(|()| catch_unwind(work).unwrap_or_else(|_| Err(defect())));
        parcel.failed = worked.err();
        if to_write.send(parcel).is_err() {
            break;
        }
    }
    worker.finish()
}

fn write_in_order(
    done: &Receiver<Parcel>,
    to_fill: &Sender<Parcel>,
    mut annotated: Annotated<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<()> {
    let mut waiting: BTreeMap<u64, Parcel> = BTreeMap::new();
    let mut next = 0;
    while let Ok(parcel) = done.recv() {
        waiting.insert(parcel.number, parcel);
        while let Some(mut parcel) = waiting.remove(&next) {
            next += 1;
            if let Some(error) = parcel.failed.take() {
                return Err(error);
            }
            annotated.write(&parcel.out)?;
            progress(parcel.read);
            // The workers may have come to the end.
            let _ = to_fill.send(parcel);
        }
    }
    Ok(())
}
