//! The one place where official files come from the network: `codeyear init` without a pack, and
//! `codeyear pack --fetch`.

use std::path::{Path, PathBuf};

use super::{Context, Outcome};
use crate::error::{Error, ErrorKind, Result};

/// Fetches all official files and imports them. How many files and bytes it will be is said first, and asked
/// unless `yes` is set.
pub(super) fn fetch_into_database(
    _context: &mut Context<'_>,
    _database: &Path,
    _yes: bool,
) -> Result<Outcome> {
    Err(not_here())
}

/// Fetches all official files, to be packed. Returns the folders that they are in.
pub(super) fn fetch_to_pack(_context: &mut Context<'_>) -> Result<Vec<PathBuf>> {
    Err(not_here())
}

fn not_here() -> Error {
    Error::new(
        ErrorKind::Usage,
        "there is no pack, and fetching is not part of this build",
    )
    .with_hint("name a pack with --pack FILE or CODEYEAR_PACK, or import files that you downloaded with codeyear import PATH...; codeyear demo shows the sample")
}
