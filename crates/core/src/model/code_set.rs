//! The code sets: one row of a table for each, and what follows from it.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Serialize, Serializer};

use crate::model::chapter::{
    Chapter, DIAGNOSIS_CHAPTERS, PROCEDURE_SECTIONS, chapter_of_diagnosis, section_of_procedure,
};
use crate::model::release::day;
use crate::model::{Code, Malformed, MalformedCode};

/// A code set that codeyear keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CodeSet {
    /// ICD-10-CM: diagnoses, published by NCHS and CMS.
    Icd10Cm,
    /// ICD-10-PCS: inpatient procedures, published by CMS.
    Icd10Pcs,
}

/// What is true of a code set as a whole.
#[derive(Debug)]
pub struct CodeSetFacts {
    /// The identifier in files, JSON, addresses and on the command line: `icd10cm`.
    pub id: &'static str,
    /// The path of its book: `/icd10cm`.
    pub path: &'static str,
    /// What people write for it on the command line too, in lower case without punctuation.
    pub short_name: &'static str,
    /// The name that people use: `ICD-10-CM`.
    pub name: &'static str,
    /// The number by which the schema of the database knows it.
    pub number: i64,
    /// The first day on which HIPAA transactions had to use it.
    pub in_force_from: NaiveDate,
    /// After how many characters people write a dot; `None` if the set has none.
    pub dot_after: Option<usize>,
    /// Checks whether characters without dot can be a code of it.
    pub(crate) check_shape: fn(&[u8]) -> Result<(), Malformed>,
    /// How its book is published.
    pub book: Book,
    /// What the levels of its book are called.
    pub levels: Levels,
    /// Its chapters or sections, in the order of the book.
    pub chapters: &'static [Chapter],
    /// Finds the chapter or section of a code.
    pub(crate) chapter_of: fn(&Code) -> Option<&'static Chapter>,
    /// Whether conversion tables say where its codes came from.
    pub has_conversion_tables: bool,
    /// Whether lists name its codes that are exempt from reporting whether they were present on admission.
    pub has_poa_lists: bool,
    /// OHDSI's name of it as a vocabulary.
    pub vocabulary: &'static str,
    /// OHDSI's domain of its codes.
    pub domain: &'static str,
    /// What one might search for in it.
    pub example: &'static str,
}

/// How the book of a code set is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Book {
    /// A tabular list: chapters, blocks, notes.
    Tabular,
    /// Tables of the characters that a code may have.
    Tables,
}

/// What the levels of the book of a code set are called.
#[derive(Debug)]
pub struct Levels {
    /// The highest.
    pub chapter: LevelName,
    /// The one below it.
    pub block: LevelName,
    /// The lowest that is no code.
    pub category: LevelName,
    /// What the book is called, as a document.
    pub document: &'static str,
}

/// What a level is called, at the beginning of a sentence.
#[derive(Debug)]
pub struct LevelName {
    /// One of them: `Chapter`.
    pub one: &'static str,
    /// Several: `Chapters`.
    pub several: &'static str,
}

const fn level(one: &'static str, several: &'static str) -> LevelName {
    LevelName { one, several }
}

/// The day on which HIPAA transactions had to use ICD-10 (45 CFR 162.1002(c)).
const ICD_10_IN_FORCE: NaiveDate = day(2015, 10, 1);

static ICD_10_CM: CodeSetFacts = CodeSetFacts {
    id: "icd10cm",
    path: "/icd10cm",
    short_name: "cm",
    name: "ICD-10-CM",
    number: 1,
    in_force_from: ICD_10_IN_FORCE,
    dot_after: Some(3),
    check_shape: diagnosis,
    book: Book::Tabular,
    levels: Levels {
        chapter: level("Chapter", "Chapters"),
        block: level("Block", "Blocks"),
        category: level("Category", "Categories"),
        document: "tabular list",
    },
    chapters: &DIAGNOSIS_CHAPTERS,
    chapter_of: chapter_of_diagnosis,
    has_conversion_tables: true,
    has_poa_lists: true,
    vocabulary: "ICD10CM",
    domain: "Condition",
    example: "C7A, melanoma, G35.A \u{2026}",
};

static ICD_10_PCS: CodeSetFacts = CodeSetFacts {
    id: "icd10pcs",
    path: "/icd10pcs",
    short_name: "pcs",
    name: "ICD-10-PCS",
    number: 2,
    in_force_from: ICD_10_IN_FORCE,
    dot_after: None,
    check_shape: procedure,
    book: Book::Tables,
    levels: Levels {
        chapter: level("Section", "Sections"),
        block: level("Body system", "Body systems"),
        category: level("Table", "Tables"),
        document: "file of tables",
    },
    chapters: &PROCEDURE_SECTIONS,
    chapter_of: section_of_procedure,
    has_conversion_tables: false,
    has_poa_lists: false,
    vocabulary: "ICD10PCS",
    domain: "Procedure",
    example: "0SR, aortic valve \u{2026}",
};

fn diagnosis(bytes: &[u8]) -> Result<(), Malformed> {
    if bytes.len() < 3 {
        return Err(Malformed::TooShort);
    }
    if !bytes.first().is_some_and(u8::is_ascii_uppercase) {
        return Err(Malformed::NoLetterFirst);
    }
    // QA0 and its like: a letter may stand anywhere, but no category is letters alone.
    if !bytes.iter().take(3).any(u8::is_ascii_digit) {
        return Err(Malformed::NoDigitInCategory);
    }
    Ok(())
}

fn procedure(bytes: &[u8]) -> Result<(), Malformed> {
    if bytes.len() != 3 && bytes.len() != 7 {
        return Err(Malformed::NotSevenCharacters);
    }
    if bytes.iter().any(|b| b"IO".contains(b)) {
        return Err(Malformed::LetterIOrO);
    }
    Ok(())
}

impl CodeSet {
    /// Every code set, in the order in which codeyear lists them.
    pub const ALL: [CodeSet; 2] = [CodeSet::Icd10Cm, CodeSet::Icd10Pcs];

    /// Returns its row of the table.
    pub fn facts(self) -> &'static CodeSetFacts {
        match self {
            CodeSet::Icd10Cm => &ICD_10_CM,
            CodeSet::Icd10Pcs => &ICD_10_PCS,
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

    /// Returns the first day on which HIPAA transactions had to use this code set: 2015-10-01
    /// (45 CFR 162.1002(c)).
    pub fn in_force_from(self) -> NaiveDate {
        self.facts().in_force_from
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
            let ids: Vec<&str> = CodeSet::ALL.into_iter().map(CodeSet::id).collect();
            format!("unknown code set {text:?}: expected {}", ids.join(" or "))
        })
    }
}
