//! A temporary folder with a database, and the program run in it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use codeyear::ingest::{ImportOptions, import_sample};
use codeyear::store::Store;

/// The name of the program's file.
pub const PROGRAM: &str = if cfg!(windows) {
    "codeyear.exe"
} else {
    "codeyear"
};

/// What a run of the program gave.
#[derive(Debug)]
pub struct Run {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A temporary folder, a database path in it, and the program.
pub struct World {
    folder: tempfile::TempDir,
}

impl World {
    /// A world without a database.
    pub fn empty() -> World {
        World {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A world whose database holds the bundled sample.
    pub fn with_sample() -> World {
        let world = World::empty();
        let mut store = Store::open_or_create(&world.database()).unwrap();
        import_sample(&mut store, today()).unwrap();
        world
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn database(&self) -> PathBuf {
        self.path("codeyear.db")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn store(&self) -> Store {
        Store::open(&self.database()).unwrap()
    }

    /// The program with this world's database, folder and an empty home, ready to run.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_codeyear"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear();
        set_home(&mut command, self.folder.path())
            .env("CODEYEAR_DB", self.database())
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Run {
        Run::from(self.command(args).output().unwrap())
    }
}

/// Sets the home of a program, by the variables of every system, and that without which none of Windows opens a socket.
pub fn set_home<'a>(command: &'a mut Command, home: &Path) -> &'a mut Command {
    command
        .env("HOME", home)
        .env("USERPROFILE", home)
        .env("LOCALAPPDATA", home.join(".local/share"))
        .envs(std::env::var_os("SystemRoot").map(|root| ("SystemRoot", root)))
}

impl From<Output> for Run {
    fn from(output: Output) -> Run {
        Run {
            exit: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Returns a path as this system shows one that it found in a folder.
pub fn shown(path: &str) -> String {
    path.replace('/', std::path::MAIN_SEPARATOR_STR)
}

/// The day on which tests import.
pub fn today() -> chrono::NaiveDate {
    "2026-03-01".parse().unwrap()
}

/// Nothing stated, on that day. The files that tests write are small: parts, taken on purpose.
pub fn options() -> ImportOptions {
    ImportOptions {
        allow_incomplete: true,
        ..ImportOptions::on(today())
    }
}

/// Nothing stated, on that day: whole releases alone are taken.
pub fn whole() -> ImportOptions {
    ImportOptions::on(today())
}

/// The folder with the full official releases: `CODEYEAR_RELEASES`, else `../shared/releases`. Says so
/// loudly when it is not there, because then the test proves nothing.
pub fn official_releases(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CODEYEAR_RELEASES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/releases"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    say_not_run(&format!(
        "{test} needs the official releases; name their folder with CODEYEAR_RELEASES (looked in {})",
        folder.display()
    ));
    None
}

/// Checks whether this is a system on which the test that runs proves something, and says so if it is not.
pub fn is_on(system: &str) -> bool {
    let is_here = match system {
        "Unix" => cfg!(unix),
        "Linux" => cfg!(target_os = "linux"),
        _ => panic!("no system {system}"),
    };
    if !is_here {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        say_not_run(&format!("{test} needs {system}"));
    }
    is_here
}

/// Says that something was not tested, past the test runner, which hides what a passing test prints.
pub fn say_not_run(why: &str) {
    let text = format!("\nNOT RUN: {why}\n");
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}
