//! The files around the order file.

use crate::model::{CodeSet, ConversionTable, PoaList, Tabular};

/// What a file around the order file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DocumentKind {
    /// The tabular list of ICD-10-CM.
    Tabular,
    /// The conversion table of ICD-10-CM.
    ConversionTable,
    /// The list of codes of ICD-10-CM exempt from reporting whether they were present on admission.
    PoaExemptList,
}

impl DocumentKind {
    /// Every kind, in the order in which they are stored and shown.
    pub const ALL: [DocumentKind; 3] = [
        DocumentKind::Tabular,
        DocumentKind::ConversionTable,
        DocumentKind::PoaExemptList,
    ];

    /// Gives the fixed name: `tabular`, `index`, `external_cause_index`, `drug_table`, `neoplasm_table`,
    /// `conversion_table`, `poa_exempt_list`, `pcs_tables`, `pcs_definitions`.
    pub fn name(self) -> &'static str {
        match self {
            DocumentKind::Tabular => "tabular",
            DocumentKind::ConversionTable => "conversion_table",
            DocumentKind::PoaExemptList => "poa_exempt_list",
        }
    }

    /// Gives the words for people: `tabular list`.
    pub fn label(self) -> &'static str {
        match self {
            DocumentKind::Tabular => "tabular list",
            DocumentKind::ConversionTable => "conversion table",
            DocumentKind::PoaExemptList => "POA-exempt list",
        }
    }

    /// Gives the word for one of its items: `node`.
    pub fn item_label(self) -> &'static str {
        match self {
            DocumentKind::Tabular => "node",
            DocumentKind::ConversionTable => "row",
            DocumentKind::PoaExemptList => "code",
        }
    }

    /// Finds a kind by its fixed name.
    pub fn from_name(name: &str) -> Option<DocumentKind> {
        DocumentKind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    /// Gives the code set that such a file belongs to.
    pub fn code_set(self) -> CodeSet {
        match self {
            DocumentKind::Tabular | DocumentKind::ConversionTable | DocumentKind::PoaExemptList => {
                CodeSet::Icd10Cm
            }
        }
    }
}

/// The contents of a file around the order file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// A tabular list.
    Tabular(Tabular),
    /// A conversion table.
    ConversionTable(ConversionTable),
    /// A whole list of POA-exempt codes.
    PoaExemptList(PoaList),
}

impl Document {
    /// Tells what it is.
    pub fn kind(&self) -> DocumentKind {
        match self {
            Document::Tabular(_) => DocumentKind::Tabular,
            Document::ConversionTable(_) => DocumentKind::ConversionTable,
            Document::PoaExemptList(_) => DocumentKind::PoaExemptList,
        }
    }
}
