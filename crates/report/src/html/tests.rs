//! The change report of the bundled sample.

use std::collections::BTreeSet;

use super::*;
use crate::html::title::{Title, marked};
use codeyear_core::answer::{self, DiffScope};
use codeyear_core::ingest;
use codeyear_core::model::{
    CodeRange, CodeSet, NodeKind, NodeName, NodeStanding, NoteChange, NoteEdit, NoteKind,
    NotePlace, NotesReport, TitleChange,
};
use codeyear_core::store::Store;

fn today() -> NaiveDate {
    "2026-03-01".parse().unwrap()
}

fn sample(old: &str, new: &str, scope: &DiffScope) -> ChangeSet {
    let mut store = Store::in_memory().unwrap();
    ingest::import_sample(&mut store, today()).unwrap();
    answer::diff(
        &store,
        CodeSet::Icd10Cm,
        old.parse().unwrap(),
        new.parse().unwrap(),
        scope,
    )
    .unwrap()
}

fn fy2026() -> ChangeSet {
    sample("FY2025-04", "FY2026", &DiffScope::default())
}

fn page(set: &ChangeSet) -> String {
    change_report(set, today()).unwrap()
}

/// Returns the row of a code, which is one line.
fn row_of<'a>(page: &'a str, code: &str) -> &'a str {
    let cell = format!("<span class=\"code\">{code}</span>");
    page.lines()
        .find(|line| line.contains(&cell))
        .unwrap_or_else(|| panic!("no row for {code}"))
}

#[test]
fn every_changed_code_has_its_row_kind_and_title() {
    let set = fy2026();
    assert!(!set.changes.is_empty());
    let page = page(&set);
    for change in &set.changes {
        let row = row_of(&page, &change.code.to_string());
        assert!(
            row.contains(&format!("class=\"{}", change.kind.name())),
            "{row}"
        );
        if change.title == TitleChange::None {
            let title = &change.entry().unwrap().long_title;
            assert!(
                row.contains(&format!("<p class=\"title\">{title}</p>")),
                "{row}"
            );
        }
    }
    assert_eq!(
        page.matches("<li id=").count() + page.matches("<li class=").count(),
        set.changes.len()
    );
}

#[test]
fn the_same_changes_give_the_same_bytes() {
    assert_eq!(page(&fy2026()), page(&fy2026()));
}

#[test]
fn the_page_asks_no_other_place_for_anything() {
    let page = page(&fy2026());
    assert!(!page.contains("://"));
    assert!(!page.contains("@import"));
    for attribute in ["src=", "href="] {
        for found in page.split(attribute).skip(1) {
            assert!(
                found.starts_with("\"#") || found.starts_with("\"data:,\""),
                "{attribute}{:.40}",
                found
            );
        }
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn each_anchor_stands_once_and_every_link_has_its_anchor() {
    let page = page(&fy2026());
    let ids: Vec<&str> = page
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let distinct: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), distinct.len());
    assert!(distinct.contains("G35"));
    for link in page
        .split("href=\"#")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
    {
        assert!(distinct.contains(link), "#{link} leads nowhere");
    }
}

#[test]
fn a_title_is_never_markup() {
    let mut set = fy2026();
    let hostile = "<script>alert(1)</script> & \"q\"";
    for change in &mut set.changes {
        if let Some(new) = &mut change.new {
            new.long_title = hostile.to_owned();
            new.short_title = hostile.to_owned();
        }
        if change.old.is_some() && change.new.is_some() {
            change.title = TitleChange::ShortOnly;
        }
    }
    for category in &mut set.categories {
        category.long_title = hostile.to_owned();
    }
    set.sources[0].name = hostile.to_owned();
    let page = page(&set);
    assert!(!page.contains("<script>alert"));
    assert!(!page.contains("alert(1)</script>"));
    assert!(page.contains("&#60;script&#62;alert(1)&#60;/script&#62; &#38; &#34;q&#34;"));
}

#[test]
fn a_code_that_became_a_header_names_the_codes_to_use() {
    let row = fy2026();
    let page = page(&row);
    let row = row_of(&page, "G35");
    assert!(
        row.contains("Not billable in FY2026; choose a code below it: "),
        "{row}"
    );
    assert!(row.contains("<a href=\"#G35A\">G35.A</a>"), "{row}");
    // A new header is no code to use.
    assert!(!row.contains(">G35.B<"), "{row}");
}

#[test]
fn a_list_without_the_codes_below_does_not_pretend_to_have_them() {
    let scope = DiffScope {
        only: Some(vec!["G35".into()]),
        ..DiffScope::default()
    };
    let page = page(&sample("FY2025-04", "FY2026", &scope));
    let row = row_of(&page, "G35");
    assert!(
        row.contains("choose a billable code below it.</p>"),
        "{row}"
    );
}

#[test]
fn the_counts_of_cms_stand_beside_ours_and_add_up() {
    let set = fy2026();
    let page = page(&set);
    let counts = set.cms_counts();
    for (word, count) in [
        ("new", counts.new),
        ("deleted", counts.deleted),
        ("revised", counts.revised),
    ] {
        let line = page
            .lines()
            .find(|line| line.contains(&format!("<span class=\"name\">{word}</span>")));
        assert!(
            line.unwrap().contains(&format!(">{count}</td>")),
            "{line:?}"
        );
    }
}

#[test]
fn the_sample_and_a_narrowed_question_say_so() {
    let scope = DiffScope {
        under: vec![CodeRange::parse(CodeSet::Icd10Cm, "G35").unwrap()],
        only: Some(vec![
            "G35".into(),
            "G35.A".into(),
            "S06.1X7D".into(),
            "X99.99".into(),
            "Jane Doe".into(),
        ]),
        ..DiffScope::default()
    };
    let page = page(&sample("FY2025-04", "FY2026", &scope));
    assert!(page.contains("Bundled sample, not the whole release."));
    assert!(page.contains("Only codes in G35."));
    assert!(page.contains(
        "Only the 4 codes of a list: 2 changed, 0 did not, 1 is listed in neither release:"
    ));
    assert!(page.contains("S06.1X7D"));
    // A list may be a claims file: what is no code of it is counted and not shown.
    assert!(page.contains("Values of the list not found in any loaded release: 1."));
    assert!(!page.contains("X99.99"));
    assert!(page.contains("Values of the list that are not a valid code format: 1."));
    assert!(!page.contains("Jane Doe"));
    let mut whole = fy2026();
    whole.sample = false;
    let page = super::tests::page(&whole);
    assert!(!page.contains("Bundled sample") && !page.contains("Narrowed"));
}

#[test]
fn no_change_says_so_and_has_no_filter() {
    let page = page(&sample("FY2025", "FY2025-04", &DiffScope::default()));
    assert!(page.contains("<h2>No changes</h2>"));
    assert!(!page.contains("<form") && !page.contains("<script"));
    assert!(page.contains("SHA-256"));
}

#[test]
fn blanks_that_changed_can_be_seen() {
    let text = |runs: Vec<Run>| -> String {
        runs.into_iter()
            .map(|run| match run {
                Run::Text(text) => text,
                Run::Blank => "␣".to_owned(),
            })
            .collect()
    };
    let whole = |old: &str, new: &str| {
        let (old, new) = marked(old, new);
        let joined = |title: Title| {
            title
                .into_iter()
                .map(|stretch| text(stretch.runs))
                .collect::<String>()
        };
        (joined(old), joined(new))
    };
    assert_eq!(
        whole("a  natural", "a natural"),
        ("a␣␣natural".into(), "a␣natural".into())
    );
    assert_eq!(
        whole("[BMI]30.0", "[BMI] 30.0"),
        ("[BMI]30.0".into(), "[BMI]␣30.0".into())
    );
    assert_eq!(
        whole(" lead one", "lead two "),
        ("␣lead one".into(), "lead two␣".into())
    );
    assert_eq!(whole("a b", "a c"), ("a b".into(), "a c".into()));
}

#[test]
fn differences_have_their_sign() {
    assert_eq!(difference(3, 1_003), "+1,000");
    assert_eq!(difference(3, 1), "\u{2212}2");
}

#[test]
fn a_chapter_that_the_list_comes_back_to_has_one_bar_and_one_anchor() {
    let mut set = fy2026();
    let again = set.changes.clone();
    set.changes.extend(again);
    let page = page(&set);
    assert_eq!(page.matches("id=\"chapter-6\"").count(), 1);
    // In the contents, and in the chart.
    assert_eq!(page.matches("href=\"#chapter-6\"").count(), 2);
}

#[test]
fn the_tabular_list_has_a_part_of_its_own_if_it_was_asked_for() {
    let mut set = fy2026();
    assert!(!page(&set).contains("id=\"notes\""));
    let note = "<b>benign carcinoid</b> tumors (D3A.0-)".to_owned();
    let place = NotePlace {
        node: NodeName {
            kind: NodeKind::Code,
            name: "C7A".to_owned(),
        },
        title: "Malignant neuroendocrine tumors".to_owned(),
        standing: NodeStanding::InBoth,
        chapter: "2".to_owned(),
        category_title: "Malignant neuroendocrine tumors".to_owned(),
    };
    let edit = NoteEdit::NoteMoved {
        from: NoteKind::Excludes1,
        to: NoteKind::Excludes2,
        old: note.clone(),
        new: note,
    };
    set.notes = Some(NotesReport {
        changes: vec![NoteChange { place, edit }],
        sources: set.sources.clone(),
    });
    let page = page(&set);
    assert!(page.contains("<h3>Chapter 2 Neoplasms (C00-D49)</h3>"));
    assert!(page.contains("<h4>C7A Malignant neuroendocrine tumors</h4>"));
    let row = "<b>Excludes1 to Excludes2</b> &#60;b&#62;benign carcinoid";
    assert!(page.contains(row));
    assert!(page.contains("from the order files and tabular lists named here"));
}
