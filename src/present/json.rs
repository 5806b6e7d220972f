//! Values as JSON. Every field is described in `docs/json.md`; a test holds the two together.
//!
//! Dates are ISO 8601, codes are without dot (`code`) and as people write them (`code_dotted`), names
//! of verdicts and kinds are those of the model. `schema` names the shape and its version.

use serde::Serialize;

use super::marks::{Piece, mark};
use super::{changes as change_text, warning_text};
use crate::answer::{ReleaseStatus, ReleasesOverview, VerifyReport};
use crate::error::{Error, ErrorKind, Result};
use crate::ingest::ImportReport;
use crate::model::{
    Answer, Change, ChangeKind, ChangeSet, CodeHistory, CodeSet, Counts, Entry, UnknownReason,
    Verdict, Warning, chapter_of, eve,
};
use crate::store::{Added, SourceFile};

fn to_text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string_pretty(value)
        .map(|mut text| {
            text.push('\n');
            text
        })
        .map_err(|error| {
            Error::new(
                ErrorKind::Io,
                format!("the JSON cannot be written: {error}"),
            )
        })
}

#[derive(Serialize)]
struct EntryJson<'a> {
    code: &'a str,
    code_dotted: String,
    billable: bool,
    short_title: &'a str,
    long_title: &'a str,
}

impl<'a> EntryJson<'a> {
    fn new(code_set: CodeSet, entry: &'a Entry) -> Self {
        EntryJson {
            code: entry.code.as_str(),
            code_dotted: entry.code.dotted(code_set),
            billable: entry.billable,
            short_title: &entry.short_title,
            long_title: &entry.long_title,
        }
    }

    fn list(code_set: CodeSet, entries: &'a [Entry]) -> Vec<Self> {
        entries
            .iter()
            .map(|entry| EntryJson::new(code_set, entry))
            .collect()
    }
}

#[derive(Serialize)]
struct WarningJson {
    kind: &'static str,
    release: Option<String>,
    text: String,
}

fn warnings_json(warnings: &[Warning]) -> Vec<WarningJson> {
    warnings
        .iter()
        .map(|warning| WarningJson {
            kind: match warning {
                Warning::MissingRelease { .. } => "missing-release",
                Warning::Sample => "sample",
            },
            release: match warning {
                Warning::MissingRelease { release } => Some(release.to_string()),
                Warning::Sample => None,
            },
            text: warning_text(warning),
        })
        .collect()
}

#[derive(Serialize)]
struct CheckJson<'a> {
    schema: &'static str,
    answers: Vec<AnswerJson<'a>>,
}

#[derive(Serialize)]
struct AnswerJson<'a> {
    asked: &'a str,
    code_set: &'static str,
    code: Option<&'a str>,
    code_dotted: Option<String>,
    date: String,
    through: Option<String>,
    verdict: &'static str,
    valid: bool,
    release: Option<String>,
    entry: Option<EntryJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billable_below: Option<Vec<EntryJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_day: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_day: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listed_again: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_beside: Option<Vec<EntryJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    siblings: Option<Vec<EntryJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    malformed_because: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<EntryJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<Vec<EntryJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_force_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_release: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_last_day: Option<String>,
    basis: Option<BasisJson<'a>>,
    warnings: Vec<WarningJson>,
}

#[derive(Serialize)]
struct BasisJson<'a> {
    release: String,
    file: &'a str,
    sha256: &'a str,
    patch: Option<&'a str>,
}

/// Writes the answers of a check.
///
/// # Errors
/// [`ErrorKind::Io`] if the JSON cannot be written.
pub fn answers(answers: &[Answer]) -> Result<String> {
    to_text(&CheckJson {
        schema: "codeyear/check/1",
        answers: answers.iter().map(answer_json).collect(),
    })
}

fn answer_json(answer: &Answer) -> AnswerJson<'_> {
    let code_set = answer.code_set;
    let mut json = AnswerJson {
        asked: &answer.asked,
        code_set: code_set.id(),
        code: answer.code.as_ref().map(|code| code.as_str()),
        code_dotted: answer.code.map(|code| code.dotted(code_set)),
        date: answer.date.to_string(),
        through: answer.through.map(|day| day.to_string()),
        verdict: answer.verdict.name(),
        valid: matches!(answer.verdict, Verdict::Billable { .. }),
        release: answer.basis.as_ref().map(|basis| basis.release.to_string()),
        entry: answer
            .verdict
            .entry()
            .map(|entry| EntryJson::new(code_set, entry)),
        billable_below: None,
        first_day: None,
        last_day: None,
        exact: None,
        listed_again: None,
        new_beside: None,
        siblings: None,
        reason: None,
        malformed_because: None,
        parent: None,
        nearest: None,
        in_force_from: None,
        listed_by: None,
        needed: None,
        previous_release: None,
        previous_last_day: None,
        basis: answer.basis.as_ref().map(|basis| BasisJson {
            release: basis.release.to_string(),
            file: &basis.file,
            sha256: &basis.sha256,
            patch: basis.patch.as_deref(),
        }),
        warnings: warnings_json(&answer.warnings),
    };
    match &answer.verdict {
        Verdict::Billable { .. } => {}
        Verdict::Header { billable_below, .. } => {
            json.billable_below = Some(EntryJson::list(code_set, billable_below));
        }
        Verdict::NotYetEffective {
            first_day, exact, ..
        } => {
            json.first_day = Some(first_day.to_string());
            json.exact = Some(*exact);
        }
        Verdict::Deleted {
            last_day,
            exact,
            listed_again,
            new_beside,
            siblings,
            ..
        } => {
            json.last_day = Some(last_day.to_string());
            json.exact = Some(*exact);
            json.listed_again = listed_again.map(|day| day.to_string());
            json.new_beside = Some(EntryJson::list(code_set, new_beside));
            json.siblings = Some(EntryJson::list(code_set, siblings));
        }
        Verdict::Unknown { reason } => match reason {
            UnknownReason::Malformed { reason } => {
                json.reason = Some("malformed");
                json.malformed_because = Some(reason);
            }
            UnknownReason::MissingSeventhCharacter { options } => {
                json.reason = Some("missing-seventh-character");
                json.nearest = Some(EntryJson::list(code_set, options));
            }
            UnknownReason::NotListed { parent, nearest } => {
                json.reason = Some("not-listed");
                json.parent = parent.as_ref().map(|entry| EntryJson::new(code_set, entry));
                json.nearest = Some(EntryJson::list(code_set, nearest));
            }
        },
        Verdict::NotInForce {
            in_force_from,
            listed_by,
        } => {
            json.in_force_from = Some(in_force_from.to_string());
            json.listed_by = listed_by.as_ref().map(|(release, _)| release.to_string());
        }
        Verdict::NotCovered { needed, previous } => {
            json.needed = Some(needed.to_string());
            json.previous_release = previous.as_ref().map(|(release, _)| release.to_string());
            json.previous_last_day = previous.as_ref().map(|(_, day)| day.to_string());
        }
    }
    json
}

#[derive(Serialize)]
struct HistoryJson<'a> {
    schema: &'static str,
    code_set: &'static str,
    code: &'a str,
    code_dotted: String,
    covered_through: String,
    spans: Vec<SpanJson<'a>>,
    gaps: Vec<DaysJson>,
    warnings: Vec<WarningJson>,
}

#[derive(Serialize)]
struct SpanJson<'a> {
    valid_from: String,
    valid_to: String,
    last_day: String,
    in_force: bool,
    first_release: String,
    last_release: String,
    entry: EntryJson<'a>,
    patch: Option<&'a str>,
}

#[derive(Serialize)]
struct DaysJson {
    from: String,
    through: String,
}

/// Writes the life of a code.
///
/// # Errors
/// [`ErrorKind::Io`] if the JSON cannot be written.
pub fn history(history: &CodeHistory) -> Result<String> {
    let code_set = history.code_set;
    to_text(&HistoryJson {
        schema: "codeyear/history/1",
        code_set: code_set.id(),
        code: history.code.as_str(),
        code_dotted: history.code.dotted(code_set),
        covered_through: history.covered_through.to_string(),
        spans: history
            .spans
            .iter()
            .map(|span| SpanJson {
                valid_from: span.valid_from.to_string(),
                valid_to: span.valid_to.to_string(),
                last_day: eve(span.valid_to).to_string(),
                in_force: span.in_force,
                first_release: span.first_release.to_string(),
                last_release: span.last_release.to_string(),
                entry: EntryJson::new(code_set, &span.entry),
                patch: span.patch.as_deref(),
            })
            .collect(),
        gaps: history
            .gaps
            .iter()
            .map(|(from, through)| DaysJson {
                from: from.to_string(),
                through: through.to_string(),
            })
            .collect(),
        warnings: warnings_json(&history.warnings),
    })
}

#[derive(Serialize)]
struct DiffJson<'a> {
    schema: &'static str,
    code_set: &'static str,
    old: SideJson<'a>,
    new: SideJson<'a>,
    sample: bool,
    counts: Vec<CountJson>,
    cms_counts: CmsJson,
    under: Vec<String>,
    only: Option<OnlyJson<'a>>,
    changes: Vec<ChangeJson<'a>>,
}

#[derive(Serialize)]
struct SideJson<'a> {
    release: String,
    effective_from: String,
    rows: u64,
    billable: u64,
    file: &'a str,
    sha256: &'a str,
}

#[derive(Serialize)]
struct CountJson {
    kind: &'static str,
    all: u64,
    billable: u64,
}

#[derive(Serialize)]
struct CmsJson {
    new: u64,
    deleted: u64,
    revised: u64,
    explained: String,
}

#[derive(Serialize)]
struct OnlyJson<'a> {
    codes: u64,
    unchanged: u64,
    in_neither: Vec<&'a str>,
    malformed: u64,
}

#[derive(Serialize)]
struct ChangeJson<'a> {
    kind: &'static str,
    code: &'a str,
    code_dotted: String,
    category: String,
    category_title: Option<&'a str>,
    chapter: Option<&'static str>,
    title_change: &'static str,
    old: Option<EntryJson<'a>>,
    new: Option<EntryJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marked: Option<MarkedJson>,
}

#[derive(Serialize)]
struct MarkedJson {
    old: Vec<PieceJson>,
    new: Vec<PieceJson>,
}

#[derive(Serialize)]
struct PieceJson {
    changed: bool,
    text: String,
}

/// Writes the changes between two releases.
///
/// # Errors
/// [`ErrorKind::Io`] if the JSON cannot be written.
pub fn changes(changes: &ChangeSet) -> Result<String> {
    let code_set = changes.code_set;
    let [(old_file, old_sha256), (new_file, new_sha256)] = &changes.sources;
    let cms = changes.cms_counts();
    to_text(&DiffJson {
        schema: "codeyear/diff/1",
        code_set: code_set.id(),
        old: SideJson {
            release: changes.old.to_string(),
            effective_from: changes.old_from.to_string(),
            rows: changes.old_rows.all,
            billable: changes.old_rows.billable,
            file: old_file,
            sha256: old_sha256,
        },
        new: SideJson {
            release: changes.new.to_string(),
            effective_from: changes.new_from.to_string(),
            rows: changes.new_rows.all,
            billable: changes.new_rows.billable,
            file: new_file,
            sha256: new_sha256,
        },
        sample: changes.sample,
        counts: ChangeKind::ALL
            .into_iter()
            .map(|kind| {
                let Counts { all, billable } = changes.count(kind);
                CountJson {
                    kind: kind.name(),
                    all,
                    billable,
                }
            })
            .collect(),
        cms_counts: CmsJson {
            new: cms.new,
            deleted: cms.deleted,
            revised: cms.revised,
            explained: change_text::counting_explained(changes),
        },
        under: changes
            .under
            .iter()
            .map(|range| format!("{}-{}", range.first.as_str(), range.last.as_str()))
            .collect(),
        only: changes.only.as_ref().map(|only| OnlyJson {
            codes: only.codes,
            unchanged: only.unchanged,
            in_neither: only.in_neither.iter().map(|code| code.as_str()).collect(),
            malformed: only.malformed,
        }),
        changes: changes
            .changes
            .iter()
            .map(|change| change_json(changes, change))
            .collect(),
    })
}

fn change_json<'a>(changes: &'a ChangeSet, change: &'a Change) -> ChangeJson<'a> {
    let code_set = changes.code_set;
    let category = change.code.category();
    let marked = match (&change.old, &change.new) {
        (Some(old), Some(new)) if old.long_title != new.long_title => {
            let (old, new) = mark(&old.long_title, &new.long_title);
            Some(MarkedJson {
                old: pieces(old),
                new: pieces(new),
            })
        }
        (Some(old), Some(new)) if old.short_title != new.short_title => {
            let (old, new) = mark(&old.short_title, &new.short_title);
            Some(MarkedJson {
                old: pieces(old),
                new: pieces(new),
            })
        }
        _ => None,
    };
    ChangeJson {
        kind: change.kind.name(),
        code: change.code.as_str(),
        code_dotted: change.code.dotted(code_set),
        category: category.as_str().to_owned(),
        category_title: changes.category_title(&category),
        chapter: chapter_of(code_set, &change.code).map(|chapter| chapter.label),
        title_change: change_text::title_change_name(change.title),
        old: change
            .old
            .as_ref()
            .map(|entry| EntryJson::new(code_set, entry)),
        new: change
            .new
            .as_ref()
            .map(|entry| EntryJson::new(code_set, entry)),
        marked,
    }
}

fn pieces(pieces: Vec<Piece>) -> Vec<PieceJson> {
    pieces
        .into_iter()
        .map(|piece| PieceJson {
            changed: piece.changed,
            text: piece.text,
        })
        .collect()
}

#[derive(Serialize)]
struct ReleasesJson<'a> {
    schema: &'static str,
    sample: bool,
    content_hash: &'a str,
    releases: Vec<ReleaseJson<'a>>,
    gaps: Vec<GapJson>,
}

#[derive(Serialize)]
struct ReleaseJson<'a> {
    code_set: &'static str,
    release: String,
    effective_from: String,
    status: &'static str,
    governs_from: Option<String>,
    governs_through: Option<String>,
    rows: u64,
    billable: u64,
    known: bool,
    patches: usize,
    identified_by: Option<&'a str>,
    order_file: Option<SourceJson<'a>>,
    order_addenda: Option<SourceJson<'a>>,
    proofs: Vec<ProofJson<'a>>,
    urls: &'a [String],
}

#[derive(Serialize)]
struct SourceJson<'a> {
    name: &'a str,
    archive: Option<&'a str>,
    url: Option<&'a str>,
    sha256: &'a str,
    bytes: u64,
    imported_on: String,
}

impl<'a> SourceJson<'a> {
    fn new(file: &'a SourceFile) -> Self {
        SourceJson {
            name: &file.name,
            archive: file.archive.as_deref(),
            url: file.url.as_deref(),
            sha256: &file.sha256,
            bytes: file.bytes,
            imported_on: file.imported_on.to_string(),
        }
    }
}

#[derive(Serialize)]
struct ProofJson<'a> {
    subject: &'static str,
    base: Option<String>,
    outcome: &'static str,
    detail: &'a str,
    checked_on: String,
}

#[derive(Serialize)]
struct GapJson {
    code_set: &'static str,
    from: String,
    through: String,
}

/// Writes the overview of releases.
///
/// # Errors
/// [`ErrorKind::Io`] if the JSON cannot be written.
pub fn releases(overview: &ReleasesOverview) -> Result<String> {
    to_text(&ReleasesJson {
        schema: "codeyear/releases/1",
        sample: overview.sample,
        content_hash: &overview.content_hash,
        releases: overview
            .lines
            .iter()
            .map(|line| {
                let (stored, urls): (_, &[String]) = match &line.status {
                    ReleaseStatus::Loaded(stored) => (Some(stored), &[]),
                    ReleaseStatus::Missing { urls } => (None, urls),
                };
                ReleaseJson {
                    code_set: line.code_set.id(),
                    release: line.id.to_string(),
                    effective_from: line.effective_from.to_string(),
                    status: if stored.is_some() {
                        "loaded"
                    } else {
                        "missing"
                    },
                    governs_from: line.governs.map(|(from, _)| from.to_string()),
                    governs_through: line.governs.map(|(_, through)| through.to_string()),
                    rows: line.rows.0,
                    billable: line.rows.1,
                    known: line.known,
                    patches: line.patches,
                    identified_by: stored.map(|stored| stored.identified_by.as_str()),
                    order_file: stored.map(|stored| SourceJson::new(&stored.order_file)),
                    order_addenda: stored
                        .and_then(|stored| stored.addenda.as_ref())
                        .map(SourceJson::new),
                    proofs: stored
                        .iter()
                        .flat_map(|stored| &stored.proofs)
                        .map(|proof| ProofJson {
                            subject: proof.subject.name(),
                            base: proof.base.map(|base| base.to_string()),
                            outcome: proof.outcome.name(),
                            detail: &proof.detail,
                            checked_on: proof.checked_on.to_string(),
                        })
                        .collect(),
                    urls,
                }
            })
            .collect(),
        gaps: overview
            .gaps
            .iter()
            .map(|(code_set, from, through)| GapJson {
                code_set: code_set.id(),
                from: from.to_string(),
                through: through.to_string(),
            })
            .collect(),
    })
}

#[derive(Serialize)]
struct ImportJson<'a> {
    schema: &'static str,
    taken: Vec<TakenJson<'a>>,
    left: Vec<LeftJson<'a>>,
}

#[derive(Serialize)]
struct TakenJson<'a> {
    file: &'a str,
    kind: &'static str,
    code_set: &'static str,
    release: String,
    identified_by: &'static str,
    rows: u64,
    billable: u64,
    outcome: &'static str,
    notes: &'a [String],
}

#[derive(Serialize)]
struct LeftJson<'a> {
    file: &'a str,
    why: &'a str,
}

/// Writes what an import did.
///
/// # Errors
/// [`ErrorKind::Io`] if the JSON cannot be written.
pub fn import(report: &ImportReport) -> Result<String> {
    to_text(&ImportJson {
        schema: "codeyear/import/1",
        taken: report
            .taken
            .iter()
            .map(|taken| TakenJson {
                file: &taken.file,
                kind: if taken.is_order_file {
                    "order_file"
                } else {
                    "order_addenda"
                },
                code_set: taken.code_set.id(),
                release: taken.release.to_string(),
                identified_by: taken.identified_by,
                rows: taken.rows,
                billable: taken.billable,
                outcome: match taken.added {
                    Added::New => "stored",
                    Added::AlreadyThere => "already-stored",
                },
                notes: &taken.notes,
            })
            .collect(),
        left: report
            .left
            .iter()
            .map(|left| LeftJson {
                file: &left.file,
                why: &left.why,
            })
            .collect(),
    })
}

#[derive(Serialize)]
struct VerifyJson {
    schema: &'static str,
    sound: bool,
    sample: bool,
    releases: Vec<VerifiedJson>,
    spans: Vec<SpansJson>,
}

#[derive(Serialize)]
struct VerifiedJson {
    code_set: &'static str,
    release: String,
    order_file: OrderProofJson,
    order_addenda: Option<AddendaProofJson>,
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
struct AddendaProofJson {
    outcome: &'static str,
    base: Option<String>,
    stated_base: Option<String>,
    missing: u64,
    surplus: u64,
    other_titles: u64,
    footer_differences: Vec<String>,
    fitting_bases: Vec<String>,
    detail: String,
}

#[derive(Serialize)]
struct SpansJson {
    code_set: &'static str,
    differing: u64,
}

/// Writes a verification.
///
/// # Errors
/// [`ErrorKind::Io`] if the JSON cannot be written.
pub fn verify(report: &VerifyReport) -> Result<String> {
    to_text(&VerifyJson {
        schema: "codeyear/verify/1",
        sound: report.is_sound(),
        sample: report.sample,
        releases: report
            .releases
            .iter()
            .map(|release| VerifiedJson {
                code_set: release.code_set.id(),
                release: release.id.to_string(),
                order_file: OrderProofJson {
                    outcome: if release.order_file.is_exact() {
                        "exact"
                    } else {
                        "failed"
                    },
                    rows: release.order_file.rows.0,
                    billable: release.order_file.rows.1,
                    sha256: release.order_file.official.clone(),
                    sha256_written_back: release.order_file.written.clone(),
                },
                order_addenda: release.addenda.as_ref().map(|addenda| {
                    let replay = addenda.replay.clone().unwrap_or_default();
                    AddendaProofJson {
                        outcome: addenda.outcome().name(),
                        base: addenda.base.map(|base| base.to_string()),
                        stated_base: addenda.stated_base.map(|base| base.to_string()),
                        missing: replay.missing.len() as u64,
                        surplus: replay.surplus.len() as u64,
                        other_titles: replay.differing.len() as u64,
                        footer_differences: replay.footer_differences,
                        fitting_bases: addenda
                            .fitting_bases
                            .iter()
                            .map(|base| base.to_string())
                            .collect(),
                        detail: addenda.detail(),
                    }
                }),
            })
            .collect(),
        spans: report
            .spans
            .iter()
            .map(|(code_set, differing)| SpansJson {
                code_set: code_set.id(),
                differing: *differing,
            })
            .collect(),
    })
}
