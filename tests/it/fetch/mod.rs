//! Downloads, from a server that the test starts on 127.0.0.1.

mod program;
pub mod server;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use codeyear::fetch::{
    FetchOptions, FetchProblem, FetchProgress, FetchedFile, Fetcher, FileOutcome, Known, Proxies,
    Source,
};
use codeyear::model::ReleasePart;
use sha2::{Digest, Sha256};

use server::{Manner, Server};

/// Bytes that begin as a zip does, and repeat nowhere.
fn bytes(count: usize) -> Vec<u8> {
    let mut bytes = b"PK\x03\x04".to_vec();
    let mut state = 1u32;
    while bytes.len() < count {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.push((state >> 24) as u8);
    }
    bytes
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn source(server: &Server, known: Option<&[u8]>) -> Source {
    Source {
        publisher: "NCHS".to_owned(),
        file: "a b.zip".to_owned(),
        url: format!("{}/folder/a%20b.zip", server.address()),
        bytes: known.map(|bytes| bytes.len() as u64),
        sha256: known.map(sha256),
        known: if known.is_some() {
            Known::InHand
        } else {
            Known::NoHash
        },
        pieces: vec![ReleasePart::OrderFile],
    }
}

fn options(folder: &Path) -> FetchOptions {
    FetchOptions {
        timeout: Duration::from_secs(10),
        pause: Duration::from_millis(1),
        ..FetchOptions::into_folder(folder)
    }
}

const PATH: &str = "/folder/a b.zip";

/// A server with one file, and the folder to fetch it into.
struct Case {
    server: Server,
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
    source: Source,
    retries: usize,
}

impl Case {
    fn new(manner: Manner) -> Case {
        let server = Server::start();
        let bytes = bytes(300_000);
        server.put(PATH, bytes.clone(), manner);
        let source = source(&server, Some(&bytes));
        Case {
            server,
            folder: tempfile::tempdir().unwrap(),
            bytes,
            source,
            retries: 0,
        }
    }

    fn fetch(&mut self) -> Result<FetchedFile, FetchProblem> {
        self.fetch_with(options(self.folder.path()))
    }

    fn fetch_with(&mut self, options: FetchOptions) -> Result<FetchedFile, FetchProblem> {
        let mut fetcher = Fetcher::new(options).unwrap();
        let retries = &mut self.retries;
        let fetched = fetcher.fetch_file(&self.source, &mut |progress| {
            if let FetchProgress::Retries { .. } = progress {
                *retries += 1;
            }
        });
        fetched.unwrap().map_err(|attempt| attempt.problem)
    }

    fn ranges(&self) -> Vec<Option<String>> {
        self.server.ranges(PATH)
    }

    /// The names in the folder.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        // Where a folder cannot be locked itself, a file in it is.
        let mut names: Vec<String> = names
            .filter(|name| cfg!(unix) || name != ".codeyear-fetch.lock")
            .collect();
        names.sort();
        names
    }

    fn assert_is_whole(&self) {
        assert_eq!(self.names(), ["a b.zip"]);
        let there = std::fs::read(self.folder.path().join("a b.zip")).unwrap();
        assert!(there == self.bytes);
    }

    fn part(&self, bytes: &[u8]) {
        std::fs::write(self.folder.path().join("a b.zip.part"), bytes).unwrap();
    }
}

#[test]
fn a_whole_file_is_hashed_and_put_in_its_place_and_not_asked_for_again() {
    let mut case = Case::new(Manner::Well);
    let file = case.fetch().unwrap();
    assert_eq!(file.outcome, FileOutcome::Fetched);
    assert_eq!(file.bytes, Some(300_000));
    assert_eq!(file.sha256, case.source.sha256);
    case.assert_is_whole();
    let again = case.fetch().unwrap();
    assert_eq!(again.outcome, FileOutcome::AlreadyThere);
    assert_eq!(case.ranges(), [None]);
}

#[test]
fn a_file_of_other_bytes_under_its_name_is_replaced() {
    let mut case = Case::new(Manner::Well);
    std::fs::write(case.folder.path().join("a b.zip"), "old").unwrap();
    assert_eq!(case.fetch().unwrap().outcome, FileOutcome::Fetched);
    case.assert_is_whole();
}

#[test]
fn a_file_cut_at_half_is_gone_on_with_where_it_ended() {
    let mut case = Case::new(Manner::Cut(1));
    case.fetch().unwrap();
    case.assert_is_whole();
    assert_eq!(case.ranges(), [None, Some("bytes=150000-".to_owned())]);
    assert_eq!(case.retries, 1);
}

#[test]
fn a_server_without_ranges_is_asked_for_the_whole_again() {
    let mut case = Case::new(Manner::CutWithoutParts(1));
    case.fetch().unwrap();
    case.assert_is_whole();
    assert_eq!(case.ranges().len(), 2);
}

#[test]
fn a_download_that_was_given_up_is_gone_on_with_by_the_next_fetch() {
    let mut case = Case::new(Manner::Cut(usize::MAX));
    let problem = case.fetch().unwrap_err();
    let FetchProblem::BrokenOff { got, of, is_kept } = problem else {
        panic!("{problem:?}");
    };
    assert!(is_kept && got > 200_000 && of == Some(300_000));
    assert!(problem.hint().unwrap().contains("continues from there"));
    assert_eq!(case.names(), ["a b.zip.part"]);
    case.server.put(PATH, case.bytes.clone(), Manner::Well);
    case.fetch().unwrap();
    case.assert_is_whole();
    let range = format!("bytes={got}-");
    assert_eq!(case.ranges().last().unwrap().as_ref(), Some(&range));
}

#[test]
fn a_changed_byte_is_found_and_nothing_of_the_file_is_left() {
    let mut case = Case::new(Manner::Changed);
    let problem = case.fetch().unwrap_err();
    assert_eq!(problem.name(), "wrong-hash");
    assert!(problem.to_string().contains("expected"), "{problem}");
    assert_eq!(case.names(), [""; 0]);
}

#[test]
fn what_an_earlier_fetch_left_of_another_edition_is_thrown_away() {
    for old in [
        vec![b'x'; 1000],
        vec![b'x'; 300_000],
        vec![b'x'; 400_000],
        bytes(299_999).into_iter().rev().collect(),
    ] {
        let mut case = Case::new(Manner::Well);
        case.part(&old);
        case.fetch().unwrap();
        case.assert_is_whole();
    }
}

#[test]
fn what_a_crash_left_whole_is_put_in_its_place_without_a_request() {
    let mut case = Case::new(Manner::Well);
    case.part(&bytes(300_000));
    case.fetch().unwrap();
    case.assert_is_whole();
    assert_eq!(case.ranges(), [None::<String>; 0]);
}

#[test]
fn a_403_is_named_and_not_tried_again() {
    let mut case = Case::new(Manner::Status(403, usize::MAX));
    let problem = case.fetch().unwrap_err();
    assert_eq!(problem, FetchProblem::Refused(403));
    assert_eq!(problem.to_string(), "the server refuses it (403 Forbidden)");
    assert!(problem.hint().unwrap().contains("browser"));
    assert_eq!(case.ranges().len(), 1);
    assert_eq!(case.names(), [""; 0]);
}

#[test]
fn a_page_in_the_place_of_a_zip_is_named() {
    let mut case = Case::new(Manner::Page);
    assert_eq!(case.fetch().unwrap_err(), FetchProblem::WebPage);
    // With a known hash or without one.
    case.source = source(&case.server, None);
    assert_eq!(case.fetch().unwrap_err(), FetchProblem::WebPage);
    case.server.put(PATH, "something", Manner::Well);
    assert_eq!(case.fetch().unwrap_err(), FetchProblem::NotAZip);
    assert_eq!(case.names(), [""; 0]);
}

#[test]
fn a_server_that_is_busy_is_asked_again_after_a_pause() {
    let mut case = Case::new(Manner::Status(503, 2));
    case.fetch().unwrap();
    case.assert_is_whole();
    assert_eq!(case.retries, 2);
    let mut case = Case::new(Manner::Status(503, usize::MAX));
    assert_eq!(case.fetch().unwrap_err(), FetchProblem::Status(503));
    assert_eq!(case.ranges().len(), 4);
}

#[test]
fn a_slow_server_is_waited_for_as_long_as_it_sends() {
    let mut case = Case::new(Manner::Slow(Duration::from_millis(100)));
    let mut options = options(case.folder.path());
    // Eight parts take longer than that in all.
    options.timeout = Duration::from_millis(500);
    case.fetch_with(options).unwrap();
    case.assert_is_whole();
    assert_eq!(case.retries, 0);
}

#[test]
fn a_server_that_says_nothing_more_is_asked_for_the_rest() {
    let mut case = Case::new(Manner::Stalls(Duration::from_secs(3)));
    let mut options = options(case.folder.path());
    options.timeout = Duration::from_millis(300);
    case.fetch_with(options).unwrap();
    case.assert_is_whole();
    assert_eq!(case.ranges(), [None, Some("bytes=150000-".to_owned())]);
}

#[test]
fn redirects_are_followed_and_a_circle_of_them_is_given_up() {
    let mut case = Case::new(Manner::Redirect("/elsewhere".to_owned()));
    let other = Server::start();
    other.put("/there.zip", case.bytes.clone(), Manner::Cut(1));
    let to = format!("{}/there.zip", other.address());
    case.server.put("/elsewhere", "", Manner::Redirect(to));
    case.fetch().unwrap();
    case.assert_is_whole();
    assert_eq!(other.ranges("/there.zip").len(), 2);

    let mut case = Case::new(Manner::Redirect(PATH.replace(' ', "%20")));
    assert_eq!(case.fetch().unwrap_err().name(), "no-answer");
}

#[test]
fn nobody_at_the_address_is_an_answer() {
    let mut case = Case::new(Manner::Well);
    case.source.url = "http://127.0.0.1:1/a.zip".to_owned();
    let problem = case.fetch().unwrap_err();
    assert_eq!(problem.name(), "no-answer");
    assert!(problem.hint().unwrap().contains("HTTPS_PROXY"));
    assert_eq!(case.names(), [""; 0]);
}

#[test]
fn a_server_that_fails_file_after_file_is_given_up() {
    let case = Case::new(Manner::Status(503, usize::MAX));
    let mut fetcher = Fetcher::new(options(case.folder.path())).unwrap();
    let mut fetch = |case: &Case| {
        let fetched = fetcher.fetch_file(&case.source, &mut |_| {}).unwrap();
        fetched.map_err(|attempt| attempt.problem.to_string())
    };
    // Each file is asked for four times, and the third that fails is the last.
    for requests in [4, 8, 12, 12, 12] {
        let problem = fetch(&case).unwrap_err();
        assert_eq!(case.ranges().len(), requests, "{problem}");
    }
    assert!(
        fetch(&case)
            .unwrap_err()
            .contains("its host is not asked again")
    );
}

#[test]
fn two_fetches_at_once_get_one_file_once() {
    let case = Case::new(Manner::Slow(Duration::from_millis(50)));
    let run = || {
        let mut fetcher = Fetcher::new(options(case.folder.path())).unwrap();
        let mut has_waited = false;
        let file = fetcher.fetch_file(&case.source, &mut |progress| {
            has_waited |= progress == FetchProgress::Waits;
        });
        (file.unwrap().unwrap().outcome, has_waited)
    };
    let mut outcomes = std::thread::scope(|scope| {
        let both = [scope.spawn(run), scope.spawn(run)];
        both.map(|one| one.join().unwrap())
    });
    outcomes.sort_by_key(|(_, has_waited)| *has_waited);
    let expected = [
        (FileOutcome::Fetched, false),
        (FileOutcome::AlreadyThere, true),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(case.ranges(), [None]);
    case.assert_is_whole();
}

#[test]
fn a_mirror_is_asked_for_the_path_and_then_for_the_name() {
    let mut case = Case::new(Manner::Well);
    let mirror = Server::start();
    mirror.put("/m/a b.zip", case.bytes.clone(), Manner::Well);
    let mut options = options(case.folder.path());
    options.mirror = Some(format!("{}/m/", mirror.address()));
    let file = case.fetch_with(options).unwrap();
    assert_eq!(file.url, format!("{}/m/a%20b.zip", mirror.address()));
    let asked: Vec<String> = mirror.requests().into_iter().map(|one| one.path).collect();
    assert_eq!(asked, ["/m/folder/a b.zip", "/m/a b.zip"]);
    assert_eq!(case.ranges(), [None::<String>; 0]);
}

#[test]
fn a_proxy_is_used_but_for_the_hosts_that_are_named() {
    let proxy = Server::start();
    for (none, connects) in [(None, 1), (Some("localhost, 127.0.0.1"), 0)] {
        let mut case = Case::new(Manner::Well);
        let before = proxy.requests().len();
        let mut options = options(case.folder.path());
        options.proxies = Proxies {
            http: Some(proxy.address()),
            none: none.map(str::to_owned),
            ..Proxies::default()
        };
        case.fetch_with(options).unwrap();
        case.assert_is_whole();
        assert_eq!(proxy.requests().len() - before, connects, "{none:?}");
    }
}

/// A real zip with one text in it.
fn zip(text: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    writer.start_file("a.txt", stored).unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_file_without_a_known_hash_must_be_a_whole_archive() {
    let mut case = Case::new(Manner::Well);
    case.source = source(&case.server, None);
    case.bytes = zip(&"text ".repeat(10_000));
    case.server.put(PATH, case.bytes.clone(), Manner::Cut(1));
    let file = case.fetch().unwrap();
    case.assert_is_whole();
    assert_eq!(file.sha256, Some(sha256(&case.bytes)));
    // Bytes of which no one knows what they are the beginning of are not gone on with.
    let mut case = Case::new(Manner::Well);
    case.source = source(&case.server, None);
    case.part(b"PK\x03\x04");
    assert_eq!(case.fetch().unwrap_err().name(), "damaged");
    assert_eq!(case.ranges(), [None]);
    assert_eq!(case.names(), [""; 0]);
    // A file that the user put there is not this program's to remove.
    let half = &case.bytes[..1000];
    std::fs::write(case.folder.path().join("a b.zip"), half).unwrap();
    let problem = case.fetch().unwrap_err();
    assert!(
        problem.to_string().contains("was there and cannot be used"),
        "{problem}"
    );
    assert_eq!(case.names(), ["a b.zip"]);
}
