//! The files around an order file: the release that each belongs to, and what is new in it.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result, without_release};
use crate::model::{
    CodeSet, ConversionTable, Document, DocumentKind, Entry, ListedBy, ListedRow, Previous,
    PreviousPart, Provenance, ReleaseId, ReleasePart, Tabular, Trust,
};
use crate::parse::conversion::parse_conversion;
use crate::parse::index::parse_index;
use crate::parse::order::OrderFile;
use crate::parse::pcs::{parse_pcs_definitions, parse_pcs_index, parse_pcs_tables};
use crate::parse::poa::parse_poa;
use crate::parse::tabular::parse_tabular;
use crate::source::archive::FoundFile;
use crate::source::catalogue::KnownDocument;
use crate::source::identify::{Evidence, IdentifiedBy, ambiguous, candidates, identify_sample};
use crate::store::NewFile;

use super::complete::{Extent, Outline, looks_cut_off};
use super::group::Package;
use super::identity::evidence_of;
use super::message::{DocumentPart, Message, Part, Prepared};
use super::preparer::{Preparer, StoredSummary};
use super::report::Skipped;
use super::rivals::Item;

/// A file around the order file, read.
pub(super) struct PostedDocument {
    pub(super) shown: String,
    pub(super) file: NewFile,
    pub(super) archive_sha256: Option<String>,
    pub(super) bytes: Vec<u8>,
    /// What speaks against its release, if the user insists.
    pub(super) forced: Option<String>,
}

/// The release that a document was found to be of.
struct DocumentRelease {
    id: ReleaseId,
    by: IdentifiedBy,
    /// The rows of the order file beside it, if they are new.
    listed: Option<Arc<OrderFile>>,
    forced: Option<String>,
}

impl DocumentRelease {
    fn new(id: ReleaseId, by: IdentifiedBy, listed: Option<Arc<OrderFile>>) -> DocumentRelease {
        DocumentRelease {
            id,
            by,
            listed,
            forced: None,
        }
    }
}

/// Returns the note on a file in other bytes than those that the catalogue knows.
pub(super) fn other_bytes(label: &str, id: ReleaseId) -> String {
    format!("its hash differs from that of the {label} of {id} in the catalogue")
}

/// What a document was posted with.
pub(super) enum Beside<'p> {
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
    /// What speaks against the release, if the user insists.
    forced: Option<&'a str>,
}

impl Preparer {
    /// Prepares a file around the order file: for the release that its own hash or name speaks of, else for the
    /// one of the files that it was posted with.
    pub(super) fn prepare_document(
        &mut self,
        kind: DocumentKind,
        found: &FoundFile,
        beside: Beside<'_>,
        is_last: bool,
        tell: &mut dyn FnMut(Message) -> bool,
    ) {
        let prepared = self.read(found).and_then(|(bytes, sha256)| {
            let DocumentRelease {
                id,
                by,
                listed,
                forced,
            } = self.document_release(kind, found, &sha256, beside)?;
            if self.is_before_all(kind.code_set(), id) {
                return Ok(Err(id));
            }
            let posted = PostedDocument {
                shown: found.shown.clone(),
                file: self.new_file(found, kind.code_set(), &sha256),
                archive_sha256: found.archive.as_ref().map(|archive| archive.sha256.clone()),
                bytes,
                forced,
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
                tell(Message::Skipped(Skipped {
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

    /// Returns the releases that some of the documents that were posted together are certain to be of.
    pub(super) fn decided(&self, documents: &[(DocumentKind, FoundFile)]) -> Vec<ReleaseId> {
        let mut ids = Vec::new();
        for (kind, found) in documents.iter().filter(|_| documents.len() > 1) {
            let Ok((_, sha256)) = found.read_hashed() else {
                continue;
            };
            let beside = Beside::Documents(&[]);
            if let Ok(found) = self.document_release(*kind, found, &sha256, beside)
                && !ids.contains(&found.id)
            {
                ids.push(found.id);
            }
        }
        ids
    }

    /// Returns the release of a file around the order file.
    fn document_release(
        &self,
        kind: DocumentKind,
        found: &FoundFile,
        sha256: &str,
        beside: Beside<'_>,
    ) -> Result<DocumentRelease> {
        let code_set = kind.code_set();
        let evidence = Evidence {
            document_sha256: Some(sha256),
            ..evidence_of(code_set, found)
        };
        let stated = self.options.release.map(|name| name.of(code_set));
        // Documents that several releases of the sample share are of the one whose order file stands beside them.
        if let Beside::Listing {
            id,
            identified_by: IdentifiedBy::Sample,
            ..
        } = beside
            && let Some(_) = identify_sample(&evidence, Some(id), self.sample)?
        {
            return Ok(DocumentRelease::new(
                id,
                IdentifiedBy::Sample,
                beside.listed(),
            ));
        }
        if let Some(id) = identify_sample(&evidence, stated, self.sample)? {
            return Ok(DocumentRelease::new(id, IdentifiedBy::Sample, None));
        }
        if let Some(stated) = stated {
            let forced = self.insisted(&evidence, stated)?;
            let id = match &beside {
                Beside::Listing { id, .. } => *id,
                Beside::Documents(_) => self.newest_stored(code_set, stated),
            };
            return Ok(DocumentRelease {
                forced,
                ..DocumentRelease::new(id, IdentifiedBy::Statement, beside.listed())
            });
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
                    let by = match &own {
                        _ if identified_by == IdentifiedBy::Sample => identified_by,
                        Ok(own) if own.ids.len() == 1 => own.by,
                        _ => IdentifiedBy::OrderFile,
                    };
                    return Ok(DocumentRelease::new(id, by, listed));
                }
                &[]
            }
            Beside::Documents(mates) => mates,
        };
        let mut own = match (own, mates) {
            (Ok(own), _) => own,
            (Err(_), [one]) => return Ok(DocumentRelease::new(*one, IdentifiedBy::Name, None)),
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
            [one] => Ok(DocumentRelease::new(
                self.newest_stored(code_set, *one),
                own.by,
                None,
            )),
            several => Err(ambiguous(&evidence, several)),
        }
    }

    /// Returns a release that is stored or about to be, or else the newest correction of it that is.
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

    /// Reads a file around the order file, and parses it if its bytes are new.
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
            forced,
        } = posted;
        let item = Item {
            code_set,
            id,
            kind: ReleasePart::Document(kind),
        };
        if self.contested.contains(&item) {
            return Err(item.error().in_file(shown));
        }
        let is_release = |seen: &&mut StoredSummary| seen.code_set == code_set && seen.id == id;
        let release = self.seen.iter_mut().find(is_release);
        let stands_in = kind == DocumentKind::Tabular && release.is_none();
        let is_homeless = release.is_none() && !stands_in;
        let is_stored = self.seen_documents.contains(&(kind, file.sha256.clone()));
        let is_other = release.is_some_and(|release| {
            let mut of_kind = release.documents.iter().filter(|(other, _)| *other == kind);
            of_kind.any(|(_, sha256)| *sha256 != file.sha256)
        });
        let has_it = self.seen.iter().any(|seen| {
            let mut documents = seen.documents.iter();
            seen.code_set == code_set
                && seen.id == id
                && documents.any(|(other, sha256)| *other == kind && *sha256 == file.sha256)
        });
        if let Some(reason) = forced.as_ref().filter(|_| !stands_in) {
            self.refuse_unmarked(code_set, id, reason)
                .map_err(|error| error.in_file(shown.as_str()))?;
        }
        let mut notes = Vec::new();
        // A table that stands beside another is read to see whether it is a copy.
        // Bytes that another release has may still be too few for this one.
        let is_settled =
            has_it || self.is_known_document(kind, &file.sha256, archive_sha256.as_deref());
        let contents = if is_stored && is_settled && !stands_in && !is_other && !is_homeless {
            DocumentPart::Stored
        } else {
            let document = parse_document(kind, &file.name, &bytes)
                .map_err(|error| error.in_file(shown.as_str()))?;
            if let Document::ConversionTable(table) = &document {
                notes.push(readings(table));
            }
            if !stands_in
                && !is_homeless
                && prepared.identified_by != IdentifiedBy::Sample
                && !self.is_known_document(kind, &file.sha256, archive_sha256.as_deref())
                && let Some(reason) = self.document_lacks(kind, id, &document)
            {
                self.allow_part(code_set, id, &reason)
                    .map_err(|error| error.in_file(shown.as_str()))?;
                notes.push(format!("it may be only a part: {reason}"));
            } else if !is_homeless
                && prepared.identified_by != IdentifiedBy::Sample
                && !self.is_known_document(kind, &file.sha256, archive_sha256.as_deref())
                && self.has_known_bytes(kind, id)
            {
                notes.push(other_bytes(kind.label(), id));
            } else if !is_homeless && prepared.identified_by != IdentifiedBy::Sample {
                notes.extend(self.fewer_note(kind, id, &document));
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
                        forced: forced.as_deref(),
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
            return Err(
                without_release(kind.label(), &format!("{} {id}", code_set.name())).in_file(shown),
            );
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

    /// Checks whether the catalogue knows the bytes of the document of this kind of a release.
    fn has_known_bytes(&self, kind: DocumentKind, id: ReleaseId) -> bool {
        let known = self.catalogue.find(kind.code_set(), id);
        known.is_some_and(|known| known.documents.iter().any(|known| known.kind == kind))
    }

    /// Returns what a document lacks that stands beside an order file: a tabular list rows of that file, or what the
    /// nearest release has that the catalogue knows, any other what the nearest document of its kind has.
    fn document_lacks(
        &self,
        kind: DocumentKind,
        id: ReleaseId,
        document: &Document,
    ) -> Option<String> {
        if let Document::Tabular(tabular) = document {
            let extent = Extent::of_entries(kind.code_set(), &expanded_entries(tabular));
            if self.counts_are_known(&extent, id) {
                return self
                    .lacks(id, &extent, true)
                    .or_else(|| self.counts_differ(id, &extent));
            }
            let Some(rows) = self.rows_of_order_file(kind.code_set(), id) else {
                return self.lacks(id, &extent, false);
            };
            let lacks = self.lacks(id, &extent, true);
            return lacks.or_else(|| {
                (extent.rows != rows).then(|| {
                    format!(
                        "it has {} rows, and the order file of {id} has {rows}",
                        extent.rows
                    )
                })
            });
        }
        let (nearest, known) = self.nearest_document(kind, id)?;
        Outline::of(document)?.lacks(id, nearest, known)
    }

    /// Returns the note on a document of a release to come that has fewer entries than the nearest before it: so few
    /// fewer that it may be whole. No official one has.
    fn fewer_note(&self, kind: DocumentKind, id: ReleaseId, document: &Document) -> Option<String> {
        let (nearest, known) = self.nearest_document(kind, id)?;
        let outline = Outline::of(document).filter(|_| nearest < id.edition())?;
        outline.fewer(nearest, known)
    }

    /// Returns the nearest document of a kind that the catalogue knows: that of the release itself, else of one before.
    fn nearest_document(
        &self,
        kind: DocumentKind,
        id: ReleaseId,
    ) -> Option<(ReleaseId, &KnownDocument)> {
        let known = self.catalogue.of(kind.code_set());
        let documents = known.flat_map(|known| {
            let of_kind = known.documents.iter().filter(|known| known.kind == kind);
            of_kind.map(|document| (known.id, document))
        });
        documents.min_by_key(|(known, _)| (*known > id.edition(), known.days_from(id)))
    }

    /// Checks that a part of a document may be taken: beside a part of a release, whose answers say so.
    fn allow_part(&self, code_set: CodeSet, id: ReleaseId, reason: &str) -> Result<()> {
        let is_part = self.seen.iter().any(|seen| {
            seen.code_set == code_set && seen.id == id && seen.trust.incomplete.is_some()
        });
        match self.options.allow_incomplete {
            true if is_part => Ok(()),
            true => Err(Error::format(format!("it looks cut off or changed: {reason}"),
            )
            .with_hint("download it again; --allow-incomplete imports a part only with an order file that is also a part, because no answer would say so")),
            false => Err(looks_cut_off(reason)),
        }
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
        let missing = self
            .lacks(
                id,
                &extent,
                self.counts_are_known(&extent, id) || posted.forced.is_some(),
            )
            .or_else(|| self.counts_differ(id, &extent))
            .filter(|_| !is_sample);
        if let Some(reason) = &missing
            && !self.options.allow_incomplete
        {
            return Err(Error::format(format!("no order file of {id} is loaded, and of the rows that this list gives: {reason}"),
            )
            .with_hint("import the order file, or a whole list; --allow-incomplete imports a part on purpose, and every answer will say so"));
        }
        notes.push(format!(
            "no order file of {id} is loaded: its {} rows ({} billable) come from this list, without short titles",
            extent.rows, extent.billable
        ));
        match &missing {
            Some(reason) => notes.push(format!("only a part: {reason}")),
            None => notes.extend(self.lost_note(id, &extent)),
        }
        if let Some(reason) = posted.forced {
            notes.push(format!("against the evidence: {reason}"));
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
            forced: posted.forced.map(str::to_owned),
        };
        self.seen.push(StoredSummary {
            code_set,
            id,
            sha256: posted.sha256.to_owned(),
            rows: entries.len() as u64,
            trust: trust.clone(),
            listed_by: ListedBy::Tabular,
            documents: Vec::new(),
            is_of_command: true,
            is_new: true,
        });
        Ok((entries, trust))
    }
}

/// Parses a file around the order file.
pub(super) fn parse_document(kind: DocumentKind, name: &str, bytes: &[u8]) -> Result<Document> {
    Ok(match kind {
        DocumentKind::Tabular => Document::Tabular(parse_tabular(bytes)?),
        DocumentKind::Index(_) => Document::Index(parse_index(bytes)?),
        DocumentKind::PcsTables => Document::PcsTables(parse_pcs_tables(bytes)?),
        DocumentKind::PcsDefinitions => Document::PcsDefinitions(parse_pcs_definitions(bytes)?),
        DocumentKind::PcsIndex => Document::PcsIndex(parse_pcs_index(bytes)?),
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

/// Returns the rows that a tabular list expands to. It knows no short titles.
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
