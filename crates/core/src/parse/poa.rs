//! The lists of diagnoses exempt from POA reporting, as CMS posts them.
//!
//! Tab-delimited text with a header line. The columns are an order number (not in FY2016's and FY2017's
//! changes, nor in any deletions), the action (revisions only), the dotted code and the long title, which
//! stands in double quotes where it holds a comma. The name of the first column changes with every
//! release: `Order`, `Order2017`, `OrdJan2021`, `OrdFY25`, `POA-exm-Add-code`. All files from FY2016 to
//! FY2026 are ASCII; UTF-8 is taken as well, and nothing else.

use std::collections::HashSet;

use csv::StringRecord;

use crate::error::{Error, Result};
use crate::model::{CodeSet, PoaAction, PoaKind, PoaList, PoaRow};
use crate::parse::refusal::{broken, not_utf8, shown};
use crate::parse::separated::records;

/// Which columns a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Columns {
    order: bool,
    action: bool,
    /// The fields of every line, with the empty one that ends the lines of FY2022's revisions.
    fields: usize,
}

/// Checks by its header line, and where that says too little by its name, whether a file is a POA list and
/// which.
///
/// The full list and the additions have the same header, as have the additions and deletions of FY2017.
pub fn looks_like_poa(name: &str, head: &[u8]) -> Option<PoaKind> {
    let end = head
        .iter()
        .position(|byte| matches!(byte, b'\r' | b'\n'))
        .unwrap_or(head.len());
    let line = std::str::from_utf8(head.get(..end)?).ok()?;
    let line = line.trim_start_matches('\u{feff}');
    let header: StringRecord = line.split('\t').collect();
    read_header(&header).and_then(|(columns, code)| kind_of(name, columns, code))
}

/// Parses a POA file. The name decides only what the header line leaves open.
///
/// # Errors
/// [`crate::ErrorKind::Format`] with the line for a header line or a row that the layout does not allow, a text
/// that is no code, a code that is there twice, a revision that is no pair, bytes that are not UTF-8;
/// [`crate::ErrorKind::Ambiguous`] if neither header nor name tells which of the files it is.
pub fn parse_poa(name: &str, bytes: &[u8]) -> Result<PoaList> {
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error))?;
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = records(text, b'\t')?.into_iter();
    let Some((line, header)) = lines.next() else {
        return Err(Error::format("expected a POA list, found an empty file")
            .with_hint("download the file again"));
    };
    let Some((columns, code_column)) = read_header(&header) else {
        let found: Vec<&str> = header.iter().collect();
        return Err(broken(
            line as usize,
            1,
            format!(
                "expected a header line of an order number, an action, a code and a description, found {}",
                shown(found.join("\t").as_bytes())
            ),
        ));
    };
    let kind = kind_of(name, columns, code_column).ok_or_else(|| {
        Error::ambiguous("neither the header line nor the name shows whether this is the whole list or its changes",
        )
        .with_hint(
            "give the file the name it was published with, such as POAexemptCodesFY26.txt or \
             POAexemptAddCodesFY26.txt",
        )
    })?;
    let mut rows: Vec<PoaRow> = Vec::new();
    let mut seen = HashSet::new();
    for (line, record) in lines {
        let row = read_row(kind, columns, line, &record)?;
        match row.action {
            PoaAction::RevisedTo => {}
            _ if !seen.insert(row.code) => {
                return Err(broken(
                    line as usize,
                    1,
                    format!("expected every code once, found {} again", row.code),
                ));
            }
            _ => {}
        }
        check_pair(rows.last(), Some(&row))?;
        rows.push(row);
    }
    check_pair(rows.last(), None)?;
    if rows.is_empty() {
        return Err(
            Error::format("expected codes below the header line, found none")
                .with_hint("the file is cut off; download it again"),
        );
    }
    Ok(PoaList { kind, rows })
}

/// Reads the header line: the columns, and the name of the code's.
fn read_header(header: &StringRecord) -> Option<(Columns, &str)> {
    let mut names: Vec<&str> = header.iter().map(str::trim).collect();
    let fields = names.len();
    if names.last() == Some(&"") {
        names.pop();
    }
    if names.pop() != Some("Description") {
        return None;
    }
    let code = names.pop().filter(|name| {
        matches!(
            *name,
            "POAexemptCode" | "POA-exm-Add-code" | "POA-exm-Del-code" | "Code" | "Diagnosis"
        )
    })?;
    let action = names.last() == Some(&"Action");
    if action {
        names.pop();
    }
    let order = names.last().is_some_and(|name| name.starts_with("Ord"));
    if order {
        names.pop();
    }
    // "Code" and "Description" alone would be the header of many a file.
    let known = action || code.starts_with("POA");
    (names.is_empty() && known).then_some((
        Columns {
            order,
            action,
            fields,
        },
        code,
    ))
}

/// Recognises which file it is: by the columns, then by the name.
fn kind_of(name: &str, columns: Columns, code: &str) -> Option<PoaKind> {
    if columns.action {
        return Some(PoaKind::Revise);
    }
    match code {
        "POA-exm-Add-code" => return Some(PoaKind::Add),
        "POA-exm-Del-code" => return Some(PoaKind::Delete),
        _ => {}
    }
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let file = file.to_ascii_lowercase();
    let has = |word: &str| file.contains(word);
    if has("exemptadd") {
        Some(PoaKind::Add)
    } else if has("exemptdel") {
        Some(PoaKind::Delete)
    } else if has("exemptcodes") && columns.order {
        Some(PoaKind::Full)
    } else {
        None
    }
}

fn read_row(kind: PoaKind, columns: Columns, line: u32, record: &StringRecord) -> Result<PoaRow> {
    let failure = |message: String| broken(line as usize, 1, message);
    let fail = |message: String| Err(failure(message));
    if record.len() != columns.fields {
        return fail(format!(
            "expected {} fields, as in the header line, found {}",
            columns.fields,
            record.len()
        ));
    }
    let mut fields = record.iter();
    let order = if columns.order { fields.next() } else { None };
    if let Some(order) = order
        && (order.len() != 5 || !order.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return fail(format!(
            "expected an order number of 5 digits, found {}",
            shown(order.as_bytes())
        ));
    }
    let action = if columns.action { fields.next() } else { None };
    let action = match (kind, action.map(str::trim)) {
        (PoaKind::Full, _) => PoaAction::Listed,
        (PoaKind::Add, _) => PoaAction::Added,
        (PoaKind::Delete, _) => PoaAction::Deleted,
        // The colon came in FY2020.
        (PoaKind::Revise, Some("Revise from" | "Revise from:")) => PoaAction::RevisedFrom,
        (PoaKind::Revise, Some("Revise to" | "Revise to:")) => PoaAction::RevisedTo,
        (PoaKind::Revise, other) => {
            return fail(format!(
                "expected \"Revise from\" or \"Revise to\", found {}",
                shown(other.unwrap_or_default().as_bytes())
            ));
        }
    };
    let code = CodeSet::Icd10Cm
        .parse_code(fields.next().unwrap_or_default())
        .map_err(|error| failure(format!("expected an ICD-10-CM code, found {error}")))?;
    let title = fields.next().unwrap_or_default();
    if title.trim().is_empty() {
        return fail("expected a title, found blanks".to_owned());
    }
    // A quote that is never closed swallows the lines after it.
    if title.chars().any(char::is_control) {
        return fail(
            "the title holds a control character or a quote that is never closed".to_owned(),
        );
    }
    if let Some(more) = fields.find(|field| !field.is_empty()) {
        return fail(format!(
            "expected nothing after the title, found {}",
            shown(more.as_bytes())
        ));
    }
    Ok(PoaRow {
        line,
        order: order.map(str::to_owned),
        action,
        code,
        title: title.to_owned(),
    })
}

/// Holds a revision to its two rows of one code, the old title before the new one.
fn check_pair(before: Option<&PoaRow>, row: Option<&PoaRow>) -> Result<()> {
    let open = before.filter(|before| before.action == PoaAction::RevisedFrom);
    let closing = row.filter(|row| row.action == PoaAction::RevisedTo);
    match (open, closing) {
        (Some(from), Some(to)) if from.code == to.code => Ok(()),
        (Some(from), _) => Err(broken(
            from.line as usize,
            1,
            format!(
                "expected \"Revise to\" of {} on the next line, found something else",
                from.code
            ),
        )),
        (None, Some(to)) => Err(broken(
            to.line as usize,
            1,
            "expected \"Revise from\" on the line before, found something else",
        )),
        (None, None) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    // FY2026.
    const FULL: &str = concat!(
        "Order26\tPOAexemptCode\tDescription\r\n",
        "01238\tB90.0\tSequelae of central nervous system tuberculosis\r\n",
        "98180\tZ99.81\tDependence on supplemental oxygen\r\n",
        "98181\tZ99.89\tDependence on other enabling machines and devices\r\n",
    );
    // FY2022: a tab ends every line.
    const REVISE: &str = concat!(
        "Order2022\tAction\tPOAexemptCode\tDescription\t\r\n",
        "80353\tRevise from:\tT63.611D\t\"Toxic effect of contact with Portugese Man-o-war, ",
        "accidental (unintentional), subsequent encounter\"\t\r\n",
        "80353\tRevise to:\tT63.611D\t\"Toxic effect of contact with Portuguese Man-o-war, ",
        "accidental (unintentional), subsequent encounter\"\t\r\n",
    );

    #[test]
    fn a_full_list_is_read_row_by_row() {
        let list = parse_poa("POAexemptCodesFY26.txt", FULL.as_bytes()).unwrap();
        assert_eq!(list.kind, PoaKind::Full);
        let row = list.rows.first().unwrap();
        assert_eq!((row.line, row.order.as_deref()), (2, Some("01238")));
        assert_eq!(row.code.as_str(), "B900");
        assert_eq!(row.title, "Sequelae of central nervous system tuberculosis");
        let added = parse_poa("POAexemptAddCodesFY26.txt", FULL.as_bytes()).unwrap();
        assert_eq!(added.kind, PoaKind::Add);
    }

    #[test]
    fn a_title_loses_its_quotes_and_keeps_its_blanks() {
        let list = parse_poa("x.txt", REVISE.as_bytes()).unwrap();
        assert_eq!(list.kind, PoaKind::Revise);
        let [from, to] = list.rows.as_slice() else {
            panic!("{list:?}");
        };
        assert_eq!(
            (from.action, to.action),
            (PoaAction::RevisedFrom, PoaAction::RevisedTo)
        );
        assert!(
            from.title
                .starts_with("Toxic effect of contact with Portugese Man-o-war, ")
        );
        let fy2017 = "POAexemptCode\tDescription\r\n\
                      P00.0\tNewborn affected by maternal hypertensive disorders \r\n";
        let list = parse_poa("POAexemptAddCodes2017.txt", fy2017.as_bytes()).unwrap();
        assert!(list.rows.first().unwrap().title.ends_with("disorders "));
    }

    #[test]
    fn the_header_line_tells_the_kind_before_the_name_does() {
        let three = b"OrdFY25\tPOAexemptCode\tDescription\r\n";
        let two = b"POAexemptCode\tDescription\r\n";
        for (name, head, kind) in [
            (
                "POAexemptCodes2016.txt",
                three.as_slice(),
                Some(PoaKind::Full),
            ),
            ("POAexemptAddCodesFY25.txt", three, Some(PoaKind::Add)),
            ("folder/POAexemptAddCodes2017.txt", two, Some(PoaKind::Add)),
            ("POAexemptDeleteCodes2017.txt", two, Some(PoaKind::Delete)),
            (
                "list.txt",
                b"POA-exm-Del-code\tDescription\r\n",
                Some(PoaKind::Delete),
            ),
            (
                "list.txt",
                b"POA-exm-Add-code\tDescription\r\n",
                Some(PoaKind::Add),
            ),
            (
                "list.txt",
                b"Order2020\tAction\tDiagnosis\tDescription\r\n",
                Some(PoaKind::Revise),
            ),
            (
                "list.txt",
                b"Order2018\tAction\tCode\tDescription\r\n",
                Some(PoaKind::Revise),
            ),
            ("list.txt", three, None),
            ("POAexemptCodes2016.txt", b"Code\tDescription\r\n", None),
            ("POAexemptCodes2016.xlsx", b"PK\x03\x04", None),
            (
                "ReadMe-POA.txt",
                b"Description of Present On Admission (POA) files\r\n",
                None,
            ),
        ] {
            assert_eq!(looks_like_poa(name, head), kind, "{name}");
        }
        let error = parse_poa("list.txt", FULL.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Ambiguous);
        assert!(error.hint().unwrap().contains("POAexemptCodesFY26.txt"));
    }

    #[test]
    fn what_the_layout_does_not_allow_is_refused_with_its_line() {
        let name = "POAexemptCodesFY26.txt";
        for (text, from, to, part) in [
            (FULL, "Order26\t", "", "neither the header line"),
            (
                FULL,
                "Description",
                "Title",
                "line 1: expected a header line",
            ),
            (
                FULL,
                "01238\t",
                "",
                "line 2: expected 3 fields, as in the header line, found 2",
            ),
            (
                FULL,
                "01238",
                "1238",
                "line 2: expected an order number of 5 digits",
            ),
            (
                FULL,
                "Z99.81",
                "Z9.981",
                "line 3: expected an ICD-10-CM code",
            ),
            (
                FULL,
                "Z99.89",
                "Z99.81",
                "line 4: expected every code once, found Z99.81 again",
            ),
            (
                FULL,
                "Dependence on supplemental oxygen",
                " ",
                "line 3: expected a title",
            ),
            (
                FULL,
                "Dependence on supp",
                "\"Dependence on supp",
                "quote that is never closed",
            ),
            (
                REVISE,
                "Revise from:",
                "Revised",
                "line 2: expected \"Revise from\"",
            ),
            (
                REVISE,
                "Revise from:",
                "Revise to:",
                "line 2: expected \"Revise from\" on the line before",
            ),
            (
                REVISE,
                "Revise to:\tT63.611D",
                "Revise to:\tT63.611S",
                "line 2: expected \"Revise to\" of T63.611D",
            ),
            (
                REVISE,
                "encounter\"\t\r\n8",
                "encounter\"\tx\r\n8",
                "line 2: expected nothing after the title",
            ),
        ] {
            let broken = text.replacen(from, to, 1);
            assert_ne!(broken, text, "{from}");
            let error = parse_poa(name, broken.as_bytes()).unwrap_err();
            assert!(
                error.to_string().contains(part),
                "expected {part:?} in {error}"
            );
            assert!(error.hint().is_some(), "{error}");
        }
        let latin1 = b"Order26\tPOAexemptCode\tDescription\r\n04000\tG51.0\tM\xe9ni\xe8re\r\n";
        let error = parse_poa(name, latin1).unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        assert!(error.to_string().contains("UTF-8"), "{error}");
    }
}
