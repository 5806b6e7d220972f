//! What there is to say of one code on one day.

use chrono::NaiveDate;
use strum::IntoStaticStr;

use super::index::Index;
use codeyear_core::answer::{detect_among, retirement, verdict};
use codeyear_core::error::Result;
use codeyear_core::model::{
    Answer, Code, CodeSet, Entry, Fate, MalformedCode, ReleaseId, Retirement, Sets, UnknownReason,
    Verdict, VerdictKind, day_before, named,
};
use codeyear_core::store::CodeSource;

named!(UseBasis);

/// The most codes that a finding names.
pub(super) const MAX_USES: usize = 10;

/// Why the codes of a finding are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum UseBasis {
    /// They are the billable codes below a header.
    Below,
    /// The official conversion table names them as successors.
    ConversionTable,
    /// They have the 7th character that the code lacks.
    #[strum(serialize = "7th-character")]
    SeventhCharacter,
    /// No conversion table names a successor; these came in at its place in the tree on the day it went.
    Guess,
    /// No release lists the code; these differ from it by one character.
    Similar,
}

/// The verdict on a code on a day, and what to use instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The code set.
    pub code_set: CodeSet,
    /// The code, if the text can be one.
    pub code: Option<Code>,
    /// The verdict, as `check` gives it.
    pub verdict: VerdictKind,
    /// The release in force.
    pub release: Option<ReleaseId>,
    /// Of a code that is not yet effective the first day, of a deleted one the last, of one that became a
    /// header the first day as a header, of a code set not in force its first day.
    pub day: Option<NaiveDate>,
    /// The release that made it fail: the one that deleted it, made it a header, or first lists it.
    pub caused_by: Option<ReleaseId>,
    /// Billable codes to use instead, at most ten, in tabular order.
    pub uses: Vec<Code>,
    /// How many there are in all.
    pub use_count: usize,
    /// Why these.
    pub use_basis: Option<UseBasis>,
    /// Why it fails, in words without a value of the claim; empty for a billable code.
    pub why: String,
}

fn not_a_code(code_set: CodeSet, malformed: &MalformedCode) -> String {
    let why = malformed.reason.summary();
    format!("not a valid {} code format: {why}", code_set.name())
}

impl Index {
    /// Returns all there is to say of a text on a day, by the rules of [`check`](codeyear_core::answer::check).
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Store`] if the database cannot be read.
    pub fn find(&self, code_set: CodeSet, text: &str, date: NaiveDate) -> Result<Finding> {
        self.find_among(&self.codes(code_set), text, date)
    }

    /// Returns all there is to say of a text on a day by a source of answers, which has to be this index.
    ///
    /// # Errors
    /// As [`Index::find`].
    pub(super) fn find_among(
        &self,
        codes: &dyn CodeSource,
        text: &str,
        date: NaiveDate,
    ) -> Result<Finding> {
        let timeline = codes.timeline();
        let code_set = timeline.code_set();
        let release = timeline.governing(date).map(|period| period.release);
        let mut finding = Finding::new(code_set, VerdictKind::Unknown, release);
        let code = match code_set.parse_code(text) {
            Ok(code) => code,
            Err(malformed) => {
                finding.why = not_a_code(code_set, &malformed);
                return Ok(finding);
            }
        };
        finding.code = Some(code);
        let (verdict, release) = verdict(codes, &code, date)?;
        finding.verdict = verdict.kind();
        finding.release = release;
        finding.explain(&verdict);
        if let Some(retirement) = retirement(codes, &code, &verdict, date)? {
            finding.retire(&retirement);
        }
        finding.caused_by = self.breaking_release(code_set, &code, finding.verdict, date);
        Ok(finding)
    }

    /// Returns which of these code sets a text is meant for, as `check` does among all.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Store`] if the database cannot be read.
    pub fn code_set_among(&self, among: &[CodeSet], text: &str) -> Result<CodeSet> {
        let codes = Sets::new(|code_set| self.codes(code_set));
        detect_among(&codes, among, text)
    }
}

impl Finding {
    /// Makes a finding that says no more than the verdict.
    fn new(code_set: CodeSet, verdict: VerdictKind, release: Option<ReleaseId>) -> Finding {
        Finding {
            code_set,
            code: None,
            verdict,
            release,
            day: None,
            caused_by: None,
            uses: Vec::new(),
            use_count: 0,
            use_basis: None,
            why: String::new(),
        }
    }

    /// Returns what an answer says, in the words of an audit. Which release made a code fail it does not say.
    pub fn of(answer: &Answer) -> Finding {
        let release = answer.basis.as_ref().map(|basis| basis.release);
        let mut finding = Finding::new(answer.code_set, answer.verdict.kind(), release);
        finding.code = answer.code;
        if answer.code.is_none()
            && let Err(malformed) = answer.code_set.read_typed(&answer.asked)
        {
            finding.why = not_a_code(answer.code_set, &malformed);
            return finding;
        }
        finding.explain(&answer.verdict);
        if let Some(retirement) = &answer.retirement {
            finding.retire(retirement);
        }
        finding
    }

    /// Returns what there is to say of a text that a claim takes for a code of a code set that ended before the day, if it
    /// does.
    pub(super) fn under(mut self, ended: Option<&'static str>, code_set: CodeSet) -> Finding {
        let Some(ended) = ended else {
            return self;
        };
        let name = code_set.name();
        let last = day_before(code_set.in_force_from());
        let read = match self.verdict {
            VerdictKind::Billable => format!("as {name} it is billable"),
            VerdictKind::Header => format!("as {name} it is a header"),
            VerdictKind::Unknown => format!("it is not a valid {name} code either"),
            verdict => format!("as {name} it is {}", verdict.name().replace('-', " ")),
        };
        self.why = format!("{ended} was in force until {last}; {read}");
        self.verdict = VerdictKind::NotInForce;
        self.day = Some(last);
        self.name([], UseBasis::Below);
        self.caused_by = None;
        self
    }

    /// Fills in what the verdict says.
    fn explain(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Billable { .. } => {}
            Verdict::Header { billable_below, .. } => {
                self.why = "not billable: a more specific code is required".to_owned();
                self.name(
                    billable_below.iter().map(|entry| entry.code),
                    UseBasis::Below,
                );
            }
            Verdict::NotYetEffective {
                first_day, exact, ..
            } => {
                self.day = Some(*first_day);
                let least = if *exact { "" } else { " or earlier" };
                self.why = format!("effective {first_day}{least}");
            }
            Verdict::Deleted {
                last_day,
                exact,
                listed_again,
                ..
            } => {
                self.day = Some(*last_day);
                let least = if *exact { "" } else { " or later" };
                self.why = format!("deleted, last valid date {last_day}{least}");
                if let Some(again) = listed_again {
                    self.why.push_str(&format!("; listed again from {again}"));
                }
            }
            Verdict::Unknown { reason } => match reason {
                UnknownReason::Malformed { .. } => {}
                UnknownReason::MissingSeventhCharacter { options } => {
                    self.why = "7th character missing".to_owned();
                    let options = options.iter().filter(|entry| entry.billable);
                    self.name(options.map(|entry| entry.code), UseBasis::SeventhCharacter);
                }
                UnknownReason::NotListed { nearest, .. } => {
                    self.why = "not found in any loaded release".to_owned();
                    self.name(nearest.iter().map(|entry| entry.code), UseBasis::Similar);
                }
            },
            Verdict::NotInForce { in_force_from, .. } => {
                self.day = Some(*in_force_from);
                self.why = format!("{} is in force from {in_force_from}", self.code_set.name());
            }
            Verdict::NotCovered { needed, .. } => {
                self.why = format!("{} {needed} is not loaded", self.code_set.name());
            }
        }
    }

    /// Fills in what became of a code that could be reported before.
    fn retire(&mut self, retirement: &Retirement) {
        if retirement.fate == Fate::BecameHeader {
            self.day = Some(retirement.retired_from);
            let since = || format!("not billable since {}", retirement.retired_from);
            self.why = retirement.missing_between().unwrap_or_else(since);
        }
        let billable = |entry: &&Entry| entry.billable;
        // No code is entered twice on the way, so none is named twice.
        let named: Vec<Code> = retirement
            .successors
            .iter()
            .filter_map(|successor| successor.entry.as_ref())
            .filter(billable)
            .map(|entry| entry.code)
            .collect();
        if !named.is_empty() {
            self.name(named, UseBasis::ConversionTable);
        } else if !retirement.guess.is_empty() && self.uses.is_empty() {
            self.name(
                retirement.guess.iter().map(|entry| entry.code),
                UseBasis::Guess,
            );
        }
    }

    fn name(&mut self, codes: impl IntoIterator<Item = Code>, basis: UseBasis) {
        let mut codes = codes.into_iter();
        self.uses = codes.by_ref().take(MAX_USES).collect();
        self.use_count = self.uses.len() + codes.count();
        self.use_basis = (!self.uses.is_empty()).then_some(basis);
    }
}
