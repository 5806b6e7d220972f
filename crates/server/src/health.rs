//! Whether the server is well, and what Prometheus asks for.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::shared::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
}

/// Returns whether the file of the database is well, and what state is answered from.
async fn health(State(shared): State<Arc<Shared>>) -> Response {
    let snapshot = shared.snapshots.current();
    let hash = snapshot.content_hash().unwrap_or("not yet known");
    let (status, said) = match shared.snapshots.trouble() {
        None => (StatusCode::OK, "ok".to_owned()),
        Some(trouble) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ok: {trouble}; answers come from the state before"),
        ),
    };
    let body = format!("{said}\ncontent hash {hash}\n");
    (status, [(CACHE_CONTROL, "no-store")], body).into_response()
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let snapshot = shared.snapshots.current();
    let releases: usize = codeyear_core::model::CodeSet::ALL
        .into_iter()
        .map(|code_set| snapshot.index().timeline(code_set).periods().len())
        .sum();
    match shared.metrics.text(releases) {
        Ok(text) => {
            let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(CONTENT_TYPE, media), (CACHE_CONTROL, "no-store")], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
