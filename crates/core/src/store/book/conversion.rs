//! Conversion tables: rows verbatim, and the parts of their third cell.

use rusqlite::{Connection, params};

use super::items::{About, Fingerprint, Item, ItemDigest, KnownItems, insert_document};
use crate::model::{ConversionRow, ConversionTable, DocumentKind, Previous, PreviousPart};

impl Item for ConversionRow {
    const TABLE: &'static str = "conversion_row";

    fn fingerprint(&self, fingerprint: &mut Fingerprint) {
        fingerprint
            .text(&self.current)
            .text(&self.effective)
            .text(&self.previous);
    }

    fn insert(
        &self,
        connection: &Connection,
        number: i64,
        digest: &ItemDigest,
    ) -> rusqlite::Result<()> {
        let reading = match &self.reading {
            Previous::None => "none",
            Previous::Codes { .. } => "codes",
            Previous::Unreadable { .. } => "unreadable",
        };
        connection
            .prepare_cached(
                "INSERT INTO conversion_row (id, current, code, effective, effective_from, previous, reading, digest)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                number,
                self.current,
                self.code.as_ref().map(|code| code.as_str()),
                self.effective,
                self.effective_from.map(|day| day.to_string()),
                self.previous,
                reading,
                digest,
            ])?;
        let mut insert = connection.prepare_cached(
            "INSERT INTO conversion_part (conversion_row, part_group, part, kind, first, last)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for (group, at) in self.reading.groups().iter().zip(1i64..) {
            for (part, place) in group.alternatives.iter().zip(1i64..) {
                let (kind, first, last) = match part {
                    PreviousPart::Code(code) => ("code", code, code),
                    PreviousPart::Below(code) => ("below", code, code),
                    PreviousPart::Range { first, last } => ("range", first, last),
                    PreviousPart::Categories { first, last } => ("categories", first, last),
                };
                insert.execute((number, at, place, kind, first.as_str(), last.as_str()))?;
            }
        }
        Ok(())
    }

    fn position(&self) -> Option<u32> {
        Some(self.row)
    }
}

/// Stores a conversion table.
pub(super) fn insert(
    connection: &Connection,
    known: &mut KnownItems,
    sha256: &str,
    table: &ConversionTable,
) -> rusqlite::Result<i64> {
    let about = About {
        kind: DocumentKind::ConversionTable,
        sha256,
        version: table.sheet.as_deref().unwrap_or_default(),
        title: &table.heading,
    };
    insert_document(connection, known, &about, &table.rows)
}

/// Checks whether a stored conversion table has the rows of another, in its order. Blanks around cells do not
/// count, and days are compared, not their writing.
pub(in crate::store) fn has_rows(
    connection: &Connection,
    document: i64,
    table: &ConversionTable,
) -> rusqlite::Result<bool> {
    let mut stored: Vec<(i64, [Option<String>; 3])> = Vec::new();
    let mut statement = connection.prepare(
        "SELECT run.position + row.id - run.first_item, trim(current), effective_from, trim(previous)
         FROM document_run AS run JOIN conversion_row AS row
             ON row.id BETWEEN run.first_item AND run.first_item + run.length - 1
         WHERE run.document = ?1 ORDER BY 1",
    )?;
    let mut rows = statement.query([document])?;
    while let Some(row) = rows.next()? {
        stored.push((row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?]));
    }
    let given = table.rows.iter().map(|row| {
        [
            Some(row.current.trim().to_owned()),
            row.effective_from.map(|day| day.to_string()),
            Some(row.previous.trim().to_owned()),
        ]
    });
    Ok(given.eq(stored.into_iter().map(|(_, cells)| cells)))
}
