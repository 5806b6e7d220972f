//! The one shape of a failure.

use axum::body::Body;
use axum::extract::Request;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use codeyear_core::error::{Error, ErrorKind};
use codeyear_report::json;

use super::guard::protect;

/// How a failure is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// For a program.
    Json,
    /// For a person.
    Page,
    /// For a FHIR client.
    Outcome,
}

/// A failure: its status, what went wrong, and what to do.
#[derive(Debug)]
pub(super) struct WebProblem {
    status: StatusCode,
    message: String,
    hint: Option<String>,
    form: Form,
}

impl WebProblem {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> WebProblem {
        WebProblem {
            status,
            message: message.into(),
            hint: None,
            form: Form::Json,
        }
    }

    /// A failure that is another in a moment.
    pub(super) fn busy(message: impl Into<String>) -> WebProblem {
        WebProblem::new(StatusCode::SERVICE_UNAVAILABLE, message)
            .with_hint("wait a second and try again")
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> WebProblem {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn in_form(mut self, form: Form) -> WebProblem {
        self.form = form;
        self
    }

    /// A body that could not be read whole: mostly because it is too long.
    pub(super) fn unread(rejection: BytesRejection) -> WebProblem {
        match rejection.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => WebProblem::too_long(),
            _ => WebProblem::broken_off(),
        }
    }

    /// A body that is too long.
    pub(super) fn too_long() -> WebProblem {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        WebProblem::new(status, "the body is longer than this server reads")
            .with_hint("send it in several requests, or audit a file with codeyear audit")
    }

    /// A body that ended early.
    pub(super) fn broken_off() -> WebProblem {
        WebProblem::new(StatusCode::BAD_REQUEST, "the body was cut off").with_hint("send it again")
    }

    /// A body of which nothing more came.
    pub(super) fn stalled() -> WebProblem {
        let status = StatusCode::REQUEST_TIMEOUT;
        WebProblem::new(status, "the body did not arrive").with_hint("send it without a pause")
    }

    /// Chooses the error format for a request.
    pub(super) fn form_of(request: &Request<Body>) -> Form {
        form(request.uri().path(), request.headers())
    }
}

/// Chooses the error format from the path and the Accept header.
pub(super) fn form(path: &str, headers: &HeaderMap) -> Form {
    let accepted = headers.get_all(axum::http::header::ACCEPT).iter();
    let mut accepted = accepted.filter_map(|accept| accept.to_str().ok());
    let takes_page = accepted.any(|accept| accept.split(',').any(is_page));
    if path.starts_with("/fhir/") {
        Form::Outcome
    } else if path.starts_with("/api/") || !takes_page {
        Form::Json
    } else {
        Form::Page
    }
}

/// Checks whether a range of an Accept header is of pages, and not one that is refused.
fn is_page(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let is_html = parts
        .next()
        .is_some_and(|media_type| media_type.eq_ignore_ascii_case("text/html"));
    let is_refused = parts.any(|parameter| {
        let weight = parameter.strip_prefix("q=");
        weight.is_some_and(|weight| weight.trim().parse() == Ok(0.0))
    });
    is_html && !is_refused
}

impl From<Error> for WebProblem {
    fn from(error: Error) -> WebProblem {
        let status = match error.kind() {
            ErrorKind::Usage | ErrorKind::Ambiguous => StatusCode::BAD_REQUEST,
            ErrorKind::Format => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::Busy => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Io | ErrorKind::Store => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            // Where the files of the server are is nobody's business but its keeper's.
            tracing::error!(%error, "a request failed");
            return WebProblem::new(status, "the server cannot read its database")
                .with_hint("try again; the log of the server says more");
        }
        let problem = WebProblem::new(status, error.message());
        match error.hint() {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        }
    }
}

/// What a failure says, for whoever writes it as a page.
#[derive(Debug, Clone)]
pub(super) struct ErrorMessage {
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl WebProblem {
    /// Returns the media type and the text of the failure.
    fn body(&self) -> (&'static str, Vec<u8>) {
        let (status, hint) = (self.status.as_u16(), self.hint.as_deref());
        match self.form {
            Form::Json | Form::Page => {
                let text = json::failure(status, &self.message, hint);
                ("application/json", text.into())
            }
            Form::Outcome => {
                let text = codeyear_fhir::failure(status, &self.message, hint);
                (codeyear_fhir::MEDIA_TYPE, text)
            }
        }
    }

    /// Returns the failure as it goes over the connection, which ends with it.
    pub(super) fn written(&self) -> Vec<u8> {
        let (media, body) = self.body();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        protect(&mut headers);
        let mut written = format!("HTTP/1.1 {}\r\n", self.status).into_bytes();
        for (name, value) in &headers {
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                written.extend_from_slice(part);
            }
        }
        written.extend_from_slice(b"\r\n");
        written.extend_from_slice(&body);
        written
    }
}

impl IntoResponse for WebProblem {
    fn into_response(self) -> Response {
        let (media, body) = self.body();
        let headers = [(CONTENT_TYPE, media), (CACHE_CONTROL, "no-store")];
        let mut response = (self.status, headers, body).into_response();
        if matches!(
            self.status,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
        ) {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if self.form == Form::Page {
            response.extensions_mut().insert(ErrorMessage {
                message: self.message,
                hint: self.hint,
            });
        }
        response
    }
}

/// Answers for an address that there is not.
pub(super) async fn no_such_address(request: Request<Body>) -> WebProblem {
    WebProblem::new(StatusCode::NOT_FOUND, "nothing found at this address")
        .with_hint("the addresses of the JSON API are listed at /api/openapi.json")
        .in_form(WebProblem::form_of(&request))
}

/// Answers for a method that an address does not have.
pub(super) async fn no_such_method(request: Request<Body>) -> WebProblem {
    WebProblem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this address does not support that method",
    )
    .with_hint("the addresses of the JSON API are listed at /api/openapi.json")
    .in_form(WebProblem::form_of(&request))
}

/// Returns the error of a system that refuses threads or sockets.
pub(super) fn socket_error(error: std::io::Error) -> Error {
    Error::io(format!("the system refuses: {error}"))
        .with_hint("free some threads or sockets and try again")
        .caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_for_whoever_takes_pages() {
        for (accept, is) in [
            ("text/html", true),
            ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", true),
            ("application/json, TEXT/HTML;q=0.5", true),
            ("text/html;q=0", false),
            ("text/html; q=0.0, application/json", false),
            ("application/json", false),
            ("text/html5", false),
            ("*/*", false),
            ("", false),
        ] {
            assert_eq!(accept.split(',').any(is_page), is, "{accept}");
        }
    }
}
