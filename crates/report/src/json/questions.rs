//! Questions that come as JSON.

use serde::Deserialize;

use codeyear_core::error::{Error, Result};

/// Codes to check, as they were sent.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Questions {
    /// The codes.
    pub codes: Vec<QuestionOf>,
    /// The day for those that name none, as written.
    pub on: Option<String>,
    /// The code set of those that name none, as written.
    pub code_set: Option<String>,
}

/// A code to check, as it was sent: by itself, or with its day and code set.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(from = "CodeOrMore")]
pub struct QuestionOf {
    /// The code.
    pub code: String,
    /// Its day, as written.
    pub on: Option<String>,
    /// Its code set, as written.
    pub code_set: Option<String>,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(untagged)]
enum CodeOrMore {
    Code(String),
    More(More),
}

#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
struct More {
    code: String,
    on: Option<String>,
    code_set: Option<String>,
}

impl From<CodeOrMore> for QuestionOf {
    fn from(asked: CodeOrMore) -> QuestionOf {
        match asked {
            CodeOrMore::Code(code) => QuestionOf {
                code,
                on: None,
                code_set: None,
            },
            CodeOrMore::More(more) => QuestionOf {
                code: more.code,
                on: more.on,
                code_set: more.code_set,
            },
        }
    }
}

/// Reads codes to check.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Usage`] if it is not the JSON of such a question. Nothing of what was sent is told.
pub fn read_questions(bytes: &[u8]) -> Result<Questions> {
    serde_json::from_slice(bytes).map_err(|error| {
        // The library's own words may repeat what was sent.
        Error::usage(format!(
                "the body is not a question: line {}, column {}",
                error.line(),
                error.column()
            ),
        )
        .with_hint(r#"send JSON as in {"codes": ["C7B", {"code": "M54.5", "on": "2021-09-30"}], "on": "2026-03-01"}"#)
    })
}
