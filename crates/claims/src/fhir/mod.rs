//! Claims and clinical records in FHIR: R4, and what R5, STU3 and DSTU2 call otherwise.
//!
//! Reads a Bundle, a JSON array of resources, one resource, or NDJSON as bulk exports have it, told by the
//! content. One resource is in memory at a time, whatever the size of the Bundle and the order of its
//! members, and of Conditions, Procedures and references what the day of a code is told by. Of a resource only the
//! elements that a rule below names are read; a name, an address or a narrative never is, and nothing that a resource
//! holds stands in an error.
//!
//! # Which codes
//!
//! | resource | codes |
//! |---|---|
//! | [Claim](https://hl7.org/fhir/R4/claim.html), [ExplanationOfBenefit](https://hl7.org/fhir/R4/explanationofbenefit.html) | `diagnosis[].diagnosisCodeableConcept`, `procedure[].procedureCodeableConcept`; in DSTU2 `diagnosis[].diagnosis` |
//! | [Condition](https://hl7.org/fhir/R4/condition.html) | `code` |
//! | [Encounter](https://hl7.org/fhir/R4/encounter.html) | `reasonCode[]`; in R5 `reason[].value[].concept`, `diagnosis[].condition[].concept`; before R4 `reason[]` |
//! | [Procedure](https://hl7.org/fhir/R4/procedure.html) | `code` |
//!
//! A reference (`diagnosisReference`, `procedureReference`, `Encounter.diagnosis.condition`, `reasonReference`) is
//! followed within the resource, the Bundle and the stream, by `Type/id`, `urn:uuid:` and `fullUrl`.
//! [`FhirClaims::references`] counts those to what is not there. A diagnosis in words alone is a code that cannot be
//! read. Resources of other types are counted by [`FhirClaims::skipped`].
//!
//! # Which code set
//!
//! Told by `coding.system`, by the table of labels that all formats share
//! ([`LabelMeaning`](codeyear_core::model::LabelMeaning)): the official addresses ([Using ICD-[x] with
//! FHIR](https://terminology.hl7.org/ICD.html)), object identifiers with and without `urn:oid:`, names. What
//! `http://hl7.org/fhir/sid/icd-10` means in data of US claims, ICD-10-CM or ICD-10-PCS, the code tells. A coding
//! without a system has an unknown label: FHIR gives its code no meaning, and so none is guessed.
//!
//! # Which day
//!
//! The day is the one that is written: `2025-10-01T23:30:00-05:00` is October 1, because the day of a service
//! is that of the place where it was given. A year or a month alone may be any day of it.
//!
//! - **Claim, ExplanationOfBenefit.** An inpatient stay goes by `billablePeriod.end`, the through date, as the
//!   Medicare Claims Processing Manual, chapter 23, wants it; where that is not said by the end of its admission period
//!   (`supportingInfo`) or `hospitalization`. So does home health. All others go by
//!   `item.servicedDate` or `servicedPeriod`, first and last day, of the items that point to the code
//!   (`diagnosisSequence`, `procedureSequence`; before R4 `diagnosisLinkId`, `procedureLinkId`). Without such an item
//!   outpatient claims of an institution go by `billablePeriod.start`, else by the earliest item; others by the days of
//!   all items, else by any day of the period.
//! - What a stay is: `type` has to be `institutional`, or one of CMS's `eob-type` (`INPATIENT`, `OUTPATIENT`,
//!   `SNF`, `HHA`, `HOSPICE`). Then the type of bill tells, if `supportingInfo` of the category `typeofbill`
//!   has it ([CARIN for Blue Button](https://hl7.org/fhir/us/carin-bb/)), by the table of
//!   [`X12Claims`](super::X12Claims); else `subType`, `inpatient` or `outpatient`; else the `eob-type`. An
//!   institutional claim that says none of them may go by any day of its period, or of its items.
//! - **Encounter.** Of class `IMP`, `ACUTE` or `NONAC` by `period.end`, the discharge; of any other by
//!   `period.start`; without a class by any day. In R5 `actualPeriod`.
//! - **Condition, Procedure.** By the days of each claim and encounter that points to it; one to which none points by
//!   the encounter that it names; without that by its own date: of a Procedure `performedDateTime` or
//!   `performedPeriod` (in R5 `occurrenceDateTime`, `occurrencePeriod`), first and last day; of a Condition
//!   `recordedDate` (`assertedDate` in STU3, `dateRecorded` in DSTU2), the day on which somebody chose the code. An
//!   onset can lie decades before the code; it is taken only where there is no such date and
//!   [`FhirOptions::use_onset`] is set. Otherwise [`ProblemKind::NoDate`].
//!
//! Where a code may have to be valid on any of several days, it is judged if the verdict is the same on all of them.

mod concept;
mod dates;
mod held;
mod node;
mod resource;
mod rule;
mod source;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::sync::Arc;

use serde::de::IgnoredAny;

use super::claim::kept_fields;
use super::labels::Labels;
use super::{ClaimItem, ClaimPlace, ClaimProblem, ProblemKind};
use codeyear_core::error::{Error, ErrorKind, Result};
use held::{Held, Ready, Waiting};
use node::{At, Node, Path, Wrong};
use resource::ReadResource;
use source::{LARGEST_RESOURCE, Source, Spot, Taken};

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
    /// What the labels of code sets mean.
    pub labels: Labels,
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
    ready: VecDeque<Ready>,
    skipped: BTreeMap<String, u64>,
    held: Held,
    /// How many claims point to others.
    claims: u32,
    is_anything_read: bool,
}

/// The most claims of which it is known how they stand until all that they point to is read.
const MAX_NUMBERED: u32 = 300_000;

impl<R: Read> FhirClaims<R> {
    /// Makes a reader; nothing is read yet.
    ///
    /// # Errors
    ///
    /// A name in [`FhirOptions::keep`] is none that a resource has.
    pub fn new(input: R, options: FhirOptions) -> Result<Self> {
        let wanted = kept_fields(&options.keep, &NAMES)?;
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
            claims: 0,
            held: Held::default(),
            is_anything_read: false,
        })
    }

    /// Returns how many resources so far hold no claim, by their type.
    pub fn skipped(&self) -> &BTreeMap<String, u64> {
        &self.skipped
    }

    /// Returns how many Conditions and Procedures claims and encounters point to that are not in the stream. It is told
    /// at the end of the stream.
    pub fn references(&self) -> u64 {
        self.held.unfollowed()
    }

    /// Returns how many Conditions and Procedures went by what was known of them before the end of the stream, because
    /// more stood in it than can wait.
    pub fn not_held(&self) -> u64 {
        self.held.early
    }

    /// Returns how many references of claims count nothing for their claims, because there were more than can be kept.
    pub fn not_linked(&self) -> u64 {
        self.held.unlinked
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
                        Ok(node) => self.resource(&node, None, place),
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
                .fail("not JSON: expected a colon after the name of a member"));
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
            self.held.end_bundle(&mut self.ready);
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
        self.resource(&node, None, place);
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
            Ok(node) => self.resource(&node, None, place),
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
        let at = At { node, path: &path };
        match at.member("resource") {
            Ok(Some(resource)) => {
                self.top.has_resources = true;
                let full_url = at.text("fullUrl").ok().flatten();
                self.resource(resource, full_url, place);
            }
            Ok(None) => {}
            Err(wrong) => self.problem(place, Some(wrong.path), wrong.kind),
        }
    }

    fn resource(&mut self, node: &Node, full_url: Option<&str>, place: ClaimPlace) {
        if is_bundle(node) {
            self.bundle(node, place);
            return;
        }
        self.is_anything_read = true;
        let path = Path::Root("resource");
        let at = At { node, path: &path };
        let read = match resource::read(node, place, &self.options, &self.wanted) {
            Ok(read) => read,
            Err(Wrong { path, kind, .. }) => return self.problem(place, Some(path), kind),
        };
        let (claim, wrongs, pointed) = match read {
            ReadResource::Claim(mut claim, wrongs, pointed) if !pointed.is_empty() => {
                // Beyond the last number claims and what they point to are counted each by itself.
                self.claims = self.claims.saturating_add(1);
                if self.claims <= MAX_NUMBERED {
                    claim.parts.number = self.claims;
                }
                (claim, wrongs, pointed)
            }
            ReadResource::Claim(claim, wrongs, pointed) => (claim, wrongs, pointed),
            ReadResource::Encounter(claim, wrongs, pointed, days) => {
                self.held.encounter(&keys(at, full_url), &days);
                (claim, wrongs, pointed)
            }
            ReadResource::Waiting(claim, wrongs, own, encounter) => {
                let problems = wrongs.into_iter().map(|wrong| wrong.beside(place));
                let waiting = Waiting {
                    keys: keys(at, full_url),
                    claim,
                    problems: problems.collect(),
                    own: Arc::new(own),
                    encounter,
                };
                return self.held.wait(waiting, &mut self.ready);
            }
            ReadResource::Skipped(name) => {
                // A type that FHIR does not have may be anything of the file.
                let known = resource::OTHER_TYPES.contains(&name.as_str());
                let name = if known {
                    name
                } else {
                    "of another type".to_owned()
                };
                *self.skipped.entry(name).or_default() += 1;
                return;
            }
        };
        for (target, days) in &pointed {
            self.held.point(target, days, claim.parts.number);
        }
        self.ready.push_back(Ready::Item(Ok(claim)));
        let problems = wrongs
            .into_iter()
            .map(|wrong| Ready::Item(Err(wrong.beside(place))));
        self.ready.extend(problems);
    }

    /// Reads a Bundle that stands within something else: a line, an array, another Bundle.
    fn bundle(&mut self, node: &Node, place: ClaimPlace) {
        let path = Path::Root("Bundle");
        let read = At { node, path: &path }.each("entry", |entry, _| {
            self.entry(entry.node, place);
            Ok(())
        });
        if let Err(Wrong { path, kind, .. }) = read {
            self.problem(place, Some(path), kind);
        }
        self.held.end_bundle(&mut self.ready);
    }

    /// Ends the reading where nothing more can be read. What was read before is given, and what is wrong is a problem
    /// beside it; where nothing was read, or where the file itself fails, it is an error.
    fn cut_off(&mut self, error: Error) -> Option<Error> {
        let is_first = !self.is_anything_read;
        if is_first || error.kind() != ErrorKind::Format {
            return Some(error);
        }
        let spot = self.source.spot();
        let what = format!("{}; nothing after it is read", error.message());
        let problem = ClaimProblem::new(
            ClaimPlace::Line(spot.line),
            None,
            ProblemKind::Malformed(what),
        );
        self.held.end(&mut self.ready);
        self.ready
            .push_back(Ready::Item(Err(problem.beside_claims())));
        None
    }

    fn too_large(&mut self, place: ClaimPlace) {
        let what =
            format!("longer than {LARGEST_RESOURCE} bytes, the most that is read of one resource");
        self.problem(place, None, ProblemKind::Malformed(what));
    }

    fn twice(&mut self, place: ClaimPlace) {
        let what = "an element that is read is in one object twice".to_owned();
        self.problem(place, None, ProblemKind::Malformed(what));
    }

    fn problem(&mut self, place: ClaimPlace, field: Option<String>, kind: ProblemKind) {
        self.ready
            .push_back(Ready::Item(Err(ClaimProblem::new(place, field, kind))));
    }
}

impl<R: Read> Iterator for FhirClaims<R> {
    type Item = Result<ClaimItem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.ready.pop_front() {
                None => {}
                Some(Ready::Item(item)) => return Some(Ok(item)),
                Some(Ready::Resource(resource)) => {
                    let (claim, problems) = resource.into_items();
                    for problem in problems.into_iter().rev() {
                        self.ready.push_front(Ready::Item(Err(problem)));
                    }
                    return Some(Ok(Ok(claim)));
                }
            }
            if self.state == State::Done {
                self.held.end(&mut self.ready);
                if self.ready.is_empty() {
                    return None;
                }
                continue;
            }
            if let Err(error) = self.step() {
                self.state = State::Done;
                if let Some(error) = self.cut_off(error) {
                    self.ready.clear();
                    return Some(Err(error));
                }
            }
        }
    }
}

/// Returns what may point to a resource.
fn keys(at: At<'_, '_>, full_url: Option<&str>) -> Vec<String> {
    let text = |name| at.text(name).ok().flatten();
    let own = text("resourceType")
        .zip(text("id"))
        .map(|(kind, id)| format!("{kind}/{id}"));
    let mut keys: Vec<String> = full_url.map(held::key).into_iter().chain(own).collect();
    keys.dedup();
    keys
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
