//! The codes that a note names: `(C7B.-)`, `(E08-E13)`, `[I20-I25 with character 5]`.

use std::ops::Range;

use super::{Code, CodeSet};

/// A code that a note names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedCode {
    /// Where in the note the code is written, without the dot or hyphen that follows.
    pub at: Range<usize>,
    /// The code, or the first of a range.
    pub code: Code,
    /// The last code of a range.
    pub through: Option<Code>,
    /// Whether it is written in brackets.
    pub in_brackets: bool,
}

impl NamedCode {
    /// Checks whether a code, a level above it or something below it is named. What a range holds between its ends
    /// depends on the list; see [`NamedCode::through`].
    pub fn is_about(&self, code: &Code) -> bool {
        [Some(self.code), self.through]
            .into_iter()
            .flatten()
            .any(|named| named.is_under(code) || code.is_under(&named))
    }
}

/// Lists the codes that a note names in brackets, in its order.
pub fn named_codes(code_set: CodeSet, note: &str) -> Vec<NamedCode> {
    let mut named = codes_in(code_set, note);
    named.retain(|named| named.in_brackets);
    named
}

/// Lists what looks like a code in a note, in its order. What is not in brackets may be none: vitamin B12.
pub fn codes_in(code_set: CodeSet, note: &str) -> Vec<NamedCode> {
    let mut named: Vec<NamedCode> = Vec::new();
    let mut depth = 0usize;
    let mut rest = 0;
    // Where the code before ends, if only a hyphen follows it.
    let mut begun: Option<usize> = None;
    while let Some(text) = note.get(rest..)
        && let Some(first) = text.chars().next()
    {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.';
        let length = text.find(|c: char| !is_part(c)).unwrap_or(text.len());
        if length == 0 {
            match first {
                '(' | '[' => depth += 1,
                ')' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            let goes_on = first == '-' && begun == Some(rest);
            begun = goes_on.then_some(rest + 1);
            rest += first.len_utf8();
            continue;
        }
        let word = text.get(..length).unwrap_or_default();
        let plain = word.trim_end_matches('.');
        let at = rest..rest + plain.len();
        rest += length;
        match code_named(code_set, plain) {
            None => begun = None,
            Some(code) => {
                let before = named.last_mut().filter(|_| begun == Some(at.start));
                let ends_range = before.is_some_and(|before| {
                    let is_first = before.through.is_none() && before.at.end < at.start;
                    if is_first {
                        before.through = Some(code);
                    }
                    is_first
                });
                begun = (!ends_range).then_some(rest);
                named.push(NamedCode {
                    at,
                    code,
                    through: None,
                    in_brackets: depth > 0,
                });
            }
        }
    }
    named
}

/// Reads a word as a code: three characters or more, the second of them a digit.
fn code_named(code_set: CodeSet, word: &str) -> Option<Code> {
    let is_shaped = word.len() >= 3 && word.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    let code = is_shaped.then(|| code_set.parse_code(word).ok());
    code.flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(note: &str) -> Vec<String> {
        let found = named_codes(CodeSet::Icd10Cm, note).into_iter();
        let words = found.map(|found| match found.through {
            Some(through) => format!("{} to {through}", found.code),
            None => found.code.to_string(),
        });
        words.collect()
    }

    #[test]
    fn only_codes_in_brackets_are_named() {
        assert_eq!(named("vitamin B12 deficiency (E53.8)"), ["E53.8"]);
        assert_eq!(named("secondary tumors (C7B.-), see C7A"), ["C7B"]);
        assert_eq!(named("functional activity"), [""; 0]);
        assert_eq!(
            named("(C7B.0-, C7B.1) and [C4A.-]"),
            ["C7B.0", "C7B.1", "C4A"]
        );
    }

    #[test]
    fn a_range_is_named_with_both_of_its_ends() {
        assert_eq!(named("diabetes mellitus (E08-E13)"), ["E08 to E13", "E13"]);
        assert_eq!(
            named("poisoning (T36-T50 with fifth or sixth character 5, O00-O9A)"),
            ["T36 to T50", "T50", "O00 to O9A", "O9A"]
        );
        // Each bound of M32.1- is followed by a hyphen that begins no range.
        assert_eq!(named("lupus (M32.1-) (M33.-)"), ["M32.1", "M33"]);
    }

    #[test]
    fn a_code_above_or_below_is_about_a_code() {
        let about = |note: &str| {
            let code = CodeSet::Icd10Cm.parse_code("C7B.0").unwrap();
            let named = named_codes(CodeSet::Icd10Cm, note);
            named.iter().any(|named| named.is_about(&code))
        };
        assert!(about("secondary neuroendocrine tumors (C7B.-)"));
        assert!(about("secondary carcinoid tumors (C7B.00)"));
        assert!(!about("Merkel cell carcinoma (C4A.-)"));
        assert!(!about("secondary Merkel cell carcinoma (C7B.1)"));
    }
}
