//! What Prometheus asks for, and whether the server is well.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::Shared;

/// A request by its route, never by its address: an address may hold what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteOnly {
    route: String,
}

/// From what a page may take to what a report of ten years does.
fn buckets() -> Histogram {
    Histogram::new([
        0.000_1, 0.000_25, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
        5.0,
    ])
}

/// The counts of a server.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Route, Counter>,
    durations: Family<RouteOnly, Histogram>,
    /// Connections that are open.
    pub(super) connections: Gauge,
    /// Requests that are worked on.
    pub(super) working: Gauge,
    releases: Gauge<f64, AtomicU64>,
}

impl Metrics {
    pub(super) fn new() -> Metrics {
        let mut registry = Registry::with_prefix("codeyear");
        let requests = Family::default();
        registry.register("requests", "Requests answered", requests.clone());
        let durations = Family::new_with_constructor(buckets as fn() -> Histogram);
        registry.register_with_unit(
            "request_duration",
            "Time from the head of a request to the head of its answer",
            Unit::Seconds,
            durations.clone(),
        );
        let connections = Gauge::default();
        registry.register(
            "connections",
            "Connections that are open",
            connections.clone(),
        );
        let working = Gauge::default();
        registry.register(
            "requests_working",
            "Requests that are worked on",
            working.clone(),
        );
        let releases = Gauge::default();
        registry.register("releases", "Releases that are loaded", releases.clone());
        registry.register(
            "build",
            "The version of the program",
            Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]),
        );
        Metrics {
            registry,
            requests,
            durations,
            connections,
            working,
            releases,
        }
    }

    /// Counts a request.
    pub(super) fn count(
        &self,
        method: &'static str,
        route: &str,
        status: StatusCode,
        took: Duration,
    ) {
        let label = Route {
            method,
            route: route.to_owned(),
            status: status.as_u16(),
        };
        self.requests.get_or_create(&label).inc();
        let label = RouteOnly {
            route: route.to_owned(),
        };
        self.durations
            .get_or_create(&label)
            .observe(took.as_secs_f64());
    }
}

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
}

/// Returns that a database is open, which release is its newest, and what state it is in.
async fn health(State(shared): State<Arc<Shared>>) -> Response {
    let snapshot = shared.snapshots.current();
    let hash = snapshot.content_hash().unwrap_or("not yet known");
    let body = format!("ok\ncontent hash {hash}\n");
    ([(CACHE_CONTROL, "no-store")], body).into_response()
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let snapshot = shared.snapshots.current();
    let releases: usize = codeyear_core::model::CodeSet::ALL
        .into_iter()
        .map(|code_set| snapshot.index().timeline(code_set).periods().len())
        .sum();
    shared.metrics.releases.set(releases as f64);
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &shared.metrics.registry) {
        Ok(()) => {
            let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(CONTENT_TYPE, media), (CACHE_CONTROL, "no-store")], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
