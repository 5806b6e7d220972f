//! Which release a file is of, by the evidence, by the other files of the command, and by what the user states.

use crate::error::{Error, Result};
use crate::model::{CodeSet, DocumentKind, ReleaseId};
use crate::source::archive::FoundFile;
use crate::source::identify::{
    Evidence, IdentifiedBy, ambiguous, candidates, contradiction, identify_sample,
};

use super::preparer::Preparer;

/// The release that a file was found to be of.
pub(super) struct Identified {
    pub(super) id: ReleaseId,
    pub(super) by: IdentifiedBy,
    /// What speaks against it, if the user insists.
    pub(super) forced: Option<String>,
}

impl Preparer {
    /// Checks whether a file of so many rows may be a copy of a release of this command that lost some or was
    /// changed, and no update of it: updates add rows.
    fn may_be_damaged(&self, code_set: CodeSet, id: ReleaseId, rows: Option<u64>) -> bool {
        let mut listed = self.listed.iter();
        listed.any(|listed| {
            listed.code_set == code_set
                && listed.edition == id
                && rows.is_some_and(|rows| rows <= listed.rows)
        })
    }

    /// Returns the release of an order file of so many rows, or of an addenda: by what the user states, else by the
    /// evidence.
    pub(super) fn identify(
        &self,
        evidence: &Evidence<'_>,
        rows: Option<u64>,
        documents: &[(DocumentKind, FoundFile)],
    ) -> Result<Identified> {
        let stated = self.options.release.map(|name| name.of(evidence.code_set));
        if let Some(id) = identify_sample(evidence, stated, self.sample)? {
            return Ok(Identified {
                id,
                by: IdentifiedBy::Sample,
                forced: None,
            });
        }
        if let Some(stated) = stated {
            let forced = self.insisted(evidence, stated)?;
            return Ok(Identified {
                id: stated,
                by: IdentifiedBy::Statement,
                forced,
            });
        }
        let mut found = candidates(self.catalogue, evidence, self.options.today)?;
        if found.ids.len() > 1 {
            // What another file of this command is, this one is not.
            let others = |id: &ReleaseId| {
                self.listed.iter().any(|listed| {
                    listed.code_set == evidence.code_set
                        && listed.edition == *id
                        && Some(listed.rows_sha256.as_str()) != evidence.rows_sha256
                })
            };
            if evidence.order_sha256.is_some()
                && !found.ids.iter().all(others)
                && !found
                    .ids
                    .iter()
                    .any(|id| others(id) && self.may_be_damaged(evidence.code_set, *id, rows))
            {
                found.ids.retain(|id| !others(id));
            }
            if evidence.order_sha256.is_some()
                && found.ids.len() > 1
                && let [one] = self.known_by_lists(documents).as_slice()
                && found.ids.contains(one)
            {
                found.ids = vec![*one];
                found.by = IdentifiedBy::Hash;
            }
            // The addenda of an order file that came without it.
            if evidence.order_sha256.is_none() {
                self.keep_those_of_command(evidence.code_set, &mut found.ids);
            }
        }
        match found.ids.as_slice() {
            [one] => Ok(Identified {
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

    /// Returns the releases whose tabular lists lie beside an order file, by their hashes. Releases that list the same
    /// codes have each a list of their own.
    fn known_by_lists(&self, documents: &[(DocumentKind, FoundFile)]) -> Vec<ReleaseId> {
        let lists = documents
            .iter()
            .filter(|(kind, _)| *kind == DocumentKind::Tabular);
        let hashes: Vec<String> = lists
            .filter_map(|(_, found)| found.read_hashed().ok())
            .map(|(_, sha256)| sha256)
            .collect();
        let known = self.catalogue.of(DocumentKind::Tabular.code_set());
        known
            .filter(|known| {
                let mut documents = known.documents.iter();
                documents.any(|document| hashes.contains(&document.sha256))
            })
            .map(|known| known.id)
            .collect()
    }

    /// Checks whether an addenda is not of the order file that it lies beside: the catalogue knows the order file as
    /// that of another release. Of an order file that is not known the addenda is evidence.
    pub(super) fn are_apart(&self, order: &Evidence<'_>, addenda: &Evidence<'_>) -> bool {
        let of = |evidence| candidates(self.catalogue, evidence, self.options.today);
        let (Ok(of_order), Ok(of_addenda)) = (of(order), of(addenda)) else {
            return false;
        };
        let shares = of_order.ids.iter().any(|id| {
            let mut others = of_addenda.ids.iter();
            others.any(|other| other.edition() == id.edition())
        });
        let is_known = matches!(
            of_order.by,
            IdentifiedBy::Hash | IdentifiedBy::Rows | IdentifiedBy::Archive
        );
        !shares && is_known
    }

    /// Filters the releases by those that files of this command list, if there is one among them.
    pub(super) fn keep_those_of_command(&self, code_set: CodeSet, ids: &mut Vec<ReleaseId>) {
        let is_listed = |id: &ReleaseId| {
            self.listed
                .iter()
                .any(|listed| listed.code_set == code_set && listed.edition == id.edition())
        };
        if ids.iter().any(is_listed) {
            ids.retain(is_listed);
        }
    }

    /// Checks what the user states against the evidence. Returns what speaks against it, if the user insists.
    pub(super) fn insisted(
        &self,
        evidence: &Evidence<'_>,
        stated: ReleaseId,
    ) -> Result<Option<String>> {
        let against = stated
            .off_calendar(evidence.code_set)
            .or_else(|| contradiction(self.catalogue, evidence, stated, self.options.today));
        match against {
            Some(reason) if !self.options.force => {
                Err(Error::conflict(reason).in_file(evidence.shown).with_hint(
                    "leave --release out, or override with --force: every answer will say so",
                ))
            }
            against => Ok(against),
        }
    }

    /// Refuses what the user insists on against the evidence where no answer would say so: beside a release that
    /// is not marked itself.
    pub(super) fn refuse_unmarked(
        &self,
        code_set: CodeSet,
        id: ReleaseId,
        reason: &str,
    ) -> Result<()> {
        let is_marked = self
            .seen
            .iter()
            .any(|seen| seen.code_set == code_set && seen.id == id && seen.trust.forced.is_some());
        if is_marked {
            return Ok(());
        }
        Err(Error::conflict(format!(
            "{reason}; --force works for order files, and for tabular lists that replace one"
        ))
        .with_hint("leave --release out"))
    }
}

/// Returns what the place and name of a file say of it.
pub(super) fn evidence_of(code_set: CodeSet, found: &FoundFile) -> Evidence<'_> {
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
