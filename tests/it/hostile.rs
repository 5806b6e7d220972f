//! What is broken, made up or meant to harm: refused with its place and a hint, and the database as it was.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use codeyear::ingest::{ImportOptions, import};
use codeyear::store::Store;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::world::{Run, World, options};

/// No command here may take longer: what hangs is a failure, not a wait.
const PATIENCE: Duration = Duration::from_secs(30);

// ---------------------------------------------------------------------------------------------
// Files made of the sample's rows.

fn sample(path: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("releases/sample");
    fs::read(folder.join(path)).unwrap()
}

fn sample_text(path: &str) -> String {
    String::from_utf8(sample(path)).unwrap()
}

/// Rows of an order file, without their ends.
fn rows_of(path: &str) -> Vec<String> {
    sample_text(path).lines().map(str::to_owned).collect()
}

/// The rows of the sample's FY2026 but for the last one, so that no one knows these bytes.
fn rows() -> Vec<String> {
    let mut rows = rows_of("icd10cm/FY2026/icd10cm_order_2026.txt");
    rows.pop();
    rows
}

/// The rows of another made-up release: fewer.
fn fewer_rows() -> Vec<String> {
    let mut rows = rows();
    rows.truncate(rows.len() - 5);
    rows
}

/// Rows numbered anew, each with an end.
fn file(rows: &[String], end: &str) -> Vec<u8> {
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        text.push_str(&format!("{:05}{}{end}", index + 1, &row[5..]));
    }
    text.into_bytes()
}

fn order_file() -> Vec<u8> {
    file(&rows(), "\r\n")
}

fn other_order_file() -> Vec<u8> {
    file(&fewer_rows(), "\r\n")
}

/// Rows as they are, not numbered anew.
fn as_they_are(rows: &[String]) -> Vec<u8> {
    rows.iter()
        .flat_map(|row| [row.as_str(), "\r\n"])
        .collect::<String>()
        .into_bytes()
}

/// The order file with one line made otherwise.
fn with_line(number: usize, change: impl Fn(&str) -> String) -> Vec<u8> {
    let mut rows = rows();
    rows[number - 1] = change(&rows[number - 1]);
    as_they_are(&rows)
}

/// The order file with the bytes of one line made otherwise.
fn with_bytes(number: usize, column: usize, byte: u8) -> Vec<u8> {
    let mut bytes = order_file();
    let start: usize = bytes
        .split_inclusive(|b| *b == b'\n')
        .take(number - 1)
        .map(<[u8]>::len)
        .sum();
    bytes[start + column - 1] = byte;
    bytes
}

fn addenda() -> String {
    sample_text("icd10cm/FY2026/icd10cm_order_addenda_2026.txt")
}

// ---------------------------------------------------------------------------------------------
// Archives.

fn stored() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Stored)
}

fn deflated() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
}

fn zip_with(members: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(members, deflated())
}

/// A member whose headers say whatever a test wants.
struct Member {
    name: &'static [u8],
    method: u16,
    flags: u16,
    crc: u32,
    size: u32,
    data: Vec<u8>,
}

impl Member {
    fn stored(name: &'static [u8], data: Vec<u8>) -> Member {
        let mut crc = flate2::Crc::new();
        crc.update(&data);
        Member {
            name,
            method: 0,
            flags: 0,
            crc: crc.sum(),
            size: u32::try_from(data.len()).unwrap(),
            data,
        }
    }
}

/// An archive written byte by byte, as no honest program writes it.
fn crafted_zip(members: &[Member]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for member in members {
        let offset = u32::try_from(out.len()).unwrap();
        let mut common = Vec::new();
        common.extend(20u16.to_le_bytes());
        common.extend(member.flags.to_le_bytes());
        common.extend(member.method.to_le_bytes());
        common.extend([0; 4]);
        common.extend(member.crc.to_le_bytes());
        common.extend(u32::try_from(member.data.len()).unwrap().to_le_bytes());
        common.extend(member.size.to_le_bytes());
        common.extend(u16::try_from(member.name.len()).unwrap().to_le_bytes());
        common.extend([0; 2]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(member.name);
        out.extend(&member.data);
        directory.extend(b"PK\x01\x02");
        directory.extend(20u16.to_le_bytes());
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(member.name);
    }
    let start = u32::try_from(out.len()).unwrap();
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    out.extend(directory);
    out.extend(b"PK\x05\x06");
    out.extend([0; 4]);
    out.extend(count);
    out.extend(count);
    out.extend(size);
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}

/// A deflate stream that begins with some bytes and goes on with so many megabytes of zeros.
fn deflated_zeros(begin: &[u8], megabytes: usize) -> Vec<u8> {
    use flate2::{Compress, Compression, FlushCompress};
    let flushed = |bytes: &[u8]| {
        let mut compress = Compress::new(Compression::best(), false);
        let mut out = Vec::with_capacity(bytes.len() + 1024);
        compress
            .compress_vec(bytes, &mut out, FlushCompress::Full)
            .unwrap();
        out
    };
    let block = flushed(&vec![0; 1 << 20]);
    let mut out = flushed(begin);
    for _ in 0..megabytes {
        out.extend(&block);
    }
    // A last, empty block.
    out.extend([3, 0]);
    out
}

// ---------------------------------------------------------------------------------------------
// Running.

/// Runs a command; one that hangs is ended and fails the test.
fn run_patiently(command: &mut Command) -> Run {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let out = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut out, &mut bytes).unwrap();
        bytes
    });
    let err = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut err, &mut bytes).unwrap();
        bytes
    });
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the program hangs: {command:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Run {
        exit: status.code().unwrap_or(-1),
        stdout: String::from_utf8(out.join().unwrap()).unwrap(),
        stderr: String::from_utf8(err.join().unwrap()).unwrap(),
    }
}

/// A database with one made-up release, FY2030.
fn database_with_fy2030() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let world = World::empty();
        let path = world.write("order.txt", order_file());
        let mut store = Store::open_or_create(&world.database()).unwrap();
        let options = ImportOptions {
            release: Some("FY2030".parse().unwrap()),
            ..options()
        };
        import(&mut store, &[path], &options, &mut |_| {}).unwrap();
        drop(store);
        fs::read(world.database()).unwrap()
    })
}

/// A world whose database holds that release.
fn world() -> World {
    let world = World::empty();
    world.write("codeyear.db", database_with_fy2030());
    world
}

/// What lies beside the database.
fn leftovers(world: &World) -> Vec<PathBuf> {
    fs::read_dir(world.folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.ends_with("-wal")
                || name.ends_with("-shm")
                || name.ends_with("-journal")
                || name.ends_with(".part")
        })
        .collect()
}

/// Checks that a run was refused as an error is: exit code 2, nothing on stdout, each part and a hint on
/// stderr, in words of one line each.
fn assert_refused(run: &Run, parts: &[&str]) {
    assert_eq!(run.exit, 2, "{run:?}");
    assert_eq!(run.stdout, "", "stdout is data: {run:?}");
    assert!(run.stderr.starts_with("error: "), "{run:?}");
    for part in parts {
        assert!(run.stderr.contains(part), "expected {part:?} in {run:?}");
    }
    assert!(
        run.stderr.lines().any(|line| line.starts_with("hint: ")),
        "expected a hint in {run:?}"
    );
    for word in ["panicked", "UNIQUE", "constraint", "SQL logic"] {
        assert!(!run.stderr.contains(word), "{run:?}");
    }
    assert!(
        run.stderr.len() < 2000,
        "an error is short: {}",
        run.stderr.len()
    );
    assert!(
        !run.stderr.chars().any(|c| c.is_control() && c != '\n'),
        "control characters in {run:?}"
    );
}

/// Runs an import that must be refused, in a world with a release and in one without a database.
fn refused_in(files: &[(&str, &[u8])], args: &[&str], parts: &[&str]) {
    let with = world();
    let without = World::empty();
    for world in [&with, &without] {
        for (name, bytes) in files {
            world.write(name, bytes);
        }
        let mut all = vec!["import"];
        all.extend(args);
        assert_refused(&run_patiently(&mut world.command(&all)), parts);
        assert_eq!(leftovers(world), Vec::<PathBuf>::new());
    }
    assert!(
        fs::read(with.database()).unwrap() == database_with_fy2030(),
        "the database was touched"
    );
    assert!(holds_nothing(&without), "the database was made");
}

/// Tells whether a world has no database, or one without a release, in which case it says so.
fn holds_nothing(world: &World) -> bool {
    if !world.database().exists() {
        return true;
    }
    world.run(&["check", "A00"]).stderr.contains("import")
        && Store::open(&world.database()).map_or(true, |store| store.releases().unwrap().is_empty())
}

/// Imports one file as FY2031, which must be refused.
fn refused(bytes: &[u8], parts: &[&str]) {
    let mut all = vec!["icd10cm_order_2031.txt"];
    all.extend(parts);
    refused_in(
        &[("icd10cm_order_2031.txt", bytes)],
        &["icd10cm_order_2031.txt", "--release", "FY2031"],
        &all,
    );
}

/// Imports an archive, which must be refused.
fn archive_refused(bytes: &[u8], parts: &[&str]) {
    let mut all = vec!["posted.zip"];
    all.extend(parts);
    refused_in(
        &[("posted.zip", bytes)],
        &["posted.zip", "--release", "FY2031"],
        &all,
    );
}

/// Runs an import that must be taken.
fn taken(world: &World, args: &[&str]) -> Run {
    let mut all = vec!["import"];
    all.extend(args);
    let run = run_patiently(&mut world.command(&all));
    assert_eq!(run.exit, 0, "{run:?}");
    run
}

// ---------------------------------------------------------------------------------------------
// Order files.

#[test]
fn the_order_file_that_the_cases_break_is_itself_taken() {
    let world = World::empty();
    world.write("icd10cm_order_2031.txt", order_file());
    let run = taken(&world, &["icd10cm_order_2031.txt", "--release", "FY2031"]);
    assert!(run.stdout.contains("ICD-10-CM FY2031"), "{run:?}");
}

#[test]
fn a_line_with_a_shifted_column_is_refused_with_its_line() {
    let shifted = with_line(5, |row| format!("{} {}", &row[..6], &row[6..]));
    refused(&shifted, &["line 5", "must be blank"]);
    let shifted = with_line(5, |row| format!("{}{}", &row[..20], &row[21..]));
    refused(&shifted, &["line 5", "column 77 must be blank"]);
}

#[test]
fn a_line_that_is_too_short_is_refused_with_its_line() {
    refused(
        &with_line(9, |row| row[..60].to_owned()),
        &["line 9", "at least 78 columns", "found 60"],
    );
    refused(
        &with_line(9, |_| String::new()),
        &["line 9", "at least 78 columns"],
    );
}

#[test]
fn columns_set_apart_by_tabs_are_no_order_file() {
    let text: String = rows()
        .iter()
        .map(|row| {
            format!(
                "{}\t{}\t{}\t{}\t{}\r\n",
                &row[..5],
                row[6..13].trim(),
                &row[14..15],
                row[16..76].trim(),
                &row[77..]
            )
        })
        .collect();
    refused(
        text.as_bytes(),
        &["nothing to import", "no order file and no order addenda"],
    );
}

#[test]
fn a_gap_in_the_order_numbers_is_refused_with_its_line() {
    let mut rows = rows();
    rows.remove(6);
    refused(
        &as_they_are(&rows),
        &["line 7", "expected order number 00007, found 00008"],
    );
}

#[test]
fn order_numbers_that_do_not_begin_with_one_are_refused() {
    refused(
        &as_they_are(&rows()[3..]),
        &["line 1", "expected order number 00001, found 00004"],
    );
}

#[test]
fn an_order_number_that_is_no_number_is_refused() {
    refused(
        &with_bytes(4, 3, b'O'),
        &["line 4", "columns 1-5", "five digits"],
    );
}

#[test]
fn a_code_that_is_listed_twice_is_refused_with_its_line() {
    let mut rows = rows();
    rows.insert(10, rows[9].clone());
    let code = rows[9][6..13].trim().to_owned();
    refused(
        &file(&rows, "\r\n"),
        &["line 11", &format!("code {code} is listed twice")],
    );
}

#[test]
fn a_flag_that_is_neither_0_nor_1_is_refused_with_its_line() {
    for flag in [b'2', b' ', b'X'] {
        refused(
            &with_bytes(12, 15, flag),
            &["line 12", "column 15 must be 0 (header) or 1 (billable)"],
        );
    }
}

#[test]
fn a_code_in_lower_case_or_not_left_justified_is_refused() {
    refused(
        &with_bytes(3, 7, b'a'),
        &["line 3", "columns 7-13", "ICD-10-CM code"],
    );
    refused(
        &with_line(3, |row| {
            format!("{} {} {}", &row[..6], row[6..13].trim(), &row[11..])
        }),
        &["line 3"],
    );
}

#[test]
fn bytes_that_are_no_utf8_are_refused_with_their_line() {
    for byte in [0xff, 0xe9, 0x80] {
        refused(&with_bytes(20, 90, byte), &["line 20", "UTF-8"]);
    }
}

#[test]
fn a_control_character_is_refused_with_its_line() {
    for byte in [0x1b, 0x07, 0x08, b'\t', 0x7f] {
        refused(
            &with_bytes(20, 90, byte),
            &["line 20", "long title", "control character"],
        );
        refused(
            &with_bytes(20, 20, byte),
            &["line 20", "short title", "control character"],
        );
    }
}

#[test]
fn a_control_character_beyond_ascii_is_refused_as_well() {
    // U+009B begins an escape sequence on some terminals.
    refused(
        &with_line(20, |row| format!("{row}\u{9b}31m")),
        &["line 20", "long title", "control character"],
    );
}

#[test]
fn a_nul_is_refused_with_its_line() {
    refused(&with_bytes(7, 30, 0), &["line 7", "control character"]);
    refused(&with_bytes(7, 9, 0), &["line 7", "columns 7-13"]);
    refused(&with_bytes(7, 6, 0), &["line 7", "column 6"]);
}

#[test]
fn a_title_of_blanks_is_refused_with_its_line() {
    refused(
        &with_line(8, |row| {
            format!("{}{}{}", &row[..16], " ".repeat(60), &row[76..])
        }),
        &["line 8", "short title"],
    );
    refused(
        &with_line(8, |row| format!("{}    ", &row[..77])),
        &["line 8", "long title"],
    );
}

#[test]
fn an_empty_file_is_nothing_to_import() {
    refused(b"", &["nothing to import", "an empty file"]);
    refused(b"\r\n\r\n", &["nothing to import"]);
}

#[test]
fn a_file_cut_off_in_a_title_is_refused_and_not_stored_with_half_a_title() {
    let bytes = order_file();
    let lines = rows().len();
    let line = format!("line {lines}");
    // Within the long title, between CR and LF, before both.
    for cut in [7, 1, 2] {
        refused(&bytes[..bytes.len() - cut], &[&line, "cut off"]);
    }
}

#[test]
fn a_file_cut_off_before_its_last_long_title_is_refused() {
    let bytes = order_file();
    let last = bytes[..bytes.len() - 1]
        .iter()
        .rposition(|b| *b == b'\n')
        .unwrap()
        + 1;
    let line = format!("line {}", rows().len());
    for kept in [1, 6, 15, 50, 77] {
        refused(&bytes[..last + kept], &[&line, "cut off"]);
    }
}

#[test]
fn mixed_line_endings_are_refused_with_their_line() {
    let text = String::from_utf8(order_file()).unwrap();
    let lf_once = text.replacen("\r\n", "\n", 4).replacen('\n', "\r\n", 3);
    refused(lf_once.as_bytes(), &["line 4", "CR LF", "LF alone"]);
    let crlf_once = text.replace("\r\n", "\n").replacen('\n', "\r\n", 2);
    refused(crlf_once.as_bytes(), &["line 3", "CR LF", "LF alone"]);
    let crlf_late = {
        let lf = text.replace("\r\n", "\n");
        let at = lf.match_indices('\n').nth(29).unwrap().0;
        format!("{}\r{}", &lf[..at], &lf[at..])
    };
    refused(crlf_late.as_bytes(), &["line 30", "expected LF", "CR LF"]);
    let cr_only = text.replace("\r\n", "\r");
    refused(cr_only.as_bytes(), &["line 1"]);
}

#[test]
fn a_file_with_line_feeds_alone_is_taken_and_written_back_as_it_was() {
    let world = World::empty();
    world.write("order.txt", file(&rows(), "\n"));
    taken(&world, &["order.txt", "--release", "FY2031"]);
    let verify = world.run(&["verify"]);
    assert_eq!(verify.exit, 0, "{verify:?}");
}

#[test]
fn a_file_with_a_byte_order_mark_is_refused_or_taken_without_it() {
    let mut bytes = b"\xef\xbb\xbf".to_vec();
    bytes.extend(order_file());
    refused(&bytes, &["line 1"]);
}

#[test]
fn a_file_in_utf16_is_nothing_to_import() {
    let text = String::from_utf8(order_file()).unwrap();
    let mut bytes = vec![0xff, 0xfe];
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    refused(&bytes, &["nothing to import"]);
}

// ---------------------------------------------------------------------------------------------
// Code sets and releases stated wrongly.

#[test]
fn an_order_file_stated_as_another_code_set_is_refused() {
    refused_in(
        &[("order.txt", &order_file())],
        &["order.txt", "--release", "FY2031", "--code-set", "icd10pcs"],
        &["order.txt", "line 2", "ICD-10-PCS code"],
    );
}

#[test]
fn the_sample_stated_as_another_code_set_never_becomes_a_full_release() {
    // The sample holds codes XW0... only, which could be of either set by their letters.
    let bytes = sample("icd10pcs/FY2022-04/icd10pcs_order_2022.txt");
    refused_in(
        &[("order.txt", &bytes)],
        &["order.txt", "--release", "FY2031", "--code-set", "icd10cm"],
        &["order.txt"],
    );
}

#[test]
fn the_sample_stated_as_another_release_is_refused() {
    let world = World::empty();
    world.write("order.txt", sample("icd10cm/FY2026/icd10cm_order_2026.txt"));
    let run = world.run(&["import", "order.txt", "--release", "FY2031"]);
    assert_refused(&run, &["order.txt", "FY2026"]);
}

#[test]
fn of_two_releases_of_the_sample_with_the_same_bytes_the_stated_one_is_taken() {
    for id in ["FY2026", "FY2026-04"] {
        let world = World::empty();
        world.write("order.txt", sample("icd10cm/FY2026/icd10cm_order_2026.txt"));
        let run = world.run(&["import", "order.txt"]);
        assert_refused(&run, &["FY2026 or FY2026-04", "--release FY2026"]);
        let run = taken(&world, &["order.txt", "--release", id]);
        assert!(run.stdout.contains(&format!("ICD-10-CM {id} ")), "{run:?}");
    }
}

#[test]
fn a_year_alone_does_not_tell_a_release_and_stating_it_does() {
    refused_in(
        &[("icd10cm_order_2027.txt", &order_file())],
        &["icd10cm_order_2027.txt"],
        &[
            "icd10cm_order_2027.txt",
            "FY2027 or FY2027-04",
            "--release FY2027",
        ],
    );
    let world = World::empty();
    world.write("icd10cm_order_2027.txt", order_file());
    for (id, release) in [("FY2027", "FY2027"), ("FY2027-04", "FY2027-04")] {
        let run = taken(
            &world,
            &[
                "icd10cm_order_2027.txt",
                "--release",
                id,
                "--db",
                &format!("{id}.db"),
            ],
        );
        assert!(
            run.stdout.contains(&format!("ICD-10-CM {release} ")),
            "{run:?}"
        );
    }
}

#[test]
fn a_renamed_order_file_is_taken_by_its_content() {
    for name in ["letter.doc", "README", "photo.jpg", "x.xml"] {
        let world = World::empty();
        world.write(name, order_file());
        taken(&world, &[name, "--release", "FY2031"]);
    }
}

#[test]
fn release_with_two_order_files_is_refused() {
    refused_in(
        &[
            ("a/order.txt", &order_file()),
            ("b/order.txt", &other_order_file()),
        ],
        &["a", "b", "--release", "FY2031"],
        &["--release names one release", "2 order files"],
    );
}

#[test]
fn other_bytes_for_a_stored_release_are_refused_and_kept_beside_it_as_a_revision() {
    let world = World::empty();
    world.write("first.txt", order_file());
    world.write("second.txt", other_order_file());
    taken(&world, &["first.txt", "--release", "FY2030-04"]);
    let before = world.store().content_hash().unwrap();

    let run = world.run(&["import", "second.txt", "--release", "FY2030-04"]);
    assert_refused(
        &run,
        &["second.txt", "FY2030-04", "already stored", "--revision"],
    );
    assert_eq!(world.store().content_hash().unwrap(), before);

    let gone = rows()[rows().len() - 1][6..13].trim().to_owned();
    let day = ["--on", "2030-05-01"];
    assert_ne!(
        world.run(&["check", &gone, day[0], day[1]]).stdout,
        "",
        "the first answers"
    );
    let run = taken(
        &world,
        &["second.txt", "--release", "FY2030-04", "--revision"],
    );
    assert!(run.stdout.contains("FY2030-04-errata"), "{run:?}");
    let ids: Vec<String> = world
        .store()
        .releases()
        .unwrap()
        .iter()
        .map(|stored| stored.release.id.to_string())
        .collect();
    assert_eq!(ids, ["FY2030-04", "FY2030-04-errata"]);
    let run = world.run(&["check", &gone, day[0], day[1]]);
    assert!(
        run.stdout.contains("unknown"),
        "the newest answers: {run:?}"
    );
    let run = world.run(&["check", "A000", day[0], day[1]]);
    assert!(run.stdout.contains("rests on FY2030-04-errata"), "{run:?}");

    // Both again, in either way of saying it, change nothing.
    let after = world.store().content_hash().unwrap();
    for (name, more) in [("first.txt", None), ("second.txt", Some("--revision"))] {
        let mut args = vec![name, "--release", "FY2030-04"];
        args.extend(more);
        let run = taken(&world, &args);
        assert!(run.stdout.contains("already stored"), "{run:?}");
    }
    assert_eq!(world.store().content_hash().unwrap(), after);
}

#[test]
fn a_revision_imported_first_or_last_gives_the_same_content() {
    let hash = |order: [(&str, &str); 2]| {
        let world = World::empty();
        world.write("first.txt", order_file());
        world.write("second.txt", other_order_file());
        for (name, id) in order {
            taken(&world, &[name, "--release", id]);
        }
        world.store().content_hash().unwrap()
    };
    let (first, second) = (
        ("first.txt", "FY2030-04"),
        ("second.txt", "FY2030-04-errata"),
    );
    assert_eq!(hash([first, second]), hash([second, first]));
}

#[test]
fn other_bytes_for_a_release_that_the_catalogue_knows_are_refused_with_both_counts() {
    let count = rows().len();
    refused_in(
        &[("order.txt", &order_file())],
        &["order.txt", "--release", "FY2026"],
        &[
            "order.txt",
            "ICD-10-CM FY2026",
            "expected 98186 rows",
            &format!("found {count}"),
            "--revision",
        ],
    );
    refused_in(
        &[("icd10cm-order-April-2025.txt", &order_file())],
        &["icd10cm-order-April-2025.txt"],
        &["FY2025-04", &format!("found {count}")],
    );
}

#[test]
fn the_sample_and_full_releases_never_mix() {
    // Sample into full.
    let sample_file = sample("icd10cm/FY2022/icd10cm_order_2022.txt");
    let world = world();
    world.write("icd10cm_order_2022.txt", &sample_file);
    let run = world.run(&["import", "icd10cm_order_2022.txt"]);
    assert_refused(&run, &["codeyear.db", "sample", "full releases", "--db"]);
    assert!(fs::read(world.database()).unwrap() == database_with_fy2030());
    // Full into sample.
    let world = World::with_sample();
    let before = fs::read(world.database()).unwrap();
    world.write("order.txt", order_file());
    let run = world.run(&["import", "order.txt", "--release", "FY2031"]);
    assert_refused(&run, &["codeyear.db", "sample", "--db"]);
    assert!(fs::read(world.database()).unwrap() == before);
    // Both at once.
    refused_both_at_once(&sample_file);
}

fn refused_both_at_once(sample_file: &[u8]) {
    let world = World::empty();
    world.write("a/icd10cm_order_2022.txt", sample_file);
    world.write("b/icd10cm-order-April-2031.txt", order_file());
    for paths in [["a", "b"], ["b", "a"]] {
        let run = world.run(&["import", paths[0], paths[1]]);
        assert_refused(&run, &["sample"]);
        assert!(holds_nothing(&world));
    }
}

// ---------------------------------------------------------------------------------------------
// Addenda.

/// Imports an order file with an addenda beside it, which must be refused.
fn addenda_refused(text: impl AsRef<[u8]>, parts: &[&str]) {
    let name = "icd10cm-order-addenda-April-2031.txt";
    let mut all = vec![name];
    all.extend(parts);
    refused_in(
        &[
            ("in/icd10cm-order-April-2031.txt", &order_file()),
            (&format!("in/{name}"), text.as_ref()),
        ],
        &["in"],
        &all,
    );
}

/// The number of the first line that begins so.
fn line_of(text: &str, begin: &str) -> usize {
    text.lines()
        .position(|line| line.starts_with(begin))
        .unwrap()
        + 1
}

fn without_line(text: &str, number: usize) -> String {
    text.split_inclusive('\n')
        .enumerate()
        .filter(|(index, _)| index + 1 != number)
        .map(|(_, line)| line)
        .collect()
}

#[test]
fn a_pair_of_revisions_that_is_broken_is_refused_with_its_line() {
    let text = addenda();
    let from = line_of(&text, "Revise from:");
    addenda_refused(
        without_line(&text, from + 1),
        &[&format!("line {}", from + 1), "Revise to:"],
    );
    addenda_refused(
        without_line(&text, from),
        &[&format!("line {from}"), "Revise from:"],
    );
    // The pair of another code.
    let other = text
        .lines()
        .filter(|line| line.starts_with("Revise to:"))
        .nth(1)
        .unwrap()
        .to_owned();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[from] = &other;
    addenda_refused(
        lines.join("\r\n"),
        &[&format!("line {}", from + 1), "Revise to:"],
    );
}

#[test]
fn an_addenda_that_ends_within_a_pair_is_refused() {
    let text = addenda();
    let from = line_of(&text, "Revise from:");
    let cut: String = text.split_inclusive('\n').take(from).collect();
    addenda_refused(cut, &[&format!("line {from}"), "Revise to:"]);
}

#[test]
fn a_footer_that_is_broken_is_refused_with_its_line() {
    let text = addenda();
    let headers = line_of(&text, "Headers");
    let codes = line_of(&text, "Codes");
    let lines: Vec<&str> = text.lines().collect();
    let with = |number: usize, line: &str| {
        let mut lines = lines.clone();
        lines[number - 1] = line;
        lines.join("\r\n")
    };
    addenda_refused(
        with(headers + 1, "many headers in icd10cm_order_2025.txt"),
        &[&format!("line {}", headers + 1), "headers in"],
    );
    addenda_refused(
        with(headers + 1, "-5 headers in icd10cm_order_2025.txt"),
        &[&format!("line {}", headers + 1), "headers in"],
    );
    addenda_refused(
        with(
            headers + 1,
            "99999999999999999999999 headers in icd10cm_order_2025.txt",
        ),
        &[&format!("line {}", headers + 1), "headers in"],
    );
    addenda_refused(
        with(headers + 3, "some additions"),
        &[&format!("line {}", headers + 3), "additions"],
    );
    addenda_refused(with(codes, "Kodes"), &[&format!("line {codes}"), "Codes"]);
    addenda_refused(
        with(codes + 6, "off which"),
        &[&format!("line {}", codes + 6), "of which"],
    );
}

#[test]
fn a_footer_that_is_cut_off_is_refused() {
    let text = addenda();
    let headers = line_of(&text, "Headers");
    let total = text.lines().filter(|line| !line.trim().is_empty()).count();
    for kept in [headers, headers + 2, headers + 8, total - 1] {
        let cut: String = text.split_inclusive('\n').take(kept).collect();
        addenda_refused(cut, &["footer", "the end of the file"]);
    }
}

#[test]
fn whatever_follows_the_footer_is_refused_with_its_line() {
    let text = addenda();
    let end = text.trim_end();
    let number = end.lines().count() + 1;
    for garbage in ["garbage", "\u{1b}[31mred", lines_first(&text), "Headers"] {
        addenda_refused(
            format!("{end}\r\n{garbage}\r\n"),
            &[&format!("line {number}"), "nothing after the footer"],
        );
    }
}

fn lines_first(text: &str) -> &str {
    text.lines().next().unwrap()
}

#[test]
fn a_row_of_an_addenda_that_breaks_its_layout_is_refused_with_its_line() {
    let text = addenda();
    let lines: Vec<&str> = text.lines().collect();
    let with = |line: String| {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        lines[2] = line;
        lines.join("\r\n")
    };
    let row = lines[2];
    addenda_refused(
        with(format!("Change:      {}", &row[13..])),
        &["line 3", "columns 1-13"],
    );
    addenda_refused(
        with(format!("{}2{}", &row[..13], &row[14..])),
        &["line 3", "column 14"],
    );
    addenda_refused(with(format!("{} {}", &row[..15], &row[15..])), &["line 3"]);
    addenda_refused(
        with(row[..50].to_owned()),
        &["line 3", "at least 85 columns"],
    );
    addenda_refused(
        with(format!("{}zzz9999{}", &row[..15], &row[22..])),
        &["line 3", "ICD-10-CM code"],
    );
}

#[test]
fn control_characters_and_bad_utf8_in_an_addenda_are_refused_with_their_line() {
    let text = addenda();
    let start: usize = text.split_inclusive('\n').take(2).map(str::len).sum();
    for (byte, part) in [
        (0xff, "UTF-8"),
        (0x1b, "control character"),
        (0, "control character"),
    ] {
        let mut bytes = text.clone().into_bytes();
        bytes[start + 90] = byte;
        addenda_refused(bytes, &["line 3", part]);
    }
}

#[test]
fn an_addenda_without_its_release_is_refused() {
    let name = "icd10cm-order-addenda-April-2031.txt";
    // The sample's own, into an empty database.
    let world = World::empty();
    world.write(name, addenda());
    let run = world.run(&["import", name]);
    assert_refused(&run, &[name, "ICD-10-CM FY2026", "which is not stored"]);
    assert!(holds_nothing(&world));
    let made_up = without_line(&addenda(), 1);
    refused_in(
        &[(name, made_up.as_bytes())],
        &[name],
        &[name, "FY2031-04", "which is not stored"],
    );
}

#[test]
fn two_different_addenda_for_one_release_are_refused() {
    let (one, two) = (without_line(&addenda(), 1), without_line(&addenda(), 2));
    refused_in(
        &[
            ("in/icd10cm-order-April-2031.txt", &order_file()),
            ("in/icd10cm-order-addenda-April-2031.txt", one.as_bytes()),
            ("in/icd10cm-order-addenda-April-2031-b.txt", two.as_bytes()),
        ],
        &["in"],
        &["addenda-April-2031", "FY2031-04", "another order addenda"],
    );
    // One after the other.
    let world = World::empty();
    world.write("in/icd10cm-order-April-2031.txt", order_file());
    world.write("in/icd10cm-order-addenda-April-2031.txt", &one);
    taken(&world, &["in"]);
    let before = fs::read(world.database()).unwrap();
    world.write("icd10cm-order-addenda-April-2031.txt", &two);
    let run = world.run(&["import", "icd10cm-order-addenda-April-2031.txt"]);
    assert_refused(&run, &["FY2031-04", "another order addenda"]);
    assert!(fs::read(world.database()).unwrap() == before);
}

// ---------------------------------------------------------------------------------------------
// Archives.

#[test]
fn an_archive_that_is_cut_off_is_refused_wherever_it_is_cut() {
    let whole = zip_of(&[("icd10cm_order_2031.txt", &order_file()), ("b.txt", b"b")]);
    for part in [4, 25, 50, 75, 95, 99] {
        let cut = whole.len() * part / 100;
        archive_refused(&whole[..cut.max(30)], &[]);
    }
    archive_refused(&whole[..whole.len() - 1], &[]);
    archive_refused(&whole[..4], &[]);
}

#[test]
fn an_archive_whose_member_has_other_contents_than_its_checksum_is_refused() {
    let mut member = Member::stored(b"icd10cm_order_2031.txt", order_file());
    member.crc ^= 1;
    archive_refused(
        &crafted_zip(&[member]),
        &["posted.zip > icd10cm_order_2031.txt", "hecksum"],
    );
    // A bit that fell over.
    let mut bytes = zip_with(&[("icd10cm_order_2031.txt", &order_file())], stored());
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    archive_refused(&bytes, &["posted.zip > icd10cm_order_2031.txt"]);
}

#[test]
fn every_cut_and_every_flipped_byte_of_an_archive_is_answered_without_a_panic() {
    let small = file(&rows()[..4], "\r\n");
    let whole = zip_of(&[("icd10cm_order_2031.txt", &small), ("other.txt", b"hello")]);
    let world = World::empty();
    let path = world.path("posted.zip");
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x41;
        for bytes in [&whole[..at], &flipped] {
            fs::write(&path, bytes).unwrap();
            let mut store = Store::in_memory().unwrap();
            let options = ImportOptions {
                release: Some("FY2031".parse().unwrap()),
                ..options()
            };
            // Either taken whole or refused.
            let taken = import(
                &mut store,
                std::slice::from_ref(&path),
                &options,
                &mut |_| {},
            );
            let stored = store.releases().unwrap();
            match taken {
                Ok(_) => {
                    assert_eq!(stored.len(), 1);
                    assert_eq!(stored[0].release.rows, 4, "byte {at}");
                }
                Err(_) => assert!(stored.is_empty()),
            }
        }
    }
}

#[test]
fn a_member_that_unpacks_to_a_gigabyte_is_refused() {
    let data = deflated_zeros(b"", 1024);
    let bomb = Member {
        name: b"icd10cm_order_2031.txt",
        method: 8,
        flags: 0,
        crc: 0,
        size: 1 << 30,
        data,
    };
    archive_refused(
        &crafted_zip(&[bomb]),
        &["icd10cm_order_2031.txt", "1073741824 bytes"],
    );
}

#[test]
fn a_member_that_unpacks_to_more_than_it_says_is_refused() {
    for (size, begin) in [(60_000, order_file()), (1000, order_file())] {
        let data = deflated_zeros(&begin, 1024);
        let bomb = Member {
            name: b"icd10cm_order_2031.txt",
            method: 8,
            flags: 0,
            crc: 0,
            size,
            data,
        };
        let start = Instant::now();
        archive_refused(&crafted_zip(&[bomb]), &["icd10cm_order_2031.txt"]);
        assert!(start.elapsed() < Duration::from_secs(15));
    }
}

#[test]
fn a_member_that_unpacks_to_less_than_it_says_is_refused() {
    let mut member = Member::stored(b"icd10cm_order_2031.txt", order_file());
    member.size += 10;
    archive_refused(&crafted_zip(&[member]), &["posted.zip"]);
}

#[test]
fn a_member_whose_path_leads_out_of_the_archive_is_refused() {
    for name in [
        "../x.txt",
        "a/../../x.txt",
        "a/../x.txt",
        "..\\x.txt",
        "/etc/x.txt",
        "\\x.txt",
        "C:\\x.txt",
        "C:/x.txt",
        "//server/share/x.txt",
    ] {
        let member = Member::stored(name.as_bytes(), order_file());
        archive_refused(&crafted_zip(&[member]), &["out of the archive"]);
    }
}

#[test]
fn a_member_whose_name_holds_control_characters_never_writes_to_the_terminal() {
    for name in [
        &b"\x1b[31mred\x1b[0m.txt"[..],
        b"two\nlines.txt",
        b"nul\0.txt",
        b"bell\x07.txt",
    ] {
        let world = World::empty();
        let archive = crafted_zip(&[
            Member::stored(name, b"hello".to_vec()),
            Member::stored(b"icd10cm_order_2031.txt", order_file()),
        ]);
        world.write("posted.zip", archive);
        let run = world.run(&["import", "posted.zip", "--release", "FY2031"]);
        for text in [&run.stdout, &run.stderr] {
            let raw = text.chars().any(|c| c.is_control() && c != '\n');
            assert!(!raw, "{run:?}");
        }
        assert!(!run.stdout.contains("\nlines.txt"), "{run:?}");
    }
}

#[test]
fn a_file_whose_name_holds_control_characters_never_writes_to_the_terminal() {
    let world = World::empty();
    world.write("in/\u{1b}[31mred.txt", "hello");
    world.write("in/icd10cm-order-April-2031.txt", order_file());
    world.write("in/\u{1b}]0;title\u{7}.pdf", "%PDF-1.5");
    let run = world.run(&["import", "in"]);
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(!run.stdout.contains('\u{1b}'), "{run:?}");
    let run = world.run(&["import", "in/\u{1b}[31mred.txt"]);
    assert_refused(&run, &["nothing to import"]);
}

#[test]
fn an_encrypted_member_is_refused() {
    let mut member = Member::stored(b"icd10cm_order_2031.txt", order_file());
    member.flags = 1;
    archive_refused(&crafted_zip(&[member]), &["assword"]);
}

#[test]
fn a_member_packed_in_a_way_that_is_not_supported_is_refused() {
    for method in [14, 93, 97, 6] {
        let mut member = Member::stored(b"icd10cm_order_2031.txt", order_file());
        member.method = method;
        archive_refused(&crafted_zip(&[member]), &["ompression method"]);
    }
}

#[test]
fn an_archive_within_an_archive_is_opened() {
    let inner = zip_of(&[("icd10cm_order_2031.txt", &order_file())]);
    let outer = zip_of(&[
        ("readme.txt", b"hello"),
        ("Code Descriptions/inner.zip", &inner),
    ]);
    let world = World::empty();
    world.write("outer.zip", &outer);
    let run = taken(&world, &["outer.zip", "--release", "FY2031"]);
    assert!(
        run.stdout
            .contains("outer.zip > Code Descriptions/inner.zip > icd10cm_order_2031.txt"),
        "{run:?}"
    );
    assert_eq!(world.run(&["verify"]).exit, 0);
}

#[test]
fn an_archive_within_an_archive_within_an_archive_is_refused() {
    let inner = zip_of(&[("icd10cm_order_2031.txt", &order_file())]);
    let middle = zip_of(&[("inner.zip", &inner)]);
    archive_refused(
        &zip_of(&[("middle.zip", &middle)]),
        &["posted.zip > middle.zip > inner.zip", "archive"],
    );
}

#[test]
fn an_archive_with_twenty_thousand_members_is_refused() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..20_000 {
        writer
            .start_file(format!("{number}.txt"), stored())
            .unwrap();
    }
    archive_refused(
        &writer.finish().unwrap().into_inner(),
        &["20000 members", "at most 20"],
    );
}

#[test]
fn an_archive_of_many_large_archives_does_not_fill_the_memory() {
    // Each of thirty inner archives unpacks to 60 MB, though the outer one is small.
    let mut inner = Vec::new();
    inner.extend(crafted_zip(&[Member::stored(
        b"zeros.txt",
        vec![0; 60 << 20],
    )]));
    let name = |n: usize| format!("{n}.zip");
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(name(0), deflated()).unwrap();
    // A thousandth of it is not zero, so that no single member looks like a bomb.
    let mut noise: u32 = 1;
    for at in (100..inner.len() - 1000).step_by(400) {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        inner[at] = (noise >> 24) as u8;
    }
    writer.write_all(&inner).unwrap();
    for n in 1..30 {
        writer.shallow_copy_file("0.zip", &name(n)).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    drop(inner);
    let world = World::empty();
    world.write("posted.zip", bytes);
    let mut command = Command::new("sh");
    let inherited = world.command(&[]);
    command
        .args(["-c", "ulimit -v 1200000; exec \"$0\" import posted.zip"])
        .arg(env!("CARGO_BIN_EXE_codeyear"))
        .current_dir(world.folder())
        .env_clear()
        .envs(inherited.get_envs().filter_map(|(k, v)| Some((k, v?))))
        .stdin(Stdio::null());
    assert_refused(&run_patiently(&mut command), &["posted.zip"]);
}

#[test]
fn a_text_file_named_zip_is_refused() {
    archive_refused(&order_file(), &["expected a zip archive"]);
    archive_refused(b"<html>404 not found</html>", &["expected a zip archive"]);
    archive_refused(b"", &["expected a zip archive"]);
}

#[test]
fn an_archive_named_txt_is_opened_all_the_same() {
    let world = World::empty();
    world.write(
        "posted.txt",
        zip_of(&[("icd10cm_order_2031.txt", &order_file())]),
    );
    taken(&world, &["posted.txt", "--release", "FY2031"]);
}

#[test]
fn names_with_blanks_accents_and_backslashes_are_taken() {
    for name in [
        "2031 Code Descriptions/icd10cm-order- April 1 2031.txt",
        "Über/Schlüssel/icd10cm-order-April-2031.txt",
        "Code Descriptions\\icd10cm-order-April-2031.txt",
        "病/icd10cm-order-April-2031.txt",
        "./icd10cm-order-April-2031.txt",
    ] {
        let world = World::empty();
        world.write("posted here.zip", zip_of(&[(name, &order_file())]));
        let run = taken(&world, &["posted here.zip"]);
        assert!(run.stdout.contains("FY2031-04"), "{name}: {run:?}");
        let store = world.store();
        let stored = store.releases().unwrap();
        assert!(
            stored[0].order_file.name.ends_with("2031.txt"),
            "{:?}",
            stored[0].order_file
        );
    }
}

#[test]
fn a_member_name_that_is_no_utf8_does_no_harm() {
    let world = World::empty();
    let archive = crafted_zip(&[
        Member::stored(b"\xff\xfe\x80.txt", b"hello".to_vec()),
        Member::stored(b"icd10cm-order-April-2031.txt", order_file()),
    ]);
    world.write("posted.zip", archive);
    taken(&world, &["posted.zip"]);
}

#[test]
fn what_is_no_order_file_is_left_with_a_reason() {
    let hcpcs = format!("{:<320}\r\n", "A0021001003Ambulance service");
    let archive = zip_of(&[
        ("icd10cm-order-April-2031.txt", &order_file()),
        ("HCPC2031_CONTR_ANWEB.txt", hcpcs.as_bytes()),
        (
            "Tabular.xml",
            b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<ICD10CM.tabular>",
        ),
        ("icd10OrderFiles.pdf", b"%PDF-1.5"),
        ("empty.txt", b""),
    ]);
    let world = World::empty();
    world.write("posted.zip", archive);
    let run = taken(&world, &["posted.zip"]);
    for (name, why) in [
        ("HCPC2031_CONTR_ANWEB.txt", "HCPCS"),
        ("Tabular.xml", "XML"),
        ("icd10OrderFiles.pdf", "PDF"),
        ("empty.txt", "empty"),
    ] {
        assert!(
            run.stdout.lines().any(|line| line.starts_with("left: ")
                && line.contains(name)
                && line.contains(why)),
            "{name}: {run:?}"
        );
    }
    assert!(run.stdout.contains("4 left"), "{run:?}");
}

#[test]
fn an_archive_of_hcpcs_alone_is_nothing_to_import() {
    let hcpcs = format!("{:<320}\r\n", "A0021001003Ambulance service");
    archive_refused(
        &zip_of(&[("HCPC2031_CONTR_ANWEB.txt", hcpcs.as_bytes())]),
        &["nothing to import", "HCPCS"],
    );
}

// ---------------------------------------------------------------------------------------------
// Paths.

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
fn a_folder_with_nothing_to_import_is_refused() {
    refused_in(
        &[("in/notes.txt", b"hello"), ("in/deep/more.txt", b"hello")],
        &["in"],
        &["nothing to import", "2 files"],
    );
    let world = world();
    fs::create_dir(world.path("empty")).unwrap();
    assert_refused(
        &world.run(&["import", "empty"]),
        &["nothing to import", "no files"],
    );
}

#[cfg(unix)]
#[test]
fn a_folder_with_a_loop_of_links_ends() {
    use std::os::unix::fs::symlink;
    let world = World::empty();
    world.write("in/icd10cm-order-April-2031.txt", order_file());
    symlink(".", world.path("in/round")).unwrap();
    symlink("../in", world.path("in/back")).unwrap();
    symlink("itself", world.path("in/itself")).unwrap();
    symlink("nowhere", world.path("in/broken")).unwrap();
    let run = taken(&world, &["in"]);
    assert!(run.stdout.contains("1 file stored"), "{run:?}");
    // The link itself, named.
    let run = run_patiently(&mut world.command(&["import", "in/itself"]));
    assert_refused(&run, &["in/itself", "cannot"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_is_never_waited_for() {
    let world = world();
    world.write("in/notes.txt", "hello");
    let made = Command::new("mkfifo").arg(world.path("in/pipe")).status();
    if !made.is_ok_and(|status| status.success()) {
        return;
    }
    for path in ["in", "in/pipe", "/dev/zero", "/dev/null"] {
        let run = run_patiently(&mut world.command(&["import", path]));
        assert_refused(&run, &[]);
    }
    assert!(fs::read(world.database()).unwrap() == database_with_fy2030());
}

// ---------------------------------------------------------------------------------------------
// Questions.

#[test]
fn absurd_codes_are_unknown_and_say_why() {
    let world = world();
    let long = "A".repeat(10_000);
    let combining = format!("A00{}", "\u{301}".repeat(5000));
    for code in [
        "",
        "   ",
        ".",
        "...",
        "A",
        "A00.",
        "A00.0000000",
        "\u{1b}[31mA00\u{1b}[0m",
        "A00\r\nC7B",
        "A00\u{7}",
        "\u{9b}31mA00",
        "\u{202e}A00",
        "\u{661}\u{662}\u{663}",
        "A\u{660}\u{660}",
        "\u{ff21}\u{ff10}\u{ff10}",
        "'; DROP TABLE entry; --",
        "%",
        "*",
        "A00{",
        "ß00",
        "-",
        long.as_str(),
        combining.as_str(),
    ] {
        for format in ["text", "json"] {
            for verb in ["check", "history"] {
                let mut args = vec![verb, "--format", format];
                if verb == "check" {
                    args.extend(["--on", "2029-10-01"]);
                }
                args.extend(["--", code]);
                let run = run_patiently(&mut world.command(&args));
                assert_harmless(&run, code);
                if verb == "check" && code != "-" {
                    assert_eq!(run.exit, 1, "{code:?}: {run:?}");
                    assert!(run.stdout.contains("unknown"), "{code:?}: {run:?}");
                }
            }
        }
    }
}

fn assert_harmless(run: &Run, code: &str) {
    let is_json = run.stdout.starts_with('{');
    assert!((0..=2).contains(&run.exit), "{code:?}: {run:?}");
    assert!(!run.stderr.contains("panicked"), "{code:?}: {run:?}");
    for text in [&run.stdout, &run.stderr] {
        let raw = text.chars().find(|c| {
            let bad = c.is_control() && *c != '\n' || *c == '\u{202e}';
            // JSON need not escape what is beyond ASCII.
            bad && (!is_json || *c < ' ')
        });
        assert_eq!(raw, None, "{code:?} reaches the terminal raw");
    }
    let shown = run.stderr.len();
    assert!(shown < 2000, "an error of {shown} bytes");
}

#[test]
fn dates_that_do_not_exist_are_refused() {
    let world = world();
    for date in [
        "2021-02-30",
        "2021-13-01",
        "2021-00-10",
        "2021-2",
        "20210201",
        "yesterday",
        "",
        "99999-01-01",
        "2021-02-01T00:00:00",
        "\u{662}\u{660}\u{662}\u{661}-\u{660}\u{661}-\u{660}\u{661}",
    ] {
        let run = world.run(&["check", "A00", "--on", date]);
        assert_eq!(run.exit, 2, "{date}: {run:?}");
        assert_eq!(run.stdout, "");
        assert!(run.stderr.contains("--on"), "{date}: {run:?}");
    }
    let run = world.run(&["check", "A00", "--on", "2021-02-30"]);
    assert!(run.stderr.contains("year, month and day"), "{run:?}");
}

#[test]
fn days_at_the_end_of_time_are_not_covered() {
    let world = world();
    for date in [
        "+99999-01-01",
        "+262142-12-31",
        "-0001-01-01",
        "0000-01-01",
        "9999-12-31",
        "0001-01-01",
    ] {
        let on = format!("--on={date}");
        let run = world.run(&["check", "A000", &on]);
        assert!((1..=2).contains(&run.exit), "{date}: {run:?}");
        assert!(!run.stderr.contains("panicked"), "{date}: {run:?}");
        assert!(!run.stdout.contains("billable  valid"), "{date}: {run:?}");
    }
}

#[test]
fn years_that_are_none_are_refused() {
    let world = world();
    for year in [
        "99999",
        "0",
        "-1",
        "26",
        "2026-04",
        "MMXXVI",
        "",
        "99999999999999999999",
        "1999",
    ] {
        let stated = format!("--year={year}");
        let run = world.run(&["check", "A00", &stated]);
        assert_eq!(run.exit, 2, "{year}: {run:?}");
        assert!(run.stderr.contains("--year"), "{year}: {run:?}");
        let run = world.run(&["diff", "--", year, "FY2030"]);
        assert_eq!(run.exit, 2, "{year}: {run:?}");
        assert!(!run.stderr.contains("panicked"), "{year}: {run:?}");
    }
}

#[test]
fn codes_on_stdin_may_be_anything() {
    let world = world();
    for (bytes, exit) in [
        (&b"A000\n"[..], 0),
        (b"\xef\xbb\xbfA000\r\n", 0),
        (b"A000\n\n  \nA000", 0),
        (b"", 2),
        (b"\n\n", 2),
        (b"A00\xff\n", 2),
    ] {
        let path = world.write("codes.txt", bytes);
        let mut command = world.command(&["check", "-", "--on", "2029-10-01"]);
        command.stdin(fs::File::open(path).unwrap());
        let run = run_patiently(&mut command);
        assert_eq!(run.exit, exit, "{bytes:?}: {run:?}");
        if exit == 2 {
            assert_refused(&run, &["stdin"]);
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Reports.

#[test]
fn a_report_that_cannot_be_written_leaves_nothing_half_written() {
    let world = World::with_sample();
    fs::create_dir(world.path("folder")).unwrap();
    world.write("file", "kept");
    for output in [
        "no/such/folder/out.html",
        "folder",
        "file/out.html",
        "/dev/full",
    ] {
        let run = run_patiently(&mut world.command(&["diff", "FY2025", "FY2026", "-o", output]));
        assert_refused(&run, &[output, "cannot write"]);
    }
    assert_eq!(fs::read_to_string(world.path("file")).unwrap(), "kept");
    assert_eq!(fs::read_dir(world.path("folder")).unwrap().count(), 0);
    assert_eq!(leftovers(&world), Vec::<PathBuf>::new());
    assert!(!world.path("no").exists());
}

#[test]
fn a_report_that_fails_leaves_the_one_before_it() {
    let world = World::with_sample();
    world.write("report.html", "the one before");
    let run = world.run(&["diff", "FY2025", "FY2099", "-o", "report.html"]);
    assert_refused(&run, &["FY2099"]);
    // Too large for the disk, as the shell says.
    world.write("report.json", "the one before");
    let run = limited(
        &world,
        70,
        &["diff", "FY2016", "FY2026", "-o", "report.json"],
    );
    assert_refused(&run, &["report.json", "cannot write"]);
    assert_eq!(
        fs::read_to_string(world.path("report.json")).unwrap(),
        "the one before"
    );
    assert_eq!(leftovers(&world), Vec::<PathBuf>::new());
}

/// Runs the program with a limit on the size of each file that it writes, in blocks of 512 bytes.
fn limited(world: &World, blocks: u32, args: &[&str]) -> Run {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""
        ))
        .arg(env!("CARGO_BIN_EXE_codeyear"))
        .args(args)
        .current_dir(world.folder())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", world.folder())
        .env("CODEYEAR_DB", world.database())
        .stdin(Stdio::null());
    run_patiently(&mut command)
}

#[test]
fn a_list_of_codes_in_any_encoding_is_read() {
    let world = World::with_sample();
    for (name, bytes, code) in [
        ("plain.txt", b"G35\nC7B\n".to_vec(), None),
        ("crlf.txt", b"G35\r\nC7B\r\n".to_vec(), None),
        ("mark.txt", b"\xef\xbb\xbfG35\nC7B\n".to_vec(), None),
        (
            "latin1.csv",
            b"nom,dx\nH\xe9l\xe8ne,G35\nZo\xeb,C7B\n".to_vec(),
            Some("dx"),
        ),
        (
            "mark.csv",
            b"\xef\xbb\xbfdx,n\r\nG35,1\r\nC7B,2\r\n".to_vec(),
            Some("dx"),
        ),
        (
            "quoted.csv",
            b"\"a\nnote\",dx\n\"two\nlines, and a comma\",G35\n\"say \"\"hi\"\"\",\"C7B\"\n"
                .to_vec(),
            Some("dx"),
        ),
        ("tabs.tsv", b"n\tdx\n1\tG35\n2\tC7B\n".to_vec(), Some("dx")),
        (
            "semicolons.csv",
            b"n;dx\n1;G35\n2;C7B\n".to_vec(),
            Some("2"),
        ),
        (
            "ragged.csv",
            b"n,dx\n1,G35\n2\n3,C7B,4\n".to_vec(),
            Some("dx"),
        ),
    ] {
        world.write(name, bytes);
        let mut args = vec![
            "diff", "FY2025", "FY2026", "--only", name, "--format", "json",
        ];
        if let Some(code) = code {
            args.extend(["--code", code]);
        }
        let run = world.run(&args);
        assert_eq!(run.exit, 0, "{name}: {run:?}");
        let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(json["only"]["codes"], 2, "{name}: {}", json["only"]);
        assert!(run.stdout.contains("G35"), "{name}");
    }
}

#[test]
fn a_list_of_codes_that_cannot_be_read_is_refused() {
    let world = World::with_sample();
    fs::create_dir(world.path("folder")).unwrap();
    for (name, bytes, code, part) in [
        (
            "a.csv",
            &b"n,dx\n1,G35\n"[..],
            Some("icd"),
            "no column \"icd\"",
        ),
        ("b.csv", b"n,dx\n1,G35\n", Some("7"), "no column \"7\""),
        ("c.csv", b"n,dx\n1,G35\n", Some("0"), "no column \"0\""),
        ("d.csv", b"n,dx\n1,G35\n", None, "2 columns"),
        ("e.csv", b"", None, "no codes"),
        ("f.csv", b"dx\n", Some("dx"), "no codes"),
        ("g.csv", b"\n\n\n", None, "no codes"),
    ] {
        world.write(name, bytes);
        let mut args = vec!["diff", "FY2025", "FY2026", "--only", name];
        if let Some(code) = code {
            args.extend(["--code", code]);
        }
        assert_refused(&world.run(&args), &[name, part]);
    }
    for name in ["missing.csv", "folder"] {
        let run = world.run(&["diff", "FY2025", "FY2026", "--only", name]);
        assert_refused(&run, &[name, "cannot read"]);
    }
}

// ---------------------------------------------------------------------------------------------
// Claims data: nothing of it is ever written.

const CLAIMS: &str = "patient,member,note,dx,dos\n\
    PATIENT-SECRET-1,MEMBER-SECRET-2,\"NOTE-SECRET-3\nNOTE-SECRET-4, more\",G35,2025-11-02\n\
    PATIENT-SECRET-5,MEMBER-SECRET-6,NOTE-SECRET-7,C7B.00,2025-11-03\n\
    PATIENT-SECRET-8,MEMBER-SECRET-9,,NOT-A-CODE-SECRET,2025-11-04\n";

fn assert_no_secret(text: &str, what: &str) {
    let plain: String = text
        .to_ascii_uppercase()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    for secret in ["SECRET", "S3CR3T", "2025110"] {
        assert!(!plain.contains(secret), "{what} tells {secret}: {text}");
    }
}

#[test]
fn no_patient_data_is_ever_written_to_a_report_or_an_error() {
    let world = World::with_sample();
    let latin1: Vec<u8> = CLAIMS
        .replace("PATIENT", "PATI\u{e9}NT")
        .chars()
        .map(|c| c as u8)
        .collect();
    let files: [(&str, Vec<u8>); 5] = [
        ("claims.csv", CLAIMS.as_bytes().to_vec()),
        ("latin1.csv", latin1),
        (
            "unclosed.csv",
            CLAIMS.replace("more\"", "more").into_bytes(),
        ),
        (
            "headless.csv",
            CLAIMS.split_once('\n').unwrap().1.as_bytes().to_vec(),
        ),
        (
            "utf16.csv",
            CLAIMS.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
    ];
    for (name, bytes) in &files {
        world.write(name, bytes);
        for column in [
            None,
            Some("dx"),
            Some("4"),
            Some("patient"),
            Some("member"),
            Some("note"),
            Some("dos"),
            Some("1"),
            Some("3"),
            Some("no such column"),
            Some("99"),
        ] {
            for format in ["text", "markdown", "html", "csv", "json"] {
                let mut args = vec![
                    "diff",
                    "FY2025",
                    "FY2026",
                    "--only",
                    name,
                    "--format",
                    format,
                    "-o",
                    "report.out",
                ];
                if let Some(column) = column {
                    args.extend(["--code", column]);
                }
                // An error does not depend on the format; a report does.
                let run = world.run(&args);
                let what = format!("{name} {column:?} {format}");
                assert_no_secret(&run.stdout, &what);
                assert_no_secret(&run.stderr, &what);
                assert!(!run.stderr.contains("panicked"), "{run:?}");
                if let Ok(report) = fs::read_to_string(world.path("report.out")) {
                    assert_no_secret(&report, &what);
                    fs::remove_file(world.path("report.out")).unwrap();
                }
                if run.exit == 2 {
                    assert_refused(&run, &[name]);
                    break;
                }
            }
        }
    }
    // An error in another argument, and without a database.
    let run = world.run(&[
        "diff",
        "FY2025",
        "FY1999",
        "--only",
        "claims.csv",
        "--code",
        "dx",
    ]);
    assert_no_secret(&run.stderr, "a wrong release");
    let run = world.run(&[
        "diff",
        "FY2025",
        "FY2026",
        "--only",
        "claims.csv",
        "--code",
        "dx",
        "--under",
        "C7",
    ]);
    assert_no_secret(&run.stderr, "a wrong range");
}

#[test]
fn an_identifier_that_has_the_shape_of_a_code_is_never_written() {
    // A wrong column with identifiers that could be codes by their letters, such as S3CR3T1.
    let world = World::with_sample();
    world.write(
        "claims.csv",
        "member,dx\nS3CR3T1,G35\ns3cr3t2,C7B00\nS3C.R3T4,C7B01\n",
    );
    for format in ["text", "markdown", "html", "csv", "json"] {
        let run = world.run(&[
            "diff",
            "FY2025",
            "FY2026",
            "--only",
            "claims.csv",
            "--code",
            "member",
            "--format",
            format,
        ]);
        assert_no_secret(&run.stdout, format);
        assert_no_secret(&run.stderr, format);
    }
}

#[test]
fn a_claims_file_given_to_import_is_refused_without_a_word_of_it() {
    let world = world();
    world.write("claims.csv", CLAIMS);
    let run = world.run(&["import", "claims.csv"]);
    assert_refused(&run, &["claims.csv", "nothing to import"]);
    assert_no_secret(&run.stderr, "import");
}
