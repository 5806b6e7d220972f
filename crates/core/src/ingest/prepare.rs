//! From files as published to values ready to be written: read, identified, parsed, settled.

use crate::parse::parse_listing;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{CodeSet, DocumentKind, ListedBy, Provenance, ReleaseId, Trust};
use crate::parse::addenda::parse_order_addenda;
use crate::parse::order::OrderFile;
use crate::source::archive::FoundFile;
use crate::source::identify::{Evidence, IdentifiedBy};
use crate::source::kind::FileKind;

use super::ahead::Ahead;
use super::complete::{Extent, looks_cut_off};
use super::documents::{Beside, other_bytes};
use super::group::Package;
use super::identity::{Identified, evidence_of};
use super::message::{Message, Order, Part, PostedAddenda, Prepared};
use super::preparer::{Listed, Preparer, StoredSummary};
use super::resolve::{Posted, Resolved};

/// An order file, read.
struct ReadOrder<'p> {
    found: &'p FoundFile,
    sha256: String,
    extent: Extent,
    /// Its rows; `None` if the bytes are known.
    parsed: Option<Arc<OrderFile>>,
    /// Its rows, if they are at hand.
    at_hand: Option<Arc<OrderFile>>,
}

impl ReadOrder<'_> {
    /// Checks whether the last line has no end.
    fn ends_open(&self) -> bool {
        let parsed = self.parsed.as_ref();
        parsed.is_some_and(|order| order.envelope().ends_without_line_end())
    }
}

/// An order addenda, read.
struct ReadAddenda<'p> {
    found: &'p FoundFile,
    sha256: String,
    contents: PostedAddenda,
    /// What it lacks by its own footer, if it was taken on purpose.
    lacks: Option<String>,
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
        std::thread::scope(|scope| {
            *self.ahead.borrow_mut() = Some(Ahead::begin(scope, &listings));
            let prepared = catch_unwind(AssertUnwindSafe(|| {
                for package in listings {
                    self.prepare(package, false, tell);
                }
            }));
            // Without a reader the other thread ends, for which the scope waits whatever happens.
            *self.ahead.borrow_mut() = None;
            if let Err(panic) = prepared {
                resume_unwind(panic);
            }
        });
        let undecided = std::mem::take(&mut self.postponed);
        let (order_files, others): (Vec<Package>, Vec<Package>) = undecided
            .into_iter()
            .partition(|package| package.order.is_some());
        let (addenda, mut others): (Vec<Package>, Vec<Package>) = others
            .into_iter()
            .partition(|package| package.addenda.is_some());
        for undecided in [&order_files, &addenda] {
            self.record_listed();
            for package in undecided {
                self.prepare(package, true, tell);
            }
        }
        self.record_listed();
        for package in documents {
            self.prepare(package, false, tell);
        }
        others.append(&mut self.postponed);
        self.record_listed();
        for package in &others {
            self.prepare(package, true, tell);
        }
    }

    /// Records the releases of this command as evidence on the files that follow. Files of
    /// one pass are no evidence on each other, so that their order does not decide.
    fn record_listed(&mut self) {
        self.listed = self
            .seen
            .iter()
            .filter(|seen| seen.is_of_command)
            .map(|seen| Listed {
                code_set: seen.code_set,
                edition: seen.id.edition(),
                rows: seen.rows,
                rows_sha256: seen.trust.rows_sha256.clone(),
            })
            .collect();
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
            Some((code_set, found)) => match self.read_addenda(*code_set, found) {
                Ok(addenda) => Some((*code_set, addenda)),
                Err(error) => {
                    tell(Message::Failed(Box::new(error)));
                    None
                }
            },
            None => None,
        };
        let mut kinds = package.documents.iter().map(|(kind, _)| *kind);
        let has_list = kinds.any(|kind| kind == DocumentKind::Tabular);
        // The error of an addenda that cannot be read is told, once.
        let rest = Package {
            addenda: package.addenda.clone().filter(|_| addenda.is_some()),
            ..package.clone()
        };
        let order = match &package.order {
            Some((code_set, found)) => match self.read_order(*code_set, found, has_list, tell) {
                Ok(order) => Some((*code_set, order)),
                Err(error) => {
                    fail_package(&rest, error, tell);
                    return;
                }
            },
            None => None,
        };
        if let (Some((code_set, order)), Some((addenda_set, addenda))) = (&order, &addenda)
            && code_set == addenda_set
            && self.are_apart(
                &Evidence {
                    order_sha256: Some(&order.sha256),
                    rows_sha256: Some(&order.extent.rows_sha256),
                    ..evidence_of(*code_set, order.found)
                },
                &Evidence {
                    addenda_sha256: Some(&addenda.sha256),
                    addenda: Some(&addenda.contents.parsed),
                    ..evidence_of(*code_set, addenda.found)
                },
            )
        {
            let beside = Package {
                addenda: None,
                ..package.clone()
            };
            let alone = Package {
                addenda: package.addenda.clone(),
                ..Package::default()
            };
            self.prepare(&beside, is_last, tell);
            self.prepare(&alone, is_last, tell);
            return;
        }
        let (code_set, first) = match (&order, &addenda) {
            (Some((code_set, order)), _) => (*code_set, order.found),
            (None, Some((code_set, addenda))) => (*code_set, addenda.found),
            (None, None) => {
                self.last_order = None;
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
            addenda: addenda.as_ref().map(|addenda| &addenda.contents.parsed),
            ..evidence_of(code_set, first)
        };
        // It may turn out to have the rows of a file behind it in the command, and then it is whole.
        let is_open = order.as_ref().is_some_and(ReadOrder::ends_open);
        let rows = order.as_ref().map(|order| order.extent.rows);
        let prepared = self
            .identify(&evidence, rows, &package.documents)
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
            Err(error) if (error.kind() == ErrorKind::Ambiguous || is_open) && !is_last => {
                self.rivals = None;
                self.postponed.push(rest);
            }
            Err(error) => match self.rivals.take() {
                Some(item) => {
                    tell(Message::Rivals(item));
                }
                None => fail_package(&rest, error, tell),
            },
        }
    }

    /// Reads an order addenda. One that is not known must have the lines that its footer counts.
    fn read_addenda<'p>(&self, code_set: CodeSet, found: &'p FoundFile) -> Result<ReadAddenda<'p>> {
        let (bytes, sha256) = self.read(found)?;
        let in_file = |error: Error| error.in_file(found.shown.as_str());
        let parsed = parse_order_addenda(code_set, &bytes).map_err(in_file)?;
        let archive_sha256 = found
            .archive
            .as_ref()
            .map(|archive| archive.sha256.as_str());
        let kind = FileKind::OrderAddenda(code_set);
        let is_known = self.sample.iter().any(|file| file.sha256 == sha256)
            || self
                .catalogue
                .of(code_set)
                .any(|known| known.knows_file(kind, &sha256, archive_sha256));
        let lacks = parsed.lacks().filter(|_| !is_known);
        match lacks {
            Some(lacks) if !self.options.allow_incomplete => Err(in_file(looks_cut_off(&lacks))),
            lacks => Ok(ReadAddenda {
                found,
                sha256,
                contents: PostedAddenda { parsed, is_known },
                lacks,
            }),
        }
    }

    /// Reads an order file, and parses it if its bytes are not known, or if a tabular list that came with it is to be
    /// compared with its rows: to read both back from the store would take longer.
    fn read_order<'p>(
        &mut self,
        code_set: CodeSet,
        found: &'p FoundFile,
        has_list: bool,
        tell: &mut dyn FnMut(Message) -> bool,
    ) -> Result<ReadOrder<'p>> {
        let (bytes, sha256) = self.read(found)?;
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
        let at_hand = match self.last_order.take() {
            Some((set, last, order)) if set == code_set && last == sha256 => Some(order),
            _ => None,
        };
        self.last_order = at_hand
            .clone()
            .map(|order| (code_set, sha256.clone(), order));
        let has_new_list = has_list
            && !self.seen.iter().any(|seen| {
                let mut kinds = seen.documents.iter().map(|(kind, _)| *kind);
                seen.sha256 == sha256 && kinds.any(|kind| kind == DocumentKind::Tabular)
            });
        if let Some(facts) = known.filter(|_| is_stored) {
            let at_hand = match at_hand {
                None if has_new_list => parse_listing(code_set, bytes).ok().map(Arc::new),
                at_hand => at_hand,
            };
            return Ok(ReadOrder {
                found,
                sha256,
                extent: Extent::of_known(code_set, facts),
                parsed: None,
                at_hand,
            });
        }
        tell(Message::Parsing(code_set));
        let parsed =
            parse_listing(code_set, bytes).map_err(|error| error.in_file(found.shown.as_str()))?;
        let parsed = Arc::new(parsed);
        self.last_order = Some((code_set, sha256.clone(), Arc::clone(&parsed)));
        Ok(ReadOrder {
            found,
            sha256,
            extent: Extent::of_order_file(code_set, &parsed, known),
            parsed: Some(Arc::clone(&parsed)),
            at_hand: Some(parsed),
        })
    }

    /// Prepares an order file and addenda, whose release is known, to be written.
    fn prepare_listing(
        &mut self,
        code_set: CodeSet,
        told: Identified,
        order: Option<ReadOrder<'_>>,
        addenda: Option<ReadAddenda<'_>>,
    ) -> Result<(Prepared, Option<Arc<OrderFile>>)> {
        let Identified { id, by, forced } = told;
        let told_against = forced.clone();
        let mut prepared = Prepared::new(self.catalogue, code_set, id, by);
        let mut listed = None;
        if let Some(order) = order {
            let counted = addenda.as_ref().and_then(|addenda| {
                let [headers, codes] = addenda.contents.parsed.footer.as_ref()?;
                Some((headers.new_rows + codes.new_rows, codes.new_rows))
            });
            let at_hand = order.at_hand.clone();
            let (part, id) = self.prepare_order(code_set, id, by, forced, order, counted)?;
            listed = at_hand;
            prepared = Prepared {
                order: Some(part),
                ..Prepared::new(self.catalogue, code_set, id, by)
            };
        }
        if let (None, Some(addenda), Some(reason)) = (&prepared.order, &addenda, &told_against) {
            self.refuse_unmarked(code_set, id, reason)
                .map_err(|error| error.in_file(addenda.found.shown.as_str()))?;
        }
        prepared.addenda = addenda.map(|addenda| {
            let lacks = addenda.lacks.as_ref();
            let part = lacks.map(|lacks| format!("it may be only a part: {lacks}"));
            let known = self.catalogue.find(code_set, prepared.id.edition());
            let is_other = !addenda.contents.is_known
                && known.is_some_and(|known| known.order_addenda.is_some());
            let other = is_other.then(|| other_bytes("order addenda", prepared.id));
            Part {
                shown: addenda.found.shown.clone(),
                file: self.new_file(addenda.found, code_set, &addenda.sha256),
                contents: addenda.contents,
                notes: part.into_iter().chain(other).collect(),
            }
        });
        Ok((prepared, listed))
    }

    /// Returns an order file as stored or new, or refuses it. `counted` are the rows and billable rows by the footer of
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
            at_hand: _,
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
                    better: None,
                },
                None => Resolved::New {
                    id,
                    trust: sample_trust(),
                },
            }
        } else {
            let posted = Posted {
                code_set,
                sha256: &sha256,
                extent: &extent,
                archive: found.archive.as_deref(),
                counted,
                envelope: parsed.as_ref().map(|order| order.envelope()),
                shown: &found.shown,
            };
            self.resolve(id, &posted, forced, &mut notes)?
        };
        let (contents, id) = match (resolved, parsed) {
            (
                Resolved::Stored {
                    id,
                    better: Some(trust),
                },
                parsed,
            ) => {
                for seen in &mut self.seen {
                    if seen.code_set == code_set && seen.id == id {
                        seen.sha256.clone_from(&sha256);
                        seen.rows = extent.rows;
                        seen.trust = trust.clone();
                    }
                }
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
                        return Err(Error::conflict("the file was not parsed")
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
                self.seen.push(StoredSummary {
                    code_set,
                    id,
                    sha256,
                    rows: extent.rows,
                    trust,
                    listed_by: ListedBy::OrderFile,
                    documents,
                    is_of_command: true,
                    is_new: true,
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
}

/// Reports an order file or addenda that cannot be imported, and each file posted with it.
fn fail_package(package: &Package, error: Error, tell: &mut dyn FnMut(Message) -> bool) {
    let what = if package.order.is_some() {
        "the order file that it was posted with was not imported"
    } else {
        "the order addenda that it was posted with was not imported"
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
            let error = Error::conflict(what).in_file(shown);
            goes_on = tell(Message::Failed(Box::new(error)));
        }
    }
}
