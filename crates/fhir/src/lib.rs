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
mod expand;
mod export;
mod filter;
mod lookup;
mod outcome;
mod parameters;
mod reply;
mod searchset;
mod snapshot;
mod subsumes;
mod translate;
mod validate;
mod valueset;

pub use export::{ExportScope, FhirExport, FhirFile};

use chrono::NaiveDate;
use serde_json::Value;

use codeyear_core::error::Result;
use codeyear_core::model::{CodeSet, Sets};
use codeyear_core::store::{CodeSource, Store, StoreRef};
use outcome::{Answered, FhirFailure, clip};
use parameters::Parameters;

/// A version of FHIR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FhirVersion {
    /// 4.0.1.
    R4,
    /// 5.0.0.
    R5,
}

impl FhirVersion {
    /// Both, oldest first.
    pub const ALL: [FhirVersion; 2] = [FhirVersion::R4, FhirVersion::R5];

    /// Returns the number of the version: `4.0.1`, `5.0.0`.
    pub fn number(self) -> &'static str {
        match self {
            FhirVersion::R4 => "4.0.1",
            FhirVersion::R5 => "5.0.0",
        }
    }

    /// Returns the name used in paths and on the command line: `r4`, `r5`.
    pub fn id(self) -> &'static str {
        match self {
            FhirVersion::R4 => "r4",
            FhirVersion::R5 => "r5",
        }
    }
}

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
}

impl Request<'_> {
    /// Checks whether more is needed than the code sets in memory, or more work than a look at them.
    pub fn takes_the_database(&self) -> bool {
        let path = self.path.trim_matches('/').replace("%24", "$");
        !matches!(
            path.rsplit('/').next(),
            Some("$lookup" | "$validate-code" | "$subsumes" | "metadata")
        )
    }
}

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

/// What answers rest on: the code sets, and the day.
pub struct Terminology<'a> {
    codes: Sets<Box<dyn CodeSource + 'a>>,
    today: NaiveDate,
}

impl std::fmt::Debug for Terminology<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminology")
            .field("today", &self.today)
            .finish_non_exhaustive()
    }
}

impl<'a> Terminology<'a> {
    /// Answers from the code sets, wherever they are held, with their titles.
    pub fn new(codes: Sets<Box<dyn CodeSource + 'a>>, today: NaiveDate) -> Terminology<'a> {
        Terminology { codes, today }
    }

    /// Answers from the database alone.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Store`] if the database cannot be read.
    pub fn of(store: &'a Store, today: NaiveDate) -> Result<Terminology<'a>> {
        let codes = Sets::try_new(|code_set| -> Result<Box<dyn CodeSource + 'a>> {
            Ok(Box::new(store.codes(code_set)?))
        })?;
        Ok(Terminology::new(codes, today))
    }

    fn codes(&self, code_set: CodeSet) -> &dyn CodeSource {
        &*self.codes[code_set]
    }
}

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
    match read(request).and_then(|asked| context.answer(&asked)) {
        Ok(resource) => Response {
            status: 200,
            body: outcome::to_bytes(&resource),
        },
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

/// A request, or an entry of a batch, with its body read.
struct ReadRequest {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    body: Option<Value>,
}

fn read(request: &Request<'_>) -> Answered<ReadRequest> {
    let mut query = request.query.to_vec();
    let path = request.path.trim_matches('/').replace("%24", "$");
    let mut body = None;
    match request.body {
        Some(bytes) if path.ends_with("/_search") => {
            let text = String::from_utf8_lossy(bytes);
            query.extend(parameters::pairs(&text));
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

/// What every answer needs.
#[derive(Clone, Copy)]
struct Context<'a> {
    version: FhirVersion,
    base: &'a str,
    terminology: &'a Terminology<'a>,
}

impl<'a> Context<'a> {
    fn is_r5(&self) -> bool {
        self.version == FhirVersion::R5
    }

    fn answer(&self, asked: &ReadRequest) -> Answered {
        let mut formats = asked.query.iter().filter(|(name, _)| name == "_format");
        if let Some((_, format)) = formats.find(|(_, format)| !format.contains("json")) {
            return Err(FhirFailure::new(
                406,
                "not-supported",
                format!("{:?} is not supported: answers are JSON", clip(format)),
            ));
        }
        let segments: Vec<&str> = asked
            .path
            .split('/')
            .filter(|part| !part.is_empty())
            .collect();
        match (asked.method, segments.as_slice()) {
            (Method::Post, []) => batch::answer(self, asked.body.as_ref()),
            (Method::Get, ["metadata"]) => capability::answer(self, &asked.query),
            (Method::Post, [kind, "_search"]) => self.search(kind, &asked.query),
            (_, [kind, operation]) if operation.starts_with('$') => {
                self.operate(kind, None, operation, asked)
            }
            (_, [kind, id, operation]) if operation.starts_with('$') => {
                self.operate(kind, Some(id), operation, asked)
            }
            (Method::Get, [kind]) => self.search(kind, &asked.query),
            (Method::Get, [kind, id]) => self.read(kind, id),
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

    fn search(&self, kind: &str, query: &[(String, String)]) -> Answered {
        match kind {
            "CodeSystem" => codesystem::search(self, query),
            "ValueSet" => valueset::search(self, query),
            "ConceptMap" => conceptmap::search(self, query),
            _ => Err(unknown_kind(kind)),
        }
    }

    fn read(&self, kind: &str, id: &str) -> Answered {
        match kind {
            "CodeSystem" => codesystem::read(self, id),
            "ValueSet" => valueset::read(self, id),
            "ConceptMap" => conceptmap::read(self, id),
            _ => Err(unknown_kind(kind)),
        }
    }

    fn operate(
        &self,
        kind: &str,
        id: Option<&str>,
        operation: &str,
        asked: &ReadRequest,
    ) -> Answered {
        let given = Parameters::read(&asked.query, asked.body.as_ref())?;
        match (kind, operation) {
            ("CodeSystem", "$lookup") => lookup::answer(self, id, &given),
            ("CodeSystem", "$validate-code") => validate::in_code_system(self, id, &given),
            ("CodeSystem", "$subsumes") => subsumes::answer(self, id, &given),
            ("ValueSet", "$expand") => expand::answer(self, id, &given),
            ("ValueSet", "$validate-code") => validate::in_value_set(self, id, &given),
            ("ConceptMap", "$translate") => translate::answer(self, id, &given),
            ("CodeSystem" | "ValueSet" | "ConceptMap", _) => Err(FhirFailure::new(
                404,
                "not-supported",
                format!("{kind} has no operation {} here", clip(operation)),
            )),
            _ => Err(unknown_kind(kind)),
        }
    }

    fn codes(&self, code_set: CodeSet) -> &'a dyn CodeSource {
        self.terminology.codes(code_set)
    }

    fn store(&self) -> Result<StoreRef<'a>> {
        self.codes(CodeSet::default()).store()
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
