//! A pack of all official files: what is in it, and the database that the first question builds from it.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use codeyear::answer::{self, VerifyOptions};
use codeyear::ingest::{Packing, Removed, choose_for_pack, pack_would_add, remove};
use codeyear::model::{CodeSet, ReleasePart};
use codeyear::pack::{Pack, PackedFile, Written, releases_of, write};
use codeyear::source::catalogue::Catalogue;
use codeyear::store::Store;

use super::{everything, id, import_all, pack_folders, say};
use crate::world::{Run, World, official_releases, set_home, today, whole};

/// A level of compression that takes little time; what ships has 19.
const QUICK: i32 = 3;

const QUESTION: [&str; 5] = ["check", "C7B", "M54.5", "--on", "2026-11-28"];

struct Made {
    path: PathBuf,
    packing: Packing,
    written: Written,
}

/// The pack of all official files, made by the first test that asks.
fn made(releases: &Path) -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let packing = choose_for_pack(&pack_folders(releases), today(), &mut |_| {}).unwrap();
        let mut bytes = Vec::new();
        let written = write(&packing.files, QUICK, &mut bytes, &|_| {}).unwrap();
        let folder = tempfile::Builder::new()
            .prefix("official-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .unwrap();
        let path = folder.keep().join("codeyear.pack");
        std::fs::write(&path, bytes).unwrap();
        Made {
            path,
            packing,
            written,
        }
    })
}

/// The program with a pack and an empty home.
fn at_home(world: &World, pack: &Path, args: &[&str]) -> Command {
    let mut command = world.command(args);
    command
        .env_remove("CODEYEAR_DB")
        .env("CODEYEAR_PACK", pack)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn database_at_home(world: &World) -> PathBuf {
    world.path(".local/share/codeyear/codeyear.db")
}

#[test]
fn a_pack_holds_what_an_import_takes_and_the_catalogue_knows_and_is_the_same_twice() {
    let Some(releases) = official_releases("a pack of the official files") else {
        return;
    };
    let Made {
        path,
        packing,
        written,
    } = made(&releases);
    for stream in &written.streams {
        say(&format!(
            "{}: {} bytes, unpacked {}",
            stream.name, stream.bytes, stream.unpacked
        ));
    }
    say(&format!("index: {}, all: {}", written.head, written.bytes));
    let mut again = Vec::new();
    write(&packing.files, QUICK, &mut again, &|_| {}).unwrap();
    assert!(again == std::fs::read(path).unwrap(), "other bytes");

    let pack = Pack::open(path).unwrap();
    let catalogue = Catalogue::bundled().unwrap();
    let mut held = 0;
    for known in catalogue.releases() {
        let of_release = |file: &&codeyear::pack::PackedFile| {
            (file.code_set, file.release) == (known.code_set, known.id)
        };
        let files: Vec<_> = pack.files().iter().filter(of_release).collect();
        let Some(order) = &known.order_file else {
            assert!(files.is_empty(), "{}", known.id);
            continue;
        };
        held += 1;
        let expected = 1 + usize::from(known.order_addenda.is_some()) + known.documents.len();
        assert_eq!(
            files.len(),
            expected,
            "{} {}",
            known.code_set.id(),
            known.id
        );
        assert!(
            files.iter().any(|file| file.sha256 == order.sha256),
            "{}",
            known.id
        );
        for document in &known.documents {
            assert!(
                files.iter().any(|file| file.sha256 == document.sha256),
                "{}",
                document.name
            );
        }
    }
    assert_eq!(pack.releases().len(), held);
    assert!(packing.left.iter().all(|left| !left.why.is_empty()));
    let unknown =
        |left: &&codeyear::ingest::Skipped| left.why.contains("its hash is not in the catalogue");
    let unknown: Vec<_> = packing.left.iter().filter(unknown).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// Checks that a database is that of an import of the same files by hand, file by file.
fn assert_as_by_hand(store: &Store, releases: &Path) {
    type Files = Vec<(String, usize)>;
    static BY_HAND: OnceLock<(String, Files)> = OnceLock::new();
    let read = |store: &Store| -> (String, Files) {
        let files = store.releases().unwrap().into_iter();
        let files = files.map(|one| (one.release.sha256, one.documents.len()));
        (store.content_hash().unwrap(), files.collect())
    };
    let by_hand = BY_HAND.get_or_init(|| {
        let mut by_hand = Store::in_memory().unwrap();
        import_all(&mut by_hand, &pack_folders(releases), &whole());
        read(&by_hand)
    });
    assert_eq!(&read(store), by_hand);
}

#[test]
fn two_first_questions_at_once_build_the_database_of_an_import_by_hand() {
    let Some(releases) = official_releases("the first question with a pack") else {
        return;
    };
    let pack = &made(&releases).path;
    let world = World::empty();
    let begun = Instant::now();
    let children = [(); 2].map(|()| at_home(&world, pack, &QUESTION).spawn().unwrap());
    let runs = children.map(|child| Run::from(child.wait_with_output().unwrap()));
    say(&format!(
        "two first questions: {:.1} s",
        begun.elapsed().as_secs_f64()
    ));
    assert_eq!(runs[0].stdout, runs[1].stdout);
    for part in [
        "C7B  on 2026-11-28  header",
        "M54.5  on 2026-11-28  header",
        "M54.50",
        "source: FY2027, ",
        "sha256 ",
    ] {
        assert!(runs[0].stdout.contains(part), "{part}: {runs:?}");
    }
    let built = runs
        .iter()
        .filter(|run| run.stderr.starts_with("building "));
    assert_eq!(built.count(), 1, "{runs:?}");

    let store = Store::open(&database_at_home(&world)).unwrap();
    assert_as_by_hand(&store, &releases);
    let report = answer::verify(&store, &VerifyOptions::default(), today(), &mut |_, _| {});
    assert!(report.unwrap().is_sound());

    // What was taken out stays out, whatever the pack has.
    drop(store);
    let mut store = Store::open_or_create(&database_at_home(&world)).unwrap();
    remove(&mut store, CodeSet::Icd10Cm, id("FY2020")).unwrap();
    let removed = store.content_hash().unwrap();
    drop(store);
    let init = Run::from(at_home(&world, pack, &["init"]).output().unwrap());
    assert_eq!(init.exit, 0, "{init:?}");
    assert!(
        init.stdout
            .contains("removed with codeyear remove: ICD-10-CM FY2020."),
        "{init:?}"
    );
    let store = Store::open(&database_at_home(&world)).unwrap();
    assert_eq!(store.content_hash().unwrap(), removed);
}

#[test]
fn a_database_that_lacks_releases_of_the_pack_is_told_and_gets_them_by_init() {
    let Some(releases) = official_releases("an older database beside a newer pack") else {
        return;
    };
    let pack = &made(&releases).path;
    let store = everything(&releases);
    let world = World::empty();
    let older = world.path("older.db");
    store.back_up(&older, false, &mut |_, _| {}).unwrap();
    let lacking = pack_would_add(&Pack::open(pack).unwrap(), &store, Removed::StayOut).unwrap();
    assert_eq!(
        releases_of(&lacking),
        ["FY2012", "FY2013"].map(|release| (CodeSet::Icd10Cm, id(release)))
    );
    let with_db = |args: &[&str]| {
        let mut command = at_home(&world, pack, args);
        Run::from(command.env("CODEYEAR_DB", &older).output().unwrap())
    };
    let run = with_db(&QUESTION);
    assert!(
        run.stderr
            .contains("files of ICD-10-CM FY2012, FY2013 that the database lacks"),
        "{run:?}"
    );
    let init = with_db(&["init"]);
    assert_eq!(init.exit, 0, "{init:?}");
    assert_eq!(with_db(&QUESTION).stderr, "");
    assert_eq!(with_db(&["init"]).stdout.lines().count(), 2);
}

#[test]
fn what_the_user_imported_in_part_is_completed_from_the_pack() {
    let Some(releases) = official_releases("a release in part beside a pack") else {
        return;
    };
    let pack = &made(&releases).path;
    let world = World::empty();
    let own = releases.join("as-published/icd10cm-Code Descriptions-2026.zip");
    let run = |args: &[&str]| Run::from(at_home(&world, pack, args).output().unwrap());
    assert_eq!(run(&["import", own.to_str().unwrap()]).exit, 0);
    let there = Store::open(&database_at_home(&world)).unwrap();
    let would_add = pack_would_add(&Pack::open(pack).unwrap(), &there, Removed::StayOut).unwrap();
    drop(there);
    let of_it =
        |file: &&PackedFile| (file.code_set, file.release) == (CodeSet::Icd10Cm, id("FY2026"));
    let parts: Vec<ReleasePart> = would_add
        .iter()
        .filter(of_it)
        .map(|file| file.part)
        .collect();
    assert!(!parts.is_empty());
    assert!(!parts.contains(&ReleasePart::OrderFile), "{parts:?}");
    let init = run(&["init"]);
    assert_eq!(init.exit, 0, "{init:?}");
    let store = Store::open(&database_at_home(&world)).unwrap();
    assert_as_by_hand(&store, &releases);
    assert!(run(&["init"]).stdout.contains("Nothing to add"));
}

#[test]
fn a_first_question_on_all_releases_that_is_killed_leaves_nothing_half() {
    let Some(releases) = official_releases("a killed first question") else {
        return;
    };
    let pack = &made(&releases).path;
    let world = World::empty();
    for pause in [30, 300, 1000, 3000] {
        let mut child = at_home(&world, pack, &QUESTION).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        assert!(
            child.try_wait().unwrap().is_none(),
            "it has ended after {pause} ms"
        );
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!database_at_home(&world).exists(), "after {pause} ms");
    }
    // No folder can be made below a file: the answer comes from memory.
    let home = world.write("home", "a file");
    let mut command = at_home(&world, pack, &QUESTION);
    let run = Run::from(set_home(&mut command, &home).output().unwrap());
    assert!(
        run.stderr.contains("this answer comes from memory"),
        "{run:?}"
    );
    assert!(run.stdout.contains("source: FY2027, "), "{run:?}");
}

#[test]
fn a_byte_that_is_flipped_in_any_stream_of_the_pack_is_found() {
    let Some(releases) = official_releases("a damaged pack") else {
        return;
    };
    let Made { path, written, .. } = made(&releases);
    let bytes = std::fs::read(path).unwrap();
    let world = World::empty();
    let mut at = written.head as usize;
    let broken = world.write("broken.pack", &bytes);
    for (number, stream) in written.streams.iter().enumerate() {
        let place = (at + stream.bytes as usize / 2) as u64;
        let flip = || {
            let mut options = std::fs::OpenOptions::new();
            let mut file = options.read(true).write(true).open(&broken).unwrap();
            let mut byte = [0];
            file.seek(SeekFrom::Start(place)).unwrap();
            file.read_exact(&mut byte).unwrap();
            file.seek(SeekFrom::Start(place)).unwrap();
            file.write_all(&[byte[0] ^ 0x10]).unwrap();
        };
        flip();
        at += stream.bytes as usize;
        let pack = Pack::open(&broken).unwrap();
        let error = pack
            .found(&|file| file.stream == number)
            .iter()
            .find_map(|found| found.read_hashed().err())
            .unwrap_or_else(|| panic!("{}: not found", stream.name));
        assert!(
            error.to_string().contains("the pack is damaged"),
            "{}: {error}",
            stream.name
        );
        flip();
    }
}
