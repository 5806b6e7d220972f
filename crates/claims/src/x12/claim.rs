//! One claim while its segments go by.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::codes::{CompositeKind, Guide, Stay, held};
use super::dates::{Days, days};
use super::segments::Segment;
use super::{KeptField, X12Options};
use crate::{Claim, ClaimCode, ClaimPlace, ClaimProblem, CodeSystem, ProblemKind};

/// The composites that an HI may have, and so the diagnoses that a line can point to in one.
const COMPOSITES: usize = 12;

/// The most bytes of one claim that are read: the claim alone is held in memory.
pub(super) const LARGEST_CLAIM: usize = 16 << 20;

/// The most codes of one claim, and the most lines. The guides allow some 80 and 999; the memory that a claim
/// takes must not be any number of times its size.
const MAX_CODES: usize = 1000;
pub(super) const MAX_LINES: usize = 10_000;

/// What a claim belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'s> {
    pub(super) guide: Guide,
    pub(super) is_4010: bool,
    /// ST02.
    pub(super) transaction: &'s [u8],
}

/// A code with the days that service lines give it.
#[derive(Debug)]
struct Code {
    field: String,
    system: CodeSystem,
    text: String,
    days: BTreeSet<NaiveDate>,
    faults: BTreeSet<ProblemKind>,
}

/// The dates of a claim that are read.
#[derive(Debug, Default)]
struct Dates {
    /// DTP 434.
    statement: Option<Days>,
    /// DTP 435.
    admission: Option<NaiveDate>,
    /// DTP 472 before the first line: of a dental claim.
    service: Option<Days>,
    /// DTP 431.
    onset: Option<Days>,
}

/// A service line.
#[derive(Debug, Default)]
struct Line {
    /// The diagnoses that it points to: their places in the codes of the claim.
    pointers: Vec<usize>,
    service: Option<Days>,
}

/// A claim that has begun.
#[derive(Debug)]
pub(super) struct Building {
    place: ClaimPlace,
    guide: Guide,
    is_4010: bool,
    kept: Vec<String>,
    cents: Option<i64>,
    facility: Vec<u8>,
    codes: Vec<Code>,
    /// How many HI segments went by.
    segments: usize,
    /// The diagnoses that lines point to by 1 to 12: their places in `codes`.
    diagnoses: [Option<usize>; COMPOSITES],
    /// The segment with these went by.
    has_diagnoses: bool,
    dates: Dates,
    line: Option<Line>,
    /// The first day of any line, and the first fault of one.
    earliest: Option<NaiveDate>,
    fault: Option<ProblemKind>,
    bytes: usize,
    lines: usize,
}

fn text(bytes: &[u8]) -> Result<String, ProblemKind> {
    let text = std::str::from_utf8(bytes).map_err(|_| ProblemKind::NotUtf8)?;
    Ok(text.to_owned())
}

fn malformed(what: impl Into<String>) -> ProblemKind {
    ProblemKind::Malformed(what.into())
}

/// Makes the problem of a segment.
pub(super) fn problem(segment: &Segment<'_>, field: &str, kind: ProblemKind) -> ClaimProblem {
    ClaimProblem {
        place: ClaimPlace::Segment(segment.number),
        field: Some(field.to_owned()),
        kind,
        value: None,
    }
}

impl Building {
    /// Begins a claim at its CLM.
    pub(super) fn begin(
        segment: &Segment<'_>,
        setting: Setting<'_>,
        options: &X12Options,
        wanted: &[KeptField],
    ) -> Result<Building, ClaimProblem> {
        let facility = segment.component(segment.element(5), 1);
        let is_institutional = setting.guide == Guide::Institutional;
        let mut kept = Vec::with_capacity(wanted.len());
        for name in wanted {
            let value = match name {
                KeptField::ClaimId => text(segment.element(1)),
                KeptField::Charge => text(segment.element(2)),
                KeptField::TypeOfBill if is_institutional => text(facility).and_then(|digits| {
                    Ok(digits + &text(segment.component(segment.element(5), 3))?)
                }),
                KeptField::PlaceOfService if !is_institutional => text(facility),
                KeptField::TypeOfBill | KeptField::PlaceOfService => Ok(String::new()),
                KeptField::Transaction => text(setting.transaction),
            };
            kept.push(value.map_err(|kind| problem(segment, "CLM", kind))?);
        }
        Ok(Building {
            place: ClaimPlace::Segment(segment.number),
            guide: setting.guide,
            is_4010: setting.is_4010,
            kept,
            cents: options
                .amount
                .then(|| crate::x12::cents(segment.element(2)))
                .flatten(),
            facility: facility.iter().copied().take(3).collect(),
            codes: Vec::new(),
            segments: 0,
            diagnoses: [None; COMPOSITES],
            has_diagnoses: false,
            dates: Dates::default(),
            line: None,
            earliest: None,
            fault: None,
            bytes: 0,
            lines: 0,
        })
    }

    /// Takes the next segment of the claim; gives what in it cannot be read.
    ///
    /// # Errors
    ///
    /// The claim is larger than what is read of one.
    pub(super) fn take(
        &mut self,
        segment: &Segment<'_>,
        problems: &mut impl FnMut(ClaimProblem),
    ) -> Result<(), ClaimProblem> {
        self.bytes += segment.bytes().len();
        if self.bytes > LARGEST_CLAIM {
            return Err(self.too_large(format!("longer than {LARGEST_CLAIM} bytes")));
        }
        match segment.id() {
            b"HI" => self.codes(segment, problems),
            b"DTP" => {
                if let Err(found) = self.date(segment) {
                    problems(found);
                }
            }
            b"LX" => {
                self.lines += 1;
                if self.lines > MAX_LINES {
                    return Err(self.too_large(format!("more than {MAX_LINES} service lines")));
                }
                self.end_line();
                self.line = Some(Line::default());
            }
            b"SV1" => self.pointers(segment, 7, "SV107", problems),
            b"SV3" => self.pointers(segment, 11, "SV311", problems),
            _ => {}
        }
        Ok(())
    }

    fn too_large(&self, what: String) -> ClaimProblem {
        ClaimProblem {
            place: self.place,
            field: None,
            kind: malformed(format!("{what}, the most that is read of one claim")),
            value: None,
        }
    }

    fn codes(&mut self, segment: &Segment<'_>, problems: &mut impl FnMut(ClaimProblem)) {
        self.segments += 1;
        let mut has_diagnoses = false;
        for (index, element) in segment.elements().enumerate() {
            if element.is_empty() {
                continue;
            }
            let position = index + 1;
            let field = format!("HI{position:02}");
            if position > COMPOSITES {
                problems(problem(
                    segment,
                    &field,
                    malformed("expected at most 12 codes in an HI"),
                ));
                return;
            }
            for composite in segment.repetitions(element) {
                match self.code(segment, composite, position) {
                    Ok(is_diagnosis) => has_diagnoses |= is_diagnosis,
                    Err(kind) => {
                        problems(problem(segment, &field, kind));
                        break;
                    }
                }
            }
        }
        self.has_diagnoses |= has_diagnoses;
    }

    /// Reads one composite; tells whether it is a diagnosis that lines can point to.
    fn code(
        &mut self,
        segment: &Segment<'_>,
        composite: &[u8],
        position: usize,
    ) -> Result<bool, ProblemKind> {
        let mut components = segment.components(composite);
        let qualifier = components.next().unwrap_or_default();
        let code = components.next().unwrap_or_default();
        let held = held(qualifier, self.is_4010)
            .ok_or_else(|| malformed("expected a code list qualifier of the 837 guides"))?;
        let (system, is_diagnosis) = match held {
            CompositeKind::Nothing => return Ok(false),
            CompositeKind::Diagnosis(system) => (system, true),
            CompositeKind::Code(system) => (system, false),
        };
        if code.is_empty() {
            return Err(malformed("expected a code behind its qualifier"));
        }
        // Component 8 is the end of a range of codes, which the guides do not use.
        if components.nth(5).is_some_and(|end| !end.is_empty()) {
            return Err(malformed("expected one code, found a range of codes"));
        }
        if self.codes.len() >= MAX_CODES {
            return Err(malformed(format!(
                "expected at most {MAX_CODES} codes in a claim"
            )));
        }
        let qualifier = text(qualifier)?;
        let field = match self.segments {
            0 | 1 => format!("HI{position:02} {qualifier}"),
            more => format!("HI{position:02} {qualifier} (HI segment {more})"),
        };
        self.codes.push(Code {
            field,
            system,
            text: text(code)?,
            days: BTreeSet::new(),
            faults: BTreeSet::new(),
        });
        if is_diagnosis
            && !self.has_diagnoses
            && let Some(slot) = self.diagnoses.get_mut(position - 1)
        {
            slot.get_or_insert(self.codes.len() - 1);
        }
        Ok(is_diagnosis)
    }

    fn date(&mut self, segment: &Segment<'_>) -> Result<(), ClaimProblem> {
        let qualifier = segment.element(1);
        let (slot, field) = match (qualifier, &mut self.line) {
            (b"472", Some(line)) => (&mut line.service, "DTP 472"),
            (b"472", None) => (&mut self.dates.service, "DTP 472"),
            (b"434", None) => (&mut self.dates.statement, "DTP 434"),
            (b"431", None) => (&mut self.dates.onset, "DTP 431"),
            (b"435", None) => {
                // Only what the discharge is held against; it judges no code.
                let (day, _) = days(segment).map_err(|kind| problem(segment, "DTP 435", kind))?;
                self.dates.admission = Some(day);
                return Ok(());
            }
            _ => return Ok(()),
        };
        if slot.is_some() {
            return Err(problem(
                segment,
                field,
                malformed("the date stands twice; the first is taken"),
            ));
        }
        *slot = Some(days(segment));
        Ok(())
    }

    fn pointers(
        &mut self,
        segment: &Segment<'_>,
        element: usize,
        field: &str,
        problems: &mut impl FnMut(ClaimProblem),
    ) {
        let wrong = self.line.is_none().then_some("expected an LX before it");
        let element = segment.element(element);
        let wrong = wrong.or_else(|| {
            let mut components = segment.components(element);
            components.find_map(|component| self.pointer(component).err())
        });
        if let Some(what) = wrong {
            problems(problem(segment, field, malformed(what)));
        }
    }

    /// Reads one pointer of a line to a diagnosis.
    fn pointer(&mut self, component: &[u8]) -> Result<(), &'static str> {
        let number = match component {
            [] => return Ok(()),
            [one @ b'1'..=b'9'] | [b'0', one @ b'1'..=b'9'] => usize::from(one - b'0'),
            [b'1', two @ b'0'..=b'2'] => 10 + usize::from(two - b'0'),
            _ => return Err("expected a number from 1 to 12 that points to a diagnosis"),
        };
        let Some(Some(index)) = self.diagnoses.get(number - 1) else {
            return Err("points to a diagnosis that the claim does not have");
        };
        if let Some(line) = &mut self.line {
            line.pointers.push(*index);
        }
        Ok(())
    }

    /// Passes the days of the line that ends to the codes that it points to.
    fn end_line(&mut self) {
        let Some(line) = self.line.take() else { return };
        let service = line.service.or_else(|| self.dates.service.clone());
        let found = service.unwrap_or(Err(ProblemKind::NoDate));
        match &found {
            Ok((first, _)) => {
                self.earliest = Some(self.earliest.map_or(*first, |day| day.min(*first)));
            }
            Err(kind) => {
                self.fault.get_or_insert_with(|| kind.clone());
            }
        }
        for index in line.pointers {
            let Some(code) = self.codes.get_mut(index) else {
                continue;
            };
            match &found {
                // The days between need no judging: no release takes a code away that the next gives back
                // within one line.
                Ok((first, last)) => code.days.extend([*first, *last]),
                Err(kind) => {
                    code.faults.insert(kind.clone());
                }
            }
        }
    }

    /// Ends the claim.
    pub(super) fn finish(mut self, options: &X12Options) -> Claim {
        self.end_line();
        let day = match self.guide {
            Guide::Institutional => self.institutional(),
            Guide::Professional | Guide::Dental => self.service(options),
        };
        let is_dated = self.earliest.is_some();
        let mut codes = Vec::with_capacity(self.codes.len());
        for code in self.codes {
            let Code {
                field,
                system,
                text,
                days,
                faults,
                ..
            } = code;
            let mut give = |day: Result<NaiveDate, ProblemKind>| {
                codes.push(ClaimCode {
                    field: field.clone(),
                    system,
                    text: text.clone(),
                    day,
                });
            };
            // Without any date of service the day of the claim is the onset, if that is wanted.
            let is_undated = !is_dated && faults.iter().all(|fault| *fault == ProblemKind::NoDate);
            let by_lines = self.guide != Guide::Institutional && !is_undated;
            if by_lines && !(days.is_empty() && faults.is_empty()) {
                days.into_iter().for_each(|day| give(Ok(day)));
                faults.into_iter().for_each(|fault| give(Err(fault)));
            } else {
                give(day.clone());
            }
        }
        Claim {
            place: self.place,
            kept: self.kept,
            cents: self.cents,
            codes,
        }
    }

    /// The day of all codes of an institutional claim.
    fn institutional(&self) -> Result<NaiveDate, ProblemKind> {
        let stay = Stay::of(&self.facility).ok_or_else(|| {
            malformed(
                "expected in CLM05-1 two digits of the type of bill, which tell the date to go by",
            )
        })?;
        match (stay, &self.dates.statement) {
            (_, Some(Err(kind))) => Err(kind.clone()),
            (Stay::Inpatient, Some(Ok((_, through)))) => {
                if self.dates.admission.is_some_and(|day| *through < day) {
                    return Err(ProblemKind::DischargeBeforeAdmission);
                }
                Ok(*through)
            }
            (Stay::HomeHealth, Some(Ok((_, through)))) => Ok(*through),
            (Stay::Outpatient, Some(Ok((from, _)))) => Ok(*from),
            (Stay::Inpatient, None) => Err(ProblemKind::NoDischarge),
            (Stay::HomeHealth, None) => Err(ProblemKind::NoDate),
            (Stay::Outpatient, None) => self.earliest_line(),
        }
    }

    /// The day of the codes of a professional or dental claim to which no line points.
    fn service(&self, options: &X12Options) -> Result<NaiveDate, ProblemKind> {
        let found = match &self.dates.service {
            _ if self.earliest.is_some() => self.earliest_line(),
            Some(Ok((first, _))) => Ok(*first),
            Some(Err(kind)) => Err(kind.clone()),
            None => self.earliest_line(),
        };
        match (&found, &self.dates.onset) {
            (Err(ProblemKind::NoDate), Some(onset)) if options.use_onset => {
                onset.clone().map(|(first, _)| first)
            }
            _ => found,
        }
    }

    fn earliest_line(&self) -> Result<NaiveDate, ProblemKind> {
        self.earliest
            .ok_or_else(|| self.fault.clone().unwrap_or(ProblemKind::NoDate))
    }
}
