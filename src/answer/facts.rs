//! What the rules of an answer ask of the facts, wherever these are held.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::error::Result;
use crate::model::{
    Code, CodeSet, Conversions, Entry, FileRef, PcsPage, ReleaseId, Span, Spans, Timeline,
};
use crate::store::{Store, StoreKind};

/// The facts of one code set: in the database for one question, in memory for ten million. The rules are
/// written once over this, so that both give the same answer.
pub(crate) trait Facts {
    /// Returns the loaded releases and the days that they govern.
    fn timeline(&self) -> &Timeline;

    /// Returns all that the loaded releases say of a code; titles may be left out.
    fn life(&self, code: &Code) -> Result<Vec<Span<Entry>>>;

    /// Lists what stands below a code on a day, itself included, in tabular order of the release that
    /// governs the day.
    fn below(&self, release: ReleaseId, on: NaiveDate, prefix: &Code) -> Result<Vec<Entry>>;

    /// Returns the rows of the conversion tables that a code's lineage rests on, or more.
    fn conversions(&self, code: &Code) -> Result<Cow<'_, Conversions>>;

    /// Lists the releases whose conversion tables are loaded, oldest first.
    fn conversion_tables(&self) -> Result<Cow<'_, [ReleaseId]>>;

    /// Checks whether these are facts of full releases or of the bundled sample, which is cut.
    fn kind(&self) -> Result<StoreKind>;

    /// Checks whether these are facts of the bundled sample.
    fn is_sample(&self) -> Result<bool> {
        Ok(self.kind()? == StoreKind::Sample)
    }

    /// Returns the file that the rows of a release come from: its name and SHA-256.
    fn listing_file(&self, release: ReleaseId) -> Result<FileRef>;

    /// Returns the citation of the patch from which a code's entry is taken on a day, if it is one.
    fn patch_citation(
        &self,
        release: ReleaseId,
        code: &Code,
        on: NaiveDate,
    ) -> Result<Option<String>>;

    /// Returns what the tables of ICD-10-PCS say of a code, character by character.
    fn characters(&self, code: &Code, release: ReleaseId) -> Result<PcsPage>;

    /// Checks whether any loaded release lists a code.
    fn lists(&self, code: &Code) -> Result<bool> {
        Ok(!self.life(code)?.is_empty())
    }

    /// Lists the codes of any release that differ from one by one slip: a wrong, missing, surplus or swapped
    /// character.
    fn similar(&self, code: &Code) -> Result<Vec<Code>> {
        const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let text = code.as_bytes();
        let mut found = BTreeSet::new();
        let mut bytes = [0u8; 8];
        let mut take = |parts: [&[u8]; 3]| -> Result<()> {
            let mut length = 0;
            for (slot, byte) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
                *slot = *byte;
                length += 1;
            }
            // Whatever is listed has the shape of a code.
            if let Some(similar) = bytes.get(..length).and_then(Code::from_plain)
                && similar != *code
                && self.lists(&similar)?
            {
                found.insert(similar);
            }
            Ok(())
        };
        for at in 0..=text.len() {
            let (before, rest) = text.split_at(at);
            for letter in ALPHABET {
                let letter = std::slice::from_ref(letter);
                take([before, letter, rest])?;
                if let Some((_, rest)) = rest.split_first() {
                    take([before, letter, rest])?;
                }
            }
            if let Some((first, rest)) = rest.split_first() {
                take([before, &[], rest])?;
                if let Some((second, rest)) = rest.split_first() {
                    take([before, &[*second, *first], rest])?;
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Returns the flag of a code on a day, if it is listed.
    fn billable_on(&self, code: &Code, date: NaiveDate) -> Result<Option<bool>> {
        Ok(self.entry_on(code, date)?.map(|entry| entry.billable))
    }

    /// Checks whether a code is listed on a day.
    fn lists_on(&self, code: &Code, date: NaiveDate) -> Result<bool> {
        Ok(self.billable_on(code, date)?.is_some())
    }

    /// Returns the first day of the first loaded release that lists a code.
    fn first_listed(&self, code: &Code) -> Result<Option<NaiveDate>> {
        Ok(self.life(code)?.first().map(|listed| listed.from))
    }

    /// Returns the entry of a code on a day, if it is listed.
    fn entry_on(&self, code: &Code, date: NaiveDate) -> Result<Option<Entry>> {
        let life = self.life(code)?;
        Ok(life.at(date).map(|listed| listed.value.clone()))
    }
}

/// The facts as the database holds them.
pub(crate) struct InStore<'s> {
    store: &'s Store,
    timeline: Cow<'s, Timeline>,
    /// Lives that were asked for: a lineage comes back to the same codes.
    lives: RefCell<BTreeMap<Code, Vec<Span<Entry>>>>,
}

impl<'s> InStore<'s> {
    pub(crate) fn new(store: &'s Store, code_set: CodeSet) -> Result<InStore<'s>> {
        Ok(InStore {
            store,
            timeline: Cow::Owned(store.timeline(code_set)?),
            lives: RefCell::default(),
        })
    }

    pub(crate) fn with(store: &'s Store, timeline: &'s Timeline) -> InStore<'s> {
        InStore {
            store,
            timeline: Cow::Borrowed(timeline),
            lives: RefCell::default(),
        }
    }
}

impl Facts for InStore<'_> {
    fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    fn life(&self, code: &Code) -> Result<Vec<Span<Entry>>> {
        if let Some(life) = self.lives.borrow().get(code) {
            return Ok(life.clone());
        }
        let life = self.store.life(self.timeline.code_set(), code)?;
        self.lives.borrow_mut().insert(*code, life.clone());
        Ok(life)
    }

    fn below(&self, release: ReleaseId, on: NaiveDate, prefix: &Code) -> Result<Vec<Entry>> {
        self.store
            .below(self.timeline.code_set(), release, on, prefix)
    }

    fn conversions(&self, code: &Code) -> Result<Cow<'_, Conversions>> {
        let facts = self.store.conversion_facts(&self.timeline, code)?;
        Ok(Cow::Owned(Conversions::new(facts)))
    }

    fn conversion_tables(&self) -> Result<Cow<'_, [ReleaseId]>> {
        Ok(Cow::Owned(self.store.conversion_tables()?))
    }

    fn kind(&self) -> Result<StoreKind> {
        self.store.kind()
    }

    fn listing_file(&self, release: ReleaseId) -> Result<FileRef> {
        self.store.listing_file(self.timeline.code_set(), release)
    }

    fn patch_citation(
        &self,
        release: ReleaseId,
        code: &Code,
        on: NaiveDate,
    ) -> Result<Option<String>> {
        self.store
            .patch_citation(self.timeline.code_set(), release, code, on)
    }

    fn characters(&self, code: &Code, release: ReleaseId) -> Result<PcsPage> {
        super::explain(self.store, code, release, super::ShowOptions::default())
    }
}
