//! Which code set a text is meant for, where the user does not say.

use crate::error::Result;
use crate::model::{Code, CodeSet, Sets, typed_code};
use crate::store::{CodeSource, Store};

/// Returns the code set that the user states, or the one that a code is meant for.
///
/// # Errors
/// As [`detect_code_set`].
pub fn code_set_of(store: &Store, stated: Option<CodeSet>, code: &str) -> Result<CodeSet> {
    match stated {
        Some(code_set) => Ok(code_set),
        None => detect_code_set(&Sets::try_new(|code_set| store.codes(code_set))?, code),
    }
}

/// Returns which code set a text is meant for, where the user does not say: of those that can have such a code the
/// first that lists it, else the first that lists its category, else the first.
///
/// # Errors
/// [`crate::ErrorKind::Store`] if the database cannot be read.
pub fn detect_code_set(codes: &Sets<impl CodeSource>, text: &str) -> Result<CodeSet> {
    detect_among(codes, &CodeSet::ALL, typed_code(text))
}

/// Returns which of these code sets a text is meant for: as [`detect_code_set`] among all.
///
/// # Errors
/// As [`detect_code_set`].
pub fn detect_among(
    codes: &Sets<impl CodeSource>,
    among: &[CodeSet],
    text: &str,
) -> Result<CodeSet> {
    let read = |code_set: CodeSet| code_set.parse_code(text).ok();
    let among = among.iter().copied();
    let possible: Vec<Code> = among.clone().filter_map(read).collect();
    let lists = |code: &Code| codes[code.code_set()].lists(code);
    match possible.as_slice() {
        // The set that such a beginning fits has the most to say of the rest.
        [] => {
            let mut first = among.clone();
            let fits = among
                .clone()
                .find(|code_set| fits_beginning(*code_set, text));
            Ok(fits.or(first.next()).unwrap_or_default())
        }
        [only] => Ok(only.code_set()),
        [first, ..] => {
            for code in &possible {
                if lists(code)? {
                    return Ok(code.code_set());
                }
            }
            for code in &possible {
                if lists(&code.category())? {
                    return Ok(code.code_set());
                }
            }
            Ok(first.code_set())
        }
    }
}

/// Checks whether a text that is no code of a set begins as one can: with a digit, and with a dot somewhere.
fn fits_beginning(code_set: CodeSet, text: &str) -> bool {
    let facts = code_set.facts();
    let begins_with_digit = text.trim().starts_with(|c: char| c.is_ascii_digit());
    (facts.begins_with_digit || !begins_with_digit)
        && (facts.dot_after.is_some() || !text.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::sample;

    #[test]
    fn a_text_is_meant_for_the_code_set_that_can_have_it_and_has_it() {
        let store = sample();
        for (text, code_set) in [
            // Both could have it, one lists it.
            ("XW023X7", CodeSet::Icd10Pcs),
            ("S061X0A", CodeSet::Icd10Cm),
            // A table of ICD-10-PCS, or a code of a table that is listed.
            ("XW0", CodeSet::Icd10Pcs),
            ("XW0234X", CodeSet::Icd10Pcs),
            // Neither lists it: a diagnosis.
            ("S99", CodeSet::Icd10Cm),
            // No diagnosis begins with a digit or has its dot elsewhere.
            ("0016070", CodeSet::Icd10Pcs),
            ("00160", CodeSet::Icd10Pcs),
            ("0.1", CodeSet::Icd10Cm),
            ("C7.B", CodeSet::Icd10Cm),
            ("", CodeSet::Icd10Cm),
        ] {
            assert_eq!(
                code_set_of(&store, None, text).unwrap(),
                code_set,
                "{text:?}"
            );
        }
        let stated = code_set_of(&store, Some(CodeSet::Icd10Cm), "XW023X7");
        assert_eq!(stated.unwrap(), CodeSet::Icd10Cm);
    }
}
