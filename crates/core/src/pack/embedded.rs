//! The pack that was built into the program, if one was: `CODEYEAR_EMBED_PACK=FILE` at build time.

use super::open::Pack;
use crate::error::Result;

#[cfg(codeyear_embedded_pack)]
static BYTES: Option<&[u8]> = Some(include_bytes!(env!("CODEYEAR_EMBEDDED_PACK")));
#[cfg(not(codeyear_embedded_pack))]
static BYTES: Option<&[u8]> = None;

/// Returns the pack that was built into this program; `None` if none was.
///
/// # Errors
/// As [`Pack::open`].
pub fn embedded() -> Result<Option<Pack>> {
    BYTES
        .map(|bytes| Pack::of_bytes("the pack in this program", bytes))
        .transpose()
}
