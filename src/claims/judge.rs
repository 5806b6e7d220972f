//! Judging one code after another, and counting.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::claim::CodeSystem;
use super::finding::Finding;
use super::index::{Index, VerdictKind, pack, segment_at, trim};
use super::tally::Tally;
use crate::error::Result;
use crate::model::{CodeSet, ReleaseId};

/// The most findings that are kept for the next time that the same code comes on such a day: some 15 MB.
/// A file of nothing but errors costs time, not memory.
const MOST_KEPT: usize = 50_000;

/// What was found of one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// Billable: of this code set, in this segment of its calendar.
    Billable(CodeSet, u8),
    /// The number of a finding, for [`Judge::finding`]. It stays the same for the next such code.
    Kept(usize),
    /// A finding for [`Judge::finding`] that the next one replaces.
    Once,
    /// Of a code set that is not kept: not judged.
    NotJudged,
}

/// A day in parts, as it is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) year: i32,
    pub(super) month: u32,
    pub(super) day: u32,
}

impl Day {
    pub(super) fn of(date: NaiveDate) -> Day {
        use chrono::Datelike;
        Day {
            year: date.year(),
            month: date.month(),
            day: date.day(),
        }
    }

    pub(super) fn date(self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(self.year, self.month, self.day)
    }
}

/// Judges codes and counts what it finds: one a thread.
#[derive(Debug)]
pub(super) struct Judge<'i> {
    index: &'i Index,
    numbers: HashMap<u64, usize>,
    findings: Vec<Finding>,
    /// For each kept finding what is counted of it.
    counts: Vec<Count>,
    once: Option<Finding>,
    /// Codes are counted and not judged.
    counts_codes: bool,
    tally: Tally,
}

/// What is counted of one finding.
#[derive(Debug, Clone, Copy)]
struct Count {
    codes: u64,
    cents: i64,
    first: NaiveDate,
    last: NaiveDate,
}

impl<'i> Judge<'i> {
    pub(super) fn new(index: &'i Index, counts_codes: bool) -> Judge<'i> {
        Judge {
            index,
            numbers: HashMap::new(),
            findings: Vec::new(),
            counts: Vec::new(),
            once: None,
            counts_codes,
            tally: Tally::new(index),
        }
    }

    /// Judges a code; `None` if the day is none of the calendar.
    pub(super) fn judge(
        &mut self,
        system: CodeSystem,
        text: &[u8],
        day: Day,
        cents: Option<i64>,
    ) -> Result<Option<Judged>> {
        let code_set = match system {
            CodeSystem::Of(code_set) => code_set,
            CodeSystem::Other => {
                self.tally.count_not_judged();
                return Ok(Some(Judged::NotJudged));
            }
            CodeSystem::Told if self.index.set(CodeSet::Icd10Cm).find(text).is_some() => {
                CodeSet::Icd10Cm
            }
            CodeSystem::Told => self.tell(text)?,
        };
        let set = self.index.set(code_set);
        if self.counts_codes {
            let packed = pack(trim(text), code_set == CodeSet::Icd10Cm);
            let listed = packed.filter(|packed| set.find_packed(*packed).is_some());
            self.tally.count_code(code_set, listed);
            return Ok(Some(Judged::NotJudged));
        }
        let segment = segment_at(&set.days, day.year, day.month, day.day);
        if let (Some(segment), Some(life)) = (segment, set.find(text)) {
            let kind = set.class(life, segment);
            if kind == VerdictKind::Billable {
                self.tally.count(code_set, Some(segment), kind, day, cents);
                return Ok(Some(Judged::Billable(code_set, segment)));
            }
        }
        let packed = pack(trim(text), code_set == CodeSet::Icd10Cm);
        let key = packed.zip(segment).map(|(packed, segment)| {
            let set = u64::from(code_set == CodeSet::Icd10Pcs);
            set << 63 | packed << 8 | u64::from(segment)
        });
        if let Some(number) = key.and_then(|key| self.numbers.get(&key)).copied() {
            if let (Some(count), Some(finding)) =
                (self.counts.get_mut(number), self.findings.get(number))
                && let Some(date) = day.date()
            {
                count.codes += 1;
                count.cents += cents.unwrap_or_default();
                count.first = count.first.min(date);
                count.last = count.last.max(date);
                self.tally
                    .count(code_set, segment, finding.verdict, day, cents);
            }
            return Ok(Some(Judged::Kept(number)));
        }
        let Some(date) = day.date() else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(text);
        let finding = self.index.find(code_set, &text, date)?;
        self.tally
            .count(code_set, segment, finding.verdict, day, cents);
        let count = Count {
            codes: 1,
            cents: cents.unwrap_or_default(),
            first: date,
            last: date,
        };
        match key {
            Some(key) if self.findings.len() < MOST_KEPT => {
                let number = self.findings.len();
                self.numbers.insert(key, number);
                self.findings.push(finding);
                self.counts.push(count);
                Ok(Some(Judged::Kept(number)))
            }
            _ => {
                if finding.verdict != VerdictKind::Billable {
                    self.tally.fail(&finding, 1, count.cents, date, date);
                }
                self.once = Some(finding);
                Ok(Some(Judged::Once))
            }
        }
    }

    /// Gives a finding; `None` for what is not one.
    pub(super) fn finding(&self, judged: Judged) -> Option<&Finding> {
        match judged {
            Judged::Kept(number) => self.findings.get(number),
            Judged::Once => self.once.as_ref(),
            Judged::Billable(..) | Judged::NotJudged => None,
        }
    }

    /// Gives the release in force in a segment.
    pub(super) fn release(&self, code_set: CodeSet, segment: u8) -> Option<ReleaseId> {
        let segments = &self.index.set(code_set).segments;
        segments.get(usize::from(segment))?.release
    }

    /// Tells whether what was judged is a failure.
    pub(super) fn fails(&self, judged: Judged) -> bool {
        let finding = self.finding(judged);
        finding.is_some_and(|finding| finding.verdict != VerdictKind::Billable)
    }

    /// Gives what else is counted on the way.
    pub(super) fn tally_mut(&mut self) -> &mut Tally {
        &mut self.tally
    }

    /// Ends the judging.
    pub(super) fn into_tally(mut self) -> Tally {
        for (finding, count) in self.findings.iter().zip(&self.counts) {
            if finding.verdict != VerdictKind::Billable {
                self.tally
                    .fail(finding, count.codes, count.cents, count.first, count.last);
            }
        }
        self.tally
    }

    /// Tells the code set of a text that is no diagnosis in plain spelling.
    fn tell(&self, text: &[u8]) -> Result<CodeSet> {
        if self.index.set(CodeSet::Icd10Pcs).find(text).is_some() {
            return Ok(CodeSet::Icd10Pcs);
        }
        let told = self
            .index
            .code_set_of(CodeSystem::Told, &String::from_utf8_lossy(text))?;
        Ok(told.unwrap_or(CodeSet::Icd10Cm))
    }
}
