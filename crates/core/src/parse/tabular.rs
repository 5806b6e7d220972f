//! The tabular list of ICD-10-CM in XML (`icd10cm_tabular.xsd`, NCHS).
//!
//! The file is read as a stream. An element or attribute that is not known is kept as it stands, so that
//! nothing the publisher adds is lost unseen.

use std::collections::HashSet;

use crate::error::{Error, Result};
use crate::model::{
    BlockReference, CodeSet, NodeKind, NoteGroup, NoteKind, SeventhCharacter, Tabular, TabularNode,
    UnreadList, VisualCategory, VisualRange,
};
use crate::parse::xml::{Element, Vocabulary, Xml, notes};

const VOCABULARY: Vocabulary = Vocabulary {
    known: &[
        "ICD10CM.tabular",
        "version",
        "introduction",
        "introSection",
        "title",
        "instruction",
        "note",
        "chapter",
        "name",
        "desc",
        "sectionIndex",
        "sectionRef",
        "section",
        "diag",
        "inclusionTerm",
        "includes",
        "excludes1",
        "excludes2",
        "codeFirst",
        "useAdditionalCode",
        "codeAlso",
        "notes",
        "sevenChrNote",
        "sevenChrDef",
        "extension",
        "visualImpairment",
        "visCategory",
        "heading",
        "value",
        "visRange",
        "visMax",
        "visMin",
    ],
    structure: &["chapter", "section", "diag", "sevenChrDef", "extension"],
};

/// Parses a tabular list.
///
/// # Errors
/// [`crate::ErrorKind::Format`] with the line, for malformed XML, for a known element out of its place and for a
/// document that a known element or attribute is missing from.
pub fn parse_tabular(bytes: &[u8]) -> Result<Tabular> {
    let (mut xml, _) = Xml::open(bytes, &["ICD10CM.tabular"], &VOCABULARY)?;
    let mut tabular = Tabular {
        version: String::new(),
        nodes: Vec::new(),
        unread: UnreadList::default(),
    };
    while let Some(element) = xml.child("ICD10CM.tabular")? {
        match element.name.as_str() {
            "version" => xml.set(&mut tabular.version, &element)?,
            "introduction" => {
                xml.no_attributes(&element);
                parse_introduction(&mut xml, &mut tabular.nodes)?;
            }
            "chapter" => {
                parse_node(
                    &mut xml,
                    &element,
                    NodeKind::Chapter,
                    None,
                    &mut tabular.nodes,
                )?;
            }
            _ => xml.unknown(&element, "ICD10CM.tabular")?,
        }
    }
    xml.end()?;
    tabular.unread = xml.take_unread();
    if !tabular.nodes.iter().any(|node| node.kind == NodeKind::Code) {
        return Err(Error::format("expected chapters with codes, found none")
            .with_hint("the file is cut off or not a tabular list; download it again"));
    }
    let mut seen = HashSet::with_capacity(tabular.nodes.len());
    for node in tabular
        .nodes
        .iter()
        .filter(|node| node.kind != NodeKind::Introduction)
    {
        if !seen.insert((node.kind, node.name.as_str())) {
            return Err(Error::format(format!(
                "{} {} is in the tabular list twice",
                node.kind.name(),
                node.name
            ))
            .with_hint("the file is damaged; download it again"));
        }
    }
    Ok(tabular)
}

fn parse_introduction(xml: &mut Xml<'_>, nodes: &mut Vec<TabularNode>) -> Result<()> {
    while let Some(element) = xml.child("introduction")? {
        if element.name != "introSection" {
            xml.unknown(&element, "introduction")?;
            continue;
        }
        let [name] = xml.attributes(&element, ["type"])?;
        let mut section = empty_node(NodeKind::Introduction, name, String::new(), 0);
        while let Some(child) = xml.child("introSection")? {
            match child.name.as_str() {
                "title" => xml.set(&mut section.title, &child)?,
                "instruction" => section.groups.push(NoteGroup {
                    kind: NoteKind::Note,
                    notes: notes(xml, &child)?,
                }),
                _ => xml.unknown(&child, "introSection")?,
            }
        }
        nodes.push(section);
    }
    Ok(())
}

fn empty_node(kind: NodeKind, name: String, parent: String, depth: u32) -> TabularNode {
    TabularNode {
        kind,
        name,
        parent,
        title: String::new(),
        depth,
        placeholder: false,
        groups: Vec::new(),
        seventh_characters: Vec::new(),
        visual_impairment: Vec::new(),
        index: Vec::new(),
    }
}

/// Reads a chapter, a block or a code with all that stands below it; `parent` is the place of the node
/// that it stands below.
fn parse_node(
    xml: &mut Xml<'_>,
    element: &Element,
    kind: NodeKind,
    parent: Option<usize>,
    nodes: &mut Vec<TabularNode>,
) -> Result<()> {
    let at = nodes.len();
    let begins_at = xml.position();
    let (mut parent_name, mut depth) = (String::new(), 0);
    if let Some(parent) = parent {
        let parent = own(nodes, parent);
        if parent.name.is_empty() {
            return Err(xml.fail(format!(
                "expected the name of a level before the <{}> below it",
                element.name
            )));
        }
        parent_name.clone_from(&parent.name);
        depth = parent.depth + 1;
    }
    let mut node = empty_node(kind, String::new(), parent_name, depth);
    for (name, value) in &element.attributes {
        match (kind, name.as_str(), value.as_str()) {
            (NodeKind::Code, "placeholder", "true") => node.placeholder = true,
            (NodeKind::Block, "id", value) => node.name = value.to_owned(),
            (NodeKind::Code, "placeholder", value) => {
                return Err(xml.fail(format!(
                    "expected true in placeholder of <diag>, found {:?}",
                    value.chars().take(40).collect::<String>()
                )));
            }
            (_, name, value) => xml.unknown_attribute(element, name, value),
        }
    }
    nodes.push(node);
    while let Some(child) = xml.child(&element.name)? {
        let name = child.name.as_str();
        match (kind, name) {
            (NodeKind::Chapter, "section") => {
                parse_node(xml, &child, NodeKind::Block, Some(at), nodes)?;
            }
            (NodeKind::Block | NodeKind::Code, "diag") => {
                parse_node(xml, &child, NodeKind::Code, Some(at), nodes)?;
            }
            (NodeKind::Chapter, "sectionIndex") => {
                let index = parse_index(xml, &child)?;
                if !own(nodes, at).index.is_empty() {
                    return Err(xml.twice(&child));
                }
                own(nodes, at).index = index;
            }
            (NodeKind::Chapter, "name") => xml.set(&mut own(nodes, at).name, &child)?,
            (NodeKind::Code, "name") => {
                if !own(nodes, at).name.is_empty() {
                    return Err(xml.twice(&child));
                }
                own(nodes, at).name = parse_code(xml, &child)?;
            }
            (_, "desc") => xml.set(&mut own(nodes, at).title, &child)?,
            (NodeKind::Code, "sevenChrDef") => {
                let characters = parse_seventh(xml, &child)?;
                if characters.is_empty() || !own(nodes, at).seventh_characters.is_empty() {
                    return Err(xml.fail("expected one list of 7th characters, found none or two"));
                }
                own(nodes, at).seventh_characters = characters;
            }
            (NodeKind::Code, "visualImpairment") => {
                let table = parse_visual(xml, &child)?;
                if !own(nodes, at).visual_impairment.is_empty() {
                    return Err(xml.twice(&child));
                }
                own(nodes, at).visual_impairment = table;
            }
            _ => match name.parse().ok() {
                Some(note_kind) => {
                    let notes = notes(xml, &child)?;
                    own(nodes, at).groups.push(NoteGroup {
                        kind: note_kind,
                        notes,
                    });
                }
                None => xml.unknown(&child, &element.name)?,
            },
        }
    }
    let node = own(nodes, at);
    if node.name.is_empty() || node.title.is_empty() {
        return Err(Error::format(format!(
            "expected a name and a title in <{}>, found {:?} and {:?}",
            element.name, node.name, node.title
        ))
        .at_line(xml.line_of(begins_at)));
    }
    Ok(())
}

/// Reads a dotted code and gives it without its dot.
fn parse_code(xml: &mut Xml<'_>, element: &Element) -> Result<String> {
    let text = xml.text(element)?;
    match CodeSet::Icd10Cm.parse_code(&text) {
        Ok(code) if code.to_string() == text => Ok(code.as_str().to_owned()),
        _ => Err(xml.fail(format!(
            "expected a dotted ICD-10-CM code, found {:?}",
            text.chars().take(40).collect::<String>()
        ))),
    }
}

/// The node that was pushed at this place; it stays where it is while its children follow it.
#[allow(
    clippy::indexing_slicing,
    reason = "`at` is the place of a node that was pushed"
)]
fn own(nodes: &mut [TabularNode], at: usize) -> &mut TabularNode {
    &mut nodes[at]
}

fn parse_index(xml: &mut Xml<'_>, parent: &Element) -> Result<Vec<BlockReference>> {
    xml.no_attributes(parent);
    let mut index = Vec::new();
    while let Some(element) = xml.child("sectionIndex")? {
        if element.name != "sectionRef" {
            xml.unknown(&element, "sectionIndex")?;
            continue;
        }
        let mut reference = BlockReference {
            first: String::new(),
            last: String::new(),
            id: String::new(),
            title: String::new(),
        };
        for (name, value) in &element.attributes {
            match name.as_str() {
                "first" => reference.first.clone_from(value),
                "last" => reference.last.clone_from(value),
                "id" => reference.id.clone_from(value),
                name => xml.unknown_attribute(&element, name, value),
            }
        }
        // The text stands on lines of its own.
        let text = xml.raw_text(&element)?;
        reference.title = text.split_whitespace().collect::<Vec<_>>().join(" ");
        index.push(reference);
    }
    Ok(index)
}

fn parse_seventh(xml: &mut Xml<'_>, parent: &Element) -> Result<Vec<SeventhCharacter>> {
    xml.no_attributes(parent);
    let mut characters: Vec<SeventhCharacter> = Vec::new();
    while let Some(element) = xml.child("sevenChrDef")? {
        match element.name.as_str() {
            "extension" => {
                let [value] = xml.attributes(&element, ["char"])?;
                let mut letters = value.chars();
                let (Some(character @ ('A'..='Z' | '0'..='9')), None) =
                    (letters.next(), letters.next())
                else {
                    return Err(xml.fail(format!(
                        "expected one 7th character in char, found {value:?}"
                    )));
                };
                characters.push(SeventhCharacter {
                    character,
                    text: xml.raw_text(&element)?,
                    continuations: Vec::new(),
                });
            }
            "note" => {
                let text = xml.text(&element)?;
                match characters.last_mut() {
                    Some(before) => before.continuations.push(text),
                    None => return Err(xml.fail("a note in <sevenChrDef> continues the extension before it, and there is none")),
                }
            }
            _ => xml.unknown(&element, "sevenChrDef")?,
        }
    }
    Ok(characters)
}

fn parse_visual(xml: &mut Xml<'_>, parent: &Element) -> Result<Vec<VisualCategory>> {
    xml.no_attributes(parent);
    let mut table = Vec::new();
    while let Some(row) = xml.child("visualImpairment")? {
        if !xml.expect(&row, "visCategory", "visualImpairment")? {
            continue;
        }
        let mut category = VisualCategory::default();
        while let Some(element) = xml.child("visCategory")? {
            match element.name.as_str() {
                "heading" | "value" => xml.set(&mut category.category, &element)?,
                "visRange" => {
                    xml.no_attributes(&element);
                    let mut range = VisualRange::default();
                    while let Some(bound) = xml.child("visRange")? {
                        match bound.name.as_str() {
                            "heading" => xml.set(&mut range.heading, &bound)?,
                            "visMax" => parse_bound(xml, &bound, &mut range.less_than)?,
                            "visMin" => parse_bound(xml, &bound, &mut range.at_least)?,
                            _ => xml.unknown(&bound, "visRange")?,
                        }
                    }
                    category.ranges.push(range);
                }
                _ => xml.unknown(&element, "visCategory")?,
            }
        }
        table.push(category);
    }
    Ok(table)
}

fn parse_bound(xml: &mut Xml<'_>, parent: &Element, text: &mut String) -> Result<()> {
    xml.no_attributes(parent);
    while let Some(element) = xml.child(&parent.name)? {
        match element.name.as_str() {
            "heading" | "value" => xml.set(text, &element)?,
            _ => xml.unknown(&element, &parent.name)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const C7B_1: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular>
  <version>2026</version>
  <introduction>
    <introSection type="instruction">
      <title>Excludes2</title>
      <instruction><note>A type 2 excludes note represents 'Not included here'.</note></instruction>
    </introSection>
  </introduction>
  <chapter>
    <name>2</name>
    <desc>Neoplasms (C00-D49)</desc>
    <sectionIndex>
      <sectionRef first="C7B" last="C7B" id="C7B">
      Secondary neuroendocrine tumors
      </sectionRef>
    </sectionIndex>
    <section id="C7B">
      <desc>Secondary neuroendocrine tumors (C7B)</desc>
      <diag>
        <name>C7B</name>
        <desc>Secondary neuroendocrine tumors</desc>
        <useAdditionalCode><note>code to identify any functional activity</note></useAdditionalCode>
        <diag>
          <name>C7B.1</name>
          <desc>Secondary Merkel cell carcinoma</desc>
          <inclusionTerm>
            <note>Merkel cell carcinoma nodal presentation</note>
            <note>Merkel cell carcinoma visceral metastatic presentation</note>
          </inclusionTerm>
        </diag>
      </diag>
    </section>
  </chapter>
</ICD10CM.tabular>
"#;

    #[test]
    fn the_tree_is_read_with_its_notes() {
        let tabular = parse_tabular(C7B_1.as_bytes()).unwrap();
        let names: Vec<(&str, u32)> = tabular
            .nodes
            .iter()
            .filter(|node| node.kind != NodeKind::Introduction)
            .map(|node| (node.name.as_str(), node.depth))
            .collect();
        assert_eq!(names, [("2", 0), ("C7B", 1), ("C7B", 2), ("C7B1", 3)]);
        let merkel = &tabular.nodes[4];
        assert_eq!(merkel.groups[0].kind, NoteKind::InclusionTerm);
        assert_eq!(merkel.groups[0].notes.len(), 2);
        assert_eq!(
            tabular.nodes[1].index[0].title,
            "Secondary neuroendocrine tumors"
        );
        let rows: Vec<(String, bool)> = tabular
            .expand()
            .iter()
            .map(|row| (row.code.as_str().to_owned(), row.billable))
            .collect();
        assert_eq!(rows, [("C7B".to_owned(), false), ("C7B1".to_owned(), true)]);
    }

    #[test]
    fn what_the_layout_does_not_allow_is_refused_with_its_line() {
        for (from, to, part) in [
            (
                "<name>2</name>",
                "<name>2</name><name>3</name>",
                "line 11: expected one <name>, found two",
            ),
            (
                "<name>C7B.1</name>",
                "<nome>C7B.1</nome>",
                "expected a name and a title in <diag>",
            ),
            (
                "<diag>\n          <name>C7B.1",
                "<diag placeholder=\"false\">\n          <name>C7B.1",
                "expected true in placeholder of <diag>, found \"false\"",
            ),
            (
                "<section id=\"C7B\">",
                "<section id=\"C7B\"><name>x</name>",
                "line 18: unexpected element <name> in <section>",
            ),
            (
                "<name>C7B.1</name>",
                "<group><diag/></group><name>C7B.1</name>",
                "line 25: unexpected element <diag> in <group>",
            ),
            (
                "<name>C7B.1</name>",
                "<group>&lol9;</group><name>C7B.1</name>",
                "line 25: unknown entity &lol9;",
            ),
            (
                "Secondary Merkel cell",
                "Secondary <b>Merkel</b> cell",
                "line 26: unexpected element <b> in <desc>",
            ),
            ("</diag>\n      </diag>", "</diag>", "malformed XML"),
            (
                "<desc>Secondary Merkel",
                "text<desc>Secondary Merkel",
                "expected elements only in <diag>, found text",
            ),
            (
                "carcinoma nodal",
                "&lol9; nodal",
                "line 28: unknown entity &lol9;",
            ),
            (
                "<ICD10CM.tabular>",
                "<!DOCTYPE x [<!ENTITY a \"b\">]><ICD10CM.tabular>",
                "line 2: expected no document type",
            ),
            (
                "<ICD10CM.tabular>",
                "<ICD10CM.index>",
                "expected <ICD10CM.tabular>, found <ICD10CM.index>",
            ),
            (
                "</ICD10CM.tabular>",
                "",
                "the file is cut off: expected </ICD10CM.tabular>, found its end",
            ),
            (
                "</ICD10CM.tabular>",
                "</ICD10CM.tabular><x/>",
                "expected nothing after the end",
            ),
        ] {
            assert!(C7B_1.contains(from), "{from}");
            let text = C7B_1.replacen(from, to, 1);
            let error = parse_tabular(text.as_bytes()).unwrap_err();
            assert!(
                error.to_string().contains(part),
                "expected {part:?} in {error}"
            );
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = C7B_1.replace(
            "<diag>\n        <name>",
            &format!("{}<diag><name>", "<diag><name>C7B</name>".repeat(1_000_000)),
        );
        let error = parse_tabular(deep.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("levels of elements"), "{error}");
    }
}
