//! What is loaded, what proves it, and what is missing.

use askama::Template;
use chrono::NaiveDate;

use super::{Frame, PageRequest, Site, Uncovered, render};
use crate::{Style, corrections, grouped};
use codeyear_core::answer::{ReleaseLine, ReleaseStatus};
use codeyear_core::error::Result;
use codeyear_core::model::{
    CodeSet, ListedBy, ProofOutcome, ProofSubject, ReleaseId, SourceFile, StoredRelease,
};

/// Writes the releases with their proofs, hashes and gaps.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Format`] if the template fails, which no site makes it do.
pub fn releases(site: &Site, asked: PageRequest<'_>) -> Result<String> {
    let frame = Frame::new(
        site,
        asked,
        "/releases",
        "Releases and verification".to_owned(),
    );
    render(&ReleasesHtml {
        sets: CodeSet::ALL
            .into_iter()
            .map(|code_set| SetView {
                covered: site.in_force(code_set, asked.on),
                uncovered: frame.uncovered_by(code_set),
                name: code_set.name(),
                id: code_set.id(),
                loaded: loaded_rows(site, code_set),
                missing: site
                    .lines(code_set)
                    .filter_map(|line| match &line.status {
                        ReleaseStatus::Missing { urls } => Some(MissingRow {
                            id: line.id.to_string(),
                            from: line.effective_from,
                            rows: line.rows.map_or(String::new(), |(rows, _)| grouped(rows)),
                            urls,
                        }),
                        ReleaseStatus::Loaded(_) => None,
                    })
                    .collect(),
                gaps: site
                    .overview
                    .gaps
                    .iter()
                    .filter(|(of, _, _)| *of == code_set)
                    .map(|(_, from, through)| (*from, *through))
                    .collect(),
            })
            .collect(),
        frame,
    })
}

/// Lists what is loaded, the newest first.
fn loaded_rows(site: &Site, code_set: CodeSet) -> Vec<LoadedRow<'_>> {
    let mut rows: Vec<LoadedRow<'_>> = site
        .lines(code_set)
        .filter_map(|line| match &line.status {
            ReleaseStatus::Loaded(stored) => Some(LoadedRow::new(line, stored)),
            ReleaseStatus::Missing { .. } => None,
        })
        .collect();
    rows.reverse();
    rows
}

#[derive(Template)]
#[template(path = "pages/releases.html", whitespace = "minimize")]
struct ReleasesHtml<'a> {
    frame: Frame<'a>,
    sets: Vec<SetView<'a>>,
}

struct SetView<'a> {
    name: &'static str,
    id: &'static str,
    loaded: Vec<LoadedRow<'a>>,
    missing: Vec<MissingRow<'a>>,
    gaps: Vec<(NaiveDate, NaiveDate)>,
    /// The release that governs the day asked for, and its last day.
    covered: Option<(ReleaseId, NaiveDate)>,
    uncovered: Option<Uncovered>,
}

struct MissingRow<'a> {
    id: String,
    from: NaiveDate,
    rows: String,
    urls: &'a [String],
}

struct LoadedRow<'a> {
    id: String,
    governs: Option<(NaiveDate, NaiveDate)>,
    rows: String,
    billable: String,
    proofs: Vec<ProofView>,
    /// How far the release can be trusted.
    trust: Vec<String>,
    patches: String,
    files: Vec<FileView<'a>>,
}

struct ProofView {
    /// The verdict whose colour and sign it takes.
    sign: &'static str,
    what: &'static str,
    outcome: &'static str,
    detail: String,
    on: Option<NaiveDate>,
}

struct FileView<'a> {
    what: &'static str,
    file: &'a SourceFile,
}

impl<'a> LoadedRow<'a> {
    fn new(line: &ReleaseLine, stored: &'a StoredRelease) -> LoadedRow<'a> {
        let listed_by = stored.release.listed_by;
        let mut files = vec![FileView {
            what: match listed_by {
                ListedBy::OrderFile => "order file",
                ListedBy::Tabular => "tabular list, source of the codes",
            },
            file: &stored.listing_file,
        }];
        files.extend(stored.addenda.iter().map(|file| FileView {
            what: "order addenda",
            file,
        }));
        files.extend(stored.documents.iter().map(|document| FileView {
            what: document.kind.label(),
            file: &document.file,
        }));
        let mut proofs = Vec::new();
        if listed_by == ListedBy::OrderFile {
            proofs.push(proof(stored, ProofSubject::OrderFile));
        }
        if stored.addenda.is_some() {
            proofs.push(proof(stored, ProofSubject::OrderAddenda));
        }
        LoadedRow {
            id: line.id.to_string(),
            governs: line.governs,
            rows: grouped(line.rows.map_or(0, |(rows, _)| rows)),
            billable: grouped(line.rows.map_or(0, |(_, billable)| billable)),
            proofs,
            trust: stored.release.trust_notes(),
            patches: corrections(&line.patches, Style::PLAIN).unwrap_or_default(),
            files,
        }
    }
}

fn proof(stored: &StoredRelease, subject: ProofSubject) -> ProofView {
    let found = stored.proofs.iter().find(|proof| proof.subject == subject);
    let what = match subject {
        ProofSubject::OrderFile => "order file reproduced",
        ProofSubject::OrderAddenda => "addenda reproduced",
    };
    match found {
        Some(proof) => ProofView {
            sign: match proof.outcome {
                ProofOutcome::Exact => "billable",
                ProofOutcome::Near => "header",
                ProofOutcome::Failed => "deleted",
                ProofOutcome::NotChecked => "not-covered",
            },
            what,
            outcome: proof.outcome.name(),
            detail: proof.detail.clone(),
            on: Some(proof.checked_on),
        },
        None => ProofView {
            sign: "not-covered",
            what,
            outcome: "not verified",
            detail: String::new(),
            on: None,
        },
    }
}
