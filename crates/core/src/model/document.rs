//! The files around the order file: what one holds, and which one an answer rests on.

use crate::model::{
    AlphabeticIndex, ConversionTable, DocumentKind, FileRef, PcsDefinitions, PcsIndex, PcsTables,
    PoaList, ReleaseId, Tabular, UnreadList,
};

/// The contents of a file around the order file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// A tabular list.
    Tabular(Tabular),
    /// An index, or the table of drugs or neoplasms.
    Index(AlphabeticIndex),
    /// The tables of ICD-10-PCS.
    PcsTables(PcsTables),
    /// The definitions of ICD-10-PCS.
    PcsDefinitions(PcsDefinitions),
    /// The index of ICD-10-PCS.
    PcsIndex(PcsIndex),
    /// A conversion table.
    ConversionTable(ConversionTable),
    /// A whole list of POA-exempt codes.
    PoaExemptList(PoaList),
}

impl Document {
    /// Returns what this version does not know of it; `None` for a format that has no names of its own.
    pub fn unread(&self) -> Option<&UnreadList> {
        match self {
            Document::Tabular(tabular) => Some(&tabular.unread),
            Document::Index(index) => Some(&index.unread),
            Document::PcsTables(tables) => Some(&tables.unread),
            Document::PcsDefinitions(definitions) => Some(&definitions.unread),
            Document::PcsIndex(index) => Some(&index.unread),
            Document::ConversionTable(_) | Document::PoaExemptList(_) => None,
        }
    }

    /// Returns what it is.
    pub fn kind(&self) -> DocumentKind {
        match self {
            Document::Tabular(_) => DocumentKind::Tabular,
            Document::Index(index) => DocumentKind::Index(index.kind),
            Document::PcsTables(_) => DocumentKind::PcsTables,
            Document::PcsDefinitions(_) => DocumentKind::PcsDefinitions,
            Document::PcsIndex(_) => DocumentKind::PcsIndex,
            Document::ConversionTable(_) => DocumentKind::ConversionTable,
            Document::PoaExemptList(_) => DocumentKind::PoaExemptList,
        }
    }
}

/// A document that a page rests on, or the lack of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentSource {
    /// The release in force has it.
    Own {
        /// The release.
        release: ReleaseId,
        /// Its file.
        file: FileRef,
    },
    /// The release in force has none; another release's was consulted because the user asked for that.
    Nearest {
        /// The release in force.
        missing: ReleaseId,
        /// The release whose document was consulted instead.
        release: ReleaseId,
        /// Its file.
        file: FileRef,
    },
    /// The release in force has none, and nothing was consulted.
    Missing {
        /// The release in force.
        missing: ReleaseId,
        /// The loaded release nearest in time that has one.
        nearest: Option<ReleaseId>,
    },
}

impl DocumentSource {
    /// Returns the release whose document was consulted.
    pub fn release(&self) -> Option<ReleaseId> {
        match self {
            DocumentSource::Own { release, .. } | DocumentSource::Nearest { release, .. } => {
                Some(*release)
            }
            DocumentSource::Missing { .. } => None,
        }
    }
}
