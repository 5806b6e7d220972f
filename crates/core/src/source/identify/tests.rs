//! Tests of identification.

use super::*;
use crate::error::ErrorKind;
use crate::model::{AddendaCounts, FooterBlock};

fn evidence<'a>(name: &'a str, archive: Option<&'a str>) -> Evidence<'a> {
    Evidence {
        code_set: CodeSet::Icd10Cm,
        order_sha256: None,
        rows_sha256: None,
        addenda_sha256: None,
        document_sha256: None,
        addenda: None,
        archive_sha256: None,
        name,
        archive_name: archive,
        shown: name,
    }
}

fn ids(evidence: &Evidence<'_>, today: &str) -> Result<String> {
    let catalogue = Catalogue::bundled().unwrap();
    candidates(catalogue, evidence, today.parse().unwrap()).map(|found| list(&found.ids))
}

fn footer(old: &str, new: &str, rows: u64) -> Addenda {
    let block = FooterBlock {
        old_rows: rows,
        old_file: old.to_owned(),
        new_rows: rows,
        new_file: new.to_owned(),
        counts: AddendaCounts::default(),
    };
    Addenda {
        rows: Vec::new(),
        footer: Some([block.clone(), block]),
    }
}

#[test]
fn a_folder_is_no_evidence_and_a_month_counts_beside_its_year() {
    let today = "2029-06-01";
    for (name, archive, expected) in [
        ("April/icd10cm_order_2029.txt", None, "FY2029 or FY2029-04"),
        ("January/icd10cm-order-April-2029.txt", None, "FY2029-04"),
        (
            "icd10cm_order_2029.txt",
            Some("icd10cm-FY2029-04.zip"),
            "FY2029-04",
        ),
        (
            "icd10cm_order_2029.txt",
            Some("april-1-2029-codes.zip"),
            "FY2029-04",
        ),
        (
            "icd10cm_order_2029.txt",
            Some("from April 2028.zip"),
            "FY2029 or FY2029-04",
        ),
        (
            "icd10cm-FY2029.txt",
            Some("april-1-2029-codes.zip"),
            "FY2029",
        ),
    ] {
        assert_eq!(
            ids(&evidence(name, archive), today).unwrap(),
            expected,
            "{name}"
        );
    }
}

#[test]
fn the_calendar_rules_out_what_cannot_be() {
    let order = |year: i32| format!("icd10cm_order_{year}.txt");
    // Known years: only 2021 had a January, and no April came before 2022.
    assert_eq!(
        ids(&evidence(&order(2019), None), "2026-11-28").unwrap(),
        "FY2019"
    );
    assert_eq!(
        ids(&evidence(&order(2021), None), "2026-11-28").unwrap(),
        "FY2021 or FY2021-01"
    );
    assert_eq!(
        ids(&evidence(&order(2024), None), "2026-11-28").unwrap(),
        "FY2024 or FY2024-04"
    );
    // Years to come: an April update is not published before the autumn.
    assert_eq!(
        ids(&evidence(&order(2028), None), "2027-07-01").unwrap(),
        "FY2028"
    );
    assert_eq!(
        ids(&evidence(&order(2028), None), "2028-01-15").unwrap(),
        "FY2028 or FY2028-04"
    );
}

#[test]
fn a_footer_outranks_names_and_a_contradiction_stops() {
    let today = "2030-01-01";
    for (old, new, name, archive, expected) in [
        (
            "icd10cm_order_2028.txt",
            "icd10cm_order_2029.txt",
            "icd10cm_order_2029.txt",
            None,
            "FY2029",
        ),
        (
            "icd10cm_order_2029.txt",
            "icd10cm_order_2029.txt",
            "icd10cm_order_2029.txt",
            None,
            "FY2029-04",
        ),
        (
            "icd10cm_order_2028.txt",
            "icd10cm_order_2029.txt",
            "order.txt",
            Some("2031 backup.zip"),
            "FY2029",
        ),
    ] {
        let addenda = footer(old, new, 5);
        let evidence = Evidence {
            addenda: Some(&addenda),
            ..evidence(name, archive)
        };
        assert_eq!(
            ids(&evidence, today).unwrap(),
            expected,
            "{old} {new} {name}"
        );
    }
    let addenda = footer("icd10cm_order_2028.txt", "icd10cm_order_2029.txt", 5);
    for (name, archive) in [
        ("icd10cm-order-April-2029.txt", None),
        ("icd10cm_order_2028.txt", None),
        ("icd10cm_order_2029.txt", Some("april-1-2029-codes.zip")),
    ] {
        let evidence = Evidence {
            addenda: Some(&addenda),
            ..evidence(name, archive)
        };
        let error = ids(&evidence, today).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Ambiguous, "{name}");
        assert!(
            error.to_string().contains("the footer of its addenda"),
            "{error}"
        );
    }
}

#[test]
fn a_cumulative_addenda_is_no_proof_of_october() {
    // In 2021 both the October and the January release began with last October's file.
    let addenda = footer("icd10pcs_order_2020.txt", "icd10pcs_order_2021.txt", 1);
    let evidence = Evidence {
        code_set: CodeSet::Icd10Pcs,
        addenda: Some(&addenda),
        ..evidence("icd10pcs_order_2021.txt", None)
    };
    assert_eq!(ids(&evidence, "2026-11-28").unwrap(), "FY2021 or FY2021-01");
    // An October release that is known to have other counts is not what the footer speaks of.
    let addenda = footer("icd10cm_order_2025.txt", "icd10cm_order_2026.txt", 1);
    let evidence = Evidence {
        code_set: CodeSet::Icd10Cm,
        addenda: Some(&addenda),
        name: "icd10cm_order_2026.txt",
        ..evidence
    };
    assert_eq!(ids(&evidence, "2026-11-28").unwrap(), "FY2026 or FY2026-04");
}

#[test]
fn releases_with_the_same_bytes_are_told_apart_by_name_or_not_at_all() {
    let catalogue = Catalogue::bundled().unwrap();
    let order = |id: &str| {
        let known = catalogue
            .find(CodeSet::Icd10Cm, id.parse().unwrap())
            .unwrap();
        known.order_file.as_ref().unwrap()
    };
    let same = order("FY2024");
    assert_eq!(same.sha256, order("FY2024-04").sha256);
    for (name, archive, expected) in [
        ("icd10cm_order_2024.txt", None, "FY2024 or FY2024-04"),
        (
            "icd10cm_order_2024.txt",
            Some("icd10cm-FY2024-04.zip"),
            "FY2024-04",
        ),
        (
            "icd10cm-order-2024.txt",
            Some("icd10cm-FY2024.zip"),
            "FY2024",
        ),
        ("icd10cm-order-April-2024.txt", None, "FY2024-04"),
        ("April 2024/order.txt", None, "FY2024 or FY2024-04"),
    ] {
        for by_rows in [false, true] {
            let evidence = Evidence {
                order_sha256: (!by_rows).then_some(same.sha256.as_str()),
                rows_sha256: by_rows.then_some(same.rows_sha256.as_str()),
                ..evidence(name, archive)
            };
            assert_eq!(ids(&evidence, "2026-11-28").unwrap(), expected, "{name}");
        }
    }
}

#[test]
fn what_the_user_states_must_not_contradict_a_hash_or_a_footer() {
    let catalogue = Catalogue::bundled().unwrap();
    let known = catalogue
        .find(CodeSet::Icd10Cm, ReleaseId::october(2026))
        .unwrap();
    let order = known.order_file.as_ref().unwrap();
    let by_hash = Evidence {
        order_sha256: Some(&order.sha256),
        ..evidence("x.txt", None)
    };
    let against = |evidence: &Evidence<'_>, stated: &str, today: &str| {
        contradiction(
            catalogue,
            evidence,
            stated.parse().unwrap(),
            today.parse().unwrap(),
        )
    };
    for stated in ["FY2027", "FY2026-errata", "FY2025", "FY2028"] {
        let said = against(&by_hash, stated, "2028-01-01").unwrap();
        assert!(said.contains("FY2026 or FY2026-04"), "{said}");
    }
    assert_eq!(against(&by_hash, "FY2026", "2028-01-01"), None);
    let addenda = footer("icd10cm_order_2028.txt", "icd10cm_order_2029.txt", 5);
    let by_footer = Evidence {
        addenda: Some(&addenda),
        ..evidence("x.txt", None)
    };
    assert!(against(&by_footer, "FY2030", "2031-01-01").is_some());
    assert_eq!(against(&by_footer, "FY2029-errata", "2031-01-01"), None);
    // An update to come may change nothing.
    let newest = catalogue
        .of(CodeSet::Icd10Cm)
        .map(|known| known.id)
        .max()
        .unwrap();
    let last = catalogue.find(CodeSet::Icd10Cm, newest).unwrap();
    let last = last.order_file.as_ref().unwrap();
    let repeated = Evidence {
        order_sha256: Some(&last.sha256),
        ..evidence("x.txt", None)
    };
    let next = newest.next_possible();
    let soon = next.effective_from().to_string();
    assert_eq!(against(&repeated, &next.to_string(), &soon), None);
    assert!(against(&repeated, &next.next_possible().to_string(), &soon).is_some());
    assert!(against(&repeated, &next.to_string(), "2026-07-01").is_some());
}
