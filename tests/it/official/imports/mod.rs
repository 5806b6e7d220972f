//! Imports of whole files: made by a rule from official rows, handed as they stand, and as published.
//!
//! `FY2028` is an invented year: its rows are those of the newest official release of the code set, a few of them
//! left out and a few reworded.

mod answers;
mod bytes;
mod documents;
mod handed;
mod labels;
mod names;
mod parts;
mod published;
mod statements;
mod tables;
mod units;

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use codeyear::error::{Error, Result};
use codeyear::ingest::{ImportOptions, ImportReport, import};
use codeyear::model::{Addenda, CodeSet, ReleaseId, ReleasePart};
use codeyear::parse::addenda::parse_order_addenda;
use codeyear::parse::order::OrderFile;
use codeyear::source::identify::Evidence;
use codeyear::source::{rows_sha256, sha256_hex};
use codeyear::store::Store;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, ZipArchive};

use super::release_zip;
use crate::soundness::Chance;
use crate::world::official_releases;

/// A day on which an update of April 2028 cannot be published yet.
const BEFORE_APRIL: &str = "2027-07-15";
/// A day on which it can.
const NEAR_APRIL: &str = "2028-01-15";

/// The folder of releases, and an order file with the addenda posted with it.
struct Official {
    releases: PathBuf,
    order: Vec<u8>,
    addenda: Vec<u8>,
}

/// Returns ICD-10-CM FY2027.
fn fy2027(test: &str) -> Option<&'static Official> {
    static OFFICIAL: OnceLock<Official> = OnceLock::new();
    newest(test, CodeSet::Icd10Cm, "FY2027", &OFFICIAL)
}

/// Returns ICD-10-PCS FY2026.
fn pcs_fy2026(test: &str) -> Option<&'static Official> {
    static OFFICIAL: OnceLock<Official> = OnceLock::new();
    newest(test, CodeSet::Icd10Pcs, "FY2026", &OFFICIAL)
}

fn newest(
    test: &str,
    code_set: CodeSet,
    release: &str,
    kept: &'static OnceLock<Official>,
) -> Option<&'static Official> {
    let releases = official_releases(test)?;
    Some(kept.get_or_init(|| {
        let zip = release_zip(&releases, code_set, release);
        Official {
            order: member(&zip, &|name| {
                name.contains("order") && !name.contains("addenda")
            }),
            addenda: member(&zip, &|name| name.contains("order_addenda")),
            releases,
        }
    }))
}

/// Reads the one member of an archive whose name is asked for.
fn member(zip: &Path, wanted: &dyn Fn(&str) -> bool) -> Vec<u8> {
    let mut found = members(zip, wanted);
    let (_, bytes) = found.swap_remove(0);
    bytes
}

/// Reads the members of an archive whose names are asked for.
fn members(zip: &Path, wanted: &dyn Fn(&str) -> bool) -> Vec<(String, Vec<u8>)> {
    let mut zip = ZipArchive::new(std::fs::File::open(zip).unwrap()).unwrap();
    let names: Vec<String> = zip
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .filter(|name| wanted(name))
        .collect();
    let mut read = |name: &String| {
        let mut bytes = Vec::new();
        zip.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    names
        .iter()
        .map(|name| (name.clone(), read(name)))
        .collect()
}

fn order_of(releases: &Path, code_set: CodeSet, release: &str) -> Vec<u8> {
    member(&release_zip(releases, code_set, release), &|name| {
        name.contains("order") && !name.contains("addenda")
    })
}

/// Packs members as they are: packing 15 MB takes longer than reading them.
fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The rows of an order file without their ends.
fn rows_of(order: &[u8]) -> Vec<&str> {
    std::str::from_utf8(order).unwrap().lines().collect()
}

fn code_of(row: &str) -> &str {
    row[6..13].trim_end()
}

/// Numbers rows anew and gives each an end.
fn numbered<'r>(rows: impl IntoIterator<Item = &'r str>) -> Vec<u8> {
    let mut text = String::new();
    for (index, row) in rows.into_iter().enumerate() {
        text.push_str(&format!("{:05}{}\r\n", index + 1, &row[5..]));
    }
    text.into_bytes()
}

/// A release of a year to come, made from the rows of the one before it.
struct Made {
    code_set: CodeSet,
    order: Vec<u8>,
    rows: u64,
    /// The changes as an order addenda lists them.
    changes: String,
    /// Rows and billable rows, before and now.
    counts: [(usize, usize); 2],
    /// Headers and codes that are left out.
    deleted: [usize; 2],
    /// Codes with other titles.
    revised: usize,
}

impl Made {
    /// Leaves out 25 codes and rewords 15 others, drawn by a seed.
    fn from(code_set: CodeSet, before: &[u8], seed: u64) -> Made {
        Made::without(code_set, before, seed, "none")
    }

    /// Leaves out a category too.
    fn without(code_set: CodeSet, before: &[u8], seed: u64, category: &str) -> Made {
        let old = rows_of(before);
        let is_billable = |row: &str| &row[14..15] == "1";
        let mut chance = Chance::from_seed(seed);
        let mut drawn = Vec::new();
        while drawn.len() < 40 {
            let at = chance.below(old.len());
            let is_of_it = code_of(old[at]).starts_with(category);
            if is_billable(old[at]) && !is_of_it && !drawn.contains(&at) {
                drawn.push(at);
            }
        }
        let (dropped, reworded) = drawn.split_at(25);
        let mut rows: Vec<String> = Vec::new();
        let mut changes = String::new();
        let mut change = |action: &str, row: &str| {
            let flag = match code_set {
                CodeSet::Icd10Cm => format!("{} ", &row[14..15]),
                _ => String::new(),
            };
            let titles = &row[16..];
            changes.push_str(&format!("{action:13}{flag}{} {titles}\r\n", &row[6..13]));
        };
        for (at, row) in old.iter().enumerate() {
            if dropped.contains(&at) || code_of(row).starts_with(category) {
                change("Delete:", row);
            } else if reworded.contains(&at) {
                let now = format!("{row}, reworded");
                change("Revise from:", row);
                change("Revise to:", &now);
                rows.push(now);
            } else {
                rows.push((*row).to_owned());
            }
        }
        let billable = old.iter().filter(|row| is_billable(row)).count();
        let left = rows.iter().filter(|row| is_billable(row)).count();
        Made {
            code_set,
            order: numbered(rows.iter().map(String::as_str)),
            rows: rows.len() as u64,
            changes,
            counts: [(old.len(), billable), (rows.len(), left)],
            deleted: [old.len() - billable - (rows.len() - left), billable - left],
            revised: reworded.len(),
        }
    }

    /// Writes the order addenda, whose footer names the two order files.
    fn addenda(&self, old: &str, new: &str) -> Vec<u8> {
        let [(old_rows, old_codes), (new_rows, new_codes)] = self.counts;
        let [headers, codes] = self.deleted;
        let block = |what: &str, before: usize, now: usize, (deletions, revisions)| {
            format!(
                "\r\n{}\r\n{before:>7} {what} in {old}\r\n{now:>7} {what} in {new}\r\n{:>7} additions\r\n{deletions:>7} deletions\r\n{revisions:>7} revisions\r\nof which\r\n{:>7} revisions to both long and short titles\r\n{revisions:>7} revisions to long title only\r\n{:>7} revisions to short title only\r\n",
                if what == "codes" { "Codes" } else { "Headers" },
                0,
                0,
                0
            )
        };
        let mut text = self.changes.clone();
        text.push_str(&block(
            "headers",
            old_rows - old_codes,
            new_rows - new_codes,
            (headers, 0),
        ));
        text.push_str(&block("codes", old_codes, new_codes, (codes, self.revised)));
        text.into_bytes()
    }

    /// Writes the addenda against the order file of the year before.
    fn october_addenda(&self) -> Vec<u8> {
        let name = self.code_set.id();
        self.addenda(
            &format!("{name}_order_2027.txt"),
            &format!("{name}_order_2028.txt"),
        )
    }
}

/// ICD-10-CM FY2028, made once.
fn fy2028(official: &Official) -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| Made::from(CodeSet::Icd10Cm, &official.order, 2028))
}

/// ICD-10-PCS FY2028, made once.
fn pcs_fy2028(official: &Official) -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| Made::from(CodeSet::Icd10Pcs, &official.order, 2028))
}

/// Hashes of an order file and its addenda, to make evidence of.
struct Hashes {
    code_set: CodeSet,
    order: String,
    rows: String,
    addenda: Option<(String, Addenda)>,
}

impl Hashes {
    fn of(code_set: CodeSet, order: &[u8], addenda: Option<&[u8]>) -> Hashes {
        Hashes {
            code_set,
            order: sha256_hex(order),
            rows: rows_sha256(&OrderFile::parse(code_set, order.to_vec()).unwrap()),
            addenda: addenda.map(|bytes| {
                let parsed = parse_order_addenda(code_set, bytes).unwrap();
                (sha256_hex(bytes), parsed)
            }),
        }
    }

    fn evidence<'a>(&'a self, name: &'a str, archive: Option<&'a str>) -> Evidence<'a> {
        Evidence {
            code_set: self.code_set,
            order_sha256: Some(&self.order),
            rows_sha256: Some(&self.rows),
            addenda_sha256: self.addenda.as_ref().map(|(sha256, _)| sha256.as_str()),
            addenda: self.addenda.as_ref().map(|(_, parsed)| parsed),
            document_sha256: None,
            archive_sha256: None,
            name,
            archive_name: archive,
            shown: name,
        }
    }
}

fn on(today: &str) -> ImportOptions {
    ImportOptions::on(today.parse().unwrap())
}

/// Nothing stated and nothing stored.
fn dry(today: &str) -> ImportOptions {
    ImportOptions {
        dry_run: true,
        ..on(today)
    }
}

fn stating(release: &str, options: ImportOptions) -> ImportOptions {
    ImportOptions {
        release: Some(release.parse().unwrap()),
        ..options
    }
}

/// A temporary folder to put files in.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// Imports into a store.
fn into(store: &mut Store, paths: &[PathBuf], options: &ImportOptions) -> Result<ImportReport> {
    import(store, paths, options, &mut |_| {})
}

/// Imports into an empty store of its own.
fn alone(paths: &[PathBuf], options: &ImportOptions) -> Result<ImportReport> {
    into(&mut Store::in_memory().unwrap(), paths, options)
}

/// The releases of the order files that were taken.
fn order_files(report: &ImportReport) -> Vec<(CodeSet, String)> {
    let files = report.taken.iter();
    files
        .filter(|taken| taken.kind == ReleasePart::OrderFile)
        .map(|taken| (taken.code_set, taken.release.to_string()))
        .collect()
}

/// The releases of all files that were taken.
fn releases_of(report: &ImportReport) -> BTreeSet<String> {
    let files = report.taken.iter();
    files.map(|taken| taken.release.to_string()).collect()
}

fn stored(store: &Store) -> Vec<ReleaseId> {
    let releases = store.releases().unwrap();
    releases.iter().map(|stored| stored.release.id).collect()
}

/// What a failure says, with its hint.
fn said(error: &Error) -> String {
    format!("{error}\n{}", error.hint().unwrap_or_default())
}
