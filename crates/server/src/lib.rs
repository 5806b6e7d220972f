//! One server over one file: pages, JSON and FHIR, with the values that the command line prints.
//!
//! The database is only read, through handles that cannot write. What is imported meanwhile is seen as a
//! whole: every question is answered from one snapshot, and the next snapshot takes its
//! place when it is complete. Nothing of a request is kept: no cookie, no session, no value of a query in
//! the log unless it is asked for, and a file of claims is read in memory and forgotten.
//!
//! | part | what it is |
//! |---|---|
//! | `snapshot` | one state of the database in memory, and the watch for the next one |
//! | `listen` | sockets: slow, many and broken connections, and the end |
//! | `guard` | what holds for every request: limits, headers, log, counts |
//! | `asked` | a request read, and a reply with its tag |
//! | `problem` | the one shape of a failure |
//! | `pages` | pages for people |
//! | `api` | JSON |
//! | `fhir` | FHIR terminology, R4 and R5 |

mod api;
mod fhir;
mod guard;
mod listen;
mod log;
mod metrics;
mod pages;
mod problem;
mod request;
mod snapshot;

use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use chrono::NaiveDate;
use tokio::sync::Semaphore;

pub use log::LogForm;

use self::metrics::Metrics;
use self::snapshot::Snapshots;
use codeyear_core::error::{Error, Result};

/// How a server is to run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The database.
    pub database: PathBuf,
    /// The address to listen on; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// The most bytes of a body.
    pub most_body: usize,
    /// The most bytes of a file of claims.
    pub most_upload: usize,
    /// How long a request may take, its body included.
    pub request_timeout: Duration,
    /// How long a client may take to send the head of a request.
    pub head_timeout: Duration,
    /// The most connections at a time.
    pub most_connections: usize,
    /// The most requests that are worked on at a time; more are refused.
    pub most_requests: usize,
    /// The most requests a second from one address; `None` for no limit.
    pub rate: Option<NonZeroU32>,
    /// How to log.
    pub log: LogForm,
    /// Whether paths and queries are logged as they were sent.
    pub log_queries: bool,
    /// The day of today.
    pub today: Today,
}

/// Where the day of today comes from.
#[derive(Debug, Clone, Copy)]
pub enum Today {
    /// It is this day.
    Fixed(NaiveDate),
    /// A clock is asked.
    Clock(fn() -> NaiveDate),
}

impl Today {
    /// Returns the day of today.
    fn day(self) -> NaiveDate {
        match self {
            Today::Fixed(day) => day,
            Today::Clock(clock) => clock(),
        }
    }
}

/// A server that has opened its database and its socket.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What all requests share.
#[derive(Debug)]
struct Shared {
    settings: Settings,
    snapshots: Snapshots,
    metrics: Metrics,
    /// Places for requests that are worked on.
    places: Semaphore,
    /// Places for files of claims that are audited.
    audits: Arc<Semaphore>,
    rate: Option<governor::DefaultKeyedRateLimiter<std::net::IpAddr>>,
}

/// The most files of claims that are audited at a time: each takes a core.
const MAX_AUDITS: usize = 2;

impl Server {
    /// Opens the database and listens. Nothing is answered until [`Server::run`].
    ///
    /// # Errors
    /// As [`Store::open_read_only`](codeyear_core::store::Store::open_read_only); [`codeyear_core::ErrorKind::Io`] if the address
    /// cannot be listened on.
    pub fn bind(settings: Settings) -> Result<Server> {
        let snapshots = Snapshots::open(&settings.database)?;
        let listener = TcpListener::bind(settings.listen).map_err(|error| {
            Error::io(format!("cannot listen on {}: {error}", settings.listen))
                .with_hint("name another address with --listen; port 0 takes any that is free")
                .caused_by(error)
        })?;
        let address = listener.local_addr().map_err(socket_error)?;
        let rate = settings
            .rate
            .map(|most| governor::RateLimiter::keyed(governor::Quota::per_second(most)));
        let shared = Arc::new(Shared {
            snapshots,
            metrics: Metrics::new(),
            places: Semaphore::new(settings.most_requests),
            audits: Arc::new(Semaphore::new(MAX_AUDITS)),
            rate,
            settings,
        });
        Ok(Server {
            listener,
            address,
            shared,
        })
    }

    /// Returns the address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the process is told to stop (SIGINT or SIGTERM); requests that have begun are answered. The
    /// log goes to `log`.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Io`] if the system refuses threads or sockets.
    pub fn run(self, log: Box<dyn std::io::Write + Send>) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(socket_error)?;
        let log = log::start(self.shared.settings.log, log);
        self.shared.snapshots.watch()?;
        let served = runtime.block_on(listen::serve(
            self.listener,
            routes(&self.shared),
            &self.shared,
        ));
        // A question that is still being answered is not waited for.
        runtime.shutdown_background();
        drop(log);
        served
    }
}

fn routes(shared: &Arc<Shared>) -> Router {
    let routes = api::routes()
        .merge(fhir::routes())
        .merge(pages::routes(shared))
        .merge(metrics::routes())
        .fallback(problem::no_such_address);
    pages::over(guard::over(routes, shared), shared).with_state(Arc::clone(shared))
}

fn socket_error(error: std::io::Error) -> Error {
    Error::io(format!("the system refuses: {error}"))
        .with_hint("free some threads or sockets and try again")
        .caused_by(error)
}
