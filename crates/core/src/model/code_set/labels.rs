//! What files and clients write for a code set: names, numbers of claim forms, qualifiers of X12, addresses and object
//! identifiers of FHIR. One table for all formats of claims and for the terminology server.
//!
//! The row of a code set has its own spellings ([`CodeSetFacts`](super::CodeSetFacts)); here stand those that mean one
//! of several, those of other code sets, and how a spelling is read.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use super::other::{OTHER_CODE_SETS, OtherCodeSet};
use crate::model::CodeSet;

/// What a label says of the code set of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelMeaning {
    /// This code set.
    Of(CodeSet),
    /// One of these; the code tells which.
    OneOf(&'static [CodeSet]),
    /// One that is not kept.
    Other(&'static OtherCodeSet),
}

/// Where a spelling means what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenIn {
    /// In claims.
    Claims,
    /// In claims, and as a code system of the terminology server.
    ClaimsAndServer,
}

/// A spelling of a code set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// The spelling. Of a name the letters and digits count alone, of an address neither its scheme nor its version.
    pub text: &'static str,
    /// What it means.
    pub meaning: LabelMeaning,
    /// Where.
    pub taken_in: TakenIn,
}

/// The two parts of the US modification of ICD-10, which claims tell apart by the code.
const ICD10: LabelMeaning = LabelMeaning::OneOf(&[CodeSet::Icd10Cm, CodeSet::Icd10Pcs]);

/// The names of ICD-10 that state the edition and not the code set. 10 is what data of claims hold, 0 what the paper
/// forms have: field 66 of the UB-04, item 21 of the CMS-1500, where 9 is ICD-9-CM.
const ICD10_NAMES: [&str; 9] = [
    "10",
    "0",
    "I10",
    "ICD10",
    "ICD10US",
    "ICDX10",
    "ICDVERSION10",
    "ICD10CODE",
    "ICD10CODES",
];

/// Addresses that US claims carry for both. By HL7 Terminology the first is the ICD-10 of the WHO, which no US claim
/// holds: the terminology server does not take it for ours.
const ICD10_ADDRESSES: [&str; 3] = [
    "http://hl7.org/fhir/sid/icd-10",
    "http://hl7.org/fhir/sid/icd-10-us",
    "http://terminology.hl7.org/CodeSystem/icd10",
];

impl Label {
    /// Lists the spellings of all code sets.
    pub fn all() -> impl Iterator<Item = Label> {
        let in_claims = |meaning| {
            move |text: &'static str| Label {
                text,
                meaning,
                taken_in: TakenIn::Claims,
            }
        };
        let own = CodeSet::ALL.into_iter().flat_map(move |code_set| {
            let facts = code_set.facts();
            let meaning = LabelMeaning::Of(code_set);
            let official = [facts.fhir.uri, facts.fhir.oid];
            let official = official.map(|text| Label {
                text,
                meaning,
                taken_in: TakenIn::ClaimsAndServer,
            });
            let names = [facts.id, facts.short_name].into_iter();
            let others = facts.labels.iter().chain(facts.fhir.other_uris);
            let qualifiers = facts.x12.pointed_to.iter().chain(facts.x12.others);
            let others = names.chain(others.chain(qualifiers).copied());
            official.into_iter().chain(others.map(in_claims(meaning)))
        });
        let both = ICD10_NAMES.into_iter().chain(ICD10_ADDRESSES);
        let others = OTHER_CODE_SETS.iter().flat_map(move |other| {
            // As labels of a column these qualifiers may mean something else.
            let is_told = |text: &&&str| !["PR", "TC"].contains(*text);
            let qualifiers = other.x12.iter().filter(is_told);
            let texts = other.labels.iter().chain(other.addresses).chain(qualifiers);
            texts.copied().map(in_claims(LabelMeaning::Other(other)))
        });
        own.chain(both.map(in_claims(ICD10))).chain(others)
    }
}

impl LabelMeaning {
    /// Lists what each spelling means, in the form in which spellings are compared: names in capital letters and digits,
    /// addresses in small letters without their scheme.
    pub fn by_spelling() -> BTreeMap<&'static str, LabelMeaning> {
        let pairs = SPELLINGS.iter();
        pairs
            .map(|(text, meaning)| (text.as_str(), *meaning))
            .collect()
    }

    /// Reads what a claim writes for a code set; `None` for a label that nobody knows.
    ///
    /// ```
    /// use codeyear_core::model::{CodeSet, LabelMeaning};
    /// let cm = Some(LabelMeaning::Of(CodeSet::Icd10Cm));
    /// for label in ["ICD-10-CM", "icd_10_cm (2021)", "ABK", "2.16.840.1.113883.6.90"] {
    ///     assert_eq!(LabelMeaning::in_claims(label), cm, "{label}");
    /// }
    /// let both = LabelMeaning::in_claims("10.0").unwrap();
    /// assert!(matches!(both, LabelMeaning::OneOf([CodeSet::Icd10Cm, CodeSet::Icd10Pcs])));
    /// assert_eq!(LabelMeaning::in_claims("DX"), None);
    /// ```
    pub fn in_claims(label: &str) -> Option<LabelMeaning> {
        let label = label.trim_matches(|c: char| c.is_whitespace() || "\"'`()[]{}".contains(c));
        if let Some(number) = whole_number(label) {
            return SPELLINGS.get(&number).copied();
        }
        if is_address(label) {
            let address = plain_address(label);
            let last = address.rsplit(['/', ':', '#']).next().unwrap_or_default();
            let found = SPELLINGS.get(&address);
            // Whoever serves it: an address that ends in the name of a code set means that. Numbers and short names are
            // too often something else.
            let last = plain_name(last);
            let named = || SPELLINGS.get(&last).filter(|_| last.len() >= 4);
            return found.or_else(named).copied();
        }
        let name = plain_name(label);
        let without_edition = without_year(&name);
        let found = SPELLINGS.get(&name);
        found.or_else(|| SPELLINGS.get(without_edition?)).copied()
    }

    /// Reads the qualifier of a code list in an X12 claim; `None` if the guides have no such.
    pub fn in_x12(qualifier: &[u8]) -> Option<LabelMeaning> {
        let is_one = |known: &[&str]| known.iter().any(|known| known.as_bytes() == qualifier);
        let mut own = CodeSet::ALL.into_iter();
        let own = own.find(|code_set| {
            let x12 = &code_set.facts().x12;
            is_one(x12.pointed_to) || is_one(x12.others)
        });
        let other = || OTHER_CODE_SETS.iter().find(|other| is_one(other.x12));
        own.map(LabelMeaning::Of)
            .or_else(|| other().map(LabelMeaning::Other))
    }
}

/// What each spelling means: names in capital letters and digits, addresses in small letters without their scheme.
static SPELLINGS: LazyLock<HashMap<String, LabelMeaning>> = LazyLock::new(|| {
    let spelling = |label: Label| {
        let text = match is_address(label.text) {
            true => plain_address(label.text),
            false => plain_name(label.text),
        };
        (text, label.meaning)
    };
    Label::all().map(spelling).collect()
});

/// Checks whether a label is an address or an object identifier, and no name.
fn is_address(label: &str) -> bool {
    let is_identifier = || {
        let mut parts = label.split('.');
        let are_numbers = parts
            .by_ref()
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        are_numbers && label.matches('.').count() > 2
    };
    let has_host = || {
        let host = label.split_once('/');
        host.is_some_and(|(host, _)| host.contains('.'))
    };
    label.contains("://")
        || label.to_ascii_lowercase().starts_with("urn:")
        || is_identifier()
        || has_host()
}

/// Returns an address without scheme, version and closing slash, in small letters.
fn plain_address(address: &str) -> String {
    let address = address.to_ascii_lowercase();
    let address = address.split('|').next().unwrap_or_default();
    let address = address.split("/version/").next().unwrap_or_default();
    let address = ["http://", "https://", "urn:oid:"]
        .into_iter()
        .find_map(|scheme| address.strip_prefix(scheme))
        .unwrap_or(address);
    address.trim_end_matches('/').to_owned()
}

/// Returns the letters and digits of a name, in capitals.
fn plain_name(name: &str) -> String {
    let kept = name.chars().filter(char::is_ascii_alphanumeric);
    kept.collect::<String>().to_ascii_uppercase()
}

/// Returns a number without leading zeros and without zeros behind its point: `10` of `10.0` and of `010`, as tools
/// write them that take the column for numbers.
fn whole_number(label: &str) -> Option<String> {
    let (whole, behind) = label.split_once('.').unwrap_or((label, ""));
    let is_one = !whole.is_empty()
        && whole.bytes().all(|byte| byte.is_ascii_digit())
        && behind.bytes().all(|byte| byte == b'0');
    is_one.then(|| match whole.trim_start_matches('0') {
        "" => "0".to_owned(),
        number => number.to_owned(),
    })
}

/// Returns a name without the year of an edition at its end: `ICD10CM` of `ICD10CM2021` and of `ICD10CMFY2021`.
fn without_year(name: &str) -> Option<&str> {
    let (name, year) = name.split_at_checked(name.len().checked_sub(4)?)?;
    let is_year = (year.starts_with("19") || year.starts_with("20"))
        && year.bytes().all(|byte| byte.is_ascii_digit());
    let name = name.strip_suffix("FY").unwrap_or(name);
    is_year.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_means_two_things() {
        let mut seen: HashMap<String, LabelMeaning> = HashMap::new();
        for label in Label::all() {
            let before = seen.insert(label.text.to_owned(), label.meaning);
            assert!(
                before.is_none_or(|before| before == label.meaning),
                "{label:?}"
            );
            assert_eq!(
                LabelMeaning::in_claims(label.text),
                Some(label.meaning),
                "{label:?}"
            );
        }
    }

    #[test]
    fn what_says_no_code_set_is_unknown() {
        for label in [
            "",
            "1",
            "X",
            "A",
            "F",
            "DX",
            "ICDX",
            "ICD-10-CM/PCS",
            "typo!",
            "100",
            "2021",
            "http://",
            "urn:oid:",
        ] {
            assert_eq!(LabelMeaning::in_claims(label), None, "{label}");
        }
    }
}
