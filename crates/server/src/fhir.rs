//! `/fhir/r4` and `/fhir/r5`: a FHIR terminology server over the same snapshot. What is answered stands in
//! [`codeyear_fhir`]; here a request is handed over, and told whether memory alone can answer it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Extension, Router};

use super::guard::Deadline;
use super::problem::{Form, WebProblem};
use super::request::ApiRequest;
use super::shared::Shared;
use super::snapshot::Size;
use codeyear_core::model::Sets;
use codeyear_core::store::CodeSource;
use codeyear_fhir::{self, FhirVersion, MEDIA_TYPE, Request, Terminology};

/// A longer body is worked on where it may take its time.
const SMALL_BODY: usize = 16 * 1024;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/fhir/{version}", get(base).post(base).fallback(refused))
        .route("/fhir/{version}/", get(base).post(base).fallback(refused))
        .route(
            "/fhir/{version}/{*path}",
            get(below).post(below).fallback(refused),
        )
        .route("/fhir", any(nothing))
}

async fn base(
    Path(version): Path<String>,
    method: Method,
    asked: ApiRequest,
    Extension(deadline): Extension<Deadline>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, WebProblem> {
    answer(version, String::new(), method, asked, deadline, body).await
}

async fn below(
    Path((version, path)): Path<(String, String)>,
    method: Method,
    asked: ApiRequest,
    Extension(deadline): Extension<Deadline>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, WebProblem> {
    answer(version, path, method, asked, deadline, body).await
}

/// Answers for a method that nothing here has.
async fn refused() -> WebProblem {
    WebProblem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "only GET and POST are supported: nothing can be stored",
    )
    .in_form(Form::Outcome)
}

/// Answers for the address above both versions.
async fn nothing() -> WebProblem {
    WebProblem::new(StatusCode::NOT_FOUND, "there are /fhir/r4 and /fhir/r5").in_form(Form::Outcome)
}

async fn answer(
    version: String,
    path: String,
    method: Method,
    asked: ApiRequest,
    Deadline(deadline): Deadline,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, WebProblem> {
    let known = FhirVersion::ALL.into_iter().find(|one| one.id() == version);
    let version = known.ok_or_else(|| {
        WebProblem::new(StatusCode::NOT_FOUND, "there are /fhir/r4 and /fhir/r5")
            .in_form(Form::Outcome)
    })?;
    let body = body.map_err(|rejection| WebProblem::unread(rejection).in_form(Form::Outcome))?;
    let method = if method == Method::POST {
        codeyear_fhir::Method::Post
    } else {
        codeyear_fhir::Method::Get
    };
    let origin = asked.origin.as_deref().unwrap_or_default();
    let base = format!("{origin}/fhir/{}", version.id());
    let query = asked.query.pairs().to_vec();
    let today = asked.today;
    let request = Request {
        version,
        method,
        path: &path,
        query: &query,
        body: Some(&body[..]).filter(|body| !body.is_empty()),
        base: &base,
        ends: None,
    };
    let index = asked.snapshot.index();
    let is_small = body.len() <= SMALL_BODY;
    let response = if is_small && index.has_titles() && !request.takes_the_database() {
        let codes = |code_set| -> Box<dyn CodeSource> { Box::new(index.codes(code_set)) };
        let terminology = Terminology::new(Sets::new(codes), today);
        codeyear_fhir::answer(&request, &terminology)
    } else {
        let size = match request.is_large() || !is_small {
            true => Size::Large,
            false => Size::Small,
        };
        // The last entry has a quarter of the time to end.
        let ends = deadline.checked_sub(asked.shared.settings.request_timeout / 4);
        let (path, query, body, base) = (path.clone(), query.clone(), body.clone(), base.clone());
        let answered = asked.ask(size, move |snapshot, store| {
            let request = Request {
                version,
                method,
                path: &path,
                query: &query,
                body: Some(&body[..]).filter(|body| !body.is_empty()),
                base: &base,
                ends,
            };
            let codes = Sets::try_new(|code_set| snapshot.codes(store, code_set))?;
            let terminology = Terminology::new(codes, today);
            Ok(codeyear_fhir::answer(&request, &terminology))
        });
        answered
            .await
            .map_err(|error| WebProblem::from(error).in_form(Form::Outcome))?
    };
    Ok(reply(&asked, method, response))
}

fn reply(
    asked: &ApiRequest,
    method: codeyear_fhir::Method,
    response: codeyear_fhir::Response,
) -> Response {
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // A failure may be another one in a moment, and what is posted has no address to be kept by.
    if status != StatusCode::OK || method == codeyear_fhir::Method::Post {
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        return (status, headers, response.body).into_response();
    }
    asked.reply(MEDIA_TYPE, response.body)
}
