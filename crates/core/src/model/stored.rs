//! What a database holds: releases with their files and what was proven of them.

use chrono::NaiveDate;

use crate::model::{
    DocumentKind, FileRef, ListedBy, LoadedRelease, Proof, Provenance, ReleaseId, ReleasePart,
};

/// Whether a database holds full releases or the bundled sample; the two never mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// Nothing has been imported yet.
    Empty,
    /// Full official releases.
    Full,
    /// The bundled sample.
    Sample,
}

/// An official file that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// What was published.
    pub published: FileRef,
    /// The archive that it was in.
    pub archive: Option<String>,
    /// The official address of that archive, where known.
    pub url: Option<String>,
    /// Its size.
    pub bytes: u64,
    /// The day of the import.
    pub imported_on: NaiveDate,
}

/// A stored document as a release has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// What it is.
    pub kind: DocumentKind,
    /// The release that it was published with.
    pub release: ReleaseId,
    /// The number of its items.
    pub items: u64,
    /// The file.
    pub file: SourceFile,
    /// Its number in the database.
    pub(crate) number: i64,
}

/// A stored release with its files and proofs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRelease {
    /// What it is.
    pub release: LoadedRelease,
    /// By what it was identified: `hash`, `rows`, `archive`, `footer`, `name`, `statement`, `sample`.
    pub identified_by: String,
    /// The file that its rows come from: its order file, or its tabular list.
    pub listing_file: SourceFile,
    /// Its order addenda, if one was imported.
    pub addenda: Option<SourceFile>,
    /// The files around its order file.
    pub documents: Vec<StoredDocument>,
    /// The outcomes of its last verification.
    pub proofs: Vec<Proof>,
}

impl StoredRelease {
    /// Checks whether a file of the release is stored.
    pub fn has(&self, part: ReleasePart) -> bool {
        match part {
            ReleasePart::OrderFile => self.release.listed_by == ListedBy::OrderFile,
            ReleasePart::OrderAddenda => self.addenda.is_some(),
            ReleasePart::Document(kind) => self.documents.iter().any(|one| one.kind == kind),
        }
    }

    /// Checks whether official files that the release lacks may be added to it: not to what the user insisted on, took
    /// in part, or took in bytes that the catalogue does not know, nor to the sample.
    pub fn takes_files(&self) -> bool {
        let trust = &self.release.trust;
        let is_own = matches!(trust.provenance, Provenance::Unlisted | Provenance::Sample)
            && self.release.listed_by == ListedBy::OrderFile;
        trust.forced.is_none() && trust.incomplete.is_none() && !is_own
    }
}

/// What storing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is new.
    New,
    /// The same contents were there already.
    AlreadyThere,
    /// The same contents were there already, in bytes that are less well known than these.
    Better,
    /// The same contents are there already, from a file of another format; this one is not kept.
    Copy,
}

impl Added {
    /// Checks whether the database has something by it that it did not have.
    pub fn is_change(self) -> bool {
        matches!(self, Added::New | Added::Better)
    }
}
