//! The columns that an annotated row gets for a code, as bytes made once and copied often.

#![allow(
    clippy::indexing_slicing,
    reason = "a finding has its end, and a segment of the calendar its suffix: both are written before they are asked for"
)]

use std::borrow::Cow;

use crate::Index;
use crate::auditor::{Auditor, CodeOutcome};
use crate::found::{Found, FoundColumns};
use crate::index::SegmentNumber;
use crate::kept::KeptFinding;
use crate::options::RowOptions;
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{CodeSet, Sets};

/// The length of the pieces in which short texts are copied.
const PIECE: usize = 32;

/// Appends a part of a text. It is copied in pieces of one length and then cut: asking for a copy of any length takes
/// longer than copying so little.
#[inline]
pub(crate) fn append(out: &mut Vec<u8>, text: &[u8], (from, to): (usize, usize)) {
    let end = out.len() + (to - from);
    let mut at = from;
    while at < to {
        let rest = &text[at..];
        match rest.first_chunk::<PIECE>() {
            Some(piece) => out.extend_from_slice(piece),
            None => {
                out.extend_from_slice(rest);
                break;
            }
        }
        at += PIECE;
    }
    out.truncate(end);
}

/// The columns of a code that are written for many rows.
#[derive(Debug, Default)]
pub(crate) struct Suffix {
    /// The text, and blanks up to a whole piece.
    padded: Vec<u8>,
    length: usize,
}

impl Suffix {
    fn new(mut text: Vec<u8>) -> Suffix {
        let length = text.len();
        text.resize(length.next_multiple_of(PIECE), b' ');
        Suffix {
            padded: text,
            length,
        }
    }

    #[inline]
    pub(crate) fn append_to(&self, out: &mut Vec<u8>) {
        append(out, &self.padded, (0, self.length));
    }
}

/// Where the text of a finding stands.
#[derive(Debug, Clone, Copy)]
struct FoundText {
    from: usize,
    /// Where its release belongs, if that is the one of the day, which it stands there without.
    release_at: Option<usize>,
    to: usize,
}

/// The suffixes of one thread.
pub(crate) struct Suffixes {
    writer: csv_core::Writer,
    dots: bool,
    columns: FoundColumns,
    /// By code set and segment.
    billable: Sets<Vec<Suffix>>,
    /// The release alone, by code set and segment.
    releases: Sets<Vec<Suffix>>,
    /// Of one finding after another, which several codes may share.
    found: Vec<u8>,
    /// Where each of them stands.
    places: Vec<FoundText>,
    empty: Suffix,
}

impl Suffixes {
    pub(crate) fn new(index: &Index, delimiter: u8, options: &RowOptions) -> Result<Suffixes> {
        let mut suffixes = Suffixes {
            writer: csv_core::WriterBuilder::new().delimiter(delimiter).build(),
            dots: !options.plain_codes,
            columns: options.columns,
            billable: Sets::default(),
            releases: Sets::default(),
            found: Vec::new(),
            places: Vec::new(),
            empty: Suffix::default(),
        };
        let of_segments = |columns: FoundColumns| {
            Sets::try_new(|code_set| {
                let segments = index.set(code_set).segments.iter();
                let found = segments.map(|segment| Found::Billable(segment.release));
                found
                    .map(|found| suffixes.suffix(found, columns))
                    .collect::<Result<Vec<Suffix>>>()
            })
        };
        let billable = of_segments(options.columns)?;
        let releases = of_segments(options.columns.release_alone())?;
        (suffixes.billable, suffixes.releases) = (billable, releases);
        suffixes.empty = suffixes.suffix(Found::Nothing, options.columns)?;
        Ok(suffixes)
    }

    /// Writes the columns of a code, each with the delimiter before it.
    pub(crate) fn write(
        &mut self,
        outcome: &CodeOutcome,
        auditor: &mut Auditor<'_>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        match outcome {
            CodeOutcome::Nothing => self.empty.append_to(out),
            CodeOutcome::Billable(code_set, segment) => {
                self.billable(*code_set, *segment).append_to(out);
            }
            outcome => {
                // The text is all that is still needed of a finding.
                for kept in auditor.take_findings() {
                    self.take(&kept)?;
                }
                let Some(number) = auditor.finding_number(outcome) else {
                    return self.write_found(auditor.found(outcome), out);
                };
                let place = self.places[number as usize];
                match (place.release_at, auditor.segment(outcome)) {
                    (Some(at), Some((code_set, segment))) => {
                        append(out, &self.found, (place.from, at));
                        self.releases[code_set][usize::from(segment)].append_to(out);
                        append(out, &self.found, (at, place.to));
                    }
                    _ => append(out, &self.found, (place.from, place.to)),
                }
            }
        }
        Ok(())
    }

    /// Returns the columns of a code that is billable in a segment.
    pub(crate) fn billable(&self, code_set: CodeSet, segment: SegmentNumber) -> &Suffix {
        &self.billable[code_set][usize::from(segment)]
    }

    /// Returns the columns of a field without a code.
    pub(crate) fn empty(&self) -> &Suffix {
        &self.empty
    }

    /// Writes the columns of what is not written often.
    pub(crate) fn write_found(&self, found: Found<'_>, out: &mut Vec<u8>) -> Result<()> {
        write_line(&self.writer, self.columns.of(found.cells(self.dots)), out)
    }

    fn suffix(&self, found: Found<'_>, columns: FoundColumns) -> Result<Suffix> {
        let mut text = Vec::new();
        write_line(&self.writer, columns.of(found.cells(self.dots)), &mut text)?;
        Ok(Suffix::new(text))
    }

    /// Adds the text of a finding, without its release if that is the one of the day.
    fn take(&mut self, kept: &KeptFinding) -> Result<()> {
        let finding = &kept.finding;
        let from = self.found.len();
        let mut release_at = None;
        let mut columns = vec![self.columns];
        if kept.is_of_segment {
            columns = vec![self.columns.before_release(), self.columns.behind_release()];
        }
        for columns in columns {
            let found = Found::Fails(finding, finding.release);
            let cells = columns.of(found.cells(self.dots));
            write_line(&self.writer, cells, &mut self.found)?;
            release_at.get_or_insert(self.found.len());
        }
        self.places.push(FoundText {
            from,
            release_at: release_at.filter(|_| kept.is_of_segment),
            to: self.found.len(),
        });
        Ok(())
    }
}

/// Writes cells with the delimiter before each, quoted where they have to be.
fn write_line<'c>(
    writer: &csv_core::Writer,
    cells: impl Iterator<Item = Cow<'c, str>>,
    out: &mut Vec<u8>,
) -> Result<()> {
    let cells: Vec<Cow<'_, str>> = cells.collect();
    let fail = || Error::io("a row cannot be written").with_hint("this is a defect of codeyear");
    // A copy of the writer is cheap; making one for each of a hundred thousand lines is not.
    let mut writer = writer.clone();
    let mut at = out.len();
    // Twice the text and quotes is the most that a field can take.
    let length: usize = cells.iter().map(|cell| cell.len() * 2 + 3).sum();
    out.resize(at + length + 2, 0);
    for cell in &cells {
        let rest = out.get_mut(at..).ok_or_else(fail)?;
        at += writer.delimiter(rest).1;
        let rest = out.get_mut(at..).ok_or_else(fail)?;
        at += writer.field(cell.as_bytes(), rest).2;
    }
    let rest = out.get_mut(at..).ok_or_else(fail)?;
    at += writer.finish(rest).1;
    out.truncate(at);
    Ok(())
}
