//! The summary of an audit.

use chrono::NaiveDate;
use serde::Serialize;

use super::{WarningJson, to_text, warnings_json};
use codeyear_claims::{
    AuditSummary, ColumnEvidence, FailingCode, Inference, NotJudged, UseBasis, VerdictCounts,
    Window, Writing,
};
use codeyear_core::error::Result;
use codeyear_core::model::{
    Code, CodeSet, Provenance, ReleaseId, StoreKind, VerdictKind, day_before,
};

#[derive(Serialize)]
struct AuditJson {
    schema: &'static str,
    sample: bool,
    files: u64,
    unread_files: Vec<UnreadFileJson>,
    rows: u64,
    rejected: u64,
    rejected_by_first: u64,
    rejected_cents: Option<i64>,
    codes: u64,
    not_billable: u64,
    not_told: u64,
    not_judged: u64,
    not_judged_by: Vec<NotJudgedJson>,
    nulls: u64,
    not_read: u64,
    notes: Vec<String>,
    remarks: Vec<RemarkJson>,
    writings: Vec<WritingJson>,
    warnings: Vec<AuditWarningJson>,
    verdicts: Vec<VerdictCountJson>,
    failures: Vec<FailureJson>,
    more_failures: u64,
    by_release: Vec<ReleaseCountJson>,
    by_cause: Vec<CauseJson>,
    by_month: Vec<MonthCountJson>,
    problems: Vec<ProblemJson>,
    problem_counts: Vec<ProblemCountJson>,
}

#[derive(Serialize)]
struct UnreadFileJson {
    file: String,
    why: String,
}

#[derive(Serialize)]
struct NotJudgedJson {
    reason: &'static str,
    name: Option<String>,
    codes: u64,
}

impl NotJudgedJson {
    fn new(reason: &NotJudged, codes: u64) -> NotJudgedJson {
        let (reason, name) = match reason {
            NotJudged::OtherCodeSet(name) => ("other-code-set", Some((*name).to_owned())),
            NotJudged::UnknownLabel(label) => ("unknown-label", Some(label.clone())),
            NotJudged::ManyLabels => ("unknown-label", None),
            NotJudged::LooksLike(names) => ("looks-like", Some(names.clone())),
            NotJudged::NotInFile => ("not-in-file", None),
            NotJudged::NotRead => ("not-read", None),
        };
        NotJudgedJson {
            reason,
            name,
            codes,
        }
    }
}

#[derive(Serialize)]
struct RemarkJson {
    remark: &'static str,
    count: u64,
}

#[derive(Serialize)]
struct WritingJson {
    writing: Writing,
    codes: u64,
}

#[derive(Serialize)]
struct AuditWarningJson {
    code_set: CodeSet,
    #[serde(flatten)]
    warning: WarningJson,
}

#[derive(Serialize)]
struct VerdictCountJson {
    verdict: VerdictKind,
    codes: u64,
    cents: Option<i64>,
}

#[derive(Serialize)]
struct FailureJson {
    code_set: CodeSet,
    code: Option<Code>,
    code_dotted: Option<String>,
    verdict: VerdictKind,
    codes: u64,
    rejected: u64,
    cents: Option<i64>,
    first: NaiveDate,
    last: NaiveDate,
    day: Option<NaiveDate>,
    caused_by: Option<ReleaseId>,
    r#use: Vec<String>,
    use_count: usize,
    use_by: Option<UseBasis>,
    why: String,
}

#[derive(Serialize)]
struct ReleaseCountJson {
    code_set: CodeSet,
    release: Option<ReleaseId>,
    provenance: Option<Provenance>,
    codes: u64,
    verdicts: Vec<VerdictCountJson>,
}

#[derive(Serialize)]
struct CauseJson {
    code_set: CodeSet,
    release: Option<ReleaseId>,
    codes: u64,
}

#[derive(Serialize)]
struct MonthCountJson {
    month: String,
    codes: u64,
    verdicts: Vec<VerdictCountJson>,
}

#[derive(Serialize)]
struct ProblemJson {
    file: Option<String>,
    place: String,
    field: Option<String>,
    problem: String,
    value: Option<String>,
}

#[derive(Serialize)]
struct ProblemCountJson {
    problem: String,
    count: u64,
}

/// Writes the summary of an audit: schema `codeyear/audit/1`.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
pub fn audit(summary: &AuditSummary) -> Result<String> {
    let counts = |counts: &VerdictCounts| {
        let with = |kind: &VerdictKind| VerdictCountJson {
            verdict: *kind,
            codes: counts.of(*kind),
            cents: summary.has_amounts.then(|| counts.cents_of(*kind)),
        };
        let any = |kind: &&VerdictKind| counts.of(**kind) > 0;
        VerdictKind::ALL.iter().filter(any).map(with).collect()
    };
    to_text(&AuditJson {
        schema: "codeyear/audit/1",
        sample: summary.store_kind == StoreKind::Sample,
        files: summary.files,
        unread_files: summary
            .unread_files
            .iter()
            .map(|(file, why)| UnreadFileJson {
                file: file.clone(),
                why: why.clone(),
            })
            .collect(),
        rows: summary.rows,
        rejected: summary.claims.failing,
        rejected_by_first: summary.claims.principal,
        rejected_cents: summary.has_amounts.then_some(summary.claims.failing_cents),
        codes: summary.total.total(),
        not_billable: summary.total.failing(),
        not_told: summary.total.of(VerdictKind::NotCovered),
        not_judged: summary.not_judged_count(),
        not_judged_by: summary
            .not_judged
            .iter()
            .map(|(reason, codes)| NotJudgedJson::new(reason, *codes))
            .collect(),
        nulls: summary.nulls,
        not_read: summary.unread(),
        notes: summary.notes.clone(),
        remarks: summary
            .remarks
            .iter()
            .map(|(remark, count)| RemarkJson {
                remark,
                count: *count,
            })
            .collect(),
        writings: summary
            .writings
            .iter()
            .map(|(writing, codes)| WritingJson {
                writing: *writing,
                codes: *codes,
            })
            .collect(),
        warnings: summary
            .warnings
            .iter()
            .flat_map(|(code_set, warning)| {
                let warnings = warnings_json(std::slice::from_ref(warning)).into_iter();
                warnings.map(|warning| AuditWarningJson {
                    code_set: *code_set,
                    warning,
                })
            })
            .collect(),
        verdicts: counts(&summary.total),
        failures: summary
            .failures
            .iter()
            .map(|failure| FailureJson::new(failure, summary.has_amounts))
            .collect(),
        more_failures: summary.more_failures,
        by_release: summary
            .releases
            .iter()
            .map(|(code_set, release, of)| ReleaseCountJson {
                code_set: *code_set,
                release: *release,
                provenance: release
                    .and_then(|release| summary.provenance.get(&(*code_set, release)))
                    .copied(),
                codes: of.total(),
                verdicts: counts(of),
            })
            .collect(),
        by_cause: summary
            .causes
            .iter()
            .map(|(code_set, release, codes)| CauseJson {
                code_set: *code_set,
                release: *release,
                codes: *codes,
            })
            .collect(),
        by_month: summary
            .months
            .iter()
            .map(|(month, of)| MonthCountJson {
                month: month.format("%Y-%m").to_string(),
                codes: of.total(),
                verdicts: counts(of),
            })
            .collect(),
        problems: summary
            .problems
            .iter()
            .map(|problem| ProblemJson {
                file: problem.file.as_deref().map(str::to_owned),
                place: problem.place.to_string(),
                field: problem.field.clone(),
                problem: problem.kind.to_string(),
                value: problem.value.clone(),
            })
            .collect(),
        problem_counts: summary
            .problem_counts
            .iter()
            .map(|(kind, count)| ProblemCountJson {
                problem: kind.to_string(),
                count: *count,
            })
            .collect(),
    })
}

#[derive(Serialize)]
struct InferenceJson<'a> {
    schema: &'static str,
    codes: u64,
    never_billable: u64,
    windows: Vec<WindowJson>,
    not_before: &'a [ColumnEvidence],
    not_after: &'a [ColumnEvidence],
    unexplained: &'a [ColumnEvidence],
}

#[derive(Serialize)]
struct WindowJson {
    from: NaiveDate,
    through: NaiveDate,
    releases: Vec<WindowReleaseJson>,
    billable: u64,
}

#[derive(Serialize)]
struct WindowReleaseJson {
    code_set: CodeSet,
    release: ReleaseId,
}

/// Writes what was inferred of a file without dates: schema `codeyear/inference/1`.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
pub fn inference(inference: &Inference) -> Result<String> {
    let window = |window: &Window| WindowJson {
        from: window.from,
        through: day_before(window.until),
        releases: window
            .releases
            .iter()
            .map(|(code_set, release)| WindowReleaseJson {
                code_set: *code_set,
                release: *release,
            })
            .collect(),
        billable: window.billable,
    };
    to_text(&InferenceJson {
        schema: "codeyear/inference/1",
        codes: inference.codes,
        never_billable: inference.never_billable,
        windows: inference.windows.iter().map(window).collect(),
        not_before: &inference.not_before,
        not_after: &inference.not_after,
        unexplained: &inference.unexplained,
    })
}

impl FailureJson {
    fn new(failure: &FailingCode, has_amounts: bool) -> FailureJson {
        let finding = &failure.finding;
        FailureJson {
            code_set: finding.code_set,
            code: finding.code,
            code_dotted: finding.code.map(|code| code.to_string()),
            verdict: finding.verdict,
            codes: failure.codes,
            rejected: failure.claims,
            cents: has_amounts.then_some(failure.cents),
            first: failure.first,
            last: failure.last,
            day: finding.day,
            caused_by: finding.caused_by,
            r#use: finding.uses.iter().map(|code| code.to_string()).collect(),
            use_count: finding.use_count,
            use_by: finding.use_basis,
            why: finding.why.clone(),
        }
    }
}
