//! Killed: an import that is ended at any moment, and the log that it leaves.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use super::{
    Sandbox, YEARS, assert_refused, beside, end, hash, import_paths, leftovers, spawn, state,
    write_years,
};
use crate::world::{Run, World, official_releases};

/// Kills an import at twenty moments spread over its run time. After each the database answers as before
/// (or, if the import had just ended, as after it); repeated, it gives what an undisturbed import gives.
fn kill_at_twenty_moments(base: &[PathBuf], added: &[PathBuf], questions: &[&str]) {
    let world = World::empty();
    let database = world.database();
    if !base.is_empty() {
        import_paths(&database, base);
    }
    let pristine = world.path("pristine.db");
    if database.exists() {
        fs::copy(&database, &pristine).unwrap();
    }
    let old = state(&database);
    let ask = || {
        let mut args = vec!["check"];
        args.extend(questions);
        world.run(&args)
    };
    let old_answer = ask();

    let mut args = vec!["import", "--allow-incomplete"];
    let paths: Vec<String> = added
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    args.extend(paths.iter().map(String::as_str));
    let start = Instant::now();
    let run = world.run(&args);
    let whole = start.elapsed();
    assert_eq!(run.exit, 0, "{run:?}");
    let new = state(&database);
    let new_answer = ask();
    assert_ne!(old, new);
    assert_ne!(old_answer.stdout, new_answer.stdout, "the question tells");

    let again = world.path("again.db");
    let mut killed = 0;
    for moment in 1..=20 {
        // Every fourth time from the start; else upon what the last kill left.
        if moment % 4 == 1 || state(&database) == new {
            for path in leftovers(&database) {
                fs::remove_file(path).unwrap();
            }
            if pristine.exists() {
                fs::copy(&pristine, &database).unwrap();
            } else {
                // A first import that was killed has left none.
                let _ = fs::remove_file(&database);
            }
        }
        let mut child = spawn(&world, &args);
        std::thread::sleep(whole * moment / 20);
        let had_ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        let ended = end(child);
        let answer = ask();
        let found = state(&database);
        if had_ended {
            assert_eq!(ended.exit, 0, "{ended:?}");
            assert_eq!(found, new);
        } else {
            killed += 1;
            assert!(
                found == old || found == new,
                "moment {moment}: a third state"
            );
        }
        if found == old {
            assert_eq!(answer.stdout, old_answer.stdout, "moment {moment}");
            assert_eq!(answer.exit, old_answer.exit);
        } else {
            assert_eq!(answer.stdout, new_answer.stdout, "moment {moment}");
        }
        // Repeated on a copy, so that the next kill meets what this one left.
        for path in leftovers(&again) {
            fs::remove_file(path).unwrap();
        }
        let _ = fs::remove_file(&again);
        if database.exists() {
            fs::copy(&database, &again).unwrap();
        }
        let log = beside(&database, "-wal");
        if log.exists() {
            fs::copy(&log, beside(&again, "-wal")).unwrap();
        }
        let output = world.command(&args).env("CODEYEAR_DB", &again).output();
        let run = Run::from(output.unwrap());
        assert_eq!(run.exit, 0, "moment {moment}: {run:?}");
        assert_eq!(state(&again), new, "moment {moment}");
        assert_eq!(leftovers(&again), Vec::<PathBuf>::new());
    }
    assert!(killed >= 5, "only {killed} of 20 were killed in time");
    let output = world
        .command(&["verify"])
        .env("CODEYEAR_DB", &again)
        .output();
    let verify = Run::from(output.unwrap());
    assert_eq!(verify.exit, 0, "{verify:?}");
}

#[test]
fn an_import_that_is_killed_leaves_the_old_state_and_can_be_repeated() {
    let files = World::empty();
    let paths = write_years(&files, &YEARS);
    kill_at_twenty_moments(
        &paths[..1],
        &paths[1..],
        &["A000", "C7B", "--on", "2032-11-01"],
    );
}

#[test]
fn a_first_import_that_is_killed_leaves_nothing_and_can_be_repeated() {
    let files = World::empty();
    let paths = write_years(&files, &YEARS);
    kill_at_twenty_moments(&[], &paths, &["A000", "C7B", "--on", "2032-11-01"]);
}

#[test]
fn an_import_of_official_releases_that_is_killed_leaves_the_old_state() {
    let Some(folder) =
        official_releases("an_import_of_official_releases_that_is_killed_leaves_the_old_state")
    else {
        return;
    };
    kill_at_twenty_moments(
        &[folder.join("icd10cm/icd10cm-FY2025.zip")],
        &[folder.join("icd10cm/icd10cm-FY2026.zip")],
        &["G35A", "--on", "2025-11-01"],
    );
}

/// Makes what a killed import leaves: a database whose newest release is in the log alone. Gives the
/// content hash with that release.
fn leave_a_log(world: &World, with_index: bool) -> String {
    let source = World::empty();
    let paths = write_years(&source, &YEARS);
    import_paths(&source.database(), &paths[..1]);
    // A reader that stays keeps the log from being emptied.
    let reader = rusqlite::Connection::open(source.database()).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM release")
        .unwrap();
    import_paths(&source.database(), &paths[1..2]);
    let new = hash(&source.database());
    for end in ["", "-wal", "-shm"] {
        if end != "-shm" || with_index {
            let from = beside(&source.database(), end);
            fs::copy(from, beside(&world.database(), end)).unwrap();
        }
    }
    assert!(
        fs::metadata(beside(&world.database(), "-wal"))
            .unwrap()
            .len()
            > 0
    );
    new
}

const IN_THE_LOG: [&str; 4] = ["check", "A000", "--on", "2030-11-01"];

#[test]
fn a_log_that_a_killed_import_left_is_read_by_the_next_reader() {
    for with_index in [true, false] {
        let world = World::empty();
        let new = leave_a_log(&world, with_index);
        let run = world.run(&IN_THE_LOG);
        assert_eq!(run.exit, 0, "{run:?}");
        assert!(run.stdout.contains("source: FY2031"), "{run:?}");
        assert_eq!(hash(&world.database()), new);
        assert_eq!(leftovers(&world.database()), Vec::<PathBuf>::new());
    }
}

#[test]
fn a_log_in_a_folder_that_may_not_be_written_is_read_or_refused_and_never_ignored() {
    for with_index in [true, false] {
        let world = World::empty();
        leave_a_log(&world, with_index);
        let Some(sandbox) = Sandbox::read_only(&world) else {
            return;
        };
        let run = sandbox.run(&IN_THE_LOG);
        if run.exit == 0 {
            assert!(run.stdout.contains("source: FY2031"), "{run:?}");
        } else {
            assert_refused(&run, &["codeyear.db"]);
        }
    }
}
