//! A request read, and a reply with its tag.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, VARY};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use headers::{ETag, HeaderMapExt, IfNoneMatch};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::sync::SemaphorePermit;

use super::client::{self, NAMES_OF_SERVER};
use super::problem::{WebProblem, form};
use super::shared::Shared;
use super::snapshot::{Size, Snapshot};
use codeyear_core::answer;
use codeyear_core::error::{Error, Result, printable};
use codeyear_core::model::{
    CodeRange, CodeSet, ReleaseId, TypedCode, TypedDay, TypedReleases, typed_codes,
};
use codeyear_core::store::Store;

/// How a day is written.
pub(super) const DAY: &str =
    "a date as in 2026-03-01, 3/1/2026 or Mar 1 2026, or today, yesterday, tomorrow or latest";

/// The longest query that is read.
const MAX_QUERY: usize = 16 * 1024;

/// Keep it, and ask each time whether it is still so: an import may change any answer.
const KEEP_AND_ASK: HeaderValue = HeaderValue::from_static("public, no-cache");

/// An answer may be packed or not.
pub(super) const PACKING: HeaderValue = HeaderValue::from_static("accept-encoding");

/// A question to one state of the database.
#[derive(Debug)]
pub(super) struct ApiRequest {
    pub(super) shared: Arc<Shared>,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) query: Query,
    /// The day of today, for a question without a date.
    pub(super) today: NaiveDate,
    /// The address of the server, where answers name it.
    pub(super) origin: Option<String>,
    is_get: bool,
    /// What tells the answer from all others, once the state of the database is known; of a GET only.
    tag: Option<String>,
}

/// How many bytes of the body of a response are in memory for it alone, where that is not its length.
#[derive(Debug, Clone, Copy)]
pub(super) struct InMemory(pub(super) u64);

/// A request that is read from a query.
pub(super) trait FromQuery: Sized {
    /// Reads it. What is not asked for by name is refused afterwards.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Usage`] for a parameter that is missing, given twice or cannot be read.
    fn read(query: &mut Query) -> Result<Self>;
}

impl ApiRequest {
    /// Checks whether the answer rests on the name by which the server was asked.
    fn varies(&self) -> bool {
        self.origin.is_some() && self.shared.settings.base_url.is_none()
    }

    /// Reads what is asked, and refuses what the address does not know.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Usage`] for a parameter that is missing, given twice, cannot be read or is not known.
    pub(super) fn read<R: FromQuery>(&mut self) -> Result<R> {
        let request = R::read(&mut self.query)?;
        self.query.finish()?;
        Ok(request)
    }

    /// Returns the day that is asked for: today, if the question has none.
    pub(super) fn day(&mut self, code_set: CodeSet) -> Result<NaiveDate> {
        let on = self.query.day("on")?;
        Ok(self.day_of(on, code_set))
    }

    /// Returns the day that is meant in a code set: today, if none is.
    pub(super) fn day_of(&self, on: Option<TypedDay>, code_set: CodeSet) -> NaiveDate {
        self.snapshot.day_of(on, self.today, code_set)
    }

    /// Returns the two releases that are to be compared.
    ///
    /// # Errors
    /// As [`answer::typed_releases`].
    pub(super) fn releases_of(
        &self,
        typed: TypedReleases,
        code_set: CodeSet,
    ) -> Result<(ReleaseId, ReleaseId)> {
        let loaded = self.snapshot.index().timeline(code_set);
        answer::typed_releases(loaded, typed, self.today)
    }

    /// Asks the database.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        size: Size,
        question: impl FnOnce(&Snapshot, &Store) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (_place, threads) = match size {
            Size::Small => (None, Handle::current()),
            Size::Large => (Some(self.large_place()?), self.shared.long_threads()),
        };
        self.snapshot.ask(size, &threads, question).await
    }

    /// Asks the database for an answer that takes long to find, and keeps it by what tells the question from all others:
    /// who asks the same at the same time waits for it too.
    pub(super) async fn ask_long(
        &self,
        key: impl std::fmt::Debug,
        question: impl FnOnce(&Snapshot, &Store) -> Result<Vec<u8>> + Send + 'static,
    ) -> Result<Bytes> {
        let key = self
            .snapshot
            .state()
            .map(|state| format!("{state} {key:?}"));
        if let Some(kept) = key.as_ref().and_then(|key| self.shared.kept.get(key)) {
            return Ok(kept);
        }
        let _place = self.large_place()?;
        let ask = async || {
            let threads = self.shared.long_threads();
            let bytes = self.snapshot.ask(Size::Large, &threads, question).await?;
            self.shared.long_answer(bytes)
        };
        match key {
            Some(key) => self.shared.kept.get_or_insert_async(&key, ask()).await,
            None => ask().await,
        }
    }

    fn large_place(&self) -> Result<SemaphorePermit<'_>> {
        self.shared.large.try_acquire().map_err(|_| {
            Error::busy("the server is busy with other large requests")
                .with_hint("wait a moment and try again")
        })
    }

    /// Marks a reply whose bytes have their room already.
    pub(super) fn in_its_room(mut response: Response) -> Response {
        response.extensions_mut().insert(InMemory(0));
        response
    }

    /// Replies.
    pub(super) fn reply(
        &self,
        media_type: &'static str,
        body: impl Into<axum::body::Body>,
    ) -> Response {
        let mut response = Response::new(body.into());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        // What is posted has no address to be kept by.
        let may_keep = match self.is_get {
            true => KEEP_AND_ASK,
            false => HeaderValue::from_static("no-store"),
        };
        headers.insert(CACHE_CONTROL, may_keep);
        if self.varies() {
            headers.append(VARY, NAMES_OF_SERVER);
        }
        if let Some(tag) = self.tag.as_deref().and_then(etag) {
            headers.typed_insert(tag);
            // Too short to be packed or not, as the reply says that it is the same still.
            headers.append(VARY, PACKING);
        }
        response
    }

    pub(super) fn json(&self, body: String) -> Response {
        self.reply("application/json", body)
    }

    /// Replies with a file to be saved.
    pub(super) fn file(
        &self,
        media_type: &'static str,
        name: &str,
        body: impl Into<axum::body::Body>,
    ) -> Response {
        let mut response = self.reply(media_type, body);
        if let Ok(disposition) = format!("attachment; filename=\"{name}\"").parse() {
            response
                .headers_mut()
                .insert(CONTENT_DISPOSITION, disposition);
        }
        response
    }
}

impl FromRequestParts<Arc<Shared>> for ApiRequest {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        shared: &Arc<Shared>,
    ) -> Result<ApiRequest, Response> {
        let snapshot = shared.snapshots.current();
        let today = shared.settings.today.day();
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|peer| peer.0.ip());
        let names_it = parts.uri.path().starts_with("/fhir/");
        let origin = || client::origin(&shared.settings, peer, parts);
        let origin = names_it.then(origin);
        let is_get = matches!(parts.method, Method::GET | Method::HEAD);
        let state = snapshot.state().filter(|_| is_get);
        let most_upload = shared.settings.most_upload;
        let tag = state.map(|state| tag(state, parts, today, origin.as_deref(), most_upload));
        // A list of tags that cannot be read is none: the answer is sent again. So is one for whoever has any answer:
        // whether there is one is not known yet.
        if let Some(tag) = &tag.as_deref().and_then(etag)
            && let Some(known) = parts.headers.typed_get::<IfNoneMatch>()
            && known != IfNoneMatch::any()
            && !known.precondition_passes(tag)
        {
            let mut response = StatusCode::NOT_MODIFIED.into_response();
            response.headers_mut().typed_insert(tag.clone());
            response.headers_mut().insert(CACHE_CONTROL, KEEP_AND_ASK);
            response.headers_mut().append(VARY, PACKING);
            if origin.is_some() && shared.settings.base_url.is_none() {
                response.headers_mut().append(VARY, NAMES_OF_SERVER);
            }
            return Err(response);
        }
        let query = Query::read(parts.uri.query().unwrap_or_default()).map_err(|error| {
            WebProblem::from(error)
                .in_form(form(parts.uri.path(), &parts.headers))
                .into_response()
        })?;
        Ok(ApiRequest {
            shared: Arc::clone(shared),
            snapshot,
            query,
            today,
            origin,
            is_get,
            tag,
        })
    }
}

/// Tags what an address gives in one state of the database: the same state, program and address give the
/// same bytes, and so does the same name of the server where the answer has it. A question without a date is another
/// one tomorrow.
fn tag(
    state: &str,
    parts: &Parts,
    today: NaiveDate,
    origin: Option<&str>,
    most_upload: usize,
) -> String {
    let mut hasher = Sha256::new();
    for part in [
        state,
        env!("CARGO_PKG_VERSION"),
        parts.uri.path(),
        parts.uri.query().unwrap_or_default(),
        origin.unwrap_or_default(),
    ] {
        hasher.update(part.as_bytes());
        hasher.update(b"\0");
    }
    // The page of an audit says how long a file may be.
    hasher.update(format!("{today} {most_upload}").as_bytes());
    let digest = codeyear_core::source::hex(&hasher.finalize());
    digest.get(..32).unwrap_or(&digest).to_owned()
}

/// Returns a tag as a header has it. Packed or not, it is the same answer.
fn etag(tag: &str) -> Option<ETag> {
    format!("W/\"{tag}\"").parse().ok()
}

/// Returns the releases that are to be compared: one a parameter, or both in one of them.
pub(super) fn compared(
    old: Option<TypedReleases>,
    new: Option<TypedReleases>,
) -> Result<TypedReleases> {
    match (old, new) {
        (Some(both), None) | (None, Some(both)) if both.is_range => Ok(both),
        (old, new) if ![old, new].iter().flatten().any(|one| one.is_range) => Ok(TypedReleases {
            old: old.and_then(|old| old.new),
            new: new.and_then(|new| new.new),
            is_range: true,
        }),
        _ => Err(Error::usage("more than two releases are given")
            .with_hint("give one release or two, as in old=FY2025&new=FY2026")),
    }
}

/// The parameters of a query. Each is asked for by name, and what nobody asked for is refused.
#[derive(Debug, Default)]
pub(super) struct Query {
    parameters: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl Query {
    pub(super) fn read(text: &str) -> Result<Query> {
        if text.len() > MAX_QUERY {
            return Err(Error::usage(format!(
                "the query has {} bytes; at most {MAX_QUERY} are read",
                text.len()
            ))
            .with_hint("send many codes in the body of a POST"));
        }
        let parameters = form_urlencoded::parse(text.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        Ok(Query {
            parameters,
            known: Vec::new(),
        })
    }

    /// Returns all parameters, for whoever knows others by name.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.parameters
    }

    /// Returns all values of a parameter that are not empty.
    pub(super) fn all(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        self.parameters
            .iter()
            .filter(|(key, value)| key == name && !value.trim().is_empty())
            .map(|(_, value)| value.clone())
            .collect()
    }

    /// Returns the one value of a parameter; none if it is left out or empty.
    pub(super) fn one(&mut self, name: &'static str) -> Result<Option<String>> {
        let mut values = self.all(name);
        if values.len() > 1 {
            return Err(
                Error::usage(format!("{name} is given {} times", values.len()))
                    .with_hint(format!("give {name} once")),
            );
        }
        Ok(values.pop())
    }

    /// Returns the one value of a parameter that cannot be left out.
    pub(super) fn needed(&mut self, name: &'static str, example: &str) -> Result<String> {
        self.one(name)?.ok_or_else(|| {
            let given = self.parameters.iter().map(|(name, _)| printable(name));
            let given: Vec<String> = given.collect();
            let given = match given.as_slice() {
                [] => String::new(),
                given => format!("; given: {}", given.join(", ")),
            };
            Error::usage(format!("the parameter {name} is missing"))
                .with_hint(format!("give it, as in {name}={example}{given}"))
        })
    }

    /// Returns the one code that a parameter names.
    pub(super) fn needed_code(&mut self, name: &'static str, example: &str) -> Result<String> {
        let text = self.needed(name, example)?;
        match typed_codes(&text).as_slice() {
            [] | [TypedCode::One(_)] => Ok(text),
            _ => Err(
                Error::usage(format!("{name} has several codes; only one is allowed"))
                    .with_hint("request them one by one, or check all at /api/check"),
            ),
        }
    }

    /// Returns a value that is read by its type.
    pub(super) fn parsed<T: std::str::FromStr>(
        &mut self,
        name: &'static str,
        expected: &str,
    ) -> Result<Option<T>> {
        let Some(text) = self.one(name)? else {
            return Ok(None);
        };
        text.trim().parse().map(Some).map_err(|_| {
            Error::usage(format!("{name} cannot be read: expected {expected}"))
                .with_hint(format!("write {name} as {expected}"))
        })
    }

    /// Reads a date, as people write it.
    pub(super) fn day(&mut self, name: &'static str) -> Result<Option<TypedDay>> {
        let Some(text) = self.one(name)? else {
            return Ok(None);
        };
        let read = text.trim().parse::<TypedDay>();
        read.map(Some)
            .map_err(|why| Error::usage(printable(&why)).with_hint("write a date as in 2026-03-01"))
    }

    /// Reads a release, or two as in `FY2025..FY2026`.
    pub(super) fn releases(&mut self, name: &'static str) -> Result<Option<TypedReleases>> {
        let expected = "a release as in FY2026, a day of it, latest, or two as in FY2025..FY2026";
        let read = self.parsed(name, expected);
        read.map_err(|error| error.with_hint("the loaded ones are listed at /api/releases"))
    }

    pub(super) fn code_set(&mut self, name: &'static str) -> Result<Option<CodeSet>> {
        self.parsed(name, &CodeSet::all_ids(" or "))
    }

    /// Checks whether something is asked for: `1` or `true`.
    pub(super) fn flag(&mut self, name: &'static str) -> Result<bool> {
        match self.one(name)?.as_deref() {
            None | Some("0" | "false") => Ok(false),
            Some("1" | "true") => Ok(true),
            Some(_) => Err(
                Error::usage(format!("{name} cannot be read: expected 1 or 0"))
                    .with_hint(format!("write {name}=1, or leave it out")),
            ),
        }
    }

    /// Refuses parameters that nobody asked for: a mistyped name must not change the question in silence.
    pub(super) fn finish(&self) -> Result<()> {
        let stranger = self
            .parameters
            .iter()
            .find(|(name, _)| !self.known.contains(&name.as_str()));
        match stranger {
            None => Ok(()),
            Some(_) => Err(Error::usage("the query has an unknown parameter")
                .with_hint(format!("known parameters: {}", self.known.join(", ")))),
        }
    }
}

/// Reads a range of codes.
pub(super) fn range(code_set: CodeSet, text: &str) -> Result<CodeRange> {
    CodeRange::parse(code_set, text)
        .map_err(|error| Error::usage(error.to_string()).with_hint(CodeRange::hint(code_set, text)))
}
