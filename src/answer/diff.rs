//! What changed between two releases, in the order of the book.

use std::collections::{BTreeMap, BTreeSet};

use crate::answer::find_release;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Change, ChangeSet, Code, CodeRange, CodeSet, Counts, Entry, OnlyList, ReleaseId,
};
use crate::store::{FoundCode, Store, StoreKind};

/// What a diff is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct DiffScope {
    /// Codes with all below them, or ranges in tabular order; empty for the whole book.
    pub under: Vec<CodeRange>,
    /// The user's own codes, as they wrote them.
    pub only: Option<Vec<String>>,
}

/// The place of a code in the two books read as one: its position in the new book; of a deleted code
/// the position of the last code before it that is still there, then its own in the old book.
type Place = (i64, i64);

/// Compares two loaded releases, in either direction and however far apart.
///
/// # Errors
/// [`ErrorKind::NotFound`] if a release is not loaded, or an end of a range is listed in neither.
///
/// ```
/// # use codeyear::{answer, ingest, model::{ChangeKind, CodeSet}, store::Store};
/// # let mut store = Store::in_memory()?;
/// # ingest::import_sample(&mut store, "2026-03-01".parse().unwrap())?;
/// let (old, new) = ("FY2025-04".parse().unwrap(), "FY2026".parse().unwrap());
/// let changes = answer::diff(&store, CodeSet::Icd10Cm, old, new, &Default::default())?;
/// let g35 = changes.changes.iter().find(|change| change.code.as_str() == "G35").unwrap();
/// assert_eq!(g35.kind, ChangeKind::BecameHeader);
/// # Ok::<(), codeyear::Error>(())
/// ```
pub fn diff(
    store: &Store,
    code_set: CodeSet,
    old: ReleaseId,
    new: ReleaseId,
    scope: &DiffScope,
) -> Result<ChangeSet> {
    let old = find_release(store, code_set, old)?;
    let new = find_release(store, code_set, new)?;
    let differences = store.differences(code_set, old, new)?;

    let mut pairs: BTreeMap<Code, (Option<Entry>, Option<Entry>)> = BTreeMap::new();
    let mut places: BTreeMap<Code, Place> = BTreeMap::new();
    for (position, entry) in &differences.new {
        places.insert(entry.code, (*position, 0));
        pairs.entry(entry.code).or_default().1 = Some(entry.clone());
    }
    let old_only: BTreeMap<i64, Code> = differences
        .old
        .iter()
        .map(|(position, entry)| (*position, entry.code))
        .collect();
    for (position, entry) in &differences.old {
        if !places.contains_key(&entry.code) {
            let anchor = anchor(*position, &old_only, &places, |at| {
                differences.new_position_of_old(at)
            });
            places.insert(entry.code, (anchor, *position));
        }
        pairs.entry(entry.code).or_default().0 = Some(entry.clone());
    }

    let place_of = |found: &FoundCode| -> Option<Place> {
        match (&found.new, &found.old) {
            (Some((position, _)), _) => Some((*position, 0)),
            (None, Some((position, entry))) => {
                Some(places.get(&entry.code).copied().unwrap_or_else(|| {
                    let at = anchor(*position, &old_only, &places, |at| {
                        differences.new_position_of_old(at)
                    });
                    (at, *position)
                }))
            }
            (None, None) => None,
        }
    };
    let mut ranges: Vec<(CodeRange, Place, Place)> = Vec::new();
    for range in &scope.under {
        let ends = store.find_codes(code_set, &differences, &[range.first, range.last], true)?;
        let [first, last] = ends.as_slice() else {
            continue;
        };
        let from = place_of(first).ok_or_else(|| not_listed(code_set, &range.first, old, new))?;
        let to = place_of(last).ok_or_else(|| not_listed(code_set, &range.last, old, new))?;
        let to = to.max((last.new_last.unwrap_or(0), i64::MAX));
        if from > to {
            return Err(Error::new(
                ErrorKind::Usage,
                format!(
                    "{} stands after {} in the book",
                    range.first.dotted(code_set),
                    range.last.dotted(code_set)
                ),
            )
            .with_hint("write the range the other way round"));
        }
        ranges.push((*range, from, to));
    }
    let in_ranges = |code: &Code, place: &Place| {
        ranges.is_empty()
            || ranges.iter().any(|(range, from, to)| {
                if range.first == range.last {
                    code.is_under(&range.first)
                } else {
                    (from <= place && place <= to)
                        || code.is_under(&range.first)
                        || code.is_under(&range.last)
                }
            })
    };
    let only = scope
        .only
        .as_ref()
        .map(|texts| OwnCodes::read(code_set, texts));

    let mut placed: Vec<(Place, Change)> = pairs
        .into_iter()
        .filter_map(|(code, (old, new))| {
            let place = places.get(&code).copied()?;
            let wanted = in_ranges(&code, &place)
                && only.as_ref().is_none_or(|only| only.codes.contains(&code));
            wanted.then_some(())?;
            Some((place, Change::classify(old, new)?))
        })
        .collect();
    placed.sort_by_key(|(place, change)| (*place, change.code));
    let changes: Vec<Change> = placed.into_iter().map(|(_, change)| change).collect();

    let only = match only {
        None => None,
        Some(own) => {
            let changed: BTreeSet<Code> = changes.iter().map(|change| change.code).collect();
            let rest: Vec<Code> = own.codes.difference(&changed).copied().collect();
            let found = store.find_codes(code_set, &differences, &rest, false)?;
            let mut in_neither = Vec::new();
            let mut unchanged = 0;
            for one in &found {
                if one.old.is_none() && one.new.is_none() {
                    in_neither.push(one.code);
                } else {
                    unchanged += 1;
                }
            }
            Some(OnlyList {
                codes: own.codes.len() as u64,
                unchanged,
                in_neither,
                malformed: own.malformed,
            })
        }
    };

    let categories: BTreeSet<Code> = changes
        .iter()
        .map(|change| change.code.category())
        .collect();
    let categories: Vec<Code> = categories.into_iter().collect();
    let categories = store
        .find_codes(code_set, &differences, &categories, false)?
        .into_iter()
        .filter_map(|found| found.new.or(found.old))
        .map(|(_, entry)| entry)
        .collect();

    let stored = store.releases()?;
    let rows = |id: ReleaseId| {
        stored
            .iter()
            .find(|stored| stored.release.code_set == code_set && stored.release.id == id)
            .map(|stored| Counts {
                all: stored.release.rows,
                billable: stored.release.billable,
            })
            .unwrap_or_default()
    };
    Ok(ChangeSet {
        code_set,
        old,
        new,
        old_from: old.effective_from(),
        new_from: new.effective_from(),
        old_rows: rows(old),
        new_rows: rows(new),
        changes,
        categories,
        under: scope.under.clone(),
        only,
        sources: [
            store.order_file(code_set, old)?,
            store.order_file(code_set, new)?,
        ],
        sample: store.kind()? == StoreKind::Sample,
    })
}

/// Finds the position in the new book of the last code before a position of the old book that the new
/// one still has; 0 if there is none.
fn anchor(
    position: i64,
    old_only: &BTreeMap<i64, Code>,
    places: &BTreeMap<Code, Place>,
    new_position_of_old: impl Fn(i64) -> Option<i64>,
) -> i64 {
    let mut at = position - 1;
    while at > 0 {
        if let Some(found) = new_position_of_old(at) {
            return found;
        }
        // The old entry is gone; its code may stand in the new book with another, or be deleted and
        // placed already.
        if let Some((anchor, _)) = old_only.get(&at).and_then(|code| places.get(code)) {
            return *anchor;
        }
        at -= 1;
    }
    0
}

fn not_listed(code_set: CodeSet, code: &Code, old: ReleaseId, new: ReleaseId) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("neither {old} nor {new} lists {}", code.dotted(code_set)),
    )
    .with_hint("name a code or category that one of the two releases lists")
}

struct OwnCodes {
    codes: BTreeSet<Code>,
    malformed: u64,
}

impl OwnCodes {
    fn read(code_set: CodeSet, texts: &[String]) -> OwnCodes {
        let mut own = OwnCodes {
            codes: BTreeSet::new(),
            malformed: 0,
        };
        for text in texts {
            match code_set.parse_code(text) {
                Ok(code) => {
                    own.codes.insert(code);
                }
                Err(_) => own.malformed += 1,
            }
        }
        own
    }
}
