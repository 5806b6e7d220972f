//! Laws of the audit.

use std::io::Cursor;
use std::sync::OnceLock;

use codeyear::claims::{
    Annotated, AuditSummary, CodeColumn, ColumnsAsked, Index, Keep, RowOptions, TableOptions,
    audit_delimited,
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
    let options = TableOptions {
        columns: ColumnsAsked {
            codes: vec![CodeColumn {
                name: "dx".to_owned(),
                code_set: None,
            }],
            dates: vec!["dos".to_owned()],
            admit: None,
            discharge: None,
            code_set_by: None,
            amount: None,
            keep: Keep::All,
            code_set: None,
            on: None,
        },
        date_format: Some(codeyear::claims::DateFormat::Iso),
        delimiter: Some(b','),
        rows: RowOptions {
            only_failures,
            threads,
            ..RowOptions::default()
        },
    };
    let mut out = Vec::new();
    let input = Box::new(Cursor::new(text.as_bytes().to_vec()));
    let to = Annotated::To(&mut out);
    let summary = audit_delimited(index(), input, "claims", &options, to, &mut |_| {}).unwrap();
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
            if row.len() == 3 {
                prop_assert_eq!(&out[..3], &row[..]);
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
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let options = TableOptions {
            columns: ColumnsAsked {
                codes: vec![CodeColumn { name: "2".to_owned(), code_set: None }],
                dates: vec!["1".to_owned()],
                admit: None,
                discharge: None,
                code_set_by: None,
                amount: None,
                keep: Keep::All,
                code_set: None,
                on: None,
            },
            date_format: None,
            delimiter: None,
            rows: RowOptions::default(),
        };
        let input = Box::new(Cursor::new(bytes));
        let mut out = Vec::new();
        let _ = audit_delimited(index(), input, "claims", &options, Annotated::To(&mut out), &mut |_| {});
    }
}
