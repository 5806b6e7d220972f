//! Codes as concepts of the OHDSI vocabulary, with local identifiers.

use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use strum::IntoStaticStr;

use crate::model::calendar::day;
use crate::model::{Code, CodeSet, named};

named!(Relationship);

/// Identifiers up to this one are OHDSI's own.
const LAST_OF_OHDSI: i64 = 2_000_000_000;

/// The identifiers that are left for local concepts: OHDSI's tools and tables take 32-bit integers.
const LOCAL: u64 = 147_483_646;

/// The codes whose first number another official code has already, and which of their numbers they have:
/// of two such codes the one that comes later, ICD-10-PCS after ICD-10-CM. Computed from all releases of
/// the catalogue; a test holds it to them. A code that is here once stays here.
pub(super) static DISPLACED_CM: [(&str, u8); 37] = [
    ("M1289", 2),
    ("M84343G", 2),
    ("O31", 2),
    ("O353XX5", 2),
    ("O35DXX0", 2),
    ("R23", 2),
    ("S15221", 2),
    ("S31141D", 2),
    ("S3591XD", 2),
    ("S52102J", 2),
    ("S59232A", 2),
    ("S60419S", 2),
    ("S66326", 2),
    ("S72123H", 2),
    ("S72409R", 2),
    ("S72414M", 2),
    ("S75299A", 2),
    ("S82013S", 2),
    ("S82136C", 2),
    ("S82251E", 2),
    ("S91145D", 2),
    ("S91332S", 2),
    ("S98211A", 2),
    ("T2152XS", 2),
    ("T2642XD", 2),
    ("T28419S", 2),
    ("T5794XA", 2),
    ("T63063A", 2),
    ("T81502A", 2),
    ("V2801XD", 2),
    ("V29201", 2),
    ("V62", 2),
    ("W3300XS", 2),
    ("W3303XA", 2),
    ("W6139XD", 2),
    ("Z44119", 2),
    ("Z800", 2),
];

/// The same of ICD-10-PCS.
pub(super) static DISPLACED_PCS: [(&str, u8); 92] = [
    ("001637A", 2),
    ("009Y0ZX", 2),
    ("00QP4ZZ", 2),
    ("015F4ZZ", 2),
    ("021W48B", 2),
    ("02US37Z", 2),
    ("031409N", 2),
    ("03UT47Z", 2),
    ("03VK4CZ", 2),
    ("041J4A9", 2),
    ("045Y0ZZ", 2),
    ("047L076", 2),
    ("047Y4Z6", 2),
    ("04HH0DZ", 2),
    ("04S", 2),
    ("051D0AY", 2),
    ("05UM4JZ", 2),
    ("069Y30Z", 2),
    ("06BR0ZX", 2),
    ("07C13ZZ", 2),
    ("07T04ZZ", 2),
    ("08RB07Z", 2),
    ("08RG37Z", 2),
    ("099V3ZX", 2),
    ("09TL8ZZ", 2),
    ("0B730ZZ", 2),
    ("0BHL82Z", 2),
    ("0BMS0ZZ", 2),
    ("0BU88JZ", 2),
    ("0CB73ZX", 2),
    ("0CRR0JZ", 2),
    ("0D194KB", 2),
    ("0D1B4ZM", 2),
    ("0D928ZX", 2),
    ("0DUC77Z", 2),
    ("0F9D8ZX", 2),
    ("0G973ZZ", 2),
    ("0JRN0JZ", 2),
    ("0K5F4ZZ", 2),
    ("0KC33ZZ", 2),
    ("0N904ZZ", 2),
    ("0NBQ0ZX", 2),
    ("0NNP4ZZ", 2),
    ("0PRH0JZ", 2),
    ("0PWS04Z", 2),
    ("0QPP37Z", 2),
    ("0QRL47Z", 2),
    ("0QUF3KZ", 2),
    ("0R9A3ZX", 2),
    ("0RBK3ZX", 2),
    ("0RBR4ZZ", 2),
    ("0RG10A0", 2),
    ("0RPM0KZ", 2),
    ("0RPS30Z", 2),
    ("0RWR33Z", 2),
    ("0RWU35Z", 2),
    ("0SP04JZ", 2),
    ("0SUL07Z", 2),
    ("0THD3LZ", 2),
    ("0TW53JZ", 2),
    ("0UL50ZZ", 2),
    ("0UPD0YZ", 2),
    ("0UU60KZ", 2),
    ("0VBK4ZZ", 2),
    ("0WW50YZ", 2),
    ("0WWKXYZ", 2),
    ("0WY", 2),
    ("0X6S0Z0", 2),
    ("0X933ZX", 2),
    ("0X954ZX", 2),
    ("0X9G0ZZ", 2),
    ("0XU64KZ", 2),
    ("2W0LX1Z", 2),
    ("2W2NX4Z", 2),
    ("2W53X5Z", 2),
    ("3E033FZ", 2),
    ("3E0H8KZ", 2),
    ("3E0Q004", 2),
    ("3E0Y3TZ", 2),
    ("7W01X4Z", 2),
    ("8E0Y0EZ", 2),
    ("B211Y10", 2),
    ("B3130ZZ", 2),
    ("BQ2K0ZZ", 2),
    ("BY33YZZ", 2),
    ("CW13LZZ", 2),
    ("D712B6Z", 2),
    ("D7159CZ", 3),
    ("D717BB1", 2),
    ("DP056ZZ", 2),
    ("F029GZZ", 2),
    ("F0DZ7ZZ", 2),
];

/// A code as a concept. One code is one concept, whose validity is one stretch of days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concept {
    /// Its local identifier.
    pub id: i64,
    /// The newest title with which it was valid.
    pub name: String,
    /// The code set.
    pub code_set: CodeSet,
    /// The code.
    pub code: Code,
    /// Whether it could be reported when it was last valid.
    pub billable: bool,
    /// The first day.
    pub valid_start: NaiveDate,
    /// The last day; [`ohdsi_open_end`] while the newest release lists it so.
    pub valid_end: NaiveDate,
    /// Why it is no longer valid; `None` if it is.
    pub invalid_reason: Option<InvalidReason>,
}

impl Concept {
    /// Returns OHDSI's name of the vocabulary: `ICD10CM`, `ICD10PCS`.
    pub fn vocabulary(&self) -> &'static str {
        self.code_set.facts().vocabulary
    }

    /// Returns the domain: `Condition` for every code of ICD-10-CM, `Procedure` for every code of ICD-10-PCS.
    pub fn domain(&self) -> &'static str {
        self.code_set.facts().domain
    }

    /// Returns the class: `5-char billing code`, `3-char nonbill code`; `ICD10PCS`, `ICD10PCS Hierarchy`.
    pub fn class(&self) -> String {
        (self.code_set.facts().class)(self.code.len(), self.billable)
    }
}

/// Why a concept is no longer valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidReason {
    /// Deleted without a successor.
    Deleted,
    /// Replaced by other concepts.
    Replaced,
}

impl InvalidReason {
    /// Returns OHDSI's letter: `D`, `U`.
    pub fn letter(self) -> &'static str {
        match self {
            InvalidReason::Deleted => "D",
            InvalidReason::Replaced => "U",
        }
    }
}

/// How two concepts go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Relationship {
    /// The second one replaced the first one, or is one of several that did.
    #[strum(serialize = "Concept replaced by")]
    ReplacedBy,
    /// The reverse.
    #[strum(serialize = "Concept replaces")]
    Replaces,
    /// The second one stands above the first one.
    #[strum(serialize = "Is a")]
    IsA,
    /// The reverse.
    #[strum(serialize = "Subsumes")]
    Subsumes,
}

impl Relationship {
    /// Returns what the second concept is to the first one.
    #[must_use]
    pub fn reverse(self) -> Relationship {
        match self {
            Relationship::ReplacedBy => Relationship::Replaces,
            Relationship::Replaces => Relationship::ReplacedBy,
            Relationship::IsA => Relationship::Subsumes,
            Relationship::Subsumes => Relationship::IsA,
        }
    }
}

/// Two concepts that go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConceptPair {
    /// The first one.
    pub first: i64,
    /// The second one.
    pub second: i64,
    /// How they go together.
    pub relationship: Relationship,
    /// The first day.
    pub valid_start: NaiveDate,
    /// The last day; [`ohdsi_open_end`] if there is none.
    pub valid_end: NaiveDate,
}

/// The concepts of code sets, and how they go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    /// The concepts, by code set and code.
    pub concepts: Vec<Concept>,
    /// Every pair in both directions, by first and second concept.
    pub pairs: Vec<ConceptPair>,
    /// The codes with days between their first and last one on which they were not valid. A concept has one
    /// stretch of days, so that it does not tell.
    pub interrupted: Vec<Code>,
}

/// Returns the last day of what is still valid, by OHDSI's convention: 2099-12-31.
pub fn ohdsi_open_end() -> NaiveDate {
    day(2099, 12, 31)
}

/// Returns the local identifier of a code, above 2,000,000,000 and within 32 bits.
///
/// It rests on the code alone: 2,000,000,001 and the first 8 bytes of the SHA-256 of `ICD10CM M54.5`, as a
/// number modulo 147,483,646. Codes have more characters than fit into so few numbers, so that two may share
/// one. Those of the official releases that do are known: one of each two has the number of `ICD10CM M54.5 2`
/// or, if that is another's too, `ICD10CM M54.5 3`. Whoever numbers codes of other releases has to refuse
/// those that share a number.
pub fn concept_id(code_set: CodeSet, code: &Code) -> i64 {
    let displaced = code_set.facts().displaced;
    let found = displaced.binary_search_by_key(&code.as_str(), |(code, _)| code);
    let attempt = found
        .ok()
        .and_then(|at| displaced.get(at))
        .map_or(1, |(_, attempt)| *attempt);
    numbered(code_set, code, attempt)
}

fn numbered(code_set: CodeSet, code: &Code, attempt: u8) -> i64 {
    let mut text = format!("{} {}", code_set.facts().vocabulary, code);
    if attempt > 1 {
        text.push_str(&format!(" {attempt}"));
    }
    let digest = Sha256::digest(text.as_bytes());
    let head = digest
        .iter()
        .take(8)
        .fold(0u64, |head, byte| (head << 8) | u64::from(*byte));
    LAST_OF_OHDSI + 1 + i64::try_from(head % LOCAL).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_rests_on_the_code_alone_and_fits_into_32_bits() {
        let id = |code_set: CodeSet, text: &str| {
            concept_id(code_set, &code_set.parse_code(text).unwrap())
        };
        // Computed with other code.
        assert_eq!(id(CodeSet::Icd10Cm, "M54.5"), 2139404554);
        assert_eq!(id(CodeSet::Icd10Pcs, "0016070"), 2020389056);
        let (code, attempt) = DISPLACED_CM[0];
        let code = CodeSet::Icd10Cm.parse_code(code).unwrap();
        assert_eq!(
            concept_id(CodeSet::Icd10Cm, &code),
            numbered(CodeSet::Icd10Cm, &code, attempt)
        );
        assert!(LAST_OF_OHDSI + 1 + LOCAL as i64 <= i64::from(i32::MAX));
        // A code that is displaced is found by halving.
        assert!(DISPLACED_CM.is_sorted() && DISPLACED_PCS.is_sorted());
    }
}
