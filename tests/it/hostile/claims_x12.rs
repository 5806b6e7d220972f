//! Claims in X12 that are broken, cut, or made to harm: told by segment, and never by what they hold.

use std::io::Read;

use codeyear::claims::{
    Claim, ClaimPlace, ClaimProblem, CodeSystem, ProblemKind, X12Claims, X12Options,
};
use codeyear::error::ErrorKind;

const HEAD: &str = "ISA*00*          *00*          *ZZ*SECRET         *ZZ*SECRET         *251001*1200*^*00501*000000001*0*P*:~\
    GS*HC*SECRET*SECRET*20251001*1200*1*X*005010X222A1~\
    ST*837*SECRET*005010X222A1~BHT*0019*00*SECRET*20251001*1200*CH~\
    NM1*IL*1*SECRET*SECRET****MI*SECRET~";

const CLAIM: &str = "CLM*SECRET*150***11:B:1*Y*A*Y*Y~HI*ABK:SECRET*ABF:M545~\
    LX*1~SV1*HC:99213*150*UN*1***1:2~DTP*472*D8*20211001~";

fn trailer(segments: usize) -> String {
    format!("SE*{segments}*SECRET~GE*1*1~IEA*1*000000001~")
}

fn file() -> String {
    format!("{HEAD}{CLAIM}{}", trailer(9))
}

/// Reads to the end, or to the error that ends it; no word of either holds what was planted.
fn read(input: impl Read) -> (Vec<Claim>, Vec<ClaimProblem>, Option<codeyear::Error>) {
    let (mut claims, mut problems) = (Vec::new(), Vec::new());
    let mut items = X12Claims::new(input, X12Options::default()).unwrap();
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
fn a_sound_file_is_read_whatever_its_delimiters() {
    for (from, to) in [
        ("*", "*"),
        ("*", "\u{1d}"),
        (":", "\u{1f}"),
        ("~", "\n"),
        ("^", "\u{1e}"),
    ] {
        let (claims, problems, error) = read(file().replace(from, to).as_bytes());
        assert!(error.is_none() && problems.is_empty(), "{problems:?}");
        assert_eq!(claims.len(), 1);
        assert_eq!(claims[0].place, ClaimPlace::Segment(6));
        assert_eq!(claims[0].codes.len(), 2);
    }
}

#[test]
fn an_interchange_that_is_cut_off_is_a_problem_with_its_place() {
    let text = file();
    for cut in [200, text.find("DTP").unwrap(), text.find("IEA").unwrap()] {
        let (_, problems, error) = read(&text.as_bytes()[..cut]);
        assert!(error.is_none());
        let problem = problems.last().unwrap();
        let words = problem.kind.to_string();
        assert!(words.contains("cut off after segment"), "{words}");
        assert!(!problem.is_claim);
    }
}

#[test]
fn wrong_counts_are_problems_with_their_segment() {
    let (claims, problems, error) = read(format!("{HEAD}{CLAIM}{}", trailer(8)).as_bytes());
    assert!(error.is_none());
    assert_eq!(claims.len(), 1);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].place, ClaimPlace::Segment(11));
    assert_eq!(problems[0].field.as_deref(), Some("SE01"));
    assert!(
        problems[0]
            .kind
            .to_string()
            .starts_with("expected 9 in SE01")
    );
}

#[test]
fn a_code_of_an_unknown_list_is_never_passed_over() {
    let text = file().replace("ABF:M545", "QQQ:M545");
    let (claims, problems, _) = read(text.as_bytes());
    // It has no verdict, by the reason that nobody knows its label.
    assert_eq!(claims[0].codes[1].label, "QQQ");
    assert_eq!(claims[0].codes[1].system, CodeSystem::Unknown);
    let fields: Vec<_> = problems
        .iter()
        .map(|one| (one.place, one.field.as_deref()))
        .collect();
    assert_eq!(fields, [(ClaimPlace::Segment(9), Some("SV107"))]);
}

#[test]
fn a_day_that_is_in_no_calendar_is_said_of_each_code() {
    let text = file().replace("20211001~SE", "20210230~SE");
    let (claims, problems, _) = read(text.as_bytes());
    assert_eq!(problems, []);
    for code in &claims[0].codes {
        assert_eq!(
            code.day,
            Err(ProblemKind::BadDate {
                expected: "CCYYMMDD".into()
            })
        );
    }
}

#[test]
fn nul_bytes_are_problems() {
    let text = file().replace("ABF:M545", "ABF:M\0\0\x35");
    let (claims, problems, error) = read(text.as_bytes());
    assert!(error.is_none());
    assert_eq!(claims[0].codes, []);
    assert_eq!(problems[0].kind, ProblemKind::Nul);
    assert!(read(&[0_u8; 4096][..]).2.is_some());
}

#[test]
fn a_remittance_is_no_claim() {
    let text = file().replace("ST*837", "ST*835");
    let (claims, problems, error) = read(text.as_bytes());
    assert!(error.is_none());
    assert_eq!((claims.len(), problems.len()), (0, 0));
}

#[test]
fn an_element_of_a_gigabyte_is_refused_before_it_is_in_memory() {
    for head in [
        format!("{HEAD}CLM*"),
        format!("{HEAD}{CLAIM}HI*ABK:"),
        HEAD[..100].to_owned(),
    ] {
        let endless = head.as_bytes().chain(std::io::repeat(b'A').take(1 << 30));
        let mut counted = Counted(endless, 0);
        let (_, problems, error) = read(&mut counted);
        assert!(error.is_some() || !problems.is_empty());
        assert!(counted.1 < 2 << 20, "{} bytes were read", counted.1);
    }
}

/// A reader that counts.
struct Counted<R>(R, u64);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(room)?;
        self.1 += count as u64;
        Ok(count)
    }
}

#[test]
fn an_input_that_fails_ends_the_reading_with_its_reason() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let text = file();
    let half = &text.as_bytes()[..text.len() / 2];
    let error = read(half.chain(Failing)).2.unwrap();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("the disk is gone"));
}
