//! What a reader gives for each claim.

use std::borrow::Cow;

use chrono::NaiveDate;

use codeyear_core::error::{Error, printable};
use codeyear_core::model::{CodeSet, LabelMeaning, OtherCodeSet, VerdictKind, day_before};

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
    /// What it charges, in cents, if the user asked for it; or why that cannot be read.
    pub cents: Result<Option<i64>, ClaimProblem>,
    /// Its codes. An empty cell is no code.
    pub codes: Vec<ClaimCode>,
    /// What was read although it is not written as the format wants it, in words without a value of the claim.
    pub remarks: Vec<&'static str>,
    /// How many fields of codes hold a marker such as NULL.
    pub nulls: u64,
    /// Whether it refers to other resources, or they to it.
    pub parts: ClaimParts,
}

/// Whether a claim refers to Conditions and Procedures of FHIR, or is one that claims refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimParts {
    /// The number of a claim that refers to others; 0 for one that does not.
    pub number: u32,
    /// Whether claims refer to it: then it counts with these.
    pub is_part: bool,
    /// By the place of a code, in ascending order: the number of a claim that it is a code of.
    pub of: Vec<(usize, u32)>,
}

/// The most days on which one code of a claim is judged: of more the first and the last are enough.
pub(super) const MAX_DAYS: usize = 100;

/// One code of a claim, with the day on which it has to be valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimCode {
    /// Where in the claim it stands: the name of its column, `HI02 ABF`, `diagnosis[2]`.
    pub field: String,
    /// The code set that it is said to be of.
    pub system: CodeSystem,
    /// What is written for the code set where nobody knows it; else empty.
    pub label: String,
    /// The code as it stands there, untrimmed.
    pub text: String,
    /// The day on which it has to be valid: the discharge date of an inpatient claim, the date of service
    /// of every other; or why there is none.
    pub day: Result<NaiveDate, ProblemKind>,
    /// Where the claim leaves open which of several days it is: the first of them; `day` is the last.
    pub since: Option<NaiveDate>,
    /// What the claim says of whether the diagnosis was present on admission; empty where it says nothing.
    pub poa: String,
}

impl ClaimCode {
    /// Returns its day as it is written beside the code: two days with a slash where the claim leaves open which of those
    /// from the one to the other it is (ISO 8601); empty where there is none.
    pub(super) fn date_text(&self) -> String {
        match (&self.day, self.since) {
            (Ok(last), Some(since)) => format!("{since}/{last}"),
            (Ok(day), None) => day.to_string(),
            (Err(_), _) => String::new(),
        }
    }
}

/// The code set of a claim's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeSystem {
    /// Nobody said: it is told by the code, as `check` tells it.
    Detected,
    /// The claim or the user said.
    Of(CodeSet),
    /// The claim said that it is one of these; the code tells which.
    OneOf(&'static [CodeSet]),
    /// A code set that codeyear does not keep (ICD-9-CM, CPT): counted, not judged.
    Other(&'static OtherCodeSet),
    /// As that, beside a code of a code set that is kept and means the same: a translation of it.
    Translation(&'static OtherCodeSet),
    /// The user said that it is one that codeyear does not keep.
    Others,
    /// The claim said something that nobody knows: counted, not judged.
    Unknown,
}

impl From<LabelMeaning> for CodeSystem {
    fn from(meaning: LabelMeaning) -> CodeSystem {
        match meaning {
            LabelMeaning::Of(code_set) => CodeSystem::Of(code_set),
            LabelMeaning::OneOf(code_sets) => CodeSystem::OneOf(code_sets),
            LabelMeaning::Other(other) => CodeSystem::Other(other),
        }
    }
}

/// A claim, or why it cannot be read.
pub type ClaimItem = Result<Claim, ClaimProblem>;

/// Something that cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimProblem {
    /// The file, if there are several.
    pub file: Option<Box<str>>,
    /// Where.
    pub place: ClaimPlace,
    /// The column or field, if it is one field's.
    pub field: Option<String>,
    /// What.
    pub kind: ProblemKind,
    /// What stands there, only if the user asked to see values.
    pub value: Option<String>,
    /// Whether a claim or row is lost by it: it may stand beside one that is read all the same.
    pub is_claim: bool,
}

impl ClaimProblem {
    pub(super) fn new(place: ClaimPlace, field: Option<String>, kind: ProblemKind) -> ClaimProblem {
        ClaimProblem {
            file: None,
            place,
            field,
            kind,
            value: None,
            is_claim: true,
        }
    }

    /// Returns the problem as one beside which all claims are read.
    pub(super) fn beside_claims(self) -> ClaimProblem {
        ClaimProblem {
            is_claim: false,
            ..self
        }
    }
}

impl std::fmt::Display for ClaimProblem {
    /// Writes what, without the place: `service_date: no date in the format YYYY-MM-DD`.
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
        expected: Cow<'static, str>,
    },
    /// An inpatient claim without a discharge date.
    NoDischarge,
    /// The discharge is before the admission.
    DischargeBeforeAdmission,
    /// The amount cannot be read as dollars.
    NoAmount,
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
    /// The claim leaves open on which of several days the code has to be valid, and they differ.
    Uncertain {
        /// The verdict on the first of them.
        first: VerdictKind,
        /// The first day with another.
        from: NaiveDate,
        /// That verdict.
        then: VerdictKind,
    },
    /// The record is not what the format allows; the words hold no value of the claim.
    Malformed(String),
}

impl std::fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ProblemKind::NoDate => f.write_str("no date"),
            ProblemKind::BadDate { expected } => write!(f, "no date in the format {expected}"),
            ProblemKind::NoDischarge => f.write_str("inpatient claim without a discharge date"),
            ProblemKind::DischargeBeforeAdmission => f.write_str("discharge before admission"),
            ProblemKind::NoAmount => f.write_str("no amount in dollars"),
            ProblemKind::Ragged { expected, found } => {
                write!(f, "{found} fields, and the header has {expected}")
            }
            ProblemKind::NotUtf8 => f.write_str("not UTF-8 text"),
            ProblemKind::Nul => f.write_str("a NUL byte"),
            ProblemKind::OpenQuote => f.write_str("an opening quote is never closed"),
            ProblemKind::Uncertain { first, from, then } => write!(
                f,
                "the claim does not fix the date: {} until {}, {} from {from}",
                first.name(),
                day_before(*from),
                then.name()
            ),
            ProblemKind::Malformed(what) => f.write_str(what),
        }
    }
}

/// Finds the values that are to be kept of each claim, by their names.
pub(super) fn kept_fields<T: Copy>(names: &[String], known: &[(&str, T)]) -> Result<Vec<T>, Error> {
    let find = |name: &String| {
        let found = known.iter().find(|(own, _)| own == name);
        found.map(|(_, field)| *field).ok_or_else(|| {
            let known: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            Error::usage(format!(
                "unknown value to keep: {:?}; expected {}",
                printable(name),
                known.join(", ")
            ))
        })
    };
    names.iter().map(find).collect()
}
