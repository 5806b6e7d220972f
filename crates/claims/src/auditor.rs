//! Judging one code after another, and counting.

#![allow(
    clippy::indexing_slicing,
    reason = "an outcome names a segment of the calendar that it was found in"
)]

use std::time::Instant;

use chrono::NaiveDate;

use super::claim::{CodeSystem, ProblemKind};
use super::found::Found;
use super::index::{Index, SegmentNumber, SetIndex, segment_at};
use super::kept::{FoundCode, KeptCode, KeptFinding, KeptFindings};
use super::not_judged::NotJudged;
use super::nulls::Nulls;
use super::options::RowOptions;
use super::packed::{pack, trim};
use super::poa::PoaCache;
use super::stretch::Stretch;
use super::tally::{FailureCount, FailureKey, Tally};
use super::told::{Told, has_successor};
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{CodeSet, DateFormat, DateParts, ReleaseId, VerdictKind};

/// What was found of one code. Its tag is a whole word, because it is handed on for every code: pieces of a word that
/// were just written are slow to read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[repr(u64)]
pub(super) enum CodeOutcome {
    /// No code stands there.
    Nothing,
    /// Billable: of this code set, in this segment of its calendar.
    Billable(CodeSet, SegmentNumber),
    /// The number of a finding, for [`Auditor::found`], and the segment of the day. The number stays the same for the next
    /// such code.
    CachedFinding(u32, SegmentNumber),
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
    pub(super) day: std::result::Result<DateParts, &'c ProblemKind>,
    /// The first day that it may be, where the claim leaves that open.
    pub(super) since: Option<NaiveDate>,
    /// What the claim says of whether the diagnosis was present on admission.
    pub(super) poa: &'c [u8],
    /// How dates are written, for a day that is none of the calendar.
    pub(super) format: DateFormat,
    /// What was found of it before, if it was looked up already.
    pub(super) known: Option<KnownCode>,
}

/// A code that is not billable, and was seen before.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownCode {
    /// The number of what is kept of it.
    number: u32,
    segment: SegmentNumber,
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
    kept: KeptFindings,
    /// Whether nothing is written of a code but its verdict and the release.
    is_brief: bool,
    /// What was found last and is not kept.
    once: Option<Once>,
    poa: PoaCache,
    tally: Tally,
}

/// What was found of a code that is not kept.
#[derive(Debug)]
struct Once {
    failure: FailureKey,
    segment: Option<SegmentNumber>,
    finding: OnceFinding,
}

/// What there is to write of it.
#[derive(Debug)]
enum OnceFinding {
    Nothing,
    /// The same as of every code on such a day: the finding of this number.
    Kept(u32),
    Own(KeptFinding),
}

/// Returns by what a code is known: its code set, whether it was taken for one of a set that ended before the day, whether
/// the claim states the set, which decides what may stand around the code, and itself.
fn key_of(code_set: CodeSet, ended: Option<&str>, is_stated: bool, packed: u64) -> u64 {
    let marks = u64::from(ended.is_some()) << 1 | u64::from(is_stated);
    (code_set as u64) << 60 | marks << 58 | packed
}

fn unreadable(kind: ProblemKind) -> CodeOutcome {
    CodeOutcome::Unreadable(Box::new(kind))
}

impl<'i> Auditor<'i> {
    pub(super) fn new(index: &'i Index, rules: AuditRules<'i>) -> Auditor<'i> {
        Auditor {
            index,
            rules,
            kept: KeptFindings::new(),
            is_brief: rules.options.columns.are_brief(),
            once: None,
            poa: PoaCache::default(),
            tally: Tally::new(index),
        }
    }

    /// Returns the auditor with room for what is found of so many codes, if the findings are taken away.
    pub(super) fn keeping(mut self, most: usize) -> Auditor<'i> {
        self.kept = self.kept.with_room(most);
        self
    }

    /// Judges a code and counts what is found. Inlined as its caller is, [`Auditor::claim`].
    #[inline(always)]
    pub(super) fn judge(
        &mut self,
        code: &AuditedCode<'_>,
        cents: Option<i64>,
    ) -> Result<CodeOutcome> {
        if let (Some(known), Ok(day)) = (code.known, code.day) {
            return Ok(self.count_known(known, day, cents));
        }
        if let Some(ends) = self.rules.options.ends
            && Instant::now() >= ends
        {
            return Err(
                Error::busy("the audit took too long").with_hint("audit fewer claims at once")
            );
        }
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
                DateParts::of(NaiveDate::MIN)
            }
            // Codes that are only counted need none.
            Err(_) if self.rules.options.count_codes => DateParts::of(NaiveDate::MIN),
            Err(kind) => return Ok(unreadable(kind.clone())),
        };
        if !code.text.is_ascii() && std::str::from_utf8(code.text).is_err() {
            return Ok(unreadable(ProblemKind::NotUtf8));
        }
        let long;
        let code = match code.text.len() {
            0..=MAX_TEXT => code,
            _ if code.text.trim_ascii().len() <= MAX_TEXT => code,
            _ => {
                long = AuditedCode {
                    text: TOO_LONG,
                    ..*code
                };
                &long
            }
        };
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

    /// Counts a code of which it was found before what it is.
    #[inline]
    fn count_known(&mut self, known: KnownCode, day: DateParts, cents: Option<i64>) -> CodeOutcome {
        let KnownCode { number, segment } = known;
        if let (Some(count), Some(date)) = (self.kept.count_mut(number), day.date()) {
            count.add(&FailureCount::one(date, cents));
        }
        if let Some(KeptCode {
            code_set, verdict, ..
        }) = self.kept.code(number).copied()
        {
            self.tally.count_writing(self.kept.writing(number));
            let segment = Some(segment);
            self.tally.count(code_set, segment, verdict, day, cents);
        }
        CodeOutcome::CachedFinding(number, segment)
    }

    /// Returns what was found before of a code that is not billable; `None` if it was not seen in such a segment.
    #[inline]
    pub(super) fn known(
        &self,
        code_set: CodeSet,
        is_stated: bool,
        packed: u64,
        segment: SegmentNumber,
    ) -> Option<KnownCode> {
        let key = key_of(code_set, None, is_stated, packed);
        let number = self.kept.known(key, segment)?;
        Some(KnownCode { number, segment })
    }

    /// Notes where what a claim says of a diagnosis on admission does not agree with the list of exempt codes.
    #[cold]
    fn remark_poa(
        &mut self,
        code_set: CodeSet,
        code: &AuditedCode<'_>,
        day: DateParts,
    ) -> Result<()> {
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
    fn open_day(&self, code: &AuditedCode<'_>, last: DateParts) -> Result<Option<ProblemKind>> {
        let (Some(since), Some(last)) = (code.since, last.date()) else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(code.text);
        let told = self.told(code, code.text, DateParts::of(last))?;
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

    fn told(&self, code: &AuditedCode<'_>, text: &[u8], day: DateParts) -> Result<Told> {
        let count_codes = self.rules.options.count_codes;
        let text = String::from_utf8_lossy(text);
        self.index.told(code, &text, day, count_codes)
    }

    /// Judges a code on a day; `None` if it is none of the calendar.
    fn judge_on(
        &mut self,
        code: &AuditedCode<'_>,
        day: DateParts,
        cents: Option<i64>,
    ) -> Result<Option<CodeOutcome>> {
        let text = code.text;
        let (code_set, ended) = match code.system {
            CodeSystem::Of(code_set) => (code_set, None),
            system => {
                let first = self.index.set(CodeSet::default());
                if system == CodeSystem::Detected
                    && let Some(life) = first.find(text)
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
                match self.told(code, text, day)? {
                    Told::Of { code_set, ended } => (code_set, ended),
                    Told::NotJudged(reason) => return Ok(self.not_judged_on(reason, day)),
                }
            }
        };
        let set = self.index.set(code_set);
        let packed = pack(trim(text), code_set.facts().dot_after.is_some());
        let life = packed.and_then(|packed| set.find_packed(packed));
        if self.rules.options.count_codes {
            let is_code = || {
                let text = std::str::from_utf8(text);
                text.is_ok_and(|text| code_set.parse_code(text).is_ok())
            };
            let packed = packed.filter(|_| life.is_some() || is_code());
            self.tally.count_code(code_set, packed, life.is_some());
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
        let is_stated = matches!(code.system, CodeSystem::Of(_));
        let key = packed.map(|packed| key_of(code_set, ended, is_stated, packed));
        let asked = key.zip(segment);
        if let Some((key, segment)) = asked
            && let Some(number) = self.kept.known(key, segment)
        {
            let known = KnownCode { number, segment };
            return Ok(Some(self.count_known(known, day, cents)));
        }
        let text = String::from_utf8_lossy(text);
        let verdict = match ended {
            None => self.index.verdict(code_set, &text, date)?,
            Some(_) => VerdictKind::NotInForce,
        };
        let writing = match verdict {
            VerdictKind::Unknown => self
                .index
                .writing_of(code, code_set, &text, packed.is_some()),
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
        let mut found = FoundCode {
            failure: FailureKey {
                code_set,
                code: code_set.parse_code(&text).ok(),
                verdict,
                ended,
            },
            writing,
            count: FailureCount::one(date, cents),
            finding: None,
        };
        self.tally.count(code_set, segment, verdict, day, cents);
        let is_of_all = match verdict {
            VerdictKind::NotCovered | VerdictKind::NotInForce => true,
            _ => self.is_brief && found.failure.code.is_some(),
        };
        let of_day = segment
            .filter(|_| is_of_all && ended.is_none())
            .map(|segment| (code_set, segment, verdict));
        found.finding = of_day.and_then(|of_day| self.kept.of_day(of_day));
        if matches!(verdict, VerdictKind::Header | VerdictKind::Deleted) {
            // The summary will need the conversion tables: better read now, beside the other threads.
            self.index.conversions()?;
        }
        let asked = asked.filter(|_| self.kept.has_room(life.is_some()));
        let mut finding = None;
        let mut stretch = Stretch::ALL;
        if self.rules.writes && found.finding.is_none() {
            let all = match asked {
                Some(_) => {
                    let (all, around) = self.index.find_around(code_set, &text, date)?;
                    stretch = around;
                    all
                }
                None => self.index.find(code_set, &text, date)?,
            };
            let all = all.under(ended, code_set);
            let release = segment.and_then(|segment| set.segments[usize::from(segment)].release);
            finding = Some(KeptFinding {
                is_of_segment: all.release == release,
                finding: all,
            });
        }
        let Some((key, segment)) = asked else {
            self.tally.fail(found.failure, &found.count);
            self.once = Some(Once {
                failure: found.failure,
                segment,
                finding: match (found.finding, finding) {
                    (Some(number), _) => OnceFinding::Kept(number),
                    (None, Some(finding)) => OnceFinding::Own(finding),
                    (None, None) => OnceFinding::Nothing,
                },
            });
            return Ok(Some(CodeOutcome::Once));
        };
        // Which release is missing on a day that none governs rests on the day.
        let changes = verdict == VerdictKind::NotCovered
            || ended.is_some()
            || finding.as_ref().is_some_and(|one| !one.is_of_segment);
        let segments = match changes && self.rules.writes {
            true => (segment, segment),
            false => set.around(life, segment, verdict, stretch),
        };
        if let Some(finding) = finding {
            found.finding = Some(self.kept.add(finding, of_day));
        }
        let number = self.kept.keep(key, segments, life.is_some(), found);
        Ok(Some(CodeOutcome::CachedFinding(number, segment)))
    }

    /// Judges a code without what stood around it.
    fn judge_clean(
        &mut self,
        code: &AuditedCode<'_>,
        day: DateParts,
        cents: Option<i64>,
    ) -> Result<Option<CodeOutcome>> {
        self.tally
            .remark("a code read without the characters around it");
        self.judge_on(code, day, cents)
    }

    /// Returns what is known of a code set.
    pub(super) fn set(&self, code_set: CodeSet) -> &'i SetIndex {
        self.index.set(code_set)
    }

    /// Counts a code that is known to be billable.
    #[inline]
    pub(super) fn count_billable(
        &mut self,
        code_set: CodeSet,
        segment: SegmentNumber,
        day: DateParts,
    ) {
        self.tally.count_billable(code_set, segment, day);
    }

    /// Returns what there is to say of a code.
    pub(super) fn found<'f>(&'f self, outcome: &'f CodeOutcome) -> Found<'f> {
        let own = match (outcome, &self.once) {
            (CodeOutcome::Nothing, _) => return Found::Nothing,
            (CodeOutcome::Unreadable(kind), _) => return Found::Unreadable(kind),
            (CodeOutcome::NotJudged(reason), _) => return Found::NotJudged(reason),
            (CodeOutcome::Billable(code_set, segment), _) => {
                return Found::Billable(self.release(*code_set, *segment));
            }
            (
                CodeOutcome::Once,
                Some(Once {
                    finding: OnceFinding::Own(finding),
                    ..
                }),
            ) => Some(finding),
            _ => None,
        };
        let by_number = || self.kept.finding(self.finding_number(outcome)?);
        let Some(KeptFinding {
            finding,
            is_of_segment,
        }) = own.or_else(by_number)
        else {
            return Found::Nothing;
        };
        let release = match self.segment(outcome) {
            Some((code_set, segment)) if *is_of_segment => self.release(code_set, segment),
            _ => finding.release,
        };
        Found::Fails(finding, release)
    }

    fn release(&self, code_set: CodeSet, segment: SegmentNumber) -> Option<ReleaseId> {
        self.set(code_set).segments[usize::from(segment)].release
    }

    /// Returns the code set and the segment of a failing code.
    #[inline]
    pub(super) fn segment(&self, outcome: &CodeOutcome) -> Option<(CodeSet, SegmentNumber)> {
        match outcome {
            CodeOutcome::CachedFinding(number, segment) => {
                Some((self.kept.code(*number)?.code_set, *segment))
            }
            CodeOutcome::Once => {
                let once = self.once.as_ref()?;
                Some((once.failure.code_set, once.segment?))
            }
            _ => None,
        }
    }

    /// Returns the number of a finding; codes of which the same is to be said share one.
    #[inline]
    pub(super) fn finding_number(&self, outcome: &CodeOutcome) -> Option<u32> {
        match outcome {
            CodeOutcome::CachedFinding(number, _) => self.kept.code(*number)?.finding(),
            CodeOutcome::Once => match self.once.as_ref()?.finding {
                OnceFinding::Kept(number) => Some(number),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the findings that have come since the last time, in the order of their numbers, and keeps none of them.
    pub(super) fn take_findings(&mut self) -> std::vec::Drain<'_, KeptFinding> {
        self.kept.take()
    }

    /// Returns the verdict on a code that is not billable.
    #[inline]
    fn failing(&self, outcome: &CodeOutcome) -> Option<VerdictKind> {
        let verdict = match outcome {
            CodeOutcome::CachedFinding(number, _) => self.kept.code(*number)?.verdict,
            CodeOutcome::Once => self.once.as_ref()?.failure.verdict,
            _ => return None,
        };
        Some(verdict).filter(|verdict| *verdict != VerdictKind::Billable)
    }

    /// Checks whether a code is not billable, or cannot be read.
    #[inline]
    pub(super) fn is_failure(&self, outcome: &CodeOutcome) -> bool {
        matches!(outcome, CodeOutcome::Unreadable(_)) || self.failing(outcome).is_some()
    }

    /// Counts a code of a column by whether any release lists it.
    pub(super) fn count_column(&mut self, at: usize, outcome: &CodeOutcome) {
        let is_listed = match outcome {
            CodeOutcome::Nothing | CodeOutcome::Unreadable(_) => return,
            CodeOutcome::NotJudged(_) => false,
            CodeOutcome::Billable(..) => true,
            CodeOutcome::CachedFinding(..) | CodeOutcome::Once => {
                self.failing(outcome) != Some(VerdictKind::Unknown)
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
            CodeOutcome::CachedFinding(..) | CodeOutcome::Once => match self.failing(outcome) {
                Some(verdict) if verdict.is_failure() => Standing::Fails,
                Some(VerdictKind::NotCovered) => Standing::Open,
                _ => Standing::Good,
            },
        }
    }

    /// Counts a claim of which a code is the first that fails.
    pub(super) fn count_first_failure(&mut self, outcome: &CodeOutcome) {
        match outcome {
            CodeOutcome::CachedFinding(number, _) => {
                if let Some(count) = self.kept.count_mut(*number) {
                    count.count_claim();
                }
            }
            CodeOutcome::Once => {
                if let Some(once) = &self.once {
                    self.tally.count_first_failure(once.failure);
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
        for (failure, count) in self.kept.failures() {
            self.tally.fail(failure, count);
        }
        self.tally.settled()
    }

    /// Counts a code that is not judged.
    fn not_judged(&mut self, reason: NotJudged) -> CodeOutcome {
        self.tally.not_judged.add(reason.clone(), 1);
        CodeOutcome::NotJudged(Box::new(reason))
    }

    /// Counts a code that is not judged on a day; `None` if the day is none of the calendar, and the code may be one of
    /// ours, which needs one.
    fn not_judged_on(&mut self, reason: NotJudged, day: DateParts) -> Option<CodeOutcome> {
        let rests_on_day = match &reason {
            NotJudged::OtherCodeSet(name) => has_successor(name),
            reason => reason.is_undetermined(),
        };
        if day.date().is_none() && rests_on_day {
            return None;
        }
        Some(self.not_judged(reason))
    }
}

/// The longest text that is looked at whole: more than any code has, with whatever stands around it.
const MAX_TEXT: usize = 2_000;

/// What is judged in the place of a longer one: no code set has such a code. A beginning of it might be a code.
const TOO_LONG: &[u8] = b"00000000000000000000";
