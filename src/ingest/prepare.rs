//! From files as published to values ready to be written: read, identified, parsed, settled.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Addenda, CodeSet, ConversionTable, Document, DocumentKind, Entry, ListedBy, ListedRow,
    Previous, PreviousPart, Provenance, ReleaseId, Tabular, TabularDifference, Trust,
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
use crate::source::identify::{
    Evidence, IdentifiedBy, ambiguous, candidates, contradiction, identify_sample,
};
use crate::source::sample::SampleFile;
use crate::source::sha256_hex;
use crate::store::NewFile;

use super::complete::Extent;
use super::pack::Package;
use super::resolve::{Posted, Resolved};
use super::{ImportOptions, Left};

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
    pub(super) archive_sha256: Option<String>,
    pub(super) bytes: Vec<u8>,
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
    Left(Left),
}

/// The rows of an order file, as far as they are needed.
pub(super) enum Order {
    /// The release is stored with these rows.
    Stored,
    /// The release is stored with these rows, in bytes that are less well known than these.
    Better(Arc<OrderFile>, Trust),
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
    pub(super) addenda: Option<Part<Addenda>>,
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

/// A release that is stored, or about to be.
pub(super) struct Seen {
    pub(super) code_set: CodeSet,
    pub(super) id: ReleaseId,
    pub(super) sha256: String,
    pub(super) trust: Trust,
    pub(super) listed_by: ListedBy,
    /// Its documents: kind and SHA-256.
    pub(super) documents: Vec<(DocumentKind, String)>,
    /// Whether a file of this command lists it.
    pub(super) is_of_command: bool,
}

/// Reads, identifies and parses, package after package.
pub(super) struct Preparer {
    pub(super) catalogue: &'static Catalogue,
    pub(super) sample: &'static [SampleFile],
    pub(super) options: ImportOptions,
    pub(super) seen: Vec<Seen>,
    /// The documents that are stored, or about to be: kind and SHA-256.
    pub(super) seen_documents: HashSet<(DocumentKind, String)>,
    /// Files whose release other files of the command could decide.
    pub(super) postponed: Vec<Package>,
}

/// An order file, read.
struct ReadOrder<'p> {
    found: &'p Found,
    sha256: String,
    extent: Extent,
    /// Its rows; `None` if the bytes are known.
    parsed: Option<Arc<OrderFile>>,
}

/// An order addenda, read.
struct ReadAddenda<'p> {
    found: &'p Found,
    sha256: String,
    parsed: Addenda,
}

/// The release that a file was found to be of.
struct Told {
    id: ReleaseId,
    by: IdentifiedBy,
    /// What speaks against it, if the user insists.
    forced: Option<String>,
}

/// What a document was posted with.
enum Beside<'p> {
    /// An order file or addenda.
    Listing {
        id: ReleaseId,
        identified_by: IdentifiedBy,
        /// The rows of the order file, if they are new.
        listed: Option<Arc<OrderFile>>,
    },
    /// Other documents, of these releases.
    Documents(&'p [ReleaseId]),
}

impl Preparer {
    /// Prepares all packages: first those with order files and addenda that are certain, then those that others
    /// decide, then the documents.
    pub(super) fn prepare_all(
        &mut self,
        packages: &[Package],
        tell: &mut dyn FnMut(Message) -> bool,
    ) {
        let (listings, documents): (Vec<&Package>, Vec<&Package>) = packages
            .iter()
            .partition(|package| package.order.is_some() || package.addenda.is_some());
        for package in listings {
            self.prepare(package, false, tell);
        }
        let undecided = std::mem::take(&mut self.postponed);
        let (listings, mut others): (Vec<Package>, Vec<Package>) = undecided
            .into_iter()
            .partition(|package| package.order.is_some() || package.addenda.is_some());
        for package in &listings {
            self.prepare(package, true, tell);
        }
        for package in documents {
            self.prepare(package, false, tell);
        }
        others.append(&mut self.postponed);
        for package in &others {
            self.prepare(package, true, tell);
        }
    }

    /// Prepares a package: the order file and addenda, then each document, so that no two documents are in
    /// memory at once. What cannot be taken is told as failed, and the rest goes on. Files whose release is not
    /// certain yet are postponed, because other files of the command could decide it; with `is_last` they have
    /// failed.
    pub(super) fn prepare(
        &mut self,
        package: &Package,
        is_last: bool,
        tell: &mut dyn FnMut(Message) -> bool,
    ) {
        let addenda = match &package.addenda {
            Some((code_set, found)) => match read_addenda(*code_set, found) {
                Ok(addenda) => Some((*code_set, addenda)),
                Err(error) => {
                    tell(Message::Failed(Box::new(error)));
                    None
                }
            },
            None => None,
        };
        let order = match &package.order {
            Some((code_set, found)) => match self.read_order(*code_set, found, tell) {
                Ok(order) => Some((*code_set, order)),
                Err(error) => {
                    fail_package(package, error, tell);
                    return;
                }
            },
            None => None,
        };
        let (code_set, first) = match (&order, &addenda) {
            (Some((code_set, order)), _) => (*code_set, order.found),
            (None, Some((code_set, addenda))) => (*code_set, addenda.found),
            (None, None) => {
                let mates = self.decided(&package.documents);
                for (kind, found) in &package.documents {
                    self.prepare_document(*kind, found, Beside::Documents(&mates), is_last, tell);
                }
                return;
            }
        };
        let (order, addenda) = (order.map(|(_, order)| order), addenda.map(|(_, one)| one));
        let evidence = Evidence {
            order_sha256: order.as_ref().map(|order| order.sha256.as_str()),
            rows_sha256: order
                .as_ref()
                .map(|order| order.extent.rows_sha256.as_str()),
            addenda_sha256: addenda.as_ref().map(|addenda| addenda.sha256.as_str()),
            addenda: addenda.as_ref().map(|addenda| &addenda.parsed),
            ..evidence_of(code_set, first)
        };
        let prepared = self
            .identify(&evidence)
            .and_then(|told| self.prepare_listing(code_set, told, order, addenda));
        match prepared {
            Ok((prepared, listed)) => {
                let (id, identified_by) = (prepared.id, prepared.identified_by);
                let mut listed = listed;
                if !tell(Message::Prepared(Box::new(prepared))) {
                    return;
                }
                for (kind, found) in &package.documents {
                    // The tabular list comes first; only it is compared with the order file.
                    let beside = Beside::Listing {
                        id,
                        identified_by,
                        listed: listed.take(),
                    };
                    self.prepare_document(*kind, found, beside, is_last, tell);
                }
            }
            Err(error) if error.kind() == ErrorKind::Ambiguous && !is_last => {
                self.postponed.push(package.clone());
            }
            Err(error) => fail_package(package, error, tell),
        }
    }

    /// Reads an order file, and parses it if its bytes are not known.
    fn read_order<'p>(
        &self,
        code_set: CodeSet,
        found: &'p Found,
        tell: &mut dyn FnMut(Message) -> bool,
    ) -> Result<ReadOrder<'p>> {
        let bytes = found.read()?;
        let sha256 = sha256_hex(&bytes);
        // Bytes that are stored have been read and found good.
        let is_stored = self.seen.iter().any(|seen| {
            seen.code_set == code_set
                && seen.listed_by == ListedBy::OrderFile
                && seen.sha256 == sha256
        });
        let known = self
            .catalogue
            .of(code_set)
            .filter_map(|known| known.order_file.as_ref())
            .find(|facts| facts.sha256 == sha256);
        if let Some(facts) = known.filter(|_| is_stored) {
            return Ok(ReadOrder {
                found,
                sha256,
                extent: Extent::of_known(code_set, facts),
                parsed: None,
            });
        }
        tell(Message::Parsing(code_set));
        let parsed = OrderFile::parse(code_set, bytes)
            .map_err(|error| error.in_file(found.shown.as_str()))?;
        Ok(ReadOrder {
            found,
            sha256,
            extent: Extent::of_order_file(code_set, &parsed),
            parsed: Some(Arc::new(parsed)),
        })
    }

    /// Decides the release of an order file or addenda: by what the user states, else by the evidence.
    fn identify(&self, evidence: &Evidence<'_>) -> Result<Told> {
        let stated = self.options.release;
        if let Some(id) = identify_sample(evidence, stated, self.sample)? {
            return Ok(Told {
                id,
                by: IdentifiedBy::Sample,
                forced: None,
            });
        }
        if let Some(stated) = stated {
            let forced = self.insisted(evidence, stated)?;
            return Ok(Told {
                id: stated,
                by: IdentifiedBy::Statement,
                forced,
            });
        }
        let mut found = candidates(self.catalogue, evidence, self.options.today)?;
        if found.ids.len() > 1 {
            // What another file of this command is, this one is not.
            let others = |id: &ReleaseId| {
                self.seen.iter().any(|seen| {
                    seen.is_of_command
                        && seen.code_set == evidence.code_set
                        && seen.id.edition() == *id
                        && Some(seen.trust.rows_sha256.as_str()) != evidence.rows_sha256
                })
            };
            if evidence.order_sha256.is_some() && !found.ids.iter().all(others) {
                found.ids.retain(|id| !others(id));
            }
            // The addenda of an order file that came without it.
            if evidence.order_sha256.is_none() {
                self.keep_those_of_command(evidence.code_set, &mut found.ids);
            }
        }
        match found.ids.as_slice() {
            [one] => Ok(Told {
                id: if one.revision() == 0 {
                    one.with_revision(found.revision)
                } else {
                    *one
                },
                by: found.by,
                forced: None,
            }),
            several => Err(ambiguous(evidence, several)),
        }
    }

    /// Checks what the user states against the evidence. Returns what speaks against it, if the user insists.
    fn insisted(&self, evidence: &Evidence<'_>, stated: ReleaseId) -> Result<Option<String>> {
        let against = if stated.fits_calendar() {
            contradiction(self.catalogue, evidence, stated, self.options.today)
        } else {
            Some(format!(
                "{} has no release {stated}: they take effect on October 1 and April 1, and once, in 2021, on January 1",
                evidence.code_set.name()
            ))
        };
        match against {
            Some(reason) if !self.options.force => Err(Error::new(ErrorKind::Conflict, reason)
                .in_file(evidence.shown)
                .with_hint(
                    "leave --release out, or insist with --force: every answer will say so",
                )),
            against => Ok(against),
        }
    }

    /// Keeps the releases that files of this command list, if there is one among them.
    fn keep_those_of_command(&self, code_set: CodeSet, ids: &mut Vec<ReleaseId>) {
        let is_listed = |id: &ReleaseId| {
            self.seen.iter().any(|seen| {
                seen.is_of_command && seen.code_set == code_set && seen.id.edition() == id.edition()
            })
        };
        if ids.iter().any(is_listed) {
            ids.retain(is_listed);
        }
    }

    /// Makes an order file and addenda, whose release is known, ready to be written.
    fn prepare_listing(
        &mut self,
        code_set: CodeSet,
        told: Told,
        order: Option<ReadOrder<'_>>,
        addenda: Option<ReadAddenda<'_>>,
    ) -> Result<(Prepared, Option<Arc<OrderFile>>)> {
        let Told { id, by, forced } = told;
        let mut prepared = Prepared::new(self.catalogue, code_set, id, by);
        let mut listed = None;
        if let Some(order) = order {
            let counted = addenda.as_ref().and_then(|addenda| {
                let [headers, codes] = addenda.parsed.footer.as_ref()?;
                Some((headers.new_rows + codes.new_rows, codes.new_rows))
            });
            let (part, id) = self.prepare_order(code_set, id, by, forced, order, counted)?;
            if let Order::Parsed(parsed, _) = &part.contents {
                listed = Some(Arc::clone(parsed));
            }
            prepared = Prepared {
                order: Some(part),
                ..Prepared::new(self.catalogue, code_set, id, by)
            };
        }
        prepared.addenda = addenda.map(|addenda| Part {
            shown: addenda.found.shown.clone(),
            file: self.new_file(addenda.found, code_set, &addenda.sha256),
            contents: addenda.parsed,
            notes: Vec::new(),
        });
        Ok((prepared, listed))
    }

    /// Resolves an order file: stored, new, or refused. `counted` are the rows and billable rows by the footer of
    /// its addenda.
    fn prepare_order(
        &mut self,
        code_set: CodeSet,
        id: ReleaseId,
        by: IdentifiedBy,
        forced: Option<String>,
        order: ReadOrder<'_>,
        counted: Option<(u64, u64)>,
    ) -> Result<(Part<Order>, ReleaseId)> {
        let ReadOrder {
            found,
            sha256,
            extent,
            parsed,
        } = order;
        let mut notes = Vec::new();
        let file = self.new_file(found, code_set, &sha256);
        let sample_trust = || Trust {
            rows_sha256: extent.rows_sha256.clone(),
            provenance: Provenance::Sample,
            incomplete: None,
            forced: None,
        };
        let resolved = if by == IdentifiedBy::Sample {
            let stored = self
                .seen
                .iter()
                .find(|seen| seen.code_set == code_set && seen.id == id && seen.sha256 == sha256);
            match stored {
                Some(seen) => Resolved::Stored {
                    id: seen.id,
                    is_better: false,
                },
                None => Resolved::New {
                    id,
                    trust: sample_trust(),
                },
            }
        } else {
            let ends = parsed
                .as_ref()
                .is_none_or(|order| !order.envelope().ends_without_line_end());
            let posted = Posted {
                code_set,
                sha256: &sha256,
                extent: &extent,
                archive_sha256: found
                    .archive
                    .as_ref()
                    .map(|archive| archive.sha256.as_str()),
                counted,
                ends_whole: ends,
                shown: &found.shown,
            };
            self.resolve(id, &posted, forced, &mut notes)?
        };
        let (contents, id) = match (resolved, parsed) {
            (
                Resolved::Stored {
                    id,
                    is_better: true,
                },
                Some(parsed),
            ) => {
                let mut trust = sample_trust();
                trust.provenance = Provenance::Official;
                (Order::Better(parsed, trust), id)
            }
            (Resolved::Stored { id, .. }, _) => (Order::Stored, id),
            (Resolved::New { id, trust }, parsed) => {
                let same_bytes = self.seen.iter().find(|seen| {
                    seen.code_set == code_set
                        && seen.listed_by == ListedBy::OrderFile
                        && seen.sha256 == sha256
                });
                let contents = match (same_bytes, parsed) {
                    (Some(seen), _) => Order::SameAs(seen.id, trust.clone()),
                    (None, Some(parsed)) => Order::Parsed(parsed, trust.clone()),
                    (None, None) => {
                        return Err(Error::new(ErrorKind::Conflict, "the file was not parsed")
                            .in_file(found.shown.as_str()));
                    }
                };
                // Till now a part of it, or its tabular list, stood in for it.
                let mut documents = Vec::new();
                self.seen.retain_mut(|seen| {
                    let is_replaced = seen.code_set == code_set && seen.id == id;
                    if is_replaced {
                        documents.append(&mut seen.documents);
                    }
                    !is_replaced
                });
                self.seen.push(Seen {
                    code_set,
                    id,
                    sha256,
                    trust,
                    listed_by: ListedBy::OrderFile,
                    documents,
                    is_of_command: true,
                });
                (contents, id)
            }
        };
        for seen in &mut self.seen {
            seen.is_of_command |= seen.code_set == code_set && seen.id == id;
        }
        let part = Part {
            shown: found.shown.clone(),
            file,
            contents,
            notes,
        };
        Ok((part, id))
    }

    /// Prepares a file around the order file: for the release that its own hash or name speaks of, else for the
    /// one of the files that it was posted with.
    fn prepare_document(
        &mut self,
        kind: DocumentKind,
        found: &Found,
        beside: Beside<'_>,
        is_last: bool,
        tell: &mut dyn FnMut(Message) -> bool,
    ) {
        let prepared = found.read().and_then(|bytes| {
            let sha256 = sha256_hex(&bytes);
            let (id, by, listed) = self.document_release(kind, found, &sha256, beside)?;
            if self.is_before_all(kind.code_set(), id) {
                return Ok(Err(id));
            }
            let posted = PostedDocument {
                shown: found.shown.clone(),
                file: self.new_file(found, kind.code_set(), &sha256),
                archive_sha256: found.archive.as_ref().map(|archive| archive.sha256.clone()),
                bytes,
            };
            let mut prepared = Prepared::new(self.catalogue, kind.code_set(), id, by);
            let mut parsing = |code_set| {
                tell(Message::Parsing(code_set));
            };
            self.add_document(&mut prepared, kind, posted, listed.as_deref(), &mut parsing)?;
            Ok(Ok(prepared))
        });
        match prepared {
            Ok(Err(id)) => {
                let (set, label) = (kind.code_set().name(), kind.label());
                tell(Message::Left(Left {
                    file: found.shown.clone(),
                    why: format!(
                        "the {label} of {set} {id}, which was published without order file"
                    ),
                }));
            }
            Ok(Ok(prepared)) => {
                tell(Message::Prepared(Box::new(prepared)));
            }
            Err(error) if error.kind() == ErrorKind::Ambiguous && !is_last => {
                self.postponed.push(Package {
                    documents: vec![(kind, found.clone())],
                    ..Package::default()
                });
            }
            Err(error) => {
                tell(Message::Failed(Box::new(error)));
            }
        }
    }

    /// Checks whether a release is older than all that the catalogue knows, and not stored.
    fn is_before_all(&self, code_set: CodeSet, id: ReleaseId) -> bool {
        let mut known = self.catalogue.of(code_set);
        let mut seen = self.seen.iter();
        known.all(|known| id < known.id)
            && !seen.any(|seen| seen.code_set == code_set && seen.id == id)
    }

    /// Lists the releases that some of the documents that were posted together are certain to be of.
    fn decided(&self, documents: &[(DocumentKind, Found)]) -> Vec<ReleaseId> {
        let mut ids = Vec::new();
        for (kind, found) in documents.iter().filter(|_| documents.len() > 1) {
            let Ok(bytes) = found.read() else { continue };
            let sha256 = sha256_hex(&bytes);
            let beside = Beside::Documents(&[]);
            if let Ok((id, ..)) = self.document_release(*kind, found, &sha256, beside)
                && !ids.contains(&id)
            {
                ids.push(id);
            }
        }
        ids
    }

    /// Decides the release of a file around the order file.
    fn document_release(
        &self,
        kind: DocumentKind,
        found: &Found,
        sha256: &str,
        beside: Beside<'_>,
    ) -> Result<(ReleaseId, IdentifiedBy, Option<Arc<OrderFile>>)> {
        let code_set = kind.code_set();
        let evidence = Evidence {
            document_sha256: Some(sha256),
            ..evidence_of(code_set, found)
        };
        let stated = self.options.release;
        // Documents that several releases of the sample share are of the one whose order file stands beside them.
        if let Beside::Listing {
            id,
            identified_by: IdentifiedBy::Sample,
            ..
        } = beside
            && let Some(_) = identify_sample(&evidence, Some(id), self.sample)?
        {
            return Ok((id, IdentifiedBy::Sample, beside.listed()));
        }
        if let Some(id) = identify_sample(&evidence, stated, self.sample)? {
            return Ok((id, IdentifiedBy::Sample, None));
        }
        if let Some(stated) = stated {
            self.insisted(&evidence, stated)?;
            let id = match &beside {
                Beside::Listing { id, .. } => *id,
                Beside::Documents(_) => self.newest_stored(code_set, stated),
            };
            return Ok((id, IdentifiedBy::Statement, beside.listed()));
        }
        let own = candidates(self.catalogue, &evidence, self.options.today);
        let mates = match beside {
            Beside::Listing {
                id,
                identified_by,
                listed,
            } => {
                let agrees = match &own {
                    Ok(own) => own.ids.iter().any(|own| own.edition() == id.edition()),
                    // Nothing speaks for any release.
                    Err(_) => true,
                };
                if agrees {
                    return Ok((id, identified_by, listed));
                }
                &[]
            }
            Beside::Documents(mates) => mates,
        };
        let mut own = match (own, mates) {
            (Ok(own), _) => own,
            (Err(_), [one]) => return Ok((*one, IdentifiedBy::Name, None)),
            (Err(error), _) => return Err(error),
        };
        if own.ids.len() > 1 {
            self.keep_those_of_command(code_set, &mut own.ids);
        }
        if own.ids.len() > 1
            && let [mate] = mates
            && own.ids.contains(&mate.edition())
        {
            own.ids = vec![*mate];
        }
        match own.ids.as_slice() {
            // A document belongs to the newest correction that is stored.
            [one] => Ok((self.newest_stored(code_set, *one), own.by, None)),
            several => Err(ambiguous(&evidence, several)),
        }
    }

    /// Returns the newest correction of a release that is stored or about to be; else the release itself.
    fn newest_stored(&self, code_set: CodeSet, id: ReleaseId) -> ReleaseId {
        let editions = self
            .seen
            .iter()
            .filter(|seen| seen.code_set == code_set && seen.id.edition() == id.edition())
            .map(|seen| seen.id);
        if self
            .seen
            .iter()
            .any(|seen| seen.code_set == code_set && seen.id == id)
        {
            return id;
        }
        editions.max().unwrap_or(id)
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
        let PostedDocument {
            shown,
            file,
            archive_sha256,
            bytes,
        } = posted;
        let is_release = |seen: &&mut Seen| seen.code_set == code_set && seen.id == id;
        let release = self.seen.iter_mut().find(is_release);
        let stands_in = kind == DocumentKind::Tabular && release.is_none();
        let is_homeless = release.is_none() && !stands_in;
        let is_stored = self.seen_documents.contains(&(kind, file.sha256.clone()));
        let is_other = release.is_some_and(|release| {
            let mut of_kind = release.documents.iter().filter(|(other, _)| *other == kind);
            of_kind.any(|(_, sha256)| *sha256 != file.sha256)
        });
        let mut notes = Vec::new();
        // A table that stands beside another is read to see whether it is a copy.
        let contents = if is_stored && !stands_in && !is_other && !is_homeless {
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
                    let posted = StandIn {
                        code_set,
                        id,
                        sha256: &file.sha256,
                        archive_sha256: archive_sha256.as_deref(),
                        identified_by: prepared.identified_by,
                    };
                    let (entries, trust) = self
                        .expand(tabular, &posted, &mut notes)
                        .map_err(|error| error.in_file(shown.as_str()))?;
                    prepared.expanded = Some((entries, trust));
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
        // What is wrong with the file itself is said before.
        if is_homeless {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!(
                    "this is the {} of {} {id}, which is not stored",
                    kind.label(),
                    code_set.name()
                ),
            )
            .in_file(shown)
            .with_hint("import the release's order file with it, or before it"));
        }
        if !is_other {
            self.seen_documents.insert((kind, file.sha256.clone()));
            if let Some(release) = self.seen.iter_mut().find(is_release) {
                release.documents.push((kind, file.sha256.clone()));
            }
        }
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

    /// Returns the rows that a tabular list gives for a release without order file. It knows no short titles.
    fn expand(
        &mut self,
        tabular: &Tabular,
        posted: &StandIn<'_>,
        notes: &mut Vec<String>,
    ) -> Result<(Vec<Entry>, Trust)> {
        let StandIn { code_set, id, .. } = *posted;
        let is_sample = posted.identified_by == IdentifiedBy::Sample;
        let entries = expanded_entries(tabular);
        let extent = Extent::of_entries(code_set, &entries);
        let missing = self.lacks(id, &extent).filter(|_| !is_sample);
        if let Some(reason) = &missing
            && !self.options.allow_incomplete
        {
            return Err(Error::new(
                ErrorKind::Format,
                format!("no order file of {id} is loaded, and of the rows that this list gives: {reason}"),
            )
            .with_hint("import the order file, or a whole list; --allow-incomplete takes a part on purpose, and every answer says so"));
        }
        notes.push(format!(
            "no order file of {id} is loaded: its {} rows ({} billable) come from this list, without short titles",
            extent.rows, extent.billable
        ));
        if let Some(reason) = &missing {
            notes.push(format!("only a part: {reason}"));
        }
        let known = self.catalogue.find(code_set, id);
        let provenance = known.map_or(Provenance::Unlisted, |known| {
            known.provenance_of(posted.sha256, &extent.rows_sha256, posted.archive_sha256)
        });
        let trust = Trust {
            rows_sha256: extent.rows_sha256,
            provenance: if is_sample {
                Provenance::Sample
            } else {
                provenance
            },
            incomplete: missing,
            forced: None,
        };
        self.seen.push(Seen {
            code_set,
            id,
            sha256: posted.sha256.to_owned(),
            trust: trust.clone(),
            listed_by: ListedBy::Tabular,
            documents: Vec::new(),
            is_of_command: true,
        });
        Ok((entries, trust))
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

/// Tells that an order file or addenda cannot be taken, and what was posted with it neither.
fn fail_package(package: &Package, error: Error, tell: &mut dyn FnMut(Message) -> bool) {
    let what = if package.order.is_some() {
        "the order file that it was posted with was not taken"
    } else {
        "the order addenda that it was posted with was not taken"
    };
    let addenda = package.addenda.iter().map(|(_, found)| found);
    let documents = package.documents.iter().map(|(_, found)| found);
    let beside = addenda
        .filter(|_| package.order.is_some())
        .chain(documents)
        .map(|found| found.shown.clone());
    let mut goes_on = tell(Message::Failed(Box::new(error)));
    for shown in beside {
        if goes_on {
            let error = Error::new(ErrorKind::Conflict, what).in_file(shown);
            goes_on = tell(Message::Failed(Box::new(error)));
        }
    }
}

impl Beside<'_> {
    /// Returns the rows of the order file beside, if they are new.
    fn listed(self) -> Option<Arc<OrderFile>> {
        match self {
            Beside::Listing { listed, .. } => listed,
            Beside::Documents(_) => None,
        }
    }
}

/// A tabular list that stands in for an order file.
struct StandIn<'a> {
    code_set: CodeSet,
    id: ReleaseId,
    sha256: &'a str,
    archive_sha256: Option<&'a str>,
    identified_by: IdentifiedBy,
}

/// Reads an order addenda.
fn read_addenda(code_set: CodeSet, found: &Found) -> Result<ReadAddenda<'_>> {
    let bytes = found.read()?;
    let parsed = parse_order_addenda(code_set, &bytes)
        .map_err(|error| error.in_file(found.shown.as_str()))?;
    Ok(ReadAddenda {
        found,
        sha256: sha256_hex(&bytes),
        parsed,
    })
}

/// Returns what the place and name of a file say of it.
fn evidence_of(code_set: CodeSet, found: &Found) -> Evidence<'_> {
    let archive = found.archive.as_ref();
    Evidence {
        code_set,
        order_sha256: None,
        rows_sha256: None,
        addenda_sha256: None,
        addenda: None,
        document_sha256: None,
        archive_sha256: archive.map(|archive| archive.sha256.as_str()),
        name: &found.name,
        archive_name: archive.map(|archive| archive.name.as_str()),
        shown: &found.shown,
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
