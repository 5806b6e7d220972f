//! Annotated claims as text: a row of CSV for each code, or an object of NDJSON for each claim.

#![allow(
    clippy::indexing_slicing,
    reason = "a sink is given the places of the codes that a claim has"
)]

use serde::Serialize;

use super::auditor::{AuditRules, Auditor, CodeOutcome};
use super::claim::{Claim, ClaimProblem};
use super::found::Found;
use super::options::{OutputForm, RowOptions};
use super::pipeline::Sink;
use codeyear_core::error::{Error, Result};
use codeyear_core::model::Code;

/// What writes claims as text.
pub(super) type ClaimSink = Box<dyn Sink<Claim, Out = Vec<u8>>>;

/// Returns what writes claims in a form, and how what it writes begins.
pub(super) fn claim_sink(
    form: OutputForm,
    rules: AuditRules<'_>,
    kept: Vec<String>,
) -> Result<(Vec<u8>, ClaimSink)> {
    let (options, file) = (rules.options, file_name(rules));
    Ok(match form {
        OutputForm::Csv => {
            let rows = CodeRows::new(rules, kept);
            (rows.header()?, Box::new(rows))
        }
        OutputForm::Ndjson => {
            let objects = Objects {
                options,
                file,
                kept: Some(kept),
                start: 0,
            };
            (Vec::new(), Box::new(objects))
        }
    })
}

/// Returns the name of the file, if it is wanted.
pub(super) fn file_name(rules: AuditRules<'_>) -> Option<String> {
    rules.options.names_files.then(|| rules.file.to_owned())
}

/// Writes a row for each code.
pub(super) struct CodeRows {
    options: RowOptions,
    file: Option<String>,
    /// The names of the values that are kept.
    kept: Vec<String>,
}

impl CodeRows {
    pub(super) fn new(rules: AuditRules<'_>, kept: Vec<String>) -> CodeRows {
        CodeRows {
            options: rules.options,
            file: file_name(rules),
            kept,
        }
    }

    /// Returns the names of the columns.
    pub(super) fn header(&self) -> Result<Vec<u8>> {
        let mut header = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        names.extend(self.file.as_ref().map(|_| "file"));
        names.push("place");
        names.extend(self.kept.iter().map(String::as_str));
        names.extend(["field", "code", "date"]);
        for column in self.options.columns.names() {
            names.push(column);
        }
        write_row(names, b',', &mut header)?;
        Ok(header)
    }
}

impl Sink<Claim> for CodeRows {
    type Out = Vec<u8>;

    fn code(
        &mut self,
        (claim, at): (&Claim, usize),
        outcome: &CodeOutcome,
        auditor: &mut Auditor<'_>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let code = &claim.codes[at];
        if self.options.only_failures && !auditor.is_failure(outcome) {
            return Ok(());
        }
        let cells = auditor.found(outcome).cells(!self.options.plain_codes);
        let cells: Vec<_> = self.options.columns.of(cells).collect();
        let place = claim.place.to_string();
        let date = code.date_text();
        let file = self.file.as_deref().into_iter();
        let row = file
            .chain([place.as_str()])
            .chain(claim.kept.iter().map(String::as_str))
            .chain([code.field.as_str(), code.text.trim(), &date])
            .chain(cells.iter().map(AsRef::as_ref));
        write_row(row, b',', out)
    }

    fn problem(&mut self, problem: &ClaimProblem, out: &mut Vec<u8>) -> Result<()> {
        let place = problem.place.to_string();
        let empty = std::iter::repeat_n("", self.kept.len() + 3);
        let cells = Found::Unreadable(&problem.kind).cells(false);
        let cells: Vec<_> = self.options.columns.of(cells).collect();
        let cells = cells.iter().map(AsRef::as_ref);
        let file = self.file.as_deref().into_iter();
        let row = file.chain([place.as_str()]).chain(empty).chain(cells);
        write_row(row, b',', out)
    }
}

/// Writes cells as a row, quoted where they have to be.
pub(super) fn write_row<T: AsRef<[u8]>>(
    cells: impl IntoIterator<Item = T>,
    delimiter: u8,
    out: &mut Vec<u8>,
) -> Result<()> {
    let fail = |error: csv::Error| {
        Error::io(format!("a row cannot be written: {error}"))
            .with_hint("this is a defect of codeyear")
    };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .from_writer(out);
    writer.write_record(cells).map_err(fail)?;
    writer.flush().map_err(|error| fail(error.into()))
}

/// Writes an object for each claim.
pub(super) struct Objects {
    pub(super) options: RowOptions,
    pub(super) file: Option<String>,
    /// The names of the values that are kept; `None` if these are fields of JSON as they stand, with their names.
    pub(super) kept: Option<Vec<String>>,
    /// Where the object begins.
    pub(super) start: usize,
}

#[derive(Serialize)]
struct FoundJson<'f> {
    field: &'f str,
    code: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    r#use: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    use_count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    use_by: Option<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    why: &'f str,
}

impl Sink<Claim> for Objects {
    type Out = Vec<u8>;

    fn begin(&mut self, claim: &Claim, out: &mut Vec<u8>) -> Result<()> {
        self.start = out.len();
        out.push(b'{');
        if let Some(file) = &self.file {
            out.extend_from_slice(b"\"file\":");
            write_json(file, out)?;
            out.push(b',');
        }
        match &self.kept {
            // The place is the line, which the reader of lines has, unless lines are left out.
            None => {
                if self.options.only_failures {
                    out.extend_from_slice(b"\"place\":");
                    write_json(&claim.place.to_string(), out)?;
                    out.push(b',');
                }
                for pair in &claim.kept {
                    out.extend_from_slice(pair.as_bytes());
                    out.push(b',');
                }
            }
            Some(names) => {
                let place = claim.place.to_string();
                let kept = names.iter().map(String::as_str).zip(&claim.kept);
                for (name, value) in [("place", &place)].into_iter().chain(kept) {
                    write_json(name, out)?;
                    out.push(b':');
                    write_json(value, out)?;
                    out.push(b',');
                }
            }
        }
        out.extend_from_slice(b"\"codeyear\":[");
        Ok(())
    }

    fn code(
        &mut self,
        (claim, at): (&Claim, usize),
        outcome: &CodeOutcome,
        auditor: &mut Auditor<'_>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let code = &claim.codes[at];
        let found = auditor.found(outcome);
        let finding = found.finding();
        let spell = |code: &Code| match self.options.plain_codes {
            true => code.as_str().to_owned(),
            false => code.to_string(),
        };
        if at > 0 {
            out.push(b',');
        }
        let has = |name| self.options.columns.has_name(name);
        let why = found.why();
        let json = FoundJson {
            field: &code.field,
            code: code.text.trim(),
            date: Some(code.date_text()).filter(|date| !date.is_empty()),
            verdict: has("verdict").then(|| found.verdict()),
            release: found
                .release()
                .filter(|_| has("release"))
                .map(|release| release.to_string()),
            day: found
                .day()
                .filter(|_| has("day"))
                .map(|day| day.to_string()),
            r#use: finding
                .filter(|_| has("use"))
                .map_or(Vec::new(), |finding| {
                    finding.uses.iter().map(spell).collect()
                }),
            use_count: found.use_count().filter(|_| has("use_count")),
            use_by: found.use_basis().filter(|_| has("use_by")),
            why: if has("why") { &why } else { "" },
        };
        write_json(&json, out)
    }

    fn end(&mut self, fails: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(b"]}\n");
        if self.options.only_failures && !fails {
            out.truncate(self.start);
        }
    }

    fn problem(&mut self, problem: &ClaimProblem, out: &mut Vec<u8>) -> Result<()> {
        #[derive(Serialize)]
        struct UnreadJson<'u> {
            #[serde(skip_serializing_if = "Option::is_none")]
            file: Option<&'u str>,
            place: &'u str,
            verdict: &'static str,
            why: &'u str,
        }
        let found = Found::Unreadable(&problem.kind);
        let unread = UnreadJson {
            file: self.file.as_deref(),
            place: &problem.place.to_string(),
            verdict: found.verdict(),
            why: &found.why(),
        };
        write_json(&unread, out)?;
        out.push(b'\n');
        Ok(())
    }
}

fn write_json(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) -> Result<()> {
    serde_json::to_writer(out, value).map_err(|error| {
        Error::io(format!("the JSON cannot be written: {error}"))
            .with_hint("this is a defect of codeyear")
    })
}
