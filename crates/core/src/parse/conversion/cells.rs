//! The cells of a conversion table, from a workbook or from CSV: three columns, bounded in number and size.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::parse::refusal::shown;

/// The most rows of a table. FY2026 has 5,892.
const MAX_ROWS: u32 = 200_000;
/// The most bytes of a cell: the prose has 700, the longest list of codes 60.
const MAX_CELL: usize = 16 << 10;

/// The cells of a row: the columns A, B and C.
pub(super) type Cells = [String; 3];

/// Writes a cell in its place. Blank ones, of which sheets are full, need none.
pub(super) fn put(
    rows: &mut BTreeMap<u32, Cells>,
    row: u32,
    column: u32,
    text: String,
) -> Result<()> {
    if text.trim().is_empty() {
        return Ok(());
    }
    if row > MAX_ROWS {
        return Err(broken_cell(
            row,
            column,
            &format!("expected at most {MAX_ROWS} rows, found a cell beyond"),
        ));
    }
    if text.len() > MAX_CELL {
        return Err(broken_cell(
            row,
            column,
            &format!("expected at most {MAX_CELL} bytes, found {}", text.len()),
        ));
    }
    let cells = rows.entry(row).or_default();
    let index = usize::try_from(column).unwrap_or(usize::MAX);
    match cells.get_mut(index) {
        Some(cell) if cell.is_empty() => *cell = text,
        Some(_) => return Err(broken_cell(row, column, "the cell is there twice")),
        None => {
            return Err(broken_cell(
                row,
                column,
                &format!(
                    "expected nothing beyond column C, found {}",
                    shown(text.as_bytes())
                ),
            ));
        }
    }
    Ok(())
}

/// Makes the error for a cell that breaks its layout.
pub(super) fn broken_cell(row: u32, column: u32, message: &str) -> Error {
    let at = name_of_column(column);
    Error::format(format!("cell {at}{row}: {message}"))
        .at_line(u64::from(row))
        .with_hint(
            "expected the columns Current code assignment, Effective and Previous Code(s) Assignment, \
             as NCHS publishes them; download the file again",
        )
}

/// Returns the letters of a column, counted from 0: A, Z, AA.
pub(super) fn name_of_column(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column;
    loop {
        letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or(0)));
        match (rest / 26).checked_sub(1) {
            Some(next) => rest = next,
            None => break,
        }
    }
    letters.into_iter().rev().collect()
}
