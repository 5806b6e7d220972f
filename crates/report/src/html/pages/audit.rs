//! A file of claims to be audited, and what the audit found.

use askama::Template;

use super::super::audit::{AuditBody, span, title, warnings};
use super::home::sentence;
use super::{Frame, PageRequest, Site, render};
use codeyear_claims::AuditSummary;
use codeyear_core::error::Result;

/// What was asked of an audit, so that its form can be shown again as it was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditAsk<'a> {
    /// The columns with codes, as they were typed.
    pub code: &'a str,
    /// The columns with the date.
    pub date: &'a str,
    /// The identifier of the code set; empty if each code tells its own.
    pub code_set: &'a str,
    /// The most bytes that a file may have; 0 if that is not limited.
    pub most_bytes: u64,
}

/// Writes the form to which a file of claims is given, with what was wrong with the last one, if anything was.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Format`] if the template fails, which no request makes it do.
pub fn audit_form(
    site: &Site,
    asked: PageRequest<'_>,
    ask: AuditAsk<'_>,
    failed: Option<(&str, Option<&str>)>,
) -> Result<String> {
    render(&AuditHtml {
        frame: Frame::new(site, asked, "/audit", "Audit claims".to_owned()),
        ask,
        failed: failed.map(|(message, hint)| (sentence(message), hint.map(sentence))),
        result: None,
    })
}

/// Writes what an audit found. No value of a claim stands in it but the codes that can be codes.
///
/// # Errors
/// As [`audit_form`].
pub fn audit_result(
    site: &Site,
    asked: PageRequest<'_>,
    ask: AuditAsk<'_>,
    summary: &AuditSummary,
) -> Result<String> {
    render(&AuditHtml {
        frame: Frame::new(site, asked, "/audit", title(summary)),
        ask,
        failed: None,
        result: Some(Found {
            title: title(summary),
            span: span(summary),
            warnings: warnings(summary),
            body: AuditBody::new(summary),
        }),
    })
}

#[derive(Template)]
#[template(path = "pages/audit.html", whitespace = "minimize")]
struct AuditHtml<'a> {
    frame: Frame<'a>,
    ask: AuditAsk<'a>,
    failed: Option<(String, Option<String>)>,
    result: Option<Found>,
}

struct Found {
    title: String,
    span: String,
    warnings: Vec<String>,
    body: AuditBody,
}

impl AuditHtml<'_> {
    /// Returns the largest file in megabytes.
    fn megabytes(&self) -> u64 {
        self.ask.most_bytes / 1_000_000
    }
}
