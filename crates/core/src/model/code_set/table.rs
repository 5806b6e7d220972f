//! The row of each code set in the table, and what follows from it.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Serialize, Serializer};

use super::facts::CodeSetFacts;
use super::icd10;
#[cfg(feature = "toy")]
use super::toy;
use crate::model::{Code, CodeSet, DocumentKind, Malformed, MalformedCode};

impl CodeSet {
    /// Returns its row of the table.
    pub fn facts(self) -> &'static CodeSetFacts {
        match self {
            CodeSet::Icd10Cm => &icd10::CM,
            CodeSet::Icd10Pcs => &icd10::PCS,
            #[cfg(feature = "toy")]
            CodeSet::Toy => &toy::TOY,
        }
    }

    /// Returns the identifier used in files, JSON and on the command line: `icd10cm`, `icd10pcs`.
    pub fn id(self) -> &'static str {
        self.facts().id
    }

    /// Returns the name that people use: `ICD-10-CM`.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// Writes the names of all code sets, with a word between them: `ICD-10-CM or ICD-10-PCS`.
    pub fn all_names(between: &str) -> String {
        CodeSet::ALL.map(CodeSet::name).join(between)
    }

    /// Writes the identifiers of all code sets, with a text between them: `icd10cm or icd10pcs`.
    pub fn all_ids(between: &str) -> String {
        CodeSet::ALL.map(CodeSet::id).join(between)
    }

    /// Lists the code sets that took the place of another one, by its name: those of ICD-9-CM.
    pub fn successors_of(name: &str) -> impl Iterator<Item = CodeSet> {
        let all = CodeSet::ALL.into_iter();
        all.filter(move |set| set.facts().predecessor == Some(name))
    }

    /// Returns the first day on which HIPAA transactions had to use this code set.
    pub fn in_force_from(self) -> NaiveDate {
        self.facts().in_force_from
    }

    /// Checks whether documents of a kind are published with it.
    pub fn has(self, kind: DocumentKind) -> bool {
        self.facts().documents.contains(&kind)
    }

    /// Lists the code sets that documents of a kind are published with.
    pub fn all_with(kind: DocumentKind) -> impl Iterator<Item = CodeSet> {
        CodeSet::ALL
            .into_iter()
            .filter(move |code_set| code_set.has(kind))
    }

    /// Reads a code of this set: with or without dot, any case, blanks around it trimmed.
    ///
    /// ```
    /// use codeyear_core::model::CodeSet;
    /// let code = CodeSet::Icd10Cm.parse_code(" c7b.00 ")?;
    /// assert_eq!(code.as_str(), "C7B00");
    /// assert_eq!(code.to_string(), "C7B.00");
    /// assert!(CodeSet::Icd10Cm.parse_code("C7.B0").is_err());
    /// # Ok::<(), codeyear_core::model::MalformedCode>(())
    /// ```
    ///
    /// # Errors
    /// [`MalformedCode`] says what no code of this set can look like. A well-formed code need not exist.
    pub fn parse_code(self, text: &str) -> Result<Code, MalformedCode> {
        let trimmed = text.trim();
        Code::read(self, trimmed).map_err(|reason| MalformedCode {
            text: trimmed.to_owned(),
            reason,
        })
    }

    /// Checks whether a stored code can be one of this set.
    #[doc(hidden)]
    pub fn accepts(self, code: &Code) -> bool {
        self.check_shape(code.as_bytes()).is_ok()
    }

    /// Checks whether characters without dot can be a code of this set.
    pub(crate) fn check_shape(self, bytes: &[u8]) -> Result<(), Malformed> {
        (self.facts().check_shape)(bytes)
    }
}

impl Serialize for CodeSet {
    /// Writes its identifier.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl fmt::Display for CodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for CodeSet {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain: String = text
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_ascii_lowercase();
        let mut all = CodeSet::ALL.into_iter();
        let is_meant = |code_set: &CodeSet| {
            let facts = code_set.facts();
            plain == facts.id || plain == facts.short_name
        };
        all.find(is_meant).ok_or_else(|| {
            format!(
                "unknown code set {text:?}: expected {}",
                CodeSet::all_ids(" or ")
            )
        })
    }
}
