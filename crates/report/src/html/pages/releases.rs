//! What is loaded, what proves it, and what is missing.

use askama::Template;
use chrono::NaiveDate;

use super::{Frame, PageRequest, Site, Uncovered, address, render};
use crate::verdict::outcome_words;
use crate::{Style, corrections, grouped};
use codeyear_core::answer::{ReleaseLine, ReleaseStatus};
use codeyear_core::error::Result;
use codeyear_core::model::{
    CodeSet, ListedBy, Proof, ProofOutcome, ProofSubject, ReleaseId, SourceFile, StoredRelease,
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
            .map(|code_set| {
                let loaded = loaded_rows(site, code_set, asked.on);
                SetView {
                    not_verified: loaded
                        .iter()
                        .filter(|row| row.verified.on.is_none())
                        .count(),
                    covered: site.in_force(code_set, asked.on),
                    uncovered: frame.uncovered_by(code_set),
                    name: code_set.name(),
                    id: code_set.id(),
                    loaded,
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
                }
            })
            .collect(),
        frame,
    })
}

/// Writes one loaded release with its files and the outcomes of its verification; `None` if it is not loaded.
///
/// # Errors
/// As [`releases`].
pub fn release(site: &Site, asked: PageRequest<'_>, id: ReleaseId) -> Result<Option<String>> {
    let code_set = asked.code_set;
    let title = format!("{} {id}", code_set.name());
    let Some(row) = loaded_rows(site, code_set, asked.on)
        .into_iter()
        .find(|row| row.id == id.to_string())
    else {
        return Ok(None);
    };
    let page = render(&ReleaseHtml {
        frame: Frame::new(site, asked, "/releases", title),
        set: code_set.name(),
        row,
    })?;
    Ok(Some(page))
}

/// Lists what is loaded, the newest first.
fn loaded_rows(site: &Site, code_set: CodeSet, on: NaiveDate) -> Vec<LoadedRow<'_>> {
    let mut rows: Vec<LoadedRow<'_>> = site
        .lines(code_set)
        .filter_map(|line| match &line.status {
            ReleaseStatus::Loaded(stored) => Some(LoadedRow::new(line, stored, on)),
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

#[derive(Template)]
#[template(path = "pages/release.html", whitespace = "minimize")]
struct ReleaseHtml<'a> {
    frame: Frame<'a>,
    set: &'static str,
    row: LoadedRow<'a>,
}

struct SetView<'a> {
    name: &'static str,
    id: &'static str,
    loaded: Vec<LoadedRow<'a>>,
    /// How many of them were never verified.
    not_verified: usize,
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
    /// The address of its own page.
    href: String,
    /// The outcome of all its proofs.
    verified: ProofView,
    governs: Option<(NaiveDate, NaiveDate)>,
    rows: String,
    billable: String,
    proofs: Vec<ProofView>,
    /// How far the release can be trusted.
    trust: Vec<String>,
    patches: String,
    files: Vec<FileView<'a>>,
}

/// The outcome of one proof, or of all of a release.
struct ProofView {
    /// The verdict whose color and sign it takes.
    sign: &'static str,
    what: &'static str,
    outcome: &'static str,
    detail: String,
    on: Option<NaiveDate>,
}

impl ProofView {
    fn of(what: &'static str, proof: Option<&Proof>) -> ProofView {
        ProofView {
            sign: match proof.map(|proof| proof.outcome) {
                Some(ProofOutcome::Exact) => "billable",
                Some(ProofOutcome::Near) => "header",
                Some(ProofOutcome::Failed) => "deleted",
                Some(ProofOutcome::NotChecked) | None => "not-covered",
            },
            what,
            outcome: proof.map_or("not verified", |proof| outcome_words(proof.outcome)),
            detail: proof.map(|proof| proof.detail.clone()).unwrap_or_default(),
            on: proof.map(|proof| proof.checked_on),
        }
    }
}

struct FileView<'a> {
    what: &'static str,
    file: &'a SourceFile,
}

impl<'a> LoadedRow<'a> {
    fn new(line: &ReleaseLine, stored: &'a StoredRelease, on: NaiveDate) -> LoadedRow<'a> {
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
            href: address::on(&format!("/releases/{}/{}", line.code_set.id(), line.id), on),
            verified: ProofView::of("", Proof::deciding(&stored.proofs)),
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
    ProofView::of(what, found)
}
