//! Sockets: slow, many and broken connections, and the end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::sync::Semaphore;
use tower::ServiceExt;

use super::{Shared, socket_error};
use codeyear_core::error::Result;

/// How long requests that have begun may take once the server is told to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// Files that the program keeps open beside its connections.
const OTHER_FILES: u64 = 64;

/// Accepts connections until the process is told to stop.
pub(super) async fn serve(
    listener: std::net::TcpListener,
    routes: Router,
    shared: &Arc<Shared>,
) -> Result<()> {
    listener.set_nonblocking(true).map_err(socket_error)?;
    let listener = tokio::net::TcpListener::from_std(listener).map_err(socket_error)?;
    let connections = Arc::new(Semaphore::new(most_connections(
        shared.settings.most_connections,
    )));
    let mut http = http1::Builder::new();
    // Without its head in time a connection is closed, so that slow ones do not fill the places.
    http.timer(TokioTimer::new())
        .header_read_timeout(shared.settings.head_timeout)
        .max_buf_size(64 * 1024)
        .max_headers(64);
    let graceful = GracefulShutdown::new();
    let mut told = std::pin::pin!(told_to_stop());
    loop {
        let place = Arc::clone(&connections).acquire_owned();
        let accepted = tokio::select! {
            biased;
            () = told.as_mut() => break,
            accepted = async { (place.await, listener.accept().await) } => accepted,
        };
        let (place, (stream, peer)) = match accepted {
            (Ok(place), Ok(connection)) => (place, connection),
            // Nobody closes the places.
            (Err(_), _) => break,
            // No file is left, or the client has gone: whoever is connected is answered meanwhile.
            (_, Err(error)) => {
                tracing::debug!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        // A short answer is not held back to be sent with the next one.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(with_peer(routes.clone(), peer));
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            shared.metrics.connections.inc();
            // A client that breaks off is no failure of the server.
            let _ = watched.await;
            shared.metrics.connections.dec();
            drop(place);
        });
    }
    drop(listener);
    tracing::info!("told to stop");
    let _ = tokio::time::timeout(LAST_ANSWERS, graceful.shutdown()).await;
    Ok(())
}

/// Adds to each request who asks.
fn with_peer(
    routes: Router,
    peer: SocketAddr,
) -> impl tower::Service<
    hyper::Request<hyper::body::Incoming>,
    Response = axum::response::Response,
    Error = std::convert::Infallible,
    Future: Send + 'static,
> + Clone
+ Send
+ 'static {
    routes.map_request(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    })
}

/// Raises the limit of open files as far as the system lets it, and gives the connections that fit.
fn most_connections(asked: usize) -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
    let fit = files.saturating_sub(OTHER_FILES).max(16);
    asked.min(usize::try_from(fit).unwrap_or(usize::MAX))
}

#[cfg(unix)]
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn told_to_stop() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
