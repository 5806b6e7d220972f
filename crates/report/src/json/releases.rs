//! Releases, imports and verifications.

use chrono::NaiveDate;
use serde::Serialize;

use super::{WarningJson, to_text, warnings_json};
use codeyear_core::answer::{
    CoverageOfDay, DocumentProof, ReleaseStatus, ReleasesOverview, VerifyReport,
};
use codeyear_core::error::Result;
use codeyear_core::ingest::{Failed, ImportReport, Skipped};
use codeyear_core::model::{
    Added, CodeSet, DocumentKind, ListedBy, Proof, ProofOutcome, Provenance, ReleaseId,
    ReleasePart, SourceFile,
};

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct ReleasesJson<'a> {
    schema: &'static str,
    sample: bool,
    content_hash: &'a str,
    days: Vec<DayJson<'a>>,
    releases: Vec<ReleaseJson<'a>>,
    gaps: Vec<GapJson>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct DayJson<'a> {
    code_set: CodeSet,
    date: NaiveDate,
    covered: bool,
    release: Option<ReleaseId>,
    through: Option<NaiveDate>,
    latest_release: Option<ReleaseId>,
    latest_date: Option<NaiveDate>,
    warnings: Vec<WarningJson>,
    missing: Vec<MissingJson<'a>>,
    unknown: Option<ReleaseId>,
    possible_unknown: Option<ReleaseId>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct MissingJson<'a> {
    release: ReleaseId,
    urls: &'a [String],
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct ReleaseJson<'a> {
    code_set: CodeSet,
    release: ReleaseId,
    effective_from: NaiveDate,
    status: &'static str,
    governs_from: Option<NaiveDate>,
    governs_through: Option<NaiveDate>,
    rows: Option<u64>,
    billable: Option<u64>,
    known: bool,
    patches: usize,
    identified_by: Option<&'a str>,
    order_file: Option<SourceJson<'a>>,
    order_addenda: Option<SourceJson<'a>>,
    rows_from: Option<ListedBy>,
    rows_sha256: Option<&'a str>,
    provenance: Option<Provenance>,
    incomplete: Option<&'a str>,
    forced: Option<&'a str>,
    documents: Vec<DocumentJson<'a>>,
    proofs: &'a [Proof],
    urls: &'a [String],
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct DocumentJson<'a> {
    kind: DocumentKind,
    items: u64,
    source: SourceJson<'a>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct SourceJson<'a> {
    name: &'a str,
    archive: Option<&'a str>,
    url: Option<&'a str>,
    sha256: &'a str,
    bytes: u64,
    imported_on: NaiveDate,
}

impl<'a> SourceJson<'a> {
    fn new(file: &'a SourceFile) -> Self {
        SourceJson {
            name: &file.published.name,
            archive: file.archive.as_deref(),
            url: file.url.as_deref(),
            sha256: &file.published.sha256,
            bytes: file.bytes,
            imported_on: file.imported_on,
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct GapJson {
    code_set: CodeSet,
    from: NaiveDate,
    through: NaiveDate,
}

impl<'a> DayJson<'a> {
    fn new(day: &'a CoverageOfDay) -> Self {
        DayJson {
            code_set: day.code_set,
            date: day.day,
            covered: day.governed_by.is_some(),
            release: day.governed_by.map(|(release, _)| release),
            through: day.governed_by.map(|(_, through)| through),
            latest_release: day.latest.map(|(release, _)| release),
            latest_date: day.latest.map(|(_, through)| through),
            warnings: warnings_json(&day.warnings),
            missing: day
                .missing
                .iter()
                .map(|(release, urls)| MissingJson {
                    release: *release,
                    urls,
                })
                .collect(),
            unknown: day.unknown,
            possible_unknown: day.unknown_since.map(|(_, possible)| possible),
        }
    }
}

#[derive(Serialize)]
struct StatusJson<'a> {
    schema: &'static str,
    sample: bool,
    complete: bool,
    days: Vec<DayJson<'a>>,
}

/// Writes whether a day is covered by each code set.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
pub fn status(days: &[CoverageOfDay], is_sample: bool) -> Result<String> {
    to_text(&StatusJson {
        schema: "codeyear/status/1",
        sample: is_sample,
        complete: days.iter().all(CoverageOfDay::is_complete),
        days: days.iter().map(DayJson::new).collect(),
    })
}

/// Writes the overview of releases.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
pub fn releases(overview: &ReleasesOverview, days: &[CoverageOfDay]) -> Result<String> {
    to_text(&ReleasesJson {
        schema: "codeyear/releases/1",
        sample: overview.sample,
        content_hash: &overview.content_hash,
        days: days.iter().map(DayJson::new).collect(),
        releases: overview
            .lines
            .iter()
            .map(|line| {
                let (stored, urls): (_, &[String]) = match &line.status {
                    ReleaseStatus::Loaded(stored) => (Some(stored), &[]),
                    ReleaseStatus::Missing { urls } => (None, urls),
                };
                let trust = stored.map(|stored| &stored.release.trust);
                ReleaseJson {
                    code_set: line.code_set,
                    release: line.id,
                    effective_from: line.effective_from,
                    status: if stored.is_some() {
                        "loaded"
                    } else {
                        "missing"
                    },
                    governs_from: line.governs.map(|(from, _)| from),
                    governs_through: line.governs.map(|(_, through)| through),
                    rows: line.rows.map(|(rows, _)| rows),
                    billable: line.rows.map(|(_, billable)| billable),
                    known: line.known,
                    patches: line.patches.len(),
                    identified_by: stored.map(|stored| stored.identified_by.as_str()),
                    order_file: stored
                        .filter(|stored| stored.release.listed_by == ListedBy::OrderFile)
                        .map(|stored| SourceJson::new(&stored.listing_file)),
                    rows_from: stored.map(|stored| stored.release.listed_by),
                    rows_sha256: trust.map(|trust| trust.rows_sha256.as_str()),
                    provenance: trust.map(|trust| trust.provenance),
                    incomplete: trust.and_then(|trust| trust.incomplete.as_deref()),
                    forced: trust.and_then(|trust| trust.forced.as_deref()),
                    documents: stored
                        .iter()
                        .flat_map(|stored| &stored.documents)
                        .map(|document| DocumentJson {
                            kind: document.kind,
                            items: document.items,
                            source: SourceJson::new(&document.file),
                        })
                        .collect(),
                    order_addenda: stored
                        .and_then(|stored| stored.addenda.as_ref())
                        .map(SourceJson::new),
                    proofs: stored.map_or(&[], |stored| &stored.proofs),
                    urls,
                }
            })
            .collect(),
        gaps: overview
            .gaps
            .iter()
            .map(|(code_set, from, through)| GapJson {
                code_set: *code_set,
                from: *from,
                through: *through,
            })
            .collect(),
    })
}

#[derive(Serialize)]
pub(super) struct ImportJson<'a> {
    schema: &'static str,
    dry_run: bool,
    taken: Vec<TakenJson<'a>>,
    left: &'a [Skipped],
    failed: &'a [Failed],
}

#[derive(Serialize)]
struct TakenJson<'a> {
    file: &'a str,
    kind: ReleasePart,
    code_set: CodeSet,
    release: ReleaseId,
    identified_by: &'static str,
    rows: u64,
    billable: u64,
    outcome: &'static str,
    notes: &'a [String],
    unread: u64,
}

/// Writes what an import did.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
pub fn import(report: &ImportReport) -> Result<String> {
    to_text(&ImportJson::new(report))
}

impl<'a> ImportJson<'a> {
    pub(super) fn new(report: &'a ImportReport) -> Self {
        ImportJson {
            schema: "codeyear/import/1",
            dry_run: report.dry_run,
            taken: report
                .taken
                .iter()
                .map(|taken| TakenJson {
                    file: &taken.file,
                    kind: taken.kind,
                    code_set: taken.code_set,
                    release: taken.release,
                    identified_by: taken.identified_by,
                    rows: taken.rows,
                    billable: taken.billable,
                    outcome: match taken.added {
                        Added::New => "stored",
                        Added::Better => "better-bytes",
                        Added::AlreadyThere | Added::Copy => "already-stored",
                    },
                    notes: &taken.notes,
                    unread: taken.unread,
                })
                .collect(),
            left: &report.left,
            failed: &report.failed,
        }
    }
}

#[derive(Serialize)]
struct BackupJson<'a> {
    schema: &'static str,
    database: &'a str,
    file: &'a str,
    bytes: u64,
    content_hash: &'a str,
}

/// Writes what a backup did.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
pub fn backup(database: &str, file: &str, bytes: u64, content_hash: &str) -> Result<String> {
    to_text(&BackupJson {
        schema: "codeyear/backup/1",
        database,
        file,
        bytes,
        content_hash,
    })
}

#[derive(Serialize)]
struct VerifyJson<'a> {
    schema: &'static str,
    sound: bool,
    sample: bool,
    search_sound: bool,
    store: Option<StoreProofJson>,
    releases: Vec<VerifiedJson<'a>>,
    spans: Vec<SpansJson>,
    not_proven: Vec<String>,
    not_kept: Option<String>,
}

#[derive(Serialize)]
struct StoreProofJson {
    tables: u64,
    rows: u64,
    files: u64,
    known_files: u64,
    faults: Vec<StoreFaultJson>,
}

#[derive(Serialize)]
struct StoreFaultJson {
    fault: &'static str,
    table: Option<String>,
    detail: String,
}

#[derive(Serialize)]
struct VerifiedJson<'a> {
    code_set: CodeSet,
    release: ReleaseId,
    provenance: Provenance,
    incomplete: Option<&'a str>,
    forced: Option<&'a str>,
    order_file: Option<OrderProofJson>,
    order_addenda: Option<AddendaProofJson<'a>>,
    documents: &'a [DocumentProof],
}

#[derive(Serialize)]
struct OrderProofJson {
    outcome: &'static str,
    rows: u64,
    billable: u64,
    sha256: String,
    sha256_written_back: String,
}

#[derive(Serialize)]
struct AddendaProofJson<'a> {
    outcome: ProofOutcome,
    base: Option<ReleaseId>,
    stated_base: Option<ReleaseId>,
    missing: u64,
    surplus: u64,
    other_titles: u64,
    footer_differences: Vec<String>,
    fitting_bases: &'a [ReleaseId],
    detail: String,
}

#[derive(Serialize)]
struct SpansJson {
    code_set: CodeSet,
    differing: u64,
}

/// Writes a verification.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
pub fn verify(report: &VerifyReport) -> Result<String> {
    to_text(&VerifyJson {
        schema: "codeyear/verify/1",
        sound: report.is_sound(),
        sample: report.sample,
        search_sound: report.search_sound,
        store: report.store.as_ref().map(|proof| StoreProofJson {
            tables: proof.tables,
            rows: proof.rows,
            files: report.files.all,
            known_files: report.files.known,
            faults: proof
                .faults
                .iter()
                .map(|fault| StoreFaultJson {
                    fault: fault.name(),
                    table: fault.table().map(str::to_owned),
                    detail: fault.detail(),
                })
                .collect(),
        }),
        not_proven: report.not_proven(),
        not_kept: report.not_kept.clone(),
        releases: report
            .releases
            .iter()
            .map(|release| VerifiedJson {
                code_set: release.code_set,
                release: release.id,
                provenance: release.stored.trust.provenance,
                incomplete: release.stored.trust.incomplete.as_deref(),
                forced: release.stored.trust.forced.as_deref(),
                order_file: release.order_file.as_ref().map(|order| OrderProofJson {
                    outcome: if order.is_exact() { "exact" } else { "failed" },
                    rows: order.rows.0,
                    billable: order.rows.1,
                    sha256: order.official.clone(),
                    sha256_written_back: order.written.clone(),
                }),
                documents: &release.documents,
                order_addenda: release.addenda.as_ref().map(|addenda| {
                    let replay = addenda.replay.clone().unwrap_or_default();
                    AddendaProofJson {
                        outcome: addenda.outcome(),
                        base: addenda.base,
                        stated_base: addenda.stated_base,
                        missing: replay.missing.len() as u64,
                        surplus: replay.surplus.len() as u64,
                        other_titles: replay.differing.len() as u64,
                        footer_differences: replay.footer_differences,
                        fitting_bases: &addenda.fitting_bases,
                        detail: addenda.detail(),
                    }
                }),
            })
            .collect(),
        spans: report
            .spans
            .iter()
            .map(|(code_set, differing)| SpansJson {
                code_set: *code_set,
                differing: *differing,
            })
            .collect(),
    })
}
