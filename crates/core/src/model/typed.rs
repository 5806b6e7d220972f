//! What people type for codes, days and releases, read as they mean it.
//!
//! Files and programs are read to the letter; people are not asked for it. In dates of figures the month comes first,
//! as in the forms of claims; what is no date that way is refused.

use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

use crate::model::{Code, CodeRange, CodeSet, DateFormat, MalformedCode, ReleaseName, Timeline};

/// Returns a typed code without what books and lists write around it: quotes, a dot behind it, and the dash or star
/// for all that stands below it (`E11.`, `E11.-`, `E11.*`).
///
/// ```
/// use codeyear_core::model::typed_code;
/// assert_eq!(typed_code(" E11.- "), "E11");
/// assert_eq!(typed_code("C7B.00"), "C7B.00");
/// ```
pub fn typed_code(text: &str) -> &str {
    let is_quote =
        |c: char| c.is_whitespace() || "\"'`\u{2018}\u{2019}\u{201c}\u{201d}".contains(c);
    let bare = text.trim_matches(is_quote);
    let code = bare
        .trim_end_matches(['.', '-', '*', '\u{2013}'])
        .trim_end();
    // Signs alone are shown as they are.
    if code.is_empty() { text.trim() } else { code }
}

impl CodeSet {
    /// Reads a code of this set as someone types it: as [`CodeSet::parse_code`], without what stands around it.
    ///
    /// # Errors
    /// As [`CodeSet::parse_code`].
    pub fn read_typed(self, text: &str) -> Result<Code, MalformedCode> {
        self.parse_code(typed_code(text))
    }
}

/// One of the codes that a text names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TypedCode {
    /// A code, or what should be one.
    One(String),
    /// A range of codes, with all below its ends: `E11.0-E11.9`, `C76 to C80`.
    Range(String, String),
}

impl TypedCode {
    /// Returns the range in a code set; `None` for one code.
    pub fn range(&self, code_set: CodeSet) -> Option<CodeRange> {
        let TypedCode::Range(first, last) = self else {
            return None;
        };
        Some(CodeRange {
            first: code_set.parse_code(first).ok()?,
            last: code_set.parse_code(last).ok()?,
        })
    }
}

/// Cuts a text into the codes and ranges that it names: between commas, semicolons, bars and lines, and between blanks
/// where there are codes on both sides.
///
/// ```
/// use codeyear_core::model::{TypedCode, typed_codes};
/// let one = |code: &str| TypedCode::One(code.to_owned());
/// assert_eq!(typed_codes("E11.9, I10;J44.9"), ["E11.9", "I10", "J44.9"].map(one));
/// let range = TypedCode::Range("C76".to_owned(), "C80".to_owned());
/// assert_eq!(typed_codes("C76 - C80 E11.-"), [range, one("E11.-")]);
/// assert_eq!(typed_codes("E11.9, low back pain"), ["E11.9", "low back pain"].map(one));
/// ```
pub fn typed_codes(text: &str) -> Vec<TypedCode> {
    let pieces = text.split([',', ';', '|', '\n', '\r', '\t']).map(str::trim);
    let pieces = pieces.filter(|piece| !piece.is_empty());
    pieces
        .flat_map(|piece| {
            let codes = between_blanks(piece);
            let can_be = |typed: &TypedCode| match typed {
                TypedCode::One(code) => CodeSet::ALL
                    .into_iter()
                    .any(|code_set| code_set.read_typed(code).is_ok()),
                TypedCode::Range(..) => true,
            };
            match codes.iter().all(can_be) {
                true => codes,
                false => vec![TypedCode::One(piece.to_owned())],
            }
        })
        .collect()
}

fn between_blanks(piece: &str) -> Vec<TypedCode> {
    let mut parts = piece.split_whitespace().peekable();
    let mut codes: Vec<TypedCode> = Vec::new();
    while let Some(part) = parts.next() {
        if is_through(part)
            && let Some(TypedCode::One(first)) = codes.last()
            && let Some(range) = parts.peek().and_then(|last| range_of(first, last))
        {
            codes.pop();
            codes.push(range);
            parts.next();
            continue;
        }
        let range = cut_range(part).and_then(|(first, last)| range_of(first, last));
        codes.push(range.unwrap_or_else(|| TypedCode::One(part.to_owned())));
    }
    codes
}

/// What is written between the ends of a range.
const THROUGH: [&str; 7] = [
    "..",
    " to ",
    " through ",
    " thru ",
    "\u{2013}",
    "\u{2014}",
    "-",
];

/// Checks whether a word is written between the ends of a range.
fn is_through(word: &str) -> bool {
    THROUGH
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known.trim()))
}

/// Cuts a text at the sign or word between the ends of a range; `None` if there is none, or nothing behind it.
pub(super) fn cut_range(text: &str) -> Option<(&str, &str)> {
    let text = typed_code(text);
    // Most texts are one code, which has neither.
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.';
    if text.bytes().all(is_code) && !text.contains("..") {
        return None;
    }
    // Signs and words are ASCII or have no case, so that places in the one text are places in the other.
    let lower = text.to_ascii_lowercase();
    let cut = THROUGH.into_iter().find_map(|sign| {
        let at = lower.find(sign)?;
        Some((text.get(..at)?, text.get(at + sign.len()..)?))
    });
    cut.filter(|(_, last)| last.contains(|c: char| c.is_alphanumeric()))
}

/// Returns a range if both ends can be codes of one code set.
fn range_of(first: &str, last: &str) -> Option<TypedCode> {
    let (first, last) = (typed_code(first), typed_code(last));
    let range = TypedCode::Range(first.to_owned(), last.to_owned());
    let can_be = |set: CodeSet| range.range(set).is_some();
    CodeSet::ALL.into_iter().any(can_be).then_some(range)
}

/// A day as someone types it.
///
/// ```
/// use codeyear_core::model::{CodeSet, Timeline, TypedDay};
/// let loaded = Timeline::new(CodeSet::Icd10Cm, ["FY2026".parse().unwrap()]);
/// let today = "2026-03-02".parse().unwrap();
/// let day = |text: &str| text.parse::<TypedDay>().unwrap().on(today, &loaded).to_string();
/// assert_eq!(day("10/1/2025"), "2025-10-01");
/// assert_eq!(day("Oct 1 2025"), "2025-10-01");
/// assert_eq!(day("yesterday"), "2026-03-01");
/// assert_eq!(day("latest"), "2025-10-01");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypedDay {
    /// This day.
    Day(NaiveDate),
    /// The day of today.
    Today,
    /// The day before it.
    Yesterday,
    /// The day after it.
    Tomorrow,
    /// The first day of the newest loaded release.
    Latest,
}

impl TypedDay {
    /// Returns the day that is meant; today for the newest release where none is loaded.
    pub fn on(self, today: NaiveDate, loaded: &Timeline) -> NaiveDate {
        match self {
            TypedDay::Latest => loaded.periods().last().map_or(today, |newest| newest.from),
            other => other.without_releases(today).unwrap_or(today),
        }
    }

    /// Returns the day that is meant if it is one whatever is loaded.
    pub fn without_releases(self, today: NaiveDate) -> Option<NaiveDate> {
        match self {
            TypedDay::Day(day) => Some(day),
            TypedDay::Today => Some(today),
            TypedDay::Yesterday => today.pred_opt().or(Some(today)),
            TypedDay::Tomorrow => today.succ_opt().or(Some(today)),
            TypedDay::Latest => None,
        }
    }
}

impl From<NaiveDate> for TypedDay {
    fn from(day: NaiveDate) -> TypedDay {
        TypedDay::Day(day)
    }
}

impl FromStr for TypedDay {
    type Err = String;

    fn from_str(text: &str) -> Result<TypedDay, String> {
        let text = text.trim();
        let named = match text.to_ascii_lowercase().as_str() {
            "today" | "now" => Some(TypedDay::Today),
            "yesterday" => Some(TypedDay::Yesterday),
            "tomorrow" => Some(TypedDay::Tomorrow),
            "latest" | "newest" => Some(TypedDay::Latest),
            _ => None,
        };
        let read = || DateFormat::read_any(text).map(TypedDay::Day);
        named.or_else(read).ok_or_else(|| {
            // A year that has every day of the calendar.
            let with_year = ["/2024", " 2024", "-2024"].map(|year| format!("{text}{year}"));
            let lacks_year = with_year.iter().any(|text| DateFormat::read_any(text).is_some());
            let form = "expected one such as 2026-03-01, 3/1/2026 (month first) or Mar 1 2026, or today, yesterday, tomorrow, latest";
            let why = match lacks_year {
                true => format!("it has no year; {form}"),
                false => days_of_month(text).unwrap_or_else(|| form.to_owned()),
            };
            let shown: String = text.chars().take(40).collect();
            format!("{shown:?} is not a date: {why}")
        })
    }
}

/// Returns how many days a month has, of a text such as `2026-02-30` or `2/30/2026` that names a day beyond them.
fn days_of_month(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split(['-', '/']).collect();
    let [year, month, day] = match parts.as_slice() {
        [year, month, day] if text.contains('-') => [year, month, day],
        [month, day, year] => [year, month, day],
        _ => return None,
    };
    let first = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)?;
    let days = first.num_days_in_month();
    let is_beyond = day.parse::<u8>().ok()? > days;
    is_beyond.then(|| format!("{} has {days} days", first.format("%B %Y")))
}

/// A release as someone types it: by its name, or by a day that it governs.
///
/// ```
/// use codeyear_core::model::TypedRelease;
/// let read = |text: &str| text.parse::<TypedRelease>().unwrap();
/// assert_eq!(read("FY26"), read("FY2026"));
/// assert_eq!(read("3/1/2026"), read("2026-03-01"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypedRelease {
    /// The release with this name.
    Named(ReleaseName),
    /// The one that governs this day.
    On(TypedDay),
}

impl From<ReleaseName> for TypedRelease {
    fn from(name: ReleaseName) -> TypedRelease {
        TypedRelease::Named(name)
    }
}

impl FromStr for TypedRelease {
    type Err = String;

    fn from_str(text: &str) -> Result<TypedRelease, String> {
        let named = typed_year(text).parse().map(TypedRelease::Named);
        let on = |_| text.parse().map(TypedRelease::On);
        named.or_else(on).map_err(|_: String| {
            format!(
                "{:?} is not a release: expected FY2026, FY2022-04 or FY2022-04-errata (a year alone, 2026 or 26, is its October release), a day on which it is in force, or latest",
                text.trim()
            )
        })
    }
}

/// A fiscal year as someone types it: `2026`, `FY2026`, `26`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TypedYear(pub ReleaseName);

impl FromStr for TypedYear {
    type Err = String;

    fn from_str(text: &str) -> Result<TypedYear, String> {
        match typed_year(text).parse::<ReleaseName>() {
            Ok(name) if name.is_year() => Ok(TypedYear(name)),
            _ => Err(format!(
                "{:?} is not a fiscal year: expected one such as 2026, FY2026 or 26",
                text.trim()
            )),
        }
    }
}

impl TypedYear {
    /// Lists the days of the year on which another loaded release begins to govern, its own first day before them.
    pub fn first_days(self, loaded: &Timeline) -> Vec<NaiveDate> {
        let (from, through) = self.0.days_of(loaded.code_set());
        let begin = loaded.periods().iter().map(|period| period.from);
        let within = begin.filter(|day| from < *day && *day <= through);
        std::iter::once(from).chain(within).collect()
    }
}

/// Writes a year of two digits with four, and drops the blank behind FY.
fn typed_year(text: &str) -> String {
    let upper = text.trim().to_ascii_uppercase();
    let fiscal = upper.strip_prefix("FY").map(str::trim_start);
    let rest = fiscal.unwrap_or(&upper);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    // A month and a day look like a year and a month.
    let is_short = digits == 2 && (fiscal.is_some() || rest.len() == 2);
    let century = if is_short { "20" } else { "" };
    let prefix = if fiscal.is_some() { "FY" } else { "" };
    format!("{prefix}{century}{rest}")
}

/// Cuts a text into the two releases that it names, with two dots, a word or a dash between them; `None` if it names one.
fn sides(text: &str) -> Option<(&str, &str)> {
    let lower = text.to_ascii_lowercase();
    let cut = ["..", " to ", " through ", " - ", "\u{2013}", "\u{2014}"]
        .into_iter()
        .find_map(|sign| lower.find(sign).map(|at| (at, at + sign.len())));
    if let Some((end, begin)) = cut {
        return Some((text.get(..end)?, text.get(begin..)?));
    }
    // FY2025-FY2026, FY2025 FY2026: the second one begins with its own name.
    let second = lower.rfind("fy").filter(|at| *at > 0)?;
    let first = text.get(..second)?.trim_end_matches([' ', '-']);
    (!first.is_empty()).then(|| (first, text.get(second..).unwrap_or_default()))
}

/// The releases that someone wants to be compared: two of them, `FY2025..FY2026`, or one and what is beside it.
///
/// `FY2026` and `..FY2026` are that release and the one before it, `FY2025..` is that one and the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TypedReleases {
    /// The older side; `None` for the release before the other one.
    pub old: Option<TypedRelease>,
    /// The newer side; `None` for the newest.
    pub new: Option<TypedRelease>,
    /// Whether it was written as two sides, of which one may be left out.
    pub is_range: bool,
}

impl TypedReleases {
    /// Returns what is to be compared where another release is named beside: one that stands alone is then the older
    /// side.
    ///
    /// # Errors
    /// A text for people if both sides were named already.
    pub fn and(self, other: Option<TypedRelease>) -> Result<TypedReleases, String> {
        match other {
            None => Ok(self),
            Some(_) if self.is_range => Err("more than two releases are given".to_owned()),
            new => Ok(TypedReleases {
                old: self.new,
                new,
                is_range: true,
            }),
        }
    }
}

impl FromStr for TypedReleases {
    type Err = String;

    fn from_str(text: &str) -> Result<TypedReleases, String> {
        let Some((old, new)) = sides(text) else {
            return Ok(TypedReleases {
                old: None,
                new: Some(text.parse()?),
                is_range: false,
            });
        };
        let new = new.trim_start_matches('.');
        let read = |text: &str| match text.trim() {
            "" => Ok(None),
            text => text.parse().map(Some),
        };
        let (old, new) = (read(old)?, read(new)?);
        match (old, new) {
            (None, None) => {
                Err("no release is named: expected two as in FY2025..FY2026".to_owned())
            }
            _ => Ok(TypedReleases {
                old,
                new,
                is_range: true,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(code: &str) -> TypedCode {
        TypedCode::One(code.to_owned())
    }

    fn range(first: &str, last: &str) -> TypedCode {
        TypedCode::Range(first.to_owned(), last.to_owned())
    }

    #[test]
    fn a_code_is_read_as_books_and_lists_write_it() {
        for (text, code) in [
            ("E11.", "E11"),
            ("E11.-", "E11"),
            ("E11.*", "E11"),
            ("E11*", "E11"),
            ("S72.00-", "S72.00"),
            ("\"E11.9\"", "E11.9"),
            ("'e119'", "e119"),
            // Nothing is left of signs alone, so they are shown.
            ("-", "-"),
            ("...", "..."),
            // No sign within a code is passed over.
            ("C7.B", "C7.B"),
            (".E11", ".E11"),
            ("", ""),
        ] {
            assert_eq!(typed_code(text), code, "{text:?}");
        }
    }

    #[test]
    fn codes_and_ranges_are_told_apart() {
        for (text, codes) in [
            ("E11.9", vec![one("E11.9")]),
            ("E11.9,I10", vec![one("E11.9"), one("I10")]),
            (
                "E11.9\tI10\n J44.9 ",
                vec![one("E11.9"), one("I10"), one("J44.9")],
            ),
            ("E11.0-E11.9", vec![range("E11.0", "E11.9")]),
            ("E11.0..E11.9", vec![range("E11.0", "E11.9")]),
            ("c76\u{2013}c80", vec![range("c76", "c80")]),
            (
                "E08 through E13, I10",
                vec![range("E08", "E13"), one("I10")],
            ),
            ("0270346-02703D6", vec![range("0270346", "02703D6")]),
            ("E11.- I10", vec![one("E11.-"), one("I10")]),
            // No end of these is a code.
            ("123-45-6789", vec![one("123-45-6789")]),
            ("555-1234", vec![one("555-1234")]),
            // Words beside a code are not cut from it.
            ("to E11", vec![one("to E11")]),
            ("E11.9 Type 2 diabetes", vec![one("E11.9 Type 2 diabetes")]),
            ("C7B 00, I10", vec![one("C7B 00"), one("I10")]),
            (" ,; ", vec![]),
        ] {
            assert_eq!(typed_codes(text), codes, "{text:?}");
        }
    }

    #[test]
    fn a_day_is_read_in_every_form_that_means_one_day_only() {
        let loaded = Timeline::new(
            CodeSet::Icd10Cm,
            ["FY2025", "FY2026"].map(|id| id.parse().unwrap()),
        );
        let today: NaiveDate = "2026-03-01".parse().unwrap();
        let day = |text: &str| {
            text.parse::<TypedDay>()
                .map(|day| day.on(today, &loaded).to_string())
        };
        for text in [
            "2025-10-01",
            " 2025-10-1 ",
            "10/1/2025",
            "10/01/25",
            "10-01-2025",
            "20251001",
            "2025/10/01",
            "Oct 1 2025",
            "Oct 1, 2025",
            "october 1, 2025",
            "1 Oct 2025",
            "01-OCT-2025",
            "2025-10-01T08:30:00Z",
            "latest",
            "Newest",
        ] {
            assert_eq!(day(text).as_deref(), Ok("2025-10-01"), "{text}");
        }
        assert_eq!(day("TODAY").as_deref(), Ok("2026-03-01"));
        assert_eq!(day("yesterday").as_deref(), Ok("2026-02-28"));
        assert_eq!(day("tomorrow").as_deref(), Ok("2026-03-02"));
        for text in [
            "2026-02-29",
            "31/10/2025",
            "1.10.2025",
            "2026-03",
            "46082",
            "spring",
            "FY2026",
            "",
        ] {
            let error = day(text).unwrap_err();
            assert!(
                error.starts_with(&format!("{text:?} is not a date")),
                "{error}"
            );
        }
        let empty = Timeline::new(CodeSet::Icd10Cm, []);
        assert_eq!(TypedDay::Latest.on(today, &empty), today);
        assert_eq!(
            TypedDay::Tomorrow.on(NaiveDate::MAX, &empty),
            NaiveDate::MAX
        );
    }

    #[test]
    fn a_release_is_read_by_its_name_or_a_day_of_it() {
        let read = |text: &str| text.parse::<TypedRelease>();
        let named = |text: &str| Ok(TypedRelease::Named(text.parse().unwrap()));
        for (text, name) in [
            ("26", "2026"),
            ("FY26", "FY2026"),
            ("fy 2026", "FY2026"),
            ("FY22-04", "FY2022-04"),
            ("2022-04", "2022-04"),
            ("FY2022-04-errata", "FY2022-04-errata"),
        ] {
            assert_eq!(read(text), named(name), "{text}");
        }
        let on = |text: &str| Ok(TypedRelease::On(text.parse().unwrap()));
        for text in ["2026-03-01", "3/1/2026", "today", "latest"] {
            assert_eq!(read(text), on(text), "{text}");
        }
        for text in [
            "",
            "20",
            "FY1926",
            "FY2026-13",
            "22-04",
            "C7B",
            "FY2026..FY2027",
        ] {
            assert_eq!(read(text).is_err(), text != "20", "{text:?}");
        }
    }

    #[test]
    fn two_releases_are_written_with_dots_between_them() {
        let side = |text: &str| Some(text.parse::<TypedRelease>().unwrap());
        let read = |text: &str| text.parse::<TypedReleases>();
        for (text, old, new) in [
            ("FY2025..FY2026", side("FY2025"), side("FY2026")),
            ("FY2025...26", side("FY2025"), side("2026")),
            ("FY2025..", side("FY2025"), None),
            ("..FY2026", None, side("FY2026")),
            ("FY2025 to FY2026", side("FY2025"), side("FY2026")),
            ("FY2025-FY2026", side("FY2025"), side("FY2026")),
            ("FY2025-04 FY2026", side("FY2025-04"), side("FY2026")),
            ("fy 2025\u{2013}fy 2026", side("FY2025"), side("FY2026")),
            ("FY2026", None, side("FY2026")),
            (
                "9/30/2025..10/1/2025",
                side("2025-09-30"),
                side("2025-10-01"),
            ),
        ] {
            let is_range = text != "FY2026";
            let named = TypedReleases { old, new, is_range };
            assert_eq!(read(text), Ok(named), "{text}");
            let beside = named.and(side("FY2024"));
            match is_range {
                true => assert!(beside.is_err(), "{text}"),
                false => assert_eq!(beside.unwrap().old, new, "{text}"),
            }
            assert_eq!(named.and(None), Ok(named), "{text}");
        }
        for text in ["", "..", "FY2025..x", "x..FY2025"] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }
}
