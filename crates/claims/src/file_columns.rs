//! The columns of a file, before any of them is audited: their names, and nothing else that stands in it.

use super::audit::{ClaimsFile, InputFormat};
use super::index::Index;
use super::likely::LikelyColumns;
use super::picked::{PickedColumn, PickedColumns, column_label};
use codeyear_core::error::{Error, Result};
use codeyear_core::model::CodeSet;

/// The most columns that can be chosen from.
const MAX_COLUMNS: usize = 4096;

/// What can be chosen from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileColumns {
    /// The format: of X12 and FHIR there is nothing to choose.
    pub format: InputFormat,
    /// The names in their order; some may be empty, or stand twice. Of objects the fields, as paths.
    pub names: Vec<String>,
    /// What they are likely to hold.
    pub likely: LikelyColumns,
}

impl FileColumns {
    /// Reads the columns of a file of claims. Of a table and of objects the first part of the file will do, of Parquet
    /// what stands from its directory on.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Format`] if the file cannot be read, or its first line is a claim: its values are
    /// no names. [`codeyear_core::ErrorKind::Usage`] if it has more columns than can be chosen from.
    pub fn read(index: &Index, file: ClaimsFile<'_>) -> Result<FileColumns> {
        let most_texts = file.most_texts();
        let (mut input, format, name) = file.into_parts();
        let names = match format {
            InputFormat::Table => super::delimited::table_names(index, input, &name)?,
            InputFormat::Ndjson => super::ndjson::field_names(input, &name)?,
            InputFormat::Workbook => {
                super::workbook::workbook_names(index, &mut input, (&name, most_texts))?
            }
            InputFormat::Parquet => super::audit::parquet_names(&mut input, &name)?,
            InputFormat::X12 | InputFormat::Fhir | InputFormat::FixedWidth => Vec::new(),
        };
        if names.len() > MAX_COLUMNS {
            let count = names.len();
            return Err(Error::usage(format!("the file has {count} columns"))
                .in_file(name)
                .with_hint(format!(
                    "at most {MAX_COLUMNS} can be chosen from: name the columns"
                )));
        }
        Ok(FileColumns {
            likely: LikelyColumns::of(&names),
            format,
            names,
        })
    }
}

impl FileColumns {
    /// Picks what is likely.
    pub fn pick_likely(&self) -> PickedColumns {
        let column = |at: usize| PickedColumn {
            at,
            label: self
                .names
                .get(at)
                .map_or_else(String::new, |name| column_label(name)),
        };
        let codes = self.likely.codes.iter();
        PickedColumns {
            codes: codes.map(|at| (column(*at), None)).collect(),
            date: self.likely.date.map(column),
            admit: self.likely.admit.map(column),
            discharge: self.likely.discharge.map(column),
        }
    }
}

/// Refuses names that are a claim's codes and dates: taken for a header the claim would be judged by nobody, and its
/// values would be shown as names.
pub(super) fn refuse_claim_as_header<'n>(
    index: &Index,
    mut dates: impl Iterator<Item = &'n str>,
    mut codes: impl Iterator<Item = &'n str>,
    file: &str,
) -> Result<()> {
    let is_date = |name: &str| codeyear_core::model::DateFormat::sniff([name.as_bytes()]).is_ok();
    let is_code = |name: &str| {
        let mut sets = CodeSet::ALL.into_iter();
        sets.any(|code_set| index.set(code_set).find(name.as_bytes()).is_some())
    };
    if dates.any(is_date) || codes.any(is_code) {
        return Err(Error::format("the first line is a claim, not a header")
            .in_file(file)
            .at_line(1)
            .with_hint("add a first line with the column names"));
    }
    Ok(())
}
