//! What was fetched into the database, by the ordinary import.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::NaiveDate;

use super::fetched::{FetchedFile, FetchedRelease, FileOutcome};
use super::plan::sources;
use codeyear_core::error::{ErrorKind, Result};
use codeyear_core::ingest::{Failed, ImportOptions, ImportProgress, ImportReport, import_if_any};
use codeyear_core::model::{CodeSet, ListedBy, ReleaseId, ReleasePart, StoredRelease};
use codeyear_core::source::catalogue::Catalogue;
use codeyear_core::store::Store;

/// What became of one release: its files, and of those that were imported, how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchReport {
    /// The files.
    pub fetched: FetchedRelease,
    /// The import; `None` if the files are only kept, or none came.
    pub imported: Option<ImportReport>,
}

impl FetchReport {
    /// Checks whether everything that is known of the release is there, and was taken for it.
    pub fn is_whole(&self) -> bool {
        let is_taken = |imported: &ImportReport| imported.failed.is_empty();
        self.fetched.left.is_empty()
            && self.imported.as_ref().is_none_or(is_taken)
            && self.others().next().is_none()
    }

    /// Lists the other releases that order files were taken for, where none was taken for this one.
    pub fn others(&self) -> impl Iterator<Item = ReleaseId> {
        let taken = self.imported.iter().flat_map(|imported| &imported.taken);
        let order_files = taken.filter(|taken| taken.kind == ReleasePart::OrderFile);
        let releases: BTreeSet<ReleaseId> = order_files.map(|taken| taken.release).collect();
        let own = self.fetched.id.edition();
        let is_own = releases.iter().any(|release| release.edition() == own);
        releases.into_iter().filter(move |_| !is_own)
    }
}

/// A release of which the store lacks something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// The code set.
    pub code_set: CodeSet,
    /// The release.
    pub id: ReleaseId,
    /// What of it is stored.
    pub have: BTreeSet<ReleasePart>,
}

impl Lacking {
    /// Returns a release of which nothing is stored, or all of which is to be fetched.
    pub fn all_of(code_set: CodeSet, id: ReleaseId) -> Lacking {
        Lacking {
            code_set,
            id,
            have: BTreeSet::new(),
        }
    }
}

/// Returns the releases that the catalogue knows and that the store lacks, or of which it lacks a file with a known
/// hash, as of a day: those that took effect, and those that will by the next October 1, which are posted months
/// before. One that is listed from its tabular list lacks its order file. What was taken out of the store stays out,
/// and what the user insisted on or took in part stays as it is.
///
/// # Errors
/// [`ErrorKind::Store`] if the database cannot be read.
pub fn missing(
    store: Option<&Store>,
    code_set: Option<CodeSet>,
    today: NaiveDate,
) -> Result<Vec<Lacking>> {
    let stored = store.map(Store::releases).transpose()?.unwrap_or_default();
    let removed = store.map(Store::removed_releases).transpose()?;
    let removed = removed.unwrap_or_default();
    let until = |code_set: CodeSet| code_set.facts().calendar.release_of(today).latest_end();
    let known = Catalogue::bundled()?.releases().iter();
    Ok(known
        .filter(|known| code_set.is_none_or(|wanted| wanted == known.code_set))
        .filter(|known| known.id.effective_from() <= until(known.code_set))
        .filter(|known| !removed.contains(&(known.code_set, known.id)))
        .filter_map(|known| {
            let all = Lacking::all_of(known.code_set, known.id);
            let mut stored = stored.iter();
            let there = stored.find(|stored| {
                let release = &stored.release;
                (release.code_set, release.id) == (known.code_set, known.id)
            });
            let Some(there) = there else {
                return Some(all);
            };
            let have = stored_pieces(there);
            let sources = sources(known);
            let mut pieces = sources
                .iter()
                .filter(|source| source.sha256.is_some())
                .flat_map(|source| &source.pieces);
            let lacks = !have.contains(&ReleasePart::OrderFile)
                || (there.takes_files() && pieces.any(|piece| !have.contains(piece)));
            lacks.then_some(Lacking { have, ..all })
        })
        .collect())
}

/// Returns what of a release is stored.
fn stored_pieces(stored: &StoredRelease) -> BTreeSet<ReleasePart> {
    let order = (stored.release.listed_by == ListedBy::OrderFile).then_some(ReleasePart::OrderFile);
    let addenda = stored.addenda.iter().map(|_| ReleasePart::OrderAddenda);
    let documents = stored.documents.iter();
    let documents = documents.map(|document| ReleasePart::Document(document.kind));
    order.into_iter().chain(addenda).chain(documents).collect()
}

/// Imports the files of a release. A file without a known hash whose release cannot be told from what it holds is
/// imported as the release that its address is of.
///
/// # Errors
/// Whatever is wrong with the database. What is wrong with a file is part of the value.
pub fn import_fetched(
    store: &mut Store,
    fetched: &FetchedRelease,
    today: NaiveDate,
    progress: &mut dyn FnMut(ImportProgress),
) -> Result<ImportReport> {
    let files: Vec<&FetchedFile> = fetched
        .files
        .iter()
        .filter(|file| file.outcome != FileOutcome::Planned)
        .collect();
    let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    let options = ImportOptions::on(today);
    let mut report = take(store, &paths, &options, progress)?;
    for file in files {
        let path = file.path.display().to_string();
        let is_of_it = |failed: &Failed| {
            let rest = failed.file.strip_prefix(&path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" > "))
        };
        if file.source.is_provable() || !report.failed.iter().any(is_of_it) {
            continue;
        }
        let options = ImportOptions {
            release: Some(fetched.id.into()),
            ..options
        };
        let again = take(store, std::slice::from_ref(&file.path), &options, progress)?;
        if !again.taken.is_empty() {
            report.failed.retain(|failed| !is_of_it(failed));
            report.failed.extend(again.failed);
            let known = report.taken.clone();
            let is_new = |file: &str| !known.iter().any(|taken| taken.file == file);
            let new = again.taken.into_iter();
            report.taken.extend(new.filter(|taken| is_new(&taken.file)));
        }
    }
    Ok(report)
}

/// Imports some files. That none of them can be taken is no failure of the whole.
fn take(
    store: &mut Store,
    paths: &[PathBuf],
    options: &ImportOptions,
    progress: &mut dyn FnMut(ImportProgress),
) -> Result<ImportReport> {
    use ErrorKind::{Ambiguous, Conflict, Format, NotFound};
    match import_if_any(store, paths, options, progress) {
        Err(error) if matches!(error.kind(), Ambiguous | Conflict | Format | NotFound) => {
            Ok(ImportReport {
                failed: vec![Failed::new(&error)],
                ..ImportReport::default()
            })
        }
        result => result,
    }
}
