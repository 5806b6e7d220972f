//! What is not known is kept and named wherever it stands, and changes nothing of what is known.

use codeyear::Result;
use codeyear::model::{DocumentKind, Unread, UnreadKind, UnreadList};
use codeyear::parse::index::parse_index;
use codeyear::parse::pcs::{parse_pcs_definitions, parse_pcs_index, parse_pcs_tables};
use codeyear::parse::tabular::parse_tabular;
use codeyear::source::kind::FileKind;
use codeyear::source::sample::{sample_bytes, sample_files};

/// Parses a file; returns what was not known, and all else that was read, written down.
fn parse(kind: DocumentKind, text: &str) -> Result<(UnreadList, String)> {
    let bytes = text.as_bytes();
    Ok(match kind {
        DocumentKind::Tabular => {
            let mut read = parse_tabular(bytes)?;
            (std::mem::take(&mut read.unread), format!("{read:?}"))
        }
        DocumentKind::Index(_) => {
            let mut read = parse_index(bytes)?;
            (std::mem::take(&mut read.unread), format!("{read:?}"))
        }
        DocumentKind::PcsTables => {
            let mut read = parse_pcs_tables(bytes)?;
            (std::mem::take(&mut read.unread), format!("{read:?}"))
        }
        DocumentKind::PcsIndex => {
            let mut read = parse_pcs_index(bytes)?;
            (std::mem::take(&mut read.unread), format!("{read:?}"))
        }
        _ => {
            let mut read = parse_pcs_definitions(bytes)?;
            (std::mem::take(&mut read.unread), format!("{read:?}"))
        }
    })
}

/// The XML of the sample, cut to a length that is quick to read again and again.
fn documents() -> Vec<(DocumentKind, String)> {
    let mut seen = Vec::new();
    for file in sample_files().unwrap() {
        let FileKind::Document(kind) = file.kind else {
            continue;
        };
        let is_xml = !matches!(
            kind,
            DocumentKind::ConversionTable | DocumentKind::PoaExemptList
        );
        if is_xml && !seen.iter().any(|(other, _)| *other == kind) {
            let text = String::from_utf8(sample_bytes(file).to_vec()).unwrap();
            seen.push((kind, text));
        }
    }
    assert_eq!(seen.len(), 8);
    seen
}

/// The places of so many start tags behind the root's, spread over the file.
fn start_tags(text: &str, wanted: usize) -> Vec<usize> {
    let tags: Vec<usize> = text
        .match_indices('<')
        .map(|(at, _)| at)
        .filter(|at| text[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic()))
        // An element within a text is no place for another.
        .filter(|at| !text[at + 1..].starts_with("nemod"))
        .skip(1)
        .collect();
    let step = (tags.len() / wanted).max(1);
    // A step that is no multiple of what repeats meets every element.
    tags.into_iter().step_by(step | 1).collect()
}

fn line_of(text: &str, at: usize) -> u64 {
    text[..at].matches('\n').count() as u64 + 1
}

#[test]
fn an_unknown_attribute_is_kept_wherever_it_stands() {
    for (kind, text) in documents() {
        let (none, plain) = parse(kind, &text).unwrap();
        assert_eq!(none, UnreadList::default());
        for at in start_tags(&text, 60) {
            let name: String = text[at + 1..]
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            let place = at + 1 + name.len();
            let changed = format!("{} newid=\"a &amp; b\"{}", &text[..place], &text[place..]);
            let (unread, read) = parse(kind, &changed)
                .unwrap_or_else(|error| panic!("{kind:?}: <{name}> at {at}: {error}"));
            let expected = Unread {
                line: line_of(&text, at),
                parent: name,
                name: "newid".to_owned(),
                kind: UnreadKind::Attribute,
                content: "a & b".to_owned(),
            };
            assert_eq!(unread.things, [expected]);
            assert!(read == plain, "{kind:?}: what is known has changed");
        }
    }
}

#[test]
fn an_unknown_element_is_kept_whole_wherever_it_stands() {
    let new = "<novelty a=\"1\">x &amp; <note>y</note><!-- z --><empty/><![CDATA[<]]></novelty>";
    for (kind, text) in documents() {
        let (_, plain) = parse(kind, &text).unwrap();
        for at in start_tags(&text, 60) {
            let changed = format!("{}{new}{}", &text[..at], &text[at..]);
            let (unread, read) =
                parse(kind, &changed).unwrap_or_else(|error| panic!("{kind:?} at {at}: {error}"));
            let [thing] = unread.things.as_slice() else {
                panic!("{unread:?}");
            };
            assert_eq!(
                (
                    thing.line,
                    thing.name.as_str(),
                    thing.kind,
                    thing.content.as_str()
                ),
                (line_of(&text, at), "novelty", UnreadKind::Element, new)
            );
            assert!(read == plain, "{kind:?}: what is known has changed");
        }
    }
}

#[test]
fn more_than_can_be_kept_is_counted() {
    let (kind, text) = documents().swap_remove(0);
    let (_, plain) = parse(kind, &text).unwrap();
    let at = start_tags(&text, 1)[0];
    let many = format!("{}{}{}", &text[..at], "<n/>".repeat(10_005), &text[at..]);
    let (unread, read) = parse(kind, &many).unwrap();
    assert_eq!((unread.things.len(), unread.beyond), (10_000, 5));
    assert!(read == plain);
    let large = format!(
        "{}<n>{}</n><m/>{}",
        &text[..at],
        "x".repeat(1 << 20),
        &text[at..]
    );
    let (unread, _) = parse(kind, &large).unwrap();
    assert_eq!((unread.things.len(), unread.beyond), (1, 1));
}
