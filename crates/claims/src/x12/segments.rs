//! Bytes to segments: delimiters from the ISA, one segment in memory at a time.

#![allow(
    clippy::indexing_slicing,
    reason = "what is cut lies between bounds that this file keeps: start <= end <= the buffer"
)]

use std::io::Read;

use memchr::memchr;

use codeyear_core::error::{Error, Result};

/// The longest segment that is read. The longest that a guide allows are a few thousand characters.
pub(super) const LONGEST_SEGMENT: usize = 1 << 20;

/// The bytes that an ISA has, its terminator among them: its elements have fixed widths, so that the
/// delimiters can be read before they are known.
const ISA_LENGTH: usize = 106;

/// Where the element separators of an ISA stand.
const ISA_SEPARATORS: [usize; 16] = [
    3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103,
];

/// What is asked of the input at a time.
const CHUNK: usize = 64 * 1024;

/// The characters that an interchange is cut by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delimiters {
    element: u8,
    component: u8,
    /// ISA11 from version 00402 on; before that the element meant something else.
    repetition: Option<u8>,
    terminator: u8,
}

/// One segment without its terminator.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment<'b> {
    bytes: &'b [u8],
    delimiters: Delimiters,
    /// Its number in the stream, from 1.
    pub(super) number: u64,
}

impl<'b> Segment<'b> {
    /// Returns the bytes.
    pub(super) fn bytes(&self) -> &'b [u8] {
        self.bytes
    }

    /// Returns the id: `ST`, `CLM`.
    pub(super) fn id(&self) -> &'b [u8] {
        let end = memchr(self.delimiters.element, self.bytes).unwrap_or(self.bytes.len());
        &self.bytes[..end]
    }

    /// Returns the element of a number, from 1; empty where absent.
    pub(super) fn element(&self, number: usize) -> &'b [u8] {
        self.elements().nth(number - 1).unwrap_or_default()
    }

    /// Goes through the elements, without the id.
    pub(super) fn elements(&self) -> impl Iterator<Item = &'b [u8]> + use<'b> {
        let separator = self.delimiters.element;
        self.bytes.split(move |byte| *byte == separator).skip(1)
    }

    /// Cuts an element into its repetitions; without a repetition separator there is one.
    pub(super) fn repetitions(
        &self,
        element: &'b [u8],
    ) -> impl Iterator<Item = &'b [u8]> + use<'b> {
        let separator = self.delimiters.repetition;
        element.split(move |byte| Some(*byte) == separator)
    }

    /// Cuts a composite into its components.
    pub(super) fn components(&self, element: &'b [u8]) -> impl Iterator<Item = &'b [u8]> + use<'b> {
        let separator = self.delimiters.component;
        element.split(move |byte| *byte == separator)
    }

    /// Returns the component of a number, from 1; empty where absent.
    pub(super) fn component(&self, element: &'b [u8], number: usize) -> &'b [u8] {
        self.components(element).nth(number - 1).unwrap_or_default()
    }
}

/// The segments of a stream of interchanges.
#[derive(Debug)]
pub(super) struct Segments<R> {
    input: R,
    buffer: Vec<u8>,
    /// What of the buffer is read and not yet given.
    start: usize,
    end: usize,
    delimiters: Option<Delimiters>,
    number: u64,
    flaw: Option<String>,
}

impl<R: Read> Segments<R> {
    pub(super) fn new(input: R) -> Self {
        Segments {
            input,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            delimiters: None,
            number: 0,
            flaw: None,
        }
    }

    /// Returns the next segment, or `None` at the end of what can be read: [`Segments::flaw`] says whether that is the
    /// end of the input between interchanges.
    ///
    /// # Errors
    ///
    /// The input cannot be read, or does not begin with an ISA.
    pub(super) fn next(&mut self) -> Result<Option<Segment<'_>>> {
        if self.flaw.is_some() {
            return Ok(None);
        }
        self.skip(is_between)?;
        let begins_anew = match self.delimiters {
            // An interchange that was cut off may have another behind it, with delimiters of its own.
            Some(_) => self.is_isa()?,
            None => true,
        };
        let found = match self.delimiters.filter(|_| !begins_anew) {
            Some(delimiters) => {
                let within = self.within(delimiters)?;
                within.map(|(length, ends)| (delimiters, length, ends))
            }
            None => self
                .isa()?
                .map(|delimiters| (delimiters, ISA_LENGTH - 1, 1)),
        };
        let Some((delimiters, length, ends)) = found else {
            return Ok(None);
        };
        self.delimiters = Some(delimiters);
        self.number += 1;
        let from = self.start;
        self.start = (from + length + ends).min(self.end);
        Ok(Some(Segment {
            bytes: &self.buffer[from..from + length],
            delimiters,
            number: self.number,
        }))
    }

    /// Sets that the interchange has ended: what comes next is an ISA or nothing.
    pub(super) fn end_interchange(&mut self) {
        self.delimiters = None;
    }

    /// Returns what is wrong where reading ended before the end of the input, or with the end itself.
    pub(super) fn flaw(&mut self) -> Option<String> {
        self.flaw.take()
    }

    /// Returns the number of the last segment.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Returns the bytes that are set aside for reading.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.buffer.capacity()
    }

    /// Finds the next segment of an interchange: its length, and that of its terminator. `None` where there is none, with
    /// what is wrong.
    fn within(&mut self, delimiters: Delimiters) -> Result<Option<(usize, usize)>> {
        let mut searched = 0;
        loop {
            let pending = self.pending();
            let unsearched = &pending[searched..];
            if let Some(at) = memchr(delimiters.terminator, unsearched) {
                return Ok(self.checked(searched + at, 1));
            }
            searched = pending.len();
            if self.checked(searched, 0).is_none() {
                return Ok(None);
            }
            if self.fill()? == 0 {
                let rest = self.pending();
                // An editor that takes the last line end away takes the terminator, where that is LF.
                let separator = [b'I', b'E', b'A', delimiters.element];
                if rest.starts_with(&separator) {
                    return Ok(Some((rest.len(), 0)));
                }
                self.flaw = Some(format!(
                    "the interchange is cut off after segment {}: expected its IEA, found the end; the rest is missing",
                    self.number
                ));
                return Ok(None);
            }
        }
    }

    fn checked(&mut self, length: usize, ends: usize) -> Option<(usize, usize)> {
        if length <= LONGEST_SEGMENT {
            return Some((length, ends));
        }
        self.flaw = Some(format!(
            "segment {}: longer than {LONGEST_SEGMENT} bytes, the most that is read of one segment; nothing after it is read. Is its terminator the one that the ISA gives?",
            self.number + 1
        ));
        None
    }

    /// Checks whether an ISA stands next, by its fixed widths.
    fn is_isa(&mut self) -> Result<bool> {
        if !self.pending().starts_with(b"I") {
            return Ok(false);
        }
        while self.pending().len() < ISA_LENGTH && self.fill()? > 0 {}
        let pending = self.pending();
        let Some(isa) = pending.get(..ISA_LENGTH) else {
            return Ok(false);
        };
        Ok(isa.starts_with(b"ISA") && ISA_SEPARATORS.iter().all(|index| isa[*index] == isa[3]))
    }

    /// Reads the ISA that stands next, without taking it; `None` where there is nothing more.
    fn isa(&mut self) -> Result<Option<Delimiters>> {
        if self.number == 0 {
            while self.pending().len() < 3 && self.fill()? > 0 {}
            if self.pending().starts_with(b"\xef\xbb\xbf") {
                self.start += 3;
            }
        }
        self.skip(is_between)?;
        while self.pending().len() < ISA_LENGTH && self.fill()? > 0 {}
        let pending = self.pending();
        if pending.is_empty() && self.number > 0 {
            return Ok(None);
        }
        let seen = pending.get(..3).unwrap_or(pending);
        if pending.is_empty() || !b"ISA".starts_with(seen) {
            return self.no_isa("expected ISA, the beginning of an X12 interchange");
        }
        let Some(isa) = pending.get(..ISA_LENGTH) else {
            return self.no_isa("expected an ISA of 106 characters, found the end");
        };
        let at = |index: usize| isa[index];
        let element = at(3);
        if ISA_SEPARATORS.iter().any(|index| at(*index) != element) {
            return self.no_isa(
                "expected the 16 elements of the ISA in their fixed widths, 106 characters in all",
            );
        }
        let (component, terminator) = (at(104), at(105));
        // ISA11 is the repetition separator from 00402 on; a letter there is the standards id `U` of 00401.
        let repetition = Some(at(82)).filter(|byte| !byte.is_ascii_alphanumeric() && *byte != b' ');
        let all = [Some(element), Some(component), Some(terminator), repetition];
        for (index, one) in all.iter().enumerate() {
            let Some(byte) = one else { continue };
            let twice = all.iter().skip(index + 1).any(|other| other == one);
            if twice || byte.is_ascii_alphanumeric() || *byte == b' ' {
                return self.no_isa(
                    "expected four different delimiters in the ISA, and no letter, digit or blank",
                );
            }
        }
        Ok(Some(Delimiters {
            element,
            component,
            repetition,
            terminator,
        }))
    }

    /// Ends the reading where no ISA stands and one has to: at the beginning that is no X12; behind an interchange it ends the
    /// reading.
    fn no_isa(&mut self, expected: &str) -> Result<Option<Delimiters>> {
        let message = format!("segment {}: {expected}", self.number + 1);
        if self.number > 0 {
            self.flaw = Some(format!("{message}; nothing after it is read"));
            return Ok(None);
        }
        Err(Error::format(message).with_hint(
            "an X12 file begins with an ISA segment; check that this is one and that nothing was cut away or added",
        ))
    }

    fn pending(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    fn skip(&mut self, unwanted: impl Fn(u8) -> bool) -> Result<()> {
        loop {
            let pending = self.pending();
            let skipped = pending.iter().take_while(|byte| unwanted(**byte)).count();
            let is_all = skipped == pending.len();
            self.start += skipped;
            if !is_all || self.fill()? == 0 {
                return Ok(());
            }
        }
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
                        "cannot read on after segment {}: {error}",
                        self.number
                    ))
                    .with_hint("check the file and the disk, and try again")
                    .caused_by(error));
                }
            }
        }
    }
}

/// Checks whether a byte may stand between segments: blanks, line ends, and what old systems write at the end of a file.
fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, 0x1a | 0)
}
