//! What was found of codes, kept for the next time that they come.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use super::clean::Writing;
use super::finding::Finding;
use super::index::SegmentNumber;
use super::tally::{FailureCount, FailureKey};
use codeyear_core::model::{CodeSet, VerdictKind};

/// The most codes in the cache of findings: some 30 MB. A file of nothing but errors costs time, not memory.
const MAX_KEPT: usize = 100_000;

/// At most a quarter of the cache holds unknown codes: typing errors rarely repeat.
const KEPT_TO_UNLISTED: usize = 4;

/// The number of nothing.
const NONE: u32 = u32::MAX;

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

/// What is asked of every code that was found before. It is small, and apart from what is asked at the end: memory is
/// what a failing code waits for.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeptCode {
    /// The first and the last segment in which the same is found of it, but for the release.
    pub(super) segments: (SegmentNumber, SegmentNumber),
    pub(super) verdict: VerdictKind,
    pub(super) code_set: CodeSet,
    /// Whether something stands around it that is counted.
    has_writing: bool,
    /// The number of what there is to write of it, or [`NONE`].
    finding: u32,
    /// What was found of the same code in other segments, or [`NONE`].
    next: u32,
}

/// What there is to say of codes.
#[derive(Debug)]
pub(super) struct KeptFinding {
    pub(super) finding: Finding,
    /// Whether its release is the one that governs the segment: then it is not that of the finding in others.
    pub(super) is_of_segment: bool,
}

/// A code of which something was found.
pub(super) struct FoundCode {
    pub(super) failure: FailureKey,
    /// What stands around it, if it would be a code without.
    pub(super) writing: Option<Writing>,
    pub(super) count: FailureCount,
    /// The number of what there is to write of it.
    pub(super) finding: Option<u32>,
}

/// All that is kept of what one thread found.
#[derive(Debug)]
pub(super) struct KeptFindings {
    /// The number of what was found last of a code.
    numbers: HashMap<u64, u32, BuildHasherDefault<KeyHasher>>,
    codes: Vec<KeptCode>,
    counts: Vec<FailureCount>,
    failures: Vec<(FailureKey, Option<Writing>)>,
    most: usize,
    /// How many of the codes no release lists.
    unlisted: usize,
    /// Those that have not been taken away.
    findings: Vec<KeptFinding>,
    taken: u32,
    /// What there is to write of any code with a verdict on a day, where it is the same of all.
    of_day: BTreeMap<(CodeSet, SegmentNumber, VerdictKind), u32>,
}

impl KeptFindings {
    pub(super) fn new() -> KeptFindings {
        KeptFindings {
            numbers: HashMap::default(),
            codes: Vec::new(),
            counts: Vec::new(),
            failures: Vec::new(),
            most: MAX_KEPT,
            unlisted: 0,
            findings: Vec::new(),
            taken: 0,
            of_day: BTreeMap::new(),
        }
    }

    /// Returns it with room for what is found of so many codes.
    pub(super) fn with_room(mut self, most: usize) -> KeptFindings {
        self.most = most;
        self
    }

    /// Checks whether there is room for a code.
    pub(super) fn has_room(&self, is_listed: bool) -> bool {
        self.codes.len() < self.most && (is_listed || self.unlisted < self.most / KEPT_TO_UNLISTED)
    }

    /// Returns the number of what was found of a code in a segment, or in another in which it is the same.
    #[inline]
    pub(super) fn known(&self, key: u64, segment: SegmentNumber) -> Option<u32> {
        let mut number = *self.numbers.get(&key)?;
        loop {
            let code = self.code(number)?;
            let (from, to) = code.segments;
            if (from..=to).contains(&segment) {
                return Some(number);
            }
            number = code.next;
        }
    }

    /// Adds what was found of a code in some segments. Returns its number.
    pub(super) fn keep(
        &mut self,
        key: u64,
        segments: (SegmentNumber, SegmentNumber),
        is_listed: bool,
        found: FoundCode,
    ) -> u32 {
        let number = u32::try_from(self.codes.len()).unwrap_or(NONE);
        self.unlisted += usize::from(!is_listed);
        self.codes.push(KeptCode {
            segments,
            verdict: found.failure.verdict,
            code_set: found.failure.code_set,
            has_writing: found.writing.is_some(),
            finding: found.finding.unwrap_or(NONE),
            next: self.numbers.insert(key, number).unwrap_or(NONE),
        });
        self.counts.push(found.count);
        self.failures.push((found.failure, found.writing));
        number
    }

    #[inline]
    pub(super) fn code(&self, number: u32) -> Option<&KeptCode> {
        self.codes.get(number as usize)
    }

    /// Returns what stands around a code, if that is counted.
    pub(super) fn writing(&self, number: u32) -> Option<Writing> {
        let code = self.code(number).filter(|code| code.has_writing);
        code.and_then(|_| self.failures.get(number as usize)?.1)
    }

    #[inline]
    pub(super) fn count_mut(&mut self, number: u32) -> Option<&mut FailureCount> {
        self.counts.get_mut(number as usize)
    }

    /// Returns how often each code failed.
    pub(super) fn failures(&self) -> impl Iterator<Item = (FailureKey, &FailureCount)> {
        let failures = self.failures.iter().zip(&self.counts);
        failures.map(|((failure, _), count)| (*failure, count))
    }

    /// Returns the number of what there is to say of every code with a verdict on the days of a segment, if that is kept.
    pub(super) fn of_day(&self, of_day: (CodeSet, SegmentNumber, VerdictKind)) -> Option<u32> {
        self.of_day.get(&of_day).copied()
    }

    /// Adds what there is to say of a code, or of every code on such a day. Returns its number.
    pub(super) fn add(
        &mut self,
        finding: KeptFinding,
        of_day: Option<(CodeSet, SegmentNumber, VerdictKind)>,
    ) -> u32 {
        let left = u32::try_from(self.findings.len()).unwrap_or(NONE);
        let number = self.taken.saturating_add(left);
        if let Some(of_day) = of_day {
            self.of_day.insert(of_day, number);
        }
        self.findings.push(finding);
        number
    }

    /// Returns what there is to say by its number, if it was not taken away.
    pub(super) fn finding(&self, number: u32) -> Option<&KeptFinding> {
        let left = number.checked_sub(self.taken)?;
        self.findings.get(left as usize)
    }

    /// Returns the findings that have come since the last time, in the order of their numbers, and keeps none of them.
    pub(super) fn take(&mut self) -> std::vec::Drain<'_, KeptFinding> {
        self.taken += u32::try_from(self.findings.len()).unwrap_or(NONE);
        self.findings.drain(..)
    }
}

impl KeptCode {
    /// Returns the number of what there is to write of it.
    #[inline]
    pub(super) fn finding(&self) -> Option<u32> {
        Some(self.finding).filter(|number| *number != NONE)
    }
}
