//! From files as published to values ready to be written: read, identified, parsed, settled.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Addenda, CodeSet, ConversionTable, Document, DocumentKind, Entry, ListedBy, ListedRow,
    Previous, PreviousPart, ReleaseId, Tabular, TabularDifference,
};
use crate::parse::addenda::parse_order_addenda;
use crate::parse::conversion::parse_conversion;
use crate::parse::index::parse_index;
use crate::parse::order::OrderFile;
use crate::parse::pcs::{parse_pcs_definitions, parse_pcs_tables};
use crate::parse::poa::parse_poa;
use crate::parse::tabular::parse_tabular;
use crate::source::archive::Found;
use crate::source::catalogue::{Catalogue, Patch};
use crate::source::identify::{Evidence, IdentifiedBy, identify, identify_sample};
use crate::source::sample::SampleFile;
use crate::source::sha256_hex;
use crate::store::NewFile;

use super::ImportOptions;
use super::pack::Package;
use super::settle::Posted;

/// A file on its way to the store.
pub(super) struct Part<T> {
    pub(super) shown: String,
    pub(super) file: NewFile,
    pub(super) contents: T,
    pub(super) notes: Vec<String>,
}

/// A file around the order file, read.
pub(super) struct PostedDocument {
    pub(super) shown: String,
    pub(super) file: NewFile,
    pub(super) bytes: Vec<u8>,
}

/// What the thread that unpacks and parses tells the one that writes.
pub(super) enum Message {
    /// New bytes of a code set are being parsed.
    Parsing(CodeSet),
    /// A package is ready to be written, or not usable.
    Prepared(Box<Result<Prepared>>),
}

/// The rows of an order file, as far as they are needed.
pub(super) enum Order {
    /// The release is stored with these bytes.
    Stored,
    /// Another release of the code set is stored, or about to be, with these bytes.
    SameAs(ReleaseId),
    /// New bytes.
    Parsed(Arc<OrderFile>),
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
    pub(super) addenda: Option<Part<Addenda>>,
    pub(super) documents: Vec<(DocumentKind, Part<DocumentPart>)>,
    /// The rows that the tabular list gives, of a release without order file.
    pub(super) expanded: Option<Vec<Entry>>,
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

    fn is_empty(&self) -> bool {
        self.order.is_none() && self.addenda.is_none() && self.documents.is_empty()
    }
}

pub(super) struct Seen {
    pub(super) code_set: CodeSet,
    pub(super) id: ReleaseId,
    pub(super) rows: u64,
    pub(super) billable: u64,
    pub(super) sha256: String,
    pub(super) listed_by: ListedBy,
}

/// Reads, identifies and parses, package after package.
pub(super) struct Preparer {
    pub(super) catalogue: &'static Catalogue,
    pub(super) sample: &'static [SampleFile],
    pub(super) options: ImportOptions,
    pub(super) seen: Vec<Seen>,
    /// The documents that are stored, or about to be: kind and SHA-256.
    pub(super) seen_documents: HashSet<(DocumentKind, String)>,
}

impl Preparer {
    /// Calls `parsing` when the bytes of an order file turn out to be new, before it parses them, and
    /// `ready` with the order file and addenda, then with each document, so that no two documents are in
    /// memory at once. `ready` tells whether to go on.
    pub(super) fn prepare(
        &mut self,
        package: &Package,
        parsing: &mut dyn FnMut(CodeSet),
        ready: &mut dyn FnMut(Prepared) -> bool,
    ) -> Result<()> {
        let addenda = match &package.addenda {
            Some((code_set, found)) => {
                let bytes = found.read()?;
                let parsed = parse_order_addenda(*code_set, &bytes)
                    .map_err(|error| error.in_file(found.shown.as_str()))?;
                Some((*code_set, found, parsed, sha256_hex(&bytes)))
            }
            None => None,
        };
        let order = match &package.order {
            Some((code_set, found)) => {
                let bytes = found.read()?;
                let sha256 = sha256_hex(&bytes);
                Some((*code_set, found, bytes, sha256))
            }
            None => None,
        };
        // A document alone tells its release by its bytes.
        let document_sha256 = match (&order, &addenda, package.documents.first()) {
            (None, None, Some((_, found))) => Some(sha256_hex(&found.read()?)),
            _ => None,
        };
        let (code_set, first) = match (&order, &addenda) {
            (Some((code_set, found, ..)), _) => (*code_set, *found),
            (None, Some((code_set, found, ..))) => (*code_set, *found),
            (None, None) => match package.documents.first() {
                Some((kind, found)) => (kind.code_set(), found),
                None => return Err(Error::new(ErrorKind::NotFound, "nothing to import")),
            },
        };
        let evidence = Evidence {
            code_set,
            order_sha256: order.as_ref().map(|(.., sha256)| sha256.as_str()),
            addenda_sha256: addenda.as_ref().map(|(.., sha256)| sha256.as_str()),
            document_sha256: document_sha256.as_deref(),
            addenda: addenda.as_ref().map(|(_, _, parsed, _)| parsed),
            archive_sha256: first
                .archive
                .as_ref()
                .map(|archive| archive.sha256.as_str()),
            name: &first.name,
            archive_name: first.archive.as_ref().map(|archive| archive.name.as_str()),
            shown: &first.shown,
        };
        let (mut id, identified_by) = match (
            identify_sample(&evidence, self.options.release, self.sample)?,
            self.options.release,
        ) {
            (Some(id), _) => (id, IdentifiedBy::Sample),
            (None, Some(stated)) => (stated, IdentifiedBy::Statement),
            (None, None) => identify(self.catalogue, &evidence)?,
        };
        let order = match order {
            None => None,
            Some((_, found, bytes, sha256)) => {
                let mut notes = Vec::new();
                let file = self.new_file(found, code_set, &sha256);
                let is_sample = identified_by == IdentifiedBy::Sample;
                let same_bytes = |seen: &&Seen| {
                    seen.code_set == code_set
                        && seen.listed_by == ListedBy::OrderFile
                        && seen.sha256 == sha256
                };
                let there = self
                    .seen
                    .iter()
                    .filter(same_bytes)
                    .find(|seen| seen.id.edition() == id.edition());
                let contents = if let Some(seen) = there {
                    id = seen.id;
                    Order::Stored
                } else {
                    // Bytes that are stored under another release have been read and found good.
                    let (contents, rows, billable) = match self.seen.iter().find(same_bytes) {
                        Some(seen) => (Order::SameAs(seen.id), seen.rows, seen.billable),
                        None => {
                            parsing(code_set);
                            let parsed = OrderFile::parse(code_set, bytes)
                                .map_err(|error| error.in_file(found.shown.as_str()))?;
                            let (rows, billable) = (parsed.rows().len() as u64, parsed.billable());
                            (Order::Parsed(Arc::new(parsed)), rows, billable)
                        }
                    };
                    let posted = Posted {
                        code_set,
                        sha256: &sha256,
                        rows,
                        billable,
                        shown: &found.shown,
                    };
                    if !is_sample {
                        id = self.settle(id, identified_by, &posted, &mut notes)?;
                    }
                    self.seen.push(Seen {
                        code_set,
                        id,
                        rows,
                        billable,
                        sha256,
                        listed_by: ListedBy::OrderFile,
                    });
                    contents
                };
                Some(Part {
                    shown: found.shown.clone(),
                    file,
                    contents,
                    notes,
                })
            }
        };
        let addenda = addenda.map(|(_, found, parsed, sha256)| Part {
            shown: found.shown.clone(),
            file: self.new_file(found, code_set, &sha256),
            contents: parsed,
            notes: Vec::new(),
        });
        let mut listed = match &order {
            Some(Part {
                contents: Order::Parsed(order),
                ..
            }) => Some(Arc::clone(order)),
            _ => None,
        };
        let mut prepared = Prepared {
            order,
            addenda,
            ..Prepared::new(self.catalogue, code_set, id, identified_by)
        };
        for (kind, found) in &package.documents {
            // The tabular list comes first; only it is compared with the order file.
            let listed = listed.take();
            if !prepared.is_empty() && !ready(prepared) {
                return Ok(());
            }
            let bytes = found.read()?;
            let posted = PostedDocument {
                shown: found.shown.clone(),
                file: self.new_file(found, code_set, &sha256_hex(&bytes)),
                bytes,
            };
            prepared = Prepared::new(self.catalogue, code_set, id, identified_by);
            self.add_document(&mut prepared, *kind, posted, listed.as_deref(), parsing)?;
        }
        ready(prepared);
        Ok(())
    }

    /// Takes a file around the order file, and parses it if its bytes are new.
    pub(super) fn add_document(
        &mut self,
        prepared: &mut Prepared,
        kind: DocumentKind,
        posted: PostedDocument,
        listed: Option<&OrderFile>,
        parsing: &mut dyn FnMut(CodeSet),
    ) -> Result<()> {
        let (code_set, id) = (prepared.code_set, prepared.id);
        let PostedDocument { shown, file, bytes } = posted;
        let is_listed = self
            .seen
            .iter()
            .any(|seen| seen.code_set == code_set && seen.id == id);
        let stands_in = kind == DocumentKind::Tabular && !is_listed;
        let is_stored = !self.seen_documents.insert((kind, file.sha256.clone()));
        let mut notes = Vec::new();
        let contents = if is_stored && !stands_in {
            DocumentPart::Stored
        } else {
            let document = parse_document(kind, &file.name, &bytes)
                .map_err(|error| error.in_file(shown.as_str()))?;
            if let Document::ConversionTable(table) = &document {
                notes.push(readings(table));
            }
            if let Document::Tabular(tabular) = &document {
                if stands_in {
                    parsing(code_set);
                    let entries = expanded_entries(tabular);
                    let billable = entries.iter().filter(|entry| entry.billable).count() as u64;
                    notes.push(format!(
                        "no order file of {id} is loaded: its {} rows ({billable} billable) come from this list, without short titles",
                        entries.len()
                    ));
                    self.seen.push(Seen {
                        code_set,
                        id,
                        rows: entries.len() as u64,
                        billable,
                        sha256: file.sha256.clone(),
                        listed_by: ListedBy::Tabular,
                    });
                    prepared.expanded = Some(entries);
                    prepared.differences = Some(Vec::new());
                } else if let Some(order) = listed {
                    prepared.differences =
                        Some(tabular.compare(order.rows().iter().map(|row| ListedRow {
                            code: row.code,
                            billable: row.billable,
                            long_title: order.long_title(row),
                        })));
                }
            }
            DocumentPart::Parsed(document)
        };
        prepared.documents.push((
            kind,
            Part {
                shown,
                file,
                contents,
                notes,
            },
        ));
        Ok(())
    }

    fn new_file(&self, found: &Found, code_set: CodeSet, sha256: &str) -> NewFile {
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
                Some(archive.sha256.as_str()) == archive_sha256 || archive.sha256 == sha256
            })
            .and_then(|archive| archive.url.clone());
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

/// Parses a file around the order file.
pub(super) fn parse_document(kind: DocumentKind, name: &str, bytes: &[u8]) -> Result<Document> {
    Ok(match kind {
        DocumentKind::Tabular => Document::Tabular(parse_tabular(bytes)?),
        DocumentKind::Index(_) => Document::Index(parse_index(bytes)?),
        DocumentKind::PcsTables => Document::PcsTables(parse_pcs_tables(bytes)?),
        DocumentKind::PcsDefinitions => Document::PcsDefinitions(parse_pcs_definitions(bytes)?),
        DocumentKind::ConversionTable => Document::ConversionTable(parse_conversion(bytes)?),
        DocumentKind::PoaExemptList => Document::PoaExemptList(parse_poa(name, bytes)?),
    })
}

/// Accounts for every row of a conversion table by what its third cell says.
fn readings(table: &ConversionTable) -> String {
    let (mut one, mut of_several, mut together, mut none, mut flawed) = (0, 0, 0, 0, 0);
    for row in &table.rows {
        let parts = row.reading.parts().collect::<Vec<_>>();
        match (&row.reading, parts.as_slice()) {
            _ if !row.flaws().is_empty() => flawed += 1,
            (Previous::None, _) => none += 1,
            (reading, _) if reading.is_combination() => together += 1,
            (_, [PreviousPart::Code(_)]) => one += 1,
            _ => of_several += 1,
        }
    }
    format!(
        "previous codes: {one} rows name one, {of_several} one of several or of a range, {together} several together, {none} none; {flawed} rows cannot be read whole and are kept verbatim"
    )
}

/// Gives the rows that a tabular list expands to. It knows no short titles.
pub(super) fn expanded_entries(tabular: &Tabular) -> Vec<Entry> {
    tabular
        .expand()
        .iter()
        .map(|given| Entry {
            code: given.code,
            billable: given.billable,
            short_title: String::new(),
            long_title: given.title(),
        })
        .collect()
}

/// Gives the facts of the catalogue that the release's order file does not tell.
pub(super) fn patches(catalogue: &Catalogue, code_set: CodeSet, id: ReleaseId) -> Vec<Patch> {
    catalogue
        .find(code_set, id)
        .map(|known| known.patches.clone())
        .unwrap_or_default()
}
