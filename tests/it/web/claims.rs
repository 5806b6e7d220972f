//! The page of an audit: a file shows its columns, is judged by those that are chosen, and is kept nowhere.

use std::io::{Read, Write};
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, BooleanArray, Date32Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use rust_xlsxwriter::Workbook;

use super::Served;
use crate::served::Reply;
use crate::world::World;

/// A server over the sample, as one page of it is used.
struct Page {
    served: Served,
    _world: World,
}

impl Page {
    fn open(args: &[&str]) -> Page {
        let world = World::with_sample();
        Page {
            served: Served::start(&world, args),
            _world: world,
        }
    }

    /// Sends the form with these fields and a file.
    fn post(&self, fields: &[(&str, &str)], file: &[u8]) -> Reply {
        let mut body = Vec::new();
        for (name, value) in fields {
            let head = "--cut\r\ncontent-disposition: form-data; name=";
            body.extend(format!("{head}\"{name}\"\r\n\r\n{value}\r\n").bytes());
        }
        body.extend(
            b"--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"claims\"\r\n\r\n",
        );
        body.extend(file);
        body.extend(b"\r\n--cut--\r\n");
        let kind = "multipart/form-data; boundary=cut";
        let reply = self.served.post("/audit", kind, &body);
        if reply.status != 400 {
            let kept = reply.header("cache-control");
            assert_eq!(kept, Some("no-store"), "{reply:?}");
        }
        reply
    }

    /// Asks for the columns of a file.
    fn columns(&self, file: &[u8]) -> Columns {
        let reply = self.post(&[("columns", "1")], file);
        assert_eq!(reply.status, 200, "{}", reply.text());
        Columns {
            page: reply.text().to_owned(),
        }
    }

    /// Audits a file by columns that were picked.
    fn audit(&self, picks: &[(&str, &str)], file: &[u8]) -> Reply {
        let fields = [&[("picked", "1")], picks].concat();
        self.post(&fields, file)
    }

    /// Returns the rows with their verdicts.
    fn rows(&self, picks: &[(&str, &str)], file: &[u8]) -> String {
        let reply = self.audit(&[&[("rows", "1")], picks].concat(), file);
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.text().to_owned()
    }

    /// Returns what is said of a file that is not judged.
    fn refused(&self, fields: &[(&str, &str)], file: &[u8]) -> String {
        let reply = self.post(fields, file);
        assert_eq!(reply.status, 422, "{}", reply.text());
        let text = reply.text();
        let said = text.split_once("id=\"failed\"").expect("what failed").1;
        said.split_once("</div>").unwrap().0.to_owned()
    }
}

/// The page that shows the columns of a file.
struct Columns {
    page: String,
}

impl Columns {
    /// Lists the columns that are ticked, or all: each as the form sends it.
    fn picks(&self, ticked: bool) -> Vec<String> {
        let boxes = self.page.split("name=\"pick\" value=\"").skip(1);
        let boxes = boxes.map(|rest| rest.split_once('"').unwrap());
        boxes
            .filter(|(_, rest)| !ticked || rest.trim_start().starts_with("checked"))
            .map(|(value, _)| value.to_owned())
            .collect()
    }

    /// Returns what is chosen of a choice of dates.
    fn date(&self, name: &str) -> String {
        let select = self.page.split_once(&format!("name=\"{name}\">")).unwrap();
        let select = select.1.split_once("</select>").unwrap().0;
        let mut options = select.split("<option value=\"").skip(1);
        let chosen = options.find(|option| option.contains("\" selected>"));
        chosen.map_or_else(String::new, |option| {
            option.split_once('"').unwrap().0.to_owned()
        })
    }
}

const TABLE: &[u8] =
    b"Member,DX1,dx1_poa,dx_date,Diag_2,Date of service\nSECRET,C7B,Y,x,C7B.00,2026-03-01\n";

/// A Parquet file of these columns.
fn parquet(columns: Vec<(&str, ArrayRef)>, properties: Option<WriterProperties>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), properties).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn texts(texts: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(texts.to_vec()))
}

/// 2026-03-01, as often.
fn days(count: usize) -> ArrayRef {
    Arc::new(Date32Array::from(vec![20_513; count]))
}

fn claims_in_parquet() -> Vec<u8> {
    parquet(
        vec![
            ("member", texts(&["SECRET", "OTHER"])),
            ("paid", Arc::new(BooleanArray::from(vec![true, false]))),
            ("dx1", texts(&["C7B", "C7B.00"])),
            ("dos", days(2)),
        ],
        None,
    )
}

#[test]
fn columns_that_nobody_names_are_told_by_their_names_and_rows_are_given_as_a_file() {
    let page = Page::open(&[]);
    let reply = page.post(&[], TABLE);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let told = "columns detected by name: codes in DX1, Diag_2; dates in Date of service";
    assert!(reply.text().contains(told), "{}", reply.text());
    let link = "/icd10cm/C7B?on=2026-03-01";
    assert!(reply.text().contains(link), "{}", reply.text());
    assert!(!reply.text().contains("SECRET"));
    let rows = page.post(&[("rows", "1")], TABLE);
    assert_eq!(rows.status, 200, "{}", rows.text());
    assert_eq!(rows.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(rows.header("etag"), None);
    let disposition = rows.header("content-disposition").unwrap();
    assert!(disposition.contains("audited.csv"), "{disposition}");
    let text = rows.text();
    let header = "Member,DX1,dx1_poa,dx_date,Diag_2,Date of service,DX1_verdict,";
    assert!(text.starts_with(header), "{text}");
    let row = "\nSECRET,C7B,Y,x,C7B.00,2026-03-01,header,";
    assert!(text.contains(row), "{text}");
    for (file, part) in [
        (&b"a,b\n1,2\n"[..], "No column name suggests codes"),
        (
            b"dx,b\nC7B,2\n",
            "No column name suggests a date of service",
        ),
        (
            b"{\"dx\":\"C7B\"}\n",
            "No column name suggests a date of service",
        ),
    ] {
        let said = page.refused(&[], file);
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_file_shows_its_columns_with_the_likely_ones_chosen_and_no_value() {
    let page = Page::open(&[]);
    let columns = page.columns(TABLE);
    assert_eq!(columns.picks(true), ["1 DX1", "4 Diag_2"]);
    assert_eq!(columns.picks(false).len(), 6);
    assert_eq!(columns.date("pick_date"), "5 Date of service");
    assert_eq!(columns.date("pick_discharge"), "");
    for value in ["SECRET", "2026-03-01"] {
        assert!(!columns.page.contains(value), "{value}: {}", columns.page);
    }
    assert!(
        columns.page.contains("The file was not kept"),
        "{}",
        columns.page
    );
    let inpatient = page.columns(b"px1,admit_date,discharge_date,service_date\n");
    assert_eq!(inpatient.picks(true), ["0 px1"]);
    let dates = ["pick_date", "pick_admit", "pick_discharge"].map(|name| inpatient.date(name));
    assert_eq!(
        dates,
        ["3 service_date", "1 admit_date", "2 discharge_date"]
    );
}

#[test]
fn a_file_is_judged_by_the_columns_that_are_picked_and_no_others() {
    let page = Page::open(&[]);
    let file = b"dx,note,day,dos\nC7B,C7B.00,2025-09-30,x\n";
    let text = page.rows(&[("pick", "1 note"), ("pick_date", "2 day")], file);
    assert!(
        text.contains("\nC7B,C7B.00,2025-09-30,x,billable,"),
        "{text}"
    );
    // The code set of a column is that which is chosen beside it.
    let picks = [
        ("pick", "0 dx"),
        ("pick", "1 note"),
        ("set-1", "icd10pcs"),
        ("pick_date", "2 day"),
    ];
    let text = page.rows(&picks, file);
    assert!(text.contains(",x,header,"), "{text}");
    assert!(text.contains(",unknown,"), "{text}");
}

#[test]
fn rows_go_by_the_discharge_where_there_is_one() {
    let page = Page::open(&[]);
    let file = b"dx,dos,out\nG35,2025-09-30,2025-10-01\nG35,2025-09-30,\n";
    let picks = [
        ("pick", "0 dx"),
        ("pick_date", "1 dos"),
        ("pick_discharge", "2 out"),
    ];
    let text = page.rows(&picks, file);
    assert!(
        text.contains("\nG35,2025-09-30,2025-10-01,header,"),
        "{text}"
    );
    assert!(text.contains("\nG35,2025-09-30,,billable,"), "{text}");
}

#[test]
fn names_that_stand_twice_are_empty_or_hold_html_are_shown_as_they_are() {
    let page = Page::open(&[]);
    let file = "dx,dx,,\"<script>alert(1)</script>\",\"a\"\"b\",\"two\nlines\",3\n\
                C7B,C7B.00,2026-03-01,x,y,z,w\n";
    let columns = page.columns(file.as_bytes());
    assert_eq!(columns.picks(true), ["0 dx", "1 dx"]);
    assert!(!columns.page.contains("<script>alert"), "{}", columns.page);
    for part in [
        "&#60;script&#62;alert(1)&#60;/script&#62;",
        "dx (column 2)",
        "column 3, without a name",
        "value=\"4 a&#34;b\"",
        "value=\"5 two lines\"",
    ] {
        assert!(columns.page.contains(part), "{part}: {}", columns.page);
    }
    let text = page.rows(
        &[("pick", "0 dx"), ("pick", "1 dx"), ("pick_date", "2 ")],
        file.as_bytes(),
    );
    assert!(text.contains("dx (column 1)_verdict"), "{text}");
    assert!(text.contains("dx (column 2)_verdict"), "{text}");
    assert!(text.contains(",header,"), "{text}");
    assert!(text.contains(",billable,"), "{text}");
    // A column that is called 3 is meant by its place, and not the third one.
    let said = page.refused(
        &[
            ("picked", "1"),
            ("pick", "6 3"),
            ("pick_date", "3 <script>alert(1)</script>"),
        ],
        file.as_bytes(),
    );
    assert!(said.contains("have no date in a known format"), "{said}");
}

#[test]
fn a_thousand_columns_are_shown_and_too_many_are_refused() {
    let page = Page::open(&[]);
    let header = |count: usize| {
        let names: Vec<String> = (0..count).map(|at| format!("field{at}")).collect();
        format!("{},dx1,dos\n", names.join(","))
    };
    let columns = page.columns(header(1000).as_bytes());
    assert_eq!(columns.picks(false).len(), 1002);
    assert_eq!(columns.picks(true), ["1000 dx1"]);
    assert!(
        columns.page.contains("1,002 columns, 1 selected"),
        "{}",
        columns.page.len()
    );
    let said = page.refused(&[("columns", "1")], header(5000).as_bytes());
    assert!(said.contains("5002 columns"), "{said}");
}

#[test]
fn a_first_line_that_is_a_claim_is_not_shown_as_names() {
    let page = Page::open(&[]);
    for file in [
        &b"SECRET,C7B.00,x\nSECRET,C7B.00,x\n"[..],
        b"SECRET,x,2026-03-01\nSECRET,x,2026-03-01\n",
    ] {
        let reply = page.post(&[("columns", "1")], file);
        assert_eq!(reply.status, 422, "{}", reply.text());
        assert!(
            reply.text().contains("The first line is a claim"),
            "{}",
            reply.text()
        );
        assert!(!reply.text().contains("SECRET"));
    }
}

#[test]
fn another_file_than_the_columns_were_chosen_from_is_refused() {
    let page = Page::open(&[]);
    let picks = [("picked", "1"), ("pick", "0 dx"), ("pick_date", "1 dos")];
    let said = page.refused(&picks, b"dos,dx\n2026-03-01,C7B\n");
    assert!(said.contains("not those that were chosen from"), "{said}");
    for (picks, part) in [
        (&[("picked", "1")][..], "No column with codes is selected"),
        (
            &[("picked", "1"), ("pick", "0 dx")],
            "No column with a date is chosen",
        ),
        (
            &[("picked", "1"), ("pick", "9 dx"), ("pick_date", "1 dos")],
            "not those that were chosen from",
        ),
    ] {
        let said = page.refused(picks, b"dx,dos\nC7B,2026-03-01\n");
        assert!(said.contains(part), "{part}: {said}");
    }
    for (name, value) in [("pick", "dx"), ("pick_date", "x dos"), ("set-0", "icd99")] {
        let reply = page.audit(&[(name, value)], b"dx,dos\nC7B,2026-03-01\n");
        assert_eq!(reply.status, 400, "{name}: {}", reply.text());
    }
}

#[test]
fn what_was_picked_is_shown_again_where_the_audit_fails() {
    let page = Page::open(&[]);
    let picks = [
        ("picked", "1"),
        ("pick", "1 b"),
        ("set-1", "icd10cm"),
        ("pick_date", "0 a"),
    ];
    let reply = page.post(&picks, b"a,b\nx,C7B\n");
    assert_eq!(reply.status, 422);
    let shown = Columns {
        page: reply.text().to_owned(),
    };
    assert_eq!(shown.picks(true), ["1 b"]);
    assert_eq!(shown.date("pick_date"), "0 a");
    assert!(
        shown.page.contains("<option value=\"icd10cm\" selected>"),
        "{}",
        shown.page
    );
}

#[test]
fn the_beginning_of_a_file_is_enough_for_its_columns() {
    let page = Page::open(&[]);
    let long = [TABLE, &b"SECRET,C7B,Y,x,C7B.00,2026-03-01\n".repeat(20_000)].concat();
    let columns = page.columns(&long[..256 * 1024]);
    assert_eq!(columns.picks(true), ["1 DX1", "4 Diag_2"]);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    packed.write_all(&long).unwrap();
    let packed = packed.finish().unwrap();
    let columns = page.columns(&packed[..256 * 1024]);
    assert_eq!(columns.picks(true), ["1 DX1", "4 Diag_2"]);
    let objects = b"{\"dx\":\"C7B\",\"dos\":\"2026-03-01\",\"note\":\"SECRET\"}\n".repeat(10_000);
    let columns = page.columns(&objects[..256 * 1024]);
    assert_eq!(columns.picks(false), ["0 dx", "1 dos", "2 note"]);
    assert!(!columns.page.contains("SECRET"));
}

#[test]
fn objects_show_their_fields_and_what_stands_within_them() {
    let page = Page::open(&[]);
    let file = b"{\"id\":\"SECRET\",\"dx\":[{\"code\":\"C7B\",\"poa\":\"Y\"}],\"dos\":\"2026-03-01\"}\n\
        {\"id\":\"2\",\"dx\":[{\"code\":\"C7B.00\"}],\"dos\":\"2026-03-01\",\"more\":{\"dx9\":\"G35\"}}\n";
    let columns = page.columns(file);
    assert_eq!(columns.picks(true), ["1 dx[].code"]);
    assert_eq!(columns.picks(false).len(), 5);
    assert_eq!(columns.date("pick_date"), "3 dos");
    assert!(columns.page.contains("more.dx9"), "{}", columns.page);
    let picks = [
        ("pick", "1 dx[].code"),
        ("pick", "4 more.dx9"),
        ("pick_date", "3 dos"),
    ];
    let reply = page.audit(&picks, file);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(
        reply.text().contains("3 codes in 2 rows"),
        "{}",
        reply.text()
    );
    let rows = page.post(&[("rows", "1")], file);
    assert_eq!(rows.header("content-type"), Some("application/x-ndjson"));
    assert!(
        rows.header("content-disposition")
            .unwrap()
            .contains("audited.ndjson")
    );
    assert!(
        rows.text().starts_with("{\"id\":\"SECRET\""),
        "{}",
        rows.text()
    );
}

#[test]
fn a_workbook_shows_the_columns_of_the_sheet_with_codes() {
    let page = Page::open(&[]);
    let mut workbook = Workbook::new();
    workbook
        .add_worksheet()
        .write(0, 0, "About these claims")
        .unwrap();
    let sheet = workbook.add_worksheet();
    for (at, name) in ["Member", "DX 1", "DOS"].into_iter().enumerate() {
        sheet.write(0, at as u16, name).unwrap();
    }
    for (at, value) in ["SECRET", "C7B", "2026-03-01"].into_iter().enumerate() {
        sheet.write(1, at as u16, value).unwrap();
    }
    let file = workbook.save_to_buffer().unwrap();
    let columns = page.columns(&file);
    assert_eq!(columns.picks(false), ["1 DX 1", "0 Member", "2 DOS"]);
    assert_eq!(columns.picks(true), ["1 DX 1"]);
    assert_eq!(columns.date("pick_date"), "2 DOS");
    assert!(!columns.page.contains("SECRET"));
    let text = page.rows(&[("pick", "1 DX 1"), ("pick_date", "2 DOS")], &file);
    assert!(text.contains("\nSECRET,C7B,2026-03-01,header,"), "{text}");
}

#[test]
fn parquet_is_judged_from_memory_and_its_directory_shows_its_columns() {
    let page = Page::open(&[]);
    let file = claims_in_parquet();
    // As the script of the page sends it: how it begins, and the directory behind its rows.
    let length: [u8; 4] = file[file.len() - 8..file.len() - 4].try_into().unwrap();
    let directory = file.len() - 8 - u32::from_le_bytes(length) as usize;
    let part = [&file[..4], &file[directory..]].concat();
    for sent in [&part, &file] {
        let columns = page.columns(sent);
        assert_eq!(columns.picks(true), ["2 dx1"]);
        assert_eq!(columns.date("pick_date"), "3 dos");
        assert!(!columns.page.contains("SECRET"));
    }
    let reply = page.post(&[], &file);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(
        reply.text().contains("/icd10cm/C7B?on=2026-03-01"),
        "{}",
        reply.text()
    );
    assert!(!reply.text().contains("SECRET"));
    let text = page.rows(&[("pick", "2 dx1"), ("pick_date", "3 dos")], &file);
    assert!(
        text.starts_with("place,member,paid,dx1,dos,field,code,date,verdict,"),
        "{text}"
    );
    assert!(
        text.contains("SECRET,true,C7B,2026-03-01,dx1,C7B,2026-03-01,header,"),
        "{text}"
    );
    assert!(text.contains("OTHER,false,C7B.00,"), "{text}");
    // The directory alone has no rows.
    let said = page.refused(&[], &part);
    assert!(said.contains("cannot be read"), "{said}");
}

#[test]
fn parquet_with_lists_of_codes_is_judged_code_by_code() {
    let page = Page::open(&[]);
    let mut lists = ListBuilder::new(StringBuilder::new());
    for codes in [&["C7B", "G35"][..], &["C7B.00"]] {
        codes
            .iter()
            .for_each(|code| lists.values().append_value(code));
        lists.append(true);
    }
    let file = parquet(
        vec![("dx", Arc::new(lists.finish())), ("dos", days(2))],
        None,
    );
    let reply = page.post(&[], &file);
    assert!(
        reply.text().contains("3 codes in 2 rows"),
        "{}",
        reply.text()
    );
    let text = page.rows(&[("pick", "0 dx"), ("pick_date", "1 dos")], &file);
    assert_eq!(text.lines().count(), 4, "{text}");
}

#[test]
fn a_damaged_file_at_which_a_library_panics_is_refused_and_the_next_is_judged() {
    let page = Page::open(&[]);
    let damaged = include_bytes!("../../fixtures/damaged/dictionary-index.parquet");
    let fields = [("code", "dx"), ("date", "dos")];
    for _ in 0..3 {
        let reply = page.post(&fields, damaged);
        assert_eq!(reply.status, 422, "{}", reply.text());
        assert!(reply.text().contains("it is damaged"), "{}", reply.text());
    }
    let sound = parquet(vec![("dx", texts(&["C7B"])), ("dos", days(1))], None);
    assert_eq!(page.post(&fields, &sound).status, 200);
}

#[test]
fn a_workbook_of_empty_texts_that_would_fill_the_memory_is_refused() {
    let page = Page::open(&[]);
    let workbook = |texts: &str, count: usize| {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (row, values) in [["dx", "dos"], ["C7B", "2026-03-01"]].iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                sheet.write(row as u32, column as u16, *value).unwrap();
            }
        }
        let book = workbook.save_to_buffer().unwrap();
        let mut old = zip::ZipArchive::new(std::io::Cursor::new(book)).unwrap();
        let mut new = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for at in 0..old.len() {
            let mut member = old.by_index(at).unwrap();
            let name = member.name().unwrap().into_owned();
            let options = zip::write::SimpleFileOptions::default();
            new.start_file(name.as_str(), options).unwrap();
            let mut text = String::new();
            member.read_to_string(&mut text).unwrap();
            if name.ends_with("sharedStrings.xml") {
                text = text.replace("</sst>", &format!("{}</sst>", texts.repeat(count)));
            }
            new.write_all(text.as_bytes()).unwrap();
        }
        new.finish().unwrap().into_inner()
    };
    let fields = [("code", "dx"), ("date", "dos")];
    let reply = page.post(&fields, &workbook("<si><t>x</t></si>", 100_000));
    assert_eq!(reply.status, 200, "{}", reply.text());
    for (texts, count) in [("<si/>", 3_100_000), ("<si><t></t></si>", 800_000)] {
        let bomb = workbook(texts, count);
        assert!(bomb.len() < 1 << 20, "{}", bomb.len());
        let said = page.refused(&fields, &bomb);
        assert!(said.contains("too many texts"), "{said}");
    }
}

#[test]
fn parquet_that_would_fill_the_memory_is_refused() {
    let page = Page::open(&["--max-upload", "2000000"]);
    let long = "A".repeat(1 << 16);
    let zstd = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_enabled(false)
        .build();
    let bomb = parquet(
        vec![
            ("dx", texts(&vec![long.as_str(); 1100])),
            ("dos", days(1100)),
        ],
        Some(zstd),
    );
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    let said = page.refused(&[], &bomb);
    assert!(said.contains("unpacks to far more"), "{said}");
    // One long text of a dictionary that every row has: it is read where it stands, and not given so often.
    let rows = 30_000;
    let repeated = parquet(
        vec![
            ("note", texts(&vec![long.as_str(); rows])),
            ("dx", texts(&vec!["C7B"; rows])),
            ("dos", days(rows)),
        ],
        None,
    );
    assert!(repeated.len() < 1 << 20, "{}", repeated.len());
    let reply = page.post(&[], &repeated);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let said = page.refused(&[("rows", "1")], &repeated);
    assert!(said.contains("more than this server returns"), "{said}");
    let packed = WriterProperties::builder().set_compression(Compression::LZ4);
    let columns = vec![("dx", texts(&["C7B"])), ("dos", days(1))];
    let said = page.refused(&[], &parquet(columns, Some(packed.build())));
    assert!(said.contains("Brotli, LZ4 or LZO"), "{said}");
    assert_eq!(page.served.get("/healthz").status, 200);
}

#[test]
fn x12_and_fhir_have_no_columns_to_choose() {
    let page = Page::open(&[]);
    let isa = b"ISA*00*          *00*          *ZZ*A              *ZZ*B              *260301*1200*^*00501*000000001*0*T*:~";
    for (file, name) in [
        (&isa[..], "X12 837"),
        (b"{\"resourceType\":\"Bundle\",\"entry\":[]}", "FHIR"),
    ] {
        let columns = page.columns(file);
        assert!(columns.picks(false).is_empty());
        assert!(
            columns.page.contains(&format!("This is {name}: ")),
            "{}",
            columns.page
        );
    }
}

#[test]
fn hints_name_the_fields_of_the_page_and_no_option() {
    let page = Page::open(&[]);
    for (file, part) in [
        (&b"dx,dos\nC7B,x\n"[..], "tate the format in “Date format”"),
        (b"dx,dos\nC7B,46082\n", "In “Date format” excel"),
        (b"dx,dos\nC7B,31/12/2025\n", "State it in “Date format”"),
        (
            b"a,dos\nC7B,2025-12-31\n",
            "choose them from those that the file has",
        ),
    ] {
        let said = page.refused(&[], file);
        assert!(said.contains(part), "{part}: {said}");
        assert!(!said.contains("--"), "{said}");
    }
    for (file, part) in [
        (
            &b"dx1,dx2,dos\nC7B,,\n"[..],
            "state another format in “Date format”",
        ),
        (
            b"dx1,dx2,dos\nC7B,zzzzz,2026-03-01\n",
            "are they columns of codes?",
        ),
        (
            b"dx1,dos\n\"C7B,G35\",2026-03-01\n",
            "check “Split cells with several codes”",
        ),
        (
            b"dx1,dos\n'C7B',2026-03-01\n",
            "check “Read codes with extra characters around them”",
        ),
        (
            b"dx1,dos\nJ1885,2026-03-01\n",
            "beside a column, or of all in “Code set”",
        ),
    ] {
        let reply = page.post(&[], file);
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(reply.text().contains(part), "{part}: {}", reply.text());
        assert!(!reply.text().contains("--"), "{}", reply.text());
    }
}

#[test]
fn what_the_fields_state_is_done() {
    let page = Page::open(&[]);
    let count = |fields: &[(&str, &str)], file: &[u8], part: &str| {
        let reply = page.post(fields, file);
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(reply.text().contains(part), "{part}: {}", reply.text());
    };
    let listed = b"dx1,dos\n\"C7B,G35\",2026-03-01\n";
    count(&[("split", "1")], listed, "2 codes in 1 row");
    count(
        &[("clean", "1")],
        b"dx1,dos\n'C7B',2026-03-01\n",
        "/icd10cm/C7B?",
    );
    let day_first = b"dx1,dos\nC7B,01/03/2026\n";
    count(&[("date_format", "DD/MM/YYYY")], day_first, "on=2026-03-01");
    let said = page.refused(&[("date_format", "QQ")], day_first);
    assert!(said.contains("“Date format”"), "{said}");
}
