//! Many claims at once: what is read from them, and what each of their codes meant on its own date.
//!
//! Readers turn a file of claims into [`Claim`]s; the compact index answers for each code as
//! [`check`](codeyear_core::answer::check) does, from memory. Nothing here logs, and no error text holds a value of a
//! claim: claims are about patients.

mod annotate;
mod audit;
mod auditor;
mod blocks;
mod claim;
mod columns;
mod day;
mod delimited;
mod fhir;
mod finding;
mod index;
mod infer;
mod input;
mod memory;
mod ndjson;
mod packed;
#[cfg(feature = "parquet")]
mod parquet;
mod tally;
mod title_index;
mod usage;
mod x12;

pub use annotate::{OutputForm, audit_claims};
pub use audit::{AuditOptions, ClaimsFile, InputFormat, audit};
pub use claim::{Claim, ClaimCode, ClaimItem, ClaimPlace, ClaimProblem, CodeSystem, ProblemKind};
pub use columns::{CodeColumn, ColumnsAsked, Keep};
pub use day::{DateFormat, Undetermined};
pub use delimited::{Annotated, RowOptions, TableOptions, audit_delimited};
pub use fhir::{FhirClaims, FhirOptions};
pub use finding::{Finding, UseBasis};
pub use index::Index;
pub use infer::{ColumnEvidence, Inference, Window, infer};
pub use input::{is_stdin, name as input_name, open as open_input};
pub use memory::InMemory;
pub use ndjson::audit_ndjson;
#[cfg(feature = "parquet")]
pub use parquet::audit_parquet;
pub use tally::{AuditSummary, FailingCode, VerdictCounts};
pub use usage::{UsageOptions, read_usage};
pub use x12::{X12Claims, X12Options};

use codeyear_core::error::Error;

/// Makes the error for a value that is to be kept and that the format does not have.
fn unknown_name(name: &str, known: &[&str]) -> Error {
    Error::usage(format!(
        "unknown value to keep: {:?}; expected {}",
        codeyear_core::error::printable(name),
        known.join(", ")
    ))
}
