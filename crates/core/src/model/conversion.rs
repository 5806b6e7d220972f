//! The official conversion table of ICD-10-CM: which codes stood for a new code before it came.
//!
//! Each row names a new code, the day it took effect and, in free text, its "previous code(s)
//! assignment". A row is kept as it was published whatever it says: what cannot be read is a
//! [`RowFlaw`], never a missing row. Ranges stay ranges here; [`PreviousPart::expand`] turns them
//! into codes by the tabular order of a release.

use std::collections::BTreeSet;
use std::fmt;

use chrono::NaiveDate;

use crate::model::{Code, DocumentKind, Malformed, MalformedCode};

/// A conversion table as published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversionTable {
    /// The title of the sheet; `None` for a CSV file. It may carry the wrong year: the sheet of
    /// FY2023's table says FY22.
    pub sheet: Option<String>,
    /// The prose above the header row, verbatim.
    pub heading: String,
    /// Every row below the header row that is not wholly blank, in the table's order.
    pub rows: Vec<ConversionRow>,
}

impl ConversionTable {
    /// Checks whether another table says the same, row by row in the same sequence: the same current code,
    /// first day and previous codes.
    ///
    /// A table is posted as a workbook and as a CSV file: title rows, the writing of days, quotes and
    /// blanks around a cell do not count.
    pub fn same_rows(&self, other: &ConversionTable) -> bool {
        let same = |one: &ConversionRow, two: &ConversionRow| {
            one.effective_from == two.effective_from
                && match (one.code, two.code) {
                    (None, None) => words(&one.current).eq(words(&two.current)),
                    (one, two) => one == two,
                }
                && match (&one.reading, &two.reading) {
                    (Previous::Unreadable { .. }, Previous::Unreadable { .. }) => {
                        words(&one.previous).eq(words(&two.previous))
                    }
                    (one, two) => one == two,
                }
        };
        self.rows.len() == other.rows.len()
            && self
                .rows
                .iter()
                .zip(&other.rows)
                .all(|(one, two)| same(one, two))
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
}

/// One row of a conversion table: its three cells verbatim, and what they read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversionRow {
    /// The row of the sheet or the line of the CSV file, counted from 1.
    pub row: u32,
    /// The cell "Current code assignment", verbatim: `H93.A1 ` has a trailing blank.
    pub current: String,
    /// The current code, if the cell reads as one code.
    pub code: Option<Code>,
    /// The cell "Effective", verbatim; a date cell, which has no text, as `2020-04-01`.
    pub effective: String,
    /// The first day of the current code: year N is October 1 of N, a date cell is that day.
    pub effective_from: Option<NaiveDate>,
    /// The cell "Previous Code(s) Assignment", verbatim.
    pub previous: String,
    /// What that cell says.
    pub reading: Previous,
}

/// What the cell "Previous Code(s) Assignment" says.
///
/// `and`, `AND` and `&` join codes that were reported **together**; commas, semicolons and `or`
/// list codes of which **one** was reported. The tables bear this out: G56.03 (bilateral) was
/// `G56.01 and G56.02` (right and left), M84.750A (unspecified leg) was
/// `S72.8X1A, S72.8X2A, S72.8X9A` (right, left or unspecified). A comma list whose last item is
/// joined by `and` is an English enumeration: H02.20C (both eyes, upper and lower lid) was
/// `H02.201, H02.202, H02.204 and H02.205`, all four together. `H44.20-H44.23 and H35.30` is one
/// code of the range together with H35.30. Anything that mixes the two otherwise occurs in no table
/// and is unreadable rather than guessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Previous {
    /// `None`: nothing came before.
    None,
    /// Codes: one of each group, the groups together. Never empty.
    Codes {
        /// The groups, in the order of the cell.
        groups: Vec<PreviousGroup>,
    },
    /// The cell does not read as any of this.
    Unreadable {
        /// Why not, in words.
        reason: String,
    },
}

/// Parts of which one was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousGroup {
    /// The parts, in the order of the cell. Never empty.
    pub alternatives: Vec<PreviousPart>,
}

/// One part of the cell "Previous Code(s) Assignment".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PreviousPart {
    /// One code: `A04.7`.
    Code(Code),
    /// A code from those below a code: `I63.-`, `a code from R11-`.
    Below(Code),
    /// A code of a range in tabular order, both ends with all below them: `I60.20-I60.22`.
    Range {
        /// The first code.
        first: Code,
        /// The last code.
        last: Code,
    },
    /// A code of a range of categories: `Codes in Categories T15-T19`.
    Categories {
        /// The first category.
        first: Code,
        /// The last category.
        last: Code,
    },
}

impl Previous {
    /// Checks whether several codes were reported together, so that none of them alone stands for
    /// the current code.
    pub fn is_combination(&self) -> bool {
        matches!(self, Previous::Codes { groups } if groups.len() > 1)
    }

    /// Returns the groups of codes; none unless codes are named.
    pub fn groups(&self) -> &[PreviousGroup] {
        match self {
            Previous::Codes { groups } => groups,
            Previous::None | Previous::Unreadable { .. } => &[],
        }
    }

    /// Returns every part, of whatever group.
    pub fn parts(&self) -> impl Iterator<Item = &PreviousPart> {
        self.groups().iter().flat_map(|group| &group.alternatives)
    }

    /// Checks whether the cell names a code itself, rather than a range that it lies in.
    pub fn names(&self, code: &Code) -> bool {
        self.parts()
            .any(|part| matches!(part, PreviousPart::Code(named) if named == code))
    }

    /// Returns the groups with every part expanded over a tabular order, each code once a group.
    pub fn expand(&self, order: &TabularOrder) -> Vec<Vec<Code>> {
        let expand_group = |group: &PreviousGroup| {
            let mut known = BTreeSet::new();
            let parts = group.alternatives.iter();
            // A range may hold thousands, so that a search among those before would take long.
            parts
                .flat_map(|part| part.expand(order).codes)
                .filter(|code| known.insert(*code))
                .collect()
        };
        self.groups().iter().map(expand_group).collect()
    }
}

impl PreviousPart {
    /// Returns the codes that the part stands for: of the release whose tabular order this is, in that
    /// order. Which release, and whether headers are in it, is for the caller to say: a table speaks of
    /// codes that were billable on the eve of the row's day.
    ///
    /// A range goes by position, never by the order of strings: C4A lies between C43 and C44. A code
    /// stands for itself even if the order lacks it, because the table says so; [`Expansion::missing`]
    /// tells.
    pub fn expand(&self, order: &TabularOrder) -> Expansion {
        match *self {
            PreviousPart::Code(code) => Expansion {
                codes: vec![code],
                missing: if order.lists(&code) {
                    Vec::new()
                } else {
                    vec![code]
                },
            },
            PreviousPart::Below(code) => {
                let mut codes = order.between(order.positions_under(&code), None);
                codes.retain(|below| *below != code);
                let missing = if codes.is_empty() {
                    vec![code]
                } else {
                    Vec::new()
                };
                Expansion { codes, missing }
            }
            PreviousPart::Range { first, last } | PreviousPart::Categories { first, last } => {
                let from = order.positions_under(&first);
                let to = order.positions_under(&last);
                let mut missing = Vec::new();
                if from.is_none() {
                    missing.push(first);
                }
                if to.is_none() && last != first {
                    missing.push(last);
                }
                // With an end missing, where the range begins or ends would be a guess.
                let codes = if missing.is_empty() {
                    order.between(from, to)
                } else {
                    Vec::new()
                };
                Expansion { codes, missing }
            }
        }
    }

    /// Returns the codes that the part names: itself, or its ends.
    pub fn named(&self) -> impl Iterator<Item = Code> {
        let (first, last) = match *self {
            PreviousPart::Code(code) | PreviousPart::Below(code) => (code, None),
            PreviousPart::Range { first, last } | PreviousPart::Categories { first, last } => {
                (first, Some(last))
            }
        };
        std::iter::once(first).chain(last)
    }
}

/// The codes that a part of a cell stands for, and what the tabular order lacks of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expansion {
    /// The codes, in tabular order. Empty for a range with an end missing, and for one whose last end
    /// stands before its first.
    pub codes: Vec<Code>,
    /// The named code, or the ends with nothing at or below them, that the order lacks.
    pub missing: Vec<Code>,
}

/// The codes of a release in tabular order, made so that a range is found quickly.
#[derive(Debug, Clone)]
pub struct TabularOrder {
    listing: Vec<Code>,
    /// The codes and their positions, by code: all codes below one stand together.
    by_code: Vec<(Code, usize)>,
}

impl TabularOrder {
    /// Makes one of codes in tabular order: all of a release, or those of interest, such as the billable ones.
    pub fn new(listing: Vec<Code>) -> TabularOrder {
        let mut by_code: Vec<(Code, usize)> = listing
            .iter()
            .enumerate()
            .map(|(position, code)| (*code, position))
            .collect();
        by_code.sort_unstable();
        TabularOrder { listing, by_code }
    }

    /// Checks whether the code itself is listed.
    pub fn lists(&self, code: &Code) -> bool {
        self.by_code
            .binary_search_by(|(listed, _)| listed.cmp(code))
            .is_ok()
    }

    /// Finds the first and the last position of a code with all below it.
    fn positions_under(&self, code: &Code) -> Option<(usize, usize)> {
        let start = self.by_code.partition_point(|(listed, _)| listed < code);
        let mut under = self
            .by_code
            .iter()
            .skip(start)
            .take_while(|(listed, _)| listed.is_under(code))
            .map(|(_, position)| *position);
        let first = under.next()?;
        Some(under.fold((first, first), |(low, high), at| {
            (low.min(at), high.max(at))
        }))
    }

    /// Returns the listed codes from the first position of one to the last of the other.
    fn between(&self, from: Option<(usize, usize)>, to: Option<(usize, usize)>) -> Vec<Code> {
        let Some((first, last)) = from.map(|(first, last)| (first, to.map_or(last, |to| to.1)))
        else {
            return Vec::new();
        };
        self.listing.get(first..=last).unwrap_or_default().to_vec()
    }
}

/// Something that keeps a row from being a full fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowFlaw {
    /// The first cell is not one code.
    CurrentUnreadable {
        /// Why not.
        reason: Malformed,
    },
    /// The second cell is neither a year nor a date.
    EffectiveUnreadable,
    /// The third cell cannot be read.
    PreviousUnreadable {
        /// Why not.
        reason: String,
    },
    /// The current code is in no release: E11.3X11.
    CurrentUnlisted {
        /// The code.
        code: Code,
    },
    /// The third cell names codes, or ends of ranges, that the releases before the row's day lack.
    PreviousUnlisted {
        /// The codes.
        codes: Vec<Code>,
    },
}

impl fmt::Display for RowFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RowFlaw::CurrentUnreadable { reason } => {
                write!(f, "the current code cannot be read: {reason}")
            }
            RowFlaw::EffectiveUnreadable => {
                f.write_str("the effective date is neither a year nor a date")
            }
            RowFlaw::PreviousUnreadable { reason } => {
                write!(f, "the previous codes cannot be read: {reason}")
            }
            RowFlaw::CurrentUnlisted { code } => {
                write!(f, "the current code {} is in no release", code)
            }
            RowFlaw::PreviousUnlisted { codes } => {
                let codes: Vec<String> = codes.iter().map(|code| code.to_string()).collect();
                write!(
                    f,
                    "the previous code {} was not billable on the day before",
                    codes.join(", ")
                )
            }
        }
    }
}

impl ConversionRow {
    /// Returns what keeps the row from being read, cell by cell. Empty for a row that reads whole.
    pub fn flaws(&self) -> Vec<RowFlaw> {
        let mut flaws = Vec::new();
        let read = DocumentKind::ConversionTable
            .code_set()
            .parse_code(&self.current);
        debug_assert_eq!(read.as_ref().ok(), self.code.as_ref());
        if let Err(MalformedCode { reason, .. }) = read {
            flaws.push(RowFlaw::CurrentUnreadable { reason });
        }
        if self.effective_from.is_none() {
            flaws.push(RowFlaw::EffectiveUnreadable);
        }
        if let Previous::Unreadable { reason } = &self.reading {
            flaws.push(RowFlaw::PreviousUnreadable {
                reason: reason.clone(),
            });
        }
        flaws
    }

    /// Returns the flaws that only the releases show, besides [`ConversionRow::flaws`]: a code that no
    /// release lists, and previous codes that were not billable on the eve of the row's day.
    ///
    /// `is_listed` tells whether any release lists a code; `eve` is the order of the codes that were
    /// billable on the day before [`ConversionRow::effective_from`], if a release covers it.
    pub fn flaws_against(
        &self,
        is_listed: impl Fn(&Code) -> bool,
        eve: Option<&TabularOrder>,
    ) -> Vec<RowFlaw> {
        let mut flaws = Vec::new();
        if let Some(code) = self.code.filter(|code| !is_listed(code)) {
            flaws.push(RowFlaw::CurrentUnlisted { code });
        }
        if let Some(order) = eve {
            let codes: Vec<Code> = self
                .reading
                .parts()
                .flat_map(|part| part.expand(order).missing)
                .collect();
            if !codes.is_empty() {
                flaws.push(RowFlaw::PreviousUnlisted { codes });
            }
        }
        flaws
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CodeSet;

    fn code(text: &str) -> Code {
        CodeSet::Icd10Cm.parse_code(text).unwrap()
    }

    fn order(codes: &[&str]) -> TabularOrder {
        TabularOrder::new(codes.iter().map(|text| code(text)).collect())
    }

    fn texts(codes: &[Code]) -> Vec<&str> {
        codes.iter().map(Code::as_str).collect()
    }

    // FY2026, cut to some codes: C4A after C43 and before C44.
    fn skin() -> TabularOrder {
        order(&[
            "C43", "C43.0", "C43.8", "C43.9", "C4A", "C4A.0", "C4A.9", "C44", "C44.00", "C45",
            "C45.0",
        ])
    }

    #[test]
    fn a_range_goes_by_position_and_takes_all_below_its_ends() {
        let range = |first: &str, last: &str| {
            let part = PreviousPart::Range {
                first: code(first),
                last: code(last),
            };
            part.expand(&skin())
        };
        assert_eq!(
            texts(&range("C43.9", "C44").codes),
            ["C439", "C4A", "C4A0", "C4A9", "C44", "C4400"]
        );
        assert_eq!(range("C43.9", "C44").missing, []);
        assert_eq!(texts(&range("C4A", "C4A").codes), ["C4A", "C4A0", "C4A9"]);
        // C45 stands after C43: a range turned round holds nothing.
        assert_eq!(texts(&range("C45", "C43").codes), [""; 0]);
    }

    #[test]
    fn an_end_that_the_order_lacks_is_reported_and_nothing_is_guessed() {
        let part = PreviousPart::Categories {
            first: code("C43"),
            last: code("C46"),
        };
        let expansion = part.expand(&skin());
        assert_eq!(expansion.codes, []);
        assert_eq!(texts(&expansion.missing), ["C46"]);
    }

    #[test]
    fn a_code_stands_for_itself_and_a_dash_for_all_below() {
        let expansion = PreviousPart::Code(code("C43.4")).expand(&skin());
        assert_eq!(texts(&expansion.codes), ["C434"]);
        assert_eq!(texts(&expansion.missing), ["C434"]);
        let expansion = PreviousPart::Below(code("C4A")).expand(&skin());
        assert_eq!(texts(&expansion.codes), ["C4A0", "C4A9"]);
        assert_eq!(expansion.missing, []);
    }

    #[test]
    fn an_end_that_is_a_header_is_found_among_the_billable_codes_below_it() {
        let billable = order(&["T15.00XA", "T15.00XD", "T16.1XXA", "T19.9XXS", "T20.00XA"]);
        let part = PreviousPart::Categories {
            first: code("T15"),
            last: code("T19"),
        };
        let expansion = part.expand(&billable);
        assert_eq!(
            texts(&expansion.codes),
            ["T1500XA", "T1500XD", "T161XXA", "T199XXS"]
        );
        assert_eq!(expansion.missing, []);
    }
}
