//! The workbook that a conversion table is published as: bounded in size, read as text.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use calamine::{DataRef, Reader, Xlsx};
use zip::ZipArchive;

use super::cells::{Cells, broken_cell, put};
use crate::error::{Error, Result};

/// The most bytes that a workbook may unpack to. The largest official one unpacks to 1.2 MB.
pub(super) const MAX_BYTES: u64 = 16 << 20;
/// The days that a spreadsheet counts: to 9999-12-31.
const DAYS: std::ops::Range<f64> = 1.0..2_958_466.0;

fn damaged(what: &str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let cause = cause.into();
    Error::format(format!("{what}: {cause}"))
        .with_hint("the file is damaged or not an xlsx workbook; download it again")
        .caused_by(cause)
}

/// Refuses a workbook that unpacks to more than a table can have, whatever sizes it states.
fn check_size(bytes: &[u8]) -> Result<()> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))
        .map_err(|error| damaged("the workbook cannot be opened", error))?;
    let mut left = MAX_BYTES;
    for index in 0..archive.len() {
        let member = archive
            .by_index(index)
            .map_err(|error| damaged("the workbook cannot be opened", error))?;
        // One byte more than is left tells a member that is too large from one that just fits.
        let read = std::io::copy(&mut member.take(left + 1), &mut std::io::sink())
            .map_err(|error| damaged("the workbook cannot be unpacked", error))?;
        left = left.checked_sub(read).ok_or_else(|| {
            Error::format(format!(
                "the workbook unpacks to more than {} MB",
                MAX_BYTES >> 20
            ))
            .with_hint("no conversion table is that large; download it again from the publisher")
        })?;
    }
    Ok(())
}

pub(super) fn read_workbook(bytes: &[u8]) -> Result<(String, BTreeMap<u32, Cells>)> {
    check_size(bytes)?;
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes))
        .map_err(|error| damaged("the workbook cannot be read", error))?;
    let titles = workbook.sheet_names();
    let [title] = titles.as_slice() else {
        return Err(Error::format(format!(
            "expected a workbook with one sheet, found {}",
            titles.len()
        ))
        .with_hint("a conversion table has one sheet; download it again"));
    };
    // Cell by cell: a sheet read whole would be laid out up to its furthest cell, wherever that is.
    let mut reader = workbook
        .worksheet_cells_reader(title)
        .map_err(|error| damaged("the sheet cannot be read", error))?;
    let mut rows: BTreeMap<u32, Cells> = BTreeMap::new();
    while let Some(cell) = reader
        .next_cell()
        .map_err(|error| damaged("the sheet cannot be read", error))?
    {
        let (row, column) = cell.get_position();
        let row = row.saturating_add(1);
        let text = cell_text(cell.get_value()).map_err(|what| broken_cell(row, column, &what))?;
        put(&mut rows, row, column, text)?;
    }
    Ok((title.clone(), rows))
}

/// Returns a cell as text: a number as it is shown, a date as `2020-04-01`.
fn cell_text(value: &DataRef<'_>) -> Result<String, String> {
    match value {
        DataRef::Empty => Ok(String::new()),
        DataRef::String(text) => Ok(text.clone()),
        DataRef::SharedString(text) => Ok((*text).to_owned()),
        DataRef::Int(number) => Ok(number.to_string()),
        // Whole numbers print without a fraction.
        DataRef::Float(number) => Ok(number.to_string()),
        DataRef::DateTime(date) => {
            // Beyond these days a spreadsheet has none, and the conversion would panic.
            let moment = DAYS
                .contains(&date.as_f64())
                .then(|| date.as_datetime())
                .flatten()
                .ok_or("expected a date, found a number that is not one")?;
            Ok(moment.date().to_string())
        }
        DataRef::DateTimeIso(text) => Ok(text.clone()),
        DataRef::Bool(_) | DataRef::DurationIso(_) | DataRef::Error(_) => {
            Err("expected text, a year or a date, found something else".to_owned())
        }
    }
}
