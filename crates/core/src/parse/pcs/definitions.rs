//! The definitions of ICD-10-PCS: sections, axes, terms, and devices that are coded to a general one.

use super::{broken, character};
use crate::error::{Error, Result};
use crate::model::{DeviceAggregate, PcsDefinitions, PcsSection, PcsTerm, UnreadList};
use crate::parse::xml::{Element, Vocabulary, Xml};

const VOCABULARY: Vocabulary = Vocabulary {
    known: &[
        "ICD10PCS.definitions",
        "version",
        "title",
        "section",
        "axis",
        "terms",
        "definition",
        "explanation",
        "includes",
        "deviceAggregation",
        "aggregate",
        "device",
        "operation",
        "bodySys",
        "parent",
    ],
    structure: &["section", "axis", "terms", "aggregate"],
};

/// Parses the definitions.
///
/// # Errors
/// [`crate::ErrorKind::Format`] with the line, for malformed XML and for a known element out of its place.
pub fn parse_pcs_definitions(bytes: &[u8]) -> Result<PcsDefinitions> {
    const ROOT: &str = "ICD10PCS.definitions";
    let (mut xml, _) = Xml::open(bytes, &[ROOT], &VOCABULARY)?;
    let mut definitions = PcsDefinitions {
        version: String::new(),
        title: String::new(),
        sections: Vec::new(),
        terms: Vec::new(),
        aggregates: Vec::new(),
        unread: UnreadList::default(),
    };
    while let Some(element) = xml.child(ROOT)? {
        match element.name.as_str() {
            "version" => xml.set(&mut definitions.version, &element)?,
            "title" => xml.set(&mut definitions.title, &element)?,
            "section" => {
                let begins_at = xml.position();
                let section = parse_section(&mut xml, &element, &mut definitions.terms)?;
                let character = section.character;
                let mut others = definitions.sections.iter();
                if others.any(|other| other.character == character) {
                    return Err(broken(
                        &xml,
                        begins_at,
                        format!("expected one section {character}, found two"),
                    ));
                }
                definitions.sections.push(section);
            }
            "deviceAggregation" if definitions.aggregates.is_empty() => {
                xml.no_attributes(&element);
                while let Some(child) = xml.child("deviceAggregation")? {
                    if xml.expect(&child, "aggregate", "deviceAggregation")? {
                        definitions.aggregates.push(parse_aggregate(&mut xml)?);
                    }
                }
            }
            "deviceAggregation" => return Err(xml.twice(&element)),
            _ => xml.unknown(&element, ROOT)?,
        }
    }
    xml.end()?;
    definitions.unread = xml.take_unread();
    if definitions.terms.is_empty() {
        return Err(Error::format("the file defines no terms").with_hint(
            "the file is cut off or holds no definitions of ICD-10-PCS; download it again",
        ));
    }
    Ok(definitions)
}

fn parse_section(
    xml: &mut Xml<'_>,
    parent: &Element,
    terms: &mut Vec<PcsTerm>,
) -> Result<PcsSection> {
    let [code] = xml.attributes(parent, ["code"])?;
    let mut section = PcsSection {
        character: character(xml, "code", &code)?,
        title: String::new(),
        axes: Vec::new(),
    };
    while let Some(element) = xml.child("section")? {
        match element.name.as_str() {
            "title" => xml.set(&mut section.title, &element)?,
            "axis" => {
                let [found] = xml.attributes(&element, ["pos"])?;
                let position = match found.parse() {
                    Ok(position @ 1..=7) if found.len() == 1 => position,
                    _ => {
                        return Err(xml.fail(format!(
                            "expected a position from 1 to 7 in pos of <axis>, found {:?}",
                            found.chars().take(8).collect::<String>()
                        )));
                    }
                };
                if section.axes.iter().any(|(other, _)| *other == position) {
                    return Err(xml.fail(format!("expected one axis {position}, found two")));
                }
                let mut title = String::new();
                while let Some(child) = xml.child("axis")? {
                    match child.name.as_str() {
                        "title" => xml.set(&mut title, &child)?,
                        "terms" => {
                            terms.push(parse_terms(xml, &child, section.character, position)?);
                        }
                        _ => xml.unknown(&child, "axis")?,
                    }
                }
                section.axes.push((position, title));
            }
            _ => xml.unknown(&element, "section")?,
        }
    }
    Ok(section)
}

fn parse_terms(
    xml: &mut Xml<'_>,
    parent: &Element,
    section: char,
    position: u8,
) -> Result<PcsTerm> {
    let begins_at = xml.position();
    xml.no_attributes(parent);
    let mut term = PcsTerm {
        section,
        position,
        titles: Vec::new(),
        definition: None,
        explanation: None,
        includes: Vec::new(),
    };
    while let Some(element) = xml.child("terms")? {
        let text = match element.name.as_str() {
            "title" | "includes" | "definition" | "explanation" => xml.text(&element)?,
            _ => {
                xml.unknown(&element, "terms")?;
                continue;
            }
        };
        let single = match element.name.as_str() {
            "title" => {
                term.titles.push(text);
                continue;
            }
            "includes" => {
                term.includes.push(text);
                continue;
            }
            "definition" => &mut term.definition,
            _ => &mut term.explanation,
        };
        if single.replace(text).is_some() {
            return Err(xml.twice(&element));
        }
    }
    if term.titles.is_empty() {
        return Err(broken(
            xml,
            begins_at,
            "expected a title in <terms>, found none".to_owned(),
        ));
    }
    Ok(term)
}

fn parse_aggregate(xml: &mut Xml<'_>) -> Result<DeviceAggregate> {
    let begins_at = xml.position();
    let mut aggregate = DeviceAggregate {
        device: String::new(),
        operation: String::new(),
        body_systems: Vec::new(),
        parent_character: '?',
        parent: String::new(),
    };
    while let Some(element) = xml.child("aggregate")? {
        match element.name.as_str() {
            "device" => xml.set(&mut aggregate.device, &element)?,
            "operation" => xml.set(&mut aggregate.operation, &element)?,
            "bodySys" => aggregate.body_systems.push(xml.text(&element)?),
            "parent" if aggregate.parent.is_empty() => {
                let [value] = xml.attributes(&element, ["value"])?;
                aggregate.parent_character = character(xml, "value", &value)?;
                aggregate.parent = xml.raw_text(&element)?;
            }
            "parent" => return Err(xml.twice(&element)),
            _ => xml.unknown(&element, "aggregate")?,
        }
    }
    let texts = [&aggregate.device, &aggregate.operation, &aggregate.parent];
    if aggregate.body_systems.is_empty() || texts.iter().any(|text| text.is_empty()) {
        return Err(broken(
            xml,
            begins_at,
            "expected <device>, <operation>, <bodySys> and <parent> in <aggregate>, found less"
                .to_owned(),
        ));
    }
    Ok(aggregate)
}
