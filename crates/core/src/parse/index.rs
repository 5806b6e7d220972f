//! The alphabetic index, the index to external causes, the tables of drugs and of neoplasms in XML
//! (`ICD10CM.index`, NCHS).
//!
//! The file is read as a stream. An element or attribute that is not known is kept as it stands, so that
//! nothing the publisher adds is lost unseen.

use crate::error::{Error, Result};
use crate::model::{
    AlphabeticIndex, IndexCell, IndexHeading, IndexKind, IndexReference, IndexTerm, IndexTitle,
    UnreadList,
};
use crate::parse::xml::{Content, Element, Vocabulary, Xml};

const VOCABULARY: Vocabulary = Vocabulary {
    known: &[
        "ICD10CM.index",
        "version",
        "title",
        "indexHeading",
        "head",
        "letter",
        "mainTerm",
        "term",
        "cell",
        "nemod",
        "code",
        "manif",
        "see",
        "seeAlso",
        "seecat",
        "subcat",
    ],
    structure: &["letter", "mainTerm", "term", "cell"],
};

/// Parses an index or table; its content tells which.
///
/// # Errors
/// [`crate::ErrorKind::Format`] with the line, for malformed XML and for a known element out of its place.
pub fn parse_index(bytes: &[u8]) -> Result<AlphabeticIndex> {
    const ROOT: &str = "ICD10CM.index";
    let (mut xml, _) = Xml::open(bytes, &[ROOT], &VOCABULARY)?;
    let mut index = AlphabeticIndex {
        kind: IndexKind::Diseases,
        version: String::new(),
        title: String::new(),
        headings: Vec::new(),
        letters: Vec::new(),
        // The official files have a term in about 110 to 410 bytes.
        terms: Vec::with_capacity(bytes.len() / 110),
        unread: UnreadList::default(),
    };
    while let Some(element) = xml.child(ROOT)? {
        match element.name.as_str() {
            "version" => xml.set(&mut index.version, &element)?,
            "title" => xml.set(&mut index.title, &element)?,
            "indexHeading" if index.headings.is_empty() => {
                index.headings = parse_headings(&mut xml, &element)?;
            }
            "indexHeading" => return Err(xml.twice(&element)),
            "letter" => {
                if index.letters.is_empty() {
                    index.kind = kind_of(&xml, &index)?;
                }
                parse_letter(&mut xml, &element, &mut index)?;
            }
            _ => xml.unknown(&element, ROOT)?,
        }
    }
    xml.end()?;
    index.unread = xml.take_unread();
    if index.terms.is_empty() {
        return Err(Error::format("the index has no terms")
            .with_hint("the file is cut off or not an index; download it again"));
    }
    Ok(index)
}

/// Recognises from the first few thousand characters of a file which of the four kinds it is; `None` if it is
/// none of them, or if its letters begin later than that.
///
/// An index has a `title` before its first letter, a table has an `indexHeading`.
pub fn index_kind_of_head(text: &str) -> Option<IndexKind> {
    let (_, content) = text.split_once("<ICD10CM.index>")?;
    let (head, _) = content.split_once("<letter>")?;
    let title = head
        .split_once("<title>")
        .and_then(|(_, title)| title.split_once("</title>"))
        .map_or("", |(title, _)| title);
    let headings = head.split("<head ").skip(1).filter_map(|heading| {
        let (_, text) = heading.split_once('>')?;
        text.split_once("</head>").map(|(text, _)| text)
    });
    IndexKind::of(title, headings)
}

fn kind_of(xml: &Xml<'_>, index: &AlphabeticIndex) -> Result<IndexKind> {
    let headings = index.headings.iter().map(|heading| heading.text.as_str());
    IndexKind::of(&index.title, headings).ok_or_else(|| {
        xml.fail(
            "expected the title of an index, or the headings of the table of drugs or of neoplasms, before the first letter",
        )
    })
}

fn parse_headings(xml: &mut Xml<'_>, parent: &Element) -> Result<Vec<IndexHeading>> {
    xml.no_attributes(parent);
    let mut headings: Vec<IndexHeading> = Vec::new();
    while let Some(element) = xml.child("indexHeading")? {
        if element.name != "head" {
            xml.unknown(&element, "indexHeading")?;
            continue;
        }
        let column = xml.only_number(&element, "col")?;
        if headings.last().is_some_and(|last| last.column >= column) {
            return Err(xml.fail(format!(
                "expected the columns in their order, found column {column} once more or too late"
            )));
        }
        let text = xml.raw_text(&element)?;
        headings.push(IndexHeading { column, text });
    }
    Ok(headings)
}

fn parse_letter(xml: &mut Xml<'_>, parent: &Element, index: &mut AlphabeticIndex) -> Result<()> {
    xml.no_attributes(parent);
    let letter = xml.letter_title()?;
    index.letters.push(letter);
    while let Some(element) = xml.child("letter")? {
        if xml.expect(&element, "mainTerm", "letter")? {
            parse_term(xml, &element, letter, 0, index)?;
        }
    }
    Ok(())
}

fn parse_term(
    xml: &mut Xml<'_>,
    parent: &Element,
    letter: char,
    depth: u32,
    index: &mut AlphabeticIndex,
) -> Result<()> {
    let at = index.terms.len();
    let begins_at = xml.position();
    index.terms.push(IndexTerm {
        letter,
        depth,
        title: IndexTitle::default(),
        references: Vec::new(),
        cells: Vec::new(),
    });
    while let Some(element) = xml.child(&parent.name)? {
        match element.name.as_str() {
            "title" => {
                if !own(&mut index.terms, at).title.is_empty() {
                    return Err(xml.twice(&element));
                }
                own(&mut index.terms, at).title = parse_title(xml, &element)?;
            }
            "term" => {
                xml.level(&element, depth + 1)?;
                parse_term(xml, &element, letter, depth + 1, index)?;
            }
            "cell" => {
                let column = xml.only_number(&element, "col")?;
                let headings = &index.headings;
                if headings
                    .binary_search_by_key(&column, |heading| heading.column)
                    .is_err()
                {
                    return Err(xml.fail(format!(
                        "expected a cell of a column with a heading, found column {column}"
                    )));
                }
                let text = xml.raw_text(&element)?;
                let cells = &mut own(&mut index.terms, at).cells;
                if cells.last().is_some_and(|last| last.column >= column) {
                    return Err(xml.fail(format!(
                        "expected the columns in their order, found column {column} once more or too late"
                    )));
                }
                cells.push(IndexCell { column, text });
            }
            name => {
                let Some(kind) = name.parse().ok() else {
                    xml.unknown(&element, &parent.name)?;
                    continue;
                };
                let text = xml.text(&element)?;
                own(&mut index.terms, at)
                    .references
                    .push(IndexReference { kind, text });
            }
        }
    }
    if own(&mut index.terms, at).title.is_empty() {
        return Err(
            Error::format(format!("expected a title in <{}>, found none", parent.name))
                .at_line(xml.line_of(begins_at)),
        );
    }
    Ok(())
}

fn parse_title(xml: &mut Xml<'_>, parent: &Element) -> Result<IndexTitle> {
    xml.no_attributes(parent);
    let mut title = IndexTitle::default();
    while let Some(content) = xml.content("title")? {
        match content {
            Content::Text(text) => title.push(&text),
            Content::Child(child) => {
                // An unknown element in a title might change its words.
                if child.name != "nemod" {
                    return Err(xml.misplaced(&child, "title"));
                }
                xml.no_attributes(&child);
                title.push_modifiers(&xml.raw_text(&child)?);
            }
        }
    }
    Ok(title)
}

/// The term that was pushed at this place; it stays where it is while the terms below it follow.
#[allow(
    clippy::indexing_slicing,
    reason = "`at` is the place of a term that was pushed"
)]
fn own(terms: &mut [IndexTerm], at: usize) -> &mut IndexTerm {
    &mut terms[at]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ReferenceKind;
    use crate::model::path_text;

    const INDEX: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
  <version>2017</version>
  <title>ICD-10-CM INDEX TO DISEASES and INJURIES</title>
  <letter>
    <title>A</title>
    <mainTerm>
      <title>Abasia<nemod>(-astasia) (hysterical)</nemod></title>
      <code>F44.4</code>
    </mainTerm>
    <mainTerm>
      <title>Abdomen, abdominal</title>
      <seeAlso>condition</seeAlso>
      <term level="1">
        <title>acute</title>
        <code>R10.0</code>
      </term>
    </mainTerm>
  </letter>
</ICD10CM.index>
"#;

    const DRUGS: &str = r##"<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
  <version>2023</version>
  <indexHeading>
    <head col="1">Substance</head>
    <head col="2">Poisoning Accidental (unintentional)</head>
    <head col="3">Poisoning Intentional self-harm</head>
  </indexHeading>
  <letter>
    <title>#</title>
    <mainTerm>
      <title>1-propanol</title>
      <cell col="2">T51.3X1</cell>
      <cell col="3">T51.3X2</cell>
    </mainTerm>
  </letter>
</ICD10CM.index>
"##;

    #[test]
    fn terms_are_read_with_their_titles_references_and_cells() {
        let index = parse_index(INDEX.as_bytes()).unwrap();
        assert_eq!(index.kind, IndexKind::Diseases);
        assert_eq!(
            (index.version.as_str(), &index.letters),
            ("2017", &vec!['A'])
        );
        let titles: Vec<(u32, String)> = index
            .terms
            .iter()
            .map(|term| (term.depth, term.title.printed()))
            .collect();
        assert_eq!(
            titles,
            [
                (0, "Abasia (-astasia) (hysterical)".to_owned()),
                (0, "Abdomen, abdominal".to_owned()),
                (1, "acute".to_owned())
            ]
        );
        assert_eq!(path_text(&index.path(2)), "Abdomen, abdominal > acute");
        assert_eq!(index.terms[1].references[0].kind, ReferenceKind::SeeAlso);
        assert_eq!(index.terms[2].references[0].text, "R10.0");

        let drugs = parse_index(DRUGS.as_bytes()).unwrap();
        assert_eq!(drugs.kind, IndexKind::Drugs);
        assert_eq!(drugs.terms[0].letter, '#');
        let cell = &drugs.terms[0].cells[1];
        assert_eq!(
            (drugs.heading(cell.column), cell.text.as_str()),
            (Some("Poisoning Intentional self-harm"), "T51.3X2")
        );
    }

    #[test]
    fn the_head_of_a_file_tells_which_index_it_is() {
        assert_eq!(index_kind_of_head(INDEX), Some(IndexKind::Diseases));
        assert_eq!(index_kind_of_head(DRUGS), Some(IndexKind::Drugs));
        let causes = INDEX.replace(
            "INDEX TO DISEASES and INJURIES",
            "External Cause of Injuries Index",
        );
        assert_eq!(index_kind_of_head(&causes), Some(IndexKind::ExternalCauses));
        let neoplasms = DRUGS
            .replace("Substance", "Neoplasm")
            .replace("Poisoning Accidental (unintentional)", "Malignant Primary");
        assert_eq!(index_kind_of_head(&neoplasms), Some(IndexKind::Neoplasms));
        assert_eq!(
            parse_index(neoplasms.as_bytes()).unwrap().kind,
            IndexKind::Neoplasms
        );
        assert_eq!(index_kind_of_head("<ICD10CM.tabular>"), None);
        assert_eq!(index_kind_of_head(&INDEX[..100]), None);
    }

    #[test]
    fn what_the_layout_does_not_allow_is_refused_with_its_line() {
        for (from, to, part) in [
            (
                "<code>F44.4",
                "<head>F44.4",
                "line 9: unexpected element <head> in <mainTerm>",
            ),
            (
                "<code>F44.4",
                "<group><term level=\"1\"/></group><code>F44.4",
                "line 9: unexpected element <term> in <group>",
            ),
            (
                "level=\"1\"",
                "level=\"2\"",
                "line 14: expected level 1 of <term>, found 2",
            ),
            (
                "level=\"1\"",
                "level=\"x\"",
                "line 14: expected a number in level of <term>, found \"x\"",
            ),
            (
                "<term level=\"1\">",
                "<term>",
                "line 14: expected the attribute level of <term>",
            ),
            (
                "<title>acute</title>",
                "",
                "line 14: expected a title in <term>, found none",
            ),
            (
                "<title>acute</title>",
                "<title>acute</title><title>x</title>",
                "line 15: expected one <title>, found two",
            ),
            (
                "<title>A</title>",
                "<title>AB</title>",
                "line 6: expected one letter, found \"AB\"",
            ),
            (
                "<title>A</title>",
                "",
                "line 7: expected the <title> of <letter> before its terms",
            ),
            (
                "INDEX TO DISEASES",
                "LIST OF DISEASES",
                "line 5: expected the title of an index",
            ),
            (
                "<nemod>",
                "<em>",
                "line 8: unexpected element <em> in <title>",
            ),
            (
                "<code>F44.4",
                "x<code>F44.4",
                "line 9: expected elements only in <mainTerm>, found text",
            ),
            (
                "F44.4",
                "F44.4<nemod/>",
                "line 9: unexpected element <nemod> in <code>",
            ),
            (
                "<code>R10.0",
                "<cell col=\"2\">R10.0",
                "line 16: expected a cell of a column with a heading, found column 2",
            ),
            ("acute", "&lol9;", "line 15: unknown entity &lol9;"),
            (
                "<ICD10CM.index>",
                "<!DOCTYPE x [<!ENTITY a \"b\">]><ICD10CM.index>",
                "line 2: expected no document type",
            ),
            (
                "<ICD10CM.index>",
                "<ICD10CM.table>",
                "expected <ICD10CM.index>, found <ICD10CM.table>",
            ),
            (
                "</ICD10CM.index>",
                "",
                "the file is cut off: expected </ICD10CM.index>, found its end",
            ),
            ("</mainTerm>\n  </letter>", "</letter>", "malformed XML"),
        ] {
            assert!(INDEX.contains(from), "{from}");
            let text = INDEX.replacen(from, to, 1);
            let error = parse_index(text.as_bytes()).unwrap_err();
            assert!(
                error.to_string().contains(part),
                "expected {part:?} in {error}"
            );
        }
        for (from, to, part) in [
            (
                "head col=\"3\"",
                "head col=\"2\"",
                "line 7: expected the columns in their order",
            ),
            (
                "cell col=\"3\"",
                "cell col=\"2\"",
                "line 14: expected the columns in their order",
            ),
            (
                "cell col=\"3\"",
                "cell col=\"8\"",
                "line 14: expected a cell of a column with a heading",
            ),
            (
                "cell col=\"3\"",
                "cell",
                "line 14: expected the attribute col of <cell>",
            ),
            (
                "</indexHeading>",
                "</indexHeading><indexHeading/>",
                "line 8: expected one <indexHeading>, found two",
            ),
        ] {
            assert!(DRUGS.contains(from), "{from}");
            let text = DRUGS.replacen(from, to, 1);
            let error = parse_index(text.as_bytes()).unwrap_err();
            assert!(
                error.to_string().contains(part),
                "expected {part:?} in {error}"
            );
        }
    }

    #[test]
    fn terms_within_terms_without_end_are_refused() {
        let mut deep = INDEX[..INDEX.find("<term ").unwrap()].to_owned();
        for level in 1..1_000 {
            deep.push_str(&format!("<term level=\"{level}\"><title>acute</title>"));
        }
        let error = parse_index(deep.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("levels of elements"), "{error}");
    }
}
