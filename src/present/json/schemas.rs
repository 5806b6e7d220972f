//! The shapes of the JSON as OpenAPI schemas, each field with the meaning that `docs/json.md` gives it.

use std::collections::BTreeMap;

use utoipa::OpenApi;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Components, RefOr};

use super::{answers, changes, failure, questions, releases, show};

#[derive(OpenApi)]
#[openapi(components(schemas(
    answers::CheckJson,
    answers::HistoryJson,
    changes::DiffJson,
    failure::FailureJson,
    questions::Questions,
    releases::ReleasesJson,
    show::CompareJson,
    show::SearchJson,
    show::ShowJson,
)))]
struct Shapes;

/// Returns the schemas of what the JSON API takes and gives.
pub fn schemas() -> Components {
    let mut components = Shapes::openapi().components.unwrap_or_default();
    let meanings = meanings(include_str!("../../../docs/json.md"));
    for schema in components.schemas.values_mut() {
        describe(schema, &meanings);
    }
    components
}

/// Reads the tables of the documentation: what stands first about a field holds, and the tables of several
/// shapes come first.
fn meanings(text: &str) -> BTreeMap<&str, &str> {
    let mut meanings = BTreeMap::new();
    for line in text.lines() {
        let mut cells = line.split('|').map(str::trim);
        let (Some(""), Some(names), Some(meaning)) = (cells.next(), cells.next(), cells.next())
        else {
            continue;
        };
        for name in names.split(',').map(str::trim) {
            if let Some(name) = name
                .strip_prefix('`')
                .and_then(|name| name.strip_suffix('`'))
            {
                meanings.entry(name).or_insert(meaning);
            }
        }
    }
    meanings
}

fn describe(schema: &mut RefOr<Schema>, meanings: &BTreeMap<&str, &str>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            for (name, property) in &mut object.properties {
                let Some(meaning) = meanings
                    .get(name.as_str())
                    .map(|meaning| (*meaning).to_owned())
                else {
                    continue;
                };
                match property {
                    RefOr::Ref(reference) => reference.description = meaning,
                    RefOr::T(Schema::Object(object)) => object.description = Some(meaning),
                    RefOr::T(Schema::Array(array)) => array.description = Some(meaning),
                    RefOr::T(Schema::OneOf(one)) => one.description = Some(meaning),
                    RefOr::T(_) => {}
                }
            }
        }
        // What a shape holds beside another one that stands in its place.
        RefOr::T(Schema::AllOf(all)) => {
            for item in &mut all.items {
                describe(item, meanings);
            }
        }
        _ => {}
    }
}
