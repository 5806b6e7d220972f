//! The JSON API: the very values that `--format json` prints, byte for byte.

mod check;
mod openapi;

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::Shared;
use super::problem::WebProblem;
use super::request::ApiRequest;
use crate::answer::{self, DiffScope, SearchOptions, ShowOptions};
use crate::error::{Error, Result};
use crate::model::{CodeRange, CodeSet, ReleaseId};
use crate::present::json;

/// The most codes that a search gives.
const MAX_FOUND: usize = 200;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api/check", get(check::check).post(check::check_many))
        .route("/api/show", get(show))
        .route("/api/compare", get(compare))
        .route("/api/history", get(history))
        .route("/api/search", get(search))
        .route("/api/diff", get(diff))
        .route("/api/releases", get(releases))
        .route("/api/openapi.json", get(openapi::openapi))
}

#[utoipa::path(
    get,
    path = "/api/show",
    summary = "The coder's page of a code on a day",
    params(
        ("code" = String, Query, description = "The code, with or without dot"),
        ("on" = Option<chrono::NaiveDate>, Query, description = "The day; left out: today"),
        ("code_set" = Option<String>, Query, description = "icd10cm or icd10pcs; left out: told by the code"),
        ("nearest" = Option<bool>, Query, description = "1: where the release in force has no tabular list, index or table, the nearest release's, which is named"),
    ),
    responses((status = 200, description = "The answer", body = ref("#/components/schemas/ShowJson"), content_type = "application/json")),
)]
async fn show(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let code = asked.query.needed("code", "C7B.00")?;
    let date = asked.day()?;
    let code_set = asked.query.code_set("code_set")?;
    let options = ShowOptions {
        nearest: asked.query.flag("nearest")?,
    };
    asked.query.finish()?;
    let body = asked
        .ask(move |snapshot, store| {
            let code_set = answer::code_set_of(store, code_set, &code)?;
            let shown = answer::show(&*snapshot.codes(store, code_set)?, &code, date, options)?;
            json::show(&shown)
        })
        .await?;
    Ok(asked.json(body))
}

#[utoipa::path(
    get,
    path = "/api/compare",
    summary = "How two codes differ on a day",
    params(
        ("left" = String, Query, description = "A code"),
        ("right" = String, Query, description = "The other one"),
        ("on" = Option<chrono::NaiveDate>, Query, description = "The day; left out: today"),
        ("code_set" = Option<String>, Query, description = "icd10cm or icd10pcs; left out: told by the code"),
        ("nearest" = Option<bool>, Query, description = "1: as for a page"),
    ),
    responses((status = 200, description = "The answer", body = ref("#/components/schemas/CompareJson"), content_type = "application/json")),
)]
async fn compare(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let left = asked.query.needed("left", "C7A")?;
    let right = asked.query.needed("right", "C7B")?;
    let date = asked.day()?;
    let code_set = asked.query.code_set("code_set")?;
    let options = ShowOptions {
        nearest: asked.query.flag("nearest")?,
    };
    asked.query.finish()?;
    let body = asked
        .ask(move |snapshot, store| {
            let code_set = answer::code_set_of(store, code_set, &left)?;
            let found = answer::compare(
                &*snapshot.codes(store, code_set)?,
                &left,
                &right,
                date,
                options,
            )?;
            json::compare(&found)
        })
        .await?;
    Ok(asked.json(body))
}

#[utoipa::path(
    get,
    path = "/api/history",
    summary = "The life of a code, its titles as they stood, its lineage",
    params(
        ("code" = String, Query, description = "The code, with or without dot"),
        ("code_set" = Option<String>, Query, description = "icd10cm or icd10pcs; left out: told by the code"),
    ),
    responses((status = 200, description = "The answer", body = ref("#/components/schemas/HistoryJson"), content_type = "application/json")),
)]
async fn history(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let code = asked.query.needed("code", "M54.5")?;
    let code_set = asked.query.code_set("code_set")?;
    asked.query.finish()?;
    let body = asked
        .ask(move |snapshot, store| {
            let code_set = answer::code_set_of(store, code_set, &code)?;
            let history = answer::history(&*snapshot.codes(store, code_set)?, &code)?;
            json::history(&history)
        })
        .await?;
    Ok(asked.json(body))
}

#[utoipa::path(
    get,
    path = "/api/search",
    summary = "Codes by words",
    params(
        ("q" = String, Query, description = "Words, the last of which may be only begun"),
        ("on" = Option<chrono::NaiveDate>, Query, description = "The day; left out: today"),
        ("code_set" = Option<String>, Query, description = "icd10cm, which is meant if it is left out, or icd10pcs"),
        ("most" = Option<u16>, Query, description = "The most codes to give, up to 200; left out: 20"),
        ("unlisted" = Option<bool>, Query, description = "1: deleted codes and those to come as well"),
    ),
    responses((status = 200, description = "The answer", body = ref("#/components/schemas/SearchJson"), content_type = "application/json")),
)]
async fn search(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let words = asked.query.needed("q", "low back pain")?;
    let date = asked.day()?;
    let code_set = asked
        .query
        .code_set("code_set")?
        .unwrap_or(CodeSet::Icd10Cm);
    let options = SearchOptions {
        most: asked
            .query
            .parsed("most", "a number as in 20")?
            .unwrap_or(20),
        unlisted: asked.query.flag("unlisted")?,
    };
    asked.query.finish()?;
    if options.most > MAX_FOUND {
        return Err(Error::usage(format!(
            "most is {}; at most {MAX_FOUND} codes are given",
            options.most
        ))
        .with_hint("narrow the search with another word")
        .into());
    }
    let body = asked
        .ask(move |_, store| json::search(&answer::search(store, code_set, &words, date, options)?))
        .await?;
    Ok(asked.json(body))
}

#[utoipa::path(
    get,
    path = "/api/diff",
    summary = "What changed between two releases",
    params(
        ("old" = String, Query, description = "A loaded release, as in FY2025"),
        ("new" = String, Query, description = "Another one, as in FY2026"),
        ("code_set" = Option<String>, Query, description = "icd10cm, which is meant if it is left out, or icd10pcs"),
        ("under" = Option<Vec<String>>, Query, description = "Only these codes with all below them, or ranges as in C76-C80"),
        ("notes" = Option<bool>, Query, description = "1: the notes of the tabular lists too"),
    ),
    responses((status = 200, description = "The answer", body = ref("#/components/schemas/DiffJson"), content_type = "application/json")),
)]
async fn diff(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let old: ReleaseId = needed_release(&mut asked, "old", "FY2025")?;
    let new: ReleaseId = needed_release(&mut asked, "new", "FY2026")?;
    let code_set = asked
        .query
        .code_set("code_set")?
        .unwrap_or(CodeSet::Icd10Cm);
    let mut scope = DiffScope {
        notes: asked.query.flag("notes")?,
        ..DiffScope::default()
    };
    for text in asked.query.all("under") {
        scope.under.push(range(code_set, &text)?);
    }
    asked.query.finish()?;
    let body = asked
        .ask(move |_, store| json::changes(&answer::diff(store, code_set, old, new, &scope)?))
        .await?;
    Ok(asked.json(body))
}

fn needed_release(asked: &mut ApiRequest, name: &'static str, example: &str) -> Result<ReleaseId> {
    asked.query.needed(name, example)?.parse().map_err(|_| {
        Error::usage(format!(
            "{name} cannot be read: expected a release as in {example}"
        ))
        .with_hint("the loaded ones are listed at /api/releases")
    })
}

/// Reads a range of codes.
pub(super) fn range(code_set: CodeSet, text: &str) -> Result<CodeRange> {
    CodeRange::parse(code_set, text).map_err(|error| {
        Error::usage(error.to_string()).with_hint("name a code as in C7A, or a range as in C76-C80")
    })
}

#[utoipa::path(
    get,
    path = "/api/releases",
    summary = "What is loaded, what it covers, what is missing",
    params(
        ("code_set" = Option<String>, Query, description = "icd10cm or icd10pcs; left out: both"),
    ),
    responses((status = 200, description = "The answer", body = ref("#/components/schemas/ReleasesJson"), content_type = "application/json")),
)]
async fn releases(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let code_set = asked.query.code_set("code_set")?;
    asked.query.finish()?;
    let today = asked.today;
    let body = asked
        .ask(move |_, store| {
            let days = answer::coverage_on(Some(store), code_set, today)?;
            json::releases(&answer::releases(Some(store), code_set)?, &days)
        })
        .await?;
    Ok(asked.json(body))
}
