//! The files of a run.

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;

use super::AuditArgs;
use crate::claims::{self, InputFormat, Layout, OutputForm};
use crate::cli::progress::progress_bar;
use crate::error::{Error, Result};
use crate::source::archive::is_hidden;

/// Refuses to write rows of claims into what is named as a report.
pub(super) fn refuse_report(output: Option<&Path>) -> Result<()> {
    let end = output
        .and_then(Path::extension)
        .and_then(std::ffi::OsStr::to_str);
    match end {
        Some(end @ ("html" | "md" | "adoc")) => Err(Error::usage(format!(
            "-o writes the rows of the claims, and .{end} is the ending of a report"
        ))
        .with_hint(format!("write the report with --report audit.{end}"))),
        _ => Ok(()),
    }
}

/// Refuses to write over a file that is audited.
pub(super) fn refuse_own_files(args: &AuditArgs, files: &[PathBuf]) -> Result<()> {
    let reports = args.report.iter().map(|(path, _)| path);
    for path in args.output.iter().chain(reports) {
        let Ok(written) = path.canonicalize() else {
            continue;
        };
        let mut read = files.iter().filter_map(|file| file.canonicalize().ok());
        if written.is_file() && read.any(|read| read == written) {
            return Err(
                Error::usage("this file is being audited and would be overwritten")
                    .in_file(path.display().to_string())
                    .with_hint("name another file to write to"),
            );
        }
    }
    Ok(())
}

/// Lists the files of a run: of a folder all that are in it and below, but for hidden ones, in the order of their names.
pub(super) fn files_of(named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in named {
        if claims::is_stdin(path) || !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        add_folder(path, &mut files)?;
        if files.len() == before {
            return Err(Error::usage("the folder has no files")
                .in_file(path.display().to_string())
                .with_hint("name a file of claims, or a folder with such files"));
        }
    }
    Ok(files)
}

fn add_folder(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let fail = |error| crate::error::io_error("read", folder, error);
    let entries = std::fs::read_dir(folder).map_err(fail)?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()
        .map_err(fail)?;
    paths.sort();
    for path in paths {
        if is_hidden(&path) {
            continue;
        }
        // A link to a folder may lead back to one above it.
        if path.is_dir() && !path.is_symlink() {
            add_folder(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Returns the bar of an audit. Of a packed file the bytes unpacked are counted, whose number is not known before.
pub(super) fn audit_bar(files: &[PathBuf]) -> ProgressBar {
    let length_of = |path: &PathBuf| {
        let file = std::fs::metadata(path).ok();
        let file = file.filter(std::fs::Metadata::is_file);
        file.map(|file| file.len())
    };
    let length = files.iter().map(length_of).sum();
    progress_bar(length, "{bar:30} {bytes} at {bytes_per_sec}, {eta} left")
}

/// Returns a layout by its name, or reads it from a file.
pub(super) fn layout_of(name: &str) -> Result<Layout> {
    if let Some(known) = Layout::known(name) {
        return known;
    }
    let text = std::fs::read_to_string(name).map_err(|error| {
        let known = Layout::names().join(", ");
        crate::error::io_error("read", Path::new(name), error).with_hint(format!(
            "known layouts are {known}; any other is a TOML file"
        ))
    })?;
    Layout::read(&text).map_err(|error| error.in_file(name))
}

/// Refuses a name that says what is not written: text in a file that is called a workbook opens nowhere.
pub(super) fn refuse_form(path: &Path, format: InputFormat) -> Result<()> {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    let ending = ending.to_str().unwrap_or_default();
    let is_other = match ending {
        "xlsx" | "xls" | "pdf" => true,
        "parquet" => format != InputFormat::Parquet,
        "json" => format != InputFormat::Ndjson,
        _ => false,
    };
    if !is_other {
        return Ok(());
    }
    Err(Error::usage(format!(
        "-o writes the rows of the claims as CSV, NDJSON, or Parquet of Parquet, and this file is called .{ending}"
    ))
    .in_file(path.display().to_string())
    .with_hint("name a file .csv or .ndjson; --report writes the summary as .html, .json, .md, .adoc or .txt"))
}

/// Returns the form of text that the name of a file says; `None` for any other.
pub(super) fn text_form(path: &Path) -> Option<OutputForm> {
    match path.extension()?.to_ascii_lowercase().to_str()? {
        "ndjson" | "jsonl" => Some(OutputForm::Ndjson),
        "csv" | "txt" => Some(OutputForm::Csv),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_is_written() {
        let refused = |name: &str, format| refuse_form(Path::new(name), format).is_err();
        for name in ["o.xlsx", "o.XLS", "o.parquet", "o.json"] {
            assert!(refused(name, InputFormat::Table), "{name}");
        }
        for name in ["o.csv", "o.txt", "o.ndjson", "o", "-"] {
            assert!(!refused(name, InputFormat::Table), "{name}");
        }
        assert!(!refused("o.json", InputFormat::Ndjson));
        assert!(!refused("o.parquet", InputFormat::Parquet));
    }
}
