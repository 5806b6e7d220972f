//! Where else to look when a search finds nothing.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{SearchOptions, find};
use crate::error::Result;
use crate::model::{CodeSet, LookElsewhere, OtherCodeSet, Status, Timeline, judge};
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
/// that are not listed on the day, in the other code sets.
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
    let has = |code_set: CodeSet, unlisted: bool| -> Result<bool> {
        let options = SearchOptions { most: 1, unlisted };
        let report = find(store, code_set, words, date, options, without)?;
        Ok(report.found.iter().any(|one| one.left_out.is_empty()))
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
    if !options.unlisted && has(code_set, true)? {
        elsewhere.push(LookElsewhere::Unlisted);
    }
    for other in CodeSet::ALL {
        let is_governed = other != code_set && store.timeline(other)?.governing(date).is_some();
        if is_governed && has(other, options.unlisted)? {
            elsewhere.push(LookElsewhere::CodeSet(other));
        }
    }
    Ok(elsewhere)
}
