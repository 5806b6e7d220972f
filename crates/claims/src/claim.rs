//! What a reader gives for each claim.

use chrono::NaiveDate;

use codeyear_core::model::CodeSet;

/// Where in its file something stands: the words that a message begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClaimPlace {
    /// A line of a text file, from 1. Of a record of several lines the first.
    Line(u64),
    /// A segment of an X12 interchange, from 1 (the `ISA`).
    Segment(u64),
    /// A row of a table without lines (Parquet), from 1.
    Row(u64),
    /// An entry of a FHIR Bundle, from 1.
    Entry(u64),
}

impl ClaimPlace {
    /// Returns the number alone.
    pub fn number(self) -> u64 {
        match self {
            ClaimPlace::Line(number)
            | ClaimPlace::Segment(number)
            | ClaimPlace::Row(number)
            | ClaimPlace::Entry(number) => number,
        }
    }
}

impl std::fmt::Display for ClaimPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ClaimPlace::Line(number) => write!(f, "line {number}"),
            ClaimPlace::Segment(number) => write!(f, "segment {number}"),
            ClaimPlace::Row(number) => write!(f, "row {number}"),
            ClaimPlace::Entry(number) => write!(f, "entry {number}"),
        }
    }
}

/// One row of a table, one object of NDJSON, one claim of an X12 837, one FHIR resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Where it stands.
    pub place: ClaimPlace,
    /// The values of the columns that the user asked to keep, in the order asked; empty where absent.
    pub kept: Vec<String>,
    /// What it charges, in cents, if the user asked for it and it can be read.
    pub cents: Option<i64>,
    /// Its codes. An empty cell is no code.
    pub codes: Vec<ClaimCode>,
}

/// One code of a claim, with the day on which it has to be valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimCode {
    /// Where in the claim it stands: the name of its column, `HI02 ABF`, `diagnosis[2]`.
    pub field: String,
    /// The code set that it is said to be of.
    pub system: CodeSystem,
    /// The code as it stands there, untrimmed.
    pub text: String,
    /// The day on which it has to be valid: the discharge date of an inpatient claim, the date of service
    /// of every other; or why there is none.
    pub day: Result<NaiveDate, ProblemKind>,
}

/// The code set of a claim's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeSystem {
    /// Nobody said: it is told by the code, as `check` tells it.
    Detected,
    /// The claim or the user said.
    Of(CodeSet),
    /// A code set that codeyear does not keep (ICD-9-CM, CPT): counted, not judged.
    Other,
}

/// A claim, or why it cannot be read.
pub type ClaimItem = Result<Claim, ClaimProblem>;

/// Something that cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimProblem {
    /// Where.
    pub place: ClaimPlace,
    /// The column or field, if it is one field's.
    pub field: Option<String>,
    /// What.
    pub kind: ProblemKind,
    /// What stands there, only if the user asked to see values.
    pub value: Option<String>,
}

impl std::fmt::Display for ClaimProblem {
    /// Writes what, without the place: `service_date: no date of the form YYYY-MM-DD`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        write!(f, "{}", self.kind)?;
        match &self.value {
            Some(value) => write!(f, ": {value:?}"),
            None => Ok(()),
        }
    }
}

/// What cannot be read. It never holds a value of the claim.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// There is no date.
    NoDate,
    /// The date is not of the form that the file's dates have, or no day of the calendar.
    BadDate {
        /// The form expected, such as `YYYY-MM-DD`.
        expected: &'static str,
    },
    /// An inpatient claim without a discharge date.
    NoDischarge,
    /// The discharge is before the admission.
    DischargeBeforeAdmission,
    /// The row has more or fewer fields than the header.
    Ragged {
        /// Fields of the header.
        expected: usize,
        /// Fields of the row.
        found: usize,
    },
    /// The text is not UTF-8.
    NotUtf8,
    /// The text holds a NUL byte.
    Nul,
    /// A quote is opened and not closed.
    OpenQuote,
    /// The record is not what the format allows; the words hold no value of the claim.
    Malformed(String),
}

impl std::fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ProblemKind::NoDate => f.write_str("no date"),
            ProblemKind::BadDate { expected } => write!(f, "no date of the form {expected}"),
            ProblemKind::NoDischarge => f.write_str("inpatient claim without a discharge date"),
            ProblemKind::DischargeBeforeAdmission => {
                f.write_str("the discharge is before the admission")
            }
            ProblemKind::Ragged { expected, found } => {
                write!(f, "{found} fields, and the header has {expected}")
            }
            ProblemKind::NotUtf8 => f.write_str("not UTF-8 text"),
            ProblemKind::Nul => f.write_str("a NUL byte"),
            ProblemKind::OpenQuote => f.write_str("a quote is opened and not closed"),
            ProblemKind::Malformed(what) => f.write_str(what),
        }
    }
}
