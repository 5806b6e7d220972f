//! Releases of the US medical code sets in SQLite, and what a code meant on a date: what `codeyear` gives to programs
//! that ask only that. See the package `codeyear` for the whole, and for why it is cut so.

// The unit tests of all packages share one set-up, which names this one.
#[cfg(test)]
extern crate self as codeyear_core;

pub mod answer;
pub mod error;
#[cfg(feature = "import")]
pub mod ingest;
pub mod model;
#[cfg(feature = "import")]
pub mod pack;
pub mod parse;
pub mod source;
pub mod store;

#[cfg(test)]
#[path = "../../testing.rs"]
mod testing;

pub use error::{Error, ErrorKind, Result};
