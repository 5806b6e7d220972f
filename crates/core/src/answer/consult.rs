//! Which document an answer consults: that of the release in force, that of another release of the same fiscal year, or
//! another year's where the user asks for it or a page shows it folded.

use chrono::NaiveDate;

use crate::error::Result;
use crate::model::{Code, DocumentKind, DocumentSource, OtherBecause, ReleaseId, StoredDocument};
use crate::store::{CodeSource, Store};

/// What to show on a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShowOptions {
    /// Where no release of the fiscal year has a tabular list or index, and where the release in force has no table,
    /// consult the nearest release's, and say so.
    pub nearest: bool,
    /// Where no release of the fiscal year has a tabular list, consult the newest earlier one, if the code is listed in
    /// the same way in both: for a page that shows its notes folded.
    pub earlier: bool,
    /// Find what is around the code too: the categories before and after it, the notes that name it, the code most
    /// like it.
    pub around: bool,
}

/// What the page of a code is asked for.
#[derive(Clone, Copy)]
pub(super) struct PageOf<'a> {
    pub(super) codes: &'a dyn CodeSource,
    pub(super) store: &'a Store,
    pub(super) code: Code,
    pub(super) date: NaiveDate,
    /// The release in force.
    pub(super) release: ReleaseId,
    pub(super) options: ShowOptions,
}

/// Finds the document of a kind that a page is to rest on.
///
/// Another release of the same fiscal year has the notes and index entries of that year. Tables of ICD-10-PCS say which
/// codes there are, so each release has its own.
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
    let documents = store.documents(kind)?;
    let distance = |document: &&StoredDocument| document.release.days_from(release);
    let of_year = documents
        .iter()
        .filter(|document| kind.is_of_fiscal_year() && document.release.year() == release.year());
    if let Some(document) = of_year.min_by_key(distance) {
        return Ok(other(release, document, OtherBecause::SameYear));
    }
    let nearest = documents.iter().min_by_key(distance);
    if let Some(document) = nearest.filter(|_| options.nearest) {
        return Ok(other(release, document, OtherBecause::Asked));
    }
    let earlier = documents
        .iter()
        .filter(|document| document.release < release);
    let earlier = earlier.max_by_key(|document| document.release);
    if let Some(document) = earlier.filter(|_| options.earlier && kind == DocumentKind::Tabular) {
        return Ok(other(release, document, OtherBecause::Earlier));
    }
    Ok((missing(release, nearest.map(|found| found.release)), None))
}

fn other(
    missing: ReleaseId,
    document: &StoredDocument,
    because: OtherBecause,
) -> (DocumentSource, Option<StoredDocument>) {
    let consulted = DocumentSource::Other {
        missing,
        because,
        release: document.release,
        file: document.file.published.clone(),
    };
    (consulted, Some(document.clone()))
}

fn missing(missing: ReleaseId, nearest: Option<ReleaseId>) -> DocumentSource {
    DocumentSource::Missing { missing, nearest }
}

/// Finds the document that the page of a code is to rest on, as [`consult`] does. What the user did not ask for is only
/// taken from another release that lists the code with the same flag and title.
pub(super) fn consult_for(
    page: &PageOf<'_>,
    kind: DocumentKind,
) -> Result<(DocumentSource, Option<StoredDocument>)> {
    let found = consult(page.store, page.release, kind, page.options)?;
    let DocumentSource::Other {
        because: OtherBecause::SameYear | OtherBecause::Earlier,
        release,
        ..
    } = found.0
    else {
        return Ok(found);
    };
    if is_listed_alike(page, release)? {
        return Ok(found);
    }
    Ok(match found.1.filter(|_| page.options.nearest) {
        Some(document) => other(page.release, &document, OtherBecause::Asked),
        None => (missing(page.release, Some(release)), None),
    })
}

/// Checks whether a release lists a code with the flag and title of the day.
fn is_listed_alike(page: &PageOf<'_>, release: ReleaseId) -> Result<bool> {
    let PageOf {
        codes, code, date, ..
    } = *page;
    let mut periods = codes.timeline().periods().iter();
    let Some(period) = periods.find(|period| period.release == release) else {
        return Ok(false);
    };
    let there = codes.entry_on(&code, period.from)?;
    let here = codes.entry_on(&code, date)?;
    Ok(match (there, here) {
        (Some(there), Some(here)) => {
            (there.billable, &there.long_title) == (here.billable, &here.long_title)
        }
        _ => false,
    })
}
