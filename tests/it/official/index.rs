//! The alphabetic indexes and the tables of drugs and neoplasms, every official file.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use codeyear::model::{AlphabeticIndex, CodeSet, IndexKind, IndexTarget, ReferenceKind, path_text};
use codeyear::parse::index::{index_kind_of_head, parse_index};
use quick_xml::events::Event;

use super::release_zip;
use crate::world::official_releases;

/// The one member of a release whose name holds a text.
pub(super) fn member(releases: &Path, code_set: CodeSet, release: &str, text: &str) -> Vec<u8> {
    let members = members(releases, code_set, release);
    let mut found = members.into_iter().filter(|(name, _)| name.contains(text));
    let (_, bytes) = found.next().unwrap();
    assert!(found.next().is_none(), "{release} has two of {text}");
    bytes
}

/// The members of a release, by name.
fn members(releases: &Path, code_set: CodeSet, release: &str) -> BTreeMap<String, Vec<u8>> {
    let file = std::fs::File::open(release_zip(releases, code_set, release)).unwrap();
    let mut archive = zip::ZipArchive::new(file).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut member = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes).unwrap();
            (member.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

/// How often each element stands in a file, and the length of all text that stands right in it, but
/// not of the blanks between elements: by a plain walk that knows no layout.
pub(super) fn counts_of(bytes: &[u8]) -> BTreeMap<String, (usize, usize)> {
    let mut reader = quick_xml::Reader::from_reader(bytes);
    reader.config_mut().expand_empty_elements = true;
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut open: Vec<String> = Vec::new();
    loop {
        let length = match reader.read_event().unwrap() {
            Event::Start(start) => {
                let name = start.name().as_ref().to_owned();
                counts.entry(name.clone()).or_default().0 += 1;
                open.push(name);
                0
            }
            Event::End(_) => {
                open.pop();
                0
            }
            Event::Text(text) => {
                let text = text.xml10_content();
                // Blanks between elements have line breaks; one in a title has none.
                let is_between = text.trim().is_empty() && text.contains('\n');
                if is_between { 0 } else { text.len() }
            }
            // All of them stand for one ASCII character.
            Event::GeneralRef(_) => 1,
            Event::Eof => return counts,
            _ => 0,
        };
        if let (true, Some(name)) = (length > 0, open.last()) {
            counts.get_mut(name).unwrap().1 += length;
        }
    }
}

/// The same of what was read.
fn counts_kept(index: &AlphabeticIndex) -> BTreeMap<String, (usize, usize)> {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut add = |name: &str, length: usize| {
        let count = counts.entry(name.to_owned()).or_default();
        count.0 += 1;
        count.1 += length;
    };
    add("ICD10CM.index", 0);
    add("version", index.version.len());
    if !index.title.is_empty() {
        add("title", index.title.len());
    }
    if !index.headings.is_empty() {
        add("indexHeading", 0);
    }
    for heading in &index.headings {
        add("head", heading.text.len());
    }
    for letter in &index.letters {
        add("letter", 0);
        add("title", letter.len_utf8());
    }
    for term in &index.terms {
        add(if term.depth == 0 { "mainTerm" } else { "term" }, 0);
        let modifiers: usize = term.title.modifiers().map(str::len).sum();
        add("title", term.title.verbatim().len() - modifiers);
        for modifiers in term.title.modifiers() {
            add("nemod", modifiers.len());
        }
        for reference in &term.references {
            add(reference.kind.name(), reference.text.len());
        }
        for cell in &term.cells {
            add("cell", cell.text.len());
        }
    }
    counts
}

/// Release and kind; letters, main terms, terms below, modifiers, cells; references by kind (`code`,
/// `manif`, `see`, `seeAlso`, `seecat`, `subcat`); what references and cells name (a code, what stands
/// below one, a range, another term, the next reference, nothing, unreadable).
type Figures = (&'static str, IndexKind, [usize; 5], [usize; 6], [usize; 7]);

/// Counted in Python: elements with xml.etree, what they name by regular expressions, the kind by the
/// name of the file.
const FIGURES: [Figures; 31] = [
    (
        "FY2014",
        IndexKind::Diseases,
        [26, 7_939, 67_649, 11_837, 0],
        [58_087, 739, 11_926, 1_619, 17, 130],
        [52_349, 6_680, 65, 13_414, 10, 0, 0],
    ),
    (
        "FY2014",
        IndexKind::ExternalCauses,
        [22, 308, 7_256, 1_491, 0],
        [6_191, 0, 790, 89, 12, 11],
        [5_958, 267, 15, 851, 2, 0, 0],
    ),
    (
        "FY2014",
        IndexKind::Drugs,
        [27, 5_170, 2_246, 776, 43_140],
        [0, 0, 97, 35, 0, 0],
        [39_964, 0, 0, 132, 0, 3_176, 0],
    ),
    (
        "FY2014",
        IndexKind::Neoplasms,
        [1, 1, 1_929, 270, 10_858],
        [0, 1, 67, 120, 0, 0],
        [8_058, 951, 0, 187, 0, 1_849, 1],
    ),
    (
        "FY2015",
        IndexKind::Drugs,
        [27, 5_170, 2_246, 776, 43_140],
        [0, 0, 97, 35, 0, 0],
        [39_964, 0, 0, 132, 0, 3_176, 0],
    ),
    (
        "FY2015",
        IndexKind::ExternalCauses,
        [22, 308, 7_256, 1_491, 0],
        [6_191, 0, 790, 89, 12, 11],
        [5_958, 267, 15, 851, 2, 0, 0],
    ),
    (
        "FY2015",
        IndexKind::Diseases,
        [26, 7_939, 67_649, 11_837, 0],
        [58_087, 739, 11_926, 1_619, 17, 130],
        [52_349, 6_680, 65, 13_414, 10, 0, 0],
    ),
    (
        "FY2015",
        IndexKind::Neoplasms,
        [1, 1, 1_929, 270, 10_858],
        [0, 1, 67, 120, 0, 0],
        [8_058, 951, 0, 187, 0, 1_849, 1],
    ),
    (
        "FY2016",
        IndexKind::Drugs,
        [27, 5_170, 2_246, 776, 43_140],
        [0, 0, 97, 35, 0, 0],
        [39_964, 0, 0, 132, 0, 3_176, 0],
    ),
    (
        "FY2016",
        IndexKind::ExternalCauses,
        [22, 308, 7_256, 1_491, 0],
        [6_191, 0, 790, 89, 12, 11],
        [5_958, 267, 15, 851, 2, 0, 0],
    ),
    (
        "FY2016",
        IndexKind::Diseases,
        [26, 7_939, 67_649, 11_837, 0],
        [58_087, 739, 11_926, 1_619, 17, 130],
        [52_349, 6_680, 65, 13_414, 10, 0, 0],
    ),
    (
        "FY2016",
        IndexKind::Neoplasms,
        [1, 1, 1_929, 270, 10_858],
        [0, 1, 67, 120, 0, 0],
        [8_058, 951, 0, 187, 0, 1_849, 1],
    ),
    (
        "FY2017",
        IndexKind::Drugs,
        [27, 5_170, 2_246, 776, 43_140],
        [0, 0, 97, 35, 0, 0],
        [39_964, 0, 0, 132, 0, 3_176, 0],
    ),
    (
        "FY2017",
        IndexKind::ExternalCauses,
        [22, 314, 7_258, 1_492, 0],
        [6_208, 0, 790, 94, 4, 11],
        [5_975, 259, 15, 856, 2, 0, 0],
    ),
    (
        "FY2017",
        IndexKind::Diseases,
        [26, 7_973, 69_226, 11_968, 0],
        [59_412, 746, 11_979, 1_704, 15, 130],
        [53_477, 6_882, 66, 13_551, 10, 0, 0],
    ),
    (
        "FY2017",
        IndexKind::Neoplasms,
        [1, 1, 1_929, 270, 10_858],
        [0, 1, 67, 120, 0, 0],
        [8_046, 963, 0, 187, 0, 1_849, 1],
    ),
    (
        "FY2019",
        IndexKind::Drugs,
        [27, 5_172, 2_246, 776, 43_152],
        [0, 0, 97, 35, 0, 0],
        [39_970, 0, 0, 132, 0, 3_182, 0],
    ),
    (
        "FY2019",
        IndexKind::ExternalCauses,
        [22, 314, 7_271, 1_493, 0],
        [6_222, 0, 789, 97, 4, 11],
        [5_989, 259, 15, 858, 2, 0, 0],
    ),
    (
        "FY2019",
        IndexKind::Neoplasms,
        [1, 1, 1_938, 270, 10_912],
        [0, 1, 67, 120, 0, 0],
        [8_046, 972, 0, 187, 0, 1_894, 1],
    ),
    (
        "FY2020",
        IndexKind::Drugs,
        [27, 5_173, 2_248, 776, 43_170],
        [0, 0, 97, 35, 0, 0],
        [39_988, 0, 0, 132, 0, 3_182, 0],
    ),
    (
        "FY2020",
        IndexKind::ExternalCauses,
        [22, 314, 7_338, 1_494, 0],
        [6_281, 0, 789, 97, 4, 11],
        [6_048, 259, 15, 858, 2, 0, 0],
    ),
    (
        "FY2020",
        IndexKind::Neoplasms,
        [1, 1, 1_938, 270, 10_916],
        [0, 1, 67, 120, 0, 0],
        [8_046, 972, 0, 187, 0, 1_898, 1],
    ),
    (
        "FY2021",
        IndexKind::Drugs,
        [27, 5_173, 2_248, 777, 43_170],
        [0, 0, 97, 35, 0, 0],
        [39_988, 0, 0, 132, 0, 3_182, 0],
    ),
    (
        "FY2021",
        IndexKind::ExternalCauses,
        [22, 314, 7_484, 1_499, 0],
        [6_415, 0, 789, 97, 4, 11],
        [6_182, 259, 15, 858, 2, 0, 0],
    ),
    (
        "FY2021",
        IndexKind::Neoplasms,
        [1, 1, 1_938, 270, 10_916],
        [0, 1, 67, 120, 0, 0],
        [8_046, 972, 0, 187, 0, 1_898, 1],
    ),
    (
        "FY2022-04",
        IndexKind::Drugs,
        [27, 5_175, 2_248, 777, 43_182],
        [0, 0, 97, 35, 0, 0],
        [40_000, 0, 0, 132, 0, 3_182, 0],
    ),
    (
        "FY2022-04",
        IndexKind::ExternalCauses,
        [22, 314, 7_486, 1_499, 0],
        [6_416, 0, 788, 98, 4, 11],
        [6_183, 259, 16, 857, 2, 0, 0],
    ),
    (
        "FY2022-04",
        IndexKind::Neoplasms,
        [1, 1, 1_938, 270, 10_916],
        [0, 1, 67, 120, 0, 0],
        [8_046, 972, 0, 187, 0, 1_898, 1],
    ),
    (
        "FY2023",
        IndexKind::Drugs,
        [27, 5_175, 2_248, 777, 43_182],
        [0, 0, 97, 35, 0, 0],
        [40_000, 0, 0, 132, 0, 3_182, 0],
    ),
    (
        "FY2023",
        IndexKind::ExternalCauses,
        [22, 314, 7_687, 1_567, 0],
        [6_591, 0, 791, 98, 3, 11],
        [6_358, 259, 18, 857, 2, 0, 0],
    ),
    (
        "FY2023",
        IndexKind::Neoplasms,
        [1, 1, 1_938, 270, 10_916],
        [0, 1, 67, 120, 0, 0],
        [8_046, 972, 0, 187, 0, 1_898, 1],
    ),
];

#[test]
fn every_index_and_table_is_read_whole() {
    let Some(releases) = official_releases("the indexes of ICD-10-CM") else {
        return;
    };
    let mut figures: Vec<Figures> = FIGURES.to_vec();
    let mut unreadable: BTreeMap<String, usize> = BTreeMap::new();
    let mut ids: Vec<&str> = FIGURES.iter().map(|(release, ..)| *release).collect();
    ids.dedup();
    for release in ids {
        for (name, bytes) in members(&releases, CodeSet::Icd10Cm, release) {
            let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]);
            if !head.contains("<ICD10CM.index>") {
                assert_eq!(index_kind_of_head(&head), None, "{name}");
                continue;
            }
            let index = parse_index(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(index_kind_of_head(&head), Some(index.kind), "{name}");
            assert_eq!(counts_kept(&index), counts_of(&bytes), "{name}");
            let found = figures_of(&index, &mut unreadable);
            let of_this = |(id, kind, ..): &Figures| *id == release && *kind == index.kind;
            let at = figures.iter().position(of_this).unwrap();
            let (_, _, parts, references, targets) = figures.remove(at);
            assert_eq!(found, (parts, references, targets), "{name}");
        }
    }
    assert!(figures.is_empty(), "not in the releases: {figures:?}");
    let explained = ["ventral surface of tongue and floor of mouth"];
    assert!(unreadable.keys().eq(explained), "{unreadable:?}");
}

fn figures_of(
    index: &AlphabeticIndex,
    unreadable: &mut BTreeMap<String, usize>,
) -> ([usize; 5], [usize; 6], [usize; 7]) {
    let mut parts = [index.letters.len(), 0, 0, 0, 0];
    let mut references = [0; 6];
    let mut targets = [0; 7];
    let mut count = |target: IndexTarget| {
        let at = match target {
            IndexTarget::Code(_) => 0,
            IndexTarget::Below(_) => 1,
            IndexTarget::Range { .. } => 2,
            IndexTarget::Term(_) => 3,
            IndexTarget::NextReference => 4,
            IndexTarget::None => 5,
            IndexTarget::Unreadable(text) => {
                *unreadable.entry(text).or_default() += 1;
                6
            }
        };
        targets[at] += 1;
    };
    for term in &index.terms {
        parts[if term.depth == 0 { 1 } else { 2 }] += 1;
        parts[3] += term.title.modifiers().count();
        parts[4] += term.cells.len();
        for reference in &term.references {
            let mut kinds = ReferenceKind::ALL.iter();
            references[kinds.position(|kind| *kind == reference.kind).unwrap()] += 1;
            count(reference.target());
        }
        term.cells.iter().for_each(|cell| count(cell.target()));
    }
    (parts, references, targets)
}

#[test]
fn words_lead_to_codes() {
    let Some(releases) = official_releases("the indexes of ICD-10-CM") else {
        return;
    };
    let read = |name| {
        let bytes = member(&releases, CodeSet::Icd10Cm, "FY2017", name);
        parse_index(&bytes).unwrap()
    };
    let below = |text: &str| IndexTarget::Below(CodeSet::Icd10Cm.parse_code(text).unwrap());
    let code = |text: &str| IndexTarget::Code(CodeSet::Icd10Cm.parse_code(text).unwrap());

    let diseases = read("cm_index_2017.xml");
    let (at, path) = diseases
        .paths()
        .enumerate()
        .find(|(_, path)| path_text(path) == "Tumor > carcinoid > benign > appendix")
        .unwrap();
    assert_eq!(path, diseases.path(at));
    assert_eq!(path[3].references[0].target(), code("D3A.020"));
    for (position, path) in diseases.paths().enumerate().step_by(997) {
        assert_eq!(path, diseases.path(position));
    }

    let neoplasms = read("neoplasm_2017");
    let nipple = neoplasms
        .paths()
        .find(|path| path_text(path) == "Neoplasm, neoplastic > breast > nipple")
        .unwrap();
    let cells: Vec<(Option<&str>, IndexTarget)> = nipple[2]
        .cells
        .iter()
        .map(|cell| (neoplasms.heading(cell.column), cell.target()))
        .collect();
    assert_eq!(cells[0], (Some("Malignant Primary"), below("C50.0")));
    assert_eq!(cells[1], (Some("Malignant Secondary"), code("C79.81")));
}
