//! What changed between the tabular lists of two releases.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::model::{
    Code, CodeRange, CodeSet, DocumentKind, NotesReport, ReleaseId, StoredDocument, Tabular,
    TabularPairs,
};
use crate::store::Store;

/// Refuses a code set that has no tabular list.
pub(super) fn require_tabular(code_set: CodeSet) -> Result<()> {
    if code_set.has(DocumentKind::Tabular) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "{} has no tabular list, so it has no notes",
        code_set.name()
    ))
    .with_hint(format!(
        "leave out --notes, or compare releases of {}",
        DocumentKind::Tabular.code_set().name()
    )))
}

/// Compares the tabular lists of two releases of ICD-10-CM: all, or what is about some codes.
///
/// # Errors
/// [`crate::ErrorKind::NotFound`] if one of the two has none, with those that have; another release's list never
/// stands in for it.
pub(super) fn notes(
    store: &Store,
    (old, new): (ReleaseId, ReleaseId),
    under: &[CodeRange],
    only: Option<&BTreeSet<Code>>,
) -> Result<NotesReport> {
    let find = |id: ReleaseId| store.document(id, DocumentKind::Tabular);
    let (Some(old_list), Some(new_list)) = (find(old)?, find(new)?) else {
        return Err(missing(store, [old, new])?);
    };
    let old_tabular = store.tabular(&old_list)?;
    let sources = [&old_list, &new_list].map(|list: &StoredDocument| list.file.published.clone());
    let compare = |new_tabular: &Tabular| {
        let pairs = TabularPairs::new(&old_tabular, new_tabular);
        if under.is_empty() && only.is_none() {
            pairs.changes()
        } else {
            pairs.changes_about(under, only)
        }
    };
    // Releases with the same file have the same list.
    let changes = if old_list.file.published.sha256 == new_list.file.published.sha256 {
        Vec::new()
    } else {
        compare(&store.tabular(&new_list)?)
    };
    Ok(NotesReport { changes, sources })
}

/// Returns the error that tells which of two releases have no tabular list, and which releases near them have one.
fn missing(store: &Store, sides: [ReleaseId; 2]) -> Result<Error> {
    let loaded: Vec<ReleaseId> = store
        .documents(DocumentKind::Tabular)?
        .into_iter()
        .map(|document| document.release)
        .collect();
    let mut lacking: Vec<ReleaseId> = sides
        .into_iter()
        .filter(|side| !loaded.contains(side))
        .collect();
    lacking.dedup();
    let names = |ids: &[ReleaseId], joint: &str| {
        let names: Vec<String> = ids.iter().map(ReleaseId::to_string).collect();
        names.join(joint)
    };
    let message = format!("no tabular list is loaded for {}", names(&lacking, " and "));
    let nearest: Vec<String> = lacking
        .iter()
        .filter_map(|side| {
            let nearest = loaded.iter().min_by_key(|other| other.days_from(*side))?;
            Some(format!("nearest to {side} is {nearest}"))
        })
        .collect();
    let hint = if loaded.is_empty() {
        "import the tabular list in XML with its release; none is loaded".to_owned()
    } else {
        format!("loaded: {}; {}", names(&loaded, ", "), nearest.join(", "))
    };
    Ok(Error::not_found(message).with_hint(hint))
}
