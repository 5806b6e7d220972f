//! A code set in memory, as a source of answers.

#![allow(
    clippy::indexing_slicing,
    reason = "places and numbers of lives are those that the index gave"
)]

use std::borrow::Cow;

use chrono::NaiveDate;

use super::index::{Index, SetIndex, segment_of, untitled};
use super::packed::{CHARACTER_BITS, pack, unpack};
use codeyear_core::answer::verdict;
use codeyear_core::error::Result;
use codeyear_core::model::{
    Code, CodeSet, Conversions, Entry, FileRef, ListedAs, ReleaseId, Span, Spans, StoreKind,
    Timeline, VerdictKind, judge_listing,
};
use codeyear_core::store::{CodeSource, Histories, Store, StoreRef, first_billable};

/// A code set in memory: without titles, unless these were read.
#[derive(Debug)]
pub struct InMemory<'i> {
    index: &'i Index,
    set: &'i SetIndex,
    /// The database for what memory does not hold; without one the index's own is asked.
    store: Option<&'i Store>,
}

/// The most codes with a common beginning that are compared one by one.
const MAX_COMPARED: usize = 48;

/// Checks whether two codes differ by one slip: a wrong, missing, surplus or swapped character.
fn is_slip(one: &Code, other: &Code) -> bool {
    const BYTE: u32 = 8;
    let (shorter, longer) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    let (length, more) = (shorter.len() as u32, (longer.len() - shorter.len()) as u32);
    // Keys begin at the same byte, so that the first characters lie above each other; moved to the right, the last.
    let last = |code: &Code| code.key() >> (BYTE * (7 - code.len() as u32));
    let begins = ((one.key() ^ other.key()).leading_zeros() / BYTE - 1).min(length);
    let ends = ((last(one) ^ last(other)).trailing_zeros() / BYTE).min(length);
    match more {
        0 if begins == length => false,
        0 if begins + ends + 1 >= length => true,
        0 if begins + ends + 2 == length => {
            let at = begins as usize;
            let pair = |code: &Code| {
                code.as_bytes()
                    .get(at)
                    .zip(code.as_bytes().get(at + 1))
                    .map(|(a, b)| (*a, *b))
            };
            pair(one) == pair(other).map(|(a, b)| (b, a))
        }
        1 => begins + ends >= length,
        _ => false,
    }
}

impl Index {
    /// Returns the verdict on a code on a day.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Store`] if the database cannot be read.
    pub fn verdict(&self, code_set: CodeSet, text: &str, date: NaiveDate) -> Result<VerdictKind> {
        let set = self.set(code_set);
        let Some(segment) = segment_of(&set.days, date) else {
            return match code_set.parse_code(text) {
                Ok(code) => {
                    let (verdict, _) = verdict(&self.codes(code_set), &code, date)?;
                    Ok(verdict.kind())
                }
                Err(_) => Ok(VerdictKind::Unknown),
            };
        };
        if let Some(life) = set.find(text.as_bytes()) {
            return Ok(set.class(life, segment));
        }
        // A blank that is no ASCII, perhaps, or a code that no release lists, or none at all.
        let Ok(code) = code_set.parse_code(text) else {
            return Ok(VerdictKind::Unknown);
        };
        let life = pack(code.as_bytes(), false).and_then(|packed| set.find_packed(packed));
        Ok(match life {
            Some(life) => set.class(life, segment),
            None => set.class_of_unlisted(segment),
        })
    }

    /// Returns a code set to ask questions of: what memory does not hold, the index asks its own database. Titles are
    /// empty until they are [read](Index::read_titles).
    ///
    /// ```
    /// # use codeyear_claims::Index;
    /// # use codeyear_core::{answer, ingest, model::CodeSet, store::Store};
    /// # let mut store = Store::in_memory()?;
    /// # ingest::import_sample(&mut store, "2026-03-01".parse().unwrap())?;
    /// let day = "2026-03-01".parse().unwrap();
    /// let from_database = answer::check(&store.codes(CodeSet::Icd10Cm)?, "C7B", day)?;
    /// let index = Index::open(store)?;
    /// index.read_titles()?;
    /// assert_eq!(answer::check(&index.codes(CodeSet::Icd10Cm), "C7B", day)?, from_database);
    /// # Ok::<(), codeyear_core::Error>(())
    /// ```
    pub fn codes(&self, code_set: CodeSet) -> InMemory<'_> {
        InMemory {
            index: self,
            set: self.set(code_set),
            store: None,
        }
    }

    /// Returns a code set to ask questions of: what memory does not hold, a database that is at hand is asked.
    pub fn codes_with<'i>(&'i self, code_set: CodeSet, store: &'i Store) -> InMemory<'i> {
        InMemory {
            store: Some(store),
            ..self.codes(code_set)
        }
    }
}

impl CodeSource for InMemory<'_> {
    fn timeline(&self) -> &Timeline {
        &self.set.timeline
    }

    fn store(&self) -> Result<StoreRef<'_>> {
        match self.store {
            Some(store) => Ok(StoreRef::AtHand(store)),
            None => self.index.store().map(StoreRef::Locked),
        }
    }

    fn spans(&self, code: &Code) -> Result<Vec<Span<Entry>>> {
        if let Some(title_index) = self.set.title_index.get() {
            let life = self.set.place(code).map(|at| title_index.life(at, *code));
            return Ok(life.unwrap_or_default());
        }
        let life = self.set.life(code).unwrap_or_default().iter();
        Ok(life
            .map(|span| span.map(|billable| untitled(*code, *billable)))
            .collect())
    }

    fn below(&self, release: ReleaseId, on: NaiveDate, prefix: &Code) -> Result<Vec<Entry>> {
        let Histories { life_of, lives, .. } = &self.set.lives;
        let alike = self.set.alike(prefix);
        let mut below = Vec::with_capacity(alike.len());
        let life_of = &life_of[alike.clone()];
        for (at, life) in alike.zip(life_of) {
            let listed = lives[usize::from(*life)].at(on);
            below.extend(listed.map(|span| self.set.entry_at(at, span, on)));
        }
        if let Some(order) = self.set.lives.orders.get(release, prefix.category()) {
            // A patch has no place in the order file; it comes last.
            below.sort_by_cached_key(|entry| {
                let at = order.iter().position(|code| *code == entry.code);
                (at.unwrap_or(usize::MAX), entry.code)
            });
        }
        Ok(below)
    }

    fn first_below(
        &self,
        release: ReleaseId,
        on: NaiveDate,
        prefix: &Code,
        most: usize,
    ) -> Result<Vec<Entry>> {
        let orders = &self.set.lives.orders;
        if orders.get(release, prefix.category()).is_some() {
            let below = self.below(release, on, prefix);
            return below.map(|below| first_billable(below, most));
        }
        let first = self.set.first_alike(prefix, on, most);
        let listed = first.filter_map(|at| Some((at, self.set.listings_at(at).at(on)?)));
        let billable = listed.filter(|(_, span)| span.value);
        let entries = billable.map(|(at, span)| self.set.entry_at(at, span, on));
        Ok(entries.take(most).collect())
    }

    fn conversions(&self, _: &Code) -> Result<Cow<'_, Conversions>> {
        self.index.conversions().map(Cow::Borrowed)
    }

    fn conversion_tables(&self) -> Result<Cow<'_, [ReleaseId]>> {
        Ok(Cow::Borrowed(&self.set.tables))
    }

    fn kind(&self) -> Result<StoreKind> {
        Ok(self.index.kind())
    }

    fn lists(&self, code: &Code) -> Result<bool> {
        Ok(self.set.life(code).is_some())
    }

    /// As the rule that goes by one code after another, on packed codes: a file of claims is full of slips.
    fn similar(&self, code: &Code) -> Result<Vec<Code>> {
        let Some(packed) = pack(code.as_bytes(), false) else {
            return Ok(Vec::new());
        };
        let length = code.len() as u32;
        let mut found = Vec::new();
        let mut take = |candidate: u64| {
            if self.set.is_marked(candidate)
                && candidate != packed
                && self.set.find_packed(candidate).is_some()
            {
                found.extend(unpack(self.set.code_set, candidate));
            }
        };
        let mut alike = self.set.all();
        let mut looked_at = 0..0;
        for at in 0..=length {
            // Where no code begins as this one does up to a place, none differs behind it.
            alike = self.set.narrow(alike, &code.prefix(at as usize));
            if alike.len() <= MAX_COMPARED {
                looked_at = alike;
                break;
            }
            // The characters from this place on, and those before it.
            let rest_bits = (length - at) * CHARACTER_BITS;
            let rest = packed & ((1 << rest_bits) - 1);
            let before = packed >> rest_bits;
            if length < 7 {
                for letter in 1..=36 {
                    take((((before << CHARACTER_BITS) | letter) << rest_bits) | rest);
                }
            }
            let Some(after_bits) = rest_bits.checked_sub(CHARACTER_BITS) else {
                continue;
            };
            let after = rest & ((1 << after_bits) - 1);
            for letter in 1..=36 {
                take((((before << CHARACTER_BITS) | letter) << after_bits) | after);
            }
            take((before << after_bits) | after);
            let Some(last_bits) = after_bits.checked_sub(CHARACTER_BITS) else {
                continue;
            };
            let first = rest >> after_bits;
            let second = after >> last_bits;
            let swapped = (((before << CHARACTER_BITS) | second) << CHARACTER_BITS) | first;
            take((swapped << last_bits) | (after & ((1 << last_bits) - 1)));
        }
        // So few are looked at sooner than all that they could be.
        let few = self.set.lives.codes[looked_at].iter();
        found.extend(few.filter(|other| is_slip(code, other)));
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    fn listed_as(&self, code: &Code, date: NaiveDate) -> Result<ListedAs> {
        let spans = self.set.life(code).unwrap_or_default();
        Ok(judge_listing(date, &self.set.timeline, spans).listed_as(|billable| *billable))
    }

    fn first_listed(&self, code: &Code) -> Result<Option<NaiveDate>> {
        let life = self.set.life(code).unwrap_or_default();
        Ok(life.first().map(|span| span.from))
    }

    fn entry_on(&self, code: &Code, date: NaiveDate) -> Result<Option<Entry>> {
        let life = self.set.life(code).unwrap_or_default();
        let Some(listed) = life.at(date) else {
            return Ok(None);
        };
        Ok(Some(self.set.entry(*code, listed, date)))
    }

    fn listing_file(&self, release: ReleaseId) -> Result<FileRef> {
        let known = self.set.title_index.get().and_then(|all| all.file(release));
        match known {
            Some(file) => Ok(file),
            None => self.store()?.listing_file(self.set.code_set, release),
        }
    }

    fn patch_citation(
        &self,
        release: ReleaseId,
        code: &Code,
        on: NaiveDate,
    ) -> Result<Option<String>> {
        match self.set.title_index.get() {
            Some(title_index) => Ok(title_index.citation(release, code, on)),
            None => {
                let store = self.store()?;
                store.patch_citation(self.set.code_set, release, code, on)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Finds the same by the rule's own words: taking a character, adding one, changing one, swapping two.
    fn slips(code: &str) -> Vec<String> {
        let mut found = Vec::new();
        for at in 0..=code.len() {
            let (before, rest) = code.split_at(at);
            let one = rest.get(1..).unwrap_or_default();
            found.push(format!("{before}{one}"));
            if let (Some(first), Some(second)) = (rest.get(..1), rest.get(1..2)) {
                found.push(format!("{before}{second}{first}{}", &rest[2..]));
            }
            for letter in "AB0123456789X".chars() {
                found.push(format!("{before}{letter}{rest}"));
                found.push(format!("{before}{letter}{one}"));
            }
        }
        found
    }

    proptest! {
        #[test]
        fn codes_that_differ_by_one_slip_are_told(
            one in "[AB][0-2][0-2AB]{1,5}",
            other in "[AB][0-2][0-2AB]{1,5}",
            at in 0..400usize,
        ) {
            let code = |text: &str| CodeSet::Icd10Cm.parse_code(text).ok();
            let all = slips(&one);
            let near = code(&all[at % all.len()]);
            let one = code(&one).unwrap();
            for other in near.into_iter().chain(code(&other)) {
                let expected = other != one && all.iter().any(|slip| slip == other.as_str());
                prop_assert_eq!(is_slip(&one, &other), expected, "{} {}", one, other);
                prop_assert_eq!(is_slip(&other, &one), expected, "{} {}", one, other);
            }
        }
    }
}
