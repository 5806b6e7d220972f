//! Dates of DTP segments.

use chrono::NaiveDate;

use super::segments::Segment;
use crate::ProblemKind;

/// A day or a range of days, first and last.
pub(super) type Days = Result<(NaiveDate, NaiveDate), ProblemKind>;

/// What is noted of a date whose qualifier is of another form than it is.
const OTHER_FORM: &str = "a date in another format than its qualifier in DTP02";

/// Reads DTP02 and DTP03: `D8` a day, `RD8` a range, `DT` a day with its time. A day where a range is announced, and the
/// reverse, can be meant one way only: it is read and noted.
pub(super) fn days(segment: &Segment<'_>, remarks: &mut Vec<&'static str>) -> Days {
    let (form, text) = (segment.element(2), segment.element(3));
    let read = days_of(form, text);
    if read.is_ok() {
        return read;
    }
    let others: [&[u8]; 3] = [b"D8", b"RD8", b"DT"];
    let mut others = others
        .into_iter()
        .filter(|other| *other != form && others.contains(&form));
    match others.find_map(|other| days_of(other, text).ok()) {
        Some(days) => {
            remarks.push(OTHER_FORM);
            Ok(days)
        }
        None => read,
    }
}

fn days_of(form: &[u8], text: &[u8]) -> Days {
    match form {
        b"D8" => {
            let day = day(text).ok_or(ProblemKind::BadDate {
                expected: "CCYYMMDD".into(),
            })?;
            Ok((day, day))
        }
        b"RD8" => {
            let bad = ProblemKind::BadDate {
                expected: "CCYYMMDD-CCYYMMDD".into(),
            };
            let range = text
                .split_at_checked(8)
                .and_then(|(first, rest)| Some((day(first)?, day(rest.strip_prefix(b"-")?)?)));
            let (first, last) = range.ok_or(bad)?;
            if last < first {
                return Err(ProblemKind::Malformed(
                    "the range of dates ends before it begins".to_owned(),
                ));
            }
            Ok((first, last))
        }
        b"DT" => {
            let day = text
                .split_at_checked(8)
                .filter(|(_, time)| {
                    matches!(time.len(), 4 | 6) && time.iter().all(u8::is_ascii_digit)
                })
                .and_then(|(first, _)| day(first))
                .ok_or(ProblemKind::BadDate {
                    expected: "CCYYMMDDHHMM".into(),
                })?;
            Ok((day, day))
        }
        _ => Err(ProblemKind::BadDate {
            expected: "D8 (CCYYMMDD) or RD8 (CCYYMMDD-CCYYMMDD)".into(),
        }),
    }
}

/// Reads eight digits.
fn day(text: &[u8]) -> Option<NaiveDate> {
    if text.len() != 8 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = text
        .iter()
        .fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'));
    let year = i32::try_from(number / 10_000).ok()?;
    NaiveDate::from_ymd_opt(year, number / 100 % 100, number % 100)
}
