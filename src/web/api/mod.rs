//! The JSON API: the very values that `--format json` prints, byte for byte.

mod check;

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::Shared;
use super::asked::Asked;
use super::problem::Problem;
use crate::answer::{self, DiffScope, SearchOptions, ShowOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CodeRange, CodeSet, ReleaseId};
use crate::present::json;
use crate::store::Store;

/// The most codes that a search gives.
const MOST_FOUND: usize = 200;

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

/// Gives the code set that was named, or tells it by the code.
fn code_set_of(store: &Store, asked: Option<CodeSet>, code: &str) -> Result<CodeSet> {
    match asked {
        Some(code_set) => Ok(code_set),
        None => answer::detect_code_set(store, code),
    }
}

async fn show(mut asked: Asked) -> Result<Response, Problem> {
    let code = asked.query.needed("code", "C7B.00")?;
    let date = asked.query.date("on")?.unwrap_or(asked.today);
    let code_set = asked.query.code_set("code_set")?;
    let options = ShowOptions {
        nearest: asked.query.flag("nearest")?,
    };
    asked.query.finish()?;
    let body = asked
        .ask(move |_, store| {
            let code_set = code_set_of(store, code_set, &code)?;
            json::show(&answer::show(store, code_set, &code, date, options)?)
        })
        .await?;
    Ok(asked.json(body))
}

async fn compare(mut asked: Asked) -> Result<Response, Problem> {
    let left = asked.query.needed("left", "C7A")?;
    let right = asked.query.needed("right", "C7B")?;
    let date = asked.query.date("on")?.unwrap_or(asked.today);
    let code_set = asked.query.code_set("code_set")?;
    let options = ShowOptions {
        nearest: asked.query.flag("nearest")?,
    };
    asked.query.finish()?;
    let body = asked
        .ask(move |_, store| {
            let code_set = code_set_of(store, code_set, &left)?;
            let found = answer::compare(store, code_set, &left, &right, date, options)?;
            json::compare(&found)
        })
        .await?;
    Ok(asked.json(body))
}

async fn history(mut asked: Asked) -> Result<Response, Problem> {
    let code = asked.query.needed("code", "M54.5")?;
    let code_set = asked.query.code_set("code_set")?;
    asked.query.finish()?;
    let body = asked
        .ask(move |_, store| {
            let code_set = code_set_of(store, code_set, &code)?;
            json::history(&answer::history(store, code_set, &code)?)
        })
        .await?;
    Ok(asked.json(body))
}

async fn search(mut asked: Asked) -> Result<Response, Problem> {
    let words = asked.query.needed("q", "low back pain")?;
    let date = asked.query.date("on")?.unwrap_or(asked.today);
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
    if options.most > MOST_FOUND {
        return Err(Error::new(
            ErrorKind::Usage,
            format!(
                "most is {}; at most {MOST_FOUND} codes are given",
                options.most
            ),
        )
        .with_hint("narrow the search with another word")
        .into());
    }
    let body = asked
        .ask(move |_, store| json::search(&answer::search(store, code_set, &words, date, options)?))
        .await?;
    Ok(asked.json(body))
}

async fn diff(mut asked: Asked) -> Result<Response, Problem> {
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

fn needed_release(asked: &mut Asked, name: &'static str, example: &str) -> Result<ReleaseId> {
    asked.query.needed(name, example)?.parse().map_err(|_| {
        Error::new(
            ErrorKind::Usage,
            format!("{name} cannot be read: expected a release as in {example}"),
        )
        .with_hint("the loaded ones are listed at /api/releases")
    })
}

/// Reads a range of codes.
pub(super) fn range(code_set: CodeSet, text: &str) -> Result<CodeRange> {
    CodeRange::parse(code_set, text).map_err(|error| {
        Error::new(ErrorKind::Usage, error.to_string())
            .with_hint("name a code as in C7A, or a range as in C76-C80")
    })
}

async fn releases(mut asked: Asked) -> Result<Response, Problem> {
    let code_set = asked.query.code_set("code_set")?;
    asked.query.finish()?;
    let body = asked
        .ask(move |_, store| json::releases(&answer::releases(Some(store), code_set)?))
        .await?;
    Ok(asked.json(body))
}
