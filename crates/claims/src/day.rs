//! Dates as claims write them.

use chrono::NaiveDate;

/// How a file writes its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DateFormat {
    /// `2026-03-01`, also with a time behind it (`2026-03-01T08:30:00`, `2026-03-01 08:30`).
    Iso,
    /// `03/01/2026` or `3/1/2026`: month, day, year.
    Us,
    /// `20260301`.
    Compact,
}

impl DateFormat {
    /// The formats, in the order in which they are tried.
    pub const ALL: [DateFormat; 3] = [DateFormat::Iso, DateFormat::Us, DateFormat::Compact];

    /// Returns the form in letters: `YYYY-MM-DD`.
    pub fn pattern(self) -> &'static str {
        match self {
            DateFormat::Iso => "YYYY-MM-DD",
            DateFormat::Us => "MM/DD/YYYY",
            DateFormat::Compact => "YYYYMMDD",
        }
    }

    /// Reads a date; `None` if it is not of this form, or no day of the calendar.
    ///
    /// ```
    /// use codeyear_claims::DateFormat;
    /// assert!(DateFormat::Us.read(b"10/01/2025").is_some());
    /// assert!(DateFormat::Iso.read(b"2021-02-30").is_none());
    /// ```
    pub fn read(self, text: &[u8]) -> Option<NaiveDate> {
        let (year, month, day) = self.parts(text)?;
        NaiveDate::from_ymd_opt(year, month, day)
    }

    /// Takes a date apart, without asking whether there is such a day.
    #[inline]
    pub(super) fn parts(self, text: &[u8]) -> Option<(i32, u32, u32)> {
        let text = text.trim_ascii();
        match self {
            DateFormat::Iso => {
                let (date, rest) = text.split_first_chunk::<10>()?;
                let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *date else {
                    return None;
                };
                let is_time = match rest {
                    [] => true,
                    [b'T' | b' ', time @ ..] => {
                        !time.is_empty()
                            && time.iter().all(|byte| b"0123456789:.+-Z".contains(byte))
                    }
                    _ => false,
                };
                is_time.then_some(())?;
                parts([y1, y2, y3, y4, m1, m2, d1, d2])
            }
            DateFormat::Compact => parts(*text.as_array()?),
            DateFormat::Us => {
                let (month, rest) = one_or_two(text)?;
                let (day, rest) = one_or_two(rest)?;
                let ([m1, m2], [d1, d2]) = (month, day);
                let [y1, y2, y3, y4] = rest else { return None };
                parts([*y1, *y2, *y3, *y4, m1, m2, d1, d2])
            }
        }
    }

    /// Returns the format of a column from some of its values. The formats look so different that one value
    /// is of one format at most; the one that most values have wins.
    ///
    /// # Errors
    /// [`Undetermined`] if no value is of any format, or if the values look like days before months.
    pub fn sniff<'v>(
        values: impl IntoIterator<Item = &'v [u8]>,
    ) -> Result<DateFormat, Undetermined> {
        let mut counts = [0u64; 3];
        let mut any = false;
        let mut day_first = false;
        for value in values {
            let value = value.trim_ascii();
            if value.is_empty() {
                continue;
            }
            any = true;
            for (format, count) in DateFormat::ALL.into_iter().zip(&mut counts) {
                if format.read(value).is_some() {
                    *count += 1;
                } else if format == DateFormat::Us
                    && let Some((year, month, day)) = format.parts(value)
                {
                    day_first |= NaiveDate::from_ymd_opt(year, day, month).is_some();
                }
            }
        }
        let most = DateFormat::ALL
            .into_iter()
            .zip(counts)
            .filter(|(_, count)| *count > 0)
            .max_by_key(|(_, count)| *count);
        match most {
            Some((DateFormat::Us, _)) if day_first => Err(Undetermined::DayFirst),
            Some((format, _)) => Ok(format),
            None if day_first => Err(Undetermined::DayFirst),
            None if any => Err(Undetermined::NoForm),
            None => Err(Undetermined::Empty),
        }
    }
}

impl std::fmt::Display for DateFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.pattern())
    }
}

/// Why the format of a column of dates cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undetermined {
    /// There are no values.
    Empty,
    /// No value is a date of a known form.
    NoForm,
    /// Some values are dates only if the day stands before the month.
    DayFirst,
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
fn parts(digits: [u8; 8]) -> Option<(i32, u32, u32)> {
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
    let year = i32::from(century) * 100 + i32::from(year);
    Some((year, u32::from(month), u32::from(day)))
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
                for other in DateFormat::ALL {
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
            Err(Undetermined::DayFirst)
        );
        assert_eq!(sniff(&["spring"]), Err(Undetermined::NoForm));
        assert_eq!(sniff(&["", " "]), Err(Undetermined::Empty));
    }
}
