//! Conditions on codes, as a value set writes them.

use serde_json::Value;

use super::outcome::{Answered, FhirFailure, clip};
use super::parameters::text;
use super::snapshot::Snapshot;
use codeyear_core::error::Result;
use codeyear_core::model::{Code, Entry};

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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::snapshot::system_of;
    use super::super::{FhirVersion, of_sample};
    use super::*;
    use crate::testing::{cm, dotted};
    use codeyear_core::model::CodeSet;

    fn read_in(snapshot: &Snapshot<'_>, property: &str, op: &str, value: &str) -> Answered<Filter> {
        let filter = json!({ "property": property, "op": op, "value": value });
        Filter::read(snapshot, &filter, "filter")
    }

    #[test]
    fn each_filter_lets_through_its_part_of_the_tree() {
        let carcinoid = ["C7B.00", "C7B.01", "C7B.02", "C7B.03", "C7B.04", "C7B.09"];
        of_sample(FhirVersion::R4, |context| {
            let snapshot =
                Snapshot::at(context, system_of(CodeSet::Icd10Cm), None, None, None).unwrap();
            let tree = snapshot.below(&cm("C7B")).unwrap();
            for (property, op, value, expected) in [
                (
                    "concept",
                    "is-a",
                    "C7B.0",
                    [&["C7B.0"][..], &carcinoid].concat(),
                ),
                ("concept", "descendent-of", "C7B.0", carcinoid.to_vec()),
                ("code", "is-not-a", "C7B.0", vec!["C7B", "C7B.1", "C7B.8"]),
                ("code", "child-of", "C7B", vec!["C7B.0", "C7B.1", "C7B.8"]),
                ("parent", "=", "C7B", vec!["C7B.0", "C7B.1", "C7B.8"]),
                (
                    "concept",
                    "descendent-leaf",
                    "C7B",
                    [&carcinoid[..], &["C7B.1", "C7B.8"]].concat(),
                ),
                (
                    "concept",
                    "generalizes",
                    "C7B.02",
                    vec!["C7B", "C7B.0", "C7B.02"],
                ),
                ("child", "=", "C7B.02", vec!["C7B.0"]),
                ("concept", "in", "c7b8,C7B.1", vec!["C7B.1", "C7B.8"]),
                ("notSelectable", "=", "true", vec!["C7B", "C7B.0"]),
                ("inactive", "=", "true", vec![]),
            ] {
                let filter = read_in(&snapshot, property, op, value).unwrap();
                let held = tree
                    .iter()
                    .filter(|entry| filter.holds(&snapshot, entry).unwrap());
                assert_eq!(
                    dotted(held.map(|entry| &entry.code)),
                    expected,
                    "{property} {op} {value}"
                );
            }
        });
    }

    #[test]
    fn a_filter_that_cannot_be_answered_is_refused_with_its_own_status() {
        of_sample(FhirVersion::R4, |context| {
            let snapshot =
                Snapshot::at(context, system_of(CodeSet::Icd10Cm), None, None, None).unwrap();
            for (property, op, value, status) in [
                ("concept", "regex", "C7.*", 422),
                ("display", "=", "Cholera", 422),
                ("notSelectable", "=", "yes", 400),
                ("concept", "in", "C7.B", 400),
                // S30.1XXA is deleted on that day.
                ("concept", "is-a", "S30.1XXA", 404),
                ("concept", "is-a", "", 400),
            ] {
                let refused = read_in(&snapshot, property, op, value).unwrap_err();
                assert_eq!(refused.status, status, "{property} {op} {value}");
            }
        });
    }
}
