//! What is counted, for Prometheus.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

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
    /// Connections that were closed at once, because their address has as many as it may.
    pub(super) refused: Counter,
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
        let refused = Counter::default();
        registry.register(
            "connections_refused",
            "Connections closed at once, because their address has as many as it may",
            refused.clone(),
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
            refused,
            working,
            releases,
        }
    }

    /// Counts a request.
    pub(super) fn count(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let label = Route {
            method,
            route: route.to_owned(),
            status,
        };
        self.requests.get_or_create(&label).inc();
        let label = RouteOnly {
            route: route.to_owned(),
        };
        self.durations
            .get_or_create(&label)
            .observe(took.as_secs_f64());
    }

    /// Writes the counts as Prometheus reads them; of the loaded releases it is told the number.
    pub(super) fn text(&self, releases: usize) -> Result<String, std::fmt::Error> {
        self.releases.set(releases as f64);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
