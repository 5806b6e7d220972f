//! What other engines take over: spans of codes with their true dates, and the periods of the releases.

#![allow(
    clippy::indexing_slicing,
    reason = "a partition point is never past the end"
)]

use chrono::NaiveDate;

use crate::model::{
    Code, CodeSet, Entry, ListedAs, ListedDays, ReleaseId, Span, Timeline, judge_listing,
};

/// Days on which a code stood with one entry, as the loaded releases published it.
///
/// The days of releases before the code set was in force are in spans too; [`ExportedPeriod`] says from
/// which day on the code set had to be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedSpan {
    /// The code set.
    pub code_set: CodeSet,
    /// What the releases say of the code.
    pub entry: Entry,
    /// The days, and the releases with which they begin and end.
    pub days: ListedDays,
    /// The codes to which the conversion tables lead a code that could no longer be reported after these
    /// days; empty for every other, and where no table names one.
    pub successors: Vec<Code>,
}

/// The days that a loaded release governs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportedPeriod {
    /// The code set.
    pub code_set: CodeSet,
    /// The release; of several revisions the newest.
    pub release: ReleaseId,
    /// The first day.
    pub governs_from: NaiveDate,
    /// The day after the last one.
    pub governs_to: NaiveDate,
    /// The first day on which the code set had to be used.
    pub in_force_from: NaiveDate,
}

/// How a code is listed, without its titles: enough to tell its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeFlag {
    /// The code.
    pub code: Code,
    /// Whether it is listed with flag 1.
    pub billable: bool,
}

/// How every code of a set is listed on every day, in memory.
#[derive(Debug, Clone)]
pub struct Listings {
    timeline: Timeline,
    spans: Vec<Span<CodeFlag>>,
}

impl Listings {
    /// Makes one of the spans of all codes of the timeline's code set, in any order.
    pub fn new(timeline: Timeline, mut spans: Vec<Span<CodeFlag>>) -> Listings {
        spans.sort_unstable_by_key(|span| (span.value.code, span.from));
        Listings { timeline, spans }
    }

    /// Returns the timeline.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Returns the spans of all codes, by code and first day.
    pub fn spans(&self) -> &[Span<CodeFlag>] {
        &self.spans
    }

    /// Returns the spans of a code, oldest first.
    pub fn of(&self, code: &Code) -> &[Span<CodeFlag>] {
        let first = self.spans.partition_point(|span| span.value.code < *code);
        let rest = &self.spans[first..];
        let length = rest.partition_point(|span| span.value.code == *code);
        &rest[..length]
    }

    /// Returns how a code is listed on a day.
    pub fn listed_as(&self, code: &Code, date: NaiveDate) -> ListedAs {
        judge_listing(date, &self.timeline, self.of(code)).listed_as(|flag| flag.billable)
    }

    /// Returns the day on which a code could no longer be reported, of a span in which it could; `None` if it
    /// still can thereafter.
    pub fn retired_from(&self, span: &Span<CodeFlag>) -> Option<NaiveDate> {
        span.until.filter(|until| {
            span.value.billable && self.listed_as(&span.value.code, *until) != ListedAs::Billable
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::calendar::day;

    #[test]
    fn a_code_is_retired_when_it_is_deleted_or_becomes_a_header_and_not_when_its_title_changes() {
        let timeline = Timeline::new(
            CodeSet::Icd10Cm,
            ["FY2022", "FY2022-04", "FY2023"].map(|id| id.parse().unwrap()),
        );
        let code = |text: &str| CodeSet::Icd10Cm.parse_code(text).unwrap();
        let span = |text: &str, billable, from, until| Span {
            from,
            until,
            value: CodeFlag {
                code: code(text),
                billable,
            },
        };
        let (first, second, third) = (day(2021, 10, 1), day(2022, 4, 1), day(2022, 10, 1));
        let deleted = span("A000", true, first, Some(second));
        let reworded = span("A001", true, first, Some(second));
        let header = span("A001", true, second, Some(third));
        let listings = Listings::new(
            timeline,
            vec![
                span("A001", false, third, None),
                header,
                reworded,
                deleted,
                span("A00", false, first, None),
            ],
        );
        assert_eq!(listings.of(&code("A001")).len(), 3);
        assert_eq!(listings.of(&code("A009")), []);
        assert_eq!(listings.retired_from(&deleted), Some(second));
        assert_eq!(listings.retired_from(&reworded), None);
        assert_eq!(listings.retired_from(&header), Some(third));
        for (text, date, expected) in [
            ("A000", first, ListedAs::Billable),
            ("A000", second, ListedAs::Unlisted),
            ("A001", day(2022, 9, 30), ListedAs::Billable),
            ("A001", third, ListedAs::Header),
            ("A00", day(2021, 9, 30), ListedAs::NotCovered),
            ("A00", day(2023, 10, 1), ListedAs::NotCovered),
        ] {
            assert_eq!(
                listings.listed_as(&code(text), date),
                expected,
                "{text} {date}"
            );
        }
    }
}
