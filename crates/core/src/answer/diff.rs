//! What changed between two releases, in the order of the book.

use std::collections::{BTreeMap, BTreeSet};

use super::basis::find_release;
use super::{diff_footer, diff_lineage, diff_notes, diff_usage};
use crate::error::{Error, Result};
use crate::model::{
    Change, ChangeSet, Code, CodeRange, CodeSet, Counts, DaysOf, Entry, OnlyList, Provenance,
    ReleaseId, StoreKind, Usage,
};
use crate::store::{Differences, FoundCode, Store};

/// What a diff is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct DiffScope {
    /// Codes with all below them, or ranges in tabular order; empty for the whole book.
    pub under: Vec<CodeRange>,
    /// The user's own codes, as they wrote them.
    pub only: Option<Vec<String>>,
    /// How often the user's file uses each code: the changes are weighed by it, and those that touch no
    /// code of it are left out.
    pub usage: Option<Usage>,
    /// Whether to compare the tabular lists too: notes, 7th characters, blocks.
    pub notes: bool,
}

/// The place of a code in the two books read as one: its position in the new book; of a deleted code
/// the position of the last code before it that is still there, then its own in the old book.
type Place = (i64, i64);

/// One end of a range, in both books.
#[derive(Debug, Clone, Copy)]
struct End {
    /// Its position in the new book, if that lists it.
    new: Option<i64>,
    /// Its position in the old book, if that lists it.
    old: Option<i64>,
    /// Its place in the two books read as one.
    place: Place,
}

impl End {
    fn new(new: Option<i64>, old: Option<i64>, place_of_deleted: impl Fn(i64) -> Place) -> End {
        End {
            new,
            old,
            place: match (new, old) {
                (Some(at), _) => (at, 0),
                (None, Some(at)) => place_of_deleted(at),
                (None, None) => (0, 0),
            },
        }
    }
}

/// A range of the book. A code is judged in a book that lists both it and the end; only where there is
/// none, by its place in the two books read as one.
#[derive(Debug)]
struct Range {
    range: CodeRange,
    first: End,
    last: End,
}

impl Range {
    /// Both ends belong to the range with all below them.
    fn holds(&self, code: &Code, place: Place) -> bool {
        let CodeRange { first, last } = self.range;
        code.is_under(&first)
            || code.is_under(&last)
            || (first != last && self.after_first(place) && self.before_last(place))
    }

    fn after_first(&self, (at, was): Place) -> bool {
        match (was > 0, self.first.new, self.first.old) {
            (false, Some(first), _) => first <= at,
            (true, _, Some(first)) => first <= was,
            _ => self.first.place <= (at, was),
        }
    }

    fn before_last(&self, (at, was): Place) -> bool {
        match (was > 0, self.last.new, self.last.old) {
            (false, Some(last), _) => at <= last,
            (true, _, Some(last)) => was <= last,
            // A deleted code that stood right after the end is past it.
            (true, Some(last), None) => at < last,
            _ => (at, was) <= self.last.place,
        }
    }

    fn is_reversed(&self) -> bool {
        match (
            (self.first.new, self.last.new),
            (self.first.old, self.last.old),
        ) {
            ((Some(first), Some(last)), _) | (_, (Some(first), Some(last))) => first > last,
            _ => self.first.place > self.last.place,
        }
    }
}

/// Compares two loaded releases, in either direction and however far apart.
///
/// # Errors
/// [`crate::ErrorKind::NotFound`] if a release is not loaded, an end of a range is listed in neither, or notes
/// are asked for and a release has no tabular list; [`crate::ErrorKind::Usage`] if its code set has none.
///
/// ```
/// # use codeyear_core::{answer, ingest, model::{ChangeKind, CodeSet}, store::Store};
/// # let mut store = Store::in_memory()?;
/// # ingest::import_sample(&mut store, "2026-03-01".parse().unwrap())?;
/// let (old, new) = ("FY2025-04".parse().unwrap(), "FY2026".parse().unwrap());
/// let changes = answer::diff(&store, CodeSet::Icd10Cm, old, new, &Default::default())?;
/// let g35 = changes.changes.iter().find(|change| change.code.as_str() == "G35").unwrap();
/// assert_eq!(g35.kind, ChangeKind::BecameHeader);
/// # Ok::<(), codeyear_core::Error>(())
/// ```
pub fn diff(
    store: &Store,
    code_set: CodeSet,
    old: ReleaseId,
    new: ReleaseId,
    scope: &DiffScope,
) -> Result<ChangeSet> {
    if scope.notes {
        diff_notes::require_tabular(code_set)?;
    }
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

    let place_of_deleted = |position: i64| -> Place {
        let at = anchor(position, &old_only, &places, |at| {
            differences.new_position_of_old(at)
        });
        (at, position)
    };
    let mut ranges: Vec<Range> = Vec::new();
    let mut under: Vec<CodeRange> = Vec::new();
    for asked in &scope.under {
        let range = &listed_range(store, code_set, &differences, asked)?
            .map_err(|what| not_listed(&what, old, new))?;
        under.push(*range);
        let ends = store.find_codes(code_set, &differences, &[range.first, range.last], true)?;
        let [first, last] = ends.as_slice() else {
            continue;
        };
        let (first_new, first_old) = (position(&first.new), position(&first.old));
        let range = Range {
            range: *range,
            first: End::new(first_new, first_old, place_of_deleted),
            last: End::new(last.new_last, last.old_last, place_of_deleted),
        };
        if range.is_reversed() {
            return Err(Error::usage(format!(
                "{} comes after {} in tabular order",
                range.range.first, range.range.last
            ))
            .with_hint("write the range the other way around"));
        }
        ranges.push(range);
    }
    let in_ranges = |code: &Code, place: &Place| {
        ranges.is_empty() || ranges.iter().any(|range| range.holds(code, *place))
    };
    let only = scope
        .only
        .as_ref()
        .map(|texts| OwnCodes::read(code_set, texts));

    let notes = if scope.notes {
        let used = |usage: &Usage| usage.codes.keys().copied().collect();
        let own = match &only {
            Some(only) => Some(only.codes.clone()),
            None => scope.usage.as_ref().map(used),
        };
        Some(diff_notes::notes(store, (old, new), &under, own.as_ref())?)
    } else {
        None
    };

    let changed_anywhere: BTreeSet<Code> = pairs.keys().copied().collect();
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

    let mut lineage = diff_lineage::lineage(store, code_set, (old, new), &changes)?;

    let place_of = |found: &FoundCode| match (position(&found.new), position(&found.old)) {
        (Some(at), _) => Some((at, 0)),
        (None, Some(at)) => Some(place_of_deleted(at)),
        (None, None) => None,
    };
    let (changes, impact) = match &scope.usage {
        None => (changes, None),
        Some(usage) => {
            let is_inside = |found: &FoundCode| {
                place_of(found).is_some_and(|place| in_ranges(&found.code, &place))
            };
            let weighed = (changes, &lineage);
            let (kept, impact) =
                diff_usage::impact(store, code_set, &differences, weighed, usage, &is_inside)?;
            let codes: BTreeSet<Code> = kept.iter().map(|change| change.code).collect();
            lineage.retain(|code, _| codes.contains(code));
            (kept, Some(impact))
        }
    };

    let only = match only {
        None => None,
        Some(own) => {
            let all: Vec<Code> = own.codes.iter().copied().collect();
            let found = store.find_codes(code_set, &differences, &all, false)?;
            let (mut in_neither, mut headers) = (Vec::new(), Vec::new());
            let (mut never_listed, mut outside, mut unchanged) = (0, 0, 0);
            for one in &found {
                let Some(place) = place_of(one) else {
                    if store.spans(code_set, &one.code)?.is_empty() {
                        never_listed += 1;
                    } else {
                        in_neither.push(one.code);
                    }
                    continue;
                };
                if !in_ranges(&one.code, &place) {
                    outside += 1;
                } else if !changed_anywhere.contains(&one.code) {
                    unchanged += 1;
                    if one.is_header() {
                        headers.push(one.code);
                    }
                }
            }
            Some(OnlyList {
                codes: own.codes.len() as u64,
                outside,
                unchanged,
                headers,
                in_neither,
                never_listed,
                malformed: own.malformed.len() as u64,
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
    let sample = store.kind()? == StoreKind::Sample;
    let is_whole = scope.under.is_empty() && scope.only.is_none() && scope.usage.is_none();
    let cms_footer = if is_whole && !sample {
        diff_footer::cms_footer(store, &stored, code_set, (old, new), &changes)?
    } else {
        None
    };
    let loaded = |id: ReleaseId| {
        stored
            .iter()
            .map(|stored| &stored.release)
            .find(|release| release.code_set == code_set && release.id == id)
    };
    let rows = |id: ReleaseId| -> Result<Counts> {
        let Some(release) = loaded(id) else {
            return Ok(Counts::default());
        };
        Ok(match code_set.facts().days {
            DaysOf::Releases => Counts {
                all: release.rows,
                billable: release.billable,
            },
            // Not all rows are compared.
            DaysOf::Rows => {
                let codes = store.codes_of_release(code_set, id)?;
                Counts {
                    all: codes.len() as u64,
                    billable: codes.iter().filter(|entry| entry.billable).count() as u64,
                }
            }
        })
    };
    let provenance =
        |id: ReleaseId| loaded(id).map_or(Provenance::Unlisted, |release| release.trust.provenance);
    let mut warnings = Vec::new();
    for warning in [old, new]
        .into_iter()
        .filter_map(|id| loaded(id).map(|release| release.trust.warnings(id)))
        .flatten()
    {
        // Of a release and itself it is said once.
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    Ok(ChangeSet {
        code_set,
        old,
        new,
        old_from: old.effective_from(),
        new_from: new.effective_from(),
        old_rows: rows(old)?,
        new_rows: rows(new)?,
        changes,
        categories,
        under: scope.under.clone(),
        only,
        impact,
        sources: [
            store.listing_file(code_set, old)?,
            store.listing_file(code_set, new)?,
        ],
        provenance: [provenance(old), provenance(new)],
        warnings,
        lineage,
        notes,
        cms_footer,
        sample,
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

/// Returns a range between codes that one of two releases lists, or in words what neither lists.
///
/// Blocks and chapters of the book are named by numbers that are not all taken (U00-U49, of which U07 and U09
/// are listed), and those of one year hold categories that another has not. So a category at the end of a range
/// stands for the nearest within it. Whatever else is not listed is a slip of whoever asks.
fn listed_range(
    store: &Store,
    code_set: CodeSet,
    differences: &Differences,
    asked: &CodeRange,
) -> Result<std::result::Result<CodeRange, String>> {
    let is_range = asked.first != asked.last;
    let end = |code: Code, after: bool| -> Result<Option<Code>> {
        let found = store.find_codes(code_set, differences, &[code], false)?;
        let is_listed = found
            .iter()
            .any(|found| found.old.is_some() || found.new.is_some());
        if is_listed {
            return Ok(Some(code));
        }
        if !is_range || code != code.category() {
            return Ok(None);
        }
        store.nearest_category(code_set, differences, &code, after)
    };
    let (first, last) = match (end(asked.first, true)?, end(asked.last, false)?) {
        (Some(first), Some(last)) => (first, last),
        (None, _) => return Ok(Err(asked.first.to_string())),
        (_, None) => return Ok(Err(asked.last.to_string())),
    };
    // Where nothing within the range is listed, what is nearest lies beyond its other end.
    let moved = first != asked.first || last != asked.last;
    if moved && first > last && first.as_bytes().first() == last.as_bytes().first() {
        let (first, last) = (asked.first.to_string(), asked.last.to_string());
        return Ok(Err(format!("a category within {first}-{last}")));
    }
    Ok(Ok(CodeRange { first, last }))
}

fn not_listed(what: &str, old: ReleaseId, new: ReleaseId) -> Error {
    Error::not_found(format!("neither {old} nor {new} lists {what}"))
        .with_hint("name a code or category that one of the two releases lists")
}

struct OwnCodes {
    codes: BTreeSet<Code>,
    malformed: BTreeSet<String>,
}

impl OwnCodes {
    fn read(code_set: CodeSet, texts: &[String]) -> OwnCodes {
        let mut own = OwnCodes {
            codes: BTreeSet::new(),
            malformed: BTreeSet::new(),
        };
        for text in texts {
            match code_set.parse_code(text) {
                Ok(code) => {
                    own.codes.insert(code);
                }
                Err(_) => {
                    own.malformed.insert(text.trim().to_owned());
                }
            }
        }
        own
    }
}

fn position(found: &Option<(i64, Entry)>) -> Option<i64> {
    found.as_ref().map(|(position, _)| *position)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::{ChangeKind, UseCount};
    use crate::testing::{cm, dotted, release, sample};

    fn changes(store: &Store, old: &str, new: &str, scope: &DiffScope) -> Result<ChangeSet> {
        diff(store, CodeSet::Icd10Cm, release(old), release(new), scope)
    }

    #[test]
    fn an_end_of_a_range_that_is_not_taken_stands_for_the_nearest_within_it() {
        let store = sample();
        let codes = |range: &str| -> Result<Vec<String>> {
            let scope = DiffScope {
                under: vec![CodeRange::parse(CodeSet::Icd10Cm, range).unwrap()],
                ..DiffScope::default()
            };
            let set = changes(&store, "FY2020", "FY2021", &scope)?;
            Ok(dotted(set.changes.iter().map(|change| &change.code)))
        };
        for range in ["U00-U49", "U00-U85", "U07-U49", "U00-U07"] {
            assert_eq!(codes(range).unwrap(), ["U07", "U07.0", "U07.1"], "{range}");
        }
        for wrong in ["U08-U85", "U85", "U07.5-U07.9", "U49-U00"] {
            let error = codes(wrong).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{wrong}: {error}");
        }
    }

    #[test]
    fn each_kind_of_change_is_told_with_the_entries_on_both_sides() {
        let store = sample();
        let scope = DiffScope::default();
        let mut found = changes(&store, "FY2016", "FY2020", &scope).unwrap().changes;
        found.extend(changes(&store, "FY2020", "FY2021", &scope).unwrap().changes);
        for (kind, code, before, after) in [
            (ChangeKind::New, "K58.1", None, Some(true)),
            (ChangeKind::Deleted, "I60.20", Some(true), None),
            (ChangeKind::BecameHeader, "Q51.2", Some(true), Some(false)),
            (ChangeKind::BecameBillable, "I60.2", Some(false), Some(true)),
            (ChangeKind::Revised, "C7A.094", Some(true), Some(true)),
            (
                ChangeKind::ShortTitleOnly,
                "T46.4X",
                Some(false),
                Some(false),
            ),
            (ChangeKind::SpacingOnly, "Z68.30", Some(true), Some(true)),
        ] {
            let of_code = |change: &&Change| change.code == cm(code);
            let change = found.iter().find(of_code).unwrap();
            let flags = [&change.old, &change.new].map(|one| one.as_ref().map(|one| one.billable));
            assert_eq!((change.kind, flags), (kind, [before, after]), "{code}");
        }
    }

    #[test]
    fn backwards_what_is_new_was_deleted_and_an_update_without_changes_has_none() {
        let store = sample();
        let scope = DiffScope::default();
        let forth = changes(&store, "FY2016", "FY2020", &scope).unwrap();
        let back = changes(&store, "FY2020", "FY2016", &scope).unwrap();
        assert_eq!(
            (forth.old_rows, forth.new_rows),
            (back.new_rows, back.old_rows)
        );
        for (kind, reverse) in [
            (ChangeKind::New, ChangeKind::Deleted),
            (ChangeKind::BecameHeader, ChangeKind::BecameBillable),
            (ChangeKind::Revised, ChangeKind::Revised),
        ] {
            assert_eq!(forth.count(kind).all, back.count(reverse).all, "{kind:?}");
        }
        let none = changes(&store, "FY2025", "FY2025-04", &scope).unwrap();
        assert_eq!(none.changes, []);
    }

    #[test]
    fn each_code_of_a_list_is_counted_where_it_stands() {
        let store = sample();
        let texts = [
            "q51.20", "Q51.2", "G35", "A00", "S06.1XAA", "Q99.99", "no code",
        ];
        let scope = DiffScope {
            under: vec![CodeRange::parse(CodeSet::Icd10Cm, "G35-Q51").unwrap()],
            only: Some(texts.map(str::to_owned).to_vec()),
            ..DiffScope::default()
        };
        let found = changes(&store, "FY2016", "FY2020", &scope).unwrap();
        let changed = dotted(found.changes.iter().map(|change| &change.code));
        assert_eq!(changed, ["Q51.2", "Q51.20"]);
        assert_eq!(
            found.only,
            Some(OnlyList {
                codes: 6,
                outside: 1,
                unchanged: 1,
                headers: Vec::new(),
                in_neither: vec![cm("S06.1XAA")],
                never_listed: 1,
                malformed: 1,
            })
        );
    }

    #[test]
    fn a_change_counts_once_for_a_file_however_often_the_file_uses_the_code() {
        let store = sample();
        let codes = [("G35", 5), ("A00.0", 2), ("Q51.20", 1)];
        let scope = DiffScope {
            usage: Some(Usage {
                codes: codes.map(|(code, uses)| (cm(code), uses)).into(),
                ..Usage::default()
            }),
            ..DiffScope::default()
        };
        let found = changes(&store, "FY2025", "FY2026", &scope).unwrap();
        let impact = found.impact.unwrap();
        let counted = |codes, uses| UseCount { codes, uses };
        assert_eq!(
            impact.count(crate::model::Severity::Breaking),
            counted(1, 5)
        );
        assert_eq!(impact.untouched, counted(1, 2));
        assert_eq!(impact.in_neither, [(cm("Q51.20"), 1)]);
        let g35 = |change: &&Change| change.code == cm("G35");
        assert_eq!(found.changes.iter().filter(g35).count(), 1);
        // What touches no code of the file is left out.
        assert!(
            found
                .changes
                .iter()
                .all(|change| change.code.is_under(&cm("G35")))
        );
    }

    #[test]
    fn a_range_is_refused_the_wrong_way_round_and_notes_where_there_is_no_tabular_list() {
        let store = sample();
        let kind_of = |old: &str, new: &str, scope: &DiffScope| {
            changes(&store, old, new, scope).unwrap_err().kind()
        };
        let under = |range: &str| DiffScope {
            under: vec![CodeRange::parse(CodeSet::Icd10Cm, range).unwrap()],
            ..DiffScope::default()
        };
        assert_eq!(
            kind_of("FY2020", "FY2021", &under("M54-G35")),
            ErrorKind::Usage
        );
        let notes = DiffScope {
            notes: true,
            ..DiffScope::default()
        };
        assert_eq!(kind_of("FY2025", "FY2026", &notes), ErrorKind::NotFound);
        let procedures = diff(
            &store,
            CodeSet::Icd10Pcs,
            release("FY2022-04"),
            release("FY2022-04-errata"),
            &notes,
        );
        assert_eq!(procedures.unwrap_err().kind(), ErrorKind::Usage);
        assert_eq!(
            kind_of("FY2020", "FY2023", &DiffScope::default()),
            ErrorKind::NotFound
        );
    }
}
