//! A file that uses every code, weighed by what changed from FY2025 to FY2026: the severities have the
//! counts of the kinds.

use std::collections::BTreeSet;

use codeyear::answer::{self, DiffScope};
use codeyear::model::{ChangeKind, ChangeSet, Code, CodeSet, Relation, Severity, Usage};
use codeyear::store::Store;

use super::{everything, id, say};
use crate::world::official_releases;

const SET: CodeSet = CodeSet::Icd10Cm;

fn codes(store: &Store, release: &str) -> BTreeSet<Code> {
    let listing = store.listing(SET, id(release)).unwrap();
    listing.entries.iter().map(|entry| entry.code).collect()
}

fn weighed(store: &Store, codes: impl Iterator<Item = Code>) -> ChangeSet {
    let usage = Usage {
        codes: codes.map(|code| (code, 3)).collect(),
        ..Usage::default()
    };
    let scope = DiffScope {
        usage: Some(usage),
        ..DiffScope::default()
    };
    answer::diff(store, SET, id("FY2025"), id("FY2026"), &scope).unwrap()
}

/// Counts the changes of each severity.
fn counts(changes: &ChangeSet) -> [usize; 3] {
    let impact = changes.impact.as_ref().unwrap();
    Severity::ALL.map(|severity| impact.of(severity).len())
}

#[test]
fn a_file_that_uses_every_code_has_the_counts_of_the_kinds() {
    let Some(releases) = official_releases("what breaks for a file that uses every code") else {
        return;
    };
    let store = everything(&releases);
    let (old, new) = (codes(&store, "FY2025"), codes(&store, "FY2026"));

    // Every code of both releases: each change is of a code in use.
    let all = weighed(&store, old.union(&new).copied());
    assert_eq!(counts(&all), [12 + 16, 614 + 39 + 6, 0]);
    let impact = all.impact.as_ref().unwrap();
    assert_eq!((impact.left_out, impact.unknown().codes), (0, 0));
    let every = old.union(&new).count() as u64;
    assert_eq!(impact.all.codes, every);
    assert_eq!(impact.untouched.codes, every - 687);
    assert_eq!(impact.untouched.uses, 3 * (every - 687));

    // Every code of the old one: a new code is beside, below or in place of one in use, or in a part of
    // the book that is new as a whole.
    let before = weighed(&store, old.iter().copied());
    let [breaking, review, info] = counts(&before);
    assert_eq!([breaking, review], [12 + 16, 39 + 6]);
    let impact = before.impact.as_ref().unwrap();
    assert_eq!(info as u64 + impact.left_out, 614);
    say(&format!(
        "FY2025 to FY2026, every old code in use: {breaking} breaking, {review} review, {info} info, {} left out",
        impact.left_out
    ));
    for effect in impact.of(Severity::Info) {
        let change = &before.changes[effect.change];
        assert_eq!(change.kind, ChangeKind::New);
        // The category QA0 is new as a whole: nothing in use stands above or beside its codes.
        let is_alone = change.code.category().as_str() == "QA0";
        let nearest = effect.touches[0].relation;
        assert!(!is_alone || nearest == Relation::Successor, "{change:?}");
        assert!(
            effect
                .touches
                .iter()
                .all(|touch| touch.relation != Relation::Itself)
        );
    }
    let touched: u64 = impact.severities.iter().map(|one| one.codes).sum();
    assert_eq!(touched + impact.untouched.codes, old.len() as u64);

    // What breaks says what to use instead, as far as the tables do.
    for effect in impact.of(Severity::Breaking) {
        let code = before.changes[effect.change].code;
        assert!(before.lineage.contains_key(&code), "{code:?}");
    }
}

#[test]
fn a_code_beside_one_in_use_is_told_and_its_change_elsewhere_is_not() {
    let Some(releases) = official_releases("what breaks for a few codes") else {
        return;
    };
    let store = everything(&releases);
    let used = ["G35", "E119", "C50919"].map(|text| SET.parse_code(text).unwrap());
    let found = weighed(&store, used.into_iter());
    let impact = found.impact.as_ref().unwrap();
    let words: Vec<String> = impact
        .effects
        .iter()
        .map(|effect| {
            let touch = effect.touches[0];
            let code = found.changes[effect.change].code;
            format!(
                "{} {} {}",
                code.as_str(),
                touch.relation.name(),
                touch.code.as_str()
            )
        })
        .collect();
    assert_eq!(words[0], "G35 itself G35");
    for expected in [
        "G35A successor G35",
        "G35B below G35",
        "E11A successor E119",
        "C50A0 successor C50919",
    ] {
        assert!(
            words.iter().any(|one| one == expected),
            "{expected}: {words:?}"
        );
    }
    assert_eq!(found.changes.len() as u64 + impact.left_out, 687);
}
