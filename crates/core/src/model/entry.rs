//! What a release says of one code.

use chrono::NaiveDate;
use serde::Serialize;

use crate::model::Code;

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

/// The valid days of a code, where the rows of its set name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValidDays {
    /// The first day.
    pub first: NaiveDate,
    /// The last day, on which the code is valid still; `None` if none is set.
    pub last: Option<NaiveDate>,
}

/// A row of a release, with its titles borrowed from the file or the database that it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRef<'a> {
    /// The code.
    pub code: Code,
    /// Flag 1; of a set whose releases list no headers always.
    pub billable: bool,
    /// The days that it is valid on, where rows name them.
    pub days: Option<ValidDays>,
    /// The short title.
    pub short_title: &'a str,
    /// The long title.
    pub long_title: &'a str,
}

impl RowRef<'_> {
    /// Returns the row with titles of its own.
    pub fn to_entry(&self) -> Entry {
        Entry {
            code: self.code,
            billable: self.billable,
            short_title: self.short_title.to_owned(),
            long_title: self.long_title.to_owned(),
        }
    }
}

impl Entry {
    /// Returns the entry as a row that names no days.
    pub fn as_row(&self) -> RowRef<'_> {
        RowRef {
            code: self.code,
            billable: self.billable,
            days: None,
            short_title: &self.short_title,
            long_title: &self.long_title,
        }
    }
}
