//! The small files of known faults as they stand, taken as parts on purpose.

use std::path::{Path, PathBuf};

use codeyear::error::ErrorKind;
use codeyear::ingest::{ImportOptions, ImportReport};
use codeyear::model::{CodeSet, DocumentKind};
use codeyear::store::Store;

use super::{Folder, alone, dry, fy2027, into, on, order_of, releases_of, said, stating};
use crate::world::official_releases;

const TODAY: &str = "2026-11-28";

/// The folder of the small files, beside that of the releases.
pub(super) fn folder(releases: &Path) -> PathBuf {
    releases.parent().unwrap().join("faults/import")
}

fn handed(test: &str) -> Option<PathBuf> {
    official_releases(test).map(|releases| folder(&releases))
}

fn as_part(options: ImportOptions) -> ImportOptions {
    ImportOptions {
        allow_incomplete: true,
        ..options
    }
}

/// What was taken: file, release.
fn taken(report: &ImportReport) -> Vec<(&str, String)> {
    let files = report.taken.iter();
    files
        .map(|taken| {
            let name = taken.file.rsplit(['/', '>']).next().unwrap().trim();
            (name, taken.release.to_string())
        })
        .collect()
}

#[test]
fn each_small_file_alone_is_refused_as_a_part_and_taken_on_purpose() {
    let Some(handed) = handed("the small files alone") else {
        return;
    };
    for (name, stated, expected) in [
        ("good.txt", Some("FY2028"), "FY2028"),
        ("lf.txt", Some("FY2028"), "FY2028"),
        ("bom.txt", Some("FY2028"), "FY2028"),
        ("blank-end.txt", Some("FY2028"), "FY2028"),
        ("no-final-end.txt", Some("FY2028"), "FY2028"),
        ("05-folder", None, "FY2028"),
        ("01-cms-folder", None, "FY2028"),
        ("fy2028-good.zip", None, "FY2028"),
        ("fy2028-new-attribute.zip", None, "FY2028"),
    ] {
        let paths = [handed.join(name)];
        let mut options = dry(TODAY);
        options.release = stated.map(|stated| stated.parse().unwrap());
        let error = alone(&paths, &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format, "{name}: {error}");
        assert!(said(&error).contains("looks cut off"), "{name}: {error}");
        let report = alone(&paths, &as_part(options)).unwrap();
        assert!(report.failed.is_empty(), "{name}: {:?}", report.failed);
        assert_eq!(releases_of(&report), [expected.to_owned()].into(), "{name}");
        let notes = report.taken[0].notes.join("; ");
        assert!(notes.contains("only a part"), "{name}: {notes}");
    }
}

#[test]
fn the_small_pcs_files_of_2021_are_asked_about() {
    let Some(handed) = handed("08-pcs-2021") else {
        return;
    };
    let paths = [handed.join("08-pcs-2021")];
    let error = alone(&paths, &as_part(dry(TODAY))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Ambiguous);
    let said = said(&error);
    assert!(
        said.contains("--release FY2021 or --release FY2021-01"),
        "{said}"
    );
    // Stated as January's it is a part of that, and October 2020 stays unanswered.
    let mut store = Store::in_memory().unwrap();
    let stated = stating("FY2021-01", as_part(on(TODAY)));
    into(&mut store, &paths, &stated).unwrap();
    let day = "2020-11-15".parse().unwrap();
    let found =
        codeyear::answer::check(&store.codes(CodeSet::Icd10Pcs).unwrap(), "XW023S6", day).unwrap();
    assert_ne!(found.verdict.name(), "billable", "{found:?}");
}

#[test]
fn the_small_files_with_the_same_rows_are_one_release() {
    let Some(handed) = handed("the same rows in other bytes, as handed") else {
        return;
    };
    let names = [
        "lf.txt",
        "no-final-end.txt",
        "good.txt",
        "bom.txt",
        "blank-end.txt",
    ];
    let mut store = Store::in_memory().unwrap();
    for name in names {
        let stated = stating("FY2028", as_part(on(TODAY)));
        let report = into(&mut store, &[handed.join(name)], &stated).unwrap();
        assert_eq!(releases_of(&report), ["FY2028".to_owned()].into(), "{name}");
        assert_eq!(store.releases().unwrap().len(), 1, "{name}");
    }
}

#[test]
fn the_small_tables_are_read_and_belong_to_their_releases() {
    let Some(handed) = handed("the small tables") else {
        return;
    };
    let order = handed.join("fy2028-good.zip");
    for (names, tables, copies) in [
        (&["02-both-2028-conversion-table.zip"][..], 1, 1),
        (&["03-iso-dates CONVERSION-TABLE-FY2028.csv"], 1, 0),
        (&["03-us-dates CONVERSION-TABLE-FY2028.csv"], 1, 0),
        (
            &[
                "03-us-dates CONVERSION-TABLE-FY2028.csv",
                "03-iso-dates CONVERSION-TABLE-FY2028.csv",
            ],
            1,
            1,
        ),
    ] {
        let mut paths: Vec<PathBuf> = names.iter().map(|name| handed.join(name)).collect();
        paths.push(order.clone());
        let report = alone(&paths, &as_part(dry(TODAY))).unwrap();
        assert!(report.failed.is_empty(), "{names:?}: {:?}", report.failed);
        let table = "conversion_table";
        let found = report.taken.iter().filter(|one| one.kind.name() == table);
        assert_eq!(found.count(), tables, "{names:?}: {report:?}");
        assert_eq!(report.left.len(), copies, "{names:?}: {:?}", report.left);
        assert_eq!(releases_of(&report), ["FY2028".to_owned()].into());
    }
}

#[test]
fn the_two_workbooks_are_known_by_their_hash() {
    let Some(official) = fy2027("the two workbooks") else {
        return;
    };
    let handed = folder(&official.releases);
    let files = Folder::new();
    let mut paths = vec![
        handed.join("ICD-10-CM-Conversion-Table-FY2022-Effective-04-01-2022.xlsx"),
        handed.join("ICD-10-CM_ConversionTable-FY17.xlsx"),
    ];
    for release in ["FY2017", "FY2022", "FY2022-04"] {
        let order = order_of(&official.releases, CodeSet::Icd10Cm, release);
        paths.push(files.write(&format!("icd10cm-{release}.txt"), order));
    }
    let mut store = Store::in_memory().unwrap();
    let report = into(&mut store, &paths, &on(TODAY)).unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    let tables: Vec<(&str, String)> = taken(&report)
        .into_iter()
        .filter(|(name, _)| name.ends_with(".xlsx"))
        .collect();
    assert_eq!(
        tables,
        [
            (
                "ICD-10-CM-Conversion-Table-FY2022-Effective-04-01-2022.xlsx",
                "FY2022-04".to_owned()
            ),
            ("ICD-10-CM_ConversionTable-FY17.xlsx", "FY2017".to_owned()),
        ]
    );
    for stored in store.releases().unwrap() {
        let kinds: Vec<DocumentKind> = stored.documents.iter().map(|one| one.kind).collect();
        let expected = match stored.release.id.to_string().as_str() {
            "FY2022" => vec![],
            _ => vec![DocumentKind::ConversionTable],
        };
        assert_eq!(kinds, expected, "{}", stored.release.id);
    }
}

#[test]
fn what_is_left_of_the_small_files_has_its_reason_one_by_one_and_together() {
    let Some(handed) = handed("small files that are left") else {
        return;
    };
    let files = [
        ("page.txt", &["a saved web page"][..]),
        ("page.zip", &["a saved web page"]),
        ("HCPC2019_README.txt", &["a readme of a HCPCS"]),
        ("one-left.zip", &["a general equivalence mapping"]),
        (
            "two-left.zip",
            &["a general equivalence mapping", "a HCPCS Level II file"],
        ),
    ];
    for (name, words) in files {
        let error = alone(&[handed.join(name)], &as_part(dry(TODAY))).unwrap_err();
        for words in words {
            assert!(said(&error).contains(words), "{name}: {error}");
        }
    }
    // Beside a release they cost it nothing.
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| handed.join(name)).collect();
    let paths = [&[handed.join("fy2028-good.zip")], paths.as_slice()].concat();
    let report = alone(&paths, &as_part(dry(TODAY))).unwrap();
    assert_eq!(report.failed.len(), 2, "{:?}", report.failed);
    assert_eq!(report.left.len(), 4, "{:?}", report.left);
    assert_eq!(
        taken(&report),
        [
            ("icd10cm_order_2028.txt", "FY2028".to_owned()),
            ("icd10cm_tabular_2028.xml", "FY2028".to_owned()),
        ]
    );
}
