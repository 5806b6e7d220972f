//! Laws that hold for any releases: small ones, made of rows of the bundled sample and changed at random.
//!
//! The releases are named after years that the catalogue does not know, so that it refuses none.

mod answers;
mod changes;
mod claims;
mod imports;
pub(crate) mod parsers;
mod unread;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chrono::{Days, NaiveDate};
use codeyear::ingest::{ImportOptions, import};
use codeyear::model::{Added, CodeSet, Entry, ReleaseId};
use codeyear::parse::order::{Envelope, LineEnding, Numbering, OrderFile, write_row};
use codeyear::source::sample::{SampleFile, sample_bytes, sample_files};
use codeyear::store::Store;
use proptest::prelude::*;

use crate::world::today;

const SET: CodeSet = CodeSet::Icd10Cm;

/// Editions to choose from: whole years, updates within a year, and years left out.
const EDITIONS: [&str; 8] = [
    "FY2030",
    "FY2030-04",
    "FY2031",
    "FY2031-04",
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
                && file.is_order_file() == is_order_file
                && !matches!(file.kind, codeyear::source::kind::FileKind::Document(_))
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
    let line_ending = match ending {
        "\r\n" => LineEnding::Crlf,
        _ => LineEnding::Lf,
    };
    let envelope = Envelope {
        byte_order_mark: false,
        line_ending,
        tail: ending.to_owned(),
        numbering: Numbering::FiveColumns,
    };
    render_in(book, &envelope)
}

/// Writes a book as an order file, with all that stands around its rows.
fn render_in(book: &[Entry], envelope: &Envelope) -> Vec<u8> {
    let mut bytes = Vec::new();
    if envelope.byte_order_mark {
        bytes.extend_from_slice("\u{feff}".as_bytes());
    }
    for (index, entry) in book.iter().enumerate() {
        if index > 0 {
            bytes.extend_from_slice(envelope.line_ending.as_str().as_bytes());
        }
        write_row(
            &mut bytes,
            envelope.numbering,
            index as u64 + 1,
            &entry.as_row(),
        )
        .unwrap();
    }
    bytes.extend_from_slice(envelope.tail.as_bytes());
    bytes
}

fn options() -> ImportOptions {
    ImportOptions {
        code_set: Some(SET),
        allow_incomplete: true,
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
        for day in [id(edition).effective_from(), id(edition).latest_end()] {
            days.extend([day, day - Days::new(1), day + Days::new(40)]);
        }
    }
    days.insert("2015-09-30".parse().unwrap());
    days.into_iter().collect()
}
