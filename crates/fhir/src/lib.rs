//! A FHIR terminology server's answers, R4 and R5, without the server: a request as values in, a status and
//! JSON out.
//!
//! It holds no rule of its own about codes: what is listed on a day, what a code became and what stands below it
//! are asked of the same code sources as every other answer. `$lookup`, `$validate-code` and `$subsumes` ask
//! nothing but these, so that a server that holds them in memory touches no database. Every request has
//! an answer; what cannot be answered is an `OperationOutcome` that says why.
//!
//! Which day is meant: `version` names one release (`2026` is the October release, `2026-04` its update,
//! `2025-10-01` the release that begins on that day), and `date` a day. With both the day has to lie in the
//! release; with a version alone it is the release's first day; with neither it is today. A day that no loaded
//! release governs is not answered from a neighbour.

mod batch;
mod capability;
mod codesystem;
mod compose;
mod conceptmap;
mod context;
mod expand;
mod export;
mod filter;
mod lookup;
mod outcome;
mod parameters;
mod reply;
mod request;
mod searchset;
mod snapshot;
mod subsumes;
mod translate;
mod validate;
mod valueset;

pub use context::{FhirVersion, Terminology};
pub use export::{ExportScope, FhirExport, FhirFile};
pub use request::{Method, Request};

use std::time::Instant;

use context::Context;
use outcome::{Answered, FhirFailure, clip};
use parameters::Parameters;
use request::ReadRequest;

/// What is to be sent back, as `application/fhir+json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The resource.
    pub body: Vec<u8>,
}

/// The media type of every answer.
pub const MEDIA_TYPE: &str = "application/fhir+json; charset=utf-8";

/// Answers a request. There is an answer to every one.
///
/// ```
/// # use codeyear_fhir as fhir;
/// # use codeyear_core::{ingest, store::Store};
/// # let mut store = Store::in_memory()?;
/// # ingest::import_sample(&mut store, "2026-03-01".parse().unwrap())?;
/// let terminology = fhir::Terminology::of(&store, "2026-03-01".parse().unwrap())?;
/// let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
/// let response = fhir::answer(
///     &fhir::Request {
///         version: fhir::FhirVersion::R4,
///         method: fhir::Method::Get,
///         path: "CodeSystem/$validate-code",
///         query: &[
///             pair("url", "http://hl7.org/fhir/sid/icd-10-cm"),
///             pair("code", "M54.5"),
///             pair("date", "2021-09-30"),
///         ],
///         body: None,
///         base: "http://localhost/fhir/r4",
///         ends: None,
///     },
///     &terminology,
/// );
/// assert_eq!(response.status, 200);
/// let body = String::from_utf8(response.body).unwrap();
/// assert!(body.contains(r#"{"name":"result","valueBoolean":true}"#));
/// assert!(body.contains("Low back pain"));
/// # Ok::<(), codeyear_core::Error>(())
/// ```
pub fn answer(request: &Request<'_>, terminology: &Terminology<'_>) -> Response {
    let context = Context {
        version: request.version,
        base: request.base.trim_end_matches('/'),
        terminology,
    };
    match request::read(request).and_then(|asked| whole(&context, &asked, request.ends)) {
        Ok(body) => Response { status: 200, body },
        Err(failure) => Response {
            status: failure.status,
            body: outcome::to_bytes(&failure.to_json()),
        },
    }
}

/// Returns a failure that has nothing to do with FHIR as an `OperationOutcome`.
pub fn failure(status: u16, message: &str, hint: Option<&str>) -> Vec<u8> {
    let code = match status {
        404 => "not-found",
        405 => "not-supported",
        413 => "too-long",
        429 => "throttled",
        503 => "transient",
        500.. => "exception",
        _ => "invalid",
    };
    let text = match hint {
        Some(hint) => format!("{message}; {hint}"),
        None => message.to_owned(),
    };
    outcome::to_bytes(&FhirFailure::new(status, code, text).to_json())
}

/// Answers a request that is read, a batch or not.
fn whole(context: &Context<'_>, asked: &ReadRequest, ends: Option<Instant>) -> Answered<Vec<u8>> {
    refuse_other_format(asked)?;
    if asked.method == Method::Post && asked.path.is_empty() {
        return batch::answer(asked.body.as_ref(), ends, |entry| {
            route(context, &batch::read(context.base, entry)?)
        });
    }
    route(context, asked).map(|resource| outcome::to_bytes(&resource))
}

fn refuse_other_format(asked: &ReadRequest) -> Answered<()> {
    let mut formats = asked.query.iter().filter(|(name, _)| name == "_format");
    if let Some((_, format)) = formats.find(|(_, format)| !format.contains("json")) {
        return Err(FhirFailure::new(
            406,
            "not-supported",
            format!("{:?} is not supported: answers are JSON", clip(format)),
        ));
    }
    Ok(())
}

/// Answers a request that is no batch, by its path.
fn route(context: &Context<'_>, asked: &ReadRequest) -> Answered {
    refuse_other_format(asked)?;
    let segments: Vec<&str> = asked
        .path
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    match (asked.method, segments.as_slice()) {
        (Method::Get, ["metadata"]) => capability::answer(context, &asked.query),
        (Method::Post, [kind, "_search"]) => search(context, kind, &asked.query),
        (_, [kind, operation]) if operation.starts_with('$') => {
            operate(context, kind, None, operation, asked)
        }
        (_, [kind, id, operation]) if operation.starts_with('$') => {
            operate(context, kind, Some(id), operation, asked)
        }
        (Method::Get, [kind]) => search(context, kind, &asked.query),
        (Method::Get, [kind, id]) => read(context, kind, id),
        (Method::Get, []) => Err(FhirFailure::not_found(
            "there is nothing to read at the base; metadata says what there is",
        )),
        (Method::Post, [_] | [_, _]) => Err(FhirFailure::new(
            405,
            "not-supported",
            "nothing can be stored here; releases are imported with codeyear import",
        )),
        _ => Err(FhirFailure::not_found(format!(
            "there is nothing at {}",
            clip(&asked.path)
        ))),
    }
}

fn search(context: &Context<'_>, kind: &str, query: &[(String, String)]) -> Answered {
    match kind {
        "CodeSystem" => codesystem::search(context, query),
        "ValueSet" => valueset::search(context, query),
        "ConceptMap" => conceptmap::search(context, query),
        _ => Err(unknown_kind(kind)),
    }
}

fn read(context: &Context<'_>, kind: &str, id: &str) -> Answered {
    match kind {
        "CodeSystem" => codesystem::read(context, id),
        "ValueSet" => valueset::read(context, id),
        "ConceptMap" => conceptmap::read(context, id),
        _ => Err(unknown_kind(kind)),
    }
}

fn operate(
    context: &Context<'_>,
    kind: &str,
    id: Option<&str>,
    operation: &str,
    asked: &ReadRequest,
) -> Answered {
    let given = Parameters::read(&asked.query, asked.body.as_ref())?;
    match (kind, operation) {
        ("CodeSystem", "$lookup") => lookup::answer(context, id, &given),
        ("CodeSystem", "$validate-code") => validate::in_code_system(context, id, &given),
        ("CodeSystem", "$subsumes") => subsumes::answer(context, id, &given),
        ("ValueSet", "$expand") => expand::answer(context, id, &given),
        ("ValueSet", "$validate-code") => validate::in_value_set(context, id, &given),
        ("ConceptMap", "$translate") => translate::answer(context, id, &given),
        ("CodeSystem" | "ValueSet" | "ConceptMap", _) => Err(FhirFailure::new(
            404,
            "not-supported",
            format!("{kind} has no operation {} here", clip(operation)),
        )),
        _ => Err(unknown_kind(kind)),
    }
}

fn unknown_kind(kind: &str) -> FhirFailure {
    FhirFailure::new(
        404,
        "not-supported",
        format!(
            "there are no resources of the type {:?} here; there are CodeSystem, ValueSet and ConceptMap",
            clip(kind)
        ),
    )
}

/// Asks something of the bundled sample as it stands on 2026-03-01.
#[cfg(test)]
fn of_sample<T>(version: FhirVersion, ask: impl FnOnce(&Context<'_>) -> T) -> T {
    let store = crate::testing::sample();
    let terminology = Terminology::of(&store, crate::testing::day("2026-03-01")).unwrap();
    ask(&Context {
        version,
        base: "http://localhost/fhir/r4",
        terminology: &terminology,
    })
}

#[cfg(test)]
#[path = "../../testing.rs"]
mod testing;
