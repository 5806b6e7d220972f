//! What could make an answer other than it is.

use std::fmt;

use crate::model::{CodeSet, ReleaseId};

/// Something that could make an answer other than it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The catalogue knows a release that governs the day, and the store lacks it.
    MissingRelease {
        /// The release.
        release: ReleaseId,
    },
    /// The catalogue knows several releases that the store lacks, and that could change the answer.
    MissingReleases {
        /// The releases, oldest first.
        releases: Vec<ReleaseId>,
    },
    /// The store holds the bundled sample only.
    Sample,
    /// The order file of a release was derived from another release's; the official bytes may differ.
    Derived {
        /// The release.
        release: ReleaseId,
    },
    /// A release is a part only, taken on purpose.
    Incomplete {
        /// The release.
        release: ReleaseId,
        /// What it lacks.
        why: String,
    },
    /// The user insisted on the release, against what speaks for another.
    Forced {
        /// The release.
        release: ReleaseId,
        /// What speaks against it.
        why: String,
    },
    /// The day lies past the newest update that this version of codeyear knows or has loaded, and the
    /// calendar of the code set could have another one by then.
    BeyondKnown {
        /// The newest update known or loaded.
        newest: ReleaseId,
        /// The update that could have taken effect since.
        possible: ReleaseId,
    },
    /// The day lies before the one from which codes of the set are reported.
    NotInForce {
        /// The code set.
        code_set: CodeSet,
    },
}

/// How many releases a warning names one by one.
const MAX_NAMED: usize = 6;

impl fmt::Display for Warning {
    /// Writes the warning in the words that all formats use.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::MissingRelease { release } => write!(
                f,
                "{release} (effective {}) is not loaded; it could change this answer",
                release.effective_from()
            ),
            Warning::MissingReleases { releases } => {
                let named: Vec<String> = releases
                    .iter()
                    .take(MAX_NAMED)
                    .map(ReleaseId::to_string)
                    .collect();
                let more = releases.len().saturating_sub(named.len());
                f.write_str(&named.join(", "))?;
                if more > 0 {
                    write!(f, " and {more} more")?;
                }
                f.write_str(" are not loaded; they could change this answer")
            }
            Warning::Sample => f.write_str("this is the bundled sample, not the whole code set"),
            Warning::Derived { release } => write!(
                f,
                "the order file of {release} is derived from another release; the official file may differ"
            ),
            Warning::Incomplete { release, why } => write!(
                f,
                "{release} is incomplete, imported with --allow-incomplete: {why}"
            ),
            Warning::Forced { release, why } => {
                write!(
                    f,
                    "these files were stored as {release} with --force: {why}"
                )
            }
            Warning::BeyondKnown { newest, possible } => write!(
                f,
                "the latest release known to this version of codeyear is {newest}; an update effective {} may exist",
                possible.effective_from()
            ),
            Warning::NotInForce { code_set } => write!(
                f,
                "{} took effect on {}; no code of it could be billed before that date",
                code_set.name(),
                code_set.in_force_from()
            ),
        }
    }
}

impl Warning {
    /// Returns the fixed name: `missing-release`, `missing-releases`, `sample`, `derived`, `incomplete`, `forced`, `beyond-known`,
    /// `not-in-force`.
    pub fn name(&self) -> &'static str {
        match self {
            Warning::MissingRelease { .. } => "missing-release",
            Warning::MissingReleases { .. } => "missing-releases",
            Warning::Sample => "sample",
            Warning::Derived { .. } => "derived",
            Warning::Incomplete { .. } => "incomplete",
            Warning::Forced { .. } => "forced",
            Warning::BeyondKnown { .. } => "beyond-known",
            Warning::NotInForce { .. } => "not-in-force",
        }
    }

    /// Returns the release that it is about, if it is about one.
    pub fn release(&self) -> Option<ReleaseId> {
        match self {
            Warning::MissingRelease { release }
            | Warning::Derived { release }
            | Warning::Incomplete { release, .. }
            | Warning::Forced { release, .. } => Some(*release),
            Warning::BeyondKnown { possible, .. } => Some(*possible),
            Warning::MissingReleases { releases } => releases.first().copied(),
            Warning::Sample | Warning::NotInForce { .. } => None,
        }
    }
}
