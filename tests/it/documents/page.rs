//! The folder in which the commands of a page run, and its servers.
//!
//! Every command is a shell of its own, `sh -c`, in one folder for the page: files and databases stay from one command
//! to the next, variables and `cd` do not. A command sees `codeyear` on its path with [`TODAY`] as the day, a home that
//! is empty but for the database, no colours, English, and no way to other machines.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::blocks::Data;
use super::root;

/// The day on which the documents are read, so that no output depends on the clock.
pub(super) const TODAY: &str = "2026-12-01";

/// A command that takes longer waits for something that never comes.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Releases in the layout of the publishers, for the examples of `import`.
const DOWNLOADS: [&str; 2] = ["icd10cm/FY2025-04", "icd10cm/FY2026"];

/// The exit code of a command, and what it wrote to a terminal: output and errors in their order.
pub(super) struct Ran {
    pub exit: Option<i32>,
    pub output: String,
}

/// The databases that a page copies for itself.
#[derive(Clone, Copy)]
pub(super) struct Databases<'a> {
    pub sample: &'a Path,
    /// The one with every release, if the official files are there.
    pub full: Option<&'a Path>,
}

/// What a page has at hand.
pub(super) struct Page<'a> {
    folder: tempfile::TempDir,
    databases: Databases<'a>,
    homes: BTreeMap<Data, PathBuf>,
    /// The ports that the page names, each with the one that is free here.
    ports: BTreeMap<u16, u16>,
    servers: BTreeMap<u16, Child>,
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        for server in self.servers.values_mut() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

impl<'a> Page<'a> {
    pub(super) fn new(databases: Databases<'a>) -> Page<'a> {
        let folder = tempfile::tempdir().unwrap();
        let work = folder.path().join("work");
        fs::create_dir_all(&work).unwrap();
        copy_folder(&root().join("tests/fixtures/documents"), &work);
        for release in DOWNLOADS {
            let name = release.rsplit('/').next().unwrap();
            let into = work.join("downloads").join(name);
            copy_folder(&root().join("releases/sample").join(release), &into);
        }
        let bin = folder.path().join("bin");
        fs::create_dir_all(&bin).unwrap();
        let program = bin.join("codeyear");
        let script = format!(
            "#!/bin/sh\ncase \" $* \" in *' --today '*) exec '{0}' \"$@\" ;; esac\nexec '{0}' --today {TODAY} \"$@\"\n",
            env!("CARGO_BIN_EXE_codeyear")
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Page {
            folder,
            databases,
            homes: BTreeMap::new(),
            ports: BTreeMap::new(),
            servers: BTreeMap::new(),
        }
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Returns the database of the data; `None` if the data is not there.
    pub(super) fn database(&mut self, data: Data) -> Option<PathBuf> {
        Some(self.home(data)?.join(".local/share/codeyear/codeyear.db"))
    }

    /// Returns the home with the data, which is made when it is first asked for.
    fn home(&mut self, data: Data) -> Option<PathBuf> {
        if let Some(home) = self.homes.get(&data) {
            return Some(home.clone());
        }
        let source = match data {
            Data::Sample => Some(self.databases.sample),
            Data::Full => Some(self.databases.full?),
            Data::Empty => None,
        };
        let home = self.folder.path().join(format!("{data:?}"));
        let folder = home.join(".local/share/codeyear");
        fs::create_dir_all(&home).unwrap();
        if let Some(source) = source {
            fs::create_dir_all(&folder).unwrap();
            fs::copy(source, folder.join("codeyear.db")).unwrap();
        }
        self.homes.insert(data, home.clone());
        Some(home)
    }

    fn shell(&mut self, data: Data, command: &str) -> Command {
        let home = self.home(data).unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let bin = self.folder.path().join("bin");
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .current_dir(self.folder())
            .env_clear()
            .env("PATH", format!("{}:{path}", bin.display()))
            .env("XDG_DATA_HOME", home.join(".local/share"))
            .env("HOME", home)
            .envs([("LC_ALL", "C.UTF-8"), ("TZ", "UTC"), ("COLUMNS", "100")])
            .envs([
                ("NO_COLOR", "1"),
                ("TERM", "dumb"),
                ("PYTHONDONTWRITEBYTECODE", "1"),
            ])
            // Nobody listens there.
            .envs([
                ("https_proxy", "http://127.0.0.1:9"),
                ("no_proxy", "127.0.0.1,localhost"),
            ])
            .stdin(Stdio::null());
        shell
    }

    /// Runs a command on the data; a server keeps running until the page ends or another takes its port.
    pub(super) fn run(&mut self, data: Data, command: &str) -> Ran {
        let command = self.with_free_ports(command);
        let ran = match served_port(&command) {
            Some(_) => self.serve(data, &command),
            None => {
                let path = self.folder.path().join("output");
                let mut child = self.start(data, &command, &path);
                let exit = wait(&mut child);
                Ran {
                    exit,
                    output: read_lossy(&path),
                }
            }
        };
        Ran {
            output: self.as_documented(&ran.output, data),
            ..ran
        }
    }

    fn start(&mut self, data: Data, command: &str, output: &Path) -> Child {
        let file = File::create(output).unwrap();
        let errors = file.try_clone().unwrap();
        let mut shell = self.shell(data, command);
        shell.stdout(file).stderr(errors).spawn().unwrap()
    }

    fn serve(&mut self, data: Data, command: &str) -> Ran {
        let call = command.split(" #").next().unwrap().trim();
        let call = call.trim_end_matches(['&', ' ']);
        let port = served_port(command).unwrap();
        if let Some(mut earlier) = self.servers.remove(&port) {
            earlier.kill().unwrap();
            earlier.wait().unwrap();
        }
        let path = self.folder.path().join(format!("server-{port}"));
        let mut server = self.start(data, &format!("exec {call}"), &path);
        let begun = Instant::now();
        while begun.elapsed() < TIME_LIMIT {
            if let Some(status) = server.try_wait().unwrap() {
                return Ran {
                    exit: status.code(),
                    output: read_lossy(&path),
                };
            }
            if read_lossy(&path).contains("http://") {
                self.servers.insert(port, server);
                return Ran {
                    exit: Some(0),
                    output: read_lossy(&path),
                };
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = server.kill();
        let _ = server.wait();
        Ran {
            exit: None,
            output: read_lossy(&path),
        }
    }

    /// Returns the command with a free port for each that it names, and for the one that `serve` takes unasked.
    fn with_free_ports(&mut self, command: &str) -> String {
        let mut command = command.to_owned();
        if is_serve(&command) && !command.contains("--listen") {
            command = command.replacen(" serve", " serve --listen 127.0.0.1:8470", 1);
        }
        for host in ["127.0.0.1:", "localhost:"] {
            let mut mapped = String::new();
            for (index, part) in command.split(host).enumerate() {
                let digits =
                    part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
                let (port, rest) = part.split_at(digits);
                match port.parse::<u16>() {
                    Ok(port) if index > 0 => {
                        let free = self.ports.entry(port).or_insert_with(free_port);
                        mapped.push_str(&format!("{host}{free}{rest}"));
                    }
                    _ if index > 0 => mapped.push_str(&format!("{host}{part}")),
                    _ => mapped.push_str(part),
                }
            }
            command = mapped;
        }
        command
    }

    /// Returns an output as the page shows it: with its ports, and `~` for the home.
    fn as_documented(&mut self, output: &str, data: Data) -> String {
        let home = self.home(data).unwrap();
        let mut output = output
            .replace(home.to_str().unwrap(), "~")
            .replace(self.folder().to_str().unwrap(), "~/work");
        for (port, free) in &self.ports {
            output = output.replace(&format!(":{free}"), &format!(":{port}"));
        }
        output
    }

    /// Returns the first program of a command that is not on this machine.
    pub(super) fn missing_program(&mut self, command: &str) -> Option<String> {
        programs(command).into_iter().find(|program| {
            let asked = format!("command -v -- '{program}'");
            let mut shell = self.shell(Data::Empty, &asked);
            let shell = shell.stdout(Stdio::null()).stderr(Stdio::null());
            !shell.status().unwrap().success()
        })
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy_folder(&entry.path(), &to),
            false => {
                fs::copy(entry.path(), to).unwrap();
            }
        }
    }
}

fn read_lossy(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

/// Returns the exit code, or `None` of a command that did not end in time or was ended by a signal.
fn wait(child: &mut Child) -> Option<i32> {
    let begun = Instant::now();
    while begun.elapsed() < TIME_LIMIT {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn is_serve(command: &str) -> bool {
    let call = command.split(" #").next().unwrap_or_default();
    let mut words = call.split_whitespace();
    words.next() == Some("codeyear")
        && words.any(|word| word == "serve")
        && !call.contains("--help")
}

/// Returns the port on which a command begins to listen.
fn served_port(command: &str) -> Option<u16> {
    let (_, listen) = command
        .split_once("--listen")
        .filter(|_| is_serve(command))?;
    let address = listen.trim_start_matches(['=', ' ']).split(' ').next()?;
    address.rsplit(':').next()?.parse().ok()
}

/// Returns the programs that a command line calls: the first word of each part between pipes and the like.
fn programs(command: &str) -> BTreeSet<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        let last = parts.last_mut().unwrap();
        match (quote, c) {
            (None, '#') if last.is_empty() || last.ends_with(' ') => break,
            (None, '|' | '&' | ';' | '(' | ')') if !last.ends_with('>') => {
                parts.push(String::new())
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => last.push('_'),
            (None, c) => last.push(c),
        }
    }
    let first_word = |part: String| {
        let mut words = part.split_whitespace().filter(|word| !word.contains('='));
        words
            .next()
            .map(|word| word.trim_start_matches('$').to_owned())
    };
    parts.into_iter().filter_map(first_word).collect()
}

/// Returns the modules that a Python text imports and that python3 does not have; all of them without python3.
pub(super) fn missing_modules(text: &str) -> Vec<String> {
    static KNOWN: std::sync::Mutex<BTreeMap<String, bool>> = std::sync::Mutex::new(BTreeMap::new());
    let imports = text.lines().filter_map(|line| {
        let rest = line
            .strip_prefix("import ")
            .or_else(|| line.strip_prefix("from "))?;
        rest.split([' ', ',', '.']).next().map(str::to_owned)
    });
    let mut known = KNOWN.lock().unwrap();
    imports
        .filter(|module| {
            let is_there = known.entry(module.clone()).or_insert_with(|| {
                let mut python = Command::new("python3");
                let python = python.args(["-c", &format!("import {module}")]);
                let python = python.stdout(Stdio::null()).stderr(Stdio::null());
                python.status().is_ok_and(|status| status.success())
            });
            !*is_there
        })
        .collect()
}

#[test]
fn the_programs_of_a_command_are_the_first_words_of_its_parts() {
    let found = programs("A=1 codeyear check 'a | b' 2>&1 | head -3 && jq . # | no");
    assert_eq!(found, ["codeyear", "head", "jq"].map(str::to_owned).into());
}

#[test]
fn a_server_is_known_by_its_verb_and_its_port() {
    let mut page = Page::new(Databases {
        sample: Path::new(""),
        full: None,
    });
    let unasked = page.with_free_ports("codeyear serve &  # http://127.0.0.1:8470");
    let free = page.ports[&8470];
    assert_eq!(served_port(&unasked), Some(free));
    assert_eq!(served_port("codeyear check serve-like"), None);
    let asked = page.with_free_ports("curl -s http://127.0.0.1:8470/api");
    assert_eq!(asked, format!("curl -s http://127.0.0.1:{free}/api"));
}
