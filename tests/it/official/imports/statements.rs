//! What the user states, against what the files say.

use codeyear::error::ErrorKind;
use codeyear::ingest::{ImportOptions, remove};
use codeyear::model::{Added, CodeSet, ReleaseId, Warning};
use codeyear::source::catalogue::Catalogue;
use codeyear::source::identify::{Evidence, contradiction};
use codeyear::store::Store;
use codeyear_core::model::Calendar;

use super::{
    BEFORE_APRIL, Folder, Made, NEAR_APRIL, alone, dry, fy2027, fy2028, into, numbered, on,
    order_of, releases_of, rows_of, said, stating, stored, zip_of,
};
use crate::official::release_zip;

/// Every release that can be named of some years.
fn named() -> Vec<ReleaseId> {
    let mut ids = Vec::new();
    for year in 2012..=2030 {
        ids.push(ReleaseId::october(year));
        ids.extend((1..=9).map(|month| Calendar::FiscalYears.release(year, month)));
    }
    ids
}

#[test]
fn bytes_and_rows_that_are_known_are_stated_as_their_own_release_or_refused() {
    let catalogue = Catalogue::bundled().unwrap();
    let today = "2026-11-28".parse().unwrap();
    let mut refused = 0;
    for code_set in CodeSet::ALL {
        let listed: Vec<_> = catalogue
            .of(code_set)
            .filter_map(|known| Some((known.id, known.order_file.as_ref()?)))
            .collect();
        let newest = catalogue.of(code_set).map(|known| known.id).max().unwrap();
        for (id, facts) in &listed {
            let same: Vec<ReleaseId> = listed
                .iter()
                .filter(|(_, other)| other.rows_sha256 == facts.rows_sha256)
                .map(|(id, _)| *id)
                .collect();
            for stated in named() {
                for stated in [stated, stated.with_revision(1)] {
                    let evidence = |order, rows| Evidence {
                        code_set,
                        order_sha256: order,
                        rows_sha256: rows,
                        addenda_sha256: None,
                        addenda: None,
                        document_sha256: None,
                        archive_sha256: None,
                        name: "order.txt",
                        archive_name: None,
                        shown: "order.txt",
                    };
                    for evidence in [
                        evidence(Some(facts.sha256.as_str()), None),
                        evidence(None, Some(facts.rows_sha256.as_str())),
                    ] {
                        let against = contradiction(catalogue, &evidence, stated, today);
                        let repeats =
                            stated == newest.edition().next_possible() && same.contains(&newest);
                        assert_eq!(
                            against.is_none(),
                            same.contains(&stated) || repeats,
                            "{id} as {stated}: {against:?}"
                        );
                        if let Some(against) = against {
                            assert!(against.contains(&id.to_string()), "{against}");
                            refused += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(refused > 10_000, "{refused}");
}

#[test]
fn an_official_file_is_refused_as_another_release_and_the_evidence_is_named() {
    let Some(official) = fy2027("official files as other releases") else {
        return;
    };
    let folder = Folder::new();
    // The order file alone, as an archive may be known by its own hash.
    let fy2026 = order_of(&official.releases, CodeSet::Icd10Cm, "FY2026");
    let path = folder.write("order.zip", zip_of(&[("icd10cm_order_2026.txt", &*fy2026)]));
    for stated in ["FY2027", "FY2026-errata", "FY2025"] {
        for revision in [false, true] {
            let options = ImportOptions {
                revision,
                ..stating(stated, dry("2026-11-28"))
            };
            let error = alone(std::slice::from_ref(&path), &options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Conflict);
            assert!(
                said(&error).contains("it has the bytes of FY2026"),
                "{error}"
            );
        }
    }
    // The footer of an addenda speaks for a release that the catalogue does not know.
    let made = fy2028(official);
    let path = folder.write(
        "2028.zip",
        zip_of(&[
            ("icd10cm_order_2028.txt", &made.order),
            ("icd10cm_order_addenda_2028.txt", &made.october_addenda()),
        ]),
    );
    for stated in ["FY2027", "FY2029", "FY2028-04"] {
        let error = alone(
            std::slice::from_ref(&path),
            &stating(stated, dry(NEAR_APRIL)),
        )
        .unwrap_err();
        assert!(
            said(&error).contains("the footer of its addenda speaks of FY2028"),
            "{error}"
        );
    }
}

#[test]
fn months_are_october_and_april_and_once_january() {
    let folder = Folder::new();
    let Some(official) = fy2027("stated months") else {
        return;
    };
    // The first rows are enough: the month is refused before they are counted.
    let rows = rows_of(&official.order);
    let path = folder.write("order.txt", numbered(rows.into_iter().take(500)));
    for year in [2020, 2021, 2022, 2026, 2028, 2029] {
        for month in 1..=12 {
            let stated = Calendar::FiscalYears.release(year, month);
            let options = ImportOptions {
                release: Some(stated.into()),
                allow_incomplete: true,
                ..dry("2030-01-01")
            };
            let allowed = matches!(month, 4 | 10) || (month == 1 && year == 2021);
            match alone(std::slice::from_ref(&path), &options) {
                Ok(report) => {
                    assert!(allowed, "{stated}");
                    assert_eq!(report.taken[0].release, stated);
                }
                Err(error) => {
                    assert!(!allowed, "{stated}: {error}");
                    assert!(
                        said(&error).contains(&format!("has no release {stated}")),
                        "{error}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_correction_that_equals_its_base_is_refused_and_one_that_differs_is_kept_and_can_be_removed() {
    let Some(official) = fy2027("corrections") else {
        return;
    };
    let made = fy2028(official);
    let folder = Folder::new();
    let first = folder.write("icd10cm-FY2028.txt", &made.order);
    let text = String::from_utf8(made.order.clone()).unwrap();
    let lf = folder.write("lf/order.txt", text.replace("\r\n", "\n"));
    let mut store = Store::in_memory().unwrap();
    into(&mut store, std::slice::from_ref(&first), &on(BEFORE_APRIL)).unwrap();
    for path in [&first, &lf] {
        let stated = stating("FY2028-errata", on(BEFORE_APRIL));
        let error = into(&mut store, std::slice::from_ref(path), &stated).unwrap_err();
        assert!(said(&error).contains("would correct nothing"), "{error}");
        let revision = ImportOptions {
            revision: true,
            ..stating("FY2028", on(BEFORE_APRIL))
        };
        let report = into(&mut store, std::slice::from_ref(path), &revision).unwrap();
        assert_eq!(report.taken[0].added, Added::AlreadyThere);
        assert_eq!(stored(&store), [ReleaseId::october(2028)]);
    }
    let other = Made::from(CodeSet::Icd10Cm, &made.order, 7);
    let other = folder.write("corrected/icd10cm-FY2028.txt", &other.order);
    let error = into(&mut store, std::slice::from_ref(&other), &on(BEFORE_APRIL)).unwrap_err();
    assert!(said(&error).contains("--revision"), "{error}");
    let revision = ImportOptions {
        revision: true,
        ..on(BEFORE_APRIL)
    };
    let report = into(&mut store, &[other], &revision).unwrap();
    assert_eq!(releases_of(&report), ["FY2028-errata".to_owned()].into());
    let erratum = ReleaseId::october(2028).with_revision(1);
    remove(&mut store, CodeSet::Icd10Cm, erratum).unwrap();
    assert_eq!(stored(&store), [ReleaseId::october(2028)]);
    let error = remove(&mut store, CodeSet::Icd10Cm, erratum).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn what_was_forced_says_so_in_every_answer_until_it_is_removed() {
    let Some(official) = fy2027("a forced release") else {
        return;
    };
    let folder = Folder::new();
    let fy2026 = order_of(&official.releases, CodeSet::Icd10Cm, "FY2026");
    let wrong = folder.write("icd10cm_order_2027.txt", fy2026);
    let zip = release_zip(&official.releases, CodeSet::Icd10Cm, "FY2027");
    let mut store = Store::in_memory().unwrap();
    let forced = ImportOptions {
        force: true,
        ..stating("FY2027", on("2026-11-28"))
    };
    into(&mut store, &[wrong], &forced).unwrap();
    let warns = |store: &Store| {
        let day = "2026-12-01".parse().unwrap();
        ["A00.0", "A00", "Z87.890", "X99.99", "U09.9"].map(|code| {
            let answer =
                codeyear::answer::check(&store.codes(CodeSet::Icd10Cm).unwrap(), code, day)
                    .unwrap();
            let mut warnings = answer.warnings.iter();
            warnings.any(|warning| matches!(warning, Warning::Forced { .. }))
        })
    };
    assert_eq!(warns(&store), [true; 5]);
    // The true release does not take its place silently.
    let error = into(&mut store, std::slice::from_ref(&zip), &on("2026-11-28")).unwrap_err();
    assert!(said(&error).contains("FY2027 is already stored"), "{error}");
    remove(&mut store, CodeSet::Icd10Cm, ReleaseId::october(2027)).unwrap();
    into(&mut store, &[zip], &on("2026-11-28")).unwrap();
    assert_eq!(warns(&store), [false; 5]);
}
