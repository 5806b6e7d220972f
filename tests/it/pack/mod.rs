//! Packs: the files of many releases in one, and the database that the first question builds from it.

mod broken;
mod first;
mod later;

use std::path::{Path, PathBuf};
use std::process::Command;

use codeyear::model::{CodeSet, Provenance, ReleaseId};
use codeyear::pack::{FileToPack, Pack, PackedFile, Written, write};
use codeyear::source::archive::find;
use codeyear::source::sample::sample_files;

use crate::world::{Run, World};

/// A level of compression that takes no time.
const QUICK: i32 = 1;

/// The releases of the sample whose files tests pack.
const PACKED: [&str; 2] = ["FY2025-04", "FY2026"];

/// The folders of the sample with the files of these releases.
fn folders() -> Vec<PathBuf> {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("releases/sample/icd10cm");
    PACKED.map(|release| sample.join(release)).to_vec()
}

/// The files of these releases, as a pack takes them.
fn sample() -> Vec<FileToPack> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("releases/sample");
    let files = sample_files().unwrap().iter();
    files
        .filter(|file| {
            file.code_set == CodeSet::Icd10Cm && PACKED.contains(&file.release.to_string().as_str())
        })
        .map(|file| new_file(&root.join(&file.path), file.release, Provenance::Sample))
        .collect()
}

fn new_file(path: &Path, release: ReleaseId, provenance: Provenance) -> FileToPack {
    let [found] = &find(&[path.to_path_buf()]).unwrap().found[..] else {
        panic!("{} is not one file", path.display());
    };
    FileToPack {
        code_set: CodeSet::Icd10Cm,
        release,
        url: None,
        provenance,
        part: found.kind.part().unwrap(),
        found: found.clone(),
    }
}

fn bytes_of(files: &[FileToPack]) -> (Vec<u8>, Written) {
    let mut bytes = Vec::new();
    let written = write(files, QUICK, &mut bytes, &|_| {}).unwrap();
    (bytes, written)
}

/// Writes a pack of the sample's files into a world.
fn sample_pack(world: &World) -> PathBuf {
    world.write("sample.pack", bytes_of(&sample()).0)
}

/// The program without a database that is named, with the folder of this world as its home.
fn at_home(world: &World, args: &[&str]) -> Command {
    let mut command = world.command(args);
    command.env_remove("CODEYEAR_DB");
    command
}

fn ask(world: &World, args: &[&str]) -> Run {
    Run::from(at_home(world, args).output().unwrap())
}

/// Where the database stands at home.
fn database_at_home(world: &World) -> PathBuf {
    world.path(".local/share/codeyear/codeyear.db")
}

/// What stands in the data folder.
fn data_folder(world: &World) -> Vec<String> {
    let folder = database_at_home(world).parent().unwrap().to_path_buf();
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .map(|entries| {
            let names = entries.map(|entry| entry.unwrap().file_name());
            names.map(|name| name.into_string().unwrap()).collect()
        })
        .unwrap_or_default();
    names.sort();
    names
}

#[test]
fn the_same_files_give_the_same_pack_whatever_their_sequence() {
    let mut files = sample();
    let (first, written) = bytes_of(&files);
    files.reverse();
    let (second, _) = bytes_of(&files);
    assert!(first == second, "{} and {}", first.len(), second.len());
    assert_eq!(first.len() as u64, written.bytes);
    assert_eq!(files.len(), written.files.len());
}

#[test]
fn a_pack_gives_the_bytes_and_hashes_of_its_files_in_any_sequence() {
    let world = World::empty();
    let pack = Pack::open(&sample_pack(&world)).unwrap();
    assert_eq!(
        pack.releases(),
        PACKED.map(|release| (CodeSet::Icd10Cm, release.parse().unwrap()))
    );
    let packed = pack.found(&|_| true);
    assert_eq!(packed.len(), sample().len());
    let order: Vec<usize> = (0..packed.len()).collect();
    let backwards = order.iter().copied().rev();
    let twice = order.iter().flat_map(|number| [*number, *number]);
    for number in order.iter().copied().chain(backwards).chain(twice) {
        let (found, facts) = (&packed[number], &pack.files()[number]);
        let (bytes, sha256) = found.read_hashed().unwrap();
        let original = sample();
        let original = original
            .iter()
            .find(|file| file.release == facts.release && file.found.kind == found.kind)
            .unwrap();
        assert_eq!(bytes, original.found.read().unwrap(), "{}", found.shown);
        assert_eq!(sha256, facts.sha256);
        assert_eq!(bytes.len() as u64, facts.bytes);
    }
    // One release alone.
    let wanted = |file: &PackedFile| file.release == "FY2026".parse().unwrap();
    for found in pack.found(&wanted) {
        assert!(found.group.ends_with("FY2026"), "{}", found.group);
        found.read().unwrap();
    }
}

#[test]
fn two_files_of_one_kind_for_a_release_are_no_pack() {
    let mut files = sample();
    files.push(files[0].clone());
    let error = write(&files, QUICK, &mut Vec::new(), &|_| {}).unwrap_err();
    assert!(error.to_string().contains("another file"), "{error}");
    let error = write(&[], QUICK, &mut Vec::new(), &|_| {}).unwrap_err();
    assert!(error.to_string().contains("no file to pack"), "{error}");
}

#[test]
fn files_that_the_catalogue_does_not_know_are_left_out_with_the_reason() {
    let world = World::empty();
    let folder = folders()[1].display().to_string();
    let run = ask(&world, &["pack", "-o", "out.pack", "--from", &folder]);
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(run.stderr.contains("no file to pack"), "{run:?}");
    assert!(!world.path("out.pack").exists());
    let run = ask(&world, &["pack", "-o", "out.pack"]);
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(run.stderr.contains("--from <FOLDER>"), "{run:?}");
}
