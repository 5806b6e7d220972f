//! Packs that are damaged, cut off or of a newer format: refused, with words, and nothing is left.

use codeyear::ErrorKind;
use codeyear::model::ReleaseId;
use codeyear::pack::{FileToPack, Pack};

use super::{ask, bytes_of, database_at_home, sample};
use crate::soundness::Chance;
use crate::world::{Run, World};

/// Asks the first question with a pack that is broken.
fn refused(bytes: &[u8], parts: &[&str], what: &str) {
    let world = World::empty();
    world.write("broken.pack", bytes);
    let run = ask(
        &world,
        &[
            "--pack",
            "broken.pack",
            "check",
            "G35",
            "--on",
            "2026-03-01",
        ],
    );
    assert_eq!(run.exit, 2, "{what}: {run:?}");
    assert_eq!(run.stdout, "", "{what}");
    for part in parts {
        assert!(run.stderr.contains(part), "{what}: {part:?} in {run:?}");
    }
    assert!(run.stderr.contains("broken.pack"), "{what}: {run:?}");
    assert!(run.stderr.contains("\nhint: "), "{what}: {run:?}");
    assert!(
        !run.stderr.contains("defect of codeyear"),
        "{what}: {run:?}"
    );
    assert!(!database_at_home(&world).exists(), "{what}");
}

#[test]
fn a_byte_that_is_flipped_anywhere_is_found() {
    let (whole, written) = bytes_of(&sample());
    let mut chance = Chance::new();
    let head = written.head as usize;
    let mut places = vec![("the magic", 3), ("the hash of the index", 20)];
    for _ in 0..4 {
        places.push(("the index", 48 + chance.below(head - 48)));
    }
    let mut at = head;
    for stream in &written.streams {
        let length = stream.bytes as usize;
        for _ in 0..3 {
            places.push((stream.name.as_str(), at + chance.below(length)));
        }
        at += length;
    }
    assert_eq!(at, whole.len());
    for (what, at) in places {
        let mut broken = whole.clone();
        broken[at] ^= 1 << chance.below(8);
        refused(&broken, &[], &format!("{what}, byte {at}"));
    }
}

#[test]
fn a_pack_that_is_cut_off_is_refused() {
    let (whole, written) = bytes_of(&sample());
    let head = written.head as usize;
    for length in [
        20,
        47,
        48,
        head / 2,
        head,
        head + 1,
        whole.len() / 2,
        whole.len() - 1,
    ] {
        refused(
            &whole[..length],
            &["the pack is cut off"],
            &format!("{length} bytes"),
        );
    }
    for (bytes, part) in [
        (&b""[..], "this file is not a pack"),
        (b"PK\x03\x04", "this file is not a pack"),
        (
            b"a text of some length that is no pack at all, whatever its name",
            "this file is not a pack",
        ),
    ] {
        refused(bytes, &[part], part);
    }
    let mut longer = whole.clone();
    longer.push(0);
    refused(&longer, &["holds more than its index says"], "a byte more");
}

#[test]
fn a_pack_of_a_newer_format_says_so() {
    let (mut bytes, _) = bytes_of(&sample());
    bytes[8] = 2;
    refused(
        &bytes,
        &["the pack has format 2", "update this one"],
        "format 2",
    );
}

#[test]
fn a_pack_that_is_missing_or_a_folder_is_refused() {
    let world = World::empty();
    let error = Pack::open(&world.path("nowhere.pack")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(Pack::open(world.folder()).is_err());
    for verb in ["init", "status", "releases"] {
        let run = ask(&world, &["--pack", "nowhere.pack", verb]);
        assert_eq!(run.exit, 2, "{verb}: {run:?}");
        assert!(
            run.stderr.contains("nowhere.pack: there is no such pack"),
            "{verb}: {run:?}"
        );
    }
}

#[test]
fn a_variable_that_is_set_to_nothing_names_nothing() {
    let world = World::with_sample();
    let mut command = world.command(&["check", "C7B", "--on", "2026-03-01"]);
    let run = Run::from(command.env("CODEYEAR_PACK", "").output().unwrap());
    assert_eq!((run.exit, run.stderr.as_str()), (1, ""), "{run:?}");
}

/// A pack of the sample's files whose index says something else of each.
fn with_index(change: &dyn Fn(&mut FileToPack)) -> Vec<u8> {
    let mut files = sample();
    files.iter_mut().for_each(change);
    bytes_of(&files).0
}

#[test]
fn a_name_with_a_control_character_or_a_way_out_is_refused() {
    for name in ["\u{1b}[31mEVIL.txt", "../../evil.txt", "/etc/evil.txt"] {
        let bytes = with_index(&|file| file.found.name = name.to_owned());
        refused(&bytes, &["the name or address of"], name);
    }
}

#[test]
fn a_pack_that_calls_a_release_another_stores_nothing() {
    let world = World::empty();
    let of_2026: ReleaseId = "FY2026".parse().unwrap();
    let bytes = with_index(&|file| {
        if file.release == of_2026 {
            file.release = "FY2027".parse().unwrap();
        }
    });
    world.write("wrong.pack", bytes);
    let run = ask(&world, &["--pack", "wrong.pack", "init"]);
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(
        run.stderr.contains("listed under another release"),
        "{run:?}"
    );
    assert!(!database_at_home(&world).exists());
}

#[test]
fn a_damaged_pack_beside_a_database_does_not_keep_it_from_answering() {
    let world = World::with_sample();
    world.write("broken.pack", b"no pack");
    let run = world.run(&[
        "--pack",
        "broken.pack",
        "check",
        "C7B",
        "--on",
        "2026-03-01",
    ]);
    assert_eq!(run.exit, 1, "{run:?}");
    assert!(
        run.stderr
            .contains("note: the pack cannot be used: broken.pack"),
        "{run:?}"
    );
}
