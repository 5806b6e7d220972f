//! What is around a code: the last change of its category, and the notes elsewhere that name it.

use codeyear::answer::{self, DiffScope, ShowOptions};
use codeyear::model::{CodeRange, CodeSet, DocumentKind};

use super::{everything, id};
use crate::world::official_releases;

const CM: CodeSet = CodeSet::Icd10Cm;

#[test]
fn the_last_change_of_a_category_is_one_that_a_release_made() {
    let Some(releases) = official_releases("recent changes") else {
        return;
    };
    let store = everything(&releases);
    let codes = store.codes(CM).unwrap();
    let around = ShowOptions {
        around: true,
        ..ShowOptions::default()
    };
    let mut looked_at = 0;
    for code in [
        "U07.1", "E11.9", "M54.5", "Z28.3", "C7B", "A00", "N63", "K58.9",
    ] {
        for date in ["2020-05-01", "2020-11-01", "2022-05-01", "2026-05-01"] {
            let page = answer::show(&codes, code, date.parse().unwrap(), around).unwrap();
            let Some(recent) = page.recent_change else {
                continue;
            };
            let scope = DiffScope {
                under: vec![CodeRange::parse(CM, page.code.category().as_str()).unwrap()],
                ..DiffScope::default()
            };
            let changed = answer::diff(&store, CM, recent.old, recent.new, &scope).unwrap();
            assert!(!changed.changes.is_empty(), "{code} {date}");
            looked_at += 1;
        }
    }
    assert!(looked_at > 12);
    // A patch put U07.1 on its day, and no release.
    let patched = answer::show(&codes, "U07.1", "2020-05-01".parse().unwrap(), around).unwrap();
    assert_eq!(patched.recent_change, None);
}

#[test]
fn the_notes_that_name_a_code_are_those_of_a_plain_reading_of_the_list() {
    let Some(releases) = official_releases("notes that name a code") else {
        return;
    };
    let store = everything(&releases);
    let around = ShowOptions {
        around: true,
        ..ShowOptions::default()
    };
    let document = store
        .document(id("FY2026-04"), DocumentKind::Tabular)
        .unwrap();
    let tabular = store.tabular(&document.unwrap()).unwrap();
    let order: Vec<&str> = tabular
        .nodes
        .iter()
        .map(|node| node.name.as_str())
        .collect();
    let at = |name: &str| order.iter().position(|other| *other == name);
    let codes = store.codes(CM).unwrap();
    for code in ["C7B", "E11.9", "I10", "E34.0", "Z79.4", "F10"] {
        let page = answer::show(&codes, code, "2026-05-01".parse().unwrap(), around).unwrap();
        let own = page.code;
        let here = at(own.as_str()).unwrap();
        let mut expected = 0;
        for node in &tabular.nodes {
            let is_near = node
                .code()
                .is_some_and(|at| at.is_under(&own) || own.is_under(&at));
            let notes = node.groups.iter().flat_map(|group| &group.notes);
            for note in notes.filter(|_| !is_near) {
                // Codes of the list, and ranges of two with a hyphen between.
                let mut words = note.split(['(', '[', ')', ']', ',', ';', ' ']);
                let plain = |text: &str| text.trim_end_matches(['-', '.']).replace('.', "");
                let names = words.any(|word| {
                    if let Some((first, last)) = word.trim_end_matches('-').split_once('-') {
                        let (first, last) = (plain(first), plain(last.trim_start_matches('-')));
                        // 1-4 is no range of codes, although chapters have these names.
                        let ends = [&first, &last].map(|name| at(name).filter(|_| name.len() > 2));
                        let [Some(begin), Some(end)] = ends else {
                            return false;
                        };
                        let is_below = |name: &str| {
                            let code = CM.parse_code(name);
                            code.is_ok_and(|code| code.is_under(&own) || own.is_under(&code))
                        };
                        return begin <= here && here <= end || is_below(&last) || is_below(&first);
                    }
                    let is_code = word.len() > 2 && word.as_bytes()[1].is_ascii_digit();
                    is_code
                        && at(&plain(word)).is_some()
                        && CM
                            .parse_code(&plain(word))
                            .is_ok_and(|named| named.is_under(&own) || own.is_under(&named))
                });
                expected += usize::from(names);
            }
        }
        assert_eq!(page.named_in.len(), expected, "{code}");
        assert!(expected > 0, "{code}");
    }
}
