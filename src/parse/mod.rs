//! One file a format: bytes of an official file to values of the model.
//!
//! A parser takes the whole file, keeps to the published columns and refuses what the layout does
//! not allow, with line and column. It never opens a file and never guesses.

pub mod addenda;
pub mod order;

use crate::error::{Error, ErrorKind};

/// Makes the error for a line that breaks its layout.
fn broken(line: usize, column: usize, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Format, message)
        .at_line(line as u64)
        .at_column(u32::try_from(column).unwrap_or(u32::MAX))
        .with_hint("the file is damaged or not as it was published; download it again")
}

/// Shows the bytes of a field in an error, cut to a readable length.
fn shown(bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(bytes).chars().take(40).collect();
    format!("{text:?}")
}
