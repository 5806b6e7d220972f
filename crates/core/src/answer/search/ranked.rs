//! What was found, in its order, with the documents that say so.

use super::asked::ConceptKind;
use super::{Candidate, Place, Query};
use crate::error::Result;
use crate::model::{Code, DocumentKind, FoundEntry, FoundIn, IndexKind, ReleaseId, StoredDocument};
use crate::store::Store;

/// The stored documents that terms and newer codes stand in, those nearest in time to the release in force first.
pub(super) struct Documents {
    pub(super) tabular: Vec<StoredDocument>,
    pub(super) indexes: Vec<StoredDocument>,
    pub(super) tables: Vec<StoredDocument>,
}

impl Documents {
    pub(super) fn read(store: &Store, release: ReleaseId) -> Result<Documents> {
        Ok(Documents {
            tabular: nearest_first(store, release, &[DocumentKind::Tabular])?,
            indexes: nearest_first(store, release, &IndexKind::ALL.map(DocumentKind::Index))?,
            tables: nearest_first(store, release, &[DocumentKind::ConversionTable])?,
        })
    }
}

/// Lists the stored documents of some kinds, those nearest in time to a release first.
pub(super) fn nearest_first(
    store: &Store,
    release: ReleaseId,
    kinds: &[DocumentKind],
) -> Result<Vec<StoredDocument>> {
    let mut documents = Vec::new();
    for kind in kinds {
        documents.extend(store.documents(*kind)?);
    }
    documents.sort_by_key(|document| document.release.days_from(release));
    Ok(documents)
}

impl Query<'_> {
    /// Lists what was found, the best first.
    pub(super) fn order(&self) -> Vec<Code> {
        let mut ranked: Vec<(&Code, &Candidate)> = self.found.iter().collect();
        ranked.sort_by(|(a_code, a), (b_code, b)| {
            a.score
                .total_cmp(&b.score)
                .then(a.position.cmp(&b.position))
                .then(a_code.cmp(b_code))
        });
        ranked.into_iter().map(|(code, _)| *code).collect()
    }

    pub(super) fn ranked(mut self) -> Result<Vec<FoundEntry>> {
        let mut order = self.order();
        order.truncate(self.options.most);
        let mut found = Vec::with_capacity(order.len());
        for code in order {
            let Some(candidate) = self.found.remove(&code) else {
                continue;
            };
            let found_in = match candidate.found_in {
                Place::Code => FoundIn::Code,
                Place::Title => FoundIn::Title,
                Place::Below(header) => FoundIn::Below { header },
                Place::InclusionTerm { node, term } => {
                    match self.store.first_with(&self.documents.tabular, node)? {
                        Some(document) => FoundIn::InclusionTerm {
                            term,
                            release: document.release,
                        },
                        None => FoundIn::Title,
                    }
                }
                Place::Index { term, path } => {
                    match self.store.first_with(&self.documents.indexes, term)? {
                        Some(document) => FoundIn::Index {
                            kind: document.kind,
                            path,
                            release: document.release,
                        },
                        None => FoundIn::Title,
                    }
                }
                Place::PcsIndex { path } => match &self.pcs_index {
                    Some(index) => FoundIn::Index {
                        kind: index.document.kind,
                        path,
                        release: index.document.release,
                    },
                    None => FoundIn::Title,
                },
                Place::NewerCode { of, from, item } => {
                    match self.store.first_with(&self.documents.tables, item)? {
                        Some(table) => FoundIn::NewerCode {
                            of,
                            from,
                            release: table.release,
                            row: self.store.row_of(table, item)?.unwrap_or_default() as u32,
                        },
                        None => FoundIn::Title,
                    }
                }
            };
            let concepts = self.concepts.iter().enumerate();
            let left_out = concepts
                .filter(|(at, concept)| {
                    // The 7th character says which encounter is meant, and not every code has one.
                    concept.kind != ConceptKind::Encounter && candidate.lacks & (1 << at) != 0
                })
                .map(|(_, concept)| concept.typed.clone())
                .collect();
            found.push(FoundEntry {
                code,
                entry: candidate.entry,
                standing: candidate.standing,
                found_in,
                left_out,
            });
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use crate::answer::search::*;
    use crate::error::ErrorKind;
    use crate::model::{FoundIn, ReadAsKind};
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
    fn a_code_that_is_not_listed_is_not_searched_for_as_words() {
        let store = sample();
        for text in ["C7B.99", "C7B.99.-", "c7b.99"] {
            assert_eq!(
                codes(&found(&store, text, ALL)),
                Vec::<String>::new(),
                "{text}"
            );
        }
        assert_eq!(codes(&found(&store, "C7B.1", ALL)), ["C7B.1"]);
    }

    #[test]
    fn a_text_is_cut_into_words() {
        for (text, words) in [
            ("Pain, the LOWER back", vec!["pain", "the", "lower", "back"]),
            // An accent set apart is left out, one within its letter stays.
            ("Me\u{301}nie\u{300}re Ménière", vec!["meniere", "ménière"]),
            ("血圧 b12", vec!["血", "圧", "b12"]),
            ("- / .", vec![]),
        ] {
            assert_eq!(tokens(text), words, "{text:?}");
        }
    }

    #[test]
    fn words_beyond_those_that_are_read_are_named() {
        let store = sample();
        // Words of every sentence count only where there is room for them.
        let words = format!(
            "carcinoid liver {}{}one two",
            "she has ".repeat(9),
            "new ".repeat(14)
        );
        let report = found(&store, &words, ALL);
        let not_read = report.read_as.last().unwrap();
        assert_eq!(not_read.kind, ReadAsKind::NotRead);
        assert_eq!(not_read.typed, "one two");
        assert_eq!(report.found.first().unwrap().code, cm("C7B.02"));
    }

    #[test]
    fn the_last_word_may_be_begun_only_and_others_are_mended() {
        let store = sample();
        assert_eq!(codes(&found(&store, "carcinoid liver", ALL)), ["C7B.02"]);
        assert_eq!(codes(&found(&store, "liver carcin", ALL)), ["C7B.02"]);
        let mended = found(&store, "carcinoyd liver", ALL);
        assert_eq!(codes(&mended), ["C7B.02"]);
        let [read] = mended.read_as.as_slice() else {
            panic!("{:?}", mended.read_as);
        };
        assert_eq!(
            (read.typed.as_str(), read.words.as_str()),
            ("carcinoyd", "carcinoid")
        );
        assert_eq!(read.kind, ReadAsKind::Spelling);
    }

    #[test]
    fn where_nothing_has_all_words_the_least_telling_are_left_out_and_named() {
        let store = sample();
        let report = found(&store, "carcinoid liver zzyzx", ALL);
        let first = report.found.first().unwrap();
        assert_eq!(first.code, cm("C7B.02"));
        assert_eq!(first.left_out, ["zzyzx"]);
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
        let report = found(&store, "merkel nodal", ALL);
        let first = report.found.first().unwrap();
        assert_eq!(first.code, cm("C7B.1"));
        assert_eq!(
            first.found_in,
            FoundIn::InclusionTerm {
                term: "Merkel cell carcinoma nodal presentation".to_owned(),
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
