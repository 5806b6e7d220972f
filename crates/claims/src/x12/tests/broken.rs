//! What is broken, cut off, too large, or made of any bytes.

use std::io::Read;

use proptest::prelude::*;

use super::*;

#[test]
fn wrong_counts_and_control_numbers_are_problems_at_the_trailer() {
    let good = interchange(P, VISIT);
    assert_eq!(problems(&good), []);
    for (from, to, segment, field) in [
        ("SE*12", "SE*11", 14, "SE01"),
        ("SE*12", "SE*", 14, "SE01"),
        ("*0021~\nGE", "*0022~\nGE", 14, "SE02"),
        ("GE*1*7", "GE*2*7", 15, "GE01"),
        ("GE*1*7", "GE*1*8", 15, "GE02"),
        ("IEA*1*", "IEA*2*", 16, "IEA01"),
        ("IEA*1*000000905", "IEA*1*000000906", 16, "IEA02"),
    ] {
        assert!(good.contains(from), "{from}: {good}");
        let found = problems(&good.replace(from, to));
        let [(at, of, _)] = &found[..] else {
            panic!("{from}: {found:?}")
        };
        assert_eq!((*at, of.as_str()), (segment, field), "{from}");
    }
    assert_eq!(problems(&good.replace("GE*1*7", "GE*01*007")), []);
}

#[test]
fn a_trailer_that_is_missing_is_a_problem_where_it_is_missed() {
    let good = interchange(P, VISIT);
    let without_se = problems(&good.replace("SE*12*0021~\n", ""));
    assert_eq!((without_se[0].0, without_se[0].1.as_str()), (14, "SE"));
    let without_ge = problems(&good.replace("GE*1*7~\n", ""));
    assert_eq!((without_ge[0].0, without_ge[0].1.as_str()), (15, "GE"));
    let without_st = problems(&good.replace(&format!("ST*837*0021*{P}~\n"), ""));
    assert!(without_st.iter().any(|one| one.1 == "SE"), "{without_st:?}");
}

#[test]
fn what_an_hi_should_not_hold_is_a_problem_beside_the_claim() {
    for (hi, field, words) in [
        ("HI*ABK:G35D*:U071", "HI02", "code list qualifier"),
        ("HI*ABK:G35D*ABF", "HI02", "expected a code"),
        ("HI*ABK:G35D*ABF:", "HI02", "expected a code"),
        (
            "HI*ABK:G35D*ABF:A00::::::A09",
            "HI02",
            "found a range of codes",
        ),
        (
            "HI*ABK:G35D************ABF:U071",
            "HI13",
            "at most 12 codes",
        ),
    ] {
        let text = interchange(I, &format!("CLM*C*1***13:A:1~DTP*434*D8*20251001~{hi}~"));
        let (claims, _) = read(&text);
        assert_eq!(claims[0].codes.len(), 1, "{hi}");
        let found = problems(&text);
        let [(8, of, what)] = &found[..] else {
            panic!("{hi}: {found:?}")
        };
        assert_eq!(of, field, "{hi}");
        assert!(what.contains(words), "{hi}: {what}");
    }
    let outside = problems(&interchange(I, "HI*ABK:G35D~"));
    assert_eq!(
        outside,
        [(6, "HI".to_owned(), "expected a CLM before it".to_owned())]
    );
}

#[test]
fn a_qualifier_that_nobody_knows_is_a_label_that_nobody_knows() {
    let text = interchange(
        I,
        "CLM*C*1***13:A:1~DTP*434*D8*20251001~HI*ABK:G35D*XYZ:U071*abf:U071~",
    );
    let (claims, found) = read(&text);
    assert_eq!(found, []);
    let codes: Vec<_> = claims[0]
        .codes
        .iter()
        .map(|code| (code.system, code.label.as_str()))
        .collect();
    let cm = crate::CodeSystem::Of(codeyear_core::model::CodeSet::Icd10Cm);
    assert_eq!(
        codes,
        [(cm, ""), (crate::CodeSystem::Unknown, "XYZ"), (cm, "")]
    );
}

#[test]
fn repetitions_of_a_composite_are_read_each() {
    let body = "CLM*C*1***13:A:1~DTP*434*D8*20251001~HI*ABK:G35D^ABF:U071~";
    assert_eq!(codes(I, body).len(), 2);
}

#[test]
fn a_pointer_to_nothing_is_a_problem() {
    for pointer in ["2", "0", "13", "1:2", "A", "001"] {
        let body = format!(
            "CLM*C*1***11:B:1~HI*ABK:G35D~LX*1~SV1*HC:1*1*UN*1***{pointer}~DTP*472*D8*20251001~"
        );
        let found = problems(&interchange(P, &body));
        assert_eq!(found.len(), 1, "{pointer}");
        assert_eq!((found[0].0, found[0].1.as_str()), (9, "SV107"), "{pointer}");
    }
}

#[test]
fn a_date_that_stands_twice_is_a_problem() {
    let body = "CLM*C*1***13:A:1~DTP*434*D8*20251001~DTP*434*D8*20251002~HI*ABK:G35D~";
    let text = interchange(I, body);
    assert_eq!(problems(&text)[0].1, "DTP 434");
    assert_eq!(
        read(&text).0[0].codes[0].day,
        Ok("2025-10-01".parse().unwrap())
    );
}

#[test]
fn what_is_no_837_is_counted_and_the_claims_beside_it_are_read() {
    let other = interchange(P, VISIT).replace("ST*837", "ST*999");
    let text = format!("{other}{}{other}", interchange(P, VISIT));
    let mut claims = X12Claims::new(text.as_bytes(), X12Options::default()).unwrap();
    let items: Vec<_> = claims.by_ref().collect();
    assert!(matches!(&items[..], [Ok(Ok(_))]), "{items:?}");
    let skipped: Vec<_> = claims.skipped().iter().collect();
    assert_eq!(skipped, [(&"999".to_owned(), &2)]);
    let secret = other.replace("ST*999", "ST*SECRET");
    let mut claims = X12Claims::new(secret.as_bytes(), X12Options::default()).unwrap();
    assert_eq!(claims.by_ref().count(), 0);
    assert!(claims.skipped().contains_key("something else"));
}

#[test]
fn a_guide_that_is_not_known_is_a_problem_and_its_claims_are_not_read() {
    let (claims, found) = read(&interchange("005010X999A1", VISIT));
    assert_eq!(claims, []);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].place, ClaimPlace::Segment(3));
}

#[test]
fn what_has_no_isa_is_an_error() {
    for text in [
        "",
        "\n",
        "IS",
        "HI*ABK:G35D~",
        "isa*00*",
        "{\"resourceType\"",
    ] {
        let error = fatal(text.as_bytes());
        assert!(
            error.contains("ISA") || error.contains("IEA"),
            "{text}: {error}"
        );
    }
    let good = interchange(P, VISIT);
    for (from, to) in [
        ("SUBMITTER      *ZZ", "SUBMITTER*ZZ"),
        ("*T*:~", "*T**~"),
        ("*T*:~", "*T*A~"),
        ("*T*:~", "*T*::"),
        ("*T*:~", "*T*^~"),
    ] {
        let error = fatal(good.replacen(from, to, 1).as_bytes());
        assert!(error.starts_with("segment 1: expected"), "{to}: {error}");
    }
    let (claims, found) = read(&format!("{good}SECRET"));
    assert_eq!(claims.len(), 1);
    let words = found[0].kind.to_string();
    assert!(words.starts_with("segment 17: expected"), "{words}");
    assert!(!words.contains("SECRET"));
}

#[test]
fn of_an_interchange_that_is_cut_off_anywhere_what_was_read_is_given() {
    let text = interchange(P, VISIT);
    let (isa, end) = (106, text.rfind("IEA").unwrap() + 4);
    for cut in 1..isa {
        assert!(fatal(&text.as_bytes()[..cut]).contains("ISA"), "{cut}");
    }
    let set_ends = text.rfind("SE*").unwrap();
    for cut in isa..end {
        let (claims, found) = read(&text[..cut]);
        let words = found.last().unwrap().kind.to_string();
        assert!(words.contains("cut off"), "{cut}: {words}");
        // A claim that may go on behind the cut has no day.
        let is_whole = cut > set_ends + 12;
        for code in claims.iter().flat_map(|claim| &claim.codes) {
            assert!(
                is_whole || code.day.is_err() || cut > set_ends,
                "{cut}: {code:?}"
            );
        }
    }
}

#[test]
fn an_interchange_behind_one_that_was_cut_off_is_read() {
    let text = interchange(P, VISIT);
    for cut in ["IEA", "GE*", "SE*", "SV1"] {
        let other = text.replace('*', "|");
        for next in [&text, &other] {
            let spliced = format!("{}{next}", &text[..text.rfind(cut).unwrap()]);
            let (claims, found) = read(&spliced);
            assert_eq!(claims.len(), 2, "{cut}");
            assert!(claims[1].codes.iter().all(|code| code.day.is_ok()), "{cut}");
            let words = found.iter().map(|one| one.kind.to_string());
            assert!(
                words.clone().any(|words| words.contains("no IEA")),
                "{cut}: {:?}",
                words.collect::<Vec<_>>()
            );
        }
    }
}

#[test]
fn blanks_between_segments_are_passed_over() {
    let text = interchange(P, VISIT);
    let expected = read(&text);
    for between in [" ", "\r\n", "\n  ", "\t", " \r\n ", "\u{1a}", "\0"] {
        let spaced = text.replace('~', &format!("~{between}"));
        assert_eq!(read(&spaced), expected, "{between:?}");
    }
}

#[test]
fn a_nul_byte_is_a_problem_and_its_segment_is_not_read() {
    let text = interchange(I, STAY).replace("HI*ABJ:R079", "HI*ABJ:R0\x0079");
    let (claims, found) = read(&text);
    assert_eq!(claims[0].codes.len(), 6);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].kind, ProblemKind::Nul);
    let text = interchange(I, STAY).replace("CLM*C2", "CLM*C\x002");
    let (claims, found) = read(&text);
    assert_eq!(claims, []);
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn text_that_is_no_utf8_is_a_problem_only_where_it_is_read() {
    let bytes = |text: String| -> Vec<u8> { text.chars().map(|c| c as u8).collect() };
    let name = interchange(I, &STAY.replace("CL1*", "NM1*\u{e9}~CL1*"));
    let items = all(&bytes(name), &X12Options::default());
    assert!(items.iter().all(|item| matches!(item, Ok(Ok(_)))));
    let code = interchange(I, &STAY.replace("R079", "R0\u{e9}"));
    let items = all(&bytes(code), &X12Options::default());
    let found = items
        .iter()
        .find_map(|item| item.as_ref().unwrap().as_ref().err());
    assert_eq!(found.unwrap().kind, ProblemKind::NotUtf8);
}

#[test]
fn a_claim_too_large_is_a_problem_and_the_next_is_read() {
    let line = "NTE*ADD*A NOTE THAT NOBODY READS AND THAT STANDS IN THE CLAIM AGAIN AND AGAIN~\n";
    let large = line.repeat(claim::LARGEST_CLAIM / line.len() + 100_000);
    let text = interchange(P, VISIT);
    let at = text.find("LX*1").unwrap();
    let body_end = text.find("SE*").unwrap();
    let again = &text[text.find("CLM").unwrap()..body_end];
    let text = format!("{}{large}{again}{}", &text[..at], &text[body_end..]);
    let (claims, found) = read(&text);
    assert_eq!(claims.len(), 1);
    assert_eq!(found[0].place, ClaimPlace::Segment(6));
    assert!(found[0].kind.to_string().contains("16777216"));
}

#[test]
fn a_claim_takes_no_more_memory_than_a_claim_may() {
    let many = "LX*1~SV1*HC:1*1*UN*1***1~DTP*472*D8*20251001~".repeat(claim::MAX_LINES + 1);
    let body = format!("CLM*C*1***11:B:1~HI*ABK:G35D~{many}");
    let (claims, found) = read(&interchange(P, &body));
    assert_eq!(claims, []);
    assert!(found[0].kind.to_string().contains("10000 service lines"));

    let body = format!(
        "CLM*C*1***13:A:1~DTP*434*D8*20251001~HI*ABK:A00{}~HI*ABK:G35D~",
        "^ABF:A00".repeat(100_000)
    );
    let (claims, found) = read(&interchange(I, &body));
    assert_eq!(claims[0].codes.len(), 1000);
    assert_eq!(found.len(), 2);

    let body = format!(
        "CLM*C*1***11:B:1~HI*ABK:G35D*{}~LX*1~SV1*HC:1*1*UN*1***{}~",
        "^".repeat(100_000),
        "A:".repeat(100_000)
    );
    assert_eq!(read(&interchange(P, &body)).1.len(), 2);
}

/// A stream of claims that is made while it is read.
struct Endless {
    left: u64,
    rest: Vec<u8>,
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.rest.len() {
            self.rest.clear();
            self.at = 0;
            match self.left {
                0 => return Ok(0),
                1 => self.rest.extend(b"SE*1*0021~GE*1*7~IEA*1*000000905~"),
                _ => self.rest.extend(VISIT.as_bytes()),
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
fn many_claims_take_no_more_memory_than_few() {
    let text = interchange(P, VISIT);
    let head = &text[..text.find("CLM").unwrap()];
    let input = Endless {
        left: 200_001,
        rest: head.as_bytes().to_vec(),
        at: 0,
    };
    let mut claims = X12Claims::new(input, X12Options::default()).unwrap();
    let mut count = 0;
    let mut largest = 0;
    while let Some(item) = claims.next() {
        count += u64::from(item.unwrap().is_ok());
        largest = largest.max(claims.segments.room() + claims.ready.capacity());
    }
    assert_eq!(count, 200_000);
    assert!(largest < 300_000, "{largest}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = all(&bytes, &X12Options::default());
    }

    #[test]
    fn a_mutated_file_is_read_without_panic_and_tells_nothing(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..8),
        is_stay in any::<bool>(),
    ) {
        let body = if is_stay { STAY } else { VISIT };
        let body = body.replace("E1165", "SECRET").replace("CLM*C", "CLM*SECRET");
        let mut bytes = interchange(if is_stay { I } else { P }, &body).into_bytes();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        for item in all(&bytes, &X12Options::default()) {
            let words = match item {
                Err(error) => format!("{error} {:?}", error.hint()),
                Ok(Err(problem)) => format!("{problem:?} {}", problem.kind),
                Ok(Ok(_)) => continue,
            };
            prop_assert!(!words.contains("SECRE"), "{}", words);
        }
    }
}
