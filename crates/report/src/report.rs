//! The change report and the summary of an audit in each of their formats.

use std::fmt;
use std::str::FromStr;
use strum::IntoStaticStr;

use chrono::NaiveDate;

use super::render::Words;
use super::{Style, audit, changes, html, json, xlsx};
use crate::tree::{Block, Report};
use codeyear_claims::AuditSummary;
use codeyear_core::error::{Error, Result};
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
    /// For a manual that is built from it.
    #[strum(serialize = "asciidoc")]
    AsciiDoc,
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
    pub const ALL: [ReportFormat; 7] = [
        ReportFormat::Text,
        ReportFormat::Markdown,
        ReportFormat::AsciiDoc,
        ReportFormat::Html,
        ReportFormat::Csv,
        ReportFormat::Json,
        ReportFormat::Xlsx,
    ];

    /// Returns how the name of such a file ends.
    pub fn extension(self) -> &'static str {
        self.extensions().first().copied().unwrap_or_default()
    }

    /// Lists the endings that names of such files have, the usual one first.
    fn extensions(self) -> &'static [&'static str] {
        match self {
            ReportFormat::Text => &["txt"],
            ReportFormat::Markdown => &["md", "markdown"],
            ReportFormat::AsciiDoc => &["adoc", "asciidoc"],
            ReportFormat::Html => &["html", "htm"],
            ReportFormat::Csv => &["csv"],
            ReportFormat::Json => &["json"],
            ReportFormat::Xlsx => &["xlsx"],
        }
    }

    /// Returns the format that the ending of a file's name tells, whatever its case.
    pub fn of_extension(extension: &str) -> Option<ReportFormat> {
        let has = |format: &ReportFormat| {
            let mut known = format.extensions().iter();
            known.any(|known| known.eq_ignore_ascii_case(extension))
        };
        ReportFormat::ALL.into_iter().find(has)
    }

    /// Checks whether the summary of an audit is written in the format.
    pub fn is_of_audits(self) -> bool {
        !matches!(self, ReportFormat::Csv | ReportFormat::Xlsx)
    }

    /// Returns the media type of such a file.
    pub fn media_type(self) -> &'static str {
        match self {
            ReportFormat::Text => "text/plain; charset=utf-8",
            ReportFormat::Markdown => "text/markdown; charset=utf-8",
            ReportFormat::AsciiDoc => "text/asciidoc; charset=utf-8",
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
            .find(|format| format.name().eq_ignore_ascii_case(text))
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
    let words = |words: Words| words.write(|style| changes::report(changes, style), style);
    Ok(match format {
        ReportFormat::Text => words(Words::Text).into(),
        ReportFormat::Markdown => words(Words::Markdown).into(),
        ReportFormat::AsciiDoc => words(Words::AsciiDoc).into(),
        ReportFormat::Html => html::change_report(changes, generated_on)?.into(),
        ReportFormat::Csv => changes::csv(changes)?.into(),
        ReportFormat::Json => json::changes(changes)?.into(),
        ReportFormat::Xlsx => xlsx::change_report(changes, style, generated_on)?,
    })
}

/// Writes the summary of an audit in a format.
///
/// # Errors
/// As [`change_report`]; [`codeyear_core::ErrorKind::Usage`] for a format that it is not written in.
pub fn audit_report(
    summary: &AuditSummary,
    format: ReportFormat,
    style: Style,
    generated_on: NaiveDate,
) -> Result<String> {
    let words = |words: Words| {
        // A terminal needs no title: what was asked stands above.
        let title = (words != Words::Text).then(|| Block::Title(audit::title(summary)));
        let report = |style| {
            let blocks = audit::report(summary, style).blocks;
            let blocks = title.into_iter().chain(blocks).collect();
            Report { blocks }
        };
        words.write(report, style)
    };
    Ok(match format {
        ReportFormat::Text => words(Words::Text),
        ReportFormat::Markdown => words(Words::Markdown),
        ReportFormat::AsciiDoc => words(Words::AsciiDoc),
        ReportFormat::Html => html::audit_report(summary, generated_on)?,
        ReportFormat::Json => json::audit(summary)?,
        ReportFormat::Csv | ReportFormat::Xlsx => {
            let message = format!("the summary of an audit is not written as {format}");
            return Err(Error::usage(message)
                .with_hint("the annotated claims are a table: write them with -o"));
        }
    })
}
