//! Every POA list: its counts as its ReadMe states them, and its changes replayed on the list before.

use std::path::Path;

use std::collections::BTreeMap;

use codeyear::model::{Code, CodeSet, PoaAction, PoaKind, PoaList};
use codeyear::parse::poa::{looks_like_poa, parse_poa};
use codeyear::source::archive::find;
use codeyear::source::recognise::HEAD;

use super::{release_zip, say};
use crate::world::official_releases;

/// The releases with POA lists, in their order.
const RELEASES: [&str; 14] = [
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
    "FY2025",
    "FY2026",
];

/// The lists of a release, the whole one first, and its ReadMe.
fn lists(releases: &Path, release: &str) -> (Vec<PoaList>, String) {
    let mut lists = Vec::new();
    let mut readme = String::new();
    for file in find(&[release_zip(releases, CodeSet::Icd10Cm, release)])
        .unwrap()
        .found
    {
        let name = file.name.to_ascii_lowercase();
        if !name.contains("poa") {
            continue;
        }
        let bytes = file.read().unwrap();
        let told = looks_like_poa(&file.name, &bytes[..bytes.len().min(HEAD)]);
        if name.contains("readme") {
            assert_eq!(told, None, "{}", file.shown);
            readme = String::from_utf8(bytes).unwrap();
        } else {
            let list =
                parse_poa(&file.name, &bytes).unwrap_or_else(|e| panic!("{}: {e}", file.shown));
            assert_eq!(told, Some(list.kind), "{}", file.shown);
            lists.push(list);
        }
    }
    lists.sort_by_key(|list| list.kind);
    (lists, readme)
}

fn rows(lists: &[PoaList], kind: PoaKind) -> usize {
    let list = lists.iter().find(|list| list.kind == kind);
    list.map_or(0, |list| list.rows.len())
}

/// The number of codes or lines that the ReadMe states after some words: `(1,628 codes)`, `348 lines`.
fn stated(readme: &str, words: &str) -> Option<usize> {
    let rest = &readme[readme.find(words)?..];
    let brackets = &rest[rest.find('(')? + 1..rest.find(')')?];
    let last = brackets.trim_end_matches(" lines").trim_end_matches('s');
    let number = last.trim_end_matches(" code").split(' ').next_back()?;
    match number {
        "two" => Some(2),
        "four" => Some(4),
        "twelve" => Some(12),
        _ => number.replace(',', "").parse().ok(),
    }
}

#[test]
fn every_poa_list_has_the_rows_that_its_readme_states() {
    let Some(releases) = official_releases("POA lists against their ReadMe") else {
        return;
    };
    let mut differences = Vec::new();
    for release in RELEASES {
        let (lists, readme) = lists(&releases, release);
        for (kind, words) in [
            (
                PoaKind::Full,
                "List of Present On Admission (POA) exempt codes",
            ),
            (PoaKind::Add, "List of codes added"),
            (PoaKind::Delete, "List of codes deleted"),
            (PoaKind::Revise, "List of codes revised"),
        ] {
            // The words of the whole list have brackets of their own.
            let words_at = readme.find(words).map(|at| &readme[at..]);
            let text = words_at.map(|text| text.replace("(POA)", "POA"));
            let words = words.replace("(POA)", "POA");
            let stated = text.and_then(|text| stated(&text, &words)).unwrap_or(0);
            let found = rows(&lists, kind);
            say(&format!(
                "{release} {}: ReadMe {stated}, rows {found}",
                kind.name()
            ));
            if stated != found {
                differences.push((release, kind, stated, found));
            }
        }
    }
    // FY2017's ReadMe is off by three: 35,239 and 1,814 less 178 are the 36,875 of its list.
    assert_eq!(differences, [("FY2017", PoaKind::Add, 1817, 1814)]);
}

/// What remains when the changes of a POA release are replayed on the list before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct PoaReplay {
    /// Codes of the list that the list before and the changes do not give.
    missing: Vec<Code>,
    /// Codes that the list before and the changes give and the list lacks.
    surplus: Vec<Code>,
    /// Codes that both give with another title: as replayed, as listed.
    differing: Vec<(Code, String, String)>,
    /// Rows that do not fit the list before: the file and the line. An addition of a listed code, a
    /// deletion or revision of an unlisted one or of one with another title.
    misfits: Vec<(PoaKind, u32)>,
}

/// Replays the changes of a POA release on the list before, and compares the outcome with the list.
///
/// Deletions go first, then additions, then revisions, whatever the order of the files.
fn replay_poa(before: &PoaList, changes: &[PoaList], release: &PoaList) -> PoaReplay {
    let mut outcome = PoaReplay::default();
    let mut titles: BTreeMap<Code, &str> = before
        .rows
        .iter()
        .map(|row| (row.code, row.title.as_str()))
        .collect();
    for kind in [PoaKind::Delete, PoaKind::Add, PoaKind::Revise] {
        for row in changes
            .iter()
            .filter(|list| list.kind == kind)
            .flat_map(|list| &list.rows)
        {
            let title = row.title.as_str();
            let fits = match row.action {
                PoaAction::Listed => continue,
                PoaAction::Added => titles.insert(row.code, title).is_none(),
                PoaAction::Deleted => titles.remove(&row.code) == Some(title),
                PoaAction::RevisedFrom => titles.get(&row.code) == Some(&title),
                // A code that is not on the list does not come onto it by a new title.
                PoaAction::RevisedTo => titles
                    .get_mut(&row.code)
                    .map(|listed| *listed = title)
                    .is_some(),
            };
            if !fits {
                outcome.misfits.push((kind, row.line));
            }
        }
    }
    for row in &release.rows {
        match titles.remove(&row.code) {
            None => outcome.missing.push(row.code),
            Some(replayed) if replayed != row.title => {
                outcome
                    .differing
                    .push((row.code, replayed.to_owned(), row.title.clone()));
            }
            Some(_) => {}
        }
    }
    outcome.surplus = titles.into_keys().collect();
    outcome
}

#[test]
fn the_changes_of_every_poa_list_are_replayed_on_the_one_before() {
    let Some(releases) = official_releases("POA lists replayed") else {
        return;
    };
    let all: Vec<Vec<PoaList>> = RELEASES.iter().map(|one| lists(&releases, one).0).collect();
    let mut residues = Vec::new();
    for (index, pair) in all.windows(2).enumerate() {
        let [before, release] = pair else { continue };
        let (full, changes) = release.split_first().unwrap();
        assert_eq!(full.kind, PoaKind::Full);
        let outcome: PoaReplay = replay_poa(&before[0], changes, full);
        let name = RELEASES[index + 1];
        let few = |codes: &[Code]| {
            let shown = codes.iter().take(12).map(Code::as_str);
            shown.collect::<Vec<_>>().join(" ")
        };
        say(&format!(
            "{} -> {name}: missing {} [{}], surplus {} [{}], other titles {} {:?}, misfits {} {:?}",
            RELEASES[index],
            outcome.missing.len(),
            few(&outcome.missing),
            outcome.surplus.len(),
            few(&outcome.surplus),
            outcome.differing.len(),
            outcome.differing.iter().take(3).collect::<Vec<_>>(),
            outcome.misfits.len(),
            outcome.misfits.iter().take(6).collect::<Vec<_>>(),
        ));
        // No code is ever unexplained.
        assert_eq!(
            (outcome.missing.len(), outcome.surplus.len()),
            (0, 0),
            "{name}"
        );
        let titles = (outcome.differing.len(), outcome.misfits.len());
        if titles != (0, 0) {
            residues.push((name, titles.0, titles.1));
        }
    }
    // Titles only: trailing blanks dropped and "or" mended (FY2019), a blank put in after "[BMI]"
    // (FY2022), a double blank taken out of Y07.45 (FY2025).
    assert_eq!(
        residues,
        [("FY2019", 21, 5), ("FY2022", 2, 0), ("FY2025", 1, 0)]
    );
}
