//! Which document an answer consults: that of the release in force, or the nearest if the user asks for it.

use crate::error::Result;
use crate::model::{DocumentKind, DocumentSource, ReleaseId, StoredDocument};
use crate::store::Store;

/// What to show on a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShowOptions {
    /// Where the release in force has no tabular list, index or table, consult the nearest release's, and
    /// say so.
    pub nearest: bool,
}

/// Finds the document of a kind that a page is to rest on.
pub(super) fn consult(
    store: &Store,
    release: ReleaseId,
    kind: DocumentKind,
    options: ShowOptions,
) -> Result<(DocumentSource, Option<StoredDocument>)> {
    if let Some(document) = store.document(release, kind)? {
        let consulted = DocumentSource::Own {
            release,
            file: document.file.published.clone(),
        };
        return Ok((consulted, Some(document)));
    }
    let nearest = store
        .documents(kind)?
        .into_iter()
        .min_by_key(|document| document.release.days_from(release));
    Ok(match nearest {
        Some(document) if options.nearest => (
            DocumentSource::Nearest {
                missing: release,
                release: document.release,
                file: document.file.published.clone(),
            },
            Some(document),
        ),
        nearest => (
            DocumentSource::Missing {
                missing: release,
                nearest: nearest.map(|document| document.release),
            },
            None,
        ),
    })
}
