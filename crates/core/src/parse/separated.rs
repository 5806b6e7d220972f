//! Records of a file with separators, each with the line that it begins on.

use csv::StringRecord;

use crate::error::{Error, Result};

/// Reads every record of a text whose fields a separator parts; blank lines are no records.
///
/// The lines are counted here: of lines that end with CR LF, the reader counts the first one twice.
///
/// # Errors
/// [`crate::ErrorKind::Format`] if the records cannot be told apart.
pub(super) fn records(text: &str, separator: u8) -> Result<Vec<(u32, StringRecord)>> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = Vec::new();
    let mut rest = text.as_bytes();
    let mut line: u32 = 1;
    let mut done: usize = 0;
    for record in reader.records() {
        let record = record.map_err(|error| {
            Error::format(format!("the file cannot be cut into fields: {error}"))
                .at_line(u64::from(line))
                .with_hint("the file is damaged; download it again")
        })?;
        let start = record.position().map_or(0, csv::Position::byte);
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        // The reader leaves the line feed of CR LF, and blank lines, to the record after them.
        let ends = text
            .as_bytes()
            .get(start..)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| matches!(byte, b'\n' | b'\r'))
            .count();
        let (passed, left) = rest
            .split_at_checked(start.saturating_add(ends).saturating_sub(done))
            .unwrap_or((rest, &[]));
        let feeds = passed.iter().filter(|byte| **byte == b'\n').count();
        line = line.saturating_add(u32::try_from(feeds).unwrap_or(u32::MAX));
        done = start.saturating_add(ends);
        rest = left;
        records.push((line, record));
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::records;

    #[test]
    fn every_record_has_the_line_it_begins_on() {
        let text = "a,b\r\n\"c\nd\",e\r\n\r\nf,g\nh";
        let found: Vec<(u32, Vec<String>)> = records(text, b',')
            .unwrap()
            .iter()
            .map(|(line, record)| (*line, record.iter().map(str::to_owned).collect()))
            .collect();
        let expected = [
            (1, vec!["a", "b"]),
            (2, vec!["c\nd", "e"]),
            (5, vec!["f", "g"]),
            (6, vec!["h"]),
        ];
        for ((line, fields), (expected_line, expected_fields)) in found.iter().zip(&expected) {
            assert_eq!(line, expected_line);
            assert_eq!(fields, expected_fields);
        }
        assert_eq!(found.len(), expected.len());
    }
}
