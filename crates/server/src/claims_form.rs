//! The form of an audit, as it was sent.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use axum::http::StatusCode;
use chrono::NaiveDate;

use super::guard::STALLED;
use super::pages::failure;
use super::problem::{Form, WebProblem};
use codeyear_claims::{
    CodeColumn, ColumnsAsked, DateFormat, Keep, PickedColumn, PickedColumns, RowOptions,
    Separators, TableOptions, Wording,
};
use codeyear_core::error::{Error, Result};
use codeyear_core::model::CodeSet;
use codeyear_report::html::pages::AuditAsk;

/// The most bytes of a field that is no file.
const MAX_FIELD: usize = 1_000;

/// What is asked of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Wanted {
    /// What its codes are.
    #[default]
    Summary,
    /// The rows with their verdicts.
    Rows,
    /// Which columns it has.
    Columns,
}

/// What the form of an audit sent.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) file: Bytes,
    code: String,
    date: String,
    /// What was picked, if the columns were shown.
    pub(super) picked: Option<PickedColumns>,
    code_set: String,
    date_format: String,
    split: bool,
    clean: bool,
    pub(super) on: Option<NaiveDate>,
    pub(super) wanted: Wanted,
}

impl Sent {
    /// Returns what was asked, to be shown again.
    pub(super) fn ask(&self) -> AuditAsk<'_> {
        AuditAsk {
            code: &self.code,
            date: &self.date,
            code_set: &self.code_set,
            date_format: &self.date_format,
            split: self.split,
            clean: self.clean,
            ..AuditAsk::default()
        }
    }

    /// Checks that codes and dates were picked, if the columns were shown.
    pub(super) fn check_picked(&self) -> Result<()> {
        let Some(picked) = &self.picked else {
            return Ok(());
        };
        if picked.codes.is_empty() {
            return Err(Error::usage("no column with codes is selected")
                .with_hint("select the columns that hold codes"));
        }
        if picked.date.is_none() && picked.discharge.is_none() {
            return Err(Error::usage("no column with a date is chosen")
                .with_hint("choose the one with the date of service, or with the discharge date"));
        }
        Ok(())
    }

    /// Returns how a table is audited.
    pub(super) fn table(&self) -> Result<TableOptions> {
        let names = |text: &str| -> Vec<String> {
            text.split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let usage =
            |message: String| Error::usage(message).with_hint("name columns, separated by commas");
        let codes: Vec<CodeColumn> = names(&self.code)
            .iter()
            .map(|name| name.parse().map_err(usage))
            .collect::<Result<_>>()?;
        let date_format = match self.date_format.as_str() {
            "" => None,
            text => Some(text.parse::<DateFormat>().map_err(|message| {
                Error::usage(message).with_hint(format!(
                    "write in “{}” a pattern such as DD/MM/YYYY, or leave it empty",
                    Wording::DATE_FORMAT
                ))
            })?),
        };
        Ok(TableOptions {
            columns: ColumnsAsked {
                codes,
                dates: names(&self.date),
                code_set: code_set(&self.code_set)?,
                keep: match self.wanted {
                    Wanted::Rows => Keep::All,
                    _ => Keep::default(),
                },
                guess: true,
                picked: self.picked.clone(),
                wording: Wording::Form,
                ..ColumnsAsked::default()
            },
            date_format,
            split: self.split.then(Separators::default),
            rows: RowOptions {
                threads: 1,
                clean_codes: self.clean,
                ..RowOptions::default()
            },
            ..TableOptions::default()
        })
    }
}

/// Reads the code set of a field; none if it is empty.
fn code_set(text: &str) -> Result<Option<CodeSet>> {
    let usage = |message: String| {
        Error::usage(message).with_hint(format!("choose one in “{}”", Wording::CODE_SET))
    };
    match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(usage),
    }
}

/// The fields of the columns that were picked, in whatever order they come.
#[derive(Debug, Default)]
struct Picks {
    is_shown: bool,
    codes: Vec<PickedColumn>,
    code_sets: BTreeMap<usize, CodeSet>,
    date: Option<PickedColumn>,
    admit: Option<PickedColumn>,
    discharge: Option<PickedColumn>,
}

impl Picks {
    /// Reads a field; false if it is none of these.
    fn read(&mut self, name: &str, text: &str) -> Result<bool> {
        match name {
            "picked" => self.is_shown = true,
            "pick" => self.codes.extend(column(text)?),
            "pick_date" => self.date = column(text)?,
            "pick_admit" => self.admit = column(text)?,
            "pick_discharge" => self.discharge = column(text)?,
            _ => {
                let at = name.strip_prefix("set-").and_then(|at| at.parse().ok());
                let Some(at) = at else {
                    return Ok(false);
                };
                if let Some(code_set) = code_set(text)? {
                    self.code_sets.insert(at, code_set);
                }
            }
        }
        Ok(true)
    }

    fn into_picked(self) -> Option<PickedColumns> {
        let codes = self.codes.into_iter().map(|column| {
            let code_set = self.code_sets.get(&column.at).copied();
            (column, code_set)
        });
        self.is_shown.then(|| PickedColumns {
            codes: codes.collect(),
            date: self.date,
            admit: self.admit,
            discharge: self.discharge,
        })
    }
}

/// Reads a column that was picked, its place and its label: `3 dx1`. None is empty.
fn column(text: &str) -> Result<Option<PickedColumn>> {
    if text.is_empty() {
        return Ok(None);
    }
    let (at, label) = text.split_once(' ').unwrap_or((text, ""));
    let at = at.parse().map_err(|_| {
        Error::usage("a column that was picked cannot be read")
            .with_hint("look at the columns of the file again")
    })?;
    Ok(Some(PickedColumn {
        at,
        label: label.to_owned(),
    }))
}

/// Returns what comes next of a form, if it comes in time.
async fn in_time<T>(
    next: impl Future<Output = Result<T, MultipartError>>,
) -> Result<T, WebProblem> {
    match tokio::time::timeout(STALLED, next).await {
        Ok(next) => next.map_err(broken),
        Err(_) => Err(WebProblem::stalled().in_form(Form::Page)),
    }
}

fn broken(error: MultipartError) -> WebProblem {
    let status = error.status();
    let problem = match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            WebProblem::new(status, "the file is longer than this server reads")
                .with_hint("audit it on your own machine: codeyear audit")
        }
        // Whoever breaks off is not the server.
        _ => WebProblem::new(StatusCode::BAD_REQUEST, "the form was cut off")
            .with_hint("send the file again"),
    };
    problem.in_form(Form::Page)
}

/// Reads a field that is no file.
async fn text_of(mut field: Field<'_>) -> Result<String, WebProblem> {
    let unread = || {
        failure(
            Error::usage("a field of the form cannot be read")
                .with_hint("name columns, separated by commas"),
        )
    };
    let mut bytes = Vec::new();
    while let Some(piece) = in_time(field.chunk()).await? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > MAX_FIELD {
            return Err(unread());
        }
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| unread())?;
    Ok(text.trim().to_owned())
}

/// Reads the form, which has so many bytes in all.
pub(super) async fn read_form(mut form: Multipart, length: usize) -> Result<Sent, WebProblem> {
    let mut sent = Sent::default();
    let mut picks = Picks::default();
    while let Some(mut field) = in_time(form.next_field()).await? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            // In one piece from the beginning: one that grows is in memory twice while it does.
            let mut file = Vec::with_capacity(length);
            while let Some(piece) = in_time(field.chunk()).await? {
                file.extend_from_slice(&piece);
            }
            sent.file = file.into();
            continue;
        }
        let text = text_of(field).await?;
        match name.as_str() {
            "code" => sent.code = text,
            "date" => sent.date = text,
            "code_set" => sent.code_set = text,
            "date_format" => sent.date_format = text,
            "split" => sent.split = true,
            "clean" => sent.clean = true,
            "on" => sent.on = text.parse().ok(),
            "rows" => sent.wanted = Wanted::Rows,
            "columns" => sent.wanted = Wanted::Columns,
            name => {
                // What no field of the form is called is not read.
                picks.read(name, &text).map_err(failure)?;
            }
        }
    }
    if sent.file.is_empty() {
        return Err(failure(
            Error::usage("there is no file").with_hint("choose a file of claims"),
        ));
    }
    sent.picked = picks.into_picked();
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_its_place_and_its_label() {
        let read = |text| column(text).map(|column| column.map(|column| (column.at, column.label)));
        assert_eq!(read("3 dx 1").unwrap(), Some((3, "dx 1".to_owned())));
        assert_eq!(read("0").unwrap(), Some((0, String::new())));
        assert_eq!(read("").unwrap(), None);
        for text in ["dx", "-1 dx", "99999999999999999999 x"] {
            assert!(column(text).is_err(), "{text}");
        }
    }

    #[test]
    fn picks_come_in_any_order_and_count_only_where_columns_were_shown() {
        let mut picks = Picks::default();
        let set = CodeSet::default();
        for (name, text) in [
            ("set-2", set.id()),
            ("set-1", ""),
            ("pick", "2 px"),
            ("pick", "1 dx"),
        ] {
            assert!(picks.read(name, text).unwrap(), "{name}");
        }
        assert!(!picks.read("other", "").unwrap());
        assert!(picks.read("set-1", "icd99").is_err());
        let shown = Picks {
            is_shown: true,
            codes: picks.codes.clone(),
            code_sets: picks.code_sets.clone(),
            ..Picks::default()
        };
        assert_eq!(picks.into_picked(), None);
        let codes: Vec<_> = shown.into_picked().unwrap().codes;
        let codes: Vec<_> = codes
            .iter()
            .map(|(column, set)| (column.at, *set))
            .collect();
        assert_eq!(codes, [(2, Some(set)), (1, None)]);
    }
}
