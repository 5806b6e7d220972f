//! Files around order files: whether they are whole, and of which release each is.

use std::io::{Cursor, Read as _};
use std::path::Path;

use codeyear::ingest::ImportOptions;
use codeyear::model::{CodeSet, DocumentKind, IndexKind, ReleaseId};
use codeyear::parse::conversion::parse_conversion;
use codeyear::parse::index::parse_index;
use codeyear::parse::pcs::{parse_pcs_definitions, parse_pcs_index, parse_pcs_tables};
use codeyear::parse::poa::parse_poa;
use codeyear::source::catalogue::{Catalogue, KnownDocument};
use codeyear::store::Store;
use zip::ZipArchive;

use super::tables::{csv, iso, lines};
use super::{
    BEFORE_APRIL, Folder, alone, dry, fy2027, fy2028, into, members, numbered, on, order_of,
    rows_of, said, stating, zip_of,
};
use crate::official::release_zip;
use crate::soundness::Chance;

/// The files around the order file of a release: kind, name and bytes, as the catalogue knows them.
fn documents_of(
    releases: &Path,
    code_set: CodeSet,
    release: &str,
) -> Vec<(DocumentKind, String, Vec<u8>)> {
    let zip = release_zip(releases, code_set, release);
    let catalogue = Catalogue::bundled().unwrap();
    let known = catalogue.find(code_set, release.parse().unwrap()).unwrap();
    let all = members(&zip, &|_| true);
    let documents = known.documents.iter().map(|document| {
        let is_it = |(name, _): &&(String, Vec<u8>)| {
            name.rsplit('/').next() == Some(document.name.as_str())
        };
        let (_, bytes) = all.iter().find(is_it).unwrap();
        (document.kind, document.name.clone(), bytes.clone())
    });
    documents.collect()
}

/// The releases that the catalogue knows documents of, with the zip here.
fn releases_with_documents() -> Vec<(CodeSet, String)> {
    let catalogue = Catalogue::bundled().unwrap();
    let known = catalogue.releases().iter();
    known
        .filter(|known| !known.documents.is_empty())
        .map(|known| (known.code_set, known.id.to_string()))
        .collect()
}

#[test]
fn the_catalogue_counts_what_is_read_from_each_document() {
    let Some(official) = fy2027("the counts of documents") else {
        return;
    };
    let mut counted = 0;
    for (code_set, release) in releases_with_documents() {
        let catalogue = Catalogue::bundled().unwrap();
        let known = catalogue.find(code_set, release.parse().unwrap()).unwrap();
        for (kind, name, bytes) in documents_of(&official.releases, code_set, &release) {
            let entries = match kind {
                DocumentKind::Tabular => None,
                DocumentKind::Index(_) => Some(parse_index(&bytes).unwrap().terms.len()),
                DocumentKind::PcsTables => {
                    let tables = parse_pcs_tables(&bytes).unwrap().tables;
                    Some(tables.iter().map(|table| table.rows.len()).sum())
                }
                DocumentKind::PcsDefinitions => {
                    Some(parse_pcs_definitions(&bytes).unwrap().terms.len())
                }
                DocumentKind::PcsIndex => Some(parse_pcs_index(&bytes).unwrap().terms.len()),
                DocumentKind::ConversionTable => {
                    let rows = parse_conversion(&bytes).unwrap().rows;
                    Some(rows.iter().filter(|row| row.code.is_some()).count())
                }
                DocumentKind::PoaExemptList => Some(parse_poa(&name, &bytes).unwrap().rows.len()),
            };
            let is_it = |document: &&KnownDocument| document.kind == kind && document.name == name;
            let document = known.documents.iter().find(is_it).unwrap();
            assert_eq!(
                document.entries,
                entries.map(|count| count as u64),
                "{release} {name}"
            );
            counted += 1;
        }
    }
    assert!(counted > 80, "{counted}");
}

/// A document in other bytes that say the same.
fn in_other_bytes(kind: DocumentKind, bytes: &[u8]) -> Vec<u8> {
    match kind {
        // A workbook is packed anew.
        DocumentKind::ConversionTable if bytes.starts_with(b"PK") => {
            let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
            let mut members = Vec::new();
            for at in 0..zip.len() {
                let mut member = zip.by_index(at).unwrap();
                let mut bytes = Vec::new();
                member.read_to_end(&mut bytes).unwrap();
                members.push((member.name().unwrap().into_owned(), bytes));
            }
            let members: Vec<(&str, &[u8])> = members
                .iter()
                .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
                .collect();
            zip_of(&members)
        }
        _ => [bytes, b"\r\n"].concat(),
    }
}

#[test]
fn each_document_in_other_bytes_is_whole_beside_its_neighbours() {
    let Some(official) = fy2027("documents in other bytes") else {
        return;
    };
    for (code_set, release) in releases_with_documents() {
        // The lists before FY2014 give fewer codes than their order files.
        let id: ReleaseId = release.parse().unwrap();
        let folder = Folder::new();
        folder.write(
            &format!("{}-{release}.txt", code_set.id()),
            order_of(&official.releases, code_set, &release),
        );
        let documents = documents_of(&official.releases, code_set, &release);
        let documents: Vec<_> = documents
            .into_iter()
            .filter(|(kind, ..)| *kind != DocumentKind::Tabular || id.year() >= 2014)
            .collect();
        for (kind, name, bytes) in &documents {
            folder.write(name, in_other_bytes(*kind, bytes));
        }
        let report = alone(&[folder.path("")], &stating(&release, dry("2026-11-28"))).unwrap();
        assert!(report.failed.is_empty(), "{release}: {:?}", report.failed);
        let notes = report.taken.iter().flat_map(|taken| &taken.notes);
        let other = notes.filter(|note| note.contains("its hash differs from that of the "));
        assert_eq!(other.count(), documents.len(), "{release}: {report:?}");
        assert_eq!(
            report.taken.len(),
            documents.len() + 1,
            "{release}: {report:?}"
        );
    }
}

/// Parts of a document, each in words.
fn parts(kind: DocumentKind, bytes: &[u8], chance: &mut Chance) -> Vec<(String, Vec<u8>)> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let without = |what: &str, from: &str, to: &str, nth: usize| {
        let begin = text.match_indices(from).nth(nth).unwrap().0;
        let end = begin + text[begin..].find(to).unwrap() + to.len();
        (
            format!("without {what} {nth}"),
            [&text[..begin], &text[end..]].concat().into_bytes(),
        )
    };
    match kind {
        DocumentKind::PoaExemptList => {
            let lines: Vec<&str> = text.lines().collect();
            let cut = lines.len() * 3 / 100 + chance.below(lines.len() * 90 / 100);
            [999, cut, lines.len() * 97 / 100, lines.len() - 200]
                .map(|count| {
                    (
                        format!("the first {count} lines"),
                        lines[..count].join("\r\n").into_bytes(),
                    )
                })
                .to_vec()
        }
        DocumentKind::Tabular => {
            let chapter = chance.below(21);
            vec![without("chapter", "<chapter>", "</chapter>", chapter)]
        }
        DocumentKind::Index(IndexKind::Neoplasms) => {
            let at = text.match_indices("</term>").nth(600).unwrap().0;
            let begin = text[..at].rfind("<term level=\"1\">").unwrap();
            vec![(
                "the first 600 terms".to_owned(),
                [&text[..begin], "</mainTerm></letter></ICD10CM.index>"]
                    .concat()
                    .into_bytes(),
            )]
        }
        DocumentKind::Index(_) | DocumentKind::PcsIndex => vec![
            without("letter", "<letter>", "</letter>", chance.below(20)),
            without("letter", "<letter>", "</letter>", 1),
        ],
        DocumentKind::PcsTables => {
            let count = text.matches("<pcsTable>").count();
            let at = text.match_indices("<pcsTable>").nth(count - 30).unwrap().0;
            let cut = [&text[..at], "</ICD10PCS.tabular>"].concat().into_bytes();
            vec![("without the last tables".to_owned(), cut)]
        }
        DocumentKind::PcsDefinitions => vec![without(
            "section",
            "<section",
            "</section>",
            chance.below(10),
        )],
        DocumentKind::ConversionTable => Vec::new(),
    }
}

#[test]
fn a_part_of_a_document_is_refused_beside_a_whole_order_file() {
    let Some(official) = fy2027("parts of documents") else {
        return;
    };
    let mut chance = Chance::new();
    let mut kinds = std::collections::BTreeSet::new();
    for (code_set, release) in [
        (CodeSet::Icd10Cm, "FY2017"),
        (CodeSet::Icd10Cm, "FY2025"),
        (CodeSet::Icd10Pcs, "FY2026"),
    ] {
        let folder = Folder::new();
        let order = folder.write(
            &format!("{}-{release}.txt", code_set.id()),
            order_of(&official.releases, code_set, release),
        );
        for (kind, name, bytes) in documents_of(&official.releases, code_set, release) {
            for (what, part) in parts(kind, &bytes, &mut chance) {
                kinds.insert(kind.name());
                let path = folder.write(&name, part);
                for options in [
                    stating(release, dry("2026-11-28")),
                    ImportOptions {
                        allow_incomplete: true,
                        ..stating(release, dry("2026-11-28"))
                    },
                ] {
                    let report = alone(&[order.clone(), path.clone()], &options).unwrap();
                    let failed = report
                        .failed
                        .first()
                        .unwrap_or_else(|| panic!("{release} {name} {what}: {report:?}"));
                    assert!(
                        failed.why.contains("it looks cut off"),
                        "{what}: {}",
                        failed.why
                    );
                }
                std::fs::remove_file(path).unwrap();
            }
        }
    }
    assert_eq!(kinds.len(), 8, "{kinds:?}");
}

#[test]
fn of_a_release_to_come_a_document_that_looks_cut_off_is_refused() {
    let Some(official) = fy2027("parts of documents to come") else {
        return;
    };
    let made = fy2028(official);
    let folder = Folder::new();
    let order = folder.write("icd10cm_order_2028.txt", &made.order);
    let lines = lines(&made.order, &mut Chance::new());
    // Beside a whole order file no answer would say that a document is a part.
    for count in [3, 298, lines.len() / 2, lines.len() - 130, lines.len()] {
        let table = folder.write("CONVERSION-TABLE-FY2028.csv", csv(&lines[..count], &iso));
        for allow_incomplete in [false, true] {
            let options = ImportOptions {
                allow_incomplete,
                ..dry(BEFORE_APRIL)
            };
            let report = alone(&[order.clone(), table.clone()], &options).unwrap();
            let failed = report.failed.iter();
            let is_refused = failed
                .filter(|failed| failed.why.contains("it looks cut off"))
                .count();
            let expected = usize::from(count < lines.len());
            assert_eq!(is_refused, expected, "{count}: {report:?}");
            assert_eq!(report.failed.len(), expected, "{count}: {report:?}");
        }
    }
    // A list that is little shorter is taken, and its loss named.
    let list = documents_of(&official.releases, CodeSet::Icd10Cm, "FY2026");
    let is_poa = |one: &&(DocumentKind, String, Vec<u8>)| one.0 == DocumentKind::PoaExemptList;
    let (_, _, list) = list.iter().find(is_poa).unwrap();
    let mut lines: Vec<&[u8]> = list.split_inclusive(|byte| *byte == b'\n').collect();
    let at = Chance::new().below(lines.len() - 1000) + 100;
    let codes = lines.drain(at..at + 40).count();
    let path = folder.write("POAexemptCodes2028.txt", lines.concat());
    let report = alone(&[order, path], &dry(BEFORE_APRIL)).unwrap();
    let says = format!("it has {} codes and FY2026 has 38349", 38_349 - codes);
    let notes: Vec<&String> = report.taken.iter().flat_map(|one| &one.notes).collect();
    assert!(notes.contains(&&says), "{report:?}");
}

#[test]
fn a_document_of_one_year_is_not_that_of_another_that_is_stated() {
    let Some(official) = fy2027("documents of another year") else {
        return;
    };
    let folder = Folder::new();
    let order = folder.write("icd10cm_order_2027.txt", &official.order);
    for (kind, name, bytes) in documents_of(&official.releases, CodeSet::Icd10Cm, "FY2026-04") {
        let path = folder.write(&name, &bytes);
        let stated = stating("FY2027", dry("2026-11-28"));
        let report = alone(&[order.clone(), path.clone()], &stated).unwrap();
        let why = &report.failed[0].why;
        assert!(
            why.contains("this is not ICD-10-CM FY2027"),
            "{name}: {why}"
        );
        if kind == DocumentKind::Tabular {
            let path = folder.write(&name, in_other_bytes(kind, &bytes));
            let report = alone(&[order.clone(), path], &stated).unwrap();
            let why = &report.failed[0].why;
            assert!(
                why.contains("and the order file of FY2027 has"),
                "{name}: {why}"
            );
        }
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_whole_order_file_does_not_cover_up_documents_that_came_with_a_part() {
    let Some(official) = fy2027("documents of a part") else {
        return;
    };
    let folder = Folder::new();
    let whole = order_of(&official.releases, CodeSet::Icd10Cm, "FY2017");
    let rows = rows_of(&whole);
    let cut = numbered(rows[..90_000].iter().copied());
    let part = folder.write("part/icd10cm-FY2017.txt", cut);
    let whole = folder.write("whole/icd10cm-FY2017.txt", &whole);
    let documents = documents_of(&official.releases, CodeSet::Icd10Cm, "FY2017");
    let (_, name, list) = documents
        .iter()
        .find(|(kind, ..)| *kind == DocumentKind::PoaExemptList)
        .unwrap();
    for (lines, is_taken) in [(20_000, false), (usize::MAX, true)] {
        let text = String::from_utf8_lossy(list);
        let list = match lines {
            usize::MAX => list.clone(),
            lines => text
                .lines()
                .take(lines)
                .collect::<Vec<_>>()
                .join("\r\n")
                .into_bytes(),
        };
        let list = folder.write(name, list);
        let mut store = Store::in_memory().unwrap();
        let options = ImportOptions {
            allow_incomplete: true,
            ..on("2026-11-28")
        };
        let report = into(&mut store, &[part.clone(), list], &options).unwrap();
        assert!(report.failed.is_empty(), "{report:?}");
        let report = into(&mut store, std::slice::from_ref(&whole), &on("2026-11-28"));
        assert_eq!(report.is_ok(), is_taken, "{report:?}");
        if let Err(error) = report {
            assert!(
                said(&error).contains("its POA-exempt list may be one too"),
                "{error}"
            );
            assert!(said(&error).contains("codeyear remove FY2017"), "{error}");
        }
    }
}

#[test]
fn a_tabular_list_that_is_known_tells_two_releases_with_the_same_rows_apart() {
    let Some(official) = fy2027("an update unpacked") else {
        return;
    };
    let order = order_of(&official.releases, CodeSet::Icd10Cm, "FY2026-04");
    let documents = documents_of(&official.releases, CodeSet::Icd10Cm, "FY2026-04");
    let folder = Folder::new();
    folder.write("icd10cm_order_2026.txt", order);
    for (_, name, bytes) in &documents {
        folder.write(name, bytes);
    }
    let report = alone(&[folder.path("")], &dry("2026-11-28")).unwrap();
    assert!(report.failed.is_empty(), "{report:?}");
    assert!(
        report
            .taken
            .iter()
            .all(|taken| taken.release.to_string() == "FY2026-04"),
        "{report:?}"
    );
}
