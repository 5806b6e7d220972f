//! Where else to look when a search finds no code with all words.

use super::{SearchOptions, Sought, find};
use crate::error::Result;
use crate::model::{CodeSet, LookElsewhere, OtherCodeSet, Status, Timeline, day_before, judge};

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
    timeline: &Timeline,
    sought: Sought<'_>,
) -> Result<Vec<LookElsewhere>> {
    let mut elsewhere = not_kept(sought.words);
    if let Ok(code) = sought.code_set.read_typed(sought.words) {
        let above = (3..code.len()).rev().map(|length| code.prefix(length));
        for above in above {
            let life = sought.store.spans(sought.code_set, &above)?;
            if let Status::Listed { .. } = judge(sought.date, timeline, &life) {
                elsewhere.push(LookElsewhere::Above(above));
                break;
            }
        }
    }
    let unlisted = SearchOptions {
        unlisted: true,
        ..sought.options
    };
    let among_unlisted = Sought {
        options: unlisted,
        ..sought
    };
    if !sought.options.unlisted && has_all(among_unlisted)? {
        elsewhere.push(LookElsewhere::Unlisted);
    }
    elsewhere.extend(other_sets(sought)?);
    Ok(elsewhere)
}

/// Returns the other code sets that have codes with all these words, on the day or, where no release covers it, on the
/// last day before it that one covers.
pub(super) fn other_sets(sought: Sought<'_>) -> Result<Vec<LookElsewhere>> {
    let mut found = Vec::new();
    let others = CodeSet::ALL.into_iter();
    for code_set in others.filter(|other| *other != sought.code_set) {
        let timeline = sought.store.timeline(code_set)?;
        let governing = timeline.governing(sought.date);
        let (place, date) = match (governing, timeline.latest_before(sought.date)) {
            (Some(_), _) => (LookElsewhere::CodeSet(code_set), sought.date),
            (None, Some(before)) => {
                let last = day_before(before.until);
                (LookElsewhere::NotCovered(code_set, last), last)
            }
            (None, None) => continue,
        };
        if has_all(Sought {
            code_set,
            date,
            ..sought
        })? {
            found.push(place);
        }
    }
    Ok(found)
}

/// Checks whether a code with all the words is found.
fn has_all(sought: Sought<'_>) -> Result<bool> {
    let options = SearchOptions {
        most: 1,
        ..sought.options
    };
    let report = find(Sought { options, ..sought })?;
    Ok(report.found.iter().any(|one| one.left_out.is_empty()))
}
