//! ValueSet resources: those that FHIR takes for granted of a code system, read and searched.

use serde_json::Value;

use super::compose::{Definition, Wanted, implicit_resource, unknown_set_id};
use super::context::Context;
use super::outcome::Answered;
use super::searchset;
use super::snapshot::systems;

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
