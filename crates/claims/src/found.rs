//! What there is to say of one code of a claim, in the columns that every sink writes.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::claim::ProblemKind;
use super::finding::{Finding, UseBasis};
use super::not_judged::NotJudged;
use codeyear_core::model::{ReleaseId, VerdictKind};

/// The columns that an annotated row gets for each code.
pub(super) const COLUMNS: [&str; 7] = [
    "verdict",
    "release",
    "day",
    "use",
    "use_count",
    "use_by",
    "why",
];

/// The bit of the release among [`COLUMNS`].
const RELEASE: u8 = 1 << 1;

/// Which of the columns are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundColumns(u8);

impl Default for FoundColumns {
    /// Returns all of them.
    fn default() -> FoundColumns {
        FoundColumns(u8::MAX)
    }
}

impl FoundColumns {
    /// The names of the columns, in their order.
    pub const NAMES: [&'static str; 7] = COLUMNS;

    /// Returns those with these names, in any case; a name that none has is passed over.
    pub fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> FoundColumns {
        let bit = |name: &str| {
            let mut columns = COLUMNS.iter();
            columns.position(|column| column.eq_ignore_ascii_case(name))
        };
        let bits = names.into_iter().filter_map(bit);
        FoundColumns(bits.fold(0, |all, at| all | 1 << at))
    }

    /// Returns the release, if it is among them.
    pub(super) fn release_alone(self) -> FoundColumns {
        FoundColumns(self.0 & RELEASE)
    }

    /// Returns those before it.
    pub(super) fn before_release(self) -> FoundColumns {
        FoundColumns(self.0 & (RELEASE - 1))
    }

    /// Returns those behind it.
    pub(super) fn behind_release(self) -> FoundColumns {
        FoundColumns(self.0 & !(RELEASE | (RELEASE - 1)))
    }

    /// Checks whether the column at a place is among them.
    pub(super) fn has(self, at: usize) -> bool {
        self.0 & 1 << at != 0
    }

    /// Checks whether they say no more of a code than how it was judged, and by which release.
    pub(super) fn are_brief(self) -> bool {
        self.names()
            .all(|name| matches!(name, "verdict" | "release"))
    }

    /// Checks whether a column is among them.
    pub(super) fn has_name(self, name: &str) -> bool {
        let at = COLUMNS.iter().position(|column| *column == name);
        at.is_some_and(|at| self.has(at))
    }

    /// Lists the names.
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        let all = COLUMNS.into_iter().enumerate();
        all.filter(move |(at, _)| self.has(*at))
            .map(|(_, name)| name)
    }

    /// Lists the cells of these columns.
    pub(super) fn of<T>(self, cells: [T; 7]) -> impl Iterator<Item = T> {
        let all = cells.into_iter().enumerate();
        all.filter(move |(at, _)| self.has(*at))
            .map(|(_, cell)| cell)
    }
}

/// What was found of one code.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'f> {
    /// No code stands there.
    Nothing,
    /// It is not judged, for this reason.
    NotJudged(&'f NotJudged),
    /// It is billable, by this release.
    Billable(Option<ReleaseId>),
    /// It is not, by this release.
    Fails(&'f Finding, Option<ReleaseId>),
    /// It cannot be read.
    Unreadable(&'f ProblemKind),
}

impl<'f> Found<'f> {
    #[inline]
    pub(super) fn verdict(self) -> &'static str {
        match self {
            Found::Nothing => "",
            Found::NotJudged(_) => "not-judged",
            Found::Billable(_) => VerdictKind::Billable.name(),
            Found::Fails(finding, _) => finding.verdict.name(),
            Found::Unreadable(_) => "unreadable",
        }
    }

    #[inline]
    pub(super) fn release(self) -> Option<ReleaseId> {
        match self {
            Found::Billable(release) | Found::Fails(_, release) => release,
            Found::Nothing | Found::NotJudged(_) | Found::Unreadable(_) => None,
        }
    }

    #[inline]
    pub(super) fn finding(self) -> Option<&'f Finding> {
        match self {
            Found::Fails(finding, _) => Some(finding),
            _ => None,
        }
    }

    /// Returns why it fails or cannot be read, in words without a value of the claim.
    #[inline]
    pub(super) fn why(self) -> Cow<'f, str> {
        match self {
            Found::Fails(finding, _) => finding.why.as_str().into(),
            Found::Unreadable(problem) => problem.to_string().into(),
            Found::NotJudged(reason) => reason.why().into(),
            Found::Nothing | Found::Billable(_) => "".into(),
        }
    }

    /// Returns the codes to use instead.
    #[inline]
    pub(super) fn uses(self, dots: bool) -> String {
        let uses = self.finding().map_or(&[][..], |finding| &finding.uses);
        let mut codes = String::with_capacity(uses.len() * 9);
        for code in uses {
            if !codes.is_empty() {
                codes.push(' ');
            }
            match code.parts() {
                (before, behind) if dots && !behind.is_empty() => {
                    codes.extend([before, ".", behind]);
                }
                _ => codes.push_str(code.as_str()),
            }
        }
        codes
    }

    /// Returns how many there are in all.
    #[inline]
    pub(super) fn use_count(self) -> Option<usize> {
        let count = self.finding().map(|finding| finding.use_count);
        count.filter(|count| *count > 0)
    }

    /// Returns why these.
    #[inline]
    pub(super) fn use_basis(self) -> Option<&'static str> {
        let basis = self.finding().and_then(|finding| finding.use_basis);
        basis.map(UseBasis::name)
    }

    /// Returns the day that the finding names.
    #[inline]
    pub(super) fn day(self) -> Option<NaiveDate> {
        self.finding()?.day
    }

    /// Returns its cells, in the order of [`COLUMNS`].
    pub(super) fn cells(self, dots: bool) -> [Cow<'f, str>; 7] {
        fn text(value: Option<impl ToString>) -> Cow<'static, str> {
            value.map_or("".into(), |value| value.to_string().into())
        }
        [
            self.verdict().into(),
            text(self.release()),
            text(self.day()),
            self.uses(dots).into(),
            text(self.use_count()),
            self.use_basis().unwrap_or_default().into(),
            self.why(),
        ]
    }
}
