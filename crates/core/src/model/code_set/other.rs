//! Code sets that claims carry and codeyear does not keep: by which names, addresses and shapes they are known.

use std::fmt;

/// A code set that is known and not kept: its codes are told apart from ours and never judged.
pub struct OtherCodeSet {
    /// The name that people use: `ICD-9-CM`.
    pub name: &'static str,
    /// What files write for it, in capital letters and digits alone.
    pub(super) labels: &'static [&'static str],
    /// Its addresses in FHIR, and what follows `urn:oid:`.
    pub(super) addresses: &'static [&'static str],
    /// Its code list qualifiers (data element 1270) in the HI segments of X12 claims.
    pub(super) x12: &'static [&'static str],
    /// Checks whether characters in capitals look like a code of it.
    pub(super) has_shape: fn(&[u8]) -> bool,
}

impl PartialEq for OtherCodeSet {
    fn eq(&self, other: &OtherCodeSet) -> bool {
        self.name == other.name
    }
}

impl Eq for OtherCodeSet {}

impl fmt::Debug for OtherCodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl OtherCodeSet {
    /// Returns the code sets, of those that are not kept, that a text without a label looks like a code of.
    ///
    /// ```
    /// use codeyear_core::model::OtherCodeSet;
    /// let names = |text| OtherCodeSet::like(text).map(|set| set.name).collect::<Vec<_>>();
    /// assert_eq!(names("J1885"), ["HCPCS"]);
    /// assert_eq!(names("25000"), ["ICD-9-CM", "CPT"]);
    /// assert!(names("M54.5").is_empty());
    /// ```
    pub fn like(text: &str) -> impl Iterator<Item = &'static OtherCodeSet> {
        let text = text.trim().to_ascii_uppercase();
        OTHER_CODE_SETS
            .iter()
            .filter(move |other| (other.has_shape)(text.as_bytes()))
    }
}

/// No look of its own, or none that tells it from ours.
const NO_SHAPE: fn(&[u8]) -> bool = |_| false;

/// The code sets that claims carry beside ours. Addresses and object identifiers are those of HL7 Terminology; the
/// qualifiers those of the 837 guides of versions 005010 and 004010.
pub(super) static OTHER_CODE_SETS: &[OtherCodeSet] = &[
    OtherCodeSet {
        name: "ICD-9-CM",
        labels: &[
            "9",
            "I9",
            "I9C",
            "I9D",
            "I9P",
            "9CM",
            "9D",
            "9P",
            "ICD9",
            "ICD9CM",
            "ICD9DX",
            "ICD9D",
            "ICD9P",
            "ICD9PX",
            "ICD9PCS",
            "ICD9PROC",
            "ICD9DIAG",
            "ICD9DIAGNOSIS",
            "ICD9PROCEDURE",
            "ICD9CMDX",
            "ICD9CMPX",
            "ICD9CMD",
            "ICD9CMP",
            "ICD9CMDIAGNOSIS",
            "ICD9CMPROCEDURE",
        ],
        addresses: &[
            "hl7.org/fhir/sid/icd-9-cm",
            "hl7.org/fhir/sid/icd-9",
            "hl7.org/fhir/sid/icd-9-cm/diagnosis",
            "hl7.org/fhir/sid/icd-9-cm/procedure",
            "terminology.hl7.org/codesystem/icd9cm",
            "terminology.hl7.org/codesystem/icd-9-cm",
            "2.16.840.1.113883.6.2",
            "2.16.840.1.113883.6.42",
            "2.16.840.1.113883.6.103",
            "2.16.840.1.113883.6.104",
        ],
        // Principal and other diagnoses, admitting diagnosis, reason for visit, external cause, procedures.
        x12: &["BK", "BF", "BJ", "PR", "BN", "BR", "BQ"],
        has_shape: icd9,
    },
    OtherCodeSet {
        name: "CPT",
        labels: &["CPT", "CPT4", "CPTIV", "C4"],
        addresses: &["www.ama-assn.org/go/cpt", "2.16.840.1.113883.6.12"],
        x12: &[],
        has_shape: |text| match text {
            [digits @ .., last] if digits.len() == 4 => {
                are_digits(digits) && (last.is_ascii_digit() || b"AFMTU".contains(last))
            }
            _ => false,
        },
    },
    OtherCodeSet {
        name: "HCPCS",
        labels: &["HCPCS", "HCPC", "HCPCSII", "HCPCSLEVELII", "HCPCS2", "HC"],
        addresses: &[
            "www.cms.gov/medicare/coding/hcpcsreleasecodesets",
            "www.cms.gov/medicare/coding/medhcpcsgeninfo",
            "terminology.hl7.org/codesystem/hcpcs",
            "2.16.840.1.113883.6.14",
            "2.16.840.1.113883.6.285",
        ],
        // Procedures of a claim that has no lines for them.
        x12: &["BO", "BP"],
        has_shape: |text| match text {
            [first, digits @ ..] => {
                digits.len() == 4 && are_digits(digits) && b"ABCEGHJKLMPQRSTUV".contains(first)
            }
            _ => false,
        },
    },
    OtherCodeSet {
        name: "CDT",
        labels: &["CDT", "CDT2", "ADA"],
        addresses: &["www.ada.org/cdt", "ada.org/cdt", "2.16.840.1.113883.6.13"],
        x12: &[],
        has_shape: |text| match text {
            [b'D', digits @ ..] => digits.len() == 4 && are_digits(digits),
            _ => false,
        },
    },
    OtherCodeSet {
        name: "SNOMED CT",
        labels: &[
            "SNOMED",
            "SNOMEDCT",
            "SNOMEDCTUS",
            "SCT",
            "SCTUS",
            "SNOMEDCTUSEDITION",
        ],
        addresses: &[
            "snomed.info/sct",
            "snomed.info/sct/731000124108",
            "snomed.info/sct/900000000000207008",
            "2.16.840.1.113883.6.96",
        ],
        x12: &[],
        has_shape: NO_SHAPE,
    },
    OtherCodeSet {
        name: "SNODENT",
        labels: &["SNODENT"],
        addresses: &["www.ada.org/snodent", "2.16.840.1.113883.3.3150"],
        x12: &["TQ"],
        has_shape: NO_SHAPE,
    },
    OtherCodeSet {
        name: "ICD-10 of the WHO",
        labels: &["ICD10WHO", "WHOICD10", "ICD10INT", "ICD10INTERNATIONAL"],
        addresses: &["id.who.int/icd/release/10", "2.16.840.1.113883.6.3"],
        x12: &[],
        has_shape: NO_SHAPE,
    },
    OtherCodeSet {
        name: "ICD-10 of another country",
        labels: &[
            "ICD10GM", "ICD10CA", "ICD10AM", "ICD10UK", "ICD10NL", "ICD10CHN", "CCI", "OPS",
            "OPCS4",
        ],
        addresses: &[
            "fhir.de/codesystem/bfarm/icd-10-gm",
            "fhir.de/codesystem/dimdi/icd-10-gm",
            "fhir.de/codesystem/bfarm/ops",
            "hl7.org/fhir/sid/icd-10-uk",
            "hl7.org/fhir/sid/icd-10-de",
            "hl7.org/fhir/sid/icd-10-nl",
            "hl7.org/fhir/sid/icd-10-ca",
            "hl7.org/fhir/sid/icd-10-am",
            "hl7.org/fhir/sid/icd-10-vn",
        ],
        x12: &[],
        has_shape: NO_SHAPE,
    },
    OtherCodeSet {
        name: "ICD-11",
        labels: &["11", "I11", "ICD11", "ICD11MMS"],
        addresses: &[
            "id.who.int/icd/release/11/mms",
            "id.who.int/icd11/mms",
            "hl7.org/fhir/sid/icd-11",
        ],
        x12: &[],
        has_shape: NO_SHAPE,
    },
    OtherCodeSet {
        name: "ICD-O",
        labels: &["ICDO", "ICDO2", "ICDO3", "ICDO32"],
        addresses: &[
            "terminology.hl7.org/codesystem/icd-o-3",
            "hl7.org/fhir/sid/icd-o",
            "hl7.org/fhir/sid/icd-o-3",
            "2.16.840.1.113883.6.43",
            "2.16.840.1.113883.6.43.1",
        ],
        x12: &[],
        has_shape: NO_SHAPE,
    },
    OtherCodeSet {
        name: "ICF",
        labels: &["ICF"],
        addresses: &["hl7.org/fhir/sid/icf-nl", "2.16.840.1.113883.6.254"],
        x12: &[],
        has_shape: NO_SHAPE,
    },
    OtherCodeSet {
        name: "ICPC",
        labels: &["ICPC", "ICPC1", "ICPC2", "ICPC3"],
        addresses: &[
            "hl7.org/fhir/sid/icpc-1",
            "hl7.org/fhir/sid/icpc-2",
            "2.16.840.1.113883.6.139",
        ],
        x12: &[],
        has_shape: NO_SHAPE,
    },
    OtherCodeSet {
        name: "DSM",
        labels: &["DSM", "DSMIV", "DSM4", "DSMIVTR", "DSMV", "DSM5", "DSM5TR"],
        addresses: &["2.16.840.1.113883.6.126", "2.16.840.1.113883.6.344"],
        x12: &[],
        has_shape: NO_SHAPE,
    },
    OtherCodeSet {
        name: "IMO",
        labels: &["IMO", "IMOPROBLEMIT", "IMOPROCEDUREIT"],
        addresses: &[
            "www.e-imo.com/products/problem-it",
            "2.16.840.1.113883.3.247.1.1",
            "2.16.840.1.113883.3.247.1.2",
            "2.16.840.1.113883.3.247.1.3",
        ],
        x12: &[],
        has_shape: NO_SHAPE,
    },
    OtherCodeSet {
        name: "DRG",
        labels: &["DRG", "MSDRG", "APRDRG", "APDRG", "CMSDRG"],
        addresses: &[
            "www.cms.gov/medicare/medicare-fee-for-service-payment/acuteinpatientpps/ms-drg-classifications-and-software",
            "2.16.840.1.113883.6.301.1",
        ],
        x12: &["DR"],
        has_shape: NO_SHAPE,
    },
    OtherCodeSet {
        name: "codes of the NUBC",
        labels: &["NUBC", "UB04", "REV", "REVENUE", "REVENUECODE"],
        addresses: &[
            "www.nubc.org/revenuecodes",
            "www.nubc.org/codesystem/revenuecodes",
            "2.16.840.1.113883.6.301",
            "2.16.840.1.113883.6.301.3",
        ],
        // Value, condition, occurrence, occurrence span; treatment, advanced billing concepts.
        x12: &["BE", "BG", "BH", "BI", "TC", "CAH"],
        has_shape: NO_SHAPE,
    },
    OtherCodeSet {
        name: "LOINC",
        labels: &["LOINC", "LN"],
        addresses: &["loinc.org", "2.16.840.1.113883.6.1"],
        x12: &[],
        has_shape: NO_SHAPE,
    },
    OtherCodeSet {
        name: "RxNorm",
        labels: &["RXNORM", "RXCUI"],
        addresses: &[
            "www.nlm.nih.gov/research/umls/rxnorm",
            "2.16.840.1.113883.6.88",
        ],
        x12: &[],
        has_shape: NO_SHAPE,
    },
    OtherCodeSet {
        name: "NDC",
        labels: &["NDC", "NDC11", "N4"],
        addresses: &["hl7.org/fhir/sid/ndc", "2.16.840.1.113883.6.69"],
        x12: &[],
        has_shape: NO_SHAPE,
    },
    OtherCodeSet {
        name: "CVX",
        labels: &["CVX"],
        addresses: &[
            "hl7.org/fhir/sid/cvx",
            "2.16.840.1.113883.12.292",
            "2.16.840.1.113883.6.59",
        ],
        x12: &[],
        has_shape: NO_SHAPE,
    },
    OtherCodeSet {
        name: "MedDRA",
        labels: &["MEDDRA", "MDR"],
        addresses: &[
            "terminology.hl7.org/codesystem/mdr",
            "www.meddra.org",
            "2.16.840.1.113883.6.163",
        ],
        x12: &[],
        has_shape: NO_SHAPE,
    },
    OtherCodeSet {
        name: "reasons why there is no code",
        labels: &[],
        addresses: &[
            "terminology.hl7.org/codesystem/data-absent-reason",
            "hl7.org/fhir/data-absent-reason",
            "terminology.hl7.org/codesystem/v3-nullflavor",
            "hl7.org/fhir/v3/nullflavor",
            "2.16.840.1.113883.5.1008",
        ],
        x12: &[],
        has_shape: NO_SHAPE,
    },
];

fn are_digits(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit)
}

/// Checks whether digits stand there, so many, with at most one dot, and that after the first so many.
fn has_digits(text: &[u8], before_dot: usize, most_behind: usize) -> bool {
    let Some((before, behind)) = text.split_at_checked(before_dot) else {
        return false;
    };
    let has_dot = behind.first() == Some(&b'.');
    let behind = behind.strip_prefix(b".").unwrap_or(behind);
    are_digits(before)
        && are_digits(behind)
        && behind.len() <= most_behind
        && !(has_dot && behind.is_empty())
}

/// Checks the look of ICD-9-CM: diagnoses 001 to 999.99, V01 to V91.99, E000 to E999.9; procedures 00.0 to 99.99.
fn icd9(text: &[u8]) -> bool {
    match text {
        // Status and activities stand in E000 to E030, causes from E800 on.
        [b'E', rest @ ..] => {
            let is_used = matches!(rest, [b'0', b'0'..=b'3', ..] | [b'8' | b'9', ..]);
            is_used && has_digits(rest, 3, 1)
        }
        [b'V', rest @ ..] => matches!(rest, [b'0'..=b'9', ..]) && has_digits(rest, 2, 2),
        _ => has_digits(text, 3, 2) || (text.len() > 2 && has_digits(text, 2, 2)),
    }
}
