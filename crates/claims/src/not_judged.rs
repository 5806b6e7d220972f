//! Why a code of a claim is not judged: what is counted in place of a verdict.

use std::collections::BTreeMap;

use codeyear_core::model::{CodeSet, OtherCodeSet};

/// The most labels that are told apart. A column with more is hardly one of code sets, and may hold what should not be
/// told.
const MAX_LABELS: usize = 20;

/// The longest label that is told as it stands.
const LONGEST_LABEL: usize = 60;

/// Why a code is not judged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotJudged {
    /// It is of a code set that is known and not kept, named here.
    OtherCodeSet(&'static str),
    /// Nobody knows its label, which stands here.
    UnknownLabel(String),
    /// Its label is one of more than can be told apart.
    ManyLabels,
    /// It has no label, no release lists it, and it looks like a code of these code sets.
    LooksLike(String),
    /// It stands in a resource that a claim refers to and that is not in the file.
    NotInFile,
    /// It cannot be read, or the day on which it has to be valid cannot.
    NotRead,
}

impl NotJudged {
    /// Returns the reason for a label as a file has it.
    pub(super) fn unknown_label(label: &[u8]) -> NotJudged {
        let label = String::from_utf8_lossy(label);
        NotJudged::UnknownLabel(label.trim().chars().take(LONGEST_LABEL).collect())
    }

    /// Returns the reason in words without a value of the claim.
    pub(super) fn why(&self) -> String {
        match self {
            NotJudged::OtherCodeSet(name) => format!("of {name}"),
            NotJudged::UnknownLabel(_) | NotJudged::ManyLabels => {
                "the label of its code set is unknown".to_owned()
            }
            NotJudged::LooksLike(names) => format!("could be {names}"),
            NotJudged::NotInFile | NotJudged::NotRead => "not read".to_owned(),
        }
    }

    /// Checks whether it leaves something undetermined that was asked for: all but what is known to be no code of ours.
    pub fn is_undetermined(&self) -> bool {
        !matches!(self, NotJudged::OtherCodeSet(_))
    }
}

impl std::fmt::Display for NotJudged {
    /// Writes what follows a count of codes: `of SNOMED CT`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotJudged::OtherCodeSet(name) => write!(f, "of {name}"),
            NotJudged::UnknownLabel(label) if label.is_empty() => {
                f.write_str("with an empty code set label")
            }
            NotJudged::UnknownLabel(label) => {
                write!(f, "with the unknown code set label {label:?}")
            }
            NotJudged::ManyLabels => write!(
                f,
                "with unknown labels, more than {MAX_LABELS} different ones: is it the column of code sets?"
            ),
            NotJudged::LooksLike(names) => write!(f, "that could be {names}"),
            NotJudged::NotInFile => {
                f.write_str("in resources that claims refer to and that are not in the file")
            }
            NotJudged::NotRead => f.write_str("that could not be read, or whose date could not"),
        }
    }
}

/// Returns which code sets a text looks like a code of that no release lists, if it may be none of ours: with their
/// names, `ICD-10-CM or HCPCS`.
pub(super) fn looks_like(text: &str) -> Option<String> {
    let mut others = OtherCodeSet::like(text).peekable();
    others.peek()?;
    let ours = CodeSet::ALL.into_iter();
    let ours = ours.filter(|code_set| code_set.parse_code(text).is_ok());
    let names: Vec<&str> = ours
        .map(CodeSet::name)
        .chain(others.map(|other| other.name))
        .collect();
    Some(names.join(" or "))
}

/// How many codes are not judged, by the reason.
#[derive(Debug, Clone, Default)]
pub(super) struct NotJudgedCounts {
    counts: BTreeMap<NotJudged, u64>,
    /// How many labels are told apart.
    labels: usize,
}

impl NotJudgedCounts {
    pub(super) fn add(&mut self, reason: NotJudged, codes: u64) {
        let reason = match reason {
            NotJudged::UnknownLabel(label) => self.label(label),
            NotJudged::ManyLabels => {
                self.lump_labels();
                NotJudged::ManyLabels
            }
            reason => reason,
        };
        *self.counts.entry(reason).or_default() += codes;
    }

    /// Adds what another thread counted.
    pub(super) fn add_all(&mut self, other: NotJudgedCounts) {
        for (reason, codes) in other.counts {
            self.add(reason, codes);
        }
    }

    pub(super) fn into_counts(self) -> BTreeMap<NotJudged, u64> {
        self.counts
    }

    fn label(&mut self, label: String) -> NotJudged {
        let reason = NotJudged::UnknownLabel(label);
        if self.counts.contains_key(&reason) {
            return reason;
        }
        if self.labels >= MAX_LABELS {
            self.lump_labels();
            return NotJudged::ManyLabels;
        }
        self.labels += 1;
        reason
    }

    /// Counts labels together from here on: all of them, so that it does not matter which came first.
    fn lump_labels(&mut self) {
        self.labels = MAX_LABELS;
        let is_label =
            |reason: &NotJudged, _: &mut u64| matches!(reason, NotJudged::UnknownLabel(_));
        let codes: u64 = self
            .counts
            .extract_if(.., is_label)
            .map(|(_, codes)| codes)
            .sum();
        if codes > 0 {
            *self.counts.entry(NotJudged::ManyLabels).or_default() += codes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_told_apart_all_or_none() {
        let mut counts = NotJudgedCounts::default();
        for number in 0..MAX_LABELS {
            counts.add(
                NotJudged::unknown_label(format!("label {number}").as_bytes()),
                1,
            );
            counts.add(NotJudged::unknown_label(b" label 0"), 1);
        }
        assert_eq!(counts.clone().into_counts().len(), MAX_LABELS);
        let mut other = NotJudgedCounts::default();
        other.add(NotJudged::unknown_label(b"one more"), 1);
        other.add(NotJudged::NotRead, 2);
        counts.add_all(other);
        let counted: Vec<(NotJudged, u64)> = counts.into_counts().into_iter().collect();
        let labels = u64::try_from(2 * MAX_LABELS + 1).unwrap();
        assert_eq!(
            counted,
            [(NotJudged::ManyLabels, labels), (NotJudged::NotRead, 2)]
        );
    }

    #[test]
    fn a_text_that_fits_no_other_code_set_looks_like_none() {
        for (text, names) in [
            ("J1885", Some("ICD-10-CM or HCPCS")),
            ("99213", Some("ICD-9-CM or CPT")),
            ("0001F", Some("CPT")),
            ("250.00", Some("ICD-9-CM")),
            ("486", Some("ICD-10-PCS or ICD-9-CM")),
            ("D0120", Some("ICD-10-CM or CDT")),
            ("V58.11", Some("ICD-10-CM or ICD-9-CM")),
            ("M54.5", None),
            ("M54.50", None),
            ("0DTJ4ZZ", None),
            ("", None),
            ("E11.9*", None),
        ] {
            assert_eq!(looks_like(text).as_deref(), names, "{text}");
        }
    }
}
