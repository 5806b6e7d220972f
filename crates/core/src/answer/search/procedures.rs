//! The index of ICD-10-PCS: from the names of procedures to the codes that begin as it says.
//!
//! A term leads to a code, to the first characters of one, or to a table (`Appendectomy`, see `Resection, Appendix`,
//! 0DTJ). Meant are the billable codes of the day that begin so; what was asked for beyond the term is looked for in
//! their titles. It is the index of the release in force, or of the loaded release nearest in time that has one.

use std::collections::{BTreeSet, VecDeque};

use super::asked::{Concept, literally};
use super::weigh::{SIDES, SMALL_WORDS, Weighed, words_of};
use super::{ConceptKind, POOR, Place, Query, nearest_first, tokens, weigh};
use crate::error::Result;
use crate::model::{Code, DocumentKind, Entry, ReadAs, ReadAsKind};
use crate::store::PcsTerms;

/// What a code weighs that the index leads to and its own title does not: it stands behind a title that has a single
/// word that was asked for.
const LED: f64 = 1.2;

/// How many terms are followed, those that say least beyond what was asked for.
const MAX_TERMS: usize = 12;

/// How many references to other terms are followed in one search.
const MAX_SEE: usize = 6;

/// What has more against it than this is worth looking at the terms that the index refers to.
const FAR: f64 = 2.0;

/// How many characters the name of a table has.
const TABLE: usize = 3;

/// Words by which the index says which character of a code a word belongs to: `Excision with qualifier Diagnostic`.
const NOTATION: [&str; 3] = ["device", "qualifier", "using"];

impl Query<'_> {
    /// Returns the index that is asked: that of the release in force, or the nearest; `None` if there is none.
    pub(super) fn nearest_pcs_index(&self) -> Result<Option<PcsTerms>> {
        if !self.timeline.code_set().has(DocumentKind::PcsIndex) {
            return Ok(None);
        }
        let documents = nearest_first(self.store, self.release, &[DocumentKind::PcsIndex])?;
        let nearest = documents.into_iter().next();
        nearest
            .map(|document| self.store.pcs_terms(document))
            .transpose()
    }

    /// Adds the codes that a term leads to which is one of several words that were asked for and no more, where their
    /// titles have the others: an angioplasty, drug-eluting.
    pub(super) fn add_led_in_part(&mut self, core: u32) -> Result<()> {
        let parts = (0..u32::BITS).map(|at| 1 << at);
        for part in parts.filter(|part| core & part != 0 && core != *part) {
            if let Some(query) = self.query(part, false) {
                self.follow_terms(&query, u32::MAX, true)?;
            }
        }
        Ok(())
    }

    /// Adds the codes that the terms lead to which hold what a query asks for.
    pub(super) fn add_led(&mut self, query: &str, deepest: u32) -> Result<()> {
        self.follow_terms(query, deepest, false)
    }

    fn follow_terms(&mut self, query: &str, deepest: u32, in_part: bool) -> Result<()> {
        let Some(index) = &self.pcs_index else {
            return Ok(());
        };
        let terms = self.store.search_pcs_terms(index, query, deepest)?;
        let mut terms: Vec<(Weighed, _)> = terms
            .into_iter()
            .map(|term| (self.weigh(&once(&term.path)), term))
            .filter(|(weighed, _)| !in_part || weighed.extra <= POOR)
            .collect();
        terms.sort_by(|(a, term), (b, other)| {
            a.score
                .total_cmp(&b.score)
                .then(term.position.cmp(&other.position))
        });
        for (weighed, term) in terms.into_iter().take(MAX_TERMS) {
            for lead in self.store.pcs_leads(term.number)? {
                let Some(beginning) = lead.beginning else {
                    continue;
                };
                let path = match lead.words.is_empty() {
                    true => term.path.clone(),
                    false => format!("{} > {} {}", term.path, lead.kind, lead.words.trim()),
                };
                self.add_beginning(&path, weighed, &beginning, in_part)?;
            }
        }
        Ok(())
    }

    /// Adds the billable codes of the day that begin so; `whole` leaves out those that lack something.
    fn add_beginning(
        &mut self,
        path: &str,
        of_path: Weighed,
        beginning: &Code,
        whole: bool,
    ) -> Result<()> {
        let known: Vec<String> = words_of(path).into_iter().map(Into::into).collect();
        // What the path lacks the title of the code has to have.
        let (places, rest): (Vec<usize>, Vec<Concept>) = self
            .concepts
            .iter()
            .enumerate()
            .filter(|(at, _)| of_path.lacks & (1 << at) != 0)
            .map(|(at, concept)| (at, concept.clone()))
            .unzip();
        let said = weigh(&once(path), &self.without(&places), &[]).score + self.penalty;
        let mut led = Vec::new();
        for entry in self.store.billable_beginning(self.date, beginning)? {
            let of_title = weigh(&entry.long_title, &rest, &known);
            let lacks = (places.iter().enumerate())
                .filter(|(at, _)| of_title.lacks & (1 << at) != 0)
                .fold(0, |lacks: u32, (_, place)| lacks | 1 << place);
            if !whole || lacks & self.core() == 0 {
                led.push((lacks, share_lacking(&known, &entry), of_title, entry));
            }
        }
        // Of a whole table those are meant that have most of what was asked for, and that the path speaks of.
        if beginning.len() == TABLE {
            let fewest = led.iter().map(|(lacks, ..)| lacks.count_ones()).min();
            led.retain(|(lacks, ..)| Some(lacks.count_ones()) == fewest);
            let least = led.iter().map(|(_, share, ..)| *share).fold(1.0, f64::min);
            led.retain(|(_, share, ..)| *share <= least);
        }
        for (lacks, share, of_title, entry) in led {
            let lacking = of_title.score - of_title.extra;
            let score =
                said + LED + lacking + 0.03 * of_title.extra + 0.3 * share + uncommon(&entry.code);
            // What has all words in its own title was found by that, however it was come to.
            let place = match self.weigh(&entry.long_title).lacks {
                0 => Place::Title,
                _ => Place::PcsIndex {
                    path: path.to_owned(),
                },
            };
            self.offer(entry, score, lacks, i64::MAX, None, place);
        }
        Ok(())
    }

    /// Reads words that the index only translates as what it says: a hallux is a 1st toe. The side of a body part is
    /// asked for by another word.
    pub(super) fn add_uses(&mut self, read_as: &mut Vec<ReadAs>) -> Result<()> {
        let Some(index) = &self.pcs_index else {
            return Ok(());
        };
        for concept in &mut self.concepts {
            if concept.kind != ConceptKind::Core {
                continue;
            }
            let query = concept.query();
            for term in self.store.search_pcs_terms(index, &query, u32::MAX)? {
                if term.path.to_lowercase() != concept.typed {
                    continue;
                }
                for lead in self.store.pcs_leads(term.number)? {
                    let mut words = tokens(&lead.words);
                    words.retain(|word| !SIDES.contains(&word.as_str()));
                    if lead.kind == "use" && concept.add_way(&words, 0.2) {
                        read_as.push(ReadAs {
                            typed: concept.typed.clone(),
                            words: words.join(" "),
                            kind: ReadAsKind::See,
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns the concepts but for those at some places.
    fn without(&self, places: &[usize]) -> Vec<Concept> {
        let concepts = self.concepts.iter().enumerate();
        concepts
            .filter(|(at, _)| !places.contains(at))
            .map(|(_, concept)| concept.clone())
            .collect()
    }

    /// Follows terms that only name others: Amputation, see Detachment; Hallux, use 1st Toe. Each reference once, and
    /// only so many of them.
    pub(super) fn follow_pcs_see(&mut self, read_as: &mut Vec<ReadAs>) -> Result<()> {
        if self.best() <= FAR {
            return Ok(());
        }
        let asked = self.concepts.clone();
        let core = asked.iter().filter(|c| c.kind == ConceptKind::Core);
        let typed: Vec<&str> = core.map(|concept| concept.typed.as_str()).collect();
        let typed = typed.join(" ");
        let mut followed: BTreeSet<String> = BTreeSet::new();
        let mut to_follow = VecDeque::from([asked.clone()]);
        while let Some(concepts) = to_follow.pop_front() {
            self.concepts = concepts;
            for words in self.references()? {
                if followed.len() >= MAX_SEE || !followed.insert(words.to_lowercase()) {
                    continue;
                }
                let mut named = tokens(&words);
                named.retain(|word| {
                    !SMALL_WORDS.contains(&word.as_str()) && !NOTATION.contains(&word.as_str())
                });
                if named.is_empty() {
                    continue;
                }
                let before = self.best();
                let of_term = std::mem::take(&mut self.concepts);
                self.concepts = literally(&named);
                let beside = asked.iter().filter(|c| c.kind != ConceptKind::Core);
                self.concepts.extend(beside.cloned());
                self.penalty = 0.3;
                self.add_chosen(self.core())?;
                self.penalty = 0.0;
                if self.best() < before {
                    read_as.push(ReadAs {
                        typed: typed.clone(),
                        words,
                        kind: ReadAsKind::See,
                    });
                }
                to_follow.push_back(std::mem::replace(&mut self.concepts, of_term));
            }
        }
        self.concepts = asked;
        Ok(())
    }

    /// Lists the terms without a code that what is asked for leads to: only where it is the term and no more, or it is
    /// another thing.
    fn references(&self) -> Result<Vec<String>> {
        let (Some(index), Some(query)) = (&self.pcs_index, self.query(self.core(), false)) else {
            return Ok(Vec::new());
        };
        let mut references = Vec::new();
        for term in self.store.search_pcs_terms(index, &query, u32::MAX)? {
            if self.weigh(&term.path).extra > POOR {
                continue;
            }
            let leads = self.store.pcs_leads(term.number)?.into_iter();
            references.extend(
                leads
                    .filter(|lead| lead.beginning.is_none())
                    .map(|lead| lead.words.trim().to_owned()),
            );
        }
        Ok(references)
    }
}

/// Returns a path with each word once: the index repeats itself (`Bypass > Artery > Coronary > One Artery`).
fn once(path: &str) -> String {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let words = path.split_inclusive(' ');
    words
        .filter(|word| {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
            bare.is_empty() || seen.insert(bare.to_lowercase())
        })
        .collect()
}

/// Returns which share of the words that led to a code its title lacks: of a whole table the codes are meant that the
/// path speaks of (`Chondrectomy > Knee`, see `Excision, Lower Joints`).
fn share_lacking(known: &[String], entry: &Entry) -> f64 {
    let said = words_of(&entry.long_title);
    let telling: Vec<&String> = known
        .iter()
        .filter(|word| is_number(word) || (word.len() > 3 && !SMALL_WORDS.contains(&word.as_str())))
        .collect();
    let lacking = telling
        .iter()
        .filter(|word| {
            let stem = word.strip_suffix('s').unwrap_or(word);
            let is_said = |other: &str| match is_number(word) {
                true => other == word.as_str(),
                false => other.starts_with(stem) || begin_alike(word, other),
            };
            !said.iter().any(|other| is_said(other))
        })
        .count();
    lacking as f64 / telling.len().max(1) as f64
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Checks whether two words begin with the same five letters, as tonsillotomy and tonsils do.
fn begin_alike(word: &str, other: &str) -> bool {
    let alike = word.chars().zip(other.chars()).take_while(|(a, b)| a == b);
    alike.count() >= 5
}

/// Returns what a code weighs more than one that is meant by someone who says no more: open, without device and without
/// qualifier. Only where these characters have one meaning, in the sections of operations and of obstetrics.
fn uncommon(code: &Code) -> f64 {
    let characters: Vec<char> = code.as_str().chars().collect();
    let ['0' | '1', .., approach, device, qualifier] = characters.as_slice() else {
        return 0.0;
    };
    let of_approach = match approach {
        '0' => 0.0,
        'X' => 0.01,
        '4' => 0.02,
        '3' => 0.03,
        _ => 0.04,
    };
    let unless_none = |character: &char| if *character == 'Z' { 0.0 } else { 0.05 };
    of_approach + unless_none(device) + unless_none(qualifier)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::search::{SearchOptions, search_without};
    use crate::model::{CodeSet, FoundIn, SearchReport};
    use crate::store::Store;
    use crate::testing::{day, release, sample};

    /// Searches without some lines of the reviewed file.
    fn found(store: &Store, words: &str, without: &[&str]) -> SearchReport {
        let options = SearchOptions {
            most: 10,
            unlisted: false,
        };
        let without = without.iter().map(|typed| (*typed).to_owned()).collect();
        let day = day("2022-05-01");
        search_without(store, CodeSet::Icd10Pcs, words, day, options, &without).unwrap()
    }

    fn codes(report: &SearchReport) -> Vec<String> {
        let codes = report.found.iter().map(|found| found.code.to_string());
        codes.collect()
    }

    #[test]
    fn a_term_leads_to_the_codes_of_the_day_that_begin_so_and_is_named_with_its_release() {
        let store = sample();
        let report = found(&store, "angioplasty", &["angioplasty"]);
        let first = report.found.first().unwrap();
        assert_eq!(first.code.to_string(), "02703ZZ");
        assert_eq!(
            first.found_in,
            FoundIn::Index {
                kind: DocumentKind::PcsIndex,
                path: "Angioplasty > see Dilation, Heart and Great Vessels".to_owned(),
                release: release("FY2022-04-errata"),
            }
        );
        assert_eq!(report.read_as, []);
        // A whole code, and a title of the day before what the index says of it.
        let report = found(&store, "tixagevimab", &[]);
        assert_eq!(codes(&report), ["XW023X7"]);
        assert_eq!(report.found.first().unwrap().found_in, FoundIn::Title);
    }

    #[test]
    fn of_a_whole_table_those_codes_are_meant_that_the_path_speaks_of() {
        let report = found(&sample(), "covid-19 vaccine dose 1", &[]);
        let said = |found: &crate::model::FoundEntry| found.entry.long_title.contains("Dose 1 ");
        assert!(!report.found.is_empty());
        assert!(report.found.iter().all(said), "{:?}", codes(&report));
    }

    #[test]
    fn what_the_term_has_not_is_looked_for_in_the_titles() {
        let words = "angioplasty drug-eluting";
        let report = found(&sample(), words, &["angioplasty"]);
        let first = report.found.first().unwrap();
        assert_eq!(first.code.to_string(), "027034Z");
        assert_eq!(first.left_out, [""; 0]);
    }

    #[test]
    fn a_reference_without_a_code_is_followed_and_named() {
        let report = found(&sample(), "catheterization", &[]);
        let first = report.found.first().unwrap();
        assert_eq!(first.code.to_string(), "02703ZZ");
        let [read] = report.read_as.as_slice() else {
            panic!("{:?}", report.read_as);
        };
        assert_eq!(
            (read.typed.as_str(), read.words.as_str(), read.kind),
            ("catheterization", "Dilation", ReadAsKind::See)
        );
    }

    #[test]
    fn a_misspelt_word_of_the_index_is_mended_for_procedures_alone() {
        let store = sample();
        let report = found(&store, "cathetrization", &[]);
        assert_eq!(report.found.first().unwrap().code.to_string(), "02703ZZ");
        let procedures = store.vocabulary(CodeSet::Icd10Pcs).unwrap();
        let diagnoses = store.vocabulary(CodeSet::Icd10Cm).unwrap();
        let counts = |word| (procedures.count(word) > 0, diagnoses.count(word) > 0);
        assert_eq!(counts("catheterization"), (true, false));
        assert!(procedures.words().count() > diagnoses.words().count());
    }

    #[test]
    fn codes_without_device_and_qualifier_come_first_and_open_approaches() {
        let weight = |code: &str| uncommon(&CodeSet::Icd10Pcs.parse_code(code).unwrap());
        let order = [
            "0DTJ0ZZ", "0DTJ4ZZ", "0DTJ7ZZ", "0DBJ0ZX", "02703DZ", "0270346",
        ];
        let weights = order.map(weight);
        assert!(weights.is_sorted(), "{weights:?}");
        assert_eq!(weight("XW023X7"), 0.0);
    }

    #[test]
    fn words_that_begin_alike_are_taken_for_one() {
        assert!(begin_alike("tonsillotomy", "tonsils"));
        assert!(!begin_alike("repair", "replacement"));
        let path = "Bypass > Artery > Coronary > One Artery";
        assert_eq!(once(path), "Bypass > Artery > Coronary > One ");
    }
}
