//! Without permission: folders and files that may not be written or read.

use std::fs;
use std::path::PathBuf;

use super::{Sandbox, assert_refused, chmod, hash, leftovers, world_with_one_year};
use crate::world::World;

#[test]
fn every_question_is_answered_from_a_folder_that_may_not_be_written() {
    let world = world_with_one_year();
    let before = fs::read(world.database()).unwrap();
    let Some(sandbox) = Sandbox::read_only(&world) else {
        return;
    };
    for args in [
        &["check", "A000", "--on", "2029-11-01"][..],
        &["history", "A000"],
        &["releases"],
        &["diff", "FY2030", "FY2030"],
    ] {
        let run = sandbox.run(args);
        let expected = world.run(args);
        assert_eq!(run.exit, 0, "{args:?}: {run:?}");
        assert_eq!(run.stdout, expected.stdout);
    }
    assert_eq!(leftovers(&sandbox.database()), Vec::<PathBuf>::new());
    assert!(fs::read(sandbox.database()).unwrap() == before);
}

#[test]
fn an_import_into_what_may_not_be_written_is_refused() {
    let world = world_with_one_year();
    for (folder_mode, file_mode) in [("555", "444"), ("555", "666"), ("777", "444")] {
        let Some(sandbox) = Sandbox::with_modes(&world, folder_mode, file_mode) else {
            return;
        };
        let run = sandbox.run(&["import", "--allow-incomplete", "icd10cm-FY2031.txt"]);
        assert_refused(&run, &["codeyear.db"]);
        assert!(
            run.stderr.contains("read-only") || run.stderr.contains("cannot be opened"),
            "{folder_mode} {file_mode}: {run:?}"
        );
        assert!(run.stderr.contains("permission"), "{run:?}");
        let copy = World::empty();
        fs::copy(sandbox.database(), copy.database()).unwrap();
        assert_eq!(hash(&copy.database()), hash(&world.database()));
        let run = sandbox.run(&["check", "A000", "--on", "2029-11-01"]);
        assert_eq!(run.exit, 0, "{folder_mode} {file_mode}: {run:?}");
    }
}

#[test]
fn an_import_into_a_new_file_of_a_folder_that_may_not_be_written_is_refused() {
    let world = world_with_one_year();
    let Some(sandbox) = Sandbox::read_only(&world) else {
        return;
    };
    for name in ["new.db", "new/folder/new.db"] {
        let database = sandbox.folder.path().join("data").join(name);
        let shown = database.display().to_string();
        let run = sandbox.run(&[
            "import",
            "--allow-incomplete",
            "icd10cm-FY2031.txt",
            "--db",
            &shown,
        ]);
        assert_refused(&run, &["new"]);
        assert!(!database.exists());
    }
}

#[test]
fn a_file_that_may_not_be_read_is_refused() {
    let world = world_with_one_year();
    let Some(sandbox) = Sandbox::with_modes(&world, "555", "400") else {
        return;
    };
    if sandbox.as_root {
        assert_refused(
            &sandbox.run(&["check", "A000"]),
            &["codeyear.db", "cannot be opened"],
        );
    }
    let secret = sandbox.folder.path().join("open/icd10cm-FY2031.txt");
    chmod(&secret, "000");
    let run = sandbox.run(&[
        "import",
        "--allow-incomplete",
        "icd10cm-FY2031.txt",
        "--db",
        "own.db",
    ]);
    assert_refused(&run, &["icd10cm-FY2031.txt", "ermission"]);
}

#[test]
fn verify_without_permission_to_write_proves_and_says_that_nothing_is_kept() {
    let world = World::with_sample();
    let Some(sandbox) = Sandbox::read_only(&world) else {
        return;
    };
    let before = fs::read(sandbox.database()).unwrap();
    let run = sandbox.run(&["verify"]);
    assert_eq!(run.exit, 0, "{run:?}");
    for part in [
        "verified, not stored: the database is read-only\n",
        "exact database: ",
        "exact ICD-10-CM: derived",
        "exact full-text index",
        "sound: 1",
    ] {
        assert!(run.stdout.contains(part), "{part}: {run:?}");
    }
    assert!(fs::read(sandbox.database()).unwrap() == before);
    assert_eq!(leftovers(&sandbox.database()), Vec::<PathBuf>::new());
    // Damage is found there as well.
    let damaged = World::with_sample();
    rusqlite::Connection::open(damaged.database())
        .unwrap()
        .execute_batch("UPDATE span SET listed_from = '2016-10-01' WHERE code = 'C7B1'")
        .unwrap();
    let Some(sandbox) = Sandbox::read_only(&damaged) else {
        return;
    };
    assert_eq!(sandbox.run(&["verify"]).exit, 1);
    // A copy can be made from there.
    let run = sandbox.run(&["backup", "copy.db"]);
    assert_eq!(run.exit, 0, "{run:?}");
}
