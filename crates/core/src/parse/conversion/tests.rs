//! Tests of the parser of conversion tables.

use std::io::Cursor;

use super::cells::name_of_column;
use super::workbook::MAX_BYTES;
use super::*;
use crate::error::ErrorKind;
use crate::model::{Code, Previous, PreviousGroup, PreviousPart};

// From the corrected table of FY2020.
const CSV: &str = concat!(
    "The National Center for Health Statistics (NCHS) has published an update,,\r\n",
    "Current code assignment,Effective October 1,Previous Code(s) Assignment\r\n",
    "A04.71,2017,A04.7\r\n",
    "H93.A1 ,2016,H93.11\r\n",
    "E11.3X11,2016,E11.311\r\n",
    "M84.750A,2016,\"S72.8X1A, S72.8X2A, S72.8X9A\"\r\n",
    "M04.8,2016,None\r\n",
    ",,\r\n",
);

fn parse(text: &str) -> ConversionTable {
    parse_conversion(text.as_bytes()).unwrap()
}

/// Writes a reading down: `A04.7`, `one of A, B`, groups joined by ` + `.
fn written(cell: &str) -> String {
    let show = |code: &Code| code.to_string();
    let part = |part: &PreviousPart| match part {
        PreviousPart::Code(code) => show(code),
        PreviousPart::Below(code) => format!("below {}", show(code)),
        PreviousPart::Range { first, last } => format!("{}..{}", show(first), show(last)),
        PreviousPart::Categories { first, last } => {
            format!("categories {}..{}", show(first), show(last))
        }
    };
    match read_previous(cell) {
        Previous::None => "none".to_owned(),
        Previous::Unreadable { reason } => format!("unreadable: {reason}"),
        Previous::Codes { groups } => {
            let group = |group: &PreviousGroup| {
                let parts: Vec<String> = group.alternatives.iter().map(part).collect();
                parts.join(" | ")
            };
            groups.iter().map(group).collect::<Vec<_>>().join(" + ")
        }
    }
}

#[test]
fn every_shape_of_the_third_column_is_read() {
    for (cell, reading) in [
        ("A04.7", "A04.7"),
        ("T40.7X3D ", "T40.7X3D"),
        ("None", "none"),
        (" NONE ", "none"),
        ("G56.01 and G56.02", "G56.01 + G56.02"),
        ("I63.011 AND I63.012", "I63.011 + I63.012"),
        ("M93.001 & M93.002", "M93.001 + M93.002"),
        ("G11.8 and E23.0 and K00.0", "G11.8 + E23.0 + K00.0"),
        (
            "H02.201, H02.202, H02.204 and H02.205",
            "H02.201 + H02.202 + H02.204 + H02.205",
        ),
        ("L05.01, L05.91", "L05.01 | L05.91"),
        ("P78.89; E83.118", "P78.89 | E83.118"),
        ("H05.011-H05.013; H05.019", "H05.011..H05.013 | H05.019"),
        ("I60.20-I60.22", "I60.20..I60.22"),
        ("H44.20-H44.23 and H35.30", "H44.20..H44.23 + H35.30"),
        ("I63.- and P91.88", "below I63 + P91.88"),
        ("K31.89 and a code from R11-", "K31.89 + below R11"),
        (
            "K59.09 AND Code from categories T36-T50",
            "K59.09 + categories T36..T50",
        ),
        ("Codes in Categories T15-T19", "categories T15..T19"),
    ] {
        assert_eq!(written(cell), reading, "{cell:?}");
    }
}

#[test]
fn what_could_mean_two_things_is_not_guessed() {
    for (cell, part) in [
        ("", "the cell is blank"),
        ("  ", "the cell is blank"),
        ("P78.89; E83.118 and K59.09", "more than one thing"),
        ("P78.89 and E83.118, K59.09", "more than one thing"),
        ("H05.011-H05.013, H05.019 and H35.30", "more than one thing"),
        ("H35.30 and", "a code is missing"),
        ("L05.01,, L05.91", "a code is missing"),
        ("see the index", "is not a valid code format"),
        ("Codes in Categories T15", "a range of categories"),
        ("Codes in Categories T15.0-T19", "3 characters"),
    ] {
        let reading = written(cell);
        assert!(
            reading.starts_with("unreadable") && reading.contains(part),
            "{cell:?}: {reading}"
        );
    }
}

#[test]
fn a_csv_table_is_kept_row_by_row_and_verbatim() {
    let table = parse(CSV);
    assert_eq!(table.sheet, None);
    assert!(table.heading.starts_with("The National Center"));
    assert_eq!(table.rows.len(), 5);
    let row = table.rows.get(1).unwrap();
    assert_eq!((row.row, row.current.as_str()), (4, "H93.A1 "));
    assert_eq!(row.code.unwrap().as_str(), "H93A1");
    assert_eq!(row.effective_from.unwrap().to_string(), "2016-10-01");
    assert!(row.flaws().is_empty());
}

#[test]
fn a_row_that_cannot_be_read_is_kept_and_says_why() {
    let text = CSV
        .replace("A04.71,2017,A04.7", "A04.7 1,2017,A04.7 + A04")
        .replace("H93.A1 ,2016", ",2016");
    let table = parse(&text);
    assert_eq!(table.rows.len(), 5);
    let flaws = |index: usize| {
        let flaws = table.rows.get(index).unwrap().flaws();
        flaws.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let [current, previous] = flaws(0).try_into().unwrap();
    assert!(current.contains("letters and digits only"), "{current}");
    assert!(
        previous.contains("is not a valid code format"),
        "{previous}"
    );
    assert_eq!(flaws(1), ["the current code cannot be read: it is empty"]);
}

#[test]
fn a_code_that_no_release_lists_is_a_flaw() {
    let table = parse(CSV);
    let row = table.rows.get(2).unwrap();
    let flaws = row.flaws_against(|code| code.as_str() != "E113X11", None);
    assert_eq!(
        flaws.first().unwrap().to_string(),
        "the current code E11.3X11 is in no release"
    );
}

#[test]
fn a_table_with_days_in_other_writing_is_its_twin() {
    let iso = CSV.replace("A04.71,2017,", "A04.71,2021-01-01,");
    let table = parse(&iso);
    for day in [
        "01/01/21",
        "1/1/2021",
        "1-Jan-2021",
        "20210101",
        "1/1/2021 0:00",
        "44197",
    ] {
        let twin = parse(&iso.replace("2021-01-01", day));
        assert!(table.same_rows(&twin), "{day}");
    }
    assert!(table.same_rows(&parse(&iso.replace("H93.A1 ,", "\"H93.A1\","))));
    for (from, to) in [
        ("2021-01-01", "2021-01-02"),
        ("A04.71", "A04.72"),
        (",None", ",A04"),
        ("A04.71,2021-01-01,A04.7\r\n", ""),
    ] {
        assert!(!table.same_rows(&parse(&iso.replace(from, to))), "{from}");
    }
}

#[test]
fn columns_other_than_the_three_are_refused_by_cell() {
    for (from, to, part) in [
        (
            "Current code assignment,",
            "",
            "cell A2: expected the header",
        ),
        (
            "Effective October 1,",
            "",
            "cell B2: expected the header \"Effective\"",
        ),
        (
            "Current code assignment,",
            ",Current code assignment,",
            "cell D2: expected nothing beyond column C",
        ),
        (
            "A04.71,2017,A04.7\r\n",
            "A04.71,2017,A04.7,x\r\n",
            "line 3: cell D3: expected nothing beyond column C, found \"x\"",
        ),
        ("update,,", "update,x,", "cell A1: expected the header"),
        (
            "A04.71,2017,",
            "A04.71,20017,",
            "line 3: cell B3: expected a year or a day, such as 2027, 10/1/2027 or 2027-10-01, found \"20017\"",
        ),
        (
            "A04.71,2017,",
            "A04.71,,",
            "line 3: cell B3: expected a year or a day, such as 2027, 10/1/2027 or 2027-10-01, found nothing",
        ),
    ] {
        let text = CSV.replacen(from, to, 1);
        assert_ne!(text, CSV);
        let error = parse_conversion(text.as_bytes()).unwrap_err();
        assert!(
            error.to_string().contains(part),
            "expected {part:?} in {error}"
        );
        assert!(error.hint().is_some());
    }
    let headers = "Current  CODE assignment , effective,Previous Code(s)  assignment\r\n";
    let text = CSV.replacen(
        "Current code assignment,Effective October 1,Previous Code(s) Assignment\r\n",
        headers,
        1,
    );
    assert_eq!(parse(&text).rows, parse(CSV).rows);
}

#[test]
fn what_is_no_table_is_refused() {
    for (bytes, part) in [
        (b"".as_slice(), "expected a header row"),
        (b"\xff\xfe", "UTF-8"),
        (b"PK\x03\x04", "the workbook cannot be opened"),
        (
            b"Current code assignment,Effective,Previous Code(s) Assignment\r\n",
            "expected rows of codes",
        ),
    ] {
        let error = parse_conversion(bytes).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(error.kind(), ErrorKind::Format);
        assert!(error.hint().is_some());
    }
}

#[test]
fn a_conversion_table_is_told_by_content_or_name() {
    let zip = b"PK\x03\x04";
    let fy2017 = "ICD-10-CM_ConversionTable-FY17.xlsx";
    assert!(looks_like_conversion(fy2017, zip));
    assert!(!looks_like_conversion(fy2017, b"%PDF"));
    assert!(!looks_like_conversion(
        "icd10pcs_conversion_table_2022.xlsx",
        zip
    ));
    assert!(!looks_like_conversion("POAexemptCodes2016.xlsx", zip));
    assert!(looks_like_conversion("anything.csv", CSV.as_bytes()));
    assert!(!looks_like_conversion(
        "anything.csv",
        b"A04.71,2017,A04.7\r\n"
    ));
}

#[test]
fn columns_are_named_as_a_spreadsheet_names_them() {
    for (column, name) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (16383, "XFD")] {
        assert_eq!(name_of_column(column), name);
    }
}

/// Packs an xlsx workbook with one sheet.
fn workbook(sheets: &[&str], rows: &str) -> Vec<u8> {
    use std::io::Write as _;
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let documents = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let packages = "http://schemas.openxmlformats.org/package/2006/relationships";
    let numbered = || (1..).zip(sheets);
    let names: String = numbered()
        .map(|(n, name)| format!("<sheet name=\"{name}\" sheetId=\"{n}\" r:id=\"rId{n}\"/>"))
        .collect();
    let relations: String = numbered()
        .map(|(n, _)| {
            format!(
                "<Relationship Id=\"rId{n}\" Type=\"{documents}/worksheet\" \
                 Target=\"worksheets/sheet{n}.xml\"/>"
            )
        })
        .collect();
    let mut members = vec![
        (
            "[Content_Types].xml".to_owned(),
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"
                .to_owned(),
        ),
        (
            "_rels/.rels".to_owned(),
            format!(
                "<Relationships xmlns=\"{packages}\"><Relationship Id=\"rId1\" \
                 Type=\"{documents}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml".to_owned(),
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{documents}\"><sheets>{names}</sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels".to_owned(),
            format!("<Relationships xmlns=\"{packages}\">{relations}</Relationships>"),
        ),
        (
            // Style 1 is a date.
            "xl/styles.xml".to_owned(),
            format!(
                "<styleSheet xmlns=\"{main}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/>\
                 <xf numFmtId=\"14\"/></cellXfs></styleSheet>"
            ),
        ),
    ];
    members.extend(numbered().map(|(n, _)| {
        (
            format!("xl/worksheets/sheet{n}.xml"),
            format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>"),
        )
    }));
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in members {
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Writes the cells of rows down as a sheet has them: `A1` text, `B3` a number.
fn cells(cells: &[(&str, &str)]) -> String {
    let cell = |(at, value): &(&str, &str)| {
        let row: String = at.chars().filter(char::is_ascii_digit).collect();
        let content = match value.strip_prefix('=') {
            Some(number) => format!("<c r=\"{at}\"><v>{number}</v></c>"),
            None => match value.strip_prefix('@') {
                Some(date) => format!("<c r=\"{at}\" s=\"1\"><v>{date}</v></c>"),
                None => format!(
                    "<c r=\"{at}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{value}</t></is></c>"
                ),
            },
        };
        format!("<row r=\"{row}\">{content}</row>")
    };
    cells.iter().map(cell).collect()
}

const SHEET: [(&str, &str); 10] = [
    (
        "A1",
        "The National Center for Health Statistics (NCHS) has published an update",
    ),
    ("A2", "Current code assignment"),
    ("B2", "Effective"),
    ("C2", "Previous Code(s) Assignment"),
    ("A3", "H93.A1 "),
    ("B3", "=2016"),
    ("C3", "H93.11"),
    ("A4", "U07.1"),
    // 2020-04-01 as a spreadsheet counts days.
    ("B4", "@43922"),
    ("C4", "B97.29"),
];

#[test]
fn a_workbook_gives_years_and_date_cells_as_days() {
    let table = parse_conversion(&workbook(&["Sheet1"], &cells(&SHEET))).unwrap();
    assert_eq!(table.sheet.as_deref(), Some("Sheet1"));
    let rows: Vec<(u32, &str, &str, String)> = table
        .rows
        .iter()
        .map(|row| {
            let day = row.effective_from.unwrap().to_string();
            (row.row, row.current.as_str(), row.effective.as_str(), day)
        })
        .collect();
    assert_eq!(
        rows,
        [
            (3, "H93.A1 ", "2016", "2016-10-01".to_owned()),
            (4, "U07.1", "2020-04-01", "2020-04-01".to_owned()),
        ]
    );
}

#[test]
fn a_workbook_that_is_no_conversion_table_is_refused() {
    let with = |more: &[(&str, &str)]| {
        let all: Vec<(&str, &str)> = SHEET.iter().chain(more).copied().collect();
        workbook(&["Sheet1"], &cells(&all))
    };
    for (bytes, part) in [
        (workbook(&[], ""), "one sheet, found 0"),
        (workbook(&["a", "b"], &cells(&SHEET)), "one sheet, found 2"),
        (workbook(&["Sheet1"], ""), "expected a header row"),
        (
            with(&[("D4", "x")]),
            "line 4: cell D4: expected nothing beyond column C",
        ),
        (
            with(&[("XFD1048576", "x")]),
            "cell XFD1048576: expected at most",
        ),
        (with(&[("A4", "U07.1")]), "cell A4: the cell is there twice"),
        (
            workbook(&["Sheet1"], "<row r=\"1\"><c r=\"A1\""),
            "the sheet cannot be read",
        ),
        // The layout of ICD-10-PCS.
        (
            workbook(
                &["PCS"],
                &cells(&[("A1", "Current code(s) assignment"), ("B1", "Code title")]),
            ),
            "cell A1: expected the header \"Current code assignment\"",
        ),
    ] {
        let error = parse_conversion(&bytes).unwrap_err();
        assert!(
            error.to_string().contains(part),
            "expected {part:?} in {error}"
        );
        assert_eq!(error.kind(), ErrorKind::Format);
        assert!(error.hint().is_some());
    }
}

#[test]
fn a_workbook_that_unpacks_to_too_much_is_refused() {
    let blanks = " ".repeat(usize::try_from(MAX_BYTES).unwrap() + 1);
    let error = parse_conversion(&workbook(&["Sheet1"], &blanks)).unwrap_err();
    assert!(
        error.to_string().contains("unpacks to more than 16 MB"),
        "{error}"
    );
}

#[test]
fn numbers_beyond_all_bounds_are_refused() {
    for row in [
        "<row r=\"4294967295\"></row><row><c><v>1</v></c></row>",
        "<row r=\"4294967296\"></row><row><c><v>1</v></c></row>",
        "<row r=\"0\"><c r=\"A0\"><v>1</v></c></row>",
        "<row><c r=\"ZZZZZZZZZZ1\"><v>1</v></c></row>",
        "<row><c t=\"s\"><v>99999999999</v></c></row>",
        "<row><c s=\"1\"><v>1e308</v></c></row>",
        "<row><c s=\"1\"><v>-1e308</v></c></row>",
        "<row><c s=\"1\"><v>NaN</v></c></row>",
        "<row><c t=\"e\"><v>#REF!</v></c></row>",
    ] {
        let error = parse_conversion(&workbook(&["Sheet1"], row)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format, "{row}");
    }
}

#[test]
fn a_damaged_workbook_is_an_error_or_a_table_and_never_a_panic() {
    let whole = workbook(&["Sheet1"], &cells(&SHEET));
    for length in (0..whole.len()).step_by(7) {
        let cut = whole.get(..length).unwrap();
        assert!(parse_conversion(cut).is_err(), "cut after {length} bytes");
    }
    // The members are damaged too, which their checksums would else hide.
    let sheet = cells(&SHEET);
    for at in 0..sheet.len() {
        for byte in [b'<', b'"', b'9', b'-'] {
            let mut damaged = sheet.clone().into_bytes();
            *damaged.get_mut(at).unwrap() = byte;
            let text = String::from_utf8(damaged).unwrap();
            let _ = parse_conversion(&workbook(&["Sheet1"], &text));
        }
    }
}
