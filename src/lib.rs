#![doc = "x"]
pub mod answer;
pub mod cli;
pub mod error;
pub mod ingest;
pub mod model;
pub mod parse;
pub mod present;
pub mod source;
pub mod store;
pub use error::{Error, ErrorKind, Result};
