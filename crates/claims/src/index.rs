//! The compact index: every code of every loaded release in memory, answering for a code and a day.
//!
//! A code is packed into 42 bits and found in an open hash table by one probe, mostly; with it stands the
//! number of its life. Days fall into segments between which nothing changes (the first days of releases,
//! patches and conversions), and a table of life by segment holds the verdict. So a billable code costs two
//! look-ups. What else there is to say of a code that is not billable is told by the rules of
//! [`check`](codeyear_core::answer::check).

#![allow(
    clippy::indexing_slicing,
    reason = "numbers of lives, segments and places are those of the very tables that they were counted in"
)]

use std::sync::{Mutex, MutexGuard, OnceLock};

use chrono::NaiveDate;

use super::packed::{
    CATEGORIES, LIFE_BITS, MARK_BITS, categories_of, life_in, mark_of, mix, pack, trim,
};
use super::stretch::Stretch;
use super::title_index::TitleIndex;
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{
    Code, CodeSet, Conversions, DateParts, DocumentKind, Entry, ReleaseId, Sets, Span, Spans,
    StoreKind, Timeline, VerdictKind, ended_by, judge,
};
use codeyear_core::source::catalogue::known_releases;
use codeyear_core::store::{Histories, Store};

/// The first and last year that days are looked up in a table; a day outside is judged one by one.
pub(super) const YEARS: std::ops::Range<i32> = 1990..2061;
const DAYS_OF_A_YEAR: usize = 12 * 31;
/// The number of a segment: a stretch of days on which the release in force, and what it says of each code, stay the
/// same. A code set with quarterly releases whose rows name their days has more than a byte can number.
pub(super) type SegmentNumber = u16;
/// No day of the calendar.
const NO_DAY: SegmentNumber = SegmentNumber::MAX;
/// The most segments that can be numbered.
const MAX_SEGMENTS: usize = NO_DAY as usize;

/// Every code set of a database in memory.
#[derive(Debug)]
pub struct Index {
    sets: Sets<SetIndex>,
    /// Asked once more, for the conversion tables, if a code needs them.
    store: Mutex<Store>,
    conversions: OnceLock<Conversions>,
    kind: StoreKind,
}

impl Index {
    /// Reads the index from a database. Later imports do not change it.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Store`] if the database cannot be read.
    ///
    /// ```
    /// # use codeyear_claims::Index;
    /// # use codeyear_core::{ingest, model::{CodeSet, VerdictKind}, store::Store};
    /// # let mut store = Store::in_memory()?;
    /// # ingest::import_sample(&mut store, "2026-03-01".parse().unwrap())?;
    /// let index = Index::open(store)?;
    /// let day = "2026-03-01".parse().unwrap();
    /// assert_eq!(index.verdict(CodeSet::Icd10Cm, "C7B.00", day)?, VerdictKind::Billable);
    /// assert_eq!(index.verdict(CodeSet::Icd10Cm, "C7B", day)?, VerdictKind::Header);
    /// # Ok::<(), codeyear_core::Error>(())
    /// ```
    pub fn open(store: Store) -> Result<Index> {
        Ok(Index {
            sets: Sets::try_new(|code_set| SetIndex::read(&store, code_set))?,
            kind: store.kind()?,
            store: Mutex::new(store),
            conversions: OnceLock::new(),
        })
    }

    /// Checks whether the database has full releases or the sample.
    pub fn kind(&self) -> StoreKind {
        self.kind
    }

    /// Returns the timeline of a code set.
    pub fn timeline(&self, code_set: CodeSet) -> &Timeline {
        &self.set(code_set).timeline
    }

    /// Returns the verdict on a listed code on a day within the years of the table.
    pub(super) fn verdict_of(
        &self,
        code_set: CodeSet,
        code: &Code,
        date: NaiveDate,
    ) -> VerdictKind {
        let set = self.set(code_set);
        let life = pack(code.as_bytes(), false).and_then(|packed| set.find_packed(packed));
        match (life, segment_of(&set.days, date)) {
            (Some(life), Some(segment)) => set.class(life, segment),
            _ => VerdictKind::Unknown,
        }
    }

    /// Finds the release that made a code fail on a day: the one that deleted it or made it a header, or that
    /// will be the first to list it.
    pub(super) fn breaking_release(
        &self,
        code_set: CodeSet,
        code: &Code,
        verdict: VerdictKind,
        date: NaiveDate,
    ) -> Option<ReleaseId> {
        let set = self.set(code_set);
        let life = set.life(code)?;
        let day = match verdict {
            VerdictKind::NotYetEffective => life.next_after(date)?.from,
            // What could be reported was retired; a header that never could was only deleted.
            VerdictKind::Header => ended_by(life, date, |billable| *billable)?,
            VerdictKind::Deleted => ended_by(life, date, |billable| *billable)
                .or_else(|| ended_by(life, date, |_| true))?,
            _ => return None,
        };
        let periods = set.timeline.periods();
        let causing = periods.iter().find(|period| period.until > day)?;
        Some(causing.release)
    }

    /// Returns the release in force on a day.
    pub(super) fn release_on(&self, code_set: CodeSet, date: NaiveDate) -> Option<ReleaseId> {
        let set = self.set(code_set);
        let segment = segment_of(&set.days, date)?;
        set.segments.get(usize::from(segment))?.release
    }

    pub(super) fn set(&self, code_set: CodeSet) -> &SetIndex {
        &self.sets[code_set]
    }

    /// Reads all titles, files, patches and conversions too, some forty megabytes. From then on an answer in
    /// full needs no database.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Store`] if the database cannot be read.
    pub fn read_titles(&self) -> Result<()> {
        self.conversions()?;
        for (_, set) in self.sets.iter() {
            if set.title_index.get().is_none() {
                let store = self.store()?;
                let title_index = TitleIndex::read(&store, set.code_set, &set.lives.codes)?;
                // Whoever read them first read the same.
                let _ = set.title_index.set(title_index);
            }
        }
        Ok(())
    }

    /// Checks whether the titles have been read.
    pub fn has_titles(&self) -> bool {
        let mut sets = self.sets.iter();
        sets.all(|(_, set)| set.title_index.get().is_some())
    }

    pub(super) fn store(&self) -> Result<MutexGuard<'_, Store>> {
        self.store.lock().map_err(|_| {
            Error::store("the database was left in the middle of a read")
                .with_hint("try again; this is a defect of codeyear")
        })
    }

    /// Returns the rows of all conversion tables, read when a code first needs them.
    pub(super) fn conversions(&self) -> Result<&Conversions> {
        if let Some(conversions) = self.conversions.get() {
            return Ok(conversions);
        }
        let store = self.store()?;
        // Another thread may have read them while this one waited.
        if let Some(conversions) = self.conversions.get() {
            return Ok(conversions);
        }
        let facts = store
            .all_conversion_facts(&self.sets[DocumentKind::ConversionTable.code_set()].timeline)?;
        let conversions = self.conversions.get_or_init(|| Conversions::new(facts));
        drop(store);
        Ok(conversions)
    }
}

/// One code set in memory.
#[derive(Debug)]
pub(super) struct SetIndex {
    pub(super) code_set: CodeSet,
    pub(super) timeline: Timeline,
    pub(super) lives: Histories,
    /// A packed code and the number of its life in each slot; 0 is empty.
    slots: Vec<u64>,
    shift: u32,
    /// Bloom filter, 2 bits per code in 2 M bits: rejects almost every unknown code.
    marks: Vec<u64>,
    /// Where the codes of each category begin.
    categories: Vec<u32>,
    /// The segment of each day of [`YEARS`], twelve months of 31 days a year.
    pub(super) days: Vec<SegmentNumber>,
    pub(super) segments: Vec<Segment>,
    /// The verdict by life and segment.
    classes: Vec<VerdictKind>,
    pub(super) tables: Vec<ReleaseId>,
    /// Read only for whoever wants answers in full.
    pub(super) title_index: OnceLock<TitleIndex>,
}

/// Days between which nothing changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    /// The first day.
    pub(super) from: NaiveDate,
    /// The verdict on a code that no release lists.
    pub(super) unlisted: VerdictKind,
    /// The release in force.
    pub(super) release: Option<ReleaseId>,
}

impl SetIndex {
    fn read(store: &Store, code_set: CodeSet) -> Result<SetIndex> {
        let timeline = store.timeline(code_set)?;
        let lives = store.lives(code_set)?;
        let tables = match code_set.has(DocumentKind::ConversionTable) {
            true => store.conversion_tables()?,
            false => Vec::new(),
        };
        let segments = segments(&timeline, &lives, store.conversion_days()?)?;
        let days = day_table(&segments);
        let mut classes = Vec::with_capacity(lives.lives.len() * segments.len());
        for life in &lives.lives {
            classes.extend(
                segments
                    .iter()
                    .map(|segment| judge(segment.from, &timeline, life).kind()),
            );
        }
        let bits = (lives.codes.len() * 2)
            .next_power_of_two()
            .trailing_zeros()
            .max(4);
        let mut set = SetIndex {
            code_set,
            timeline,
            slots: vec![0; 1 << bits],
            shift: u64::BITS - bits,
            marks: vec![0; 1 << (MARK_BITS - 6)],
            categories: vec![0; CATEGORIES + 1],
            lives,
            days,
            segments,
            classes,
            tables,
            title_index: OnceLock::new(),
        };
        set.fill()?;
        Ok(set)
    }

    /// Writes the codes into the table; one that cannot be packed is none that an import stores.
    fn fill(&mut self) -> Result<()> {
        for (code, life) in self.lives.codes.iter().zip(&self.lives.life_of) {
            self.categories[categories_of(code).start + 1] += 1;
            let packed = pack(code.as_bytes(), false).ok_or_else(|| {
                Error::store(format!(
                    "the database lists {}, which is not a code",
                    code.as_str()
                ))
                .with_hint("check the database with codeyear verify")
            })?;
            let (word, bits) = mark_of(packed);
            self.marks[word] |= bits;
            let mut at = self.slot_of(packed);
            // The table is at most half full, so an empty slot comes.
            while self.slots[at] != 0 {
                at = (at + 1) & (self.slots.len() - 1);
            }
            self.slots[at] = (packed << LIFE_BITS) | (u64::from(*life) + 1);
        }
        let mut before = 0;
        for count in &mut self.categories {
            before += *count;
            *count = before;
        }
        Ok(())
    }

    fn slot_of(&self, packed: u64) -> usize {
        usize::try_from(mix(packed) >> self.shift).unwrap_or_default()
    }

    /// Checks whether a release may list a packed code: always true of one that is listed, and rarely of another.
    pub(super) fn is_marked(&self, packed: u64) -> bool {
        let (word, bits) = mark_of(packed);
        self.marks.get(word).is_some_and(|word| word & bits == bits)
    }

    /// Finds the life of a code in any spelling that is plain; `None` if no release lists it or it takes
    /// a closer look.
    pub(super) fn find(&self, text: &[u8]) -> Option<u16> {
        self.find_packed(pack(trim(text), self.code_set.facts().dot_after.is_some())?)
    }

    pub(super) fn find_packed(&self, packed: u64) -> Option<u16> {
        let mut at = self.slot_of(packed);
        loop {
            let slot = *self.slots.get(at)?;
            if let Some(life) = life_in(slot, packed) {
                return Some(life);
            }
            if slot == 0 {
                return None;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// Returns what stands where a packed code is looked for first.
    #[inline]
    pub(super) fn first_slot(&self, packed: u64) -> u64 {
        let at = self.slot_of(packed);
        self.slots[at]
    }

    /// Returns the life of a packed code; what stood in its first slot is known.
    #[inline]
    pub(super) fn life_at(&self, packed: u64, first_slot: u64) -> Option<u16> {
        life_in(first_slot, packed).or_else(|| self.find_packed(packed))
    }

    #[inline]
    pub(super) fn class(&self, life: u16, segment: SegmentNumber) -> VerdictKind {
        let at = usize::from(life) * self.segments.len() + usize::from(segment);
        self.classes[at]
    }

    /// Returns the first and the last segment around one in which a code has the same verdict, within some days.
    pub(super) fn around(
        &self,
        life: Option<u16>,
        segment: SegmentNumber,
        verdict: VerdictKind,
        days: Stretch,
    ) -> (SegmentNumber, SegmentNumber) {
        let is_same = |at: SegmentNumber| {
            let class = match life {
                Some(life) => self.class(life, at),
                None => self.class_of_unlisted(at),
            };
            class == verdict && days.holds(self.segments[usize::from(at)].from)
        };
        let before = (0..segment).rev().take_while(|at| is_same(*at));
        let last = SegmentNumber::try_from(self.segments.len()).unwrap_or(NO_DAY);
        let behind = (segment + 1..last).take_while(|at| is_same(*at));
        (
            before.last().unwrap_or(segment),
            behind.last().unwrap_or(segment),
        )
    }

    pub(super) fn class_of_unlisted(&self, segment: SegmentNumber) -> VerdictKind {
        self.segments[usize::from(segment)].unlisted
    }

    /// Returns the entry of a code on a day on which it is listed, with its titles if they were read.
    pub(super) fn entry(&self, code: Code, listed: &Span<bool>, on: NaiveDate) -> Entry {
        let titled = self.title_index.get().and_then(|all| {
            // Where a code stands takes a search, and only titles are found by it.
            all.entry_on(self.place(&code)?, code, on)
        });
        titled.unwrap_or_else(|| untitled(code, listed.value))
    }

    /// Returns the same of the code at a place among all.
    pub(super) fn entry_at(&self, at: usize, listed: &Span<bool>, on: NaiveDate) -> Entry {
        let code = self.lives.codes[at];
        let titled = self.title_index.get();
        let titled = titled.and_then(|all| all.entry_on(at, code, on));
        titled.unwrap_or_else(|| untitled(code, listed.value))
    }

    /// Returns the place of a code among all.
    pub(super) fn place(&self, code: &Code) -> Option<usize> {
        let codes = &self.lives.codes;
        codes.binary_search_by_key(&code.key(), Code::key).ok()
    }

    pub(super) fn life(&self, code: &Code) -> Option<&[Span<bool>]> {
        let life = self.find_packed(pack(code.as_bytes(), false)?)?;
        self.lives.lives.get(usize::from(life)).map(Vec::as_slice)
    }

    /// Returns where the first codes stand of those that begin as one does, up to so many billable ones on a day.
    pub(super) fn first_alike(
        &self,
        prefix: &Code,
        on: NaiveDate,
        most: usize,
    ) -> std::ops::Range<usize> {
        let alike = self.alike(prefix);
        let mut billable = alike.clone().filter(|at| {
            let listed = self.listings_at(*at).at(on);
            listed.is_some_and(|span| span.value)
        });
        match most.checked_sub(1).and_then(|before| billable.nth(before)) {
            Some(last) => alike.start..last + 1,
            None => alike,
        }
    }

    /// Returns what the releases say of the code at a place among all.
    pub(super) fn listings_at(&self, at: usize) -> &[Span<bool>] {
        &self.lives.lives[usize::from(self.lives.life_of[at])]
    }

    /// Returns where all codes stand.
    pub(super) fn all(&self) -> std::ops::Range<usize> {
        0..self.lives.codes.len()
    }

    /// Returns where the codes stand that begin as one does.
    pub(super) fn alike(&self, prefix: &Code) -> std::ops::Range<usize> {
        self.narrow(self.all(), prefix)
    }

    /// Returns where the codes stand that begin as one does; they are known to stand within a range.
    pub(super) fn narrow(
        &self,
        within: std::ops::Range<usize>,
        prefix: &Code,
    ) -> std::ops::Range<usize> {
        let start = |category: usize| self.categories[category] as usize;
        let categories = categories_of(prefix);
        let (from, to) = (start(categories.start), start(categories.end));
        if prefix.len() <= 3 {
            return from..to;
        }
        let from = from.max(within.start);
        // Another category lies outside: then nothing is left.
        let to = to.min(within.end).max(from);
        // Numbers are compared faster than texts, and are in the same order.
        let first = prefix.key();
        let last = first | ((1 << (8 * (7 - prefix.len()))) - 1);
        let codes = &self.lives.codes[from..to];
        let before = codes.partition_point(|code| code.key() < first);
        let codes = &codes[before..];
        let count = codes.partition_point(|code| code.key() <= last);
        from + before..from + before + count
    }
}

/// Returns an entry without its titles.
pub(super) fn untitled(code: Code, billable: bool) -> Entry {
    Entry {
        code,
        billable,
        short_title: String::new(),
        long_title: String::new(),
    }
}

/// Cuts the calendar where anything changes.
fn segments(
    timeline: &Timeline,
    lives: &Histories,
    conversion_days: Vec<NaiveDate>,
) -> Result<Vec<Segment>> {
    let code_set = timeline.code_set();
    let mut days = conversion_days;
    days.push(code_set.in_force_from());
    for period in timeline.periods() {
        days.extend([period.from, period.until]);
    }
    for stretch in lives.lives.iter().flatten() {
        days.push(stretch.from);
        days.extend(stretch.until);
    }
    // On a day that nothing covers, the release to load is the answer.
    days.extend(
        known_releases(code_set)
            .iter()
            .map(ReleaseId::effective_from),
    );
    let in_force = code_set.in_force_from();
    let calendar = code_set.facts().calendar;
    // A fiscal year begins in the calendar year before it.
    let years = calendar.year_of(in_force)..=YEARS.end;
    let certain = years.flat_map(|year| calendar.certain_of_year(year));
    days.extend(certain.map(|id| id.effective_from()));
    days.push(NaiveDate::MIN);
    days.sort_unstable();
    days.dedup();
    if days.len() > MAX_SEGMENTS {
        return Err(Error::store(format!(
            "the releases of {} begin on more days than an audit can hold",
            code_set.name()
        ))
        .with_hint("this is a limit of codeyear; check single codes meanwhile"));
    }
    let segment = |from: NaiveDate| Segment {
        from,
        unlisted: judge::<bool>(from, timeline, &[]).kind(),
        release: (from >= in_force)
            .then(|| timeline.governing(from).map(|period| period.release))
            .flatten(),
    };
    Ok(days.into_iter().map(segment).collect())
}

fn day_table(segments: &[Segment]) -> Vec<SegmentNumber> {
    let mut table = Vec::new();
    for year in YEARS {
        for month in 1..=12 {
            for day in 1..=31 {
                let segment = NaiveDate::from_ymd_opt(year, month, day).and_then(|day| {
                    let after = segments.partition_point(|segment| segment.from <= day);
                    SegmentNumber::try_from(after.checked_sub(1)?).ok()
                });
                table.push(segment.unwrap_or(NO_DAY));
            }
        }
    }
    table
}

/// Returns the segment of a day; `None` outside [`YEARS`] and for what is no day.
#[inline]
pub(super) fn segment_at(days: &[SegmentNumber], day: DateParts) -> Option<SegmentNumber> {
    if !(1..=12).contains(&day.month) || !(1..=31).contains(&day.day) {
        return None;
    }
    let year = usize::try_from(day.year.checked_sub(YEARS.start)?).ok()?;
    let at = year * DAYS_OF_A_YEAR + (day.month as usize - 1) * 31 + (day.day as usize - 1);
    days.get(at).copied().filter(|segment| *segment != NO_DAY)
}

pub(super) fn segment_of(days: &[SegmentNumber], date: NaiveDate) -> Option<SegmentNumber> {
    segment_at(days, DateParts::of(date))
}

#[cfg(test)]
mod tests {
    use super::*;
    use codeyear_core::ingest::import_sample;

    #[test]
    fn the_last_year_of_the_table_is_cut_where_a_release_begins() {
        let mut store = Store::in_memory().unwrap();
        import_sample(&mut store, "2026-03-01".parse().unwrap()).unwrap();
        let index = Index::open(store).unwrap();
        for code_set in CodeSet::ALL {
            let set = index.set(code_set);
            let segment = |day: &str| segment_of(&set.days, day.parse().unwrap());
            assert_ne!(segment("2060-09-30"), segment("2060-10-01"));
        }
    }
}
