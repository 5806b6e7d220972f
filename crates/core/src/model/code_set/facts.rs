//! The table of code sets: what is true of one as a whole.

use chrono::NaiveDate;

use crate::model::chapter::Chapter;
use crate::model::{Calendar, Code, CodeSet, DocumentKind, Malformed, ReadAsKind};

/// What is true of a code set as a whole.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "import"),
    allow(dead_code, reason = "an import alone asks for some of it")
)]
pub struct CodeSetFacts {
    /// The identifier in files, JSON, addresses and on the command line: `icd10cm`.
    pub id: &'static str,
    /// The path of its book: `/icd10cm`.
    pub path: &'static str,
    /// What people write for it on the command line too, in lower case without punctuation.
    pub short_name: &'static str,
    /// The name that people use: `ICD-10-CM`.
    pub name: &'static str,
    /// What files write for it beside these and what FHIR and X12 have, in capital letters and digits alone.
    pub labels: &'static [&'static str],
    /// The number by which the schema of the database knows it.
    pub number: i64,
    /// The first day on which HIPAA transactions had to use it.
    pub in_force_from: NaiveDate,
    /// What was in force before it, if anything that it took the place of.
    pub predecessor: Option<&'static str>,
    /// When its releases take effect, and what they are called.
    pub calendar: Calendar,
    /// What tells the days on which a listed code is valid.
    pub days: DaysOf,
    /// After how many characters people write a dot; `None` if the set has none.
    pub dot_after: Option<usize>,
    /// The same in words, for a code with a dot elsewhere.
    pub dot_rule: &'static str,
    /// How many characters a category has, the highest level that is listed among the codes: as many as a code where a
    /// release lists no headers.
    pub category_length: usize,
    /// By how many characters the catalogue counts the rows of a release.
    pub counted_by: usize,
    /// Whether a code can begin with a digit.
    pub begins_with_digit: bool,
    /// Whether codes of 7 characters can have the placeholder X before the last one.
    pub has_seventh_characters: bool,
    /// Checks whether characters without dot can be a code of it.
    pub(crate) check_shape: fn(&[u8]) -> Result<(), Malformed>,
    /// Checks whether a text that can be a code has the look of most codes, and so is hardly a word.
    #[doc(hidden)]
    pub looks_usual: fn(&[u8]) -> bool,
    /// Checks whether a category stands in the book where its characters put it.
    pub(crate) is_in_order: fn(&[u8]) -> bool,
    /// Checks whether a header can be the one directly above a code in a whole release.
    pub(crate) is_directly_above: fn(header: &Code, code: &Code) -> bool,
    /// What an official release lost at most since the one before it: one that lost more is a part.
    pub(crate) losses: LossLimits,
    /// The kinds of documents that are published with it.
    pub documents: &'static [DocumentKind],
    /// How its book is published.
    pub book: Book,
    /// What the levels of its book are called.
    pub levels: Levels,
    /// Its chapters or sections, in the order of the book.
    pub chapters: &'static [Chapter],
    /// Finds the chapter or section of a code.
    pub(crate) chapter_of: fn(&Code) -> Option<&'static Chapter>,
    /// OHDSI's name of it as a vocabulary.
    pub vocabulary: &'static str,
    /// OHDSI's domain of its codes.
    pub domain: &'static str,
    /// Returns OHDSI's class of a code of so many characters that is billable or not.
    pub(crate) class: fn(length: usize, billable: bool) -> String,
    /// The codes whose local identifier is another code's, with the attempt that is not: see
    /// [`concept_id`](crate::model::concept_id).
    pub(crate) displaced: &'static [(&'static str, u8)],
    /// Its names in FHIR.
    pub fhir: FhirSystem,
    /// What announces its codes in X12 claims.
    pub x12: X12Qualifiers,
    /// What one might search for in it.
    pub example: &'static str,
    /// What one might narrow a comparison of its releases to.
    pub range_example: &'static str,
    /// Other words that its codes are searched by, the files that are asked first before the others.
    pub word_files: &'static [WordFile],
}

/// A reviewed file of words that people use, and the words of titles and indexes that they stand for.
#[derive(Debug, Clone, Copy)]
pub struct WordFile {
    /// What its words are.
    pub kind: ReadAsKind,
    /// Its lines: what is typed, a tab, the words for it; other readings after a bar.
    pub text: &'static str,
}

/// What tells the days on which a listed code is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DaysOf {
    /// Those of the releases that list it: a release that is not loaded is a gap.
    Releases,
    /// The row itself, by the first and the last day that it names. A later release tells the days before it as well.
    Rows,
}

/// How the book of a code set is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Book {
    /// A tabular list: chapters, blocks, notes.
    Tabular,
    /// Tables of the characters that a code may have.
    Tables,
    /// A list of codes, in chapters without levels between.
    List,
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

impl LevelName {
    pub(super) const fn new(one: &'static str, several: &'static str) -> LevelName {
        LevelName { one, several }
    }
}

/// What an official release lost at most since the one before it.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "import"),
    allow(dead_code, reason = "an import alone asks for some of it")
)]
pub(crate) struct LossLimits {
    /// Rows of all categories together; `None` if there is no such limit.
    pub(crate) rows: Option<u64>,
    /// Rows of one category.
    pub(crate) rows_of_category: Option<u64>,
    /// Categories altogether.
    pub(crate) categories: usize,
    /// Checks whether a category can go.
    pub(crate) can_go: fn(&Code) -> bool,
}

/// A code set as FHIR knows it.
#[derive(Debug, PartialEq, Eq)]
pub struct FhirSystem {
    /// The code set.
    pub code_set: CodeSet,
    /// The address that every coding carries.
    pub uri: &'static str,
    /// How the identifiers of its resources begin.
    pub prefix: &'static str,
    /// Its name for programs.
    pub name: &'static str,
    /// Its object identifier, as an address.
    pub oid: &'static str,
    /// Other addresses that claims carry for it.
    pub other_uris: &'static [&'static str],
    /// Who publishes it.
    pub publisher: &'static str,
}

/// The code list qualifiers (data element 1270) that announce codes of a set in X12 claims.
#[derive(Debug)]
pub struct X12Qualifiers {
    /// Of diagnoses that service lines can point to.
    pub pointed_to: &'static [&'static str],
    /// Of all other codes.
    pub others: &'static [&'static str],
}
