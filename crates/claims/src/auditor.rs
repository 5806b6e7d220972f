//! Judging one code after another, and counting.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use chrono::NaiveDate;

use super::claim::CodeSystem;
use super::finding::Finding;
use super::index::{Index, SegmentNumber, SetIndex, segment_at};
use super::packed::{pack, trim};
use super::tally::{FailureCount, Tally};
use codeyear_core::error::Result;
use codeyear_core::model::{Code, CodeSet, ReleaseId, VerdictKind};

/// The most codes of which it is kept what was found, for the next time that the same code comes on such a day: some
/// 30 MB with the findings. A file of nothing but errors costs time, not memory.
const MAX_KEPT: usize = 100_000;

/// Of those, one in so many may be a code that no release lists: slips have no end, and few come twice.
const KEPT_TO_UNLISTED: usize = 4;

/// What was found of one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CodeOutcome {
    /// Billable: of this code set, in this segment of its calendar.
    Billable(CodeSet, SegmentNumber),
    /// The number of a finding, for [`Auditor::finding`]. It stays the same for the next such code.
    CachedFinding(usize),
    /// A finding for [`Auditor::finding`] that the next one replaces.
    Once,
    /// Of a code set that is not kept: not judged.
    OtherSet,
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

/// What is done with codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// They are judged, and what is found of each is written.
    Write,
    /// They are judged and counted; what there is to say of a failing code is told once, in the summary.
    Count,
    /// They are counted without being judged.
    Census,
}

/// Judges codes and counts what it finds: one a thread.
#[derive(Debug)]
pub(super) struct Auditor<'i> {
    index: &'i Index,
    purpose: Purpose,
    numbers: HashMap<u64, usize, BuildHasherDefault<KeyHasher>>,
    kept: Vec<CachedFinding>,
    most_kept: usize,
    /// How many of those kept no release lists.
    kept_unlisted: usize,
    /// Those that have not been taken away.
    findings: Vec<Finding>,
    taken: usize,
    /// What there is to say of any code on a day that no release governs, by code set and segment.
    of_day: BTreeMap<(CodeSet, SegmentNumber), usize>,
    once: Option<(CachedFinding, Option<Finding>)>,
    tally: Tally,
}

/// Hashes packed codes, which are looked up for every failing row. Their number is bounded, so that codes chosen to
/// collide cost time and no more.
#[derive(Debug, Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, key: u64) {
        let mixed = (self.0 ^ key).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

/// What is found of a code in a segment, and how often.
#[derive(Debug)]
struct CachedFinding {
    code_set: CodeSet,
    code: Option<Code>,
    verdict: VerdictKind,
    /// The number of what there is to write of it.
    finding: Option<usize>,
    count: FailureCount,
}

impl<'i> Auditor<'i> {
    pub(super) fn new(index: &'i Index, purpose: Purpose) -> Auditor<'i> {
        Auditor {
            index,
            purpose,
            numbers: HashMap::default(),
            kept: Vec::new(),
            most_kept: MAX_KEPT,
            kept_unlisted: 0,
            findings: Vec::new(),
            taken: 0,
            of_day: BTreeMap::new(),
            once: None,
            tally: Tally::new(index),
        }
    }

    /// Keeps what is found of so many codes, if the findings are taken away.
    pub(super) fn keeping(mut self, most: usize) -> Auditor<'i> {
        self.most_kept = most;
        self
    }

    /// Judges a code; `None` if the day is none of the calendar.
    pub(super) fn judge(
        &mut self,
        system: CodeSystem,
        text: &[u8],
        day: Day,
        cents: Option<i64>,
    ) -> Result<Option<CodeOutcome>> {
        let code_set = match system {
            CodeSystem::Of(code_set) => code_set,
            CodeSystem::Other => {
                self.tally.count_not_judged();
                return Ok(Some(CodeOutcome::OtherSet));
            }
            CodeSystem::Detected => {
                let first = self.index.set(CodeSet::default());
                if let Some(life) = first.find(text)
                    && let Some(segment) = segment_at(&first.days, day)
                    && first.class(life, segment) == VerdictKind::Billable
                    && self.purpose != Purpose::Census
                {
                    // What most codes are, without looking twice.
                    let billable = VerdictKind::Billable;
                    self.tally
                        .count(first.code_set, Some(segment), billable, day, cents);
                    return Ok(Some(CodeOutcome::Billable(first.code_set, segment)));
                }
                self.tell(text)?
            }
        };
        let set = self.index.set(code_set);
        let packed = pack(trim(text), code_set.facts().dot_after.is_some());
        let life = packed.and_then(|packed| set.find_packed(packed));
        if self.purpose == Purpose::Census {
            self.tally
                .count_code(code_set, packed.filter(|_| life.is_some()));
            return Ok(Some(CodeOutcome::OtherSet));
        }
        let segment = segment_at(&set.days, day);
        if let (Some(segment), Some(life)) = (segment, life) {
            let kind = set.class(life, segment);
            if kind == VerdictKind::Billable {
                self.tally.count(code_set, Some(segment), kind, day, cents);
                return Ok(Some(CodeOutcome::Billable(code_set, segment)));
            }
        }
        let Some(date) = day.date() else {
            return Ok(None);
        };
        let key = packed.zip(segment).map(|(packed, segment)| {
            let set = code_set as u64;
            set << 60 | packed << SegmentNumber::BITS | u64::from(segment)
        });
        if let Some(number) = key.and_then(|key| self.numbers.get(&key)).copied()
            && let Some(kept) = self.kept.get_mut(number)
        {
            kept.count.add(&FailureCount::one(date, cents));
            self.tally
                .count(code_set, segment, kept.verdict, day, cents);
            return Ok(Some(CodeOutcome::CachedFinding(number)));
        }
        let text = String::from_utf8_lossy(text);
        let verdict = self.index.verdict(code_set, &text, date)?;
        let mut kept = CachedFinding {
            code_set,
            code: code_set.parse_code(&text).ok(),
            verdict,
            finding: None,
            count: FailureCount::one(date, cents),
        };
        self.tally.count(code_set, segment, verdict, day, cents);
        let shared = segment
            .filter(|_| matches!(verdict, VerdictKind::NotCovered | VerdictKind::NotInForce));
        let shared = shared.map(|segment| (code_set, segment));
        kept.finding = shared.and_then(|of_day| self.of_day.get(&of_day)).copied();
        if matches!(verdict, VerdictKind::Header | VerdictKind::Deleted) {
            // The summary will need the conversion tables: better read now, beside the other threads.
            self.index.conversions()?;
        }
        let mut finding = None;
        if self.purpose == Purpose::Write && kept.finding.is_none() {
            finding = Some(self.index.find(code_set, &text, date)?);
        }
        let keeps = self.kept.len() < self.most_kept
            && (life.is_some() || self.kept_unlisted < self.most_kept / KEPT_TO_UNLISTED);
        let Some(key) = key.filter(|_| keeps) else {
            self.tally.fail(code_set, kept.code, verdict, &kept.count);
            self.once = Some((kept, finding));
            return Ok(Some(CodeOutcome::Once));
        };
        if let Some(finding) = finding {
            let number = self.taken + self.findings.len();
            kept.finding = Some(number);
            if let Some(of_day) = shared {
                self.of_day.insert(of_day, number);
            }
            self.findings.push(finding);
        }
        let number = self.kept.len();
        self.kept_unlisted += usize::from(life.is_none());
        self.numbers.insert(key, number);
        self.kept.push(kept);
        Ok(Some(CodeOutcome::CachedFinding(number)))
    }

    /// Returns what is known of a code set.
    pub(super) fn set(&self, code_set: CodeSet) -> &'i SetIndex {
        self.index.set(code_set)
    }

    /// Counts a code that is known to be billable.
    #[inline]
    pub(super) fn count_billable(&mut self, code_set: CodeSet, segment: SegmentNumber, day: Day) {
        let billable = VerdictKind::Billable;
        self.tally
            .count(code_set, Some(segment), billable, day, None);
    }

    /// Returns a finding; `None` for what is not one.
    pub(super) fn finding(&self, judged: CodeOutcome) -> Option<&Finding> {
        match (judged, &self.once) {
            (CodeOutcome::Once, Some((_, Some(finding)))) => Some(finding),
            _ => self.numbered(self.finding_number(judged)?),
        }
    }

    /// Returns the number of a finding; codes of which the same is to be said share one.
    pub(super) fn finding_number(&self, judged: CodeOutcome) -> Option<usize> {
        self.kept(judged)?.finding
    }

    /// Takes away the findings that have come since the last time, in the order of their numbers.
    pub(super) fn take_findings(&mut self) -> std::vec::Drain<'_, Finding> {
        self.taken += self.findings.len();
        self.findings.drain(..)
    }

    fn numbered(&self, number: usize) -> Option<&Finding> {
        self.findings.get(number.checked_sub(self.taken)?)
    }

    fn kept(&self, judged: CodeOutcome) -> Option<&CachedFinding> {
        match judged {
            CodeOutcome::CachedFinding(number) => self.kept.get(number),
            CodeOutcome::Once => self.once.as_ref().map(|(kept, _)| kept),
            CodeOutcome::Billable(..) | CodeOutcome::OtherSet => None,
        }
    }

    /// Returns the release in force in a segment.
    pub(super) fn release(&self, code_set: CodeSet, segment: SegmentNumber) -> Option<ReleaseId> {
        let segments = &self.index.set(code_set).segments;
        segments.get(usize::from(segment))?.release
    }

    /// Checks whether what was judged is a failure.
    pub(super) fn fails(&self, judged: CodeOutcome) -> bool {
        let kept = self.kept(judged);
        kept.is_some_and(|kept| kept.verdict != VerdictKind::Billable)
    }

    /// Returns what else is counted on the way.
    pub(super) fn tally_mut(&mut self) -> &mut Tally {
        &mut self.tally
    }

    /// Ends the judging.
    pub(super) fn into_tally(mut self) -> Tally {
        for kept in &self.kept {
            self.tally
                .fail(kept.code_set, kept.code, kept.verdict, &kept.count);
        }
        self.tally
    }

    /// Returns the code set of a text.
    fn tell(&self, text: &[u8]) -> Result<CodeSet> {
        let mut sets = CodeSet::ALL.into_iter();
        if let Some(code_set) = sets.find(|set| self.index.set(*set).find(text).is_some()) {
            return Ok(code_set);
        }
        let told = self
            .index
            .code_set_of(CodeSystem::Detected, &String::from_utf8_lossy(text))?;
        Ok(told.unwrap_or_default())
    }
}
