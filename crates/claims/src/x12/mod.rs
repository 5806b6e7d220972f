//! Health care claims in X12: the 837 of hospitals (837I), physicians (837P) and dentists (837D).
//!
//! Reads the implementation guides 005010X222 (837P), 005010X223 (837I) and 005010X224 (837D) with their
//! errata, those of version 004010 before them (X098, X096, X097), and the post-adjudicated X298, X299 and
//! X300. The delimiters are those that each ISA gives. A stream may hold several interchanges, functional
//! groups and transaction sets; one claim is in memory at a time. Names, identifiers and addresses are never
//! read, and nothing that a claim holds stands in an error.
//!
//! # Which codes
//!
//! Those of the `HI` segments of the claim, by code list qualifier:
//!
//! | qualifier | code | code set |
//! |---|---|---|
//! | `ABK`, `ABF` | principal and other diagnoses | ICD-10-CM |
//! | `ABJ`, `APR`, `ABN` | admitting diagnosis, patient's reason for visit, external cause | ICD-10-CM |
//! | `BBR`, `BBQ` | principal and other procedures | ICD-10-PCS |
//! | `BK`, `BF`, `BJ`, `PR`, `BN`, `BR`, `BQ` | the same of ICD-9-CM | not kept here; from October 1, 2015 on not in force |
//! | `ZZ` in 004010 | patient's reason for visit, of ICD-9-CM | the same |
//! | `TQ` | SNODENT | not kept here |
//! | `BE`, `BG`, `BH`, `BI`, `DR`, `TC`, `CAH`, `BO`, `BP` | value, condition, occurrence, span, DRG, treatment, billing concept, HCPCS | passed over |
//!
//! Any other qualifier is a [`ClaimProblem`]: a code that is not known to be none is not passed over.
//!
//! # Which day
//!
//! The rule of CMS (Medicare Claims Processing Manual, chapter 23, section 10.6, and for claims that span the
//! first day of a code set the table of MLN Matters SE1325): inpatient claims go by the discharge, which is
//! the through date, outpatient claims by the from date, and everything else by the date of service.
//!
//! **837I** goes by the statement dates (`DTP 434`), and CLM05-1, the first two digits of the type of bill,
//! tells which of the two:
//!
//! | type of bill | what | day |
//! |---|---|---|
//! | first digit 1, 2, 4, 5 or 6 with second digit 1, 5, 6, 7 or 8 (`11`, `18`, `21`, `28`, `41`, `65`, `66`) | inpatient, intermediate care, subacute, swing bed | through |
//! | `86` | residential facility | through |
//! | `32`, `33` | home health under a plan of treatment: by SE1325 the final claim goes by its through date | through |
//! | `12`, `22` | inpatients billed under Part B: by date of service | from |
//! | all others (`13`, `14`, `23`, `34`, `71` to `77`, `81` to `85`) | outpatient, clinics, hospice: by SE1325 such claims are split where the code set changes | from |
//! | none, or not two digits | not said | any from the first to the last: judged where the verdict is the same on all |
//!
//! The second digit means what CMS publishes as its claim service classification: 1 inpatient, 2 Part B only,
//! 3 outpatient, 4 other, 5 to 7 intermediate care and subacute, 8 swing beds, for facilities other than
//! clinics (7) and special facilities (8). The admission date (`DTP 435`) does not tell an inpatient claim:
//! home health and hospice claims have it as well. An interim inpatient bill goes by its through date too.
//! Without statement dates an inpatient claim has [`ProblemKind::NoDischarge`], a home health claim
//! [`ProblemKind::NoDate`], and an outpatient claim goes by the earliest date of its lines. Procedures of
//! ICD-10-PCS go by the same day as the diagnoses, not by their own dates: the code set of a stay is that of
//! its discharge. A qualifier of an HI that the guides do not have is a label that nobody knows.
//!
//! **837P and 837D** go by the date of service (`DTP 472`) of each line that points to the diagnosis (SV107,
//! SV311): one [`ClaimCode`](super::ClaimCode) for each day that differs. A range gives its first and its last
//! day, and the code has to be valid on both. Diagnoses are numbered on through all HI segments of the claim. A
//! diagnosis to which no line points goes by the days of all lines: which of them reports it is not said. A service
//! segment opens a line where no LX did. A line of a dental claim without a date of its own has that of the claim. The
//! onset (`DTP 431`),
//! the dates of a hospital stay (435, 096) and all other dates are no dates of service; a claim that has only
//! an onset has [`ProblemKind::NoDate`], unless [`X12Options::use_onset`] is set.
//!
//! # What is checked
//!
//! SE01, GE01 and IEA01 are compared with what was counted, and the control numbers of each trailer with its
//! header; a difference is a [`ClaimProblem`] at the trailer, because it means that something was cut or spliced.
//! A problem may stand beside a claim: the claim has what could be read. Of an interchange that ends without its IEA all
//! claims before the last are read, and of that the codes are given without a day. Transaction sets other than 837 hold
//! no claims: [`X12Claims::skipped`] counts them.

mod claim;
mod codes;
mod dates;
mod envelope;
mod segments;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::io::Read;

pub(super) use codes::Stay;
use envelope::Envelope;
use segments::Segments;

use super::claim::kept_fields;
use super::labels::Labels;
use super::{ClaimItem, ClaimPlace, ClaimProblem, ProblemKind};
use codeyear_core::error::Result;

/// What is wanted of the claims beside their codes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct X12Options {
    /// The values to keep of each claim, by name: `claim_id` (CLM01), `charge` (CLM02), `type_of_bill` (CLM05
    /// of an 837I, such as `111`), `place_of_service` (CLM05 of an 837P or 837D), `transaction` (ST02).
    pub keep: Vec<String>,
    /// Whether to read the charge, in cents.
    pub amount: bool,
    /// Whether a claim without any date of service goes by the onset of the illness.
    pub use_onset: bool,
    /// What the user says of qualifiers.
    pub labels: Labels,
}

impl X12Options {
    /// The names of the values that can be kept.
    pub const NAMES: [&'static str; 5] =
        [NAMES[0].0, NAMES[1].0, NAMES[2].0, NAMES[3].0, NAMES[4].0];
}

/// A value to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeptField {
    ClaimId,
    Charge,
    TypeOfBill,
    PlaceOfService,
    Transaction,
}

/// The names of the values that can be kept.
const NAMES: [(&str, KeptField); 5] = [
    ("claim_id", KeptField::ClaimId),
    ("charge", KeptField::Charge),
    ("type_of_bill", KeptField::TypeOfBill),
    ("place_of_service", KeptField::PlaceOfService),
    ("transaction", KeptField::Transaction),
];

/// A reader of the claims of X12 interchanges.
///
/// The item of the iterator is an error where nothing more can be read; within it a [`ClaimItem`] is a claim
/// or what of one cannot be read.
///
/// ```
/// use codeyear_claims::{X12Claims, X12Options};
///
/// let file: &[u8] = b"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       \
///     *251001*1200*^*00501*000000001*0*T*:~GS*HC*S*R*20251001*1200*1*X*005010X222A1~\
///     ST*837*0001*005010X222A1~CLM*A1*85***11:B:1~HI*ABK:G35D~LX*1~\
///     SV1*HC:99213*85*UN*1***1~DTP*472*D8*20251001~SE*7*0001~GE*1*1~IEA*1*000000001~";
/// let mut claims = X12Claims::new(file, X12Options::default())?;
/// let claim = claims.next().unwrap()?.unwrap();
/// assert_eq!(claim.codes[0].field, "HI01 ABK");
/// assert_eq!(claim.codes[0].day, Ok("2025-10-01".parse().unwrap()));
/// assert!(claims.next().is_none());
/// # Ok::<(), codeyear_core::Error>(())
/// ```
#[derive(Debug)]
pub struct X12Claims<R> {
    segments: Segments<R>,
    envelope: Envelope,
    ready: VecDeque<ClaimItem>,
    is_done: bool,
}

impl<R: Read> X12Claims<R> {
    /// Makes a reader; nothing is read yet.
    ///
    /// # Errors
    ///
    /// A name in [`X12Options::keep`] is none that an 837 has.
    pub fn new(input: R, options: X12Options) -> Result<Self> {
        let wanted = kept_fields(&options.keep, &NAMES)?;
        Ok(X12Claims {
            segments: Segments::new(input),
            envelope: Envelope::new(options, wanted),
            ready: VecDeque::new(),
            is_done: false,
        })
    }
}

impl<R> X12Claims<R> {
    /// Returns how many transaction sets so far hold no claims, by their kind (`835`, `999`).
    pub fn skipped(&self) -> &BTreeMap<String, u64> {
        self.envelope.others()
    }
}

impl<R: Read> Iterator for X12Claims<R> {
    type Item = Result<ClaimItem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(Ok(item));
            }
            if self.is_done {
                return None;
            }
            match self.segments.next() {
                Ok(Some(segment)) => {
                    if self.envelope.take(&segment, &mut self.ready) {
                        self.segments.end_interchange();
                    }
                }
                Ok(None) => {
                    self.is_done = true;
                    if let Some(flaw) = self.segments.flaw() {
                        let place = ClaimPlace::Segment(self.segments.number());
                        self.envelope.cut_off(place, &flaw, &mut self.ready);
                    }
                }
                Err(error) => {
                    self.is_done = true;
                    return Some(Err(error));
                }
            }
        }
    }
}
