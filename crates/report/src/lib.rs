//! What is said, and a value as text, Markdown, AsciiDoc, HTML, CSV, JSON or Parquet. Nothing here asks a database or a clock.

pub mod audit;
pub mod changes;
mod cut;
mod explain;
pub mod export;
mod found;
pub mod html;
pub mod json;
mod lineage;
pub mod marks;
mod note;
pub mod ohdsi;
pub mod page;
mod questions;
pub mod render;
pub mod report;
pub mod table;
pub mod text;
pub mod tree;
mod verdict;
pub mod xlsx;

use codeyear_core::model::{Code, IndexLink, LinkedBy, ReferenceKind};

/// How codes and marks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Write ICD-10-CM codes with their dot.
    pub dots: bool,
    /// Mark with ANSI colours.
    pub colour: bool,
    /// Write every list whole.
    pub whole_lists: bool,
    /// Wrap lines after so many characters, as a terminal needs it.
    pub width: Option<usize>,
}

impl Style {
    /// Dots, no colours, long lists cut, no line wrapped.
    pub const PLAIN: Style = Style {
        dots: true,
        colour: false,
        whole_lists: false,
        width: None,
    };

    /// Writes a code.
    pub fn code(&self, code: &Code) -> String {
        if self.dots {
            code.to_string()
        } else {
            code.as_str().to_owned()
        }
    }

    fn paint(&self, style: anstyle::Style, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    fn bold(&self, text: &str) -> String {
        self.paint(anstyle::Style::new().bold(), text)
    }

    fn dim(&self, text: &str) -> String {
        self.paint(anstyle::Style::new().dimmed(), text)
    }

    fn good(&self, text: &str) -> String {
        self.paint(anstyle::AnsiColor::Green.on_default().bold(), text)
    }

    fn bad(&self, text: &str) -> String {
        self.paint(anstyle::AnsiColor::Red.on_default().bold(), text)
    }

    fn doubtful(&self, text: &str) -> String {
        self.paint(anstyle::AnsiColor::Yellow.on_default().bold(), text)
    }
}

/// Writes a number of things: `1 code`, `2 codes`.
pub fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number))
}

/// Returns a day as people read it: `October 1, 2025`.
pub(crate) fn long_day(day: chrono::NaiveDate) -> String {
    day.format("%B %-d, %Y").to_string()
}

/// Writes a number with thousands separated, as people read it.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns how many corrections the catalogue adds to a release, and of which codes; `None` if there are none.
pub(crate) fn corrections(codes: &[Code], style: Style) -> Option<String> {
    const MAX_NAMED: usize = 3;
    let named = codes.iter().take(MAX_NAMED).map(|code| style.code(code));
    let mut named: Vec<String> = named.collect();
    if codes.len() > MAX_NAMED {
        named.push("...".to_owned());
    }
    let count = counted(codes.len() as u64, "mid-year correction");
    (!codes.is_empty()).then(|| format!("{count} from the catalogue ({})", named.join(", ")))
}

/// Returns `part / whole` in units of one `of`-th, rounded half up; 0 if there is no whole.
///
/// Every share that is written comes from here, in whole numbers, so that every format and every machine
/// rounds the same.
pub(crate) fn rounded(part: u64, whole: u64, of: u64) -> u128 {
    let (part, whole) = (u128::from(part), u128::from(whole));
    let halves = 2 * part * u128::from(of) + whole;
    halves.checked_div(2 * whole).unwrap_or_default()
}

/// Returns a share in percent with two decimals and no sign: `3.84`.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    let hundredths = rounded(part, whole, 10_000);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Returns a share in percent as people read it: a whole percent, below one with one decimal. Only all is 100%, and only none is
/// 0%.
pub(crate) fn share(part: u64, whole: u64) -> String {
    let hundredths = u128::from(part) * 100;
    if part == 0 {
        "0%".to_owned()
    } else if hundredths < u128::from(whole) {
        match rounded(part, whole, 1_000) {
            0 => "<0.1%".to_owned(),
            tenths => format!("{}.{}%", tenths / 10, tenths % 10),
        }
    } else {
        match rounded(part, whole, 100) {
            100 if part < whole => ">99%".to_owned(),
            percent => format!("{percent}%"),
        }
    }
}

/// Writes an amount: `$1,234.50`.
pub(crate) fn dollars(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}${}.{:02}", grouped(cents / 100), cents % 100)
}

/// Returns how a term of an index refers to a code, in the words of the book.
pub(crate) fn index_reference(link: &IndexLink) -> String {
    let reference = link.reference.trim();
    let how = match &link.by {
        LinkedBy::Cell { heading } => return format!("{heading}: {reference}"),
        LinkedBy::Reference(ReferenceKind::Code) => return reference.to_owned(),
        LinkedBy::Reference(ReferenceKind::Manifestation) => "manifestation",
        LinkedBy::Reference(ReferenceKind::SeeCategory) => "see category",
        LinkedBy::Reference(ReferenceKind::Subcategory) => "subcategory",
        LinkedBy::Reference(ReferenceKind::See) => "see",
        LinkedBy::Reference(ReferenceKind::SeeAlso) => "see also",
    };
    format!("{how} {reference}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_half_up_in_every_format() {
        let percents = [
            (1, 3),
            (2, 3),
            (3_837, 100_000),
            (5, 100_000),
            (1, 1),
            (0, 0),
        ];
        let percents = percents.map(|(part, whole)| percent(part, whole));
        assert_eq!(
            percents,
            ["33.33", "66.67", "3.84", "0.01", "100.00", "0.00"]
        );
        assert_eq!(share(3_837, 100_000), "4%");
        assert_eq!(changes::fraction(2, 3), "0.666667");
        assert_eq!(changes::fraction(1, 2_000_000), "0.000001");
    }

    #[test]
    fn a_share_is_a_whole_percent_and_only_nothing_is_none() {
        for (part, whole, text) in [
            (0, 0, "0%"),
            (0, 7, "0%"),
            (7_638, 10_000, "76%"),
            (5, 1_000, "0.5%"),
            (4, 100_000, "<0.1%"),
            (1, 100, "1%"),
            (9_999, 10_000, ">99%"),
            (7, 7, "100%"),
            (u64::MAX, u64::MAX, "100%"),
        ] {
            assert_eq!(share(part, whole), text, "{part} of {whole}");
        }
    }
}

#[cfg(test)]
#[path = "../../testing.rs"]
mod testing;
