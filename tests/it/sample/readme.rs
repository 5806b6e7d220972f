//! What the README of the sample says that it shows.

use codeyear::answer::{self, DiffScope};
use codeyear::model::{Change, ChangeKind, CodeSet, ReleaseId};

use super::sample_bytes;
use crate::world::World;

/// The rows of a table of the sample's README, by the first cells of its header.
fn readme_table(header: &str) -> Vec<Vec<String>> {
    let readme = String::from_utf8(sample_bytes("README.md")).unwrap();
    let rows: Vec<Vec<String>> = readme
        .lines()
        .skip_while(|line| !line.starts_with(header))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            line.trim_matches('|')
                .split('|')
                .map(|cell| cell.trim().to_owned())
                .collect()
        })
        .collect();
    assert!(!rows.is_empty(), "the README has no table {header}");
    rows
}

#[test]
fn every_code_shows_the_change_that_the_readme_of_the_sample_says() {
    let world = World::with_sample();
    let store = world.store();
    for row in readme_table("| code | from | to |") {
        let [code, from, to, expected, _] = row.as_slice() else {
            panic!("{row:?}");
        };
        let id = |text: &str| text.parse::<ReleaseId>().unwrap();
        let changes = answer::diff(
            &store,
            CodeSet::Icd10Cm,
            id(from),
            id(to),
            &DiffScope::default(),
        )
        .unwrap();
        let change = changes
            .changes
            .iter()
            .find(|change| change.code.to_string() == *code)
            .unwrap_or_else(|| panic!("{code} does not change from {from} to {to}"));
        assert_eq!(words_of(change), *expected, "{code} from {from} to {to}");
    }
}

/// A change in the words of the sample's README.
fn words_of(change: &Change) -> String {
    let titles = || {
        let (old, new) = change.old.as_ref().zip(change.new.as_ref()).unwrap();
        match (
            old.short_title != new.short_title,
            old.long_title != new.long_title,
        ) {
            (true, true) => "revised, both titles",
            (false, true) => "revised, long title only",
            (true, false) => "revised, short title only",
            (false, false) => "not revised",
        }
    };
    match change.kind {
        ChangeKind::New if change.entry().unwrap().billable => "new, billable".to_owned(),
        ChangeKind::New => "new, header".to_owned(),
        ChangeKind::Deleted => "deleted".to_owned(),
        ChangeKind::BecameHeader => "became header".to_owned(),
        ChangeKind::BecameBillable => "became billable".to_owned(),
        ChangeKind::Revised | ChangeKind::ShortTitleOnly => titles().to_owned(),
        ChangeKind::SpacingOnly => format!("{} (spacing or punctuation)", titles()),
    }
}

#[test]
fn neighbours_differ_by_the_counts_that_the_readme_of_the_sample_says() {
    let world = World::with_sample();
    let store = world.store();
    for row in readme_table("| code set | from | to |") {
        let code_set: CodeSet = row[0].parse().unwrap();
        let id = |text: &str| text.parse::<ReleaseId>().unwrap();
        let changes = answer::diff(
            &store,
            code_set,
            id(&row[1]),
            id(&row[2]),
            &DiffScope::default(),
        )
        .unwrap();
        let count = |kind| changes.count(kind);
        let new = count(ChangeKind::New);
        let revised = [
            ChangeKind::Revised,
            ChangeKind::ShortTitleOnly,
            ChangeKind::SpacingOnly,
        ];
        let found = [
            new.billable,
            new.all - new.billable,
            count(ChangeKind::Deleted).all,
            count(ChangeKind::BecameHeader).all,
            count(ChangeKind::BecameBillable).all,
            revised.into_iter().map(|kind| count(kind).all).sum(),
        ];
        let expected: Vec<u64> = row[3..].iter().map(|cell| cell.parse().unwrap()).collect();
        assert_eq!(found.as_slice(), expected, "{row:?}");
    }
}

#[test]
fn the_sample_holds_the_releases_that_its_readme_says() {
    let world = World::with_sample();
    let run = world.run(&["verify", "--format", "json"]);
    assert_eq!(run.exit, 0);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let found: Vec<Vec<String>> = json["releases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|release| {
            let code_set: CodeSet = release["code_set"].as_str().unwrap().parse().unwrap();
            let file = &release["order_file"];
            let number = |name: &str| file[name].as_u64().unwrap();
            let base = release["order_addenda"]["base"].as_str();
            vec![
                code_set.name().to_owned(),
                release["release"].as_str().unwrap().to_owned(),
                number("rows").to_string(),
                (number("rows") - number("billable")).to_string(),
                number("billable").to_string(),
                base.map_or("-".to_owned(), |base| format!("on {base}")),
            ]
        })
        .collect();
    assert_eq!(found, readme_table("| code set | release | rows |"));
}
