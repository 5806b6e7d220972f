//! What the changes between two releases mean to whoever uses the codes of a file.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Result;
use crate::model::{
    Change, ChangeLineage, Code, CodeSet, Impact, Usage, UsedCode, UsedStanding, weigh,
};
use crate::store::{Differences, FoundCode, Store};

/// Weighs changes by a file's use of the codes; gives those that touch one, and what they mean.
///
/// `in_ranges` tells whether a code that one of the releases lists is in the ranges asked for.
pub(super) fn impact(
    store: &Store,
    code_set: CodeSet,
    differences: &Differences,
    (changes, lineage): (Vec<Change>, &BTreeMap<Code, ChangeLineage>),
    usage: &Usage,
    in_ranges: &dyn Fn(&FoundCode) -> bool,
) -> Result<(Vec<Change>, Impact)> {
    let codes: Vec<Code> = usage.codes.keys().copied().collect();
    let found = store.find_codes(code_set, differences, &codes, false)?;
    let mut used = Vec::with_capacity(found.len());
    for (one, uses) in found.iter().zip(usage.codes.values()) {
        let standing = if one.old.is_some() || one.new.is_some() {
            if in_ranges(one) {
                UsedStanding::Listed
            } else {
                UsedStanding::Outside
            }
        } else if one.is_stored && !store.spans(code_set, &one.code)?.is_empty() {
            UsedStanding::InNeither
        } else {
            UsedStanding::NeverListed
        };
        used.push(UsedCode {
            code: one.code,
            uses: *uses,
            standing,
            is_header: one.is_header(),
        });
    }
    let listed = listed_above(store, code_set, differences, &changes, &used)?;
    let parent_of = |code: &Code| code.above().find(|above| listed.contains(above));
    Ok(weigh(changes, lineage, usage, &used, &parent_of))
}

/// Returns the codes above those in question that one of the two releases lists.
fn listed_above(
    store: &Store,
    code_set: CodeSet,
    differences: &Differences,
    changes: &[Change],
    used: &[UsedCode],
) -> Result<BTreeSet<Code>> {
    let used = used
        .iter()
        .filter(|one| one.standing == UsedStanding::Listed)
        .map(|one| one.code);
    let below = changes.iter().map(|change| change.code).chain(used);
    let above: BTreeSet<Code> = below.flat_map(|code| code.above()).collect();
    let above: Vec<Code> = above.into_iter().collect();
    let found = store.find_codes(code_set, differences, &above, false)?;
    let listed = found
        .into_iter()
        .filter(|one| one.old.is_some() || one.new.is_some())
        .map(|one| one.code);
    Ok(listed.collect())
}
