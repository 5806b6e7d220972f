//! The rows of blocks with quotes, or with other oddities.

use crate::blocks::Block;
use crate::claim::{ClaimPlace, ProblemKind};
use crate::rows::RowAudit;
use codeyear_core::error::{Error, Result};

pub(super) fn csv_reader(bytes: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(bytes)
}

/// Returns how many lines a record stands below the first one. The library's place of a record is before the
/// blank lines that it passes by.
fn line_of(bytes: &[u8], position: &csv::Position) -> u64 {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = bytes.get(start..).unwrap_or_default();
    let blank = rest.iter().take_while(|byte| b"\r\n".contains(byte));
    position.line() - 1 + blank.filter(|byte| **byte == b'\n').count() as u64
}

/// Audits the rows of a block with quotes, or with other oddities.
pub(super) fn any_rows(
    rows: &mut RowAudit<'_>,
    delimiter: u8,
    block: &Block,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut reader = csv_reader(&block.bytes, delimiter);
    let mut record = csv::ByteRecord::new();
    loop {
        let more = reader.read_byte_record(&mut record).map_err(|error| {
            Error::format(format!("a row cannot be read: {error}"))
                .in_file(rows.auditor.rules.file)
                .with_hint("is this a table?")
        })?;
        if !more {
            return Ok(());
        }
        let position = record.position();
        let line = block.first_line + position.map_or(0, |at| line_of(&block.bytes, at));
        let place = ClaimPlace::Line(line);
        let is_last = reader.position().byte() >= block.bytes.len() as u64;
        if is_last && block.open_quote {
            rows.problem(place, ProblemKind::OpenQuote, out)?;
        } else if record.iter().any(|field| field.contains(&0)) {
            rows.problem(place, ProblemKind::Nul, out)?;
        } else {
            rows.row(&record, record.len(), place, out)?;
        }
    }
}
