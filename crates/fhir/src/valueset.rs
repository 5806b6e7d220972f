//! ValueSet resources: those that FHIR takes for granted of a code system, read and searched.

use serde_json::{Value, json};

use super::Context;
use super::codesystem::whole;
use super::compose::{Definition, Wanted};
use super::outcome::{Answered, FhirFailure, clip, set};
use super::searchset;
use super::snapshot::{System, systems};
use codeyear_core::model::Code;

/// Returns the address of a value set that is taken for granted.
pub(super) fn implicit_url(system: &System, below: Option<&Code>) -> String {
    match below {
        None => whole(system),
        Some(code) => format!("{}=isa/{}", whole(system), code),
    }
}

/// Returns a value set that is taken for granted as a resource.
pub(super) fn implicit_resource(
    context: &Context<'_>,
    system: &System,
    below: Option<&Code>,
) -> Value {
    let mut include = json!({ "system": system.uri });
    let name = system.code_set.name();
    let (id, computable, title) = match below {
        None => (
            system.prefix.to_owned(),
            format!("{}Codes", system.name),
            format!("All codes of {name}"),
        ),
        Some(code) => {
            let shown = code.to_string();
            set(
                &mut include,
                "filter",
                json!([{ "property": "concept", "op": "is-a", "value": shown }]),
            );
            (
                format!("{}-isa-{}", system.prefix, code.as_str()),
                format!("{}Under{}", system.name, code.as_str()),
                format!("{shown} of {name} and the codes below it"),
            )
        }
    };
    let mut resource = json!({
        "resourceType": "ValueSet",
        "id": id,
        "url": implicit_url(system, below),
        "name": computable,
        "title": title,
        "status": "active",
        "experimental": false,
        "compose": { "include": [include] },
    });
    // The codes are those of the release in force on the day that is asked for.
    let description = "Without a date or version, of the release that is in force today";
    set(&mut resource, "description", json!(description));
    if context.is_r5()
        && let Some(compose) = resource.get_mut("compose")
    {
        set(compose, "inactive", json!(false));
    }
    resource
}

pub(super) fn unknown_set_id(id: &str) -> FhirFailure {
    let known: Vec<String> = systems()
        .map(|system| format!("ValueSet/{}", system.prefix))
        .collect();
    FhirFailure::not_found(format!(
        "there is no ValueSet/{}; there are {}",
        clip(id),
        known.join(" and ")
    ))
}

pub(super) fn read(context: &Context<'_>, id: &str) -> Answered {
    let system = systems().find(|system| system.prefix == id);
    let system = system.ok_or_else(|| unknown_set_id(id))?;
    Ok(implicit_resource(context, system, None))
}

pub(super) fn search(context: &Context<'_>, query: &[(String, String)]) -> Answered {
    let mut resources: Vec<Value> = systems()
        .map(|system| implicit_resource(context, system, None))
        .collect();
    // One below a code is there as soon as someone asks for it, in whatever spelling.
    let mut query = query.to_vec();
    for (name, value) in &mut query {
        if name == "url"
            && value.contains("?fhir_vs=")
            && let Ok(definition) = Definition::implicit(context, value, &Wanted::default())
            && let Some(url) = &definition.url
        {
            value.clone_from(url);
            let mut resource = definition.resource;
            if let Some(resource) = resource.as_object_mut() {
                // It has no address of its own to be read at.
                resource.remove("id");
            }
            resources.push(resource);
        }
    }
    searchset::bundle(context, "ValueSet", &query, resources)
}
