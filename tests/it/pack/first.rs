//! The first question on a machine without a database.

use std::time::{Duration, Instant};

use codeyear::store::Store;

use super::{ask, at_home, data_folder, database_at_home, folders, sample_pack};
use crate::world::{PROGRAM, Run, World, set_home};

const QUESTION: [&str; 6] = [
    "--pack",
    "sample.pack",
    "check",
    "G35",
    "--on",
    "2026-03-01",
];

/// The content hash of what an import by hand stores, and what it answers.
fn by_hand() -> (String, Run) {
    let world = World::empty();
    let folders: Vec<String> = folders()
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let run = world.run(&["import", &folders[0], &folders[1]]);
    assert_eq!(run.exit, 0, "{run:?}");
    let hash = world.store().content_hash().unwrap();
    (hash, world.run(&QUESTION[2..]))
}

#[test]
fn the_first_question_builds_the_database_of_an_import_and_answers() {
    let world = World::empty();
    sample_pack(&world);
    let (hash, expected) = by_hand();
    let run = ask(&world, &QUESTION);
    assert_eq!(
        (run.exit, &run.stdout),
        (expected.exit, &expected.stdout),
        "{run:?}"
    );
    assert!(run.stderr.starts_with("building "), "{run:?}");
    assert!(run.stderr.contains("FY2025-04, FY2026"), "{run:?}");
    assert!(run.stdout.contains("icd10cm_order_2026.txt"), "{run:?}");
    let store = Store::open(&database_at_home(&world)).unwrap();
    assert_eq!(store.content_hash().unwrap(), hash);
    drop(store);
    assert_eq!(data_folder(&world), ["codeyear.db"]);
    let again = ask(&world, &QUESTION);
    assert_eq!(again.stdout, run.stdout);
    assert_eq!(again.stderr, "");
    assert_eq!(ask(&world, &["verify"]).exit, 0);
}

#[test]
fn every_kind_of_question_builds_it() {
    for question in [
        &["history", "G35"][..],
        &["show", "G35", "--on", "2026-03-01"],
        &["search", "sclerosis", "--on", "2026-03-01"],
        &["diff", "FY2025-04", "FY2026"],
        &["releases"],
        &["export", "spans", "-o", "-"],
    ] {
        let world = World::empty();
        sample_pack(&world);
        let mut args = vec!["--pack", "sample.pack"];
        args.extend(question);
        let run = ask(&world, &args);
        assert!(run.exit < 2, "{question:?}: {run:?}");
        assert_eq!(data_folder(&world), ["codeyear.db"], "{question:?}");
    }
}

#[test]
fn two_first_questions_at_once_build_one_database() {
    let world = World::empty();
    sample_pack(&world);
    let (hash, expected) = by_hand();
    let children: Vec<_> = (0..6)
        .map(|_| {
            let mut command = at_home(&world, &QUESTION);
            command.stdout(std::process::Stdio::piped());
            command.stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let mut built = 0;
    for child in children {
        let run = Run::from(child.wait_with_output().unwrap());
        assert_eq!(
            (run.exit, &run.stdout),
            (expected.exit, &expected.stdout),
            "{run:?}"
        );
        built += usize::from(run.stderr.starts_with("building "));
    }
    assert_eq!(built, 1);
    let store = Store::open(&database_at_home(&world)).unwrap();
    assert_eq!(store.content_hash().unwrap(), hash);
    drop(store);
    assert_eq!(data_folder(&world), ["codeyear.db"]);
}

#[test]
fn a_first_question_that_is_killed_leaves_no_database_or_a_whole_one() {
    let world = World::empty();
    sample_pack(&world);
    let (hash, expected) = by_hand();
    let begun = Instant::now();
    assert_eq!(ask(&world, &QUESTION).exit, expected.exit);
    let whole = begun.elapsed();
    let mut killed = 0;
    for moment in 0..12u32 {
        let database = database_at_home(&world);
        // Every third time upon what the last kill left.
        if moment % 3 == 0 || database.exists() {
            std::fs::remove_dir_all(database.parent().unwrap()).unwrap();
        }
        let mut child = at_home(&world, &QUESTION)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(whole * moment / 12 + Duration::from_millis(1));
        killed += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        if database.exists() {
            let store = Store::open(&database).unwrap();
            assert_eq!(store.content_hash().unwrap(), hash, "moment {moment}");
        }
        let again = ask(&world, &QUESTION);
        assert_eq!(again.stdout, expected.stdout, "moment {moment}: {again:?}");
        assert_eq!(data_folder(&world)[0], "codeyear.db");
        assert!(
            !data_folder(&world)
                .iter()
                .any(|name| name.contains(".part"))
        );
        // What the next kill meets is a machine without a database again.
        std::fs::remove_file(&database).unwrap();
    }
    assert!(killed >= 4, "only {killed} of 12 were killed in time");
}

#[test]
fn what_a_kill_left_beside_the_database_that_it_had_put_in_place_is_removed() {
    let world = World::empty();
    sample_pack(&world);
    let expected = ask(&world, &QUESTION);
    let database = database_at_home(&world);
    std::fs::hard_link(&database, database.with_extension("db.part")).unwrap();
    assert_eq!(ask(&world, &QUESTION).stdout, expected.stdout);
    assert_eq!(data_folder(&world), ["codeyear.db"]);
}

#[test]
fn without_a_folder_to_write_to_the_answer_comes_from_memory_and_says_so() {
    let world = World::empty();
    sample_pack(&world);
    let (_, expected) = by_hand();
    // No folder can be made below a file, whoever runs the test.
    let home = world.write("home", "a file");
    let mut command = at_home(&world, &QUESTION);
    let run = Run::from(set_home(&mut command, &home).output().unwrap());
    assert_eq!(
        (run.exit, &run.stdout),
        (expected.exit, &expected.stdout),
        "{run:?}"
    );
    assert!(
        run.stderr.contains("this answer comes from memory"),
        "{run:?}"
    );
    // A server reads the file from many threads.
    #[cfg(feature = "serve")]
    {
        let mut command = at_home(
            &world,
            &["--pack", "sample.pack", "serve", "--listen", "127.0.0.1:0"],
        );
        let run = Run::from(set_home(&mut command, &home).output().unwrap());
        assert_eq!(run.exit, 2, "{run:?}");
        assert!(run.stderr.contains("needs a database on disk"), "{run:?}");
    }
}

#[test]
fn a_database_that_is_named_and_missing_is_built_by_init_and_import_only() {
    let world = World::empty();
    sample_pack(&world);
    let mut named = vec!["--db", "named.db"];
    named.extend(QUESTION);
    let run = ask(&world, &named);
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(
        run.stderr.contains("there is no database here yet"),
        "{run:?}"
    );
    assert!(
        run.stderr
            .contains("codeyear init and codeyear import build"),
        "{run:?}"
    );
    assert!(!world.path("named.db").exists());
    let run = ask(
        &world,
        &["--db", "named.db", "--pack", "sample.pack", "init"],
    );
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(
        run.stdout.starts_with(
            "Database: named.db\nAdded from sample.pack: ICD-10-CM FY2025-04, FY2026, "
        ),
        "{run:?}"
    );
    let run = ask(&world, &named);
    assert_eq!((run.exit, run.stderr.as_str()), (1, ""), "{run:?}");
    // By the variable as well.
    let output = at_home(&world, &QUESTION)
        .env("CODEYEAR_DB", "other.db")
        .output();
    assert_eq!(Run::from(output.unwrap()).exit, 2);
}

#[test]
fn without_a_pack_a_question_says_what_brings_the_history() {
    let world = World::empty();
    for verb in [
        &["check", "C7B"][..],
        &["show", "C7B"],
        &["verify"],
        &["remove", "FY2026"],
    ] {
        let run = ask(&world, verb);
        assert_eq!(run.exit, 2, "{run:?}");
        assert!(
            run.stderr.contains(
                "load the official history with codeyear init, or try the sample with codeyear demo"
            ),
            "{run:?}"
        );
    }
    assert!(!database_at_home(&world).exists());
}

#[test]
fn a_pack_is_found_by_name_by_variable_beside_the_program_and_in_the_data_folder() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let program = folder.path().join(PROGRAM);
    std::fs::hard_link(env!("CARGO_BIN_EXE_codeyear"), &program).unwrap();
    for place in ["variable", "beside", "data"] {
        let world = World::empty();
        let pack = sample_pack(&world);
        let mut command = std::process::Command::new(&program);
        command.args(&QUESTION[2..]).env_clear();
        set_home(&mut command, world.folder());
        match place {
            "variable" => {
                command.env("CODEYEAR_PACK", &pack);
            }
            "beside" => {
                std::fs::copy(&pack, folder.path().join("codeyear.pack")).unwrap();
            }
            _ => {
                std::fs::remove_file(folder.path().join("codeyear.pack")).unwrap();
                let bytes = std::fs::read(&pack).unwrap();
                world.write(".local/share/codeyear/codeyear.pack", bytes);
            }
        }
        let run = Run::from(command.output().unwrap());
        assert_eq!(run.exit, 1, "{place}: {run:?}");
        assert!(database_at_home(&world).exists(), "{place}");
    }
}
