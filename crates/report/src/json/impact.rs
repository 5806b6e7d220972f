//! The changes weighed by the codes of a file.

use serde::Serialize;

use super::change::{ChangeJson, EffectJson, change_json};
use crate::rounded;
use codeyear_core::model::{ChangeSet, Code, Impact, Severity, UseCount};

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct ImpactJson {
    rows: u64,
    ragged_rows: u64,
    first_ragged_line: Option<u64>,
    unread: u64,
    columns: u64,
    no_codes: u64,
    of_other_sets: u64,
    all: UseCount,
    severities: Vec<SeverityJson>,
    untouched: UseCount,
    headers: Vec<UsedJson>,
    outside: UseCount,
    unknown: UnknownJson,
    left_out: u64,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct SeverityJson {
    severity: Severity,
    codes: u64,
    uses: u64,
    share: f64,
    changes: u64,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct UnknownJson {
    codes: u64,
    uses: u64,
    in_neither: Vec<UsedJson>,
    never_listed: UseCount,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct UsedJson {
    #[serde(flatten, serialize_with = "codeyear_core::model::both_forms")]
    #[cfg_attr(feature = "schema", schema(value_type = codeyear_core::model::BothForms))]
    code: Code,
    uses: u64,
}

/// Returns a share from 0 to 1 with six decimals.
fn share(part: u64, whole: u64) -> f64 {
    let millionths = rounded(part, whole, 1_000_000);
    // A share is at most a million of these.
    f64::from(u32::try_from(millionths).unwrap_or(1_000_000)) / 1_000_000.0
}

pub(super) fn impact(impact: &Impact) -> ImpactJson {
    let unknown = impact.unknown();
    ImpactJson {
        rows: impact.rows,
        ragged_rows: impact.ragged_rows,
        first_ragged_line: impact.first_ragged_line,
        unread: impact.unread,
        columns: impact.columns,
        no_codes: impact.no_codes,
        of_other_sets: impact.of_other_sets,
        all: impact.all,
        severities: Severity::ALL
            .into_iter()
            .map(|severity| {
                let used = impact.count(severity);
                SeverityJson {
                    severity,
                    codes: used.codes,
                    uses: used.uses,
                    share: share(used.uses, impact.all.uses),
                    changes: impact.of(severity).len() as u64,
                }
            })
            .collect(),
        untouched: impact.untouched,
        headers: used(&impact.headers),
        outside: impact.outside,
        unknown: UnknownJson {
            codes: unknown.codes,
            uses: unknown.uses,
            in_neither: used(&impact.in_neither),
            never_listed: impact.never_listed,
        },
        left_out: impact.left_out,
    }
}

fn used(codes: &[(Code, u64)]) -> Vec<UsedJson> {
    let codes = codes.iter();
    codes
        .map(|(code, uses)| UsedJson {
            code: *code,
            uses: *uses,
        })
        .collect()
}

/// Returns the changes in the order of their effects, each with what it means.
pub(super) fn changes<'a>(changes: &'a ChangeSet, impact: &'a Impact) -> Vec<ChangeJson<'a>> {
    let effects = impact.effects.iter().filter_map(|effect| {
        let mut json = change_json(changes, changes.changes.get(effect.change)?);
        json.effect = Some(EffectJson {
            severity: effect.severity,
            uses: effect.uses,
            share: share(effect.uses, impact.all.uses),
            touches: &effect.touches,
        });
        Some(json)
    });
    effects.collect()
}
