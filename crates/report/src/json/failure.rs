//! A failure, as the server answers it.

use serde::Serialize;

use super::to_text;

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct FailureJson<'a> {
    schema: &'static str,
    error: ErrorJson<'a>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct ErrorJson<'a> {
    status: u16,
    message: &'a str,
    hint: Option<&'a str>,
}

/// Writes a failure: its HTTP status, what went wrong, and what to do.
pub fn failure(status: u16, message: &str, hint: Option<&str>) -> String {
    to_text(&FailureJson {
        schema: "codeyear/error/1",
        error: ErrorJson {
            status,
            message,
            hint,
        },
    })
    // Texts and numbers can always be written.
    .unwrap_or_default()
}
