//! Which release an order file is, once its rows are known: a new one, one that is stored, a correction of it,
//! or a file to refuse.

use crate::error::{Error, ErrorKind, Result};
use crate::model::{CodeSet, ListedBy, Provenance, ReleaseId, ReleasePart, Trust};
use crate::parse::order::Envelope;
use crate::source::archive::ArchiveFile;
use crate::source::catalogue::{Catalogue, OrderFileFacts};

use super::complete::{Extent, lacks, looks_cut_off, losses, losses_in_words};
use super::preparer::{Preparer, StoredSummary};
use super::rivals::Item;

/// An order file whose release is to be resolved.
#[derive(Clone, Copy)]
pub(super) struct Posted<'a> {
    pub(super) code_set: CodeSet,
    pub(super) sha256: &'a str,
    pub(super) extent: &'a Extent,
    pub(super) archive: Option<&'a ArchiveFile>,
    /// Rows and billable rows by the footer of the addenda posted with it.
    pub(super) counted: Option<(u64, u64)>,
    /// What stands around its rows; `None` if the bytes are known.
    pub(super) envelope: Option<&'a Envelope>,
    pub(super) shown: &'a str,
}

impl Posted<'_> {
    /// Returns what differs from the official layout around the rows, as the end of a note; empty if nothing does.
    fn differs(&self) -> String {
        match self.envelope.map(Envelope::describe) {
            Some(differs) if !differs.is_empty() => format!(" ({differs})"),
            _ => String::new(),
        }
    }

    /// Checks whether the addenda posted with the file counts its rows, and it has as many.
    fn is_counted(&self) -> bool {
        self.counted == Some((self.extent.rows, self.extent.billable))
    }

    /// Returns what the file lacks by its own end and by the addenda posted with it.
    fn lacks(&self) -> Option<String> {
        // A title that is cut off looks like a shorter one.
        if self.envelope.is_some_and(Envelope::ends_without_line_end) {
            return Some("its last line has no end, so its last title may be cut off".to_owned());
        }
        let (rows, billable) = self.counted?;
        let found = (self.extent.rows, self.extent.billable);
        (found != (rows, billable)).then(|| {
            format!(
                "it has {} rows ({} billable), and the addenda posted with it counts {rows} ({billable} billable)",
                found.0, found.1
            )
        })
    }
}

/// What an order file is.
pub(super) enum Resolved {
    /// The release is stored with these rows.
    Stored {
        /// The release, with its revision.
        id: ReleaseId,
        /// How far the release can be trusted with these bytes, if they are better known than the stored ones, or
        /// whole where those are a part: they take their place.
        better: Option<Trust>,
    },
    /// A release, or a correction of one, to be stored.
    New {
        /// The release, with its revision.
        id: ReleaseId,
        /// How far it can be trusted.
        trust: Trust,
    },
}

impl Preparer {
    /// Returns what an order file is. Refuses other rows for a release that is stored or known, unless the user
    /// calls them a correction; a correction that corrects nothing; and a part, unless it is asked for.
    pub(super) fn resolve(
        &mut self,
        id: ReleaseId,
        posted: &Posted<'_>,
        forced: Option<String>,
        notes: &mut Vec<String>,
    ) -> Result<Resolved> {
        let Posted {
            code_set,
            sha256,
            extent,
            shown,
            ..
        } = *posted;
        let name = code_set.name();
        let fail = |kind, message: String| Error::new(kind, message).in_file(shown);
        let facts = self
            .catalogue
            .find(code_set, id)
            .and_then(|known| known.order_file.as_ref());
        let provenance = self.provenance(id, posted);
        let is_known = facts.is_some_and(|facts| facts.rows_sha256 == extent.rows_sha256);
        let missing = match is_known {
            true => None,
            false => {
                let lacks = [
                    self.lacks(id, extent, posted.is_counted() || forced.is_some()),
                    posted.lacks(),
                ];
                let reasons: Vec<String> = lacks.into_iter().flatten().collect();
                (!reasons.is_empty()).then(|| reasons.join("; "))
            }
        };
        if let Some(seen) = self.stored_with(code_set, id.edition(), &extent.rows_sha256) {
            if self.options.release.map(|name| name.of(code_set)) == Some(id)
                && id.revision() > 0
                && seen.id.revision() == 0
            {
                return Err(fail(
                    ErrorKind::Conflict,
                    format!(
                        "{name} {id} cannot have the rows of {}: it would correct nothing",
                        seen.id
                    ),
                ));
            }
            let has_base = self
                .seen
                .iter()
                .any(|other| other.code_set == code_set && other.id == id.edition());
            if seen.id.revision() > 0 && id.revision() == 0 && !has_base && !self.options.revision {
                return Err(fail(
                    ErrorKind::Conflict,
                    format!(
                        "{name} {} is stored with the rows of {id}: it corrects nothing",
                        seen.id
                    ),
                )
                .with_hint(format!(
                    "remove it with codeyear remove {} --code-set {}, then import this one",
                    seen.id,
                    code_set.id()
                )));
            }
            // The same bytes are the same part, whatever was posted with them this time.
            let is_whole_at_last =
                seen.trust.incomplete.is_some() && missing.is_none() && seen.sha256 != sha256;
            if is_whole_at_last {
                self.refuse_beside_parts(seen.id, code_set)
                    .map_err(|error| error.in_file(shown))?;
            }
            let is_better = is_whole_at_last || provenance.rank() > seen.trust.provenance.rank();
            if seen.sha256 != sha256 && !is_better {
                notes.push(format!(
                    "the rows of {}, which is stored, in other bytes{}",
                    seen.id,
                    posted.differs()
                ));
            }
            let trust = Trust {
                provenance,
                incomplete: match is_whole_at_last {
                    true => None,
                    false => missing.or_else(|| seen.trust.incomplete.clone()),
                },
                ..seen.trust.clone()
            };
            return Ok(Resolved::Stored {
                id: seen.id,
                better: is_better.then_some(trust),
            });
        }
        let item = Item {
            code_set,
            id,
            kind: ReleasePart::OrderFile,
        };
        if provenance == Provenance::Unlisted && self.contested.contains(&item) {
            return Err(item.error().in_file(shown));
        }
        let takes_part = missing.is_some() && self.options.allow_incomplete;
        let stored = self.seen.iter().find(|seen| {
            seen.code_set == code_set && seen.id == id && seen.listed_by == ListedBy::OrderFile
        });
        let replaces_part =
            missing.is_none() && stored.is_some_and(|seen| seen.trust.incomplete.is_some());
        if missing.is_none() {
            self.refuse_beside_parts(id, code_set)
                .map_err(|error| error.in_file(shown))?;
        }
        if let (Some(seen), Some(reason)) = (stored, &missing)
            && seen.trust.incomplete.is_none()
        {
            return Err(fail(
                ErrorKind::Conflict,
                format!("{name} {id} is stored whole, and this looks cut off or changed: {reason}"),
            )
            .with_hint("leave it out; if the publisher posted it anew, download it again"));
        }
        if let (Some(reason), false) = (&missing, takes_part) {
            return Err(looks_cut_off(reason).in_file(shown));
        }
        let conflict = match (stored, facts) {
            (Some(_), _) if !replaces_part => {
                Some(format!("{name} {id} is already stored with other contents"))
            }
            (_, Some(facts))
                if facts.rows_sha256 != extent.rows_sha256 && !takes_part && forced.is_none() =>
            {
                self.unlike_known(id, facts, provenance, posted, notes)
            }
            _ => None,
        };
        // What the catalogue knows is the release itself, and no correction of something that it does not know.
        let wrong = stored.filter(|seen| {
            provenance != Provenance::Unlisted && seen.trust.provenance == Provenance::Unlisted
        });
        let is_revision = self.options.revision
            && wrong.is_none()
            && (conflict.is_some() || (facts.is_none() && id.revision() == 0));
        if (is_revision || id.revision() > 0)
            && !is_known
            && !takes_part
            && let Some(reason) = self.corrects_nothing(code_set, id, extent)
        {
            return Err(looks_cut_off(&reason).in_file(shown));
        }
        if let (Some(message), false) = (&conflict, is_revision) {
            // A file that the catalogue knows is right beside one that it does not, and a whole one beside a part.
            let is_rival = stored.is_some_and(|seen| {
                seen.is_new
                    && provenance == Provenance::Unlisted
                    && seen.trust.provenance == Provenance::Unlisted
                    && missing.is_some() == seen.trust.incomplete.is_some()
            });
            self.rivals = is_rival.then_some(item);
            let hint = match wrong {
                Some(_) => format!(
                    "this file is in the catalogue, what is stored is not: remove that with codeyear remove {id} --code-set {}, then import this one",
                    code_set.id()
                ),
                None => "if the publisher corrected the release, import it with --revision: both are kept and the correction is used".to_owned(),
            };
            return Err(fail(ErrorKind::Conflict, message.clone()).with_hint(hint));
        }
        let id = if is_revision {
            let correction = id.with_revision(self.newest_revision(code_set, id, false) + 1);
            let item = Item {
                id: correction,
                ..item
            };
            if self.contested.contains(&item) {
                return Err(item.error().in_file(shown));
            }
            // Two corrections in one command: which of them answers must not hang on their order.
            if self.newest_revision(code_set, id, true) >= correction.revision() {
                self.rivals = Some(item);
                return Err(item.error().in_file(shown));
            }
            correction
        } else {
            id
        };
        if id.revision() > 0 {
            notes.push(format!(
                "a correction of {}; used instead of it",
                id.edition()
            ));
        }
        if let Some(file) = self.differing_archive(id, posted) {
            notes.push(format!(
                "its archive has another hash than {file} in the catalogue"
            ));
        }
        match &missing {
            Some(reason) => notes.push(format!("only a part: {reason}")),
            None if posted.is_counted() => {}
            None => notes.extend(self.lost_note(id, extent)),
        }
        if let Some(reason) = &forced {
            notes.push(format!("against the evidence: {reason}"));
        }
        match provenance {
            Provenance::Derived | Provenance::Rebuilt => {
                let made = facts.and_then(|facts| facts.made_from.clone());
                notes.push(made.map_or(provenance.label().to_owned(), |made| {
                    format!("{}: {made}", provenance.label())
                }));
            }
            Provenance::SameRows => {
                notes.push(format!("{}{}", provenance.label(), posted.differs()));
            }
            Provenance::Official | Provenance::Unlisted | Provenance::Sample => {}
        }
        Ok(Resolved::New {
            id,
            trust: Trust {
                rows_sha256: extent.rows_sha256.clone(),
                provenance,
                incomplete: missing,
                forced,
            },
        })
    }

    /// Refuses to put a whole order file in the place of a part beside which documents were taken that may be parts
    /// too: they would stay, and no answer would say so any more.
    fn refuse_beside_parts(&self, id: ReleaseId, code_set: CodeSet) -> Result<()> {
        let is_part = |seen: &&StoredSummary| {
            seen.code_set == code_set && seen.id == id && seen.trust.incomplete.is_some()
        };
        let Some(part) = self.seen.iter().find(is_part) else {
            return Ok(());
        };
        let mut unknown = part
            .documents
            .iter()
            .filter(|(kind, sha256)| !self.is_known_document(*kind, sha256, None));
        match unknown.next() {
            None => Ok(()),
            Some((kind, _)) => Err(Error::conflict(format!(
                "{} {id} is stored as a part, and its {} may be one too",
                code_set.name(),
                kind.label()
            ))
            .with_hint(format!(
                "remove it with codeyear remove {id} --code-set {}, then import all its files",
                code_set.id()
            ))),
        }
    }

    /// Returns the stored release of an edition that has some rows.
    fn stored_with(
        &self,
        code_set: CodeSet,
        edition: ReleaseId,
        rows: &str,
    ) -> Option<&StoredSummary> {
        self.seen.iter().find(|seen| {
            seen.code_set == code_set
                && seen.listed_by == ListedBy::OrderFile
                && seen.id.edition() == edition
                && seen.trust.rows_sha256 == rows
        })
    }

    /// Returns how rows differ from those that the catalogue knows; `None` if they may be better than those.
    fn unlike_known(
        &self,
        id: ReleaseId,
        facts: &OrderFileFacts,
        provenance: Provenance,
        posted: &Posted<'_>,
        notes: &mut Vec<String>,
    ) -> Option<String> {
        let Posted {
            code_set, extent, ..
        } = *posted;
        let same_counts = (facts.rows, facts.billable) == (extent.rows, extent.billable);
        if facts.provenance == Provenance::Derived
            && (same_counts || provenance == Provenance::Official)
        {
            notes.push(format!(
                "the catalogue's rows of {id} are of a derived file; these differ from them"
            ));
            return None;
        }
        Some(format!(
            "this is not the {} {id} of the catalogue: expected {} rows ({} billable), found {} ({} billable) with other contents",
            code_set.name(),
            facts.rows,
            facts.billable,
            extent.rows,
            extent.billable,
        ))
    }

    /// Returns why a file is no correction of a release that the catalogue knows: it lost rows, or counts as another
    /// release does. The one correction that was published has two rows more than what it corrects.
    fn corrects_nothing(
        &self,
        code_set: CodeSet,
        id: ReleaseId,
        extent: &Extent,
    ) -> Option<String> {
        let counts = |facts: &OrderFileFacts| (facts.rows, facts.billable);
        let known = self.catalogue.find(code_set, id.edition())?;
        let facts = known.order_file.as_ref()?;
        if extent.rows < facts.rows {
            return Some(format!(
                "it has {} rows and {}, which it would correct, has {}",
                extent.rows, known.id, facts.rows
            ));
        }
        let found = (extent.rows, extent.billable);
        let mut others = self.catalogue.of(code_set);
        let twin = others.find(|other| {
            let facts = other.order_file.as_ref();
            other.id.edition() != known.id && facts.is_some_and(|facts| counts(facts) == found)
        })?;
        (counts(facts) != found).then(|| {
            format!(
                "it has {} rows ({} billable) as {} has, and {}, which it would correct, has {} ({} billable)",
                extent.rows, extent.billable, twin.id, known.id, facts.rows, facts.billable
            )
        })
    }

    /// Returns what a release lacks beside the nearest ones that the catalogue knows.
    pub(super) fn lacks(
        &self,
        id: ReleaseId,
        extent: &Extent,
        losses_are_explained: bool,
    ) -> Option<String> {
        let (code_set, id) = (extent.code_set, id.edition());
        let nearest = nearest(self.catalogue, code_set, id)?;
        let before = nearest_before(self.catalogue, code_set, id);
        lacks(extent, nearest, before, losses_are_explained)
    }

    /// Returns the note on the categories of which a release that the catalogue does not know has fewer rows than the
    /// nearest one before it: so few that it may be whole.
    pub(super) fn lost_note(&self, id: ReleaseId, extent: &Extent) -> Option<String> {
        let (code_set, id) = (extent.code_set, id.edition());
        let (before, facts) = nearest_before(self.catalogue, code_set, id)?;
        let losses = losses(extent, facts);
        (before < id && !losses.is_empty()).then(|| losses_in_words(code_set, &losses, before))
    }

    /// Returns how many rows the order file of a release has that is stored whole.
    pub(super) fn rows_of_order_file(&self, code_set: CodeSet, id: ReleaseId) -> Option<u64> {
        let mut seen = self.seen.iter();
        let stored = seen.find(|seen| {
            seen.code_set == code_set
                && seen.id == id
                && seen.listed_by == ListedBy::OrderFile
                && seen.trust.incomplete.is_none()
        });
        stored.map(|seen| seen.rows)
    }

    /// Checks whether the catalogue counts the rows of a release, so that a tabular list of it is compared with them.
    pub(super) fn counts_are_known(&self, extent: &Extent, id: ReleaseId) -> bool {
        let known = self.catalogue.find(extent.code_set, id);
        known.is_some_and(|known| known.order_file.is_some())
    }

    /// Returns how the counts of a tabular list differ from those of the order file that the catalogue knows. The
    /// list of a release gives the very codes of its order file; its short titles it does not know.
    pub(super) fn counts_differ(&self, id: ReleaseId, extent: &Extent) -> Option<String> {
        let known = self.catalogue.find(extent.code_set, id)?;
        let facts = known.order_file.as_ref()?;
        let differs = (facts.rows, facts.billable) != (extent.rows, extent.billable);
        differs.then(|| {
            format!(
                "it has {} rows ({} billable), and the order file of {id} has {} ({} billable)",
                extent.rows, extent.billable, facts.rows, facts.billable
            )
        })
    }

    /// Returns the number of the newest correction of a release that is stored or known; with those of this command
    /// that are not stored yet, or without.
    fn newest_revision(&self, code_set: CodeSet, id: ReleaseId, with_new: bool) -> u32 {
        let stored = self.seen.iter().filter(|seen| seen.code_set == code_set);
        let known = self.catalogue.of(code_set).map(|known| known.id);
        stored
            .filter(|seen| with_new || !seen.is_new)
            .map(|seen| seen.id)
            .chain(known)
            .filter(|other| other.edition() == id.edition())
            .map(|other| other.revision())
            .max()
            .unwrap_or(0)
    }

    /// Returns the official archive whose name the archive of an order file has, with other bytes; `None` of a file that
    /// is known otherwise.
    fn differing_archive(&self, id: ReleaseId, posted: &Posted<'_>) -> Option<&str> {
        let ArchiveFile { name, sha256 } = posted.archive?;
        if self.provenance(id, posted) != Provenance::Unlisted {
            return None;
        }
        let known = self.catalogue.find(posted.code_set, id)?;
        let named = known
            .archives
            .iter()
            .find(|archive| archive.file == *name)?;
        let is_other = named
            .sha256
            .as_deref()
            .is_some_and(|known| known != sha256.as_str());
        is_other.then_some(named.file.as_str())
    }

    /// Returns how well the bytes of an order file are known as those of a release.
    fn provenance(&self, id: ReleaseId, posted: &Posted<'_>) -> Provenance {
        let known = self.catalogue.find(posted.code_set, id);
        known.map_or(Provenance::Unlisted, |known| {
            known.provenance_of(
                posted.sha256,
                &posted.extent.rows_sha256,
                posted.archive.map(|archive| archive.sha256.as_str()),
            )
        })
    }
}

/// Returns the release nearest in time whose rows the catalogue knows: the release itself, if it is one of them.
fn nearest(
    catalogue: &Catalogue,
    code_set: CodeSet,
    id: ReleaseId,
) -> Option<(ReleaseId, &OrderFileFacts)> {
    catalogue
        .of(code_set)
        .filter_map(|known| Some((known.id, known.order_file.as_ref()?)))
        .min_by_key(|(known, _)| known.days_from(id))
}

/// Returns the release nearest in time, and not later, whose rows the catalogue knows.
fn nearest_before(
    catalogue: &Catalogue,
    code_set: CodeSet,
    id: ReleaseId,
) -> Option<(ReleaseId, &OrderFileFacts)> {
    let known = catalogue.of(code_set).filter(|known| known.id <= id);
    known
        .filter_map(|known| Some((known.id, known.order_file.as_ref()?)))
        .max_by_key(|(known, _)| *known)
}
