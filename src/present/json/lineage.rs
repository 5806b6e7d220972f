//! Where a code came from, what became of it, and its POA exemptions.

use serde::Serialize;

use super::EntryJson;
use crate::model::{
    CodeLineage, Fate, LineageKind, LineageLink, ListedAs, PoaSpan, Retirement, day_before,
};

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub(super) struct LineageJson<'a> {
    tables: Vec<String>,
    from_nothing: Vec<RowJson>,
    predecessors: Vec<LinkJson<'a>>,
    conversions: Vec<ConversionJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct RowJson {
    effective_from: String,
    table: String,
    row: u32,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct ConversionJson<'a> {
    effective_from: String,
    fate: &'static str,
    kind: &'static str,
    successors: Vec<LinkJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub(super) struct LinkJson<'a> {
    old: String,
    new: String,
    effective_from: String,
    table: String,
    row: u32,
    cell: &'a str,
    named: bool,
    combination: bool,
    fate: &'static str,
    new_listed: &'static str,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub(super) struct PoaJson {
    exempt: bool,
    valid_from: String,
    valid_to: String,
    last_day: String,
    first_list: String,
    last_list: String,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub(super) struct RetirementJson<'a> {
    retired_from: String,
    last_day: String,
    fate: &'static str,
    kind: Option<&'static str>,
    table: Option<String>,
    successors: Vec<SuccessorJson<'a>>,
    guess: Vec<EntryJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct SuccessorJson<'a> {
    code: String,
    code_dotted: String,
    entry: Option<EntryJson<'a>>,
    steps: Vec<LinkJson<'a>>,
}

pub(super) fn link(link: &LineageLink) -> LinkJson<'_> {
    LinkJson {
        old: link.old.as_str().to_owned(),
        new: link.new.as_str().to_owned(),
        effective_from: link.effective_from.to_string(),
        table: link.table.to_string(),
        row: link.row,
        cell: &link.cell,
        named: link.is_named,
        combination: !link.together_with.is_empty(),
        fate: fate(link.fate),
        new_listed: listed(link.new_listed),
    }
}

pub(super) fn listed(listed: ListedAs) -> &'static str {
    match listed {
        ListedAs::Billable => "billable",
        ListedAs::Header => "header",
        ListedAs::Unlisted => "not-listed",
        ListedAs::NotCovered => "not-covered",
    }
}

fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::StaysBillable => "stays-billable",
        Fate::BecameHeader => "became-header",
        Fate::Deleted => "deleted",
        Fate::WasNotBillable => "was-not-billable",
        Fate::NotCovered => "not-covered",
    }
}

fn kind(kind: LineageKind) -> &'static str {
    match kind {
        LineageKind::OneToOne => "one-to-one",
        LineageKind::Split => "split",
        LineageKind::Merge => "merge",
        LineageKind::SplitAndMerge => "split-and-merge",
        LineageKind::SplitOff => "split-off",
    }
}

pub(super) fn lineage(lineage: &CodeLineage) -> LineageJson<'_> {
    LineageJson {
        tables: lineage.tables.iter().map(ToString::to_string).collect(),
        from_nothing: lineage
            .lineage
            .from_nothing
            .iter()
            .map(|(day, table, row)| RowJson {
                effective_from: day.to_string(),
                table: table.to_string(),
                row: *row,
            })
            .collect(),
        predecessors: lineage.lineage.predecessors.iter().map(link).collect(),
        conversions: lineage
            .lineage
            .conversions
            .iter()
            .map(|conversion| ConversionJson {
                effective_from: conversion.effective_from.to_string(),
                fate: fate(conversion.fate),
                kind: kind(conversion.kind),
                successors: conversion.successors.iter().map(link).collect(),
            })
            .collect(),
    }
}

pub(super) fn poa(spans: &[PoaSpan]) -> Vec<PoaJson> {
    spans.iter().map(poa_span).collect()
}

pub(super) fn poa_span(span: &PoaSpan) -> PoaJson {
    PoaJson {
        exempt: span.exempt,
        valid_from: span.from.to_string(),
        valid_to: span.until.to_string(),
        last_day: day_before(span.until).to_string(),
        first_list: span.first_list.to_string(),
        last_list: span.last_list.to_string(),
    }
}

pub(super) fn retirement(retirement: &Retirement) -> RetirementJson<'_> {
    RetirementJson {
        retired_from: retirement.retired_from.to_string(),
        last_day: retirement.last_day.to_string(),
        fate: fate(retirement.fate),
        kind: retirement.kind.map(kind),
        table: retirement.table.map(|table| table.to_string()),
        successors: retirement
            .successors
            .iter()
            .map(|successor| SuccessorJson {
                code: successor.code.as_str().to_owned(),
                code_dotted: successor.code.to_string(),
                entry: successor.entry.as_ref().map(EntryJson::new),
                steps: successor.steps.iter().map(link).collect(),
            })
            .collect(),
        guess: EntryJson::list(&retirement.guess),
    }
}
