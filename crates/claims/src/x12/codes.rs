//! The code lists that an HI names, and what a type of bill says of the day.

use crate::CodeSystem;
use crate::labels::Labels;
use codeyear_core::model::{CodeSet, LabelMeaning};

/// Which of the implementation guides a transaction set follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guide {
    /// 837P: X222, of version 004010 X098; as reported after adjudication X298, for a predetermination X291.
    Professional,
    /// 837I: X223, X096, X299, X292.
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
            b"X222" | b"X098" | b"X298" | b"X291" => Some(Guide::Professional),
            b"X223" | b"X096" | b"X299" | b"X292" => Some(Guide::Institutional),
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

/// The qualifiers of what is neither a diagnosis nor a procedure that an audit could judge: value, condition, occurrence,
/// occurrence span, DRG, treatment, advanced billing concept, and procedures of HCPCS.
const PASSED_OVER: [&[u8]; 9] = [
    b"BE", b"BG", b"BH", b"BI", b"DR", b"TC", b"CAH", b"BO", b"BP",
];

/// Returns what a code list qualifier (data element 1270) announces; `None` where the guides have no such, and the user
/// says nothing of it.
///
/// The guides are 005010X222 (837P), 005010X223 (837I) and 005010X224 (837D), each with its errata, and
/// those of 004010 before them.
pub(super) fn held(qualifier: &[u8], is_4010: bool, labels: &Labels) -> Option<CompositeKind> {
    if PASSED_OVER.contains(&qualifier) {
        return Some(CompositeKind::Nothing);
    }
    let mapped = std::str::from_utf8(qualifier).ok();
    let system = mapped
        .and_then(|qualifier| labels.mapped(qualifier))
        .or_else(|| LabelMeaning::in_x12(qualifier).map(CodeSystem::from))
        // The patient's reason for visit in 004010X096, of ICD-9-CM as all others of that version.
        .or_else(|| {
            let of_4010 = (qualifier == b"ZZ" && is_4010).then_some(b"PR")?;
            LabelMeaning::in_x12(of_4010).map(CodeSystem::from)
        })?;
    // Lines point to the principal and the other diagnoses, of whichever code set.
    let is_pointed_to = matches!(qualifier, b"BK" | b"BF" | b"TQ")
        || CodeSet::ALL.into_iter().any(|code_set| {
            let pointed_to = code_set.facts().x12.pointed_to;
            pointed_to.iter().any(|known| known.as_bytes() == qualifier)
        });
    Some(match is_pointed_to {
        true => CompositeKind::Diagnosis(system),
        false => CompositeKind::Code(system),
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
    /// Returns the stay by CLM05-1, the first two digits of the type of bill, or by all of it: `13`, `131`, `0131`;
    /// `None` where it is none of these. The table with its reasons stands in the documentation of the module.
    pub(crate) fn of(facility: &[u8]) -> Option<Stay> {
        let [kind, care] = facility_of(facility) else {
            return None;
        };
        if !matches!(kind, b'1'..=b'9') || !care.is_ascii_digit() {
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

/// Returns the first two digits of a type of bill that stands whole, with or without the leading zero.
pub(super) fn facility_of(bill: &[u8]) -> &[u8] {
    match bill {
        [b'0', facility @ .., _] if facility.len() == 2 => facility,
        [b'0', facility @ ..] if facility.len() == 2 => facility,
        [facility @ .., _] if facility.len() == 2 => facility,
        facility => facility,
    }
}
