//! The tables of ICD-10-PCS against the order files of the same releases, and what they say of codes.

use std::collections::BTreeMap;
use std::path::Path;

use codeyear::model::{
    Code, CodeSet, PcsDefinitions, PcsIndex, PcsPointer, PcsReference, PcsRefusal, PcsTables,
};
use codeyear::parse::order::OrderFile;
use codeyear::parse::pcs::{parse_pcs_definitions, parse_pcs_index, parse_pcs_tables};

use super::index::{counts_of, member};
use crate::world::official_releases;

const SET: CodeSet = CodeSet::Icd10Pcs;

fn tables(releases: &Path, release: &str) -> PcsTables {
    parse_pcs_tables(&member(releases, SET, release, "icd10pcs_tables_20"))
        .unwrap_or_else(|error| panic!("{error}"))
}

fn code(text: &str) -> Code {
    SET.parse_code(text).unwrap()
}

/// Tables, rows and codes: counted in Python with xml.etree, by multiplying the labels of each row.
const TABLES: [(&str, usize, usize, usize); 5] = [
    ("FY2020", 880, 2_345, 77_559),
    ("FY2021-01", 890, 2_428, 78_136),
    ("FY2022-04-errata", 895, 2_513, 78_229),
    ("FY2023-04", 901, 2_544, 78_530),
    ("FY2025", 908, 2_661, 78_948),
];

#[test]
fn the_tables_expand_to_the_billable_rows_of_the_order_file_in_their_sequence() {
    let Some(releases) = official_releases("the tables of ICD-10-PCS") else {
        return;
    };
    for (release, table_count, row_count, code_count) in TABLES {
        let tables = tables(&releases, release);
        let rows: usize = tables.tables.iter().map(|table| table.rows.len()).sum();
        let expanded = tables.expand();
        assert_eq!(
            (tables.tables.len(), rows, expanded.len()),
            (table_count, row_count, code_count),
            "{release}"
        );
        let file =
            OrderFile::parse(SET, member(&releases, SET, release, "icd10pcs_order_20")).unwrap();
        let billable: Vec<Code> = file
            .rows()
            .iter()
            .filter(|row| row.billable)
            .map(|row| row.code)
            .collect();
        assert!(
            expanded == billable,
            "{release}: not the order file's codes"
        );
        let bytes = member(&releases, SET, release, "icd10pcs_tables_20");
        assert_eq!(tables_kept(&tables), counts_of(&bytes), "{release}");
    }
}

#[test]
fn every_billable_code_is_explained_and_every_neighbour_of_one_is_explained_or_refused() {
    let Some(releases) = official_releases("the tables of ICD-10-PCS") else {
        return;
    };
    let tables = tables(&releases, "FY2025");
    let codes = tables.expand();
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, code) in codes.iter().enumerate() {
        assert_eq!(tables.explain(code).unwrap().len(), 7, "{code:?}");
        assert_eq!(tables.refusal(code), None, "{code:?}");
        // One character of every so many codes is made another.
        if index % 10 != 0 {
            continue;
        }
        let mut characters: Vec<char> = code.as_str().chars().collect();
        characters[index / 10 % 7] = ['0', '9', 'K', 'Z'][index / 70 % 4];
        let text: String = characters.iter().collect();
        let other = SET.parse_code(&text).unwrap();
        let is_listed = codes.binary_search(&other).is_ok();
        assert_eq!(tables.explain(&other).is_some(), is_listed, "{text}");
        let refusal = tables.refusal(&other);
        assert_eq!(refusal.is_none(), is_listed, "{text}");
        let Some(refusal) = refusal else {
            continue;
        };
        *names.entry(refusal.name()).or_default() += 1;
        let stop = refusal.stop().unwrap();
        let position = usize::from(stop.position);
        // What is allowed is exactly what the codes that begin so go on with.
        let start = &text[..position - 1];
        let first = codes.partition_point(|code| code.as_str() < start);
        let mut goes_on: Vec<char> = codes[first..]
            .iter()
            .map_while(|code| code.as_str().strip_prefix(start)?.chars().next())
            .collect();
        goes_on.dedup();
        let mut allowed: Vec<char> = stop.allowed.iter().map(|label| label.character).collect();
        allowed.dedup();
        assert_eq!(allowed, goes_on, "{text}");
        assert!(!goes_on.contains(&stop.character), "{text}");
        if let PcsRefusal::NotInTable { closest, .. } = refusal {
            assert!(!closest.unwrap().differing.is_empty(), "{text}");
        }
    }
    assert!(names.len() == 4, "{names:?}");
}

#[test]
fn a_dilation_of_a_coronary_artery_is_explained_and_its_misspelling_is_refused() {
    let Some(releases) = official_releases("the tables of ICD-10-PCS") else {
        return;
    };
    let tables = tables(&releases, "FY2025");
    let explained: Vec<(&str, char, &str)> = tables
        .explain(&code("02703DZ"))
        .unwrap()
        .iter()
        .map(|one| (one.axis, one.character, one.label))
        .collect();
    assert_eq!(
        explained,
        [
            ("Section", '0', "Medical and Surgical"),
            ("Body System", '2', "Heart and Great Vessels"),
            ("Operation", '7', "Dilation"),
            ("Body Part", '0', "Coronary Artery, One Artery"),
            ("Approach", '3', "Percutaneous"),
            ("Device", 'D', "Intraluminal Device"),
            ("Qualifier", 'Z', "No Qualifier"),
        ]
    );
    // Two drug-eluting devices (5) are for coronary arteries only, and P is the pulmonary trunk.
    let refusal = tables.refusal(&code("027P35Z")).unwrap();
    let PcsRefusal::NotInTable {
        table,
        stop,
        closest,
    } = refusal
    else {
        panic!("{refusal:?}");
    };
    assert_eq!(table.code, code("027"));
    assert_eq!(
        (stop.position, stop.axis, stop.character),
        (6, "Device", '5')
    );
    let allowed: Vec<(char, &str)> = stop
        .allowed
        .iter()
        .map(|label| (label.character, label.text.as_str()))
        .collect();
    assert_eq!(
        allowed,
        [
            ('4', "Intraluminal Device, Drug-eluting"),
            ('D', "Intraluminal Device"),
            ('Z', "No Device")
        ]
    );
    let closest = closest.unwrap();
    assert_eq!(closest.differing, [6]);
    assert!(closest.row.axes[0].label('P').is_some());
}

/// Sections, axes, terms, titles of terms, included words, aggregates; letters, terms, references of the
/// index. Counted in Python with xml.etree.
const WORDS: [(&str, [usize; 6], [usize; 3]); 5] = [
    (
        "FY2020",
        [16, 31, 817, 947, 1_696, 59],
        [27, 23_624, 18_060],
    ),
    (
        "FY2021-01",
        [16, 31, 842, 972, 1_726, 59],
        [27, 23_866, 18_268],
    ),
    (
        "FY2022-04-errata",
        [16, 31, 881, 1_012, 1_790, 60],
        [27, 24_083, 18_470],
    ),
    (
        "FY2023-04",
        [16, 31, 896, 1_031, 1_817, 60],
        [27, 24_202, 18_583],
    ),
    (
        "FY2025",
        [16, 31, 930, 1_066, 1_912, 60],
        [27, 24_484, 18_838],
    ),
];

#[test]
fn the_definitions_and_the_index_are_read_whole() {
    let Some(releases) = official_releases("the definitions and index of ICD-10-PCS") else {
        return;
    };
    for (release, defined, indexed) in WORDS {
        let bytes = member(&releases, SET, release, "icd10pcs_definitions_20");
        let file = parse_pcs_definitions(&bytes).unwrap();
        assert_eq!(definitions_kept(&file), counts_of(&bytes), "{release}");
        let found = [
            file.sections.len(),
            file.sections.iter().map(|section| section.axes.len()).sum(),
            file.terms.len(),
            file.terms.iter().map(|term| term.titles.len()).sum(),
            file.terms.iter().map(|term| term.includes.len()).sum(),
            file.aggregates.len(),
        ];
        let bytes = member(&releases, SET, release, "icd10pcs_index_20");
        let index = parse_pcs_index(&bytes).unwrap();
        assert_eq!(index_kept(&index), counts_of(&bytes), "{release}");
        let words = [
            index.letters.len(),
            index.terms.len(),
            index.terms.iter().map(|term| term.references.len()).sum(),
        ];
        assert_eq!((found, words), (defined, indexed), "{release}");
        assert!(
            file.terms
                .iter()
                .all(|term| file.axis_title(term).is_some())
        );
    }
}

/// How often each element stands in what was read, and the length of its text.
type Kept = BTreeMap<String, (usize, usize)>;

fn add(kept: &mut Kept, name: &str, text: &str) {
    let count = kept.entry(name.to_owned()).or_default();
    count.0 += 1;
    count.1 += text.len();
}

fn tables_kept(tables: &PcsTables) -> Kept {
    let mut kept = Kept::new();
    add(&mut kept, "ICD10PCS.tabular", "");
    add(&mut kept, "version", &tables.version);
    add(&mut kept, "title", &tables.title);
    for table in &tables.tables {
        add(&mut kept, "pcsTable", "");
        if let Some(text) = &table.definition {
            add(&mut kept, "definition", text);
        }
        for _ in &table.rows {
            add(&mut kept, "pcsRow", "");
        }
        let axes = table.rows.iter().flat_map(|row| &row.axes);
        for axis in table.axes.iter().chain(axes) {
            add(&mut kept, "axis", "");
            add(&mut kept, "title", &axis.title);
            for label in &axis.labels {
                add(&mut kept, "label", &label.text);
            }
        }
    }
    kept
}

fn definitions_kept(file: &PcsDefinitions) -> Kept {
    let mut kept = Kept::new();
    add(&mut kept, "ICD10PCS.definitions", "");
    add(&mut kept, "version", &file.version);
    add(&mut kept, "title", &file.title);
    for section in &file.sections {
        add(&mut kept, "section", "");
        add(&mut kept, "title", &section.title);
        for (_, title) in &section.axes {
            add(&mut kept, "axis", "");
            add(&mut kept, "title", title);
        }
    }
    for term in &file.terms {
        add(&mut kept, "terms", "");
        for title in &term.titles {
            add(&mut kept, "title", title);
        }
        if let Some(text) = &term.definition {
            add(&mut kept, "definition", text);
        }
        if let Some(text) = &term.explanation {
            add(&mut kept, "explanation", text);
        }
        for text in &term.includes {
            add(&mut kept, "includes", text);
        }
    }
    add(&mut kept, "deviceAggregation", "");
    for aggregate in &file.aggregates {
        add(&mut kept, "aggregate", "");
        add(&mut kept, "device", &aggregate.device);
        add(&mut kept, "operation", &aggregate.operation);
        add(&mut kept, "parent", &aggregate.parent);
        for system in &aggregate.body_systems {
            add(&mut kept, "bodySys", system);
        }
    }
    kept
}

fn index_kept(index: &PcsIndex) -> Kept {
    let mut kept = Kept::new();
    let add_pointer = |kept: &mut Kept, pointer: &PcsPointer| {
        add(kept, pointer.kind.name(), pointer.code.as_str());
    };
    add(&mut kept, "ICD10PCS.index", "");
    add(&mut kept, "version", &index.version);
    add(&mut kept, "title", &index.title);
    for letter in &index.letters {
        add(&mut kept, "letter", "");
        add(&mut kept, "title", &letter.to_string());
    }
    for term in &index.terms {
        let name = if term.depth == 0 { "mainTerm" } else { "term" };
        add(&mut kept, name, "");
        if let Some(title) = &term.title {
            add(&mut kept, "title", title);
        }
        for reference in &term.references {
            let (name, text, pointer) = match reference {
                PcsReference::Pointer(pointer) => {
                    add_pointer(&mut kept, pointer);
                    continue;
                }
                PcsReference::Use(text, pointer) => ("use", text, pointer),
                PcsReference::See(text, pointer) => ("see", text, pointer),
            };
            add(&mut kept, name, text);
            if let Some(pointer) = pointer {
                add_pointer(&mut kept, pointer);
            }
        }
    }
    kept
}
