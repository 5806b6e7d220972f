//! Diffs: applied, backwards, in the order of the book, under a range and of a list of codes.

use std::collections::{BTreeMap, BTreeSet};

use codeyear::answer::{self, DiffScope};
use codeyear::model::{Change, ChangeKind, ChangeSet, Code, CodeRange, Entry, ReleaseId, Usage};
use codeyear::store::Store;
use proptest::prelude::*;

use super::{CODES, Posted, SET, cases, id, posted, rows, store_of};

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

/// The range that is taken, plainly: a category at its end that neither book lists stands for the nearest within the
/// range, among those of its letter whose place their characters tell.
fn taken(range: CodeRange, old: &[Entry], new: &[Entry]) -> Option<CodeRange> {
    let codes = || old.iter().chain(new).map(|entry| entry.code);
    let is_listed = |code: &Code| codes().any(|listed| listed == *code);
    let CodeRange { first, last } = range;
    let is_open = |code: &Code| first != last && !is_listed(code) && *code == code.category();
    let near = |end: Code| {
        codes().filter(move |code| {
            let [letter, rest @ ..] = code.as_str().as_bytes() else {
                return false;
            };
            *code == code.category()
                && end.as_str().as_bytes().first() == Some(letter)
                && rest.iter().all(u8::is_ascii_digit)
        })
    };
    let taken = CodeRange {
        first: match is_open(&first) {
            true => near(first).filter(|code| *code > first).min()?,
            false => first,
        },
        last: match is_open(&last) {
            true => near(last).filter(|code| *code < last).max()?,
            false => last,
        },
    };
    let is_empty = taken != range
        && taken.first > taken.last
        && taken.first.as_str().as_bytes().first() == taken.last.as_str().as_bytes().first();
    (!is_empty).then_some(taken)
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
        let scope = DiffScope { under: vec![range], only: None, usage: None, notes: false };
        for pair in posted.windows(2) {
            let (old, new) = (pair[0].id(), pair[1].id());
            let found = answer::diff(&store, SET, old, new, &scope);
            let (left, right) = (&pair[0].book, &pair[1].book);
            let codes = taken(range, left, right).and_then(|range| codes_in(&range, left, right));
            let Some(codes) = codes else {
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
    fn every_use_of_a_code_is_in_one_total_and_what_touches_none_is_left_out(
        posted in posted(),
        uses in proptest::collection::btree_map(
            proptest::sample::select([&CODES[..], &["Z99.99", "A0A"]].concat()), 1..1000_u64, 1..12),
        end in proptest::option::of(0..CODES.len()),
    ) {
        let store = store_of(&posted);
        let code = |text: &str| SET.parse_code(text).unwrap();
        let codes: BTreeMap<Code, u64> =
            uses.iter().map(|(text, uses)| (code(text), *uses)).collect();
        let usage = Usage { codes: codes.clone(), ..Usage::default() };
        let under: Vec<CodeRange> = end
            .map(|at| CodeRange { first: code(CODES[at]), last: code(CODES[at]) })
            .into_iter()
            .collect();
        for pair in posted.windows(2) {
            let (old, new) = (pair[0].id(), pair[1].id());
            let plain = DiffScope { under: under.clone(), ..DiffScope::default() };
            let scope = DiffScope { usage: Some(usage.clone()), ..plain.clone() };
            let Ok(whole) = answer::diff(&store, SET, old, new, &plain) else {
                // An end that neither lists.
                prop_assert!(answer::diff(&store, SET, old, new, &scope).is_err());
                continue;
            };
            let found = answer::diff(&store, SET, old, new, &scope).unwrap();
            let impact = found.impact.as_ref().unwrap();
            let others = [impact.untouched, impact.outside, impact.unknown()];
            let totals = || impact.severities.iter().chain(&others);
            prop_assert_eq!(totals().map(|one| one.uses).sum::<u64>(), usage.uses());
            prop_assert_eq!(totals().map(|one| one.codes).sum::<u64>(), codes.len() as u64);
            prop_assert_eq!(impact.all.uses, usage.uses());
            // Those kept are a part of the whole, and each change of a code in use is among them.
            let kept = found.changes.len() as u64;
            prop_assert_eq!(kept + impact.left_out, whole.changes.len() as u64);
            let of_used = |change: &&Change| codes.contains_key(&change.code);
            let mine: Vec<&Change> = whole.changes.iter().filter(of_used).collect();
            let kept: Vec<&Change> = found.changes.iter().filter(of_used).collect();
            prop_assert_eq!(kept, mine);
            let is_sorted = impact.effects.is_sorted_by_key(|one| {
                (one.severity, std::cmp::Reverse(one.uses), one.change)
            });
            prop_assert!(is_sorted);
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
            let scope = DiffScope { under: Vec::new(), only: Some(only), usage: None, notes: false };
            let found = answer::diff(&store, SET, pair[0].id(), pair[1].id(), &scope).unwrap();
            let list = found.only.unwrap();
            let changed: BTreeSet<Code> = found.changes.iter().map(|change| change.code).collect();
            let mut expected = (BTreeSet::new(), 0, Vec::new());
            let mut never_listed = 0;
            // The history of a release that was corrected is that of its correction.
            let listed = |code: &Code| !store.spans(SET, code).unwrap().is_empty();
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
        usage: None,
        notes: false,
    };
    let (first, errata) = (id("FY2030"), id("FY2030-errata"));
    for (old, new) in [(first, errata), (errata, first)] {
        let found = answer::diff(&store, SET, old, new, &scope).unwrap();
        assert_eq!(found.changes.len(), 1, "{old} to {new}");
    }
}
