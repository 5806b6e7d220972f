//! Codes and their spelling.

#![allow(
    clippy::indexing_slicing,
    reason = "a code has as many characters as its length says, 7 at most"
)]

use serde::Serialize;
use serde::Serializer;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use crate::model::CodeSet;
use crate::model::typed::cut_range;

/// The most characters that a code has.
const MAX_LENGTH: usize = 7;

/// A code of a code set as it is stored: no dot, upper case, 3 to 7 characters. It is displayed as people write it.
///
/// The order of `Code` values is the order of their characters. It is **not** the order of the
/// book: C4A stands between C43 and C44. Ranges and reports go by [tabular
/// position](crate::store::Store::listing).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    bytes: [u8; MAX_LENGTH],
    length: u8,
    code_set: CodeSet,
}

impl Hash for Code {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.key());
    }
}

/// Hashes codes, and nothing longer, by one multiplication. No file can be made to collide: the seed is another
/// one in each program.
#[derive(Debug, Clone)]
pub struct CodeHash(u64);

impl Default for CodeHash {
    fn default() -> CodeHash {
        CodeHash(RandomState::new().hash_one(0u64))
    }
}

impl BuildHasher for CodeHash {
    type Hasher = CodeHasher;

    fn build_hasher(&self) -> CodeHasher {
        CodeHasher(self.0)
    }
}

/// A hash in the making.
#[derive(Debug)]
pub struct CodeHasher(u64);

impl Hasher for CodeHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // The digits of the golden ratio: no pattern in them is one of codes.
        let product = u128::from(number ^ self.0) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

impl Code {
    /// Reads a code of a set: with or without dot, in any case.
    pub(crate) fn read(code_set: CodeSet, trimmed: &str) -> Result<Code, Malformed> {
        if trimmed.is_empty() {
            return Err(Malformed::Empty);
        }
        let mut bytes = [0u8; MAX_LENGTH];
        let mut length = 0;
        for (index, character) in trimmed.chars().enumerate() {
            if character == '.' {
                match code_set.facts().dot_after {
                    Some(after) if index == after => continue,
                    _ => return Err(Malformed::Shape(code_set.facts().dot_rule)),
                }
            }
            if !character.is_ascii_alphanumeric() {
                return Err(Malformed::Character(character));
            }
            let slot = bytes.get_mut(usize::from(length));
            *slot.ok_or(Malformed::TooLong)? = (character as u8).to_ascii_uppercase();
            length += 1;
        }
        if trimmed.ends_with('.') && length > 0 {
            return Err(Malformed::DotAtEnd);
        }
        let code = Code {
            bytes,
            length,
            code_set,
        };
        code_set.check_shape(code.as_bytes())?;
        Ok(code)
    }

    /// Returns the code without dot: `C7B00`.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// Returns the code without dot, as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Returns the number of characters, without the dot.
    #[allow(
        clippy::len_without_is_empty,
        reason = "a code is never empty: it has 3 to 7 characters"
    )]
    pub fn len(&self) -> usize {
        usize::from(self.length)
    }

    /// Returns the code set that it is a code of.
    pub fn code_set(&self) -> CodeSet {
        self.code_set
    }

    /// Returns the category or table that the code is in: its first 3 characters in ICD-10-CM and ICD-10-PCS.
    pub fn category(&self) -> Code {
        self.prefix(self.code_set.facts().category_length)
    }

    /// Lists the codes that it is cut to, from the one directly above it to its category.
    pub fn above(&self) -> impl DoubleEndedIterator<Item = Code> + use<> {
        let code = *self;
        let shortest = self.code_set.facts().category_length;
        (shortest..self.len())
            .rev()
            .map(move |length| code.prefix(length))
    }

    /// Returns the code cut to its first `length` characters.
    #[must_use]
    pub fn prefix(&self, length: usize) -> Code {
        let length = length.min(self.len());
        let mut bytes = [0u8; MAX_LENGTH];
        bytes[..length].copy_from_slice(&self.bytes[..length]);
        Code {
            bytes,
            length: length as u8,
            code_set: self.code_set,
        }
    }

    /// Checks whether this code stands below `ancestor` (or is it), as C7B00 stands below C7B.
    pub fn is_under(&self, ancestor: &Code) -> bool {
        self.as_bytes().starts_with(ancestor.as_bytes())
    }

    /// Returns the code as a number; numbers are in the order of the codes' characters.
    #[doc(hidden)]
    pub fn key(&self) -> u64 {
        let [a, b, c, d, e, f, g] = self.bytes;
        u64::from_be_bytes([0, a, b, c, d, e, f, g])
    }

    /// Returns the two parts between which people write a dot; the second is empty where they write none.
    ///
    /// ```
    /// use codeyear_core::model::CodeSet;
    /// let code_of = |code_set: CodeSet, text| code_set.parse_code(text).unwrap();
    /// assert_eq!(code_of(CodeSet::Icd10Cm, "C7B00").parts(), ("C7B", "00"));
    /// assert_eq!(code_of(CodeSet::Icd10Pcs, "0SR9019").parts(), ("0SR9019", ""));
    /// ```
    pub fn parts(&self) -> (&str, &str) {
        let text = self.as_str();
        let dot_after = self.code_set.facts().dot_after;
        dot_after
            .and_then(|after| text.split_at_checked(after))
            .unwrap_or((text, ""))
    }

    /// Returns the code of a number that [`Code::key`] gave.
    pub(crate) fn from_key(code_set: CodeSet, key: u64) -> Option<Code> {
        let bytes = key.to_be_bytes();
        let (_, text) = bytes.split_first()?;
        let length = text.iter().position(|byte| *byte == 0).unwrap_or(7);
        let code = Code::from_plain(code_set, text.get(..length)?)?;
        (code.key() == key).then_some(code)
    }

    /// Reads a code from a column of a file, left-justified and padded with blanks (and nothing else),
    /// without judging its shape.
    pub(crate) fn from_padded(code_set: CodeSet, column: &[u8]) -> Option<Code> {
        let length = column.iter().rposition(|byte| *byte != b' ')? + 1;
        Code::from_plain(code_set, column.get(..length)?)
    }

    /// Reads a stored code without judging its shape.
    #[doc(hidden)]
    pub fn from_plain(code_set: CodeSet, text: &[u8]) -> Option<Code> {
        if text.is_empty()
            || text.len() > MAX_LENGTH
            || !text
                .iter()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        {
            return None;
        }
        let mut bytes = [0u8; MAX_LENGTH];
        bytes[..text.len()].copy_from_slice(text);
        Some(Code {
            bytes,
            length: text.len() as u8,
            code_set,
        })
    }
}

impl fmt::Display for Code {
    /// Writes the code as people write it: dotted for ICD-10-CM, plain for ICD-10-PCS.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (text, "") => f.pad(text),
            (before, behind) => f.pad(&format!("{before}.{behind}")),
        }
    }
}

impl Serialize for Code {
    /// Writes the code without dot.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A code without dot and as people write it: the two fields that anything about a code has in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BothForms<'a> {
    /// Without dot.
    pub code: &'a str,
    /// As people write it.
    pub code_dotted: String,
}

/// Writes a code in both forms, among the fields of what is about it.
pub fn both_forms<S: Serializer>(code: &Code, serializer: S) -> Result<S::Ok, S::Error> {
    let forms = BothForms {
        code: code.as_str(),
        code_dotted: code.to_string(),
    };
    forms.serialize(serializer)
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({})", self.as_str())
    }
}

/// A text that cannot be a code of its set, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{:?} is not a valid code format: {reason}", text.chars().take(40).collect::<String>())]
pub struct MalformedCode {
    /// The text as given, trimmed.
    pub text: String,
    /// What is wrong with it.
    pub reason: Malformed,
}

/// Why a text cannot be a code of its set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// There is no text.
    #[error("it is empty")]
    Empty,
    /// A dot and nothing behind it.
    #[error("it ends with a dot")]
    DotAtEnd,
    /// A character that is neither letter nor digit.
    #[error("it contains {0:?}; a code has letters and digits only")]
    Character(char),
    /// More characters than any code has.
    #[error("it has more than 7 characters")]
    TooLong,
    /// Something that no code of the set has: the rule of the set, in words.
    #[error("{0}")]
    Shape(&'static str),
}

impl Malformed {
    /// Returns the reason without any character of the text, which may be a patient's.
    pub fn summary(self) -> String {
        match self {
            Malformed::Character(_) => "a code has letters and digits only".to_owned(),
            other => other.to_string(),
        }
    }
}

/// A range of codes in tabular order: one code with all below it (`C7A`), or from one to another
/// (`C76-C80`), both ends with all below them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeRange {
    /// The first code.
    pub first: Code,
    /// The last code, with all below it.
    pub last: Code,
}

impl CodeRange {
    /// Returns what to name in place of a text that is no range: of the number of a chapter and of a letter alone the
    /// range that they stand for.
    pub fn hint(code_set: CodeSet, text: &str) -> String {
        let text = text.trim();
        let chapters = code_set.facts().chapters.iter();
        let mut ranges = chapters.filter(|chapter| !chapter.range.is_empty());
        if let Some(chapter) = ranges.clone().find(|chapter| chapter.label == text) {
            return format!("chapter {text} is the range {}", chapter.range);
        }
        match text.as_bytes() {
            [letter] if letter.is_ascii_alphabetic() && ranges.next().is_some() => {
                let letter = (letter.to_ascii_uppercase() as char).to_string();
                let ends = code_set.facts().chapters.iter();
                let mut ends = ends.filter_map(|chapter| Some(chapter.range.split_once('-')?.1));
                // The last category of the last chapter may come after 99: O9A.
                let last = ends.rfind(|last| last.starts_with(&letter));
                let last = last.map_or_else(|| format!("{letter}99"), str::to_owned);
                format!("all codes with {letter} are the range {letter}00-{last}")
            }
            _ if ranges.next().is_none() => {
                "name a table as in 0DT, or a range as in 0DB-0DT".to_owned()
            }
            _ => "name a code as in C7A, or a range as in C76-C80".to_owned(),
        }
    }

    /// Reads `C7A` or `C76-C80`, as someone types it.
    ///
    /// # Errors
    /// [`MalformedCode`] if an end is not a code of the set.
    pub fn parse(code_set: CodeSet, text: &str) -> Result<CodeRange, MalformedCode> {
        match cut_range(text) {
            Some((first, last)) => Ok(CodeRange {
                first: code_set.read_typed(first)?,
                last: code_set.read_typed(last)?,
            }),
            None => {
                let code = code_set.read_typed(text)?;
                Ok(CodeRange {
                    first: code,
                    last: code,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_in_every_spelling_a_coder_uses() {
        for text in ["C7B.00", "c7b00", " C7B00 ", "c7b.00\t"] {
            assert_eq!(
                CodeSet::Icd10Cm.parse_code(text).unwrap().as_str(),
                "C7B00",
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_chapter_or_a_letter_leads_to_its_range() {
        let hint = |text| CodeRange::hint(CodeSet::Icd10Cm, text);
        assert_eq!(hint("4"), "chapter 4 is the range E00-E89");
        assert_eq!(hint("g"), "all codes with G are the range G00-G99");
        assert_eq!(hint("O"), "all codes with O are the range O00-O9A");
        assert_eq!(hint("W"), "all codes with W are the range W00-W99");
        let other = "name a code as in C7A, or a range as in C76-C80";
        assert_eq!(hint("C7_"), other);
        assert!(CodeRange::hint(CodeSet::Icd10Pcs, "0").starts_with("name a table as in 0DT"));
    }

    #[test]
    fn a_summary_has_no_character_of_the_text() {
        let reason = CodeSet::Icd10Cm.parse_code("C7B_00").unwrap_err().reason;
        assert!(reason.to_string().contains('_'));
        assert_eq!(reason.summary(), "a code has letters and digits only");
    }

    #[test]
    fn what_cannot_be_a_code_says_why() {
        for (set, text, part) in [
            (CodeSet::Icd10Cm, "", "empty"),
            (CodeSet::Icd10Cm, "C7", "at least 3"),
            (CodeSet::Icd10Cm, "C7B.", "ends with a dot"),
            (CodeSet::Icd10Cm, "C7.B", "third character"),
            (CodeSet::Icd10Cm, "0016070", "begins with a letter"),
            (CodeSet::Icd10Cm, "C7B.00000", "more than 7"),
            (CodeSet::Icd10Cm, "CAT", "must be a digit"),
            (CodeSet::Icd10Cm, "C7B 00", "letters and digits"),
            (CodeSet::Icd10Cm, "C7B.é", "letters and digits"),
            (CodeSet::Icd10Pcs, "0O1", "letter I or O"),
            (CodeSet::Icd10Pcs, "0270", "7 characters"),
            (CodeSet::Icd10Pcs, "027.0", "no dot"),
        ] {
            let error = set.parse_code(text).unwrap_err();
            assert!(error.to_string().contains(part), "{text:?}: {error}");
            assert!(error.reason.summary().contains(part), "{text:?}: {error}");
        }
    }
}
