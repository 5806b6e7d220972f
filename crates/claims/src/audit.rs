//! A file of claims in whatever format: told, read, judged.

use std::io::{Cursor, Read};

use super::annotate::{OutputForm, audit_claims};
use super::columns::Keep;
use super::delimited::{Annotated, TableOptions, audit_delimited, refuse_other_text};
use super::fhir::{FhirClaims, FhirOptions};
use super::index::Index;
use super::ndjson::audit_ndjson;
use super::tally::AuditSummary;
use super::x12::{X12Claims, X12Options};
use codeyear_core::error::{Error, Result};

/// How much of a file its format is told from.
const HEAD: usize = 64 * 1024;

/// A format of claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputFormat {
    /// A table of text with a header: CSV, TSV and their like.
    Table,
    /// One JSON object a line.
    Ndjson,
    /// Parquet: a file, not a stream.
    Parquet,
    /// X12 837.
    X12,
    /// FHIR: a Bundle, NDJSON of resources, or one resource.
    Fhir,
}

impl InputFormat {
    /// Returns the name that people use.
    pub fn name(self) -> &'static str {
        match self {
            InputFormat::Table => "table",
            InputFormat::Ndjson => "NDJSON",
            InputFormat::Parquet => "Parquet",
            InputFormat::X12 => "X12 837",
            InputFormat::Fhir => "FHIR",
        }
    }

    /// Checks whether codes and dates stand in columns that have to be named.
    pub fn has_columns(self) -> bool {
        match self {
            InputFormat::Table | InputFormat::Ndjson | InputFormat::Parquet => true,
            InputFormat::X12 | InputFormat::Fhir => false,
        }
    }

    /// Recognises the format from how a file begins.
    fn of(head: &[u8]) -> InputFormat {
        let text = head
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(head)
            .trim_ascii_start();
        let has = |word: &[u8]| memchr::memmem::find(text, word).is_some();
        match text {
            [b'P', b'A', b'R', b'1', ..] => InputFormat::Parquet,
            [b'I' | b'i', b'S' | b's', b'A' | b'a', separator, ..]
                if !separator.is_ascii_alphanumeric()
                    && text.len() > 3
                    && is_isa(text, *separator) =>
            {
                InputFormat::X12
            }
            [b'{', ..] if has(b"\"resourceType\"") => InputFormat::Fhir,
            [b'[', ..] => InputFormat::Fhir,
            [b'{', ..] => InputFormat::Ndjson,
            _ => InputFormat::Table,
        }
    }
}

/// Distinguishes an interchange header from a table whose first column is called ISA: it has 16 elements.
fn is_isa(text: &[u8], separator: u8) -> bool {
    let head = text.get(..106).unwrap_or(text);
    head.iter().filter(|byte| **byte == separator).count() >= 16
}

/// How a file of claims is audited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditOptions {
    /// The format; told from how the file begins if not stated.
    pub format: Option<InputFormat>,
    /// Which columns hold what, and how rows are judged and written.
    pub table: TableOptions,
    /// Whether a claim without a date of service goes by the onset of the illness.
    pub use_onset: bool,
    /// How claims without rows (X12, FHIR) are written.
    pub output: OutputForm,
}

/// A file of claims, opened and recognised.
pub struct ClaimsFile<'r> {
    input: Box<dyn Read + Send + 'r>,
    format: InputFormat,
    name: String,
}

impl<'r> ClaimsFile<'r> {
    /// Recognises a file by how it begins, unless its format is stated.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Io`] if it cannot be read, [`codeyear_core::ErrorKind::Format`] if it is empty.
    pub fn recognise(
        mut input: Box<dyn Read + Send + 'r>,
        name: &str,
        format: Option<InputFormat>,
    ) -> Result<ClaimsFile<'r>> {
        let mut head = Vec::new();
        input
            .by_ref()
            .take(HEAD as u64)
            .read_to_end(&mut head)
            .map_err(|error| super::input::read_error(std::path::Path::new(name), error))?;
        refuse_other_text(&head, name)?;
        Ok(ClaimsFile {
            format: format.unwrap_or_else(|| InputFormat::of(&head)),
            input: Box::new(Cursor::new(head).chain(input)),
            name: name.to_owned(),
        })
    }

    /// Returns the format.
    pub fn format(&self) -> InputFormat {
        self.format
    }
}

/// Audits a file of claims: each code gets the verdict of [`check`](codeyear_core::answer::check) on the day that
/// governs it.
///
/// # Errors
/// As [`audit_delimited`]; [`codeyear_core::ErrorKind::Usage`] for Parquet, which is no stream: see `audit_parquet`.
pub fn audit(
    index: &Index,
    file: ClaimsFile<'_>,
    options: &AuditOptions,
    annotated: Annotated<'_>,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<AuditSummary> {
    let rows = options.table.rows;
    let names = |all: &[&str]| match &options.table.columns.keep {
        Keep::All => all.iter().map(|name| (*name).to_owned()).collect(),
        Keep::Named(names) => names.clone(),
    };
    let amount = options.table.columns.amount.is_some();
    let ClaimsFile {
        input,
        format,
        name,
    } = file;
    match format {
        InputFormat::Table => {
            audit_delimited(index, input, &name, &options.table, annotated, progress)
        }
        InputFormat::Ndjson => {
            audit_ndjson(index, input, &name, &options.table, annotated, progress)
        }
        InputFormat::X12 => {
            let keep: Vec<String> = names(&X12Options::NAMES);
            let counted = Counted { input, progress };
            let claims = X12Claims::new(
                counted,
                X12Options {
                    keep: keep.clone(),
                    amount,
                    use_onset: options.use_onset,
                },
            )?;
            let claims = claims.map(|claim| claim.map_err(|error| error.in_file(name.as_str())));
            let form = (options.output, rows);
            let mut summary = audit_claims(index, claims, &name, &keep, form, annotated)?;
            summary.has_amounts = amount;
            Ok(summary)
        }
        InputFormat::Fhir => {
            let keep: Vec<String> = names(&FhirOptions::NAMES);
            let counted = Counted { input, progress };
            let mut claims = FhirClaims::new(
                counted,
                FhirOptions {
                    keep: keep.clone(),
                    amount,
                    use_onset: options.use_onset,
                },
            )?;
            let named = claims
                .by_ref()
                .map(|claim| claim.map_err(|error| error.in_file(name.as_str())));
            let form = (options.output, rows);
            let mut summary = audit_claims(index, named, &name, &keep, form, annotated)?;
            summary.has_amounts = amount;
            let skipped: Vec<String> = claims
                .skipped()
                .iter()
                .map(|(kind, count)| format!("{count} {kind}"))
                .collect();
            if !skipped.is_empty() {
                let skipped = skipped.join(", ");
                summary
                    .notes
                    .push(format!("resources that hold no claim: {skipped}"));
            }
            if claims.references() > 0 {
                summary.notes.push(format!(
                    "{} diagnoses or procedures are references to other resources, which are judged where they stand",
                    claims.references()
                ));
            }
            Ok(summary)
        }
        InputFormat::Parquet => Err(
            Error::usage("Parquet is read from a file only, and unpacked")
                .in_file(name)
                .with_hint("its directory stands at the end: name the file itself, not a stream"),
        ),
    }
}

/// A stream that tells how much was read of it.
struct Counted<'c, 'r> {
    input: Box<dyn Read + Send + 'r>,
    progress: &'c mut (dyn FnMut(u64) + Send),
}

impl Read for Counted<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(buffer)?;
        (self.progress)(read as u64);
        Ok(read)
    }
}
