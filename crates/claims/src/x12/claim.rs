//! One claim while its segments go by.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::codes::{CompositeKind, Guide, Stay, facility_of, held};
use super::dates::{Days, days};
use super::segments::Segment;
use super::{KeptField, X12Options};
use crate::amount::cents;
use crate::claim::MAX_DAYS;
use crate::labels::Labels;
use crate::{Claim, ClaimCode, ClaimParts, ClaimPlace, ClaimProblem, CodeSystem, ProblemKind};

/// What is noted of a line without its LX.
const NO_LX: &str = "a service line without an LX before it";

/// The composites that an HI may have.
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
    /// The qualifier, where nobody knows what it means.
    label: String,
    text: String,
    /// C022-09.
    poa: String,
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
    has_service: bool,
    service: Option<Days>,
}

/// A claim that has begun.
#[derive(Debug)]
pub(super) struct Building {
    place: ClaimPlace,
    guide: Guide,
    is_4010: bool,
    labels: Labels,
    kept: Vec<String>,
    cents: Result<Option<i64>, ClaimProblem>,
    facility: Vec<u8>,
    codes: Vec<Code>,
    /// How many HI segments went by.
    segments: usize,
    /// The diagnoses that lines point to by their number, from 1: their places in `codes`.
    diagnoses: Vec<Option<usize>>,
    dates: Dates,
    line: Option<Line>,
    /// The days of all lines, and the first fault of one.
    days: BTreeSet<NaiveDate>,
    fault: Option<ProblemKind>,
    remarks: Vec<&'static str>,
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
    let place = ClaimPlace::Segment(segment.number);
    ClaimProblem::new(place, Some(field.to_owned()), kind)
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
                KeptField::TypeOfBill if is_institutional => {
                    text(facility_of(facility)).and_then(|digits| {
                        let frequency = match facility.len() {
                            0..=2 => segment.component(segment.element(5), 3),
                            _ => facility.get(facility.len() - 1..).unwrap_or_default(),
                        };
                        Ok(digits + &text(frequency)?)
                    })
                }
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
            labels: options.labels.clone(),
            kept,
            cents: match segment.element(2) {
                charge if options.amount && !charge.is_empty() => cents(charge)
                    .map(Some)
                    .map_err(|kind| problem(segment, "CLM02", kind)),
                _ => Ok(None),
            },
            facility: facility.iter().copied().take(4).collect(),
            codes: Vec::new(),
            segments: 0,
            diagnoses: Vec::new(),
            dates: Dates::default(),
            line: None,
            days: BTreeSet::new(),
            fault: None,
            remarks: Vec::new(),
            bytes: 0,
            lines: 0,
        })
    }

    /// Reads the next segment of the claim; returns what in it cannot be read.
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
            b"LX" => self.begin_line()?,
            b"SV1" | b"SV2" | b"SV3" => {
                if self.line.as_ref().is_none_or(|line| line.has_service) {
                    self.remarks.push(NO_LX);
                    self.begin_line()?;
                }
                match segment.id() {
                    b"SV1" => self.pointers(segment, 7, "SV107", problems),
                    b"SV3" => self.pointers(segment, 11, "SV311", problems),
                    _ => {}
                }
                if let Some(line) = &mut self.line {
                    line.has_service = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn begin_line(&mut self) -> Result<(), ClaimProblem> {
        self.lines += 1;
        if self.lines > MAX_LINES {
            return Err(self.too_large(format!("more than {MAX_LINES} service lines")));
        }
        self.end_line();
        self.line = Some(Line::default());
        Ok(())
    }

    fn too_large(&self, what: String) -> ClaimProblem {
        let kind = malformed(format!("{what}, the most that is read of one claim"));
        ClaimProblem::new(self.place, None, kind)
    }

    fn codes(&mut self, segment: &Segment<'_>, problems: &mut impl FnMut(ClaimProblem)) {
        self.segments += 1;
        // Diagnoses are numbered on from one segment to the next.
        let before = self.diagnoses.len();
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
            let mut wrong = None;
            for composite in segment.repetitions(element) {
                let read = self.code(segment, composite, position, before);
                wrong = wrong.or(read.err());
            }
            if let Some(kind) = wrong {
                problems(problem(segment, &field, kind));
            }
        }
    }

    /// Reads one composite.
    fn code(
        &mut self,
        segment: &Segment<'_>,
        composite: &[u8],
        position: usize,
        before: usize,
    ) -> Result<(), ProblemKind> {
        let mut components = segment.components(composite);
        let qualifier = components.next().unwrap_or_default();
        let code = components.next().unwrap_or_default();
        let held = held(&qualifier.to_ascii_uppercase(), self.is_4010, &self.labels);
        let (system, is_diagnosis) = match held {
            Some(CompositeKind::Nothing) => return Ok(()),
            Some(CompositeKind::Diagnosis(system)) => (system, true),
            Some(CompositeKind::Code(system)) => (system, false),
            None if qualifier.is_empty() => {
                return Err(malformed(
                    "expected a code list qualifier of the 837 guides",
                ));
            }
            // The guides have no such.
            None => (CodeSystem::Unknown, false),
        };
        if code.is_empty() {
            return Err(malformed("expected a code after its qualifier"));
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
            label: match system {
                CodeSystem::Unknown => qualifier,
                _ => String::new(),
            },
            system,
            text: text(code)?,
            poa: text(segment.component(composite, 9))?,
            days: BTreeSet::new(),
            faults: BTreeSet::new(),
        });
        if is_diagnosis {
            let number = before + position;
            self.diagnoses
                .resize(self.diagnoses.len().max(number), None);
            if let Some(slot) = self.diagnoses.get_mut(number - 1) {
                slot.get_or_insert(self.codes.len() - 1);
            }
        }
        Ok(())
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
                let days = days(segment, &mut self.remarks);
                let (day, _) = days.map_err(|kind| problem(segment, "DTP 435", kind))?;
                self.dates.admission = Some(day);
                return Ok(());
            }
            _ => return Ok(()),
        };
        if slot.is_some() {
            return Err(problem(
                segment,
                field,
                malformed("the date is there twice; the first is used"),
            ));
        }
        *slot = Some(days(segment, &mut self.remarks));
        Ok(())
    }

    fn pointers(
        &mut self,
        segment: &Segment<'_>,
        element: usize,
        field: &str,
        problems: &mut impl FnMut(ClaimProblem),
    ) {
        let element = segment.element(element);
        let mut wrong = None;
        for component in segment.components(element) {
            wrong = wrong.or(self.pointer(component).err());
        }
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
            Ok((first, last)) => self.days.extend([*first, *last]),
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
        let since = self.open_statement();
        let is_dated = !self.days.is_empty();
        let of_lines = self.guide != Guide::Institutional;
        let mut codes = Vec::with_capacity(self.codes.len());
        for code in self.codes {
            let Code {
                field,
                system,
                label,
                text,
                poa,
                days,
                faults,
                ..
            } = code;
            let mut give = |day: Result<NaiveDate, ProblemKind>, since: Option<NaiveDate>| {
                codes.push(ClaimCode {
                    field: field.clone(),
                    system,
                    label: label.clone(),
                    text: text.clone(),
                    day,
                    since,
                    poa: poa.clone(),
                });
            };
            // Without any date of service the day of the claim is the onset, if that is wanted.
            let is_undated = !is_dated && faults.iter().all(|fault| *fault == ProblemKind::NoDate);
            let is_pointed_to = !(days.is_empty() && faults.is_empty());
            if of_lines && !is_undated && is_pointed_to {
                days.into_iter().for_each(|day| give(Ok(day), None));
                faults.into_iter().for_each(|fault| give(Err(fault), None));
            } else if of_lines && is_dated {
                // No line says that it reports the diagnosis: it has to be valid on the days of all of them. Of very many
                // the first and the last are enough.
                let ends = [self.days.first(), self.days.last()];
                match self.days.len() {
                    0..=MAX_DAYS => self.days.iter().for_each(|day| give(Ok(*day), None)),
                    _ => ends
                        .into_iter()
                        .flatten()
                        .for_each(|day| give(Ok(*day), None)),
                }
            } else {
                give(day.clone(), since);
            }
        }
        Claim {
            place: self.place,
            kept: self.kept,
            cents: self.cents,
            codes,
            remarks: self.remarks,
            nulls: 0,
            parts: ClaimParts::default(),
        }
    }

    /// Ends a claim in whose midst the input ends: its codes without days, which may have stood behind the cut.
    pub(super) fn cut_off(self) -> Claim {
        let code = |code: Code| ClaimCode {
            field: code.field,
            system: code.system,
            label: code.label,
            text: code.text,
            day: Err(malformed("the claim is cut off")),
            since: None,
            poa: code.poa,
        };
        Claim {
            place: self.place,
            kept: self.kept,
            cents: self.cents,
            codes: self.codes.into_iter().map(code).collect(),
            remarks: self.remarks,
            nulls: 0,
            parts: ClaimParts::default(),
        }
    }

    /// The first day of the statement of an institutional claim that does not say which of its dates counts: it may be any
    /// of them.
    fn open_statement(&self) -> Option<NaiveDate> {
        let is_open = self.guide == Guide::Institutional && Stay::of(&self.facility).is_none();
        match &self.dates.statement {
            Some(Ok((from, through))) if is_open && from < through => Some(*from),
            _ => None,
        }
    }

    /// The day of all codes of an institutional claim.
    fn institutional(&self) -> Result<NaiveDate, ProblemKind> {
        let stay = Stay::of(&self.facility);
        if let (None, Some(Ok((_, through)))) = (stay, &self.dates.statement) {
            return Ok(*through);
        }
        let stay = stay.ok_or_else(|| {
            malformed(
                "expected in CLM05-1 two digits of the type of bill, which decide the date to use",
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

    /// The day of the codes of a professional or dental claim without dated lines.
    fn service(&self, options: &X12Options) -> Result<NaiveDate, ProblemKind> {
        let found = match &self.dates.service {
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
        let earliest = self.days.first().copied();
        earliest.ok_or_else(|| self.fault.clone().unwrap_or(ProblemKind::NoDate))
    }
}
