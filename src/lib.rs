#![doc = "x"]
pub mod error;
pub mod model;
pub mod parse;
pub use error::{Error, ErrorKind, Result};
