//! What the thread that unpacks and parses tells the one that writes: files, ready to be written, and those that cannot be
//! taken.

use std::sync::Arc;

use crate::error::Error;
use crate::model::{
    Addenda, CodeSet, Document, DocumentKind, Entry, ReleaseId, TabularDifference, Trust,
};
use crate::parse::order::OrderFile;
use crate::source::catalogue::{Catalogue, Patch};
use crate::source::identify::IdentifiedBy;
use crate::store::NewFile;

use super::report::Skipped;
use super::rivals::Item;

/// An order addenda, read.
pub(super) struct PostedAddenda {
    pub(super) parsed: Addenda,
    /// Whether the catalogue or the sample knows its bytes.
    pub(super) is_known: bool,
}

/// A file on its way to the store.
pub(super) struct Part<T> {
    pub(super) shown: String,
    pub(super) file: NewFile,
    pub(super) contents: T,
    pub(super) notes: Vec<String>,
}

/// What the thread that unpacks and parses tells the one that writes.
pub(super) enum Message {
    /// New bytes of a code set are being parsed.
    Parsing(CodeSet),
    /// Files are ready to be written.
    Prepared(Box<Prepared>),
    /// A file cannot be taken.
    Failed(Box<Error>),
    /// A file is of no release that can be taken.
    Skipped(Skipped),
    /// Files of this command disagree.
    Rivals(Item),
}

/// The rows of an order file, as far as they are needed.
pub(super) enum Order {
    /// The release is stored with these rows.
    Stored,
    /// The release is stored with these rows, in bytes that are less well known than these, or as a part. The file
    /// is `None` if the bytes are the same.
    Better(Option<Arc<OrderFile>>, Trust),
    /// Another release of the code set is stored, or about to be, with these bytes.
    SameAs(ReleaseId, Trust),
    /// New rows.
    Parsed(Arc<OrderFile>, Trust),
}

/// The contents of a document, as far as they are needed.
pub(super) enum DocumentPart {
    /// A document with these bytes is stored, or about to be.
    Stored,
    /// New bytes.
    Parsed(Document),
}

pub(super) struct Prepared {
    pub(super) code_set: CodeSet,
    pub(super) id: ReleaseId,
    pub(super) identified_by: IdentifiedBy,
    pub(super) order: Option<Part<Order>>,
    pub(super) addenda: Option<Part<PostedAddenda>>,
    pub(super) documents: Vec<(DocumentKind, Part<DocumentPart>)>,
    /// The rows that the tabular list gives, of a release without order file.
    pub(super) expanded: Option<(Vec<Entry>, Trust)>,
    /// How the tabular list differs from the order file, where both are new.
    pub(super) differences: Option<Vec<TabularDifference>>,
    pub(super) patches: Vec<Patch>,
}

impl Prepared {
    /// Makes one that holds nothing yet.
    pub(super) fn new(
        catalogue: &Catalogue,
        code_set: CodeSet,
        id: ReleaseId,
        identified_by: IdentifiedBy,
    ) -> Prepared {
        Prepared {
            code_set,
            id,
            identified_by,
            order: None,
            addenda: None,
            documents: Vec::new(),
            expanded: None,
            differences: None,
            patches: patches(catalogue, code_set, id),
        }
    }
}

/// Returns the facts of the catalogue that the release's order file does not tell.
fn patches(catalogue: &Catalogue, code_set: CodeSet, id: ReleaseId) -> Vec<Patch> {
    catalogue
        .find(code_set, id)
        .map(|known| known.patches.clone())
        .unwrap_or_default()
}
