//! Judging one code after another, and counting.

#![allow(
    clippy::indexing_slicing,
    reason = "an outcome names a segment of the calendar that it was found in"
)]

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use chrono::NaiveDate;

use super::claim::{CodeSystem, ProblemKind};
use super::clean::{Writing, clean, with_zeros};
use super::day::{DateFormat, Day};
use super::finding::Finding;
use super::found::Found;
use super::index::{Index, SegmentNumber, SetIndex, segment_at};
use super::not_judged::{NotJudged, looks_like};
use super::nulls::Nulls;
use super::options::RowOptions;
use super::packed::{pack, trim};
use super::poa::PoaCache;
use super::tally::{FailureCount, FailureKey, Tally};
use codeyear_core::error::Result;
use codeyear_core::model::{Code, CodeSet, VerdictKind};

/// The most codes of which it is kept what was found, for the next time that the same code comes on such a day: some
/// 30 MB with the findings. A file of nothing but errors costs time, not memory.
const MAX_KEPT: usize = 100_000;

/// Of those, one in so many may be a code that no release lists: slips have no end, and few come twice.
const KEPT_TO_UNLISTED: usize = 4;

/// What was found of one code. Its tag is a whole word, because it is handed on for every code: pieces of a word that
/// were just written are slow to read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[repr(u64)]
pub(super) enum CodeOutcome {
    /// No code stands there.
    Nothing,
    /// Billable: of this code set, in this segment of its calendar.
    Billable(CodeSet, SegmentNumber),
    /// The number of a finding, for [`Auditor::found`]. It stays the same for the next such code.
    CachedFinding(usize),
    /// A finding for [`Auditor::found`] that the next one replaces.
    Once,
    /// It is not judged. Boxed as below.
    NotJudged(Box<NotJudged>),
    /// It cannot be read, or its day cannot. Boxed: what most codes are is small.
    Unreadable(Box<ProblemKind>),
}

/// Where a claim stands by one of its codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing speaks against it.
    Good,
    /// The code could not be judged or read.
    Open,
    /// The code is known not to be billable: the claim would be rejected.
    Fails,
}

/// A code that is to be judged.
#[derive(Clone, Copy)]
pub(super) struct AuditedCode<'c> {
    pub(super) system: CodeSystem,
    /// What is written for its code set.
    pub(super) label: &'c [u8],
    pub(super) text: &'c [u8],
    /// The day on which it has to be valid, or why there is none.
    pub(super) day: std::result::Result<Day, &'c ProblemKind>,
    /// The first day that it may be, where the claim leaves that open.
    pub(super) since: Option<NaiveDate>,
    /// What the claim says of whether the diagnosis was present on admission.
    pub(super) poa: &'c [u8],
    /// How dates are written, for a day that is none of the calendar.
    pub(super) format: DateFormat,
}

/// What an audit goes by, whatever is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct AuditRules<'a> {
    /// The name of the file, for messages.
    pub(super) file: &'a str,
    pub(super) options: RowOptions,
    /// Whether claims are rows of a table: what of one cannot be read is said of the row, and once.
    pub(super) are_rows: bool,
    /// Whether what is found of each code is written. Otherwise what there is to say of a failing code is told once,
    /// in the summary.
    pub(super) writes: bool,
}

/// Judges codes and counts what it finds: one a thread.
#[derive(Debug)]
pub(super) struct Auditor<'i> {
    index: &'i Index,
    pub(super) rules: AuditRules<'i>,
    numbers: HashMap<u64, usize, BuildHasherDefault<KeyHasher>>,
    kept: Vec<CachedFinding>,
    most_kept: usize,
    /// How many of those kept no release lists.
    kept_unlisted: usize,
    /// Those that have not been taken away.
    findings: Vec<Finding>,
    taken: usize,
    /// Whether nothing is written of a code but its verdict and the release.
    is_brief: bool,
    /// What there is to write of any code with a verdict on a day, where it is the same of all.
    of_day: BTreeMap<(CodeSet, SegmentNumber, VerdictKind), usize>,
    once: Option<(CachedFinding, Option<Finding>)>,
    poa: PoaCache,
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
    /// The code set that the claim says, if it ended before the day.
    ended: Option<&'static str>,
    code: Option<Code>,
    verdict: VerdictKind,
    /// The number of what there is to write of it.
    finding: Option<usize>,
    count: FailureCount,
    /// What stands around it, if it would be a code without.
    writing: Option<Writing>,
}

impl CachedFinding {
    fn failure(&self) -> FailureKey {
        FailureKey {
            code_set: self.code_set,
            code: self.code,
            verdict: self.verdict,
            ended: self.ended,
        }
    }
}

/// Which code set a code is of.
enum Told {
    /// This one.
    Of {
        code_set: CodeSet,
        /// The code set that the claim says instead, if that ended before the day.
        ended: Option<&'static str>,
    },
    /// None that is judged.
    NotJudged(NotJudged),
}

impl Told {
    fn of(code_set: CodeSet) -> Told {
        Told::Of {
            code_set,
            ended: None,
        }
    }
}

fn unreadable(kind: ProblemKind) -> CodeOutcome {
    CodeOutcome::Unreadable(Box::new(kind))
}

/// Checks whether one of our code sets took the place of another one.
fn has_successor(name: &str) -> bool {
    CodeSet::successors_of(name).next().is_some()
}

impl<'i> Auditor<'i> {
    pub(super) fn new(index: &'i Index, rules: AuditRules<'i>) -> Auditor<'i> {
        Auditor {
            index,
            rules,
            numbers: HashMap::default(),
            kept: Vec::new(),
            most_kept: MAX_KEPT,
            kept_unlisted: 0,
            findings: Vec::new(),
            taken: 0,
            is_brief: rules.options.columns.are_brief(),
            of_day: BTreeMap::new(),
            once: None,
            poa: PoaCache::default(),
            tally: Tally::new(index),
        }
    }

    /// Returns the auditor with room for what is found of so many codes, if the findings are taken away.
    pub(super) fn keeping(mut self, most: usize) -> Auditor<'i> {
        self.most_kept = most;
        self
    }

    /// Judges a code and counts what is found. Inlined as its caller is, [`Auditor::claim`].
    #[inline(always)]
    pub(super) fn judge(
        &mut self,
        code: &AuditedCode<'_>,
        cents: Option<i64>,
    ) -> Result<CodeOutcome> {
        let day = match code.day {
            Ok(day) => day,
            // What is known to be no code of ours needs none either.
            Err(_)
                if match code.system {
                    // Whether it was in force rests on the day.
                    CodeSystem::Other(other) => !has_successor(other.name),
                    CodeSystem::Translation(_) | CodeSystem::Others => true,
                    _ => false,
                } =>
            {
                Day::of(NaiveDate::MIN)
            }
            // Codes that are only counted need none.
            Err(_) if self.rules.options.count_codes => Day::of(NaiveDate::MIN),
            Err(kind) => return Ok(unreadable(kind.clone())),
        };
        if !code.text.is_ascii() && std::str::from_utf8(code.text).is_err() {
            return Ok(unreadable(ProblemKind::NotUtf8));
        }
        if code.since.is_some()
            && !self.rules.options.count_codes
            && let Some(open) = self.open_day(code, day)?
        {
            return Ok(unreadable(open));
        }
        let judged = self.judge_on(code, day, cents)?;
        if !code.poa.is_empty()
            && let Some(CodeOutcome::Billable(code_set, _)) = &judged
        {
            self.remark_poa(*code_set, code, day)?;
        }
        Ok(judged.unwrap_or_else(|| {
            let expected = code.format.pattern();
            unreadable(ProblemKind::BadDate { expected })
        }))
    }

    /// Notes where what a claim says of a diagnosis on admission does not agree with the list of exempt codes.
    #[cold]
    fn remark_poa(&mut self, code_set: CodeSet, code: &AuditedCode<'_>, day: Day) -> Result<()> {
        let Some(date) = day.date() else {
            return Ok(());
        };
        let text = String::from_utf8_lossy(code.text);
        let indicator = match Nulls::default().are(code.poa) {
            true => return Ok(()),
            false => String::from_utf8_lossy(code.poa),
        };
        let remark = self
            .poa
            .remark(self.index, (code_set, &text), date, &indicator)?;
        if let Some(remark) = remark {
            self.tally.remark(remark);
        }
        Ok(())
    }

    /// Returns how the days differ that a claim leaves open; `None` if the verdict is the same on all of them.
    fn open_day(&self, code: &AuditedCode<'_>, last: Day) -> Result<Option<ProblemKind>> {
        let (Some(since), Some(last)) = (code.since, last.date()) else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(code.text);
        let told = self.told(code, &text, Day::of(last))?;
        let Told::Of { code_set, .. } = told else {
            return Ok(None);
        };
        let first = self.index.verdict(code_set, &text, since)?;
        let segments = self.index.set(code_set).segments.iter();
        let begun = segments.filter(|segment| since < segment.from && segment.from <= last);
        for segment in begun {
            let then = self.index.verdict(code_set, &text, segment.from)?;
            if then != first {
                return Ok(Some(ProblemKind::Uncertain {
                    first,
                    from: segment.from,
                    then,
                }));
            }
        }
        Ok(None)
    }

    /// Judges a code on a day; `None` if it is none of the calendar.
    fn judge_on(
        &mut self,
        code: &AuditedCode<'_>,
        day: Day,
        cents: Option<i64>,
    ) -> Result<Option<CodeOutcome>> {
        let text = code.text;
        let (code_set, ended) = match code.system {
            CodeSystem::Of(code_set) => (code_set, None),
            CodeSystem::Detected => {
                let first = self.index.set(CodeSet::default());
                if let Some(life) = first.find(text)
                    && let Some(segment) = segment_at(&first.days, day)
                    && first.class(life, segment) == VerdictKind::Billable
                    && !self.rules.options.count_codes
                {
                    // What most codes are, without looking twice.
                    let billable = VerdictKind::Billable;
                    self.tally
                        .count(first.code_set, Some(segment), billable, day, cents);
                    return Ok(Some(CodeOutcome::Billable(first.code_set, segment)));
                }
                match self.told(code, &String::from_utf8_lossy(text), day)? {
                    Told::Of { code_set, ended } => (code_set, ended),
                    Told::NotJudged(reason) => return Ok(self.not_judged_on(reason, day)),
                }
            }
            _ => match self.told(code, &String::from_utf8_lossy(text), day)? {
                Told::Of { code_set, ended } => (code_set, ended),
                Told::NotJudged(reason) => return Ok(self.not_judged_on(reason, day)),
            },
        };
        let set = self.index.set(code_set);
        let packed = pack(trim(text), code_set.facts().dot_after.is_some());
        let life = packed.and_then(|packed| set.find_packed(packed));
        if self.rules.options.count_codes {
            self.tally
                .count_code(code_set, packed.filter(|_| life.is_some()));
            return Ok(Some(CodeOutcome::Nothing));
        }
        let segment = segment_at(&set.days, day);
        if let (Some(segment), Some(life), None) = (segment, life, ended) {
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
            set << 60
                | u64::from(ended.is_some()) << 59
                | packed << SegmentNumber::BITS
                | u64::from(segment)
        });
        if let Some(number) = key.and_then(|key| self.numbers.get(&key)).copied()
            && let Some(kept) = self.kept.get_mut(number)
        {
            kept.count.add(&FailureCount::one(date, cents));
            self.tally.count_writing(kept.writing);
            self.tally
                .count(code_set, segment, kept.verdict, day, cents);
            return Ok(Some(CodeOutcome::CachedFinding(number)));
        }
        let text = String::from_utf8_lossy(text);
        let verdict = match ended {
            None => self.index.verdict(code_set, &text, date)?,
            Some(_) => VerdictKind::NotInForce,
        };
        let writing = match verdict {
            VerdictKind::Unknown => self.written(code, code_set, &text),
            _ => None,
        };
        let writing = match writing {
            Some((_, clean)) if self.rules.options.clean_codes && !clean.is_empty() => {
                let code = AuditedCode {
                    text: clean.as_bytes(),
                    ..*code
                };
                return self.judge_clean(&code, day, cents);
            }
            writing => writing.map(|(writing, _)| writing),
        };
        self.tally.count_writing(writing);
        let mut kept = CachedFinding {
            code_set,
            ended,
            writing,
            code: code_set.parse_code(&text).ok(),
            verdict,
            finding: None,
            count: FailureCount::one(date, cents),
        };
        self.tally.count(code_set, segment, verdict, day, cents);
        let is_shared = match verdict {
            VerdictKind::NotCovered | VerdictKind::NotInForce => true,
            _ => self.is_brief && kept.code.is_some(),
        };
        let shared = segment
            .filter(|_| is_shared && ended.is_none())
            .map(|segment| (code_set, segment, verdict));
        kept.finding = shared.and_then(|of_day| self.of_day.get(&of_day)).copied();
        if matches!(verdict, VerdictKind::Header | VerdictKind::Deleted) {
            // The summary will need the conversion tables: better read now, beside the other threads.
            self.index.conversions()?;
        }
        let mut finding = None;
        if self.rules.writes && kept.finding.is_none() {
            finding = Some(self.index.find_under(ended, code_set, &text, date)?);
        }
        let keeps = self.kept.len() < self.most_kept
            && (life.is_some() || self.kept_unlisted < self.most_kept / KEPT_TO_UNLISTED);
        let Some(key) = key.filter(|_| keeps) else {
            self.tally.fail(kept.failure(), &kept.count);
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

    /// Judges a code without what stood around it.
    fn judge_clean(
        &mut self,
        code: &AuditedCode<'_>,
        day: Day,
        cents: Option<i64>,
    ) -> Result<Option<CodeOutcome>> {
        self.tally
            .remark("a code that was read without what stands around it");
        self.judge_on(code, day, cents)
    }

    /// Returns what stands around a text that would be a code without, and that code; of several codes none.
    fn written(
        &self,
        code: &AuditedCode<'_>,
        code_set: CodeSet,
        text: &str,
    ) -> Option<(Writing, String)> {
        let all = match code.system {
            CodeSystem::Of(_) => std::slice::from_ref(&code_set),
            _ => &CodeSet::ALL[..],
        };
        let found = clean(text, |text| self.listing(all, text).is_some());
        // Another book's code may be as short as what is left of one of ours.
        let zeros = || match code.system {
            CodeSystem::Of(_) => {
                with_zeros(text, 7).filter(|text| self.listing(all, text).is_some())
            }
            _ => None,
        };
        found.or_else(|| Some((Writing::Zeros, zeros()?)))
    }

    /// Returns what is known of a code set.
    pub(super) fn set(&self, code_set: CodeSet) -> &'i SetIndex {
        self.index.set(code_set)
    }

    /// Counts a code that is known to be billable.
    #[inline]
    pub(super) fn count_billable(&mut self, code_set: CodeSet, segment: SegmentNumber, day: Day) {
        self.tally.count_billable(code_set, segment, day);
    }

    /// Returns what there is to say of a code.
    pub(super) fn found<'f>(&'f self, outcome: &'f CodeOutcome) -> Found<'f> {
        let finding = match (outcome, &self.once) {
            (CodeOutcome::Nothing, _) => return Found::Nothing,
            (CodeOutcome::Unreadable(kind), _) => return Found::Unreadable(kind),
            (CodeOutcome::NotJudged(reason), _) => return Found::NotJudged(reason),
            (CodeOutcome::Billable(code_set, segment), _) => {
                let segments = &self.set(*code_set).segments;
                return Found::Billable(segments[usize::from(*segment)].release);
            }
            (CodeOutcome::Once, Some((_, Some(finding)))) => Some(finding),
            _ => self.finding_number(outcome).and_then(|number| {
                let left = number.checked_sub(self.taken)?;
                self.findings.get(left)
            }),
        };
        finding.map_or(Found::Nothing, Found::Fails)
    }

    /// Returns the number of a finding; codes of which the same is to be said share one.
    pub(super) fn finding_number(&self, outcome: &CodeOutcome) -> Option<usize> {
        self.kept(outcome)?.finding
    }

    /// Returns the findings that have come since the last time, in the order of their numbers, and keeps none of them.
    pub(super) fn take_findings(&mut self) -> std::vec::Drain<'_, Finding> {
        self.taken += self.findings.len();
        self.findings.drain(..)
    }

    fn kept(&self, outcome: &CodeOutcome) -> Option<&CachedFinding> {
        match outcome {
            CodeOutcome::CachedFinding(number) => self.kept.get(*number),
            CodeOutcome::Once => self.once.as_ref().map(|(kept, _)| kept),
            _ => None,
        }
    }

    /// Checks whether a code is not billable, or cannot be read.
    #[inline]
    pub(super) fn is_failure(&self, outcome: &CodeOutcome) -> bool {
        let kept = self.kept(outcome);
        matches!(outcome, CodeOutcome::Unreadable(_))
            || kept.is_some_and(|kept| kept.verdict != VerdictKind::Billable)
    }

    /// Counts a code of a column by whether any release lists it.
    pub(super) fn count_column(&mut self, at: usize, outcome: &CodeOutcome) {
        let is_listed = match outcome {
            CodeOutcome::Nothing | CodeOutcome::Unreadable(_) => return,
            CodeOutcome::NotJudged(_) => false,
            CodeOutcome::Billable(..) => true,
            CodeOutcome::CachedFinding(_) | CodeOutcome::Once => {
                let kept = self.kept(outcome);
                kept.is_none_or(|kept| kept.verdict != VerdictKind::Unknown)
            }
        };
        self.tally.count_column(at, is_listed);
    }

    /// Returns where a claim stands by a code.
    pub(super) fn standing(&self, outcome: &CodeOutcome) -> Standing {
        match outcome {
            CodeOutcome::Nothing | CodeOutcome::Billable(..) => Standing::Good,
            CodeOutcome::Unreadable(_) => Standing::Open,
            CodeOutcome::NotJudged(reason) => match reason.is_undetermined() {
                true => Standing::Open,
                false => Standing::Good,
            },
            CodeOutcome::CachedFinding(_) | CodeOutcome::Once => match self.kept(outcome) {
                Some(kept) if kept.verdict.is_failure() => Standing::Fails,
                Some(kept) if kept.verdict == VerdictKind::NotCovered => Standing::Open,
                _ => Standing::Good,
            },
        }
    }

    /// Counts a claim of which a code is the first that fails.
    pub(super) fn count_first_failure(&mut self, outcome: &CodeOutcome) {
        match outcome {
            CodeOutcome::CachedFinding(number) => {
                if let Some(kept) = self.kept.get_mut(*number) {
                    kept.count.count_claim();
                }
            }
            CodeOutcome::Once => {
                if let Some((kept, _)) = &self.once {
                    self.tally.count_first_failure(kept.failure());
                }
            }
            _ => {}
        }
    }

    /// Returns what else is counted on the way.
    pub(super) fn tally_mut(&mut self) -> &mut Tally {
        &mut self.tally
    }

    /// Ends the judging.
    pub(super) fn into_tally(mut self) -> Tally {
        for kept in &self.kept {
            self.tally.fail(kept.failure(), &kept.count);
        }
        self.tally.settled()
    }

    /// Counts a code that is not judged.
    fn not_judged(&mut self, reason: NotJudged) -> CodeOutcome {
        if !self.rules.options.count_codes {
            self.tally.not_judged.add(reason.clone(), 1);
        }
        CodeOutcome::NotJudged(Box::new(reason))
    }

    /// Counts a code that is not judged on a day; `None` if the day is none of the calendar, and the code may be one of
    /// ours, which needs one.
    fn not_judged_on(&mut self, reason: NotJudged, day: Day) -> Option<CodeOutcome> {
        let rests_on_day = match &reason {
            NotJudged::OtherCodeSet(name) => has_successor(name),
            reason => reason.is_undetermined(),
        };
        if day.date().is_none() && rests_on_day {
            return None;
        }
        Some(self.not_judged(reason))
    }

    /// Returns which code set a code is of, by its label and, where that leaves it open, by itself.
    fn told(&self, code: &AuditedCode<'_>, text: &str, day: Day) -> Result<Told> {
        let all = &CodeSet::ALL[..];
        match code.system {
            CodeSystem::Of(code_set) => Ok(Told::of(code_set)),
            CodeSystem::OneOf(code_sets) => self.among(code_sets, text).map(Told::of),
            CodeSystem::Detected => match self.listing(all, text) {
                Some(code_set) => Ok(Told::of(code_set)),
                // A code of another book never gets the verdict of one of ours.
                None => match looks_like(text) {
                    Some(names) => Ok(Told::NotJudged(NotJudged::LooksLike(names))),
                    None => self.among(all, text).map(Told::of),
                },
            },
            CodeSystem::Other(other) => {
                let in_force =
                    |set: &CodeSet| day.date().is_some_and(|day| set.in_force_from() <= day);
                let successors: Vec<CodeSet> = CodeSet::successors_of(other.name)
                    .filter(in_force)
                    .collect();
                if successors.is_empty() || self.rules.options.count_codes {
                    return Ok(Told::NotJudged(NotJudged::OtherCodeSet(other.name)));
                }
                // What neither lists is booked where most such codes would be.
                let listing = self.listing(&successors, text);
                let first = successors.first().copied().unwrap_or_default();
                Ok(Told::Of {
                    code_set: listing.unwrap_or(first),
                    ended: Some(other.name),
                })
            }
            CodeSystem::Translation(other) => {
                Ok(Told::NotJudged(NotJudged::OtherCodeSet(other.name)))
            }
            CodeSystem::Others => Ok(Told::NotJudged(NotJudged::OtherCodeSet(
                "a code set that is not judged",
            ))),
            CodeSystem::Unknown => Ok(Told::NotJudged(NotJudged::unknown_label(code.label))),
        }
    }

    /// Returns the first of these code sets that lists a text in any release.
    fn listing(&self, among: &[CodeSet], text: &str) -> Option<CodeSet> {
        // Blanks of any kind may stand around a code.
        let lists = |set: &CodeSet| self.index.set(*set).find(text.trim().as_bytes()).is_some();
        among.iter().copied().find(lists)
    }

    /// Returns which of these code sets a text is meant for.
    fn among(&self, among: &[CodeSet], text: &str) -> Result<CodeSet> {
        match self.listing(among, text) {
            Some(code_set) => Ok(code_set),
            None => self.index.code_set_among(among, text),
        }
    }
}
