//! Laws of the audit.

use std::io::Cursor;
use std::sync::OnceLock;

use codeyear::claims::{
    Annotated, AuditSummary, CodeColumn, ColumnsAsked, FoundColumns, Index, Keep, RowOptions,
    TableOptions, audit_delimited,
};
use codeyear::ingest::import_sample;
use codeyear::store::Store;
use proptest::prelude::*;

use crate::world::today;

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let mut store = Store::in_memory().unwrap();
        import_sample(&mut store, today()).unwrap();
        Index::open(store).unwrap()
    })
}

fn audit(text: &str, threads: usize, only_failures: bool) -> (AuditSummary, String) {
    let rows = RowOptions {
        only_failures,
        threads,
        ..RowOptions::default()
    };
    audit_with(text, rows)
}

fn audit_with(text: &str, rows: RowOptions) -> (AuditSummary, String) {
    let options = TableOptions {
        columns: ColumnsAsked {
            codes: vec![CodeColumn {
                name: "dx".to_owned(),
                code_set: None,
            }],
            dates: vec!["dos".to_owned()],
            keep: Keep::All,
            ..ColumnsAsked::default()
        },
        date_format: Some(codeyear::model::DateFormat::Iso),
        delimiter: Some(b','),
        split: None,
        rows,
    };
    let mut out = Vec::new();
    let input = Box::new(Cursor::new(text.as_bytes().to_vec()));
    let to = Annotated::To(&mut out);
    let audited = audit_delimited(index(), input, "claims", &options, to, &mut |_| {}).unwrap();
    let summary = audited.into_summary().unwrap();
    (summary, String::from_utf8(out).unwrap())
}

fn records(text: &str) -> Vec<Vec<String>> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

fn rows() -> impl Strategy<Value = Vec<String>> {
    let cell = prop_oneof![
        Just("C7B.00".to_owned()),
        Just("M54.5".to_owned()),
        Just("c7b".to_owned()),
        Just(String::new()),
        Just(" U07.1 ".to_owned()),
        Just("2021-09-30".to_owned()),
        Just("2021-10-01".to_owned()),
        Just("2021-02-30".to_owned()),
        "[ -!#-+\\--~]{0,6}",
    ];
    let row = prop::collection::vec(cell, 0..5).prop_map(|cells| cells.join(","));
    let end = prop_oneof![Just("\n"), Just("\r\n"), Just("\n\n")];
    prop::collection::vec((row, end), 0..30)
        .prop_map(|rows| rows.into_iter().map(|(row, end)| row + end).collect())
}

fn labelled_rows() -> impl Strategy<Value = Vec<String>> {
    let code = prop::sample::select(vec![
        "C7B.00",
        "c7b",
        "M54.5",
        "",
        "NULL",
        "\\N",
        "na",
        " ",
        "250.00",
        "J1885",
        "99213",
        "0SR9019",
        "not a code",
        "~",
    ]);
    let label = prop::sample::select(vec![
        "",
        "10",
        "10.0",
        "ICD-10-CM",
        "9",
        "I9C",
        "SNOMED",
        "DX",
        "typo",
        "icd10pcs",
        "2.16.840.1.113883.6.90",
        "NULL",
    ]);
    let date = prop::sample::select(vec![
        "2021-09-30",
        "2021-10-01",
        "2014-01-01",
        "2021-02-30",
        "",
        "NULL",
        "spring",
    ]);
    let row = (code.clone(), code, label, date);
    let row = row.prop_map(|(one, other, label, date)| format!("{one},{other},{label},{date}\n"));
    prop::collection::vec(row, 0..60)
}

proptest! {
    #[test]
    fn rows_are_cut_as_the_csv_library_cuts_them(rows in rows(), threads in 1usize..4) {
        let body: String = rows.concat();
        let plain = format!("id,dx,dos\n0,C7B.00,2026-03-01\n{body}");
        let quoted = format!("id,dx,dos\n\"0\",C7B.00,2026-03-01\n{body}");
        let (summary, annotated) = audit(&plain, threads, false);
        let (other, slowly) = audit(&quoted, threads, false);
        prop_assert_eq!(summary.rows, other.rows);
        prop_assert_eq!(&summary.total, &other.total);
        prop_assert_eq!(&summary.problems, &other.problems);
        prop_assert_eq!(records(&annotated), records(&slowly));
        // Every row comes out once, in its order, with its cells as they stand.
        let read = records(&plain);
        prop_assert_eq!(summary.rows as usize, read.len() - 1);
        for (row, out) in read.iter().zip(records(&annotated)) {
            // Empty fields beyond the header say nothing.
            let is_whole = row.len() >= 3 && row[3..].iter().all(|cell| cell.trim().is_empty());
            if is_whole {
                prop_assert_eq!(&out[..3], &row[..3]);
            } else {
                prop_assert_eq!(&out[3], "unreadable");
            }
        }
    }

    #[test]
    fn failures_are_the_rows_that_are_not_billable(rows in rows()) {
        let text = format!("id,dx,dos\n{}", rows.concat());
        let (_, all) = audit(&text, 2, false);
        let (_, failures) = audit(&text, 2, true);
        let failing: Vec<Vec<String>> = records(&all)
            .into_iter()
            .skip(1)
            .filter(|row| !["billable", ""].contains(&row[3].as_str()))
            .collect();
        let found: Vec<Vec<String>> = records(&failures)
            .into_iter()
            .skip(1)
            .map(|row| row[1..].to_vec())
            .collect();
        prop_assert_eq!(found, failing);
    }

    #[test]
    fn every_code_is_judged_or_counted_by_the_reason(rows in labelled_rows(), threads in 1usize..4) {
        let text = format!("dx1,dx2,set,dos\n{}", rows.concat());
        let column = |name: &str| CodeColumn { name: name.to_owned(), code_set: None };
        let options = TableOptions {
            columns: ColumnsAsked {
                codes: vec![column("dx1"), column("dx2")],
                dates: vec!["dos".to_owned()],
                code_set_by: Some("set".to_owned()),
                ..ColumnsAsked::default()
            },
            date_format: Some(codeyear::model::DateFormat::Iso),
            delimiter: Some(b','),
            rows: RowOptions { threads, ..RowOptions::default() },
            ..TableOptions::default()
        };
        let input = Box::new(Cursor::new(text.clone().into_bytes()));
        let audited = audit_delimited(index(), input, "claims", &options, Annotated::No, &mut |_| {});
        let summary = audited.unwrap().into_summary().unwrap();
        let is_marker = |cell: &str| ["NULL", "\\N", "na"].contains(&cell);
        let cells = records(&text).into_iter().skip(1).flat_map(|row| row[..2].to_vec());
        let (mut codes, mut nulls) = (0, 0);
        for cell in cells {
            match cell.trim() {
                "" => {}
                marker if is_marker(marker) => nulls += 1,
                _ => codes += 1,
            }
        }
        prop_assert_eq!(summary.nulls, nulls);
        prop_assert_eq!(summary.total.total() + summary.not_judged_count(), codes);
    }

    #[test]
    fn columns_that_are_written_alone_say_the_same(
        rows in prop::collection::vec(
            (
                prop::sample::select(vec![
                    "C7B", "C7B.0", "C7B.00", "M54.5", "M54.50", "U07.1", "U07.2", "Z28.3", "C7B.11", "O40.1XX", "M54.9X",
                    "S30.1XXB", "0SR9019", "XXX", "c7b0", "C7B..0", "99213", "250.00",
                ]),
                prop::sample::select(vec![
                    "2014-01-01", "2015-10-01", "2021-09-30", "2021-10-01", "2026-03-01", "2026-10-01", "2050-01-01", "1900-01-01",
                ]),
            ),
            0..60,
        ),
        threads in 1usize..3,
    ) {
        let row = |(code, date): &(&str, &str)| format!("1,{code},{date}\n");
        let text = format!("id,dx,dos\n{}", rows.iter().map(row).collect::<String>());
        let columns = FoundColumns::named(["verdict", "release"]);
        let brief = RowOptions { columns, threads, ..RowOptions::default() };
        let (summary, brief) = audit_with(&text, brief);
        let (of_all, all) = audit(&text, threads, false);
        let cut: Vec<Vec<String>> = records(&all).into_iter().map(|row| row[..5].to_vec()).collect();
        prop_assert_eq!(records(&brief), cut);
        prop_assert_eq!(summary, of_all);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let options = TableOptions {
            columns: ColumnsAsked {
                codes: vec![CodeColumn { name: "2".to_owned(), code_set: None }],
                dates: vec!["1".to_owned()],
                keep: Keep::All,
                ..ColumnsAsked::default()
            },
            ..TableOptions::default()
        };
        let input = Box::new(Cursor::new(bytes));
        let mut out = Vec::new();
        let _ = audit_delimited(index(), input, "claims", &options, Annotated::To(&mut out), &mut |_| {});
    }
}
