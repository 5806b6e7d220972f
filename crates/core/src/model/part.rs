//! The files of a release: the order file, its addenda, the documents around it.

use serde::Serialize;
use serde::Serializer;
use std::str::FromStr;
use strum::{EnumString, IntoStaticStr};

use crate::model::{CodeSet, named};

named!(IndexKind);

/// What a file around the order file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DocumentKind {
    /// The tabular list of ICD-10-CM.
    Tabular,
    /// An index, or the table of drugs or neoplasms, of ICD-10-CM.
    Index(IndexKind),
    /// The conversion table of ICD-10-CM.
    ConversionTable,
    /// The list of codes of ICD-10-CM exempt from reporting whether they were present on admission.
    PoaExemptList,
    /// The tables of ICD-10-PCS.
    PcsTables,
    /// The definitions of ICD-10-PCS.
    PcsDefinitions,
    /// The index of ICD-10-PCS.
    PcsIndex,
}

impl DocumentKind {
    /// Every kind, in the order in which they are stored and shown.
    pub const ALL: [DocumentKind; 10] = [
        DocumentKind::Tabular,
        DocumentKind::Index(IndexKind::Diseases),
        DocumentKind::Index(IndexKind::ExternalCauses),
        DocumentKind::Index(IndexKind::Drugs),
        DocumentKind::Index(IndexKind::Neoplasms),
        DocumentKind::ConversionTable,
        DocumentKind::PoaExemptList,
        DocumentKind::PcsTables,
        DocumentKind::PcsDefinitions,
        DocumentKind::PcsIndex,
    ];

    /// Checks whether a list of a fiscal year may stand for the others of that year: what says something about codes
    /// does, what says which codes there are does not.
    pub fn is_of_fiscal_year(self) -> bool {
        matches!(self, DocumentKind::Tabular | DocumentKind::Index(_))
    }

    /// Returns the fixed name: `tabular`, `index`, `external_cause_index`, `drug_table`, `neoplasm_table`,
    /// `conversion_table`, `poa_exempt_list`, `pcs_tables`, `pcs_definitions`, `pcs_index`.
    pub fn name(self) -> &'static str {
        match self {
            DocumentKind::Tabular => "tabular",
            DocumentKind::Index(kind) => kind.name(),
            DocumentKind::PcsTables => "pcs_tables",
            DocumentKind::PcsDefinitions => "pcs_definitions",
            DocumentKind::PcsIndex => "pcs_index",
            DocumentKind::ConversionTable => "conversion_table",
            DocumentKind::PoaExemptList => "poa_exempt_list",
        }
    }

    /// Returns the words for people: `tabular list`.
    pub fn label(self) -> &'static str {
        match self {
            DocumentKind::Tabular => "tabular list",
            DocumentKind::Index(IndexKind::Diseases) => "alphabetic index",
            DocumentKind::Index(IndexKind::Neoplasms) => "table of neoplasms",
            DocumentKind::Index(IndexKind::Drugs) => "table of drugs",
            DocumentKind::Index(IndexKind::ExternalCauses) => "index to external causes",
            DocumentKind::PcsTables => "tables",
            DocumentKind::PcsDefinitions => "definitions",
            DocumentKind::PcsIndex => "index",
            DocumentKind::ConversionTable => "conversion table",
            DocumentKind::PoaExemptList => "POA-exempt list",
        }
    }

    /// Returns one word for it, as a table has room for: `tabular`, `drugs`, `POA`.
    pub fn word(self) -> &'static str {
        match self {
            DocumentKind::Tabular => "tabular",
            DocumentKind::Index(IndexKind::Diseases) => "index",
            DocumentKind::Index(IndexKind::Neoplasms) => "neoplasms",
            DocumentKind::Index(IndexKind::Drugs) => "drugs",
            DocumentKind::Index(IndexKind::ExternalCauses) => "external",
            DocumentKind::ConversionTable => "conversion",
            DocumentKind::PoaExemptList => "POA",
            DocumentKind::PcsTables => "tables",
            DocumentKind::PcsDefinitions => "definitions",
            DocumentKind::PcsIndex => "index",
        }
    }

    /// Returns the word for one of its items: `node`.
    pub fn item_label(self) -> &'static str {
        match self {
            DocumentKind::Tabular => "node",
            DocumentKind::Index(_) | DocumentKind::PcsIndex => "term",
            DocumentKind::PcsTables => "row",
            DocumentKind::PcsDefinitions => "definition",
            DocumentKind::ConversionTable => "row",
            DocumentKind::PoaExemptList => "code",
        }
    }

    /// Returns the code set that such a file belongs to.
    pub fn code_set(self) -> CodeSet {
        let mut sets = CodeSet::all_with(self);
        let one = sets.next();
        // A test holds that each kind is in the row of one set.
        debug_assert!(one.is_some() && sets.next().is_none(), "{}", self.name());
        one.unwrap_or_default()
    }

    /// Returns the word by which the catalogue says that an archive holds such a file.
    pub fn held_as(self) -> &'static str {
        match self {
            DocumentKind::Tabular | DocumentKind::PcsTables | DocumentKind::PcsDefinitions => {
                "tabular"
            }
            DocumentKind::Index(_) | DocumentKind::PcsIndex => "index",
            DocumentKind::ConversionTable => "conversion_table",
            DocumentKind::PoaExemptList => "poa",
        }
    }
}

impl FromStr for DocumentKind {
    type Err = strum::ParseError;

    /// Finds a kind by its fixed name.
    fn from_str(name: &str) -> Result<DocumentKind, strum::ParseError> {
        let mut kinds = DocumentKind::ALL.into_iter();
        kinds
            .find(|kind| kind.name() == name)
            .ok_or(strum::ParseError::VariantNotFound)
    }
}

/// A file of a release that an import takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReleasePart {
    /// The order file.
    OrderFile,
    /// The order addenda.
    OrderAddenda,
    /// A file around the order file.
    Document(DocumentKind),
}

impl Serialize for DocumentKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for ReleasePart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl ReleasePart {
    /// Returns the fixed name: `order_file`, `order_addenda`, or that of the kind of document.
    pub fn name(self) -> &'static str {
        match self {
            ReleasePart::OrderFile => "order_file",
            ReleasePart::OrderAddenda => "order_addenda",
            ReleasePart::Document(kind) => kind.name(),
        }
    }

    /// Returns the words for people: `order file`, `tabular list`.
    pub fn label(self) -> &'static str {
        match self {
            ReleasePart::OrderFile => "order file",
            ReleasePart::OrderAddenda => "order addenda",
            ReleasePart::Document(kind) => kind.label(),
        }
    }
}

impl FromStr for ReleasePart {
    type Err = strum::ParseError;

    /// Finds a part by its fixed name.
    fn from_str(name: &str) -> Result<ReleasePart, strum::ParseError> {
        match name {
            "order_file" => Ok(ReleasePart::OrderFile),
            "order_addenda" => Ok(ReleasePart::OrderAddenda),
            other => other.parse().map(ReleasePart::Document),
        }
    }
}

/// A file as published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = FileJson))]
pub struct FileRef {
    /// Its name, with its folder within the archive.
    #[serde(rename = "file")]
    pub name: String,
    /// Its SHA-256.
    pub sha256: String,
}

impl FileRef {
    /// Returns its name without folders.
    pub fn file_name(&self) -> &str {
        self.name
            .rsplit_once('/')
            .map_or(&self.name, |(_, last)| last)
    }

    /// Returns the first characters of its SHA-256: as many as people compare.
    pub fn short_sha256(&self) -> &str {
        self.sha256.get(..12).unwrap_or(&self.sha256)
    }
}

/// Which of the four index files of ICD-10-CM a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr, EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum IndexKind {
    /// The index to diseases and injuries.
    #[strum(serialize = "index")]
    Diseases,
    /// The index to external causes of injuries.
    #[strum(serialize = "external_cause_index")]
    ExternalCauses,
    /// The table of drugs and chemicals.
    #[strum(serialize = "drug_table")]
    Drugs,
    /// The table of neoplasms.
    #[strum(serialize = "neoplasm_table")]
    Neoplasms,
}

impl IndexKind {
    /// Every kind, in the order of the book.
    pub const ALL: [IndexKind; 4] = [
        IndexKind::Diseases,
        IndexKind::Neoplasms,
        IndexKind::Drugs,
        IndexKind::ExternalCauses,
    ];

    /// Recognises the kind from what a file says of itself: an index by its title, a table, which has no
    /// title, by the headings of its columns. File names change every year and are not asked.
    pub fn of<'a>(title: &str, headings: impl IntoIterator<Item = &'a str>) -> Option<IndexKind> {
        let title = title.to_ascii_lowercase();
        if title.contains("external cause") {
            return Some(IndexKind::ExternalCauses);
        }
        if title.contains("index to diseases") {
            return Some(IndexKind::Diseases);
        }
        headings.into_iter().find_map(|heading| {
            if heading.starts_with("Poisoning") {
                Some(IndexKind::Drugs)
            } else if heading.starts_with("Malignant") {
                Some(IndexKind::Neoplasms)
            } else {
                None
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_document_is_published_with_one_code_set() {
        for kind in DocumentKind::ALL {
            let sets: Vec<CodeSet> = CodeSet::all_with(kind).collect();
            assert_eq!(sets, [kind.code_set()], "{}", kind.name());
        }
    }
}
