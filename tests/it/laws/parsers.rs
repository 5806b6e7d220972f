//! Parsers: what is accepted is written back byte for byte, and damage is refused without a panic.

use codeyear::model::{CodeRange, CodeSet, ReleaseId};
use codeyear::parse::addenda::parse_order_addenda;
use codeyear::parse::conversion::parse_conversion;
use codeyear::parse::index::{index_kind_of_head, parse_index};
use codeyear::parse::order::OrderFile;
use codeyear::parse::pcs::{parse_pcs_definitions, parse_pcs_index, parse_pcs_tables};
use codeyear::parse::poa::parse_poa;
use codeyear::parse::tabular::parse_tabular;
use codeyear::source::recognise::recognise;
use codeyear::source::sample::{sample_bytes, sample_files};
use codeyear::store::Store;
use proptest::prelude::*;

use super::{SET, book, cases, entries_of, id, import_one, render_in};

/// A title as no official file has it, but as a file may have it: letters of any script, single,
/// leading and double blanks.
fn title() -> impl Strategy<Value = String> {
    "[ -~éβ]{0,20}[!-~é][ -~]{0,10}"
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn an_order_file_is_written_back_byte_for_byte(
        book in book(),
        titles in proptest::collection::vec((title(), title()), 3),
        ending in prop_oneof![Just("\r\n"), Just("\n")],
        mark in prop_oneof![Just(""), Just("\u{feff}")],
        blanks in prop_oneof![Just(""), Just("\r\n"), Just(" \n \r\n"), Just("  ")],
    ) {
        let mut book = book;
        for (entry, (short, long)) in book.iter_mut().zip(titles) {
            entry.short_title = short.trim_end().to_owned();
            entry.long_title = long;
        }
        // Columns are counted in bytes: the short title is padded to 60 of them.
        let mut bytes = mark.as_bytes().to_vec();
        for (index, entry) in book.iter().enumerate() {
            let blanks = " ".repeat(60 - entry.short_title.len());
            let flag = u8::from(entry.billable);
            let code = entry.code.as_str();
            let line = format!(
                "{:05} {code:<7} {flag} {}{blanks} {}",
                index + 1, entry.short_title, entry.long_title
            );
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(ending.as_bytes());
        }
        bytes.extend_from_slice(blanks.as_bytes());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("icd10cm-FY2030.txt");
        std::fs::write(&path, &bytes).unwrap();
        let mut store = Store::in_memory().unwrap();
        import_one(&mut store, &path, false);
        prop_assert_eq!(store.listing(SET, id("FY2030")).unwrap().entries, book);
        let mut written = Vec::new();
        store.write_order_file(SET, id("FY2030"), &mut written).unwrap();
        prop_assert_eq!(String::from_utf8(written).unwrap(), String::from_utf8(bytes).unwrap());
    }
}

const ROWS: &str = concat!(
    "00001 L70     0 Acne                                                         Acne\r\n",
    "00002 L705    1 Acne excoriee                                                Acne excoriee\r\n",
);

#[test]
fn a_short_title_with_letters_of_two_bytes_is_padded_to_60_bytes() {
    // The second e of the short title is a letter of two bytes, so one blank less follows it.
    read_as_everything(
        ROWS.replacen("Acne excoriee  ", "Acne excoriée ", 1)
            .as_bytes(),
    );
}

#[test]
fn a_file_cut_off_between_the_two_characters_of_its_last_line_ending_is_refused_or_kept() {
    read_as_everything(&ROWS.as_bytes()[..ROWS.len() - 1]);
}

#[test]
fn a_code_padded_with_anything_but_blanks_is_refused_or_kept() {
    read_as_everything(ROWS.replacen("L705   ", "L705\t  ", 1).as_bytes());
}

/// Some bytes changed, put in or left out.
#[derive(Debug, Clone)]
enum Damage {
    Change(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    CutOff(prop::sample::Index),
    SwapLines(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = || any::<prop::sample::Index>();
    let telling = || {
        prop_oneof![
            any::<u8>(),
            proptest::sample::select(b" \t\r\n\x0b\x0c01Z:.\xc3\xa9\0".to_vec())
        ]
    };
    prop_oneof![
        (at(), telling()).prop_map(|(at, byte)| Damage::Change(at, byte)),
        (at(), proptest::collection::vec(telling(), 1..4))
            .prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (at(), 1usize..90).prop_map(|(at, count)| Damage::Remove(at, count)),
        at().prop_map(Damage::CutOff),
        (at(), at()).prop_map(|(a, b)| Damage::SwapLines(a, b)),
    ]
}

fn damaged(bytes: &[u8], damages: &[Damage]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for damage in damages {
        if bytes.is_empty() {
            break;
        }
        match damage {
            Damage::Change(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Damage::Insert(at, more) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, more.iter().copied());
            }
            Damage::Remove(at, count) => {
                let at = at.index(bytes.len());
                bytes.drain(at..(at + count).min(bytes.len()));
            }
            Damage::CutOff(at) => bytes.truncate(at.index(bytes.len())),
            Damage::SwapLines(a, b) => {
                let mut lines: Vec<Vec<u8>> = bytes
                    .split_inclusive(|byte| *byte == b'\n')
                    .map(<[u8]>::to_vec)
                    .collect();
                let (a, b) = (a.index(lines.len()), b.index(lines.len()));
                lines.swap(a, b);
                bytes = lines.concat();
            }
        }
    }
    bytes
}

/// Reads bytes as everything that they could be; whatever is accepted loses nothing.
pub(crate) fn read_as_everything(bytes: &[u8]) {
    for code_set in CodeSet::ALL {
        if let Ok(file) = OrderFile::parse(code_set, bytes.to_vec()) {
            let book = entries_of(code_set, bytes);
            let written = render_in(&book, file.envelope());
            assert_eq!(
                String::from_utf8(written).unwrap(),
                String::from_utf8(bytes.to_vec()).unwrap(),
                "accepted, but not written back"
            );
        }
        if let Ok(addenda) = parse_order_addenda(code_set, bytes) {
            assert!(!addenda.rows.is_empty() || addenda.footer.is_some());
            let _ = addenda.count();
        }
    }
    if let Ok(table) = parse_conversion(bytes) {
        assert!(!table.rows.is_empty());
        for row in &table.rows {
            let _ = row.flaws();
        }
    }
    for name in ["POAexemptCodesFY30.txt", "POAexemptDelCodesFY30.txt", "x"] {
        if let Ok(list) = parse_poa(name, bytes) {
            assert!(!list.rows.is_empty());
        }
    }
    for name in [
        "icd10cm_order_2030.txt",
        "conversion_table_2030.xlsx",
        "POAexemptCodesFY30.txt",
        "order_addenda_2030.txt",
        "x.zip",
        "x",
    ] {
        let _ = recognise(name, bytes);
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn parsers_take_any_bytes_without_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        read_as_everything(&bytes);
    }

    #[test]
    fn parsers_take_a_damaged_file_without_panic_and_lose_nothing_of_what_they_accept(
        file in 0..1000usize,
        first in 0..1000usize,
        lines in 1..6usize,
        damages in proptest::collection::vec(damage(), 1..4),
    ) {
        let files = sample_files().unwrap();
        let bytes = sample_bytes(&files[file % files.len()]);
        // A few lines from the start of an order file, or from anywhere in an addenda.
        let all: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let is_order_file = files[file % files.len()].is_order_file();
        let from = if is_order_file { 0 } else { first % all.len() };
        let part = all[from..(from + lines).min(all.len())].concat();
        read_as_everything(&damaged(&part, &damages));
        if !is_order_file {
            let whole = damaged(bytes, &damages);
            read_as_everything(&whole);
            read_as_every_xml(&whole);
        }
    }

    #[test]
    fn any_text_is_a_code_or_says_why_not(text in "\\PC{0,12}|[A-Z0-9. ]{0,9}") {
        for code_set in CodeSet::ALL {
            match code_set.parse_code(&text) {
                Ok(code) => {
                    prop_assert_eq!(code_set.parse_code(code.as_str()).unwrap(), code);
                    prop_assert_eq!(code_set.parse_code(&code.to_string()).unwrap(), code);
                }
                Err(error) => prop_assert!(!error.reason.summary().is_empty()),
            }
            let _ = CodeRange::parse(code_set, &text);
        }
        if let Ok(release) = text.parse::<ReleaseId>() {
            prop_assert_eq!(release.to_string().parse::<ReleaseId>(), Ok(release));
        }
    }
}

/// Parts of official XML files, each whole in itself.
pub(crate) const XML: [&str; 6] = [
    r##"<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
  <version>2017</version>
  <title>ICD-10-CM INDEX TO DISEASES and INJURIES</title>
  <letter>
    <title>A</title>
    <mainTerm>
      <title>Abasia<nemod>(-astasia) (hysterical)</nemod></title>
      <code>F44.4</code>
    </mainTerm>
    <mainTerm>
      <title>Abdomen, abdominal</title>
      <seeAlso>condition</seeAlso>
      <term level="1">
        <title>acute</title>
        <code>R10.0</code>
      </term>
    </mainTerm>
  </letter>
</ICD10CM.index>
"##,
    r##"<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
  <version>2017</version>
  <indexHeading>
    <head col="1">Neoplasm</head>
    <head col="2">Malignant Primary</head>
    <head col="3">Malignant Secondary</head>
  </indexHeading>
  <letter>
    <title>N</title>
    <mainTerm>
      <title>Neoplasm, neoplastic</title>
      <term level="1">
        <title>nipple</title>
        <cell col="2">C50.0-</cell>
        <cell col="3">C79.81</cell>
      </term>
    </mainTerm>
  </letter>
</ICD10CM.index>
"##,
    r##"<?xml version="1.0" encoding="utf-8"?>
<ICD10PCS.tabular>
  <version>2025</version>
  <title>2025 ICD-10-PCS Tables</title>
  <pcsTable>
    <axis pos="1" values="1"><title>Section</title><label code="0">Medical and Surgical</label></axis>
    <axis pos="2" values="1"><title>Body System</title><label code="X">Anatomical Regions, Upper Extremities</label></axis>
    <axis pos="3" values="1"><title>Operation</title><label code="X">Transfer</label></axis>
    <pcsRow codes="1">
      <axis pos="4" values="1"><title>Body Part</title><label code="N">Index Finger, Right</label></axis>
      <axis pos="5" values="1"><title>Approach</title><label code="0">Open</label></axis>
      <axis pos="6" values="1"><title>Device</title><label code="Z">No Device</label></axis>
      <axis pos="7" values="1"><title>Qualifier</title><label code="L">Thumb, Right</label></axis>
    </pcsRow>
  </pcsTable>
</ICD10PCS.tabular>
"##,
    r##"<?xml version="1.0" encoding="utf-8"?>
<ICD10PCS.definitions>
  <version>2025</version>
  <title>2025 ICD-10-PCS Definitions</title>
  <section code="0">
    <title>Medical and Surgical</title>
    <axis pos="4">
      <title>Body Part</title>
      <terms>
        <title>1st Toe, Left</title>
        <title>1st Toe, Right</title>
        <includes>Hallux</includes>
      </terms>
    </axis>
  </section>
  <deviceAggregation>
    <aggregate>
      <device>Autologous Venous Tissue</device>
      <operation>All applicable</operation>
      <bodySys>Lower Arteries</bodySys>
      <parent value="7">Autologous Tissue Substitute</parent>
    </aggregate>
  </deviceAggregation>
</ICD10PCS.definitions>
"##,
    r##"<?xml version="1.0" encoding="utf-8"?>
<ICD10PCS.index>
  <version>2025</version>
  <title>2025 ICD-10-PCS Index</title>
  <letter>
    <title>A</title>
    <mainTerm>
      <title>Abdominoplasty</title>
      <term level="1">
        <see>Alteration, Abdominal Wall<codes>0W0F</codes></see>
      </term>
    </mainTerm>
  </letter>
</ICD10PCS.index>
"##,
    r##"<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular>
  <version>2026</version>
  <chapter>
    <name>2</name>
    <desc>Neoplasms (C00-D49)</desc>
    <section id="C7B">
      <desc>Secondary neuroendocrine tumors (C7B)</desc>
      <diag>
        <name>C7B</name>
        <desc>Secondary neuroendocrine tumors</desc>
      </diag>
    </section>
  </chapter>
</ICD10CM.tabular>
"##,
];

/// What stands in XML and may stand in the wrong place.
pub(crate) const TAGS: [&str; 12] = [
    "<title>",
    "</title>",
    "<term level=\"1\">",
    "</term>",
    "<nemod>",
    "<label code=\"0\">",
    "&amp;",
    "&#9;",
    "<!--",
    "]]>",
    "<![CDATA[x]]>",
    "<?x?>",
];

/// Reads bytes as every XML file that they could be, and asks of what is accepted everything that can be
/// asked.
pub(crate) fn read_as_every_xml(bytes: &[u8]) -> usize {
    let _ = index_kind_of_head(&String::from_utf8_lossy(bytes));
    let mut accepted = 0;
    if let Ok(index) = parse_index(bytes) {
        accepted += 1;
        for (position, path) in index.paths().enumerate() {
            assert_eq!(path, index.path(position));
            let term = path[path.len() - 1];
            let pieces: String = term.title.pieces().iter().map(|(_, text)| *text).collect();
            assert_eq!(pieces, term.title.verbatim());
            let _ = (term.title.printed(), term.title.essential());
            for reference in &term.references {
                let _ = reference.target();
            }
            for cell in &term.cells {
                assert!(index.heading(cell.column).is_some());
                let _ = cell.target();
            }
        }
    }
    if let Ok(tables) = parse_pcs_tables(bytes) {
        accepted += 1;
        let codes = tables.expand();
        assert!(!codes.is_empty());
        for code in codes {
            assert_eq!(tables.explain(&code).unwrap().len(), 7);
            assert_eq!(tables.refusal(&code), None);
        }
    }
    if let Ok(definitions) = parse_pcs_definitions(bytes) {
        accepted += 1;
        let mut terms = definitions.terms.iter();
        assert!(terms.all(|term| definitions.axis_title(term).is_some()));
    }
    if let Ok(index) = parse_pcs_index(bytes) {
        accepted += 1;
        for position in 0..index.terms.len() {
            assert!(!index.path(position).is_empty());
        }
    }
    if let Ok(tabular) = parse_tabular(bytes) {
        accepted += 1;
        let _ = tabular.expand();
    }
    accepted
}

#[test]
fn every_xml_file_of_the_sample_is_read_as_one_kind_and_none_of_it_cut_off() {
    for file in sample_files().unwrap() {
        let bytes = sample_bytes(file);
        let is_xml = file.path.ends_with(".xml");
        assert_eq!(
            read_as_every_xml(bytes),
            usize::from(is_xml),
            "{}",
            file.path
        );
        if is_xml {
            let end = bytes.trim_ascii_end().len();
            for cut in (0..16).map(|part| end / 16 * part).chain([end - 1]) {
                assert_eq!(read_as_every_xml(&bytes[..cut]), 0, "{}", file.path);
            }
        }
    }
}

#[test]
fn an_xml_file_is_one_kind_of_file_only() {
    for text in XML {
        assert_eq!(read_as_every_xml(text.as_bytes()), 1, "{text}");
    }
}

proptest! {
    #![proptest_config(cases(1024))]

    #[test]
    fn parsers_take_damaged_xml_without_panic(
        file in 0..XML.len(),
        damages in proptest::collection::vec(damage(), 0..3),
        tags in proptest::collection::vec(
            (any::<prop::sample::Index>(), proptest::sample::select(TAGS.to_vec())), 0..3,
        ),
    ) {
        let mut bytes = XML[file].as_bytes().to_vec();
        for (at, tag) in tags {
            let at = at.index(bytes.len());
            bytes.splice(at..at, tag.bytes());
        }
        read_as_every_xml(&damaged(&bytes, &damages));
    }

    #[test]
    fn parsers_take_xml_cut_off_anywhere_without_panic(
        file in 0..XML.len(), at in any::<prop::sample::Index>(),
    ) {
        let bytes = XML[file].trim_end().as_bytes();
        let cut_off = &bytes[..at.index(bytes.len())];
        prop_assert_eq!(read_as_every_xml(cut_off), 0);
    }
}
