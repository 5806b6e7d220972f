//! Sockets: many and broken connections, and the end.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use socket2::{Domain, Socket, Type};
use tokio::sync::Semaphore;
use tower::ServiceExt;

use super::client;
use super::connection::{Connection, ConnectionState, MAX_HEAD};
use super::problem::socket_error;
use super::shared::Shared;
use codeyear_core::error::Result;

/// How long requests that have begun may take once the server is told to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// Files that the program keeps open beside its connections.
const OTHER_FILES: u64 = 64;

/// How many connections wait to be accepted: those beyond come again after a second.
const WAITING: i32 = 1024;

/// Listens on an address.
pub(super) fn on(address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // As the standard library does it: a server that was stopped begins anew at once.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(WAITING)?;
    Ok(socket.into())
}

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
        .max_buf_size(MAX_HEAD)
        .max_headers(64);
    let graceful = GracefulShutdown::new();
    forget_old_rates(shared);
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
        let Some(of_peer) = OfPeer::take(shared, peer.ip().to_canonical()) else {
            continue;
        };
        // A short answer is not held back to be sent with the next one.
        let _ = stream.set_nodelay(true);
        let state = Arc::new(ConnectionState::new());
        let stream = Connection::new(stream, shared, &state);
        let service = TowerToHyperService::new(with_peer(routes.clone(), peer, state));
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            shared.metrics.connections.inc();
            // A client that breaks off is no failure of the server.
            let _ = watched.await;
            shared.metrics.connections.dec();
            drop((place, of_peer));
        });
    }
    drop(listener);
    tracing::info!("stopping");
    let _ = tokio::time::timeout(LAST_ANSWERS, graceful.shutdown()).await;
    Ok(())
}

/// Forgets who has asked nothing for a while, again and again while the server runs.
fn forget_old_rates(shared: &Arc<Shared>) {
    let shared = Arc::downgrade(shared);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(60)).await;
            let Some(shared) = shared.upgrade() else {
                return;
            };
            if let Some(rate) = &shared.rate {
                rate.retain_recent();
            }
        }
    });
}

/// A connection of an address, among the others that it has.
struct OfPeer {
    shared: Arc<Shared>,
    peer: IpAddr,
}

impl OfPeer {
    /// Counts a connection; `None` if the address has as many as it may.
    fn take(shared: &Arc<Shared>, peer: IpAddr) -> Option<OfPeer> {
        let most = shared.settings.most_per_address.unwrap_or(usize::MAX);
        let is_trusted = client::is_trusted(&shared.settings, peer);
        let peer = client::network(peer);
        let mut peers = lock(shared);
        let count = peers.entry(peer).or_default();
        if *count >= most && !is_trusted {
            shared.metrics.refused.inc();
            return None;
        }
        *count += 1;
        Some(OfPeer {
            shared: Arc::clone(shared),
            peer,
        })
    }
}

impl Drop for OfPeer {
    fn drop(&mut self) {
        let mut peers = lock(&self.shared);
        if let Entry::Occupied(mut count) = peers.entry(self.peer) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
    // Whoever held it only counted.
    shared.peers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Adds to each request who asks, and follows it until its answer has left.
fn with_peer(
    routes: Router,
    peer: SocketAddr,
    state: Arc<ConnectionState>,
) -> impl tower::Service<
    hyper::Request<hyper::body::Incoming>,
    Response = axum::response::Response,
    Error = std::convert::Infallible,
    Future: Send + 'static,
> + Clone
+ Send
+ 'static {
    let answering = Arc::clone(&state);
    routes
        .map_request(move |request: hyper::Request<hyper::body::Incoming>| {
            state.take_request();
            let mut request = request.map(axum::body::Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            request
        })
        .map_response(move |answer| answering.begin_answer(answer))
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

/// Waits for Ctrl-C, Ctrl-Break, the end of the console, or that of the machine, which then waits some seconds.
#[cfg(windows)]
async fn told_to_stop() {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
    let (Ok(mut interrupt), Ok(mut stop), Ok(mut close), Ok(mut shutdown)) =
        (ctrl_c(), ctrl_break(), ctrl_close(), ctrl_shutdown())
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = stop.recv() => {}
        _ = close.recv() => {}
        _ = shutdown.recv() => {}
    }
}
