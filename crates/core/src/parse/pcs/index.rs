//! The index of ICD-10-PCS: terms, and the tables and codes that they lead to.

use super::{broken, is_of_a_code};
use crate::error::{Error, Result};
use crate::model::{
    Code, CodeSet, PcsIndex, PcsIndexTerm, PcsPointer, PcsPointerKind, PcsReference, UnreadList,
};
use crate::parse::xml::{Content, Element, Vocabulary, Xml};

const VOCABULARY: Vocabulary = Vocabulary {
    known: &[
        "ICD10PCS.index",
        "version",
        "title",
        "letter",
        "mainTerm",
        "term",
        "use",
        "see",
        "code",
        "codes",
        "tab",
    ],
    structure: &["letter", "mainTerm", "term"],
};

/// Parses the index.
///
/// # Errors
/// [`crate::ErrorKind::Format`] with the line, for malformed XML, for a known element out of its place, and for a code of another length than its element says.
pub fn parse_pcs_index(bytes: &[u8]) -> Result<PcsIndex> {
    const ROOT: &str = "ICD10PCS.index";
    let (mut xml, _) = Xml::open(bytes, &[ROOT], &VOCABULARY)?;
    let mut index = PcsIndex {
        version: String::new(),
        title: String::new(),
        letters: Vec::new(),
        terms: Vec::new(),
        unread: UnreadList::default(),
    };
    while let Some(element) = xml.child(ROOT)? {
        match element.name.as_str() {
            "version" => xml.set(&mut index.version, &element)?,
            "title" => xml.set(&mut index.title, &element)?,
            "letter" => {
                xml.no_attributes(&element);
                let letter = xml.letter_title()?;
                index.letters.push(letter);
                while let Some(child) = xml.child("letter")? {
                    if xml.expect(&child, "mainTerm", "letter")? {
                        parse_index_term(&mut xml, &child, letter, 0, &mut index.terms)?;
                    }
                }
            }
            _ => xml.unknown(&element, ROOT)?,
        }
    }
    xml.end()?;
    index.unread = xml.take_unread();
    if index.terms.is_empty() {
        return Err(Error::format("the index has no terms")
            .with_hint("the file is cut off or holds no index; download it again"));
    }
    Ok(index)
}

fn parse_index_term(
    xml: &mut Xml<'_>,
    parent: &Element,
    letter: char,
    depth: u32,
    terms: &mut Vec<PcsIndexTerm>,
) -> Result<()> {
    let at = terms.len();
    let begins_at = xml.position();
    terms.push(PcsIndexTerm {
        letter,
        depth,
        title: None,
        references: Vec::new(),
    });
    while let Some(element) = xml.child(&parent.name)? {
        match element.name.as_str() {
            "title" => {
                let title = xml.text(&element)?;
                if own(terms, at).title.replace(title).is_some() {
                    return Err(xml.twice(&element));
                }
            }
            "term" => {
                xml.level(&element, depth + 1)?;
                parse_index_term(xml, &element, letter, depth + 1, terms)?;
            }
            "use" => {
                let (text, pointer) = parse_words(xml, &element)?;
                own(terms, at)
                    .references
                    .push(PcsReference::Use(text, pointer));
            }
            "see" => {
                let (text, pointer) = parse_words(xml, &element)?;
                own(terms, at)
                    .references
                    .push(PcsReference::See(text, pointer));
            }
            name => {
                let Some(kind) = name.parse().ok() else {
                    xml.unknown(&element, &parent.name)?;
                    continue;
                };
                let pointer = parse_pointer(xml, &element, kind)?;
                own(terms, at)
                    .references
                    .push(PcsReference::Pointer(pointer));
            }
        }
    }
    let term = own(terms, at);
    if term.title.is_none() && (depth == 0 || term.references.is_empty()) {
        return Err(broken(
            xml,
            begins_at,
            format!("expected a title in <{}>, found none", parent.name),
        ));
    }
    Ok(())
}

/// Reads a text with at most one code at its end.
fn parse_words(xml: &mut Xml<'_>, parent: &Element) -> Result<(String, Option<PcsPointer>)> {
    xml.no_attributes(parent);
    let mut text = String::new();
    let mut pointer = None;
    while let Some(content) = xml.content(&parent.name)? {
        match content {
            Content::Text(_) if pointer.is_some() => {
                return Err(xml.fail(format!(
                    "expected nothing after the code in <{}>, found text",
                    parent.name
                )));
            }
            Content::Text(piece) => text.push_str(&piece),
            Content::Child(child) => match child.name.parse().ok() {
                Some(_) if pointer.is_some() => return Err(xml.twice(&child)),
                Some(kind) => pointer = Some(parse_pointer(xml, &child, kind)?),
                None => xml.unknown(&child, &parent.name)?,
            },
        }
    }
    Ok((text, pointer))
}

fn parse_pointer(xml: &mut Xml<'_>, element: &Element, kind: PcsPointerKind) -> Result<PcsPointer> {
    let text = xml.text(element)?;
    let lengths = match kind {
        PcsPointerKind::Code => 7..=7,
        PcsPointerKind::Codes => 4..=6,
        PcsPointerKind::Table => 3..=3,
    };
    match Code::from_plain(CodeSet::Icd10Pcs, text.as_bytes()) {
        Some(code) if lengths.contains(&code.len()) && text.chars().all(is_of_a_code) => {
            Ok(PcsPointer { kind, code })
        }
        _ => Err(xml.fail(format!(
            "expected {} to {} characters of an ICD-10-PCS code in <{}>, found {:?}",
            lengths.start(),
            lengths.end(),
            element.name,
            text.chars().take(20).collect::<String>()
        ))),
    }
}

/// The term that was pushed at this place; it stays where it is while the terms below it follow.
#[allow(
    clippy::indexing_slicing,
    reason = "`at` is the place of a term that was pushed"
)]
fn own(terms: &mut [PcsIndexTerm], at: usize) -> &mut PcsIndexTerm {
    &mut terms[at]
}
