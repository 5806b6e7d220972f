//! What someone typed for releases and ranges of codes, as the loaded releases have it.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;

use super::basis::{not_covered, release_not_loaded};
use super::detect::code_set_of;
use crate::error::{Error, Result};
use crate::model::{
    Book, Code, CodeRange, CodeSet, ReleaseId, Timeline, TypedCode, TypedRelease, TypedReleases,
    day_before,
};
use crate::store::Store;

/// Returns the release that is meant: the named one, whether or not it is loaded, or the loaded one that governs a day.
///
/// # Errors
/// [`crate::ErrorKind::NotFound`] if no loaded release governs the day.
pub fn typed_release(
    loaded: &Timeline,
    asked: TypedRelease,
    today: NaiveDate,
) -> Result<ReleaseId> {
    match asked {
        TypedRelease::Named(name) => Ok(name.of(loaded.code_set())),
        TypedRelease::On(day) => {
            let day = day.on(today, loaded);
            let governing = loaded.governing(day);
            governing
                .map(|period| period.release)
                .ok_or_else(|| not_covered(loaded, day))
        }
    }
}

/// Returns the two releases that are to be compared, the older side first: where one is left out, the loaded release
/// before the other one, or the newest.
///
/// # Errors
/// As [`typed_release`], and [`crate::ErrorKind::NotFound`] if none is loaded where one was left out.
pub fn typed_releases(
    loaded: &Timeline,
    asked: TypedReleases,
    today: NaiveDate,
) -> Result<(ReleaseId, ReleaseId)> {
    let name = loaded.code_set().name();
    let new = match asked.new {
        Some(new) => typed_release(loaded, new, today)?,
        None => {
            let newest = loaded.periods().last();
            newest.map(|period| period.release).ok_or_else(|| {
                Error::not_found(format!("no {name} release is loaded"))
                    .with_hint("import one with codeyear import")
            })?
        }
    };
    if asked.new.is_none()
        && let Some(old) = asked.old
        && typed_release(loaded, old, today)? == new
    {
        return Err(
            Error::not_found(format!("{new} is the newest loaded {name} release"))
                .with_hint("name the release to compare it with"),
        );
    }
    let old = match asked.old {
        Some(old) => typed_release(loaded, old, today)?,
        None if loaded
            .periods()
            .last()
            .is_some_and(|newest| newest.release < new) =>
        {
            return Err(release_not_loaded(loaded.code_set(), new));
        }
        None => {
            // Where a year is missing, what stands before it is not what was in force until then.
            let last_day_before = day_before(new.effective_from());
            let before = loaded.governing(last_day_before);
            before.map(|period| period.release).ok_or_else(|| {
                Error::not_found(format!(
                    "no {name} release loaded for {last_day_before}, the day before {new}"
                ))
                .with_hint("name the two releases to compare, as in codeyear diff FY2025 FY2026")
            })?
        }
    };
    Ok((old, new))
}

/// Reads the one code of a question, as someone types it.
///
/// # Errors
/// [`crate::ErrorKind::Usage`] if it is no code of the set; the hint tells if it is one of another set.
pub(super) fn typed_code_of(code_set: CodeSet, text: &str) -> Result<Code> {
    code_set.read_typed(text).map_err(|error| {
        let mut others = CodeSet::ALL.into_iter();
        let other = others.find(|other| other.read_typed(text).is_ok());
        let hint = match (other, code_set.facts().book) {
            (Some(other), _) => format!("it has the form of an {} code", other.name()),
            (None, Book::Tables) => {
                "write all seven characters, or the first three of a table".to_owned()
            }
            (None, _) => "write a code such as C7B.00, with or without its dot".to_owned(),
        };
        Error::usage(error.to_string()).with_hint(hint)
    })
}

/// What a range of codes holds on some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodesOfRange {
    /// The billable codes in tabular order, those of the first day first.
    pub billable: Vec<Code>,
    /// How many headers stand among them.
    pub headers: usize,
}

/// What a typed code asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpeltOut {
    /// One code, or a text that is none.
    One(String),
    /// The codes of a range.
    Range {
        /// The range.
        range: CodeRange,
        /// What it holds.
        codes: CodesOfRange,
    },
}

/// Ranges of codes on days; what is listed on a day is read once for all of them.
#[derive(Debug)]
pub struct TypedRanges<'s> {
    store: &'s Store,
    /// Each code in tabular order, and whether it is billable.
    listings: HashMap<(CodeSet, NaiveDate), Vec<(Code, bool)>>,
}

impl<'s> TypedRanges<'s> {
    /// Returns ranges of a store, of which nothing is read yet.
    pub fn new(store: &'s Store) -> TypedRanges<'s> {
        TypedRanges {
            store,
            listings: HashMap::new(),
        }
    }

    /// Returns what a typed code asks for: of a range the codes that are billable on any of the days, which may rest on
    /// the releases of its code set. What is no range of the code set is one text, and no code.
    ///
    /// # Errors
    /// As [`TypedRanges::codes`].
    pub fn spell_out(
        &mut self,
        typed: &TypedCode,
        stated: Option<CodeSet>,
        days: impl FnOnce(&Timeline) -> Vec<NaiveDate>,
    ) -> Result<SpeltOut> {
        let (first, last) = match typed {
            TypedCode::One(code) => return Ok(SpeltOut::One(code.clone())),
            TypedCode::Range(first, last) => (first, last),
        };
        let code_set = code_set_of(self.store, stated, first)?;
        let Some(range) = typed.range(code_set) else {
            return Ok(SpeltOut::One(format!("{first}-{last}")));
        };
        let days = days(&self.store.timeline(code_set)?);
        let codes = self.codes(&range, &days)?;
        Ok(SpeltOut::Range { range, codes })
    }

    /// Lists the codes of a range that are billable on any of some days.
    ///
    /// An end of the range that is not listed means the nearest code of its category within the range; a category that
    /// is not listed, as the numbers of blocks may be, the nearest category.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] if no loaded release governs a day, or if nothing of the range is billable on any
    /// of them; [`crate::ErrorKind::Usage`] if the ends are the wrong way round.
    pub fn codes(&mut self, range: &CodeRange, days: &[NaiveDate]) -> Result<CodesOfRange> {
        let mut billable = Vec::new();
        let mut known: BTreeSet<Code> = BTreeSet::new();
        for day in days {
            let listing = self.listing(range.first.code_set(), *day)?;
            for (code, is_billable) in within(listing, |(code, _)| *code, range)? {
                if known.insert(*code) && *is_billable {
                    billable.push(*code);
                }
            }
        }
        if billable.is_empty() {
            let day = days.first().map_or_else(String::new, ToString::to_string);
            let (first, last) = (range.first, range.last);
            return Err(Error::not_found(format!(
                "no code in {first}-{last} is billable on {day}"
            ))
            .with_hint("name two codes that are listed on that date, in tabular order"));
        }
        Ok(CodesOfRange {
            headers: known.len() - billable.len(),
            billable,
        })
    }

    fn listing(&mut self, code_set: CodeSet, day: NaiveDate) -> Result<&[(Code, bool)]> {
        let listing = match self.listings.entry((code_set, day)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let timeline = self.store.timeline(code_set)?;
                if timeline.governing(day).is_none() {
                    return Err(not_covered(&timeline, day));
                }
                let listed = self.store.listing_on(code_set, day)?;
                let codes = listed.iter().map(|entry| (entry.code, entry.billable));
                new.insert(codes.collect())
            }
        };
        Ok(listing)
    }
}

/// Returns what of a listing in tabular order a range holds; nothing if one of its ends is not listed.
pub(super) fn within<'l, T>(
    listing: &'l [T],
    code_of: impl Fn(&T) -> Code,
    range: &CodeRange,
) -> Result<&'l [T]> {
    let find = |is_first: bool, is_at: &dyn Fn(Code) -> bool| match is_first {
        true => listing.iter().position(|one| is_at(code_of(one))),
        false => listing.iter().rposition(|one| is_at(code_of(one))),
    };
    let end = |is_first: bool| {
        let asked = if is_first { range.first } else { range.last };
        let is_past = |code: Code| match is_first {
            true => code >= asked,
            false => code <= asked,
        };
        // Of an end that is not listed the nearest code of its category is meant, of a category the nearest one.
        let in_category = |code: Code| code.category() == asked.category() && is_past(code);
        let in_range = |code: Code| (range.first..=range.last).contains(&code.category());
        find(is_first, &|code| code.is_under(&asked))
            .or_else(|| find(is_first, &in_category))
            .or_else(|| {
                (asked == asked.category())
                    .then(|| find(is_first, &in_range))
                    .flatten()
            })
    };
    let (Some(first), Some(last)) = (end(true), end(false)) else {
        return Ok(&[]);
    };
    let held = (first <= last).then(|| listing.get(first..=last));
    held.flatten().ok_or_else(|| {
        let (first, last) = (range.first, range.last);
        Error::usage(format!("{first} comes after {last} in tabular order"))
            .with_hint(format!("write the range as {last}-{first}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::TypedDay;
    use crate::testing::{cm, day, dotted, release, sample};

    fn loaded(releases: &[&str]) -> Timeline {
        Timeline::new(CodeSet::Icd10Cm, releases.iter().map(|id| release(id)))
    }

    #[test]
    fn what_is_left_out_of_a_comparison_is_the_release_before_or_the_newest() {
        let loaded = loaded(&["FY2023", "FY2025", "FY2025-04", "FY2026"]);
        let today = day("2026-03-01");
        let pair = |text: &str| {
            let (old, new) = typed_releases(&loaded, text.parse().unwrap(), today)?;
            Ok::<_, Error>(format!("{old} {new}"))
        };
        for (text, expected) in [
            ("FY2026", "FY2025-04 FY2026"),
            ("latest", "FY2025-04 FY2026"),
            ("today", "FY2025-04 FY2026"),
            ("FY2025..", "FY2025 FY2026"),
            ("4/30/2025", "FY2025 FY2025-04"),
            ("9/30/2025..10/1/2025", "FY2025-04 FY2026"),
            // Whether a release that is named is loaded is asked afterwards.
            ("FY2030..FY2031", "FY2030 FY2031"),
        ] {
            assert_eq!(pair(text).unwrap(), expected, "{text}");
        }
        assert_eq!(pair("FY2025").unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(pair("10/1/2026").unwrap_err().kind(), ErrorKind::NotFound);
        let none = Timeline::new(CodeSet::Icd10Cm, []);
        let asked = "latest".parse().unwrap();
        assert!(typed_releases(&none, asked, today).is_err());
        assert_eq!(TypedDay::Latest.on(today, &none), today);
    }

    #[test]
    fn a_range_is_its_billable_codes_on_the_days() {
        let store = sample();
        let codes = |range: &str, days: &[&str]| {
            let range = CodeRange::parse(CodeSet::Icd10Cm, range).unwrap();
            let days: Vec<NaiveDate> = days.iter().map(|text| day(text)).collect();
            TypedRanges::new(&store).codes(&range, &days)
        };
        let found = codes("C7A-C7B", &["2026-03-01"]).unwrap();
        assert!(found.headers > 0 && found.billable.contains(&cm("C7B.00")));
        assert!(!found.billable.contains(&cm("C7B")));
        let written = dotted(&found.billable);
        let mut sorted = written.clone();
        sorted.sort();
        assert_eq!(written, sorted);
        // M54.5 was billable before its codes came.
        let found = codes("M54.5", &["2021-09-30", "2021-10-01"]).unwrap();
        assert!(found.billable.len() > 1 && found.billable.contains(&cm("M54.5")));
        // E11.7 is no code: what is nearest before it ends the range.
        let ends = codes("C7B.05-C7B.7", &["2026-03-01"]).unwrap().billable;
        assert_eq!(dotted(&ends), ["C7B.09", "C7B.1"]);
        // A category that the book does not have stands for the nearest within.
        assert!(codes("U00-U49", &["2026-03-01"]).is_ok());
        for (range, days, kind) in [
            ("C7B-C7A", "2026-03-01", ErrorKind::Usage),
            ("C99.9-C99", "2026-03-01", ErrorKind::NotFound),
            ("C7A-C7B", "2015-03-01", ErrorKind::NotFound),
        ] {
            assert_eq!(codes(range, &[days]).unwrap_err().kind(), kind, "{range}");
        }
    }
}
