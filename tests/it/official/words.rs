//! Codes found by words: the one that is meant comes first.

use codeyear::answer::{self, SearchOptions};
use codeyear::model::{CodeSet, FoundIn, FoundStanding, SearchReport};
use codeyear::store::Store;

use super::{everything, id};
use crate::world::{World, official_releases};

const CM: CodeSet = CodeSet::Icd10Cm;

fn search_in(
    store: &Store,
    code_set: CodeSet,
    words: &str,
    date: &str,
    unlisted: bool,
) -> SearchReport {
    let options = SearchOptions { most: 20, unlisted };
    answer::search(store, code_set, words, date.parse().unwrap(), options).unwrap()
}

fn search(store: &Store, words: &str, date: &str) -> SearchReport {
    search_in(store, CM, words, date, false)
}

fn codes(report: &SearchReport) -> Vec<String> {
    report
        .found
        .iter()
        .map(|found| found.code.to_string())
        .collect()
}

#[test]
fn low_back_pain_is_the_code_of_the_day() {
    let Some(releases) = official_releases("low back pain") else {
        return;
    };
    let store = everything(&releases);
    let eve = search(&store, "low back pain", "2021-09-30");
    assert_eq!(codes(&eve)[0], "M54.5");
    assert_eq!(eve.found[0].standing, FoundStanding::Billable);
    assert_eq!(eve.release, id("FY2021-01"));
    let before_force = search(&store, "low back pain", "2014-01-01");
    assert_eq!(before_force.found[0].standing, FoundStanding::NotInForce);
    let first = search(&store, "low back pain", "2021-10-01");
    let mut best = codes(&first)[..3].to_vec();
    assert_eq!(best[0], "M54.50", "who says no more means unspecified");
    best.sort();
    assert_eq!(best, ["M54.50", "M54.51", "M54.59"]);
    assert!(!codes(&first).contains(&"M54.5".to_owned()));
    assert_eq!(first.release, id("FY2022"));
    // A title in force before a term of an index of another year.
    let title = search(&store, "vertebrogenic", "2026-05-01");
    assert_eq!(codes(&title)[0], "M54.51");
}

#[test]
fn words_in_any_order_begun_bent_or_with_accents_find_the_code_that_is_meant() {
    let Some(releases) = official_releases("words of a search") else {
        return;
    };
    let store = everything(&releases);
    for (words, first) in [
        ("carcinoid liver", "C7B.02"),
        ("LIVER carcinoid", "C7B.02"),
        ("merkel cell carc", "C4A.9"),
        ("secondary merkel", "C7B.1"),
        ("fractures femur", "S72.90XA"),
        ("fracture of femur", "S72.90XA"),
        ("multiple sclerosis relapsing", "G35.A"),
        ("covid", "U07.1"),
        ("vertebrogenic low back", "M54.51"),
    ] {
        let found = codes(&search(&store, words, "2026-05-01"));
        assert_eq!(
            found.first().map(String::as_str),
            Some(first),
            "{words}: {found:?}"
        );
    }
    let plain = codes(&search(&store, "Meniere", "2026-05-01"));
    let mut sorted = plain.clone();
    sorted.sort();
    assert_eq!(sorted, ["H81.01", "H81.02", "H81.03", "H81.09"]);
    // One letter with its accent, and a letter with its accent after it, as some systems write it.
    for words in [
        "Ménière",
        "Me\u{301}nie\u{300}re",
        "MENIERE",
        "ménière's disease",
    ] {
        assert_eq!(
            codes(&search(&store, words, "2026-05-01")),
            plain,
            "{words}"
        );
    }
    // As it is typed: each letter keeps the code that is meant.
    let phrase = "vertebrogenic low back pain";
    for end in "vertebrogenic".len()..=phrase.len() {
        let found = codes(&search(&store, &phrase[..end], "2026-05-01"));
        assert!(
            found.contains(&"M54.51".to_owned()),
            "{:?}: {found:?}",
            &phrase[..end]
        );
    }
}

#[test]
fn a_code_found_by_a_term_says_which_release_has_the_term() {
    let Some(releases) = official_releases("terms that find codes") else {
        return;
    };
    let store = everything(&releases);
    let found = search(&store, "carcinoid tumor NOS", "2016-12-01");
    assert_eq!(codes(&found)[0], "D3A.00");
    let FoundIn::InclusionTerm { term, release } = &found.found[0].found_in else {
        panic!("{:?}", found.found[0]);
    };
    assert_eq!(
        (term.as_str(), *release),
        ("Carcinoid tumor NOS", id("FY2017"))
    );
    let found = search(&store, "lumbago sciatica low back", "2026-05-01");
    for one in &found.found {
        if let FoundIn::Index { release, .. } = &one.found_in {
            assert_eq!(*release, id("FY2017"), "the nearest index");
        }
    }
}

#[test]
fn deleted_codes_and_those_to_come_are_found_only_where_that_is_asked_for() {
    let Some(releases) = official_releases("deleted codes") else {
        return;
    };
    let store = everything(&releases);
    for (words, code, standing) in [
        (
            "T81.4XXA",
            "T81.4XXA",
            FoundStanding::Deleted("2018-09-30".parse().unwrap()),
        ),
        (
            "infection following a procedure initial encounter",
            "T81.4XXA",
            FoundStanding::Deleted("2018-09-30".parse().unwrap()),
        ),
    ] {
        let listed = search(&store, words, "2026-05-01");
        assert!(!codes(&listed).contains(&code.to_owned()), "{words}");
        let all = search_in(&store, CM, words, "2026-05-01", true);
        let found = all.found.iter().find(|one| one.code.to_string() == code);
        let found = found.unwrap_or_else(|| panic!("{words}: {:?}", codes(&all)));
        assert_eq!(found.standing, standing, "{words}");
    }
    let to_come = search_in(
        &store,
        CM,
        "vertebrogenic low back pain",
        "2021-09-30",
        true,
    );
    let found = to_come
        .found
        .iter()
        .find(|one| one.code.as_str() == "M5451")
        .unwrap();
    let first_day = "2021-10-01".parse().unwrap();
    assert_eq!(found.standing, FoundStanding::NotYetEffective(first_day));
    let words = "vertebrogenic low back pain";
    // Before that day the rest is found, and what is left out is said.
    let before = search(&store, words, "2021-09-30");
    assert!(!codes(&before).contains(&"M54.51".to_owned()));
    assert_eq!(before.found[0].left_out, ["vertebrogenic"]);
}

#[test]
fn a_code_finds_itself_and_what_stands_below_it() {
    let Some(releases) = official_releases("codes as words") else {
        return;
    };
    let store = everything(&releases);
    for text in ["C7B.0", "c7b0", " C7B.0 "] {
        let found = search(&store, text, "2026-05-01");
        assert_eq!(found.found.len(), 7, "{text:?}");
        assert!(found.found.iter().all(|one| one.found_in == FoundIn::Code));
        assert!(codes(&found).contains(&"C7B.0".to_owned()), "{text:?}");
    }
    assert_eq!(codes(&search(&store, "C7B.02", "2026-05-01")), ["C7B.02"]);
}

#[test]
fn procedures_are_found_in_their_own_code_set() {
    let Some(releases) = official_releases("words of procedures") else {
        return;
    };
    let store = everything(&releases);
    let set = CodeSet::Icd10Pcs;
    let words = "dilation coronary one artery percutaneous intraluminal device";
    let found = search_in(&store, set, words, "2024-12-01", false);
    assert_eq!(codes(&found)[0], "02703DZ", "{:?}", codes(&found));
    assert_eq!(found.release, id("FY2025"));
    assert!(found.found.iter().all(|one| one.code.len() == 7));
    assert!(
        search_in(&store, set, "merkel", "2024-12-01", false)
            .found
            .is_empty()
    );
    let title = search_in(&store, set, "02703DZ", "2024-12-01", false);
    assert_eq!(codes(&title), ["02703DZ"]);
}

#[test]
fn nothing_found_is_said_and_ends_with_one() {
    let Some(releases) = official_releases("nothing found") else {
        return;
    };
    let store = everything(&releases);
    let database = store.path().to_str().unwrap();
    let world = World::empty();
    let run = |args: &[&str]| {
        let mut all = vec!["--db", database, "search", "--on", "2026-05-01"];
        all.extend(args);
        world.run(&all)
    };
    let none = run(&["zzyzx"]);
    assert_eq!((none.exit, none.stderr.as_str()), (1, ""), "{none:?}");
    assert!(
        none.stdout
            .contains("no codes match on 2026-05-01 (FY2026-04)"),
        "{none:?}"
    );
    let json = run(&["zzyzx", "--format", "json"]);
    assert_eq!(json.exit, 1, "{json:?}");
    assert!(json.stdout.contains("\"found\": []"), "{json:?}");
    let some = run(&["merkel", "--most", "3"]);
    assert_eq!(some.exit, 0, "{some:?}");
    let before = world.run(&["--db", database, "search", "--on", "2012-01-01", "merkel"]);
    assert_eq!(before.exit, 2, "no release governs that day: {before:?}");
    assert!(before.stderr.contains("hint: "), "{before:?}");
}

#[test]
fn no_words_of_any_script_end_in_an_error_of_the_database() {
    // What the index holds makes no difference: the sample's will do.
    let store = World::with_sample().store();
    let date = "2026-05-01".parse().unwrap();
    let options = SearchOptions {
        most: 5,
        unlisted: true,
    };
    // Characters of the first planes, between letters and before and after them.
    let all: Vec<char> = (1..0x3000_u32)
        .chain((0x3000..0x1_3000).step_by(7))
        .filter_map(char::from_u32)
        .collect();
    for part in all.chunks(8) {
        let text: String = part.iter().flat_map(|c| ['a', *c, 'b', ' ']).collect();
        let found = answer::search(&store, CM, &text, date, options);
        found.unwrap_or_else(|error| panic!("{text:?}: {error}"));
    }
}
