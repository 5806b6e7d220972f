//! Claims and clinical records in FHIR: R4, and R5 where its elements coincide.
//!
//! Reads a Bundle, a JSON array of resources, one resource, or NDJSON as bulk exports have it, told by the
//! content. One resource is in memory at a time, whatever the size of the Bundle and the order of its
//! members. Of a resource only the elements that a rule below names are read; a name, an address or a
//! narrative never is, and nothing that a resource holds stands in an error.
//!
//! # Which codes
//!
//! | resource | codes |
//! |---|---|
//! | [Claim](https://hl7.org/fhir/R4/claim.html), [ExplanationOfBenefit](https://hl7.org/fhir/R4/explanationofbenefit.html) | `diagnosis[].diagnosisCodeableConcept`, `procedure[].procedureCodeableConcept` |
//! | [Condition](https://hl7.org/fhir/R4/condition.html) | `code` |
//! | [Encounter](https://hl7.org/fhir/R4/encounter.html) | `reasonCode[]`; in R5 `reason[].value[].concept`, `diagnosis[].condition[].concept` |
//! | [Procedure](https://hl7.org/fhir/R4/procedure.html) | `code` |
//!
//! A reference to a resource that is contained is followed. Any other is not, because only one resource is in
//! memory; the Condition or Procedure that it means is judged where it stands, and
//! [`FhirClaims::references`] counts them. Resources of other types are counted by
//! [`FhirClaims::skipped`].
//!
//! # Which code set
//!
//! Told by `coding.system` ([Using ICD-[x] with FHIR](https://terminology.hl7.org/ICD.html)):
//!
//! | system | code set |
//! |---|---|
//! | `http://hl7.org/fhir/sid/icd-10-cm`, `urn:oid:2.16.840.1.113883.6.90` | ICD-10-CM |
//! | `http://www.cms.gov/Medicare/Coding/ICD10`, `http://hl7.org/fhir/sid/icd-10-pcs`, `http://www.icd10data.com/icd10pcs`, `urn:oid:2.16.840.1.113883.6.4` | ICD-10-PCS |
//! | any other: ICD-9-CM, CPT, HCPCS, SNOMED CT, ICD-10 of the WHO | not kept here |
//!
//! A coding without a system is a [`ClaimProblem`]: FHIR gives its code no meaning, and so none is guessed.
//!
//! # Which day
//!
//! The day is the one that is written: `2025-10-01T23:30:00-05:00` is October 1, because the day of a service
//! is that of the place where it was given. A year or a month alone is no day.
//!
//! - **Claim, ExplanationOfBenefit.** An inpatient stay goes by `billablePeriod.end`, the through date, as the
//!   Medicare Claims Processing Manual, chapter 23, wants it; so does home health. All others go by
//!   `item.servicedDate` or `servicedPeriod`, first and last day, of the items that point to the code
//!   (`diagnosisSequence`, `procedureSequence`); without such an item by `billablePeriod.start`; without that
//!   by the earliest item.
//! - What a stay is: `type` has to be `institutional`, or one of CMS's `eob-type` (`INPATIENT`, `OUTPATIENT`,
//!   `SNF`, `HHA`, `HOSPICE`). Then the type of bill tells, if `supportingInfo` of the category `typeofbill`
//!   has it ([CARIN for Blue Button](https://hl7.org/fhir/us/carin-bb/)), by the table of
//!   [`X12Claims`](super::X12Claims); else `subType`, `inpatient` or `outpatient`; else the `eob-type`. An
//!   institutional claim that says none of them is judged only if its period is one day.
//! - **Encounter.** Of class `IMP`, `ACUTE` or `NONAC` by `period.end`, the discharge; of any other by
//!   `period.start`. In R5 `actualPeriod`.
//! - **Procedure.** By `performedDateTime` or `performedPeriod`, in R5 `occurrenceDateTime` or
//!   `occurrencePeriod`; first and last day of a period.
//! - **Condition.** By `recordedDate`: a Condition has no date of service, and that is the day on which
//!   somebody chose the code. An onset can lie decades before the code; it is taken only where there is no
//!   `recordedDate` and [`FhirOptions::use_onset`] is set. Otherwise [`ProblemKind::NoDate`].

mod dates;
mod node;
mod resource;
mod source;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::io::Read;

use serde::de::IgnoredAny;

use super::{ClaimItem, ClaimPlace, ClaimProblem, ProblemKind};
use codeyear_core::error::{Error, Result};
use node::{At, Node, Path, Wrong};
use resource::ReadResource;
use source::{LARGEST_RESOURCE, Source, Spot, Taken};

/// The most names of types that are counted each; FHIR has about 150.
const MAX_TYPES: usize = 250;

/// What is wanted of the resources beside their codes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FhirOptions {
    /// The values to keep of each resource, by name: `id`, `resource_type`.
    pub keep: Vec<String>,
    /// Whether to read the charge, in cents: `total` of a Claim, the submitted total of an
    /// ExplanationOfBenefit.
    pub amount: bool,
    /// Whether a Condition without `recordedDate` goes by its onset.
    pub use_onset: bool,
}

impl FhirOptions {
    /// The names of the values that can be kept.
    pub const NAMES: [&'static str; 2] = [NAMES[0].0, NAMES[1].0];
}

/// A value to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeptField {
    Id,
    ResourceType,
}

/// The names of the values that can be kept.
const NAMES: [(&str, KeptField); 2] = [
    ("id", KeptField::Id),
    ("resource_type", KeptField::ResourceType),
];

/// Where in the file the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first byte.
    Begin,
    /// Lines of NDJSON; the number of the last.
    Lines(u64),
    /// Between values at the top of the file.
    Between {
        is_first: bool,
    },
    /// Within the members of the object at the top.
    Members {
        is_first: bool,
    },
    /// Within `entry` of a Bundle.
    Entries {
        is_first: bool,
    },
    /// Within an array at the top.
    Elements {
        is_first: bool,
    },
    Done,
}

/// The object at the top of the file, while its members go by.
#[derive(Debug, Default)]
struct Top {
    line: u64,
    members: Vec<(&'static str, Node)>,
    size: usize,
    is_too_large: bool,
    /// The array `entry` went by, and a resource in it.
    has_entries: bool,
    has_resources: bool,
    /// `entry` is no array.
    is_entry_wrong: bool,
}

/// A reader of the resources of a FHIR file.
///
/// The item of the iterator is an error where nothing more can be read; within it a [`ClaimItem`] is a
/// resource with its codes, or what of one cannot be read.
///
/// ```
/// use codeyear_claims::{FhirClaims, FhirOptions};
///
/// let file: &[u8] = br#"{"resourceType": "Condition", "recordedDate": "2025-10-01", "code": {"coding": [
///     {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "G35.D"}]}}"#;
/// let mut claims = FhirClaims::new(file, FhirOptions::default())?;
/// let claim = claims.next().unwrap()?.unwrap();
/// assert_eq!(claim.codes[0].text, "G35.D");
/// assert_eq!(claim.codes[0].day, Ok("2025-10-01".parse().unwrap()));
/// # Ok::<(), codeyear_core::Error>(())
/// ```
#[derive(Debug)]
pub struct FhirClaims<R> {
    source: Source<R>,
    options: FhirOptions,
    wanted: Vec<KeptField>,
    state: State,
    top: Top,
    /// Entries of all Bundles and arrays so far.
    entries: u64,
    value: Vec<u8>,
    ready: VecDeque<ClaimItem>,
    skipped: BTreeMap<String, u64>,
    references: u64,
}

impl<R: Read> FhirClaims<R> {
    /// Makes a reader; nothing is read yet.
    ///
    /// # Errors
    ///
    /// A name in [`FhirOptions::keep`] is none that a resource has.
    pub fn new(input: R, options: FhirOptions) -> Result<Self> {
        let mut wanted = Vec::with_capacity(options.keep.len());
        for name in &options.keep {
            let known = NAMES.iter().find(|(known, _)| known == name);
            let (_, kept) =
                known.ok_or_else(|| super::unknown_name(name, &NAMES.map(|(name, _)| name)))?;
            wanted.push(*kept);
        }
        Ok(FhirClaims {
            source: Source::new(input),
            options,
            wanted,
            state: State::Begin,
            top: Top::default(),
            entries: 0,
            value: Vec::new(),
            ready: VecDeque::new(),
            skipped: BTreeMap::new(),
            references: 0,
        })
    }

    /// Counts the resources so far that hold no claim, by their type.
    pub fn skipped(&self) -> &BTreeMap<String, u64> {
        &self.skipped
    }

    /// Counts the diagnoses and procedures so far that are references to other resources.
    pub fn references(&self) -> u64 {
        self.references
    }

    /// Reads on by one step, which may make items ready.
    fn step(&mut self) -> Result<()> {
        match self.state {
            State::Begin => self.begin(),
            State::Lines(last) => self.line(last + 1),
            State::Between { is_first } => self.between(is_first),
            State::Members { is_first } => self.member(is_first),
            State::Entries { is_first } | State::Elements { is_first } => self.element(is_first),
            State::Done => Ok(()),
        }
    }

    /// Distinguishes NDJSON from a document: its first line is an object of its own, and no Bundle.
    fn begin(&mut self) -> Result<()> {
        self.source.skip_mark()?;
        let next = self.source.peek()?;
        let first = self.source.spot().line;
        let is_lines = next == Some(b'{')
            && match self.source.peek_line()? {
                Some(line) if source::is_whole_object(line) => {
                    !serde_json::from_slice::<Node>(line).is_ok_and(|node| is_bundle(&node))
                }
                _ => false,
            };
        self.state = match is_lines {
            true => State::Lines(first - 1),
            false => State::Between { is_first: true },
        };
        Ok(())
    }

    fn line(&mut self, number: u64) -> Result<()> {
        let place = ClaimPlace::Line(number);
        match self.source.line(&mut self.value)? {
            None => self.state = State::Done,
            Some(taken) => {
                self.state = State::Lines(number);
                if taken == Taken::TooLarge {
                    self.too_large(place);
                } else if !self.value.trim_ascii().is_empty() {
                    match serde_json::from_slice::<Node>(&self.value) {
                        Ok(node) => self.resource(&node, place),
                        Err(error) if error.is_data() => self.twice(place),
                        Err(error) => {
                            let what = format!("not JSON: column {}", error.column());
                            self.problem(place, None, ProblemKind::Malformed(what));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn between(&mut self, is_first: bool) -> Result<()> {
        self.state = match self.source.peek()? {
            Some(b'{') => {
                self.top = Top {
                    line: self.source.spot().line,
                    ..Top::default()
                };
                State::Members { is_first: true }
            }
            Some(b'[') => State::Elements { is_first: true },
            None if !is_first => {
                self.state = State::Done;
                return Ok(());
            }
            _ => {
                return Err(self.source.fail(
                    "expected FHIR in JSON: a Bundle, a resource, an array of resources or NDJSON",
                ));
            }
        };
        self.source.take_byte();
        Ok(())
    }

    fn member(&mut self, is_first: bool) -> Result<()> {
        if !self.goes_on(is_first, b'}')? {
            self.state = State::Between { is_first: false };
            self.end_object();
            return Ok(());
        }
        self.state = State::Members { is_first: false };
        if self.source.peek()? != Some(b'"') {
            return Err(self.source.fail("not JSON: expected the name of a member"));
        }
        let spot = self.source.spot();
        self.source.value(&mut self.value)?;
        let name: String =
            serde_json::from_slice(&self.value).map_err(|error| broken(spot, &error))?;
        if self.source.peek()? != Some(b':') {
            return Err(self
                .source
                .fail("not JSON: expected a colon behind the name of a member"));
        }
        self.source.take_byte();
        let next = self.source.peek()?;
        if name == "entry" && self.top.has_entries {
            return Err(self.source.fail("expected one array entry, found two"));
        }
        if name == "entry" && next == Some(b'[') {
            self.source.take_byte();
            self.top.has_entries = true;
            self.state = State::Entries { is_first: true };
            return Ok(());
        }
        self.top.is_entry_wrong |= name == "entry";
        let spot = self.source.spot();
        let taken = self.source.value(&mut self.value)?;
        match node::kept_name(&name) {
            None if taken == Taken::Whole => {
                serde_json::from_slice::<IgnoredAny>(&self.value)
                    .map_err(|error| broken(spot, &error))?;
            }
            None => {}
            Some(name) if self.top.members.iter().any(|(other, _)| *other == name) => {
                return Err(source::fail(
                    spot,
                    format!("expected one {name}, found two"),
                ));
            }
            Some(name) => {
                self.top.size += self.value.len();
                let is_too_large = taken == Taken::TooLarge || self.top.size > LARGEST_RESOURCE;
                if is_too_large || self.top.is_too_large {
                    self.top.is_too_large = true;
                    self.top.members.clear();
                    return Ok(());
                }
                match serde_json::from_slice::<Node>(&self.value) {
                    Ok(node) => self.top.members.push((name, node)),
                    Err(error) if error.is_data() => {
                        self.twice(ClaimPlace::Line(spot.line));
                        self.top.members.push((name, Node::Null));
                    }
                    Err(error) => return Err(broken(spot, &error)),
                }
            }
        }
        Ok(())
    }

    /// Ends the object at the top: a Bundle whose entries went by, or a resource.
    fn end_object(&mut self) {
        let top = std::mem::take(&mut self.top);
        let place = ClaimPlace::Line(top.line);
        if top.is_too_large {
            self.too_large(place);
            return;
        }
        let node = Node::Object(top.members);
        if is_bundle(&node) {
            if top.is_entry_wrong {
                let what = ProblemKind::Malformed("expected an array".to_owned());
                self.problem(place, Some("Bundle.entry".to_owned()), what);
            }
            return;
        }
        if top.has_resources {
            let what = ProblemKind::Malformed(
                "expected Bundle, because it has entries with resources".to_owned(),
            );
            self.problem(place, Some("resourceType".to_owned()), what);
            return;
        }
        self.resource(&node, place);
    }

    fn element(&mut self, is_first: bool) -> Result<()> {
        let is_entry = matches!(self.state, State::Entries { .. });
        if !self.goes_on(is_first, b']')? {
            self.state = match is_entry {
                true => State::Members { is_first: false },
                false => State::Between { is_first: false },
            };
            return Ok(());
        }
        self.state = match is_entry {
            true => State::Entries { is_first: false },
            false => State::Elements { is_first: false },
        };
        self.source.peek()?;
        let spot = self.source.spot();
        self.entries += 1;
        let place = ClaimPlace::Entry(self.entries);
        if self.source.value(&mut self.value)? == Taken::TooLarge {
            self.top.has_resources |= is_entry;
            self.too_large(place);
            return Ok(());
        }
        match serde_json::from_slice::<Node>(&self.value) {
            Ok(node) if is_entry => self.entry(&node, place),
            Ok(node) => self.resource(&node, place),
            Err(error) if error.is_data() => self.twice(place),
            Err(error) => return Err(broken(spot, &error)),
        }
        Ok(())
    }

    /// Checks whether a list goes on, and takes the comma or its end.
    fn goes_on(&mut self, is_first: bool, end: u8) -> Result<bool> {
        match self.source.peek()? {
            Some(byte) if byte == end => {
                self.source.take_byte();
                Ok(false)
            }
            Some(_) if is_first => Ok(true),
            Some(b',') => {
                self.source.take_byte();
                Ok(true)
            }
            Some(_) => Err(self
                .source
                .fail(format!("not JSON: expected a comma or {}", char::from(end)))),
            None => Err(self.source.cut_off()),
        }
    }

    /// Reads one entry of a Bundle; one without a resource, such as a deletion, holds nothing.
    fn entry(&mut self, node: &Node, place: ClaimPlace) {
        let path = Path::Root("entry");
        match (At { node, path: &path }).member("resource") {
            Ok(Some(resource)) => {
                self.top.has_resources = true;
                self.resource(resource, place);
            }
            Ok(None) => {}
            Err(wrong) => self.problem(place, Some(wrong.path), wrong.kind),
        }
    }

    fn resource(&mut self, node: &Node, place: ClaimPlace) {
        let given = resource::read(
            node,
            place,
            &self.options,
            &self.wanted,
            &mut self.references,
        );
        match given {
            Ok(ReadResource::Claim(claim, wrongs)) => {
                self.ready.push_back(Ok(claim));
                for Wrong { path, kind } in wrongs {
                    self.problem(place, Some(path), kind);
                }
            }
            Ok(ReadResource::Skipped(name)) => {
                let is_known = self.skipped.len() < MAX_TYPES || self.skipped.contains_key(&name);
                let name = if is_known { name } else { "others".to_owned() };
                *self.skipped.entry(name).or_default() += 1;
            }
            Err(Wrong { path, kind }) => self.problem(place, Some(path), kind),
        }
    }

    fn too_large(&mut self, place: ClaimPlace) {
        let what =
            format!("longer than {LARGEST_RESOURCE} bytes, the most that is read of one resource");
        self.problem(place, None, ProblemKind::Malformed(what));
    }

    fn twice(&mut self, place: ClaimPlace) {
        let what = "an element that is read stands twice in one object".to_owned();
        self.problem(place, None, ProblemKind::Malformed(what));
    }

    fn problem(&mut self, place: ClaimPlace, field: Option<String>, kind: ProblemKind) {
        self.ready.push_back(Err(ClaimProblem {
            place,
            field,
            kind,
            value: None,
        }));
    }
}

impl<R: Read> Iterator for FhirClaims<R> {
    type Item = Result<ClaimItem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(Ok(item));
            }
            if self.state == State::Done {
                return None;
            }
            if let Err(error) = self.step() {
                self.state = State::Done;
                self.ready.clear();
                return Some(Err(error));
            }
        }
    }
}

fn is_bundle(node: &Node) -> bool {
    let path = Path::Root("resource");
    matches!(
        (At { node, path: &path }).text("resourceType"),
        Ok(Some("Bundle"))
    )
}

/// Makes the error for a value that is no JSON. The words of the parser are left out, because they could
/// hold a piece of the value.
fn broken(begin: Spot, error: &serde_json::Error) -> Error {
    let (line, column) = (error.line() as u64, error.column() as u64);
    let spot = match line {
        0 | 1 => Spot {
            line: begin.line,
            column: begin.column + column.saturating_sub(1),
        },
        _ => Spot {
            line: begin.line + line - 1,
            column,
        },
    };
    source::fail(spot, "not JSON")
}
