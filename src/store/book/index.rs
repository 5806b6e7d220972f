//! Indexes and tables of drugs and neoplasms: terms with their paths, and what they lead to.

use rusqlite::{Connection, params};

use super::items::{About, Fingerprint, Item, ItemDigest, insert_document};
use crate::model::{
    AlphabeticIndex, Code, DocumentKind, IndexReference, IndexTarget, IndexTerm, path_text,
};

/// A term as it is stored: with its path, and its cells with their headings.
struct StoredTerm<'i> {
    term: &'i IndexTerm,
    path: String,
    cells: Vec<(u32, &'i str, &'i str)>,
}

impl StoredTerm<'_> {
    /// Gives where nonessential modifiers stand in the title.
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
        for (column, heading, text) in &self.cells {
            fingerprint
                .number((*column).into())
                .text(heading)
                .text(text);
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
        let references = self.term.references.iter().map(|found| {
            (
                found.kind.name(),
                0,
                "",
                found.text.as_str(),
                found.target(),
            )
        });
        let cells = self.cells.iter().map(|(column, heading, text)| {
            ("cell", *column, *heading, *text, IndexTarget::of_code(text))
        });
        let mut insert = connection.prepare_cached(
            "INSERT INTO index_reference (term, position, kind, cell, heading, reference, target, first, last)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        for ((kind, column, heading, text, target), at) in references.chain(cells).zip(1i64..) {
            let (target, ends) = target_columns(&target);
            let (first, last) = match &ends {
                Some((first, last)) => (first.as_str(), last.as_str()),
                None => ("", ""),
            };
            insert.execute(params![
                number, at, kind, column, heading, text, target, first, last
            ])?;
        }
        Ok(())
    }
}

fn target_columns(target: &IndexTarget) -> (&'static str, Option<(Code, Code)>) {
    match target {
        IndexTarget::Code(code) => ("code", Some((*code, *code))),
        IndexTarget::Below(code) => ("below", Some((*code, *code))),
        IndexTarget::Range { first, last, .. } => ("range", Some((*first, *last))),
        IndexTarget::Term(_) => ("term", None),
        IndexTarget::NextReference => ("next", None),
        IndexTarget::None => ("none", None),
        IndexTarget::Unreadable(_) => ("unreadable", None),
    }
}

/// Stores an index or table.
pub(super) fn insert(
    connection: &Connection,
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
            cells: term
                .cells
                .iter()
                .map(|cell| {
                    let heading = index.heading(cell.column).unwrap_or_default();
                    (cell.column, heading, cell.text.as_str())
                })
                .collect(),
        })
        .collect();
    let headings: Vec<&str> = index
        .headings
        .iter()
        .map(|heading| heading.text.as_str())
        .collect();
    let title = if index.title.is_empty() {
        headings.join(" | ")
    } else {
        index.title.clone()
    };
    let about = About {
        kind,
        sha256,
        version: &index.version,
        title: &title,
    };
    insert_document(connection, &about, &terms)
}
