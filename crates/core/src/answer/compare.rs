//! How two codes differ on a day.

use chrono::NaiveDate;

use super::consult::ShowOptions;
use super::show::show;
use crate::error::Result;
use crate::model::{Code, CodePage, Comparison, DocumentKind, Mention, PlaceKind};
use crate::store::CodeSource;

/// Compares two codes on a day: their places, notes and what stands below them.
///
/// # Errors
/// As [`show`](crate::answer::show()).
pub fn compare(
    codes: &dyn CodeSource,
    left: &str,
    right: &str,
    date: NaiveDate,
    options: ShowOptions,
) -> Result<Comparison> {
    let left = show(codes, left, date, options)?;
    let right = show(codes, right, date, options)?;
    let common = left
        .breadcrumb
        .iter()
        .zip(&right.breadcrumb)
        .take_while(|(left, right)| left == right)
        .map(|(place, _)| place.clone())
        .collect();
    let mut mentions = mentions(&left, &right.code);
    mentions.extend(self::mentions(&right, &left.code));
    Ok(Comparison {
        left,
        right,
        common,
        mentions,
    })
}

/// Lists the notes at a code, and at its category, that name another code or one at or below it.
fn mentions(page: &CodePage, other: &Code) -> Vec<Mention> {
    let mut mentions = Vec::new();
    for notes in &page.notes {
        let Some(at) = Code::from_plain(other.code_set(), notes.place.name.as_bytes())
            .filter(|_| notes.place.kind == PlaceKind::Code)
        else {
            continue;
        };
        for group in &notes.groups {
            for note in &group.notes {
                if names(note, other) {
                    mentions.push(Mention {
                        at,
                        document: DocumentKind::Tabular,
                        kind: group.kind,
                        note: note.clone(),
                    });
                }
            }
        }
    }
    mentions
}

/// Checks whether a note names a code, a level above it, or something below it: `(C7B.-)`, `(C7B.00)`.
fn names(note: &str, code: &Code) -> bool {
    note.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
        .filter_map(|word| code.code_set().parse_code(word.trim_end_matches('.')).ok())
        .any(|named| named.is_under(code) || code.is_under(&named))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CodeSet;
    use crate::testing::{day, sample};

    #[test]
    fn only_where_both_have_a_note_each_is_said_to_name_the_other() {
        let day = day("2026-04-01");
        let store = sample();
        let compare = |left: &str, right: &str| {
            let options = ShowOptions::default();
            super::compare(
                &store.codes(CodeSet::Icd10Cm).unwrap(),
                left,
                right,
                day,
                options,
            )
            .unwrap()
        };
        // C7A excludes Merkel cell carcinoma (C4A.-); C4A says nothing of C7A.
        let found = compare("C7A.00", "C4A.0");
        assert_eq!(found.mentions.len(), 1);
        assert!(!found.each_names_the_other());
        let mut both = found.clone();
        both.mentions.push(Mention {
            at: both.right.code,
            ..both.mentions.first().unwrap().clone()
        });
        assert!(both.each_names_the_other());
    }

    #[test]
    fn what_two_codes_have_in_common_ends_where_their_ways_part() {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        let common = |left: &str, right: &str| -> Vec<String> {
            let options = ShowOptions::default();
            let found = compare(&codes, left, right, day("2026-04-01"), options).unwrap();
            found.common.into_iter().map(|place| place.name).collect()
        };
        assert_eq!(common("C7B.00", "C7B.02"), ["2", "C7B", "C7B", "C7B0"]);
        assert_eq!(common("C7B.00", "C7B.1"), ["2", "C7B", "C7B"]);
        assert_eq!(common("C7B.1", "C4A.0"), ["2"]);
        assert_eq!(common("C7B.1", "M54.5"), [""; 0]);
    }

    #[test]
    fn a_note_names_a_code_by_a_level_above_it_or_something_below_it() {
        let code = CodeSet::Icd10Cm.parse_code("C7B.0").unwrap();
        for (note, is_named) in [
            ("secondary neuroendocrine tumors (C7B.-)", true),
            ("secondary carcinoid tumors (C7B.00)", true),
            ("Merkel cell carcinoma (C4A.-)", false),
            ("secondary Merkel cell carcinoma (C7B.1)", false),
        ] {
            assert_eq!(names(note, &code), is_named, "{note}");
        }
    }
}
