//! What answers rest on: the version of FHIR, the code sets, the day.

use chrono::NaiveDate;

use codeyear_core::error::Result;
use codeyear_core::model::{CodeSet, Sets};
use codeyear_core::store::{CodeSource, Store, StoreRef};

/// A version of FHIR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FhirVersion {
    /// 4.0.1.
    R4,
    /// 5.0.0.
    R5,
}

impl FhirVersion {
    /// Both, oldest first.
    pub const ALL: [FhirVersion; 2] = [FhirVersion::R4, FhirVersion::R5];

    /// Returns the number of the version: `4.0.1`, `5.0.0`.
    pub fn number(self) -> &'static str {
        match self {
            FhirVersion::R4 => "4.0.1",
            FhirVersion::R5 => "5.0.0",
        }
    }

    /// Returns the name used in paths and on the command line: `r4`, `r5`.
    pub fn id(self) -> &'static str {
        match self {
            FhirVersion::R4 => "r4",
            FhirVersion::R5 => "r5",
        }
    }
}

/// What answers rest on: the code sets, and the day.
pub struct Terminology<'a> {
    codes: Sets<Box<dyn CodeSource + 'a>>,
    pub(super) today: NaiveDate,
}

impl std::fmt::Debug for Terminology<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminology")
            .field("today", &self.today)
            .finish_non_exhaustive()
    }
}

impl<'a> Terminology<'a> {
    /// Answers from the code sets, wherever they are held, with their titles.
    pub fn new(codes: Sets<Box<dyn CodeSource + 'a>>, today: NaiveDate) -> Terminology<'a> {
        Terminology { codes, today }
    }

    /// Answers from the database alone.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Store`] if the database cannot be read.
    pub fn of(store: &'a Store, today: NaiveDate) -> Result<Terminology<'a>> {
        let codes = Sets::try_new(|code_set| -> Result<Box<dyn CodeSource + 'a>> {
            Ok(Box::new(store.codes(code_set)?))
        })?;
        Ok(Terminology::new(codes, today))
    }

    fn codes(&self, code_set: CodeSet) -> &dyn CodeSource {
        &*self.codes[code_set]
    }
}

/// What every answer needs.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) version: FhirVersion,
    pub(super) base: &'a str,
    pub(super) terminology: &'a Terminology<'a>,
}

impl<'a> Context<'a> {
    pub(super) fn is_r5(&self) -> bool {
        self.version == FhirVersion::R5
    }

    pub(super) fn codes(&self, code_set: CodeSet) -> &'a dyn CodeSource {
        self.terminology.codes(code_set)
    }

    pub(super) fn store(&self) -> Result<StoreRef<'a>> {
        self.codes(CodeSet::default()).store()
    }
}
