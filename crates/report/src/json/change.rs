//! A changed code.

use serde::Serialize;

use crate::marks::{Piece, mark};
use codeyear_core::model::{
    Change, ChangeKind, ChangeSet, Code, Entry, LineageLink, LineageWay, ReleaseId, Severity,
    Touch, TraceEnd, chapter_of,
};

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct ChangeJson<'a> {
    #[serde(flatten)]
    pub(super) effect: Option<EffectJson<'a>>,
    kind: ChangeKind,
    #[serde(flatten, serialize_with = "codeyear_core::model::both_forms")]
    #[cfg_attr(feature = "schema", schema(value_type = codeyear_core::model::BothForms))]
    code: Code,
    category: Code,
    category_title: Option<&'a str>,
    chapter: Option<&'static str>,
    title_change: &'static str,
    old: Option<&'a Entry>,
    new: Option<&'a Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marked: Option<MarkedJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    successors: Option<&'a [TraceEnd]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    split_off: Option<&'a [LineageLink]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    predecessors: Option<&'a [TraceEnd]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<ReleaseId>,
}

/// What a change means: beside the fields of the change.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct EffectJson<'a> {
    pub(super) severity: Severity,
    pub(super) uses: u64,
    pub(super) share: f64,
    pub(super) touches: &'a [Touch],
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct MarkedJson {
    old: Vec<Piece>,
    new: Vec<Piece>,
}

pub(super) fn change_json<'a>(changes: &'a ChangeSet, change: &'a Change) -> ChangeJson<'a> {
    let code_set = changes.code_set;
    let category = change.code.category();
    let marked = match (&change.old, &change.new) {
        (Some(old), Some(new)) if old.long_title != new.long_title => {
            Some(marked(&old.long_title, &new.long_title))
        }
        (Some(old), Some(new)) if old.short_title != new.short_title => {
            Some(marked(&old.short_title, &new.short_title))
        }
        _ => None,
    };
    let lineage = changes.lineage.get(&change.code);
    ChangeJson {
        effect: None,
        kind: change.kind,
        code: change.code,
        category,
        category_title: changes.category_title(&category),
        chapter: chapter_of(code_set, &change.code).map(|chapter| chapter.label),
        title_change: crate::changes::title_change_name(change.title),
        old: change.old.as_ref(),
        new: change.new.as_ref(),
        marked,
        successors: lineage
            .filter(|lineage| lineage.way == LineageWay::Forward)
            .map(|lineage| lineage.ends.as_slice()),
        split_off: lineage
            .filter(|lineage| lineage.way == LineageWay::Forward)
            .map(|lineage| lineage.split_off.as_slice()),
        predecessors: lineage
            .filter(|lineage| lineage.way == LineageWay::Back)
            .map(|lineage| lineage.ends.as_slice()),
        table: lineage.map(|lineage| lineage.table),
    }
}

/// Cuts an old and a new wording into pieces, and marks those that differ.
pub(super) fn marked(old: &str, new: &str) -> MarkedJson {
    let (old, new) = mark(old, new);
    MarkedJson { old, new }
}
