//! Crowded: imports and readers at once.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{
    YEARS, assert_refused, end, hash, import_paths, leftovers, made_up, spawn, write_years,
};
use crate::world::World;

#[test]
fn two_imports_at_once_both_end_well() {
    let files = World::empty();
    let paths = write_years(&files, &YEARS);
    let shown: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let undisturbed = World::empty();
    import_paths(&undisturbed.database(), &paths);
    let expected = hash(&undisturbed.database());
    let one = [
        "import",
        "--allow-incomplete",
        &shown[0],
        &shown[2],
        &shown[4],
    ];
    let two = [
        "import",
        "--allow-incomplete",
        &shown[1],
        &shown[3],
        &shown[5],
    ];
    for round in 0..16 {
        let world = World::empty();
        // Into no database, and into one with a release.
        if round % 4 == 3 {
            import_paths(&world.database(), &paths[..1]);
        }
        let children = [spawn(&world, &one), spawn(&world, &two)];
        for (child, args) in children.into_iter().zip([one, two]) {
            let run = end(child);
            if run.exit != 0 {
                assert_refused(&run, &["another program is writing"]);
                let again = world.run(&args);
                assert_eq!(again.exit, 0, "{again:?}");
            }
        }
        assert_eq!(hash(&world.database()), expected, "round {round}");
        assert_eq!(leftovers(&world.database()), Vec::<PathBuf>::new());
    }
}

#[test]
fn the_same_import_twice_at_once_is_stored_once() {
    let files = World::empty();
    let paths = write_years(&files, &YEARS[..3]);
    let shown: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let args = [
        "import",
        "--allow-incomplete",
        &shown[0],
        &shown[1],
        &shown[2],
    ];
    for _ in 0..4 {
        let world = World::empty();
        let children = [spawn(&world, &args), spawn(&world, &args)];
        let runs = children.map(end);
        assert!(runs.iter().any(|run| run.exit == 0), "{runs:?}");
        let told: Vec<bool> = runs
            .iter()
            .map(|run| run.stdout.contains("nothing new"))
            .collect();
        if runs.iter().all(|run| run.exit == 0) {
            assert_eq!(told.iter().filter(|told| **told).count(), 1, "{runs:?}");
        }
        assert_eq!(world.store().releases().unwrap().len(), 3);
    }
}

#[test]
fn a_first_import_that_fails_never_takes_away_what_another_one_stored() {
    // Both find no database; one has a good file and one a broken file.
    for round in 0..20 {
        let world = World::empty();
        write_years(&world, &YEARS[..2]);
        let broken = String::from_utf8(made_up(YEARS[2].1, 1))
            .unwrap()
            .replacen("00009 ", "00010 ", 1);
        world.write("bad/icd10cm-FY2032.txt", broken);
        let (good, bad) = if round % 2 == 0 {
            let bad = spawn(&world, &["import", "--allow-incomplete", "bad"]);
            (spawn(&world, &["import", "--allow-incomplete", "in"]), bad)
        } else {
            let good = spawn(&world, &["import", "--allow-incomplete", "in"]);
            (
                good,
                spawn(&world, &["import", "--allow-incomplete", "bad"]),
            )
        };
        let (good, bad) = (end(good), end(bad));
        assert_eq!(bad.exit, 2, "{bad:?}");
        if good.exit == 0 {
            assert!(
                world.database().exists(),
                "round {round}: stored and gone again: {good:?}"
            );
            assert_eq!(world.store().releases().unwrap().len(), 2, "round {round}");
        } else {
            assert_refused(&good, &["another program is writing"]);
        }
    }
}

#[test]
fn a_reader_during_an_import_gets_the_old_state_or_the_new_one() {
    let files = World::empty();
    let paths = write_years(&files, &YEARS);
    let world = World::empty();
    import_paths(&world.database(), &paths[..1]);
    let old = hash(&world.database());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = Vec::new();
            loop {
                let last = done.load(Ordering::SeqCst);
                let run = world.run(&["check", "A000", "C7B", "--on", "2032-11-01"]);
                seen.push((hash(&world.database()), run));
                if last {
                    return seen;
                }
            }
        });
        // One that asks all the time sees the moment of the change itself.
        let hashes = scope.spawn(|| {
            let store = world.store();
            let mut seen = std::collections::BTreeSet::new();
            while !done.load(Ordering::SeqCst) {
                seen.insert(store.content_hash().unwrap());
            }
            seen
        });
        import_paths(&world.database(), &paths[1..]);
        done.store(true, Ordering::SeqCst);
        let new = hash(&world.database());
        let seen = reader.join().unwrap();
        let hashes = hashes.join().unwrap();
        assert!(hashes.iter().all(|hash| *hash == old || *hash == new));
        assert!(seen.iter().all(|(hash, _)| *hash == old || *hash == new));
        assert_eq!(seen.last().unwrap().0, new);
        let first_new = seen.iter().position(|(hash, _)| *hash == new).unwrap();
        assert!(
            seen[first_new..].iter().all(|(hash, _)| *hash == new),
            "the old state came back"
        );
        let answers: std::collections::BTreeSet<&str> =
            seen.iter().map(|(_, run)| run.stdout.as_str()).collect();
        assert!(answers.len() <= 2, "a third answer: {answers:?}");
        assert!(
            seen.iter().all(|(_, run)| run.stderr.is_empty()),
            "{seen:?}"
        );
    });
}

#[test]
fn one_answer_rests_on_one_state_though_an_import_ends_meanwhile() {
    let files = World::empty();
    let paths = write_years(&files, &YEARS);
    let lines = "A000\n".repeat(20_000);
    let base = World::empty();
    import_paths(&base.database(), &paths[..1]);
    for round in 1..=3 {
        let world = World::empty();
        fs::copy(base.database(), world.database()).unwrap();
        world.write("codes.txt", &lines);
        let child = world
            .command(&["check", "-", "--on", "2030-11-01", "--format", "json"])
            .stdin(fs::File::open(world.path("codes.txt")).unwrap())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(100 * round));
        import_paths(&world.database(), &paths[1..2]);
        let run = end(child);
        let covered = run.stdout.contains("\"verdict\": \"billable\"");
        let not_covered = run.stdout.matches("\"verdict\": \"not-covered\"").count();
        assert!(
            !covered || not_covered == 0,
            "round {round}: {not_covered} of 20000 lines of one answer are of the state before"
        );
    }
}
