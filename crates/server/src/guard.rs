//! What holds for every request: limits, headers, log, counts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, Version};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tower::util::option_layer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::client;
use super::problem::WebProblem;
use super::request::{InMemory, PACKING};
use super::room::{NO_ROOM, Room, Roomed, hold};
use super::shared::Shared;

/// Nothing is loaded but from this server, and nothing is run that stands in a page.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Returns routes with the guard over them.
pub(super) fn over(routes: Router<Arc<Shared>>, shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    let settings = shared.settings.clone();
    let from_pages = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| {
            let origin = origin.to_str();
            origin.is_ok_and(|origin| client::is_allowed(&settings, origin))
        }))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([ACCEPT, CONTENT_TYPE, IF_NONE_MATCH])
        .expose_headers([ETAG]);
    let has_guests = !shared.settings.allowed_origins.is_empty();
    routes
        .layer(DefaultBodyLimit::max(shared.settings.most_body))
        .layer(from_fn_with_state(Arc::clone(shared), bound))
        .layer(CompressionLayer::new().compress_when(SizeAbove::new(PACKED).and(may_be_packed)))
        .layer(from_fn(in_room))
        .layer(option_layer(has_guests.then_some(from_pages)))
        .layer(from_fn_with_state(Arc::clone(shared), watch))
}

/// Checks whether an answer may be packed: it is not marked to be sent as it is.
fn may_be_packed(_: StatusCode, _: Version, _: &HeaderMap, answer: &Extensions) -> bool {
    answer.get::<Unpacked>().is_none()
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
    let mut counted = Counted {
        shared: &shared,
        method,
        route,
        begun,
        status: None,
    };
    shared.metrics.working.inc();
    let mut response = limited(&shared, request, next).await;
    let status = response.status();
    counted.status = Some(status);
    drop(counted);
    let took = begun.elapsed();
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
    protect(response.headers_mut());
    response
}

/// Adds what every answer tells a browser.
pub(super) fn protect(headers: &mut HeaderMap) {
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
}

/// A request that is counted when it ends, also if whoever asked has gone.
struct Counted<'c> {
    shared: &'c Shared,
    method: &'static str,
    route: &'c str,
    begun: Instant,
    status: Option<StatusCode>,
}

/// What is counted where nobody waits for the answer any more.
const GONE: u16 = 499;

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let metrics = &self.shared.metrics;
        metrics.working.dec();
        let status = self.status.map_or(GONE, |status| status.as_u16());
        metrics.count(self.method, self.route, status, self.begun.elapsed());
    }
}

/// When the time of a request is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(pub(super) Instant);

async fn limited(shared: &Arc<Shared>, mut request: Request<Body>, next: Next) -> Response {
    let ends = Instant::now() + shared.settings.request_timeout;
    request.extensions_mut().insert(Deadline(ends));
    let form = WebProblem::form_of(&request);
    if let Some(problem) = client::refusal(&shared.settings, &request) {
        return problem.in_form(form).into_response();
    }
    // Whether the server is well is told whatever there is to do.
    if matches!(request.uri().path(), "/healthz" | "/metrics") {
        return next.run(request).await;
    }
    if let Some(rate) = &shared.rate {
        let who = client::who(&shared.settings, &request);
        if rate.check_key(&who).is_err() {
            let problem = WebProblem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too many requests from this address",
            )
            .with_hint("wait a second and try again");
            return problem.in_form(form).into_response();
        }
    }
    let has_body = request.body().size_hint().upper() != Some(0);
    match timeout(
        shared.settings.request_timeout,
        answered(shared, request, next),
    )
    .await
    {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => problem.in_form(form).into_response(),
        Err(_) => {
            let problem = WebProblem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the request took longer than this server allows",
            )
            .with_hint(match has_body {
                true => "send its body faster, or ask for less",
                false => "ask for less",
            });
            problem.in_form(form).into_response()
        }
    }
}

/// Answers a request once its body is there: what is slow to come takes no place.
async fn answered(
    shared: &Arc<Shared>,
    request: Request<Body>,
    next: Next,
) -> Result<Response, WebProblem> {
    // A file of claims is read by who has a place for it.
    if request.method() == Method::POST && request.uri().path() == "/audit" {
        return Ok(next.run(request).await);
    }
    let (request, _held) = read_body(shared, request).await?;
    let Ok(_place) = shared.places.try_acquire() else {
        let busy = WebProblem::busy("the server is busy");
        return Err(busy);
    };
    Ok(next.run(request).await)
}

/// Reads a body into memory, of which all bodies together take no more than a part.
async fn read_body(
    shared: &Arc<Shared>,
    request: Request<Body>,
) -> Result<(Request<Body>, Option<OwnedSemaphorePermit>), WebProblem> {
    let (parts, mut body) = request.into_parts();
    let mut bytes = Vec::new();
    let mut held: Option<OwnedSemaphorePermit> = None;
    while let Some(frame) = timeout(STALLED, body.frame())
        .await
        .map_err(|_| WebProblem::stalled())?
    {
        let frame = frame.map_err(|_| WebProblem::broken_off())?;
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        if bytes.len() + piece.len() > shared.settings.most_body {
            return Err(WebProblem::too_long());
        }
        bytes.extend_from_slice(&piece);
        // A small question finds room however many large ones are slow to come.
        let wanted = bytes.len().saturating_sub(SMALL_BODY);
        let has = held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = hold(&shared.bodies, wanted - has)
            .ok_or_else(|| WebProblem::busy("the server is busy reading other requests"))?;
        match &mut held {
            Some(held) => held.merge(more),
            None => held = Some(more),
        }
    }
    Ok((Request::from_parts(parts, bytes.into()), held))
}

/// After so long without a piece of it a body is given up.
pub(super) const STALLED: Duration = Duration::from_secs(10);

/// A body up to this length takes no room: there are no more of them than connections.
const SMALL_BODY: usize = 4 * 1024;

/// An answer up to this length takes no room: there are no more of them than connections.
const TINY: u64 = 2 * 1024;
/// An answer shorter than this has its room among others of its kind.
const SHORT: u64 = 64 * 1024;

/// Bounds the answers that wait to be sent by the room that there is for them.
async fn bound(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let form = WebProblem::form_of(&request);
    let codings = request.headers().get_all(ACCEPT_ENCODING);
    let takes_it_packed = |codings: &HeaderValue| {
        let codings = codings.to_str().unwrap_or_default().to_ascii_lowercase();
        codings.contains("gzip") || codings.contains('*')
    };
    let is_packed = codings.iter().any(takes_it_packed);
    let mut response = next.run(request).await;
    let body = response.body().size_hint();
    let length = match response.extensions().get() {
        Some(InMemory(bytes)) => *bytes,
        None => body.lower(),
    };
    let room = match length {
        ..SHORT => &shared.short_answers,
        _ => &shared.answers,
    };
    let mut held = Vec::new();
    if length > TINY {
        let length = usize::try_from(length).ok();
        let Some(permit) = length.and_then(|length| hold(room, length)) else {
            return WebProblem::busy(NO_ROOM).in_form(form).into_response();
        };
        held.push(permit);
    }
    // What packs an answer takes memory until the answer has left. Without room for it the answer is sent as it is.
    if is_packed && body.upper().is_none_or(|upper| upper >= PACKED) {
        match Arc::clone(&shared.packers).try_acquire_owned() {
            Ok(packer) => held.push(packer),
            Err(_) => {
                response.extensions_mut().insert(Unpacked);
            }
        }
    }
    let original = OriginalStatus(response.status());
    response.extensions_mut().insert(original);
    if !held.is_empty() {
        response.extensions_mut().insert(Room::of(held));
    }
    response
}

/// Sends an answer in the room that it was given, packed or not.
async fn in_room(request: Request, next: Next) -> Response {
    let form = WebProblem::form_of(&request);
    let mut response = next.run(request).await;
    let given = response.extensions().get();
    if given.is_some_and(|OriginalStatus(status)| *status != response.status()) {
        // What packs answers sends one that nobody can take, and says so by its status alone.
        let status = response.status();
        let problem = WebProblem::new(status, "the request accepts no available content coding");
        let problem = problem.with_hint("accept gzip, or leave Accept-Encoding out");
        let mut refused = problem.in_form(form).into_response();
        refused.headers_mut().append(VARY, PACKING);
        return refused;
    }
    match response.extensions_mut().remove::<Room>() {
        Some(room) => response.map(|body| Body::new(Roomed::new(body, room))),
        None => response,
    }
}

/// The status of an answer before it was packed.
#[derive(Debug, Clone, Copy)]
struct OriginalStatus(StatusCode);

/// An answer that is not packed: there is no room for it.
#[derive(Debug, Clone, Copy)]
struct Unpacked;

/// Answers from this length on are packed for clients that accept it. Small ones are sent sooner as they are.
const PACKED: u64 = 4096;

/// Returns the name of a method: what is none of these may be any text.
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
