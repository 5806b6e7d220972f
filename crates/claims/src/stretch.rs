//! For how many days the same is found of a code.
//!
//! What there is to say of a code changes rarely, and is asked for a million times. So while it is found once, it is noted
//! which days it rests on: whatever is asked of a code on the day narrows them to those on which that code stays as it
//! is.

use std::borrow::Cow;
use std::cell::Cell;

use chrono::NaiveDate;

use super::finding::Finding;
use super::index::{Index, SetIndex};
use super::memory::InMemory;
use codeyear_core::error::Result;
use codeyear_core::model::{
    Code, CodeSet, Conversions, Entry, FileRef, ListedAs, ReleaseId, Span, StoreKind, Timeline,
};
use codeyear_core::store::{CodeSource, StoreRef};

/// Days on which the same is found of a code, but for the release in force and the days that none governs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The first one.
    pub(super) from: NaiveDate,
    /// The day after the last one.
    pub(super) until: NaiveDate,
}

impl Stretch {
    /// All days.
    pub(super) const ALL: Stretch = Stretch {
        from: NaiveDate::MIN,
        until: NaiveDate::MAX,
    };

    /// Checks whether a day is one of them.
    pub(super) fn holds(&self, day: NaiveDate) -> bool {
        self.from <= day && day < self.until
    }

    /// Returns those around a day up to the next change on either side.
    fn cut(self, day: NaiveDate, change: NaiveDate) -> Stretch {
        let Stretch { from, until } = self;
        match change <= day {
            true => Stretch {
                from: from.max(change),
                until,
            },
            false => Stretch {
                from,
                until: until.min(change),
            },
        }
    }
}

impl Index {
    /// Returns what [`Index::find`] does, and the days around the one asked for on which it does.
    ///
    /// # Errors
    /// As [`Index::find`].
    pub(super) fn find_around(
        &self,
        code_set: CodeSet,
        text: &str,
        day: NaiveDate,
    ) -> Result<(Finding, Stretch)> {
        let codes = Watched {
            codes: self.codes(code_set),
            set: self.set(code_set),
            day,
            stretch: Cell::new(Stretch::ALL),
        };
        let finding = self.find_among(&codes, text, day)?;
        Ok((finding, codes.stretch.get()))
    }
}

/// A code set of which it is noted what is asked.
struct Watched<'i> {
    codes: InMemory<'i>,
    set: &'i SetIndex,
    /// The day that the question is about. What is asked of other days rests on the same days as what led to them.
    day: NaiveDate,
    stretch: Cell<Stretch>,
}

impl Watched<'_> {
    fn cut(&self, change: NaiveDate) {
        self.stretch.set(self.stretch.get().cut(self.day, change));
    }

    fn note(&self, life: &[Span<bool>]) {
        for span in life {
            self.cut(span.from);
            if let Some(until) = span.until {
                self.cut(until);
            }
        }
    }

    /// Notes the codes at some places, which stand below another.
    fn note_among(&self, places: std::ops::Range<usize>, prefix: &Code) {
        for at in places {
            self.note(self.set.listings_at(at));
        }
        if self.set.lives.orders.has_any(prefix.category()) {
            // Another release may list them in another order.
            for period in self.set.timeline.periods() {
                self.cut(period.from);
                self.cut(period.until);
            }
        }
    }

    fn note_code(&self, code: &Code) {
        self.note(self.set.life(code).unwrap_or_default());
    }
}

impl CodeSource for Watched<'_> {
    fn timeline(&self) -> &Timeline {
        self.codes.timeline()
    }

    fn store(&self) -> Result<StoreRef<'_>> {
        self.codes.store()
    }

    fn spans(&self, code: &Code) -> Result<Vec<Span<Entry>>> {
        self.note_code(code);
        self.codes.spans(code)
    }

    fn below(&self, release: ReleaseId, on: NaiveDate, prefix: &Code) -> Result<Vec<Entry>> {
        self.note_among(self.set.alike(prefix), prefix);
        self.codes.below(release, on, prefix)
    }

    fn first_below(
        &self,
        release: ReleaseId,
        on: NaiveDate,
        prefix: &Code,
        most: usize,
    ) -> Result<Vec<Entry>> {
        let orders = &self.set.lives.orders;
        let first = match orders.has_any(prefix.category()) {
            true => self.set.alike(prefix),
            // What stands behind the last of them changes nothing, whatever becomes of it.
            false => self.set.first_alike(prefix, on, most),
        };
        self.note_among(first, prefix);
        self.codes.first_below(release, on, prefix, most)
    }

    fn conversions(&self, code: &Code) -> Result<Cow<'_, Conversions>> {
        let conversions = self.codes.conversions(code)?;
        for day in conversions.days_of(code) {
            self.cut(day);
        }
        Ok(conversions)
    }

    fn conversion_tables(&self) -> Result<Cow<'_, [ReleaseId]>> {
        self.codes.conversion_tables()
    }

    fn kind(&self) -> Result<StoreKind> {
        self.codes.kind()
    }

    fn lists(&self, code: &Code) -> Result<bool> {
        self.codes.lists(code)
    }

    fn similar(&self, code: &Code) -> Result<Vec<Code>> {
        self.codes.similar(code)
    }

    fn listed_as(&self, code: &Code, date: NaiveDate) -> Result<ListedAs> {
        if date == self.day {
            self.note_code(code);
        }
        self.codes.listed_as(code, date)
    }

    fn first_listed(&self, code: &Code) -> Result<Option<NaiveDate>> {
        self.codes.first_listed(code)
    }

    fn entry_on(&self, code: &Code, date: NaiveDate) -> Result<Option<Entry>> {
        self.note_code(code);
        self.codes.entry_on(code, date)
    }

    fn listing_file(&self, release: ReleaseId) -> Result<FileRef> {
        self.codes.listing_file(release)
    }

    fn patch_citation(
        &self,
        release: ReleaseId,
        code: &Code,
        on: NaiveDate,
    ) -> Result<Option<String>> {
        self.codes.patch_citation(release, code, on)
    }
}
