//! The index of ICD-10-PCS: terms with their paths, and the beginnings of codes that they lead to.

use rusqlite::{Connection, params};

use super::items::{About, Fingerprint, Item, ItemDigest, KnownItems, insert_document};
use crate::model::{DocumentKind, PcsIndex, PcsIndexTerm, PcsReference};

/// A term as it is stored: with its path.
struct StoredTerm<'i> {
    term: &'i PcsIndexTerm,
    path: String,
}

/// Returns a reference as it is stored: kind, words, beginning of a code.
fn columns(reference: &PcsReference) -> (&'static str, &str, &str) {
    let (kind, words, pointer) = match reference {
        PcsReference::Pointer(pointer) => (pointer.kind.name(), "", Some(pointer)),
        PcsReference::Use(words, pointer) => ("use", words.as_str(), pointer.as_ref()),
        PcsReference::See(words, pointer) => ("see", words.as_str(), pointer.as_ref()),
    };
    (
        kind,
        words,
        pointer.map_or("", |pointer| pointer.code.as_str()),
    )
}

impl Item for StoredTerm<'_> {
    const TABLE: &'static str = "pcs_index_term";

    fn fingerprint(&self, fingerprint: &mut Fingerprint) {
        fingerprint
            .number(u32::from(self.term.letter).into())
            .number(self.term.depth.into())
            .text(&self.path)
            .number(self.term.title.is_some().into())
            .text(self.term.title.as_deref().unwrap_or_default())
            .number(self.term.references.len() as u64);
        for (kind, words, beginning) in self.term.references.iter().map(columns) {
            fingerprint.text(kind).text(words).text(beginning);
        }
    }

    fn insert(
        &self,
        connection: &Connection,
        number: i64,
        digest: &ItemDigest,
    ) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "INSERT INTO pcs_index_term (id, letter, depth, path, title, digest)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                number,
                self.term.letter.to_string(),
                self.term.depth,
                self.path,
                self.term.title,
                digest,
            ])?;
        let mut insert = connection.prepare_cached(
            "INSERT INTO pcs_index_reference (term, position, kind, wording, beginning)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let references = self.term.references.iter().map(columns);
        for ((kind, words, beginning), at) in references.zip(1i64..) {
            insert.execute((number, at, kind, words, beginning))?;
        }
        Ok(())
    }
}

/// Stores the index of a release.
pub(super) fn insert(
    connection: &Connection,
    known: &mut KnownItems,
    sha256: &str,
    index: &PcsIndex,
) -> rusqlite::Result<i64> {
    let terms: Vec<StoredTerm<'_>> = index
        .path_texts()
        .zip(&index.terms)
        .map(|(path, term)| StoredTerm { term, path })
        .collect();
    let about = About {
        kind: DocumentKind::PcsIndex,
        sha256,
        version: &index.version,
        title: &index.title,
    };
    insert_document(connection, known, &about, &terms)
}
