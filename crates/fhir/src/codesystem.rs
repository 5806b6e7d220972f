//! `CodeSystem` resources: one for each release that answers.
//!
//! Read from here a resource says how many concepts there are and names none of them (`not-present`), because
//! a hundred thousand would be no answer to a read; the export has them all.

use serde_json::{Value, json};

use super::context::{Context, FhirVersion};
use super::outcome::{Answered, FhirFailure, clip, set};
use super::searchset;
use super::snapshot::{Snapshot, System, id_of, release_of, system_of, systems, version_of};
use codeyear_core::error::Result;
use codeyear_core::model::{DaysOf, LoadedRelease, Timeline, day_before};

/// How much of a code system a resource holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// All concepts.
    Complete,
    /// All that the bundled sample, or a part of a release, has.
    Fragment,
    /// None.
    NotPresent,
}

/// Returns the resource of a release, without its concepts.
pub(super) fn resource(
    version: FhirVersion,
    system: &System,
    timeline: &Timeline,
    release: &LoadedRelease,
    content: Content,
) -> Value {
    let period = timeline
        .periods()
        .iter()
        .find(|period| period.release == release.id);
    let mut period_json = json!({ "start": release.id.effective_from().to_string() });
    if let Some(period) = period {
        set(
            &mut period_json,
            "end",
            json!(day_before(period.until).to_string()),
        );
    }
    // Of a part not all concepts are there.
    let content = match content {
        Content::Complete if release.trust.incomplete.is_some() => Content::Fragment,
        content => content,
    };
    let mut resource = json!({
        "resourceType": "CodeSystem",
        "id": id_of(system, release.id),
        "url": system.uri,
        "identifier": [{ "system": "urn:ietf:rfc:3986", "value": system.oid }],
        "version": version_of(release.id),
        "name": system.name,
        "title": format!("{} {}", system.code_set.name(), release.id),
        // A release that was corrected does not answer any more.
        "status": if period.is_some() { "active" } else { "retired" },
        "experimental": false,
        "date": release.id.effective_from().to_string(),
        "publisher": system.publisher,
        "description": release.trust_notes().join("; "),
        "jurisdiction": [{ "coding": [{ "system": "urn:iso:std:iso:3166", "code": "US" }] }],
        "caseSensitive": false,
        "valueSet": whole(system),
        "hierarchyMeaning": "is-a",
        "compositional": false,
        "content": match content {
            Content::Complete => "complete",
            Content::Fragment => "fragment",
            Content::NotPresent => "not-present",
        },
        "property": properties(version),
    });
    // Of rows that name their days not all are codes of the release.
    if system.code_set.facts().days == DaysOf::Releases {
        set(&mut resource, "count", json!(release.rows));
    }
    match version {
        FhirVersion::R4 => {
            set(
                &mut resource,
                "extension",
                json!([{
                    "url": "http://hl7.org/fhir/StructureDefinition/resource-effectivePeriod",
                    "valuePeriod": period_json,
                }]),
            );
        }
        FhirVersion::R5 => set(&mut resource, "effectivePeriod", period_json),
    }
    resource
}

/// Returns the address of the value set of all codes of a system.
pub(super) fn whole(system: &System) -> String {
    format!("{}?fhir_vs", system.uri)
}

/// The properties of concepts, as far as FHIR defines them under its own names.
fn properties(version: FhirVersion) -> Value {
    let standard = |code: &str, kind: &str, description: &str| {
        let mut property = json!({ "code": code, "description": description, "type": kind });
        // R4 has no such days of its own.
        if version == FhirVersion::R5 || kind != "dateTime" {
            let uri = format!("http://hl7.org/fhir/concept-properties#{code}");
            set(&mut property, "uri", json!(uri));
        }
        property
    };
    json!([
        standard("parent", "code", "The nearest listed code above"),
        standard("child", "code", "A code of which this is the nearest listed one above"),
        standard("notSelectable", "boolean", "A header: not valid for submission, a more specific code is required"),
        standard("inactive", "boolean", "Whether the code is no longer listed"),
        standard("effectiveDate", "dateTime", "The first day on which the code is listed as it is, a header or valid for submission"),
        standard("retirementDate", "dateTime", "The first day on which the code is no longer listed so, as far as the loaded releases reach"),
        {
            "code": "successor",
            "description": "A code to which the official conversion tables lead from one that could be submitted and no longer can",
            "type": "code",
        },
        {
            "code": "provenance",
            "description": "How well the bytes of the file are known that the release comes from: official, rebuilt, derived, same-rows, unlisted, sample",
            "type": "string",
        },
    ])
}

/// Returns the loaded releases that answer, with their systems.
pub(super) fn answering(context: &Context<'_>) -> Result<Vec<(&'static System, LoadedRelease)>> {
    let mut found = Vec::new();
    for stored in context.store()?.releases()? {
        let release = stored.release;
        let system = system_of(release.code_set);
        let periods = context.codes(release.code_set).timeline().periods();
        if periods.iter().any(|period| period.release == release.id) {
            found.push((system, release));
        }
    }
    Ok(found)
}

/// Returns the system and version that the identifier of a resource names.
pub(super) fn of_id<'a>(context: &Context<'a>, id: &str) -> Answered<Snapshot<'a>> {
    let unknown = || FhirFailure::not_found(format!("there is no CodeSystem/{}", clip(id)));
    let (system, version) = systems()
        .find_map(|system| {
            let version = id.strip_prefix(system.prefix)?.strip_prefix('-')?;
            Some((system, version))
        })
        .ok_or_else(unknown)?;
    let source = context.codes(system.code_set);
    // Only as resources are named here: a version may be written in other ways.
    let period = release_of(source.timeline(), version)
        .filter(|period| version_of(period.release) == version)
        .ok_or_else(unknown)?;
    Ok(Snapshot {
        system,
        source,
        period: *period,
        day: period.from,
    })
}

pub(super) fn read(context: &Context<'_>, id: &str) -> Answered {
    let snapshot = of_id(context, id)?;
    let release = answering(context)?
        .into_iter()
        .map(|(_, release)| release)
        .find(|release| {
            release.code_set == snapshot.system.code_set && release.id == snapshot.period.release
        })
        .ok_or_else(|| FhirFailure::not_found(format!("there is no CodeSystem/{}", clip(id))))?;
    Ok(resource(
        context.version,
        snapshot.system,
        snapshot.source.timeline(),
        &release,
        Content::NotPresent,
    ))
}

pub(super) fn search(context: &Context<'_>, query: &[(String, String)]) -> Answered {
    let mut resources = Vec::new();
    for (system, release) in answering(context)? {
        let timeline = context.codes(system.code_set).timeline();
        resources.push(resource(
            context.version,
            system,
            timeline,
            &release,
            Content::NotPresent,
        ));
    }
    searchset::bundle(context, "CodeSystem", query, resources)
}
