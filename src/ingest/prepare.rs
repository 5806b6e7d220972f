//! From files as published to values ready to be written: read, identified, parsed, settled.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Addenda, CodeSet, Document, DocumentKind, Entry, ListedBy, ListedRow, ReleaseId, Tabular,
    TabularDifference,
};
use crate::parse::addenda::parse_order_addenda;
use crate::parse::conversion::parse_conversion;
use crate::parse::index::parse_index;
use crate::parse::order::OrderFile;
use crate::parse::pcs::{parse_pcs_definitions, parse_pcs_tables};
use crate::parse::poa::parse_poa;
use crate::parse::tabular::parse_tabular;
use crate::source::archive::Found;
use crate::source::catalogue::{Catalogue, KnownRelease, Patch, Provenance};
use crate::source::identify::{Evidence, IdentifiedBy, identify, identify_sample};
use crate::source::recognise::FileKind;
use crate::source::sample::SampleFile;
use crate::source::sha256_hex;
use crate::store::NewFile;

use super::{ImportOptions, Left};

/// An order file with what was posted with it, or such files alone.
#[derive(Default)]
pub(super) struct Package {
    pub(super) order: Option<(CodeSet, Found)>,
    pub(super) addenda: Option<(CodeSet, Found)>,
    /// The files around the order file, of one code set.
    pub(super) documents: Vec<(DocumentKind, Found)>,
}

impl Package {
    pub(super) fn files(&self) -> usize {
        usize::from(self.order.is_some())
            + usize::from(self.addenda.is_some())
            + self.documents.len()
    }

    /// Tells whether a file of a code set was posted with the order file of this package.
    fn has_order_file_beside(&self, code_set: CodeSet, file: &Found) -> bool {
        self.order
            .as_ref()
            .is_some_and(|(order_set, order)| *order_set == code_set && order.group == file.group)
    }
}

/// Puts files that were posted together into packages: order files first, because what was posted
/// without one needs its release.
pub(super) fn pack(found: Vec<Found>) -> (Vec<Package>, Vec<Left>) {
    let mut packages: Vec<Package> = Vec::new();
    let mut addenda = Vec::new();
    let mut documents = Vec::new();
    let mut left = Vec::new();
    for file in found {
        match file.kind {
            FileKind::OrderFile(code_set) => packages.push(Package {
                order: Some((code_set, file)),
                ..Package::default()
            }),
            FileKind::OrderAddenda(code_set) => addenda.push((code_set, file)),
            FileKind::Document(kind) => documents.push((kind, file)),
            FileKind::Zip => {}
            FileKind::Other(why) => left.push(Left {
                file: file.shown,
                why: why.to_owned(),
            }),
        }
    }
    let mut alone = Vec::new();
    for (code_set, file) in addenda {
        let mut beside = packages
            .iter_mut()
            .filter(|package| package.has_order_file_beside(code_set, &file));
        match (beside.next(), beside.next()) {
            // Posted with exactly one order file, which has no addenda yet.
            (Some(package), None) if package.addenda.is_none() => {
                package.addenda = Some((code_set, file));
            }
            _ => alone.push(Package {
                addenda: Some((code_set, file)),
                ..Package::default()
            }),
        }
    }
    let mut groups: Vec<Package> = Vec::new();
    for (kind, file) in documents {
        let code_set = kind.code_set();
        let mut beside = packages
            .iter_mut()
            .filter(|package| package.has_order_file_beside(code_set, &file));
        let fits = |package: &Package| package.documents.iter().all(|(other, _)| *other != kind);
        match (beside.next(), beside.next()) {
            (Some(package), None) if fits(package) => package.documents.push((kind, file)),
            _ => {
                // Without an order file, what was posted together is of one release all the same.
                let together = groups.iter_mut().find(|package| {
                    fits(package)
                        && package.documents.iter().all(|(other, beside)| {
                            other.code_set() == code_set && beside.group == file.group
                        })
                });
                match together {
                    Some(package) => package.documents.push((kind, file)),
                    None => groups.push(Package {
                        documents: vec![(kind, file)],
                        ..Package::default()
                    }),
                }
            }
        }
    }
    // A release without order file is made from its tabular list, which the rest of it needs.
    groups.sort_by_key(|package| {
        !package
            .documents
            .iter()
            .any(|(kind, _)| *kind == DocumentKind::Tabular)
    });
    packages.extend(alone);
    packages.extend(groups);
    for package in &mut packages {
        package.documents.sort_by_key(|(kind, _)| *kind);
    }
    (packages, left)
}

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

/// A whole order file has more rows than this by far.
const WHOLE: u64 = 10_000;

/// An order file whose release is to be settled.
#[derive(Clone, Copy)]
struct Posted<'a> {
    code_set: CodeSet,
    sha256: &'a str,
    rows: u64,
    billable: u64,
    shown: &'a str,
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

    /// Lists the releases of a code set that the catalogue knows, oldest first.
    fn known(&self, code_set: CodeSet) -> Vec<&'static KnownRelease> {
        self.catalogue
            .releases()
            .iter()
            .filter(|known| known.code_set == code_set)
            .collect()
    }

    /// Refuses the bytes of another release, whatever the user calls them.
    fn refuse_other_release(&self, id: ReleaseId, posted: &Posted<'_>) -> Result<()> {
        let Posted {
            code_set,
            sha256,
            shown,
            ..
        } = *posted;
        let known = self.known(code_set);
        let before = known.iter().rev().find(|known| known.id < id);
        let same: Vec<ReleaseId> = known
            .iter()
            .filter(|known| known.order_file.sha256 == sha256)
            .map(|known| known.id)
            .collect();
        // A release to come may change nothing; then it has the bytes of the one before it.
        let is_known = known.iter().any(|known| known.id == id);
        let repeats_the_last = !is_known && before.is_some_and(|before| same.contains(&before.id));
        if let Some(first) = same.first()
            && !same.contains(&id)
            && !repeats_the_last
        {
            let list: Vec<String> = same.iter().map(ReleaseId::to_string).collect();
            return Err(Error::new(
                ErrorKind::Conflict,
                format!(
                    "this is not {} {id}: it has the bytes of {}",
                    code_set.name(),
                    list.join(" and ")
                ),
            )
            .in_file(shown)
            .with_hint(format!(
                "state the release that it is, for example --release {first}"
            )));
        }
        Ok(())
    }

    /// Refuses a file that has lost a tenth of its rows or more, whatever the user calls it: official
    /// releases lose a few rows a year. Where nothing is stored to compare it with it is a note.
    fn refuse_cut_off(
        &self,
        id: ReleaseId,
        posted: &Posted<'_>,
        notes: &mut Vec<String>,
    ) -> Result<()> {
        let Posted {
            code_set,
            rows,
            shown,
            ..
        } = *posted;
        let known = self.known(code_set);
        let before = known.iter().rev().find(|known| known.id < id);
        let expected = known
            .iter()
            .find(|known| known.id == id)
            .map(|known| (known.id, known.order_file.rows));
        let neighbour = self
            .seen
            .iter()
            .filter(|seen| seen.code_set == code_set)
            .min_by_key(|seen| (seen.id.effective_from() - id.effective_from()).abs())
            .map(|seen| (seen.id, seen.rows));
        let is_cut = |of: u64| of >= WHOLE && rows.saturating_mul(10) < of.saturating_mul(9);
        if let Some((other, of)) = expected.or(neighbour)
            && is_cut(of)
        {
            return Err(Error::new(
                ErrorKind::Format,
                format!("the file has {rows} rows and {other} has {of}: it looks cut off"),
            )
            .in_file(shown)
            .with_hint(
                "download it again; official releases lose a few rows a year, never a tenth",
            ));
        }
        if expected.is_none()
            && let Some(before) = before
            && is_cut(before.order_file.rows)
        {
            notes.push(format!(
                "it has {rows} rows, and {} has {}: is it whole?",
                before.id, before.order_file.rows
            ));
        }
        Ok(())
    }

    /// Decides whether the bytes are the release itself or a correction of it, and refuses other bytes
    /// for a release that is stored or known unless the user calls them a correction.
    fn settle(
        &self,
        id: ReleaseId,
        identified_by: IdentifiedBy,
        posted: &Posted<'_>,
        notes: &mut Vec<String>,
    ) -> Result<ReleaseId> {
        let Posted {
            code_set,
            sha256,
            rows,
            billable,
            shown,
        } = *posted;
        let name = code_set.name();
        let same_bytes: Vec<String> = self
            .catalogue
            .releases()
            .iter()
            .filter(|known| known.code_set == code_set && known.order_file.sha256 == sha256)
            .map(|known| known.id.to_string())
            .collect();
        let known = self.catalogue.find(code_set, id);
        let unlike_known = known.filter(|known| known.order_file.sha256 != sha256);
        self.refuse_other_release(id, posted)?;
        let conflict = match unlike_known {
            Some(known)
                if known.provenance == Provenance::Derived
                    && known.order_file.rows == rows
                    && known.order_file.billable == billable =>
            {
                notes.push(format!(
                    "the catalogue's hash for {id} is of a derived file; this one has the same rows and billable rows"
                ));
                None
            }
            Some(known) => Some(format!(
                "this is not the {name} {id} that the catalogue knows: expected {} rows ({} billable), found {rows} ({billable} billable) with other contents",
                known.order_file.rows, known.order_file.billable,
            )),
            None => None,
        };
        let stored = self.seen.iter().any(|seen| {
            seen.code_set == code_set && seen.id == id && seen.listed_by == ListedBy::OrderFile
        });
        let conflict = if stored {
            Some(format!("{name} {id} is already stored with other contents"))
        } else {
            conflict
        };
        let newest = self
            .seen
            .iter()
            .filter(|seen| seen.code_set == code_set && seen.id.edition() == id.edition())
            .map(|seen| seen.id.revision())
            .chain(
                self.catalogue
                    .releases()
                    .iter()
                    .filter(|known| {
                        known.code_set == code_set && known.id.edition() == id.edition()
                    })
                    .map(|known| known.id.revision()),
            )
            .max();
        if conflict.is_none() || self.options.revision {
            self.refuse_cut_off(id.edition(), posted, notes)?;
        }
        match conflict {
            Some(_) if self.options.revision => Ok(id.with_revision(newest.map_or(1, |newest| newest + 1))),
            Some(message) => Err(Error::new(ErrorKind::Conflict, message)
                .in_file(shown)
                .with_hint("if the publisher corrected the release, import it with --revision: both are kept and the correction answers")),
            None => {
                if self.options.revision && known.is_none() && id.revision() == 0 {
                    return Ok(id.with_revision(newest.map_or(1, |newest| newest + 1)));
                }
                if id.revision() > 0 {
                    notes.push(format!("a correction of {}; it answers in its place", id.edition()));
                }
                if identified_by == IdentifiedBy::Statement && known.is_none() && !same_bytes.is_empty() {
                    notes.push(format!("the same bytes as {}", same_bytes.join(" and ")));
                }
                if let Some(known) = known.filter(|known| known.order_file.sha256 == sha256) {
                    match known.provenance {
                        Provenance::Official => {}
                        Provenance::Rebuilt => notes.push("rebuilt from the previous release and the official addenda; it has the official hash".into()),
                        Provenance::Derived => notes.push("derived from a neighbouring release; the official bytes may differ".into()),
                    }
                }
                Ok(id)
            }
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
