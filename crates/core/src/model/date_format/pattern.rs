//! Patterns of dates that a user states: `DD/MM/YYYY`, `DD-MON-YY`.

use super::{DateParts, is_time};

/// The most parts that a pattern has: three of the date, and what stands between them.
const MOST: usize = 12;

/// How the parts of a date stand: `YYYY`, `YY`, `MM`, `DD`, `MON`, and what is between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DatePattern {
    parts: [Part; MOST],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    /// Nothing: the pattern is shorter.
    End,
    /// Four digits.
    Year,
    /// Two digits: 00 to 68 are of this century.
    ShortYear,
    /// One or two digits; two where a digit follows.
    Month,
    Day,
    /// The name of the month in English, whole or its first three letters.
    MonthName,
    /// This character; a blank stands for any number of them.
    Mark(u8),
}

impl DatePattern {
    /// Checks whether the month stands before the day, as a number.
    pub(super) fn begins_with_month(self) -> bool {
        let place = |wanted| self.parts.iter().position(|part| *part == wanted);
        matches!((place(Part::Month), place(Part::Day)), (Some(month), Some(day)) if month == 0 && day > 0)
    }

    /// Reads the parts of a date.
    pub(super) fn day(self, text: &[u8]) -> Option<DateParts> {
        let (mut year, mut month, mut day) = (None, None, None);
        let mut rest = text;
        for (at, part) in self.parts.iter().enumerate() {
            let is_tight = self.parts.get(at + 1).is_some_and(|next| next.has_digits());
            match part {
                Part::End => break,
                Part::Year => year = Some(digits(&mut rest, 4, 4)?),
                Part::ShortYear => {
                    let short = digits(&mut rest, 2, 2)?;
                    year = Some(short + if short < 69 { 2000 } else { 1900 });
                }
                Part::Month => month = Some(digits(&mut rest, if is_tight { 2 } else { 1 }, 2)?),
                Part::Day => day = Some(digits(&mut rest, if is_tight { 2 } else { 1 }, 2)?),
                Part::MonthName => month = Some(month_name(&mut rest)?),
                Part::Mark(b' ') => rest = rest.trim_ascii_start(),
                Part::Mark(mark) => rest = rest.strip_prefix(&[*mark])?,
            }
        }
        let is_whole = rest.is_empty() || is_time(rest);
        is_whole.then_some(DateParts {
            year: i32::try_from(year?).ok()?,
            month: month?,
            day: day?,
        })
    }
}

impl Part {
    fn has_digits(self) -> bool {
        matches!(self, Part::Year | Part::ShortYear | Part::Month | Part::Day)
    }

    /// Reads the part that a pattern begins with, and how long it is there.
    fn of(pattern: &str) -> Option<(Part, usize)> {
        const NAMES: [(&str, Part); 11] = [
            ("MONTH", Part::MonthName),
            ("MMMM", Part::MonthName),
            ("MMM", Part::MonthName),
            ("MON", Part::MonthName),
            ("YYYY", Part::Year),
            ("YY", Part::ShortYear),
            ("MM", Part::Month),
            ("DD", Part::Day),
            ("M", Part::Month),
            ("D", Part::Day),
            ("CCYY", Part::Year),
        ];
        let named = NAMES
            .into_iter()
            .find(|(name, _)| pattern.starts_with(name));
        if let Some((name, part)) = named {
            return Some((part, name.len()));
        }
        let mark = pattern.bytes().next()?;
        let is_mark = mark.is_ascii_punctuation() || mark == b' ';
        is_mark.then_some((Part::Mark(mark), 1))
    }
}

impl std::str::FromStr for DatePattern {
    type Err = String;

    fn from_str(text: &str) -> Result<DatePattern, String> {
        let fail = || {
            format!(
                "not a date format: {text:?}; expected iso, us, compact, excel, unix, or a pattern of YYYY or YY, MM or MON, and DD such as DD/MM/YYYY"
            )
        };
        let upper = text.trim().to_ascii_uppercase();
        let mut rest = upper.as_str();
        let mut parts = [Part::End; MOST];
        for slot in &mut parts {
            if rest.is_empty() {
                break;
            }
            let (part, length) = Part::of(rest).ok_or_else(fail)?;
            *slot = part;
            rest = rest.get(length..).unwrap_or_default();
        }
        let count = |wanted: &[Part]| parts.iter().filter(|part| wanted.contains(part)).count();
        let is_whole = rest.is_empty()
            && count(&[Part::Year, Part::ShortYear]) == 1
            && count(&[Part::Month, Part::MonthName]) == 1
            && count(&[Part::Day]) == 1;
        is_whole.then_some(DatePattern { parts }).ok_or_else(fail)
    }
}

impl std::fmt::Display for DatePattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in self.parts {
            match part {
                Part::End => break,
                Part::Year => f.write_str("YYYY")?,
                Part::ShortYear => f.write_str("YY")?,
                Part::Month => f.write_str("MM")?,
                Part::Day => f.write_str("DD")?,
                Part::MonthName => f.write_str("MON")?,
                Part::Mark(mark) => write!(f, "{}", char::from(mark))?,
            }
        }
        Ok(())
    }
}

/// Reads a number of so many digits.
fn digits(text: &mut &[u8], least: usize, most: usize) -> Option<u32> {
    let count = text
        .iter()
        .take(most)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (number, rest) = text.split_at_checked(count).filter(|_| count >= least)?;
    *text = rest;
    Some(
        number
            .iter()
            .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')),
    )
}

/// Reads the name of a month.
fn month_name(text: &mut &[u8]) -> Option<u32> {
    const NAMES: [&[u8]; 12] = [
        b"january",
        b"february",
        b"march",
        b"april",
        b"may",
        b"june",
        b"july",
        b"august",
        b"september",
        b"october",
        b"november",
        b"december",
    ];
    let length = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let (name, rest) = text.split_at_checked(length)?;
    let is_named = |month: &&[u8]| {
        let short = month.get(..3).unwrap_or(month);
        name.eq_ignore_ascii_case(month)
            || name.eq_ignore_ascii_case(short)
            || name.eq_ignore_ascii_case(b"sept") && month.starts_with(b"sept")
    };
    let at = NAMES.iter().position(is_named)?;
    *text = rest.strip_prefix(b".").unwrap_or(rest);
    u32::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::super::{DateFormat, UnknownDateFormat};

    #[test]
    fn every_stated_pattern_reads_its_own() {
        let day = NaiveDate::from_ymd_opt(2021, 10, 1);
        for (format, text) in [
            ("M/D/YY", "10/1/21"),
            ("D-MON-YYYY", "1-Oct-2021"),
            ("DDMONYYYY", "01OCT2021"),
            ("us", "10/01/2021 00:00:00"),
            ("us", "10/1/2021 12:00:00 AM"),
            ("YYYY/MM/DD", "2021/10/01"),
            ("compact", "20211001.0"),
            ("excel", "44470"),
            ("excel", "44470.5"),
            ("unix", "1633046400"),
            ("unix", "1633046400000"),
            ("iso", "2021-10-01 00:00:00 UTC"),
            ("iso", "2021-10-01+00:00"),
            ("MM-DD-YYYY", "10-01-2021"),
            ("MON D, YYYY", "Oct 1, 2021"),
            ("MONTH D, YYYY", "October 1, 2021"),
            ("compact", "20211001000000"),
            ("DD.MM.YYYY", "1.10.2021"),
            ("DD.MM.YYYY", "01.10.2021 08:30"),
            ("DDMMYYYY", "01102021"),
            ("MMDDYY", "100121"),
        ] {
            let format: DateFormat = format.parse().unwrap();
            assert_eq!(format.read(text.as_bytes()), day, "{format} {text}");
        }
        for wrong in [
            "",
            "DD/MM",
            "MM/DD/YYYY/YYYY",
            "YYYY-MM-DDx",
            "spring",
            "DD/MM/YYYY DD",
        ] {
            assert!(wrong.parse::<DateFormat>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_can_be_meant_one_way_only_is_told() {
        let sniff = |value: &str| DateFormat::sniff([value.as_bytes()]);
        for (value, pattern) in [
            ("10/1/21", "MM/DD/YY"),
            ("1-Oct-2021", "DD-MON-YYYY"),
            ("01OCT2021", "DDMONYYYY"),
            ("10/01/2021 00:00:00", "MM/DD/YYYY"),
            ("2021/10/01", "YYYY/MM/DD"),
            ("20211001.0", "YYYYMMDD"),
            ("2021-1-5", "YYYY-MM-DD"),
            ("10-01-2021", "MM-DD-YYYY"),
            ("Oct 1, 2021", "MON DD, YYYY"),
            ("20211001000000", "YYYYMMDD"),
        ] {
            assert_eq!(sniff(value).unwrap().to_string(), pattern, "{value}");
        }
        let mixed = ["2021-10-12", "2021-10-11", "2021-10-5"].map(str::as_bytes);
        let format = DateFormat::sniff(mixed).unwrap();
        assert!(mixed.iter().all(|date| format.read(date).is_some()));
        assert_eq!(sniff("44470"), Err(UnknownDateFormat::Numbers));
        assert_eq!(sniff("1633046400"), Err(UnknownDateFormat::Numbers));
        assert_eq!(sniff("10.01.2021"), Err(UnknownDateFormat::NoForm));
        assert_eq!(sniff("31-10-2021"), Err(UnknownDateFormat::DayFirst));
        assert_eq!(sniff("31/10/21"), Err(UnknownDateFormat::DayFirst));
    }
}
