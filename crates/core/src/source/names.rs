//! What the name of a file or an archive says of its release. Folders are never asked.
//!
//! A year counts as four digits (`icd10cm_order_2026.txt`) or behind `FY` (`FY26`); a month only as a phrase
//! beside its year (`April-2025`, `april-1-2026`, `Apr22`, `Effective-04-01-2022`). Any other date is the day
//! of a posting or a download, and says nothing.

use chrono::Month;

use crate::model::{Calendar, ReleaseId};

/// What a name says of a release.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct NameHints {
    /// The year, as the calendar counts it.
    pub year: Option<i32>,
    /// The month in which the release takes effect.
    pub month: Option<u32>,
    /// Whether it is a whole release id, as in `FY2026`, `FY2024-04` or `2026-07`: without a month it is the release
    /// that begins the year.
    pub is_id: bool,
    /// The number of the correction, if the name says that it is one.
    pub revision: u32,
}

impl NameHints {
    /// Reads what a name says of a release of a calendar. What stands before its last slash is a folder and not read.
    pub fn read(name: &str, calendar: Calendar) -> NameHints {
        let own = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let stem = match own.rsplit_once('.') {
            Some((stem, end)) if end.len() <= 4 => stem,
            _ => own,
        };
        Reader::new(stem, calendar).read()
    }

    /// Returns the releases that the name allows, without their corrections; none if it names no year.
    pub fn candidates(&self, calendar: Calendar) -> Vec<ReleaseId> {
        let Some(year) = self.year else {
            return Vec::new();
        };
        match self.month {
            Some(month) => vec![calendar.release(year, month)],
            None if self.is_id => vec![calendar.first_of_year(year)],
            None => calendar.of_year(year),
        }
    }
}

/// A run of letters or of digits in a name, in lower case.
#[derive(Debug, Clone)]
struct Word {
    text: String,
    is_number: bool,
    /// Whether nothing parts it from the word before it.
    is_glued: bool,
}

impl Word {
    fn number(&self) -> Option<u32> {
        self.text.parse().ok().filter(|_| self.is_number)
    }

    fn year(&self) -> Option<i32> {
        let year = self.text.parse().ok().filter(|_| self.text.len() == 4)?;
        (self.is_number && (2009..=2100).contains(&year)).then_some(year)
    }
}

/// The month and the calendar year of a date, and how many words it takes.
struct Phrase {
    month: u32,
    day: u32,
    year: i32,
    words: usize,
}

struct Reader {
    words: Vec<Word>,
    calendar: Calendar,
}

impl Reader {
    fn new(stem: &str, calendar: Calendar) -> Reader {
        let mut words: Vec<Word> = Vec::new();
        let mut is_glued = false;
        for c in stem.chars() {
            if !c.is_ascii_alphanumeric() {
                is_glued = false;
                continue;
            }
            let is_number = c.is_ascii_digit();
            let c = c.to_ascii_lowercase();
            match words.last_mut() {
                Some(word) if is_glued && word.is_number == is_number => word.text.push(c),
                _ => words.push(Word {
                    text: c.to_string(),
                    is_number,
                    is_glued,
                }),
            }
            is_glued = true;
        }
        Reader { words, calendar }
    }

    fn at(&self, at: usize) -> Option<&Word> {
        self.words.get(at)
    }

    fn read(&self) -> NameHints {
        let mut hints = NameHints::default();
        let mut phrases: Vec<(u32, i32)> = Vec::new();
        let mut plain_year = None;
        let mut at = 0;
        while let Some(word) = self.at(at) {
            if let Some(phrase) = self.phrase(at) {
                if phrase.day == 1 {
                    phrases.push(self.release_of(&phrase));
                }
                at += phrase.words;
                continue;
            }
            // The first day of a release as ISO 8601 writes it; any other such date is the day of a download.
            if let Some(date) = self.iso_date(at)
                && date.day == 1
                && date.month == self.calendar.first_month()
            {
                phrases.push(self.release_of(&date));
                at += date.words;
                continue;
            }
            if let Some(date) = self.numeric_date(at) {
                let is_effective = at
                    .checked_sub(1)
                    .and_then(|before| self.at(before))
                    .is_some_and(|before| before.text.ends_with("effective"));
                if is_effective && date.day == 1 {
                    phrases.push(self.release_of(&date));
                }
                at += date.words;
                continue;
            }
            if word.text.ends_with("errata") {
                let number = self.at(at + 1).filter(|next| next.is_glued);
                hints.revision = number.and_then(Word::number).unwrap_or(1);
            } else if self.calendar == Calendar::FiscalYears
                && word.text.ends_with("fy")
                && hints.year.is_none()
                && let Some(year) = self.at(at + 1).and_then(fiscal_year)
            {
                hints.year = Some(year);
                at += 1;
                hints.is_id = self.at(at).is_some_and(|year| year.text.len() == 4);
                let month = self
                    .at(at + 1)
                    .filter(|month| month.text.len() == 2 && self.numeric_date(at + 1).is_none());
                if hints.is_id
                    && let Some(month) = month.and_then(Word::number)
                    && self.calendar.months().contains(&month)
                {
                    hints.month = Some(month);
                    at += 1;
                }
            } else if hints.year.is_none()
                && let Some((year, month)) = self.quarter(at)
            {
                hints.year = Some(year);
                hints.month = Some(month);
                hints.is_id = true;
                at += 1;
            } else if plain_year.is_none() {
                plain_year = word.year();
            }
            at += 1;
        }
        if hints.year.is_none() {
            hints.year = plain_year;
        }
        // A phrase of another year is the day of a download, as is one of a month that has no release; without a
        // year it names the year as well.
        for (month, year) in phrases {
            if self.calendar.release(year, month).fits_calendar()
                && hints.month.is_none()
                && hints.year.is_none_or(|named| named == year)
            {
                hints.year = Some(year);
                hints.month = Some(month);
            }
        }
        hints
    }

    /// Returns the month and the year of the release that takes effect on the first day of a month.
    fn release_of(&self, date: &Phrase) -> (u32, i32) {
        let begins_next = self.calendar == Calendar::FiscalYears && date.month == 10;
        (date.month, date.year + i32::from(begins_next))
    }

    /// Reads a release of a quarter: `2026-07`, which no day follows.
    fn quarter(&self, at: usize) -> Option<(i32, u32)> {
        let year = self.at(at)?.year()?;
        let month = self.at(at + 1).filter(|word| word.text.len() == 2)?;
        let month = month.number()?;
        let is_one = self.calendar == Calendar::Quarters
            && self.calendar.months().contains(&month)
            && self.iso_date(at).is_none()
            && self.numeric_date(at + 1).is_none();
        is_one.then_some((year, month))
    }

    /// Reads a date with the name of a month beside a year: `April 1 2026`, `1 April 2026`, `Jan-2021`,
    /// `2021jan`, `Apr22`.
    fn phrase(&self, at: usize) -> Option<Phrase> {
        let word = self.at(at)?;
        if let Some(day) = word.number().filter(|_| word.text.len() <= 2) {
            // The day before the month, but not digits that belong to a word, such as the 10 of icd10.
            let rest = self
                .month(at + 1)
                .filter(|_| !word.is_glued && !self.is_glued(at + 1))?;
            let year = self.at(at + 2)?.year()?;
            return Some(Phrase {
                month: rest,
                day,
                year,
                words: 3,
            });
        }
        if let Some(year) = word.year() {
            let month = self.month(at + 1)?;
            // Of 2027 April 2028 the month belongs to the year behind it.
            let own = self.phrase(at + 1);
            if own.is_some() {
                return None;
            }
            return Some(Phrase {
                month,
                day: 1,
                year,
                words: 2,
            });
        }
        let month = self.month(at)?;
        let next = self.at(at + 1)?;
        if let Some(year) = next.year() {
            return Some(Phrase {
                month,
                day: 1,
                year,
                words: 2,
            });
        }
        let number = next.number().filter(|_| next.text.len() <= 2)?;
        match self.at(at + 2).and_then(Word::year) {
            Some(year) => Some(Phrase {
                month,
                day: number,
                year,
                words: 3,
            }),
            // Apr22
            None if next.is_glued && next.text.len() == 2 => Some(Phrase {
                month,
                day: 1,
                year: 2000 + i32::try_from(number).ok()?,
                words: 2,
            }),
            None => None,
        }
    }

    /// Reads a month's name: a word of its own, or the end of one that digits are glued to.
    fn month(&self, at: usize) -> Option<u32> {
        let word = self.at(at)?;
        if word.is_number {
            return None;
        }
        if let Ok(month) = word.text.parse::<Month>() {
            return Some(month.number_from_month());
        }
        if !self.is_glued(at + 1) {
            return None;
        }
        const ENDS: [(&str, u32); 8] = [
            ("jan", 1),
            ("january", 1),
            ("apr", 4),
            ("april", 4),
            ("jul", 7),
            ("july", 7),
            ("oct", 10),
            ("october", 10),
        ];
        let months = self.calendar.months();
        ENDS.iter()
            .find(|(end, month)| word.text.ends_with(end) && months.contains(month))
            .map(|(_, month)| *month)
    }

    fn is_glued(&self, at: usize) -> bool {
        self.at(at).is_some_and(|word| word.is_glued)
    }

    /// Reads a date as ISO 8601 has it: `2027-10-01`.
    fn iso_date(&self, at: usize) -> Option<Phrase> {
        let year = self.at(at)?.year()?;
        let part = |at: usize| {
            let word = self.at(at)?;
            word.number().filter(|_| word.text.len() == 2)
        };
        let (month, day) = (part(at + 1)?, part(at + 2)?);
        ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(Phrase {
            month,
            day,
            year,
            words: 3,
        })
    }

    /// Reads a date in numbers: `04-01-2022`, `1 11 2023`.
    fn numeric_date(&self, at: usize) -> Option<Phrase> {
        let part = |at: usize| {
            let word = self.at(at)?;
            word.number().filter(|_| word.text.len() <= 2)
        };
        let (month, day) = (part(at)?, part(at + 1)?);
        let year = self.at(at + 2)?.year()?;
        ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(Phrase {
            month,
            day,
            year,
            words: 3,
        })
    }
}

/// Reads the year behind `FY`: two digits or four.
fn fiscal_year(word: &Word) -> Option<i32> {
    match word.text.len() {
        2 => word.number().map(|year| 2000 + year as i32),
        _ => word.year(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::catalogue::Catalogue;

    fn read(name: &str) -> String {
        read_as(name, Calendar::FiscalYears)
    }

    fn read_as(name: &str, calendar: Calendar) -> String {
        let ids: Vec<String> = NameHints::read(name, calendar)
            .candidates(calendar)
            .iter()
            .map(ReleaseId::to_string)
            .collect();
        ids.join(" ")
    }

    #[test]
    fn a_quarter_is_a_month_beside_the_year_by_name_or_by_number() {
        for (name, releases) in [
            ("HCPC2026_JUL_ANWEB_06172026.txt", "2026-07"),
            ("july-2026-alpha-numeric-hcpcs-file.zip", "2026-07"),
            ("list-2026-10.txt", "2026-10"),
            ("list-2026-08.txt", "2026-01 2026-04 2026-07 2026-10"),
            ("list-2026-01-15.txt", "2026-01 2026-04 2026-07 2026-10"),
            ("list.txt", ""),
        ] {
            assert_eq!(read_as(name, Calendar::Quarters), releases, "{name}");
        }
    }

    #[test]
    fn a_month_counts_as_a_phrase_beside_the_year() {
        for (name, ids) in [
            ("icd10cm-order-April-2027.txt", "FY2027-04"),
            ("icd10cm-order- April 1 2027.txt", "FY2027-04"),
            ("april-1-2026-code-descriptions.zip", "FY2026-04"),
            ("icd10cm-codes-order-Jan-2021.zip", "FY2021-01"),
            ("icd10cm_order_2021jan.txt", "FY2021-01"),
            ("POAexemptCodesApr22.txt", "FY2022-04"),
            ("POAexemptCodesJan2021.txt", "FY2021-01"),
            (
                "Conversion-Table-FY2022-Effective-04-01-2022.xlsx",
                "FY2022-04",
            ),
            (
                "Table-FY2022-Effective-10-1-2021-updated-08-24-2021.xlsx",
                "FY2022",
            ),
            (
                "CONVERSION-TABLE-FY2028-October 1 2027 - FINAL-.xlsx",
                "FY2028",
            ),
            ("icd10cm-FY2024-04.zip", "FY2024-04"),
            ("icd10cm-FY2026.zip", "FY2026"),
            ("codes 1 April 2029.txt", "FY2029-04"),
        ] {
            assert_eq!(read(name), ids, "{name}");
        }
    }

    #[test]
    fn any_other_date_says_nothing() {
        for (name, ids) in [
            ("icd10cm_order_2028.txt", "FY2028 FY2028-04"),
            ("POAexemptCodesFY28.txt", "FY2028 FY2028-04"),
            ("April/icd10cm_order_2028.txt", "FY2028 FY2028-04"),
            (
                "emailed in january/icd10cm_order_2028.txt",
                "FY2028 FY2028-04",
            ),
            ("april smith 2028.txt", "FY2028 FY2028-04"),
            (
                "2028-code-descriptions-updated-04/11/2028.zip",
                "FY2028 FY2028-04",
            ),
            ("2023-order-file-updated-01-11-2023.zip", "FY2023 FY2023-04"),
            (
                "icd10cm_order_2028 downloaded April 2027.txt",
                "FY2028 FY2028-04",
            ),
            ("emailed in january.zip", ""),
            ("order.txt", ""),
            (
                "2021-codes-updated-12162020.zip",
                "FY2021 FY2021-01 FY2021-04",
            ),
            (
                "2022-order-file-updated-december-1-2021.zip",
                "FY2022 FY2022-04",
            ),
        ] {
            assert_eq!(read(name), ids, "{name}");
        }
    }

    #[test]
    fn a_correction_is_named_one() {
        assert_eq!(
            NameHints::read("icd10pcs-FY2022-04-errata.zip", Calendar::FiscalYears).revision,
            1
        );
        assert_eq!(
            NameHints::read("icd10pcs-FY2022-04-errata2.zip", Calendar::FiscalYears).revision,
            2
        );
        assert_eq!(
            NameHints::read("icd10pcs-FY2022-04.zip", Calendar::FiscalYears).revision,
            0
        );
    }

    #[test]
    fn no_official_name_speaks_for_another_release_than_its_own() {
        let mut decisive = 0;
        for known in Catalogue::bundled().unwrap().releases() {
            for archive in &known.archives {
                let is_list = archive.holds.iter().any(|held| held != "other");
                // One address has a day with slashes in its last part, which are no folders.
                let ids = NameHints::read(&archive.file.replace('/', "-"), Calendar::FiscalYears)
                    .candidates(Calendar::FiscalYears);
                if !is_list || ids.is_empty() {
                    continue;
                }
                let edition = known.id.edition();
                assert!(
                    ids.contains(&edition),
                    "{}: {ids:?}, not {}",
                    archive.file,
                    known.id
                );
                decisive += usize::from(ids.len() == 1);
            }
        }
        assert!(decisive > 30, "{decisive} names name one release");
    }
}
