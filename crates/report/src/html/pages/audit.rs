//! A file of claims to be audited, and what the audit found.

use std::collections::BTreeMap;

use askama::Template;

use super::super::audit::{AuditBody, span, warnings};
use super::home::sentence;
use super::verdict::code_href;
use super::{Frame, PageRequest, Site, render};
use crate::audit::title;
use crate::counted;
use codeyear_claims::{
    AuditSummary, FileColumns, PickedColumn, PickedColumns, Wording, column_label,
};
use codeyear_core::error::Result;
use codeyear_core::model::CodeSet;

/// How many columns that are not ticked are shown without being asked for.
const MAX_OPEN: usize = 30;

/// What was asked of an audit, so that its form can be shown again as it was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditAsk<'a> {
    /// The columns with codes, as they were typed.
    pub code: &'a str,
    /// The columns with the date.
    pub date: &'a str,
    /// The columns of the file and those that are picked, once it was looked at: then none is typed.
    pub columns: Option<(&'a FileColumns, &'a PickedColumns)>,
    /// The identifier of the code set; empty if each code tells its own.
    pub code_set: &'a str,
    /// How dates are written; empty if it is told from the file.
    pub date_format: &'a str,
    /// Whether cells with several codes are taken apart.
    pub split: bool,
    /// Whether codes are read that have something around them.
    pub clean: bool,
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
        columns: ColumnChoice::of(ask),
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
        columns: None,
        ask,
        failed: None,
        result: Some(Found {
            title: title(summary),
            span: span(summary),
            warnings: warnings(summary),
            body: AuditBody::new(summary, Some(code_href)),
        }),
    })
}

#[derive(Template)]
#[template(path = "pages/audit.html", whitespace = "minimize")]
struct AuditHtml<'a> {
    frame: Frame<'a>,
    ask: AuditAsk<'a>,
    columns: Option<ColumnChoice>,
    failed: Option<(String, Option<String>)>,
    result: Option<Found>,
}

struct Found {
    title: String,
    span: String,
    warnings: Vec<String>,
    body: AuditBody,
}

/// The columns of a file to choose from.
struct ColumnChoice {
    /// The format, if it has no columns.
    without: Option<&'static str>,
    columns: Vec<ColumnRow>,
    /// How many of them are ticked.
    ticked: usize,
    /// The choices of a date: the field, what it is called, and the column that is chosen.
    dates: [(&'static str, &'static str, Option<usize>); 3],
}

/// A column to choose.
struct ColumnRow {
    at: usize,
    /// What the form sends of it: its place, and its name to be compared.
    value: String,
    name: String,
    is_ticked: bool,
    code_set: &'static str,
}

impl ColumnRow {
    /// Checks whether it is the column that is chosen.
    fn is_at(&self, chosen: &Option<usize>) -> bool {
        *chosen == Some(self.at)
    }
}

impl ColumnChoice {
    fn of(ask: AuditAsk<'_>) -> Option<ColumnChoice> {
        let (file, picked) = ask.columns?;
        let columns = file.names.iter().enumerate().map(|(at, name)| {
            let label = column_label(name);
            let mut codes = picked.codes.iter();
            let found = codes.find(|(column, _)| column.at == at);
            ColumnRow {
                at,
                value: format!("{at} {label}"),
                name: match label.is_empty() {
                    true => format!("column {}, without a name", at + 1),
                    false => label,
                },
                is_ticked: found.is_some(),
                code_set: found
                    .and_then(|(_, code_set)| *code_set)
                    .map_or("", CodeSet::id),
            }
        });
        let mut columns: Vec<ColumnRow> = columns.collect();
        let mut names = BTreeMap::new();
        for column in &columns {
            *names.entry(column.name.clone()).or_insert(0) += 1;
        }
        for column in &mut columns {
            if names.get(&column.name).is_some_and(|count| *count > 1) {
                column.name = format!("{} (column {})", column.name, column.at + 1);
            }
        }
        let at = |column: &Option<PickedColumn>| column.as_ref().map(|column| column.at);
        Some(ColumnChoice {
            without: (!file.format.has_columns()).then(|| file.format.name()),
            ticked: columns.iter().filter(|column| column.is_ticked).count(),
            columns,
            dates: [
                ("pick_date", "Date of service", at(&picked.date)),
                ("pick_admit", "Admission date", at(&picked.admit)),
                ("pick_discharge", "Discharge date", at(&picked.discharge)),
            ],
        })
    }

    /// Lists the columns that are ticked, or those that are not.
    fn that_are(&self, ticked: bool) -> impl Iterator<Item = &ColumnRow> {
        let columns = self.columns.iter();
        columns.filter(move |column| column.is_ticked == ticked)
    }

    /// Checks whether the columns that are not ticked are shown at once.
    fn is_open(&self) -> bool {
        self.ticked == 0 || self.columns.len() - self.ticked <= MAX_OPEN
    }

    /// Returns what was found, in a line.
    fn status(&self) -> String {
        match self.without {
            Some(format) => format!("{format}: there are no columns to choose."),
            None => format!(
                "{}, {} selected as code columns.",
                counted(self.columns.len() as u64, "column"),
                self.ticked
            ),
        }
    }
}

impl AuditHtml<'_> {
    /// Returns the largest file in megabytes.
    fn megabytes(&self) -> u64 {
        self.ask.most_bytes / 1_000_000
    }
}
