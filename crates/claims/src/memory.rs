//! A code set in memory, as a source of answers.

#![allow(
    clippy::indexing_slicing,
    reason = "places and numbers of lives are those that the index gave"
)]

use std::borrow::Cow;

use chrono::NaiveDate;

use super::index::{Index, SetIndex};
use super::packed::{CHARACTER_BITS, pack, unpack};
use codeyear_core::error::Result;
use codeyear_core::model::{
    Code, Conversions, Entry, FileRef, ListedAs, ReleaseId, Span, Spans, Timeline, judge_listing,
};
use codeyear_core::store::{CodeSource, Histories, Store, StoreKind, StoreRef};

/// A code set in memory: without titles, unless these were read.
#[derive(Debug)]
pub struct InMemory<'i> {
    pub(super) index: &'i Index,
    pub(super) set: &'i SetIndex,
    /// The database for what memory does not hold; without one the index's own is asked.
    pub(super) store: Option<&'i Store>,
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
        for at in 0..=length {
            // Where no code begins as this one does up to a place, none differs behind it.
            alike = self.set.narrow(alike, &code.prefix(at as usize));
            if alike.is_empty() {
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

pub(super) fn untitled(code: Code, billable: bool) -> Entry {
    Entry {
        code,
        billable,
        short_title: String::new(),
        long_title: String::new(),
    }
}
