//! What is exported from the full official files, against the database, the verdicts and the files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::{Days, NaiveDate};
use codeyear::answer;
use codeyear::claims::{ExportedFinding, Index};
use codeyear::model::{Code, CodeFlag, CodeSet, Concept, ExportedPeriod, ExportedSpan, concept_id};
use codeyear::store::Store;
use sha2::{Digest, Sha256};

use super::audit::Numbers;
use super::{everything, id, say, truth};
use crate::world::{World, official_releases};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn spans(store: &Store) -> Vec<ExportedSpan> {
    let mut spans = Vec::new();
    answer::export_spans(store, &CodeSet::ALL, &mut |span| {
        spans.push(span.clone());
        Ok(())
    })
    .unwrap();
    spans
}

/// Runs `export` on the full database, into a file of a world of its own, and reads it.
fn exported(releases: &Path, args: &[&str], file: &str) -> Vec<u8> {
    let world = World::empty();
    let database = everything(releases).path().to_str().unwrap().to_owned();
    let run = world.run(&[&["--db", &database, "export"], args, &["-o", file]].concat());
    assert_eq!(run.exit, 0, "{run:?}");
    std::fs::read(world.path(file)).unwrap()
}

#[test]
fn exported_spans_are_the_history_that_the_database_shows() {
    let Some(releases) = official_releases("exported spans are the history of the database") else {
        return;
    };
    type Row = (String, String, bool, String, String, String, String);
    let store = everything(&releases);
    let spans = spans(&store);
    let of_cm = |span: &&ExportedSpan| span.code_set == CodeSet::Icd10Cm;
    // No year of ICD-10-CM is missing, so that no span of it is cut.
    // 100,491 to FY2026-04; FY2027 adds 238 codes, makes headers of 15 and rewords 4.
    assert_eq!(spans.iter().filter(of_cm).count(), 100_748);
    assert_eq!(store.code_spans(CodeSet::Icd10Cm).unwrap().len(), 100_748);
    let found: BTreeSet<Row> = spans
        .iter()
        .filter(|span| span.days.to > span.code_set.in_force_from())
        .map(|span| {
            (
                span.code_set.id().to_owned(),
                span.entry.code.as_str().to_owned(),
                span.entry.billable,
                span.entry.short_title.clone(),
                span.entry.long_title.clone(),
                span.days
                    .from
                    .max(span.code_set.in_force_from())
                    .to_string(),
                span.days.to.to_string(),
            )
        })
        .collect();
    let connection = rusqlite::Connection::open(store.path()).unwrap();
    let mut statement = connection
        .prepare("SELECT code_set, code, billable, short_title, long_title, valid_from, valid_to FROM code_history")
        .unwrap();
    let shown: BTreeSet<Row> = statement
        .query_map([], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
            ))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(
        found == shown,
        "{} rows, {} shown",
        found.len(),
        shown.len()
    );

    // In order, and no day of a code in two spans.
    let key = |span: &ExportedSpan| (span.code_set, span.entry.code, span.days.from);
    for pair in spans.windows(2) {
        assert!(key(&pair[0]) < key(&pair[1]), "{pair:?}");
        let is_same =
            pair[0].code_set == pair[1].code_set && pair[0].entry.code == pair[1].entry.code;
        assert!(!is_same || pair[0].days.to <= pair[1].days.from, "{pair:?}");
    }
    for span in &spans {
        assert!(span.days.from < span.days.to, "{span:?}");
        assert!(
            !(span.days.is_open && span.days.closed_by.is_some()),
            "{span:?}"
        );
    }
    let of = |code: &str| -> Vec<(String, String)> {
        let found = spans.iter().filter(|span| span.entry.code.as_str() == code);
        found
            .map(|span| (span.days.from.to_string(), span.days.to.to_string()))
            .collect()
    };
    assert_eq!(of("U071")[0].0, "2020-04-01");
    assert_eq!(of("M545")[0].1, "2021-10-01");
    // October to December 2020 is not published for ICD-10-PCS.
    assert_eq!(of("0016070")[0].1, "2020-10-01");
    assert_eq!(of("0016070")[1].0, "2021-01-01");
    say(&format!("{} spans", spans.len()));
}

/// What an engine finds by the exported spans and periods alone: the verdict, and the day that goes with it.
fn judged(
    spans: &[&ExportedSpan],
    periods: &[&ExportedPeriod],
    date: NaiveDate,
) -> (&'static str, Option<NaiveDate>) {
    if date < periods[0].in_force_from {
        return ("not-in-force", None);
    }
    if !periods
        .iter()
        .any(|one| one.governs_from <= date && date < one.governs_to)
    {
        return ("not-covered", None);
    }
    if let Some(span) = spans
        .iter()
        .find(|one| one.days.from <= date && date < one.days.to)
    {
        return (
            if span.entry.billable {
                "billable"
            } else {
                "header"
            },
            None,
        );
    }
    if let Some(before) = spans.iter().rev().find(|one| one.days.to <= date) {
        return ("deleted", before.days.to.pred_opt());
    }
    match spans.first() {
        Some(later) => ("not-yet-effective", Some(later.days.from)),
        None => ("unknown", None),
    }
}

#[test]
fn spans_and_periods_judge_as_check_does() {
    let Some(releases) = official_releases("spans and periods judge as check does") else {
        return;
    };
    let store = everything(&releases);
    let spans = spans(&store);
    let periods = answer::export_periods(&store, &CodeSet::ALL).unwrap();
    let mut by_code: BTreeMap<(CodeSet, Code), Vec<&ExportedSpan>> = BTreeMap::new();
    for span in &spans {
        let key = (span.code_set, span.entry.code);
        by_code.entry(key).or_default().push(span);
    }
    // Codes that changed are rare, and tell more than those that never did.
    let codes: Vec<(CodeSet, Code)> = by_code.keys().copied().collect();
    let changed: Vec<(CodeSet, Code)> = by_code
        .iter()
        .filter(|(_, spans)| spans.iter().any(|span| span.days.closed_by.is_some()))
        .map(|(key, _)| *key)
        .collect();
    let unlisted = ["A009Z", "U079", "S060X0X"]
        .map(|text| (CodeSet::Icd10Cm, CodeSet::Icd10Cm.parse_code(text).unwrap()));
    let mut numbers = Numbers(2_026);
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for round in 0..600 {
        let (code_set, code) = match round % 20 {
            0 => *numbers.one_of(&unlisted),
            1..=9 => *numbers.one_of(&codes),
            _ => *numbers.one_of(&changed),
        };
        let date = day("2015-08-01") + Days::new(numbers.below(4_200) as u64);
        let periods: Vec<&ExportedPeriod> = periods
            .iter()
            .filter(|one| one.code_set == code_set)
            .collect();
        let none = Vec::new();
        let of_code = by_code.get(&(code_set, code)).unwrap_or(&none);
        let (verdict, with_day) = judged(of_code, &periods, date);
        let answer = answer::check(&store.codes(code_set).unwrap(), code.as_str(), date).unwrap();
        let expected = match &answer.verdict {
            codeyear::model::Verdict::Deleted { last_day, .. } => Some(*last_day),
            codeyear::model::Verdict::NotYetEffective { first_day, .. } => Some(*first_day),
            _ => None,
        };
        assert_eq!(
            (verdict, with_day),
            (answer.verdict.name(), expected),
            "{code:?} on {date}"
        );
        *found.entry(verdict).or_default() += 1;
    }
    assert_eq!(found.len(), 7, "{found:?}");
    say(&format!("{found:?}"));
}

#[test]
fn findings_are_those_of_an_audit_on_every_day() {
    let Some(releases) = official_releases("exported findings are those of an audit") else {
        return;
    };
    let index = Index::open(everything(&releases)).unwrap();
    let mut by_code: BTreeMap<(CodeSet, Option<Code>), Vec<ExportedFinding>> = BTreeMap::new();
    index
        .export_findings(&CodeSet::ALL, &mut |row| {
            let rows = by_code.entry((row.code_set, row.code)).or_default();
            rows.push(row.clone());
            Ok(())
        })
        .unwrap();
    let keys: Vec<(CodeSet, Option<Code>)> = by_code.keys().copied().collect();
    let mut numbers = Numbers(2_026);
    let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..50_000 {
        let (code_set, Some(code)) = *numbers.one_of(&keys) else {
            continue;
        };
        let date = day("2015-08-01") + Days::new(numbers.below(5_000) as u64);
        let rows = [Some(code), None].map(|code| &by_code[&(code_set, code)]);
        let mut holding = rows.into_iter().flatten().filter(|row| {
            row.from.is_none_or(|from| from <= date) && row.to.is_none_or(|to| date < to)
        });
        let row = &holding.next().unwrap().written;
        assert!(holding.next().is_none(), "{code:?} on {date}");
        let finding = index.find(code_set, code.as_str(), date).unwrap();
        assert_eq!(
            (
                row.verdict,
                row.day,
                &row.uses,
                row.use_count,
                row.use_basis,
                &row.why
            ),
            (
                finding.verdict,
                finding.day,
                &finding.uses,
                finding.use_count,
                finding.use_basis,
                &finding.why
            ),
            "{code:?} on {date}"
        );
        *verdicts.entry(row.verdict.name()).or_default() += 1;
    }
    assert_eq!(verdicts.len(), 7, "{verdicts:?}");
    let rows: usize = by_code.values().map(Vec::len).sum();
    say(&format!("{rows} findings, {verdicts:?}"));
}

#[test]
fn successors_of_spans_are_those_that_check_names_on_the_day_after() {
    let Some(releases) = official_releases("successors of exported spans") else {
        return;
    };
    let store = everything(&releases);
    let spans = spans(&store);
    let mut named = 0;
    let retired: Vec<&ExportedSpan> = spans
        .iter()
        .filter(|span| span.code_set == CodeSet::Icd10Cm)
        .filter(|span| span.entry.billable && span.days.closed_by.is_some())
        .collect();
    for span in &retired {
        let code = &span.entry.code;
        let answer = answer::check(
            &store.codes(span.code_set).unwrap(),
            code.as_str(),
            span.days.to,
        )
        .unwrap();
        let expected: Vec<Code> = answer
            .retirement
            .iter()
            .flat_map(|retirement| &retirement.successors)
            .map(|successor| successor.code)
            .collect();
        assert_eq!(span.successors, expected, "{code:?} on {}", span.days.to);
        named += usize::from(!expected.is_empty());
    }
    for span in &spans {
        let may = span.entry.billable && !span.days.is_open;
        assert!(may || span.successors.is_empty(), "{span:?}");
    }
    assert!(named > 500);
    say(&format!(
        "{} spans of billable codes end, {named} name successors",
        retired.len()
    ));
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_holds_what_csv_holds_and_every_format_gives_the_same_bytes_twice() {
    use arrow_array::cast::AsArray;
    use arrow_array::types::Date32Type;
    use arrow_schema::DataType;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    let Some(releases) = official_releases("Parquet holds what CSV holds") else {
        return;
    };
    for table in ["spans", "periods"] {
        let export = |file: &str| exported(&releases, &[table], file);
        let (csv, file) = (export("table.csv"), export("table.parquet"));
        for (name, bytes) in [("again.csv", &csv), ("again.parquet", &file)] {
            assert!(export(name) == *bytes, "{table}: {name}");
        }
        assert!(export("table.ndjson") == export("again.jsonl"), "{table}");

        let world = World::empty();
        let path = world.write("table.parquet", &file);
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap();
        let about = builder
            .metadata()
            .file_metadata()
            .key_value_metadata()
            .unwrap();
        let about: BTreeMap<&str, &str> = about
            .iter()
            .map(|one| (one.key.as_str(), one.value.as_deref().unwrap()))
            .collect();
        let store = everything(&releases);
        assert_eq!(
            about["codeyear.content_hash"],
            store.content_hash().unwrap()
        );
        assert_eq!(about["codeyear.table"], format!("codeyear/{table}/1"));
        let mut from_parquet: Vec<Vec<String>> = Vec::new();
        for batch in builder.build().unwrap() {
            let batch = batch.unwrap();
            let schema = batch.schema();
            for row in 0..batch.num_rows() {
                let cell = |(column, field): (
                    &arrow_array::ArrayRef,
                    &std::sync::Arc<arrow_schema::Field>,
                )| {
                    if column.is_null(row) {
                        return String::new();
                    }
                    match field.data_type() {
                        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
                        DataType::Boolean => column.as_boolean().value(row).to_string(),
                        DataType::Date32 => {
                            let days = column.as_primitive::<Date32Type>().value(row);
                            (day("1970-01-01") + chrono::Duration::days(days.into())).to_string()
                        }
                        other => panic!("{other}"),
                    }
                };
                from_parquet.push(
                    batch
                        .columns()
                        .iter()
                        .zip(schema.fields())
                        .map(cell)
                        .collect(),
                );
            }
            let names: Vec<&str> = schema
                .fields()
                .iter()
                .map(|field| field.name().as_str())
                .collect();
            assert!(csv.starts_with(names.join(",").as_bytes()), "{names:?}");
        }
        let from_csv: Vec<Vec<String>> = csv::Reader::from_reader(csv.as_slice())
            .records()
            .map(|record| record.unwrap().iter().map(str::to_owned).collect())
            .collect();
        assert!(from_csv.len() > 30 && from_csv == from_parquet, "{table}");
        say(&format!(
            "{table}: {} rows, {} bytes of Parquet",
            from_csv.len(),
            file.len()
        ));
    }
}

#[test]
fn exported_order_files_are_the_official_ones() {
    let Some(releases) = official_releases("exported order files are the official ones") else {
        return;
    };
    let expected = truth(&releases, "order-file-counts.csv");
    for (code_set, release) in [
        ("icd10cm", "FY2026-04"),
        ("icd10cm", "FY2014"),
        ("icd10pcs", "FY2022-04"),
        ("icd10pcs", "FY2022-04-errata"),
        ("icd10pcs", "FY2025"),
    ] {
        let args = ["order", "--release", release, "--code-set", code_set];
        let bytes = exported(&releases, &args, "order.txt");
        let sha256: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let record = expected
            .iter()
            .find(|one| one["code_set"] == code_set && id(&one["release"]) == id(release))
            .unwrap();
        assert_eq!(sha256, record["sha256"], "{code_set} {release}");
    }
}

#[test]
fn concepts_have_true_dates_and_one_stretch_of_days_each() {
    let Some(releases) = official_releases("concepts have true dates") else {
        return;
    };
    let store = everything(&releases);
    let vocabulary = answer::ohdsi_vocabulary(&store, &CodeSet::ALL).unwrap();
    let by_code: BTreeMap<(CodeSet, Code), &Concept> = vocabulary
        .concepts
        .iter()
        .map(|concept| ((concept.code_set, concept.code), concept))
        .collect();
    assert_eq!(
        by_code.len(),
        vocabulary.concepts.len(),
        "one concept a code"
    );
    let find =
        |text: &str| by_code[&(CodeSet::Icd10Cm, CodeSet::Icd10Cm.parse_code(text).unwrap())];
    let dates = |text: &str| {
        let concept = find(text);
        let reason = concept.invalid_reason.map_or("", |reason| reason.letter());
        format!(
            "{} {} {reason} {}",
            concept.valid_start,
            concept.valid_end,
            concept.class()
        )
    };
    assert_eq!(dates("U07.1"), "2020-04-01 2099-12-31  4-char billing code");
    assert_eq!(
        dates("M54.5"),
        "2015-10-01 2021-09-30 U 4-char billing code"
    );
    assert_eq!(
        dates("M54.50"),
        "2021-10-01 2099-12-31  5-char billing code"
    );
    assert_eq!(dates("C7B"), "2015-10-01 2099-12-31  3-char nonbill code");
    assert_eq!(
        dates("S06.0X7D"),
        "2015-10-01 2016-09-30 D 7-char billing code"
    );
    let related = |text: &str| -> Vec<String> {
        let first = find(text).id;
        let pairs = vocabulary.pairs.iter().filter(|pair| pair.first == first);
        let mut related: Vec<String> = pairs
            .map(|pair| {
                let other = vocabulary
                    .concepts
                    .iter()
                    .find(|one| one.id == pair.second)
                    .unwrap();
                let code = other.code.to_string();
                format!(
                    "{} {code} {} {}",
                    pair.relationship.name(),
                    pair.valid_start,
                    pair.valid_end
                )
            })
            .collect();
        related.sort();
        related
    };
    assert_eq!(
        related("M54.5"),
        [
            "Concept replaced by M54.50 2021-10-01 2099-12-31",
            "Concept replaced by M54.51 2021-10-01 2099-12-31",
            "Concept replaced by M54.59 2021-10-01 2099-12-31",
            "Is a M54 2015-10-01 2021-09-30",
        ]
    );
    assert_eq!(
        related("M54.50"),
        [
            "Concept replaces M54.5 2021-10-01 2099-12-31",
            "Is a M54 2021-10-01 2099-12-31",
        ]
    );
    // Every code that is billable on a day is valid on it, and no other code is but headers.
    for (code_set, date) in [
        (CodeSet::Icd10Cm, "2020-05-01"),
        (CodeSet::Icd10Cm, "2026-05-01"),
        (CodeSet::Icd10Pcs, "2023-01-01"),
    ] {
        let date = day(date);
        let valid: BTreeSet<Code> = vocabulary
            .concepts
            .iter()
            .filter(|one| one.code_set == code_set && one.billable)
            .filter(|one| one.valid_start <= date && date <= one.valid_end)
            .map(|one| one.code)
            .collect();
        let listed = store.code_spans(code_set).unwrap();
        // Not by the test of the program.
        let on_date = listed
            .iter()
            .filter(|span| span.from <= date && span.until.is_none_or(|until| date < until))
            .map(|span| &span.value);
        let (billable, headers): (Vec<&CodeFlag>, Vec<&CodeFlag>) =
            on_date.partition(|flag| flag.billable);
        let billable: BTreeSet<Code> = billable.iter().map(|flag| flag.code).collect();
        let headers: BTreeSet<Code> = headers.iter().map(|flag| flag.code).collect();
        assert!(billable.is_subset(&valid), "{code_set} {date}");
        let more: Vec<&Code> = valid.difference(&billable).collect();
        // Headers that became billable later.
        assert!(
            more.iter().all(|code| headers.contains(code)),
            "{code_set} {date}: {more:?}"
        );
    }
    let open = day("2099-12-31");
    for pair in &vocabulary.pairs {
        assert!(pair.valid_start <= pair.valid_end, "{pair:?}");
    }
    for concept in &vocabulary.concepts {
        assert!(concept.valid_start <= concept.valid_end, "{concept:?}");
        assert!(concept.valid_start >= day("2015-10-01"), "{concept:?}");
        assert_eq!(
            concept.invalid_reason.is_none(),
            concept.valid_end == open,
            "{concept:?}"
        );
    }
    say(&format!(
        "{} concepts, {} relationships, interrupted: {:?}",
        vocabulary.concepts.len(),
        vocabulary.pairs.len(),
        vocabulary.interrupted
    ));
}

#[test]
fn no_two_official_codes_have_one_concept_id_and_no_code_is_displaced_without_need() {
    let Some(releases) = official_releases("concept identifiers of all official codes") else {
        return;
    };
    let store = everything(&releases);
    let mut taken: BTreeMap<i64, String> = BTreeMap::new();
    let mut displaced = 0;
    for code_set in CodeSet::ALL {
        let codes: BTreeSet<Code> = store
            .code_spans(code_set)
            .unwrap()
            .iter()
            .map(|span| span.value.code)
            .collect();
        for code in codes {
            let name = format!("{} {}", code_set.name().replace('-', ""), code);
            let digest = Sha256::digest(name.as_bytes());
            let head = u64::from_be_bytes(digest[..8].try_into().unwrap());
            let first = 2_000_000_001 + (head % 147_483_646) as i64;
            let id = concept_id(code_set, &code);
            assert!(
                (2_000_000_001..=i64::from(i32::MAX)).contains(&id),
                "{name}"
            );
            if id != first {
                displaced += 1;
                assert!(taken.contains_key(&first), "{name} is displaced by nothing");
            }
            if let Some(other) = taken.insert(id, name.clone()) {
                panic!("{name} and {other} are both {id}");
            }
        }
    }
    say(&format!("{} codes, {displaced} displaced", taken.len()));
}
