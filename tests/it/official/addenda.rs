//! Every addenda replayed on its base, on a wrong base, and with its base missing.

use codeyear::answer::{self, AddendaProof, DiffScope, VerifyOptions, VerifyReport};
use codeyear::model::{CodeSet, ProofOutcome};

use super::{everything, holding, id, number, truth, verified};
use crate::world::{official_releases, today};

fn addenda_of(report: &VerifyReport, release: &str) -> AddendaProof {
    let found = report.releases.iter().find(|one| one.id == id(release));
    let addenda = found.and_then(|one| one.addenda.clone());
    addenda.unwrap_or_else(|| panic!("{release} has no addenda"))
}

#[test]
fn every_addenda_of_icd_10_cm_replays_on_its_base_with_the_known_residue() {
    let Some(releases) = official_releases("every addenda of ICD-10-CM replayed") else {
        return;
    };
    let report = verified(&releases, CodeSet::Icd10Cm);
    let expected = truth(&releases, "icd10cm-addenda-reconciliation.csv");
    for record in &expected {
        let next = &record["next"];
        let addenda = addenda_of(&report, next);
        let detail = addenda.detail();
        let replay = addenda.replay.as_ref().unwrap();
        assert_eq!(addenda.base, Some(id(&record["base"])), "{next}: {detail}");
        assert_eq!(
            replay.rows_off() as u64,
            number(record, "rows_off"),
            "{next}: {detail}"
        );
        assert_eq!(replay.footer_differences, [""; 0], "{next}");
        let outcome = if record["result"] == "near" {
            ProofOutcome::Near
        } else {
            ProofOutcome::Exact
        };
        assert_eq!(addenda.outcome(), outcome, "{next}: {detail}");
        // The figures name the codes whose titles differ, unless they break the list off.
        let named = &record["detail"];
        for (_, listed) in replay.differing.iter().filter(|_| !named.contains("...")) {
            let code = listed.code.to_string();
            assert!(
                named.contains(&code),
                "{next}: {code} differs, and only {named:?} may"
            );
        }
    }
    let with_addenda = report
        .releases
        .iter()
        .filter(|one| one.addenda.is_some())
        .count();
    assert_eq!(
        with_addenda,
        expected.len(),
        "an addenda that no figure speaks of"
    );
}

#[test]
fn every_addenda_of_icd_10_pcs_replays_on_its_base_with_no_residue() {
    let Some(releases) = official_releases("every addenda of ICD-10-PCS replayed") else {
        return;
    };
    let report = verified(&releases, CodeSet::Icd10Pcs);
    for (release, base) in [
        ("FY2016", "FY2015"),
        ("FY2017", "FY2016"),
        ("FY2018", "FY2017"),
        ("FY2019", "FY2018"),
        ("FY2020", "FY2019"),
        ("FY2021-01", "FY2020"),
        ("FY2022-04", "FY2022"),
        ("FY2022-04-errata", "FY2022-04"),
        ("FY2023-04", "FY2023"),
        ("FY2024-04", "FY2024"),
        ("FY2025", "FY2024-04"),
    ] {
        let addenda = addenda_of(&report, release);
        assert_eq!(
            addenda.base,
            Some(id(base)),
            "{release}: {}",
            addenda.detail()
        );
        let replay = addenda.replay.as_ref().unwrap();
        let residue = (
            replay.missing.len(),
            replay.surplus.len(),
            replay.differing.len(),
        );
        assert_eq!(residue, (0, 0, 0), "{release}: {}", addenda.detail());
        assert_eq!(replay.footer_differences, [""; 0], "{release}");
        assert_eq!(addenda.outcome(), ProofOutcome::Exact, "{release}");
        assert_eq!(
            addenda.detail(),
            format!("applied to {base}: row for row exact")
        );
    }
}

#[test]
fn an_addenda_of_icd_10_pcs_on_a_wrong_base_leaves_codes_unexplained() {
    let Some(releases) = official_releases("an addenda of ICD-10-PCS on a wrong base") else {
        return;
    };
    let store = everything(&releases);
    for (release, base, right_base, residue) in [
        ("FY2022-04", "FY2021-01", "FY2022", (198, 109, 63)),
        ("FY2023-04", "FY2022-04", "FY2023", (340, 65, 0)),
        ("FY2024-04", "FY2023-04", "FY2024", (83, 6, 14)),
    ] {
        let options = VerifyOptions {
            code_set: Some(CodeSet::Icd10Pcs),
            release: Some(id(release).into()),
            base: Some(id(base)),
        };
        let report = answer::verify(&store, &options, today(), &mut |_, _| {}).unwrap();
        let addenda = addenda_of(&report, release);
        let replay = addenda.replay.as_ref().unwrap();
        let found = (
            replay.missing.len(),
            replay.surplus.len(),
            replay.differing.len(),
        );
        assert_eq!(found, residue, "{release} on {base}");
        assert_eq!(addenda.outcome(), ProofOutcome::Failed);
        assert_eq!(addenda.fitting_bases, [id(right_base)], "{release}");
        let detail = addenda.detail();
        assert!(
            detail.starts_with(&format!("{} codes unexplained", residue.0)),
            "{detail}"
        );
        assert!(detail.contains(&format!("not against {base}")), "{detail}");
        assert!(
            detail.contains(&format!("it is against {right_base}")),
            "{detail}"
        );
    }
}

#[test]
fn an_addenda_whose_base_is_missing_names_the_missing_release() {
    let Some(releases) = official_releases("an addenda whose base is missing") else {
        return;
    };
    let store = holding(&releases, CodeSet::Icd10Pcs, &["FY2023-04", "FY2024-04"]);
    let options = VerifyOptions {
        release: Some(id("FY2024-04").into()),
        ..VerifyOptions::default()
    };
    let report = answer::verify(&store, &options, today(), &mut |_, _| {}).unwrap();
    let addenda = addenda_of(&report, "FY2024-04");
    let detail = addenda.detail();
    assert!(detail.contains("83 codes unexplained"), "{detail}");
    assert!(detail.contains("its base FY2024 is not loaded"), "{detail}");
    assert_eq!(
        addenda.outcome(),
        ProofOutcome::NotChecked,
        "a missing base is no failure"
    );
    assert!(report.is_sound());
}

#[test]
fn an_addenda_replays_on_a_release_with_the_same_order_file_as_its_base() {
    let Some(releases) = official_releases("an addenda whose base has the bytes of another") else {
        return;
    };
    let store = holding(&releases, CodeSet::Icd10Cm, &["FY2022", "FY2025", "FY2026"]);
    let options = VerifyOptions::default();
    let report = answer::verify(&store, &options, today(), &mut |_, _| {}).unwrap();
    let addenda = addenda_of(&report, "FY2026");
    assert_eq!(addenda.stated_base, Some(id("FY2025-04")));
    assert_eq!(addenda.base, Some(id("FY2025")));
    assert!(addenda.same_file);
    assert_eq!(addenda.outcome(), ProofOutcome::Exact);
    assert_eq!(
        addenda.detail(),
        "applied to FY2025: row for row exact (its base is FY2025-04, and both have the same rows)"
    );
    // FY2022 is not what FY2025's addenda is against, and has other bytes.
    let addenda = addenda_of(&report, "FY2025");
    assert_eq!(addenda.outcome(), ProofOutcome::NotChecked);
    let changes = answer::diff(
        &store,
        CodeSet::Icd10Cm,
        id("FY2025"),
        id("FY2026"),
        &DiffScope::default(),
    );
    assert!(changes.unwrap().cms_footer.is_some());
}
