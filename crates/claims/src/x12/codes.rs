//! The code lists that an HI names, and what a type of bill says of the day.

use crate::CodeSystem;
use codeyear_core::model::CodeSet;

/// Which of the implementation guides a transaction set follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guide {
    /// 837P: X222, of version 004010 X098; as reported after adjudication X298.
    Professional,
    /// 837I: X223, X096, X299.
    Institutional,
    /// 837D: X224, X097, X300.
    Dental,
}

impl Guide {
    /// Returns the guide by ST03 or GS08, such as `005010X222A1`.
    pub(super) fn of(reference: &[u8]) -> Option<Guide> {
        if !reference.starts_with(b"00") {
            return None;
        }
        match reference.get(6..10)? {
            b"X222" | b"X098" | b"X298" => Some(Guide::Professional),
            b"X223" | b"X096" | b"X299" => Some(Guide::Institutional),
            b"X224" | b"X097" | b"X300" => Some(Guide::Dental),
            _ => None,
        }
    }
}

/// What a composite of an HI holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CompositeKind {
    /// A diagnosis that service lines can point to.
    Diagnosis(CodeSystem),
    /// Another diagnosis, or a procedure.
    Code(CodeSystem),
    /// No code of a code set that is kept here, nor of one before it.
    Nothing,
}

/// Returns what a code list qualifier (data element 1270) announces; `None` where the guides have no such.
///
/// The guides are 005010X222 (837P), 005010X223 (837I) and 005010X224 (837D), each with its errata, and
/// those of 004010 before them.
pub(super) fn held(qualifier: &[u8], is_4010: bool) -> Option<CompositeKind> {
    for code_set in CodeSet::ALL {
        let announces = |all: &[&str]| all.iter().any(|known| known.as_bytes() == qualifier);
        let x12 = &code_set.facts().x12;
        if announces(x12.pointed_to) {
            return Some(CompositeKind::Diagnosis(CodeSystem::Of(code_set)));
        }
        if announces(x12.others) {
            return Some(CompositeKind::Code(CodeSystem::Of(code_set)));
        }
    }
    Some(match qualifier {
        // Principal diagnosis, other diagnoses of ICD-9-CM; then the rest of it.
        b"BK" | b"BF" => CompositeKind::Diagnosis(CodeSystem::Other),
        b"BJ" | b"PR" | b"BN" | b"BR" | b"BQ" => CompositeKind::Code(CodeSystem::Other),
        // SNODENT, of dentistry.
        b"TQ" => CompositeKind::Code(CodeSystem::Other),
        // The patient's reason for visit in 004010X096, of ICD-9-CM.
        b"ZZ" if is_4010 => CompositeKind::Code(CodeSystem::Other),
        // Value, condition, occurrence, occurrence span, DRG, treatment, advanced billing concept, and
        // procedures of HCPCS.
        b"BE" | b"BG" | b"BH" | b"BI" | b"DR" | b"TC" | b"CAH" | b"BO" | b"BP" => {
            CompositeKind::Nothing
        }
        _ => return None,
    })
}

/// Which of its dates an institutional claim is judged on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stay {
    /// Inpatient: the discharge, which is the day that the statement runs through.
    Inpatient,
    /// Home health under a plan of treatment: the day that the statement runs through.
    HomeHealth,
    /// Outpatient and all else: the day that the statement runs from.
    Outpatient,
}

impl Stay {
    /// Returns the stay by CLM05-1, the first two digits of the type of bill; `None` where it is not two
    /// letters or digits. The table with its reasons stands in the documentation of the module.
    pub(crate) fn of(facility: &[u8]) -> Option<Stay> {
        let [kind, care] = facility else {
            return None;
        };
        if !kind.is_ascii_alphanumeric() || !care.is_ascii_alphanumeric() {
            return None;
        }
        Some(match (kind, care) {
            (b'1' | b'2' | b'4' | b'5' | b'6', b'1' | b'5' | b'6' | b'7' | b'8') => Stay::Inpatient,
            (b'8', b'6') => Stay::Inpatient,
            (b'3', b'2' | b'3') => Stay::HomeHealth,
            _ => Stay::Outpatient,
        })
    }
}
