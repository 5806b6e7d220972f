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
    /// The release in force has none; another release's was consulted.
    Other {
        /// The release in force.
        missing: ReleaseId,
        /// Why another one was consulted.
        because: OtherBecause,
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

/// Why another release's document was consulted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherBecause {
    /// It is of the same fiscal year.
    SameYear,
    /// The fiscal year has none, and it is the newest earlier one. The code is listed in the same way in both. What it
    /// says is shown folded, and never compared or judged by.
    Earlier,
    /// The user asked for the nearest.
    Asked,
}

impl DocumentSource {
    /// Checks whether it is a document of an earlier fiscal year, to be shown folded.
    pub fn is_earlier(&self) -> bool {
        matches!(
            self,
            DocumentSource::Other {
                because: OtherBecause::Earlier,
                ..
            }
        )
    }

    /// Returns the release whose document was consulted.
    pub fn release(&self) -> Option<ReleaseId> {
        match self {
            DocumentSource::Own { release, .. } | DocumentSource::Other { release, .. } => {
                Some(*release)
            }
            DocumentSource::Missing { .. } => None,
        }
    }
}
