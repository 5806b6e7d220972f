//! Codes by words: the code that a coder most likely means first.
//!
//! What was typed is read first ([`asked`]): abbreviations and lay words by reviewed files, misspelt words by the words of
//! titles, terms and indexes. Each word that remains must be found; the last may be only begun, so that a search can be
//! asked while it is typed. Where no text has all of them the least telling are left out, and that is said. Titles of the
//! release in force count most, then inclusion terms and index entries. Those come from whatever releases are loaded,
//! because most releases have no index of their own; a code is found by them only if it is listed on the day, and the
//! release that says so is named. Nothing is learned from what is searched for or claimed.

mod asked;
mod below;
mod cells;
mod elsewhere;
mod lexicon;
mod newer;
mod offer;
mod pieces;
mod procedures;
mod ranked;
mod relax;
mod spelling;
mod tokens;
mod weigh;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::basis::{not_covered, provenance_of, warnings};
use super::typed::within;
use crate::error::{Error, Result};
use crate::model::{
    Code, CodeRange, CodeSet, DocumentKind, Entry, FoundEntry, FoundIn, FoundStanding, IndexKind,
    ReadAs, ReadAsKind, ReleaseId, SearchReport, Timeline, TypedCode, Warning, typed_code,
    typed_codes,
};
use crate::store::{FoundItem, ListedEntries, PcsTerms, Store, Words};
pub use elsewhere::may_be_of_another_book;

use asked::{Concept, ConceptKind, MAX_WORDS, literally, understand};
use ranked::{Documents, nearest_first};
use tokens::tokens;
use weigh::{SMALL_WORDS, Weighed, in_one_form, weigh};

/// How a search is to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchOptions {
    /// The most codes to give.
    pub most: usize,
    /// Find codes that are not listed on the day as well: deleted ones and those to come.
    pub unlisted: bool,
}

/// With more titles than this a search is too broad for terms within terms to tell anything.
const BROAD: usize = 300;

/// A result that has so much against it is worth looking where the index refers to.
const POOR: f64 = 0.9;

/// The most rows of a kind that are looked at: more than any search of two words has. A single word that has more
/// (fracture) says too little to be ranked by.
const MAX_ROWS: usize = 500;

/// Finds codes by words on a day.
///
/// # Errors
/// [`crate::ErrorKind::Usage`] if there are no words, [`crate::ErrorKind::NotFound`] if no loaded release governs the
/// day, [`crate::ErrorKind::Store`] if the database cannot be read.
pub fn search(
    store: &Store,
    code_set: CodeSet,
    words: &str,
    date: NaiveDate,
    options: SearchOptions,
) -> Result<SearchReport> {
    search_without(store, code_set, words, date, options, &BTreeSet::new())
}

/// Finds codes by words as [`search`] does, without some entries of the reviewed files: what each is worth.
///
/// # Errors
/// As [`search`].
#[doc(hidden)]
pub fn search_without(
    store: &Store,
    code_set: CodeSet,
    words: &str,
    date: NaiveDate,
    options: SearchOptions,
    without: &BTreeSet<String>,
) -> Result<SearchReport> {
    let sought = Sought {
        store,
        code_set,
        words,
        date,
        options,
        without,
    };
    store.in_one_state(|| {
        let mut report = find(sought)?;
        // Without its dot a code may be one of another book as well.
        let is_code = |one: &FoundEntry| one.found_in == FoundIn::Code;
        if !(words.contains('.') && report.found.iter().any(is_code)) {
            report.elsewhere = elsewhere::not_kept(words);
        }
        let is_in_part = |first: &FoundEntry| !first.left_out.is_empty();
        if report.found.first().is_some_and(is_in_part) {
            report.elsewhere.extend(elsewhere::other_sets(sought)?);
        }
        if report.found.is_empty() {
            let timeline = store.timeline(code_set)?;
            report.elsewhere = elsewhere::look_elsewhere(&timeline, sought)?;
        }
        Ok(report)
    })
}

/// What is searched for, and where.
#[derive(Clone, Copy)]
struct Sought<'a> {
    store: &'a Store,
    code_set: CodeSet,
    words: &'a str,
    date: NaiveDate,
    options: SearchOptions,
    without: &'a BTreeSet<String>,
}

fn find(sought: Sought<'_>) -> Result<SearchReport> {
    let Sought {
        store,
        code_set,
        words,
        date,
        options,
        without,
    } = sought;
    let timeline = store.timeline(code_set)?;
    let Some(period) = timeline.governing(date) else {
        return Err(not_covered(&timeline, date));
    };
    if tokens(words).is_empty() {
        return Err(Error::usage("no words to search for")
            .with_hint("enter a diagnosis or procedure, as in codeyear search low back pain"));
    }
    let index = DocumentKind::Index(IndexKind::Diseases);
    let nested_term = match store.document(period.release, index)? {
        Some(_) => NESTED_TERM,
        None => 1.2,
    };
    let mut asked = Query {
        store,
        timeline: &timeline,
        documents: Documents::read(store, period.release)?,
        release: period.release,
        date,
        listed: store.listed_on(code_set, date)?,
        options,
        concepts: Vec::new(),
        penalty: 0.0,
        chosen: 0,
        rows: MAX_ROWS,
        nested_term,
        found: BTreeMap::new(),
        pending: BTreeMap::new(),
        pcs_index: None,
    };
    asked.pcs_index = asked.nearest_pcs_index()?;
    asked.add_codes(words)?;
    let mut read_as = Vec::new();
    // A code that is not listed, or one of another set, is no words: E11.99 is none of `E`, `11` and `99`.
    let mut sets = CodeSet::ALL.into_iter();
    let is_code = typed_code(words).contains('.') && sets.any(|set| set.read_typed(words).is_ok());
    if asked.is_empty() && !is_code && elsewhere::not_kept(words).is_empty() {
        let read = understand(store, code_set, words, without)?;
        (asked.concepts, read_as) = (read.concepts, read.read_as);
        asked.add_uses(&mut read_as)?;
        asked.add_all(&mut read_as)?;
    }
    asked.look_up()?;
    asked.add_below()?;
    asked.drop_headers();
    asked.add_newer()?;
    let mut warnings = warnings(store.kind()?, code_set, &timeline, date, date);
    if date < code_set.in_force_from() {
        warnings.push(Warning::NotInForce { code_set });
    }
    let more = asked.found.len() > options.most || !asked.pending.is_empty();
    let mut found = asked.ranked()?;
    if date < code_set.in_force_from() {
        for one in &mut found {
            one.standing = FoundStanding::NotInForce;
        }
    }
    Ok(SearchReport {
        code_set,
        words: words.trim().to_owned(),
        read_as,
        elsewhere: Vec::new(),
        date,
        release: period.release,
        provenance: provenance_of(&timeline, period.release),
        found,
        more,
        warnings,
    })
}

/// A code that was found, and how well.
struct Candidate {
    score: f64,
    /// The concepts that it lacks, a bit for each.
    lacks: u32,
    /// Its place in the book on the day; those without one last.
    position: i64,
    entry: Entry,
    standing: FoundStanding,
    found_in: Place,
    /// What else it was found in, which may be newer.
    current: Current,
}

/// What of the day a code was found in, beside where it was found best.
#[derive(Debug, Clone, Copy, Default)]
struct Current {
    /// Whether its own title has all that was asked for.
    title: bool,
    /// An inclusion term that has it.
    term: Option<i64>,
}

impl Current {
    /// Reads it from what a place says beyond what was asked for.
    fn of(place: &Place, beyond: f64) -> Current {
        match place {
            // What says much more is of something else.
            _ if beyond > 1.4 => Current::default(),
            Place::Title | Place::Code => Current {
                title: true,
                term: None,
            },
            Place::InclusionTerm { node, .. } => Current {
                title: false,
                term: Some(*node),
            },
            _ => Current::default(),
        }
    }

    fn add(&mut self, other: Current) {
        self.title |= other.title;
        self.term = self.term.max(other.term);
    }
}

/// Where words were found, before the release is looked for.
#[derive(Debug, Clone)]
enum Place {
    Code,
    Title,
    InclusionTerm {
        node: i64,
        term: String,
    },
    Index {
        term: i64,
        path: String,
    },
    PcsIndex {
        path: String,
    },
    Below(Code),
    NewerCode {
        of: Code,
        from: NaiveDate,
        item: i64,
    },
}

struct Query<'s> {
    store: &'s Store,
    timeline: &'s Timeline,
    documents: Documents,
    release: ReleaseId,
    date: NaiveDate,
    listed: ListedEntries,
    options: SearchOptions,
    concepts: Vec<Concept>,
    /// What everything weighs more that is found by a detour.
    penalty: f64,
    /// The concepts that are searched for at the time, a bit for each: without sides, and without what is left out.
    chosen: u32,
    /// How many rows are looked at.
    rows: usize,
    /// What a term within a term weighs: more, and so later in the list, where it can only be another
    /// release's.
    nested_term: f64,
    found: BTreeMap<Code, Candidate>,
    /// Codes that were found in terms, before anyone has looked how they stand on the day.
    pending: BTreeMap<Code, (f64, u32, Place, Current)>,
    /// The index of ICD-10-PCS that is asked.
    pcs_index: Option<PcsTerms>,
}

impl Query<'_> {
    /// Writes the chosen concepts in the language of the full-text index, with sides or without; `None` if there are
    /// none.
    fn query(&self, chosen: u32, sides: bool) -> Option<String> {
        let asked: Vec<String> = self
            .concepts
            .iter()
            .enumerate()
            .filter(|(at, concept)| match concept.kind {
                ConceptKind::Core => chosen & (1 << at) != 0,
                ConceptKind::Side => sides,
                ConceptKind::Encounter => false,
            })
            .map(|(_, concept)| concept.query())
            .collect();
        (!asked.is_empty()).then(|| asked.join(" AND "))
    }

    /// Returns the concepts that are searched for, a bit for each.
    fn core(&self) -> u32 {
        let core = self.concepts.iter().enumerate();
        core.filter(|(_, concept)| concept.kind == ConceptKind::Core)
            .fold(0, |bits, (at, _)| bits | 1 << at)
    }

    /// Checks whether a single word is searched for.
    fn is_one_word(&self) -> bool {
        match self.concepts.as_slice() {
            [one] => one.ways.first().is_some_and(|way| way.words.len() == 1),
            _ => false,
        }
    }

    fn is_empty(&self) -> bool {
        self.found.is_empty() && self.pending.is_empty()
    }

    /// Returns what speaks against the best that was found.
    fn best(&self) -> f64 {
        let found = self.found.values().map(|candidate| candidate.score);
        let pending = self.pending.values().map(|(score, ..)| *score);
        found.chain(pending).fold(f64::INFINITY, f64::min)
    }

    /// Adds what holds all of the concepts; where nothing does, what holds most.
    fn add_all(&mut self, read_as: &mut Vec<ReadAs>) -> Result<()> {
        // A search for a side or an encounter alone.
        if self.core() == 0 {
            for concept in &mut self.concepts {
                concept.kind = ConceptKind::Core;
            }
        }
        let core = self.core();
        self.add_held(core)?;
        if self.best() > POOR {
            self.add_cells(core, false)?;
        }
        let last = self.concepts.last().cloned();
        if self.is_empty() && self.let_the_last_go_on() {
            self.add_held(core)?;
            // What is found with less than was asked for has whole words.
            if let (true, Some(last)) = (self.is_empty(), last) {
                self.concepts.pop();
                self.concepts.push(last);
            }
        }
        if self.is_empty() && self.pcs_index.is_some() {
            self.add_led_in_part(core)?;
        }
        match &self.pcs_index {
            Some(_) => self.follow_pcs_see(read_as)?,
            None if self.best() > POOR => self.follow_see(core, read_as)?,
            None => {}
        }
        if self.is_empty() {
            self.add_cells(core, true)?;
        }
        if self.is_empty() {
            self.relax(core)?;
        }
        Ok(())
    }

    /// Lets the last concept be begun only, as it was typed. Where it is short that begins so many words that this is
    /// asked only where it is no word or abbreviation itself, as in hepatitis c.
    fn let_the_last_go_on(&mut self) -> bool {
        let Some(last) = self.concepts.last_mut() else {
            return false;
        };
        let typed = last.typed.clone();
        // A letter begins everything, and what is short for something is no beginning.
        let first = last.ways.first().and_then(|way| way.words.first());
        if last.kind != ConceptKind::Core
            || typed.chars().count() < 2
            || first.is_none_or(|word| word.text != typed)
        {
            return false;
        }
        let mut has_changed = false;
        for word in last.ways.iter_mut().flat_map(|way| &mut way.words) {
            if word.text == typed && !word.is_begun {
                word.is_begun = true;
                has_changed = true;
            }
        }
        has_changed
    }

    /// Adds what holds all of the chosen concepts, if anything does: whether it does is asked once, and of what kind it
    /// is several times.
    fn add_held(&mut self, chosen: u32) -> Result<()> {
        let Some(query) = self.query(chosen, false) else {
            return Ok(());
        };
        match self.store.holds(self.timeline.code_set(), &query)? {
            true => self.add_chosen(chosen),
            false => Ok(()),
        }
    }

    /// Adds what holds all of the chosen concepts.
    fn add_chosen(&mut self, chosen: u32) -> Result<()> {
        self.chosen = chosen;
        let Some(query) = self.query(chosen, false) else {
            return Ok(());
        };
        let with_sides = self.query(chosen, true).filter(|other| *other != query);
        let before = self.found.len();
        if let Some(query) = &with_sides {
            self.add(query, Words::Titles)?;
        }
        if self.found.len() - before < self.options.most {
            self.add(&query, Words::Titles)?;
        }
        let code_set = self.timeline.code_set();
        if code_set.has(DocumentKind::Index(IndexKind::Diseases)) {
            // Where titles are many, a term within a term tells nothing more; a main term does.
            let terms = if self.found.len() > BROAD {
                Words::MainTerms
            } else {
                Words::Terms
            };
            self.add(&query, terms)?;
        }
        // As above, but a table has so many titles that only a single word says too little.
        let is_broad = chosen.count_ones() == 1 && self.found.len() > BROAD;
        let deepest = if is_broad { 0 } else { u32::MAX };
        self.add_led(&query, deepest)?;
        // Most repeat the title of the code above them, which has been found then.
        let unlisted = self.options.unlisted;
        if code_set.facts().has_seventh_characters && (self.found.len() == before || unlisted) {
            let query = with_sides.unwrap_or(query);
            if !unlisted {
                let first = format!("{query} AND (\"initial\" OR \"unspecified\")");
                self.add(&first, Words::LongCodes)?;
            }
            if self.found.len() == before || unlisted {
                self.add(&query, Words::LongCodes)?;
            }
        }
        Ok(())
    }

    /// Adds the code that was asked for, and those that begin so.
    fn add_codes(&mut self, text: &str) -> Result<()> {
        let code_set = self.timeline.code_set();
        let typed = typed_codes(text);
        if typed.len() > MAX_WORDS {
            return Ok(());
        }
        if typed
            .iter()
            .any(|typed| matches!(typed, TypedCode::Range(..)))
        {
            return self.add_ranges(&typed);
        }
        let codes = typed.iter().map(|typed| match typed {
            TypedCode::One(code) => code_set.read_typed(code).ok(),
            TypedCode::Range(..) => None,
        });
        // Of words one may look like a code.
        let Some(codes) = codes.collect::<Option<Vec<Code>>>() else {
            return self.add_begun(&typed);
        };
        for (nth, code) in codes.iter().enumerate() {
            let below = self.store.below(code_set, self.release, self.date, code)?;
            for (at, entry) in below.into_iter().enumerate() {
                // The codes themselves first, in the order of the text, then those below them.
                let score = match entry.code == *code {
                    true => CODE - HEADER - 1.0 + nth as f64 / 1_000.0,
                    false => CODE,
                };
                let position = ((nth as i64) << 32) + at as i64;
                self.offer(entry, score, 0, position, None, Place::Code);
            }
            if self.options.unlisted && !self.found.contains_key(code) {
                self.note(code, CODE, 0, Place::Code);
            }
        }
        Ok(())
    }

    /// Adds the codes that begin as a text does which is too short for a code: of ICD-10-PCS, whose codes have seven
    /// characters.
    fn add_begun(&mut self, typed: &[TypedCode]) -> Result<()> {
        let [TypedCode::One(text)] = typed else {
            return Ok(());
        };
        let code_set = self.timeline.code_set();
        let plain = typed_code(text).to_ascii_uppercase();
        let begun = Code::from_plain(code_set, plain.as_bytes());
        let Some(begun) = begun.filter(|begun| begun.len() > 2) else {
            return Ok(());
        };
        let codes = self.store.billable_beginning(self.date, &begun)?;
        for (at, entry) in codes.into_iter().take(MAX_ROWS).enumerate() {
            self.offer(entry, CODE, 0, at as i64, None, Place::Code);
        }
        Ok(())
    }

    /// Adds the codes of ranges, in the order of the book.
    fn add_ranges(&mut self, typed: &[TypedCode]) -> Result<()> {
        let code_set = self.timeline.code_set();
        let ranges = typed.iter().map(|typed| match typed {
            TypedCode::One(code) => CodeRange::parse(code_set, code).ok(),
            range => range.range(code_set),
        });
        // A range beside words is one of the words.
        let Some(ranges) = ranges.collect::<Option<Vec<CodeRange>>>() else {
            return Ok(());
        };
        let listing = self.store.listing_on(code_set, self.date)?;
        for (nth, range) in ranges.iter().enumerate() {
            let listed = within(&listing, |entry| entry.code, range)?;
            for (at, entry) in listed.iter().take(MAX_ROWS).enumerate() {
                let position = ((nth as i64) << 32) + at as i64;
                self.offer(entry.clone(), CODE, 0, position, None, Place::Code);
            }
        }
        Ok(())
    }

    fn add(&mut self, query: &str, words: Words) -> Result<()> {
        let code_set = self.timeline.code_set();
        let unlisted = self.options.unlisted;
        let listed = |number: i64| unlisted || self.listed.position(number).is_some();
        let items = self
            .store
            .search_items(code_set, query, words, self.rows, &listed)?;
        for item in items {
            match item {
                FoundItem::Entry { number, entry } => {
                    let Weighed { score, lacks, .. } = self.weigh(&entry.long_title);
                    // However much a title of the day says beyond a single word, it stands before older terms within
                    // terms; several words are a phrase, which a term may have as it stands.
                    let score = match lacks {
                        0 if self.is_one_word() => score.min(1.45 + score / 100.0),
                        _ => score,
                    };
                    match self.listed.position(number) {
                        Some(position) => {
                            self.offer(entry, score, lacks, position, None, Place::Title);
                        }
                        None => self.note(&entry.code, score + 10.0, lacks, Place::Title),
                    }
                }
                FoundItem::InclusionTerm { node, code, term } => {
                    let Weighed { score, lacks, .. } = self.weigh(&term);
                    self.note(
                        &code,
                        score + INCLUSION_TERM,
                        lacks,
                        Place::InclusionTerm { node, term },
                    );
                }
                FoundItem::Index {
                    term,
                    code,
                    path,
                    depth,
                    cell,
                } => {
                    let weighed = self.weigh(&in_one_form(&path, &self.concepts));
                    // A table of drugs names substances: only who writes one alone asks for its codes.
                    if cell > 0 && (depth > 0 || weighed.extra > 0.3) {
                        continue;
                    }
                    // The code of a main term is the one that a coder means who says no more.
                    let weight = match (cell, depth) {
                        (1.., _) => 2.5 + f64::from(cell) / 10.0,
                        (_, 0) => -0.3,
                        // It says what was asked for and no more.
                        _ if weighed.lacks == 0 && weighed.extra < 0.1 => EXACT_TERM,
                        _ => self.nested_term,
                    };
                    let score = weighed.score + weight;
                    self.note(&code, score, weighed.lacks, Place::Index { term, path });
                }
            }
        }
        Ok(())
    }

    fn weigh(&self, text: &str) -> Weighed {
        let mut weighed = weigh(text, &self.concepts, &[]);
        weighed.score += self.penalty;
        weighed
    }

    /// Follows terms that only say where to look: under attack > heart, "see Infarct, myocardium".
    fn follow_see(&mut self, core: u32, read_as: &mut Vec<ReadAs>) -> Result<()> {
        let Some(query) = self.query(core, false) else {
            return Ok(());
        };
        let asked = self.concepts.iter().filter(|c| c.kind == ConceptKind::Core);
        let typed: Vec<&str> = asked.map(|concept| concept.typed.as_str()).collect();
        let typed = typed.join(" ");
        for (path, reference) in self.store.search_see(&query)? {
            // Only what was asked for and no more, or it is another thing.
            if self.weigh(&path).extra > POOR {
                continue;
            }
            let mut words = tokens(&reference);
            words.retain(|word| !SMALL_WORDS.contains(&word.as_str()));
            // "See condition" says to look for what one has, without naming it.
            if words.is_empty() || words == ["condition"] {
                continue;
            }
            let mut concepts = literally(&words);
            let beside = self.concepts.iter().filter(|c| c.kind != ConceptKind::Core);
            concepts.extend(beside.cloned());
            let read = ReadAs {
                typed: typed.clone(),
                words: reference,
                kind: ReadAsKind::See,
            };
            let asked = std::mem::replace(&mut self.concepts, concepts);
            self.penalty = 0.3;
            let before = self.best();
            self.add_chosen(self.core())?;
            if self.best() < before {
                read_as.push(read);
            }
            self.penalty = 0.0;
            self.concepts = asked;
        }
        Ok(())
    }
}

/// What a code weighs that was asked for itself: before everything else.
const CODE: f64 = -100.0;

/// What an inclusion term weighs more than such a title of the day.
const INCLUSION_TERM: f64 = 0.4;

/// What a term of the index weighs that says what was asked for and no more: hardly more than such a title.
const EXACT_TERM: f64 = 0.25;

/// What a term within a term weighs in the index of the release itself.
const NESTED_TERM: f64 = 0.8;

/// What a header weighs more than a code that may be reported.
const HEADER: f64 = 0.6;
