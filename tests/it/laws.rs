//! Laws that hold for any releases: small ones, made of rows of the bundled sample and changed at random.
//!
//! The releases are named after years that the catalogue does not know, so that it refuses none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chrono::{Days, NaiveDate};
use codeyear::answer::{self, DiffScope};
use codeyear::ingest::{ImportOptions, import};
use codeyear::model::{
    Answer, Change, ChangeKind, ChangeSet, Code, CodeRange, CodeSet, Entry, ReleaseId, Verdict,
};
use codeyear::parse::addenda::parse_order_addenda;
use codeyear::parse::order::{OrderFile, write_row};
use codeyear::source::recognise::recognise;
use codeyear::source::sample::{SampleFile, sample_bytes, sample_files};
use codeyear::store::{Added, Store};
use proptest::prelude::*;

use crate::world::today;

const SET: CodeSet = CodeSet::Icd10Cm;

/// Editions to choose from: whole years, updates within a year, and years left out.
const EDITIONS: [&str; 8] = [
    "FY2030",
    "FY2030-04",
    "FY2031",
    "FY2031-01",
    "FY2032",
    "FY2034",
    "FY2034-04",
    "FY2035",
];

/// Codes of FY2026 to choose from: headers and billable codes, one level and several, and places
/// where the book leaves the order of letters.
const CODES: [&str; 20] = [
    "A00", "A000", "C43", "C4A", "C76", "C7A", "C7A0", "C7B", "C7B0", "C7B00", "C7B01", "G35",
    "G35A", "G35B", "S061", "S061X", "S061XAA", "Z28", "Z283", "U071",
];

fn id(text: &str) -> ReleaseId {
    text.parse().unwrap()
}

fn sample_file(code_set: CodeSet, release: &str, is_order_file: bool) -> &'static SampleFile {
    sample_files()
        .unwrap()
        .iter()
        .find(|file| {
            file.code_set == code_set
                && file.release == id(release)
                && file.is_order_file == is_order_file
        })
        .unwrap()
}

fn entries_of(code_set: CodeSet, bytes: &[u8]) -> Vec<Entry> {
    let file = OrderFile::parse(code_set, bytes.to_vec()).unwrap();
    file.rows()
        .iter()
        .map(|row| Entry {
            code: row.code,
            billable: row.billable,
            short_title: file.short_title(row).to_owned(),
            long_title: file.long_title(row).to_owned(),
        })
        .collect()
}

/// The rows of the sample's FY2026 whose codes are chosen from, in tabular order.
fn rows() -> &'static [Entry] {
    static ROWS: OnceLock<Vec<Entry>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let mut rows = entries_of(SET, sample_bytes(sample_file(SET, "FY2026", true)));
        rows.retain(|entry| CODES.contains(&entry.code.as_str()));
        assert_eq!(rows.len(), CODES.len());
        rows
    })
}

/// So many cases; a failing one is printed and kept nowhere.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    }
}

/// A release as a book: its rows in tabular order.
type Book = Vec<Entry>;

/// What a release makes of one row.
fn change_row(row: &Entry, what: u8) -> Option<Entry> {
    let mut entry = row.clone();
    match what {
        0 => return None,
        1 => entry.billable = !entry.billable,
        2 => entry.long_title.push_str(", revised"),
        3 => entry.long_title.push(' '),
        4 => entry.short_title = format!("{} rev", entry.short_title.get(..20).unwrap_or("Short")),
        5 => {
            entry.billable = !entry.billable;
            entry.long_title.push_str(", otherwise");
        }
        _ => {}
    }
    Some(entry)
}

/// A book: most rows as the sample has them, and now and then a row in another place.
fn book() -> impl Strategy<Value = Book> {
    let what = proptest::collection::vec(prop_oneof![6 => Just(9u8), 4 => 0u8..6], CODES.len());
    let moved = proptest::option::weighted(0.2, (0..CODES.len(), 0..CODES.len()));
    (what, moved).prop_map(|(what, moved)| {
        let mut book: Book = rows()
            .iter()
            .zip(what)
            .filter_map(|(row, what)| change_row(row, what))
            .collect();
        if book.is_empty() {
            book.push(rows()[0].clone());
        }
        if let Some((from, to)) = moved {
            let entry = book.remove(from % book.len());
            book.insert(to % (book.len() + 1), entry);
        }
        book
    })
}

/// One file to import.
#[derive(Debug, Clone)]
struct Posted {
    edition: &'static str,
    /// Whether it is imported as a correction of the release.
    is_revision: bool,
    book: Book,
}

impl Posted {
    fn id(&self) -> ReleaseId {
        id(self.edition).with_revision(u32::from(self.is_revision))
    }
}

/// Two to six releases, sometimes with a correction of one of them, in any order.
fn posted() -> impl Strategy<Value = Vec<Posted>> {
    let books = proptest::collection::btree_map(0..EDITIONS.len(), book(), 2..6);
    (
        books,
        proptest::option::of((any::<prop::sample::Index>(), book())),
    )
        .prop_map(|(books, correction)| {
            let mut posted: Vec<Posted> = books
                .into_iter()
                .map(|(index, book)| Posted {
                    edition: EDITIONS[index],
                    is_revision: false,
                    book,
                })
                .collect();
            if let Some((index, book)) = correction {
                let corrected = posted[index.index(posted.len())].clone();
                // The same bytes are no correction.
                if corrected.book != book {
                    posted.push(Posted {
                        is_revision: true,
                        book,
                        ..corrected
                    });
                }
            }
            posted
        })
        .prop_shuffle()
}

fn render(book: &[Entry], ending: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, entry) in book.iter().enumerate() {
        let position = index as u64 + 1;
        let Entry {
            code,
            billable,
            short_title,
            long_title,
        } = entry;
        write_row(
            &mut bytes,
            position,
            code,
            *billable,
            short_title,
            long_title,
        )
        .unwrap();
        bytes.extend_from_slice(ending.as_bytes());
    }
    bytes
}

fn options() -> ImportOptions {
    ImportOptions {
        code_set: Some(SET),
        ..ImportOptions::on(today())
    }
}

/// Writes a file into a folder of its own, as a correction has the name of what it corrects.
fn write_posted(folder: &Path, posted: &Posted) -> PathBuf {
    let folder = folder.join(if posted.is_revision {
        "corrected"
    } else {
        "first"
    });
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("icd10cm-{}.txt", posted.edition));
    std::fs::write(&path, render(&posted.book, "\r\n")).unwrap();
    path
}

fn import_one(store: &mut Store, path: &Path, is_revision: bool) -> Added {
    let options = ImportOptions {
        revision: is_revision,
        ..options()
    };
    let report = import(store, &[path.to_path_buf()], &options, &mut |_| {})
        .unwrap_or_else(|error| panic!("{error}"));
    report.taken[0].added
}

/// Imports one file after the other and proves after each that the history derived step by step is
/// the one derived anew.
fn import_in_order(folder: &Path, posted: &[Posted]) -> Store {
    let mut store = Store::in_memory().unwrap();
    for one in posted {
        let added = import_one(&mut store, &write_posted(folder, one), one.is_revision);
        assert_eq!(added, Added::New, "{}", one.id());
        assert_eq!(store.compare_spans(SET).unwrap(), 0, "after {}", one.id());
    }
    store
}

fn store_of(posted: &[Posted]) -> Store {
    let folder = tempfile::tempdir().unwrap();
    import_in_order(folder.path(), posted)
}

/// The days on which an answer can change, with their eves, and some between.
fn days() -> Vec<NaiveDate> {
    let mut days: BTreeSet<NaiveDate> = BTreeSet::new();
    for edition in EDITIONS {
        for day in [id(edition).effective_from(), id(edition).fiscal_year_end()] {
            days.extend([day, day - Days::new(1), day + Days::new(40)]);
        }
    }
    days.insert("2015-09-30".parse().unwrap());
    days.into_iter().collect()
}

fn all_answers(store: &Store) -> Vec<Answer> {
    let mut answers = Vec::new();
    for code in CODES {
        for day in days() {
            answers.push(answer::check(store, SET, code, day).unwrap());
        }
    }
    answers
}

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
            .chain([release.fiscal_year_end()])
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

fn diff(store: &Store, old: ReleaseId, new: ReleaseId) -> ChangeSet {
    answer::diff(store, SET, old, new, &DiffScope::default()).unwrap()
}

fn by_code(book: &[Entry]) -> BTreeMap<Code, Entry> {
    book.iter()
        .map(|entry| (entry.code, entry.clone()))
        .collect()
}

fn mirrored(kind: ChangeKind) -> ChangeKind {
    match kind {
        ChangeKind::New => ChangeKind::Deleted,
        ChangeKind::Deleted => ChangeKind::New,
        ChangeKind::BecameHeader => ChangeKind::BecameBillable,
        ChangeKind::BecameBillable => ChangeKind::BecameHeader,
        ChangeKind::Revised | ChangeKind::ShortTitleOnly | ChangeKind::SpacingOnly => kind,
    }
}

/// The place of a code in two books read as one, plainly: its position in the new book; of a deleted
/// code, that of the last code before it that the new book still has, then its own in the old book.
fn place(code: &Code, old: &[Entry], new: &[Entry]) -> Option<(usize, usize)> {
    let position = |book: &[Entry], code: &Code| {
        book.iter()
            .position(|entry| entry.code == *code)
            .map(|at| at + 1)
    };
    if let Some(at) = position(new, code) {
        return Some((at, 0));
    }
    let at = position(old, code)?;
    let before = old[..at - 1]
        .iter()
        .rev()
        .find_map(|entry| position(new, &entry.code));
    Some((before.unwrap_or(0), at))
}

/// The codes of a range, plainly: both ends with all below them, and all that stands between in the
/// book that lists the code; where that book lacks an end, by the places in both books read as one.
fn codes_in(range: &CodeRange, old: &[Entry], new: &[Entry]) -> Option<BTreeSet<Code>> {
    let CodeRange { first, last } = range;
    let position = |book: &[Entry], code: &Code| book.iter().position(|entry| entry.code == *code);
    // The last code of the range's last block.
    let end = |book: &[Entry]| book.iter().rposition(|entry| entry.code.is_under(last));
    let lists = |code: &Code| {
        [new, old]
            .into_iter()
            .any(|book| position(book, code).is_some())
    };
    if !lists(first) || !lists(last) {
        return None;
    }
    let first_place = place(first, old, new)?;
    let end_code = end(new).map_or_else(|| old[end(old).unwrap()].code, |at| new[at].code);
    let end_place = place(&end_code, old, new)?;
    let ends = |book: &[Entry]| position(book, first).zip(end(book));
    let is_reversed = match ends(new).or(ends(old)) {
        Some((first, end)) => first > end,
        None => first_place > end_place,
    };
    let is_between = |code: &Code| {
        let book = if position(new, code).is_some() {
            new
        } else {
            old
        };
        let at = position(book, code).unwrap();
        let here = place(code, old, new).unwrap();
        position(book, first).map_or(first_place <= here, |first| first <= at)
            && end(book).map_or(here <= end_place, |end| at <= end)
    };
    let all = old.iter().chain(new).map(|entry| entry.code);
    let is_in = |code: &Code| {
        code.is_under(first) || code.is_under(last) || (first != last && is_between(code))
    };
    (!is_reversed).then(|| all.filter(|code| is_in(code)).collect())
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn any_order_of_import_gives_one_content_and_equal_answers(
        posted in posted(),
        seed in any::<u64>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let store = import_in_order(folder.path(), &posted);
        let mut other = posted.clone();
        let len = other.len();
        other.rotate_left(seed as usize % len);
        other.swap(0, (seed >> 32) as usize % len);
        let second = import_in_order(folder.path(), &other);
        prop_assert_eq!(store.content_hash().unwrap(), second.content_hash().unwrap());
        prop_assert_eq!(all_answers(&store), all_answers(&second));
        for one in &posted {
            prop_assert_eq!(&store.listing(SET, one.id()).unwrap().entries, &one.book);
            prop_assert_eq!(&second.listing(SET, one.id()).unwrap().entries, &one.book);
        }
    }

    #[test]
    fn one_import_of_a_folder_gives_what_many_imports_give(posted in posted()) {
        let posted: Vec<Posted> = posted.into_iter().filter(|one| !one.is_revision).collect();
        let folder = tempfile::tempdir().unwrap();
        let one_by_one = import_in_order(folder.path(), &posted);
        let mut at_once = Store::in_memory().unwrap();
        import(&mut at_once, &[folder.path().to_path_buf()], &options(), &mut |_| {}).unwrap();
        prop_assert_eq!(at_once.compare_spans(SET).unwrap(), 0);
        prop_assert_eq!(at_once.content_hash().unwrap(), one_by_one.content_hash().unwrap());
    }

    #[test]
    fn importing_twice_is_importing_once(posted in posted()) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = import_in_order(folder.path(), &posted);
        let before = store.content_hash().unwrap();
        for one in posted.iter().rev() {
            let path = write_posted(folder.path(), one);
            for is_revision in [one.is_revision, !one.is_revision] {
                prop_assert_eq!(import_one(&mut store, &path, is_revision), Added::AlreadyThere);
            }
        }
        prop_assert_eq!(store.releases().unwrap().len(), posted.len());
        prop_assert_eq!(store.content_hash().unwrap(), before);
    }

    #[test]
    fn releases_of_another_code_set_change_no_answer(posted in posted(), at in 0usize..6) {
        let folder = tempfile::tempdir().unwrap();
        let alone = import_in_order(folder.path(), &posted);
        let path = folder.path().join("icd10pcs-FY2030.txt");
        let procedures = sample_file(CodeSet::Icd10Pcs, "FY2022-04", true);
        let mut book = entries_of(CodeSet::Icd10Pcs, sample_bytes(procedures));
        book.remove(3);
        std::fs::write(&path, render(&book, "\r\n")).unwrap();
        let mut mixed = Store::in_memory().unwrap();
        for (index, one) in posted.iter().enumerate() {
            if index == at % posted.len() {
                let options = ImportOptions::on(today());
                let paths = [path.clone()];
                let report = import(&mut mixed, &paths, &options, &mut |_| {}).unwrap();
                prop_assert_eq!(report.taken[0].code_set, CodeSet::Icd10Pcs);
            }
            import_one(&mut mixed, &write_posted(folder.path(), one), one.is_revision);
            prop_assert_eq!(mixed.compare_spans(SET).unwrap(), 0);
        }
        prop_assert_eq!(mixed.compare_spans(CodeSet::Icd10Pcs).unwrap(), 0);
        prop_assert_eq!(all_answers(&mixed), all_answers(&alone));
    }

    #[test]
    fn answers_agree_with_a_plain_reading_of_the_rule(posted in posted()) {
        let store = store_of(&posted);
        let model = Model::new(&posted);
        for code in CODES {
            for day in days() {
                let found = answer::check(&store, SET, code, day).unwrap();
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
                let found = answer::check(&store, SET, entry.code.as_str(), day).unwrap();
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
            let Ok(history) = answer::history(&store, SET, code) else {
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
                let (first, end) = (october.effective_from(), october.fiscal_year_end());
                let last = end - Days::new(1);
                let answers = answer::check_span(&store, SET, code, first, last).unwrap();
                let mut next = first;
                for answer in &answers {
                    prop_assert_eq!(answer.date, next, "{} in {}", code, year);
                    next = answer.through.unwrap() + Days::new(1);
                    for day in days().into_iter().filter(|day| answer.date <= *day && *day < next) {
                        let on_day = answer::check(&store, SET, code, day).unwrap();
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
                    let answer = answer::check(&store, SET, code, day).unwrap();
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

    #[test]
    fn a_diff_of_a_release_with_itself_is_empty(posted in posted()) {
        let store = store_of(&posted);
        for one in &posted {
            prop_assert_eq!(diff(&store, one.id(), one.id()).changes, []);
        }
    }

    #[test]
    fn a_diff_applied_to_the_old_release_gives_the_new_one(posted in posted()) {
        let store = store_of(&posted);
        for old in &posted {
            for new in &posted {
                let mut rows = by_code(&old.book);
                for change in diff(&store, old.id(), new.id()).changes {
                    prop_assert_eq!(rows.get(&change.code), change.old.as_ref());
                    match change.new {
                        Some(entry) => rows.insert(change.code, entry),
                        None => rows.remove(&change.code),
                    };
                }
                prop_assert_eq!(rows, by_code(&new.book), "{} to {}", old.id(), new.id());
            }
        }
    }

    #[test]
    fn a_diff_backwards_mirrors_the_diff_forwards(posted in posted()) {
        let store = store_of(&posted);
        let (old, new) = (posted[0].id(), posted[1].id());
        let by_code = |changes: Vec<Change>| -> BTreeMap<Code, Change> {
            changes.into_iter().map(|change| (change.code, change)).collect()
        };
        let forwards = diff(&store, old, new);
        let backwards = diff(&store, new, old);
        prop_assert_eq!(forwards.old_rows, backwards.new_rows);
        prop_assert_eq!(forwards.new_rows, backwards.old_rows);
        let mirror: Vec<Change> = forwards
            .changes
            .iter()
            .cloned()
            .map(|change| Change {
                kind: mirrored(change.kind),
                old: change.new,
                new: change.old,
                ..change
            })
            .collect();
        prop_assert_eq!(by_code(mirror), by_code(backwards.changes));
    }

    #[test]
    fn a_diff_is_in_the_order_of_the_book_and_deleted_codes_are_where_they_stood(posted in posted()) {
        let store = store_of(&posted);
        for pair in posted.windows(2) {
            let (old, new) = (&pair[0].book, &pair[1].book);
            let changes = diff(&store, pair[0].id(), pair[1].id()).changes;
            let places: Vec<_> = changes
                .iter()
                .map(|change| place(&change.code, old, new).unwrap())
                .collect();
            prop_assert!(places.is_sorted(), "{:?}", places);
        }
    }

    #[test]
    fn a_diff_under_a_range_is_the_part_of_the_whole_diff_that_stands_in_it(
        posted in posted(),
        ends in (0..CODES.len(), 0..CODES.len()),
    ) {
        // Where a book is out of order, a range has no plain meaning.
        let mut posted = posted;
        for one in &mut posted {
            let place = |entry: &Entry| rows().iter().position(|row| row.code == entry.code);
            one.book.sort_by_key(place);
        }
        let store = store_of(&posted);
        let code = |index: usize| SET.parse_code(CODES[index]).unwrap();
        let range = CodeRange { first: code(ends.0), last: code(ends.1) };
        let scope = DiffScope { under: vec![range], only: None };
        for pair in posted.windows(2) {
            let (old, new) = (pair[0].id(), pair[1].id());
            let found = answer::diff(&store, SET, old, new, &scope);
            let Some(codes) = codes_in(&range, &pair[0].book, &pair[1].book) else {
                // An end that neither lists, or the wrong way round. A code alone is taken as it is.
                prop_assert!(found.is_err(), "{:?} in {} to {}", range, old, new);
                continue;
            };
            let mut expected = diff(&store, old, new).changes;
            expected.retain(|change| codes.contains(&change.code));
            prop_assert_eq!(found.unwrap().changes, expected, "{:?} in {} to {}", range, old, new);
        }
    }

    #[test]
    fn a_list_of_codes_is_told_apart_into_changed_unchanged_and_in_neither(
        posted in posted(),
        chosen in proptest::sample::subsequence(CODES.to_vec(), 1..CODES.len()),
    ) {
        let store = store_of(&posted);
        for pair in posted.windows(2) {
            let (old, new) = (by_code(&pair[0].book), by_code(&pair[1].book));
            let only = chosen.iter().map(|code| (*code).to_owned()).collect();
            let scope = DiffScope { under: Vec::new(), only: Some(only) };
            let found = answer::diff(&store, SET, pair[0].id(), pair[1].id(), &scope).unwrap();
            let list = found.only.unwrap();
            let changed: BTreeSet<Code> = found.changes.iter().map(|change| change.code).collect();
            let mut expected = (BTreeSet::new(), 0, Vec::new());
            let mut never_listed = 0;
            // The history of a release that was corrected is that of its correction.
            let listed = |code: &Code| !store.life(SET, code).unwrap().is_empty();
            for code in &chosen {
                let code = SET.parse_code(code).unwrap();
                match (old.get(&code), new.get(&code)) {
                    (None, None) if listed(&code) => expected.2.push(code),
                    (None, None) => never_listed += 1,
                    (a, b) if a == b => expected.1 += 1,
                    _ => {
                        expected.0.insert(code);
                    }
                }
            }
            expected.2.sort();
            prop_assert_eq!((changed, list.unchanged, list.in_neither), expected);
            let counts = (list.codes, list.never_listed, list.malformed);
            prop_assert_eq!(counts, (chosen.len() as u64, never_listed, 0));
        }
    }
}

proptest! {
    #![proptest_config(cases(12))]

    /// The sample has what small releases lack: a correction, an update of January, and codes in force
    /// before any order file lists them.
    #[test]
    fn any_order_of_importing_the_sample_gives_one_content(
        order in Just(order_files_of_the_sample()).prop_shuffle(),
    ) {
        static EXPECTED: OnceLock<String> = OnceLock::new();
        let mut store = Store::in_memory().unwrap();
        let options = ImportOptions::on(today());
        for path in &order {
            import(&mut store, std::slice::from_ref(path), &options, &mut |_| {}).unwrap();
            for code_set in CodeSet::ALL {
                prop_assert_eq!(store.compare_spans(code_set).unwrap(), 0, "{}", path.display());
            }
        }
        let content_hash = store.content_hash().unwrap();
        prop_assert_eq!(EXPECTED.get_or_init(|| content_hash.clone()), &content_hash);
    }
}

fn order_files_of_the_sample() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("releases/sample");
    let files = sample_files()
        .unwrap()
        .iter()
        .filter(|file| file.is_order_file);
    files.map(|file| folder.join(&file.path)).collect()
}

#[test]
fn a_range_within_one_category_is_found_in_a_release_that_was_corrected() {
    let book = rows().to_vec();
    let mut corrected = book.clone();
    let at = book
        .iter()
        .position(|entry| entry.code.as_str() == "C7A0")
        .unwrap();
    corrected[at].billable = !corrected[at].billable;
    let store = store_of(&[
        Posted {
            edition: "FY2030",
            is_revision: false,
            book,
        },
        Posted {
            edition: "FY2030",
            is_revision: true,
            book: corrected,
        },
    ]);
    let range = CodeRange::parse(SET, "C7A0-C7A").unwrap();
    let scope = DiffScope {
        under: vec![range],
        only: None,
    };
    let (first, errata) = (id("FY2030"), id("FY2030-errata"));
    for (old, new) in [(first, errata), (errata, first)] {
        let found = answer::diff(&store, SET, old, new, &scope).unwrap();
        assert_eq!(found.changes.len(), 1, "{old} to {new}");
    }
}

/// A title as no official file has it, but as a file may have it: letters of any script, single,
/// leading and double blanks.
fn title() -> impl Strategy<Value = String> {
    "[ -~éβ]{0,20}[!-~é][ -~]{0,10}"
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn an_order_file_is_written_back_byte_for_byte(
        book in book(),
        titles in proptest::collection::vec((title(), title()), 3),
        ending in prop_oneof![Just("\r\n"), Just("\n")],
    ) {
        let mut book = book;
        for (entry, (short, long)) in book.iter_mut().zip(titles) {
            entry.short_title = short.trim_end().to_owned();
            entry.long_title = long;
        }
        // Columns are counted in bytes: the short title is padded to 60 of them.
        let mut bytes = Vec::new();
        for (index, entry) in book.iter().enumerate() {
            let blanks = " ".repeat(60 - entry.short_title.len());
            let flag = u8::from(entry.billable);
            let code = entry.code.as_str();
            let line = format!(
                "{:05} {code:<7} {flag} {}{blanks} {}",
                index + 1, entry.short_title, entry.long_title
            );
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(ending.as_bytes());
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("icd10cm-FY2030.txt");
        std::fs::write(&path, &bytes).unwrap();
        let mut store = Store::in_memory().unwrap();
        import_one(&mut store, &path, false);
        prop_assert_eq!(store.listing(SET, id("FY2030")).unwrap().entries, book);
        let mut written = Vec::new();
        store.write_order_file(SET, id("FY2030"), &mut written).unwrap();
        prop_assert_eq!(String::from_utf8(written).unwrap(), String::from_utf8(bytes).unwrap());
    }
}

const ROWS: &str = concat!(
    "00001 L70     0 Acne                                                         Acne\r\n",
    "00002 L705    1 Acne excoriee                                                Acne excoriee\r\n",
);

#[test]
fn a_short_title_with_letters_of_two_bytes_is_padded_to_60_bytes() {
    // The second e of the short title is a letter of two bytes, so one blank less follows it.
    read_as_everything(
        ROWS.replacen("Acne excoriee  ", "Acne excoriée ", 1)
            .as_bytes(),
    );
}

#[test]
fn a_file_cut_off_between_the_two_characters_of_its_last_line_ending_is_refused_or_kept() {
    read_as_everything(&ROWS.as_bytes()[..ROWS.len() - 1]);
}

#[test]
fn a_code_padded_with_anything_but_blanks_is_refused_or_kept() {
    read_as_everything(ROWS.replacen("L705   ", "L705\t  ", 1).as_bytes());
}

/// Some bytes changed, put in or left out.
#[derive(Debug, Clone)]
enum Damage {
    Change(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    CutOff(prop::sample::Index),
    SwapLines(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = || any::<prop::sample::Index>();
    let telling = || {
        prop_oneof![
            any::<u8>(),
            proptest::sample::select(b" \t\r\n\x0b\x0c01Z:.\xc3\xa9\0".to_vec())
        ]
    };
    prop_oneof![
        (at(), telling()).prop_map(|(at, byte)| Damage::Change(at, byte)),
        (at(), proptest::collection::vec(telling(), 1..4))
            .prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (at(), 1usize..90).prop_map(|(at, count)| Damage::Remove(at, count)),
        at().prop_map(Damage::CutOff),
        (at(), at()).prop_map(|(a, b)| Damage::SwapLines(a, b)),
    ]
}

fn damaged(bytes: &[u8], damages: &[Damage]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for damage in damages {
        if bytes.is_empty() {
            break;
        }
        match damage {
            Damage::Change(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Damage::Insert(at, more) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, more.iter().copied());
            }
            Damage::Remove(at, count) => {
                let at = at.index(bytes.len());
                bytes.drain(at..(at + count).min(bytes.len()));
            }
            Damage::CutOff(at) => bytes.truncate(at.index(bytes.len())),
            Damage::SwapLines(a, b) => {
                let mut lines: Vec<Vec<u8>> = bytes
                    .split_inclusive(|byte| *byte == b'\n')
                    .map(<[u8]>::to_vec)
                    .collect();
                let (a, b) = (a.index(lines.len()), b.index(lines.len()));
                lines.swap(a, b);
                bytes = lines.concat();
            }
        }
    }
    bytes
}

/// Reads bytes as everything that they could be; whatever is accepted loses nothing.
fn read_as_everything(bytes: &[u8]) {
    for code_set in CodeSet::ALL {
        if let Ok(file) = OrderFile::parse(code_set, bytes.to_vec()) {
            let book = entries_of(code_set, bytes);
            let written = render(&book, file.line_ending().as_str());
            assert_eq!(
                String::from_utf8(written).unwrap(),
                String::from_utf8(bytes.to_vec()).unwrap(),
                "accepted, but not written back"
            );
        }
        if let Ok(addenda) = parse_order_addenda(code_set, bytes) {
            assert!(!addenda.rows.is_empty() || addenda.footer.is_some());
            let _ = addenda.count();
        }
    }
    for name in [
        "icd10cm_order_2030.txt",
        "order_addenda_2030.txt",
        "x.zip",
        "x",
    ] {
        let _ = recognise(name, bytes);
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn parsers_take_any_bytes_without_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        read_as_everything(&bytes);
    }

    #[test]
    fn parsers_take_a_damaged_file_without_panic_and_lose_nothing_of_what_they_accept(
        file in 0..1000usize,
        first in 0..1000usize,
        lines in 1..6usize,
        damages in proptest::collection::vec(damage(), 1..4),
    ) {
        let files = sample_files().unwrap();
        let bytes = sample_bytes(&files[file % files.len()]);
        // A few lines from the start of an order file, or from anywhere in an addenda.
        let all: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let is_order_file = files[file % files.len()].is_order_file;
        let from = if is_order_file { 0 } else { first % all.len() };
        let part = all[from..(from + lines).min(all.len())].concat();
        read_as_everything(&damaged(&part, &damages));
        if !is_order_file {
            read_as_everything(&damaged(bytes, &damages));
        }
    }

    #[test]
    fn any_text_is_a_code_or_says_why_not(text in "\\PC{0,12}|[A-Z0-9. ]{0,9}") {
        for code_set in CodeSet::ALL {
            match code_set.parse_code(&text) {
                Ok(code) => {
                    prop_assert_eq!(code_set.parse_code(code.as_str()).unwrap(), code);
                    prop_assert_eq!(code_set.parse_code(&code.dotted(code_set)).unwrap(), code);
                }
                Err(error) => prop_assert!(!error.reason.is_empty()),
            }
            let _ = CodeRange::parse(code_set, &text);
        }
        if let Ok(release) = text.parse::<ReleaseId>() {
            prop_assert_eq!(release.to_string().parse::<ReleaseId>(), Ok(release));
        }
    }
}
