//! Tests of the parser of order files.

use super::*;

const ROW: &str = "00001 C7B     0 Secondary neuroendocrine tumors                              Secondary neuroendocrine tumors\r\n";

fn parse(text: &str) -> Result<OrderFile> {
    OrderFile::parse(CodeSet::Icd10Cm, text.as_bytes().to_vec())
}

#[test]
fn a_row_is_cut_by_column() {
    let file = parse(ROW).unwrap();
    let row = &file.rows()[0];
    assert_eq!(row.code.as_str(), "C7B");
    assert!(!row.billable);
    assert_eq!(file.short_title(row), "Secondary neuroendocrine tumors");
    assert_eq!(file.long_title(row), "Secondary neuroendocrine tumors");
    assert_eq!(file.envelope().line_ending, LineEnding::Crlf);
    assert_eq!(file.envelope().describe(), "");
}

/// Writes a file back from its rows and what stands around them.
fn written(file: &OrderFile) -> String {
    let mut out = Vec::new();
    let Envelope {
        byte_order_mark,
        line_ending,
        tail,
        numbering,
    } = file.envelope();
    if *byte_order_mark {
        out.extend_from_slice("\u{feff}".as_bytes());
    }
    for (index, row) in file.rows().iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(line_ending.as_str().as_bytes());
        }
        write_row(&mut out, *numbering, index as u64 + 1, &file.row(row)).unwrap();
    }
    out.extend_from_slice(tail.as_bytes());
    String::from_utf8(out).unwrap()
}

#[test]
fn a_row_is_written_as_it_was_read() {
    assert_eq!(written(&parse(ROW).unwrap()), ROW);
}

#[test]
fn the_same_rows_are_read_from_other_bytes_and_written_back_as_they_were() {
    let rows = format!("{ROW}{}", ROW.replacen("00001 C7B    ", "00002 C7B0   ", 1));
    let bare = rows.trim_end();
    for (text, differs) in [
        (rows.clone(), ""),
        (rows.replace("\r\n", "\n"), "lines end with LF"),
        (format!("\u{feff}{rows}"), "begins with a byte order mark"),
        (format!("{rows}\r\n"), "a blank line at the end"),
        (format!("{rows}   "), "a blank line at the end"),
        (format!("{rows}  \r\n"), "a blank line at the end"),
        (format!("{rows}\r\n\n \r\n"), "blank lines at the end"),
        (bare.to_owned(), "no line end after the last row"),
        (format!("{bare}\r"), "no line end after the last row"),
        (
            format!("\u{feff}{}", bare.replace("\r\n", "\n")),
            "begins with a byte order mark, lines end with LF, no line end after the last row",
        ),
    ] {
        let file = parse(&text).unwrap();
        assert_eq!(file.rows().len(), 2, "{text:?}");
        let last = &file.rows()[1];
        assert_eq!(file.long_title(last), "Secondary neuroendocrine tumors");
        assert_eq!(file.envelope().describe(), differs, "{text:?}");
        assert_eq!(written(&file), text);
        assert_eq!(
            file.envelope().ends_without_line_end(),
            differs.contains("no line end"),
            "{text:?}"
        );
    }
}

/// Writes so many rows with a code each, numbered by a rule.
fn many(count: usize, number: impl Fn(usize) -> String) -> String {
    let letters: Vec<char> = ('A'..='Z').collect();
    let mut text = String::new();
    for row in 1..=count {
        let (letter, rest) = (letters[row / 10_000], row % 10_000);
        let code = format!("{letter}{:02}{:02}", rest / 100, rest % 100);
        text.push_str(&format!(
            "{} {code:<7} 1 {:<60} Title of row {row}\r\n",
            number(row),
            "Short title"
        ));
    }
    text
}

#[test]
fn rows_beyond_the_five_columns_of_the_order_number_are_read_and_written_back() {
    for (numbering, differs, number) in [
        (
            Numbering::SixDigits,
            "the order number has six digits from row 100000 on",
            (|row| format!("{row:05}")) as fn(usize) -> String,
        ),
        (
            Numbering::AgainFromZero,
            "order number 00000 follows 99999",
            |row| format!("{:05}", row % 100_000),
        ),
        (
            Numbering::AgainFromOne,
            "order number 00001 follows 99999",
            |row| format!("{:05}", (row - 1) % 99_999 + 1),
        ),
    ] {
        let text = many(200_003, number);
        let file = parse(&text).unwrap();
        assert_eq!(file.rows().len(), 200_003);
        assert_eq!(file.envelope().numbering, numbering);
        assert_eq!(file.envelope().describe(), differs);
        let last = &file.rows()[200_002];
        assert_eq!(last.code.as_str(), "U0003");
        assert_eq!(file.long_title(last), "Title of row 200003");
        assert!(written(&file) == text, "{numbering:?} is not written back");
        assert_eq!(numbering.name().parse(), Ok(numbering));
    }
    // As many as five columns number are as ever.
    let file = parse(&many(99_999, |row| format!("{row:05}"))).unwrap();
    assert_eq!(file.envelope().describe(), "");
}

#[test]
fn rows_beyond_the_five_columns_that_follow_no_rule_are_refused_for_what_they_are() {
    for (number, part) in [
        (
            (|_| "99999".to_owned()) as fn(usize) -> String,
            "line 100000: the order number has five columns and ends at 99999",
        ),
        (
            |_| "*****".to_owned(),
            "line 100000: the order number has five columns and ends at 99999",
        ),
        (
            |row| format!("{}", 10_000 + row % 10),
            "line 100000: the order number has five columns and ends at 99999",
        ),
        // One row is shifted, the next is not.
        (
            |row| match row {
                100_000 => "100000".to_owned(),
                row => format!("{:05}", row % 100_000),
            },
            "line 100001: column 7 must be blank",
        ),
        (
            |row| match row {
                100_000 => "00000".to_owned(),
                row => format!("{row}"),
            },
            "line 100001: column 6 must be blank",
        ),
        (
            |row| match row {
                100_000 => "00000".to_owned(),
                row => format!("{:05}", row % 100_000 + 1),
            },
            "line 100001: expected order number 00001, found 00002",
        ),
    ] {
        let text = many(100_002, |row| match row {
            ..100_000 => format!("{row:05}"),
            row => number(row),
        });
        let error = parse(&text).unwrap_err();
        assert!(
            error.to_string().contains(part),
            "expected {part:?} in {error}"
        );
    }
}

#[test]
fn what_the_layout_does_not_allow_is_refused_with_its_line() {
    let second = |from: &str, to: &str| {
        format!(
            "{ROW}{}",
            ROW.replacen("00001 C7B    ", "00002 C7B0   ", 1)
                .replacen(from, to, 1)
        )
    };
    for (text, part) in [
        (
            second("00002", "00003"),
            "line 2: expected order number 00002, found 00003",
        ),
        (second("00002", "0000x"), "line 2: columns 1-5"),
        (second("C7B0 ", "C7B  "), "line 2: code C7B is listed twice"),
        (second("C7B0   ", " C7B0  "), "line 2: columns 7-13"),
        (second("C7B0   ", "c7b0   "), "line 2: columns 7-13"),
        (
            second(" 0 Sec", " 2 Sec"),
            "line 2: column 15 must be 0 (header) or 1 (billable), found \"2\"",
        ),
        (second("00002 ", "00002x"), "line 2: column 6 must be blank"),
        (second("\r\n", "\n"), "line 2: expected CR LF"),
        (
            format!("{ROW}\r\n{ROW}"),
            "line 2: expected a row of at least 78 columns",
        ),
        (
            format!("{ROW}{}", " ".repeat(5000)),
            "line 2: expected the end of the file",
        ),
        (
            ROW[..60].to_owned(),
            "line 1: expected a row of at least 78 columns",
        ),
        (String::new(), "empty file"),
        ("\u{feff} \r\n".to_owned(), "empty file"),
    ] {
        let error = parse(&text).unwrap_err();
        assert!(
            error.to_string().contains(part),
            "expected {part:?} in {error}"
        );
    }
}

#[test]
fn bad_utf8_is_refused_with_its_place() {
    let mut bytes = ROW.as_bytes().to_vec();
    bytes[80] = 0xff;
    let error = OrderFile::parse(CodeSet::Icd10Cm, bytes).unwrap_err();
    assert_eq!(error.place().unwrap().line, Some(1));
    assert_eq!(error.place().unwrap().column, Some(81));
}

#[test]
fn a_blank_at_the_end_of_a_long_title_is_kept() {
    let text = ROW.replace("tumors\r\n", "tumors \r\n");
    let file = parse(&text).unwrap();
    assert_eq!(
        file.long_title(&file.rows()[0]),
        "Secondary neuroendocrine tumors "
    );
}
