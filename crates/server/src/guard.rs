//! What holds for every request: limits, headers, log, counts.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::header::{
    ACCEPT, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tower::util::option_layer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::client;
use super::problem::WebProblem;
use super::request::InMemory;
use super::shared::{Shared, hold};

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
        // Small answers are sent sooner as they are.
        .layer(DefaultBodyLimit::max(shared.settings.most_body))
        .layer(from_fn_with_state(Arc::clone(shared), bound))
        .layer(CompressionLayer::new().compress_when(SizeAbove::new(4096)))
        .layer(option_layer(has_guests.then_some(from_pages)))
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
                "the request took longer than this server lets it",
            )
            .with_hint("send its body faster, or ask for less");
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
        let busy = WebProblem::busy("the server has all the work that it can do");
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
            .ok_or_else(|| WebProblem::busy("the server has as many bodies to read as it can"))?;
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
    let response = next.run(request).await;
    let length = match response.extensions().get() {
        Some(InMemory(bytes)) => *bytes,
        None => response.body().size_hint().lower(),
    };
    if length <= TINY {
        return response;
    }
    let room = match length {
        ..SHORT => &shared.short_answers,
        _ => &shared.answers,
    };
    let length = usize::try_from(length).ok();
    match length.and_then(|length| hold(room, length)) {
        Some(held) => response.map(|body| Body::new(Held { body, _held: held })),
        None => WebProblem::busy("the server has as many answers to send as it can")
            .in_form(form)
            .into_response(),
    }
}

/// An answer, and the room that it takes until it is sent.
struct Held {
    body: Body,
    _held: OwnedSemaphorePermit,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

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
