//! The command line: one verb a file, an `Args` struct and a short function each.
//!
//! A verb reads its arguments, asks the library for a value and presents it. stdout is data, stderr
//! talks; the exit code is 0 if all is valid or done, 1 if something is not valid or not sound, 2 if
//! it could not be told or the request was wrong.

mod audit;
mod backup;
mod check;
mod demo;
mod diff;
mod export;
#[cfg(feature = "fetch")]
mod fetch;
mod first;
mod history;
mod import;
mod init;
mod official;
mod pack;
mod releases;
mod remove;
mod search;
#[cfg(feature = "serve")]
mod serve;
mod shell;
mod show;
mod status;
mod verify;

use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::builder::{OsStringValueParser, PossibleValue, StringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use etcetera::BaseStrategy;
use indicatif::{ProgressBar, ProgressStyle};

use crate::error::{Error, ErrorKind, Result};
use crate::model::CodeSet;
use crate::present::Style;
use crate::store::Store;

/// Every release of the US medical code sets in one file: what a code meant on a date, and what changed
/// between releases
#[derive(Debug, Parser)]
#[command(
    name = "codeyear",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(
    after_help = "Exit codes: 0 all valid or done, 1 something is not valid or not sound, 2 could not tell or wrong usage"
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb takes.
#[derive(Debug, Args)]
struct Global {
    /// Use this database file [default: codeyear/codeyear.db in your data folder]
    #[arg(long, global = true, env = "CODEYEAR_DB", value_name = "FILE", value_parser = path())]
    db: Option<PathBuf>,
    /// Take the official files from this pack [default: the one in this program, beside it or in your data folder]
    #[arg(long, global = true, env = "CODEYEAR_PACK", value_name = "FILE", value_parser = path())]
    pack: Option<PathBuf>,
    /// Take this date for today, in tests and in reports that are to be made again
    #[arg(long, global = true, value_name = "DATE", value_parser = parse_date)]
    today: Option<NaiveDate>,
    /// Colour the output
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColourChoice,
    /// Write codes without dots (text and Markdown; CSV and JSON give both)
    #[arg(long, global = true)]
    no_dots: bool,
}

impl Global {
    /// Returns the database that is named, if one is.
    fn database(&self) -> Option<&Path> {
        self.db
            .as_deref()
            .filter(|path| !path.as_os_str().is_empty())
    }

    /// Returns the pack that is named, if one is.
    fn pack(&self) -> Option<&Path> {
        self.pack
            .as_deref()
            .filter(|path| !path.as_os_str().is_empty())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ColourChoice {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Verb {
    #[cfg(feature = "fetch")]
    Fetch(fetch::FetchArgs),
    Init(init::InitArgs),
    Import(import::ImportArgs),
    Remove(remove::RemoveArgs),
    Releases(releases::ReleasesArgs),
    Status(status::StatusArgs),
    Check(check::CheckArgs),
    History(history::HistoryArgs),
    Show(show::ShowArgs),
    Compare(show::CompareArgs),
    Search(search::SearchArgs),
    Diff(diff::DiffArgs),
    Audit(audit::AuditArgs),
    Export(export::ExportArgs),
    #[cfg(feature = "serve")]
    Serve(serve::ServeArgs),
    Verify(verify::VerifyArgs),
    Backup(backup::BackupArgs),
    Demo(demo::DemoArgs),
    Pack(pack::PackArgs),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
}

/// Reads a path, which may be empty: a variable that is set to nothing names nothing.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// How a verb ended, as its exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Exit code 0.
    Good,
    /// Exit code 1: something is not valid or not sound.
    Bad,
    /// Exit code 2: it could not be told.
    Undetermined,
}

impl Outcome {
    /// Returns the exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Outcome::Good => 0,
            Outcome::Bad => 1,
            Outcome::Undetermined => 2,
        }
    }
}

/// What a verb has at hand: its output, and the day.
struct Context<'a> {
    global: &'a Global,
    out: &'a mut (dyn Write + Send),
    err: &'a mut dyn Write,
    out_is_terminal: bool,
    today: NaiveDate,
}

impl Context<'_> {
    fn style(&self) -> Style {
        let colour = match self.global.color {
            ColourChoice::Always => true,
            ColourChoice::Never => false,
            ColourChoice::Auto => {
                self.out_is_terminal
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        Style {
            dots: !self.global.no_dots,
            colour,
            whole_lists: false,
        }
    }

    fn database(&self) -> Result<PathBuf> {
        match self.global.database() {
            Some(path) => Ok(path.to_path_buf()),
            None => default_database(),
        }
    }

    /// Opens the database for an answer, which rests on one state of it whatever is imported meanwhile. Where
    /// there is none yet it is built from the pack.
    fn store(&mut self) -> Result<Store> {
        let store = first::open(self)?;
        store.pin()?;
        Ok(store)
    }

    /// Opens the database that is there, in one state of it.
    fn existing_store(&self) -> Result<Store> {
        let store = self.unpinned_store()?;
        store.pin()?;
        Ok(store)
    }

    /// Opens the database for an answer that does not need one: where there is none yet, and no pack to build it
    /// from, the catalogue is all there is to show.
    fn store_if_any(&mut self) -> Result<Option<Store>> {
        if_any(self.store())
    }

    /// Opens the database if there is one with a release in it.
    fn existing_store_if_any(&self) -> Result<Option<Store>> {
        if_any(self.existing_store())
    }

    /// Writes that there is no release yet, and how to get one.
    fn say_nothing_loaded(&mut self) -> Result<()> {
        let database = self.database()?;
        self.say(&format!(
            "No release is loaded yet in {}: codeyear init brings the official history, codeyear import PATH... what you have\n",
            database.display()
        ))
    }

    /// Folds the write-ahead log into the one file. Else whoever copies that file while a server has it open copies
    /// it without what was just written.
    fn fold_log(&mut self, store: &Store) {
        if !store.fold_log() {
            let database = store.path().display().to_string();
            // It is written whether anyone listens or not.
            let _ = self.say(&format!(
                "note: a reader keeps an older state, so what was written is still in {database}-wal beside the database; copy it with codeyear backup\n"
            ));
        }
    }

    /// Opens the database that is there; each question sees its newest state.
    fn unpinned_store(&self) -> Result<Store> {
        Store::open(&self.database()?).map_err(|error| match self.global.database() {
            Some(_) if error.kind() == ErrorKind::NotFound => first::missing_named(error),
            _ => error,
        })
    }

    /// Writes data.
    fn print(&mut self, text: &str) -> Result<()> {
        write_all(self.out, text.as_bytes())
    }

    /// Writes data that may be no text.
    fn print_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        write_all(self.out, bytes)
    }

    /// Writes talk.
    fn say(&mut self, text: &str) -> Result<()> {
        write_all(self.err, text.as_bytes())
    }
}

/// Writes an answer. A reader that has gone away has seen enough: the exit code still tells the outcome.
fn write_all(out: &mut dyn Write, bytes: &[u8]) -> Result<()> {
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(unwritable_output),
    }
}

/// Returns a progress bar on stderr by a template, hidden where that is no terminal. Without a length it counts only.
fn progress_bar(length: Option<u64>, template: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = match length {
        Some(length) => ProgressBar::new(length),
        None => ProgressBar::no_length(),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn unwritable_output(error: std::io::Error) -> Error {
    Error::io(format!("cannot write the output: {error}"))
        .with_hint("check where the output goes, and try again")
        .caused_by(error)
}

fn default_database() -> Result<PathBuf> {
    etcetera::choose_base_strategy()
        .map(|strategy| strategy.data_dir().join("codeyear").join("codeyear.db"))
        .map_err(|error| {
            Error::usage(format!("your data folder cannot be told: {error}"))
                .with_hint("name a database with --db or CODEYEAR_DB")
        })
}

/// Runs the program on parsed arguments.
pub fn run(cli: &Cli) -> std::process::ExitCode {
    let stdout = std::io::stdout();
    let stderr = std::io::stderr();
    let out_is_terminal = stdout.is_terminal();
    // On consoles that know no ANSI the marks are translated or dropped.
    let mut out = anstream::AutoStream::new(stdout, anstream::ColorChoice::AlwaysAnsi);
    let mut err = anstream::AutoStream::auto(stderr);
    let mut context = Context {
        global: &cli.global,
        out: &mut out,
        err: &mut err,
        out_is_terminal,
        today: cli.global.today.unwrap_or_else(today),
    };
    match run_verb(&cli.verb, &mut context) {
        Ok(outcome) => std::process::ExitCode::from(outcome.exit_code()),
        Err(error) if is_broken_pipe(&error) => {
            std::process::ExitCode::from(Outcome::Undetermined.exit_code())
        }
        Err(error) => {
            let red = anstyle::AnsiColor::Red.on_default().bold();
            let cyan = anstyle::AnsiColor::Cyan.on_default().bold();
            let mut text = format!("{red}error:{red:#} {error}\n");
            if let Some(hint) = error.hint() {
                text.push_str(&format!("{cyan}hint:{cyan:#} {hint}\n"));
            }
            // Nobody is left to tell if stderr is closed.
            let _ = context.say(&text);
            std::process::ExitCode::from(Outcome::Undetermined.exit_code())
        }
    }
}

/// Returns the day of today where this machine stands. `Local::now` panics on a clock before 1970.
fn today() -> NaiveDate {
    day_of(std::time::SystemTime::now())
}

/// Returns the local day of a time. A time beyond all calendars is taken for 1970-01-01.
fn day_of(time: std::time::SystemTime) -> NaiveDate {
    use chrono::{DateTime, Days, Local};
    use std::time::UNIX_EPOCH;
    let seconds = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).ok(),
        // Up to a second earlier than it is, never later.
        Err(before) => i64::try_from(before.duration().as_secs())
            .ok()
            .map(|seconds| -seconds - 1),
    };
    let utc = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    // At the ends of the calendar the local time may lie beyond it.
    let within = utc.filter(|utc| {
        let day = utc.date_naive();
        day.checked_sub_days(Days::new(2)).is_some() && day.checked_add_days(Days::new(2)).is_some()
    });
    within.map_or(NaiveDate::default(), |utc| {
        utc.with_timezone(&Local).date_naive()
    })
}

/// Returns a store that could be opened, and `None` for one that is not there or empty.
fn if_any(opened: Result<Store>) -> Result<Option<Store>> {
    match opened {
        Ok(store) => Ok(Some(store)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Recognises data whose reader went away before its end (`codeyear export spans -o - | head`): it is not
/// whole, which the exit code says, and nobody is left to read a message.
fn is_broken_pipe(error: &Error) -> bool {
    std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<std::io::Error>())
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

fn run_verb(verb: &Verb, context: &mut Context<'_>) -> Result<Outcome> {
    match verb {
        #[cfg(feature = "fetch")]
        Verb::Fetch(args) => fetch::run(args, context),
        Verb::Init(args) => init::run(args, context),
        Verb::Import(args) => import::run(args, context),
        Verb::Remove(args) => remove::run(args, context),
        Verb::Releases(args) => releases::run(args, context),
        Verb::Status(args) => status::run(args, context),
        Verb::Check(args) => check::run(args, context),
        Verb::History(args) => history::run(args, context),
        Verb::Show(args) => show::show(args, context),
        Verb::Compare(args) => show::compare(args, context),
        Verb::Search(args) => search::run(args, context),
        Verb::Diff(args) => diff::run(args, context),
        Verb::Audit(args) => audit::run(args, context),
        Verb::Export(args) => export::run(args, context),
        #[cfg(feature = "serve")]
        Verb::Serve(args) => serve::run(args, context),
        Verb::Verify(args) => verify::run(args, context),
        Verb::Backup(args) => backup::run(args, context),
        Verb::Demo(args) => demo::run(args, context),
        Verb::Pack(args) => pack::run(args, context),
        Verb::Completions(args) => shell::completions(args, context),
        Verb::Man(args) => shell::man(args, context),
    }
}

/// Text or JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Reads a code set in any of its spellings, and names all of them in the help.
#[derive(Debug, Clone)]
struct CodeSetParser;

impl TypedValueParser for CodeSetParser {
    type Value = CodeSet;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<CodeSet, clap::Error> {
        let read = StringValueParser::new().try_map(|text| text.parse::<CodeSet>());
        read.parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let ids = CodeSet::ALL.into_iter().map(CodeSet::id);
        Some(Box::new(ids.map(PossibleValue::new)))
    }
}

fn parse_date(text: &str) -> Result<NaiveDate, String> {
    text.trim().parse().map_err(|_| {
        format!("{text:?} is not a date: expected year, month and day as in 2026-03-01")
    })
}

/// Writes bytes to a file, whole or not at all.
fn write_file(path: &Path, contents: &[u8]) -> Result<()> {
    write_whole(path, &mut |out| {
        out.write_all(contents)
            .map_err(|error| crate::error::io_error("write", path, error))
    })
}

/// Writes a file whole or not at all.
fn write_whole<T>(
    path: &Path,
    write: &mut dyn FnMut(&mut (dyn Write + Send)) -> Result<T>,
) -> Result<T> {
    let (file, value) = OutputFile::write(path, write)?;
    file.put()?;
    Ok(value)
}

/// A file that is written whole and stands beside its place. It is removed if it is never put there.
struct OutputFile {
    path: PathBuf,
    /// `None` if it is in its place.
    beside: Option<PathBuf>,
}

impl OutputFile {
    fn write<T>(
        path: &Path,
        write: &mut dyn FnMut(&mut (dyn Write + Send)) -> Result<T>,
    ) -> Result<(OutputFile, T)> {
        let fail = |error| crate::error::io_error("write", path, error);
        let mut new = OutputFile {
            path: path.to_path_buf(),
            beside: None,
        };
        // What is no regular file (a device, a pipe) can only be written in place.
        let file = if path.exists() && !path.is_file() {
            std::fs::OpenOptions::new().write(true).open(path)
        } else {
            let mut beside = path.as_os_str().to_owned();
            beside.push(format!(".{}.part", std::process::id()));
            let beside = PathBuf::from(beside);
            let file = std::fs::File::create(&beside);
            new.beside = Some(beside);
            file
        };
        let mut out = BufWriter::with_capacity(1 << 16, file.map_err(fail)?);
        let written = write(&mut out)
            // The writer does not know where its output goes.
            .map_err(|error| match (error.place(), error.kind()) {
                (None, ErrorKind::Io) => error.in_file(path.display().to_string()),
                _ => error,
            })
            .and_then(|value| out.flush().map(|()| value).map_err(fail));
        // What is left in the buffer of a failed writer is not to be tried again.
        drop(out.into_parts());
        written.map(|value| (new, value))
    }

    fn put(mut self) -> Result<()> {
        match self.beside.take() {
            None => Ok(()),
            Some(beside) => std::fs::rename(&beside, &self.path).map_err(|error| {
                self.beside = Some(beside);
                crate::error::io_error("write", &self.path, error)
            }),
        }
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            // The failure to tell of is the one that kept it from its place.
            let _ = std::fs::remove_file(beside);
        }
    }
}

/// Reads a command line as the program does.
#[cfg(test)]
fn parsed(args: &[&str]) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once(&"codeyear").chain(args))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use clap::CommandFactory;

    use super::*;

    #[test]
    fn any_clock_has_a_day() {
        let day = |seconds: u64| Duration::from_secs(seconds);
        let date = |text: &str| text.parse::<NaiveDate>().unwrap();
        // Noon, so that the day is the same in nearly all time zones; a day off in the others.
        for (time, expected) in [
            (UNIX_EPOCH - day(43_200), "1969-12-31"),
            (UNIX_EPOCH - day(43_200 + 86_400 * 25_567), "1899-12-31"),
            (UNIX_EPOCH + day(43_200), "1970-01-01"),
            (UNIX_EPOCH + day(1_772_366_400), "2026-03-01"),
        ] {
            let off = day_of(time) - date(expected);
            assert!(off.num_days().abs() <= 1, "{expected}: {}", day_of(time));
        }
        for far in [
            u64::from(u32::MAX),
            1 << 40,
            1 << 43,
            1 << 47,
            1 << 55,
            i64::MAX as u64,
        ] {
            for time in [
                UNIX_EPOCH.checked_sub(day(far)),
                UNIX_EPOCH.checked_add(day(far)),
            ] {
                // No panic is all that is asked.
                time.map(day_of);
            }
        }
        let now = day_of(SystemTime::now()) - chrono::Local::now().date_naive();
        assert!(now.num_days().abs() <= 1);
    }

    #[test]
    fn the_arguments_of_all_verbs_go_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_excludes_or_needs_each_other_is_a_wrong_request() {
        for wrong in [
            &["check"][..],
            &["check", "C7B", "--on", "2026-03-01", "--year", "2026"],
            &["check", "C7B", "--on", "03/01/2026"],
            &["check", "C7B", "--code-set", "icd9"],
            &["diff", "FY2025"],
            &["diff", "FY2025", "FY26"],
            &["diff", "FY2025", "FY2026", "--code", "dx1"],
            &[
                "audit",
                "claims.csv",
                "--on",
                "2026-03-01",
                "--date",
                "served",
            ],
            &["audit", "claims.csv", "--infer", "--output", "rows.csv"],
            &["audit", "claims.csv", "--keep", "all"],
            &["export", "ohdsi"],
        ] {
            let error = parsed(wrong).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{wrong:?}");
        }
    }

    #[test]
    fn a_variable_that_is_set_to_nothing_names_no_database() {
        let named = |db: &str| {
            let cli = parsed(&["--db", db, "releases"]).unwrap();
            cli.global.database().map(Path::to_path_buf)
        };
        assert_eq!(named(""), None);
        assert_eq!(named("my.db"), Some(PathBuf::from("my.db")));
    }

    #[test]
    fn a_date_is_a_day_of_the_calendar_from_year_to_day() {
        let date = parse_date(" 2024-02-29 ").unwrap();
        assert_eq!(date.to_string(), "2024-02-29");
        for wrong in [
            "2026-02-29",
            "02/28/2026",
            "2026-03",
            "20260301",
            "today",
            "",
        ] {
            let error = parse_date(wrong).unwrap_err();
            assert!(
                error.starts_with(&format!("{wrong:?} is not a date")),
                "{error}"
            );
        }
    }

    #[test]
    fn only_a_database_that_is_not_there_is_none() {
        let fail = |error: Error| if_any(Err(error)).map(|found| found.is_some());
        assert!(matches!(fail(Error::not_found("no database")), Ok(false)));
        assert_eq!(
            fail(Error::io("no access")).unwrap_err().kind(),
            ErrorKind::Io
        );
    }

    /// A reader that fails in its own way.
    struct Broken(std::io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_away_is_no_failure_and_a_full_disk_is() {
        let write = |kind| write_all(&mut Broken(kind), b"answer");
        write(std::io::ErrorKind::BrokenPipe).unwrap();
        let full = write(std::io::ErrorKind::StorageFull).unwrap_err();
        assert_eq!(full.kind(), ErrorKind::Io);
        assert!(!is_broken_pipe(&full));
        let gone = unwritable_output(std::io::ErrorKind::BrokenPipe.into());
        assert!(is_broken_pipe(&gone));
    }

    #[test]
    fn a_file_is_written_whole_or_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.csv");
        write_file(&path, b"first").unwrap();
        let failed = write_whole(&path, &mut |out| -> Result<()> {
            out.write_all(b"half").unwrap();
            Err(Error::conflict("it ends here"))
        });
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::Conflict);
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        write_file(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
    }
}
