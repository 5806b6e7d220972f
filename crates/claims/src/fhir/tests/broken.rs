//! What is broken, cut off, too large, or made of any bytes.

use std::io::Read;

use proptest::prelude::*;

use super::*;

#[test]
fn an_element_of_the_wrong_type_is_a_problem_with_its_path() {
    let visit = visit();
    for (from, to, path) in [
        (
            r#""servicedDate":"2025-10-01""#,
            r#""servicedDate":20251001"#,
            "Claim.item[0].servicedDate",
        ),
        (
            r#""diagnosisSequence":[2]"#,
            r#""diagnosisSequence":{}"#,
            "Claim.item[1].diagnosisSequence",
        ),
        (
            r#""diagnosisSequence":[2]"#,
            r#""diagnosisSequence":["two"]"#,
            "Claim.item[1].diagnosisSequence[0]",
        ),
        (
            r#""sequence":2,"diagnosisCode"#,
            r#""sequence":1.5,"diagnosisCode"#,
            "Claim.diagnosis[1].sequence",
        ),
        (
            r#""code":"Z28.3""#,
            r#""code":283"#,
            "Claim.diagnosis[2].diagnosisCodeableConcept.coding[0].code",
        ),
        (
            r#""resourceType":"Claim""#,
            r#""resourceType":"SECRET 1""#,
            "resource.resourceType",
        ),
        (r#""resourceType":"Claim","#, "", "resource.resourceType"),
    ] {
        assert!(visit.contains(from), "{from}");
        let text = bundle(&[visit.replace(from, to), visit.clone()]);
        let (claims, _) = read(&text);
        // Of a resource whose type is known the rest is read.
        let is_known = !path.starts_with("resource.");
        assert_eq!(claims.len(), 1 + usize::from(is_known), "{to}");
        let found = problems(&text);
        let [(ClaimPlace::Entry(1), at, words)] = &found[..] else {
            panic!("{to}: {found:?}")
        };
        assert_eq!(at, path);
        assert!(words.starts_with("expected "), "{words}");
    }
}

#[test]
fn a_bundle_that_is_none_is_a_problem() {
    let one = condition("");
    let text = bundle(&[&one, &one]).replace("Bundle", "Parameters");
    assert_eq!(problems(&text)[0].1, "resourceType");
    let text = r#"{"resourceType":"Bundle","entry":{}}"#.replace(',', ",\n");
    assert_eq!(problems(&text)[0].1, "Bundle.entry");
    assert_eq!(problems("[1]")[0].0, ClaimPlace::Entry(1));
    let twice = one.replace("{\"coding", "{\"coding\":[],\"coding");
    assert!(problems(&twice)[0].2.contains("twice"));
}

#[test]
fn a_bundle_within_anything_else_is_read() {
    let one = condition("").replace('\n', "");
    let within = bundle(&[&one]).replace('\n', "");
    for text in [
        bundle(&[&within, &one]),
        format!("[{within},{one}]"),
        format!("{one}\n{within}"),
    ] {
        let (claims, found) = read(&text);
        assert_eq!(found, []);
        assert_eq!(claims.len(), 2, "{text}");
    }
}

#[test]
fn what_stands_before_a_flaw_is_read_and_the_flaw_is_a_problem() {
    let sound = bundle(&[condition(""), condition("")]);
    let second = sound.rfind("Condition").unwrap();
    let broken = format!("{}\u{1}{}", &sound[..second], &sound[second..]);
    for text in [broken.as_str(), &sound[..second]] {
        let (claims, found) = read(text);
        assert_eq!(claims.len(), 1);
        assert_eq!(found.len(), 1);
        let words = found[0].kind.to_string();
        assert!(words.ends_with("nothing after it is read"), "{words}");
        assert!(matches!(found[0].place, ClaimPlace::Line(2)), "{found:?}");
    }
}

/// What ends the reading: an error, or a problem behind what was read.
fn last(bytes: &[u8]) -> String {
    match all(bytes, &FhirOptions::default()).pop().unwrap() {
        Err(error) => error.to_string(),
        Ok(item) => item.unwrap_err().to_string(),
    }
}

#[test]
fn what_is_no_json_is_an_error_with_line_and_column() {
    let sound = bundle(&[condition("")]);
    for (text, part) in [
        ("", "expected FHIR in JSON"),
        ("  \n", "expected FHIR in JSON"),
        ("ISA*00*", "expected FHIR in JSON"),
        ("{\n\"a\" 1}", "line 2: not JSON: expected a colon"),
        ("{\n\"a\":}", "expected a value"),
        ("{\n\"a\":1 \"b\":2}", "expected a comma or }"),
        ("{\n1:1}", "expected the name of a member"),
        ("{\n\"a\":tru}", "line 2: not JSON"),
        ("{\n\"entry\":[],\"entry\":[]}", "found two"),
        (
            "{\n\"id\":\"1\",\"id\":\"2\"}",
            "expected one id, found two",
        ),
        ("[{},\n", "cut off"),
        ("[{}\n{}]", "expected a comma or ]"),
        ("[{} ] 7", "expected FHIR in JSON"),
        ("{\n\"a\":[1,2", "cut off"),
        ("{\n\"a\":\"b", "cut off"),
    ] {
        let error = last(text.as_bytes());
        assert!(error.contains(part), "{text:?}: {error}");
    }
    for cut in 1..sound.len() {
        let error = last(&sound.as_bytes()[..cut]);
        assert!(
            error.contains("cut off") || error.contains("not JSON"),
            "{cut}: {error}"
        );
    }
}

#[test]
fn a_line_that_is_no_json_is_a_problem_and_the_next_is_read() {
    let one = condition("").replace('\n', " ");
    let text = format!("{one}\n{{\"resourceType\": SECRET}}\nnonsense\n{one}\n");
    let (claims, found) = read(&text);
    assert_eq!(claims.len(), 2);
    assert_eq!(claims[1].place, ClaimPlace::Line(4));
    let places: Vec<_> = found.iter().map(|one| one.place).collect();
    assert_eq!(places, [ClaimPlace::Line(2), ClaimPlace::Line(3)]);
    assert!(
        found
            .iter()
            .all(|one| !format!("{one:?}").contains("SECRET"))
    );
}

#[test]
fn a_resource_too_large_is_a_problem_and_the_next_is_read() {
    let large = format!(
        r#"{{"resourceType":"Patient","text":"{}"}}"#,
        "a".repeat(LARGEST_RESOURCE)
    );
    let one = condition("").replace('\n', " ");
    for (text, place) in [
        (bundle(&[large.clone(), one.clone()]), ClaimPlace::Entry(1)),
        (format!("{one}\n{large}\n{one}"), ClaimPlace::Line(2)),
        (format!("[{large},{one}]"), ClaimPlace::Entry(1)),
    ] {
        let (claims, found) = read(&text);
        assert!(!claims.is_empty());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, place);
        assert!(found[0].kind.to_string().contains("16777216"));
    }
}

#[test]
fn a_resource_takes_no_more_memory_than_a_resource_may() {
    let codings = "{},".repeat(100_000);
    let text = condition("").replace(r#""coding":["#, &format!(r#""coding":[{codings}"#));
    let (claims, found) = read(&text);
    assert_eq!((claims.len(), found.len()), (0, 1));

    let date = |n: u32| format!("{:04}-{:02}-01", 1900 + n / 12, n % 12 + 1);
    let item = |n| {
        format!(
            r#"{{"diagnosisSequence":[1],"servicedDate":"{}"}}"#,
            date(n)
        )
    };
    let items: Vec<String> = (0..1200).map(item).collect();
    let diagnosis = format!(
        r#"{{"sequence":1,"diagnosisCodeableConcept":{}}}"#,
        cm("G35.D")
    );
    let text = format!(
        r#"{{"resourceType":"Claim","item":[{}],"diagnosis":[{}]}}"#,
        items.join(","),
        vec![diagnosis; 200].join(",")
    );
    // Of very many days the first and the last are enough.
    let (claims, found) = read(&text);
    assert_eq!((claims[0].codes.len(), found.len()), (400, 0));
}

/// A stream that is made while it is read.
struct Endless {
    left: u64,
    piece: String,
    end: &'static str,
    rest: Vec<u8>,
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.rest.len() {
            self.at = 0;
            self.rest.clear();
            match self.left {
                0 => return Ok(0),
                1 => self.rest.extend(self.end.bytes()),
                _ => self.rest.extend(self.piece.bytes()),
            }
            self.left -= 1;
        }
        let count = room.len().min(self.rest.len() - self.at);
        room[..count].copy_from_slice(&self.rest[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[test]
fn many_resources_take_no_more_memory_than_few() {
    let one = condition("").replace('\n', " ");
    for (head, piece, end) in [
        (
            "{\n\"entry\":[{}".to_owned(),
            format!(",{{\"resource\":{one}}}"),
            "],\"resourceType\":\"Bundle\"}",
        ),
        (format!("{one}\n"), format!("{one}\n"), " "),
    ] {
        let input = Endless {
            left: 200_001,
            piece,
            end,
            rest: head.into_bytes(),
            at: 0,
        };
        let mut claims = FhirClaims::new(input, FhirOptions::default()).unwrap();
        let (mut count, mut largest) = (0_u64, 0);
        while let Some(item) = claims.next() {
            count += u64::from(item.unwrap().is_ok());
            let ready = claims.ready.capacity();
            largest = largest.max(claims.source.room() + claims.value.capacity() + ready);
        }
        assert!((200_000..=200_001).contains(&count), "{count}");
        assert!(largest < 300_000, "{largest}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
        let _ = all(&bytes, &FhirOptions::default());
    }

    #[test]
    fn any_text_of_json_signs_is_read_without_panic(text in r#"[\[\]{}",:\\ 1tn\n]{0,60}"#) {
        let _ = all(text.as_bytes(), &FhirOptions::default());
    }

    #[test]
    fn a_mutated_file_is_read_without_panic_and_tells_nothing(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..6),
        form in 0..3_u8,
    ) {
        let one = visit().replace("E11.65", "SECRET").replace("C1", "SECRET").replace('\n', " ");
        let text = match form {
            0 => bundle(&[one.clone(), one]),
            1 => format!("{one}\n{one}\n"),
            _ => format!("[{one},{one}]"),
        };
        let mut bytes = text.into_bytes();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        for item in all(&bytes, &FhirOptions::default()) {
            let words = match item {
                Err(error) => format!("{error} {:?}", error.hint()),
                Ok(Err(problem)) => format!("{problem:?} {}", problem.kind),
                Ok(Ok(_)) => continue,
            };
            prop_assert!(!words.contains("SECRE"), "{}", words);
        }
    }
}
