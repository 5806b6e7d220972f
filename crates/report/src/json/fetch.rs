//! What was fetched, and what publishers have posted, as JSON.

use std::path::Path;

use serde::Serialize;

use super::releases::ImportJson;
use super::to_text;
use codeyear_core::error::Result;
use codeyear_core::model::{CodeSet, ReleaseId, ReleasePart};
use codeyear_fetch::{
    Attempt, CheckedRelease, FetchReport, FetchedFile, FileOutcome, NotFetched, Posted,
    shown_address,
};

#[derive(Serialize)]
struct FetchJson<'a> {
    schema: &'static str,
    dry_run: bool,
    folder: String,
    releases: Vec<ReleaseJson<'a>>,
}

#[derive(Serialize)]
struct ReleaseJson<'a> {
    code_set: CodeSet,
    release: ReleaseId,
    known: bool,
    files: Vec<FileJson<'a>>,
    attempts: Vec<AttemptJson>,
    not_fetched: Vec<NotFetchedJson>,
    import: Option<ImportJson<'a>>,
}

#[derive(Serialize)]
struct FileJson<'a> {
    file: &'a str,
    publisher: &'a str,
    url: String,
    bytes: Option<u64>,
    sha256: Option<&'a str>,
    hash_basis: &'static str,
    holds: &'a [ReleasePart],
    outcome: FileOutcome,
    saved_as: String,
}

#[derive(Serialize)]
struct AttemptJson {
    url: String,
    reason: &'static str,
    text: String,
    hint: Option<&'static str>,
}

#[derive(Serialize)]
struct NotFetchedJson {
    kind: ReleasePart,
    reason: NotFetched,
}

impl AttemptJson {
    fn new(attempt: &Attempt) -> AttemptJson {
        AttemptJson {
            url: shown_address(&attempt.url),
            reason: attempt.problem.name(),
            text: attempt.problem.to_string(),
            hint: attempt.problem.hint(),
        }
    }
}

impl<'a> FileJson<'a> {
    fn new(file: &'a FetchedFile) -> FileJson<'a> {
        FileJson {
            file: &file.source.file,
            publisher: &file.source.publisher,
            url: shown_address(&file.url),
            bytes: file.bytes,
            sha256: file.sha256.as_deref(),
            hash_basis: file.source.known.name(),
            holds: &file.source.pieces,
            outcome: file.outcome,
            saved_as: file.path.display().to_string(),
        }
    }
}

/// Writes what a fetch did.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
pub fn fetch(reports: &[FetchReport], folder: &Path, dry_run: bool) -> Result<String> {
    let releases = reports.iter().map(|report| {
        let fetched = &report.fetched;
        ReleaseJson {
            code_set: fetched.code_set,
            release: fetched.id,
            known: fetched.in_catalogue,
            files: fetched.files.iter().map(FileJson::new).collect(),
            attempts: fetched.attempts.iter().map(AttemptJson::new).collect(),
            not_fetched: fetched
                .left
                .iter()
                .map(|(piece, reason)| NotFetchedJson {
                    kind: *piece,
                    reason: *reason,
                })
                .collect(),
            import: report.imported.as_ref().map(ImportJson::new),
        }
    });
    to_text(&FetchJson {
        schema: "codeyear/fetch/1",
        dry_run,
        folder: folder.display().to_string(),
        releases: releases.collect(),
    })
}

#[derive(Serialize)]
struct CheckJson<'a> {
    schema: &'static str,
    releases: Vec<CheckedJson<'a>>,
}

#[derive(Serialize)]
struct CheckedJson<'a> {
    code_set: CodeSet,
    release: ReleaseId,
    posted: Vec<PostedJson<'a>>,
    not_there: usize,
    attempts: Vec<AttemptJson>,
}

#[derive(Serialize)]
struct PostedJson<'a> {
    file: &'a str,
    publisher: &'a str,
    url: String,
    bytes: Option<u64>,
    hash_basis: &'static str,
    holds: &'a [ReleasePart],
}

impl<'a> PostedJson<'a> {
    fn new(posted: &'a Posted) -> PostedJson<'a> {
        PostedJson {
            file: &posted.source.file,
            publisher: &posted.source.publisher,
            url: shown_address(&posted.url),
            bytes: posted.bytes,
            hash_basis: posted.source.known.name(),
            holds: &posted.source.pieces,
        }
    }
}

/// Writes what the publishers have posted.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
pub fn posted(checked: &[CheckedRelease]) -> Result<String> {
    let releases = checked.iter().map(|one| CheckedJson {
        code_set: one.code_set,
        release: one.id,
        posted: one.posted.iter().map(PostedJson::new).collect(),
        not_there: one.not_there,
        attempts: one.untold.iter().map(AttemptJson::new).collect(),
    });
    to_text(&CheckJson {
        schema: "codeyear/fetch-check/1",
        releases: releases.collect(),
    })
}
