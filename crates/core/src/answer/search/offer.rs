//! Codes that were found, each with the best that speaks for it.

use super::weigh::{denies, least_lack, names_side, weigh};
use super::{Candidate, ConceptKind, Current, HEADER, Place, Query};
use crate::error::Result;
use crate::model::{Code, Entry, FoundStanding, Status, judge};

/// What the title of a manifestation has.
const MANIFESTATION: &str = "diseases classified elsewhere";

impl Query<'_> {
    /// Notes a code that words lead to. How it stands is looked up later, and only of the best.
    pub(super) fn note(&mut self, code: &Code, score: f64, lacks: u32, place: Place) {
        if let Some(there) = self.found.get(code) {
            let (score, lacks) = self.of_entry(&there.entry, there.standing, &place, score, lacks);
            let current = self.current_of(&place, score, lacks);
            self.found_again(code, score, lacks, place, current);
            return;
        }
        let current = self.current_of(&place, score, lacks);
        match self.pending.get_mut(code) {
            Some(there) => {
                there.3.add(current);
                if score < there.0 {
                    *there = (score, lacks, place, there.3);
                }
            }
            None => {
                self.pending.insert(*code, (score, lacks, place, current));
            }
        }
    }

    /// Looks up how the best of the noted codes stand: a few more than are asked for, because some fall
    /// away as headers or unlisted.
    pub(super) fn look_up(&mut self) -> Result<()> {
        let mut best: Vec<(f64, Code)> = self
            .pending
            .iter()
            .map(|(code, (score, ..))| (*score, *code))
            .collect();
        best.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        best.truncate(self.options.most.saturating_add(30));
        for (score, code) in best {
            if let Some((_, lacks, place, current)) = self.pending.remove(&code) {
                self.add_code(&code, score, lacks, place)?;
                if let Some(there) = self.found.get_mut(&code) {
                    there.current.add(current);
                }
            }
        }
        Ok(())
    }

    /// Adds a code by how it stands on the day; one that is not listed then only if that was asked for.
    pub(super) fn add_code(
        &mut self,
        code: &Code,
        score: f64,
        lacks: u32,
        place: Place,
    ) -> Result<()> {
        let life = self.store.spans(self.timeline.code_set(), code)?;
        let (entry, standing) = match judge(self.date, self.timeline, &life) {
            Status::Listed { entry, .. } => (entry, None),
            Status::Deleted {
                entry, last_day, ..
            } if self.options.unlisted => (entry, Some(FoundStanding::Deleted(last_day))),
            Status::NotYet {
                entry, first_day, ..
            } if self.options.unlisted => (entry, Some(FoundStanding::NotYetEffective(first_day))),
            _ => return Ok(()),
        };
        self.offer(entry, score, lacks, i64::MAX, standing, place);
        Ok(())
    }

    /// Reads what a place says of the day. The side and the encounter say which of several codes is meant, and not what
    /// is; nor does it count what is left out at the time.
    pub(super) fn current_of(&self, place: &Place, score: f64, lacks: u32) -> Current {
        let lacking = self.concepts.iter().enumerate();
        let lacking = lacking.filter(|(at, _)| lacks & (1 << at) != 0);
        let (mut beyond, mut lacks_more) = (score, false);
        for (at, concept) in lacking {
            lacks_more |= concept.kind == ConceptKind::Core && self.chosen & (1 << at) != 0;
            beyond -= least_lack(concept);
        }
        match lacks_more {
            true => Current::default(),
            false => Current::of(place, beyond),
        }
    }

    /// Weighs the title of a code that was found by a term, or below a header: what those lack the title may have, and
    /// it may name another side than the one that was asked for.
    pub(super) fn with_title(
        &self,
        title: &str,
        found_in: &Place,
        score: f64,
        lacks: u32,
    ) -> (f64, u32) {
        // A title that lacks nothing was weighed when it was found.
        let is_whole = matches!(found_in, Place::Title) && lacks == 0;
        if is_whole || matches!(found_in, Place::Code | Place::NewerCode { .. }) {
            return (score, lacks);
        }
        let of_title = weigh(title, &self.concepts, &[]);
        // Of codes that terms lead to alike the one whose title says the least beyond.
        let beyond = match found_in {
            Place::Title => 0.0,
            _ => of_title.extra.min(5.0) / 50.0,
        };
        let of_title = of_title.lacks;
        let (mut score, mut left) = (score + beyond, lacks);
        for (at, concept) in self.concepts.iter().enumerate() {
            let bit = 1 << at;
            match (lacks & bit != 0, of_title & bit != 0, concept.kind) {
                (true, false, _) => {
                    left &= !bit;
                    score -= least_lack(concept);
                }
                (true, true, ConceptKind::Side) if names_side(title) => score += 3.0,
                _ => {}
            }
        }
        (score, left)
    }

    /// Weighs what a place says of a code against its entry on the day.
    fn of_entry(
        &self,
        entry: &Entry,
        standing: FoundStanding,
        found_in: &Place,
        score: f64,
        lacks: u32,
    ) -> (f64, u32) {
        // Of a header a code below it is meant.
        let score = match standing {
            FoundStanding::Header => score + HEADER,
            _ => score,
        };
        // A manifestation never comes first on a claim.
        let is_manifestation = entry.long_title.contains(MANIFESTATION);
        let score = match is_manifestation && !matches!(found_in, Place::Code) {
            true => score + 1.0,
            false => score,
        };
        let (score, lacks) = self.with_title(&entry.long_title, found_in, score, lacks);
        // Whatever an older term says, the title of the day says that it is not so.
        let is_term = matches!(found_in, Place::InclusionTerm { .. } | Place::Index { .. });
        match is_term && denies(&entry.long_title, &self.concepts) {
            true => (score + 2.0, lacks),
            false => (score, lacks),
        }
    }

    /// Adds another place that a code was found in: the best one stands.
    fn found_again(&mut self, code: &Code, score: f64, lacks: u32, place: Place, current: Current) {
        let Some(there) = self.found.get_mut(code) else {
            return;
        };
        there.current.add(current);
        if score < there.score {
            there.score = score;
            there.lacks = lacks;
            there.found_in = place;
        }
    }

    pub(super) fn offer(
        &mut self,
        entry: Entry,
        score: f64,
        lacks: u32,
        position: i64,
        standing: Option<FoundStanding>,
        found_in: Place,
    ) {
        let standing = standing.unwrap_or(if entry.billable {
            FoundStanding::Billable
        } else {
            FoundStanding::Header
        });
        let (score, lacks) = self.of_entry(&entry, standing, &found_in, score, lacks);
        let current = self.current_of(&found_in, score, lacks);
        match self.found.get_mut(&entry.code) {
            Some(there) => {
                there.position = there.position.min(position);
                self.found_again(&entry.code, score, lacks, found_in, current);
            }
            None => {
                self.found.insert(
                    entry.code,
                    Candidate {
                        score,
                        lacks,
                        position,
                        entry,
                        standing,
                        found_in,
                        current,
                    },
                );
            }
        }
    }

    /// Leaves out headers of which billable codes were found as well: those are meant.
    pub(super) fn drop_headers(&mut self) {
        let billable: Vec<Code> = self
            .found
            .iter()
            .filter(|(_, candidate)| candidate.standing == FoundStanding::Billable)
            .map(|(code, _)| *code)
            .collect();
        self.found.retain(|code, candidate| {
            let is_code = matches!(candidate.found_in, Place::Code);
            // Codes below one stand right after it in the order of their characters.
            let after = billable.partition_point(|other| other <= code);
            let has_below = billable.get(after).is_some_and(|next| next.is_under(code));
            is_code || candidate.standing != FoundStanding::Header || !has_below
        });
    }
}
