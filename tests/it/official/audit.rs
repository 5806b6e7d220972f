//! The audit of claims against `check`, on the full official files.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::{everything, say};
use crate::world::official_releases;
use codeyear::answer;
use codeyear::claims::{
    Annotated, CodeColumn, ColumnsAsked, DateFormat, Finding, Index, RowOptions, TableOptions,
    UseBasis, audit_delimited,
};
use codeyear::model::{
    Answer, Code, CodeSet, Entry, Sets, Span, Status, Timeline, UnknownReason, Verdict,
    VerdictKind, judge, typed_code,
};
use codeyear::store::Store;

/// Numbers that look random and are the same on every run.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    pub(super) fn one_of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Every code of any release, and what goes wrong with codes.
fn texts(store: &Store, numbers: &mut Numbers, many: usize) -> Vec<(CodeSet, String)> {
    let mut texts = Vec::new();
    for code_set in CodeSet::ALL {
        let mut codes: Vec<Code> = Vec::new();
        for stored in store.releases().unwrap() {
            if stored.release.code_set == code_set {
                let listing = store.listing(code_set, stored.release.id).unwrap();
                codes.extend(listing.entries.iter().map(|entry| entry.code));
            }
        }
        codes.sort_unstable();
        codes.dedup();
        for _ in 0..many / CodeSet::ALL.len() {
            let code = numbers.one_of(&codes);
            let dotted = code.to_string();
            let mut text = match numbers.below(10) {
                0 => code.as_str().to_owned(),
                1 => dotted.to_lowercase(),
                2 => format!(" {dotted}\t"),
                _ => dotted,
            };
            match numbers.below(12) {
                0 => {
                    text.pop();
                }
                1 => text.push(*numbers.one_of(&['A', 'X', '0', '9', '.', ' ', '\u{a0}', 'é'])),
                2 => {
                    let at = numbers.below(text.len());
                    if text.is_char_boundary(at) {
                        text.insert(at, *numbers.one_of(&['A', '1', '.', '-', '\0']));
                    }
                }
                _ => {}
            }
            texts.push((code_set, text));
        }
    }
    texts
}

fn day(numbers: &mut Numbers) -> NaiveDate {
    let first: NaiveDate = "2013-01-01".parse().unwrap();
    let days: [NaiveDate; 6] = [
        "2015-09-30".parse().unwrap(),
        "2015-10-01".parse().unwrap(),
        "2020-04-01".parse().unwrap(),
        "2021-10-01".parse().unwrap(),
        "1970-01-01".parse().unwrap(),
        "2075-06-01".parse().unwrap(),
    ];
    match numbers.below(20) {
        0 => *numbers.one_of(&days),
        _ => first + Days::new(numbers.below(14 * 366) as u64),
    }
}

/// The verdict that `check` gives, by its own rule over the database.
fn verdict(timeline: &Timeline, text: &str, life: &[Span<Entry>], date: NaiveDate) -> VerdictKind {
    if timeline.code_set().parse_code(text).is_err() {
        return VerdictKind::Unknown;
    }
    match judge(date, timeline, life) {
        Status::NotInForce => VerdictKind::NotInForce,
        Status::NotCovered => VerdictKind::NotCovered,
        Status::Listed { entry, .. } if entry.billable => VerdictKind::Billable,
        Status::Listed { .. } => VerdictKind::Header,
        Status::NotYet { .. } => VerdictKind::NotYetEffective,
        Status::Deleted { .. } => VerdictKind::Deleted,
        Status::Unknown { .. } => VerdictKind::Unknown,
    }
}

#[test]
fn the_index_gives_the_verdict_of_check_on_a_million_random_pairs() {
    let Some(releases) = official_releases("the index against check") else {
        return;
    };
    let store = everything(&releases);
    let index = Index::open(everything(&releases)).unwrap();
    let mut numbers = Numbers(20_260_401);
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let timelines = CodeSet::ALL.map(|code_set| (code_set, store.timeline(code_set).unwrap()));
    let timelines = BTreeMap::from(timelines);
    for (code_set, text) in texts(&store, &mut numbers, 20_000) {
        let life = code_set
            .parse_code(&text)
            .map(|code| store.spans(code_set, &code).unwrap())
            .unwrap_or_default();
        for _ in 0..50 {
            let date = day(&mut numbers);
            let expected = verdict(&timelines[&code_set], &text, &life, date);
            let found = index.verdict(code_set, &text, date).unwrap();
            assert_eq!(found, expected, "{code_set} {text:?} {date}");
            *counts.entry(found.name()).or_default() += 1;
        }
    }
    say(&format!("{counts:?}"));
    assert_eq!(counts.values().sum::<u64>(), 1_000_000);
    assert_eq!(counts.len(), 7, "every verdict occurs: {counts:?}");
}

#[test]
fn what_is_kept_of_a_code_is_what_is_found_anew_on_each_of_its_days() {
    let Some(releases) = official_releases("what an audit keeps against what it finds") else {
        return;
    };
    let store = everything(&releases);
    let index = Index::open(everything(&releases)).unwrap();
    let mut numbers = Numbers(2_030);
    let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    let texts: Vec<(CodeSet, String)> = texts(&store, &mut numbers, 4_000);
    for code_set in CodeSet::ALL {
        let own = texts.iter().filter(|(of, _)| *of == code_set);
        let codes: Vec<&str> = own
            .map(|(_, text)| text.trim())
            .filter(|text| is_plain(text))
            .collect();
        // All days of a code, and of those above it, follow each other, so that what is found on the first is there for all.
        let mut asked: Vec<(&str, NaiveDate)> = Vec::new();
        for code in codes {
            for _ in 0..40 {
                let cut = numbers.below(3).min(code.len().saturating_sub(3));
                asked.push((&code[..code.len() - cut], day(&mut numbers)));
            }
        }
        let rows = asked.iter().map(|(code, date)| format!("{code},{date}\n"));
        let text: String = std::iter::once("dx,dos\n".to_owned()).chain(rows).collect();
        let options = TableOptions {
            columns: ColumnsAsked {
                codes: vec![CodeColumn {
                    name: "dx".to_owned(),
                    code_set: Some(code_set),
                }],
                dates: vec!["dos".to_owned()],
                ..ColumnsAsked::default()
            },
            date_format: Some(DateFormat::Iso),
            delimiter: Some(b','),
            split: None,
            rows: RowOptions {
                threads: 1,
                plain_codes: true,
                ..RowOptions::default()
            },
        };
        let mut out = Vec::new();
        let to = Annotated::To(&mut out);
        let input = Box::new(std::io::Cursor::new(text));
        audit_delimited(&index, input, "claims", &options, to, &mut |_| {}).unwrap();
        let mut written = csv::Reader::from_reader(out.as_slice());
        let mut failing = 0;
        for (row, (code, date)) in written.records().zip(&asked) {
            let row = row.unwrap();
            let found = index.find(code_set, code, *date).unwrap();
            let text = |value: Option<String>| value.unwrap_or_default();
            let uses: Vec<&str> = found.uses.iter().map(Code::as_str).collect();
            let expected = [
                found.verdict.name().to_owned(),
                text(found.release.map(|release| release.to_string())),
                text(found.day.map(|day| day.to_string())),
                uses.join(" "),
                text(
                    Some(found.use_count)
                        .filter(|count| *count > 0)
                        .map(|count| count.to_string()),
                ),
                text(found.use_basis.map(|basis| basis.name().to_owned())),
                found.why.clone(),
            ];
            let cells: Vec<&str> = row.iter().skip(row.len() - 7).collect();
            assert_eq!(cells, expected, "{code_set} {code} {date}");
            failing += u32::from(found.verdict != VerdictKind::Billable);
        }
        say(&format!(
            "{code_set}: {} rows, {failing} of them not billable",
            asked.len()
        ));
        assert!(asked.len() > 50_000 && failing > 10_000, "{failing}");
    }
}

fn codes(entries: &[Entry]) -> Vec<Code> {
    entries.iter().map(|entry| entry.code).collect()
}

/// The codes that `check` tells to use, and why these.
fn uses(answer: &Answer) -> (Vec<Code>, Option<UseBasis>) {
    if let Some(retirement) = &answer.retirement {
        let entries = retirement.successors.iter();
        let named: Vec<Code> = entries
            .filter_map(|successor| successor.entry.as_ref())
            .filter(|entry| entry.billable)
            .map(|entry| entry.code)
            .collect();
        if !named.is_empty() {
            return (named, Some(UseBasis::ConversionTable));
        }
    }
    let (codes, basis) = match &answer.verdict {
        Verdict::Header { billable_below, .. } => (codes(billable_below), UseBasis::Below),
        Verdict::Deleted { .. } => {
            let guess = answer
                .retirement
                .as_ref()
                .map(|retirement| &retirement.guess);
            (
                guess.map(|guess| codes(guess)).unwrap_or_default(),
                UseBasis::Guess,
            )
        }
        Verdict::Unknown {
            reason: UnknownReason::MissingSeventhCharacter { options },
        } => {
            let billable: Vec<Entry> = options
                .iter()
                .filter(|entry| entry.billable)
                .cloned()
                .collect();
            (codes(&billable), UseBasis::SeventhCharacter)
        }
        Verdict::Unknown {
            reason: UnknownReason::NotListed { nearest, .. },
        } => (codes(nearest), UseBasis::Similar),
        _ => (Vec::new(), UseBasis::Below),
    };
    let basis = (!codes.is_empty()).then_some(basis);
    (codes, basis)
}

#[test]
fn a_finding_tells_what_check_tells() {
    let Some(releases) = official_releases("findings against check") else {
        return;
    };
    let store = everything(&releases);
    let index = Index::open(everything(&releases)).unwrap();
    let mut numbers = Numbers(7);
    let mut pairs: Vec<(CodeSet, String, NaiveDate)> = texts(&store, &mut numbers, 2_000)
        .into_iter()
        .map(|(code_set, text)| (code_set, text, day(&mut numbers)))
        .collect();
    // Every header with an order of its own, and every code that was retired, on two days.
    let mut retired: Vec<Code> = Vec::new();
    for record in super::truth(&releases, "icd10cm-changes.csv") {
        retired.extend(CodeSet::Icd10Cm.parse_code(&record["code"]).ok());
    }
    retired.sort_unstable();
    retired.dedup();
    for code in retired {
        for date in ["2022-03-01", "2026-05-01"] {
            pairs.push((
                CodeSet::Icd10Cm,
                code.as_str().to_owned(),
                date.parse().unwrap(),
            ));
        }
    }
    for text in [
        "C84", "C91", "D46", "V06", "S82", "U07", "T81.4", "U07.1", "K35.2",
    ] {
        for date in ["2016-01-01", "2020-05-01", "2023-05-01", "2026-05-01"] {
            pairs.push((CodeSet::Icd10Cm, text.to_owned(), date.parse().unwrap()));
        }
    }
    let mut bases: BTreeMap<Option<UseBasis>, u64> = BTreeMap::new();
    for (code_set, text, date) in pairs {
        let answer = answer::check(&store.codes(code_set).unwrap(), &text, date).unwrap();
        let finding: Finding = index.find(code_set, &text, date).unwrap();
        let what = format!("{code_set} {text:?} {date}");
        // People are read as they mean it, a file to the letter.
        if typed_code(&text) != text.trim() {
            assert_eq!(
                (finding.code, finding.verdict),
                (None, VerdictKind::Unknown),
                "{what}"
            );
            continue;
        }
        assert_eq!(finding.verdict.name(), answer.verdict.name(), "{what}");
        assert_eq!(finding.code, answer.code, "{what}");
        let release = answer.basis.as_ref().map(|basis| basis.release);
        assert_eq!(finding.release, release, "{what}");
        let (expected, basis) = uses(&answer);
        assert_eq!(finding.use_count, expected.len(), "{what}");
        assert_eq!(finding.use_basis, basis, "{what}");
        assert_eq!(finding.uses, expected[..expected.len().min(10)], "{what}");
        match &answer.verdict {
            Verdict::NotYetEffective { first_day, .. } => assert_eq!(finding.day, Some(*first_day)),
            Verdict::Deleted { last_day, .. } => assert_eq!(finding.day, Some(*last_day), "{what}"),
            _ => {}
        }
        // Told by its text, as check tells it.
        assert_eq!(
            index.code_set_among(&CodeSet::ALL, &text).unwrap(),
            answer::detect_code_set(&Sets::new(|code_set| store.codes(code_set).unwrap()), &text)
                .unwrap(),
            "{what}"
        );
        // In full too, with every title, file, citation and warning.
        index.read_titles().unwrap();
        assert_eq!(
            answer::check(&index.codes(code_set), &text, date).unwrap(),
            answer,
            "{what}"
        );
        *bases.entry(basis).or_default() += 1;
    }
    say(&format!("{bases:?}"));
    assert_eq!(bases.len(), 6, "every basis occurs: {bases:?}");
}
