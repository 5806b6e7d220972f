//! The book around the codes, stored whole: tabular lists, documents in any order, releases made of a
//! tabular list alone, and the tables of ICD-10-PCS as they come back from the database.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use codeyear::answer;
use codeyear::model::{
    Added, Code, CodeSet, DifferenceKind, DocumentKind, ListedBy, NodeKind, PcsTables, ReleasePart,
    Tabular, Verdict,
};
use codeyear::parse::order::OrderFile;
use codeyear::parse::pcs::parse_pcs_tables;
use codeyear::parse::tabular::parse_tabular;
use codeyear::source::archive::find;
use codeyear::source::kind::FileKind;
use codeyear::store::Store;

use super::index::{counts_of, member};
use super::{everything, id, import_all, release_zip, say};
use crate::world::{official_releases, whole};
use unicode_normalization::UnicodeNormalization;

const CM: CodeSet = CodeSet::Icd10Cm;
const PCS: CodeSet = CodeSet::Icd10Pcs;

/// The releases whose tabular list is held: elements `diag` as FORMATS.md counts them, rows of the order
/// file, rows too many without the prose of S06, and titles that differ from the order file's.
const LISTS: [(&str, usize, usize, usize, usize); 7] = [
    ("FY2014", 43_028, 91_737, 0, 92),
    ("FY2015", 43_028, 91_737, 0, 92),
    ("FY2016", 43_028, 91_737, 0, 92),
    ("FY2017", 43_910, 93_830, 0, 92),
    ("FY2021-01", 45_017, 95_358, 72, 92),
    ("FY2025-04", 46_498, 97_584, 76, 109),
    ("FY2026-04", 46_881, 98_186, 76, 109),
];

/// The bytes of a release's tabular list.
fn list_bytes(releases: &Path, release: &str) -> Vec<u8> {
    let wanted = FileKind::Document(DocumentKind::Tabular);
    let found = find(&[release_zip(releases, CM, release)]).unwrap().found;
    let mut found = found.iter().filter(|file| file.kind == wanted);
    let bytes = found.next().unwrap().read().unwrap();
    assert!(found.next().is_none(), "{release} has two tabular lists");
    bytes
}

/// Code and flag of every row of a release's order file, in their order.
fn order_rows(releases: &Path, code_set: CodeSet, release: &str) -> Vec<(Code, bool, String)> {
    let wanted = FileKind::OrderFile(code_set);
    let found = find(&[release_zip(releases, code_set, release)])
        .unwrap()
        .found;
    let bytes = found
        .iter()
        .find(|file| file.kind == wanted)
        .unwrap()
        .read()
        .unwrap();
    let file = OrderFile::parse(code_set, bytes).unwrap();
    file.rows()
        .iter()
        .map(|row| (row.code, row.billable, file.long_title(row).to_owned()))
        .collect()
}

fn nodes(tabular: &Tabular, kind: NodeKind) -> usize {
    tabular
        .nodes
        .iter()
        .filter(|node| node.kind == kind)
        .count()
}

// ---------------------------------------------------------------------------------------------
// Tabular lists.

#[test]
fn every_element_of_a_tabular_list_is_kept() {
    let Some(releases) = official_releases("elements of the tabular lists") else {
        return;
    };
    for (release, diags, ..) in LISTS {
        let bytes = list_bytes(&releases, release);
        let counts = counts_of(&bytes);
        let stands = |name: &str| counts.get(name).map_or(0, |(count, _)| *count);
        let tabular = parse_tabular(&bytes).unwrap();
        assert_eq!(stands("diag"), diags, "{release}");
        assert_eq!(nodes(&tabular, NodeKind::Code), diags, "{release}");
        assert_eq!(
            nodes(&tabular, NodeKind::Block),
            stands("section"),
            "{release}"
        );
        assert_eq!(
            nodes(&tabular, NodeKind::Chapter),
            stands("chapter"),
            "{release}"
        );
        let chapters = if id(release) < id("FY2021-01") {
            21
        } else {
            22
        };
        assert_eq!(stands("chapter"), chapters, "{release}");
        assert_eq!(
            nodes(&tabular, NodeKind::Introduction),
            stands("introSection")
        );
        let groups = tabular.nodes.iter().flat_map(|node| &node.groups);
        let notes: usize = groups.map(|group| group.notes.len()).sum();
        let characters = || {
            tabular
                .nodes
                .iter()
                .flat_map(|node| &node.seventh_characters)
        };
        let continuations: usize = characters().map(|one| one.continuations.len()).sum();
        assert_eq!(notes + continuations, stands("note"), "{release}");
        assert_eq!(characters().count(), stands("extension"), "{release}");
        let references: usize = tabular.nodes.iter().map(|node| node.index.len()).sum();
        assert_eq!(references, stands("sectionRef"), "{release}");
        let rows: usize = tabular
            .nodes
            .iter()
            .map(|node| node.visual_impairment.len())
            .sum();
        assert_eq!(rows, stands("visCategory"), "{release}");
        let placeholders = tabular.nodes.iter().filter(|node| node.placeholder).count();
        say(&format!(
            "{release}: blocks {}, notes {notes}, continuations {continuations}, 7th characters {}, placeholders {placeholders}, blocks in indexes {references}",
            stands("section"),
            stands("extension"),
        ));
        assert!((244..=246).contains(&placeholders), "{release}");
        let expected = match release {
            "FY2014" | "FY2015" | "FY2016" => 3,
            "FY2017" | "FY2021-01" => 7,
            _ => 8,
        };
        assert_eq!(continuations, expected, "{release}");
    }
}

#[test]
fn a_tabular_list_expands_to_the_rows_of_the_order_file_in_their_sequence() {
    let Some(releases) = official_releases("expansion of the tabular lists") else {
        return;
    };
    for (release, _, rows, surplus, _) in LISTS {
        let mut tabular = parse_tabular(&list_bytes(&releases, release)).unwrap();
        let expanded: Vec<(Code, bool)> = tabular
            .expand()
            .iter()
            .map(|given| (given.code, given.billable))
            .collect();
        let listed: Vec<(Code, bool)> = order_rows(&releases, CM, release)
            .into_iter()
            .map(|(code, billable, _)| (code, billable))
            .collect();
        assert_eq!(listed.len(), rows, "{release}");
        assert!(expanded == listed, "{release}: not the order file's rows");
        // What the prose of S06 takes away: without it there are rows that no order file has.
        for node in &mut tabular.nodes {
            if node.name == "S06" {
                node.groups.clear();
            }
        }
        let all: BTreeSet<Code> = tabular.expand().iter().map(|given| given.code).collect();
        assert_eq!(all.len(), rows + surplus, "{release}");
        let real: BTreeSet<Code> = listed.iter().map(|(code, _)| *code).collect();
        let wrong: Vec<&Code> = all.difference(&real).collect();
        assert_eq!(wrong.len(), surplus, "{release}");
        for code in wrong {
            let text = code.as_str();
            assert!(
                text.starts_with("S06")
                    && matches!(&text[5..6], "7" | "8")
                    && matches!(&text[6..], "D" | "S"),
                "{release}: {text}"
            );
        }
    }
}

#[test]
fn titles_of_a_tabular_list_differ_from_the_order_file_in_accents_only() {
    let Some(releases) = official_releases("titles of the tabular lists") else {
        return;
    };
    let store = everything(&releases);
    for (release, _, _, _, titles) in LISTS {
        let differences = store.tabular_differences(id(release)).unwrap();
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for difference in &differences {
            *kinds.entry(difference.kind.name()).or_default() += 1;
        }
        let expected = BTreeMap::from([(DifferenceKind::Accents.name(), titles)]);
        assert_eq!(kinds, expected, "{release}");
        assert_eq!(
            store
                .compare_tabular(id(release))
                .unwrap()
                .into_iter()
                .collect::<BTreeSet<_>>(),
            differences.into_iter().collect::<BTreeSet<_>>(),
            "{release}: compared anew"
        );
    }
    assert_eq!(store.tabular_differences(id("FY2026")).unwrap(), []);
}

#[test]
fn a_stored_tabular_list_is_read_back_as_it_was_parsed() {
    let Some(releases) = official_releases("tabular lists read back") else {
        return;
    };
    let store = everything(&releases);
    let stored = store.documents(DocumentKind::Tabular).unwrap();
    let names: Vec<String> = stored.iter().map(|one| one.release.to_string()).collect();
    assert_eq!(names, LISTS.map(|(release, ..)| release));
    for document in stored {
        let release = document.release.to_string();
        let parsed = parse_tabular(&list_bytes(&releases, &release)).unwrap();
        assert_eq!(document.items, parsed.nodes.len() as u64, "{release}");
        let read = store.tabular(&document).unwrap();
        assert_eq!(read.version, parsed.version, "{release}");
        for (read, parsed) in read.nodes.iter().zip(&parsed.nodes) {
            assert_eq!(read, parsed, "{release}");
        }
        assert_eq!(read.nodes.len(), parsed.nodes.len(), "{release}");
    }
}

// ---------------------------------------------------------------------------------------------
// A release made of its tabular list alone.

/// Writes single members of a release's zip into a folder of their own.
fn extracted(releases: &Path, release: &str, into: &Path) -> (PathBuf, PathBuf) {
    let mut paths: BTreeMap<bool, PathBuf> = BTreeMap::new();
    for file in find(&[release_zip(releases, CM, release)]).unwrap().found {
        let is_list = match file.kind {
            FileKind::Document(DocumentKind::Tabular) => true,
            FileKind::OrderFile(_) => false,
            _ => continue,
        };
        let folder = into.join("posted");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(&file.name);
        std::fs::write(&path, file.read().unwrap()).unwrap();
        paths.insert(is_list, path);
    }
    (paths[&true].clone(), paths[&false].clone())
}

#[test]
fn a_release_of_a_tabular_list_alone_has_the_codes_of_its_order_file_and_gives_way_to_it() {
    let Some(releases) = official_releases("a release of a tabular list alone") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (list, order) = extracted(&releases, "FY2026-04", folder.path());
    let stated = codeyear::ingest::ImportOptions {
        release: Some(id("FY2026-04").into()),
        ..whole()
    };
    let mut alone = Store::in_memory().unwrap();
    let report = import_all(&mut alone, std::slice::from_ref(&list), &stated);
    assert_eq!(report.taken.len(), 1);
    assert_eq!(
        report.taken[0].notes,
        [
            "no order file of FY2026-04 is loaded: its 98186 rows (74719 billable) come from this list, without short titles"
        ]
    );
    let stored = &alone.releases().unwrap()[0];
    assert_eq!(stored.release.listed_by, ListedBy::Tabular);
    assert!(
        stored
            .listing_file
            .published
            .name
            .ends_with("icd10c-tabular-April-1-2026.xml"),
        "{stored:?}"
    );

    // Codes and flags in the sequence of the order file; titles as far as they can agree.
    let rows = order_rows(&releases, CM, "FY2026-04");
    let entries = alone.listing(CM, id("FY2026-04")).unwrap().entries;
    assert_eq!(entries.len(), rows.len());
    let mut long_codes = 0;
    let mut same_of_long = 0;
    let mut same_of_rest = 0;
    for (entry, (code, billable, title)) in entries.iter().zip(&rows) {
        assert_eq!((entry.code, entry.billable), (*code, *billable));
        assert_eq!(entry.short_title, "", "{code:?}");
        let is_same = usize::from(entry.long_title == *title);
        // Accents are all that the others differ in.
        let plain: String = entry.long_title.nfd().filter(char::is_ascii).collect();
        assert_eq!(plain, *title, "{code:?}");
        if code.len() == 7 {
            long_codes += 1;
            same_of_long += is_same;
        } else {
            same_of_rest += is_same;
        }
    }
    say(&format!(
        "titles: of {long_codes} with 7 characters {same_of_long}, of {} others {same_of_rest}",
        rows.len() - long_codes
    ));
    assert_eq!(
        (
            long_codes,
            same_of_long,
            rows.len() - long_codes,
            same_of_rest
        ),
        FIGURES_OF_TITLES
    );

    // Verdicts over thousands of codes, and over some that are none.
    let mut both = Store::in_memory().unwrap();
    import_all(&mut both, &[list.clone(), order.clone()], &stated);
    let day = "2026-05-01".parse().unwrap();
    let known = rows.iter().step_by(37).map(|(code, ..)| *code);
    let none = ["C7B9", "S060X7D", "O401XX", "S52501", "Z99999"];
    let none = none.map(|text| CM.parse_code(text).unwrap());
    let mut asked = 0;
    for code in known.chain(none) {
        asked += 1;
        let by_list = answer::check(&alone.codes(CM).unwrap(), code.as_str(), day).unwrap();
        let by_order = answer::check(&both.codes(CM).unwrap(), code.as_str(), day).unwrap();
        assert_eq!(by_list.verdict.name(), by_order.verdict.name(), "{code:?}");
        if let (
            Verdict::Header {
                billable_below: a, ..
            },
            Verdict::Header {
                billable_below: b, ..
            },
        ) = (&by_list.verdict, &by_order.verdict)
        {
            let codes = |list: &[codeyear::model::Entry]| {
                list.iter().map(|entry| entry.code).collect::<Vec<_>>()
            };
            assert_eq!(codes(a), codes(b), "{code:?}");
        }
        let basis = by_list.basis.unwrap();
        assert!(
            basis.file.name.ends_with("icd10c-tabular-April-1-2026.xml"),
            "{code:?}: {basis:?}"
        );
        let basis = by_order.basis.unwrap();
        assert!(
            basis.file.name.ends_with("icd10cm_order_2026.txt"),
            "{code:?}"
        );
    }
    assert_eq!(asked, 2654 + 5);

    // The order file takes the list's place, whichever comes first.
    let mut hashes = BTreeSet::from([both.content_hash().unwrap()]);
    let before = alone.content_hash().unwrap();
    import_all(&mut alone, std::slice::from_ref(&order), &stated);
    assert_ne!(alone.content_hash().unwrap(), before);
    hashes.insert(alone.content_hash().unwrap());
    let mut order_first = Store::in_memory().unwrap();
    import_all(&mut order_first, std::slice::from_ref(&order), &stated);
    import_all(&mut order_first, std::slice::from_ref(&list), &stated);
    hashes.insert(order_first.content_hash().unwrap());
    let mut zip = Store::in_memory().unwrap();
    import_all(
        &mut zip,
        &[release_zip(&releases, CM, "FY2026-04")],
        &whole(),
    );
    hashes.insert(zip.content_hash().unwrap());
    assert_eq!(hashes.len(), 1, "one content, whatever came first");
    let stored = &alone.releases().unwrap()[0];
    assert_eq!(stored.release.listed_by, ListedBy::OrderFile);
    assert!(
        stored
            .listing_file
            .published
            .name
            .ends_with("icd10cm_order_2026.txt")
    );
    for store in [&alone, &both, &order_first, &zip] {
        assert_eq!(store.compare_spans(CM).unwrap(), 0);
        assert_eq!(
            store.tabular_differences(id("FY2026-04")).unwrap().len(),
            109
        );
        let entries = store.listing(CM, id("FY2026-04")).unwrap().entries;
        assert!(entries.iter().all(|entry| !entry.short_title.is_empty()));
    }
}

/// Codes of 7 characters, those whose expanded title is the order file's, other codes, likewise.
const FIGURES_OF_TITLES: (usize, usize, usize, usize) = (51_485, 51_443, 46_701, 46_592);

// ---------------------------------------------------------------------------------------------
// Documents in any order.

/// Rows of every table of facts and documents.
fn row_counts(store: &Store) -> BTreeMap<String, i64> {
    let connection = rusqlite::Connection::open_with_flags(
        store.path(),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .unwrap();
    let tables: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    tables
        .into_iter()
        .map(|table| {
            let count = connection
                .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                    row.get(0)
                })
                .unwrap();
            (table, count)
        })
        .collect()
}

/// The zips of some releases with documents of every kind.
fn zips_with_documents(releases: &Path) -> Vec<PathBuf> {
    let diagnoses = [
        "FY2014",
        "FY2015",
        "FY2017",
        "FY2020",
        "FY2021-01",
        "FY2025-04",
        "FY2026",
        "FY2026-04",
    ];
    let procedures = ["FY2020", "FY2022-04", "FY2022-04-errata", "FY2025"];
    let diagnoses = diagnoses.map(|release| release_zip(releases, CM, release));
    let procedures = procedures.map(|release| release_zip(releases, PCS, release));
    diagnoses.into_iter().chain(procedures).collect()
}

#[test]
fn any_order_of_zips_with_documents_gives_one_content_and_twice_is_once() {
    let Some(releases) = official_releases("documents in any order") else {
        return;
    };
    let zips = zips_with_documents(&releases);
    let mut hashes = BTreeSet::new();
    let mut differences = BTreeSet::new();
    for round in 0..3 {
        let mut order = zips.clone();
        match round {
            0 => {}
            1 => order.reverse(),
            // Every fifth of twelve comes to all of them in an order of its own.
            _ => {
                order = (0..zips.len())
                    .map(|at| zips[(at * 5 + 3) % zips.len()].clone())
                    .collect()
            }
        }
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut store = Store::open_or_create(&folder.path().join("codeyear.db")).unwrap();
        for zip in &order {
            import_all(&mut store, std::slice::from_ref(zip), &whole());
        }
        hashes.insert(store.content_hash().unwrap());
        let kept: usize = LISTS
            .iter()
            .map(|(release, ..)| store.tabular_differences(id(release)).unwrap().len())
            .sum();
        differences.insert(kept);
        if round == 2 {
            let before = row_counts(&store);
            assert!(before["document"] > 20 && before["tabular_node"] > 40_000);
            let report = import_all(&mut store, &zips, &whole());
            assert!(!report.changed());
            assert!(
                report
                    .taken
                    .iter()
                    .all(|taken| taken.added == Added::AlreadyThere)
            );
            assert_eq!(row_counts(&store), before, "a second import adds no row");
            hashes.insert(store.content_hash().unwrap());
        }
    }
    assert_eq!(hashes.len(), 1, "{hashes:?}");
    assert_eq!(differences, BTreeSet::from([92 * 4 + 109 * 2]));
}

#[test]
fn every_document_of_every_release_is_taken_once_and_shared_where_the_bytes_are_the_same() {
    let Some(releases) = official_releases("every document") else {
        return;
    };
    let store = everything(&releases);
    let mut found = BTreeMap::new();
    for kind in DocumentKind::ALL {
        let documents = store.documents(kind).unwrap();
        let distinct: BTreeSet<&str> = documents
            .iter()
            .map(|document| document.file.published.sha256.as_str())
            .collect();
        found.insert(kind.name(), (documents.len(), distinct.len()));
    }
    say(&format!("{found:?}"));
    // FY2014 and FY2015 have the same bytes.
    assert_eq!(found["tabular"], (7, 6));
    assert_eq!(found["index"], (4, 3));
    assert_eq!(found["conversion_table"].0, 12);
    assert_eq!(found["poa_exempt_list"].0, 14);
    assert_eq!(found["pcs_tables"], (6, 6));
    assert_eq!(found["pcs_definitions"], (6, 6));
    assert_eq!(found["pcs_index"], (5, 5));
    let distinct: usize = found.values().map(|(_, distinct)| distinct).sum();
    assert_eq!(row_counts(&store)["document"], distinct as i64);
    // What was taken says what it is.
    let folder = [release_zip(&releases, CM, "FY2017")];
    let mut other = Store::in_memory().unwrap();
    let report = import_all(&mut other, &folder, &whole());
    let kinds: Vec<&str> = report.taken.iter().map(|taken| taken.kind.name()).collect();
    assert_eq!(
        kinds,
        [
            "order_file",
            "order_addenda",
            "tabular",
            "index",
            "external_cause_index",
            "drug_table",
            "neoplasm_table",
            "conversion_table",
            "poa_exempt_list"
        ]
    );
    let tabular = ReleasePart::Document(DocumentKind::Tabular);
    assert_eq!(report.taken[2].kind, tabular);
    assert_eq!(report.taken[2].rows, 44_235);
}

// ---------------------------------------------------------------------------------------------
// Tables of ICD-10-PCS, from the database.

#[test]
fn stored_tables_of_icd10pcs_expand_to_the_billable_rows_of_their_order_files() {
    let Some(releases) = official_releases("stored tables of ICD-10-PCS") else {
        return;
    };
    let store = everything(&releases);
    let documents = store.documents(DocumentKind::PcsTables).unwrap();
    let names: Vec<String> = documents
        .iter()
        .map(|document| document.release.to_string())
        .collect();
    assert_eq!(
        names,
        [
            "FY2020",
            "FY2021-01",
            "FY2022-04-errata",
            "FY2023-04",
            "FY2025",
            "FY2026"
        ]
    );
    let connection = rusqlite::Connection::open_with_flags(
        store.path(),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .unwrap();
    for document in documents {
        let release = document.release.to_string();
        let parsed =
            parse_pcs_tables(&member(&releases, PCS, &release, "icd10pcs_tables_20")).unwrap();
        let tables: Vec<_> = parsed
            .tables
            .iter()
            .map(|table| store.pcs_table(&document, &table.code).unwrap().unwrap())
            .collect();
        assert!(tables == parsed.tables, "{release}: not as parsed");
        let read = PcsTables {
            version: parsed.version.clone(),
            title: parsed.title.clone(),
            tables,
            unread: parsed.unread.clone(),
        };
        let billable: Vec<Code> = order_rows(&releases, PCS, &release)
            .into_iter()
            .filter(|(_, billable, _)| *billable)
            .map(|(code, ..)| code)
            .collect();
        assert!(read.expand() == billable, "{release}: not the order file's");
        // What a user with sqlite3 adds up.
        let (rows, codes): (i64, i64) = connection
            .query_row(
                "SELECT count(*), sum(codes) FROM source_file
                 JOIN document_run ON document_run.document = source_file.document
                 JOIN pcs_row ON pcs_row.id >= first_item AND pcs_row.id < first_item + length
                 WHERE source_file.sha256 = ?1",
                [&document.file.published.sha256],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap();
        assert_eq!(rows, document.items as i64, "{release}");
        assert_eq!(codes, billable.len() as i64, "{release}");
    }
}

// ---------------------------------------------------------------------------------------------
// Indexes.

#[test]
fn every_range_of_an_index_holds_the_same_categories_by_letters_as_in_the_order_of_the_book() {
    let Some(releases) = official_releases("ranges of the indexes") else {
        return;
    };
    let store = everything(&releases);
    let connection = rusqlite::Connection::open_with_flags(
        store.path(),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .unwrap();
    let ranges: BTreeSet<(String, String)> = connection
        .prepare("SELECT DISTINCT first, last FROM index_reference WHERE target = 'range'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut compared = 0;
    for release in ["FY2014", "FY2017", "FY2023", "FY2026-04"] {
        let categories: Vec<String> = store
            .listing(CM, id(release))
            .unwrap()
            .entries
            .iter()
            .filter(|entry| entry.code.len() == 3)
            .map(|entry| entry.code.as_str().to_owned())
            .collect();
        for (first, last) in &ranges {
            let at = |name: &String| categories.iter().position(|category| category == name);
            // O05, and with it O06, is no category of ICD-10-CM.
            let (Some(from), Some(to)) = (at(first), at(last)) else {
                assert_eq!((first.as_str(), last.as_str()), ("O03", "O06"), "{release}");
                continue;
            };
            compared += 1;
            let by_letters: BTreeSet<&String> = categories
                .iter()
                .filter(|category| first <= *category && *category <= last)
                .collect();
            let by_order: BTreeSet<&String> = categories[from..=to].iter().collect();
            assert_eq!(by_letters, by_order, "{release} {first}-{last}");
        }
    }
    assert_eq!(compared, 44);
}
