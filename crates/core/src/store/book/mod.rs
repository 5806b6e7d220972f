//! Documents: the files around the order file, each an ordered list of items that are stored once.
//!
//! An item's digest covers all that is stored of it, so that a document costs what it says anew. What an
//! item is, how it is written and how it is read back is a matter of the document's kind, one module each.

mod conversion;
mod index;
mod items;
pub(super) mod pcs;
mod pcs_index;
mod poa;
pub(super) mod tabular;
pub(super) mod unread;

use rusqlite::Connection;

pub(super) use conversion::has_rows;
pub(super) use items::{KnownItems, document_runs, find_document, item_position};

use crate::model::Document;

/// Stores a document, and gives its number.
pub(super) fn insert(
    connection: &Connection,
    known: &mut KnownItems,
    sha256: &str,
    document: &Document,
) -> rusqlite::Result<i64> {
    let kind = document.kind();
    let number = match document {
        Document::Tabular(tabular) => tabular::insert(connection, known, sha256, tabular),
        Document::Index(index) => index::insert(connection, known, kind, sha256, index),
        Document::PcsTables(tables) => pcs::insert_tables(connection, known, sha256, tables),
        Document::PcsDefinitions(definitions) => {
            pcs::insert_definitions(connection, known, sha256, definitions)
        }
        Document::PcsIndex(index) => pcs_index::insert(connection, known, sha256, index),
        Document::ConversionTable(table) => conversion::insert(connection, known, sha256, table),
        Document::PoaExemptList(list) => poa::insert(connection, known, sha256, list),
    }?;
    if let Some(list) = document.unread() {
        unread::insert(connection, number, list)?;
    }
    Ok(number)
}
