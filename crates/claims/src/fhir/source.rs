//! Bytes to JSON values: one value in memory at a time, and the line and column of what is wrong.

#![allow(
    clippy::indexing_slicing,
    reason = "what is cut lies between bounds that this file keeps: start <= end <= the buffer"
)]

use std::io::Read;

use memchr::{memchr, memchr_iter, memchr2};

use codeyear_core::error::{Error, Result};

/// The largest resource that is read.
pub(super) const LARGEST_RESOURCE: usize = 16 << 20;

/// What is asked of the input at a time.
const CHUNK: usize = 64 * 1024;

/// Where something stands in the input, both from 1; the column in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) line: u64,
    pub(super) column: u64,
}

/// Whether a value was taken whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Whole,
    /// It is larger than what is read of one; it was passed over.
    TooLarge,
}

/// Finds where an object or array ends, by its brackets.
#[derive(Debug, Default)]
struct Brackets {
    depth: u64,
    is_text: bool,
    is_escaped: bool,
}

impl Brackets {
    /// Reads more bytes; returns how many of them belong to the value once it has ended.
    fn take(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if self.is_escaped {
                self.is_escaped = false;
                at += 1;
            } else if self.is_text {
                let found = memchr2(b'"', b'\\', rest)?;
                match rest.get(found) {
                    Some(b'\\') => self.is_escaped = true,
                    _ => self.is_text = false,
                }
                at += found + 1;
            } else {
                let found = rest
                    .iter()
                    .position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'))?;
                at += found + 1;
                match rest.get(found) {
                    Some(b'"') => self.is_text = true,
                    Some(b'{' | b'[') => self.depth += 1,
                    _ => {
                        self.depth = self.depth.saturating_sub(1);
                        if self.depth == 0 {
                            return Some(at);
                        }
                    }
                }
            }
        }
        None
    }
}

/// Checks whether a line holds an object from its first byte to its last, by its brackets.
pub(super) fn is_whole_object(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.starts_with(b"{") && Brackets::default().take(line) == Some(line.len())
}

/// The input.
#[derive(Debug)]
pub(super) struct Source<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    spot: Spot,
}

impl<R: Read> Source<R> {
    pub(super) fn new(input: R) -> Self {
        Source {
            input,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            spot: Spot { line: 1, column: 1 },
        }
    }

    /// Returns where the reader stands.
    pub(super) fn spot(&self) -> Spot {
        self.spot
    }

    /// Returns the bytes that are set aside for reading.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.buffer.capacity()
    }

    /// Makes the error for what is no JSON here.
    pub(super) fn fail(&self, message: impl Into<String>) -> Error {
        fail(self.spot, message)
    }

    /// Passes over a byte order mark.
    pub(super) fn skip_mark(&mut self) -> Result<()> {
        while self.pending().len() < 3 && self.fill()? > 0 {}
        if self.pending().starts_with(b"\xef\xbb\xbf") {
            self.start += 3;
        }
        Ok(())
    }

    /// Passes over blanks and gives the byte behind them, without taking it; `None` at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>> {
        loop {
            let pending = self.pending();
            let blanks = pending
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
                .count();
            let next = pending.get(blanks).copied();
            self.advance(blanks);
            if next.is_some() || self.fill()? == 0 {
                return Ok(next);
            }
        }
    }

    /// Reads over a byte that was seen.
    pub(super) fn take_byte(&mut self) {
        self.advance(1);
    }

    /// Returns the first line, without taking it; `None` if it is longer than a resource may be.
    pub(super) fn peek_line(&mut self) -> Result<Option<&[u8]>> {
        let mut searched = 0;
        let length = loop {
            let pending = self.pending();
            if let Some(at) = memchr(b'\n', &pending[searched..]) {
                break searched + at;
            }
            searched = pending.len();
            if searched > LARGEST_RESOURCE {
                return Ok(None);
            }
            if self.fill()? == 0 {
                break searched;
            }
        };
        Ok(self.pending().get(..length))
    }

    /// Reads a line into `value`, without its end; `None` where there is none.
    pub(super) fn line(&mut self, value: &mut Vec<u8>) -> Result<Option<Taken>> {
        value.clear();
        let mut taken = Taken::Whole;
        let mut has_begun = false;
        loop {
            if self.pending().is_empty() && self.fill()? == 0 {
                return Ok(has_begun.then_some(taken));
            }
            has_begun = true;
            let pending = self.pending();
            let at = memchr(b'\n', pending);
            let length = at.unwrap_or(pending.len());
            keep(value, &pending[..length], &mut taken);
            self.advance(length + usize::from(at.is_some()));
            if at.is_some() {
                return Ok(Some(taken));
            }
        }
    }

    /// Reads the value that begins here into `value`.
    ///
    /// # Errors
    ///
    /// No value begins here, or the input ends within it.
    pub(super) fn value(&mut self, value: &mut Vec<u8>) -> Result<Taken> {
        value.clear();
        let mut taken = Taken::Whole;
        match self.peek()? {
            Some(b'{' | b'[') => {
                let mut brackets = Brackets::default();
                loop {
                    let pending = self.pending();
                    let end = brackets.take(pending);
                    let length = end.unwrap_or(pending.len());
                    keep(value, &pending[..length], &mut taken);
                    self.advance(length);
                    if end.is_some() {
                        return Ok(taken);
                    }
                    self.fill_or_fail()?;
                }
            }
            Some(b'"') => {
                let mut is_escaped = false;
                value.push(b'"');
                self.advance(1);
                loop {
                    let pending = self.pending();
                    let mut end = None;
                    for (index, byte) in pending.iter().enumerate() {
                        match byte {
                            _ if is_escaped => is_escaped = false,
                            b'\\' => is_escaped = true,
                            b'"' => {
                                end = Some(index + 1);
                                break;
                            }
                            _ => {}
                        }
                    }
                    let length = end.unwrap_or(pending.len());
                    keep(value, &pending[..length], &mut taken);
                    self.advance(length);
                    if end.is_some() {
                        return Ok(taken);
                    }
                    self.fill_or_fail()?;
                }
            }
            Some(b't' | b'f' | b'n' | b'-' | b'0'..=b'9') => loop {
                let pending = self.pending();
                let length = pending
                    .iter()
                    .take_while(|byte| {
                        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
                    })
                    .count();
                let is_all = length == pending.len();
                keep(value, &pending[..length], &mut taken);
                self.advance(length);
                if !is_all || self.fill()? == 0 {
                    return Ok(taken);
                }
            },
            Some(_) => Err(self.fail("not JSON: expected a value")),
            None => Err(self.cut_off()),
        }
    }

    /// Makes the error for an input that ends too early.
    pub(super) fn cut_off(&self) -> Error {
        self.fail("the JSON is cut off: expected more, found the end")
            .with_hint("get the file again; the rest is missing")
    }

    fn fill_or_fail(&mut self) -> Result<()> {
        match self.fill()? {
            0 => Err(self.cut_off()),
            _ => Ok(()),
        }
    }

    fn pending(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    fn advance(&mut self, count: usize) {
        let passed = &self.pending()[..count];
        match memchr::memrchr(b'\n', passed) {
            Some(last) => {
                let lines = memchr_iter(b'\n', passed).count();
                self.spot = Spot {
                    line: self.spot.line + lines as u64,
                    column: (passed.len() - last) as u64,
                };
            }
            None => self.spot.column += passed.len() as u64,
        }
        self.start += count;
    }

    /// Reads more behind what is pending; gives how much, which is 0 at the end of the input.
    fn fill(&mut self) -> Result<usize> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() < self.end + CHUNK {
            self.buffer.resize(self.end + CHUNK, 0);
        }
        let room = &mut self.buffer[self.end..];
        let most = room.len();
        loop {
            match self.input.read(room) {
                Ok(read) => {
                    self.end += read.min(most);
                    return Ok(read);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(Error::io(format!(
                        "cannot read on after line {}: {error}",
                        self.spot.line
                    ))
                    .with_hint("check the file and the disk, and try again")
                    .caused_by(error));
                }
            }
        }
    }
}

/// Makes the error for what is no JSON at a spot.
pub(super) fn fail(spot: Spot, message: impl Into<String>) -> Error {
    Error::format(message)
        .at_line(spot.line)
        .at_column(u32::try_from(spot.column).unwrap_or(u32::MAX))
        .with_hint("the file is damaged, or not FHIR in JSON; get it again")
}

/// Adds bytes to a value, unless it becomes too large.
fn keep(value: &mut Vec<u8>, more: &[u8], taken: &mut Taken) {
    if value.len() + more.len() > LARGEST_RESOURCE {
        *taken = Taken::TooLarge;
        value.clear();
    }
    if *taken == Taken::Whole {
        value.extend_from_slice(more);
    }
}
