//! The changes between two releases.

use chrono::NaiveDate;
use serde::Serialize;

use super::change::{ChangeJson, change_json};
use super::impact::{self, ImpactJson};
use super::notes::{self, NotesJson};
use super::{WarningJson, to_text, warnings_json};
use codeyear_core::error::Result;
use codeyear_core::model::{
    ChangeKind, ChangeSet, CmsCounts, CodeSet, Counts, FileRef, OnlyList, Provenance, ReleaseId,
};

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct DiffJson<'a> {
    schema: &'static str,
    code_set: CodeSet,
    old: SideJson<'a>,
    new: SideJson<'a>,
    sample: bool,
    warnings: Vec<WarningJson>,
    counts: Vec<CountJson>,
    cms_counts: CmsJson,
    cms_footer: Option<CmsFooterJson<'a>>,
    under: Vec<String>,
    only: Option<&'a OnlyList>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact: Option<ImpactJson>,
    changes: Vec<ChangeJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<NotesJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct SideJson<'a> {
    release: ReleaseId,
    effective_from: NaiveDate,
    rows: u64,
    billable: u64,
    #[serde(flatten)]
    file: &'a FileRef,
    provenance: Provenance,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct CountJson {
    kind: ChangeKind,
    all: u64,
    billable: u64,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct CmsJson {
    #[serde(flatten)]
    counts: CmsCounts,
    explained: String,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct CmsFooterJson<'a> {
    file: &'a str,
    #[serde(flatten)]
    counts: CmsCounts,
    left_out: u64,
}

/// Writes the changes between two releases.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Io`] if the JSON cannot be written.
pub fn changes(changes: &ChangeSet) -> Result<String> {
    let code_set = changes.code_set;
    let [old_file, new_file] = &changes.sources;
    let cms = changes.cms_counts();
    to_text(&DiffJson {
        schema: "codeyear/diff/1",
        code_set,
        old: SideJson {
            release: changes.old,
            effective_from: changes.old_from,
            rows: changes.old_rows.all,
            billable: changes.old_rows.billable,
            file: old_file,
            provenance: changes.provenance[0],
        },
        new: SideJson {
            release: changes.new,
            effective_from: changes.new_from,
            rows: changes.new_rows.all,
            billable: changes.new_rows.billable,
            file: new_file,
            provenance: changes.provenance[1],
        },
        sample: changes.sample,
        warnings: warnings_json(&changes.warnings),
        counts: ChangeKind::ALL
            .into_iter()
            .map(|kind| {
                let Counts { all, billable } = changes.count(kind);
                CountJson {
                    kind,
                    all,
                    billable,
                }
            })
            .collect(),
        cms_counts: CmsJson {
            counts: cms,
            explained: crate::changes::counting_explained(changes),
        },
        cms_footer: changes.cms_footer.as_ref().map(|footer| CmsFooterJson {
            file: &footer.file,
            counts: footer.counts,
            left_out: footer.left_out.iter().sum(),
        }),
        under: changes
            .under
            .iter()
            .map(|range| format!("{}-{}", range.first.as_str(), range.last.as_str()))
            .collect(),
        only: changes.only.as_ref(),
        impact: changes.impact.as_ref().map(impact::impact),
        changes: match &changes.impact {
            Some(weighed) => impact::changes(changes, weighed),
            None => changes
                .changes
                .iter()
                .map(|change| change_json(changes, change))
                .collect(),
        },
        notes: changes.notes.as_ref().map(notes::notes),
    })
}
