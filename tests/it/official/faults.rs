//! The small files of known faults, one for each kind: read, or named for what they are.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use codeyear::model::{CodeSet, PoaKind};
use codeyear::parse::conversion::parse_conversion;
use codeyear::parse::order::OrderFile;
use codeyear::parse::poa::parse_poa;
use codeyear::parse::tabular::parse_tabular;
use codeyear::source::kind::FileKind;
use codeyear::source::recognise::recognise;
use codeyear::source::rows_sha256;
use zip::ZipArchive;

use crate::world::official_releases;

fn faults(test: &str) -> Option<PathBuf> {
    let releases = official_releases(test)?;
    Some(releases.parent().unwrap().join("faults").join("import"))
}

fn members(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut zip = ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut member = zip.by_index(index).unwrap();
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes).unwrap();
            (member.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

#[test]
fn the_same_rows_in_other_bytes_are_known_by_their_hash() {
    let Some(faults) = faults("files in other bytes") else {
        return;
    };
    let read = |name: &str| {
        let bytes = std::fs::read(faults.join(name)).unwrap();
        OrderFile::parse(CodeSet::Icd10Cm, bytes).unwrap()
    };
    let good = read("good.txt");
    assert_eq!(good.envelope().describe(), "");
    for (name, differs) in [
        ("lf.txt", "lines end with LF"),
        ("bom.txt", "begins with a byte order mark"),
        ("blank-end.txt", "a blank line at the end"),
        ("no-final-end.txt", "no line end after the last row"),
    ] {
        let file = read(name);
        assert_eq!(file.envelope().describe(), differs, "{name}");
        assert_eq!(rows_sha256(&file), rows_sha256(&good), "{name}");
    }
}

#[test]
fn one_table_in_two_formats_or_two_ways_to_write_a_day_has_the_same_rows() {
    let Some(faults) = faults("conversion tables in two formats") else {
        return;
    };
    let both = members(&faults.join("02-both-2028-conversion-table.zip"));
    let [one, two] = both.as_slice() else {
        panic!("{} members", both.len());
    };
    let (one, two) = (
        parse_conversion(&one.1).unwrap(),
        parse_conversion(&two.1).unwrap(),
    );
    assert!(one.same_rows(&two), "{one:?}\n{two:?}");
    let read = |name: &str| parse_conversion(&std::fs::read(faults.join(name)).unwrap()).unwrap();
    let iso = read("03-iso-dates CONVERSION-TABLE-FY2028.csv");
    let us = read("03-us-dates CONVERSION-TABLE-FY2028.csv");
    assert!(iso.same_rows(&us), "{iso:?}\n{us:?}");
    assert!(us.rows.iter().all(|row| row.flaws().is_empty()));
}

#[test]
fn a_new_attribute_costs_no_document_and_a_poa_list_of_a_year_to_come_is_read() {
    let Some(faults) = faults("new attributes") else {
        return;
    };
    let zip = members(&faults.join("fy2028-new-attribute.zip"));
    let (_, xml) = zip.iter().find(|(name, _)| name.ends_with(".xml")).unwrap();
    let unread = parse_tabular(xml).unwrap().unread;
    assert_eq!(
        unread.describe().unwrap(),
        "1 item unknown to this version is kept as it is: line 7: attribute newid of <section>"
    );
    let poa = members(&faults.join("01-cms-folder/2028-poa-exempt-codes.zip"));
    let (name, bytes) = &poa[0];
    let list = parse_poa(name, bytes).unwrap();
    assert_eq!((list.kind, list.rows.len()), (PoaKind::Full, 1));
}

#[test]
fn what_is_left_is_called_what_it_is() {
    let Some(faults) = faults("files that are left") else {
        return;
    };
    let mut files: Vec<(String, Vec<u8>)> = ["page.txt", "page.zip", "HCPC2019_README.txt"]
        .into_iter()
        .map(|name| (name.to_owned(), std::fs::read(faults.join(name)).unwrap()))
        .collect();
    files.extend(members(&faults.join("two-left.zip")));
    files.extend(members(&faults.join("one-left.zip")));
    for (name, bytes) in files {
        let words = match name.as_str() {
            "HCPC2019_README.txt" => "a readme of a HCPCS Level II file",
            "HCPC2019_CONTR_ANWEB.txt" => "a HCPCS Level II file",
            _ => "a general equivalence mapping",
        };
        match recognise(&name, &bytes) {
            FileKind::Broken(_) => assert!(name.starts_with("page."), "{name}"),
            FileKind::Other(what) => assert!(what.starts_with(words), "{name}: {what}"),
            kind => panic!("{name}: {kind:?}"),
        }
    }
}
