//! Many claims at once: what is read from them, and what each of their codes meant on its own date.
//!
//! Readers turn a file of claims into [`Claim`]s; the compact index answers for each code as
//! [`check`](crate::answer::check) does, from memory. Nothing here logs, and no error text holds a value of a
//! claim: claims are about patients.

mod claim;
mod input;
mod usage;

pub use claim::{Claim, ClaimCode, ClaimItem, CodeSystem, Place, Problem, ProblemKind};
pub use usage::{UsageOptions, read_usage};
