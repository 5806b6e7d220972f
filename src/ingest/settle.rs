//! Which release an order file is, once its bytes are known: the release itself, a correction of it, or a
//! file to refuse.

use crate::error::{Error, ErrorKind, Result};
use crate::model::{CodeSet, ListedBy, ReleaseId};
use crate::source::catalogue::{KnownRelease, Provenance};
use crate::source::identify::IdentifiedBy;

use super::prepare::Preparer;

/// A whole order file has more rows than this by far.
const WHOLE: u64 = 10_000;

/// An order file whose release is to be settled.
#[derive(Clone, Copy)]
pub(super) struct Posted<'a> {
    pub(super) code_set: CodeSet,
    pub(super) sha256: &'a str,
    pub(super) rows: u64,
    pub(super) billable: u64,
    pub(super) shown: &'a str,
}

impl Preparer {
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
            .min_by_key(|seen| seen.id.days_from(id))
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
    pub(super) fn settle(
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
