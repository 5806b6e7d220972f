//! Claims as they really come: small files of the kinds that exports, clearinghouses and public samples hold, each with
//! its right answer over all official releases.

use std::path::{Path, PathBuf};

use super::everything_at;
use crate::world::{Run, World, official_releases};

/// A file, the options that it is audited with, the exit code, and parts of what is said.
type Case<'c> = (&'c str, &'c [&'c str], i32, &'c [&'c str]);

const DX: &[&str] = &["--code=dx", "--date=dos"];

const CASES: &[Case<'_>] = &[
    // Labels of code sets.
    (
        "01-fhir-system-icd10-us-data.ndjson",
        &[],
        1,
        &["1 of 1 code ", "M54.5  header"],
    ),
    (
        "02a-code-set-label-10.0.csv",
        &["--code=icd", "--date=dos", "--code-set-by=ver"],
        1,
        &["2 of 3 codes", "M54.5   header", "Z99.99  unknown"],
    ),
    (
        "02b-code-set-labels.csv",
        &["--code=code", "--date=dos", "--code-set-by=set"],
        1,
        &[
            "of 39 codes",
            "15 codes were not checked",
            "of SNOMED CT",
            "1 with the unknown code set label \"1\"",
            "1 with the unknown code set label \"X\"",
            "1 with the unknown code set label \"A\"",
            "1 with the unknown code set label \"DX\"",
            "1 with the unknown code set label \"ICD-10-CM/PCS\"",
            "6        6  2021-10-01  2021-10-01  ICD-9-CM was in force until 2015-09-30; as ICD-10-CM it is billable",
        ],
    ),
    (
        "02b-code-set-labels.csv",
        &[
            "--code=code",
            "--date=dos",
            "--code-set-by=set",
            "--system=X=icd10cm",
            "--system=typo!=other",
        ],
        1,
        &["of 40 codes", "14 codes were not checked"],
    ),
    (
        "02c-icd-version-float.parquet",
        &["--code=icd_code", "--date=dos", "--code-set-by=icd_version"],
        1,
        &["M54.5", "header", "ICD-9-CM was in force until 2015-09-30"],
    ),
    // Objects in a field.
    (
        "03-ndjson-array-of-objects.ndjson",
        DX,
        2,
        &[
            "0 of 1 code ",
            "2 that could not be read",
            "a path names a field within objects: dx[].code",
        ],
    ),
    (
        "03-ndjson-array-of-objects.ndjson",
        &["--code=dx[].code", "--date=dos"],
        1,
        &["1 of 2 codes", "M54.5  header"],
    ),
    // References.
    (
        "04a-fhir-reference-recordedDate.json",
        &[],
        1,
        &["1 of 1 code ", "2021-10-02  2021-10-02"],
    ),
    (
        "04b-fhir-reference-undated-condition.json",
        &[],
        1,
        &["1 of 1 code ", "2021-10-02  2021-10-02"],
    ),
    (
        "04c-fhir-inpatient-encounter-diagnosis.json",
        &[],
        1,
        &["1 of 1 code ", "2021-10-03  2021-10-03"],
    ),
    // The wrong code set for the day.
    (
        "05-x12-icd9-qualifier-after-2015.837",
        &[],
        1,
        &[
            "2 of 2 codes",
            "ICD-9-CM was in force until 2015-09-30; as ICD-10-CM it is a header",
            "ICD-9-CM was in force until 2015-09-30; as ICD-10-CM it is billable",
        ],
    ),
    // Elements that do not matter.
    (
        "06a-fhir-sequence-zero.ndjson",
        &[],
        1,
        &["of 3 codes", "a sequence that is not counted from 1"],
    ),
    (
        "06b-fhir-sequence-string.ndjson",
        &[],
        1,
        &["1 of 2 codes", "a sequence number in a string"],
    ),
    // The structure of X12.
    (
        "07a-x12-split-hi.837",
        &[],
        1,
        &[
            "1 of 2 codes",
            "M54.5  header       1        1  2021-10-05  2021-10-05",
        ],
    ),
    (
        "07b-x12-no-lx.837",
        &[],
        1,
        &[
            "1 of 2 codes",
            "M54.5  header       1        1  2021-10-05  2021-10-05",
        ],
    ),
    (
        "07c-x12-no-pointers.837",
        &[],
        1,
        &[
            "1 of 2 codes",
            "M54.5  header       1        1  2021-10-05  2021-10-05",
        ],
    ),
    (
        "08a-x12-blank-after-terminator.837",
        &[],
        1,
        &["1 of 6 codes", "in 1 row"],
    ),
    (
        "08b-x12-indented.837",
        &[],
        1,
        &["1 of 6 codes", "in 1 row"],
    ),
    (
        "09-x12-ctrl-z-at-end.837",
        &[],
        1,
        &["1 of 6 codes", "in 1 row"],
    ),
    (
        "09b-x12-999-behind-claims.837",
        &[],
        1,
        &[
            "1 of 6 codes",
            "transaction sets that hold no claims: 1 999",
        ],
    ),
    (
        "09c-x12-cut-off-second.837",
        &[],
        1,
        &[
            "1 of 6 codes",
            "5 codes were not checked",
            "the interchange is cut off after segment 24",
        ],
    ),
    // Cells without a value.
    (
        "10a-null-markers-wide.csv",
        &["--code=dx*", "--date=dos"],
        0,
        &["0 of 40 codes", "460 cells with a placeholder"],
    ),
    (
        "10b-null-marker-in-first-date.csv",
        &["--code=dx", "--date=line_dt,claim_dt"],
        1,
        &["3 of 4 codes", "2021-10-01  2021-10-01"],
    ),
    // Several codes in one cell.
    (
        "11-list-in-cell.csv",
        &["--code=diagnosis_codes", "--date=dos"],
        1,
        &["6 cells with several codes: --split"],
    ),
    (
        "11-list-in-cell.csv",
        &["--code=diagnosis_codes", "--date=dos", "--split"],
        1,
        &["2 of 14 codes", "M54.5  header", "N18.3  header"],
    ),
    // Codes of other books.
    (
        "12-icd9-shapes.csv",
        &["--code=dx1,dx2,px1", "--date=dos"],
        2,
        &[
            "0 of 2 codes",
            "6 codes were not checked",
            "that could be ICD-9-CM",
            "--code-set-by",
        ],
    ),
    // Parquet as the big writers write it.
    ("13a-categorical.parquet", DX, 1, &["1 of 3 codes"]),
    ("13b-gzip-codec.parquet", DX, 1, &["1 of 3 codes"]),
    ("13c-lz4-codec.parquet", DX, 1, &["1 of 3 codes"]),
    ("13d-list-of-strings.parquet", DX, 1, &["1 of 3 codes"]),
    ("13e-date-float.parquet", DX, 1, &["1 of 3 codes"]),
    ("13f-date-decimal.parquet", DX, 1, &["1 of 3 codes"]),
    ("13g-binary-strings.parquet", DX, 1, &["1 of 3 codes"]),
    // Days that are left open.
    (
        "15-fhir-institutional-one-release.ndjson",
        &[],
        1,
        &["1 of 1 code ", "M54.5  header"],
    ),
    (
        "24-fhir-admissionperiod.ndjson",
        &[],
        1,
        &["1 of 1 code ", "2021-10-05  2021-10-05"],
    ),
    // Other versions of FHIR.
    (
        "16a-fhir-stu3-diagnosisLinkId.ndjson",
        &[],
        1,
        &["1 of 2 codes", "2021-10-05  2021-10-05"],
    ),
    (
        "16b-fhir-stu3-encounter-reason.ndjson",
        &[],
        1,
        &["1 of 1 code ", "2021-10-02  2021-10-02"],
    ),
    (
        "23-fhir-text-only.ndjson",
        &[],
        2,
        &["nothing was checked", "1: in words alone, without a code"],
    ),
    // What stands around codes.
    (
        "17-code-writings.csv",
        DX,
        1,
        &[
            "24 of 27 codes",
            "5 codes were not checked",
            "5 cells with signs before or after the code",
        ],
    ),
    (
        "17-code-writings.csv",
        &["--code=dx", "--date=dos", "--clean-codes"],
        1,
        &[
            "9 of 27 codes",
            "a code read without the characters around it",
        ],
    ),
    (
        "17b-excel-writings.csv",
        DX,
        1,
        &["3 cells with quotes or an equals sign around the code"],
    ),
    // Globs.
    (
        "18-glob-takes-poa.csv",
        &["--code=dx*", "--date=dos"],
        1,
        &["no codes in dx1_poa, dx2_poa"],
    ),
    (
        "18-glob-takes-poa.csv",
        &["--code=dx*,!*_poa", "--date=dos"],
        0,
        &["0 of 2 codes"],
    ),
    (
        "19-amounts.csv",
        &["--code=dx", "--date=dos", "--amount=charge"],
        1,
        &["9 of 9 codes", "$3,464.00", "no amount in dollars"],
    ),
    (
        "20-timestamp-with-zone.parquet",
        DX,
        0,
        &["0 of 2 codes", "FY2021-01"],
    ),
    (
        "21-x12-rd8-single-date.837",
        &[],
        1,
        &[
            "1 of 1 code ",
            "a date in another format than its qualifier in DTP02",
        ],
    ),
    (
        "22-ragged.csv",
        &["--code=dx1,dx2", "--date=dos"],
        2,
        &[
            "0 of 5 codes",
            "note (2 times): a row with fewer fields than the header",
            "line 5: 6 fields, and the header has 5",
        ],
    ),
];

fn audit(database: &Path, world: &World, file: &str, options: &[&str]) -> Run {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/claims")
        .join(file);
    let database = [
        "--db",
        database.to_str().unwrap(),
        "audit",
        path.to_str().unwrap(),
    ];
    world.run(&[&database[..], options].concat())
}

#[test]
fn each_kind_of_file_is_read_as_it_is_meant() {
    let Some(releases) = official_releases("claims as they really come") else {
        return;
    };
    let (database, world) = (everything_at(&releases), World::empty());
    for (file, options, exit, parts) in CASES {
        let run = audit(database, &world, file, options);
        let said = format!("{file} {options:?}\n{}{}", run.stdout, run.stderr);
        assert_eq!(run.exit, *exit, "{said}");
        for part in *parts {
            assert!(run.stdout.contains(part), "{part:?} in {said}");
        }
    }
}

#[test]
fn each_form_of_a_date_is_told_or_can_be_stated() {
    let Some(releases) = official_releases("dates of claims") else {
        return;
    };
    let (database, world) = (everything_at(&releases), World::empty());
    let dates = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/claims/14-dates.txt"),
    );
    let dates = dates.unwrap();
    // What can be meant one way only needs no word.
    let stated = |date: &str| match date {
        "44470" => Some("excel"),
        "1633046400" => Some("unix"),
        "10.01.2021" => Some("MM.DD.YYYY"),
        _ => None,
    };
    assert_eq!(dates.lines().count(), 16);
    for date in dates.lines() {
        let claims = world.write("claims.csv", format!("dx;dos\nM545;{date}\n"));
        let mut args = vec!["--db", database.to_str().unwrap(), "audit"];
        args.extend([
            claims.to_str().unwrap(),
            "--code=dx",
            "--date=dos",
            "--delimiter=;",
        ]);
        if let Some(form) = stated(date) {
            assert_eq!(world.run(&args).exit, 2, "{date}");
            args.extend(["--date-format", form]);
        }
        let run = world.run(&args);
        // A header since October 2021, billable before: 2021-1-5 is the one that lies before.
        let exit = if date == "2021-1-5" { 0 } else { 1 };
        assert_eq!(run.exit, exit, "{date}: {}{}", run.stdout, run.stderr);
    }
}
