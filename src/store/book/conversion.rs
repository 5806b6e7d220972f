//! Conversion tables: rows verbatim, and the parts of their third cell.

use rusqlite::{Connection, params};

use super::items::{About, Fingerprint, Item, ItemDigest, insert_document};
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
    sha256: &str,
    table: &ConversionTable,
) -> rusqlite::Result<i64> {
    let about = About {
        kind: DocumentKind::ConversionTable,
        sha256,
        version: table.sheet.as_deref().unwrap_or_default(),
        title: &table.heading,
    };
    insert_document(connection, &about, &table.rows)
}
