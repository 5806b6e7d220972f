//! Order files with a broken line, byte, number or end.

use super::{file, order_file, refused, refused_as_stated, rows, taken, with_bytes};
use crate::world::World;

/// Rows as they are, not numbered anew.
fn as_they_are(rows: &[String]) -> Vec<u8> {
    rows.iter()
        .flat_map(|row| [row.as_str(), "\r\n"])
        .collect::<String>()
        .into_bytes()
}

/// The order file with one line made otherwise.
fn with_line(number: usize, change: impl Fn(&str) -> String) -> Vec<u8> {
    let mut rows = rows();
    rows[number - 1] = change(&rows[number - 1]);
    as_they_are(&rows)
}

#[test]
fn the_order_file_that_the_cases_break_is_itself_taken() {
    let world = World::empty();
    world.write("icd10cm_order_2031.txt", order_file());
    let run = taken(&world, &["icd10cm_order_2031.txt", "--release", "FY2031"]);
    assert!(run.stdout.contains("ICD-10-CM FY2031"), "{run:?}");
}

#[test]
fn a_line_with_a_shifted_column_is_refused_with_its_line() {
    let shifted = with_line(5, |row| format!("{} {}", &row[..6], &row[6..]));
    refused(&shifted, &["line 5", "must be blank"]);
    let shifted = with_line(5, |row| format!("{}{}", &row[..20], &row[21..]));
    refused(&shifted, &["line 5", "column 77 must be blank"]);
}

#[test]
fn a_line_that_is_too_short_is_refused_with_its_line() {
    refused(
        &with_line(9, |row| row[..60].to_owned()),
        &["line 9", "at least 78 columns", "found 60"],
    );
    refused(
        &with_line(9, |_| String::new()),
        &["line 9", "at least 78 columns"],
    );
}

#[test]
fn columns_set_apart_by_tabs_are_no_order_file() {
    let text: String = rows()
        .iter()
        .map(|row| {
            format!(
                "{}\t{}\t{}\t{}\t{}\r\n",
                &row[..5],
                row[6..13].trim(),
                &row[14..15],
                row[16..76].trim(),
                &row[77..]
            )
        })
        .collect();
    refused(
        text.as_bytes(),
        &["named as an order file, and its lines are of another layout"],
    );
}

#[test]
fn a_gap_in_the_order_numbers_is_refused_with_its_line() {
    let mut rows = rows();
    rows.remove(6);
    refused(
        &as_they_are(&rows),
        &["line 7", "expected order number 00007, found 00008"],
    );
}

#[test]
fn order_numbers_that_do_not_begin_with_one_are_refused() {
    refused(
        &as_they_are(&rows()[3..]),
        &["line 1", "expected order number 00001, found 00004"],
    );
}

#[test]
fn an_order_number_that_is_no_number_is_refused() {
    refused(
        &with_bytes(4, 3, b'O'),
        &["line 4", "columns 1-5", "five digits"],
    );
}

#[test]
fn a_code_that_is_listed_twice_is_refused_with_its_line() {
    let mut rows = rows();
    rows.insert(10, rows[9].clone());
    let code = rows[9][6..13].trim().to_owned();
    refused(
        &file(&rows, "\r\n"),
        &["line 11", &format!("code {code} is listed twice")],
    );
}

#[test]
fn a_flag_that_is_neither_0_nor_1_is_refused_with_its_line() {
    for flag in [b'2', b' ', b'X'] {
        refused(
            &with_bytes(12, 15, flag),
            &["line 12", "column 15 must be 0 (header) or 1 (billable)"],
        );
    }
}

#[test]
fn a_code_in_lower_case_or_not_left_justified_is_refused() {
    refused(
        &with_bytes(3, 7, b'a'),
        &["line 3", "columns 7-13", "ICD-10-CM code"],
    );
    refused(
        &with_line(3, |row| {
            format!("{} {} {}", &row[..6], row[6..13].trim(), &row[11..])
        }),
        &["line 3"],
    );
}

#[test]
fn bytes_that_are_no_utf8_are_refused_with_their_line() {
    for byte in [0xff, 0xe9, 0x80] {
        refused(&with_bytes(20, 90, byte), &["line 20", "UTF-8"]);
    }
}

#[test]
fn a_control_character_is_refused_with_its_line() {
    for byte in [0x1b, 0x07, 0x08, b'\t', 0x7f] {
        refused(
            &with_bytes(20, 90, byte),
            &["line 20", "long title", "control character"],
        );
        refused(
            &with_bytes(20, 20, byte),
            &["line 20", "short title", "control character"],
        );
    }
}

#[test]
fn a_control_character_beyond_ascii_is_refused_as_well() {
    // U+009B begins an escape sequence on some terminals.
    refused(
        &with_line(20, |row| format!("{row}\u{9b}31m")),
        &["line 20", "long title", "control character"],
    );
}

#[test]
fn a_nul_is_refused_with_its_line() {
    refused(&with_bytes(7, 30, 0), &["line 7", "control character"]);
    refused(&with_bytes(7, 9, 0), &["line 7", "columns 7-13"]);
    refused(&with_bytes(7, 6, 0), &["line 7", "column 6"]);
}

#[test]
fn a_title_of_blanks_is_refused_with_its_line() {
    refused(
        &with_line(8, |row| {
            format!("{}{}{}", &row[..16], " ".repeat(60), &row[76..])
        }),
        &["line 8", "short title"],
    );
    refused(
        &with_line(8, |row| format!("{}    ", &row[..77])),
        &["line 8", "long title"],
    );
}

#[test]
fn an_empty_file_is_refused() {
    refused(b"", &["an empty file"]);
    refused(b"\r\n\r\n", &["named as an order file"]);
}

#[test]
fn a_file_cut_off_in_a_title_is_refused_and_not_stored_with_half_a_title() {
    let bytes = order_file();
    // Within the long title, between CR and LF, before both.
    for cut in [7, 1, 2] {
        refused_as_stated(
            &[("icd10cm_order_2031.txt", &bytes[..bytes.len() - cut])],
            &["icd10cm_order_2031.txt", "--release", "FY2031"],
            &[
                "icd10cm_order_2031.txt",
                "its last line has no end",
                "cut off",
            ],
        );
    }
}

#[test]
fn a_file_cut_off_before_its_last_long_title_is_refused() {
    let bytes = order_file();
    let last = bytes[..bytes.len() - 1]
        .iter()
        .rposition(|b| *b == b'\n')
        .unwrap()
        + 1;
    let line = format!("line {}", rows().len());
    for kept in [1, 6, 15, 50, 77] {
        refused(&bytes[..last + kept], &[&line, "cut off"]);
    }
}

#[test]
fn mixed_line_endings_are_refused_with_their_line() {
    let text = String::from_utf8(order_file()).unwrap();
    let lf_once = text.replacen("\r\n", "\n", 4).replacen('\n', "\r\n", 3);
    refused(lf_once.as_bytes(), &["line 4", "CR LF", "LF alone"]);
    let crlf_once = text.replace("\r\n", "\n").replacen('\n', "\r\n", 2);
    refused(crlf_once.as_bytes(), &["line 3", "CR LF", "LF alone"]);
    let crlf_late = {
        let lf = text.replace("\r\n", "\n");
        let at = lf.match_indices('\n').nth(29).unwrap().0;
        format!("{}\r{}", &lf[..at], &lf[at..])
    };
    refused(crlf_late.as_bytes(), &["line 30", "expected LF", "CR LF"]);
    let cr_only = text.replace("\r\n", "\r");
    refused(cr_only.as_bytes(), &["line 1"]);
}

#[test]
fn a_file_with_line_feeds_alone_is_taken_and_written_back_as_it_was() {
    let world = World::empty();
    world.write("order.txt", file(&rows(), "\n"));
    taken(&world, &["order.txt", "--release", "FY2031"]);
    let verify = world.run(&["verify"]);
    assert_eq!(verify.exit, 0, "{verify:?}");
}

#[test]
fn a_file_with_other_bytes_around_its_rows_is_taken_and_written_back_as_it_was() {
    let marked = |bytes: Vec<u8>| [b"\xef\xbb\xbf".to_vec(), bytes].concat();
    let with_blanks = [order_file(), b"\r\n  \r\n".to_vec()].concat();
    for bytes in [
        marked(order_file()),
        with_blanks.clone(),
        marked(with_blanks),
    ] {
        let world = World::empty();
        world.write("order.txt", bytes);
        taken(&world, &["order.txt", "--release", "FY2031"]);
        let verify = world.run(&["verify"]);
        assert_eq!(verify.exit, 0, "{verify:?}");
    }
}

#[test]
fn a_file_in_utf16_is_refused() {
    let text = String::from_utf8(order_file()).unwrap();
    let mut bytes = vec![0xff, 0xfe];
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    refused(&bytes, &["a text in UTF-16"]);
}
