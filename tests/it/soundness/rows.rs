//! Rows changed with plain SQL.

use super::{Chance, Change, by_hand, change, tables, verdict};
use crate::world::World;

#[test]
fn every_column_of_every_table_is_proven() {
    let world = World::with_sample();
    // With outcomes of an earlier verification, which are proven as well.
    assert_eq!(verdict(&world.database()), Ok(()));
    let mut chance = Chance::new();
    let tables = tables(&by_hand(&world.database()));
    assert!(tables.len() > 30);
    let mut tried = 0;
    let mut missed = Vec::new();
    let copy = world.path("copy.db");
    for table in &tables {
        let flips = table.columns.iter().map(|column| Change::Flip(column));
        for one in flips.chain([Change::Insert, Change::Delete]) {
            std::fs::copy(world.database(), &copy).unwrap();
            let Some(done) = change(&by_hand(&copy), table, one, &mut chance) else {
                continue;
            };
            tried += 1;
            if verdict(&copy).is_ok() {
                missed.push(done);
            }
        }
    }
    say(&format!("{tried} changes tried, {} missed", missed.len()));
    assert!(
        missed.is_empty(),
        "{} missed:\n{}",
        missed.len(),
        missed.join("\n")
    );
    assert!(tried > 200);
}

#[allow(clippy::print_stdout, reason = "the runner shows it on request only")]
fn say(text: &str) {
    println!("{text}");
}

#[test]
fn another_schema_is_not_sound() {
    let world = World::with_sample();
    for sql in [
        "DROP INDEX entry_by_code",
        "DROP VIEW code_on",
        "CREATE TABLE extra (id INTEGER)",
        "CREATE TRIGGER later AFTER INSERT ON patch BEGIN DELETE FROM entry; END",
        "DROP VIEW code_history; CREATE VIEW code_history AS SELECT 1",
        "ALTER TABLE entry ADD COLUMN more TEXT",
        "DROP TABLE digest",
        "DELETE FROM digest",
    ] {
        let copy = world.path("copy.db");
        std::fs::copy(world.database(), &copy).unwrap();
        by_hand(&copy).execute_batch(sql).unwrap();
        assert!(verdict(&copy).is_err(), "{sql}");
    }
}

#[test]
fn what_was_changed_is_named() {
    let world = World::with_sample();
    by_hand(&world.database())
        .execute_batch("UPDATE tabular_note SET kind = 'excludes2' WHERE kind = 'excludes1'")
        .unwrap();
    let run = world.run(&["verify"]);
    assert_eq!(run.exit, 1, "{run:?}");
    assert!(
        run.stdout
            .contains("failed database: rows of tabular_note with id 1 to"),
        "{run:?}"
    );
    assert!(run.stdout.contains("NOT SOUND"), "{run:?}");
    // The next one says so as well.
    assert_eq!(world.run(&["verify"]).exit, 1);
}

#[test]
fn what_is_not_proven_is_said() {
    let world = World::with_sample();
    let run = world.run(&["verify"]);
    assert_eq!(run.exit, 0, "{run:?}");
    for part in ["exact database: ", "not verified: unused parts of the file"] {
        assert!(run.stdout.contains(part), "{part}: {run:?}");
    }
    // A release that nobody knows: its file may be anyone's.
    let other = crate::reliability::world_with_one_year();
    let run = other.run(&["verify"]);
    assert!(
        run.stdout
            .contains("not verified: that 1 of 1 imported files"),
        "{run:?}"
    );
}

#[test]
fn an_import_does_not_cover_up_what_was_changed_before_it() {
    use crate::reliability::{YEARS, import_paths, write_years};
    for sql in [
        "UPDATE release SET identified_by = 'hash'",
        "UPDATE source_file SET url = 'https://example.org'",
        "UPDATE entry SET long_title = 'another' WHERE id = 5",
        "INSERT INTO patch VALUES (1, '2030-01-01', 1, 'nobody')",
        "INSERT INTO poa_exempt (code, title, digest) VALUES ('Z999', 'nobody', x'00')",
    ] {
        let world = World::empty();
        let paths = write_years(&world, &YEARS[..2]);
        import_paths(&world.database(), &paths[..1]);
        by_hand(&world.database()).execute_batch(sql).unwrap();
        import_paths(&world.database(), &paths[1..]);
        assert!(verdict(&world.database()).is_err(), "{sql}");
    }
}
