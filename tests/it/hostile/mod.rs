//! What is broken, made up or meant to harm: refused with its place and a hint, and the database as it was.

mod addenda;
mod archives;
mod claims_fhir;
mod claims_x12;
mod conflicts;
mod documents;
mod impact;
mod order_files;
mod paths;
mod patient_data;
mod pcs_index;
mod questions;
mod reports;
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use codeyear::ingest::{ImportOptions, import};
use codeyear::store::Store;

use crate::world::{Run, World, options, shown};

/// No command here may take longer: what hangs is a failure, not a wait.
const PATIENCE: Duration = Duration::from_secs(30);

// ---------------------------------------------------------------------------------------------
// Files made of the sample's rows.

fn sample(path: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("releases/sample");
    fs::read(folder.join(path)).unwrap()
}

fn sample_text(path: &str) -> String {
    String::from_utf8(sample(path)).unwrap()
}

/// Rows of an order file, without their ends.
fn rows_of(path: &str) -> Vec<String> {
    sample_text(path).lines().map(str::to_owned).collect()
}

/// The rows of the sample's FY2026 but for the last one, so that no one knows these bytes.
fn rows() -> Vec<String> {
    let mut rows = rows_of("icd10cm/FY2026/icd10cm_order_2026.txt");
    rows.pop();
    rows
}

/// The rows of another made-up release: fewer.
fn fewer_rows() -> Vec<String> {
    let mut rows = rows();
    rows.truncate(rows.len() - 5);
    rows
}

/// Rows numbered anew, each with an end.
fn file(rows: &[String], end: &str) -> Vec<u8> {
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        text.push_str(&format!("{:05}{}{end}", index + 1, &row[5..]));
    }
    text.into_bytes()
}

fn order_file() -> Vec<u8> {
    file(&rows(), "\r\n")
}

fn other_order_file() -> Vec<u8> {
    file(&fewer_rows(), "\r\n")
}

/// The order file with the bytes of one line made otherwise.
fn with_bytes(number: usize, column: usize, byte: u8) -> Vec<u8> {
    let mut bytes = order_file();
    let start: usize = bytes
        .split_inclusive(|b| *b == b'\n')
        .take(number - 1)
        .map(<[u8]>::len)
        .sum();
    bytes[start + column - 1] = byte;
    bytes
}

fn addenda() -> String {
    sample_text("icd10cm/FY2026/icd10cm_order_addenda_2026.txt")
}

// ---------------------------------------------------------------------------------------------
// Running.

/// Runs a command; one that hangs is ended and fails the test.
fn run_patiently(command: &mut Command) -> Run {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let out = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut out, &mut bytes).unwrap();
        bytes
    });
    let err = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut err, &mut bytes).unwrap();
        bytes
    });
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the program hangs: {command:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Run {
        exit: status.code().unwrap_or(-1),
        stdout: String::from_utf8(out.join().unwrap()).unwrap(),
        stderr: String::from_utf8(err.join().unwrap()).unwrap(),
    }
}

/// A database with one made-up release, FY2030.
fn database_with_fy2030() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let world = World::empty();
        let path = world.write("order.txt", order_file());
        let mut store = Store::open_or_create(&world.database()).unwrap();
        let options = ImportOptions {
            release: Some("FY2030".parse().unwrap()),
            ..options()
        };
        import(&mut store, &[path], &options, &mut |_| {}).unwrap();
        drop(store);
        fs::read(world.database()).unwrap()
    })
}

/// A world whose database holds that release.
fn world() -> World {
    let world = World::empty();
    world.write("codeyear.db", database_with_fy2030());
    world
}

/// What lies beside the database.
fn leftovers(world: &World) -> Vec<PathBuf> {
    fs::read_dir(world.folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.ends_with("-wal")
                || name.ends_with("-shm")
                || name.ends_with("-journal")
                || name.ends_with(".part")
        })
        .collect()
}

/// Checks that a run was refused as an error is: exit code 2, nothing on stdout, each part and a hint on
/// stderr, in words of one line each.
fn assert_refused(run: &Run, parts: &[&str]) {
    assert_eq!(run.exit, 2, "{run:?}");
    assert_eq!(run.stdout, "", "stdout is data: {run:?}");
    assert!(run.stderr.starts_with("error: "), "{run:?}");
    for part in parts {
        // A path that was named is shown as it was written.
        let is_said = run.stderr.contains(part) || run.stderr.contains(&shown(part));
        assert!(is_said, "expected {part:?} in {run:?}");
    }
    assert!(
        run.stderr.lines().any(|line| line.starts_with("hint: ")),
        "expected a hint in {run:?}"
    );
    for word in ["defect of codeyear", "UNIQUE", "constraint", "SQL logic"] {
        assert!(!run.stderr.contains(word), "{run:?}");
    }
    assert!(
        run.stderr.len() < 2000,
        "an error is short: {}",
        run.stderr.len()
    );
    assert!(
        !run.stderr.chars().any(|c| c.is_control() && c != '\n'),
        "control characters in {run:?}"
    );
}

/// Runs an import of parts, all or nothing, that must be refused, in a world with a release and in one without a
/// database.
fn refused_in(files: &[(&str, &[u8])], args: &[&str], parts: &[&str]) {
    let mut all = vec!["--strict", "--allow-incomplete"];
    all.extend(args);
    refused_as_stated(files, &all, parts);
}

/// Runs an import that must be refused, with nothing but these arguments.
fn refused_as_stated(files: &[(&str, &[u8])], args: &[&str], parts: &[&str]) {
    let with = world();
    let without = World::empty();
    for world in [&with, &without] {
        for (name, bytes) in files {
            world.write(name, bytes);
        }
        let mut all = vec!["import"];
        all.extend(args);
        assert_refused(&run_patiently(&mut world.command(&all)), parts);
        assert_eq!(leftovers(world), Vec::<PathBuf>::new());
    }
    assert!(
        fs::read(with.database()).unwrap() == database_with_fy2030(),
        "the database was touched"
    );
    assert!(holds_nothing(&without), "the database was made");
}

/// Tells whether a world has no database, or one without a release, in which case it says so.
fn holds_nothing(world: &World) -> bool {
    if !world.database().exists() {
        return true;
    }
    world.run(&["check", "A00"]).stderr.contains("import")
        && Store::open(&world.database()).map_or(true, |store| store.releases().unwrap().is_empty())
}

/// Imports one file as FY2031, which must be refused.
fn refused(bytes: &[u8], parts: &[&str]) {
    let mut all = vec!["icd10cm_order_2031.txt"];
    all.extend(parts);
    refused_in(
        &[("icd10cm_order_2031.txt", bytes)],
        &["icd10cm_order_2031.txt", "--release", "FY2031"],
        &all,
    );
}

/// Runs an import that must be taken.
fn taken(world: &World, args: &[&str]) -> Run {
    let mut all = vec!["import", "--allow-incomplete"];
    all.extend(args);
    let run = run_patiently(&mut world.command(&all));
    assert_eq!(run.exit, 0, "{run:?}");
    run
}
