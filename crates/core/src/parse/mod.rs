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
mod listing;
pub mod order;
#[cfg(feature = "import")]
pub mod pcs;
#[cfg(feature = "import")]
pub mod poa;
pub mod previous;
mod refusal;
#[cfg(feature = "import")]
mod separated;
#[cfg(feature = "import")]
pub mod tabular;
#[cfg(feature = "toy")]
mod toy;
#[cfg(feature = "import")]
mod xml;

#[cfg(feature = "import")]
use crate::error::Result;
use crate::model::CodeSet;
use listing::ListingFormat;
use order::{OrderFile, looks_like_order};

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
