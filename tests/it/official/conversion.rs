//! Every conversion table: no row dropped, every cell verbatim, and what the rows say of retired codes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::NaiveDate;
use codeyear::model::{
    Code, CodeSet, ConversionFact, ConversionRow, ConversionTable, Conversions, Fate, LineageKind,
    ListedAs, Previous, PreviousPart, ReleaseId, RowFlaw, TabularOrder,
};
use codeyear::parse::conversion::{looks_like_conversion, parse_conversion};
use codeyear::parse::order::OrderFile;
use codeyear::source::archive::find;
use codeyear::source::kind::FileKind;
use codeyear::source::recognise::{HEAD, recognise};

use super::{id, release_zip, say, truth};
use crate::world::official_releases;

/// The tables, and how many rows each has by another reader of workbooks (openpyxl, Python's csv).
const TABLES: [(&str, usize); 12] = [
    ("FY2017", 1970),
    ("FY2018", 2330),
    ("FY2019", 2609),
    ("FY2020", 2882),
    ("FY2021-01", 3378),
    ("FY2022", 3537),
    ("FY2022-04", 3540),
    ("FY2023", 4716),
    ("FY2023-04", 4758),
    ("FY2024", 5153),
    ("FY2025", 5405),
    ("FY2026", 5892),
];

fn member(releases: &Path, release: &str, wanted: impl Fn(&str, &[u8]) -> bool) -> Vec<Vec<u8>> {
    let zip = release_zip(releases, CodeSet::Icd10Cm, release);
    let found = find(&[zip]).unwrap().found;
    found
        .iter()
        .map(|file| (file, file.read().unwrap()))
        .filter(|(file, bytes)| wanted(&file.name, &bytes[..bytes.len().min(HEAD)]))
        .map(|(_, bytes)| bytes)
        .collect()
}

fn table(releases: &Path, release: &str) -> ConversionTable {
    let found = member(releases, release, looks_like_conversion);
    let [bytes] = found.as_slice() else {
        panic!("{release}: {} conversion tables", found.len());
    };
    parse_conversion(bytes).unwrap_or_else(|error| panic!("{release}: {error}"))
}

/// The order files of ICD-10-CM from FY2016 on: all codes, and the billable ones in tabular order.
struct Releases {
    known: BTreeMap<ReleaseId, (BTreeMap<Code, bool>, TabularOrder)>,
}

impl Releases {
    fn read(releases: &Path) -> Releases {
        let mut known = BTreeMap::new();
        for release in [
            "FY2016",
            "FY2017",
            "FY2018",
            "FY2019",
            "FY2020",
            "FY2021",
            "FY2021-01",
            "FY2022",
            "FY2022-04",
            "FY2023",
            "FY2023-04",
            "FY2024",
            "FY2024-04",
            "FY2025",
            "FY2025-04",
            "FY2026",
            "FY2026-04",
        ] {
            let order = FileKind::OrderFile(CodeSet::Icd10Cm);
            let found = member(releases, release, |name, head| {
                recognise(name, head) == order
            });
            let file = OrderFile::parse(CodeSet::Icd10Cm, found.into_iter().next().unwrap());
            let file = file.unwrap();
            let listed = file.rows().iter().map(|row| (row.code, row.billable));
            let billable = file.rows().iter().filter(|row| row.billable);
            let billable = TabularOrder::new(billable.map(|row| row.code).collect());
            known.insert(id(release), (listed.collect(), billable));
        }
        Releases { known }
    }

    fn is_listed(&self, code: &Code) -> bool {
        self.known
            .values()
            .any(|(listed, _)| listed.contains_key(code))
    }

    /// The billable codes of the release before a day.
    fn day_before(&self, day: NaiveDate) -> &TabularOrder {
        let before = self.known.iter().rev();
        let mut before = before.filter(|(release, _)| release.effective_from() < day);
        &before.next().unwrap().1.1
    }
}

fn by_release(codes: &[&(Code, ReleaseId)]) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (code, release) in codes {
        let list = found.entry(release.to_string()).or_default();
        list.push(code.as_str().to_owned());
    }
    found
}

/// What sort of row it is, for the figures.
fn reading(row: &ConversionRow) -> &'static str {
    let parts: Vec<_> = row.reading.parts().collect();
    match &row.reading {
        Previous::None => "none",
        Previous::Unreadable { .. } => "unreadable",
        Previous::Codes { groups } if groups.len() > 1 => "together",
        Previous::Codes { .. } => match parts.as_slice() {
            [PreviousPart::Code(_)] => "one code",
            [PreviousPart::Range { .. }] => "a range",
            [PreviousPart::Categories { .. }] => "a range of categories",
            [PreviousPart::Below(_)] => "all below a code",
            _ => "one of several",
        },
    }
}

fn figures<'a>(words: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    words.fold(BTreeMap::new(), |mut counts, word| {
        *counts.entry(word).or_default() += 1;
        counts
    })
}

#[test]
fn no_conversion_table_loses_a_row() {
    let Some(releases) = official_releases("no conversion table loses a row") else {
        return;
    };
    for (release, rows) in TABLES {
        let table = table(&releases, release);
        let readings = figures(table.rows.iter().map(reading));
        say(&format!(
            "{release}: {} rows, sheet {:?}, {readings:?}",
            table.rows.len(),
            table.sheet
        ));
        assert_eq!(table.rows.len(), rows, "{release}");
        for row in &table.rows {
            assert_eq!(row.flaws(), [], "{release} row {}: {row:?}", row.row);
        }
        assert!(
            table.heading.starts_with("The National Center"),
            "{release}"
        );
    }
}

#[test]
fn every_row_of_the_fy2026_table_is_kept_verbatim_and_accounted_for() {
    let Some(releases) = official_releases("every row of the FY2026 conversion table") else {
        return;
    };
    let table = table(&releases, "FY2026");
    let expected = truth(&releases, "icd10cm-conversion-fy2026.csv");
    assert_eq!(table.rows.len(), expected.len());
    for (row, record) in table.rows.iter().zip(&expected) {
        let effective = record["effective_raw"].trim_end_matches(" 00:00:00");
        assert_eq!(row.current, record["current"], "row {}", row.row);
        assert_eq!(row.effective, effective, "row {}", row.row);
        assert_eq!(row.previous, record["previous_raw"], "row {}", row.row);
        let day = row.effective_from.map(|day| day.to_string());
        assert_eq!(day.as_deref(), Some(record["effective"].as_str()));
    }
    let readings = figures(table.rows.iter().map(reading));
    assert_eq!(readings["none"], 125);
    assert_eq!(readings["a range of categories"], 126);
    assert_eq!(
        readings["one code"], 5340,
        "5,335 and 5 with a trailing blank"
    );

    let all = Releases::read(&releases);
    let mut unlisted = Vec::new();
    let mut not_before = Vec::new();
    for row in &table.rows {
        let eve = all.day_before(row.effective_from.unwrap());
        for flaw in row.flaws_against(|code| all.is_listed(code), Some(eve)) {
            match &flaw {
                RowFlaw::CurrentUnlisted { code } => unlisted.push(code.as_str().to_owned()),
                RowFlaw::PreviousUnlisted { .. } => not_before.push(row.row),
                other => panic!("row {}: {other}", row.row),
            }
            say(&format!(
                "FY2026 row {} {} <- {}: {flaw}",
                row.row, row.current, row.previous
            ));
        }
        // Every range holds something, and each of its ends is found.
        for part in row.reading.parts() {
            let expansion = part.expand(eve);
            assert!(!expansion.codes.is_empty(), "row {}: {part:?}", row.row);
        }
    }
    say(&format!(
        "{readings:?}; current in no release {unlisted:?}; previous not billable on the eve {}",
        not_before.len()
    ));
    assert_eq!(unlisted, ["E113X11"]);
}

#[test]
fn of_the_codes_retired_since_fy2018_572_are_named_in_the_fy2026_table() {
    let Some(releases) = official_releases("retired codes in the FY2026 conversion table") else {
        return;
    };
    let table = table(&releases, "FY2026");
    let all = Releases::read(&releases);
    let mut retired: Vec<(Code, ReleaseId)> = Vec::new();
    for record in truth(&releases, "icd10cm-changes.csv") {
        let release = id(&record["to"]);
        let code = CodeSet::Icd10Cm.parse_code(&record["code"]).unwrap();
        let was_billable = all.day_before(release.effective_from()).lists(&code);
        let gone = matches!(record["change"].as_str(), "deleted" | "became_header");
        if release >= id("FY2018") && gone && was_billable {
            retired.push((code, release));
        }
    }
    // 689 to FY2026, and 30 of FY2027, which its own table will name.
    assert_eq!(retired.len(), 719);
    let named: BTreeSet<Code> = table
        .rows
        .iter()
        .flat_map(|row| row.reading.parts().flat_map(PreviousPart::named))
        .collect();
    let rest: Vec<_> = retired
        .iter()
        .filter(|(code, _)| !named.contains(code))
        .collect();
    // One of FY2027 is: it was split off while it stayed valid.
    assert_eq!(retired.len() - rest.len(), 572);

    let mut by_range: BTreeSet<Code> = BTreeSet::new();
    for row in &table.rows {
        for group in row
            .reading
            .expand(all.day_before(row.effective_from.unwrap()))
        {
            by_range.extend(group);
        }
    }
    let (in_a_range, unnamed): (Vec<&(Code, ReleaseId)>, Vec<_>) = rest
        .into_iter()
        .partition(|(code, _)| by_range.contains(code));
    say(&format!(
        "in a range {}: {:?}",
        in_a_range.len(),
        by_release(&in_a_range)
    ));
    say(&format!(
        "unnamed {}: {:?}",
        unnamed.len(),
        by_release(&unnamed)
    ));
    // H81.42 by H81.41-H81.43; the others are in no cell at all.
    assert_eq!((in_a_range.len(), unnamed.len()), (1, 146));
}

/// The rows of the tables that count, expanded over the billable codes of the eve.
fn conversions(releases: &Path, tables: &[&str], all: &Releases) -> Conversions {
    let mut facts = Vec::new();
    for release in tables {
        for row in table(releases, release).rows {
            let effective_from = row.effective_from.unwrap();
            facts.push(ConversionFact {
                table: id(release),
                row: row.row,
                code: row.code.unwrap(),
                effective_from,
                expanded: row.reading.expand(all.day_before(effective_from)),
                previous: row.reading,
                cell: row.previous,
            });
        }
    }
    Conversions::new(facts)
}

impl Releases {
    /// What the order files say, with the two codes that none of FY2020 carries.
    fn listed(&self, code: &Code, day: NaiveDate) -> ListedAs {
        let covid = matches!(code.as_str(), "U070" | "U071");
        if covid && day >= "2020-04-01".parse().unwrap() {
            return ListedAs::Billable;
        }
        let mut in_force = self.known.iter().rev();
        match in_force.find(|(release, _)| release.effective_from() <= day) {
            None => ListedAs::NotCovered,
            Some((_, (listed, _))) => match listed.get(code) {
                None => ListedAs::Unlisted,
                Some(true) => ListedAs::Billable,
                Some(false) => ListedAs::Header,
            },
        }
    }
}

#[test]
fn the_lineage_of_well_known_codes_is_what_coders_know() {
    let Some(releases) = official_releases("the lineage of well-known codes") else {
        return;
    };
    let all = Releases::read(&releases);
    let tables: Vec<&str> = TABLES.iter().map(|(release, _)| *release).collect();
    let conversions = conversions(&releases, &tables, &all);
    let listed = |code: &Code, day: NaiveDate| all.listed(code, day);
    let code = |text: &str| CodeSet::Icd10Cm.parse_code(text).unwrap();
    // Of the rows of one code and day the newest table's count, and O44.2- and O44.3- stand twice.
    assert_eq!(conversions.facts().len(), 5892 - 8);
    for (old, day, fate, kind, new) in [
        (
            "M54.5",
            "2021-10-01",
            Fate::BecameHeader,
            LineageKind::Split,
            "M5450 M5451 M5459",
        ),
        (
            "G35",
            "2025-10-01",
            Fate::BecameHeader,
            LineageKind::Split,
            "G35A G35B0 G35B1 G35B2 G35C0 G35C1 G35C2 G35D",
        ),
        (
            "T81.4XXA",
            "2018-10-01",
            Fate::Deleted,
            LineageKind::Split,
            "T8140XA T8141XA T8142XA T8143XA T8144XA T8149XA",
        ),
        (
            "Z28.3",
            "2022-04-01",
            Fate::BecameHeader,
            LineageKind::Split,
            "Z28310 Z28311 Z2839",
        ),
        (
            "B97.29",
            "2020-04-01",
            Fate::StaysBillable,
            LineageKind::SplitOff,
            "U071",
        ),
        (
            "J80",
            "2020-04-01",
            Fate::StaysBillable,
            LineageKind::SplitOff,
            "U070",
        ),
    ] {
        let lineage = conversions.lineage(&code(old), &listed);
        let day: NaiveDate = day.parse().unwrap();
        let found = lineage
            .conversions
            .iter()
            .find(|one| one.effective_from == day);
        let found = found.unwrap_or_else(|| panic!("{old}: {lineage:?}"));
        let news: Vec<&str> = found
            .successors
            .iter()
            .map(|link| link.new.as_str())
            .collect();
        assert_eq!(news.join(" "), new, "{old}");
        assert_eq!((found.fate, found.kind), (fate, kind), "{old}");
        for link in &found.successors {
            assert_eq!(link.table, id("FY2026"));
            let back = conversions.lineage(&link.new, &listed);
            assert!(back.predecessors.contains(link), "{old}: {link:?}");
        }
    }
    // K35.2 was cut up in FY2019, and its pieces again in FY2024.
    let ends = conversions.trace(
        &code("K35.2"),
        "2018-01-01".parse().unwrap(),
        "2026-06-01".parse().unwrap(),
        &listed,
    );
    let found: Vec<(&str, usize)> = ends
        .iter()
        .map(|end| (end.code.as_str(), end.steps.len()))
        .collect();
    assert_eq!(
        found,
        [
            ("K35200", 2),
            ("K35201", 2),
            ("K35209", 2),
            ("K35210", 2),
            ("K35211", 2),
            ("K35219", 2)
        ]
    );
    assert!(ends.iter().all(|end| end.listed == ListedAs::Billable));
}

#[test]
fn every_code_that_the_tables_retire_leads_to_codes_of_today() {
    let Some(releases) = official_releases("every retired code followed to today") else {
        return;
    };
    let all = Releases::read(&releases);
    let conversions = conversions(&releases, &["FY2026"], &all);
    let listed = |code: &Code, day: NaiveDate| all.listed(code, day);
    let olds: BTreeSet<Code> = conversions
        .facts()
        .iter()
        .flat_map(|fact| fact.expanded.iter().flatten().copied())
        .collect();
    let today: NaiveDate = "2026-06-01".parse().unwrap();
    let mut fates: BTreeMap<String, usize> = BTreeMap::new();
    let mut lost = Vec::new();
    for old in &olds {
        for one in conversions.lineage(old, &listed).conversions {
            *fates
                .entry(format!("{:?} {:?}", one.fate, one.kind))
                .or_default() += 1;
            if one.fate.is_retired() {
                let eve = one.effective_from.pred_opt().unwrap();
                let ends = conversions.trace(old, eve, today, &listed);
                assert!(!ends.is_empty(), "{old:?}");
                if !ends.iter().any(|end| end.listed == ListedAs::Billable) {
                    lost.push(old.as_str().to_owned());
                }
            }
        }
    }
    say(&format!(
        "{} previous codes; {fates:?}; leading nowhere: {lost:?}",
        olds.len()
    ));
    assert_eq!(lost, [""; 0]);
}
