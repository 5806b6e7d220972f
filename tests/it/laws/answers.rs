//! Answers and histories agree with a plain reading of the point-in-time rule, and with each other.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use codeyear::answer;
use codeyear::model::{Answer, Entry, ReleaseId, Verdict};
use codeyear::store::Store;
use proptest::prelude::*;

use super::{CODES, Posted, SET, cases, days, import_one, posted, store_of, write_posted};

/// A release in the plainest form: code to entry.
type Plain<'a> = BTreeMap<&'a str, &'a Entry>;

/// The point-in-time rule, read plainly: maps of codes, and no spans.
struct Model<'a> {
    releases: BTreeMap<ReleaseId, Plain<'a>>,
}

/// What the plain reading expects of an answer.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    NotInForce,
    NotCovered,
    Listed(ReleaseId, Entry),
    Deleted {
        last_day: NaiveDate,
        is_exact: bool,
        again: Option<NaiveDate>,
        entry: Entry,
    },
    NotYet {
        first_day: NaiveDate,
        is_exact: bool,
        entry: Entry,
    },
    Unknown,
}

impl<'a> Model<'a> {
    fn new(posted: &'a [Posted]) -> Model<'a> {
        // The newest revision answers.
        let is_replaced = |one: &Posted| {
            let corrected = |other: &Posted| other.edition == one.edition && other.is_revision;
            !one.is_revision && posted.iter().any(corrected)
        };
        let plain = |one: &'a Posted| -> Plain<'a> {
            one.book
                .iter()
                .map(|entry| (entry.code.as_str(), entry))
                .collect()
        };
        let releases = posted
            .iter()
            .filter(|one| !is_replaced(one))
            .map(|one| (one.id(), plain(one)))
            .collect();
        Model { releases }
    }

    /// The day after the last one that a release governs: the first day of the next one, or October 1.
    fn governs_until(&self, release: ReleaseId) -> NaiveDate {
        self.releases
            .keys()
            .map(ReleaseId::effective_from)
            .filter(|day| *day > release.effective_from())
            .chain([release.latest_end()])
            .min()
            .unwrap()
    }

    fn answer(&self, code: &str, date: NaiveDate) -> Expected {
        if date < SET.in_force_from() {
            return Expected::NotInForce;
        }
        let begun = |id: &ReleaseId| id.effective_from() <= date;
        let governing = self
            .releases
            .keys()
            .rfind(|id| begun(id))
            .filter(|id| date < self.governs_until(**id));
        let Some(governing) = governing else {
            return Expected::NotCovered;
        };
        if let Some(entry) = self.releases[governing].get(code) {
            return Expected::Listed(*governing, (*entry).clone());
        }
        let listing = || {
            self.releases
                .iter()
                .filter(|(_, codes)| codes.contains_key(code))
        };
        let earlier = listing().rfind(|(id, _)| begun(id));
        let later = listing().find(|(id, _)| !begun(id));
        match (earlier, later) {
            (Some((id, codes)), later) => {
                let until = self.governs_until(*id);
                let next = self.releases.keys().find(|next| *next > id).unwrap();
                Expected::Deleted {
                    last_day: until - Days::new(1),
                    is_exact: next.effective_from() == until,
                    again: later.map(|(id, _)| id.effective_from()),
                    entry: codes[code].clone(),
                }
            }
            (None, Some((id, codes))) => {
                let before = self.releases.keys().rfind(|before| *before < id).unwrap();
                Expected::NotYet {
                    first_day: id.effective_from(),
                    is_exact: self.governs_until(*before) == id.effective_from(),
                    entry: codes[code].clone(),
                }
            }
            (None, None) => Expected::Unknown,
        }
    }
}

/// An answer in the words of the plain reading.
fn as_expected(answer: &Answer) -> Expected {
    match &answer.verdict {
        Verdict::Billable { entry } | Verdict::Header { entry, .. } => {
            assert_eq!(entry.billable, answer.verdict.name() == "billable");
            Expected::Listed(answer.basis.as_ref().unwrap().release, entry.clone())
        }
        Verdict::NotYetEffective {
            entry,
            first_day,
            exact,
        } => Expected::NotYet {
            first_day: *first_day,
            is_exact: *exact,
            entry: entry.clone(),
        },
        Verdict::Deleted {
            entry,
            last_day,
            exact,
            listed_again,
            ..
        } => Expected::Deleted {
            last_day: *last_day,
            is_exact: *exact,
            again: *listed_again,
            entry: entry.clone(),
        },
        Verdict::Unknown { .. } => Expected::Unknown,
        Verdict::NotInForce { .. } => Expected::NotInForce,
        Verdict::NotCovered { .. } => Expected::NotCovered,
    }
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn answers_agree_with_a_plain_reading_of_the_rule(posted in posted()) {
        let store = store_of(&posted);
        let model = Model::new(&posted);
        for code in CODES {
            for day in days() {
                let found = answer::check(&store.codes(SET).unwrap(), code, day).unwrap();
                prop_assert_eq!(
                    as_expected(&found),
                    model.answer(code, day),
                    "{} on {}", code, day
                );
            }
        }
    }

    #[test]
    fn a_header_names_the_billable_codes_below_it_in_the_order_of_the_book(posted in posted()) {
        let store = store_of(&posted);
        let model = Model::new(&posted);
        for (release, codes) in &model.releases {
            let book = &posted.iter().find(|one| one.id() == *release).unwrap().book;
            for entry in codes.values().filter(|entry| !entry.billable) {
                let day = release.effective_from();
                let found = answer::check(&store.codes(SET).unwrap(), entry.code.as_str(), day).unwrap();
                let Verdict::Header { billable_below, .. } = found.verdict else {
                    panic!("{found:?}");
                };
                let below = |other: &&Entry| other.billable && other.code.is_under(&entry.code);
                let expected: Vec<Entry> = book.iter().filter(below).cloned().collect();
                prop_assert_eq!(billable_below, expected, "{} in {}", entry.code.as_str(), release);
            }
        }
    }

    #[test]
    fn the_life_of_a_code_is_what_each_day_says_of_it(posted in posted()) {
        let store = store_of(&posted);
        let model = Model::new(&posted);
        for code in CODES {
            let Ok(history) = answer::history(&store.codes(SET).unwrap(), code) else {
                let is_listed = model.releases.values().any(|codes| codes.contains_key(code));
                prop_assert!(!is_listed, "{} is listed and has no life", code);
                continue;
            };
            for day in days() {
                let is_on = |from: NaiveDate, to: NaiveDate| from <= day && day < to;
                let span = history.spans.iter().find(|span| is_on(span.valid_from, span.valid_to));
                match (model.answer(code, day), span) {
                    (Expected::Listed(release, entry), Some(span)) => {
                        prop_assert_eq!(&span.entry, &entry, "{} on {}", code, day);
                        prop_assert!(span.first_release <= release && release <= span.last_release);
                    }
                    (Expected::Listed(..), None) => prop_assert!(false, "{} on {}", code, day),
                    (_, span) => prop_assert_eq!(span, None, "{} on {}", code, day),
                }
            }
            for pair in history.spans.windows(2) {
                prop_assert!(pair[0].valid_to <= pair[1].valid_from);
                let goes_on = pair[0].valid_to == pair[1].valid_from;
                prop_assert!(!goes_on || pair[0].entry != pair[1].entry, "one span in two");
            }
        }
    }

    #[test]
    fn an_answer_over_a_year_says_what_each_of_its_days_says(posted in posted()) {
        let store = store_of(&posted);
        for code in CODES {
            for year in 2029..=2036 {
                let october = ReleaseId::october(year);
                let (first, end) = (october.effective_from(), october.latest_end());
                let last = end - Days::new(1);
                let answers = answer::check_span(&store.codes(SET).unwrap(), code, first, last).unwrap();
                let mut next = first;
                for answer in &answers {
                    prop_assert_eq!(answer.date, next, "{} in {}", code, year);
                    next = answer.through.unwrap() + Days::new(1);
                    for day in days().into_iter().filter(|day| answer.date <= *day && *day < next) {
                        let on_day = answer::check(&store.codes(SET).unwrap(), code, day).unwrap();
                        prop_assert_eq!(&on_day.verdict, &answer.verdict, "{} on {}", code, day);
                        let mut bases = answer.basis.iter().chain(&answer.later_bases);
                        prop_assert!(on_day.basis.is_none_or(|basis| bases.any(|one| *one == basis)));
                    }
                }
                prop_assert_eq!(next, end, "{} in {}", code, year);
                for pair in answers.windows(2) {
                    prop_assert_ne!(&pair[0].verdict, &pair[1].verdict, "one stretch in two");
                }
            }
        }
    }

    #[test]
    fn the_views_of_the_database_say_what_check_says(posted in posted()) {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("codeyear.db");
        let mut store = Store::open_or_create(&database).unwrap();
        for one in &posted {
            import_one(&mut store, &write_posted(folder.path(), one), one.is_revision);
        }
        let connection = rusqlite::Connection::open(&database).unwrap();
        for view in ["code_on", "code_history"] {
            let sql = format!(
                "SELECT billable, short_title, long_title FROM {view}
                 WHERE code_set = 'icd10cm' AND code = ?1 AND ?2 >= valid_from AND ?2 < valid_to"
            );
            let mut statement = connection.prepare(&sql).unwrap();
            for code in CODES {
                for day in days() {
                    let found: Vec<(bool, String, String)> = statement
                        .query_map((code, day.to_string()), |row| {
                            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                        })
                        .unwrap()
                        .map(Result::unwrap)
                        .collect();
                    let answer = answer::check(&store.codes(SET).unwrap(), code, day).unwrap();
                    let expected: Vec<(bool, String, String)> = match answer.verdict {
                        Verdict::Billable { entry } | Verdict::Header { entry, .. } => {
                            vec![(entry.billable, entry.short_title, entry.long_title)]
                        }
                        _ => Vec::new(),
                    };
                    prop_assert_eq!(found, expected, "{} on {} in {}", code, day, view);
                }
            }
        }
    }
}
