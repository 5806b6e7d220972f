//! What a file is, by its content: its name is asked only where the content cannot tell.

use crate::model::{Code, CodeSet, DocumentKind, PoaKind};
use crate::parse::addenda::{AddendaKind, looks_like_addenda};
use crate::parse::conversion::{has_other_separators, looks_like_conversion};
use crate::parse::index::index_kind_of_head;
use crate::parse::listing_format;
use crate::parse::poa::looks_like_poa;
use crate::source::kind::FileKind;

/// What a text is called of which nothing is known.
const UNKNOWN_TEXT: &str = "of an unknown kind";

/// What a workbook is called whose name says no more.
pub const SPREADSHEET: &str = "a spreadsheet";

/// What a saved web page is called.
pub const SAVED_PAGE: &str = "a saved web page, not the file: the publisher's server gave an error page, or the link needs a browser";

/// How much of a file [`recognise`] needs to see. An addenda needs more, and is small.
pub const HEAD: usize = 4096;

/// Recognises a file by its first bytes and, for text that could be two things, by its name.
pub fn recognise(name: &str, head: &[u8]) -> FileKind {
    let lower = name.to_ascii_lowercase();
    let ends = |end: &str| lower.ends_with(end);
    if head.is_empty() {
        let is_data =
            [".xml", ".csv", ".xlsx", ".zip"].into_iter().any(ends) || is_named_order_file(&lower);
        return match is_data {
            true => FileKind::Broken("an empty file"),
            false => FileKind::Other("an empty file"),
        };
    }
    if looks_like_conversion(name, head) {
        return FileKind::Document(DocumentKind::ConversionTable);
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return match () {
            () if ends(".xlsx") && lower.contains("conversion") => {
                FileKind::Other("a conversion table in another layout than that of ICD-10-CM")
            }
            () if ends(".xlsx") => FileKind::Other(SPREADSHEET),
            () if ends(".docx") => FileKind::Other("a text document"),
            () => FileKind::Zip,
        };
    }
    if head.starts_with(b"%PDF") {
        return FileKind::Other("a PDF document");
    }
    if head.starts_with(b"\x1f\x8b") {
        return FileKind::Other("a gzip file: unpack it");
    }
    // Old Excel and Word files.
    if head.starts_with(b"\xd0\xcf\x11\xe0") {
        return FileKind::Other("a spreadsheet or document of an old Office format");
    }
    if is_utf16(head) {
        return FileKind::Broken("a text in UTF-16: save it as UTF-8 or plain text");
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}');
    if is_web_page(text) {
        return match () {
            () if ends(".html") || ends(".htm") => FileKind::Other("a web page"),
            () => FileKind::Broken(SAVED_PAGE),
        };
    }
    if text.starts_with('<') {
        return recognise_xml(text);
    }
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let mut sets = CodeSet::ALL.into_iter();
    if let Some(code_set) = sets.find(|set| (listing_format(*set).recognise)(*set, text)) {
        return FileKind::OrderFile(code_set);
    }
    if let Some(kind) = looks_like_poa(name, head) {
        return match kind {
            PoaKind::Full => FileKind::Document(DocumentKind::PoaExemptList),
            PoaKind::Add => {
                FileKind::Other("codes added to the POA-exempt list, which includes them")
            }
            PoaKind::Delete => FileKind::Other("codes deleted from the POA-exempt list"),
            PoaKind::Revise => {
                FileKind::Other("titles revised on the POA-exempt list, which includes them")
            }
        };
    }
    if let Some(kind) = looks_like_addenda(&lower, text, text.len() >= HEAD) {
        return match kind {
            AddendaKind::Order(code_set) => FileKind::OrderAddenda(code_set),
            AddendaKind::Codes => {
                FileKind::Other("a codes addenda; the order addenda includes it, if there is one")
            }
        };
    }
    if has_other_separators(head) {
        return FileKind::Broken(
            "a conversion table separated by semicolons or tabs: save it with commas, or use the workbook",
        );
    }
    let what = recognise_text(&lower, first, text);
    if what == UNKNOWN_TEXT && is_named_order_file(&lower) {
        return FileKind::Broken(
            "named as an order file, and its lines are of another layout: columns 1-5 are the order number, 7-13 the code, 15 the flag",
        );
    }
    FileKind::Other(what)
}

/// Checks whether a name is that of an order file, as the publishers give it.
fn is_named_order_file(lower: &str) -> bool {
    let own = lower.rsplit(['/', '\\']).next().unwrap_or(lower);
    own.ends_with(".txt")
        && own.contains("order")
        && !own.contains("addenda")
        && CodeSet::ALL.iter().any(|set| own.contains(set.id()))
}

/// Checks whether a text is in UTF-16: by its byte order mark, or by every other byte being NUL, as in
/// plain English without one.
fn is_utf16(head: &[u8]) -> bool {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return true;
    }
    let pairs: Vec<&[u8]> = head.chunks_exact(2).take(64).collect();
    let is_zero =
        |pair: &&[u8], at: usize| pair.get(at) == Some(&0) && pair.get(1 - at) != Some(&0);
    pairs.len() >= 4
        && (pairs.iter().all(|pair| is_zero(pair, 0)) || pairs.iter().all(|pair| is_zero(pair, 1)))
}

/// Checks whether a text is HTML, behind blanks, an XML declaration and comments.
fn is_web_page(text: &str) -> bool {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let end = match rest {
            comment if comment.starts_with("<!--") => "-->",
            declaration if declaration.starts_with("<?") => "?>",
            _ => break,
        };
        match rest.split_once(end) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    let begins = |word: &str| {
        let found = rest.get(..word.len()).unwrap_or_default();
        let next = rest
            .get(word.len()..)
            .and_then(|after| after.chars().next());
        found.eq_ignore_ascii_case(word)
            && next.is_none_or(|next| next.is_whitespace() || matches!(next, '>' | '/'))
    };
    begins("<!doctype html") || begins("<html") || begins("<head") || begins("<body")
}

fn recognise_xml(text: &str) -> FileKind {
    // Blocks have no ids there, and references other names: none of it would be read as what it is.
    if text.contains("<ICD10CM.") && text.contains("<version>2011</version>") {
        return FileKind::Other(
            "an XML file of ICD-10-CM in the layout of 2011; supported from 2012 on",
        );
    }
    let document = [
        ("<ICD10CM.tabular", DocumentKind::Tabular),
        ("<ICD10PCS.tabular", DocumentKind::PcsTables),
        ("<ICD10PCS.definitions", DocumentKind::PcsDefinitions),
        ("<ICD10PCS.index", DocumentKind::PcsIndex),
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
            "an index in XML whose head does not name it",
        ),
        (
            "<ICD10CM.table",
            "a drug or neoplasm table in the layout of 2011; supported from 2012 on",
        ),
        ("<xs:schema", "an XML schema"),
        ("<xsd:schema", "an XML schema"),
    ] {
        if text.contains(root) {
            return FileKind::Other(what);
        }
    }
    FileKind::Other("an XML file of an unknown kind")
}

const GEM: &str = "a general equivalence mapping (GEM) between ICD-9-CM and ICD-10; this version supports ICD-10-CM and ICD-10-PCS";
const HCPCS: &str = "a HCPCS Level II file; this version supports ICD-10-CM and ICD-10-PCS";
const ABOUT_HCPCS: &str = "a readme of a HCPCS Level II file";
const ICD_9: &str = "a file of ICD-9-CM; this version supports ICD-10-CM and ICD-10-PCS";

/// The words that begin the lists of ICD-9-CM's two volumes.
const ICD_9_TITLES: [&str; 2] = [
    "CLASSIFICATION OF DISEASES AND INJURIES",
    "CLASSIFICATION OF PROCEDURES",
];

fn recognise_text(name: &str, first: &str, text: &str) -> &'static str {
    let bytes = first.as_bytes();
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    // What is written about a file may begin with any words, so that its name is asked first.
    if file.contains("readme") || file.contains("read_me") || file.contains("read me") {
        return match () {
            () if name.contains("poa") => "a readme of the POA-exempt list",
            () if name.contains("hcpc") => ABOUT_HCPCS,
            () => "a readme of the publisher",
        };
    }
    if is_gem_row(bytes) {
        return GEM;
    }
    let is_named_hcpcs = file.contains("anweb") && !file.contains("correction");
    if is_named_hcpcs || text.lines().any(|line| is_hcpcs_row(line.as_bytes())) {
        return HCPCS;
    }
    if is_about_hcpcs(file, text) {
        return ABOUT_HCPCS;
    }
    if is_icd_9(file, first) {
        return ICD_9;
    }
    if matches!(bytes.get(..2), Some(b"A " | b"D " | b"O " | b"N "))
        && is_code_and_title(bytes.get(2..).unwrap_or_default())
    {
        return "a list of changed codes (diff file), already part of the order files";
    }
    if is_code_and_title(bytes) {
        return "a codes file; the order file includes it, if there is one";
    }
    if first.starts_with("Lttr")
        || text.contains("Main Add")
        || (text.contains("Section") && text.contains("Axis") && file.contains("addenda"))
    {
        return "an addenda of an ICD-10-PCS index or definition file";
    }
    UNKNOWN_TEXT
}

/// Checks whether a line is a code in columns 1-7, a blank, and a title. A word in capitals, as it begins
/// many a text, is none: a code has a digit in its second or third place.
fn is_code_and_title(line: &[u8]) -> bool {
    let column = line.get(..7).unwrap_or_default();
    let title = line.get(8..).unwrap_or_default();
    line.get(7) == Some(&b' ')
        && title
            .first()
            .is_some_and(|byte| !byte.is_ascii_whitespace())
        && CodeSet::ALL.into_iter().any(|set| {
            Code::from_padded(set, column).is_some_and(|code| {
                let mut after_first = code.as_bytes().iter().skip(1).take(2);
                set.accepts(&code) && after_first.any(u8::is_ascii_digit)
            })
        })
}

/// Checks whether a line is a row of a GEM: a source, blanks, a target, blanks, five flags.
fn is_gem_row(line: &[u8]) -> bool {
    let text = std::str::from_utf8(line).unwrap_or_default();
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let is_code = |word: &str| {
        (3..=7).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    match words.as_slice() {
        [source, target, flags] => {
            is_code(source)
                && is_code(target)
                && flags.len() == 5
                && flags.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}

/// Checks whether a line is a record of HCPCS Level II: a code of a letter and four digits, or a modifier
/// behind three blanks; a sequence of five digits; a record id, 3 or 4 for codes and 7 or 8 for modifiers.
fn is_hcpcs_row(line: &[u8]) -> bool {
    let field = |range: std::ops::Range<usize>| line.get(range).unwrap_or_default();
    let digits = |bytes: &[u8]| !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    let is_code = field(0..1).first().is_some_and(u8::is_ascii_uppercase) && digits(field(1..5));
    let is_modifier = field(0..3) == b"   " && field(3..5).iter().all(u8::is_ascii_alphanumeric);
    let id = field(10..11);
    digits(field(5..10))
        && match id {
            b"3" | b"4" => is_code,
            b"7" | b"8" => is_modifier,
            _ => false,
        }
        && line.get(11).is_some_and(|byte| *byte != b' ')
}

/// Checks whether a text is one of those that come with HCPCS Level II: record layout, corrections, codes
/// that are not otherwise classified, notes on processing, changes by code.
fn is_about_hcpcs(file: &str, text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains("hcpcs")
        || file.contains("hcpc")
        || (file.contains("recordlayout") && lower.contains("rif report"))
        || (file.starts_with("proc_notes") && lower.contains("processing notes"))
}

/// Checks whether a text is of ICD-9-CM. Its codes have the shape of others (`E8000`, `V010`), so that the
/// numbers that begin every list tell it, the words of the tabular list, or the name.
fn is_icd_9(file: &str, first: &str) -> bool {
    let bytes = first.as_bytes();
    // Diagnoses: a code in columns 1-5, a blank; procedures: in columns 1-4. No list of ICD-10-CM begins
    // with a number, and ICD-10-PCS has seven characters.
    let is_row = [4usize, 5].into_iter().any(|blank| {
        let code = bytes.get(..blank).unwrap_or_default().trim_ascii_end();
        bytes.get(blank) == Some(&b' ')
            && (3..=5).contains(&code.len())
            && code.iter().all(u8::is_ascii_digit)
            && bytes
                .get(blank + 1..)
                .is_some_and(|title| !title.trim_ascii().is_empty())
    });
    let of_procedures_or_diagnoses = ["PROCEDURE CODE", "DIAGNOSIS CODE"]
        .iter()
        .any(|heading| first.starts_with(heading));
    is_row
        || ICD_9_TITLES.contains(&first.trim())
        || of_procedures_or_diagnoses
        || (file.starts_with("cms") && file.contains("_desc_"))
        || file.starts_with("i9dx")
        || file.starts_with("i9sg")
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
            (
                "HCPC2019_README.txt",
                "CENTERS FOR MEDICARE & MEDICAID SERVICES (CMS)\r\n2019 ALPHANUMERIC\r\n",
                "a readme of a HCPCS Level II file",
            ),
            ("ReadMe.txt", "PLEASE READ THIS\r\n", "a readme"),
            // Whatever words it begins with, no text is a codes file.
            ("x.txt", "CENTERS FOR MEDICARE\r\n", "unknown kind"),
            ("x.txt", "A NOTE ON 2027\r\n", "unknown kind"),
            (
                "x.txt",
                "A A4101   Sepsis due to Methicillin susceptible Staphylococcus aureus\r\n",
                "diff file",
            ),
            (
                "x.txt",
                "A000    0010  00000\r\n",
                "general equivalence mapping",
            ),
            (
                "x.txt",
                "0010  A000    00000\r\n",
                "general equivalence mapping",
            ),
            (
                "x.txt",
                "T500X5A NoDx  11000\r\n",
                "general equivalence mapping",
            ),
            (
                "x.txt",
                "***Disclaimers\r\n\r\nA0021001003Ambulance service, outside state per mile\r\n",
                "a HCPCS Level II file",
            ),
            (
                "x.txt",
                "   A1001007Dressing for one wound          Dressing for one wound\r\n",
                "a HCPCS Level II file",
            ),
            (
                "x.txt",
                "0010  Cholera due to vibrio cholerae\r\n",
                "ICD-9-CM",
            ),
            ("x.txt", "0001 Ther ult head & neck ves\r\n", "ICD-9-CM"),
            (
                "x.txt",
                "CLASSIFICATION OF DISEASES AND INJURIES\r\n\r\n1. INFECTIOUS",
                "ICD-9-CM",
            ),
            ("order.txt", "\0\0\0\0\0\0\0\0\0\0", "unknown kind"),
            ("order.txt", "0\x000\x000\x000\x001\x00 \0", "UTF-16"),
            ("order.txt", "\x000\x000\x000\x000\x001\0 ", "UTF-16"),
            ("order.txt", "\x1f\u{8b}", "unknown kind"),
            ("empty.txt", "", "empty"),
            ("notes.txt", "hello", "unknown kind"),
            (
                "icd10cm_order_2032.txt",
                "000001 A00     0 Cholera",
                "named as an order file",
            ),
        ] {
            match recognise(name, head.as_bytes()) {
                FileKind::Other(what) | FileKind::Broken(what) => {
                    assert!(what.contains(part), "{name}: {what}");
                }
                kind => panic!("{name}: {kind:?}"),
            }
        }
        for (head, part) in [
            (b"\xff\xfe0\x000\x00".as_slice(), "UTF-16"),
            (b"\xfe\xff\x000\x000", "UTF-16"),
            (b"\x1f\x8b\x08\x00", "gzip"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Office"),
        ] {
            match recognise("icd10cm_order_2028.txt", head) {
                FileKind::Other(what) | FileKind::Broken(what) => {
                    assert!(what.contains(part), "{what}");
                }
                kind => panic!("{kind:?}"),
            }
        }
    }

    #[test]
    fn a_saved_web_page_is_called_one_whatever_its_name() {
        for head in [
            "<!DOCTYPE html><html><title>Access Denied</title></html>",
            "<!doctype HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\">",
            "\u{feff}\r\n <HTML>",
            "<!-- saved -->\n<!-- from --><Html lang=\"en\">",
            "<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0\">",
            "<html>",
            "<head><title>404</title>",
        ] {
            for name in [
                "page.zip",
                "icd10cm_order_2028.txt",
                "conversion-table.xlsx",
                "tabular.xml",
                "x",
            ] {
                assert_eq!(
                    recognise(name, head.as_bytes()),
                    FileKind::Broken(SAVED_PAGE),
                    "{name}"
                );
            }
            assert_eq!(
                recognise("readme.HTML", head.as_bytes()),
                FileKind::Other("a web page")
            );
        }
        for head in [
            "<htmlx>",
            "<!DOCTYPE htm",
            "<!-- <html>",
            "<ICD10CM.tabular>",
        ] {
            match recognise("x.xml", head.as_bytes()) {
                FileKind::Other(what) => assert_ne!(what, "a web page", "{head}"),
                kind => assert_eq!(kind, FileKind::Document(DocumentKind::Tabular)),
            }
        }
    }
}
