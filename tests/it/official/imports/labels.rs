//! What a file is called, against what it holds: lists, addenda and corrections under a wrong name.

use codeyear::error::ErrorKind;
use codeyear::ingest::{ImportOptions, remove};
use codeyear::model::{CodeSet, ReleaseId, ReleasePart};
use codeyear::parse::addenda::parse_order_addenda;
use codeyear::source::catalogue::Catalogue;
use codeyear::store::Store;

use super::{
    BEFORE_APRIL, Folder, fy2027, fy2028, into, member, on, order_of, said, stating, stored,
};
use crate::official::{release_zip, truth};
use crate::soundness::Chance;

#[test]
fn a_tabular_list_stands_in_for_no_release_whose_order_file_has_other_counts() {
    let Some(official) = fy2027("a tabular list under another name") else {
        return;
    };
    let zip = release_zip(&official.releases, CodeSet::Icd10Cm, "FY2026-04");
    let list = member(&zip, &|name| name.to_lowercase().contains("tabular"));
    let folder = Folder::new();
    // In other bytes, so that no hash tells.
    let path = folder.write("list.xml", [list.as_slice(), b"\r\n"].concat());
    for release in ["FY2027", "FY2025", "FY2022-04", "FY2016"] {
        let options = stating(release, on("2026-11-28"));
        let error = super::alone(std::slice::from_ref(&path), &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format, "{release}: {error}");
        assert!(said(&error).contains("--allow-incomplete"), "{error}");
    }
    let report = super::alone(
        &[path],
        &ImportOptions {
            dry_run: true,
            ..stating("FY2026-04", on("2026-11-28"))
        },
    );
    assert_eq!(report.unwrap().taken.len(), 1);
}

#[test]
fn every_official_addenda_has_the_lines_that_its_footer_counts() {
    let Some(official) = fy2027("the lines of every addenda") else {
        return;
    };
    let mut read = 0;
    for record in truth(&official.releases, "order-file-counts.csv") {
        let code_set: CodeSet = record["code_set"].parse().unwrap();
        let zip = release_zip(&official.releases, code_set, &record["release"]);
        let is_addenda = |name: &str| {
            let name = name.to_lowercase().replace('-', "_");
            name.contains("order_addenda") && name.ends_with(".txt")
        };
        for (_, bytes) in super::members(&zip, &is_addenda) {
            let addenda = parse_order_addenda(code_set, &bytes).unwrap();
            read += 1;
            let is_errata = record["release"].ends_with("errata");
            let expected = is_errata.then(|| "it has no footer".to_owned());
            assert_eq!(addenda.lacks(), expected, "{}", record["release"]);
        }
    }
    assert!(read > 20, "{read}");
}

#[test]
fn an_addenda_that_lost_lines_or_its_footer_is_refused_and_its_order_file_taken() {
    let Some(official) = fy2027("a cut addenda") else {
        return;
    };
    let made = fy2028(official);
    let whole = String::from_utf8(made.october_addenda()).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let mut chance = Chance::new();
    for _ in 0..3 {
        // A deletion less, anywhere among them.
        let deletions: Vec<usize> = (0..lines.len())
            .filter(|at| lines[*at].starts_with("Delete:"))
            .collect();
        let gone = deletions[chance.below(deletions.len())];
        let mut fewer = lines.clone();
        fewer.remove(gone);
        let footer = lines.iter().position(|line| line.trim() == "Headers");
        for (cut, why) in [
            (fewer.concat(), "its footer counts"),
            (lines[..footer.unwrap()].concat(), "it has no footer"),
        ] {
            let folder = Folder::new();
            folder.write("in/icd10cm_order_2028.txt", &made.order);
            folder.write("in/icd10cm_order_addenda_2028.txt", cut);
            let options = ImportOptions {
                dry_run: true,
                ..on(BEFORE_APRIL)
            };
            let report = super::alone(&[folder.path("in")], &options).unwrap();
            assert_eq!(report.taken.len(), 1, "{report:?}");
            assert_eq!(report.taken[0].kind, ReleasePart::OrderFile);
            assert!(report.failed[0].why.contains(why), "{report:?}");
            let options = ImportOptions {
                allow_incomplete: true,
                ..options
            };
            let report = super::alone(&[folder.path("in")], &options).unwrap();
            assert!(report.failed.is_empty(), "{report:?}");
        }
    }
}

#[test]
fn a_correction_that_came_before_an_equal_base_is_told_to_be_taken_out() {
    let Some(official) = fy2027("a correction before its base") else {
        return;
    };
    let made = fy2028(official);
    let folder = Folder::new();
    let path = folder.write("icd10cm_order_2028.txt", &made.order);
    let path = std::slice::from_ref(&path);
    let mut store = Store::in_memory().unwrap();
    into(
        &mut store,
        path,
        &stating("FY2028-errata", on(BEFORE_APRIL)),
    )
    .unwrap();
    let base = stating("FY2028", on(BEFORE_APRIL));
    let error = into(&mut store, path, &base).unwrap_err();
    assert!(
        said(&error).contains("codeyear remove FY2028-errata"),
        "{error}"
    );
    let erratum = ReleaseId::october(2028).with_revision(1);
    remove(&mut store, CodeSet::Icd10Cm, erratum).unwrap();
    into(&mut store, path, &base).unwrap();
    assert_eq!(stored(&store), [ReleaseId::october(2028)]);
}

#[test]
fn what_the_catalogue_knows_is_never_filed_as_a_correction_of_what_was_forced() {
    let Some(official) = fy2027("a forced release and the official one") else {
        return;
    };
    let folder = Folder::new();
    let of_another = order_of(&official.releases, CodeSet::Icd10Cm, "FY2026");
    let wrong = folder.write("wrong.txt", of_another);
    let right = folder.write("right.txt", &official.order);
    let mut store = Store::in_memory().unwrap();
    let forced = ImportOptions {
        force: true,
        ..stating("FY2027", on(BEFORE_APRIL))
    };
    into(&mut store, &[wrong], &forced).unwrap();
    for revision in [false, true] {
        let options = ImportOptions {
            revision,
            ..stating("FY2027", on(BEFORE_APRIL))
        };
        let error = into(&mut store, std::slice::from_ref(&right), &options).unwrap_err();
        assert!(said(&error).contains("codeyear remove FY2027"), "{error}");
    }
    assert_eq!(stored(&store), [ReleaseId::october(2027)]);
}

#[test]
fn an_addenda_of_another_year_beside_an_order_file_is_not_its_own() {
    let Some(official) = fy2027("an addenda of another year") else {
        return;
    };
    let addenda_of = |release: &str| {
        let zip = release_zip(&official.releases, CodeSet::Icd10Cm, release);
        member(&zip, &|name| {
            name.contains("order_addenda") || name.contains("order-addenda")
        })
    };
    for release in ["FY2026", "FY2022"] {
        let folder = Folder::new();
        folder.write("icd10cm_order_2027.txt", &official.order);
        folder.write("icd10cm_order_addenda.txt", addenda_of(release));
        let report = super::alone(&[folder.path("")], &on("2026-11-28")).unwrap();
        assert_eq!(report.taken.len(), 1, "{report:?}");
        let failed = &report.failed[0].why;
        assert!(
            failed.contains(&format!("{release}, which is not stored")),
            "{failed}"
        );
    }
    // Two years unpacked into one folder.
    let folder = Folder::new();
    for (release, year) in [("FY2026", 2026), ("FY2027", 2027)] {
        let order = order_of(&official.releases, CodeSet::Icd10Cm, release);
        folder.write(&format!("icd10cm_order_{year}.txt"), order);
        folder.write(
            &format!("icd10cm_order_addenda_{year}.txt"),
            addenda_of(release),
        );
    }
    let report = super::alone(&[folder.path("")], &on("2026-11-28")).unwrap();
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!(super::releases_of(&report).len(), 2, "{report:?}");
    assert_eq!(report.taken.len(), 4, "{report:?}");
}

#[test]
fn a_name_does_not_outrank_the_official_addenda_beside_an_order_file() {
    let Some(official) = fy2027("an addenda against a name") else {
        return;
    };
    let addenda_of = |code_set, release: &str| {
        let zip = release_zip(&official.releases, code_set, release);
        member(&zip, &|name| {
            name.contains("order_addenda") || name.contains("order-addenda")
        })
    };
    // A changed flag makes rows that no hash knows.
    let altered = |order: &[u8]| {
        let mut order = order.to_vec();
        let lines = order.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let at = lines.map(|(at, _)| at + 15).nth(5000).unwrap();
        order[at] ^= 1;
        order
    };
    let cm = altered(&official.order);
    let cm_addenda = addenda_of(CodeSet::Icd10Cm, "FY2027");
    let pcs = altered(&order_of(
        &official.releases,
        CodeSet::Icd10Pcs,
        "FY2021-01",
    ));
    let pcs_addenda = addenda_of(CodeSet::Icd10Pcs, "FY2021-01");
    for (archive, order, addenda, name) in [
        ("april-2027.zip", &cm, &cm_addenda, "icd10cm_order_2027.txt"),
        ("icd10cm-FY2028.zip", &cm, &cm_addenda, "icd10cm_order.txt"),
        ("icd10cm.zip", &cm, &cm_addenda, "icd10cm_order_2028.txt"),
        (
            "icd10cm.zip",
            &cm,
            &cm_addenda,
            "icd10cm_order-April-2027.txt",
        ),
        (
            "icd10pcs-FY2021.zip",
            &pcs,
            &pcs_addenda,
            "icd10pcs_order_2021.txt",
        ),
    ] {
        let folder = Folder::new();
        let members = [
            (name, order.as_slice()),
            ("order_addenda.txt", addenda.as_slice()),
        ];
        let zip = folder.write(archive, super::zip_of(&members));
        let error = super::alone(&[zip], &on("2026-11-28")).unwrap_err();
        assert!(
            said(&error).contains("the footer of its addenda"),
            "{archive} {name}: {error}"
        );
    }
}

#[test]
fn a_second_copy_with_no_row_more_is_no_update_of_the_release_beside_it() {
    let Some(official) = fy2027("a second copy") else {
        return;
    };
    let made = fy2028(official);
    let rows = super::rows_of(&made.order);
    let reworded = String::from_utf8(made.order.clone()).unwrap();
    let folder = Folder::new();
    let whole = folder.write(
        "icd10cm-FY2028.zip",
        super::zip_of(&[
            ("icd10cm_order_2028.txt", made.order.as_slice()),
            ("icd10cm_order_addenda_2028.txt", &made.october_addenda()),
        ]),
    );
    let mut kept = rows.clone();
    kept.drain(50_000..50_040);
    for copy in [
        super::numbered(kept),
        reworded.replacen("Cholera", "Cholira", 1).into_bytes(),
    ] {
        let copy = folder.write("old copy/icd10cm_order_2028.txt", copy);
        for paths in [[whole.clone(), copy.clone()], [copy, whole.clone()]] {
            let report = super::alone(&paths, &on("2028-06-01")).unwrap();
            let releases = super::releases_of(&report);
            assert_eq!(releases, ["FY2028".to_owned()].into(), "{report:?}");
            assert_eq!(report.failed.len(), 1, "{report:?}");
        }
    }
}

#[test]
fn an_archive_under_the_name_of_an_official_address_is_of_that_release() {
    let Some(official) = fy2027("an archive by its address") else {
        return;
    };
    // An order file to come, under the name that the catalogue has of its archive.
    let before = order_of(&official.releases, CodeSet::Icd10Pcs, "FY2026");
    let made = super::Made::from(CodeSet::Icd10Pcs, &before, 2027);
    let catalogue = Catalogue::bundled().unwrap();
    let known = catalogue.find(CodeSet::Icd10Pcs, "FY2027".parse().unwrap());
    let archives = known.unwrap().archives.iter();
    let archive = archives
        .filter(|archive| archive.holds.iter().any(|held| held == "order_file"))
        .find(|archive| !archive.file.contains("FY"))
        .unwrap();
    let folder = Folder::new();
    let zip = super::zip_of(&[("icd10pcs_order_2027.txt", made.order.as_slice())]);
    // Near April both releases of the year are candidates of any other name.
    for (name, found) in [(archive.file.as_str(), 1), ("2027.zip", 0)] {
        let zip = folder.write(name, &zip);
        let report = super::alone(&[zip], &on("2027-06-01"));
        if let Ok(report) = &report {
            let notes: Vec<&String> = report.taken.iter().flat_map(|one| &one.notes).collect();
            let says = format!("its archive has another hash than {name}");
            let is_said = notes.iter().any(|note| note.contains(&says));
            assert_eq!(is_said, archive.sha256.is_some(), "{notes:?}");
        }
        let taken = report.map(|report| super::releases_of(&report));
        match found {
            1 => assert_eq!(taken.unwrap(), ["FY2027".to_owned()].into(), "{name}"),
            _ => assert!(
                said(&taken.unwrap_err()).contains("FY2027 or FY2027-04"),
                "{name}"
            ),
        }
    }
}

#[test]
fn an_altered_official_addenda_is_said_to_be_one() {
    let Some(official) = fy2027("an altered addenda") else {
        return;
    };
    let zip = release_zip(&official.releases, CodeSet::Icd10Cm, "FY2027");
    let addenda = member(&zip, &|name| name.contains("order_addenda"));
    let text = String::from_utf8(addenda).unwrap();
    let other = folder_with(official, text.replace("\r\n", "\n"));
    let report = super::alone(&[other.path("")], &on("2026-11-28")).unwrap();
    let notes: Vec<&String> = report.taken.iter().flat_map(|taken| &taken.notes).collect();
    let says = "its hash differs from that of the order addenda of FY2027 in the catalogue";
    assert!(notes.iter().any(|note| note.contains(says)), "{report:?}");
}

/// Makes a folder with FY2027's order file and an addenda.
fn folder_with(official: &super::Official, addenda: String) -> Folder {
    let folder = Folder::new();
    folder.write("icd10cm_order_2027.txt", &official.order);
    folder.write("icd10cm_order_addenda_2027.txt", addenda);
    folder
}
