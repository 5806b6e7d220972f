//! Databases of earlier published schemas: asked as they are, and brought to the newest by the next import.

use std::path::{Path, PathBuf};

use codeyear::answer::{self, VerifyOptions};
use codeyear::ingest::import;
use codeyear::model::{CodeSet, DocumentKind};
use codeyear::store::{SCHEMA_VERSION, Store};

use crate::layers::{FIRST_PUBLISHED, fixture, schema_of};
use crate::world::{World, today, whole};

fn earlier() -> World {
    let world = World::empty();
    std::fs::copy(fixture(FIRST_PUBLISHED), world.database()).unwrap();
    world
}

fn version_of(database: &Path) -> i64 {
    let connection = rusqlite::Connection::open(database).unwrap();
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

fn sample(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("releases/sample")
        .join(folder)
}

fn take(database: &Path, folders: &[&str]) {
    let mut store = Store::open_or_create(database).unwrap();
    let paths: Vec<PathBuf> = folders.iter().map(|folder| sample(folder)).collect();
    let report = import(&mut store, &paths, &whole(), &mut |_| {}).unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
}

fn is_sound(database: &Path) -> bool {
    let store = Store::open(database).unwrap();
    let report = answer::verify(&store, &VerifyOptions::default(), today(), &mut |_, _| {});
    report.unwrap().is_sound()
}

/// How many rows each table has, but for the digests, and for runs, whose number depends on the order of imports.
fn rows_of(database: &Path) -> Vec<(String, i64)> {
    let connection = rusqlite::Connection::open(database).unwrap();
    let tables: Vec<String> = connection
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'search%'
                 AND name NOT IN ('digest', 'proof', 'listing_run', 'document_run') ORDER BY name",
        )
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    let count = |table: &String| {
        let sql = format!("SELECT count(*) FROM {table}");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    let counts: Vec<i64> = tables.iter().map(count).collect();
    tables.into_iter().zip(counts).collect()
}

#[test]
fn a_database_of_an_earlier_published_schema_is_asked_as_it_is() {
    let world = earlier();
    let before = std::fs::read(world.database()).unwrap();
    for command in [
        ["check", "C7B.00", "--on", "2026-03-01"].as_slice(),
        &["search", "carcinoid liver", "--on", "2026-03-01"],
        &["releases"],
    ] {
        let run = world.run(command);
        assert_eq!(run.exit, 0, "{command:?}: {run:?}");
    }
    assert!(before == std::fs::read(world.database()).unwrap());
    assert!(is_sound(&world.database()));
    assert_eq!(version_of(&world.database()), FIRST_PUBLISHED);
}

#[test]
fn an_import_brings_a_database_of_an_earlier_schema_to_the_newest_without_loss() {
    let world = earlier();
    let before = rows_of(&world.database());
    let hash = world.store().content_hash().unwrap();
    // What is there already changes nothing.
    take(&world.database(), &["icd10cm/FY2026"]);
    assert_eq!(version_of(&world.database()), FIRST_PUBLISHED);
    assert_eq!(rows_of(&world.database()), before);
    assert_eq!(world.store().content_hash().unwrap(), hash);
    // With what is new it is as one that was made anew.
    take(&world.database(), &["icd10pcs/FY2022-04-errata"]);
    assert_eq!(version_of(&world.database()), SCHEMA_VERSION);
    let anew = World::empty();
    let folders = [
        "icd10pcs/FY2022-04-errata",
        "icd10cm/FY2026",
        "icd10cm/FY2025-04",
    ];
    take(&anew.database(), &folders);
    assert_eq!(schema_of(&world.database()), schema_of(&anew.database()));
    assert_eq!(rows_of(&world.database()), rows_of(&anew.database()));
    let (one, other) = (world.store(), anew.store());
    assert_eq!(one.content_hash().unwrap(), other.content_hash().unwrap());
    let index = |store: &Store| store.documents(DocumentKind::PcsIndex).unwrap()[0].items;
    assert_eq!((index(&one), index(&other)), (11, 11));
    let found = |store: &Store| {
        let options = answer::SearchOptions {
            most: 10,
            unlisted: false,
        };
        let day = "2022-05-01".parse().unwrap();
        answer::search(store, CodeSet::Icd10Pcs, "angioplasty", day, options).unwrap()
    };
    assert_eq!(found(&one), found(&other));
    assert!(is_sound(&world.database()));
}

#[test]
fn an_import_that_takes_nothing_leaves_an_earlier_schema_as_it_is() {
    let world = earlier();
    let before = rows_of(&world.database());
    let other = world.write("notes.txt", "nothing to take");
    let mut store = Store::open_or_create(&world.database()).unwrap();
    assert!(import(&mut store, &[other], &whole(), &mut |_| {}).is_err());
    drop(store);
    assert_eq!(rows_of(&world.database()), before);
    assert!(is_sound(&world.database()));
}

#[test]
fn a_release_is_taken_out_of_a_database_of_an_earlier_schema() {
    let world = earlier();
    let run = world.run(&["remove", "FY2026", "--code-set", "icd10cm"]);
    assert_eq!(run.exit, 0, "{run:?}");
    assert_eq!(version_of(&world.database()), SCHEMA_VERSION);
    assert!(is_sound(&world.database()));
}
