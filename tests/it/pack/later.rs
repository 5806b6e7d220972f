//! A pack beside a database that is there already.

use codeyear::ingest::{Removed, import, import_pack, pack_would_add, remove};
use codeyear::model::{CodeSet, Provenance, ReleaseId};
use codeyear::pack::{Pack, releases_of};
use codeyear::store::Store;

use super::{bytes_of, new_file};
use crate::reliability::{YEARS, import_paths, write_years};
use crate::world::{World, options};

fn id(text: &str) -> ReleaseId {
    text.parse().unwrap()
}

/// A world with made-up releases as files, and a pack of them.
fn with_pack() -> (World, Vec<std::path::PathBuf>, Pack) {
    let world = World::empty();
    let paths = write_years(&world, &YEARS);
    let files: Vec<_> = YEARS
        .iter()
        .zip(&paths)
        .map(|((release, _), path)| new_file(path, id(release), Provenance::Unlisted))
        .collect();
    let path = world.write("years.pack", bytes_of(&files).0);
    (world, paths, Pack::open(&path).unwrap())
}

fn would_add(pack: &Pack, store: &Store) -> Vec<String> {
    let files = pack_would_add(pack, store, Removed::StayOut).unwrap();
    let releases = releases_of(&files).into_iter();
    releases.map(|(_, id)| id.to_string()).collect()
}

#[test]
fn a_newer_pack_adds_what_the_database_lacks_and_each_answer_says_so_once() {
    let (world, paths, pack) = with_pack();
    import_paths(&world.database(), &paths[..4]);
    assert_eq!(would_add(&pack, &world.store()), ["FY2034", "FY2035"]);
    let question = [
        "--pack",
        "years.pack",
        "check",
        "A000",
        "C7B",
        "--on",
        "2030-11-01",
    ];
    let run = world.run(&question);
    assert_eq!(
        run.stderr,
        "note: years.pack holds 2 files of ICD-10-CM FY2034, FY2035 that the database lacks: codeyear --pack years.pack init adds them\n"
    );
    let mut store = Store::open_or_create(&world.database()).unwrap();
    let report = import_pack(&mut store, &pack, Removed::StayOut, &options(), &mut |_| {}).unwrap();
    assert_eq!(report.taken.len(), 2, "{report:?}");
    let whole = World::empty();
    import_paths(&whole.database(), &paths);
    let expected = whole.store().content_hash().unwrap();
    assert_eq!(store.content_hash().unwrap(), expected);
    assert_eq!(world.run(&question).stderr, "");
    // Nothing is left to add.
    let report = import_pack(&mut store, &pack, Removed::StayOut, &options(), &mut |_| {}).unwrap();
    assert_eq!(report, Default::default());
}

#[test]
fn what_the_user_imported_is_never_replaced() {
    let (world, _, pack) = with_pack();
    // Other rows than the pack has, under the name of one of its releases.
    let own = world.write(
        "own/icd10cm-FY2033.txt",
        crate::reliability::made_up(YEARS[3].1, 5),
    );
    import_paths(&world.database(), &[own]);
    let mut store = Store::open_or_create(&world.database()).unwrap();
    let file = |store: &Store| {
        let releases = store.releases().unwrap().into_iter();
        let mut files = releases.map(|stored| stored.release);
        files
            .find(|release| release.id == id("FY2033"))
            .unwrap()
            .sha256
    };
    let before = file(&store);
    let report = import_pack(&mut store, &pack, Removed::StayOut, &options(), &mut |_| {}).unwrap();
    assert_eq!(report.taken.len(), YEARS.len() - 1);
    assert_eq!(file(&store), before);
    assert_eq!(would_add(&pack, &store), [""; 0]);
}

#[test]
fn what_was_removed_stays_out_until_it_is_imported_again() {
    let (world, paths, pack) = with_pack();
    import_paths(&world.database(), &paths);
    let mut store = Store::open_or_create(&world.database()).unwrap();
    let whole = store.content_hash().unwrap();
    for (release, _) in &YEARS[2..4] {
        remove(&mut store, CodeSet::Icd10Cm, id(release)).unwrap();
    }
    let removed = store.content_hash().unwrap();
    assert_eq!(would_add(&pack, &store), [""; 0]);
    let report = import_pack(&mut store, &pack, Removed::StayOut, &options(), &mut |_| {}).unwrap();
    assert!(!report.changed(), "{report:?}");
    assert_eq!(store.content_hash().unwrap(), removed);
    let run = world.run(&["--pack", "years.pack", "init"]);
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(
        run.stdout.contains("Nothing to add from years.pack\nLeft out, because it was removed with codeyear remove: ICD-10-CM FY2032, FY2033."),
        "{run:?}"
    );
    assert_eq!(world.run(&["verify"]).exit, 0);
    // Both ways back lead to the same database. These files are no official ones, which the program alone would take.
    let run = world.run(&["--pack", "years.pack", "init", "--removed"]);
    let adding = "2 files of ICD-10-CM FY2032, FY2033 that the database lacks";
    assert!(run.stderr.contains(adding), "{run:?}");
    assert_eq!(
        store.removed_releases().unwrap().len(),
        2,
        "nothing was added"
    );
    import_pack(
        &mut store,
        &pack,
        Removed::ComeBack,
        &options(),
        &mut |_| {},
    )
    .unwrap();
    assert_eq!(store.content_hash().unwrap(), whole);
    for (release, _) in &YEARS[2..4] {
        remove(&mut store, CodeSet::Icd10Cm, id(release)).unwrap();
    }
    let run = world.run(&["import", "years.pack"]);
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(
        run.stderr.contains("hint: codeyear --pack years.pack init"),
        "{run:?}"
    );
    import(&mut store, &paths[2..4], &options(), &mut |_| {}).unwrap();
    assert_eq!(store.content_hash().unwrap(), whole);
    assert_eq!(store.removed_releases().unwrap(), []);
    // All of them taken out, and the database empty: none comes back by itself.
    for (release, _) in &YEARS {
        remove(&mut store, CodeSet::Icd10Cm, id(release)).unwrap();
    }
    assert_eq!(would_add(&pack, &store), [""; 0]);
    drop(store);
    let empty = std::fs::read(world.database()).unwrap();
    world.write(".local/share/codeyear/codeyear.db", empty);
    let run = super::ask(
        &world,
        &[
            "--pack",
            "years.pack",
            "check",
            "A000",
            "--on",
            "2030-11-01",
        ],
    );
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(run.stderr.contains("the database is empty"), "{run:?}");
}

#[test]
fn the_sample_never_mixes_with_a_pack() {
    let (world, _, pack) = with_pack();
    let sample = World::with_sample();
    assert_eq!(would_add(&pack, &sample.store()), [""; 0]);
    let pack = world.path("years.pack").display().to_string();
    let run = sample.run(&["--pack", &pack, "init"]);
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(
        run.stderr.contains("the database has the bundled sample"),
        "{run:?}"
    );
    assert_eq!(
        sample
            .run(&["--pack", &pack, "check", "C7B", "--on", "2026-03-01"])
            .stderr,
        ""
    );
}
