//! Databases of earlier published schemas: asked as they are, and brought to the newest by the next import.

use std::path::{Path, PathBuf};

use codeyear::answer::{self, VerifyOptions};
use codeyear::ingest::import;
use codeyear::model::{CodeSet, DocumentKind};
use codeyear::store::{SCHEMA_VERSION, Store};

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

/// The first schema that was published.
const FIRST_PUBLISHED: i64 = 6;

fn fixture(version: i64) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/schema")
        .join(format!("v{version}.db"))
}

/// The commands that open a database, each with what it needs.
const OPENING: [&[&str]; 11] = [
    &["check", "C7B"],
    &["releases"],
    &["status"],
    &["verify"],
    &["import", "."],
    &["init", "--pack", "none.pack"],
    &["remove", "FY2026"],
    &["export", "ohdsi", "-o", "out"],
    &["backup", "copy.db"],
    &["serve", "--listen", "127.0.0.1:0"],
    &["fetch", "--missing", "--dry-run"],
];

#[test]
fn a_database_from_before_the_first_publication_is_refused_with_what_builds_it_again() {
    for version in 1..FIRST_PUBLISHED {
        let world = World::empty();
        std::fs::copy(fixture(version), world.database()).unwrap();
        let before = std::fs::read(world.database()).unwrap();
        for command in OPENING {
            let refused = world.run(command);
            assert_eq!(refused.exit, 2, "{command:?}: {refused:?}");
            let said = refused.stderr;
            assert!(
                said.contains(&format!("schema {version},")),
                "{command:?}: {said}"
            );
            assert!(
                said.contains("codeyear demo --folder"),
                "the sample: {said}"
            );
        }
        let after = std::fs::read(world.database()).unwrap();
        assert!(before == after, "version {version} was written to");
    }
}

#[test]
fn an_earlier_database_with_a_log_beside_it_is_refused_and_not_even_mended() {
    let world = World::empty();
    std::fs::copy(fixture(5), world.database()).unwrap();
    let connection = rusqlite::Connection::open(world.database()).unwrap();
    connection
        .execute_batch("PRAGMA journal_mode = WAL; UPDATE removed SET release = release; CREATE TABLE other (a)")
        .unwrap();
    // Copied while it is open, as after a program that was killed.
    let copied = World::empty();
    let files = ["codeyear.db", "codeyear.db-wal", "codeyear.db-shm"];
    for name in files {
        std::fs::copy(world.path(name), copied.path(name)).unwrap();
    }
    let bytes = |name: &str| std::fs::read(copied.path(name)).unwrap();
    let before = [bytes(files[0]), bytes(files[1])];
    assert!(!before[1].is_empty());
    for command in OPENING {
        assert_eq!(copied.run(command).exit, 2, "{command:?}");
    }
    assert!(before == [bytes(files[0]), bytes(files[1])]);
}

#[test]
fn what_neither_a_pack_nor_an_address_brings_is_named() {
    let world = World::empty();
    std::fs::copy(fixture(4), world.database()).unwrap();
    let connection = rusqlite::Connection::open(world.database()).unwrap();
    connection
        .execute_batch(
            "UPDATE meta SET value = 'full';
             UPDATE source_file SET sha256 = 'other', archive = 'mine.zip' WHERE kind = 'order_file'
                 AND release = (SELECT id FROM release WHERE name = 'FY2026');",
        )
        .unwrap();
    drop(connection);
    let said = world.run(&["releases"]).stderr;
    for part in [
        "ICD-10-CM: FY2025-04, FY2026",
        "init",
        "fetch --missing",
        "nothing brings these files",
        "ICD-10-CM FY2026, order file: mine.zip > ",
    ] {
        assert!(said.contains(part), "{part:?}: {said}");
    }
}

/// The tables, indexes and views of a database, without comments and line breaks.
fn schema_of(database: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(database).unwrap();
    let mut statement = connection
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
        .unwrap();
    let rows = statement
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap();
    rows.map(|sql| {
        let sql = sql.unwrap();
        let code = sql.lines().map(|line| line.split("--").next().unwrap());
        code.flat_map(str::split_whitespace)
            .collect::<Vec<_>>()
            .join(" ")
    })
    .collect()
}

#[test]
fn the_schema_that_was_published_is_never_changed_again() {
    let world = World::empty();
    drop(Store::open_or_create(&world.database()).unwrap());
    std::fs::copy(fixture(SCHEMA_VERSION), world.path("fixture.db")).unwrap();
    assert_eq!(
        schema_of(&world.database()),
        schema_of(&world.path("fixture.db")),
        "write a file of the next version beside it; before the first publication, delete \
         tests/fixtures/schema/v{SCHEMA_VERSION}.db and write it anew: codeyear --db \
         tests/fixtures/schema/v{SCHEMA_VERSION}.db import releases/sample/icd10cm/FY2025-04 releases/sample/icd10cm/FY2026 \
         releases/sample/icd10pcs/FY2022-04-errata"
    );
}
