//! What a name may say of a release, and what a footer proves.

use codeyear::error::ErrorKind;
use codeyear::model::CodeSet;
use codeyear::source::catalogue::Catalogue;
use codeyear::source::identify::{Evidence, candidates};
use codeyear_core::model::Calendar;

use super::{
    BEFORE_APRIL, Folder, Hashes, Made, NEAR_APRIL, alone, dry, fy2027, fy2028, member,
    order_files, order_of, pcs_fy2026, pcs_fy2028, releases_of, said, stating, zip_of,
};
use crate::official::release_zip;
use crate::soundness::Chance;

/// Folders and archives as people name them: `M` is a month, `Y` a year.
const PLACES: [&str; 12] = [
    "M",
    "M smith",
    "codes downloaded M Y",
    "emailed in M",
    "saved in M Y",
    "M-Y",
    "M 1 Y",
    "1 M Y",
    "for the M Y update",
    "backup of M",
    "FY2026 and M",
    "Y",
];
const MONTHS: [&str; 8] = [
    "January", "jan", "Apr", "April", "oct", "OCTOBER", "july", "December",
];

fn places() -> Vec<String> {
    let mut places = Vec::new();
    for place in PLACES {
        for month in MONTHS {
            for year in ["2025", "2026", "2027", "2028"] {
                places.push(place.replace('M', month).replace('Y', year));
            }
        }
    }
    places.sort();
    places.dedup();
    places
}

fn found(evidence: &Evidence<'_>, today: &str) -> Result<String, String> {
    let catalogue = Catalogue::bundled().unwrap();
    candidates(catalogue, evidence, today.parse().unwrap())
        .map(|found| {
            let ids: Vec<String> = found.ids.iter().map(ToString::to_string).collect();
            ids.join(" or ")
        })
        .map_err(|error| {
            assert_eq!(error.kind(), ErrorKind::Ambiguous, "{error}");
            said(&error)
        })
}

#[test]
fn no_folder_and_no_archive_makes_another_release_of_the_official_files() {
    let Some(official) = fy2027("places named after months") else {
        return;
    };
    let hashes = Hashes::of(CodeSet::Icd10Cm, &official.order, Some(&official.addenda));
    for place in places() {
        let name = format!("{place}/icd10cm_order_2027.txt");
        let archive = format!("{place}.zip");
        for today in ["2026-11-28", "2027-02-01"] {
            for evidence in [
                hashes.evidence(&name, None),
                hashes.evidence("icd10cm_order_2027.txt", Some(&archive)),
                hashes.evidence(&name, Some(&archive)),
            ] {
                assert_eq!(found(&evidence, today).unwrap(), "FY2027", "{place}");
            }
        }
    }
}

#[test]
fn of_a_year_to_come_a_folder_says_nothing_and_an_archive_against_the_footer_stops() {
    let Some(official) = fy2027("places of a release to come") else {
        return;
    };
    let made = fy2028(official);
    let addenda = made.october_addenda();
    let hashes = Hashes::of(CodeSet::Icd10Cm, &made.order, Some(&addenda));
    for place in places() {
        let name = format!("{place}/icd10cm_order_2028.txt");
        assert_eq!(
            found(&hashes.evidence(&name, None), NEAR_APRIL).unwrap(),
            "FY2028",
            "{place}"
        );
        let archive = format!("{place}.zip");
        let evidence = hashes.evidence("icd10cm_order_2028.txt", Some(&archive));
        let months_beside_a_year = ["Apr", "April", "oct", "OCTOBER"];
        let speaks = archive.contains("FY2026")
            || (archive.contains("20") && months_beside_a_year.iter().any(|m| archive.contains(m)));
        match found(&evidence, NEAR_APRIL) {
            Ok(ids) => assert_eq!(ids, "FY2028", "{place}"),
            Err(said) => {
                assert!(said.contains("the footer of its addenda"), "{said}");
                assert!(speaks, "{place}: {said}");
            }
        }
    }
    // A month beside the year, in the name of the file or of its archive, is evidence.
    for phrase in [
        "april-1-2028",
        "April-2028",
        "1 April 2028",
        "Apr2028",
        "2028apr",
        "FY2028-04",
        "effective-04-01-2028",
    ] {
        let own = format!("icd10cm-order-{phrase}.txt");
        let archive = format!("{phrase}-code-descriptions.zip");
        for evidence in [
            hashes.evidence(&own, None),
            hashes.evidence("icd10cm_order_2028.txt", Some(&archive)),
        ] {
            let said = found(&evidence, NEAR_APRIL).unwrap_err();
            assert!(said.contains("FY2028-04") && said.contains("--release FY2028"));
            let without = Evidence {
                addenda: None,
                addenda_sha256: None,
                ..evidence
            };
            assert_eq!(found(&without, NEAR_APRIL).unwrap(), "FY2028-04");
        }
    }
}

#[test]
fn a_january_release_exists_for_2021_only_and_no_other_month_has_one() {
    let Some(official) = fy2027("months without release") else {
        return;
    };
    let made = fy2028(official);
    let hashes = Hashes::of(CodeSet::Icd10Cm, &made.order, None);
    let catalogue = Catalogue::bundled().unwrap();
    for month in [
        "Jan", "January", "february", "Mar", "May", "june", "july", "Aug", "Sep", "November", "Dec",
    ] {
        for year in [2022, 2026, 2027, 2028] {
            for name in [
                format!("icd10cm-order-{month}-{year}.txt"),
                format!("icd10cm-order-{month} 1 {year}.txt"),
                format!("{year}{month}.txt"),
            ] {
                for (name, archive) in [(name.as_str(), None), ("order.txt", Some(name.as_str()))] {
                    let evidence = hashes.evidence(name, archive);
                    let found = candidates(catalogue, &evidence, NEAR_APRIL.parse().unwrap());
                    let ids = found.map(|found| found.ids).unwrap_or_default();
                    assert!(
                        ids.iter().all(|id| id.fits_calendar()),
                        "{name} {archive:?}: {ids:?}"
                    );
                }
            }
        }
    }
    for name in ["icd10cm-order-Jan-2021.txt", "icd10cm_order_2021jan.txt"] {
        assert_eq!(
            found(&hashes.evidence(name, None), NEAR_APRIL).unwrap(),
            "FY2021-01"
        );
    }
}

#[test]
fn an_april_that_the_catalogue_knows_never_came_is_asked_about() {
    let Some(official) = fy2027("months that had no update") else {
        return;
    };
    let made = fy2028(official);
    let hashes = Hashes::of(CodeSet::Icd10Cm, &made.order, None);
    let catalogue = Catalogue::bundled().unwrap();
    for year in 2013..=2026 {
        let id = Calendar::FiscalYears.release(year, 4);
        for name in [
            format!("icd10cm-order-April-{year}.txt"),
            format!("icd10cm-FY{year}-04.txt"),
            format!("april-1-{year}-codes.txt"),
        ] {
            let found = found(&hashes.evidence(&name, None), NEAR_APRIL);
            match catalogue.find(CodeSet::Icd10Cm, id) {
                Some(_) => assert_eq!(found, Ok(id.to_string()), "{name}"),
                None => assert!(found.unwrap_err().contains("was never published"), "{name}"),
            }
        }
    }
}

#[test]
fn files_in_folders_and_archives_named_after_months_are_taken_for_what_they_are() {
    let Some(official) = fy2027("imports from folders named after months") else {
        return;
    };
    let folder = Folder::new();
    let zip = zip_of(&[
        ("Jan 2027/icd10cm_order_2027.txt", &official.order),
        ("Jan 2027/icd10cm_order_addenda_2027.txt", &official.addenda),
    ]);
    for place in [
        "April",
        "april smith",
        "codes downloaded Jan 2027",
        "October 2025",
    ] {
        folder.write(&format!("{place}/icd10cm_order_2027.txt"), &official.order);
        folder.write(
            &format!("{place}/icd10cm_order_addenda_2027.txt"),
            &official.addenda,
        );
        folder.write(&format!("zips/emailed in {place}.zip"), &zip);
    }
    let report = alone(&[folder.path("")], &dry("2027-01-15")).unwrap();
    assert_eq!(order_files(&report).len(), 8);
    assert_eq!(releases_of(&report), ["FY2027".to_owned()].into());

    let made = fy2028(official);
    let places = ["codes downloaded Jan 2028", "April 2028"];
    let folder = Folder::new();
    let paths: Vec<_> = places
        .iter()
        .map(|place| {
            folder.write(
                &format!("{place}/icd10cm_order_addenda_2028.txt"),
                made.october_addenda(),
            );
            folder.write(&format!("{place}/icd10cm_order_2028.txt"), &made.order);
            folder.path(place)
        })
        .collect();
    let report = alone(&paths, &dry(NEAR_APRIL)).unwrap();
    assert_eq!(order_files(&report).len(), 2, "{report:?}");
    assert_eq!(releases_of(&report), ["FY2028".to_owned()].into());
    let own = folder.write("x/icd10cm-order-April-2028.txt", &made.order);
    folder.write("x/addenda_2028.txt", made.october_addenda());
    let error = alone(&[own.parent().unwrap().to_owned()], &dry(NEAR_APRIL)).unwrap_err();
    assert!(
        said(&error).contains("the footer of its addenda"),
        "{error}"
    );
}

#[test]
fn rows_of_january_2021_are_that_release_in_any_bytes_and_no_addenda_makes_them_october() {
    let Some(official) = pcs_fy2026("PCS of January 2021") else {
        return;
    };
    let zip = super::release_zip(&official.releases, CodeSet::Icd10Pcs, "FY2021-01");
    let order = order_of(&official.releases, CodeSet::Icd10Pcs, "FY2021-01");
    let addenda = super::member(&zip, &|name| name.contains("order_addenda"));
    let text = String::from_utf8(order).unwrap();
    let lf = text.replace("\r\n", "\n");
    let folder = Folder::new();
    let mut paths = Vec::new();
    for (place, bytes) in [
        ("lf", lf.clone()),
        ("saved in October", format!("\u{feff}{text}")),
        ("blank", format!("{lf}\n\n")),
        ("October 2020", format!("\u{feff}{}", lf.trim_end())),
    ] {
        folder.write(&format!("{place}/icd10pcs_order_2021.txt"), &bytes);
        folder.write(&format!("{place}/order_addenda_2021.txt"), &addenda);
        paths.push(folder.path(place));
    }
    let report = alone(&paths, &dry("2026-11-28")).unwrap();
    assert_eq!(
        order_files(&report),
        vec![(CodeSet::Icd10Pcs, "FY2021-01".to_owned()); 4],
        "{report:?}"
    );
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(report.taken[0].identified_by, "rows");
    // Rows that the catalogue does not know, with that addenda: October and January are possible.
    let made = Made::from(CodeSet::Icd10Pcs, text.as_bytes(), 21);
    let hashes = Hashes::of(
        CodeSet::Icd10Pcs,
        &made.order,
        Some(&made.addenda("icd10pcs_order_2020.txt", "icd10pcs_order_2021.txt")),
    );
    let ids = found(
        &hashes.evidence("icd10pcs_order_2021.txt", None),
        "2026-11-28",
    );
    assert_eq!(ids.unwrap(), "FY2021 or FY2021-01");
}

#[test]
fn an_addenda_within_the_year_is_that_of_april_whatever_the_folder_says() {
    let Some(official) = pcs_fy2026("addenda of April") else {
        return;
    };
    let made = pcs_fy2028(official);
    let addenda = made.addenda("icd10pcs_order_2028.txt", "icd10pcs_order_2028.txt");
    let folder = Folder::new();
    folder.write("saved in October/icd10pcs_order_2028.txt", &made.order);
    folder.write("saved in October/order_addenda_2028.txt", &addenda);
    let report = alone(&[folder.path("saved in October")], &dry(NEAR_APRIL)).unwrap();
    assert_eq!(releases_of(&report), ["FY2028-04".to_owned()].into());
    let hashes = Hashes::of(CodeSet::Icd10Pcs, &made.order, Some(&addenda));
    for place in places() {
        let name = format!("{place}/icd10pcs_order_2028.txt");
        assert_eq!(
            found(&hashes.evidence(&name, None), NEAR_APRIL).unwrap(),
            "FY2028-04",
            "{place}"
        );
    }
}

#[test]
fn one_year_is_taken_as_cms_posts_it_and_what_the_calendar_rules_out_is_no_candidate() {
    let Some(official) = fy2027("a year's folder") else {
        return;
    };
    let made = fy2028(official);
    let folder = Folder::new();
    let zip = release_zip(&official.releases, CodeSet::Icd10Cm, "FY2026");
    let mut poa = member(&zip, &|name| name.starts_with("POAexemptCodesFY26"));
    let mut table = member(&zip, &|name| name.to_uppercase().contains("CONVERSION"));
    // In other bytes, so that no hash tells their year.
    poa.extend(b"\r\n");
    table.extend(b"\0");
    let order = [("Code Descriptions/icd10cm_order_2028.txt", &*made.order)];
    folder.write("2028-code-descriptions-tabular-order.zip", zip_of(&order));
    folder.write(
        "2028-poa-exempt-codes.zip",
        zip_of(&[("POAexemptCodesFY28.txt", &poa)]),
    );
    folder.write(
        "2028-conversion-table.zip",
        zip_of(&[("ICD-10-CM-CONVERSION-TABLE-FY28.xlsx", &table)]),
    );
    let report = alone(&[folder.path("")], &dry(BEFORE_APRIL)).unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(report.taken.len(), 3, "{report:?}");
    assert_eq!(releases_of(&report), ["FY2028".to_owned()].into());
    // Once April's update can be posted, nothing decides without the addenda.
    let error = alone(&[folder.path("")], &dry(NEAR_APRIL)).unwrap_err();
    assert!(said(&error).contains("FY2028 or FY2028-04"), "{error}");
    // With ICD-10-PCS in the same command, the stated release is that of all.
    let Some(pcs) = pcs_fy2026("a year's folder of both sets") else {
        return;
    };
    folder.write(
        "2028-icd-10-pcs-order-file.zip",
        zip_of(&[("icd10pcs_order_2028.txt", &*pcs_fy2028(pcs).order)]),
    );
    let stated = stating("FY2028", dry(NEAR_APRIL));
    let report = alone(&[folder.path("")], &stated).unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(order_files(&report).len(), 2);
    assert_eq!(report.taken.len(), 4, "{report:?}");
    assert_eq!(releases_of(&report), ["FY2028".to_owned()].into());
}

#[test]
fn of_a_known_year_only_known_updates_are_candidates() {
    let Some(official) = fy2027("known years") else {
        return;
    };
    let made = fy2028(official);
    let catalogue = Catalogue::bundled().unwrap();
    let mut chance = Chance::new();
    for code_set in CodeSet::ALL {
        let hashes = Hashes {
            code_set,
            ..Hashes::of(CodeSet::Icd10Cm, &made.order, None)
        };
        for year in 2012..=2026 {
            let known: Vec<String> = catalogue
                .of(code_set)
                .map(|known| known.id)
                .filter(|id| id.year() == year && id.revision() == 0)
                .map(|id| id.to_string())
                .collect();
            let names = [
                format!("{}_order_{year}.txt", code_set.id()),
                format!("order FY{}.txt", year - 2000),
                format!("{year}-code-descriptions.txt"),
                format!("{year}-order-file-updated-12{:02}{year}.txt", 10),
            ];
            let name = &names[chance.below(names.len())];
            assert_eq!(
                found(&hashes.evidence(name, None), "2026-11-28").unwrap(),
                known.join(" or "),
                "{name}"
            );
        }
    }
}
