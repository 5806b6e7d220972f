//! Files that were cut off, or lost a part: refused wherever they come from, and taken on purpose only.

use std::path::PathBuf;

use codeyear::answer;
use codeyear::error::ErrorKind;
use codeyear::ingest::ImportOptions;
use codeyear::model::{CodeSet, Warning};
use codeyear::store::Store;

use super::{
    BEFORE_APRIL, BTreeSet, Folder, Made, alone, code_of, dry, fy2027, fy2028, into, numbered, on,
    order_files, order_of, pcs_fy2026, pcs_fy2028, rows_of, said, stating,
};
use crate::soundness::Chance;

/// An order file without so many rows from a place on.
fn without(rows: &[&str], at: usize, count: usize) -> Vec<u8> {
    let rest = rows.get(at + count..).unwrap_or_default();
    numbered(rows[..at].iter().chain(rest).copied())
}

/// Parts of an order file, each with words of the reason for which it is refused.
fn parts(
    code_set: CodeSet,
    order: &[u8],
    chance: &mut Chance,
) -> Vec<(String, Vec<u8>, &'static str)> {
    let rows = rows_of(order);
    let whole = rows.len();
    let mut parts = Vec::new();
    let cut = whole * 60 / 100 + chance.below(whole * 37 / 100);
    for count in [3, 1000, whole / 2, 95 * whole / 100, cut] {
        let part = numbered(rows.iter().copied().take(count));
        parts.push((format!("the first {count} rows"), part, " rows and "));
    }
    // Of a few chapters so little is lost that only their letters tell.
    let letter_of = |row: &str| row.as_bytes()[6];
    let mut letters: Vec<(usize, u8)> = (b'0'..=b'Z')
        .map(|letter| {
            let count = rows.iter().filter(|row| letter_of(row) == letter).count();
            (count, letter)
        })
        .filter(|(count, _)| (1..whole / 50).contains(count))
        .collect();
    letters.sort_unstable();
    letters.truncate(3);
    for (_, letter) in letters {
        let part = numbered(rows.iter().copied().filter(|row| letter_of(row) != letter));
        let name = format!("without {}", char::from(letter));
        parts.push((name, part, "no code begins with "));
    }
    let last = &rows[whole - 1][6..9];
    let has_others = rows
        .iter()
        .any(|row| letter_of(row) == last.as_bytes()[0] && &row[6..9] != last);
    assert!(has_others, "{last} is alone under its letter");
    let part = numbered(rows.iter().copied().filter(|row| &row[6..9] != last));
    let says = match code_set {
        CodeSet::Icd10Cm => "the last category of ",
        _ => "the last table of ",
    };
    parts.push((format!("without {last}"), part, says));
    parts
}

#[test]
fn a_part_of_a_release_to_come_is_refused_into_an_empty_database() {
    let Some(cm) = fy2027("parts of ICD-10-CM") else {
        return;
    };
    let Some(pcs) = pcs_fy2026("parts of ICD-10-PCS") else {
        return;
    };
    let folder = Folder::new();
    let mut chance = Chance::new();
    for made in [fy2028(cm), pcs_fy2028(pcs)] {
        for (what, part, reason) in parts(made.code_set, &made.order, &mut chance) {
            let path = folder.write(&format!("{}-FY2028.txt", made.code_set.id()), part);
            let error = alone(&[path], &dry(BEFORE_APRIL)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Format, "{what}");
            let said = said(&error);
            assert!(said.contains(reason), "{what}: {said}");
            assert!(said.contains("--allow-incomplete"), "{what}: {said}");
        }
    }
}

#[test]
fn a_part_is_refused_beside_the_whole_in_both_orders_and_as_a_correction() {
    let Some(official) = fy2027("parts beside the whole") else {
        return;
    };
    let folder = Folder::new();
    let rows = rows_of(&official.order);
    let count = rows.len() - 1 - Chance::new().below(rows.len() / 30);
    let part = numbered(rows.into_iter().take(count));
    let part = folder.write("part/icd10cm-FY2027.txt", part);
    let whole = folder.write("whole/icd10cm_order_2027.txt", &official.order);
    for (paths, revision) in [
        ([part.clone(), whole.clone()], false),
        ([whole.clone(), part.clone()], false),
        ([whole.clone(), part.clone()], true),
    ] {
        let options = ImportOptions {
            revision,
            ..dry("2026-11-28")
        };
        let report = alone(&paths, &options).unwrap();
        assert_eq!(
            order_files(&report),
            [(CodeSet::Icd10Cm, "FY2027".to_owned())],
            "the whole is taken: {report:?}"
        );
        let [failed] = report.failed.as_slice() else {
            panic!("{report:?}");
        };
        assert!(failed.file.ends_with("part/icd10cm-FY2027.txt"));
    }
    // With nothing else, in a database that holds the release, as itself and as the next one.
    let mut store = Store::in_memory().unwrap();
    into(&mut store, &[whole], &on("2026-11-28")).unwrap();
    let before = store.content_hash().unwrap();
    for (release, revision) in [
        ("FY2027", false),
        ("FY2027", true),
        ("FY2028", false),
        ("FY2028", true),
    ] {
        let options = ImportOptions {
            revision,
            ..stating(release, on(BEFORE_APRIL))
        };
        let taken = into(&mut store, std::slice::from_ref(&part), &options);
        let error = taken.map(|report| format!("{report:?}")).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Format | ErrorKind::Conflict),
            "{error}"
        );
    }
    assert_eq!(store.content_hash().unwrap(), before);
}

#[test]
fn a_file_that_its_own_addenda_counts_otherwise_is_cut_off() {
    let Some(official) = fy2027("rows beside the count of the addenda") else {
        return;
    };
    let made = fy2028(official);
    let folder = Folder::new();
    folder.write("a/icd10cm_order_addenda_2028.txt", made.october_addenda());
    let rows = rows_of(&made.order);
    let mut chance = Chance::new();
    for lost in [0, 1, 1 + chance.below(40)] {
        let at = chance.below(rows.len() - 40);
        let kept = rows
            .iter()
            .enumerate()
            .filter(|(index, _)| !(at..at + lost).contains(index))
            .map(|(_, row)| *row);
        folder.write("a/icd10cm_order_2028.txt", numbered(kept));
        let taken = alone(&[folder.path("a")], &dry(BEFORE_APRIL));
        match taken {
            Ok(report) => {
                assert_eq!(lost, 0, "{lost} rows from {at}");
                assert_eq!(report.taken[0].rows, made.rows);
            }
            Err(error) => {
                assert!(lost > 0, "{error}");
                assert!(
                    said(&error).contains("the addenda posted with it counts"),
                    "{lost} rows from {at}: {error}"
                );
            }
        }
    }
}

#[test]
fn a_part_that_is_taken_on_purpose_warns_in_every_answer() {
    let Some(official) = fy2027("a part on purpose") else {
        return;
    };
    let folder = Folder::new();
    let fy2026 = order_of(&official.releases, CodeSet::Icd10Cm, "FY2026");
    let rows = rows_of(&fy2026);
    let (kept, lost) = rows.split_at(95_000);
    let path = folder.write("order.txt", numbered(kept.iter().copied()));
    let paths = [path];
    let stated = stating("FY2026", on("2026-11-28"));
    let mut store = Store::in_memory().unwrap();
    let error = into(&mut store, &paths, &stated).unwrap_err();
    assert!(said(&error).contains("95000"), "{error}");
    let on_purpose = ImportOptions {
        allow_incomplete: true,
        ..stated
    };
    let report = into(&mut store, &paths, &on_purpose).unwrap();
    let notes = report.taken[0].notes.join("; ");
    assert!(notes.contains("only a part"), "{notes}");
    let warns = |warnings: &[Warning]| {
        let mut warnings = warnings.iter();
        warnings.any(|warning| matches!(warning, Warning::Incomplete { .. }))
    };
    let mut chance = Chance::new();
    let day = "2025-12-01".parse().unwrap();
    let mut codes: Vec<&str> = vec!["A00.0", "A00", "X99.999", "U09.9"];
    codes.extend((0..20).map(|_| code_of(kept[chance.below(kept.len())])));
    codes.extend((0..20).map(|_| code_of(lost[chance.below(lost.len())])));
    for code in codes {
        let found = answer::check(&store.codes(CodeSet::Icd10Cm).unwrap(), code, day).unwrap();
        assert!(warns(&found.warnings), "{code}: {found:?}");
    }
    let kept_code = code_of(kept[chance.below(kept.len())]);
    let life = answer::history(&store.codes(CodeSet::Icd10Cm).unwrap(), kept_code).unwrap();
    assert!(warns(&life.warnings), "{kept_code}: {life:?}");
    // The whole takes its place, and nothing warns any more.
    let whole = folder.write("whole/order.txt", &fy2026);
    into(&mut store, &[whole], &stating("FY2026", on("2026-11-28"))).unwrap();
    let found = answer::check(&store.codes(CodeSet::Icd10Cm).unwrap(), kept_code, day).unwrap();
    assert!(!warns(&found.warnings), "{found:?}");
    assert!(store.compare_spans(CodeSet::Icd10Cm).unwrap() == 0);
}

#[test]
fn official_neighbours_of_very_different_size_are_taken_in_either_order() {
    let Some(official) = fy2027("FY2013 and FY2014") else {
        return;
    };
    let folder = Folder::new();
    let fy2013 = super::member(
        &official.releases.join("before-force/icd10cm-FY2013.zip"),
        &|name| name.contains("order"),
    );
    let fy2014 = order_of(&official.releases, CodeSet::Icd10Cm, "FY2014");
    let first = folder.write("icd10cm_order_2013.txt", fy2013);
    let second = folder.write("icd10cm_order_2014.txt", fy2014);
    let rows = |paths: &[PathBuf]| {
        let report = alone(paths, &dry("2026-11-28")).unwrap();
        assert!(report.failed.is_empty(), "{:?}", report.failed);
        let mut rows: Vec<u64> = report.taken.iter().map(|taken| taken.rows).collect();
        rows.sort_unstable();
        rows
    };
    assert_eq!(rows(&[first.clone(), second.clone()]), [79_502, 91_737]);
    assert_eq!(rows(&[second, first]), [79_502, 91_737]);
}

#[test]
fn official_files_that_disagree_with_each_other_are_sound() {
    let Some(official) = fy2027("FY2012 and FY2013") else {
        return;
    };
    let archives = official.releases.join("before-force");
    let paths = ["icd10cm-FY2013.zip", "icd10cm-FY2012.zip"].map(|name| archives.join(name));
    let mut store = Store::in_memory().unwrap();
    let report = into(&mut store, &paths, &on("2026-11-28")).unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(report.taken.len(), 12);
    let unread: u64 = report.taken.iter().map(|taken| taken.unread).sum();
    assert_eq!(unread, 2, "the attribute oldid of FY2012");
    let today = "2026-11-28".parse().unwrap();
    let options = answer::VerifyOptions::default();
    let verified = answer::verify(&store, &options, today, &mut |_, _| {}).unwrap();
    assert!(verified.is_sound(), "{verified:?}");
    assert_eq!(verified.releases.len(), 2);
}

#[test]
fn a_damaged_copy_of_october_beside_it_is_no_update_of_april() {
    let Some(official) = fy2027("a damaged copy beside the whole") else {
        return;
    };
    let folder = Folder::new();
    let whole = folder.write("icd10cm-FY2027.txt", &official.order);
    let rows = rows_of(&official.order);
    let mut chance = Chance::new();
    let out = chance.below(rows.len() - 2000);
    let text = std::str::from_utf8(&official.order).unwrap();
    let reworded = text.replacen("Cholera", "Cholira", 1).into_bytes();
    for (what, damaged) in [
        (
            "without the last row",
            numbered(rows.iter().copied().take(rows.len() - 1)),
        ),
        ("without 1,900 rows", without(&rows, out, 1900)),
        ("with another title", reworded),
    ] {
        let damaged = folder.write("damaged/icd10cm_order_2027.txt", damaged);
        for paths in [[whole.clone(), damaged.clone()], [damaged, whole.clone()]] {
            for revision in [false, true] {
                let options = ImportOptions {
                    revision,
                    ..dry("2026-11-28")
                };
                let report = alone(&paths, &options).unwrap();
                let found = order_files(&report);
                assert_eq!(
                    found,
                    [(CodeSet::Icd10Cm, "FY2027".to_owned())],
                    "{what}: {report:?}"
                );
                assert_eq!(report.failed.len(), 1, "{what}: {report:?}");
            }
        }
    }
}

#[test]
fn a_correction_does_not_lose_rows_and_is_not_another_year() {
    let Some(official) = fy2027("a correction that lost rows") else {
        return;
    };
    let folder = Folder::new();
    let rows = rows_of(&official.order);
    let billable = |at: usize| &rows[at][14..15] == "1";
    let from = Chance::new().below(rows.len() - 2000);
    let at = (from..).find(|at| billable(*at)).unwrap();
    let today = || dry("2026-11-28");
    let corrects = || {
        [
            ImportOptions {
                revision: true,
                ..stating("FY2027", today())
            },
            stating("FY2027-errata", today()),
        ]
    };
    for lost in [1, 20, 500] {
        let path = folder.write("icd10cm-FY2027.txt", without(&rows, at, lost));
        for options in corrects() {
            let error = alone(std::slice::from_ref(&path), &options).unwrap_err();
            let said = said(&error);
            // What is lost with a header is not only counted.
            let is_seen = said.contains("which it would correct, has 98403")
                || said.contains("header")
                || said.contains("categor");
            assert!(is_seen, "{lost}: {said}");
        }
    }
    let text = std::str::from_utf8(&official.order).unwrap();
    let changed = text.replacen("Cholera", "Cholira", 1);
    let path = folder.write("icd10cm-FY2027.txt", changed);
    let options = ImportOptions {
        revision: true,
        ..stating("FY2025", today())
    };
    let error = alone(std::slice::from_ref(&path), &options).unwrap_err();
    assert!(
        said(&error).contains("as FY2027 has, and FY2025"),
        "{error}"
    );
    for options in corrects() {
        let report = alone(std::slice::from_ref(&path), &options).unwrap();
        let id = report.taken[0].release.to_string();
        assert_eq!(id, "FY2027-errata", "{report:?}");
    }
}

#[test]
fn a_file_that_ends_with_a_header_has_lost_what_was_below_it() {
    let Some(official) = fy2027("a header at the end") else {
        return;
    };
    let made = fy2028(official);
    let folder = Folder::new();
    let rows = rows_of(&made.order);
    let last = rows.iter().rposition(|row| &row[14..15] == "0").unwrap();
    let path = folder.write(
        "icd10cm_order_2028.txt",
        numbered(rows[..=last].iter().copied()),
    );
    let error = alone(&[path], &dry(BEFORE_APRIL)).unwrap_err();
    assert!(said(&error).contains(", a header"), "{error}");
}

#[test]
fn an_addenda_that_counts_otherwise_is_refused_wherever_it_lies() {
    let Some(official) = fy2027("an addenda in another folder") else {
        return;
    };
    let made = fy2028(official);
    let rows = rows_of(&made.order);
    let folder = Folder::new();
    let addenda = folder.write(
        "addenda/icd10cm_order_addenda_2028.txt",
        made.october_addenda(),
    );
    // One of several codes below a header: nothing but the count tells.
    let is_billable = |row: &&str| &row[14..15] == "1";
    let half = rows.len() / 2;
    let at = (half..)
        .find(|at| rows[at - 1..=at + 1].iter().all(is_billable))
        .unwrap();
    for (lost, failed) in [(0, 0), (1, 1)] {
        let part = without(&rows, at, lost);
        let order = folder.write("order/icd10cm-FY2028.txt", part);
        let report = alone(&[addenda.clone(), order], &dry(BEFORE_APRIL)).unwrap();
        assert_eq!(order_files(&report).len(), 1, "{report:?}");
        assert_eq!(report.failed.len(), failed, "{lost}: {report:?}");
        if let Some(failed) = report.failed.first() {
            assert!(failed.why.contains("its footer counts"), "{report:?}");
        }
    }
}

#[test]
fn what_is_lost_in_the_middle_is_seen_by_its_categories_and_headers() {
    let Some(official) = fy2027("losses in the middle") else {
        return;
    };
    let made = fy2028(official);
    let rows = rows_of(&made.order);
    let folder = Folder::new();
    let begins = |row: &&str, from: &str, to: &str| (from..=to).contains(&&row[6..9]);
    let keep = |from: &str, to: &str| {
        let kept = rows.iter().filter(|row| !begins(row, from, to)).copied();
        numbered(kept)
    };
    let chance = &mut Chance::new();
    let header = |chance: &mut Chance| {
        let from = chance.below(rows.len() - 10);
        (from..)
            .find(|at| {
                &rows[*at][14..15] == "0"
                    && &rows[at + 1][14..15] == "1"
                    && &rows[at + 2][14..15] == "1"
            })
            .unwrap()
    };
    let mut cases = vec![
        (
            "the block E70-E88".to_owned(),
            keep("E70", "E88"),
            "categories",
        ),
        (
            "the block C81-C96".to_owned(),
            keep("C81", "C96"),
            "categories",
        ),
    ];
    for _ in 0..5 {
        let at = header(chance);
        cases.push((
            format!("the header {}", rows[at]),
            without(&rows, at, 1),
            "no header above",
        ));
    }
    for (what, order, says) in cases {
        let path = folder.write("icd10cm_order_2028.txt", order);
        let error = alone(&[path], &dry(BEFORE_APRIL)).unwrap_err();
        assert!(said(&error).contains("it looks cut off"), "{what}: {error}");
        assert!(said(&error).contains(says), "{what}: {error}");
    }
}

/// Returns the rows but those for which a test of the code holds, as a file.
fn but(rows: &[&str], is_lost: &dyn Fn(&str) -> bool) -> Vec<u8> {
    numbered(rows.iter().copied().filter(|row| !is_lost(code_of(row))))
}

#[test]
fn more_rows_lost_than_official_releases_lose_are_a_part() {
    let Some(official) = fy2027("rows lost in the middle") else {
        return;
    };
    let made = fy2028(official);
    let rows = rows_of(&made.order);
    let chance = &mut Chance::new();
    let folder = Folder::new();
    let category = loop {
        let category = &code_of(rows[chance.below(rows.len())])[..3];
        let count = rows.iter().filter(|row| &row[6..9] == category).count();
        // The last one is another matter, and so is a fiftieth of all.
        if count < 900 && category != "U09" {
            break category;
        }
    };
    let nothing = format!("it lists nothing of the category {category}, which FY2027 has");
    let mut count = 0;
    let every = rows.iter().filter(|row| &row[14..15] == "1").filter(|_| {
        count += 1;
        count % 100 == 0
    });
    let scattered: BTreeSet<&str> = every.map(|row| code_of(row)).collect();
    let cases: [(&str, Vec<u8>); 3] = [
        (&nothing, but(&rows, &|code| code.starts_with(category))),
        (
            "rows fewer than FY2027 in the categories S72 (62",
            but(&rows, &|code| code.starts_with("S720")),
        ),
        (
            "rows fewer than FY2027 in the categories",
            but(&rows, &|code| scattered.contains(code)),
        ),
    ];
    for (says, order) in cases {
        let path = folder.write("icd10cm_order_2028.txt", order);
        let error = alone(&[path], &dry(BEFORE_APRIL)).unwrap_err();
        assert!(said(&error).contains("it looks cut off"), "{error}");
        assert!(said(&error).contains(says), "{says}: {error}");
    }
    // As many as NCHS deleted at once before: taken, and told.
    let adjacent: Vec<&str> = rows.iter().map(|row| code_of(row)).collect();
    let at = adjacent.iter().position(|code| *code == "S52001A").unwrap();
    let lost = adjacent[at..at + 12].to_vec();
    let path = folder.write(
        "icd10cm_order_2028.txt",
        but(&rows, &|code| lost.contains(&code)),
    );
    let report = alone(&[path], &dry(BEFORE_APRIL)).unwrap();
    let is_told =
        |note: &String| note.contains("rows fewer than FY2027") && note.contains("S52 (1");
    assert!(report.taken[0].notes.iter().any(is_told), "{report:?}");
}

#[test]
fn a_category_that_the_addenda_counts_out_is_deleted() {
    let Some(official) = fy2027("a category that is deleted") else {
        return;
    };
    let made = Made::without(CodeSet::Icd10Cm, &official.order, 2028, "J45");
    let folder = Folder::new();
    let order = folder.write("icd10cm_order_2028.txt", &made.order);
    let addenda = folder.write("icd10cm_order_addenda_2028.txt", made.october_addenda());
    let report = alone(&[order.clone(), addenda], &dry(BEFORE_APRIL)).unwrap();
    assert_eq!(order_files(&report).len(), 1, "{report:?}");
    assert_eq!(report.failed.len(), 0, "{report:?}");
    let error = alone(&[order], &dry(BEFORE_APRIL)).unwrap_err();
    assert!(said(&error).contains("of the category J45"), "{error}");
}

#[test]
fn a_table_that_is_lost_is_a_part_but_for_new_technology() {
    let Some(official) = pcs_fy2026("tables that are lost") else {
        return;
    };
    let made = pcs_fy2028(official);
    let rows = rows_of(&made.order);
    let folder = Folder::new();
    let without_table = |table: &str| {
        let order = but(&rows, &|code| code.starts_with(table));
        let path = folder.write("icd10pcs_order_2028.txt", order);
        alone(&[path], &dry(BEFORE_APRIL))
    };
    for table in ["0SG", "02V", "B21"] {
        let error = without_table(table).unwrap_err();
        let says = format!("it lists nothing of the table {table}");
        assert!(said(&error).contains(&says), "{error}");
    }
    let report = without_table("X2A").unwrap();
    let is_told = |note: &String| note.contains("it lists nothing of the table X2A");
    assert!(report.taken[0].notes.iter().any(is_told), "{report:?}");
}

#[test]
fn what_was_lost_before_a_known_release_is_seen_too() {
    let Some(official) = pcs_fy2026("a release before a known one") else {
        return;
    };
    // Of October 2020 the catalogue knows nothing; it lists what came before and after.
    let january = order_of(&official.releases, CodeSet::Icd10Pcs, "FY2021-01");
    let rows = rows_of(&january);
    let folder = Folder::new();
    let import = |lost: &str| {
        let order = but(&rows, &|code| code.starts_with(lost) || code == "XW033E5");
        let path = folder.write("icd10pcs_order_2021.txt", order);
        alone(&[path], &stating("FY2021", dry(BEFORE_APRIL)))
    };
    let error = import("0DT").unwrap_err();
    assert!(said(&error).contains("of the table 0DT"), "{error}");
    import("none").unwrap();
}

#[test]
fn titles_that_were_cut_off_are_a_part() {
    let Some(official) = fy2027("titles that were cut off") else {
        return;
    };
    let made = fy2028(official);
    let rows = rows_of(&made.order);
    let folder = Folder::new();
    let import = |change: &dyn Fn(&str) -> String| {
        let rows: Vec<String> = rows.iter().map(|row| change(row)).collect();
        let path = folder.write(
            "icd10cm_order_2028.txt",
            numbered(rows.iter().map(String::as_str)),
        );
        alone(&[path], &dry(BEFORE_APRIL))
    };
    let cut = |row: &str, most: usize| {
        let end = row
            .char_indices()
            .nth(77 + most)
            .map_or(row.len(), |(at, _)| at);
        row[..end].to_owned()
    };
    let short = |row: &str| format!("{}{}", &row[..77], row[16..76].trim_end());
    type Change<'c> = (&'c str, &'c dyn Fn(&str) -> String);
    let blank = |row: &str| format!("{}{:60}{}", &row[..16], "", &row[76..]);
    let changes: [Change<'_>; 3] = [
        ("long", &|row| cut(row, 60)),
        ("long", &short),
        ("short", &|row| {
            format!("{}{:60}{}", &row[..16], &row[16..30], &row[76..])
        }),
    ];
    for (which, change) in changes {
        let error = import(change).unwrap_err();
        let says = format!("its {which} titles have");
        assert!(said(&error).contains(&says), "{error}");
    }
    let error = import(&blank).unwrap_err();
    assert!(said(&error).contains("expected a short title"), "{error}");
    import(&str::to_owned).unwrap();
}
