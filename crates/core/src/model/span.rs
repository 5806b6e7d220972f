//! Stretches of days with what holds on them: one type, one test of a day.

use chrono::{Days, NaiveDate};

/// Checks whether a day lies between the first day and the day after the last one; `None` has no last one.
pub fn is_within(day: NaiveDate, from: NaiveDate, until: Option<NaiveDate>) -> bool {
    from <= day && until.is_none_or(|until| day < until)
}

/// Returns the day before.
pub fn day_before(date: NaiveDate) -> NaiveDate {
    date.checked_sub_days(Days::new(1)).unwrap_or(date)
}

/// A date range with the value that is valid on it, as the loaded releases have it.
///
/// The days of a release that is not loaded are not taken out: [`Timeline::cut`](crate::model::Timeline::cut) does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span<T> {
    /// First day of the first loaded release that says so.
    pub from: NaiveDate,
    /// First day of the first later loaded release that does not; `None` while the newest one does.
    pub until: Option<NaiveDate>,
    /// What they say.
    pub value: T,
}

impl<T> Span<T> {
    /// Checks whether a day lies in it.
    pub fn contains(&self, day: NaiveDate) -> bool {
        is_within(day, self.from, self.until)
    }

    /// Returns the same days with something else that holds on them.
    pub fn map<U>(&self, value: impl FnOnce(&T) -> U) -> Span<U> {
        Span {
            from: self.from,
            until: self.until,
            value: value(&self.value),
        }
    }
}

/// Lookups by day in spans that do not overlap, oldest first.
///
/// ```
/// use codeyear_core::model::{Span, Spans, merge_by};
/// let day = |text: &str| text.parse().unwrap();
/// let title = |from, until, value| Span { from: day(from), until, value };
/// let titles = [
///     title("2020-10-01", Some(day("2021-10-01")), "Low back pain"),
///     title("2021-10-01", None, "Low back pain, unspecified"),
/// ];
/// assert_eq!(titles.at(day("2021-09-30")).unwrap().value, "Low back pain");
/// assert_eq!(titles.at(day("2020-09-30")), None);
/// assert_eq!(titles.next_after(day("2020-09-30")).unwrap().from, day("2020-10-01"));
/// assert_eq!(merge_by(&titles, |title| title.is_ascii()).len(), 1);
/// ```
pub trait Spans<T> {
    /// Returns the span that a day lies in.
    fn at(&self, day: NaiveDate) -> Option<&Span<T>>;

    /// Returns the last span that has begun by a day, whether or not it goes on.
    fn begun_by(&self, day: NaiveDate) -> Option<&Span<T>>;

    /// Returns the first span that begins after a day.
    fn next_after(&self, day: NaiveDate) -> Option<&Span<T>>;
}

impl<T> Spans<T> for [Span<T>] {
    fn at(&self, day: NaiveDate) -> Option<&Span<T>> {
        self.iter().find(|span| span.contains(day))
    }

    fn begun_by(&self, day: NaiveDate) -> Option<&Span<T>> {
        self.iter().rev().find(|span| span.from <= day)
    }

    fn next_after(&self, day: NaiveDate) -> Option<&Span<T>> {
        self.iter().find(|span| span.from > day)
    }
}

/// Returns spans by a part of what holds on them: those that follow each other without a gap, and have that part in
/// common, are one.
pub fn merge_by<T, K: PartialEq>(spans: &[Span<T>], part: impl Fn(&T) -> K) -> Vec<Span<K>> {
    let mut merged = Vec::new();
    for span in spans {
        push_merged(&mut merged, span.map(&part));
    }
    merged
}

/// Adds a span behind others: to the last one, if it follows that without a gap and says the same.
pub fn push_merged<T: PartialEq>(spans: &mut Vec<Span<T>>, next: Span<T>) {
    match spans.last_mut() {
        Some(last) if last.until == Some(next.from) && last.value == next.value => {
            last.until = next.until;
        }
        _ => spans.push(next),
    }
}

/// Returns the last day by `day` on which something ceased to be as wanted; `None` if it never did.
pub fn ended_by<T>(
    spans: &[Span<T>],
    day: NaiveDate,
    is_wanted: impl Fn(&T) -> bool,
) -> Option<NaiveDate> {
    spans
        .iter()
        .filter(|span| is_wanted(&span.value))
        .filter_map(|span| span.until)
        .filter(|until| *until <= day)
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::calendar::day;

    fn span(from: u32, until: Option<u32>, value: &str) -> Span<&str> {
        let january = |number| day(2020, 1, number);
        Span {
            from: january(from),
            until: until.map(january),
            value,
        }
    }

    #[test]
    fn the_last_day_is_the_one_before_the_end() {
        let days = |span: Span<&str>| {
            let inside = (1..=9).filter(|number| span.contains(day(2020, 1, *number)));
            inside.collect::<Vec<u32>>()
        };
        assert_eq!(days(span(3, Some(5), "")), [3, 4]);
        assert_eq!(days(span(8, None, "")), [8, 9]);
        assert!(days(span(3, Some(3), "")).is_empty());
    }

    #[test]
    fn between_two_spans_the_one_before_and_the_one_after_are_found() {
        let spans = [span(2, Some(3), "a"), span(5, None, "b")];
        let values = |number| {
            let day = day(2020, 1, number);
            [spans.at(day), spans.begun_by(day), spans.next_after(day)]
                .map(|found| found.map(|span| span.value))
        };
        assert_eq!(values(1), [None, None, Some("a")]);
        assert_eq!(values(2), [Some("a"), Some("a"), Some("b")]);
        assert_eq!(values(4), [None, Some("a"), Some("b")]);
        assert_eq!(values(9), [Some("b"), Some("b"), None]);
    }

    #[test]
    fn only_what_follows_without_a_gap_is_merged() {
        let spans = [
            span(1, Some(2), "ab"),
            span(2, Some(3), "ac"),
            span(4, Some(5), "ad"),
            span(5, None, "be"),
        ];
        let first = |value: &&str| value.get(..1).map(str::to_owned);
        let merged = merge_by(&spans, first);
        let shown: Vec<_> = merged
            .iter()
            .map(|span| (span.from, span.until, span.value.as_deref()))
            .collect();
        let january = |number| day(2020, 1, number);
        assert_eq!(
            shown,
            [
                (january(1), Some(january(3)), Some("a")),
                (january(4), Some(january(5)), Some("a")),
                (january(5), None, Some("b")),
            ]
        );
    }
}
