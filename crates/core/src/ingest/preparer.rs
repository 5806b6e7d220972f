//! What an import knows while it prepares files: the catalogue, what is stored or about to be, what the user states.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use crate::error::Result;
use crate::model::{CodeSet, DocumentKind, ListedBy, ReleaseId, Trust};
use crate::parse::order::OrderFile;
use crate::source::archive::FoundFile;
use crate::source::catalogue::Catalogue;
use crate::source::kind::FileKind;
use crate::source::sample::{SampleFile, sample_files};
use crate::store::{NewFile, Writer};

use super::ahead::{self, Ahead};
use super::group::Package;
use super::report::ImportOptions;
use super::rivals::Item;

/// A release that is stored, or about to be.
pub(super) struct StoredSummary {
    pub(super) code_set: CodeSet,
    pub(super) id: ReleaseId,
    pub(super) sha256: String,
    /// Its rows.
    pub(super) rows: u64,
    pub(super) trust: Trust,
    pub(super) listed_by: ListedBy,
    /// Its documents: kind and SHA-256.
    pub(super) documents: Vec<(DocumentKind, String)>,
    /// Whether a file of this command lists it.
    pub(super) is_of_command: bool,
    /// Whether it is not stored yet.
    pub(super) is_new: bool,
}

/// A release that a file of this command lists.
pub(super) struct Listed {
    pub(super) code_set: CodeSet,
    pub(super) edition: ReleaseId,
    pub(super) rows: u64,
    pub(super) rows_sha256: String,
}

/// Reads, identifies and parses, package after package.
pub(super) struct Preparer {
    pub(super) catalogue: &'static Catalogue,
    pub(super) sample: &'static [SampleFile],
    pub(super) options: ImportOptions,
    pub(super) seen: Vec<StoredSummary>,
    /// The documents that are stored, or about to be: kind and SHA-256.
    pub(super) seen_documents: HashSet<(DocumentKind, String)>,
    /// The releases that files of the command are certain to list.
    pub(super) listed: Vec<Listed>,
    /// Files whose release other files of the command could decide.
    pub(super) postponed: Vec<Package>,
    /// What files of this command disagree on.
    pub(super) contested: Vec<Item>,
    /// What files of this command disagree on, as shows only now.
    pub(super) rivals: Option<Item>,
    /// The order file that was parsed last, with its SHA-256: an update without changes has the same bytes, and a
    /// tabular list that is compared with them.
    pub(super) last_order: Option<(CodeSet, String, Arc<OrderFile>)>,
    /// The files that are being read while others are parsed.
    pub(super) ahead: RefCell<Option<Ahead>>,
}

impl Preparer {
    /// Makes the preparer of an import, which knows what is stored.
    pub(super) fn new(
        writer: &Writer<'_>,
        options: ImportOptions,
        contested: Vec<Item>,
    ) -> Result<Preparer> {
        Ok(Preparer {
            catalogue: Catalogue::bundled()?,
            sample: sample_files()?,
            options,
            seen: writer
                .releases()?
                .into_iter()
                .map(|stored| StoredSummary {
                    code_set: stored.release.code_set,
                    id: stored.release.id,
                    sha256: stored.release.sha256,
                    rows: stored.release.rows,
                    trust: stored.release.trust,
                    listed_by: stored.release.listed_by,
                    documents: stored
                        .documents
                        .into_iter()
                        .map(|document| (document.kind, document.file.published.sha256))
                        .collect(),
                    is_of_command: false,
                    is_new: false,
                })
                .collect(),
            seen_documents: writer.document_hashes()?.into_iter().collect(),
            listed: Vec::new(),
            postponed: Vec::new(),
            contested,
            rivals: None,
            last_order: None,
            ahead: RefCell::new(None),
        })
    }

    /// Reads a file whole, and returns its SHA-256 with it.
    pub(super) fn read(&self, found: &FoundFile) -> ahead::Read {
        match &mut *self.ahead.borrow_mut() {
            Some(ahead) => ahead.read(found),
            None => found.read_hashed(),
        }
    }

    /// Checks whether the catalogue knows the bytes of a document, or those of its archive.
    pub(super) fn is_known_document(
        &self,
        kind: DocumentKind,
        sha256: &str,
        archive_sha256: Option<&str>,
    ) -> bool {
        self.catalogue
            .of(kind.code_set())
            .any(|known| known.knows_file(FileKind::Document(kind), sha256, archive_sha256))
    }

    /// Returns where a file came from, to be stored with it.
    pub(super) fn new_file(&self, found: &FoundFile, code_set: CodeSet, sha256: &str) -> NewFile {
        let archive_sha256 = found
            .archive
            .as_ref()
            .map(|archive| archive.sha256.as_str());
        let url = self
            .catalogue
            .releases()
            .iter()
            .filter(|known| known.code_set == code_set)
            .flat_map(|known| &known.archives)
            .find(|archive| {
                archive.sha256.is_some()
                    && (archive.sha256.as_deref() == archive_sha256
                        || archive.sha256.as_deref() == Some(sha256))
            })
            .map(|archive| archive.url.clone());
        NewFile {
            name: found.name.clone(),
            archive: found
                .archive
                .as_ref()
                .map(|archive| (archive.name.clone(), archive.sha256.clone())),
            url,
            sha256: sha256.to_owned(),
            bytes: found.bytes,
        }
    }
}
