//! Parsers: what is accepted is written back byte for byte, and damage is refused without a panic.

use codeyear::model::{CodeRange, CodeSet, ReleaseId};
use codeyear::parse::addenda::parse_order_addenda;
use codeyear::parse::order::OrderFile;
use codeyear::source::recognise::recognise;
use codeyear::source::sample::{sample_bytes, sample_files};
use codeyear::store::Store;
use proptest::prelude::*;

use super::{SET, book, cases, entries_of, id, import_one, render};

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
        let is_order_file = files[file % files.len()].is_order_file();
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
