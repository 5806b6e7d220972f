//! What CMS itself counts between two releases.

use std::collections::BTreeSet;

use super::addenda_base::AddendaBase;
use crate::error::Result;
use crate::model::{
    AddendaAction, Change, CmsCounts, CmsFooter, Code, CodeSet, ReleaseId, StoredRelease,
    count_by_kind,
};
use crate::store::Store;

/// Returns the footer of the addenda that leads from one release to another; `None` if no such addenda is
/// loaded or it has no footer.
///
/// `changes` are all changes between the two. The bundled sample's addenda are cut, with footers of their own,
/// so that nothing is quoted from them.
pub(super) fn cms_footer(
    store: &Store,
    stored: &[StoredRelease],
    code_set: CodeSet,
    (old, new): (ReleaseId, ReleaseId),
    changes: &[Change],
) -> Result<Option<CmsFooter>> {
    let find = |id: ReleaseId| {
        stored
            .iter()
            .find(|one| one.release.code_set == code_set && one.release.id == id)
    };
    let (Some(old), Some(file)) = (find(old), find(new).and_then(|one| one.addenda.as_ref()))
    else {
        return Ok(None);
    };
    let Some(addenda) = store.addenda(code_set, new)? else {
        return Ok(None);
    };
    let Some([_, codes]) = &addenda.footer else {
        return Ok(None);
    };
    if !AddendaBase::of(stored, code_set, new, &addenda, false)?.is(old) {
        return Ok(None);
    }
    let revised: BTreeSet<Code> = addenda
        .rows
        .iter()
        .filter(|row| row.entry.billable && row.action == AddendaAction::ReviseTo)
        .map(|row| row.entry.code)
        .collect();
    let is_billable = |change: &Change| {
        let sides = [&change.old, &change.new];
        let mut entries = sides.into_iter().map(Option::as_ref);
        entries.all(|entry| entry.is_some_and(|entry| entry.billable))
    };
    let left_out = changes
        .iter()
        .filter(|change| is_billable(change) && !revised.contains(&change.code));
    Ok(Some(CmsFooter {
        file: file.published.name.clone(),
        counts: CmsCounts {
            new: codes.counts.additions,
            deleted: codes.counts.deletions,
            revised: codes.counts.revisions,
        },
        left_out: count_by_kind(left_out),
    }))
}
