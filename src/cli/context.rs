//! What every verb takes and has at hand: the options that all share, its output, the day.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::builder::{OsStringValueParser, PossibleValue, StringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use etcetera::BaseStrategy;
use terminal_size::terminal_size;

use super::output::write_all;
use crate::answer;
use crate::error::{Error, Result, printable_lines};
use crate::model::{
    CodeSet, ReleaseId, ReleaseName, Timeline, TypedCode, TypedDay, TypedRelease, typed_codes,
};
use crate::present::Style;
use crate::present::render::{Words, wrapped};
use crate::present::tree::Report;
use crate::source::catalogue::known_releases;
use crate::store::Store;

/// What stands above the options that every verb has.
const GLOBAL: &str = "Global options";

/// What every verb takes.
#[derive(Debug, Args)]
pub(super) struct Global {
    /// Use this database file [default: codeyear/codeyear.db in your data folder]
    #[arg(long, global = true, help_heading = GLOBAL, env = "CODEYEAR_DB", value_name = "FILE", value_parser = path())]
    db: Option<PathBuf>,
    /// Read the official files from this pack [default: the one in this program, beside it or in your data folder]
    #[arg(long, global = true, help_heading = GLOBAL, env = "CODEYEAR_PACK", value_name = "FILE", value_parser = path())]
    pack: Option<PathBuf>,
    /// Use this date as today, for tests and reproducible reports
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "DATE", value_parser = parse_date)]
    pub(super) today: Option<NaiveDate>,
    /// Color the output
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "WHEN", default_value = "auto")]
    color: ColourChoice,
    /// Write codes without dots (text, Markdown and AsciiDoc; CSV and JSON give both)
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(super) no_dots: bool,
}

impl Global {
    /// Returns the database that is named, if one is.
    pub(super) fn database(&self) -> Option<&Path> {
        self.db
            .as_deref()
            .filter(|path| !path.as_os_str().is_empty())
    }

    /// Returns the pack that is named, if one is.
    pub(super) fn pack(&self) -> Option<&Path> {
        self.pack
            .as_deref()
            .filter(|path| !path.as_os_str().is_empty())
    }
}

/// Below this no line is wrapped: more would be wrapped than not.
const MIN_WIDTH: usize = 40;

/// Returns how wide the terminal is, or the width that `COLUMNS` states for it; `None` of what is no terminal.
fn terminal_width(is_terminal: bool) -> Option<usize> {
    if !is_terminal {
        return None;
    }
    let stated = std::env::var("COLUMNS");
    let stated = stated.ok().and_then(|columns| columns.parse().ok());
    let width = stated.or_else(|| Some(usize::from(terminal_size()?.0.0)));
    width.filter(|width| *width >= MIN_WIDTH)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ColourChoice {
    Auto,
    Always,
    Never,
}

/// What a verb has at hand: its output, and the day.
pub(super) struct Context<'a> {
    pub(super) global: &'a Global,
    pub(super) out: &'a mut (dyn Write + Send),
    pub(super) err: &'a mut dyn Write,
    pub(super) out_is_terminal: bool,
    pub(super) today: NaiveDate,
}

impl Context<'_> {
    pub(super) fn style(&self) -> Style {
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
            width: terminal_width(self.out_is_terminal),
        }
    }

    /// Returns the day that is meant in a code set: today, if none is.
    pub(super) fn day(&self, on: Option<TypedDay>, loaded: &Timeline) -> NaiveDate {
        on.unwrap_or(TypedDay::Today).on(self.today, loaded)
    }

    /// Returns the day that is meant whatever the code set: of the newest releases that which begins last.
    pub(super) fn day_of_all(&mut self, on: TypedDay) -> Result<NaiveDate> {
        if let Some(day) = on.without_releases(self.today) {
            return Ok(day);
        }
        let store = self.store()?;
        let mut days = Vec::new();
        for code_set in CodeSet::ALL {
            let loaded = store.timeline(code_set)?;
            days.extend(loaded.periods().last().map(|newest| newest.from));
        }
        Ok(days.into_iter().max().unwrap_or(self.today))
    }

    /// Returns the release that is meant in a code set, or in all that are loaded.
    pub(super) fn release(
        &self,
        store: &Store,
        code_set: Option<CodeSet>,
        typed: TypedRelease,
    ) -> Result<ReleaseName> {
        if let TypedRelease::Named(name) = typed {
            return Ok(name);
        }
        let sets = CodeSet::ALL
            .into_iter()
            .filter(|set| code_set.is_none_or(|stated| stated == *set));
        let mut found: Vec<ReleaseId> = Vec::new();
        let mut failed = None;
        for set in sets {
            match answer::typed_release(&store.timeline(set)?, typed, self.today) {
                Ok(release) => found.push(release),
                Err(error) => failed = Some(error),
            }
        }
        found.dedup();
        match (found.as_slice(), failed) {
            ([release], _) => Ok((*release).into()),
            ([], Some(error)) => Err(error),
            _ => Err(Error::usage(
                "different releases are in force on that date in different code sets",
            )
            .with_hint("state one with --code-set, or name the release")),
        }
    }

    pub(super) fn database(&self) -> Result<PathBuf> {
        match self.global.database() {
            Some(path) => Ok(path.to_path_buf()),
            None => default_database(),
        }
    }

    /// Writes that there is no release yet, and how to get one.
    pub(super) fn say_nothing_loaded(&mut self) -> Result<()> {
        let database = self.database()?;
        self.say(&format!(
            "No release is loaded yet in {}: load the official history with codeyear init, or your own files with codeyear import PATH...\n",
            database.display()
        ))
    }

    /// Folds the write-ahead log into the one file. Else whoever copies that file while a server has it open copies
    /// it without what was just written.
    pub(super) fn fold_log(&mut self, store: &Store) {
        if !store.fold_log() {
            let database = store.path().display().to_string();
            // It is written whether anyone listens or not.
            let _ = self.say(&format!(
                "note: a reader keeps an older state, so what was written is still in {database}-wal beside the database; copy it with codeyear backup\n"
            ));
        }
    }

    /// Writes data.
    pub(super) fn print(&mut self, text: &str) -> Result<()> {
        let text = printable_lines(text);
        write_all(self.out, text.as_bytes())
    }

    /// Writes data that may be no text.
    pub(super) fn print_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        write_all(self.out, bytes)
    }

    /// Writes talk.
    pub(super) fn say(&mut self, text: &str) -> Result<()> {
        let text = printable_lines(text);
        let style = Style {
            width: terminal_width(std::io::stderr().is_terminal()),
            ..Style::PLAIN
        };
        write_all(self.err, wrapped(text.into_owned(), style).as_bytes())
    }
}

/// How a verb ended, as its exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Exit code 0.
    Good,
    /// Exit code 1: something is not valid or not sound.
    Bad,
    /// Exit code 2: it could not be told.
    Undetermined,
}

impl Outcome {
    /// Returns the exit code.
    pub(super) fn exit_code(self) -> u8 {
        match self {
            Outcome::Good => 0,
            Outcome::Bad => 1,
            Outcome::Undetermined => 2,
        }
    }
}

/// Text or JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

/// A format of what is said of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AnswerFormat {
    Text,
    Markdown,
    #[value(name = "asciidoc")]
    AsciiDoc,
    Json,
}

impl AnswerFormat {
    /// Returns what stands before an answer, by how many come before it.
    pub(super) fn between(self, before: usize) -> &'static str {
        match self {
            // One object after another.
            AnswerFormat::Json => "",
            _ if before == 0 => "",
            _ => "\n",
        }
    }

    /// Writes a report, or the JSON that says the same.
    pub(super) fn write(
        self,
        report: impl FnOnce(Style) -> Report<'static>,
        json: impl FnOnce() -> Result<String>,
        style: Style,
    ) -> Result<String> {
        Ok(match self {
            AnswerFormat::Text => Words::Text.write(report, style),
            AnswerFormat::Markdown => Words::Markdown.write(report, style),
            AnswerFormat::AsciiDoc => Words::AsciiDoc.write(report, style),
            AnswerFormat::Json => json()?,
        })
    }
}

/// Reads a code set in any of its spellings, and names all of them in the help.
#[derive(Debug, Clone)]
pub(super) struct CodeSetParser;

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

/// Reads a day that is one whatever day it is.
fn parse_date(text: &str) -> Result<NaiveDate, String> {
    match text.parse()? {
        TypedDay::Day(day) => Ok(day),
        _ => Err(format!(
            "{text:?} is not a fixed date: expected one such as 2026-03-01"
        )),
    }
}

/// Cuts an argument into codes, several of which may stand in it. One without anything is answered too.
pub(super) fn codes_in(argument: &str) -> Vec<TypedCode> {
    let typed = typed_codes(argument);
    match typed.is_empty() {
        true => vec![TypedCode::One(argument.to_owned())],
        false => typed,
    }
}

/// Refuses a date among codes: its codes would be answered for another day.
pub(super) fn refuse_dates(typed: &[TypedCode]) -> Result<()> {
    let is_date =
        |word: &&str| word.contains(['/', '-']) && matches!(word.parse(), Ok(TypedDay::Day(_)));
    let words = typed.iter().filter_map(|typed| match typed {
        TypedCode::One(code) => code.split_whitespace().find(is_date),
        TypedCode::Range(..) => None,
    });
    match words.into_iter().next() {
        None => Ok(()),
        Some(date) => Err(Error::usage(format!("{date} is a date, not a code")).with_hint(
            format!("say the date with --on {date}; codes with dates of their own are a table: codeyear audit FILE"),
        )),
    }
}

/// Cuts arguments into codes, of which none may be a range.
pub(super) fn codes_of(arguments: &[String]) -> Result<Vec<String>> {
    let typed: Vec<TypedCode> = arguments.iter().flat_map(|text| codes_in(text)).collect();
    refuse_dates(&typed)?;
    let codes = typed.into_iter().map(|typed| match typed {
        TypedCode::One(code) => Ok(code),
        TypedCode::Range(first, last) => Err(Error::usage("a range is not one code").with_hint(
            format!("codeyear check {first}-{last} lists the codes of it"),
        )),
    });
    codes.collect()
}

/// Reads a release as its type does, and completes the names that the catalogue knows. Dates and what people call a
/// release are read as well, so the help lists no values.
#[derive(Debug, Clone)]
pub(super) struct ReleaseParser<T>(fn(&str) -> Result<T, String>);

impl<T: std::str::FromStr<Err = String>> ReleaseParser<T> {
    /// Reads whatever the type reads.
    pub(super) fn typed() -> ReleaseParser<T> {
        ReleaseParser(|text| text.parse())
    }
}

impl ReleaseParser<ReleaseName> {
    /// Reads the name of a release where a date that it governs would not do.
    pub(super) fn named() -> ReleaseParser<ReleaseName> {
        ReleaseParser(|text| match text.parse()? {
            TypedRelease::Named(name) => Ok(name),
            TypedRelease::On(_) => Err(format!(
                "{text:?} is not the name of a release: expected one such as FY2026, FY2022-04 or FY2022-04-errata"
            )),
        })
    }
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for ReleaseParser<T> {
    type Value = T;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<T, clap::Error> {
        let read = self.0;
        let read = StringValueParser::new().try_map(move |text| read(&text));
        read.parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let of_sets = CodeSet::ALL.into_iter();
        let names: BTreeSet<String> = of_sets
            .flat_map(|code_set| known_releases(code_set).iter().map(ToString::to_string))
            .collect();
        // The newest first: an older one is rarely asked for.
        Some(Box::new(names.into_iter().rev().map(PossibleValue::new)))
    }
}

/// Reads a path, which may be empty: a variable that is set to nothing names nothing.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// Returns the folder of this program in the user's data folder.
pub(super) fn data_folder() -> Result<PathBuf> {
    etcetera::choose_base_strategy()
        .map(|strategy| own_folder(&strategy).join("codeyear"))
        .map_err(|error| Error::usage(format!("your data folder cannot be determined: {error}")))
}

#[cfg(not(windows))]
fn own_folder(strategy: &impl BaseStrategy) -> PathBuf {
    strategy.data_dir()
}

/// Returns `%LOCALAPPDATA%`. What stands in `%APPDATA%` follows the user from machine to machine, and may lie on a
/// network disk, where SQLite keeps no log.
#[cfg(windows)]
fn own_folder(strategy: &impl BaseStrategy) -> PathBuf {
    strategy.cache_dir()
}

pub(super) fn default_database() -> Result<PathBuf> {
    data_folder()
        .map(|folder| folder.join("codeyear.db"))
        .map_err(|error| error.with_hint("name a database with --db or CODEYEAR_DB"))
}

/// Returns the day of today where this machine stands. `Local::now` panics on a clock before 1970.
pub(super) fn today() -> NaiveDate {
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
    fn a_date_is_a_day_of_the_calendar_from_year_to_day() {
        for text in [" 2024-02-29 ", "2/29/2024"] {
            assert_eq!(parse_date(text).unwrap().to_string(), "2024-02-29");
        }
        for (wrong, part) in [
            ("2026-02-29", "is not a date"),
            ("today", "not a fixed date"),
        ] {
            let error = parse_date(wrong).unwrap_err();
            assert!(error.starts_with(&format!("{wrong:?} is")), "{error}");
            assert!(error.contains(part), "{error}");
        }
    }
}
