//! Opening the database for a question, and building it from a pack where there is none yet.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::context::{Context, default_database};
use super::progress::{FILES_BAR, progress_bar, show_progress};
use crate::error::{Error, ErrorKind, Result, io_error};
use crate::ingest::{
    ImportOptions, ImportProgress, ImportReport, Removed, import_pack, pack_would_add,
};
use crate::model::{CodeSet, ReleaseId};
use crate::pack::{self, Pack, PackedFile, releases_of};
use crate::present::counted;
use crate::store::Store;

/// The pack that was built into the program, if one was: `CODEYEAR_EMBED_PACK=FILE` at build time. It is part of the
/// program and not of the library, so that other programs built on the library carry none.
#[cfg(codeyear_embedded_pack)]
static EMBEDDED: Option<&[u8]> = Some(include_bytes!(env!("CODEYEAR_EMBEDDED_PACK")));
#[cfg(not(codeyear_embedded_pack))]
static EMBEDDED: Option<&[u8]> = None;

impl Context<'_> {
    /// Opens the database for an answer, which rests on one state of it whatever is imported meanwhile. Where
    /// there is none yet it is built from the pack.
    pub(super) fn store(&mut self) -> Result<Store> {
        let store = open(self)?;
        store.pin()?;
        Ok(store)
    }

    /// Opens the database that is there, in one state of it.
    pub(super) fn existing_store(&self) -> Result<Store> {
        let store = self.unpinned_store()?;
        store.pin()?;
        Ok(store)
    }

    /// Opens the database for an answer that does not need one: where there is none yet, and no pack to build it
    /// from, the catalogue is all there is to show.
    pub(super) fn store_if_any(&mut self) -> Result<Option<Store>> {
        if_any(self.store())
    }

    /// Opens the database if there is one with a release in it.
    pub(super) fn existing_store_if_any(&self) -> Result<Option<Store>> {
        if_any(self.existing_store())
    }

    /// Opens the database that is there; each question sees its newest state.
    pub(super) fn unpinned_store(&self) -> Result<Store> {
        Store::open(&self.database()?).map_err(|error| match self.global.database() {
            Some(_) if error.kind() == ErrorKind::NotFound => missing_named(error),
            _ => error,
        })
    }
}

/// Returns a store that could be opened, and `None` for one that is not there or empty.
fn if_any(opened: Result<Store>) -> Result<Option<Store>> {
    match opened {
        Ok(store) => Ok(Some(store)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Finds the pack: the one that is named with `--pack` or `CODEYEAR_PACK`, else the one in this program, else one
/// beside it, else one in the data folder.
pub(super) fn find_pack(context: &Context<'_>) -> Result<Option<Pack>> {
    let named = context.global.pack();
    if let Some(path) = named {
        // A database that is not there is another matter, and no error where none is needed.
        if !path.exists() {
            return Err(Error::usage("there is no such pack")
                .in_file(path.display().to_string())
                .with_hint("check the name given with --pack or CODEYEAR_PACK"));
        }
        return Pack::open(path).map(Some);
    }
    if let Some(bytes) = EMBEDDED {
        return Pack::of_bytes("the pack in this program", bytes).map(Some);
    }
    let beside = std::env::current_exe().ok();
    let in_data_folder = default_database().ok();
    [beside, in_data_folder]
        .into_iter()
        .flatten()
        .map(|path| path.with_file_name(pack::FILE_NAME))
        .find(|path| path.is_file())
        .map(|path| Pack::open(&path))
        .transpose()
}

/// Opens the database for a question. Where there is none yet, and none was named, it is built from the pack;
/// where it cannot be written, the answer comes from memory.
pub(super) fn open(context: &mut Context<'_>) -> Result<Store> {
    let database = context.database();
    if let Ok(database) = &database {
        // Windows removes no name of a file that is open.
        clear_left(database);
    }
    let missing = match database.as_deref().map(Store::open) {
        Ok(Ok(store)) => {
            tell_of_newer_pack(context, &store);
            return Ok(store);
        }
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => Some(error),
        Ok(Err(error)) => return Err(error),
        Err(_) => None,
    };
    if context.global.database().is_some() {
        let error = missing.unwrap_or_else(no_database);
        return Err(missing_named(error));
    }
    let Some(pack) = find_pack(context)? else {
        return Err(match (missing, database) {
            (Some(missing), _) => missing,
            (None, Err(error)) => error,
            (None, Ok(_)) => no_database(),
        });
    };
    let built = database.and_then(|database| {
        build(context, &pack, &database, Removed::StayOut)?;
        Ok(database)
    });
    match built {
        // It is still empty if all that the pack has was taken out of it.
        Ok(database) => Store::open(&database),
        // What is wrong with the pack is wrong with it in memory as well.
        Err(error) if matches!(error.kind(), ErrorKind::Format | ErrorKind::Conflict) => Err(error),
        Err(error) => in_memory(context, &pack, &error),
    }
}

/// Removes the other name of a database whose program was killed when it had just put it in its place.
fn clear_left(database: &Path) {
    let part = with_end(database, PART);
    if is_same_file(&part, database) {
        // It stays as it is where it cannot be removed: it takes no room.
        let _ = std::fs::remove_file(part);
    }
}

/// Checks whether two names are those of one file.
#[cfg(unix)]
fn is_same_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |path: &Path| {
        let file = std::fs::symlink_metadata(path).ok()?;
        Some((file.dev(), file.ino()))
    };
    place(one).is_some_and(|file| place(other) == Some(file))
}

#[cfg(windows)]
fn is_same_file(one: &Path, other: &Path) -> bool {
    same_file::is_same_file(one, other).unwrap_or(false)
}

fn no_database() -> Error {
    Error::not_found("there is no database here yet")
}

/// Returns an error with what to do where a database was named and is not there: its name may be mistyped.
fn missing_named(error: Error) -> Error {
    error.with_hint("check the name; codeyear init and codeyear import build a database under the name given with --db or CODEYEAR_DB")
}

/// Writes once which releases a pack would add to the database. What is wrong with the pack is said as well: it is
/// not needed for the answer.
fn tell_of_newer_pack(context: &mut Context<'_>, store: &Store) {
    let note = match find_pack(context) {
        Ok(None) => return,
        Ok(Some(pack)) => match pack_would_add(&pack, store, Removed::StayOut) {
            Ok(files) if files.is_empty() => return,
            Ok(files) => format!(
                "note: {} holds {}: codeyear{} init adds {}\n",
                pack.label(),
                lacking(&files),
                named_options(context),
                if files.len() == 1 { "it" } else { "them" }
            ),
            Err(error) => format!("note: the pack was not compared with the database: {error}\n"),
        },
        Err(error) => format!("note: the pack cannot be used: {error}\n"),
    };
    // The answer does not depend on it.
    let _ = context.say(&note);
}

/// Returns the options that name the database and the pack, as the user gave them; empty for the default ones, and for
/// those that the environment names.
pub(super) fn named_options(context: &Context<'_>) -> String {
    let option = |name: &str, path: Option<&Path>, variable: &str| {
        let of_environment = std::env::var_os(variable);
        let path = path.filter(|path| of_environment.as_deref() != Some(path.as_os_str()));
        path.map_or_else(String::new, |path| format!(" --{name} {}", path.display()))
    };
    option("db", context.global.database(), "CODEYEAR_DB")
        + &option("pack", context.global.pack(), "CODEYEAR_PACK")
}

/// Returns releases in words: all of them if they are few, else how many, and from which to which.
pub(super) fn describe(releases: &[(CodeSet, ReleaseId)]) -> String {
    let of_set = |code_set: CodeSet| {
        let ids: Vec<String> = releases
            .iter()
            .filter(|(set, _)| *set == code_set)
            .map(|(_, id)| id.to_string())
            .collect();
        match ids.as_slice() {
            [] => None,
            [first, .., last] if ids.len() > 3 => Some(format!(
                "{} releases of {} ({first} to {last})",
                ids.len(),
                code_set.name()
            )),
            _ => Some(format!("{} {}", code_set.name(), ids.join(", "))),
        }
    };
    let sets: Vec<String> = CodeSet::ALL.into_iter().filter_map(of_set).collect();
    sets.join(" and ")
}

/// Returns in words which files of a pack a database lacks.
fn lacking(files: &[PackedFile]) -> String {
    format!(
        "{} of {} that the database lacks",
        counted(files.len() as u64, "file"),
        describe(&releases_of(files))
    )
}

/// Returns the line on what the user took out of the database.
pub(super) fn left_out(removed: &[(CodeSet, ReleaseId)], how_to_add: &str) -> String {
    format!(
        "Left out, because it was removed with codeyear remove: {}. To add it again: {how_to_add}\n",
        describe(removed)
    )
}

/// Removes a database that was made and holds nothing.
#[cfg(feature = "fetch")]
pub(super) fn remove_database(database: &Path) {
    for end in ["", "-wal", "-shm", "-journal"] {
        // Mostly there is only the first.
        let _ = std::fs::remove_file(with_end(database, end));
    }
}

/// Answers from memory, because the database cannot be written.
fn in_memory(context: &mut Context<'_>, pack: &Pack, reason: &Error) -> Result<Store> {
    let mut store = Store::in_memory()?;
    fill(context, &mut store, pack, Removed::StayOut)?;
    context.say(&format!(
        "note: no database can be written ({reason}): this answer comes from memory, and the next one will take as long\n"
    ))?;
    Ok(store)
}

/// Imports what a pack would add, with a progress bar.
pub(super) fn fill(
    context: &mut Context<'_>,
    store: &mut Store,
    pack: &Pack,
    removed: Removed,
) -> Result<ImportReport> {
    let bar = progress_bar(None, FILES_BAR);
    let options = ImportOptions::on(context.today);
    let imported = import_pack(store, pack, removed, &options, &mut |progress| {
        if progress == ImportProgress::Waiting && bar.is_hidden() {
            let _ = context.say("another import is running; waiting for it to end\n");
        }
        show_progress(&bar, progress);
    });
    bar.finish_and_clear();
    imported
}

/// Builds a database from a pack: beside its place, by one program at a time, put there when it is whole. Returns
/// what was imported; nothing if another program was faster.
pub(super) fn build(
    context: &mut Context<'_>,
    pack: &Pack,
    database: &Path,
    removed: Removed,
) -> Result<ImportReport> {
    if let Some(folder) = database
        .parent()
        .filter(|path| !path.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder)
            .map_err(|error| io_error("make the folder", folder, error))?;
    }
    if !database.exists() {
        let place = Place::lock(context, database)?;
        if !database.exists() {
            let releases = describe(&pack.releases());
            context.say(&format!(
                "building {} from {}: {releases}\n",
                database.display(),
                pack.label()
            ))?;
            place.clear();
            let built = make(context, pack, &place);
            place.leave();
            if let Some(report) = built? {
                return Ok(report);
            }
        }
    }
    // It is there by now, made by another program: whole, or empty as yet.
    let mut store = Store::open_or_create(database)?;
    let would_add = pack_would_add(pack, &store, removed)?;
    if !would_add.is_empty() {
        context.say(&format!(
            "adding to {} from {}: {}\n",
            database.display(),
            pack.label(),
            lacking(&would_add)
        ))?;
    }
    let report = fill(context, &mut store, pack, removed)?;
    store.fold_log();
    Ok(report)
}

/// Fills a database that is not there yet: beside its place, by one program at a time, put there when it is whole and
/// holds something. Returns `None` if nothing can be made so: where something is in its place, and where nothing can
/// be written beside it.
pub(super) fn make_new(
    context: &mut Context<'_>,
    database: &Path,
    fill: impl FnOnce(&mut Context<'_>, &mut Store) -> Result<ImportReport>,
) -> Result<Option<ImportReport>> {
    // A link that leads nowhere yet is the user's way to name another place.
    let is_free = || database.symlink_metadata().is_err();
    if let Some(folder) = database.parent().filter(|_| is_free()) {
        // Whoever opens the database says better what is wrong.
        let _ = std::fs::create_dir_all(folder);
    }
    if !is_free() {
        return Ok(None);
    }
    let Ok(place) = Place::lock(context, database) else {
        return Ok(None);
    };
    if !is_free() {
        return Ok(None);
    }
    place.clear();
    let Ok(mut store) = Store::create_new(&place.part) else {
        place.leave();
        return Ok(None);
    };
    let made = fill(context, &mut store).and_then(|report| {
        if !report.changed() {
            return Ok(Some(report));
        }
        store.finish_new()?;
        Ok(place.put()?.then_some(report))
    });
    place.leave();
    made
}

/// Makes a database and puts it in its place; returns nothing if there is one in its place by then.
fn make(context: &mut Context<'_>, pack: &Pack, place: &Place) -> Result<Option<ImportReport>> {
    let mut store = Store::create_new(&place.part)?;
    let report = fill(context, &mut store, pack, Removed::StayOut)?;
    store.finish_new()?;
    place.put().map(|is_there| is_there.then_some(report))
}

/// What is added to the name of a database while it is built.
const PART: &str = ".part";

/// The place of a database that is being built. The lock beside it is held until the value ends.
struct Place {
    database: PathBuf,
    part: PathBuf,
    _lock: File,
}

impl Place {
    /// Waits until no other program builds a database here.
    fn lock(context: &mut Context<'_>, database: &Path) -> Result<Place> {
        let path = with_end(database, ".lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| io_error("write", &path, error))?;
        let part = match lock.try_lock() {
            Ok(()) => PART.to_owned(),
            Err(TryLockError::WouldBlock) => {
                context.say("another program is building the database; waiting for it to end\n")?;
                lock.lock()
                    .map_err(|error| io_error("lock", &path, error))?;
                PART.to_owned()
            }
            // Without locks two programs build at once, each its own: the first that is whole is put in place.
            Err(TryLockError::Error(_)) => format!(".{}.part", std::process::id()),
        };
        Ok(Place {
            database: database.to_path_buf(),
            part: with_end(database, &part),
            _lock: lock,
        })
    }

    /// Removes what a program left that was killed while it built.
    fn clear(&self) {
        for end in ["", "-wal", "-shm", "-journal"] {
            // Mostly there is none.
            let _ = std::fs::remove_file(with_end(&self.part, end));
        }
    }

    /// Moves the database to its place, unless there is one by now; returns whether it is this one.
    fn put(&self) -> Result<bool> {
        // The log of a database that was deleted would be taken for this one's.
        for end in ["-wal", "-shm", "-journal"] {
            if !self.database.exists() {
                let _ = std::fs::remove_file(with_end(&self.database, end));
            }
        }
        // A link, where the file system has them, never replaces what another program put there.
        let is_there = match std::fs::hard_link(&self.part, &self.database) {
            Ok(()) => {
                // It is there under both names: at once, as a program may be killed at any moment.
                let _ = std::fs::remove_file(&self.part);
                true
            }
            Err(_) if self.database.exists() => false,
            Err(_) => {
                std::fs::rename(&self.part, &self.database)
                    .map_err(|error| io_error("write", &self.database, error))?;
                true
            }
        };
        if let Some(folder) = self.database.parent() {
            // Not every system can; the file itself is on the disk.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(is_there)
    }

    /// Leaves nothing beside the database, and lets the next program build.
    fn leave(self) {
        self.clear();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(with_end(&self.database, ".lock"));
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::release;

    #[test]
    fn only_a_database_that_is_not_there_is_none() {
        let fail = |error: Error| if_any(Err(error)).map(|found| found.is_some());
        assert!(matches!(fail(Error::not_found("no database")), Ok(false)));
        assert_eq!(
            fail(Error::io("no access")).unwrap_err().kind(),
            ErrorKind::Io
        );
    }

    #[test]
    fn few_releases_are_named_and_many_counted() {
        let of = |code_set, ids: &[&str]| -> Vec<(CodeSet, ReleaseId)> {
            ids.iter().map(|id| (code_set, release(id))).collect()
        };
        let three = of(CodeSet::Icd10Cm, &["FY2024", "FY2025", "FY2026"]);
        assert_eq!(describe(&three), "ICD-10-CM FY2024, FY2025, FY2026");
        let mut both = of(CodeSet::Icd10Pcs, &["FY2026"]);
        both.extend(of(
            CodeSet::Icd10Cm,
            &["FY2023", "FY2024", "FY2025", "FY2026"],
        ));
        assert_eq!(
            describe(&both),
            "4 releases of ICD-10-CM (FY2023 to FY2026) and ICD-10-PCS FY2026"
        );
        assert_eq!(describe(&[]), "");
    }
}
