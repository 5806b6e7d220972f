//! The columns that an annotated row gets for a code, as bytes made once and copied often.

use crate::claims::finding::Finding;
use crate::claims::index::VerdictKind;
use crate::claims::judge::{Judge, Judged};
use crate::claims::{Index, ProblemKind};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CodeSet, ReleaseId};

/// The columns that an annotated row gets for each code.
pub(in crate::claims) const COLUMNS: [&str; 7] = [
    "verdict",
    "release",
    "day",
    "use",
    "use_count",
    "use_by",
    "why",
];

/// What stands in the verdict's place of a row that cannot be read.
pub(in crate::claims) const UNREADABLE: &str = "unreadable";
/// What stands there of a code of a set that is not kept.
pub(in crate::claims) const NOT_JUDGED: &str = "not-judged";

/// The length of the pieces in which short texts are copied.
const PIECE: usize = 32;

/// Appends a part of a text. It is copied in pieces of one length and then cut: asking for a copy of any length takes
/// longer than copying so little.
#[inline]
pub(super) fn append(out: &mut Vec<u8>, text: &[u8], (from, to): (usize, usize)) {
    let end = out.len() + (to - from);
    let mut at = from;
    while at < to {
        let rest = text.get(at..).unwrap_or_default();
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

    fn text(&self) -> &[u8] {
        self.padded.get(..self.length).unwrap_or_default()
    }
}

/// The suffixes of one thread.
pub(super) struct Suffixes {
    writer: csv_core::Writer,
    dots: bool,
    /// By code set and segment.
    billable: [Vec<Suffix>; 2],
    /// By the number of the finding, which several codes may share.
    kept: Vec<Vec<u8>>,
    once: Vec<u8>,
    not_judged: Vec<u8>,
    empty: Suffix,
}

impl Suffixes {
    pub(super) fn new(index: &Index, delimiter: u8, dots: bool) -> Result<Suffixes> {
        let mut suffixes = Suffixes {
            writer: csv_core::WriterBuilder::new().delimiter(delimiter).build(),
            dots,
            billable: [Vec::new(), Vec::new()],
            kept: Vec::new(),
            once: Vec::new(),
            not_judged: Vec::new(),
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
        let billable = [billable(CodeSet::Icd10Cm)?, billable(CodeSet::Icd10Pcs)?];
        suffixes.billable = billable;
        suffixes.not_judged = suffixes.line([NOT_JUDGED, "", "", "", "", "", ""])?;
        suffixes.empty = Suffix::new(suffixes.line([""; 7])?);
        Ok(suffixes)
    }

    /// Gives the columns of a code, each with the delimiter before it.
    pub(super) fn of(&mut self, judged: Option<Judged>, judge: &Judge<'_>) -> Result<&[u8]> {
        match judged {
            None => Ok(self.empty.text()),
            Some(Judged::OtherSet) => Ok(&self.not_judged),
            Some(Judged::Billable(code_set, segment)) => {
                Ok(self.billable(code_set, segment).text())
            }
            Some(judged @ Judged::Kept(_)) => {
                let Some(number) = judge.finding_number(judged) else {
                    return Ok(self.empty.text());
                };
                // Numbers come in order.
                while self.kept.len() <= number {
                    let made = judge
                        .numbered(self.kept.len())
                        .map(|finding| self.found(finding))
                        .transpose()?;
                    self.kept.push(made.unwrap_or_default());
                }
                Ok(self.kept.get(number).map_or(&[], Vec::as_slice))
            }
            Some(Judged::Once) => {
                self.once = match judge.finding(Judged::Once) {
                    Some(finding) => self.found(finding)?,
                    None => Vec::new(),
                };
                Ok(&self.once)
            }
        }
    }

    /// Gives the columns of a code that is billable in a segment.
    pub(super) fn billable(&self, code_set: CodeSet, segment: u8) -> &Suffix {
        let [diagnoses, procedures] = &self.billable;
        let of_set = match code_set {
            CodeSet::Icd10Cm => diagnoses,
            CodeSet::Icd10Pcs => procedures,
        };
        // A segment of the calendar has its suffix.
        of_set.get(usize::from(segment)).unwrap_or(&self.empty)
    }

    /// Gives the columns of a field without a code.
    pub(super) fn empty(&self) -> &Suffix {
        &self.empty
    }

    /// Gives the columns of a row, or a code, that cannot be read.
    pub(super) fn unreadable(&self, problem: &ProblemKind) -> Result<Vec<u8>> {
        self.line([UNREADABLE, "", "", "", "", "", &problem.to_string()])
    }

    fn found(&self, finding: &Finding) -> Result<Vec<u8>> {
        let [verdict, release, day, uses, count, basis, why] = cells(finding, self.dots);
        self.line([&verdict, &release, &day, &uses, &count, &basis, &why])
    }

    /// Writes cells with the delimiter before each, quoted where they have to be.
    fn line(&self, cells: [&str; 7]) -> Result<Vec<u8>> {
        let fail = || {
            Error::new(ErrorKind::Io, "a row cannot be written")
                .with_hint("this is a defect of codeyear")
        };
        // A copy of the writer is cheap; making one for each of a hundred thousand lines is not.
        let mut writer = self.writer.clone();
        // Twice the text and quotes is the most that a field can take.
        let length: usize = cells.iter().map(|cell| cell.len() * 2 + 3).sum();
        let mut bytes = vec![0; length + 2];
        let mut at = 0;
        for cell in cells {
            let rest = bytes.get_mut(at..).ok_or_else(fail)?;
            at += writer.delimiter(rest).1;
            let rest = bytes.get_mut(at..).ok_or_else(fail)?;
            at += writer.field(cell.as_bytes(), rest).2;
        }
        let rest = bytes.get_mut(at..).ok_or_else(fail)?;
        at += writer.finish(rest).1;
        bytes.truncate(at);
        bytes.shrink_to_fit();
        Ok(bytes)
    }
}

/// Gives the cells of a finding, in the order of [`COLUMNS`].
pub(in crate::claims) fn cells(finding: &Finding, dots: bool) -> [String; 7] {
    let mut uses = String::with_capacity(finding.uses.len() * 9);
    for code in &finding.uses {
        if !uses.is_empty() {
            uses.push(' ');
        }
        let text = code.as_str();
        match text.split_at_checked(3) {
            Some((category, rest))
                if dots && finding.code_set == CodeSet::Icd10Cm && !rest.is_empty() =>
            {
                uses.push_str(category);
                uses.push('.');
                uses.push_str(rest);
            }
            _ => uses.push_str(text),
        }
    }
    let count = if finding.use_count == 0 {
        String::new()
    } else {
        finding.use_count.to_string()
    };
    [
        finding.verdict.name().to_owned(),
        finding
            .release
            .as_ref()
            .map(ReleaseId::to_string)
            .unwrap_or_default(),
        finding.day.map(|day| day.to_string()).unwrap_or_default(),
        uses,
        count,
        finding
            .use_basis
            .map_or(String::new(), |basis| basis.name().to_owned()),
        finding.why.clone(),
    ]
}
