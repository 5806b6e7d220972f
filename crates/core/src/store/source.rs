//! A code set as the loaded releases have it, wherever that is held: what every question is asked of.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::MutexGuard;

use chrono::NaiveDate;

use crate::error::Result;
use crate::model::{
    Code, CodeSet, Conversions, Entry, FileRef, ListedAs, ReleaseId, Span, Spans, StoreKind,
    Timeline, judge_listing,
};
use crate::store::database::Store;

/// A borrowed database, or one that is locked for this question.
#[derive(Debug)]
pub enum StoreRef<'s> {
    /// At hand.
    AtHand(&'s Store),
    /// For this question alone.
    Locked(MutexGuard<'s, Store>),
}

impl Deref for StoreRef<'_> {
    type Target = Store;

    fn deref(&self) -> &Store {
        match self {
            StoreRef::AtHand(store) => store,
            StoreRef::Locked(store) => store,
        }
    }
}

/// Returns the first billable ones of some entries.
#[doc(hidden)]
pub fn first_billable(mut entries: Vec<Entry>, most: usize) -> Vec<Entry> {
    entries.retain(|entry| entry.billable);
    entries.truncate(most);
    entries
}

/// One code set as the loaded releases have it: in the database for one question, in memory for ten million. The
/// rules of all questions are written once over this, so that both give the same answer.
pub trait CodeSource {
    /// Returns the loaded releases and the days that they govern.
    fn timeline(&self) -> &Timeline;

    /// Returns the database, which holds the documents around the order files too. Where it is locked for this
    /// question, nothing else may be asked of the source until it is given back.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if a question before left it in the middle of a read.
    fn store(&self) -> Result<StoreRef<'_>>;

    /// Returns all that the loaded releases say of a code, oldest first; titles may be left out.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read; so do all that follow.
    fn spans(&self, code: &Code) -> Result<Vec<Span<Entry>>>;

    /// Lists what stands below a code on a day, itself included, in tabular order of the release that
    /// governs the day.
    fn below(&self, release: ReleaseId, on: NaiveDate, prefix: &Code) -> Result<Vec<Entry>>;

    /// Lists the first billable codes of those [below](CodeSource::below) a code: below a section of a book stand
    /// tens of thousands.
    fn first_below(
        &self,
        release: ReleaseId,
        on: NaiveDate,
        prefix: &Code,
        most: usize,
    ) -> Result<Vec<Entry>> {
        self.below(release, on, prefix)
            .map(|below| first_billable(below, most))
    }

    /// Returns the rows of the conversion tables that a code's lineage rests on, or more.
    fn conversions(&self, code: &Code) -> Result<Cow<'_, Conversions>>;

    /// Lists the releases whose conversion tables are loaded, oldest first.
    fn conversion_tables(&self) -> Result<Cow<'_, [ReleaseId]>>;

    /// Returns whether these are full releases or the bundled sample, which is cut.
    fn kind(&self) -> Result<StoreKind>;

    /// Checks whether this is the bundled sample.
    fn is_sample(&self) -> Result<bool> {
        Ok(self.kind()? == StoreKind::Sample)
    }

    /// Returns the file that the rows of a release come from.
    fn listing_file(&self, release: ReleaseId) -> Result<FileRef>;

    /// Returns the citation of the patch from which a code's entry is taken on a day, if it is one.
    fn patch_citation(
        &self,
        release: ReleaseId,
        code: &Code,
        on: NaiveDate,
    ) -> Result<Option<String>>;

    /// Checks whether any loaded release lists a code.
    fn lists(&self, code: &Code) -> Result<bool> {
        Ok(!self.spans(code)?.is_empty())
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
            if let Some(similar) = bytes
                .get(..length)
                .and_then(|text| Code::from_plain(code.code_set(), text))
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

    /// Returns how the release that governs a day lists a code.
    fn listed_as(&self, code: &Code, date: NaiveDate) -> Result<ListedAs> {
        // The rule would say so too, but would have the code read first.
        if self.timeline().governing(date).is_none() {
            return Ok(ListedAs::NotCovered);
        }
        let status = judge_listing(date, self.timeline(), &self.spans(code)?);
        Ok(status.listed_as(|entry| entry.billable))
    }

    /// Returns the first day of the first loaded release that lists a code.
    fn first_listed(&self, code: &Code) -> Result<Option<NaiveDate>> {
        Ok(self.spans(code)?.first().map(|listed| listed.from))
    }

    /// Returns the entry of a code on a day, if it is listed.
    fn entry_on(&self, code: &Code, date: NaiveDate) -> Result<Option<Entry>> {
        Ok(self
            .spans(code)?
            .at(date)
            .map(|listed| listed.value.clone()))
    }
}

/// A code set as the database holds it.
#[derive(Debug)]
pub struct StoredCodes<'s> {
    store: &'s Store,
    timeline: Cow<'s, Timeline>,
    /// What was read: a lineage asks for the same codes again.
    known: RefCell<BTreeMap<Code, Vec<Span<Entry>>>>,
}

impl Store {
    /// Returns a code set to ask questions of.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn codes(&self, code_set: CodeSet) -> Result<StoredCodes<'_>> {
        Ok(StoredCodes {
            store: self,
            timeline: Cow::Owned(self.timeline(code_set)?),
            known: RefCell::default(),
        })
    }

    /// Returns the code set of a timeline that has been read.
    #[doc(hidden)]
    pub fn codes_of<'s>(&'s self, timeline: &'s Timeline) -> StoredCodes<'s> {
        StoredCodes {
            store: self,
            timeline: Cow::Borrowed(timeline),
            known: RefCell::default(),
        }
    }
}

impl CodeSource for StoredCodes<'_> {
    fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    fn store(&self) -> Result<StoreRef<'_>> {
        Ok(StoreRef::AtHand(self.store))
    }

    fn spans(&self, code: &Code) -> Result<Vec<Span<Entry>>> {
        if let Some(spans) = self.known.borrow().get(code) {
            return Ok(spans.clone());
        }
        let spans = self.store.spans(self.timeline.code_set(), code)?;
        self.known.borrow_mut().insert(*code, spans.clone());
        Ok(spans)
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
}
