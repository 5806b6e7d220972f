//! The order addenda of ICD-10-CM and ICD-10-PCS: the official list of changes to the order file.
//!
//! Layout of ICD-10-CM (columns counted from 1): 1-13 action, left-justified; 14 flag; 15 blank;
//! 16-22 code; 23 blank; 24-83 short title; 84 blank; 85 to the end long title. ICD-10-PCS has no
//! flag: 14-20 code, 21 blank, 22-81 short title, 82 blank, 83 to the end long title; there a header
//! has 3 characters. A footer with two blocks, of headers and of codes, counts rows and changes.
//! A change of the flag is a `Delete:` and an `Add:` of the same code.

use crate::error::{Error, Result};
use crate::model::{
    Addenda, AddendaAction, AddendaCounts, AddendaRow, Code, CodeSet, Entry, FooterBlock,
};
use crate::parse::refusal::{broken, not_utf8, shown};

const ACTIONS: [(&str, AddendaAction); 4] = [
    ("Add:         ", AddendaAction::Add),
    ("Delete:      ", AddendaAction::Delete),
    ("Revise from: ", AddendaAction::ReviseFrom),
    ("Revise to:   ", AddendaAction::ReviseTo),
];

/// Checks whether a line begins with an action of an addenda.
fn begins_with_action(line: &str) -> bool {
    ACTIONS.iter().any(|(action, _)| line.starts_with(action))
}

/// What an addenda to a list of codes is.
pub(crate) enum AddendaKind {
    /// An order addenda.
    Order(CodeSet),
    /// An addenda to a list of codes without headers.
    Codes,
}

/// Recognises an addenda by its first lines, of which the last is not whole if there are more, and of ICD-10-PCS by its
/// name in lower case too.
pub(crate) fn looks_like_addenda(name: &str, text: &str, is_cut: bool) -> Option<AddendaKind> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next()?;
    if first.trim() == "Headers" {
        // Nothing changed: the footer alone. It names the order file.
        let next = lines.next().unwrap_or_default();
        let code_set = if next.contains("pcs") {
            CodeSet::Icd10Pcs
        } else {
            CodeSet::Icd10Cm
        };
        return next
            .contains(" headers in ")
            .then_some(AddendaKind::Order(code_set));
    }
    if first.trim() == "Codes" && text.contains(" codes in ") {
        return Some(AddendaKind::Codes);
    }
    if !begins_with_action(first) {
        return None;
    }
    let rows = || {
        text.lines()
            .filter(|line| begins_with_action(line))
            .map(str::as_bytes)
    };
    // ICD-10-CM: a flag in column 14 and a blank in column 15, which no other addenda has. One row is
    // enough: what is wrong with the others is for the parser to say.
    if rows().any(|row| matches!(row.get(13..15), Some(b"0 " | b"1 "))) {
        return Some(AddendaKind::Order(CodeSet::Icd10Cm));
    }
    // ICD-10-PCS: the short title ends in column 81 and the long one begins in column 83. In a codes
    // addenda a long title runs through those columns.
    let whole = rows().count().saturating_sub(usize::from(is_cut));
    let fitting = rows()
        .take(whole.max(1))
        .filter(|row| row.get(81) == Some(&b' ') && row.get(82).is_some_and(|b| *b != b' '))
        .count();
    let fits = fitting * 2 > whole.max(1);
    let padded = rows().any(|row| row.get(79..82) == Some(b"   "));
    if fits && (padded || name.contains("order")) && !name.contains("codes_addenda") {
        return Some(AddendaKind::Order(CodeSet::Icd10Pcs));
    }
    Some(AddendaKind::Codes)
}

/// Parses an order addenda of a code set.
///
/// # Errors
/// [`crate::ErrorKind::Format`] with line and column for whatever the layout does not allow.
pub fn parse_order_addenda(code_set: CodeSet, bytes: &[u8]) -> Result<Addenda> {
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error))?;
    // Some official addenda mix CR LF and LF; `lines` takes both.
    let mut lines = text.lines().enumerate();
    let mut rows: Vec<AddendaRow> = Vec::new();
    let mut footer = None;
    while let Some((index, line)) = lines.next() {
        let number = index + 1;
        if line.trim().is_empty() {
            continue;
        }
        if line.trim() == "Headers" {
            footer = Some(parse_footer(&mut lines)?);
            break;
        }
        let row = parse_row(code_set, line, number)?;
        check_pair(rows.last(), &row, number)?;
        rows.push(row);
    }
    if let Some(row) = rows.last()
        && row.action == AddendaAction::ReviseFrom
    {
        return Err(broken(
            row.line as usize,
            1,
            "expected \"Revise to:\" after \"Revise from:\", found the end",
        ));
    }
    if let Some((index, line)) = lines.find(|(_, line)| !line.trim().is_empty()) {
        return Err(broken(
            index + 1,
            1,
            format!(
                "expected nothing after the footer, found {}",
                shown(line.as_bytes())
            ),
        ));
    }
    if rows.is_empty() && footer.is_none() {
        return Err(Error::format(
            "expected an order addenda, found neither changes nor a footer",
        ));
    }
    Ok(Addenda { rows, footer })
}

fn check_pair(before: Option<&AddendaRow>, row: &AddendaRow, number: usize) -> Result<()> {
    let open = before.filter(|before| before.action == AddendaAction::ReviseFrom);
    match (open, row.action) {
        (Some(from), AddendaAction::ReviseTo) if from.entry.code == row.entry.code => Ok(()),
        (Some(from), _) => Err(broken(
            number,
            1,
            format!(
                "expected \"Revise to:\" of {} after its \"Revise from:\"",
                from.entry.code.as_str()
            ),
        )),
        (None, AddendaAction::ReviseTo) => Err(broken(
            number,
            1,
            "expected \"Revise from:\" on the line before this \"Revise to:\"",
        )),
        (None, _) => Ok(()),
    }
}

fn parse_row(code_set: CodeSet, line: &str, number: usize) -> Result<AddendaRow> {
    let Some((_, action)) = ACTIONS.iter().find(|(action, _)| line.starts_with(action)) else {
        return Err(broken(
            number,
            1,
            format!(
                "columns 1-13 must be Add:, Delete:, Revise from: or Revise to:, found {}",
                shown(line.as_bytes().get(..13).unwrap_or(line.as_bytes()))
            ),
        ));
    };
    let bytes = line.as_bytes();
    // The columns of the code, and the flag where there is one.
    let (flag, code_at) = match code_set {
        CodeSet::Icd10Cm => match bytes.get(13..15) {
            Some(b"0 ") => (Some(false), 15),
            Some(b"1 ") => (Some(true), 15),
            other => {
                return Err(broken(
                    number,
                    14,
                    format!(
                        "column 14 must be 0 (header) or 1 (billable) and column 15 blank, found {}",
                        shown(other.unwrap_or_default())
                    ),
                ));
            }
        },
        CodeSet::Icd10Pcs => (None, 13),
        #[cfg(feature = "toy")]
        other => {
            let message = format!("{} has no order addenda", other.name());
            return Err(Error::format(message));
        }
    };
    let short_at = code_at + 8;
    let long_at = short_at + 61;
    if bytes.len() <= long_at {
        return Err(broken(
            number,
            bytes.len() + 1,
            format!(
                "expected at least {} columns, found {}",
                long_at + 1,
                bytes.len()
            ),
        ));
    }
    for column in [short_at, long_at] {
        if bytes.get(column - 1) != Some(&b' ') {
            return Err(broken(
                number,
                column,
                format!("column {column} must be blank"),
            ));
        }
    }
    let padded = bytes.get(code_at..code_at + 7).unwrap_or_default();
    let code = Code::from_padded(code_set, padded)
        .filter(|code| code_set.accepts(code))
        .ok_or_else(|| {
            broken(
                number,
                code_at + 1,
                format!(
                    "expected an {} code, left-justified, found {}",
                    code_set.name(),
                    shown(padded)
                ),
            )
        })?;
    // Only the short title is padded; a revision may do no more than drop a long title's last blank.
    let title = |from: usize, to: usize, what: &str, padding: &str| -> Result<String> {
        let text = line
            .get(from..to)
            .ok_or_else(|| {
                broken(
                    number,
                    from + 1,
                    format!("the {what} is cut within a character"),
                )
            })?
            .trim_end_matches(padding);
        if text.trim().is_empty() {
            return Err(broken(
                number,
                from + 1,
                format!("expected a {what}, found blanks"),
            ));
        }
        if let Some(at) = text.find(char::is_control) {
            return Err(broken(
                number,
                from + 1 + at,
                format!("the {what} holds a control character"),
            ));
        }
        Ok(text.to_owned())
    };
    Ok(AddendaRow {
        line: u32::try_from(number).unwrap_or(u32::MAX),
        action: *action,
        entry: Entry {
            code,
            billable: flag.unwrap_or(code.len() == 7),
            short_title: title(short_at, short_at + 60, "short title", " ")?,
            long_title: title(long_at, bytes.len(), "long title", "")?,
        },
    })
}

type Lines<'a> = std::iter::Enumerate<std::str::Lines<'a>>;

fn parse_footer(lines: &mut Lines<'_>) -> Result<[FooterBlock; 2]> {
    let headers = parse_block(lines, "headers")?;
    match next_line(lines) {
        Some((_, "Codes")) => {}
        other => {
            return Err(unexpected(
                other,
                "\"Codes\", the second block of the footer",
            ));
        }
    }
    let codes = parse_block(lines, "codes")?;
    Ok([headers, codes])
}

fn parse_block(lines: &mut Lines<'_>, what: &str) -> Result<FooterBlock> {
    let in_file = format!(" {what} in ");
    let (old_rows, old_file) = counted_file(lines, &in_file)?;
    let (new_rows, new_file) = counted_file(lines, &in_file)?;
    let additions = counted(lines, " additions")?;
    let deletions = counted(lines, " deletions")?;
    let revisions = counted(lines, " revisions")?;
    match next_line(lines) {
        Some((_, "of which")) => {}
        other => return Err(unexpected(other, "\"of which\"")),
    }
    Ok(FooterBlock {
        old_rows,
        old_file,
        new_rows,
        new_file,
        counts: AddendaCounts {
            additions,
            deletions,
            revisions,
            both_titles: counted(lines, " revisions to both long and short titles")?,
            long_only: counted(lines, " revisions to long title only")?,
            short_only: counted(lines, " revisions to short title only")?,
        },
    })
}

fn next_line<'a>(lines: &mut Lines<'a>) -> Option<(usize, &'a str)> {
    lines
        .map(|(index, line)| (index + 1, line.trim()))
        .find(|(_, line)| !line.is_empty())
}

fn unexpected(found: Option<(usize, &str)>, expected: &str) -> Error {
    match found {
        Some((line, text)) => broken(
            line,
            1,
            format!(
                "expected {expected} in the footer, found {}",
                shown(text.as_bytes())
            ),
        ),
        None => Error::format(format!(
            "expected {expected} in the footer, found the end of the file"
        ))
        .with_hint("the file is cut off; download it again"),
    }
}

fn counted(lines: &mut Lines<'_>, words: &str) -> Result<u64> {
    let found = next_line(lines);
    found
        .and_then(|(_, line)| line.strip_suffix(words)?.trim().parse().ok())
        .ok_or_else(|| unexpected(found, &format!("a number and \"{}\"", words.trim())))
}

fn counted_file(lines: &mut Lines<'_>, words: &str) -> Result<(u64, String)> {
    let found = next_line(lines);
    found
        .and_then(|(_, line)| {
            let (count, file) = line.split_once(words)?;
            Some((count.trim().parse().ok()?, file.trim().to_owned()))
        })
        .ok_or_else(|| {
            unexpected(
                found,
                &format!("a number, \"{}\" and a file name", words.trim()),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CM: &str = concat!(
        "Delete:      1 B880    Other acariasis                                              Other acariasis\r\n",
        "Add:         0 B880    Other acariasis                                              Other acariasis\r\n",
        "Revise from: 0 O1001   Pre-existing essential hypertension complicating pregnancy,  Pre-existing essential hypertension complicating pregnancy,\r\n",
        "Revise to:   0 O1001   Pre-existing essential hypertension complicating pregnancy   Pre-existing essential hypertension complicating pregnancy\r\n",
    );

    #[test]
    fn a_flag_change_is_a_delete_and_an_add() {
        let addenda = parse_order_addenda(CodeSet::Icd10Cm, CM.as_bytes()).unwrap();
        let [headers, codes] = addenda.count();
        assert_eq!((headers.additions, codes.deletions), (1, 1));
        assert_eq!((headers.revisions, headers.both_titles), (1, 1));
        assert!(addenda.footer.is_none());
    }

    #[test]
    fn lines_may_end_with_a_line_feed_alone() {
        let mixed = CM.replacen("\r\n", "\n", 1);
        assert_eq!(
            parse_order_addenda(CodeSet::Icd10Cm, mixed.as_bytes())
                .unwrap()
                .rows
                .len(),
            4
        );
    }

    #[test]
    fn what_the_layout_does_not_allow_is_refused_with_its_line() {
        for (from, to, part) in [
            ("Add:         0", "Ad:          0", "line 2: columns 1-13"),
            ("Add:         0", "Add:         2", "line 2: column 14"),
            (
                "Revise to:   0 O1001",
                "Revise to:   0 O1002",
                "line 4: expected \"Revise to:\" of O1001",
            ),
            (
                "Delete:      1",
                "Revise to:   1",
                "line 1: expected \"Revise from:\"",
            ),
        ] {
            let text = CM.replacen(from, to, 1);
            let error = parse_order_addenda(CodeSet::Icd10Cm, text.as_bytes()).unwrap_err();
            assert!(
                error.to_string().contains(part),
                "expected {part:?} in {error}"
            );
        }
        let error = parse_order_addenda(CodeSet::Icd10Cm, b"\r\n").unwrap_err();
        assert!(error.to_string().contains("neither changes nor a footer"));
    }
}
