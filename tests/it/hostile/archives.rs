//! Archives that are damaged, crafted or too large, and members with odd names.

use std::fs;
use std::io::{Cursor, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use codeyear::ingest::{ImportOptions, import};
use codeyear::store::Store;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::{assert_refused, file, order_file, refused_in, rows, run_patiently, taken};
use crate::world::{World, is_on, options};

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
        let run = world.run(&[
            "import",
            "--allow-incomplete",
            "posted.zip",
            "--release",
            "FY2031",
        ]);
        for text in [&run.stdout, &run.stderr] {
            let raw = text.chars().any(|c| c.is_control() && c != '\n');
            assert!(!raw, "{run:?}");
        }
        assert!(!run.stdout.contains("\nlines.txt"), "{run:?}");
    }
}

#[test]
fn a_file_whose_name_holds_control_characters_never_writes_to_the_terminal() {
    // Windows has no such names.
    if !is_on("Unix") {
        return;
    }
    let world = World::empty();
    world.write("in/\u{1b}[31mred.txt", "hello");
    world.write("in/icd10cm-order-April-2031.txt", order_file());
    world.write("in/\u{1b}]0;title\u{7}.pdf", "%PDF-1.5");
    let run = world.run(&["import", "--allow-incomplete", "in"]);
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(!run.stdout.contains('\u{1b}'), "{run:?}");
    let run = world.run(&["import", "--allow-incomplete", "in/\u{1b}[31mred.txt"]);
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
    // Others do not limit the memory of a program.
    if !is_on("Linux") {
        return;
    }
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
    archive_refused(
        b"<html>404 not found</html>",
        &["a saved web page, not the file"],
    );
    archive_refused(b"", &["an empty file"]);
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
            stored[0].listing_file.published.name.ends_with("2031.txt"),
            "{:?}",
            stored[0].listing_file
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
            "icd10cm_tabular.xsd",
            b"<?xml version=\"1.0\"?>\r\n<xs:schema/>",
        ),
        ("readme.xml", b"<?xml version=\"1.0\"?>\r\n<readme/>"),
        ("icd10OrderFiles.pdf", b"%PDF-1.5"),
        ("empty.txt", b""),
    ]);
    let world = World::empty();
    world.write("posted.zip", archive);
    let run = taken(&world, &["posted.zip"]);
    for (name, why) in [
        ("HCPC2031_CONTR_ANWEB.txt", "HCPCS"),
        ("icd10cm_tabular.xsd", "an XML schema"),
        ("readme.xml", "an XML file of an unknown kind"),
        ("icd10OrderFiles.pdf", "PDF"),
        ("empty.txt", "empty"),
    ] {
        assert!(
            run.stdout.lines().any(|line| line.starts_with("skipped: ")
                && line.contains(name)
                && line.contains(why)),
            "{name}: {run:?}"
        );
    }
    assert!(run.stdout.contains("5 skipped"), "{run:?}");
}

#[test]
fn a_cut_off_tabular_list_beside_a_whole_order_file_is_refused_and_so_is_the_order_file() {
    archive_refused(
        &zip_of(&[
            ("icd10cm-order-April-2031.txt", &order_file()),
            (
                "Tabular.xml",
                b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<ICD10CM.tabular>",
            ),
        ]),
        &[
            "posted.zip > Tabular.xml, line 2: the file is cut off",
            "expected </ICD10CM.tabular>",
            "download it again",
        ],
    );
}

#[test]
fn an_archive_of_hcpcs_alone_is_nothing_to_import() {
    let hcpcs = format!("{:<320}\r\n", "A0021001003Ambulance service");
    archive_refused(
        &zip_of(&[("HCPC2031_CONTR_ANWEB.txt", hcpcs.as_bytes())]),
        &["nothing to import", "HCPCS"],
    );
}
