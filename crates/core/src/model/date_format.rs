//! Dates as people and files write them.

mod pattern;

use std::borrow::Cow;

use chrono::{DateTime, Datelike, Days, NaiveDate};

pub use pattern::DatePattern;

/// How a file writes its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DateFormat {
    /// `2026-03-01`, also with a time behind it (`2026-03-01T08:30:00`, `2026-03-01 08:30:00 UTC`).
    Iso,
    /// `03/01/2026` or `3/1/2026`: month, day, year; also with a time behind it.
    Us,
    /// `20260301`, also with a time behind it (`20260301083000`) or as a number with a point (`20260301.0`).
    Compact,
    /// Days as workbooks number them: 46082 is 2026-03-01.
    Excel,
    /// Seconds or milliseconds since 1970, of the day in UTC.
    Unix,
    /// As this pattern says, also with a time behind it.
    Pattern(DatePattern),
}

impl DateFormat {
    /// The formats that are told from values, in the order in which they are tried.
    fn told() -> impl Iterator<Item = DateFormat> {
        const PATTERNS: [&str; 11] = [
            "YYYY-MM-DD",
            "YYYY/MM/DD",
            "MM/DD/YY",
            "MM-DD-YYYY",
            "DD-MON-YYYY",
            "DDMONYYYY",
            "DD MON YYYY",
            "DD-MON-YY",
            "DDMONYY",
            "MON DD, YYYY",
            "MON DD YYYY",
        ];
        let patterns = PATTERNS.into_iter().filter_map(|text| text.parse().ok());
        [DateFormat::Iso, DateFormat::Us, DateFormat::Compact]
            .into_iter()
            .chain(patterns.map(DateFormat::Pattern))
    }

    /// Returns the format in letters: `YYYY-MM-DD`.
    pub fn pattern(self) -> Cow<'static, str> {
        match self {
            DateFormat::Iso => "YYYY-MM-DD".into(),
            DateFormat::Us => "MM/DD/YYYY".into(),
            DateFormat::Compact => "YYYYMMDD".into(),
            DateFormat::Excel => "excel (Excel serial dates, counted from 1900)".into(),
            DateFormat::Unix => "unix (seconds or milliseconds since 1970)".into(),
            DateFormat::Pattern(pattern) => pattern.to_string().into(),
        }
    }

    /// Reads a date of any format that can be meant in one way only; months stand before days. `None` if it is of none.
    ///
    /// ```
    /// use codeyear_core::model::DateFormat;
    /// for text in ["2025-10-01", "10/1/2025", "20251001", "Oct 1 2025", "1-OCT-2025"] {
    ///     assert_eq!(DateFormat::read_any(text), DateFormat::Iso.read(b"2025-10-01"), "{text}");
    /// }
    /// assert_eq!(DateFormat::read_any("31/10/2025"), None);
    /// ```
    pub fn read_any(text: &str) -> Option<NaiveDate> {
        DateFormat::told().find_map(|format| format.read(text.as_bytes()))
    }

    /// Reads a date; `None` if it is not of this format, or no day of the calendar.
    ///
    /// ```
    /// use codeyear_core::model::DateFormat;
    /// assert!(DateFormat::Us.read(b"10/01/2025").is_some());
    /// assert!(DateFormat::Iso.read(b"2021-02-30").is_none());
    /// let day_first: DateFormat = "DD.MM.YYYY".parse().unwrap();
    /// assert_eq!(day_first.read(b"1.10.2025"), DateFormat::Iso.read(b"2025-10-01"));
    /// ```
    pub fn read(self, text: &[u8]) -> Option<NaiveDate> {
        self.day(text)?.date()
    }

    /// Reads the parts of a date, without asking whether there is such a day.
    #[inline]
    pub fn day(self, text: &[u8]) -> Option<DateParts> {
        // What most files write, without a call.
        if let Ok([y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2]) = <[u8; 10]>::try_from(text)
            && self == DateFormat::Iso
        {
            return parts([y1, y2, y3, y4, m1, m2, d1, d2]);
        }
        self.day_in(text.trim_ascii())
    }

    fn day_in(self, text: &[u8]) -> Option<DateParts> {
        match self {
            DateFormat::Iso => {
                let (date, rest) = text.split_first_chunk::<10>()?;
                let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *date else {
                    return None;
                };
                (rest.is_empty() || is_time(rest)).then_some(())?;
                parts([y1, y2, y3, y4, m1, m2, d1, d2])
            }
            DateFormat::Compact => {
                let (date, rest) = text.split_first_chunk::<8>()?;
                (rest.is_empty() || is_compact_time(rest)).then_some(())?;
                parts(*date)
            }
            DateFormat::Us => {
                let (month, rest) = one_or_two(text)?;
                let (day, rest) = one_or_two(rest)?;
                let ([m1, m2], [d1, d2]) = (month, day);
                let ([y1, y2, y3, y4], rest) = rest.split_first_chunk::<4>()?;
                (rest.is_empty() || is_time(rest)).then_some(())?;
                parts([*y1, *y2, *y3, *y4, m1, m2, d1, d2])
            }
            DateFormat::Excel => counted(text, |days| {
                // Day 60 is a February 29 that 1900 did not have; the days before it are numbered otherwise.
                let epoch = NaiveDate::from_ymd_opt(1899, 12, 30)?;
                epoch.checked_add_days(Days::new(
                    u64::try_from(days).ok().filter(|days| *days > 60)?,
                ))
            }),
            DateFormat::Unix => counted(text, |time| {
                // Seconds of the next thousands of years have fewer digits than milliseconds since 1973.
                let seconds = if time.unsigned_abs() >= 100_000_000_000 {
                    time.div_euclid(1000)
                } else {
                    time
                };
                Some(DateTime::from_timestamp(seconds, 0)?.date_naive())
            }),
            DateFormat::Pattern(pattern) => pattern.day(text),
        }
    }

    /// Returns the format of a column from some of its values. The formats look so different that one value
    /// is of one format at most; the one that most values have wins. The month stands first if more values can be read
    /// only so than only the other way: the others are mistyped.
    ///
    /// # Errors
    /// [`UnknownDateFormat`] if no value is of any format, or if the values look like days before months.
    pub fn sniff<'v>(
        values: impl IntoIterator<Item = &'v [u8]>,
    ) -> Result<DateFormat, UnknownDateFormat> {
        let mut counts: Vec<(DateFormat, u64)> =
            DateFormat::told().map(|format| (format, 0)).collect();
        let mut any = false;
        // The values that are dates only if the day stands first, and only if the month does.
        let mut day_first = 0_u64;
        let mut month_first = 0_u64;
        let mut numbers = false;
        for value in values {
            let value = value.trim_ascii();
            if value.is_empty() {
                continue;
            }
            any = true;
            numbers |=
                DateFormat::Excel.read(value).is_some() || DateFormat::Unix.read(value).is_some();
            let mut is_day_first = false;
            for (format, count) in &mut counts {
                let turned = |format: DateFormat| {
                    let DateParts { year, month, day } = format
                        .day(value)
                        .filter(|_| format.has_month_before_day())?;
                    Some(NaiveDate::from_ymd_opt(year, day, month).is_some())
                };
                if format.read(value).is_some() {
                    *count += 1;
                    month_first += u64::from(turned(*format) == Some(false));
                    // A day that the stricter format reads is not counted for the looser one too.
                    break;
                }
                is_day_first |= turned(*format) == Some(true);
            }
            day_first += u64::from(is_day_first);
        }
        // The looser form of what the stricter one reads too is meant where both are there.
        let loose: Option<DatePattern> = "YYYY-MM-DD".parse().ok();
        let has_loose = |(format, count): &(DateFormat, u64)| {
            *count > 0 && loose.is_some_and(|loose| *format == DateFormat::Pattern(loose))
        };
        if counts.iter().any(has_loose) {
            counts.retain(|(format, _)| *format != DateFormat::Iso);
        }
        let found = counts.into_iter().rev().filter(|(_, count)| *count > 0);
        match found.max_by_key(|(_, count)| *count) {
            Some((format, _))
                if format.has_month_before_day() && day_first >= month_first.max(1) =>
            {
                Err(match month_first {
                    0 => UnknownDateFormat::DayFirst,
                    _ => UnknownDateFormat::Mixed,
                })
            }
            Some((format, _)) => Ok(format),
            None if day_first > 0 => Err(UnknownDateFormat::DayFirst),
            None if numbers => Err(UnknownDateFormat::Numbers),
            None if any => Err(UnknownDateFormat::NoForm),
            None => Err(UnknownDateFormat::Empty),
        }
    }

    /// Checks whether a date could be meant with the day first.
    fn has_month_before_day(self) -> bool {
        match self {
            DateFormat::Us => true,
            DateFormat::Pattern(pattern) => pattern.begins_with_month(),
            _ => false,
        }
    }
}

impl std::str::FromStr for DateFormat {
    type Err = String;

    /// Reads `iso`, `us`, `compact`, `excel`, `unix` or a pattern such as `DD/MM/YYYY` and `DD-MON-YY`.
    fn from_str(text: &str) -> Result<DateFormat, String> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "iso" | "yyyy-mm-dd" => DateFormat::Iso,
            "us" | "mm/dd/yyyy" => DateFormat::Us,
            "compact" | "yyyymmdd" => DateFormat::Compact,
            "excel" => DateFormat::Excel,
            "unix" => DateFormat::Unix,
            _ => DateFormat::Pattern(text.parse()?),
        })
    }
}

impl std::fmt::Display for DateFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.pattern())
    }
}

/// Year, month and day as they are written; the calendar may have no such day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateParts {
    /// The year.
    pub year: i32,
    /// The month, from 1.
    pub month: u32,
    /// The day of the month, from 1.
    pub day: u32,
}

impl DateParts {
    /// Returns the parts of a day.
    pub fn of(date: NaiveDate) -> DateParts {
        DateParts {
            year: date.year(),
            month: date.month(),
            day: date.day(),
        }
    }

    /// Returns the day; `None` if the calendar has none.
    pub fn date(self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(self.year, self.month, self.day)
    }
}

/// Why the format of a column of dates cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownDateFormat {
    /// There are no values.
    Empty,
    /// No value is a date of a known form.
    NoForm,
    /// The values are numbers that count days or seconds, nobody knows from when.
    Numbers,
    /// Some values are dates only if the day stands before the month.
    DayFirst,
    /// Some values are dates only if the day stands before the month, and some only if it stands behind it.
    Mixed,
}

/// Checks whether what stands behind a date is its time or its zone: `T08:30:00Z`, ` 12:00:00 AM`, ` 00:00:00 UTC`,
/// `+00:00`, `Z`.
fn is_time(rest: &[u8]) -> bool {
    let is_zone = |zone: &[u8]| matches!(zone, b"Z" | b"z" | b"UTC" | b"GMT") || is_offset(zone);
    let marks: [&[u8]; 3] = [b"T", b" ", b":"];
    let mut marks = marks.into_iter();
    let Some(time) = marks.find_map(|mark| rest.strip_prefix(mark)) else {
        return is_zone(rest);
    };
    let end = time
        .iter()
        .position(|byte| !b"0123456789:.,".contains(byte));
    let (clock, behind) = time.split_at(end.unwrap_or(time.len()));
    let behind = behind.trim_ascii();
    let is_half =
        |half: &[u8]| half.eq_ignore_ascii_case(b"am") || half.eq_ignore_ascii_case(b"pm");
    clock.first().is_some_and(u8::is_ascii_digit)
        && (behind.is_empty() || is_half(behind) || is_zone(behind))
}

fn is_offset(zone: &[u8]) -> bool {
    match zone {
        [b'+' | b'-', rest @ ..] => {
            !rest.is_empty()
                && rest
                    .iter()
                    .all(|byte| byte.is_ascii_digit() || *byte == b':')
        }
        _ => false,
    }
}

/// Checks whether what stands behind eight digits is a time of four or six, or the point of a number.
fn is_compact_time(rest: &[u8]) -> bool {
    match rest {
        [b'.', zeros @ ..] => !zeros.is_empty() && zeros.iter().all(|byte| *byte == b'0'),
        [b'T' | b' ', time @ ..] => time.first().is_some_and(u8::is_ascii_digit) && is_time(rest),
        time => matches!(time.len(), 4 | 6) && time.iter().all(u8::is_ascii_digit),
    }
}

/// Reads a day that is counted from a first one; a part of a day behind a point is its time.
fn counted(text: &[u8], day_of: impl FnOnce(i64) -> Option<NaiveDate>) -> Option<DateParts> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    part.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(())?;
    day_of(whole.parse().ok()?).map(DateParts::of)
}

fn one_or_two(text: &[u8]) -> Option<([u8; 2], &[u8])> {
    match text {
        [digit, b'/', rest @ ..] => Some(([b'0', *digit], rest)),
        [tens, digit, b'/', rest @ ..] => Some(([*tens, *digit], rest)),
        _ => None,
    }
}

/// Reads the digits of year, month and day, all of them side by side.
#[inline]
fn parts(digits: [u8; 8]) -> Option<DateParts> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let values = u64::from_be_bytes(digits) ^ (u64::from(b'0') * ONES);
    // The upper half of a byte is set where there is no digit: at once, or from ten on.
    let from_ten = (values & (0x7f * ONES)) + 6 * ONES;
    if (values | from_ten) & (0xf0 * ONES) != 0 {
        return None;
    }
    let tens = (values >> 8) & 0x00ff_00ff_00ff_00ff;
    let pairs = tens * 10 + (values & 0x00ff_00ff_00ff_00ff);
    let [_, century, _, year, _, month, _, day] = pairs.to_be_bytes();
    Some(DateParts {
        year: i32::from(century) * 100 + i32::from(year),
        month: u32::from(month),
        day: u32::from(day),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_reads_its_own_and_no_other() {
        let march = NaiveDate::from_ymd_opt(2026, 3, 1);
        for (format, texts) in [
            (
                DateFormat::Iso,
                ["2026-03-01", " 2026-03-01 ", "2026-03-01T00:00:00Z"],
            ),
            (DateFormat::Us, ["03/01/2026", "3/1/2026", "3/01/2026"]),
            (DateFormat::Compact, ["20260301", "20260301 ", "\t20260301"]),
        ] {
            for text in texts {
                for other in [DateFormat::Iso, DateFormat::Us, DateFormat::Compact] {
                    let expected = if other == format { march } else { None };
                    assert_eq!(other.read(text.as_bytes()), expected, "{other} {text:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_day_is_none() {
        for (format, text) in [
            (DateFormat::Iso, "2021-02-30"),
            (DateFormat::Iso, "2021-02-29"),
            (DateFormat::Iso, "2021-13-01"),
            (DateFormat::Iso, "2021-02"),
            (DateFormat::Iso, "2021-02-01x"),
            (DateFormat::Us, "02/30/2021"),
            (DateFormat::Us, "2/1/21"),
            (DateFormat::Us, "13/01/2021"),
            (DateFormat::Compact, "20210230"),
            (DateFormat::Compact, "2021023"),
        ] {
            assert_eq!(format.read(text.as_bytes()), None, "{format} {text}");
        }
    }

    #[test]
    fn a_format_is_told_from_the_values_or_not_at_all() {
        let sniff =
            |values: &[&str]| DateFormat::sniff(values.iter().map(|value| value.as_bytes()));
        assert_eq!(sniff(&["", "2026-03-01", "x"]), Ok(DateFormat::Iso));
        assert_eq!(sniff(&["03/01/2026", "12/31/2025"]), Ok(DateFormat::Us));
        assert_eq!(sniff(&["20260301"]), Ok(DateFormat::Compact));
        assert_eq!(
            sniff(&["03/01/2026", "31/12/2025"]),
            Err(UnknownDateFormat::DayFirst)
        );
        // One of several is mistyped; of two nobody knows which.
        assert_eq!(
            sniff(&["03/01/2026", "12/31/2025", "31/12/2025", "09/28/2026"]),
            Ok(DateFormat::Us)
        );
        assert_eq!(
            sniff(&["03/01/2026", "12/31/2025", "31/12/2025"]),
            Err(UnknownDateFormat::Mixed)
        );
        assert_eq!(sniff(&["spring"]), Err(UnknownDateFormat::NoForm));
        assert_eq!(sniff(&["", " "]), Err(UnknownDateFormat::Empty));
    }
}
