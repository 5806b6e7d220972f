//! The coder's page of well-known codes, and two codes compared.

use codeyear::answer::{self, DiffScope, ShowOptions};
use codeyear::model::{
    ChangeKind, CodePage, CodeSet, DocumentSource, IndexKind, LastChange, NoteKind, OtherBecause,
    PlaceKind,
};
use codeyear::present::Style;
use codeyear::store::Store;

use super::{everything, id};
use crate::world::{World, official_releases};

const CM: CodeSet = CodeSet::Icd10Cm;
const PCS: CodeSet = CodeSet::Icd10Pcs;

fn show(store: &Store, code_set: CodeSet, code: &str, date: &str) -> CodePage {
    let options = ShowOptions::default();
    answer::show(
        &store.codes(code_set).unwrap(),
        code,
        date.parse().unwrap(),
        options,
    )
    .unwrap()
}

fn breadcrumb(page: &CodePage) -> String {
    let names: Vec<&str> = page
        .breadcrumb
        .iter()
        .map(|place| place.name.as_str())
        .collect();
    names.join(" > ")
}

/// The notes of one kind at one level.
fn notes<'p>(page: &'p CodePage, at: &str, kind: NoteKind) -> Vec<&'p str> {
    let places = page.notes.iter().filter(|notes| notes.place.name == at);
    places
        .flat_map(|notes| &notes.groups)
        .filter(|group| group.kind == kind)
        .flat_map(|group| group.notes.iter().map(String::as_str))
        .collect()
}

fn links(page: &CodePage, kind: IndexKind) -> Vec<String> {
    let entries = page
        .index
        .iter()
        .find(|entries| entries.kind == kind)
        .unwrap();
    entries
        .links
        .iter()
        .map(|link| match link.by.heading() {
            Some(heading) => format!("{} [{heading}] {}", link.path, link.reference),
            None => format!("{}: {}", link.path, link.reference),
        })
        .collect()
}

#[test]
fn the_page_of_secondary_merkel_cell_carcinoma_has_its_place_notes_and_inclusion_terms() {
    let Some(releases) = official_releases("the page of C7B.1") else {
        return;
    };
    let store = everything(&releases);
    let page = show(&store, CM, "C7B.1", "2026-05-01");
    assert_eq!(page.answer.verdict.name(), "billable");
    assert_eq!(breadcrumb(&page), "2 > C00-C96 > C7B > C7B");
    let kinds: Vec<PlaceKind> = page.breadcrumb.iter().map(|place| place.kind).collect();
    let (chapter, block, code) = (PlaceKind::Chapter, PlaceKind::Block, PlaceKind::Code);
    assert_eq!(kinds, [chapter, block, block, code]);
    let Some(DocumentSource::Own { release, file, .. }) = &page.tabular else {
        panic!("{:?}", page.tabular);
    };
    assert_eq!(*release, id("FY2026-04"));
    assert_eq!(file.name, "icd10c-tabular-April-1-2026.xml");
    assert_eq!(
        notes(&page, "C7B1", NoteKind::InclusionTerm),
        [
            "Merkel cell carcinoma nodal presentation",
            "Merkel cell carcinoma visceral metastatic presentation"
        ]
    );
    assert_eq!(
        notes(&page, "C7B", NoteKind::UseAdditionalCode),
        ["code to identify any functional activity"]
    );
    // From the general to the particular.
    let levels: Vec<&str> = page
        .notes
        .iter()
        .map(|notes| notes.place.name.as_str())
        .collect();
    assert_eq!(levels, ["2", "C7B", "C7B1"]);
    assert!(notes(&page, "2", NoteKind::Note).contains(&"Functional activity"));
    let beside: Vec<String> = page
        .siblings
        .iter()
        .map(|one| one.code.to_string())
        .collect();
    assert_eq!(beside, ["C7B.0", "C7B.8"]);
    assert!(page.children.is_empty());
}

#[test]
fn a_release_without_tabular_list_has_the_notes_of_its_fiscal_year_and_folds_those_of_an_earlier_one()
 {
    let Some(releases) = official_releases("a page without tabular list") else {
        return;
    };
    let store = everything(&releases);
    let page = show(&store, CM, "C7B", "2026-03-01");
    let Some(DocumentSource::Other {
        missing,
        release,
        because: OtherBecause::SameYear,
        ..
    }) = &page.tabular
    else {
        panic!("{:?}", page.tabular);
    };
    assert_eq!((*missing, *release), (id("FY2026"), id("FY2026-04")));
    assert!(!notes(&page, "C7B", NoteKind::UseAdditionalCode).is_empty());
    assert_eq!(page.answer.basis.as_ref().unwrap().release, id("FY2026"));
    assert_eq!(page.children.len(), 3);
    assert_eq!(breadcrumb(&page), "2 > C00-C96 > C7B");

    // FY2027 has none, nor has another release of its fiscal year.
    let page = show(&store, CM, "C7B", "2026-10-01");
    assert_eq!(
        page.tabular,
        Some(DocumentSource::Missing {
            missing: id("FY2027"),
            nearest: Some(id("FY2026-04"))
        })
    );
    assert!(page.notes.is_empty(), "{:?}", page.notes);
    assert!(page.seventh_characters.is_none());
    assert_eq!(breadcrumb(&page), "2");
    let options = ShowOptions {
        earlier: true,
        around: true,
        ..ShowOptions::default()
    };
    let codes = store.codes(CM).unwrap();
    let folded = |code: &str, date: &str| {
        answer::show(&codes, code, date.parse().unwrap(), options).unwrap()
    };
    let page = folded("C7B", "2026-10-01");
    assert!(page.tabular.as_ref().unwrap().is_earlier());
    assert!(!notes(&page, "C7B", NoteKind::UseAdditionalCode).is_empty());
    // An earlier year's list has a say in nothing else.
    assert_eq!(breadcrumb(&page), "2");
    assert!(page.named_in.is_empty());
    assert!(!page.difference.unwrap().has_notes);
    let compared = answer::compare(&codes, "C7A", "C7B", "2026-10-01".parse().unwrap(), options);
    let compared = compared.unwrap();
    assert!(compared.left.notes.is_empty() && compared.mentions.is_empty());
    drop(codes);
    // What the two releases list in another way has no notes of the other.
    let between = answer::diff(
        &store,
        CM,
        id("FY2026-04"),
        id("FY2027"),
        &DiffScope::default(),
    );
    let between = between.unwrap();
    let codes = store.codes(CM).unwrap();
    let folded = |code: &str, date: &str| {
        answer::show(&codes, code, date.parse().unwrap(), options).unwrap()
    };
    let changed = between
        .changes
        .iter()
        .filter(|change| change.kind != ChangeKind::ShortTitleOnly)
        .take(20);
    let mut looked_at = 0;
    for change in changed {
        let page = folded(&change.code.to_string(), "2026-10-01");
        assert!(page.notes.is_empty(), "{}", change.code);
        looked_at += 1;
    }
    assert_eq!(looked_at, 20);

    let database = store.path().to_str().unwrap();
    let world = World::empty();
    let run = |args: &[&str]| {
        let mut all = vec!["--db", database, "show", "C7B"];
        all.extend(args);
        let run = world.run(&all);
        assert_eq!(run.exit, 0, "{run:?}");
        run.stdout
    };
    let of_year = run(&["--on", "2026-03-01"]);
    let said = "tabular list of FY2026-04; FY2026's is not loaded";
    assert!(of_year.contains(said), "{of_year}");
    let missing = run(&["--on", "2026-10-01"]);
    assert!(missing.contains("--nearest shows it"), "{missing}");
    let nearest = run(&["--on", "2026-10-01", "--nearest"]);
    assert!(
        nearest.contains("tabular list of FY2026-04; FY2027's is not loaded"),
        "{nearest}"
    );
}

#[test]
fn a_fracture_shows_the_7th_characters_of_its_category_with_their_continuations() {
    let Some(releases) = official_releases("7th characters of S52") else {
        return;
    };
    let store = everything(&releases);
    let page = show(&store, CM, "S52.501A", "2026-05-01");
    let seventh = page.seventh_characters.as_ref().unwrap();
    assert_eq!(seventh.defined_at.as_str(), "S52");
    let characters: String = seventh.characters.iter().map(|one| one.character).collect();
    assert_eq!(characters, "ABCDEFGHJKMNPQRS");
    assert_eq!(
        seventh.characters[0].text,
        "initial encounter for closed fracture"
    );
    assert_eq!(seventh.characters[1].continuations.len(), 1);
    assert_eq!(
        seventh.characters[1].continuations[0].trim(),
        "initial encounter for open fracture NOS"
    );
    let open =
        "The open fracture designations are based on the Gustilo open fracture classification";
    assert!(notes(&page, "S52", NoteKind::Note).contains(&open));
    assert_eq!(
        breadcrumb(&page),
        "19 > S50-S59 > S52 > S525 > S5250 > S52501"
    );
    // S52.01 has its own, which have no open fractures: it is a torus fracture.
    let torus = show(&store, CM, "S52.011A", "2026-05-01");
    let seventh = torus.seventh_characters.as_ref().unwrap();
    assert_eq!(seventh.defined_at.as_str(), "S5201");
    let characters: String = seventh.characters.iter().map(|one| one.character).collect();
    assert_eq!(characters, "ADGKPS");
}

#[test]
fn a_code_that_only_the_order_file_lists_shows_what_stands_at_its_stem() {
    let Some(releases) = official_releases("the page of O40.1XX1") else {
        return;
    };
    let store = everything(&releases);
    let page = show(&store, CM, "O40.1XX1", "2026-05-01");
    assert_eq!(breadcrumb(&page), "15 > O30-O48 > O40 > O401");
    assert_eq!(notes(&page, "O40", NoteKind::Includes), ["hydramnios"]);
    let seventh = page.seventh_characters.as_ref().unwrap();
    let characters: String = seventh.characters.iter().map(|one| one.character).collect();
    assert_eq!(characters, "0123459");
    assert_eq!(page.siblings.len(), 6);
    // The index leaves the 7th character out.
    let page = show(&store, CM, "O40.1XX1", "2016-12-01");
    let found = links(&page, IndexKind::Diseases);
    assert!(found.contains(&"Hydramnios: O40.-".to_owned()), "{found:?}");
}

#[test]
fn every_code_of_h54_shows_the_table_of_visual_impairment_that_its_notes_speak_of() {
    let Some(releases) = official_releases("the table of visual impairment") else {
        return;
    };
    let store = everything(&releases);
    let table = show(&store, CM, "H54.8", "2026-05-01").visual_impairment;
    let categories: Vec<&str> = table.iter().map(|row| row.category.trim()).collect();
    assert_eq!(
        categories,
        [
            "Category of visual impairment",
            "1",
            "2",
            "3",
            "4",
            "5",
            "9"
        ]
    );
    let scales: Vec<usize> = table.iter().map(|row| row.ranges.len()).collect();
    assert_eq!(scales[1], 3);
    assert_eq!(table[1].ranges[0].less_than, "6/18");
    assert_eq!(table[1].ranges[0].at_least, "6/60");
    for code in ["H54", "H54.0", "H54.1131"] {
        let page = show(&store, CM, code, "2026-05-01");
        assert_eq!(page.visual_impairment, table, "{code}");
        assert!(
            notes(&page, "H54", NoteKind::Note)[0].contains("see table below"),
            "{code}"
        );
    }
    assert!(
        show(&store, CM, "H53.9", "2026-05-01")
            .visual_impairment
            .is_empty()
    );
    assert!(
        show(&store, CM, "H54.8", "2026-10-01")
            .visual_impairment
            .is_empty()
    );
}

#[test]
fn a_poisoning_shows_the_drugs_that_lead_to_it() {
    let Some(releases) = official_releases("drugs that lead to T46.4X1A") else {
        return;
    };
    let store = everything(&releases);
    let page = show(&store, CM, "T46.4X1A", "2023-01-01");
    let drugs = page
        .index
        .iter()
        .find(|one| one.kind == IndexKind::Drugs)
        .unwrap();
    assert_eq!(drugs.consulted.release(), Some(id("FY2023")));
    let found = links(&page, IndexKind::Drugs);
    assert_eq!(found.len(), 15, "{found:?}");
    assert!(
        found.contains(&"Lisinopril [Poisoning Accidental (unintentional)] T46.4X1".to_owned()),
        "{found:?}"
    );
    let underdosing = show(&store, CM, "T46.4X6A", "2023-01-01");
    let found = links(&underdosing, IndexKind::Drugs);
    assert!(
        found.contains(&"Lisinopril [Underdosing] T46.4X6".to_owned()),
        "{found:?}"
    );
}

#[test]
fn index_entries_lead_to_their_codes_and_codes_know_their_entries() {
    let Some(releases) = official_releases("index entries both ways") else {
        return;
    };
    let store = everything(&releases);
    let page = show(&store, CM, "C7B.1", "2016-12-01");
    assert_eq!(
        links(&page, IndexKind::Diseases),
        [
            "Carcinoma > Merkel cell > nodal presentation: C7B.1",
            "Carcinoma > Merkel cell > secondary: C7B.1",
            "Carcinoma > Merkel cell > visceral metastatic: C7B.1",
            "Carcinoma > secondary > Merkel cell: C7B.1",
        ]
    );
    // And from the index: every code that a term of "Tumor > carcinoid" names, asked by plain SQL.
    let connection = rusqlite::Connection::open_with_flags(
        store.path(),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .unwrap();
    let mut statement = connection
        .prepare(
            "SELECT path, first FROM source_file
             JOIN release ON release.id = source_file.release
             JOIN document_run ON document_run.document = source_file.document
             JOIN index_term ON index_term.id >= first_item AND index_term.id < first_item + length
             JOIN index_reference ON term = index_term.id
             WHERE release.name = 'FY2017' AND source_file.kind = 'index' AND first <> ''
               AND (path = 'Tumor > carcinoid' OR path LIKE 'Tumor > carcinoid > %')
             ORDER BY document_run.position + index_term.id - first_item, index_reference.position",
        )
        .unwrap();
    let led: Vec<(String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(led.len() > 50, "{led:?}");
    let leads = |path: &str, code: &str| led.contains(&(path.to_owned(), code.to_owned()));
    assert!(
        leads("Tumor > carcinoid > secondary > liver", "C7B02"),
        "{led:?}"
    );
    assert!(
        leads("Tumor > carcinoid > benign > appendix", "D3A020"),
        "{led:?}"
    );
    assert!(
        leads("Tumor > carcinoid > malignant > appendix", "C7A020"),
        "{led:?}"
    );
    for (path, code) in &led {
        let page = show(&store, CM, code, "2016-12-01");
        assert_ne!(page.answer.verdict.name(), "unknown", "{path}: {code}");
        let paths = page.index.iter().flat_map(|entries| &entries.links);
        assert!(
            paths.clone().any(|link| link.path == *path),
            "{path} leads to {code}, which does not say so"
        );
    }
}

#[test]
fn a_procedure_is_explained_character_by_character() {
    let Some(releases) = official_releases("the page of 02703DZ") else {
        return;
    };
    let store = everything(&releases);
    let page = show(&store, PCS, "02703DZ", "2024-12-01");
    assert_eq!(page.answer.verdict.name(), "billable");
    let pcs = page.pcs.as_ref().unwrap();
    assert_eq!(pcs.tables.release(), Some(id("FY2025")));
    assert_eq!(pcs.definitions.release(), Some(id("FY2025")));
    let characters: Vec<String> = pcs
        .characters
        .iter()
        .map(|one| {
            let label = one.label.as_deref().unwrap_or("?");
            format!("{} {} {}: {label}", one.position, one.character, one.axis)
        })
        .collect();
    assert_eq!(
        characters,
        [
            "1 0 Section: Medical and Surgical",
            "2 2 Body System: Heart and Great Vessels",
            "3 7 Operation: Dilation",
            "4 0 Body Part: Coronary Artery, One Artery",
            "5 3 Approach: Percutaneous",
            "6 D Device: Intraluminal Device",
            "7 Z Qualifier: No Qualifier",
        ]
    );
    let dilation = pcs.characters[2].definition.as_ref().unwrap();
    assert_eq!(
        dilation.definition.as_deref(),
        Some("Expanding an orifice or the lumen of a tubular body part")
    );
    assert!(pcs.allowed.is_empty());
    // A release without tables says so.
    let page = show(&store, PCS, "02703DZ", "2023-12-01");
    let pcs = page.pcs.as_ref().unwrap();
    assert!(
        matches!(pcs.tables, DocumentSource::Missing { .. }),
        "{pcs:?}"
    );
    assert!(pcs.characters.is_empty());
}

#[test]
fn a_procedure_that_no_table_allows_says_where_it_stops_and_what_may_stand_there() {
    let Some(releases) = official_releases("a procedure that is not allowed") else {
        return;
    };
    let store = everything(&releases);
    for (code, explained, stop, allowed) in [
        (
            "0270ADZ",
            "0270",
            "5 A Approach",
            "0 Open, 3 Percutaneous, 4 Percutaneous Endoscopic",
        ),
        (
            "02703D7",
            "02703D",
            "7 7 Qualifier",
            "6 Bifurcation, Z No Qualifier",
        ),
    ] {
        let page = show(&store, PCS, code, "2024-12-01");
        assert_eq!(page.answer.verdict.name(), "unknown", "{code}");
        let pcs = page.pcs.as_ref().unwrap();
        let (last, before) = pcs.characters.split_last().unwrap();
        let good: String = before.iter().map(|one| one.character).collect();
        assert_eq!(good, explained, "{code}");
        assert!(before.iter().all(|one| one.label.is_some()), "{code}");
        assert_eq!(last.label, None, "{code}");
        let found = format!("{} {} {}", last.position, last.character, last.axis);
        assert_eq!(found, stop, "{code}");
        let found: Vec<String> = pcs
            .allowed
            .iter()
            .map(|(character, label)| format!("{character} {label}"))
            .collect();
        assert_eq!(found.join(", "), allowed, "{code}");
        let database = store.path().to_str().unwrap();
        let run = World::empty().run(&["--db", database, "show", code, "--on", "2024-12-01"]);
        assert_eq!(run.exit, 1, "{run:?}");
        assert!(
            run.stdout.contains("not a valid value for character "),
            "{run:?}"
        );
    }
}

#[test]
fn primary_and_secondary_neuroendocrine_tumors_are_compared() {
    let Some(releases) = official_releases("C7A beside C7B") else {
        return;
    };
    let store = everything(&releases);
    let date = "2026-05-01".parse().unwrap();
    let options = ShowOptions::default();
    let found = answer::compare(&store.codes(CM).unwrap(), "C7A", "C7B", date, options).unwrap();
    let common: Vec<&str> = found
        .common
        .iter()
        .map(|place| place.name.as_str())
        .collect();
    assert_eq!(common, ["2", "C00-C96"]);
    assert_eq!(found.mentions, []);
    assert_eq!(breadcrumb(&found.left), "2 > C00-C96 > C7A");
    assert_eq!(breadcrumb(&found.right), "2 > C00-C96 > C7B");
    let excluded = notes(&found.left, "C7A", NoteKind::Excludes2);
    assert_eq!(
        excluded,
        [
            "malignant pancreatic islet cell tumors (C25.4)",
            "Merkel cell carcinoma (C4A.-)"
        ]
    );
    // The note of C7A names C4A, and that of C4A names secondary Merkel cell carcinoma.
    let found = answer::compare(&store.codes(CM).unwrap(), "C7A", "C4A", date, options).unwrap();
    let mentions: Vec<String> = found
        .mentions
        .iter()
        .map(|one| format!("{} {} {}", one.at.as_str(), one.kind.name(), one.note))
        .collect();
    assert_eq!(mentions, ["C7A excludes2 Merkel cell carcinoma (C4A.-)"]);
    let same = answer::compare(&store.codes(CM).unwrap(), "C7B", "c7b", date, options).unwrap();
    assert_eq!(same.common, same.left.breadcrumb);
    assert_eq!(same.left.notes, same.right.notes);

    let database = store.path().to_str().unwrap();
    let args = [
        "--db",
        database,
        "compare",
        "C7A",
        "C7B",
        "--on",
        "2026-05-01",
    ];
    let run = World::empty().run(&args);
    assert_eq!(run.exit, 0, "{run:?}");
    for part in [
        "In common\n  chapter 2  Neoplasms (C00-D49)\n  block C00-C96",
        "Cross-references\n  no note",
        "billable codes below it (23)",
        "billable codes below it (8)",
    ] {
        assert!(run.stdout.contains(part), "{part:?} in {run:?}");
    }
}

#[test]
fn a_note_that_names_the_other_code_is_shown_where_it_is() {
    let Some(releases) = official_releases("which of two codes names the other") else {
        return;
    };
    let store = everything(&releases);
    let named_at = |left: &str, right: &str| -> Vec<String> {
        let date = "2026-05-01".parse().unwrap();
        let options = ShowOptions::default();
        let found = answer::compare(&store.codes(CM).unwrap(), left, right, date, options).unwrap();
        let text = codeyear::present::text::compare(&found, Style::PLAIN);
        assert!(text.contains("Cross-references\n"), "{text}");
        let mentions = found.mentions.iter();
        mentions.map(|mention| mention.at.to_string()).collect()
    };
    // C7A excludes C4A.-, and C4A says nothing of C7A.
    assert_eq!(named_at("C7A.00", "C4A.0"), ["C7A"]);
    assert_eq!(named_at("C4A.0", "C7A.00"), ["C7A"]);
    assert!(named_at("C7A", "C7B").is_empty());
    // Type 1 and type 2 diabetes exclude each other.
    let both = named_at("E10.9", "E11.9");
    assert!(both.contains(&"E10".to_owned()) && both.contains(&"E11".to_owned()));
}

#[test]
fn what_the_first_loaded_release_lists_is_no_change() {
    let Some(releases) = official_releases("codes that never changed") else {
        return;
    };
    let store = everything(&releases);
    let change = |code: &str, date: &str| {
        let date = date.parse().unwrap();
        let options = ShowOptions::default();
        let page = answer::show(&store.codes(CM).unwrap(), code, date, options).unwrap();
        let change = page.last_change.unwrap();
        let text = codeyear::present::text::show(&page, Style::PLAIN);
        let line = text.lines().find(|line| line.contains("; checked through"));
        (change, line.unwrap().trim().to_owned())
    };
    let (change_of, line) = change("I10", "2026-05-01");
    assert_eq!(
        change_of,
        LastChange::UnchangedSince {
            release: id("FY2014"),
            changes_later: false
        }
    );
    assert!(
        line.starts_with("unchanged in all loaded releases (since FY2014); checked through"),
        "{line}"
    );
    let (_, line) = change("M54.5", "2021-09-30");
    assert!(
        line.starts_with("unchanged up to this day (since FY2014)"),
        "{line}"
    );
    for (code, date, said) in [
        (
            "M54.5",
            "2021-10-01",
            "last changed on 2021-10-01 with FY2022",
        ),
        (
            "U07.1",
            "2026-05-01",
            "last changed on 2020-04-01 with FY2020",
        ),
        (
            "E11.A",
            "2026-05-01",
            "last changed on 2025-10-01 with FY2026",
        ),
    ] {
        let (_, line) = change(code, date);
        assert!(line.starts_with(said), "{code}: {line}");
    }
}
