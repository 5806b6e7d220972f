//! What is no database, is none yet, or has an odd path.

use std::fs;
use std::path::PathBuf;

use super::{Sandbox, YEARS, assert_refused, chmod, leftovers, world_with_one_year, write_years};
use crate::world::World;

/// Runs every kind of verb on a path that is no database of this program, and checks that the path is as
/// it was.
fn refused_as_a_database(world: &World, parts: &[&str]) {
    let database = world.database();
    let before = fs::read(&database).ok();
    write_years(world, &YEARS[..1]);
    for args in [
        &["check", "A000"][..],
        &["history", "A000"],
        &["diff", "FY2025", "FY2026"],
        &["verify"],
        &["import", "--allow-incomplete", "in"],
    ] {
        let run = world.run(args);
        assert_refused(&run, &["codeyear.db"]);
        assert_eq!(run.stdout, "");
        for part in parts {
            assert!(run.stderr.contains(part), "{args:?}: {part:?} in {run:?}");
        }
        assert!(fs::read(&database).ok() == before, "{args:?} touched it");
        assert_eq!(leftovers(&database), Vec::<PathBuf>::new(), "{args:?}");
    }
}

#[test]
fn a_database_of_a_newer_schema_is_refused() {
    let world = world_with_one_year();
    let connection = rusqlite::Connection::open(world.database()).unwrap();
    connection.pragma_update(None, "user_version", 999).unwrap();
    drop(connection);
    refused_as_a_database(&world, &["schema version 999", "update"]);
}

#[test]
fn a_sqlite_file_of_another_program_is_refused() {
    for sql in [
        "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('kept')",
        "PRAGMA user_version = 1; CREATE TABLE release (id INTEGER)",
        "PRAGMA application_id = 7",
    ] {
        let world = World::empty();
        let connection = rusqlite::Connection::open(world.database()).unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        refused_as_a_database(&world, &["not made by codeyear"]);
    }
}

#[test]
fn a_text_file_is_refused_as_a_database() {
    for text in ["x", "just a text\n", &"a longer text\n".repeat(1000)] {
        let world = World::empty();
        world.write("codeyear.db", text);
        refused_as_a_database(&world, &["not a database", "--db"]);
    }
}

#[test]
fn a_damaged_database_is_refused() {
    let world = world_with_one_year();
    let mut bytes = fs::read(world.database()).unwrap();
    let length = bytes.len();
    for byte in &mut bytes[4096..length] {
        *byte = 0x5a;
    }
    world.write("codeyear.db", bytes);
    for args in [
        &["check", "A000"][..],
        &["import", "--allow-incomplete", "in"],
    ] {
        let run = world.run(args);
        assert_refused(&run, &["codeyear.db", "damaged"]);
    }
}

#[test]
fn a_database_that_is_cut_off_is_refused() {
    let world = world_with_one_year();
    let bytes = fs::read(world.database()).unwrap();
    for kept in [100, 4096, bytes.len() / 2] {
        world.write("codeyear.db", &bytes[..kept]);
        let run = world.run(&["check", "A000", "--on", "2029-11-01"]);
        assert_refused(&run, &["codeyear.db"]);
    }
}

#[test]
fn a_folder_is_refused_as_a_database() {
    let world = World::empty();
    fs::create_dir(world.database()).unwrap();
    refused_as_a_database(&world, &["cannot be opened", "path"]);
}

#[test]
fn an_empty_file_is_an_empty_database() {
    let world = World::empty();
    world.write("codeyear.db", "");
    for args in [&["check", "A000"][..], &["history", "A000"], &["verify"]] {
        let run = world.run(args);
        assert_refused(&run, &["codeyear.db", "empty", "import"]);
        assert_eq!(fs::metadata(world.database()).unwrap().len(), 0);
    }
    write_years(&world, &YEARS[..1]);
    let run = world.run(&["import", "--allow-incomplete", "in"]);
    assert_eq!(run.exit, 0, "{run:?}");
}

#[test]
fn a_database_that_is_not_there_is_told_and_not_made() {
    let world = World::empty();
    for args in [
        &["check", "A000"][..],
        &["history", "A000"],
        &["diff", "FY2025", "FY2026"],
        &["verify"],
    ] {
        let run = world.run(args);
        assert_refused(&run, &["codeyear.db", "no database", "import"]);
    }
    assert_eq!(world.run(&["releases"]).exit, 0);
    assert!(!world.database().exists());
}

#[test]
fn a_database_in_a_folder_that_does_not_exist_is_made() {
    let world = World::empty();
    write_years(&world, &YEARS[..1]);
    let run = world.run(&[
        "import",
        "--allow-incomplete",
        "in",
        "--db",
        "a/b/c/codes.db",
    ]);
    assert_eq!(run.exit, 0, "{run:?}");
    let run = world.run(&[
        "check",
        "A000",
        "--on",
        "2029-11-01",
        "--db",
        "a/b/c/codes.db",
    ]);
    assert_eq!(run.exit, 0, "{run:?}");
}

#[test]
fn a_database_path_that_is_none_is_refused_and_nothing_is_lost() {
    let world = World::empty();
    write_years(&world, &YEARS[..1]);
    for path in ["", ":memory:"] {
        let run = world.run(&["import", "--allow-incomplete", "in", "--db", path]);
        // An import that says that it is stored must be found again.
        if run.exit == 0 {
            let run = world.run(&["check", "A000", "--on", "2029-11-01", "--db", path]);
            assert_eq!(run.exit, 0, "{path:?}: imported and lost: {run:?}");
        }
    }
}

#[test]
fn a_database_path_with_odd_characters_is_one_file() {
    for name in [
        "with blank.db",
        "quer?y=1#x.db",
        "50%25.db",
        "file:name.db",
        "é.db",
    ] {
        // Windows has no such names.
        if cfg!(windows) && name.contains(['?', ':']) {
            continue;
        }
        let world = World::empty();
        write_years(&world, &YEARS[..1]);
        let path = world.path(name);
        let shown = path.display().to_string();
        let run = world.run(&["import", "--allow-incomplete", "in", "--db", &shown]);
        assert_eq!(run.exit, 0, "{run:?}");
        assert!(path.exists());
        let run = world.run(&["check", "A000", "--on", "2029-11-01", "--db", &shown]);
        assert_eq!(run.exit, 0, "{name}: {run:?}");
        // And where it may not be written.
        let copy = World::empty();
        fs::copy(&path, copy.database()).unwrap();
        let Some(sandbox) = Sandbox::read_only(&copy) else {
            continue;
        };
        chmod(&sandbox.folder.path().join("data"), "755");
        let renamed = sandbox.database().with_file_name(name);
        fs::rename(sandbox.database(), &renamed).unwrap();
        chmod(&sandbox.folder.path().join("data"), "555");
        let shown = renamed.display().to_string();
        let run = sandbox.run(&["check", "A000", "--on", "2029-11-01", "--db", &shown]);
        assert_eq!(run.exit, 0, "{name}: {run:?}");
    }
}
