//! What a file is, by its content: its name is asked only where the content cannot tell.

use crate::model::{Code, CodeSet, DocumentKind, PoaKind};
use crate::parse::addenda::begins_with_action;
use crate::parse::conversion::looks_like_conversion;
use crate::parse::index::index_kind_of_head;
use crate::parse::poa::looks_like_poa;

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// The order file of a code set.
    OrderFile(CodeSet),
    /// The order addenda of a code set.
    OrderAddenda(CodeSet),
    /// A file around the order file.
    Document(DocumentKind),
    /// A zip archive, perhaps with the above in it.
    Zip,
    /// Something that this version does not take, in words.
    Other(&'static str),
}

/// What a saved web page is called, whatever its name.
pub const SAVED_PAGE: &str = "a saved web page, not the file: the publisher's server gave an error page, or the link needs a browser; download it again";

/// How much of a file [`recognise`] needs to see. An addenda needs more, and is small.
pub const HEAD: usize = 4096;

/// Recognises a file by its first bytes and, for text that could be two things, by its name.
pub fn recognise(name: &str, head: &[u8]) -> FileKind {
    let lower = name.to_ascii_lowercase();
    let ends = |end: &str| lower.ends_with(end);
    if head.is_empty() {
        return FileKind::Other("an empty file");
    }
    if looks_like_conversion(name, head) {
        return FileKind::Document(DocumentKind::ConversionTable);
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return match () {
            () if ends(".xlsx") && lower.contains("conversion") => FileKind::Other(
                "a conversion table of another layout than that of ICD-10-CM, which is taken",
            ),
            () if ends(".xlsx") => FileKind::Other("a spreadsheet"),
            () if ends(".docx") => FileKind::Other("a text document"),
            () => FileKind::Zip,
        };
    }
    if head.starts_with(b"%PDF") {
        return FileKind::Other("a PDF document");
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}');
    if text.starts_with("<?xml") || text.starts_with('<') {
        return recognise_xml(text);
    }
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    if let Some(code_set) = order_file(text) {
        return FileKind::OrderFile(code_set);
    }
    if let Some(kind) = looks_like_poa(name, head) {
        return match kind {
            PoaKind::Full => FileKind::Document(DocumentKind::PoaExemptList),
            PoaKind::Add => FileKind::Other("codes added to the POA-exempt list, which holds them"),
            PoaKind::Delete => FileKind::Other("codes deleted from the POA-exempt list"),
            PoaKind::Revise => {
                FileKind::Other("titles revised on the POA-exempt list, which holds them")
            }
        };
    }
    if let Some(kind) = recognise_addenda(&lower, text) {
        return kind;
    }
    FileKind::Other(recognise_text(&lower, first, text))
}

/// Tells whether the first lines have the columns of an order file, and of which code set:
/// ICD-10-PCS has codes of 3 and 7 characters only, ICD-10-CM has those between as well.
fn order_file(text: &str) -> Option<CodeSet> {
    let mut lines = text.lines().filter(|line| !line.is_empty());
    let first = order_code(lines.next()?)?;
    let mut codes = std::iter::once(first).chain(lines.map_while(order_code));
    if codes.all(|code| CodeSet::Icd10Pcs.accepts(&code)) {
        Some(CodeSet::Icd10Pcs)
    } else {
        Some(CodeSet::Icd10Cm)
    }
}

fn order_code(line: &str) -> Option<Code> {
    let bytes = line.as_bytes();
    let number = bytes.get(..5)?;
    let blank = |at: usize| bytes.get(at) == Some(&b' ');
    if number.iter().all(u8::is_ascii_digit) && blank(5) && blank(13) && blank(15) {
        Code::from_padded(bytes.get(6..13)?)
    } else {
        None
    }
}

fn recognise_addenda(name: &str, text: &str) -> Option<FileKind> {
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
            .then_some(FileKind::OrderAddenda(code_set));
    }
    if first.trim() == "Codes" && text.contains(" codes in ") {
        return Some(FileKind::Other(
            "a codes addenda; the order addenda holds all of it",
        ));
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
        return Some(FileKind::OrderAddenda(CodeSet::Icd10Cm));
    }
    // ICD-10-PCS: the short title ends in column 81 and the long one begins in column 83. In a codes
    // addenda a long title runs through those columns.
    let whole = rows()
        .count()
        .saturating_sub(usize::from(text.len() >= HEAD));
    let fitting = rows()
        .take(whole.max(1))
        .filter(|row| row.get(81) == Some(&b' ') && row.get(82).is_some_and(|b| *b != b' '))
        .count();
    let fits = fitting * 2 > whole.max(1);
    let padded = rows().any(|row| row.get(79..82) == Some(b"   "));
    if fits && (padded || name.contains("order")) && !name.contains("codes_addenda") {
        return Some(FileKind::OrderAddenda(CodeSet::Icd10Pcs));
    }
    Some(FileKind::Other(
        "a codes addenda; the order addenda holds all of it",
    ))
}

fn recognise_xml(text: &str) -> FileKind {
    let document = [
        ("<ICD10CM.tabular", DocumentKind::Tabular),
        ("<ICD10PCS.tabular", DocumentKind::PcsTables),
        ("<ICD10PCS.definitions", DocumentKind::PcsDefinitions),
    ]
    .into_iter()
    .find(|(root, _)| text.contains(root))
    .map(|(_, kind)| kind)
    .or_else(|| index_kind_of_head(text).map(DocumentKind::Index));
    if let Some(kind) = document {
        return FileKind::Document(kind);
    }
    for (root, what) in [
        (
            "<ICD10CM.index",
            "an index in XML that does not say in its head which one it is",
        ),
        (
            "<ICD10CM.table",
            "a drug or neoplasm table in the layout of 2011; from 2012 on they are taken",
        ),
        (
            "<ICD10PCS.index",
            "the index of ICD-10-PCS; this version takes its tables and definitions",
        ),
        ("<xs:schema", "an XML schema"),
        ("<xsd:schema", "an XML schema"),
    ] {
        if text.contains(root) {
            return FileKind::Other(what);
        }
    }
    FileKind::Other("an XML file of a kind not known here")
}

fn recognise_text(name: &str, first: &str, text: &str) -> &'static str {
    let bytes = first.as_bytes();
    if name.contains("poa") && name.contains("readme") {
        return "what the publisher says of the POA-exempt list";
    }
    if matches!(bytes.get(..2), Some(b"A " | b"D " | b"O " | b"N ")) && text.len() > 12 {
        return "a list of changed codes (diff file); order files give it";
    }
    if name.contains("gem") {
        return "a general equivalence mapping; this version does not take it";
    }
    if bytes.len() >= 320 && name.contains("hcpc") {
        return "a HCPCS Level II file; this version takes ICD-10-CM and ICD-10-PCS";
    }
    let code = bytes.get(..7).unwrap_or_default().trim_ascii_end();
    if bytes.get(7) == Some(&b' ')
        && code.len() >= 3
        && code
            .iter()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    {
        return "a codes file; the order file holds all of it";
    }
    if first.starts_with("Lttr") || text.contains("Main Add") {
        return "an addenda of an ICD-10-PCS index or definition file";
    }
    "of no kind that is known here"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::sample::{sample_bytes, sample_files};

    #[test]
    fn the_sample_is_recognised_by_content_whatever_its_name() {
        for file in sample_files().unwrap() {
            let bytes = sample_bytes(file);
            let head = bytes.get(..HEAD).unwrap_or(bytes);
            // The errata addenda of two lines could be a codes addenda by its columns, and only the name
            // tells a POA-exempt list from its changes and a conversion table from any workbook.
            let needs_name = bytes.len() < 1000
                || matches!(
                    file.kind,
                    FileKind::Document(DocumentKind::PoaExemptList | DocumentKind::ConversionTable)
                );
            let name = if needs_name { file.path.as_str() } else { "x" };
            assert_eq!(recognise(name, head), file.kind, "{}", file.path);
        }
    }

    #[test]
    fn other_files_are_named() {
        for (name, head, part) in [
            ("icd10OrderFiles.pdf", "%PDF-1.5", "PDF"),
            (
                "icd10cm_codes_2026.txt",
                "A000    Cholera due to Vibrio cholerae 01, biovar cholerae\r\n",
                "codes file",
            ),
            (
                "x.txt",
                "Add:         XW023X7 Introduction of Tixagevimab and Cilgavimab Monoclonal Antibody into Muscle, Percutaneous Approach, New Technology Group 7\r\n",
                "codes addenda",
            ),
            (
                "x.txt",
                "Add:         B8801   Infestation by Demodex mites\r\n",
                "codes addenda",
            ),
            ("empty.txt", "", "empty"),
            ("notes.txt", "hello", "no kind"),
        ] {
            match recognise(name, head.as_bytes()) {
                FileKind::Other(what) => assert!(what.contains(part), "{name}: {what}"),
                kind => panic!("{name}: {kind:?}"),
            }
        }
    }
}
