//! What is read, by each rule.

mod broken;

use std::io::Read;

use super::*;
use crate::{Claim, ClaimPlace, CodeSystem};
use codeyear_core::model::{CodeSet, LabelMeaning};

const P: &str = "005010X222A1";
const I: &str = "005010X223A2";
const D: &str = "005010X224A2";
const CM: CodeSystem = CodeSystem::Of(CodeSet::Icd10Cm);
const PCS: CodeSystem = CodeSystem::Of(CodeSet::Icd10Pcs);

/// An interchange of one transaction set with these segments, its counts right.
fn interchange(guide: &str, body: &str) -> String {
    let body: Vec<&str> = body
        .split('~')
        .map(str::trim_start)
        .filter(|segment| !segment.is_empty())
        .collect();
    let version = &guide[..6];
    let (repetition, version) = match version {
        "005010" => ("^", "00501"),
        _ => ("U", "00401"),
    };
    format!(
        "ISA*00*          *00*          *ZZ*SUBMITTER      *ZZ*RECEIVER       *251001*1200*{repetition}*{version}*000000905*0*T*:~\n\
         GS*HC*SUBMITTER*RECEIVER*20251001*1200*7*X*{guide}~\nST*837*0021*{guide}~\n\
         BHT*0019*00*1*20251001*1200*CH~\nHL*1**20*1~\n{}~\nSE*{}*0021~\nGE*1*7~\nIEA*1*000000905~\n",
        body.join("~\n"),
        body.len() + 4
    )
}

/// A reader that gives one byte at a time.
struct Dripping<'b>(&'b [u8]);

impl Read for Dripping<'_> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let most = room.len().min(1);
        self.0.read(&mut room[..most])
    }
}

type Items = Vec<Result<ClaimItem>>;

fn all(bytes: &[u8], options: &X12Options) -> Items {
    X12Claims::new(bytes, options.clone()).unwrap().collect()
}

fn read(text: &str) -> (Vec<Claim>, Vec<ClaimProblem>) {
    read_with(text, &X12Options::default())
}

/// Reads a sound stream; what stands in it and what in it cannot be read.
fn read_with(text: &str, options: &X12Options) -> (Vec<Claim>, Vec<ClaimProblem>) {
    let (mut claims, mut problems) = (Vec::new(), Vec::new());
    for item in all(text.as_bytes(), options) {
        match item.unwrap() {
            Ok(claim) => claims.push(claim),
            Err(problem) => problems.push(problem),
        }
    }
    (claims, problems)
}

/// The codes of the only claim: field, code, day or why none.
fn codes(guide: &str, body: &str) -> Vec<(String, String, String)> {
    codes_with(guide, body, &X12Options::default())
}

fn codes_with(guide: &str, body: &str, options: &X12Options) -> Vec<(String, String, String)> {
    let (claims, problems) = read_with(&interchange(guide, body), options);
    assert_eq!(problems, []);
    assert_eq!(claims.len(), 1);
    claims[0]
        .codes
        .iter()
        .map(|code| {
            let day = match &code.day {
                Ok(day) => day.to_string(),
                Err(kind) => kind.to_string(),
            };
            (code.field.clone(), code.text.clone(), day)
        })
        .collect()
}

fn row(field: &str, text: &str, day: &str) -> (String, String, String) {
    (field.to_owned(), text.to_owned(), day.to_owned())
}

/// What is wrong with the stream: segment, field, words.
fn problems(text: &str) -> Vec<(u64, String, String)> {
    let found = read(text).1;
    found
        .into_iter()
        .map(|one| {
            (
                one.place.number(),
                one.field.unwrap_or_default(),
                one.kind.to_string(),
            )
        })
        .collect()
}

fn fatal(bytes: &[u8]) -> String {
    let mut items = all(bytes, &X12Options::default());
    let error = items.pop().unwrap().unwrap_err();
    assert!(error.hint().is_some());
    assert!(items.iter().all(Result::is_ok));
    error.to_string()
}

const VISIT: &str = "CLM*C1*150***11:B:1*Y*A*Y*Y~HI*ABK:E1165*ABF:M5450~\
    LX*1~SV1*HC:99213*100*UN*1***1:2~DTP*472*D8*20251001~\
    LX*2~SV1*HC:97110*50*UN*1***2~DTP*472*RD8*20251003-20251005~";

const STAY: &str = "CLM*C2*12345.6***11:A:1**A*Y*Y~DTP*096*TM*1430~DTP*434*RD8*20250925-20251002~\
    DTP*435*DT*202509250815~CL1*1*1*01~HI*ABK:I2101:::::::Y~HI*ABJ:R079~HI*ABN:W010XXA:::::::N~\
    HI*ABF:E1165:::::::Y*ABF:U071:::::::N~HI*BBR:02703DZ:D8:20250925~HI*BBQ:B2111ZZ:D8:20250926~\
    HI*BI:70:RD8:20250901-20250903~HI*BH:11:D8:20250925~HI*BE:01:::100*BE:02~HI*BG:C1~HI*DR:321~HI*TC:A1~\
    LX*1~SV2*0120**100*DA*7~DTP*472*D8*20250925~";

#[test]
fn a_diagnosis_of_a_professional_claim_has_the_days_of_the_lines_that_point_to_it() {
    assert_eq!(
        codes(P, VISIT),
        [
            row("HI01 ABK", "E1165", "2025-10-01"),
            row("HI02 ABF", "M5450", "2025-10-01"),
            row("HI02 ABF", "M5450", "2025-10-03"),
            row("HI02 ABF", "M5450", "2025-10-05"),
        ]
    );
}

#[test]
fn a_diagnosis_without_a_line_has_the_days_of_all_lines() {
    let body = "CLM*C1*1***11:B:1~HI*ABK:G35D*ABF:U071~LX*1~SV1*HC:1*1*UN*1***1~DTP*472*D8*20251004~\
        LX*2~SV1*HC:1*1*UN*1***1~DTP*472*D8*20250930~";
    assert_eq!(
        codes(P, body),
        [
            row("HI01 ABK", "G35D", "2025-09-30"),
            row("HI01 ABK", "G35D", "2025-10-04"),
            row("HI02 ABF", "U071", "2025-09-30"),
            row("HI02 ABF", "U071", "2025-10-04"),
        ]
    );
}

#[test]
fn diagnoses_are_numbered_on_through_all_hi_and_a_service_opens_a_line() {
    let lines = "SV1*HC:1*1*UN*1***1~DTP*472*D8*20250930~SV1*HC:1*1*UN*1***2~DTP*472*D8*20251004~";
    let split = format!("CLM*C1*1***11:B:1~HI*ABK:G35D~HI*ABF:U071~{lines}");
    let days = [
        row("HI01 ABK", "G35D", "2025-09-30"),
        row("HI01 ABF (HI segment 2)", "U071", "2025-10-04"),
    ];
    assert_eq!(codes(P, &split), days);
    let with_lx = split.replace("SV1", "LX*1~SV1");
    assert_eq!(codes(P, &with_lx), days);
    let (claims, _) = read(&interchange(P, &split));
    assert_eq!(claims[0].remarks.len(), 2);
}

#[test]
fn twelve_diagnoses_can_be_pointed_to() {
    let body = "CLM*C1*1***11:B:1~HI*ABK:G35D*ABF:A000*ABF:A001*ABF:A009*ABF:A0100*ABF:A0101*ABF:A0102*ABF:A0103*\
        ABF:A0104*ABF:A0105*ABF:A0109*ABF:A011~LX*1~SV1*HC:1*1*UN*1***12:10:1~DTP*472*D8*20251004~\
        LX*2~SV1*HC:1*1*UN*1***2~DTP*472*D8*20251003~";
    let found = codes(P, body);
    let of = |field: &str| {
        found
            .iter()
            .filter(|one| one.0 == field)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("HI12 ABF"), [&row("HI12 ABF", "A011", "2025-10-04")]);
    assert_eq!(of("HI10 ABF"), [&row("HI10 ABF", "A0105", "2025-10-04")]);
    assert_eq!(of("HI02 ABF"), [&row("HI02 ABF", "A000", "2025-10-03")]);
    assert_eq!(of("HI03 ABF").len(), 2);
}

#[test]
fn all_codes_of_an_inpatient_claim_have_the_through_date() {
    let found = codes(I, STAY);
    let expected = [
        ("HI01 ABK", "I2101"),
        ("HI01 ABJ (HI segment 2)", "R079"),
        ("HI01 ABN (HI segment 3)", "W010XXA"),
        ("HI01 ABF (HI segment 4)", "E1165"),
        ("HI02 ABF (HI segment 4)", "U071"),
        ("HI01 BBR (HI segment 5)", "02703DZ"),
        ("HI01 BBQ (HI segment 6)", "B2111ZZ"),
    ];
    assert_eq!(
        found,
        expected.map(|(field, code)| row(field, code, "2025-10-02"))
    );
}

/// What the qualifiers of ICD-9-CM mean.
fn icd9() -> CodeSystem {
    LabelMeaning::in_x12(b"BK").unwrap().into()
}

#[test]
fn each_qualifier_has_its_code_set() {
    let body = "CLM*C2*1***13:A:1~DTP*434*D8*20251001~HI*ABK:A000*ABF:A000*ABJ:A000*APR:A000*ABN:A000*BBR:1*BBQ:1~\
        HI*BK:0010*BF:0010*BJ:0010*PR:0010*BN:E0010*BR:0010*BQ:0010*TQ:1*CAH:1*BO:1*BP:1~";
    let (claims, found) = read(&interchange(I, body));
    assert_eq!(found, []);
    let systems: Vec<_> = claims[0].codes.iter().map(|code| code.system).collect();
    let other = icd9();
    let last = LabelMeaning::in_x12(b"TQ").unwrap().into();
    assert_eq!(
        systems,
        [
            CM, CM, CM, CM, CM, PCS, PCS, other, other, other, other, other, other, other, last
        ]
    );
}

#[test]
fn the_type_of_bill_tells_which_date_of_the_statement_it_is() {
    for (facility, day) in [
        ("11", "2025-10-02"),
        ("18", "2025-10-02"),
        ("21", "2025-10-02"),
        ("28", "2025-10-02"),
        ("41", "2025-10-02"),
        ("65", "2025-10-02"),
        ("66", "2025-10-02"),
        ("86", "2025-10-02"),
        ("32", "2025-10-02"),
        ("33", "2025-10-02"),
        ("12", "2025-09-25"),
        ("13", "2025-09-25"),
        ("14", "2025-09-25"),
        ("22", "2025-09-25"),
        ("23", "2025-09-25"),
        ("34", "2025-09-25"),
        ("71", "2025-09-25"),
        ("72", "2025-09-25"),
        ("75", "2025-09-25"),
        ("76", "2025-09-25"),
        ("77", "2025-09-25"),
        ("81", "2025-09-25"),
        ("82", "2025-09-25"),
        ("83", "2025-09-25"),
        ("85", "2025-09-25"),
    ] {
        let body = format!("CLM*C*1***{facility}:A:1~DTP*434*RD8*20250925-20251002~HI*ABK:G35D~");
        assert_eq!(
            codes(I, &body),
            [row("HI01 ABK", "G35D", day)],
            "{facility}"
        );
    }
    for (whole, day) in [
        ("111", "2025-10-02"),
        ("0131", "2025-09-25"),
        ("0111", "2025-10-02"),
    ] {
        let body = format!("CLM*C*1***{whole}:A:1~DTP*434*RD8*20250925-20251002~HI*ABK:G35D~");
        assert_eq!(codes(I, &body), [row("HI01 ABK", "G35D", day)], "{whole}");
    }
    for facility in ["", "1", "11111", "1-", "XX", "00", "1A"] {
        let claim = |dates: &str| format!("CLM*C*1***{facility}:A:1~{dates}HI*ABK:G35D~");
        let [(_, _, day)] = &codes(I, &claim(""))[..] else {
            panic!()
        };
        assert!(day.contains("CLM05-1"), "{facility}: {day}");
        // On one day it does not matter which date counts; of several it may be any.
        let one = codes(I, &claim("DTP*434*D8*20250925~"));
        assert_eq!(one, [row("HI01 ABK", "G35D", "2025-09-25")], "{facility}");
        let (claims, _) = read(&interchange(I, &claim("DTP*434*RD8*20250925-20251002~")));
        let code = &claims[0].codes[0];
        let day = |text: &str| text.parse().unwrap();
        assert_eq!(code.since, Some(day("2025-09-25")), "{facility}");
        assert_eq!(code.day, Ok(day("2025-10-02")), "{facility}");
    }
}

#[test]
fn a_claim_without_its_date_says_which_one_is_missing() {
    let day = |guide, body: &str| codes(guide, body)[0].2.clone();
    let hi = "HI*ABK:G35D~";
    assert_eq!(
        day(I, &format!("CLM*C*1***11:A:1~{hi}")),
        "inpatient claim without a discharge date"
    );
    assert_eq!(day(I, &format!("CLM*C*1***32:A:9~{hi}")), "no date");
    assert_eq!(day(I, &format!("CLM*C*1***13:A:1~{hi}")), "no date");
    let lines = "LX*1~SV2*0300~DTP*472*D8*20251003~LX*2~SV2*0300~DTP*472*D8*20251002~";
    assert_eq!(
        day(I, &format!("CLM*C*1***13:A:1~{hi}{lines}")),
        "2025-10-02"
    );
    assert_eq!(day(P, &format!("CLM*C*1***11:B:1~{hi}")), "no date");
    let line = "LX*1~SV1*HC:1*1*UN*1***1~";
    assert_eq!(day(P, &format!("CLM*C*1***11:B:1~{hi}{line}")), "no date");
}

#[test]
fn the_discharge_is_not_before_the_admission() {
    let body = "CLM*C*1***11:A:1~DTP*434*RD8*20250925-20251002~DTP*435*D8*20251003~HI*ABK:G35D~";
    assert_eq!(codes(I, body)[0].2, "discharge before admission");
}

#[test]
fn the_onset_is_no_date_of_service_unless_it_is_wanted() {
    let body = "CLM*C*1***11:B:1~DTP*431*D8*20250903~DTP*096*D8*20250904~HI*ABK:G35D~LX*1~SV1*HC:1*1*UN*1***1~";
    assert_eq!(codes(P, body), [row("HI01 ABK", "G35D", "no date")]);
    let wanted = X12Options {
        use_onset: true,
        ..X12Options::default()
    };
    assert_eq!(
        codes_with(P, body, &wanted),
        [row("HI01 ABK", "G35D", "2025-09-03")]
    );
    let dated = format!("{body}DTP*472*D8*20251001~");
    assert_eq!(
        codes_with(P, &dated, &wanted),
        [row("HI01 ABK", "G35D", "2025-10-01")]
    );
}

#[test]
fn a_dental_claim_has_a_date_for_its_lines() {
    let body = "CLM*C*1***11:B:1~DTP*472*D8*20251001~HI*ABK:K0262~LX*1~SV3*AD:D0150*1****1*****1~\
        LX*2~SV3*AD:D2740*1****1*****1~DTP*472*D8*20251008~";
    assert_eq!(
        codes(D, body),
        [
            row("HI01 ABK", "K0262", "2025-10-01"),
            row("HI01 ABK", "K0262", "2025-10-08"),
        ]
    );
}

#[test]
fn a_date_of_another_form_than_it_says_is_read_and_noted() {
    for (date, last) in [
        ("RD8*20250930", "2025-09-30"),
        ("D8*20250930-20251001", "2025-10-01"),
        ("D8*202509301200", "2025-09-30"),
    ] {
        let body = format!("CLM*C*1***11:A:1~DTP*434*{date}~HI*ABK:G35D~");
        assert_eq!(codes(I, &body), [row("HI01 ABK", "G35D", last)], "{date}");
        assert_eq!(read(&interchange(I, &body)).0[0].remarks.len(), 1);
    }
}

#[test]
fn a_date_that_is_none_is_no_day_of_the_codes() {
    for (date, words) in [
        ("D8*20210230", "no date in the format CCYYMMDD"),
        ("D8*2021023", "no date in the format CCYYMMDD"),
        ("D8*+2210203", "no date in the format CCYYMMDD"),
        ("RD8*2021020", "no date in the format CCYYMMDD-CCYYMMDD"),
        (
            "RD8*20210201-20210230",
            "no date in the format CCYYMMDD-CCYYMMDD",
        ),
        (
            "RD8*20210205-20210201",
            "the range of dates ends before it begins",
        ),
        (
            "TM*1200",
            "no date in the format D8 (CCYYMMDD) or RD8 (CCYYMMDD-CCYYMMDD)",
        ),
        ("D8", "no date in the format CCYYMMDD"),
    ] {
        let body = format!(
            "CLM*C*1***11:B:1~HI*ABK:G35D*ABF:U071~LX*1~SV1*HC:1*1*UN*1***1~DTP*472*{date}~"
        );
        assert_eq!(
            codes(P, &body),
            [
                row("HI01 ABK", "G35D", words),
                row("HI02 ABF", "U071", words)
            ],
            "{date}"
        );
        let body = format!("CLM*C*1***11:A:1~DTP*434*{date}~HI*ABK:G35D~");
        assert_eq!(codes(I, &body), [row("HI01 ABK", "G35D", words)], "{date}");
    }
}

#[test]
fn version_4010_is_read() {
    let body = "CLM*C*1***13:A:1~DTP*434*RD8*20050925-20050926~HI*BK:25000*ZZ:7806~HI*BP:99213:D8:20050925~";
    let (claims, found) = read(&interchange("004010X096A1", body));
    assert_eq!(found, []);
    let codes: Vec<_> = claims[0]
        .codes
        .iter()
        .map(|code| (code.system, code.text.as_str()))
        .collect();
    assert_eq!(codes, [(icd9(), "25000"), (icd9(), "7806")]);
    // Of the version after it nobody knows that qualifier.
    let (claims, _) = read(&interchange(I, body));
    let unknown = claims[0].codes.iter().filter(|code| code.label == "ZZ");
    assert_eq!(unknown.count(), 1);
}

#[test]
fn codes_are_given_as_they_stand() {
    let body = "CLM*C*1***13:A:1~DTP*434*D8*20251001~HI*ABK: g35.d ~";
    assert_eq!(codes(I, body), [row("HI01 ABK", " g35.d ", "2025-10-01")]);
}

#[test]
fn any_delimiters_and_line_ends_give_the_same_claims() {
    let plain = interchange(P, VISIT);
    let expected = read(&plain);
    for (from, to) in [("*", "|"), (":", ">"), ("^", "!"), ("~", "\u{1c}")] {
        assert_eq!(read(&plain.replace(from, to)), expected, "{to:?}");
    }
    for (from, to) in [
        ("~\n", "~"),
        ("~\n", "~\r\n"),
        ("~\n", "\n"),
        ("~\n", "\r\n"),
        ("~\n", "\r"),
        ("ISA", "\u{feff}ISA"),
        ("ISA", "\r\n ISA"),
    ] {
        assert_eq!(read(&plain.replace(from, to)), expected, "{to:?}");
    }
    let without_last_end = plain.replace("~\n", "\n");
    assert_eq!(read(without_last_end.trim_end()), expected);
}

#[test]
fn the_size_of_the_reads_does_not_matter() {
    for text in [interchange(P, VISIT), interchange(I, STAY)] {
        let claims = X12Claims::new(Dripping(text.as_bytes()), X12Options::default()).unwrap();
        let dripped: Vec<_> = claims.map(Result::unwrap).collect();
        let at_once: Vec<_> = all(text.as_bytes(), &X12Options::default())
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(dripped, at_once);
    }
}

#[test]
fn places_count_on_through_the_stream() {
    let one = interchange(P, VISIT);
    let other = interchange(I, STAY).replace('*', "|").replace(':', ";");
    let (claims, found) = read(&format!("{one}{other}"));
    assert_eq!(found, []);
    assert_eq!(claims[0].place, ClaimPlace::Segment(6));
    // 16 segments of the first interchange, and the same way to the claim.
    assert_eq!(claims[1].place, ClaimPlace::Segment(16 + 6));
}

#[test]
fn values_are_kept_by_name_and_no_other_is_known() {
    let keep = |names: &[&str]| X12Options {
        keep: names.iter().map(|name| (*name).to_owned()).collect(),
        amount: true,
        ..X12Options::default()
    };
    let options = keep(&[
        "transaction",
        "claim_id",
        "charge",
        "type_of_bill",
        "place_of_service",
    ]);
    let (claims, _) = read_with(&interchange(I, STAY), &options);
    assert_eq!(claims[0].kept, ["0021", "C2", "12345.6", "111", ""]);
    assert_eq!(claims[0].cents, Ok(Some(1_234_560)));
    let (claims, _) = read_with(&interchange(P, VISIT), &options);
    assert_eq!(claims[0].kept, ["0021", "C1", "150", "", "11"]);
    assert_eq!(claims[0].cents, Ok(Some(15_000)));
    let error = X12Claims::new(&b""[..], keep(&["patient_name"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown value to keep: \"patient_name\"; expected claim_id, charge, type_of_bill, place_of_service, transaction"
    );
}
