//! What `diff --notes` reports of the tabular list, on nodes cut from the official ones.
//!
//! The two files of `tests/fixtures/tabular/` hold some categories of the tabular lists of FY2021-01 and
//! FY2025-04, with what they stand below, word for word.

use std::path::Path;

use codeyear::answer::{self, DiffScope};
use codeyear::model::{
    CodeRange, CodeSet, NodeStanding, NoteChange, NoteEdit, NotesReport, Tabular, compare_tabular,
};
use codeyear::parse::tabular::parse_tabular;

use crate::world::{Run, World};

const OLD: &str = include_str!("../fixtures/tabular/fy2021-01.xml");
const NEW: &str = include_str!("../fixtures/tabular/fy2025-04.xml");

/// A world whose FY2031 has the old list and whose FY2032 has the new one; in FY2033 a code more carries a
/// placeholder.
pub fn world_with_tabular_lists() -> World {
    let world = World::empty();
    world.write("icd10cm-FY2031/FY2031-Tabular.xml", OLD);
    world.write("icd10cm-FY2032/FY2032-Tabular.xml", NEW);
    let at = NEW.find("<name>J4A.9").unwrap();
    let at = NEW[..at].rfind("<diag").unwrap() + "<diag".len();
    let with_placeholder = format!("{} placeholder=\"true\"{}", &NEW[..at], &NEW[at..]);
    world.write("icd10cm-FY2033/FY2033-Tabular.xml", with_placeholder);
    let run = world.run(&[
        "import",
        "--allow-incomplete",
        "icd10cm-FY2031",
        "icd10cm-FY2032",
        "icd10cm-FY2033",
    ]);
    assert_eq!(run.exit, 0, "{run:?}");
    world
}

/// A world in which the rows of the sample's FY2021 and FY2022 are those of FY2031 and FY2032, with the rows of
/// the official conversion table that tell of them, moved to that day.
pub fn world_with_conversion_table() -> World {
    let world = World::empty();
    let old = include_str!("../../releases/sample/icd10cm/FY2021/icd10cm_order_2021.txt");
    let new = include_str!("../../releases/sample/icd10cm/FY2022/icd10cm_order_2022.txt");
    let unknown = |text: &str| text.replace("Cholera", "CHOLERA");
    world.write("icd10cm-FY2031/icd10cm_order_2031.txt", unknown(old));
    world.write("icd10cm-FY2032/icd10cm_order_2032.txt", unknown(new));
    let table = "Current code assignment,Effective October 1,Previous Code(s) Assignment\nM54.50,2031,M54.5\nM54.51,2031,M54.5\nM54.59,2031,M54.5\n";
    world.write("icd10cm-FY2032/conversion.csv", table);
    let run = world.run(&[
        "import",
        "--allow-incomplete",
        "icd10cm-FY2031",
        "icd10cm-FY2032",
    ]);
    assert_eq!(run.exit, 0, "{run:?}");
    world
}

fn diff(world: &World, more: &[&str]) -> Run {
    world.run(&[&["diff", "FY2031", "FY2032", "--notes"], more].concat())
}

fn lists() -> (Tabular, Tabular) {
    let parse = |text: &str| parse_tabular(text.as_bytes()).unwrap();
    (parse(OLD), parse(NEW))
}

fn report(world: &World, scope: DiffScope) -> NotesReport {
    let scope = DiffScope {
        notes: true,
        ..scope
    };
    let (old, new) = ("FY2031".parse().unwrap(), "FY2032".parse().unwrap());
    let found = answer::diff(&world.store(), CodeSet::Icd10Cm, old, new, &scope).unwrap();
    found.notes.unwrap()
}

#[test]
fn notes_are_reported_as_text() {
    let world = world_with_tabular_lists();
    insta::assert_snapshot!("notes_text", diff(&world, &[]).stdout);
}

#[test]
fn notes_are_reported_as_markdown_and_csv() {
    let world = world_with_tabular_lists();
    let scope = [
        "--under", "D68", "--under", "H54", "--under", "J40-J47", "--under", "W08",
    ];
    for (name, format) in [("notes_markdown", "markdown"), ("notes_csv", "csv")] {
        let run = diff(&world, &[&scope[..], &["--format", format]].concat());
        insta::assert_snapshot!(name, run.stdout);
    }
}

#[test]
fn every_format_tells_of_every_change_of_a_note() {
    let world = world_with_tabular_lists();
    let changes = report(&world, DiffScope::default()).changes;
    assert!(changes.len() > 30);
    let json = diff(&world, &["--format", "json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let in_json = json["notes"]["changes"].as_array().unwrap();
    assert_eq!(in_json.len(), changes.len());
    for (change, json) in changes.iter().zip(in_json) {
        assert_eq!(json["kind"], change.edit.kind().name());
        assert_eq!(json["node"], change.place.node.name.as_str());
    }
    let text = |format| diff(&world, &["--format", format]).stdout;
    let (csv, html, plain) = (text("csv"), text("html"), text("text"));
    for change in &changes {
        if let NoteEdit::NoteAdded { note, .. } = &change.edit {
            assert!(plain.contains(note.as_str()), "{note}");
            let quoted = note.replace('"', "\"\"");
            assert!(csv.contains(&quoted), "{note}");
            let escaped = note.replace('&', "&#38;").replace('<', "&#60;");
            let escaped = escaped
                .replace('>', "&#62;")
                .replace('"', "&#34;")
                .replace('\'', "&#39;");
            assert!(html.contains(&escaped), "{note}");
        }
    }
    let rows = csv.lines().filter(|line| line.starts_with("note-"));
    let notes = changes
        .iter()
        .filter(|change| change.edit.note_kind().is_some());
    assert_eq!(rows.count(), notes.count());
}

#[test]
fn a_note_that_moved_from_excludes1_to_excludes2_is_told_so() {
    let world = world_with_tabular_lists();
    let text = diff(&world, &["--under", "D68"]).stdout;
    let line = "moved     Excludes1 to Excludes2: coagulation defects complicating pregnancy, childbirth and the puerperium (O45.0, O46.0, O67.0, O72.3)";
    assert!(text.contains(line), "{text}");
    assert!(
        text.contains("moved from Excludes1 to Excludes2: 2"),
        "{text}"
    );
}

#[test]
fn notes_of_a_new_code_are_listed_and_marked() {
    let changes = report(&world_with_tabular_lists(), DiffScope::default()).changes;
    let of_j4a: Vec<&NoteChange> = changes
        .iter()
        .filter(|change| change.place.node.name.starts_with("J4A"))
        .collect();
    assert_eq!(of_j4a.len(), 7);
    assert!(
        of_j4a
            .iter()
            .all(|change| change.place.standing == NodeStanding::New)
    );
}

#[test]
fn a_scope_narrows_the_notes_to_its_codes_and_what_stands_above_them() {
    let world = world_with_tabular_lists();
    let names = |scope: DiffScope| -> Vec<String> {
        let changes = report(&world, scope).changes;
        let mut names: Vec<String> = changes.into_iter().map(|one| one.place.node.name).collect();
        names.dedup();
        names
    };
    let under = |text: &str| DiffScope {
        under: vec![CodeRange::parse(CodeSet::Icd10Cm, text).unwrap()],
        ..DiffScope::default()
    };
    assert_eq!(names(under("W08")), ["W08"]);
    assert_eq!(names(under("J40")), ["J40-J4A"]);
    assert_eq!(names(under("J4A-J47")), ["J40-J4A", "J4A", "J4A0", "J470"]);
    let only = |codes: &[&str]| DiffScope {
        only: Some(codes.iter().map(|code| (*code).to_owned()).collect()),
        ..DiffScope::default()
    };
    // The 7th characters of W08 are those of W08.XXXA.
    assert_eq!(names(only(&["W08.XXXA"])), ["W08"]);
    assert_eq!(names(only(&["D68.69"])), ["D68", "D686", "D6869"]);
    let both = DiffScope {
        under: under("W08").under,
        ..only(&["W08.XXXA", "D68.69"])
    };
    assert_eq!(names(both), ["W08"]);
}

#[test]
fn a_release_without_tabular_list_is_named_with_those_that_have_one() {
    let world = world_with_tabular_lists();
    let order = include_str!("../../releases/sample/icd10cm/FY2016/icd10cm_order_2016.txt");
    world.write("icd10cm-FY2030.txt", order.replace("Cholera", "CHOLERA"));
    assert_eq!(
        world
            .run(&["import", "--allow-incomplete", "icd10cm-FY2030.txt"])
            .exit,
        0
    );
    let run = world.run(&["diff", "FY2030", "FY2032", "--notes"]);
    assert_eq!(run.exit, 2);
    let expected = "error: no tabular list is loaded for FY2030\nhint: loaded: FY2031, FY2032, FY2033; nearest to FY2030 is FY2031\n";
    assert_eq!(run.stderr, expected);
    let run = world.run(&[
        "diff",
        "FY2022",
        "FY2022-04",
        "--notes",
        "--code-set",
        "icd10pcs",
    ]);
    assert_eq!(run.exit, 2);
    let expected = "error: ICD-10-PCS has no tabular list, so it has no notes\nhint: leave out --notes, or compare releases of ICD-10-CM\n";
    assert_eq!(run.stderr, expected);
}

/// A change as it reads from the new list to the old one.
fn mirrored(edit: NoteEdit) -> NoteEdit {
    match edit {
        NoteEdit::HeadingAdded => NoteEdit::HeadingRemoved,
        NoteEdit::HeadingRemoved => NoteEdit::HeadingAdded,
        NoteEdit::RangeChanged { old, new } => NoteEdit::RangeChanged { old: new, new: old },
        NoteEdit::TitleRevised { old, new } => NoteEdit::TitleRevised { old: new, new: old },
        NoteEdit::PlaceMoved { from, to } => NoteEdit::PlaceMoved { from: to, to: from },
        NoteEdit::Placeholder { is_placeholder } => NoteEdit::Placeholder {
            is_placeholder: !is_placeholder,
        },
        NoteEdit::NoteAdded { kind, note } => NoteEdit::NoteRemoved { kind, note },
        NoteEdit::NoteRemoved { kind, note } => NoteEdit::NoteAdded { kind, note },
        NoteEdit::NoteReworded { kind, old, new } => NoteEdit::NoteReworded {
            kind,
            old: new,
            new: old,
        },
        NoteEdit::NoteMoved { from, to, old, new } => NoteEdit::NoteMoved {
            from: to,
            to: from,
            old: new,
            new: old,
        },
        NoteEdit::SeventhCharacters { mut changes } => {
            for one in &mut changes {
                std::mem::swap(&mut one.old, &mut one.new);
            }
            NoteEdit::SeventhCharacters { changes }
        }
        NoteEdit::VisualImpairment { mut rows } => {
            for row in &mut rows {
                std::mem::swap(&mut row.old, &mut row.new);
            }
            NoteEdit::VisualImpairment { rows }
        }
    }
}

/// Holds two tabular lists to the laws: nothing changed from a list to itself, and backwards is the mirror.
pub fn assert_laws(old: &Tabular, new: &Tabular) {
    assert_eq!(compare_tabular(old, old), []);
    assert_eq!(compare_tabular(new, new), []);
    let edits = |changes: Vec<NoteChange>, mirror: bool| -> Vec<String> {
        let mut edits: Vec<String> = changes
            .into_iter()
            .map(|change| {
                // A block whose range changed goes by the newer of its two names.
                let place = match &change.edit {
                    _ if change.place.node.name.contains('-') => String::new(),
                    _ => format!("{:?}", change.place.node),
                };
                let edit = if mirror {
                    mirrored(change.edit)
                } else {
                    change.edit
                };
                format!("{place} {edit:?}")
            })
            .collect();
        edits.sort();
        edits
    };
    let forwards = edits(compare_tabular(old, new), false);
    let backwards = edits(compare_tabular(new, old), true);
    assert_eq!(forwards, backwards);
}

#[test]
fn notes_backwards_mirror_notes_forwards_and_a_list_differs_in_nothing_from_itself() {
    let (old, new) = lists();
    assert_laws(&old, &new);
    let world = world_with_tabular_lists();
    let same = world.run(&["diff", "FY2032", "FY2032", "--notes"]).stdout;
    assert!(same.contains("No changes in the notes."), "{same}");
}

#[test]
fn a_retired_code_shows_what_it_became_and_a_new_one_what_it_came_from() {
    let world = world_with_conversion_table();
    let run = |sides: [&str; 2], format: &str| {
        let scope = ["--under", "M54,U09", "--format", format];
        world.run(&[&["diff"][..], &sides, &scope].concat()).stdout
    };
    let forwards = ["FY2031", "FY2032"];
    let text = run(forwards, "text");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    for line in [
        "-> M54.50, M54.51, M54.59 (FY2032 table)",
        "<- M54.5 (FY2032 table)",
    ] {
        assert!(lines.contains(&line), "{text}");
    }
    // The table reaches that day and has no row of U09.9.
    assert!(lines.contains(&"<- none listed (FY2032 table)"), "{text}");
    let markdown = run(forwards, "markdown");
    assert!(markdown.contains("  - \u{2192} M54.50, M54.51, M54.59 (FY2032 table)"));
    let html = run(forwards, "html");
    assert!(html.contains("replaced by</span> M54.50, M54.51, M54.59 (FY2032 table)"));
    let csv = run(forwards, "csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<std::collections::BTreeMap<String, String>> =
        reader.deserialize().map(Result::unwrap).collect();
    let cell = |code: &str, column: &str| {
        rows.iter().find(|row| row["code"] == code).unwrap()[column].clone()
    };
    assert_eq!(cell("M545", "successors"), "M5450 M5451 M5459");
    assert_eq!(cell("M545", "predecessors"), "");
    assert_eq!(cell("M5451", "predecessors"), "M545");
    let json: serde_json::Value = serde_json::from_str(&run(forwards, "json")).unwrap();
    let changes = json["changes"].as_array().unwrap();
    let m545 = changes
        .iter()
        .find(|change| change["code"] == "M545")
        .unwrap();
    assert_eq!(m545["successors"][2]["code_dotted"], "M54.59");
    assert_eq!(m545["successors"][2]["steps"][0]["row"], 4);
    // Backwards nothing is said.
    let back = run(["FY2032", "FY2031"], "text");
    assert!(!back.contains("table)"), "{back}");
}

#[test]
fn nothing_is_said_of_successors_where_no_table_is_loaded() {
    let world = World::empty();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("releases/sample/icd10cm");
    for file in [
        "FY2021/icd10cm_order_2021.txt",
        "FY2022/icd10cm_order_2022.txt",
    ] {
        let run = world.run(&[
            "import",
            "--allow-incomplete",
            sample.join(file).to_str().unwrap(),
        ]);
        assert_eq!(run.exit, 0, "{run:?}");
    }
    let text = world
        .run(&["diff", "FY2021", "FY2022", "--under", "M54"])
        .stdout;
    assert!(text.contains("M54.50"));
    assert!(!text.contains("table)"), "{text}");
}
