//! Dates of FHIR: the day as it is written.

use chrono::{Months, NaiveDate};
use std::borrow::Cow;

use super::node::{At, Node, Wrong};
use crate::ProblemKind;
use crate::claim::MAX_DAYS;

/// A day, or why the text is none.
pub(super) type Day = Result<NaiveDate, ProblemKind>;

/// The form that a date has here: a year or a month alone is no day.
const BAD: ProblemKind = ProblemKind::BadDate {
    expected: Cow::Borrowed("YYYY-MM-DD"),
};

/// Reads a date, dateTime or instant; the time is not converted, because the day of a service is the one of
/// the place where it was given.
fn day(text: &str) -> Day {
    let (date, time) = text.split_at_checked(10).ok_or(BAD)?;
    let is_time = match time.strip_prefix('T') {
        Some(time) => {
            let is_clock =
                |byte: &u8| matches!(byte, b'0'..=b'9' | b':' | b'.' | b'Z' | b'+' | b'-');
            time.len() >= 5 && time.as_bytes().iter().all(is_clock)
        }
        None => time.is_empty(),
    };
    let is_date = date.bytes().enumerate().all(|(index, byte)| match index {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    if !is_date || !is_time {
        return Err(BAD);
    }
    let part = |range: std::ops::Range<usize>| date.get(range).and_then(|text| text.parse().ok());
    let (Some(year), Some(month), Some(day)) = (part(0..4), part(5..7), part(8..10)) else {
        return Err(BAD);
    };
    i32::try_from(year)
        .ok()
        .and_then(|year| NaiveDate::from_ymd_opt(year, month, day))
        .ok_or(BAD)
}

/// Reads an element that is a date.
pub(super) fn date(at: At<'_, '_>) -> Result<Day, Wrong> {
    match at.node {
        Node::Text(text) => Ok(day(text)),
        _ => Err(Wrong::new(at.path, "expected a string")),
    }
}

/// Reads an element that is a date; of a year or a month alone it may be any day.
pub(super) fn date_or_part(at: At<'_, '_>) -> Result<Days, Wrong> {
    let part = match at.node {
        Node::Text(text) => days_of_part(text),
        _ => None,
    };
    match part {
        Some((first, last)) => Ok(Days::between(first, last)),
        None => date(at).map(Days::of),
    }
}

/// Returns the first and the last day of a year or a month.
fn days_of_part(text: &str) -> Option<(NaiveDate, NaiveDate)> {
    let first = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => return None,
    };
    let first = day(&first).ok()?;
    let months = if text.len() == 4 { 12 } else { 1 };
    let next = first.checked_add_months(Months::new(months))?;
    Some((first, next.pred_opt()?))
}

/// One end of a Period: the first and the last day that it may be, which are one unless it is a year or a month alone.
pub(super) type End = Result<(NaiveDate, NaiveDate), ProblemKind>;

/// A Period: either end may be absent.
#[derive(Debug, Clone, Default)]
pub(super) struct Period {
    pub(super) start: Option<End>,
    pub(super) end: Option<End>,
}

/// Reads an element that is a Period.
pub(super) fn period(at: At<'_, '_>) -> Result<Period, Wrong> {
    let end = |at: At<'_, '_>| -> Result<End, Wrong> {
        let part = match at.node {
            Node::Text(text) => days_of_part(text),
            _ => None,
        };
        match part {
            Some(part) => Ok(Ok(part)),
            None => Ok(date(at)?.map(|day| (day, day))),
        }
    };
    Ok(Period {
        start: at.read("start", end)?,
        end: at.read("end", end)?,
    })
}

impl Period {
    /// Checks whether both ends are days and the end is the earlier one.
    pub(super) fn is_reversed(&self) -> bool {
        matches!((&self.start, &self.end), (Some(Ok((start, _))), Some(Ok((_, end)))) if end < start)
    }
}

/// A day that a code has to be valid on, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CodeDay {
    pub(super) day: Day,
    /// Where it is left open which of several days it is: the first of them; `day` is the last.
    pub(super) since: Option<NaiveDate>,
}

/// The days that one code has to be valid on, and what of its dates is none: in order, each once. Most are one, and very
/// many are kept, so that none takes more than it needs.
#[derive(Debug, Clone, Default)]
pub(super) struct Days(Vec<CodeDay>);

impl Days {
    pub(super) fn of(day: Day) -> Days {
        let mut days = Days::default();
        days.add(day);
        days
    }

    /// Returns a day that may be any of these.
    pub(super) fn between(first: NaiveDate, last: NaiveDate) -> Days {
        Days(vec![CodeDay {
            day: Ok(last),
            since: (first < last).then_some(first),
        }])
    }

    /// Returns the day of one end of a period.
    pub(super) fn of_end(end: End) -> Days {
        match end {
            Ok((first, last)) => Days::between(first, last),
            Err(wrong) => Days::of(Err(wrong)),
        }
    }

    pub(super) fn add(&mut self, day: Day) {
        self.insert(CodeDay { day, since: None });
    }

    pub(super) fn add_all(&mut self, other: &Days) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
            return;
        }
        other.0.iter().for_each(|day| self.insert(day.clone()));
    }

    fn insert(&mut self, day: CodeDay) {
        if let Err(at) = self.0.binary_search(&day) {
            self.0.reserve_exact(1);
            self.0.insert(at, day);
        }
    }

    /// Adds the first and the last day of a period.
    pub(super) fn add_period(&mut self, period: Period) {
        if period.is_reversed() {
            self.add(Err(ProblemKind::Malformed(
                "the period ends before it begins".to_owned(),
            )));
            return;
        }
        let ends = period.start.into_iter().chain(period.end);
        ends.for_each(|end| self.add_all(&Days::of_end(end)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks whether there is any day, and not only reasons why there is none.
    pub(super) fn are_told(&self) -> bool {
        self.0.iter().any(|day| day.day.is_ok())
    }

    /// Returns the first day, or the first reason.
    pub(super) fn first(&self) -> Option<Days> {
        let first = self.0.first()?;
        Some(Days(vec![first.clone()]))
    }

    /// Returns a day that may be any from the first to the last of these, or why one of them is none.
    pub(super) fn range(&self) -> Option<Days> {
        if let Some(wrong) = self.0.iter().find_map(|one| one.day.clone().err()) {
            return Some(Days::of(Err(wrong)));
        }
        let told = || {
            self.0
                .iter()
                .filter_map(|one| Some((one.since, one.day.clone().ok()?)))
        };
        let first = told().map(|(since, day)| since.unwrap_or(day)).min()?;
        let last = told().map(|(_, day)| day).max()?;
        Some(Days::between(first, last))
    }

    /// Returns these days; of very many the first and the last are enough.
    pub(super) fn bounded(self) -> Days {
        let ends = [self.0.first(), self.0.last()];
        match self.0.len() {
            0..=MAX_DAYS => self,
            _ => Days(ends.into_iter().flatten().cloned().collect()),
        }
    }

    /// Returns how many they are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns each day, and then each reason why there is none.
    pub(super) fn each(&self) -> impl Iterator<Item = CodeDay> {
        self.0.iter().cloned()
    }
}
