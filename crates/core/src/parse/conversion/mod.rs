//! The conversion table of ICD-10-CM, as NCHS posts it: an xlsx workbook, for FY2020 a CSV file.
//!
//! One sheet: a cell of prose in row 1 (FY2017: row 2), then the header row
//! `Current code assignment | Effective | Previous Code(s) Assignment`, then one row a new code,
//! cumulative since FY2017. `Effective` is a year N, which means October 1 of N, or a day.
//! Columns that are missing, moved or too many are an error, and so is a day that cannot be read: without
//! it a row tells nothing. Any other row is kept, and says itself what of it cannot be read.

mod cells;
mod effective;
mod workbook;

use std::collections::BTreeMap;

use cells::{Cells, broken_cell, put};
use effective::read_effective;
use workbook::read_workbook;

use crate::error::{Error, Result};
use crate::model::{CodeSet, ConversionRow, ConversionTable};
use crate::parse::previous::read_previous;
use crate::parse::refusal::{not_utf8, shown};
use crate::parse::separated::records;

/// The header row is one of the first.
const HEADER_WITHIN: u32 = 10;

/// Checks by its first bytes and its name whether a file is a conversion table of ICD-10-CM.
///
/// A workbook is a zip, which does not say what it is in its first bytes: there the name decides.
/// `icd10pcs_conversion_table_2022.xlsx` has another layout (titles, a type of change) and is none.
pub fn looks_like_conversion(name: &str, head: &[u8]) -> bool {
    if head.starts_with(b"PK\x03\x04") {
        let name = name.to_ascii_lowercase();
        return name.ends_with(".xlsx") && name.contains("conversion") && !name.contains("pcs");
    }
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    text.contains("current code assignment,effective")
        || text.contains("\"current code assignment\",\"effective")
}

/// Checks by its header row whether a workbook is a conversion table of ICD-10-CM, whatever its name.
pub fn is_conversion_workbook(bytes: &[u8]) -> bool {
    read_workbook(bytes).is_ok_and(|(_, rows)| find_header(&mut rows.into_iter()).is_ok())
}

/// Checks whether the first bytes of a text are those of a conversion table of ICD-10-CM whose cells are parted by
/// semicolons or tabs, as some spreadsheet programs save it.
pub fn has_other_separators(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let begins = "current code assignment";
    [';', '\t'].into_iter().any(|separator| {
        text.contains(&format!("{begins}{separator}effective"))
            || text.contains(&format!("\"{begins}\"{separator}\"effective"))
    })
}

/// Parses a conversion table of ICD-10-CM; xlsx and CSV are told apart by content.
///
/// # Errors
/// [`crate::ErrorKind::Format`] for a damaged or outsized workbook, for text that is not UTF-8 and for columns
/// other than the three, with the cell (`cell B17`) in the message.
pub fn parse_conversion(bytes: &[u8]) -> Result<ConversionTable> {
    let (sheet, rows) = if bytes.starts_with(b"PK") {
        let (title, rows) = read_workbook(bytes)?;
        (Some(title), rows)
    } else {
        (None, read_csv(bytes)?)
    };
    let mut rows = rows.into_iter();
    let heading = find_header(&mut rows)?;
    let rows: Vec<ConversionRow> = rows
        .map(|(row, cells)| {
            // In a workbook a cell may have lines of its own.
            if sheet.is_none() {
                on_one_line(row, &cells)?;
            }
            read_row(row, cells)
        })
        .collect::<Result<_>>()?;
    if rows.is_empty() {
        return Err(
            Error::format("expected rows of codes below the header row, found none")
                .with_hint("the file is cut off; download it again"),
        );
    }
    Ok(ConversionTable {
        sheet,
        heading,
        rows,
    })
}

/// Refuses a cell with a line break: in a CSV file a quote that is never closed swallows the rows below it.
fn on_one_line(row: u32, cells: &Cells) -> Result<()> {
    match (0..).zip(cells).find(|(_, cell)| cell.contains('\n')) {
        None => Ok(()),
        Some((column, cell)) => {
            let first = cell.lines().next().unwrap_or_default();
            let message = format!(
                "expected one line, found a line break after {}: is a quote never closed?",
                shown(first.as_bytes())
            );
            Err(broken_cell(row, column, &message))
        }
    }
}

fn read_csv(bytes: &[u8]) -> Result<BTreeMap<u32, Cells>> {
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error))?;
    let text = text.trim_start_matches('\u{feff}');
    let mut rows = BTreeMap::new();
    for (row, record) in records(text, b',')? {
        for (column, field) in (0..).zip(record.iter()) {
            put(&mut rows, row, column, field.to_owned())?;
        }
    }
    Ok(rows)
}

/// Makes the texts of header cells comparable: lower-case, one blank between words.
fn plain(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// Reads up to the header row and gives the prose above it.
fn find_header(rows: &mut impl Iterator<Item = (u32, Cells)>) -> Result<String> {
    let mut heading: Vec<String> = Vec::new();
    for (row, [first, second, third]) in rows {
        if plain(&first) == "current code assignment" {
            // FY2017 to FY2020 say "Effective October 1".
            let effective = plain(&second);
            if effective != "effective" && effective != "effective october 1" {
                return Err(expected_header(row, 1, "Effective", &second));
            }
            if plain(&third) != "previous code(s) assignment" {
                return Err(expected_header(
                    row,
                    2,
                    "Previous Code(s) Assignment",
                    &third,
                ));
            }
            return Ok(heading.join("\n"));
        }
        // Prose stands in column A alone.
        let beside = [(1, &second), (2, &third)]
            .into_iter()
            .find(|(_, text)| !text.is_empty());
        if first.is_empty() || beside.is_some() || row >= HEADER_WITHIN {
            return Err(expected_header(row, 0, "Current code assignment", &first));
        }
        heading.push(first);
    }
    Err(
        Error::format("expected a header row with \"Current code assignment\", found none")
            .with_hint("the file is not a conversion table, or is cut off; download it again"),
    )
}

fn expected_header(row: u32, column: u32, name: &str, found: &str) -> Error {
    let found = if found.is_empty() {
        "nothing".to_owned()
    } else {
        shown(found.as_bytes())
    };
    broken_cell(
        row,
        column,
        &format!("expected the header {name:?}, found {found}"),
    )
}

fn read_row(row: u32, [current, effective, previous]: Cells) -> Result<ConversionRow> {
    let Some(effective_from) = read_effective(&effective) else {
        let found = match effective.trim() {
            "" => "nothing".to_owned(),
            text => shown(text.as_bytes()),
        };
        let message = format!(
            "expected a year or a day, such as 2027, 10/1/2027 or 2027-10-01, found {found}"
        );
        return Err(broken_cell(row, 1, &message).with_hint(
            "numbers are month, day and year, and a year is one from 2000 to 2100; download the file again, or correct the cell",
        ));
    };
    Ok(ConversionRow {
        row,
        code: CodeSet::Icd10Cm.parse_code(&current).ok(),
        effective_from: Some(effective_from),
        reading: read_previous(&previous),
        current,
        effective,
        previous,
    })
}

#[cfg(test)]
mod tests;
