//! Codes by words: the code that a coder most likely means first.
//!
//! Every word must be found; the last may be only begun, so that a search can be asked while it is
//! typed. Titles of the release in force count most, then inclusion terms and index entries. Those come
//! from whatever releases are loaded, because most releases have no index of their own; a code is
//! found by them only if it is listed on the day, and the release that says so is named.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::basis::{not_covered, provenance_of, warnings};
use crate::error::{Error, Result};
use crate::model::{
    Code, CodeSet, DocumentKind, Entry, FoundEntry, FoundIn, FoundStanding, IndexKind, ReleaseId,
    SearchReport, Status, StoredDocument, Timeline, judge,
};
use crate::store::{FoundItem, ListedEntries, Store, Words};

/// How a search is to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchOptions {
    /// The most codes to give.
    pub most: usize,
    /// Find codes that are not listed on the day as well: deleted ones and those to come.
    pub unlisted: bool,
}

/// The most words of a search that count.
const MAX_WORDS: usize = 16;

/// With more titles than this a search is too broad for terms within terms to tell anything.
const BROAD: usize = 300;

/// Words that say nothing of a diagnosis, left out unless there are no others.
const SMALL_WORDS: [&str; 16] = [
    "a", "an", "and", "at", "by", "due", "for", "from", "in", "of", "on", "or", "the", "to",
    "with", "w",
];

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
    let timeline = store.timeline(code_set)?;
    let Some(period) = timeline.governing(date) else {
        return Err(not_covered(&timeline, date));
    };
    let tokens = tokens(words);
    if tokens.is_empty() {
        return Err(Error::usage("there are no words to search for")
            .with_hint("write what the code is for, as in codeyear search low back pain"));
    }
    let index = DocumentKind::Index(IndexKind::Diseases);
    let nested_term = match store.document(period.release, index)? {
        Some(_) => 1.2,
        None => 2.2,
    };
    let mut asked = Query {
        store,
        timeline: &timeline,
        release: period.release,
        date,
        listed: store.listed_on(code_set, date)?,
        options,
        tokens,
        letter_may_go_on: false,
        nested_term,
        found: BTreeMap::new(),
        pending: BTreeMap::new(),
    };
    asked.add_codes(words)?;
    asked.add_words()?;
    if asked.is_empty() && asked.tokens.len() > 1 {
        asked.letter_may_go_on = true;
        asked.add_words()?;
    }
    if asked.is_empty() {
        let query = asked.query();
        asked.follow_see(&query)?;
    }
    asked.look_up()?;
    asked.drop_headers();
    let more = asked.found.len() > options.most || !asked.pending.is_empty();
    let found = asked.ranked()?;
    Ok(SearchReport {
        code_set,
        words: words.trim().to_owned(),
        date,
        release: period.release,
        provenance: provenance_of(&timeline, period.release),
        found,
        more,
        warnings: warnings(store.kind()?, code_set, &timeline, date, date),
    })
}

/// Cuts a text into words: runs of Latin letters and digits, in lower case.
///
/// Accents set apart from their letters are left out, as the full-text index leaves them out. A letter of
/// another script is a word of its own: the index knows letters by another table than this program, and
/// what it cuts in two here would have to be found as a phrase there.
fn tokens(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut word = String::new();
    for character in text.chars().flat_map(char::to_lowercase) {
        if matches!(character, '\u{300}'..='\u{36f}') {
            continue;
        }
        let is_latin = character.is_ascii_alphanumeric()
            || (character.is_alphabetic() && character <= '\u{24f}');
        if is_latin {
            word.push(character);
            continue;
        }
        all.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        all.extend(character.is_alphanumeric().then(|| character.to_string()));
    }
    all.extend((!word.is_empty()).then_some(word));
    all.truncate(MAX_WORDS);
    let telling: Vec<String> = all
        .iter()
        .filter(|word| !SMALL_WORDS.contains(&word.as_str()))
        .cloned()
        .collect();
    if telling.is_empty() { all } else { telling }
}

/// A code that was found, and how well.
struct Candidate {
    score: f64,
    /// Its place in the book on the day; those without one last.
    position: i64,
    entry: Entry,
    standing: FoundStanding,
    found_in: Place,
}

/// Where words were found, before the release is looked for.
#[derive(Clone)]
enum Place {
    Code,
    Title,
    InclusionTerm { node: i64, term: String },
    Index { term: i64, path: String },
}

struct Query<'s> {
    store: &'s Store,
    timeline: &'s Timeline,
    release: ReleaseId,
    date: NaiveDate,
    listed: ListedEntries,
    options: SearchOptions,
    tokens: Vec<String>,
    /// Whether a last word of one letter may be begun only. One letter begins so many words that this is
    /// asked only where it is no word itself, as in hepatitis c.
    letter_may_go_on: bool,
    /// What a term within a term weighs: more, and so later in the list, where it can only be another
    /// release's.
    nested_term: f64,
    found: BTreeMap<Code, Candidate>,
    /// Codes that were found in terms, before anyone has looked how they stand on the day.
    pending: BTreeMap<Code, (f64, Place)>,
}

impl Query<'_> {
    /// Writes the words in the language of the full-text index.
    fn query(&self) -> String {
        let last = self.tokens.len().saturating_sub(1);
        let terms: Vec<String> = self
            .tokens
            .iter()
            .enumerate()
            .map(|(at, word)| {
                let may_go_on = at == last && (self.letter_may_go_on || word.chars().count() > 1);
                format!("\"{word}\"{}", if may_go_on { "*" } else { "" })
            })
            .collect();
        terms.join(" AND ")
    }

    fn is_empty(&self) -> bool {
        self.found.is_empty() && self.pending.is_empty()
    }

    /// Adds what holds all of the words.
    fn add_words(&mut self) -> Result<()> {
        let query = self.query();
        self.add(&query, Words::Titles)?;
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
        // Most repeat the title of the code above them, which has been found then.
        if code_set.facts().has_seventh_characters && self.found.len() < self.options.most {
            self.add(&query, Words::LongCodes)?;
        }
        Ok(())
    }

    /// Adds the code that was asked for, and those that begin so.
    fn add_codes(&mut self, text: &str) -> Result<()> {
        let code_set = self.timeline.code_set();
        let Ok(code) = code_set.parse_code(text) else {
            return Ok(());
        };
        let below = self.store.below(code_set, self.release, self.date, &code)?;
        for (at, entry) in below.into_iter().enumerate() {
            self.offer(entry, -100.0, at as i64, None, Place::Code);
        }
        if self.options.unlisted && !self.found.contains_key(&code) {
            self.note(&code, -100.0, Place::Code);
        }
        Ok(())
    }

    fn add(&mut self, query: &str, words: Words) -> Result<()> {
        let code_set = self.timeline.code_set();
        let unlisted = self.options.unlisted;
        let listed = |number: i64| unlisted || self.listed.position(number).is_some();
        let items = self.store.search_items(code_set, query, words, &listed)?;
        for item in items {
            match item {
                FoundItem::Entry { number, entry } => {
                    let mut score = self.extra_words(&entry.long_title);
                    if words == Words::LongCodes {
                        score += 3.0;
                    }
                    match self.listed.position(number) {
                        Some(position) => {
                            self.offer(entry, score, position, None, Place::Title);
                        }
                        None => self.note(&entry.code, score + 10.0, Place::Title),
                    }
                }
                FoundItem::InclusionTerm { node, code, term } => {
                    let score = self.extra_words(&term) + 0.5;
                    self.note(&code, score, Place::InclusionTerm { node, term });
                }
                FoundItem::Index {
                    term,
                    code,
                    path,
                    depth,
                } => {
                    // The code of a main term is the one that a coder means who says no more.
                    let weight = if depth == 0 { -0.5 } else { self.nested_term };
                    let score = self.extra_words(&path) + weight;
                    self.note(&code, score, Place::Index { term, path });
                }
            }
        }
        Ok(())
    }

    /// Notes a code that words lead to. How it stands is looked up later, and only of the best.
    fn note(&mut self, code: &Code, score: f64, place: Place) {
        if let Some(there) = self.found.get_mut(code) {
            if score < there.score {
                there.score = score;
                there.found_in = place;
            }
            return;
        }
        match self.pending.get(code) {
            Some((there, _)) if *there <= score => {}
            _ => {
                self.pending.insert(*code, (score, place));
            }
        }
    }

    /// Looks up how the best of the noted codes stand: a few more than are asked for, because some fall
    /// away as headers or unlisted.
    fn look_up(&mut self) -> Result<()> {
        let mut best: Vec<(f64, Code)> = self
            .pending
            .iter()
            .map(|(code, (score, _))| (*score, *code))
            .collect();
        best.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        best.truncate(self.options.most.saturating_mul(3).saturating_add(30));
        for (score, code) in best {
            if let Some((_, place)) = self.pending.remove(&code) {
                self.add_code(&code, score, place)?;
            }
        }
        Ok(())
    }

    /// Follows terms that only say where to look: under attack > heart, "see Infarct, myocardium".
    fn follow_see(&mut self, query: &str) -> Result<()> {
        for (path, reference) in self.store.search_see(query)? {
            let tokens = tokens(&reference);
            if tokens.is_empty() {
                continue;
            }
            let asked = std::mem::replace(&mut self.tokens, tokens);
            let query = self.query();
            let items =
                self.store
                    .search_items(self.timeline.code_set(), &query, Words::Terms, &|_| false)?;
            for item in items {
                if let FoundItem::Index {
                    term,
                    code,
                    path: to,
                    ..
                } = item
                {
                    let score = self.extra_words(&to);
                    let path = format!("{path}, see {to}");
                    self.note(&code, score, Place::Index { term, path });
                }
            }
            self.tokens = asked;
        }
        Ok(())
    }

    /// Adds a code by how it stands on the day; one that is not listed then only if that was asked for.
    fn add_code(&mut self, code: &Code, score: f64, place: Place) -> Result<()> {
        let life = self.store.spans(self.timeline.code_set(), code)?;
        match judge(self.date, self.timeline, &life) {
            Status::Listed { entry, .. } => {
                self.offer(entry, score, i64::MAX, None, place);
            }
            Status::Deleted {
                entry, last_day, ..
            } if self.options.unlisted => {
                self.offer(
                    entry,
                    score,
                    i64::MAX,
                    Some(FoundStanding::Deleted(last_day)),
                    place,
                );
            }
            Status::NotYet {
                entry, first_day, ..
            } if self.options.unlisted => {
                let standing = FoundStanding::NotYetEffective(first_day);
                self.offer(entry, score, i64::MAX, Some(standing), place);
            }
            _ => {}
        }
        Ok(())
    }

    fn offer(
        &mut self,
        entry: Entry,
        score: f64,
        position: i64,
        standing: Option<FoundStanding>,
        found_in: Place,
    ) {
        let standing = standing.unwrap_or(if entry.billable {
            FoundStanding::Billable
        } else {
            FoundStanding::Header
        });
        // Of a header a code below it is meant.
        let score = match standing {
            FoundStanding::Header => score + 0.6,
            _ => score,
        };
        match self.found.get_mut(&entry.code) {
            Some(there) if there.score <= score => {
                there.position = there.position.min(position);
            }
            Some(there) => {
                there.score = score;
                there.found_in = found_in;
                there.position = there.position.min(position);
            }
            None => {
                self.found.insert(
                    entry.code,
                    Candidate {
                        score,
                        position,
                        entry,
                        standing,
                        found_in,
                    },
                );
            }
        }
    }

    /// Counts what a text says beyond the words asked for. `unspecified` and its like weigh little: they
    /// are what is meant by someone who says no more.
    fn extra_words(&self, text: &str) -> f64 {
        const WEAK: [&str; 7] = [
            "site",
            "part",
            "type",
            "organism",
            "other",
            "elsewhere",
            "classified",
        ];
        let mut extra = 0.0;
        let mut words = 0.0;
        for word in text.split(|c: char| !c.is_alphanumeric()) {
            if word.is_empty() {
                continue;
            }
            words += 1.0;
            // Most words of a title are in lower case.
            let word = if word.bytes().all(|byte| byte.is_ascii_lowercase()) {
                Cow::Borrowed(word)
            } else {
                Cow::Owned(word.to_lowercase())
            };
            let asked = self.tokens.iter().any(|token| {
                *word == **token
                    || (word.len() > 3
                        && token.len() > 3
                        && (word.starts_with(token.as_str()) || token.starts_with(&*word)))
            });
            if asked || SMALL_WORDS.contains(&&*word) {
                continue;
            }
            extra += match &*word {
                "unspecified" | "nos" | "not" | "specified" => 0.15,
                weak if WEAK.contains(&weak) => 0.3,
                _ => 1.0,
            };
        }
        // Of texts that say as much beyond, the shorter one first.
        extra + words / 100.0
    }

    /// Leaves out headers of which billable codes were found as well: those are meant.
    fn drop_headers(&mut self) {
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

    /// Lists the stored documents of some kinds, those nearest in time to the release in force first.
    fn nearest_first(&self, kinds: &[DocumentKind]) -> Result<Vec<StoredDocument>> {
        let mut documents = Vec::new();
        for kind in kinds {
            documents.extend(self.store.documents(*kind)?);
        }
        documents.sort_by_key(|document| document.release.days_from(self.release));
        Ok(documents)
    }

    fn ranked(self) -> Result<Vec<FoundEntry>> {
        let tabular = self.nearest_first(&[DocumentKind::Tabular])?;
        let indexes = self.nearest_first(&IndexKind::ALL.map(DocumentKind::Index))?;
        let mut ranked: Vec<(Code, Candidate)> = self.found.into_iter().collect();
        ranked.sort_by(|(a_code, a), (b_code, b)| {
            a.score
                .total_cmp(&b.score)
                .then(a.position.cmp(&b.position))
                .then(a_code.cmp(b_code))
        });
        ranked.truncate(self.options.most);
        let mut found = Vec::with_capacity(ranked.len());
        for (code, candidate) in ranked {
            let found_in = match candidate.found_in {
                Place::Code => FoundIn::Code,
                Place::Title => FoundIn::Title,
                Place::InclusionTerm { node, term } => {
                    match self.store.first_with(&tabular, node)? {
                        Some(document) => FoundIn::InclusionTerm {
                            term,
                            release: document.release,
                        },
                        None => FoundIn::Title,
                    }
                }
                Place::Index { term, path } => match self.store.first_with(&indexes, term)? {
                    Some(StoredDocument {
                        kind: DocumentKind::Index(kind),
                        release,
                        ..
                    }) => FoundIn::Index {
                        kind: *kind,
                        path,
                        release: *release,
                    },
                    _ => FoundIn::Title,
                },
            };
            found.push(FoundEntry {
                code,
                entry: candidate.entry,
                standing: candidate.standing,
                found_in,
            });
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::testing::{cm, day, dotted, release, sample};

    const ALL: SearchOptions = SearchOptions {
        most: 20,
        unlisted: false,
    };

    fn found(store: &Store, words: &str, options: SearchOptions) -> SearchReport {
        search(store, CodeSet::Icd10Cm, words, day("2026-03-01"), options).unwrap()
    }

    fn codes(report: &SearchReport) -> Vec<String> {
        dotted(report.found.iter().map(|found| &found.code))
    }

    #[test]
    fn a_text_is_cut_into_the_words_that_tell_something() {
        for (text, words) in [
            ("Pain, in the LOWER back", vec!["pain", "lower", "back"]),
            // Nothing but small words: all of them.
            ("of the", vec!["of", "the"]),
            // An accent set apart is left out, one within its letter stays.
            ("Me\u{301}nie\u{300}re Ménière", vec!["meniere", "ménière"]),
            ("血圧 b12", vec!["血", "圧", "b12"]),
            ("- / .", vec![]),
        ] {
            assert_eq!(tokens(text), words, "{text:?}");
        }
        assert_eq!(tokens(&"word ".repeat(40)).len(), MAX_WORDS);
    }

    #[test]
    fn every_word_has_to_be_found_and_the_last_may_be_begun_only() {
        let store = sample();
        assert_eq!(codes(&found(&store, "carcinoid liver", ALL)), ["C7B.02"]);
        assert_eq!(codes(&found(&store, "liver carcin", ALL)), ["C7B.02"]);
        assert_eq!(codes(&found(&store, "carcin liver", ALL)), [""; 0]);
        assert_eq!(
            codes(&found(&store, "carcinoid liver cholera", ALL)),
            [""; 0]
        );
    }

    #[test]
    fn a_header_is_left_out_beside_its_billable_codes_unless_it_was_asked_for_by_its_code() {
        let store = sample();
        let below = ["M54.50", "M54.59", "M54.51"];
        assert_eq!(codes(&found(&store, "low back pain", ALL)), below);
        let by_code = found(&store, "m545", ALL);
        assert!(codes(&by_code).contains(&"M54.5".to_owned()));
        assert!(
            by_code
                .found
                .iter()
                .all(|found| found.found_in == FoundIn::Code)
        );
    }

    #[test]
    fn an_inclusion_term_of_another_release_is_named_with_that_release() {
        let store = sample();
        let report = found(&store, "lumbago", ALL);
        let first = report.found.first().unwrap();
        assert_eq!(first.code, cm("M54.50"));
        assert_eq!(
            first.found_in,
            FoundIn::InclusionTerm {
                term: "Lumbago NOS".to_owned(),
                release: release("FY2026-04"),
            }
        );
        assert_eq!(report.release, release("FY2026"));
    }

    #[test]
    fn what_is_not_listed_on_the_day_is_found_only_if_that_is_asked_for() {
        let store = sample();
        let words = "contusion of abdominal wall";
        let listed = found(&store, words, ALL);
        assert_eq!(listed.found.len(), 3);
        let all = found(
            &store,
            words,
            SearchOptions {
                unlisted: true,
                ..ALL
            },
        );
        let standing_of = |code: &str| {
            let one = all.found.iter().find(|found| found.code == cm(code));
            one.unwrap().standing
        };
        assert_eq!(all.found.len(), 6);
        assert_eq!(standing_of("S30.11XA"), FoundStanding::Billable);
        let deleted = FoundStanding::Deleted(day("2025-09-30"));
        assert_eq!(standing_of("S30.1XXA"), deleted);
        let before = search(
            &store,
            CodeSet::Icd10Cm,
            words,
            day("2025-09-30"),
            SearchOptions {
                unlisted: true,
                ..ALL
            },
        );
        let before = before.unwrap();
        let to_come = before
            .found
            .iter()
            .find(|found| found.code == cm("S30.11XA"));
        let first_day = FoundStanding::NotYetEffective(day("2025-10-01"));
        assert_eq!(to_come.unwrap().standing, first_day);
    }

    #[test]
    fn a_report_says_whether_there_is_more_than_was_asked_for() {
        let store = sample();
        for (most, more) in [(2, true), (3, false)] {
            let report = found(&store, "low back pain", SearchOptions { most, ..ALL });
            assert_eq!((report.found.len(), report.more), (most, more));
        }
    }

    #[test]
    fn a_search_needs_words_and_a_release() {
        let store = sample();
        let kind = |words: &str, date: &str| {
            let asked = search(&store, CodeSet::Icd10Cm, words, day(date), ALL);
            asked.unwrap_err().kind()
        };
        assert_eq!(kind(" - ", "2026-03-01"), ErrorKind::Usage);
        assert_eq!(kind("back", "2018-03-01"), ErrorKind::NotFound);
    }
}
