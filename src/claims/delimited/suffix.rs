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

/// The suffixes of one thread.
pub(super) struct Suffixes {
    delimiter: u8,
    dots: bool,
    /// By code set and segment.
    billable: [Vec<Vec<u8>>; 2],
    /// By the number of the finding, which several codes may share.
    kept: Vec<Vec<u8>>,
    once: Vec<u8>,
    not_judged: Vec<u8>,
    empty: Vec<u8>,
}

impl Suffixes {
    pub(super) fn new(index: &Index, delimiter: u8, dots: bool) -> Result<Suffixes> {
        let billable = |code_set| {
            let segments = &index.set(code_set).segments;
            segments
                .iter()
                .map(|segment| {
                    let release = segment.release.map(|release| release.to_string());
                    let verdict = VerdictKind::Billable.name();
                    line(
                        delimiter,
                        [verdict, &release.unwrap_or_default(), "", "", "", "", ""],
                    )
                })
                .collect::<Result<Vec<Vec<u8>>>>()
        };
        Ok(Suffixes {
            delimiter,
            dots,
            billable: [billable(CodeSet::Icd10Cm)?, billable(CodeSet::Icd10Pcs)?],
            kept: Vec::new(),
            once: Vec::new(),
            not_judged: line(delimiter, [NOT_JUDGED, "", "", "", "", "", ""])?,
            empty: line(delimiter, [""; 7])?,
        })
    }

    /// Gives the columns of a code, each with the delimiter before it.
    pub(super) fn of(&mut self, judged: Option<Judged>, judge: &Judge<'_>) -> Result<&[u8]> {
        match judged {
            None => Ok(&self.empty),
            Some(Judged::NotJudged) => Ok(&self.not_judged),
            Some(Judged::Billable(code_set, segment)) => {
                let [diagnoses, procedures] = &self.billable;
                let of_set = match code_set {
                    CodeSet::Icd10Cm => diagnoses,
                    CodeSet::Icd10Pcs => procedures,
                };
                Ok(of_set.get(usize::from(segment)).map_or(&[], Vec::as_slice))
            }
            Some(judged @ Judged::Kept(_)) => {
                let Some(number) = judge.finding_number(judged) else {
                    return Ok(&self.empty);
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

    /// Gives the columns of a row, or a code, that cannot be read.
    pub(super) fn unreadable(&self, problem: &ProblemKind) -> Result<Vec<u8>> {
        line(
            self.delimiter,
            [UNREADABLE, "", "", "", "", "", &problem.to_string()],
        )
    }

    fn found(&self, finding: &Finding) -> Result<Vec<u8>> {
        let [verdict, release, day, uses, count, basis, why] = cells(finding, self.dots);
        line(
            self.delimiter,
            [&verdict, &release, &day, &uses, &count, &basis, &why],
        )
    }
}

/// Gives the cells of a finding, in the order of [`COLUMNS`].
pub(in crate::claims) fn cells(finding: &Finding, dots: bool) -> [String; 7] {
    let spell = |code: &crate::model::Code| {
        if dots {
            code.dotted(finding.code_set)
        } else {
            code.as_str().to_owned()
        }
    };
    let uses: Vec<String> = finding.uses.iter().map(spell).collect();
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
        uses.join(" "),
        count,
        finding
            .use_basis
            .map_or(String::new(), |basis| basis.name().to_owned()),
        finding.why.clone(),
    ]
}

/// Writes cells with the delimiter before each, quoted where they have to be.
fn line(delimiter: u8, cells: [&str; 7]) -> Result<Vec<u8>> {
    let fail = |error: csv::Error| {
        Error::new(ErrorKind::Io, format!("a row cannot be written: {error}"))
            .with_hint("this is a defect of codeyear")
    };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        // Rows are short, and a buffer of the usual size for each would cost more than the row.
        .buffer_capacity(256)
        .from_writer(vec![delimiter]);
    writer.write_record(cells).map_err(fail)?;
    let mut bytes = writer.into_inner().map_err(|error| {
        Error::new(
            ErrorKind::Io,
            format!("a row cannot be written: {}", error.error()),
        )
        .with_hint("this is a defect of codeyear")
    })?;
    bytes.pop();
    Ok(bytes)
}
