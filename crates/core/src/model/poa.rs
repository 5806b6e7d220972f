//! The list of diagnoses exempt from reporting whether they were present on admission (POA), and its
//! changes from one release to the next.

use strum::IntoStaticStr;

use crate::model::{Code, ReleaseId, is_within, named};
use chrono::NaiveDate;

named!(PoaKind);

/// Which of the files of a POA release it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum PoaKind {
    /// The whole list.
    Full,
    /// Codes added since the list before.
    Add,
    /// Codes deleted since the list before.
    Delete,
    /// Codes whose titles were revised since the list before.
    Revise,
}

/// What a row of a POA file says of its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PoaAction {
    /// The code is on the list.
    Listed,
    /// The code was added to the list.
    Added,
    /// The code was deleted from the list.
    Deleted,
    /// The title before the revision.
    RevisedFrom,
    /// The title after the revision.
    RevisedTo,
}

/// One row of a POA file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoaRow {
    /// The line in the file, counted from 1.
    pub line: u32,
    /// The order number with its leading zeros, where the file has that column. It is the code's place
    /// in the order file of the same release, and is renumbered every year: never a key.
    pub order: Option<String>,
    /// What the row says of the code.
    pub action: PoaAction,
    /// The code.
    pub code: Code,
    /// The long title, verbatim but for the quotes that the file puts around a comma. Some
    /// titles of FY2017 to FY2019 end with a blank.
    pub title: String,
}

/// A POA file as published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoaList {
    /// Which file of its release it is.
    pub kind: PoaKind,
    /// The rows, in the file's order; a revision is two rows, `RevisedFrom` before `RevisedTo`.
    pub rows: Vec<PoaRow>,
}

/// A stretch of days on which a billable code was, or was not, exempt from reporting whether it was present
/// on admission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoaSpan {
    /// Whether it was on the list.
    pub exempt: bool,
    /// The first day.
    pub from: NaiveDate,
    /// The day after the last one.
    pub until: NaiveDate,
    /// The release whose list begins the stretch.
    pub first_list: ReleaseId,
    /// The release whose list ends it.
    pub last_list: ReleaseId,
}

impl PoaSpan {
    /// Checks whether a day lies in it.
    pub fn contains(&self, day: NaiveDate) -> bool {
        is_within(day, self.from, Some(self.until))
    }
}
