//! Interchanges, functional groups and transaction sets: what holds the claims, and its counts.

use std::collections::{BTreeMap, VecDeque};

use super::claim::{Building, Setting, problem};
use super::codes::Guide;
use super::segments::Segment;
use super::{ClaimProblem, KeptField, ProblemKind, X12Options};
use crate::{ClaimItem, ClaimPlace};

/// Where in the envelopes the reader stands.
#[derive(Debug)]
pub(super) struct Envelope {
    options: X12Options,
    wanted: Vec<KeptField>,
    interchange: Option<Interchange>,
    group: Option<Group>,
    set: Option<TransactionSet>,
    claim: Current,
    others: BTreeMap<String, u64>,
}

#[derive(Debug)]
struct Interchange {
    control: Vec<u8>,
    groups: u64,
}

#[derive(Debug)]
struct Group {
    control: Vec<u8>,
    /// GS08, the guide.
    reference: Vec<u8>,
    sets: u64,
}

#[derive(Debug)]
struct TransactionSet {
    control: Vec<u8>,
    /// The number of its ST.
    first: u64,
    /// `None` where the guide is not read: its claims are passed over, and a problem says so.
    guide: Option<Guide>,
    is_4010: bool,
}

/// What the next segment would belong to.
#[derive(Debug)]
enum Current {
    /// No claim.
    None,
    /// A claim that cannot be read: its segments are passed over.
    Lost,
    Claim(Box<Building>),
}

impl Envelope {
    pub(super) fn new(options: X12Options, wanted: Vec<KeptField>) -> Self {
        Envelope {
            options,
            wanted,
            interchange: None,
            group: None,
            set: None,
            claim: Current::None,
            others: BTreeMap::new(),
        }
    }

    /// Counts the transaction sets that hold no claims, by their kind.
    pub(super) fn others(&self) -> &BTreeMap<String, u64> {
        &self.others
    }

    /// Ends what is open where the input is cut off: the claim that it is in may lack its dates.
    pub(super) fn cut_off(
        &mut self,
        place: ClaimPlace,
        what: &str,
        ready: &mut VecDeque<ClaimItem>,
    ) {
        if let Current::Claim(building) = std::mem::replace(&mut self.claim, Current::None) {
            ready.push_back(Ok(building.cut_off()));
        }
        self.set = None;
        self.group = None;
        self.interchange = None;
        let kind = ProblemKind::Malformed(what.to_owned());
        ready.push_back(Err(ClaimProblem::new(place, None, kind).beside_claims()));
    }

    /// Reads the next segment; returns whether the interchange has ended with it.
    pub(super) fn take(&mut self, segment: &Segment<'_>, ready: &mut VecDeque<ClaimItem>) -> bool {
        let id = segment.id();
        let has_nul = memchr::memchr(0, segment.bytes()).is_some();
        if has_nul {
            let nul =
                ClaimProblem::new(ClaimPlace::Segment(segment.number), None, ProblemKind::Nul);
            ready.push_back(Err(nul.beside_claims()));
        }
        match id {
            b"ISA" => {
                if self.interchange.is_some() {
                    self.cut_off(
                        ClaimPlace::Segment(segment.number),
                        "an interchange begins and the one before it has no IEA: was a file cut off before another was added?",
                        ready,
                    );
                }
                self.interchange = Some(Interchange {
                    control: segment.element(13).to_vec(),
                    groups: 0,
                });
            }
            b"GS" => {
                self.end_group(segment, ready);
                if let Some(interchange) = &mut self.interchange {
                    interchange.groups += 1;
                }
                self.group = Some(Group {
                    control: segment.element(6).to_vec(),
                    reference: segment.element(8).to_vec(),
                    sets: 0,
                });
            }
            b"ST" => self.begin_set(segment, ready),
            b"SE" => self.end_set(segment, ready),
            b"GE" => self.group_trailer(segment, ready),
            b"IEA" => {
                self.interchange_trailer(segment, ready);
                return true;
            }
            // An acknowledgement of an interchange, which stands outside groups.
            b"TA1" if self.group.is_none() => {}
            _ => self.inside(segment, id, has_nul, ready),
        }
        false
    }

    fn inside(
        &mut self,
        segment: &Segment<'_>,
        id: &[u8],
        has_nul: bool,
        ready: &mut VecDeque<ClaimItem>,
    ) {
        let is_id = matches!(id.len(), 2 | 3)
            && id.first().is_some_and(u8::is_ascii_uppercase)
            && id
                .iter()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if !is_id {
            ready.push_back(wrong(
                segment,
                "segment",
                "expected a segment id of two or three capital letters and digits",
            ));
            return;
        }
        let Some(set) = &self.set else {
            ready.push_back(wrong(
                segment,
                "segment",
                "expected no segment outside a transaction set",
            ));
            return;
        };
        let Some(guide) = set.guide else { return };
        match id {
            b"CLM" => {
                let setting = Setting {
                    guide,
                    is_4010: set.is_4010,
                    transaction: &set.control,
                };
                let begun = if has_nul {
                    None
                } else {
                    match Building::begin(segment, setting, &self.options, &self.wanted) {
                        Ok(building) => Some(building),
                        Err(problem) => {
                            self.end_claim(ready);
                            ready.push_back(Err(problem));
                            self.claim = Current::Lost;
                            return;
                        }
                    }
                };
                self.end_claim(ready);
                self.claim = match begun {
                    Some(building) => Current::Claim(Box::new(building)),
                    None => Current::Lost,
                };
            }
            // The next subscriber or patient.
            b"HL" => self.end_claim(ready),
            _ => match &mut self.claim {
                Current::Lost => {}
                Current::None if id == b"HI" => {
                    ready.push_back(wrong(segment, "HI", "expected a CLM before it"));
                }
                Current::None => {}
                Current::Claim(building) => {
                    if has_nul {
                        return;
                    }
                    let taken = building.take(segment, &mut |found| {
                        ready.push_back(Err(found.beside_claims()));
                    });
                    if let Err(problem) = taken {
                        ready.push_back(Err(problem));
                        self.claim = Current::Lost;
                    }
                }
            },
        }
    }

    fn begin_set(&mut self, segment: &Segment<'_>, ready: &mut VecDeque<ClaimItem>) {
        if self.set.is_some() {
            self.drop_set(segment, ready);
        }
        let kind = segment.element(1);
        let control = segment.element(2).to_vec();
        if let Some(group) = &mut self.group {
            group.sets += 1;
        }
        if kind != b"837" {
            let is_known_form = kind.len() == 3 && kind.iter().all(u8::is_ascii_digit);
            let found = match std::str::from_utf8(kind) {
                Ok(kind) if is_known_form => kind,
                _ => "something else",
            };
            *self.others.entry(found.to_owned()).or_default() += 1;
            self.set = Some(TransactionSet {
                control,
                first: segment.number,
                guide: None,
                is_4010: false,
            });
            return;
        }
        if self.group.is_none() {
            ready.push_back(wrong(segment, "ST", "expected a GS before it"));
        }
        let (by_set, by_group) = (
            Guide::of(segment.element(3)),
            self.group
                .as_ref()
                .and_then(|group| Guide::of(&group.reference)),
        );
        let guide = by_set.or(by_group);
        if guide.is_none() {
            ready.push_back(wrong(
                segment,
                "ST03",
                "expected the guide of an 837P (X222), 837I (X223) or 837D (X224) in ST03 or GS08; the claims of this transaction set are not read",
            ));
        }
        let is_4010 = self
            .group
            .as_ref()
            .is_some_and(|group| group.reference.starts_with(b"00401"));
        self.set = Some(TransactionSet {
            control,
            first: segment.number,
            guide,
            is_4010,
        });
    }

    fn end_set(&mut self, segment: &Segment<'_>, ready: &mut VecDeque<ClaimItem>) {
        self.end_claim(ready);
        let Some(set) = self.set.take() else {
            ready.push_back(wrong(segment, "SE", "expected an ST before it"));
            return;
        };
        let counted = segment.number - set.first + 1;
        if number(segment.element(1)) != Some(counted) {
            ready.push_back(wrong(
                segment,
                "SE01",
                format!(
                    "expected {counted} in SE01, the number of segments of the transaction set"
                ),
            ));
        }
        if segment.element(2) != set.control {
            ready.push_back(wrong(
                segment,
                "SE02",
                "expected the control number of its ST in SE02",
            ));
        }
    }

    fn group_trailer(&mut self, segment: &Segment<'_>, ready: &mut VecDeque<ClaimItem>) {
        if self.set.is_some() {
            self.drop_set(segment, ready);
        }
        let Some(group) = self.group.take() else {
            ready.push_back(wrong(segment, "GE", "expected a GS before it"));
            return;
        };
        if number(segment.element(1)) != Some(group.sets) {
            ready.push_back(wrong(
                segment,
                "GE01",
                format!(
                    "expected {} in GE01, the number of transaction sets of the group",
                    group.sets
                ),
            ));
        }
        if !is_same_number(segment.element(2), &group.control) {
            ready.push_back(wrong(
                segment,
                "GE02",
                "expected the control number of its GS in GE02",
            ));
        }
    }

    fn interchange_trailer(&mut self, segment: &Segment<'_>, ready: &mut VecDeque<ClaimItem>) {
        self.end_group(segment, ready);
        let Some(interchange) = self.interchange.take() else {
            return;
        };
        if number(segment.element(1)) != Some(interchange.groups) {
            ready.push_back(wrong(
                segment,
                "IEA01",
                format!(
                    "expected {} in IEA01, the number of functional groups of the interchange",
                    interchange.groups
                ),
            ));
        }
        if !is_same_number(segment.element(2), &interchange.control) {
            ready.push_back(wrong(
                segment,
                "IEA02",
                "expected the control number of its ISA in IEA02",
            ));
        }
    }

    /// Ends a transaction set that has no SE.
    fn drop_set(&mut self, segment: &Segment<'_>, ready: &mut VecDeque<ClaimItem>) {
        self.end_claim(ready);
        self.set = None;
        ready.push_back(wrong(
            segment,
            "SE",
            "expected the SE of the transaction set before it, which may be cut off",
        ));
    }

    /// Ends what is open of a group without its GE.
    fn end_group(&mut self, segment: &Segment<'_>, ready: &mut VecDeque<ClaimItem>) {
        if self.set.is_some() {
            self.drop_set(segment, ready);
        }
        if self.group.take().is_some() {
            ready.push_back(wrong(
                segment,
                "GE",
                "expected the GE of the group before it, which may be cut off",
            ));
        }
    }

    fn end_claim(&mut self, ready: &mut VecDeque<ClaimItem>) {
        let ended = std::mem::replace(&mut self.claim, Current::None);
        if let Current::Claim(building) = ended {
            ready.push_back(Ok(building.finish(&self.options)));
        }
    }
}

fn wrong(segment: &Segment<'_>, field: &str, what: impl Into<String>) -> ClaimItem {
    Err(problem(segment, field, ProblemKind::Malformed(what.into())).beside_claims())
}

/// Reads a count: digits alone.
fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 18 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        text.iter()
            .fold(0, |number, digit| number * 10 + u64::from(digit - b'0')),
    )
}

/// Compares control numbers, which are numbers of any width.
fn is_same_number(one: &[u8], other: &[u8]) -> bool {
    one == other || number(one).is_some_and(|value| number(other) == Some(value))
}
