//! References between resources: Conditions and Procedures wait until it is known which claims and encounters point to
//! them, because those say on which day the code has to be valid.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::dates::{CodeDay, Days};
use crate::{Claim, ClaimCode, ClaimItem, ClaimProblem};

/// The most resources that wait, and the most that is kept of references: some 100 MB in all. Of a larger file the first
/// ones go by what is known by then.
const MAX_HELD: usize = 100_000;
const MAX_KNOWN: usize = 300_000;

/// A Condition or a Procedure.
#[derive(Debug)]
pub(super) struct Waiting {
    /// What may point to it.
    pub(super) keys: Vec<String>,
    /// Its codes, each once and without a day.
    pub(super) claim: Claim,
    /// What of it cannot be read.
    pub(super) problems: Vec<ClaimProblem>,
    /// Its own dates.
    pub(super) own: Days,
    /// The encounter in which it was found.
    pub(super) encounter: Option<String>,
}

/// What is known in a Bundle, or in the whole stream.
#[derive(Debug, Default)]
struct Known {
    /// The days of the claims and encounters that point to a resource.
    pointed: HashMap<String, Pointed>,
    /// The days of encounters.
    encounters: HashMap<String, Days>,
}

/// The days on which claims and encounters point to a resource.
#[derive(Debug, Default)]
struct Pointed {
    days: Days,
    /// The claims among them, each with its own days.
    claims: Vec<(u32, Days)>,
    /// Whether the resource is in the stream.
    is_followed: bool,
}

/// Resources that wait, and what they wait for.
#[derive(Debug, Default)]
pub(super) struct Held {
    waiting: VecDeque<Waiting>,
    /// How many of them came before the Bundle that is read.
    before: usize,
    bundle: Known,
    stream: Known,
    /// How many days of claims are kept beside what they point to.
    links: usize,
    /// How many went by what was known before the end.
    pub(super) early: u64,
    /// How many references were not kept.
    pub(super) unkept: u64,
    /// How many references give their days alone: what they point to counts as a row of its own, and not with the claim.
    pub(super) unlinked: u64,
}

/// Returns an address as references are compared: `Condition/d3` of any server and version, `urn:uuid:...` as it is.
pub(super) fn key(address: &str) -> String {
    let address = address.split("/_history/").next().unwrap_or_default();
    if address.starts_with("urn:") {
        return address.to_owned();
    }
    let mut parts = address.trim_end_matches('/').rsplitn(3, '/');
    match (parts.next(), parts.next()) {
        (Some(id), Some(kind)) => format!("{kind}/{id}"),
        _ => address.to_owned(),
    }
}

impl Held {
    /// Notes that a claim or an encounter with these days points to a resource; 0 is the number of an encounter.
    pub(super) fn point(&mut self, target: &str, days: &Days, claim: u32) {
        let is_new = !self.bundle.pointed.contains_key(&key(target));
        if is_new && self.bundle.pointed.len() + self.stream.pointed.len() >= MAX_KNOWN {
            self.unkept += 1;
            return;
        }
        let known = self.bundle.pointed.entry(key(target)).or_default();
        known.days.add_all(days);
        match claim {
            0 => {}
            _ if self.links >= MAX_KNOWN => self.unlinked += 1,
            claim => {
                known.claims.push((claim, days.clone()));
                self.links += days.len();
            }
        }
    }

    /// Notes the days of an encounter.
    pub(super) fn encounter(&mut self, keys: &[String], days: &Days) {
        if self.bundle.encounters.len() + self.stream.encounters.len() >= MAX_KNOWN {
            self.unkept += 1;
            return;
        }
        for key in keys {
            self.bundle.encounters.insert(key.clone(), days.clone());
        }
    }

    /// Adds a resource that waits.
    pub(super) fn wait(&mut self, waiting: Waiting, ready: &mut VecDeque<ClaimItem>) {
        self.waiting.push_back(waiting);
        if self.waiting.len() > MAX_HELD
            && let Some(first) = self.waiting.pop_front()
        {
            self.before = self.before.saturating_sub(1);
            self.early += 1;
            self.give(first, ready);
        }
    }

    /// Ends a Bundle. What its own claims and encounters point to is known now; the rest of it waits for the end of the
    /// stream. Identifiers may stand for something else in another Bundle.
    pub(super) fn end_bundle(&mut self, ready: &mut VecDeque<ClaimItem>) {
        let own = self.waiting.split_off(self.before.min(self.waiting.len()));
        for waiting in own {
            let is_pointed_to = waiting
                .keys
                .iter()
                .any(|key| self.bundle.pointed.contains_key(key));
            match is_pointed_to {
                true => self.give(waiting, ready),
                false => {
                    let encounter = self.encounter_of(&waiting, &self.bundle).cloned();
                    self.waiting.push_back(match encounter {
                        Some(own) => Waiting {
                            own,
                            encounter: None,
                            ..waiting
                        },
                        None => waiting,
                    });
                }
            }
        }
        self.before = self.waiting.len();
        let bundle = std::mem::take(&mut self.bundle);
        #[allow(
            clippy::iter_over_hash_type,
            reason = "days are a set, and no two entries of a map have one key"
        )]
        for (key, pointed) in bundle.pointed {
            // What stands in its own Bundle is known by that alone.
            if pointed.is_followed {
                let links = pointed.claims.iter().map(|(_, days)| days.len());
                self.links -= links.sum::<usize>();
                continue;
            }
            let known = self.stream.pointed.entry(key).or_default();
            known.days.add_all(&pointed.days);
            known.claims.extend(pointed.claims);
        }
        self.stream.encounters.extend(bundle.encounters);
    }

    /// Ends the stream: gives all that waits.
    pub(super) fn end(&mut self, ready: &mut VecDeque<ClaimItem>) {
        self.end_bundle(ready);
        while let Some(waiting) = self.waiting.pop_front() {
            self.give(waiting, ready);
        }
    }

    /// Counts the references to what is not in the stream.
    pub(super) fn unfollowed(&self) -> u64 {
        let pointed = self.stream.pointed.values();
        pointed.filter(|pointed| !pointed.is_followed).count() as u64 + self.unkept
    }

    fn encounter_of<'k>(&self, waiting: &Waiting, known: &'k Known) -> Option<&'k Days> {
        let encounter = known.encounters.get(waiting.encounter.as_ref()?);
        encounter.filter(|days| days.are_told())
    }

    /// Ends the waiting of a resource, which gets its days: those of what points to it, else those of its encounter, else its own.
    fn give(&mut self, waiting: Waiting, ready: &mut VecDeque<ClaimItem>) {
        let mut pointed = Days::default();
        let mut claims = Vec::new();
        for known in [&mut self.bundle, &mut self.stream] {
            // Identifiers of the stream may stand for something else than those of the Bundle.
            if pointed.are_told() {
                break;
            }
            for key in &waiting.keys {
                if let Some(known) = known.pointed.get_mut(key) {
                    known.is_followed = true;
                    pointed.add_all(&known.days);
                    claims.extend_from_slice(&known.claims);
                }
            }
        }
        let encounter = self
            .encounter_of(&waiting, &self.bundle)
            .or_else(|| self.encounter_of(&waiting, &self.stream));
        let days = match encounter {
            _ if pointed.are_told() => &pointed,
            Some(days) => days,
            None => &waiting.own,
        };
        let mut claim = waiting.claim;
        let codes = std::mem::take(&mut claim.codes);
        let of_all: Vec<u32> = claims.iter().map(|(number, _)| *number).collect();
        let mut of_day: BTreeMap<CodeDay, Vec<u32>> = BTreeMap::new();
        for (number, own) in &claims {
            own.each()
                .for_each(|day| of_day.entry(day).or_default().push(*number));
        }
        claim.parts.is_part = !claims.is_empty();
        for code in &codes {
            for (code, day) in on_days(code, days) {
                let place = claim.codes.len();
                // Where no claim has a day, or the code cannot be read, it is that of each of them.
                let of = match &day {
                    Some(day) if pointed.are_told() => {
                        of_day.get(day).map_or(&[][..], Vec::as_slice)
                    }
                    _ => &of_all,
                };
                claim
                    .parts
                    .of
                    .extend(of.iter().map(|number| (place, *number)));
                claim.codes.push(code);
            }
        }
        ready.push_back(Ok(claim));
        ready.extend(waiting.problems.into_iter().map(Err));
    }
}

/// Returns a code on each of its days. One that cannot be read as it stands stays as it is.
fn on_days(code: &ClaimCode, days: &Days) -> Vec<(ClaimCode, Option<CodeDay>)> {
    if code.text.is_empty() {
        return vec![(code.clone(), None)];
    }
    let on = |day: CodeDay| {
        let code = ClaimCode {
            day: day.day.clone(),
            since: day.since,
            ..code.clone()
        };
        (code, Some(day))
    };
    days.each().map(on).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_means_the_same_on_every_server_and_in_every_version() {
        for (address, expected) in [
            ("Condition/d3", "Condition/d3"),
            ("http://example.org/fhir/Condition/d3", "Condition/d3"),
            (
                "http://example.org/fhir/Condition/d3/_history/2",
                "Condition/d3",
            ),
            ("urn:uuid:0c7a", "urn:uuid:0c7a"),
            ("d3", "d3"),
        ] {
            assert_eq!(key(address), expected);
        }
    }

    #[test]
    fn what_is_pointed_to_beyond_what_can_be_kept_is_counted_and_a_bundle_gives_back_what_it_took()
    {
        let day = "2026-03-01".parse().unwrap();
        let mut held = Held {
            links: MAX_KNOWN - 1,
            ..Held::default()
        };
        let days = Days::between(day, day);
        held.point("Condition/a", &days, 1);
        held.point("Condition/b", &days, 2);
        assert_eq!((held.links, held.unlinked), (MAX_KNOWN, 1));
        if let Some(pointed) = held.bundle.pointed.get_mut("Condition/a") {
            pointed.is_followed = true;
        }
        held.end_bundle(&mut VecDeque::new());
        assert_eq!(held.links, MAX_KNOWN - 1);
        held.point("Condition/c", &days, 3);
        assert_eq!(held.unlinked, 1);
    }
}
