//! What was fetched into the database, by the ordinary import.

use std::path::PathBuf;

use chrono::NaiveDate;

use super::{FetchedFile, FetchedRelease, Fetcher, FileOutcome, Progress};
use crate::error::{ErrorKind, Result};
use crate::ingest::{
    Failed, ImportOptions, ImportReport, Progress as ImportProgress, import_if_any,
};
use crate::model::{CodeSet, ListedBy, ReleaseId};
use crate::source::catalogue::Catalogue;
use crate::store::Store;

/// What became of one release: its files, and of those that were imported, how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchReport {
    /// The files.
    pub fetched: FetchedRelease,
    /// The import; `None` if the files are only kept, or none came.
    pub imported: Option<ImportReport>,
}

impl FetchReport {
    /// Checks whether everything that is known of the release is there, and was taken.
    pub fn is_whole(&self) -> bool {
        let is_taken = |imported: &ImportReport| imported.failed.is_empty();
        self.fetched.left.is_empty() && self.imported.as_ref().is_none_or(is_taken)
    }
}

/// Returns the releases that the catalogue knows and the store lacks, as of a day: those that took effect, and those
/// that will by the next October 1, which are posted months before. One that is listed from its tabular list
/// lacks its order file. What was taken out of the store stays out.
///
/// # Errors
/// [`ErrorKind::Store`] if the database cannot be read.
pub fn missing(
    store: Option<&Store>,
    code_set: Option<CodeSet>,
    today: NaiveDate,
) -> Result<Vec<(CodeSet, ReleaseId)>> {
    let stored = store.map(Store::releases).transpose()?.unwrap_or_default();
    let removed = store.map(Store::removed_releases).transpose()?;
    let removed = removed.unwrap_or_default();
    let until = ReleaseId::october_of(today).fiscal_year_end();
    let is_stored = |code_set: CodeSet, id: ReleaseId| {
        stored.iter().map(|stored| &stored.release).any(|release| {
            release.code_set == code_set
                && release.id == id
                && release.listed_by == ListedBy::OrderFile
        })
    };
    let known = Catalogue::bundled()?.releases().iter();
    Ok(known
        .map(|known| (known.code_set, known.id))
        .filter(|(set, _)| code_set.is_none_or(|wanted| wanted == *set))
        .filter(|(_, id)| id.effective_from() <= until)
        .filter(|(set, id)| !is_stored(*set, *id) && !removed.contains(&(*set, *id)))
        .collect())
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
        if file.source.sha256.is_some() || !report.failed.iter().any(is_of_it) {
            continue;
        }
        let options = ImportOptions {
            release: Some(fetched.id),
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

impl Fetcher {
    /// Fetches a release and imports what came.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the folder cannot be written, and whatever is wrong with the database.
    pub fn fetch_into(
        &mut self,
        store: &mut Store,
        code_set: CodeSet,
        id: ReleaseId,
        today: NaiveDate,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<FetchReport> {
        let fetched = self.fetch(code_set, id, progress)?;
        let imported = if fetched.files.is_empty() {
            None
        } else {
            let mut tell = |step| progress(Progress::Imports(step));
            Some(import_fetched(store, &fetched, today, &mut tell)?)
        };
        Ok(FetchReport { fetched, imported })
    }
}
