//! Codes as files write them with something around them: what would be a code without it.

use super::options::Separators;
use codeyear_core::model::{CodeSet, LabelMeaning, OtherCodeSet, named};
use strum::IntoStaticStr;

named!(Writing);

/// What stands around or within a text that would be a code without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Writing {
    /// Several codes in one cell.
    List,
    /// Quotes, an equals sign, blanks that are not seen.
    Quotes,
    /// Signs before or behind the code.
    Signs,
    /// The name of a code set before it.
    Label,
    /// Words behind it.
    Words,
    /// An indicator behind it, as that of a diagnosis present on admission.
    Indicator,
    /// A dot where the code has none, or another sign in place of the dot.
    Dot,
    /// Fewer zeros at the beginning than the code has.
    Zeros,
}

impl Writing {
    /// Returns what it is in words that follow a count: `with words behind the code`.
    pub fn words(self) -> &'static str {
        match self {
            Writing::List => "with several codes",
            Writing::Quotes => "with quotes or an equals sign around the code",
            Writing::Signs => "with signs before or after the code",
            Writing::Label => "with the name of a code set before the code",
            Writing::Words => "with words after the code",
            Writing::Indicator => "with an indicator after the code",
            Writing::Dot => "with the dot in the wrong place, or another character for it",
            Writing::Zeros => "that lost their leading zeros",
        }
    }
}

/// Cuts a cell into its codes, without the brackets and quotes of a list.
pub(super) fn split<'t>(cell: &'t str, separators: &Separators) -> impl Iterator<Item = &'t str> {
    let parts = cell.split(|c: char| separators.contains(c) || "[]{}()\"'".contains(c));
    parts.map(str::trim).filter(|part| !part.is_empty())
}

/// Finds the code within a text that is none as it stands; `is_code` says what a release lists. Of several codes none is
/// given.
pub(super) fn clean(text: &str, is_code: impl Fn(&str) -> bool) -> Option<(Writing, String)> {
    let whole = text.trim();
    let is_unseen = |c: char| {
        matches!(
            c,
            '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{a0}' | '\u{2060}'
        )
    };
    let is_quote = |c: char| {
        is_unseen(c) || c.is_whitespace() || "=\"'`\u{2018}\u{2019}\u{201c}\u{201d}".contains(c)
    };
    let unquoted: String = whole
        .trim_matches(is_quote)
        .chars()
        .filter(|c| !is_unseen(*c))
        .collect();
    let found = |writing, code: &str| is_code(code).then(|| (writing, code.to_owned()));
    if unquoted != whole
        && let Some(found) = found(Writing::Quotes, &unquoted)
    {
        return Some(found);
    }
    let parts: Vec<&str> = split(&unquoted, &Separators::default()).collect();
    if parts.len() > 1 && parts.iter().all(|part| is_code(part)) {
        return Some((Writing::List, String::new()));
    }
    let bare = unquoted.trim_matches(|c: char| !c.is_alphanumeric());
    if let Some(found) = found(Writing::Signs, bare) {
        return Some(found);
    }
    if let Some((label, code)) = bare.split_once([':', '|', '='])
        && LabelMeaning::in_claims(label).is_some()
        && let Some(found) = found(Writing::Label, code.trim())
    {
        return Some(found);
    }
    if let Some((code, behind)) =
        bare.split_once(|c: char| c.is_whitespace() || ":-(/,".contains(c))
        && code.len() > 2
        && behind.len() > 1
        && behind.chars().any(char::is_alphabetic)
        && !has_code_like(behind)
        && let Some(found) = found(Writing::Words, code)
    {
        return Some(found);
    }
    let without: String = bare.chars().filter(char::is_ascii_alphanumeric).collect();
    let has_one_sign = bare.chars().filter(|c| !c.is_ascii_alphanumeric()).count() == 1;
    if has_one_sign && let Some(found) = found(Writing::Dot, &without) {
        return Some(found);
    }
    let (code, indicator) = bare.split_at_checked(bare.len().checked_sub(1)?)?;
    // Without a sign before it, it may as well be a slip of the code.
    let is_apart = code.ends_with(|c: char| c.is_whitespace() || "-:/".contains(c));
    if is_apart && ["Y", "N", "U", "W", "1"].contains(&indicator.to_ascii_uppercase().as_str()) {
        let code = code.trim_end_matches(|c: char| !c.is_alphanumeric());
        return found(Writing::Indicator, code);
    }
    None
}

/// Checks whether words hold what may be a code too: it would be lost with them.
fn has_code_like(words: &str) -> bool {
    let mut words = words.split(|c: char| !(c.is_alphanumeric() || c == '.'));
    words.any(|word| {
        let has_digit = word.chars().any(|c| c.is_ascii_digit());
        let is_code = |code_set: CodeSet| code_set.parse_code(word).is_ok();
        let is_other = || OtherCodeSet::like(word).next().is_some();
        has_digit && (CodeSet::ALL.into_iter().any(is_code) || is_other())
    })
}

/// Returns a text with zeros before it up to so many characters, if zeros may have been lost.
pub(super) fn with_zeros(text: &str, length: usize) -> Option<String> {
    let text = text.trim();
    let can_be = text.len() < length
        && text.len() > 2
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    can_be.then(|| format!("{text:0>length$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_a_code_is_told() {
        let is_code = |text: &str| {
            let plain = text.replace('.', "").to_ascii_uppercase();
            let dot = text
                .find('.')
                .is_none_or(|at| at == 3 && text.len() > 4 && text.matches('.').count() == 1);
            dot && ["E119", "E11", "I10", "M545"].contains(&plain.as_str())
        };
        for (text, expected) in [
            ("=\"E11.9\"", Some((Writing::Quotes, "E11.9"))),
            ("'E11.9", Some((Writing::Quotes, "E11.9"))),
            ("\u{200b}E11.9", Some((Writing::Quotes, "E11.9"))),
            ("E11.9.", Some((Writing::Signs, "E11.9"))),
            ("E11.", Some((Writing::Signs, "E11"))),
            ("E11.9*", Some((Writing::Signs, "E11.9"))),
            ("ICD10:E11.9", Some((Writing::Label, "E11.9"))),
            ("ICD-10-CM|E11.9", Some((Writing::Label, "E11.9"))),
            ("ABK:E119", Some((Writing::Label, "E119"))),
            ("E11.9 - Type 2 diabetes", Some((Writing::Words, "E11.9"))),
            ("E11 9", Some((Writing::Dot, "E119"))),
            ("E11-9", Some((Writing::Dot, "E119"))),
            ("E11,9", Some((Writing::Dot, "E119"))),
            ("E1.19", Some((Writing::Dot, "E119"))),
            ("E119 Y", Some((Writing::Indicator, "E119"))),
            ("E119Y", None),
            ("I10.1", None),
            ("I10 Hypertension", Some((Writing::Words, "I10"))),
            ("E11.9 see also Z99.ZZ", None),
            ("E11.9/Z99.ZZ", None),
            ("E11.9 (I10)", Some((Writing::List, ""))),
            ("E11.9-Y", Some((Writing::Indicator, "E11.9"))),
            ("E11.9,I10,M54.5", Some((Writing::List, ""))),
            ("[\"E11.9\",\"I10\"]", Some((Writing::List, ""))),
            ("E11.9 I10", Some((Writing::List, ""))),
            ("I10X", None),
            ("", None),
            ("-", None),
            ("99213", None),
        ] {
            let found = clean(text, is_code);
            let found = found
                .as_ref()
                .map(|(writing, code)| (*writing, code.as_str()));
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn a_cell_falls_apart_into_its_codes() {
        for cell in [
            "E11.9,I10",
            "E11.9;I10",
            "E11.9|I10",
            "E11.9^I10",
            "E11.9~I10",
            "[E11.9, I10]",
            "{\"E11.9\",\"I10\"}",
            "E11.9 I10",
        ] {
            assert_eq!(
                split(cell, &Separators::default()).collect::<Vec<_>>(),
                ["E11.9", "I10"],
                "{cell}"
            );
        }
        assert_eq!(
            split("E11.9/I10;x", &"/".parse().unwrap()).collect::<Vec<_>>(),
            ["E11.9", "I10;x"]
        );
    }
}
