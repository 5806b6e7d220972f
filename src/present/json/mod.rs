//! Values as JSON. Every field is described in `docs/json.md`; a test holds the two together.
//!
//! Dates are ISO 8601, codes are without dot (`code`) and as people write them (`code_dotted`), names
//! of verdicts and kinds are those of the model. `schema` names the shape and its version.

mod answers;
mod audit;
mod changes;
mod failure;
#[cfg(feature = "fetch")]
mod fetch;
mod impact;
mod lineage;
mod notes;
mod questions;
mod releases;
mod rows;
#[cfg(feature = "serve")]
mod schemas;
mod show;

use serde::Serialize;

pub use answers::{answers, history};
pub use audit::{audit, inference};
pub use changes::changes;
pub use failure::failure;
#[cfg(feature = "fetch")]
pub use fetch::{fetch, posted};
pub use questions::{QuestionOf, Questions, read_questions};
pub use releases::{backup, import, releases, status, verify};
pub(super) use rows::row;
#[cfg(feature = "serve")]
pub use schemas::schemas;
pub use show::{compare, search, show};

use crate::error::{Error, Result};
use crate::model::{Entry, Warning};

fn to_text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string_pretty(value)
        .map(|mut text| {
            text.push('\n');
            text
        })
        .map_err(|error| Error::io(format!("the JSON cannot be written: {error}")))
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct EntryJson<'a> {
    code: &'a str,
    code_dotted: String,
    billable: bool,
    short_title: &'a str,
    long_title: &'a str,
}

impl<'a> EntryJson<'a> {
    fn new(entry: &'a Entry) -> Self {
        EntryJson {
            code: entry.code.as_str(),
            code_dotted: entry.code.to_string(),
            billable: entry.billable,
            short_title: &entry.short_title,
            long_title: &entry.long_title,
        }
    }

    fn list(entries: &'a [Entry]) -> Vec<Self> {
        entries.iter().map(EntryJson::new).collect()
    }
}

#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct WarningJson {
    kind: &'static str,
    release: Option<String>,
    text: String,
}

fn warnings_json(warnings: &[Warning]) -> Vec<WarningJson> {
    warnings
        .iter()
        .map(|warning| WarningJson {
            kind: warning.name(),
            release: warning.release().map(|release| release.to_string()),
            text: warning.to_string(),
        })
        .collect()
}
