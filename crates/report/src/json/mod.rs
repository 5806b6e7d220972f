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

use std::fmt::Display;

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

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
    let mut text = to_text_within(value, 0)?;
    text.push('\n');
    Ok(text)
}

/// Writes a value as it stands so many levels within another one: its first line where that one goes on, the others
/// indented by the levels.
fn to_text_within(value: &impl Serialize, levels: usize) -> Result<String> {
    let failed = |error: &dyn Display| Error::io(format!("the JSON cannot be written: {error}"));
    let mut formatter = PrettyFormatter::new();
    for _ in 0..levels {
        formatter
            .begin_array(&mut std::io::sink())
            .map_err(|error| failed(&error))?;
    }
    // Most answers are no longer.
    let mut text = Vec::with_capacity(2048);
    value
        .serialize(&mut Serializer::with_formatter(&mut text, formatter))
        .map_err(|error| failed(&error))?;
    let text = String::from_utf8(text).map_err(|error| failed(&error))?;
    Ok(printable_json(text))
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
