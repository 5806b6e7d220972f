//! Indexes and tables of drugs and neoplasms: terms with their paths, and what they lead to.

use rusqlite::{Connection, params};

use super::items::{About, Fingerprint, Item, ItemDigest, KnownItems, insert_document};
use crate::model::{
    AlphabeticIndex, Code, DocumentKind, IndexReference, IndexTarget, IndexTerm, path_text,
};

/// A term as it is stored: with its path.
struct StoredTerm<'i> {
    term: &'i IndexTerm,
    path: String,
}

impl StoredTerm<'_> {
    /// Returns where nonessential modifiers stand in the title.
    fn modifiers(&self) -> String {
        let mut at = 0;
        let mut ranges = Vec::new();
        for (is_modifier, piece) in self.term.title.pieces() {
            if is_modifier {
                ranges.push(format!("{at}-{}", at + piece.len()));
            }
            at += piece.len();
        }
        ranges.join(" ")
    }
}

impl Item for StoredTerm<'_> {
    const TABLE: &'static str = "index_term";

    fn fingerprint(&self, fingerprint: &mut Fingerprint) {
        fingerprint
            .number(u32::from(self.term.letter).into())
            .number(self.term.depth.into())
            .text(&self.path)
            .text(self.term.title.verbatim())
            .text(&self.modifiers())
            .number(self.term.references.len() as u64);
        for IndexReference { kind, text } in &self.term.references {
            fingerprint.text(kind.name()).text(text);
        }
        for cell in &self.term.cells {
            fingerprint.number(cell.column.into()).text(&cell.text);
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
                "INSERT INTO index_term (id, letter, depth, path, title, modifiers, digest)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                number,
                self.term.letter.to_string(),
                self.term.depth,
                self.path,
                self.term.title.verbatim(),
                self.modifiers(),
                digest,
            ])?;
        let references = self
            .term
            .references
            .iter()
            .map(|found| (found.kind.name(), 0, found.text.as_str(), found.target()));
        let cells = self
            .term
            .cells
            .iter()
            .map(|cell| ("cell", cell.column, cell.text.as_str(), cell.target()));
        let mut insert = connection.prepare_cached(
            "INSERT INTO index_reference (term, position, kind, cell, reference, target, first, last)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        let plain =
            |code: Option<Code>| code.map_or(String::new(), |code| code.as_str().to_owned());
        for ((kind, column, text, target), at) in references.chain(cells).zip(1i64..) {
            let (target, first, last) = target_columns(&target);
            let (first, last) = (plain(first), plain(last));
            insert.execute(params![number, at, kind, column, text, target, first, last])?;
        }
        Ok(())
    }
}

fn target_columns(target: &IndexTarget) -> (&'static str, Option<Code>, Option<Code>) {
    match target {
        IndexTarget::Code(code) => ("code", Some(*code), None),
        IndexTarget::Below(code) => ("below", Some(*code), None),
        IndexTarget::Range { first, last, .. } => ("range", Some(*first), Some(*last)),
        IndexTarget::Term(_) => ("term", None, None),
        IndexTarget::NextReference => ("next", None, None),
        IndexTarget::None => ("none", None, None),
        IndexTarget::Unreadable(_) => ("unreadable", None, None),
    }
}

/// Stores an index or table.
pub(super) fn insert(
    connection: &Connection,
    known: &mut KnownItems,
    kind: DocumentKind,
    sha256: &str,
    index: &AlphabeticIndex,
) -> rusqlite::Result<i64> {
    let terms: Vec<StoredTerm<'_>> = index
        .paths()
        .zip(&index.terms)
        .map(|(path, term)| StoredTerm {
            term,
            path: path_text(&path),
        })
        .collect();
    let about = About {
        kind,
        sha256,
        version: &index.version,
        title: &index.title,
    };
    let document = insert_document(connection, known, &about, &terms)?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO index_heading (document, cell, heading) VALUES (?1, ?2, ?3)",
    )?;
    for heading in &index.headings {
        insert.execute((document, heading.column, &heading.text))?;
    }
    Ok(document)
}
