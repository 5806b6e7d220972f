//! What the conversion tables say of the codes that changed between two releases.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::lineage::with_listings;
use crate::error::Result;
use crate::model::{
    Change, ChangeLineage, Code, CodeSet, Conversions, DocumentKind, Entry, LineageLink,
    LineageWay, ReleaseId, Span, StoreKind, TraceEnd,
};
use crate::store::Store;

/// Returns the lineage of each changed code that could be reported on one side only, by the conversions that
/// took effect after the old side's first day and by the new side's.
///
/// Backwards in time there is none: the tables tell what became of a code, and a report that undoes a
/// release has no such thing to tell.
pub(super) fn lineage(
    store: &Store,
    code_set: CodeSet,
    (old, new): (ReleaseId, ReleaseId),
    changes: &[Change],
) -> Result<BTreeMap<Code, ChangeLineage>> {
    let (after, through) = (old.effective_from(), new.effective_from());
    if !code_set.has(DocumentKind::ConversionTable) || through <= after {
        return Ok(BTreeMap::new());
    }
    let tables = store.conversion_tables()?;
    if tables.is_empty() {
        return Ok(BTreeMap::new());
    }
    let asked: Vec<(Code, LineageWay)> = changes
        .iter()
        .filter_map(|change| Some((change.code, way(change)?)))
        .collect();
    let timeline = store.timeline(code_set)?;
    let facts = store.conversion_facts_between(&timeline, after, through)?;
    let conversions = Conversions::new(facts);
    type Found = (Vec<TraceEnd>, Vec<LineageLink>);
    let found: Vec<Found> = with_listings(&store.codes_of(&timeline), |listed| {
        let trace = |(code, way): &(Code, LineageWay)| {
            let (mut ends, split_off) = match way {
                LineageWay::Forward => (
                    conversions.trace(code, after, through, listed),
                    conversions.split_off(code, after, through, listed),
                ),
                LineageWay::Back => (
                    conversions.trace_back(code, after, through, listed),
                    Vec::new(),
                ),
            };
            ends.retain(|end| !end.steps.is_empty());
            (ends, split_off)
        };
        asked.iter().map(trace).collect()
    })?;
    let sample = store.kind()? == StoreKind::Sample;
    let mut lineage = BTreeMap::new();
    for ((code, way), (ends, split_off)) in asked.into_iter().zip(found) {
        let named = ends
            .iter()
            .flat_map(|end| &end.steps)
            .map(|step| step.table)
            .max();
        let table = match named {
            Some(table) => Some(table),
            None => {
                let life = store.spans(code_set, &code)?;
                let day = day_of(&life, way, after, through);
                tables
                    .iter()
                    .rev()
                    .find(|table| table.effective_from() >= day)
                    .copied()
            }
        };
        if let Some(table) = table {
            let says_none = way == LineageWay::Back && conversions.says_none(&code);
            // That a table in part is silent says nothing of the official one.
            if sample && ends.is_empty() && !says_none {
                continue;
            }
            let found = ChangeLineage {
                way,
                ends,
                split_off,
                says_none,
                table,
            };
            lineage.insert(code, found);
        }
    }
    Ok(lineage)
}

/// Returns which way the lineage of a change leads, if it could be reported on one side only.
fn way(change: &Change) -> Option<LineageWay> {
    let old = change.old.as_ref().is_some_and(|entry| entry.billable);
    let new = change.new.as_ref().is_some_and(|entry| entry.billable);
    match (old, new) {
        (true, false) => Some(LineageWay::Forward),
        (false, true) => Some(LineageWay::Back),
        _ => None,
    }
}

/// Returns the last day within a stretch on which a code ceased to be billable, or the first on which it
/// became so; the last day of the stretch where its life does not tell.
fn day_of(
    life: &[Span<Entry>],
    way: LineageWay,
    after: NaiveDate,
    through: NaiveDate,
) -> NaiveDate {
    let days = life
        .iter()
        .filter(|listed| listed.value.billable)
        .filter_map(|listed| match way {
            LineageWay::Forward => listed.until,
            LineageWay::Back => Some(listed.from),
        })
        .filter(|day| *day > after && *day <= through);
    match way {
        LineageWay::Forward => days.max(),
        LineageWay::Back => days.min(),
    }
    .unwrap_or(through)
}
