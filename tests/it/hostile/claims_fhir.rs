//! FHIR that is broken, cut, or made to harm: told by its place, and never by what it holds.

use std::io::Read;

use codeyear::claims::{Claim, ClaimPlace, ClaimProblem, FhirClaims, FhirOptions, ProblemKind};
use codeyear::error::ErrorKind;

const CLAIM: &str = r#"{"resourceType":"Claim","id":"SECRET","patient":{"reference":"Patient/SECRET"},
    "billablePeriod":{"start":"2025-10-01"},"diagnosis":[{"sequence":1,"diagnosisCodeableConcept":{"coding":[
    {"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"SECRET","display":"SECRET"}]}}]}"#;

fn bundle(entries: usize) -> String {
    let entry = format!("{{\"fullUrl\":\"urn:uuid:SECRET\",\"resource\":{CLAIM}}}");
    format!(
        "{{\"resourceType\":\"Bundle\",\n\"entry\":[{}]}}",
        vec![entry; entries].join(",\n")
    )
}

/// Reads to the end, or to the error that ends it; no word of either holds what was planted.
fn read(input: impl Read) -> (Vec<Claim>, Vec<ClaimProblem>, Option<codeyear::Error>) {
    let (mut claims, mut problems) = (Vec::new(), Vec::new());
    let mut items = FhirClaims::new(input, FhirOptions::default()).unwrap();
    let mut error = None;
    for item in items.by_ref() {
        match item {
            Ok(Ok(claim)) => claims.push(claim),
            Ok(Err(problem)) => {
                let words = format!("{problem:?} {}", problem.kind);
                assert!(!words.contains("SECRET"), "{words}");
                problems.push(problem);
            }
            Err(found) => {
                let words = format!("{found} {:?} {found:?}", found.hint());
                assert!(!words.contains("SECRET"), "{words}");
                error = Some(found);
            }
        }
    }
    assert!(items.next().is_none(), "nothing comes behind the end");
    (claims, problems, error)
}

#[test]
fn a_sound_bundle_is_read() {
    let (claims, problems, error) = read(bundle(3).as_bytes());
    assert!(error.is_none());
    assert_eq!(problems, []);
    assert_eq!(claims.len(), 3);
    assert_eq!(claims[2].place, ClaimPlace::Entry(3));
}

#[test]
fn a_bundle_that_is_cut_off_is_an_error_or_what_was_read_with_a_problem() {
    let text = bundle(3);
    let (claims, problems, error) = read(&text.as_bytes()[..text.len() - 1]);
    assert!(error.is_none());
    assert_eq!((claims.len(), problems.len()), (3, 1));
    assert!(!problems[0].is_claim);
    for cut in [1, 40] {
        let error = read(&text.as_bytes()[..cut]).2.unwrap();
        assert_eq!(error.kind(), ErrorKind::Format);
        assert!(error.place().unwrap().line.is_some(), "{error}");
        assert!(error.hint().is_some());
    }
}

#[test]
fn nul_bytes_and_bytes_that_are_no_utf8_are_no_json() {
    for byte in [0_u8, 0xff] {
        let mut bytes = bundle(2).into_bytes();
        let at = bytes.len() - 100;
        bytes[at] = byte;
        let (claims, problems, error) = read(&bytes[..]);
        assert!(error.is_none());
        assert_eq!((claims.len(), problems.len()), (1, 1));
        let line = CLAIM.replace('\n', " ");
        let mut bytes = format!("{line}\n{line}\n").into_bytes();
        let at = bytes.len() - 100;
        bytes[at] = byte;
        let (claims, problems, error) = read(&bytes[..]);
        assert!(error.is_none());
        assert_eq!(claims.len(), 1);
        assert_eq!(problems[0].place, ClaimPlace::Line(2));
    }
    assert!(read(&[0_u8; 4096][..]).2.is_some());
}

#[test]
fn a_day_that_is_in_no_calendar_is_said_of_each_code() {
    for date in ["2021-02-30", "2021-13", "21", "SECRET"] {
        let text = bundle(1).replace("2025-10-01", date);
        let (claims, problems, _) = read(text.as_bytes());
        assert_eq!(problems, []);
        let expected = "YYYY-MM-DD".into();
        assert_eq!(
            claims[0].codes[0].day,
            Err(ProblemKind::BadDate { expected })
        );
    }
}

#[test]
fn elements_of_the_wrong_type_tell_their_path_and_not_their_value() {
    for (from, to, path) in [
        (
            r#""start":"2025-10-01""#,
            r#""start":["SECRET"]"#,
            "Claim.billablePeriod.start",
        ),
        (
            r#""sequence":1"#,
            r#""sequence":"SECRET""#,
            "Claim.diagnosis[0].sequence",
        ),
        (
            r#"{"coding":["#,
            r#"{"SECRET":1,"coding":["SECRET","#,
            "Claim.diagnosis[0].diagnosisCodeableConcept.coding[0]",
        ),
    ] {
        let (claims, problems, error) = read(bundle(1).replace(from, to).as_bytes());
        assert!(error.is_none());
        assert!(claims.iter().all(|claim| claim.codes.len() <= 1));
        assert_eq!(problems.len(), 1, "{path}");
        assert_eq!(problems[0].field.as_deref(), Some(path));
    }
}

#[test]
fn nesting_without_end_is_refused() {
    for text in [
        "[".repeat(1 << 20),
        "{\"a\":".repeat(1 << 18),
        format!("{{\n\"contained\":{}", "[".repeat(1 << 20)),
        format!("[{}{}]", "[".repeat(5000), "]".repeat(5000)),
    ] {
        assert!(read(text.as_bytes()).2.is_some());
    }
}

#[test]
fn an_element_of_a_gigabyte_is_passed_over_without_being_in_memory() {
    // Once in a Bundle, once on a line, once as the name of a member.
    let gigabyte = || std::io::repeat(b'S').take(1 << 30);
    let head = format!("{{\n\"entry\":[{{\"resource\":{CLAIM}}},{{\"resource\":{{\"id\":\"");
    let tail = format!("\"}}}},{{\"resource\":{CLAIM}}}],\"resourceType\":\"Bundle\"}}");
    let (claims, problems, error) = read(head.as_bytes().chain(gigabyte()).chain(tail.as_bytes()));
    assert!(error.is_none());
    assert_eq!((claims.len(), problems.len()), (2, 1));
    assert_eq!(problems[0].place, ClaimPlace::Entry(2));
    assert!(problems[0].kind.to_string().contains("16777216"));

    let line = format!("{}\n", CLAIM.replace('\n', " "));
    let input = line.as_bytes().chain(&b"{\"id\":\""[..]).chain(gigabyte());
    let (claims, problems, error) = read(input.chain(&b"\"}\n"[..]).chain(line.as_bytes()));
    assert!(error.is_none());
    assert_eq!((claims.len(), problems.len()), (2, 1));
    assert_eq!(problems[0].place, ClaimPlace::Line(2));

    let (_, _, error) = read(b"{\n\"".chain(gigabyte()).chain(&b"\":1}"[..]));
    assert!(error.is_some());
}

#[test]
fn an_input_that_fails_ends_the_reading_with_its_reason() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let text = bundle(2);
    let half = &text.as_bytes()[..text.len() / 2];
    let error = read(half.chain(Failing)).2.unwrap();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("the disk is gone"));
}
