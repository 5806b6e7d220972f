//! What the cell "Effective" says: a year, which means its October 1, or a day as it is written in the US.

use chrono::{Datelike, Days, NaiveDate};

/// The first three letters of the months.
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
/// The day before the first that a spreadsheet counts, with the leap day of 1900 that it invents.
const DAY_ZERO: (i32, u32, u32) = (1899, 12, 30);

/// Reads the cell "Effective".
///
/// A year means its October 1. A day is written `2027-10-01`, `20271001`, `10/1/2027`, `10/1/27`,
/// `1-Oct-2027` or `October 1, 2027`, with a time or without, or as the number that a spreadsheet counts
/// days by. Two digits are a year of this century. Numbers are month, day, year, as in the US; a day
/// before 2000 or after 2100 is a number gone wrong.
pub(super) fn read_effective(text: &str) -> Option<NaiveDate> {
    let text = without_time(text)?;
    let day = match text.len() {
        _ if text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.') =>
        {
            of_number(&text)?
        }
        _ => of_parts(&text)?,
    };
    (2000..=2100).contains(&day.year()).then_some(day)
}

/// Drops a time behind a day; `None` if what stands there is none.
fn without_time(text: &str) -> Option<String> {
    // `2027-10-01T00:00:00` has no blank before its time.
    let text = match text.split_once('T') {
        Some((day, time))
            if day.ends_with(|c: char| c.is_ascii_digit())
                && time.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            format!("{day} {time}")
        }
        _ => text.to_owned(),
    };
    let mut kept: Vec<&str> = Vec::new();
    let mut has_time = false;
    for word in text.split_whitespace() {
        if word.contains(':') {
            let is_time = word.starts_with(|c: char| c.is_ascii_digit())
                && word
                    .trim_end_matches('Z')
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b'+' | b'-'));
            if has_time || !is_time || kept.is_empty() {
                return None;
            }
            has_time = true;
        } else if has_time {
            if !word.eq_ignore_ascii_case("am") && !word.eq_ignore_ascii_case("pm") {
                return None;
            }
        } else {
            kept.push(word);
        }
    }
    Some(kept.join(" "))
}

/// Reads a year, `20271001`, or the days that a spreadsheet counts.
fn of_number(text: &str) -> Option<NaiveDate> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.contains('.') {
        return None;
    }
    let number: u32 = whole.parse().ok()?;
    match (whole.len(), fraction.bytes().all(|byte| byte == b'0')) {
        (4, true) => NaiveDate::from_ymd_opt(i32::try_from(number).ok()?, 10, 1),
        (8, true) if fraction.is_empty() => {
            let year = i32::try_from(number / 10_000).ok()?;
            NaiveDate::from_ymd_opt(year, number / 100 % 100, number % 100)
        }
        // A fraction is a time of the day.
        (5, _) => {
            let (year, month, day) = DAY_ZERO;
            NaiveDate::from_ymd_opt(year, month, day)?.checked_add_days(Days::new(number.into()))
        }
        _ => None,
    }
}

/// Reads a day of three parts.
fn of_parts(text: &str) -> Option<NaiveDate> {
    let text = text.replace(", ", " ");
    let parts: Vec<&str> = text.split([' ', '-', '/', ',']).collect();
    let [first, second, third] = parts.as_slice() else {
        return None;
    };
    match (month_of(first), month_of(second)) {
        (Some(month), _) => day_of(third, month, number(second)?),
        (_, Some(month)) => day_of(third, month, number(first)?),
        _ if first.len() == 4 => day_of(first, number(second)?, number(third)?),
        _ => day_of(third, number(first)?, number(second)?),
    }
}

/// Reads the name of a month, whole or cut to three letters or more.
fn month_of(text: &str) -> Option<u32> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let text = text.trim_end_matches('.').to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| text.starts_with(month))?;
    let is_whole = NAMES.get(at).is_some_and(|name| name.starts_with(&text));
    is_whole.then(|| u32::try_from(at + 1).ok()).flatten()
}

/// Reads a number of one or two digits.
fn number(text: &str) -> Option<u32> {
    let is_short = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_short)
}

fn day_of(year: &str, month: u32, day: u32) -> Option<NaiveDate> {
    let number: i32 = year.parse().ok()?;
    let year = match year.len() {
        2 if year.bytes().all(|byte| byte.is_ascii_digit()) => 2000 + number,
        4 => number,
        _ => return None,
    };
    NaiveDate::from_ymd_opt(year, month, day)
}

#[cfg(test)]
mod tests {
    use super::read_effective;

    #[test]
    fn a_day_is_read_however_it_is_written() {
        for (text, day) in [
            ("2016", "2016-10-01"),
            (" 2027 ", "2027-10-01"),
            ("2027.0", "2027-10-01"),
            ("2021-01-01", "2021-01-01"),
            ("2021/1/1", "2021-01-01"),
            ("20271001", "2027-10-01"),
            ("01/01/21", "2021-01-01"),
            ("1/1/21", "2021-01-01"),
            ("10/1/2027", "2027-10-01"),
            ("4-1-2022", "2022-04-01"),
            ("1-Oct-2027", "2027-10-01"),
            ("1-Oct-27", "2027-10-01"),
            ("01 OCT 2027", "2027-10-01"),
            ("October 1, 2027", "2027-10-01"),
            ("Sept. 30, 2027", "2027-09-30"),
            ("Apr 1 2022", "2022-04-01"),
            ("10/1/2027 0:00", "2027-10-01"),
            ("10/1/2027 12:00:00 AM", "2027-10-01"),
            ("2027-10-01T00:00:00", "2027-10-01"),
            ("2027-10-01T00:00:00.000Z", "2027-10-01"),
            ("2027-10-01 00:00:00", "2027-10-01"),
            ("43922", "2020-04-01"),
            ("43922.5", "2020-04-01"),
        ] {
            let read = read_effective(text).map(|day| day.to_string());
            assert_eq!(read.as_deref(), Some(day), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_day_is_not_guessed() {
        for text in [
            "",
            " ",
            "x",
            "20017",
            "1999",
            "2101",
            "13/1/2027",
            "2/30/2027",
            "1.10.2027",
            "10/1",
            "10/1/027",
            "10/1/2027 x",
            "10/1/2027 0:00 0:00",
            "0:00",
            "Octobre 1, 2027",
            "99999999",
            "999999999999",
            "2027-10-01-01",
            "1e9",
            "-2027",
            "10//1//",
            "é/1/2027",
            "Oct 1",
            "10/+1/2027",
            "2027-1O-01",
            "1/1/-21",
            "1/1/+021",
            "12.3.4",
            ".",
        ] {
            assert_eq!(read_effective(text), None, "{text:?}");
        }
    }
}
