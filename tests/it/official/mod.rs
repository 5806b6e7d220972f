//! The full official files against figures that were computed from them with other code.
//!
//! The figures are read at run time from the folder `truth` beside the releases.

mod addenda;
mod answers;
mod archives;
mod around;
mod audit;
mod book;
mod claims;
mod conversion;
mod counts;
mod exports;
mod faults;
#[cfg(feature = "fetch")]
mod fetch;
mod fhir;
mod impact;
mod imports;
mod index;
mod kinds;
mod lineage;
mod notes;
mod pack;
mod pages;
mod pcs_index;
mod pcs_tables;
mod poa;
mod ranges;
mod report_lineage;
mod search_quality;
mod soundness;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use codeyear::answer::{self, VerifyOptions, VerifyReport};
use codeyear::ingest::{ImportOptions, ImportReport, import};
use codeyear::model::{CodeSet, ReleaseId};
use codeyear::store::Store;

use crate::world::{today, whole};

type Record = BTreeMap<String, String>;

/// The figures of one file of the folder `truth`.
fn truth(releases: &Path, name: &str) -> Vec<Record> {
    let path = releases.parent().unwrap().join("truth").join(name);
    let mut reader =
        csv::Reader::from_path(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let records: Vec<Record> = reader.deserialize().map(Result::unwrap).collect();
    assert!(!records.is_empty(), "{} is empty", path.display());
    records
}

fn number(record: &Record, column: &str) -> u64 {
    record[column].parse().unwrap()
}

fn id(text: &str) -> ReleaseId {
    text.parse().unwrap()
}

/// Shows a figure to whoever runs the test with `--nocapture`.
#[allow(clippy::print_stdout, reason = "the runner shows it on request only")]
fn say(text: &str) {
    println!("{text}");
}

fn release_zip(releases: &Path, code_set: CodeSet, release: &str) -> PathBuf {
    let set = code_set.id();
    let name = format!("{set}-{release}.zip");
    let before_force = releases.join("before-force").join(&name);
    match before_force.exists() {
        true => before_force,
        false => releases.join(set).join(name),
    }
}

fn import_all(store: &mut Store, paths: &[PathBuf], options: &ImportOptions) -> ImportReport {
    import(store, paths, options, &mut |_| {}).unwrap_or_else(|error| panic!("{error}"))
}

/// A database of its own with some releases of one code set, imported one after the other.
fn holding(releases: &Path, code_set: CodeSet, ids: &[&str]) -> Store {
    let mut store = Store::in_memory().unwrap();
    for release in ids {
        import_all(
            &mut store,
            &[release_zip(releases, code_set, release)],
            &whole(),
        );
    }
    store
}

/// The one database with every release of both code sets, made by the first test that asks.
///
/// It lies in the folder that cargo gives to tests. A test binary ends without a word to its statics,
/// so what an earlier run left there is removed first.
pub(crate) fn everything(releases: &Path) -> Store {
    Store::open(everything_at(releases)).unwrap()
}

/// The database of [`everything`].
pub(crate) fn everything_at(releases: &Path) -> &'static Path {
    static DATABASE: OnceLock<PathBuf> = OnceLock::new();
    DATABASE.get_or_init(|| {
        let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
        remove_old_folders(parent);
        let folder = tempfile::Builder::new()
            .prefix("official-")
            .tempdir_in(parent)
            .unwrap();
        let database = folder.keep().join("codeyear.db");
        let mut store = Store::open_or_create(&database).unwrap();
        let folders = [releases.join("icd10cm"), releases.join("icd10pcs")];
        import_all(&mut store, &folders, &whole());
        database
    })
}

/// The folders whose files a pack of the history has.
fn pack_folders(releases: &Path) -> Vec<PathBuf> {
    ["icd10cm", "icd10pcs", "before-force", "as-published"]
        .map(|name| releases.join(name))
        .to_vec()
}

/// The database that a released program makes of the pack in it: that of [`everything`], and what the pack has beside.
#[cfg(all(unix, feature = "fetch", feature = "parquet", feature = "serve"))]
pub(crate) fn released_at(releases: &Path) -> PathBuf {
    let database = everything_at(releases).with_file_name("released.db");
    Store::open(everything_at(releases))
        .unwrap()
        .back_up(&database, true, &mut |_, _| {})
        .unwrap();
    let mut store = Store::open(&database).unwrap();
    import_all(&mut store, &pack_folders(releases), &whole());
    database
}

fn remove_old_folders(parent: &Path) {
    for entry in std::fs::read_dir(parent).unwrap().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with("official-");
        let age = entry
            .metadata()
            .and_then(|data| data.modified())
            .map(|at| at.elapsed());
        // A younger one may be in use by another run.
        if is_ours && matches!(age, Ok(Ok(age)) if age.as_secs() > 3600) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// What `verify` says of one code set of that database, computed once.
fn verified(releases: &Path, code_set: CodeSet) -> VerifyReport {
    static REPORTS: Mutex<BTreeMap<CodeSet, VerifyReport>> = Mutex::new(BTreeMap::new());
    let store = everything(releases);
    let mut reports = REPORTS.lock().unwrap();
    reports
        .entry(code_set)
        .or_insert_with(|| {
            let options = VerifyOptions {
                code_set: Some(code_set),
                ..VerifyOptions::default()
            };
            answer::verify(&store, &options, today(), &mut |_, _| {}).unwrap()
        })
        .clone()
}
