//! `codeyear fetch`.

use codeyear_core::model::ReleaseName;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgGroup, Args};
use indicatif::ProgressBar;

use super::context::{CodeSetParser, Context, Format, Outcome, ReleaseParser, data_folder};
use super::first;
use super::progress::progress_bar;
use crate::error::{Error, Result, io_error};
use crate::fetch::{
    FetchOptions, FetchProgress, FetchReport, Fetcher, Lacking, Proxies, expected_releases,
    import_fetched, missing, shown_address,
};
use crate::ingest::ImportProgress;
use crate::model::{CodeSet, ReleaseId};
use crate::present::{json, text};
use crate::source::catalogue::Catalogue;
use crate::store::Store;

/// Fetch releases from NCHS and CMS, and import them
///
/// Fetches the fewest files that contain the order file, its addenda and the other files of a release, but no PDFs.
/// An address with a known hash comes before one without, NCHS before CMS; if one fails the next is tried. A file
/// is accepted if its SHA-256 is the known one. Most tables and indexes have no known hash: --unverified accepts
/// them too. An interrupted download continues when the same command runs again.
///
/// Files are kept in codeyear/downloads in your data folder; with --to they are kept in that folder and not
/// imported. HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name proxies; certificates are the system's, or those
/// of SSL_CERT_FILE and SSL_CERT_DIR.
///
/// Exit codes: 0 complete, 1 something was not accepted, 2 error. With --check: 0 nothing new is posted, 1
/// something is, 2 not determined.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").args(["releases", "missing", "check"]).required(true).multiple(true)))]
pub(super) struct FetchArgs {
    /// Fetch these releases (FY2026, FY2022-04)
    #[arg(value_name = "RELEASE", value_parser = ReleaseParser::named(), hide_possible_values = true)]
    releases: Vec<ReleaseName>,
    /// Fetch everything in the catalogue that the database lacks, also for releases loaded in part, through those
    /// of the next October 1
    #[arg(long, conflicts_with_all = ["releases", "check"])]
    missing: bool,
    /// Look for posted releases that are not in the catalogue, by the publishers' naming patterns
    #[arg(long, conflicts_with_all = ["unverified", "dry_run", "to"])]
    check: bool,
    /// Fetch one code set only
    #[arg(long, value_name = "SET", value_parser = CodeSetParser)]
    code_set: Option<CodeSet>,
    /// Show what would be fetched, without connecting
    #[arg(long)]
    dry_run: bool,
    /// Keep the files in this folder and import nothing
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    #[command(flatten)]
    how: HowToFetch,
    /// Write the report as text or JSON
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// How files are fetched.
#[derive(Debug, Args)]
pub(super) struct HowToFetch {
    /// Accept files whose hash is not known
    #[arg(long)]
    unverified: bool,
    /// Use this address instead of the publishers': with the path of their address, then with the file name, then
    /// with icd10cm/icd10cm-FY2026.zip
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    /// Give up on a server that does not respond for this long
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

impl HowToFetch {
    /// Checks whether the user says how to fetch.
    pub(super) fn is_given(&self) -> bool {
        self.unverified || self.mirror.is_some()
    }
}

pub(super) fn run(args: &FetchArgs, context: &mut Context<'_>) -> Result<Outcome> {
    for name in &args.releases {
        let mut sets = CodeSet::ALL
            .into_iter()
            .filter(|one| args.code_set.is_none_or(|wanted| wanted == *one));
        let first = sets.next().unwrap_or_default();
        let is_possible = |set: CodeSet| name.of(set).off_calendar(set).is_none();
        if !is_possible(first) && !sets.any(is_possible) {
            return Err(Error::usage(format!(
                "there is no release {}: {}",
                name.of(first),
                first.facts().calendar.rule()
            ))
            .with_hint("codeyear releases lists those that are known"));
        }
    }
    let folder = match &args.to {
        Some(folder) => folder.clone(),
        None => default_folder()?,
    };
    let job = Job {
        how: &args.how,
        folder,
        dry_run: args.dry_run,
    };
    if args.check {
        return check(args, &mut job.fetcher()?, context);
    }
    let targets = match args.missing {
        true => missing(
            context.existing_store_if_any()?.as_ref(),
            args.code_set,
            context.today,
        )?,
        false => named(args)?
            .into_iter()
            .map(|(set, id)| Lacking::all_of(set, id))
            .collect(),
    };
    if args.missing {
        say_left_out(args.code_set, context)?;
    }
    let is_import = args.to.is_none() && !args.dry_run && !targets.is_empty();
    let database = match is_import {
        true => Some(context.database()?),
        false => None,
    };
    job.run_and_report(targets, database.as_deref(), args.format, context)
}

/// Fetches what the database lacks and imports it. How many files and bytes it will be is said first, and asked
/// unless `yes` is set.
pub(super) fn fetch_into_database(
    how: &HowToFetch,
    yes: bool,
    format: Format,
    context: &mut Context<'_>,
) -> Result<Outcome> {
    let targets = missing(
        context.existing_store_if_any()?.as_ref(),
        None,
        context.today,
    )?;
    say_left_out(None, context)?;
    let database = context.database()?;
    let mut job = Job {
        how,
        folder: default_folder()?,
        dry_run: true,
    };
    if !targets.is_empty() {
        let (planned, ended) = job.run(targets.clone(), None, context)?;
        ended?;
        let plan = text::fetch_plan(&planned);
        context.say(&format!(
            "There is no pack here. From {}: {plan}\n",
            how.mirror
                .as_deref()
                .map_or("NCHS and CMS".to_owned(), shown_address)
        ))?;
        if !yes && !confirm("Fetch them?", context)? {
            return Err(Error::usage("nothing was fetched").with_hint(
                "codeyear init --yes fetches without asking; with a pack (--pack FILE or CODEYEAR_PACK) nothing is fetched; codeyear demo shows the sample",
            ));
        }
    }
    job.dry_run = false;
    job.run_and_report(targets, Some(&database), format, context)
}

/// Writes which releases the user took out of the database: they stay out.
fn say_left_out(code_set: Option<CodeSet>, context: &mut Context<'_>) -> Result<()> {
    let store = context.existing_store_if_any()?;
    let removed = store.as_ref().map(Store::removed_releases).transpose()?;
    let mut removed = removed.unwrap_or_default();
    removed.retain(|(set, _)| code_set.is_none_or(|wanted| wanted == *set));
    if removed.is_empty() {
        return Ok(());
    }
    context.say(&first::left_out(
        &removed,
        "codeyear fetch RELEASE, or codeyear import PATH",
    ))
}

/// Asks on the terminal. Where there is none, nobody agrees.
fn confirm(question: &str, context: &mut Context<'_>) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    context.say(&format!("{question} [y/N] "))?;
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(|error| io_error("read", Path::new("the terminal"), error))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Fetches the files of all releases through the next October 1, and returns the folder that they are in, and whether
/// all that is known came. Archives
/// without a known hash are fetched as well: what is packed is chosen file by file, by hashes that are known.
pub(super) fn fetch_to_pack(
    how: &HowToFetch,
    context: &mut Context<'_>,
) -> Result<(Vec<PathBuf>, bool)> {
    let job = Job {
        how,
        folder: default_folder()?,
        dry_run: false,
    };
    let targets = missing(None, None, context.today)?;
    let (reports, ended) = job.run(targets, None, context)?;
    ended?;
    context.say(&text::fetch(&reports, &job.folder, false, context.style()))?;
    let is_whole = reports.iter().all(FetchReport::is_whole);
    Ok((vec![job.folder], is_whole))
}

/// A fetch of releases into a folder.
struct Job<'a> {
    how: &'a HowToFetch,
    folder: PathBuf,
    dry_run: bool,
}

impl Job<'_> {
    fn fetcher(&self) -> Result<Fetcher> {
        Fetcher::new(FetchOptions {
            mirror: self.how.mirror.clone(),
            unverified: self.how.unverified,
            dry_run: self.dry_run,
            proxies: proxies(),
            timeout: Duration::from_secs(self.how.timeout),
            ..FetchOptions::into_folder(&self.folder)
        })
    }

    /// Fetches releases, and imports them if a database is named. Returns what was done, and how it ended.
    fn run(
        &self,
        targets: Vec<Lacking>,
        database: Option<&Path>,
        context: &mut Context<'_>,
    ) -> Result<(Vec<FetchReport>, Result<()>)> {
        let mut fetcher = self.fetcher()?;
        let mut store = None;
        // Whether this fetch made the database. A link that leads nowhere yet is the user's.
        let mut is_made = false;
        let bar = progress_bar(None, BAR);
        let today = context.today;
        let mut reports = Vec::new();
        let mut ended = Ok(());
        for lacking in &targets {
            let mut tell = |progress| show(&bar, progress, context);
            let fetched = fetcher.fetch(lacking, &mut tell).and_then(|fetched| {
                let imported = match database.filter(|_| !fetched.files.is_empty()) {
                    Some(database) => {
                        // Made when there is something to put into it.
                        let store = match &mut store {
                            Some(store) => store,
                            none => {
                                is_made = database.symlink_metadata().is_err();
                                none.insert(Store::open_or_create(database)?)
                            }
                        };
                        let mut tell = |step| tell(FetchProgress::Imports(step));
                        Some(import_fetched(store, &fetched, today, &mut tell)?)
                    }
                    None => None,
                };
                Ok(FetchReport { fetched, imported })
            });
            match fetched {
                Ok(fetched) => reports.push(fetched),
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            }
        }
        bar.finish_and_clear();
        let mut imported = reports.iter().filter_map(|report| report.imported.as_ref());
        let has_changed = imported.any(|report| report.changed());
        match (store, database) {
            (Some(store), _) if has_changed => context.fold_log(&store),
            // A database with nothing in it answers nothing.
            (Some(store), Some(database))
                if is_made && store.release_ids().is_ok_and(|ids| ids.is_empty()) =>
            {
                drop(store);
                first::remove_database(database);
            }
            _ => {}
        }
        Ok((reports, ended))
    }

    /// Fetches releases as [`Job::run`] does, and writes what was done.
    fn run_and_report(
        &self,
        targets: Vec<Lacking>,
        database: Option<&Path>,
        format: Format,
        context: &mut Context<'_>,
    ) -> Result<Outcome> {
        let (reports, ended) = self.run(targets, database, context)?;
        // What was done before an error is done, and is reported.
        if ended.is_ok() || !reports.is_empty() {
            let report = match format {
                Format::Text => text::fetch(&reports, &self.folder, self.dry_run, context.style()),
                Format::Json => json::fetch(&reports, &self.folder, self.dry_run)?,
            };
            context.print(&report)?;
        }
        ended?;
        Ok(match reports.iter().all(FetchReport::is_whole) {
            true => Outcome::Good,
            false => Outcome::Bad,
        })
    }
}

/// Asks whether releases are posted.
fn check(args: &FetchArgs, fetcher: &mut Fetcher, context: &mut Context<'_>) -> Result<Outcome> {
    let catalogue = Catalogue::bundled()?;
    let store = context.existing_store_if_any()?;
    let stored = store.as_ref().map(Store::releases).transpose()?;
    let stored = stored.unwrap_or_default();
    let mut targets = Vec::new();
    for code_set in CodeSet::ALL {
        if args.code_set.is_some_and(|wanted| wanted != code_set) {
            continue;
        }
        let ids = match args.releases.as_slice() {
            [] => expected_releases(catalogue, code_set, context.today),
            named => {
                let ids = named.iter().map(|name| name.of(code_set));
                ids.filter(|id| id.off_calendar(code_set).is_none())
                    .collect()
            }
        };
        let is_stored = |id: &ReleaseId| {
            let mut stored = stored.iter().map(|stored| &stored.release);
            stored.any(|release| release.code_set == code_set && release.id == *id)
        };
        let ids = ids.into_iter().filter(|id| !is_stored(id));
        targets.extend(ids.map(|id| (code_set, id)));
    }
    drop(store);
    let bar = progress_bar(None, BAR);
    let mut checked = Vec::new();
    for (code_set, id) in targets {
        let mut tell = |progress| show(&bar, progress, context);
        checked.push(fetcher.check(catalogue, code_set, id, &mut tell));
    }
    bar.finish_and_clear();
    match args.format {
        Format::Text => context.print(&text::posted(&checked, context.style()))?,
        Format::Json => context.print(&json::posted(&checked)?)?,
    }
    let is_untold =
        |one: &crate::fetch::CheckedRelease| one.posted.is_empty() && !one.untold.is_empty();
    Ok(match () {
        () if checked.iter().any(|one| !one.posted.is_empty()) => Outcome::Bad,
        () if checked.iter().any(is_untold) => Outcome::Undetermined,
        () => Outcome::Good,
    })
}

/// Returns the named releases: of each code set that has them by the catalogue, or of both where none has.
fn named(args: &FetchArgs) -> Result<Vec<(CodeSet, ReleaseId)>> {
    let catalogue = Catalogue::bundled()?;
    let sets = || {
        let sets = CodeSet::ALL.into_iter();
        sets.filter(|one| args.code_set.is_none_or(|wanted| wanted == *one))
    };
    let mut targets = Vec::new();
    for name in &args.releases {
        let is_known = |set: &CodeSet| catalogue.find(*set, name.of(*set)).is_some();
        let known: Vec<CodeSet> = sets().filter(is_known).collect();
        let is_possible = |set: &CodeSet| name.of(*set).off_calendar(*set).is_none();
        let of = if known.is_empty() {
            sets().filter(is_possible).collect()
        } else {
            known
        };
        for target in of.into_iter().map(|set| (set, name.of(set))) {
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
    }
    Ok(targets)
}

fn default_folder() -> Result<PathBuf> {
    data_folder()
        .map(|folder| folder.join("downloads"))
        .map_err(|error| error.with_hint("name a folder with --to"))
}

/// Reads the proxies that the environment names, in capitals or not.
fn proxies() -> Proxies {
    let read = |name: &str| {
        let names = [name.to_ascii_lowercase(), name.to_owned()];
        let values = names
            .into_iter()
            .filter_map(|name| std::env::var(name).ok());
        values.into_iter().find(|value| !value.trim().is_empty())
    };
    Proxies {
        https: read("HTTPS_PROXY"),
        http: read("HTTP_PROXY"),
        all: read("ALL_PROXY"),
        none: read("NO_PROXY"),
    }
}

/// What the bar of a download shows.
const BAR: &str = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {wide_msg}";

/// Shows how far it has come: on the bar, and where there is no terminal what makes one wait, as lines.
fn show(bar: &ProgressBar, progress: FetchProgress, context: &mut Context<'_>) {
    let mut say = |text: String| {
        if bar.is_hidden() {
            // The fetch goes on if nobody listens.
            let _ = context.say(&format!("{text}\n"));
        }
        bar.set_message(text);
        bar.tick();
    };
    match progress {
        FetchProgress::Begins { file, bytes } => {
            bar.reset();
            match bytes {
                Some(bytes) => bar.set_length(bytes),
                None => bar.unset_length(),
            }
            bar.set_message(file);
            bar.tick();
        }
        FetchProgress::At { bytes } => bar.set_position(bytes),
        FetchProgress::Retries {
            file,
            problem,
            pause,
        } => say(format!(
            "{file}: {problem}; trying again in {} seconds",
            pause.as_secs_f32()
        )),
        FetchProgress::Waits => {
            say("another fetch writes into the folder; waiting for it".to_owned())
        }
        FetchProgress::Imports(ImportProgress::Waiting) => {
            say("another import is running; waiting for it to end".to_owned());
        }
        FetchProgress::Imports(ImportProgress::Done { file, release }) => {
            bar.set_message(format!(
                "importing {release} {}",
                super::progress::short(&file)
            ));
            bar.tick();
        }
        FetchProgress::Imports(_) | FetchProgress::Ended => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Verb, parsed};
    use crate::testing::release;

    #[test]
    fn a_release_is_of_the_code_sets_that_have_it_and_of_both_where_none_is_known_to() {
        let of = |rest: &[&str]| {
            let cli = parsed(&[&["fetch"], rest].concat()).unwrap();
            match cli.verb {
                Verb::Fetch(args) => named(&args).unwrap(),
                other => panic!("{other:?}"),
            }
        };
        let (cm, pcs) = (CodeSet::Icd10Cm, CodeSet::Icd10Pcs);
        let both = |id: &str| [(cm, release(id)), (pcs, release(id))];
        assert_eq!(of(&["FY2026", "FY2026"]), both("FY2026"));
        let errata = "FY2022-04-errata";
        assert_eq!(of(&[errata]), [(pcs, release(errata))]);
        assert_eq!(of(&["FY2040"]), both("FY2040"));
        assert_eq!(
            of(&["FY2040", "--code-set", "icd10cm"]),
            [(cm, release("FY2040"))]
        );
    }
}
