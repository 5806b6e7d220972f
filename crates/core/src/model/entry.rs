//! What a release says of one code.

use crate::model::Code;
use serde::Serialize;

/// What a release says of one code: its flag and its two official titles, verbatim.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = EntryJson))]
pub struct Entry {
    /// The code.
    #[serde(flatten, serialize_with = "crate::model::both_forms")]
    #[cfg_attr(feature = "schema", schema(value_type = crate::model::BothForms))]
    pub code: Code,
    /// Flag 1, "valid for submission for HIPAA-covered transactions"; `false` is flag 0, a header.
    pub billable: bool,
    /// The short title: at most 60 characters, often abbreviated.
    pub short_title: String,
    /// The long title.
    pub long_title: String,
}
