//! A connection as its two ends see it: what comes before a request, what leaves after an answer.
//!
//! The library that reads HTTP bounds one connection. This bounds what all of them hold together, and says in the one
//! shape of failures what the library answers without a word.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::REFERRER_POLICY;
use axum::response::Response;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_io_timeout::TimeoutStream;

use super::problem::WebProblem;
use super::room::hold;
use super::shared::Shared;

/// A head up to this length takes no room: there are no more of them than connections.
const SMALL_HEAD: usize = 8 * 1024;
/// The longest head that is read.
pub(super) const MAX_HEAD: usize = 64 * 1024;

/// How many bytes a second a client takes at least of a long answer, after the time that any answer has.
const SLOWEST: u64 = 16 * 1024;

/// What both ends of a connection know.
#[derive(Debug)]
pub(super) struct ConnectionState {
    accepted: Instant,
    /// Bytes that came since the last answer left.
    head: AtomicUsize,
    /// Whether what is read and sent belongs to a request that was taken: from there until its answer has left.
    is_taken: AtomicBool,
    /// Whether the body of its answer was handed on to its end.
    is_handed_on: AtomicBool,
    /// When what is sent now began: the last answer, or what is said of a request that has not ended. In milliseconds
    /// after the connection was accepted.
    since: AtomicU64,
    /// Bytes that left since.
    sent: AtomicU64,
    /// The room that a long head takes: until the connection ends, because its memory stays that long.
    room: Mutex<Option<OwnedSemaphorePermit>>,
}

impl ConnectionState {
    pub(super) fn new() -> ConnectionState {
        ConnectionState {
            accepted: Instant::now(),
            head: AtomicUsize::new(0),
            is_taken: AtomicBool::new(false),
            is_handed_on: AtomicBool::new(false),
            since: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            room: Mutex::new(None),
        }
    }

    /// Notes that a request has come.
    pub(super) fn take_request(&self) {
        self.is_handed_on.store(false, Ordering::Relaxed);
        self.is_taken.store(true, Ordering::Relaxed);
        self.note_time();
    }

    /// Notes that its answer is ready, and follows its body.
    pub(super) fn begin_answer(self: &Arc<Self>, answer: Response) -> Response {
        self.note_time();
        let state = Arc::clone(self);
        answer.map(|body| Body::new(Followed { body, state }))
    }

    /// Notes that all that was written has left.
    fn flushed(&self) {
        if self.is_handed_on.load(Ordering::Relaxed) {
            self.is_taken.store(false, Ordering::Relaxed);
            self.head.store(0, Ordering::Relaxed);
        }
    }

    fn note_time(&self) {
        let now = u64::try_from(self.accepted.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since.store(now, Ordering::Relaxed);
        self.sent.store(0, Ordering::Relaxed);
    }

    /// Checks whether an answer leaves too slowly to wait for it any longer.
    fn is_too_slow(&self, patience: Duration) -> bool {
        let since = Duration::from_millis(self.since.load(Ordering::Relaxed));
        let sent = Duration::from_secs(self.sent.load(Ordering::Relaxed) / SLOWEST);
        self.accepted.elapsed() > since + patience + sent
    }
}

/// The body of an answer; its end is noted however it comes.
struct Followed {
    body: Body,
    state: Arc<ConnectionState>,
}

impl HttpBody for Followed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.state.is_handed_on.store(true, Ordering::Relaxed);
    }
}

/// A connection to a client.
pub(super) struct Connection {
    stream: Pin<Box<TimeoutStream<TcpStream>>>,
    shared: Arc<Shared>,
    state: Arc<ConnectionState>,
    /// What is sent in place of an answer without a body, and how much of it has left.
    replacement: Option<(Vec<u8>, usize)>,
}

impl Connection {
    /// Wraps a stream. A client that takes nothing for the time of a request is not waited for.
    pub(super) fn new(
        stream: TcpStream,
        shared: &Arc<Shared>,
        state: &Arc<ConnectionState>,
    ) -> Connection {
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(shared.settings.request_timeout));
        Connection {
            stream: Box::pin(stream),
            shared: Arc::clone(shared),
            state: Arc::clone(state),
            replacement: None,
        }
    }

    /// Counts bytes of a head, for which there is so much room.
    fn count(&self, bytes: usize) -> Result<()> {
        let state = &self.state;
        if state.is_taken.load(Ordering::Relaxed) {
            return Ok(());
        }
        let before = state.head.fetch_add(bytes, Ordering::Relaxed);
        if before == 0 {
            state.note_time();
        }
        let wanted = (before + bytes).min(MAX_HEAD).saturating_sub(SMALL_HEAD);
        if wanted == 0 {
            return Ok(());
        }
        let mut room = state.room.lock().unwrap_or_else(PoisonError::into_inner);
        let has = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if wanted <= has {
            return Ok(());
        }
        let Some(more) = hold(&self.shared.heads, wanted - has) else {
            self.shared.metrics.refused.inc();
            return Err(ErrorKind::OutOfMemory.into());
        };
        match room.as_mut() {
            Some(room) => room.merge(more),
            None => *room = Some(more),
        }
        Ok(())
    }

    fn count_sent(&self, sent: &Poll<Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = sent {
            let bytes = *bytes as u64;
            self.state.sent.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Sends what stands in place of an answer; then so many bytes count as sent.
    fn send_replacement(
        &mut self,
        context: &mut Context<'_>,
        stand_for: usize,
    ) -> Poll<Result<usize>> {
        while let Some((bytes, at)) = &mut self.replacement {
            let rest = bytes.get(*at..).unwrap_or_default();
            if rest.is_empty() {
                self.replacement = None;
                break;
            }
            let sent = ready!(self.stream.as_mut().poll_write(context, rest))?;
            if sent == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            *at += sent;
        }
        Poll::Ready(Ok(stand_for))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        ready!(self.stream.as_mut().poll_read(context, buffer))?;
        Poll::Ready(self.count(buffer.filled().len() - before))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        if self
            .state
            .is_too_slow(self.shared.settings.request_timeout * 2)
        {
            return Poll::Ready(Err(Error::new(
                ErrorKind::TimedOut,
                "the client is too slow",
            )));
        }
        let first = parts.iter().find(|part| !part.is_empty());
        // What belongs to an answer of ours may hold any bytes.
        if self.replacement.is_none()
            && !self.state.is_taken.load(Ordering::Relaxed)
            && let Some(status) = first.and_then(|part| bare_status(part))
        {
            self.replacement = Some((error_response(status), 0));
        }
        if self.replacement.is_some() {
            return self.send_replacement(context, first.map_or(0, |part| part.len()));
        }
        let sent = self.stream.as_mut().poll_write_vectored(context, parts);
        self.count_sent(&sent);
        sent
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(self.stream.as_mut().poll_flush(context))?;
        // It is called when nothing is left to be written.
        self.state.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.stream.as_mut().poll_shutdown(context)
    }
}

/// Returns the status of an answer that the library gave by itself: the head of every other has our headers.
fn bare_status(answer: &[u8]) -> Option<StatusCode> {
    let rest = answer
        .strip_prefix(b"HTTP/1.1 ")
        .or_else(|| answer.strip_prefix(b"HTTP/1.0 "))?;
    let status = StatusCode::from_bytes(rest.get(..3)?).ok();
    let status = status.filter(StatusCode::is_client_error)?;
    let head = std::str::from_utf8(answer).ok()?.strip_suffix("\r\n\r\n")?;
    (!head.contains(REFERRER_POLICY.as_str())).then_some(status)
}

/// Writes a whole answer that says what is wrong with a request that could not be read.
fn error_response(status: StatusCode) -> Vec<u8> {
    let (message, hint) = match status {
        StatusCode::URI_TOO_LONG => (
            "the address of the request is longer than this server reads",
            "send many codes in the body of a POST",
        ),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (
            "the headers of the request are longer or more than this server reads",
            "send fewer of them, or clear the cookies of this site",
        ),
        _ => (
            "the request is not valid HTTP",
            "check its first line and its headers: an address has no space or control character",
        ),
    };
    WebProblem::new(status, message).with_hint(hint).written()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_the_library_alone_is_replaced() {
        let bare = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(bare_status(bare), Some(StatusCode::BAD_REQUEST));
        let old = b"HTTP/1.0 431 x\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(
            bare_status(old),
            Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
        );
        for ours in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 404 Not Found\r\nreferrer-policy: no-referrer\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 4",
            b"{\"HTTP/1.1 400\"}",
        ] {
            assert_eq!(bare_status(ours), None);
        }
        let written = String::from_utf8(error_response(StatusCode::URI_TOO_LONG)).unwrap();
        let (head, body) = written.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 414 URI Too Long\r\n"), "{head}");
        assert!(head.contains(&format!("content-length: {}", body.len())));
        assert!(body.contains("longer than this server reads"));
        assert_eq!(bare_status(written.as_bytes()), None);
    }

    #[test]
    fn who_takes_an_answer_byte_by_byte_is_not_waited_for() {
        let state = ConnectionState::new();
        state.take_request();
        assert!(!state.is_too_slow(Duration::from_secs(1)));
        assert!(state.is_too_slow(Duration::ZERO));
        state.sent.store(SLOWEST * 2, Ordering::Relaxed);
        assert!(!state.is_too_slow(Duration::ZERO));
    }

    #[test]
    fn what_is_sent_is_an_answer_of_ours_until_its_last_byte_has_left() {
        let state = Arc::new(ConnectionState::new());
        let is_taken = || state.is_taken.load(Ordering::Relaxed);
        state.flushed();
        assert!(!is_taken());
        state.take_request();
        let answer = state.begin_answer(Response::new(Body::from("x")));
        state.flushed();
        assert!(is_taken());
        drop(answer);
        assert!(is_taken());
        state.flushed();
        assert!(!is_taken());
    }
}
