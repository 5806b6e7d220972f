//! What is said of bytes that a layout does not allow.

use crate::error::Error;

/// Makes the error for a line that breaks its layout.
pub(super) fn broken(line: usize, column: usize, message: impl Into<String>) -> Error {
    Error::format(message)
        .at_line(line as u64)
        .at_column(u32::try_from(column).unwrap_or(u32::MAX))
        .with_hint("the file is damaged or not as it was published; download it again")
}

/// Returns the bytes of a field for an error, cut to a readable length.
pub(super) fn shown(bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(bytes).chars().take(40).collect();
    format!("{text:?}")
}

/// Makes the error for bytes that are no UTF-8 text, with the place of the first of them.
pub(super) fn not_utf8(bytes: &[u8], error: std::str::Utf8Error) -> Error {
    let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before
        .iter()
        .rev()
        .take_while(|byte| **byte != b'\n')
        .count()
        + 1;
    broken(
        line,
        column,
        "expected UTF-8 text, found a byte that is none",
    )
    .with_hint("the file is damaged or in another encoding; download it again")
}
