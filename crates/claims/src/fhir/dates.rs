//! Dates of FHIR: the day as it is written.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::node::{At, Node, Wrong};
use crate::ProblemKind;

/// A day, or why the text is none.
pub(super) type Day = Result<NaiveDate, ProblemKind>;

/// The form that a date has here: a year or a month alone is no day.
const BAD: ProblemKind = ProblemKind::BadDate {
    expected: "YYYY-MM-DD",
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

/// A Period: either end may be absent.
#[derive(Debug, Clone, Default)]
pub(super) struct Period {
    pub(super) start: Option<Day>,
    pub(super) end: Option<Day>,
}

/// Reads an element that is a Period.
pub(super) fn period(at: At<'_, '_>) -> Result<Period, Wrong> {
    Ok(Period {
        start: at.read("start", date)?,
        end: at.read("end", date)?,
    })
}

impl Period {
    /// Returns both ends where both are days and the end is the earlier one.
    pub(super) fn is_reversed(&self) -> bool {
        matches!((&self.start, &self.end), (Some(Ok(start)), Some(Ok(end))) if end < start)
    }
}

/// The days that one code has to be valid on, and what of its dates is none.
#[derive(Debug, Clone, Default)]
pub(super) struct Days {
    pub(super) days: BTreeSet<NaiveDate>,
    pub(super) faults: BTreeSet<ProblemKind>,
}

impl Days {
    pub(super) fn of(day: Day) -> Days {
        let mut days = Days::default();
        days.add(day);
        days
    }

    pub(super) fn add(&mut self, day: Day) {
        match day {
            Ok(day) => {
                self.days.insert(day);
            }
            Err(fault) => {
                self.faults.insert(fault);
            }
        }
    }

    /// Adds the first and the last day of a period.
    pub(super) fn add_period(&mut self, period: Period) {
        if period.is_reversed() {
            self.faults.insert(ProblemKind::Malformed(
                "the period ends before it begins".to_owned(),
            ));
            return;
        }
        period.start.into_iter().for_each(|day| self.add(day));
        period.end.into_iter().for_each(|day| self.add(day));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.days.is_empty() && self.faults.is_empty()
    }

    /// Returns each day and each fault.
    pub(super) fn each(&self) -> impl Iterator<Item = Day> {
        let faults = self.faults.iter().cloned().map(Err);
        self.days.iter().copied().map(Ok).chain(faults)
    }
}
