//! The change report in each of its formats.

use std::fmt;
use std::str::FromStr;
use strum::IntoStaticStr;

use chrono::NaiveDate;

use super::{Style, changes, html, json, xlsx};
use codeyear_core::error::Result;
use codeyear_core::model::{ChangeSet, named};

named!(ReportFormat);

/// A format of the change report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum ReportFormat {
    /// For a terminal.
    Text,
    /// For a ticket or a wiki.
    Markdown,
    /// One page that needs nothing but itself.
    Html,
    /// A row for each change.
    Csv,
    /// As `docs/json.md` describes it.
    Json,
    /// A workbook.
    Xlsx,
}

impl ReportFormat {
    /// All formats.
    pub const ALL: [ReportFormat; 6] = [
        ReportFormat::Text,
        ReportFormat::Markdown,
        ReportFormat::Html,
        ReportFormat::Csv,
        ReportFormat::Json,
        ReportFormat::Xlsx,
    ];

    /// Returns how the name of such a file ends.
    pub fn extension(self) -> &'static str {
        match self {
            ReportFormat::Text => "txt",
            ReportFormat::Markdown => "md",
            other => other.name(),
        }
    }

    /// Returns the media type of such a file.
    pub fn media_type(self) -> &'static str {
        match self {
            ReportFormat::Text => "text/plain; charset=utf-8",
            ReportFormat::Markdown => "text/markdown; charset=utf-8",
            ReportFormat::Html => "text/html; charset=utf-8",
            ReportFormat::Csv => "text/csv; charset=utf-8",
            ReportFormat::Json => "application/json",
            ReportFormat::Xlsx => {
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            }
        }
    }
}

impl fmt::Display for ReportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ReportFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<ReportFormat, String> {
        ReportFormat::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .ok_or_else(|| {
                let names: Vec<&str> = ReportFormat::ALL
                    .iter()
                    .map(|format| format.name())
                    .collect();
                format!("expected one of {}", names.join(", "))
            })
    }
}

/// Writes the change report in a format.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Format`] and [`codeyear_core::ErrorKind::Io`] if a template or a library fails.
pub fn change_report(
    changes: &ChangeSet,
    format: ReportFormat,
    style: Style,
    generated_on: NaiveDate,
) -> Result<Vec<u8>> {
    Ok(match format {
        ReportFormat::Text => changes::text(changes, style).into(),
        ReportFormat::Markdown => changes::markdown(changes, style).into(),
        ReportFormat::Html => html::change_report(changes, generated_on)?.into(),
        ReportFormat::Csv => changes::csv(changes)?.into(),
        ReportFormat::Json => json::changes(changes)?.into(),
        ReportFormat::Xlsx => xlsx::change_report(changes, style, generated_on)?,
    })
}
