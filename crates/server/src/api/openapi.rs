//! `/api/openapi.json`: what the JSON API takes and gives, for programs that write clients.

use codeyear_core::model::CodeSet;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::{Content, ObjectBuilder, Ref, RefOr, ResponseBuilder, schema::Type};

use super::super::shared::Shared;
use super::check;
use codeyear_report::json;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "codeyear",
        description = "What a code meant on a date, and what changed between releases. \
                       The answers are those that the command line prints with --format json.",
    ),
    paths(
        check::check,
        check::check_many,
        super::show,
        super::compare,
        super::history,
        super::search,
        super::diff,
        super::releases,
    )
)]
struct Api;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/api/openapi.json", get(openapi))
}

/// Returns the description, which is the same for every state of the database.
async fn openapi() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| {
        let mut api = Api::openapi();
        api.components = Some(json::schemas());
        list_code_sets(&mut api);
        say_what_can_fail(&mut api);
        // Texts and numbers can always be written.
        api.to_pretty_json().unwrap_or_default()
    });
    ([(CONTENT_TYPE, "application/json")], text.as_str()).into_response()
}

/// Lists the code sets in the schema of every parameter that is one.
fn list_code_sets(api: &mut utoipa::openapi::OpenApi) {
    let ids = CodeSet::ALL.map(CodeSet::id);
    let operations = api
        .paths
        .paths
        .values_mut()
        .flat_map(|path| [&mut path.get, &mut path.post])
        .flatten();
    let parameters = operations.flat_map(|operation| operation.parameters.iter_mut().flatten());
    let parameters = parameters.filter_map(|parameter| match parameter {
        RefOr::T(parameter) if parameter.name == "code_set" => Some(parameter),
        _ => None,
    });
    for parameter in parameters {
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(ids))
            .build();
        parameter.schema = Some(schema.into());
    }
}

/// Every operation fails in one form.
fn say_what_can_fail(api: &mut utoipa::openapi::OpenApi) {
    let failure = ResponseBuilder::new()
        .description("What went wrong, and what to do")
        .content(
            "application/json",
            Content::new(Some(Ref::from_schema_name("FailureJson"))),
        )
        .build();
    for path in api.paths.paths.values_mut() {
        for operation in [&mut path.get, &mut path.post].into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            responses.insert("default".to_owned(), failure.clone().into());
        }
    }
}
