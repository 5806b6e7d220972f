//! Requests, as whoever speaks HTTP has taken them apart.

use std::time::Instant;

use serde_json::Value;

use super::context::FhirVersion;
use super::outcome::{Answered, FhirFailure};
use super::parameters::pairs;

/// How something was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Read, search, or an operation with its parameters in the address.
    Get,
    /// An operation, a search or a batch with a body.
    Post,
}

/// A request, as whoever speaks HTTP has taken it apart.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The version of FHIR that is spoken.
    pub version: FhirVersion,
    /// How it was asked.
    pub method: Method,
    /// The path below the base, such as `CodeSystem/$lookup`; empty for a batch.
    pub path: &'a str,
    /// The pairs of the query, decoded.
    pub query: &'a [(String, String)],
    /// The body, if there is one.
    pub body: Option<&'a [u8]>,
    /// The absolute address of the base, without a slash at its end.
    pub base: &'a str,
    /// When the time of a batch is over; `None` if it may take what it takes.
    pub ends: Option<Instant>,
}

impl Request<'_> {
    /// Checks whether more is needed than the code sets in memory, or more work than a look at them.
    pub fn takes_the_database(&self) -> bool {
        !matches!(
            self.last_segment().as_str(),
            "$lookup" | "$validate-code" | "$subsumes" | "metadata"
        )
    }

    /// Checks whether it may be as much work as a whole release: a batch, an expansion, or a search for maps, of which
    /// there are many.
    pub fn is_large(&self) -> bool {
        let last = self.last_segment();
        matches!(last.as_str(), "" | "$expand" | "_search" | "ConceptMap")
    }

    fn last_segment(&self) -> String {
        let path = self.path.trim_matches('/').replace("%24", "$");
        let last = path.rsplit('/').next();
        last.unwrap_or_default().to_owned()
    }
}

/// A request, or an entry of a batch, with its body read.
pub(super) struct ReadRequest {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<Value>,
}

/// Reads a request: its path without slashes around it, and its body.
pub(super) fn read(request: &Request<'_>) -> Answered<ReadRequest> {
    let mut query = request.query.to_vec();
    let path = request.path.trim_matches('/').replace("%24", "$");
    let mut body = None;
    match request.body {
        Some(bytes) if path.ends_with("/_search") => {
            let text = String::from_utf8_lossy(bytes);
            query.extend(pairs(&text));
        }
        Some(bytes) if !bytes.trim_ascii().is_empty() => {
            let read = serde_json::from_slice(bytes).map_err(|error| {
                FhirFailure::new(
                    400,
                    "structure",
                    format!("the body is not JSON that can be read: {error}"),
                )
            })?;
            body = Some(read);
        }
        _ => {}
    }
    Ok(ReadRequest {
        method: request.method,
        path,
        query,
        body,
    })
}
