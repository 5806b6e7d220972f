//! One conversion table in two formats, the release of each, and the ways to write a day.

use codeyear::error::ErrorKind;
use codeyear::ingest::ImportReport;
use codeyear::model::{CodeSet, DocumentKind, ReleasePart};
use codeyear::source::catalogue::Catalogue;
use codeyear::source::identify::{Evidence, candidates};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use super::{
    BEFORE_APRIL, Folder, alone, code_of, dry, fy2027, fy2028, order_of, rows_of, said, stating,
    zip_of,
};
use crate::official::release_zip;
use crate::soundness::Chance;

/// A row of a table: the new code, its first day as year, month and day, and the code before it.
pub(super) struct Line {
    code: String,
    day: (i32, u32, u32),
    before: String,
}

/// Draws rows from the codes of an order file: as many as a table has, of all chapters, to its last category.
pub(super) fn lines(order: &[u8], chance: &mut Chance) -> Vec<Line> {
    let rows = rows_of(order);
    let dotted = |row: &str| {
        let code = code_of(row);
        match code.split_at_checked(3) {
            Some((category, rest)) if !rest.is_empty() => format!("{category}.{rest}"),
            _ => code.to_owned(),
        }
    };
    let first = chance.below(16);
    let mut drawn: Vec<String> = rows
        .iter()
        .skip(first)
        .step_by(16)
        .map(|row| dotted(row))
        .collect();
    let begins = |wanted: &str| rows.iter().find(|row| code_of(row).starts_with(wanted));
    let letters: Vec<String> = ('A'..='Z').map(String::from).collect();
    for wanted in letters.iter().map(String::as_str).chain(["Z98"]) {
        drawn.extend(begins(wanted).map(|row| dotted(row)));
    }
    drawn.sort();
    drawn.dedup();
    let day = |number: i32| match number % 3 {
        0 => (2020 + number / 1000, 10, 1),
        1 => (2022 + number / 2000, 4, 1),
        _ => (2021, 1, 1),
    };
    (0..)
        .zip(drawn)
        .map(|(number, code)| Line {
            code,
            day: day(number),
            before: dotted(rows[chance.below(rows.len())]),
        })
        .collect()
}

const HEADER: [&str; 3] = [
    "Current code assignment",
    "Effective",
    "Previous Code(s) Assignment",
];

/// Writes rows as CSV, each day as a way to write it says.
pub(super) fn csv(lines: &[Line], day: &dyn Fn((i32, u32, u32)) -> String) -> Vec<u8> {
    let mut text = format!("ICD-10-CM Conversion Table\r\n{}\r\n", HEADER.join(","));
    for line in lines {
        text.push_str(&format!(
            "{},{},{}\r\n",
            line.code,
            day(line.day),
            line.before
        ));
    }
    text.into_bytes()
}

pub(super) fn iso((year, month, day): (i32, u32, u32)) -> String {
    format!("{year}-{month:02}-{day:02}")
}

/// Writes rows as a workbook with days as such.
fn workbook(lines: &[Line]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let days = Format::new().set_num_format("m/d/yy");
    let sheet = workbook.add_worksheet();
    sheet.write(0, 0, "ICD-10-CM Conversion Table").unwrap();
    for (column, title) in (0..).zip(HEADER) {
        sheet.write(1, column, title).unwrap();
    }
    for (row, line) in (2..).zip(lines) {
        let (year, month, day) = line.day;
        let at = ExcelDateTime::from_ymd(
            u16::try_from(year).unwrap(),
            u8::try_from(month).unwrap(),
            u8::try_from(day).unwrap(),
        );
        sheet.write(row, 0, line.code.as_str()).unwrap();
        sheet
            .write_datetime_with_format(row, 1, at.unwrap(), &days)
            .unwrap();
        sheet.write(row, 2, line.before.as_str()).unwrap();
    }
    workbook.save_to_buffer().unwrap()
}

/// The release and the size of each conversion table that was taken.
fn tables(report: &ImportReport) -> Vec<(String, String, u64)> {
    let kind = ReleasePart::Document(DocumentKind::ConversionTable);
    let taken = report.taken.iter().filter(|taken| taken.kind == kind);
    taken
        .map(|one| {
            let name = one.file.rsplit(['/', '>']).next().unwrap().trim();
            (name.to_owned(), one.release.to_string(), one.rows)
        })
        .collect()
}

#[test]
fn a_table_is_of_the_release_that_its_own_name_speaks_of() {
    let catalogue = Catalogue::bundled().unwrap();
    for (year, today) in [
        (2022, "2026-11-28"),
        (2023, "2026-11-28"),
        (2028, "2028-01-15"),
    ] {
        for (name, expected) in [
            ("FY{y}-Effective-04-01-{y}.xlsx", "FY{y}-04"),
            ("FY{y}-Effective-4-1-{y}-updated-06-02-{y}.xlsx", "FY{y}-04"),
            ("April-1-{y}.xlsx", "FY{y}-04"),
            ("FY{y} - April 1 {y} - FINAL.csv", "FY{y}-04"),
            ("FY{y}-Effective-10-1-{before}.xlsx", "FY{y}"),
            ("FY{y}-October 1 {before} - FINAL-.xlsx", "FY{y}"),
            (
                "FY{y}-Effective-10-01-{before}-updated-04-01-{y}.xlsx",
                "FY{y}",
            ),
        ] {
            let of_year = |text: &str| {
                text.replace("{y}", &year.to_string())
                    .replace("{before}", &(year - 1).to_string())
            };
            let name = of_year(&format!("ICD-10-CM-Conversion-Table-{name}"));
            let expected = of_year(expected);
            let evidence = Evidence {
                code_set: CodeSet::Icd10Cm,
                order_sha256: None,
                rows_sha256: None,
                addenda_sha256: None,
                addenda: None,
                document_sha256: Some("unknown"),
                archive_sha256: None,
                name: &name,
                archive_name: Some("2024-conversion-table.zip"),
                shown: &name,
            };
            let found = candidates(catalogue, &evidence, today.parse().unwrap()).unwrap();
            let ids: Vec<String> = found.ids.iter().map(ToString::to_string).collect();
            assert_eq!(ids, [expected], "{name}");
        }
    }
}

#[test]
fn the_tables_of_january_and_april_are_theirs_in_one_folder_with_octobers() {
    let Some(official) = fy2027("conversion tables of one year") else {
        return;
    };
    let releases = &official.releases;
    let folder = Folder::new();
    let put = |name: &str, release: &str| {
        let zip = release_zip(releases, CodeSet::Icd10Cm, release);
        let table = super::member(&zip, &|name| name.ends_with(".xlsx"));
        folder.write(name, table);
        let order = order_of(releases, CodeSet::Icd10Cm, release);
        folder.write(&format!("orders/icd10cm-{release}.txt"), order);
    };
    put(
        "tables/ICD-10-CM-Conversion-Table-FY2021-Jan-2021.xlsx",
        "FY2021-01",
    );
    // The name of October's: the hash outranks it.
    put("tables/ICD-10-CM-Conversion-Table-FY2026.xlsx", "FY2022");
    let april = "ICD-10-CM-Conversion-Table-FY2022-Effective-04-01-2022.xlsx";
    let handed = super::handed::folder(releases).join(april);
    folder.write(
        "tables/conversion-table-October.xlsx",
        std::fs::read(handed).unwrap(),
    );
    for release in ["FY2021", "FY2022-04"] {
        let order = order_of(releases, CodeSet::Icd10Cm, release);
        folder.write(&format!("orders/icd10cm-{release}.txt"), order);
    }
    // The tables come first, and wait for their releases.
    let paths = [folder.path("tables"), folder.path("orders")];
    let report = alone(&paths, &dry("2026-11-28")).unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    let mut found: Vec<String> = tables(&report)
        .into_iter()
        .map(|(_, release, _)| release)
        .collect();
    found.sort();
    assert_eq!(found, ["FY2021-01", "FY2022", "FY2022-04"], "{report:?}");
}

#[test]
fn one_table_in_two_formats_or_three_ways_to_write_a_day_is_one_table() {
    let Some(official) = fy2027("one table in two formats") else {
        return;
    };
    let made = fy2028(official);
    let folder = Folder::new();
    folder.write("icd10cm_order_2028.txt", &made.order);
    let lines = lines(&made.order, &mut Chance::new());
    let rows = lines.len() as u64;
    let us = |(year, month, day): (i32, u32, u32)| format!("{month}/{day}/{year}");
    let short =
        |(year, month, day): (i32, u32, u32)| format!("{month:02}/{day:02}/{:02}", year % 100);
    folder.write(
        "2028-conversion-table.zip",
        zip_of(&[
            (
                "ICD-10-CM-CONVERSION-TABLE-FY2028-October 1 2027 - FINAL-.xlsx",
                &workbook(&lines),
            ),
            (
                "508-VERSION-ICD-10-CM-CONVERSION-TABLE-FY2028-October 1 2027 - FINAL-.csv",
                &csv(&lines, &iso),
            ),
        ]),
    );
    folder.write("us CONVERSION-TABLE-FY2028.csv", csv(&lines, &us));
    folder.write("short CONVERSION-TABLE-FY2028.csv", csv(&lines, &short));
    let report = alone(&[folder.path("")], &dry(BEFORE_APRIL)).unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    let taken = tables(&report);
    assert_eq!(taken.len(), 1, "{report:?}");
    assert_eq!((taken[0].1.as_str(), taken[0].2), ("FY2028", rows));
    let copies: Vec<_> = report
        .left
        .iter()
        .filter(|left| left.why.contains("a copy, row for row"))
        .collect();
    assert_eq!(copies.len(), 3, "{:?}", report.left);
}

#[test]
fn of_two_formats_the_workbook_is_kept_and_the_csv_is_named_as_its_copy() {
    let Some(official) = fy2027("the format that is kept") else {
        return;
    };
    let made = fy2028(official);
    let folder = Folder::new();
    let order = folder.write("icd10cm_order_2028.txt", &made.order);
    let lines = lines(&made.order, &mut Chance::new());
    let book = ("CONVERSION-TABLE-FY2028.xlsx", workbook(&lines));
    let text = ("508-VERSION-CONVERSION-TABLE-FY2028.csv", csv(&lines, &iso));
    for (number, members) in [[&book, &text], [&text, &book]].into_iter().enumerate() {
        let members = members.map(|(name, bytes)| (*name, bytes.as_slice()));
        let zip = folder.write(&format!("{number}.zip"), zip_of(&members));
        let report = alone(&[order.clone(), zip], &dry(BEFORE_APRIL)).unwrap();
        let taken = tables(&report);
        assert_eq!(taken.len(), 1, "{report:?}");
        assert!(taken[0].0.ends_with(".xlsx"), "{taken:?}");
        let left = &report.left[0];
        assert!(left.file.ends_with(".csv"), "{left:?}");
    }
}

#[test]
fn a_day_that_cannot_be_read_is_named_with_its_cell() {
    let Some(official) = fy2027("days that cannot be read") else {
        return;
    };
    let made = fy2028(official);
    let folder = Folder::new();
    let order = folder.write("icd10cm_order_2028.txt", &made.order);
    let mut chance = Chance::new();
    let lines = lines(&made.order, &mut chance);
    let at = chance.below(lines.len());
    let text = String::from_utf8(csv(&lines, &iso)).unwrap();
    let day = iso(lines[at].day);
    let (head, tail) = text
        .split_once(&format!("{},{day},", lines[at].code))
        .unwrap();
    let broken = format!("{head}{},31.12.2020?,{tail}", lines[at].code);
    let table = folder.write("CONVERSION-TABLE-FY2028.csv", broken);
    let cell = format!("B{}", at + 3);
    let report = alone(&[order, table], &dry(BEFORE_APRIL)).unwrap();
    assert_eq!(report.taken[0].kind, ReleasePart::OrderFile);
    let shown = format!("{:?} {:?}", report.failed, report.taken);
    assert!(
        report.failed.len() == 1 && report.failed[0].why.contains(&cell),
        "{cell}: {shown}"
    );
}

#[test]
fn a_table_of_a_release_that_is_not_loaded_says_so() {
    let Some(official) = fy2027("a table alone") else {
        return;
    };
    let folder = Folder::new();
    let lines = lines(&official.order, &mut Chance::new());
    let table = folder.write("CONVERSION-TABLE.csv", csv(&lines, &iso));
    let error = alone(&[table], &stating("FY2028", dry(BEFORE_APRIL))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(said(&error).contains("which is not stored"), "{error}");
}

#[test]
fn a_workbook_is_a_conversion_table_by_its_header_whatever_its_name() {
    let Some(official) = fy2027("a workbook under another name") else {
        return;
    };
    let made = fy2028(official);
    let folder = Folder::new();
    let order = folder.write("icd10cm_order_2028.txt", &made.order);
    let lines = lines(&made.order, &mut Chance::new());
    let table = folder.write("table.xlsx", workbook(&lines));
    let options = stating("FY2028", dry(BEFORE_APRIL));
    let report = alone(&[order.clone(), table], &options).unwrap();
    assert_eq!(tables(&report).len(), 1, "{report:?}");
    let text = String::from_utf8(csv(&lines, &iso)).unwrap();
    for separator in [";", "\t"] {
        let table = folder.write("table.csv", text.replace(',', separator));
        let report = alone(&[order.clone(), table], &options).unwrap();
        let why = &report.failed[0].why;
        assert!(why.contains("separated by semicolons or tabs"), "{why}");
    }
}
