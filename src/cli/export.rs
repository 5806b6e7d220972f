//! `codeyear export`.

use codeyear_core::model::TypedRelease;
use std::collections::BTreeSet;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use super::context::{CodeSetParser, Context, Outcome, ReleaseParser};
use super::output::{OutputFile, write_whole};
use crate::answer;
use crate::claims::Index;
use crate::error::{Error, Result, io_error};
use crate::fhir::{ExportScope, FhirExport, FhirFile, FhirVersion};
use crate::model::{CodeSet, LabelMeaning, StoreKind};
use crate::present::export::{
    FINDING_COLUMNS, LABEL_COLUMNS, PERIOD_COLUMNS, SPAN_COLUMNS, finding_row, label_row,
    period_row, span_row,
};
use crate::present::table::{TableFormat, TableWriter, check_format};
use crate::present::{grouped, ohdsi};
use crate::store::Store;

/// Write codes with their effective dates for other programs: CSV, NDJSON, Parquet, order files, OHDSI, FHIR
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Spans(SpansArgs),
    Periods(PeriodsArgs),
    Findings(FindingsArgs),
    Labels(LabelsArgs),
    Order(OrderArgs),
    Ohdsi(OhdsiArgs),
    Fhir(FhirArgs),
}

/// Write every code with its titles, billable flag and effective dates: one row per span of dates
///
/// A span runs from its first date to the day after its last. Dates without a loaded release are in no row.
/// Together with the periods an engine can check any code on any date.
#[derive(Debug, Args)]
pub(super) struct SpansArgs {
    #[command(flatten)]
    table: TableArgs,
}

/// Write the dates that each loaded release covers, and from when the code set was in force
#[derive(Debug, Args)]
pub(super) struct PeriodsArgs {
    #[command(flatten)]
    table: TableArgs,
}

/// Write the audit result of every code: one row per span of dates with the same result
///
/// The verdict, the date, the replacement codes and the reason, in the words of the audit, for engines that audit
/// where the claims are. A row without a code applies to every code: on dates without a loaded release, and on
/// those before the code set was in force.
#[derive(Debug, Args)]
pub(super) struct FindingsArgs {
    #[command(flatten)]
    table: TableArgs,
}

/// Write the code set labels of claims, and the code set that each one means
#[derive(Debug, Args)]
pub(super) struct LabelsArgs {
    #[command(flatten)]
    output: TableOutput,
}

/// Write the official order file of a release, byte for byte
#[derive(Debug, Args)]
pub(super) struct OrderArgs {
    /// Write the file of this release (FY2026, FY2022-04), or of the one in force on this date
    #[arg(long, value_name = "RELEASE", value_parser = ReleaseParser::<TypedRelease>::typed(), hide_possible_values = true)]
    release: TypedRelease,
    /// State the code set
    #[arg(long, value_name = "SET", value_parser = CodeSetParser, default_value_t)]
    code_set: CodeSet,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Write the codes as files of an OHDSI vocabulary, CONCEPT.csv and CONCEPT_RELATIONSHIP.csv
///
/// With effective dates, one concept per code, and local identifiers above 2,000,000,000 that depend on the code
/// alone.
#[derive(Debug, Args)]
pub(super) struct OhdsiArgs {
    /// Write one code set only
    #[arg(long, value_name = "SET", value_parser = CodeSetParser)]
    code_set: Option<CodeSet>,
    /// Write into this folder
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
}

/// Write releases as FHIR CodeSystems with all their concepts, and conversion tables as ConceptMaps
///
/// One CodeSystem per release, and one ConceptMap for each date on which codes were replaced. To stdout several
/// resources are one Bundle.
#[derive(Debug, Args)]
pub(super) struct FhirArgs {
    /// Write this release only (FY2026, FY2022-04), with the maps of the dates that it covers
    #[arg(long, value_name = "RELEASE", value_parser = ReleaseParser::<TypedRelease>::typed(), hide_possible_values = true)]
    release: Option<TypedRelease>,
    /// Write one code set only
    #[arg(long, value_name = "SET", value_parser = CodeSetParser)]
    code_set: Option<CodeSet>,
    /// Write resources of this version of FHIR
    #[arg(long, value_name = "VERSION", default_value = "r4")]
    fhir: FhirName,
    /// Write one file per resource (json), or one line per resource (ndjson)
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    format: FhirFormat,
    /// Write into this folder instead of stdout
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FhirName {
    R4,
    R5,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FhirFormat {
    Json,
    Ndjson,
}

#[derive(Debug, Args)]
struct TableArgs {
    /// Write one code set only
    #[arg(long, value_name = "SET", value_parser = CodeSetParser)]
    code_set: Option<CodeSet>,
    #[command(flatten)]
    output: TableOutput,
}

#[derive(Debug, Args)]
struct TableOutput {
    /// Write in this format [default: by the ending of -o, else csv]
    #[arg(long, value_name = "FORMAT")]
    format: Option<ExportFormat>,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    Csv,
    Ndjson,
    Parquet,
}

pub(super) fn run(args: &ExportArgs, context: &mut Context<'_>) -> Result<Outcome> {
    match &args.what {
        What::Spans(args) => spans(&args.table, context),
        What::Periods(args) => periods(&args.table, context),
        What::Findings(args) => findings(&args.table, context),
        What::Labels(args) => labels(&args.output, context),
        What::Order(args) => order(args, context),
        What::Ohdsi(args) => ohdsi(args, context),
        What::Fhir(args) => fhir(args, context),
    }
}

fn spans(args: &TableArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let format = format(&args.output, context)?;
    let store = open(context)?;
    let code_sets = answer::exported_code_sets(&store, args.code_set)?;
    let about = about(&store, "spans", format)?;
    say_doubts(&store, &code_sets, context)?;
    write_table(&args.output, context, "spans", &mut |out| {
        let mut rows = 0;
        let mut table = TableWriter::begin(format, &SPAN_COLUMNS, &about, out)?;
        answer::export_spans(&store, &code_sets, &mut |span| {
            rows += 1;
            span_row(span, &mut table)
        })?;
        table.end()?;
        Ok(rows)
    })
}

fn periods(args: &TableArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let format = format(&args.output, context)?;
    let store = open(context)?;
    let code_sets = answer::exported_code_sets(&store, args.code_set)?;
    let about = about(&store, "periods", format)?;
    let periods = answer::export_periods(&store, &code_sets)?;
    say_doubts(&store, &code_sets, context)?;
    write_table(&args.output, context, "periods", &mut |out| {
        let mut table = TableWriter::begin(format, &PERIOD_COLUMNS, &about, out)?;
        for period in &periods {
            period_row(period, &mut table)?;
        }
        table.end()?;
        Ok(periods.len() as u64)
    })
}

fn findings(args: &TableArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let format = format(&args.output, context)?;
    let store = open(context)?;
    let code_sets = answer::exported_code_sets(&store, args.code_set)?;
    let about = about(&store, "findings", format)?;
    say_doubts(&store, &code_sets, context)?;
    let index = Index::open(store)?;
    write_table(&args.output, context, "findings", &mut |out| {
        let mut rows = 0;
        let mut table = TableWriter::begin(format, &FINDING_COLUMNS, &about, out)?;
        index.export_findings(&code_sets, &mut |row| {
            rows += 1;
            finding_row(row, &mut table)
        })?;
        table.end()?;
        Ok(rows)
    })
}

fn labels(output: &TableOutput, context: &mut Context<'_>) -> Result<Outcome> {
    let format = format(output, context)?;
    let version = ("codeyear.version", env!("CARGO_PKG_VERSION").to_owned());
    let about = [version, ("codeyear.table", "codeyear/labels/1".to_owned())];
    let labels = LabelMeaning::by_spelling();
    write_table(output, context, "labels", &mut |out| {
        let mut table = TableWriter::begin(format, &LABEL_COLUMNS, &about, out)?;
        for (label, meaning) in &labels {
            label_row(label, *meaning, &mut table)?;
        }
        table.end()?;
        Ok(labels.len() as u64)
    })
}

fn order(args: &OrderArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let store = open(context)?;
    let loaded = store.timeline(args.code_set)?;
    let mut written = answer::typed_release(&loaded, args.release, context.today)?;
    let write = &mut |out: &mut (dyn Write + Send)| -> Result<()> {
        written = answer::export_order_file(&store, args.code_set, written, out)?;
        Ok(())
    };
    match stated(&args.output) {
        None => write_stdout(context, write)?,
        Some(path) => {
            write_whole(path, write)?;
            context.say(&format!(
                "the order file of {} {written} written to {}\n",
                args.code_set.name(),
                path.display()
            ))?;
        }
    }
    for warning in store.timeline(args.code_set)?.doubts(written) {
        context.say(&format!("warning: {warning}\n"))?;
    }
    Ok(Outcome::Good)
}

fn ohdsi(args: &OhdsiArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let store = open(context)?;
    let code_sets = answer::exported_code_sets(&store, args.code_set)?;
    let vocabulary = answer::ohdsi_vocabulary(&store, &code_sets)?;
    say_doubts(&store, &code_sets, context)?;
    let folder = &args.output;
    std::fs::create_dir_all(folder).map_err(|error| io_error("make the folder", folder, error))?;
    // Both are there before either takes its place.
    let (concepts, ()) = OutputFile::write(&folder.join("CONCEPT.csv"), &mut |out| {
        ohdsi::concepts(&vocabulary, out)
    })?;
    let (pairs, ()) = OutputFile::write(&folder.join("CONCEPT_RELATIONSHIP.csv"), &mut |out| {
        ohdsi::concept_relationships(&vocabulary, out)
    })?;
    concepts.put()?;
    pairs.put()?;
    context.say(&format!(
        "{} concepts and {} relationships written to {}\n",
        grouped(vocabulary.concepts.len() as u64),
        grouped(vocabulary.pairs.len() as u64),
        folder.display()
    ))?;
    for code in &vocabulary.interrupted {
        context.say(&format!(
            "note: {} was not valid on some dates between its first and its last, which a concept cannot show; codeyear export spans does\n",
            code
        ))?;
    }
    Ok(Outcome::Good)
}

fn fhir(args: &FhirArgs, context: &mut Context<'_>) -> Result<Outcome> {
    let store = open(context)?;
    let scope = ExportScope {
        version: match args.fhir {
            FhirName::R4 => FhirVersion::R4,
            FhirName::R5 => FhirVersion::R5,
        },
        code_sets: answer::exported_code_sets(&store, args.code_set)?,
        release: match args.release {
            Some(typed) => Some(context.release(&store, args.code_set, typed)?),
            None => None,
        },
    };
    let export = FhirExport::new(&store, &scope)?;
    match scope.release {
        Some(release) => {
            for code_set in &scope.code_sets {
                for warning in store.timeline(*code_set)?.doubts(release.of(*code_set)) {
                    context.say(&format!("warning: {}: {warning}\n", code_set.name()))?;
                }
            }
        }
        None => say_doubts(&store, &scope.code_sets, context)?,
    }
    match stated(&args.output) {
        None => write_stdout(context, &mut |out| fhir_stream(&export, args.format, out))?,
        Some(folder) => fhir_folder(&export, args.format, folder, context)?,
    }
    Ok(Outcome::Good)
}

/// Writes resources one after the other: a line each, one alone, or all in a bundle.
fn fhir_stream(
    export: &FhirExport<'_>,
    format: FhirFormat,
    out: &mut (dyn Write + Send),
) -> Result<()> {
    let files = export.files();
    let is_bundle = format == FhirFormat::Json && files.len() != 1;
    let put = |out: &mut (dyn Write + Send), text: &str| {
        out.write_all(text.as_bytes())
            .map_err(super::output::unwritable_output)
    };
    if is_bundle {
        put(out, "{\"resourceType\":\"Bundle\",\"type\":\"collection\"")?;
    }
    for (index, file) in files.iter().enumerate() {
        if is_bundle {
            let begins = if index == 0 { ",\"entry\":[" } else { "," };
            let url = file.full_url();
            put(
                out,
                &format!("{begins}{{\"fullUrl\":\"{url}\",\"resource\":"),
            )?;
        }
        export.write(file, out)?;
        put(out, if is_bundle { "}" } else { "\n" })?;
    }
    if is_bundle {
        put(out, if files.is_empty() { "}\n" } else { "]}\n" })?;
    }
    Ok(())
}

fn fhir_folder(
    export: &FhirExport<'_>,
    format: FhirFormat,
    folder: &Path,
    context: &mut Context<'_>,
) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| io_error("make the folder", folder, error))?;
    let names: BTreeSet<String> = export
        .files()
        .iter()
        .map(|file| file_name(file, format))
        .collect();
    let mut written = Vec::with_capacity(names.len());
    // The number of resources, and of what is in them, by type.
    let mut systems = (0u64, 0u64);
    let mut maps = (0u64, 0u64);
    for name in names {
        let (new, ()) = OutputFile::write(&folder.join(&name), &mut |out| {
            let files = export.files().iter();
            for file in files.filter(|file| file_name(file, format) == name) {
                let count = export.write(file, out)?;
                out.write_all(b"\n")
                    .map_err(super::output::unwritable_output)?;
                let counted = if file.kind == "CodeSystem" {
                    &mut systems
                } else {
                    &mut maps
                };
                *counted = (counted.0 + 1, counted.1 + count);
            }
            Ok(())
        })?;
        written.push(new);
    }
    // All are there before any takes its place.
    for new in written {
        new.put()?;
    }
    context.say(&format!(
        "{} code systems with {} concepts and {} concept maps with {} rows written to {}\n",
        systems.0,
        grouped(systems.1),
        maps.0,
        grouped(maps.1),
        folder.display()
    ))
}

fn file_name(file: &FhirFile, format: FhirFormat) -> String {
    match format {
        FhirFormat::Json => format!("{}.json", file.name()),
        FhirFormat::Ndjson => format!("{}.ndjson", file.kind),
    }
}

/// Opens the database, and says if it is the sample: no row of a table would.
fn open(context: &mut Context<'_>) -> Result<Store> {
    let store = context.store()?;
    if store.kind()? == StoreKind::Sample {
        context.say("note: this is the bundled sample, not the whole code sets\n")?;
    }
    Ok(store)
}

/// Writes the warnings about the releases of a table: its rows have no place for them.
fn say_doubts(store: &Store, code_sets: &[CodeSet], context: &mut Context<'_>) -> Result<()> {
    for code_set in code_sets {
        let timeline = store.timeline(*code_set)?;
        let doubts = timeline.periods().iter();
        let doubts = doubts.flat_map(|period| timeline.doubts(period.release));
        for warning in answer::missing_releases(store, &timeline)?
            .into_iter()
            .chain(doubts)
        {
            context.say(&format!("warning: {}: {warning}\n", code_set.name()))?;
        }
    }
    Ok(())
}

/// Returns what a file rests on, for a format that has a place for it.
fn about(store: &Store, table: &str, format: TableFormat) -> Result<Vec<(&'static str, String)>> {
    if format != TableFormat::Parquet {
        return Ok(Vec::new());
    }
    Ok(vec![
        ("codeyear.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("codeyear.table", format!("codeyear/{table}/1")),
        ("codeyear.content_hash", store.content_hash()?),
    ])
}

fn write_table(
    args: &TableOutput,
    context: &mut Context<'_>,
    thing: &str,
    write: &mut dyn FnMut(&mut (dyn Write + Send)) -> Result<u64>,
) -> Result<Outcome> {
    match stated(&args.output) {
        None => write_stdout(context, &mut |out| write(out).map(|_| ()))?,
        Some(path) => {
            let mut rows = 0;
            write_whole(path, &mut |out| {
                rows = write(out)?;
                Ok(())
            })?;
            context.say(&format!(
                "{} {thing} written to {}\n",
                grouped(rows),
                path.display()
            ))?;
        }
    }
    Ok(Outcome::Good)
}

/// Returns the file or folder that is to be written; `-` is stdout.
fn stated(output: &Option<PathBuf>) -> Option<&Path> {
    output.as_deref().filter(|path| path.as_os_str() != "-")
}

fn write_stdout(
    context: &mut Context<'_>,
    write: &mut dyn FnMut(&mut (dyn Write + Send)) -> Result<()>,
) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, &mut *context.out);
    let written =
        write(&mut out).and_then(|()| out.flush().map_err(super::output::unwritable_output));
    // What is left in the buffer of a failed writer is not to be tried again.
    drop(out.into_parts());
    written
}

fn format(args: &TableOutput, context: &Context<'_>) -> Result<TableFormat> {
    let format = match (args.format, stated(&args.output)) {
        (Some(ExportFormat::Csv), _) => TableFormat::Csv,
        (Some(ExportFormat::Ndjson), _) => TableFormat::Ndjson,
        (Some(ExportFormat::Parquet), _) => TableFormat::Parquet,
        (None, Some(path)) => format_of(path)?,
        (None, None) => TableFormat::Csv,
    };
    check_format(format)?;
    if format == TableFormat::Parquet && stated(&args.output).is_none() && context.out_is_terminal {
        return Err(Error::usage("a terminal cannot show Parquet")
            .with_hint("name a file with -o, or send the output to a program or a file"));
    }
    Ok(format)
}

fn format_of(path: &Path) -> Result<TableFormat> {
    let Some(end) = path.extension().map(|end| end.to_string_lossy()) else {
        return Ok(TableFormat::Csv);
    };
    TableFormat::of_extension(&end.to_ascii_lowercase()).ok_or_else(|| {
        Error::usage(
            "the format is not clear from the name; expected .csv, .ndjson, .jsonl or .parquet",
        )
        .in_file(path.display().to_string())
        .with_hint("state the format with --format, or end the name with one of these")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn the_format_of_a_table_is_told_by_the_end_of_its_name() {
        for (name, format) in [
            ("spans", TableFormat::Csv),
            ("spans.csv", TableFormat::Csv),
            ("spans.JSONL", TableFormat::Ndjson),
            ("spans.ndjson", TableFormat::Ndjson),
            ("spans.parquet", TableFormat::Parquet),
        ] {
            assert_eq!(format_of(Path::new(name)).unwrap(), format, "{name}");
        }
        let unknown = format_of(Path::new("spans.xlsx")).unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::Usage);
    }

    #[test]
    fn a_dash_is_stdout() {
        let named = |name: &str| stated(&Some(PathBuf::from(name))).is_some();
        assert!(named("-.csv") && !named("-"));
        assert_eq!(stated(&None), None);
    }
}
