//! Conditions on codes, as a value set writes them.

use serde_json::Value;

use super::compose::text;
use super::outcome::{Answered, FhirFailure, clip};
use super::snapshot::Snapshot;
use crate::error::Result;
use crate::model::{Code, Entry};

/// A condition on codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    Is(Code),
    Below(Code),
    NotIs(Code),
    Child(Code),
    Leaf(Code),
    Above(Code),
    ParentOf(Code),
    In(Vec<Code>),
    NotIn(Vec<Code>),
    NotSelectable(bool),
    Inactive(bool),
}

impl Filter {
    /// Reads a condition as a request writes it.
    pub(super) fn read(snapshot: &Snapshot<'_>, filter: &Value, at: &str) -> Answered<Filter> {
        let field = |name: &str| -> Answered<&str> {
            text(filter, name, at)?.ok_or_else(|| {
                FhirFailure::invalid(format!("{at} has no {name}")).of_kind("vs-invalid")
            })
        };
        let (property, operator, value) = (field("property")?, field("op")?, field("value")?);
        let listed = || -> Answered<Code> { Ok(super::lookup::find(snapshot, value)?.0) };
        let several = || -> Answered<Vec<Code>> {
            let codes = value.split(',').map(|text| {
                snapshot
                    .system
                    .code_set
                    .parse_code(text)
                    .map_err(|malformed| {
                        FhirFailure::invalid(format!("{at}: {malformed}")).of_kind("vs-invalid")
                    })
            });
            codes.collect()
        };
        let truth = || -> Answered<bool> {
            value.parse().map_err(|_| {
                FhirFailure::invalid(format!("{at}: {property} is true or false"))
                    .of_kind("vs-invalid")
            })
        };
        Ok(match (property, operator) {
            ("concept" | "code", "is-a") => Filter::Is(listed()?),
            ("concept" | "code", "descendent-of") => Filter::Below(listed()?),
            ("concept" | "code", "is-not-a") => Filter::NotIs(listed()?),
            ("concept" | "code", "child-of") => Filter::Child(listed()?),
            ("concept" | "code", "descendent-leaf") => Filter::Leaf(listed()?),
            ("concept" | "code", "generalizes") => Filter::Above(listed()?),
            ("concept" | "code", "=" | "in") => Filter::In(several()?),
            ("concept" | "code", "not-in") => Filter::NotIn(several()?),
            ("parent", "=") => Filter::Child(listed()?),
            ("child", "=") => Filter::ParentOf(listed()?),
            ("notSelectable", "=") => Filter::NotSelectable(truth()?),
            ("inactive", "=") => Filter::Inactive(truth()?),
            _ => {
                return Err(FhirFailure::new(
                    422,
                    "not-supported",
                    format!(
                        "{at}: the filter {} {} is not supported; TerminologyCapabilities lists those that are",
                        clip(property),
                        clip(operator)
                    ),
                )
                .of_kind("vs-invalid"));
            }
        })
    }

    /// Returns the code below which everything stands that the filter lets through.
    pub(super) fn root(&self) -> Option<&Code> {
        match self {
            Filter::Is(code) | Filter::Below(code) | Filter::Child(code) | Filter::Leaf(code) => {
                Some(code)
            }
            _ => None,
        }
    }

    /// Checks whether the filter lets an entry through.
    pub(super) fn holds(&self, snapshot: &Snapshot<'_>, entry: &Entry) -> Result<bool> {
        let code = &entry.code;
        Ok(match self {
            Filter::Is(above) => code.is_under(above),
            Filter::Below(above) => code != above && code.is_under(above),
            Filter::NotIs(above) => !code.is_under(above),
            Filter::Child(above) => {
                code != above
                    && code.is_under(above)
                    && snapshot
                        .parent(code)?
                        .is_some_and(|parent| parent.code == *above)
            }
            Filter::Leaf(above) => {
                code != above && code.is_under(above) && snapshot.below(code)?.len() == 1
            }
            Filter::Above(below) => below.is_under(code),
            Filter::ParentOf(child) => snapshot
                .parent(child)?
                .is_some_and(|parent| parent.code == *code),
            Filter::In(codes) => codes.contains(code),
            Filter::NotIn(codes) => !codes.contains(code),
            Filter::NotSelectable(wanted) => entry.billable != *wanted,
            // What is listed on the day is in use on it.
            Filter::Inactive(wanted) => !wanted,
        })
    }
}
