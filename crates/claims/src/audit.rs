//! A file of claims in whatever format: told, read, judged.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use super::audited::Audited;
use super::auditor::{AuditRules, Auditor};
use super::claim::ClaimItem;
use super::columns::Keep;
use super::delimited::audit_delimited;
use super::fhir::{FhirClaims, FhirOptions};
use super::index::Index;
use super::input::{Flaw, Partial, read_error, refuse_other_text};
use super::layout::{Layout, audit_layout};
use super::ndjson::audit_ndjson;
use super::not_judged::NotJudged;
use super::options::{Annotated, OutputForm, RowOptions, TableOptions};
use super::sinks::claim_sink;
use super::workbook::{MostTexts, audit_workbook};
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
    /// Parquet.
    Parquet,
    /// X12 837.
    X12,
    /// FHIR: a Bundle, NDJSON of resources, or one resource.
    Fhir,
    /// A workbook of a spreadsheet program.
    Workbook,
    /// A file of fixed widths, whose layout is stated.
    FixedWidth,
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
            InputFormat::Workbook => "workbook",
            InputFormat::FixedWidth => "file of fixed widths",
        }
    }

    /// Checks whether codes and dates stand in columns that have to be named.
    pub fn has_columns(self) -> bool {
        match self {
            InputFormat::Table
            | InputFormat::Ndjson
            | InputFormat::Parquet
            | InputFormat::Workbook
            | InputFormat::FixedWidth => true,
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
            // A zip archive, which a workbook is too, and the workbooks of before 2007.
            [b'P', b'K', 3, 4, ..] | [0xd0, 0xcf, 0x11, 0xe0, ..] => InputFormat::Workbook,
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

/// Checks whether a text is a functional group or a transaction set of claims whose interchange was cut away.
fn is_group_alone(text: &[u8]) -> bool {
    let Some((segment, [separator, rest @ ..])) = text.split_first_chunk::<2>() else {
        return false;
    };
    let first = rest.split(|byte| byte == separator).next();
    let is_mark = separator.is_ascii_punctuation() && *separator != b',';
    is_mark
        && matches!(
            (segment, first),
            (b"GS", Some(b"HC")) | (b"ST", Some(b"837"))
        )
}

/// Refuses what is known to be no claims, and is named for what it is.
fn refuse_other_format(head: &[u8], name: &str) -> Result<()> {
    let text = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    let begins = |word: &[u8]| {
        let start = text.get(..word.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    let (what, hint) = if begins(b"<!doctype html") || begins(b"<html") {
        (
            "the file is a web page",
            "was a page saved in place of the file that it links to?",
        )
    } else if begins(b"<") {
        (
            "the file is XML",
            "FHIR is read as JSON: ask for application/fhir+json; of other XML write the claims as CSV",
        )
    } else if begins(b"%PDF") {
        ("the file is a PDF", "write the claims as CSV")
    } else if begins(b"[") && memchr::memmem::find(head, b"\"resourceType\"").is_none() {
        (
            "the file is a JSON array, not FHIR",
            "write an object a line (NDJSON): jq -c '.[]' file.json > file.ndjson",
        )
    } else if is_group_alone(text) {
        (
            "the file is X12 without the header of its interchange (ISA)",
            "use the whole interchange, from ISA to IEA: its header defines the separators",
        )
    } else {
        return Ok(());
    };
    Err(Error::format(what).in_file(name).with_hint(hint))
}

/// How a file of claims is audited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditOptions {
    /// The format; told from how the file begins if not stated.
    pub format: Option<InputFormat>,
    /// Which columns hold what, and how rows are judged and written.
    pub table: TableOptions,
    /// Where the fields of a file of fixed widths stand.
    pub layout: Option<Layout>,
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
    flaw: Flaw,
    most_texts: MostTexts,
}

impl<'r> ClaimsFile<'r> {
    /// Recognises a file by how it begins, unless its format is stated.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Io`] if it cannot be read, [`codeyear_core::ErrorKind::Format`] if it is empty.
    pub fn recognise(
        input: Box<dyn Read + Send + 'r>,
        name: &str,
        format: Option<InputFormat>,
    ) -> Result<ClaimsFile<'r>> {
        let flaw = Flaw::default();
        let mut input = Partial::new(input, flaw.clone());
        let mut head = Vec::new();
        input
            .by_ref()
            .take(HEAD as u64)
            .read_to_end(&mut head)
            .map_err(|error| read_error(std::path::Path::new(name), error))?;
        refuse_other_text(&head, name)?;
        if format.is_none() {
            refuse_other_format(&head, name)?;
        }
        Ok(ClaimsFile {
            format: format.unwrap_or_else(|| InputFormat::of(&head)),
            input: Box::new(Cursor::new(head).chain(input)),
            name: name.to_owned(),
            flaw,
            most_texts: MostTexts::default(),
        })
    }

    /// Limits the texts of a workbook, which are held in memory, for a file that anyone may send.
    #[must_use]
    pub fn with_most_texts(mut self, most: MostTexts) -> ClaimsFile<'r> {
        self.most_texts = most;
        self
    }

    /// Returns how many texts of a workbook are held at most.
    pub(super) fn most_texts(&self) -> MostTexts {
        self.most_texts
    }

    /// Returns the stream, the format and the name.
    pub(super) fn into_parts(self) -> (Box<dyn Read + Send + 'r>, InputFormat, String) {
        (self.input, self.format, self.name)
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
/// As [`audit_delimited`]; of Parquet, which is held in memory, also if it is larger than what is held, or would unpack
/// to far more: see `audit_parquet` for a file of one's own.
pub fn audit<'i>(
    index: &'i Index,
    file: ClaimsFile<'_>,
    options: &AuditOptions,
    annotated: Annotated<'_>,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Audited<'i>> {
    let flaw = file.flaw.clone();
    let mut audited = audit_by_format(index, file, options, annotated, progress)?;
    if let Some(flaw) = flaw.lock().ok().and_then(|mut flaw| flaw.take()) {
        audited.cut_off(&flaw);
    }
    Ok(audited)
}

fn audit_by_format<'i>(
    index: &'i Index,
    file: ClaimsFile<'_>,
    options: &AuditOptions,
    annotated: Annotated<'_>,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Audited<'i>> {
    let rows = options.table.rows;
    let kept = |all: &[&str]| match &options.table.columns.keep {
        Keep::All => all.iter().map(|name| (*name).to_owned()).collect(),
        Keep::Named(names) => names.clone(),
    };
    let amount = options.table.columns.amount.is_some();
    let use_onset = options.use_onset;
    let labels = || options.table.columns.labels.clone();
    let most_texts = file.most_texts;
    let (input, format, name) = file.into_parts();
    let named = |item: Result<ClaimItem>| item.map_err(|error| error.in_file(name.as_str()));
    let form = (options.output, rows);
    let mut audited = match format {
        InputFormat::Table => {
            return audit_delimited(index, input, &name, &options.table, annotated, progress);
        }
        InputFormat::FixedWidth => {
            let layout = options.layout.as_ref().ok_or_else(|| {
                Error::usage("a file of fixed widths is read by its layout")
                    .in_file(&name)
                    .with_hint("state it: --layout cclf4, or --layout FILE.toml")
            })?;
            let (mut input, by) = (input, (layout, &options.table));
            return audit_layout(index, &mut input, &name, by, annotated, progress);
        }
        InputFormat::Workbook => {
            let mut input = input;
            let table = &options.table;
            let file = (name.as_str(), most_texts);
            return audit_workbook(index, &mut input, file, table, annotated, progress);
        }
        InputFormat::Ndjson => {
            return audit_ndjson(index, input, &name, &options.table, annotated, progress);
        }
        InputFormat::Parquet => {
            let (table, output) = (&options.table, (options.output, annotated));
            return audit_parquet_stream(index, input, &name, table, output, progress);
        }
        InputFormat::X12 => {
            let asked = X12Options {
                keep: kept(&X12Options::NAMES),
                amount,
                use_onset,
                labels: labels(),
            };
            let keep = asked.keep.clone();
            let mut claims = X12Claims::new(Counted { input, progress }, asked)?;
            let items = claims.by_ref().map(named);
            let mut audited = audit_claims(index, items, &name, &keep, form, annotated)?;
            let others = skipped("transaction sets that hold no claims", claims.skipped());
            audited.note(others);
            audited
        }
        InputFormat::Fhir => {
            let asked = FhirOptions {
                keep: kept(&FhirOptions::NAMES),
                amount,
                use_onset,
                labels: labels(),
            };
            let keep = asked.keep.clone();
            let mut claims = FhirClaims::new(Counted { input, progress }, asked)?;
            let items = claims.by_ref().map(named);
            let mut audited = audit_claims(index, items, &name, &keep, form, annotated)?;
            let others = skipped("resources that hold no claim", claims.skipped());
            let mut notes: Vec<String> = others.into_iter().collect();
            audited.count_not_judged(NotJudged::NotInFile, claims.references());
            if claims.not_held() > 0 {
                notes.push(format!(
                    "{} conditions and procedures were checked before the end of this large file: a reference after them was not followed",
                    claims.not_held()
                ));
            }
            if claims.not_linked() > 0 {
                notes.push(format!(
                    "{} references of claims are too many for a file of this size: what they point to is checked on the dates of the claims, and counts as a row of its own",
                    claims.not_linked()
                ));
            }
            audited.note(notes);
            audited
        }
    };
    audited.has_amounts = amount;
    Ok(audited)
}

#[cfg(feature = "parquet")]
pub(super) use super::parquet::{audit_parquet_stream, parquet_names};

#[cfg(not(feature = "parquet"))]
fn audit_parquet_stream<'i>(
    _: &'i Index,
    _: Box<dyn Read + Send + '_>,
    name: &str,
    _: &TableOptions,
    _: (OutputForm, Annotated<'_>),
    _: &mut dyn FnMut(u64),
) -> Result<Audited<'i>> {
    Err(without_parquet(name))
}

#[cfg(not(feature = "parquet"))]
pub(super) fn parquet_names(_: &mut dyn Read, name: &str) -> Result<Vec<String>> {
    Err(without_parquet(name))
}

#[cfg(not(feature = "parquet"))]
fn without_parquet(name: &str) -> Error {
    Error::usage("this codeyear was built without Parquet")
        .in_file(name)
        .with_hint("write the claims as CSV")
}

/// Returns a note on what was passed over, by its kind.
fn skipped(what: &str, kinds: &BTreeMap<String, u64>) -> Option<String> {
    let kinds = kinds.iter().map(|(kind, count)| format!("{count} {kind}"));
    let kinds: Vec<String> = kinds.collect();
    (!kinds.is_empty()).then(|| format!("{what}: {}", kinds.join(", ")))
}

/// Audits claims as a reader gives them.
///
/// # Errors
/// What the reader fails with; with [`RowOptions::strict`] the first claim that cannot be read;
/// [`codeyear_core::ErrorKind::Io`] if the output cannot be written.
fn audit_claims<'i>(
    index: &'i Index,
    claims: impl IntoIterator<Item = Result<ClaimItem>>,
    file: &str,
    kept_names: &[String],
    (form, options): (OutputForm, RowOptions),
    mut annotated: Annotated<'_>,
) -> Result<Audited<'i>> {
    /// How much is gathered before it is written.
    const CHUNK: usize = 256 * 1024;
    let rules = AuditRules {
        file,
        options,
        are_rows: false,
        writes: annotated.is_asked(),
    };
    let (header, mut sink) = claim_sink(form, rules, kept_names.to_vec())?;
    annotated.write_header(&header)?;
    let mut bytes = Vec::new();
    let mut sink = rules.writes.then_some(sink.as_mut());
    let mut auditor = Auditor::new(index, rules);
    for item in claims {
        auditor.audit(item?, sink.as_deref_mut(), &mut bytes)?;
        if bytes.len() >= CHUNK {
            annotated.write(&bytes)?;
            bytes.clear();
        }
    }
    annotated.write(&bytes)?;
    Ok(Audited::new(
        index,
        file,
        auditor.into_tally(),
        Vec::new(),
        false,
    ))
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
