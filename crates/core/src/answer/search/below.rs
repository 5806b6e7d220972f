//! From a header to the codes below it that are meant by someone who says no more.

use super::weigh::{TELLING, words_of};
use super::{ConceptKind, HEADER, INCLUSION_TERM, Place, Query, weigh};
use crate::error::Result;
use crate::model::{Code, Entry, FoundStanding};

/// From how many of the headers that were found it is gone down.
const MAX_HEADERS: usize = 6;

/// How many codes of the same level are shown, at most, of a header that was found.
const MAX_BESIDE: usize = 4;

/// How much more may speak against a term that names what is meant of a header's codes than against the header.
const NAMED: f64 = 1.0;

/// A header that was found, and what is known of what stands below it.
struct Header {
    entry: Entry,
    score: f64,
    lacks: u32,
    place: Place,
    /// The words that say nothing below it.
    known: Vec<String>,
}

/// Lists the words of a text that say nothing below it.
fn known_words(text: &str) -> impl Iterator<Item = String> {
    let words = words_of(text).into_iter();
    words
        .filter(|word| !TELLING.contains(&&**word))
        .map(Into::into)
}

impl Query<'_> {
    /// Adds the billable codes below the best of the headers that were found.
    pub(super) fn add_below(&mut self) -> Result<()> {
        let order = self.order();
        let headers: Vec<Code> = order
            .iter()
            .take(2 * MAX_HEADERS)
            .filter(|code| {
                self.found.get(code).is_some_and(|candidate| {
                    candidate.standing == FoundStanding::Header
                        && !matches!(candidate.found_in, Place::Code)
                })
            })
            .take(MAX_HEADERS)
            .copied()
            .collect();
        for code in headers {
            let Some(candidate) = self.found.get(&code) else {
                continue;
            };
            let mut known: Vec<String> = Vec::new();
            let mut add = |text: &str| known.extend(known_words(text));
            add(&candidate.entry.long_title);
            match &candidate.found_in {
                Place::InclusionTerm { term: text, .. } | Place::Index { path: text, .. } => {
                    add(text);
                }
                _ => {}
            }
            let header = Header {
                entry: candidate.entry.clone(),
                score: candidate.score - HEADER,
                lacks: candidate.lacks,
                place: candidate.found_in.clone(),
                known,
            };
            self.go_down(header)?;
        }
        Ok(())
    }

    /// Goes down level by level, each time to what says the least beyond, and offers the billable codes it comes to.
    fn go_down(&mut self, mut header: Header) -> Result<()> {
        let code_set = self.timeline.code_set();
        let top = header.entry.code;
        // What a term has already is not asked of the titles below it.
        let concepts: Vec<_> = self
            .concepts
            .iter()
            .filter(|concept| {
                concept.kind != ConceptKind::Core
                    || !concept.ways.iter().any(|way| {
                        way.words
                            .iter()
                            .all(|word| header.known.iter().any(|known| word.fits(known)))
                    })
            })
            .cloned()
            .collect();
        loop {
            let below = self
                .store
                .next_below(code_set, self.date, &header.entry.code)?;
            // Of titles of one level those are meant first that have the words themselves.
            let core = self.core();
            let lacking: Vec<u32> = below
                .iter()
                .map(|entry| (self.weigh(&entry.long_title).lacks & core).count_ones())
                .collect();
            let least_lacking = lacking.iter().min().copied().unwrap_or_default();
            let mut weighed: Vec<(f64, Entry)> = below
                .into_iter()
                .zip(lacking)
                .map(|(entry, lacking)| {
                    let mut weighed = weigh(&entry.long_title, &concepts, &header.known);
                    weighed.score += 0.3 * f64::from(lacking - least_lacking);
                    // Titles of one level differ in what they say, not in how long they are.
                    weighed.score -= words_of(&entry.long_title).len() as f64 / 200.0;
                    // The one that a term names for what was asked is the one that is meant by who says no more.
                    let named = self.found.get(&entry.code).filter(|found| {
                        matches!(found.found_in, Place::InclusionTerm { .. })
                            && found.lacks & core == 0
                            && found.score < header.score + NAMED
                    });
                    let by_term = named.map(|found| found.score - INCLUSION_TERM - header.score);
                    let score = by_term.map_or(weighed.score, |by_term| weighed.score.min(by_term));
                    (score, entry)
                })
                .collect();
            weighed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.code.cmp(&b.1.code)));
            let Some((least, best)) = weighed.first().cloned() else {
                return Ok(());
            };
            if best.billable {
                for (score, entry) in weighed.into_iter().take(MAX_BESIDE) {
                    if !entry.billable {
                        continue;
                    }
                    let lacks_more = || self.weigh(&entry.long_title).lacks & !header.lacks != 0;
                    let (place, further) = match &header.place {
                        // Of nausea and vomiting the one alone.
                        Place::Title if lacks_more() => (Place::Below(top), 1.0),
                        place => (place.clone(), 0.0),
                    };
                    // Of as good ones the order of the characters: initial, subsequent, sequela.
                    let beyond = (score - least) + if entry.code == best.code { 0.0 } else { 0.05 };
                    let lacks = header.lacks;
                    let score = header.score + least.min(0.5) + beyond + further;
                    self.offer(entry, score, lacks, i64::MAX, None, place);
                }
                return Ok(());
            }
            header.known.extend(known_words(&best.long_title));
            // What is below other forms is not what is meant by who names none.
            let is_other = words_of(&best.long_title)
                .first()
                .is_some_and(|word| word == "other");
            header.score += if is_other { 0.4 } else { 0.02 };
            header.entry = best;
        }
    }
}
