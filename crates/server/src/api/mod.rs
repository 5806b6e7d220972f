//! The JSON API: the very values that `--format json` prints, byte for byte.

mod check;
pub(super) mod openapi;
mod requests;

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use self::requests::{
    CompareRequest, DiffRequest, HistoryRequest, ReleasesRequest, SearchRequest, ShowRequest,
};

use super::problem::WebProblem;
use super::request::ApiRequest;
use super::shared::Shared;
use super::snapshot::Size;
use codeyear_core::answer::{self, ShowOptions};
use codeyear_report::json;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api/check", get(check::check).post(check::check_many))
        .route("/api/show", get(show))
        .route("/api/compare", get(compare))
        .route("/api/history", get(history))
        .route("/api/search", get(search))
        .route("/api/diff", get(diff))
        .route("/api/releases", get(releases))
}

#[utoipa::path(
    get,
    path = "/api/show",
    summary = "The coder's page of a code on a day",
    params(ShowRequest),
    responses((status = 200, description = "The answer", body = ref("#/components/schemas/ShowJson"), content_type = "application/json")),
)]
async fn show(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let request: ShowRequest = asked.read()?;
    let today = asked.today;
    let options = ShowOptions {
        nearest: request.nearest,
        around: true,
        ..ShowOptions::default()
    };
    let size = Size::of_codes([request.code.as_str()]);
    let body = asked
        .ask(size, move |snapshot, store| {
            let code_set = answer::code_set_of(store, request.code_set, &request.code)?;
            let codes = snapshot.codes(store, code_set)?;
            let date = snapshot.day_of(request.on, today, code_set);
            let shown = answer::show(&*codes, &request.code, date, options)?;
            json::show(&shown)
        })
        .await?;
    Ok(asked.json(body))
}

#[utoipa::path(
    get,
    path = "/api/compare",
    summary = "How two codes differ on a day",
    params(CompareRequest),
    responses((status = 200, description = "The answer", body = ref("#/components/schemas/CompareJson"), content_type = "application/json")),
)]
async fn compare(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let request: CompareRequest = asked.read()?;
    let today = asked.today;
    let options = ShowOptions {
        nearest: request.nearest,
        ..ShowOptions::default()
    };
    let size = Size::of_codes([request.left.as_str(), request.right.as_str()]);
    let body = asked
        .ask(size, move |snapshot, store| {
            let code_set = answer::code_set_of(store, request.code_set, &request.left)?;
            let codes = snapshot.codes(store, code_set)?;
            let date = snapshot.day_of(request.on, today, code_set);
            let CompareRequest { left, right, .. } = &request;
            json::compare(&answer::compare(&*codes, left, right, date, options)?)
        })
        .await?;
    Ok(asked.json(body))
}

#[utoipa::path(
    get,
    path = "/api/history",
    summary = "The history of a code, with its titles over time and its lineage",
    params(HistoryRequest),
    responses((status = 200, description = "The answer", body = ref("#/components/schemas/HistoryJson"), content_type = "application/json")),
)]
async fn history(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let request: HistoryRequest = asked.read()?;
    let body = asked
        .ask(Size::Small, move |snapshot, store| {
            let code_set = answer::code_set_of(store, request.code_set, &request.code)?;
            let codes = snapshot.codes(store, code_set)?;
            json::history(&answer::history(&*codes, &request.code)?)
        })
        .await?;
    Ok(asked.json(body))
}

#[utoipa::path(
    get,
    path = "/api/search",
    summary = "Search codes by words",
    params(SearchRequest),
    responses((status = 200, description = "The answer", body = ref("#/components/schemas/SearchJson"), content_type = "application/json")),
)]
async fn search(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let request: SearchRequest = asked.read()?;
    let date = asked.day_of(request.on, request.code_set);
    let body = asked
        .ask(Size::of_words(&request.q), move |_, store| {
            let options = request.options();
            json::search(&answer::search(
                store,
                request.code_set,
                &request.q,
                date,
                options,
            )?)
        })
        .await?;
    Ok(asked.json(body))
}

#[utoipa::path(
    get,
    path = "/api/diff",
    summary = "What changed between two releases",
    params(DiffRequest),
    responses((status = 200, description = "The answer", body = ref("#/components/schemas/DiffJson"), content_type = "application/json")),
)]
async fn diff(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let request: DiffRequest = asked.read()?;
    let scope = request.scope();
    let code_set = request.code_set;
    let (old, new) = asked.releases_of(request.releases()?, code_set)?;
    let key = format!("api diff {} {old} {new} {scope:?}", code_set.id());
    let body = asked
        .ask_long(key, move |_, store| {
            let changes = answer::diff(store, code_set, old, new, &scope)?;
            json::changes(&changes).map(String::into_bytes)
        })
        .await?;
    Ok(ApiRequest::in_its_room(
        asked.reply("application/json", body),
    ))
}

#[utoipa::path(
    get,
    path = "/api/releases",
    summary = "The releases: loaded, covered dates, missing",
    params(ReleasesRequest),
    responses((status = 200, description = "The answer", body = ref("#/components/schemas/ReleasesJson"), content_type = "application/json")),
)]
async fn releases(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let ReleasesRequest { code_set } = asked.read()?;
    let today = asked.today;
    let key = format!("api releases {code_set:?} {today}");
    let body = asked
        .ask_long(key, move |_, store| {
            let days = answer::coverage_on(Some(store), code_set, today)?;
            let overview = answer::releases(Some(store), code_set)?;
            json::releases(&overview, &days).map(String::into_bytes)
        })
        .await?;
    Ok(ApiRequest::in_its_room(
        asked.reply("application/json", body),
    ))
}
