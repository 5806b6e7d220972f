//! The list of the toy set: a row a line, its fields parted by `|`: code, first valid day, last valid day (itself valid;
//! empty if none is set), short title, long title.

use std::io::Write;

use chrono::NaiveDate;

use super::listing::ListingFormat;
use super::order::{Envelope, LineEnding, Numbering, OrderFile, OrderRow};
use super::refusal::broken;
use crate::error::{Error, Result};
use crate::model::{CodeSet, RowRef, ValidDays};

pub(super) static FORMAT: ListingFormat = ListingFormat {
    recognise: |_, text| {
        let first = text.lines().next().unwrap_or_default();
        parse_line(first, 1, 0).is_ok()
    },
    parse,
    write_row,
};

fn parse(_: CodeSet, bytes: Vec<u8>) -> Result<OrderFile> {
    let text = String::from_utf8(bytes).map_err(|_| Error::format("expected UTF-8 text"))?;
    let line_ending = match text.contains("\r\n") {
        true => LineEnding::Crlf,
        false => LineEnding::Lf,
    };
    let end = line_ending.as_str();
    let body = text.strip_suffix(end).ok_or_else(|| {
        Error::format("the last line has no end").with_hint("the file is cut off; get it again")
    })?;
    let mut rows: Vec<OrderRow> = Vec::new();
    let mut start = 0;
    for (at, line) in body.split(end).enumerate() {
        let row = parse_line(line, at + 1, start)?;
        if rows.iter().any(|other| other.code == row.code) {
            return Err(broken(
                at + 1,
                1,
                format!("code {} is listed twice", row.code),
            ));
        }
        rows.push(row);
        start += line.len() + end.len();
    }
    let envelope = Envelope {
        byte_order_mark: false,
        line_ending,
        tail: end.to_owned(),
        numbering: Numbering::FiveColumns,
    };
    Ok(OrderFile::from_parts(text, rows, envelope))
}

fn parse_line(line: &str, number: usize, start: usize) -> Result<OrderRow> {
    let fields: Vec<&str> = line.split('|').collect();
    let [code, first, last, short, long] = fields.as_slice() else {
        let found = fields.len();
        return Err(broken(
            number,
            1,
            format!("expected 5 fields, found {found}"),
        ));
    };
    let code = CodeSet::Toy
        .parse_code(code)
        .map_err(|error| broken(number, 1, error.to_string()))?;
    let day = |text: &str, what: &str| {
        NaiveDate::parse_from_str(text, "%Y%m%d")
            .map_err(|_| broken(number, 7, format!("the {what} day {text:?} is no date")))
    };
    let first = day(first, "first")?;
    let last = match *last {
        "" => None,
        text => Some(day(text, "last")?),
    };
    if last.is_some_and(|last| last < first) {
        return Err(broken(number, 16, "the last day is before the first"));
    }
    // The two titles end the line.
    let long_at = start + line.len() - long.len();
    let short_at = long_at - 1 - short.len();
    OrderRow::new(
        code,
        Some(ValidDays { first, last }),
        short_at..short_at + short.len(),
        long_at..long_at + long.len(),
    )
}

fn write_row(out: &mut dyn Write, _: Numbering, _: u64, row: &RowRef<'_>) -> std::io::Result<()> {
    let day = |day: Option<NaiveDate>| day.map(|day| day.format("%Y%m%d").to_string());
    let first = day(row.days.map(|days| days.first)).unwrap_or_default();
    let last = day(row.days.and_then(|days| days.last)).unwrap_or_default();
    let (code, short, long) = (row.code.as_str(), row.short_title, row.long_title);
    write!(out, "{code}|{first}|{last}|{short}|{long}")
}
