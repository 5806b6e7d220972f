//! The shapes of the JSON as OpenAPI schemas, each field with the meaning that `docs/json.md` gives it.

use std::collections::BTreeMap;

use utoipa::OpenApi;
use utoipa::openapi::schema::{Object, Schema};
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
    let meanings = meanings(include_str!(env!("CODEYEAR_JSON_PAGE")));
    let parts: Vec<(&str, Object)> = PARTS
        .iter()
        .filter_map(|(name, stands_alone)| {
            let schema = match stands_alone {
                true => components.schemas.get(*name).cloned(),
                false => components.schemas.remove(*name),
            };
            match schema? {
                RefOr::T(Schema::Object(object)) => Some((*name, object)),
                _ => None,
            }
        })
        .collect();
    debug_assert_eq!(parts.len(), PARTS.len(), "a part has another name");
    for schema in components.schemas.values_mut() {
        take_in(schema, &parts);
        describe(schema, &meanings);
    }
    components
}

/// The shapes whose fields stand among those of what holds them (`serde(flatten)`), and whether they stand elsewhere by
/// themselves too.
const PARTS: &[(&str, bool)] = &[
    ("BothForms", false),
    ("CmsCountsJson", false),
    ("FileJson", true),
    ("NodeJson", true),
];

/// Writes the fields of parts among those of the shape that holds them, in the place of references to them.
fn take_in(schema: &mut RefOr<Schema>, parts: &[(&str, Object)]) {
    let RefOr::T(Schema::AllOf(all)) = schema else {
        return;
    };
    let part_of = |item: &RefOr<Schema>| match item {
        RefOr::Ref(to) => {
            let name = to.ref_location.rsplit('/').next();
            parts.iter().find(|(part, _)| name == Some(part))
        }
        RefOr::T(_) => None,
    };
    let taken: Vec<Object> = all
        .items
        .iter()
        .filter_map(|item| Some(part_of(item)?.1.clone()))
        .collect();
    all.items.retain(|item| part_of(item).is_none());
    let own = all.items.iter_mut().rev().find_map(|item| match item {
        RefOr::T(Schema::Object(object)) => Some(object),
        _ => None,
    });
    debug_assert!(
        own.is_some() || taken.is_empty(),
        "what holds a part has fields of its own"
    );
    if let Some(own) = own {
        for part in taken {
            own.properties.extend(part.properties);
            own.required.extend(part.required);
        }
    }
    if let [only] = all.items.as_slice() {
        *schema = only.clone();
    }
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
