//! The one place where official files come from the network: `codeyear fetch`, `codeyear init` without a pack, and
//! `codeyear pack --fetch`.

#[cfg(feature = "fetch")]
pub(super) use super::fetch::{HowToFetch, fetch_into_database, fetch_to_pack};

#[cfg(not(feature = "fetch"))]
pub(super) use without::{HowToFetch, fetch_into_database, fetch_to_pack};

/// What stands there in a build that connects to nobody.
#[cfg(not(feature = "fetch"))]
mod without {
    use std::path::PathBuf;

    use clap::Args;

    use crate::cli::context::{Context, Format, Outcome};
    use crate::error::{Error, Result};

    /// No options.
    #[derive(Debug, Args)]
    pub(in crate::cli) struct HowToFetch {}

    impl HowToFetch {
        pub(in crate::cli) fn is_given(&self) -> bool {
            false
        }
    }

    pub(in crate::cli) fn fetch_into_database(
        _how: &HowToFetch,
        _yes: bool,
        _format: Format,
        _context: &mut Context<'_>,
    ) -> Result<Outcome> {
        Err(not_here())
    }

    pub(in crate::cli) fn fetch_to_pack(
        _how: &HowToFetch,
        _context: &mut Context<'_>,
    ) -> Result<(Vec<PathBuf>, bool)> {
        Err(not_here())
    }

    fn not_here() -> Error {
        Error::usage("there is no pack, and fetching is not part of this build",
        )
        .with_hint("name a pack with --pack FILE or CODEYEAR_PACK, or import files that you downloaded with codeyear import PATH...; codeyear demo shows the sample")
    }
}
