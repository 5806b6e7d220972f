//! References between resources: Conditions and Procedures wait until it is known which claims and encounters point to
//! them, because those say on which day the code has to be valid.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::dates::{CodeDay, Days};
use crate::{Claim, ClaimCode, ClaimItem, ClaimProblem};

/// The most resources that wait, and the most that is kept of references. Of a larger file the first ones go by what is
/// known by then.
const MAX_HELD: usize = 100_000;
const MAX_KNOWN: usize = 300_000;

/// The most bytes of each of the two, whatever the resources hold.
const MAX_HELD_BYTES: usize = 40 << 20;
const MAX_KNOWN_BYTES: usize = 48 << 20;

/// What a text, a day and an entry of a map take in memory beside what they hold.
const TEXT_BYTES: usize = 16;
const DAY_BYTES: usize = 64;
const ENTRY_BYTES: usize = 160;

/// The most days that are kept of what points to one resource, and of the claims among that: each of them is looked
/// through for it.
const MAX_DAYS_OF_ONE: usize = 1_000;

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
    pub(super) own: Arc<Days>,
    /// The encounter in which it was found.
    pub(super) encounter: Option<String>,
}

/// What is known in a Bundle, or in the whole stream.
#[derive(Debug, Default)]
struct Known {
    /// The days of the claims and encounters that point to a resource, and whether it is in the stream.
    pointed: HashMap<String, (Arc<Pointed>, bool)>,
    /// The days of encounters.
    encounters: HashMap<String, Arc<Days>>,
}

/// The days on which claims and encounters point to a resource.
#[derive(Debug, Clone, Default)]
struct Pointed {
    days: Days,
    /// The claims among them, each with its own days.
    claims: Vec<(u32, Days)>,
    /// How many days these have.
    links: usize,
}

/// What is read, in its order.
#[derive(Debug)]
pub(super) enum Ready {
    /// A claim, or what of one cannot be read.
    Item(ClaimItem),
    /// A resource that waits no longer. Its codes on all its days are many, so they are made of one at a time.
    Resource(ResolvedResource),
}

/// A resource, and what says on which days its codes have to be valid.
#[derive(Debug)]
pub(super) struct ResolvedResource {
    waiting: Waiting,
    pointed: Vec<Arc<Pointed>>,
    encounter: Option<Arc<Days>>,
}

/// Resources that wait, and what they wait for.
#[derive(Debug, Default)]
pub(super) struct Held {
    waiting: VecDeque<Waiting>,
    /// How many bytes they take.
    waiting_bytes: usize,
    /// How many of them came before the Bundle that is read.
    before: usize,
    bundle: Known,
    stream: Known,
    /// How many days of claims are kept beside what they point to.
    links: usize,
    /// How many bytes what is known of references takes.
    known_bytes: usize,
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
        let key = key(target);
        let is_full = self.known_bytes >= MAX_KNOWN_BYTES;
        let known = self.bundle.pointed.len() + self.stream.pointed.len();
        let is_new = !self.bundle.pointed.contains_key(&key);
        if is_full || (is_new && known >= MAX_KNOWN) {
            self.unkept += 1;
            return;
        }
        if is_new {
            self.known_bytes += key.len() + ENTRY_BYTES;
        }
        let (known, _) = self.bundle.pointed.entry(key).or_default();
        let known = Arc::make_mut(known);
        let before = known.days.len();
        if before >= MAX_DAYS_OF_ONE {
            self.unkept += 1;
            return;
        }
        known.days.add_all(days);
        let mut added = known.days.len() - before;
        match claim {
            0 => {}
            _ if self.links >= MAX_KNOWN || known.links >= MAX_DAYS_OF_ONE => self.unlinked += 1,
            claim => {
                known.claims.reserve_exact(1);
                known.claims.push((claim, days.clone()));
                known.links += days.len();
                self.links += days.len();
                added += days.len() + 1;
            }
        }
        self.known_bytes += added * DAY_BYTES;
    }

    /// Notes the days of an encounter.
    pub(super) fn encounter(&mut self, keys: &[String], days: &Days) {
        let known = self.bundle.encounters.len() + self.stream.encounters.len();
        if known >= MAX_KNOWN || self.known_bytes >= MAX_KNOWN_BYTES {
            self.unkept += 1;
            return;
        }
        let days = Arc::new(days.clone());
        self.known_bytes += days.len() * DAY_BYTES;
        for key in keys {
            self.known_bytes += key.len() + ENTRY_BYTES;
            self.bundle
                .encounters
                .insert(key.clone(), Arc::clone(&days));
        }
    }

    /// Adds a resource that waits.
    pub(super) fn wait(&mut self, waiting: Waiting, ready: &mut VecDeque<Ready>) {
        self.waiting_bytes += waiting.bytes();
        self.waiting.push_back(waiting);
        while (self.waiting.len() > MAX_HELD || self.waiting_bytes > MAX_HELD_BYTES)
            && let Some(first) = self.waiting.pop_front()
        {
            self.before = self.before.saturating_sub(1);
            self.early += 1;
            self.give(first, ready);
        }
    }

    /// Ends a Bundle. What its own claims and encounters point to is known now; the rest of it waits for the end of the
    /// stream. Identifiers may stand for something else in another Bundle.
    pub(super) fn end_bundle(&mut self, ready: &mut VecDeque<Ready>) {
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
        for (key, (pointed, is_followed)) in bundle.pointed {
            // What stands in its own Bundle is known by that alone.
            if is_followed {
                let bytes = key.len() + ENTRY_BYTES + pointed.bytes();
                self.known_bytes = self.known_bytes.saturating_sub(bytes);
                self.links -= pointed.links;
                continue;
            }
            match self.stream.pointed.entry(key) {
                Entry::Vacant(new) => {
                    new.insert((pointed, false));
                }
                Entry::Occupied(mut known) => {
                    let bytes = known.key().len() + ENTRY_BYTES;
                    let known = Arc::make_mut(&mut known.get_mut().0);
                    let before = known.days.len();
                    known.days.add_all(&pointed.days);
                    let again = pointed.days.len() + before - known.days.len();
                    let bytes = bytes + again * DAY_BYTES;
                    self.known_bytes = self.known_bytes.saturating_sub(bytes);
                    known.claims.extend_from_slice(&pointed.claims);
                    known.links += pointed.links;
                }
            }
        }
        #[allow(
            clippy::iter_over_hash_type,
            reason = "no two entries of a map have one key"
        )]
        for (key, days) in bundle.encounters {
            let bytes = key.len() + ENTRY_BYTES;
            if self.stream.encounters.insert(key, days).is_some() {
                self.known_bytes = self.known_bytes.saturating_sub(bytes);
            }
        }
    }

    /// Ends the stream: gives all that waits.
    pub(super) fn end(&mut self, ready: &mut VecDeque<Ready>) {
        self.end_bundle(ready);
        while let Some(waiting) = self.waiting.pop_front() {
            self.give(waiting, ready);
        }
    }

    /// Counts the references to what is not in the stream.
    pub(super) fn unfollowed(&self) -> u64 {
        let pointed = self.stream.pointed.values();
        pointed.filter(|(_, is_followed)| !is_followed).count() as u64 + self.unkept
    }

    fn encounter_of<'k>(&self, waiting: &Waiting, known: &'k Known) -> Option<&'k Arc<Days>> {
        let encounter = known.encounters.get(waiting.encounter.as_ref()?);
        encounter.filter(|days| days.are_told())
    }

    /// Ends the waiting of a resource, which gets its days: those of what points to it, else those of its encounter, else its own.
    fn give(&mut self, waiting: Waiting, ready: &mut VecDeque<Ready>) {
        self.waiting_bytes = self.waiting_bytes.saturating_sub(waiting.bytes());
        let mut pointed: Vec<Arc<Pointed>> = Vec::new();
        for known in [&mut self.bundle, &mut self.stream] {
            // Identifiers of the stream may stand for something else than those of the Bundle.
            if pointed.iter().any(|pointed| pointed.days.are_told()) {
                break;
            }
            for key in &waiting.keys {
                if let Some((known, is_followed)) = known.pointed.get_mut(key) {
                    *is_followed = true;
                    pointed.push(Arc::clone(known));
                }
            }
        }
        let encounter = self
            .encounter_of(&waiting, &self.bundle)
            .or_else(|| self.encounter_of(&waiting, &self.stream));
        ready.push_back(Ready::Resource(ResolvedResource {
            encounter: encounter.cloned(),
            pointed,
            waiting,
        }));
    }
}

impl Waiting {
    /// Returns how many bytes it takes, as far as they grow with the file.
    fn bytes(&self) -> usize {
        let text = |text: &String| text.len() + TEXT_BYTES;
        let texts = |texts: &[String]| -> usize {
            texts
                .iter()
                .map(|one| text(one) + size_of::<String>())
                .sum()
        };
        let code = |code: &ClaimCode| {
            let held = [&code.field, &code.label, &code.text, &code.poa];
            size_of::<ClaimCode>() + held.into_iter().map(text).sum::<usize>()
        };
        size_of::<Waiting>()
            + texts(&self.keys)
            + texts(&self.claim.kept)
            + self.claim.codes.iter().map(code).sum::<usize>()
            + self.problems.len() * size_of::<ClaimProblem>()
            + self.own.len() * DAY_BYTES
            + self.encounter.as_ref().map_or(0, text)
    }
}

impl Pointed {
    /// Returns how many bytes it was counted with.
    fn bytes(&self) -> usize {
        (self.days.len() + self.claims.len() + self.links) * DAY_BYTES
    }
}

impl ResolvedResource {
    /// Returns its codes on their days, and what of it cannot be read.
    pub(super) fn into_items(self) -> (Claim, Vec<ClaimProblem>) {
        let mut pointed = Days::default();
        for one in &self.pointed {
            pointed.add_all(&one.days);
        }
        let days = match &self.encounter {
            _ if pointed.are_told() => &pointed,
            Some(days) => days,
            None => &self.waiting.own,
        };
        let mut claim = self.waiting.claim;
        let codes = std::mem::take(&mut claim.codes);
        let claims = || self.pointed.iter().flat_map(|pointed| &pointed.claims);
        let of_all: Vec<u32> = claims().map(|(number, _)| *number).collect();
        let mut of_day: BTreeMap<CodeDay, Vec<u32>> = BTreeMap::new();
        for (number, own) in claims() {
            own.each()
                .for_each(|day| of_day.entry(day).or_default().push(*number));
        }
        claim.parts.is_part = !of_all.is_empty();
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
        (claim, self.waiting.problems)
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
        if let Some((_, is_followed)) = held.bundle.pointed.get_mut("Condition/a") {
            *is_followed = true;
        }
        held.end_bundle(&mut VecDeque::new());
        assert_eq!(held.links, MAX_KNOWN - 1);
        held.point("Condition/c", &days, 3);
        assert_eq!(held.unlinked, 1);
    }

    #[test]
    fn resources_wait_within_their_bytes_and_the_first_go_by_what_is_known() {
        let code = |text: &str| ClaimCode {
            field: "code".to_owned(),
            system: crate::CodeSystem::Detected,
            label: String::new(),
            text: text.to_owned(),
            day: Err(crate::ProblemKind::NoDate),
            since: None,
            poa: String::new(),
        };
        let resource = || Waiting {
            keys: vec!["Condition/a".to_owned()],
            claim: Claim {
                codes: vec![code("C7B.1"); 1_000],
                ..empty_claim()
            },
            problems: Vec::new(),
            own: Arc::default(),
            encounter: None,
        };
        let one = resource().bytes();
        assert!(one > 100_000, "{one}");
        let (mut held, mut ready) = (Held::default(), VecDeque::new());
        let fit = MAX_HELD_BYTES / one;
        for _ in 0..fit + 3 {
            held.wait(resource(), &mut ready);
        }
        assert_eq!((held.early, ready.len()), (3, 3));
        held.end(&mut ready);
        assert_eq!((held.waiting_bytes, ready.len()), (0, fit + 3));
        // What is known of references has its bytes too.
        let day = "2026-03-01".parse().unwrap();
        let long = "Condition/".to_owned() + &"x".repeat(1 << 20);
        for nth in 0..50 {
            held.point(&format!("{long}{nth}"), &Days::between(day, day), 0);
        }
        assert!(held.unkept > 0 && held.known_bytes < MAX_KNOWN_BYTES + (2 << 20));
    }

    fn empty_claim() -> Claim {
        Claim {
            place: crate::ClaimPlace::Line(1),
            kept: Vec::new(),
            cents: Ok(None),
            codes: Vec::new(),
            remarks: Vec::new(),
            nulls: 0,
            parts: crate::ClaimParts::default(),
        }
    }
}
