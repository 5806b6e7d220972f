//! Killed, crowded, out of space, without permission: the old state or the new one, never a third.

mod backups;
mod concurrency;
mod disks;
mod files;
mod kills;
mod listeners;
mod permissions;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use codeyear::ErrorKind;
use codeyear::ingest::{ImportOptions, import};
use codeyear::store::Store;

use crate::world::{PROGRAM, Run, World, is_on, options, say_not_run, shown};

// ---------------------------------------------------------------------------------------------
// Releases made of the sample's rows.

/// The rows of a file of the sample, but for some last ones, so that no one knows the bytes.
pub(crate) fn made_up(path: &str, dropped: usize) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("releases/sample");
    let text = fs::read_to_string(folder.join(path)).unwrap();
    let rows: Vec<&str> = text.split_inclusive('\n').collect();
    rows[..rows.len() - dropped].concat().into_bytes()
}

/// Made-up releases of several years, each with other rows.
pub(crate) const YEARS: [(&str, &str); 6] = [
    ("FY2030", "icd10cm/FY2016/icd10cm_order_2016.txt"),
    ("FY2031", "icd10cm/FY2020/icd10cm_order_2020.txt"),
    ("FY2032", "icd10cm/FY2022/icd10cm_order_2022.txt"),
    ("FY2033", "icd10cm/FY2024/icd10cm-order-2024.txt"),
    ("FY2034", "icd10cm/FY2025/icd10cm_order_2025.txt"),
    ("FY2035", "icd10cm/FY2026/icd10cm_order_2026.txt"),
];

/// Writes the made-up releases as files whose names tell them.
pub(crate) fn write_years(world: &World, years: &[(&str, &str)]) -> Vec<PathBuf> {
    years
        .iter()
        .map(|(id, path)| world.write(&format!("in/icd10cm-{id}.txt"), made_up(path, 1)))
        .collect()
}

pub(crate) fn import_paths(database: &Path, paths: &[PathBuf]) {
    let mut store = Store::open_or_create(database).unwrap();
    import(&mut store, paths, &options(), &mut |_| {}).unwrap();
}

pub(crate) fn hash(database: &Path) -> String {
    Store::open(database).unwrap().content_hash().unwrap()
}

/// The content hash, or nothing if there is no database or no release in it.
fn state(database: &Path) -> Option<String> {
    match Store::open(database) {
        Ok(store) => Some(store.content_hash().unwrap()),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
            None
        }
    }
}

fn beside(database: &Path, end: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(end);
    PathBuf::from(path)
}

/// What lies in the database's folder beside it.
fn leftovers(database: &Path) -> Vec<PathBuf> {
    ["-wal", "-shm", "-journal"]
        .iter()
        .map(|end| beside(database, end))
        .filter(|path| path.exists())
        .collect()
}

fn assert_refused(run: &Run, parts: &[&str]) {
    assert_eq!(run.exit, 2, "{run:?}");
    for part in parts {
        // A path that was named is shown as it was written.
        let is_said = run.stderr.contains(part) || run.stderr.contains(&shown(part));
        assert!(is_said, "expected {part:?} in {run:?}");
    }
    assert!(
        run.stderr.contains("\nhint: "),
        "expected a hint in {run:?}"
    );
    assert!(!run.stderr.contains("defect of codeyear"), "{run:?}");
}

fn spawn(world: &World, args: &[&str]) -> Child {
    world
        .command(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn end(child: Child) -> Run {
    Run::from(child.wait_with_output().unwrap())
}

pub(crate) fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n")
}

// ---------------------------------------------------------------------------------------------
// Without permission.

/// A copy of a world's database in a folder where the program runs as a user without rights.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
    program: PathBuf,
    as_root: bool,
}

impl Sandbox {
    /// Neither the folder nor the files in it may be written.
    pub(crate) fn read_only(world: &World) -> Option<Sandbox> {
        Sandbox::with_modes(world, "555", "444")
    }

    fn with_modes(world: &World, folder_mode: &str, file_mode: &str) -> Option<Sandbox> {
        // Permissions are those of Unix here.
        if !is_on("Unix") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        chmod(folder.path(), "755");
        let program = folder.path().join(PROGRAM);
        fs::hard_link(env!("CARGO_BIN_EXE_codeyear"), &program)
            .or_else(|_| fs::copy(env!("CARGO_BIN_EXE_codeyear"), &program).map(drop))
            .unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        for end in ["", "-wal", "-shm"] {
            let from = beside(&world.database(), end);
            let to = beside(&data.join("codeyear.db"), end);
            if from.exists() {
                fs::copy(from, &to).unwrap();
                chmod(&to, file_mode);
            }
        }
        let open = folder.path().join("open");
        fs::create_dir(&open).unwrap();
        chmod(&open, "777");
        for (id, path) in YEARS {
            let file = open.join(format!("icd10cm-{id}.txt"));
            fs::write(&file, made_up(path, 1)).unwrap();
            chmod(&file, "644");
        }
        chmod(&data, folder_mode);
        let sandbox = Sandbox {
            folder,
            program,
            as_root: is_root(),
        };
        let works = sandbox
            .command(&["--version"])
            .output()
            .is_ok_and(|output| output.status.success());
        if !works {
            say_not_run("no other user can be become here");
        }
        works.then_some(sandbox)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("data/codeyear.db")
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = if self.as_root {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
                .arg(&self.program);
            command
        } else {
            Command::new(&self.program)
        };
        command
            .args(args)
            .current_dir(self.folder.path().join("open"))
            .env("HOME", self.folder.path().join("open"))
            .env("CODEYEAR_DB", self.database())
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Run {
        Run::from(self.command(args).output().unwrap())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // So that the folder can be removed.
        chmod(&self.folder.path().join("data"), "755");
    }
}

pub(crate) fn chmod(path: &Path, mode: &str) {
    let status = Command::new("chmod").arg(mode).arg(path).status().unwrap();
    assert!(status.success());
}

pub(crate) fn world_with_one_year() -> World {
    let world = World::empty();
    let paths = write_years(&world, &YEARS[..1]);
    import_paths(&world.database(), &paths);
    world
}

#[test]
fn import_options_of_the_library_are_those_of_the_program() {
    // The hashes above compare the two ways of importing: both must give the same.
    let world = World::empty();
    let paths = write_years(&world, &YEARS[..2]);
    let run = world.run(&["import", "--allow-incomplete", "in"]);
    assert_eq!(run.exit, 0, "{run:?}");
    let library = World::empty();
    let mut store = Store::open_or_create(&library.database()).unwrap();
    let options = ImportOptions {
        allow_incomplete: true,
        ..ImportOptions::on("2031-01-01".parse().unwrap())
    };
    import(&mut store, &paths, &options, &mut |_| {}).unwrap();
    assert_eq!(store.content_hash().unwrap(), hash(&world.database()));
}
