//! Every file of every official archive is called what it is.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use codeyear::model::{CodeSet, DocumentKind, IndexKind, UnreadKind};
use codeyear::parse::index::parse_index;
use codeyear::parse::tabular::parse_tabular;
use codeyear::source::kind::FileKind;
use codeyear::source::recognise::{HEAD, recognise};
use zip::ZipArchive;

use super::say;
use crate::world::official_releases;

/// What a file is, told from its official name and the folder of its archive alone.
enum Expected {
    Kind(FileKind),
    /// Left, with these words in its reason.
    Skipped(&'static str),
}

fn expected(folder: &str, archive: &str, name: &str) -> Option<Expected> {
    let name = name.to_ascii_lowercase();
    let name = name.rsplit('/').next().unwrap_or(&name);
    let has = |word: &str| name.contains(word);
    let ends = |end: &str| name.ends_with(end);
    let left = |words| Some(Expected::Skipped(words));
    let document = |kind| Some(Expected::Kind(FileKind::Document(kind)));
    for (end, words) in [
        (".pdf", "PDF"),
        (".xsd", "XML schema"),
        (".docx", "text document"),
        (".xls", "old Office"),
    ] {
        if ends(end) {
            return left(words);
        }
    }
    match folder {
        "gems" if has("gem") => return left("general equivalence mapping"),
        "icd9cm" if ends(".xlsx") => return left("spreadsheet"),
        "icd9cm" => return left("ICD-9-CM"),
        "hcpcs" if has("anweb") && !has("corrections") => return left("a HCPCS Level II file; "),
        "hcpcs" => return left("a readme of a HCPCS"),
        _ => {}
    }
    let pcs = has("icd10pcs")
        || archive.contains("icd10pcs")
        || archive.contains("_pr")
        || archive.contains("errata");
    let set = if pcs {
        CodeSet::Icd10Pcs
    } else {
        CodeSet::Icd10Cm
    };
    match () {
        () if has("conversion") && has("pcs") => left("a conversion table in another layout"),
        () if has("conversion") => document(DocumentKind::ConversionTable),
        () if has("readme") => left("a readme of the POA-exempt list"),
        () if has("exemptadd") => left("codes added to the POA"),
        () if has("exemptdel") => left("codes deleted from the POA"),
        () if has("exemptrev") => left("titles revised on the POA"),
        () if has("exemptcodes") => document(DocumentKind::PoaExemptList),
        () if ends(".xml") && has("2011") => left("the layout of 2011"),
        () if ends(".xml") && has("tables_") => document(DocumentKind::PcsTables),
        () if ends(".xml") && has("definitions") => document(DocumentKind::PcsDefinitions),
        () if ends(".xml") && has("pcs_index") => document(DocumentKind::PcsIndex),
        () if ends(".xml") && has("tabular") => document(DocumentKind::Tabular),
        () if ends(".xml") && has("drug") => document(DocumentKind::Index(IndexKind::Drugs)),
        () if ends(".xml") && has("neoplasm") => {
            document(DocumentKind::Index(IndexKind::Neoplasms))
        }
        () if ends(".xml") && (has("eindex") || has("e-index")) => {
            document(DocumentKind::Index(IndexKind::ExternalCauses))
        }
        () if ends(".xml") && has("index") => document(DocumentKind::Index(IndexKind::Diseases)),
        () if has("definitions_addenda") || has("index_addenda") => {
            left("an addenda of an ICD-10-PCS index or definition file")
        }
        () if has("diff") => left("diff file"),
        () if has("addenda") && has("order") => Some(Expected::Kind(FileKind::OrderAddenda(set))),
        () if has("addenda") => left("a codes addenda"),
        () if has("order") => Some(Expected::Kind(FileKind::OrderFile(set))),
        () if has("codes") || has("desc") => left("a codes file"),
        () => None,
    }
}

fn archives(releases: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in [
        "hcpcs",
        "icd9cm",
        "gems",
        "before-force",
        "as-published",
        "icd10cm",
        "icd10pcs",
    ] {
        let entries = std::fs::read_dir(releases.join(folder)).unwrap();
        found.extend(entries.map(|entry| entry.unwrap().path()));
    }
    found.retain(|path| path.extension().is_some_and(|end| end == "zip"));
    found.sort();
    found
}

#[test]
fn no_file_of_an_official_archive_is_called_by_a_wrong_kind() {
    let Some(releases) = official_releases("kinds of files") else {
        return;
    };
    let mut wrong = Vec::new();
    let (mut members, mut left) = (0, 0);
    let mut ask = |folder: &str, archive: &str, name: &str, head: &[u8]| {
        members += 1;
        let found = recognise(name, head);
        let is_right = match (expected(folder, archive, name), found) {
            (Some(Expected::Kind(kind)), found) => kind == found,
            (Some(Expected::Skipped(words)), FileKind::Other(what)) => {
                left += 1;
                what.contains(words)
            }
            _ => false,
        };
        if !is_right {
            wrong.push(format!("{archive} > {name}: {found:?}"));
        }
    };
    for path in archives(&releases) {
        let folder = path
            .parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_string_lossy();
        let archive = path.file_name().unwrap().to_string_lossy();
        let mut zip = ZipArchive::new(std::fs::File::open(&path).unwrap()).unwrap();
        for index in 0..zip.len() {
            let member = zip.by_index(index).unwrap();
            if member.is_dir() {
                continue;
            }
            let name = member.name().unwrap().into_owned();
            let mut head = Vec::new();
            // An addenda is seen whole.
            let size = if name.contains("addenda") {
                u64::MAX
            } else {
                HEAD as u64
            };
            member.take(size).read_to_end(&mut head).unwrap();
            ask(&folder, &archive, &name, &head);
        }
    }
    for entry in std::fs::read_dir(releases.join("icd9cm/tabular")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        ask("icd9cm", "tabular", &name, bytes.get(..HEAD).unwrap());
    }
    say(&format!("{members} files, {left} of them named and left"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(members > 390, "{members} files");
}

#[test]
fn the_books_of_fy2012_and_fy2013_are_read_as_far_as_they_go() {
    let Some(releases) = official_releases("books before 2014") else {
        return;
    };
    for (archive, unknown) in [("icd10cm-FY2012.zip", 2), ("icd10cm-FY2013.zip", 0)] {
        let path = releases.join("before-force").join(archive);
        let mut zip = ZipArchive::new(std::fs::File::open(&path).unwrap()).unwrap();
        let mut read = 0;
        for index in 0..zip.len() {
            let mut member = zip.by_index(index).unwrap();
            let name = member.name().unwrap().into_owned();
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes).unwrap();
            let unread = match recognise(&name, &bytes[..bytes.len().min(HEAD)]) {
                FileKind::Document(DocumentKind::Tabular) => {
                    let tabular = parse_tabular(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
                    for thing in &tabular.unread.things {
                        assert_eq!(
                            (thing.kind, thing.name.as_str(), thing.parent.as_str()),
                            (UnreadKind::Attribute, "oldid", "section")
                        );
                    }
                    say(&format!("{name}: {:?}", tabular.unread.describe()));
                    assert_eq!(tabular.unread.count(), unknown, "{name}");
                    tabular.unread
                }
                FileKind::Document(_) => {
                    let index = parse_index(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
                    index.unread
                }
                _ => continue,
            };
            assert_eq!(unread.beyond, 0);
            read += 1;
        }
        assert_eq!(read, 5, "{archive}");
    }
}
