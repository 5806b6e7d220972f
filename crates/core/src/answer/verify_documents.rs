//! Proof of the files around the order file: each against what the order files list.

use serde::Serialize;
use std::collections::BTreeSet;

use crate::error::Result;
use crate::model::{
    Code, DifferenceKind, DocumentKind, ListedBy, ProofOutcome, ReleaseId, StoredDocument,
    StoredRelease,
};
use crate::store::Store;

/// Whether a document agrees with the order file of its release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentProof {
    /// What it is.
    pub kind: DocumentKind,
    /// How it ended. Official files that disagree with each other are `near`, however much: whether the store
    /// holds what was imported is proven by digests and hashes. `failed` means that what is derived from the two
    /// is not what was stored.
    pub outcome: ProofOutcome,
    /// In words.
    pub detail: String,
}

/// How many codes of a kind are named in a detail.
const NAMED: usize = 5;

/// Verifies the documents of a release.
pub(super) fn verify_documents(
    store: &Store,
    one: &StoredRelease,
    sample: bool,
) -> Result<Vec<DocumentProof>> {
    let (code_set, id) = (one.release.code_set, one.release.id);
    let mut proofs = Vec::new();
    for kind in DocumentKind::ALL
        .into_iter()
        .filter(|kind| kind.code_set() == code_set)
    {
        let Some(document) = store.document(id, kind)? else {
            continue;
        };
        let unread = store.document_unread(&document)?;
        let (outcome, mut detail) = match kind {
            DocumentKind::Tabular => tabular(store, id, one.release.listed_by)?,
            DocumentKind::PcsTables => pcs_tables(store, id, &document)?,
            DocumentKind::PcsDefinitions if unread.count() == 0 => continue,
            DocumentKind::PcsDefinitions => (
                ProofOutcome::NotChecked,
                "no order file to compare it with".to_owned(),
            ),
            DocumentKind::PcsIndex => pcs_index(store, id, &document, sample)?,
            DocumentKind::Index(_)
            | DocumentKind::ConversionTable
            | DocumentKind::PoaExemptList => codes_named(store, id, &document, sample)?,
        };
        if let Some(unread) = unread.describe() {
            detail = format!("{detail}; {unread}");
        }
        proofs.push(DocumentProof {
            kind,
            outcome,
            detail,
        });
    }
    Ok(proofs)
}

fn tabular(store: &Store, id: ReleaseId, listed_by: ListedBy) -> Result<(ProofOutcome, String)> {
    if listed_by == ListedBy::Tabular {
        return Ok((
            ProofOutcome::NotChecked,
            "the rows of this release come from it; no order file is loaded to compare it with"
                .into(),
        ));
    }
    let found = store.compare_tabular(id)?;
    let mut stored = store.tabular_differences(id)?;
    let mut sorted = found.clone();
    stored.sort();
    sorted.sort();
    if stored != sorted {
        return Ok((
            ProofOutcome::Failed,
            "the stored differences from the order file are not those found now".into(),
        ));
    }
    let count = |wanted: &dyn Fn(DifferenceKind) -> bool| {
        found.iter().filter(|found| wanted(found.kind)).count()
    };
    let codes = count(&DifferenceKind::is_of_codes);
    let titles = count(&|kind| kind == DifferenceKind::Title);
    let accents = count(&|kind| kind == DifferenceKind::Accents);
    Ok(if codes > 0 {
        let named = named(
            found
                .iter()
                .filter(|found| found.kind.is_of_codes())
                .map(|found| found.code),
        );
        (
            ProofOutcome::Near,
            format!(
                "the imported files disagree: expanded, it differs from the order file in {codes} codes ({named})"
            ),
        )
    } else {
        let outcome = if titles > 0 {
            ProofOutcome::Near
        } else {
            ProofOutcome::Exact
        };
        (
            outcome,
            format!(
                "expanded, it has the rows of the order file in the same order; {titles} titles differ in words, {accents} in accents only"
            ),
        )
    })
}

fn pcs_tables(
    store: &Store,
    id: ReleaseId,
    document: &StoredDocument,
) -> Result<(ProofOutcome, String)> {
    let given = store.pcs_codes(document)?;
    let listed: BTreeSet<Code> = store
        .listing(document.kind.code_set(), id)?
        .entries
        .into_iter()
        .filter(|entry| entry.billable)
        .map(|entry| entry.code)
        .collect();
    let missing = listed.difference(&given).count();
    let surplus = given.difference(&listed).count();
    Ok(if missing == 0 && surplus == 0 {
        (
            ProofOutcome::Exact,
            format!(
                "they expand to the {} billable rows of the order file",
                given.len()
            ),
        )
    } else {
        (
            ProofOutcome::Near,
            format!(
                "the imported files disagree: expanded, they lack {missing} billable rows of the order file and give {surplus} that it has not"
            ),
        )
    })
}

/// Looks for codes, tables and beginnings of codes that the index of ICD-10-PCS names and no code of the release has.
fn pcs_index(
    store: &Store,
    id: ReleaseId,
    document: &StoredDocument,
    sample: bool,
) -> Result<(ProofOutcome, String)> {
    let named_there = store.codes_named(document)?;
    let listing = store.listing(document.kind.code_set(), id)?;
    let listed: BTreeSet<Code> = listing.entries.iter().map(|entry| entry.code).collect();
    let total = named_there.len();
    let unlisted: Vec<Code> = named_there
        .into_iter()
        .filter(|beginning| {
            let next = listed.range(beginning..).next();
            !next.is_some_and(|code| code == beginning || code.is_under(beginning))
        })
        .collect();
    let what = "codes, tables and beginnings of codes named";
    Ok(match (unlisted.is_empty(), sample) {
        (true, _) => (
            ProofOutcome::Exact,
            format!("{total} {what}, all of them of listed codes"),
        ),
        // The sample holds whole terms and not all codes that they lead to.
        (false, true) => (
            ProofOutcome::NotChecked,
            format!(
                "{total} {what}, {} of them not in the sample",
                unlisted.len()
            ),
        ),
        (false, false) => (
            ProofOutcome::Near,
            format!(
                "{total} {what}; this release has no code for {} of them ({})",
                unlisted.len(),
                named(unlisted.iter().copied())
            ),
        ),
    })
}

/// Looks for codes that a document names and no release, or not this one, lists.
fn codes_named(
    store: &Store,
    id: ReleaseId,
    document: &StoredDocument,
    sample: bool,
) -> Result<(ProofOutcome, String)> {
    let codes = store.codes_named(document)?;
    let total = codes.len();
    let unlisted = match document.kind {
        // A conversion table speaks of every year since FY2017.
        DocumentKind::ConversionTable => store.unlisted_anywhere(&codes)?,
        _ => store.unlisted_in(document.kind.code_set(), id, &codes)?,
    };
    let unreadable = store.unreadable_cells(document)?;
    if sample && !unlisted.is_empty() {
        // The sample holds whole entries of an index and not all codes that they name.
        return Ok((
            ProofOutcome::NotChecked,
            format!(
                "{total} codes named, {} of them not in the sample",
                unlisted.len()
            ),
        ));
    }
    let whose = match document.kind {
        DocumentKind::ConversionTable => "no loaded release lists",
        _ => "this release does not list",
    };
    let mut detail = format!("{total} codes named");
    if unlisted.is_empty() {
        detail.push_str(", all of them listed");
    } else {
        detail.push_str(&format!(
            "; {whose} {} of them ({})",
            unlisted.len(),
            named(unlisted.iter().copied())
        ));
    }
    if unreadable > 0 {
        detail.push_str(&format!(
            "; {unreadable} cells cannot be read and are kept verbatim"
        ));
    }
    let outcome = if unlisted.is_empty() && unreadable == 0 {
        ProofOutcome::Exact
    } else {
        ProofOutcome::Near
    };
    Ok((outcome, detail))
}

fn named(codes: impl Iterator<Item = Code>) -> String {
    let codes: Vec<String> = codes.map(|code| code.to_string()).collect();
    let shown = codes
        .iter()
        .take(NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if codes.len() > NAMED {
        format!("{shown}, ...")
    } else {
        shown
    }
}
