//! NDJSON, Parquet, X12 and FHIR give what the table gives.

use crate::world::World;

fn verdicts(ndjson: &str) -> Vec<String> {
    ndjson
        .lines()
        .flat_map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            value["codeyear"]
                .as_array()
                .unwrap()
                .iter()
                .map(|found| found["verdict"].as_str().unwrap().to_owned())
                .collect::<Vec<String>>()
        })
        .collect()
}

#[test]
fn an_object_keeps_what_is_asked_for_and_gets_its_verdicts() {
    let world = World::with_sample();
    let claims = "{\"id\": 7, \"name\": \"SECRET\", \"dx\": [\"C7B.00\", \"C7B\"], \"dos\": \"2026-03-01\", \"paid\": {\"x\": 1}}\n\
        {\"id\": 8, \"dx\": \"M54.5\", \"dos\": \"2021-10-01\"}\n\
        {\"id\": 9, \"dx\": null, \"dos\": null}\n\
        {\"id\": 10, \"dx\": \"C7B.00\"}\n\
        not json SECRET\n";
    let file = world.write("claims.ndjson", claims);
    let output = world.path("out.ndjson");
    let run = world.run(&[
        "audit",
        file.to_str().unwrap(),
        "--code=dx",
        "--date=dos",
        "--keep=id,paid",
        "-o",
        output.to_str().unwrap(),
    ]);
    assert_eq!(run.exit, 1, "{}", run.stderr);
    let annotated = std::fs::read_to_string(output).unwrap();
    assert!(!annotated.contains("SECRET") && !run.stdout.contains("SECRET"));
    let first: serde_json::Value = serde_json::from_str(annotated.lines().next().unwrap()).unwrap();
    assert_eq!(first["id"], 7);
    assert_eq!(first["paid"]["x"], 1);
    assert_eq!(first["codeyear"][1]["field"], "dx[1]");
    assert_eq!(first["codeyear"][1]["verdict"], "header");
    let read: String = annotated
        .lines()
        .take(4)
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(
        verdicts(&read),
        ["billable", "header", "header", "unreadable"]
    );
    assert!(run.stdout.contains("line 5: not JSON"), "{}", run.stdout);
    assert!(run.stdout.contains("line 4: dx: no date"), "{}", run.stdout);
}

const X12: &str = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       \
    *211001*1200*^*00501*000000001*0*T*:~GS*HC*S*R*20211001*1200*1*X*005010X222A1~\
    ST*837*0001*005010X222A1~CLM*A1-SECRET*85***11:B:1~HI*ABK:M545*ABF:C7B00~LX*1~\
    SV1*HC:99213*85*UN*1***1:2~DTP*472*D8*20211001~SE*7*0001~GE*1*1~IEA*1*000000001~";

#[test]
fn an_837_is_told_by_how_it_begins() {
    let world = World::with_sample();
    let file = world.write("claims.837", X12);
    let run = world.run(&["audit", file.to_str().unwrap(), "-o", "-"]);
    assert_eq!(run.exit, 1, "{}", run.stderr);
    let rows: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        rows[0],
        "place,field,code,date,verdict,release,day,use,use_count,use_by,why"
    );
    assert!(
        rows[1].starts_with("segment 4,HI01 ABK,M545,2021-10-01,header,FY2022,2021-10-01,M54.50"),
        "{rows:?}"
    );
    assert!(
        rows[2].starts_with("segment 4,HI02 ABF,C7B00,2021-10-01,billable,"),
        "{rows:?}"
    );
    assert!(!run.stdout.contains("SECRET"));
    let kept = world.run(&[
        "audit",
        file.to_str().unwrap(),
        "-o",
        "-",
        "--keep",
        "claim_id",
    ]);
    assert!(
        kept.stdout.contains("segment 4,A1-SECRET,HI01"),
        "asked for: {}",
        kept.stdout
    );
    let wrong = world.run(&["audit", file.to_str().unwrap(), "--code", "dx"]);
    assert_eq!(wrong.exit, 2);
    assert!(
        wrong
            .stderr
            .contains("--code is for tables, and this is X12 837"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn a_bundle_is_told_by_how_it_begins() {
    let world = World::with_sample();
    let bundle = r#"{"resourceType": "Bundle", "type": "collection", "entry": [
        {"resource": {"resourceType": "Patient", "name": [{"family": "SECRET"}]}},
        {"resource": {"resourceType": "Claim", "id": "c1", "billablePeriod": {"start": "2021-10-01"},
          "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": {"coding": [
            {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "M54.5"}]}}]}}]}"#;
    let file = world.write("bundle.json", bundle);
    let output = world.path("out.ndjson");
    let run = world.run(&[
        "audit",
        file.to_str().unwrap(),
        "-o",
        output.to_str().unwrap(),
    ]);
    assert_eq!(run.exit, 1, "{}", run.stderr);
    let annotated = std::fs::read_to_string(output).unwrap();
    assert_eq!(verdicts(&annotated), ["header"]);
    assert!(
        run.stdout
            .contains("resources that hold no claim: 1 Patient"),
        "{}",
        run.stdout
    );
    assert!(!annotated.contains("SECRET") && !run.stdout.contains("SECRET"));
}

#[cfg(feature = "parquet")]
mod parquet {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::World;

    #[test]
    fn typed_columns_stay_what_they_are() {
        let world = World::with_sample();
        let days = [20_513, 20_513, 18_900, -1];
        let batch = RecordBatch::try_from_iter([
            (
                "id",
                Arc::new(Int64Array::from(vec![1, 2, 3, 4])) as ArrayRef,
            ),
            (
                "patient",
                Arc::new(StringArray::from(vec!["SECRET"; 4])) as ArrayRef,
            ),
            (
                "dx",
                Arc::new(StringArray::from(vec![
                    Some("C7B.00"),
                    Some("C7B"),
                    Some("M54.5"),
                    None,
                ])) as ArrayRef,
            ),
            (
                "dos",
                Arc::new(Date32Array::from(days.to_vec())) as ArrayRef,
            ),
        ])
        .unwrap();
        let path = world.path("claims.parquet");
        let mut writer =
            ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), batch.schema(), None)
                .unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let output = world.path("out.parquet");
        let run = world.run(&[
            "audit",
            path.to_str().unwrap(),
            "--code=dx",
            "--date=dos",
            "--keep=id",
            "-o",
            output.to_str().unwrap(),
        ]);
        assert_eq!(run.exit, 1, "{}", run.stderr);
        let mut reader =
            ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(&output).unwrap())
                .unwrap()
                .build()
                .unwrap();
        let found = reader.next().unwrap().unwrap();
        let names: Vec<String> = found
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        assert_eq!(
            names,
            [
                "id",
                "dx",
                "dos",
                "verdict",
                "release",
                "day",
                "use",
                "use_count",
                "use_by",
                "why"
            ]
        );
        let verdicts = found
            .column(3)
            .as_any()
            .downcast_ref::<StringArray>()
            .unwrap();
        let verdicts: Vec<Option<&str>> = verdicts.iter().collect();
        assert_eq!(
            verdicts,
            [Some("billable"), Some("header"), Some("billable"), None]
        );
        let cut = std::fs::read(&path).unwrap();
        let file = world.write("cut.parquet", &cut[..cut.len() / 2]);
        let refused = world.run(&["audit", file.to_str().unwrap(), "--code=dx", "--date=dos"]);
        assert_eq!(refused.exit, 2);
        assert!(
            refused.stderr.contains("cannot be read"),
            "{}",
            refused.stderr
        );
    }
}

#[test]
fn a_code_of_an_object_has_the_label_that_stands_beside_it() {
    let world = World::with_sample();
    world.write(
        "claims.ndjson",
        r#"{"dos":"2026-03-01","dx":[{"code":"C7B","set":"ICD-10-CM"},{"code":"99213","set":"CPT"},{"code":"C7B.00","set":"ABK"}]}
{"dos":"2026-03-01","dx":[{"code":"C7B"},{"set":"CPT"}]}
"#,
    );
    let run = world.run(&[
        "audit",
        "claims.ndjson",
        "--code=dx[].code",
        "--code-set-by=dx[].set",
        "--date=dos",
        "-o=o.ndjson",
    ]);
    assert_eq!(run.exit, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("2 of 3 codes"), "{}", run.stdout);
    let written = std::fs::read_to_string(world.path("o.ndjson")).unwrap();
    let verdicts: Vec<&str> = written
        .split("\"verdict\":\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(
        verdicts,
        ["header", "not-judged", "billable", "header"],
        "{written}"
    );
}

#[test]
fn beside_a_code_of_ours_a_code_of_another_set_is_its_translation() {
    let world = World::with_sample();
    let coding = |system: &str, code: &str| format!(r#"{{"system":"{system}","code":"{code}"}}"#);
    let cm = coding("http://hl7.org/fhir/sid/icd-10-cm", "C7B.00");
    let snomed = coding("http://snomed.info/sct", "94391008");
    let condition = |codings: &str| {
        format!(
            r#"{{"resourceType":"Condition","recordedDate":"2026-03-01","code":{{"coding":[{codings}]}}}}"#
        )
    };
    world.write("both.json", condition(&format!("{cm},{snomed}")));
    world.write("alone.json", condition(&snomed));
    let run = world.run(&["audit", "both.json"]);
    assert_eq!(run.exit, 0, "{}", run.stdout);
    assert!(run.stdout.contains("SNOMED CT"), "{}", run.stdout);
    // A file of which nothing was judged is no good news.
    assert_eq!(world.run(&["audit", "alone.json"]).exit, 2);
}
