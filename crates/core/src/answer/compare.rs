//! How two codes differ on a day.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::consult::ShowOptions;
use super::show::show;
use crate::error::Result;
use crate::model::{
    Code, CodePage, Comparison, Difference, DocumentKind, DocumentSource, Entry, Mention,
    PlaceInBook, PlaceKind, Verdict, named_codes,
};
use crate::store::CodeSource;

/// Compares two codes on a day: their places, notes and what is below them. Notes are never an earlier year's, unless
/// the nearest are asked for.
///
/// # Errors
/// As [`show`](crate::answer::show()).
pub fn compare(
    codes: &dyn CodeSource,
    left: &str,
    right: &str,
    date: NaiveDate,
    options: ShowOptions,
) -> Result<Comparison> {
    let options = ShowOptions {
        nearest: options.nearest,
        ..ShowOptions::default()
    };
    let left = show(codes, left, date, options)?;
    let right = show(codes, right, date, options)?;
    Ok(Comparison {
        common: common(&left, &right),
        mentions: all_mentions(&left, &right),
        left,
        right,
    })
}

/// Returns how a code differs from the one whose title is most like its own: a category from the category before or after
/// it, any other from a code below the same level. Notes of an earlier year are not compared.
pub(super) fn difference(
    codes: &dyn CodeSource,
    page: &CodePage,
    nearest: bool,
) -> Result<Option<Difference>> {
    let neighbors = &page.neighbors;
    let beside: Vec<&Entry> = match page.code == page.code.category() {
        true => [&neighbors.previous_category, &neighbors.next_category]
            .into_iter()
            .flatten()
            .collect(),
        false => page.siblings.iter().collect(),
    };
    let (Verdict::Billable { entry: own } | Verdict::Header { entry: own, .. }) =
        &page.answer.verdict
    else {
        return Ok(None);
    };
    let likeness = |other: &Entry| likeness(&own.long_title, &other.long_title);
    let Some(other) = beside.into_iter().rev().max_by_key(|other| likeness(other)) else {
        return Ok(None);
    };
    let options = ShowOptions {
        nearest,
        ..ShowOptions::default()
    };
    let there = show(codes, other.code.as_str(), page.answer.date, options)?;
    let common = common(page, &there);
    let is_of_year = |page: &CodePage| {
        let tabular = page.tabular.as_ref();
        tabular.is_some_and(|from| from.release().is_some() && !from.is_earlier())
    };
    let has_notes = is_of_year(page) && is_of_year(&there);
    Ok(Some(Difference {
        other: other.clone(),
        only_own: only(page, &there),
        only_other: only(&there, page),
        mentions: match has_notes {
            true => all_mentions(page, &there),
            false => Vec::new(),
        },
        has_notes,
        common,
    }))
}

/// Returns which part of the words of two titles is in both, in thousandths.
fn likeness(one: &str, other: &str) -> usize {
    let words = |title: &str| -> BTreeSet<String> {
        let words = title.split(|c: char| !c.is_alphanumeric());
        words
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    let (one, other) = (words(one), words(other));
    let all = one.union(&other).count().max(1);
    one.intersection(&other).count() * 1000 / all
}

/// Lists the levels that both codes are below.
fn common(left: &CodePage, right: &CodePage) -> Vec<PlaceInBook> {
    let places = left.breadcrumb.iter();
    let in_both = places.filter(|place| right.breadcrumb.iter().any(|other| is_one(place, other)));
    in_both.cloned().collect()
}

/// Checks whether two places are one. Their titles may be those of different documents.
fn is_one(place: &PlaceInBook, other: &PlaceInBook) -> bool {
    (place.kind, &place.name) == (other.kind, &other.name)
}

/// Returns the first level that a code is below and another one is not, where both are placed by one tabular list.
fn only(page: &CodePage, other: &CodePage) -> Option<PlaceInBook> {
    let document = |page: &CodePage| page.tabular.as_ref().and_then(DocumentSource::release);
    let places = page.breadcrumb.iter();
    let mut only = places.filter(|place| !other.breadcrumb.iter().any(|one| is_one(place, one)));
    only.next()
        .filter(|_| document(page) == document(other))
        .cloned()
}

/// Lists the notes at one of two codes, and above it, that name the other.
fn all_mentions(left: &CodePage, right: &CodePage) -> Vec<Mention> {
    let mut all = mentions(left, &right.code);
    all.extend(mentions(right, &left.code));
    all
}

/// Lists the notes at a code, and at the levels up to its category, that name another code or one at or below it.
fn mentions(page: &CodePage, other: &Code) -> Vec<Mention> {
    let mut mentions = Vec::new();
    for notes in &page.notes {
        let Some(at) = Code::from_plain(other.code_set(), notes.place.name.as_bytes())
            .filter(|_| notes.place.kind == PlaceKind::Code)
        else {
            continue;
        };
        for group in &notes.groups {
            for note in &group.notes {
                let named = named_codes(other.code_set(), note);
                if named.iter().any(|named| named.is_about(other)) {
                    mentions.push(Mention {
                        at,
                        document: DocumentKind::Tabular,
                        kind: group.kind,
                        note: note.clone(),
                    });
                }
            }
        }
    }
    mentions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CodeSet;
    use crate::testing::{day, sample};

    #[test]
    fn a_note_at_one_code_that_names_the_other_is_found() {
        let day = day("2026-04-01");
        let store = sample();
        let compare = |left: &str, right: &str| {
            let options = ShowOptions::default();
            super::compare(
                &store.codes(CodeSet::Icd10Cm).unwrap(),
                left,
                right,
                day,
                options,
            )
            .unwrap()
        };
        // C7A excludes Merkel cell carcinoma (C4A.-); C4A says nothing of C7A.
        let found = compare("C7A.00", "C4A.0");
        assert_eq!(found.mentions.len(), 1);
    }

    #[test]
    fn what_two_codes_have_in_common_ends_where_their_ways_part() {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        let common = |left: &str, right: &str| -> Vec<String> {
            let options = ShowOptions::default();
            let found = compare(&codes, left, right, day("2026-04-01"), options).unwrap();
            found.common.into_iter().map(|place| place.name).collect()
        };
        assert_eq!(common("C7B.00", "C7B.02"), ["2", "C7B", "C7B", "C7B0"]);
        assert_eq!(common("C7B.00", "C7B.1"), ["2", "C7B", "C7B"]);
        assert_eq!(common("C7B.1", "C4A.0"), ["2"]);
        assert_eq!(common("C7B.1", "M54.5"), [""; 0]);
    }
}
