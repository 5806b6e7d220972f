//! What each address of the API is asked: the description of the API is derived from these, and they are read from a
//! query. Each field says what clients are told of it.

use utoipa::IntoParams;

use super::super::request::{FromQuery, Query, compared, range};
use codeyear_core::answer::{DiffScope, SearchOptions};
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{
    CodeRange, CodeSet, TypedCode, TypedDay, TypedReleases, TypedYear, typed_codes,
};

/// How many codes are found, unless the request says it.
const FOUND: usize = 20;
/// The most codes that a request may want to be found.
const MAX_FOUND: usize = 200;

/// Whether codes are valid.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CheckRequest {
    /// A code, with or without dot, or several with commas between them; repeatable. A range such as E11.0-E11.9 means
    /// its billable codes
    #[param(value_type = Vec<String>)]
    pub(super) code: Vec<TypedCode>,
    /// The date, such as 2026-03-01; also 3/1/2026, yesterday or latest; default: today
    #[param(value_type = Option<String>)]
    pub(super) on: Option<TypedDay>,
    /// Instead of a date: every date of this fiscal year, such as 2026 or FY26
    #[param(value_type = Option<String>)]
    pub(super) year: Option<TypedYear>,
    /// Its code set; default: detected from each code
    #[param(value_type = Option<String>)]
    pub(super) code_set: Option<CodeSet>,
}

impl FromQuery for CheckRequest {
    fn read(query: &mut Query) -> Result<CheckRequest> {
        let request = CheckRequest {
            code: query.all("code").iter().flat_map(|text| typed_codes(text)).collect(),
            on: query.day("on")?,
            year: query.parsed("year", "a fiscal year as in 2026").map_err(|error| error.with_hint("for a release that begins within the year give one of its days: on=2026-04-01"))?,
            code_set: query.code_set("code_set")?,
        };
        query.finish()?;
        if request.code.is_empty() {
            return Err(Error::usage("the parameter code is missing")
                .with_hint("give one code or several, as in code=C7B&code=M54.5"));
        }
        if request.year.is_some() && request.on.is_some() {
            return Err(
                Error::usage("on and year exclude each other").with_hint("leave one of them out")
            );
        }
        Ok(request)
    }
}

/// The coder's page of a code.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ShowRequest {
    /// The code, with or without dot
    pub(super) code: String,
    /// The date, such as 2026-03-01; also 3/1/2026, yesterday or latest; default: today
    #[param(value_type = Option<String>)]
    pub(super) on: Option<TypedDay>,
    /// Its code set; default: detected from the code
    #[param(value_type = Option<String>)]
    pub(super) code_set: Option<CodeSet>,
    /// 1: if the release in force has no tabular list, index or table, that of the nearest release, which is named
    #[param(value_type = Option<bool>)]
    pub(super) nearest: bool,
}

impl FromQuery for ShowRequest {
    fn read(query: &mut Query) -> Result<ShowRequest> {
        Ok(ShowRequest {
            code: query.needed_code("code", "C7B.00")?,
            on: query.day("on")?,
            code_set: query.code_set("code_set")?,
            nearest: query.flag("nearest")?,
        })
    }
}

/// How two codes differ.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CompareRequest {
    /// A code
    pub(super) left: String,
    /// The other one
    pub(super) right: String,
    /// The date, such as 2026-03-01; also 3/1/2026, yesterday or latest; default: today
    #[param(value_type = Option<String>)]
    pub(super) on: Option<TypedDay>,
    /// Its code set; default: detected from the code
    #[param(value_type = Option<String>)]
    pub(super) code_set: Option<CodeSet>,
    /// 1: as for a page
    #[param(value_type = Option<bool>)]
    pub(super) nearest: bool,
}

impl FromQuery for CompareRequest {
    fn read(query: &mut Query) -> Result<CompareRequest> {
        Ok(CompareRequest {
            left: query.needed_code("left", "C7A")?,
            right: query.needed_code("right", "C7B")?,
            on: query.day("on")?,
            code_set: query.code_set("code_set")?,
            nearest: query.flag("nearest")?,
        })
    }
}

/// The history of a code.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryRequest {
    /// The code, with or without dot
    pub(super) code: String,
    /// Its code set; default: detected from the code
    #[param(value_type = Option<String>)]
    pub(super) code_set: Option<CodeSet>,
}

impl FromQuery for HistoryRequest {
    fn read(query: &mut Query) -> Result<HistoryRequest> {
        Ok(HistoryRequest {
            code: query.needed_code("code", "M54.5")?,
            code_set: query.code_set("code_set")?,
        })
    }
}

/// Codes by words.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchRequest {
    /// Words to search for; the last one may be incomplete
    pub(super) q: String,
    /// The date, such as 2026-03-01; also 3/1/2026, yesterday or latest; default: today
    #[param(value_type = Option<String>)]
    pub(super) on: Option<TypedDay>,
    /// The code set; default: the first one listed
    #[param(value_type = Option<String>)]
    pub(super) code_set: CodeSet,
    /// The most codes to return, up to 200; default: 20
    #[param(value_type = Option<u16>)]
    pub(super) most: usize,
    /// 1: include deleted and future codes
    #[param(value_type = Option<bool>)]
    pub(super) unlisted: bool,
}

impl FromQuery for SearchRequest {
    fn read(query: &mut Query) -> Result<SearchRequest> {
        let request = SearchRequest {
            q: query.needed("q", "low back pain")?,
            on: query.day("on")?,
            code_set: query.code_set("code_set")?.unwrap_or_default(),
            most: query.parsed("most", "a number as in 20")?.unwrap_or(FOUND),
            unlisted: query.flag("unlisted")?,
        };
        query.finish()?;
        if request.most == 0 {
            return Err(Error::usage("most is 0").with_hint("ask for one code at least"));
        }
        if request.most > MAX_FOUND {
            return Err(Error::usage(format!(
                "most is {}; at most {MAX_FOUND} codes are returned",
                request.most
            ))
            .with_hint("narrow the search with another word"));
        }
        Ok(request)
    }
}

impl SearchRequest {
    pub(super) fn options(&self) -> SearchOptions {
        SearchOptions {
            most: self.most,
            unlisted: self.unlisted,
        }
    }
}

/// What changed between two releases.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DiffRequest {
    /// A loaded release, such as FY2025, or a date in it; default: the one before the other. Or both: FY2025..FY2026
    #[param(value_type = Option<String>)]
    pub(super) old: Option<TypedReleases>,
    /// Another one, such as FY2026, or a date in it; default: the newest. Or both: FY2025..FY2026
    #[param(value_type = Option<String>)]
    pub(super) new: Option<TypedReleases>,
    /// The code set; default: the first one listed
    #[param(value_type = Option<String>)]
    pub(super) code_set: CodeSet,
    /// Only these codes with their subcodes, or ranges such as C76-C80
    #[param(value_type = Option<Vec<String>>)]
    pub(super) under: Vec<CodeRange>,
    /// 1: the notes of the tabular lists too
    #[param(value_type = Option<bool>)]
    pub(super) notes: bool,
}

impl FromQuery for DiffRequest {
    fn read(query: &mut Query) -> Result<DiffRequest> {
        let old = query.releases("old")?;
        let new = query.releases("new")?;
        if old.is_none() && new.is_none() {
            return Err(Error::usage("neither old nor new is given")
                .with_hint("give one release or both, as in old=FY2025&new=FY2026"));
        }
        let code_set = query.code_set("code_set")?.unwrap_or_default();
        let notes = query.flag("notes")?;
        let under = query.all("under");
        let under = under.iter().flat_map(|text| text.split(',')).map(str::trim);
        let under = under.filter(|text| !text.is_empty());
        let under = under.map(|text| range(code_set, text));
        Ok(DiffRequest {
            old,
            new,
            code_set,
            under: under.collect::<Result<_>>()?,
            notes,
        })
    }
}

impl DiffRequest {
    /// Returns the releases that are to be compared.
    pub(super) fn releases(&self) -> Result<TypedReleases> {
        compared(self.old, self.new)
    }

    /// Returns what the comparison is narrowed to.
    pub(super) fn scope(&self) -> DiffScope {
        DiffScope {
            notes: self.notes,
            under: self.under.clone(),
            ..DiffScope::default()
        }
    }
}

/// What is loaded.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ReleasesRequest {
    /// The code set; default: all
    #[param(value_type = Option<String>)]
    pub(super) code_set: Option<CodeSet>,
}

impl FromQuery for ReleasesRequest {
    fn read(query: &mut Query) -> Result<ReleasesRequest> {
        Ok(ReleasesRequest {
            code_set: query.code_set("code_set")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<R: FromQuery>(text: &str) -> std::result::Result<R, String> {
        let read = || -> Result<R> {
            let mut query = Query::read(text)?;
            let request = R::read(&mut query)?;
            query.finish()?;
            Ok(request)
        };
        read().map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_out_has_the_value_that_the_description_names() {
        let search: SearchRequest = read("q=fracture").unwrap();
        assert_eq!((search.most, search.unlisted), (20, false));
        assert_eq!((search.code_set, search.on), (CodeSet::Icd10Cm, None));
        let show: ShowRequest = read("code=C7B&on=&nearest=1").unwrap();
        assert!(show.nearest && show.on.is_none() && show.code_set.is_none());
    }

    #[test]
    fn what_is_missing_given_twice_or_not_known_is_refused() {
        let refused = |query: &str| read::<ShowRequest>(query).unwrap_err();
        assert_eq!(refused("on=2026-03-01"), "the parameter code is missing");
        assert_eq!(refused("code=C7B&code=C7A"), "code is given 2 times");
        assert_eq!(
            refused("code=C7B&on=1.3.2026"),
            "\"1.3.2026\" is not a date: expected one such as 2026-03-01, 3/1/2026 (month first) or Mar 1 2026, or today, yesterday, tomorrow, latest"
        );
        assert_eq!(
            refused("code=C7B&on=2026-02-30"),
            "\"2026-02-30\" is not a date: February 2026 has 28 days"
        );
        assert_eq!(
            refused("code=C7B&nearest=yes"),
            "nearest cannot be read: expected 1 or 0"
        );
        assert_eq!(
            refused("code=C7B&day=2026-03-01"),
            "the query has an unknown parameter"
        );
    }

    #[test]
    fn a_year_is_asked_for_whole_and_without_a_day() {
        let refused = |query: &str| read::<CheckRequest>(query).unwrap_err();
        assert_eq!(refused("year=2026"), "the parameter code is missing");
        assert_eq!(
            refused("code=C7B&year=2026&on=2026-03-01"),
            "on and year exclude each other"
        );
        assert!(refused("code=C7B&year=FY2026-04").starts_with("year cannot be read"));
        let year: CheckRequest = read("code=C7B&code=A00&year=2026").unwrap();
        let codes = ["C7B", "A00"].map(|code| TypedCode::One(code.to_owned()));
        assert_eq!(year.code, codes);
        assert_eq!(year.year, "2026".parse().ok());
        let typed: CheckRequest = read("code=C7B,+A00&year=26").unwrap();
        assert_eq!((typed.code, typed.year), (year.code, year.year));
    }

    #[test]
    fn more_codes_than_are_given_are_not_asked_for() {
        assert!(read::<SearchRequest>("q=pain&most=200").is_ok());
        let refused = read::<SearchRequest>("q=pain&most=201").unwrap_err();
        assert_eq!(refused, "most is 201; at most 200 codes are returned");
    }

    #[test]
    fn a_comparison_is_narrowed_to_codes_and_ranges() {
        let narrowed = "old=FY2025&new=FY2026&under=C7A&under=C76-C80&notes=true";
        let scope = read::<DiffRequest>(narrowed).unwrap().scope();
        assert_eq!((scope.under.len(), scope.notes), (2, true));
        // What is not known is said after what cannot be read.
        let wrong = "old=FY2025&new=FY2026&under=C7&unknown=1";
        let refused = read::<DiffRequest>(wrong).unwrap_err();
        assert!(refused.contains("at least 3 characters"), "{refused}");
        let refused = read::<DiffRequest>("old=2025x&new=FY2026").unwrap_err();
        assert_eq!(
            refused,
            "old cannot be read: expected a release as in FY2026, a day of it, latest, or two as in FY2025..FY2026"
        );
        let sides = |query: &str| read::<DiffRequest>(query).unwrap().releases();
        let both = sides("old=FY2025..FY2026").unwrap();
        assert_eq!(both, sides("old=FY2025&new=FY2026").unwrap());
        assert_eq!(both, sides("new=FY2025..FY2026").unwrap());
        assert!(sides("old=FY2025..FY2026&new=FY2027").is_err());
    }
}
