//! The change report as one self-contained HTML page.

use chrono::NaiveDate;

use crate::error::Result;
use crate::model::ChangeSet;

/// Writes the change report.
///
/// # Errors
/// If the template fails.
pub fn change_report(changes: &ChangeSet, generated_on: NaiveDate) -> Result<String> {
    let _ = (changes, generated_on);
    Ok(String::new())
}
