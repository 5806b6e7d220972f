#![doc = "x"]
pub mod error;
pub mod model;
pub mod parse;
pub mod source;
pub use error::{Error, ErrorKind, Result};
