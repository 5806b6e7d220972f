//! Paths that are not there, hold nothing, loop or never end.

use std::fs;
use std::process::Command;

use super::{
    assert_refused, database_with_fy2030, order_file, refused_in, run_patiently, taken, with_bytes,
    world,
};
use crate::world::{World, is_on};

#[test]
fn a_path_that_is_not_there_is_refused() {
    refused_in(&[], &["no/such/file.zip"], &["no/such/file.zip", "cannot"]);
}

#[test]
fn a_path_that_is_not_there_beside_a_good_one_stores_nothing() {
    refused_in(
        &[("icd10cm-order-April-2031.txt", &order_file())],
        &["icd10cm-order-April-2031.txt", "missing.zip"],
        &["missing.zip"],
    );
}

#[test]
fn a_broken_file_beside_a_good_one_stores_nothing() {
    refused_in(
        &[
            ("a/icd10cm-order-April-2031.txt", &order_file()),
            ("b/icd10cm-order-April-2032.txt", &with_bytes(12, 15, b'7')),
        ],
        &["a", "b"],
        &["icd10cm-order-April-2032.txt", "line 12"],
    );
}

#[test]
fn a_path_that_is_not_there_makes_no_database() {
    let world = World::empty();
    let run = world.run(&["import", "nowhere.zip"]);
    assert_refused(&run, &["nowhere.zip: cannot open"]);
    assert!(!world.database().exists());
}

#[test]
fn a_folder_with_nothing_to_import_is_refused() {
    refused_in(
        &[("in/notes.txt", b"hello"), ("in/deep/more.txt", b"hello")],
        &["in"],
        &["nothing to import", "2 files"],
    );
    let world = world();
    fs::create_dir(world.path("empty")).unwrap();
    assert_refused(
        &world.run(&["import", "--allow-incomplete", "empty"]),
        &["nothing to import", "no files"],
    );
}

#[cfg(unix)]
use std::os::unix::fs::symlink;

/// Makes a link; elsewhere the tests that need one do not run.
#[cfg(not(unix))]
fn symlink(_: &str, _: std::path::PathBuf) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[test]
fn a_folder_with_a_loop_of_links_ends() {
    if !is_on("Unix") {
        return;
    }
    let world = World::empty();
    world.write("in/icd10cm-order-April-2031.txt", order_file());
    symlink(".", world.path("in/round")).unwrap();
    symlink("../in", world.path("in/back")).unwrap();
    symlink("itself", world.path("in/itself")).unwrap();
    symlink("nowhere", world.path("in/broken")).unwrap();
    let run = taken(&world, &["in"]);
    assert!(run.stdout.contains("1 file stored"), "{run:?}");
    // The link itself, named.
    let run = run_patiently(&mut world.command(&["import", "--allow-incomplete", "in/itself"]));
    assert_refused(&run, &["in/itself", "cannot"]);
}

#[test]
fn a_pipe_or_a_device_is_never_waited_for() {
    if !is_on("Unix") {
        return;
    }
    let world = world();
    world.write("in/notes.txt", "hello");
    let made = Command::new("mkfifo").arg(world.path("in/pipe")).status();
    if !made.is_ok_and(|status| status.success()) {
        return;
    }
    for path in ["in", "in/pipe", "/dev/zero", "/dev/null"] {
        let run = run_patiently(&mut world.command(&["import", "--allow-incomplete", path]));
        assert_refused(&run, &[]);
    }
    assert!(fs::read(world.database()).unwrap() == database_with_fy2030());
}
