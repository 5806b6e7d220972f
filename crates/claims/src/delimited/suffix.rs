//! The columns that an annotated row gets for a code, as bytes made once and copied often.

#![allow(
    clippy::indexing_slicing,
    reason = "a finding has its end, and a segment of the calendar its suffix: both are written before they are asked for"
)]

use std::borrow::Cow;

use crate::auditor::{Auditor, CodeOutcome};
use crate::finding::Finding;
use crate::index::SegmentNumber;
use crate::{Index, ProblemKind, UseBasis};
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{CodeSet, ReleaseId, Sets, VerdictKind};

/// The columns that an annotated row gets for each code.
pub(crate) const COLUMNS: [&str; 7] = [
    "verdict",
    "release",
    "day",
    "use",
    "use_count",
    "use_by",
    "why",
];

/// What stands in the verdict's place of a row that cannot be read.
pub(crate) const UNREADABLE: &str = "unreadable";
/// What stands there of a code of a set that is not kept.
pub(crate) const NOT_JUDGED: &str = "not-judged";

/// The length of the pieces in which short texts are copied.
const PIECE: usize = 32;

/// Appends a part of a text. It is copied in pieces of one length and then cut: asking for a copy of any length takes
/// longer than copying so little.
#[inline]
pub(super) fn append(out: &mut Vec<u8>, text: &[u8], (from, to): (usize, usize)) {
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
pub(super) struct Suffix {
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
    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        append(out, &self.padded, (0, self.length));
    }
}

/// The suffixes of one thread.
pub(super) struct Suffixes {
    writer: csv_core::Writer,
    dots: bool,
    /// By code set and segment.
    billable: Sets<Vec<Suffix>>,
    /// Of one finding after another, which several codes may share.
    found: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
    not_judged: Suffix,
    empty: Suffix,
}

impl Suffixes {
    pub(super) fn new(index: &Index, delimiter: u8, dots: bool) -> Result<Suffixes> {
        let mut suffixes = Suffixes {
            writer: csv_core::WriterBuilder::new().delimiter(delimiter).build(),
            dots,
            billable: Sets::default(),
            found: Vec::new(),
            ends: Vec::new(),
            not_judged: Suffix::default(),
            empty: Suffix::default(),
        };
        let billable = |code_set| {
            let segments = &index.set(code_set).segments;
            segments
                .iter()
                .map(|segment| {
                    let release = segment.release.map(|release| release.to_string());
                    let verdict = VerdictKind::Billable.name();
                    let release = release.unwrap_or_default();
                    let line = suffixes.line([verdict, &release, "", "", "", "", ""])?;
                    Ok(Suffix::new(line))
                })
                .collect::<Result<Vec<Suffix>>>()
        };
        suffixes.billable = Sets::try_new(billable)?;
        let not_judged = suffixes.line([NOT_JUDGED, "", "", "", "", "", ""])?;
        suffixes.not_judged = Suffix::new(not_judged);
        suffixes.empty = Suffix::new(suffixes.line([""; 7])?);
        Ok(suffixes)
    }

    /// Writes the columns of a code, each with the delimiter before it.
    pub(super) fn write(
        &mut self,
        judged: Option<CodeOutcome>,
        judge: &mut Auditor<'_>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        match judged {
            None => self.empty.append_to(out),
            Some(CodeOutcome::OtherSet) => self.not_judged.append_to(out),
            Some(CodeOutcome::Billable(code_set, segment)) => {
                self.billable(code_set, segment).append_to(out);
            }
            Some(judged) => {
                // The text is all that is still needed of a finding.
                for finding in judge.take_findings() {
                    write_found(&self.writer, &finding, self.dots, &mut self.found)?;
                    self.ends.push(self.found.len());
                }
                if let Some(number) = judge.finding_number(judged) {
                    let before = number.checked_sub(1).and_then(|at| self.ends.get(at));
                    let from = before.copied().unwrap_or_default();
                    let to = self.ends[number];
                    append(out, &self.found, (from, to));
                } else if let Some(finding) = judge.finding(judged) {
                    write_found(&self.writer, finding, self.dots, out)?;
                } else {
                    self.empty.append_to(out);
                }
            }
        }
        Ok(())
    }

    /// Returns the columns of a code that is billable in a segment.
    pub(super) fn billable(&self, code_set: CodeSet, segment: SegmentNumber) -> &Suffix {
        &self.billable[code_set][usize::from(segment)]
    }

    /// Returns the columns of a field without a code.
    pub(super) fn empty(&self) -> &Suffix {
        &self.empty
    }

    /// Returns the columns of a row, or a code, that cannot be read.
    pub(super) fn unreadable(&self, problem: &ProblemKind) -> Result<Vec<u8>> {
        self.line([UNREADABLE, "", "", "", "", "", &problem.to_string()])
    }

    fn line(&self, cells: [&str; 7]) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        write_line(&self.writer, cells, &mut bytes)?;
        Ok(bytes)
    }
}

fn write_found(
    writer: &csv_core::Writer,
    finding: &Finding,
    dots: bool,
    out: &mut Vec<u8>,
) -> Result<()> {
    let cells = cells(finding, dots);
    write_line(writer, cells.each_ref().map(AsRef::as_ref), out)
}

/// Writes cells with the delimiter before each, quoted where they have to be.
fn write_line(writer: &csv_core::Writer, cells: [&str; 7], out: &mut Vec<u8>) -> Result<()> {
    let fail = || Error::io("a row cannot be written").with_hint("this is a defect of codeyear");
    // A copy of the writer is cheap; making one for each of a hundred thousand lines is not.
    let mut writer = writer.clone();
    let mut at = out.len();
    // Twice the text and quotes is the most that a field can take.
    let length: usize = cells.iter().map(|cell| cell.len() * 2 + 3).sum();
    out.resize(at + length + 2, 0);
    for cell in cells {
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

/// Returns the cells of a finding, in the order of [`COLUMNS`].
pub(crate) fn cells(finding: &Finding, dots: bool) -> [Cow<'_, str>; 7] {
    let mut uses = String::with_capacity(finding.uses.len() * 9);
    for code in &finding.uses {
        if !uses.is_empty() {
            uses.push(' ');
        }
        match dots {
            true => uses.push_str(&code.to_string()),
            false => uses.push_str(code.as_str()),
        }
    }
    let count = match finding.use_count {
        0 => String::new(),
        count => count.to_string(),
    };
    let release = finding.release.as_ref().map(ReleaseId::to_string);
    let day = finding.day.map(|day| day.to_string());
    [
        finding.verdict.name().into(),
        release.unwrap_or_default().into(),
        day.unwrap_or_default().into(),
        uses.into(),
        count.into(),
        finding.use_basis.map_or("", UseBasis::name).into(),
        finding.why.as_str().into(),
    ]
}
