//! A release is the unit: what can be taken is taken, and each file that cannot be has its reason.

use std::path::PathBuf;

use codeyear::ingest::{ImportOptions, ImportReport};
use codeyear::store::Store;

use super::{
    BEFORE_APRIL, Folder, alone, dry, fy2027, into, member, order_files, order_of, releases_of,
    said, zip_of,
};
use crate::official::release_zip;
use crate::world::World;
use codeyear::model::{CodeSet, ReleasePart};

const PAGE: &str = "<!DOCTYPE html><html><title>Access Denied</title></html>";

fn failed(report: &ImportReport) -> Vec<(&str, &str)> {
    let failed = report.failed.iter();
    failed
        .map(|one| {
            let name = one.file.rsplit(['/', '>']).next().unwrap().trim();
            (name, one.why.as_str())
        })
        .collect()
}

#[test]
fn what_is_wrong_beside_a_release_costs_the_release_nothing_unless_all_or_nothing_is_asked_for() {
    let Some(official) = fy2027("a release among what is wrong") else {
        return;
    };
    let zip = release_zip(&official.releases, CodeSet::Icd10Cm, "FY2017");
    let order = order_of(&official.releases, CodeSet::Icd10Cm, "FY2017");
    let list = member(&zip, &|name| name.ends_with("tabular_2017.xml"));
    let list = String::from_utf8(list).unwrap();
    let folder = Folder::new();
    folder.write("icd10cm_order_2017.txt", &order);
    folder.write("page.zip", PAGE);
    folder.write("2017-addendum.pdf.txt", format!("\r\n<!-- x -->{PAGE}"));
    folder.write("cut.zip", &zip_of(&[("order.txt", &order)])[..100_000]);
    let poa = |rows: &str| format!("Order27\tPOAexemptCode\tDescription\r\n{rows}");
    folder.write(
        "POAexemptCodesFY19.txt",
        poa("01238\tB90.0\tSequelae of central nervous system tuberculosis\r\n"),
    );
    folder.write(
        "POAexemptCodesFY17.txt",
        poa("01238\tB90.0\tSequelae of tuberculosis\r\n01239\tB90\r\n"),
    );
    folder.write(
        "new/icd10cm_tabular_2017.xml",
        list.replacen("<section id=", "<section newid=\"X\" id=", 1),
    );
    folder.write("README.txt", "What is in this folder.\r\n");
    let report = alone(&[folder.path("")], &dry(BEFORE_APRIL)).unwrap();
    assert_eq!(
        order_files(&report),
        [(CodeSet::Icd10Cm, "FY2017".to_owned())]
    );
    assert_eq!(releases_of(&report), ["FY2017".to_owned()].into());
    let failed = failed(&report);
    let why = |name: &str| {
        let found = failed.iter().find(|(file, _)| *file == name);
        found.unwrap_or_else(|| panic!("{name}: {failed:?}")).1
    };
    assert!(why("page.zip").contains("a saved web page"));
    assert!(why("2017-addendum.pdf.txt").contains("a saved web page"));
    assert!(why("cut.zip").contains("damaged or cut off"));
    assert!(why("POAexemptCodesFY19.txt").contains("FY2019, which is not stored"));
    let list = report
        .failed
        .iter()
        .find(|one| one.file.ends_with("POAexemptCodesFY17.txt"))
        .unwrap_or_else(|| panic!("{failed:?}"));
    assert_eq!(list.line, Some(3), "{list:?}");
    assert_eq!(failed.len(), 5, "{failed:?}");
    let tabular = report
        .taken
        .iter()
        .find(|taken| matches!(taken.kind, ReleasePart::Document(_)))
        .unwrap_or_else(|| panic!("{report:?}"));
    assert_eq!(tabular.unread, 1);
    assert!(tabular.notes.join(";").contains("newid"), "{tabular:?}");
    assert_eq!(report.left.len(), 1, "{:?}", report.left);
    let strict = ImportOptions {
        strict: true,
        ..dry(BEFORE_APRIL)
    };
    let mut store = Store::in_memory().unwrap();
    into(&mut store, &[folder.path("")], &strict).unwrap_err();
    assert!(store.releases().unwrap().is_empty());
}

#[test]
fn the_exit_code_is_that_of_what_was_done() {
    let Some(official) = fy2027("exit codes of an import") else {
        return;
    };
    let zip = release_zip(&official.releases, CodeSet::Icd10Cm, "FY2027");
    let world = World::empty();
    world.write("year/page.zip", PAGE);
    world.write("year/page.txt", PAGE);
    world.write("year/README.txt", "The files of one year.\r\n");
    for (target, name) in [(&zip, "icd10cm-FY2027.zip"), (&zip, "copy.zip")] {
        std::fs::copy(target, world.path(&format!("year/{name}"))).unwrap();
    }
    let import = |more: &[&str]| {
        let args = [&["--today", "2026-11-28", "import", "year"], more].concat();
        world.run(&args)
    };
    let run = import(&["--strict"]);
    assert_eq!(run.exit, 2, "{run:?}");
    let run = import(&["--dry-run", "--format", "json"]);
    assert_eq!(run.exit, 1, "{run:?}");
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["failed"].as_array().unwrap().len(), 2, "{json}");
    assert_eq!(json["left"].as_array().unwrap().len(), 1, "{json}");
    let run = import(&[]);
    assert_eq!(run.exit, 1, "{run:?}");
    assert!(run.stdout.contains("ICD-10-CM FY2027"), "{run:?}");
    assert!(run.stdout.contains("a saved web page"), "{run:?}");
    assert_eq!(super::stored(&world.store()).len(), 1);
    for page in ["page.zip", "page.txt"] {
        std::fs::remove_file(world.path(&format!("year/{page}"))).unwrap();
    }
    let run = import(&[]);
    assert_eq!(run.exit, 0, "{run:?}");
}

#[test]
fn where_nothing_can_be_taken_each_file_has_its_reason() {
    let Some(official) = fy2027("nothing that can be taken") else {
        return;
    };
    let gems = official.releases.join("gems/Dxgem_2018.zip");
    let folder = Folder::new();
    let page = folder.write("page.txt", PAGE);
    let readme = folder.write("readme.txt", "A000 is the first code.\r\n");
    let hcpcs = official.releases.join("hcpcs/hcpcs-2019-01.zip");
    let words = [
        (gems, "a general equivalence mapping"),
        (page, "a saved web page"),
        (readme, "a readme"),
        (hcpcs, "a HCPCS Level II file"),
    ];
    for (path, words) in &words {
        let error = alone(std::slice::from_ref(path), &dry("2026-11-28")).unwrap_err();
        assert!(said(&error).contains(words), "{error}");
    }
    let paths: Vec<PathBuf> = words.iter().map(|(path, _)| path.clone()).collect();
    let error = alone(&paths, &dry("2026-11-28")).unwrap_err();
    for (path, words) in &words {
        let said = said(&error);
        let name = path.file_name().unwrap().to_string_lossy();
        assert!(said.contains(words) && said.contains(&*name), "{said}");
    }
}
