//! Files around the order file that are broken, made up or in the wrong place.

use std::fs;
use std::io::{Cursor, Read, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{
    assert_refused, database_with_fy2030, leftovers, order_file, refused_in, run_patiently, sample,
    sample_text, taken, world,
};
use crate::world::shown;

const TABULAR: &str = "icd10cm/FY2026-04/icd10c-tabular-April-1-2026.xml";
const WORKBOOK: &str = "icd10cm/FY2026/ICD-10-CM-CONVERSION-TABLE-FY2026.xlsx";
const CSV: &str =
    "icd10cm/FY2020/ICD-10-CM-Conversion-Table-FY20-Effective-10-1-2019-corrected.csv";
const POA: &str = "icd10cm/FY2026/POAexemptCodesFY26.txt";
const TABLES: &str = "icd10pcs/FY2022-04-errata/icd10pcs_tables_2022.xml";

/// A document made of a text of the sample, which no one knows any more.
fn changed(path: &str, from: &str, to: &str) -> Vec<u8> {
    let text = sample_text(path);
    assert!(text.contains(from), "{path} has no {from:?}");
    text.replacen(from, to, 1).into_bytes()
}

/// Imports one document with the release that is stored in one of the worlds; it must be refused with its
/// name and place.
fn document_refused(name: &str, bytes: &[u8], parts: &[&str]) {
    let mut all = vec![name];
    all.extend(parts);
    refused_in(&[(name, bytes)], &[name, "--release", "FY2030"], &all);
}

/// The line of the first place where a text stands in a file.
fn line_of(text: &str, part: &str) -> usize {
    let at = text.find(part).unwrap();
    text[..at].matches('\n').count() + 1
}

// ---------------------------------------------------------------------------------------------
// Tabular lists.

#[test]
fn a_tabular_list_whose_xml_is_malformed_is_refused_with_its_line() {
    for (from, to, what) in [
        ("</desc>", "</desk>", "malformed XML"),
        (
            "<name>C7B</name>",
            "<name>C7B<name>",
            "unexpected element <name>",
        ),
        ("Neoplasms (C00-D49)", "Neoplasms & (C00-D49)", "malformed"),
        (
            "Neoplasms (C00-D49)",
            "Neoplasms &evil; (C00-D49)",
            "unknown entity &evil;",
        ),
        (
            "Neoplasms (C00-D49)",
            "Neoplasms \u{7} (C00-D49)",
            "control character",
        ),
    ] {
        let bytes = changed(TABULAR, from, to);
        let refused = format!("Tabular.xml, line {}", line_of(&sample_text(TABULAR), from));
        document_refused("Tabular.xml", &bytes, &[what, &refused]);
    }
    let tag = changed(TABULAR, "<diag>", "<diag <");
    document_refused("Tabular.xml", &tag, &["line ", "malformed"]);
}

#[test]
fn a_tabular_list_with_a_known_element_out_of_its_place_is_refused_by_its_name() {
    for (from, to, what) in [
        (
            "<chapter>",
            "<chapter><novelty><diag/></novelty>",
            "unexpected element <diag> in <novelty>",
        ),
        ("<diag>", "<diag><chapter></chapter>", "<chapter>"),
        ("<desc>", "text <desc>", "found text"),
        (
            "<name>C7B</name>",
            "<name>C7B</name><name>C7C</name>",
            "expected one <name>, found two",
        ),
        (
            "<name>C7B</name>",
            "<name>7B7</name>",
            "expected a dotted ICD-10-CM code",
        ),
        ("<name>C7B</name>", "", "expected the name"),
    ] {
        document_refused("Tabular.xml", &changed(TABULAR, from, to), &[what, "line "]);
    }
    // The same code at two places.
    let twice = changed(TABULAR, "<name>C7B.1</name>", "<name>C7B.8</name>");
    document_refused(
        "Tabular.xml",
        &twice,
        &["code C7B8 is in the tabular list twice"],
    );
}

#[test]
fn what_is_not_known_of_a_tabular_list_is_kept_and_named() {
    let text = sample_text(TABULAR)
        .replacen("<chapter>", "<chapter newid=\"1\">", 1)
        .replacen(
            "<name>C7B</name>",
            "<novelty>x</novelty><name>C7B</name>",
            1,
        );
    let words = format!(
        "2 items unknown to this version are kept as they are: line {}: attribute newid of <chapter>; \
         line {}: element <novelty> in <diag>",
        line_of(&text, "newid"),
        line_of(&text, "<novelty>")
    );
    let world = world();
    world.write("Tabular.xml", text);
    let run = taken(&world, &["Tabular.xml", "--release", "FY2030"]);
    assert!(run.stdout.contains(&words), "{run:?}");
    let again = taken(
        &world,
        &["Tabular.xml", "--release", "FY2030", "--format", "json"],
    );
    assert!(again.stdout.contains("\"unread\": 2"), "{again:?}");
    let verify = world.run(&["verify"]);
    assert!(verify.stdout.contains(&words), "{verify:?}");
}

#[test]
fn a_tabular_list_with_a_document_type_is_refused_before_its_entities_grow() {
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;\">]>\r\n<ICD10CM.tabular>";
    let bytes = changed(TABULAR, "<ICD10CM.tabular>", bomb);
    document_refused(
        "Tabular.xml",
        &bytes,
        &["line 2", "expected no document type"],
    );
    // A file from outside is not asked for either.
    let outside = "<!DOCTYPE x SYSTEM \"file:///etc/passwd\">\r\n<ICD10CM.tabular>";
    let bytes = changed(TABULAR, "<ICD10CM.tabular>", outside);
    document_refused(
        "Tabular.xml",
        &bytes,
        &["line 2", "expected no document type"],
    );
}

#[test]
fn a_tabular_list_nested_without_end_is_refused() {
    let deep = "<diag><name>C7B</name><desc>x</desc>".repeat(200_000);
    let bytes = changed(TABULAR, "<diag>", &format!("{deep}<diag>"));
    document_refused("Tabular.xml", &bytes, &["line ", "at most 64 levels"]);
}

#[test]
fn a_tabular_list_that_is_cut_off_is_refused_wherever_it_is_cut() {
    let whole = sample(TABULAR);
    for part in [2, 3, 5, 7, 50] {
        let at = whole.len() - whole.len() / part;
        document_refused(
            "Tabular.xml",
            &whole[..at],
            &["line ", "the file is cut off", "download it again"],
        );
    }
    let text = sample_text(TABULAR);
    let end = text.trim_end().len();
    for at in [end - 1, end - 5, end - "</ICD10CM.tabular>".len()] {
        document_refused(
            "Tabular.xml",
            &whole[..at],
            &["line ", "the file is cut off"],
        );
    }
}

#[test]
fn a_tabular_list_in_another_encoding_is_refused_with_the_place_of_the_byte() {
    let text = sample_text(TABULAR);
    let line = line_of(&text, "Neoplasms (C00-D49)");
    let mut bytes = text.into_bytes();
    let at = bytes
        .windows(9)
        .position(|part| part == b"Neoplasms")
        .unwrap();
    bytes[at] = 0xe9;
    document_refused("Tabular.xml", &bytes, &[&format!("line {line}"), "UTF-8"]);
    let utf16: Vec<u8> = sample_text(TABULAR)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let utf16 = [b"\xff\xfe".as_slice(), &utf16].concat();
    document_refused("Tabular.xml", &utf16, &["a text in UTF-16"]);
}

#[test]
fn a_tabular_list_without_codes_is_refused() {
    document_refused("Tabular.xml", b"", &["an empty file"]);
    let head = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n";
    for body in [
        "<ICD10CM.tabular></ICD10CM.tabular>",
        "<ICD10CM.tabular/>",
        "<ICD10CM.tabular><version>2030</version></ICD10CM.tabular>",
    ] {
        let bytes = format!("{head}{body}\r\n");
        document_refused(
            "Tabular.xml",
            bytes.as_bytes(),
            &["expected chapters with codes, found none"],
        );
    }
    let other = format!("{head}<ICD10CM.tabularium/>\r\n");
    document_refused("Tabular.xml", other.as_bytes(), &[]);
}

// ---------------------------------------------------------------------------------------------
// Conversion tables.

/// The workbook of the sample with one of its members changed, or left out.
fn workbook(name: &str, change: impl Fn(&str) -> Option<String>) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(sample(WORKBOOK))).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let mut found = false;
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).unwrap();
        let member_name = member.name().unwrap().into_owned();
        let mut text = String::new();
        member.read_to_string(&mut text).unwrap();
        if member_name == name {
            found = true;
            match change(&text) {
                Some(changed) => text = changed,
                None => continue,
            }
        }
        writer
            .start_file(member_name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    assert!(found, "the workbook has no {name}");
    writer.finish().unwrap().into_inner()
}

const SHEET: &str = "xl/worksheets/sheet1.xml";

/// The workbook with a text of its sheet changed, wherever the text stands.
fn sheet_with(from: &str, to: &str) -> Vec<u8> {
    workbook(SHEET, |sheet| {
        assert!(
            sheet.contains(from),
            "{from:?}: {}",
            &sheet[..sheet.len().min(1500)]
        );
        Some(sheet.replacen(from, to, 1))
    })
}

#[test]
fn a_workbook_that_cannot_be_opened_or_has_no_sheet_is_refused() {
    let name = "conversion-table-FY2030.xlsx";
    let whole = sample(WORKBOOK);
    document_refused(name, &whole[..whole.len() / 2], &["workbook"]);
    let mut damaged = whole.clone();
    let middle = damaged.len() / 3;
    for byte in &mut damaged[middle..middle + 200] {
        *byte ^= 0x5a;
    }
    document_refused(name, &damaged, &[]);
    document_refused(name, &workbook(SHEET, |_| None), &[]);
    document_refused(name, &workbook("xl/workbook.xml", |_| None), &[]);
    document_refused(name, &workbook(SHEET, |_| Some(String::new())), &[]);
    document_refused(name, b"PK\x03\x04", &["workbook"]);
}

#[test]
fn a_workbook_that_unpacks_to_more_than_a_table_can_have_is_refused() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default())
        .unwrap();
    writer.write_all(&vec![b' '; 64 << 20]).unwrap();
    let bomb = writer.finish().unwrap().into_inner();
    assert!(bomb.len() < 100_000);
    document_refused("conversion.xlsx", &bomb, &["unpacks to more than 16 MB"]);
}

#[test]
fn a_sheet_with_other_columns_is_refused_with_the_cell() {
    let csv = "prose,,\r\nCurrent code assignment,Effective,Previous Code(s) Assignment\r\nA04.71,2017,A04.7\r\n";
    for (from, to, parts) in [
        // Shifted by one.
        (
            "Current code assignment,",
            "Code,Current code assignment,",
            &["cell D2", "nothing beyond column C"][..],
        ),
        (
            "A04.71,2017,A04.7",
            "1,A04.71,2017,A04.7",
            &["cell D3", "nothing beyond column C"],
        ),
        (
            "A04.71,2017,A04.7",
            "A04.71,2017,A04.7,note",
            &["cell D3", "\"note\""],
        ),
        (
            "Effective",
            "Valid from",
            &["cell B2", "expected the header \"Effective\"", "Valid from"],
        ),
        (
            "Previous Code(s) Assignment",
            "Old code",
            &["cell C2", "Old code"],
        ),
        ("A04.71,2017,A04.7\r\n", "", &["expected rows of codes"]),
    ] {
        let text = csv.replacen(from, to, 1);
        let name = "conversion_2030.csv";
        // A file that no longer looks like a table is left.
        let looks = text
            .to_lowercase()
            .contains("current code assignment,effective");
        if looks {
            document_refused(name, text.as_bytes(), parts);
        } else {
            document_refused(name, text.as_bytes(), &["nothing to import"]);
        }
    }
}

#[test]
fn a_workbook_with_other_columns_is_refused_with_the_cell() {
    let name = "conversion-table-FY2030.xlsx";
    for (from, to, parts) in [
        (
            "r=\"C3\"",
            "r=\"D3\"",
            ["cell D3", "nothing beyond column C"],
        ),
        (
            "r=\"C2\"",
            "r=\"E2\"",
            ["cell E2", "nothing beyond column C"],
        ),
        ("r=\"C3\"", "r=\"B3\"", ["cell B3", "twice"]),
    ] {
        document_refused(name, &sheet_with(from, to), &parts);
    }
    let headers = sheet_with(">Effective<", ">Valid from<");
    let parts = ["cell B2", "expected the header \"Effective\"", "Valid from"];
    document_refused(name, &headers, &parts);
}

#[test]
fn a_conversion_table_in_csv_with_a_broken_row_is_refused_with_its_line() {
    let name = "conversion_2030.csv";
    let text = sample_text(CSV);
    let row = text.lines().nth(4).unwrap();
    for (to, parts) in [
        (
            format!("{row},surplus"),
            ["cell D5", "line 5", "beyond column C"],
        ),
        // A quote that is never closed swallows the rows below it.
        (
            format!("\"{row}"),
            ["cell A5", "line 5", "is a quote never closed?"],
        ),
        (
            row.replacen(',', ",\"", 1),
            ["cell B5", "line 5", "is a quote never closed?"],
        ),
    ] {
        let broken = text.replacen(row, &to, 1);
        document_refused(name, broken.as_bytes(), &parts);
    }
    let mut bytes = text.into_bytes();
    let at = bytes.len() - 10;
    bytes[at] = 0xff;
    document_refused(name, &bytes, &["line ", "UTF-8"]);
}

// ---------------------------------------------------------------------------------------------
// POA lists and tables of ICD-10-PCS.

#[test]
fn a_poa_list_with_a_broken_line_is_refused_with_it() {
    let name = "POAexemptCodesFY30.txt";
    let text = sample_text(POA);
    let lines: Vec<&str> = text.lines().collect();
    let row = lines[3];
    let code = row.split('\t').nth(1).unwrap();
    let next = lines[4].split('\t').nth(1).unwrap();
    for (to, parts) in [
        (
            format!("{row}\tmore"),
            &["line 4", "expected 3 fields", "found 4"][..],
        ),
        (
            row.replacen('\t', " ", 1),
            &["line 4", "expected 3 fields", "found 2"],
        ),
        (
            row.replacen(code, "7B7.1", 1),
            &["line 4", "expected an ICD-10-CM code"],
        ),
        (row.replacen(code, next, 1), &["line 5", "every code once"]),
        (format!("x{row}"), &["line 4", "expected an order number"]),
        (row.replacen(code, &format!("{code}\t\""), 1), &["line 4"]),
    ] {
        let broken = text.replacen(row, &to, 1);
        document_refused(name, broken.as_bytes(), parts);
    }
    document_refused(
        name,
        lines[0].as_bytes(),
        &["expected codes below the header line"],
    );
}

#[test]
fn tables_of_icd10pcs_with_a_wrong_number_of_codes_are_refused_with_the_row() {
    let text = sample_text(TABLES);
    let at = text.find("<pcsRow codes=\"").unwrap();
    let from = &text[at..at + text[at..].find('>').unwrap() + 1];
    let line = line_of(&text, from);
    let bytes = text.replacen(from, "<pcsRow codes=\"99999\">", 1);
    let parts = ["it has 99999 codes", &format!("line {line}")];
    document_refused("icd10pcs_tables_2030.xml", bytes.as_bytes(), &parts);
    for (to, what) in [
        ("<pcsRow codes=\"-1\">", "expected a number in codes"),
        ("<pcsRow>", "codes"),
    ] {
        let bytes = text.replacen(from, to, 1);
        document_refused(
            "icd10pcs_tables_2030.xml",
            bytes.as_bytes(),
            &[what, "line "],
        );
    }
}

// ---------------------------------------------------------------------------------------------
// Documents in the wrong place.

/// A tabular list that is in order, and known to no one.
fn other_list(name: &str) -> Vec<u8> {
    changed(
        TABULAR,
        "<desc>Neoplasms (C00-D49)</desc>",
        &format!("<desc>Neoplasms {name}</desc>"),
    )
}

#[test]
fn a_document_of_a_release_that_is_not_stored_is_refused() {
    let text = sample_text(POA);
    let bytes = text.replacen('\n', "\n\r\n", 1);
    let name = "POAexemptCodesFY31.txt";
    refused_in(
        &[(name, bytes.as_bytes())],
        &[name, "--release", "FY2031"],
        &[
            name,
            "POA-exempt list of ICD-10-CM FY2031, which is not stored",
            "order file",
        ],
    );
}

#[test]
fn another_tabular_list_of_a_release_that_has_one_is_refused_and_the_first_stays() {
    let world = world();
    world.write("Tabular.xml", other_list("one"));
    taken(&world, &["Tabular.xml", "--release", "FY2030"]);
    let before = world.store().content_hash().unwrap();
    world.write("Tabular.xml", other_list("two"));
    let run = run_patiently(&mut world.command(&[
        "import",
        "--allow-incomplete",
        "Tabular.xml",
        "--release",
        "FY2030",
    ]));
    let parts = [
        "Tabular.xml",
        "FY2030 is already stored with another tabular list",
        "--revision",
    ];
    assert_refused(&run, &parts);
    assert_eq!(world.store().content_hash().unwrap(), before);
    // The first one again is no news.
    world.write("Tabular.xml", other_list("one"));
    let run = taken(&world, &["Tabular.xml", "--release", "FY2030"]);
    assert_eq!(world.store().content_hash().unwrap(), before);
    assert!(run.stdout.contains("already"), "{run:?}");
}

#[test]
fn two_tabular_lists_in_one_folder_are_not_taken_for_one_release() {
    let (one, two) = (other_list("one"), other_list("two"));
    let order = order_file();
    let files: [(&str, &[u8]); 2] = [("in/Tabular.xml", &one), ("in/Tabular-2.xml", &two)];
    refused_in(
        &files,
        &["in", "--release", "FY2030"],
        &["in/Tabular", "another file of this command"],
    );
    refused_in(&files, &["in"], &["in/Tabular", "--release"]);
    let files: [(&str, &[u8]); 3] = [
        ("in/icd10cm-order-April-2031.txt", &order),
        ("in/Tabular.xml", &one),
        ("in/Tabular-2.xml", &two),
    ];
    refused_in(
        &files,
        &["in"],
        &["in/Tabular", "another file of this command"],
    );
}

#[test]
fn a_document_whose_name_does_not_tell_its_release_is_asked_for_it() {
    let list = other_list("one");
    refused_in(
        &[("Tabular.xml", &list)],
        &["Tabular.xml"],
        &["Tabular.xml", "which release", "--release FY"],
    );
    // A year alone could be October's or April's, once both can have been posted.
    refused_in(
        &[("icd10cm_tabular_2031.xml", &list)],
        &["icd10cm_tabular_2031.xml", "--today", "2031-03-01"],
        &[
            "icd10cm_tabular_2031.xml",
            "FY2031",
            "FY2031-04",
            "--release",
        ],
    );
}

#[test]
fn a_document_of_the_wrong_code_set_is_refused() {
    let text = sample_text(TABLES).replacen("\n", "\n\n", 1);
    refused_in(
        &[("icd10pcs_tables_2030.xml", text.as_bytes())],
        &["icd10pcs_tables_2030.xml", "--release", "FY2030"],
        &["tables of ICD-10-PCS FY2030, which is not stored"],
    );
}

#[test]
fn a_broken_document_takes_the_order_file_beside_it_down_with_all_or_nothing_alone() {
    let world = world();
    world.write("in/icd10cm-order-April-2031.txt", order_file());
    world.write("in/Tabular.xml", other_list("one"));
    world.write("in/POAexemptCodesApr31.txt", {
        let text = sample_text(POA);
        let row = text.lines().nth(3).unwrap().to_owned();
        text.replacen(&row, &format!("{row}\tmore"), 1)
    });
    let all_or_nothing = ["import", "--allow-incomplete", "--strict", "in"];
    let run = run_patiently(&mut world.command(&all_or_nothing));
    assert_refused(&run, &["in/POAexemptCodesApr31.txt", "line 4"]);
    assert!(fs::read(world.database()).unwrap() == database_with_fy2030());
    assert!(leftovers(&world).is_empty());
    // Else what can be taken is, and what cannot is named.
    let run = world.run(&["import", "--allow-incomplete", "--db", "other.db", "in"]);
    assert_eq!(run.exit, 1, "{run:?}");
    assert!(
        run.stdout
            .contains(&shown("not imported: in/POAexemptCodesApr31.txt, line 4: ")),
        "{run:?}"
    );
    assert!(
        run.stdout.contains("2 files stored, 1 not imported"),
        "{run:?}"
    );
    // Mended, all of it is taken.
    world.write(
        "in/POAexemptCodesApr31.txt",
        sample_text(POA).replacen('\n', "\n\r\n", 1),
    );
    let run = taken(&world, &["in"]);
    assert!(run.stdout.contains("3 files stored"), "{run:?}");
    // The list gives other codes than the order file beside it, which verify does not pass over.
    let run = world.run(&["verify"]);
    // The store holds both as they were imported: that is no damage.
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(
        run.stdout.contains("near    tabular list: the imported files disagree: expanded, it differs from the order file in"),
        "{run:?}"
    );
}
