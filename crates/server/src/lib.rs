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
//! | `shared` | what all requests share: settings, snapshots, counts, places |
//! | `listen` | sockets: many and broken connections, and the end |
//! | `connection` | one connection: long heads, slow readers, requests that cannot be read |
//! | `client` | who asks, and by which name |
//! | `guard` | what holds for every request: limits, headers, log, counts |
//! | `request` | a request read, and a reply with its tag |
//! | `room` | room for bytes in memory, free when the last of them has left |
//! | `pieces` | a body in pieces, of which some come again |
//! | `problem` | the one shape of a failure |
//! | `pages` | pages for people |
//! | `claims`, `claims_form` | the page to which a file of claims is given, and its form as it was sent |
//! | `api` | JSON |
//! | `health` | whether the server is well, and its counts for Prometheus |
//! | `fhir` | FHIR terminology, R4 and R5 |

mod api;
mod claims;
mod claims_form;
mod client;
mod connection;
mod fhir;
mod guard;
mod health;
mod listen;
mod log;
mod metrics;
mod pages;
mod pieces;
mod problem;
mod request;
mod room;
mod shared;
mod snapshot;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;

pub use ipnet::IpNet;
pub use log::LogForm;
pub use shared::{Settings, Today};

use self::problem::socket_error;
use self::shared::{MAX_AUDITS, Shared};
use self::snapshot::{LARGE, SMALL, Snapshots};
use codeyear_core::error::{Error, Result};

/// How long a thread that has nothing to do is kept: what comes next finds the memory that it has.
const KEPT: Duration = Duration::from_secs(3600);

/// A server that has opened its database and its socket.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// Opens the database and listens. Nothing is answered until [`Server::run`].
    ///
    /// # Errors
    /// As [`Store::open_read_only`](codeyear_core::store::Store::open_read_only); [`codeyear_core::ErrorKind::Io`] if the address
    /// cannot be listened on.
    pub fn bind(settings: Settings) -> Result<Server> {
        let snapshots = Snapshots::open(&settings.database)?;
        let listener = listen::on(settings.listen).map_err(|error| {
            Error::io(format!("cannot listen on {}: {error}", settings.listen))
                .with_hint("name another address with --listen; port 0 takes any that is free")
                .caused_by(error)
        })?;
        let address = listener.local_addr().map_err(socket_error)?;
        let shared = Arc::new(Shared::new(settings, snapshots));
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
            .max_blocking_threads(SMALL)
            .thread_keep_alive(KEPT)
            .build()
            .map_err(socket_error)?;
        // What takes long has threads of its own: the allocator keeps for each what it once took.
        let long = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(LARGE + MAX_AUDITS)
            .thread_keep_alive(KEPT)
            .build()
            .map_err(socket_error)?;
        let _ = self.shared.long_threads.set(long.handle().clone());
        let log = log::start(self.shared.settings.log, log);
        self.shared.snapshots.watch()?;
        let served = runtime.block_on(listen::serve(
            self.listener,
            routes(&self.shared),
            &self.shared,
        ));
        // A question that is still being answered is not waited for.
        runtime.shutdown_background();
        long.shutdown_background();
        drop(log);
        served
    }
}

fn routes(shared: &Arc<Shared>) -> Router {
    let routes = api::routes()
        .merge(api::openapi::routes())
        .merge(fhir::routes())
        .merge(pages::routes(shared))
        .merge(health::routes())
        .fallback(problem::no_such_address)
        .method_not_allowed_fallback(problem::no_such_method);
    pages::over(guard::over(routes, shared), shared).with_state(Arc::clone(shared))
}
