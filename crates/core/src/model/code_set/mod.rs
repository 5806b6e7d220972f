//! The code sets: one row of a table for each, and what follows from it.

mod facts;
mod icd10;
mod labels;
mod other;
mod table;
#[cfg(feature = "toy")]
mod toy;

pub use facts::{
    Book, CodeSetFacts, DaysOf, FhirSystem, LevelName, Levels, WordFile, X12Qualifiers,
};
pub use labels::{Label, LabelMeaning, TakenIn};
pub use other::OtherCodeSet;

/// A code set that codeyear keeps.
///
/// The first one is meant where nobody says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum CodeSet {
    /// ICD-10-CM: diagnoses, published by NCHS and CMS.
    #[default]
    Icd10Cm,
    /// ICD-10-PCS: inpatient procedures, published by CMS.
    Icd10Pcs,
    /// A set of invented codes, by which tests show that nothing else in the program knows the sets by name.
    #[cfg(feature = "toy")]
    Toy,
}

/// How many code sets there are.
const COUNT: usize = if cfg!(feature = "toy") { 3 } else { 2 };

impl CodeSet {
    /// Every code set, in the order in which codeyear lists them.
    pub const ALL: [CodeSet; COUNT] = [
        CodeSet::Icd10Cm,
        CodeSet::Icd10Pcs,
        #[cfg(feature = "toy")]
        CodeSet::Toy,
    ];
}
