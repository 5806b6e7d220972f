//! What holds for every request: limits, headers, log, counts.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

use super::Shared;
use super::problem::WebProblem;

/// Nothing is loaded but from this server, and nothing is run that stands in a page.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Puts the guard over routes.
pub(super) fn over(routes: Router<Arc<Shared>>, shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    routes
        // Small answers are sent sooner as they are.
        .layer(DefaultBodyLimit::max(shared.settings.most_body))
        .layer(CompressionLayer::new().compress_when(SizeAbove::new(4096)))
        .layer(from_fn_with_state(Arc::clone(shared), watch))
}

async fn watch(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = name(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("none", MatchedPath::as_str);
    let address = shared
        .settings
        .log_queries
        .then(|| request.uri().to_string());
    shared.metrics.working.inc();
    let mut response = limited(&shared, request, next).await;
    shared.metrics.working.dec();
    let status = response.status();
    let took = begun.elapsed();
    shared.metrics.count(method, route, status, took);
    let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    match address {
        Some(address) => {
            tracing::info!(
                method,
                route,
                status = status.as_u16(),
                microseconds,
                address,
                "request"
            );
        }
        None => tracing::info!(
            method,
            route,
            status = status.as_u16(),
            microseconds,
            "request"
        ),
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    );
    response
}

async fn limited(shared: &Arc<Shared>, request: Request<Body>, next: Next) -> Response {
    let form = WebProblem::form_of(&request);
    if let Some(rate) = &shared.rate
        && rate.check_key(&peer(&request)).is_err()
    {
        let problem = WebProblem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too many requests from this address",
        )
        .with_hint("wait a second and try again");
        return wait_a_second(problem.in_form(form).into_response());
    }
    let Ok(_place) = shared.places.try_acquire() else {
        let problem = WebProblem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the server has all the work that it can do",
        )
        .with_hint("wait a second and try again");
        return wait_a_second(problem.in_form(form).into_response());
    };
    match tokio::time::timeout(shared.settings.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let problem = WebProblem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the request took longer than this server lets it",
            )
            .with_hint("send its body faster, or ask for less");
            problem.in_form(form).into_response()
        }
    }
}

fn wait_a_second(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn peer(request: &Request) -> IpAddr {
    request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip())
}

/// Names a method: what is none of these may be any text.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
