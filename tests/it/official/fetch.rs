//! A mirror of the official files on this machine, fetched and imported.

use std::io::Read as _;
use std::path::Path;

use codeyear::fetch::sources;
use codeyear::model::CodeSet;
use codeyear::source::catalogue::Catalogue;
use codeyear::source::sha256_hex;
use codeyear::store::Store;
use zip::ZipArchive;

use super::{everything, import_all, say};
use crate::fetch::server::{Manner, Server};
use crate::world::{World, official_releases, whole};

#[test]
fn what_is_missing_from_a_mirror_of_the_releases_is_what_an_import_by_hand_gives() {
    let Some(releases) = official_releases("a fetch of everything") else {
        return;
    };
    let server = Server::start();
    server.put_folder(releases.clone());
    let world = World::empty();
    let mirror = server.address();
    // Each zip of the mirror is known by the files in it.
    let args = ["fetch", "--missing", "--mirror", &mirror];
    let run = world.run(&[&args[..], &["--today", "2026-03-01"]].concat());
    say(&run.stdout);
    assert!(
        run.stdout.contains("SHA-256 of each file matches"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("unverified:"), "{}", run.stdout);
    // Some releases are not on the mirror.
    assert_eq!(run.exit, 1, "{}", run.stderr);
    assert!(!run.stdout.contains("not imported:"), "{}", run.stdout);
    let by_hand = everything(&releases);
    let fetched = world.store();
    assert_eq!(
        fetched.content_hash().unwrap(),
        by_hand.content_hash().unwrap()
    );
    let count = |store: &Store| store.releases().unwrap().len();
    assert_eq!(count(&fetched), count(&by_hand));
}

/// Serves every official file with a known hash that is among the releases, by its name alone. Returns the names.
fn serve_what_is_known(server: &Server, releases: &Path) -> Vec<String> {
    let mut known = std::collections::BTreeMap::new();
    for release in Catalogue::bundled().unwrap().releases() {
        for source in sources(release) {
            if let Some(sha256) = source.sha256 {
                known.insert(sha256, source.file);
            }
        }
    }
    let mut names = Vec::new();
    let mut serve = |bytes: Vec<u8>| {
        if let Some(name) = known.get(&sha256_hex(&bytes)) {
            server.put(&format!("/{name}"), bytes, Manner::Well);
            names.push(name.clone());
        }
    };
    for folder in ["as-published", "icd10cm"] {
        for entry in std::fs::read_dir(releases.join(folder)).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            let mut zip = ZipArchive::new(std::io::Cursor::new(bytes.clone())).unwrap();
            for at in 0..zip.len() {
                let mut member = Vec::new();
                zip.by_index(at).unwrap().read_to_end(&mut member).unwrap();
                serve(member);
            }
            serve(bytes);
        }
    }
    names
}

#[test]
fn official_archives_with_a_known_hash_are_fetched_by_name_and_imported() {
    let Some(releases) = official_releases("a fetch of official archives") else {
        return;
    };
    let server = Server::start();
    let names = serve_what_is_known(&server, &releases);
    assert!(names.len() >= 8, "{names:?}");
    let mirror = server.address();
    let world = World::empty();
    let args = ["fetch", "FY2020", "FY2022-04-errata", "--mirror", &mirror];
    let run = world.run(&args);
    say(&run.stdout);
    // The tables and indexes of FY2020, and the releases of ICD-10-PCS, have no known hash or are not there.
    assert_eq!(run.exit, 1, "{run:?}");
    let expected = "fetched 2020-icd-10-cm-codes.zip  2,217,062 bytes, SHA-256 matches\n";
    assert!(run.stdout.contains(expected), "{}", run.stdout);
    assert!(!run.stdout.contains("unverified:"), "{}", run.stdout);
    assert!(!run.stdout.contains("not imported:"), "{}", run.stdout);
    let fetched = world.store();
    let stored: Vec<(CodeSet, String)> = fetched
        .releases()
        .unwrap()
        .iter()
        .map(|stored| (stored.release.code_set, stored.release.id.to_string()))
        .collect();
    assert_eq!(
        stored,
        [
            (CodeSet::Icd10Cm, "FY2020".to_owned()),
            (CodeSet::Icd10Pcs, "FY2022-04-errata".to_owned()),
        ]
    );
    let mut by_hand = Store::in_memory().unwrap();
    let folder = world.path(".local/share/codeyear/downloads");
    import_all(&mut by_hand, &[folder], &whole());
    assert_eq!(
        fetched.content_hash().unwrap(),
        by_hand.content_hash().unwrap()
    );
    // Everything is there already, and is not asked for again.
    let before = server.requests().len();
    let again = world.run(&args);
    assert!(
        again
            .stdout
            .contains("already there: 2020-icd-10-cm-codes.zip")
    );
    assert!(again.stdout.contains("already stored, nothing to do"));
    let asked = &server.requests()[before..];
    let is_known = |path: &str| names.iter().any(|name| path.ends_with(name));
    assert!(!asked.iter().any(|one| is_known(&one.path)), "{asked:?}");
}
