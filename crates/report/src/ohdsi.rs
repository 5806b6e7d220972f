//! Concepts as the files of an OHDSI vocabulary: separated by tabs, nothing quoted, days as 20991231.

use std::io::Write;

use chrono::NaiveDate;

use super::table::unwritable;
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{Vocabulary, ohdsi_open_end};

/// The columns of `CONCEPT.csv`.
pub const CONCEPT_COLUMNS: [&str; 10] = [
    "concept_id",
    "concept_name",
    "domain_id",
    "vocabulary_id",
    "concept_class_id",
    "standard_concept",
    "concept_code",
    "valid_start_date",
    "valid_end_date",
    "invalid_reason",
];

/// The columns of `CONCEPT_RELATIONSHIP.csv`.
pub const CONCEPT_RELATIONSHIP_COLUMNS: [&str; 6] = [
    "concept_id_1",
    "concept_id_2",
    "relationship_id",
    "valid_start_date",
    "valid_end_date",
    "invalid_reason",
];

/// Writes `CONCEPT.csv`. No concept is a standard one: that is a decision of OHDSI's own vocabulary.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the writer fails, [`codeyear_core::ErrorKind::Format`] for a title that the layout cannot hold.
pub fn concepts(vocabulary: &Vocabulary, out: &mut dyn Write) -> Result<()> {
    line(out, &CONCEPT_COLUMNS)?;
    for concept in &vocabulary.concepts {
        if concept.name.contains(['\t', '\n', '\r']) {
            let code = concept.code.to_string();
            return Err(Error::format(format!(
                "the title of {code} has a tab or a line break, which this layout cannot hold"
            )));
        }
        line(
            out,
            &[
                &concept.id.to_string(),
                &concept.name,
                concept.domain(),
                concept.vocabulary(),
                &concept.class(),
                "",
                &concept.code.to_string(),
                &digits(concept.valid_start),
                &digits(concept.valid_end),
                concept.invalid_reason.map_or("", |reason| reason.letter()),
            ],
        )?;
    }
    out.flush().map_err(failed)
}

/// Writes `CONCEPT_RELATIONSHIP.csv`.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the writer fails.
pub fn concept_relationships(vocabulary: &Vocabulary, out: &mut dyn Write) -> Result<()> {
    line(out, &CONCEPT_RELATIONSHIP_COLUMNS)?;
    for pair in &vocabulary.pairs {
        let is_open = pair.valid_end == ohdsi_open_end();
        line(
            out,
            &[
                &pair.first.to_string(),
                &pair.second.to_string(),
                pair.relationship.name(),
                &digits(pair.valid_start),
                &digits(pair.valid_end),
                if is_open { "" } else { "D" },
            ],
        )?;
    }
    out.flush().map_err(failed)
}

fn line(out: &mut dyn Write, cells: &[&str]) -> Result<()> {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            out.write_all(b"\t").map_err(failed)?;
        }
        out.write_all(cell.as_bytes()).map_err(failed)?;
    }
    out.write_all(b"\n").map_err(failed)
}

fn digits(day: NaiveDate) -> String {
    day.format("%Y%m%d").to_string()
}

fn failed(error: std::io::Error) -> Error {
    unwritable("the vocabulary", error)
}
