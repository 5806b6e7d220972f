//! What became of codes, and when they were exempt from POA reporting, as check and history say it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use codeyear::answer::{self, ShowOptions};
use codeyear::model::{Answer, Code, CodeSet, Fate, LineageKind, LineageLink, Retirement, Verdict};
use codeyear::present::Style;
use codeyear::store::Store;

use super::{Record, everything, id, say, truth};
use crate::world::{World, official_releases};

const SET: CodeSet = CodeSet::Icd10Cm;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn check(store: &Store, code: &str, date: &str) -> Answer {
    answer::check(&store.codes(SET).unwrap(), code, day(date)).unwrap()
}

fn retirement(store: &Store, code: &str, date: &str) -> Retirement {
    let answer = check(store, code, date);
    answer
        .retirement
        .clone()
        .unwrap_or_else(|| panic!("{answer:?}"))
}

/// The row of the FY2026 table that a link cites: the first two rows of the sheet are prose and headers.
fn cited<'t>(table: &'t [Record], link: &LineageLink) -> &'t Record {
    assert_eq!(link.table, id("FY2026"), "{link:?}");
    &table[link.row as usize - 3]
}

/// Holds a link to the row that it cites.
fn proven(table: &[Record], link: &LineageLink) {
    let row = cited(table, link);
    assert_eq!(row["current"].trim(), link.new.to_string(), "{link:?}");
    assert_eq!(row["effective"], link.effective_from.to_string());
    assert_eq!(row["previous_raw"], link.cell);
    if link.is_named {
        assert!(link.cell.contains(&link.old.to_string()), "{link:?}");
    }
}

#[test]
fn successors_of_well_known_codes_are_named_with_their_rows_of_the_table() {
    let Some(releases) = official_releases("successors with their rows") else {
        return;
    };
    let store = everything(&releases);
    let table = truth(&releases, "icd10cm-conversion-fy2026.csv");
    for (old, from, fate, successors) in [
        (
            "M54.5",
            "2021-10-01",
            Fate::BecameHeader,
            "M54.50 M54.51 M54.59",
        ),
        (
            "G35",
            "2025-10-01",
            Fate::BecameHeader,
            "G35.A G35.B0 G35.B1 G35.B2 G35.C0 G35.C1 G35.C2 G35.D",
        ),
        (
            "T81.4XXA",
            "2018-10-01",
            Fate::Deleted,
            "T81.40XA T81.41XA T81.42XA T81.43XA T81.44XA T81.49XA",
        ),
        (
            "Z28.3",
            "2022-04-01",
            Fate::BecameHeader,
            "Z28.310 Z28.311 Z28.39",
        ),
    ] {
        let found = retirement(&store, old, "2026-03-01");
        assert_eq!(found.retired_from, day(from), "{old}");
        assert_eq!(found.fate, fate, "{old}");
        assert_eq!(found.kind, Some(LineageKind::Split), "{old}");
        assert!(found.guess.is_empty(), "{old}: {found:?}");
        let named: Vec<String> = found
            .successors
            .iter()
            .map(|successor| successor.code.to_string())
            .collect();
        assert_eq!(named.join(" "), successors, "{old}");
        for successor in &found.successors {
            assert!(successor.entry.as_ref().unwrap().billable, "{old}");
            assert_eq!(successor.steps.len(), 1, "{old}");
            proven(&table, &successor.steps[0]);
        }
        // Nothing is said on its last day.
        let eve = day(from).pred_opt().unwrap().to_string();
        let before = check(&store, old, &eve);
        assert_eq!(before.verdict.name(), "billable", "{old}");
        assert_eq!(before.retirement, None, "{old}");
        // The new code knows where it came from, by the same row.
        let newest = answer::history(&store.codes(SET).unwrap(), &named[0]).unwrap();
        let back = &newest.lineage.lineage.predecessors;
        assert!(
            back.contains(&found.successors[0].steps[0]),
            "{old}: {back:?}"
        );
    }
}

#[test]
fn where_the_table_names_no_successor_that_is_said_and_a_guess_is_called_one() {
    let Some(releases) = official_releases("no successor named") else {
        return;
    };
    let store = everything(&releases);
    let table = truth(&releases, "icd10cm-conversion-fy2026.csv");
    for (code, guess) in [
        ("C83.39", "C83.390 C83.398"),
        (
            "H36",
            "H36.811 H36.812 H36.813 H36.819 H36.821 H36.822 H36.823 H36.829 H36.89",
        ),
        // Deleted for good: who dies before regaining consciousness has no subsequent encounter.
        ("S06.0X7D", ""),
    ] {
        let named = |record: &Record| {
            let mut words =
                record["previous_raw"].split(|c: char| !c.is_alphanumeric() && c != '.');
            words.any(|word| word == code)
        };
        assert!(!table.iter().any(named), "{code} is in the table");
        let found = retirement(&store, code, "2026-03-01");
        assert_eq!(found.table, Some(id("FY2026")), "{code}");
        assert!(found.successors.is_empty(), "{code}: {found:?}");
        let guessed: Vec<String> = found.guess.iter().map(|one| one.code.to_string()).collect();
        assert_eq!(guessed.join(" "), guess, "{code}");

        let database = store.path().to_str().unwrap();
        let run = World::empty().run(&["--db", database, "check", code, "--on", "2026-03-01"]);
        assert_eq!(run.exit, 1, "{run:?}");
        let says = run.stdout.as_str();
        assert!(
            says.contains("no replacement listed in the FY2026 conversion table"),
            "{run:?}"
        );
        assert_eq!(says.contains("suggestion: "), !guess.is_empty(), "{run:?}");
        assert!(!says.contains("replaced by"), "{run:?}");
    }
    // Without any table nothing is said of what tables name.
    let without = super::holding(&releases, SET, &["FY2025-04", "FY2026-04"]);
    let found = retirement(&without, "G35", "2026-05-01");
    assert_eq!((found.table, found.successors.len()), (None, 0));
    assert_eq!(found.guess.len(), 8);
}

#[test]
fn the_code_of_covid_is_known_from_the_first_of_april_2020_with_the_row_that_says_so() {
    let Some(releases) = official_releases("U07.1") else {
        return;
    };
    let store = everything(&releases);
    let table = truth(&releases, "icd10cm-conversion-fy2026.csv");
    for (code, from) in [("U07.1", "B97.29"), ("U07.0", "J80")] {
        let eve = check(&store, code, "2020-03-31");
        let Verdict::NotYetEffective {
            first_day, exact, ..
        } = eve.verdict
        else {
            panic!("{eve:?}");
        };
        assert_eq!((first_day, exact), (day("2020-04-01"), true), "{code}");
        let first = check(&store, code, "2020-04-01");
        assert_eq!(first.verdict.name(), "billable", "{code}");
        let basis = first.basis.unwrap();
        assert_eq!(basis.release, id("FY2020"), "{code}");
        assert!(basis.patch.unwrap().contains("2020-04-01"), "{code}");
        let history = answer::history(&store.codes(SET).unwrap(), code).unwrap();
        assert_eq!(history.spans[0].valid_from, day("2020-04-01"), "{code}");
        let links = &history.lineage.lineage.predecessors;
        let old = links.iter().find(|link| link.old.to_string() == from);
        let old = old.unwrap_or_else(|| panic!("{code}: {links:?}"));
        assert_eq!(old.fate, Fate::StaysBillable, "{code}");
        proven(&table, old);
    }
}

#[test]
fn the_codes_of_covid_treatments_are_known_from_the_first_of_august_2020_with_the_row_that_says_so()
{
    let Some(releases) = official_releases("XW033E5") else {
        return;
    };
    let store = everything(&releases);
    let pcs = CodeSet::Icd10Pcs;
    let check =
        |code: &str, on: &str| answer::check(&store.codes(pcs).unwrap(), code, day(on)).unwrap();
    for (code, verdict) in [
        ("XW033E5", "billable"),
        ("XW13325", "billable"),
        ("XW1", "header"),
    ] {
        let eve = check(code, "2020-07-31").verdict;
        let Verdict::NotYetEffective {
            first_day, exact, ..
        } = eve
        else {
            panic!("{eve:?}");
        };
        assert_eq!((first_day, exact), (day("2020-08-01"), true), "{code}");
        let first = check(code, "2020-08-01");
        assert_eq!(first.verdict.name(), verdict, "{code}");
        let basis = first.basis.unwrap();
        assert_eq!(basis.release, id("FY2020"), "{code}");
        let citation = basis.patch.unwrap();
        assert!(citation.contains("FY2021-01's order file"), "{citation}");
        // The release of October 2020 is not at hand.
        let uncovered = check(code, "2020-10-01");
        assert_eq!(uncovered.verdict.name(), "not-covered", "{code}");
        assert_eq!(check(code, "2021-01-01").verdict.name(), verdict, "{code}");
    }
}

#[test]
fn every_code_retired_since_fy2018_has_successors_or_is_said_to_have_none() {
    let Some(releases) = official_releases("every retired code") else {
        return;
    };
    let store = everything(&releases);
    let table = truth(&releases, "icd10cm-conversion-fy2026.csv");
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unled: Vec<String> = Vec::new();
    let mut retired = 0;
    for record in truth(&releases, "icd10cm-changes.csv") {
        let gone = matches!(record["change"].as_str(), "deleted" | "became_header");
        if id(&record["to"]) < id("FY2018") || !gone {
            continue;
        }
        let eve = day(&record["effective"]).pred_opt().unwrap().to_string();
        let before = check(&store, &record["code"], &eve);
        if before.verdict.name() != "billable" {
            continue;
        }
        retired += 1;
        let code = &record["code"];
        // FY2027 has no conversion table yet, so that nothing can be said of what it retires.
        let is_future = id(&record["to"]) == id("FY2027");
        let (asked, last_table) = if is_future {
            (record["effective"].as_str(), None)
        } else {
            ("2026-03-01", Some(id("FY2026")))
        };
        let now = check(&store, code, asked);
        *counts.entry(now.verdict.name()).or_default() += 1;
        // A code that is listed again can be reported and needs none.
        let Some(found) = now.retirement else {
            assert_eq!(now.verdict.name(), "billable", "{code}");
            unled.push(code.clone());
            continue;
        };
        assert_eq!(found.table, last_table, "{code}");
        assert_eq!(
            found.retired_from.to_string(),
            record["effective"],
            "{code}"
        );
        for successor in &found.successors {
            assert!(!successor.steps.is_empty(), "{code}");
            for step in &successor.steps {
                proven(&table, step);
            }
        }
        let billable = found.successors.iter().any(|successor| {
            let entry = successor.entry.as_ref();
            entry.is_some_and(|entry| entry.billable)
        });
        let how = match (found.successors.len(), found.guess.len()) {
            (0, _) if is_future => "no table",
            (0, 0) => "none named, none guessed",
            (0, _) => "none named, guessed",
            _ if billable => "led to billable codes",
            _ => "led to codes that are not billable",
        };
        *counts.entry(how).or_default() += 1;
        let steps = found.successors.iter().map(|one| one.steps.len()).max();
        if steps > Some(1) {
            *counts.entry("by several steps").or_default() += 1;
        }
    }
    say(&format!(
        "{retired} retired: {counts:?}; again billable {unled:?}"
    ));
    assert_eq!(retired, 719);
    let counts: Vec<(&str, usize)> = counts.into_iter().collect();
    assert_eq!(counts, FATES);
}

/// How the 719 stand, and what leads on from them.
const FATES: [(&str, usize); 7] = [
    ("by several steps", 2),
    // 421 and 268 to FY2026; FY2027 deletes 15 billable codes and makes headers of 15.
    ("deleted", 436),
    ("header", 283),
    // 571 that the table names and H81.42, which lies in a range.
    ("led to billable codes", 572),
    ("no table", 30),
    ("none named, guessed", 8),
    ("none named, none guessed", 109),
];

#[test]
fn codes_are_exempt_from_poa_reporting_on_the_days_that_the_spot_checks_say() {
    let Some(releases) = official_releases("POA spot checks") else {
        return;
    };
    let store = everything(&releases);
    let mut asked = 0;
    for record in truth(&releases, "icd10cm-spot-checks.csv") {
        let Some(code) = record["code"].strip_suffix(" POA") else {
            continue;
        };
        asked += 1;
        let code: Code = SET.parse_code(code).unwrap();
        let span = answer::poa_on(&store.codes(SET).unwrap(), &code, day(&record["date"])).unwrap();
        let exempt = span.unwrap().exempt;
        assert_eq!(exempt, record["answer"] == "exempt", "{record:?}");
    }
    assert_eq!(asked, 3);

    let history = answer::history(&store.codes(SET).unwrap(), "Z51.5").unwrap();
    let stretches: Vec<String> = history
        .lineage
        .poa
        .iter()
        .map(|span| {
            let word = if span.exempt { "exempt" } else { "not" };
            let (first, last) = (span.first_list, span.last_list);
            format!("{} {} {word} {first} {last}", span.from, span.until)
        })
        .collect();
    assert_eq!(
        stretches,
        [
            "2015-10-01 2016-10-01 exempt FY2016 FY2016",
            "2016-10-01 2021-10-01 not FY2017 FY2021-01",
            "2021-10-01 2026-10-01 exempt FY2022 FY2026",
        ]
    );
    // No list governs the days before the first and after the last.
    let code = SET.parse_code("Z51.5").unwrap();
    for date in ["2015-09-30", "2026-10-01"] {
        let span = answer::poa_on(&store.codes(SET).unwrap(), &code, day(date)).unwrap();
        assert_eq!(span, None, "{date}");
    }
}

#[test]
fn poa_reporting_is_told_of_a_code_on_the_days_on_which_it_is_billable_only() {
    let Some(releases) = official_releases("POA of billable codes only") else {
        return;
    };
    let store = everything(&releases);
    let span = |code: &str, date: &str| {
        let code = SET.parse_code(code).unwrap();
        answer::poa_on(&store.codes(SET).unwrap(), &code, day(date)).unwrap()
    };
    // A header, a code that no release lists, and codes before their first day and after their last.
    for (code, date) in [
        ("E11", "2025-11-01"),
        ("Z99.99", "2025-11-01"),
        ("E11.A", "2025-09-30"),
        ("M54.50", "2021-09-30"),
        ("M54.5", "2021-10-01"),
    ] {
        assert_eq!(span(code, date), None, "{code} on {date}");
        let options = ShowOptions::default();
        let page = answer::show(&store.codes(SET).unwrap(), code, day(date), options).unwrap();
        assert!(!page.asks_for_poa(), "{code} on {date}");
        let text = codeyear::present::text::show(&page, Style::PLAIN);
        assert!(
            !text.contains("POA") && !text.contains("not exempt"),
            "{text}"
        );
    }
    // It begins with the code and not with the first list.
    let first = span("E11.A", "2025-10-01").unwrap();
    assert_eq!((first.exempt, first.from), (false, day("2025-10-01")));
    let last = span("M54.5", "2021-09-30").unwrap();
    assert_eq!(
        (last.from, last.until),
        (day("2015-10-01"), day("2021-10-01"))
    );
}
