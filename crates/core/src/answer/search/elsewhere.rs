//! Where else to look when a search finds no code with all words.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{SearchOptions, find};
use crate::error::Result;
use crate::model::{CodeSet, LookElsewhere, OtherCodeSet, Status, Timeline, day_before, judge};
use crate::store::Store;

/// Returns the code sets that are not kept and that a text looks like a code of: three digits at least, and no words. The
/// dot tells more than the rest: no code of HCPCS has one.
pub(super) fn not_kept(text: &str) -> Vec<LookElsewhere> {
    let text = text.trim();
    if text.chars().filter(char::is_ascii_digit).count() < 3 {
        return Vec::new();
    }
    // A CPT code with its modifier: 99213-25.
    let code = match text.split_once('-') {
        Some((code, modifier)) if modifier.len() == 2 => code,
        _ => text,
    };
    OtherCodeSet::like(code)
        .map(|other| LookElsewhere::NotKept(other.name))
        .collect()
}

/// Checks whether a text may be a code of a book that is not kept: HCPCS, CPT, ICD-9-CM.
///
/// ```
/// use codeyear_core::answer::may_be_of_another_book;
/// assert!(may_be_of_another_book("G0439"));
/// assert!(!may_be_of_another_book("G04.39"));
/// ```
pub fn may_be_of_another_book(text: &str) -> bool {
    !not_kept(text).is_empty()
}

/// Looks where codes with these words are: in code sets that are not kept, above a code that is not listed, among codes
/// that are not listed on the day, in the other code sets as [`other_sets`] does.
pub(super) fn look_elsewhere(
    store: &Store,
    timeline: &Timeline,
    words: &str,
    date: NaiveDate,
    options: SearchOptions,
    without: &BTreeSet<String>,
) -> Result<Vec<LookElsewhere>> {
    let code_set = timeline.code_set();
    let mut elsewhere = not_kept(words);
    let unlisted = SearchOptions {
        most: 1,
        unlisted: true,
    };
    if let Ok(code) = code_set.read_typed(words) {
        let above = (3..code.len()).rev().map(|length| code.prefix(length));
        for above in above {
            let life = store.spans(code_set, &above)?;
            if let Status::Listed { .. } = judge(date, timeline, &life) {
                elsewhere.push(LookElsewhere::Above(above));
                break;
            }
        }
    }
    if !options.unlisted && has_all(store, code_set, words, date, unlisted, without)? {
        elsewhere.push(LookElsewhere::Unlisted);
    }
    elsewhere.extend(other_sets(store, code_set, words, date, options, without)?);
    Ok(elsewhere)
}

/// Returns the other code sets that have codes with all these words, on the day or, where no release covers it, on the
/// last day before it that one covers.
pub(super) fn other_sets(
    store: &Store,
    code_set: CodeSet,
    words: &str,
    date: NaiveDate,
    options: SearchOptions,
    without: &BTreeSet<String>,
) -> Result<Vec<LookElsewhere>> {
    let mut found = Vec::new();
    for other in CodeSet::ALL.into_iter().filter(|other| *other != code_set) {
        let timeline = store.timeline(other)?;
        let (place, day) = match (timeline.governing(date), timeline.latest_before(date)) {
            (Some(_), _) => (LookElsewhere::CodeSet(other), date),
            (None, Some(before)) => {
                let last = day_before(before.until);
                (LookElsewhere::NotCovered(other, last), last)
            }
            (None, None) => continue,
        };
        let options = SearchOptions { most: 1, ..options };
        if has_all(store, other, words, day, options, without)? {
            found.push(place);
        }
    }
    Ok(found)
}

/// Checks whether a code set has a code with all these words.
fn has_all(
    store: &Store,
    code_set: CodeSet,
    words: &str,
    date: NaiveDate,
    options: SearchOptions,
    without: &BTreeSet<String>,
) -> Result<bool> {
    let report = find(store, code_set, words, date, options, without)?;
    Ok(report.found.iter().any(|one| one.left_out.is_empty()))
}
