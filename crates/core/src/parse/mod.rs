//! One file a format: bytes of an official file to values of the model.
//!
//! A parser takes the whole file, keeps to the published columns and refuses what the layout does
//! not allow, with line and column. It never opens a file and never guesses.

#[cfg(feature = "import")]
pub mod addenda;
#[cfg(feature = "import")]
pub mod conversion;
#[cfg(feature = "import")]
pub mod index;
pub mod order;
#[cfg(feature = "import")]
pub mod pcs;
#[cfg(feature = "import")]
pub mod poa;
pub mod previous;
#[cfg(feature = "import")]
mod separated;
#[cfg(feature = "import")]
pub mod tabular;
#[cfg(feature = "toy")]
mod toy;
#[cfg(feature = "import")]
mod xml;

use std::io::Write;

use crate::error::{Error, Result};
use crate::model::{CodeSet, RowRef};
use order::{Numbering, OrderFile, looks_like_order};

/// The format of the files that list the codes of a set's releases.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "import"),
    allow(dead_code, reason = "an import alone asks for some of it")
)]
pub(crate) struct ListingFormat {
    /// Checks whether the first lines of a text are those of such a file of a set.
    pub(crate) recognise: fn(code_set: CodeSet, text: &str) -> bool,
    /// Reads such a file of a set.
    pub(crate) parse: fn(code_set: CodeSet, bytes: Vec<u8>) -> Result<OrderFile>,
    /// Writes a row as such a file has it, without the end of its line. The position counts from 1.
    pub(crate) write_row: WriteRow,
}

/// Writes a row of a file of a release.
type WriteRow = fn(
    out: &mut dyn Write,
    numbering: Numbering,
    position: u64,
    row: &RowRef<'_>,
) -> std::io::Result<()>;

/// The order file of ICD-10-CM and ICD-10-PCS.
static ORDER_FILE: ListingFormat = ListingFormat {
    recognise: |code_set, text| looks_like_order(text) == Some(code_set),
    parse: OrderFile::parse,
    write_row: |out, numbering, position, row| order::write_row(out, numbering, position, row),
};

/// Reads a file that lists the codes of a release, in the format of its code set.
///
/// # Errors
/// [`crate::ErrorKind::Format`] with line and column for whatever the layout does not allow.
#[cfg(feature = "import")]
pub(crate) fn parse_listing(code_set: CodeSet, bytes: Vec<u8>) -> Result<OrderFile> {
    (listing_format(code_set).parse)(code_set, bytes)
}

/// Returns the format of the files that list the codes of a set's releases.
pub(crate) fn listing_format(code_set: CodeSet) -> &'static ListingFormat {
    match code_set {
        CodeSet::Icd10Cm | CodeSet::Icd10Pcs => &ORDER_FILE,
        #[cfg(feature = "toy")]
        CodeSet::Toy => &toy::FORMAT,
    }
}

/// Makes the error for a line that breaks its layout.
fn broken(line: usize, column: usize, message: impl Into<String>) -> Error {
    Error::format(message)
        .at_line(line as u64)
        .at_column(u32::try_from(column).unwrap_or(u32::MAX))
        .with_hint("the file is damaged or not as it was published; download it again")
}

/// Shows the bytes of a field in an error, cut to a readable length.
fn shown(bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(bytes).chars().take(40).collect();
    format!("{text:?}")
}

/// Makes the error for bytes that are no UTF-8 text, with the place of the first of them.
fn not_utf8(bytes: &[u8], error: std::str::Utf8Error) -> Error {
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
