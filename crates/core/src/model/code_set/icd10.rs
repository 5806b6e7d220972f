//! ICD-10-CM and ICD-10-PCS in the table of code sets.

use chrono::NaiveDate;

use super::facts::{
    Book, CodeSetFacts, DaysOf, FhirSystem, LevelName, Levels, LossLimits, WordFile, X12Qualifiers,
};
use crate::model::calendar::day;
use crate::model::chapter::{
    DIAGNOSIS_CHAPTERS, PROCEDURE_SECTIONS, chapter_of_diagnosis, section_of_procedure,
};
use crate::model::ohdsi::{DISPLACED_CM, DISPLACED_PCS};
use crate::model::{Calendar, Code, CodeSet, DocumentKind, IndexKind, Malformed, ReadAsKind};

/// The day on which HIPAA transactions had to use ICD-10 (45 CFR 162.1002(c)).
const IN_FORCE: NaiveDate = day(2015, 10, 1);

pub(super) static CM: CodeSetFacts = CodeSetFacts {
    id: "icd10cm",
    path: "/icd10cm",
    short_name: "cm",
    name: "ICD-10-CM",
    labels: &[
        "10CM",
        "10C",
        "10D",
        "10DX",
        "I10C",
        "I10CM",
        "I10D",
        "I10DX",
        "ICD10C",
        "ICD10D",
        "ICD10DX",
        "ICD10DIAG",
        "ICD10DIAGNOSIS",
        "ICD10DIAGNOSES",
        "ICD10CMDX",
        "ICD10CMDIAG",
        "ICD10CMDIAGNOSIS",
    ],
    number: 1,
    in_force_from: IN_FORCE,
    predecessor: Some("ICD-9-CM"),
    calendar: Calendar::FiscalYears,
    days: DaysOf::Releases,
    dot_after: Some(3),
    dot_rule: "the dot of an ICD-10-CM code comes after the third character",
    category_length: 3,
    counted_by: 3,
    begins_with_digit: false,
    has_seventh_characters: true,
    check_shape: diagnosis,
    looks_usual: usual_diagnosis,
    is_in_order: |category| category.iter().skip(1).all(u8::is_ascii_digit),
    is_directly_above: one_character_above,
    // No category was ever lost. Of the rest twice the most that an official release lost, FY2018: 122 rows of all
    // categories together, 72 of S06.
    losses: LossLimits {
        rows: Some(2 * 122),
        rows_of_category: Some(2 * 72),
        categories: 0,
        can_go: |_| false,
    },
    documents: &[
        DocumentKind::Tabular,
        DocumentKind::Index(IndexKind::Diseases),
        DocumentKind::Index(IndexKind::ExternalCauses),
        DocumentKind::Index(IndexKind::Drugs),
        DocumentKind::Index(IndexKind::Neoplasms),
        DocumentKind::ConversionTable,
        DocumentKind::PoaExemptList,
    ],
    book: Book::Tabular,
    levels: Levels {
        chapter: LevelName::new("Chapter", "Chapters"),
        block: LevelName::new("Block", "Blocks"),
        category: LevelName::new("Category", "Categories"),
        document: "tabular list",
    },
    chapters: &DIAGNOSIS_CHAPTERS,
    chapter_of: chapter_of_diagnosis,
    vocabulary: "ICD10CM",
    domain: "Condition",
    class: |length, billable| match billable {
        true => format!("{length}-char billing code"),
        false => format!("{length}-char nonbill code"),
    },
    displaced: &DISPLACED_CM,
    fhir: FhirSystem {
        code_set: CodeSet::Icd10Cm,
        uri: "http://hl7.org/fhir/sid/icd-10-cm",
        prefix: "icd-10-cm",
        name: "ICD10CM",
        oid: "urn:oid:2.16.840.1.113883.6.90",
        other_uris: &[],
        publisher: "National Center for Health Statistics (NCHS)",
    },
    x12: X12Qualifiers {
        // Principal diagnosis, other diagnoses.
        pointed_to: &["ABK", "ABF"],
        // Admitting diagnosis, external cause of injury, patient's reason for visit.
        others: &["ABJ", "ABN", "APR"],
    },
    example: "C7A, melanoma, G35.A \u{2026}",
    range_example: "C7A, C76-C80",
    word_files: &[ABBREVIATIONS, LAY_WORDS],
};

pub(super) static PCS: CodeSetFacts = CodeSetFacts {
    id: "icd10pcs",
    path: "/icd10pcs",
    short_name: "pcs",
    name: "ICD-10-PCS",
    labels: &[
        "10PCS",
        "10P",
        "10PX",
        "I10P",
        "I10PCS",
        "I10PX",
        "ICD10P",
        "ICD10PX",
        "ICD10PROC",
        "ICD10PROCEDURE",
        "ICD10PROCEDURES",
        "ICD10PCSPX",
        "ICD10PCSPROC",
        "ICD10PCSPROCEDURE",
    ],
    number: 2,
    in_force_from: IN_FORCE,
    predecessor: Some("ICD-9-CM"),
    calendar: Calendar::FiscalYears,
    days: DaysOf::Releases,
    dot_after: None,
    dot_rule: "an ICD-10-PCS code has no dot",
    category_length: 3,
    counted_by: 3,
    begins_with_digit: true,
    has_seventh_characters: false,
    check_shape: procedure,
    looks_usual: |text| text.iter().any(u8::is_ascii_digit),
    is_in_order: |_| true,
    // Its table stands above every code.
    is_directly_above: |_, _| true,
    // Only tables of section X, New Technology, were ever lost: twice the most, that of FY2022. FY2020 took some 800
    // rows out of one table, so that rows are not limited here.
    losses: LossLimits {
        rows: None,
        rows_of_category: None,
        categories: 2 * 2,
        can_go: |table| table.as_str().starts_with('X'),
    },
    documents: &[
        DocumentKind::PcsTables,
        DocumentKind::PcsDefinitions,
        DocumentKind::PcsIndex,
    ],
    book: Book::Tables,
    levels: Levels {
        chapter: LevelName::new("Section", "Sections"),
        block: LevelName::new("Body system", "Body systems"),
        category: LevelName::new("Table", "Tables"),
        document: "file of tables",
    },
    chapters: &PROCEDURE_SECTIONS,
    chapter_of: section_of_procedure,
    vocabulary: "ICD10PCS",
    domain: "Procedure",
    class: |_, billable| match billable {
        true => "ICD10PCS".to_owned(),
        false => "ICD10PCS Hierarchy".to_owned(),
    },
    displaced: &DISPLACED_PCS,
    fhir: FhirSystem {
        code_set: CodeSet::Icd10Pcs,
        uri: "http://www.cms.gov/Medicare/Coding/ICD10",
        prefix: "icd-10-pcs",
        name: "ICD10PCS",
        oid: "urn:oid:2.16.840.1.113883.6.4",
        other_uris: &[
            "http://hl7.org/fhir/sid/icd-10-pcs",
            "http://www.icd10data.com/icd10pcs",
        ],
        publisher: "Centers for Medicare & Medicaid Services (CMS)",
    },
    x12: X12Qualifiers {
        pointed_to: &[],
        // Principal procedure, other procedures.
        others: &["BBR", "BBQ"],
    },
    example: "0SR, aortic valve \u{2026}",
    range_example: "0SR",
    word_files: &[PROCEDURES],
};

/// Abbreviations and shorthand of the clinic.
const ABBREVIATIONS: WordFile = WordFile {
    kind: ReadAsKind::Abbreviation,
    text: include_str!("../../../words/abbreviations.tsv"),
};

/// Words of everyday speech for what is diagnosed.
const LAY_WORDS: WordFile = WordFile {
    kind: ReadAsKind::LayWord,
    text: include_str!("../../../words/lay-words.tsv"),
};

/// The words for procedures that people say and titles never have.
const PROCEDURES: WordFile = WordFile {
    kind: ReadAsKind::LayWord,
    text: include_str!("../../../words/procedures.tsv"),
};

fn diagnosis(bytes: &[u8]) -> Result<(), Malformed> {
    if bytes.len() < 3 {
        return Err(Malformed::Shape(
            "an ICD-10-CM code has at least 3 characters",
        ));
    }
    if !bytes.first().is_some_and(u8::is_ascii_uppercase) {
        return Err(Malformed::Shape("an ICD-10-CM code begins with a letter"));
    }
    // QA0 and its like: a letter may stand anywhere, but no category is letters alone.
    if !bytes.iter().take(3).any(u8::is_ascii_digit) {
        return Err(Malformed::Shape(
            "one of the first 3 characters of an ICD-10-CM code must be a digit",
        ));
    }
    Ok(())
}

/// The second character of nearly every code is a digit: not of those of the category QA0.
fn usual_diagnosis(text: &[u8]) -> bool {
    text.get(1).is_some_and(u8::is_ascii_digit) || text.to_ascii_uppercase().starts_with(b"QA")
}

/// One character above, but for the placeholders of codes with a 7th character.
fn one_character_above(header: &Code, code: &Code) -> bool {
    let between = code.as_str().get(header.len()..code.len() - 1);
    between.is_some_and(|between| {
        between.is_empty() || (code.len() == 7 && between.chars().all(|c| c == 'X'))
    })
}

fn procedure(bytes: &[u8]) -> Result<(), Malformed> {
    if bytes.len() != 3 && bytes.len() != 7 {
        return Err(Malformed::Shape(
            "an ICD-10-PCS code has 7 characters (a table of codes has 3)",
        ));
    }
    if bytes.iter().any(|b| b"IO".contains(b)) {
        return Err(Malformed::Shape(
            "an ICD-10-PCS code has no letter I or O (they look like 1 and 0)",
        ));
    }
    Ok(())
}
