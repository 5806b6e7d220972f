//! Lists of codes exempt from reporting whether they were present on admission.

use rusqlite::Connection;

use super::items::{About, Fingerprint, Item, ItemDigest, KnownItems, insert_document};
use crate::model::{DocumentKind, PoaList, PoaRow};

impl Item for PoaRow {
    const TABLE: &'static str = "poa_exempt";

    fn fingerprint(&self, fingerprint: &mut Fingerprint) {
        fingerprint.text(self.code.as_str()).text(&self.title);
    }

    fn insert(
        &self,
        connection: &Connection,
        number: i64,
        digest: &ItemDigest,
    ) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "INSERT INTO poa_exempt (id, code, title, digest) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((number, self.code.as_str(), &self.title, digest))?;
        Ok(())
    }

    fn position(&self) -> Option<u32> {
        Some(self.line)
    }
}

/// Stores a whole list.
pub(super) fn insert(
    connection: &Connection,
    known: &mut KnownItems,
    sha256: &str,
    list: &PoaList,
) -> rusqlite::Result<i64> {
    let about = About {
        kind: DocumentKind::PoaExemptList,
        sha256,
        version: "",
        title: "",
    };
    insert_document(connection, known, &about, &list.rows)
}
