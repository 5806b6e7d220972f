//! Copies of a database while others use it.

use std::fs;
#[cfg(feature = "serve")]
use std::io::Read;
#[cfg(feature = "serve")]
use std::process::Stdio;

use rusqlite::Connection;

use super::{
    YEARS, assert_refused, beside, end, hash, import_paths, leftovers, spawn, write_years,
};
use crate::soundness::verdict;
use crate::world::World;

#[test]
fn a_backup_is_the_database_on_its_own() {
    let world = World::with_sample();
    let run = world.run(&["backup", "copy.db", "--format", "json"]);
    assert_eq!(run.exit, 0, "{run:?}");
    assert_eq!(run.stderr, "");
    let told: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let copy = world.path("copy.db");
    assert_eq!(told["schema"], "codeyear/backup/1");
    assert_eq!(told["content_hash"], hash(&copy));
    assert_eq!(told["content_hash"], hash(&world.database()));
    assert_eq!(told["bytes"], fs::metadata(&copy).unwrap().len());
    assert_eq!(leftovers(&copy), [""; 0].map(std::path::PathBuf::from));
    assert_eq!(verdict(&copy), Ok(()));
    // An import into the copy does not disturb its readers either.
    let mode: String = Connection::open(&copy)
        .unwrap()
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
    let names: Vec<_> = fs::read_dir(world.folder()).unwrap().flatten().collect();
    assert!(
        names
            .iter()
            .all(|one| !one.file_name().to_string_lossy().ends_with(".part")),
        "{names:?}"
    );
}

#[test]
fn a_backup_replaces_nothing_that_it_was_not_told_to() {
    let world = World::with_sample();
    let other = world.write("other.db", "something else");
    assert_refused(
        &world.run(&["backup", "other.db"]),
        &["other.db", "--force"],
    );
    assert_eq!(fs::read(&other).unwrap(), b"something else");
    let run = world.run(&["backup", "other.db", "--force"]);
    assert_eq!(run.exit, 0, "{run:?}");
    assert_eq!(verdict(&other), Ok(()));
    for (file, parts) in [
        ("codeyear.db", ["codeyear.db", "the database itself"]),
        (".", [".", "folder"]),
        ("nowhere/copy.db", ["nowhere/copy.db", "cannot write"]),
    ] {
        assert_refused(&world.run(&["backup", file, "--force"]), &parts);
    }
    // A database that someone has open keeps its log beside it.
    let open = Connection::open(&other).unwrap();
    open.execute_batch("CREATE TABLE more (id INTEGER)")
        .unwrap();
    assert!(beside(&other, "-wal").exists());
    assert_refused(&world.run(&["backup", "other.db", "--force"]), &["in use"]);
    assert_eq!(verdict(&world.database()), Ok(()));
}

#[test]
fn a_backup_during_an_import_is_the_old_state_or_the_new_one() {
    let world = World::empty();
    let paths = write_years(&world, &YEARS);
    import_paths(&world.database(), &paths[..1]);
    let old = hash(&world.database());
    let child = spawn(&world, &["import", "--allow-incomplete", "in"]);
    let mut seen = Vec::new();
    for at in 0..6 {
        let name = format!("copy{at}.db");
        let run = world.run(&["backup", &name]);
        assert_eq!(run.exit, 0, "{run:?}");
        assert_eq!(verdict(&world.path(&name)), Ok(()));
        seen.push(hash(&world.path(&name)));
    }
    let run = end(child);
    assert_eq!(run.exit, 0, "{run:?}");
    let new = hash(&world.database());
    assert!(
        seen.iter().all(|one| *one == old || *one == new),
        "{seen:?}"
    );
}

#[test]
fn the_one_file_holds_an_import_that_was_made_while_a_reader_had_it_open() {
    let world = World::empty();
    let paths = write_years(&world, &YEARS);
    import_paths(&world.database(), &paths[..1]);
    // It has read, and reads again later, as a server does.
    let reader = Connection::open(world.database()).unwrap();
    let read = || -> i64 {
        reader
            .query_row("SELECT count(*) FROM release", [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(read(), 1);
    let run = world.run(&["import", "--allow-incomplete", "in"]);
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""), "{run:?}");
    let copy = world.path("copy.db");
    fs::copy(world.database(), &copy).unwrap();
    assert_eq!(hash(&copy), hash(&world.database()));
    assert_eq!(verdict(&copy), Ok(()));
    assert_eq!(read(), YEARS.len() as i64);
}

#[test]
fn a_reader_that_keeps_an_older_state_is_told_of() {
    let world = World::empty();
    let paths = write_years(&world, &YEARS[..2]);
    import_paths(&world.database(), &paths[..1]);
    let reader = Connection::open(world.database()).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM release")
        .unwrap();
    let run = world.run(&["import", "--allow-incomplete", "in"]);
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(
        run.stderr.contains("codeyear.db-wal") && run.stderr.contains("codeyear backup"),
        "{run:?}"
    );
    // A backup has it all the same.
    assert_eq!(world.run(&["backup", "copy.db"]).exit, 0);
    assert_eq!(hash(&world.path("copy.db")), hash(&world.database()));
    drop(reader);
}

#[cfg(feature = "serve")]
#[test]
fn a_plain_copy_made_after_an_import_beside_a_server_holds_the_import() {
    let world = World::empty();
    let paths = write_years(&world, &YEARS[..2]);
    import_paths(&world.database(), &paths[..1]);
    let mut server = world
        .command(&["serve", "--listen", "127.0.0.1:0", "--log", "off"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 8];
    server
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    let run = world.run(&["import", "--allow-incomplete", "in"]);
    let copy = world.path("copy.db");
    fs::copy(world.database(), &copy).unwrap();
    let (found, expected) = (hash(&copy), hash(&world.database()));
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""), "{run:?}");
    assert_eq!(found, expected);
}
