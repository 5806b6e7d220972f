//! Where a code came from, what became of it, and its POA exemptions.

use chrono::NaiveDate;
use serde::Serialize;

use codeyear_core::model::{CodeLineage, Conversion, LineageLink, PoaSpan, ReleaseId, day_before};

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct LineageJson<'a> {
    tables: &'a [ReleaseId],
    from_nothing: Vec<RowJson>,
    predecessors: &'a [LineageLink],
    conversions: &'a [Conversion],
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct RowJson {
    effective_from: NaiveDate,
    table: ReleaseId,
    row: u32,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct PoaJson {
    exempt: bool,
    valid_from: NaiveDate,
    valid_to: NaiveDate,
    last_day: NaiveDate,
    first_list: ReleaseId,
    last_list: ReleaseId,
}

pub(super) fn lineage(of: &CodeLineage) -> LineageJson<'_> {
    let rows = of.lineage.from_nothing.iter();
    LineageJson {
        tables: &of.tables,
        from_nothing: rows
            .map(|(day, table, row)| RowJson {
                effective_from: *day,
                table: *table,
                row: *row,
            })
            .collect(),
        predecessors: &of.lineage.predecessors,
        conversions: &of.lineage.conversions,
    }
}

pub(super) fn poa(spans: &[PoaSpan]) -> Vec<PoaJson> {
    spans.iter().map(poa_span).collect()
}

pub(super) fn poa_span(span: &PoaSpan) -> PoaJson {
    PoaJson {
        exempt: span.exempt,
        valid_from: span.from,
        valid_to: span.until,
        last_day: day_before(span.until),
        first_list: span.first_list,
        last_list: span.last_list,
    }
}
