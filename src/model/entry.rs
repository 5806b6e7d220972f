//! What a release says of one code.

use crate::model::Code;

/// What a release says of one code: its flag and its two official titles, verbatim.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The code.
    pub code: Code,
    /// Flag 1, "valid for submission for HIPAA-covered transactions"; `false` is flag 0, a header.
    pub billable: bool,
    /// The short title: at most 60 characters, often abbreviated.
    pub short_title: String,
    /// The long title.
    pub long_title: String,
}
