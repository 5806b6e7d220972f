//! What a format of files is that list the codes of a set's releases.

use std::io::Write;

use super::order::{Numbering, OrderFile};
use crate::error::Result;
use crate::model::{CodeSet, RowRef};

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
