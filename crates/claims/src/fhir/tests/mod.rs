//! What is read, by each rule.

mod broken;

use std::io::Read;

use super::*;
use crate::{Claim, CodeSystem};
use codeyear_core::model::{CodeSet, LabelMeaning};

const CM: CodeSystem = CodeSystem::Of(CodeSet::Icd10Cm);
const PCS: CodeSystem = CodeSystem::Of(CodeSet::Icd10Pcs);

/// A reader that gives one byte at a time.
struct Dripping<'b>(&'b [u8]);

impl Read for Dripping<'_> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let most = room.len().min(1);
        self.0.read(&mut room[..most])
    }
}

fn all(bytes: &[u8], options: &FhirOptions) -> Vec<Result<ClaimItem>> {
    FhirClaims::new(bytes, options.clone()).unwrap().collect()
}

fn read(text: &str) -> (Vec<Claim>, Vec<ClaimProblem>) {
    read_with(text, &FhirOptions::default())
}

fn read_with(text: &str, options: &FhirOptions) -> (Vec<Claim>, Vec<ClaimProblem>) {
    let (mut claims, mut problems) = (Vec::new(), Vec::new());
    for item in all(text.as_bytes(), options) {
        match item.unwrap() {
            Ok(claim) => claims.push(claim),
            Err(problem) => problems.push(problem),
        }
    }
    (claims, problems)
}

/// The codes of the only resource: field, code, day or why none.
fn codes(text: &str) -> Vec<(String, String, String)> {
    codes_with(text, &FhirOptions::default())
}

fn codes_with(text: &str, options: &FhirOptions) -> Vec<(String, String, String)> {
    let (claims, problems) = read_with(text, options);
    assert_eq!(problems, []);
    assert_eq!(claims.len(), 1);
    claims[0]
        .codes
        .iter()
        .map(|code| {
            let day = match &code.day {
                Ok(_) => code.date_text(),
                Err(kind) => kind.to_string(),
            };
            (code.field.clone(), code.text.clone(), day)
        })
        .collect()
}

fn row(field: &str, text: &str, day: &str) -> (String, String, String) {
    (field.to_owned(), text.to_owned(), day.to_owned())
}

fn problems(text: &str) -> Vec<(ClaimPlace, String, String)> {
    let found = read(text).1;
    found
        .into_iter()
        .map(|one| {
            (
                one.place,
                one.field.unwrap_or_default(),
                one.kind.to_string(),
            )
        })
        .collect()
}

fn cm(code: &str) -> String {
    format!(r#"{{"coding":[{{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"{code}"}}]}}"#)
}

fn pcs(code: &str) -> String {
    format!(
        r#"{{"coding":[{{"system":"http://www.cms.gov/Medicare/Coding/ICD10","code":"{code}"}}]}}"#
    )
}

fn kind(code: &str) -> String {
    format!(
        r#"{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/claim-type","code":"{code}"}}]}}"#
    )
}

/// An ExplanationOfBenefit of an institution, with these elements more.
fn institutional(more: &str) -> String {
    format!(
        r#"{{"resourceType":"ExplanationOfBenefit","id":"E1","type":{},
        "billablePeriod":{{"start":"2025-09-25","end":"2025-10-02"}},{more}
        "diagnosis":[{{"sequence":1,"diagnosisCodeableConcept":{}}}],
        "procedure":[{{"sequence":1,"date":"2025-09-25","procedureCodeableConcept":{}}}]}}"#,
        kind("institutional"),
        cm("I21.01"),
        pcs("02703DZ")
    )
}

fn visit() -> String {
    format!(
        r#"{{"resourceType":"Claim","id":"C1","type":{},"patient":{{"reference":"Patient/1"}},
        "billablePeriod":{{"start":"2025-09-30","end":"2025-10-05"}},
        "diagnosis":[{{"sequence":1,"diagnosisCodeableConcept":{}}},{{"sequence":2,"diagnosisCodeableConcept":{}}},
            {{"sequence":3,"diagnosisCodeableConcept":{}}}],
        "item":[{{"sequence":1,"diagnosisSequence":[1,2],"servicedDate":"2025-10-01"}},
            {{"sequence":2,"diagnosisSequence":[2],"servicedPeriod":{{"start":"2025-10-03","end":"2025-10-05"}}}}],
        "total":{{"value":150.25,"currency":"USD"}}}}"#,
        kind("professional"),
        cm("E11.65"),
        cm("M54.50"),
        cm("Z28.3")
    )
}

fn bundle<T: AsRef<str>>(resources: &[T]) -> String {
    let entries: Vec<String> = resources
        .iter()
        .map(|one| format!(r#"{{"fullUrl":"urn:uuid:1","resource":{}}}"#, one.as_ref()))
        .collect();
    format!(
        r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#,
        entries.join(",\n")
    )
}

fn condition(more: &str) -> String {
    format!(
        r#"{{"resourceType":"Condition",{more}"code":{}}}"#,
        cm("C7B.00")
    )
}

#[test]
fn a_diagnosis_has_the_days_of_the_items_that_point_to_it() {
    assert_eq!(
        codes(&visit()),
        [
            row("diagnosis[0]", "E11.65", "2025-10-01"),
            row("diagnosis[1]", "M54.50", "2025-10-01"),
            row("diagnosis[1]", "M54.50", "2025-10-03"),
            row("diagnosis[1]", "M54.50", "2025-10-05"),
            // What no item points to goes by the day of each.
            row("diagnosis[2]", "Z28.3", "2025-10-01"),
            row("diagnosis[2]", "Z28.3", "2025-10-03"),
            row("diagnosis[2]", "Z28.3", "2025-10-05"),
        ]
    );
    let without_period = visit().replace("billablePeriod", "otherPeriod");
    assert_eq!(codes(&without_period)[4].2, "2025-10-01");
    let without_items = without_period.replace("\"item\"", "\"items\"");
    assert_eq!(codes(&without_items)[0].2, "no date");
}

#[test]
fn an_institutional_claim_goes_by_what_it_says_of_the_stay() {
    let bill = |code: &str| {
        format!(
            r#""supportingInfo":[{{"sequence":1,"category":{},"code":{}}}],"#,
            kind("typeofbill"),
            kind(code)
        )
    };
    let subtype = |code: &str| format!(r#""subType":{},"#, kind(code));
    for (more, day) in [
        (subtype("inpatient"), "2025-10-02"),
        (subtype("outpatient"), "2025-09-25"),
        (bill("111"), "2025-10-02"),
        (bill("0111"), "2025-10-02"),
        (bill("0131"), "2025-09-25"),
        (bill("0329"), "2025-10-02"),
        (bill("121") + &subtype("inpatient"), "2025-09-25"),
        (bill("Dummy") + &subtype("inpatient"), "2025-10-02"),
    ] {
        let found = codes(&institutional(&more));
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|one| one.2 == day), "{more}: {found:?}");
    }
    let unknown = codes(&institutional(""));
    assert_eq!(unknown[0].2, "2025-09-25/2025-10-02");
    let open = codes(&institutional("").replace(r#","end":"2025-10-02""#, ""));
    assert!(open[0].2.contains("whether the stay was inpatient"));
    let one_day = institutional("").replace("2025-10-02", "2025-09-25");
    assert_eq!(codes(&one_day)[0].2, "2025-09-25");
}

#[test]
fn the_types_of_cms_tell_the_stay() {
    for (code, day) in [
        ("INPATIENT", "2025-10-02"),
        ("SNF", "2025-10-02"),
        ("HHA", "2025-10-02"),
        ("OUTPATIENT", "2025-09-25"),
        ("HOSPICE", "2025-09-25"),
        ("CARRIER", "2025-09-25/2025-10-02"),
    ] {
        let text = institutional("").replace("\"institutional\"", &format!("\"{code}\""));
        assert_eq!(codes(&text)[0].2, day, "{code}");
    }
}

#[test]
fn an_inpatient_claim_without_discharge_says_so() {
    let inpatient = institutional(&format!(r#""subType":{},"#, kind("inpatient")));
    let day = |from: &str, to: &str| codes(&inpatient.replace(from, to))[0].2.clone();
    assert_eq!(
        day(r#","end":"2025-10-02""#, ""),
        "inpatient claim without a discharge date"
    );
    assert_eq!(
        day("2025-10-02", "2025-09-02"),
        "discharge before admission"
    );
    assert_eq!(day("2025-10-02", "2025-10"), "2025-10-01/2025-10-31");
    assert_eq!(
        day("2025-10-02", "2025-1"),
        "no date in the format YYYY-MM-DD"
    );
}

/// What a label of a code set means that is not kept.
fn other(label: &str) -> CodeSystem {
    LabelMeaning::in_claims(label).unwrap().into()
}

#[test]
fn each_system_is_its_code_set() {
    for (system, expected) in [
        ("http://hl7.org/fhir/sid/icd-10-cm", CM),
        ("https://hl7.org/fhir/sid/icd-10-cm", CM),
        ("http://hl7.org/fhir/sid/icd-10-cm|2026", CM),
        ("urn:oid:2.16.840.1.113883.6.90", CM),
        ("http://www.cms.gov/Medicare/Coding/ICD10", PCS),
        ("http://hl7.org/fhir/sid/icd-10-pcs", PCS),
        ("http://www.icd10data.com/icd10pcs", PCS),
        ("urn:oid:2.16.840.1.113883.6.4", PCS),
        ("2.16.840.1.113883.6.90", CM),
        ("ICD-10-CM", CM),
        ("icd10cm", CM),
        ("http://example.org/fhir/sid/ICD-10-CM", CM),
        ("http://terminology.hl7.org/CodeSystem/icd-10-cm", CM),
        (
            "http://hl7.org/fhir/sid/icd-10",
            CodeSystem::OneOf(&[CodeSet::Icd10Cm, CodeSet::Icd10Pcs]),
        ),
        ("http://hl7.org/fhir/sid/icd-9-cm", other("9")),
        ("http://snomed.info/sct", other("SNOMED")),
        ("http://www.ama-assn.org/go/cpt", other("CPT")),
        ("http://example.org/codes", CodeSystem::Unknown),
        ("", CodeSystem::Unknown),
    ] {
        let text = condition("").replace("http://hl7.org/fhir/sid/icd-10-cm", system);
        assert_eq!(read(&text).0[0].codes[0].system, expected, "{system}");
    }
}

#[test]
fn a_coding_without_code_is_a_problem_and_one_without_system_has_an_unknown_label() {
    let text = condition("").replace(
        r#""coding":["#,
        r#""coding":[{"code":"SECRET"},{"system":"http://hl7.org/fhir/sid/icd-10-cm"},
        {"system":"http://snomed.info/sct"},{"system":"http://snomed.info/sct","code":"1"},"#,
    );
    let (claims, _) = read(&text);
    let fields: Vec<_> = claims[0].codes.iter().map(|one| &one.field).collect();
    assert_eq!(
        fields,
        ["code.coding[0]", "code.coding[3]", "code.coding[4]"]
    );
    assert_eq!(claims[0].codes[0].system, CodeSystem::Unknown);
    let found = problems(&text);
    assert_eq!(found[0].1, "Condition.code.coding[1].code");
    assert_eq!(found.len(), 1);
}

#[test]
fn a_condition_goes_by_the_day_it_was_recorded() {
    let onset = FhirOptions {
        use_onset: true,
        ..FhirOptions::default()
    };
    for (more, day, with_onset) in [
        (
            r#""recordedDate":"2025-10-01","#,
            "2025-10-01",
            "2025-10-01",
        ),
        (
            r#""recordedDate":"2025-10-01","onsetDateTime":"1999-01-01","#,
            "2025-10-01",
            "2025-10-01",
        ),
        (r#""onsetDateTime":"1999-01-01","#, "no date", "1999-01-01"),
        (
            r#""onsetPeriod":{"start":"1999-02-01"},"#,
            "no date",
            "1999-02-01",
        ),
        (r#""onsetString":"long ago","#, "no date", "no date"),
        ("", "no date", "no date"),
    ] {
        let text = condition(more);
        assert_eq!(codes(&text), [row("code", "C7B.00", day)], "{more}");
        assert_eq!(codes_with(&text, &onset)[0].2, with_onset, "{more}");
    }
}

#[test]
fn the_day_is_the_one_that_is_written() {
    for (date, day) in [
        ("2025-10-01T23:30:00-05:00", "2025-10-01"),
        ("2025-10-01T00:30:00+02:00", "2025-10-01"),
        ("2025-10-01T12:00:00.123Z", "2025-10-01"),
        ("2025-10-01T12:00", "2025-10-01"),
        ("2024-02-29", "2024-02-29"),
        ("2025-02-29", ""),
        ("2025", "2025-01-01/2025-12-31"),
        ("2025-10", "2025-10-01/2025-10-31"),
        ("2025-10-1", ""),
        ("2025/10/01", ""),
        ("20251001", ""),
        ("2025-10-01 12:00", ""),
        ("2025-10-01T", ""),
        ("2025-10-01Tomorrow", ""),
        ("+025-10-01", ""),
        ("2025-10-0\u{e9}", ""),
        ("", ""),
    ] {
        let expected = match day {
            "" => "no date in the format YYYY-MM-DD",
            day => day,
        };
        let text = condition(&format!(r#""recordedDate":"{date}","#));
        assert_eq!(codes(&text)[0].2, expected, "{date}");
    }
}

#[test]
fn an_encounter_goes_by_its_class() {
    let encounter = |class: &str, period: &str| {
        format!(
            r##"{{"resourceType":"Encounter",{class}{period}"reasonCode":[{}],
            "contained":[{{"resourceType":"Condition","id":"c","code":{}}}],
            "diagnosis":[{{"condition":{{"reference":"#c"}}}},{{"condition":{{"reference":"Condition/9"}}}}]}}"##,
            cm("R07.9"),
            cm("I21.01")
        )
    };
    let both = r#""period":{"start":"2025-09-25T08:00:00Z","end":"2025-10-02"},"#;
    let class = |code: &str| format!(r#""class":{{"code":"{code}"}},"#);
    for (class, day) in [
        (class("IMP"), "2025-10-02"),
        (class("ACUTE"), "2025-10-02"),
        (class("NONAC"), "2025-10-02"),
        (class("AMB"), "2025-09-25"),
        (class("EMER"), "2025-09-25"),
        (
            r#""class":[{"coding":[{"code":"IMP"}]}],"#.to_owned(),
            "2025-10-02",
        ),
    ] {
        assert_eq!(
            codes(&encounter(&class, both)),
            [
                row("reasonCode[0]", "R07.9", day),
                row("diagnosis[0]", "I21.01", day)
            ],
            "{class}"
        );
    }
    let open = r#""period":{"start":"2025-09-25"},"#;
    assert_eq!(
        codes(&encounter(&class("IMP"), open))[0].2,
        "inpatient claim without a discharge date"
    );
    assert_eq!(codes(&encounter(&class("AMB"), ""))[0].2, "no date");
    let text = encounter(&class("AMB"), both);
    let mut claims = FhirClaims::new(text.as_bytes(), FhirOptions::default()).unwrap();
    assert_eq!(claims.by_ref().count(), 1);
    assert_eq!(claims.references(), 1);
}

#[test]
fn an_encounter_of_r5_has_concepts_in_its_reasons() {
    let text = format!(
        r#"{{"resourceType":"Encounter","class":[{{"coding":[{{"code":"AMB"}}]}}],
        "actualPeriod":{{"start":"2025-10-01"}},"reason":[{{"value":[{{"concept":{}}}]}}],
        "diagnosis":[{{"condition":[{{"concept":{}}},{{"reference":{{"reference":"Condition/1"}}}}]}}]}}"#,
        cm("R07.9"),
        cm("U07.1")
    );
    assert_eq!(
        codes(&text),
        [
            row("reason[0]", "R07.9", "2025-10-01"),
            row("diagnosis[0]", "U07.1", "2025-10-01")
        ]
    );
}

#[test]
fn a_procedure_goes_by_when_it_was_performed() {
    let procedure = |when: &str| {
        format!(
            r#"{{"resourceType":"Procedure",{when}"code":{}}}"#,
            pcs("02703DZ")
        )
    };
    let days = |when: &str| -> Vec<String> {
        codes(&procedure(when))
            .into_iter()
            .map(|one| one.2)
            .collect()
    };
    assert_eq!(
        days(r#""performedDateTime":"2025-09-25T10:00:00Z","#),
        ["2025-09-25"]
    );
    assert_eq!(
        days(r#""performedPeriod":{"start":"2025-09-30","end":"2025-10-01"},"#),
        ["2025-09-30", "2025-10-01"]
    );
    assert_eq!(
        days(r#""occurrenceDateTime":"2025-09-25","#),
        ["2025-09-25"]
    );
    assert_eq!(days(r#""performedString":"in autumn","#), ["no date"]);
    assert_eq!(
        days(r#""performedPeriod":{"start":"2025-10-02","end":"2025-10-01"},"#),
        ["the period ends before it begins"]
    );
}

#[test]
fn a_bundle_an_array_ndjson_and_a_resource_are_told_by_content() {
    let one = condition("").replace('\n', " ");
    let line = |number| ClaimPlace::Line(number);
    let entry = |number| ClaimPlace::Entry(number);
    for (text, places) in [
        (one.clone(), vec![line(1)]),
        (format!("\u{feff} \n{one}\n"), vec![line(2)]),
        (
            format!("{one}\n{one}\r\n\n{one}"),
            vec![line(1), line(2), line(4)],
        ),
        (one.replace(',', ",\n"), vec![line(1)]),
        (format!("[{one},\n{one}]"), vec![entry(1), entry(2)]),
        ("[]".to_owned(), vec![]),
        (bundle(&[&one, &one]), vec![entry(1), entry(2)]),
        (bundle(&[&one]).replace('\n', ""), vec![entry(1)]),
        (
            format!("{}\n{}", bundle(&[&one]), bundle(&[&one])),
            vec![entry(1), entry(2)],
        ),
        (
            format!(
                r#"{{"entry":[{{"resource":{one}}}],"link":[{{"a":"]}}"}}],"resourceType":"Bundle"}}"#
            ),
            vec![entry(1)],
        ),
        (bundle::<&str>(&[]), vec![]),
        (
            r#"{"resourceType":"Bundle","entry":[{"request":{"method":"DELETE"}}]}"#.to_owned(),
            vec![],
        ),
    ] {
        let (claims, found) = read(&text);
        assert_eq!(found, [], "{text}");
        let at: Vec<_> = claims.iter().map(|claim| claim.place).collect();
        assert_eq!(at, places, "{text}");
        let dripped = FhirClaims::new(Dripping(text.as_bytes()), FhirOptions::default()).unwrap();
        let dripped: Vec<Claim> = dripped.map(|item| item.unwrap().unwrap()).collect();
        assert_eq!(dripped, claims, "{text}");
    }
}

#[test]
fn other_resources_are_counted_by_type() {
    let other = |kind: &str| format!(r#"{{"resourceType":"{kind}","id":"1"}}"#);
    let text = bundle(&[
        other("Patient"),
        visit(),
        other("Coverage"),
        other("Patient"),
    ]);
    let mut claims = FhirClaims::new(text.as_bytes(), FhirOptions::default()).unwrap();
    assert_eq!(claims.by_ref().count(), 1);
    let skipped: Vec<_> = claims
        .skipped()
        .iter()
        .map(|(name, count)| (name.as_str(), *count))
        .collect();
    assert_eq!(skipped, [("Coverage", 1), ("Patient", 2)]);
    let list = r#"{"resourceType":"List","entry":[{"item":{"reference":"Condition/1"}}]}"#;
    let mut claims = FhirClaims::new(list.as_bytes(), FhirOptions::default()).unwrap();
    assert_eq!(claims.by_ref().count(), 0);
    assert_eq!(claims.skipped().len(), 1);
}

#[test]
fn values_are_kept_by_name_and_no_other_is_known() {
    let keep = |names: &[&str]| FhirOptions {
        keep: names.iter().map(|name| (*name).to_owned()).collect(),
        amount: true,
        ..FhirOptions::default()
    };
    let (claims, _) = read_with(&visit(), &keep(&["resource_type", "id"]));
    assert_eq!(claims[0].kept, ["Claim", "C1"]);
    assert_eq!(claims[0].cents, Ok(Some(15_025)));
    let total = format!(
        r#""total":[{{"category":{},"amount":{{"value":1}}}},{{"category":{},"amount":{{"value":19.99}}}}],"#,
        kind("benefit"),
        kind("submitted")
    );
    let (claims, _) = read_with(&institutional(&total), &keep(&["id"]));
    assert_eq!(claims[0].cents, Ok(Some(1999)));
    let (claims, _) = read_with(&visit().replace("USD", "EUR"), &keep(&[]));
    let problem = claims[0].cents.clone().unwrap_err();
    assert_eq!(
        problem.to_string(),
        "Claim.total: expected an amount in US dollars"
    );
    let error = FhirClaims::new(&b""[..], keep(&["patient"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown value to keep: \"patient\"; expected id, resource_type"
    );
}
