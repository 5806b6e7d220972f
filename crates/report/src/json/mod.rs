//! Values as JSON. Every field is described in `docs/json.md`; a test holds the two together.
//!
//! What the model has as JSON has it is written as it stands. A struct here is the shape of an answer that differs
//! from its value: it leaves out, puts what a verdict holds beside the rest, or adds what is derived from it.
//!
//! Dates are ISO 8601, codes are without dot (`code`) and as people write them (`code_dotted`), names
//! of verdicts and kinds are those of the model. `schema` names the shape and its version.

mod answers;
mod audit;
mod change;
mod changes;
mod failure;
#[cfg(feature = "fetch")]
mod fetch;
mod impact;
mod lineage;
mod notes;
mod pcs;
mod questions;
mod releases;
mod rows;
#[cfg(feature = "schema")]
mod schemas;
mod show;

use serde::Serialize;

pub use answers::{AnswerWriter, answers, history};
pub use audit::{audit, inference};
pub use changes::changes;
pub use failure::failure;
#[cfg(feature = "fetch")]
pub use fetch::{fetch, posted};
pub use questions::{QuestionOf, Questions, read_questions};
pub use releases::{backup, import, releases, status, verify};
pub(super) use rows::row;
#[cfg(feature = "schema")]
pub use schemas::schemas;
pub use show::{compare, search, show};

use codeyear_core::error::{Error, Result, printable_json};
use codeyear_core::model::{ReleaseId, Warning};

fn to_text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string_pretty(value)
        .map(|mut text| {
            text.push('\n');
            printable_json(text)
        })
        .map_err(|error| Error::io(format!("the JSON cannot be written: {error}")))
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct WarningJson {
    kind: &'static str,
    release: Option<ReleaseId>,
    text: String,
}

fn warnings_json(warnings: &[Warning]) -> Vec<WarningJson> {
    warnings
        .iter()
        .map(|warning| WarningJson {
            kind: warning.name(),
            release: warning.release(),
            text: warning.to_string(),
        })
        .collect()
}
