//! `metadata`: what is answered here, and of which versions.

use codeyear_core::model::CodeSet;
use serde_json::{Value, json};

use super::context::Context;
use super::outcome::{Answered, FhirFailure, clip, set};
use super::snapshot::{systems, version_of};

pub(super) fn answer(context: &Context<'_>, query: &[(String, String)]) -> Answered {
    let mode = query.iter().find(|(name, _)| name == "mode");
    match mode.map_or("full", |(_, mode)| mode.as_str()) {
        "full" | "normative" => Ok(capability_statement(context)),
        "terminology" => Ok(terminology_capabilities(context)),
        other => Err(FhirFailure::invalid(format!(
            "the mode {:?} is not known; there are full and terminology",
            clip(other)
        ))),
    }
}

fn software() -> Value {
    json!({ "name": "codeyear", "version": env!("CARGO_PKG_VERSION") })
}

fn head(context: &Context<'_>, kind: &str) -> Value {
    json!({
        "resourceType": kind,
        "name": format!("Codeyear{kind}"),
        "title": "codeyear: every release of the US medical code sets",
        "status": "active",
        "date": context.terminology.today.to_string(),
        "kind": "instance",
        "software": software(),
        "implementation": {
            "description": format!("{} as every loaded release published them", CodeSet::all_names(" and ")),
            "url": context.base,
        },
    })
}

fn capability_statement(context: &Context<'_>) -> Value {
    let operation = |kind: &str, name: &str| {
        json!({
            "name": name,
            "definition": format!("http://hl7.org/fhir/OperationDefinition/{kind}-{name}"),
        })
    };
    let parameter = |name: &str, kind: &str| json!({ "name": name, "type": kind });
    let resource = |kind: &str, operations: &[&str]| {
        let mut parameters = vec![
            parameter("_id", "token"),
            parameter("url", "uri"),
            parameter("version", "token"),
            parameter("name", "string"),
            parameter("title", "string"),
            parameter("status", "token"),
            parameter("date", "date"),
        ];
        if kind == "CodeSystem" {
            parameters.push(parameter("system", "uri"));
        }
        json!({
            "type": kind,
            "interaction": [{ "code": "read" }, { "code": "search-type" }],
            "searchParam": parameters,
            "operation": operations
                .iter()
                .map(|name| operation(kind, name))
                .collect::<Vec<_>>(),
        })
    };
    let mut statement = head(context, "CapabilityStatement");
    set(
        &mut statement,
        "instantiates",
        json!(["http://hl7.org/fhir/CapabilityStatement/terminology-server"]),
    );
    set(
        &mut statement,
        "fhirVersion",
        json!(context.version.number()),
    );
    set(
        &mut statement,
        "format",
        json!(["application/fhir+json", "json"]),
    );
    set(
        &mut statement,
        "rest",
        json!([{
            "mode": "server",
            "documentation": "The date is set by version (2026, 2026-04, 2025-10-01) and date; without both it is today",
            "resource": [
                resource("CodeSystem", &["lookup", "validate-code", "subsumes"]),
                resource("ValueSet", &["expand", "validate-code"]),
                resource("ConceptMap", &["translate"]),
            ],
            "interaction": [{ "code": "batch" }],
        }]),
    );
    statement
}

fn terminology_capabilities(context: &Context<'_>) -> Value {
    let mut described = Vec::new();
    for system in systems() {
        let timeline = context.codes(system.code_set).timeline();
        let current = timeline.governing(context.terminology.today);
        let filters = filters(context);
        let versions: Vec<Value> = timeline
            .periods()
            .iter()
            .map(|period| {
                json!({
                    "code": version_of(period.release),
                    "isDefault": current == Some(period),
                    "compositional": false,
                    "language": ["en"],
                    "filter": filters,
                    "property": [
                        "parent", "child", "notSelectable", "inactive", "effectiveDate", "retirementDate", "successor",
                    ],
                })
            })
            .collect();
        if versions.is_empty() {
            continue;
        }
        let mut one = json!({ "uri": system.uri, "version": versions, "subsumption": true });
        if context.is_r5() {
            set(&mut one, "content", json!("complete"));
        }
        described.push(one);
    }
    let parameters = [
        "url",
        "valueSet",
        "valueSetVersion",
        "filter",
        "date",
        "offset",
        "count",
        "includeDesignations",
        "includeDefinition",
        "activeOnly",
        "excludeNotForUI",
        "exclude-system",
        "system-version",
        "check-system-version",
        "force-system-version",
    ]
    .map(|name| json!({ "name": name }));
    let mut capabilities = head(context, "TerminologyCapabilities");
    set(
        &mut capabilities,
        "version",
        json!(env!("CARGO_PKG_VERSION")),
    );
    if !described.is_empty() {
        set(&mut capabilities, "codeSystem", Value::Array(described));
    }
    set(
        &mut capabilities,
        "expansion",
        json!({
            "hierarchical": false,
            "paging": true,
            "incomplete": false,
            "parameter": parameters,
            "textFilter": "Each word has to begin a word of a title, or the code; case does not matter",
        }),
    );
    // The two versions have other words for it.
    set(
        &mut capabilities,
        "codeSearch",
        json!(if context.is_r5() {
            "in-compose-or-expansion"
        } else {
            "all"
        }),
    );
    set(
        &mut capabilities,
        "validateCode",
        json!({ "translations": false }),
    );
    set(
        &mut capabilities,
        "translation",
        json!({ "needsMap": false }),
    );
    capabilities
}

fn filters(context: &Context<'_>) -> Value {
    let mut concept = vec![
        "is-a",
        "descendent-of",
        "is-not-a",
        "generalizes",
        "=",
        "in",
        "not-in",
    ];
    if context.is_r5() {
        concept.extend(["child-of", "descendent-leaf"]);
    }
    let equals = |property: &str| json!({ "code": property, "op": ["="] });
    json!([
        { "code": "concept", "op": concept },
        equals("parent"),
        equals("child"),
        equals("notSelectable"),
        equals("inactive"),
    ])
}
