//! What all requests share: how the server is to run, the state of the database, counts and places.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::body::Bytes;
use chrono::NaiveDate;
use ipnet::IpNet;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::log::LogForm;
use super::metrics::Metrics;
use super::room::{Room, hold};
use super::snapshot::Snapshots;
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
    /// The most connections at a time from one address, but those of trusted proxies; `None` for no limit.
    pub most_per_address: Option<usize>,
    /// The names by which the server is reached, beside those of this machine; none for any, unless only this machine
    /// can reach it.
    pub hosts: Vec<String>,
    /// Other sites whose pages may ask, as `https://ehr.example`.
    pub allowed_origins: Vec<String>,
    /// The proxies that are believed when they say who asks.
    pub trusted_proxies: Vec<IpNet>,
    /// The address of the server in answers, as `https://codes.example`; `None` for the one that was asked.
    pub base_url: Option<String>,
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
    pub(super) fn day(self) -> NaiveDate {
        match self {
            Today::Fixed(day) => day,
            Today::Clock(clock) => clock(),
        }
    }
}

/// What all requests share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) snapshots: Snapshots,
    pub(super) metrics: Metrics,
    /// Room for the bytes of long heads of requests.
    pub(super) heads: Arc<Semaphore>,
    /// Room for the bytes of bodies that are read.
    pub(super) bodies: Arc<Semaphore>,
    /// Room for the bytes of answers that wait to be sent.
    pub(super) answers: Arc<Semaphore>,
    /// Room for those of short ones.
    pub(super) short_answers: Arc<Semaphore>,
    /// Places for answers that are packed while they are sent.
    pub(super) packers: Arc<Semaphore>,
    /// Answers that took long to find, by the state of the database and the question.
    pub(super) kept: Cache<String, Bytes, Weight>,
    /// Room for their bytes.
    pub(super) long: Arc<Semaphore>,
    /// Places for large questions that are asked or wait to be.
    pub(super) large: Semaphore,
    /// The threads of large questions and of audits, once the server runs.
    pub(super) long_threads: OnceLock<Handle>,
    /// How many connections each address has.
    pub(super) peers: Mutex<HashMap<IpAddr, usize>>,
    /// Places for requests that are worked on.
    pub(super) places: Semaphore,
    /// Places for files of claims that are audited.
    pub(super) audits: Arc<Semaphore>,
    pub(super) rate: Option<governor::DefaultKeyedRateLimiter<std::net::IpAddr>>,
}

/// The most files of claims that are audited at a time: each takes a core.
pub(super) const MAX_AUDITS: usize = 2;

/// How many answers are kept, more or less: so few that the cache has one part only, which the largest fits into.
const KEPT_ANSWERS: usize = 16;
/// The most bytes of all of them: every change of ten years with its notes is more than half of it, and as much is left for
/// one that is being sent.
const MAX_KEPT: u64 = 48 << 20;
/// The most bytes of all answers that took long to find, those that are still being sent among them.
const MAX_LONG: usize = 84 << 20;
/// The most large questions that are asked or wait to be.
const MAX_LARGE: usize = 64;

/// What an answer weighs that is kept: its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weight;

impl Weighter<String, Bytes> for Weight {
    fn weight(&self, tag: &String, answer: &Bytes) -> u64 {
        (tag.len() + answer.len()) as u64
    }
}

fn kept_answers() -> Cache<String, Bytes, Weight> {
    Cache::with_weighter(KEPT_ANSWERS, MAX_KEPT, Weight)
}

/// The most bytes of the long heads of all requests.
const MAX_HEADS: usize = 16 << 20;
/// The most answers that are packed at a time: each takes some 300 kB for it.
const MAX_PACKERS: usize = 128;
/// The most bytes of all bodies that are read at a time.
const MAX_BODIES: usize = 12 << 20;
/// The most bytes of all answers that wait to be sent, those that took long to find aside; and of short ones, which
/// find room whatever long ones wait.
const MAX_ANSWERS: usize = 40 << 20;
const MAX_SHORT_ANSWERS: usize = 24 << 20;

impl Shared {
    /// Returns an answer that took long to find, in its room.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Busy`] if too many such answers are still being sent.
    pub(super) fn long_answer(&self, bytes: Vec<u8>) -> Result<Bytes> {
        let room = hold(&self.long, bytes.len()).or_else(|| {
            // Those that are only kept give way.
            self.kept.clear();
            hold(&self.long, bytes.len())
        });
        let room = room.ok_or_else(|| {
            Error::busy("the server is busy sending other long answers")
                .with_hint("wait a moment and try again")
        })?;
        Ok(Room::of([room]).tie(bytes))
    }

    /// Returns the threads of what takes long. There are few: each keeps some of the memory that it once took.
    pub(super) fn long_threads(&self) -> Handle {
        let threads = self.long_threads.get().cloned();
        threads.unwrap_or_else(Handle::current)
    }

    pub(super) fn new(settings: Settings, snapshots: Snapshots) -> Shared {
        let rate = settings
            .rate
            .map(|most| governor::RateLimiter::keyed(governor::Quota::per_second(most)));
        Shared {
            snapshots,
            metrics: Metrics::new(),
            heads: Arc::new(Semaphore::new(MAX_HEADS)),
            packers: Arc::new(Semaphore::new(MAX_PACKERS)),
            bodies: Arc::new(Semaphore::new(MAX_BODIES.max(settings.most_body))),
            answers: Arc::new(Semaphore::new(MAX_ANSWERS)),
            short_answers: Arc::new(Semaphore::new(MAX_SHORT_ANSWERS)),
            long: Arc::new(Semaphore::new(MAX_LONG)),
            large: Semaphore::new(MAX_LARGE),
            kept: kept_answers(),
            long_threads: OnceLock::new(),
            peers: Mutex::default(),
            places: Semaphore::new(settings.most_requests),
            audits: Arc::new(Semaphore::new(MAX_AUDITS)),
            rate,
            settings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_answer_is_kept_and_all_together_have_a_limit() {
        let kept = kept_answers();
        let answer = Bytes::from(vec![b'x'; 40 << 20]);
        for at in 0..4 {
            kept.insert(at.to_string(), answer.clone());
            assert_eq!(
                kept.get(&at.to_string()).map(|kept| kept.len()),
                Some(answer.len())
            );
            assert!(kept.weight() <= MAX_KEPT, "{}", kept.weight());
        }
    }
}
