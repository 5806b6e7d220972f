//! Chapters of ICD-10-CM and sections of ICD-10-PCS: the coarse places of the book.

use crate::model::{Code, CodeSet};

/// A chapter of ICD-10-CM or a section of ICD-10-PCS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chapter {
    /// Its number (`2`) or section character (`0`).
    pub label: &'static str,
    /// Its official title, without the range.
    pub title: &'static str,
    /// Its range as the book gives it (`C00-D49`); empty for ICD-10-PCS.
    pub range: &'static str,
}

const fn chapter(label: &'static str, title: &'static str, range: &'static str) -> Chapter {
    Chapter {
        label,
        title,
        range,
    }
}

/// Chapter titles and ranges of the ICD-10-CM tabular list of April 1 2026 (NCHS).
pub(super) static DIAGNOSIS_CHAPTERS: [Chapter; 22] = [
    chapter("1", "Certain infectious and parasitic diseases", "A00-B99"),
    chapter("2", "Neoplasms", "C00-D49"),
    chapter(
        "3",
        "Diseases of the blood and blood-forming organs and certain disorders involving the immune mechanism",
        "D50-D89",
    ),
    chapter(
        "4",
        "Endocrine, nutritional and metabolic diseases",
        "E00-E89",
    ),
    chapter(
        "5",
        "Mental, Behavioral and Neurodevelopmental disorders",
        "F01-F99",
    ),
    chapter("6", "Diseases of the nervous system", "G00-G99"),
    chapter("7", "Diseases of the eye and adnexa", "H00-H59"),
    chapter("8", "Diseases of the ear and mastoid process", "H60-H95"),
    chapter("9", "Diseases of the circulatory system", "I00-I99"),
    chapter("10", "Diseases of the respiratory system", "J00-J99"),
    chapter("11", "Diseases of the digestive system", "K00-K95"),
    chapter(
        "12",
        "Diseases of the skin and subcutaneous tissue",
        "L00-L99",
    ),
    chapter(
        "13",
        "Diseases of the musculoskeletal system and connective tissue",
        "M00-M99",
    ),
    chapter("14", "Diseases of the genitourinary system", "N00-N99"),
    chapter("15", "Pregnancy, childbirth and the puerperium", "O00-O9A"),
    chapter(
        "16",
        "Certain conditions originating in the perinatal period",
        "P00-P96",
    ),
    chapter(
        "17",
        "Congenital malformations, deformations and chromosomal abnormalities",
        "Q00-QA0",
    ),
    chapter(
        "18",
        "Symptoms, signs and abnormal clinical and laboratory findings, not elsewhere classified",
        "R00-R99",
    ),
    chapter(
        "19",
        "Injury, poisoning and certain other consequences of external causes",
        "S00-T88",
    ),
    chapter("20", "External causes of morbidity", "V00-Y99"),
    chapter(
        "21",
        "Factors influencing health status and contact with health services",
        "Z00-Z99",
    ),
    chapter("22", "Codes for special purposes", "U00-U85"),
];

/// Section titles of the ICD-10-PCS tables of FY2025 (CMS).
pub(super) static PROCEDURE_SECTIONS: [Chapter; 17] = [
    chapter("0", "Medical and Surgical", ""),
    chapter("1", "Obstetrics", ""),
    chapter("2", "Placement", ""),
    chapter("3", "Administration", ""),
    chapter("4", "Measurement and Monitoring", ""),
    chapter(
        "5",
        "Extracorporeal or Systemic Assistance and Performance",
        "",
    ),
    chapter("6", "Extracorporeal or Systemic Therapies", ""),
    chapter("7", "Osteopathic", ""),
    chapter("8", "Other Procedures", ""),
    chapter("9", "Chiropractic", ""),
    chapter("B", "Imaging", ""),
    chapter("C", "Nuclear Medicine", ""),
    chapter("D", "Radiation Therapy", ""),
    chapter("F", "Physical Rehabilitation and Diagnostic Audiology", ""),
    chapter("G", "Mental Health", ""),
    chapter("H", "Substance Abuse Treatment", ""),
    chapter("X", "New Technology", ""),
];

/// Lists the chapters of ICD-10-CM or the sections of ICD-10-PCS in the order of the book.
pub fn chapters(code_set: CodeSet) -> &'static [Chapter] {
    code_set.facts().chapters
}

/// Finds the chapter or section that a code belongs to; `None` if the book has none for it.
pub fn chapter_of(code_set: CodeSet, code: &Code) -> Option<&'static Chapter> {
    (code_set.facts().chapter_of)(code)
}

/// Finds the chapter of a code of ICD-10-CM. Chapters are cut at a letter or at a letter and a digit (D50, H60), so the
/// category's characters decide, although within a chapter they do not give the order.
pub(super) fn chapter_of_diagnosis(code: &Code) -> Option<&'static Chapter> {
    let stem = code.as_str().get(..2)?;
    DIAGNOSIS_CHAPTERS.iter().find(|chapter| {
        let first = chapter.range.get(..2).unwrap_or_default();
        let last = chapter.range.get(4..6).unwrap_or_default();
        // A letter in second place (QA0) stands after the digits, in the letter's last chapter.
        let stem_in_last_letter = stem.get(..1) == last.get(..1)
            && stem.ends_with(|c: char| c.is_ascii_uppercase())
            && last.ends_with(['9', 'A', '8', '6']);
        (first <= stem && stem <= last) || stem_in_last_letter
    })
}

/// Finds the section of a code of ICD-10-PCS: its first character.
pub(super) fn section_of_procedure(code: &Code) -> Option<&'static Chapter> {
    let section = code.as_str().get(..1)?;
    let mut sections = PROCEDURE_SECTIONS.iter();
    sections.find(|chapter| chapter.label == section)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_in_the_chapter_that_the_book_puts_it_in() {
        for (code, label) in [
            ("A00", "1"),
            ("B99", "1"),
            ("C7B00", "2"),
            ("D3A", "2"),
            ("D49", "2"),
            ("D50", "3"),
            ("D8989", "3"),
            ("H59", "7"),
            ("H60", "8"),
            ("M1A", "13"),
            ("O9A", "15"),
            ("QA0", "17"),
            ("S061X7D", "19"),
            ("T88", "19"),
            ("V00", "20"),
            ("Y99", "20"),
            ("Z99", "21"),
            ("U071", "22"),
        ] {
            let code = CodeSet::Icd10Cm.parse_code(code).unwrap();
            assert_eq!(
                chapter_of(CodeSet::Icd10Cm, &code).unwrap().label,
                label,
                "{code:?}"
            );
        }
    }

    #[test]
    fn a_procedure_is_in_the_section_of_its_first_character() {
        let code = CodeSet::Icd10Pcs.parse_code("XW023X7").unwrap();
        assert_eq!(
            chapter_of(CodeSet::Icd10Pcs, &code).unwrap().title,
            "New Technology"
        );
    }
}
