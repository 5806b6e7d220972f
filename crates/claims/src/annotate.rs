//! Claims judged one by one and written as rows or objects: for every format but tables of text.

use std::borrow::Cow;
use std::io::Write;

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::value::RawValue;

use super::auditor::{Auditor, CodeOutcome, Day};
use super::claim::{Claim, ClaimItem, ClaimProblem};
use super::delimited::{COLUMNS, NOT_JUDGED, RowOptions, UNREADABLE, cells};
use super::index::Index;
use super::tally::{AuditSummary, Tally};
use super::{Annotated, UseBasis};
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{ReleaseId, VerdictKind};

/// How annotated claims are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputForm {
    /// CSV, a row for each code.
    Csv,
    /// NDJSON, an object for each claim.
    Ndjson,
}

/// Audits claims as a reader gives them.
///
/// # Errors
/// What the reader fails with; with [`RowOptions::strict`] the first claim that cannot be read;
/// [`codeyear_core::ErrorKind::Io`] if the output cannot be written.
pub fn audit_claims(
    index: &Index,
    claims: impl IntoIterator<Item = Result<ClaimItem>>,
    file: &str,
    kept_names: &[String],
    (form, options): (OutputForm, RowOptions),
    annotated: Annotated<'_>,
) -> Result<AuditSummary> {
    /// How much is gathered before it is written.
    const CHUNK: usize = 256 * 1024;
    let mut nowhere = std::io::sink();
    let (out, writes): (&mut dyn Write, bool) = match annotated {
        Annotated::No => (&mut nowhere, false),
        Annotated::To(out) => (out, true),
    };
    let kept = KeptValues::Texts(kept_names);
    let mut annotator = Annotator::new(index, file, kept, writes.then_some(form), options);
    let mut bytes = annotator.header()?;
    for claim in claims {
        annotator.claim(claim?, &mut bytes)?;
        if bytes.len() >= CHUNK {
            out.write_all(&bytes).map_err(write_error)?;
            bytes.clear();
        }
    }
    out.write_all(&bytes).map_err(write_error)?;
    annotator.into_tally().into_summary(index)
}

pub(super) fn write_error(error: std::io::Error) -> Error {
    Error::io(format!("cannot write the output: {error}"))
        .with_hint("check where the output goes (is the disk full?), and try again")
        .caused_by(error)
}

/// What the kept values of a claim are.
#[derive(Debug, Clone, Copy)]
pub(super) enum KeptValues<'k> {
    /// Texts, of columns of these names.
    Texts(&'k [String]),
    /// `"name":value` of JSON, as it stands in the file.
    Json,
}

/// Judges claims and writes them: one a thread.
pub(super) struct Annotator<'i> {
    judge: Auditor<'i>,
    file: &'i str,
    kept: KeptValues<'i>,
    form: Option<OutputForm>,
    options: RowOptions,
}

#[derive(Serialize)]
struct FoundJson<'f> {
    field: &'f str,
    code: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    verdict: &'static str,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl<'i> Annotator<'i> {
    pub(super) fn new(
        index: &'i Index,
        file: &'i str,
        kept: KeptValues<'i>,
        form: Option<OutputForm>,
        options: RowOptions,
    ) -> Annotator<'i> {
        Annotator {
            judge: Auditor::new(index, options.purpose(form.is_some())),
            file,
            kept,
            form,
            options,
        }
    }

    pub(super) fn into_tally(self) -> Tally {
        self.judge.into_tally()
    }

    /// Returns what stands before the first claim.
    pub(super) fn header(&self) -> Result<Vec<u8>> {
        let mut header = Vec::new();
        if self.form == Some(OutputForm::Csv) {
            let kept = match self.kept {
                KeptValues::Texts(names) => names,
                KeptValues::Json => &[],
            };
            let before = ["place"].into_iter().chain(kept.iter().map(String::as_str));
            let names = before.chain(["field", "code", "date"]).chain(COLUMNS);
            write_row(names, &mut header)?;
        }
        Ok(header)
    }

    /// Judges a claim and appends what is to be written of it.
    pub(super) fn claim(&mut self, item: ClaimItem, out: &mut Vec<u8>) -> Result<()> {
        self.judge.tally_mut().count_rows(1);
        match item {
            Ok(claim) => match self.form {
                None => self.count_only(&claim),
                Some(OutputForm::Csv) => self.rows(&claim, out),
                Some(OutputForm::Ndjson) => self.object(&claim, out),
            },
            Err(problem) => {
                let place = problem.place.to_string();
                let why = problem.kind.to_string();
                self.report(problem)?;
                match self.form {
                    None => Ok(()),
                    Some(OutputForm::Csv) => {
                        let kept = match self.kept {
                            KeptValues::Texts(names) => names.len(),
                            KeptValues::Json => 0,
                        };
                        let empty = std::iter::repeat_n("", kept + 3);
                        let cells = [UNREADABLE, "", "", "", "", "", &why];
                        write_row([place.as_str()].into_iter().chain(empty).chain(cells), out)
                    }
                    Some(OutputForm::Ndjson) => {
                        #[derive(Serialize)]
                        struct UnreadJson<'u> {
                            place: &'u str,
                            verdict: &'static str,
                            why: &'u str,
                        }
                        let unread = UnreadJson {
                            place: &place,
                            verdict: UNREADABLE,
                            why: &why,
                        };
                        out.extend(json(&unread)?);
                        out.push(b'\n');
                        Ok(())
                    }
                }
            }
        }
    }

    /// Judges one code of a claim; the error is why it cannot be.
    fn judged(
        &mut self,
        claim: &Claim,
        at: usize,
    ) -> Result<std::result::Result<CodeOutcome, String>> {
        let Some(code) = claim.codes.get(at) else {
            return Ok(Ok(CodeOutcome::OtherSet));
        };
        let counted = self.options.count_codes.then_some(Ok(NaiveDate::MIN));
        match counted.as_ref().unwrap_or(&code.day) {
            Ok(day) => {
                let day = Day::of(*day);
                let judged =
                    self.judge
                        .judge(code.system, code.text.as_bytes(), day, claim.cents)?;
                Ok(Ok(judged.unwrap_or(CodeOutcome::OtherSet)))
            }
            Err(kind) => {
                let why = kind.to_string();
                self.report(ClaimProblem {
                    place: claim.place,
                    field: Some(code.field.clone()),
                    kind: kind.clone(),
                    value: None,
                })?;
                Ok(Err(why))
            }
        }
    }

    fn count_only(&mut self, claim: &Claim) -> Result<()> {
        for at in 0..claim.codes.len() {
            // What cannot be judged has been reported.
            let _ = self.judged(claim, at)?;
        }
        Ok(())
    }

    /// Writes a row for each code.
    fn rows(&mut self, claim: &Claim, out: &mut Vec<u8>) -> Result<()> {
        let place = claim.place.to_string();
        for (at, code) in claim.codes.iter().enumerate() {
            let judged = self.judged(claim, at)?;
            if self.options.only_failures && !self.is_failure(&judged) {
                continue;
            }
            let cells = self.cells(&judged);
            let date = code
                .day
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            let kept = claim.kept.iter().map(String::as_str);
            let row = [place.as_str()]
                .into_iter()
                .chain(kept)
                .chain([code.field.as_str(), code.text.trim(), &date])
                .chain(cells.iter().map(String::as_str));
            write_row(row, out)?;
        }
        Ok(())
    }

    /// Writes an object for the claim.
    fn object(&mut self, claim: &Claim, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        let mut fails = false;
        out.push(b'{');
        let kept = match self.kept {
            // The place is the line, which the reader of lines has; elsewhere it says where to look.
            KeptValues::Json => claim.kept.clone(),
            KeptValues::Texts(names) => {
                let mut pairs = vec![format!(
                    "\"place\":{}",
                    text(&json(&claim.place.to_string())?)
                )];
                for (name, value) in names.iter().zip(&claim.kept) {
                    pairs.push(format!("{}:{}", text(&json(name)?), text(&json(value)?)));
                }
                pairs
            }
        };
        for pair in kept {
            out.extend_from_slice(pair.as_bytes());
            out.push(b',');
        }
        out.extend_from_slice(b"\"codeyear\":[");
        for (at, code) in claim.codes.iter().enumerate() {
            let judged = self.judged(claim, at)?;
            fails |= self.is_failure(&judged);
            let filled = |text: String| (!text.is_empty()).then_some(text);
            let finding = judged
                .as_ref()
                .ok()
                .and_then(|judged| self.judge.finding(*judged));
            let [_, release, day, _, _, _, why] = self.cells(&judged);
            let found = FoundJson {
                field: &code.field,
                code: code.text.trim(),
                date: code.day.as_ref().ok().map(ToString::to_string),
                verdict: self.verdict(&judged),
                release: filled(release),
                day: filled(day),
                r#use: finding.map_or(Vec::new(), |finding| {
                    let spell = |code: &codeyear_core::model::Code| match self.options.plain_codes {
                        true => code.as_str().to_owned(),
                        false => code.to_string(),
                    };
                    finding.uses.iter().map(spell).collect()
                }),
                use_count: finding
                    .map(|finding| finding.use_count)
                    .filter(|count| *count > 0),
                use_by: finding
                    .and_then(|finding| finding.use_basis)
                    .map(UseBasis::name),
                why: filled(why),
            };
            if at > 0 {
                out.push(b',');
            }
            out.extend(json(&found)?);
        }
        out.extend_from_slice(b"]}\n");
        if self.options.only_failures && !fails {
            out.truncate(start);
        }
        Ok(())
    }

    fn is_failure(&self, judged: &std::result::Result<CodeOutcome, String>) -> bool {
        judged
            .as_ref()
            .map_or(true, |judged| self.judge.fails(*judged))
    }

    fn verdict(&self, judged: &std::result::Result<CodeOutcome, String>) -> &'static str {
        match judged {
            Err(_) => UNREADABLE,
            Ok(CodeOutcome::OtherSet) => NOT_JUDGED,
            Ok(CodeOutcome::Billable(..)) => VerdictKind::Billable.name(),
            Ok(judged) => self
                .judge
                .finding(*judged)
                .map_or(NOT_JUDGED, |finding| finding.verdict.name()),
        }
    }

    /// Returns the cells of what was judged, in the order of [`COLUMNS`].
    fn cells(&self, judged: &std::result::Result<CodeOutcome, String>) -> [String; 7] {
        let mut blank = [const { String::new() }; 7];
        let [verdict, release, .., why] = &mut blank;
        self.verdict(judged).clone_into(verdict);
        match judged {
            Err(problem) => problem.clone_into(why),
            Ok(CodeOutcome::Billable(code_set, segment)) => {
                *release = self
                    .judge
                    .release(*code_set, *segment)
                    .as_ref()
                    .map(ReleaseId::to_string)
                    .unwrap_or_default();
            }
            Ok(judged) => {
                if let Some(finding) = self.judge.finding(*judged) {
                    return cells(finding, !self.options.plain_codes).map(Cow::into_owned);
                }
            }
        }
        blank
    }

    /// Counts what cannot be read; with `strict` it ends the audit.
    fn report(&mut self, mut problem: ClaimProblem) -> Result<()> {
        if !self.options.show_values {
            problem.value = None;
        }
        if self.options.strict {
            let message = format!("{}: {problem}", problem.place);
            return Err(Error::format(message).in_file(self.file).with_hint(
                "without --strict such claims are reported and counted, and the rest is judged",
            ));
        }
        self.judge.tally_mut().problem(problem);
        Ok(())
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| {
        Error::io(format!("the JSON cannot be written: {error}"))
            .with_hint("this is a defect of codeyear")
    })
}

fn text(json: &[u8]) -> &str {
    std::str::from_utf8(json).unwrap_or_default()
}

fn write_row<'r>(cells: impl IntoIterator<Item = &'r str>, out: &mut Vec<u8>) -> Result<()> {
    let fail = |error: csv::Error| {
        Error::io(format!("a row cannot be written: {error}"))
            .with_hint("this is a defect of codeyear")
    };
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(cells).map_err(fail)?;
    writer.flush().map_err(|error| fail(error.into()))
}

/// Spells a field of an object as it stands.
pub(super) fn pair(name: &str, value: &RawValue) -> Result<String> {
    Ok(format!("{}:{}", text(&json(&name)?), value.get()))
}
