//! Many claims at once: what is read from them, and what each of their codes meant on its own date.
//!
//! Readers turn a file of claims into [`Claim`]s; the compact index answers for each code as
//! [`check`](crate::answer::check) does, from memory. Nothing here logs, and no error text holds a value of a
//! claim: claims are about patients.

mod claim;
mod fhir;
mod x12;

pub use claim::{Claim, ClaimCode, ClaimItem, CodeSystem, Place, Problem, ProblemKind};
pub use fhir::{FhirClaims, FhirOptions};
pub use x12::{X12Claims, X12Options};

use crate::error::{Error, ErrorKind};

/// Makes the error for a value that is to be kept and that the format does not have.
fn unknown_name(name: &str, known: &[&str]) -> Error {
    Error::new(
        ErrorKind::Usage,
        format!(
            "unknown value to keep: {:?}; expected {}",
            crate::error::printable(name),
            known.join(", ")
        ),
    )
}
