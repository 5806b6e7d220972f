//! Codes as concepts of the OHDSI vocabulary.
//!
//! A concept has one stretch of days. It begins when the code is first listed while the code set is in force.
//! A code that could be reported ends with the last day on which it could, whether it was deleted then or
//! became a header; one that never could ends with the last day on which it is listed.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::export::Retirements;
use crate::error::{Error, Result};
use crate::model::{
    Code, CodeSet, Concept, ConceptPair, Entry, InvalidReason, ListedDays, Relationship, Span,
    Timeline, Vocabulary, concept_id, day_before, ohdsi_open_end,
};
use crate::store::Store;

/// The longest name that a concept may have.
const LONGEST_NAME: usize = 255;

/// Returns the codes of the code sets as concepts, each replaced one with those that replaced it, and each with
/// the nearest one above it that is valid on its last day.
///
/// # Errors
/// [`crate::ErrorKind::Conflict`] if two codes would have the same identifier, [`crate::ErrorKind::Store`] if the database
/// cannot be read.
pub fn ohdsi_vocabulary(store: &Store, code_sets: &[CodeSet]) -> Result<Vocabulary> {
    let mut vocabulary = Vocabulary {
        concepts: Vec::new(),
        pairs: Vec::new(),
        interrupted: Vec::new(),
    };
    for code_set in code_sets {
        let mut part = Part::load(store, *code_set)?;
        part.replace();
        part.place();
        vocabulary.concepts.extend(part.concepts.into_values());
        vocabulary.pairs.extend(part.pairs);
        vocabulary.interrupted.extend(part.interrupted);
    }
    refuse_shared_ids(&vocabulary.concepts)?;
    vocabulary
        .pairs
        .sort_unstable_by_key(|pair| (pair.first, pair.second, pair.relationship));
    Ok(vocabulary)
}

/// The concepts of one code set.
struct Part {
    retirements: Retirements,
    concepts: BTreeMap<Code, Concept>,
    /// The day from which a code could no longer be reported.
    retired: BTreeMap<Code, NaiveDate>,
    pairs: Vec<ConceptPair>,
    interrupted: BTreeSet<Code>,
}

impl Part {
    fn load(store: &Store, code_set: CodeSet) -> Result<Part> {
        let mut part = Part {
            retirements: Retirements::load(store, code_set)?,
            concepts: BTreeMap::new(),
            retired: BTreeMap::new(),
            pairs: Vec::new(),
            interrupted: BTreeSet::new(),
        };
        let mut life: Vec<Span<Entry>> = Vec::new();
        store.each_listed(code_set, &mut |listed| {
            if life
                .last()
                .is_some_and(|last| last.value.code != listed.value.code)
            {
                part.take(&life);
                life.clear();
            }
            life.push(listed);
            Ok(())
        })?;
        part.take(&life);
        Ok(part)
    }

    /// Reads the whole life of a code.
    fn take(&mut self, life: &[Span<Entry>]) {
        let timeline = self.retirements.listings.timeline();
        let code_set = timeline.code_set();
        let days = days_in_force(timeline, life);
        let last = days
            .iter()
            .rev()
            .find(|(listed, _)| listed.value.billable)
            .or(days.last());
        let (Some((first, began)), Some((ended, end))) = (days.first(), last) else {
            return;
        };
        let valid_end = if end.is_open {
            ohdsi_open_end()
        } else {
            day_before(end.to)
        };
        let code = first.value.code;
        if !end.is_open {
            // Of a code that is gone after a gap, the first day that is known.
            self.retired.insert(code, ended.until.unwrap_or(end.to));
        }
        let is_valid = |listed: &Span<Entry>| listed.value.billable || !ended.value.billable;
        let mut known_until = began.to;
        for (listed, days) in days.iter().skip(1) {
            let is_known = timeline.governing(known_until).is_some();
            if is_valid(listed) && days.from > known_until && is_known {
                self.interrupted.insert(code);
            }
            if is_valid(listed) {
                known_until = days.to;
            }
        }
        let concept = Concept {
            id: concept_id(code_set, &code),
            name: name_of(&ended.value),
            code_set,
            code,
            billable: ended.value.billable,
            valid_start: began.from,
            valid_end,
            invalid_reason: (!end.is_open).then_some(InvalidReason::Deleted),
        };
        self.concepts.insert(code, concept);
    }

    /// Joins the codes that could be reported and no longer can with those that replaced them.
    fn replace(&mut self) {
        for (code, day) in &self.retired {
            let Some(old) = self.concepts.get(code).filter(|old| old.billable) else {
                continue;
            };
            let old_id = old.id;
            let successors = self.retirements.successors(code, *day);
            let new: Vec<i64> = successors
                .iter()
                .filter_map(|new| self.concepts.get(new))
                .map(|new| new.id)
                .collect();
            for id in &new {
                let days = (*day, ohdsi_open_end());
                push_both(&mut self.pairs, Relationship::ReplacedBy, old_id, *id, days);
            }
            if !new.is_empty()
                && let Some(old) = self.concepts.get_mut(code)
            {
                old.invalid_reason = Some(InvalidReason::Replaced);
            }
        }
    }

    /// Joins each code with the nearest one above it that is valid on its last day.
    fn place(&mut self) {
        for concept in self.concepts.values() {
            let above = concept.code.above().find_map(|above| {
                let above = self.concepts.get(&above)?;
                let covers =
                    above.valid_start <= concept.valid_end && concept.valid_end <= above.valid_end;
                covers.then_some(above)
            });
            if let Some(above) = above {
                let days = (
                    concept.valid_start.max(above.valid_start),
                    concept.valid_end,
                );
                push_both(
                    &mut self.pairs,
                    Relationship::IsA,
                    concept.id,
                    above.id,
                    days,
                );
            }
        }
    }
}

/// Returns the true days of a code's life while its code set was in force, oldest first.
fn days_in_force<'l>(
    timeline: &Timeline,
    life: &'l [Span<Entry>],
) -> Vec<(&'l Span<Entry>, ListedDays)> {
    let in_force = timeline.code_set().in_force_from();
    let mut found = Vec::new();
    for listed in life {
        let days = timeline.listed_days(listed.from.max(in_force), listed.until);
        found.extend(days.into_iter().map(|days| (listed, days)));
    }
    found
}

/// The long title, or the short one where the long one is longer than a name may be.
fn name_of(entry: &Entry) -> String {
    let is_short = entry.long_title.chars().count() <= LONGEST_NAME;
    if is_short || entry.short_title.is_empty() {
        entry.long_title.chars().take(LONGEST_NAME).collect()
    } else {
        entry.short_title.clone()
    }
}

fn push_both(
    pairs: &mut Vec<ConceptPair>,
    relationship: Relationship,
    first: i64,
    second: i64,
    (valid_start, valid_end): (NaiveDate, NaiveDate),
) {
    let pair = |first, second, relationship| ConceptPair {
        first,
        second,
        relationship,
        valid_start,
        valid_end,
    };
    pairs.push(pair(first, second, relationship));
    pairs.push(pair(second, first, relationship.reverse()));
}

/// Never lets two codes be one concept.
fn refuse_shared_ids(concepts: &[Concept]) -> Result<()> {
    let mut seen: BTreeMap<i64, &Concept> = BTreeMap::new();
    for concept in concepts {
        if let Some(other) = seen.insert(concept.id, concept) {
            let name = |concept: &Concept| {
                let code = concept.code.to_string();
                format!("{} {code}", concept.code_set.name())
            };
            return Err(Error::conflict(format!(
                    "{} and {} would both be concept {}",
                    name(other),
                    name(concept),
                    concept.id
                ),
            )
            .with_hint("one of them is in a release unknown to this version; a newer version of codeyear distinguishes them"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::testing::{cm, day, sample};

    fn vocabulary() -> Vocabulary {
        ohdsi_vocabulary(&sample(), &[CodeSet::Icd10Cm]).unwrap()
    }

    fn concept<'v>(vocabulary: &'v Vocabulary, code: &str) -> &'v Concept {
        let of_code = |concept: &&Concept| concept.code == cm(code);
        vocabulary.concepts.iter().find(of_code).unwrap()
    }

    #[test]
    fn a_code_that_became_a_header_ends_with_its_last_billable_day() {
        let vocabulary = vocabulary();
        let old = concept(&vocabulary, "M54.5");
        assert!(old.billable);
        assert_eq!(
            (old.valid_start, old.valid_end),
            (day("2015-10-01"), day("2021-09-30"))
        );
        assert_eq!(old.invalid_reason, Some(InvalidReason::Replaced));
        let replaced_by = |pair: &&ConceptPair| {
            pair.first == old.id && pair.relationship == Relationship::ReplacedBy
        };
        let new: Vec<i64> = vocabulary
            .pairs
            .iter()
            .filter(replaced_by)
            .map(|pair| pair.second)
            .collect();
        let mut expected = ["M54.50", "M54.51", "M54.59"].map(|code| concept(&vocabulary, code).id);
        expected.sort_unstable();
        assert_eq!(new, expected);
    }

    #[test]
    fn a_deleted_code_without_successor_is_deleted_and_a_listed_one_is_open() {
        let vocabulary = vocabulary();
        let deleted = concept(&vocabulary, "S06.1X7D");
        assert_eq!(deleted.invalid_reason, Some(InvalidReason::Deleted));
        assert_eq!(deleted.valid_end, day("2016-09-30"));
        let header = concept(&vocabulary, "C7B");
        assert_eq!((header.billable, header.invalid_reason), (false, None));
        assert_eq!(header.valid_end, ohdsi_open_end());
    }

    #[test]
    fn every_pair_stands_in_both_directions() {
        let pairs = vocabulary().pairs;
        assert!(!pairs.is_empty());
        for pair in &pairs {
            let reverse = ConceptPair {
                first: pair.second,
                second: pair.first,
                relationship: pair.relationship.reverse(),
                ..*pair
            };
            assert!(pairs.contains(&reverse), "{pair:?}");
        }
    }

    #[test]
    fn a_name_is_never_longer_than_it_may_be() {
        let entry = |short: &str, length: usize| Entry {
            code: cm("C7B"),
            billable: true,
            short_title: short.to_owned(),
            long_title: "x".repeat(length),
        };
        assert_eq!(name_of(&entry("short", LONGEST_NAME)).len(), LONGEST_NAME);
        assert_eq!(name_of(&entry("short", LONGEST_NAME + 1)), "short");
        assert_eq!(name_of(&entry("", LONGEST_NAME + 1)).len(), LONGEST_NAME);
    }

    #[test]
    fn two_codes_are_never_one_concept() {
        let mut concepts = vocabulary().concepts;
        refuse_shared_ids(&concepts).unwrap();
        let first = concepts.first().unwrap().id;
        concepts.last_mut().unwrap().id = first;
        assert_eq!(
            refuse_shared_ids(&concepts).unwrap_err().kind(),
            ErrorKind::Conflict
        );
    }
}
